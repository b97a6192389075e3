"""Axes and shapes: what is no whole number is refused, also where it equals one that was asked for before; and what
reductions give as tangents of numbers, and vmap as places."""

import numpy as np
import pytest

from autodiff_trace import TracedValueError, jacfwd, jit, jvp, nn, vmap
from autodiff_trace import numpy as anp

X = np.arange(6.0).reshape(2, 3)

AXES = {
    "flip": lambda x, n: anp.flip(x, n), "flips": lambda x, n: anp.flip(x, (n,)),
    "expand_dims": lambda x, n: anp.expand_dims(x, n), "squeeze": lambda x, n: anp.squeeze(x[:, :1], n),
    "moveaxis": lambda x, n: anp.moveaxis(x, 0, n), "swapaxes": lambda x, n: anp.swapaxes(x, 0, n),
    "rollaxis": lambda x, n: anp.rollaxis(x, n), "transpose": lambda x, n: anp.transpose(x, (n, 0)),
    "roll": lambda x, n: anp.roll(x, 1, n), "fftshift": lambda x, n: anp.fft.fftshift(x, n),
    "rot90": lambda x, n: anp.rot90(x, 1, (0, n)),
}
SHAPES = {
    "reshape": lambda x, n: anp.reshape(x, (6, n)), "method": lambda x, n: x.reshape(6, n),
    "broadcast_to": lambda x, n: anp.broadcast_to(x, (n, 2, 3)), "tile": lambda x, n: anp.tile(x, n),
    "tiles": lambda x, n: anp.tile(x, (2, n)),
}


@pytest.mark.parametrize("name", [*AXES, *SHAPES])
def test_what_equals_a_whole_number_is_none(name):
    f = {**AXES, **SHAPES}[name]
    for n in (1, np.int64(1)):
        np.testing.assert_array_equal(jvp(lambda x: f(x, n), (X,), (X,))[1], f(X, 1))
    for n in (1.0, np.float64(1.0), 1 + 0j, "1", np.array(1.0)):
        for run in (lambda f: jvp(f, (X,), (X,)), lambda f: vmap(f)(np.stack([X, X]))):
            with pytest.raises(TypeError):
                run(lambda x: f(x, n))


@pytest.mark.parametrize("f", SHAPES.values(), ids=SHAPES)
def test_a_size_may_be_a_bool(f):
    np.testing.assert_array_equal(jvp(lambda x: f(x, True), (X,), (X,))[1], f(X, 1))


REDUCTIONS = {
    "prod": anp.prod, "var": anp.var, "std": anp.std, "norm": anp.linalg.norm, "vector_norm": anp.linalg.vector_norm,
    "nanvar": anp.nanvar, "logsumexp": nn.logsumexp, "reduce": lambda x: anp.multiply.reduce(x, axis=None),
    "initial": lambda x: anp.prod(x, initial=2.0), "method": lambda x: x.std(),
}


@pytest.mark.parametrize("f", REDUCTIONS.values(), ids=REDUCTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_tangent_of_a_number_is_a_number(f, dtype):
    x = (X + 1).astype(dtype)
    for value in jvp(f, (x,), (x,)):
        assert type(value) is dtype
    assert jacfwd(f)(x).shape == x.shape
    assert jvp(lambda x: vmap(f)(x), (np.stack([x, x]),), (np.stack([x, x]),))[1].shape == (2,)


def test_unwrap_has_the_infinite_and_the_types_of_numpy():
    x = np.array([np.inf, 1.0, 9.0])
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(jvp(anp.unwrap, (x,), (np.ones(3),))[0], np.unwrap(x))
    whole = np.array([0, 3, 1, 2])
    unwrap = jit(lambda x: anp.unwrap(x, period=4))
    assert unwrap(whole).dtype == unwrap(whole).dtype == np.unwrap(whole, period=4).dtype


def test_trapezoid_of_a_number_is_an_error_of_the_axis():
    with pytest.raises(IndexError):
        jvp(anp.trapezoid, (1.5,), (1.0,))


def test_places_of_a_condition_are_those_of_each_example():
    batch = np.array([[1.0, -1.0, 2.0], [-1.0, 2.0, 3.0]])
    for f in (lambda x: anp.where(x > 0), lambda x: np.where(x > 0)[0], lambda x: x[anp.where(x > 0)]):
        for run in (vmap(f), jit(vmap(f)), lambda x: vmap(lambda x: vmap(f)(x))(x[None])):
            found = np.stack(run(batch)).reshape(2, 2)
            np.testing.assert_array_equal(found, np.stack([f(x) for x in batch]).reshape(2, 2))
    with pytest.raises(TracedValueError, match="different shapes"):
        vmap(lambda x: anp.where(x > 0))(np.array([[1.0, -1.0], [1.0, 2.0]]))
