"""Run a Python program whose ``import autograd`` finds this package: a script, a module, or code.

    python -m autodiff_trace.autograd_compat script.py argument…
    python -m autodiff_trace.autograd_compat -m pytest tests
    python -m autodiff_trace.autograd_compat -c "import autograd"

The program sees what it would see under ``python script.py argument…``: ``sys.argv``, ``sys.path``, ``__main__``. With
``--as-autograd`` before the program, traced values say that they are autograd's (``install(as_autograd=True)``). The
Python processes that it starts, however they are started, find this package too, unless they ignore the environment
(``python -I``, ``python -E``): its folder ``startup`` is in their ``PYTHONPATH``.
"""

from __future__ import annotations

import builtins
import importlib.util
import io
import os
import pkgutil
import sys
from importlib.machinery import BuiltinImporter, ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from .installing import install

__all__ = ["main"]

STARTUP = str(Path(__file__).parent / "startup")
USAGE = (
    "usage: python -m autodiff_trace.autograd_compat [--as-autograd] (script | -m module | -c code | -) [argument ...]"
)

Program = tuple[CodeType, dict[str, Any]]
"""Code, and what its module is to have."""


def main() -> None:
    """Run the program that ``sys.argv`` names."""
    words = sys.argv[1:]
    as_autograd = words[:1] == ["--as-autograd"]
    if as_autograd:
        del words[0]
    if words[:1] in (["-h"], ["--help"]):
        print(f"{USAGE}\n\n{__doc__}")
        return
    if words in ([], ["-m"], ["-c"]):
        sys.exit(USAGE)
    install(as_autograd)
    hand_on(as_autograd)
    if words[0] == "-m":
        sys.argv[:] = ["-m", *words[2:]]
        run(module_program(words[1]))
    elif words[0] == "-c":
        sys.argv[:] = ["-c", *words[2:]]
        put_first_on_path("")
        run(text_program(words[1], "<string>"))
    else:
        sys.argv[:] = words
        run(text_program(sys.stdin.read(), "<stdin>") if words[0] == "-" else file_program(words[0]))


def hand_on(as_autograd: bool) -> None:
    """Let the Python processes that this one starts find ``autograd`` here."""
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join([STARTUP, *(path for path in paths if path not in ("", STARTUP))])
    os.environ["AUTODIFF_TRACE_AS_AUTOGRAD"] = "1" if as_autograd else "0"


def run(program: Program) -> None:
    """Run code in a module that is ``__main__`` from now on, also for threads and what runs at the exit."""
    code, attributes = program
    module = ModuleType("__main__")
    vars(module).update({"__builtins__": builtins, "__spec__": None, **attributes})
    sys.modules["__main__"] = module
    exec(code, vars(module))


def put_first_on_path(folder: str) -> None:
    """Let the folder of the program take the place of that of this one, unless Python was told to have none."""
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = folder


def text_program(text: str, file_name: str) -> Program:
    return compile(text, file_name, "exec", dont_inherit=True), {"__loader__": BuiltinImporter}


def file_program(path: str) -> Program:
    """A script; or a folder or an archive that has a module ``__main__``."""
    importer = pkgutil.get_importer(path)
    spec = importer.find_spec("__main__") if importer is not None else None
    if spec is not None:
        put_first_on_path(os.path.abspath(path))
        return spec_program(spec)
    file_name = os.path.abspath(path)
    put_first_on_path(os.path.dirname(os.path.realpath(path)))
    try:
        with io.open_code(file_name) as file:
            text = file.read()
    except OSError as error:
        print(f"{sys.executable}: can't open file {file_name!r}: [Errno {error.errno}] {error.strerror}",
              file=sys.stderr)
        sys.exit(2)
    attributes = {"__file__": file_name, "__cached__": None, "__loader__": SourceFileLoader("__main__", file_name)}
    return compile(text, file_name, "exec", dont_inherit=True), attributes


def module_program(name: str) -> Program:
    """A module, or the module ``__main__`` of a package, as ``python -m`` finds it."""
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            name = f"{name}.__main__"
            spec = importlib.util.find_spec(name)
    except ModuleNotFoundError as error:
        sys.exit(f"{sys.executable}: Error while finding module specification for {name!r} ({error!r})")
    if spec is None:
        sys.exit(f"{sys.executable}: No module named {name}")
    sys.argv[0] = spec.origin
    return spec_program(spec)


def spec_program(spec: ModuleSpec) -> Program:
    attributes = {
        "__file__": spec.origin, "__cached__": spec.cached, "__loader__": spec.loader, "__package__": spec.parent,
        "__spec__": spec,
    }
    return spec.loader.get_code(spec.name), attributes


if __name__ == "__main__":
    main()
