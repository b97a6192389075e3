"""From the functions of NumPy and SciPy to the native functions that differentiate them, and integer types of boxes."""

from __future__ import annotations

import types
from collections.abc import Callable
from importlib import import_module

import numpy as np

from ... import numpy as native
from ...core.tracer import is_box
from ...numpy import linalg, random, wrapped
from ...numpy.buffers import BUFFER_MAKERS
from ...numpy.namespace import underlying, wrapped_functions
from ...numpy.plain_scipy import find_ufunc

__all__ = ["NOTHING", "form_of", "note_primitive", "notrace_functions", "wrap_intdtype"]

notrace_functions = [np.ndim, np.shape, np.iscomplexobj, np.result_type]
"""Functions that no trace sees."""

NOTHING = object()
"""The form of what is no function, type or number, and is left out of a wrapped namespace."""

PACKAGE = __name__.partition(".")[0]

native_forms: dict[Callable, Callable] = {
    function: getattr(module, name)
    for plain, module in ((np.random, random), (np.linalg, linalg), (np, native))
    for name, function in vars(plain).items()
    if callable(function) and not isinstance(function, type) and name in vars(module)
}
"""Of NumPy's functions. (Those of ``fft`` have rules under NumPy's names, and are found among the wrapped ones.)"""

native_forms.update({getattr(np, name): getattr(wrapped, name) for name in BUFFER_MAKERS})
"""Natively these give traced arrays inside a traced function, to be filled; autograd's users know plain ones."""


def find_native(function: Callable) -> Callable | None:
    """The native function that differentiates one of NumPy's or SciPy's; None where there is none."""
    if function in native_forms:
        return native_forms[function]
    module = getattr(function, "__module__", None) or ""
    if module.startswith("scipy."):
        area = module.split(".")[1]
        if area in import_module(f"{PACKAGE}.scipy").MODULES:
            import_module(f"{PACKAGE}.scipy.{area}")
    function = underlying(function)
    return wrapped_functions.get(function) or (find_ufunc(function) if isinstance(function, np.ufunc) else None)


def form_of(value: object, primitive: Callable[[Callable], Callable]) -> object:
    """What stands for ``value`` in a wrapped namespace: of a function a primitive, the native one where there is one.

    ``primitive`` makes those of other functions. What is neither function, type nor number is ``NOTHING``.
    """
    if isinstance(value, type):
        return INTEGER_TYPES.get(value, value)
    if value is None or type(value) in (float, int):
        return value
    if not callable(value) or value.__hash__ is None:
        return NOTHING
    if hasattr(value, "_is_autograd_primitive"):
        return value
    form = find_native(value)
    if form is None:
        return primitive(value)
    if isinstance(form, types.FunctionType) and form is not value:
        note_primitive(form, value)
    return form


def note_primitive(form: Callable, function: Callable) -> Callable:
    """``form``, known as the primitive of ``function`` by what clients ask of it."""
    form._is_primitive = True
    if function not in notrace_functions:
        form._is_autograd_primitive = True
        form.fun = getattr(form, "fun", function)
    return form


class IntegerType(type):
    """The type of an integer type that is called with boxes, and stands for NumPy's own in all else."""

    def __call__(cls, *args):
        if args and is_box(args[0]):
            return args[0]._trace.python_value(args[0], cls)
        return cls.__base__(*args)

    def __instancecheck__(cls, value):
        return isinstance(value, cls.__base__)

    def __subclasscheck__(cls, other):
        return issubclass(other, cls.__base__)


def wrap_intdtype(cls: type) -> type:
    """An integer type of NumPy that takes boxes, too: into integers no derivative flows.

    >>> from autodiff_trace import grad
    >>> grad(lambda x: x * wrap_intdtype(np.int64)(x))(2.5)
    np.float64(2.0)
    """
    return IntegerType(cls.__name__, (cls,), {})


INTEGER_TYPES = {each: wrap_intdtype(each) for each in (np.int8, np.int16, np.int32, np.int64, np.integer)}
