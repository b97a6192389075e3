"""What fails in ``jit`` itself: the function gives the result, and a warning says what to report."""

import gc
import signal
import threading
import time
import warnings

import numpy as np
import pytest
from jit_checks import assert_same, expect_warnings

import autodiff_trace
from autodiff_trace import extend, grad, jit, num_threads, set_num_threads
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.dispatch import cache
from autodiff_trace.compiler import jitted
from autodiff_trace.compiler.record import outside, tracing
from autodiff_trace.compiler.backends.numpy_source import executable
from autodiff_trace.compiler.record.record import RecordTrace
from autodiff_trace.compiler.backends.numpy_source.executable import Executable
from autodiff_trace.compiler.dispatch.tree import TraceTree
from autodiff_trace.core.tracer import trace_stack
from autodiff_trace.captured_state.captured import CapturedState

X = np.array([1.0, 2.0, 3.0])
OUTSIDE = np.ones(3)


exec(compile("def bug(*args, **kwargs): raise KeyError('a bug')", autodiff_trace.__file__, "exec"), names := {})
bug = names["bug"]  # stands in the package


def broken(source, *args):
    """A program that does not even compile."""
    return Executable(source._replace(text=source.text.replace("return", "return (")), *args)


FAULTS = {
    "keys": (jitted, "take_apart", bug),
    "tests for arguments": (cache, "make_match", bug),
    "surroundings": (outside, "CapturedState", bug),
    "comparing them": (CapturedState, "hold", bug),
    "names of arguments": (tracing, "leaf_names", bug),
    "boxes": (RecordTrace, "input", bug),
    "steps": (RecordTrace, "process", bug),
    "results": (tracing, "own_outputs", bug),
    "compiler": (cache, "compile_program", bug),
    "source": (executable.Executable, "make_instance", bug),
    "tree": (TraceTree, "run", bug),
    "new programs": (TraceTree, "add", bug),
    "runs": (Executable, "run", bug),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults(fault, monkeypatch):
    compiled = jit(lambda x: {"a": anp.sin(x) * 2 + OUTSIDE}, backend="numpy")
    monkeypatch.setattr(*FAULTS[fault])
    with expect_warnings("please report"):
        for _ in range(4):
            assert_same(compiled(X), {"a": np.sin(X) * 2 + OUTSIDE})
    assert compiled.cache_info().failures > 0


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_beside_errors_of_the_function(fault, monkeypatch):
    compiled = jit(lambda x: anp.linalg.inv(x))
    monkeypatch.setattr(*FAULTS[fault])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(3):
            with pytest.raises(np.linalg.LinAlgError):
                compiled(np.zeros((2, 2)))
            assert_same(compiled(np.eye(2)), np.eye(2))


def test_faults_in_programs(monkeypatch):
    monkeypatch.setattr("autodiff_trace.compiler.backends.numpy_source.back_end.Executable", broken)
    for function in (lambda x: anp.sin(x) * 2, grad(lambda x: anp.sum(anp.sin(x)))):
        compiled = jit(function, backend="numpy")
        with expect_warnings("SyntaxError"):
            for _ in range(4):
                assert_same(compiled(X), function(X))
        assert compiled.cache_info()[:4] == (0, 2, 2, 1) and compiled.cache_info().failures == 1


def test_faults_of_programs_that_do_not_trust(monkeypatch):
    compiled = jit(lambda x: anp.sum(anp.where(x > 0, anp.log(x), 0.0)) / float_of(x[0]) if x.ndim else x)
    for x in (X, X):
        compiled(x)
    monkeypatch.setattr(cache, "compile_program", bug)
    x = X * np.nan
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        np.testing.assert_array_equal(compiled(x), compiled.fun(x))


def float_of(x):
    return x * 1.0


def test_errors_that_the_function_catches_are_no_faults():
    def factor(x):
        try:
            return anp.linalg.cholesky(x)
        except np.linalg.LinAlgError:
            return x * 0

    compiled = jit(factor)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for x in (np.eye(2), -np.eye(2)) * 20:
            assert_same(compiled(x), factor(x))
    info = compiled.cache_info()
    assert info.failures == 0 and info.hits == 19 and info.eager == 19


def test_a_function_runs_once_where_it_raises_its_own_error():
    class Mine(Exception):
        pass

    calls = []

    def function(x):
        calls.append(1)
        y = anp.sin(x) * 2
        if len(x) == 3:
            raise Mine("own")
        return y

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(3):
            calls.clear()
            with pytest.raises(Mine):
                jit(function)(X)
            assert len(calls) == 1


class Odd:
    """An object that has an error of its own where others have AttributeError."""

    def __getattr__(self, name):
        raise KeyError(name)


class Nothing:
    """One that cannot even be hashed or shown."""

    def __hash__(self):
        raise ZeroDivisionError

    __repr__ = __hash__

    def __eq__(self, other):
        raise RuntimeError


class Slots:
    __slots__ = ("a",)


class Frozen:
    def __getattribute__(self, name):
        raise KeyError(name)


class NoLength(list):
    def __len__(self):
        raise RuntimeError("no length")


class NoValues(dict):
    values = __iter__ = NoLength.__len__


class Elementwise:
    __hash__ = object.__hash__

    def __eq__(self, other):
        return np.ones(3) > 0


@pytest.mark.parametrize("kind", [Odd, Nothing, Slots, Frozen, NoLength, NoValues, Elementwise])
def test_objects_with_errors_of_their_own(kind):
    odd = kind()
    functions = [
        (lambda x, k: x * 2, (X, odd)), (lambda k, x: x * 2, ([odd, {"a": odd}], X)),
        (lambda x: x * 2 if odd is not None else x, (X,)),
    ]
    for function, args in functions:
        compiled = jit(function)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(3):
                assert_same(compiled(*args), X * 2)
        assert len(caught) <= 1 and compiled.cache_info().failures == 0


def test_objects_with_errors_of_their_own_beside_traced_values():
    class Scale:
        def __getattr__(self, name):
            raise KeyError(name)

        def __rmul__(self, x):
            return x * 3.0

    scale = Scale()
    p = extend.primitive(lambda x, how: x * 2.0)
    for function, x in ((lambda x: x * scale, 2.0), (lambda x: p(x, scale), X)):
        compiled = jit(function)
        for _ in range(3):
            assert_same(compiled(x), function(x))
        assert compiled.cache_info().failures == 0


# Interrupts


def many_rows(x, y):
    return anp.sum(anp.sin(x) * y + anp.exp(-x * x) * anp.tanh(y) + anp.sqrt(x * x + y) * anp.cos(x * y), axis=1)


@pytest.fixture
def alarm():
    before = signal.getsignal(signal.SIGALRM), num_threads()
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before[0])
    set_num_threads(before[1])


