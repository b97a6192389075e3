"""The boxes of the record trace: to Python's eyes they are what they stand for."""

from __future__ import annotations

import inspect
import math
import operator
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.array_ops import large_types
from ...core.primitives import primitive
from ...core.recording import RecordingTrace
from ...core.tracer import Box, boxers, register_box
from ...core.traits import declare
from ...numpy import wrapped as anp
from ...numpy.array_box import ArrayBox
from ...numpy.definers import elementwise
from ...transforms.trace_substitution import active, current
from ...captured_state.names import has
from ..ir.node import Node

__all__ = ["PLAIN_NUMBERS", "RecordBox", "boxers_of_numbers", "number_boxes"]

PLAIN_NUMBERS = (bool, int, float, complex)

BINARY = {
    "add": (operator.add, anp.add), "sub": (operator.sub, anp.subtract), "mul": (operator.mul, anp.multiply),
    "truediv": (operator.truediv, anp.divide), "floordiv": (operator.floordiv, anp.floor_divide),
    "mod": (operator.mod, anp.remainder), "pow": (operator.pow, anp.power), "divmod": (divmod, anp.divmod),
    "and": (operator.and_, anp.bitwise_and), "or": (operator.or_, anp.bitwise_or),
    "xor": (operator.xor, anp.bitwise_xor), "lshift": (operator.lshift, anp.left_shift),
    "rshift": (operator.rshift, anp.right_shift),
}
COMPARISONS = {
    "eq": (operator.eq, anp.equal), "ne": (operator.ne, anp.not_equal), "lt": (operator.lt, anp.less),
    "le": (operator.le, anp.less_equal), "gt": (operator.gt, anp.greater), "ge": (operator.ge, anp.greater_equal),
}
UNARY = {
    "neg": (operator.neg, anp.negative), "pos": (operator.pos, anp.positive), "abs": (operator.abs, anp.absolute),
    "invert": (operator.invert, anp.invert), "ceil": (math.ceil, anp.ceil), "floor": (math.floor, anp.floor),
    "trunc": (math.trunc, anp.trunc),
}
declare(operator.and_, operator.invert, operator.or_, operator.pos, operator.xor, harmless=True)

as_float64 = primitive(np.float64)
elementwise(as_float64, lambda ans, x: 1, float_form=float)
as_complex128 = primitive(np.complex128)
elementwise(as_complex128, lambda ans, x: 1)


def to_int(x: int) -> Any:
    """An int as NumPy takes it: larger ones are uint64, or objects."""
    return np.int64(x) if -2**63 <= x < 2**63 else np.array(x)


boxers_of_numbers = {bool: np.bool_, int: to_int, float: np.float64, complex: np.complex128}


class RecordBox(ArrayBox):
    """An array or a number of NumPy's. ``isinstance(x, np.ndarray)`` holds, as it does outside."""

    __slots__ = ()
    __hash__ = ArrayBox.__hash__
    __class__ = property(lambda self: type(self._value))

    @property
    def nbytes(self):  # reverse mode asks for it at each step
        is_plain = isinstance(self._value, (np.ndarray, np.generic)) and isinstance(self._trace, RecordingTrace)
        return self._value.nbytes if is_plain else ArrayBox.nbytes.fget(self)

    def __array__(self, dtype=None, copy=None):
        array = ArrayBox.__array__(self, dtype, copy)  # (no super: NumberBox takes these methods over)
        value = self._value
        is_itself = not copy and type(value) is np.ndarray and (dtype is None or dtype == value.dtype)
        is_recorded = isinstance(self._trace, RecordingTrace)
        return self._trace.exported.give(self, array) if is_itself and is_recorded else array

    def __repr__(self):
        return self._trace.python_value(self, repr)

    def item(self, *index):
        is_number = not index and isinstance(self._value, np.generic)
        number = self if is_number else ArrayBox.item(self, *index)
        return self._trace.compute(to_python, "item", number) if isinstance(self._trace, RecordingTrace) else number

    def tolist(self):
        return [row.tolist() for row in self] if self.ndim else self.item()


def forget_values(box: RecordBox) -> RecordBox:
    """A box for what reads its shape and dtype alone, with an array like its value that takes no memory.

    Else the nodes of reverse mode would keep all arrays of the traced function alive.
    """
    node, trace = box._node, box._trace
    is_recorded = type(node) is Node and node.kind == "call" and isinstance(trace, RecordingTrace)
    if not is_recorded or type(box._value) is not np.ndarray:
        return box
    example = trace.examples.get(node.spec)
    if example is None:
        example = trace.examples[node.spec] = node.spec.example()
    return RecordBox(example, trace, node)


large_types[RecordBox] = forget_values


class NumberBox(Box):
    """A number of Python's. With others it makes numbers of Python's: ``x**0.5`` of a negative one is complex,
    ``1 / x`` of 0 an error. NumPy's functions make NumPy's of it; so do derivatives.

    There is a subclass for each type of number, ``number_boxes``, with the protocols of that type and no others: a
    float has no ``len``, no items and no ``__index__``. This package and NumPy see the attributes of an array.
    """

    __slots__ = ArrayBox.__slots__
    __hash__ = RecordBox.__hash__

    def conjugate(self):
        return compute(conjugate, anp.conjugate, self)

    def to_numpy_scalar(self) -> Any:
        """The number as transformations take it: float64 or complex128."""
        return self if self.dtype == bool else (as_complex128 if self.dtype.kind == "c" else as_float64)(self)


