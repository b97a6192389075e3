"""The distributions of SciPy: values, and derivatives in all arguments, against SciPy and finite differences."""

import functools
import pickle
import warnings

import numpy as np
import pytest
from scipy_table import scipy, scipy_row as row, traced

from autodiff_trace import MissingRuleError, TracedValueError, grad, hessian, jit, jvp, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.compiler import JitWarning
from table import table_test

stats, plain_stats = traced.stats, scipy.stats

SHAPES = {
    "norm": (), "t": (3.5,), "laplace": (), "logistic": (), "cauchy": (), "gumbel_r": (), "gumbel_l": (),
    "gennorm": (1.7,), "skewnorm": (1.3,), "vonmises": (1.4,), "genextreme": (0.3,), "truncnorm": (-0.5, 1.7),
    "uniform": (), "beta": (1.7, 2.6), "powerlaw": (1.4,), "triang": (0.3,), "loguniform": (0.5, 3.0),
    "wrapcauchy": (0.4,), "gamma": (1.8,), "erlang": (2.0,), "chi2": (3.3,), "chi": (2.5,), "invgamma": (2.4,),
    "expon": (), "weibull_min": (1.6,), "weibull_max": (1.6,), "rayleigh": (), "maxwell": (), "halfnorm": (),
    "halfcauchy": (), "lognorm": (0.7,), "pareto": (2.2,), "lomax": (1.8,), "fisk": (2.1,), "levy": (),
    "genpareto": (-0.2,), "invgauss": (0.8,), "f": (3.0, 4.5),
}
COUNTS = {
    "bernoulli": (0.3,), "binom": (6.0, 0.35), "nbinom": (2.5, 0.4), "poisson": (2.3,), "geom": (0.3,),
    "betabinom": (6.0, 1.3, 2.2),
}
INTEGERS = {"binom": 1, "betabinom": 1}
"""How many of the first shapes are whole numbers."""

TAILS = "pdf logpdf cdf logcdf sf logsf".split()
OF_SHAPES = "entropy mean var std median".split()
PROBABILITIES = np.array([0.0, 0.01, 0.3, 0.5, 0.8, 0.99, 1.0])


def arguments(name, method):
    distribution = getattr(plain_stats, name)
    shapes = SHAPES[name]
    if method in OF_SHAPES:
        return (*shapes, 0.3, 1.7)
    if method in ("ppf", "isf"):
        return (PROBABILITIES, *shapes, 0.3, 1.7)
    lower = distribution.support(*shapes)[0]
    outside = [lower * 1.7 + 0.2 if np.isfinite(lower) else -40.0, 50.0] if name != "vonmises" else []
    inside = distribution.ppf([0.02, 0.2, 0.5, 0.83, 0.97], *shapes, 0.3, 1.7)
    return (np.array([*inside, *outside]), *shapes, 0.3, 1.7)


def compare(name, method, args, fixed=()):
    """The value is SciPy's, and the VJP what finite differences of SciPy's values give."""
    function, ours = getattr(getattr(plain_stats, name), method), getattr(getattr(stats, name), method)
    args = [np.asarray(arg, float) for arg in args]

    def reference(*args):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return np.asarray(function(*args))

    value, pull = vjp(ours, *args)
    expected = reference(*args)
    np.testing.assert_allclose(value, expected, rtol=2e-9, atol=1e-13)
    is_finite = np.isfinite(expected)
    slopes = pull(is_finite * 1.0)
    for i, arg in enumerate(args):
        if i in fixed:
            continue
        with np.errstate(all="ignore"):
            ends = [reference(*args[:i], arg + step, *args[i + 1 :]) for step in (1e-6, -1e-6)]
            expected_slope = (ends[0] - ends[1]) / 2e-6
        seen = is_finite & np.isfinite(expected_slope) & (np.abs(expected_slope) < 1e8)
        if arg.ndim:
            np.testing.assert_allclose(slopes[i][seen], expected_slope[seen], rtol=3e-5, atol=1e-7)
        elif (seen | ~is_finite).all():
            np.testing.assert_allclose(slopes[i], expected_slope[seen].sum(), rtol=3e-5, atol=1e-6)


