"""Traced values where autograd's users leave them: kept after the function, and in NumPy's own arrays."""

import numpy as onp
import pytest

from autodiff_trace.autograd_compat import grad, jacobian, make_jvp, value_and_grad
from autodiff_trace.autograd_compat import numpy as np
from autodiff_trace.autograd_compat.tracer import getval

X = onp.array([1.0, 2.0])


def test_losses_that_are_kept_go_on_as_numbers():
    losses = []

    def loss(x):
        losses.append(np.sum(x**2))
        return losses[-1]

    for scale in (3.0, 1.0, 2.0):
        grad(loss)(scale * X)
    assert losses[1] < losses[2] < losses[0]
    assert min(losses) == 5.0
    assert abs(losses[0] - losses[1]) > 1.0
    assert onp.array(losses).tolist() == [45.0, 5.0, 20.0]
    assert [float(loss) for loss in losses] == [45.0, 5.0, 20.0]
    assert getval(np.mean(np.array(losses))) == pytest.approx(70.0 / 3.0)


def test_state_of_earlier_calls_is_constant():
    state = [0.0]

    def step(x):
        state[0] = np.tanh(state[0] + x)
        return state[0]

    hidden = 0.0
    for _ in range(3):
        hidden = onp.tanh(hidden + 0.5)
        assert grad(step)(0.5) == pytest.approx(1.0 - hidden**2)


@pytest.mark.parametrize("transform", [
    lambda f: make_jvp(f)(X)(X), lambda f: jacobian(f)(X), lambda f: value_and_grad(f)(X), lambda f: grad(f)(X),
])
def test_every_operator_leaves_constants(transform):
    kept = []

    def f(x):
        kept.append(2.0 * x)
        return np.sum(x)

    transform(f)
    assert getval(kept[0] + 1.0).tolist() == [3.0, 5.0]


@pytest.mark.parametrize("f, expected", [
    (lambda x: np.sum(onp.array([x[0], x[1] ** 2])), [1.0, 4.0]),
    (lambda x: onp.dot(onp.array([x[0], x[1]]), onp.ones(2)), [1.0, 1.0]),
    (lambda x: onp.array([[x[0], 1.0], [x[1], 2.0]]).sum(), [1.0, 1.0]),
    (lambda x: sum(onp.asarray(x) * onp.array([3.0, 4.0])), [3.0, 4.0]),
    (lambda x: onp.asarray(x[0]) * 2.0, [2.0, 0.0]),
    (lambda x: onp.max([x[0], x[1]]), [0.0, 1.0]),
])
def test_arrays_of_objects_hold_traced_values(f, expected):
    assert grad(f)(X).tolist() == expected


@pytest.mark.parametrize("f", [
    lambda x: np.sum(x * onp.array([x[0], x[1]])), lambda x: np.dot(onp.array([x[0], x[1]]), x),
    lambda x: 2.0 * np.concatenate([onp.array([x[0]]), x])[0],
])
def test_arrays_of_objects_beside_traced_arrays_are_refused(f):
    with pytest.raises(TypeError, match=r"write anp.array\(\[x\]\)"):
        grad(f)(X)


def test_arrays_of_a_dtype_hold_no_traced_values():
    with pytest.raises(ValueError, match="setting an array element"):
        grad(lambda x: onp.array([x[0], x[1]], dtype=float).sum())(X)
