"""The level of the Nile, 1871-1970: a Kalman filter whose variances maximise the likelihood, and the smoothed level.

y_t = a_t + ε_t, a_{t+1} = a_t + η_t, with the filter and the diffuse likelihood of Durbin and Koopman, Time Series
Analysis by State Space Methods (2001), sections 2.2 and 2.9; their estimates are 15099 and 1469.1. The smoothed level
is the maximum of the joint density, which one Newton step finds. Data: Cobb, Biometrika 65 (1978), 243-251.
"""

import numpy as np
from _common import picture, run

from autodiff_trace import grad, hessian, jit, optim, scan
from autodiff_trace import numpy as anp

NILE = np.array("""
1120 1160 963 1210 1160 1160 813 1230 1370 1140 995 935 1110 994 1020 960 1180 799 958 1140 1100 1210 1150 1250 1260
1220 1030 1100 774 840 874 694 940 833 701 916 692 1020 1050 969 831 726 456 824 702 1120 1100 832 764 821 768 845 864
862 698 845 744 796 1040 759 781 865 845 944 984 897 822 1010 771 676 649 846 812 742 801 1040 860 874 848 890 744 749
838 1050 918 986 797 923 975 815 1020 906 901 1170 912 746 919 718 714 740""".split(), dtype=float)


def log_likelihood(log_variances, y):
    """Of all observations but the first, which says where the level begins."""
    irregular, level = anp.exp(log_variances[0]), anp.exp(log_variances[1])

    def step(state, observation):
        mean, variance = state[0], state[1] + level
        innovation, F = observation - mean, variance + irregular
        gain = variance / F
        state = (mean + gain * innovation, (1.0 - gain) * variance)
        return state, -0.5 * (anp.log(2.0 * np.pi * F) + innovation**2 / F)

    return anp.sum(scan(step, (y[0], irregular), y[1:])[1])


def energy(levels, y, irregular, level):
    """−log p(levels, y), up to a constant: a quadratic function of the levels."""
    return 0.5 * anp.sum((y - levels) ** 2) / irregular + 0.5 * anp.sum((levels[1:] - levels[:-1]) ** 2) / level


def smooth(y, irregular, level):
    """Mean and standard deviation of the level at each time, given all observations."""
    args = (y, irregular, level)
    precision = hessian(energy)(y, *args)
    mean = y - np.linalg.solve(precision, grad(energy)(y, *args))
    return mean, np.sqrt(np.diag(np.linalg.inv(precision)))


def main(quick=False, plot=None):
    start = np.log([np.var(NILE), np.var(NILE)])
    objective = jit(lambda log_variances: -log_likelihood(log_variances, NILE))
    fit = optim.minimize(objective, start, tol=1e-5 if quick else 1e-8)
    irregular, level = (float(variance) for variance in np.exp(fit.x))
    errors = np.sqrt(np.diag(np.linalg.inv(hessian(objective)(fit.x))))
    mean, deviation = smooth(NILE, irregular, level)
    print(f"log-likelihood {-float(objective(start)):.3f} at the start, {-float(fit.fun):.3f} at the optimum")
    print(f"variances: irregular {irregular:.0f}, level {level:.1f} (Durbin and Koopman: 15099, 1469.1)")
    print(f"standard errors of their logarithms: {errors[0]:.3f}, {errors[1]:.3f}")
    print(f"level in 1871 {mean[0]:.0f} ± {deviation[0]:.0f}, in 1970 {mean[-1]:.0f} ± {deviation[-1]:.0f}")
    if plot:
        years = np.arange(1871, 1971)
        with picture(plot, "The Nile at Aswan") as axes:
            axes.fill_between(years, mean - 2.0 * deviation, mean + 2.0 * deviation, alpha=0.3, label="2 deviations")
            axes.plot(years, mean, label="smoothed level")
            axes.plot(years, NILE, "k.", label="annual flow")
            axes.set(xlabel="year", ylabel="flow / 10⁸ m³")
            axes.legend()
    return {"irregular": irregular, "level": level, "mean": mean, "deviation": deviation}


if __name__ == "__main__":
    run(main)
