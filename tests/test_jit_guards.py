"""``jit``: what Python does with a value is as outside, for all values in any order; shapes and dtypes may depend on
values."""

import itertools
import math

import numpy as np
import pytest
from jit_checks import assert_same, check_calls, expect_warnings

from autodiff_trace import grad, jit, to_numpy, value_and_grad
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.dispatch.limits import MOST_PROGRAMS

X = np.array([1.0, -2.0, 3.0, 0.0])


def newton(a):
    x = a if a > 1 else 1.0 + a
    dx = 1.0
    while abs(dx) > 1e-10:
        dx = (x * x - a) / (2 * x)
        x = x - dx
    return x


def match_number(x):
    match x:
        case 0:
            return 5.0
        case int():
            return x * 2
        case float(real=value):
            return value
        case _:
            return x


def store_into_plain_array(x):
    array = np.zeros(3)
    for i in range(3):
        array[i] = x[i] * 2
    return array + x[:3]


def halve_until_small(x, tolerance=1e-3):
    count = 0
    while x > tolerance:
        x = x / 2
        count += 1
    return x, count


def factorial(n):
    return 1 if n <= 1 else n * factorial(n - 1)


def bisect(f):
    def solve(low, high):
        while high - low > 1e-3:
            middle = (low + high) / 2
            low, high = (middle, high) if f(middle) < 0 else (low, middle)
        return low

    return solve


def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps, n


def sort_pairs(x):
    return [y * y for y in sorted([x[0], x[1], -x[2]])]


