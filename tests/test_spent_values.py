"""What is left when a trace has ended: buffers that helpers keep, contexts copied inside, interrupted runs."""

import contextvars
import ctypes
import functools
import gc
import signal
import sys
import threading
import time

import numpy as np
import pytest

from autodiff_trace import (
    EndedTraceError, checkpoint, derivatives, fori_loop, grad, hessian, jacobian, jit, jvp, scan, vmap,
)
from autodiff_trace import numpy as anp
from autodiff_trace.core.tracer import trace_stack

X = np.array([1.0, 2.0, 3.0])

MODES = {
    "grad": lambda f: grad(f)(X),
    "hessian": lambda f: hessian(f)(X),
    "jvp": lambda f: jvp(f, (X,), (X,)),
    "vmap": lambda f: vmap(f)(np.stack([X, X])),
    "grad of vmap": lambda f: grad(lambda x: anp.sum(vmap(f)(x)))(np.stack([X, X])),
    "jit": lambda f: jit(f)(X),
    "jit of grad": lambda f: jit(grad(f))(X),
}


def with_table(make):
    """A function that computes with a table which it makes in its first call alone."""
    table = functools.cache(make)
    return lambda x: anp.sum(table() * x * x) + anp.sum(anp.sin(table()) * x)


TABLES = {
    "ones": lambda: anp.ones(3),
    "arithmetic": lambda: anp.ones(3) * 2.0 + anp.full(3, 0.5),
    "written": lambda: fill(anp.zeros(3)),
    "list": lambda: anp.array([anp.ones(()), anp.ones(()), anp.zeros(())]),
    "view": lambda: anp.zeros((3, 3))[1] + 1.0,
}


def fill(table):
    table[1] = 4.0
    table[:1] += 1.0
    return table


@pytest.mark.parametrize("pass_on", [anp.real])
def test_a_box_of_an_earlier_trace_is_not_passed_on(pass_on):
    table = functools.cache(lambda: anp.ones(3) * 2.0)
    jit(lambda x: table() * x)(X)
    assert type(table()._trace).__name__ == "SpentRecordTrace"

    @jit
    def f(x):
        passed = x._trace.process(pass_on, (table(),), {})  # as where another argument is of that trace
        assert passed is not table() and passed._trace is x._trace
        return passed * x

    np.testing.assert_array_equal(f(X), 2.0 * X)


@pytest.mark.parametrize("first", MODES)
@pytest.mark.parametrize("make", TABLES)
def test_tables_that_a_helper_keeps(first, make):
    f, expected = with_table(TABLES[make]), with_table(TABLES[make])
    MODES[first](f)
    value = f(X)
    assert type(value) is np.float64 and value == expected(X)
    for mode in MODES.values():
        for x, y in zip(np.atleast_1d(mode(f)), np.atleast_1d(mode(expected))):
            np.testing.assert_allclose(x, y)


@pytest.mark.parametrize("first", [mode for mode in MODES if mode != "jit"])
def test_a_kept_buffer_is_a_plain_array(first):
    kept = []
    MODES[first](lambda x: kept.append(anp.ones(3)) or anp.sum(x * kept[0]))
    table = kept[0]
    assert type(table + 1.0) is np.ndarray and type(np.asarray(table)) is np.ndarray and bool(table[0])
    assert float(table[1]) == 1.0 and type(anp.sin(table)) is np.ndarray and (table > 0).all()
    assert type(anp.concatenate([table, X])) is np.ndarray and type(anp.sum(a=table)) is np.float64
    table[0] = 7.0
    np.testing.assert_array_equal(np.asarray(table), [7.0, 1.0, 1.0])


@pytest.mark.parametrize("run", [
    lambda f: grad(checkpoint(f))(X),
    lambda f: grad(lambda x: scan(lambda c, _: (c + f(x), None), 0.0, np.ones(2))[0])(X),
    lambda f: grad(lambda x: fori_loop(0, 2, lambda i, c: c + f(x), 0.0))(X),
])
def test_buffers_made_in_what_is_run_again(run):
    table = functools.cache(lambda: anp.ones(3))

    def f(x):
        return anp.sum(table() * x * x)

    run(f)
    assert f(X) == 14.0
    np.testing.assert_allclose(grad(f)(X), 2 * X)

    kept = []

    def written(x):
        kept.append(anp.zeros(3))
        kept[-1][0] = x[0]
        return anp.sum(kept[-1] * x)

    run(written)
    with pytest.raises(EndedTraceError):
        kept[0] + 1.0


