"""Canonical calls: a public function binds NumPy's spelling of a call once; primitives see one form of it.

The form of a call of a primitive is its operands first, which may be traced, then its *params*, all by position,
checked and normalised: axes are a tuple of numbers ≥ 0 in increasing order, flags are bools, shapes tuples of ints. How
a function of NumPy comes to that is said by a function of its parameters, which is called for traced calls alone:

    @unary_of(np.roll)                                # the primitive: one operand, then params
    def roll_along(x, shifts, axes):
        return np.roll(x, shifts, axes)

    moves(
        roll_along, transpose=lambda g, ans, x, shifts, axes: roll_along(g, opposite(shifts), axes),
        batch=lambda x, shifts, axes: roll_along(x, shifts, tuple([axis + 1 for axis in axes])),
    )

    @define(np.roll)                                  # the public function
    def roll(a, shift, axis):
        x = as_array(a)
        return roll_along(x, *shifts_and_axes(x, shift, axis))

``definers.define`` calls :func:`bind`, which makes a wrapper with NumPy's signature, defaults included. It hands plain
calls to NumPy as they came. To the definition it gives those of NumPy's parameters that this names, axes, shapes and
counts (``parameters.PLAIN``) as Python's numbers or tuples of them; the others are refused where they are given. A
definition names each as NumPy does, in any order; what a function of NumPy's lacks has the definition's own default, or
is None, so that several can share one definition. What NumPy adds to a function (``out=``, ``where=``, ``dtype=``,
``initial=``) is done there by other primitives: ``store``, ``where``, ``astype`` (``fill_in``, ``cast`` in
``along_axes``).

A primitive of one operand (:func:`unary_of`) looks at its first argument alone, so that params cost nothing; its rules
of all modes have the form ``rule(g, ans, x, shifts, axes)``. It is called with an array or a box of one, as
:func:`as_array` gives it, in rules too: ``roll_along(g, …)``, not ``anp.roll(g, …)``, which would bind again. It should
be a name of its module, by which graphs are saved. (Under ``jit`` the operand can be one of Python's numbers.) Of
several operands use ``core.primitives.primitive``, of our own functions :func:`~autodiff_trace.core.unary.unary`.
"""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from ..core.array_ops import array_ops
from ..core.foreign import FOREIGN, array_types, has_lazy, lazy_types
from ..core.infinitesimals import settled
from ..core.primitives import root_module
from ..core.shape_errors import name_shapes
from ..core.tracebacks import hide_frames
from ..core.unary import params_of, wrap_unary
from ..core.tracer import box_classes, find_top_trace, passed_types, watched_types
from ..core.traits import declare, traits_of
from .array_kinds import taken
from .namespace import SIGNATURES
from .parameters import INTEGER, PLAIN, WHOLE, plain, refuse, refuse_dtype, whole_number

__all__ = ["NO_VALUE", "as_array", "axes_of", "axis_of", "bind", "is_given", "unary_of"]

NO_VALUE = np._NoValue
POSITIONAL, MORE = inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD
FURTHER = inspect.Parameter("further", MORE)


def bind(function: Callable, definition: Callable) -> Callable:
    """``function`` with its own signature: plain calls go to it, traced ones to ``definition``.

    Its code is generated when it is called for the first time: importing the package makes some hundreds of them.
    """
    scope = {
        # Parameters have any names (SciPy's: type, function, whole), but none begins with an underscore.
        "__name__": __name__, "_boxes": box_classes, "_watched": watched_types, "_whole": WHOLE,
        "_passed": passed_types, "_taken": taken,
        "_function": function, "_definition": definition, "_find_top_trace": find_top_trace, "_plain": plain,
        "_refuse": refuse, "_type": type, "_lazy_types": lazy_types, "_has_lazy": has_lazy, "_settled": settled,
        "_box": FOREIGN.box, "_hide_frames": hide_frames, "_name_shapes": name_shapes,
        "_refuse_dtype": refuse_dtype,
    }

    def generate():
        exec(compile(source_of(scope), f"{__file__} for {function.__name__}", "exec"), scope)  # it is no user's file
        new = scope["call"]
        call.__defaults__, call.__kwdefaults__ = new.__defaults__, new.__kwdefaults__
        call.__code__ = new.__code__  # last, since others may be calling
        return call

    scope["generate"] = generate
    call = functools.wraps(function, updated=())(types.FunctionType(call_once.__code__, scope))
    call.fun = function
    return call


