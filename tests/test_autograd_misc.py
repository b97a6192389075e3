"""autograd's ``misc`` and ``test_util``: flattening, optimisers, fixed points, graphs of calls, checks."""

from __future__ import annotations

import warnings
from collections import namedtuple

import numpy as np
import pytest

from autodiff_trace import jit
from autodiff_trace.autograd_compat import elementwise_grad, grad, jacobian, make_jvp, test_util
from autodiff_trace.autograd_compat import numpy as anp
from autodiff_trace.autograd_compat.core import VSpace, defvjp, primitive, vspace
from autodiff_trace.autograd_compat.misc import const_graph, flatten
from autodiff_trace.autograd_compat.misc.fixed_points import fixed_point, fixed_point_vjp
from autodiff_trace.autograd_compat.misc.flatten import flatten_func
from autodiff_trace.autograd_compat.misc.optimizers import adam, rmsprop, sgd, unflatten_optimizer
from autodiff_trace.autograd_compat.misc.tracers import ConstGraphNode, FullGraphNode, const_graph_unary, full_graph
from fresh_process import run_python

RNG = np.random.default_rng(0)


# Flattening


def test_items_of_dicts_come_in_the_order_of_their_keys_and_go_back_in_their_own():
    value = {"b": 1.0, "a": [np.arange(6.0).reshape(2, 3), ()], "c": (np.zeros((0, 2)), {"z": 7.0, "y": 8.0})}
    vector, unflatten = flatten(value)
    assert vector.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 1.0, 8.0, 7.0]
    back = unflatten(vector)
    assert list(back) == list(value) and list(back["c"][1]) == ["z", "y"]
    np.testing.assert_array_equal(back["a"][0], value["a"][0])
    assert back["a"][1] == () and back["c"][0].shape == (0, 2) and back["c"][1] == {"z": 7.0, "y": 8.0}
    assert type(back["b"]) is np.ndarray and back["b"].shape == ()


@pytest.mark.parametrize("value", [1.5, np.float32(1.5), np.ones((2, 2)), np.arange(3.0), 1 + 2j, np.array(2.0)])
def test_a_value_alone(value):
    vector, unflatten = flatten(value)
    assert vector.ndim == 1 and vector.dtype == np.asarray(value).dtype
    back = unflatten(vector)
    np.testing.assert_array_equal(back, value)
    assert type(back) is np.ndarray and back.dtype == vector.dtype


@pytest.mark.parametrize("value", [[], (), {}, [[], {}]])
def test_nothing(value):
    vector, unflatten = flatten(value)
    assert vector.shape == (0,) and vector.dtype == float and unflatten(vector) == value


def test_leaves_keep_their_precision_and_memory_of_their_own():
    value = [np.ones(2, np.float32), 1j, 2.0, np.arange(2)]
    vector, unflatten = flatten(value)
    assert vector.dtype == complex
    single, complex_one, real, whole = unflatten(vector)
    assert [x.dtype for x in (single, complex_one, real)] == [np.float32, complex, float]
    assert whole.tolist() == [0.0, 1.0]
    changed = unflatten(vector)[0]
    changed += 1
    assert vector[0] == 1 and unflatten(vector)[0].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("value", [
    3, None, "text", True, [1, 2.0], [None], namedtuple("Point", "x y")(1.0, 2.0), {"a": {1}}, set(),
])
def test_what_has_no_derivative_is_refused(value):
    with pytest.raises(TypeError):
        flatten(value)


def test_vectors_of_another_length_are_refused():
    with pytest.raises(ValueError):
        flatten([1.0, np.ones(3)])[1](np.ones(3))


