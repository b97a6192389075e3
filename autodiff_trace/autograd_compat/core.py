"""Autograd's core: rules in curried form, ``make_vjp`` and ``make_jvp`` of functions of one argument, vector spaces."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from typing import Any

import numpy as np

from ..core.cotangents import deferred_types
from ..core.tracer import Box
from .deprecated import (
    deprecated_defgrad, deprecated_defvjp, deprecated_defvjp_is_zero, primitive_with_deprecation_warnings,
)
from .originals import original_of, primitive_of
from .primitives import find_rules, rules_of
from .recording import Recording, push
from .rules import (
    add_outgrads, def_linear, defjvp, defjvp_argnum, defjvp_argnums, defvjp, defvjp_argnum, defvjp_argnums,
    identity_jvp, identity_vjp, sparse_add, sum_outgrads, translate_jvp, translate_vjp,
)
from .tracer import DerivativeNode, Node, getval, isbox, toposort, trace
from .util import func, subval, subvals
from .vspaces import SparseObject, VSpace, ready, vspace

__all__ = [
    "Box", "JVPNode", "Node", "SparseBox", "SparseObject", "VJPNode", "VSpace", "add_outgrads", "backward_pass",
    "def_linear", "defjvp", "defjvp_argnum", "defjvp_argnums", "defvjp", "defvjp_argnum", "defvjp_argnums",
    "deprecated_defgrad", "deprecated_defvjp", "deprecated_defvjp_is_zero", "func", "getval", "identity_jvp",
    "identity_vjp", "isbox", "make_jvp", "make_vjp", "primitive", "primitive_jvps", "primitive_vjps",
    "primitive_with_deprecation_warnings", "sparse_add", "sparse_object_types", "subval", "sum_outgrads", "toposort",
    "trace", "translate_jvp", "translate_vjp", "vspace",
]


primitive = primitive_with_deprecation_warnings


def make_vjp(fun: Callable, x: Any) -> tuple[Callable, Any]:
    """The function that pulls cotangents of ``fun(x)`` back to ``x``, and ``fun(x)``.

    >>> vjp, ans = make_vjp(lambda x: x * x, 3.0)
    >>> float(vjp(1.0)), float(ans)
    (6.0, 9.0)
    """
    recording = Recording(fun, x)
    return recording.pull, recording.output()


def make_jvp(fun: Callable, x: Any) -> Callable[[Any], tuple[Any, Any]]:
    """The function from a tangent of ``x`` to ``fun(x)`` and its tangent.

    >>> ans, tangent = make_jvp(lambda x: x * x, 3.0)(1.0)
    >>> float(ans), float(tangent)
    (9.0, 6.0)
    """

    def jvp(g):
        return push(fun, x, g)

    return jvp


class SparseBox(Box):
    """The box of a sparse object. None is made: sparse objects are added up where rules return them."""

    __slots__ = ()


sparse_object_types = {SparseObject, SparseBox}


# Nodes of derivatives, for graphs that a client records and walks itself


def find_maker(mode: str, rules: RulesByPrimitive, fun: Callable, argnums: tuple) -> Callable:
    """The rule of ``fun``; NotImplementedError where it has none."""
    try:
        return rules[fun]
    except KeyError:
        name = getattr(fun, "__name__", fun)
        raise NotImplementedError(f"{mode} of {name} wrt argnums {argnums} not defined") from None


class VJPNode(DerivativeNode):
    """A call that :func:`trace` recorded: ``vjp(g)`` gives the cotangents of ``parents``."""

    __slots__ = ("parents", "vjp")
    is_unseen = True

    def __init__(self, value, fun, args, kwargs, parent_argnums, parents):
        self.parents = parents
        self.vjp = find_maker("VJP", primitive_vjps, fun, parent_argnums)(parent_argnums, value, args, kwargs)

    def initialize_root(self):
        self.parents = ()
        self.vjp = no_cotangents


def no_cotangents(g: Any) -> tuple:
    return ()


class JVPNode(DerivativeNode):
    """A call that :func:`trace` recorded: ``g`` is the tangent of its value."""

    __slots__ = ("g",)
    is_unseen = True

    def __init__(self, value, fun, args, kwargs, parent_argnums, parents):
        jvpmaker = find_maker("JVP", primitive_jvps, fun, parent_argnums)
        self.g = jvpmaker(parent_argnums, [parent.g for parent in parents], value, args, kwargs)

    def initialize_root(self, g):
        self.g = g


def backward_pass(g: Any, end_node: VJPNode) -> Any:
    """The cotangent of the root from that of ``end_node``."""
    sums = {end_node: (g, False)}
    for node in toposort(end_node):
        outgrad = sums.pop(node)
        for parent, ingrad in zip(node.parents, node.vjp(outgrad[0])):
            sums[parent] = add_outgrads(sums.get(parent), ingrad)
    return outgrad[0]


class RulesByPrimitive(MutableMapping):
    """The rules of one mode by primitive, of the package's own functions as well: read, looked for and set like a dict.
    Iterating gives those that were set here."""

    def __init__(self, make_native: Callable, give: Callable, maker_name: str) -> None:
        self.make_native, self.give, self.maker_name = make_native, give, maker_name
        self.given: set[Callable] = set()

    def __getitem__(self, fun: Callable) -> Callable:
        fun = primitive_of(fun)
        rules = find_rules(fun)
        is_own = rules is not None and fun in (rules.fun, *rules.natives[:1])
        maker = getattr(rules, self.maker_name) if is_own else None
        if maker is None and (not is_own or rules.original is not None) and has_derivative(fun):
            maker = native_rule(self.make_native, fun, None if rules is None else rules.original or fun)
        if maker is None:
            raise KeyError(fun)
        return maker

    def __setitem__(self, fun: Callable, maker: Callable) -> None:
        if isinstance(maker, NativeRule) and maker.fun is primitive_of(fun):
            rules_of(fun).restore()
        else:
            self.give(fun, maker)
            self.given.add(fun)

    def __delitem__(self, fun: Callable) -> None:
        self[fun]
        self.given.discard(fun)
        rules_of(fun).forget()

    def __iter__(self) -> Iterator:
        return iter(self.given)

    def __len__(self) -> int:
        return len(self.given)


class NativeRule:
    """The own rule of a function of the package, as autograd's nodes call it, whatever rule it has afterwards."""

    def __init__(self, make: Callable, fun: Callable, original: Callable) -> None:
        self.make, self.fun, self.original = make, fun, original

    def __call__(self, argnums: Sequence[int], *call: Any) -> Any:
        *_, args, kwargs = call
        if self.make is pull_native and hasattr(self.original, "vjps") and not kwargs:
            if not any(isinstance(args[i], (list, tuple)) for i in argnums):
                return pull_by_rules({i: self.original.vjps[i] for i in argnums}, call[0], args)

        def of_followed(xs):
            return self.original(*subvals(args, zip(argnums, xs)), **kwargs)

        return self.make(of_followed, tuple([args[i] for i in argnums]), *call[:-3])


