"""Own vector functions: within 1 or 2 units in the last place, as fast as the processor's vectors allow."""

from __future__ import annotations

import re

from ..builder import FORMATS, Builder
from . import exponentials, hyperbolic, inverse_trigonometric, logarithms, powers, roots, trigonometric
from .kernel import special

__all__ = ["FUNCTIONS", "available", "library", "sin_cos"]


def single(kernel):
    """The emission of a function with one result."""

    def emit(builder, *operands):
        return kernel(builder, *operands)[0]

    return emit


KERNELS = (
    exponentials.EXP, exponentials.EXP2, exponentials.EXPM1,
    logarithms.LOG, logarithms.LOG1P, logarithms.LOG2, logarithms.LOG10,
    trigonometric.SIN, trigonometric.COS, trigonometric.TAN,
    inverse_trigonometric.ARCSIN, inverse_trigonometric.ARCCOS,
    inverse_trigonometric.ARCTAN, inverse_trigonometric.ARCTAN2,
    hyperbolic.SINH, hyperbolic.COSH, hyperbolic.TANH, hyperbolic.ARCSINH, hyperbolic.ARCCOSH, hyperbolic.ARCTANH,
    powers.POWER, roots.CBRT, roots.HYPOT,
)  # fmt: skip

#: All kernels with those that they leave vectors to.
BY_NAME = {
    kernel.name: kernel
    for first in (*KERNELS, trigonometric.SIN_COS)
    for kernel in (first, first.rest)
    if kernel is not None
}

#: ufunc -> ``emit(builder, *operands)``: a call of the own function, on values of the builder's type.
FUNCTIONS = {kernel.ufuncs[0]: single(kernel) for kernel in KERNELS}


def sin_cos(builder, x):
    """Emits both sine and cosine, with one reduction of the argument."""
    return trigonometric.SIN_COS(builder, x)


def library(name):
    """The text of a module that exports one own function, of a name that a builder with ``shared`` declares."""
    function, _, suffix = name.removeprefix("own.").rpartition(".")
    width, form = re.fullmatch(r"(?:v(\d+))?(f\d+)", suffix).groups()
    dtype = next(dtype for dtype, known in FORMATS.items() if known.suffix == form)
    builder = Builder(int(width or 1), dtype)
    if function.startswith("special."):
        special(builder, *map(int, function.split(".")[1:]))
    else:
        BY_NAME[function].function(builder)
    text = "\n".join([*sorted(builder.declares), *builder.functions.values()])
    head = re.compile(rf'^define internal (?=[^@]*@"{re.escape(name)}")', re.M)
    return head.sub("define ", text)


def available(features):
    """Whether own functions can be used on a processor with these features (of llvmlite's ``get_host_cpu_features``):
    it has the product and sum that are rounded once."""
    return bool(features.get("fma") or features.get("neon"))
