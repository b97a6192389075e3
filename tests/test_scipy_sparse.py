"""``scipy.sparse``: matrices as constants beside traced arrays, and as values with traced numbers."""

import numpy as np
import pytest
import scipy_table  # noqa: F401 (skips where SciPy is not installed)

import scipy.sparse
import scipy.sparse.linalg

from autodiff_trace import grad, jit, jvp, scipy as traced, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.core.errors import TracedValueError
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)
sparse, linalg = traced.sparse, traced.sparse.linalg

ROW, COL = np.array([0, 0, 1, 2, 2, 3, 3, 1]), np.array([0, 2, 1, 0, 2, 3, 1, 3])
DATA = np.array([4.0, 1.0, 3.0, 0.5, 5.0, 2.0, 0.3, 0.7])
DENSE = np.zeros((4, 4))
DENSE[ROW, COL] = DATA
X = rng.normal(size=4)
Y = rng.normal(size=(4, 2))
SYMMETRIC_ROW = np.concatenate([np.arange(6), np.arange(5), np.arange(1, 6)])
SYMMETRIC_COL = np.concatenate([np.arange(6), np.arange(1, 6), np.arange(5)])
TRIDIAGONAL = np.concatenate([np.arange(3.0, 9.0), np.full(5, 0.8), np.full(5, 0.8)])


def matrix(data, kind=None):
    return (kind or sparse.coo_array)((data, (ROW, COL)), shape=(4, 4))


def symmetric(data):
    """A symmetric matrix, of eleven numbers."""
    data = anp.concatenate([data, data[6:]])
    return sparse.csr_array(sparse.coo_array((data, (SYMMETRIC_ROW, SYMMETRIC_COL)), shape=(6, 6)))


CONSTANTS = [
    kind(DENSE) for kind in (
        scipy.sparse.csr_array, scipy.sparse.csc_array, scipy.sparse.coo_array, scipy.sparse.dia_array,
        scipy.sparse.lil_array, scipy.sparse.dok_array, scipy.sparse.csr_matrix, scipy.sparse.csc_matrix,
        scipy.sparse.bsr_array,
    )
]


GIVES_WAY = hasattr(scipy.sparse.csr_array, "_multiply_2d_with_broadcasting")
"""Whether this release's A * x asks whether x is an array; older ones are refused."""


@pytest.mark.parametrize("a", CONSTANTS, ids=lambda a: type(a).__name__)
def test_constants(a):
    for function, of_dense in [
        (lambda x: a @ x, lambda x: DENSE @ x), (lambda x: x @ a, lambda x: x @ DENSE),
        (lambda x: a + x, lambda x: DENSE + x), (lambda x: x - a, lambda x: x - DENSE),
        (lambda x: (x[1] * a) @ x, lambda x: x[1] * DENSE @ x),
        *[(lambda x: (a * x[0]).toarray(), lambda x: DENSE * x[0])][:GIVES_WAY],
        (lambda x: (a / x[2]).toarray(), lambda x: DENSE / x[2]),
    ]:
        value, pull = vjp(function, X)
        expected, pull_dense = vjp(of_dense, X)
        np.testing.assert_allclose(value, expected)
        g = rng.normal(size=np.shape(expected))
        np.testing.assert_allclose(pull(g), pull_dense(g), atol=1e-13)
        np.testing.assert_allclose(jvp(function, [X], [Y[:, 0]])[1], jvp(of_dense, [X], [Y[:, 0]])[1], atol=1e-13)
        np.testing.assert_allclose(vmap(function)(Y.T), vmap(of_dense)(Y.T), atol=1e-13)
    np.testing.assert_allclose(vjp(lambda y: a @ y, Y)[0], DENSE @ Y)
    np.testing.assert_allclose(jit(grad(lambda x: anp.sum((a @ x) ** 2)), constant=("a",))(X), 2 * DENSE.T @ DENSE @ X)
    if not GIVES_WAY and not isinstance(a, scipy.sparse.spmatrix):
        return
    star = (lambda x: a * x) if isinstance(a, scipy.sparse.spmatrix) else (lambda x: (a * x).toarray())
    expected = DENSE @ X if isinstance(a, scipy.sparse.spmatrix) else DENSE * X
    np.testing.assert_allclose(vjp(star, X)[0], expected)


