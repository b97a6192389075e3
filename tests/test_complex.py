"""Complex numbers: functions that take them apart, holomorphic functions, real and complex operands together."""

import numpy as np
import pytest
from table import row, table_test

from autodiff_trace import TracedValueError, derivatives, grad, holomorphic_grad, jvp, value_and_grad, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

Z = np.array([0.3 + 0.4j, -0.6 + 0.2j, 0.7 - 0.5j])
W = np.array([1.2 - 0.3j, 0.8 + 0.9j, -1.1 + 0.4j])
COLUMN = np.array([[1.3 + 0.2j], [0.6 - 1.1j]])
X = np.array([0.4, 0.7, 1.9])

HOLOMORPHIC = """
    arccos arccosh arcsin arcsinh arctan arctanh cos cosh exp exp2 expm1 log log10 log1p log2 negative positive
    reciprocal sin sinc sinh sqrt square tan tanh
""".split()
PARTS = "absolute angle conjugate imag nan_to_num real sign".split()
BINARY = "add divide float_power multiply power subtract".split()

ROWS = [
    *(row(name, Z) for name in HOLOMORPHIC + PARTS),
    *(row(name, W[0]) for name in HOLOMORPHIC + PARTS),
    *(row(name, Z[:0]) for name in HOLOMORPHIC + PARTS),
    *(row(name, X) for name in PARTS),
    *(row(name, Z, W) for name in BINARY),
    *(row(name, COLUMN, Z) for name in BINARY),
    *(row(name, X, W) for name in BINARY),
    *(row(name, W, X) for name in BINARY),
    *(row(name, W, 2) for name in BINARY),
    *(row(name, 2.0, W) for name in BINARY),
    *(row(name, X, 1.0 + 2.0j) for name in BINARY),
    row("angle", Z, deg=True),
    # Whether its answer is real or complex depends on the values, which differ within a batch.
    row("real_if_close", Z, skip=("batched",)),
    row("real_if_close", W[0], skip=("batched",)),
    row("real_if_close", X),
    row("maximum", Z, W),
    row("power", Z, 3),
    row("power", Z, np.full(3, 0.5)),
    row("round", Z, 1),
]

test_complex = table_test(ROWS)


@pytest.mark.parametrize("z, expected", [(3 + 4j, 0.6 - 0.8j), (0j, 0), (-2 + 0j, -1)])
def test_absolute(z, expected):
    np.testing.assert_allclose(grad(anp.absolute)(z), expected, rtol=1e-15)
    np.testing.assert_allclose(grad(lambda z: abs(z) ** 2)(z), 2 * np.conj(z), rtol=1e-15)
    np.testing.assert_allclose(grad(lambda z: (z * anp.conj(z)).real)(z), 2 * np.conj(z), rtol=1e-15)


def test_zero():
    """|z|, z/|z| and the angle have the derivative 0 at 0, to any order, without a warning."""
    for f in (anp.absolute, anp.angle, lambda z: anp.real(anp.sign(z))):
        assert grad(f)(0j) == 0
        assert grad(lambda z, f=f: anp.real(grad(f)(z)))(0j) == 0
        np.testing.assert_array_equal(grad(f)(np.zeros(2, complex)), [0, 0])


def test_infinity():
    """NaN, as z / |z| has no limit there, but without a warning."""
    assert np.isnan(grad(anp.absolute)(complex(np.inf, np.inf)))


# Slopes on both sides of the branch cuts of each function.
AROUND = np.array([2 + 1j, -2 + 1j, 2 - 1j, -2 - 1j, 0.1 + 2j, -0.1 - 2j])


