"""Pytrees: what is a container, what is a leaf, and back again."""

import dataclasses
import pickle
import typing
from collections import OrderedDict, defaultdict, deque, namedtuple

import numpy as np
import pytest

from autodiff_trace import (
    grad, hessian, jit, jvp, ravel_pytree, register_pytree, tree_flatten, tree_leaves, tree_map, tree_map_with_path,
    tree_reduce, tree_structure, tree_unflatten, vmap,
)
from autodiff_trace import numpy as anp
from fresh_process import run_python
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


DIFFERENCES = [
    ({"w": 1, "b": [1, 2]}, {"w": 1, "b": (1, 2)}, r"at \['b'\] a list of 2, but a tuple of 2$"),
    ({"w": 1, "b": [1, 2]}, {"w": 1, "b": [1, [2]]}, r"at \['b'\]\[1\] a leaf, but a list of 1$"),
    ({"w": 1, "b": 2}, {"b": 1, "w": 2}, r": the same keys in another order: 'w', 'b', but 'b', 'w'$"),
    ({"w": 1}, {"w": 1, "b": 2}, r": a dict with the keys 'w', but a dict with the keys 'w', 'b'$"),
    ([Layer(1, [2])], [Layer(1, 2)], r"at \[0\]\.bias a list of 1, but a leaf$"),
    (Point(1, 2), Layer(1, 2), r": a Point, but a Layer$"),
]


@pytest.mark.parametrize(("one", "other", "text"), DIFFERENCES)
def test_where_structures_differ(one, other, text):
    with pytest.raises(ValueError, match=text):
        tree_map(lambda x, y: x, one, other)


def test_paths():
    tree = {"layers": [Layer(1.0, (2.0,)), Point(3.0, None)], 4: 5.0}
    paths = tree_leaves(tree_map_with_path(lambda path, x: "/".join(map(str, path)), tree))
    assert paths == ["layers/0/weights", "layers/0/bias/0", "layers/0/name", "layers/1/x", "layers/1/y", "4"]
    assert tree_map_with_path(lambda path, x, y: (path, x + y), 1, 2) == ((), 3)
    assert tree_map_with_path(lambda path, x: x, tree) == tree
    assert tree_structure(tree) == tree_flatten(tree)[1]


def test_reduce():
    assert tree_reduce(lambda a, b: a + b, {"a": [1, 2], "b": 3}) == 6
    assert tree_reduce(max, [], 0) == 0 and tree_reduce(lambda a, b: a + [b], (1, (2,)), []) == [1, 2]
    with pytest.raises(TypeError, match="the tree has no leaves; say with initial="):
        tree_reduce(max, [])


# Raveling

MIXED = {"w": np.arange(6.0).reshape(2, 3), "s": np.float32(7.0), "n": np.array([8, 9]), "t": "x", "none": [None, True]}


def test_ravel_and_back():
    vector, unravel = ravel_pytree(MIXED)
    assert vector.tolist() == [0, 1, 2, 3, 4, 5, 7, 8, 9] and vector.dtype == np.float64
    back = pickle.loads(pickle.dumps(unravel))(vector)
    assert back["s"].dtype == np.float32 and back["n"].dtype == np.float64 and back["none"] == [None, True]
    tree_map(np.testing.assert_array_equal, back, MIXED)
    back["w"][0, 0] = vector[1] = 100.0
    assert vector[0] == 0.0 and back["w"][0, 1] == 1.0 and MIXED["w"][0, 1] == 1.0
    alone, unravel = ravel_pytree(x := np.arange(3.0))
    alone[0] = unravel(alone)[1] = 100.0
    assert x[0] == 0.0 and alone[1] == 1.0


@pytest.mark.parametrize(("tree", "dtype"), [
    (np.ones((2, 2), np.float32), np.float32), ([np.float32(1), 1.0], np.float64), ([1.0, 2j], np.complex128),
    ([np.float32(1), np.complex64(1j)], np.complex64), (3, np.float64), ([], np.float64), (["x"], np.float64),
])
def test_ravelled_precision(tree, dtype):
    vector, unravel = ravel_pytree(tree)
    assert vector.dtype == dtype and vector.ndim == 1
    for one, other in zip(tree_leaves(unravel(vector)), tree_leaves(tree)):
        assert np.array_equal(one, other)
        assert not hasattr(other, "dtype") or one.dtype == other.dtype


