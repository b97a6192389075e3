"""``pad``, in each of its modes."""

import numpy as np
import pytest
from table import complex_rows, row, table_test

from autodiff_trace import grad, jvp, vjp
from autodiff_trace import numpy as anp
from autodiff_trace.core.errors import TracedValueError
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


def complex_normal(*shape):
    return normal(*shape) + 1j * normal(*shape)


PADDED = [
    row("pad", normal(3), 2),
    row("pad", normal(2, 3), ((1, 0), (0, 2))),
    row("pad", normal(2, 3), (1, 2), "constant"),
    row("pad", normal(2, 3), 1, constant_values=((1.0, 2.0), (3.0, 4.0))),
    row("pad", normal(0, 3), 1),
    row("pad", np.float64(2.0), 1),
    row("pad", normal(2, 3), ((2,), (1,)), "edge"),
    row("pad", normal(2, 3), 3, "linear_ramp", end_values=(1.0, -1.0)),
    row("pad", normal(2, 3), 3, "linear_ramp"),
    row("pad", normal(3), 5, "reflect"),
    row("pad", normal(3), (5, 7), "reflect", reflect_type="odd"),
    row("pad", normal(2, 1), 2, "reflect", reflect_type="odd"),
    row("pad", normal(2, 3), (5, 3), "symmetric"),
    row("pad", normal(2, 3), (7, 8), "symmetric", reflect_type="odd"),
    row("pad", normal(2, 3), (4, 5), "wrap"),
    row("pad", normal(2, 3), 1, "maximum"),
    row("pad", normal(3, 4), (2, 1), "minimum", stat_length=2),
    row("pad", normal(3, 4), ((2, 1), (0, 1)), "mean", stat_length=((1, 2), (3, 9))),
    row("pad", normal(3, 4), 1, "median"),
    row("pad", complex_normal(2), 1),
]

test_padded = table_test(PADDED)
test_complex = table_test(complex_rows(PADDED))


def test_pad_with_traced_values():
    x = normal(2, 3)
    for values in (np.float64(2.0), normal(2), normal(2, 2), normal(2, 1)):
        check_grads(lambda x, v: anp.pad(x, ((1, 2), (0, 3)), constant_values=v), x, values)
        check_grads(lambda x, v: anp.pad(x, ((1, 2), (0, 3)), "linear_ramp", end_values=v), x, values)
        traced = vjp(lambda v: anp.pad(x, ((1, 2), (0, 3)), constant_values=v), values)[0]
        np.testing.assert_array_equal(traced, np.pad(x, ((1, 2), (0, 3)), constant_values=values))
    check_grads(lambda x, v: anp.pad(x, 1, constant_values=[(v, 1.0), (2.0, v * v)]), x, 3.0)


@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("width", [(0, 1), (3, 0), (4, 9), (12, 11)])
def test_odd_reflections_as_numpy_has_them_however_wide(mode, size, width):
    x = rng.integers(-9, 9, size) * 1.0
    expected = np.pad(x, width, mode, reflect_type="odd")
    np.testing.assert_allclose(vjp(lambda x: anp.pad(x, width, mode, reflect_type="odd"), x)[0], expected)


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.2.0", reason="widths as a dict: since NumPy 2.2")
def test_pad_widths_by_axis():
    x = normal(2, 3)
    found = vjp(lambda x: anp.pad(x, {-1: (1, 2), 0: 1}), x)[0]
    np.testing.assert_array_equal(found, np.pad(x, {-1: (1, 2), 0: 1}))


def test_pad_refusals():
    x = normal(2)
    with pytest.raises(TracedValueError, match="pad: a function as mode="):
        grad(lambda x: anp.sum(anp.pad(x, 1, lambda *args: None)))(x)
    with pytest.raises(ValueError, match="mode 'mirror' is not supported"):
        grad(lambda x: anp.sum(anp.pad(x, 1, "mirror")))(x)
    with pytest.raises(ValueError, match="constant_values"):
        grad(lambda x: anp.sum(anp.pad(x, 1, "edge", constant_values=1.0)))(x)
    with pytest.raises(ValueError, match="negative"):
        grad(lambda x: anp.sum(anp.pad(x, -1)))(x)
    with pytest.raises(ValueError, match="empty axis 0"):
        grad(lambda x: anp.sum(anp.pad(x, 1, "edge")))(normal(0))


def test_pad_empty_leaves_the_gradient_of_the_inside():
    np.testing.assert_array_equal(grad(lambda x: anp.sum(anp.pad(x, 1, "empty")[1:-1]))(normal(2)), [1.0, 1.0])


@pytest.mark.parametrize("mode", ["reflect", "symmetric"])
@pytest.mark.parametrize("x", [[1.0, np.nan, -2.0], [1.0, 2.0, 1e17], [np.inf, 1.0, 2.0], [2.0, -3.0, np.inf]])
def test_odd_images_read_no_more_than_they_show(x, mode):
    def pad(x):
        return anp.pad(x, 2, mode, reflect_type="odd")

    x = np.array(x)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(jvp(pad, (x,), (x,))[0], pad(x))


@pytest.mark.parametrize("edge", [1e10, -1e200])
def test_a_ramp_ends_at_its_end_value(edge):
    x = np.array([edge, 1.0, edge])
    ramp = jvp(lambda x: anp.pad(x, 2, "linear_ramp", end_values=5.0), (x,), (x,))[0]
    assert (ramp[0], ramp[-1]) == (5.0, 5.0)
