"""``jit`` and the arrays outside a function: no write to one goes unnoticed, whatever has read it."""

from __future__ import annotations

import collections
import functools
import sys
import types
import warnings

import numpy as np
import pytest
from jit_checks import assert_same

from autodiff_trace import grad, jit
from autodiff_trace import numpy as anp
from autodiff_trace.compiler import JitWarning

X = np.arange(1.0, 8.0)


def plain(x, w):
    return x * w.sum()


# What functions do with an array W of which one element changes.
READS = {
    "logarithm": lambda x, w: x * anp.sum(np.log(w)),
    "sum": lambda x, w: x * w.sum(),
    "live": lambda x, w: x * w[:7],
    "float": lambda x, w: x * float(w[0]),
    "item": lambda x, w: x * w.item(0),
    "item of an item": lambda x, w: x * w[0].item(),
    "range": lambda x, w: x * sum(i for i in range(int(w[0]))),
    "slice": lambda x, w: x[int(w[0]):],
    "reshape": lambda x, w: x[:6].reshape(w[1:3].astype(int)),
    "if": lambda x, w: x * 2 if w[0] > 3 else x,
    "while": lambda x, w: x * 2 if bool((w > 0).all()) and w.max() > 5000 else x,
    "iteration": lambda x, w: x * [item for item in w][0],
    "tolist": lambda x, w: x * w[:3].tolist()[0],
    "array": lambda x, w: x * np.array(w)[0],
    "asarray": lambda x, w: x * np.asarray(w, dtype=float)[:7],
    "list": lambda x, w: x * sum(list(w[:3])),
    "max": lambda x, w: x * max(w[:5]),
    "text": lambda x, w: x * len(str(w[0])),
    "format": lambda x, w: x * len(f"{w[0]:.3f}"),
    "bytes": lambda x, w: x * w.tobytes()[7],
    "view": lambda x, w: x * w[3:].sum() + w.reshape(-1, 1).T[0, 0],
    "index": lambda x, w: x[w[:1].astype(int) % 7],
    "mask": lambda x, w: x[w[:7] > 3],
    "nonzero": lambda x, w: x * np.nonzero(w > 3)[0][0],
    "unique": lambda x, w: x * len(np.unique(w)),
    "inverse": lambda x, w: x * np.linalg.inv(np.diag(w[:3] + 1))[0, 0],
    "eigh": lambda x, w: x * np.linalg.eigh(np.diag(w[:3]))[0][0],
    "gradient": lambda x, w: grad(lambda y: anp.sum(y * w[:7] ** 2))(x),
    "in": lambda x, w: x * (2.0 in w),
    "copy": lambda x, w: x * w.copy()[0],
    "into a plain array": lambda x, w: x * fill(w),
    "out": lambda x, w: x * np.add(w, 1, out=np.zeros(w.shape))[0],
    "dot": lambda x, w: x * (w @ w),
    "einsum": lambda x, w: x * np.einsum("i,i", w, w),
    "partition": lambda x, w: x * np.partition(w, 2)[0],
    "memory": lambda x, w: x * memoryview(w)[0],
    "from buffer": lambda x, w: x * np.frombuffer(w)[0],
}


def fill(w):
    out = np.zeros(3)
    out[:] = w[:3]
    return out[0]


ARRAYS = {
    "small": lambda path: np.arange(1.0, 11.0),
    "large": lambda path: np.arange(1.0, 5001.0),
    "memory map": lambda path: memory_map(path, 5000),
    "small map": lambda path: memory_map(path, 20),
    "column": lambda path: np.arange(1.0, 10001.0).reshape(-1, 2)[:, 1],
    "backwards": lambda path: np.arange(5000.0, 0.0, -1)[::-1],
    "big-endian": lambda path: np.arange(1, 5001, dtype=">f8"),
    "view": lambda path: np.arange(0.0, 5001.0)[1:],
}


