"""Steps of regions, each a row of a table: what the native back end gives, in both of its modes, beside NumPy's."""

import warnings

import numpy as np
import pytest

from autodiff_trace import grad, jit, nn, tree_leaves
from autodiff_trace import numpy as anp
from autodiff_trace.compiler import PASSES as ALL_PASSES
from autodiff_trace.compiler.backends.native import partition

pytest.importorskip("llvmlite", reason="the native back end needs llvmlite")

RNG = np.random.default_rng(0)

#: Without those that add up in another order than NumPy's sums.
PASSES = tuple(name for name in ALL_PASSES if name not in ("sums", "finite", "floats", "stacks", "fusion"))


def normal(*shape):
    return RNG.normal(size=shape)


def outcome(function, args):
    """What a call gives, or the error that it raises, and what it warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function(*args)
        except (IndexError, ValueError, np.linalg.LinAlgError, FloatingPointError) as error:
            result = error
    return result, {str(each.message) for each in caught}


def assert_like(found, expected, math, rtol):
    if isinstance(expected, Exception):
        assert type(found) is type(expected) and str(found) == str(expected)
        return
    for a, b in zip(tree_leaves(found), tree_leaves(expected), strict=True):
        assert type(a) is type(b) and np.shape(a) == np.shape(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        if math == "numpy":
            np.testing.assert_array_equal(a, b)
        else:
            np.testing.assert_allclose(a, b, rtol=rtol, atol=1e-13)


@pytest.fixture
def left(monkeypatch):
    """The names of the steps that no region takes; regions of any size are made."""
    names = []
    find_regions = partition.find_regions

    def find(program, accepts):
        names.extend(step.name for step in program.steps if not accepts(step))
        return find_regions(program, accepts, lambda region: True)

    monkeypatch.setattr(partition, "find_regions", find)
    return names


def check(function, calls, left, rtol=1e-11, covered=True, maths=("own", "numpy")):
    for math in maths:
        left.clear()
        expected, compiled = jit(function, backend="numpy", passes=PASSES), jit(function, backend="native", math=math)
        for args in (calls[0], *calls):
            found, warned = outcome(compiled, args)
            wanted, warned_of = outcome(expected, args)
            assert_like(found, wanted, math, rtol)
            assert warned == warned_of
        assert not covered or left == []


def squared_gradient(function):
    """The gradient of the sum of squares of what a function gives for its first argument."""
    return lambda x, *rest: grad(lambda x: anp.sum(function(x, *rest) ** 2))(x)


# Gathers and scatters

CUBE, VECTOR = normal(5, 6, 7), normal(9)
PLACES = np.array([0, -1, 3, 2, 2, 0, 1, -5, 4, 3])
PAIRS = np.array([[0, 1], [4, -5], [2, 2]])

GATHERS = {
    "first axis": (lambda x, i: x[i] * 2, CUBE, PLACES),
    "middle axis": (lambda x, i: x[:, i] * 2, CUBE, PLACES),
    "two arrays": (lambda x, i: x[i[:, None], i[None]] * 2, CUBE, PLACES),
    "apart": (lambda x, i: x[i, :, i] * 2, CUBE, PLACES),
    "matrix of indices": (lambda x, i: x[:, i] * 2, CUBE, PAIRS),
    "with a number": (lambda x, i: x[..., i, 1] * 2, CUBE, PAIRS),
    "with a new axis": (lambda x, i: x[2, i, None] * 2, CUBE, PAIRS),
    "with slices": (lambda x, i: x[i, 1:5:2, 1:-1] * 2, CUBE, PLACES),
    "backwards": (lambda x, i: x[None, i, ::-1] * 2, CUBE, PLACES),
    "ellipsis": (lambda x, i: x[..., i, i] * 2, normal(5, 5), PLACES),
    "take": (lambda x, i: anp.take(x, i, axis=1) * 2, CUBE, PLACES),
    "take_along_axis": (lambda x, i: anp.take_along_axis(x, i, 0) * 2, normal(5, 2), PAIRS),
    "transposed": (lambda x, i: x.T[i] * 2, normal(4, 5), PLACES),
    "short indices": (lambda x, i: x[i] * 2, VECTOR, PLACES.astype(np.int8)),
    "single precision": (lambda x, i: x[i] * 2, CUBE.astype(np.float32), PLACES),
    "complex": (lambda x, i: x[i] * 2, CUBE * 1j, PLACES),
    "of integers": (lambda x, i: x[i] + x[i], PLACES * 3, PLACES),
    "a number": (lambda x, i: x[i] * 2 + x[:, 1], normal(5, 5), 3),
    "many": (lambda x, i: x[i] * 2, normal(1000), RNG.integers(-1000, 1000, 5000)),
}


@pytest.mark.parametrize("name", GATHERS)
def test_gathers(name, left):
    function, x, index = GATHERS[name]
    check(function, [(x, index)], left)


@pytest.mark.parametrize("name", [name for name in GATHERS if name not in ("of integers", "a number")])
def test_scatters(name, left):
    function, x, index = GATHERS[name]
    check(squared_gradient(lambda x, i: abs(function(x, i))), [(x, index)], left, covered=False)


@pytest.mark.parametrize("shift", [5, 9, 10**12, -10**12])
@pytest.mark.parametrize("places", [slice(None), slice(0, 1), slice(9, 10)])
def test_indices_out_of_range(shift, places, left):
    wrong = PLACES.copy()
    wrong[places] += shift
    for function in (GATHERS["first axis"][0], GATHERS["middle axis"][0], squared_gradient(GATHERS["first axis"][0])):
        check(function, [(CUBE[:, :5], PLACES), (CUBE[:, :5], wrong), (CUBE[:, :5], PLACES)], left)


@pytest.mark.parametrize("value", [2.0, 3, normal(10), normal(1)])
def test_assignments(value, left):
    def assigned(x, i):
        x = x * 2
        x[i] = value
        return x * 3

    check(assigned, [(VECTOR, PLACES), (VECTOR, PLACES + 9)], left)


def test_labels(left):
    logits = normal(6, 4)
    calls = [(logits, np.array(labels)) for labels in ([0, 1, 3, 2, 1, 1], [0, 1, 3, 2, 1, 4], [0, 1, -3, 2, 1, 1])]
    check(lambda x, labels: anp.sum(nn.softmax_cross_entropy(x, labels)) * 2, calls, left, covered=False)


# Linear algebra


def singular(x):
    x = np.array(x)
    x[..., -1, :] = 2 * x[..., 0, :] if x.shape[-1] > 1 else 0
    return x


MATRICES = {
    **{f"{n} rows": normal(n, n) for n in (1, 2, 3, 4, 5, 9)},
    "a stack": normal(21, 3, 3), "stacks": normal(2, 3, 2, 2), "transposed": normal(3, 3).T,
    "single precision": normal(3, 3).astype(np.float32), "complex": normal(3, 3) + 1j * normal(3, 3),
    "many": normal(300, 2, 2),
}

FUNCTIONS = {
    "inv": lambda a: anp.linalg.inv(a) * 2, "det": lambda a: anp.linalg.det(a) * 2,
    "slogdet": lambda a: (anp.linalg.slogdet(a)[1] * 2, anp.linalg.slogdet(a)[0] * 2),
    "solve vector": lambda a: anp.linalg.solve(a, a[..., :1])[..., 0] * 2,
    "solve": lambda a: anp.linalg.solve(a, a) * 2,
    "solve many": lambda a: anp.linalg.solve(a, anp.concatenate([a, a + 1, a - 1], axis=-1)) * 2,
    "cholesky": lambda a: anp.linalg.cholesky(anp.swapaxes(a.conj(), -1, -2) @ a) * 2,
}


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("name", MATRICES)
def test_linear_algebra(name, function, left):
    a = MATRICES[name]
    calls = [(a,), (singular(a),)] if function != "cholesky" else [(a,)]
    check(FUNCTIONS[function], calls, left, rtol=1e-4 if a.dtype == np.float32 else 1e-9)


@pytest.mark.parametrize("function", ["inv", "det", "solve"])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e-200, 1e200, 5e-324])
def test_linear_algebra_of_numbers_of_all_sizes(function, value, left):
    a = normal(3, 3)
    check(FUNCTIONS[function], [(a,), (a * value,), (np.diag([1.0, value, 1.0]),)], left, covered=False)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@pytest.mark.parametrize("function", ["inv", "det", "solve", "slogdet"])
def test_gradients_of_linear_algebra(function, n, left):
    def total(a):
        result = FUNCTIONS[function](a)
        return result[0] if function == "slogdet" else result

    check(squared_gradient(total), [(normal(n, n),)], left, rtol=1e-8, covered=n < 4, maths=("own",))


def test_small_systems_are_as_exact_as_those_of_lapack():
    a, b = normal(500, 3, 3), normal(500, 3, 1)
    a[::2] *= 10.0 ** RNG.integers(-8, 8, size=(250, 3, 1))
    compiled = jit(lambda a, b: anp.linalg.solve(a * 1.0, b) * 1.0, backend="native")
    errors = []
    for x in (compiled(a, b), compiled(a, b)):
        residual = np.abs(a.astype(np.longdouble) @ x - b).max((1, 2))
        errors.append(residual / (np.abs(a).sum(2).max(1) * np.abs(x).max((1, 2))))
    assert np.max(errors[1]) < 4 * np.max(errors[0])


# Guards


def by_sign(x):
    y = anp.sum(anp.sin(x)) * 2
    if y > 0:
        return y * 3
    return y * x - 1


def by_all(x):
    if anp.all(x > 0) and anp.sum(x):
        return anp.exp(x) * 3
    return x * x * 4


@pytest.mark.parametrize("function", [by_sign, by_all])
def test_guards(function, left):
    calls = [(np.float64(x),) for x in (0.3, 4.0, 0.2, 5.0, 0.0, np.nan)]
    check(function, calls, left)
    check(function, [(np.full(9, x),) for (x,) in calls], left, covered=False)


def test_guards_in_turns(left):
    def halved(x):
        for _ in range(5):
            x = x / 2 + 1
            if x > 1.7:
                x = x - 0.2
        return x * 2

    check(halved, [(np.float64(x),) for x in (0.3, 4.0, 0.2, 5.0)], left)
    check(grad(halved), [(np.float64(x),) for x in (0.3, 4.0, 0.2, 5.0)], left)


# Moves

TABLE, ROW = normal(4, 5), normal(6)

MOVES = {
    **{f"diag {k} of {x.ndim}": (lambda x, k=k: anp.diag(x * 2, k) * 3, x) for k in (0, 1, -2) for x in (TABLE, ROW)},
    **{f"tril {k}": (lambda x, k=k: anp.tril(x * 2, k) + 1, normal(3, 4, 5)) for k in (0, 1, -2)},
    **{f"triu {k}": (lambda x, k=k: anp.triu(x * 2, k) + 1, TABLE.astype(np.float32)) for k in (0, 1, -2)},
    **{f"tile {n}": (lambda x, n=n: anp.tile(x * 2, n) + 1, TABLE) for n in (2, (2,), (2, 3), (2, 1, 3), (1,))},
    **{f"repeat {axis}": (lambda x, axis=axis: anp.repeat(x * 2, 3, axis) + 1, TABLE) for axis in (0, 1, -1, None)},
    "copy": (lambda x: anp.copy(x.T * 2) + 1, TABLE),
    "number as an array": (lambda x: anp.reshape(anp.sum(x), (1, 1)) * x, TABLE),
    "number for all": (lambda x: anp.broadcast_to(anp.sum(x), (4, 5)) * x, TABLE),
}


@pytest.mark.parametrize("name", MOVES)
def test_moves(name, left):
    function, x = MOVES[name]
    check(function, [(x,), (-x,)], left)
    check(squared_gradient(function), [(x,)], left, rtol=1e-5 if x.dtype == np.float32 else 1e-11, maths=("own",))


# Loops


def test_loops_that_read_one_another(left):
    """The values of a loop are read by another, also by what stands between them: all is one region."""

    def filtered(x):
        speed, angle, seen = x * 0, x, 0.0
        for _ in range(60):
            speed = speed - 0.01 * anp.sin(angle)
            angle = angle + 0.01 * speed
            seen = seen + anp.tanh(angle) * speed
        return seen

    check(grad(filtered), [(0.3,), (1.2,)], left, covered=False, maths=("own",))
    compiled = jit(grad(filtered), backend="native")
    compiled(0.3)
    assert "for " not in str(compiled.graph(0.3)).split("def ")[-1]


# Pointwise functions, casts, compositions

COMPLEX = normal(3, 4) + 1j * normal(3, 4)
SPECIAL = np.array([[np.inf, -np.inf, 1.5, -0.0], [0.0, np.nan, -2.5, 2.5], [-1e300, 5e-324, 1.0, -1.0]])

POINTWISE = {
    "parts": (lambda c: anp.real(c * 2) * 3 + anp.imag(c) * 2, COMPLEX),
    "parts of a number": (lambda c: anp.real(c * 2) * 3 + anp.imag(c) * 2, COMPLEX[0, 0]),
    "imaginary part of a slice": (lambda c: anp.imag(c[:, 1:3] * 2), COMPLEX),
    "sigmoid": (lambda x: nn.sigmoid(x * 2) * 2, SPECIAL),
    "infinities": (lambda x: (anp.isposinf(x * 2), anp.isneginf(x * 2), anp.fix(x * 1.5)), SPECIAL),
    "infinity": (lambda x: (anp.isposinf(x * 2), anp.isneginf(x * 2), anp.fix(x * 1.5)), SPECIAL[0, 1]),
    "nan_to_num": (lambda x: anp.nan_to_num(x * 2) + 1, SPECIAL),
    "of a number": (lambda x: (anp.sum(x * 2) * 3, anp.max(x) * 2, anp.prod(x), anp.all(x), anp.any(x)), SPECIAL[0, 3]),
    "spread": (lambda x: anp.std(x * 2, axis=1) * 3 + anp.var(x, ddof=1), TABLE),
    "reshape of a transpose": (lambda x: anp.reshape(x.T * 2, (2, 10)) * 2, TABLE),
    "copy of a number": (lambda x: anp.copy(anp.sum(x)) * 2, TABLE),
    "parts of few": (lambda c: anp.real(c * 2) * 3 + anp.imag(c * 3) * 2, COMPLEX[0, :2]),
    "one number in a matrix": (lambda x: anp.reshape(anp.sum(x) * 2, (1, 1)) * 2, TABLE),
    "copy of a number, twice": (lambda x: anp.copy(anp.copy(anp.sum(x) * 2) * 2) * 2, TABLE),
    "comparison for all": (lambda x: anp.broadcast_to(anp.max(x) > 0, (4, 5)) * x, TABLE),
}


@pytest.mark.parametrize("name", POINTWISE)
def test_pointwise_functions(name, left):
    function, x = POINTWISE[name]
    check(function, [(x,), (x * 2,)], left)


@pytest.mark.parametrize("precision", [np.float32, np.float64])
@pytest.mark.parametrize("dtype", ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"])
def test_casts_to_integers(dtype, precision, left):
    dtype, info = np.dtype(dtype), np.iinfo(dtype)
    least, largest, two = precision(info.min), precision(info.max), precision(2)
    edges = [np.nextafter(largest, precision(0)), largest, largest + precision(1), least, least - precision(0.5),
             least - precision(1), np.nan, np.inf, -np.inf, -0.5, 0.99]
    calls = [(np.abs(TABLE).astype(precision) * 10,), *[(np.full((4, 5), edge / two, precision),) for edge in edges]]
    check(lambda x: (x * two).astype(dtype) + dtype.type(1), calls, left)


LOGITS = np.array([0.3, -2.0, 1.0, 0.0, 5.0])

COMPOSITIONS = {
    "norm": (lambda x: anp.linalg.norm(x * 2) * 3, TABLE),
    "norms of rows": (lambda x: anp.linalg.norm(x * 2, axis=1) * 3, TABLE),
    "norms of columns": (lambda x: anp.linalg.norm(x * 2, axis=0, keepdims=True) * 3, TABLE.astype(np.float32)),
    "angle": (lambda p: anp.arctan2(p[0], p[1]) * 2, normal(2, 50)),
    "logsumexp": (lambda x: nn.logsumexp(x * 2) * 3, LOGITS),
    "softmax": (lambda x: nn.softmax(x * 2) * 3, LOGITS),
    "log_softmax": (lambda x: nn.log_softmax(x * 2) * 3, LOGITS),
    **{sub: (lambda x, sub=sub: anp.einsum(sub, x, anp.sin(x)) * 2, normal(3, 3)) for sub in (
        "ij,jk->ik", "ij,jk->ki", "ji,jk->ik", "ij,kj->ik", "ij,ij->", "ij,ij->i", "ij,kl->ikjl", "ij,jk->i",
        "ij,ji->j")},
    "stack of products": (lambda x: anp.einsum("aij,kja->aik", x, anp.swapaxes(x, 0, 2)[:, :4]) * 2, normal(4, 3, 4)),
    "three operands": (lambda x: anp.einsum("ij,jk,kl->il", x, x, x) * 2, normal(3, 3)),
}


@pytest.mark.parametrize("name", COMPOSITIONS)
def test_compositions(name, left):
    function, x = COMPOSITIONS[name]
    rtol, large = (1e-5, np.float32(1e30)) if x.dtype == np.float32 else (1e-11, 1e200)
    check(function, [(x,), (x * 0,), (x / large,), (x * large,), (x * np.nan,)], left, rtol, maths=("own",))
    check(squared_gradient(function), [(x,), (x * 0,)], left, rtol, covered=False, maths=("own",))


# Searches


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("count", [1, 2, 3, 8, 13])
def test_searches(count, side, left):
    table = np.sort(normal(13))
    table[4] = table[5]
    keys = np.concatenate([normal(30) * 2, table, [np.nan, np.inf, -np.inf, 0.0, -0.0]])
    calls = [(table[:count], keys), (np.append(table[:count - 1], np.nan), keys)]
    check(lambda table, x: anp.searchsorted(table, x, side=side) + 1, calls, left, maths=("own",))
    check(lambda table, x: table[anp.searchsorted(table, x, side=side) - 1] * 2, [(table[:count], keys[3])], left,
          covered=False, maths=("own",))
    check(lambda table, x: anp.searchsorted(table, x, side=side) + 1, [(np.arange(count), np.arange(-2, 15))], left,
          maths=("own",))


def test_interpolation(left):
    check(lambda x, y: anp.interp(KEYS, x, y) * 2, [(np.sort(normal(13)), normal(13))], left, maths=("own",))
    check(lambda x, y: grad(lambda x: anp.sum(anp.interp(KEYS, x, y)))(x), [(np.sort(normal(13)), normal(13))], left,
          maths=("own",))


KEYS = normal(30)


# Fourier transforms

TRANSFORMS = {
    **{f"{name} {norm} {axis} {n}": (
        lambda x, name=name, n=n, axis=axis, norm=norm: getattr(anp.fft, name)(x * 2, n, axis, norm) * 2,
        normal(4, 8) if name == "rfft" else normal(4, 8) + 1j * normal(4, 8))
       for name in ("fft", "ifft", "rfft", "irfft")
       for norm, axis, n in ((None, -1, None), ("ortho", 0, 3), ("forward", 1, 12), ("backward", 0, 5))},
    "of real numbers": (lambda x: anp.fft.fft(x * 2) * 2, normal(3, 7)),
    "there and back": (lambda x: anp.fft.irfft(anp.fft.rfft(x * 2)) * 2, normal(8)),
    "two axes": (lambda x: anp.fft.fft2(x * 2) * 2, normal(2, 3, 4) * 1j),
    "turned": (lambda x: anp.fft.fft(x.T[::-1] * 2) * 2, normal(3, 5) * 1j),
    "a large prime": (lambda x: anp.fft.fft(x * 2) * 2, normal(1009)),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_fourier_transforms(name, left):
    function, x = TRANSFORMS[name]
    check(function, [(x,)], left)


# Floating-point errors


def quiet_solve(a, b):
    with np.errstate(all="ignore"):
        return anp.linalg.solve(a, b) * 2 + anp.log(b)


def partly_quiet_solve(a, b):
    with np.errstate(divide="ignore"):
        c = anp.log(b)
    return anp.linalg.solve(a, b) / b[0] + c


@pytest.mark.parametrize("handling", ["warn", "raise", "ignore"])
@pytest.mark.parametrize("function", [quiet_solve, partly_quiet_solve])
def test_errors_of_linear_algebra(function, handling, left):
    fine, bad = np.eye(2) + 0.1, np.ones((2, 2))
    calls = [(fine, np.ones(2)), (bad, np.ones(2)), (fine, -np.ones(2)), (fine, np.zeros(2))]
    with np.errstate(all=handling, under="ignore"):
        check(function, calls, left)


def test_errors_beside_gathers(left):
    def relative(x, i):
        with np.errstate(all="ignore"):
            return x[i] / x[i][0]

    check(relative, [(np.arange(3.0), np.array(i)) for i in ([1, 2], [0, 2], [0, 3])], left)
