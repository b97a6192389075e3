"""Loops over small arrays: what is computed for all steps at once, and that it is the same."""

import numpy as np
import pytest
from pass_checks import assert_replays, count, lowered, source

from autodiff_trace import grad, jit, nn, value_and_grad, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.compiler import PASSES
from autodiff_trace.compiler.schedule.horizontal_batching import batch_calls

RANDOM = np.random.default_rng(0)
STEPS = 7
XS = RANDOM.normal(size=(STEPS, 3, 4))
WX, WH, B = RANDOM.normal(size=(4, 5)), RANDOM.normal(size=(5, 5)) / 3, RANDOM.normal(size=5)
PARAMS = WX, WH, B


def states(params, xs, order=range(STEPS), start=None):
    Wx, Wh, b = params
    h = anp.zeros((*xs.shape[1:-1], 5), xs.dtype) if start is None else start
    for i in order:
        h = anp.tanh(xs[i] @ Wx + h @ Wh + b)
        yield h


def last(values):
    *_, value = values
    return value


def rnn(params, xs):
    return anp.sum(last(states(params, xs)) ** 2)


def sum_of_all(params, xs):
    return anp.sum(anp.stack([anp.sum(h**2, axis=0) for h in states(params, xs)])[1:] * 2.0)


def backwards(params, xs):
    return anp.sum(last(states(params, xs, range(STEPS)[::-1])) * last(states(params, xs)))


def every_other(params, xs):
    return anp.sum(last(states(params, xs, range(0, STEPS, 2))))


def with_start(params, xs):
    start = xs[0, :, :1] * anp.ones(5)
    return anp.sum(last(states(params, xs, start=start)))


def with_guards(params, xs):
    total = 0.0
    for h in states(params, xs):
        total = total + anp.sum(h**2)
        if h[0, 0] > 5:
            total = total * 2
    return total


def one_example(params, xs):
    """``W @ x`` for vectors."""
    Wx, Wh, b = params
    h = anp.zeros(5)
    for i in range(STEPS):
        h = anp.sin(Wx.T @ xs[i, 0] + Wh @ h + b)
    return anp.sum(h)


def gates(params, xs):
    """Elementwise cells with sigmoids, the same gate twice, sums of products."""
    Wx, Wh, b = params
    cell = hidden = b * 0.5
    for i in range(STEPS):
        x = xs[i, 0] @ Wx
        forget, enter = nn.sigmoid(hidden * b + Wh[0]), nn.sigmoid(x * Wh[1] + Wh[2])
        cell = cell * forget + enter * anp.tanh(hidden * Wh[3] + x)
        hidden = enter * anp.tanh(cell)
    return anp.sum(hidden * cell)


def masked(params, xs):
    """States that are kept where a mask is False, and readouts of each step."""
    Wx, Wh, b = params
    h, total = anp.zeros((3, 5)), 0.0
    for i in range(STEPS):
        h = anp.where(xs[i, :, :1] > 0, anp.tanh(xs[i] @ Wx + h @ Wh + b), h)
        total = total + anp.sum(nn.sigmoid(h @ Wh)[:, 1:] ** 2, axis=0)
    return anp.sum(total)


def second_axis(params, xs):
    """Steps along the second axis, and along the last."""
    Wx, Wh, b = params
    h, batch = anp.zeros((3, 5)), anp.swapaxes(xs, 0, 1) * 1.0
    for i in range(STEPS):
        h = anp.tanh(batch[:, i] @ Wx + h @ Wh + b * batch[:, i, 2, None])
    return anp.sum(h * h)


def particles(params, xs):
    """Neighbours pull, each by itself; every particle has a matrix of its own."""
    energy = 0.0
    for i in range(STEPS - 1):
        step = xs[i + 1] - xs[i]
        energy = energy + anp.sum(anp.exp(-(step**2))) * 0.5 + anp.sum(anp.max(xs[i] @ xs[i + 1].T, axis=1) ** 2)
    return energy


def ensemble(params, xs):
    """One input for many small nets."""
    x, total = params[0][:, :3], 0.0
    for i in range(STEPS):
        total = total + anp.tanh(x @ xs[i]) - anp.tanh(xs[i] @ params[2][:4])[:, None][:1]
    return anp.sum(total**2)


