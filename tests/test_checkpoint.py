"""checkpoint: the derivatives of the function itself, in less memory."""

import itertools
import pickle
import tracemalloc

import numpy as np
import pytest

from autodiff_trace import EndedTraceError, TracedValueError, checkpoint, grad, hessian, hvp, jit, jvp, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.compiler import graph
from autodiff_trace.testing import check_grads
from autodiff_trace.transforms.taylor import derivatives

X = np.linspace(0.3, 1.1, 3)
W = np.array([0.7, -0.4, 1.2])


def f(x, w):
    """A function of the module."""
    return anp.sin(x * w) + anp.sum(w**2) * x


def of_arguments(x, w):
    return checkpoint(f)(x, w)


def of_closure(x, w):
    return checkpoint(lambda: f(x, w))()


def of_both(x, w):
    """``anp.sum(w**2)`` and the product meet no argument: only closed-over values."""
    return checkpoint(lambda x: anp.sin(x * w) + anp.sum(w**2) * x)(x)


def nested(x, w):
    def inner(y):
        return checkpoint(lambda z: anp.sin(z * w))(y) + checkpoint(lambda: anp.sum(w**2))() * y

    return checkpoint(lambda x: checkpoint(inner)(x))(x)


WAYS = [of_arguments, of_closure, of_both, nested]


@pytest.mark.parametrize("way", WAYS)
def test_all_modes_to_second_order(way):
    check_grads(way, X, W, order=2, modes=("rev", "fwd", "batch"))


def test_third_order():
    check_grads(of_both, 0.4, 0.3, order=3)


def loss(way):
    return lambda x, w: anp.sum(way(x, w) ** 2)


COMPOSITIONS = {
    "value": lambda s: s(X, W),
    "grad": lambda s: grad(s, (0, 1))(X, W),
    "hessian": lambda s: hessian(s, (0, 1))(X, W),
    "hvp": lambda s: hvp(lambda w: s(X, w))(W, X),
    "grad of jvp": lambda s: grad(lambda w: jvp(lambda x: s(x, w), (X,), (w,))[1])(W),
    "grad of hvp": lambda s: grad(lambda w: anp.sum(hvp(lambda x: s(x, w))(X, W) ** 2))(W),
    "vmap of grad": lambda s: vmap(grad(s, 1), (0, None))(np.stack([X, 2 * X]), W),
    "vmap of grad, closure": lambda s: vmap(lambda w: grad(s)(X, w))(np.stack([W, 2 * W])),
    "grad of vmap": lambda s: grad(lambda w: anp.sum(vmap(s, (0, None))(np.stack([X, 2 * X]), w) ** 2))(W),
    "grad of vmap, closure": lambda s: grad(lambda w: anp.sum(vmap(lambda x: s(x, w))(np.stack([X, W])) ** 2))(W),
    "hessian of vmap": lambda s: hessian(lambda w: anp.sum(vmap(s, (0, None))(np.stack([X, 2 * X]), w) ** 2))(W),
    "grad of vmap of grad": lambda s: grad(lambda w: anp.sum(vmap(grad(s), (0, None))(np.stack([X, W]), w) ** 2))(W),
    "grad of vmap of jvp": lambda s: grad(
        lambda w: anp.sum(vmap(lambda x: jvp(lambda y: s(y, w), (x,), (w,))[1])(np.stack([X, W])) ** 2)
    )(W),
    "grad of vmap of vmap": lambda s: grad(
        lambda w: anp.sum(vmap(vmap(s, (0, None)), (None, 0))(np.stack([X, 2 * X]), anp.stack([w, 2 * w])) ** 2)
    )(W),
    "grad of checkpoint of grad": lambda s: grad(lambda w: anp.sum(checkpoint(grad(s))(X, w) ** 2))(W),
    "derivatives": lambda s: derivatives(lambda t: s(X * t, W), 4)(0.9),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", COMPOSITIONS)
def test_compositions(name, way):
    expected, found = COMPOSITIONS[name](loss(f)), COMPOSITIONS[name](loss(way))
    for a, b in zip(np.atleast_1d(found), np.atleast_1d(expected)):
        np.testing.assert_allclose(np.asarray(a, float), np.asarray(b, float), rtol=1e-10, atol=1e-10)


def test_a_graph_sees_through():
    g = graph(of_both, X, W)
    np.testing.assert_allclose(g(2 * X, W), f(2 * X, W))


def test_evaluations_are_counted():
    calls = itertools.count()  # an iterator: that of a list would not be seen in the second run

    def counted(x):
        next(calls)
        return anp.sin(x) * x

    g = checkpoint(counted)
    g(1.0)
    assert next(calls) == 1
    grad(g)(1.0)
    assert next(calls) == 4
    jvp(g, (1.0,), (1.0,))
    assert next(calls) == 6


def test_containers_keywords_and_other_values():
    def g(p, *, mode, scale=None, apply=anp.tanh):
        assert mode == "double" and scale is None
        return {"y": apply(p["a"]) * 2.0, "label": mode, "n": 3, "none": None}

    def loss(p):
        out = checkpoint(g)(p, mode="double")
        assert out["label"] == "double" and out["n"] == 3 and out["none"] is None
        return anp.sum(out["y"])

    gradient = grad(loss)({"a": X, "b": W})
    np.testing.assert_allclose(gradient["a"], 2 / np.cosh(X) ** 2)
    np.testing.assert_array_equal(gradient["b"], 0.0)


def test_traced_values_in_keywords_objects_and_defaults():
    class Layer:
        def __init__(self, w):
            self.w = w

        def __call__(self, x):
            return anp.tanh(self.w * x)

    def loss(w):
        layer = Layer(w)
        return checkpoint(layer)(0.5) + checkpoint(lambda x, v=w: v * x)(3.0) + checkpoint(lambda *, v: v**2)(v=w)

    np.testing.assert_allclose(grad(loss)(2.0), 0.5 / np.cosh(1.0) ** 2 + 3 + 4)


def test_an_unused_or_returned_argument():
    np.testing.assert_array_equal(grad(lambda x: anp.sum(checkpoint(lambda x, y: y)(x, X)))(W), 0.0)
    np.testing.assert_array_equal(grad(lambda x: anp.sum(checkpoint(lambda y: y)(x)))(W), 1.0)
    np.testing.assert_array_equal(grad(lambda x: anp.sum(checkpoint(lambda: (x, 2 * x))()[0]))(W), 1.0)


def test_complex_and_float32():
    z = np.array([1.0 + 2.0j, 0.5 - 1.0j])
    check_grads(checkpoint(lambda z: anp.abs(anp.exp(z) * z)), z)
    x = X.astype(np.float32)
    gradient = grad(lambda x: anp.sum(checkpoint(anp.sin)(x)))(x)
    assert gradient.dtype == np.float32


def test_writing_inside():
    def g(x):
        y = anp.zeros(3)
        y[0] = x[0] * w0[1]
        y[1:] = x[1:] ** 2
        x = x + 0.0
        x[0] = 5.0
        return y * x

    w0 = W
    check_grads(checkpoint(g), X)

    def h(w):
        nonlocal w0
        w0 = w
        return anp.sum(checkpoint(g)(X))

    np.testing.assert_allclose(grad(h)(W), [0, X[0] * 5, 0])


def test_writing_into_an_argument_is_refused():
    def g(x):
        x[0] = 1.0
        return x

    for f in (checkpoint(g), checkpoint(checkpoint(g))):
        with pytest.raises(TracedValueError, match="g writes into its argument.*copy"):
            grad(lambda x: anp.sum(f(x * 1.0)))(X)


def test_writing_into_a_closed_over_array_is_refused():
    def loss(x):
        y = x * 1.0

        def g():
            y[0] = x[1]
            return anp.sum(y)

        return checkpoint(g)() + anp.sum(y)

    with pytest.raises(EndedTraceError):
        grad(loss)(X)


def test_writing_after_the_call_is_refused():
    def loss(x):
        y = x * 1.0
        total = checkpoint(lambda: anp.sum(y**2))()
        y[0] = 10.0 * x[0]
        return total + anp.sum(y)

    with pytest.raises(TracedValueError, match="checkpoint: in the backward pass .* other traced values"):
        grad(loss)(X)


def test_exceptions_and_use_of_plain_values():
    def g(x):
        if x > 1:
            raise KeyError("mine")
        return x * x

    assert grad(checkpoint(g))(0.5) == 1.0
    with pytest.raises(KeyError, match="mine"):
        grad(checkpoint(g))(2.0)
    with pytest.raises(TracedValueError, match="float"):
        grad(checkpoint(lambda x: x * float(x)))(2.0)


def test_other_threads_see_the_values_as_they_are():
    import threading

    results = []

    def loss(x):
        inside, done = threading.Event(), threading.Event()

        def work():
            inside.wait(5)
            results.append(x * 3.0)
            done.set()

        thread = threading.Thread(target=work)
        thread.start()

        def g():
            inside.set()
            done.wait(5)
            return x * 2.0

        y = checkpoint(g)()
        thread.join()
        return y + results[-1]

    assert grad(loss)(2.0) == 5.0


def test_pulling_twice_and_what_it_is():
    _, pull = vjp(checkpoint(f), X, W)
    first, second = pull(np.ones(3)), pull(np.ones(3))
    np.testing.assert_array_equal(first[1], second[1])
    g = checkpoint(f)
    assert repr(g) == "checkpoint(f)" and g.__doc__ == f.__doc__ and g.__name__ == "f"
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(g))(X, W), f(X, W))


