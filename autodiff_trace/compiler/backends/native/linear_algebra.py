"""Linear algebra: NumPy's own loops around the routines of LAPACK, by pointer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ....numpy import lapack
from ....numpy.recursive_linalg import UNDIVIDED
from ....numpy.rules import determinants, factorizations
from ...ir.node import Node, spec_at
from ...ir.spec import Spec
from .alone import alone, in_memory
from .code import Flags, UfuncCall
from .places import Place, collapse
from .small_matrices import MOST_COLUMNS, MOST_ROWS, eliminate_small

if TYPE_CHECKING:
    from .translate import Translator

__all__ = ["add_stacked"]

#: NumPy computes single precision in double precision, too.
WIDE = {"f": "d", "d": "d", "F": "D", "D": "D"}

#: Of a matrix that has no solution the loop says that something is invalid, whatever else it has come across, and
#: NumPy raises an error.
FAILING = frozenset({"over", "divide", "under"}), frozenset({"invalid"})


def is_matrix(spec: Spec) -> bool:
    """Whether these are square matrices of which the library's functions call a routine as they are."""
    return (spec.is_array and spec.ndim >= 2 and spec.dtype is not None and spec.dtype.char in WIDE and spec.size > 0
            and 0 < spec.shape[-1] == spec.shape[-2] <= UNDIVIDED)


def add_stacked(
    translator: Translator, ufunc: str, types: str, places: Sequence[Place], cores: Sequence[int],
    sizes: tuple[int, ...], failing: bool = False,
) -> None:
    """The record of a loop over stacks of matrices: ``cores`` says how many of the last axes of each operand the ufunc
    takes, ``sizes`` how long those of its signature are."""
    stack = np.broadcast_shapes(*[place.shape[:len(place.shape) - core] for place, core in zip(places, cores)])
    broadcast = [place.broadcast(stack + place.shape[len(place.shape) - core:]) for place, core in zip(places, cores)]
    lengths, strides = collapse(stack, [place.strides[:len(stack)] for place in broadcast])
    if not lengths:
        lengths, strides = [1], [[0]] * len(places)
    inner = [stride for place in broadcast for stride in place.strides[len(stack):]]
    record = UfuncCall(
        f"umath_linalg.{ufunc}", types, tuple([place.at for place in places]), (lengths[-1], *sizes),
        (*[each[-1] for each in strides], *inner), tuple(lengths[:-1]), tuple([tuple(each[:-1]) for each in strides]))
    # The loop clears the flags that were raised before.
    translator.records.append(Flags(*(FAILING if failing else (frozenset(), frozenset())), (record,)))


def call_stacked(
    translator: Translator, step: Node, ufunc: str, args: Sequence, cores: Sequence[int], sizes: tuple[int, ...],
    failing: bool = False,
) -> None:
    """A loop with one result, of operands cast to the dtype that it computes in."""
    target = translator.allocate(step)
    if translator.own and is_small(step):
        first, *others = [in_memory(translator, arg, spec_at(arg).dtype.char) for arg in args]
        column = [each.insert(len(each.shape)) for each in others] if cores[1:2] == (1,) else others
        name = "solve" if others else ufunc
        result = target.insert(len(target.shape)) if cores[1:2] == (1,) else target
        eliminate_small(translator, name, first, column[0] if column else None, result)
        return
    char = WIDE[target.dtype.char]
    sources = [in_memory(translator, arg, char) for arg in args]
    result = target if target.dtype.char == char else translator.temporary(target.shape, np.dtype(char))
    add_stacked(translator, ufunc, f"{char * len(sources)}->{char}", [*sources, result], cores, sizes, failing)
    if result is not target:
        translator.copy(result, target)


def is_small(step: Node) -> bool:
    """Whether a function is of matrices that are dealt with number by number."""
    a, *others = map(spec_at, step.args)
    return (step.function is not factorizations.lower_factor.fun and step.spec.dtype.char in "fd"
            and a.shape[-1] <= MOST_ROWS and all(each.ndim < 2 or each.shape[-1] <= MOST_COLUMNS for each in others)
            and all(each.dtype.char in "fd" for each in (a, *others)))


