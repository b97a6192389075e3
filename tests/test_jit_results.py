"""jit gives what the function gives as to type, and as to which results are one object or share memory."""

import numpy as np
import pytest

from autodiff_trace import grad, jit, tree_flatten
from autodiff_trace import numpy as anp

SMALL, LARGE = np.arange(6.0).reshape(2, 3), np.arange(20000.0).reshape(100, 200)
OUTSIDE = np.ones(3)


def relations(results, arguments):
    """Of each two arrays whether they are one, and whether they share memory."""
    arrays = [each for each in (*tree_flatten(results)[0], *arguments) if type(each) is np.ndarray]
    return [[(x is y, np.shares_memory(x, y)) for y in arrays] for x in arrays]


def kinds(results):
    return [(type(each), getattr(each, "dtype", None), np.shape(each), getattr(each, "flags", {"W": None})["W"])
            for each in tree_flatten(results)[0]]


def assert_alike(function, *arguments):
    compiled = jit(function)
    for _ in range(3):
        expected, found = function(*arguments), compiled(*arguments)
        assert kinds(found) == kinds(expected)
        assert relations(found, (*arguments, OUTSIDE)) == relations(expected, (*arguments, OUTSIDE))
        for x, y in zip(tree_flatten(found)[0], tree_flatten(expected)[0]):
            np.testing.assert_array_equal(x, y)
    assert compiled.cache_info().eager == 0


def pair(make):
    def function(x):
        y = make(x)
        return y, y

    return function


def views(x):
    y = anp.sin(x)
    return y, y[1:], y.T, y[:1], y.reshape(-1)


def views_of_what_is_not_returned(x):
    y = x + 1
    return y[1:], y[:, 1:]


FUNCTIONS = {
    "twice": pair(lambda x: x + 1),
    "argument twice": pair(lambda x: x),
    "constant twice": pair(lambda x: anp.ones(2)),
    "gradient twice": pair(grad(lambda x: anp.sum(x * x))),
    "views": views,
    "views of what is not returned": views_of_what_is_not_returned,
    "argument": lambda x: (x, x[1:], x.T),
    "as it is": lambda x: (anp.asarray(x), x.T.T, x.reshape(-1).reshape(x.shape), x.real, x[...]),
    "the same steps": lambda x: (x + 1, x + 1, 1 + x, anp.negative(-x), +x, x * 1, x - 0),
    "read-only": lambda x: (anp.broadcast_to(x, (3, *x.shape)), anp.broadcast_to(x[0], x.shape)),
    "read-only, computed": lambda x: anp.broadcast_to(anp.sin(x[0]), x.shape),
    "parts": lambda x: (anp.real(x + 1j), anp.imag(x)),
    "from outside": lambda x: (OUTSIDE, x + 1, OUTSIDE[1:], OUTSIDE),
    "made in it": lambda x: (np.zeros(3), anp.zeros(3), anp.ones(2)),
    "constants": lambda x: [1, 2.0, True, None, "text", np.float64(2), (x,)],
    "numbers": lambda x: (anp.sum(x), x[0, 0], x[0, 0:1], x[0, 0, ...], anp.mean(x), anp.max(x) > 1, x.item(0)),
    "gradients": lambda x: grad(lambda a, b: anp.sum(a + b), (0, 1))(x, x),
}


