"""Batching of what puts elements into order."""

from __future__ import annotations

from ...core.batching import defbatch
from ..rules.ordering import permute, unpermute
from ..mapped import map_all


def batch_permute(batch, prim, args, kwargs):
    x, order = map_all(batch, args[:2])
    return prim(x, order, args[2] + 1)


defbatch(batch_permute, permute, unpermute)
