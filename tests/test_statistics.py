"""Averages, medians, quantiles, counts, and the forms that leave out NaNs."""

import numpy as np
import pytest
from table import Row, row, table_test

from autodiff_trace import grad, hessian, jacobian, jit, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.core.errors import TracedValueError
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)
nan = np.nan


def normal(*shape):
    return rng.normal(size=shape)


def apart(*shape):
    """Numbers no two of which are close."""
    n = np.prod(shape, dtype=int)
    return rng.permutation(np.linspace(-1.6, 1.7, n)).reshape(shape)


x = apart(5)
y = np.array([0.31, -1.2, 1.43, 0.04, -0.23])
x23 = apart(2, 3)
x234 = apart(2, 3, 4)
weights = rng.uniform(0.5, 1.5, (2, 3))
mask = np.array([True, False, True])
with_nan = np.array([[1.0, nan, 2.0, -0.5], [nan, 0.3, nan, 0.7], [1.5, -2.0, -1.0, 0.1]])
METHODS = """
    averaged_inverted_cdf closest_observation hazen higher interpolated_inverted_cdf inverted_cdf linear lower
    median_unbiased midpoint nearest normal_unbiased weibull
""".split()

ROWS = [
    row("average", x23),
    row("average", x23, axis=1, keepdims=True),
    row("average", x23, 0, weights),
    row("average", x23, axis=0, weights=np.array([1.0, 3.0])),
    row("average", x23, -1, np.array([1.0, 3.0, 0.5])),
    row("average", x23, None, weights, True),
    row("average", x23, axis=(0, 1), returned=True),
    row("average", apart(3) + 1j * apart(3), weights=np.array([1.0, 3.0, 0.5])),
    row("bincount", np.array([0, 2, 2, 1]), np.array([0.5, 1.0, 2.0, 3.0]), skip=("float32",)),  # gives float64
    row("bincount", np.array([0, 2, 2, 1]), np.array([0.5, 1.0, 2.0, 3.0]), minlength=5, skip=("float32",)),
    row("median", x),
    row("median", x[:4]),
    row("median", x23, axis=0),
    row("median", x234, axis=(0, -1), keepdims=True),
    row("median", x23, axis=-1, overwrite_input=False),
    row("median", apart(4) + 1j * apart(4)),
    row("nanmedian", with_nan),
    row("nanmedian", with_nan, axis=1),
    row("nanmedian", with_nan, axis=0, keepdims=True),
    row("nanmedian", x23, axis=0),
    *[row("quantile", x, 0.33, method=method, order=1) for method in METHODS],
    *[row("percentile", x234, np.array([13.0, 88.0]), axis=(0, 2), method=method, order=1) for method in METHODS[::2]],
    *[row("nanquantile", with_nan, 0.43, axis=1, method=method, order=1) for method in METHODS[1::2]],
    row("quantile", x, np.float64(0.3)),
    row("quantile", x23, 1, axis=1),
    row("quantile", x23, [0, 0.6], axis=0, keepdims=True),
    row("quantile", x23, np.array([[0.1, 0.6], [0.2, 0.9]]), axis=1),
    row("percentile", x, 30),
    row("percentile", x23, [30, 77], axis=1, keepdims=True),
    row("nanpercentile", with_nan, 41.0),
    row("nanpercentile", with_nan, np.array([10.0, 41.0]), axis=0),
    row("nanquantile", with_nan, np.array([0.13, 0.41]), axis=0, keepdims=True),
    *[
        each
        for name in ("nanmean", "nansum", "nanprod", "nanvar", "nanstd")
        for each in (
            row(name, with_nan),
            row(name, with_nan, axis=1),
            row(name, with_nan, axis=0, keepdims=True),
            row(name, x234, axis=(0, -1)),
            row(name, x23, axis=1, where=mask),
            row(name, x),
        )
    ],
    *[
        each
        for name in ("nanmax", "nanmin")
        for each in (
            row(name, with_nan),
            row(name, with_nan, axis=1),
            row(name, with_nan, axis=0, keepdims=True),
            row(name, with_nan, axis=1, initial=0.2),
            row(name, x23, axis=1, where=mask, initial=0.2),
        )
    ],
    *[
        row(name, np.array([1.0 + 2.0j, nan, 0.5 - 1.0j, 3.0j]))
        for name in ("nanmax", "nanmean", "nanmedian", "nanmin", "nanprod", "nanstd", "nansum", "nanvar")
    ],
    row("nanvar", with_nan, axis=1, ddof=1),
    row("nanvar", x23, axis=1, mean=np.array([[0.1], [0.2]])),
    row("nanstd", with_nan, axis=0, correction=0.5),
    row("nansum", with_nan, axis=0, initial=2.0),
    row("histogram", x, bins=4, range=(-2.0, 2.0)),
    row("histogram", x, bins=np.array([-2.0, 0.1, 0.6, 2.0])),
    row("histogram", x, bins=3, skip=("float32",)),  # rounding may move an element over an edge
    row("histogram_bin_edges", x, 4),
    row("histogram_bin_edges", x23, 2, range=(-1.0, 1.0)),
    row("histogram", x, bins=np.array([-2.0, 0.1, 0.6, 2.0]), density=True),
    row("histogram", x, bins=[-2.0, 0.1, 0.6, 2.0]),
    row("histogram", x, 3, weights=np.array([1.0, 2.0, 0.5, 3.0, 1.5]) * (1 + 2j)),
    *[row("histogram", x, rule, skip=("batched", "float32")) for rule in ("auto", "fd", "sturges", "stone")],
    row("histogram_bin_edges", x, "sqrt", skip=("batched",)),  # each element of a batch has a number of bins of its own
    row("histogram2d", x, y, 3, skip=("float32",)),
    row("histogram2d", x, y, [3, np.array([-2.0, 0.1, 0.6, 3.0])], weights=np.arange(1.0, 6.0), skip=("float32",)),
    row("histogram2d", x, y, np.array([-2.0, 0.1, 0.6, 3.0]), density=True, skip=("float32",)),  # gives float64
    row("histogramdd", normal(4, 3), (2, 3, 1), [None, (-2.0, 2.0), (-1.0, 1.0)], skip=("float32",)),
    row("histogramdd", [x, y], 3, density=True, weights=np.arange(1.0, 6.0), skip=("float32",)),
    row("histogramdd", x, 3, skip=("float32",)),
]

