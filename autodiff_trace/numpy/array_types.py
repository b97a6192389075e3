"""Arrays of other libraries that speak NumPy's protocols: how primitives are computed on them.

As a rule a primitive is computed by its own function, which calls NumPy's, which asks the array (``__array_ufunc__``,
``__array_function__``). Where such a function looks into memory, or its library lacks one of NumPy's, a *form* takes
its place: of the primitive itself (``traits.protocol_form``, for all types of arrays), or of one type (``forms``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..core.array_ops import LARGE
from ..core.errors import TracedValueError, caller_line, public_name
from ..core.foreign import ArrayType, array_types, register_foreign
from ..core.libraries import look_for_libraries
from ..core.pytree import tree_leaves
from ..core.tracebacks import border
from ..core.tracer import Box
from ..core.traits import UNKNOWN, traits_of
from . import protocol_forms as protocol_forms
from .array_box import ArrayBox
from .array_kinds import NAMES
from .layouts import memory_of

__all__ = ["ProtocolArrays", "register_array_type"]


MACHINERY = frozenset(f"{__package__}.{name}" for name in """
    array_box array_types canonical operators ufunc_methods wrapped writable_box
""".split())
"""Modules of this folder through which calls come from the user, as well as from rules."""

BINDERS = f"{__package__}.canonical"

PACKAGE = __package__.partition(".")[0]


def is_called_by_rule() -> bool:
    """Whether a rule or a definition makes the call, rather than the user: then NumPy's arrays in it are its own."""
    frame = sys._getframe(2)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module not in MACHINERY and not module.startswith(f"{PACKAGE}.core."):
            return module.startswith(f"{PACKAGE}.")
        frame = frame.f_back
    return False


def arrays_of_user() -> list:
    """The arrays that the user has handed to the function of NumPy whose definition makes the call."""
    frame, call = sys._getframe(2), None
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module == BINDERS and frame.f_code.co_name == "call":
            call = frame
        elif not module.startswith(f"{PACKAGE}."):
            break
        elif module not in MACHINERY and not module.startswith(f"{PACKAGE}.core."):
            call = None
        frame = frame.f_back
    return [each for each in tree_leaves([*call.f_locals.values()]) if type(each) is np.ndarray] if call else []


def asking_function() -> str | None:
    """The function of NumPy, called by the user, whose rule or definition asks Python for a value; None: the user."""
    frame, name = sys._getframe(2), None
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith((f"{__package__}.rules.", f"{PACKAGE}.scipy.")) or name is None and module in DEFINING:
            name = frame.f_code.co_name
        elif name is None and module not in MACHINERY and not module.startswith(f"{PACKAGE}.core."):
            return None
        elif not module.startswith(f"{PACKAGE}."):
            return name
        frame = frame.f_back
    return name


DEFINING = frozenset(f"{__package__}.{name}" for name in ["along_axes", "batching", "broadcasting", "selections"])


def in_order(arg: Any) -> Any:
    """An operand, where NumPy's arrays lie in memory as they are read: Dask names A and Aᵀ in other orders the same."""
    if type(arg) is list:
        return list(map(in_order, arg))
    return np.ascontiguousarray(arg) if type(arg) is np.ndarray and not arg.flags.c_contiguous else arg


def shown_name(prim: Callable) -> str:
    """A primitive as the user has written it."""
    return NAMES.get(prim.__name__, public_name(prim))


def key_of(function: Callable) -> Any:
    """What stands for a function, in whatever form: its record, if it has one."""
    traits = traits_of(function)
    return function if traits is UNKNOWN else traits


