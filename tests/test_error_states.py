"""NumPy's error handling inside programs: quick and public ways, threads, what the user has set."""

import threading

import numpy as np
import pytest

from autodiff_trace import grad, jit
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.backends.numpy_source import emit
from autodiff_trace.core.array_ops import array_ops
from autodiff_trace.numpy import error_states


@pytest.fixture(params=["quick", "public"])
def states(request, monkeypatch):
    if request.param == "quick":
        assert error_states.current is not None  # a NumPy without it is slower; then this line has to go
        return error_states.setter, error_states.error_state, error_states.restore_errors
    monkeypatch.setattr(error_states, "current", None)
    return error_states.setter.__wrapped__, np.geterr, error_states.restore_slowly


def test_errors_are_set_and_restored(states):
    setter, state, restore = states
    set_errors = setter(("divide", "raise"), ("over", "ignore"))
    with np.errstate(under="warn", divide="print"):
        for _ in range(2):
            before = state()
            set_errors(before)
            assert np.geterr() == {"divide": "raise", "over": "ignore", "under": "warn", "invalid": "warn"}
            restore(before)
            assert np.geterr()["divide"] == "print"


def test_what_else_is_set_is_read_each_time(states):
    setter, state, restore = states
    set_errors = setter(("divide", "raise"))
    for how in ("ignore", "raise", "warn"):
        with np.errstate(all=how):
            before = state()
            set_errors(before)
            assert np.geterr() == {"divide": "raise", "over": how, "under": how, "invalid": how}
            restore(before)
            assert np.geterr()["divide"] == how


def test_threads_have_states_of_their_own(states):
    setter, state, restore = states
    set_errors = setter(("over", "raise"))
    before = state()
    set_errors(before)
    seen = []
    thread = threading.Thread(target=lambda: seen.append(np.geterr()["over"]))
    thread.start()
    thread.join()
    restore(before)
    assert seen == ["warn"]


def interrupted(set_errors):
    """As if Ctrl-C came when the errors have just been set."""

    def set_and_raise(*args):
        set_errors(*args)
        raise KeyboardInterrupt

    return set_and_raise


def test_errors_are_restored_if_an_interrupt_comes_as_soon_as_they_are_set(monkeypatch):
    x = np.array([0.5, 2.0])
    function = grad(lambda x: anp.sum(anp.where(x > 1, anp.sqrt(x), anp.exp(x))))
    compiled = jit(function, backend="numpy")
    monkeypatch.setattr(emit, "setter", lambda *settings: interrupted(error_states.setter(*settings)))
    compiled(x)
    monkeypatch.setattr(error_states, "set_quiet", interrupted(error_states.set_quiet))
    monkeypatch.setattr(array_ops, "ignore_errors", interrupted(array_ops.ignore_errors))
    before = np.geterr()
    for each in (compiled, function, error_states.quiet(np.sqrt)):
        try:
            with pytest.raises(KeyboardInterrupt):
                each(x)
            assert np.geterr() == before
        finally:
            np.seterr(**before)
