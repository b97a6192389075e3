"""Functions of neural networks: values, stability, gradients."""

import decimal
import warnings

import numpy as np
import pytest

from autodiff_trace import grad, hvp, jit, jvp, nn, value_and_grad, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)
X = rng.normal(size=(3, 4))
ACTIVATIONS = {
    "relu": (nn.relu, lambda x: np.maximum(x, 0)),
    "sigmoid": (nn.sigmoid, lambda x: 1 / (1 + np.exp(-x))),
    "logsumexp": (nn.logsumexp, lambda x: np.log(np.sum(np.exp(x)))),
    "softmax": (nn.softmax, lambda x: np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True)),
    "log_softmax": (nn.log_softmax, lambda x: np.log(np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True))),
}
ARRAYS = [X, X[0], X[:, :1], X[::2, ::-1], rng.normal(size=(2, 3, 4))]


def one_hot(labels, classes):
    return np.eye(classes)[labels]


def cross_entropy(logits, labels):
    """The plain formula, of one-hot labels."""
    p = np.exp(logits) / np.sum(np.exp(logits), axis=-1, keepdims=True)
    return np.mean(-np.sum(labels * np.log(p), axis=-1))


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("x", ARRAYS, ids=lambda x: str(x.shape))
def test_values_and_gradients(name, x):
    function, formula = ACTIVATIONS[name]
    value = function(x)
    np.testing.assert_allclose(value, formula(x), rtol=1e-12)
    np.testing.assert_array_equal(value_and_grad(function)(x)[0], value)
    check_grads(function, x, name=name)
    single = x.astype(np.float32)
    assert function(single).dtype == np.float32 and grad(function)(single).dtype == np.float32
    np.testing.assert_allclose(function(single), value, rtol=1e-5, atol=1e-6)
    assert function(np.float16(0.5) * np.ones(2, np.float16)).dtype == np.float16


@pytest.mark.parametrize("name", ["relu", "sigmoid", "logsumexp"])
def test_single_numbers(name):
    function, formula = ACTIVATIONS[name]
    for x in (0.5, np.float64(0.5), np.float32(0.5), 1, np.array(0.5)):
        assert np.shape(function(x)) == ()
        np.testing.assert_allclose(function(x), formula(x), rtol=1e-6)
        assert grad(function)(x).dtype == (np.float32 if type(x) is np.float32 else np.float64)
    check_grads(function, 0.5)


def test_relu_at_zero():
    assert grad(nn.relu)(0.0) == 0 and grad(nn.relu)(-0.0) == 0
    assert jvp(nn.relu, (0.0,), (1.0,))[1] == 0
    assert grad(nn.relu)(np.array([-1.0, 0.0, 1e-300, np.inf, -np.inf])).tolist() == [0, 0, 1, 1, 0]
    assert grad(grad(nn.relu))(2.0) == 0


EXTREMES = np.array([-np.inf, -1e300, -1000.0, 1000.0, 1e300, np.inf])


def test_sigmoid_far_out():
    value, gradient = value_and_grad(nn.sigmoid)(EXTREMES)
    assert value.tolist() == [0, 0, 0, 1, 1, 1] and gradient.tolist() == [0] * 6
    assert grad(grad(nn.sigmoid))(EXTREMES).tolist() == [0] * 6
    np.testing.assert_allclose(grad(nn.sigmoid)(-50.0), np.exp(-50.0), rtol=1e-12)
    assert nn.sigmoid(np.float32(-200.0)) == 0 and nn.sigmoid(np.float16(100.0)) == 1
    assert np.isnan(nn.sigmoid(np.nan))


@pytest.mark.parametrize("shift", [-1e5, -1000.0, 1000.0, 1e5])
def test_softmax_far_out(shift):
    """Adding a constant changes nothing but the value of logsumexp."""
    np.testing.assert_allclose(nn.logsumexp(X[0] + shift), nn.logsumexp(X[0]) + shift, rtol=1e-12)
    for function in (nn.logsumexp, nn.softmax, nn.log_softmax):
        weights = rng.normal(size=4)
        gradient = grad(lambda x: anp.sum(function(x) * weights))  # noqa: B023 (called in this turn of the loop)
        np.testing.assert_allclose(gradient(X[0] + shift), gradient(X[0]), rtol=1e-7, atol=1e-9)


