"""``scipy.signal``, traced: the functions of SciPy's module under their own names."""

from . import wrapped
from . import chirp_transforms as chirp_transforms
from . import convolutions as convolutions
from . import detrending as detrending
from . import filters as filters
from . import medians as medians
from . import resampling as resampling
from . import responses as responses
from . import smoothing as smoothing
from . import spectra as spectra
from . import steps as steps
from . import waveforms as waveforms
from . import windows as windows
from ..namespace import public_names

globals().update(public_names(wrapped))
__all__ = sorted(public_names(wrapped))
