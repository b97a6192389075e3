"""``jit``: arguments and results of every kind, around and inside the transformations, the cache, the object itself."""

import copy
import functools
import gc
import pickle
import weakref
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
from jit_checks import assert_same, check_calls, expect_warnings

from autodiff_trace import (
    checkpoint, custom_vjp, grad, hessian, hvp, jacobian, jit, jvp, scan, value_and_grad, vjp, vmap,
)
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.dispatch.background import background
from autodiff_trace.compiler.dispatch.limits import MOST_KEYS
from autodiff_trace.compiler.jitted import Jitted

X = np.array([0.5, -1.0, 2.0])
A = np.arange(6.0).reshape(2, 3)


class Pair(NamedTuple):
    first: Any
    second: Any


@dataclass
class Layer:
    weights: Any
    name: str = "dense"
    is_last: bool = True


@jit
def double(x):
    """Twice x."""
    return 2 * x


class Model:
    def __init__(self, scale):
        self.scale = scale

    @jit
    def apply(self, x):
        return self.scale * x

    @jit(static_argnames="power")
    def raised(self, x, power):
        return self.scale * x * (2 if power == 2 else 1)

    @staticmethod
    @jit
    def half(x):
        return x / 2


# Arguments and results

NUMBERS = [
    1, 1.0, 1j, True, np.float32(1), np.float64(1), np.int8(3), np.uint8(3), np.bool_(True), np.complex64(1 + 1j),
]
ARRAYS = [
    np.ones(3), np.ones(3, np.float32), np.ones(0), np.array(2.0), np.ones((2, 0, 3)), A.T, np.asfortranarray(A),
    A[:, ::2], A[::-1], np.ones(3, bool), np.ones(3, np.int32), np.arange(3) * 1j, np.ones(3, np.float16),
    np.ones(3, ">f8"), np.broadcast_to(1.0, (2, 2)),
]


@pytest.mark.parametrize("function", [lambda x: x * 2 + 1, lambda x: abs(x), lambda x: (x, x == 1, x + x), np.exp],
                         ids=["arithmetic", "abs", "several", "exp"])
def test_numbers_and_arrays_of_every_kind(function):
    check_calls(function, *NUMBERS, *ARRAYS)


WEAK = [
    (np.ones(3, np.float32), 2.5), (np.float32(2), 2.5), (np.ones(3, np.float32), np.float64(2)), (2, 3), (2, 3.0),
    (np.int8(2), 3), (2.5, np.ones(3, np.float32)), (np.ones(3, np.int32), 2.5), (np.ones(3, np.float32), 2j),
]


@pytest.mark.parametrize("function", [
    lambda x, y: x * y, lambda x, y: (x + 1) * (y + 1), lambda x, y: anp.multiply(x, anp.add(y, 1)),
    lambda x, y: anp.sin(y) * x, lambda x, y: x**2 * y**2,
])
def test_python_numbers_stay_weak(function):
    check_calls(function, *WEAK)


def test_float32_stays_in_gradients():
    loss = lambda w, x: anp.sum(anp.tanh(x @ w) * 0.5)  # noqa: E731
    check_calls(value_and_grad(loss), (np.ones(3, np.float32), A.astype(np.float32)))
    check_calls(grad(lambda x, w: anp.sum(x * w)), (2.0, np.ones(3, np.float32)))


TREES = [
    ({"w": [A], "b": Pair(1.0, 2), "layer": Layer(3.0)},),
    ({"w": [A], "b": Pair(1.0, 2), "layer": Layer(3.0, is_last=False)},),
    ({"w": [A], "b": Pair(1.0, 2), "layer": Layer(3.0, "other")},),
]


def test_containers():
    def function(p):
        sign = 1 if p["layer"].is_last else -1
        return {
            "u": p["w"][0] * sign, "none": None, "text": p["layer"].name, "list": [p["b"].second],
            "pair": Pair(p["b"].first + p["b"].second, True),
            "layer": Layer(p["layer"].weights * 2), "empty": (),
        }

    assert check_calls(function, *TREES).cache_info().traces == 3


