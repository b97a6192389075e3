"""Steps on large arrays that run block by block: every kind of step, shape and layout, with blocks of a few rows."""

import math
import warnings

import numpy as np
import pytest
from compiled import assert_like
from pass_checks import lowered, small_blocks

from autodiff_trace import grad, jit, num_threads, set_num_threads, tree_leaves, tree_map, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.ir.kernel import Kernel
from autodiff_trace.compiler.schedule import fusion
from autodiff_trace.compiler.rewrite import quicker_calls
from autodiff_trace.compiler.schedule.fusion import fuse

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(2, 13, 5))
V, C, N = RNG.normal(size=5), RNG.normal(size=(13, 1)), RNG.normal(size=13)
T = RNG.normal(size=(13, 3, 4))
M = RNG.normal(size=(13, 13))


@pytest.fixture(autouse=True)
def blocks_of_a_few_rows(monkeypatch):
    small_blocks(monkeypatch)
    before = num_threads()
    set_num_threads(3)
    yield
    set_num_threads(before)


def assign(x, y):
    z = anp.exp(x) * y
    z[2:4] = anp.sin(z[0:2])
    w = z * 2 + anp.exp(z)
    z[:, 1] = 0
    return z, w


def softmax(x, axis):
    powers = anp.exp(x - anp.max(x, axis=axis, keepdims=True))
    return powers / anp.sum(powers, axis=axis, keepdims=True)


def quietly(x):
    with np.errstate(divide="ignore", invalid="ignore"):
        y = anp.log(x) * 2
    return anp.where(x > 0, y, 0.0) + anp.exp(x)


