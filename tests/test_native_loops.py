"""Loops in native code: what they carry, in which memory, and what of it is the same in all turns."""

import numpy as np
import pytest

from autodiff_trace import grad, jit, jvp, numpy as anp, scan

pytest.importorskip("llvmlite", reason="native code is made by llvmlite")


def normal(*shape, dtype=np.float64):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype(dtype)


def diffusion(u, turns=20):
    def step(u, _):
        inner = u[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
        return anp.concatenate([u[:1], inner, u[-1:]]), None

    return anp.sum(scan(step, u, None, length=turns)[0] ** 3)


def shift(x):  # what is carried changes places
    def step(carry, _):
        a, b, c = carry
        return (b, c, anp.sin(a) + b[::-1]), None

    (a, b, c), _ = scan(step, (x, x * 2, x * 3), None, length=21)
    return anp.sum(a * b + c)


def twice(x):  # one value is carried twice, and kept
    def step(carry, _):
        a, b = carry
        c = anp.tanh(a - b * 0.5)
        return (c, c), c

    (a, b), rows = scan(step, (x, x * 2), None, length=18)
    return anp.sum(a) + anp.sum(b * rows[3]) + anp.sum(rows**2)


def rows(x):  # odd and even turns, rows read in reverse
    def step(carry, row):
        carry = carry * 0.9 + row * carry[::-1]
        return carry, carry[:3] * row[0]

    last, kept = scan(step, x[0], x, reverse=True)
    return anp.sum(last) + anp.sum(kept)


def numbers(x):  # masks of numbers are carried back
    def step(carry, _):
        a, b, c = carry
        return (a + 0.1 * (b - a), b + 0.01 * (a * (28 - c) - b), c + 0.01 * (a * b - c)), None

    a, b, c = scan(step, (x[0], x[1], x[2]), None, length=30)[0]
    return a + b * c


def products(x):
    def step(carry, _):
        mean, matrix, total = carry
        matrix = matrix @ matrix.T * 0.1 + anp.eye(4)
        mean = anp.linalg.solve(matrix, mean)
        return (mean, matrix, total + mean @ mean + anp.linalg.slogdet(matrix)[1]), None

    return scan(step, (x[0], x, np.float64(0.0)), None, length=20)[0][2]


PROGRAMS = {
    "diffusion": (diffusion, normal(30)), "diffusion of many": (lambda u: diffusion(u, 17), normal(400)),
    "shift": (shift, normal(100)), "shift of few": (shift, normal(3)), "twice": (twice, normal(90)),
    "even rows": (rows, normal(20, 80)), "odd rows": (rows, normal(17, 80)), "few rows": (rows, normal(17, 5)),
    "float32": (rows, normal(19, 200, dtype=np.float32)), "numbers": (numbers, normal(3)),
    "products": (products, normal(4, 4)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradients_are_those_of_eager_runs(name):
    f, x = PROGRAMS[name]
    fast, tolerance = jit(grad(f), backend="native"), 1e-4 if x.dtype == np.float32 else 1e-10
    for _ in range(3):
        found = fast(x)
    assert found.dtype == x.dtype
    np.testing.assert_allclose(found, grad(f)(x), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(jit(f, backend="native")(x), f(x), rtol=tolerance)


@pytest.mark.parametrize("name", PROGRAMS)
def test_second_derivatives_are_those_of_eager_runs(name):
    f, x = PROGRAMS[name]
    if x.dtype == np.float32 or x.size > 1000:
        return

    def second(x):
        return jvp(grad(f), (x,), (np.cos(x0),))[1]

    x0 = x
    np.testing.assert_allclose(jit(second, backend="native")(x), second(x), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", ["diffusion", "numbers", "products", "twice"])
def test_loops_are_native_and_carry_no_masks(name):
    f, x = PROGRAMS[name]
    text = str(jit(grad(f), backend="native").graph(x))
    assert "restrict" not in text and "bool" not in text


def test_what_is_carried_and_changes_late_is_no_constant():
    def f(x):  # b is 0 for two turns, then not
        def step(carry, _):
            a, b, c = carry
            return (a + b * x, c, c + 1.0 * (c == 0)), None

        return anp.sum(scan(step, (x, np.zeros(3), np.zeros(3)), None, length=20)[0][0])

    x = normal(3)
    for back_end in ("numpy", "native"):
        np.testing.assert_allclose(jit(grad(f), backend=back_end)(x), grad(f)(x), rtol=1e-12)


def test_a_constant_that_is_carried_may_be_changed_between_runs():
    start = np.ones(3)

    def f(x):
        def step(carry, _):
            a, b = carry
            return (a + b * anp.sin(x), b), None

        return anp.sum(scan(step, (x, start), None, length=20)[0][0])

    x = normal(3)
    for back_end in ("numpy", "native"):
        fast = jit(grad(f), backend=back_end)
        for start[:] in (1.0, 2.0, 3.0):
            np.testing.assert_allclose(fast(x), grad(f)(x), rtol=1e-12)
