"""Errors that leave the package show the user's frames and those of other libraries, in order, and no others."""

import asyncio
import dataclasses
import gc
import io
import math
import os
import pdb
import subprocess
import sys
import threading
import traceback
import weakref
import zipfile

import numpy as np
import pytest

import autodiff_trace
from autodiff_trace import checkpoint, grad, jacobian, jit, jvp, optim, ravel_pytree, scan, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.core import errors
from autodiff_trace.core.errors import caller_line, is_own_file, is_users_file
from autodiff_trace.core.tracebacks import REMOVES_BORDER

X = np.array([1.0, 2.0])


class Mine(Exception):
    pass


def fail(x):
    raise Mine("mine")


def functions_in(error):
    """The functions that a traceback shows, ours in brackets; Python 3.10 leaves one of a border."""
    shown = [
        f"[{frame.f_code.co_name}]" if is_own_file(frame.f_code.co_filename) else frame.f_code.co_name
        for frame, _ in traceback.walk_tb(error.__traceback__)
    ]
    return shown if REMOVES_BORDER else [name for name in shown if not name.startswith("[")]


CALLS = {
    "grad": lambda: grad(fail)(X),
    "nested grad": lambda: grad(grad(fail))(1.0),
    "jacobian": lambda: jacobian(fail)(X),
    "vmap of grad": lambda: vmap(grad(fail))(X),
    "jit": lambda: jit(fail)(X),
    "jit of grad": lambda: jit(grad(fail))(X),
    "vjp": lambda: vjp(fail, X),
    "jvp": lambda: jvp(fail, (X,), (X,)),
    "checkpoint": lambda: grad(checkpoint(fail))(1.0),
    "scan": lambda: scan(lambda c, x: fail(x), 0.0, X),
    "schedule": lambda: optim.sgd(fail).update(1.0, optim.sgd(abs).init(1.0), 1.0),
    "transformation": lambda: optim.chain(optim.GradientTransformation(id, lambda *args: fail(1))).update(1, (1,)),
    "lbfgs": lambda: optim.lbfgs(fail).update(1.0, optim.lbfgs(fail).init(1.0), 1.0),
    "mask": lambda: optim.add_decayed_weights(1.0, fail).update(1.0, None, 1.0),
}


@pytest.mark.parametrize("name", CALLS)
def test_frames_of_the_package_are_hidden(name):
    with pytest.raises(Mine, match="^mine$") as caught:
        CALLS[name]()
    shown = functions_in(caught.value)
    assert shown[0] == "test_frames_of_the_package_are_hidden" and shown[-1] == "fail"
    assert set(shown[1:-1]) == {"<lambda>"}


def test_all_frames_are_shown_on_demand(monkeypatch):
    monkeypatch.setenv("AUTODIFF_TRACE_TRACEBACK", "full")
    with pytest.raises(Mine) as caught:
        grad(fail)(X)
    assert any(is_own_file(frame.f_code.co_filename) for frame, _ in traceback.walk_tb(caught.value.__traceback__))


@pytest.mark.parametrize("call", [
    lambda: anp.dot(X, np.ones(3)), lambda: anp.reshape(X, (3,)), lambda: anp.nothing, lambda: grad(f=1),
    lambda: grad(anp.sum)(), lambda: vjp(anp.sin, X)[1](np.ones(3)),
    lambda: optim.sgd().update(X, None, np.ones(3)), lambda: optim.clip_by_norm(1.0).update(X, X),
    lambda: ravel_pytree(X)[1](np.ones(3)), lambda: optim.cosine(0.1, 3)("x"),
])
def test_where_there_is_no_traced_function_the_call_itself_is_shown(call):
    with pytest.raises((TypeError, ValueError, AttributeError)) as caught:
        call()
    names = functions_in(caught.value)
    assert names[:2] == ["test_where_there_is_no_traced_function_the_call_itself_is_shown", "<lambda>"]
    assert not any(name.startswith("[") for name in names)


def test_frames_of_other_libraries_stay():
    with pytest.raises(np.linalg.LinAlgError) as caught:
        anp.linalg.inv(np.zeros((2, 2)))
    assert functions_in(caught.value)[1:] == ["inv", "_raise_linalgerror_singular"]

    def apply(x):
        return np.apply_along_axis(fail, 0, to_plain(x))

    with pytest.raises(Mine) as caught:
        grad(apply)(X)
    assert functions_in(caught.value)[1:] == ["apply", "apply_along_axis", "fail"]


