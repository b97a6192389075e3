"""Activations, losses and initialisers: against PyTorch's numbers, far out, and in every mode."""

import math

import numpy as np
import pytest

from autodiff_trace import grad, jit, jvp, nn, value_and_grad, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.nn.gelus import normal_cdf
from autodiff_trace.testing import check_grads

POINTS = np.array([-3.0, -0.5, 0.0, 0.7, 4.0])
# Value and derivative at the points, by torch.nn.functional 2.13 in double precision
ACTIVATIONS = {
    "elu": (
        lambda x: nn.elu(x, 1.5), [-1.42531939745, -0.590204010431, 0.0, 0.7, 4.0],
        [0.0746806025518, 0.909795989569, 1.5, 1.0, 1.0]),
    "gelu": (
        nn.gelu, [-0.00404969409489, -0.154268769363, 0.0, 0.530625443444, 3.99987331503],
        [-0.0119456472042, 0.132504875344, 0.5, 0.976614101134, 1.00050364966]),
    "gelu of tanh": (
        lambda x: nn.gelu(x, "tanh"), [-0.00363739208177, -0.154285990175, 0.0, 0.530570134705, 3.99992975405],
        [-0.011584166631, 0.132630096465, 0.5, 0.976357218656, 1.0003351232]),
    "hard_tanh": (nn.hard_tanh, [-1.0, -0.5, 0.0, 0.7, 1.0], [0.0, 1.0, 1.0, 1.0, 0.0]),
    "leaky_relu": (lambda x: nn.leaky_relu(x, 0.1), [-0.3, -0.05, 0.0, 0.7, 4.0], [0.1, 0.1, 0.1, 1.0, 1.0]),
    "log_sigmoid": (
        nn.log_sigmoid, [-3.04858735157, -0.97407698418, -0.69314718056, -0.403186048885, -0.0181499279178],
        [0.952574126822, 0.622459331202, 0.5, 0.331812227832, 0.0179862099621]),
    "relu6": (lambda x: nn.relu6(2 * x), [0.0, 0.0, 0.0, 1.4, 6.0], [0.0, 0.0, 0.0, 2.0, 0.0]),
    "selu": (
        nn.selu, [-1.67056872877, -0.691758187803, 0.0, 0.735490691149, 4.20280394942],
        [0.0875306120803, 1.06634115304, 1.75809934085, 1.05070098736, 1.05070098736]),
    "silu": (
        nn.silu, [-0.142277619533, -0.188770334399, 0.0, 0.467731440518, 3.92805516015],
        [-0.0881041060152, 0.260038812697, 0.5, 0.823386783473, 1.05266461489]),
    "softplus": (
        nn.softplus, [0.0485873515737, 0.47407698418, 0.69314718056, 1.10318604889, 4.01814992792],
        [0.0474258731776, 0.377540668798, 0.5, 0.668187772168, 0.982013790038]),
}
# Limits of value and derivative at -inf and at inf
LIMITS = {
    "elu": (-1.5, 0, np.inf, 1), "gelu": (0, 0, np.inf, 1), "gelu of tanh": (0, 0, np.inf, 1),
    "hard_tanh": (-1, 0, 1, 0), "leaky_relu": (-np.inf, 0.1, np.inf, 1), "log_sigmoid": (-np.inf, 1, 0, 0),
    "relu6": (0, 0, 6, 0), "selu": (-1.7580993408473766, 0, np.inf, 1.0507009873554805), "silu": (0, 0, np.inf, 1),
    "softplus": (0, 0, np.inf, 1),
}
BETWEEN = np.array([[-2.7, -0.4, 0.3], [0.9, 1.6, -1.3]])


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name):
    function, values, slopes = ACTIVATIONS[name]
    np.testing.assert_allclose(function(POINTS), values, rtol=1e-11, atol=1e-15)
    np.testing.assert_allclose(grad(function)(POINTS), slopes, rtol=1e-11)
    check_grads(function, BETWEEN, modes=("rev", "fwd", "batch"))
    slope, compiled = grad(function), jit(grad(function))
    for x in (BETWEEN, BETWEEN, BETWEEN + 0.05):
        np.testing.assert_allclose(compiled(x), slope(x), rtol=1e-14)
    for x in (0.5, np.float32(0.5), 1, np.array(0.5)):
        assert np.shape(function(x)) == ()
        assert grad(function)(x).dtype == (np.float32 if type(x) is np.float32 else np.float64)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_compiled_activations_are_steps_of_numpy(name, dtype):
    function = ACTIVATIONS[name][0]
    x = np.concatenate([np.linspace(-9, 9, 61), [0.0, -0.0, -50.0, 50.0, np.inf, -np.inf, np.nan]]).astype(dtype)[None]
    for f in (lambda x: 3 * function(2 * x), grad(lambda x: 3 * function(2 * x))):
        compiled = jit(f, backend="numpy")
        for _ in range(3):
            # (Compiled sigmoids may choose another form.)
            np.testing.assert_allclose(compiled(x), f(x), rtol=8 * np.finfo(dtype).eps)
            assert compiled(x).dtype == dtype
        opaque = "cdf_again exact_gelu exponential_unit hard_tanh log_sigmoid normal_cdf rectify relu6 silu softplus"
        shown = str(compiled.graph(x))
        assert not any(f" {name}(" in shown for name in [*opaque.split(), "tanh_gelu"])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_activations_in_machine_code(dtype):
    pytest.importorskip("llvmlite", reason="regions are compiled by llvmlite")
    x = np.concatenate([np.linspace(-9, 9, 700), [0.0, -0.0, -50.0, 50.0, np.inf, -np.inf, np.nan]]).astype(dtype)
    functions = [function for function, *_ in ACTIVATIONS.values()]
    compiled = jit(lambda x: [grad(function)(x) * 2 + function(x) for function in functions], backend="native")
    for _ in range(3):
        for found, function in zip(compiled(x), functions):
            with np.errstate(invalid="ignore"):
                expected = grad(function)(x) * 2 + function(x)
            assert found.dtype == dtype
            np.testing.assert_allclose(found, expected, rtol=64 * np.finfo(dtype).eps, atol=16 * np.finfo(dtype).eps)


