"""Layers: against PyTorch's numbers and plain sums, far out, and in every mode."""

import functools
import itertools
import math
import warnings

import numpy as np
import pytest

from autodiff_trace import checkpoint, grad, jit, nn, value_and_grad, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.nn import correlating
from autodiff_trace.testing import check_grads


def waves(step, *shape):
    return np.sin(step * np.arange(1, math.prod(shape) + 1)).reshape(shape)


X, S = waves(0.7, 2, 4, 7, 6), waves(0.7, 2, 4, 9)
QUERY, KEY, VALUE = waves(0.7, 2, 3, 4), waves(0.3, 2, 5, 4), waves(0.9, 2, 5, 2)
MASK = waves(1.3, 3, 5) > -0.3
MEAN, VAR = waves(0.5, 4), waves(0.5, 4) ** 2

# With c = cos(0), cos(1), … for the elements of an output: the sum of c times the outputs, and for each argument the
# sum of the squares of its gradient, by torch.nn.functional 2.13 in double precision
LAYERS = {
    "conv2d": (
        lambda x, w, b: nn.conv2d(x, w, b, stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=2),
        (X, waves(0.3, 6, 2, 3, 2), waves(0.9, 6)), [-17.7819032433, 16.1590071968, 7680.9733638, 0.126332340824]),
    "conv2d, same": (
        lambda x, w: nn.conv2d(x, w, padding="same"), (X, waves(0.3, 5, 4, 3, 2)),
        [-19.6341190091, 868.777739971, 398.744533551]),
    "conv1d": (
        lambda x, w: nn.conv1d(x, w, stride=2, padding=1), (S, waves(0.3, 6, 4, 3)),
        [15.6058826459, 29.2213020539, 401.222602759]),
    "max_pool2d": (
        lambda x: nn.max_pool2d(x, (3, 2), stride=2, padding=1), (X,), [1.31757859345, 43.669525138]),
    "avg_pool2d": (lambda x: nn.avg_pool2d(x, 3, stride=2, padding=1), (X,), [-0.485528172629, 2.10624815292]),
    "avg_pool2d, counted": (
        lambda x: nn.avg_pool2d(x, 3, stride=2, padding=1, count_include_pad=False), (X,),
        [-0.841502391325, 4.86044977334]),
    "max_pool1d": (lambda x: nn.max_pool1d(x, 2), (S,), [0.0385395058443, 16.2997211738]),
    "layer_norm": (
        lambda x: nn.layer_norm(
            x, waves(0.2, 7, 6).astype(x.dtype), waves(0.4, 7, 6).astype(x.dtype), axis=(-2, -1)), (X,),
        [-5.30891633907, 179.540421495]),
    "batch_norm": (
        lambda x, w, b: nn.batch_norm(x, MEAN, VAR, w, b), (X, waves(0.2, 4), waves(0.4, 4)),
        [-0.698335326337, 85.9388606893, 0.0882233233654, 10.0158548077]),
    "batch_norm, running": (
        lambda x, w, b: nn.batch_norm(x, MEAN, VAR, w, b, training=False)[0], (X, waves(0.2, 4), waves(0.4, 4)),
        [0.227452724427, 55.7825563541, 9.85147576826, 10.0158548077]),
    "attention": (
        nn.attention, (QUERY, KEY, VALUE), [-0.30875877548, 0.201051148572, 0.343101831507, 0.729369357262]),
    "attention, masked": (
        lambda q, k, v: nn.attention(q, k, v, mask=MASK), (QUERY, KEY, VALUE),
        [-0.541064281823, 0.0992159024325, 0.216731825495, 1.23309403806]),
    "attention, causal": (
        lambda q, k, v: nn.attention(q, k, v, causal=True), (QUERY, KEY, VALUE),
        [-0.204328003455, 0.0884232622029, 0.328947132017, 1.6021181738]),
    "attention, biased": (
        lambda q, k, v: nn.attention(q, k, v, mask=waves(0.1, 3, 5), scale=0.3), (QUERY, KEY, VALUE),
        [-0.272199016667, 0.0843971904439, 0.149358595157, 0.331454554582]),
    "embedding": (
        lambda table: nn.embedding(table, [[0, 5], [2, 2]]), (waves(0.7, 6, 3),), [2.20360718486, 2.98246483079]),
}