@pytest.mark.parametrize("name", HOLOMORPHIC)
def test_holomorphic(name):
    f = getattr(anp, name)
    slope = holomorphic_grad(f)(AROUND)
    h = 1e-4
    for step in (h, 1j * h):
        near, far = (f(AROUND + k * step) - f(AROUND - k * step) for k in (1, 2))
        np.testing.assert_allclose(slope, (8 * near - far) / (12 * step), rtol=1e-9)
    np.testing.assert_allclose(jvp(f, (AROUND,), (1j * np.ones(6),))[1], 1j * slope, rtol=1e-14)
    second = holomorphic_grad(holomorphic_grad(f))(AROUND)
    numeric = (holomorphic_grad(f)(AROUND + 1e-5) - holomorphic_grad(f)(AROUND - 1e-5)) / 2e-5
    np.testing.assert_allclose(second, numeric, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("f", [
    lambda z: anp.absolute(z) ** 2,
    lambda z: anp.angle(z) * anp.real(z),
    lambda z: anp.imag(anp.conj(z) * anp.exp(z)),
    lambda z: anp.real(anp.sign(z) ** 2),
    lambda z: z.real * z.imag,
    lambda z: anp.absolute(anp.sqrt(z) + 1),
])
def test_pairs_to_third_order(f):
    check_grads(f, Z[:2], order=3, tolerance=1e-5)


def test_real_argument_has_real_gradient():
    gx, gz = grad(lambda x, z: anp.absolute(x * z), (0, 1))(2.0, 3 + 4j)
    assert gx.dtype == np.float64 and gx == 5
    np.testing.assert_allclose(gz, 2 * (0.6 - 0.8j))
    gx = grad(lambda x: anp.real(anp.sum(x * W)))(X)
    np.testing.assert_array_equal(gx, W.real)
    gx = grad(lambda x: anp.imag(anp.sum(anp.exp(1j * x))))(X)
    np.testing.assert_allclose(gx, np.cos(X))


@pytest.mark.parametrize("dtype, real", [(np.complex64, np.float32), (np.complex128, np.float64)])
def test_dtype(dtype, real):
    z = Z.astype(dtype)
    for name in HOLOMORPHIC + PARTS:
        f = getattr(anp, name)
        for each in (z, z[0], z[:0], z[:1].reshape(())):
            value, gradient = value_and_grad(lambda z, f=f: anp.real(f(z)))(each)
            assert value.dtype == real
            assert (gradient.dtype, gradient.shape) == (dtype, each.shape), name
            value, t = jvp(f, (each,), (each,))
            assert (t.dtype, t.shape) == (value.dtype, value.shape), name
    for name in BINARY:
        f = getattr(anp, name)
        x = X.astype(real)
        for g in (lambda x, z, f=f: anp.real(f(x, z)), lambda x, z, f=f: anp.real(f(z, x))):
            gx, gz = grad(g, (0, 1))(x, z)
            assert (gx.dtype, gz.dtype) == (real, dtype), name


def test_real_if_close():
    value, gradient = value_and_grad(anp.real_if_close)(np.array([2 + 1e-15j, 1j * 1e-16]))
    assert value.dtype == np.float64
    np.testing.assert_array_equal(gradient, [1, 1])
    assert holomorphic_grad(anp.real_if_close)(2 + 1e-3j) == 1


def test_real_if_close_of_a_batch():
    with pytest.raises(TracedValueError, match="mapped value"):
        vmap(anp.real_if_close)(Z)


def test_nan_to_num():
    """The parts of a complex number are replaced one by one, and so is the gradient."""
    z = np.array([complex(np.nan, 1), complex(2, np.inf), 3 + 4j])
    value, gradient = value_and_grad(lambda z: anp.real(anp.nan_to_num(z) * (1 - 1j)))(z)
    np.testing.assert_array_equal(value, np.nan_to_num(z).real + np.nan_to_num(z).imag)
    np.testing.assert_array_equal(gradient, [-1j, 1, 1 - 1j])


def test_complex_power_at_zero():
    assert holomorphic_grad(lambda z: z**2)(0j) == 0
    assert holomorphic_grad(holomorphic_grad(lambda z: z**2))(0j) == 2
    assert holomorphic_grad(lambda z: 0j**z)(1 + 0j) == 0


@pytest.mark.parametrize("f", [anp.arccos, anp.arcsin])
@pytest.mark.parametrize("z", [1.5 + 0j, complex(1.5, -0.0), -2 + 0j, complex(-2.0, -0.0)])
def test_slopes_on_the_branch_cut_are_of_the_side_of_the_value(f, z):
    step = 1e-5
    near = [f(complex(z.real + sign * step, z.imag)) for sign in (1, -1)]
    expected = (near[0] - near[1]) / (2 * step)
    np.testing.assert_allclose(jvp(f, (z,), (1.0 + 0j,))[1], expected, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(derivatives(f, 1)(z)[1], expected, rtol=1e-8, atol=1e-10)


def test_sign_of_infinite_numbers():
    z = np.array([complex(np.inf, 0), complex(0, -np.inf), complex(1, np.inf), complex(-np.inf, 2), 3 + 4j, 0, np.nan])
    with np.errstate(invalid="ignore"):
        value, tangent = jvp(anp.sign, (z,), (np.ones_like(z),))
    np.testing.assert_allclose(value, np.sign(z), rtol=1e-15)
    np.testing.assert_array_equal(tangent[:4], 0)
