"""The wrapped namespace: which names of NumPy are primitives, nondifferentiable, metadata, or passed on as they are.

Rules are attached in ``numpy/rules``; a function here without a rule raises a clear error when it meets a box.
"""

from __future__ import annotations

import inspect
import operator
import types
from collections.abc import Callable

from ..core.primitives import nondifferentiable, notrace_primitive, primitive
from .quick_forms import QUICK_FORMS

__all__ = [
    "METADATA", "NONDIFFERENTIABLE", "OPERATORS", "OUT_POSITIONS", "SEQUENCE_ARGS", "replace_wrapped", "wrap_namespace",
    "wrapped_functions",
]

NONDIFFERENTIABLE = frozenset("""
    all allclose any argmax argmin argpartition argsort argwhere around array_equal array_equiv bitwise_and
    bitwise_count bitwise_invert bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift bitwise_xor ceil
    count_nonzero digitize empty_like equal fix flatnonzero floor floor_divide gcd greater greater_equal in1d invert
    iscomplex isclose isfinite isin isinf isnan isnat isneginf isposinf isreal lcm left_shift less less_equal lexsort
    logical_and logical_not logical_or logical_xor matrix_rank nanargmax nanargmin nonzero not_equal ones_like packbits
    ravel_multi_index right_shift rint round searchsorted sign signbit spacing trunc unpackbits unravel_index zeros_like
""".split())
"""Piecewise constant: the derivative is zero wherever there is one."""

METADATA = frozenset("""
    can_cast common_type diag_indices_from get_printoptions iscomplexobj isfortran isrealobj isscalar issubdtype
    may_share_memory min_scalar_type ndim promote_types result_type shape shares_memory size
    tril_indices_from triu_indices_from typename
""".split())
"""Functions that read no more than shape and dtype."""

PASSED_ON = frozenset("""
    arange array2string array_repr array_str base_repr bartlett binary_repr blackman broadcast_shapes
    busday_count busday_offset datetime_as_string datetime_data diag_indices empty eye fftfreq
    format_float_positional format_float_scientific from_dlpack frombuffer fromfile fromfunction fromiter frompyfunc
    fromregex fromstring genfromtxt get_include getbufsize geterr geterrcall hamming hanning identity indices info
    is_busday isdtype ix_ load loadtxt mask_indices mintypecode nested_iters ones printoptions rfftfreq save
    savetxt savez savez_compressed set_printoptions setbufsize seterr seterrcall show show_config show_runtime tri
    tril_indices triu_indices zeros asmatrix bmat test
""".split())
"""Functions that make arrays from nothing, or print, read and write them: NumPy's own."""

OPERATORS = {
    "absolute": operator.abs, "add": operator.add, "divide": operator.truediv, "equal": operator.eq,
    "greater": operator.gt, "greater_equal": operator.ge, "less": operator.lt, "less_equal": operator.le,
    "multiply": operator.mul, "negative": operator.neg, "not_equal": operator.ne, "power": operator.pow,
    "subtract": operator.sub,
}
"""Operators that give what the ufunc gives once an argument is an array or a NumPy scalar. On scalars they take 0.04
instead of 0.43 µs."""

SEQUENCE_ARGS = {"concatenate": (0,), "stack": (0,)}
"""Positions of arguments that are sequences of arrays. Elsewhere a list of traced values is made an array first."""

OUT_POSITIONS = {
    "all": 2, "amax": 2, "amin": 2, "any": 2, "argmax": 2, "argmin": 2, "around": 2, "choose": 2, "clip": 3,
    "compress": 3, "concatenate": 2, "cumprod": 3, "cumsum": 3, "dot": 2, "fft": 4, "fix": 1, "ifft": 4, "irfft": 4,
    "isneginf": 1, "isposinf": 1, "max": 2, "mean": 3, "min": 2, "nanargmax": 2, "nanargmin": 2, "outer": 2, "prod": 3,
    "rfft": 4, "round": 2, "stack": 2, "std": 3, "sum": 3, "take": 3, "trace": 5, "var": 3,
}
"""Where functions that are no ufuncs take ``out`` by position."""

VIEW_MAKERS = frozenset("""
    broadcast_to diagonal expand_dims flip fliplr flipud imag matrix_transpose moveaxis ravel real reshape rollaxis
    rot90 squeeze swapaxes transpose
""".split())
"""Functions whose answer may share the memory of their argument."""

wrapped_functions: dict[object, object] = {}
"""From each function of NumPy to its wrapped form, for dispatch of ``np.f(box)``. Aliases share one wrapped form."""


SIGNATURES = {
    "concatenate": lambda arrays, /, axis=0, out=None, *, dtype=None, casting="same_kind": None,
    "dot": lambda a, b, out=None: None,
    "inner": lambda a, b, /: None,
    "vdot": lambda a, b, /: None,
}
"""Of functions in C, which tell their own only since NumPy 2.4."""

namespaces: list[dict] = []
"""The globals of the modules that hold wrapped names."""


def wrap_namespace(module: types.ModuleType, namespace: dict, name: str) -> None:
    """Put the wrapped form of each public name of ``module`` into ``namespace``, the globals of module ``name``."""
    namespaces.append(namespace)
    # vars() and not dir(): some of NumPy's modules are loaded when asked for (70 ms that nobody wants at import).
    for public, value in vars(module).copy().items():
        if not public.startswith("_") and not isinstance(value, types.ModuleType):
            namespace[public] = wrap(value, name) if is_function(value) else value


def replace_wrapped(function: Callable, new: Callable) -> None:
    """Let ``new`` be the wrapped form of ``function`` under all its names."""
    old = wrapped_functions[function]
    wrapped_functions[function] = new
    for namespace in namespaces:
        for name, value in namespace.items():
            if value is old:
                namespace[name] = new


def is_function(x: object) -> bool:
    return callable(x) and hasattr(x, "__name__") and not isinstance(x, type)


def wrap(function, module_name: str):
    """The wrapped form of one function of NumPy."""
    name = function.__name__
    if name in PASSED_ON:
        return function
    if function in wrapped_functions:
        return wrapped_functions[function]
    if name in METADATA:
        result = notrace_primitive(function)
    elif name in NONDIFFERENTIABLE:
        result = nondifferentiable(function, fast_fun=OPERATORS.get(name), out_position=OUT_POSITIONS.get(name))
    else:
        result = primitive(
            function,
            fast_fun=OPERATORS.get(name) or QUICK_FORMS.get(function),
            sequence_args=SEQUENCE_ARGS.get(name, ()),
            makes_view=name in VIEW_MAKERS,
            out_position=OUT_POSITIONS.get(name),
        )
    result.__module__ = module_name  # where pickle finds it, under this name (a ufunc has it since NumPy 2.2 alone)
    result.__qualname__ = name
    if name in SIGNATURES:
        result.__signature__ = inspect.signature(SIGNATURES[name])
    wrapped_functions[function] = result
    return result
