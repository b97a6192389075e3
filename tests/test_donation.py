"""Large cotangents are written into only where nobody else can see them."""

import tracemalloc

import numpy as np
import pytest

from autodiff_trace import extend, grad, hvp, jit, jvp, value_and_grad, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.core.fast.donation import ALONE, LEAST, getrefcount, has_own_memory

SIZE = LEAST // 4  # numbers, large in float32, too
PIECE = 500  # numbers, small in every dtype
X = np.linspace(-1.0, 2.0, SIZE)


def in_pieces(function, *args):
    """An elementwise function of large arrays, computed on small ones."""
    pieces = [function(*(x[i : i + PIECE] for x in args)) for i in range(0, SIZE, PIECE)]
    if isinstance(pieces[0], tuple):
        return tuple(np.concatenate(column) for column in zip(*pieces))
    return np.concatenate(pieces)


PROGRAMS = {
    "constants": lambda x: 2.0 * x * 3.0 * 0.5 - x * 7.0,
    "squares": lambda x: ((x * x) * 0.5 + 0.1) * ((x * x) * 0.5 + 0.1),
    "squares of squares": lambda x: (x * x) * (x * x),
    "cubes": lambda x: (x * x) * x,
    "one value to two": lambda x: (lambda y: y * 3.0 + y * y * 5.0 + anp.sin(y))(x * 2.0),
    "sum of two": lambda x: (x * 2.0 + x * x) * 3.0,
    "difference of two": lambda x: 4.0 - (x * 2.0 - x * x) * 3.0,
    "residual": lambda x: (x + anp.sin(x * 1.5)) + anp.cos((x + 1.0) * 1.5),
    "negative": lambda x: -(-(x * 2.0) - 1.0 * x),
    "same sum twice": lambda x: (lambda y: (y + y) * (y + y))(x * 2.0),
    "a scalar of NumPy": lambda x: anp.sin(x * np.float64(3.0)) * np.float64(0.5),
    "an integer": lambda x: x * 2 * 3 - 1,
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.complex128])
def test_large_arrays_have_the_gradient_of_small_ones(name, dtype):
    program = PROGRAMS[name]
    x = X.astype(dtype)
    before = x.copy()
    loss = (lambda x: anp.real(program(x))) if dtype is np.complex128 else program
    gradient = grad(loss)(x)
    assert gradient.dtype == dtype
    eps = 50 * np.finfo(dtype).eps
    np.testing.assert_allclose(gradient, in_pieces(grad(loss), x), rtol=eps, atol=eps)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("name", PROGRAMS)
def test_cotangents_of_the_user_are_not_written_into(name):
    g = np.cos(X)
    before = g.copy()
    _, pullback = vjp(PROGRAMS[name], X)
    (first,) = pullback(g)
    kept = first.copy()
    (second,) = pullback(g)
    np.testing.assert_array_equal(g, before)
    np.testing.assert_array_equal(second, first)
    np.testing.assert_array_equal(first, kept)
    assert not np.shares_memory(first, second) and not np.shares_memory(first, g)
    (third,) = pullback(np.cos(X))  # one that only the call has
    np.testing.assert_array_equal(third, first)


