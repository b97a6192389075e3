"""Functions that update variables outside them, compiled: moments, counters, parameters, as without ``jit``."""

import dataclasses
import warnings

import numpy as np
import pytest

import autodiff_trace.numpy as anp
from autodiff_trace import grad, jit, value_and_grad
from autodiff_trace.compiler import JitWarning
from autodiff_trace.core.pytree import tree_flatten

X = np.array([0.5, -1.0, 2.0])


@dataclasses.dataclass
class Moments:
    m: np.ndarray
    v: np.ndarray


class Model:
    def __init__(self):
        self.m = np.zeros(3)
        self.w = np.ones(3)
        self.step = 0
        self.scale = 1.0
        self.cfg = {"n": 0, "lr": 0.1}
        self.list = [0.0, 1]
        self.params = {"w": np.ones(3), "b": 0.5}
        self.moments = Moments(np.zeros(3), np.ones(3))
        self.log = []

    def momentum(self, x):
        self.m = 0.9 * self.m + 0.1 * x
        return self.m

    def counter(self, x):
        self.step += 1
        return x * self.step

    def adam(self, x):
        self.step += 1
        self.m = 0.9 * self.m + 0.1 * x
        return self.m / (1 - 0.9**self.step)

    def counter_in_dict(self, x):
        self.cfg["n"] += 1
        return x * self.cfg["n"] * self.cfg["lr"]

    def item_of_list(self, x):
        self.list[0] = 0.5 * self.list[0] + anp.sum(x)
        self.list[1] += 1
        return x * self.list[0] + self.list[1]

    def parameters(self, x):
        self.params = {name: p - 0.1 * anp.sum(x) * p for name, p in self.params.items()}
        return self.params["w"]

    def one_parameter(self, x):
        self.params["w"] = self.params["w"] - 0.1 * x
        return self.params["w"] * self.params["b"]

    def dataclass(self, x):
        self.moments = Moments(self.moments.m + x, self.moments.v * 0.9)
        return self.moments.m / self.moments.v

    def branch(self, x):
        self.step += 1
        if self.step % 2:
            self.scale = self.scale * 1.5
        return x * self.scale

    def exchange(self, x):
        self.m, self.w = self.m + x, self.m
        return self.w

    def argument(self, x):
        self.m, before = x, self.m
        return before * 2 + x

    def train(self, x):
        loss, slope = value_and_grad(lambda w: anp.sum((w * x - 1) ** 2))(self.m)
        self.m = self.m - 0.1 * slope
        return loss

    def inner(self, x):
        return jit(self.adam)(x) * 2

    def in_a_gradient(self, x):
        return grad(jit(lambda y: anp.sum(self.counter(y))))(x)

    # These run as they are.

    def append(self, x):
        self.log.append(1)
        return x * len(self.log)

    def in_place(self, x):
        self.m += x
        return self.m * 2

    def grow(self, x):
        self.m = np.concatenate([self.m, [1.0]])
        return x * np.sum(self.m)

    def alias(self, x):
        self.w = self.m = self.m + x
        return x

    def write_argument(self, x):
        x = x * 1
        self.m = self.m + x
        self.log.append(x[0])
        return x


COMPILED = [
    "momentum", "counter", "adam", "counter_in_dict", "item_of_list", "parameters", "one_parameter", "dataclass",
    "branch", "exchange", "argument", "train", "inner", "in_a_gradient",
]
EAGER = ["append", "in_place", "grow", "alias", "write_argument"]


def state_of(model):
    leaves, _ = tree_flatten({name: value for name, value in vars(model).items() if name != "moments"})
    return [*leaves, model.moments.m, model.moments.v]


def run_both(name, calls=12):
    model, other = Model(), Model()
    method, jitted = getattr(model, name), jit(getattr(other, name))
    for k in range(calls):
        np.testing.assert_allclose(jitted(X + k), method(X + k), rtol=1e-12)
        expected, found = state_of(model), state_of(other)
        assert [*map(type, found)] == [*map(type, expected)]
        for value, should in zip(found, expected):
            np.testing.assert_allclose(value, should, rtol=1e-12)
    return jitted.cache_info(), (model.w is model.m) == (other.w is other.m)


