"""Random programs on the native back end: do they do what they do on NumPy's, under any handling of errors?

With ``math="numpy"`` results have to be the same to the last bit; with ``math="own"`` they may differ by rounding. Types,
dtypes, shapes, strides, who shares memory with whom, warnings and errors have to be the same in both.
"""

from __future__ import annotations

import os
import random
import re
import string
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from autodiff_trace import fori_loop, jit, scan, tree_flatten, tree_map
from autodiff_trace import numpy as anp
from autodiff_trace.compiler import pipeline
from autodiff_trace.compiler.backends.native import back_end
from autodiff_trace.compiler.dispatch import native_programs
from random_native_templates import AXES, KINDS, NAMES, NUMBERS
from random_statements import Writer, to_lines
from random_transforms import TRANSFORMS

__all__ = ["Case", "check_case", "random_case", "smaller_cases", "text_of"]

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

DEBUG = bool(os.environ.get("AUTODIFF_TRACE_NATIVE_DEBUG"))
"""Whether results lie in memory that is watched, which is not theirs."""


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
        for literal, field, form, conversion in string.Formatter().parse(template):
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


# Checks


class Outcome(NamedTuple):
    result: Any
    error: BaseException | None
    said: list
    args: tuple


def outcome(function: Callable, case: Case, call: tuple) -> Outcome:
    args = tuple(values_of(case.givens, call))
    with warnings.catch_warnings(record=True) as caught, np.errstate(**call[2]):
        warnings.simplefilter("always")
        try:
            result, error = function(*args), None
        except Exception as raised:
            result, error = None, raised
    unchanged = tuple(values_of(case.givens, call))
    for x, y in zip(args, unchanged):
        assert not isinstance(x, np.ndarray) or x.tobytes() == y.tobytes(), "an argument was written to"
    return Outcome(result, error, [said(each) for each in caught], args)


def said(warning: Any) -> str:
    """A warning, without what tells one jitted function from another."""
    text = f"{warning.category.__name__}: {warning.message}"
    return re.sub(r"(, backend='\w+'|, math='\w+'|<jit \w+ \d+>)", "", text)


@contextmanager
def in_order() -> Iterator[None]:
    """NumPy's programs of regions are without the passes that add up in another order."""
    instead = pipeline.compile_instead
    pipeline.compile_instead = lambda program, passes, name: instead(program, ["dead code"], name)
    try:
        yield
    finally:
        pipeline.compile_instead = instead


@contextmanager
def by_numpy() -> Iterator[None]:
    """Regions are computed by their programs of NumPy's."""
    compile = back_end.Native.compile
    back_end.Native.compile = lambda self, program: lambda *args: None
    try:
        yield
    finally:
        back_end.Native.compile = compile


def check_case(case: Case, maths: tuple = ("numpy", "own")) -> Counter:
    """Check a program. Raises AssertionError. Returns counts."""
    counts: Counter = Counter()
    made = TRANSFORMS[case.transform](function_of(case, anp), lambda f: f)
    for math in maths:
        counts += check_with(case, made, math)
    return counts


@in_order()
def check_with(case: Case, made: Callable, math: str) -> Counter:
    counts: Counter = Counter()
    with by_numpy():
        instead = jit(made, backend="native", math=math)
        expected, again = ([outcome(instead, case, call) for call in case.calls] for _ in range(2))
    native_programs.said.clear()
    compiled = jit(made, backend="native", math=math)
    for turn in (expected, again):
        for call, want in zip(case.calls, turn):
            found = outcome(compiled, case, call)
            try:
                compare(found, want, math == "numpy", lambda *args: outcome_of(made, args, call))
            except AssertionError as error:
                when = "again" if turn is again else "first"
                raise AssertionError(f"{math}: {error} [call {case.calls.index(call)} {when}, {call}]") from None
    counts["calls"] += 6
    counts["errors"] += sum(each.error is not None for each in expected)
    return counts


