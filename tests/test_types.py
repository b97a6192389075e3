"""Types: the stubs are true, checkers take programs of users as they are and find the mistakes in them."""

import ast
import importlib
import importlib.metadata
import importlib.util
import inspect
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="the stubs and the programs are about SciPy, too")

import scipy  # noqa: E402

import type_checkers  # noqa: E402
import type_stubs  # noqa: E402
from type_checkers import PROGRAMS, marked_lines  # noqa: E402
from type_stubs import NEWEST, PACKAGE  # noqa: E402

VERSIONS = {"numpy": np.__version__, "scipy": scipy.__version__}
needs_newest = pytest.mark.skipif(
    any(not VERSIONS[name].startswith(f"{version}.") for name, version in NEWEST.items())
    or not hasattr(np, "float128"),
    reason=f"the stubs describe {NEWEST} where float128 is",
)
WRITTEN = ["autograd_compat.differential_operators", "compiler", "compiler.jit", "scipy", "transforms"]
"""Modules whose stubs are written by hand."""
NOT_IMPORTED = {"euclidean"}
"""Modules beside a stub that no other module imports."""
UNTYPED = {"unknown", "vectors", "nary_op_args", "nary_op_kwargs"}
"""Parameters that are there for mistakes alone, or that hardly anyone gives."""


@needs_newest
def test_stubs_are_up_to_date():
    for path, text in type_stubs.all_stubs().items():
        assert path.read_text(encoding="utf-8") == text, f"{path.relative_to(PACKAGE)}: run python tests/type_stubs.py"


def test_every_stub_is_written_or_generated():
    generated = {*map(type_stubs.stub_path, [*type_stubs.WRAPPED, *type_stubs.OURS, *WRITTEN])}
    assert {path for path in PACKAGE.rglob("*.pyi") if not path.name.startswith("_types")} == generated


def test_no_stub_defines_a_name_of_a_module():
    """mypy takes it for the module, where it reads the stub from its cache."""
    for path in PACKAGE.rglob("__init__.pyi"):
        modules = {each.stem if each.suffix else each.name for each in path.parent.iterdir()}
        nodes = ast.parse(path.read_text(encoding="utf-8")).body
        names = {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        names |= {node.target.id for node in nodes if isinstance(node, ast.AnnAssign)}
        assert names & modules <= NOT_IMPORTED, path.relative_to(PACKAGE.parent)


@pytest.mark.parametrize("name", WRITTEN)
def test_written_stubs_name_what_is_there(name):
    """Each public name, with the names of its parameters; a new one needs a line there."""
    module = importlib.import_module(f"autodiff_trace.{name}")
    found = declared_names(ast.parse(type_stubs.stub_path(name).read_text(encoding="utf-8")))
    missing = set(module.__all__) - set(found)
    assert not missing, f"add {sorted(missing)} to {type_stubs.stub_path(name).relative_to(PACKAGE.parent)}"
    for public in module.__all__:
        for definition in found[public]:
            if isinstance(definition, ast.FunctionDef):
                names = [each for each in inspect.signature(getattr(module, public)).parameters if each not in UNTYPED]
                assert parameter_names(definition.args) == names, public


def declared_names(tree):
    """From each name that a stub declares to what declares it."""
    found = {}
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.setdefault(node.name, []).append(node)
        elif isinstance(node, ast.ImportFrom):
            found |= {each.asname: [node] for each in node.names}
        elif isinstance(node, ast.AnnAssign):
            found[node.target.id] = [node]
    return found


def parameter_names(args):
    variadic = [each.arg for each in (args.vararg,) if each] + [each.arg for each in args.kwonlyargs]
    return [each.arg for each in args.posonlyargs + args.args] + variadic + [each.arg for each in (args.kwarg,) if each]


def test_no_module_says_that_it_has_every_name():
    """``__getattr__`` of a module says so to a type checker, unless it stands below ``if not TYPE_CHECKING``."""
    for name in type_checkers.public_modules():
        module = PACKAGE.parent.joinpath(*name.split("."))
        path = module / "__init__.py" if module.is_dir() else module.with_suffix(".py")
        if path.exists() and not path.with_suffix(".pyi").exists():
            tree = ast.parse(path.read_text(encoding="utf-8"))
            names = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
            assert "__getattr__" not in names, f"{path.relative_to(PACKAGE.parent)}: put it below if not TYPE_CHECKING"


@pytest.mark.parametrize("path", sorted(PROGRAMS.glob("*.py")), ids=lambda path: path.stem)
def test_programs_run(path: Path, capsys):
    spec = importlib.util.spec_from_file_location(f"typed_program_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main()


def test_the_page_runs(capsys):
    exec(compile(type_checkers.page_program(), str(type_checkers.PAGE), "exec"), {})
    assert capsys.readouterr().out == "[1. 1.]\n"


@pytest.mark.parametrize("checker, check", [
    ("mypy", type_checkers.check_with_mypy), ("pyright", type_checkers.check_with_pyright),
], ids=["mypy", "pyright"])
def test_checkers_report_the_mistakes_and_nothing_else(checker, check, tmp_path):
    pytest.importorskip(checker, reason=f"{checker} is not installed")
    found, text = check(tmp_path)
    assert found - marked_lines() == set(), text
    assert marked_lines() - found == set(), "mistakes that are not reported"


@pytest.mark.slow
def test_the_public_interface_has_types():
    pytest.importorskip("pyright", reason="pyright is not installed")
    try:
        importlib.metadata.version("autodiff_trace")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("pyright finds installed packages alone")
    wrong, count = type_checkers.incomplete_names()
    assert count > 2500 and len(wrong) < 0.05 * count, wrong
