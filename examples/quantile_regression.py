"""Quantile regression: three curves with 10 %, 50 % and 90 % of the data below.

The q-th quantile minimises the mean of the pinball loss max(q r, (q - 1) r) of the residuals r. It has a kink at zero;
here it is rounded over a width h, as q r + h log(1 + exp(-r / h)), and minimised by L-BFGS for ever smaller h.

Source: Koenker and Bassett, "Regression quantiles", Econometrica 1978.
"""

import numpy as np
from _common import picture, run

from autodiff_trace import jit, nn, optim

LEVELS = np.array([0.1, 0.5, 0.9])


def features(x):
    """Chebyshev polynomials up to the third."""
    return np.polynomial.chebyshev.chebvander(x, 3)


def pinball(residuals, levels):
    return np.mean(np.sum(np.maximum(levels * residuals, (levels - 1) * residuals), axis=-1))


def rounded_pinball(residuals, levels, width):
    return np.mean(np.sum(levels * residuals + width * nn.softplus(-residuals / width), axis=-1))


def fit(x, y, widths=(0.3, 0.1, 0.03)):
    """Coefficients, a column for each level."""
    design = features(x)
    weights = np.zeros((design.shape[1], len(LEVELS)))
    for width in widths:
        loss = jit(lambda w, width=width: rounded_pinball(y[:, None] - design @ w, LEVELS, width))
        weights = optim.minimize(loss, weights, maxiter=300, tol=1e-5).x
    return weights


def main(quick=False, plot=None):
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, 400 if quick else 4000)
    spread = 0.3 + 0.25 * (x + 1)
    y = np.sin(2 * x) + spread * random.normal(size=x.size)
    weights = fit(x, y)
    curves = features(x) @ weights
    below = np.mean(y[:, None] < curves, axis=0)
    truth = np.sin(2 * x)[:, None] + spread[:, None] * np.array([-1.2815516, 0.0, 1.2815516])
    error = float(np.sqrt(np.mean((curves - truth) ** 2)))
    mean_fit = features(x) @ np.linalg.lstsq(features(x), y, rcond=None)[0]
    for level, share in zip(LEVELS, below):
        print(f"level {level:.1f}: {share:.3f} of {x.size} points below the curve")
    print(f"pinball loss: {float(pinball(y[:, None] - curves, LEVELS)):.4f}; "
          f"of least squares at all levels: {float(pinball(y[:, None] - mean_fit[:, None], LEVELS)):.4f}")
    print(f"root mean square distance to the true quantiles: {error:.3f}")
    if plot:
        grid = np.linspace(-1, 1, 200)
        with picture(plot) as axis:
            axis.plot(x, y, ".", color="0.75", markersize=3)
            for level, curve in zip(LEVELS, (features(grid) @ weights).T):
                axis.plot(grid, curve, label=f"{level:.0%} below")
            axis.set(title="Quantile regression", xlabel="x", ylabel="y")
            axis.legend()
    return {"below": below, "error": error}


if __name__ == "__main__":
    run(main)