def test_both_directions_have_derivatives():
    value = {"a": 1.0, "b": [np.array([2.0, 3.0]), (4.0,)]}
    gradient = grad(lambda value: anp.sum(flatten(value)[0] ** 2))(value)
    assert gradient["a"] == 2.0 and gradient["b"][0].tolist() == [4.0, 6.0] and gradient["b"][1] == (8.0,)
    vector, unflatten = flatten(value)
    np.testing.assert_array_equal(jacobian(lambda x: flatten(unflatten(x * x))[0])(vector), np.diag(2 * vector))
    np.testing.assert_array_equal(
        grad(lambda x: anp.sum(flatten([x, {"q": 2.0 * x, "p": x**2}])[0] * np.arange(3.0)))(np.array([1.0])), [6.0])
    second = elementwise_grad(grad(lambda x: flatten(unflatten(x**3))[0][0] + 0.0 * anp.sum(x)))
    np.testing.assert_array_equal(second(vector), [6.0, 0.0, 0.0, 0.0])
    np.testing.assert_array_equal(grad(jit(lambda x: anp.sum(flatten(unflatten(x))[0] ** 2)))(vector), 2 * vector)


def test_functions_of_containers_become_functions_of_vectors():
    example = {"a": np.ones(2), "b": 3.0}
    flat_func, unflatten, vector = flatten_func(lambda p, scale: {"y": scale * p["a"] * p["b"]}, example)
    np.testing.assert_array_equal(vector, [1.0, 1.0, 3.0])
    np.testing.assert_array_equal(flat_func(vector, 2.0), [6.0, 6.0])
    np.testing.assert_array_equal(jacobian(flat_func)(vector, 2.0), [[6.0, 0.0, 2.0], [0.0, 6.0, 2.0]])
    assert list(unflatten(vector)) == ["a", "b"]


# Optimisers

FIRST = {"b": [1.5], "a": np.array([1.0, -0.7])}


def slope(p, i):
    return {"a": p["a"] * np.array([2.0, 0.3]) * (i + 1), "b": [p["b"][0] ** 3]}


@pytest.mark.parametrize("optimizer, numbers", [
    (sgd, "0x1.8746564881448p-2 -0x1.404c5a8ec03b5p-1 0x1.294c81bc79974p+0"),
    (rmsprop, "0x1.5193605ac3aacp-2 -0x1.b568cb6a7dde7p-2 0x1.0bbc303ca760dp+0"),
    (adam, "0x1.4fd22cc2f2134p-1 -0x1.6b00a0df10aa8p-2 0x1.28b7cb872ba7ap+0"),
])
def test_steps_are_those_of_autograd_bit_for_bit(optimizer, numbers):
    seen = []
    result = optimizer(slope, FIRST, callback=lambda *args: seen.append(args), num_iters=7, step_size=0.05)
    assert [float(x).hex() for x in (*result["a"], result["b"][0])] == numbers.split()
    assert list(result) == ["b", "a"] and [i for _, i, _ in seen] == list(range(7))
    params, _, gradient = seen[0]
    np.testing.assert_array_equal(params["a"], FIRST["a"])
    np.testing.assert_array_equal(gradient["a"], slope(FIRST, 0)["a"])
    np.testing.assert_array_equal(optimizer(slope, FIRST, None, 7, 0.05)["a"], result["a"])
    assert optimizer.__name__ in ("sgd", "rmsprop", "adam") and optimizer.__doc__


@pytest.mark.parametrize("optimizer", [sgd, rmsprop, adam])
def test_hyperparameters_have_gradients(optimizer):
    def end(step_size):
        return anp.sum(optimizer(lambda x, i: 2.0 * x, np.array([1.0, 2.0]), num_iters=5, step_size=step_size) ** 2)

    test_util.check_grads(end, modes=["rev"], order=1)(0.1)


def test_an_optimizer_of_ones_own():
    @unflatten_optimizer
    def half_way(grad, x, callback=None, steps=1):
        """Half way."""
        for i in range(steps):
            x = x - 0.5 * grad(x, i)
        return x

    result = half_way(lambda p, i: p, (4.0, [np.ones(2)]), steps=2)
    assert result[0] == 1.0 and result[1][0].tolist() == [0.25, 0.25]
    assert half_way.__name__ == "half_way" and half_way.__doc__ == "Half way."


# Fixed points


def newton_root(a, tol=1e-12):
    return fixed_point(lambda a: lambda x: 0.5 * (x + a / x), a, 1.0, lambda x, y: abs(x - y), tol)