@pytest.mark.parametrize("name", SHAPES)
def test_continuous_families(name):
    missing = []
    for method in [*TAILS, "ppf", "isf", *OF_SHAPES]:
        try:
            compare(name, method, arguments(name, method))
        except MissingRuleError:
            missing.append(method)
    assert set(missing) <= {"mean", "var", "std"}


@pytest.mark.parametrize("name", COUNTS)
def test_discrete_families(name):
    k = np.array([-1.0, 0, 1, 2, 2.5, 4, 6, 7, 30])
    shapes = COUNTS[name]
    for method in ["pmf", *TAILS[2:], "logpmf", "entropy", "mean", "var"]:
        args = (*shapes, 1.0) if method in ("entropy", "mean", "var") else (k, *shapes, 1.0)
        first = len(args) - 1 - len(shapes)
        fixed = {*range(first), *range(first, first + INTEGERS.get(name, 0)), len(args) - 1}
        compare(name, method, args, fixed)


@pytest.mark.parametrize("name", COUNTS)
def test_quantiles_that_are_counts(name):
    shapes = COUNTS[name]
    for method in ("ppf", "isf"):
        quantile, expected = getattr(getattr(stats, name), method), getattr(getattr(plain_stats, name), method)
        value, pull = vjp(lambda q, p: quantile(q, *shapes[:-1], p, 1.0), PROBABILITIES, shapes[-1])
        np.testing.assert_array_equal(value, expected(PROBABILITIES, *shapes, 1.0))
        assert not np.any(pull(np.ones(7))[0]) and pull(np.ones(7))[1] == 0
        compiled = jit(lambda q, p: quantile(q, *shapes[:-1], p))
        for q in (PROBABILITIES[1:-1], PROBABILITIES[1:-1] / 2):
            np.testing.assert_array_equal(compiled(q, shapes[-1]), expected(q, *shapes))
    assert grad(lambda p: getattr(stats, name).median(*shapes[:-1], p))(shapes[-1]) == 0


R = np.random.default_rng(0)
LOC, SCALE = R.normal(size=3), R.uniform(0.5, 2, (2, 1))


def standard_rows(name):
    shapes = SHAPES[name]
    x = getattr(plain_stats, name).ppf(R.uniform(0.1, 0.9, (2, 3)), *shapes) * SCALE + LOC
    own = [np.array(shape) for shape in shapes]
    # An end of the support is infinite: the first program trusts that all is finite, and is traced once more.
    skip = ["float32", *["compiled"] * (name == "genextreme")]
    yield row(f"stats.{name}.logpdf", x, *own, LOC, SCALE, tolerance=1e-4, skip=skip)
    yield row(f"stats.{name}.sf", x, *own, LOC, SCALE, tolerance=1e-4, order=1, skip=skip)


# All of them compute in double precision, as SciPy's do.
ROWS = [each for name in SHAPES if name != "erlang" for each in standard_rows(name)]  # (SciPy warns of its shape)
ROWS += [
    row(
        f"stats.{name}.logpmf", np.array([1, 0, 1] if name == "bernoulli" else [1, 2, 3]), *map(np.array, shapes),
        skip=["float32"],
    )
    for name, shapes in COUNTS.items() if name not in INTEGERS
]
ROWS += [
    row("stats.binom.logpmf", np.array([1, 2, 3]), 6, np.array(0.3), skip=["float32"]),
    row("stats.betabinom.cdf", np.array([1, 2, 3]), 6, np.array(0.7), np.array(1.3), skip=["float32"]),
    row("stats.gamma.ppf", R.uniform(0.1, 0.9, 3), np.array(1.8), tolerance=1e-4, skip=["float32"]),
    row("stats.skewnorm.ppf", R.uniform(0.1, 0.9, 3), np.array(1.8), tolerance=1e-4, skip=["float32"]),
]
test_every_mode = table_test(ROWS)


def test_the_tails_of_the_normal_distribution():
    for x in (-40.0, -1e4):
        slope = grad(stats.norm.logcdf)(x)
        np.testing.assert_allclose(slope, -x - 1 / x, rtol=1e-3)
        np.testing.assert_allclose(grad(grad(stats.norm.logcdf))(x), -1 + 1 / x**2, rtol=1e-5)
    assert grad(stats.norm.logsf)(40.0) == -grad(stats.norm.logcdf)(-40.0)


