"""Arrays of other libraries: a stand-in that behaves as CuPy's arrays do, CuPy itself where there is a GPU, sparse."""

from __future__ import annotations

import functools
import sys
import types
from collections import Counter

import numpy as np
import pytest

from autodiff_trace import (
    checkpoint, custom_vjp, grad, hessian, hvp, jacobian, jit, jvp, linearize, nn, register_array_type, scan, to_numpy,
    value_and_grad, vjp, vmap,
)
from autodiff_trace import numpy as anp
from autodiff_trace.core.foreign import array_types, lazy_types
from autodiff_trace.core.libraries import libraries
from autodiff_trace.extend import primitive
from foreign_array import ForeignArray, add_at, to_numpy as numpy_of
from library_rows import Library, failures_of, form_rows

register_array_type(ForeignArray, forms={np.add.at: add_at})


def foreign(x):
    return ForeignArray(np.array(x, float))


@functools.cache
def stand_in():
    return Library(ForeignArray, lambda x: ForeignArray(np.array(x)), numpy_of)


@functools.cache
def on_the_gpu():
    cupy = pytest.importorskip("cupy", reason="CuPy is not installed")
    try:
        cupy.zeros(1)
    except Exception as error:  # CUDARuntimeError, where there is no driver
        pytest.skip(f"CuPy finds no GPU: {error}")
    return Library(cupy.ndarray, cupy.asarray, cupy.asnumpy)


READS_VALUES = {
    "delete": "which elements are left", "insert": "where elements go", "histogram": "the number of bins",
    "repeat": "how often each element is repeated",
}
"""Functions with calls that need numbers on the host: NumPy takes them, or the shape of the answer depends on them."""

REFUSED = READS_VALUES | {
    "reshape": "order='A' asks for the layout in memory", "ravel": "order='K' asks for the layout in memory",
    "histogram_bin_edges": "edges between two numbers are NumPy's",
    "linalg.det": "the derivative of stacks, of which some are singular, looks at each matrix",
}
"""Functions of which some forms are refused, or give NumPy's arrays, and why."""

CUPY_REFUSED = REFUSED | {
    "convolve": "CuPy takes arrays alone", "correlate": "CuPy takes arrays alone",
    "linalg.eigh": "another sign of vectors",
    "polyfit": "matrix_rank(rtol=) is not there", "roots": "CuPy has roots of Hermitian companions alone",
    "sort": "CuPy knows one kind", "spacing": "CuPy does not have it",
    "linalg.svd": "another sign of vectors",
}


LIBRARIES = [(stand_in, REFUSED), (on_the_gpu, CUPY_REFUSED)]


def some_rows(refused):
    """Two forms of each function, and all of those that are refused."""
    seen = Counter()
    for row in form_rows():
        seen[row.name] += 1
        if seen[row.name] <= 2 or row.name in refused:
            yield row


@pytest.mark.parametrize("rows", [some_rows, pytest.param(lambda refused: form_rows(), marks=pytest.mark.slow)])
@pytest.mark.parametrize("library, refused", LIBRARIES, ids=["stand-in", "CuPy"])
def test_the_tables_of_rules(library, refused, rows):
    library = library()
    failures = [(row, failures_of(row, library)) for row in rows(refused)]
    unexpected = [f"{row}: {mode}: {error!r}" for row, found in failures for mode, error in found.items()
                  if row.name not in refused]
    assert len(failures) > 450 and unexpected == []
    is_newer = np.lib.NumpyVersion(np.__version__) >= "2.1.0"  # before, NumPy itself refuses some rows
    if library.kind is ForeignArray and is_newer:  # what is refused is not more than is said
        assert {row.name for row, found in failures if found} == set(refused)


W = np.array([0.5, -1.0, 2.0])
X = np.arange(12.0).reshape(4, 3) / 6


def loss(w, x):
    return anp.mean(anp.log1p(anp.exp(-anp.dot(x, w))))


