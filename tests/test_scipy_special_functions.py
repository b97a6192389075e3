"""SciPy's gamma, beta, error, exponential, logistic and information functions."""

import numpy as np
from scipy_table import scipy_row as row, traced

from autodiff_trace import grad
from table import table_test

R = np.random.default_rng(0)
X = R.uniform(0.3, 2.5, (2, 3))
Y = R.uniform(0.3, 2.5, 3)
P = R.uniform(0.1, 0.9, (2, 3))
SIGNED = np.array([[-1.3, -0.4, 0.2], [0.7, 1.1, 2.4]])
COLUMN = R.uniform(0.5, 2, (2, 1))
NEGATIVE = np.array([-0.3, -1.4, -2.6])

UNARY = [
    *[row(f"special.{name}", SIGNED) for name in (
        "erf erfc erfcx erfi dawsn ndtr log_ndtr expit log_expit expm1 exp2 exp10 exprel cosm1 rgamma sindg cosdg "
        "tandg softmax log_softmax logsumexp factorial"
    ).split()],
    *[row(f"special.{name}", X) for name in (
        "gamma gammaln loggamma psi digamma exp1 expi log1p cbrt cotdg entr"
    ).split()],
    *[row(f"special.{name}", P) for name in "erfinv erfcinv ndtri logit".split()],
    row("special.spence", X), row("special.sici", SIGNED), row("special.shichi", SIGNED),
    row("special.ndtri_exp", -X), row("special.gamma", NEGATIVE), row("special.gammaln", NEGATIVE),
    row("special.rgamma", np.array([0.0, -1.0, -2.0, 1.0, 3.0])),
    row("special.psi", NEGATIVE), row("special.polygamma", 2, X), row("special.polygamma", np.array([0, 1, 3]), X),
    row("special.multigammaln", X + 2, 3),
    *[row(f"special.{name}", SIGNED + 0.5j * SIGNED[::-1], skip=["float32"]) for name in (
        "erf erfc erfcx erfi dawsn loggamma gamma psi rgamma exp1 expi"
    ).split()],
]
BINARY = [
    *[row(f"special.{name}", X, Y) for name in (
        "beta betaln poch xlogy xlog1py rel_entr kl_div boxcox boxcox1p huber pseudo_huber binom agm powm1"
    ).split()],
    row("special.inv_boxcox", X, Y), row("special.inv_boxcox1p", X, Y), row("special.boxcox", COLUMN, np.array(1e-9)),
    row("special.inv_boxcox", COLUMN, np.array(1e-9)), row("special.expn", 2, X),
    row("special.expn", np.array([0, 1, 3]), X),
    row("special.comb", X + 3, Y), row("special.comb", X + 3, 2), row("special.perm", X + 3, 2),
    row("special.comb", X + 3, Y, repetition=True),
    row("special.binom", np.array([3.0, 4.0]), np.array([4.0, 0.0])),
    row("special.logsumexp", SIGNED, axis=1), row("special.logsumexp", SIGNED, axis=0, keepdims=True),
    row("special.logsumexp", SIGNED, b=X), row("special.logsumexp", SIGNED, axis=(0, 1), b=COLUMN),
    row("special.logsumexp", SIGNED, axis=-1, b=np.array([1.0, -2.0, 0.5]), return_sign=True),
    row("special.logsumexp", SIGNED + 1j * X, axis=0, skip=["float32"]),
    row("special.softmax", SIGNED, axis=0), row("special.log_softmax", SIGNED, axis=1),
]
INCOMPLETE = [
    *[row(f"special.{name}", X, Y, tolerance=1e-5) for name in "gammainc gammaincc".split()],
    *[row(f"special.{name}", X, P[0], tolerance=1e-5) for name in "gammaincinv gammainccinv".split()],
    *[row(f"special.{name}", X, Y, P, tolerance=1e-5) for name in "betainc betaincc betaincinv betainccinv".split()],
]

test_functions_of_one_argument = table_test(UNARY)
test_functions_of_several_arguments = table_test(BINARY)
test_incomplete_functions = table_test(INCOMPLETE)


def test_slopes_outside_of_the_domain():
    assert np.isnan(grad(traced.special.exp1)(-1.0)) and np.isnan(grad(traced.special.log1p)(-2.0))
    for name in ("rel_entr", "kl_div"):
        assert np.isnan(grad(getattr(traced.special, name), argnums=1)(1.0, -1.0))