def to_plain(x):
    return autodiff_trace.to_numpy(x)


def test_the_error_itself_is_the_one_that_was_raised():
    cause = KeyError("cause")
    error = Mine("text")
    if hasattr(error, "add_note"):
        error.add_note("a note")

    def f(x):
        raise error from cause

    with pytest.raises(Mine) as caught:
        vmap(grad(f))(X)
    assert caught.value is error and error.__cause__ is cause and error.args == ("text",)
    assert getattr(error, "__notes__", ["a note"]) == ["a note"]


def test_the_errors_that_it_goes_back_to_are_cleared_too():
    def f(x):
        try:
            return grad(fail)(x)
        except Mine as error:
            raise KeyError from error

    with pytest.raises(KeyError) as caught:
        vmap(f)(X)
    assert functions_in(caught.value.__cause__) == ["f", "fail"]


def test_chains_of_errors_may_be_circular():
    def f(x):
        first, second = Mine("first"), Mine("second")
        first.__cause__, second.__cause__ = second, first
        raise first

    with pytest.raises(Mine, match="first"):
        grad(f)(1.0)


def test_generators_threads_and_tasks():
    def steps(x):
        yield x
        fail(x)

    def f(x):
        return sum(steps(x))

    found = []

    def work():
        try:
            grad(f)(1.0)
        except Mine as error:
            found.append(functions_in(error))

    async def task():
        work()

    work()
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    asyncio.run(task())
    assert found == [["work", "f", "steps", "fail"]] * 3


def test_a_thread_may_begin_in_a_transformation():
    seen = []
    hook, threading.excepthook = threading.excepthook, lambda args: seen.append(args.exc_value)
    try:
        thread = threading.Thread(target=grad(fail), args=(1.0,))
        thread.start()
        thread.join()
    finally:
        threading.excepthook = hook
    assert functions_in(seen[0])[-1] == "fail"


def test_no_memory_is_kept_by_an_error_that_has_been_handled(small_heap):
    class Array(np.ndarray):
        pass

    def f(x):
        held = np.zeros(1000).view(Array)
        refs.append(weakref.ref(held))
        y = np.zeros(2)
        y[0] = x
        return x

    refs = []
    gc.collect()
    gc.disable()
    try:
        for transformed in (grad(f), vmap(f), grad(grad(f))):
            try:
                transformed(X if transformed.transformation == "vmap" else 1.0)
            except TypeError:
                pass
        assert [ref() for ref in refs] == [None] * len(refs)
    finally:
        gc.enable()


def test_a_debugger_ends_at_the_line_of_the_user():
    try:
        grad(fail)(1.0)
    except Mine as error:
        debugger = pdb.Pdb(stdin=io.StringIO(), stdout=io.StringIO(), nosigint=True, readrc=False)
        stack, current = debugger.get_stack(None, error.__traceback__)
        assert stack[current][0].f_code.co_name == "fail"


def test_classes_of_errors_may_be_frozen():
    @dataclasses.dataclass(frozen=True)
    class Frozen(Exception):
        code: int

    def f(x):
        raise Frozen(3)

    with pytest.raises(Frozen) as caught:
        grad(f)(1.0)
    assert functions_in(caught.value)[1:] == ["f"] and caught.value.code == 3


def test_deep_recursion_is_still_its_own_error():
    def deep(x):
        return grad(deep)(x)

    with pytest.raises(RecursionError):
        deep(1.0)
    assert grad(lambda x: x * x)(3.0) == 6.0


STANDARD, SITE = os.path.dirname(os.__file__), os.path.dirname(os.path.dirname(np.__file__))
FILES = {
    "/home/me/project/model.py": True,
    "<stdin>": True,
    "<string>": True,
    "<ipython-input-1-abc>": True,
    "/tmp/ipykernel_1/2.py": True,
    "<doctest model.f[0]>": True,
    "/home/me/app.pyz/model.py": True,
    "/home/me/numpy/model.py": True,
    "/home/me/venv/lib/python3.11/site-packages/pandas/core/frame.py": False,
    "/usr/lib/python3/dist-packages/scipy/optimize/_minimize.py": False,
    "/home/me/app.pyz/site-packages/pandas/core/frame.py": False,
    os.path.join(STANDARD, "functools.py"): False,
    os.path.join(SITE, "numpy", "_core", "numeric.py"): False,
    os.path.join(errors.SCRIPTS, "pytest"): False,
    "<frozen runpy>": False,
    errors.__file__: False,
    "<autodiff_trace jit function 1>": False,
}


