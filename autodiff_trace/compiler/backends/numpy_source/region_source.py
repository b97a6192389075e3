"""Emission of regions: the call of what another back end has made of one, and of NumPy's form where that gives none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...ir.node import Node

if TYPE_CHECKING:
    from .emit import Emitter

__all__ = ["write_region"]


def write_region(emitter: Emitter, step: Node) -> list[str]:
    """Write the call of the region that a step is; returns the names of its results."""
    region, write = step.function, emitter.write
    count = len(step.spec.items)
    arguments = ", ".join(map(emitter.text, step.args))
    native = emitter.object_name(region.native, f"region_{emitter.regions + 1}")
    instead = emitter.object_name(region.instead, f"numpy_{native}")
    emitter.regions += 1
    found = emitter.free_name("found")
    write(f"{found} = {native}({arguments})")
    write(f"if {found} is None:")
    write(f"    {found} = {instead}({arguments})")
    if region.has_guards:
        write(f"    if type({found}) is Miss:")
        write(f"        return {found}")
    if count < 2:
        return [found] * count
    names = [emitter.free_name(f"{found}_{i}") for i in range(count)]
    write(f"{', '.join(names)} = {found}")
    return names
