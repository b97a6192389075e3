"""``autograd.scipy.stats``: modules of autograd's distributions; the others are SciPy's objects, traced."""

from ....scipy import stats as _native
from . import beta, chi2, dirichlet, gamma, multivariate_normal, norm, poisson, t

__all__ = ["beta", "chi2", "dirichlet", "gamma", "multivariate_normal", "norm", "poisson", "t"]


def __getattr__(name):
    if name.startswith("_") or not hasattr(_native, name):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_native, name)
