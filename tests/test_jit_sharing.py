"""Memory that arguments, outputs and arrays outside share: with ``jit`` as without."""

import warnings

import numpy as np
import pytest

from autodiff_trace import jit, jvp
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.failures import JitWarning


def write_first(x, y):
    x += 1
    return y * 1


def write_sometimes(x, y):
    if y[0] > 1:
        x[0] = 9.0
    return anp.sum(x * y), x * 1


ARGUMENTS = {
    "overlapping": lambda b: (b[:4], b[2:]),
    "reversed": lambda b: (b, b[::-1]),
    "apart": lambda b: (b[:3], b[3:]),
    "copies": lambda b: (b.copy(), b),
    "the same": lambda b: (b, b),
}


@pytest.mark.parametrize("function", [write_first, write_sometimes])
def test_arguments_that_share_memory_and_are_written(function):
    jitted = jit(function)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", JitWarning)
        for start in range(5):
            for name, make in ARGUMENTS.items():
                base = np.arange(6.0) + start
                expected, found = function(*make(base.copy())), jitted(*make(base))
                for x, y in zip(expected, found):
                    np.testing.assert_array_equal(x, y, err_msg=name)
                np.testing.assert_array_equal(base, np.arange(6.0) + start)  # it works on copies
    assert jitted.cache_info().hits >= 5


def test_arguments_that_share_memory_are_warned_of_if_they_are_written():
    base = np.arange(6.0)
    with pytest.warns(JitWarning, match="shares memory with another; pass copies"):
        jit(write_first)(base[:4], base[2:])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        difference = jit(lambda x, y: y - x)
        for _ in range(3):
            np.testing.assert_array_equal(difference(base[:-1], base[1:]), np.ones(5))


def write_view(x):
    z = x * 2
    v = z[1:]
    v += 1
    return z, v


def write_two_views(x):
    z = x * 2
    v, w = z[1:], z[:2]
    v += 1
    w *= 3
    return v, w


def write_view_of_view(x):
    z = x * 2
    v = z.reshape(3, 1)
    u = v.T
    u[0, 1] = 7
    return z, u, v


def give_one_twice(x):
    v = (x * 2)[1:]
    v += 1
    return v, v


def give_constants(x):
    z = np.zeros(3)
    return z, z[1:], z, np.ones(2), np.ones(3).reshape(3, 1)


def let_go_of_the_base(x):
    z = x * 2
    v = z[1:]
    z[1] = 5
    z = z + 1
    return v, z


@pytest.mark.parametrize("function", [
    write_view, write_two_views, write_view_of_view, give_one_twice, let_go_of_the_base, give_constants,
])
def test_outputs_share_memory_as_without_jit(function):
    jitted = jit(function)
    for start in range(3):
        expected, found = function(np.arange(3.0) + start), jitted(np.arange(3.0) + start)
        for x, y in zip(expected, found):
            np.testing.assert_array_equal(x, y)
        for compare in (np.shares_memory, lambda x, y: x is y):
            relations = [[compare(x, y) for x in outputs for y in outputs] for outputs in (expected, found)]
            assert relations[0] == relations[1]
    assert jitted.cache_info().hits == 2


@pytest.mark.parametrize("function", [
    lambda x: (x * 1, x), lambda x: (x, x * 1), lambda x: [+x, x], lambda x: (x + 0, x, x[1:]),
    lambda x: (x * 1, x * 1), lambda x: (x / 1, x.T), lambda x: (anp.copy(x), x, x),
])
def test_an_argument_that_is_returned_beside_what_equals_it(function):
    jitted = jit(function)
    for _ in range(3):
        x = np.arange(3.0)
        expected, found = (*function(x), x), (*jitted(x), x)
        for compare in (np.shares_memory, lambda x, y: x is y):
            relations = [[compare(x, y) for x in outputs for y in outputs] for outputs in (expected, found)]
            assert relations[0] == relations[1]


def test_tangents_that_were_equal_share_no_memory():
    """Two of them go through one mask, which is no memory that they share."""

    def function(x):
        v = anp.sin(x).copy()
        v[0] = 0.5
        views = []
        for _ in range(2):
            views.append(v[1:])
            v = v * 1.0 + 0.9
        return v, views

    jitted = jit(lambda x: jvp(function, (x,), (anp.ones_like(x),)))
    for _ in range(3):
        tangent, views = jitted(np.arange(3.0))[1]
        assert not any(np.shares_memory(x, y) for x, y in ((tangent, views[0]), (tangent, views[1]), views))


def set_shape(array, k):
    array.shape = [(2, 3), (3, 2), (6,)][k % 3]


def set_flag(array, k):
    array.flags.writeable = bool(k % 2)


def set_dtype(array, k):
    array.dtype = [np.int64, np.float64][k % 2]


