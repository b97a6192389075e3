"""What Dask's arrays have beside NumPy's attributes, of traced ones: chunks, and errors that say what to write where
Dask would not see a trace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import dask.array as da

from ..compiler.record.refusals import unrecorded
from ..core.errors import TracedValueError, caller_line
from ..core.recording import RecordingTrace
from ..core.tracer import Box, to_value
from ..core.unary import call_on, unary
from ..numpy.array_box import ArrayBox
from ..numpy.selections import moves
from .dask_blocks import refuse

__all__: list[str] = []


@unary
def rechunk(x, chunks):
    return x.rechunk(chunks)


@unary
def persist(x, options):
    return x.persist(**dict(options))


moves(
    rechunk, transpose=lambda g, ans, x, chunks: g,
    batch=lambda x, chunks: rechunk(x, {i + 1: sizes for i, sizes in enumerate(chunks)}),
)
moves(persist, transpose=lambda g, ans, x, options: g, batch=persist)


def rechunk_box(x, chunks="auto", threshold=None, block_size_limit=None, balance=False, method=None):
    array = to_value(x)
    return call_on(rechunk, x, array.rechunk(chunks, threshold, block_size_limit, balance, method).chunks)


class OfDask:
    """An attribute that boxes of Dask's arrays have, and no others."""

    def __init__(self, name: str, get: Callable[[Box], Any]) -> None:
        self.name = name
        self.get = get

    def __get__(self, box: Box | None, owner: type) -> Any:
        if box is None:
            return self
        if not isinstance(to_value(box), da.Array):
            raise AttributeError(f"'{owner.__name__}' object has no attribute {self.name!r}")
        return self.get(box)


def refusing(name: str, instead: str) -> Callable[[Box], NoReturn]:
    def get(box: Box) -> NoReturn:
        raise TracedValueError(f"x.{name} of a traced array would drop its derivative ({caller_line()}): {instead}")

    return get


INSTEAD = {
    "blocks": "write x[…] with the rows that the blocks have.",
    "compute": "leave it away, and compute what grad, vjp or jvp return.",
    "map_blocks": "write f(x), which goes by blocks, or let custom_vjp say how cotangents are mapped.",
    "map_overlap": "write f(x) with shifted slices, or let custom_vjp say how cotangents are mapped.",
    "partitions": "write x[…] with the rows that the blocks have.",
    "store": "return it as has_aux=True does, and store that.",
    "to_delayed": "return it as has_aux=True does.",
    "to_zarr": "return it as has_aux=True does, and store that.",
    "vindex": "write x[rows, columns], which is the same.",
}


def refuse_lost(box: ArrayBox) -> NoReturn:
    """Dask asks for the token of all that goes into a graph: a traced value would be a constant in it."""
    if isinstance(box._trace, RecordingTrace):
        raise unrecorded(da.Array)
    raise TracedValueError(
        f"Dask's own functions do not see that a value is traced ({caller_line()}): its derivative would be lost. "
        "Write np.sum(x) or anp.sum(x) instead of da.sum(x), f(x) instead of da.map_blocks(f, x); what is to be a task "
        "of its own needs rules: custom_vjp."
    )


ArrayBox.__dask_tokenize__ = refuse_lost
ATTRIBUTES: dict[str, Callable[[Box], Any]] = {
    **{name: lambda box, name=name: getattr(to_value(box), name) for name in (
        "chunks", "chunksize", "npartitions", "numblocks",
    )},
    **{name: refusing(name, instead) for name, instead in INSTEAD.items()},
    "compute_chunk_sizes": lambda box: refuse_sizes,
    "persist": lambda box: lambda **options: persist(box, tuple(options.items())),
    "rechunk": lambda box: lambda *args, **kwargs: rechunk_box(box, *args, **kwargs),
}


def refuse_sizes() -> NoReturn:
    raise refuse("compute_chunk_sizes", "call it before the function is traced.")


for _name, _get in ATTRIBUTES.items():
    setattr(ArrayBox, _name, OfDask(_name, _get))
