"""``autograd.scipy.stats.gamma``: the gamma distribution."""

from functools import partial

from ....scipy import stats as native
from ...pullbacks import slope

__all__ = ["cdf", "logpdf", "pdf"]

cdf, logpdf, pdf = [getattr(native.gamma, name) for name in __all__]
__getattr__ = partial(getattr, native.gamma)

grad_gamma_logpdf_arg0, grad_gamma_logpdf_arg1 = [slope(logpdf, argnum) for argnum in range(2)]
