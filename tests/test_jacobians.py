"""Jacobians, Hessians and products with them."""

import pickle

import numpy as np
import pytest

from autodiff_trace import (
    deriv, grad, hessian, hvp, jacfwd, jacobian, jacrev, jit, jvp, linearize, make_ggnvp, value_grad_and_hvp, vmap,
)
from autodiff_trace import numpy as anp

rng = np.random.default_rng(0)
X = rng.normal(size=4)
M = rng.normal(size=(3, 4))
ALL = [jacobian, jacrev, jacfwd]


def model(x):
    return anp.sin(M @ x) * x[0]


def model_jacobian(x):
    columns = [jvp(model, (x,), (e,))[1] for e in np.eye(4)]
    return np.stack(columns, axis=1)


def rosenbrock(x):
    return anp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def rosenbrock_hessian(x):
    h = np.zeros((len(x), len(x)))
    for i in range(len(x) - 1):
        h[i, i] += 1200 * x[i] ** 2 - 400 * x[i + 1] + 2
        h[i + 1, i + 1] += 200
        h[i, i + 1] = h[i + 1, i] = -400 * x[i]
    return h


@pytest.mark.parametrize("transform", ALL)
@pytest.mark.parametrize("chunk_size", [None, 1, 2, 100])
def test_jacobian(transform, chunk_size):
    np.testing.assert_allclose(transform(model, chunk_size=chunk_size)(X), model_jacobian(X), rtol=1e-12)


@pytest.mark.parametrize("transform", ALL)
def test_shapes(transform):
    x = rng.normal(size=(2, 3))
    assert transform(lambda x: x.T @ x)(x).shape == (3, 3, 2, 3)
    assert transform(lambda x: anp.sum(x))(x).shape == (2, 3)
    assert transform(lambda t: t * x)(2.0).shape == (2, 3)
    assert np.shape(transform(lambda t: t * t)(2.0)) == ()
    assert transform(lambda x: x[:, :0])(x).shape == (2, 0, 2, 3)
    assert transform(anp.sin)(x.astype(np.float32)).dtype == np.float32
    np.testing.assert_array_equal(transform(lambda x: np.ones(2))(x), np.zeros((2, 2, 3)))


@pytest.mark.parametrize("transform", ALL)
def test_containers_and_several_arguments(transform):
    def f(p, s):
        return {"u": p["a"] * p["b"][0], "v": s * p["a"]}

    result = transform(f, argnums=(0, 1))({"a": X, "b": (2.0, "name")}, 3.0)
    np.testing.assert_allclose(result["u"][0]["a"], 2 * np.eye(4))
    np.testing.assert_allclose(result["u"][0]["b"][0], X)
    np.testing.assert_allclose(result["v"][1], X)
    assert result["v"][0]["b"] == (pytest.approx(np.zeros(4)), None)
    named = transform(lambda x, y: x * y, argnames=("y", "x"))(X, 2.0)
    np.testing.assert_allclose(named["x"], 2 * np.eye(4))


@pytest.mark.parametrize("transform", ALL)
def test_auxiliary_output(transform):
    jacobian_matrix, aux = transform(lambda x: (model(x), {"n": x.sum(), "s": "text"}), has_aux=True)(X)
    np.testing.assert_allclose(jacobian_matrix, model_jacobian(X), rtol=1e-12)
    assert aux == {"n": X.sum(), "s": "text"}


