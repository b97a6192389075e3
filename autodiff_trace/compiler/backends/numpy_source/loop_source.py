"""Emission of loops: a ``for`` statement over what each turn has of its own, in which what is carried is a variable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .error_regions import group_by_handling
from .inline import find_inline
from ...ir.node import Node

if TYPE_CHECKING:
    from .emit import Emitter

__all__ = ["write_loop"]


def write_loop(emitter: Emitter, step: Node) -> list[str]:
    """Write the loop that a step is; returns the names of its results."""
    loop, body, write = step.function, step.function.body, emitter.write
    own_end = loop.carried + loop.own
    emitter.names.update(zip(body.inputs[own_end:], map(emitter.text, step.args[own_end:])))
    carried = [emitter.new_name(node) for node in body.inputs[:loop.carried]]
    for name, arg in zip(carried, step.args):
        write(f"{name} = {emitter.text(arg)}")
    own = [emitter.new_name(node) for node in body.inputs[loop.carried:own_end]]
    lists = [emitter.free_name("kept") for _ in range(loop.kept)]
    appends = [emitter.free_name("keep") for _ in lists]
    for name, append in zip(lists, appends):
        write(f"{name} = []")
        write(f"{append} = {name}.append")
    sources = list(map(emitter.text, step.args[loop.carried:own_end]))
    head = ", ".join(own)
    source = f"zip({', '.join(sources)})" if len(own) > 1 else "".join(sources) or f"range({loop.turns})"
    if any(each.kind == "guard" for each in body.steps):
        emitter.turn = emitter.free_name("turn")
        if own:
            head, source = f"({head})" if len(own) > 1 else head, f"enumerate({source})"
        head = f"{emitter.turn}, {head}" if own else emitter.turn
    write(f"for {head or '_'} in {source}:")
    emitter.indent += "    "
    written = len(emitter.lines)
    emitter.inline |= find_inline(body)
    if len(list(group_by_handling(body.steps))) > 1:
        emitter.statements(body.steps)
    else:  # it has been set for the whole loop
        emitter.each_statement(body.steps)
    ends = list(map(emitter.text, body.outputs))
    for append, text in zip(appends, ends[loop.carried:]):
        write(f"{append}({text})")
    last = []
    for node, text in zip(body.outputs[loop.carried + loop.kept:], ends[loop.carried + loop.kept:]):
        if node in body.outputs[:loop.carried]:
            last.append(carried[body.outputs.index(node)])
        else:
            last.append(emitter.free_name("last"))
            write(f"{last[-1]} = {text}")
    moved = [(name, text) for name, text in zip(carried, ends) if name != text]
    if any(text in carried for _, text in moved):
        write(f"{', '.join([name for name, _ in moved])} = {', '.join([text for _, text in moved])}")
    else:
        for name, text in moved:
            write(f"{name} = {text}")
    if len(emitter.lines) == written:
        write("pass")
    emitter.indent = emitter.indent[4:]
    return [*lists, *last]
