"""What a release says of itself agrees: the version of the package, of the citation and of the change log."""

import configparser
import re

import autodiff_trace
from tests.conftest import ROOT


def test_the_version_of_the_citation():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {autodiff_trace.__version__}\n" in citation


def test_hosted_tests_run_on_each_python_that_is_said_to_work():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    said = re.findall(r"Python :: (3\.\d+)", config["metadata"]["classifiers"])
    matrix = (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    assert f'python: [{", ".join(f"{chr(34)}{each}{chr(34)}" for each in said)}]' in matrix


def test_extras_are_made_of_extras():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    extras = config["options.extras_require"]
    assert {"all", "bench", "dask", "docs", "native", "plot", "scipy", "test"} <= set(extras)
    named = re.search(r"autodiff_trace\[(.*)\]", extras["all"])[1].split(",")
    assert set(named) <= set(extras)


def test_the_change_log_says_when_this_version_was_released():
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.search(r"^date-released: (.*)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)[1]
    first, second = re.findall("^## (.*)$", changes, re.MULTILINE)[:2]
    assert (first, second) == ("Unreleased", f"{autodiff_trace.__version__} – {released}")


def test_addresses_are_those_of_one_repository():
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    url = config["metadata"]["url"]
    assert f'\nrepository-code: "{url}"\n' in (ROOT / "CITATION.cff").read_text(encoding="utf-8")


def test_the_source_distribution_takes_whole_folders():
    manifest = (ROOT / "MANIFEST.in").read_text(encoding="utf-8").splitlines()
    assert {f"graft {each}" for each in (".ci", ".github", "benchmarks", "docs", "examples", "tests")} <= set(manifest)