def test_what_depends_on_the_inputs_is_refused_as_before():
    kept = []
    grad(lambda x: kept.append(anp.zeros(3)) or kept[0].__setitem__(0, x) or x)(1.0)
    for use in (lambda x: x + 1, anp.sin, float, lambda x: anp.stack([x, x])):
        with pytest.raises(EndedTraceError):
            use(kept[0])


def test_contexts_that_were_copied_inside():
    contexts = []

    def remember(x):
        contexts.append(contextvars.copy_context())
        return anp.sum(x**2)

    def helper(x):
        buffer = anp.zeros(3)
        for i in range(3):
            buffer[i] = x[i] * (i + 1)
        return anp.sum(buffer)

    for transform in (grad, functools.partial(jit, constant=("contextvars.copy_context",)), hessian):
        transform(remember)(X)
        context = contexts.pop()
        table = context.run(anp.ones, 3)
        assert type(table) is np.ndarray
        assert context.run(helper, X) == 14.0
        np.testing.assert_allclose(context.run(grad(helper), X), [1.0, 2.0, 3.0])
        np.testing.assert_allclose(context.run(grad(checkpoint(helper)), X), [1.0, 2.0, 3.0])
        # The buffer is that of a trace that runs, also where the innermost of the context has ended.
        np.testing.assert_allclose(grad(lambda x: trace_inside_and_run(helper, x))(X), [1.0, 2.0, 3.0])


def trace_inside_and_run(helper, x):
    contexts = []
    grad(lambda y: contexts.append(contextvars.copy_context()) or y)(1.0)
    return contexts[0].run(helper, x)


# Interrupts: at whatever place, the stack is what it was before

RUNS = {
    "grad": lambda: grad(lambda x: anp.sum(x * x))(X),
    "jvp": lambda: jvp(anp.sin, (1.0,), (1.0,)),
    "vmap": lambda: vmap(anp.sin)(X),
    "hessian": lambda: hessian(lambda x: anp.sum(x**3))(X),
    "jacobian": lambda: jacobian(lambda x: x * x)(X),
    "taylor": lambda: derivatives(anp.tan, 3)(0.5),
    "checkpoint": lambda: grad(lambda x: anp.sum(checkpoint(anp.sin)(x)))(X),
    "jit": lambda: jit(lambda x: anp.sum(x * x))(X),
}


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers")
@pytest.mark.parametrize("name", RUNS)
def test_interrupts(name):
    """Ctrl-C at 300 moments of a run."""
    rng = np.random.default_rng(0)
    run = RUNS[name]
    run()
    old = signal.signal(signal.SIGALRM, raise_interrupt)
    errors = np.geterr()  # which a run may not put back that is interrupted as it begins to change them
    interrupted = 0
    gc.disable()  # what is raised in a callback of the collector (Hypothesis has one) is lost
    try:
        for _ in range(300):
            try:
                signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-6, 3e-4))
                for _ in range(100):
                    run()
                time.sleep(10)  # where pause() might miss a signal that has just come
            except KeyboardInterrupt:
                interrupted += 1
            assert trace_stack.get() == ()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
        gc.enable()
        np.seterr(**errors)
    assert interrupted == 300


def raise_interrupt(signum, frame):
    raise KeyboardInterrupt


def test_exceptions_from_other_threads(monkeypatch):
    """The same in a thread, by the means of debuggers and notebooks."""
    if not hasattr(ctypes, "pythonapi"):
        pytest.skip("CPython alone")
    found = []
    stop = threading.Event()

    def work():
        while not stop.is_set():
            try:
                while not stop.is_set():
                    RUNS["grad"]()
            except KeyboardInterrupt:
                found.append(trace_stack.get())

    thread = threading.Thread(target=work)
    gc.disable()  # as above
    monkeypatch.setattr(sys, "unraisablehook", lambda error: None)  # of a weak reference's callback it is lost, too
    monkeypatch.setattr(threading, "excepthook", lambda error: None)  # where the next comes before this one is taken
    try:
        thread.start()
        for _ in range(200):
            interrupt = ctypes.py_object(KeyboardInterrupt)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), interrupt)
            stop.wait(0.0005)
            if not thread.is_alive():
                thread = threading.Thread(target=work)
                thread.start()
    finally:
        stop.set()
        thread.join()
        gc.enable()
    assert len(found) > 20 and set(found) == {()}
