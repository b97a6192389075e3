"""``autograd.scipy.stats.dirichlet``: the Dirichlet distribution."""

from functools import partial

from ....scipy import stats as native

__all__ = ["logpdf", "pdf", "rvs"]

logpdf, pdf, rvs = [getattr(native.dirichlet, name) for name in __all__]
__getattr__ = partial(getattr, native.dirichlet)
