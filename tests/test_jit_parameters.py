"""NumPy's integers and arrays as indices, axes, shapes and counts: compiled, and noticed when they change."""

import numpy as np
import pytest
from jit_checks import assert_same

from autodiff_trace import extend, grad, jit, tree_leaves
from autodiff_trace import numpy as anp

X = np.arange(1.0, 13.0).reshape(4, 3)
ONE, TWO = np.int64(1), np.uint8(2)

CALLS = {
    "item": lambda x: x[ONE] * 2, "from the end": lambda x: x[np.int64(-1)] * 2, "byte": lambda x: x[TWO] * 2,
    "slice": lambda x: x[ONE:TWO] * 2, "stepped": lambda x: x[np.int8(0):np.uint16(3):np.int64(2)],
    "tuple": lambda x: x[(ONE,)] * 2, "pair": lambda x: x[ONE, TWO] * 2, "column": lambda x: x[..., ONE] * 2,
    "new axis": lambda x: x[None, ONE] * 2, "list": lambda x: x[[ONE, TWO]], "0-d": lambda x: x[np.array(1)] * 2,
    "bool": lambda x: x[np.True_], "loop": lambda x: sum(x[i] for i in np.arange(3)),
    "stack": lambda x: anp.stack([anp.sin(x[i]) * x[i - 1] for i in np.arange(3)]),
    "buffer": lambda x: fill(x), "assign": lambda x: assign(x),
    "transpose": lambda x: np.transpose(x, np.array([1, 0])) * 2,
    "method": lambda x: x.transpose(np.arange(2)[::-1]) * 2,
    "axes one by one": lambda x: x.transpose(*np.arange(2)[::-1]) * 2, "axis": lambda x: anp.sum(x, axis=np.int64(0)),
    "axis by position": lambda x: anp.max(x, ONE), "axes": lambda x: anp.sum(x, axis=tuple(np.arange(2))),
    "reshape": lambda x: anp.reshape(x, np.array([-1, 1])), "reshape method": lambda x: x.reshape(np.array([2, 6])) * 2,
    "roll": lambda x: anp.roll(x, ONE), "roll by arrays": lambda x: anp.roll(x, np.array([1]), axis=np.array([0])),
    "repeat": lambda x: anp.repeat(x, TWO, axis=np.int64(0)), "tile": lambda x: anp.tile(x, np.array([2, 1])),
    "repeat each": lambda x: anp.repeat(x, np.arange(4), axis=0), "take": lambda x: anp.take(x, ONE, axis=np.int64(0)),
    "flip": lambda x: anp.flip(x, np.int64(0)), "move": lambda x: anp.moveaxis(x, np.int64(0), np.int64(-1)) * 2,
    "broadcast": lambda x: anp.broadcast_to(x, np.array([2, 4, 3])) * 1,
    "pad": lambda x: anp.pad(x, np.ones((2, 2), int)),
    "split": lambda x: anp.split(x, np.array([1, 2])), "delete": lambda x: anp.delete(x, np.array([0, 1]), axis=0),
    "delete by mask": lambda x: anp.delete(x, np.arange(4) == 1, axis=0),
    "full": lambda x: anp.full(np.array([2, 2]), x.sum()),
    "insert": lambda x: anp.insert(x, np.array([0, 1]), 3.0, axis=0), "power": lambda x: x**TWO + np.float32(2) * ONE,
    "tensordot": lambda x: anp.tensordot(x, x, axes=(np.arange(2), np.arange(2))), "trace": lambda x: anp.trace(x, ONE),
}


def fill(x):
    buffer = anp.zeros(3)
    for i in np.arange(3):
        buffer[i] = x[i, i] * 2
    return buffer


def assign(x):
    y = x * 1
    y[np.int64(0)] = 3.0
    y[ONE:] += 1
    return y


@pytest.mark.parametrize("call", CALLS)
def test_integers_of_numpy(call):
    function = CALLS[call]
    slope = grad(lambda x: sum(anp.sum(each * each) for each in tree_leaves(function(x))))
    for each in (function, slope):
        compiled = jit(each)
        for x in (X, X, X + 1):
            assert_same(compiled(x), each(x))
        assert compiled.cache_info()[:3] == (2, 1, 0)


def test_arrays_of_parameters_that_change():
    order, shape, counts = np.array([1, 0]), np.array([3, 4]), np.full(100, 2)
    cases = [
        (lambda x: np.transpose(x, order) * 1, order, [0, 1]), (lambda x: anp.reshape(x, shape), shape, [6, 2]),
        (lambda x: anp.repeat(x, counts[:4], axis=0), counts, 3),
        (lambda x: anp.repeat(x.sum() * anp.ones(100), counts), counts, 1),
    ]
    for function, array, new in cases:
        compiled = jit(function)
        for _ in range(2):
            assert_same(compiled(X), function(X))
        array[:] = new
        for _ in range(2):
            assert_same(compiled(X), function(X))
        assert compiled.cache_info()[:3] == (2, 2, 0)


def test_parameters_of_primitives_of_the_user():
    """A parameter called ``s`` or ``n`` is what its author says, not a shape or a count."""
    p = extend.primitive(lambda x, s, n=1: x * s.sum() * n)
    extend.defvjp(p, lambda g, ans, x, s, n=1: g * s.sum() * n)
    weights = np.array([1, 2, 3])
    outside, inside = jit(lambda x: p(x, weights)), jit(lambda x, s: p(x, s, n=s[0]))
    for _ in range(3):
        weights[0] += 1
        assert_same(outside(X), p(X, weights))
        assert_same(inside(X, weights), p(X, weights, n=weights[0]))
    assert outside.cache_info().hits == inside.cache_info().hits == 2
