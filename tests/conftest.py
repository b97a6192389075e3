"""What all tests share: no trace may be left running, long runs are asked for, optional data may be absent."""

from __future__ import annotations

import atexit
import functools
import gc
import os
import shutil
import tempfile
from pathlib import Path

# Before NumPy is loaded: threads that wait for small products of matrices take more time than these do.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):  # or each process that a test starts compiles the package again
    os.environ["PYTHONPYCACHEPREFIX"] = tempfile.mkdtemp(prefix="autodiff_trace-tests-")
    atexit.register(shutil.rmtree, os.environ["PYTHONPYCACHEPREFIX"], ignore_errors=True)

import numpy as np  # noqa: E402
import pytest  # noqa: E402

import collecting  # noqa: E402
import equal_at_once  # noqa: E402
import halves  # noqa: E402

from autodiff_trace.core.tracer import trace_stack  # noqa: E402

ROOT = Path(__file__).parent.parent
MNIST = ROOT.parent / "shared" / "data" / "mnist"


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")


equal_at_once.install()


def pytest_configure(config):
    """A conftest's own hooks see no files but those beside it."""
    config.pluginmanager.register(collecting)


def pytest_collection_modifyitems(config, items):
    if config.getoption("--slow"):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="a long run; ask for it with --slow"))


def pytest_runtestloop(session):
    """All of the tests run in two processes, where there are two processors."""
    return halves.run(session) if halves.apply_to(session) else None


def pytest_collection_finish(session):
    """Thousands of tests and all modules live to the end: the garbage collector need not look at them each time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def pytest_runtest_teardown():
    """No trace is left running; as a fixture of each test this would take a millisecond."""
    assert trace_stack.get() == ()


@pytest.fixture(scope="session")
def mnist_folder():
    """The folder with the four files of MNIST."""
    if not MNIST.is_dir():
        pytest.skip("no MNIST: ../shared/data/mnist is absent")
    return MNIST


@pytest.fixture
def small_heap():
    """The garbage collector looks at what the test makes alone; to look at all takes half a second."""
    gc.freeze()


@functools.cache
def generators_of(module):
    """The generators of random numbers of a test module, with their states when its first test begins."""
    found = [each for each in vars(module).values() if isinstance(each, np.random.Generator)]
    return [(each, each.bit_generator.state) for each in found]


def draw_the_same(item):
    for generator, state in generators_of(item.module) if hasattr(item, "module") else ():
        generator.bit_generator.state = state


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """A test and its fixtures draw the same numbers in whatever order tests run, and in whichever process."""
    draw_the_same(item)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item):
    """Also where an earlier test has made the fixtures. As a fixture of each test this would take 0.2 ms."""
    draw_the_same(item)
