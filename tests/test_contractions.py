"""Products that sum over an axis."""

import numpy as np
from table import row, table_test

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


ROWS = [
    row("matmul", normal(3, 4), normal(4, 2)),
    row("matmul", normal(3, 4), normal(4)),
    row("matmul", normal(4), normal(4, 2)),
    row("matmul", normal(4), normal(4)),
    row("matmul", normal(2, 3, 4), normal(4, 2)),
    row("matmul", normal(4), normal(5, 4, 2)),
    row("matmul", normal(5, 2, 4), normal(4)),
    row("matmul", normal(5, 1, 2, 4), normal(3, 4, 2)),
    row("dot", normal(3, 4), normal(4, 2)),
    row("dot", normal(4), normal(4)),
    row("dot", np.float64(2.0), normal(3)),
]

test_contractions = table_test(ROWS)
