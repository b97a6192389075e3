"""Random programs: does ``jit`` of each, and of its derivatives, do what the program does?

``python -m tests.random_programs --count 5000 --seed 0`` makes and checks them, and prints those that fail, made small.
With ``--mode eager --classes views,general`` derivatives without ``jit`` are checked (``random_eager``), with ``--mode
surroundings`` programs whose surroundings change between the calls (``random_surroundings``).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from autodiff_trace import numpy as anp  # noqa: E402
from random_statements import Block, Writer, to_lines  # noqa: E402
from random_transforms import TRANSFORMS  # noqa: E402

__all__ = [
    "Input", "Program", "function_of", "make_values", "pack", "random_program", "run", "smaller", "source",
    "transformed",
]


class Input(NamedTuple):
    """``kind``: a dtype, for an array or, without dimensions, a NumPy scalar; "float" or "int", of Python; "0-d"."""

    name: str
    kind: str
    shape: tuple = ()
    layout: str = "C"


@dataclass(frozen=True)
class Program:
    """``inputs`` become arguments, as ``packing`` says; ``closed`` are arrays around the function; ``result`` is an
    expression; ``transform`` is a name among TRANSFORMS."""

    inputs: tuple
    statements: list
    result: str
    closed: tuple = ()
    packing: str = "args"
    transform: str = "none"

    def __repr__(self) -> str:
        fields = (f"    {name}={value!r}," for name, value in vars(self).items() if name != "statements")
        statements = "".join(f"        {each!r},\n" for each in self.statements)
        return "\n".join(["Program(", *fields, f"    statements=[\n{statements}    ],", ")"])


PACKINGS = {
    "args": ("{names}", "{names}"),
    "dict": ("d", "*d.values()"),
    "nested": ("first, rest", "first, *rest"),
    "pair": ("pair", "*pair['first'], *pair['rest']"),
}
"""The parameters, and what the inputs are in terms of them."""


def source(program: Program) -> str:
    """The program as a function in Python."""
    names = ", ".join([each.name for each in program.inputs])
    parameters, values = [text.format(names=names) for text in PACKINGS[program.packing]]
    lines = [f"def f({parameters}):"]
    if program.packing != "args":
        lines.append(f"    {names}, = {values},")
    return "\n".join([*lines, *to_lines(program.statements), f"    return {program.result}", ""])


def function_of(program: Program, np: Any, closed: tuple = ()) -> Callable:
    """The program as a function that closes over ``closed``."""
    names = ", ".join(["np", *(each.name for each in program.closed)])
    text = "\n    ".join([f"def make({names}):", *source(program).splitlines(), "return f"])
    namespace = {"__name__": "random_program"}
    exec(text, namespace)
    return namespace["make"](np, *closed)


def run(program: Program, np: Any, *args: Any, closed: tuple = ()) -> Any:
    """What the program gives, with ``np`` for NumPy."""
    return function_of(program, np, closed)(*args)


# Values


def make_values(inputs: tuple, seed: int) -> list:
    """A value for each input. Some are rounded, so that there are ties and zeros."""
    rng = np.random.default_rng(seed)
    coarse = rng.random() < 0.3
    return [make_value(each, rng, coarse) for each in inputs]


def make_value(each: Input, rng: np.random.Generator, coarse: bool) -> Any:
    x = rng.normal(size=each.shape)
    if coarse:
        x = np.round(x * 4) / 4
    if each.kind in ("int", "int64"):
        x = np.asarray(np.round(x * 2), dtype=np.int64)
        return int(x) if each.kind == "int" else x[()]
    if each.kind == "float":
        return float(x)
    if each.kind == "0-d":
        return np.array(x)
    x = np.asarray(x, dtype=each.kind)
    return LAYOUTS[each.layout](x) if each.shape else x[()]


def readonly(x: np.ndarray) -> np.ndarray:
    x.flags.writeable = False
    return x


LAYOUTS = {
    "C": lambda x: x,
    "F": np.asfortranarray,
    "strided": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "reversed": lambda x: x[::-1].copy()[::-1],
    "readonly": readonly,
}


def pack(program: Program, values: list) -> tuple:
    """The values as the arguments of the program."""
    if program.packing == "args":
        return tuple(values)
    if program.packing == "dict":
        return ({each.name: value for each, value in zip(program.inputs, values, strict=True)},)
    if program.packing == "nested":
        return values[0], values[1:]
    return ({"first": values[:1], "rest": tuple(values[1:])},)


# Making programs


def transformed(program: Program, closed: tuple, jit: Callable) -> Callable:
    """The program as a function of traced NumPy, with its transform around it."""
    return TRANSFORMS[program.transform](function_of(program, anp, closed), jit)


def random_program(rng: Any, large: bool = False) -> Program:
    """A program; ``large`` has arrays of more than 2¹⁶ elements. ``rng`` is a ``random.Random``, or Hypothesis's."""
    transform = "none" if rng.random() < 0.4 else rng.choice(list(TRANSFORMS)[1:])
    matrices = transform in ("jacobian", "jacfwd", "hessian")  # of derivatives: only for small arrays
    if large and matrices:
        transform = "grad"
    a, b = (257, 256) if large else (2, 2) if matrices else rng.choice([(3, 4), (2, 3), (3, 3), (1, 4), (5, 1), (0, 3)])
    shapes = [(a, b), (b,), (a, 1), (a,), (1, b), (), (b, a)] + [(2, a, b)] * (not large)
    dtype = "float32" if rng.random() < 0.15 else "float64"
    inputs = [Input("x0", dtype, rng.choice(shapes[:2] if large else shapes), rng.choice(list(LAYOUTS)))]
    for i in range(rng.randint(0, 3)):
        kind = rng.choice([dtype, dtype, dtype, "float64", "int64", "float", "int", "0-d"])
        shape = () if kind in ("float", "int", "0-d") else rng.choice(shapes)
        inputs.append(Input(f"x{i + 1}", kind, shape, rng.choice(list(LAYOUTS))))
    closed = [Input(f"a{i}", rng.choice([dtype, "int64"]), rng.choice(shapes[:5])) for i in range(rng.randint(0, 2))]
    variables, around = [dict(zip([x.name for x in each], make_values(each, 0))) for each in (inputs, closed)]
    writer = Writer(rng, variables, around, left_out(transform, large), 2**18 if large else 200)
    statements = writer.write(rng.randint(1, 5 if large else 14))
    packings = ["args"] * 4 + ["dict", *(["nested", "pair"] if len(inputs) > 1 else [])]
    result = random_result(rng, list(writer.variables), transform)
    return Program(tuple(inputs), statements, result, tuple(closed), rng.choice(packings), transform)


