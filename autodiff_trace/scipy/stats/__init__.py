"""``scipy.stats``, traced: the functions and the distributions of SciPy's module under their own names."""

from . import bounded_families, discrete, multivariate, positive_families, real_families, wrapped
from . import samples as samples
from . import statistics_of_tests as statistics_of_tests
from ..namespace import public_names
from .distributions import Distribution
from .kernel_density import gaussian_kde as gaussian_kde
from .multivariate import Multivariate
from .uncovered import Uncovered

_families = {
    family.name: family
    for module in (real_families, bounded_families, positive_families, discrete, multivariate)
    for family in vars(module).values() if isinstance(family, (Distribution, Multivariate))
}
for _name, _value in public_names(wrapped).items():
    if hasattr(_value, "rvs") and not isinstance(_value, type):
        _value = _families.get(_name) or Uncovered(_name, _value)
    if _name not in globals() or _name == "entropy":
        globals()[_name] = _value
reciprocal = _families["loguniform"]
__all__ = sorted(public_names(wrapped))
