"""Vector spaces: what autograd knows of the type of a value. Rules of clients ask for zeros and sums of them.

The derivatives themselves are computed without: a space is looked up where a client asks, and where a value is of a
type of the client's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..core.tracer import box_classes, to_value

__all__ = ["SparseObject", "VSpace", "dense", "vspace"]


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
        return self._add(x_prev, x_new)

    def scalar_mul(self, x: Any, a: Any) -> Any:
        return self._scalar_mul(x, a)

    def inner_prod(self, x: Any, y: Any) -> Any:
        return self._inner_prod(x, y)

    def covector(self, x: Any) -> Any:
        return self._covector(x)

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


def dense(x: Any) -> Any:
    """``x``, a sparse object as the value that it stands for."""
    return x.mut_add(x.vs.zeros()) if type(x) is SparseObject else x


VSpace.register(SparseObject, lambda x: x.vs)
