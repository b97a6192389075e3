"""Axes as NumPy has them: those that an array lacks are errors, also in a batch; numbers have what NumPy allows."""

import numpy as np
import pytest

from autodiff_trace import grad, jvp, vmap
from autodiff_trace import numpy as anp

A = np.arange(6.0).reshape(2, 3) + 0.5
X = np.array([3.0, -1.0, 2.0])
NUMBERS = np.array([2.0, 3.0, 5.0])


def seen(f, x):
    """What ``f`` does with ``x``, in reverse and forward mode, and mapped over a batch: answers, or errors.

    The batches are as long as an element, since their axis might then pass for one of the element's.
    """

    def run(transform):
        outcome = []

        def program(x):
            try:
                outcome.append(f(x))
            except Exception as error:
                outcome.append(error)
            return anp.sum(x)

        transform(program)
        return outcome[0]

    size = max(np.shape(x), default=2)
    return [
        run(lambda g: grad(g)(x)), run(lambda g: jvp(g, (x,), (x,))), run(lambda g: vmap(g)(np.stack([x] * size))),
        run(lambda g: vmap(vmap(g))(np.stack([np.stack([x] * size)] * size))),
    ]


LACKING = {
    "take": (lambda x: np.take(x, [0], axis=1), X),
    "take from the end": (lambda x: np.take(x, [0], axis=-2), X),
    "take of a number": (lambda x: np.take(x, [0], axis=1), np.array(2.0)),
    "take_along_axis": (lambda x: np.take_along_axis(x, np.array([[0]]), 2), A),
    "put_along_axis": (lambda x: np.put_along_axis(x, np.array([[0]]), 1.0, 2), A),
    "compress": (lambda x: np.compress([1, 0], x, axis=1), X),
    "delete": (lambda x: np.delete(x, 0, axis=1), X),
    "insert": (lambda x: np.insert(x, 0, 1.0, axis=1), X),
    "diff": (lambda x: np.diff(x, axis=1), X),
    "diff from the end": (lambda x: np.diff(x, axis=-2), X),
    "gradient": (lambda x: np.gradient(x, axis=1), X),
    "gradient, one axis twice": (lambda x: np.gradient(x, axis=(0, 0)), A),
    "median": (lambda x: np.median(x, axis=1), X),
    "median of a number": (lambda x: np.median(x, axis=0), np.array(2.0)),
    "quantile": (lambda x: np.quantile(x, 0.5, axis=-2), X),
    "quantile, one axis twice": (lambda x: np.quantile(x, 0.5, axis=(0, 0)), A),
    "split": (lambda x: np.split(x, [1], axis=1), X),
    "array_split": (lambda x: np.array_split(x, 2, axis=-2), X),
    "sum": (lambda x: np.sum(x, axis=-2), X),
    "std": (lambda x: np.std(x, axis=-2), X),
    "mean of a number": (lambda x: np.mean(x, axis=-1), np.array(2.0)),
    "max": (lambda x: np.max(x, axis=-3), A),
    "cumsum": (lambda x: np.cumsum(x, axis=-2), X),
    "sort": (lambda x: np.sort(x, axis=-2), X),
    "sort of a number": (lambda x: np.sort(x, axis=-1), np.array(2.0)),
    "flip": (lambda x: np.flip(x, -2), X),
    "moveaxis": (lambda x: np.moveaxis(x, -3, 0), A),
    "moveaxis, to": (lambda x: np.moveaxis(x, 0, -3), A),
    "swapaxes": (lambda x: np.swapaxes(x, 0, -3), A),
    "transpose": (lambda x: np.transpose(x, (1, 2)), A),
    "diagonal": (lambda x: np.diagonal(x, 0, -3, 1), A),
    "squeeze": (lambda x: np.squeeze(x, -2), X[:1]),
    "expand_dims": (lambda x: np.expand_dims(x, -3), X),
    "expand_dims None": (lambda x: np.expand_dims(x, None), X),
    "concatenate": (lambda x: np.concatenate([x, x], axis=-2), X),
    "concatenate numbers": (lambda x: np.concatenate([x, x], axis=-1), np.array(2.0)),
    "stack": (lambda x: np.stack([x, x], axis=-3), X),
    "stack None": (lambda x: np.stack([x, x], axis=None), X),
    "tensordot": (lambda x: np.tensordot(x, A, ([2], [0])), A),
    "fft": (lambda x: np.fft.fft(x, axis=-2), X),
    "fftshift": (lambda x: np.fft.fftshift(x, axes=-2), X),
    "norm": (lambda x: np.linalg.norm(x, axis=-2), X),
    "sliding_window_view": (lambda x: np.lib.stride_tricks.sliding_window_view(x, 2, axis=-2), X),
    "matrix_transpose": (np.matrix_transpose if hasattr(np, "matrix_transpose") else np.linalg.inv, X),
    "det of a vector": (np.linalg.det, X),
    "slogdet of a vector": (np.linalg.slogdet, X),
    "inv of a vector": (np.linalg.inv, X),
    "eigh of a vector": (np.linalg.eigh, X),
    "svd of a vector": (np.linalg.svd, X),
    "qr of a vector": (np.linalg.qr, X),
    "cholesky of a vector": (np.linalg.cholesky, X),
    "accumulate of a number": (np.add.accumulate, np.array(2.0)),
    "polymul of a matrix": (lambda x: np.polymul(x, X), A),
    "matrix_power of a vector": (lambda x: np.linalg.matrix_power(x, 2), X),
    "matrix_power, not square": (lambda x: np.linalg.matrix_power(x, 2), A),
    "lstsq of stacks": (lambda x: np.linalg.lstsq(np.eye(3), x, rcond=None), np.ones((2, 3, 3))),
    "lstsq, other rows": (lambda x: np.linalg.lstsq(x, X, rcond=None), A),
    "item of several": (lambda x: x.item(), X),
}

