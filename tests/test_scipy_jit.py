"""SciPy's ufuncs in compiled programs: the loops that SciPy runs itself, in both back ends, with their errors."""

from __future__ import annotations

import importlib.util
import warnings
from functools import partial

import numpy as np
import pytest

from scipy_table import scipy, traced  # skips the module without SciPy

from autodiff_trace import grad, jit, numpy as anp, tree_leaves
from autodiff_trace.testing import check_grads
from benchmarks.workloads import regressions

import scipy.special

special = traced.special
X = np.linspace(-3.0, 5.0, 17)
IS_NATIVE = importlib.util.find_spec("llvmlite") is not None
BACKENDS = ["numpy", *["native"] * IS_NATIVE]

PROGRAMS = {
    "one argument": lambda x: special.erf(2 * x) + special.gammaln(x * x + 0.5),
    "two arguments": lambda x: special.xlogy(x * x, anp.abs(x) + 1) * 3,
    "three arguments": lambda x: special.betainc(1.5, x * x + 1, 0.25) - 1,
    "a number of each": lambda x: special.expit(x[3]) + special.log_ndtr(x),
    "columns": lambda x: special.expit(x[:, None] * 2) + special.ndtr(x),
    "a reduction": lambda x: anp.sum(special.log_expit(x)),
    "an integer": lambda x: special.expn(3, x * x) + x,
    "two results": lambda x: anp.multiply(*special.fresnel(x)),
}


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", PROGRAMS)
def test_compiled_programs_run_the_same_loops(name, dtype, backend):
    function, x = PROGRAMS[name], X.astype(dtype)
    compiled = jit(function, backend=backend)
    for values in (x, x, x[::-1].copy(), 3 * x, np.full_like(x, np.inf), np.full_like(x, np.nan)):
        expected, found = function(values), compiled(values)
        assert found.dtype == expected.dtype
        if name == "a reduction":  # which adds in an order of its own natively
            np.testing.assert_allclose(found, expected, rtol=1e-5 if dtype is np.float32 else 1e-14)
        else:
            np.testing.assert_array_equal(found, expected)
    assert compiled.cache_info().traces == 1


@pytest.mark.skipif(not IS_NATIVE, reason="regions are compiled by llvmlite")
def test_a_region_goes_on_over_special_functions():
    compiled = jit(lambda x: anp.exp(special.gammaln(2 * x) * 3) + 1, backend="native")
    for _ in range(2):
        compiled(np.ones(5))
    text = str(compiled.graph(np.ones(5)))
    assert "region_1" in text and "region_2" not in text


@pytest.mark.parametrize("backend", BACKENDS)
def test_errors_are_those_that_scipy_and_numpy_report(backend):
    compiled = jit(lambda x: special.gammaln(1 / x) * 2, backend=backend)
    x = np.array([1.0, 2.0, 4.0])
    for _ in range(2):
        compiled(x)
    with np.errstate(all="raise"):  # at a pole SciPy is silent
        assert compiled(np.array([-1.0, -0.5, np.inf])).tolist() == [np.inf] * 3
    with pytest.warns(RuntimeWarning, match="divide by zero encountered in divide"):
        compiled(np.array([0.0, 1.0, 2.0]))  # seen, though SciPy's loop clears the flags of the processor
    with scipy.special.errstate(singular="raise"), pytest.raises(scipy.special.SpecialFunctionError, match="lgam"):
        compiled(-x)
    with scipy.special.errstate(singular="warn"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compiled(-x)
    assert {warning.category for warning in caught} == {scipy.special.SpecialFunctionWarning}


@pytest.mark.parametrize("backend", BACKENDS)
def test_numbers_are_computed_as_python_floats(backend):
    compiled = jit(lambda x: 2 * special.ndtr(x) - special.erf(x) * 1.5, backend=backend)
    for x in (0.5, 0.5, -3.0, np.inf):
        assert compiled(x) == 2 * scipy.special.ndtr(x) - scipy.special.erf(x) * 1.5
        assert type(compiled(x)) is np.float64


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("workload", [each for each in regressions.WORKLOADS if each.name.endswith("-10")],
                         ids=lambda workload: workload.name)
def test_regressions_of_the_benchmarks(workload, backend):
    x, *rest = workload.inputs()
    loss = partial(workload.loss, anp)
    expected, compiled = workload.by_hand(x, *rest), jit(grad(loss), backend=backend)
    for gradient in (grad(loss), compiled, compiled, compiled):
        for found, right in zip(tree_leaves(gradient(x, *rest)), tree_leaves(expected), strict=True):
            np.testing.assert_allclose(found, right, rtol=1e-12)
    check_grads(lambda x: loss(x, *rest), x, order=2)
