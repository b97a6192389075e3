"""Small matrices: systems, inverses and determinants of a few rows, by elimination written out number by number.

Rows are exchanged as LAPACK does it (G. Golub and C. Van Loan, "Matrix Computations", 3.4): the largest number of a
column divides. A stack of matrices is dealt with in vectors, one matrix a lane. Where a matrix is singular, but for
rounding, a byte says so, and NumPy's program runs, which raises what there is to raise; it also runs where something is
so large that it raises a floating-point flag, of which NumPy's functions say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...ir.node import Node
from .code import Expect
from .elementwise import Elementwise
from .indexed import note_truth
from .nest import Nest
from .places import Place
from .registers import Lanes, Value

if TYPE_CHECKING:
    from .translate import Translator

__all__ = ["MOST_COLUMNS", "MOST_ROWS", "eliminate_small"]

MOST_ROWS, MOST_COLUMNS = 4, 8

ROUNDING = 8 * np.finfo(float).eps
"""Times the largest number of its row, or column, below which what divides may be a zero that has been rounded."""

LEAST = 1e-290
"""What divides is larger: LAPACK computes with reciprocals, and some of smaller numbers are infinite."""


class Eliminated(NamedTuple):
    """The upper triangle, the other side, whether an odd number of rows was exchanged (None: nobody asks), and whether
    the matrix is regular beyond doubt."""

    rows: list[list[Value]]
    others: list[list[Value]]
    is_odd: Value | None
    is_regular: Value


def eliminate(lanes: Lanes, rows: list[list[Value]], others: list[list[Value]], careful: bool) -> Eliminated:
    """Gauss' elimination. ``careful``: divisors that are 0 are taken for 1, and exchanges are counted."""
    n = len(rows)
    rows, others = [list(row) for row in rows], [list(row) for row in others]
    zero, one = lanes.const(0, "d"), lanes.const(1, "d")
    columns = [largest(lanes, [row[k] for row in rows]) for k in range(n)]
    sizes = [largest(lanes, row) for row in rows]  # of the rows
    is_odd = lanes.const(False, "?") if careful else None
    is_regular = None
    for k in range(n):
        for r in range(k + 1, n):
            larger = lanes.compare("ogt", size(lanes, rows[r][k]), size(lanes, rows[k][k]))
            for table, first in ((rows, k), (others, 0)):
                for j in range(first, len(table[k])):
                    x, y = table[k][j], table[r][j]
                    table[k][j], table[r][j] = lanes.select(larger, y, x), lanes.select(larger, x, y)
            x, y = sizes[k], sizes[r]
            sizes[k], sizes[r] = lanes.select(larger, y, x), lanes.select(larger, x, y)
            if careful:
                is_odd = lanes.op("xor", is_odd, larger)
        pivot = rows[k][k]
        scale = lanes.select(lanes.compare("olt", sizes[k], columns[k]), sizes[k], columns[k])
        least = lanes.op("fadd", lanes.op("fmul", scale, lanes.const(ROUNDING, "d")), lanes.const(LEAST, "d"))
        fine = lanes.compare("ogt", size(lanes, pivot), least)
        is_regular = fine if is_regular is None else lanes.op("and", is_regular, fine)
        if careful:
            pivot = lanes.select(lanes.compare("oeq", pivot, zero), one, pivot)
        for r in range(k + 1, n):
            factor = lanes.op("fdiv", rows[r][k], pivot)
            for table, first in ((rows, k + 1), (others, 0)):
                for j in range(first, len(table[k])):
                    table[r][j] = lanes.op("fsub", table[r][j], lanes.op("fmul", factor, table[k][j]))
    return Eliminated(rows, others, is_odd, is_regular)


def size(lanes: Lanes, x: Value) -> Value:
    return lanes.intrinsic("fabs", x)


def largest(lanes: Lanes, numbers: Sequence[Value]) -> Value:
    found = size(lanes, numbers[0])
    for each in numbers[1:]:
        other = size(lanes, each)
        found = lanes.select(lanes.compare("ogt", other, found), other, found)
    return found


def solution(lanes: Lanes, rows: list[list[Value]], others: list[list[Value]]) -> list[Value]:
    """The solution of a system, row by row, and whether it has one."""
    found = eliminate(lanes, rows, others, False)
    n, width = len(rows), len(others[0])
    for k in reversed(range(n)):
        for j in range(width):
            total = found.others[k][j]
            for i in range(k + 1, n):
                total = lanes.op("fsub", total, lanes.op("fmul", found.rows[k][i], found.others[i][j]))
            found.others[k][j] = lanes.op("fdiv", total, found.rows[k][k])
    return [*[x for row in found.others for x in row], found.is_regular]


def inverse(lanes: Lanes, rows: list[list[Value]], others: list[list[Value]]) -> list[Value]:
    identity = [[lanes.const(i == j, "d") for j in range(len(rows))] for i in range(len(rows))]
    return solution(lanes, rows, identity)