@pytest.mark.parametrize("name", ACTIVATIONS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_activation_far_out(name, dtype):
    function = ACTIVATIONS[name][0]
    left, left_slope, right, right_slope = LIMITS[name]
    x = np.array([-np.inf, -1e4, 1e4, np.inf], dtype)
    value, slope = function(x), grad(function)(x)
    second = grad(lambda x: anp.sum(grad(function)(x)))(x)
    tangent = jvp(function, (x,), (np.ones(4, dtype),))[1]
    assert value.dtype == slope.dtype == second.dtype == tangent.dtype == dtype
    np.testing.assert_allclose(value[[0, 3]], np.array([left, right], dtype), rtol=2 * np.finfo(dtype).eps)
    np.testing.assert_allclose(slope, np.array([left_slope] * 2 + [right_slope] * 2, dtype), rtol=1e-3)
    np.testing.assert_array_equal(tangent, slope)
    np.testing.assert_array_equal(second, np.zeros(4))
    assert np.isfinite(value[1:3]).all() and np.isnan(function(np.array([np.nan], dtype)))


def test_tails_keep_their_digits():
    # By mpmath: the distribution function of the normal distribution at -1, -5, -20
    exact = [0.15865525393145705, 2.8665157187919391e-07, 2.7536241186062337e-89]
    np.testing.assert_allclose(normal_cdf(np.array([-1.0, -5.0, -20.0])), exact, rtol=2e-14)
    np.testing.assert_allclose(nn.gelu(np.array([-20.0])), -20 * exact[2], rtol=2e-14)
    np.testing.assert_allclose(nn.silu(-50.0), -50 * np.exp(-50.0), rtol=1e-14)
    np.testing.assert_allclose(nn.softplus(-50.0), np.exp(-50.0), rtol=1e-14)
    np.testing.assert_allclose(nn.log_sigmoid(50.0), -np.exp(-50.0), rtol=1e-14)
    np.testing.assert_allclose(grad(nn.elu)(-50.0), np.exp(-50.0), rtol=1e-14)


def test_normal_cdf_against_the_error_function():
    x = np.concatenate([np.linspace(-9, 9, 20_001), [0.0]])
    exact = [0.5 * math.erfc(-v * math.sqrt(0.5)) for v in x]
    np.testing.assert_allclose(normal_cdf(x), exact, rtol=3e-14)
    np.testing.assert_allclose(normal_cdf(x.astype(np.float32)), exact, rtol=1e-5)
    np.testing.assert_array_equal(normal_cdf(x.reshape(2, -1)[:, ::2]), normal_cdf(x).reshape(2, -1)[:, ::2])


def test_the_slope_of_a_leaky_relu_is_learnt():
    check_grads(nn.leaky_relu, BETWEEN, np.array([0.1, 0.2, 0.3]))
    check_grads(nn.elu, BETWEEN, np.array([0.1, 0.2, 0.3]))
    with pytest.raises(ValueError, match="gelu: approximate is True, False, 'tanh' or 'none', not 'exact'"):
        nn.gelu(BETWEEN, "exact")


# Losses


def waves(step, *shape):
    return np.sin(step * np.arange(1, math.prod(shape) + 1)).reshape(shape)


P, Q = 2 * waves(0.7, 4, 3), waves(0.3, 4, 3)
SHARES = Q * Q
NUMBERS = np.array([0, 2, 1, 1])
# The loss and the sum of the squares of its gradient, by torch.nn.functional 2.13
LOSSES = {
    "mse": (lambda p: nn.mse(p, Q), 3.05494320782, 1.01831440261),
    "mae": (lambda p: nn.mae(p, Q), 1.55324200997, 0.0833333333333),
    "huber": (lambda p: nn.huber(p, Q, 0.7), 0.854168440005, 0.0355813722469),
    "huber, sum": (lambda p: nn.huber(p, Q, reduction="sum"), 13.0965924242, 10.0990203219),
    "sigmoid_cross_entropy": (lambda p: nn.sigmoid_cross_entropy(p, SHARES), 1.28230375204, 0.0296270029798),
    "binary_cross_entropy": (
        lambda p: nn.binary_cross_entropy(nn.sigmoid(p), SHARES), 1.28230375204, 0.0296270029798),
    "kl_divergence": (lambda p: nn.kl_divergence(nn.log_softmax(p), nn.softmax(Q)), 0.276881276354, 0.0420788012089),
    "softmax_cross_entropy, sum": (
        lambda p: nn.softmax_cross_entropy(p, NUMBERS, "sum"), 6.6823954634, 4.01760009084),
    "softmax_cross_entropy, one-hot": (
        lambda p: nn.softmax_cross_entropy(p, nn.one_hot(NUMBERS, 3), "sum"), 6.6823954634, 4.01760009084),
}


@pytest.mark.parametrize("name", LOSSES)
def test_loss(name):
    function, loss, squares = LOSSES[name]
    value, gradient = value_and_grad(function)(P)
    np.testing.assert_allclose([value, np.sum(gradient**2)], [loss, squares], rtol=1e-11)
    check_grads(function, P, modes=("rev", "fwd", "batch"))
    compiled = jit(value_and_grad(function))
    for p in (P, P, P + 0.05):
        np.testing.assert_allclose(compiled(p)[1], grad(function)(p), rtol=1e-13)


def test_losses_of_both_arguments():
    p, q = nn.sigmoid(P), nn.sigmoid(Q)
    for function in (nn.mse, nn.mae, nn.huber):
        check_grads(function, P, Q)
    check_grads(nn.huber, P, Q, 0.7)
    for function in (nn.sigmoid_cross_entropy, nn.binary_cross_entropy):
        check_grads(function, p, q)
    check_grads(nn.kl_divergence, np.log(p), q)


@pytest.mark.parametrize("function", [nn.mse, nn.mae, nn.huber, nn.sigmoid_cross_entropy, nn.softmax_cross_entropy])
def test_reductions_and_precision(function):
    each = function(P, SHARES, reduction="none")
    np.testing.assert_allclose(function(P, SHARES), np.mean(each))
    np.testing.assert_allclose(function(P, SHARES, reduction="sum"), np.sum(each))
    assert function(np.zeros((0, 3)), np.zeros((0, 3)), reduction="sum") == 0
    single, truths = P.astype(np.float32), np.arange(12).reshape(4, 3) % 2 == 0
    for labels in (SHARES.astype(np.float32), truths):
        value, gradient = value_and_grad(function)(single, labels)
        assert value.dtype == gradient.dtype == np.float32
    with pytest.raises(ValueError, match=f"{function.__name__}: reduction is 'mean', 'sum' or 'none', not 'avg'"):
        function(P, SHARES, reduction="avg")


def test_numbers_of_python_keep_the_precision():
    single = P.astype(np.float32)
    for function in (nn.mse, nn.mae, nn.huber, nn.sigmoid_cross_entropy):
        assert function(single, 1.0).dtype == function(single, 1).dtype == np.float32
        np.testing.assert_allclose(function(P, 1.0), function(P, np.ones((4, 3))))


def test_integers_do_not_wrap_around():
    x, y = np.array([1, 200], np.uint8), np.array([2, 1], np.uint8)
    for function in (nn.mse, nn.mae, nn.huber):
        np.testing.assert_array_equal(function(x, y, reduction="none"), function(1.0 * x, 1.0 * y, reduction="none"))
        assert grad(function)(x.astype(np.float32), y).dtype == function(y, x.astype(np.float32)).dtype == np.float32
    for dtype, classes in ((np.int8, 300), (np.int16, 40000), (np.int32, 3)):
        with pytest.raises(ValueError, match=f"labels from -1 to 0, but there are {classes} classes"):
            nn.softmax_cross_entropy(np.zeros((2, classes)), np.array([-1, 0], dtype))


@pytest.mark.parametrize("function", [
    nn.mse, nn.huber, nn.sigmoid_cross_entropy, nn.binary_cross_entropy, nn.kl_divergence])
def test_losses_are_of_real_numbers(function):
    with pytest.raises(TypeError, match=f"{function.__name__}: .* are complex"):
        function(SHARES, SHARES + 0j)


EXTREMES = np.array([-np.inf, -1e300, -1e4, 0.0, 1e4, 1e300, np.inf])
TWICE = math.log(2)


@pytest.mark.parametrize("labels, losses, slopes", [
    (0, [0, 0, 0, TWICE, 1e4, 1e300, np.inf], [0, 0, 0, 0.5, 1, 1, 1]),
    (1, [np.inf, 1e300, 1e4, TWICE, 0, 0, 0], [-1, -1, -1, -0.5, 0, 0, 0]),
    (0.5, [np.inf, 5e299, 5e3, TWICE, 5e3, 5e299, np.inf], [-0.5, -0.5, -0.5, 0, 0.5, 0.5, 0.5]),
])
def test_sigmoid_cross_entropy_far_out(labels, losses, slopes):
    def function(x):
        return nn.sigmoid_cross_entropy(x, np.full(x.shape, labels), "none")

    np.testing.assert_allclose(function(EXTREMES), losses)
    np.testing.assert_allclose(grad(function)(EXTREMES), slopes)
    assert np.isfinite(grad(lambda x: anp.sum(grad(function)(x)))(EXTREMES)).all()


def test_sigmoid_cross_entropy_keeps_the_digits_of_what_is_small():
    np.testing.assert_allclose(grad(nn.sigmoid_cross_entropy)(40.0, 1.0), -np.exp(-40.0), rtol=1e-14)
    np.testing.assert_allclose(nn.sigmoid_cross_entropy(40.0, 1.0), np.exp(-40.0), rtol=1e-14)


def test_probabilities_at_their_ends():
    p = np.array([0.0, 0.0, 1.0, 1.0])
    losses, slopes = [0, np.inf, np.inf, 0], [1, -np.inf, np.inf, -1]
    labels = np.array([0, 1, 0, 1])
    np.testing.assert_array_equal(nn.binary_cross_entropy(p, labels, "none"), losses)
    np.testing.assert_array_equal(grad(lambda p: nn.binary_cross_entropy(p, labels, "none"))(p), slopes)
    log_q = np.array([[-np.inf, 0.0]])
    assert nn.kl_divergence(log_q, np.array([[0, 1]])) == 0
    assert nn.kl_divergence(log_q, np.array([[0.5, 0.5]])) == np.inf
    np.testing.assert_array_equal(grad(nn.kl_divergence)(log_q, np.array([[0.0, 1.0]])), [[0, -1]])
    with pytest.raises(ValueError, match=r"probabilities are from 0 to 1, not from -1\.\d+ to .*sigmoid_cross_entropy"):
        nn.binary_cross_entropy(P, SHARES)


def test_rounding_is_no_error():
    above = np.nextafter(np.float32([1.0, 1.0, -0.0]), np.float32([2.0, 2.0, -1.0]))
    np.testing.assert_array_equal(nn.binary_cross_entropy(above, np.array([1, 0, 0]), "none"), [0, np.inf, 0])
    assert np.isfinite(nn.sigmoid_cross_entropy(P[0], above))
    with pytest.raises(ValueError, match="sigmoid_cross_entropy: labels are from 0 to 1, not from 0.0 to 2.0"):
        nn.sigmoid_cross_entropy(P, np.full((4, 3), 2) * (P > 0))
    compiled = jit(lambda p: nn.binary_cross_entropy(p, 1.0))
    for _ in range(2):
        with pytest.raises(ValueError, match="probabilities are from 0 to 1, not from 2.0 to 2.0"):
            compiled(np.full(3, 2.0))
        np.testing.assert_allclose(compiled(np.full(3, 0.5)), math.log(2))


OF_ANY = {**{name: row[0] for name, row in ACTIVATIONS.items()}, "relu": nn.relu, "sigmoid": nn.sigmoid}


@pytest.mark.parametrize("name", OF_ANY)
def test_activations_are_of_real_numbers(name):
    with pytest.raises(TypeError, match=r"x is complex .*\(x.real\)"):
        OF_ANY[name](BETWEEN + 1j)


@pytest.mark.parametrize("name", OF_ANY)
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint32, bool])
def test_activations_of_small_integers(name, dtype):
    x = np.array([0, 1, 3, 100]).astype(dtype)
    function = (lambda x: nn.relu6(x)) if name == "relu6" else OF_ANY[name]
    for each in (function, jit(function, backend="numpy")):
        np.testing.assert_allclose(each(x), function(x.astype(float)), rtol=1e-14)


