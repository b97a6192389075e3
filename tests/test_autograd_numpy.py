"""autograd_compat.numpy: the names, what clients ask of them, and the helpers of rules. Needs no autograd."""

import functools
import types

import autodiff_trace
import numpy as np
import pytest
from autodiff_trace import numpy as native
from autodiff_trace.autograd_compat import grad, hessian, jacobian, make_jvp, numpy as anp
from autodiff_trace.autograd_compat.extend import def_linear, defjvp, defvjp, defvjp_argnum, primitive, vspace
from autodiff_trace.autograd_compat.numpy import fft, linalg, numpy_jvps, numpy_vjps, numpy_wrapper, random
from autodiff_trace.autograd_compat.test_util import check_grads

generator = np.random.default_rng(16)


def normal(*shape):
    return generator.standard_normal(shape) if shape else float(generator.standard_normal())


# Names

OWN = {
    anp: "custom_where numpy_boxes numpy_jvps numpy_vjps numpy_vspaces numpy_wrapper random linalg fft Box",
    numpy_wrapper: """
        _array_from_scalar_or_array _astype _primitive_mean array_from_args c_ c_class concatenate_args make_diagonal
        metadata notrace_functions numpy_version parse_einsum_input r_ r_class row_stack wrap_if_boxes_inside
        wrap_intdtype wrap_namespace
    """,
    linalg: """
        T _primitive_norm add2d grad_cholesky grad_eig grad_eigh grad_inv grad_pinv grad_solve grad_svd norm_jvp
        norm_vjp
    """,
    fft: "fft_grad get_fft_args irfft_grad make_rfft_factors match_complex rfft_grad truncate_pad",
    numpy_vjps: """
        ArrayBox SparseObject VJPNode balanced_eq defvjp dot_adjoint_0 dot_vjp_1 func grad_chooser grad_einsum
        grad_np_sum match_complex matmul_adjoint_1 matmul_vjp_0 nograd_functions pad_vjp primitive register_notrace
        repeat_to_match_shape replace_zero tensordot_adjoint_1 unbroadcast unbroadcast_einsum unbroadcast_f untake
        vspace
    """,
    numpy_jvps: "JVPNode atleast_jvpmaker broadcast def_linear defjvp fwd_grad_chooser fwd_grad_sort np_abs_jvp",
}


@pytest.mark.parametrize("module", OWN, ids=lambda module: module.__name__.rpartition(".")[2])
def test_own_names(module):
    assert [name for name in OWN[module].split() if name not in vars(module)] == []


@pytest.mark.parametrize("module, plain", [(anp, np), (numpy_wrapper, np), (linalg, np.linalg), (fft, np.fft),
                                           (random, np.random)])
def test_each_name_of_numpy_is_there(module, plain):
    scope = {}
    exec(f"from {module.__name__} import *", scope)
    missing = [
        name for name, value in vars(plain).items()
        if not name.startswith("_") and name not in scope
        and (isinstance(value, type) or isinstance(value, (types.FunctionType, np.ufunc, float)) or value is None)
    ]
    assert missing == []


def test_functions_are_the_native_ones():
    for name in "exp add matmul einsum sum mean transpose".split():
        assert getattr(anp, name) is getattr(native, name)
    assert anp.linalg.solve is native.linalg.solve and anp.fft.rfft is native.fft.rfft
    assert anp.conj is anp.conjugate and anp.pi == np.pi and anp.float32 is np.float32 and anp.newaxis is None
    assert anp.__version__ == np.__version__ == anp.numpy_version
    assert anp.mgrid is np.mgrid and anp.False_ is np.False_


def test_primitives_say_that_they_are():
    for function, plain in (
        (anp.exp, np.exp), (anp.sum, np.sum), (anp.zeros_like, np.zeros_like), (anp.linalg.inv, np.linalg.inv),
        (anp.fft.fft, np.fft.fft), (anp.random.randn, np.random.randn),
    ):
        assert function._is_autograd_primitive and function.fun is plain
    assert anp.shape._is_primitive and not hasattr(anp.shape, "_is_autograd_primitive")
    assert numpy_vjps.untake._is_autograd_primitive
    assert not hasattr(np.eye, "_is_autograd_primitive")