USES = {
    "bool": (lambda x: x * 2 if x else x - 1, 1.0, 0.0, -1, 0),
    "branch per sign": (lambda x: x if x > 0 else -2 * x if x < 0 else x + 7, 1.0, -1.0, 0.0, np.float64(-1)),
    "any": (lambda x: x.sum() if (x > 1).any() else x[0], X, -X, X * 0),
    "int": (lambda x: [1.0, 2.0, 3.0][int(x)] * x, 0.5, 2.5, 1.0, -1.5),
    "float": (lambda x: float(x) + x, 0.5, 2),
    "complex": (lambda x: complex(x) * x, 0.5, 1j),
    "index": (lambda x, i: x[int(i)] * [1.0, 2.0, 3.0][i], (X, 0), (X, 2), (X, -1)),
    "len": (lambda x: x * len(x), X, X[:2]),
    "iteration": (lambda x: [y * 2 for y in x], X, X[:2]),
    "unpacking": (lambda x: (lambda a, *rest: a + rest[-1])(*x), X, X[:2]),
    "range": (lambda x, n: sum([x * i for i in range(n)], 0.0), (2.0, 3), (2.0, 0), (2.0, np.int8(4))),
    "repetition": (lambda x, n: [x] * n, (2.0, 3), (2.0, 0)),
    "item of a list": (lambda items, i: items[i] * 2, ([1.0, 2.0, 3.0], 0), ([1.0, 2.0, 3.0], -1)),
    "item of an array": (lambda x, i: x[i] * 2, (X, 0), (X, -1), (X, np.int64(2))),
    "item of a closed-over array": (lambda i: X[i] * i, 0, 2, -1),
    "slice": (lambda x, i, j: x[i:j] * 2, (X, 1, 3), (X, 0, 2), (X, 0, 3), (X, -1, 4)),
    "slice of a list": (lambda x, i: [1.0, 2.0, 3.0][:i] + [x], (1.0, 1), (2.0, 2)),
    "value as an index": (lambda x: x[int(x[0])], np.array([1.0, 5.0]), np.array([0.0, 5.0])),
    "key of a dict": (lambda k: {0: 1.0, 1: 2.0}[k] * k, 0, 1, 1.0),
    "get of a dict": (lambda k: {0.0: 1.0, 1.0: 2.0}.get(k, 9.0), 0.0, 1.0, 2.0, 1),
    "set": (lambda k: (k in {1, 2}, len({k, 1})), 1, 3, 1.0),
    "text": (lambda x: f"{x:.2f} {x} {x!s:>6}" + format(x, "e"), 1.0, 2.5),
    "round": (lambda x: (round(x, 1), round(x), math.floor(x), math.ceil(x), math.trunc(x)), 1.26, 2.5, -0.5),
    "math": (lambda x: math.sin(x) + math.sqrt(abs(x)), 1.0, 2.0),
    "in a list": (lambda x: x in [1.0, 2.0], 1.0, 3.0),
    "in an array": (lambda x: 3.0 in x, X, -X),
    "sorted": (sort_pairs, X, -X, X[::-1]),
    "min of Python": (lambda x: min(x, 2.0, key=abs) + max(x, 1.0), 1.0, -3.0, 1.5),
    "asarray": (lambda x: np.asarray(x) * 2, X, X + 1),
    "array": (lambda x: np.array([x[0], 2.0]) * 2, X, X + 1),
    "to_numpy": (lambda x: to_numpy(x) * x, X, X + 1),
    "tolist": (lambda x: x.tolist(), X, X + 1),
    "match": (match_number, 0, 1, 2, 2.5, 0.0),
    "storing": (store_into_plain_array, X, X + 1),
    "loop": (halve_until_small, 1.0, 3.0, 1e-5, (1.0, 0.3)),
    "recursion": (factorial, 5, 3, 1, 0),
    "newton": (newton, 2.0, 9.0, 0.5, 100.0),
    "gradient of newton": (grad(newton), 2.0, 9.0, 0.5, 100.0),
    "branches in a gradient": (value_and_grad(lambda x: anp.sum(x**2) if x[0] > 0 else anp.sum(x**3)), X, -X, X * 0),
    "bisection": (bisect(lambda x: x * x - 2), (0.0, 2.0), (1.0, 4.0), (0.0, 1.0)),
    "integers": (collatz, 6, 1, 27, 8),
    "negative zero": (lambda x: math.copysign(1.0, x) * (x + 1), 0.0, -0.0, 1.0),
    "not a number": (lambda x: x if x == x else 7.0, 1.0, math.nan, math.nan),
    "short circuit": (lambda x, y: (x > 0 and y > 0 and x * y) or (x < 0 or y), (1, 2), (-1, 2), (0, 0), (1, -1)),
    "chain": (lambda x: x * 2 if 0 < x < 1 else x, 0.5, 1.5, -1.0),
    "comprehension": (lambda x: anp.stack([y * 2 for y in x if y > 0]), X, X + 1),
    "zip": (lambda x, y: sum(a * b for a, b in zip(x, y)), (X, X + 1)),
    "enumerate": (lambda x: sum(i * y for i, y in enumerate(x)), X),
    "string to function": (lambda x, name: getattr(anp, name)(x), (X, "sin"), (X, "cos")),
    "all": (lambda x: all(y > -5 for y in x) and bool(anp.all(x > -3)), X, X - 3, X - 1),
    "shape": (lambda x: x.reshape(x.shape[0] // 2, -1) * x.ndim * x.size, X),
    "walrus": (lambda x: y * 2 if (y := x + 1) > 2 else y, 0.5, 5.0),
    "power": (lambda x, n: x**n, (2, 3), (2, -1), (2.0, 3), (-8.0, 0.5)),
}


@pytest.mark.parametrize("use", USES)
def test_uses_of_values(use):
    function, *calls = USES[use]
    check_calls(function, *calls)
    check_calls(function, *calls[::-1])


def test_any_order_of_inputs():
    def function(x, y):
        if x > 0:
            return x * y if y > 0 else x - y
        while y < 3:
            y = y + 1
        return y if x == 0 else -y

    calls = list(itertools.product((1.0, 0.0, -1.0), (2.0, -1.5, 7.0)))
    rng = np.random.default_rng(0)
    for _ in range(5):
        check_calls(function, *[calls[i] for i in rng.permutation(len(calls))])


def test_paths_that_are_known_are_replayed():
    compiled = check_calls(USES["branch per sign"][0], 1.0, -1.0, 0.0, 2.0, -3.0)
    info = compiled.cache_info()
    assert (info.traces, info.hits, info.programs) == (3, 7, 3)


def test_assert():
    def function(x):
        assert x > 0, f"{x} is not positive"
        return x

    compiled = jit(function)
    for x in (1.0, -1.0, 2.0, -2.0, 1.0):
        if x > 0:
            assert compiled(x) == x
        else:
            with pytest.raises(AssertionError, match="is not positive"):
                compiled(x)
    assert compiled.cache_info().eager == 0


def test_too_many_paths_run_eagerly_with_one_warning():
    function = lambda x: math.sin(x) * x  # noqa: E731
    compiled = jit(function)
    with expect_warnings("Python saw new values again and again"):
        for i in range(MOST_PROGRAMS + 10):
            assert compiled(float(i)) == function(float(i))
        for i in range(MOST_PROGRAMS + 10):
            assert_same(compiled(np.float32(i)), function(np.float32(i)))
    info = compiled.cache_info()
    assert (info.traces, info.eager, info.programs) == (2 * MOST_PROGRAMS, 20, 0)
    assert compiled(X[0].item()) == function(1.0)
    assert_same(jit(function)(2.0), function(2.0))


# Shapes and dtypes that depend on values

SHAPED = {
    "mask": lambda x: x[x > 0],
    "mask and slice": lambda x: anp.stack([x, x])[:, x > 0],
    "nonzero": lambda x: anp.nonzero(x),
    "where": lambda x: anp.where(x > 0)[0],
    "where of three": lambda x: anp.where(x > 0, x, 0.0),
    "argwhere": lambda x: anp.argwhere(x > 0),
    "flatnonzero": lambda x: anp.flatnonzero(x > 0),
    "unique": lambda x: anp.unique(anp.abs(x)),
    "unique with counts": lambda x: anp.unique(anp.sign(x), return_counts=True),
    "extract": lambda x: anp.extract(x > 0, x),
    "compress": lambda x: anp.compress(x > 0, x),
    "trim_zeros": lambda x: anp.trim_zeros(x),
    "delete": lambda x: anp.delete(x, anp.argmax(x)),
    "repeat": lambda x: anp.repeat(x, (x > 0).astype(int)),
    "bincount": lambda x: anp.bincount(anp.abs(x).astype(int)),
    "arange": lambda x: anp.arange(x.sum() + 5),
    "zeros": lambda x: anp.zeros(int(anp.abs(x[0]))) + x[0],
    "reshape": lambda x: x.reshape(int(anp.abs(x[1])), -1),
    "sum of some": lambda x: anp.sum(x[x > 0] ** 2),
    "gradient of some": grad(lambda x: anp.sum(x[x > 0] ** 3)),
    "assignment by mask": lambda x: anp.where(x > 0, x, 0.0)[anp.nonzero(x > 0)] * 2,
    "roots": lambda x: anp.roots(x),
    "intersect1d": lambda x: anp.intersect1d(x, np.array([1.0, 2.0])),
}


@pytest.mark.parametrize("function", SHAPED.values(), ids=SHAPED)
def test_shapes_that_depend_on_values(function):
    points = X, -X, abs(X) + 1, X * 2
    if function is SHAPED["reshape"]:
        points = X, np.array([1.0, 4.0, 0.0, 2.0]), np.array([3.0, 1.0, 2.0, 2.0])
    check_calls(function, *points)
    check_calls(function, *points[::-1])


def test_dtypes_that_depend_on_values():
    rotation, reflection = np.array([[0.0, 1.0], [-1.0, 0.0]]), np.array([[0.0, 1.0], [1.0, 0.0]])
    for function in (anp.linalg.eigvals, lambda a: anp.linalg.eig(a)[0] * 2, lambda a: anp.real_if_close(a * (1 + 0j))):
        check_calls(function, rotation, reflection)
        check_calls(function, reflection, rotation)


def test_primitives_of_the_user_may_give_anything():
    from autodiff_trace.extend import primitive

    head = primitive(lambda x: x[: int(x[0])])
    check_calls(lambda x: head(x) * 2, np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 3.0]))


def test_axes_and_counts_may_be_traced():
    check_calls(lambda x, axis: anp.sum(x, axis), (np.ones((2, 3)), 0), (np.ones((2, 3)), 1))
    check_calls(lambda x, n: anp.reshape(x, (n, -1)), (np.arange(6.0), 2), (np.arange(6.0), 3))
    check_calls(lambda x, n: anp.zeros(n) + x, (1.0, 3), (1.0, 2))
    check_calls(lambda n: anp.arange(n) * 2, 3, 4)
    check_calls(lambda x, k: anp.roll(x, k), (X, 1), (X, 2))
