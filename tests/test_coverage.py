"""Every public name of NumPy is accounted for."""

import numpy as np
import pytest

import coverage_document as coverage
from autodiff_trace import TracedValueError, grad
from autodiff_trace import numpy as anp
from autodiff_trace.numpy.array_box import ArrayBox


@pytest.mark.parametrize("title", coverage.MODULES)
def test_every_function_is_accounted_for(title):
    module, ours = coverage.MODULES[title]
    kinds = {name: coverage.classify(name, f, ours) for name, f in coverage.public_functions(module).items()}
    assert [name for name, kind in kinds.items() if kind == "missing"] == []


@pytest.mark.parametrize("title", coverage.MODULES)
def test_every_name_is_there(title):
    module, ours = coverage.MODULES[title]
    names = [name for name in coverage.public_functions(module)]
    assert [name for name in names if not hasattr(ours, name)] == []


def test_every_attribute_of_arrays_is_accounted_for():
    attributes = [name for name in dir(np.ndarray) if not name.startswith("_")]
    assert [name for name in attributes if not hasattr(ArrayBox, name) and name not in coverage.NOT_ON_BOXES] == []


def test_random_numbers_are_numpys_and_refuse_traced_parameters():
    np.random.seed(0)
    expected = np.random.normal(size=3)
    anp.random.seed(0)
    np.testing.assert_array_equal(anp.random.normal(size=3), expected)
    names = [name for name in np.random.__all__ if not name.startswith("_")]
    assert [name for name in names if not hasattr(anp.random, name)] == []
    with pytest.raises(TracedValueError, match=r"test_coverage\.py.*loc \+ scale"):
        grad(lambda x: anp.random.normal(x))(1.0)


@pytest.mark.skipif(not np.__version__.startswith("2.4."), reason="the document lists the names of NumPy 2.4")
def test_the_document_is_true():
    assert coverage.DOCUMENT.read_text(encoding="utf-8") == coverage.describe(), "run python tests/coverage_document.py"
