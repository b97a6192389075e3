"""Python's containers, ``isinstance`` and ``type`` as autograd's users know them.

A traced container is a container of traced values here, so that ``tuple``, ``list`` and ``dict`` make ordinary ones;
``isinstance`` and ``type`` look at the value under a box.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .containers import holds_box
from .rules import defjvp, defvjp
from .tracer import SequenceBox, container_take, notrace_primitive
from .util import subval
from .vspaces import VSpace, vspace

__all__ = [
    "ContainerVSpace", "DictBox", "DictVSpace", "ListVSpace", "NamedTupleVSpace", "SequenceBox", "SequenceVSpace",
    "TupleVSpace", "container_take", "container_untake", "dict", "isinstance", "list", "make_sequence",
    "sequence_extend_left", "sequence_extend_right", "tuple", "type",
]

isinstance_, type_ = builtins.isinstance, builtins.type
tuple_, list_, dict_ = builtins.tuple, builtins.list, builtins.dict

isinstance = notrace_primitive(builtins.isinstance)
type = notrace_primitive(builtins.type)


class KnownAs(type_):
    """A class whose instances are those of one of Python's containers, which it makes when called."""

    kind: type_

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance_(instance, cls.kind)

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return cls.kind(*args, **kwargs)


class tuple(tuple_, metaclass=KnownAs):
    """``tuple(xs)`` of values that may be traced."""

    kind = tuple_


class list(list_, metaclass=KnownAs):
    """``list(xs)`` of values that may be traced."""

    kind = list_


class dict(dict_, metaclass=KnownAs):
    """``dict(…)`` of values that may be traced."""

    kind = dict_


class HoldsBoxes(type_):
    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance_(instance, dict_) and holds_box(instance)


class DictBox(metaclass=HoldsBoxes):
    """The class of dicts with traced values in them, for ``isinstance`` and annotations."""


def make_sequence(seq_type: type_, *args: Any) -> Any:
    """A list or tuple of ``args``."""
    return seq_type(args)


def sequence_extend_right(seq: Any, *elts: Any) -> Any:
    """``seq`` with elements after it."""
    return seq + type(seq)(elts)


def sequence_extend_left(seq: Any, *elts: Any) -> Any:
    """``seq`` with elements before it."""
    return type(seq)(elts) + seq


def container_untake(x: Any, idx: Any, vs: ContainerVSpace) -> Any:
    """A container of zeros in the space ``vs``, with ``x`` at ``idx``."""
    zeros = vs.zeros()
    if not isinstance_(idx, slice):
        return vs._subval(zeros, idx, x)
    for i, item in zip(range(*idx.indices(len(zeros))), x):
        zeros = vs._subval(zeros, i, item)
    return zeros


defvjp(container_take, lambda ans, A, idx: lambda g: container_untake(g, idx, vspace(A)))
defjvp(container_take, "same")


class ContainerVSpace(VSpace):
    """The vector space of a container: that of its items, in ``shape``, a container alike."""

    def __init__(self, value: Any) -> None:
        self.shape = value
        self.shape = self._map(vspace)

    def _map(self, f: Callable, *args: Any) -> Any:
        raise NotImplementedError

    def _values(self, x: Any) -> Iterable:
        raise NotImplementedError

    def _kv_pairs(self, x: Any) -> Iterable:
        raise NotImplementedError

    def _subval(self, xs: Any, idx: Any, x: Any) -> Any:
        raise NotImplementedError

    @property
    def size(self) -> int:
        return sum(vs.size for vs in self._values(self.shape))

    def zeros(self):
        return self._map(lambda vs: vs.zeros())

    def ones(self):
        return self._map(lambda vs: vs.ones())

    def randn(self):
        return self._map(lambda vs: vs.randn())

    def standard_basis(self) -> Iterator:
        for key, vs in self._kv_pairs(self.shape):
            for x in vs.standard_basis():
                yield self._subval(self.zeros(), key, x)

    def _add(self, xs, ys):
        return self._map(lambda vs, x, y: vs._add(x, y), xs, ys)

    def _mut_add(self, xs, ys):
        return self._map(lambda vs, x, y: vs._mut_add(x, y), xs, ys)

    def _scalar_mul(self, xs, a):
        return self._map(lambda vs, x: vs._scalar_mul(x, a), xs)

    def _inner_prod(self, xs, ys):
        return sum(self._values(self._map(lambda vs, x, y: vs._inner_prod(x, y), xs, ys)))

    def _covector(self, xs):
        return self._map(lambda vs, x: vs._covector(x), xs)


class SequenceVSpace(ContainerVSpace):
    """That of lists and tuples: a subclass says of which type, ``seq_type``."""

    seq_type: Callable[[Iterable], Any]

    def _values(self, x):
        return x

    def _kv_pairs(self, x):
        return enumerate(x)

    def _map(self, f, *args):
        return self.seq_type([f(*items) for items in zip(self.shape, *args)])

    def _subval(self, xs, idx, x):
        return self.seq_type(subval(xs, idx, x))


class ListVSpace(SequenceVSpace):
    """The vector space of a list."""

    seq_type = list_


class TupleVSpace(SequenceVSpace):
    """The vector space of a tuple."""

    seq_type = tuple_


class NamedTupleVSpace(SequenceVSpace):
    """That of named tuples: a subclass says of which type, ``seq_type``."""

    def _map(self, f, *args):
        return self.seq_type(*[f(*items) for items in zip(self.shape, *args)])

    def _subval(self, xs, idx, x):
        return self.seq_type(*subval(xs, idx, x))


class DictVSpace(ContainerVSpace):
    """The vector space of a dict."""

    def _values(self, x):
        return x.values()

    def _kv_pairs(self, x):
        return x.items()

    def _map(self, f, *args):
        return {key: f(vs, *[x[key] for x in args]) for key, vs in self.shape.items()}

    def _subval(self, xs, idx, x):
        return {**xs, idx: x}


ListVSpace.register(list_)
TupleVSpace.register(tuple_)
TupleVSpace.register(SequenceBox)
DictVSpace.register(dict_)


