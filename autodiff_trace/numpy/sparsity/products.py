"""Dependence through products that sum over an axis, all of them written as an einsum.

Where all factors but one are constant, a zero in them is taken for structure: ``A @ x`` depends only on the elements
of x that meet a nonzero element of A.
"""

from __future__ import annotations

import math

import numpy as np

from ...core.tracer import is_box
from .index_sets import union

__all__ = ["einsum_sets"]

LARGEST_PRODUCT = 2**24
"""How many elementary products are looked at one by one for zeros of a constant factor."""


def einsum_sets(subscripts, nodes, ans, operands):
    """The sets of an einsum with explicit subscripts; ``nodes`` by the number of the operand."""
    inputs, _, output = subscripts.partition("->")
    terms = inputs.split(",")
    shapes = [np.shape(x) for x in operands]
    if len(nodes) == 1:
        sizes = {}
        for term, shape in zip(terms, shapes):
            for letter, size in zip(term, shape):
                sizes[letter] = max(size, sizes.get(letter, 1))
        ((k, node),) = nodes.items()
        constants = [x for i, x in enumerate(operands) if i != k]
        products = math.prod(sizes.values())
        if sizes and 0 < products <= LARGEST_PRODUCT and not any(map(is_box, constants)):
            others = [term for i, term in enumerate(terms) if i != k]
            return meet_nonzeros(node, terms[k], shapes[k], others, constants, output, sizes)
    sets = [reduce_by_letters(node, terms[k], shapes[k], output, ans.shape) for k, node in nodes.items()]
    return union(sets)


def meet_nonzeros(node, term, shape, others, constants, output, sizes):
    """The sets where the elementary products with a zero in a constant factor are left out."""
    letters = "".join(sizes)
    mask = np.ones(tuple(sizes.values()), bool)
    for other, x in zip(others, constants):
        distinct = "".join(sorted(set(other), key=letters.index))
        nonzero = np.einsum(f"{other}->{distinct}", np.not_equal(x, 0))
        full = [nonzero.shape[distinct.index(c)] if c in distinct else 1 for c in letters]
        mask &= nonzero.reshape(full)
    where = dict(zip(letters, np.nonzero(mask)))

    def numbers(term, shape):
        """The number of the element that each elementary product takes, or adds to."""
        found = np.zeros(np.count_nonzero(mask), np.int64)
        for letter, size in zip(term, shape):
            found = found * size + (where[letter] if size > 1 else 0)
        return found

    targets = numbers(output, [sizes[c] for c in output])
    return node.gather(numbers(term, shape)).merge(targets, int(np.prod([sizes[c] for c in output], dtype=int)))


def reduce_by_letters(node, term, shape, output, new_shape):
    """The sets of one operand: united over the letters that the output lacks, then broadcast along those it lacks."""
    index = np.arange(node.count).reshape(shape)
    kept = "".join(c for c in output if c in term)
    # The number of the reduced element that each element goes to; elements off a diagonal go nowhere.
    reduced_shape = tuple(shape[term.index(c)] for c in kept)
    reduced = np.arange(int(np.prod(reduced_shape, dtype=int))).reshape(reduced_shape)
    distinct = "".join(dict.fromkeys(term))
    diagonal = np.einsum(f"{term}->{distinct}", index)
    axes = [distinct.index(c) for c in kept]
    others = [i for i in range(len(distinct)) if i not in axes]
    targets = np.broadcast_to(
        np.expand_dims(reduced, tuple(range(len(kept), len(distinct)))),
        [diagonal.shape[i] for i in axes + others],
    )
    sets = node.gather(np.transpose(diagonal, axes + others)).merge(targets, reduced.size)
    lined_up = [reduced_shape[kept.index(c)] if c in kept else 1 for c in output]
    return sets.broadcast(tuple(lined_up), new_shape)
