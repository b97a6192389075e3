"""Some random programs on the native back end; ``python -m tests.random_native_checks`` runs many."""

import random

import pytest

from random_native import random_case, text_of
from random_native_checks import check_case, minimal

pytest.importorskip("llvmlite", reason="the native back end needs llvmlite")


@pytest.mark.parametrize("math", ["numpy", "own"])
@pytest.mark.parametrize("start", range(0, 150, 25))
def test_programs(math, start):
    for number in range(start, start + 25):
        case = random_case(random.Random(number))
        try:
            check_case(case, (math,))
        except AssertionError:
            small, problem = minimal(case)
            raise AssertionError(f"program {number}: {problem}\n{text_of(small)}{small}") from None
