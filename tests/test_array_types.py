"""Arrays of other kinds in all their roles: what the table says comes of each."""

import importlib.util

import numpy as np
import pytest

import array_types_table as table
import coverage_document
from autodiff_trace import grad, hessian, hvp, jacobian, jit, jvp, tree_leaves, value_and_grad, vjp, vmap
from autodiff_trace import numpy as anp
from fresh_process import run_python

pytestmark = pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")


def kind_called(name):
    kind = table.KINDS[name]
    if importlib.util.find_spec(kind.package) is None:
        pytest.skip(f"{kind.package} is not installed")
    return kind


def shifted(kind):
    return kind.example + 0.25


def check_native_error(error, function, *args):
    """That an error is of the kind that there is without a trace."""
    with pytest.raises(Exception) as without:
        function(*args)
    assert issubclass(without.type, error.type) or issubclass(error.type, without.type)


def as_products(function, x, m):
    """What the weighted sum of ``meet`` does, without a trace."""
    return np.asarray(function(x, m)) * 1.0


@pytest.mark.parametrize("role", table.BESIDE)
@pytest.mark.parametrize("name", table.KINDS)
def test_beside_a_traced_array(name, role):
    kind = kind_called(name)
    operation, function = table.BESIDE[role]
    outcome = kind.beside[list(table.BESIDE).index(role)]
    x, m = shifted(kind), kind.make(kind.example)
    if outcome in "ao@":
        gradient, result = table.meet(function, x, m)
        reference = function
        if outcome == "@":
            reference = {"`x * m`": lambda x, m: x @ m, "`m * x`": lambda x, m: m @ x}[role]
        expected, _ = table.meet(reference, x, kind.example)
        assert type(gradient) is np.ndarray and gradient.dtype == float
        np.testing.assert_allclose(gradient, expected)
        assert (result == "ArrayBox") == (outcome != "o")
        return
    with pytest.raises(Exception) as error:
        table.meet(function, x, m)
    if outcome == "e":
        names = operation, role.strip("`").replace("m", "y"), "greater" if ">" in role else ""
        texts = [table.refused(kind, each) for each in names]
        assert table.text_of(error.value) in [*texts, table.ASKED.get(kind.package)]
    else:
        check_native_error(error, as_products, function, x, m)


@pytest.mark.parametrize("role", table.ARGUMENT)
@pytest.mark.parametrize("name", table.KINDS)
def test_as_argument(name, role):
    kind = kind_called(name)
    text, function = table.ARGUMENT[role]
    outcome = kind.argument[list(table.ARGUMENT).index(role)]
    m = kind.make(kind.example)
    if outcome in "ao":
        result = function(m)
        assert (type(result) is np.ndarray) == (outcome == "a")
        result = result.toarray() if hasattr(result, "toarray") else result
        expected = function(kind.example)
        if name == "`csr_matrix`":  # of the product with itself
            ones = np.ones(kind.example.shape)
            expected = 2 * (ones @ kind.example.T + kind.example.T @ ones)
        np.testing.assert_allclose(result.astype(float), expected)
        return
    with pytest.raises(Exception) as error:
        function(m)
    if outcome == "e":
        assert table.text_of(error.value) == text.format(name="grad", called=kind.called, hint=table.hint(kind))
    else:
        check_native_error(error, lambda: m * 2.0)


@pytest.mark.parametrize("role", table.RETURNED)
@pytest.mark.parametrize("name", table.KINDS)
def test_returned(name, role):
    kind = kind_called(name)
    function = table.RETURNED[role]
    outcome = kind.returned[list(table.RETURNED).index(role)]
    m = kind.make(kind.example)
    if outcome == "a":
        expected = function(kind.example)
        if name == "`csr_matrix`":
            expected = grad(lambda x: x @ kind.example)(np.ones(kind.example.shape))
        np.testing.assert_allclose(function(m), expected)
        return
    with pytest.raises(Exception) as error:
        function(m)
    if outcome == "n":
        check_native_error(error, lambda: m * 2.0)
        return
    if table.text_of(error.value) != table.refused(kind, "multiply"):
        own = role == "returns `x * m`" and kind.beside[0] == "o"
        called = "a SparseArray" if own else kind.called
        hint = ", x.data" if own else table.hint(kind)
        assert str(error.value) == f"grad: the function returned {called}; it must return a number or an array{hint}."


