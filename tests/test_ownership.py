"""Results share memory with no argument and with no other result, and can be written into."""

import itertools

import numpy as np
import pytest

from autodiff_trace import deriv, grad, grad_and_aux, hvp, jacfwd, jacobian, jacrev, jet, jit, jvp
from autodiff_trace import linearize, stop_gradient, tree_leaves, value_and_grad, value_grad_and_hvp, vjp, vmap
from autodiff_trace import numpy as anp

A = np.arange(1.0, 7.0).reshape(2, 3)
CONSTANT = np.ones((2, 3))

FUNCTIONS = {
    "the argument": lambda x: x,
    "twice": lambda x: (x, x),
    "views": lambda x: [x.T, x[0], anp.ravel(x), x.reshape(3, 2)[::2]],
    "broadcast": lambda x: anp.broadcast_to(x, (4, 2, 3)),
    "stopped": lambda x: [stop_gradient(x), x + 1],
    "constant": lambda x: CONSTANT,
    "sum and argument": lambda x: {"sum": x + x, "x": x, "real": anp.real(x)},
    "as array": lambda x: anp.asarray(x),
}


def total(f):
    return lambda x: sum(anp.sum(leaf) for leaf in tree_leaves(f(x)))


def with_aux(f):
    return lambda x: (total(f)(x), f(x))


TRANSFORMATIONS = {
    "jvp": lambda f, x, t: jvp(f, (x,), (t,)),
    "jvp, aux": lambda f, x, t: jvp(with_aux(f), (x,), (t,), has_aux=True),
    "vjp": lambda f, x, t: vjp(f, x)[0],
    "vjp, aux": lambda f, x, t: vjp(with_aux(f), x, has_aux=True)[::2],
    "pullback": lambda f, x, t: vjp(lambda x: (x, f(x))[0], x)[1](t),
    "linearize": lambda f, x, t: (linearize(f, x)[0], linearize(f, x)[1](t)),
    "vmap": lambda f, x, t: vmap(f)(x[None]),
    "vmap of two": lambda f, x, t: vmap(lambda a, b: (f(a), b))(x[None], t[None]),
    "vmap of one of two": lambda f, x, t: vmap(lambda a, b: (f(a), b), in_axes=(None, 0))(x, t[None]),
    "vmap, out_axes": lambda f, x, t: vmap(lambda a, b: (a, b), in_axes=(None, 0), out_axes=(None, 1))(x, t),
    "value_and_grad": lambda f, x, t: value_and_grad(total(f))(x),
    "value_and_grad of an array": lambda f, x, t: value_and_grad(lambda x: tree_leaves(f(x))[0])(x),
    "grad, aux": lambda f, x, t: grad(with_aux(f), has_aux=True)(x),
    "grad_and_aux": lambda f, x, t: grad_and_aux(with_aux(f))(x),
    "aux of a second argument": lambda f, x, t: grad(lambda x, t: (total(f)(x), [t, t.T]), has_aux=True)(x, t),
    "jacobian, aux": lambda f, x, t: jacobian(with_aux(f), has_aux=True)(x),
    "jacfwd, aux": lambda f, x, t: jacfwd(with_aux(f), has_aux=True)(x),
    "jacrev": lambda f, x, t: jacrev(f)(x),
    "jacfwd": lambda f, x, t: jacfwd(f)(x),
    "deriv": lambda f, x, t: deriv(f)(x),
    "jet": lambda f, x, t: jet(f, (x,), ([t, x],)),
    "hvp": lambda f, x, t: hvp(total(f))(x, t),
    "value_grad_and_hvp": lambda f, x, t: value_grad_and_hvp(with_aux(f), has_aux=True)(x, t),
}


def arrays_in(tree):
    return [x for x in tree_leaves(tree) if isinstance(x, np.ndarray)]


def check_memory(results, arguments):
    results = arrays_in(results)
    assert all(x.flags.writeable for x in results)
    for x, y in itertools.combinations(results, 2):
        assert not np.shares_memory(x, y)
    for x, y in itertools.product(results, [*arguments, CONSTANT]):
        assert not np.shares_memory(x, y)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
def test_results_have_memory_of_their_own(transformation, name):
    f, transform = FUNCTIONS[name], TRANSFORMATIONS[transformation]
    x, t = A.copy(), np.cos(A)
    check_memory(transform(f, x, t), (x, t))
    jitted = jit(lambda x, t: transform(f, x, t))
    for _ in range(2):
        check_memory(jitted(x, t), (x, t))


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "constant"])
@pytest.mark.parametrize("transformation", ["jvp", "vjp", "pullback", "linearize", "vmap", "value_and_grad", "jet"])
def test_writing_into_a_traced_result_does_not_reach_the_argument(transformation, name):
    f, transform = FUNCTIONS[name], TRANSFORMATIONS[transformation]

    def outer(x):
        y, t = x * 1.0, x * 2.0
        results = [leaf for leaf in tree_leaves(transform(f, y, t)) if anp.ndim(leaf)]
        before = [leaf + 0.0 for leaf in results[1:]]
        results[0][...] = 100.0
        return anp.sum(y**2) + anp.sum(t**2) + sum(anp.sum(b) - anp.sum(a) for a, b in zip(results[1:], before))

    np.testing.assert_allclose(grad(outer)(A), 2 * A + 8 * A)
