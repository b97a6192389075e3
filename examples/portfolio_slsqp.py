"""Portfolio with SLSQP: the smallest risk for a wanted return, without short sales.

Minimise w' C w subject to sum(w) = 1, m' w = r and 0 <= w <= 0.4. Derivatives of risk and constraints are exact; the
optimum itself is differentiated, too: how the risk answers to the wanted return (the slope of the efficient frontier),
and how the weights answer to each expected return.

Source: Markowitz, "Portfolio selection", The Journal of Finance 1952.
"""

import numpy as np
from _common import picture, run

from autodiff_trace import grad, jacobian
from autodiff_trace.scipy.optimize import minimize

MOST = 0.4


def market(assets):
    """Expected yearly returns and their covariance, made up: two common factors and noise of each asset's own."""
    random = np.random.default_rng(3)
    loadings = random.normal(size=(assets, 2)) * 0.1
    covariance = loadings @ loadings.T + np.diag(random.uniform(0.01, 0.05, assets))
    return 0.02 + 0.3 * np.diag(covariance) + random.uniform(0, 0.05, assets), covariance


def portfolio(wanted, returns, covariance):
    """The result of SciPy's SLSQP; ``x`` are the weights, ``fun`` is the variance."""
    constraints = [
        {"type": "eq", "fun": lambda w: np.sum(w) - 1.0},
        {"type": "eq", "fun": lambda w: returns @ w - wanted},
    ]
    start = np.full(len(returns), 1 / len(returns))
    return minimize(lambda w: w @ covariance @ w, start, method="SLSQP", bounds=[(0.0, MOST)] * len(returns),
                    constraints=constraints, options={"ftol": 1e-12, "maxiter": 200})


def risk(wanted, returns, covariance):
    """The standard deviation of the best portfolio."""
    return np.sqrt(portfolio(wanted, returns, covariance).fun)


def main(quick=False, plot=None):
    returns, covariance = market(5 if quick else 12)
    wanted = 0.5 * float(np.mean(returns)) + 0.5 * float(np.sort(returns)[-3:].mean())
    best = portfolio(wanted, returns, covariance)
    slope = float(grad(risk)(wanted, returns, covariance))
    h = 1e-4
    differences = float(risk(wanted + h, returns, covariance) - risk(wanted - h, returns, covariance)) / (2 * h)
    sensitivity = jacobian(lambda m: portfolio(wanted, m, covariance).x)(returns)
    deviation = float(np.sqrt(best.fun))
    print(f"{len(returns)} assets, return {wanted:.2%}, risk {deviation:.2%}, {best.nit} iterations of SLSQP")
    print("weights: " + " ".join(f"{weight:.2f}" for weight in np.abs(best.x.round(4))))
    print(f"one point more return costs {slope:.4f} points of risk (finite differences: {differences:.4f})")
    print(f"the weights' largest answer to a percent more of one expected return: {0.01 * np.max(sensitivity):.3f}")
    if plot:
        grid = np.linspace(wanted - 0.02, wanted + 0.01, 25)
        with picture(plot) as axis:
            axis.plot([risk(r, returns, covariance) for r in grid], grid, label="smallest risk for each return")
            axis.plot(np.sqrt(np.diag(covariance)), returns, "k.", label="single assets")
            axis.axline((deviation, wanted), slope=1 / slope, ls=":", label="its tangent, by grad")
            axis.set(title="Risk and return without short sales", xlabel="standard deviation", ylabel="expected return",
                     ylim=(0.03, 0.11))
            axis.legend(loc="lower right")
    return {"weights": best.x, "slope": slope, "differences": differences, "sensitivity": sensitivity}


if __name__ == "__main__":
    run(main)
