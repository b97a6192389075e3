"""Modules import only from lower layers, stay short, and the core knows no NumPy."""

import ast
from pathlib import Path

import pytest

import autodiff_trace

ROOT = Path(autodiff_trace.__file__).parent

# From the bottom up; a module may import from the layers below its own, and from its own layer what stands before it.
LAYERS = [
    ["core.errors", "core.array_ops", "core.pytree"],
    ["core.tracer"],
    ["core.exact_numbers"],
    ["core.traits"],
    ["core.primitives", "core.cotangents", "core.canonical"],
    ["core.overwriting"],
    ["core.ownership"],
    ["core.derivative", "core.kept", "core.unread", "core.selections", "core.masked_rules", "core.backward"],
    ["core.reverse", "core.batching", "core.lowest", "core.choices"],
    ["core.forward"],
    ["core.taylor", "core.infinitesimals"],
    ["core"],
    ["numpy.halves"],
    ["numpy.lapack"],
    ["numpy.quick_forms", "numpy.row_sums", "numpy.namespace", "numpy.parameters", "numpy.layouts"],
    ["numpy.wrapped"],
    ["numpy.linalg", "numpy.fft", "numpy.random"],
    ["numpy.broadcasting", "numpy.mutation", "numpy.ufunc_folds", "numpy.mapped", "numpy.moving"],
    ["numpy.ufunc_methods"],
    ["numpy.error_states", "numpy.definers", "numpy.masks", "numpy.selections"],
    ["numpy.rules"],
    ["numpy.batching", "numpy.dependence", "numpy.taylor"],
    ["numpy.views", "numpy.buffers", "numpy.concatenators", "numpy.operators"],
    ["numpy.attributes", "numpy.shared_results", "numpy.writable_box"],
    ["numpy.array_box"],
    ["numpy.flat"],
    ["numpy"],
    ["transforms.border", "transforms.function", "transforms.ownership"],
    ["transforms.flat_function", "transforms.mapping", "transforms.products"],
    ["differences"],
    ["testing", "nn"],
    ["transforms"],
    ["compiler"],
    ["optim", "extend"],
    [""],
]


def find_modules():
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        yield name.removesuffix("__init__").rstrip("."), path


MODULES = list(find_modules())


def layer(name):
    """The layer of a module: that of the longest listed prefix."""
    parts = name.split(".")
    for length in range(len(parts), -1, -1):
        prefix = ".".join(parts[:length])
        for number, names in enumerate(LAYERS):
            if prefix in names and (prefix or not name):
                return number
    raise AssertionError(f"{name} is in no layer")


def imported(name, path):
    """The modules of the package that a module imports at its top."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [part for part in package if part][: len([p for p in package if p]) - node.level + 1]
            target = ".".join([*base, node.module] if node.module else base)
            for alias in node.names:
                full = f"{target}.{alias.name}".lstrip(".")
                yield full if any(full == each for each, _ in MODULES) else target


@pytest.mark.parametrize("name, path", MODULES, ids=[name or "package" for name, _ in MODULES])
def test_imports_point_downwards(name, path):
    for target in imported(name, path):
        lower = layer(target) < layer(name)
        same_family = layer(target) == layer(name) and (target.split(".")[0] == name.split(".")[0])
        assert lower or same_family, f"{name or 'the package'} imports {target}"


@pytest.mark.parametrize("name, path", MODULES, ids=[name or "package" for name, _ in MODULES])
def test_modules_are_short(name, path):
    assert len(path.read_text().splitlines()) <= 280


def test_the_core_knows_no_numpy():
    for path in (ROOT / "core").glob("*.py"):
        assert "import numpy" not in path.read_text()
