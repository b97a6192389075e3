"""Dependence through functions that add into places: scatter and add_at."""

from __future__ import annotations

import numpy as np

from .. import wrapped as anp
from ..rules.scattering import scatter
from .index_sets import union
from .trace import broadcast, defdependence


def places(shape, index):
    """The number of the element that each element of ``x[index]`` is."""
    return np.arange(int(np.prod(shape))).reshape(shape)[index]


def scattered(nodes, ans, pieces, indices, shape):
    if list(nodes) != [0] or not isinstance(nodes[0], list):
        return NotImplemented
    pieces_with_sets = [each for each in zip(nodes[0], pieces, indices) if each[0] is not None]
    return union([add_into(node, piece, index, ans) for node, piece, index in pieces_with_sets])


def add_into(node, piece, index, ans):
    """The sets of an array of zeros of the shape of ``ans`` into which ``piece`` was added."""
    targets = places(ans.shape, index)
    return broadcast(node, np.shape(piece), targets.shape).merge(targets, ans.size)


def added(nodes, ans, x, index, value):
    if 1 in nodes:
        return NotImplemented
    sets = [nodes[0]] if 0 in nodes else []
    return union([*sets, *([add_into(nodes[2], value, index, ans)] if 2 in nodes else [])])


defdependence(added, anp.add_at)
defdependence(scattered, scatter)