class TimeIsUp(Exception):
    pass


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no alarms here")
@pytest.mark.skipif(threading.current_thread() is not threading.main_thread(), reason="signals come to the main thread")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # in __del__
@pytest.mark.parametrize("error", [KeyboardInterrupt, TimeIsUp])
def test_interrupts(error, alarm):
    """Workers that go on after an interrupt write into buffers that no later call uses."""

    def stop(*args):
        raise error

    set_num_threads(4)
    signal.signal(signal.SIGALRM, stop)
    rng = np.random.default_rng(0)
    y = np.ones((2000, 100))
    arguments = [rng.normal(size=y.shape) for _ in range(3)]
    expected = [many_rows(x, y) for x in arguments]
    compiled = jit(many_rows)
    for x in arguments:
        compiled(x, y)
    start = time.perf_counter()
    compiled(x, y)
    taken = time.perf_counter() - start
    interrupts = 0
    for i in range(16):
        try:
            alarm(max(1e-5, rng.random() * taken))
            compiled(arguments[i % 3], y)
            alarm(0)
        except error:
            interrupts += 1
        finally:
            alarm(0)
        for j in (1, 2):
            np.testing.assert_allclose(compiled(arguments[(i + j) % 3], y), expected[(i + j) % 3], rtol=1e-9)
    info = compiled.cache_info()
    assert interrupts and info.failures == 0 and info.traces == 1


def recurrent(x):
    h = x
    with np.errstate(over="ignore"):
        for i in range(8):
            h = anp.tanh(h + x[i % 3]) if h[0] < 10 else h
    return anp.sum(h * anp.where(x > 0, x, 0.0))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no alarms here")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # in __del__
@pytest.mark.parametrize("error", [KeyboardInterrupt, TimeIsUp])
def test_interrupts_while_tracing_and_compiling(error, alarm):
    def stop(*args):
        raise error

    signal.signal(signal.SIGALRM, stop)
    slope, rng, state = grad(recurrent), np.random.default_rng(0), np.geterr()
    expected = slope(X)
    start = time.perf_counter()
    jit(slope)(X)
    taken = time.perf_counter() - start
    interrupts = 0
    for _ in range(30):
        compiled = jit(slope)
        try:
            alarm(max(1e-5, rng.random() * taken))
            compiled(X)
            alarm(0)
        except error:
            interrupts += 1
        finally:
            alarm(0)
        assert gc.isenabled() and not trace_stack.get() and np.geterr() == state
        for _ in range(3):
            np.testing.assert_allclose(compiled(X), expected, rtol=1e-12)
        info = compiled.cache_info()
        assert info.failures == info.eager == 0 and info.hits > 0
    assert interrupts
