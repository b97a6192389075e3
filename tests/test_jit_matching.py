"""Calls with arguments like those of the last call, and calls that look like it."""

import dataclasses
from collections import namedtuple

import numpy as np
import pytest

from autodiff_trace import jit
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.dispatch.limits import TESTED_LEAVES
from autodiff_trace.compiler.dispatch.matching import make_match, no_match

Pair = namedtuple("Pair", "x y")
X = np.arange(6.0)


@dataclasses.dataclass
class Twin:
    x: object
    y: object


def further(twin):
    """With an attribute besides its fields."""
    twin.z = 1.0
    return twin


# What is alike, and what is not.
CASES = [
    ((X,), [(X + 1,)], [(X[:5],), (X[::-1],), (X.astype(np.float32),), (X.reshape(2, 3),), (1.0,), (X, X), (), ([X],)]),
    ((1.0, 2), [(3.0, 4)], [(1, 2), (1.0, 2.0), (np.float64(1.0), 2), (True, 2), (1.0, True), (1.0, 2, 3)]),
    (({"a": X, "b": (1.0,)},), [({"a": -X, "b": (2.0,)},)], [({"b": (1.0,), "a": X},), ({"a": X},), ([X, (1.0,)],)]),
    (([X, [1j]], None), [([X, [2j]], None)], [((X, [1j]), None), ([X, (1j,)], None), ([X, [1j]], 0), ([X, []], None)]),
    ((True, []), [(True, [])], [(1, []), (False, []), (True, ()), (True, [0.0])]),
    ((np.float32(1),), [(np.float32(2),)], [(np.float64(1),), (1.0,), (np.ones((), np.float32),)]),
    (((),), [((),)], [([],), ((1.0,),), ({},)]),
    ((Pair(1.0, X),), [(Pair(2.0, X + 1),)], [(Pair(1, X),), ((1.0, X),), (Twin(1.0, X),)]),
    ((Twin(1.0, X),), [(Twin(2.0, X + 1),)], [(Twin(1, X),), (Pair(1.0, X),), (further(Twin(1.0, X)),)]),
    (("a", 1.0), [("a", 2.0)], [("b", 1.0), (None, 1.0), (np.str_("a"), 1.0)]),
]


@pytest.mark.parametrize("args, alike, others", CASES, ids=range(len(CASES)))
def test_what_is_alike(args, alike, others):
    match = make_match(args)
    for each in (args, *alike):
        assert match(each) is not None
    for each in others:
        assert match(each) is None


def test_leaves_in_order():
    match = make_match(({"a": 1.0, "b": [2.0, (3.0,)]}, 4.0))
    assert match(({"a": 5.0, "b": [6.0, (7.0,)]}, 8.0)) == [5.0, 6.0, 7.0, 8.0]


@pytest.mark.parametrize("args", [(len,), ({1: 2.0},), ([1.0] * (TESTED_LEAVES + 1),)])
def test_what_is_known_by_its_key_alone(args):
    assert make_match(args) is no_match


def test_calls_that_alternate():
    function = jit(lambda x, scale=1.0, *rest: anp.sum(x * scale) + len(rest))
    calls = [((X,), {}), ((X, 2.0), {}), ((X, 2), {}), ((X,), {"scale": 3.0}), ((X[:3],), {}), ((X, 2.0, X), {})]
    for _ in range(4):
        for args, kwargs in calls:
            scale = args[1] if len(args) > 1 else kwargs.get("scale", 1.0)
            assert function(*args, **kwargs) == np.sum(args[0] * scale) + max(0, len(args) - 2)
    info = function.cache_info()
    assert (info.traces, info.hits, info.keys) == (6, 18, 6)


def test_positional_calls_after_calls_by_name():
    function = jit(lambda x, y=1.0: x - y)
    for _ in range(3):
        assert function(5.0, y=2.0) == 3.0
        assert function(5.0) == 4.0
        assert function(5.0, 3.0) == 2.0


def test_static_arguments_are_no_leaves():
    function = jit(lambda x, n: x[:n], static_argnames=("n",))
    for n in (2, 2, 2, 3, 3, 3, 2):
        np.testing.assert_array_equal(function(X, n), X[:n])