@pytest.mark.parametrize("name, method, args", [
    ("gamma", "logsf", (2000.0, 2.5)), ("gamma", "logcdf", (1e-200, 2.5)), ("chi2", "logsf", (3000.0, 3.0)),
    ("beta", "logcdf", (1e-200, 2.5, 3.0)), ("beta", "logsf", (1 - 1e-12, 2.0, 40.0)), ("t", "logcdf", (-1e90, 5.0)),
    ("f", "logsf", (1e200, 3.0, 4.0)), ("poisson", "logsf", (400, 2.0)), ("binom", "logsf", (900, 1000, 0.2)),
    ("nbinom", "logsf", (5000, 3.0, 0.5)),
])
def test_logarithms_of_tails_that_underflow(name, method, args):
    mp = pytest.importorskip("mpmath", reason="references beyond double precision")
    gammainc, betainc = [functools.partial(each, regularized=True) for each in (mp.gammainc, mp.betainc)]
    references = {
        ("gamma", "logsf"): lambda x, a: gammainc(a, x, mp.inf), ("gamma", "logcdf"): lambda x, a: gammainc(a, 0, x),
        ("chi2", "logsf"): lambda x, df: gammainc(df / 2, x / 2, mp.inf),
        ("beta", "logcdf"): lambda x, a, b: betainc(a, b, 0, x),
        ("beta", "logsf"): lambda x, a, b: betainc(b, a, 0, 1 - x),
        ("t", "logcdf"): lambda x, df: betainc(df / 2, mp.mpf(0.5), 0, df / (df + mp.mpf(x) ** 2)) / 2,
        ("f", "logsf"): lambda x, n, m: betainc(m / 2, n / 2, 0, m / (m + n * mp.mpf(x))),
        ("poisson", "logsf"): lambda k, mu: gammainc(k + 1, 0, mu),
        ("binom", "logsf"): lambda k, n, p: betainc(k + 1, n - k, 0, p),
        ("nbinom", "logsf"): lambda k, n, p: betainc(k + 1, n, 0, 1 - mp.mpf(p)),
    }
    mp.mp.dps = 50
    reference = references[name, method]
    last = len(args) - 1
    value, pull = vjp(lambda p: getattr(getattr(stats, name), method)(*args[:last], p), args[last])
    exact = mp.log(reference(*args))
    np.testing.assert_allclose(value, float(exact), rtol=1e-11)
    slope = mp.diff(lambda p: mp.log(reference(*args[:last], p)), args[last])
    np.testing.assert_allclose(pull(1.0)[0], float(slope), rtol=1e-7)


def test_ends_of_the_support():
    assert grad(stats.expon.logpdf)(-1.0) == 0 and vjp(stats.expon.logpdf, -1.0)[0] == -np.inf
    assert grad(lambda a: stats.gamma.pdf(-1.0, a))(2.0) == 0
    assert grad(lambda a: stats.gamma.logpdf(0.0, a))(2.0) == -np.inf
    assert vjp(stats.uniform.pdf, np.array([0.0, 0.5, 1.0, 1.5]))[0].tolist() == [1, 1, 1, 0]
    assert grad(lambda b: stats.beta.cdf(1.0, 2.0, b))(3.0) == 0
    for q in (0.0, 1.0):
        assert grad(stats.norm.ppf, argnums=1)(q, 0.0, 1.0) in (0.0, 1.0)


def test_parameters_that_are_none():
    assert np.isnan(vjp(stats.norm.logpdf, 0.0, 0.0, -1.0)[0])
    value, pull = vjp(lambda a: stats.gamma.logpdf(1.0, a), np.array([-1.0, 2.0]))
    assert np.isnan(value[0]) and np.isfinite(value[1]) and np.isfinite(pull(np.array([0.0, 1.0]))[0][1])


def test_the_middle_of_the_cauchy_distribution():
    assert grad(grad(stats.cauchy.ppf))(0.5) == 0
    np.testing.assert_allclose(grad(stats.cauchy.ppf)(1e-100), 1e200 / np.pi, rtol=1e-12)


