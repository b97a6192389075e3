"""Dask's arrays: derivatives are graphs that compute nothing by themselves, with the chunks of their inputs."""

import doctest
import threading
from pathlib import Path

import numpy as np
import pytest

dask = pytest.importorskip("dask", reason="Dask is not installed: pip install autodiff_trace[dask]")
da = pytest.importorskip("dask.array", reason="Dask is not installed: pip install autodiff_trace[dask]")

import dask_coverage  # noqa: E402
from autodiff_trace import (  # noqa: E402
    TracedValueError, checkpoint, custom_vjp, fori_loop, grad, hessian, hvp, jacobian, jit, jvp, linearize, scan,
    tree_leaves, value_and_grad, vjp, vmap,
)
from autodiff_trace import numpy as anp  # noqa: E402
from autodiff_trace.compiler.failures import JitWarning  # noqa: E402

never_computing = dask_coverage.never_computing

random = np.random.default_rng(0)
XN = random.normal(size=(9, 4))
WN = np.array([0.1, -0.2, 0.3, 0.5])
CHUNKS = ((4, 0, 5), (3, 1))
X = da.from_array(XN, chunks=CHUNKS)
W = da.from_array(WN, chunks=3)


def check(function, *arguments):
    """``function`` of Dask's arrays gives what it gives of NumPy's, and computes nothing."""
    with never_computing():
        ans = function(*arguments)
    plain = [np.asarray(x.compute(scheduler="synchronous")) if isinstance(x, da.Array) else x for x in arguments]
    got = dask.compute(tree_leaves(ans), scheduler="synchronous")[0]
    for x, y in zip(got, tree_leaves(function(*plain)), strict=True):
        assert np.shape(x) == np.shape(y)
        np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-12 * max(1, np.max(np.abs(y), initial=0)))
    return ans


# The tables of rules


@pytest.mark.parametrize("part", [0, *[pytest.param(part, marks=pytest.mark.slow) for part in range(1, 5)]])
def test_rows_of_the_tables(part):
    rows = [row for row in dask_coverage.rows_of_functions() if not dask_coverage.is_elementwise(row.name)]
    found = dask_coverage.outcomes(rows[part::5])
    document = dask_coverage.DOCUMENT.read_text(encoding="utf-8").splitlines()
    lines = dask_coverage.describe(found).splitlines()
    missing = [line for line in lines if line not in document]
    assert not missing, "run python tests/dask_coverage.py"


def test_elementwise_rows():
    rows = [row for row in dask_coverage.rows_of_functions() if dask_coverage.is_elementwise(row.name)]
    found = dask_coverage.outcomes(rows[::9])
    assert {outcome for modes in found.values() for outcome in modes.values()} == {"✓"}


@pytest.mark.slow
def test_each_form_of_the_tables():
    assert len(dask_coverage.outcomes(dask_coverage.rows_of_functions(each_form=True))) > 200


# Programs


def loss(w, x):
    z = x @ w
    return anp.mean(anp.log1p(anp.exp(-z)) + z**2)


def written(x, *writes):
    y = x * 1.0
    for index, value in writes:
        y[index] = value(x)
    return y


def added(x):
    y = x * 1.0
    np.add.at(y, [0, 3, 3], x[:3])
    return anp.sum(y**3)


@custom_vjp
def doubled(x):
    return x * 2


doubled.defvjp(lambda x: (x * 2, None), lambda residuals, g: (g * 2,))

