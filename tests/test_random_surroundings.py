"""Some random programs whose surroundings change; ``python -m tests.random_programs --mode surroundings`` runs many."""

import random

import pytest

from random_surroundings import READS, check_number


@pytest.mark.parametrize("name", READS)
def test_programs(name):
    for number in range(18):
        problem, text, _ = check_number(name, random.Random(number))
        assert not problem, f"program {number}: {problem}\n{text}"
