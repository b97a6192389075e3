"""The tracer of docs/from_scratch.md: its size, and its gradients beside the library's; test_readme runs the page."""

import doctest
import re
from pathlib import Path

import numpy as np
import pytest

import autodiff_trace
from autodiff_trace import numpy as anp
from tests.test_readme import BLOCK, PAGES

EXAMPLES = doctest.DocTestParser().get_examples("\n".join(BLOCK.findall(PAGES["from_scratch"])))
POINTS = np.array([0.3, 0.7, 1.9])
TABLE = np.array([[0.2, 1.1, 0.4], [1.7, 0.6, 0.9]])
FUNCTIONS = {
    "arithmetic": lambda lib, x: (2.0 - x) / (1.0 + x * x) - x / 3.0,
    "functions": lambda lib, x: lib.exp(-x) * lib.log(x) + lib.tanh(x),
    "rows": lambda lib, x: lib.exp(TABLE * x) / x,
    "column": lambda lib, x: TABLE / lib.sum(x) - x,
    "branch": lambda lib, x: x * x if lib.sum(x) > 2.0 else -x,
    "constant": lambda lib, x: 3.0,
    "matrices": lambda lib, x: lib.matmul(TABLE * x, lib.exp(TABLE.T)),
}


@pytest.fixture(scope="module")
def page():
    names = {}
    for example in EXAMPLES:
        exec(compile(example.source, "from_scratch", "exec"), names)
    return names


def test_lines_of_code():
    assert sum(bool(line.strip()) for example in EXAMPLES for line in example.source.splitlines()) <= 150


@pytest.mark.parametrize("fun", FUNCTIONS.values(), ids=FUNCTIONS)
def test_derivatives_are_those_of_the_library(page, fun):
    here, there = page["here"], page["library"]
    first, expected = here.grad(lambda x: fun(here, x)), there.grad(lambda x: fun(there, x))
    for _ in range(3):
        np.testing.assert_allclose(first(POINTS), expected(POINTS), rtol=1e-11, atol=1e-13)
        first, expected = here.grad(first), there.grad(expected)


@pytest.mark.parametrize("order", range(1, 5))
def test_derivatives_of_tanh(page, order):
    here, there = page["tanh"], anp.tanh
    for _ in range(order):
        here, there = page["grad"](here), autodiff_trace.grad(there)
    np.testing.assert_allclose(here(POINTS), there(POINTS), rtol=1e-11)


def test_an_error_leaves_no_trace(page):
    with pytest.raises(TypeError, match="two matrices"):
        page["grad"](lambda x: page["matmul"](x, x))(POINTS)
    assert page["trace_stack"] == []


@pytest.mark.parametrize("fun", [
    lambda lib, x: [x, x], lambda lib, x: np.array([x, 1.0]), lambda lib, x: np.sin(x), lambda lib, x: x**2,
    lambda lib, x: float(x), lambda lib, x: x + np.array([x]), lambda lib, x: lib.exp([x]),
    lambda lib, x: None,
], ids="list array ufunc power float nested sequence nothing".split())
def test_what_it_does_not_know_raises(page, fun):
    with pytest.raises(TypeError):
        page["grad"](lambda x: fun(page["here"], x))(2.0)


@pytest.mark.parametrize("name", ["from_scratch", "how_it_works"])
def test_modules_named_are_there(name):
    modules = re.findall(r"`([a-z_]+/[a-z_/]+)[`.]", PAGES[name])
    assert modules
    assert [each for each in modules if not list(Path(autodiff_trace.__file__).parent.glob(f"{each}*"))] == []
