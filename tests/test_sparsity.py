"""Sparse Jacobians: patterns miss nothing, colours are few, and the entries are those of the whole Jacobian."""

import pickle

import numpy as np
import pytest

from autodiff_trace import detect_sparsity, extend, grad, hessian, jacobian, jvp, nn, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.transforms.coloring import Pattern

RNG = np.random.default_rng(0)
X = RNG.uniform(0.3, 0.9, 6)
BAND = np.tril(np.triu(RNG.uniform(1, 2, (6, 6)), -1), 1)


def residual(x):
    """Broyden's tridiagonal function."""
    padded = anp.concatenate([np.zeros(1), x, np.zeros(1)])
    return (3 - 2 * x) * x - padded[:-2] - 2 * padded[2:] + 1


def rosenbrock(x):
    return anp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def write(x):
    y = anp.zeros(8)
    y[1:7] = x
    y[::3] += x[:3] ** 2
    return y * y


@extend.primitive
def cube(x):
    return x**3


extend.elementwise(cube, lambda ans, x: 3 * x * x)


# Functions whose detected pattern is exactly that of the nonzeros at X
EXACT = {
    "elementwise": lambda x: anp.sin(x) * x + 2,
    "broadcast": lambda x: x[:, None] * x[None, :3],
    "tridiagonal": residual,
    "gradient": grad(rosenbrock),
    "reshape": lambda x: anp.reshape(anp.transpose(anp.reshape(x, (2, 3))), 6)[::-1],
    "index arrays": lambda x: x[np.array([0, 0, 5])] * x[[1, 2, 3]],
    "mask": lambda x: x[X > 0.5] ** 2,
    "joins": lambda x: anp.concatenate([x[:2] * 3, np.ones(2), anp.stack([x[3], x[0] * x[1]])]),
    "nested lists": lambda x: anp.array([[x[0], 1.0], [x[1] * x[2], x[3]]]),
    "writing": write,
    "padding": lambda x: anp.pad(x, 2)[1:-1] * 2,
    "sum": lambda x: anp.sum(anp.reshape(x, (2, 3)), axis=0),
    "mean": lambda x: anp.mean(anp.reshape(x, (2, 3)) ** 2, axis=-1, keepdims=True),
    "norm": lambda x: anp.linalg.norm(anp.reshape(x, (2, 3)), axis=1),
    "logsumexp": lambda x: nn.logsumexp(anp.reshape(x, (2, 3)), axis=1),
    "activations": lambda x: nn.relu(x) + nn.sigmoid(x),
    "diff": lambda x: anp.diff(x, 2),
    "roll": lambda x: anp.roll(x, 1) - 2 * x + anp.roll(x, -1),
    "tile": lambda x: anp.repeat(anp.tile(x, 2), 2) ** 2,
    "triangle": lambda x: anp.tril(anp.outer(x, x)) + anp.diag(x),
    "constant matrix": lambda x: BAND @ anp.sin(x),
    "constant on the right": lambda x: anp.reshape(x, (2, 3)) @ np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0]]),
    "stack of matrices": lambda x: anp.matmul(anp.reshape(x, (3, 1, 2)), anp.reshape(x, (3, 2, 1))),
    "einsum": lambda x: anp.einsum("ij,ij->i", anp.reshape(x, (2, 3)), anp.reshape(x, (2, 3))),
    "einsum constant": lambda x: anp.einsum("ij,j->i", BAND, x),
    "tensordot": lambda x: anp.tensordot(anp.reshape(x, (2, 3)), anp.reshape(x, (3, 2)), 1),
    "dot": lambda x: anp.dot(x, BAND),
    "branches": lambda x: anp.where(X > 0.5, x * x, anp.sin(x)),
    "constant": lambda x: anp.floor(x) + np.ones(6),
    "mapped": lambda x: vmap(lambda a: a[0] * a[1])(anp.reshape(x, (3, 2))),
    "containers": lambda x: {"a": x[:2] ** 2, "b": (x[5], 3.0)},
    "complex parts": lambda x: anp.abs(x * (1 + 1j)) + anp.real(x * 1j + x),
    "own function": lambda x: cube(x) * x[:1],
    "kron": lambda x: anp.kron(x[:2], x[2:]),
}


@pytest.mark.parametrize("name", EXACT)
def test_detected_patterns_are_exact(name):
    fun = EXACT[name]
    flat = lambda x: anp.concatenate([anp.ravel(anp.array(leaf)) for leaf in leaves(fun(x))])  # noqa: E731
    whole = jacobian(flat)(X)
    indices = detect_sparsity(fun, X)
    np.testing.assert_array_equal(indices, np.argwhere(whole != 0))
    for how in ("detect", indices):
        found, values = jacobian(fun, sparsity=how, check=True)(X)
        np.testing.assert_array_equal(found, indices)
        np.testing.assert_allclose(values, whole[tuple(indices.T)], rtol=1e-12)


