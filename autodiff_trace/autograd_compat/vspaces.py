"""Vector spaces: what autograd knows of the type of a value. Rules of clients ask for zeros and sums of them.

The derivatives themselves are computed without: a space is looked up where a client asks, and where a value is of a
type of the client's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..core.cotangents import DeferredCotangent
from ..core.primitives import primitive as native_primitive
from ..core.reverse import defvjp
from ..core.tracer import box_classes, fixed_types, spent_constant, to_value
from ..numpy import wrapped as anp
from .containers import is_container

__all__ = ["OwnCotangent", "SparseObject", "VSpace", "dense", "ready", "vspace"]


class VSpace:
    """The vector space of a value: zeros, ones, a basis, sums, an inner product.

    A subclass for a type of one's own gives ``zeros``, ``ones``, ``standard_basis``, ``randn`` and the methods with an
    underscore that differ, and is made known by ``register``.
    """

    __slots__ = ()
    mappings: dict[type, Callable[[Any], VSpace]] = {}
    iscomplex = False
    size: Any
    shape: Any

    def __init__(self, value: Any) -> None:
        pass

    def zeros(self) -> Any:
        raise NotImplementedError(f"{self!r} has no zeros: define {type(self).__name__}.zeros(self)")

    def ones(self) -> Any:
        raise NotImplementedError(f"{self!r} has no ones: define {type(self).__name__}.ones(self)")

    def standard_basis(self) -> Iterator:
        raise NotImplementedError(f"{self!r} has no basis: define {type(self).__name__}.standard_basis(self)")

    def randn(self) -> Any:
        raise NotImplementedError(f"{self!r} has no randn: define {type(self).__name__}.randn(self)")

    def mut_add(self, x_prev: Any, x_new: Any) -> Any:
        """The sum of two values, in the memory of the first one; None is zero."""
        return self._mut_add(self.zeros() if x_prev is None else x_prev, x_new)

    def add(self, x_prev: Any, x_new: Any) -> Any:
        return (add_own if is_own_box(x_prev) or is_own_box(x_new) else type(self)._add)(self, x_prev, x_new)

    def scalar_mul(self, x: Any, a: Any) -> Any:
        return (scale_own if is_own_box(x) or is_own_type(type(x)) else type(self)._scalar_mul)(self, x, a)

    def inner_prod(self, x: Any, y: Any) -> Any:
        return (multiply_own if is_own_box(x) or is_own_box(y) else type(self)._inner_prod)(self, x, y)

    def covector(self, x: Any) -> Any:
        return (turn_own if is_own_box(x) else type(self)._covector)(self, x)

    def _add(self, x, y):
        return x + y

    def _mut_add(self, x, y):
        x += y
        return x

    def _scalar_mul(self, x, a):
        return x * a

    def _inner_prod(self, x, y):
        raise NotImplementedError(f"{self!r} has no inner product: define {type(self).__name__}._inner_prod")

    def _covector(self, x):
        return x

    def __eq__(self, other):
        return type(self) is type(other) and self.__dict__ == other.__dict__

    __hash__ = None

    def __repr__(self):
        return f"{type(self).__name__}_{self.__dict__}"

    @classmethod
    def register(cls, value_type: type, vspace_maker: Callable[[Any], VSpace] | None = None) -> None:
        """Let values of this type have this space, or the one that ``vspace_maker(value)`` gives."""
        VSpace.mappings[value_type] = vspace_maker or cls


def vspace(value: Any) -> VSpace:
    """The vector space of a value, traced or not.

    Raises TypeError for a type that has none.
    """
    if type(value) in box_classes:
        value = plain_like(value)
    maker = VSpace.mappings.get(type(value))
    if maker is None:
        known = ", ".join(sorted({kind.__name__ for kind in VSpace.mappings}))
        raise TypeError(
            f"Can't find vector space for value {value} of type {type(value)}. Valid types are {known}; "
            "VSpace.register adds one, and an integer is written as a float, 1.0."
        )
    return maker(value)


def plain_like(box: Any) -> Any:
    """A plain value of the type, shape and dtype that a user sees in a box: under a batch, of one element of it."""
    value = to_value(box)
    shape = getattr(box, "shape", None)
    return value if shape is None or shape == np.shape(value) else np.broadcast_to(np.zeros((), value.dtype), shape)


class SparseObject:
    """A cotangent that is added into a value of the space ``vs`` by ``mut_add(value)``, which returns the sum."""

    __slots__ = ("vs", "mut_add")

    def __init__(self, vs: VSpace, mut_add: Callable[[Any], Any]) -> None:
        self.vs = vs
        self.mut_add = mut_add


# Values of types of the user's own


class OwnCotangent(DeferredCotangent):
    """A cotangent of a type of the user's own, added as its vector space says."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def plus(self, g):
        other = g.value if type(g) is OwnCotangent else g
        return OwnCotangent(vspace(other).add(self.value, other))

    def settle(self):
        return self.value


def ready(g: Any) -> Any:
    """A cotangent as the native backward pass adds it."""
    kind = type(g)
    if kind is np.float64:
        return g
    if kind in box_classes and g._trace.has_ended:
        g = spent_constant(g)
        kind = type(g)
    if kind in box_classes:
        return OwnCotangent(g) if is_own_box(g) else g
    if kind is SparseObject:
        return dense(g)
    if kind in (float, int, bool, complex):
        return np.complex128(g) if kind is complex else np.float64(g)
    if kind is list or kind is tuple:
        return anp.array(g)
    return OwnCotangent(g) if kind in VSpace.mappings and is_own_type(kind) else g


def is_own_type(kind: type) -> bool:
    """Whether values of this type are neither arrays, nor numbers, nor containers."""
    return not is_container(kind) and not hasattr(kind, "__array__") and kind not in fixed_types


def is_own_box(x: Any) -> bool:
    return type(x) in box_classes and is_own_type(type(to_value(x)))


@native_primitive
def add_own(space, x, y):
    return space._add(x, y)


@native_primitive
def scale_own(space, x, a):
    return space._scalar_mul(x, a)


@native_primitive
def multiply_own(space, x, y):
    return space._inner_prod(x, y)


@native_primitive
def turn_own(space, x):
    return space._covector(x)


defvjp(add_own, None, lambda g, ans, space, x, y: ready(g), lambda g, ans, space, x, y: ready(g))
defvjp(
    scale_own, None,
    lambda g, ans, space, x, a: ready(space.covector(space.scalar_mul(space.covector(g), a))),
    lambda g, ans, space, x, a: ready(space.inner_prod(g, space.covector(x))),
)
defvjp(
    multiply_own, None,
    lambda g, ans, space, x, y: ready(space.covector(space.scalar_mul(y, g))),
    lambda g, ans, space, x, y: ready(space.covector(space.scalar_mul(x, g))),
)
defvjp(turn_own, None, lambda g, ans, space, x: ready(space.covector(g)))


def dense(x: Any) -> Any:
    """``x``, a sparse object as the value that it stands for."""
    return x.mut_add(x.vs.zeros()) if type(x) is SparseObject else x


VSpace.register(SparseObject, lambda x: x.vs)
