"""Drawings of a graph in the language of Graphviz."""

from __future__ import annotations

from .listing import type_text
from ..ir.node import Node, operands
from ..backends.numpy_source.spelling import printable

__all__ = ["to_dot"]

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
