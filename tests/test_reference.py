"""Reference results: known numbers that the library has to reproduce."""

import random

import numpy as np
import pytest

from autodiff_trace import grad, graph, nn, value_and_grad, vjp
from autodiff_trace import numpy as anp


def static_graph(x, y, c):
    return (x * y + c) * c + x


def test_static_graph_values_and_gradients_by_name():
    value, gradients = value_and_grad(static_graph, argnames=("x", "y", "c"))(x=0.9, y=0.4, c=1.3)
    assert value == pytest.approx(3.058, abs=1e-12)
    assert gradients == pytest.approx({"x": 1.52, "y": 1.17, "c": 2.96})


def test_static_graph_nodes_and_evaluation_again():
    static = graph(static_graph, 0.9, 0.4, 1.3)
    assert [node.name for node in static.nodes] == ["x", "y", "multiply", "c", "add", "multiply", "add"]
    values = [0.9, 0.4, 0.36, 1.3, 1.66, 2.158, 3.058]
    assert [node.value for node in static.nodes] == pytest.approx(values)
    assert "(((x * y) + c) * c) + x" in str(static) and str(static).startswith("def static_graph(x, y, c):")
    for args in [(0.9, 0.4, 1.3), (2.0, 3.0, -1.0)]:
        assert static(*args) == static_graph(*args)
        assert grad(static, (0, 1, 2))(*args) == grad(static_graph, (0, 1, 2))(*args)
    assert len(graph(grad(static_graph, (0, 1, 2)), 0.9, 0.4, 1.3)(2.0, 3.0, -1.0)) == 3


def test_sigmoid_layer():
    W1 = np.array([[-0.5, 0.5], [1.827, 0.213], [-2.0, 2.0], [2.34, 0.657]])
    b1 = np.full((4, 1), 1.2)
    X = np.array([[-2.0], [0.122]])
    y, pull = vjp(lambda W1, b1: nn.sigmoid(W1 @ X + b1), W1, b1)
    dW1, db1 = pull(np.ones_like(y))
    expected = np.array([[0.08549257], [0.07449035], [0.00428504], [0.03125697]])
    np.testing.assert_allclose(db1, expected, atol=5e-9)
    np.testing.assert_allclose(dW1, expected * X.T, atol=1e-8)
    by_hand = value_and_grad(lambda W1, b1: anp.sum(1 / (1 + anp.exp(-(W1 @ X + b1)))), argnums=1)(W1, b1)[1]
    np.testing.assert_allclose(by_hand, db1)


def test_square_of_a_sum():
    value, gradients = value_and_grad(lambda a, b, c: (a * b + c) ** 2, (0, 1, 2))(10.0, 2.0, 4.0)
    assert value == 576 and gradients == (96.0, 480.0, 48.0)


def geometric_points(n):
    generator = random.Random(5)
    xs = [generator.random() for _ in range(n)]
    return np.array([xs, [generator.random() for _ in range(n)]]).T


def geometric_loss(point, points):
    return anp.mean(anp.sqrt(anp.sum((point - points) ** 2, axis=1)))


def test_geometric_median_of_one_point():
    value, gradient = value_and_grad(geometric_loss)(np.array([0.3, 0.3]), geometric_points(1))
    assert value == pytest.approx(0.5472122517293468, rel=1e-14)
    np.testing.assert_allclose(gradient, [-0.5900849147094943, -0.8073411877467226], rtol=1e-14)


def test_geometric_median_of_a_thousand_points():
    points = geometric_points(1000)
    point = np.array([0.3, 0.3])
    value, gradient = value_and_grad(geometric_loss)(point, points)
    assert value == pytest.approx(0.44305283, abs=1e-8)
    np.testing.assert_allclose(gradient, [-0.3278, -0.3363], atol=5e-5)
    for _ in range(500):
        gradient = grad(geometric_loss)(point, points)
        point = point - 0.3 * gradient
        if np.linalg.norm(gradient) < 1e-8:
            break
    assert np.linalg.norm(grad(geometric_loss)(point, points)) < 1e-8


def exponential_tanh(x):
    y = anp.exp(-2.0 * x)
    return (1.0 - y) / (1.0 + y)


def closed_forms(x):
    """The first to the sixth derivative of tanh, as polynomials in t = tanh x: p' = dp/dt (1 − t²)."""
    t = np.tanh(x)
    polynomial = np.polynomial.Polynomial([0, 1])
    for _ in range(6):
        polynomial = polynomial.deriv() * np.polynomial.Polynomial([1, 0, -1])
        yield polynomial(t)


@pytest.mark.parametrize("function", [anp.tanh, exponential_tanh])
def test_six_derivatives_of_tanh(function):
    x = np.linspace(-7, 7, 200)
    derivative = function
    for expected in closed_forms(x):
        derivative = grad(derivative)
        np.testing.assert_allclose(derivative(x), expected, atol=1e-8)


def test_tanh_at_one():
    assert grad(exponential_tanh)(1.0) == pytest.approx(0.41997434161402614, rel=1e-15)
    assert grad(grad(grad(exponential_tanh)))(np.linspace(-3, 3, 200)).shape == (200,)
