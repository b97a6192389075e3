"""Random programs for the native back end: of all dtypes, layouts and kinds of numbers, on data with special values."""

from __future__ import annotations

import random
import string
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from autodiff_trace import fori_loop, scan
from random_native_templates import AXES, KINDS, NAMES, NUMBERS
from random_statements import Writer, to_lines
from random_transforms import TRANSFORMS

__all__ = ["Case", "function_of", "random_case", "smaller_cases", "text_of", "values_of"]

SHAPES = [
    (), (0,), (1,), (2,), (3,), (4,), (5,), (7,), (8,), (9,), (17,), (127,), (128,), (129,), (1000,), (3, 4), (4, 3),
    (1, 5), (5, 1), (8, 8), (3, 0), (2, 3, 4), (16, 9), (130, 3), (2, 129), (1, 1), (3, 1, 2), (2, 2), (4, 1), (9, 17),
]  # fmt: skip
LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "C": lambda x: x,
    "F": np.asfortranarray,
    "strided": lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
    "reversed": lambda x: np.flip(np.flip(x).copy()),
    "broadcast": lambda x: np.broadcast_to(x[:1], x.shape),
    "swapped": lambda x: np.swapaxes(np.swapaxes(x, 0, -1).copy(), 0, -1),
    "unaligned": lambda x: unaligned(x),
    "readonly": lambda x: readonly(x),
}
DATA = ["tame", "tame", "tame", "coarse", "special", "zeros"]
SPECIAL = [0.0, -0.0, 1.0, -1.0, np.nan, np.inf, -np.inf, 1e-310, -1e-40, 3e38, 1e300, -1e308, 1e17, 0.5, 1e-200]
HANDLINGS: list[dict] = [{"all": "ignore"}, {"all": "ignore"}, {}, {"all": "raise"}, {"all": "warn"},
                         {"divide": "ignore"}, {"invalid": "raise"}]


def unaligned(x: np.ndarray) -> np.ndarray:
    room = np.zeros(x.nbytes + 1, np.uint8)
    view = room[1:].view(x.dtype).reshape(x.shape)
    view[...] = x
    return view


def readonly(x: np.ndarray) -> np.ndarray:
    x.flags.writeable = False
    return x


class Given(NamedTuple):
    """An argument: ``kind`` a dtype, "float", "int", "bool", "complex" of Python, or "0-d" and "scalar" of a dtype."""

    name: str
    kind: str
    dtype: str
    shape: tuple
    layout: str

    def value(self, rng: np.random.Generator, data: str) -> Any:
        x = numbers(self.shape, np.dtype(self.dtype), rng, data)
        if self.kind == "python":
            return x.item()
        if self.kind == "scalar":
            return x[()]
        return LAYOUTS[self.layout](x) if self.shape else x