def test_containers_of_another_structure_are_traced_anew():
    compiled = check_calls(lambda x: x[0] * 2, [1.0], ((1.0,),), [1.0, 2.0], ([1.0, [2.0]],), [[A]], [A.astype(int)])
    assert compiled.cache_info().traces == compiled.cache_info().keys == 6


def test_keywords_and_defaults():
    def function(x, y=1.0, *rest, weights=X, **others):
        return (x - y) * weights * others.get("scale", 1.0) + sum(rest)

    compiled = jit(function)
    for args, kwargs in [
        ((3.0,), {}), ((3.0, 2.0), {}), ((3.0,), {"y": 2.0}), ((), {"y": 2.0, "x": 3.0}), ((3.0,), {"scale": 4.0}),
        ((3.0, 2.0, 1.0, 1), {"weights": X}),
    ] * 2:
        assert_same(compiled(*args, **kwargs), function(*args, **kwargs))


# Static arguments


def test_static_arguments_are_plain_by_position_and_by_name():
    def function(x, n, mode="a"):
        assert type(n) in (int, float, bool, tuple, list, dict), type(n)
        return x * len(n) if isinstance(n, (tuple, list, dict)) else x / 2 + n if mode == "a" else x * n

    compiled = check_calls(
        function, (1.0, 2), (1.0, 2.0), (1.0, True), (1.0, 0.0), (1.0, -0.0), (1.0, 2, "b"), (1.0, (1, 2)),
        (1.0, (1.0, 2)), (1.0, [1, 2]), (1.0, {"k": [1]}), static_argnames=("n", "mode"),
    )
    assert compiled.cache_info().traces == 10
    assert compiled(1.0, n=2) == compiled(x=1.0, n=2) == 2.5
    number = float("nan")
    check_calls(lambda x, n: x if n != n else -x, (1.0, number), (1.0, 2.0), static_argnames="n")


def test_objects_as_static_arguments():
    class Config:
        scale = 2.0

    config = Config()
    compiled = jit(lambda x, c: x * c.scale)
    assert compiled(1.0, config) == 2.0
    config.scale = 3.0
    assert compiled(1.0, config) == 3.0
    activation = jit(lambda x, f: f(x), static_argnames="f")
    assert (activation(1.0, anp.sin), activation(1.0, anp.cos)) == (np.sin(1.0), np.cos(1.0))


MISTAKES = [
    (lambda: jit(3.0), TypeError, r"jit: expected a function, got 3.0. Write jit\(f\)\(x\), not jit\(f\(x\)\)"),
    (lambda: jit(lambda x: x, static_argnames="n"), TypeError, "static_argnames has 'n', but the arguments are x"),
    (lambda: jit(lambda x: x, static_argnames=(0,)), TypeError, "give the names of arguments"),
    (lambda: jit(lambda x: x, static_argnames=0), TypeError, "give the names of arguments"),
    (lambda: jit(lambda x: x, passes=("fuse",)), TypeError, "no pass 'fuse'"),
    (lambda: jit(lambda x, n: x, static_argnames="n")(1.0, X), TypeError, "static argument is an array"),
    (lambda: jit(lambda x: x)(1.0, 2.0), TypeError, "1 positional argument but 2 were given"),
]


@pytest.mark.parametrize("mistake, error, message", MISTAKES)
def test_mistakes(mistake, error, message):
    with pytest.raises(error, match=message):
        mistake()


# Methods


def test_methods():
    first, second = Model(2.0), Model(3.0)
    for _ in range(2):
        assert (first.apply(1.0), second.apply(1.0), Model.apply(first, 2.0)) == (2.0, 3.0, 4.0)
        assert (first.raised(1.0, 2), first.raised(1.0, power=3), Model.half(3.0)) == (4.0, 2.0, 1.5)
    first.scale = 5.0
    assert first.apply(1.0) == jit(first.apply)(1.0) == 5.0
    first.scale = X
    assert_same(first.apply(2.0), 2 * X)


def test_callables_that_are_no_plain_functions():
    class Adder:
        def __init__(self, n):
            self.n = n

        def __call__(self, x):
            return x + self.n

    adder = Adder(2.0)
    for function in (np.sin, functools.partial(np.add, 2.0), adder, Model(2.0).apply, abs):
        check_calls(function, 1.0, -2.0)
    compiled = jit(adder)
    assert compiled(1.0) == 3.0
    adder.n = 3.0
    assert compiled(1.0) == 4.0


