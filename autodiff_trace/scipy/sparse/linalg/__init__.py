"""``scipy.sparse.linalg``, traced: the functions of SciPy's module under their own names."""

from . import wrapped
from . import choices as choices
from . import exponentials as exponentials
from . import iterations as iterations
from . import norms as norms
from . import spectra as spectra
from . import systems as systems
from ...namespace import public_names

globals().update(public_names(wrapped))
__all__ = sorted(public_names(wrapped))