def test_methods_of_constants_that_cannot_give_way_say_so():
    with pytest.raises(TracedValueError, match="write A" if GIVES_WAY else "plain value"):
        grad(lambda x: anp.sum(CONSTANTS[0].multiply(x).toarray()))(X)
    if GIVES_WAY:
        with pytest.raises(TracedValueError, match="write A"):
            grad(lambda x: anp.sum(CONSTANTS[2].dot(x)))(X)


@pytest.mark.parametrize("name", ["csr_array", "csc_array", "coo_array", "csr_matrix", "csc_matrix", "coo_matrix"])
def test_values(name):
    kind = getattr(sparse, name)
    own = getattr(scipy.sparse, name)
    assert type(matrix(DATA, kind)) is own and isinstance(matrix(DATA, kind), kind)
    for function in [
        lambda a, x: a @ x, lambda a, x: x @ a, lambda a, x: a.T @ x, lambda a, x: a.toarray(),
        lambda a, x: a.diagonal(),
        lambda a, x: a.diagonal(1), lambda a, x: a.sum(axis=0), lambda a, x: a.sum(), lambda a, x: (a * 2.0).toarray(),
        lambda a, x: (a + a.T).toarray(), lambda a, x: (a @ a).toarray(), lambda a, x: a.multiply(x).toarray(),
        lambda a, x: (a - 0.5 * a).todense(), lambda a, x: a.data, lambda a, x: a.tocsr().data,
        lambda a, x: a.tocsc().data, lambda a, x: a.multiply(a.T).toarray(), lambda a, x: (-a / 2.0).trace(),
        lambda a, x: (a + x).sum(), lambda a, x: a.tocsr()[1:3].toarray(), lambda a, x: a.tocsr()[0, 2],
        lambda a, x: abs(a).mean(axis=0), lambda a, x: a.power(2).toarray(),
    ]:
        value, _ = vjp(lambda data: function(matrix(data, kind), X), DATA)
        expected = np.asarray(function(matrix(DATA, kind), X))
        np.testing.assert_allclose(np.ravel(value), np.ravel(expected))
        check_grads(lambda data: anp.asarray(function(matrix(data, kind), X)), DATA, order=1)
    check_grads(lambda data, x: matrix(data, kind) @ x, DATA, X, order=2)
    assert isinstance(vjp(lambda data: (isinstance(matrix(data, kind), kind), data)[1], DATA)[0], np.ndarray)


def test_making():
    d, e = rng.normal(size=4), rng.normal(size=3)
    for function in [
        lambda s, d, e: s.diags_array([d, e], offsets=[0, 1]), lambda s, d, e: s.diags([d, e], [0, -1], format="csr"),
        lambda s, d, e: s.diags_array(d), lambda s, d, e: s.kron(s.diags_array(e), s.csr_array(DENSE)),
        lambda s, d, e: s.hstack([s.diags_array(d), s.csr_array(DENSE)]),
        lambda s, d, e: s.vstack([s.diags_array(d), s.csr_array(DENSE)]),
        lambda s, d, e: s.block_diag([s.diags_array(d), s.diags_array(e)]),
        lambda s, d, e: s.tril(s.diags_array([d, e], offsets=[0, 1]) + s.csr_array(DENSE), -1),
        lambda s, d, e: s.triu(s.diags_array([d, e], offsets=[0, 1]) + s.csr_array(DENSE)),
        lambda s, d, e: s.csr_array((d, [0, 2, 1, 1], [0, 2, 3, 4]), shape=(3, 3)),
        lambda s, d, e: s.csc_array((d, [0, 2, 1, 1], [0, 2, 3, 4]), shape=(3, 3)),
        lambda s, d, e: s.coo_array((d, ([0, 0, 1, 0], [1, 1, 0, 1]))),  # at one place three numbers
    ]:
        expected = function(scipy.sparse, d, e).toarray()
        np.testing.assert_allclose(vjp(lambda d, e: function(sparse, d, e).toarray(), d, e)[0], expected)
        np.testing.assert_allclose(jit(lambda d, e: function(sparse, d, e).toarray())(d, e), expected)
        check_grads(lambda d, e: function(sparse, d, e).toarray(), d, e, order=1)
    with pytest.raises(TracedValueError, match="places"):
        grad(lambda d: sparse.csr_array(d).sum())(DENSE)


