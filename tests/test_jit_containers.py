"""Containers in containers, as deep as the function itself takes them; ones without an end; great ones outside."""

import time
from collections import namedtuple

import numpy as np
import pytest
from jit_checks import assert_same, expect_warnings

from autodiff_trace import grad, jit, tree_flatten, tree_leaves, tree_map, tree_unflatten
from autodiff_trace import numpy as anp

X = np.arange(3.0)

INTO = {
    "list": lambda x: [x], "tuple": lambda x: (x,), "dict": lambda x: {"a": x}, "keys": lambda x: {(1, "b"): x},
    "mixed": lambda x: [{"a": (x, 1.0)}, 2.0], "beside": lambda x: ["text", x, None],
}
OUT_OF = {
    "list": lambda t: t[0], "tuple": lambda t: t[0], "dict": lambda t: t["a"], "keys": lambda t: t[1, "b"],
    "mixed": lambda t: t[0]["a"][0], "beside": lambda t: t[1],
}


def wrap(x, kind, depth):
    for _ in range(depth):
        x = INTO[kind](x)
    return x


def unwrap(tree, kind, depth):
    for _ in range(depth):
        tree = OUT_OF[kind](tree)
    return tree


@pytest.mark.parametrize("depth", [1, 300, 1200])
@pytest.mark.parametrize("kind", INTO)
def test_depth(kind, depth):
    depth = depth // 3 if kind == "mixed" else depth  # of which a level is three
    tree = wrap(X, kind, depth)
    inner = jit(lambda tree: unwrap(tree, kind, depth) * 2)
    outer = jit(lambda x: wrap(x * 2, kind, depth))
    both = jit(grad(lambda tree: anp.sum(unwrap(tree, kind, depth) ** 2)))
    static = jit(lambda x, tree: x * unwrap(tree, kind, depth), static_argnames="tree")
    outside = jit(lambda x: x * unwrap(tree, kind, depth))
    for _ in range(2):
        assert_same(inner(tree), X * 2)
        assert_same(unwrap(outer(X), kind, depth), X * 2)
        assert_same(static(X, wrap(3.0, kind, depth)), X * 3)
        if depth <= 300:  # a deeper one is too much to be watched
            assert_same(outside(X), X * X)
        if kind != "beside":
            assert_same(unwrap(both(tree), kind, depth), X * 2)
    assert tree_flatten(outer(X))[1] == tree_flatten(wrap(X, kind, depth))[1] != tree_flatten(wrap(X, "list", 2))[1]
    for compiled in (inner, outer):
        assert compiled.cache_info().hits >= 1 and compiled.cache_info().failures == 0
    for compiled in (both, static, outside):
        assert compiled.cache_info().failures == 0
    shown = jit(lambda tree: wrap(unwrap(tree, kind, depth) * 2, kind, depth)).graph(tree)
    assert_same(unwrap(shown(tree), kind, depth), X * 2)
    assert str(shown) and shown.source and len(repr(shown.structure)) < 10_000


def test_tree_functions():
    tree = wrap([X, 2.0], "mixed", 5000)
    leaves, structure = tree_flatten(tree)
    assert tree_flatten(tree_unflatten(structure, leaves))[1] == structure
    assert len(tree_leaves(tree_map(lambda x: x * 2, tree))) == 10_002


def test_containers_without_an_end():
    endless = [X]
    endless.append({"a": endless})
    compiled = jit(lambda tree: tree[0] * 2)
    with expect_warnings("contains itself"):
        for _ in range(3):
            assert_same(compiled(endless), X * 2)
    with pytest.raises(ValueError, match="contains itself"):
        tree_leaves(endless)
    numbers = [1.0]
    numbers.append(numbers)
    compiled = jit(lambda x, tree: x * tree[0], static_argnames="tree")
    with expect_warnings("holds itself"):
        for _ in range(3):
            assert_same(compiled(X, numbers), X)
    outside = jit(lambda x: x * endless[0])
    for _ in range(3):
        assert_same(outside(X), X * X)


GREAT = {
    "list": lambda: list(range(10**6)), "dict": lambda: dict.fromkeys(range(10**6)), "set": lambda: set(range(10**6)),
    "lists": lambda: [[i] for i in range(10**4)], "objects": lambda: [type("Own", (), {})() for _ in range(6000)],
}


@pytest.mark.parametrize("kind", GREAT)
def test_watching_great_containers_costs_little(kind):
    great = GREAT[kind]()
    compiled = jit(lambda x: x * len(great))
    start = time.perf_counter()
    with expect_warnings("too many variables"):
        for _ in range(50):
            assert_same(compiled(X), X * len(great))
    assert time.perf_counter() - start < 0.5


def test_tuples_of_numbers_are_not_watched():
    great = tuple(range(10**5))
    compiled = jit(lambda x: x * great[7])
    for _ in range(3):
        assert_same(compiled(X), X * 7)
    assert compiled.cache_info().hits == 2


def test_named_tuples_that_are_called_alike():
    """Programs spell them by the functions that make them."""
    first, second = namedtuple("P", "a b"), namedtuple("P", "u v")
    other, empty = namedtuple("Pé", "a"), namedtuple("E", "")

    def f(x, __make_P):
        return first(x * 2, second(1, x)), {"k": other(x)}, empty(), second(x + __make_P, None)

    expected, compiled = f(1.5, 2.0), jit(f)
    for _ in range(3):
        found = compiled(1.5, 2.0)
        assert repr(found) == repr(expected)
        assert [type(found[0]), type(found[0].b), type(found[1]["k"]), type(found[2])] == [first, second, other, empty]
