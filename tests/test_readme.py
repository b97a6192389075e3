"""Each Python block of the README, and those of a page of docs together, run as written and print what they say."""

from __future__ import annotations

import doctest
import importlib.util
import math
import re

import pytest

from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```python\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
PAGES = [
    "array_types", "bayesian_inference", "debugging", "errors", "extending", "fit_with_scipy", "from_autograd",
    "from_scratch", "how_it_works", "load", "nn", "odes", "sparse_jacobians", "train_a_net", "tutorial",
]
"""Pages that are one program each."""


def page_of(name):
    """A page of the documents as text."""
    return (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")


NATIVE = page_of("native")
BLOCKS = [*BLOCK.findall(README), *["\n".join(BLOCK.findall(page_of(name))) for name in PAGES]]
PAGES_OF_EXAMPLES = ["array_libraries.md", "optim.md"]
"""Pages whose examples need libraries that need not be installed: each example is a test of its own."""
OPTIONAL = ["cupy", "dask", "distributed", "pandas", "scipy", "sparse", "xarray"]
DISTRIBUTED = page_of("distributed")
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


def test_readme_has_blocks():
    assert len(BLOCKS) >= 8


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[-1][:40])
def test_block(block):
    if re.search(r"\bscipy\b", block):
        pytest.importorskip("scipy", reason="the traced form of SciPy needs SciPy")
    check(block)


@pytest.mark.skipif(importlib.util.find_spec("llvmlite") is None, reason="regions are compiled by llvmlite")
def test_native_page():
    check("\n".join(BLOCK.findall(NATIVE)))


@pytest.mark.parametrize("page, block", [
    (page, block) for page in PAGES_OF_EXAMPLES
    for block in BLOCK.findall(page_of(page.removesuffix(".md")))
])
def test_page(page, block):
    for name in OPTIONAL:
        if re.search(rf"^>>> (import|from) {name}\b", block, flags=re.MULTILINE):
            library = pytest.importorskip(name, reason=f"an example of docs/{page} needs {name}")
            if name == "cupy" and not library.is_available():
                pytest.skip(f"an example of docs/{page} needs a GPU")
    check(block)


@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="the page is about dask.distributed")
def test_page_of_distributed():
    pytest.importorskip("scipy", reason="minimize runs SciPy's methods")
    check("\n".join(BLOCK.findall(DISTRIBUTED)))


def check(block):
    test = doctest.DocTestParser().get_doctest(block, {}, "README.md", "README.md", 0)
    assert test.examples
    report = []
    runner = doctest.DocTestRunner(checker=NumberChecker(), verbose=False, optionflags=doctest.ELLIPSIS)
    runner.run(test, out=report.append)
    assert not report, "".join(report)


@pytest.mark.parametrize("last", ["benchmarks.mlp", "pytest"])
def test_one_command_does_all(last):
    # .ci/run runs these lines as they stand.
    lines = [line for line in README.splitlines() if line.startswith("python3 -m venv ")]
    assert len(lines) == 2
    assert sum(line.endswith(f"python -m {last}") for line in lines) == 1
