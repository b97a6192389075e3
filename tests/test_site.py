"""The site is complete: public names stand in the reference once, examples in the gallery, pages in a list of pages."""

import importlib.util
import inspect
import re
import runpy

import pytest

from tests.conftest import ROOT

DOCS = ROOT / "docs"
REFERENCE = {path.stem: path.read_text(encoding="utf-8") for path in sorted((DOCS / "api").glob("*.md"))}
MODULES = [
    "autodiff_trace", "autodiff_trace.autograd_compat", "autodiff_trace.compiler", "autodiff_trace.data",
    "autodiff_trace.debugging", "autodiff_trace.distributed", "autodiff_trace.extend", "autodiff_trace.nn",
    "autodiff_trace.nn.init", "autodiff_trace.optim", "autodiff_trace.processes", "autodiff_trace.testing",
]
MET = {
    "autodiff_trace.compiler.dispatch.cache.CacheInfo", "autodiff_trace.compiler.jitted.Jitted",
    "autodiff_trace.core.traits.Traits", "autodiff_trace.debugging.profiling.LineCost",
    "autodiff_trace.debugging.profiling.Profile",
}
"""What users meet and do not import, which has its place in the reference as well."""
DIRECTIVE = re.compile(
    r"^\.\. (?:currentmodule:: (?P<module>\S+)|(?:auto|py:)(?:function|class|exception|data):: (?P<name>\w+))",
    re.MULTILINE,
)
SUMMARY = re.compile(r"^\.\. currentmodule:: (\S+)\n\.\. autosummary::\n   :nosignatures:\n\n((?:   \w+\n)+)", re.M)


def described():
    """The names that pages of the reference describe, in order, with their modules."""
    names = []
    for text in REFERENCE.values():
        module = None
        for match in DIRECTIVE.finditer(text):
            module = match["module"] or module
            if match["name"]:
                names.append(f"{module}.{match['name']}")
    return names


def listed():
    """The names in the tables of the reference's first page."""
    return [f"{module}.{name}" for module, names in SUMMARY.findall(REFERENCE["index"]) for name in names.split()]


def test_no_name_is_described_or_listed_twice():
    assert len(described()) == len(set(described()))
    assert len(listed()) == len(set(listed()))


def test_the_first_page_lists_what_is_described():
    in_text = {"autodiff_trace.autograd_compat.isinstance", "autodiff_trace.autograd_compat.type"}
    assert set(described()) - MET - in_text == set(listed())
    assert set(described()) >= MET


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_is_described_once(module):
    if module.endswith("distributed"):
        pytest.importorskip("distributed", reason="the module needs dask.distributed")
    things = [thing_of(name) for name in described() if name not in MET and is_there(name)]
    found = importlib.import_module(module)
    for name in found.__all__:
        if not inspect.ismodule(thing := getattr(found, name)):
            assert sum(each is thing for each in things) == 1, f"{module}.{name} in docs/api"


def is_there(name):
    return not name.startswith("autodiff_trace.distributed.") or importlib.util.find_spec("distributed") is not None


def thing_of(name):
    module, _, last = name.rpartition(".")
    return getattr(importlib.import_module(module), last)


def test_every_page_is_in_a_list_of_pages():
    lists = re.compile(r"^```\{toctree\}\n(.*?)^```$", re.DOTALL | re.MULTILINE)
    for folder in (DOCS, DOCS / "api"):
        lines = "\n".join(lists.findall((folder / "index.md").read_text(encoding="utf-8"))).splitlines()
        entries = [re.sub(r".*<(.*)>", r"\1", line) for line in lines if line and not line.startswith(":")]
        pages = {path.stem for path in folder.glob("*.md")} - {"index"}
        assert sorted(entry for entry in entries if "/" not in entry) == sorted(pages)


def test_every_example_is_in_the_gallery_with_its_picture_and_source():
    pictures = runpy.run_path(str(DOCS / "pictures.py"))
    gallery = (DOCS / "gallery.md").read_text(encoding="utf-8")
    assert re.findall(r"^!\[.*\]\(pictures/(\w+)\.png\)$", gallery, re.MULTILINE) == (
        re.findall(r"^```\{literalinclude\} \.\./examples/(\w+)\.py$", gallery, re.MULTILINE)
    )
    assert set(re.findall(r"literalinclude\} \.\./examples/(\w+)\.py", gallery)) == set(pictures["EXAMPLES"])
    assert {path.stem for path in (DOCS / "pictures").glob("*.png")} == set(pictures["EXAMPLES"])
    assert pictures["old"]() == [], "examples have changed since their picture: python docs/pictures.py"
