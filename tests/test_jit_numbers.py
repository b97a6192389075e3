"""Python's numbers under ``jit`` answer as numbers do, not as the arrays for which their boxes can be taken."""

import copy
import math
from collections.abc import Container, Iterable, Sequence, Sized
from typing import SupportsComplex, SupportsFloat, SupportsIndex, SupportsInt

import numpy as np
import pytest

from autodiff_trace import grad, jit

NUMBERS = [2.5, 3, 2.0 + 1j]
KINDS = [Container, Iterable, Sequence, Sized, SupportsComplex, SupportsFloat, SupportsIndex, SupportsInt, np.ndarray]
NAMES = sorted({*dir(np.ndarray), *dir(float), *dir(int), *dir(complex), "size", "__copy__"} - {
    # NumPy and the package know boxes by these; the others differ between objects of any two types
    "__array__", "__array_function__", "__array_priority__", "__array_ufunc__", "__copy__", "__deepcopy__",
    "__getformat__", "__getnewargs__"})

USES = {
    "isinstance": lambda n: [isinstance(n, kind) for kind in KINDS],
    "hasattr": lambda n: [name for name in NAMES if hasattr(n, name)],
    "getattr with a default": lambda n: [getattr(n, name, None) is None for name in ("sum", "shape", "T", "dtype")],
    "shape or not": lambda n: n.shape if hasattr(n, "shape") else (7,),
    "len or not": lambda n: len(n) if hasattr(n, "__len__") else -1,
    "methods of numbers": lambda n: n.is_integer() if hasattr(n, "is_integer") else n.bit_length()
        if hasattr(n, "bit_length") else -1,
    "parts": lambda n: [n.real, n.imag, n.conjugate()],
    "ceil": lambda n: math.ceil(n) + math.floor(n) + round(n) if hasattr(n, "__ceil__") else 0,
    "copies": lambda n: [copy.copy(n), copy.deepcopy(n)],
    "of NumPy": lambda n: [np.shape(n), np.ndim(n), np.asarray([n, n]).sum(), np.sin(n).shape, np.full(2, n)],
}


def tried(use, n):
    try:
        return use(n)
    except (AttributeError, TypeError) as error:
        return f"{error}"


@pytest.mark.parametrize("number", NUMBERS, ids=str)
@pytest.mark.parametrize("use", USES)
def test_use(use, number):
    f = jit(lambda n, x: (tried(USES[use], n), x * n))
    for _ in range(2):
        np.testing.assert_equal(f(number, np.ones(2))[0], tried(USES[use], number))


@pytest.mark.parametrize("number", NUMBERS, ids=str)
@pytest.mark.parametrize("name", ["shape", "sum", "nowhere", "bit_length", "hex"])
def test_message(name, number):
    said = []

    def f(n, x):
        said.append(tried(lambda n: callable(getattr(n, name)), n))
        return x * n

    f(number, np.ones(2))
    jit(f)(number, np.ones(2))
    assert said[0] == said[1]


def test_branch_of_user_code():
    def scale(n, x):
        return (n * x).sum() if hasattr(n, "shape") else (2 * n * x).sum()

    assert jit(scale)(3.0, np.ones(2)) == scale(3.0, np.ones(2)) == 12.0
    np.testing.assert_array_equal(jit(grad(lambda x: scale(3.0, x)))(np.ones(2)), [6.0, 6.0])
    half = jit(lambda n, x: x * n if n.is_integer() else x)
    assert [half(n, 1.0) for n in (2.0, 2.5, 3.0)] == [2.0, 1.0, 3.0]
    assert half.cache_info().eager == 0
