"""Optimisers as pure functions on pytrees: a state in, a state out; transformations of gradients, and schedules."""

from typing import TYPE_CHECKING

from ..core.tracebacks import border
from ..core.unknown_names import unknown_name
from .minimizing import Minimum, minimize
from .moments import adagrad, adam, adamw, rmsprop, scale_by_adam
from .momentum import scale_by_momentum, sgd
from .quasi_newton import lbfgs
from .schedules import constant, cosine, exponential, linear, piecewise_constant, warmup_cosine
from .stepping import GradientTransformation, Optimizer
from .transformations import (
    add_decayed_weights, chain, clip_by_norm, clip_by_value, global_norm, scale, scale_by_schedule,
)

__all__ = [
    "GradientTransformation", "Minimum", "Optimizer", "adagrad", "adam", "adamw", "add_decayed_weights", "chain",
    "clip_by_norm", "clip_by_value", "constant", "cosine", "exponential", "global_norm", "lbfgs", "linear",
    "minimize", "piecewise_constant", "rmsprop", "scale", "scale_by_adam", "scale_by_momentum",
    "scale_by_schedule", "sgd", "warmup_cosine",
]


if not TYPE_CHECKING:  # to which it would say that there is every name
    @border
    def __getattr__(name):
        raise unknown_name(__name__, name)
