"""What the core asks of arrays, installed as one object. Knows no rule."""

from __future__ import annotations

import numpy as np

from ..core.array_ops import array_ops, large_types
from ..core.fast.donation import overwritable
from ..core.tracer import is_box
from . import wrapped as anp
from .array_box import store
from .array_kinds import call_with_arrays
from .batching import align
from .broadcasting import ShapeOnly, outline, shape_only, sum_to
from .error_states import error_state, restore_errors, set_quiet
from .layouts import outline_foreign
from .masks import (
    any_in_matrix, as_weights, broadcast_mask, either, expand, has_nonzero, nonzero, quietly, reduce_mask,
)
from .mutation import copied
from .rules.creation import array
from .selections import is_plain_and_finite, ones_beside, restrict, restricted
from .shared_results import find_shared, note_shared, with_own_results
from .views import note_view

large_types[np.ndarray] = ShapeOnly
overwritable.add(np.ndarray)
array_ops.install(
    align=align, array=array, call_with_arrays=call_with_arrays, copied=copied, find_shared=find_shared,
    note_shared=note_shared, note_view=note_view, outline=outline,
    outline_foreign=outline_foreign, shape_only=shape_only, stack=anp.stack, store=store,
    with_own_results=with_own_results,
    zeros_like=anp.zeros_like, ones_like=ones_beside,
    # for selections
    any=anp.any, any_in_matrix=any_in_matrix, as_weights=as_weights, both=anp.logical_and,
    broadcast_mask=broadcast_mask, either=either, error_state=error_state, expand=expand, has_nonzero=has_nonzero,
    ignore_errors=set_quiet, is_finite=is_plain_and_finite, is_traced=is_box, nonzero=nonzero, quietly=quietly,
    reduce_mask=reduce_mask, restore_errors=restore_errors, restrict=restrict, restricted=restricted, sum_to=sum_to,
)
