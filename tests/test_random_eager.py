"""Some random programs of each class in eager mode; ``python -m tests.random_programs --mode eager`` runs many."""

import random
import warnings

import numpy as np
import pytest

from random_eager import NAMES, check_number

MENDING = {"buffers", "changed", "mapped", "selections", "threads", "views"}
"""Classes that are known to fail still."""


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=pytest.mark.xfail(strict=False) if name in MENDING else ()) for name in NAMES
])
def test_programs(name):
    for number in range(40):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            problem, text = check_number(name, random.Random(number), number)
        assert problem in ("", "refused", "skipped"), f"program {number}: {problem}\n{text}"
