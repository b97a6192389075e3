"""Ufuncs asked for more than a plain call: keywords, outputs, and their methods, each against NumPy and differences."""

from functools import partial

import numpy as np
import pytest

from autodiff_trace import TracedValueError, grad, jit, jvp, value_and_grad, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.jitted import JitWarning
from autodiff_trace.testing import check_grads

X = np.array([[0.7, 1.4, -0.3], [2.1, 0.6, 1.9]])
Y = np.array([1.3, 0.8, 2.2])
MASK = np.array([True, False, True])


def check(f, *args, order=2):
    """``f(module, *args)`` gives what NumPy gives, and its derivatives are right, by ``anp.f`` and by ``np.f``."""
    expected = f(np, *[arg.copy() for arg in args])
    for module in (anp, np):
        traced = partial(f, module)
        value, _ = jvp(traced, args, args)
        np.testing.assert_allclose(value, expected, rtol=1e-14)
        assert np.result_type(value) == expected.dtype
        check_grads(traced, *args, order=order if module is anp else 1)


# Keywords of a call


@pytest.mark.parametrize("f", [
    lambda m, x: m.log(x, where=x > 0, out=x * 1),
    lambda m, x: m.divide(1.0, x, where=x > 0, out=x * 2),
    lambda m, x: m.arctanh(x, where=abs(x) < 1, out=x * 0),
    lambda m, x: m.multiply(x, Y, where=MASK, out=x * 2),
    lambda m, x: m.multiply(x, Y, where=True, order="C", subok=False),
    lambda m, x: m.add(x, Y, x * 2),
    lambda m, x: m.exp(x, x * 1),
    lambda m, x: m.exp(x, out=(x * 1,)),
    lambda m, x: m.sin(x, out=None, where=True),
    lambda m, x: m.add(Y, 1.0, out=x * 1),
    lambda m, x: m.clip(x, 0.0, 1.0, out=x * 1),
    lambda m, x: m.clip(x, 0.0, 1.0, where=MASK, out=x * 3),
    lambda m, x: m.power(x, [2, 3, 1], casting="same_kind"),
    lambda m, x: m.divmod(x, 0.8, out=(x * 1, x * 2))[1],
    lambda m, x: m.modf(x, x * 1, x * 2)[0],
    lambda m, x: m.frexp(x, out=(x * 1, None))[0],
    lambda m, x: m.round(x, 1, out=x * 1) * x,
    lambda m, x: m.floor(x, out=x * 1) * x,
    lambda m, x: m.float_power(x, 2, out=x * 1),
    lambda m, x: m.sign(x, out=x * 1) * x,
])
def test_keywords(f):
    check(f, X)


def test_out_is_written():
    def f(x):
        z = x * 0
        w = x * 5
        assert anp.multiply(x, Y, out=z) is z
        assert anp.add(x, 1.0, w) is w
        np.subtract(x, Y, out=w, where=MASK)
        return z * w

    np.testing.assert_allclose(value_and_grad(f)(X)[0], X * Y * np.where(MASK, X - Y, X + 1))
    check_grads(f, X)


def test_out_is_a_plain_array():
    plain = np.zeros(3)
    for f in (lambda x: anp.exp(x, plain), lambda x: anp.exp(x, out=plain), lambda x: np.add(x, 1, out=plain),
              lambda x: anp.maximum(x, 0, plain)):
        with pytest.raises(TracedValueError, match="out= is a plain array"):
            grad(f)(Y)
    assert not plain.any()


def test_masked_elements_are_exact():
    """Where the mask is false the function is not evaluated: no warning, and no infinite slope times zero."""
    x = np.array([1.0, 0.0, -1.0])
    np.testing.assert_array_equal(grad(lambda x: anp.log(x, where=x > 0, out=x * 3))(x), [1, 3, 3])
    slope = grad(lambda x: anp.multiply(x, np.array([2, np.inf, 1]), where=[True, False, True], out=x * 0))(x)
    np.testing.assert_array_equal(slope, [2, 0, 1])


@pytest.mark.parametrize("given, dtype", [
    ({"dtype": np.float32}, np.float32),
    ({"dtype": "d"}, np.float64),
    ({"signature": "dd->d"}, np.float64),
    ({"signature": (None, None, np.float32)}, np.float32),
    ({"sig": "ff->f", "casting": "same_kind"}, np.float32),
    ({"dtype": np.float64, "casting": "safe"}, np.float64),
])
def test_dtype(given, dtype):
    x = Y.astype(np.float32)
    for module in (anp, np):
        value, gradient = value_and_grad(partial(module.add, 1.5, **given))(x)
        assert (value.dtype, gradient.dtype) == (dtype, np.float32)
        np.testing.assert_array_equal(gradient, np.ones(3))


def test_dtype_of_parts():
    value, gradient = value_and_grad(lambda z: anp.absolute(z, dtype=np.float64))(np.array([3 + 4j], np.complex64))
    assert value.dtype == np.float64 and gradient.dtype == np.complex64
    assert grad(lambda x: anp.multiply(x, anp.isfinite(x, dtype=bool)))(2.0) == 1