@pytest.mark.filterwarnings("ignore:Setting the:DeprecationWarning")
@pytest.mark.parametrize(("change", "read"), [
    (set_shape, lambda a: a.shape[0]),
    (set_shape, lambda a: a.ndim + anp.sum(a)),
    (set_shape, len),
    (set_shape, lambda a: (2.0 * a).T.shape[0]),
    (set_shape, lambda a: anp.sum(a[0])),
    (set_shape, lambda a: anp.max(anp.sum(a * 2.0, axis=0))),
    (set_flag, lambda a: 2.0 if a.flags.writeable else 3.0),
    (set_dtype, lambda a: a.dtype.kind.count("f")),
])
def test_form_of_an_array_outside_that_is_changed_in_place(change, read):
    array = np.arange(6.0)

    def function(x):
        return x * read(array)

    jitted = jit(function)
    for k in range(6):
        assert jitted(2.0) == function(2.0)
        change(array, k)
    assert jitted.cache_info().failures == 0


OUTSIDE = np.arange(6.0)


def read_after(x):
    x += 1
    return OUTSIDE * 1


def read_before_and_after(x):
    y = OUTSIDE * 1
    x[0] = 9.0
    return y + OUTSIDE, np.sum(OUTSIDE), float(OUTSIDE[0])


def read_default(x, y=OUTSIDE):
    x *= 2
    return x + y


@pytest.mark.parametrize("make", [lambda: OUTSIDE, lambda: OUTSIDE[::-1], lambda: OUTSIDE[:], lambda: np.arange(6.0)])
@pytest.mark.parametrize("function", [read_after, read_before_and_after, read_default])
def test_arguments_that_share_memory_with_an_array_outside_and_are_written(function, make):
    def call(fun):
        OUTSIDE[:] = np.arange(6.0)
        return np.copy(fun(make())[0])

    jitted = jit(function)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", JitWarning)
        jitted(np.ones(6))
        for _ in range(3):
            np.testing.assert_array_equal(call(jitted), call(function))
    OUTSIDE[:] = np.arange(6.0)


def test_shares_memory_with_an_array_outside():
    jitted = jit(lambda x: x + np.shares_memory(x, OUTSIDE))
    for x in (OUTSIDE, np.zeros(6), OUTSIDE[::-1], np.ones(6)):
        np.testing.assert_array_equal(jitted(x), x + np.shares_memory(x, OUTSIDE))


def exchange(arrays):
    arrays[0], arrays[1] = arrays[1], arrays[0]
    arrays[0] += 1
    return arrays[1] * 1


def test_containers_of_arguments_that_share_memory_are_changed_once():
    for make in (lambda b: [b[:4], b[2:]], lambda b: [b[:3], b[3:]]):
        jitted = jit(exchange)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", JitWarning)
            for _ in range(3):
                np.testing.assert_array_equal(jitted(make(np.arange(6.0))), exchange(make(np.arange(6.0))))


def test_flattened_array_is_a_copy():
    def flattened(x):
        y = x * 2
        z = y.flatten()
        return y, z, y.ravel()

    jitted = jit(flattened)
    for _ in range(3):
        y, z, w = jitted(np.arange(6.0))
        assert not np.shares_memory(y, z) and np.shares_memory(y, w)


def test_argument_is_returned_as_it_is_beside_a_view():
    jitted = jit(lambda x: (x.T, x, x[:]))
    x = np.arange(3.0)
    for _ in range(3):
        turned, same, view = jitted(x)
        assert same is x and turned is not x and view is not x


SAME = {
    "real": lambda x: x.real,
    "anp.real": anp.real,
    "squeeze": lambda x: x.squeeze(),
    "astype": lambda x: x.astype(float, copy=False),
    "asarray": anp.asarray,
    "atleast_1d": anp.atleast_1d,
    "T": lambda x: x.T,
    "ravel": lambda x: x.ravel(),
    "copy": lambda x: x.copy(),
    "+x": lambda x: +x,
}


@pytest.mark.parametrize("make", [
    lambda k: np.arange(3.0) + k, lambda k: np.arange(6.0).reshape(1, 6)[:, ::2] + k,
    lambda k: np.asfortranarray(np.arange(6.0).reshape(2, 3) + k), lambda k: np.array(2.0 + k),
])
@pytest.mark.parametrize("name", SAME)
def test_what_gives_the_array_itself(name, make):
    def function(x):
        y = SAME[name](x)
        return x * (2.0 if y is x else 3.0), y

    jitted = jit(function)
    for k in range(3):
        x = make(k)
        (value, y), (expected, expected_y) = jitted(x), function(x)
        if x.ndim:
            assert (y is x) == (expected_y is x)
            np.testing.assert_array_equal(value, expected)


def test_array_outside_that_is_replaced_is_returned_itself():
    """Also by the call in which it becomes a hidden input."""
    array = np.zeros(3)
    compiled = jit(lambda x: (array, array[1:], x + array))
    for turn in range(5):
        array = np.full(3, float(turn))
        whole, part, total = compiled(1.0)
        assert whole is array
        assert np.shares_memory(part, array)
        assert not np.shares_memory(total, array)
