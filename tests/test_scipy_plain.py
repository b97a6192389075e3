"""Plain SciPy on traced values: ufuncs and the Array API go on, all else names itself and the traced form."""

from __future__ import annotations

import inspect
import os

import numpy as np
import pytest

if os.environ.get("SCIPY_ARRAY_API"):
    pytest.skip("what SciPy does with other arrays is asked in a process of its own", allow_module_level=True)

from scipy_table import traced  # skips the module without SciPy

from autodiff_trace import MissingRuleError, TracedValueError, grad, jit, jvp, numpy as anp, vmap
from autodiff_trace.testing import check_grads
from fresh_process import run_python
from table import OLDER

import scipy.fft
import scipy.integrate
import scipy.interpolate
import scipy.linalg
import scipy.ndimage
import scipy.optimize
import scipy.signal
import scipy.sparse
import scipy.sparse.linalg
import scipy.spatial
import scipy.special
import scipy.stats

X = np.linspace(0.5, 1.5, 4)
A = np.eye(4) + np.outer(X, X)

CALLS = {
    "fft.fft": lambda x: scipy.fft.fft(x),
    "fft.dct": lambda x: scipy.fft.dct(x),
    "integrate.quad": lambda x: scipy.integrate.quad(lambda s: s * x[0], 0, 1)[0],
    "integrate.simpson": lambda x: scipy.integrate.simpson(x),
    "integrate.solve_ivp": lambda x: scipy.integrate.solve_ivp(lambda t, y: -y, (0, 1), x).y,
    "interpolate.CubicSpline": lambda x: scipy.interpolate.CubicSpline(X, x)(1.0),
    "linalg.expm": lambda x: scipy.linalg.expm(A * x[0]),
    "linalg.solve": lambda x: scipy.linalg.solve(A, x),
    "linalg.toeplitz": lambda x: scipy.linalg.toeplitz(x),
    "ndimage.gaussian_filter": lambda x: scipy.ndimage.gaussian_filter(x, 1.0),
    "optimize.least_squares": lambda x: scipy.optimize.least_squares(lambda y: y - x, X).x,
    "optimize.minimize": lambda x: scipy.optimize.minimize(lambda y: np.sum(y * y), x).x,
    "signal.convolve": lambda x: scipy.signal.convolve(x, X),
    "signal.lfilter": lambda x: scipy.signal.lfilter([1.0], [1.0, 0.5], x),
    "sparse.csr_array": lambda x: scipy.sparse.csr_array((x, (np.arange(4), np.arange(4)))).sum(),
    "sparse.linalg.spsolve": lambda x: scipy.sparse.linalg.spsolve(scipy.sparse.csc_array(A), x),
    "spatial.distance.cdist": lambda x: scipy.spatial.distance.cdist(x[:, None], x[:, None]),
    "special.lambertw": lambda x: np.real(scipy.special.lambertw(x)),
    "special.logsumexp": lambda x: scipy.special.logsumexp(x),
    "stats.gaussian_kde": lambda x: scipy.stats.gaussian_kde(x)(1.0),
    "stats.multivariate_normal.logpdf": lambda x: scipy.stats.multivariate_normal.logpdf(x, np.zeros(4)),
    "stats.norm.pdf": lambda x: scipy.stats.norm.pdf(x),
    "stats.norm.logcdf": lambda x: scipy.stats.norm(0.0, 1.0).logcdf(x),
    "stats.poisson.logpmf": lambda x: scipy.stats.poisson.logpmf(2, x),
    "stats.zscore": lambda x: scipy.stats.zscore(x),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_function_that_asks_for_an_array_names_itself_and_the_traced_form(name):
    if name == "signal.lfilter" and "scipy" in OLDER:
        pytest.skip("this release raises an error of its own instead")
    message = (
        rf"^scipy\.{name} asks for (the array|float\(\)) of a traced value, .*test_scipy_plain\.py, line \d+\)\. "
        rf"Write autodiff_trace\.scipy\.{name} instead"
    )
    with pytest.raises(TracedValueError, match=message):
        grad(lambda x: anp.sum(CALLS[name](x)))(X)
    with pytest.raises(TracedValueError, match=message):
        jvp(CALLS[name], (X,), (X,))
    with pytest.raises(TracedValueError, match=f"Write autodiff_trace.scipy.{name} instead"):
        vmap(CALLS[name])(np.stack([X, 2 * X]))


def test_a_function_without_traced_form_is_named_too():
    import scipy.cluster.vq

    with pytest.raises(TracedValueError, match=r"^scipy\.cluster\.vq\.whiten .* no traced form of scipy\.cluster:"):
        grad(lambda x: anp.sum(scipy.cluster.vq.whiten(x[:, None])))(X)


@pytest.mark.skipif(not hasattr(scipy.special, "sph_harm_y"), reason="sph_harm_y is of SciPy 1.15")
def test_one_of_several_objects_of_a_class_is_named():
    with pytest.raises(TracedValueError, match=r"^scipy\.special\.sph_harm_y .* Write .*special\.sph_harm_y inst"):
        grad(lambda x: np.real(scipy.special.sph_harm_y(2, 1, x, 0.3)))(0.7)


def test_a_module_below_one_of_ours_is_named_where_there_is_no_form():
    from scipy.spatial.transform import Rotation

    if not inspect.isfunction(getattr(Rotation.from_euler, "__func__", Rotation.from_euler)):
        pytest.skip("a compiled class of older releases has no frames by which it could be named")
    with pytest.raises(TracedValueError, match=r"There is no traced form of scipy\.spatial\.transform"):
        grad(lambda x: Rotation.from_euler("z", x).apply(np.array([1.0, 0.0, 0.0]))[0])(0.3)


@pytest.mark.parametrize("name, call", [
    ("sparse.linalg.LinearOperator", lambda x: scipy.sparse.linalg.aslinearoperator(np.eye(4)) @ x),
    ("spatial.KDTree", lambda x: scipy.spatial.KDTree(x[:, None])),
])
def test_no_traced_form_is_named_where_that_is_scipys_own(name, call):
    with pytest.raises(TracedValueError, match=rf"There is no traced form of scipy\.{name}: take the plain value"):
        grad(lambda x: anp.sum(call(x)))(X)


def test_what_a_users_function_asks_of_numpy_is_said_of_numpy():
    with pytest.raises(TracedValueError, match=r"^NumPy asks a traced value"):
        grad(lambda x: scipy.optimize.minimize(lambda y: np.sum(np.array([x, x]) * y), np.ones(1)).fun)(1.0)


def test_a_value_that_scipy_hides_in_its_own_error_is_the_cause():
    with pytest.raises(Exception) as caught:
        grad(lambda x: scipy.optimize.minimize(lambda y: anp.sum((y - x) ** 2), np.ones(4)).fun)(X)
    errors = [caught.value]
    while (cause := errors[-1].__cause__ or errors[-1].__context__) is not None:
        errors.append(cause)
    assert any("Write autodiff_trace.scipy.optimize.minimize instead" in str(error) for error in errors)


@pytest.mark.parametrize("function", [
    lambda x: anp.sum(scipy.linalg.solve(A, x) ** 2), lambda x: anp.sum(scipy.fft.dct(x)), lambda x: x + np.sort(x),
])
def test_plain_functions_under_jit_see_each_value_anew(function):
    compiled = jit(function)
    for scale in (1.0, 2.0, 1.0, -3.0):
        np.testing.assert_array_equal(compiled(scale * X), function(scale * X))


# Ufuncs


def test_ufuncs_take_keywords_and_have_methods():
    check_grads(lambda x: scipy.special.gammaln(x), X)
    check_grads(lambda x: scipy.special.xlogy.outer(x, X), X)
    check_grads(lambda x, y: scipy.special.xlogy.outer(x, y), X, X)

    def written(x):
        out = anp.zeros(4)
        assert scipy.special.expit(x, out=out) is out
        scipy.special.expit(2 * x, out=out, where=X > 1)
        return out

    expected = np.where(X > 1, scipy.special.expit(2 * X), scipy.special.expit(X))
    np.testing.assert_array_equal(written(X), expected)
    check_grads(written, X)
    assert grad(lambda x: anp.sum(scipy.special.expit(x, dtype=np.float32)))(X).dtype == np.float64
    assert vmap(lambda x: scipy.special.expit(x, dtype=np.float32))(X).dtype == np.float32
    assert traced.special.expit.nin == 1
    with pytest.raises(ValueError, match="where= without out="):
        grad(lambda x: anp.sum(scipy.special.expit(x, where=X > 1)))(X)
    with pytest.raises(TracedValueError, match="out= is a plain array"):
        grad(lambda x: anp.sum(scipy.special.expit(x, out=np.zeros(4))))(X)
    with pytest.raises(TypeError, match="expit.. got an unexpected keyword argument 'axis'"):
        grad(lambda x: anp.sum(scipy.special.expit(x, axis=0)))(X)


def test_ufuncs_find_their_rules_by_themselves():
    assert run_python("""
import sys
from autodiff_trace import grad, vmap, jit
import scipy.special
print("autodiff_trace.scipy" in sys.modules)
print(round(float(grad(lambda x: scipy.special.expit(x))(0.0)), 12))
print("autodiff_trace.scipy.stats" in sys.modules)
import numpy as np
try:
    grad(lambda x: np.frompyfunc(abs, 1, 1)(x))(1.0)
except TypeError as error:
    print(type(error).__name__)
""") == ["False", "0.25", "False", "TracedValueError"]


def test_a_function_without_a_rule_names_itself():
    with pytest.raises(MissingRuleError, match=(
        r"^scipy\.special\.pro_cv has no derivative .* argument 2 .*test_scipy_plain\.py, line \d+\)\. Add one with "
        r"extend\.defvjp\(autodiff_trace\.scipy\.special\.pro_cv, rule, argnums=\(2,\)\)"
    )):
        grad(lambda c: traced.special.pro_cv(1, 2, c))(1.0)


def test_a_rule_of_ones_own_is_taken():
    assert run_python("""
from autodiff_trace import extend, grad, scipy
extend.defvjp(scipy.special.pro_cv, None, None, lambda g, ans, m, n, c: 7 * g)
print(grad(lambda c: scipy.special.pro_cv(1, 2, c))(1.0))
import scipy
print(grad(lambda c: scipy.special.pro_cv(1, 2, c))(1.0))
""") == ["7.0", "7.0"]


# The Array API


@pytest.mark.skipif("scipy" in OLDER, reason="fewer functions follow it in older releases")
def test_functions_that_follow_the_array_api_go_on():
    # Set before SciPy is imported; the functions of scipy.special are then no ufuncs.
    assert run_python("""
import numpy as np, scipy.fft, scipy.integrate, scipy.linalg, scipy.signal, scipy.special, scipy.stats
from autodiff_trace import grad, jit, jvp, numpy as anp, scipy as traced, vmap
from autodiff_trace.testing import check_grads

x = np.linspace(0.5, 1.5, 4)
for f in [
    scipy.special.gammaln, scipy.special.expit, scipy.special.logsumexp, scipy.special.softmax, scipy.stats.zscore,
    scipy.stats.gmean, scipy.stats.skew, scipy.integrate.trapezoid, scipy.signal.hilbert, scipy.fft.fft,
    lambda x: scipy.special.xlogy(x, 2 * x), traced.special.gammaln, lambda x: traced.special.xlogy(x, x),
    traced.special.logsumexp,
]:
    check_grads(lambda x: anp.real(f(x)) + 2 * anp.imag(f(x)), x)
    np.testing.assert_allclose(jit(f)(x), f(x))
    np.testing.assert_allclose(jit(f)(2 * x), f(2 * x))
print(isinstance(scipy.special.gammaln, np.ufunc), traced.special.gammaln.nin)
""", SCIPY_ARRAY_API="1") == ["False 1"]


def test_traced_arrays_have_what_the_array_api_asks_for():
    def f(x):
        assert x.device == "cpu" and x.to_device("cpu") is x and x.__array_namespace__().special is traced.special
        with pytest.raises(ValueError):
            x.to_device("gpu")
        return anp.sum(x)

    assert grad(f)(X).tolist() == [1.0] * 4
    assert jit(f)(X) == np.sum(X)