def test_softmax_of_distant_numbers():
    x = np.array([-1000.0, 0.0, 1000.0])
    assert nn.softmax(x).tolist() == [0, 0, 1]
    assert nn.log_softmax(x).tolist() == [-2000, -1000, 0]
    assert grad(lambda x: nn.softmax(x)[2])(x).tolist() == [0, 0, 0]
    assert grad(lambda x: nn.log_softmax(x)[0])(x).tolist() == [1, 0, -1]
    assert nn.logsumexp(x) == 1000 and grad(nn.logsumexp)(x).tolist() == [0, 0, 1]


def test_minus_infinity_rules_a_number_out():
    x = np.array([-np.inf, 0.0, 0.0])
    np.testing.assert_allclose(nn.logsumexp(x), np.log(2))
    assert grad(nn.logsumexp)(x).tolist() == [0, 0.5, 0.5]
    assert nn.softmax(x).tolist() == [0, 0.5, 0.5]
    assert grad(lambda x: nn.softmax(x)[1])(x).tolist() == [0, 0.25, -0.25]
    np.testing.assert_allclose(nn.log_softmax(x), [-np.inf, -np.log(2), -np.log(2)])
    np.testing.assert_allclose(grad(lambda x: nn.log_softmax(x)[1])(x), [0, 0.5, -0.5])


def test_logsumexp_of_nothing_but_minus_infinity():
    x = np.full((2, 3), -np.inf)
    x[1] = 0
    assert nn.logsumexp(x, axis=1).tolist() == [-np.inf, np.log(3)]
    np.testing.assert_allclose(grad(lambda x: nn.logsumexp(x, axis=1)[1])(x), [[0, 0, 0], [1 / 3] * 3])
    assert grad(nn.logsumexp)(np.full(3, -np.inf)).tolist() == [0, 0, 0]


def test_infinity_and_nan_are_not_hidden():
    assert nn.logsumexp(np.array([np.inf, 0.0])) == np.inf
    assert np.isnan(nn.logsumexp(np.array([np.nan, 0.0])))
    assert np.isnan(grad(nn.logsumexp)(np.array([np.nan, 0.0]))).all()


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (2, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_logsumexp_along_axes(axis, keepdims):
    x = rng.normal(size=(2, 3, 2))

    def function(x):
        return nn.logsumexp(x, axis=axis, keepdims=keepdims)

    np.testing.assert_allclose(function(x), np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims)), rtol=1e-12)
    check_grads(function, x)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_along_axes(axis):
    np.testing.assert_allclose(np.sum(nn.softmax(X, axis=axis), axis=axis), 1)
    np.testing.assert_allclose(np.exp(nn.log_softmax(X, axis=axis)), nn.softmax(X, axis=axis))
    check_grads(lambda x: nn.softmax(x, axis=axis), X)
    check_grads(lambda x: nn.log_softmax(x, axis=axis), X)


@pytest.mark.parametrize(
    "labels", [np.array([0, 3, 1]), [0, 3, 1], np.array([0, 3, 1], np.uint8), one_hot([0, 3, 1], 4),
               one_hot([0, 3, 1], 4).astype(bool), one_hot([0, 3, 1], 4).tolist()],
    ids=["integers", "list", "uint8", "one-hot", "one-hot bool", "one-hot list"],
)
def test_cross_entropy(labels):
    rows = one_hot([0, 3, 1], 4)
    value, gradient = value_and_grad(nn.softmax_cross_entropy)(X, labels)
    np.testing.assert_allclose(value, cross_entropy(X, rows), rtol=1e-12)
    np.testing.assert_allclose(gradient, (nn.softmax(X) - rows) / 3, atol=1e-15)
    check_grads(lambda x: nn.softmax_cross_entropy(x, labels), X)
    loss, gradient = value_and_grad(nn.softmax_cross_entropy)(X.astype(np.float32), np.array([0, 3, 1]))
    assert loss.dtype == gradient.dtype == np.float32


@pytest.mark.parametrize("shape", [(4,), (1, 4), (2, 3, 4)])
def test_cross_entropy_of_other_shapes(shape):
    logits, labels = rng.normal(size=shape), rng.integers(4, size=shape[:-1])
    for each in (labels, one_hot(labels, 4)):
        np.testing.assert_allclose(nn.softmax_cross_entropy(logits, each), cross_entropy(logits, one_hot(labels, 4)))
        check_grads(lambda x: nn.softmax_cross_entropy(x, each), logits)  # noqa: B023 (called in this turn)


def test_cross_entropy_of_probabilities_follows_them():
    p = nn.softmax(rng.normal(size=(3, 4)))
    check_grads(nn.softmax_cross_entropy, X, p)
    np.testing.assert_allclose(grad(nn.softmax_cross_entropy, 1)(X, p), -nn.log_softmax(X) / 3)


