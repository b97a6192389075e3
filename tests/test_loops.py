"""scan and fori_loop: what a Python loop computes, with the same derivatives, in less memory."""

import threading
import time
import tracemalloc

import numpy as np
import pytest

from autodiff_trace import (
    TracedValueError, checkpoint, fori_loop, grad, hessian, hvp, jacfwd, jacobian, jacrev, jit, jvp, scan,
    value_and_grad, vmap,
)
from autodiff_trace import numpy as anp
from autodiff_trace.compiler import graph
from autodiff_trace.testing import check_grads
from autodiff_trace.transforms.taylor import derivatives

X = np.linspace(0.3, 1.1, 7)
W = np.array([0.7, -0.4])


def f(carry, x, w):
    """A step with a container as carry, a closed-over value that also meets only itself, and an output."""
    new = {"a": anp.sin(carry["a"] * w) + x * 0.1, "n": carry["n"] + 1}
    return new, (anp.sum(new["a"] ** 2) * x, None)


def by_scan(init, xs, w, reverse=False):
    carry, (ys, none) = scan(lambda c, x: f(c, x, w), {"a": init, "n": 0}, xs, reverse=reverse)
    assert none is None and carry["n"] == len(xs)
    return carry["a"], ys


def by_python(init, xs, w, reverse=False):
    carry, ys = {"a": init, "n": 0}, []
    for k in reversed(range(len(xs))) if reverse else range(len(xs)):
        carry, (y, _) = f(carry, xs[k], w)
        ys.append(y)
    return carry["a"], anp.stack(ys[::-1] if reverse else ys)


INIT = np.array([0.5, 0.9])


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_values_and_derivatives(n, reverse):
    xs = X[:n]
    for found, expected in zip(by_scan(INIT, xs, W, reverse), by_python(INIT, xs, W, reverse)):
        np.testing.assert_allclose(found, expected)
    check_grads(lambda *args: by_scan(*args, reverse), INIT, xs, W, order=1, modes=("rev", "fwd", "batch"))


def test_second_order():
    check_grads(by_scan, INIT, X[:4], W, order=2)


def loss(loop):
    def of(init, xs, w):
        a, ys = loop(init, xs, w)
        return anp.sum(a**2) + anp.sum(ys * anp.arange(1.0, len(xs) + 1))

    return of


COMPOSITIONS = {
    "grad": lambda s: np.concatenate(grad(s, (0, 1, 2))(INIT, X, W)),
    "hessian": lambda s: hessian(lambda w: s(INIT, X, w))(W),
    "hessian of xs": lambda s: hessian(lambda xs: s(INIT * xs[0], xs, W))(X),
    "jacobian": lambda s: jacobian(lambda w: grad(s)(INIT, X, w))(W),
    "hvp": lambda s: hvp(lambda w: s(INIT, X, w))(W, W),
    "jvp": lambda s: jvp(lambda w: s(INIT * w, X, w), (W,), (W,))[1],
    "grad of jvp": lambda s: grad(lambda w: jvp(lambda w: s(INIT, X, w), (w,), (W,))[1])(W),
    "vmap": lambda s: vmap(s, (0, None, 0))(np.stack([INIT, W]), X, np.stack([W, INIT])),
    "vmap of xs": lambda s: vmap(s, (None, 1, None))(INIT, np.stack([X, 2 * X], 1), W),
    "vmap of grad": lambda s: vmap(grad(s, 2), (0, None, 0))(np.stack([INIT, W]), X, np.stack([W, INIT])),
    "grad of vmap": lambda s: grad(
        lambda w: anp.sum(vmap(lambda init, xs: s(init, xs, w))(np.stack([INIT, W]), np.stack([X, 2 * X])) ** 2)
    )(W),
    "hessian of vmap": lambda s: hessian(
        lambda w: anp.sum(vmap(lambda xs: s(INIT, xs, w))(np.stack([X, 2 * X])) ** 2)
    )(W),
    "checkpoint": lambda s: hessian(lambda w: checkpoint(s)(INIT, X, w))(W),
    "derivatives": lambda s: derivatives(lambda t: s(INIT, X, W * t), 3)(0.9),
}


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_compositions(name):
    expected, found = COMPOSITIONS[name](loss(by_python)), COMPOSITIONS[name](loss(by_scan))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10)


def test_nested_scans():
    check_nested_scans(order=2)