def weighted(outputs):
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    return sum(anp.sum(y * np.cos(np.arange(y.size)).reshape(y.shape).astype(y.dtype)) for y in outputs)


@pytest.mark.parametrize("name", LAYERS)
def test_layer(name):
    function, args, expected = LAYERS[name]
    places = tuple(range(len(args)))

    def loss(*args):
        return weighted(function(*args))

    value, gradients = value_and_grad(loss, places)(*args)
    np.testing.assert_allclose([value, *[np.sum(g**2) for g in gradients]], expected, rtol=1e-10)
    compiled = jit(value_and_grad(loss, places))
    for shift in (0.0, 0.0, 0.01):
        moved = [x + shift for x in args]
        found, eager = compiled(*moved), value_and_grad(loss, places)(*moved)
        for one, other in zip([found[0], *found[1]], [eager[0], *eager[1]]):
            np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)
    single = [x.astype(np.float32) for x in args]
    if name != "batch_norm":  # whose running mean is in double precision here
        value, gradients = value_and_grad(lambda *args: function(*args).sum(), places)(*single)
        assert {value.dtype, *[g.dtype for g in gradients]} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", LAYERS)
def test_derivatives(name):
    function, args, _ = LAYERS[name]
    if args[0] is X and name != "layer_norm":
        args = X[:, :, :4, :4], *args[1:]
    is_state = name == "batch_norm"  # of the running ones no derivative is taken
    check_grads(lambda *args: function(*args)[0] if is_state else function(*args), *args, modes=("rev", "fwd", "batch"))


# Convolutions