def test_softmax_of_no_classes():
    nothing = np.ones((2, 0))
    assert nn.softmax(nothing).shape == nn.log_softmax(nothing).shape == grad(nn.softmax)(nothing).shape == (2, 0)
    assert nn.logsumexp(nothing, 1).tolist() == [-np.inf] * 2


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_activations_of_matrices_go_by_elements():
    matrix = np.asmatrix(BETWEEN[:, :2])
    for function, _, _ in ACTIVATIONS.values():
        np.testing.assert_allclose(np.asarray(function(matrix)), function(BETWEEN[:, :2]))


def test_huber_far_out():
    difference = np.array([-np.inf, -1e300, 1e300, np.inf])
    np.testing.assert_array_equal(nn.huber(difference, 0.0, 2.0, "none"), np.array([np.inf, 2e300, 2e300, np.inf]))
    np.testing.assert_array_equal(grad(lambda x: nn.huber(x, 0.0, 2.0, "none"))(difference), [-2, -2, 2, 2])
    with pytest.raises(ValueError, match="huber: delta is a number above 0, not 0"):
        nn.huber(P, Q, 0)


@pytest.mark.parametrize("function", [
    nn.mse, nn.mae, nn.huber, nn.sigmoid_cross_entropy, nn.binary_cross_entropy, nn.kl_divergence])