def test_clients_wrap_each_function():
    def wrap(function):
        @functools.wraps(function)
        def call(*args, **kwargs):
            calls.append(function)
            return function(*args, **kwargs)

        return call

    calls, mine = [], types.ModuleType("mine")
    for name, value in vars(anp).items():
        if callable(value) and not isinstance(value, type):
            setattr(mine, name, wrap(value))
    assert not hasattr(mine, "fft")  # a module of its own is to be imported as that
    x = normal(3)
    f = lambda np, x: np.sum(np.concatenate([np.tanh(x), np.array([x[0], 2.0])]) ** 2)  # noqa: E731
    np.testing.assert_array_equal(grad(lambda x: f(mine, x))(x), grad(lambda x: f(anp, x))(x))
    assert len(calls) >= 4


def test_clients_take_the_wrappers_off():
    plain = types.SimpleNamespace(**{
        name: value.fun if getattr(value, "_is_autograd_primitive", False) else value
        for name, value in vars(anp).items()
    })
    assert plain.exp is np.exp and plain.sum is np.sum and plain.zeros is np.zeros and plain.where is anp.where
    assert plain.concatenate([plain.ones(1), plain.ones(2)]).tolist() == [1.0, 1.0, 1.0]


# Namespaces of clients


def test_wrap_namespace():
    def double(x):
        return 2.0 * x

    old = {"exp": np.exp, "e": np.e, "double": double, "also": double, "Type": dict, "int64": np.int64, "none": None,
           "text": "1", "module": np, "__getattr__": double, "again": anp.sin, "zeros": np.zeros}
    new = {}
    numpy_wrapper.wrap_namespace(old, new)
    assert new.keys() == old.keys() - {"text", "module", "__getattr__"}
    assert new["exp"] is native.exp and new["again"] is native.sin and new["zeros"] is np.zeros
    assert new["double"] is new["also"] and new["double"].fun is double and new["double"] is not double
    defvjp(new["double"], lambda ans, x: lambda g: 2.0 * g)
    assert grad(new["double"])(3.0) == 2.0
    assert new["int64"](2.7) == 2 and new["Type"] is dict


def test_namespaces_of_scipy():
    scipy = pytest.importorskip("scipy.special")
    from autodiff_trace.scipy import special

    new = {}
    numpy_wrapper.wrap_namespace(vars(scipy), new)
    assert new["gammaln"] is special.gammaln and new["logsumexp"] is special.logsumexp
    np.testing.assert_allclose(grad(new["expit"])(0.3), special.expit(0.3) * special.expit(-0.3))


def test_integer_types():
    def f(x):
        n = anp.int64(x)
        assert type(n) is np.int64 and list(range(n)) == [0, 1]
        return x * anp.int32(x) * len(anp.random.rand(n))

    assert grad(f)(2.5) == 4.0
    assert isinstance(np.int64(1), anp.int64) and isinstance(np.int8(1), anp.integer)
    assert not isinstance(1.0, anp.integer)
    assert issubclass(np.int16, anp.integer) and np.issubdtype(np.int32, anp.integer)
    assert np.zeros(2, anp.int16).dtype == np.int16 and np.dtype(anp.int64) == np.int64


# Functions of which autograd's differ from NumPy's


def test_where_of_pythons_values():
    assert anp.where([True, False], [1, 2], [3, 4]) == [1, 4]
    assert type(anp.where(True, 1.0, 2.0)) is float
    assert type(anp.where(np.array([True, False]), 1.0, 2.0)) is np.ndarray
    assert anp.where([False, True])[0].tolist() == [1]
    assert anp.where(True, x=1.0, y=2.0) == anp.where(True, 1.0, y=2.0) == 1.0
    assert grad(lambda x: anp.sum(anp.where([True, False], [x, 1.0], [2.0, x])))(3.0) == 2.0
    with pytest.raises(ValueError):
        anp.where(True, 1.0)


