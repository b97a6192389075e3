"""``autograd.scipy.stats.chi2``: the chi-squared distribution."""

from functools import partial

from ....scipy import stats as native
from ...pullbacks import slope

__all__ = ["cdf", "logpdf", "pdf"]

cdf, logpdf, pdf = [getattr(native.chi2, name) for name in __all__]
__getattr__ = partial(getattr, native.chi2)

grad_chi2_logpdf = slope(logpdf, 0)