def test_a_sparse_matrix_is_a_container():
    a = scipy.sparse.csc_array(DENSE)
    slope = grad(lambda a: anp.sum((a @ X) ** 2))(a)
    assert type(slope) is scipy.sparse.csc_array
    np.testing.assert_allclose(slope.toarray(), np.where(DENSE != 0, 2 * np.outer(DENSE @ X, X), 0))
    compiled = jit(lambda a, x: a @ x)
    for factor in (1.0, 2.0):
        np.testing.assert_allclose(compiled(a * factor, X), DENSE @ X * factor)


SOLVERS = {
    "spsolve": lambda a, b: linalg.spsolve(a, b),
    "splu": lambda a, b: linalg.splu(a).solve(b),
    "splu T": lambda a, b: linalg.splu(a).solve(b, "T"),
    "factorized": lambda a, b: linalg.factorized(a)(b),
    "triangular": lambda a, b: linalg.spsolve_triangular(sparse.tril(a, format="csr"), b),
    "gmres": lambda a, b: linalg.gmres(a, b, rtol=1e-12)[0],
    "bicgstab": lambda a, b: linalg.bicgstab(a, b, rtol=1e-13)[0],
    "expm_multiply": lambda a, b: linalg.expm_multiply(a * 0.2, b),
    "expm_multiply at times": lambda a, b: linalg.expm_multiply(a * 0.2, b, start=0.0, stop=1.0, num=3),
}


@pytest.mark.parametrize("name", SOLVERS)
def test_solvers(name):
    def solve(data, b):
        return SOLVERS[name](matrix(data, sparse.csc_array), b)

    np.testing.assert_allclose(vjp(solve, DATA, X)[0], solve(DATA, X), rtol=1e-9)
    check_grads(solve, DATA, X, order=1 if "expm" in name else 2, tolerance=1e-5)
    slopes = grad(lambda data, b: anp.sum(solve(data, b) ** 2), argnums=(0, 1))
    for found, expected in zip(jit(slopes)(DATA, X), slopes(DATA, X)):
        np.testing.assert_allclose(found, expected, rtol=1e-8)
    for found, expected in zip(vmap(slopes)(np.stack([DATA, DATA + 1]), Y.T)[0], [DATA, DATA + 1]):
        assert found.shape == expected.shape
    for i, b in enumerate(Y.T):
        np.testing.assert_allclose(vmap(lambda b: solve(DATA, b))(Y.T)[i], solve(DATA, b), rtol=1e-8)
    if name == "gmres":  # which does not get there in single precision
        return
    single = grad(lambda data: anp.sum(solve(data, X.astype(np.float32))))(DATA.astype(np.float32))
    assert single.dtype == np.float32


def test_second_derivative_of_an_exponential():
    slope = grad(lambda data: anp.sum(linalg.expm_multiply(matrix(data) * 0.2, X) ** 2))
    direction, h = rng.normal(size=len(DATA)), 1e-5
    expected = (slope(DATA + h * direction) - slope(DATA - h * direction)) / (2 * h)
    np.testing.assert_allclose(jvp(slope, [DATA], [direction])[1], expected, rtol=1e-6)


def test_solvers_of_matrices_and_complex_numbers():
    check_grads(lambda data, b: linalg.spsolve(matrix(data, sparse.csc_array), b), DATA, Y, order=2)
    check_grads(lambda data, b: linalg.spsolve(matrix(data, sparse.csc_array), b), DATA, X * (1 + 1j), order=1)
    check_grads(
        lambda data, b: linalg.splu(matrix(data, sparse.csc_array)).solve(b, "H"), DATA * (1 + 1j), X + 0j, order=1
    )
    constant = scipy.sparse.csc_array(DENSE)
    check_grads(lambda b: linalg.splu(constant).solve(b), X, order=2)
    np.testing.assert_allclose(linalg.splu(constant).solve(X), np.linalg.solve(DENSE, X))
    assert linalg.splu(constant).L.shape == (4, 4)
    with pytest.raises(TracedValueError, match="sparse right-hand side"):
        grad(lambda data: linalg.spsolve(matrix(data, sparse.csc_array), constant).sum())(DATA)
    with pytest.warns(scipy.sparse.linalg.MatrixRankWarning):
        assert np.all(np.isnan(vjp(lambda data: linalg.spsolve(matrix(data, sparse.csc_array), X), 0 * DATA)[0]))


