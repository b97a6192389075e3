"""Counting: the text of a loop over a range of numbers, with values that are carried from turn to turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .registers import Lines

__all__ = ["Carried", "write_loop"]

Carried = tuple[str, str]
"""A type and the name of a value."""


def write_loop(
    lines: Lines, start: str, stop: str, step: int, turn: Callable[..., Sequence[str] | None],
    carried: Sequence[Carried] = (),
) -> list[str]:
    """Write a loop of at least one turn. ``turn(i, *values)`` writes one, and returns what is carried on. Returns the
    names of the last ones."""
    number = lines.new("")[1:]
    head, latch, after = f"head{number}", f"latch{number}", f"exit{number}"
    index, following = lines.new("i"), lines.new("n")
    lines.label(f"before{number}")
    lines.label(head)
    lines.write(f"{index} = phi i64 [ {start}, %before{number} ], [ {following}, %{latch} ]")
    names = [lines.new("c") for _ in carried]
    place = len(lines.lines)
    new = turn(index, *names) or ()
    lines.lines[place:place] = [
        f"  {name} = phi {kind} [ {first}, %before{number} ], [ {last}, %{latch} ]"
        for name, (kind, first), last in zip(names, carried, new)]
    lines.label(latch)
    lines.write(f"{following} = add i64 {index}, {step}")
    condition = lines.emit(f"icmp slt i64 {following}, {stop}")
    lines.write(f"br i1 {condition}, label %{head}, label %{after}")
    lines.label(after, falls_through=False)
    return list(new)
