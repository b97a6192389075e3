"""Subclasses of arrays: those with operators of their own are no plain arrays, and results share no memory with any."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from autodiff_trace import TracedValueError, grad, jet, register_array_type, value_and_grad, numpy as anp
from autodiff_trace.core import libraries

from foreign_array import ForeignArray, add_at

register_array_type(ForeignArray, forms={np.add.at: add_at})


class Added(np.ndarray):
    def __add__(self, other):
        return "another sum"


class Compared(np.ndarray):
    def __gt__(self, other):
        return "another order"


class Joined(np.ndarray):
    def __array_function__(self, function, types, args, kwargs):
        return "another function"


@pytest.mark.parametrize("kind", [Added, Compared, Joined])
def test_operators_of_its_own_are_not_passed_over(kind):
    with pytest.raises(TypeError, match=rf"grad: argument 0 is an? {kind.__name__}; .*, np\.asarray\(x\)"):
        grad(lambda x: anp.sum(x + x))(np.ones(2).view(kind))
    with pytest.raises(TracedValueError, match="concatenate: an operand is"):
        grad(lambda x: anp.sum(anp.concatenate([x, np.ones(2).view(kind)])))(np.ones(2))


def test_a_result_shares_no_memory_with_a_memmap(tmp_path):
    stored = np.memmap(tmp_path / "numbers", dtype=float, mode="w+", shape=(3,))
    value, gradient = value_and_grad(lambda x: x)(stored)
    assert not np.shares_memory(value, stored) and not np.shares_memory(gradient, stored)


def test_jet_of_another_librarys_array():
    x = ForeignArray(np.array([1.0, 2.0]))
    value, (first, second) = jet(lambda x: anp.sum(anp.array([x[0], x[1] ** 2])), (x,), ([x, x],))
    assert {type(each) for each in (value, first, second)} == {ForeignArray}
    np.testing.assert_allclose([each.memory for each in (value, first, second)], [5.0, 9.0, 17.0])


def test_threads_wait_until_a_library_is_registered(monkeypatch):
    started, done = threading.Event(), []

    def register():
        started.set()
        threading.Event().wait(0.05)
        done.append("registered")

    monkeypatch.setattr(libraries, "libraries", {"threading": register})
    monkeypatch.setattr(libraries, "modules_seen", 0)
    seen = []

    def look():
        libraries.look_for_libraries()
        seen.append(len(done))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert started.is_set() and seen == [1] * 4


def test_errors_show_items_as_they_are_written():
    x = ForeignArray(np.array([1.0, 2.0]))
    with pytest.raises(TypeError) as raised:
        grad(lambda n: anp.sum(n[ForeignArray(np.array([0, 1]))]))(np.ones(2))
    assert not hasattr(raised.value, "__notes__") or "In x[index] of arrays" in raised.value.__notes__[0]

    def write(x):
        buffer = anp.zeros(2)
        buffer[0] = x[0]
        return anp.sum(buffer)

    with pytest.raises(TracedValueError, match=r"x\[index\] = value made a numpy.ndarray of an array of type"):
        grad(write)(x)