@pytest.mark.parametrize("given, error", [
    ({"dtype": np.float32, "casting": "safe"}, "safe"),
    ({"casting": "no", "dtype": np.float32}, "no"),
    ({"dtype": np.int64}, "same_kind"),
    ({"spam": 1}, "unexpected keyword argument 'spam'"),
    ({"axis": 1}, "unexpected keyword argument 'axis'"),
])
def test_refused(given, error):
    with pytest.raises(TypeError, match=error):
        grad(lambda x: anp.add(x, Y, **given))(Y)
    with pytest.raises(TypeError):
        np.add(Y, Y, **given)


def test_where_without_out():
    with pytest.raises(ValueError, match="add: where= without out= leaves elements undefined"):
        grad(lambda x: anp.add(x, 1.0, where=MASK))(Y)


def test_too_many_arguments():
    with pytest.raises(TypeError, match="exp takes 1 arguments and 1 outputs"):
        grad(lambda x: anp.exp(x, x * 1, x * 1))(Y)
    with pytest.raises(TypeError, match="by position and by keyword"):
        grad(lambda x: anp.exp(x, x * 1, out=x * 1))(Y)


# Methods

FOLDED = "add arctan2 divide fmax fmin hypot logaddexp logaddexp2 maximum minimum multiply power subtract".split()


@pytest.mark.parametrize("name", FOLDED)
def test_reduce(name):
    x = np.abs(X)
    check(lambda m, x: getattr(m, name).reduce(x), x)
    check(lambda m, x: getattr(m, name).reduce(x, -2, initial=1.5), x)
    check(lambda m, x: getattr(m, name).reduce(x, axis=0, where=MASK, initial=1.5), x, order=1)
    # Along contiguous elements NumPy 2.4 is wrong on some processors: np.power.reduce([0.7, 1.4, 0.3]) is 0.7 ** 0.3.
    if name not in ("arctan2", "power"):
        check(lambda m, x: getattr(m, name).reduce(x, axis=-1, keepdims=True), x)


@pytest.mark.parametrize("f", [
    lambda m, x: m.logaddexp.reduce(x, axis=None),
    lambda m, x: m.logaddexp.reduce(x, axis=(0, 1), keepdims=True),
    lambda m, x: m.logaddexp.reduce(x, axis=1, where=MASK),
    lambda m, x: m.hypot.reduce(x[:, :0], axis=1) + x[:, 0],
    lambda m, x: m.fmax.reduce(x, axis=None, initial=-1.0, where=MASK),
    lambda m, x: m.add.reduce(x, where=MASK),
    lambda m, x: m.add.reduce(x, out=x[0] * 2),
    lambda m, x: m.subtract.reduce(x, out=x[0] * 2),
    lambda m, x: m.maximum.reduce(x, axis=(0, 1), dtype=np.float64),
    lambda m, x: m.subtract.reduce(x[:1]),
    lambda m, x: m.hypot.reduce(x[:1]),
    lambda m, x: m.fmin.reduce(x, axis=()),
    lambda m, x: m.subtract.reduce(x, initial=x[0, 0]),
    lambda m, x: m.add.reduce(x, keepdims=True),
])
def test_reduce_keywords(f):
    check(f, X)


def test_reduce_dtype():
    value, gradient = value_and_grad(lambda x: anp.subtract.reduce(x, dtype=np.float64))(Y.astype(np.float32))
    assert value.dtype == np.float64 and gradient.dtype == np.float32
    np.testing.assert_array_equal(gradient, [1, -1, -1])


def test_reduce_refused():
    for f in (lambda m, x: m.subtract.reduce(x, axis=None), lambda m, x: m.subtract.reduce(x[:0]),
              lambda m, x: m.fmax.reduce(x, where=MASK), lambda m, x: m.fmax.reduce(x[:0])):
        for module in (np, anp):
            with pytest.raises(ValueError):
                grad(partial(f, module))(X)
        with pytest.raises(ValueError):
            f(np, X)


@pytest.mark.parametrize("name", FOLDED)
def test_accumulate(name):
    x = np.abs(X)
    check(lambda m, x: getattr(m, name).accumulate(x, axis=1), x)
    check(lambda m, x: getattr(m, name).accumulate(x, out=x * 1), x)
    check(lambda m, x: getattr(m, name).accumulate(x[:0]), x, order=1)


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "subtract", "logaddexp"])
def test_reduceat(name):
    x = np.abs(np.concatenate([X, X + 0.3], axis=1))
    check(lambda m, x: getattr(m, name).reduceat(x, [0, 3, 2, 5, 5], axis=1), x)
    check(lambda m, x: getattr(m, name).reduceat(x[0], [1, 4]), x)
    check(lambda m, x: getattr(m, name).reduceat(x, np.array([0, 1]), dtype=np.float64, out=x * 1), x)
    with pytest.raises(IndexError):
        grad(lambda x: anp.add.reduceat(x, [0, 2]))(X)


