"""The wrapped namespace: which names of NumPy are primitives, metadata, or passed on as they are.

Rules are attached, and all else is declared, in ``numpy/rules``; a function here without a rule raises a clear error
when it meets a box.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable

import numpy as np

from ..core.primitives import notrace_primitive, wrap_function
from ..core.traits import declare, traits_of

__all__ = ["METADATA", "PASSED_ON", "replace_wrapped", "underlying", "wrap_namespace", "wrapped_functions"]

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

wrapped_functions: dict[object, object] = {}
"""From each function of NumPy to its wrapped form, for dispatch of ``np.f(box)``. Aliases share one wrapped form."""


SIGNATURES = {
    "dot": lambda a, b, out=None: None,
}
"""Of primitives in C, which tell their own only since NumPy 2.4, and what others take since NumPy 2.1."""

if np.lib.NumpyVersion(np.__version__) < "2.1.0":
    NO_VALUE = np._NoValue
    SIGNATURES["clip"] = (
        lambda a, a_min=NO_VALUE, a_max=NO_VALUE, out=None, *, min=NO_VALUE, max=NO_VALUE, **kwargs: None
    )

places: dict[Callable, list[tuple[dict, str]]] = {}
"""Where wrapped forms stand: in the globals of which modules, under which names."""


def wrap_namespace(
    module: types.ModuleType, namespace: dict, name: str, passed_on: frozenset[str] = PASSED_ON
) -> None:
    """Put the wrapped form of each public name of ``module`` into ``namespace``, the globals of module ``name``.

    ``passed_on``: the names of functions that are no primitives, and stand there as they are.
    """
    # vars() and not dir(): some of NumPy's modules are loaded when asked for (70 ms that nobody wants at import).
    for public, value in vars(module).copy().items():
        if not public.startswith("_") and not isinstance(value, types.ModuleType):
            if is_function(value) and value.__name__ not in passed_on:
                value = wrap(value, name)
                places.setdefault(value, []).append((namespace, public))
            namespace[public] = value


def replace_wrapped(function: Callable, new: Callable) -> Callable:
    """Let ``new`` be the wrapped form of ``function`` under all its names, and of the module of the old form."""
    function = underlying(function)
    old = wrapped_functions[function]
    new.__module__, new.__qualname__ = old.__module__, function.__name__
    wrapped_functions[function] = new
    places[new] = places.pop(old, [])
    for namespace, name in places[new]:
        if namespace[name] is old:
            namespace[name] = new
    return new


def is_function(x: object) -> bool:
    return callable(x) and hasattr(x, "__name__") and not isinstance(x, type)


def underlying(function: Callable) -> Callable:
    """The ufunc that a function calls: where SCIPY_ARRAY_API is set, SciPy's are wrapped. Else the function itself."""
    inner = getattr(function, "__wrapped__", None)
    return inner if isinstance(inner, np.ufunc) else function


def wrap(function, module_name: str):
    """The wrapped form of one function of NumPy."""
    function = underlying(function)
    name = function.__name__
    if function in wrapped_functions:
        return wrapped_functions[function]
    if name in METADATA:
        result = notrace_primitive(function)
    else:
        declare(function, **what_its_kind_tells(function))
        result = wrap_function(function, traits_of(function))
    result.__module__ = module_name  # where pickle finds it, under this name (a ufunc has it since NumPy 2.2 alone)
    result.__qualname__ = name
    if name in SIGNATURES:
        result.__signature__ = inspect.signature(SIGNATURES[name])
    wrapped_functions[function] = result
    return result


def what_its_kind_tells(function: Callable) -> dict:
    """What is known of any function of NumPy of its kind; the rest is declared with its rules."""
    if isinstance(function, np.ufunc):
        by_element = function.nout == 1 and function.signature is None
        return {"most_args": function.nin, "elementwise": by_element, "harmless": True}
    code = getattr(SIGNATURES.get(function.__name__) or getattr(function, "__wrapped__", None), "__code__", None)
    names = code.co_varnames[: code.co_argcount] if code else ()
    return {"most_args": names.index("out")} if "out" in names else {}