def call_once(*args, **kwargs):
    try:
        return generate()(*args, **kwargs)  # noqa: F821, of the scope that bind() gives it
    except Exception as error:
        _name_shapes(error, _function, args)  # noqa: F821
        _hide_frames(error)  # noqa: F821
        raise


def source_of(scope: dict) -> str:
    """The code of a binder; the defaults go to the scope."""
    function, wanted = scope["_function"], inspect.signature(scope["_definition"]).parameters
    try:
        parameters = [*inspect.signature(SIGNATURES.get(function.__name__, function)).parameters.values()]
    except ValueError:  # of functions in C, before NumPy 2.4: the definition has what it does not refuse
        parameters = [*wanted.values(), FURTHER]
    scope |= {f"default_{p.name}": p.default for p in parameters}
    first = parameters[0].name
    optional = [p.name for p in parameters if p.default is not p.empty and p.kind is not p.POSITIONAL_ONLY]
    more = [p.name for p in parameters if p.kind is MORE]
    needed = [p for p in parameters if p.name not in [*optional, *more]]
    operands = ", ".join([f"*{p.name}" if p.kind is POSITIONAL else p.name for p in needed])
    has_several = any(p.kind is POSITIONAL for p in parameters)
    takes_arrays = root_module(function) in ("numpy", "scipy")
    takes_more = any(p.kind is MORE or p.kind is POSITIONAL and not has_several for p in wanted.values())
    lines = [
        f"    if _type({first}) not in _boxes:",
        f"        _given = {{{', '.join([f'**{name}' for name in more])}}}",
        f"        _traced = {' or '.join([traced_text(p.name, p.kind is POSITIONAL) for p in needed])}",
        *["        _traced = _traced or _find_top_trace(_given.values())"][: len(more)],
        *[
            f"        if {name} is not default_{name}: "
            f"_given['{name}'] = {name}; _traced = _traced or {traced_text(name)}"
            for name in optional
        ],
        "        if not _traced:",
        f"            if _lazy_types and _has_lazy(({operands},)):",
        f"                return _settled(call(*_box(({operands},)), **dict(zip(_given, _box([*_given.values()])))))",
        f"            return _function({operands}, **_given) if _given else _function({operands})",  # (0.1 µs less)
        *[f"        {taking_text(p.name)}" for p in parameters[:1] if takes_arrays and p.kind is not POSITIONAL],
        *["    if _type(dtype) in _boxes: _refuse_dtype(_function)"] * ("dtype" in optional),
        *[
            f"    if {name} is not default_{name}: _refuse(_function, '{name}')"
            for name in optional if name not in wanted and not takes_more
        ],
        *[
            f"    if _type({p.name}) not in _boxes: {taking_text(p.name)}" for p in parameters[1:]
            if takes_arrays and p.name not in PLAIN and p.kind not in (POSITIONAL, MORE)
        ],
        *[
            f"    {p.name} = _taken(_function, {p.name})" for p in parameters if takes_arrays and p.kind is POSITIONAL
        ],
        *["    if further: _refuse(_function, next(iter(further)))"] * (FURTHER in parameters),
        f"    return _definition({arguments_text(parameters, wanted)})",
    ]
    return "\n".join([
        f"def call({signature_text(parameters)}):",
        "    try:",
        *[f"    {line}" for line in lines],
        "    except Exception as error:",
        f"        _name_shapes(error, _function, ({operands},)); _hide_frames(error)",
        "        raise",
    ])


def taking_text(name: str) -> str:
    """Where an operand is no box: an array of another kind becomes what the definition takes."""
    return f"{name} = {name} if _type({name}) in _passed else _taken(_function, {name})"


def traced_text(name: str, are_several: bool = False) -> str:
    return f"_find_top_trace({name})" if are_several else f"_type({name}) in _watched and _find_top_trace(({name},))"


def signature_text(parameters: list) -> str:
    """The parameters with their defaults, as one writes them."""
    text, kind = "", None
    for p in parameters:
        if kind is p.POSITIONAL_ONLY is not p.kind:
            text += "/, "
        if p.kind is p.KEYWORD_ONLY and kind not in (p.KEYWORD_ONLY, POSITIONAL):
            text += "*, "
        text += "*" * (p.kind is POSITIONAL) + "**" * (p.kind is MORE) + p.name
        text += f"=default_{p.name}, " if p.default is not p.empty else ", "
        kind = p.kind
    return text + "/" if kind is inspect.Parameter.POSITIONAL_ONLY else text


