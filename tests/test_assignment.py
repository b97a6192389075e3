"""Item assignment, buffers and views inside traced functions."""

import numpy as np
import pytest

from autodiff_trace import TracedValueError, grad, jvp, to_numpy, value_and_grad
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

X = np.array([1.0, 2.0, 3.0, 4.0])


def filled_in_a_loop(x):
    buffer = anp.zeros(len(x))
    for i in range(len(x)):
        buffer[i] = x[i] ** 2
    return buffer


def filled_like(x):
    buffer = np.zeros_like(x)
    buffer[1:] = anp.sin(x[:-1])
    buffer[0] = x[-1]
    return buffer * x


def overwritten(x):
    x = x * 1.0
    x[0] = 5.0
    x[1] = x[0] * x[2]
    return x


def masked_in_place(x):
    y = x * x
    y[x > 2.5] += x[x > 2.5]
    y[y < 3] *= 2.0
    return y


def whole_in_place(x):
    y = x * x
    alias = y
    y += x
    y *= 2.0
    y -= 1.0
    y /= x
    return alias


def out_argument(x):
    z = anp.zeros(4)
    np.add(x, x * x, out=z)
    np.multiply(z, x, out=z)
    return z


def add_at_repeated(x):
    z = anp.zeros(3)
    np.add.at(z, [0, 0, 2, 1], x)
    np.subtract.at(z, [1], x[0])
    return z


def through_a_slice(x):
    y = x * x
    tail = y[2:]
    tail[0] = x[0]
    tail *= 3.0
    return y


def through_a_reshape(x):
    y = x * x
    rows = y.reshape(2, 2).T
    rows[0, 1] = x[0] * 7
    return y


def through_views_of_views(x):
    y = x * x
    y.reshape(2, 2)[1][0] = x[1]
    return y


def view_sees_the_base(x):
    y = x * x
    tail, first = y[1:], y[0]
    y[2] = x[0]
    return tail * first


def nested_lists(x):
    return anp.sin(anp.array([[x[0], 1.0], [2.0, x[1] * x[2]]]))


FUNCTIONS = [
    filled_in_a_loop, filled_like, overwritten, masked_in_place, whole_in_place, out_argument, add_at_repeated,
    through_a_slice, through_a_reshape, through_views_of_views, view_sees_the_base, nested_lists,
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_value_is_numpys(function):
    """The traced function computes what the same statements do to plain arrays."""
    plain = function(X.copy())
    traced, _ = value_and_grad(lambda x: anp.sum(function(x)))(X)
    np.testing.assert_allclose(np.sum(plain), traced)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_derivatives(function):
    check_grads(function, X)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_arguments_are_not_modified(function):
    x = X.copy()
    grad(lambda x: anp.sum(function(x)))(x)
    jvp(function, (x,), (x,))
    np.testing.assert_array_equal(x, X)


def test_assignment_to_the_argument_itself():
    def f(x):
        x[0] = 10.0
        x += 1.0
        return anp.sum(x * x)

    x = X.copy()
    np.testing.assert_allclose(grad(f)(x), [0, 6, 8, 10])
    np.testing.assert_array_equal(x, X)


def test_scalars_are_immutable():
    def f(x):
        y = x
        y += 1.0
        return x * y

    assert grad(f)(3.0) == 7.0


def test_buffer_in_nested_traces():
    def outer(x):
        def inner(y):
            buffer = anp.zeros(2)
            buffer[0] = x * y
            buffer[1] = y * y
            return anp.sum(buffer)

        return grad(inner)(x)

    assert outer(2.0) == 6.0
    assert grad(outer)(2.0) == 3.0


def test_buffer_of_the_outer_function_filled_inside():
    def f(x):
        buffer = anp.zeros(2)
        buffer[0] = x
        buffer[1] = grad(lambda y: y**3)(x)
        return anp.prod(buffer)

    np.testing.assert_allclose(grad(f)(2.0), 9 * 2.0**2)


def test_constant_buffers_stay_usable():
    """A buffer without traced values works as a plain array, also where NumPy asks for one."""
    kept = []

    def f(x):
        kept.append(anp.ones(3))
        return x * np.asarray(anp.ones(3)).sum() * float(anp.ones(1)[0])

    assert grad(f)(1.0) == 3.0
    np.testing.assert_array_equal(to_numpy(kept[0]), np.ones(3))


@pytest.mark.parametrize("store", [lambda b, x: b.__setitem__(0, x), lambda b, x: b.__setitem__(slice(None), [x, x])])
def test_plain_array_cannot_hold_a_traced_value(store):
    def f(x):
        buffer = np.zeros(2)
        store(buffer, x)
        return buffer.sum()

    with pytest.raises((TracedValueError, ValueError)) as error:
        grad(f)(1.0)
    messages = str(error.value) + str(error.value.__cause__)
    assert "anp.zeros" in messages and "test_assignment.py" in messages


def test_out_must_hold_traced_values():
    with pytest.raises(TracedValueError, match="out="):
        grad(lambda x: np.add(x, x, out=np.zeros(4)).sum())(X)


def test_wrong_shapes_and_read_only_views():
    def grow(x):
        x = x * 1.0
        x += anp.ones((2, 4))
        return anp.sum(x)

    def read_only(x):
        anp.broadcast_to(x, (2, 4))[0, 0] = 1.0
        return anp.sum(x)

    with pytest.raises(ValueError, match="shape"):
        grad(grow)(X)
    with pytest.raises(ValueError, match="read-only"):
        grad(read_only)(X)
