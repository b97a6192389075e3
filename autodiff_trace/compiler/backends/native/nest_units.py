"""Units of nests: elementwise steps of one shape, with the reductions that close them, as records."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...ir.loop import Loop
from ...ir.node import Node
from .closing import Closing, ClosingNest
from .nest import Nest
from .pieces import find_home
from .reductions import total_place
from .shared_sums import is_shared, split, write_shared, write_total

if TYPE_CHECKING:
    from .translate import Translator

__all__ = ["translate_nest"]


def translate_nest(translator: Translator, shape: tuple[int, ...], steps: list[Node]) -> None:
    """A nest of loops, and the reductions that close it."""
    closings = [step for step in steps if translator.kinds.closing(step) is not None]
    steps = [step for step in steps if step not in closings]
    for step in steps:
        if type(step.function) is Loop:
            translator.allocate_lists(step)
    outputs = {step: find_home(translator, step) or translator.allocate(step) for step in steps
               if step in translator.read_outside and type(step.function) is not Loop}
    rules = [(step, translator.kinds.elementwise(step)) for step in steps]
    if not closings:
        if outputs or any(type(step.function) is Loop for step in steps):
            translator.call(Nest(shape, rules, translator.place, outputs, translator.results).write())
        return
    homes = {step: translator.allocate(step) for step in closings}

    def make_nest() -> ClosingNest:
        found = [Closing(step, how.x, how.ufunc, total_place(homes[step], shape, how.axes))
                 for step in closings for how in [translator.kinds.closing(step)]]
        return ClosingNest(shape, rules, translator.place, outputs, translator.results, found)

    nest = make_nest()
    for each in nest.adds:  # many numbers, one after the other: their sum gets more digits
        if each.char == "f" and each.ufunc is np.add:
            homes[each.step] = translator.temporary(each.step.spec.shape, np.dtype(np.float64))
    nest = make_nest()
    for each in nest.adds:
        home = homes[each.step]
        neutral = 0.0 if each.ufunc is np.add else each.neutral
        translator.copy(translator.constant(np.array(neutral, home.dtype)).broadcast(home.shape), home)
    run_closing(translator, nest)
    for step, home in homes.items():
        if home != translator.places[step]:
            translator.copy(home, translator.places[step])


def run_closing(translator: Translator, nest: ClosingNest) -> None:
    """The records of such a nest."""
    if not is_shared(nest):
        translator.call(nest.write())
        return
    bounds = split(nest.lengths[0])
    partials = [translator.temporary((len(bounds) - 1,), each.total.dtype) for each in nest.of_rows]
    translator.call(write_shared(nest, translator.constant(bounds), partials))
    translator.call(write_total(nest, partials))