def test_cross_entropy_far_out():
    logits = np.array([[1000.0, -1000.0, 0.0], [-np.inf, 0.0, 0.0]])
    for labels in (np.array([1, 2]), one_hot([1, 2], 3)):
        loss, gradient = value_and_grad(nn.softmax_cross_entropy)(logits, labels)
        np.testing.assert_allclose(loss, (2000 + np.log(2)) / 2)
        np.testing.assert_allclose(gradient, [[0.5, -0.5, 0], [0, 0.25, -0.25]])


@pytest.mark.parametrize(
    "labels, message",
    [
        (np.array([0, 1]), r"integer labels have shape \(2,\), but logits of shape \(3, 4\) want \(3,\)"),
        (np.array([[0], [1], [2]]), r"integer labels have shape \(3, 1\)"),
        (np.array([0, 1, 4]), "labels from 0 to 4, but there are 4 classes, 0 to 3"),
        (np.array([0, -1, 1]), "labels from -1 to 1, but"),
        (np.array([0.0, 1.0, 2.0]), r"labels of dtype float64 are rows.*not \(3,\); class numbers are integers"),
        (np.zeros((3, 1)), r"the shape of the logits, \(3, 4\), not \(3, 1\)"),
    ],
)
def test_labels_that_do_not_fit(labels, message):
    for call in (nn.softmax_cross_entropy, grad(nn.softmax_cross_entropy)):
        with pytest.raises(ValueError, match=f"^softmax_cross_entropy: .*{message}"):
            call(X, labels)


def test_mse():
    x, y = rng.normal(size=(2, 3, 4))
    np.testing.assert_allclose(nn.mse(x, y), np.mean((x - y) ** 2))
    check_grads(nn.mse, x, y)
    check_grads(nn.mse, x, 1.0)
    assert nn.mse(x.astype(np.float32), y.astype(np.float32)).dtype == np.float32
    assert grad(nn.mse)(x.astype(np.float32), y).dtype == np.float32


# Digits, against fifty of them


def exact_rows(rows, labels):
    """Softmax, its logarithm, logsumexp and the losses of rows of numbers, to fifty digits."""
    results = [], [], [], []
    with decimal.localcontext() as context:
        context.prec = 50
        for row, label in zip(rows.tolist(), labels):
            row = list(map(decimal.Decimal, row))
            top = max(row)
            powers = [(x - top).exp() for x in row]
            log = sum(powers).ln()
            results[0].append([float(p / sum(powers)) for p in powers])
            results[1].append([float(x - top - log) for x in row])
            results[2].append(float(log + top))
            results[3].append(float(log + top - row[label]))
    return map(np.array, results)


# Magnitude of the logits, and how far they lie apart
FAR = [(np.float64, 1e16, 2.0), (np.float64, -1e8, 0.5), (np.float64, 1.0, 1.0), (np.float32, 1e4, 0.25),
       (np.float32, -3e6, 1.0), (np.float32, 0.0, 1.0), (np.float16, 1e3, 1.0), (np.float16, 0.0, 0.5),
       (np.float16, -1e4, 16.0)]


@pytest.mark.parametrize("dtype, shift, gap", FAR)
@pytest.mark.parametrize("mode", [lambda f: f, jit, vmap], ids=["eager", "jit", "vmap"])
def test_digits_at_every_magnitude(dtype, shift, gap, mode):
    x = (shift + gap * rng.integers(-3, 4, size=(3, 5))).astype(dtype)
    labels, g = np.array([0, 4, 2]), rng.normal(size=x.shape).astype(dtype)
    p, log_p, total, loss = exact_rows(x, labels)
    eps = 4 * float(np.finfo(dtype).eps)

    def agree(actual, exact, size=1.0):
        assert actual.dtype == dtype
        np.testing.assert_allclose(actual, exact.astype(dtype), rtol=eps, atol=eps * size)

    agree(mode(nn.softmax)(x), p, 0)
    agree(mode(nn.log_softmax)(x), log_p)
    agree(mode(lambda x: nn.logsumexp(x, axis=-1))(x), total)
    agree(mode(nn.softmax_cross_entropy)(x, labels), loss if mode is vmap else loss.mean())
    slope, n = p - np.eye(5)[labels], 1 if mode is vmap else 3
    for each in (labels, np.eye(5, dtype=dtype)[labels]):
        agree(mode(grad(nn.softmax_cross_entropy))(x, each), slope / n)
    agree(mode(grad(lambda x: nn.logsumexp(x, axis=-1)))(x), p, 0)

    # Σ g s, and its first and second derivatives: with c = g − Σ g s they are s c, and s (c t − Σ s c t) − s c Σ s t
    t, g64 = rng.normal(size=x.shape).astype(dtype), g.astype(float)
    c = g64 - (g64 * p).sum(-1, keepdims=True)
    agree(mode(grad(lambda x, g: anp.sum(g * nn.softmax(x))))(x, g), p * c, 4)
    agree(mode(grad(lambda x, g: anp.sum(g * nn.log_softmax(x))))(x, g), g64 - p * g64.sum(-1, keepdims=True), 4)
    agree(mode(lambda x, t: jvp(nn.softmax, (x,), (t,))[1])(x, t), p * (t - (p * t).sum(-1, keepdims=True)), 4)
    second = p * (c * t - (p * c * t).sum(-1, keepdims=True)) - p * c * (p * t).sum(-1, keepdims=True)
    agree(mode(lambda x, g, t: hvp(lambda x: anp.sum(g * nn.softmax(x)))(x, t))(x, g, t), second, 8)
    curvature = p * (t - (p * t).sum(-1, keepdims=True))
    agree(mode(lambda x, t: hvp(lambda x: anp.sum(nn.logsumexp(x, axis=-1)))(x, t))(x, t), curvature, 8)


