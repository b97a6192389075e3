"""Pytrees: what is a container, what is a leaf, and back again."""

import dataclasses
import typing
from collections import OrderedDict, defaultdict, deque, namedtuple

import numpy as np
import pytest

from autodiff_trace import register_pytree, tree_flatten, tree_leaves, tree_map, tree_unflatten
from autodiff_trace.core.pytree import registry

Point = namedtuple("Point", "x y")


class Checked(typing.NamedTuple("Fields", [("low", float), ("high", float)])):
    """A namedtuple that wants its fields in order."""

    __slots__ = ()

    def __new__(cls, low, high):
        assert low <= high
        return super().__new__(cls, low, high)


@dataclasses.dataclass
class Layer:
    weights: object
    bias: object = 0.0
    name: str = "layer"


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    scale: float
    label: str = "frozen"


@dataclasses.dataclass
class Converting:
    """``__post_init__`` would fail on what a transformation puts in."""

    x: float

    def __post_init__(self):
        self.x = float(self.x)


TREES = [
    1.0, "text", None, True, np.float32(2.0), {1.0, 2.0},
    [], (), {}, [[]], [1.0, [2.0, (3.0,)]], {"b": 1.0, "a": {"c": None}}, {0: 1.0, (1, 2): "text"},
    OrderedDict(b=1.0, a=2.0), defaultdict(list, {"k": [1.0], "l": [2.0]}), Point(1.0, [2.0]), Checked(1.0, 2.0),
    Layer([1.0, 2.0], bias=None), Frozen(3.0), {"layers": [Layer(1.0), Layer((2.0, Frozen(4.0)))]},
]


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_flatten_and_back(tree):
    leaves, structure = tree_flatten(tree)
    copy = tree_unflatten(structure, leaves)
    assert copy == tree and type(copy) is type(tree)
    assert len(leaves) == structure.count
    assert tree_leaves(tree) == leaves
    again = tree_flatten(copy)[1]
    assert again == structure and hash(again) == hash(structure)
    repr(structure)


def test_leaves_come_from_left_to_right():
    assert tree_leaves({"b": [1, (2, 3)], "a": Point(4, None), "c": Layer(5, 6)}) == [1, 2, 3, 4, None, 5, 6, "layer"]


def test_arrays_are_leaves():
    x = np.arange(3.0)
    assert tree_leaves([x])[0] is x


@pytest.mark.parametrize(
    "one, other",
    [
        ([1], (1,)), ([1], [1, 2]), ({"a": 1}, {"b": 1}), ({"a": 1}, OrderedDict(a=1)), ([1], 1), ([], ()),
        ([[1]], [1]), (Point(1, 2), (1, 2)), (Layer(1), Layer([1])),
    ],
)
def test_different_structures(one, other):
    assert tree_flatten(one)[1] != tree_flatten(other)[1]
    with pytest.raises(ValueError, match="tree_map: the structures differ"):
        tree_map(lambda x, y: x, one, other)


def test_structure_shows_names():
    assert repr(tree_flatten({"w": [1, 2], "b": Point(1, 2)})[1]) == (
        "dict(w: list(0: *, 1: *), b: Point(x: *, y: *))"
    )
    assert repr(tree_flatten(defaultdict(list, a=1))[1]) == "defaultdict(a: *)"


def test_dict_keeps_its_order_and_defaultdict_its_factory():
    assert list(tree_map(abs, {"b": -1, "a": -2})) == ["b", "a"]
    mapped = tree_map(abs, defaultdict(list, a=-1))
    assert mapped["a"] == 1 and mapped["new"] == []


def test_dataclass_and_namedtuple_are_rebuilt_without_their_constructors():
    assert tree_map(str, Converting(1.0)).x == "1.0"
    assert tree_map(lambda x: -x, Checked(1.0, 2.0)) == (-1.0, -2.0)


@pytest.mark.parametrize("leaves", [[], [1.0], [1.0, 2.0, 3.0]])
def test_wrong_number_of_leaves(leaves):
    structure = tree_flatten({"a": 0.0, "b": 0.0})[1]
    with pytest.raises(ValueError, match=rf"{len(leaves)} leaves, but dict\(a: \*, b: \*\) has 2"):
        tree_unflatten(structure, iter(leaves))


def test_map_over_several_trees():
    assert tree_map(lambda x, y, z: (x, y, z), {"a": 1}, {"a": None}, {"a": "s"}) == {"a": (1, None, "s")}


def test_registered_container():
    assert tree_leaves(deque([1.0])) == [deque([1.0])]
    register_pytree(deque, lambda x: (x, x.maxlen), lambda maxlen, children: deque(children, maxlen))
    try:
        doubled = tree_map(lambda x: 2 * x, deque([1.0, 2.0], maxlen=4))
        assert doubled == deque([2.0, 4.0]) and doubled.maxlen == 4
        assert repr(tree_flatten(deque([1.0]))[1]) == "deque(0: *)"
    finally:
        del registry[deque]