def test_tables_of_results():
    @functools.cache
    def powers(n):
        return np.arange(3.0) ** n

    @functools.cache
    def scaled(x):
        return x * 2

    compiled = check_calls(lambda x, n: scaled(x) * powers(n), (1.0, 2), (1.0, 3), (2.0, 2))
    assert compiled.cache_info().eager == 0
    compiled.clear_cache()
    assert_same(compiled(1.0, 3), scaled(1.0) * powers(3))


# Transformations


def loss(x):
    return anp.sum(anp.sin(x) * x**2)


@pytest.mark.parametrize("transformed", [
    grad(loss), value_and_grad(lambda x: (loss(x), {"aux": x * 2}), has_aux=True), hessian(loss), jacobian(anp.cumsum),
    vmap(loss), lambda x: jvp(loss, (x,), (x + 1,)), lambda x: hvp(loss)(x, x + 1), lambda x: vjp(loss, x)[1](1.0),
    grad(grad(loss)), lambda x: scan(lambda c, y: (c + anp.sin(y), c * y), 0.5, x), grad(checkpoint(loss)),
    vmap(grad(lambda x: x**3)),
], ids=range(12))
def test_jit_around_a_transformation(transformed):
    compiled = check_calls(transformed, X, X + 1)
    assert compiled.cache_info().traces == 1 and compiled.cache_info().hits == 3


@pytest.mark.parametrize("transform, x", [
    (grad, X), (value_and_grad, X), (hessian, X), (jacobian, X), (vmap, A), (lambda f: lambda x: jvp(f, (x,), (x,)), X),
    (lambda f: lambda x: hvp(f)(x, x), X), (jit, X), (lambda f: grad(jit(grad(f))), 2.0),
    (lambda f: vmap(jit(grad(f))), A), (lambda f: jit(vmap(jit(grad(f)))), A),
    (lambda f: jit(lambda x: f(x) + f(2 * x)), X),
])
def test_a_transformation_around_jit(transform, x):
    assert_same(transform(jit(loss))(x), transform(loss)(x))


def test_custom_rules():
    @custom_vjp
    def square(x):
        return x * x

    square.defvjp(lambda x: (x * x, x), lambda x, g: (5 * g * x,))
    check_calls(grad(square), 1.0, 3.0)


def test_jit_that_closes_over_traced_values():
    function = lambda w: anp.sum(jit(lambda x: x * w if w > 0 else x)(X))  # noqa: E731
    for w in (2.0, -1.0):
        assert_same(grad(function)(w), np.sum(X) if w > 0 else np.float64(0))
    state = [None]
    inner = jit(lambda x: x * state[0])

    def outer(w):
        state[0] = w
        return anp.sum(inner(X))

    assert_same(grad(outer)(2.0), np.sum(X))
    state[0] = 3.0
    assert_same(inner(2.0), 6.0)