@pytest.mark.parametrize("shapes", [((3, 1), (3,)), ((4, 3), (3, 4)), ((1, 3), (3, 1))])
def test_shapes_that_do_not_fit(function, shapes):
    x, y = (np.full(shape, 0.5) for shape in shapes)
    for call in (function, grad(function), jit(function)):
        with pytest.raises(ValueError, match=rf"{function.__name__}: \w+ have shape .* Write x.reshape\(y.shape\)"):
            call(x, y)


# Initialisers

FANS = {(50, 20): (50, 20), (8, 5, 3, 3): (45, 72), (6, 5, 4): (20, 24)}
SCALES = {
    "he_normal": lambda i, o: math.sqrt(2 / i), "he_uniform": lambda i, o: math.sqrt(2 / i),
    "lecun_normal": lambda i, o: math.sqrt(1 / i), "lecun_uniform": lambda i, o: math.sqrt(1 / i),
    "glorot_normal": lambda i, o: math.sqrt(2 / (i + o)), "glorot_uniform": lambda i, o: math.sqrt(2 / (i + o)),
}


@pytest.mark.parametrize("name", SCALES)
@pytest.mark.parametrize("shape", FANS)
def test_initialiser(name, shape):
    function, scale = getattr(nn.init, name), SCALES[name](*FANS[shape])
    x = np.stack([function(np.random.default_rng(seed), shape) for seed in range(30)])
    assert abs(x.mean()) < 0.05 * scale and abs(x.std() / scale - 1) < 0.03
    if "uniform" in name:
        assert abs(x).max() <= math.sqrt(3) * scale
    np.testing.assert_array_equal(function(np.random.default_rng(7), shape), x[7])
    single = function(np.random.default_rng(7), list(shape), dtype=np.float32, gain=1.0)
    assert single.dtype == np.float32 and function(np.random.default_rng(0), (0, 3)).shape == (0, 3)
    turned = function(np.random.default_rng(7), shape, in_axis=-1, out_axis=0)
    assert turned.shape == shape


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (6, 2, 3), (2, 3, 3)])
def test_orthogonal(shape):
    x = nn.init.orthogonal(np.random.default_rng(0), shape, gain=2.0).reshape(shape[0], -1)
    product = x @ x.T if x.shape[0] <= x.shape[1] else x.T @ x
    np.testing.assert_allclose(product, 4 * np.eye(len(product)), atol=1e-12)
    assert nn.init.orthogonal(np.random.default_rng(0), shape, dtype=np.float32).dtype == np.float32


