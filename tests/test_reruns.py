"""checkpoint, scan and fori_loop run a function again: it draws and reads what it did at first, or says no."""

import functools
import itertools
import random
import threading
import types

import numpy as np
import pytest

from autodiff_trace import TracedValueError, checkpoint, fori_loop, grad, hessian, jit, scan, value_and_grad, vmap
from autodiff_trace import numpy as anp

X = np.array([1.0, 2.0, 3.0])
RNG = np.random.default_rng(0)
STATE = np.random.RandomState(0)
FACTOR = 2.0


def times(x):
    return x * FACTOR


class Layer:
    def __init__(self):
        self.factor = 2.0

    def __call__(self, x):
        return x * self.factor


class Slotted:
    __slots__ = ("factor",)


# All functions here are linear and go through 0, so that the value is the gradient times x.

DRAWS = {
    "a generator": lambda x: x * RNG.normal(size=3),
    "its method": functools.partial(lambda draw, x: x * draw(size=3), RNG.normal),
    "numpy.random": lambda x: x * np.random.normal(size=3),
    "the traced numpy.random": lambda x: x * anp.random.normal(size=3),
    "a RandomState": lambda x: x * STATE.rand(3),
    "random": lambda x: x * random.random(),
    "a default": lambda x, rng=RNG: x * rng.normal(size=3),
    "a tuple": functools.partial(lambda tools, x: x * tools[1][0].normal(), (1.0, [RNG])),
}


@pytest.mark.parametrize("name", DRAWS)
def test_draws(name):
    check(lambda x: anp.sum(checkpoint(DRAWS[name])(x)))
    check(lambda x: anp.sum(checkpoint(lambda x: checkpoint(DRAWS[name])(x) * RNG.normal())(DRAWS[name](x))))
    check(lambda x: anp.sum(scan(lambda c, _: (DRAWS[name](c), c), x, length=10)[1]))
    check(lambda x: anp.sum(fori_loop(0, 10, lambda i, c: DRAWS[name](c), x)))


def test_a_generator_among_the_arguments():
    check(lambda x: anp.sum(checkpoint(lambda x, rng: x * rng.normal(size=3))(x, RNG)))


def test_the_backward_pass_leaves_generators_alone():
    def loss(x):
        return anp.sum(checkpoint(lambda x: x * RNG.normal() * np.random.normal() * random.random())(x))

    def states():
        return RNG.bit_generator.state, np.random.get_state()[1].tobytes(), random.getstate()

    def run(function):
        RNG.bit_generator.state = np.random.default_rng(0).bit_generator.state
        np.random.seed(0)
        random.seed(0)
        function(X)
        return states()

    assert run(grad(loss)) == run(loss)


def rebound_variable(x):
    total = 0.0
    for k in range(3):
        total = total + anp.sum(checkpoint(lambda x: x * (k + 1))(x))
    return total


def variable_of_a_helper(x):
    total = 0.0
    for k in range(3):
        def helper(x):
            return x * (k + 1)

        total = total + anp.sum(checkpoint(lambda x: checkpoint(helper)(x) * 2)(x))
    return total


def recursive_helper(x):
    k = 2.0

    def power(x, n):
        return power(x, n - 1) * k if n else x

    y = checkpoint(lambda x: power(x, 3))(x)
    k = 5.0
    return anp.sum(y) + 0 * k


def global_variable(x):
    global FACTOR
    FACTOR = 2.0
    y = checkpoint(lambda x: times(x))(x)
    FACTOR = 5.0
    return anp.sum(y)


def changed(holder, read, write):
    def loss(x):
        held = holder()
        y = checkpoint(lambda x: x * read(held))(x)
        write(held)
        return anp.sum(y)

    return loss


def attribute_of_the_function_itself(x):
    layer = Layer()
    y = checkpoint(layer)(x) + checkpoint(layer.__call__)(x)
    layer.factor = 5.0
    return anp.sum(y)


def keyword_default_and_attribute_of_a_function(x):
    def given(x, *, k=2.0):
        return x * k * given.factor

    given.factor = 1.0
    y = checkpoint(lambda x: given(x))(x)
    given.__kwdefaults__["k"] = given.factor = 5.0
    return anp.sum(y)


def attribute_of_a_class(x):
    class Scaled(Layer):
        scale = 3.0

        def __call__(self, x):
            return x * self.scale

    layer = Scaled()
    y = checkpoint(lambda x: layer(x))(x)
    Scaled.scale = 5.0
    return anp.sum(y)


def counter(x):
    n = 0

    def f(x):
        nonlocal n
        n += 1
        return x * n

    y = checkpoint(f)(x) + checkpoint(f)(x)
    assert n == 2
    return anp.sum(y)


def log(x):
    seen = []
    y = checkpoint(lambda x: seen.append(1) or x * len(seen))(x)
    y = checkpoint(lambda x: seen.append(1) or x * len(seen))(y)
    assert len(seen) == 2
    return anp.sum(y)


def cache(x):
    known = {}

    def f(x):
        if "twice" not in known:
            known["twice"] = x * 2
        return known["twice"] * 1.5

    return anp.sum(checkpoint(f)(x))


def plain_argument(x):
    w = np.ones(3)
    y = checkpoint(lambda x, w: x * w)(x, w)
    w[:] = 5.0
    return anp.sum(y)


def elements_of_scan(x):
    xs = np.arange(1.0, 6.0)
    y = scan(lambda c, k: (c * k, None), x, xs)[0]
    xs[:] = 0.0
    return anp.sum(y)


def variable_of_a_loop(x):
    k = 1.1
    y = fori_loop(0, 10, lambda i, c: c * k, x)
    k = 5.0
    return anp.sum(y) + 0 * k