class ProtocolArrays(ArrayType):
    """A type of array, as :func:`register_array_type` describes it."""

    box_class = ArrayBox

    def __init__(
        self, name: str, forms: Mapping[Callable, Callable], find_form: Callable[[Callable], Any] | None,
        conform: Callable[[Any, Any], Any] | None, mixes: bool, is_lazy: bool,
    ) -> None:
        self.name = name
        self.mixes = mixes
        self.is_lazy = is_lazy
        self.forms = {key_of(function): form for function, form in forms.items()}
        self.find_form = find_form
        if conform is not None:
            self.conform = conform

    def compute(self, prim, args, kwargs):
        form = self.forms.get(prim.traits)
        if form is None and self.find_form is not None:
            form = self.forms[prim.traits] = self.find_form(prim)
        if form is NotImplemented:
            raise self.refusal(prim)
        form = form or prim.traits.protocol_form or prim.fun
        if not self.mixes and not self.is_lazy and self.has_numpy(prim, args) and is_called_by_rule():
            args = self.adopted(prim, args)
        if self.is_lazy:
            args = tuple(map(in_order, args))
        try:
            ans = form(*args, **kwargs)
        except Exception as error:
            if "no implementation found for" in str(error):  # what NumPy says of its functions
                raise self.refusal(prim) from error
            if hasattr(error, "add_note"):
                error.add_note(f"In {shown_name(prim)} of arrays of type {self.name} ({caller_line()}).")
            raise
        if not self.mixes and not self.is_mine(ans):
            raise TracedValueError(
                f"{shown_name(prim)} made a {type(ans).__module__}.{type(ans).__name__} of an array of type "
                f"{self.name} ({caller_line()}), which would leave the library that holds it. Convert it yourself "
                "where that is meant."
            )
        return ans

    def kept(self, x):
        is_written = not self.is_lazy and x.ndim and hasattr(type(x), "__setitem__")
        return x.copy() if is_written and x.size * x.dtype.itemsize <= LARGE else x

    def has_numpy(self, prim: Callable, args: Any) -> bool:
        """Whether an array of NumPy's is an operand, beside that of another library; indices are none."""
        for i, arg in enumerate(args):
            if type(arg) is np.ndarray and not (prim.traits.indexes and i == 1):
                return True
            if type(arg) is list and self.has_numpy(prim, arg):
                return True
        return False

    def adopted(self, prim: Callable, args: tuple) -> tuple:
        """``args`` with arrays of this library in the place of NumPy's, of which the user's own stay (indices, counts
        and masks do not)."""
        like = next(arg for arg in tree_leaves(args) if type(arg) in array_types)
        users = {id(memory_of(each)) for each in arrays_of_user() if each.dtype.kind in "fc" and each.ndim}

        def adopt(arg):
            if type(arg) is list:
                return [*map(adopt, arg)]
            is_rules = type(arg) is np.ndarray and id(memory_of(arg)) not in users
            return np.asarray(arg, like=like) if is_rules else arg

        return tuple([arg if prim.traits.indexes and i == 1 else adopt(arg) for i, arg in enumerate(args)])

    def is_mine(self, ans: Any) -> bool:
        if isinstance(ans, (tuple, list)):
            return all(map(self.is_mine, ans))
        return type(ans) is not np.ndarray

    def refuse_use(self):
        name = asking_function()
        if name is not None:
            raise TypeError(
                f"{name} asks for values of an array of type {self.name} ({caller_line()}), which would compute it. "
                "Use another function, or compute the array before."
            )

    def refusal(self, prim: Callable) -> TypeError:
        return TypeError(
            f"{shown_name(prim)} is not there for arrays of type {self.name} ({caller_line()}): their library does "
            "not have it, or it does not go without the values. Use another function, or convert the array to NumPy's."
        )


@border
def register_array_type(
    array_type: type,
    *further_types: type,
    forms: Mapping[Callable[..., Any], Callable[..., Any]] | None = None,
    find_form: Callable[[Callable[..., Any]], Any] | None = None,
    conform: Callable[[Any, Any], Any] | None = None,
    mixes: bool = False,
    is_lazy: bool = False,
) -> None:
    """Let arrays of another library be differentiated, batched and computed with, in all modes.

    The type must have ``shape``, ``dtype`` (a ``numpy.dtype``), ``ndim``, ``size``, ``astype``, ``reshape``,
    ``transpose``, ``copy`` and items, speak NumPy's protocols ``__array_ufunc__`` and ``__array_function__`` (with
    ``zeros_like``, ``ones_like`` and ``asarray(x, like=…)`` among the functions), and give its own arrays for its own,
    of dimension 0 as well (or numbers of ``further_types``). It need not be writable, nor have an ``__array__``, which
    is never called. Derivatives of its arrays are its arrays. Those of Dask, CuPy and sparse are registered as soon as
    the program has imported these.

    Arguments:
        array_type: the class of the arrays.
        further_types: of its scalars, if they are no arrays.
        forms: for functions of NumPy (``numpy.roll``) or primitives what computes them on arrays of this type where the
            protocols do not. It is called as the primitive is: ``form(x, axes, keepdims)``, axes being tuples.
        find_form: ``find_form(primitive)`` gives such a form of a primitive that is not among ``forms``; None if it is
            computed by the protocols; NotImplemented if the library cannot do it, which is then refused by its name
            before anything is computed. Without it all is tried.
        conform: ``conform(gradient, argument)``: the gradient with what the argument has beside shape and dtype, such
            as chunks. Of a type that mixes, the argument may be NumPy's.
        mixes: NumPy's arrays go beside its own, and are what some of its functions give (a sparse matrix times a vector
            is a vector).
        is_lazy: values are computed when their user asks for them, which rules and definitions never do: what needs
            them is refused by its name.

    A class that is registered again is what the last call says; a subclass is registered by itself.

    Raises TypeError for a class that does not speak the protocols, and for NumPy's own.
    """
    look_for_libraries()  # what the user says of their arrays comes after what we say
    for kind in (array_type, *further_types):
        if not isinstance(kind, type) or kind.__module__.partition(".")[0] == "numpy" or issubclass(kind, Box):
            raise TypeError(
                f"register_array_type: {getattr(kind, '__qualname__', repr(kind))} is no class of another library's "
                "arrays. NumPy's own are taken as they are."
            )
    missing = [name for name in ("__array_ufunc__", "__array_function__") if not hasattr(array_type, name)]
    if missing:
        raise TypeError(
            f"register_array_type: {array_type.__name__} has no {' and no '.join(missing)}, by which NumPy's functions "
            "reach it. To differentiate containers of arrays use register_pytree."
        )
    name = f"{array_type.__module__.partition('.')[0]}.{array_type.__qualname__}"
    if not all([callable(function) and callable(form) for function, form in (forms or {}).items()]):
        raise TypeError("register_array_type: forms has functions for functions, {np.add.at: my_add_at}.")
    record = ProtocolArrays(name, forms or {}, find_form, conform, mixes, is_lazy)
    for kind in (array_type, *further_types):
        register_foreign(kind, record)