def test_arrays_from_parts():
    x = normal(3)
    array = lambda x: numpy_wrapper.array_from_args((), {}, x[0], x[1] * x[2])  # noqa: E731
    check_grads(array)(x)
    check_grads(lambda x: numpy_wrapper._array_from_scalar_or_array((), {"ndmin": 2}, x))(x)
    check_grads(lambda x: numpy_wrapper.concatenate_args(0, x, 2.0 * x))(x)
    check_grads(lambda x: anp.r_[x, x[0], 1.0])(x)
    check_grads(lambda x: anp.c_[x, x])(x)
    check_grads(lambda x: numpy_wrapper.row_stack([x, x * x]))(x)
    with pytest.warns(UserWarning, match="np.concatenate is quicker"):
        assert numpy_wrapper.wrap_if_boxes_inside(np.array([1.0, 2.0], object), "r_").dtype == np.float64
    assert numpy_wrapper.wrap_if_boxes_inside(x) is x


def test_new_arrays_are_plain():
    def f(x):
        for array in (
            anp.zeros(3), anp.ones(3, int), anp.empty(2), anp.full(2, 1.0), anp.zeros_like(x), anp.ones_like(x),
            anp.full_like(x, 2.0), anp.empty_like(x),
        ):
            assert type(array) is np.ndarray
        anp.random.multivariate_normal(anp.zeros(2), anp.eye(2))
        return anp.sum(anp.full((2, 2), x[0])) * x[1]

    assert grad(f)(np.array([2.0, 3.0])).tolist() == [12.0, 8.0]


def objects(x):
    """What clients do by accident, and count on."""
    whole, items = np.array(x), np.array([x[0], x[1] * 2.0])
    assert whole.dtype == items.dtype == object and whole.shape == x.shape
    several = anp.array([x[0], 1.0, x[2]], dtype=object)
    ratio = whole / (whole + 1.0)
    return np.sum(ratio) * np.dot(items, [1.0, 3.0]) + anp.sum(anp.array(several, dtype=float)) + np.array(x[0]) ** 2


def test_arrays_of_objects():
    x = np.array([1.0, 2.0, 3.0])
    ratio = lambda x: anp.sum(x / (x + 1.0)) * (x[0] + 6.0 * x[1]) + x[0] + x[2] + x[0] ** 2  # noqa: E731
    np.testing.assert_allclose(grad(objects)(x), grad(ratio)(x))
    np.testing.assert_allclose(hessian(objects)(x), hessian(ratio)(x))
    with pytest.raises(ValueError, match="setting an array element with a sequence"):
        grad(lambda x: np.asarray(x, float).sum())(x)
    with pytest.raises(TypeError, match="would drop its derivative"):  # natively
        autodiff_trace.grad(objects)(x)


def test_make_diagonal():
    check_grads(lambda x: numpy_wrapper.make_diagonal(x, 0, -1, -2))(normal(2, 3))
    np.testing.assert_array_equal(numpy_wrapper.make_diagonal(np.array([1.0, np.inf]), 0, -1, -2), np.diag([1, np.inf]))
    with pytest.raises(NotImplementedError):
        numpy_wrapper.make_diagonal(normal(2))


def test_what_no_trace_sees():
    def f(x):
        assert numpy_wrapper.metadata(x) == ((2, 3), 2, np.float64, False)
        assert numpy_wrapper.parse_einsum_input("ij,kj", x, x)[:2] == ("ij,kj", "ik")
        return anp.sum(x)

    grad(f)(normal(2, 3))
    assert numpy_wrapper.notrace_functions[0] is np.ndim


@pytest.mark.parametrize("module", [np, anp])
def test_operators_in_place(module):
    def f(x):
        y = module.ones(3)
        y += x
        y *= x
        return anp.sum(y)

    np.testing.assert_allclose(grad(f)(np.array([1.0, 2.0, 3.0])), [3.0, 5.0, 7.0])
    np.testing.assert_allclose(make_jvp(f)(np.ones(3))(np.ones(3))[1], 9.0)


# Rules made of the helpers, differentiated again

