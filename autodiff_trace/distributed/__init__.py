"""Data-parallel training on ``dask.distributed``: shards stay on their workers, gradients come back as one sum."""

from typing import TYPE_CHECKING

try:
    import distributed as _distributed  # noqa: F401
except ImportError as _error:
    raise ImportError(
        "autodiff_trace.distributed needs dask.distributed, which cannot be imported "
        f"({_error}): pip install 'autodiff_trace[dask]'", name="distributed"
    ) from None

from ..core.unknown_names import unknown_name
from .errors import DistributedError
from .minimizing import minimize
from .objective import Objective, value_and_grad
from .progress import Progress
from .shards import Shards, place
from .training import TrainResult, train

__all__ = [
    "DistributedError", "Objective", "Progress", "Shards", "TrainResult", "minimize", "place", "train",
    "value_and_grad",
]


if not TYPE_CHECKING:  # to which it would say that there is every name
    def __getattr__(name):
        raise unknown_name(__name__, name)