weights_42, weights_34 = rng.uniform(size=(4, 2)), rng.uniform(size=(3, 4))
FIVE_WEIGHTS = np.array([1.0, 3.0, 0.0, 0.5, 2.0])

PICKED = {"method": "inverted_cdf"}

WEIGHTED = [
    *[
        each
        for name, unit in (("quantile", 1), ("percentile", 100))
        for each in (
            Row(name, (x, 0.3 * unit), {"weights": FIVE_WEIGHTS, **PICKED}),
            Row(name, (x, unit * np.array([0.02, 0.41, 0.98])), {"weights": FIVE_WEIGHTS, **PICKED}),
            Row(name, (x23, 0.43 * unit), {"weights": weights, **PICKED}),
            Row(name, (x23, 0.43 * unit), {"axis": 1, "weights": FIVE_WEIGHTS[:3], **PICKED}),
            *[Row(name, (x234, 0.43 * unit), {"axis": (2, 0), "keepdims": True, "weights": weights_42, **PICKED})]
            * (np.lib.NumpyVersion(np.__version__) >= "2.1.0"),  # NumPy 2.0 mixes up weights along several axes
        )
    ],
    *[
        each  # NumPy itself fails on weights along an axis
        for name, unit in (("nanquantile", 1), ("nanpercentile", 100))
        for each in (
            Row(name, (x, 0.3 * unit), {"weights": FIVE_WEIGHTS, **PICKED}),
            Row(name, (with_nan, 0.6 * unit), {"weights": weights_34, **PICKED}),
        )
    ],
]

test_weighted_quantiles = table_test(WEIGHTED)

test_statistics = table_test(ROWS)

