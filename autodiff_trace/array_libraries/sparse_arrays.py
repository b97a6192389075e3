"""Arrays of the library ``sparse``, which stores no zeros. Beside NumPy's arrays its functions give dense ones, so that
gradients with respect to these are dense; gradients of a sum of squares are as sparse as the array."""

from __future__ import annotations

from typing import Any

import numpy as np
import sparse

from ..core.errors import TracedValueError, caller_line
from ..numpy.array_types import register_array_type
from ..numpy.rules.scattering import scatter

__all__: list[str] = []


def scatter_pieces(pieces: list, indices: list, shape: tuple[int, ...]) -> Any:
    """The sum of sparse arrays of ``shape`` with each piece at its index: integers and slices."""
    return sum([put_at(sparse.COO(piece), index, shape) for piece, index in zip(pieces, indices)])


def put_at(piece: sparse.COO, index: Any, shape: tuple[int, ...]) -> sparse.COO:
    parts = index if isinstance(index, tuple) else (index,)
    if Ellipsis in parts:
        at = parts.index(Ellipsis)
        parts = (*parts[:at], *[slice(None)] * (len(shape) - len(parts) + 1), *parts[at + 1 :])
    if not all(isinstance(part, (int, np.integer, slice)) for part in parts):
        raise TracedValueError(
            f"a sparse array is read at {index!r} ({caller_line()}): derivatives follow integers and slices. Convert "
            "it with x.todense()."
        )
    coords, axis = [], 0
    for size, part in zip(shape, [*parts, *[slice(None)] * (len(shape) - len(parts))]):
        if isinstance(part, slice):
            start, _, step = part.indices(size)
            coords.append(start + step * piece.coords[axis])
            axis += 1
        else:
            coords.append(np.full(piece.nnz, int(part) % size))
    return sparse.COO(np.array(coords).reshape(len(shape), piece.nnz), piece.data, shape)


def conform(gradient: Any, argument: Any) -> Any:
    """The gradient with respect to an array of NumPy's is dense."""
    return gradient.todense() if isinstance(argument, np.ndarray) else gradient


for _kind in (sparse.COO, sparse.GCXS):
    register_array_type(_kind, forms={scatter: scatter_pieces}, conform=conform, mixes=True)