@pytest.mark.parametrize("call, error, message", [
    (lambda rng: nn.init.he_normal(3, (2, 3)), TypeError, "init.he_normal: rng is .*not 3 .*default_rng\\(3\\) once"),
    (lambda rng: nn.init.zeros(None, 3), TypeError, "init.zeros: rng is a numpy.random.Generator, not None"),
    (lambda rng: nn.init.he_normal(rng, 3), ValueError, r"init.he_normal: of shape \(3,\) there are no inputs"),
    (lambda rng: nn.init.he_normal(rng, (2, 3), dtype=int), ValueError, "dtype is a floating-point one, not int64"),
    (lambda rng: nn.init.ones(rng, (2, -3)), ValueError, r"init.ones: shape is a tuple of integers, not \(2, -3\)"),
])
def test_initialisers_refuse(call, error, message):
    with pytest.raises(error, match=message):
        call(np.random.default_rng(0))


def test_gradients_of_examples():
    def loss(w, x, y):
        return nn.sigmoid_cross_entropy(anp.dot(x, w), y)

    w, x, y = waves(0.3, 3), P, np.array([0.0, 1.0, 1.0, 0.0])
    rows = vmap(grad(loss), in_axes=(None, 0, 0))(w, x, y)
    np.testing.assert_allclose(rows, [grad(loss)(w, *each) for each in zip(x, y)])
