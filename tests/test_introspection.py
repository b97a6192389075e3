"""Which functions ask for type(x) of what may be a traced value: these run without jit, others are compiled."""

import numpy as np
import pytest

from autodiff_trace import jit
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.failures import JitWarning

X = np.array([1.0, -2.0, 3.0])


def of_a_count(x):
    n = len(x)
    return x * type(n)(2.5)


def of_loop_counters(x):
    for i in range(len(x) - 1):
        x = x * type(i)(2.5) + i
    return x


def of_containers(x):
    pair = [x, x]
    text = f"{x[0]}"
    none = x is None
    return {type(pair).__name__: x * 2, type(text).__name__: pair[0], type(none).__name__: x}


def of_numbers_made_by_python(x):
    number = float(x[0])
    size = int(anp.sum(x * x) + x[1])
    return (x * number, size) if type(number) is float and type(size) == int else x  # noqa: E721


def of_results(x):
    names = sorted(["b", "a"], key=len)
    return x if type(names) in (list, tuple) else -x


class Model:
    scale = 2.0

    def __call__(self, x):
        return x * type(self).scale


@pytest.mark.parametrize("function", [
    of_a_count, of_loop_counters, of_containers, of_numbers_made_by_python, of_results, Model().__call__,
])
def test_types_of_what_python_makes(function):
    compiled = jit(function)
    for x in (X, X, 2.0 * X, X):
        np.testing.assert_equal(compiled(x), function(x))
    assert compiled.cache_info().hits >= 1 and compiled.cache_info().eager == 0


def of_an_argument(x):
    return x if type(x) is np.ndarray else x + 1


def of_a_result(x):
    y = x * 2.0
    return y if type(y) in (float, np.float64) else y + 1


def of_a_container_or_a_value(x):
    y = [x] if len(x) > 5 else x
    return y if type(y) is np.ndarray else x + 1


def of_what_is_set_again(x):
    y = len(x)
    y = x * y
    return y if type(y) == np.ndarray else y + 1  # noqa: E721


def of_loop_items(x):
    total = 0.0
    for y in x:
        total = total + (y if type(y) is np.float64 else y * 2)
    return total


def of_what_a_method_gives(x):
    y = x.sum(len(x) - 3)
    return y if type(y) is np.float64 else y + 1


def of_a_sum(x):
    y = len(x) + x
    return y if type(y) is np.ndarray else y + 1


def of_a_variable_of_a_closure(x):
    y = len(x)

    def change():
        nonlocal y
        y = x

    change()
    return y if type(y) is np.ndarray else x + 1


def of_the_largest(x):
    y = max(len(x), x[2] * 2.0)
    return x if type(y) is np.float64 else x + 1


@pytest.mark.parametrize("function", [
    of_an_argument, of_a_result, of_a_container_or_a_value, of_what_is_set_again, of_loop_items, of_what_a_method_gives,
    of_a_sum, of_a_variable_of_a_closure, of_the_largest,
])
def test_types_of_traced_values(function):
    compiled = jit(function)
    name = "x" if function is of_an_argument else "y"
    with pytest.warns(JitWarning, match=rf"asks for type\({name}\), .* write isinstance\({name}, …\)"):
        np.testing.assert_equal(compiled(X), function(X))
    np.testing.assert_equal(compiled(2 * X), function(2 * X))
    assert compiled.cache_info().eager == 2