@pytest.mark.parametrize("name", ["norm", "t", "gamma", "uniform", "expon"])
@pytest.mark.parametrize("method", ["logpdf", "pdf", "cdf", "logsf"])
def test_slopes_in_location_and_scale_at_the_standard_form(name, method):
    function, plain = [getattr(getattr(package, name), method) for package in (stats, plain_stats)]
    for keyword, value in (("loc", 0.0), ("scale", 1.0)):
        def of(p, function=function, keyword=keyword):
            return function(0.4, *SHAPES[name], **{keyword: p})

        below, above = [of(value + step, plain) for step in (-1e-6, 1e-6)]
        assert grad(of)(value) == pytest.approx((above - below) / 2e-6, abs=1e-6)
        assert jvp(of, (value,), (1.0,))[1] == pytest.approx((above - below) / 2e-6, abs=1e-6)


def test_frozen_distributions():
    def loss(p):
        return stats.norm(p[0], scale=p[1]).logpdf(np.array([0.3, 1.0])).sum()

    p = np.array([0.2, 1.3])
    np.testing.assert_allclose(loss(p), plain_stats.norm(0.2, 1.3).logpdf([0.3, 1.0]).sum())
    expected = grad(lambda p: anp.sum(stats.norm.logpdf(np.array([0.3, 1.0]), p[0], p[1])))(p)
    np.testing.assert_allclose(grad(loss)(p), expected)
    np.testing.assert_allclose(jit(grad(loss))(p), expected)
    np.testing.assert_allclose(vmap(grad(loss))(p[None])[0], expected)
    assert hessian(loss)(p).shape == (2, 2)
    assert stats.norm(0, 1).ppf(0.5) == 0 and stats.norm.fit([1.0, 2.0])[0] == 1.5


def test_other_calls():
    assert pickle.loads(pickle.dumps(stats.norm)) is stats.norm
    with pytest.raises(MissingRuleError, match=r"stats\.norm\.fit.*test_scipy_distributions"):
        grad(lambda x: stats.norm.fit(x)[0])(np.ones(3))
    with pytest.raises(MissingRuleError, match="stats.nakagami.pdf"):
        grad(lambda x: stats.nakagami.pdf(x, 2.0))(1.0)
    with pytest.raises(TypeError, match="norm.pdf got an unexpected foo="):
        grad(lambda x: stats.norm.pdf(x, foo=1))(1.0)
    assert stats.nakagami.pdf(1.0, 2.0) == plain_stats.nakagami.pdf(1.0, 2.0)


@pytest.mark.parametrize("name, shapes", [("norm", ()), ("gamma", (1.8,)), ("beta", (1.7, 2.6)), ("t", (4.0,))])
def test_draws(name, shapes):
    parameters = np.array([*shapes, 0.4, 1.3])

    def draws(p):
        *own, loc, scale = p
        rng = np.random.default_rng(5)
        return getattr(stats, name).rvs(*own, loc=loc, scale=scale, size=4, random_state=rng)

    plain = getattr(plain_stats, name)
    expected = plain.rvs(*shapes, 0.4, 1.3, size=4, random_state=np.random.default_rng(5))
    value, pull = vjp(draws, parameters)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    probabilities = plain.cdf(expected, *parameters)
    for i in range(len(parameters)):
        step = 1e-5 * np.eye(len(parameters))[i]
        change = plain.ppf(probabilities, *(parameters + step)) - plain.ppf(probabilities, *(parameters - step))
        np.testing.assert_allclose(grad(lambda p: draws(p)[0])(parameters)[i], change[0] / 2e-5, rtol=1e-6)
    with pytest.raises(TracedValueError, match="default_rng"):
        grad(lambda x: stats.norm.rvs(x, 1.0))(0.0)


@pytest.mark.parametrize("args", [(1.5,), ([1.5, 2.0],), (1.5, 0.0, 2.0, 3), (1.5, 0.0, 2.0, (2, 1))])
def test_draws_have_the_shapes_of_scipy(args):
    def draw(family, *args):
        return family.rvs(*args, random_state=np.random.default_rng(0))

    expected = draw(plain_stats.gamma, *args)
    for found in (draw(stats.gamma, *args), vjp(lambda loc: draw(stats.gamma, *args[:1], loc, *args[2:]), 0.0)[0]):
        assert type(found) is type(expected)
        np.testing.assert_allclose(found, expected, rtol=1e-12)


