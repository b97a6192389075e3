"""Drawings of a graph: for Graphviz, and as a picture for a notebook, which needs no other program."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from .listing import type_text
from ..ir.node import Node, operands
from ..backends.numpy_source.spelling import printable

__all__ = ["to_dot", "to_svg"]

LIMIT = 200
"""Of larger graphs the picture shows the first nodes."""

WIDTH, HEIGHT, GAP, DROP = 124, 36, 16, 30
"""Of a box, and between boxes, across and down."""

FILLS = {"input": "#dbe9f6", "constant": "#eeeeee", "guard": "#fde3c8", "effect": "#e6dcf2"}
SHAPES = {"input": "ellipse", "constant": "plaintext", "guard": "diamond"}


def label(node: Node) -> tuple[str, str]:
    """The two lines in the box of a node."""
    if node.kind == "constant":
        name = repr(node.value) if node.spec.ndim == 0 else "constant"
    else:
        name = node.name
    return printable(name), printable(f"was {node.value!r}" if node.kind == "guard" else type_text(node.spec))


def to_dot(name: str, nodes: list[Node], outputs: list) -> str:
    """The text from which Graphviz draws a graph; results are in bold."""
    numbers = {node: f"n{i}" for i, node in enumerate(nodes)}
    lines = [f'digraph "{quoted(name)}" {{', '    node [shape=box, fontname="monospace"];']
    for node, number in numbers.items():
        text = "\\n".join(map(quoted, label(node)))
        shape = f", shape={SHAPES[node.kind]}" if node.kind in SHAPES else ""
        bold = ", style=bold" if is_output(node, outputs) else ""
        lines.append(f'    {number} [label="{text}"{shape}{bold}];')
        lines += [f"    {numbers[operand]} -> {number};" for operand in operands(node)]
    return "\n".join([*lines, "}"])


def quoted(text: str) -> str:
    """A text as it stands between the quotation marks of Graphviz."""
    return printable(text).replace("\\", "\\\\").replace('"', '\\"')


def is_output(node: Node, outputs: list) -> bool:
    return any(node is output for output in outputs)


def to_svg(nodes: list[Node], outputs: list) -> str:
    """A picture: a row for each step away from the arguments."""
    shown = nodes[:LIMIT]
    rows, lines = arrange(shown)
    widths = [sum(width_of(each) + GAP for each in row) + GAP for row in rows]
    wide, high = max(widths, default=GAP), len(rows) * (HEIGHT + DROP) + GAP
    places = {}
    for number, (row, width) in enumerate(zip(rows, widths)):
        left = (wide - width) / 2 + GAP
        for each in row:
            places[each] = left, GAP + number * (HEIGHT + DROP)
            left += width_of(each) + GAP
    parts = [draw_line([(each, places[each]) for each in line]) for line in lines]
    parts += [draw_box(node, places[node], is_output(node, outputs)) for node in shown]
    if len(nodes) > LIMIT:
        parts.append(f'<text x="{wide / 2:g}" y="{high}" text-anchor="middle">… and {len(nodes) - LIMIT} more</text>')
        high += GAP
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" '
        'font-family="monospace" font-size="12">', *parts, "</svg>",
    ])


class Bend:
    """Where a line passes a row of boxes."""


def width_of(each: Node | Bend) -> int:
    return WIDTH if type(each) is Node else 0


def arrange(nodes: list[Node]) -> tuple[list[list], list[list]]:
    """Rows of nodes, each below its operands, with bends where lines pass; and the lines, from one row to the next."""
    levels: dict[Node, int] = {}
    for node in nodes:
        levels[node] = max((levels[operand] + 1 for operand in operands(node)), default=0)
    uses = [(operand, node) for node in nodes for operand in dict.fromkeys(operands(node))]
    sources = {operand for operand, _ in uses if operand.kind in ("input", "constant")}
    for source in sources:  # right above what first uses it
        levels[source] = min(levels[user] for operand, user in uses if operand is source) - 1
    rows: list[list] = [[] for _ in range(max(levels.values(), default=-1) + 1)]
    for node in nodes:
        rows[levels[node]].append(node)
    bends: dict[tuple[Node, int], Bend] = {}  # one line from a node serves all that use it, as far as they go down
    lines = []
    above: dict[Any, list] = {}
    for operand, user in uses:
        line = [operand]
        for level in range(levels[operand] + 1, levels[user]):
            if (operand, level) not in bends:
                bends[operand, level] = bend = Bend()
                rows[level].append(bend)
                above[bend] = [line[-1]]
            line.append(bends[operand, level])
        above.setdefault(user, []).append(line[-1])
        lines.append([*line, user])
    # Each stands below the middle of what is above it, as far as there is room: fewer lines cross.
    across: dict[Any, float] = {}
    for row in rows:
        row.sort(key=lambda each: np.mean([across[other] for other in above.get(each, ())] or [0.5]))
        across.update((each, (i + 0.5) / len(row)) for i, each in enumerate(row))
    return rows, lines


def draw_line(stops: list[tuple[Any, tuple[float, float]]]) -> str:
    """A curve from the first of some boxes and bends through the others to the last."""
    (_, (left, top)), *others = stops
    x, y = left + WIDTH / 2, top + HEIGHT
    path = f"M{x:g} {y:g}"
    for each, (left, top) in others:
        to_x = left + width_of(each) / 2
        path += f" C{x:g} {y + DROP / 2:g} {to_x:g} {top - DROP / 2:g} {to_x:g} {top:g}"
        if type(each) is Bend:
            path += f" V{top + HEIGHT:g}"
        x, y = to_x, top + HEIGHT
    return f'<path d="{path}" fill="none" stroke="#999999"/>'


def draw_box(node: Node, place: tuple[float, float], output: bool) -> str:
    x, y = place
    lines = [text if len(text) <= 16 else text[:15] + "…" for text in label(node)]
    texts = [
        f'<text x="{x + WIDTH / 2:g}" y="{y + 15 + 14 * i:g}" text-anchor="middle">{escape(text)}</text>'
        for i, text in enumerate(lines)
    ]
    return (
        f'<g><title>{escape(" ".join(label(node)))}</title><rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" '
        f'rx="6" fill="{FILLS.get(node.kind, "#ffffff")}" stroke="#444444" stroke-width="{2 if output else 1}"/>'
        f'{"".join(texts)}</g>'
    )