@pytest.mark.parametrize("name", ["cg", "minres", "gmres", "bicgstab", "lgmres", "tfqmr"])
def test_iterative_solvers(name):
    numbers = TRIDIAGONAL[:11]
    b = rng.normal(size=6)
    solver = getattr(linalg, name)
    options = {"rtol": 1e-13} | ({"atol": 0.0} if name in ("lgmres", "tfqmr") else {})

    def solve(data, b):
        x, info = solver(symmetric(data), b, **options)
        assert not is_plain(info) or info == 0
        return x

    check_grads(solve, numbers, b, order=2, tolerance=1e-5)
    dense = symmetric(numbers).toarray()
    check_grads(lambda b: solver(scipy.sparse.linalg.aslinearoperator(dense), b, **options)[0], b, order=1)
    check_grads(lambda a: solver(a + a.T, b, **options)[0], dense / 2, order=1, tolerance=1e-5)


def is_plain(x):
    return isinstance(x, (int, np.integer))


def test_a_solver_that_did_not_converge_has_no_derivative():
    n = 50
    laplacian = scipy.sparse.diags_array([-np.ones(n - 1), 2 * np.ones(n), -np.ones(n - 1)], offsets=[-1, 0, 1]).tocsr()
    b = np.ones(n)
    (x, info), pull = vjp(lambda b: linalg.cg(laplacian, b, maxiter=3), b)
    assert info > 0
    np.testing.assert_allclose(x, scipy.sparse.linalg.cg(laplacian, b, maxiter=3)[0])
    with pytest.raises(TracedValueError, match="cg did not converge"):
        grad(lambda b: anp.sum(linalg.cg(laplacian, b, maxiter=3)[0]))(b)
    with pytest.raises(TypeError, match="unexpected keyword"):
        grad(lambda b: anp.sum(linalg.cg(laplacian, b, tolerance=3)[0]))(b)


def test_spectra_and_norms():
    numbers = TRIDIAGONAL[:11]
    values = {"k": 2, "return_eigenvectors": False}
    check_grads(lambda data: linalg.eigsh(symmetric(data), **values), numbers, order=2, tolerance=1e-5)
    check_grads(lambda data: linalg.eigsh(symmetric(data), sigma=0.0, **values), numbers, order=1)

    def projector(data):
        v = linalg.eigsh(symmetric(data), k=2)[1]
        return v[:, :1] @ v[:, :1].T + 2 * v[:, 1:] @ v[:, 1:].T

    check_grads(projector, numbers, order=2, tolerance=1e-4)
    check_grads(lambda data: linalg.svds(matrix(data), k=2)[1], DATA, order=1, tolerance=1e-5)
    with pytest.raises(TracedValueError, match="singular vectors"):
        grad(lambda data: anp.sum(linalg.svds(matrix(data), k=2)[0]))(DATA)
    for ord in (None, "fro", 1, np.inf):
        value, _ = vjp(lambda data: linalg.norm(matrix(data, sparse.csr_matrix), ord), DATA)
        assert value == pytest.approx(scipy.sparse.linalg.norm(scipy.sparse.csr_matrix(DENSE), ord))
        check_grads(lambda data: linalg.norm(matrix(data, sparse.csr_matrix), ord), DATA, order=1)


def test_diffusion_on_a_grid():
    """A coefficient of diffusion on a 2-D grid, found again from what it does (an inversion)."""
    n = 12
    node = np.arange(n * n).reshape(n, n)
    one = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    two = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    rows = np.concatenate([one, two, one, two, node.ravel()])
    columns = np.concatenate([two, one, one, two, node.ravel()])
    source = np.sin(np.arange(n * n))

    def state(log_k):
        k = anp.exp(log_k)
        between = (k[one] + k[two]) / 2
        data = anp.concatenate([-between, -between, between, between, 0.1 * anp.ones(n * n)])
        return linalg.spsolve(sparse.coo_array((data, (rows, columns)), shape=(n * n, n * n)).tocsc(), source)

    truth = 0.3 * np.cos(np.arange(n * n) / 7)
    seen = state(truth)

    def misfit(log_k):
        return anp.sum((state(log_k) - seen) ** 2)

    assert misfit(truth) < 1e-20
    start = np.zeros(n * n)
    slope = grad(misfit)(start)
    direction = rng.normal(size=n * n)
    h = 1e-6
    assert slope @ direction == pytest.approx((misfit(h * direction) - misfit(-h * direction)) / (2 * h), rel=1e-6)
    curvature = jvp(grad(misfit), [truth], [direction])[1]
    assert direction @ curvature > 0
    along = grad(lambda s: misfit(start + s * direction))
    assert grad(along)(0.0) == pytest.approx((along(h) - along(-h)) / (2 * h), rel=1e-5)