CASES = {
    "a chain": (lambda x, y: anp.exp(anp.sin(x) * y) + x, X, Y),
    "columns first": (lambda x, y: anp.exp(anp.sin(x) * y) + x, np.asfortranarray(X), np.asfortranarray(Y)),
    "two layouts": (lambda x, y: anp.exp(anp.sin(x) * y) + x, np.asfortranarray(X), Y),
    "backwards": (lambda x: (anp.exp(x[::-1]) * 2 + 1)[::-1], X),
    "every other": (lambda x: anp.exp(x) * 2 + 1, RNG.normal(size=(26, 10))[::2, ::2]),
    "one row a block": (lambda x: anp.sum(anp.exp(x) * 2, axis=0) + anp.exp(x), RNG.normal(size=(3, 1000))),
    "one axis": (lambda x: anp.sum(anp.exp(x) * 2) + anp.exp(x), RNG.normal(size=1001)),
    "a row for all": (lambda x, v, c: (anp.exp(x) * v + c) * anp.sin(c), X, V, C),
    "columns for all": (lambda x, n: anp.exp(x) * n[:, None] + anp.sin(n)[:, None] * x, X, N),
    "a number for all": (lambda x, a: anp.exp(x) * a + a, X, np.float64(2.0)),
    "of rows and whole": (lambda m, n: (anp.exp(m) * anp.sin(n) + anp.sin(n)[:, None]) * 2, M, N),
    "a product between": (lambda x: anp.exp(x) @ anp.exp(x).T + anp.sum(anp.exp(x)), X),
    "sum": (lambda x, y: anp.sum(anp.exp(x) * y), X, Y),
    "sum of rows": (lambda x, y: anp.sum(anp.exp(x) * y, axis=0), X, Y),
    "sums of rows": (lambda x, y: anp.sum(anp.exp(x) * y, axis=1), X, Y),
    "sums of rows, kept": (lambda x, y: x * y / anp.sum(anp.exp(x) * y, axis=1, keepdims=True), X, Y),
    "sum of rows, kept": (lambda x, y: x * y / anp.sum(anp.exp(x) * y, axis=0, keepdims=True), X, Y),
    "sum, kept": (lambda x, y: x * y / anp.sum(anp.exp(x) * y, keepdims=True), X, Y),
    "mean and variance": (lambda x: (x - anp.mean(x * 2, axis=0)) / anp.std(x * 2, axis=0) + anp.var(x * 2), X),
    "maxima": (lambda x, y: (anp.max(anp.exp(x) * y), anp.min(x * y, axis=0), anp.max(x * y, axis=1)), X, Y),
    "softmax of rows": (lambda x: softmax(x * 2, 1), X),
    "softmax of columns": (lambda x: softmax(x * 2, 0), X),
    "float32": (lambda x, y: anp.sum(anp.exp(x) * y, axis=0) * 1.5, X.astype("f"), Y.astype("f")),
    "float16": (lambda x: (x * x + x) * 2, X.astype(np.float16)),
    "complex": (lambda z: (anp.exp(z) * z, anp.sum(anp.abs(z) * 2, axis=0), anp.sum(z * z)), X + 1j * Y),
    "ints": (lambda x: (anp.sum(x * x, axis=0), anp.sum(x + x), anp.max(x * 2, axis=1)), (X * 10).astype(int)),
    "small ints": (lambda x: (x * x + x) * 2, (X * 10).astype(np.int8)),
    "masks": (lambda x, y: ((x > 0) & (y > 0), anp.sum((x > 0) | (y > 0), axis=1), anp.sum(x > y)), X, Y),
    "selected": (lambda x, v: anp.where(x > 0, anp.sqrt(anp.where(x > 0, x, 1)), v) * 2, X, V),
    "filled": (lambda x: x * 0 + anp.sum(x, axis=1, keepdims=True) * anp.ones_like(x), X),
    "stacks": (lambda t: anp.sum(anp.exp(t) * 2, axis=(0, 2)) + anp.sum(anp.sum(anp.exp(t) * 2, axis=1)), T),
    "another shape": (lambda t: (anp.exp(t) * 2).reshape(13, 12)[:, 3] + anp.sin(t)[:, 1, 2], T),
    "new axes": (lambda t: anp.sum(anp.exp(t)[:, None] * t[:, :, None], axis=-1), T),
    "no columns": (lambda x: (anp.exp(x) * 2, anp.sum(anp.exp(x) * 2, axis=1)), np.zeros((13, 0))),
    "several outputs": (lambda x, y: {"a": x * y + 1, "b": [anp.sin(x * y), anp.sum(x * y)], "c": (x * y)[2]}, X, Y),
    "what the end gives": (lambda x, y: (x * y + 1 - anp.sum(x * y)) * 2 + anp.max(x * y, axis=0), X, Y),
    "two kernels": (lambda x, y: anp.sum((anp.exp(x) - anp.mean(anp.exp(x), axis=0)) ** 2 * y, axis=1), X, Y),
    "assignment": (assign, X, Y),
    "error handling": (quietly, X),
    "sine and cosine": (lambda x: anp.sin(x) * anp.cos(x) + anp.sin(2 * x), RNG.normal(size=17_000) * 100),
    "cosine and sine": (lambda x: (anp.cos(x), anp.sin(x)), np.append(RNG.normal(size=17_000), 1e9)),
}
UNFUSED = {"a product between", "small ints", "no columns", "backwards"}


def pulled(function):
    """What the pullback of ``function`` gives for cotangents that differ."""

    def pull(*args):
        outputs, pullback = vjp(function, *args)
        return pullback(tree_map(cotangent, outputs))

    return pull


def cotangent(y):
    return anp.cos(y) if y.dtype.kind in "fc" else anp.ones_like(y, dtype=float)


@pytest.mark.parametrize("derivative", [False, True], ids=["", "vjp"])
@pytest.mark.parametrize("function, args", [(each[0], each[1:]) for each in CASES.values()], ids=CASES)
def test_in_blocks_as_at_once(function, args, derivative, monkeypatch):
    monkeypatch.setattr(quicker_calls, "is_numpy_slow", lambda: True)
    if derivative:
        if any(arg.dtype.kind not in "fc" or arg.dtype == np.float16 for arg in args):
            pytest.skip("no derivative")
        function = pulled(function)
    compiled, plain = jit(function), jit(function, passes=())
    eps = max(np.finfo(arg.dtype).eps if arg.dtype.kind in "fc" else 0 for arg in args)
    compiled(*args), plain(*args)
    for factor in (1, 1.5):
        varied = [arg if arg.dtype.kind in "iub" else np.multiply(arg, arg.dtype.type(factor)) for arg in args]
        with np.errstate(all="ignore"):
            expected = function(*varied)
            for run in (compiled, plain):
                assert_like(tree_map(np.asarray, run(*varied)), tree_map(np.asarray, expected), eps)
    info, plain_info = compiled.cache_info(), plain.cache_info()
    assert info.programs == plain_info.programs and info.hits >= plain_info.hits - 1  # one for all that is not finite


