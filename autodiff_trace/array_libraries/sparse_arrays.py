"""Arrays of the library ``sparse``: zeros are not stored. Gradients with respect to dense arrays are dense."""

from __future__ import annotations

import sparse

from ..numpy.array_types import register_array_type

__all__: list[str] = []

register_array_type(sparse.COO)
register_array_type(sparse.GCXS)
