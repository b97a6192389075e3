"""Functions of numpy.emath, which leave the real numbers where they have to."""

import numpy as np
import pytest

from autodiff_trace import TracedValueError, grad, jit, jvp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

INSIDE = np.array([0.3, 0.7])
OUTSIDE = np.array([[-2.0, 0.3], [1.5, -0.4]])
FUNCTIONS = {
    **{name: getattr(np.emath, name) for name in "arccos arcsin arctanh log log10 log2 sqrt".split()},
    "logn": lambda x: np.emath.logn(3.0, x),
    "logn of a negative base": lambda x: np.emath.logn(x - 1, 2.5),
    "power": lambda x: np.emath.power(x, 1.5),
    "power of integers": lambda x: np.emath.power(x, np.array([-1, 2])),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("x", [INSIDE, OUTSIDE, INSIDE.astype(np.float32), OUTSIDE + 0.1j])
def test_as_numpy(name, x):
    f = FUNCTIONS[name]
    expected = f(x)
    for found in (jvp(f, (x,), (x,))[0], jit(f)(x)):
        assert found.dtype == expected.dtype
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    if x.dtype != np.float32:
        check_grads(f, x, order=2, modes=("rev", "fwd"))


def test_the_kind_of_number_is_found_anew_in_each_run():
    compiled = jit(np.emath.sqrt)
    for x in (INSIDE, INSIDE, -INSIDE, INSIDE):
        assert compiled(x).dtype == np.emath.sqrt(x).dtype
        np.testing.assert_allclose(compiled(x), np.emath.sqrt(x))


def test_real_slopes_of_complex_values():
    assert grad(lambda x: anp.real(anp.emath.sqrt(x) ** 2))(-2.0) == pytest.approx(1.0)
    with pytest.raises(TracedValueError, match="mapped"):
        vmap(np.emath.sqrt)(INSIDE)