def linear_terms(params, xs):
    """Sums of what linear functions make of rows."""
    Wx, Wh, b = params
    total = sum([-(anp.tanh(xs[i]) @ Wx).T * b[:, None] for i in range(STEPS)])
    mask = sum([(xs[i] > 0) * 1.5 + (xs[i] > 1) * xs[0] for i in range(STEPS)])
    return anp.sum(anp.sin(total)) + anp.sum(mask @ Wx)


def matrices(params, xs):
    """Functions of matrices, one a step."""
    found = [anp.linalg.inv(anp.eye(4) * 9 + xs[i].T @ xs[i]) for i in range(STEPS)]
    return anp.sum(sum([anp.linalg.det(each) * anp.max(each, axis=0) for each in found]))


LOOPS = [
    rnn, sum_of_all, backwards, every_other, with_start, with_guards, one_example, gates, masked, second_axis,
    particles, ensemble, linear_terms, matrices,
]


@pytest.mark.parametrize("loop", LOOPS)
def test_loops_over_small_arrays(loop):
    for function in (loop, grad(loop), grad(loop, argnums=1), value_and_grad(loop)):
        assert_replays(function, (PARAMS, XS), (tuple(2 * each for each in PARAMS), XS - 0.5))


@pytest.mark.parametrize("loop", LOOPS)
def test_single_precision(loop):
    params = tuple(each.astype(np.float32) for each in PARAMS)
    compiled = jit(grad(loop))
    for _ in range(2):
        found = compiled(params, XS.astype(np.float32))
        for each, expected in zip(found, grad(loop)(PARAMS, XS)):
            np.testing.assert_allclose(each, expected, rtol=2e-4, atol=2e-5)
        if loop in (rnn, every_other):
            assert all(each.dtype == np.float32 for each in found)


def test_complex_products():
    z = XS + 1j * XS[::-1]
    matrix = WX + 0.5j

    def function(z, matrix):
        return anp.sum(anp.stack([anp.abs(z[i] @ matrix) for i in range(STEPS)]))

    assert_replays(grad(function, argnums=(0, 1)), (z, matrix), (1j * z, matrix * 2))


def test_batched_loops():
    assert_replays(vmap(grad(rnn), in_axes=(None, 0)), (PARAMS, np.stack([XS, -XS])), (PARAMS, np.stack([2 * XS, XS])))


def test_products_of_all_steps_at_once():
    """Products with the state are made step by step, forth and back; those with zeros at the start alone."""
    xs = XS[:, 0].copy()

    def loop(params, xs):
        Wx, Wh, b = params
        h = anp.zeros(5)
        for i in range(STEPS):
            h = anp.tanh(Wx.T @ xs[i] + Wh @ h + b)
        return anp.sum(h**2)

    passes = tuple(each for each in PASSES if each != "stacks")
    for function, args, others in ((rnn, (PARAMS, XS), 5), (loop, (PARAMS, xs), 6)):
        assert source(grad(function), *args, passes=passes).count(".dot(") >= 5 * STEPS - 2
        text = "".join(line for line in source(grad(function), *args).splitlines() if "isfinite" not in line)
        assert text.count(".dot(") == (2 * STEPS - 1) + others
        assert_replays(grad(function), args, args)


def test_results_are_kept():
    compiled = jit(lambda params, xs: (grad(rnn)(params, xs), list(states(params, xs))))
    compiled(PARAMS, XS)
    first = compiled(PARAMS, XS)
    kept = [each.copy() for each in (*first[0], *first[1])]
    compiled(PARAMS, XS * 3)
    for each, copy in zip((*first[0], *first[1]), kept):
        np.testing.assert_array_equal(each, copy)


def test_rows_of_what_is_assigned_to():
    def function(x, w):
        y = anp.zeros((5, 3))
        for i in range(5):
            y[i] = x[i] * w
        z = y * 2.0
        y[0] = 1.0
        return anp.sum(sum(anp.sin(z[i]) * y[i] for i in range(5)))

    assert_replays(grad(function, argnums=(0, 1)), (XS[:5, :, 0].copy(), B[:3]), (XS[1:6, :, 1].copy(), B[1:4]))


