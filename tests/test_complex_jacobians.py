"""Jacobians with complex numbers mean the same in every mode; what no complex matrix can say is an error."""

import functools

import numpy as np
import pytest

from autodiff_trace import (
    deriv, grad, hessian, holomorphic_grad, jacfwd, jacobian, jacrev, jit, jvp, linearize, make_ggnvp, vmap,
)
from autodiff_trace import numpy as anp

X = np.array([1.0, 2.0, 3.0])
Z = np.array([1 + 2j, 0.5 - 1j, 2j])
A = np.arange(12).reshape(4, 3) * (1 + 0.5j) + 1j


def sparse(f, **options):
    return jacobian(f, sparsity="detect", dense=True, check=True, **options)


WAYS = {"jacobian": jacobian, "jacrev": jacrev, "jacfwd": jacfwd, "sparse": sparse}


def steps(f, x):
    """∂f/∂Re x and ∂f/∂Im x, by differences."""

    def along(unit):
        columns = []
        for e in np.eye(x.size).reshape(x.size, *x.shape):
            h = 1e-3 * unit * e
            columns.append((8 * (f(x + h) - f(x - h)) - (f(x + 2 * h) - f(x - 2 * h))) / 12e-3)
        return np.moveaxis(columns, 0, -1).reshape(np.shape(f(x)) + x.shape)

    return along(1), along(1j) if np.iscomplexobj(x) else None