@pytest.mark.parametrize("name", [name for name in CASES if name not in UNFUSED])
def test_there_are_kernels(name):
    function, *args = CASES[name]
    with np.errstate(all="ignore"):
        kernels = [step.function for step in fuse(lowered(function, *args)).steps if type(step.function) is Kernel]
    assert kernels and all(kernel.plan.blocks > 1 for kernel in kernels)


def test_large_arrays(monkeypatch):
    monkeypatch.undo()
    x = RNG.normal(size=(3, 10**6 // 4))
    function = pulled(lambda x: anp.sum(anp.exp(-x * x) * anp.log(1 + x * x), axis=1))
    assert any(type(step.function) is Kernel for step in fuse(lowered(function, x)).steps)
    compiled = jit(function, backend="numpy")
    compiled(x)
    assert_like(compiled(x + 1), function(x + 1))


def test_kernels_that_do_not_pay(monkeypatch):
    monkeypatch.setattr(fusion, "WORTH", math.inf)
    assert not any(type(step.function) is Kernel for step in fuse(lowered(lambda x: anp.exp(x) * 2, X)).steps)


def test_guards_and_draws_stay_between_kernels():
    def function(x):
        y = anp.exp(x) * 2
        if anp.sum(y) > 1000:
            y = y - 1
        y = y + anp.random.normal(size=(13, 5)) * anp.sin(y)
        return anp.sqrt(y * y) + 1

    compiled = jit(function)
    for x in [X, X, X + 3, X, X + 3]:
        np.random.seed(0)
        found = compiled(x)
        np.random.seed(0)
        assert_like(found, function(x))
    assert compiled.cache_info().traces == 2


def test_errors_come_from_any_thread():
    def function(x):
        with np.errstate(divide="raise"):
            return anp.log(x) * 2 + anp.exp(x)

    compiled = jit(function, backend="numpy")
    x = X**2 + 1
    compiled(x)
    for row in range(13):
        bad = x.copy()
        bad[row, 2] = 0.0
        for run in (function, compiled):
            with pytest.raises(FloatingPointError, match="divide by zero"):
                run(bad)
        np.testing.assert_array_equal(compiled(x), function(x))
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="overflow"):
        compiled(x * 1e3)


def test_warnings_come_from_any_thread():
    function = lambda x: anp.log(x) * 2 + anp.exp(x)  # noqa: E731
    compiled = jit(function, backend="numpy")
    x = X**2 + 1
    compiled(x)
    bad = x.copy()
    bad[::6] = 0.0
    for run in (function, compiled):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            run(bad)
        assert {str(each.message) for each in caught} == {"divide by zero encountered in log"}
    with np.errstate(divide="ignore"):
        np.testing.assert_array_equal(compiled(bad), function(bad))
    for run in (function, compiled):
        with pytest.raises(RuntimeWarning, match="divide by zero"):
            run(bad)


def test_handlers_of_errors_are_called_from_any_thread():
    seen = []
    compiled = jit(lambda x: anp.log(x) * 2 + anp.exp(x))
    x = X**2 + 1
    compiled(x)
    x[::6] = 0.0
    with np.errstate(divide="call", call=lambda kind, flag: seen.append(kind)):
        compiled(x)
    assert set(seen) == {"divide by zero"}


def test_results_are_memory_of_their_own():
    compiled = jit(lambda x, y: (x * y + 1, (x * y)[2], anp.sum(x * y, axis=0)))
    compiled(X, Y)
    first = compiled(X, Y)
    kept = [each.copy() for each in first]
    second = compiled(X + 1, Y)
    for each, before in zip(first, kept):
        np.testing.assert_array_equal(each, before)
    leaves = tree_leaves((first, second))
    assert not any(np.shares_memory(a, b) for i, a in enumerate(leaves) for b in leaves[:i] if a.ndim + b.ndim < 3)


def test_a_part_of_what_is_filled_row_by_row():
    x = np.random.default_rng(0).normal(size=(3, 257, 256))
    compiled = jit(vmap(grad(lambda x: anp.sum(anp.pad(x, 1) * 2.0))))
    for _ in range(3):
        np.testing.assert_array_equal(compiled(x), np.full(x.shape, 2.0))
    assert compiled.cache_info().hits == 2
