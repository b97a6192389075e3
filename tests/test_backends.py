"""Which back end runs a jitted function: what the user, and the environment, ask for, and when native code comes in."""

import gc
import os
import pickle
import subprocess
import sys
import threading
import warnings
import weakref

import numpy as np
import pytest

from autodiff_trace import grad, graph, jit, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.compiler import JitWarning
from autodiff_trace.compiler.backends.native import back_end
from autodiff_trace.compiler.dispatch import native_programs
from autodiff_trace.compiler.dispatch.background import Background, background

from native_stand_in import StandIn, install

X = np.linspace(0.1, 1.2, 12).reshape(3, 4)


def function(x, y=2.0):
    return anp.sin(x) * y + x


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    monkeypatch.delenv("AUTODIFF_TRACE_BACKEND", raising=False)


@pytest.fixture
def native(monkeypatch):
    install(monkeypatch)


@pytest.fixture
def absent(monkeypatch):
    monkeypatch.setattr(back_end, "is_installed", lambda: False)
    monkeypatch.setattr(native_programs, "said", set())


def runs():
    return sum(region.runs for region in StandIn.regions)


def test_all_agree(native):
    for backend in ("auto", "numpy", "native"):
        jitted = jit(function, backend=backend)
        for _ in range(4):
            np.testing.assert_array_equal(jitted(X), function(X))
            background.wait()
        assert jitted.cache_info()[:3] == (3, 1, 0)


@pytest.mark.parametrize("options, message", [
    ({"backend": "llvm"}, r"backend='llvm'; there are 'auto', 'numpy', 'native'"),
    ({"backend": None}, "backend=None"),
    ({"backend": X}, "backend="),
    ({"math": "fast"}, "math='fast'; there are 'own' and 'numpy'"),
])
def test_others_are_errors(options, message):
    for make in (lambda: jit(function, **options), lambda: jit(**options)):
        with pytest.raises(ValueError, match=message):
            make()


def test_the_environment_says_what_auto_is(native, monkeypatch):
    monkeypatch.setenv("AUTODIFF_TRACE_BACKEND", "native")
    jitted = jit(function)
    jitted(X)
    assert len(StandIn.regions) == 1
    jit(function, backend="numpy")(X)
    assert len(StandIn.regions) == 1
    monkeypatch.setenv("AUTODIFF_TRACE_BACKEND", "numpy")
    for _ in range(3):
        jit(function)(X)
    background.wait()
    assert len(StandIn.regions) == 1
    monkeypatch.setenv("AUTODIFF_TRACE_BACKEND", "cuda")
    with pytest.raises(ValueError, match="AUTODIFF_TRACE_BACKEND='cuda' in the environment; it can be auto, numpy"):
        jit(function)
    monkeypatch.setenv("AUTODIFF_TRACE_BACKEND", "")
    assert jit(function).selection.backend == "auto"


def test_auto_begins_with_numpy(native):
    jitted = jit(function)
    jitted(X)
    background.wait()
    assert not StandIn.regions  # a program that is run once is not worth it
    jitted(X)
    background.wait()
    assert len(StandIn.regions) == 1 and not runs()
    np.testing.assert_array_equal(jitted(X), function(X))
    assert runs() == 1
    jitted(X)
    assert runs() == 2 and jitted.cache_info()[:3] == (3, 1, 0)


def test_each_path_and_kind_is_compiled(native):
    def either(x):
        return anp.sin(x) * 2 if anp.sum(x) > 0 else anp.cos(x) * 3

    jitted = jit(either)
    for _ in range(3):
        for x in (X, -X, X[0], -X[0]):
            np.testing.assert_array_equal(jitted(x), either(x))
            background.wait()
    assert len(StandIn.regions) == 4 and jitted.cache_info().traces == 4


def test_native_compiles_in_the_first_call(native):
    jitted = jit(function, backend="native")
    jitted(X)
    assert len(StandIn.regions) == 1
    jitted(X)
    assert runs() == 1


def test_it_goes_with_other_options(native):
    @jit(static_argnames="count", backend="native", math="numpy")
    def powers(x, count):
        for _ in range(count):
            x = anp.sin(x) * x
        return x

    np.testing.assert_allclose(powers(X, count=2), np.sin(np.sin(X) * X) * (np.sin(X) * X))
    powers(X, count=2)
    assert runs() == 1 and repr(powers) == (
        "jit(powers, static_argnames=('count',), backend='native', math='numpy')")
    no_loops = jit(function, backend="native", passes=("algebra",))
    no_loops(X), no_loops(X)
    assert runs() == 2


def test_derivatives_of_a_function_are_native_as_well(native):
    jitted = jit(lambda x: anp.sum(anp.sin(x) * x), backend="native")
    for transformation in (grad, lambda f: vmap(grad(f))):
        before = len(StandIn.regions)
        derivative = transformation(jitted)
        for _ in range(2):
            np.testing.assert_allclose(derivative(X), np.cos(X) * X + np.sin(X))
        assert len(StandIn.regions) > before
    assert float(grad(lambda x: jitted(x) * 2.0)(0.5)) == pytest.approx(2 * (np.cos(0.5) * 0.5 + np.sin(0.5)))