times = primitive(np.multiply)
defvjp(times, lambda ans, x, y: numpy_vjps.unbroadcast_f(x, lambda g: y * g),
       lambda ans, x, y: numpy_vjps.unbroadcast_f(y, lambda g: x * g))
def_linear(times)


@pytest.mark.parametrize("shapes", [((3,), ()), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), ()), ((4, 1, 3), (2, 1))])
def test_unbroadcast(shapes):
    x, y = map(np.asarray, (normal(*shapes[0]), normal(*shapes[1])))
    check_grads(times, order=2)(x, y)
    check_grads(times, order=1, modes=["rev"])(x + 1j * x, y)


def test_unbroadcast_of_further_axes():
    x, meta = normal(4, 2, 3), numpy_wrapper.metadata(normal(2, 3))
    np.testing.assert_allclose(numpy_vjps.unbroadcast(x, meta), x.sum(0))
    ends = numpy_vjps.unbroadcast(x, numpy_wrapper.metadata(normal(4, 1)), -1)
    np.testing.assert_allclose(ends, x.sum(-1).sum(1, keepdims=True))
    middle = numpy_vjps.unbroadcast_einsum(x, numpy_wrapper.metadata(normal(4, 3)), [0, Ellipsis, 1])
    np.testing.assert_allclose(middle, x.sum(1))
    np.testing.assert_allclose(numpy_vjps.unbroadcast_einsum(x, meta, [0, 1, 2]), x)


SHAPES = [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 3), (3, 4)), ((2, 2, 3), (3,)), ((3,), (2, 3, 2)),
          ((2, 2, 3), (2, 3, 2))]


def product(fun, rule_0, rule_1):
    wrapped = primitive(fun)
    defvjp(wrapped, rule_0, rule_1)
    def_linear(wrapped)
    return wrapped


def meta(x):
    return numpy_wrapper.metadata(x)


PRODUCTS = {
    "matmul": (SHAPES, product(
        np.matmul,
        lambda ans, A, B: lambda g: numpy_vjps.matmul_adjoint_0(B, g, meta(A), anp.ndim(B)),
        lambda ans, A, B: lambda g: numpy_vjps.matmul_adjoint_1(A, g, anp.ndim(A), meta(B)))),
    "matmul_vjp": (SHAPES[:4], product(np.matmul, numpy_vjps.matmul_vjp_0, numpy_vjps.matmul_vjp_1)),
    "dot": ([*SHAPES[:-1], ((2, 2, 3), (4, 3, 2)), ((), (3,)), ((2,), ())], product(
        np.dot,
        lambda ans, A, B: lambda g: numpy_vjps.dot_adjoint_0(B, g, meta(A), meta(B)),
        lambda ans, A, B: lambda g: numpy_vjps.dot_adjoint_1(A, g, meta(A), meta(B)))),
    "dot_vjp": (SHAPES[:4], product(np.dot, numpy_vjps.dot_vjp_0, numpy_vjps.dot_vjp_1)),
}


@pytest.mark.parametrize("name, shapes", [(name, shapes) for name in PRODUCTS for shapes in PRODUCTS[name][0]])
def test_adjoints_of_products(name, shapes):
    x, y = (np.asarray(normal(*shape)) for shape in shapes)
    check_grads(PRODUCTS[name][1], order=2)(x, y)


@pytest.mark.parametrize("shapes, axes", [
    (((2, 3), (3, 4)), 1), (((2, 3, 4), (3, 4, 5)), 2), (((2,), (3,)), 0), (((2, 3, 4), (4, 3, 5)), ([1, 2], [1, 0])),
    (((2, 3, 4), (4, 3, 5)), ((-1, 1), (0, -2))), (((2, 3), (3, 2)), (1, 0)), (((), (3,)), 0), (((3,), ()), 0),
])
def test_adjoints_of_tensordot(shapes, axes):
    x, y = (np.asarray(normal(*shape)) for shape in shapes)
    function = product(
        lambda x, y: np.tensordot(x, y, axes),
        lambda ans, A, B: lambda g: numpy_vjps.tensordot_adjoint_0(B, g, axes, A.ndim, B.ndim),
        lambda ans, A, B: lambda g: numpy_vjps.tensordot_adjoint_1(A, g, axes, A.ndim, B.ndim))
    check_grads(function, order=2)(x, y)
    whole = product(
        lambda x, y: np.tensordot(x, y, axes),
        lambda ans, A, B: numpy_vjps.tensordot_vjp_0(ans, A, B, axes),
        lambda ans, A, B: numpy_vjps.tensordot_vjp_1(ans, A, B, axes))
    np.testing.assert_allclose(jacobian(whole, 1)(x, y), jacobian(function, 1)(x, y))