def check_nested_scans(order):
    """A matrix product, element by element of one of them, in two loops."""

    def product(a, b):
        def row(total, x):
            return total + 1.0, scan(lambda c, pair: (c + pair[0] * pair[1], None), anp.zeros(3), (x, b))[0]

        return scan(row, 0.0, a)[1]

    a, b = np.arange(8.0).reshape(4, 2) / 8, np.arange(6.0).reshape(2, 3) / 6
    np.testing.assert_allclose(product(a, b), a @ b)
    check_grads(product, a, b, modes=("rev", "fwd", "batch"), order=order)


def test_gradient_inside_a_step_and_a_loop_inside_a_function():
    """Gradient descent, differentiated in its rate: the derivative of a backward pass in each step."""

    def descend(rate):
        def step(x, _):
            value, g = value_and_grad(lambda x: anp.sum((x - 1.0) ** 2 * X[:2]))(x)
            return x - rate * g, value

        return anp.sum(scan(step, INIT, length=9)[1])

    check_grads(descend, 0.3, order=2, modes=("rev", "fwd", "batch"))


def test_fori_loop():
    def power(x, n=5):
        return fori_loop(0, n, lambda i, c: c * x + i, 1.0)

    assert power(2.0) == 2 * (2 * (2 * (2 * (2 * 1 + 0) + 1) + 2) + 3) + 4
    check_grads(power, 0.7, order=2, modes=("rev", "fwd", "batch"))
    assert fori_loop(3, 3, lambda i, c: 1 / 0, 7) == 7
    assert fori_loop(np.int64(2), 4, lambda i, c: c + i if type(i) is int else None, 0) == 5
    index = fori_loop(0, 3, lambda i, c: c + anp.array([1.0, 2.0, 4.0])[i], 0.0)
    assert index == 7.0
    assert grad(lambda x: fori_loop(0, 3, lambda i, c: c + x[i] * i, 0.0))(X[:3])[2] == 2.0


def test_no_steps():
    def step(c, x):
        return c * 2.0, {"y": anp.stack([x["x"][0], c]), "none": None}

    carry, ys = scan(step, 3.0, {"x": np.zeros((0, 2))})
    assert carry == 3.0 and ys["y"].shape == (0, 2) and ys["none"] is None
    assert grad(lambda c: scan(step, c, {"x": np.zeros((0, 2))})[0])(3.0) == 1.0
    np.testing.assert_array_equal(vmap(lambda c: scan(step, c, {"x": np.zeros((0, 2))})[1]["y"])(X).shape, (7, 0, 2))
    assert scan(lambda c, _: (c, None), 1.0, length=0) == (1.0, None)


def test_without_xs_and_with_length():
    assert scan(lambda c, x: (c * 2, x), 1.0, length=3) == (8.0, None)
    carry, ys = scan(lambda c, x: (c + x, c), 1.0, X, length=7)
    np.testing.assert_allclose(carry, 1 + X.sum())


def test_dtypes_are_kept():
    for dtype in (np.float32, np.complex128):
        init, xs = INIT.astype(dtype), X.astype(dtype)
        carry, ys = scan(lambda c, x: (c * x, c[0]), init, xs)
        assert carry.dtype == ys.dtype == dtype
        gradient = grad(lambda c: anp.sum(anp.abs(scan(lambda c, x: (c * x, c[0]), c, xs)[0])))(init)
        assert gradient.dtype == dtype
    counts = scan(lambda c, x: (c + (x > 0.5), c), 0, X)
    assert counts[0].dtype == np.int64 and counts[1].dtype == np.int64


def test_writing_into_the_carry():
    init = np.zeros(3)

    def step(c, x):
        c[1:] = c[:-1] * 1.0
        c[0] = x * x
        return c, c

    def window(xs, init=init):
        return scan(step, init, xs)

    carry, ys = window(X)
    np.testing.assert_allclose(carry, X[:-4:-1] ** 2)
    np.testing.assert_allclose(ys[0], [X[0] ** 2, 0, 0])
    np.testing.assert_array_equal(init, 0.0)
    check_grads(window, X)
    np.testing.assert_array_equal(init, 0.0)


def test_an_element_of_xs_is_not_written_to():
    def step(c, x):
        x += 1.0
        return c, x

    def last(c):
        return scan(step, c, np.zeros((4, 2)))[0]

    for run in (last, grad(last)):
        with pytest.raises(ValueError, match="read-only"):
            run(0.0)


