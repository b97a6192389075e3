"""NumPy's error handling inside programs: quick and public ways, threads, what the user has set."""

import threading

import numpy as np
import pytest

from autodiff_trace.numpy import error_states


@pytest.fixture(params=["quick", "public"])
def states(request, monkeypatch):
    if request.param == "quick":
        assert error_states.current is not None  # a NumPy without it is slower; then this line has to go
        return error_states.setter, error_states.restore_errors
    monkeypatch.setattr(error_states, "current", None)
    return error_states.setter.__wrapped__, error_states.restore_slowly


def test_errors_are_set_and_restored(states):
    setter, restore = states
    set_errors = setter(("divide", "raise"), ("over", "ignore"))
    with np.errstate(under="warn", divide="print"):
        for _ in range(2):
            before = set_errors()
            assert np.geterr() == {"divide": "raise", "over": "ignore", "under": "warn", "invalid": "warn"}
            restore(before)
            assert np.geterr()["divide"] == "print"


def test_what_else_is_set_is_read_each_time(states):
    setter, restore = states
    set_errors = setter(("divide", "raise"))
    for how in ("ignore", "raise", "warn"):
        with np.errstate(all=how):
            before = set_errors()
            assert np.geterr() == {"divide": "raise", "over": how, "under": how, "invalid": how}
            restore(before)
            assert np.geterr()["divide"] == how


def test_threads_have_states_of_their_own(states):
    setter, restore = states
    set_errors = setter(("over", "raise"))
    before = set_errors()
    seen = []
    thread = threading.Thread(target=lambda: seen.append(np.geterr()["over"]))
    thread.start()
    thread.join()
    restore(before)
    assert seen == ["warn"]
