"""How exact special functions and their derivatives are: units in the last place, against mpmath with many digits.

``python -m benchmarks.scipy_accuracy`` prints the table that ``docs/scipy.md`` has. The error of a value is SciPy's;
that of a derivative is ours, or that of the functions of SciPy that it is made of.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["accuracy_table", "worst"]

DIGITS = 130  # of which numbers near 1 lose 90 in the tails

POSITIVE = [1e-10, 0.01, 0.5, 1.5, 3.0, 10.0, 50.0, 150.0]
LARGE = [*POSITIVE, 1e5, 1e15]
REAL = [-30.0, -8.0, -2.0, -0.5, -1e-8, 1e-8, 0.5, 2.0, 5.0, 20.0]
TAILS = [-1e5, -200.0, -40.0, *REAL]
UNIT = [1e-15, 1e-4, 0.1, 0.5, 0.9, 0.9999, 1.0 - 1e-12]


def functions() -> dict[str, tuple[Callable, list]]:
    """By the call that is shown: the function in mpmath, and the points for x."""
    from mpmath import mp

    def log_ndtr(x):
        return mp.log(mp.erfc(-x / mp.sqrt(2)) / 2)

    return {
        "gamma(x)": (mp.gamma, POSITIVE), "gammaln(x)": (mp.loggamma, LARGE), "digamma(x)": (mp.digamma, LARGE),
        "polygamma(2, x)": (lambda x: mp.polygamma(2, x), LARGE), "rgamma(x)": (mp.rgamma, POSITIVE),
        "betaln(x, 2.5)": (lambda x: mp.log(mp.beta(x, mp.mpf(2.5))), POSITIVE),
        "gammainc(2.5, x)": (lambda x: mp.gammainc(mp.mpf(2.5), 0, x, regularized=True), POSITIVE),
        "gammainc(x, 2.5)": (lambda a: mp.gammainc(a, 0, mp.mpf(2.5), regularized=True), POSITIVE[1:6]),
        "gammaincc(2.5, x)": (lambda x: mp.gammainc(mp.mpf(2.5), x, mp.inf, regularized=True), POSITIVE),
        "betainc(2.5, 1.5, x)": (lambda x: mp.betainc(mp.mpf(2.5), mp.mpf(1.5), 0, x, regularized=True), UNIT),
        "betainc(x, 1.5, 0.3)": (
            lambda a: mp.betainc(a, mp.mpf(1.5), 0, mp.mpf(0.3), regularized=True), [0.01, 0.5, 3.0, 10.0, 50.0]),
        "erf(x)": (mp.erf, REAL[1:-1]), "erfc(x)": (mp.erfc, [-5.0, -0.5, 0.5, 5.0, 20.0, 26.0]),
        "erfcx(x)": (lambda x: mp.exp(x * x) * mp.erfc(x), [-5.0, -0.5, 0.5, 5.0, 50.0, 1e5]),
        "dawsn(x)": (lambda x: mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x), [0.01, 0.5, 2.0, 5.0, 20.0]),
        "ndtr(x)": (mp.ncdf, [-35.0, *REAL[1:]]), "log_ndtr(x)": (log_ndtr, TAILS[1:]),
        "expit(x)": (lambda x: 1 / (1 + mp.exp(-x)), TAILS[1:]),
        "log_expit(x)": (lambda x: -mp.log1p(mp.exp(-x)), TAILS[1:]), "logit(x)": (lambda x: mp.log(x / (1 - x)), UNIT),
        "exp1(x)": (mp.e1, POSITIVE), "expi(x)": (mp.ei, POSITIVE),
        "zeta(x, 1.5)": (lambda x: mp.zeta(x, mp.mpf(1.5)), [1.01, 1.5, 3.0, 10.0, 50.0]),
        "lambertw(x)": (lambda x: mp.lambertw(x), POSITIVE),
        "ellipk(x)": (mp.ellipk, [-1e3, -1.0, *UNIT]), "ellipe(x)": (mp.ellipe, [-1e3, -1.0, *UNIT[:-1]]),
        "j0(x)": (mp.j0, POSITIVE), "jv(2.5, x)": (lambda x: mp.besselj(mp.mpf(2.5), x), POSITIVE[1:]),
        "jv(x, 2.5)": (lambda v: mp.besselj(v, mp.mpf(2.5)), [0.1, 0.5, 1.5, 10.0]),
        "ive(2.5, x)": (lambda x: mp.besseli(mp.mpf(2.5), x) * mp.exp(-x), POSITIVE[1:]),
        "kve(2.5, x)": (lambda x: mp.besselk(mp.mpf(2.5), x) * mp.exp(x), POSITIVE[1:]),
        "kv(x, 2.5)": (lambda v: mp.besselk(v, mp.mpf(2.5)), [0.1, 0.5, 1.5, 10.0]),
        "hyp1f1(1.5, 2.5, x)": (lambda x: mp.hyp1f1(mp.mpf(1.5), mp.mpf(2.5), x), [-20.0, -0.5, 0.5, 5.0, 50.0]),
        "hyp2f1(1, 1.5, 2.5, x)": (
            lambda x: mp.hyp2f1(1, mp.mpf(1.5), mp.mpf(2.5), x), [-5.0, -0.5, 0.1, 0.5, 0.95]),
        "owens_t(x, 0.7)": (
            lambda h: mp.quad(lambda t: mp.exp(-h * h * (1 + t * t) / 2) / (1 + t * t), [0, mp.mpf(0.7)]) / (2 * mp.pi),
            [-3.0, -0.5, 0.5, 2.0, 5.0]),
    }


def worst(call: str, exact: Callable, points: list) -> tuple[float, float]:
    """The largest errors of the value and of the derivative in x at the points, in units in the last place."""
    from mpmath import mp

    from autodiff_trace import grad, numpy as anp
    from autodiff_trace.scipy import special

    function = eval(f"lambda x: {call}", {**vars(special)})
    errors = []
    with mp.workdps(DIGITS):
        for x in points:
            value = units(np.real(function(x)), mp.re(exact(mp.mpf(x))))
            slope = units(grad(lambda x: anp.real(function(x)))(x), mp.re(mp.diff(exact, mp.mpf(x))))
            errors.append((value, slope))
    return tuple(np.max(errors, axis=0))


def units(found: Any, expected: Any) -> float:
    if not np.isfinite(float(expected)) or abs(float(expected)) < np.finfo(float).tiny:
        return 0.0 if float(found) == float(expected) or abs(float(found)) < 1e-300 else np.inf
    return float(abs(float(found) - expected) / np.spacing(abs(float(expected))))


def accuracy_table() -> str:
    """All functions, a line each, as Markdown."""
    lines = ["| function | from | to | value | derivative |", "| --- | ---: | ---: | ---: | ---: |"]
    for call, (exact, points) in functions().items():
        value, slope = worst(call, exact, points)
        lines.append(f"| `{call}` | {min(points):.3g} | {max(points):.3g} | {value:.2g} | {slope:.2g} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(accuracy_table())
