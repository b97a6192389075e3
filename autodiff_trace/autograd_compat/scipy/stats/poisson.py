"""``autograd.scipy.stats.poisson``: the Poisson distribution."""

from functools import partial

from ....scipy import stats as native
from ...pullbacks import slope

__all__ = ["cdf", "logpmf", "pmf"]

cdf, logpmf, pmf = [getattr(native.poisson, name) for name in __all__]
__getattr__ = partial(getattr, native.poisson)

grad_poisson_logpmf = slope(logpmf, 1)
