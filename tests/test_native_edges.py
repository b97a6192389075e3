"""The native back end where random programs have found it wrong: layouts, casts, flags, Python's numbers."""

import warnings

import numpy as np
import pytest

from autodiff_trace import grad, hessian, jit, scan, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.analysis.liveness import find_roots
from autodiff_trace.compiler.ir.infer import infer
from autodiff_trace.compiler.ir.node import Node
from autodiff_trace.compiler.ir.spec import make_spec

pytest.importorskip("llvmlite", reason="the native back end needs llvmlite")

RNG = np.random.default_rng(0)
X = RNG.normal(size=9)
M = RNG.normal(size=(3, 4))
LONG = RNG.normal(size=(16, 9)).astype(np.float32)


def both(fun, *args, math="numpy", **handling):
    """What a program gives in its second run, natively and without jit, with the warnings."""
    results = []
    for each in (jit(fun, backend="native", math=math), fun):
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error")  # the back end has not failed
            each(*args)
        with np.errstate(**(handling or {"all": "ignore"})), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                result = each(*args)
            except ArithmeticError as error:
                result = type(error)
        results.append((result, {str(warning.message) for warning in caught}))
    return results


def same(found, expected):
    if isinstance(expected, (tuple, list)):
        for x, y in zip(found, expected, strict=True):
            same(x, y)
        return
    assert type(found) is type(expected)
    if isinstance(expected, np.ndarray):
        assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
        assert [s for s, n in zip(found.strides, found.shape) if n > 1] == [
            s for s, n in zip(expected.strides, expected.shape) if n > 1]
    np.testing.assert_array_equal(found, expected)
    if not isinstance(expected, type) and np.asarray(expected).dtype.kind == "f":
        np.testing.assert_array_equal(np.signbit(found), np.signbit(expected))


def assigned(x, value):
    y = x * 1
    y[1:] = value
    return y + 1


def added_to_itself(x):
    y = x.copy()
    y[::-1] += y
    return anp.count_nonzero(y) + anp.sum(y)


COMPLEX = RNG.normal(size=40) + 1j * RNG.normal(size=40)
ZEROS = np.array([-0.0, 0.0, -0.0, -0.0, 0.0, -0.0, -0.0, -0.0, -0.0])

EXACT = {  # programs that give the same bits with math="numpy"
    "an integer power beside a sum": (lambda x: (anp.sum(x * x), x**2), np.arange(5)),
    "complex products": (lambda x: x * x[::-1] + x**2, COMPLEX),
    "one complex product": (lambda x: x * x + 1, COMPLEX[:1]),
    "a complex array of no dimensions": (lambda x: anp.stack([x * x, x * x]) * 2, np.array(1.3 - 0.7j, np.complex64)),
    "zeros with signs": (lambda x: (anp.max(x * 1), anp.min(x * 1), anp.max(x.reshape(3, 3) * 1, axis=0)), ZEROS),
    "a product backwards": (lambda x: -anp.prod(x[:, ::-1] * 1, axis=None), LONG),
    "a sum over rows apart": (lambda x: anp.sum(x[:, ::2]) + 1, RNG.normal(size=(2, 129))),
    "a sum of what is broadcast": (
        lambda x: x - anp.mean(x), np.broadcast_to(RNG.normal(size=(1, 3, 2)), (4, 3, 2))),
    "dot backwards": (lambda x: (anp.dot(x, x[0]), x + 1), M[::-1, ::-1]),
    "a small product": (lambda x: (x @ x.T @ x, x + 1), M[:2, :2]),
    "a power of NumPy's number": (lambda x: anp.sum(anp.exp(x)) ** 2 + 1, RNG.normal(size=127)),
    "integers counted": (added_to_itself, np.arange(-3, 60)),
    "a number as an array": (lambda x: (y := anp.atleast_2d(x * 3 + 1), y @ y.T, anp.round(x * 3 + 1))[1:], 2.5),
    "a part of a number": (lambda x, y: anp.nan_to_num(anp.where(x > 0, x, y)), 1.5, COMPLEX[:1]),
    "an assignment that casts": (lambda x: assigned(x, x[0] * 1.7), np.arange(5.0)),
    "floats into integers": (lambda x, y: assigned(x, y[0] * 1.7), np.arange(5), X),
    "unsigned beside -1": (lambda x: anp.where(x > -1, x + 1, x), np.arange(5, dtype=np.uint64)),
    "small beside a large integer": (lambda x: (x < 300) & (x + 1 > 2), np.arange(5, dtype=np.uint8)),
    "nothing": (lambda x: (x - anp.sum(x) / 3, anp.sum(x * x), anp.concatenate([x, x]) * 2), np.zeros(0)),
    "rows of nothing": (
        lambda x: anp.stack([row * 0.5 + 1 for row in anp.einsum("ij,kj->ik", x, x)]), np.zeros((3, 0))),
}


