"""Each example of the README and of the documents runs as written and prints what it says; links lead somewhere."""

from __future__ import annotations

import doctest
import importlib.util
import math
import re
from pathlib import Path

import pytest

import autodiff_trace
from tests.conftest import ROOT

FILES = {path.stem: path for path in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]}
PAGES = {name: path.read_text(encoding="utf-8") for name, path in FILES.items()}
BLOCK = re.compile(r"^```python\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
IMPORT = re.compile(r"^(?:>>>|\.\.\.) +(?:import|from) .*$", flags=re.MULTILINE)

OF_EXAMPLES = ["README", "array_libraries", "optim", "scipy"]
"""Pages whose examples are programs by themselves; those of any other page are one program together."""
NEEDED = {"native": ["llvmlite"], "distributed": ["distributed", "scipy"]}
"""What pages need that their examples do not import."""
OPTIONAL = ["cupy", "dask", "distributed", "pandas", "scipy", "sparse", "xarray"]
NUMBER = re.compile(r"(?<![\w.])-?\d+\.?\d*(?:e[-+]?\d+)?")


class NumberChecker(doctest.OutputChecker):
    """Takes numbers as equal that differ in the last digits: they do, between versions of NumPy and processors."""

    def check_output(self, want, got, optionflags):
        if super().check_output(want, got, optionflags):
            return True
        wanted, gotten = NUMBER.findall(want), NUMBER.findall(got)
        return (
            NUMBER.sub("", want).split() == NUMBER.sub("", got).split()
            and len(wanted) == len(gotten)
            and all(math.isclose(float(w), float(g), rel_tol=1e-7, abs_tol=1e-12) for w, g in zip(wanted, gotten))
        )


def programs_of(page):
    blocks = [block for block in BLOCK.findall(PAGES[page]) if block.startswith(">>>")]
    if page in OF_EXAMPLES:
        return [pytest.param(page, block, id=f"{page}-{number}") for number, block in enumerate(blocks)]
    return [pytest.param(page, "\n".join(blocks), id=page)] if blocks else []


@pytest.mark.parametrize("page, program", [program for page in PAGES for program in programs_of(page)])
def test_examples(page, program):
    imports = "\n".join(IMPORT.findall(program))
    for name in [name for name in OPTIONAL if re.search(rf"\b{name}\b", imports)] + NEEDED.get(page, []):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"an example of {page}.md needs {name}")
        if name == "cupy" and not importlib.import_module(name).is_available():
            pytest.skip(f"an example of {page}.md needs a GPU")
    test = doctest.DocTestParser().get_doctest(program, {}, page, str(FILES[page]), 0)
    report = []
    doctest.DocTestRunner(checker=NumberChecker(), verbose=False, optionflags=doctest.ELLIPSIS).run(
        test, out=report.append)
    assert not report, "".join(report)


def test_pages_have_examples():
    assert sum(bool(programs_of(page)) for page in PAGES) >= 20
    assert len(programs_of("README")) >= 6


@pytest.mark.parametrize("last", ["benchmarks.mlp", "pytest"])
def test_one_command_does_all(last):
    # .ci/run runs these lines as they stand.
    lines = [line for line in PAGES["README"].splitlines() if line.startswith("python3 -m venv ")]
    assert len(lines) == 2
    assert sum(line.endswith(f"python -m {last}") for line in lines) == 1


def test_each_public_name_stands_once_in_the_table_of_all():
    readme = PAGES["README"]
    table = readme[readme.index("## All that there is"):readme.index("## Documents")]
    spans = re.findall(r"`([\w.]+)`", table)
    modules = [f"autodiff_trace.{name}" for name in (
        "autograd_compat", "data", "distributed", "extend", "nn", "numpy", "optim", "processes", "scipy", "testing")]
    for name in [*(set(autodiff_trace.__all__) - {"numpy"}), *modules]:
        assert spans.count(name) == 1, name


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_to_files(page):
    text = re.sub(r"^```.*?^```$|`[^`]*`", "", PAGES[page], flags=re.DOTALL | re.MULTILINE)
    links = re.findall(r"\]\(([^)#\s]+)(?:#[\w-]+)?\)", text)
    folders = FILES[page].parent, Path(autodiff_trace.__file__).parents[1]  # the package may be installed elsewhere
    missing = [
        link for link in links if "://" not in link and not any((folder / link).exists() for folder in folders)]
    assert not missing
