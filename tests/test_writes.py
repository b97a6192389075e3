"""Writes of items: in place where nobody else needs the old values, in threads, and linear in their number."""

import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from autodiff_trace import (
    MutationError, checkpoint, grad, hessian, jacobian, jit, jvp, to_numpy, value_and_grad, vjp, vmap,
)
from autodiff_trace import numpy as anp
from autodiff_trace.numpy import wrapped as anp_wrapped
from autodiff_trace.numpy import writable_box

X3 = np.array([1.0, 2.0, 3.0])
SMALL = np.linspace(0.5, 1.5, 6)
LARGE = np.linspace(0.5, 1.5, 600)  # more than a page: nodes keep an outline of what they do not read


def old_values_in_a_product(x):
    b = anp.zeros(len(x))
    b[0] = x[0] * 2.0
    y = b * x
    b[0] = 3.0 * x[1]
    z = b * x
    b[0] = 5.0
    return anp.sum(y * z) + anp.sum(b * z)


def old_values_in_many_functions(x):
    b = anp.ones(len(x))
    total = 0.0
    for i in range(4):
        b[i] = x[i] * x[i + 1]
        total = total + anp.sum(anp.sin(b) * anp.exp(b)) + b @ x + anp.sum(b**2 / (1.0 + b * b))
        b[i] *= 0.5
    return total


def an_alias_and_a_copy(x):
    b = x * x
    alias, copied = b, b.copy()
    b[1] = x[0]
    alias[2] = x[1] * 3.0
    return anp.sum(b * copied) + anp.sum(alias * x)


def views_that_live_on(x):
    b = anp.zeros(len(x))
    b[...] = x
    head, tail, strided = b[:3], b[3:], b[::2]
    total = 0.0
    for i in range(len(b) - 594 if len(b) > 594 else len(b)):
        b[i] = b[i] * x[i]
        total = total + anp.sum(head * tail[:3]) + anp.sum(strided**2)
        head[0] = total * 0.01
    return total


def slices_that_nodes_keep(x):
    b = anp.zeros(len(x))
    b[:2] = x[:2]
    for i in range(2, 6):
        b[i] = anp.sum(b[i - 2 : i] * b[i - 2 : i]) * anp.sin(b[i - 1]) + x[i]
    return anp.sum(b * b)


def overlapping(x):
    b = x * 1.0
    b[1:] = b[:-1]
    b[:] = b
    b[::2] = b[::-1][::2] * 2.0
    b[[0, 1]] = b[[1, 0]]
    return anp.sum(b * x)


def one_item_many_times(x):
    b = anp.zeros(len(x))
    for i in range(5):
        b[0] = b[0] * x[i] + x[i + 1]
    b[[1, 1, 2]] = x[:3]
    b[b > 1.2] *= x[0]
    return anp.sum(b**2)


def rows(x):
    b = anp.zeros((6, len(x)))
    b[0] = x
    for i in range(1, 6):
        b[i] += anp.tanh(b[i - 1]) * x
        b[i, ::2] *= 2.0
        b[i][1] = b[i - 1, 0]
    return anp.sum(b * b)


def whole_then_items(x):
    b = x * 2.0
    b[0] = 1.0
    b += x
    b[1] = x[0]
    b[...] = b * b
    b[2:4] = [x[0], x[1] * 2.0]
    c = b + 0.0
    c[0] = x[2]
    return anp.sum(b * c)


def put_and_copyto(x):
    b = anp.zeros(len(x))
    np.put(b, [0, 3], x[:2])
    y = b * x
    np.copyto(b, x, where=np.arange(len(x)) < 2)
    np.put_along_axis(b, np.array([4]), x[1], 0)
    np.add.at(b, [5, 5], x[:2])
    np.fill_diagonal(b[:4].reshape(2, 2), x[0])
    return anp.sum(b * y) + anp.sum(b)


def given_buffer_of_ints(x):
    places = anp.zeros(len(x), int)
    places[2] = 1
    places[places] = 3
    return anp.sum(x[places] * x)


def values_with_more_axes(x):
    b, c = anp.zeros((2, len(x))), anp.zeros(())
    b[0] = x[None]
    b[1:, 2:4] = x[None, None, None, :2]
    b[None, 1, [0, 1, 1]] = (x[:3] * x[1:4])[None, None]
    c[...] = x[:1][None]
    np.copyto(b[1], x[None, None], where=np.arange(len(x)) > 3)
    b[1, 4:] = x[None, 2:3] * x[3]
    return anp.sum(b * b) * c


