"""What all tests share: no trace may be left running, long runs are asked for, optional data may be absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from autodiff_trace.core.tracer import trace_stack

ROOT = Path(__file__).parent.parent
MNIST = ROOT.parent / "shared" / "data" / "mnist"


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--slow"):
        return
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(pytest.mark.skip(reason="a long run; ask for it with --slow"))


@pytest.fixture(autouse=True)
def no_trace_left_running():
    yield
    assert trace_stack.get() == ()


@pytest.fixture(scope="session")
def mnist_folder():
    """The folder with the four files of MNIST."""
    if not MNIST.is_dir():
        pytest.skip("no MNIST: ../shared/data/mnist is absent")
    return MNIST