def leaves(tree):
    if isinstance(tree, dict):
        tree = tuple(tree.values())
    return [leaf for each in tree for leaf in leaves(each)] if isinstance(tree, tuple) else [tree]


def products_with_sparse_matrices(S, traced):
    """Functions of X that multiply by ``S`` of SciPy, or whose matrix has the numbers X at places of its own."""
    of_numbers = lambda x: traced.csr_array((x, [0, 2, 1, 0, 3, 1], [0, 2, 3, 5, 6]), shape=(4, 4))  # noqa: E731
    return {
        "on the left": lambda x: S @ x + x[:5] ** 2,
        "transposed": lambda x: S.T @ anp.sin(x[:5]),
        "on the right": lambda x: x[:5] @ S.tocsc(),
        "of columns": lambda x: S[:, :3] @ anp.reshape(x, (3, 2)),
        "of traced numbers": lambda x: of_numbers(x) @ np.arange(1.0, 5.0),
        "of traced numbers and columns": lambda x: of_numbers(x) @ x[:4],
        "made dense": lambda x: of_numbers(x).toarray(),
        "gradient": grad(lambda x: anp.sum((S @ x) ** 4)),
    }


@pytest.mark.parametrize("name", products_with_sparse_matrices(None, None))
def test_products_with_sparse_matrices_are_followed(name):
    sparse = pytest.importorskip("scipy.sparse", reason="the matrices are SciPy's")
    from autodiff_trace.scipy import sparse as traced

    fun = products_with_sparse_matrices(sparse.csr_array(BAND[:5]), traced)[name]
    whole = jacobian(fun)(X).reshape(-1, 6)
    indices, values = jacobian(fun, sparsity="detect", check=True)(X)
    np.testing.assert_array_equal(indices, np.argwhere(whole != 0))
    np.testing.assert_allclose(values, whole[tuple(indices.T)], rtol=1e-12)


# Functions whose pattern may be too large
CONSERVATIVE = {
    "sort": lambda x: anp.sort(x) * x,
    "cumsum": lambda x: anp.cumsum(anp.reshape(x, (2, 3)), axis=1),
    "cumprod": anp.cumprod,
    "solve": lambda x: anp.linalg.solve(np.eye(6) + anp.outer(x, x), x),
    "inverse": lambda x: anp.linalg.inv(np.eye(3) + anp.outer(x[:3], x[:3]))[0],
    "softmax": lambda x: nn.softmax(anp.reshape(x, (2, 3))),
    "maximum": lambda x: anp.maximum(x[1:], x[:-1]),
    "where": lambda x: anp.where(x > 0.5, x, x[0]),
    "fft": lambda x: anp.real(anp.fft.fft(x)),
    "median": lambda x: anp.median(anp.reshape(x, (2, 3)), axis=0),
    "eigh": lambda x: anp.linalg.eigh(np.diag(np.arange(6.0)) + anp.outer(x, x))[0],
    "convolve": lambda x: anp.convolve(x, np.array([1.0, 2.0])),
    "prod": lambda x: anp.prod(x),
    "three factors": lambda x: anp.einsum("i,i,i->i", x, x, x),
}


@pytest.mark.parametrize("name", CONSERVATIVE)
def test_detected_patterns_miss_nothing(name):
    fun = CONSERVATIVE[name]
    whole = jacobian(fun)(X)
    dense = jacobian(fun, sparsity="detect", dense=True, check=True)(X)
    assert dense.shape == whole.shape
    np.testing.assert_allclose(dense, whole, rtol=1e-9, atol=1e-12)


# Colours


@pytest.mark.parametrize("width", [0, 1, 2])
def test_a_band_takes_as_many_colors_as_its_width(width):
    matrix = np.tril(np.triu(np.ones((50, 50), bool), -width), width)
    pattern = Pattern(np.argwhere(matrix), matrix.shape)
    assert pattern.column_colors.max() + 1 == 2 * width + 1


def test_lines_of_one_color_never_cross():
    for density in (0.02, 0.1, 0.5):
        matrix = RNG.uniform(size=(40, 30)) < density
        pattern = Pattern(np.argwhere(matrix), matrix.shape)
        for colors, lines in ((pattern.column_colors, matrix), (pattern.row_colors, matrix.T)):
            for color in range(colors.max() + 1):
                assert lines[:, colors == color].sum(axis=1).max() <= 1