def test_a_fixed_point_has_derivatives_of_all_orders():
    assert newton_root(4.0) == 2.0 and type(newton_root(4.0)) is float
    derivative, expected = newton_root, 0.5
    for power in (-0.5, -1.5, -2.5):
        derivative = grad(derivative)
        assert derivative(4.0) == pytest.approx(expected * 4.0**power, rel=1e-9)
        expected *= power


def contraction(params):
    return lambda x: {"u": anp.tanh(params[0] @ x["u"] + x["v"][0]), "v": [0.3 * anp.sin(x["u"][0]) + params[1]]}


def far(x, y):
    return anp.sqrt(anp.sum((x["u"] - y["u"]) ** 2)) + abs(x["v"][0] - y["v"][0])


def test_containers_of_parameters_and_of_unknowns():
    A = RNG.standard_normal((3, 3)) / 6

    def solve(params):
        return fixed_point(contraction, params, {"u": np.zeros(3), "v": [0.0]}, far, 1e-13)

    x = solve((A, 0.4))
    np.testing.assert_allclose(contraction((A, 0.4))(x)["u"], x["u"], atol=1e-12)
    test_util.check_grads(lambda A, b: solve((A, b))["u"], (0, 1), modes=["rev"], order=2)(A, 0.4)
    pull = fixed_point_vjp(x, contraction, (A, 0.4), {"u": np.zeros(3), "v": [0.0]}, far, 1e-13)
    ones = {"u": np.ones(3), "v": [0.0]}
    expected = grad(lambda params: anp.sum(solve(params)["u"]))((A, 0.4))
    for found, wanted in zip(pull(ones), expected):
        np.testing.assert_allclose(found, wanted, atol=1e-12)


def test_the_start_has_no_influence_and_what_is_closed_over_has():
    def root(start, a):
        return fixed_point(lambda _: lambda x: 0.5 * (x + a / x), 0.0, start, lambda x, y: abs(x - y), 1e-12)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert grad(root)(1.0, 4.0) == 0.0
    assert grad(root, 1)(1.0, 4.0) == pytest.approx(0.25)
    assert grad(grad(root, 1), 1)(1.0, 4.0) == pytest.approx(-1 / 32)

    def product(a, b):  # √(ab), by what f is given and by what it closes over
        return fixed_point(lambda a: lambda x: 0.5 * (x + a * b / x), a, 1.0, lambda x, y: abs(x - y), 1e-12)

    test_util.check_grads(product, (0, 1), modes=["rev"])(2.0, 3.0)


def test_forward_mode_and_programs():
    ans, tangent = make_jvp(newton_root)(4.0)(10.0)
    assert (ans, tangent) == (2.0, pytest.approx(2.5))
    test_util.check_grads(newton_root, order=2)(4.0)
    assert jit(newton_root)(4.0) == 2.0 and jit(grad(newton_root))(4.0) == pytest.approx(0.25)


# Graphs of calls


def test_a_graph_is_recorded_once_and_run_again():
    runs = []

    def f(x, y, z=2.0):
        runs.append(None)
        return x * y + z * anp.sin(x)

    g = const_graph(f, z=3.0)
    assert g.__name__ == "f"
    for x, y in ((2.0, 3.0), (0.5, -1.0)):
        assert g(x, y) == pytest.approx(x * y + 3.0 * np.sin(x), rel=1e-15)
    assert grad(g)(1.0, 2.0) == pytest.approx(2.0 + 3.0 * np.cos(1.0))
    assert grad(g, 1)(1.0, 2.0) == pytest.approx(1.0)
    assert len(runs) == 1


def test_a_graph_is_that_of_the_first_run():
    branches = const_graph_unary(lambda x: anp.sum(x * x) if x[0] > 0 else anp.sum(x))
    assert branches(np.ones(2)) == 2.0 and branches(np.array([-3.0, -3.0])) == 18.0
    with pytest.warns(UserWarning, match="independent of input"), pytest.raises(ValueError, match="does not depend"):
        const_graph_unary(lambda x: 3.0)(1.0)