def numbers(shape: tuple, dtype: np.dtype, rng: np.random.Generator, data: str) -> np.ndarray:
    size = int(np.prod(shape))
    with np.errstate(all="ignore"):
        if dtype.kind == "b":
            return (rng.random(shape) < (0.0 if data == "zeros" else 0.6)).reshape(shape)
        x = rng.normal(size=shape) * 2
        if data == "coarse" or dtype.kind in "iu":
            x = np.round(x)
        if data == "special":
            picked = rng.choice(SPECIAL, size=size).reshape(shape)
            x = np.where(rng.random(shape) < 0.5, picked, x)
            if dtype.kind in "iu":
                info = np.iinfo(dtype)
                some = np.array([info.min, info.max, 0, 1, info.max // 2], dtype)
                return np.where(rng.random(shape) < 0.5, rng.choice(some, size=size).reshape(shape),
                                np.nan_to_num(np.asarray(np.round(rng.normal(size=shape) * 20))).astype(dtype))
        if data == "zeros":
            x = np.where(rng.random(shape) < 0.7, 0.0, x)
        if dtype.kind == "u":
            x = np.abs(x)
        if dtype.kind == "c":
            other = numbers(shape, np.dtype(float), rng, data)
            return np.asarray(x + 0j * 0 if data == "zeros" else x + 1j * np.nan_to_num(other)).astype(dtype)
        return np.asarray(x).astype(dtype)


@dataclass(frozen=True)
class Case:
    """A program with what it is run on: one ``seed``, kind of data, and handling of errors for each call."""

    givens: tuple
    statements: list
    result: str
    transform: str = "none"
    calls: tuple = ()


def text_of(case: Case) -> str:
    names = ", ".join([each.name for each in case.givens])
    return "\n".join([f"def f({names}):", *to_lines(case.statements), f"    return {case.result}", ""])


def function_of(case: Case, np: Any) -> Callable:
    namespace = {"__name__": "random_program", "np": np, "scan": scan, "fori_loop": fori_loop}
    exec(text_of(case), namespace)
    return namespace["f"]


class NativeWriter(Writer):
    """Writes statements of these templates."""

    def line(self) -> list[str]:
        for _ in range(30):
            target = next(self.names)
            if self.expressions and self.rng.random() < 0.06:
                text = f"{target} = {self.rng.choice(self.expressions)}"
            else:
                kinds = [kind for kind in KINDS if kind not in self.leave_out]
                (kind,) = self.rng.choices(kinds, [KINDS[kind][1] for kind in kinds])
                text = self.fill(self.rng.choice(KINDS[kind][0]), target)
                if text is None:
                    continue
                if kind != "writes":
                    self.expressions.append(text)
                    text = f"{target} = {text}"
            if self.works(text, target):
                if text.count(f"{target} = ") == 1 and ("copy()" in text or "np.zeros" in text or "np.empty" in text):
                    self.writable.append(target)
                return text.split("; ")
        return []

    def fill(self, template: str, target: str = "") -> str | None:
        parts: list[str] = []
        values: dict[str, Any] = {}
        for literal, field, _form, conversion in string.Formatter().parse(template):
            parts.append(literal)
            if field is None:
                continue
            if field == "t":
                found = target
            elif field in values and field not in "cir":
                found = values[field]
            else:
                found = self.field(field, values)
                if found is None:
                    return None
                if not (field in "xywvmfi" and self.rng.random() < 0.5):
                    values[field] = found
                values["last"] = found if field in "xywvmfi" else values.get("last", found)
            parts.append(repr(found) if conversion == "r" else found)
        return "".join(parts)

    def field(self, field: str, values: dict) -> str | None:
        if field in NAMES:
            return self.rng.choice(NAMES[field])
        if field == "c":
            return self.rng.choice(NUMBERS)
        if field in "xyzwvmifo" and len(field) == 1:
            def fits(value: Any) -> bool:
                dtype, ndim = np.asarray(value).dtype, np.ndim(value)
                return {"w": ndim > 0, "v": ndim == 1, "m": ndim == 2, "i": dtype.kind in "iub",
                        "f": dtype.kind in "fc"}.get(field, True)

            names = [name for name in self.variables if fits(self.variables[name])]
            if field == "o":
                names = [name for name in names if name in self.writable]
            return self.rng.choice(names[len(names) // 2:] if self.rng.random() < 0.5 else names) if names else None
        shape = np.shape(self.variables[values["last"]])
        if field == "axes":
            return self.rng.choice(AXES)
        if field == "axis":
            return str(self.rng.randrange(-len(shape), len(shape))) if shape else None
        if field == "shape":
            return str(self.rng.choice([shape[::-1], (*shape, 1), (-1, *shape[:1]), (int(np.prod(shape)),), (2, -1)]))
        assert field == "index", field
        choices = ["0", "-1", ":", "1:", ":2", "::-1", "1:-1", "None", "::2", "...", "[0, -1]", "5:2", "::-2"]
        parts = [self.rng.choice(choices) for _ in shape] or ["..."]
        return ", ".join(parts[: self.rng.randint(1, len(parts))])

    def is_fit(self, value: Any) -> bool:
        if not isinstance(value, (np.ndarray, np.generic, int, float, complex)) or np.ndim(value) > 4:
            return False
        dtype = np.asarray(value).dtype
        return np.size(value) <= self.most_elements and dtype.kind in "biufc" and dtype.itemsize <= 16 and (
            dtype.char not in "eg")


def random_given(rng: random.Random, name: str, shapes: list, dtypes: list) -> Given:
    kind = rng.choices(["array", "python", "scalar", "0-d"], [8, 1, 0.7, 0.7])[0]
    dtype, shape = rng.choice(dtypes), rng.choice(shapes)
    if kind == "array":
        layout = rng.choice(list(LAYOUTS)) if rng.random() < 0.6 and shape else "C"
        return Given(name, kind, dtype, shape, layout)
    if kind == "python":
        dtype = rng.choice(["float64", "float64", "int64", "bool", "complex128"])
    return Given(name, kind, dtype, (), "C")


def related(rng: random.Random) -> list:
    """Shapes that go together, as a rule."""
    shape = rng.choice(SHAPES)
    found = [shape, shape, shape, ()]
    if shape:
        found += [shape[-1:], (1,) * len(shape), shape[:-1] + (1,), (1,) + shape[1:]]
    if len(shape) > 1:
        found += [shape[::-1], shape[1:]]
    return found + [rng.choice(SHAPES)]


def random_case(rng: random.Random) -> Case:
    transform = "none" if rng.random() < 0.75 else rng.choice(list(TRANSFORMS)[1:])
    small = transform in ("jacobian", "jacfwd", "hessian")
    shapes = [(2,), (), (3,), (2, 2)] if small else related(rng)
    most = rng.choice(NAMES["d"] + ["float64"] * 8 + ["float32"] * 4)
    dtypes = [most] * 4 + [rng.choice(NAMES["d"]), "float64"]
    if transform != "none":
        most = rng.choice(["float64", "float64", "float32", "complex128"])
        dtypes = [most]
    givens = [random_given(rng, f"x{i}", shapes, dtypes) for i in range(rng.randint(1, 4))]
    if transform != "none":
        givens[0] = Given("x0", "array", most if most != "complex128" else "float64", rng.choice(shapes), "C")
    seed = rng.randrange(10**6)
    data = ["tame", *(rng.choice(DATA) for _ in range(2))]
    calls = tuple([(seed + i, each, rng.choice(HANDLINGS) if i else HANDLINGS[0]) for i, each in enumerate(data)])
    variables = dict(zip([each.name for each in givens], values_of(givens, calls[0])))
    out = set() if transform in ("none", "jit") else {"conditions", "quiet"}
    writer = NativeWriter(rng, variables, {}, frozenset(out), 60 if small else 3000)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        statements = [line for _ in range(rng.randint(1, 9)) for line in writer.line()]
    late = list(writer.variables)[-4:]
    forms = ["{0}", "({0}, {1})", "({0}, {1}, {2})", "[{0}, {1}, {2}]", "{{'a': {0}, 'b': ({1}, [{2}])}}",
             "({0}, {0}, {1})", "({0}, {1}, 1.5, {2})", "({0}, {3}, {1})"]
    picks = [rng.choice(late) for _ in range(3)] + [rng.choice(list(writer.variables))]
    return Case(tuple(givens), statements, rng.choice(forms).format(*picks), transform, calls)


def values_of(givens: Any, call: tuple) -> list:
    rng = np.random.default_rng(call[0])
    return [each.value(rng, call[1]) for each in givens]


# Making them smaller


def smaller_cases(case: Case) -> Iterator[Case]:
    if case.transform != "none":
        yield replace(case, transform="none")
        if case.transform != "grad":
            yield replace(case, transform="grad")
    for i in reversed(range(len(case.statements))):
        yield replace(case, statements=case.statements[:i] + case.statements[i + 1:])
    for name in sorted({part.strip("(){}[]',:") for part in case.result.split()}):
        if name.isidentifier() and name != case.result and len(name) > 1:
            yield replace(case, result=name)
    for i in reversed(range(len(case.givens))):
        if len(case.givens) > 1:
            yield replace(case, givens=case.givens[:i] + case.givens[i + 1:])
    for i, each in enumerate(case.givens):
        def put(**new):
            return replace(case, givens=(*case.givens[:i], each._replace(**new), *case.givens[i + 1:]))  # noqa: B023

        if each.layout != "C":
            yield put(layout="C")
        if each.dtype != "float64" and each.kind != "python":
            yield put(dtype="float64")
        if each.kind == "array" and each.shape not in ((), (2,), (3,), (2, 3)):
            yield put(shape=(3,))
            if len(each.shape) == 2 and each.shape != (2, 3):
                yield put(shape=(2, 3))
    for i in range(len(case.calls)):
        if len(case.calls) > 1:
            yield replace(case, calls=case.calls[:i] + case.calls[i + 1:])
    for i, (seed, data, handling) in enumerate(case.calls):
        for new in ((seed, "tame", handling), (seed, data, {"all": "ignore"})):
            if new != case.calls[i]:
                yield replace(case, calls=(*case.calls[:i], new, *case.calls[i + 1:]))