def test_it_is_pickled(native):
    jitted = pickle.loads(pickle.dumps(jit(function, backend="native", math="numpy")))
    assert jitted.asked == ("native", "numpy")
    np.testing.assert_array_equal(jitted(X), function(X))
    assert len(StandIn.regions) == 1
    g = pickle.loads(pickle.dumps(graph(jit(function, backend="native"), X)))
    np.testing.assert_array_equal(g(X), function(X))
    assert "region_1" in g.source


def test_clear_cache_lets_programs_go(native, small_heap):
    jitted = jit(function, backend="native")
    jitted(X), jitted(X)
    region = weakref.ref(StandIn.regions.pop())
    jitted.clear_cache()
    gc.collect()
    assert region() is None and jitted.cache_info().programs == 0
    jitted(X)
    assert len(StandIn.regions) == 1


def test_what_waits_to_be_compiled_keeps_no_arguments(native, small_heap):
    jitted = jit(function)
    x = X + 0.0
    argument = weakref.ref(x)
    jitted(x)
    del x
    gc.collect()
    assert argument() is None
    jitted(X)
    background.wait()
    jitted(X)
    assert runs() == 1


def test_without_llvmlite_numpy_runs_and_says_so_once(absent):
    with pytest.warns(JitWarning, match=r"llvmlite is not installed.*pip install autodiff_trace\[native\]"):
        np.testing.assert_array_equal(jit(function, backend="native")(X), function(X))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        other = jit(function, backend="native")
        other(X), other(X)
        for _ in range(3):
            jit(function)(X)
    assert other.cache_info()[:3] == (1, 1, 0)


def test_where_warnings_are_errors_that_is_one(absent):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        jitted = jit(function, backend="native")
        with pytest.raises(JitWarning, match="llvmlite is not installed"):
            jitted(X)
        np.testing.assert_array_equal(jitted(X), function(X))
    assert jitted.cache_info().failures == 0


def test_an_llvmlite_that_cannot_be_used(native, monkeypatch):
    monkeypatch.setattr(back_end, "why_unavailable", lambda: "llvmlite 0.1 is too old")
    with pytest.warns(JitWarning, match="llvmlite 0.1 is too old"):
        jit(function, backend="native")(X)
    jitted = jit(function)
    for _ in range(3):
        jitted(X)
        background.wait()
    assert not StandIn.regions


@pytest.mark.filterwarnings("ignore::autodiff_trace.compiler.JitWarning")
@pytest.mark.parametrize("backend", ["auto", "native"])
@pytest.mark.parametrize("error", [RuntimeError("no memory"), KeyError("x")])
def test_faults_of_the_back_end_harm_nobody(backend, error, native, monkeypatch):
    def fail(self, program):
        raise error

    monkeypatch.setattr(StandIn, "compile", fail)
    jitted = jit(function, backend=backend)
    for _ in range(4):
        np.testing.assert_array_equal(jitted(X), function(X))
        background.wait()
    assert jitted.cache_info()._replace(arena_bytes=0) == (3, 1, 0, 1, 1, 0, 0)
    assert len(native_programs.said) == 1 and "please report" in native_programs.said.pop()


def test_a_native_program_goes_on_where_one_of_numpy_has_met_infinity(native, monkeypatch):
    monkeypatch.setattr(native_programs, "LEAST_SHARE", 0.0)

    def divided(x):
        return anp.where(x > 0.3, anp.log(x) / x, 0.0) * 2

    slope = grad(lambda x: anp.sum(divided(x)))
    with np.errstate(all="ignore"):
        jitted = jit(slope)
        for x in (X, X, X * 0, X, X * 0, X * np.inf, X):
            np.testing.assert_allclose(jitted(x), slope(x), rtol=1e-14)
            background.wait()
    assert runs()


def test_threads_call_while_programs_are_replaced(native):
    jitted = jit(lambda x: anp.sin(x) * 2 + anp.cos(x) if anp.sum(x) > 0 else anp.cos(x) * 2 - x)
    wrong = []

    def work(seed):
        random = np.random.default_rng(seed)
        for _ in range(300):
            x = random.normal(size=3)
            want = np.sin(x) * 2 + np.cos(x) if np.sum(x) > 0 else np.cos(x) * 2 - x
            if not np.array_equal(jitted(x), want):
                wrong.append(x)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    background.wait()
    assert not wrong and runs() and jitted.cache_info().failures == 0


def test_the_thread_does_what_it_is_given_until_the_end():
    done, own = [], Background()
    for i in range(5):
        own.submit(lambda i=i: done.append(i))
    own.wait()
    own.finish()
    own.submit(lambda: done.append("late"))
    own.wait()
    assert done == [0, 1, 2, 3, 4]