def test_hessian():
    x = np.linspace(-1, 1, 10)
    expected = rosenbrock_hessian(x)
    np.testing.assert_allclose(hessian(rosenbrock)(x), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(jacfwd(grad(rosenbrock))(x), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(jacrev(jacfwd(rosenbrock))(x), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(jacfwd(jacfwd(rosenbrock))(x), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(hessian(rosenbrock, chunk_size=3)(x), expected, rtol=1e-12, atol=1e-12)


def test_hessian_of_several_arguments():
    result = hessian(lambda x, y: anp.sum(x * x) * y, argnums=(0, 1))(X, 3.0)
    np.testing.assert_allclose(result[0][0], 6 * np.eye(4))
    np.testing.assert_allclose(result[0][1], 2 * X)
    np.testing.assert_allclose(result[1][0], 2 * X)
    assert result[1][1] == 0
    matrix, aux = hessian(lambda x: (anp.sum(x**3), "aux"), has_aux=True)(X)
    np.testing.assert_allclose(matrix, np.diag(6 * X))
    assert aux == "aux"


def test_third_derivative_tensor():
    tensor = jacobian(hessian(lambda x: anp.sum(x**3) / 6))(X)
    np.testing.assert_allclose(tensor, np.einsum("ij,jk->ijk", np.eye(4), np.eye(4)))


def test_of_batches():
    batch = rng.normal(size=(3, 4))
    np.testing.assert_allclose(vmap(jacobian(model))(batch), [jacobian(model)(x) for x in batch])
    by_rows, by_columns = (grad(lambda x: anp.sum(transform(model)(x)))(X) for transform in (jacrev, jacfwd))
    np.testing.assert_allclose(by_rows, by_columns)


def test_products():
    v = rng.normal(size=4)
    h = rosenbrock_hessian(X)
    np.testing.assert_allclose(hvp(rosenbrock)(X, v), h @ v)
    value, gradient, product = value_grad_and_hvp(rosenbrock)(X, v)
    np.testing.assert_allclose(value, rosenbrock(X))
    np.testing.assert_allclose(gradient, grad(rosenbrock)(X))
    np.testing.assert_allclose(product, h @ v)
    np.testing.assert_allclose(hvp(lambda s, x: s * rosenbrock(x), argnums=1)(2.0, X, v), 2 * h @ v)


def test_linearize():
    calls = []
    output, push = linearize(lambda x: calls.append(1) or model(x), X)
    np.testing.assert_allclose(output, model(X))
    for v in rng.normal(size=(3, 4)):
        np.testing.assert_allclose(push(v), model_jacobian(X) @ v)
    assert len(calls) == 1


def test_gauss_newton():
    v = rng.normal(size=4)
    j = model_jacobian(X)
    np.testing.assert_allclose(make_ggnvp(model)(X)(v), j.T @ j @ v)
    weights = np.array([1.0, 2.0, 3.0])
    product = make_ggnvp(model, lambda y: anp.sum(weights * y * y) / 2)(X)(v)
    np.testing.assert_allclose(product, j.T @ np.diag(weights) @ j @ v)


def test_deriv():
    assert deriv(anp.sin)(0.0) == 1.0
    np.testing.assert_allclose(deriv(deriv(anp.sin))(X), -np.sin(X))
    np.testing.assert_allclose(grad(deriv(lambda t: t**3))(2.0), 12.0)


def test_they_pickle_and_say_what_they_are():
    for transform in (*ALL, hessian, hvp, deriv):
        assert pickle.loads(pickle.dumps(transform(rosenbrock))).fun is rosenbrock
    assert repr(hessian(rosenbrock)) == "hessian(rosenbrock, argnums=0)"
    assert repr(hvp(rosenbrock)) == "hvp(rosenbrock, argnums=0)"


def test_products_with_several_arguments_names_and_auxiliary_output():
    def f(x, p, scale=1.0):
        return scale * anp.sum(x * x) * p["a"] ** 2, {"sum": anp.sum(x)}

    args, v = (X, {"a": 3.0, "name": "text"}), (np.ones(4), {"a": 1.0, "name": "text"})
    (product_x, product_p), aux = hvp(f, argnums=(0, 1), has_aux=True)(*args, v, scale=0.5)
    np.testing.assert_allclose(product_x, 9.0 + 6 * X)
    np.testing.assert_allclose(product_p["a"], np.sum(6 * X) + np.sum(X * X))
    assert product_p["name"] is None and aux == {"sum": pytest.approx(np.sum(X))}
    named = hvp(f, argnames=("p", "x"), has_aux=True)(*args, {"x": v[0], "p": v[1]}, scale=0.5)[0]
    np.testing.assert_allclose(named["x"], product_x)
    (value, aux), gradient, product = value_grad_and_hvp(f, has_aux=True)(*args, v[0])
    np.testing.assert_allclose([value, *gradient, *product], [9 * X @ X, *(18 * X), *np.full(4, 18.0)])
    with pytest.raises(TypeError, match="last positional argument"):
        hvp(rosenbrock)(X)
    with pytest.raises(TypeError, match="shape"):
        hvp(rosenbrock)(X, np.ones(3))


def test_deriv_of_several_arguments():
    def f(s, t):
        return anp.array([s * t, t * t]), "aux"

    by_s, by_t = deriv(f, argnums=(0, 1), has_aux=True)(2.0, 3.0)[0]
    np.testing.assert_allclose([by_s, by_t], [[3, 0], [2, 6]])
    by_name, aux = deriv(f, argnames=("t",), has_aux=True)(2.0, t=3.0)
    np.testing.assert_allclose(by_name["t"], [2, 6])
    assert aux == "aux" and make_ggnvp(rosenbrock).__name__ == "rosenbrock"


@pytest.mark.parametrize("number", [1.0, 2, True, 1j, np.float32(2.0)])
@pytest.mark.parametrize("transform", [jacobian, jacrev, jacfwd, lambda f: jit(jacobian(f))])
@pytest.mark.parametrize("x", [np.array([1.0, 2.0]), np.array([1.0, 2j]), 1.5], ids=["real", "complex", "number"])
def test_an_output_may_be_a_plain_number(transform, number, x):
    constant, block = transform(lambda x: (number, anp.sum(x * x)))(x)
    np.testing.assert_array_equal(constant, np.zeros(np.shape(x)))
    np.testing.assert_allclose(block, 2 * x)


@pytest.mark.parametrize("transform", [jacfwd, jacrev, jacobian, hessian])
def test_one_number_is_no_batch(transform):
    """A pass for one seed computes with the function's own shapes, not with batches of one."""
    graph = jit(transform(lambda x: anp.sin(x) * x)).graph(2.0)
    batches = [line for line in str(graph).splitlines() if "float64[1]" in line]
    assert all("reshape" in line or "[0:1]" in line for line in batches)
    result = transform(lambda x: anp.sin(x) * x)(2.0)
    expected = 2 * np.cos(2.0) - 2 * np.sin(2.0) if transform is hessian else np.sin(2.0) + 2 * np.cos(2.0)
    assert np.shape(result) == () and result == pytest.approx(expected, rel=1e-12)