def outcome_of(function: Callable, args: tuple, call: tuple) -> Any:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args)


SUMMED = "encountered in (reduce|dot|matmul|add)"


def compare(found: Outcome, want: Outcome, exactly: bool, plain: Callable) -> None:
    if failed := [each for each in found.said if "native back end has failed" in each]:
        raise AssertionError(f"warning {failed[0].partition('(')[2]}")
    if any(re.search(SUMMED, str(each)) for each in (found.error, want.error)):
        return
    if (type(found.error), str(found.error)) != (type(want.error), str(want.error)):
        raise AssertionError(f"{found.error!r} instead of {want.error!r}")
    # NumPy's programs add up by products, which say nothing.
    mine, theirs = ([each for each in one.said if not re.search(SUMMED, each)] for one in (found, want))
    if mine != theirs:
        raise AssertionError(f"warnings {mine} instead of {theirs}")
    if want.error is not None:
        return
    leaves, structure = tree_flatten(found.result)
    expected, expected_structure = tree_flatten(want.result)
    assert structure == expected_structure, f"{structure} instead of {expected_structure}"
    for x, y in zip(leaves, expected):
        same_form(x, y)
    for x, y in zip(leaves, expected):
        if exactly or np.asarray(y).dtype.kind not in "fc":
            same_bits(x, y, exactly)
    arrays, theirs = [[x for x in each if isinstance(x, np.ndarray)] for each in (leaves, expected)]
    for i, (x, y) in enumerate(zip(arrays, theirs)):
        for j in range(i):
            assert np.shares_memory(x, arrays[j]) == np.shares_memory(y, theirs[j]), "who shares memory with whom"
            assert (x is arrays[j]) == (y is theirs[j]), "which are the same"
        for a, b in zip(found.args, want.args):
            if isinstance(a, np.ndarray):
                assert np.shares_memory(x, a) == np.shares_memory(y, b), "memory of an argument"
                assert (x is a) == (y is b), "which is the argument"
    if not exactly:
        close(leaves, expected, want, plain)


def same_form(x: Any, y: Any) -> None:
    assert type(x) is type(y), f"{type(x).__name__} instead of {type(y).__name__}"
    if not isinstance(y, (np.ndarray, np.generic)):
        return
    assert (x.shape, x.dtype) == (y.shape, y.dtype), f"{x.dtype}{x.shape} instead of {y.dtype}{y.shape}"
    if isinstance(y, np.ndarray):
        if y.size:
            mine, theirs = ([s for n, s in zip(each.shape, each.strides) if n > 1] for each in (x, y))
            assert mine == theirs, f"strides {x.strides} instead of {y.strides}"
        assert x.flags.writeable == y.flags.writeable, "whether it can be written to"
        assert x.flags.owndata or not y.flags.owndata or DEBUG, "whether it owns its data"


def same_bits(x: Any, y: Any, exactly: bool) -> None:
    x, y = (np.atleast_1d(np.array(each)) for each in (x, y))
    if x.dtype.kind == "c":
        x, y = (np.stack([each.real, each.imag], axis=-1) for each in (x, y))
    if x.dtype.kind != "f":
        same = x == y
    else:
        bits = np.uint32 if x.dtype.itemsize == 4 else np.uint64
        both = np.isnan(x) & np.isnan(y)
        same = both | (x.copy().view(bits) == y.copy().view(bits))
    if exactly or x.dtype.kind == "b":
        if not np.all(same):
            where = np.argwhere(~same)[0]
            raise AssertionError(f"{x[tuple(where)]!r} instead of {y[tuple(where)]!r} at {where} of {x.shape}")