def is_of_matrix(step: Node) -> bool:
    spec = spec_at(step.args[0])
    return len(step.args) == 1 and is_matrix(spec) and step.spec.dtype == spec.dtype


@alone(lapack.inv, determinants.inverse.fun, when=is_of_matrix)
def invert(translator: Translator, step: Node) -> None:
    call_stacked(translator, step, "inv", step.args, (2, 2), step.spec.shape[-1:], failing=True)


@alone(factorizations.lower_factor.fun, when=is_of_matrix)
def factorize(translator: Translator, step: Node) -> None:
    call_stacked(translator, step, "cholesky_lo", step.args, (2, 2), step.spec.shape[-1:], failing=True)


@alone(lapack.det, when=is_of_matrix)
def determinant(translator: Translator, step: Node) -> None:
    call_stacked(translator, step, "det", step.args, (2, 0), spec_at(step.args[0]).shape[-1:])


def has_few_minors(step: Node) -> bool:
    return is_of_matrix(step) and step.spec.dtype.char in "fd" and step.spec.shape[-1] <= 3


@alone(determinants.minors.fun, when=has_few_minors, own_only=True)
def minors(translator: Translator, step: Node) -> None:
    """The gradient of a determinant."""
    a = in_memory(translator, step.args[0], step.spec.dtype.char)
    eliminate_small(translator, "minors", a, None, translator.allocate(step))


def is_system(step: Node) -> bool:
    if len(step.args) != 2:
        return False
    a, b = map(spec_at, step.args)
    if not is_matrix(a) or not b.is_array or not b.size or b.dtype is None or b.dtype.char not in WIDE or (
            np.result_type(a.dtype, b.dtype) != step.spec.dtype):
        return False
    return b.shape == a.shape[-1:] or b.ndim >= 2 and b.shape[-2] == a.shape[-1] and (
        step.spec.shape == np.broadcast_shapes(a.shape[:-2], b.shape[:-2]) + b.shape[-2:])


@alone(lapack.solve, when=is_system)
def solve(translator: Translator, step: Node) -> None:
    n, b = spec_at(step.args[0]).shape[-1], spec_at(step.args[1])
    if b.ndim == 1:
        call_stacked(translator, step, "solve1", step.args, (2, 1, 1), (n,), failing=True)
    else:
        call_stacked(translator, step, "solve", step.args, (2, 2, 2), (n, b.shape[-1]), failing=True)


def call_with_results(
    translator: Translator, step: Node, ufunc: str, types: str, cores: Sequence[int], size: int, failing: bool,
) -> None:
    """A loop of one matrix with several results. Those that nobody reads are written all the same."""
    source = in_memory(translator, step.args[0], types[0])
    readers: dict[int, list[Node]] = {}
    for each in translator.results(step):
        readers.setdefault(each.args[1] % len(step.spec.items), []).append(each)
    results, copies = [], []
    for i, (spec, char) in enumerate(zip(step.spec.items, types.partition("->")[2])):
        targets = [translator.allocate(each) for each in readers.get(i, ())]
        if targets and targets[0].dtype.char == char:
            result, *targets = targets
        else:
            result = translator.temporary(spec.shape, np.dtype(char))
        results.append(result)
        copies += [(result, target) for target in targets]
    add_stacked(translator, ufunc, types, [source, *results], cores, (size,), failing)
    for result, target in copies:
        translator.copy(result, target)


def gives(step: Node, *chars: str) -> bool:
    """Whether the results of a step have these dtypes."""
    items = step.spec.items
    return len(items) == len(chars) and all(
        each.dtype is not None and each.dtype.char == char for each, char in zip(items, chars))


def parts_char(char: str) -> str:
    return {"F": "f", "D": "d"}.get(char, char)


def has_determinants(step: Node) -> bool:
    spec = spec_at(step.args[0])
    return len(step.args) == 1 and is_matrix(spec) and gives(step, spec.dtype.char, parts_char(spec.dtype.char))


@alone(lapack.slogdet, when=has_determinants)
def logarithm_of_determinant(translator: Translator, step: Node) -> None:
    spec = spec_at(step.args[0])
    char = WIDE[spec.dtype.char]
    types = f"{char}->{char}{parts_char(char)}"
    call_with_results(translator, step, "slogdet", types, (2, 0, 0), spec.shape[-1], False)