ENDING = """
import sys, time
sys.path[:0] = {path!r}
import numpy as np, pytest, native_stand_in
from autodiff_trace import jit, numpy as anp
native_stand_in.install(pytest.MonkeyPatch())
compile_it = native_stand_in.StandIn.compile
def slowly(self, program):
    time.sleep(0.5)
    print("compiled", flush=True)
    return compile_it(self, program)
native_stand_in.StandIn.compile = slowly
f = jit(lambda x: anp.sin(x) * 2 + x)
f(1.0), f(2.0)
time.sleep(0.1)
{end}
"""


@pytest.mark.parametrize("end, text", [
    ("", "compiled\n"),
    ("raise SystemExit(0)", "compiled\n"),
    ("""import os
if (child := os.fork()) == 0:
    g = jit(lambda x: anp.cos(x) * 2 + x)
    g(1.0), g(2.0)
    from autodiff_trace.compiler.dispatch.background import background
    background.wait()
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
""", "compiled\ncompiled\n"),
])
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_the_interpreter_ends_and_forks_while_something_is_compiled(end, text):
    path = [os.path.dirname(__file__), os.path.dirname(os.path.dirname(back_end.__file__)).rpartition(
        "autodiff_trace")[0]]
    run = subprocess.run([sys.executable, "-W", "ignore", "-c", ENDING.format(path=path, end=end)],
                         capture_output=True, text=True, timeout=60)
    assert (run.returncode, run.stdout, run.stderr) == (0, text, "")


def test_unasked_only_what_is_mostly_native_takes_the_place(native):
    def mostly_numpy(x):
        for _ in range(8):
            x = anp.linalg.inv(x + anp.eye(3))
        return anp.sin(x) * 2

    for backend, count in (("auto", 0), ("native", 1)):
        jitted = jit(mostly_numpy, backend=backend)
        for _ in range(3):
            jitted(np.eye(3))
            background.wait()
        assert len(StandIn.regions) == count


def test_llvmlite_is_not_imported_before_it_is_needed():
    code = ("import sys; from autodiff_trace import jit, numpy as anp; f = jit(lambda x: anp.sin(x) * 2, "
            "backend='numpy'); f(1.0), f(2.0), jit(lambda x: x * 2 + 1)(1.0); "
            "sys.exit(any(each.startswith('llvmlite') or each.endswith('native.code') for each in sys.modules))")
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_quick_calls_end_where_something_changes(native):
    """A call like the last goes through one function; what it was made from may be another in the next."""
    scale = [2.0]
    table = np.ones(4)

    def changing(x, y=None):
        return (anp.sin(x) * scale[0] + table) if anp.sum(x) > -100 else anp.cos(x)

    for backend in ("numpy", "native", "auto"):
        jitted = jit(changing, backend=backend)
        for i in range(40):
            x = [X, X * 2, X[0], X[:, ::2] if i % 5 == 4 else X, -X * 200][i // 2 % 5]
            scale[0] = [2.0, 3.0, 2.0][i // 13 % 3]
            table[:] = i
            if x.shape[-1] == 2:
                continue
            np.testing.assert_array_equal(jitted(x), changing(x))
            if i == 20:
                jitted.clear_cache()
            if i == 10:
                background.wait()


def test_an_error_is_that_of_the_function_in_each_call(native):
    def solve(x):
        return anp.linalg.inv(x) * 2 + 1

    for backend in ("numpy", "native"):
        jitted = jit(solve, backend=backend)
        for i in range(12):
            if i % 3 == 2:
                with pytest.raises(np.linalg.LinAlgError, match="Singular"):
                    jitted(np.zeros((2, 2)))
            else:
                np.testing.assert_allclose(jitted(np.eye(2) * (i + 1)), solve(np.eye(2) * (i + 1)))
        assert jitted.cache_info().failures == 0


def test_the_same_array_twice_is_another_kind_of_arguments(native):
    jitted = jit(lambda x, y: anp.sin(x) * 2 if x is y else anp.sin(x) * y + 1, backend="native")
    other = X + 1.0
    for _ in range(3):
        np.testing.assert_array_equal(jitted(X, other), np.sin(X) * other + 1)
        np.testing.assert_array_equal(jitted(X, X), np.sin(X) * 2)


def test_traced_values_run_the_function_between_quick_calls(native):
    jitted = jit(lambda x: anp.sin(x) * 2 + x, backend="native")
    for _ in range(3):
        assert float(jitted(0.5)) == np.sin(0.5) * 2 + 0.5
        assert float(grad(lambda x: jitted(x) * 3.0)(0.5)) == pytest.approx(3 * (2 * np.cos(0.5) + 1))
        assert float(jit(lambda x: jitted(x) * 2)(0.5)) == 2 * (np.sin(0.5) * 2 + 0.5)
