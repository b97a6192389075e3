"""Boxes: what a picture of a graph shows. A box is a node, or a loop whose turns make the same calls; it has its texts,
the part of the program to which it belongs and its share of the work. Knows no places."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...core.traits import traits_of
from ...core.tree_paths import leaf_paths
from ..backends.numpy_source.spelling import printable
from ..ir.node import Node, operands
from ..rolling.repeats import find_repeats
from .listing import SHOWN, expression, guard_text, short, type_text

__all__ = ["Box", "boxes_of", "shortened"]

LONGEST = 34
"""Letters of a line in a box, at most."""

FEW_INPUTS = 6
"""Of more inputs that a loop alone reads there is one box."""

FEW_CALLS = 16
"""Lines about the calls of a turn in the box of a loop."""

LONGEST_INNER = 24
"""Calls of a turn of a loop in a loop that are looked for."""

COMPARED_TURNS = 64
"""Turns of a loop that are looked at for what differs between them, at most."""

WORD = re.compile(r"\w+(?:\.\w+)*|\W")

PRODUCT_COST = 0.05
"""Nanoseconds for a multiplication and an addition in a product of matrices."""

PRODUCTS = {"matmul", "dot", "tensordot", "einsum", "vecdot", "inner"}


@dataclass(eq=False)
class Box:
    """What is drawn as one box.

    Attributes:
        kind: "input", "constant", "guard", "function", "backward", or "mixed": a loop in whose turns are both.
        texts: its lines; ``title`` says all that does not fit.
        part: a number for the steps of the function up to the first backward pass, the next one for that pass, …
        operands: the boxes from which arrows lead here.
        results: which outputs of the program are in it.
        turns: of a loop; 0 for other boxes.
        again: whether it stands for an input that has a box in an earlier part.
        cost, share: about how long it takes, in nanoseconds, and of the whole.
    """

    kind: str
    texts: list[str]
    title: str
    part: int = 0
    operands: list[Box] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    turns: int = 0
    again: bool = False
    cost: float = 0.0
    share: float = 0.0

    @property
    def is_source(self) -> bool:
        return self.kind in ("input", "constant")


def boxes_of(graph: Any, expand: bool, limit: int) -> list[Box]:
    """The boxes of a :class:`Graph`, each after its operands. With ``expand`` loops are written out. Steps after the
    first ``limit`` boxes have no texts."""
    program, nodes = graph.program, graph.nodes
    numbers = {step: i for i, step in enumerate(program.steps)}
    pass_of = {i: number for number, each in enumerate(graph.backward, 1) for i in each}
    outputs = [(output, path) for output, (_, path) in zip(program.outputs, leaf_paths(graph.structure))]
    results: dict[Node, list[str]] = {}
    for output, path in outputs:
        if type(output) is Node:
            results.setdefault(output, []).append(f"result{path}")
    maker = Maker(dict(zip(program.inputs, graph.paths)), results, limit)
    steps = [node for node in nodes if node.kind not in ("input", "constant")]
    passes = [pass_of.get(numbers[step], 0) for step in steps]
    place = 0
    for start, period, turns in [] if expand else find_repeats(numbered(steps, passes)):
        maker.add_steps(steps[place:start], passes[place:start])
        place = start + period * turns
        maker.add_loop(steps[start:place], passes[start:place], period, turns)
    maker.add_steps(steps[place:], passes[place:])
    for node in nodes:
        if node in results and node not in maker.boxes:  # an input or a constant that is returned as it is
            maker.source(node, maker.part)
    for output, path in outputs:
        if type(output) is not Node:  # a number or a text, whatever the arguments are
            text, kind = printable(expression(output)), type_text(output)
            maker.finish(Box("constant", [shortened(text), kind], f"{text}: {kind}", maker.part), [])
            maker.made[-1].results.append(f"result{path}")
    total = sum(box.cost for box in maker.made) or 1.0
    for box in maker.made:
        box.share = box.cost / total
    return maker.made


def shortened(text: str, most: int = LONGEST) -> str:
    return text if len(text) <= most else text[:most - 1] + "…"


def numbered(steps: list[Node], passes: list[int]) -> np.ndarray:
    """For each step a number that those share that call the same for values of the same kind, in a backward pass or
    in none."""
    known: dict = {}
    keys = [(step.kind, id(step.function), len(operands(step)), step.spec, number > 0)
            for step, number in zip(steps, passes)]
    return np.array([known.setdefault(key, len(known)) for key in keys], np.int64)


def shared(texts: Sequence[str]) -> str:
    """What texts have in common, with … for the words that differ: of ``x[0] * 2`` and ``x[1] * 2`` ``x[…] * 2``."""
    first, *others = [WORD.findall(text) for text in dict.fromkeys(texts)]
    if all(len(words) == len(first) for words in others):
        words = [word if all(each[i] == word for each in others) else "…" for i, word in enumerate(first)]
        return "".join(words)
    least = min(map(len, [first, *others]))
    head = next((i for i in range(least) if any(each[i] != first[i] for each in others)), least)
    tail = next((i for i in range(least - head) if any(each[~i] != first[~i] for each in others)), least - head)
    return "".join([*first[:head], "…", *first[len(first) - tail:]])


def condensed(keys: list, calls: list[str]) -> list[str]:
    """The calls, with those that come three times or more in a row once; ``keys`` are the same for the same calls."""
    lines: list[str] = []
    i = 0
    while i < len(keys):
        best, most = 1, 1
        for period in range(1, LONGEST_INNER + 1):
            turns = 1
            while keys[i + turns * period:i + (turns + 1) * period] == keys[i:i + period]:
                turns += 1
            if turns >= 3 and turns * period > best * most:
                best, most = period, turns
        if most == 1:
            lines.append(calls[i])
        else:
            inner = [shared(calls[at:i + best * most:best]) for at in range(i, i + best)]
            lines += [f"  {most} × these {best}:" if best > 1 else f"  {most} ×", *(f"  {call}" for call in inner)]
        i += best * most
    return lines


class Maker:
    """Makes the boxes, in the order of the steps."""

    def __init__(self, paths: dict[Node, str], results: dict[Node, list[str]], limit: int) -> None:
        self.paths = paths
        self.results = results
        self.limit = limit
        self.made: list[Box] = []
        self.boxes: dict[Node, Box] = {}  # of steps; of sources the first
        self.sources: dict[tuple[Node, int], Box] = {}  # by the part in which they are read
        self.part = 0
        self.last: int | None = None  # the number of the pass that the part is

    def add_steps(self, steps: list[Node], passes: list[int]) -> None:
        for step, number in zip(steps, passes):
            self.enter(number)
            kind = "guard" if step.kind == "guard" else "backward" if number else "function"
            if len(self.made) < self.limit:
                full = guard_text(step) if kind == "guard" else printable(self.written(step))
                types = [] if kind == "guard" else [type_text(step.spec)]
            else:
                full, types = "", []
            text = shortened(full)
            read = self.operands_of(step, text == full)
            texts = [text, *map(shortened, types)]
            self.finish(Box(kind, texts, ": ".join([full, *types]), self.part, read, cost=cost_of(step)), [step])

    def add_loop(self, steps: list[Node], passes: list[int], period: int, turns: int) -> None:
        numbers = set(passes)
        is_mixed = len(set(map(bool, numbers))) > 1
        if not is_mixed:
            self.enter(max(numbers))
        marks = ["← " if is_mixed and number else "  " for number in passes[:period]]
        compared = sorted({round(i * (turns - 1) / (COMPARED_TURNS - 1)) for i in range(COMPARED_TURNS)})
        calls = [
            mark + shared([printable(self.written(steps[turn * period + i])) for turn in compared])
            for i, mark in enumerate(marks)]
        lines = condensed(numbered(steps[:period], passes).tolist(), calls)
        texts = [f"{turns} × these {period}:", *map(shortened, lines[:FEW_CALLS])]
        if len(lines) > FEW_CALLS:
            texts.append("  …")
        kind = "mixed" if is_mixed else "backward" if max(numbers) else "function"
        title = f"{turns} turns, each of these calls: {'; '.join(map(str.strip, calls))}"
        read = self.operands_of_loop(steps)
        box = Box(kind, texts, title, self.part, read, turns=turns, cost=sum(map(cost_of, steps)))
        self.finish(box, steps)

    def enter(self, number: int) -> None:
        """Begin another part if this is another pass."""
        if number != self.last:
            self.part += self.last is not None
            self.last = number

    def finish(self, box: Box, steps: list[Node]) -> None:
        for step in steps:
            self.boxes[step] = box
            box.results += self.results.get(step, [])
        self.made.append(box)

    def operands_of(self, step: Node, is_named: bool) -> list[Box]:
        """The boxes of what a step reads. One that has inputs of earlier parts in its text says enough of them."""
        found: dict[Box, None] = {}
        for node in operands(step):
            is_elsewhere = node in self.boxes and (node, self.part) not in self.sources
            if node.kind not in ("input", "constant"):
                found[self.boxes[node]] = None
            elif node.spec.ndim > 0 if node.kind == "constant" else not (is_named and is_elsewhere):
                found[self.source(node, self.part)] = None
        return list(found)

    def operands_of_loop(self, steps: list[Node]) -> list[Box]:
        """The boxes of what these steps read and do not compute themselves."""
        inside = set(steps)
        read = list(dict.fromkeys(node for step in steps for node in operands(step) if node not in inside))
        inputs = [node for node in read if node.kind == "input"]
        if len(inputs) > FEW_INPUTS:
            texts = [f"{len(inputs)} inputs:", self.paths[inputs[0]], "…", self.paths[inputs[-1]]]
            several = Box("input", texts, ", ".join([self.paths[node] for node in inputs]), self.part)
            several.again = all(node in self.boxes for node in inputs)
            self.finish(several, [node for node in inputs if node not in self.boxes])
            self.sources.update({(node, self.part): several for node in inputs})
        found = [self.source(node, self.part) if node.kind == "input" else self.boxes[node]
                 for node in read if node.kind != "constant"]
        return list(dict.fromkeys(found))

    def source(self, node: Node, part: int) -> Box:
        """The box of an input or a constant in a part."""
        if (node, part) in self.sources:
            return self.sources[node, part]
        again = node in self.boxes
        if node.kind == "input":
            text = printable(self.paths[node])
        else:
            text = printable(short(node.value)) if node.spec.size <= SHOWN else "constant"
        texts = [shortened(text), shortened(type_text(node.spec))]
        box = Box(node.kind, texts, f"{text}: {type_text(node.spec)}", part, again=again)
        self.sources[node, part] = box
        if again:
            self.made.append(box)
        else:
            self.finish(box, [node])
        return box

    def written(self, step: Node) -> str:
        """A call, as a person would write it, of inputs by their paths."""
        named = {
            node: Node(None, (), {}, node.spec, self.paths[node], "input")
            for node in operands(step) if node.kind == "input"}
        return expression(step.relabelled(named) if named else step, 1)


def cost_of(step: Node) -> float:
    """About how long a call takes, in nanoseconds: an estimate from shapes alone."""
    if step.kind == "guard":
        return 0.0
    traits = traits_of(step.function)
    sizes = [node.spec.size for node in operands(step)]
    if step.name in PRODUCTS and len(sizes) == 2:
        return PRODUCT_COST * (sizes[0] * sizes[1] * max(step.spec.size, 1)) ** 0.5
    return 0.0 if traits.makes_view else traits.cost * max([step.spec.size, *sizes])