def memory_map(path, n):
    array = np.memmap(path / "map", dtype=float, mode="w+", shape=(n,))
    array[:] = np.arange(1.0, n + 1)
    return array


def outcome_of(function, x):
    try:
        return function(x)
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("half", [0, 1])
@pytest.mark.parametrize("read", READS)
def test_a_change_of_one_element_is_noticed(read, half, tmp_path):
    """Each way to read, of two small arrays or maps and of two large ones; which ones goes in turn."""
    number = 2 * list(READS).index(read) + half
    kind = list(ARRAYS)[number % 8], list(ARRAYS)[(number + 3) % 8]
    for each in kind:
        check_change(READS[read], ARRAYS[each](tmp_path))


def check_change(read, w):
    function = lambda x: read(x, w)  # noqa: E731
    compiled = jit(function)
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for turn in range(4):
            for _ in range(2):
                assert_same(outcome_of(compiled, X), outcome_of(function, X))
            w[0 if turn % 2 else rng.integers(w.size)] = rng.integers(1, 7)


@pytest.mark.parametrize("read", ["logarithm", "float", "sum", "live"])
def test_arrays_without_dimensions(read):
    n = np.array(3.0)
    reads = {"logarithm": lambda x: x * np.log(n), "float": lambda x: x * float(n),
             "sum": lambda x: x * sum(range(int(n))), "live": lambda x: x * n}
    compiled = jit(reads[read])
    for value in (3.0, 4.0, 5.0, 6.0):
        n[...] = value
        assert_same(compiled(X), reads[read](X))
        assert_same(compiled(X), reads[read](X))


def test_shape_array():
    shape = np.array([1, 6])
    function = lambda x: x.reshape(shape)  # noqa: E731
    compiled = jit(function)
    for new in ([1, 6], [2, 3], [3, 2], [2, 3]):
        shape[:] = new
        assert compiled(X[:6]).shape == tuple(new)


W = np.arange(1.0, 4.0)


def use_global(x):
    return x * np.log(W).sum()


class Model:
    shared = np.ones(3)

    def __init__(self):
        self.w = np.arange(1.0, 4.0)
        self.layers = [np.ones(3), {"b": np.full(3, 2.0)}]
        self.inner = types.SimpleNamespace(w=np.ones(3))

    def loss(self, x):
        return anp.sum(x * self.w) + self.penalty() + self.layers[1]["b"].sum() * x[0]

    def penalty(self):
        return np.sum(self.w**2) + float(self.inner.w[1])

    def classy(self, x):
        return x * self.shared.sum()

    __call__ = loss


class Slotted:
    __slots__ = ("w",)

    def __init__(self):
        self.w = np.arange(1.0, 4.0)


def helper(x):
    return x * float(W[1])


def places():
    """Functions, and the array outside that each reads."""
    model, slotted = Model(), Slotted()
    box = [{"a": (model.w, 1.0)}]
    table = collections.OrderedDict(w=model.layers[0])
    default = np.arange(3.0)
    named = collections.namedtuple("named", "w")(np.arange(1.0, 4.0))
    closed = np.arange(1.0, 4.0)

    def inner(x):
        return x * closed.sum()

    @functools.wraps(inner)
    def wrapper(*args):
        return inner(*args) + closed[0]

    return {
        "global": (use_global, W), "helper": (lambda x: helper(x), W), "method": (model.loss, model.w),
        "method in a lambda": (lambda x: model.loss(x), model.inner.w),
        "object": (lambda x: model(x), model.layers[1]["b"]),
        "class": (model.classy, Model.shared), "list": (lambda x: x * np.exp(box[0]["a"][0]), model.w),
        "ordered dict": (lambda x: x * np.exp(table["w"]).sum(), model.layers[0]),
        "default": (lambda x, w=default: x * float(w[0]), default), "slots": (lambda x: x * slotted.w.sum(), slotted.w),
        "named tuple": (lambda x: x * named.w.sum(), named.w), "wrapper": (wrapper, closed),
        "partial": (functools.partial(plain, w=closed), closed),
        "gradient": (grad(lambda x: anp.sum(x * closed.sum())), closed),
        "nested": (lambda x: (lambda: [x * float(closed[i]) for i in range(2)])(), closed),
        "jit": (jit(lambda x: x * closed.sum()), closed),
        "bound method of the array": (lambda x, s=closed.sum: x * s(), closed),
    }


