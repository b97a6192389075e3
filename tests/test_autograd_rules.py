"""Rules as autograd's users give them: what they may do, and rules of functions that exist."""

import numpy as onp
import pytest

from autodiff_trace.autograd_compat import grad, hessian, jacobian, make_jvp, make_vjp
from autodiff_trace.autograd_compat import numpy as np
from autodiff_trace.autograd_compat.core import VJPNode, primitive_jvps, primitive_vjps
from autodiff_trace.autograd_compat.extend import defjvp, defvjp, defvjp_argnums, primitive
from autodiff_trace.autograd_compat.numpy import random as npr
from autodiff_trace.autograd_compat.numpy.numpy_boxes import ArrayBox

X = onp.array([1.5, 2.5])


def with_rule(fun, *rules):
    new = primitive(fun)
    defvjp(new, *rules)
    return new


def test_a_rule_may_write_into_its_cotangent():
    def double(g):
        g *= 2.0
        return g

    f = with_rule(lambda x: 2.0 * x, lambda ans, x: double)
    by_x, by_y = grad(lambda x, y: np.sum(f(x) + y), (0, 1))(X, X)
    assert by_x.tolist() == [2.0, 2.0]
    assert by_y.tolist() == [1.0, 1.0]


def test_a_rule_may_give_memory_that_it_keeps():
    memory = onp.zeros(2)

    def pull(g):
        memory[:] = 2.0 * g
        return memory

    f = with_rule(lambda x: 2.0 * x, lambda ans, x: pull)
    by_x = grad(lambda x: np.sum(f(f(x))))(X)
    assert jacobian(f)(X).tolist() == [[2.0, 0.0], [0.0, 2.0]]
    assert by_x.tolist() == [4.0, 4.0]
    vjp, ans = make_vjp(with_rule(onp.exp, lambda ans, x: lambda g: ans))(X)
    vjp(X)[:] = 0.0
    onp.testing.assert_allclose(vjp(X), onp.exp(X))


@pytest.mark.parametrize("to_whole", [lambda x: x.astype(int), lambda x: x > 2.0])
@pytest.mark.parametrize("loss, by_x", [
    (lambda n, x: np.sum(n * x), lambda n, x: x + n),
    (lambda n, x: np.dot(n, x), lambda n, x: x + n),
    (lambda n, x: np.einsum("i,i", n, x), lambda n, x: x + n),
    (lambda n, x: np.mean(n), lambda n, x: 0.5 + 0.0 * x),
    (lambda n, x: 0.25 * np.sum(np.reshape(n, (2, 1))), lambda n, x: 0.25 + 0.0 * x),
    (lambda n, x: 0.25 * n[1], lambda n, x: onp.array([0.0, 0.25])),
])
def test_cotangents_of_whole_numbers_are_not_rounded(to_whole, loss, by_x):
    straight_through = with_rule(to_whole, lambda ans, x: lambda g: 1.0 * g)
    onp.testing.assert_allclose(grad(lambda x: loss(straight_through(x), x))(X), by_x(to_whole(X), X))


@pytest.mark.parametrize("slope", [2.0, 2, True, onp.float32(2.0), onp.array(2.0)])
@pytest.mark.parametrize("inner, expected", [
    (np.sum, [1.0, 1.0]), (lambda x: np.mean(x), [0.5, 0.5]), (lambda x: x[0], [1.0, 0.0]),
    (lambda x: np.dot(x, x), [3.0, 5.0]), (lambda x: np.linalg.norm(x) ** 2, [3.0, 5.0]),
    (lambda x: np.max(x), [0.0, 1.0]), (lambda x: np.reshape(x[1:], ()), [0.0, 1.0]),
    (lambda x: np.prod(x) + np.std(x), [2.0, 2.0]), (lambda x: np.einsum("i->", x), [1.0, 1.0]),
])
def test_a_rule_may_give_any_number(slope, inner, expected):
    f = with_rule(lambda x: float(x) ** 2, lambda ans, x: lambda g: slope)
    onp.testing.assert_allclose(grad(lambda x: f(inner(x)))(X), slope * onp.array(expected))


def test_a_rule_may_give_a_list_for_an_array():
    f = with_rule(lambda x: x[0] * x[1], lambda ans, x: lambda g: [g * x[1], g * x[0]])
    assert grad(lambda x: f(2.0 * x))(X).tolist() == [10.0, 6.0]
    assert hessian(f)(X).tolist() == [[0.0, 1.0], [1.0, 0.0]]


@pytest.mark.parametrize("slope", [2.0, 2, True, onp.float32(2.0), onp.array(2.0)])
@pytest.mark.parametrize("outer", [
    lambda y, x: np.sin(y), lambda y, x: y * x, lambda y, x: np.array([y, x[1]]), lambda y, x: y + x[1],
    lambda y, x: np.exp(np.reshape(y, (1,))), lambda y, x: np.array([y] * 9), lambda y, x: np.dot(y * x, x),
])
def test_a_rule_of_forward_mode_may_give_any_number(slope, outer):
    f = with_rule(lambda x: float(x) ** 2, lambda ans, x: lambda g: slope * g)
    expected = jacobian(lambda x: outer(f(x[0]), x))(X)
    defjvp(f, lambda g, ans, x: slope * float(g))
    onp.testing.assert_allclose(jacobian(lambda x: outer(f(x[0]), x))(X), expected)
    onp.testing.assert_allclose(make_jvp(lambda x: outer(f(x[0]), x))(X)(X)[1], expected @ X)
    defjvp(f, lambda g, ans, x: slope)
    onp.testing.assert_allclose(make_jvp(lambda x: f(x[0]) + f(x[1]))(X)(X)[1], 2.0 * slope)