def test_the_number_of_passes_does_not_grow():
    sizes = []

    @extend.primitive
    def counted(x):
        sizes.append(np.shape(x))
        return np.square(x)

    extend.defjvp(counted, lambda t, ans, x: 2 * scaled(x, t))
    extend.defvjp(counted, lambda g, ans, x: 2 * x * g)

    @extend.primitive
    def scaled(x, t):
        sizes.append(np.shape(t))
        return x * t

    def fun(x):
        padded = anp.concatenate([np.zeros(1), counted(x), np.zeros(1)])
        return padded[:-2] * padded[1:-1] + padded[2:]

    calls = []
    for n in (5, 500, 5000):
        i = np.arange(n)
        pattern = np.concatenate([np.stack([i, i], 1), np.stack([i[1:], i[:-1]], 1), np.stack([i[:-1], i[1:]], 1)])
        sizes.clear()
        indices, values = jacobian(fun, sparsity=pattern)(np.linspace(0.0, 1.0, n))
        assert len(indices) == 3 * n - 2 and values.shape == (3 * n - 2,)
        calls.append((len(sizes), sum(shape == (n,) for shape in sizes)))
    assert calls[0] == calls[1] == calls[2] and calls[0][1] == 5  # two runs of the function and three tangents


def test_a_hundred_thousand_unknowns():
    x = np.linspace(0.0, 1.0, 100_000)
    indices, values = jacobian(residual, sparsity="detect")(x)
    assert len(indices) == 3 * len(x) - 2
    np.testing.assert_allclose(values[indices[:, 0] == indices[:, 1]], 3 - 4 * x)
    indices, values = jacobian(grad(rosenbrock), sparsity=indices, check=True)(x)
    below = values[indices[:, 0] == indices[:, 1] + 1]
    np.testing.assert_allclose(below, -400 * x[:-1])


def test_rows_are_colored_where_that_takes_fewer_passes():
    def arrow(x):  # a dense first row: 200 colours of columns, 2 of rows
        return anp.concatenate([anp.reshape(anp.sum(x * x), 1), x[1:] * x[0] ** 2])

    x = RNG.uniform(size=200)
    pattern = Pattern(detect_sparsity(arrow, x), (200, 200))
    assert pattern.column_colors.max() + 1 == 200
    other = lambda x: anp.sum(x * x, keepdims=True)  # noqa: E731
    np.testing.assert_allclose(jacobian(other, sparsity="detect", dense=True)(x), [2 * x])
    np.testing.assert_allclose(jacobian(arrow, sparsity="detect", dense=True)(x), jacobian(arrow)(x))
    np.testing.assert_allclose(jacobian(arrow, sparsity="detect", dense=True, chunk_size=7)(x), jacobian(arrow)(x))


# What the user gives


class Coo:
    """What SciPy's sparse matrices offer."""

    def __init__(self, matrix):
        self.row, self.col = np.nonzero(matrix)
        self.shape = matrix.shape

    def tocoo(self):
        return self


def test_forms_of_patterns():
    whole = jacobian(residual)(X)
    for pattern in (whole != 0, Coo(whole), np.argwhere(whole), np.argwhere(whole).tolist()):
        found = jacobian(residual, sparsity=pattern, dense=True, check=True)(X)
        np.testing.assert_allclose(found, whole, rtol=1e-12)
    scattered = np.argwhere(whole)[::-1].repeat(2, axis=0)  # in any order, with repetitions
    indices, values = jacobian(residual, sparsity=scattered)(X)
    np.testing.assert_array_equal(indices, np.argwhere(whole))
    np.testing.assert_allclose(values, whole[whole != 0])


def test_scipy_matrices():
    sparse = pytest.importorskip("scipy.sparse")
    whole = jacobian(residual)(X)
    for kind in (sparse.csr_matrix, sparse.coo_array, sparse.csc_array):
        found = jacobian(residual, sparsity=kind(whole), dense=True)(X)
        np.testing.assert_allclose(found, whole, rtol=1e-12)


def test_a_pattern_serves_other_sizes():
    function = jacobian(lambda x: x * x, sparsity=[[0, 0]])
    assert function(np.array([2.0]))[1].tolist() == [4.0]
    assert function(np.array([2.0, 0.0]))[1].tolist() == [4.0]