@pytest.mark.parametrize("place", places())
def test_wherever_an_array_is(place):
    function, array = places()[place]
    compiled = jit(function)
    for turn in range(6):
        for x in (X[:3], X[1:4]):
            assert_same(compiled(x), function(x))
        array[turn % 3] += 0.5
    assert type(array) is np.ndarray and type(vars(Model())["w"]) is np.ndarray
    assert compiled.cache_info().eager == 0 and compiled.cache_info().hits >= 6


# Variables that are replaced by others of their form


LR = 0.0
BATCH = np.zeros(3)


def step(x):
    return x * LR + BATCH


class Trained:
    def __init__(self):
        self.w = np.zeros(3)
        self.lr = 1.0
        self.count = 0
        self.history = []
        self.config = {"decay": 1.0, "name": "sgd"}

    def loss(self, w, x):
        return anp.sum((w * x - self.w) ** 2) * self.lr * self.config["decay"]

    def predict(self, x):
        return self.w * x + self.lr


def changing():
    """Functions, and how what they read is replaced by what; numbers and arrays."""
    number, array, items, table, count = 1.0, np.ones(3), [1.0, np.ones(3)], {"lr": 1.0, "w": np.ones(3)}, 1
    trained, other, space = Trained(), Trained(), types.SimpleNamespace(lr=1.0)

    def set_cells(value):
        nonlocal number, array, count
        number, array, count = value, value + np.ones(3), int(value)

    def set_globals(value):
        globals().update(LR=value, BATCH=np.full(3, value))

    def set_attributes(value):
        trained.w = trained.w + value
        trained.lr, trained.count = value, trained.count + 1
        trained.config["decay"] = value / 2

    def set_number_of_numpy(value):
        other.lr = np.float32(value)

    return {
        "cells": (lambda x: x * number + array, set_cells),
        "whole number": (lambda x: x * count + array * count**2, set_cells),
        "globals": (step, set_globals),
        "in a helper": (lambda x: step(x) * 2, set_globals),
        "method": (trained.predict, set_attributes),
        "method of an object": (lambda x: trained.predict(x), set_attributes),
        "gradient of a method": (grad(lambda x: trained.loss(x, x)), set_attributes),
        "number of NumPy's": (lambda x: other.predict(x), set_number_of_numpy),
        "namespace": (lambda x: x * space.lr, lambda value: setattr(space, "lr", value)),
        "list": (lambda x: x * items[0] + items[1], lambda v: items.__setitem__(slice(0, 2), [v, v * X[:3]])),
        "dict": (lambda x: x * table["lr"] + table["w"], lambda value: table.update(lr=value, w=value * X[:3])),
    }


@pytest.mark.parametrize("case", changing())
def test_what_changes_becomes_an_input(case):
    function, change = changing()[case]
    compiled = jit(function)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        change(1.0)
        for turn in range(12):
            change(float(turn))
            for x in (X[:3], X[1:4]):
                assert_same(compiled(x), function(x))
    info = compiled.cache_info()
    assert info.eager == 0 and info.traces <= 5, info


def test_identity_of_arrays():
    a, b, table = np.ones(3), np.ones(3), {}
    compared = lambda x: x * 2 if a is b else x * 3  # noqa: E731
    looked_up = lambda x: x * table.get(id(a), 5.0)  # noqa: E731
    compiled = jit(compared), jit(looked_up)
    for turn in range(6):
        b = a if turn % 2 else a.copy()
        table[id(a)] = float(turn)
        assert_same(compiled[0](X), compared(X))
        assert_same(compiled[1](X), looked_up(X))


