"""The run of a function in which ``jit`` traces it: its memory, its results, and the garbage collector meanwhile."""

import gc
import threading
import tracemalloc

import numpy as np
import pytest

from autodiff_trace import extend, grad, jit
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.ir.spec import spec_of
from autodiff_trace.compiler.rewrite import constant_folding
from autodiff_trace.core.fast import nodes, processing
from autodiff_trace.numpy import broadcasting

LONG = np.linspace(0.1, 1.0, 2**14)


def peak_of(function, x):
    """Bytes that are in use at a time while ``function(x)`` runs."""
    tracemalloc.start()
    try:
        function(x)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def chain(x):
    y = x
    for _ in range(30):
        y = y * y * 0.5 + 0.1
    return anp.sum(y)


def test_tracing_a_gradient_takes_the_memory_of_an_eager_one():
    grad(chain)(LONG)
    jit(grad(chain))(LONG)  # what is loaded at first use is not to count
    x = np.linspace(0.1, 1.0, 2**18)
    assert peak_of(jit(grad(chain)), x) < 1.15 * peak_of(grad(chain), x)


def test_examples_take_no_memory_of_their_own():
    x = np.ones((2**16, 3), np.float32)
    arrays = (x, x.T, x[::2], x[:, 1:], x[::-1], x[:0], x[0, 0, None])
    found = [spec_of(each).example() for each in arrays]
    for example, each in zip(found, arrays):
        assert (example.shape, example.strides, example.dtype) == (each.shape, each.strides, each.dtype)
        assert not example.any() and not example.flags.writeable
    assert np.may_share_memory(found[1], found[2])
    assert spec_of(np.ones(5, object)).example().shape == (5,) and spec_of((1.5, [2])).example() == (0.0, [0])


MADE = {
    "view of a constant": lambda x: (lambda big: (big, big[:10] * x[:10]))(anp.exp(anp.linspace(0.0, 1.0, 2**14))),
    "constant, cast": lambda x: (lambda big: (big.astype(float, copy=False), x * big))(anp.zeros(2**14) + 1.0),
    "view of what reads a shape": lambda x: (lambda big: (big, big[:10] * x[:10]))(anp.exp(anp.ones_like(x))),
    "reshaped": lambda x: (lambda big: (anp.reshape(big, (2, -1)), big[1] * x))(anp.exp(anp.zeros_like(x))),
    "broadcast": lambda x: (anp.broadcast_to(anp.exp(anp.zeros(1)), x.shape), x * 1.5),
    "buffer": lambda x: (lambda big: (big, big[3:] * x[3:], big + x))(anp.ones(2**14)),
    "results": lambda x: (x * 2.0, anp.reshape(x * 2.0, (2, -1)).T, (x + 1.0)[1:]),
}


@pytest.mark.parametrize("function", MADE.values(), ids=MADE)
def test_whoever_writes_into_the_first_results_changes_no_program(function):
    expected = function(LONG)
    compiled = jit(function)
    for _ in range(3):
        found = compiled(LONG)
        for one, other in zip(found, expected):
            np.testing.assert_allclose(one, other, rtol=1e-15)
        for one in found:
            if one.flags.writeable:  # not what was broadcast, as outside
                one[...] = -7.0
    assert compiled.cache_info().hits == 2
    np.testing.assert_array_equal(LONG, np.linspace(0.1, 1.0, 2**14))


def test_collection_is_paused_while_a_function_is_traced():
    seen = []

    def function(x):
        seen.append(gc.isenabled())
        if x.size == 2:
            raise ValueError("an error of the function")
        return x * 2

    compiled = jit(function)
    compiled(np.ones(3))
    with pytest.raises(ValueError, match="an error of the function"):
        compiled(np.ones(2))
    assert seen[0] is False and gc.isenabled()
    gc.disable()
    try:
        compiled(np.ones(4))
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_collection_goes_on_after_traces_in_several_threads():
    def trace(size):
        jit(lambda x: anp.sum(anp.sin(x) * x))(np.ones(size))

    threads = [threading.Thread(target=trace, args=(size,)) for size in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gc.isenabled()


def test_primitives_of_the_user_named_as_those_of_numpy():
    def where(condition, x, y):
        return np.compress(condition > 0, x) + y

    primitive = extend.nondifferentiable(where)
    compiled = jit(lambda condition, x: primitive(condition, x, 1.0))
    x = np.arange(3.0)
    for condition in np.array([[1.0, 0.0, 1.0], [1.0, 1.0, 1.0], [0.0, 0.0, 1.0]]):
        np.testing.assert_array_equal(compiled(condition, x), where(condition, x, 1.0))


MATRIX = np.linspace(-1.0, 2.0, 12).reshape(3, 4)

LOSSES = {
    "elementwise": lambda x: anp.sum(anp.exp(-x * x) * anp.sin(3.0 * x) / (2.0 + anp.sqrt(x * x + 1.0))),
    "products": lambda x: anp.sum(anp.tanh(x @ x.T) @ anp.einsum("ij,ij->i", x, x)),
    "masks": lambda x: anp.sum(anp.where(x > 0, x**2, anp.maximum(x, -0.5)) * anp.max(x, axis=1, keepdims=True)),
    "moves": lambda x: anp.sum(anp.cumsum(anp.concatenate([x[1:], x.T[::-1].T[:1]]), axis=0) * anp.roll(x, 1, 0)),
    "ordering": lambda x: anp.sum(anp.sort(x, axis=0)[::2] * anp.prod(x, axis=0)) + anp.linalg.norm(x),
    "buffer": lambda x: (lambda y: (y.__setitem__(0, x[1] * x[2]), anp.sum(y * y))[1])(anp.zeros((2, 4)) + x[:2]),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_rules_do_not_read_the_values_of_outlines(loss, monkeypatch):
    gradient = grad(loss)(MATRIX)
    second = grad(lambda x: anp.sum(grad(loss)(x) ** 2))(MATRIX)
    monkeypatch.setattr(nodes, "LARGE", 0)
    monkeypatch.setattr(processing, "LARGE", 0)
    monkeypatch.setattr(broadcasting, "LARGE", 8)
    monkeypatch.setattr(constant_folding, "LARGEST", 8)
    for function, expected in (grad(loss), gradient), (grad(lambda x: anp.sum(grad(loss)(x) ** 2)), second):
        compiled = jit(function)
        for _ in range(2):
            np.testing.assert_allclose(compiled(MATRIX), expected, rtol=1e-12, atol=1e-12)