def test_rows_that_are_not_finite():
    for value in (np.nan, np.inf, -np.inf):
        xs = XS.copy()
        xs[2, 1, 3] = value
        with np.errstate(all="ignore"):
            assert_replays(grad(rnn), (PARAMS, XS), (PARAMS, xs))
            assert_replays(grad(gates), (PARAMS, XS), (PARAMS, xs))


def test_large_matrices_are_left_alone():
    xs = RANDOM.normal(size=(5, 60, 50))
    matrix = RANDOM.normal(size=(50, 4))

    def function(xs, matrix):
        return [xs[i] @ matrix for i in range(5)], sum(xs[i] for i in range(5))

    assert source(function, xs, matrix).count(".dot(") == 5
    assert_replays(function, (xs, matrix), (-xs, matrix))


def test_results_of_a_batch_are_rows_again():
    def function(xs, w):
        return anp.sum(sum(anp.exp(xs[i] * w) * xs[i] for i in range(6)) ** 2)

    args = XS[:, 0].copy(), B[:4]
    program = batch_calls(lowered(function, *args), trusting=False)
    assert count(program)["exp"] == 1 and count(program)["multiply"] == 2
    assert count(program)["add"] == 6 and count(batch_calls(lowered(function, *args)))["add"] == 2


CALLS = {  # how often each is called, of 6 or more times without stacks
    "layers": (lambda x, ws: [anp.sin(each) for each in list(chain_of(anp.tanh, x))], {"sin": 1}),
    "items of the second axis": (lambda x, ws: [anp.exp(ws[:, i]) * ws[0, 0, 0] for i in range(4)], {"exp": 1}),
    "a matrix each": (lambda x, ws: [anp.sin(x @ ws[i]) for i in range(6)], {"matmul": 1, "sin": 1, "dot": 0}),
    "one vector": (lambda x, ws: [anp.exp(ws[i] @ x) for i in range(6)], {"dot": 1, "exp": 1}),
    "reductions": (lambda x, ws: [anp.max(ws[i] * x, axis=0) + x for i in range(6)], {"reduce": 1, "multiply": 1}),
    "views": (lambda x, ws: [anp.exp(anp.tanh(ws[i])[1:, None]) for i in range(6)], {"tanh": 1, "exp": 1}),
    "inverses": (lambda x, ws: [anp.linalg.inv(ws[i]) * x for i in range(6)], {"inv": 1}),
    "of this library": (lambda x, ws: [anp.sinc(nn.sigmoid(ws[i])) * x for i in range(6)], {"sigmoid": 1, "sinc": 1}),
    "two families in turn": (
        lambda x, ws: [f(g(ws[i]) * x) for i in range(6) for f, g in ((anp.exp, anp.sin), (anp.exp, anp.cos))],
        {"sin": 1, "cos": 1, "multiply": 2, "exp": 2},
    ),
}


def chain_of(f, x):
    for _ in range(6):
        x = f(x * 0.5)
        yield x


@pytest.mark.parametrize("name", CALLS)
def test_calls_of_all_turns_are_one(name):
    function, expected = CALLS[name]
    args = RANDOM.normal(size=4), RANDOM.normal(size=(6, 4, 4))[:, :, :4].copy()
    found = count(batch_calls(lowered(lambda *args: [-y for y in function(*args)], *args)))
    assert {each: found.get(each, 0) for each in expected} == expected
    assert_replays(lambda *args: list(function(*args)), args, tuple(2 * each for each in args))


def test_what_is_a_row_of_one_result_is_not_written_into_another_stack():
    def function(x):
        first = [x * (i + 1.0) for i in range(5)]
        second = [anp.exp(each) for each in first]
        return sum([anp.sqrt(each) for each in second]), sum(second)

    program = batch_calls(lowered(function, B), trusting=False)
    assert count(program)["exp"] == 1 and count(program)["sqrt"] == 1
    assert_replays(function, (B,), (B * 2,))


