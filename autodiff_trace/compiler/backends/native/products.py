"""Products of small matrices, as loops whose sums stay in registers: the call of a BLAS takes longer than they do.

Each element is the sum over k, one term after the other, each product and sum rounded once, as BLAS kernels do it.
"""

from __future__ import annotations

from collections.abc import Callable

from .access import load, load_one, store
from .counting import write_loop
from .places import Place, collapse
from .registers import Lanes, Lines, Value
from .units import Unit

__all__ = ["SmallProduct", "is_small"]

MOST = 2**14
"""Products of two numbers in one of matrices up to which a BLAS is slower."""

MOST_APART = 2**10
"""The same where the numbers that a vector takes are not next to one another."""

ROWS, VECTORS = 4, 2
"""Of the block of the result that is in registers."""


def is_small(x: Place, y: Place) -> bool:
    """Whether a product of two matrices (or of stacks of them) is so small, and of floating-point numbers."""
    (m, k), n = x.shape[-2:], y.shape[-1]
    if x.dtype.char not in "fd" or m * k * n > MOST:
        return False
    is_packed = y.strides[-1] == y.dtype.itemsize or x.strides[-2] == x.dtype.itemsize
    return is_packed or m * k * n <= MOST_APART


class SmallProduct:
    """Writes the unit of ``target = x @ y``, each with two axes, after those of a stack."""

    def __init__(self, x: Place, y: Place, target: Place) -> None:
        turned = [each._replace(shape=(*each.shape[:-2], each.shape[-1], each.shape[-2]),
                                strides=(*each.strides[:-2], each.strides[-1], each.strides[-2]))
                  for each in (y, x, target)]
        if cost(x, y, target) > cost(*turned):  # the vectors go down the columns
            x, y, target = turned
        self.places = [x, y, target]
        stack = target.shape[:-2]
        self.char = target.dtype.char
        self.lengths, self.strides = collapse(
            stack, [each.broadcast(stack + each.shape[-2:]).strides[:-2] for each in self.places])
        (self.m, self.k), self.n = x.shape[-2:], y.shape[-1]
        self.lines = Lines()
        full = 64 // target.dtype.itemsize
        self.width = next((width for width in (2, 4, 8, 16) if width >= min(self.n, full)), full)
        self.lanes = Lanes(self.lines, self.width)

    def write(self) -> Unit:
        names = self.lines.load_frame(3)
        self.outer(0, names)
        stop = self.lengths[0] if self.lengths else 1
        sizes = " x ".join(map(str, (*self.lengths, self.m, self.k, self.n)))
        return Unit(self.lines.as_unit(), self.places, 0, stop, 1 if self.lengths else 0, self.lines, f"matmul {sizes}")

    def outer(self, axis: int, names: list[str]) -> None:
        """The loops over a stack."""
        if axis == len(self.lengths):
            self.matrix(names)
            return

        def turn(i: str) -> None:
            self.outer(axis + 1, [self.moved(name, i, each[axis]) for name, each in zip(names, self.strides)])

        write_loop(self.lines, "%start" if axis == 0 else "0", "%stop" if axis == 0 else str(self.lengths[axis]), 1,
                   turn)

    def moved(self, name: str, i: str, stride: int) -> str:
        distance = self.lines.emit(f"mul i64 {i}, {stride}")
        return self.lines.emit(f"getelementptr i8, ptr {name}, i64 {distance}")

    def matrix(self, names: list[str]) -> None:
        """One product: blocks of rows, and of vectors of columns."""
        whole = self.m - self.m % ROWS
        self.repeat(whole, ROWS, lambda i: self.rows(names, i, ROWS))
        if self.m % ROWS:
            self.rows(names, str(whole), self.m % ROWS)

    def repeat(self, stop: int, step: int, turn: Callable[[str], None]) -> None:
        """A loop of any number of turns; of one none is written."""
        if stop == step:
            turn("0")
        elif stop > 0:
            write_loop(self.lines, "0", str(stop), step, turn)

    def rows(self, names: list[str], i: str, count: int) -> None:
        block = VECTORS * self.width
        whole = self.n - self.n % block
        self.repeat(whole, block, lambda j: self.block(names, i, j, count, VECTORS, None))
        start, rest = whole, self.n % block
        if rest >= self.width:
            self.block(names, i, str(start), count, 1, None)
            start, rest = start + self.width, rest - self.width
        if rest:
            lanes = ", ".join(f"i1 {str(lane < rest).lower()}" for lane in range(self.width))
            self.block(names, i, str(start), count, 1, f"<{lanes}>")

    def block(self, names: list[str], i: str, j: str, rows: int, vectors: int, mask: str | None) -> None:
        """The sums for some rows and vectors."""
        x, y, target = self.places
        lines, lanes, char = self.lines, self.lanes, self.char
        left = [self.moved(self.moved(names[0], i, x.strides[-2]), str(row), x.strides[-2]) for row in range(rows)]
        right = self.moved(names[1], j, y.strides[-1])

        def turn(k: str, *sums: str) -> list[str]:
            at = self.moved(right, k, y.strides[-2])
            columns = [load(lanes, self.moved(at, str(v * self.width), y.strides[-1]), y.strides[-1], char, mask)
                       for v in range(vectors)]
            found = []
            for row in range(rows):
                number = load_one(lanes, self.moved(left[row], k, x.strides[-1]), char)
                for v in range(vectors):
                    total = Value(sums[row * vectors + v], char)
                    found.append(lanes.intrinsic("fma", number, columns[v], total).name)
            return found

        kind, zero = lanes.type(char), lanes.const(0, char).name
        sums = write_loop(lines, "0", str(self.k), 1, turn, [(kind, zero)] * (rows * vectors))
        for row in range(rows):
            start = self.moved(self.moved(self.moved(names[2], i, target.strides[-2]), str(row), target.strides[-2]),
                               j, target.strides[-1])
            for v in range(vectors):
                to = self.moved(start, str(v * self.width), target.strides[-1])
                store(lanes, Value(sums[row * vectors + v], char), to, target.strides[-1], mask)


def cost(x: Place, y: Place, target: Place) -> int:
    """What speaks against vectors along the rows of ``y``: columns that are apart, and few of them."""
    size = target.dtype.itemsize
    apart = sum(each.strides[-1] != size and each.shape[-1] > 1 for each in (y, target))
    vectors = -(-target.shape[-1] * size // 64)
    return (1 + 4 * apart) * target.shape[-2] * vectors
