"""SciPy's modules in their traced forms, and those that stand as they are."""

from . import (
    fft as fft, integrate as integrate, interpolate as interpolate, linalg as linalg, ndimage as ndimage,
    optimize as optimize, signal as signal, sparse as sparse, spatial as spatial, special as special, stats as stats,
)
from scipy import (  # type: ignore[import-untyped,attr-defined,unused-ignore]
    cluster as cluster, constants as constants, datasets as datasets, differentiate as differentiate, io as io,
    odr as odr,
)

__version__: str