def test_terms_are_added_in_the_order_of_the_program():
    def function(xs, w, b):
        return [(xs @ np.ones((4, 4)))[i] + h * w + b for i, h in enumerate(xs * 1.0)]

    with np.errstate(all="ignore"):
        for w, b in [(-2.5e299, 1.0), (-2.5e299, 3e299), (1e308, -1e308), (-1e308, -1e308)]:
            args = np.full((12, 3, 4), 1e300 / 4), np.full((3, 4), w), np.full((3, 4), b)
            args = args[0] * 2.0, np.full((3, 4), w / 1e299), np.full((3, 4), b)
            compiled = jit(function)
            compiled(*args), compiled(*args)
            for expected, found in zip(function(*args), compiled(*args), strict=True):
                np.testing.assert_array_equal(found, expected)


HALVES = np.repeat([-1.0, 1.0], 20)
SIGNS = {"halves": HALVES, "in turn": np.tile([-1.0, 1.0], 20), "few": HALVES * (np.arange(40) % 13 == 0)}

SUMS = {
    "terms": lambda xs: sum([x * 1.0 for x in xs[1:]], xs[0]),
    "products": lambda xs: sum([anp.cos(x * 0.0) * x for x in xs[1:]], xs[0]),
    "matrices": lambda xs: sum([anp.dot(x, np.eye(4)) for x in xs[1:]], xs[0]),
    "outer": lambda xs: sum([anp.dot(x.T, x * 0.0 + 1.0) for x in xs[1:]], anp.zeros((4, 4))),
    "weights": lambda xs: grad(lambda w: sum([anp.sum(anp.tanh(anp.dot(x * 1e-310, w)) * x) for x in xs]))(np.eye(4)),
    "bias": lambda xs: grad(lambda b: sum([anp.sum(anp.tanh(b) * x) for x in xs]))(np.zeros((3, 4))),
}


@pytest.mark.parametrize("scale", [1e308, 6e307, 1e307, 1e150])
@pytest.mark.parametrize("signs", SIGNS)
@pytest.mark.parametrize("name", SUMS)
def test_sums_of_loops_that_overflow_on_the_way(name, signs, scale):
    function, xs = SUMS[name], scale * SIGNS[signs][:, None, None] * np.ones((3, 4))
    compiled = jit(function)
    with np.errstate(all="ignore"):
        expected = function(xs)
        for args in (xs / scale, xs, xs, xs):
            found = compiled(args)
    if not np.isfinite(found).all() or np.isfinite(expected).all():  # with jit it may be finite, and right
        np.testing.assert_allclose(found / scale, expected / scale, rtol=1e-9, atol=1e-9)
    assert compiled.cache_info().traces <= 2


def test_a_sum_that_overflows_is_checked_before_a_guard_reads_it():
    def function(xs):
        total = SUMS["terms"](xs)
        return total * 1.0 if total[0, 0] < 1e300 else total * 0.0

    compiled, xs = jit(function), HALVES[:, None, None] * np.ones((3, 4))
    with np.errstate(all="ignore"):
        for _ in range(3):
            for each in (xs, 1e307 * xs, 1e307 * abs(xs), 1e5 * xs):
                np.testing.assert_array_equal(compiled(each), function(each))
    assert compiled.cache_info().traces <= 4


# Sigmoids


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("shape", [(5,), (2, 3), (300, 300)])
def test_sigmoids_that_overflow_are_computed_again(dtype, shape):
    x = np.resize(np.array([-1e3, -50.0, 0.0, 0.5, 800.0], dtype), shape)
    function = grad(lambda x: anp.sum(nn.sigmoid(x) * x))
    assert_replays(function, (x / 1e3,), (x,), (np.where(x < 0, -np.inf, x).astype(dtype),))
    assert_replays(nn.sigmoid, (x / 1e3,), (x * np.nan,), (x,))


def test_a_sigmoid_where_all_is_finite():
    assert "sigmoid(" not in source(grad(lambda x: anp.sum(nn.sigmoid(x))), B)
    assert "sigmoid(" in source(lambda x: nn.sigmoid(x), np.arange(3))
