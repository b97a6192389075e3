"""Filters of ``scipy.signal``: in the signal, the coefficients and the states, in every mode."""

from __future__ import annotations

from scipy_table import scipy_row, traced

import numpy as np
import pytest
import scipy.signal

from autodiff_trace import grad, vjp, vmap
from autodiff_trace import numpy as anp
from table import complex_rows, table_test

rng = np.random.default_rng(0)
x, long, matrix = rng.normal(size=7), rng.normal(size=40), rng.normal(size=(2, 9))
b, a = np.array([0.5, -0.2, 0.3]), np.array([2.0, 0.6, -0.4, 0.1])
SOS = scipy.signal.butter(4, 0.3, output="sos")

ROWS = [
    scipy_row("signal.lfilter", b, a, x),
    scipy_row("signal.lfilter", a, b[:1], matrix),
    scipy_row("signal.lfilter", b[:1], a, matrix, axis=0),
    scipy_row("signal.lfilter", b, a, matrix, zi=rng.normal(size=(2, 3))),
    scipy_row("signal.lfilter", b, a, rng.normal(size=(2, 3)), axis=0, zi=rng.normal(size=(3, 3))),
    scipy_row("signal.lfilter_zi", b, a),
    scipy_row("signal.lfilter_zi", a, b),
]
SECTION_ROWS = [  # SciPy wants a one in each row of sos, which differences would change
    scipy_row("signal.sosfilt", SOS, x, skip=("batched", "derivatives", "float32")),
    scipy_row("signal.sosfilt_zi", SOS, skip=("float32",)),
]

test_filters = table_test([*ROWS, *complex_rows(ROWS)])
test_sections = table_test(SECTION_ROWS)


def matrix_of(function, x):
    """The matrix of a linear function."""
    return np.array([np.ravel(function(row.reshape(x.shape))) for row in np.eye(x.size)])


def pulled_matrix(function, x):
    value, pull = vjp(function, x)
    return np.array([np.ravel(pull(row.reshape(value.shape))[0]) for row in np.eye(value.size)]).T


@pytest.mark.parametrize("name, args", [("lfilter", (b, a)), ("sosfilt", (SOS,))])
@pytest.mark.parametrize("axis", [0, -1])
def test_transposed_filters(name, args, axis):
    def plain(x):
        return getattr(scipy.signal, name)(*args, x, axis=axis)

    def ours(x):
        return getattr(traced.signal, name)(*args, x, axis=axis)

    np.testing.assert_allclose(pulled_matrix(ours, matrix), matrix_of(plain, matrix), atol=1e-13)


def test_sections_with_state():
    zi = rng.normal(size=(2, 2, 2))

    def by_sections(x, zi, sos):
        y, zf = traced.signal.sosfilt(sos, x, zi=zi)
        return anp.sum(y**2) + anp.sum(zf)

    def by_filters(x, zi, sos):
        total = 0.0
        for i in range(2):
            x, zf = traced.signal.lfilter(sos[i, :3], sos[i, 3:], x, zi=zi[i])
            total = total + anp.sum(zf)
        return anp.sum(x**2) + total

    plain_y, plain_zf = scipy.signal.sosfilt(SOS, matrix, zi=zi)
    np.testing.assert_allclose(by_sections(matrix, zi, SOS), np.sum(plain_y**2) + np.sum(plain_zf))
    found, expected = (grad(f, argnums=(0, 1, 2))(matrix, zi, SOS) for f in (by_sections, by_filters))
    for pair in zip(found, expected):
        np.testing.assert_allclose(*pair)


def test_what_filters_refuse():
    with pytest.raises(ValueError, match="at least 1-D"):
        grad(lambda x: traced.signal.lfilter(b, a, x))(1.0)
    with pytest.raises(ValueError):
        grad(lambda x: traced.signal.sosfilt(SOS[:, :5], x).sum())(x)


def test_nothing_to_filter():
    empty = np.zeros(0)
    for gradient, c in zip(vjp(lambda b, a, x: traced.signal.lfilter(b, a, x), b, a, empty)[1](empty), (b, a, empty)):
        np.testing.assert_array_equal(gradient, np.zeros(c.shape))


def test_batches_of_sections():
    batch = np.stack([SOS, SOS * [1.1, 1.1, 1.1, 1, 1, 1]])
    expected = [scipy.signal.sosfiltfilt(sos, long) for sos in batch]
    np.testing.assert_allclose(vmap(lambda sos: traced.signal.sosfiltfilt(sos, long))(batch), expected)
    batch[1, 0, 2] = batch[1, 0, 5] = batch[1, 1, 2] = batch[1, 1, 5] = 0
    with pytest.raises(TypeError, match="of several orders"):
        vmap(lambda sos: traced.signal.sosfiltfilt(sos, long))(batch)
