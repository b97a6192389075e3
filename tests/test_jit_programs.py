"""``jit(f)(x) == f(x)`` for programs f made at random."""

import random
from collections import Counter

import numpy as np
import pytest

from autodiff_trace import grad, jit
from autodiff_trace import numpy as anp
from random_checks import random_options
from random_failures import check
from random_programs import random_program

PROGRAMS = 48
A_TEST = 12


@pytest.mark.parametrize("first", range(0, PROGRAMS, A_TEST))
def test_programs(first):
    counts = check_programs(first, A_TEST)
    assert counts["hits"] > 3 * A_TEST  # most calls are replays


def test_programs_of_large_arrays():
    check_programs(10**6, 12, large=True)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(2 * 10**6, 2 * 10**6 + 5000, 100))
def test_many_programs(first):
    check_programs(first, 100)


def check_programs(first, count, large=False):
    counts = Counter()
    for seed in range(first, first + count):
        rng = random.Random(seed)
        counts += check(random_program(rng, large), random_options(rng), seed)
    return counts


def test_programs_that_hypothesis_chooses():
    hypothesis = pytest.importorskip("hypothesis", reason="Hypothesis makes the examples: pip install hypothesis")
    st = hypothesis.strategies

    @hypothesis.settings(derandomize=True, database=None, deadline=None, max_examples=10)
    @hypothesis.given(st.randoms(use_true_random=False), st.integers(0, 1000))
    def check_one(rng, seed):
        check(random_program(rng), random_options(rng), seed)

    check_one()


def test_the_count_of_a_mask_is_that_of_each_call():
    compiled = jit(grad(lambda x: anp.mean(x[x > 0])))
    np.testing.assert_array_equal(compiled(np.array([1.0, -2.0, -1.0])), [1.0, 0.0, 0.0])
    np.testing.assert_array_equal(compiled(np.array([1.0, 2.0, -1.0])), [0.5, 0.5, 0.0])
