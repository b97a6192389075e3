"""How selected cotangents and tangents go through a primitive: its own rules, and the mask beside them. Knows no array
library."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from .array_ops import array_ops
from .cotangents import add_cotangents, deferred_types
from .derivative import without_derivatives
from .foreign import has_values
from .selections import Mask, OutputsCotangent, Selected, outline, settle
from .traits import ALL, ANSWER
from .unknown_sizes import has_unknown

__all__ = ["Push", "has_selected", "outline_unread", "pull_selected", "push_selected"]


# Reverse mode


def pull_selected(node: tuple, selected: Selected) -> Sequence[tuple[tuple, Any]]:
    """The parents of a node with their cotangents, from the selected cotangent of its answer."""
    _, rules, parents, ans, args, kwargs, prim = node
    if getattr(rules, "func", None) is OutputsCotangent:
        return [(parents, rules(selected, ans))]
    if prim.traits.elementwise:
        shape = getattr(ans, "shape", ())
        args = [arg if getattr(arg, "shape", shape) == shape else expanded(arg, shape, ans) for arg in args]
    pulled: list = []
    for rule, parent in zip(rules, parents) if type(rules) is tuple else ((rules, parents),):
        g = rule(selected.value, ans, *args, **kwargs)
        triples = nested_triples(parent, g) if type(parent) is list else [((), parent, g)]
        if prim.traits.elementwise:
            pulled += [
                (each, narrow(g, selected.mask, getattr(each[3], "shape", ())))  # (Python's numbers have none)
                for _, each, g in triples if g is not None
            ]
        elif prim.traits.moves_elements:
            masks = Mask(weights_of_rule(rule, selected.value, ans, args, kwargs), selected.mask)
            pulled += [
                (each, moved(g, Mask(lambda all, path=path: nonzero(at_path(all, path)), masks), selected.mask))
                for path, each, g in triples if g is not None
            ]
        else:
            mixed = [(each, mix(g, selected.mask, prim.traits.by_matrix)) for _, each, g in triples if g is not None]
            pulled += [(each, g) for each, g in mixed if g is not None]
    return pulled


def expanded(arg: Any, shape: tuple, ans: Any) -> Any:
    """An operand with the shape of the answer; of an unknown one by a sum with zeros."""
    if not has_unknown(shape):
        return array_ops.expand(arg, shape)
    return arg if arg.dtype == bool else arg + array_ops.zeros_like(ans)


def weights_of_rule(rule: Callable, g: Any, ans: Any, args: Sequence, kwargs: dict) -> Callable:
    """What a rule that moves elements makes of a mask like ``g``: weights."""
    dtype = getattr(g, "dtype", None)

    def weigh(mask):
        weights = array_ops.as_weights(mask, dtype)
        return rule(weights, *without_derivatives([ans, *args]), **without_derivatives(kwargs))

    return weigh


def narrow(g: Any, mask: Mask, shape: tuple) -> Any:
    """The cotangent of an operand of an elementwise function, of ``shape``, with the mask applied again."""
    if type(g) is Selected:
        g, mask = g.value, Mask(array_ops.both, g.mask, mask)
    g = array_ops.restricted(g, mask)
    if g.shape != shape:
        g = array_ops.sum_to(g, shape)
        mask = Mask(lambda mask: array_ops.reduce_mask(mask, shape), mask)
    return Selected(g, mask)


def moved(g: Any, mask: Mask, piece: Mask) -> Any:
    """A cotangent whose elements have been moved together with those of ``piece``."""
    if type(g) is Selected:
        return Selected(g.value, mask)
    if type(g) in deferred_types:
        return g.with_mask(piece)
    return Selected(g, mask)


def mix(g: Any, mask: Mask, by_matrix: bool) -> Any:
    """What comes from all of a selected cotangent, or of that of one matrix: None where nothing was selected, else a
    number like others."""
    if type(g) in deferred_types or array_ops.is_finite(g):
        return g
    found = mask()
    masks = found if type(found) is tuple else (found,)
    if by_matrix:
        taken = array_ops.either(*[array_ops.any_in_matrix(each, g.shape) for each in masks])
    else:
        taken = array_ops.either(*map(array_ops.any, masks))
        if not array_ops.is_traced(taken) and has_values(taken):
            return g if taken else None
    return Selected(array_ops.restrict(g, taken), Mask(lambda: array_ops.broadcast_mask(taken, g.shape)))


def nonzero(weights: Any) -> Any:
    return array_ops.nonzero(settle(weights))


def nested_triples(parents: list, cotangents: Any, path: tuple = ()) -> Iterator[tuple[tuple, tuple, Any]]:
    """The nodes in a nested list: the place of each, the node, its cotangent."""
    if cotangents is None:
        return
    for i, (parent, g) in enumerate(zip(parents, cotangents, strict=True)):
        if type(parent) is list:
            yield from nested_triples(parent, g, (*path, i))
        elif parent is not None:
            yield (*path, i), parent, g


def at_path(nested: Any, path: tuple) -> Any:
    for i in path:
        nested = nested[i]
    return nested


# Forward mode, and series


def has_selected(node: Any) -> bool:
    """Whether what an argument carries is selected: also where some items of a sequence are constants."""
    return type(node) is Selected or type(node) is list and any([each is None or has_selected(each) for each in node])


class Push(NamedTuple):
    """How a mode pushes what the arguments of one call carry to its answer.

    ``plain(argument, node)`` does so without masks; ``weights(argument, node)`` for tangents in any mode, with which
    masks are moved; ``restrict(carried, mask)`` applies a mask to what the answer carries. ``adds_up``: what comes from
    each argument is found by itself, and added.
    """

    plain: Callable
    weights: Callable
    restrict: Callable
    adds_up: bool


def push_selected(push: Push, prim: Callable, argument: Any, node: Any, ans: Any) -> Any:
    """What the answer ``ans`` of ``prim`` carries, where some of what the arguments carry is selected."""
    several = type(argument) is tuple
    if prim.traits.elementwise and several and push.adds_up:
        # Each by itself: the zero of one must not meet an infinite slope that is nothing to the other.
        total = None
        for pair in zip(argument, node):
            pushed = push_selected(push, prim, *pair, ans)
            total = pushed if total is None else total if pushed is None else add_cotangents(total, pushed)
        return total
    masks = masks_in(node if several else [node])
    plain = settle_nested(node)
    if prim.traits.elementwise:
        pushed = array_ops.quietly(push.plain, argument, plain)
        if pushed is None or None in masks:
            return pushed
        mask = Mask(lambda *masks: array_ops.broadcast_mask(array_ops.either(*masks), ans.shape), *masks)
        if type(pushed) is Selected:
            pushed, mask = pushed.value, Mask(array_ops.both, pushed.mask, mask)
        return Selected(push.restrict(pushed, mask), mask)
    if prim.traits.moves_elements:
        pushed = settle(push.plain(argument, plain))
        if pushed is None:
            return None

        outlines, weigh = outlines_of(plain), push.weights

        def move(*masks):
            return array_ops.nonzero(settle(weigh(argument, weights_of(outlines, iter(masks)))))

        return Selected(pushed, Mask(move, *[Mask(lambda: None) if each is None else each for each in masks]))
    if None in masks:
        return push.plain(argument, plain)
    taken = array_ops.either(*[array_ops.any(mask()) for mask in masks])
    if not array_ops.is_traced(taken) and has_values(taken):
        return push.plain(argument, plain) if taken else None
    pushed = settle(push.plain(argument, plain))
    return None if pushed is None else push.restrict(pushed, Mask(lambda: taken))


def outline_unread(prim: Callable, argument: Any, ans: Any, args: Sequence) -> tuple[Any, Sequence]:
    """``ans`` and ``args``, with outlines for what is unread, of whatever size: others may write into it."""
    args = list(args)
    unread = prim.traits.unread
    for each in unread.get(argument) or unread.get(ALL, ()):
        if each is ANSWER:
            ans = array_ops.outline(ans)
        elif each < len(args) and hasattr(args[each], "dtype"):
            args[each] = array_ops.outline(args[each])
    return ans, args


def settle_nested(node: Any) -> Any:
    return [settle_nested(each) for each in node] if type(node) is list else settle(node)


def outlines_of(plain: Any) -> Any:
    """For what arguments carry its shapes and dtypes: masks must not hold it, as it may be written into."""
    if type(plain) is list:
        return [outlines_of(each) for each in plain]
    if isinstance(plain, tuple):  # a series
        plain = next(c for c in plain if c is not None)
    return None if plain is None else outline(plain)


def weights_of(outlines: Any, masks: Iterator) -> Any:
    """For what arguments carry the weights of their masks, of which the next is None for what has none: ones."""
    if type(outlines) is list:
        return [weights_of(each, masks) for each in outlines]
    if outlines is None:
        return None
    mask = next(masks)
    return array_ops.ones_like(outlines) if mask is None else array_ops.as_weights(mask, outlines.dtype)


def masks_in(nodes: Sequence) -> list:
    """The masks of what is in a nested list; None for what has none."""
    masks: list = []
    for each in nodes:
        if type(each) is list:
            masks += masks_in(each)
        elif each is not None:
            masks.append(each.mask if type(each) is Selected else None)
    return masks