def large_work_buffer(x):
    buffer = np.ones(3000)

    def f(x, k):
        buffer[:] = k
        return x * (buffer[:3] * 1)

    return anp.sum(sum(checkpoint(f)(x, k) for k in range(3)))


def small_work_buffer(x):
    buffer = np.ones(3)

    def f(x):
        buffer[:] *= 2.0
        return x * (buffer * 1)

    return anp.sum(checkpoint(f)(x) + checkpoint(f)(x))


CHANGES = [
    rebound_variable, variable_of_a_helper, recursive_helper, global_variable, attribute_of_the_function_itself,
    keyword_default_and_attribute_of_a_function, attribute_of_a_class, counter, log, cache, plain_argument,
    elements_of_scan, variable_of_a_loop, large_work_buffer, small_work_buffer,
]
HOLDERS = {
    "list": (lambda: [2.0], lambda w: w[0], lambda w: w.append(w.pop(0) + 1)),
    "dict": (lambda: {"a": {"b": 2.0}}, lambda w: w["a"]["b"], lambda w: w["a"].update(b=5.0)),
    "set": (lambda: {2.0}, sum, lambda w: w.add(5.0)),
    "tuple of lists": (lambda: ([2.0],), lambda w: w[0][0], lambda w: w[0].append(w[0].pop() + 1)),
    "object": (Layer, lambda w: w.factor, lambda w: setattr(w, "factor", 5.0)),
    "namespace": (lambda: types.SimpleNamespace(k=2.0), lambda w: w.k, lambda w: setattr(w, "k", 5.0)),
    "array": (lambda: np.ones(3), lambda w: w * 1, lambda w: w.fill(5.0)),
    "Fortran-ordered array": (lambda: np.ones((3, 3)).T, lambda w: w[0] * 1, lambda w: w.fill(5.0)),
    "array in a dict": (lambda: {"w": np.ones(3)}, lambda w: w["w"] * 1, lambda w: w["w"].fill(5.0)),
}


def check(loss):
    value, gradient = value_and_grad(loss)(X)
    assert value != 0
    np.testing.assert_allclose(np.sum(gradient * X), value, rtol=1e-12)


@pytest.mark.parametrize("loss", CHANGES, ids=lambda loss: loss.__name__)
def test_what_has_changed_is_read_as_it_was(loss):
    check(loss)
    check(lambda x: checkpoint(loss)(x))


@pytest.mark.parametrize("name", HOLDERS)
def test_what_is_held_around_the_function(name):
    check(changed(*HOLDERS[name]))


def test_traced_values_in_a_list_that_changes():
    def loss(x):
        held = [x * 2.0]
        y = checkpoint(lambda x: x + held[0])(x)
        held[0] = x * 5.0
        return anp.sum(y)

    check(loss)


def test_higher_derivatives_and_batches():
    def draw(x):
        return anp.sum(checkpoint(lambda x: x**3 * np.random.default_rng(3).normal() * RNG.normal(size=3))(x))

    RNG.bit_generator.state = np.random.default_rng(1).bit_generator.state
    expected = 6 * X * np.random.default_rng(3).normal() * np.random.default_rng(1).normal(size=3)
    np.testing.assert_allclose(hessian(draw)(X), np.diag(expected))
    batch = vmap(grad(rebound_variable))(np.stack([X, X]))
    np.testing.assert_array_equal(batch, np.full((2, 3), 6.0))


@pytest.mark.parametrize("loss", [rebound_variable, log, counter, variable_of_a_loop])
def test_compiled(loss):
    np.testing.assert_allclose(jit(grad(loss))(X), grad(loss)(X))


def test_draws_in_a_compiled_function():
    compiled = jit(value_and_grad(lambda x: anp.sum(checkpoint(lambda x: x * anp.random.normal(size=3))(x))))
    with pytest.warns(UserWarning, match="runs without jit"):
        results = [compiled(X) for _ in range(3)]
    assert len({float(value) for value, _ in results}) == 3
    for value, gradient in results:
        np.testing.assert_allclose(gradient @ X, value)


def slotted():
    w = Slotted()
    w.factor = 2.0
    return w


@pytest.mark.parametrize("holder, read, write, message", [
    (lambda: np.ones(3000), lambda w: w[:3], lambda w: w.fill(5.0), r"array of shape \(3000,\).*changed since"),
    (slotted, lambda w: w.factor, lambda w: setattr(w, "factor", 5.0), "class Slotted.*changed since"),
    (lambda: iter([2.0, 3.0]), next, lambda w: None, "gives other values than at first"),
])
def test_what_cannot_be_read_as_it_was(holder, read, write, message):
    with pytest.raises(TracedValueError, match=f"checkpoint: <lambda>.*computed again.*{message}"):
        grad(changed(holder, read, write))(X)


def test_threads_see_no_copies():
    shared = []

    def loss(x):
        return anp.sum(checkpoint(lambda x: x * float(shared.append(1) is None))(x))

    threads = [threading.Thread(target=lambda: [grad(loss)(X) for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shared) == 200


@pytest.mark.parametrize("transform", [grad, lambda f: jit(grad(f)), lambda f: grad(jit(f))])
@pytest.mark.parametrize("numbers", [lambda: itertools.count(1.0), lambda: (k for k in (1.0, 2.0))])
@pytest.mark.parametrize("size", [3, 20_000])
def test_iterators_that_have_moved_on(transform, numbers, size):
    def f(x):
        left = numbers()
        step = checkpoint(lambda v: np.sum(v * v) * next(left))
        return step(x) + step(x)

    with pytest.raises(TracedValueError, match="computed again in the backward pass"):
        transform(f)(np.ones(size))