PROGRAMS = {
    "mask of rows": lambda x: anp.sum(x[x[:, 0] > 0] ** 2),
    "full mask": lambda x: anp.sum(x[x > 0] ** 2),
    "mean of a mask": lambda x: anp.mean(anp.exp(x[x > 0])),
    "mean of masked rows": lambda x: anp.sum(anp.mean(x[x[:, 0] > 0] ** 2, axis=0) ** 2),
    "mask of columns": lambda x: anp.sum(x[:, x[0] > 0] ** 3),
    "plain mask": lambda x: anp.sum(x[XN > 0] ** 2),
    "compress": lambda x: anp.sum(anp.compress(x[:, 0] > 0, x, axis=0) ** 2),
    "write to a mask": lambda x: anp.sum(written(x, (x > 0, lambda x: 2.0)) ** 2),
    "write to slices": lambda x: anp.sum(written(x, (slice(1, 6, 2), lambda x: x[:3] * 2), ((4, 1), lambda x: 3)) ** 3),
    "write to numbers": lambda x: anp.sum(written(x, ([0, 3, 0], lambda x: x[:3] * 2)) ** 3),
    "add.at": added,
    "numbers": lambda x: anp.sum(x[[0, 2, 2, -1]] ** 3),
    "points": lambda x: anp.sum(x[[0, 8, 4, 4], [1, 2, 3, 3]] ** 3),
    "numbers and more": lambda x: anp.sum(x[None, 2:7:2, ..., [1, 1]] ** 3) + anp.sum(x[1, [0, 2, 2]] ** 3),
    "backwards": lambda x: anp.sum((x[::-2, ::-1] * np.arange(4.0)) ** 2),
    "numbers that Dask computes": lambda x: anp.sum(x[anp.argsort(x[:, 0])][:3] ** 2),
    "places that Dask computes": lambda x: anp.sum(x[anp.argmax(x, axis=0), np.arange(4)] ** 2),
    "one place that Dask computes": lambda x: x[anp.argmax(x[:, 1]), 1] ** 2,
    "item by item": lambda x: sum(x[i, 0] * x[i, 1] for i in range(9)),
    "einsum of one operand": lambda x: anp.einsum("ii", x[:4] ** 2) + anp.sum(
        anp.einsum("ij->ji", x[2:6]) ** 2 * anp.einsum("ii->i", x[1:5])),
    "median": lambda x: anp.median(x) ** 2,
    "eigh": lambda x: anp.sum(anp.linalg.eigh(x.T @ x)[1][:, 0] ** 4),
    "svd": lambda x: anp.sum(anp.abs(anp.linalg.svd(x, full_matrices=False)[0]) ** 4),
    "norm": lambda x: anp.linalg.norm(x, "nuc"),
    "where": lambda x: anp.sum(anp.where(x > 0, anp.sqrt(anp.abs(x)), 0)),
    "std": anp.std,
    "fori_loop": lambda x: anp.sum(fori_loop(0, 4, lambda i, y: y + 0.1 * anp.sin(y), x)),
    "scan": lambda x: anp.sum(scan(lambda c, row: (c * 0.5 + row, anp.sum(c * row)), x[0] * 0, x[:4])[1]),
    "checkpoint": lambda x: checkpoint(lambda y: anp.sum(anp.sin(y) ** 2))(x),
    "custom_vjp": lambda x: anp.sum(doubled(x) ** 2),
    "NumPy's functions": lambda x: np.sum(np.tanh(x)) + (x.sum(axis=0) ** 2).mean(),
    "rechunk": lambda x: anp.sum(x.rechunk((2, 2)) ** 2) if hasattr(x, "rechunk") else anp.sum(x**2),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_value_and_gradient(name):
    value, gradient = check(value_and_grad(PROGRAMS[name]), X)
    assert gradient.chunks == X.chunks


SECOND = ["mask of rows", "full mask", "mean of a mask", "write to slices", "add.at", "points", "where", "fori_loop"]


@pytest.mark.parametrize("name", SECOND)
def test_second_order(name):
    check(lambda x: hvp(PROGRAMS[name])(x, x * 0.5), X)


def test_operators_in_place_make_new_arrays_as_dasks_do():
    def f(x):
        y = z = x * 1.0
        z += 1
        return y * z

    value, pull = vjp(f, X)
    np.testing.assert_array_equal(*dask.compute(value, f(X), scheduler="synchronous"))
    np.testing.assert_allclose(pull(da.ones_like(X))[0].compute(scheduler="synchronous"), 2 * XN + 1)


def test_transformations():
    for w in (W, WN):
        for x in (X, XN):
            if isinstance(w, np.ndarray) and isinstance(x, np.ndarray):
                continue
            value, gradient = check(value_and_grad(loss), w, x)
            assert isinstance(value, da.Array) and isinstance(gradient, da.Array)
    assert check(grad(loss, argnums=1), WN, X).chunks == X.chunks
    check(grad(lambda w, x: anp.sum(grad(loss)(w, x) ** 2)), WN, X)
    check(lambda w, x: jvp(lambda w: loss(w, x), (w,), (w,)), W, X)
    check(lambda x: vjp(lambda x: anp.sum(x**2), x)[1](2.0), X)
    check(lambda x: vjp(lambda x: x**3, x)[1](x), X)
    check(lambda x: vjp(lambda x: x**3, x)[1](XN), X)
    check(lambda w, x: jacobian(lambda w: x @ w)(w), W, X)
    check(lambda w, x: hessian(lambda w: loss(w, x))(w), WN, X)
    check(lambda x: linearize(lambda x: anp.sum(anp.sin(x)), x)[1](x), X)
    check(vmap(grad(lambda row: anp.tanh(row @ WN))), X)
    check(vmap(lambda row: anp.outer(row, row), out_axes=1), X)
    gradient = grad(lambda tree: anp.sum(anp.tanh(tree["x"] @ tree["w"]) + tree["b"]))({"x": X, "w": WN, "b": 0.5})
    assert gradient["x"].chunks == X.chunks and gradient["w"].compute().shape == (4,) and gradient["b"].compute() == 9


def test_dtypes_and_shapes():
    gradient = grad(lambda x: anp.mean(x**2))(X.astype(np.float32))
    assert gradient.dtype == gradient.compute().dtype == np.float32
    check(grad(lambda z: anp.sum(anp.abs(z) ** 2)), X + 1j * X)
    check(grad(lambda s: s**3), da.from_array(np.array(2.0)))
    check(grad(lambda x: anp.sum(x**2)), da.from_array(np.zeros((0, 3)), chunks=2))


# Graphs


def count_tasks(*arrays):
    return len(set().union(*[dict(x.__dask_graph__()) for x in arrays if isinstance(x, da.Array)]))


def is_linear(counts):
    """Whether the second of two doublings adds twice as many tasks as the first, more or less."""
    small, middle, large = counts
    return (large - middle) <= 2.1 * (middle - small)


@pytest.mark.parametrize("program", [
    lambda x: value_and_grad(loss)(np.ones(3), x),
    lambda x: hvp(lambda x: loss(np.ones(3), x))(x, x),
    lambda x: [grad(lambda x: sum(anp.sum(x[i : i + 5] ** 2) for i in range(0, len(x), 5)))(x)],
    lambda x: [grad(lambda x: anp.sum(x[x[:, 0] > 0] ** 2))(x)],
    lambda x: [grad(lambda x: anp.sum(written(x, (slice(2, -2), lambda x: 0.0)) ** 2))(x)],
    lambda x: [grad(lambda x: anp.sum(x[np.arange(len(x))[::-1]] ** 2))(x)],
    lambda x: [grad(lambda x: anp.sum(x))(x)],
], ids=["value_and_grad", "hvp", "slices", "mask", "write", "numbers", "sum"])
def test_tasks_grow_with_chunks(program):
    counts = []
    for n in (10, 20, 40):
        with never_computing():
            ans = program(da.ones((5 * n, 3), chunks=(5, 3)))
        counts.append(count_tasks(*([ans] if isinstance(ans, da.Array) else ans)))
    assert is_linear(counts), counts


def test_tasks_grow_with_operations():
    def chain(x, n):
        for _ in range(n):
            x = anp.sin(x) * x
        return anp.sum(x)

    x = da.ones((20, 3), chunks=(5, 3))
    for derivative in (lambda n: grad(chain)(x, n), lambda n: hvp(lambda x: chain(x, n))(x, x)):
        counts = [count_tasks(derivative(n)) for n in (5, 10, 20)]
        assert is_linear(counts), counts


def test_common_work_is_done_once():
    calls, lock = [], threading.Lock()

    def counted(block):
        with lock:
            calls.append(block.shape)
        return block * 2

    x = da.ones((20, 3), chunks=(5, 3)).map_blocks(counted, dtype=float, meta=np.empty((0, 0)))
    value, gradient = value_and_grad(loss)(np.ones(3), x)
    assert calls == []
    dask.compute(value, gradient, scheduler="synchronous")
    assert len(calls) == 4


@pytest.mark.parametrize("name", ["mask of rows", "points", "median", "eigh", "where", "write to slices", "norm"])
def test_keys_are_deterministic(name):
    first, second = grad(PROGRAMS[name])(X), grad(PROGRAMS[name])(X)
    assert first.name == second.name


# Large matrices, with chunks of Dask's that hold 64 bytes


LARGE = {
    "solve": lambda a, b: anp.sum(anp.linalg.solve(a.T @ a + 4 * np.eye(4), b) ** 2),
    "inv": lambda a, b: anp.sum(anp.linalg.inv(a.T @ a + 4 * np.eye(4)) * b),
    "cholesky": lambda a, b: anp.sum(b @ anp.linalg.cholesky(a.T @ a + 4 * np.eye(4))),
}


@pytest.mark.parametrize("name", LARGE)
def test_large_matrices_go_by_blocks(name):
    pytest.importorskip("scipy", reason="Dask solves systems by SciPy")
    a, b = XN[:4], WN
    with never_computing(), dask.config.set({"array.chunk-size": "64B"}):
        value = LARGE[name](*[da.from_array(x, chunks=2) for x in (a, b)])
    assert np.isclose(value.compute(scheduler="synchronous"), LARGE[name](a, b), rtol=1e-12)


@pytest.mark.parametrize("name", ["qr", "svd"])
def test_columns_of_tall_blocks(name):
    def f(x):
        if name == "svd":
            return anp.sum(anp.linalg.svd(x, full_matrices=False)[1] ** 3)
        return anp.sum(anp.abs(anp.linalg.qr(x)[1]))

    gradient = check(grad(f), da.from_array(random.normal(size=(12, 3)), chunks=(4, 3)))
    assert any("qr" in str(key) or "stack" in str(key) for key in dict(gradient.__dask_graph__()))


def test_repeated_eigenvalues():
    def f(a):  # e to the power of a symmetric matrix, whose derivative is there, as a limit
        w, v = anp.linalg.eigh(a)
        return anp.sum((v * anp.exp(w)) @ v.T * np.arange(9.0).reshape(3, 3))

    a = da.from_array(np.diag([1.0, 1.0, 2.0]), chunks=3)
    assert np.isnan(grad(f)(a).compute()).any()  # and not a number that is wrong
    check(grad(f), da.from_array(np.diag([1.0, 3.0, 2.0]) + 0.1, chunks=2))
    check(grad(lambda a: anp.sum(anp.linalg.eigvalsh(a) ** 2)), a)


def test_on_a_cluster():
    distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")
    with distributed.Client(processes=False, n_workers=1, threads_per_worker=2, dashboard_address=None):
        gradient = dask.compute(grad(loss, argnums=(0, 1))(WN, X), grad(PROGRAMS["full mask"])(X), hvp(anp.std)(X, X))
    wanted = grad(loss, argnums=(0, 1))(WN, XN), grad(PROGRAMS["full mask"])(XN), hvp(anp.std)(XN, XN)
    for x, y in zip(tree_leaves(gradient), tree_leaves(wanted), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-11, atol=1e-13)


def test_a_plain_array_and_its_transpose_have_keys_of_their_own():
    a = np.tri(4)
    with never_computing():
        both = grad(lambda x: anp.sum(x[:4] * a * x[:4]) + 2 * anp.sum(x[:4] * a.T * x[:4]))(X)
    np.testing.assert_allclose(both.compute(scheduler="synchronous")[:4], 2 * XN[:4] * (a + 2 * a.T), rtol=1e-12)


# Unknown sizes

UNKNOWN = da.from_delayed(dask.delayed(np.copy)(XN), (np.nan, 4), float)


def test_rows_of_unknown_number():
    for f in (
        lambda w, x: anp.mean((x @ w) ** 2), lambda w, x: anp.sum(anp.max(x * w, axis=1)),
        lambda w, x: anp.sum(x[:, 0] ** 2) * w[0], lambda w, x: anp.sum((x.T @ x) ** 2) * w[1],
    ):
        with never_computing():
            both = grad(f, argnums=(0, 1))(WN, UNKNOWN)
        for got, wanted in zip(dask.compute(*both, scheduler="synchronous"), grad(f, argnums=(0, 1))(WN, XN)):
            np.testing.assert_allclose(got, wanted, rtol=1e-12)


@pytest.mark.parametrize("program", [
    lambda x: anp.sum(x) / x.shape[0], lambda x: anp.sum(x) / x.size, anp.std, anp.average, anp.median,
    lambda x: anp.sum(x) * np.sqrt(x.shape[0]), lambda x: anp.sum(anp.concatenate([x, x])),
    lambda x: x.shape[0] * x[0, 0],
], ids=["shape", "size", "std", "average", "median", "sqrt", "concatenate", "product"])
def test_an_unknown_size_is_no_factor(program):
    with never_computing(), pytest.raises((TypeError, ValueError), match="not known|unknown"):
        grad(program)(UNKNOWN)


# What is refused


def test_refusals_name_function_and_line():
    with never_computing():
        with pytest.raises(TypeError, match=r"unique is not there for arrays of type dask\.Array .*test_dask\.py"):
            grad(lambda x: anp.sum(anp.unique(x)))(X)
        with pytest.raises(TypeError, match=r"polymul asks for values of an array .*test_dask\.py, line"):
            grad(lambda x: anp.sum(anp.polymul(x[0], x[1])))(X)
        with pytest.raises(TypeError, match=r"eig of a Dask array .*test_dask\.py, line .*astype\(complex\)"):
            grad(lambda x: anp.sum(anp.linalg.eigvals(x[:4])))(X)
        with dask.config.set({"array.chunk-size": "64B"}):
            with pytest.raises(TypeError, match=r"det of a Dask array .*test_dask\.py.*x\.rechunk\(\{0: -1, 1: -1\}\)"):
                grad(lambda x: anp.linalg.det(x))(da.ones((4, 4), chunks=2))


def test_dasks_own_functions_do_not_drop_a_derivative():
    for function in (da.sum, lambda x: da.map_blocks(np.sin, x), lambda x: da.concatenate([x, x]), da.asarray):
        with pytest.raises(TracedValueError, match=r"test_dask\.py, line .*derivative would be lost"):
            grad(lambda x: anp.sum(function(x)))(X)
    check(grad(lambda x: anp.sum(da.exp(x))), X)  # a ufunc, which asks


@pytest.mark.parametrize("name", ["compute", "map_blocks", "blocks", "vindex", "to_delayed"])
def test_methods_that_would_drop_a_derivative(name):
    with pytest.raises(TracedValueError, match=rf"x\.{name} of a traced array .*test_dask\.py, line"):
        grad(lambda x: anp.sum(getattr(x, name)))(X)
    with pytest.raises(AttributeError, match=f"no attribute '{name}'"):
        grad(lambda x: anp.sum(getattr(x, name)))(XN)


def test_chunks_of_a_traced_array():
    seen = []

    def f(x):
        seen.append((x.chunks, x.numblocks, x.npartitions))
        return anp.sum(x.persist(scheduler="synchronous") ** 2)

    assert grad(f)(X).chunks == CHUNKS
    assert seen == [(CHUNKS, (3, 2), 6)]


# With jit


def test_jit_runs_as_it_is():
    compiled = jit(value_and_grad(loss))
    for _ in range(2):
        with never_computing():
            value, gradient = compiled(WN, X)
        np.testing.assert_allclose(gradient.compute(), grad(loss)(WN, XN), rtol=1e-12)
    assert compiled.cache_info().traces == 0


def test_jit_says_once_that_it_leaves_arrays_to_dask():
    compiled = jit(lambda w: loss(w, X), constant=("X",))
    with pytest.warns(JitWarning, match=r"arrays of type dask\.Array, which are left to their library"):
        value = compiled(WN)
    for _ in range(2):
        assert compiled(WN).name == value.name


# The page


def test_examples_of_the_page():
    page = (Path(__file__).parent.parent / "docs" / "dask.md").read_text(encoding="utf-8")
    test = doctest.DocTestParser().get_doctest(page.replace("```\n", "\n"), {}, "dask.md", "dask.md", 0)
    output = []
    with dask.config.set(scheduler="synchronous"):
        result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=output.append)
    assert result.attempted >= 12 and not result.failed, "".join(output)
