"""``import autograd`` finds ``autodiff_trace.autograd_compat``, in a process or for a whole program."""

from __future__ import annotations

import importlib
import importlib.util
import os
import pickle
import pkgutil
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from fresh_process import run_python

from autodiff_trace import autograd_compat
from autodiff_trace.autograd_compat.__main__ import main
from autodiff_trace.autograd_compat.installing import finder, is_installed
from autodiff_trace.core.tracer import Box
from autodiff_trace.numpy.array_box import ArrayBox

ROOT = Path(__file__).parent.parent
RUN = [sys.executable, "-m", "autodiff_trace.autograd_compat"]


@pytest.fixture
def installed():
    autograd_compat.install()
    yield
    autograd_compat.uninstall()
    assert not is_installed()
    assert not [name for name in sys.modules if name.split(".")[0] == "autograd"]


def native(name):
    return importlib.import_module(f"autodiff_trace.autograd_compat{name.removeprefix('autograd')}")


# In this process


@pytest.mark.parametrize("name", ["autograd", "autograd.installing", "autograd.startup"])
def test_a_module_is_one_object_under_both_names(installed, name):
    module = importlib.import_module(name)
    assert module is native(name) is sys.modules[name]
    assert module.__spec__.name == module.__name__ == native(name).__name__
    assert importlib.import_module(name) is module


def test_statements(installed):
    import autograd
    import autograd.installing as module
    from autograd import installing

    assert autograd is autograd_compat
    assert module is installing is autograd_compat.installing


def test_modules_are_imported_when_they_are_asked_for():
    assert run_python(
        "import sys; from autodiff_trace import autograd_compat; autograd_compat.install()\n"
        "print([name for name in sys.modules if name.startswith('autograd')])\n"
        "import autograd; print([name for name in sys.modules if name.startswith('autograd')])"
    ) == ["[]", "['autograd']"]


def test_specs(installed):
    assert importlib.util.find_spec("autograd.installing").origin == autograd_compat.installing.__file__
    assert "autograd.installing" not in sys.modules
    assert importlib.util.find_spec("autograd.startup").submodule_search_locations
    assert importlib.util.find_spec("autograd.no_such_module") is None
    assert importlib.util.find_spec("autograd_gamma_that_is_not_there") is None
    loader = importlib.util.find_spec("autograd.installing").loader
    source = Path(autograd_compat.installing.__file__).read_text(encoding="utf-8")
    assert loader.get_source("autograd.installing") == source


def test_a_module_that_is_not_there_is_named(installed):
    with pytest.raises(ModuleNotFoundError, match=r"'autograd\.no_such_module'") as caught:
        importlib.import_module("autograd.no_such_module")
    assert caught.value.name == "autograd.no_such_module"
    with pytest.raises(ImportError, match="no_such_name"):
        from autograd import no_such_name  # noqa: F401


def test_reload(installed):
    module = importlib.import_module("autograd.startup")
    assert importlib.reload(module) is module is native("autograd.startup")


def test_walk(installed):
    import autograd

    names = [each.name for each in pkgutil.walk_packages(autograd.__path__, "autograd.")]
    assert {"autograd.installing", "autograd.startup"} <= set(names)
    assert sys.modules["autograd.startup"] is native("autograd.startup")


def test_each_module_that_autograd_has_is_one_object(installed):
    pytest.importorskip("scipy")
    import autograd
    import autograd.numpy as np
    import autograd.scipy.stats.norm as norm
    from autograd.numpy.numpy_boxes import ArrayBox as box_class

    assert np is autograd.numpy is autograd_compat.numpy and norm is autograd.scipy.stats.norm
    assert box_class is native("autograd.numpy.numpy_boxes").ArrayBox
    for each in pkgutil.walk_packages(autograd.__path__, "autograd."):
        if not each.name.endswith(("__main__", "sitecustomize")):
            assert importlib.import_module(each.name) is native(each.name)


def test_pickle(installed):
    from autograd.installing import install

    assert pickle.loads(pickle.dumps(install)) is autograd_compat.install
    assert pickle.loads(b"cautograd.installing\ninstall\n.") is autograd_compat.install