@pytest.mark.parametrize("index", [1, slice(0, 2), [0, 0, 2], (slice(None), 1), np.array([True, False, True])], ids=str)
def test_untake(index):
    take = primitive(lambda x: x[index])
    defvjp(take, lambda ans, x: lambda g: numpy_vjps.untake(g, index, vspace(x)))
    defjvp(take, "same")
    check_grads(take, order=2)(normal(3, 2))


@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions(axis, keepdims):
    def total(x):
        return np.sum(x, axis=axis, keepdims=keepdims)

    sums = primitive(total)
    defvjp(sums, lambda ans, x: lambda g: numpy_vjps.repeat_to_match_shape(
        g, anp.shape(x), anp.result_type(x), axis, keepdims)[0])
    defjvp(sums, "same")
    x = normal(2, 3)
    check_grads(lambda x: sums(x * x), order=2)(x)
    largest = primitive(lambda x: np.max(x, axis=axis, keepdims=keepdims))
    defvjp(largest, lambda ans, x: numpy_vjps.grad_chooser(ans, x, axis=axis, keepdims=keepdims))
    defjvp(largest, lambda g, ans, x: numpy_jvps.fwd_grad_chooser(g, ans, x, axis=axis, keepdims=keepdims))
    check_grads(lambda x: largest(x * x), order=2)(x)
    assert numpy_vjps.repeat_to_match_shape(total(x), (2, 3), float, axis, keepdims)[1] == x.size / np.size(total(x))
    ties = numpy_vjps.grad_chooser(1.0, np.ones(4))(1.0)
    np.testing.assert_allclose(ties, 0.25)


def test_kinds_of_numbers():
    x = normal(3)
    assert numpy_vjps.match_complex(1.0, x + 1j).dtype == np.float64
    assert numpy_vjps.match_complex(1j, x).dtype == np.complex128
    assert numpy_vjps.match_complex(x, x) is x
    np.testing.assert_array_equal(numpy_vjps.replace_zero(np.array([0.0, 2.0]), 1.0), [1.0, 2.0])
    np.testing.assert_array_equal(numpy_vjps.balanced_eq(np.array([1.0, 2, 3]), np.array([1.0, 3, 3]),
                                                         np.array([1.0, 3, 1])), [0.5, 0.0, 1.0])
    check_grads(lambda x: numpy_vjps.replace_zero(x, 1.0), order=2)(x)
    check_grads(lambda x: numpy_jvps.broadcast(x, np.zeros((2, 3))), order=2)(x)
    assert numpy_jvps.broadcast(x, 1j * np.ones((2, 3))).dtype == np.complex128


def test_orders():
    x, permutation = normal(5), np.array([2, 0, 1, 4, 3])
    np.testing.assert_array_equal(numpy_vjps.unpermuter(x[permutation], permutation), x)
    np.testing.assert_array_equal(numpy_vjps.reverse_axis(np.outer(x, x), 1), np.outer(x, x)[:, ::-1])
    for shape in ((2, 3), ((2, 3),), ([2, 3],), ((2, 3), "F")):
        np.testing.assert_array_equal(numpy_vjps.wrapped_reshape(np.arange(6), *shape),
                                      np.arange(6).reshape(2, 3, order="F" if shape[-1] == "F" else "C"))
    for width in (1, (1,), (1, 2), ((1, 2),), ((1, 0), (0, 2))):
        inner = normal(2, 3)
        np.testing.assert_array_equal(numpy_vjps._unpad(np.pad(inner, width), width), inner)


# Rules in autograd's form

