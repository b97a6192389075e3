"""``custom_root`` and ``custom_linear_solve``."""

import numpy as np
import pytest

from autodiff_trace import (
    TracedValueError, checkpoint, custom_linear_solve, custom_root, grad, hessian, jacobian, jit, scan, vmap,
)
from autodiff_trace import numpy as anp
from solution_modes import compare_modes

MATRIX = np.random.default_rng(0).normal(size=(3, 3)) + 3 * np.eye(3)
SIDE = np.arange(1.0, 4.0)


def bisection(f, x):
    """A solver that needs no derivative."""
    low, high = 0.0, 10.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if f(middle) < 0 else (low, middle)
    return (low + high) / 2


@pytest.mark.parametrize("options", [
    {}, {"solve": bisection}, {"solve": bisection, "tangent_solve": lambda g, y: y / g(1.0)},
], ids=["newton", "solve", "tangent_solve"])
def test_root_of_a_number(options):
    def root(a):
        return custom_root(lambda x: x**3 - a, 1.0, **options)

    compare_modes(root, lambda a: a ** (1 / 3), np.float64(8.0), 1e-9, order=2)
    assert float(root(8.0)) == pytest.approx(2.0)


def test_root_that_is_a_container():
    def root(p):
        def f(x):
            return {"a": x["a"] ** 2 - p[0], "b": x["b"] * x["a"] - p[1] * anp.ones((1, 2))}

        found = custom_root(f, {"a": 1.0, "b": np.ones((1, 2))})
        assert np.shape(found["b"]) == (1, 2)
        return anp.stack([found["a"], anp.sum(found["b"])])

    compare_modes(root, lambda p: anp.stack([p[0] ** 0.5, 2 * p[1] / p[0] ** 0.5]), np.array([4.0, 3.0]), 1e-9, order=2)


def test_guess_has_no_derivative():
    assert grad(lambda guess: custom_root(lambda x: x * x - 4.0, guess))(1.0) == 0
    batch = vmap(lambda guess: custom_root(lambda x: x * x - 4.0, guess))(np.array([1.0, -1.0]))
    np.testing.assert_allclose(batch, [2, -2])


def test_large_systems_need_no_matrix():
    n = 400

    def steps(g, y):  # of a matrix near the identity
        x = y
        for _ in range(30):
            x = x + (y - g(x))
        return x

    def picard(f, x):
        for _ in range(100):
            x = x - f(x)
        return x

    def root(a):
        return anp.sum(custom_root(lambda x: x + 0.1 * anp.sin(anp.roll(x, 1)) - a, np.zeros(n), picard, steps))

    np.testing.assert_allclose(grad(root)(1.0), (root(1 + 1e-5) - root(1 - 1e-5)) / 2e-5, rtol=1e-7)


def test_what_cannot_be_solved():
    with pytest.raises(RuntimeError, match="does not converge"):
        custom_root(lambda x: x**2 + 1, 1.0)
    with pytest.raises(TypeError, match="returns 2 numbers, but has 1 unknowns"):
        custom_root(lambda x: anp.stack([x, x]), 1.0)
    with pytest.raises(TracedValueError, match=r"no derivative \(.*test_implicit.py, line \d+\): .*singular"):
        grad(lambda a: custom_root(lambda x: (x - a) ** 2, 1.0, lambda f, x: np.float64(1.0)))(1.0)
    with pytest.raises(TracedValueError, match="not accurate"):
        grad(lambda a: custom_root(lambda x: x - a, 1.0, lambda f, x: np.float64(1.2)))(1.0)


def test_within_loops_and_checkpoints():
    def root(a):
        return custom_root(lambda x: x**3 + x - a, 1.0)

    for f in (checkpoint(root), lambda a: checkpoint(lambda: root(a))()):
        np.testing.assert_allclose(grad(f)(2.0), 0.25)

    def loop(a):
        return scan(lambda c, _: (custom_root(lambda x: x**3 + x - a * c, 1.0), None), 2.0, length=3)[0]

    np.testing.assert_allclose(grad(loop)(1.0), (loop(1 + 1e-5) - loop(1 - 1e-5)) / 2e-5, rtol=1e-8)
    np.testing.assert_allclose(jit(grad(loop))(1.0), grad(loop)(1.0))


def solvers():
    """Ways to solve with a matrix that may be traced: the solvers see plain values."""
    def matrix_of(f):
        return np.stack([f(row) for row in np.eye(3)], axis=1)

    def solve(matvec, b):
        return np.linalg.solve(matrix_of(matvec), b)

    return {
        "dense": lambda a, b: custom_linear_solve(lambda x: a @ x, b),
        "transpose_solve": lambda a, b: custom_linear_solve(lambda x: a @ x, b, solve, solve),
        "symmetric": lambda a, b: custom_linear_solve(lambda x: a @ (a.T @ x), a @ b, solve, symmetric=True),
    }


