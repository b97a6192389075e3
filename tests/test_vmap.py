"""vmap: batches of examples, axes, errors, and its composition with derivatives."""

import numpy as np
import pytest

from autodiff_trace import TracedValueError, grad, hessian, jacobian, jvp, nn, value_and_grad, vjp, vmap
from autodiff_trace import numpy as anp

rng = np.random.default_rng(0)
X = rng.normal(size=(5, 3))
Y = rng.normal(size=(5, 3))
W = rng.normal(size=(3, 2))
A = rng.normal(size=(5, 3, 3))


def looped(f, *args, in_axes=0):
    axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
    size = next(arg.shape[axis] for arg, axis in zip(args, axes) if axis is not None)
    return np.stack(
        [f(*[arg if axis is None else np.take(arg, i, axis) for arg, axis in zip(args, axes)]) for i in range(size)]
    )


def assert_as_looped(f, *args, in_axes=0):
    found, expected = vmap(f, in_axes)(*args), looped(f, *args, in_axes=in_axes)
    assert found.shape == expected.shape and found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


FUNCTIONS = [
    (lambda x, y: anp.sin(x) * y + x.sum(), X, Y),
    (lambda x: x @ W, X),
    (lambda x, a: x @ a, X, A),
    (lambda a, x: a @ x, A, X),
    (lambda x: W.T @ x, X),
    (lambda x: x[1:] * x[0] + x[[0, 0]], X),
    (lambda x: x[np.argsort(x)], X),
    (lambda a, x: a[np.argmax(x)], A, X),
    (lambda x: anp.where(x > 0, anp.sqrt(anp.abs(x)), 0.0), X),
    (lambda x: anp.concatenate([x, np.ones(2), x[:1]]), X),
    (lambda x: anp.stack([x, x * 2], axis=-1).T.reshape(-1), X),
    (lambda a: anp.transpose(a)[..., None].squeeze() - anp.swapaxes(a, 0, 1), A),
    (lambda a: anp.sum(a, axis=0) + anp.max(a, axis=-1) - anp.mean(a), A),
    (lambda a: anp.sort(a, axis=None), A),
    (lambda a: anp.cumsum(a, axis=0) * anp.cumprod(a, axis=1), A),
    (lambda x: anp.prod(x) * anp.std(x), X),
    (lambda x: nn.softmax(x), X),
    (lambda a, x: anp.linalg.solve(a, x), A, X),
    (lambda a: anp.linalg.inv(a) @ anp.linalg.det(a).reshape(1, 1).repeat(3, 0), A),
    (lambda x: anp.fft.fft(x).real, X),
    (lambda x: anp.einsum("i,j->ij", x, x), X),
    (lambda x: filled(x), X),
    (lambda x: x.shape[0] * x / len(x) + x.ndim, X),
]


def filled(x):
    buffer = anp.zeros((2, 3))
    buffer[0] = x
    buffer[1, 1:] = x[0]
    buffer += 1.0
    return buffer


@pytest.mark.parametrize("case", FUNCTIONS)
def test_as_a_loop(case):
    assert_as_looped(*case)