if hasattr(np, "matvec"):  # since NumPy 2.2
    LACKING |= {
        "matvec of a vector": (lambda x: np.matvec(x, X), X),
        "vecmat with a vector": (lambda x: np.vecmat(X, x), X),
    }


@pytest.mark.parametrize("name", LACKING)
def test_what_an_array_lacks_is_an_error(name):
    f, x = LACKING[name]
    with pytest.raises((ValueError, IndexError, TypeError)):
        f(x.copy())
    assert all(isinstance(each, (ValueError, IndexError, TypeError)) for each in seen(f, x))


AXIS_OF_A_NUMBER = {
    "sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min, "any": np.any, "argmax": np.argmax, "ptp": np.ptp,
    "cumsum": np.cumsum, "cumprod": np.cumprod, "argsort": np.argsort, "squeeze": np.squeeze, "nansum": np.nansum,
    "logaddexp": np.logaddexp.reduce, "hypot": np.hypot.reduce,
}


@pytest.mark.parametrize("axis", [0, -1])
@pytest.mark.parametrize("name", AXIS_OF_A_NUMBER)
def test_axes_that_numpy_allows_of_a_number(name, axis):
    f = AXIS_OF_A_NUMBER[name]
    expected = np.stack([f(x, axis=axis) for x in NUMBERS])
    found = vmap(lambda x: f(x, axis=axis))(NUMBERS)
    assert found.shape == expected.shape and found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    if name in ("sum", "cumsum", "logaddexp"):
        slopes = vmap(grad(lambda x: anp.sum(f(x, axis=axis))))(NUMBERS)
        np.testing.assert_array_equal(slopes, np.ones(3))
        np.testing.assert_array_equal(grad(lambda x: anp.sum(vmap(lambda x: f(x, axis=axis))(x)))(NUMBERS), slopes)


@pytest.mark.parametrize("place, row, column", [(1, 0, 1), (-1, 1, 2), ((1, 2), 1, 2), ((-1, 0), 1, 0)])
def test_item_at_a_place(place, row, column):
    expected = np.zeros_like(A)
    expected[row, column] = 1.0
    assert vmap(lambda x: x.item(place))(A[None])[0] == A.item(place)
    np.testing.assert_array_equal(grad(lambda x: x.item(place))(A), expected)


PLACES = np.array([[0, 2], [3, 3], [1, 0]])


@pytest.mark.parametrize("ufunc", [np.add, np.subtract, np.multiply, np.divide, np.maximum, np.power])
def test_ufunc_at_with_places_that_are_mapped(ufunc):
    x, values = np.linspace(0.5, 2.0, 12).reshape(3, 4), np.array([[1.5, 0.7], [0.6, 1.2], [2.0, 1.1]])

    def f(x, places, values):
        y = anp.zeros(4)
        y[:] = x
        ufunc.at(y, places, values)
        return y * x

    def total(*args):
        return anp.sum(f(*args) ** 2)

    rows = list(zip(x, PLACES, values))
    np.testing.assert_allclose(vmap(f)(x, PLACES, values), [f(*row) for row in rows], rtol=1e-14)
    for argnum in (0, 2):
        expected = [grad(total, argnum)(*row) for row in rows]
        np.testing.assert_allclose(vmap(grad(total, argnum))(x, PLACES, values), expected, rtol=1e-12)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 1, 3)])
@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_arg_extrema_that_keep_all_axes(name, shape):
    xs = np.random.default_rng(0).normal(size=(4, *shape))
    found = vmap(lambda x: getattr(np, name)(x, keepdims=True))(xs)
    np.testing.assert_array_equal(found, [getattr(np, name)(x, keepdims=True) for x in xs], strict=True)
