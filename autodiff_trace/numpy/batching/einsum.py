"""Batching of einsum: one more letter, in front of the mapped operands and of the output."""

from __future__ import annotations

from ...core.batching import defbatch
from ..rules.einsum import contract, select_axes, unused_letters


def batch_contract(batch, prim, args, kwargs):
    subscripts, optimize, *operands = args
    return contract(with_batch_letter(subscripts, batch.mapped[2:]), optimize, *operands)


def batch_select_axes(batch, prim, args, kwargs):
    x, subscripts = args
    return select_axes(x, with_batch_letter(subscripts, [True]))


def with_batch_letter(subscripts, mapped):
    letter = unused_letters(subscripts)[0]
    inputs, _, output = subscripts.partition("->")
    terms = [letter + term if each else term for term, each in zip(inputs.split(","), mapped)]
    return f"{','.join(terms)}->{letter}{output}"


defbatch(batch_contract, contract)
defbatch(batch_select_axes, select_axes)
