"""Functions for which no program is ever used again run as if there were no ``jit``."""

import itertools
import warnings

import numpy as np
import pytest

from autodiff_trace import jit
from autodiff_trace.compiler.dispatch.limits import MOST_ERRORS, MOST_NEW_KEYS
from autodiff_trace.compiler.jitted import JitWarning


class Setting:
    def __init__(self, value):
        self.value = value


def call_many(function, calls):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        results = [function(*args, **kwargs) for args, kwargs in calls]
    return results, [each for each in caught if issubclass(each.category, JitWarning)]


NEW_KEYS = {
    "shapes": (lambda x: x * 2, {}, lambda i: ((np.ones(i + 1),), {})),
    "by name": (lambda x: x * 2, {}, lambda i: ((), {"x": np.ones(i + 1)})),
    "static objects": (lambda x, s: x * s.value, {"static_argnames": ("s",)}, lambda i: ((1.5, Setting(i)), {})),
    "static numbers": (lambda x, s: x * s, {"static_argnames": ("s",)}, lambda i: ((1.5, i), {})),
    "containers": (lambda x: sum(x), {}, lambda i: (([1.0] * (i + 1),), {})),
    "a cycle longer than what is kept": (lambda x: x * 2, {}, lambda i: ((np.ones(i % 200),), {})),
}


@pytest.mark.parametrize("name", NEW_KEYS)
def test_ever_new_keys(name):
    function, options, arguments = NEW_KEYS[name]
    jitted = jit(function, **options)
    calls = [arguments(i) for i in range(400)]
    results, caught = call_many(jitted, calls)
    for result, (args, kwargs) in zip(results, calls):
        np.testing.assert_array_equal(result, function(*args, **kwargs))
    info = jitted.cache_info()
    assert len(caught) == 1 and caught[0].filename == __file__ and "new" in str(caught[0].message)
    assert info.traces == MOST_NEW_KEYS and info.keys == info.programs == 0 and info.eager == 400 - MOST_NEW_KEYS
    jitted.clear_cache()
    call_many(jitted, calls[:1])
    assert jitted.cache_info().traces == 1


def test_keys_that_come_again_are_kept():
    jitted = jit(lambda x: x * 2)
    shapes = [np.ones(i) for i in range(100)]
    _, caught = call_many(jitted, [((x,), {}) for x in shapes for _ in range(10)] * 2)
    info = jitted.cache_info()
    assert not caught and info.keys == 100 and info.eager == 0


@pytest.mark.parametrize("error", [ValueError, TypeError, StopIteration, KeyError])
def test_what_always_raises(error):
    runs = itertools.count()

    def fails(x):
        y = x * 2
        next(runs)
        raise error(f"{y.shape}")

    jitted = jit(fails)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(50):
            with pytest.raises(error, match=r"\(3,\)"):
                jitted(np.ones(3))
    assert len([each for each in caught if issubclass(each.category, JitWarning)]) == 1
    info = jitted.cache_info()
    assert info.eager >= 50 - MOST_ERRORS and info.programs == 0


def test_some_errors_are_no_reason():
    def careful(x):
        if x < 0:
            raise ValueError("negative")
        return x * 2

    jitted = jit(careful)
    for i in range(100):
        assert jitted(float(i)) == 2 * i
        if i % 5 == 4:
            with pytest.raises(ValueError):
                jitted(-1.0)
    assert jitted.cache_info().hits >= 90