S = np.array([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 1.0]])
RULES = {
    "grad_np_sum": (np.sum, (normal(2, 3),), {"axis": 1}), "grad_np_mean": (np.mean, (normal(2, 3),), {"axis": (0, 1)}),
    "grad_np_std": (np.std, (normal(2, 3),), {"axis": 0}), "grad_np_prod": (np.prod, (normal(2, 3),), {}),
    "grad_np_cumsum": (np.cumsum, (normal(2, 3), 1), {}), "grad_diff": (np.diff, (normal(5), 2), {}),
    "grad_gradient": (np.gradient, (normal(3, 4),), {}), "grad_repeat": (np.repeat, (normal(3), 2), {}),
    "grad_tile": (np.tile, (normal(2, 3), 2), {}), "grad_sort": (np.sort, (normal(2, 3),), {}),
    "grad_transpose": (np.transpose, (normal(2, 3, 4), (-1, 0, 1)), {}),
    "pad_vjp": (np.pad, (normal(3), 1, "wrap"), {}),
    "grad_broadcast_to": (np.broadcast_to, (normal(3), (2, 3)), {}), "np_abs_vjp": (np.abs, (normal(3),), {}),
    "linalg.grad_inv": (np.linalg.inv, (S,), {}), "linalg.grad_eigh": (np.linalg.eigh, (S,), {}),
    "linalg.norm_vjp": (np.linalg.norm, (normal(2, 3),), {"axis": 1}),
    "linalg.grad_cholesky": (np.linalg.cholesky, (S,), {}),
}


def dot(x, y):
    """The inner product of arrays, or of tuples of them."""
    return sum(map(dot, x, y)) if isinstance(x, (tuple, list)) else float(np.sum(x * y))


def ramp(x):
    """An array like ``x`` of other values, or a tuple of them."""
    if isinstance(x, (tuple, list)):
        return tuple(map(ramp, x))
    return np.reshape(np.cos(np.arange(np.size(x))), np.shape(x))


@pytest.mark.parametrize("name", RULES)
def test_curried_rules(name):
    function, (x, *rest), kwargs = RULES[name]
    module, name = (linalg, name[7:]) if name.startswith("linalg.") else (numpy_vjps, name)
    ans = function(x, *rest, **kwargs)
    t, g = ramp(x), ramp(ans)
    if name in ("grad_eigh", "grad_cholesky"):  # of symmetric directions
        t = t + t.T
    plus, minus = (function(x + step * t, *rest, **kwargs) for step in (1e-5, -1e-5))
    slope = (dot(plus, g) - dot(minus, g)) / 2e-5
    pulled = getattr(module, name)(ans, x, *rest, **kwargs)(g)
    np.testing.assert_allclose(dot(pulled, t), slope, rtol=1e-6, atol=1e-8)


def test_curried_rules_by_number():
    A, B = normal(2, 3), normal(3, 4)
    g = ramp(A @ B)
    for i, expected in ((1, g @ B.T), (2, A.T @ g)):
        np.testing.assert_allclose(numpy_vjps.grad_einsum(i, A @ B, ("ij,jk->ik", A, B), {})(g), expected)
    joined = numpy_vjps.grad_concatenate_args(2, None, (0, A, 2 * A), {})
    np.testing.assert_array_equal(joined(np.arange(12.0).reshape(4, 3)), np.arange(6.0, 12.0).reshape(2, 3))
    np.testing.assert_allclose(linalg.grad_solve(1, None, S, normal(3))(np.ones(3)), np.linalg.solve(S.T, np.ones(3)))
    np.testing.assert_allclose(numpy_vjps.grad_kron(0, None, np.eye(2), B)(np.ones((6, 8))), np.full((2, 2), B.sum()))
    assert numpy_vjps.array_from_args_gradmaker(3, None, (), {})(np.array([1.0, 2.0])) == 2.0
    many = primitive(lambda axis, *args: np.concatenate(args, axis))
    defvjp_argnum(many, numpy_vjps.grad_concatenate_args)
    check_grads(lambda x: many(0, x, x * x), modes=["rev"], order=2)(normal(3))


