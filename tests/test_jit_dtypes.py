"""``jit`` gives what the function gives, of all dtypes: the same types, dtypes, memory and digits."""

import numpy as np
import pytest

from autodiff_trace import grad, jit, numpy as anp
from jit_checks import assert_same

small, half = np.array([3, 200, 7], np.uint8), np.array([0.5, 0.25, 1.0], np.float16)
wide = np.array([0.5, 0.25, 1.0], np.longdouble) / 3


def copy_of_a_number(s):
    t = s.copy()
    u = t
    t += 1.0
    return t, u


def write_to_a_view_of_a_copied_number(s):
    t = s.copy()
    w = t[...]
    w *= 2
    return t, w


def add_to_a_swapped_number(x):
    y = x.copy()
    np.add(y, x, out=y)
    return y, x


CALLS = {
    "var of a number": (lambda x: anp.var(x), 3),
    "std of a number": (lambda x: anp.std(x), 0.5),
    "flip of a number": (lambda x: anp.flip(x), 3),
    "sign of a complex number": (lambda x: anp.sign(x), 3 - 4j),
    "angle of bools": (lambda x: anp.angle(x), np.array([True, False])),
    "nanmax of integers": (lambda x: anp.nanmax(x), np.array([2**60 + 1, 3])),
    "nanmin of bytes": (lambda x: anp.nanmin(x, 0), small),
    "nanmax of bools": (lambda x: anp.nanmax(x), np.array([True, False])),
    "nanvar of long doubles": (lambda x: anp.nanvar(x), wide),
    "var of some long doubles": (lambda x: anp.var(x, where=np.array([True, True, True])), wide),
    "nan_to_num of swapped bytes": (lambda x: anp.nan_to_num(x), np.array([1, 2], ">i4")),
    "nan_to_num of a number": (lambda x: anp.nan_to_num(x), 3),
    "edges of bytes": (lambda x: anp.histogram(x)[1], small),
    "edges of halves": (lambda x: anp.histogram(x)[1], half),
    "edges of singles": (lambda x: anp.histogramdd([x])[1][0], half.astype(np.float32)),
    "sort_complex of bytes": (lambda x: anp.sort_complex(x), small),
    "correlation of bools": (lambda x: anp.correlate(x, x), np.array([True, False])),
    "products of bools": (lambda x: anp.linalg.multi_dot([x, x, x]), np.array([[True, False], [True, True]])),
    "sum of bytes and more": (lambda x: anp.sum(x, initial=300), small),
    "sum of bools and more": (lambda x: anp.sum(x, initial=3), np.array([True, True])),
    "median of bytes": (lambda x: anp.median(x), np.array([250, 255, 1, 255], np.uint8)),
    "median of signed bytes": (lambda x: anp.nanmedian(x), np.array([127, 126], np.int8)),
    "padding with means": (lambda x: anp.pad(x, 1, mode="mean"), small),
    "padding with medians": (lambda x: anp.pad(x, 1, mode="median"), np.array([1, 3, 2, 2], ">i2")),
    "padding with a ramp": (lambda x: anp.pad(x, 49, mode="linear_ramp", end_values=150), small),
    "odd reflection": (lambda x: anp.pad(x, 4, mode="reflect", reflect_type="odd"), np.array([1.0, 3.0, 4.0], ">f8")),
    "common members": (lambda x: anp.intersect1d(x, np.array([7.0, 3.0])), small),
    "median of nothing": (lambda x: anp.median(x), np.empty((0, 3), np.float32)),
    "clip of bytes from above": (lambda x: anp.clip(x, None, 100), small),
    "copy": (copy_of_a_number, np.float64(3.0)),
    "copy of a half": (copy_of_a_number, np.float16(3.0)),
    "copy of a sum": (lambda x: copy_of_a_number(anp.sum(x)), half),
    "copy, and a larger one": (lambda x: anp.sum(x).copy() + x, half),
    "view of a copy": (write_to_a_view_of_a_copied_number, np.float64(3.0)),
    "swapped number": (add_to_a_swapped_number, np.array(3, ">i4")),
    "swapped float": (add_to_a_swapped_number, np.array(3.0, ">f8")),
}
if np.lib.NumpyVersion(np.__version__) >= "2.1.0":  # NumPy 2.0 takes no bounds beyond the dtype
    CALLS["clip of bytes"] = (lambda x: anp.clip(x, -1, 300), small)


@pytest.mark.filterwarnings("ignore:Mean of empty slice", "ignore:invalid value")
@pytest.mark.parametrize("name", CALLS)
def test_result_is_what_the_function_gives(name):
    function, arg = CALLS[name]
    compiled = jit(function)
    expected = function(arg)
    for _ in range(2):
        actual = compiled(arg)
        assert_same(actual, expected)
        if getattr(arg, "dtype", None) == np.longdouble:  # assert_same() compares to the digits of doubles
            assert abs(actual - expected) <= 4 * np.finfo(np.longdouble).eps * abs(expected)
    assert compiled.cache_info().eager == 0


def test_number_that_is_copied_is_no_array_in_derivatives():
    def function(x):
        s = anp.sum(x)
        t = s.copy()
        t += x  # an array from here on
        return anp.sum(t * s)

    x = np.array([1.0, 2.0])
    expected = 2 * (2 * np.sum(x)) + np.sum(x) + np.sum(x)  # of Σᵢ (s + xᵢ) s = 2 s² + s²
    np.testing.assert_allclose(grad(function)(x), np.full(2, expected))
    np.testing.assert_allclose(jit(grad(function))(x), np.full(2, expected))


def test_block_of_one_array_is_a_copy():
    x = np.ones(3)
    y = jit(anp.block)(x)
    y[0] = 7
    assert x[0] == 1