@pytest.mark.parametrize(("vector", "error", "text"), [
    (np.zeros(8), ValueError, r"a vector of 9 numbers is needed, got shape \(8,\)"),
    (np.zeros((1, 9)), ValueError, r"got shape \(1, 9\)"), (3.0, ValueError, r"got shape \(\)"),
    (np.zeros(9, complex), TypeError, "a vector of float64 is needed, got an array of dtype complex128"),
    (["x"] * 9, TypeError, "got an array of dtype <U1"),
])
def test_what_cannot_be_unravelled(vector, error, text):
    with pytest.raises(error, match=f"unravel: .*{text}"):
        ravel_pytree(MIXED)[1](vector)


@pytest.mark.parametrize(("module", "make", "library"), [
    ("xarray", "DataArray(np.ones(2))", "xarray"), ("scipy.sparse", "csr_array(np.eye(2))", "scipy"),
])
def test_containers_of_other_libraries_are_known_from_the_first_call_on(module, make, library):
    pytest.importorskip(library)
    assert run_python(f"""
import numpy as np
import {module} as library
from autodiff_trace import optim, ravel_pytree, tree_structure
tree = {{"x": library.{make}}}
first = tree_structure(tree)
state = optim.adam().init(tree)
optim.adam().update(tree, state, tree)
print(ravel_pytree(tree)[0], tree_structure(tree) == first)
""") == ["[1. 1.] True"]


@pytest.mark.parametrize(("leaf", "text"), [
    (np.ma.array([1.0, 2.0], mask=[0, 1]), r"a MaskedArray at \['a'\]\[1\]; .* x\.filled\(value\)"),
    (np.array([1.0, 2.0], object), r"an array of dtype object at .* x\.astype\(float\)"),
])
def test_numbers_that_are_no_part_of_a_vector(leaf, text):
    with pytest.raises(TypeError, match=f"ravel_pytree: there is {text}"):
        ravel_pytree({"a": ["x", leaf]})


@pytest.mark.parametrize("fun", [tree_map, tree_map_with_path, tree_reduce])
def test_the_function_comes_first(fun):
    with pytest.raises(TypeError, match=rf"{fun.__name__}: the function comes first, .* but here is 'list'"):
        fun([1.0], abs)


def test_raveling_in_every_mode():
    tree = {"a": np.array([[1.0, 2.0]]), "b": 3.0, "none": None}
    vector, unravel = ravel_pytree(tree)

    def loss(tree):
        return anp.sum(tree["a"] ** 3) * tree["b"]

    def of_vector(vector):
        return loss(unravel(vector))

    expected = ravel_pytree(grad(loss)(tree))[0]
    np.testing.assert_allclose(grad(of_vector)(vector), expected)
    np.testing.assert_allclose(jit(grad(of_vector))(vector), expected)
    np.testing.assert_allclose(vmap(grad(of_vector))(np.stack([vector, vector])), [expected] * 2)
    np.testing.assert_allclose(jvp(of_vector, (vector,), (vector,))[1], vector @ expected)
    assert hessian(of_vector)(vector).shape == (3, 3)
    norm = grad(lambda tree: anp.sum(ravel_pytree(tree)[0] ** 2))(tree)
    assert norm["b"] == 6.0 and norm["a"].tolist() == [[2.0, 4.0]] and norm["none"] is None
    rows = vmap(lambda tree: ravel_pytree(tree)[0])({"a": np.ones((4, 2)), "b": np.zeros(4)})
    assert rows.tolist() == [[1.0, 1.0, 0.0]] * 4
    assert jit(lambda tree: ravel_pytree(tree)[0])(tree).tolist() == [1.0, 2.0, 3.0]
