"""mypy and pyright on programs of users, and how much of the public interface has types.

``python tests/type_checkers.py`` prints the share of public names whose types are complete by ``pyright --verifytypes``
(a minute; the package has to be installed), and those that are not.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from type_stubs import ROOT, WRAPPED

PROGRAMS = Path(__file__).parent / "typed_programs"
COMPAT = "differential_operators extend misc misc.flatten misc.optimizers test_util util".split()
PAGE = ROOT / "docs" / "types.md"
MARK = "# mistake"


def public_modules() -> list[str]:
    """The modules that users import from, by their full names, those below others first."""
    import autodiff_trace

    names = ["", *autodiff_trace.LOADED_WHEN_ASKED_FOR, *WRAPPED, *[f"autograd_compat.{name}" for name in COMPAT]]
    return sorted((f"autodiff_trace.{name}".rstrip(".") for name in names), key=lambda name: -name.count("."))


def marked_lines() -> set[tuple[str, int]]:
    """The lines of the programs that say that they are mistakes: file and number."""
    return {
        (path.name, i)
        for path in PROGRAMS.glob("*.py")
        for i, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if MARK in line
    }


def page_program() -> str:
    """The program on the page about types."""
    return re.search(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)[1]


def copy_programs(folder: Path) -> None:
    """The programs in a folder of their own, where a checker sees nothing else."""
    shutil.copytree(PROGRAMS, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "page.py").write_text(page_program(), encoding="utf-8")


def check_with_mypy(folder: Path) -> tuple[set[tuple[str, int]], str]:
    """The lines of the programs of which ``mypy --strict`` complains, and what it says."""
    copy_programs(folder)
    options = ["--strict", "--follow-imports=silent", "--cache-dir", str(folder / ".cache")]
    # What MYPYPATH finds is checked, too, unless imports are followed silently, as those of installed packages are.
    text = run([sys.executable, "-m", "mypy", *options, "."], folder, MYPYPATH=str(ROOT))
    return {(name, int(line)) for name, line in re.findall(r"^(\w+\.py):(\d+): error", text, re.MULTILINE)}, text


def check_with_pyright(folder: Path) -> tuple[set[tuple[str, int]], str]:
    """The lines of the programs of which pyright complains, and what it says."""
    copy_programs(folder)
    (folder / "pyrightconfig.json").write_text(json.dumps({"include": ["."], "extraPaths": [str(ROOT)]}))
    text = run([sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", sys.executable], folder)
    errors = [each for each in json.loads(text)["generalDiagnostics"] if each["severity"] == "error"]
    return {(Path(each["file"]).name, each["range"]["start"]["line"] + 1) for each in errors}, text


def incomplete_names() -> tuple[list[str], int]:
    """The public names whose types pyright does not know in full, and how many public names there are."""
    command = [sys.executable, "-m", "pyright", "--verifytypes", "autodiff_trace", "--ignoreexternal", "--outputjson"]
    with tempfile.TemporaryDirectory() as folder:  # where pyright finds nothing but what is installed for this Python
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        found = json.loads(run(command, Path(folder), PATH=path))["typeCompleteness"]
    modules = {each["name"] for each in found["modules"]}
    names = [(each["name"], each["isTypeKnown"]) for each in found["symbols"] if each["isExported"]]
    public = {name: known for name, known in names if is_public(name, modules)}
    return sorted(name for name, known in public.items() if not known), len(public)


def is_public(name: str, modules: set[str]) -> bool:
    """Whether a name is one of a module that users import from, or of what such a module offers."""
    module = name
    while module not in modules:
        module = module.rpartition(".")[0]
    if module == name or module not in public_modules():
        return False
    try:
        offered = getattr(importlib.import_module(module), "__all__", None)
    except ImportError:  # it needs a library that is not installed
        offered = None
    return offered is None or name[len(module) + 1 :].split(".")[0] in offered


def run(command: list[str], folder: Path, **environment: str) -> str:
    """What a checker prints."""
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env={**os.environ, **environment})
    assert done.stdout, done.stderr
    return done.stdout


if __name__ == "__main__":
    wrong, count = incomplete_names()
    print(*wrong, f"{1 - len(wrong) / count:.2%} of {count} public names", sep="\n")
