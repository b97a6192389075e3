"""Special functions and their derivatives are within 10 units in the last place where SciPy is that good."""

import pytest

import scipy_table  # noqa: F401 (skips the module without SciPy)

pytest.importorskip("mpmath", reason="the exact values are mpmath's")

from benchmarks.scipy_accuracy import functions, worst  # noqa: E402

EXACT = """
    gamma(x) gammaln(x) digamma(x) erf(x) erfc(x) erfcx(x) expit(x) log_expit(x) logit(x) exp1(x) expi(x)
    lambertw(x) ellipk(x) ellipe(x)
""".split()


@pytest.mark.parametrize("call", EXACT)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_values_and_derivatives_are_exact_to_ten_units(call):
    value, derivative = worst(call, *functions()[call])
    assert value < 10 and derivative < 10
