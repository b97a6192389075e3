"""Some random programs of each class in eager mode; ``python -m tests.random_programs --mode eager`` runs many."""

import random
import warnings

import numpy as np
import pytest

from random_eager import NAMES, check_number


@pytest.mark.parametrize("name", NAMES)
def test_programs(name):
    for number in range(12):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            problem, text = check_number(name, random.Random(number), number)
        assert problem in ("", "refused", "skipped"), f"program {number}: {problem}\n{text}"