def test_a_full_graph_has_functions_arguments_and_values():
    end = full_graph(lambda x, y, scale: scale * anp.sin(x) * y, 2.0, 3.0, scale=10.0)
    names = []
    node = end
    while node.recipe[3]:
        fun, args, kwargs, parents = node.recipe
        names.append(fun.__name__)
        assert isinstance(node, FullGraphNode) and fun(*args, **kwargs) == node.value
        argnum, node = list(parents)[0]
    assert names == ["multiply", "multiply", "sin", "container_take"] and end.value == 30.0 * np.sin(2.0)
    assert node.value is None and ConstGraphNode.new_root().parents == ()


# Checks of derivatives


def test_right_derivatives_pass():
    test_util.check_grads(anp.tanh)(0.3)
    test_util.check_grads(lambda x, y: {"p": x * y, "q": [anp.sin(x)]}, (0, 1), ["fwd", "rev"], 3)(0.3, np.ones(2))
    test_util.check_grads(lambda z: anp.exp(z) * 1j, modes=["rev"])(0.3 + 0.4j)
    test_util.combo_check(anp.sum, (0,))([np.ones((2, 3))], axis=[None, 0, 1], keepdims=[True, False])


def wrong(slope):
    @primitive
    def double(x):
        return x * 2.0

    defvjp(double, lambda ans, x: lambda g: slope(g))
    return double


def test_wrong_derivatives_fail():
    with pytest.raises(AssertionError, match=r"\(VJP\) check of double failed"):
        test_util.check_grads(wrong(lambda g: g * 2.001), modes=["rev"])(1.0)
    with pytest.raises(AssertionError, match=r"\(VJP\) check of vjp_double failed"):
        test_util.check_grads(wrong(lambda g: wrong(lambda g: g * 2.001)(g)), modes=["rev"])(1.0)
    with pytest.raises(AssertionError, match=r"\(VJP\) check of double failed"):
        test_util.check_vjp(wrong(lambda g: np.ones(2)), np.ones(2))
    with pytest.raises(AssertionError, match="the values differ"):
        test_util.check_equivalent(np.ones(2), np.array([1.0, 2.0]))
    with pytest.raises(AssertionError, match="different spaces"):
        test_util.check_equivalent(np.ones(2), np.ones(3))
    with pytest.raises(AssertionError, match="modes="):
        test_util.check_grads(anp.tanh, modes=["reverse"])(1.0)


def test_numbers_of_the_checks():
    assert (test_util.TOL, test_util.RTOL, test_util.EPS) == (1e-6, 1e-6, 1e-6)
    assert test_util.scalar_close(1.0, 1.0 + 1e-7) and not test_util.scalar_close(1.0, 1.0 + 1e-5)
    tangent = test_util.make_numerical_jvp(lambda p: p["x"] * p["y"], {"x": 2.0, "y": 3.0})({"x": 1.0, "y": 0.5})
    assert tangent == pytest.approx(4.0) and isinstance(vspace(tangent), VSpace)
    test_util.check_jvp(anp.sin, 0.5)


def test_importing_the_module_of_flatten_leaves_the_function():
    assert run_python("""
from autodiff_trace import autograd_compat
autograd_compat.install()
import autograd.misc.flatten
from autograd.misc.flatten import flatten_func
print(autograd.misc.flatten(1.0)[0], autograd.misc.flatten is autograd.misc.flatten.__globals__["flatten"])
""") == ["[1.] True"]


def test_all_this_needs_no_scipy():
    lines = run_python("""
import sys
sys.modules["scipy"] = None
from autodiff_trace.autograd_compat import grad, misc, numpy, test_util
from autodiff_trace.autograd_compat.misc import fixed_points, optimizers, tracers
print(float(grad(lambda x: numpy.sum(misc.flatten([x, x])[0]))(1.0)))
try:
    from autodiff_trace.autograd_compat.scipy import special
except ImportError as error:
    print(error)
""")
    assert lines[0] == "2.0" and lines[1].startswith("autodiff_trace.scipy needs SciPy, which is not installed: pip")
