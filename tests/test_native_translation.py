"""Programs by the native back end, beside those by NumPy's."""

import itertools

import numpy as np
import pytest

from autodiff_trace import fori_loop, grad, jit, nn, scan
from autodiff_trace import numpy as anp

pytest.importorskip("llvmlite", reason="the native back end needs llvmlite")

RNG = np.random.default_rng(0)
X = RNG.normal(size=37)
SQUARE = RNG.normal(size=(9, 9))
FEW = RNG.normal(size=(2, 2))
WEIGHTS = RNG.normal(size=(6, 6)) * 0.3
ROWS = RNG.normal(size=(40, 6))


def network(weights, x):
    for w in weights:
        x = anp.tanh(x @ w)
    return -anp.mean(anp.sum(x - anp.max(x, axis=1, keepdims=True), axis=1))


def rnn(weights, rows):
    def step(h, x):
        h = anp.tanh(weights @ h + x)
        return h, h * 2

    last, outputs = scan(step, anp.zeros(6), rows)
    return anp.sum(last) + anp.sum(outputs)


def swapped(x):
    def step(carry, _):
        a, b = carry
        return (b, a * 1.01 + b * 0.1), a

    (a, b), outputs = scan(step, (x, x * 2), None, length=50)
    return anp.sum(a) + anp.sum(b**2) + anp.sum(outputs)


def pendulum(angle):
    speed = angle * 0
    for _ in range(120):
        middle = speed - 0.005 * anp.sin(angle)
        speed = speed - 0.01 * anp.sin(angle + 0.005 * speed)
        angle = angle + 0.01 * middle
    return angle


def rosenbrock(x):
    total = 0.0
    for i in range(len(x) - 1):
        total = total + 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return total


def rows_apart(x):
    """Turns that do not wait for one another."""
    return [anp.sin(row) * 2 + row[0] for row in x]


PROGRAMS = [
    (lambda x: x * x[::-1] + x / 2 - 3, X),
    (lambda x: anp.where(x > 0, anp.sqrt(abs(x)), x**3) + nn.sigmoid(x), X),
    (lambda x: (x > 0) & (x < 1) | anp.isnan(x), X),
    (lambda x: x.astype(np.float32) * 2 + anp.float32(3), X),
    (lambda x: x * (1 + 2j) - x / 3j, X),
    (lambda x: (x * 7).astype(int) // 1 if False else anp.arange(37) * 3 + anp.arange(37)[::-1], X),
    (lambda x: x[:, None] * x[None, :5] + x[:, None], X),
    (lambda x: anp.concatenate([x, 2 * x[:3]]) * anp.stack([x, x * x]).reshape(-1)[:40], X),
    (lambda x: anp.roll(x, 2) + anp.cumsum(x) * anp.prod(x[:5]), X),
    (lambda x: x.T + x @ x - anp.diagonal(x), SQUARE),
    (lambda x: x[1:, ::2] * 2, np.asfortranarray(SQUARE)),
    (lambda x: x @ x @ x + x.T + x[0], FEW),
    (lambda x: anp.any(x > 0, axis=0) * anp.max(x, axis=1) + anp.sum(x > 0, axis=0), SQUARE),
    (lambda x: anp.sin(x) * x + x**2 + anp.exp(-x) / 2, 2.0),
    (grad(lambda x: anp.sum(x[1:] * x[:-1]) + x[3] + anp.max(x)), X),
    (grad(lambda x: network([x, x], x)), SQUARE),
    (grad(lambda w: rnn(w, ROWS)), WEIGHTS),
    (grad(lambda x: rnn(WEIGHTS, x)), ROWS),
    (grad(swapped), X),
    (grad(swapped), X[:3]),
    (grad(pendulum), 1.0),
    (grad(rosenbrock), RNG.normal(size=90)),
    (lambda x: anp.stack(rows_apart(x)), RNG.normal(size=(60, 5))),
    (grad(lambda x: sum(anp.sum(row) for row in rows_apart(x))), RNG.normal(size=(60, 5))),
    (lambda x: scan(lambda c, y: (c, anp.exp(y) * x), 0.0, x)[1], X),
    (grad(lambda x: anp.sum(pendulum(x))), X),
    (lambda x: fori_loop(0, 60, lambda i, y: anp.sin(y) + x, x), X),
]


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
@pytest.mark.parametrize("math", ["own", "numpy"])
def test_programs_give_what_they_give_by_numpy(number, math):
    fun, x = PROGRAMS[number]
    expected = jit(fun, backend="numpy", passes=())(x)
    found = jit(fun, backend="native", math=math)(x)
    assert type(found) is type(expected) and np.shape(found) == np.shape(expected)
    assert np.asarray(found).dtype == np.asarray(expected).dtype
    if isinstance(found, np.ndarray):
        assert found.strides == expected.strides
    single = np.asarray(found).dtype in (np.float32, np.complex64)
    np.testing.assert_allclose(found, expected, rtol=1e-5 if single else 1e-12, atol=1e-13)


SHAPES = [
    (1,), (5,), (8,), (9,), (127,), (129,), (1000,), (2**17 + 3,), (3, 4), (20, 3), (3, 20), (2, 150, 3), (10, 1, 7),
]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sums_are_numpys_to_the_last_bit(shape, dtype):
    x = RNG.normal(size=shape).astype(dtype)
    for count in range(1, len(shape) + 1):
        for axes in itertools.combinations(range(len(shape)), count):
            def fun(x, axes=axes):
                y = x * x
                return anp.sum(y, axis=axes), anp.max(x, axis=axes), anp.min(y, axis=axes, keepdims=True)

            for found, expected in zip(jit(fun, backend="native")(x), fun(x)):
                np.testing.assert_array_equal(found, expected)