def close(leaves: list, expected: list, want: Outcome, plain: Callable) -> None:
    """Equal but for rounding, by as much as a change in the last digits of the arguments makes."""
    if all(is_near(x, y, 1e-13, 1e-5) for x, y in zip(leaves, expected)):
        return
    rng = np.random.default_rng(0)
    others = [tree_flatten(plain(*[nudged(x, rng) for x in want.args]))[0] for _ in range(4)]
    for i, (x, y) in enumerate(zip(leaves, expected)):
        dtype = np.asarray(y).dtype
        if dtype.kind not in "fc" or is_near(x, y, 1e-13, 1e-5):
            continue
        apart = [distance(other[i], y) for other in others]
        if not any(apart):
            continue  # of whole numbers alone, which are not nudged
        mine = distance(x, y)
        eps = 1e-5 if any(np.asarray(each).dtype.itemsize in (4, 8) and np.asarray(each).dtype.char in "fF"
                          for each in (*expected, *want.args)) else 1e-12
        if not mine <= 1e3 * max(apart) + eps:
            raise AssertionError(f"far away: {mine} ({apart})")


def nudged(x: Any, rng: np.random.Generator) -> Any:
    dtype = np.asarray(x).dtype
    if dtype.kind not in "fc":
        return x
    eps = 1.2e-7 if dtype.char in "fF" else 2.3e-16
    with np.errstate(all="ignore"):
        changed = x * (1 + eps * rng.choice([-1.0, 1.0], np.shape(x)))
    return changed.astype(x.dtype) if isinstance(x, np.ndarray) else type(x)(changed)


def distance(x: Any, y: Any) -> float:
    x, y = (np.asarray(each).astype(np.complex128) for each in (x, y))
    if x.shape != y.shape:
        return np.inf
    with np.errstate(all="ignore"):
        apart = np.abs(x - y) / (1e-3 * np.nanmax(np.abs(y), initial=0.0) + np.abs(y) + 1e-300)
    odd = np.isfinite(x) != np.isfinite(y)
    return np.inf if odd.any() else float(np.nanmax(np.where(np.isfinite(y), apart, 0.0), initial=0.0))


def is_near(x: Any, y: Any, double: float, single: float) -> bool:
    x, y = np.asarray(x), np.asarray(y)
    if y.dtype.kind not in "fc":
        return bool(np.all(x == y))
    rtol = single if y.dtype.char in "fF" else double
    with np.errstate(all="ignore"):
        return bool(np.all(np.isclose(x, y, rtol=rtol, atol=0, equal_nan=True)))


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


def failure(case: Case) -> str:
    try:
        check_case(case)
    except Exception as error:
        return " ".join(f"{type(error).__name__}: {error}".split())[:400]
    return ""


def minimal(case: Case) -> tuple[Case, str]:
    kind = failure(case)
    progress = True
    while progress:
        progress = False
        for candidate in smaller_cases(case):
            text = failure(candidate)
            if text and text[:35] == kind[:35]:
                case, kind, progress = candidate, text, True
                break
    return case, kind


def main() -> None:
    import argparse
    import time

    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--most", type=int, default=10)
    parser.add_argument("--progress", default="")
    chosen = parser.parse_args()
    start, kinds, totals = time.perf_counter(), Counter(), Counter()
    for number in range(chosen.seed, chosen.seed + chosen.count):
        if chosen.progress:
            with open(chosen.progress, "w") as file:
                file.write(f"{number} {sum(kinds.values())}")
        case = random_case(random.Random(number))
        try:
            totals += check_case(case, (("numpy", "own")[number % 2],))
        except Exception as error:
            kind = " ".join(f"{type(error).__name__}: {error}".split())[:60]
            kinds[kind] += 1
            if kinds[kind] == 1:
                small, text = minimal(case)
                print(f"\n--- {number}: {text}\n{text_of(small)}{small.givens}\n{small.transform} {small.calls}", flush=True)
            if len(kinds) >= chosen.most:
                break
    print(f"{sum(kinds.values())} of {number - chosen.seed + 1} failed, {time.perf_counter() - start:.0f} s; {dict(totals)}")
    for kind, count in kinds.most_common():
        print(f"{count} × {kind}")


if __name__ == "__main__":
    main()