def test_wrong_patterns():
    diagonal = np.eye(6, dtype=bool)
    with pytest.raises(ValueError, match="sparsity lacks an entry: element 0 of the output"):
        jacobian(residual, sparsity=diagonal, check=True)(X)
    with pytest.raises(ValueError, match=r"sparsity has shape \(5, 6\), but the Jacobian has shape \(6, 6\)"):
        jacobian(residual, sparsity=diagonal[:5])(X)
    with pytest.raises(ValueError, match="index outside"):
        jacobian(residual, sparsity=[[0, 6]])(X)
    with pytest.raises(TypeError, match="a boolean matrix or a sparse matrix"):
        jacobian(residual, sparsity=np.eye(6))(X)
    with pytest.raises(ValueError, match="must be 'detect' or a pattern"):
        jacobian(residual, sparsity="guess")
    with pytest.raises(TypeError, match="dense=True wants one array"):
        jacobian(lambda x: (x, x), sparsity="detect", dense=True)(X)
    n = 20_000
    with pytest.raises(ValueError, match="too many inputs each"):
        detect_sparsity(lambda x: x / anp.sum(x), np.ones(n))


# Arguments, dtypes, nesting


def test_arguments_and_containers():
    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    product = lambda x, y, scale=1.0: x * y * scale  # noqa: E731
    assert jacobian(product, 1, sparsity="detect")(x, y)[1].tolist() == [1, 2]
    assert jacobian(product, argnames="y", sparsity="detect")(x, y=y, scale=2.0)[1].tolist() == [2, 4]
    indices, values = jacobian(product, (0, 1), sparsity="detect")(x, y)
    assert indices.tolist() == [[0, 0], [0, 2], [1, 1], [1, 3]] and values.tolist() == [3, 1, 4, 2]
    (indices, values), aux = jacobian(lambda p: (p["a"] * p["b"], "aux"), has_aux=True, sparsity="detect")(
        {"a": 2.0, "b": np.array([1.0, 5.0])}
    )
    assert indices.tolist() == [[0, 0], [0, 1], [1, 0], [1, 2]] and values.tolist() == [1, 2, 5, 2] and aux == "aux"
    indices, values = jacobian(lambda x: np.ones(3), sparsity="detect")(x)
    assert indices.shape == (0, 2) and values.shape == (0,)
    assert jacobian(lambda x: x * x, sparsity="detect", dense=True)(3.0) == 6.0


def test_hessians():
    whole = hessian(rosenbrock)(X)
    indices, values = hessian(rosenbrock, sparsity="detect", check=True)(X)
    np.testing.assert_array_equal(indices, np.argwhere(whole))
    np.testing.assert_allclose(values, whole[whole != 0], rtol=1e-12)
    dense = hessian(rosenbrock, sparsity=whole != 0, dense=True)(X.astype(np.float32))
    np.testing.assert_allclose(dense, whole, rtol=1e-4)
    assert dense.dtype == np.float32
    product = lambda x, y: (anp.sum(x**2 * y), "aux")  # noqa: E731
    (indices, values), aux = hessian(product, (0, 1), sparsity="detect", has_aux=True)(np.ones(1), np.full(1, 3.0))
    assert indices.tolist() == [[0, 0], [0, 1], [1, 0]] and values.tolist() == [6, 2, 2] and aux == "aux"
    both = hessian(lambda x, y: product(x, y)[0], argnames=["x", "y"], sparsity="detect")
    assert both(x=np.ones(1), y=np.full(1, 3.0))[1].tolist() == [6, 2, 2]


def test_dtypes_are_kept():
    for dtype in (np.float32, np.complex64):
        _, values = jacobian(grad(rosenbrock) if dtype is np.float32 else anp.diff, sparsity="detect", check=True)(
            X.astype(dtype)
        )
        assert values.dtype == dtype


def test_nests_with_the_other_transformations():
    def weight(a):
        indices, values = jacobian(lambda x: anp.sin(a * x[1:]) * x[:-1], sparsity="detect")(X)
        return anp.sum(values**2)

    slope = (weight(1.2 + 1e-6) - weight(1.2 - 1e-6)) / 2e-6
    assert np.isclose(grad(weight)(1.2), slope)
    assert np.isclose(jvp(weight, (1.2,), (1.0,))[1], slope)
    entries = lambda x: jacobian(residual, sparsity="detect")(x)[1]  # noqa: E731
    batch = RNG.uniform(size=(3, 6))
    np.testing.assert_allclose(vmap(entries)(batch), [entries(row) for row in batch])
    np.testing.assert_allclose(
        jacobian(jacobian(rosenbrock), sparsity="detect", dense=True)(X), jacobian(jacobian(rosenbrock))(X)
    )


def test_pickle():
    function = jacobian(anp.sin, sparsity=np.eye(2, dtype=bool))
    function(np.zeros(2))
    copy = pickle.loads(pickle.dumps(function))
    assert copy(np.zeros(2))[1].tolist() == [1, 1]
    assert repr(function) == "jacobian(sin, argnums=0, sparsity=<ndarray of shape (2, 2)>)"