def test_numbers_compute_as_python_does():
    """Arguments are Python's numbers outside a transformation, and NumPy's in it."""
    check_calls(lambda x: x**0.5, 4.0, -4.0)
    check_calls(lambda x: anp.power(x, 0.5), 4.0, 3)
    check_calls(lambda x: 2**x, 3, -2)
    check_calls(lambda x: (x // 3, x % 3, divmod(x, 3), -x, +x, abs(x), x & 6, x | 1, x ^ 2, ~x), 7, -7)
    check_calls(lambda x: (round(x, 2), round(x), x == "a", x is None, x == None), 2.675, -0.5)  # noqa: E711
    check_calls(lambda x: x * 2**70, 3)
    check_calls(grad(lambda x: x**1.5), 4.0, 2)
    check_calls(lambda x: (x > 1) + (x < 3), 2, 5.0)
    with np.errstate(divide="ignore"):
        check_calls(lambda x: anp.divide(1.0, x), 2.0, 0.0)


def test_isinstance_answers_as_outside():
    function = lambda x: (isinstance(x, float), isinstance(x, (int, float)), isinstance(x, np.ndarray))  # noqa: E731
    check_calls(function, 1.0, 1, X, np.float64(1), np.float32(1))


# The cache


def test_cache_is_bounded_and_forgets_what_was_not_used_for_longest():
    compiled = jit(lambda x, n: x, static_argnames="n")
    for n in range(MOST_KEYS + 1):
        for _ in range(9):
            compiled(1.0, n)
        compiled(1.0, 0)
    info = compiled.cache_info()
    assert (info.keys, info.programs, info.traces) == (MOST_KEYS, MOST_KEYS, MOST_KEYS + 1)
    kept = {key[-1] for key in compiled.cache.entries}
    assert 0 in kept and 1 not in kept and MOST_KEYS in kept


def test_cache_info_and_clear_cache():
    compiled = jit(lambda x: anp.sin(x) * x + 1)
    for x in (X, X, A, X):
        compiled(x)
    info = compiled.cache_info()
    assert (info.hits, info.traces, info.eager, info.keys, info.programs) == (2, 2, 0, 2, 2)
    assert info.arena_bytes >= 0
    compiled.clear_cache()
    assert compiled.cache_info() == (0, 0, 0, 0, 0, 0, 0)
    assert_same(compiled(X), np.sin(X) * X + 1)


# The object


def test_it_looks_like_the_function():
    assert isinstance(double, Jitted) and double.__name__ == "double" and double.__doc__ == "Twice x."
    assert repr(double) == "jit(double)" and repr(jit(grad(loss))) == "jit(grad(loss, argnums=0))"
    assert repr(jit(loss, static_argnames="x")) == "jit(loss, static_argnames=('x',))"


def test_pickle_and_copy():
    assert pickle.loads(pickle.dumps(double)) is double
    compiled = jit(loss)
    compiled(X)
    for other in (pickle.loads(pickle.dumps(compiled)), copy.copy(compiled), copy.deepcopy(compiled)):
        assert_same(other(X), loss(X))
        assert other.cache_info().traces == 1
        other.clear_cache()
    assert compiled.cache_info().programs == 1


def test_memory_is_let_go(small_heap):
    def make(array):
        return jit(lambda x: anp.sin(x) * array)

    array = np.ones(1000)
    closed_over = weakref.ref(array)
    compiled = make(array)
    x = np.ones(1000)
    argument = weakref.ref(x)
    result = compiled(x)
    result = compiled(x)
    results = weakref.ref(result)
    del x, result, array
    background.wait()  # where there is a native back end it is compiling
    assert argument() is None and results() is None, "an argument or a result is kept"
    del compiled
    gc.collect()
    assert closed_over() is None
    model = Model(X)
    kept = weakref.ref(model)
    model.apply(1.0)
    Model.apply.clear_cache()
    del model
    gc.collect()
    assert kept() is None


def test_results_that_are_no_trees():
    class Result:
        def __init__(self, value):
            self.value = value

    compiled = jit(lambda x: Result(x * 2))
    with expect_warnings("returned a Result"):
        results = [compiled(float(i)).value for i in range(3)]
    assert results == [0.0, 2.0, 4.0] and type(results[0]) is float


def test_arguments_that_programs_cannot_handle():
    total = jit(lambda items: sum(items))
    assert total(iter([1, 2])) == 3 and total(iter([1, 3])) == 4
    assert jit(lambda x: x.sum())(np.array([1, 2], object)) == 3
    assert jit(lambda x: x[0] + "b")(np.array(["a"])) == "ab"
    masked = np.ma.array([1.0, 2.0], mask=[True, False])
    assert jit(lambda x: x.sum())(masked) == 2.0
    day = np.timedelta64(1, "D")
    assert jit(lambda x: x + day)(np.datetime64("2000-01-01")) == np.datetime64("2000-01-02")


def test_memory_maps_that_a_function_closes_over(tmp_path):
    data = np.memmap(tmp_path / "data", float, "w+", shape=3)
    compiled = jit(grad(lambda x: anp.sum(x * x * data) + anp.sum(x * data)))
    for value in (1.0, 2.0):
        data[:] = value
        np.testing.assert_array_equal(compiled(X), (2 * X + 1) * value)
    assert compiled.cache_info().traces == 1
