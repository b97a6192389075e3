"""Every public name of SciPy is accounted for."""

import os

import pytest

from scipy_table import scipy  # skips the module without SciPy

import scipy_coverage_document as coverage
import scipy_refused

newest = pytest.mark.skipif(
    not scipy.__version__.startswith("1.17.") or "SCIPY_ARRAY_API" in os.environ,
    reason="the tables list the names of SciPy 1.17, as it is imported without further settings",
)


@newest
@pytest.mark.parametrize("area", coverage.AREAS)
def test_every_name_is_accounted_for(area):
    kinds = {name: coverage.classify(area, name) for name in coverage.public_names(area)}
    assert [name for name, kind in kinds.items() if kind == "missing"] == []


@newest
@pytest.mark.parametrize("area", coverage.AREAS)
def test_what_is_listed_as_refused_or_as_it_is_is_so(area):
    names = coverage.public_names(area)
    for table, kind in ((scipy_refused.REFUSED, "refused"), (scipy_refused.AS_THEY_ARE, "passed on")):
        listed = table.get(area, {})
        assert [name for name in listed if name not in names or coverage.classify(area, name) != kind] == []


@newest
@pytest.mark.parametrize("area", coverage.AREAS)
def test_every_name_is_there(area):
    assert [name for name in coverage.public_names(area) if not hasattr(coverage.ours(area), name)] == []


@newest
def test_the_document_is_true():
    _, mark, generated = coverage.DOCUMENT.read_text(encoding="utf-8").partition(coverage.MARK)
    assert mark + generated == coverage.describe(), "run python tests/scipy_coverage_document.py"
