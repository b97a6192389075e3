"""xarray's Variable, DataArray and Dataset: containers of arrays with labels, which gradients keep.

Inside the function such a container holds traced arrays, and xarray's own methods compute with these.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray

from ..core.pytree import array_holders, register_pytree

__all__: list[str] = []


class Labels:
    """A container without its numbers: what remains of it are the labels, by which structures compare."""

    def __init__(self, container: Any, **data: Any) -> None:
        self.container = container.copy(deep=False, **data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Labels) and self.container.identical(other.container)

    def __hash__(self) -> int:
        return hash((type(self.container), *self.container.dims))


def outline(x: Any) -> np.ndarray:
    return np.broadcast_to(np.zeros((), x.dtype), x.shape)


def take_apart(x: Any) -> tuple[tuple, Labels]:
    return (x.data,), Labels(x, data=outline(x))


def put_together(labels: Labels, children: list) -> Any:
    """A container with these numbers; what has another shape (a Jacobian, an element of a batch) has no labels."""
    (data,) = children
    fits = getattr(data, "shape", None) == labels.container.shape
    return labels.container.copy(data=data) if fits else data


def take_dataset_apart(x: xarray.Dataset) -> tuple[list, Labels]:
    outlines = {name: outline(each) for name, each in x.data_vars.items()}
    return [each.variable.data for each in x.data_vars.values()], Labels(x, data=outlines)


def put_dataset_together(labels: Labels, children: list) -> Any:
    data = dict(zip(labels.container.data_vars, children))
    numeric = [name for name, each in data.items() if each is not None]  # of names there is no gradient
    container = labels.container[numeric]
    fits = all([getattr(data[name], "shape", None) == container[name].shape for name in numeric])
    return container.copy(data={name: data[name] for name in numeric}) if fits else data


for _kind in (xarray.Variable, xarray.DataArray):
    register_pytree(_kind, take_apart, put_together)
    array_holders.add(_kind)
register_pytree(xarray.Dataset, take_dataset_apart, put_dataset_together)
