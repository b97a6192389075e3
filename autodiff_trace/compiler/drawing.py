"""Drawings of a graph: for Graphviz, and as a picture for a notebook, which needs no other program."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from .listing import type_text
from .node import Node, operands

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
        name = repr(node.value) if np.ndim(node.value) == 0 else "constant"
    else:
        name = node.name
    return name, f"was {node.value!r}" if node.kind == "guard" else type_text(node.value)


def to_dot(name: str, nodes: list[Node], outputs: list) -> str:
    """The text from which Graphviz draws a graph; results are in bold."""
    numbers = {node: f"n{i}" for i, node in enumerate(nodes)}
    lines = [f'digraph "{name}" {{', '    node [shape=box, fontname="monospace"];']
    for node, number in numbers.items():
        text = "\\n".join([line.replace("\\", "\\\\").replace('"', '\\"') for line in label(node)])
        shape = f", shape={SHAPES[node.kind]}" if node.kind in SHAPES else ""
        bold = ", style=bold" if is_output(node, outputs) else ""
        lines.append(f'    {number} [label="{text}"{shape}{bold}];')
        lines += [f"    {numbers[operand]} -> {number};" for operand in operands(node)]
    return "\n".join([*lines, "}"])


def is_output(node: Node, outputs: list) -> bool:
    return any(node is output for output in outputs)


def to_svg(nodes: list[Node], outputs: list) -> str:
    """A picture: a row for each step away from the arguments."""
    shown = nodes[:LIMIT]
    rows = arrange(shown)
    wide = max(map(len, rows), default=1) * (WIDTH + GAP) + GAP
    places = {}
    for number, row in enumerate(rows):
        left = (wide - len(row) * (WIDTH + GAP) + GAP) / 2
        for i, node in enumerate(row):
            places[node] = left + i * (WIDTH + GAP), GAP + number * (HEIGHT + DROP)
    high = len(rows) * (HEIGHT + DROP) + GAP
    parts = [draw_edge(places[operand], places[node]) for node in shown for operand in dict.fromkeys(operands(node))]
    parts += [draw_box(node, places[node], is_output(node, outputs)) for node in shown]
    if len(nodes) > LIMIT:
        parts.append(f'<text x="{wide / 2}" y="{high}" text-anchor="middle">… and {len(nodes) - LIMIT} more</text>')
        high += GAP
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" '
        'font-family="monospace" font-size="12">', *parts, "</svg>",
    ])


def arrange(nodes: list[Node]) -> list[list[Node]]:
    """Rows of nodes, each below its operands; arguments and constants stand right above what first uses them."""
    levels: dict[Node, int] = {}
    for node in nodes:
        levels[node] = 1 + max((levels[operand] for operand in operands(node)), default=0)
    above: dict[Node, int] = {}
    for node in nodes:
        for operand in operands(node):
            above[operand] = min(above.get(operand, levels[node]), levels[node])
    rows: list[list[Node]] = [[] for _ in range(max(levels.values(), default=0))]
    for node in nodes:
        is_source = node.kind in ("input", "constant") and node in above
        rows[(above[node] - 1 if is_source else levels[node]) - 1].append(node)
    # Each node stands below the middle of its operands, as far as there is room: fewer lines cross.
    across: dict[Node, float] = {}

    def middle(node: Node) -> Any:
        found = [across[operand] for operand in operands(node) if operand in across]
        return sum(found) / len(found) if found else 0.5

    for row in rows:
        row.sort(key=middle)
        across.update((node, (i + 0.5) / len(row)) for i, node in enumerate(row))
    return rows


def draw_edge(start: tuple[float, float], end: tuple[float, float]) -> str:
    x, y = start[0] + WIDTH / 2, start[1] + HEIGHT
    to_x, to_y = end[0] + WIDTH / 2, end[1]
    bend = DROP / 2
    return (
        f'<path d="M{x:g} {y:g} C{x:g} {y + bend:g} {to_x:g} {to_y - bend:g} {to_x:g} {to_y:g}" fill="none" '
        'stroke="#999999"/>'
    )


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
