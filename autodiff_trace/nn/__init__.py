"""Functions for neural networks: layers, activations and losses, stable where the plain formula overflows."""

from typing import TYPE_CHECKING

from ..core.tracebacks import border
from ..core.unknown_names import unknown_name
from . import init as init
from . import protocol_forms as protocol_forms
from .activations import (
    elu, hard_tanh, leaky_relu, log_sigmoid, relu, relu6, selu, sigmoid, silu, softplus, swish,
)
from .attending import attention, embedding, one_hot
from .convolutions import conv1d, conv2d
from .deviations import huber, mae, mse
from .divergences import binary_cross_entropy, kl_divergence, sigmoid_cross_entropy
from .dropping import dropout
from .gelus import gelu
from .losses import softmax_cross_entropy
from .normalising import batch_norm, layer_norm
from .pooling import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d
from .softmaxes import log_softmax, logsumexp, softmax

__all__ = [
    "attention", "avg_pool1d", "avg_pool2d", "batch_norm", "binary_cross_entropy", "conv1d", "conv2d", "dropout", "elu",
    "embedding", "gelu", "hard_tanh", "huber", "init", "kl_divergence", "layer_norm", "leaky_relu", "log_sigmoid",
    "log_softmax", "logsumexp", "mae", "max_pool1d", "max_pool2d", "mse", "one_hot", "relu", "relu6", "selu", "sigmoid",
    "sigmoid_cross_entropy", "silu", "softmax", "softmax_cross_entropy", "softplus", "swish",
]


if not TYPE_CHECKING:  # to which it would say that there is every name
    @border
    def __getattr__(name):
        raise unknown_name(__name__, name)