def arguments_text(parameters: list, wanted: Mapping) -> str:
    """What the definition gets: of NumPy's parameters those that it names, and all others where it has an asterisk; of
    axes, shapes and counts plain values."""
    names = [p.name for p in parameters]
    text, is_positional = [], True
    others = [each for each in parameters if each.name not in wanted and each.kind not in (POSITIONAL, MORE)]
    for p in wanted.values():
        if p.kind is POSITIONAL:
            several = [f"*{each.name}" for each in parameters if each.kind is POSITIONAL]
            text += several or [plain_text(each, names) for each in others]
        elif p.kind is MORE:
            text += [f"{each.name}={plain_text(each, names)}" for each in others]
        elif p.name in names:
            by_place = is_positional and p.kind is not p.KEYWORD_ONLY
            text.append(plain_text(p, names) if by_place else f"{p.name}={plain_text(p, names)}")
        elif p.default is p.empty:
            text.append("None")
        else:
            is_positional = False
    return ", ".join(text + [f"**{p.name}" for p in parameters if p.kind is MORE])


def plain_text(p: inspect.Parameter, names: list) -> str:
    is_plain = p.name in PLAIN and p.name != names[0]
    return f"{p.name} if _type({p.name}) in _whole else _plain({p.name})" if is_plain else p.name


def unary_of(function: Callable, **facts: Any) -> Callable[[Callable], Callable]:
    """Decorate what computes ``function`` of NumPy from one array and params: its primitive, which has its name, and
    the facts that are declared of it."""

    def decorate(compute):
        declare(function, fun=compute, fast_fun=compute, **facts)
        compute.__name__ = function.__name__
        return wrap_unary(compute, traits_of(function), params_of(compute))

    return decorate


# What definitions do with parameters


def as_array(x: Any) -> Any:
    """``x`` as an array, a NumPy scalar, or the box of one."""
    kind = type(x)
    if kind in box_classes or kind in passed_types and hasattr(x, "dtype") or kind in array_types:
        return x
    if hasattr(x, "dtype"):
        return taken(np.asarray, x)
    return array_ops.array(x) if find_top_trace((x,)) is not None else np.asarray(x)


ALL_AXES = [tuple(range(ndim)) for ndim in range(65)]
ONE_AXIS = [(axis,) for axis in range(64)]


def axes_of(x: Any, axis: Any) -> tuple[int, ...]:
    """The axes of ``x`` that ``axis`` (None for all, an int or a tuple) means, in increasing order.

    Of a number it may be 0 or -1, as NumPy's ufuncs have it. Raises AxisError for axes that ``x`` has not.

    >>> axes_of(np.ones((2, 3, 4)), (-1, 0)), axes_of(np.float64(1.0), -1)
    ((0, 2), ())
    """
    ndim = (x._value if type(x) in box_classes and x._trace.holds_values else x).ndim  # of a box it takes 0.2 µs
    if axis is None:
        return ALL_AXES[ndim]
    if type(axis) is int and -ndim <= axis < ndim:
        return ONE_AXIS[axis % ndim]
    if not ndim and type(axis) is int and axis in (0, -1):
        return ()
    axis = axis if type(axis) is tuple else (whole_number(axis),)
    return sorted_axes(axis, ndim) if INTEGER.issuperset(map(type, axis)) else normalized_axes(axis, ndim)


def normalized_axes(axis: tuple, ndim: int) -> tuple[int, ...]:
    return tuple(sorted(normalize_axis_tuple(axis, ndim)))


sorted_axes = functools.lru_cache(normalized_axes)


def axis_of(x: Any, axis: Any) -> int:
    """The one axis of ``x`` that ``axis`` means, as a number ≥ 0."""
    ndim = x.ndim
    return axis % ndim if type(axis) is int and -ndim <= axis < ndim else normalize_axis_index(axis, ndim)


def is_given(argument: Any) -> bool:
    """Whether ``where`` or ``initial`` was passed: neither NumPy's mark of absence nor the neutral ``where=True``."""
    return argument is not None and argument is not NO_VALUE and argument is not True
