"""The quick way to say that numbers are equal says nothing else."""

import numpy as np
import pytest

from equal_at_once import is_equal

A = np.arange(3.0)


@pytest.mark.parametrize("x, y, expected", [
    (A, A.copy(), True), (A, A.astype(np.float32), True), (A, A + 1e-15, False), (A, A[None], False), (A, 1.0, False),
    (np.full(2, np.nan), np.full(2, np.nan), False), (1.0, 1, True), (1.0, 1.1, False), (A.tolist(), A, False),
    (np.array(["a"]), np.array(["a"]), False), (np.ma.masked_array(A), np.ma.masked_array(A), False),
    (A[:0], A[:0], True), (A[:0], np.zeros((0, 2)), False),
])
def test_is_equal(x, y, expected):
    assert is_equal(x, y) is expected


def test_what_is_not_close_is_still_an_error():
    np.testing.assert_allclose(A + 1, A + 1 + 1e-9, rtol=1e-6)
    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        np.testing.assert_allclose(A + 1, A + 1 + 1e-3, rtol=1e-6)