OF_ARGUMENTS = {
    "value_and_grad": lambda m: value_and_grad(table.square)(m),
    "jvp": lambda m: jvp(table.square, (m,), (np.ones(3),)),
    "vjp": lambda m: vjp(table.square, m),
    "hessian": lambda m: hessian(table.square)(m),
    "jacobian": lambda m: jacobian(table.square)(m),
    "hvp": lambda m: hvp(table.square)(m, np.ones(3)),
}


@pytest.mark.parametrize("transformation", OF_ARGUMENTS)
def test_each_transformation_names_what_to_write(transformation):
    text = rf"{transformation}: argument 0 is a MaskedArray; .* numbers or arrays, x\.filled\(value\)\."
    with pytest.raises(TypeError, match=text):
        OF_ARGUMENTS[transformation](np.ma.masked_array(table.VECTOR))


def test_tangents_and_cotangents_are_arrays():
    masked = np.ma.masked_array(table.VECTOR)
    with pytest.raises(TypeError, match=r"a tangent is a MaskedArray.*Hand over x\.filled\(value\)\."):
        jvp(table.square, (table.VECTOR,), (masked,))
    _, pull = vjp(lambda x: x * x, table.VECTOR)
    with pytest.raises(TypeError, match=r"MaskedArray.*Hand over x\.filled\(value\)\."):
        pull(masked)
    np.testing.assert_array_equal(pull(table.VECTOR.view(table.Subclass))[0], 2 * table.VECTOR**2)


@pytest.mark.parametrize("name", ["`pandas.Series`", "`pandas.DataFrame`", "masked array", "`xarray.DataArray`"])
def test_jit_of_a_function_of_other_kinds_gives_what_the_function_gives(name):
    kind = kind_called(name)
    m = kind.make(kind.example)
    result, expected = jit(lambda m: m * m + 1.0)(m), m * m + 1.0
    assert type(result) is type(expected)
    np.testing.assert_array_equal(np.asarray(result), np.asarray(expected))


def test_jit_reads_a_subclass_anew():
    w = table.VECTOR.copy().view(table.Subclass)
    f = jit(lambda x: x * w)
    for _ in range(3):
        np.testing.assert_array_equal(f(np.ones(3)), np.asarray(w))
        w += 1.0


@pytest.mark.parametrize("make", [lambda x: x.view(table.Subclass), table.memmap, table.Readable, memoryview])
def test_constants_of_a_batch_are_aligned(make):
    x, m = np.ones((2, 1)), make(table.VECTOR.copy())
    assert vmap(lambda x, m: x * m, in_axes=(0, None))(x, m).shape == (2, 3)
    assert vmap(lambda x: m * x)(x).shape == (2, 3)


@pytest.mark.parametrize("make", [lambda x: x.view(table.Subclass), table.Readable, memoryview])
def test_gradients_of_gradients_beside_other_kinds(make):
    m = make(table.VECTOR.copy())
    result = hessian(lambda x: anp.sum(m * x * x * m))(np.ones(3))
    np.testing.assert_allclose(result, np.diag(2 * table.VECTOR**2))


def test_a_cast_to_objects_keeps_the_derivative():
    np.testing.assert_array_equal(grad(lambda x: (x.astype(object) * 2.0).sum())(np.ones(3)), np.full(3, 2.0))
    np.testing.assert_array_equal(
        grad(lambda x: anp.linspace(np.array([1.0], object), x, 3)[1].sum())(np.ones(1)), [0.5])


def array_of_traced(x):
    items = np.empty(2, object)
    items[0], items[1] = x[0], x[1]
    return items


def test_an_array_of_traced_numbers_computes_with_plain_ones():
    np.testing.assert_array_equal(grad(lambda x: np.sum(array_of_traced(x) * 2.0))(np.ones(2)), [2.0, 2.0])
    np.testing.assert_array_equal(grad(lambda x: anp.array(array_of_traced(x).tolist()) @ x)(np.ones(2)), [2.0, 2.0])


@pytest.mark.parametrize(
    "f", [lambda x: np.sum(array_of_traced(x) * x), lambda x: anp.sum(x * array_of_traced(x)),
          lambda x: anp.dot(array_of_traced(x), x)])
def test_an_array_of_traced_numbers_beside_a_traced_array_is_refused(f):
    with pytest.raises(TypeError, match=r"array of objects that holds traced values.*anp\.array\(x\.tolist\(\)\)"):
        grad(f)(np.ones(2))
    with pytest.raises(TypeError, match=r"array of objects that holds traced values.*anp\.array\(x\.tolist\(\)\)"):
        jvp(f, (np.ones(2),), (np.ones(2),))


