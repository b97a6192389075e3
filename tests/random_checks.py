"""Checks of random programs: ``jit`` gives what plain calls give, for any inputs in any order, and harms nothing."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from autodiff_trace import TracedValueError, jit, tree_leaves, tree_map
from autodiff_trace.compiler import PASSES
from autodiff_trace.compiler.jitted import JitWarning
from autodiff_trace.compiler.schedule import fusion
from autodiff_trace.testing import is_inexact
from compiled import assert_like, to_number
from random_programs import Program, make_values, pack, source, transformed

__all__ = ["DEFAULT", "Options", "check_program", "random_options"]


class Options(NamedTuple):
    """``passes``: names, None for all. ``tiny_blocks``: arrays of any size are computed in blocks of four elements."""

    passes: tuple[str, ...] | None
    tiny_blocks: bool

    @contextmanager
    def blocks(self) -> Iterator[None]:
        before = fusion.LARGE, fusion.BLOCK
        if self.tiny_blocks:
            fusion.LARGE, fusion.BLOCK = 9, 4  # arrays of no dimensions are never large
        try:
            yield
        finally:
            fusion.LARGE, fusion.BLOCK = before


DEFAULT = Options(None, False)


def random_options(rng: Any) -> Options:
    """All passes, none, or some; blocks as they are, or tiny ones."""
    tiny = rng.random() < 0.4
    if rng.random() < 0.5:
        return Options(None, tiny)
    share = rng.choice([0, 0.3, 0.7])
    return Options(tuple(name for name in PASSES if rng.random() < share), tiny)


ORDERS = ([0, 1, 0, 2, 1], [1, 0])


def check_program(program: Program, options: Options = DEFAULT, seed: int = 0) -> Counter:
    """Check a program. Raises AssertionError. Returns counts: of replays, traces, calls that raise an error."""
    counts: Counter = Counter()

    def compile(f):
        return jit(f) if options.passes is None else jit(f, passes=options.passes)

    eps = 1.2e-7 if any(each.kind == "float32" for each in (*program.inputs, *program.closed)) else 2.3e-16
    eps = 1.2e-7 if "float32" in source(program) else eps
    calls = [pack(program, make_values(program.inputs, seed + i)) for i in range(3)]
    with np.errstate(all="ignore"), options.blocks():
        for order in ORDERS:
            closed = tuple(make_values(program.closed, seed + 10))
            plain = transformed(program, closed, lambda f: f)
            compiled = compile(transformed(program, closed, compile))
            kept = []
            for i in order:
                found, expected = call(compiled, calls[i], counts), call(plain, calls[i])
                compare(found, expected, plain, calls[i], eps)
                check_memory(found, expected, (calls[i], closed))
                kept.append((found, copy_of(found)))
            for found, before in kept:
                assert_unchanged(found, before, "a result of an earlier call was changed by a later one")
            write_into([found for found, _ in kept], (calls, closed))
            with said("after its results were written to"):
                compare(call(compiled, calls[0], counts), call(plain, calls[0]), plain, calls[0], eps)
            for array in closed:
                if isinstance(array, np.ndarray) and array.dtype.kind == "f":
                    array *= -1.25
            with said("after the array around it was written to"):
                compare(call(compiled, calls[0], counts), call(plain, calls[0]), plain, calls[0], eps)
            info = compiled.cache_info()
            assert info.failures == 0, "jit has failed"
            if counts["refused"]:
                return counts
            assert info.eager == 0, "it ran without jit"
            assert info.hits + info.traces >= len(order) + 2 - counts["errors"], f"a replay failed: {info}"
            counts += Counter(hits=info.hits, traces=info.traces)
    return counts


def call(function: Callable, args: tuple, counts: Counter | None = None) -> Any:
    """What the function gives, or the type of the error that it raises. The arguments may not be changed."""
    before = copy_of(args)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", JitWarning)
            result = function(*args)
        for each in caught:
            assert "plain array" in str(each.message), str(each.message)
            counts["refused"] += 1
    except AssertionError:
        raise
    except Exception as error:
        if counts is not None:
            counts["errors"] += 1
            counts[f"{type(error).__name__}: {error}"[:80]] += 1
        result = error
    assert_unchanged(args, before, "an argument was written to")
    return result


def compare(found: Any, expected: Any, plain: Callable, args: tuple, eps: float) -> None:
    is_refusal = isinstance(expected, (TracedValueError, AttributeError))
    # (of an element of a plain array NumPy makes its own error)
    is_refusal = is_refusal or isinstance(getattr(expected, "__cause__", None), TracedValueError)
    if is_refusal and not is_error(found):
        return  # derivatives refuse to write into an argument that is plain; for jit all are traced, and have methods
    if is_error(found) or is_error(expected):
        if type(found) is not type(expected):
            raise AssertionError(f"{found!r} instead of {expected!r}")
        return
    # Where NumPy gives arrays of no dimensions, in-place operations on traced ones give numbers.
    found, expected = tree_map(to_number, found), tree_map(to_number, expected)
    try:
        assert_like(found, expected, eps)
    except AssertionError:
        assert_same_kind(found, expected)
        # Many steps may amplify what rounding does: how much, a change in the last digit of the inputs shows; what is
        # left of a difference of numbers around 1, as in 1 - tanh(x)**2, it does not show.
        rng = np.random.default_rng(0)
        near = [call(plain, tree_map(lambda x: last_digit_changed(x, eps, rng), args)) for _ in range(3)]
        if not all(distance(found, expected, i) <= 1e3 * max(distance(each, expected, i) for each in near) + 1e3 * eps
                   for i in range(len(tree_leaves(expected)))):
            raise


def assert_same_kind(found: Any, expected: Any) -> None:
    """Of the same structure, types, shapes and dtypes."""
    assert_like(*[tree_map(lambda x: to_number(np.nan_to_num(x) * 0) if is_inexact(x) else x, each)
                  for each in (found, expected)])


def last_digit_changed(x: Any, eps: float, rng: np.random.Generator) -> Any:
    if not is_inexact(x):
        return x
    changed = x * (1 + eps * rng.choice([-1, 1], np.shape(x)))
    return type(x)(changed) if not isinstance(x, np.ndarray) else changed.astype(x.dtype)


def distance(x: Any, y: Any, i: int) -> float:
    """Between the leaves number ``i`` of two results, as far as they are finite."""
    if is_error(x):
        return np.inf
    x, y = [np.asarray(tree_leaves(each)[i], dtype=np.float64) for each in (x, y)]
    if x.shape != y.shape:
        return np.inf
    with np.errstate(all="ignore"):
        return float(np.nanmax(np.abs(x - y), initial=0.0))


def check_memory(found: Any, expected: Any, others: Any) -> None:
    """Results share memory with each other and with ``others`` only where those of a plain call do."""
    if is_error(found) or is_error(expected):
        return
    mine, theirs = [arrays_in(tree_map(to_number, each)) for each in (found, expected)]
    for i, (x, y) in enumerate(zip(mine, theirs, strict=True)):
        assert x.flags.writeable or not y.flags.writeable, "a result cannot be written to"
        for j in range(i):
            if np.shares_memory(x, mine[j]):
                assert np.shares_memory(y, theirs[j]), "results share memory"
        if shares_memory([x], others):
            assert shares_memory([y], others), "a result shares memory with an argument"


def arrays_in(tree: Any) -> list[np.ndarray]:
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, np.ndarray)] if not is_error(tree) else []


def is_error(x: Any) -> bool:
    return isinstance(x, Exception)


def shares_memory(tree: Any, others: Any) -> bool:
    return any(np.shares_memory(x, y) for x in arrays_in(tree) for y in arrays_in(others))


def copy_of(tree: Any) -> Any:
    return tree if is_error(tree) else tree_map(lambda x: x.copy() if isinstance(x, np.ndarray) else x, tree)


def assert_unchanged(now: Any, before: Any, message: str) -> None:
    for x, y in zip(arrays_in(now), arrays_in(before), strict=True):
        assert x.tobytes() == y.tobytes(), message


def write_into(results: list, others: Any) -> None:
    """Write into the results that belong to the caller."""
    for x in arrays_in([result for result in results if not is_error(result)]):
        if x.flags.writeable and not shares_memory([x], others):
            x[...] = 77


@contextmanager
def said(when: str) -> Iterator[None]:
    try:
        yield
    except AssertionError as error:
        raise AssertionError(f"{when}: {error}") from error
