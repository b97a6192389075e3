"""``autograd.scipy.stats.beta``: the beta distribution."""

from functools import partial

from ....scipy import stats as native
from ...pullbacks import slope

__all__ = ["cdf", "logpdf", "pdf"]

cdf, logpdf, pdf = [getattr(native.beta, name) for name in __all__]
__getattr__ = partial(getattr, native.beta)

grad_beta_logpdf_arg0, grad_beta_logpdf_arg1, grad_beta_logpdf_arg2 = [slope(logpdf, argnum) for argnum in range(3)]