def test_a_graph_lists_the_steps():
    g = graph(lambda w: by_scan(INIT, X[:3], w)[0], W)
    np.testing.assert_allclose(g(2 * W), by_scan(INIT, X[:3], 2 * W)[0])


MISTAKES = {
    "structure": (lambda c, x: ((c, c), None), r"the carry tuple\(0: \*, 1: \*\), but init is \* "),
    "shape": (lambda c, x: (anp.stack([c, c]), None), r"leaf 0 is float64\[2\], but in init it is float64\[\]"),
    "dtype": (lambda c, x: (c + 1j, None), r"complex128\[\], but in init it is float64\[\].*test_loops"),
    "no pair": (lambda c, x: c, r"returned .*, not \(carry, y\)"),
    "output": (lambda c, x: (c, None if x < 0.5 else c), r"\* of shapes \[\(\)\], but before \* of shapes \[None\]"),
    "output structure": (lambda c, x: (c, [c] if x > 0.5 else c), r"the output list\(0: \*\) .* but before \*"),
    "output shape": (lambda c, x: (c, anp.ones(int(x * 4))), r"of shapes \[\(2,\)\], but before .*\[\(1,\)\]"),
    "output kind": (lambda c, x: (c, "y"), "a str as output"),
}


@pytest.mark.parametrize("transform", [lambda f: f, grad], ids=["plain", "grad"])
@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_of_the_step(name, transform):
    step, message = MISTAKES[name]
    with pytest.raises(TypeError, match="scan: .*" + message):
        transform(lambda c: scan(step, c, X)[0])(1.0)


def test_mistakes_of_the_call():
    def step(c, x):
        return c, x

    with pytest.raises(ValueError, match="the lengths do not agree: those of xs are 7, 2"):
        scan(step, 0.0, (X, W))
    with pytest.raises(ValueError, match="those of xs are 7, and length=3"):
        scan(step, 0.0, X, 3)
    with pytest.raises(ValueError, match="say with length="):
        scan(step, 0.0)
    with pytest.raises(TypeError, match="without axes"):
        scan(step, 0.0, 3.0)
    with pytest.raises(TypeError, match="leaf 0 is float64.*int64.*Start from an init"):
        scan(lambda c, x: (c + x, None), 0, X)
    with pytest.raises(TypeError, match="integers"):
        fori_loop(0, 2.5, lambda i, c: c, 0.0)
    with pytest.raises(TracedValueError, match="float"):
        grad(lambda c: scan(lambda c, x: (c * float(c), None), c, X)[0])(1.0)


def pendulum(theta, steps):
    """Steps of an explicit Euler rule."""

    def step(i, state):
        angle, speed = state
        return angle + 1e-4 * speed, speed - 1e-4 * anp.sin(angle)

    return fori_loop(0, steps, step, (theta, 0.0))[0]


def peak_of(call):
    tracemalloc.start()
    try:
        result = call()
        return result, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_long_loop_in_bounded_memory():
    """Some megabytes for 100 000 steps, and √10 times more for 10 times the steps; a Python loop takes 200 MB."""
    _, small = peak_of(lambda: grad(pendulum)(0.5, 200))
    _, large = peak_of(lambda: grad(pendulum)(0.5, 2_000))
    assert large < 6 * small and large < 1e6
    start = time.process_time()
    slope = grad(pendulum)(0.5, 5_000)
    assert time.process_time() - start < 6
    h = 1e-5
    np.testing.assert_allclose(slope, (pendulum(0.5 + h, 5_000) - pendulum(0.5 - h, 5_000)) / (2 * h), rtol=1e-6)


def test_second_order_and_batches_stay_small():
    for call in (
        lambda n: hvp(lambda x: pendulum(x, n))(0.5, 1.0),
        lambda n: grad(grad(pendulum))(0.5, n),
        lambda n: grad(lambda x: anp.sum(vmap(lambda y: pendulum(x * y, n))(X)))(0.5),
    ):
        _, small = peak_of(lambda: call(30))
        _, large = peak_of(lambda: call(270))
        assert large < 6 * small


def test_a_large_carry_is_kept_once_a_block():
    """100 steps of a large array: the carries between the blocks and in one block, and one step."""
    x = np.linspace(0, 1, 60_000)

    def run(x):
        step = lambda c, _: (anp.sin(c) * anp.cos(c) + anp.exp(-c) * c, None)  # noqa: E731
        return anp.sum(scan(step, x, length=100)[0])

    _, size = peak_of(lambda: grad(run)(x))
    assert size < 50 * x.nbytes

