"""``autograd.scipy.stats.norm``: the normal distribution."""

from functools import partial

from ....scipy import stats as native

__all__ = ["cdf", "logcdf", "logpdf", "logsf", "pdf", "sf"]

cdf, logcdf, logpdf, logsf, pdf, sf = [getattr(native.norm, name) for name in __all__]
__getattr__ = partial(getattr, native.norm)