@pytest.mark.parametrize("axis", [None, 0, (0, 2), (-1, 1)])
def test_softmax_along_several_axes(axis):
    x = 1e8 + rng.integers(3, size=(2, 3, 2)) * 1.0
    for function in (nn.softmax, nn.log_softmax):
        for f in (function, jit(function), lambda x, axis: vmap(lambda x: function(x, axis))(x[None])[0]):  # noqa: B023
            np.testing.assert_allclose(f(x, axis), function(x - 1e8, axis), rtol=1e-15)


def test_sums_of_half_precision_do_not_overflow():
    x = np.zeros((1, 100_000), np.float16)
    np.testing.assert_allclose(nn.logsumexp(x), np.log(1e5), rtol=1e-3)
    np.testing.assert_allclose(nn.log_softmax(x)[0, 0], -np.log(1e5), rtol=1e-3)
    many = np.zeros((2000, 4), np.float16) + np.float16(60.0) * (np.arange(4) == 1)
    assert nn.softmax_cross_entropy(many, np.eye(4)[np.zeros(2000, int)].astype(np.float16)) == 60


def test_jit_of_an_entropy():
    def entropy(x):
        log_p = nn.log_softmax(x)
        return -anp.sum(anp.exp(log_p) * log_p, axis=-1)

    x = 1e8 + np.arange(12.0).reshape(3, 4)
    compiled = jit(entropy)
    for _ in range(3):
        np.testing.assert_allclose(compiled(x), entropy(x), rtol=1e-14)


def test_no_warnings_far_out():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for x in (EXTREMES[:-1], EXTREMES[:-1].astype(np.longdouble), np.array([-np.inf, -np.inf])):
            value_and_grad(nn.logsumexp)(x)
            value_and_grad(nn.relu)(x)
            value_and_grad(nn.sigmoid)(x)


def test_labels_of_any_byte_order():
    logits = np.array([[0.1, 0.7, -0.3], [1.0, 0.0, 0.5]])
    for dtype in (">i8", "<i8", ">u2", "<i4", "i1"):
        labels = np.array([2, 0], dtype)
        slope = grad(nn.softmax_cross_entropy)(logits, labels)
        np.testing.assert_array_equal(slope, grad(nn.softmax_cross_entropy)(logits, np.array([2, 0])))
        with pytest.raises(ValueError, match="3 classes"):
            nn.softmax_cross_entropy(logits, np.array([3, 0], dtype))


def test_numbers_of_any_byte_order():
    x = np.array([1.0, 2.0, 3.0])

    def f(x, i):
        return anp.sum(anp.exp(x[i]) * anp.take(x, i) @ anp.outer(x, x)[:2, :2]) / x[0]

    for swapped, places in ((x.astype(">f8"), np.array([0, 2], ">i8")), (x.astype("<f8"), np.array([0, 2], "<u2"))):
        expected = grad(f)(x, np.array([0, 2]))
        np.testing.assert_allclose(grad(f)(swapped, places), expected, rtol=1e-14)
        np.testing.assert_allclose(jit(grad(f))(swapped, places), expected, rtol=1e-13)
        np.testing.assert_allclose(jvp(lambda x: f(x, places), (swapped,), (swapped,))[1], expected @ x, rtol=1e-14)
    assert grad(lambda x: anp.sum(x * x))(x.astype(">f4")).dtype == np.float32