def sums(x, w, strides, padding, dilation, groups):
    """The definition of the convolution of networks."""
    x = np.pad(x, [(0, 0), (0, 0), *padding])
    reach = [(n - 1) * step for n, step in zip(w.shape[2:], dilation)]
    space = [(n - r - 1) // step + 1 for n, r, step in zip(x.shape[2:], reach, strides)]
    ans = np.zeros((len(x), len(w), *space))
    for o, place in itertools.product(range(len(w)), np.ndindex(*space)):
        first = o // (len(w) // groups) * w.shape[1]
        seen = [slice(i * s, i * s + r + 1, d) for i, s, r, d in zip(place, strides, reach, dilation)]
        ans[(slice(None), o, *place)] = np.sum(x[(slice(None), slice(first, first + w.shape[1]), *seen)] * w[o],
                                               axis=tuple(range(1, w.ndim)))
    return ans


CASES = [
    # channels, outputs, groups, size, strides, padding, dilation
    (2, 3, 1, (3, 2), (1, 1), ((0, 0), (0, 0)), (1, 1)), (4, 6, 2, (2, 3), (2, 1), ((1, 1), (0, 2)), (1, 2)),
    (4, 4, 4, (3, 3), (1, 2), ((1, 0), (1, 1)), (2, 1)), (3, 1, 1, (1, 1), (3, 3), ((0, 0), (0, 0)), (1, 1)),
    (1, 2, 1, (6, 5), (1, 1), ((0, 0), (0, 0)), (1, 1)), (2, 4, 2, (3,), (2,), ((2, 1),), (2,)),
]


@pytest.mark.parametrize("case", CASES, ids=str)
@pytest.mark.parametrize("block", [correlating.BLOCK_BYTES, 256])
def test_convolution_by_its_definition(case, block, monkeypatch):
    monkeypatch.setattr(correlating, "BLOCK_BYTES", block)
    channels, outputs, groups, size, strides, padding, dilation = case
    function = {1: nn.conv1d, 2: nn.conv2d}[len(size)]
    x, w = waves(0.7, 3, channels, *(6, 7)[: len(size)]), waves(0.3, outputs, channels // groups, *size)

    def convolve(x, w):
        return function(x, w, stride=strides, padding=padding, dilation=dilation, groups=groups)

    params = strides, padding, dilation, groups
    y, pull = vjp(convolve, x, w)
    np.testing.assert_allclose(y, sums(x, w, *params), rtol=1e-12, atol=1e-14)
    g = np.cos(np.arange(y.size)).reshape(y.shape)
    # The sum of products is linear in each: its value is the product of gradient and argument
    for gradient, argument in zip(pull(g), (x, w)):
        np.testing.assert_allclose(np.sum(gradient * argument), np.sum(g * y), rtol=1e-10)
    v = waves(1.1, *x.shape)
    np.testing.assert_allclose(np.sum(pull(g)[0] * v), np.sum(g * sums(v, w, *params)), rtol=1e-10, atol=1e-12)
    v = waves(1.1, *w.shape)
    np.testing.assert_allclose(np.sum(pull(g)[1] * v), np.sum(g * sums(x, v, *params)), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("in_axes", [(0, None), (None, 0), (0, 0)], ids=str)
def test_convolutions_of_batches(groups, in_axes):
    x = waves(0.7, 3, 2, 4, 5, 5) if in_axes[0] == 0 else waves(0.7, 2, 4, 5, 5)
    w = waves(0.3, 3, 6, 4 // groups, 2, 3) if in_axes[1] == 0 else waves(0.3, 6, 4 // groups, 2, 3)

    def loss(x, w):
        return weighted(nn.conv2d(x, w, groups=groups, stride=(1, 2)) ** 2)

    def each(function):
        rows = [function(*[a[i] if axis == 0 else a for a, axis in zip((x, w), in_axes)]) for i in range(3)]
        return [np.stack(parts) for parts in zip(*rows)]

    both = value_and_grad(loss, (0, 1))
    for function in (lambda x, w: nn.conv2d(x, w, groups=groups), lambda x, w: both(x, w)[1][0],
                     lambda x, w: both(x, w)[1][1]):
        for mapped in (vmap(function, in_axes=in_axes), jit(vmap(function, in_axes=in_axes))):
            np.testing.assert_allclose(mapped(x, w), each(lambda x, w: (function(x, w),))[0], rtol=1e-11, atol=1e-12)


def test_convolutions_of_no_images_and_of_complex_ones():
    x, w = waves(0.3, 2, 2, 5, 5), waves(0.7, 4, 1, 2, 2)
    for stride in (1, 2):
        conv = functools.partial(nn.conv2d, stride=stride, padding=1, groups=2)
        ans, pull = vjp(conv, x[:0], w)
        back = pull(ans)
        assert ans.shape[0] == 0 and back[0].shape == (0, 2, 5, 5) and back[1].tolist() == (0 * w).tolist()
        g = conv(x, w) * (2 + 1j)
        np.testing.assert_allclose(vjp(conv, x * 1j, w)[1](g)[1], vjp(conv, -x, w)[1](g.imag)[1])


def test_convolutions_of_other_numbers():
    x, w = np.arange(32).reshape(1, 2, 4, 4), np.ones((1, 2, 2, 2), int)
    assert nn.conv2d(x, w).dtype == int and nn.conv2d(x, w)[0, 0, 0, 0] == np.sum(x[0, :, :2, :2])
    half = nn.conv2d(x.astype(np.float16), w.astype(np.float16))
    assert half.dtype == np.float16 and grad(lambda x: nn.conv2d(x, w).sum())(x.astype(np.float16)).dtype == np.float16
    z = waves(0.7, 1, 2, 4, 4) + 1j
    np.testing.assert_allclose(nn.conv2d(z, w), nn.conv2d(z.real, w) + 1j * nn.conv2d(z.imag, w))
    assert nn.conv2d(np.ones((0, 2, 4, 4)), w).shape == (0, 1, 3, 3)
    for stride in (1, 2):
        assert grad(lambda x: nn.conv2d(x, 1.0 * w, stride=stride).sum())(np.ones((0, 2, 4, 4))).shape == (0, 2, 4, 4)
    assert grad(lambda w: nn.conv2d(np.ones((0, 2, 4, 4)), w).sum())(np.ones(w.shape)).tolist() == (0.0 * w).tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        large = np.full((1, 1, 2, 2), 1e30, np.float32)
        assert np.isinf(nn.conv2d(large, large)).all()


IMAGE, KERNEL = np.ones((1, 4, 5, 5)), np.ones((2, 4, 3, 3))


@pytest.mark.parametrize("call, message", [
    (lambda: nn.conv2d(IMAGE[0], KERNEL), r"x has shape \(4, 5, 5\), but is of shape \(images, channels, height"),
    (lambda: nn.conv2d(IMAGE, KERNEL[0]), r"conv2d: weight has shape \(4, 3, 3\), but is of shape \(outputs, channels"),
    (lambda: nn.conv2d(IMAGE, KERNEL[:, :3]), "x of shape .* has 4 channels, but weight .* for 3 channels a group"),
    (lambda: nn.conv2d(IMAGE, KERNEL, groups=2), "4 channels in 2 groups, but weight"),
    (lambda: nn.conv2d(IMAGE, np.ones((2, 4, 9, 1))), "reaches over 9 elements does not fit into 5.*padding='same'"),
    (lambda: nn.conv2d(IMAGE, KERNEL, np.ones(3)), r"conv2d: bias has shape \(3,\), but there are 2 outputs"),
    (lambda: nn.conv2d(IMAGE, KERNEL, stride=0), "conv2d: stride is an integer, or 2 of them, at least 1, not 0"),
    (lambda: nn.conv2d(IMAGE, KERNEL, stride=1.5), "conv2d: stride is an integer, or 2 of them, at least 1, not 1.5"),
    (lambda: nn.conv2d(IMAGE, KERNEL, stride=(1, 1, 1)), "conv2d: stride is an integer, or 2 of them"),
    (lambda: nn.conv2d(IMAGE, KERNEL, padding="full"), "padding is 'same', 'valid', or numbers, not 'full'"),
    (lambda: nn.conv2d(IMAGE, KERNEL, padding=-1), "conv2d: padding is an integer, or 2 of them, at least 0, not -1"),
    (lambda: nn.conv2d(IMAGE, KERNEL, groups=0), "conv2d: groups is an integer, at least 1, not 0"),
    (lambda: nn.conv2d(IMAGE, KERNEL[:0]), "has no elements"),
    (lambda: nn.conv1d(IMAGE, KERNEL), r"conv1d: x has shape .* but is of shape \(images, channels, length\)"),
    (lambda: nn.max_pool2d(np.ones(3), 2), r"max_pool2d: x has shape \(3,\), but needs 2 axes at least"),
    (lambda: nn.max_pool2d(IMAGE, 2, padding=2), r"padding 2 is not less than the window of \(2, 2\)"),
    (lambda: nn.avg_pool2d(IMAGE, 6), "avg_pool2d: a window that reaches over 6 elements does not fit into 5"),
    (lambda: nn.avg_pool1d(IMAGE, (2, 2)), r"avg_pool1d: size is an integer, at least 1, not \(2, 2\)"),
    (lambda: nn.layer_norm(X, np.ones(3)), r"layer_norm: weight has shape \(3,\), not \(6,\)"),
    (lambda: nn.batch_norm(X, np.ones(3), VAR), r"batch_norm: running_mean has shape \(3,\), not \(4,\)"),
    (lambda: nn.batch_norm(np.ones((1, 4)), MEAN, VAR), "has 1 numbers a channel.*training=False"),
    (lambda: nn.batch_norm(np.ones(4), MEAN, VAR), "batch_norm: x has shape .* needs two axes at least"),
    (lambda: nn.attention(QUERY, KEY.swapaxes(1, 2), VALUE), r"query is of shape .*not \(2, 3, 4\), \(2, 4, 5\)"),
    (lambda: nn.embedding(np.ones((3, 2)), [0, 3]), "embedding: numbers from 0 to 3, but there are 3 rows, 0 to 2"),
    (lambda: nn.embedding(np.ones((3, 2)), [-1]), "embedding: numbers from -1 to -1"),
    (lambda: nn.one_hot(np.array([0, 3]), 3), "one_hot: labels from 0 to 3, but there are 3 classes, 0 to 2"),
    (lambda: nn.attention(QUERY, np.concatenate([KEY, KEY[:1]]), VALUE), "attention: query is of shape .* not"),
    (lambda: nn.attention(QUERY, KEY, VALUE, mask=MASK[:2]), r"mask has shape \(2, 5\), which does not broadcast to"),
    (lambda: nn.one_hot(np.array([0]), 0), "one_hot: classes is an integer, at least 1, not 0"),
    (lambda: nn.one_hot(np.array([0]), 2.0), "one_hot: classes is an integer, at least 1, not 2.0"),
    (lambda: nn.embedding(3.0, [0]), "embedding: table is a number, and has no rows"),
    (lambda: nn.layer_norm(2.0), "layer_norm: x is a number, which has no axis"),
    (lambda: nn.batch_norm(X, np.zeros(4), np.ones(4), momentum=None), "momentum is a number from 0 to 1, not None"),
    (lambda: nn.layer_norm(X, eps=-1.0), "layer_norm: eps is a number, at least 0, not -1.0"),
    (lambda: nn.dropout(X, [0.1], np.random.default_rng(0)), "a number from 0 to 1, not \\[0.1\\]"),
    (lambda: nn.dropout(X, 1.5, np.random.default_rng(0)), "rate is a probability, a number from 0 to 1, not 1.5"),
])
def test_arguments_that_do_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("call, message", [
    (lambda: nn.embedding(np.ones((3, 2)), [0.5]), "embedding: numbers are integers, not float64"),
    (lambda: nn.one_hot(np.array([0.0]), 3), "one_hot: labels are integers, not float64"),
    (lambda: nn.attention(QUERY, KEY, VALUE, mask=MASK.astype(int)), r"mask is of dtype int64.*mask.astype\(bool\)"),
    (lambda: nn.max_pool1d(X + 1j, 2), r"max_pool1d: x is complex .*Write max_pool1d\(x.real, ...\)"),
    (lambda: grad(lambda eps: nn.layer_norm(X, eps=eps))(0.1), r"eps is a traced value .*Write to_numpy\(eps\)"),
    (lambda: nn.layer_norm(X + 1j), r"layer_norm: x is complex .*Write layer_norm\(x.real\)"),
    (lambda: grad(lambda rate: nn.dropout(X, rate, np.random.default_rng(0)).sum())(0.5), "a draw has no derivative"),
    (lambda: nn.dropout(X, 0.5, 0), r"rng is .*Generator, not 0 .*Write rng = numpy.random.default_rng\(0\) once"),
])
def test_types_that_do_not_fit(call, message):
    with pytest.raises(TypeError, match=message):
        call()


# Pooling


@pytest.mark.parametrize("size, stride, padding", [
    (2, None, "valid"), ((3, 2), (1, 2), "same"), (2, 3, "valid"), ((3, 3), 2, ((1, 0), (0, 2))), (3, 1, 1)])
def test_pooling_by_its_definition(size, stride, padding):
    x = waves(0.7, 2, 7, 6)
    sizes = (size, size) if isinstance(size, int) else size
    strides = sizes if stride is None else (stride, stride) if isinstance(stride, int) else stride
    pairs = nn.pooling.pairs_of(padding, (7, 6), sizes, strides, "pool")
    for fill, pool, reduce in ((-np.inf, nn.max_pool2d, np.max), (np.nan, average, np.nanmean)):
        windows = np.lib.stride_tricks.sliding_window_view(
            np.pad(x, [(0, 0), *pairs], constant_values=fill), sizes, (1, 2))[:, :: strides[0], :: strides[1]]
        np.testing.assert_allclose(pool(x, size, stride=stride, padding=padding), reduce(windows, axis=(-1, -2)))
        function = lambda x: pool(x, size, stride=stride, padding=padding)  # noqa: E731
        check_grads(function, x, modes=("rev", "fwd", "batch"))
        slope = grad(lambda x: weighted(function(x) ** 2))
        compiled = jit(slope)
        for y in (x, x, x + 1):
            np.testing.assert_allclose(compiled(y), slope(y), rtol=1e-12)


def average(x, size, **options):
    return nn.avg_pool2d(x, size, count_include_pad=False, **options)


def test_sums_of_windows_are_beyond_half_precision():
    for count_include_pad in (True, False):
        ans = nn.avg_pool1d(np.full(6, 60000, np.float16), 4, padding=2, count_include_pad=count_include_pad)
        assert ans.dtype == np.float16 and ans[0] == (30000 if count_include_pad else 60000) and ans[1] <= 60000


def test_pooling_at_ties_and_beyond_numbers():
    assert grad(lambda x: nn.max_pool1d(x, 2))(np.array([1.0, 1.0, 0.0, 0.0])).tolist() == [1, 0, 1, 0]
    x = np.array([np.nan, 1.0, 2.0, np.inf])
    np.testing.assert_array_equal(nn.max_pool1d(x, 2), [np.nan, np.inf])
    assert grad(lambda x: nn.max_pool1d(x, 2))(x).tolist() == [1, 0, 0, 1]
    assert nn.max_pool1d(np.full(4, -np.inf), 2, padding=1).tolist() == [-np.inf] * 3
    assert nn.max_pool1d(np.array([-3, -5]), 2, padding=1).tolist() == [-3, -5]
    assert nn.max_pool1d(np.zeros((0, 4)), 2).shape == nn.avg_pool1d(np.zeros((0, 4)), 2).shape == (0, 2)
    with np.errstate(divide="ignore"):  # what was not selected is no product with an infinite slope
        slope = grad(lambda x: nn.max_pool1d(anp.log(x), 2).sum())(np.array([0.0, 1.0, 2.0, 0.0]))
    assert slope.tolist() == [0, 1, 0.5, 0]


# Normalising


@pytest.mark.parametrize("dtype, size", [
    (np.float64, 1e300), (np.float64, 1e-100), (np.float64, 1e-200),
    (np.float32, 1e25), (np.float32, 1e-30), (np.float32, 1e38), (np.float16, 1e4)])
def test_layer_norm_at_every_magnitude(dtype, size):
    x = np.array([[1.0, 3.0, -2.0, 0.5], [2.0, 1.0, 1.5, -1.0]])
    scaled, tolerance = (x * size).astype(dtype), 20 * float(np.finfo(dtype).eps)
    value, pull = vjp(lambda x: nn.layer_norm(x, eps=0.0), scaled)
    exact, exact_pull = vjp(lambda x: nn.layer_norm(x, eps=0.0), x)
    g = waves(0.9, 2, 4)
    assert value.dtype == dtype
    np.testing.assert_allclose(value, exact, rtol=tolerance, atol=tolerance)
    if dtype is not np.float16:
        gradient = pull(g.astype(dtype))[0].astype(float) * size
        np.testing.assert_allclose(gradient, exact_pull(g)[0], rtol=1e3 * tolerance, atol=20 * tolerance)


def test_layer_norm_of_rows_of_other_magnitudes():
    x = np.array([[1e200, -1e200, 3e200], [1.0, 2.0, 4.0], [np.nan, 1.0, 2.0], [1e-200, 2e-200, 4e-200]])
    for eps in (0.0, 1e-5):
        rows = np.stack([nn.layer_norm(row, eps=eps) for row in x])
        np.testing.assert_allclose(nn.layer_norm(x, eps=eps), rows, rtol=1e-14)
        np.testing.assert_allclose(rows[0], nn.layer_norm(x[0] / 1e200, eps=0.0), rtol=1e-14)


def test_hyperparameters_in_double_precision_leave_single_precision():
    x, zeros, ones = np.eye(3, dtype=np.float32), np.zeros(3, np.float32), np.ones(3, np.float32)
    half = np.float64(0.5)
    results = [
        nn.layer_norm(x, eps=half), *nn.batch_norm(x, zeros, ones, momentum=half, eps=half),
        *nn.batch_norm(x, zeros, ones, eps=half, training=False), nn.attention(x, x, x, scale=half),
        nn.dropout(x, half, np.random.default_rng(0)), nn.huber(x, 0.0, half),
    ]
    assert {each.dtype for each in results} == {np.dtype(np.float32)}


def test_layer_norm_of_equal_numbers_and_of_none():
    assert nn.layer_norm(np.full((2, 3), 7.0)).tolist() == [[0] * 3] * 2
    assert nn.layer_norm(np.zeros((0, 3))).shape == (0, 3) and nn.layer_norm(np.zeros((3, 0))).shape == (3, 0)
    assert nn.layer_norm(np.array([1, 2, 3])).dtype == np.float64
    np.testing.assert_allclose(nn.layer_norm(1e8 + np.array([1.0, 2.0, 3.0]), eps=0.0), [-1.5**0.5, 0, 1.5**0.5])


def test_running_statistics_are_new_and_without_derivative():
    mean, var = np.zeros(4, np.float32), np.ones(4, np.float32)
    y, new_mean, new_var = nn.batch_norm(X.astype(np.float32), mean, var, momentum=1.0)
    assert y.dtype == new_mean.dtype == new_var.dtype == np.float32 and not mean.any() and (var == 1).all()
    np.testing.assert_allclose(new_mean, X.mean(axis=(0, 2, 3)), atol=1e-6)
    np.testing.assert_allclose(new_var, X.var(axis=(0, 2, 3), ddof=1), rtol=1e-5)
    np.testing.assert_array_equal(grad(lambda x: nn.batch_norm(x, MEAN, VAR)[1].sum())(X), 0 * X)
    last = nn.batch_norm(np.moveaxis(X, 1, -1), MEAN, VAR, axis=-1)
    for one, other in zip(last, nn.batch_norm(X, MEAN, VAR)):
        np.testing.assert_allclose(np.moveaxis(one, -1, 1) if one.ndim == 4 else one, other, rtol=1e-12, atol=1e-14)

    def loss(x, mean, var):
        y, *state = nn.batch_norm(x, mean, var)
        return anp.sum(y**3), state

    (value, state), gradient = value_and_grad(loss, has_aux=True)(X, MEAN, VAR)
    compiled = jit(value_and_grad(loss, has_aux=True))
    for _ in range(3):
        np.testing.assert_allclose(compiled(X, MEAN, VAR)[0][1], state)


# Attention and tables


def test_attention_far_out_and_without_keys():
    assert np.isfinite(nn.attention(1e4 * QUERY, 1e4 * KEY, VALUE)).all()
    gradients = grad(lambda *args: nn.attention(*args).sum(), (0, 1, 2))(1e4 * QUERY, 1e4 * KEY, VALUE)
    assert all(np.isfinite(g).all() for g in gradients)
    mask = MASK.copy()
    mask[1] = False
    value, gradient = value_and_grad(lambda q: nn.attention(q, KEY, VALUE, mask=mask).sum())(QUERY)
    assert nn.attention(QUERY, KEY, VALUE, mask=mask)[:, 1].tolist() == [[0, 0]] * 2 and np.isfinite(value)
    assert np.isfinite(gradient).all() and not gradient[:, 1].any()
    bias = np.where(mask, 0.0, -np.inf)
    np.testing.assert_allclose(nn.attention(QUERY, KEY, VALUE, mask=bias), nn.attention(QUERY, KEY, VALUE, mask=mask))
    heads = nn.attention(QUERY[:, None], KEY[:, None], VALUE[:, None], mask=mask, causal=True)
    np.testing.assert_allclose(heads[:, 0], nn.attention(QUERY, KEY, VALUE, mask=mask & np.tri(3, 5, dtype=bool)))
    single = [x.astype(np.float32) for x in (QUERY, KEY, VALUE)]
    assert nn.attention(*single, mask=bias, scale=np.float64(0.5)).dtype == np.float32
    assert nn.attention(QUERY, KEY[:, :0], VALUE[:, :0]).tolist() == np.zeros((2, 3, 2)).tolist()
    assert grad(lambda x: nn.attention(x, x, x).sum())(np.zeros((0, 3))).shape == (0, 3)


def test_tables_under_jit_and_vmap():
    table, numbers = waves(0.7, 6, 3), np.array([[0, 5], [2, 2]])
    rows = vmap(lambda n: nn.embedding(table, n))(numbers)
    np.testing.assert_array_equal(rows, table[numbers])
    np.testing.assert_array_equal(vmap(nn.embedding)(np.stack([table, 2 * table]), numbers), [rows[0], 2 * rows[1]])
    compiled = jit(grad(lambda table, numbers: anp.sum(nn.embedding(table, numbers) ** 2)))
    for _ in range(3):
        np.testing.assert_allclose(compiled(table, numbers), 2 * table * np.array([1, 0, 2, 0, 0, 1])[:, None])
    with pytest.raises(ValueError, match="embedding: numbers from 1 to 6"):
        compiled(table, numbers + 1)
    one_hot = jit(lambda labels: nn.one_hot(labels, 6, np.float32))
    for _ in range(3):
        assert one_hot(numbers).dtype == np.float32
        np.testing.assert_array_equal(one_hot(numbers), np.eye(6)[numbers])
    np.testing.assert_array_equal(vmap(lambda n: nn.one_hot(n, 6))(numbers), np.eye(6)[numbers])


# Dropout


def test_dropout():
    x, rng = np.ones(100_000, np.float32), np.random.default_rng(0)
    y = nn.dropout(x, 0.2, rng)
    assert y.dtype == np.float32 and set(np.unique(y)) == {np.float32(0), np.float32(1.25)}
    assert abs(np.mean(y == 0) - 0.2) < 0.01
    assert nn.dropout(x, 0.2, None, training=False) is x and nn.dropout(x, 0.0, rng) is x
    assert not nn.dropout(x, 1.0, rng).any()
    np.testing.assert_array_equal(nn.dropout(x, 0.2, np.random.default_rng(0)), y)
    x = np.array([np.inf, np.nan] * 10)
    assert (nn.dropout(x, 1.0, rng) == 0).all()
    value, gradient = value_and_grad(lambda x: nn.dropout(x, 0.5, rng).sum())(np.ones(100))
    assert value == gradient.sum() and set(gradient) == {0, 2}
    check_grads(lambda x: nn.dropout(x**2, 0.5, np.random.default_rng(1)), BETWEEN)


BETWEEN = waves(0.3, 3, 4)


def test_dropout_of_examples_is_independent():
    rng = np.random.default_rng(0)
    rows = vmap(lambda x: nn.dropout(x, 0.5, rng))(np.ones((3, 40)))
    assert len({row.tobytes() for row in rows}) == 3
    gradients = vmap(grad(lambda x: nn.dropout(x, 0.5, rng).sum()))(np.ones((3, 40)))
    assert len({row.tobytes() for row in gradients}) == 3 and set(gradients.flat) == {0, 2}


def test_dropout_runs_again_with_the_same_draws():
    rng = np.random.default_rng(0)
    for function in (lambda x, _: nn.dropout(x, 0.5, rng).sum(), lambda x, rng: nn.dropout(x, 0.5, rng).sum()):
        value, gradient = value_and_grad(checkpoint(function))(np.ones(100), rng)
        assert value == gradient.sum()


def test_dropout_draws_anew_under_jit():
    compiled = jit(grad(lambda x: nn.dropout(x, 0.5, anp.random).sum()))
    mapped = jit(vmap(lambda x: nn.dropout(x, 0.5, np.random)))
    found = {compiled(np.ones(40)).tobytes() for _ in range(4)}
    rows = {row.tobytes() for _ in range(4) for row in mapped(np.ones((3, 40)))}
    assert len(found) == 4 and compiled.cache_info().hits == 3
    assert len(rows) == 12 and mapped.cache_info().hits == 3
    rng = np.random.default_rng(0)
    with pytest.warns(match="it draws random numbers"):
        eager = jit(lambda x: nn.dropout(x, 0.5, rng))
        assert len({eager(np.ones(40)).tobytes() for _ in range(4)}) == 4


def test_arrays_of_dask():
    dask_array = pytest.importorskip("dask.array", reason="it is about arrays of Dask")
    x = dask_array.from_array(BETWEEN, chunks=2)
    for function in (nn.gelu, nn.silu, nn.layer_norm, lambda x: nn.attention(x, x, x, causal=True), nn.softmax,
                     lambda x: nn.batch_norm(x, np.zeros(4), np.ones(4))[0], lambda x: nn.mse(x, 1.0)):
        np.testing.assert_allclose(function(x).compute(), function(BETWEEN), rtol=1e-12, atol=1e-14)
        slope = grad(lambda x: anp.sum(function(x) ** 2))
        np.testing.assert_allclose(slope(x).compute(), slope(BETWEEN), rtol=1e-9, atol=1e-12)
    for function in (lambda x: nn.max_pool2d(x, 2), lambda x: nn.dropout(x, 0.5, np.random.default_rng(0))):
        with pytest.raises(TypeError, match="is not there for arrays of type dask.Array .*convert the array"):
            function(x)