@pytest.mark.parametrize("name", EXACT)
@pytest.mark.parametrize("math", ["numpy", "own"])
def test_results(name, math):
    fun, *args = EXACT[name]
    (found, _), (expected, _) = both(fun, *args, math=math)
    if math == "numpy":
        same(found, expected)
    for x, y in zip(*[each if isinstance(each, tuple) else (each,) for each in (found, expected)], strict=True):
        assert type(x) is type(y)
        single = np.asarray(y).dtype in (np.float32, np.complex64)
        np.testing.assert_allclose(x, y, rtol=1e-4 if single else 1e-12)


LAYOUTS = {
    "a broadcast view of ones": (hessian(lambda x: anp.sum(x * 3)), np.ones((2, 2, 2))),
    "a number broadcast": (vmap(lambda x: (x * 2, anp.broadcast_to(anp.sum(x * x) ** 2, (3,)) + 1)), np.ones((3, 3))),
    "a view backwards that is needed": (
        lambda x: (anp.concatenate([x[None] * 1, x[None]], axis=0), anp.exp(-x[None] * x[None])), X[:4][::-1]),
    "a copy that does not move": (
        lambda x: (anp.concatenate([anp.broadcast_to(x, (2, 9)), x[None]]) * 2, anp.zeros_like(x[None]) + 1), X),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts(name):
    fun, x = LAYOUTS[name]
    expected, compiled = jit(fun, backend="numpy"), jit(fun, backend="native")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(3):
            found, wanted = compiled(x), expected(x)
    for each, other in zip(*[each if isinstance(each, tuple) else (each,) for each in (found, wanted)], strict=True):
        same(each, other)


def test_scratch_memory_of_a_view_that_goes_backwards(monkeypatch):
    monkeypatch.setenv("AUTODIFF_TRACE_NATIVE_DEBUG", "before")  # what is written before its memory ends the process

    def fun(x):
        y = anp.reshape(x, (1, 4))
        return anp.concatenate([y, y, y]) + 1, anp.exp(-y * y)

    (found, _), (expected, _) = both(fun, X[:4][::-1])
    same(found, expected)


FLAGS = {  # programs that warn; the C library raises overflow in a unit of its own
    "exp": (lambda x: anp.sum(anp.exp(anp.exp(x)), axis=0), np.full((1, 129), 300, np.float32)),
    "a number that is too large": (lambda x: anp.minimum(x, 1e300) + anp.where(x > 2, 1e300, x), X.astype(np.float32)),
    "an empty array": (lambda x: x - anp.sum(x) / (anp.sum(x) * 1), np.zeros(0)),
    "an assignment of what is too large": (lambda x: assigned(x, 1e300), X.astype(np.float32)),
    "zeros beside zeros": (lambda x: (z := anp.zeros_like(x), z / z, x + 1)[1:], np.float64(2)),
    "a truth that is multiplied": (lambda x: (x > 5) * np.inf + 1, np.array([2.0])),
    "a square of what is known": (lambda x: anp.array([x, 1e300, x + 1]) ** 2, 2.0),
    "division": (lambda x: x / (x * 0) + 1, X),
    "what a selection does not take": (
        lambda x: anp.where(x > 0, x * (x * 0) + 1, x - 3) * anp.abs(x), np.float64(-np.inf)),
    "complex numbers that a selection does not take": (
        lambda x: anp.where(x.real > 0, x * x + 1, x - 3), np.complex128(-1e300 + 1j)),
    "a mean of one complex number": (lambda x: anp.mean(anp.maximum(x, 0.5)) + 1, np.array(np.inf, np.complex64)),
}


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("how", ["warn", "raise", "ignore"])
@pytest.mark.parametrize("math", ["numpy", "own"])
def test_flags(name, how, math):
    fun, x = FLAGS[name]
    (found, said), (expected, wanted) = both(fun, x, math=math, divide=how, over=how, invalid=how)
    assert said == wanted
    assert bool(wanted) == (how == "warn")
    assert (found is FloatingPointError) == (how == "raise") == (expected is FloatingPointError)


@pytest.mark.parametrize("x, y", [(1.0, 0.0), (0.0, -1.0), (-2.0, 0.5), (1e200, 3.0), (float("nan"), 1.0)])
def test_pythons_numbers_raise_what_python_raises(x, y):
    def fun(x, y, z):
        return x / (y + 0), (x * 1) ** y, anp.sum(z * z)

    compiled = jit(fun, backend="native")
    with np.errstate(all="ignore"):
        compiled(1.5, 2.0, X), compiled(1.5, 2.0, X)
        outcomes = []
        for each in (compiled, fun):
            try:
                outcomes.append(repr(each(x, y, X)[:2]))
            except ArithmeticError as error:
                outcomes.append(repr(error))
    assert outcomes[0] == outcomes[1]


def test_pythons_integers_have_no_end():
    compiled = jit(lambda n, x: (n * n + 1, anp.sum(x * x) + n), backend="native")
    for n in (3, 2**40, 2**70, -(2**63)):
        assert compiled(n, X)[0] == n * n + 1


def test_other_ufuncs_of_the_same_name():
    special = pytest.importorskip("scipy.special", reason="ufuncs that are not NumPy's")
    from autodiff_trace.compiler.backends.native.symbols import loop_name

    assert loop_name(np.log1p) == "log1p" and loop_name(special.log1p) == "special.log1p"


def given(shape, strides):
    return Node(None, (), {}, make_spec(np.ndarray, shape, np.dtype(float), strides), "x", "input")


def test_copies_of_views_that_do_not_move():
    from autodiff_trace.compiler.backends.numpy_source import calls

    view = np.broadcast_to(np.zeros(4), (2, 4))
    node = given(view.shape, view.strides)
    for function in (calls.copy, np.zeros_like):
        assert infer(function, (node,)).strides == function(view).strides
    assert infer(calls.cast, (node, np.dtype("f4"))).strides == view.astype("f4").strides


def test_a_reshape_of_a_broadcast_array_is_a_view():
    from autodiff_trace.compiler.backends.numpy_source import calls
    from autodiff_trace.compiler.ir.infer import call
    from autodiff_trace.compiler.ir.node import Program

    x = given((4, 2), (0, 8))
    step = call(calls.reshape, (x, (2, 2, 2)), x)
    assert find_roots(Program([x], [step], [step]), guess=False)[step] == {x}


def test_scans_of_views():
    def fun(x):
        return scan(lambda c, e: (c * 0.5 + e, c[::-1]), x[:, 0][::-1], x[:, ::-1].T)[1]

    (found, _), (expected, _) = both(fun, RNG.normal(size=(4, 5)))
    np.testing.assert_array_equal(found, expected)
    compiled = jit(grad(lambda x: anp.sum(fun(x) ** 2)), backend="native")
    x = RNG.normal(size=(4, 5))
    compiled(x)
    np.testing.assert_allclose(compiled(x), grad(lambda x: anp.sum(fun(x) ** 2))(x), rtol=1e-12)