@pytest.mark.parametrize("name", PROGRAMS)
def test_other_transformations(name):
    program = PROGRAMS[name]
    t = np.cos(X)

    def second(x, t):
        return jvp(grad(program), (x,), (t,))[1]

    np.testing.assert_allclose(grad(grad(program))(X), in_pieces(grad(grad(program)), X), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(second(X, t), in_pieces(second, X, t), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(hvp(program)(X, t), second(X, t), rtol=1e-12, atol=1e-12)
    rows = np.stack([X, t])
    np.testing.assert_allclose(vmap(grad(program))(rows), [grad(program)(row) for row in rows], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(jit(grad(program))(X), grad(program)(X), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(grad(jit(program))(X), grad(program)(X), rtol=1e-12, atol=1e-12)


def test_one_array_as_two_arguments():
    gx, gy = grad(lambda x, y: x * y * 2.0, (0, 1))(X, X)
    np.testing.assert_array_equal(gx, 2 * X)
    np.testing.assert_array_equal(gy, 2 * X)
    assert not np.shares_memory(gx, gy)


def test_one_cotangent_of_several_arguments():
    gx, gy, gz = grad(lambda x, y, z: (x * 2.0 + y * 3.0 - z * X) * X, (0, 1, 2))(X, X, X)
    np.testing.assert_array_equal(gx, X * 2.0)
    np.testing.assert_array_equal(gy, X * 3.0)
    np.testing.assert_array_equal(gz, -X * X)


def test_broadcast_arrays():
    column, row = np.linspace(0.0, 1.0, 200)[:, None], np.linspace(1.0, 2.0, 300)
    slope = np.cos(column * row)
    gx, gy = grad(lambda x, y: anp.sin(x * 2.0 * y) * 3.0, (0, 1))(column / 2, row)
    np.testing.assert_allclose(gx, (6 * slope * row).sum(1, keepdims=True))
    np.testing.assert_allclose(gy, (3 * slope * column).sum(0))
    matrix = np.resize(X, (200, 300))
    gradient = grad(lambda x: anp.sin(x) * column * row * 2.0)(matrix)
    np.testing.assert_allclose(gradient, np.cos(matrix) * column * row * 2)


def test_mixed_precision():
    """A product of float32 with float64 has the cotangent of the one, which does not hold that of the other."""
    x = X.astype(np.float32)
    gx, gy = grad(lambda x, y: (x * y) * 2.0, (0, 1))(x, X)
    assert gx.dtype == np.float32 and gy.dtype == np.float64
    np.testing.assert_array_equal(gx, (2 * X).astype(np.float32))
    np.testing.assert_array_equal(gy, 2.0 * x)
    gz = grad(lambda z: anp.real(z * 1j * X * (z * 2.0)))(X + 0j)
    np.testing.assert_allclose(gz, 4j * X * X)


def test_views_of_cotangents():
    """The cotangents of reshaped, transposed, sliced arrays are views of others; that of a sum is one number."""
    square = X[: 128 * 128].reshape(128, 128)

    def loss(x):
        y = x * 2.0
        return anp.sum(anp.reshape(y.T * 3.0, -1) * anp.ravel(y) * 0.5) + anp.sum(y[::-1] * y) * 2.0

    expected = 12 * square.T + 2 * 4 * (square[::-1] + square[::-1])
    np.testing.assert_allclose(grad(loss)(square), expected)


def with_rule(rule):
    prim = extend.primitive(lambda x: x + 0.0)
    extend.defvjp(prim, rule)
    return prim


def test_arrays_that_a_rule_keeps():
    """A rule may return an array that it goes on using: one that it has saved, its argument, the answer."""
    kept = np.cos(X)
    before = kept.copy()
    seen = []

    def remember(g, ans, x):
        seen.append(g)
        return g

    constant, same = lambda x: kept, lambda x: x
    cases = (lambda g, ans, x: kept, constant), (lambda g, ans, x: x, same), (lambda g, ans, x: ans, same)
    for rule, cotangent in cases:
        prim = with_rule(rule)
        for _ in range(2):
            np.testing.assert_array_equal(grad(lambda x: prim(x * 2.0))(X), 2 * cotangent(2 * X))
            np.testing.assert_allclose(grad(lambda x: prim(x * x * 3.0))(X), cotangent(X * X * 3) * 3 * X * 2)
    np.testing.assert_array_equal(kept, before)
    prim = with_rule(remember)
    grad(lambda x: prim(x * 2.0) * X)(X)
    np.testing.assert_array_equal(seen[0], X)


def test_views_that_a_rule_keeps():
    seen = []

    def remember(g, ans, x):
        seen.append(g[:3])
        return g

    prim = with_rule(remember)
    np.testing.assert_array_equal(grad(lambda x: prim(x * 2.0) * X)(X), 2 * X)
    np.testing.assert_array_equal(seen[0], X[:3])


def test_one_array_for_two_arguments_of_a_rule():
    prim = extend.primitive(lambda x, y: x + y)
    extend.defvjp_all(prim, lambda argnums, g, ans, args, kwargs: [g] * len(argnums))
    gx, gy = grad(lambda x, y: prim(x * 2.0, y * 3.0) * X, (0, 1))(X, X)
    np.testing.assert_array_equal(gx, 2 * X)
    np.testing.assert_array_equal(gy, 3 * X)


def test_what_the_function_has_computed_stays():
    values = []

    def loss(x):
        y = x * 2.0
        z = y * y
        values.extend([y._value, z._value])
        return z * 3.0

    value, gradient = value_and_grad(loss)(X)
    np.testing.assert_allclose(gradient, 24 * X)
    np.testing.assert_array_equal(values[0], 2 * X)
    np.testing.assert_array_equal(values[1], 4 * X * X)
    np.testing.assert_allclose(value, 12 * X * X)


def test_arrays_that_cannot_be_written_into():
    g = np.broadcast_to(np.float64(2.0), X.shape)
    assert not has_own_memory(g) and not has_own_memory(X[1:]) and not has_own_memory(X[:10].copy())
    assert has_own_memory(X.copy())
    locked = X.copy()
    locked.flags.writeable = False
    assert not has_own_memory(locked)
    np.testing.assert_array_equal(vjp(lambda x: x * X * 2.0, X)[1](g)[0], 4 * X)
    prim = with_rule(lambda g, ans, x: locked)
    np.testing.assert_array_equal(grad(lambda x: prim(x * 2.0))(X), 2 * X)


def test_reference_counts_tell_who_holds_an_array():
    x = np.zeros(3)
    assert getrefcount(x) <= ALONE
    other = x
    assert getrefcount(x) > ALONE
    del other
    view = x[:1]
    assert getrefcount(x) > ALONE and view.base is x


def test_a_new_rule_takes_the_place_of_one_that_overwrites():
    prim = extend.primitive(lambda x: -x)
    assert anp.multiply.overwriting
    prim.overwriting[0] = anp.negative.overwriting[0]
    extend.defvjp(prim, lambda g, ans, x: -g)  # the rule beside it, whichever comes first
    assert prim.overwriting
    extend.defvjp(prim, lambda g, ans, x: g * 5.0)
    assert not prim.overwriting
    np.testing.assert_array_equal(grad(prim)(X), np.full(SIZE, 5.0))


def test_no_memory_is_taken_where_none_is_needed():
    def chain(x):
        for _ in range(20):
            x = x * x * 0.25 + 0.1
        return x

    _, pullback = vjp(chain, X)
    g = np.ones(SIZE)
    pullback(g)
    tracemalloc.start()
    try:
        result = pullback(g)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert result[0].nbytes <= peak < 1.5 * result[0].nbytes