TRACED_KEYWORDS = [
    lambda w: anp.average(x23, axis=1, weights=w, returned=True),
    lambda w: anp.average(np.array([[1, 2, 3], [4, 5, 6]]), weights=w),
    lambda w: anp.bincount(np.array([0, 1, 1]), weights=w[0], minlength=4),
    lambda w: anp.bincount(np.array([0, 1, 1]), w[0]),
    lambda w: anp.quantile(x, 0.1 + w / 4, method="weibull"),
    lambda w: anp.quantile([1, 5, 2], w / 2),
    lambda w: anp.nanpercentile(with_nan, 20 * w[0], axis=1),
    lambda w: anp.percentile(w, 40 * w[0, 0]),
    lambda w: anp.nanvar(with_nan, axis=0, mean=anp.concatenate([w[:1], w[:1, :1]], axis=1)),
    lambda w: anp.histogram(np.array([0.3, 0.4, 0.9]), 4, weights=w[0])[0],
    lambda w: anp.histogram(np.array([0.3, 0.4, 0.9]), 4, weights=w[0], density=True)[0],
    lambda w: anp.histogram(w, 4)[1],
    lambda w: anp.histogram_bin_edges(w, 3),
]


@pytest.mark.parametrize("case", range(len(TRACED_KEYWORDS)))
def test_traced_keywords(case):
    check_grads(TRACED_KEYWORDS[case], weights, name=f"case {case}")


def test_median_shares_between_the_middle_two():
    assert grad(anp.median)(np.array([3.0, 1.0, 2.0, 4.0])).tolist() == [0.5, 0.0, 0.5, 0.0]
    assert grad(anp.median)(np.array([1.0, 2.0, np.inf])).tolist() == [0.0, 1.0, 0.0]


def test_quantile_by_q_is_the_slope():
    x = np.array([1.0, 2.0, 4.0])
    assert grad(lambda q: anp.quantile(x, q))(0.75) == 4.0
    assert grad(lambda q: anp.quantile(x, q))(0.5) == 4.0
    assert grad(lambda q: anp.quantile(x, q, method="lower"))(0.75) == 0.0


@pytest.mark.parametrize("name", ["nanmean", "nansum", "nanmax", "nanmedian", "nanvar"])
def test_nan_has_derivative_zero(name):
    expected = {
        "nanmean": [0.5, 0, 0.5], "nansum": [1, 0, 1], "nanmax": [0, 0, 1], "nanmedian": [0.5, 0, 0.5],
        "nanvar": [-0.5, 0, 0.5],
    }
    x = np.array([1.0, nan, 2.0])
    function = getattr(anp, name)
    assert grad(function)(x).tolist() == expected[name]
    assert np.isfinite(hessian(lambda x: function(x) ** 2)(x)).all()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", "nanmax nanmean nanmedian nanmin nanprod nanquantile nanstd nansum nanvar".split())
def test_rows_of_nan_alone(name):
    x = np.array([[nan, nan], [1.0, 2.0]])
    args = (0.5,) if name == "nanquantile" else ()
    value = getattr(np, name)(x, *args, axis=1)
    jac = jacobian(lambda x: getattr(anp, name)(x, *args, axis=1))(x)
    assert jac.shape == (2, 2, 2) and (jac[:, 0] == 0).all() and np.isfinite(jac[1]).all()
    traced = []
    grad(lambda x: traced.append(getattr(anp, name)(x, *args, axis=1)._value) or 0 * anp.sum(x))(x)
    np.testing.assert_allclose(traced[0], value)


def test_nan_reaches_the_answer_where_it_is_not_left_out():
    x = np.array([[1.0, nan, 0.0], [3.0, 1.0, 2.0]])
    values = []
    gradient = grad(lambda x: values.append(anp.median(x, axis=1)) or values[0][1])(x)
    assert np.isnan(values[0]._value[0]) and gradient.tolist() == [[0, 0, 0], [0, 0, 1]]


def test_counts_are_constant():
    assert grad(lambda x: anp.sum(anp.histogram(x, 3, range=(-2, 2))[0]) + 0 * x[0])(x).tolist() == [0.0] * 5
    assert grad(lambda x: anp.histogram(x, 2)[1][1])(np.array([1.0, 5.0, 2.0])).tolist() == [0.5, 0.5, 0.0]


