"""Checks of random programs on the native back end: do they do what they do on NumPy's, under any handling of errors?

With ``math="numpy"`` results have to be the same to the last bit; with ``math="own"`` they may differ by rounding.
Types, dtypes, shapes, strides, who shares memory with whom, warnings and errors have to be the same in both.
``python -m tests.random_native_checks --count 5000 --seed 0`` makes and checks programs, and prints those that fail,
made small; with ``AUTODIFF_TRACE_NATIVE_DEBUG=before`` and ``=after`` accesses out of bounds end the process.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from autodiff_trace import jit, tree_flatten  # noqa: E402
from autodiff_trace import numpy as anp  # noqa: E402
from autodiff_trace.compiler import pipeline  # noqa: E402
from autodiff_trace.compiler.backends.native import back_end  # noqa: E402
from autodiff_trace.compiler.dispatch import native_programs  # noqa: E402
from random_native import Case, function_of, random_case, smaller_cases, text_of, values_of  # noqa: E402
from random_transforms import TRANSFORMS  # noqa: E402

__all__ = ["check_case", "minimal"]

DEBUG = bool(os.environ.get("AUTODIFF_TRACE_NATIVE_DEBUG"))
"""Whether results lie in memory that is watched, which is not theirs."""


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
    return re.sub(r"(, backend='\w+'|, math='\w+'|<autodiff_trace jit \w+ \d+>)", "", text)


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
                print(f"\n--- {number}: {text}\n{text_of(small)}{small.givens}")
                print(f"{small.transform} {small.calls}", flush=True)
            if len(kinds) >= chosen.most:
                break
    seconds = time.perf_counter() - start
    print(f"{sum(kinds.values())} of {number - chosen.seed + 1} failed, {seconds:.0f} s; {dict(totals)}")
    for kind, count in kinds.most_common():
        print(f"{count} × {kind}")


if __name__ == "__main__":
    main()
