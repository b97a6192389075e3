"""``y += x`` of a plain array and a traced value: a traced array where nobody else holds ``y``, else an error."""

import functools
import operator

import numpy as np
import pytest
from autodiff_trace import grad, hessian, jvp, numpy as anp, vmap
from autodiff_trace import TracedValueError
from autodiff_trace.numpy.rebinding import COUNTS_TELL, rebinds_shared

pytestmark = pytest.mark.skipif(not COUNTS_TELL, reason="reference counts do not tell who holds an array")

X = np.array([1.5, 2.0, 3.0])
SQUARE = np.array([[1.0, 0.5], [0.25, 2.0]])


def in_place(x):
    y = np.full((2, 2), 3.0)
    y += x
    z = np.full((2, 2), 2.0)
    z **= x
    w = np.eye(2) * 5
    w @= x
    z -= x
    w *= y
    w /= z
    v = np.full((2, 2), 7.0)
    v %= x
    return anp.sum(w * v)


def out_of_place(x):
    y, z, w, v = 3.0 + x, 2.0**x, (np.eye(2) * 5) @ x, 7.0 % x
    return anp.sum(w * y / (z - x) * v)


def test_the_name_becomes_a_traced_array():
    np.testing.assert_allclose(grad(in_place)(SQUARE), grad(out_of_place)(SQUARE), rtol=1e-13)
    np.testing.assert_allclose(hessian(in_place)(SQUARE), hessian(out_of_place)(SQUARE), rtol=1e-12)
    np.testing.assert_allclose(
        jvp(in_place, (SQUARE,), (SQUARE,)), jvp(out_of_place, (SQUARE,), (SQUARE,)), rtol=1e-13)
    np.testing.assert_allclose(vmap(in_place)(np.stack([SQUARE] * 2)), [out_of_place(SQUARE)] * 2, rtol=1e-13)


def test_two_levels():
    f = lambda y, g: grad(lambda x: g(x * y))(SQUARE)[0].sum()  # noqa: E731
    np.testing.assert_allclose(grad(lambda y: f(y, in_place))(1.3), grad(lambda y: f(y, out_of_place))(1.3), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shape_and_dtype_are_those_of_the_array(dtype):
    def f(x):
        y = np.ones((2, 3), dtype)
        y += x
        assert y.shape == (2, 3) and y.dtype == dtype
        total = np.zeros((), dtype)
        total += y[0, 1]
        assert total.ndim == 0 and total.dtype == dtype
        return total * anp.sum(y)

    assert grad(f)(X).tolist() == [6.0, 25.0, 6.0]


def test_the_new_array_can_be_written_to():
    def f(x):
        y = np.zeros(3)
        y += x
        y[0] = x[1] * x[2]
        return anp.sum(y * y)

    assert grad(f)(X).tolist() == [0.0, 2 * 6 * 3 + 4, 2 * 6 * 2 + 6]


class Holder:
    def __init__(self):
        self.total = np.zeros(3)


def test_whatever_holds_the_array_is_bound_anew():
    def f(x):
        holder, table = Holder(), {"total": np.zeros(3)}
        holder.total += x
        table["total"] -= x * x
        return anp.sum(operator.iadd(np.ones(6)[::2], x) * holder.total * table["total"])

    np.testing.assert_allclose(grad(f)(X), -3 * X**2 - 4 * X**3)


SHARED = {
    "a second name": lambda x, y, also: operator.iadd(y, x),
    "a view": lambda x, y, also: operator.iadd(y[1:2], x),
    "an item": lambda x, y, also: operator.setitem(y, 0, operator.iadd(y[0:1], x)),
    "a list": lambda x, y, also: functools.reduce(operator.iadd, [x], also[0]),
    "out=": lambda x, y, also: np.add(y, x, out=y),
}


@pytest.mark.parametrize("name", SHARED)
def test_an_array_that_others_hold_is_not_changed(name):
    kept = np.ones(3)

    def f(x):
        return anp.sum(SHARED[name](x, kept, [kept]))

    with pytest.raises(TracedValueError, match=r"write y = y \+ x instead of y \+= x"):
        grad(f)(X)
    assert kept.tolist() == [1.0, 1.0, 1.0]


def test_what_the_array_cannot_hold_is_refused():
    def stretched(x):
        y = np.zeros(3)
        y += x[:, None]

    def integers(x):
        y = np.zeros(3, int)
        y += x

    def constant(x):
        y = np.zeros(3)
        y.setflags(write=False)
        y += x

    for f, error in ((stretched, ValueError), (integers, TypeError), (constant, TracedValueError)):
        with pytest.raises(error):
            grad(f)(X)


def test_masks_are_written_into_the_array():
    def f(x):
        mask = also = np.ones(3, bool)
        mask &= x > 1.8
        assert also is mask and type(mask) is np.ndarray
        return anp.sum(x * mask)

    assert grad(f)(X).tolist() == [0.0, 1.0, 1.0]


def test_autograds_way():
    def f(x):
        y = also = np.zeros(3, int)
        y += x
        assert not also.any()
        return anp.sum(y * y)

    def own(x):
        y = np.zeros(1)
        y += x
        return anp.sum(y)

    token = rebinds_shared.set(True)
    try:
        with pytest.warns(UserWarning, match="others that hold y keep its old values"):
            assert grad(f)(X).tolist() == [3.0, 4.0, 6.0]
        assert grad(own)(X).tolist() == [1.0, 1.0, 1.0]
    finally:
        rebinds_shared.reset(token)