@pytest.mark.parametrize("name", COMPILED)
def test_state_is_compiled(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        info, same = run_both(name)
    assert same and info.hits >= 6 and info.eager == info.failures == 0


@pytest.mark.parametrize("name", EAGER)
def test_other_changes_run_eagerly(name):
    with pytest.warns(JitWarning, match="changes variables outside it"):
        info, same = run_both(name)
    assert same and info.hits == 0 and info.failures == 0


def test_results_are_the_new_values_and_old_values_stay():
    model = Model()
    jitted = jit(model.momentum)
    kept = []
    for k in range(8):
        before = model.m
        copy = before.copy()
        result = jitted(X * k)
        assert result is model.m
        np.testing.assert_array_equal(before, copy)
        kept.append((result, result.copy()))
    for result, copy in kept:
        np.testing.assert_array_equal(result, copy)


def test_what_others_write_is_read():
    model, other = Model(), Model()
    jitted = jit(other.adam)
    for k in range(12):
        if k in (6, 9):
            model.step, model.m = k, np.ones(3) if k == 6 else np.array(1.0)
            other.step, other.m = model.step, model.m
        np.testing.assert_allclose(jitted(X), model.adam(X))
        np.testing.assert_allclose(other.m, model.m)


def test_variables_of_functions_and_globals():
    count, mean = 0, np.zeros(3)

    def step(x):
        nonlocal count, mean
        count += 1
        mean = mean + (x - mean) / count
        return mean

    jitted = jit(step)
    for k in range(8):
        np.testing.assert_allclose(jitted(X * k), X * k / 2)
    assert count == 8 and jitted.cache_info().hits >= 4


def test_errors_change_what_they_change_without_jit():
    class Division:
        count = 0

        def __init__(self):
            self.count = 0

        def __call__(self, x):
            self.count += 1
            if x < 0:
                raise ValueError("negative")
            return self.count / x

    def outcome(function, x):
        try:
            return function(x)
        except (ValueError, ZeroDivisionError) as error:
            return repr(error)

    function, other = Division(), Division()
    jitted = jit(other)
    for x in (1.0, 2.0, 3.0, 4.0, -1.0, 5.0, 0.0, 2.0, -3.0, 0.0, 7.0):
        assert outcome(jitted, x) == outcome(function, x)
        assert function.count == other.count


def test_values_that_are_not_finite():
    def make():
        total = 1.0

        def step(x):
            nonlocal total
            total = anp.exp(x[0] * 100) * total
            return x * total

        return step

    step, jitted = make(), jit(make())
    with np.errstate(all="ignore"):
        for k in (0, 0, 0, 0, 3, 3, -9, 1, 0, 0, 0):
            np.testing.assert_allclose(jitted(X + k), step(X + k))


def test_state_with_a_new_value_in_each_call_is_given_up_soon():
    class Model:
        t = 0.0

        def loss(self, x):
            self.t += float(x.sum())
            return x * self.t

    model, plain = Model(), Model()
    model.t = plain.t = 0.0
    compiled = jit(model.loss)
    with pytest.warns(JitWarning, match="again and again"):
        for i in range(20):
            np.testing.assert_array_equal(compiled(np.full(3, float(i))), plain.loss(np.full(3, float(i))))
    assert compiled.cache_info().traces <= 12


IN_PLACE = {  # what is written in place is returned, and kept by another name
    "itself": lambda s, x: s.m,
    "views": lambda s, x: (s.m[1:], s.m[::-1], s.m.reshape(3, 1).T),
    "view of a view": lambda s, x: {"a": [s.m[1:][:1]], "b": s.m.T},
    "kept": lambda s, x: keep(s, s.m),
    "view that is kept": lambda s, x: keep(s, s.m[::2]),
    "copy": lambda s, x: keep(s, s.m.copy()),
}


def keep(model, array):
    model.w = array
    return array


@pytest.mark.parametrize("name", IN_PLACE)
@pytest.mark.parametrize("replaced", (False, True))
def test_results_that_show_what_is_written_in_place_share_its_memory(name, replaced):
    def update(model, x):
        model.m += x
        return IN_PLACE[name](model, x)

    plain, compiled = Model(), Model()
    function = jit(lambda x: update(compiled, x))
    for _ in range(5):
        if replaced:
            plain.m, compiled.m = np.ones(3), np.ones(3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", JitWarning)
            pairs = list(zip(tree_flatten(function(X))[0], tree_flatten(update(plain, X))[0]))
        for result, expected in pairs:
            assert np.array_equal(result, expected)
            result *= 2
            expected *= 2
        assert np.array_equal(compiled.m, plain.m) and np.array_equal(compiled.w, plain.w)


def add_to_array(model, x):
    model.m += x
    return x * model.w


def write_one_item(model, x):
    model.m[1] = 5.0
    return anp.sum(x**2)


def write_after_branch(model, x):
    if anp.sum(x) > 4:
        model.m[...] = 2 * model.m
    return x + model.w


@pytest.mark.parametrize("given", (lambda s: s.m, lambda s: s.m[::-1], lambda s: s.m[1:2]))
@pytest.mark.parametrize("update", (add_to_array, write_one_item, write_after_branch))
def test_arguments_that_show_what_is_written_outside(update, given):
    plain, compiled = Model(), Model()
    function = jit(lambda x: update(compiled, x))
    for turn in range(8):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", JitWarning)
            for is_shared in (turn % 3 == 2, True):
                found = function(given(compiled) if is_shared else X + turn)
                expected = update(plain, given(plain) if is_shared else X + turn)
                assert np.array_equal(found, expected) and np.array_equal(compiled.m, plain.m)