@pytest.mark.parametrize("case", FUNCTIONS)
def test_gradient_in_and_around(case):
    f, *args = case
    assert_as_looped(grad(lambda *a: anp.sum(anp.sin(f(*a)))), *args)
    around = grad(lambda *a: anp.sum(anp.sin(vmap(f)(*a))))(*args)
    np.testing.assert_allclose(around, looped(grad(lambda *a: anp.sum(anp.sin(f(*a)))), *args), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("case", FUNCTIONS[:8])
def test_second_order_and_forward_mode(case):
    f, *args = case
    assert_as_looped(hessian(lambda *a: anp.sum(anp.sin(f(*a)))), *args)
    assert_as_looped(lambda *a: jvp(f, a, a)[1], *args)
    assert_as_looped(lambda *a: vjp(f, *a)[1](np.ones_like(f(*[x[0] for x in args])))[0], *args)


def test_axes():
    assert_as_looped(lambda x, w: x @ w, X, W, in_axes=(0, None))
    assert_as_looped(lambda x: x * 2, X, in_axes=-1)
    np.testing.assert_array_equal(vmap(lambda x: x, out_axes=1)(X), X.T)
    np.testing.assert_array_equal(vmap(lambda x: x, in_axes=1, out_axes=-1)(X), X)
    np.testing.assert_array_equal(vmap(lambda x: (x, 1.0), out_axes=(0, None))(X)[0], X)
    np.testing.assert_array_equal(vmap(lambda x: 1.0)(X), np.ones(5))


def test_containers_and_keyword_arguments():
    tree = {"a": X, "b": (Y, "name", None)}
    mapped = vmap(lambda t, scale: {"sum": t["a"] + scale * t["b"][0]})(tree, scale=np.arange(5.0))
    np.testing.assert_allclose(mapped["sum"], X + np.arange(5.0)[:, None] * Y)
    mapped = vmap(lambda t: t["a"] @ t["b"][0], in_axes=({"a": 0, "b": (None, None, None)},))({"a": X, "b": (W, 1, 2)})
    np.testing.assert_allclose(mapped, X @ W)


def test_nested():
    np.testing.assert_allclose(vmap(vmap(lambda x, y: x * y, (0, None)), (None, 0))(X[0], Y[0]), np.outer(Y[0], X[0]))
    np.testing.assert_allclose(vmap(lambda x: vmap(lambda y: x * y)(Y[0]))(X[0]), np.outer(X[0], Y[0]))


def test_per_example_gradients():
    weights = (rng.normal(size=(3, 4)), rng.normal(size=(4, 2)))
    labels = np.array([0, 1, 1, 0, 1])

    def loss(weights, x, label):
        return nn.softmax_cross_entropy(nn.relu(x @ weights[0]) @ weights[1], label)

    values, gradients = vmap(value_and_grad(loss), in_axes=(None, 0, 0))(weights, X, labels)
    for i in range(5):
        value, gradient = value_and_grad(loss)(weights, X[i], labels[i])
        np.testing.assert_allclose(values[i], value)
        for found, expected in zip(gradients, gradient):
            np.testing.assert_allclose(found[i], expected, atol=1e-15)


def test_control_flow_is_an_error_with_a_remedy():
    with pytest.raises(TracedValueError, match=r"test_vmap\.py.*anp\.where"):
        vmap(lambda x: x if x[0] > 0 else -x)(X)
    with pytest.raises(TracedValueError, match="different shapes"):
        vmap(lambda x: x[x > 0])(X)


def test_errors_name_the_argument():
    with pytest.raises(ValueError, match=r"5 \(argument 0\), 4 \(argument 1\)"):
        vmap(lambda x, y: x)(X, Y[:4])
    with pytest.raises(TypeError, match="no argument is mapped"):
        vmap(lambda x: x, in_axes=None)(X)
    with pytest.raises(ValueError, match="2 entries"):
        vmap(lambda x: x, in_axes=(0, 0))(X)
    with pytest.raises(ValueError, match=r"in_axes has 2 for an argument of shape \(5, 3\)"):
        vmap(lambda x: x, in_axes=2)(X)
    with pytest.raises(ValueError, match="out_axes is None"):
        vmap(lambda x: x, out_axes=None)(X)


def test_repr_and_empty_batch():
    assert repr(vmap(np.sin, in_axes=1)) == "vmap(sin, in_axes=1, out_axes=0)"
    assert vmap(lambda x: anp.sin(x) * 2)(np.ones((0, 3))).shape == (0, 3)


def test_jacobian_is_the_map_of_the_pullback():
    np.testing.assert_allclose(vmap(vjp(lambda x: W.T @ x, X[0])[1])(np.eye(2))[0], jacobian(lambda x: W.T @ x)(X[0]))


def test_zeros_of_a_shape_that_is_a_number():
    np.testing.assert_array_equal(vmap(lambda x: anp.zeros_like(x, shape=3) + x[0])(np.eye(2)), [[1] * 3, [0] * 3])


class Plain(np.ndarray):
    """Computes as arrays do, as ``np.memmap`` does."""


def test_subclasses_of_arrays():
    for mapped in (lambda x: vmap(np.multiply)(X, x), lambda x: vmap(lambda x, y: x * y)(X, y=x)):
        np.testing.assert_array_equal(mapped(Y.view(Plain)), X * Y)
        with pytest.raises(TypeError, match="vmap: an argument is a MaskedArray"):
            mapped(np.ma.masked_array(Y))
    assert vmap(lambda x, y: x[0], in_axes=(0, None))(X, np.ma.masked_array(Y)).shape == (5,)
