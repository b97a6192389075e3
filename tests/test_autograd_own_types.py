"""Types of a client's own: boxes with methods, vector spaces, second derivatives."""

import numpy as onp
import pytest

from autodiff_trace.autograd_compat import grad, hessian, jacobian, make_hvp, make_vjp
from autodiff_trace.autograd_compat import numpy as np
from autodiff_trace.autograd_compat.extend import Box, VSpace, defvjp, primitive, vspace

X = onp.array([1.0, 2.0])


class Pair:
    def __init__(self, items):
        self.items = onp.asarray(items)


class PairBox(Box):
    __slots__ = ()

    def __mul__(self, other):
        return multiply(self, other)

    def __len__(self):
        return 2

    @property
    def square(self):
        return vspace(self).inner_prod(self, self)


class PairVSpace(VSpace):
    size = 2

    def __init__(self, value):
        pass

    def zeros(self):
        return Pair([0.0, 0.0])

    def ones(self):
        return Pair([1.0, 1.0])

    def standard_basis(self):
        return map(Pair, onp.eye(2))

    def _add(self, x, y):
        return Pair(x.items + y.items)

    def _mut_add(self, x, y):
        x.items += y.items
        return x

    def _scalar_mul(self, x, a):
        return Pair(x.items * a)

    def _inner_prod(self, x, y):
        return float(x.items @ y.items)


PairBox.register(Pair)
PairVSpace.register(Pair)
multiply = primitive(lambda x, y: Pair(x.items * y.items))
to_pair = primitive(Pair)
to_array = primitive(lambda x: x.items)
defvjp(multiply, lambda ans, x, y: lambda g: multiply(g, y), lambda ans, x, y: lambda g: multiply(g, x))
defvjp(to_pair, lambda ans, x: lambda g: to_array(g))
defvjp(to_array, lambda ans, x: lambda g: to_pair(g))


def test_gradients():
    p = Pair([3.0, 4.0])
    assert grad(lambda q: (q * q).square)(Pair(X)).items.tolist() == [4.0, 32.0]
    assert grad(lambda x: (to_pair(x) * p).square)(X).tolist() == [18.0, 64.0]
    by_parts = grad(lambda parts: len(parts["q"]) * (parts["q"] * parts["p"]).square)({"q": Pair(X), "p": p})
    assert by_parts["q"].items.tolist() == [36.0, 128.0]
    assert by_parts["p"].items.tolist() == [12.0, 64.0]
    vjp, ans = make_vjp(lambda q: q * p)(Pair(X))
    assert vjp(Pair([1.0, 1.0])).items.tolist() == [3.0, 4.0]
    assert ans.items.tolist() == [3.0, 8.0]


def test_second_derivatives():
    def loss(x):
        return (to_pair(x) * to_pair(x)).square

    assert hessian(loss)(X) == pytest.approx(onp.diag(12.0 * X**2))
    assert jacobian(lambda x: to_array(to_pair(x) * to_pair(2.0 * x)))(X) == pytest.approx(onp.diag(4.0 * X))
    hvp, _ = make_hvp(lambda q: (q * q).square)(Pair(X))
    assert hvp(Pair([1.0, 0.0])).items.tolist() == [12.0, 0.0]


def test_the_operations_of_a_space_have_derivatives():
    def loss(x):
        q, space = to_pair(x), vspace(Pair(X))
        return space.inner_prod(space.scalar_mul(space.add(q, q), np.sum(x)), space.covector(q))

    assert grad(loss)(X) == pytest.approx(2.0 * onp.sum(X**2) + 4.0 * onp.sum(X) * X)
    assert hessian(loss)(X) == pytest.approx(4.0 * (X + X[:, None] + onp.sum(X) * onp.eye(2)))