def determinant(lanes: Lanes, rows: list[list[Value]], others: list[list[Value]]) -> list[Value]:
    """The determinant, and whether the product of what divides is a number like others."""
    found = eliminate(lanes, rows, others, True)
    product, zero = found.rows[0][0], lanes.const(0, "d")
    is_singular = lanes.compare("oeq", product, zero)
    for k in range(1, len(rows)):
        product = lanes.op("fmul", product, found.rows[k][k])
        is_singular = lanes.op("or", is_singular, lanes.compare("oeq", found.rows[k][k], zero))
    signed = lanes.select(found.is_odd, lanes.op("fneg", product), product)
    tiny = lanes.const(np.finfo(float).tiny / np.finfo(float).eps, "d")
    is_known = lanes.op("or", is_singular, lanes.compare("ogt", size(lanes, product), tiny))
    return [lanes.select(is_singular, zero, signed), is_known]


def cofactors(lanes: Lanes, rows: list[list[Value]], others: list[list[Value]]) -> list[Value]:
    """The signed determinants of what is left without a row and a column, of at most three rows."""
    n = len(rows)
    if n == 1:
        return [lanes.const(1, "d"), lanes.const(True, "?")]
    found = []
    for i, j in np.ndindex(n, n):
        # Cyclic indices have the signs of larger matrices; of two rows they are said.
        a, b = ([(i + k) % n for k in range(1, n)], [(j + k) % n for k in range(1, n)])
        if n == 2:
            x = rows[a[0]][b[0]]
            found.append(x if i == j else lanes.op("fneg", x))
            continue
        first = lanes.op("fmul", rows[a[0]][b[0]], rows[a[1]][b[1]])
        second = lanes.op("fmul", rows[a[0]][b[1]], rows[a[1]][b[0]])
        found.append(lanes.op("fsub", first, second))
    return [*found, lanes.const(True, "?")]


class Matrices(Nest):
    """Computes functions of the entries of matrices: the last truth that it gives is noted at ``flag``."""

    is_serial = True

    def __init__(self, stack: tuple[int, ...], reads: list[Place], function, outputs: list[Place], flag: Place) -> None:
        nodes = [Node(None, (), {}, None, "", "input") for _ in reads]
        results = [Node(None, (), {}, None, "", "call") for _ in range(len(outputs) + 1)]
        found: list[Value] = []

        def compute(lanes: Lanes, *values: Value) -> Value:
            found[:] = function(lanes, *values)
            return found[0]

        steps = [(results[0], Elementwise(tuple(nodes), "d" * len(nodes), compute))]
        steps += [(node, Elementwise((), "", lambda lanes, i=i: found[i])) for i, node in enumerate(results[1:], 1)]
        self.truth, self.is_one = results[-1], all(length == 1 for length in stack)
        self.flag = flag._replace(shape=stack, strides=(0,) * len(stack))
        if self.is_one:
            self.fixed_width = 1
        super().__init__(stack, steps, dict(zip(nodes, reads)).__getitem__, dict(zip(results, outputs)))

    def totals(self) -> list[Place]:
        return [self.flag]

    def finish_turn(self, names: list[str], values: dict[Node, Value], i: str, mask: str | None) -> None:
        note_truth(self.lanes, values[self.truth], names[-1], adds=not self.is_one)

    def about(self) -> str:
        return self.tell(["elimination"])


FUNCTIONS = {"solve": solution, "inv": inverse, "det": determinant, "minors": cofactors}


def eliminate_small(translator: Translator, name: str, a: Place, b: Place | None, target: Place) -> None:
    """The records of a function of stacks of matrices ``a``: "solve" (with the other side ``b``, whose last two axes
    are those of matrices), "inv", "det", or "minors", its gradient."""
    n = a.shape[-1]
    cores = 0 if name == "det" else 2
    stack = target.shape[:len(target.shape) - cores]
    a = a.broadcast(stack + a.shape[-2:])
    reads, width = entries(a, 2), 0
    if b is not None:
        width = b.shape[-1]
        reads += entries(b.broadcast(stack + b.shape[-2:]), 2)

    def function(lanes: Lanes, *values: Value) -> list[Value]:
        rows = [list(values[i * n:(i + 1) * n]) for i in range(n)]
        rest = values[n * n:]
        return FUNCTIONS[name](lanes, rows, [list(rest[i * width:(i + 1) * width]) for i in range(n)])

    flag = translator.temporary((), np.dtype(bool))
    if any(length != 1 for length in stack):
        translator.copy(translator.constant(np.array(True)), flag)
    translator.call(Matrices(stack, reads, function, entries(target, cores), flag).write())
    if name != "minors":
        translator.records.append(Expect(flag.at, True))


def entries(place: Place, cores: int) -> list[Place]:
    """The entries of matrices, row by row, each as a place of the stack's shape."""
    lead = (slice(None),) * (len(place.shape) - cores)
    return [place.index((*lead, *index)) for index in np.ndindex(place.shape[len(place.shape) - cores:])]