def test_inputs_of_another_form():
    scale = 1.0
    function = lambda x: x * scale  # noqa: E731
    compiled = jit(function)
    for value in (1.0, 2.0, 3.0, 4.0, 2, 3, 1j, np.float32(2), np.ones(2), np.ones(3), np.ones((2, 3)), 5.0, True, 2.0):
        scale = value
        for _ in range(2):
            try:
                expected = function(X[:3])
            except ValueError:
                with pytest.raises(ValueError):
                    compiled(X[:3])
            else:
                assert_same(compiled(X[:3]), expected)


def test_decisions_on_inputs():
    scale = 1.0
    function = lambda x: x * scale if scale < 5 else x - scale  # noqa: E731
    compiled = jit(function)
    for value in (1.0, 2.0, 3.0, 4.0, 6.0, 7.0, 2.5):
        scale = value
        assert_same(compiled(X), function(X))
    assert compiled.cache_info().traces <= 4


def test_one_array_under_two_names():
    a = b = np.ones(3)
    function = lambda x: x * a + b  # noqa: E731
    compiled = jit(function)
    for turn in range(6):
        a = np.full(3, float(turn))
        if turn % 2:
            b = a
        assert_same(compiled(X[:3]), function(X[:3]))
    a = b = np.zeros(3)
    assert_same(compiled(X[:3]), function(X[:3]))
    b = np.ones(3)
    assert_same(compiled(X[:3]), function(X[:3]))


def test_function_that_changes_its_variables():
    """Each call does outside what the function does, on stand-ins or not; nothing traced is left there."""
    def make():
        state, log, total, trained, array = {"n": 0.0, "w": np.ones(3)}, [], 0.0, Trained(), np.zeros(3)

        def function(x):
            nonlocal total
            total = total + 1.0
            state["n"] += 1.0
            state["w"] = state["w"] + x
            log.append(state["n"])
            trained.w = trained.w * 2 + x
            trained.history.append(trained.w)
            trained.count += 1
            array[:] = array + x
            return x * total + state["w"].sum() + array

        return function, lambda: (state, log, total, vars(trained), array)

    plain, expected = make()
    function, actual = make()
    compiled = jit(function)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for turn in range(12):
            assert_same(compiled(X[:3] + turn), plain(X[:3] + turn))
            assert_same(actual(), expected())


def test_other_threads_see_no_boxes():
    seen = set()
    table = {"w": np.ones(3)}
    rate = 1.0

    def function(x):
        look()
        return x * table["w"] * rate

    def look():
        import threading

        thread = threading.Thread(target=lambda: seen.update((shared["w"].__class__, rate.__class__)))
        thread.start()
        thread.join()

    shared = table
    compiled = jit(function)
    for turn in range(5):
        table["w"] = np.full(3, float(turn))
        assert_same(compiled(X[:3]), X[:3] * turn)
    assert type(table["w"]) is np.ndarray


def containers():
    """Functions whose variables are replaced by containers of the same structure, and what replaces them."""
    model = Trained()
    model.params = {"w": np.ones(3), "b": [np.zeros(3), 1.0], "none": None}
    layers = [(np.ones((3, 3)), np.zeros(3)) for _ in range(3)]
    state = (np.ones(3), 1.0, (2, 3.0))

    def through_layers(x):
        for w, b in layers:
            x = anp.tanh(x @ w + b)
        return x

    def set_params(value):
        model.params = {"w": model.params["w"] + value, "b": [model.params["b"][0] - value, value], "none": None}

    def set_layers(value):
        nonlocal layers
        layers = [(w + value / 10, b - value) for w, b in layers]

    def set_state(value):
        nonlocal state
        state = (np.full(3, value), value, (int(value), value / 2))

    return {
        "attribute": (lambda x: x * model.params["w"] + model.params["b"][0] * model.params["b"][1], set_params),
        "list of layers": (through_layers, set_layers),
        "tuple": (lambda x: x * state[0] + state[1] * state[2][0] - state[2][1], set_state),
    }