FUNCTIONS = {  # of real arguments with complex outputs; of complex ones with real outputs; holomorphic ones
    "fft": (anp.fft.fft, X),
    "matrix": (lambda x: A @ (x * x), X),
    "few outputs": (lambda x: anp.sum(anp.exp(1j * x)), X),
    "many outputs": (lambda x: anp.concatenate([anp.exp(1j * x * k) for k in range(3)]), X),
    "real matrix argument": (lambda x: x * (1 + 2j) * x.T, np.outer(X, X[:2]) @ np.ones((2, 3))),
    "abs": (anp.abs, Z),
    "many real outputs": (lambda z: anp.concatenate([anp.abs(z), anp.real(z * z), anp.imag(z)]), Z),
    "one real output": (lambda z: anp.sum(anp.angle(z) * anp.real(z)), Z),
    "square": (lambda z: z * z, Z),
    "many holomorphic": (lambda z: anp.concatenate([anp.exp(z), z**3, 1 / z]), Z),
    "ifft": (lambda z: anp.fft.ifft(z * z[0]), Z),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_meaning(name, way):
    f, x = FUNCTIONS[name]
    by_real, by_imaginary = steps(f, x)
    expected = by_real
    if np.iscomplexobj(x) and not np.iscomplexobj(f(x)):
        expected = by_real - 1j * by_imaginary
    found = WAYS[way](f)(x)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-8)
    np.testing.assert_array_equal(WAYS[way](f, chunk_size=2)(x), found)
    np.testing.assert_allclose(jit(WAYS[way](f))(x), found, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("way", [jacobian, jacrev, jacfwd])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_of_batches_and_in_single_precision(name, way):
    f, x = FUNCTIONS[name]
    batch = np.stack([x, 0.5 * x])
    np.testing.assert_allclose(vmap(way(f))(batch), [way(f)(each) for each in batch], rtol=1e-12, atol=1e-12)
    single = x.astype(np.complex64 if np.iscomplexobj(x) else np.float32)
    wide = way(f)(x)
    if name not in ("matrix",):  # A is wide
        assert way(f)(single).dtype == (np.complex64 if np.iscomplexobj(wide) else np.float32)
    np.testing.assert_allclose(way(f)(single), wide, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("f", [
    anp.conj,
    lambda z: z * anp.abs(z),
    lambda z: anp.concatenate([anp.conj(z) * z[0]] * 3),
    lambda z: anp.sum(z * anp.real(z)),
])
def test_no_complex_matrix_is_the_derivative(way, f):
    for transform in (WAYS[way], lambda f: jit(WAYS[way](f)), lambda f: vmap(WAYS[way](f))):
        with pytest.raises(TypeError, match=r"no holomorphic function.*x \+ 1j \* y"):
            transform(f)(Z[None])
    if way != "sparse":
        by_x, by_y = WAYS[way](lambda x, y: f(x + 1j * y), argnums=(0, 1))(Z.real, Z.imag)
        np.testing.assert_allclose([by_x, by_y], steps(f, Z), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("way", [jacobian, jacrev, jacfwd])
def test_real_and_complex_side_by_side(way):
    def f(x, z):
        return {"holomorphic": z * z * x, "real": anp.abs(z) * x, "of x": anp.exp(1j * x)}

    result = way(f, argnums=(0, 1))(X, Z)
    np.testing.assert_allclose(result["holomorphic"][0], np.diag(Z * Z))
    np.testing.assert_allclose(result["holomorphic"][1], np.diag(2 * Z * X))
    np.testing.assert_allclose(result["real"][0], np.diag(np.abs(Z)))
    np.testing.assert_allclose(result["real"][1], np.diag(np.conj(Z) / np.abs(Z) * X))
    np.testing.assert_allclose(result["of x"][0], np.diag(1j * np.exp(1j * X)))
    np.testing.assert_array_equal(result["of x"][1], np.zeros((3, 3)))
    assert [result["real"][i].dtype.kind for i in (0, 1)] == ["f", "c"]


def test_rows_are_gradients():
    f = lambda z: anp.abs(z @ A.T)  # noqa: E731
    rows = [grad(lambda z, i=i: f(z)[i])(Z) for i in range(4)]
    for way in WAYS.values():
        np.testing.assert_allclose(way(f)(Z), rows)
    np.testing.assert_allclose(jacobian(anp.exp)(1j), holomorphic_grad(anp.exp)(1j))


def test_nested():
    tensor = np.einsum("ij,jk,k->ijk", np.eye(3), np.eye(3), -np.exp(1j * X))
    for outer in (jacobian, jacrev, jacfwd):
        for inner in (jacobian, jacrev, jacfwd):
            np.testing.assert_allclose(outer(inner(lambda x: anp.exp(1j * x)))(X), tensor, atol=1e-15)
    weight = grad(lambda x: anp.sum(anp.abs(jacobian(lambda y: anp.exp(1j * y) * y)(x)) ** 2))(X)
    np.testing.assert_allclose(weight, 2 * X)


def test_linear_maps():
    for f, x in FUNCTIONS.values():
        step = (0.3 - 0.2j) * x if np.iscomplexobj(x) else 0.3 * x
        np.testing.assert_allclose(linearize(f, x)[1](step), jvp(f, (x,), (step,))[1], rtol=1e-12, atol=1e-12)


def test_hessians():
    np.testing.assert_allclose(hessian(lambda z: anp.real(anp.sum(z**3)))(Z), np.diag(6 * Z))
    with pytest.raises(TypeError, match="hessian.*no holomorphic"):
        hessian(lambda z: anp.sum(anp.abs(z) ** 2))(Z)
    np.testing.assert_allclose(hessian(lambda x: anp.sum(anp.abs(anp.fft.fft(x)) ** 2))(X), 6 * np.eye(3), atol=1e-12)


def test_deriv():
    np.testing.assert_allclose(deriv(lambda t: anp.exp(1j * t))(X), 1j * np.exp(1j * X))
    np.testing.assert_allclose(deriv(anp.exp)(Z), np.exp(Z))
    np.testing.assert_allclose(deriv(anp.abs)(Z), grad(anp.abs)(Z))
    np.testing.assert_allclose(deriv(lambda x, z: x * z, argnums=(0, 1))(2.0, 1j), (1j, 2.0))
    with pytest.raises(TypeError, match="deriv.*no holomorphic"):
        deriv(anp.conj)(Z)


def test_gauss_newton_of_a_complex_model():
    for loss in (None, lambda y: anp.sum(anp.abs(y) ** 2) / 2):
        product = make_ggnvp(lambda x: A @ x, loss)(X)(X)
        np.testing.assert_allclose(product, np.real(A.conj().T @ A @ X))


@pytest.mark.parametrize("transform", [
    jacobian, jacfwd, jacrev, deriv, functools.partial(jacobian, sparsity="detect", dense=True),
])
def test_a_derivative_that_cancels_to_zero_is_that_of_a_holomorphic_function(transform):
    z = np.array([1.3 + 0.2j, -0.4 - 0.7j, 2.0 + 1.1j])
    found = transform(lambda z: anp.sin(z) ** 2 + anp.cos(z) ** 2)(z)
    np.testing.assert_allclose(found, 0.0, atol=1e-14)
    with pytest.raises(TypeError, match="no holomorphic function"):
        transform(lambda z: 1.0 + 1e-9 * anp.conj(z))(z)