@pytest.mark.parametrize("filename", FILES)
def test_which_files_are_the_users(filename):
    if os.sep == "\\":
        filename = filename.replace("/", "\\")
    assert is_users_file(filename) == FILES[filename]


def test_the_line_is_the_innermost_of_the_user_below_other_libraries():
    lines = []
    source = "def call(function):\n    return function()\n"
    scope = {}
    exec(compile(source, os.path.join(SITE, "library", "module.py"), "exec"), scope)
    scope["call"](lambda: scope["call"](lambda: lines.append(caller_line())))
    expected = sys._getframe().f_lineno - 1
    scope["call"](lambda: lines.append(scope["call"](caller_line)))
    assert lines == [f"{__file__}, line {expected}", f"{__file__}, line {expected + 2}"]


def test_where_all_is_installed_the_line_is_the_innermost_outside_the_package():
    code = (
        "from autodiff_trace.core import errors\n"
        "errors.owner_of_file = lambda name: errors.LIBRARY if name[0] == '<' else errors.OURS\n"
        "print(errors.caller_line())\n"
    )
    path = os.path.dirname(os.path.dirname(autodiff_trace.__file__))
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=path, check=True)
    assert run.stdout.strip() == "<string>, line 3"


def test_a_program_in_a_zip_file(tmp_path):
    program = "from autodiff_trace import grad\ndef f(x):\n    return float(x)\ngrad(f)(1.0)\n"
    with zipfile.ZipFile(tmp_path / "app.pyz", "w") as archive:
        archive.writestr("__main__.py", program)
    path = os.path.dirname(os.path.dirname(autodiff_trace.__file__))
    run = subprocess.run([sys.executable, str(tmp_path / "app.pyz")], capture_output=True, text=True,
                         env={**os.environ, "PYTHONPATH": path})
    assert "__main__.py, line 3)" in run.stderr and "transforms" not in run.stderr


@pytest.mark.parametrize("call", [
    lambda: jit(fail)(np.ones(2)),  # stops a recording, and runs without
    lambda: grad(lambda x: jit(fail)(x))(1.0),  # gets a traced value
    lambda: grad(lambda p: pytest.importorskip("autodiff_trace.scipy.integrate").quad(
        lambda t: math.sin(p * t), 0, 1)[0])(1.0),  # tries a batch first
])
def test_attempts_of_the_package_are_no_context_of_errors(call):
    with pytest.raises((Mine, TypeError)) as caught:
        call()
    assert caught.value.__context__ is None
    with pytest.raises((Mine, TypeError)) as caught:
        try:
            raise KeyError("of the user's")
        except KeyError:
            call()
    assert isinstance(caught.value.__context__, KeyError) and caught.value.__context__.__context__ is None


def test_what_an_attempt_says_of_a_traced_value_stays():
    with pytest.raises(AttributeError, match="'numpy.ndarray' object has no attribute 'at'") as caught:
        jit(lambda x: x.at[0].set(1.0))(np.ones(2))
    assert type(caught.value.__context__) is AttributeError and "which is JAX's" in str(caught.value.__context__)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="notes are of Python 3.11")
def test_where_another_library_replaces_an_error_a_note_says_what_to_write():
    optimize = pytest.importorskip("scipy.optimize")
    for name, run in (
        ("minimize", lambda a: optimize.minimize(lambda p: np.sum((p - a) ** 2), np.ones(2)).fun),
        ("brentq", lambda a: optimize.brentq(lambda x: x * x - a, 0.0, 5.0)),
    ):
        with pytest.raises((TypeError, ValueError, SystemError)) as caught:
            grad(lambda a, run=run: grad(run)(a))(2.0)
        # With SciPy's traced form loaded brentq's own error gets through.
        said = [str(caught.value), *getattr(caught.value, "__notes__", ())]
        assert sum(f"Write autodiff_trace.scipy.optimize.{name} instead" in each for each in said) == 1


def test_an_error_by_which_the_user_replaces_one_has_no_note():
    def f(x):
        try:
            return math.sin(x)
        except TypeError as error:
            raise ValueError("mine") from error

    with pytest.raises(ValueError, match="mine") as caught:
        grad(f)(1.0)
    assert not getattr(caught.value, "__notes__", ())
