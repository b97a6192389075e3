"""Functions that read traced values from around them, as solvers see them."""

import numpy as np
import pytest

from autodiff_trace import checkpoint, grad, hessian, jacfwd, jacrev, jit, jvp, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.core.primitives import primitive
from autodiff_trace.transforms.closures import Closure
from autodiff_trace.transforms.custom_rules import JVPRule, apply_rule

calls = []


def solve(fun, guess):
    """The x at which ``fun(x)``, of one number, is zero."""
    closure = Closure(fun)
    closure.discover(guess)

    @primitive
    def newton(*hidden):
        calls.append(1)

        def iterate():
            x = np.float64(guess)
            for _ in range(30):
                y, pull = vjp(closure.fun, x)
                x = x - y / pull(1.0)[0]
            return x

        return closure.run(hidden, iterate)

    def implicit(leaves, tangents):
        x = apply_rule(rule, leaves)[0]
        change = jvp(lambda *leaves: closure.call(leaves, x), leaves, tangents)[1]
        slope = jvp(lambda x: closure.call(leaves, x), (x,), (1.0,))[1]
        return [x], [-change / slope]

    def full(leaves, tangents):
        return implicit(leaves, [np.float64(0.0) * x if t is None else t for x, t in zip(leaves, tangents)])

    rule = JVPRule("solve", lambda *leaves: [newton(*leaves)], full)
    return closure.attempt(lambda: apply_rule(rule, closure.hidden))[0]


def root(p):
    return solve(lambda x: x**3 - p[0] - p[1] * 2.0, 1.0)


P = np.array([3.0, 2.5])


def test_values_that_are_closed_over_have_derivatives_of_any_order():
    np.testing.assert_allclose(root(P), 2.0)
    slope = np.array([1.0, 2.0]) / 12
    np.testing.assert_allclose(grad(root)(P), slope)
    np.testing.assert_allclose(jacfwd(root)(P), slope)
    curvature = -2 / (9 * 32.0) * np.outer([1, 2], [1, 2])
    for second in (hessian(root), jacrev(jacfwd(root)), jacfwd(jacrev(root)), jacrev(jacrev(root))):
        np.testing.assert_allclose(second(P), curvature)


def test_batches():
    batch = np.array([P, 2 * P])
    expected = [grad(root)(p) for p in batch]
    np.testing.assert_allclose(vmap(root)(batch), [root(p) for p in batch])
    np.testing.assert_allclose(vmap(grad(root))(batch), expected)
    np.testing.assert_allclose(jacrev(vmap(root))(batch)[1, 1], expected[1])


def test_a_replay_is_one_step():
    f = jit(root)
    np.testing.assert_allclose(f(P), 2.0)
    calls.clear()
    np.testing.assert_allclose(f(8 * P), 4.0)
    assert len(calls) == 1
    derivative = jit(grad(root))
    for p in (P, 8 * P):
        np.testing.assert_allclose(derivative(p), grad(root)(p))
        np.testing.assert_allclose(grad(f)(p), grad(root)(p))


def test_levels():
    def outer(a):
        return grad(lambda b: solve(lambda x: x * x - a * b, 1.0))(3.0)

    np.testing.assert_allclose(grad(outer)(12.0), 1 / (4 * 6.0))
    np.testing.assert_allclose(grad(lambda a: a * solve(lambda x: x - a * solve(lambda y: y - a, 0.0), 0.0))(2.0), 12.0)


def test_another_branch_reads_more():
    def f(p):
        return solve(lambda x: x - p[0] if x < 1.5 else x * p[1] - 4.0, 1.0)

    np.testing.assert_allclose(f(np.array([5.0, 2.0])), 2.0)
    np.testing.assert_allclose(grad(f)(np.array([5.0, 2.0])), [0.0, -1.0])


def test_within_a_checkpoint():
    np.testing.assert_allclose(grad(checkpoint(root))(P), grad(root)(P))
    np.testing.assert_allclose(grad(lambda p: checkpoint(lambda: root(p))())(P), grad(root)(P))
    np.testing.assert_allclose(grad(lambda p: solve(checkpoint(lambda x: x**3 - p[0] - p[1] * 2.0), 1.0))(P),
                               grad(root)(P))
    np.testing.assert_allclose(hessian(checkpoint(root))(P), hessian(root)(P))


def test_what_is_written_inside():
    def f(p):
        def residual(x):
            r = anp.zeros(2)
            r[0] = x - p[0]
            r[1] = p[1]
            return r[0] + 0 * r[1]

        return solve(residual, 1.0)

    np.testing.assert_allclose(grad(f)(P), [1.0, 0.0])
    np.testing.assert_allclose(jit(grad(f))(P), [1.0, 0.0])


@pytest.mark.parametrize("transform", [lambda f: f, jit])
def test_values_of_objects(transform):
    class Model:
        pass

    def f(p):
        model = Model()
        model.weights = {"a": [p[0], 1.0]}
        return solve(lambda x: x * x - model.weights["a"][0], 1.0)

    np.testing.assert_allclose(transform(grad(f))(np.array([4.0, 0.0])), [0.25, 0.0])


def test_a_compiled_pullback():
    counts = []

    def f(p):
        def field(t, y):
            counts.append(1)
            return -p[0] * y + anp.sin(p[1] * t)

        closure = Closure(field)
        closure.discover(0.0, np.ones(2))

        @jit
        def pull(values, t, y, g):
            value, pull = vjp(closure.call, values, t, y)
            return value, pull(g)

        @primitive
        def step(*values):
            total = 0.0
            for i in range(5):
                y, (gs, t, gy) = pull(list(values), i * 1.0, np.ones(2) * i, np.ones(2))
                assert len(gs) == len(closure.hidden)
                total = total + np.sum(y) + np.sum(gy) + t
            return total

        assert len(closure.hidden) == 1
        return step(*closure.hidden) if closure.hidden else None

    expected = sum(np.sum(-3 * np.ones(2) * i + np.sin(2.5 * i)) - 6 + 2 * 2.5 * np.cos(2.5 * i) for i in range(5))
    np.testing.assert_allclose(vmap(f)(P[None])[0], expected)
    assert len(counts) < 5
    counts.clear()
    g = jit(f)
    for p in (P, P, 2 * P):
        np.testing.assert_allclose(g(p), vmap(f)(p[None])[0])


@pytest.mark.parametrize("reduce", [anp.sum, lambda p: p.sum(), lambda p: p.shape[0] * p[0], lambda p: len(p) * p[-1]])
def test_shapes_are_asked_for_in_every_order(reduce):
    def f(p):
        return solve(lambda x: x - 2 / reduce(p), 1.0)

    expected = hessian(lambda p: 2 / reduce(p))(P)
    for second in (jacrev(jacrev(f)), jacfwd(jacrev(f)), jacrev(jacfwd(f)), jit(jacrev(jacrev(f)))):
        np.testing.assert_allclose(second(P), expected, atol=1e-12)