def left_out(transform: str, large: bool) -> frozenset[str]:
    """The kinds of statement that cannot be differentiated or batched, or take long for large arrays."""
    out = set()
    if transform not in ("none", "jit"):
        out |= {"numbers"}
    if "vmap" in transform:
        out |= {"blocks", "python"}
    if large:
        out |= {"blocks", "indexing", "python", "writes"}
    return frozenset(out)


def random_result(rng: Any, names: list[str], transform: str) -> str:
    late = names[-3:]
    forms = ["{0}", "{0}", "({0}, {1})", "[{0}, {1}, {2}]", "{{'a': {0}, 'b': ({1}, [{2}])}}"]
    if transform in ("none", "jit"):
        forms += ["({0}, None, 'text')", "({0}, {0})", "({1}, 1.5)"]
    return rng.choice(forms).format(rng.choice(late), rng.choice(late), rng.choice(names))


# Making them smaller


def smaller(program: Program) -> Any:
    """Programs with something left out of ``program``."""
    if program.transform != "none":
        yield replace(program, transform="none")
        if program.transform != "grad":
            yield replace(program, transform="grad")
    if program.packing != "args":
        yield replace(program, packing="args")
    for statements in shorter(program.statements):
        yield replace(program, statements=statements)
    for name in {part for part in program.result.replace("[", " ").replace("]", " ").split()}:
        name = name.strip("(){}',:")
        if name.isidentifier() and name != program.result:
            yield replace(program, result=name)
    for i in range(len(program.inputs) - 1, 0, -1):
        yield replace(program, inputs=program.inputs[:i] + program.inputs[i + 1:])
    if program.closed:
        yield replace(program, closed=())
    for i, each in enumerate(program.inputs):
        if each.layout != "C":
            yield replace(program, inputs=(*program.inputs[:i], each._replace(layout="C"), *program.inputs[i + 1:]))


def shorter(statements: list) -> Any:
    for i in reversed(range(len(statements))):
        before, each, after = statements[:i], statements[i], statements[i + 1:]
        if not (isinstance(each, str) and each.startswith("n_")):  # what ends a loop
            yield before + after
        if isinstance(each, Block):
            yield before + each.body + after
            if each.otherwise:
                yield before + each.otherwise + after
            for body in shorter(each.body):
                yield before + [each._replace(body=body)] + after
            for body in shorter(each.otherwise):
                yield before + [each._replace(otherwise=body)] + after


if __name__ == "__main__":
    from random_failures import main

    main()