def test_what_is_no_number_needs_no_cotangent():
    f = with_rule(lambda d: d["x"] * d["k"], lambda ans, d: lambda g: {"x": g * d["k"], "k": g * d["x"]})
    assert grad(lambda x: f({"x": 2.0, "k": x, "name": "f", "more": ["text"]}))(3.0) == 2.0


def test_what_a_rule_leaves_out_is_zero():
    f = primitive(lambda d: {"p": 2.0 * d["a"], "q": d["b"] ** 2})
    defvjp(f, lambda ans, d: lambda g: {"a": 2.0 * g["p"]})
    defjvp(f, lambda t, ans, d: {"p": 2.0 * t["a"] + t["k"]})
    parts = {"a": X, "b": 3.0, "k": 1.0}
    by_parts = grad(lambda d: np.sum(f(d)["p"]) + f(d)["q"])(parts)
    assert by_parts["a"].tolist() == [2.0, 2.0]
    assert by_parts["b"] == by_parts["k"] == 0.0

    def loss(x):
        ans = f({"a": x, "b": x[0], "k": 5.0})
        return np.sum(ans["p"]) + ans["q"]

    assert make_jvp(loss)(X)(X)[1] == 8.0
    short = with_rule(lambda xs: xs[0], lambda ans, xs: lambda g: [g])
    assert grad(lambda xs: short(xs) * xs[1])([2.0, 3.0]) == [3.0, 2.0]


def test_a_function_of_containers_without_rules_is_run_on_what_they_hold():
    no_rules = primitive(lambda xs, scale=1.0: sum(xs) * scale)
    assert grad(lambda x: no_rules([x, 2.0 * x]))(1.0) == 3.0
    assert grad(lambda x: no_rules([1.0, 2.0], scale=x))(1.0) == 3.0
    with pytest.raises(NotImplementedError, match="VJP of .* wrt argnums"):
        grad(lambda x: no_rules(x))(X)


def test_a_primitive_that_gives_a_tuple_is_called_once():
    calls = []

    def split(x):
        calls.append(x)
        return x, 2.0 * x

    f = with_rule(split, lambda ans, x: lambda g: g[0] + 2.0 * g[1])
    assert grad(lambda x: f(x)[0] * f(x)[1])(3.0) == 12.0
    assert len(calls) == 2


FUNCTIONS = [np.sin, np.sum, np.max, np.mean, np.square, np.linalg.norm, np.abs, np.cumsum]


@pytest.mark.parametrize("fun", FUNCTIONS)
def test_a_new_rule_may_call_the_old_one_and_be_taken_back(fun):
    def loss(x):
        return np.sum(fun(x))

    before = grad(loss)(X)
    own = primitive_vjps[fun]

    def tripled(argnums, ans, args, kwargs):
        pull = own(argnums, ans, args, kwargs)
        return lambda g: [3.0 * each for each in pull(g)]

    defvjp_argnums(fun, tripled)
    factor = 9.0 if fun is np.sum else 3.0
    try:
        onp.testing.assert_allclose(grad(loss)(X), factor * before)
    finally:
        primitive_vjps[fun] = own
    onp.testing.assert_array_equal(grad(loss)(X), before)


@pytest.mark.parametrize("fun", FUNCTIONS)
def test_a_rule_of_forward_mode_leaves_those_of_reverse_mode(fun):
    def loss(x):
        return np.sum(fun(x))

    before = grad(loss)(X), make_jvp(loss)(X)(X)[1]
    own = primitive_jvps[fun]
    defjvp(fun, lambda g, ans, *args, **kwargs: 0.0 * ans + 5.0)
    try:
        onp.testing.assert_allclose(grad(loss)(X), before[0])
        assert make_jvp(loss)(X)(X)[1] != before[1]
    finally:
        primitive_jvps[fun] = own
    assert make_jvp(loss)(X)(X)[1] == before[1]


def test_reading_items_is_a_primitive():
    own = primitive_vjps[ArrayBox.__getitem__]
    (by_x,) = own((0,), X[1], (X, 1), {})(2.0)
    assert by_x.tolist() == [0.0, 2.0]

    def tenfold(ans, x, index):
        def pull(g):
            by_x = onp.zeros_like(x)
            by_x[index] = 10.0 * g
            return by_x

        return pull

    defvjp(ArrayBox.__getitem__, tenfold)
    try:
        assert grad(lambda x: x[0])(X).tolist() == [10.0, 0.0]
        assert jacobian(lambda x: x[1:])(X).tolist() == [[0.0, 10.0]]
    finally:
        primitive_vjps[ArrayBox.__getitem__] = own
    assert grad(lambda x: x[0])(X).tolist() == [1.0, 0.0]


def test_draws_may_have_rules():
    own = primitive_vjps[npr.normal]
    defvjp(
        npr.normal, lambda ans, loc, scale: lambda g: g, lambda ans, loc, scale: lambda g: g * (ans - loc) / scale
    )
    try:
        by_loc, by_scale = grad(lambda x: npr.normal(x[0], x[1]))(X)
    finally:
        primitive_vjps[npr.normal] = own
    assert by_loc == 1.0
    assert by_scale != 0.0
    with pytest.raises(TypeError, match="a draw has no derivative"):
        grad(lambda x: npr.normal(x[0], x[1]))(X)


def test_rules_of_other_functions_are_kept_for_nodes_made_by_hand():
    def double(x):
        return 2.0 * x

    assert double not in primitive_vjps
    defvjp(double, lambda ans, x: lambda g: 2.0 * g)
    assert double in primitive_vjps
    node = VJPNode(6.0, double, (3.0,), {}, (0,), (VJPNode.new_root(),))
    assert node.vjp(1.0) == [2.0]
    del primitive_vjps[double]
    assert double not in primitive_vjps