def test_a_checkpoint_a_step_keeps_only_carries():
    x = np.linspace(0, 1, 4_000)

    def step(c, _):
        return anp.sin(c) * anp.cos(c) + anp.exp(-c) * c, None

    def peak(step):
        return peak_of(lambda: grad(lambda x: anp.sum(scan(step, x, length=36)[0]))(x))[1]

    assert peak(checkpoint(step)) < 0.7 * peak(step)


def test_writes_in_a_step_have_second_derivatives():
    def step(c, t):
        c = c * 1.0
        c[0] *= t
        return c, c[2]

    def f(x):
        return anp.sum(scan(step, x, x)[0] ** 2)

    x = np.array([0.5, 1.2, 0.8, 1.6])
    expected = jacfwd(grad(f))(x)
    np.testing.assert_allclose(jacrev(grad(f))(x), expected, rtol=1e-12)
    np.testing.assert_allclose(hessian(f)(x), expected, rtol=1e-12)


def test_views_in_loops_while_another_thread_runs():
    """Views are looked at twice then; those in functions that are run again are views by their layouts alone."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        check_nested_scans(order=1)
    finally:
        done.set()
        thread.join()


class Plain(np.ndarray):
    """Computes as arrays do, as ``np.memmap`` does."""


def test_subclasses_of_arrays():
    def step(carry, x):
        return carry * x, carry

    for found, expected in zip(scan(step, W.view(Plain), X[:, None].view(Plain)), scan(step, W, X[:, None])):
        np.testing.assert_array_equal(found, expected)
    with pytest.raises(TypeError, match="scan: an argument is a MaskedArray"):
        scan(step, np.ma.masked_array(W), X)


@pytest.mark.parametrize("n", (2, 7))
def test_arguments_are_written_to_after_the_loop(n):
    def f(x):
        init, xs = x * 1.0, anp.sin(x[:n])
        carry, ys = scan(lambda c, t: (c * t, c[1] * t), init, xs)
        init[1] = 5.0
        xs[0] = x[2]
        xs *= 2.0
        return anp.sum(carry * init) + anp.sum(ys * xs)

    check_grads(f, X, order=2)
    np.testing.assert_allclose(jit(grad(f))(X), grad(f)(X))
    np.testing.assert_allclose(vmap(grad(f))(np.stack([X, X]))[1], grad(f)(X))


def test_carry_of_other_byte_order():
    """Arithmetic of NumPy gives native numbers."""
    carry = fori_loop(0, 3, lambda i, c: c * 2.0, np.array([1.0, 2.0], ">f8"))
    np.testing.assert_array_equal(carry, [8.0, 16.0])
    gradient = grad(lambda x: anp.sum(fori_loop(0, 3, lambda i, c: c * x, np.array([1.0, 2.0], ">f8"))))(2.0)
    assert gradient == 36.0


def test_large_carries_are_written_into():
    def body(i, c):
        c[i] = anp.sin(c[i - 1]) + c[0]
        return c

    def loop(x):
        return fori_loop(1, 900, body, anp.concatenate([anp.reshape(x, (1,)), np.zeros(19_999)]))

    def python_loop(x):
        c = anp.concatenate([anp.reshape(x, (1,)), np.zeros(19_999)])
        for i in range(1, 900):
            c = body(i, c)
        return c

    assert 30 * 20_000 * 8 > 2**22  # of which on steps are checkpoints
    np.testing.assert_allclose(grad(lambda x: anp.sum(loop(x)))(0.1), grad(lambda x: anp.sum(python_loop(x)))(0.1))


@pytest.mark.parametrize("read", [anp.ravel, lambda y: anp.outer(y, y)[1], lambda y: y.T.reshape(-1)])
def test_batches_closed_over_by_what_runs_again(read):
    """Where the elements of a batch lie in memory is known when its trace has ended, too."""
    def loss(run):
        return grad(lambda z: anp.sum(vmap(lambda y: anp.sum(run(lambda: read(y) ** 2)))(z)))

    x = np.arange(6.0).reshape(2, 3)
    expected = loss(lambda thunk: thunk())(x)
    np.testing.assert_allclose(loss(lambda thunk: checkpoint(lambda a: thunk() * a)(1.0))(x), expected)
    steps = loss(lambda thunk: scan(lambda c, _: (c + thunk() / 20, None), 0.0 * thunk(), length=20)[0])
    np.testing.assert_allclose(steps(x), expected, rtol=1e-12)
