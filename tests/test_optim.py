"""Optimisers next to hand-written loops."""

import copy
from typing import NamedTuple

import numpy as np
import pytest

from autodiff_trace import grad, optim, tree_leaves, tree_map
from autodiff_trace import numpy as anp

OPTIMIZERS = {
    "sgd": lambda rate: optim.sgd(rate),
    "momentum": lambda rate: optim.sgd(rate, momentum=0.9),
    "adam": lambda rate: optim.adam(rate),
}


def by_hand(name, p, rate, steps):
    """The formulas, in place, for the loss Σ p⁴."""
    p = p.copy()
    v, m, s = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p)
    for i in range(1, steps + 1):
        g = 4 * p**3
        if name == "sgd":
            p -= rate * g
        elif name == "momentum":
            v = 0.9 * v + g
            p -= rate * v
        else:
            m = 0.9 * m + 0.1 * g
            s = 0.999 * s + 0.001 * g**2
            p -= rate * (m / (1 - 0.9**i)) / (np.sqrt(s / (1 - 0.999**i)) + 1e-8)
    return p


def run(optimizer, loss, params, steps):
    state = optimizer.init(params)
    for _ in range(steps):
        params, state = optimizer.update(grad(loss)(params), state, params)
    return params


class Params(NamedTuple):
    w: object
    rest: object


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_steps_are_those_of_the_formulas(name, dtype, tolerance):
    start = np.array([[0.5, -0.4], [0.3, 1.0]], dtype)
    found = run(OPTIMIZERS[name](0.05), lambda p: anp.sum(p**4), start, 10)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, by_hand(name, start, 0.05, 10), rtol=tolerance)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_pytrees_with_leaves_that_are_no_numbers(name):
    start = np.array([0.5, -0.4])
    params = Params(start, {"scalar": 0.5, "text": "relu", "none": None, "flag": True, "mask": np.array([True, False])})
    found = run(OPTIMIZERS[name](0.05), lambda p: anp.sum(p.w**4) + p.rest["scalar"] ** 4, params, 5)
    np.testing.assert_allclose(found.w, by_hand(name, start, 0.05, 5))
    np.testing.assert_allclose(found.rest.pop("scalar"), by_hand(name, start, 0.05, 5)[0])
    assert found.rest.pop("mask").tolist() == [True, False] and found.rest.pop("flag") is True
    assert found.rest == {"text": "relu", "none": None}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_parameters_without_a_gradient_rest(name):
    """Also when they have moved before, and momentum is left."""
    optimizer = OPTIMIZERS[name](0.1)
    params = {"moving": np.ones(2), "frozen": np.ones(2)}
    state = optimizer.init(params)
    params, state = optimizer.update({"moving": np.ones(2), "frozen": np.ones(2)}, state, params)
    before = params
    params, state = optimizer.update({"moving": np.ones(2), "frozen": None}, state, params)
    assert params["frozen"].tolist() == before["frozen"].tolist()
    assert params["moving"].tolist() != before["moving"].tolist()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_nothing_is_modified_in_place(name):
    optimizer = OPTIMIZERS[name](0.1)
    params, grads = {"w": np.ones(3), "b": 1.0}, {"w": np.full(3, 2.0), "b": 2.0}
    params, state = optimizer.update(grads, optimizer.init(params), params)
    given = params, grads, state
    kept = copy.deepcopy(given)
    for leaf in tree_leaves(given):
        if isinstance(leaf, np.ndarray):
            leaf.flags.writeable = False
    first, _ = optimizer.update(grads, state, params)
    second, _ = optimizer.update(grads, state, params)
    tree_map(np.testing.assert_array_equal, given, kept)
    tree_map(np.testing.assert_array_equal, first, second)
    assert not np.shares_memory(first["w"], params["w"])


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("rate", [0.1, np.float64(0.1), np.array(0.1)], ids=["float", "float64", "array"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.complex64])
def test_precision_is_kept(name, rate, dtype):
    params = {"w": np.ones(2, dtype), "s": dtype(1.0)}
    found = run(OPTIMIZERS[name](rate), lambda p: anp.sum(anp.abs(p["w"]) ** 2) + anp.abs(p["s"]) ** 2, params, 2)
    assert found["w"].dtype == dtype and found["s"].dtype == dtype


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_integers_are_taken_as_float64(name):
    params = {"w": np.array([1, 2]), "s": 1}
    found = run(OPTIMIZERS[name](0.01), lambda p: anp.sum(p["w"] ** 4) + p["s"] ** 4, params, 3)
    np.testing.assert_allclose(found["w"], by_hand(name, np.array([1.0, 2.0]), 0.01, 3))
    np.testing.assert_allclose(found["s"], by_hand(name, np.array([1.0]), 0.01, 3)[0])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_complex_parameters_go_downhill(name):
    def loss(z):
        return anp.sum(anp.abs(z - (1 + 2j)) ** 2)

    start = np.array([3 - 1j, 0j])
    assert loss(run(OPTIMIZERS[name](0.01), loss, start, 20)) < loss(start)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_derivative_with_respect_to_the_learning_rate(name):
    """An update is differentiable: meta-learning."""

    def loss_after(rate):
        return anp.sum(run(OPTIMIZERS[name](rate), lambda p: anp.sum(p**4), np.array([0.5, 1.0]), 3) ** 2)

    h = 1e-6
    numerical = (loss_after(0.02 + h) - loss_after(0.02 - h)) / (2 * h)
    np.testing.assert_allclose(grad(loss_after)(0.02), numerical, rtol=1e-6)


def test_adam_options():
    params, state = np.array([1.0]), None
    optimizer = optim.adam(0.1, b1=0.5, b2=0.9, eps=1.0)
    state = optimizer.init(params)
    assert state.count == 0
    params, state = optimizer.update(np.array([2.0]), state, params)
    assert state.count == 1 and state.mean == 1.0
    np.testing.assert_allclose(state.square, 0.4)
    np.testing.assert_allclose(params, 1 - 0.1 * 2 / (2 + 1))


def test_structures_that_differ():
    optimizer = optim.sgd(0.1)
    with pytest.raises(ValueError, match="structures differ"):
        optimizer.update({"a": 1.0}, optimizer.init({"b": 1.0}), {"b": 1.0})