def test_shape_of_pointers():
    # rows, or columns, without a number at the end count
    for kind, shape in (("csr_array", (3, 2)), ("csc_array", (2, 3))):
        def total(data, kind=kind, shape=shape):
            a = getattr(sparse, kind)((data, [0, 1], [0, 1, 2, 2]))
            assert a.shape == shape
            return anp.sum(a.toarray() ** 2)

        np.testing.assert_array_equal(grad(total)(np.array([1.0, 2.0])), [2, 4])


@pytest.mark.parametrize("kind, places", [
    ("coo_array", (([1, 0, 0], [0, 1, 0]),)), ("csr_array", ([1, 0, 0], [0, 2, 3])),
    ("csc_array", ([1, 0, 0], [0, 2, 3])),
])
def test_data_in_the_order_in_which_it_was_given(kind, places):
    weights = np.array([1.0, 10.0, 100.0])

    def weighed(data):
        a = getattr(sparse, kind)((data, *places), shape=(2, 2))
        return anp.sum((-a).data * 2.0 * weights)  # (SciPy 1.13 sorts the product of a COO matrix with a number)

    data = np.array([1.0, 2.0, 3.0])
    value, pull = vjp(weighed, data)
    assert value == weighed(data)
    np.testing.assert_array_equal(pull(1.0)[0], -2 * weights)


def test_data_of_numbers_at_one_place():
    with pytest.raises(TracedValueError, match="Give each place once"):
        grad(lambda data: sparse.coo_array((data, ([0, 0], [1, 1])), shape=(2, 2)).data.sum())(np.ones(2))


def test_elements_by_rows_and_columns():
    index = np.array([0, 0, 1, 3]), np.array([0, 1, 1, 2])
    plain = scipy.sparse.csr_array(DENSE)

    def picked(data):
        a = sparse.csr_array((data, plain.indices, plain.indptr), shape=(4, 4))
        return a[index] * np.array([1.0, 2.0, 3.0, 4.0])

    np.testing.assert_array_equal(vjp(picked, plain.data)[0], picked(plain.data))
    check_grads(picked, plain.data)


def test_gradient_has_index_arrays_of_its_own():
    a = scipy.sparse.csr_array(np.array([[1.0, 2.0], [3.0, 4.0]]))
    gradient = grad(lambda a: anp.sum(a @ np.array([0.0, 1.0])))(a)
    gradient.eliminate_zeros()  # in place
    np.testing.assert_array_equal(a.toarray(), [[1, 2], [3, 4]])


def test_atol_does_not_hold_for_cotangents():
    a = scipy.sparse.csr_array(np.diag(np.arange(2.0, 6.0)) + 0.5)
    exact = np.linalg.solve(a.toarray(), np.ones(4))
    gradient = grad(lambda b: 1e-7 * anp.sum(linalg.cg(a, b, atol=1e-6)[0]))(np.ones(4))
    np.testing.assert_allclose(gradient, 1e-7 * exact, rtol=1e-7)
    slope = jvp(lambda b: linalg.cg(a, b, atol=1e-6)[0], [np.ones(4)], [np.full(4, 1e-7)])[1]
    np.testing.assert_allclose(slope, 1e-7 * exact, rtol=1e-7)


def test_dtype_of_what_is_made():
    def dtypes(data):
        a = sparse.coo_array((data, ([0, 1], [0, 1])), shape=(2, 2))
        made = [
            sparse.diags([data], [0], dtype=np.float32), sparse.diags_array([data], offsets=[0], dtype=np.float32),
            sparse.hstack([a, a], dtype=np.float32), sparse.vstack([a, a], dtype=np.float32),
            sparse.block_diag([a, a], dtype=np.float32), sparse.bmat([[a, None], [None, a]], dtype=np.float32),
            a.power(2, dtype=np.float32), a.sum(axis=0, dtype=np.float32), a.mean(dtype=np.float32),
        ]
        assert all(each.dtype == np.float32 for each in made)
        with pytest.raises(TracedValueError, match="out="):
            a.toarray(out=np.zeros((2, 2)))
        with pytest.raises(TracedValueError, match="out="):
            a.sum(out=np.zeros(()))
        return made[0].sum()

    assert grad(dtypes)(np.ones(2)).dtype == np.float64