@pytest.mark.parametrize(
    "f, error",
    [
        (lambda x: anp.quantile(x, 0.5, weights=np.ones(3)), ValueError),
        (lambda x: anp.quantile(x, 0.5, method="inverted_cdf", weights=np.zeros(3)), ValueError),
        (lambda x: anp.quantile(x, 0.5, method="inverted_cdf", weights=-x), ValueError),
        (lambda x: anp.quantile(x, 0.5, method="inverted_cdf", weights=np.ones(2)), TypeError),
        (lambda x: anp.quantile(x, 1.5), ValueError),
        (lambda x: anp.quantile(x, 0.5, method="other"), ValueError),
        (lambda x: anp.quantile(x + 1j, 0.5), TypeError),
        (lambda x: anp.average(x, weights=np.array([1.0, -1.0, 0.0])), ZeroDivisionError),
        (lambda x: anp.average(x, weights=np.ones(2)), TypeError),
        (lambda x: anp.average(x, axis=0, weights=np.ones(2)), ValueError),
        (lambda x: anp.histogram(x, "auto", weights=x)[1], TypeError),
        (lambda x: anp.histogram(x, [2.0, x[0]])[1], ValueError),
        (lambda x: anp.histogram(x, 0)[1], ValueError),
        (lambda x: anp.histogram(x, 3, (2.0, 1.0))[1], ValueError),
        (lambda x: anp.histogram(x * np.inf, 3)[1], ValueError),
        (lambda x: anp.histogram2d(x, x[1:])[0], ValueError),
        (lambda x: anp.histogramdd(x, [2, 3])[0], ValueError),
        (lambda x: vmap(lambda row: anp.histogram(row, "auto")[1])(anp.outer(x, x)), TracedValueError),
    ],
)
def test_refused(f, error):
    with pytest.raises(error):
        grad(lambda x: anp.sum(anp.real(f(x))))(np.array([1.0, 2.0, 3.0]))


def test_out():
    def f(x):
        out = anp.zeros_like(x[0])
        anp.median(x, axis=0, out=out)
        anp.nanmax(x, axis=0, out=(second := anp.zeros_like(out)))
        anp.ptp(x, axis=0, out=(third := anp.zeros_like(out)))
        return out + second + third

    assert grad(f)(np.array([[1.0], [4.0], [2.0]])).tolist() == [[-1.0], [2.0], [1.0]]


def test_weights_of_quantiles_have_no_slope_and_are_checked_in_each_run():
    def f(a, w):
        return anp.quantile(a, 0.5, weights=w, method="inverted_cdf")

    a, w = np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 5.0])
    slopes = grad(f, argnums=(0, 1))(a, w)
    assert [slope.tolist() for slope in slopes] == [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    assert vmap(f, (None, 0))(a, np.array([w, w[::-1]])).tolist() == [3.0, 1.0]
    compiled = jit(f)
    assert compiled(a, w) == 3.0 and compiled(a, w[::-1].copy()) == 1.0
    with pytest.raises(ValueError, match="non-negative"):
        compiled(a, -w)


def test_the_number_of_bins_is_found_anew_in_each_run():
    compiled = jit(lambda x: anp.histogram(x, "sturges")[1])
    for n in (4, 4, 40):
        x = rng.normal(size=n)
        np.testing.assert_allclose(compiled(x), np.histogram(x, "sturges")[1])
    compiled = jit(lambda x: anp.histogram(x, "fd")[1])
    for x in (np.linspace(0.0, 1.0, 40), np.linspace(0.0, 1.0, 40) ** 20):
        np.testing.assert_allclose(compiled(x), np.histogram(x, "fd")[1])


@pytest.mark.parametrize("density", [False, True])
@pytest.mark.parametrize("points", [np.float32, np.float64])
@pytest.mark.parametrize("weights", [np.float32, np.int32, np.complex64, bool])
def test_dtypes_of_histograms_with_weights(weights, points, density):
    x, weights = np.array([0.0, 1.0, 2.0], points), np.array([1, 0, 2]).astype(weights)

    def f(x):
        return anp.histogram(x, bins=2, weights=weights, density=density)

    for got, wanted in zip(vjp(f, x)[0], f(x)):
        assert got.dtype == wanted.dtype
        np.testing.assert_allclose(got, wanted, 1e-6)


@pytest.mark.parametrize("method", ["lower", "higher", "nearest", "inverted_cdf"])
@pytest.mark.parametrize("function", [anp.quantile, anp.nanquantile])
def test_quantiles_of_infinite_values(function, method):
    x = np.array([np.inf, 1.0, -np.inf, 0.5, 2.0, -np.inf])
    for q in (0.0, 0.2, 1.0):
        with np.errstate(all="ignore"):
            got, expected = vjp(lambda x: function(x, q, method=method), x)[0], function(x, q, method=method)
        np.testing.assert_array_equal(got, expected)