def same(found, expected):
    assert type(found) is ForeignArray
    np.testing.assert_allclose(numpy_of(found), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("transform", [
    grad, lambda f: grad(lambda w, x: anp.sum(grad(f)(w, x) ** 2)), hessian, jacobian,
    lambda f: lambda w, x: jvp(lambda w: f(w, x), (w,), (w,))[1], lambda f: lambda w, x: hvp(lambda w: f(w, x))(w, w),
    lambda f: lambda w, x: linearize(lambda w: f(w, x), w)[1](w),
    lambda f: lambda w, x: vjp(lambda w: f(w, x), w)[1](2.0)[0],
    lambda f: lambda w, x: value_and_grad(f, argnums=(0, 1))(w, x)[1][1],
    lambda f: grad(jit(f)), lambda f: jit(grad(f)), lambda f: grad(checkpoint(f)),
    lambda f: lambda w, x: vmap(lambda row: grad(f)(w, row[None]))(x),
    lambda f: lambda w, x: scan(lambda c, i: (c * f(w, x), None), f(w, x), np.arange(2.0))[0],
])
def test_transformations(transform):
    same(transform(loss)(foreign(W), foreign(X)), transform(loss)(W, X))


def test_closed_over_arrays_and_operators_from_either_side():
    x = foreign(X)
    same(grad(lambda w: anp.sum(anp.tanh(x @ w)))(foreign(W)), grad(lambda w: anp.sum(anp.tanh(X @ w)))(W))
    same(grad(lambda w: np.sum(x * w + w / x.sum()))(foreign(W)), grad(lambda w: np.sum(X * w + w / X.sum()))(W))


def test_pytrees_numbers_and_dtypes():
    parameters = {"w": foreign(W), "b": 0.5}
    gradient = grad(lambda p: anp.sum(foreign(X) @ p["w"] + p["b"]) ** 2)(parameters)
    expected = grad(lambda p: anp.sum(X @ p["w"] + p["b"]) ** 2)({"w": W, "b": 0.5})
    same(gradient["w"], expected["w"])
    np.testing.assert_allclose(float(gradient["b"]), expected["b"])
    single = grad(lambda w: anp.sum(w**3))(ForeignArray(W.astype(np.float32)))
    assert single.dtype == np.float32
    same(grad(lambda w: anp.sum(w**3))(ForeignArray(np.arange(3))), 3 * np.arange(3.0) ** 2)


def test_assignment_reaches_views():
    def f(w):
        y = w * 2
        tail = y[1:]
        tail *= 10
        y[0] = w[1]
        return anp.sum(y * y)

    same(grad(f)(foreign(W)), grad(f)(W))


def test_gradients_share_no_memory():
    x, y = grad(lambda x, y: anp.sum(x + y), argnums=(0, 1))(foreign(W), foreign(W))
    x[0] = 5.0
    same(y, np.ones(3))
    same(x, [5.0, 1.0, 1.0])


def test_python_asks_for_values():
    def f(w):
        return anp.sum(w**2) if anp.sum(w) > 0 else anp.sum(w)

    same(grad(f)(foreign(W)), grad(f)(W))
    same(grad(lambda w: sum(x * x for x in w))(foreign(W)), 2 * W)
    seen = []
    grad(lambda w: (seen.append((to_numpy(w), repr(w))), anp.sum(w))[1])(foreign(W))
    assert type(seen[0][0]) is ForeignArray and seen[0][1].startswith("ArrayBox(ForeignArray(array([")


def test_vectors_of_equal_eigenvalues_have_no_derivative():
    equal = np.diag([2.0, 2.0, 5.0])
    same(grad(lambda a: anp.sum(anp.linalg.eigvalsh(a) ** 2))(foreign(equal)), 2 * equal)
    found = grad(lambda a: anp.sum(anp.linalg.eigh(a)[1][0] ** 3))(foreign(equal))
    assert np.isnan(numpy_of(found)).any()


LOGITS = np.array([[1.0, 2.0, -np.inf], [1000.0, 1000.0, 3.0]])


@pytest.mark.parametrize("f", [
    lambda x: anp.sum(nn.logsumexp(x, axis=1)), lambda x: anp.sum(nn.log_softmax(x[:, :2]) ** 2),
    lambda x: anp.sum(nn.softmax(x) ** 2), lambda x: anp.sum(nn.sigmoid(x[:, :2]) * nn.relu(x[:, :2])),
    lambda x: nn.mse(x[:, :2], 1.0), lambda x: nn.huber(x[:, :2], 1.0), lambda x: anp.sum(nn.elu(x[:, :2], 2.0) ** 2),
    lambda x: anp.sum(nn.gelu(x[:, :2] - 2) ** 2), lambda x: anp.sum(nn.gelu(x[:, :2] * 1e-3 - 1, "tanh") ** 2),
    lambda x: anp.sum(nn.silu(x[:, :2] - 2) ** 2), lambda x: anp.sum(nn.softplus(x[:, :2]) ** 2),
    lambda x: anp.sum(nn.layer_norm(x[:, :2] ** 2) ** 3), lambda x: nn.sigmoid_cross_entropy(x[:, :2], 1.0),
    lambda x: anp.sum(nn.attention(x[:, :2], x[:, :2], x[:, :2], causal=True) ** 2),
])
def test_networks(f):
    same(grad(f)(foreign(LOGITS)), grad(f)(LOGITS))
    assert type(f(foreign(LOGITS))) is ForeignArray


def test_cross_entropy_with_labels_of_the_library():
    for labels in (np.array([0, 1]), np.array([[0.2, 0.8, 0.0], [0.0, 1.0, 0.0]])):
        expected = grad(nn.softmax_cross_entropy)(LOGITS, labels)
        same(grad(nn.softmax_cross_entropy)(foreign(LOGITS), ForeignArray(labels)), expected)
    assert np.isnan(float(nn.softmax_cross_entropy(foreign(LOGITS), ForeignArray(np.array([0, 7])))))


def test_rules_and_primitives_of_users():
    cube = primitive(lambda x: x * x * x)
    from autodiff_trace import extend

    extend.elementwise(cube, lambda ans, x: 3 * x * x)
    same(grad(lambda w: anp.sum(cube(w)))(foreign(W)), 3 * W**2)

    @custom_vjp
    def clipped(x):
        return x * 2

    clipped.defvjp(lambda x: (x * 2, x), lambda x, g: (g * 0.5,))
    same(grad(lambda w: anp.sum(clipped(w)))(foreign(W)), 0.5 * np.ones(3))


@pytest.mark.parametrize("mix", [
    lambda w: w * np.ones(3), lambda w: np.ones(3) * w, lambda w: anp.dot(np.ones(3), w),
    lambda w: anp.maximum(w, np.ones(3)),
])
def test_beside_numpys_arrays_the_library_raises_its_own_error_with_the_users_line(mix):
    with pytest.raises(TypeError, match="Unsupported type <class 'numpy.ndarray'>") as caught:
        grad(lambda w: anp.sum(mix(w)))(foreign(W))
    if sys.version_info >= (3, 11):
        assert any("test_array_libraries.py, line" in note for note in caught.value.__notes__)


def test_nothing_becomes_an_array_of_numpys():
    with pytest.raises(TypeError, match="Implicit conversion"):
        np.asarray(foreign(W))
    with pytest.raises(TypeError, match="float.. of a traced value"):
        grad(lambda w: float(anp.sum(w)))(foreign(W))


class Lean(ForeignArray):
    """A type of a library that has little."""

    __slots__ = ()


def test_what_a_library_lacks_is_refused_by_its_name_before_anything_is_computed():
    computed = []

    def forms_of(prim):
        return NotImplemented if prim.__name__ == "cumsum" else None

    def doubled_sum(x, axis=None, keepdims=False):
        computed.append("sum")
        return ForeignArray(np.asarray(2 * x.memory.sum(axis, keepdims=keepdims)))

    register_array_type(Lean, forms={np.sum: doubled_sum}, find_form=forms_of)
    x = Lean(W)
    with pytest.raises(TypeError, match=r"cumsum is not there for arrays of .*Lean .*test_array_libraries\.py, line"):
        grad(lambda x: anp.sum(anp.cumsum(x)))(x)
    assert computed == []
    assert float(value_and_grad(lambda x: anp.sum(x))(x)[0]) == 2 * W.sum() and computed == ["sum"]


def test_a_result_that_left_the_library_is_an_error():
    class Leaky(ForeignArray):
        __slots__ = ()

    register_array_type(Leaky, forms={np.sin: lambda x: np.sin(x.memory)})
    with pytest.raises(TypeError, match="sin made a numpy.ndarray of an array of type .*leave the library"):
        grad(lambda x: anp.sum(anp.sin(x)))(Leaky(W))


def test_conform_is_what_a_gradient_gets_from_its_argument():
    class Named(ForeignArray):
        __slots__ = ("name",)

    def conform(gradient, argument):
        gradient = Named(gradient.memory)
        gradient.name = argument.name
        return gradient

    register_array_type(Named, conform=conform)
    x = Named(W)
    x.name = "weights"
    assert grad(lambda x: anp.sum(x * x))(x).name == "weights"


def test_a_class_that_is_registered_again_is_what_the_last_call_says():
    class Again(ForeignArray):
        __slots__ = ()

    register_array_type(Again, is_lazy=True)
    register_array_type(Again)
    assert Again in array_types and Again not in lazy_types


def test_a_class_that_speaks_no_protocol_is_refused():
    with pytest.raises(TypeError, match="has no __array_ufunc__ and no __array_function__"):
        register_array_type(types.SimpleNamespace)


def test_no_library_is_loaded_by_ours():
    names = {"cupy", "dask.array", "sparse", "xarray"}
    assert names == libraries.keys() | {name for name in names if name in sys.modules}


def test_sparse():
    sparse = pytest.importorskip("sparse", reason="sparse is not installed")
    dense = np.array([[0.0, 2, 0], [1, 0, 0], [0, 0, 3]])
    x = sparse.COO(dense)
    for f in (lambda x, w: anp.sum(anp.tanh(anp.dot(x, w))), lambda x, w: anp.sum((x[1:] * w) ** 2)):
        for argnums in (0, 1):
            found, expected = grad(f, argnums)(x, W), grad(f, argnums)(dense, W)
            np.testing.assert_allclose(getattr(found, "todense", lambda: found)(), expected)
    assert isinstance(grad(lambda x: anp.sum(x * x))(x), sparse.COO)
    with pytest.raises(TypeError, match="derivatives follow integers and slices"):
        grad(lambda x: anp.sum(x[[0, 2]] ** 2))(x)


def test_xarray_keeps_labels():
    xarray = pytest.importorskip("xarray", reason="xarray is not installed")
    data = xarray.DataArray(X, dims=("time", "place"), coords={"time": [1, 2, 3, 4]}, name="rain")

    def f(data):
        return (data.sel(time=2) ** 2).sum() + np.sin(data).mean("time").sum()

    gradient = grad(f)(data)
    plain = grad(lambda x: anp.sum(x[1] ** 2) + anp.sum(anp.mean(anp.sin(x), axis=0)))(X)
    assert gradient.identical(data.copy(data=plain)) or np.allclose(gradient.data, plain)
    assert gradient.dims == data.dims and gradient.name == "rain" and gradient.time.equals(data.time)
    assert jit(grad(f))(data).dims == data.dims
    dataset = xarray.Dataset({"a": data, "b": ("k", W)})
    both = grad(lambda d: (d.a * 2).sum() + (d.b**2).sum())(dataset)
    np.testing.assert_allclose(both.b, 2 * W)
    assert both.a.dims == data.dims
    assert jacobian(lambda d: d.data[0])(data).shape == (3, 4, 3)  # what has another shape has no labels
