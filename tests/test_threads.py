"""The threads of compiled programs: how many there are, what they share, and what becomes of errors and forks."""

import os
import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from compiled import assert_like
from pass_checks import small_blocks

from autodiff_trace import grad, jit, num_threads, set_num_threads
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.backends.numpy_source.threads import share

X = np.random.default_rng(0).normal(size=(101, 7))


def loss(x):
    return anp.sum(anp.exp(anp.sin(x)) * x) + anp.max(anp.tanh(x), axis=0)[0]


@pytest.fixture(autouse=True)
def threads_as_before(monkeypatch):
    small_blocks(monkeypatch)
    before = num_threads()
    yield
    set_num_threads(before)


@pytest.mark.parametrize("number", [1, 2, 3, 4, np.int64(2)])
def test_any_number_of_threads(number):
    set_num_threads(number)
    assert num_threads() == number
    compiled = jit(grad(loss))
    for x in [X, X, X + 1]:
        assert_like(compiled(x), grad(loss)(x))


def test_the_number_changes_between_runs():
    compiled = jit(grad(loss))
    for number in [1, 4, 2, 1, 3]:
        set_num_threads(number)
        assert_like(compiled(X), grad(loss)(X))
    assert compiled.cache_info().hits == 4


@pytest.mark.parametrize("number", [0, -1, 1.5, True, "2", None])
def test_what_is_no_number_of_threads(number):
    before = num_threads()
    with pytest.raises(ValueError, match="set_num_threads: expected a number of at least 1"):
        set_num_threads(number)
    assert num_threads() == before


@pytest.mark.parametrize("variable, expected", [("1", 1), ("3", 3), ("2,4", 2), ("0", None), ("", None), ("x", None)])
def test_the_environment_says_how_many(variable, expected):
    if expected is None:
        expected = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    # The module alone: importing all of the package takes a while.
    code = "import runpy, sys; print(runpy.run_path(sys.argv[1])['num_threads']())"
    path = sys.modules["autodiff_trace.compiler.backends.numpy_source.threads"].__file__
    environment = {**os.environ, "OMP_NUM_THREADS": variable}
    result = subprocess.run([sys.executable, "-c", code, path], env=environment, capture_output=True, text=True)
    assert result.stdout.strip() == str(expected), result.stderr


def test_calls_from_eight_threads_at_once():
    set_num_threads(2)
    compiled = jit(grad(loss))
    points = [X + i for i in range(8)]
    expected = [grad(loss)(x) for x in points]
    compiled(X)
    start, faults = threading.Barrier(8), []

    def call(i):
        start.wait()
        try:
            for _ in range(10):
                assert_like(compiled(points[i]), expected[i])
        except BaseException as error:
            faults.append(error)

    callers = [threading.Thread(target=call, args=(i,)) for i in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not faults
    assert compiled.cache_info()[:3] == (80, 1, 0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_the_child_of_a_fork_has_threads_of_its_own():
    # In a process of its own: other libraries that a test has loaded may not stand a fork.
    code = """if True:
        import os
        import numpy as np
        from autodiff_trace import grad, jit, numpy as anp, set_num_threads
        set_num_threads(2)
        x = np.linspace(-2.0, 2.0, 300_000)
        derivative = grad(lambda x: anp.sum(anp.exp(anp.sin(x)) * anp.cos(x)))
        compiled = jit(derivative)
        compiled(x), compiled(x)
        child = os.fork()
        right = np.allclose(compiled(x + 1), derivative(x + 1), rtol=1e-12)
        if child == 0:
            os._exit(0 if right else 1)
        print(right and os.waitpid(child, 0)[1] == 0)
    """
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.stdout.strip() == "True", result.stderr


def test_work_is_shared_and_each_part_is_done_once():
    for threads in [1, 2, 4]:
        pending, done = iter(range(1000)), []
        share(lambda thread: done.extend(pending), threads)
        assert sorted(done) == list(range(1000))


def test_an_error_is_raised_when_all_have_finished():
    met, finished = threading.Barrier(3), []

    def work(thread):
        met.wait(10)
        if thread == 2:
            raise ValueError("in a thread")
        finished.append(thread)

    with pytest.raises(ValueError, match="in a thread"):
        share(work, 3)
    assert sorted(finished) == [0, 1]
    share(lambda thread: finished.append(thread), 1)


def test_all_threads_have_the_error_handling_of_the_caller():
    met, seen = threading.Barrier(3), []

    def work(thread):
        met.wait(10)
        with np.errstate(under="raise"):
            seen.append(np.geterr())

    with np.errstate(divide="ignore", over="raise"):
        share(work, 3)
        assert seen == [{**np.geterr(), "under": "raise"}] * 3


def test_draws_of_another_thread_are_not_the_functions():
    drawing = threading.Event()

    def draw():
        while not drawing.wait(1e-4):
            random.random()

    def run(f, x):  # where threads of their own call what is compiled, the main thread may draw
        thread = threading.Thread(target=draw)
        thread.start()
        first = f(x)
        drawing.set()
        thread.join()
        return first, f(x), f(x)

    f, x = jit(lambda x: anp.sum(anp.exp(x))), np.zeros(10**6)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(run, f, x).result() == (1e6, 1e6, 1e6)
    assert f.cache_info().hits == 2 and not f.cache_info().eager
