"""Where NumPy or another package asks a traced value for a plain array, the error names it and says what to write."""

import ctypes
import sys

import numpy as np
import pytest

from autodiff_trace import TracedValueError, grad, jit, stop_gradient, vmap

rng = np.random.default_rng(0)
SERIES = np.polynomial.Legendre([1.0, 2.0, 3.0], domain=[0.0, 2.0])
DRAW = "of np.random asks a traced value .* Transform the draw instead: loc \\+ scale"


class Detector:
    def __init__(self):
        self.random = rng


detector = Detector()
ASKERS = {
    "vectorize, not called by the user": (np.vectorize(lambda x: x * 2.0), "np.vectorize asks .* or write vmap"),
    "a polynomial, not called by the user": (np.polynomial.Polynomial([1.0, 2.0]), "Write anp.polyval"),
    "a series at a traced x": (SERIES, r"legendre.legval\(x, c\), .*p.convert\(\).coef"),
    "coefficients of a series": (
        lambda c: np.polynomial.hermite_e.hermeval(0.3, [c, c]), r"hermite_e.hermevander\(x, len\(c\) - 1\) @ c"),
    "of linalg": (lambda x: np.linalg.norm([x, x]), "np.linalg.norm asks .* Write anp.linalg.norm,"),
    "of fft": (lambda x: np.fft.fft([x, x]), "np.fft.fft asks .* Write anp.fft.fft,"),
    "of emath": (lambda x: np.emath.sqrt([x, x]), "np.emath.sqrt asks .* Write np.emath.sqrt.anp.array"),
    "of rec": (lambda x: np.rec.array([x, x]), "np.rec.array asks .* no form of it"),
    "of testing": (lambda x: np.testing.assert_allclose(x, 1.0), "np.testing.assert_allclose asks .* no form of it"),
    "an object": (lambda x: np.mgrid[0:x:0.5], "np.mgrid asks .* There is no form of it that follows derivatives"),
}
COMPILED = {
    "ufunc": (lambda x: np.dot([x, x], [1.0, 2.0]), "np.dot asks .* Write anp.dot,"),
    "over lines": (lambda x: np.inner(
        [x, x],
        [1.0, 2.0]), "np.inner asks .* Write anp.inner,"),
    "a range": (lambda x: np.arange(0.0, x, 0.5), r"Write start \+ step \* np.arange\(n\)"),
    "a type": (lambda x: np.float32(x), r"Write x.astype\(np.float32\), or x alone"),
    "a generator": (lambda x: rng.normal(0.0, x), rf"normal\(\) {DRAW}"),
    "a generator of an object": (lambda x: detector.random.gamma(x), rf"gamma\(\) {DRAW}"),
    "the global generator": (lambda x: np.random.poisson(x), rf"poisson\(\) {DRAW}"),
    "a choice": (lambda x: rng.permutation([x, x]), r"Draw positions instead: x\[rng.permutation"),
    "a bound": (lambda x: rng.integers(x), r"Bounds are plain: int\(x\)"),
    "no simple name": (lambda x: np.random.default_rng(0).normal(0.0, x), "NumPy asks .* Instead of np.array"),
}


@pytest.mark.parametrize("fun, text", ASKERS.values(), ids=ASKERS)
def test_who_asks(fun, text):
    with pytest.raises(TracedValueError, match=text):
        grad(fun)(1.0)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python 3.10 does not tell which function a line calls")
@pytest.mark.parametrize("fun, text", COMPILED.values(), ids=COMPILED)
def test_which_compiled_function_asks(fun, text):
    with pytest.raises(TracedValueError, match=text):
        grad(fun)(1.0)


@pytest.mark.parametrize("transform", [grad, vmap, lambda f: jit(grad(f), constant=("double",))])
def test_a_function_of_c_is_refused(transform):
    double = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(lambda value: 2.0 * value)
    with pytest.raises(ctypes.ArgumentError, match=r"a function of C takes plain numbers, .*line \d+\)\. Give"):
        transform(lambda x: double(x))(np.ones(()) if transform is not vmap else np.ones(2))


def test_a_function_of_c_of_a_constant_runs():
    double = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(lambda value: 2.0 * value)
    assert grad(lambda x: x * double(stop_gradient(x)))(3.0) == 6.0
    compiled = jit(lambda x: double(x) + x, constant=("double",))
    assert [compiled(x) for x in (1.0, 1.0, 2.0, 2.0, 1.0)] == [3.0, 3.0, 6.0, 6.0, 3.0]
    compiled = jit(lambda x: double(x[0]) + x, constant=("double",))
    assert [compiled(np.array([x])).tolist() for x in (1.0, 1.0, 2.0)] == [[3.0], [3.0], [6.0]]


def test_what_is_written_instead_works():
    x = np.array([0.3, 1.7])
    legval, legvander = np.polynomial.legendre.legval, np.polynomial.legendre.legvander
    np.testing.assert_allclose(grad(lambda x: legval(x, SERIES.convert().coef))(x), SERIES.deriv()(x), rtol=1e-12)
    np.testing.assert_allclose(grad(lambda c: legvander(x, 2) @ c)(np.ones(3)), legvander(x, 2).sum(axis=0))


def test_a_package_that_asks(tmp_path, monkeypatch):
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages" / "some_plotter.py").write_text("import numpy\ndef plot(x):\n    numpy.asarray(x)\n")
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    import some_plotter

    with pytest.raises(TracedValueError, match=r"some_plotter asks .* Give it the plain value, to_numpy\(x\)"):
        grad(lambda x: some_plotter.plot(x))(1.0)
