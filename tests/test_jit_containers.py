"""Containers among the arguments that a function changes: as in eager, in each call, before and after giving up."""

import collections
import copy
import time
import warnings

import numpy as np
import pytest
from jit_checks import expect_warnings

from autodiff_trace import grad, jit, register_pytree
from autodiff_trace import numpy as anp

X = np.array([1.0, 2.0, 3.0])


class Pair:
    def __init__(self, a, b):
        self.a, self.b = a, b

    def __repr__(self):
        return f"Pair({self.a!r}, {self.b!r})"


register_pytree(Pair, lambda pair: ((pair.a, pair.b), None), lambda extra, children: Pair(*children))


def count(x, s):
    s["n"] += 1
    return x * s["n"]


def keep(x, s):
    s["last"] = x * 2
    return x


def nested(x, s):
    s["l"].append(float(len(s["l"])))
    s["d"]["k"] = s["l"]
    return x * len(s["l"])


def reorder(x, s):
    first = next(iter(s))
    s[first] = s.pop(first)
    return x


def write_both(x, s):
    x[0] = 9.0
    s["n"] += 1
    return x * s["n"]


def clear(x, s):
    s.clear()
    return x * 2


def fail(x, s):
    s["n"] += 1
    raise ValueError(str(s["n"]))


def rebuild(x, s):
    s["new"] = {"a": [x[0], s["n"]], "n": s["n"]}
    return x


PROGRAMS = {
    "count": (count, {"n": 1}), "keep": (keep, {"last": None}), "nested": (nested, {"l": [0.5], "d": {}}),
    "reorder": (reorder, {"a": 1, "b": 2}), "write both": (write_both, {"n": 1}), "clear": (clear, {"n": 1}),
    "fail": (fail, {"n": 1}), "rebuild": (rebuild, {"n": 2.0}),
    "list": (lambda x, s: s.append(2.0) or x * len(s), [1.0]),
    "list, item": (lambda x, s: s.__setitem__(0, s[0] * 2) or x * s[0], [1.0]),
    "sort": (lambda x, s: s.sort() or x * s[0], [3.0, 1.0]),
    "object": (lambda x, s: setattr(s, "a", s.a + 1) or x * s.a, Pair(1.0, 2.0)),
    "object in a list": (lambda x, s: setattr(s[0], "b", x[0]) or x, [Pair(1.0, 2.0)]),
    "ordered": (lambda x, s: s.update(c=len(s)) or x, collections.OrderedDict(a=1)),
    "default": (lambda x, s: s["k"].append(1.0) or x * len(s["k"]), collections.defaultdict(list)),
}


def outcome_of(function, *args):
    try:
        return repr(function(*args))
    except ValueError as error:
        return repr(error)


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.filterwarnings("ignore::autodiff_trace.compiler.jitted.JitWarning")
def test_changes_are_those_of_eager(name):
    function, start = PROGRAMS[name]
    compiled, expected, actual = jit(function), copy.deepcopy(start), copy.deepcopy(start)
    inner = actual["l"] if name == "nested" else None
    for _ in range(6):
        x = X.copy()
        assert outcome_of(compiled, x, actual) == outcome_of(function, X.copy(), expected)
        assert repr(actual) == repr(expected)
        assert np.array_equal(x, X)
    assert inner is None or actual["l"] is inner and actual["d"]["k"] is inner


def test_one_warning():
    compiled = jit(count)
    state = {"n": 0}
    with expect_warnings("it changes a container among its arguments"):
        for _ in range(5):
            compiled(X, state)
    assert state == {"n": 5} and compiled.cache_info().eager == 4


def test_a_container_that_is_given_twice():
    compiled, state = jit(lambda s, t: s.append(1.0) or len(t)), [0.0]
    with expect_warnings("a container that it is given twice"):
        assert [compiled(state, state) for _ in range(3)] == [2, 3, 4]


def test_containers_that_are_only_read_are_no_reason():
    compiled = jit(lambda x, s: x * s["a"] + s["b"][0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for i in range(4):
            s = {"a": float(i), "b": [1.0, 2.0]}
            assert np.array_equal(compiled(X, s), X * i + 1.0)
            assert s == {"a": float(i), "b": [1.0, 2.0]}
    assert compiled.cache_info().hits == 3


def test_how_a_container_is_made_does_not_matter():
    class Stamped:
        def __init__(self, a):
            self.a, self.at = a, time.time()

        def scaled(self, x):
            return x * self.a

    register_pytree(Stamped, lambda each: ((each.a,), None), lambda extra, children: Stamped(*children))
    compiled = jit(lambda p, x: p.scaled(x))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [compiled(Stamped(float(i)), 2.0) for i in range(4)] == [0.0, 2.0, 4.0, 6.0]
    assert compiled.cache_info().hits == 3


def test_training_that_returns_what_is_new():
    step = jit(lambda p, x: {**p, "w": p["w"] - 0.1 * grad(lambda w: anp.sum((w * x) ** 2))(p["w"])})
    p = {"w": np.ones(3), "b": 1.0}
    for _ in range(4):
        p = step(p, X)
    assert step.cache_info().hits == 3
