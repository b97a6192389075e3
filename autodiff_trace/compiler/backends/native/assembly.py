"""Assembly: LLVM's language with words for what the runtime does most, so that its text can be read.

=============================  =======================================================================
``%x = get i64 %p[N]``         the N-th word (of 8 bytes) from ``%p``; N: a number, a name, or ``%n``
``put i64 %x %p[N]``           writes it
``%x = at %p[N]``              its address
``%x = field ptr %p.N``        what is N bytes from ``%p``
``%x = byte %p.N``             its address
``for %k < %n:`` … ``end``     ``%k`` from 0; the body may go away with ``br`` or ``ret``
``if %c:`` … ``else:`` … ``end``  of a truth value
=============================  =======================================================================

Names in capitals stand for numbers, which Python and the text have in common.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["expand"]

INDEX = r"\[(%?[\w.]+)\]"
OFFSET = r"\.(%?[\w]+)"
LOAD = "\n  {0} = load {1}, ptr {0}.at"
WORD = "{0}.at = getelementptr i64, ptr {2}, i64 {3}"
STORE = "%put{n} = getelementptr i64, ptr {2}, i64 {3}\n  store {0} {1}, ptr %put{n}"
FORMS = [
    (re.compile(rf"(%[\w.]+) = get (\w+) (%\w+){INDEX}"), WORD + LOAD),
    (re.compile(rf"put (\w+) (\S+) (%\w+){INDEX}"), STORE),
    (re.compile(rf"(%[\w.]+) = at (%\w+){INDEX}"), "{0} = getelementptr i64, ptr {1}, i64 {2}"),
    (re.compile(rf"(%[\w.]+) = field (\w+) (%\w+){OFFSET}"), "{0}.at = getelementptr i8, ptr {2}, i64 {3}" + LOAD),
    (re.compile(rf"(%[\w.]+) = byte (%\w+){OFFSET}"), "{0} = getelementptr i8, ptr {1}, i64 {2}"),
]  # fmt: skip
LOOP = re.compile(r"for (%\w+) < (\S+):")
BRANCH = re.compile(r"if (\S+):")
CAPITALS = re.compile(r"(?<![\w@%\"])[A-Z][A-Z0-9_]+\b")


def expand(text: str, names: Mapping[str, int]) -> str:
    """The text in LLVM's language alone."""
    lines: list[str] = []
    blocks: list[tuple[str, str]] = []  # what is open: its kind and its label
    entry = 0
    for number, raw in enumerate(text.splitlines()):
        line = raw.split(";")[0].strip()
        line = CAPITALS.sub(lambda found: str(names.get(found[0], found[0])), line)
        if line == "entry:":
            entry = len(lines) + 1
        if found := LOOP.fullmatch(line):
            name, count = found.groups()
            lines.insert(entry, f"  {name}.cell = alloca i64")
            lines += [
                f"  store i64 0, ptr {name}.cell", f"  br label {name}.head", f"{name[1:]}.head:",
                f"  {name} = load i64, ptr {name}.cell", f"  {name}.more = icmp slt i64 {name}, {count}",
                f"  br i1 {name}.more, label {name}.body, label {name}.end", f"{name[1:]}.body:",
            ]  # fmt: skip
            blocks.append(("for", name))
        elif found := BRANCH.fullmatch(line):
            label = f"if{number}"
            lines += [f"  br i1 {found[1]}, label %{label}.then, label %{label}.else", f"{label}.then:"]
            blocks.append(("if", label))
        elif line == "else:":
            kind, label = blocks.pop()
            close(lines, f"{label}.end")
            lines.append(f"{label}.else:")
            blocks.append(("else", label))
        elif line == "end":
            kind, label = blocks.pop()
            if kind == "for":
                lines += [
                    f"  {label}.next = add i64 {label}, 1", f"  store i64 {label}.next, ptr {label}.cell",
                    f"  br label {label}.head", f"{label[1:]}.end:",
                ]  # fmt: skip
            else:
                close(lines, f"{label}.end")
                if kind == "if":
                    lines += [f"{label}.else:", f"  br label %{label}.end"]
                lines.append(f"{label}.end:")
        else:
            for form, meaning in FORMS:
                if found := form.fullmatch(line):
                    line = meaning.format(*found.groups(), n=number)
                    break
            lines.append(line if line.endswith(":") or not line else f"  {line}")
    assert not blocks, blocks
    return "\n".join(lines) + "\n"


def close(lines: list[str], label: str) -> None:
    """End a block, unless it has gone away."""
    if not lines[-1].strip().startswith(("br ", "ret ", "unreachable")):
        lines.append(f"  br label %{label}")