def compute(use: Callable, prim: Callable, *args: Any) -> Any:
    """``use(*args)`` where all of them are Python's numbers, else ``prim(*args)``."""
    if active.get().lifts:  # a function that closes over some runs again, with others in their places
        args = tuple(map(current, args))
        if number_classes.isdisjoint(map(type, args)):
            return use(*args)
    trace = None
    for arg in args:
        kind = type(arg)
        if kind in number_classes:
            if isinstance(arg._trace, RecordingTrace) and (trace is None or arg._trace.level > trace.level):
                trace = arg._trace
        elif kind not in PLAIN_NUMBERS:
            return prim(*args)
    if trace is None:  # it has ended
        return use(*[arg._value if type(arg) in number_classes else arg for arg in args])
    return trace.compute(use, prim.__name__, *args)


def to_python(x: Any) -> Any:
    """A number of NumPy's as one of Python's."""
    return x.item()


def conjugate(x: Any) -> Any:
    """The conjugate of a number of Python's."""
    return x.conjugate()


def is_operand(x: Any) -> bool:
    """Whether numbers compute with it; a list, text or None has its own idea of ``x * 2`` and ``x == 2``."""
    return type(x) in PLAIN_NUMBERS or type(x) in number_classes or has(x, "dtype")


def binary(use, prim):
    def forward(self, other):
        return compute(use, prim, self, other) if is_operand(other) else NotImplemented

    def reflected(self, other):
        return compute(use, prim, other, self) if is_operand(other) else NotImplemented

    return forward, reflected


def unary(use, prim):
    def method(self):
        return compute(use, prim, self)

    return method


def round_number(self, ndigits=None):
    return compute(round, anp.round, self) if ndigits is None else compute(round, anp.round, self, ndigits)


def operators() -> dict[str, Callable]:
    """The methods of Python's operators, by their names."""
    methods: dict[str, Callable] = {"__round__": round_number}
    for name, pair in BINARY.items():
        methods[f"__{name}__"], methods[f"__r{name}__"] = binary(*pair)
    methods.update({f"__{name}__": binary(*pair)[0] for name, pair in COMPARISONS.items()})
    methods.update({f"__{name}__": unary(*pair) for name, pair in UNARY.items()})
    return methods


NEEDED = {
    "__array__", "__array_function__", "__array_priority__", "__array_ufunc__", "__class__", "__copy__", "__deepcopy__",
}
"""What numbers lack, and their boxes must have."""

DEFAULTS = set(dir(object)) - {"__class__", "__format__", "__reduce_ex__", "__repr__", "__str__"}

ATTRIBUTES = [name for name in dir(RecordBox) if hasattr(RecordBox, name)]
"""Those of arrays, without those that only raise an error."""

INSIDE = (__name__.partition(".")[0], "numpy")


def number_box(kind: type) -> type:
    """The class of the boxes of ``kind``, one of ``PLAIN_NUMBERS``: what boxes of arrays have, where the number has it,
    too. Else this package and NumPy may read it; to others it raises AttributeError, in Python's words."""
    made = {**vars(NumberBox), **operators()}
    named = set(dir(kind))
    methods: dict[str, Any] = {"__slots__": (), "__hash__": RecordBox.__hash__}
    for name in {*ATTRIBUTES, *made, *named}:
        is_special = name.startswith("__")
        own = made.get(name) or inspect.getattr_static(RecordBox, name, None)
        if name.startswith("_") and not is_special or name not in made and name in DEFAULTS:
            continue
        if name in named:
            if own is not None or not is_special:
                methods[name] = of_number(name) if own is None else own
        elif name in NEEDED:
            methods[name] = own
        elif not is_special:
            methods[name] = hidden(name, own)
    return type(kind.__name__, (NumberBox,), methods)  # errors of Python's name the class


def hidden(name: str, own: Any) -> property:
    """An attribute of arrays that numbers do not have."""

    def read(self):
        if sys._getframe(1).f_globals.get("__name__", "").partition(".")[0] in INSIDE:
            return own.__get__(self, type(self))
        return getattr(self._value, name)  # raises

    return property(read)


def of_number(name: str) -> property:
    """An attribute of numbers that arrays do not have, such as ``is_integer``: a use that Python makes of the value."""

    def read(self):
        value = self._value
        if not callable(getattr(value, name)):
            return self._trace.python_value(self, operator.attrgetter(name))
        return lambda *args, **kwargs: self._trace.python_value(self, operator.methodcaller(name, *args, **kwargs))

    return property(read)


number_boxes = {kind: number_box(kind) for kind in PLAIN_NUMBERS}
number_classes = set(number_boxes.values())

for _box in (RecordBox, *number_classes):
    register_box(_box)
    boxers[_box] = ArrayBox  # other traces have boxes of their own