def test_a_container_with_what_is_no_number_has_none_as_its_derivative():
    tree = {"w": table.VECTOR, "name": "a", "labels": np.array(["a", "b"]), "flags": np.array([True])}
    gradient = grad(lambda tree: table.square(tree["w"]))(tree)
    assert gradient["name"] is gradient["labels"] is gradient["flags"] is None


def test_data_frames_keep_their_words_in_methods_of_their_own():
    pd = pytest.importorskip("pandas", reason="data frames are of pandas")
    frame = pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    for f in (lambda x: frame.dot(x), lambda x: frame["a"].add(x), lambda x: pd.Series(x), lambda x: frame @ x):
        with pytest.raises(TypeError, match=r"pandas asks a traced value|no labels.*x\.to_numpy\(\)"):
            grad(f)(np.ones(2))
    np.testing.assert_array_equal(grad(lambda x: frame.to_numpy() @ x)(np.ones(2)), [3.0, 7.0])


def test_a_data_frame_among_the_keywords_is_no_constant_of_a_batch():
    pd = pytest.importorskip("pandas", reason="data frames are of pandas")
    with pytest.raises(TypeError, match=r"vmap: an argument is a DataFrame; hand over an array, x\.to_numpy\(\)"):
        vmap(lambda x, frame: x)(np.ones(2), frame=pd.DataFrame({"a": [1.0, 2.0]}))


def test_labels_of_xarray_are_kept():
    xr = pytest.importorskip("xarray", reason="labelled arrays are xarray's")
    labelled = xr.DataArray(table.MATRIX, dims=("t", "s"), coords={"t": [10, 20]})

    def f(x):
        result = np.exp(x * labelled).sum("s")
        assert result.dims == ("t",) and list(result.t) == [10, 20]
        return anp.sum(result.data)

    expected = grad(lambda x: anp.exp(x * table.MATRIX).sum())(2.0)
    np.testing.assert_allclose(grad(f)(2.0), expected)


def test_a_sparse_matrix_is_found_at_its_first_operation():
    pytest.importorskip("scipy", reason="sparse matrices are SciPy's")
    lines = run_python(
        "import numpy as np, scipy.sparse; from autodiff_trace import grad; "
        "A = scipy.sparse.csr_matrix([[1.0, 2.0], [3.0, 4.0]]); "
        "print(grad(lambda x: (x * A).sum())(np.ones((2, 2))).tolist())"
    )
    assert lines == ["[[3.0, 7.0], [3.0, 7.0]]"]


def test_the_document_is_that_of_the_table():
    text = table.DOCUMENT.read_text(encoding="utf-8")
    assert text.partition(table.MARK)[2] == table.describe(), "python tests/array_types_table.py"


def rows_with_constants():
    """The first row of each form of a function of several arrays, the argument that is traced, and the others."""
    for row in coverage_document.load_rows():
        arrays = [i for i, arg in enumerate(row.args) if type(arg) is np.ndarray and arg.size and arg.ndim]
        traced = [i for i in arrays if row.args[i].dtype.kind == "f"]
        if row.is_first and traced and len(arrays) > 1:
            yield row, traced[0], [i for i in arrays if i != traced[0]]


def gradient_with(row, traced, args):
    def total(x):
        leaves = tree_leaves(row.traced(*args[:traced], x, *args[traced + 1 :]))
        return sum(anp.sum(anp.real(leaf) * 1.0) for leaf in leaves)

    return grad(total)(args[traced])


def test_constants_of_other_kinds_in_all_functions():
    wrong, count = [], 0
    for row, traced, others in rows_with_constants():
        try:
            expected = gradient_with(row, traced, row.args)
        except Exception:  # it has no sum of real numbers
            continue
        count += 1
        args = [arg.view(table.Subclass) if i in others else arg for i, arg in enumerate(row.args)]
        result = gradient_with(row, traced, args)
        if type(result) is not type(expected) or not np.array_equal(result, expected, equal_nan=True):
            wrong.append(f"{row}: {result}, not {expected}")
        args = [
            np.ma.masked_array(arg, np.arange(arg.size).reshape(arg.shape) == 0) if i in others else arg
            for i, arg in enumerate(row.args)
        ]
        try:
            gradient_with(row, traced, args)
        except TypeError as error:
            if "MaskedArray" not in str(error) or "x.filled(value)" not in str(error):
                wrong.append(f"{row}: {error}")
        else:
            wrong.append(f"{row}: a mask is left out")
    assert count > 150 and [text for text in wrong if not text.startswith("delete")] == []  # where are integers
