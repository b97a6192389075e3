"""The definers that users have: one statement a function, and it is right in every mode."""

import numpy as np
import pytest

from autodiff_trace import detect_sparsity, extend, grad, hessian, jacobian, jet, jit, jvp, vmap
from autodiff_trace import numpy as anp

RNG = np.random.default_rng(0)
X = RNG.uniform(0.3, 0.9, 4)
Y = RNG.uniform(0.3, 0.9, 4)

# The same functions twice: as primitives of a user, and as compositions of NumPy's

gaussian = extend.primitive(lambda x: np.exp(-x * x))
extend.elementwise(gaussian, lambda ans, x: -2 * x * ans, batching=extend.batch_aligned)

ratio = extend.primitive(lambda x, y: x / y)
extend.elementwise(ratio, lambda ans, x, y: 1 / y, lambda ans, x, y: -ans / y, batching=extend.batch_aligned)

differences = extend.primitive(lambda x: x[..., 1:] - x[..., :-1])
extend.linear(
    differences, lambda g, ans, x: anp.concatenate([-g[..., :1], g[..., :-1] - g[..., 1:], g[..., -1:]], axis=-1),
    batching=lambda batch, prim, args, kwargs: prim(*args),
)

reverse = extend.primitive(lambda x: x[::-1].copy())
extend.moves(reverse, lambda g, ans, x: reverse(g))

wedge = extend.primitive(lambda x, y: np.outer(x, y) - np.outer(y, x))
extend.multilinear(wedge, lambda g, ans, x, y: (g - g.T) @ y, lambda g, ans, x, y: (g.T - g) @ x)

dot = extend.define(np.frompyfunc(lambda x, y: x * y + 1, 2, 1))(lambda x, y: x * y + 1)

FUNCTIONS = {
    "elementwise": (lambda x: gaussian(x), lambda x: anp.exp(-x * x)),
    "elementwise of two": (lambda x: ratio(x * Y, x[0] + 1), lambda x: x * Y / (x[0] + 1)),
    "linear": (lambda x: differences(x * x), lambda x: anp.diff(x * x)),
    "moves": (lambda x: reverse(x * x), lambda x: (x * x)[::-1]),
    "multilinear": (
        lambda x: wedge(x, anp.sin(x) * Y), lambda x: anp.outer(x, anp.sin(x) * Y) - anp.outer(anp.sin(x) * Y, x),
    ),
    "define": (lambda x: dot(x, Y), lambda x: x * Y + 1),
}


@pytest.fixture(params=FUNCTIONS.values(), ids=FUNCTIONS)
def pair(request):
    return request.param


MODES = {
    "reverse": lambda f: grad(lambda x: anp.sum(f(x) ** 2))(X),
    "reverse twice": lambda f: hessian(lambda x: anp.sum(f(x) ** 3))(X),
    "forward": lambda f: jvp(f, (X,), (Y,))[1],
    "forward over reverse": lambda f: jvp(grad(lambda x: anp.sum(f(x) ** 2)), (X,), (Y,))[1],
    "batch": lambda f: vmap(f)(np.stack([X, Y, X + Y])),
    "jacobian": lambda f: jacobian(f)(X),
    "series": lambda f: jet(f, (X,), ((Y, X, Y),)),
    "jit": lambda f: jit(grad(lambda x: anp.sum(f(x) ** 2)))(X),
}


@pytest.mark.parametrize("mode", MODES.values(), ids=MODES)
def test_modes(pair, mode):
    own, numpys = map(mode, pair)
    for x, y in zip(*map(flat, (own, numpys)), strict=True):
        np.testing.assert_allclose(x.astype(float), y, rtol=1e-10, atol=1e-12)


def flat(x):
    return [np.asarray(x)] if not isinstance(x, (tuple, list)) else [leaf for each in x for leaf in flat(each)]


def test_sparsity_of_elementwise():
    np.testing.assert_array_equal(detect_sparsity(gaussian, X), [[i, i] for i in range(X.size)])


def test_a_product_keeps_the_other_factor_alone():
    assert wedge.traits.unread == {0: (0, "ans"), 1: (1, "ans"), (0, 1): ("ans",)}


def test_batches_of_elementwise_functions_are_one_call():
    calls = []
    double = extend.primitive(lambda x: calls.append(np.shape(x)) or 2 * x)
    extend.elementwise(double, lambda ans, x: 2.0)
    vmap(double)(np.ones((3, 2)))
    assert calls == [(2,)] * 3  # of a user's function nobody knows whether it takes other shapes
    extend.declare(double, batching=extend.batch_aligned)
    vmap(double)(np.ones((3, 2)))
    assert calls[3:] == [(3, 2)]
