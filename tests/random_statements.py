"""Random statements: straight lines and nested control flow over NumPy arrays, written by trying them out.

A program is made with its inputs at hand: each statement is a template filled at random and executed on their values.
What raises an error, overflows or grows too large is thrown away, so that no rules of NumPy have to be known here.
"""

from __future__ import annotations

import string
from typing import Any, NamedTuple

import numpy as np

from random_templates import CONDITIONS, CONSTANTS, KINDS, LOOPS, UPDATES

__all__ = ["Block", "Writer", "to_lines"]


class Block(NamedTuple):
    """``header`` is a line that ends in a colon; ``otherwise`` is the body after ``else:``."""

    header: str
    body: list
    otherwise: list = []


def to_lines(statements: list, indent: str = "    ") -> list[str]:
    """The statements as lines of Python."""
    lines = []
    for each in statements:
        if isinstance(each, Block):
            lines += [indent + each.header, *to_lines(each.body, indent + "    ")]
            if each.otherwise:
                lines += [indent + "else:", *to_lines(each.otherwise, indent + "    ")]
        else:
            lines.append(indent + each)
    return lines or [indent + "pass"]


LARGEST = 1e3


class Writer:
    """Writes statements that work for the values in ``variables``, and keeps these up to date.

    Arguments:
        rng: a ``random.Random``, or Hypothesis in its place.
        variables: names → values.
        closed: the same of the arrays around the function. What is computed from these alone no trace can see, so that
            they stand only where they meet a variable.
        leave_out: kinds of statement that the program is to have none of.
        most_elements: of a value.
    """

    def __init__(self, rng: Any, variables: dict, closed: dict, leave_out: frozenset[str], most_elements: int) -> None:
        self.rng = rng
        self.variables = variables
        self.closed = closed
        self.leave_out = leave_out
        self.most_elements = most_elements
        self.writable: list[str] = []
        self.expressions: list[str] = []
        self.names = iter(f"v{i}" for i in range(len(variables), 10**6))

    def write(self, count: int, depth: int = 2) -> list:
        """``count`` statements; blocks are nested no deeper than ``depth``."""
        statements = []
        for _ in range(count):
            if depth and "blocks" not in self.leave_out and self.rng.random() < 0.12:
                statements += self.block(depth - 1)
            else:
                statements += self.line()
        return statements

    def line(self) -> list[str]:
        """One statement, or a few that belong together."""
        kinds = [kind for kind in KINDS if kind not in self.leave_out]
        for _ in range(20):
            target = next(self.names)
            if self.expressions and self.rng.random() < 0.08:
                text = f"{target} = {self.rng.choice(self.expressions)}"  # once more, for what finds that out
            else:
                (kind,) = self.rng.choices(kinds, [KINDS[kind][1] for kind in kinds])
                text = self.fill(self.rng.choice(KINDS[kind][0]), target)
                if text is None:
                    continue
                if kind != "writes":
                    self.expressions.append(text)
                    text = f"{target} = {text}"
            if self.works(text, target):
                if "copy()" in text or "np.zeros" in text:
                    self.writable.append(target)
                return text.split("; ")
        return []

    def fill(self, template: str, target: str = "") -> str | None:
        """The template with its fields filled; None where no variable fits."""
        values: dict[str, Any] = {"t": target}
        for _, field, _, _ in string.Formatter().parse(template):
            if field is not None and field not in values:
                values[field] = self.field(field, values)
                if values[field] is None:
                    return None
        return template.format(**values)

    def field(self, field: str, values: dict) -> str | None:
        if field == "a":
            return self.rng.choice(list(self.closed)) if self.closed else None
        if field in "xyswvo":
            accept = {"s": lambda n: n == 0, "v": lambda n: n == 1, "w": lambda n: n > 0}.get(field, lambda n: True)
            names = [name for name in self.variables if accept(np.ndim(self.variables[name]))]
            if field == "o":
                names = [name for name in names if name in self.writable]
            if not names:
                return None
            # Late ones twice as often: programs grow deep.
            return self.rng.choice(names[len(names) // 2:] if self.rng.random() < 0.5 else names)
        if field == "c":
            return self.rng.choice(CONSTANTS)
        if field == "k":
            return str(self.rng.choice([0, 1, -1]))
        shape = np.shape(self.variables[next(values[each] for each in "wvxo" if each in values)])
        if field == "axis":
            return str(self.rng.randrange(-len(shape), len(shape))) if shape else None
        if field == "shape":
            return str(self.rng.choice([shape[::-1], (*shape, 1), (-1, *shape[:1]), (int(np.prod(shape)),)]))
        assert field == "index"
        parts = [self.rng.choice(["0", "-1", ":", "1:", ":2", "::-1", "[0, -1]", "None", "::2"]) for _ in shape]
        return ", ".join(parts[: self.rng.randint(1, len(parts))])

    def works(self, text: str, target: str = "") -> bool:
        """Execute the statements; whether they gave a value to go on with. If so it is kept."""
        variables = dict(self.variables)
        try:
            with np.errstate(all="ignore"):
                # An assignment to an item can only fail before it is made.
                exec(text, {"np": np, **self.closed}, variables)
        except Exception:
            return False
        value = variables.get(target)
        if target in variables:
            if not self.is_fit(value):
                return False
            self.variables[target] = value
        for name in self.writable:
            if name in variables:
                self.variables[name] = variables[name]
        return True

    def is_fit(self, value: Any) -> bool:
        if not isinstance(value, (np.ndarray, np.generic, int, float)) or np.ndim(value) > 4:
            return False
        value = np.asarray(value)
        return value.size <= self.most_elements and bool(np.all(np.abs(value) < LARGEST))

    # Control flow

    def block(self, depth: int) -> list:
        """Statements with a block that gives a new variable its value."""
        for _ in range(5):
            target = next(self.names)
            start = self.fill("{x} * 1.0")
            if self.rng.random() < 0.5:
                statements = self.branches(target, depth)
            else:
                statements = self.loop(target, start, depth)
            if statements and self.works("\n".join(to_lines(statements, "")), target):
                return statements
            self.variables.pop(target, None)
        return []

    def branches(self, target: str, depth: int) -> list:
        condition = self.fill(self.rng.choice(CONDITIONS), target)
        if condition is None:
            return []
        bodies: list[list] = []
        shape = None
        for _ in range(2):
            inner = self.inner()
            body = inner.write(self.rng.randint(0, 3), depth)
            names = [name for name, value in inner.variables.items() if shape is None or np.shape(value) == shape]
            name = self.rng.choice(names[-4:]) if names else f"np.full({shape}, 0.5)"
            shape = np.shape(inner.variables.get(name, shape))
            bodies.append([*body, f"{target} = {name}"])
        return [Block(f"if {condition}:", *bodies)]

    def loop(self, target: str, start: str | None, depth: int) -> list:
        header = self.fill(self.rng.choice(LOOPS), target)
        if header is None or start is None or not self.works(f"{target} = {start}", target):
            return []
        inner = self.inner()
        inner.variables["i"] = 0
        if " e " in header:
            over = header.split()[-1].strip(":").removeprefix("enumerate(").rstrip(")")
            if not len(self.variables[over]):
                return []
            inner.variables["e"] = self.variables[over][0]
        body = inner.write(self.rng.randint(0, 3), depth)
        shape = np.shape(self.variables[target])
        names = [name for name, value in inner.variables.items() if np.shape(value) == shape]
        update = self.rng.choice(UPDATES).format(t=target, x=self.rng.choice(names[-3:]))
        body.append(f"{target} = {update}")
        if header.startswith("while"):
            body.append(f"n_{target} += 1")
        return [f"{target} = {start}", f"n_{target} = i = 0", Block(header, body)]

    def inner(self) -> Writer:
        """A writer for a body: its new variables are its own, and it writes into no others."""
        writer = Writer(self.rng, dict(self.variables), self.closed, self.leave_out, self.most_elements)
        writer.names = self.names
        return writer