@pytest.mark.parametrize("name", ["add", "multiply", "hypot", "subtract", "float_power"])
def test_outer(name):
    x = np.abs(X)
    check(lambda m, x, y: getattr(m, name).outer(x, y), x, Y)
    check(lambda m, x, y: getattr(m, name).outer(y[0], x), x, Y)
    check(lambda m, x, y: getattr(m, name).outer([1.0, 2.0], x[:1], dtype=np.float64), x, Y)


@pytest.mark.parametrize("update", [
    lambda m, x, y: m.add.at(x, [0, 2, 0], y),
    lambda m, x, y: m.subtract.at(x, [0, 2, 0], y),
    lambda m, x, y: m.multiply.at(x, [0, 2, 0], y),
    lambda m, x, y: m.multiply.at(x, MASK, 2.0),
    lambda m, x, y: m.divide.at(x, slice(0, 2), y[:2]),
    lambda m, x, y: m.sin.at(x, [1, 1, 2]),
    lambda m, x, y: m.negative.at(x, [0, 0, 1]),
    lambda m, x, y: m.maximum.at(x, np.array([0, 0, 0]), y),
    lambda m, x, y: m.power.at(x, [], 2.0),
    lambda m, x, y: m.add.at(x.reshape(3, 1), ([0, 0], [0, 0]), 1.0),
])
def test_at(update):
    def f(m, x, y):
        z = x * y
        update(m, z, y)
        return z

    check(f, np.array([0.7, 1.4, 0.3]), Y)


def test_at_plain_array():
    x = np.zeros(3)
    for f in (lambda y: np.add.at(x, [0], y), lambda y: anp.multiply.at(x, [0], y)):
        with pytest.raises(TracedValueError, match="at: the first argument is a plain array"):
            grad(f)(1.0)
    assert not x.any()


def test_methods_of_plain_arrays():
    assert anp.add.reduce([1, 2, 3]) == 6
    assert (anp.add.nin, anp.divmod.nout, anp.float_power.identity) == (2, 2, None)
    np.testing.assert_array_equal(anp.multiply.outer([1, 2], [3, 4]), [[3, 4], [6, 8]])


def test_unknown_ufunc():
    ufunc = np.frompyfunc(lambda x: x, 1, 1)
    with pytest.raises(TracedValueError, match="of a traced value has no derivative here"):
        grad(lambda x: ufunc(x))(1.0)


def test_a_plain_out_holds_what_no_trace_is_interested_in():
    def f(x, np_or_anp):
        mask, place = np.zeros(3, bool), np.zeros((), int)
        assert np_or_anp.isfinite(x, mask) is mask and mask.all()
        assert np_or_anp.greater(x, 1.5, out=mask) is mask
        np_or_anp.argmax(x, None, place)
        rounded = np_or_anp.round(x, 0, np.zeros(3))
        return anp.sum(x * mask * rounded) + x[place]

    x = np.array([1.0, 2.0, 3.0])
    for module in (np, anp):
        assert grad(f)(x, module).tolist() == [0.0, 2.0, 4.0]
        assert jvp(lambda x: f(x, module), (x,), (x,)) == (16.0, 16.0)
        with pytest.warns(JitWarning, match="out= is a plain array"):  # which only a run of the function itself fills
            assert jit(lambda x: f(x, module))(x) == 16.0
    for call in (
        lambda x: np.isfinite(x, np.zeros((1, 3), bool)),
        lambda x: np.isfinite(x, out=np.zeros((1, 3), bool)),
        lambda x: np.argmax(x, None, np.zeros((), int)),
        lambda x: np.all(x, None, np.zeros((), bool)),
    ):
        with pytest.raises(TracedValueError, match="out= is a plain array"):
            vmap(call)(x[None])


def test_a_range_is_a_sequence_of_numbers():
    x = np.array([1.0, 2.0, 3.0])
    assert grad(lambda x: anp.sum(np.float_power(range(3), x) + anp.add(x, range(3))))(x).tolist()[0] == 1.0


@pytest.mark.parametrize("axis", range(-3, 3))
def test_accumulate_along_each_axis_of_three(axis):
    x = np.sin(np.arange(12.0)).reshape(2, 3, 2)
    value, _ = vjp(lambda x: anp.hypot.accumulate(x, axis), x)
    np.testing.assert_allclose(value, np.hypot.accumulate(x, axis), rtol=1e-13)
    check_grads(lambda x: anp.hypot.accumulate(x, axis), x)


@pytest.mark.parametrize("ufunc", [np.hypot, np.logaddexp, np.fmod, np.copysign, np.subtract, np.add])
def test_reduceat_takes_a_single_element_as_it_is(ufunc):
    x, places = np.array([-1.0, -2.0, 3.0, -4.0]), [0, 1, 0, 3]
    value, slope = jvp(lambda x: ufunc.reduceat(x, places), (x,), (np.ones(4),))
    np.testing.assert_allclose(value, ufunc.reduceat(x, places), rtol=1e-14)
    assert (slope[0], slope[3]) == (1.0, 1.0)