def chain(x, n):
    for _ in range(n):
        x = anp.sin(x) * 1.01 + 0.1 * x
    return x


def in_blocks(x):
    for _ in range(10):
        x = checkpoint(chain)(x, 10)
    return anp.sum(x)


@pytest.mark.parametrize("order, most", [(1, 80), (2, 180)])
def test_memory_of_a_chain_in_blocks(order, most):
    """100 steps: all at once about 100 (400) arrays are alive, in blocks of 10 steps about 26 (80)."""
    x = np.linspace(0, 1, 5_000)

    def whole(x):
        return anp.sum(chain(x, 100))

    def peak(loss):
        gradient = grad(loss) if order == 1 else grad(lambda x: anp.sum(grad(loss)(x)))
        expected = gradient(x)
        tracemalloc.start()
        gradient(x)
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size / x.nbytes, expected

    (large, expected), (small, found) = peak(whole), peak(in_blocks)
    np.testing.assert_allclose(found, expected)
    assert small < most and small < large / 3


@pytest.mark.parametrize("select", [
    lambda y, x: y[1:],
    lambda y, x: 0.0 * y[1:],
    lambda y, x: np.where(x > 0, y, 0.0),
    lambda y, x: np.maximum(y, 0.5),
])
def test_a_selection_of_what_a_checkpoint_gives(select):
    x = np.array([0.0, 1.0, 2.0])
    expected = grad(lambda x: np.sum(select(np.sin(x), x)))(x)
    f = checkpoint(np.sin)
    for transform in (grad, lambda f: jit(grad(f)), lambda f: lambda x: vmap(grad(f))(x[None])[0]):
        assert np.allclose(transform(lambda x: np.sum(select(f(x), x)))(x), expected)