def test_rules_of_forward_mode():
    x, t = normal(2, 3), normal(2, 3)
    for rule, function in ((numpy_jvps.forward_grad_np_var, anp.var), (numpy_jvps.forward_grad_np_std, anp.std)):
        expected = make_jvp(lambda x, function=function: function(x, axis=(0, 1)))(x)(t)[1]
        np.testing.assert_allclose(rule(t, None, x, axis=(0, 1)), expected)
    np.testing.assert_allclose(numpy_jvps.fwd_grad_sort(t, None, x), np.take_along_axis(t, np.argsort(x), -1))
    np.testing.assert_allclose(linalg.norm_jvp(t, None, x), np.sum(x * t) / np.linalg.norm(x))
    lifted = numpy_jvps.atleast_jvpmaker(anp.atleast_2d)
    assert lifted(x[0], None, x[0]).shape == (1, 3)
    with pytest.raises(NotImplementedError):
        lifted(x, None, x, x)


def test_rules_of_transforms():
    x = normal(8)
    g = normal(5) + 1j * normal(5)
    expected = np.array([np.sum(g * np.fft.rfft(row)).real for row in np.eye(8)])
    np.testing.assert_allclose(fft.rfft_grad(fft.get_fft_args, fft.irfft, None, x)(g), expected, atol=1e-12)
    back = fft.irfft_grad(fft.get_fft_args, fft.rfft, None, np.fft.rfft(x))(x)
    factors = fft.make_rfft_factors([0], (5,), (5,), (8,), None)
    np.testing.assert_allclose(back, np.conj(np.fft.rfft(x)) * factors, atol=1e-12)
    assert fft.truncate_pad(np.ones((2, 3)), (3, 2)).tolist() == [[1, 1], [1, 1], [0, 0]]
    check_grads(lambda x: fft.truncate_pad(x, (3, 2)))(normal(2, 3))
    assert fft.get_fftn_args(np.ones((2, 3))) == ([0, 1], None, None)
    assert fft.get_fft_args(x, 4, 0) == ([0], [4], None)
    for check, wrong in ((fft.check_no_repeated_axes, [1, 1]), (fft.check_even_shape, [4, 3])):
        with pytest.raises(NotImplementedError):
            check(wrong)


def test_the_gradient_of_cholesky_is_symmetric():
    f = lambda A: anp.sum(linalg.cholesky(A) * np.arange(9.0).reshape(3, 3))  # noqa: E731
    lower = autodiff_trace.grad(lambda A: anp.sum(np.linalg.cholesky(A) * np.arange(9.0).reshape(3, 3)))(S)
    gradient = grad(f)(S)
    np.testing.assert_allclose(gradient, (lower + lower.T) / 2)
    check_grads(lambda A: linalg.cholesky(A @ A.T), order=2)(S)
    np.testing.assert_array_equal(linalg.cholesky(S), np.linalg.cholesky(S))
    np.testing.assert_array_equal(linalg.grad_cholesky(None, S)(np.arange(9.0).reshape(3, 3)), gradient)


def test_helpers_of_matrices():
    x = normal(2, 3)
    np.testing.assert_array_equal(linalg.T(x), x.T)
    assert linalg.add2d(x).shape == (2, 3, 1, 1)
    np.testing.assert_array_equal(linalg._matrix_diag(x), [np.diag(row) for row in x])


@pytest.mark.parametrize("function", [
    lambda S: anp.sum(linalg.eigh(S)[0] ** 2), lambda S: linalg.norm(S, "nuc"),
    lambda S: anp.sum(linalg.svd(S, compute_uv=False) ** 3),
])
def test_second_derivatives_where_eigenvalues_are_equal(function):
    S = np.eye(3)
    found, step = hessian(function)(S), 1e-5
    assert type(found) is np.ndarray
    for unit in np.eye(9).reshape(9, 3, 3):
        unit = unit + unit.T
        slope = (grad(function)(S + step * unit) - grad(function)(S - step * unit)) / (2 * step)
        np.testing.assert_allclose(np.tensordot(found, unit, 2), slope, atol=1e-8)