def test_install_and_uninstall_again():
    for _ in range(2):
        autograd_compat.install()
    assert sys.meta_path.count(finder) == 1
    for _ in range(2):
        autograd_compat.uninstall()
    assert finder not in sys.meta_path
    assert "autograd" not in sys.modules


class Greedy:
    """A finder that has come in front, as pytest's does, and would load a module once more."""

    asked = ()

    def find_spec(self, fullname, path=None, target=None):
        self.asked += (fullname,)
        return None


def test_the_finder_stays_first(installed, monkeypatch):
    greedy = Greedy()
    monkeypatch.setattr(sys, "meta_path", [greedy, *sys.meta_path])
    importlib.import_module("autograd.installing")
    assert "autograd.installing" not in greedy.asked
    autograd_compat.uninstall()
    assert finder not in sys.meta_path
    autograd_compat.install()


def write_autograd(folder):
    package = folder / "autograd"
    (package / "numpy").mkdir(parents=True)
    (package / "__init__.py").write_text("where = 'the real one'")
    (package / "numpy" / "__init__.py").write_text("")
    (package / "only_there.py").write_text("")


@pytest.fixture
def real(tmp_path, monkeypatch):
    """A package that stands for the real autograd, imported."""
    known = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".")[0] == "autograd"}
    write_autograd(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("autograd.numpy")
    for name in ("autograd", "autograd.numpy", "autograd.only_there"):
        sys.modules.pop(name, None)
    sys.modules.update(known)


def test_the_real_one_is_set_aside_and_put_back(real):
    autograd_compat.install()
    try:
        assert importlib.import_module("autograd") is autograd_compat
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("autograd.only_there")
    finally:
        autograd_compat.uninstall()
    assert importlib.import_module("autograd").where == "the real one"
    assert importlib.import_module("autograd.numpy") is real
    importlib.import_module("autograd.only_there")


def test_threads_that_import_at_once(installed):
    found, start = [], threading.Barrier(8)

    def load():
        start.wait()
        found.append((importlib.import_module("autograd"), importlib.import_module("autograd.startup")))

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(autograd_compat, native("autograd.startup"))] * 8


def test_boxes_say_that_they_are_of_autograd_on_request():
    names = [each.__module__ for each in (Box, ArrayBox)]
    try:
        for _ in range(2):
            autograd_compat.install(as_autograd=True)
            assert (Box.__module__, ArrayBox.__module__) == ("autograd.tracer", "autograd.numpy.numpy_boxes")
        autograd_compat.install()
        assert [each.__module__ for each in (Box, ArrayBox)] == names
        autograd_compat.install(as_autograd=True)
    finally:
        autograd_compat.uninstall()
    assert [each.__module__ for each in (Box, ArrayBox)] == names


# A whole program

PROGRAM = """\
import sys
print(sys.argv, __name__, __spec__ and __spec__.name, __package__, __doc__, globals().get("__file__"))
print(sys.path[:2], getattr(__loader__, "name", __loader__), __cached__ if "__cached__" in globals() else None)
print(sys.modules["__main__"].__dict__ is globals(), sorted(name for name in globals() if name != "__annotations__"))
import beside
def function(): pass
import pickle, threading
threading.Timer(0.05, lambda: print(pickle.loads(pickle.dumps(function)) is function)).start()
"""


def run(command, folder, environment=()):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **dict(environment)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, input="print(__name__)")
    return done.returncode, done.stdout, done.stderr


def write_program(folder):
    for path in (folder, folder / "below", folder / "package"):
        path.mkdir(exist_ok=True)
        (path / "beside.py").write_text("")
    (folder / "script.py").write_text(PROGRAM)
    (folder / "below" / "script.py").write_text(PROGRAM)
    (folder / "package" / "__init__.py").write_text("")
    (folder / "package" / "__main__.py").write_text(PROGRAM)
    (folder / "package" / "module.py").write_text(PROGRAM)
    (folder / "exits.py").write_text("import sys; sys.exit(7)")


