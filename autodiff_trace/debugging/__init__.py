"""To find out what a traced program does: where its first NaN is made, its operations one by one, its time and memory
by line."""

from . import watched_runs as watched_runs
from .non_finite import NonFiniteError, debug_nans, watch_from_environment
from .printing import debug_trace
from .profiling import profile

__all__ = ["NonFiniteError", "debug_nans", "debug_trace", "profile"]

watch_from_environment()