@pytest.mark.parametrize("x", [SMALL, LARGE, np.asfortranarray(SMALL), SMALL[::-1]],
                         ids=["small", "large", "turned", "back"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_results(name, x):
    assert_alike(FUNCTIONS[name], x)


def test_who_writes_into_a_result_changes_no_other_call():
    compiled = jit(lambda x: pair(lambda x: anp.ones(2))(x) + views(x))
    expected = [each.copy() for each in compiled(SMALL)]
    for _ in range(3):
        for each, right in zip(found := compiled(SMALL), expected):
            np.testing.assert_array_equal(each, right)
        for each in found:
            each[...] = 7


NUMBERS = [2.0, 2, 2j, np.float32(2), np.float64(2), np.int8(2), np.uint8(2), np.float16(2), np.array(2.0), np.array(2)]


@pytest.mark.filterwarnings("ignore:overflow")
@pytest.mark.parametrize("x", NUMBERS, ids=lambda x: f"{type(x).__name__} {getattr(x, 'dtype', '')}")
@pytest.mark.parametrize("function", [
    lambda x: (x, +x, x + 1, 1 + x, x * 1, -x, x - 0, x**1, x / 1, x**2, x == 2),
    lambda x: (anp.sin(x), anp.abs(x), anp.conj(x), anp.real(x), anp.square(x), anp.asarray(x), anp.sum(x)),
    lambda x: (anp.where(x == 2, x, 0), anp.stack([x, x]), anp.reshape(x, (1,)), anp.ones_like(x), anp.transpose(x)),
    lambda x: (x.conjugate(), x.real, x.imag),
])
def test_numbers(function, x):
    assert_alike(function, x)


# One array given twice, and views of one another


@pytest.mark.parametrize("function", [
    lambda x, y: x + y if x is y else x - y,
    lambda x, y: any(x is each for each in [y]),
    lambda x, y: id(x) == id(y),
    lambda x, y: np.shares_memory(x, y),
    lambda x, y: np.may_share_memory(x, y[1:]),
    lambda x, y: (x, y),
])
def test_arguments_that_are_one(function):
    x = np.arange(4.0)
    compiled = jit(function)
    for y in (x, x + 1, x, x[::1], x + 1, x, x[:1], x[1:2], x[:1]):
        assert repr(compiled(x, y)) == repr(function(x, y))


# What a function asks about its arguments


@pytest.mark.parametrize("function", [
    lambda x: type(x) is float,
    lambda x: type(x).__name__,
    lambda x: [type(each) for each in [x]] == [np.ndarray],
    lambda x: repr(x),
    lambda x: f"{x!r} {x}",
    lambda x: "%r %s" % (x, x),  # noqa: UP031
    lambda x: (isinstance(x, float), isinstance(x, np.ndarray), isinstance(x, (int, np.floating)), x.__class__),
])
@pytest.mark.filterwarnings("ignore:.*runs without jit")
def test_questions(function):
    compiled = jit(function)
    for x in (1.0, 2.0, 1, np.float64(2), np.arange(3.0), np.arange(1.0, 4.0), 1.0):
        assert compiled(x) == function(x)


@pytest.mark.parametrize("function", [
    lambda x: (x.base is None, x[1:].base is x, (x + 1).base is None),
    lambda x: (x.flags.writeable, x.flags.c_contiguous, x.flags.owndata, x.T.flags.f_contiguous),
    lambda x: (np.shares_memory(x, x[1:]), np.shares_memory(x, x + 1), np.may_share_memory(x, x.T)),
])
@pytest.mark.filterwarnings("ignore:.*runs without jit")
def test_questions_about_memory(function):
    compiled = jit(function)
    x = np.arange(6.0)
    for each in (x, x[:4], x, np.broadcast_to(1.0, 6), x[::2]):
        assert compiled(each) == function(each)


def test_types_of_objects_cost_no_compilation():
    class Model:
        def name(self):
            return type(self).__name__

        def loss(self, x):
            return anp.sum(x) * len(self.name())

    compiled = jit(Model().loss)
    assert [compiled(SMALL) for _ in range(3)] == [75.0] * 3
    assert compiled.cache_info().eager == 0


@pytest.mark.parametrize("number", (2.0, 3, np.float64(2), np.float32(2), np.ones(2)))
def test_copies_are_of_the_same_type(number):
    import copy

    def function(x):
        return copy.copy(x), copy.deepcopy({"x": x})["x"]

    for actual, expected in zip(jit(function)(number), function(number)):
        assert type(actual) is type(expected) and np.all(actual == expected)