@pytest.mark.parametrize("words", [
    ["script.py"], ["below/script.py", "one", "-m", "two"], ["link.py"], ["-m", "script", "-x"], ["-m", "package"],
    ["-m", "package.module", "a"], ["package"], ["-c", PROGRAM, "a", "b"], ["-"], ["exits.py"],
], ids=" ".join)
def test_a_program_sees_what_it_would_see_under_python(tmp_path, words):
    write_program(tmp_path)
    if words == ["link.py"]:
        try:
            (tmp_path / "link.py").symlink_to(tmp_path / "below" / "script.py")
        except OSError:
            pytest.skip("Windows lets this user make no symbolic links")
    assert run([*RUN, *words], tmp_path) == run([sys.executable, *words], tmp_path)


@pytest.mark.parametrize("words, message", [
    (["no_such.py"], "can't open file"), (["-m", "no_such"], "No module named no_such"),
    (["-m", "no.such"], "Error while finding module"), ([], "usage:"),
])
def test_what_cannot_be_run(tmp_path, words, message):
    code, output, error = run([*RUN, *words], tmp_path)
    assert code != 0 and message in error and "Traceback" not in error


@pytest.mark.parametrize("option", ["-m", "-c"])
def test_an_option_without_its_word(option, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["autograd_compat", option])
    with pytest.raises(SystemExit, match="usage:"):
        main()


def test_help(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["autograd_compat", "--help"])
    main()
    assert capsys.readouterr().out.startswith("usage: python -m autodiff_trace.autograd_compat")


def test_an_error_of_the_program_is_shown(tmp_path):
    (tmp_path / "wrong.py").write_text("1 / 0")
    code, output, error = run([*RUN, "wrong.py"], tmp_path)
    assert code == 1 and "wrong.py" in error and error.endswith("ZeroDivisionError: division by zero\n")


def test_a_program_finds_autograd_here(tmp_path):
    write_autograd(tmp_path)
    (tmp_path / "script.py").write_text("import autograd; print(autograd.__name__)")
    assert run([*RUN, "script.py"], tmp_path) == (0, "autodiff_trace.autograd_compat\n", "")


def test_tests_find_autograd_here(tmp_path):
    (tmp_path / "conftest.py").write_text("import autograd")
    (tmp_path / "test_it.py").write_text(
        "import autograd\ndef test_it():\n    assert autograd.__name__ == 'autodiff_trace.autograd_compat'")
    code, output, error = run([*RUN, "-m", "pytest", "-q", "-p", "no:cacheprovider"], tmp_path)
    assert code == 0, output + error


CHILDREN = """\
import multiprocessing, subprocess, sys
import autograd
def name(_):
    import autograd
    return autograd.__name__
if __name__ == "__main__":
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        print(pool.map(name, [0]))
    subprocess.run([sys.executable, "-c", "import autograd; print(autograd.__name__)"])
    subprocess.run([sys.executable, "-c", "import sys; print('numpy' in sys.modules)"])
"""


def test_processes_of_a_program_find_autograd_here(tmp_path):
    (tmp_path / "script.py").write_text(CHILDREN)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(f"open({str(tmp_path / 'seen')!r}, 'w').close()")
    path = [str(ROOT), str(tmp_path / "site")]
    code, output, error = run([*RUN, "script.py"], tmp_path, {"PYTHONPATH": os.pathsep.join(path)}.items())
    assert output.splitlines() == [
        "['autodiff_trace.autograd_compat']", "autodiff_trace.autograd_compat", "False"], error
    assert (tmp_path / "seen").exists()  # a sitecustomize that ours hides is run, too


def test_a_program_and_its_processes_where_boxes_are_to_say_autograd(tmp_path):
    code = textwrap.dedent("""\
        import autograd, subprocess, sys
        from autodiff_trace.core.tracer import Box
        print(Box.__module__, flush=True)
        if len(sys.argv) == 1:
            subprocess.run([sys.executable, "script.py", "child"])
    """)
    (tmp_path / "script.py").write_text(code)
    assert run([*RUN, "--as-autograd", "script.py"], tmp_path) == (0, "autograd.tracer\nautograd.tracer\n", "")