@pytest.mark.parametrize("case", containers())
def test_containers_that_are_replaced_become_inputs(case):
    function, change = containers()[case]
    compiled = jit(function)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for turn in range(12):
            change(float(turn))
            for x in (X[:3], X[1:4]):
                assert_same(compiled(x), function(x))
    info = compiled.cache_info()
    assert info.eager == 0 and info.traces <= 3, info


def test_containers_of_another_structure_and_with_shared_arrays():
    params = {"w": np.ones(3)}
    other = {"p": params, "w": params["w"]}
    function = lambda x: sum(x * params[k] for k in params) + other["w"] * other["p"]["w"]  # noqa: E731
    compiled = jit(function)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for turn in range(12):
            params = {**params, "w": np.full(3, float(turn))}
            if turn == 6:
                params["v"] = np.ones(3)
            if turn == 9:
                params["v"] = 2.0
            if turn % 2:
                other["p"] = params
            if turn % 3:
                other["w"] = params["w"]
            for _ in range(2):
                assert_same(compiled(X[:3]), function(X[:3]))
            params["w"][0] = 9.0
            assert_same(compiled(X[:3]), function(X[:3]))


def test_packages_that_know_no_boxes(monkeypatch):
    """What another package raises is no error of the function: it gets plain arrays, which are compared."""
    package = types.ModuleType("foreign_package")
    package.__file__ = "/usr/lib/python3/site-packages/foreign_package/__init__.py"
    monkeypatch.setitem(sys.modules, "foreign_package", package)
    code = "def total(x):\n    if type(x).__name__ != 'ndarray':\n        raise RuntimeError\n    return x.sum()\n"
    exec(code, vars(package))
    w, total = np.ones(10), package.total
    compiled = jit(lambda x: x * total(w))
    for turn in range(5):
        w[turn] = turn + 2.0
        for _ in range(2):
            assert_same(compiled(X), X * w.sum())
    assert compiled.cache_info().hits == 5


def test_errors_of_the_function_are_raised_once():
    calls = {"n": 0, "w": np.ones(3)}

    def function(x):
        calls["n"] += 1
        raise ValueError("own")

    with pytest.raises(ValueError, match="own"):
        jit(lambda x: function(x) * calls["w"])(1.0)
    assert calls["n"] == 1


def test_looking_at_a_defaultdict_makes_no_keys():
    table = collections.defaultdict(float, {1: 2.0, "a": 3.0})
    compiled = jit(lambda x: x * sum(table.values()) + x * (table["b"] if "b" in table else 0.0))
    assert compiled(1.0) == compiled(1.0) == 5.0
    del table[1]
    assert compiled(1.0) == compiled(1.0) == 3.0 and list(table) == ["a"]


def test_a_traced_value_that_a_gradient_has_left_is_told_of():
    seen = {}

    def f(x):
        seen["x"] = x
        return x * x

    grad(f)(1.0)
    compiled = jit(grad(f))
    with pytest.warns(JitWarning, match="seen.* is a traced value, which a call that is over has left there"):
        assert [compiled(x) for x in (1.0, 2.0)] == [2.0, 4.0]
    assert compiled.cache_info().eager == 2
    scaled = jit(lambda x: x * len(seen))
    with pytest.warns(JitWarning, match="is a traced value, which a call that is over"):
        scaled(1.0)
    seen.clear()
    assert [scaled(x) for x in (1.0, 2.0)] == [0.0, 0.0] and scaled.cache_info().traces == 1


def test_a_traced_value_of_a_call_in_progress_needs_no_warning():
    assert grad(lambda a: jit(lambda x: x * a)(3.0))(2.0) == 3.0