FUNCTIONS = [
    old_values_in_a_product, old_values_in_many_functions, an_alias_and_a_copy, views_that_live_on,
    slices_that_nodes_keep, overlapping, one_item_many_times, rows, whole_then_items, put_and_copyto,
    given_buffer_of_ints, values_with_more_axes,
]


def slope(f, x):
    """The derivative of ``f`` along a direction, by differences of the plain function."""
    d = np.cos(np.arange(len(x)))
    return (f(x + 1e-6 * d) - f(x - 1e-6 * d)) / 2e-6, d


@pytest.mark.parametrize("x", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("f", FUNCTIONS)
def test_all_modes_agree_with_differences(f, x):
    before = x.copy()
    expected, d = slope(f, x)
    value, g = value_and_grad(f)(x)
    np.testing.assert_allclose(value, f(x.copy()))
    np.testing.assert_allclose(g @ d, expected, rtol=2e-5)
    np.testing.assert_allclose(jvp(f, (x,), (d,))[1], expected, rtol=2e-5)
    np.testing.assert_allclose(jit(grad(f))(x), g)
    np.testing.assert_allclose(grad(checkpoint(f))(x), g)
    if f is not one_item_many_times:  # a mask of mapped values
        np.testing.assert_allclose(vmap(f)(np.stack([x, 2 * x])), [f(x), f(2 * x)])
        np.testing.assert_allclose(grad(lambda x: anp.sum(vmap(f)(x)))(np.stack([x, 2 * x]))[0], g)
        np.testing.assert_allclose(vmap(grad(f))(np.stack([x, 2 * x]))[0], g)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("f", FUNCTIONS)
def test_second_order(f):
    expected, d = slope(lambda x: grad(f)(x) @ np.sin(np.arange(6)), SMALL)
    v = np.sin(np.arange(6))
    results = [
        hessian(f)(SMALL) @ d @ v,
        grad(lambda x: grad(f)(x) @ v)(SMALL) @ d,
        jvp(grad(f), (SMALL,), (d,))[1] @ v,
        grad(lambda x: jvp(f, (x,), (v,))[1])(SMALL) @ d,
        jvp(lambda x: jvp(f, (x,), (v,))[1], (SMALL,), (d,))[1],
        jit(grad(lambda x: grad(f)(x) @ v))(SMALL) @ d,
    ]
    np.testing.assert_allclose(results, expected, rtol=1e-4, atol=1e-7)
    large = np.linspace(0.5, 1.5, 600)
    u, w = np.cos(np.arange(600)), np.sin(np.arange(600))
    np.testing.assert_allclose(
        grad(lambda x: grad(f)(x) @ w)(large) @ u, jvp(grad(f), (large,), (u,))[1] @ w, rtol=1e-7, atol=1e-10
    )
    np.testing.assert_allclose(
        grad(lambda x: jvp(f, (x,), (w,))[1])(large) @ u, jvp(grad(f), (large,), (u,))[1] @ w, rtol=1e-7, atol=1e-10
    )


# Buffers of an outer trace, in an inner one


@pytest.mark.parametrize("x", (SMALL, LARGE, np.linspace(0.5, 1.5, 20_000)))
@pytest.mark.parametrize("last", ((..., -1), (-1, ...), -1), ids=str)
def test_item_that_numpy_gives_as_a_view(x, last):
    def f(x):
        z = x * 1.0
        z[last] = z[0] ** 3
        return anp.sum(z * z)

    slopes = 2.0 * x
    slopes[0] += 6.0 * x[0] ** 5
    slopes[-1] = 0.0
    np.testing.assert_allclose(grad(f)(x), slopes)
    direction = np.zeros_like(x)
    direction[0] = 1.0
    np.testing.assert_allclose(jvp(grad(f), (x,), (direction,))[1], (2.0 + 30.0 * x[0] ** 4) * direction)
    total = jvp(grad(lambda x: f(x) - anp.sum(x * x) + x[-1] ** 2 - x[0] ** 6), (x,), (direction,))
    np.testing.assert_allclose(total, np.zeros((2, len(x))), atol=1e-12)


@pytest.mark.parametrize("n", [3, 600])
def test_outer_buffer_is_written_while_an_inner_trace_runs(n):
    x = np.linspace(1.0, 2.0, n)

    def f(x):
        b = anp.zeros(n)
        b[0] = x[0]

        def inner(y):
            s = anp.sum(y * b)  # its slope is the b of now
            b[0] = 5.0 * x[1]
            return s + anp.sum(y * y * b)

        return anp.sum(grad(inner)(x * 1.0) * x)

    def plain(x):
        b, c = np.zeros(n), np.zeros(n)
        b[0], c[0] = x[0], 5.0 * x[1]
        return np.sum((b + 2 * x * c) * x)

    expected, d = slope(plain, x)
    np.testing.assert_allclose(grad(f)(x) @ d, expected, rtol=1e-6)
    np.testing.assert_allclose(jvp(f, (x,), (d,))[1], expected, rtol=1e-6)
    np.testing.assert_allclose(jit(grad(f))(x) @ d, expected, rtol=1e-6)


def test_argument_of_an_inner_transformation_is_written_outside():
    def f(x):
        b = x * 1.0

        def inner(y):
            s = anp.sum(y * y)
            b[0] = 7.0
            return s

        return anp.sum(grad(inner)(b) * x)

    with pytest.raises(MutationError, match=r"writes into the array .* at which it is differentiated"):
        grad(f)(SMALL)


def test_what_others_hold_is_not_written_into():
    kept = []

    def f(x):
        b = anp.zeros(600)
        b[0] = x[0]
        kept.append(to_numpy(b))
        b[0] = x[1]
        kept.append(to_numpy(b)[:3])
        b[0] = x[2]
        return anp.sum(b * b)

    grad(f)(LARGE)
    assert kept[0][0] == LARGE[0] and kept[1][0] == LARGE[1]


def test_pullbacks_do_not_write_into_cotangents():
    def f(x):
        b = x * 1.0
        for i in range(5):
            b[i] = b[i + 1] * x[i]
        return b

    _, pull = vjp(f, LARGE)
    g = np.ones(600)
    first = pull(g)
    np.testing.assert_array_equal(g, np.ones(600))
    np.testing.assert_array_equal(first, pull(g))
    np.testing.assert_allclose(jacobian(f)(LARGE).T @ g, first[0] if isinstance(first, tuple) else first)


def test_results_of_a_transformation_are_the_callers():
    def f(x):
        b = anp.zeros(600)
        b[:] = x
        first = b * 1.0
        b[0] = 2.0
        return anp.sum(b), (first, b)

    g, (first, b) = grad(f, has_aux=True)(LARGE)
    g[:] = 9.0
    first[:] = 7.0
    assert b[1] == LARGE[1] and b[0] == 2.0


def test_float32_stays():
    def f(x):
        b = anp.zeros(600, np.float32)
        for i in range(600):
            b[i] = x[i] * x[i]
        return anp.sum(b)

    assert grad(f)(LARGE.astype(np.float32)).dtype == np.float32
    assert jvp(f, (LARGE.astype(np.float32),), (np.ones(600, np.float32),))[1].dtype == np.float32


def test_failed_writes_change_nothing():
    def f(x):
        b = anp.zeros(600)
        b[0] = x[0]
        for index, value, kind in ((600, 1.0, IndexError), (slice(3), x[:5], ValueError), ("a", 1.0, IndexError)):
            with pytest.raises(kind):
                b[index] = value
        return anp.sum(b * x)

    np.testing.assert_allclose(grad(f)(LARGE)[:2], [2 * LARGE[0], 0.0])


@pytest.mark.parametrize("place", ["write_base", "refresh_views"])
@pytest.mark.parametrize("size", [12, 600])
@pytest.mark.parametrize("write", [
    lambda b, v, x: v.__setitem__(slice(None), x[1]), lambda b, v, x: v.__imul__(x[1]),
    lambda b, v, x: b.__setitem__(slice(2, 4), x[1]), lambda b, v, x: np.add(b, x[1], out=b),
], ids=["view[:] =", "view *=", "b[2:4] =", "out="])
def test_what_is_interrupted_leaves_views_that_agree(write, place, size, monkeypatch):
    whole = getattr(writable_box, place)

    def f(x):
        calls = []

        def interrupt_once(*args):
            calls.append(args)
            if len(calls) == 1:
                raise KeyboardInterrupt
            return whole(*args)

        b = anp.zeros(size)
        b[:] = x[0]
        v, w = b[1:9], b.reshape(-1, 3)
        with monkeypatch.context() as context:
            context.setattr(writable_box, place, interrupt_once)
            try:
                write(b, v, x)
            except KeyboardInterrupt:
                pass
        return anp.concatenate([b[1:9] - v, b - anp.ravel(w)])

    for differences in (vjp(f, X3)[0], jvp(f, (X3,), (X3,))[1], vmap(f)(X3[None])):
        assert not np.any(differences)


# Threads


@pytest.mark.parametrize("transform", [grad, lambda f: lambda x: vmap(f)(x[None])], ids=["grad", "vmap"])
@pytest.mark.parametrize("kind", ["items", "rows", "rows in place", "add.at", "put", "flat", "out", "where"])
def test_threads_write_different_items(transform, kind):
    n, count = 8, 25
    barrier = threading.Barrier(n)

    def f(x):
        b = anp.zeros((n * count, 2)) if kind.startswith("rows") else anp.zeros(n * count)
        barrier.reset()

        def work(k):
            barrier.wait()
            for i in range(k * count, (k + 1) * count):
                if kind == "rows in place":
                    row = b[i]
                    row += x[i]
                elif kind == "add.at":
                    np.add.at(b, [i], x[i])
                elif kind == "put":
                    np.put(b, [i], x[i])
                elif kind == "flat":
                    b.flat[i] = x[i]
                elif kind == "out":
                    np.multiply(x[i : i + 1], 1.0, out=b[i : i + 1])
                elif kind == "where":
                    np.multiply(x, 1.0, out=b, where=np.arange(n * count) == i)
                else:
                    b[i] = x[i]

        with ThreadPoolExecutor(n) as pool:
            list(pool.map(work, range(n)))
        return anp.sum(b if b.ndim == 1 else b[:, 0])

    x = np.arange(1.0, n * count + 1)
    expected = np.ones(n * count) if transform is grad else [x.sum()]
    for _ in range(2):
        np.testing.assert_array_equal(transform(f)(x), expected)


# Cost


def writes(x):
    b = anp.zeros(len(x))
    for i in range(len(x)):
        b[i] = x[i] * 2.0
    return anp.sum(b * b)


def reads_and_writes(x):
    b = anp.zeros(len(x))
    b[0] = x[0]
    for i in range(1, len(x)):
        b[i] = b[i - 1] * 0.5 + x[i]
    return anp.sum(b * b)


def added(x):
    b = anp.zeros(len(x))
    for i in range(len(x)):
        b[i] += x[i]
    return anp.sum(b * b)


def recurrence(x):
    x = x.reshape(-1, 4)
    b = anp.zeros(x.shape)
    w = np.full((4, 4), 0.25)
    for i in range(1, len(x)):
        b[i] = anp.tanh(w @ b[i - 1]) + x[i]
    return anp.sum(b * b)


@pytest.mark.parametrize("loop", [writes, reads_and_writes, added, recurrence])
@pytest.mark.parametrize(
    "run",
    [
        grad,
        lambda f: lambda x: jvp(f, (x,), (x,)),
        lambda f: lambda x: vmap(f)(x[None]),
        lambda f: lambda x: jvp(grad(f), (x,), (x,)),
        lambda f: grad(lambda x: anp.sum(grad(f)(x) ** 2)),
    ],
    ids=["reverse", "forward", "vmap", "forward of reverse", "reverse of reverse"],
)
def test_memory_is_not_copied_at_each_write(loop, run, monkeypatch):
    """The number of copies does not grow with the number of writes."""
    copies = []
    plain = anp_wrapped.set_item.fun
    for name in ("set_item", "add_at"):
        prim = getattr(anp_wrapped, name)
        monkeypatch.setattr(prim.traits, "fast_fun", lambda *args: copies.append(1) or plain(*args))
    run(loop)(np.linspace(0.0, 1.0, 520))
    assert len(copies) <= 8


def test_time_is_linear():
    def seconds(n):
        gc.disable()  # what that costs grows with what other tests have left
        try:
            start = time.process_time()
            grad(reads_and_writes)(np.ones(n))
            return time.process_time() - start
        finally:
            gc.enable()

    seconds(400)
    # Ten times the work; quadratic would be a hundred.
    assert min(seconds(4_000) for _ in range(2)) < 30 * min(seconds(400) for _ in range(3))
