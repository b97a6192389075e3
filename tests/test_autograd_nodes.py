"""Node classes of clients: the calls that they are shown."""

import numpy as onp
import pytest

from autodiff_trace.autograd_compat import grad, jacobian, numpy as np
from autodiff_trace.autograd_compat.core import VJPNode, backward_pass, primitive_jvps
from autodiff_trace.autograd_compat.extend import defvjp
from autodiff_trace.autograd_compat.numpy.numpy_boxes import ArrayBox
from autodiff_trace.autograd_compat.tracer import Node, find_top_boxed_args, new_box, register_notrace, subvals, trace

X = onp.arange(6.0).reshape(2, 3) + 1.0


class Call(Node):
    """Keeps the call that it was made of."""

    def __init__(self, value, fun, args, kwargs, parent_argnums, parents):
        self.value, self.parents = value, parents
        self.call = fun, args, kwargs, parent_argnums

    def initialize_root(self):
        self.parents = ()


class Tangent(Node):
    """Forward mode as a class of nodes."""

    def __init__(self, value, fun, args, kwargs, parent_argnums, parents):
        self.t = primitive_jvps[fun](parent_argnums, [parent.t for parent in parents], value, args, kwargs)

    def initialize_root(self, t):
        self.t = t


@pytest.mark.parametrize("f, fun, kwargs", [
    (lambda x: np.sum(x), np.sum, {}), (lambda x: x.sum(), np.sum, {}), (lambda x: np.sum(x, 1), np.sum, {"axis": 1}),
    (lambda x: np.sum(x, axis=0, keepdims=True), np.sum, {"axis": 0, "keepdims": True}),
    (lambda x: np.mean(x, axis=(0, 1)), np.mean, {}), (lambda x: np.max(x, axis=-1), np.max, {"axis": 1}),
    (lambda x: np.var(x, axis=1, ddof=1), np.var, {"axis": 1, "ddof": 1}), (lambda x: x.T, np.transpose, {}),
    (lambda x: np.reshape(x, (3, 2)), np.reshape, {"shape": (3, 2)}), (lambda x: x[1], ArrayBox.__getitem__, {}),
    (lambda x: np.tanh(x), np.tanh, {}), (lambda x: np.cumsum(x, 1), np.cumsum, {"axis": 1}),
])
def test_nodes_see_public_functions(f, fun, kwargs):
    value, node = trace(Call.new_root(), f, X)
    assert node.call[0] is fun
    by_position = node.call[1][1:]  # NumPy 2.0 has another name for the shape of reshape
    assert node.call[2] == kwargs or node.call[2] == {} and by_position == tuple(kwargs.values())
    assert node.call[3] == (0,)
    onp.testing.assert_array_equal(fun(*node.call[1], **node.call[2]), value)


for fun in (np.greater, np.argsort):
    register_notrace(Tangent, fun)

PROGRAMS = [
    lambda x: np.sum(np.concatenate([x, 2.0 * x], axis=1) ** 2, axis=0), lambda x: np.array([x[0, 0], x[1, 1] ** 2]),
    lambda x: np.stack([x, x])[1, 0], lambda x: np.einsum("ij,kj->ik", x, x), lambda x: np.linalg.norm(x),
    lambda x: np.tensordot(x, x, 2), lambda x: np.std(x, axis=0), lambda x: np.ones(3) * x[0], lambda x: np.sort(x)[0],
    lambda x: np.where(x > 2.5, x, -x), lambda x: np.outer(x[0], x[1]), lambda x: np.full(2, x[0, 0]),
    lambda x: np.pad(x, 1), lambda x: np.logaddexp(x, 1.0), lambda x: np.vstack([x, x]) @ np.ones(3),
]


@pytest.mark.parametrize("f", PROGRAMS)
def test_graphs_of_calls_run_again(f):
    def run(node, x):
        if not node.parents:
            return x
        fun, args, kwargs, argnums = node.call
        args = list(args)
        for i, parent in zip(argnums, node.parents):
            args[i] = run(parent, x)
        return fun(*args, **kwargs)

    value, node = trace(Call.new_root(), f, X)
    onp.testing.assert_array_equal(run(node, X), value)
    onp.testing.assert_allclose(run(node, X + 0.25), f(X + 0.25))


@pytest.mark.parametrize("f", PROGRAMS)
def test_derivatives_made_of_nodes(f):
    h = 1e-6
    slope = (f(X + h) - f(X - h)) / (2.0 * h)
    value, node = trace(Tangent.new_root(onp.ones_like(X)), f, X)
    onp.testing.assert_allclose(node.t, slope, atol=1e-6)
    assert np.greater not in primitive_jvps
    value, node = trace(VJPNode.new_root(), lambda x: np.sum(f(x)), X)
    onp.testing.assert_allclose(onp.sum(backward_pass(1.0, node)), onp.sum(slope), atol=1e-6)


def test_functions_that_find_boxes_themselves():
    def with_boxes_found(f):
        def wrapped(*args, **kwargs):
            boxed, top, make_node, _ = find_top_boxed_args(args)
            if not boxed:
                return f(*args, **kwargs)
            values = subvals(args, [(i, box._value) for i, box in boxed])
            ans = wrapped(*values, **kwargs)
            argnums, boxes = zip(*boxed)
            return new_box(ans, top, make_node(ans, wrapped, values, kwargs, argnums, [box._node for box in boxes]))

        return wrapped

    product = with_boxes_found(lambda x, y, k=1.0: k * x * y)
    defvjp(product, lambda ans, x, y, k=1.0: lambda g: k * g * y, lambda ans, x, y, k=1.0: lambda g: k * g * x)
    assert grad(lambda x: product(x, product(x, x, k=2.0)))(3.0) == 54.0
    assert grad(grad(lambda x: product(x, product(x, x))))(3.0) == 18.0
    assert jacobian(lambda x: product(x, x))(X[0]) == pytest.approx(onp.diag(2.0 * X[0]))
    with pytest.raises(NotImplementedError, match="VJP of"):
        grad(with_boxes_found(lambda x: x))(1.0)