@functools.lru_cache(512)
def native_rule(make: Callable, fun: Callable, original: Callable | None) -> NativeRule:
    return NativeRule(make, fun, original_of(fun) if original is None else original)


def has_derivative(fun: Callable) -> bool:
    """Whether a function is one of the package's, and not constant piece by piece."""
    return hasattr(fun, "fun") and getattr(getattr(fun, "traits", None), "differentiable", True)


def pull_native(fun: Callable, x: tuple) -> Callable:
    return make_vjp(fun, x)[0]


def pull_by_rules(rules: dict[int, Callable], ans: Any, args: Sequence) -> Callable[[Any], list]:
    """The pullback of a call by the native rules of the arguments that are followed."""
    ans, args = ready(ans), [ready(arg) if i in rules else arg for i, arg in enumerate(args)]

    def pull_to(i, g):
        pulled = rules[i](ready(g), ans, *args)
        if type(pulled) in deferred_types:
            return pulled.settle()
        return vspace(args[i]).zeros() if pulled is None else pulled

    def pull(g):
        g = np.float64(g) if type(g) in (float, int) else g
        return [pull_to(i, g) for i in rules]

    return pull


def push_native(fun: Callable, x: tuple, tangents: Sequence) -> Any:
    return make_jvp(fun, x)(tuple(tangents))[1]


primitive_vjps = RulesByPrimitive(pull_native, defvjp_argnums, "vjpmaker")
primitive_jvps = RulesByPrimitive(push_native, defjvp_argnums, "jvpmaker")
