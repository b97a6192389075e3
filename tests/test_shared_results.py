"""Results of a user's functions that share memory with arguments are read, not written."""

import numpy as np
import pytest

from autodiff_trace import TracedValueError, checkpoint, custom_jvp, custom_vjp, extend, grad, jit, jvp, vmap
from autodiff_trace import numpy as anp

X = np.array([1.0, 2.0, 3.0])

reversed_gradient = custom_vjp(lambda x: x)
reversed_gradient.defvjp(lambda x: (x, None), lambda _, g: (-g,))

tail = custom_vjp(lambda x: x[1:])
tail.defvjp(lambda x: (x[1:], None), lambda _, g: (anp.concatenate([[0.0], g]),))


@custom_jvp
def same(x):
    return x


same.defjvp(lambda primals, tangents: (primals[0], tangents[0]))

same_primitive = extend.primitive(lambda x, y: y)
extend.defvjp(same_primitive, None, lambda g, ans, x, y: g)
extend.defjvp(same_primitive, None, lambda t, ans, x, y: t)

FUNCTIONS = {
    "custom_vjp": reversed_gradient, "a view": tail, "custom_jvp": same, "checkpoint": checkpoint(lambda x: x),
    "primitive": lambda y: same_primitive(2.0, y), "checkpointed view": checkpoint(lambda x: x[::2]),
}
MODES = {
    "grad": grad, "jit": lambda f: jit(grad(f)), "vmap": lambda f: lambda x: vmap(grad(f))(np.stack([x, x])),
    "jvp": lambda f: lambda x: jvp(f, (x,), (x,)), "grad of grad": lambda f: grad(lambda x: anp.sum(grad(f)(x * 1.0))),
}


def write_result(c, y):
    z = c(y)
    z[0] = 5.0
    return anp.sum(y**2)


def write_argument(c, y):
    z = c(y)
    y[1] = 5.0
    return anp.sum(z**2)


def write_another_view(c, y):
    view, z = y[:2], c(y)
    view[1] = 5.0
    return anp.sum(z**2)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("write", [write_result, write_argument, write_another_view])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_writes_are_refused(name, write, mode):
    with pytest.raises(TracedValueError, match="share"):
        MODES[mode](lambda x: write(FUNCTIONS[name], x * 1.0))(X)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_lets_go_of_the_memory_is_written(name):
    def of_a_copy(x):
        y = x * 1.0
        z = anp.copy(FUNCTIONS[name](y))
        z[0] = 5.0
        y[1] = 4.0
        return anp.sum(z[0] * y)

    def of_what_is_gone(x):
        y = x * 1.0
        z = FUNCTIONS[name](y)
        total = anp.sum(z * 0.0)
        del z
        y[1] = 4.0
        return total + anp.sum(y)

    assert grad(of_a_copy)(X).tolist() == [5.0, 0.0, 5.0]
    assert grad(of_what_is_gone)(X).tolist() == [1.0, 0.0, 1.0]


def test_numbers_and_results_of_their_own_are_written():
    def f(x):
        y = same(x[0])
        y += 1.0
        z = checkpoint(lambda v: 2.0 * v)(x)
        z[0] = y
        return anp.sum(z * x)

    assert grad(f)(X).tolist() == [2 * X[0] + 1.0, 4 * X[1], 4 * X[2]]


BUFFER = np.zeros(3)

RETURNS = {
    "the buffer": lambda buffer: buffer, "a view of it": lambda buffer: buffer[:],
    "a row": lambda buffer: np.lib.stride_tricks.as_strided(buffer),
}


def exp_into_buffer(returned):
    def exp(x):
        np.exp(x, out=BUFFER)
        return RETURNS[returned](BUFFER)

    exp = extend.primitive(exp)
    extend.elementwise(exp, lambda ans, x: ans)
    return exp


@pytest.mark.parametrize("returned", RETURNS)
@pytest.mark.parametrize("mode", MODES)
def test_a_buffer_that_a_primitive_fills_again(mode, returned):
    exp = exp_into_buffer(returned)
    result = MODES[mode](lambda x: anp.sum(exp(x) * exp(2.0 * x)))(X)
    np.testing.assert_allclose(result, MODES[mode](lambda x: anp.sum(anp.exp(x) * anp.exp(2.0 * x)))(X), rtol=1e-12)
    np.testing.assert_allclose(vmap(exp)(np.stack([X, -X])), np.exp([X, -X]), rtol=1e-12)


def test_a_buffer_among_several_results():
    @extend.primitive
    def sine_and_cosine(x):
        np.sin(x, out=BUFFER)
        return BUFFER, np.cos(x)

    extend.defvjp(sine_and_cosine, lambda g, ans, x: g[0] * ans[1] - g[1] * ans[0])

    def f(x):
        (s, c), (s2, c2) = sine_and_cosine(x), sine_and_cosine(2.0 * x)
        return anp.sum(s * s2 + c * c2)

    np.testing.assert_allclose(grad(f)(X), -np.sin(X), rtol=1e-12)


def test_memory_of_a_plain_argument_is_no_answer():
    work = np.zeros(3)

    @extend.primitive
    def doubled(x, work):
        work[:] = 2 * x
        return work

    extend.defvjp(doubled, lambda g, ans, x, work: 2 * g, None)
    with pytest.raises(TracedValueError, match="doubled returned memory of its argument 1.*return a copy"):
        grad(lambda x: anp.sum(doubled(x, work) * doubled(x * x, work)))(np.ones(3))