@pytest.mark.parametrize("size", [None, 2, 3, (2, 3)])
def test_a_mapped_parameter_has_draws_for_each_example(size):
    a = np.array([1.0, 2.5, 4.0])
    options = {} if size is None else {"size": size}

    def run(mapped, f):
        rng = np.random.default_rng(0)
        return mapped(lambda a: f(lambda a: stats.gamma.rvs(a, 0.3, 1.0 + a, random_state=rng, **options), a))

    def loop(f):
        return np.stack([f(x) for x in a])

    for f in (lambda draws, a: draws(a), lambda draws, a: grad(lambda a: anp.sum(draws(a)))(a)):
        expected = run(loop, f)
        np.testing.assert_allclose(run(lambda f: vmap(f)(a), f), expected, rtol=1e-12)
        np.testing.assert_allclose(run(lambda f: vmap(vmap(f))(a[:, None])[:, 0], f), expected, rtol=1e-12)
        with pytest.warns(JitWarning, match="draws random numbers"):
            np.testing.assert_allclose(run(lambda f: jit(vmap(f))(a), f), expected, rtol=1e-9)
    frozen = vmap(lambda a: stats.norm(a, 1e-9).rvs(random_state=np.random.default_rng(1), **options))(a)
    np.testing.assert_allclose(frozen.reshape(3, -1)[:, 0], a, atol=1e-7)


@pytest.mark.parametrize("call", [
    lambda d: d.rvs(3, np.random.default_rng(0)), lambda d: d.rvs(random_state=np.random.default_rng(0)),
    lambda d: d.interval(0.9), lambda d: d.interval(confidence=0.5), lambda d: d.ppf(q=0.3), lambda d: d.cdf(x=1.2),
    lambda d: d.moment(2), lambda d: d.support(), lambda d: d.stats(moments="mv"),
], ids="rvs number interval named ppf cdf moment support stats".split())
def test_frozen_distributions_take_what_those_of_scipy_take(call):
    for name, args, kwargs in (
        ("gamma", (1.5,), {}), ("lognorm", (0.5,), {}), ("norm", (1.0, 2.0), {}), ("norm", (), {"scale": 2.0}),
        ("poisson", (2.5,), {}),
    ):
        expected = call(getattr(plain_stats, name)(*args, **kwargs))
        np.testing.assert_allclose(call(getattr(stats, name)(*args, **kwargs)), expected, rtol=1e-12, err_msg=name)


def test_a_frozen_interval_has_derivatives():
    np.testing.assert_allclose(grad(lambda s: stats.norm(0.0, s).interval(0.9)[1])(2.0), plain_stats.norm.ppf(0.95))


@pytest.mark.parametrize("df", [np.inf, np.array([3.0, np.inf, np.inf])])
def test_infinitely_many_degrees_of_freedom_make_the_normal_distribution(df):
    x = np.array([-1.0, 0.5, 3.0])
    for method in ("logpdf", "pdf", "cdf", "logcdf", "sf", "logsf"):
        f = getattr(stats.t, method)
        expected = getattr(plain_stats.t, method)(x, df)
        for value in (vjp(lambda x: f(x, df), x)[0], vjp(lambda df: f(x, df), df)[0], jit(lambda df: f(x, df))(df)):
            np.testing.assert_allclose(value, expected, rtol=1e-9, err_msg=method)
        assert np.all(np.isfinite(grad(f, argnums=0)(x, df))) and np.all(np.isfinite(grad(f, argnums=1)(x, df)))
    for method in ("mean", "var", "std", "entropy"):
        f = getattr(stats.t, method)
        np.testing.assert_allclose(vjp(f, df)[0], getattr(plain_stats.t, method)(df), err_msg=method)


@pytest.mark.parametrize("call", [
    lambda d: d.pdf(1.0, loc=2.0), lambda d: d.cdf(1.0, 2.0), lambda d: d.logpdf(), lambda d: d.ppf(q=0.5, x=0.5),
])
def test_a_frozen_distribution_takes_one_argument(call):
    with pytest.raises(TypeError, match="takes one argument"):
        grad(lambda s: call(stats.norm(scale=s)))(2.0)
