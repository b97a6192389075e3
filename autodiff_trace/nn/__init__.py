"""Functions for small neural networks: activations and losses, stable where the plain formula overflows."""

from typing import TYPE_CHECKING

from ..core.tracebacks import border
from ..core.unknown_names import unknown_name
from . import protocol_forms as protocol_forms
from .activations import relu, sigmoid
from .losses import mse, softmax_cross_entropy
from .softmaxes import log_softmax, logsumexp, softmax

__all__ = ["log_softmax", "logsumexp", "mse", "relu", "sigmoid", "softmax", "softmax_cross_entropy"]


if not TYPE_CHECKING:  # to which it would say that there is every name
    @border
    def __getattr__(name):
        raise unknown_name(__name__, name)
