"""``autograd.scipy.stats.t``: Student's distribution."""

from functools import partial

from ....scipy import stats as native
from ...pullbacks import slope

__all__ = ["cdf", "logcdf", "logpdf", "pdf"]

cdf, logcdf, logpdf, pdf = [getattr(native.t, name) for name in __all__]
__getattr__ = partial(getattr, native.t)

grad_tlogpdf_x, grad_tlogpdf_df, grad_tlogpdf_loc, grad_tlogpdf_scale = [slope(logpdf, argnum) for argnum in range(4)]
grad_tlogpdf_diff = slope(logpdf, 0)  # (diff, df): at the location 0, with the scale 1