@pytest.mark.parametrize("name", list(solvers()))
def test_linear_solve(name):
    solve = solvers()[name]
    exact = {"symmetric": lambda a, b: anp.linalg.solve(a.T, b)}.get(name, anp.linalg.solve)
    compare_modes(lambda b: solve(MATRIX, b), lambda b: exact(MATRIX, b), SIDE, 1e-9, order=2)
    compare_modes(lambda a: solve(a, SIDE), lambda a: exact(a, SIDE), MATRIX, 1e-9)
    both = hessian(lambda a, b: anp.sum(anp.sin(solve(a, b))), argnums=(0, 1))(MATRIX, SIDE)
    expected = hessian(lambda a, b: anp.sum(anp.sin(exact(a, b))), argnums=(0, 1))(MATRIX, SIDE)
    for row, wanted in zip(both, expected):
        for pair in zip(row, wanted):
            np.testing.assert_allclose(*pair, atol=1e-12)


def test_linear_solve_of_a_container():
    def solve(p):
        x = custom_linear_solve(lambda x: {"a": p[0] * x["a"], "b": x["b"] + x["a"]}, {"a": p[1], "b": np.ones(2)})
        return anp.concatenate([x["b"], anp.reshape(x["a"], (1,))])

    def exact(p):
        a = p[1] / p[0]
        return anp.stack([1 - a, 1 - a, a])

    compare_modes(solve, exact, np.array([2.0, 3.0]), 1e-9)


def test_transpose_is_asked_for_where_it_is_needed():
    def solve(a):
        return custom_linear_solve(lambda x: a * x, 1.0, lambda matvec, b: b / matvec(1.0))

    assert solve(2.0) == 0.5
    with pytest.raises(TypeError, match=r"transposed system \(.*line \d+\)\. Give transpose_solve="):
        grad(solve)(2.0)


def test_numbers_of_python_that_are_closed_over():
    """Under ``jit`` these are boxes of their own kind, whose operators come before any function of NumPy."""
    solve = jit(lambda c, n: custom_root(lambda x: x - (c * 2 + (-c)) ** n + abs(c) - (c if c > 1.5 else 1.0), 1.0))
    for c, n in ((1.0, 2), (2.0, 2), (3.0, 2), (3.0, 3), (-3.0, 3)):
        assert solve(c, n) == c**n - abs(c) + (c if c > 1.5 else 1.0)
    slope = jit(grad(lambda c: custom_root(lambda x: x - (c * 2 + (-c)) ** 2, 1.0)))
    np.testing.assert_allclose([slope(1.0), slope(2.0)], [2, 4])


def test_single_precision():
    a = np.array([4.0, 9.0], np.float32)
    assert jacobian(lambda a: custom_root(lambda x: x * x - a, np.ones(2, np.float32)))(a).dtype == np.float32
    assert grad(lambda a: anp.sum(custom_linear_solve(lambda x: a * x, np.ones(2, np.float32))))(a).dtype == np.float32


@pytest.mark.parametrize("transform", [jit, lambda f: jit(grad(f)), lambda f: grad(jit(f))])
def test_arrays_that_are_filled_anew_between_calls(transform):
    """A solver reads them unseen by the trace that records."""
    def total(a):
        scale, matrix, answer = np.zeros(2), np.eye(2), 0.0
        for i in range(3):
            scale[:] = matrix[0, 0] = i + 1.0
            answer = answer + anp.sum(custom_root(lambda x: x**3 - a * scale, np.ones(2)))
            answer = answer + anp.sum(custom_linear_solve(lambda x: a * (matrix @ x), np.ones(2)))
        return answer

    expected = (total if transform is jit else grad(total))(8.0)
    compiled = transform(total)
    with pytest.warns(UserWarning, match="it writes into a plain array"):
        answers = [compiled(8.0) for _ in range(3)]
    np.testing.assert_allclose(answers, expected, rtol=1e-12)


def test_an_array_that_is_returned_is_the_callers():
    @jit
    def root(a):
        scale = np.array([1.0, 8.0])
        return custom_root(lambda x: x**3 - a * scale, np.ones(2)), scale

    for _ in range(3):
        x, scale = root(1.0)
        np.testing.assert_allclose(x, [1.0, 2.0])
        scale[:] = 5.0
