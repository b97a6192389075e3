"""Survival times with censoring: Weibull regression by maximum likelihood, with standard errors from the Hessian.

log T = β·x + σW, with W of the smallest extreme value: with w = (log t − β·x) / σ an event has log-density
w − eʷ − log(σt), and a censored time log-survival −eʷ (Kalbfleisch and Prentice, The Statistical Analysis of Failure
Time Data, 2002, chapter 3). Data: weeks of remission of leukaemia, Freireich et al., Blood 21 (1963), 699-716.
"""

import numpy as np
from _common import picture, run

from autodiff_trace import grad, hessian, optim
from autodiff_trace import numpy as anp

TREATED = "6 6 6 7 10 13 16 22 23 6+ 9+ 10+ 11+ 17+ 19+ 20+ 25+ 32+ 32+ 34+ 35+"
CONTROL = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"


def read(words):
    """Times, and whether each is an event; a + says that the patient was then still in remission."""
    return np.array([float(word.rstrip("+")) for word in words]), np.array([not word.endswith("+") for word in words])


def log_likelihood(params, x, time, event):
    w = (anp.log(time) - x @ params[:2]) / anp.exp(params[2])
    return anp.sum(event * (w - params[2] - anp.log(time)) - anp.exp(w))


def median(params, treated):
    """The time that half of a group survives."""
    return anp.exp(params[0] + params[1] * treated + anp.exp(params[2]) * np.log(np.log(2.0)))


def kaplan_meier(time, event):
    """All times, from 0 on, and the fraction that survives each."""
    times = np.unique(time)
    left = np.cumprod([1.0 - np.sum(event & (time == t)) / np.sum(time >= t) for t in times])
    return np.append(0.0, times), np.append(1.0, left)


def main(quick=False, plot=None):
    time, event = read((TREATED + " " + CONTROL).split())
    treated = (np.arange(len(time)) < len(TREATED.split())).astype(float)
    x = np.column_stack([np.ones(len(time)), treated])

    def objective(params):
        return -log_likelihood(params, x, time, event)

    fit = optim.minimize(objective, np.array([np.log(time.mean()), 0.0, 0.0]))
    covariance = np.linalg.inv(hessian(objective)(fit.x))
    errors = np.sqrt(np.diag(covariance))
    print(f"{len(time)} patients, {event.sum()} events; log-likelihood {-float(fit.fun):.2f}")
    for name, value, error in zip(("intercept", "treatment", "log sigma"), fit.x, errors):
        print(f"{name}: {value:.3f} ± {error:.3f}")
    for group, treatment in (("with", 1.0), ("without", 0.0)):
        slope = grad(median)(fit.x, treatment)  # the delta method
        error = np.sqrt(slope @ covariance @ slope)
        print(f"median remission {group} treatment: {median(fit.x, treatment):.1f} ± {error:.1f} weeks")
    if plot:
        weeks = np.linspace(0.01, 36.0, 200)
        with picture(plot, "Remission of leukaemia: Weibull model (lines) and Kaplan-Meier (dotted)") as axes:
            for treatment, colour, group in ((1.0, "C0", "with treatment"), (0.0, "C1", "without")):
                chosen = treated == treatment
                w = (np.log(weeks) - fit.x[0] - fit.x[1] * treatment) / np.exp(fit.x[2])
                axes.plot(weeks, np.exp(-np.exp(w)), colour, label=group)
                axes.step(*kaplan_meier(time[chosen], event[chosen]), colour + ":", where="post")
            axes.set(xlabel="weeks", ylabel="fraction in remission")
            axes.legend()
    return {"params": fit.x, "errors": errors, "log_likelihood": -float(fit.fun)}


if __name__ == "__main__":
    run(main)
