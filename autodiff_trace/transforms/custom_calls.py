"""One call of a custom function: between lists of leaves and what the user's functions take and return."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..core.array_ops import array_ops
from ..core.fast.snapshots import Snapshot, check_snapshots, keep_leaves
from ..core.pytree import Structure, tree_flatten, tree_unflatten
from .trace_substitution import current
from ..core.tracer import boxers
from ..numpy.broadcasting import match_dtype
from ..numpy.mutation import call_watching
from .border import describe
from .custom_rules import JVPRule, VJPRule, apply_rule
from .ownership import own_value
from .steps import has_derivative, number

__all__ = ["JVPCall", "VJPCall", "insert"]


class Call:
    """The arguments of a call, those with derivatives as a list of leaves.

    ``kinds`` has (shape, dtype) of the leaves with a derivative, None for the others: their traces may have ended when
    it is read.
    """

    def __init__(self, custom: Any, args: tuple, kwargs: dict) -> None:
        self.custom = custom
        self.name = f"{custom.transformation}: {custom.__name__}"
        names: list[str] = []
        if custom.signature is not None:
            bound = custom.signature.bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
            positional = [p for p in bound.signature.parameters.values() if p.kind <= p.POSITIONAL_OR_KEYWORD]
            names = [repr(p.name) for p in positional]
        names += map(str, range(len(names), len(args)))
        self.keywords = kwargs
        self.nondiff = [args[i] for i in custom.nondiff]
        self.names = [name for i, name in enumerate(names) if i not in custom.nondiff]
        self.leaves, self.structure = tree_flatten(tuple([x for i, x in enumerate(args) if i not in custom.nondiff]))
        self.kinds = list(map(kind_of, self.leaves))
        self.out_structure: Any = None

    def arguments(self, leaves: Sequence) -> list:
        return insert(tree_unflatten(self.structure, leaves), self.custom.nondiff, self.nondiff)

    def fun(self, *leaves):
        return self.flatten_output(self.custom.fun(*self.arguments(leaves), **self.keywords))

    def flatten_output(self, output: Any) -> list:
        leaves, self.out_structure = tree_flatten(output)
        return [current(number(leaf)) for leaf in leaves]

    def answer(self, outputs: list) -> Any:
        array_ops.note_shared(self.name, outputs, (*self.leaves, *self.nondiff))
        return tree_unflatten(self.out_structure, outputs)

    def two(self, answer: Any, who: str, what: str) -> tuple:
        if not isinstance(answer, tuple) or len(answer) != 2:
            raise TypeError(f"{self.name}: {who} returned {describe(answer)}, not {what}.")
        return answer

    def match(self, what: str, tree: Any, structure: Structure, kinds: Sequence) -> list:
        """The leaves of a cotangent or tangent, checked and with the right dtypes. TypeError if it does not fit."""
        if tree is None:
            return [None] * len(kinds)
        leaves, found = tree_flatten(tree)
        if found != structure:
            raise TypeError(f"{self.name}: {what} is {found}, but should be {structure}. None is zero.")
        return [self.match_leaf(what, *pair) for pair in zip(map(number, leaves), kinds)]

    def match_leaf(self, what: str, leaf: Any, kind: Any) -> Any:
        if leaf is None or kind is None:
            return None
        shape, dtype = kind
        if type(leaf) not in boxers or leaf.shape != shape:
            found = f"of shape {leaf.shape}" if type(leaf) in boxers else describe(leaf)
            raise TypeError(f"{self.name}: {what} is {found}, but should be of shape {shape}. None is zero.")
        if leaf.dtype.kind == "c" and dtype.kind != "c":
            raise TypeError(f"{self.name}: {what} is complex, but should be real: take its real part.")
        return leaf if leaf.dtype == dtype else match_dtype(leaf, dtype)


class VJPCall(Call):
    """``saved`` are the arguments without derivative and the residuals as the rule will read them."""

    def result(self) -> Any:
        outputs = apply_rule(VJPRule(self.custom.__name__, self.fun, self.fwd, self.bwd), self.leaves)
        return self.answer(outputs)

    def fwd(self, *leaves):
        answer = call_watching(leaves, self.custom.rules[0], self.arguments(leaves), self.keywords)
        output, residuals = self.two(answer, "fwd", "(output, residuals)")
        residual_leaves, structure = tree_flatten(residuals)
        self.snapshots: list[Snapshot] = []
        kept = keep_leaves(f"{self.name} (a residual)", map(current, residual_leaves), self.snapshots)
        self.saved = keep_leaves(self.name, self.nondiff, self.snapshots)
        return self.flatten_output(output), tree_unflatten(structure, kept)

    def bwd(self, residuals, gs):
        check_snapshots(self.snapshots)
        gs = list(map(own_value, gs))  # the rule may write into them, but others have them too
        answer = self.custom.rules[1](*self.saved, residuals, tree_unflatten(self.out_structure, gs))
        count = len(self.names)
        if not isinstance(answer, (tuple, list)) or len(answer) != count:
            found = f"{len(answer)} cotangents" if isinstance(answer, (tuple, list)) else describe(answer)
            raise TypeError(
                f"{self.name}: the rule gave {found}, not a tuple with one cotangent for each of {count} arguments: "
                f"{', '.join(self.names)}."
            )
        cotangents: list = []
        for name, structure, g in zip(self.names, self.structure.children, answer):
            kinds = self.kinds[len(cotangents) : len(cotangents) + structure.count]
            cotangents += self.match(f"the cotangent of argument {name}", g, structure, kinds)
        return cotangents


class JVPCall(Call):
    def result(self) -> Any:
        outputs = apply_rule(JVPRule(self.custom.__name__, self.fun, self.jvp), self.leaves)
        return self.answer(outputs)

    def jvp(self, leaves, tangents):
        full = [zero(x) if t is None else own_value(t) for x, t in zip(leaves, tangents)]
        trees = [tree_unflatten(self.structure, each) for each in (leaves, full)]
        answer = call_watching(leaves, self.custom.rules[0], [*self.nondiff, *trees], self.keywords)
        output, tangent = self.two(answer, "jvp", "(output, tangent)")
        outputs = self.flatten_output(output)
        kinds = list(map(kind_of, outputs))
        return outputs, self.match("the tangent of the output", tangent, self.out_structure, kinds)


def kind_of(leaf: Any) -> tuple | None:
    leaf = number(leaf)
    return (leaf.shape, leaf.dtype) if has_derivative(leaf) else None


def zero(x: Any) -> Any:
    """A zero tangent; of what is no number None."""
    return array_ops.zeros_like(x)[()] if type(x) in boxers else None


def insert(args: Sequence, places: Sequence[int], values: Sequence) -> list:
    """``args`` with ``values`` inserted, so that they stand at ``places``."""
    every = list(args)
    for i, value in zip(places, values):
        every.insert(i, value)
    return every
