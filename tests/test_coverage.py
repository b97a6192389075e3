"""Every public name of NumPy is accounted for."""

import numpy as np
import pytest

import coverage_document as coverage
from autodiff_trace import TracedValueError, grad, jit, vmap
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


def test_numpys_other_modules_are_there():
    for name in ("exceptions", "lib", "ma", "polynomial", "testing", "emath", "__version__"):
        assert getattr(anp, name) is getattr(np, name)
    for name in ("no_such_name", "_core"):
        with pytest.raises(AttributeError, match=f"autodiff_trace.numpy.*{name}"):
            getattr(anp, name)


def test_traced_arrays_name_their_namespace():
    def f(x):
        xp = x.__array_namespace__()
        assert x.__array_namespace__(api_version="2022.12") is xp is anp
        with pytest.raises(ValueError):
            x.__array_namespace__(api_version="1.0")
        if hasattr(np, "__array_namespace_info__"):  # since NumPy 2.1
            assert xp.__array_namespace_info__().default_dtypes()["real floating"] == np.float64
        return xp.sum(xp.concat([x, xp.ones(1)]) ** 2)

    x = np.array([1.0, 2.0])
    assert grad(f)(x).tolist() == [2.0, 4.0]
    assert vmap(f)(x[None]).tolist() == [jit(f)(x)] == [6.0]


def test_shapes_are_read_of_lists_with_traced_values():
    def f(x):
        nested = [[x[0], 1.0], x]
        assert anp.ndim(nested) == 2 and anp.shape(nested) == (2, 2) and anp.size([x[0], 3]) == 2
        assert anp.isrealobj(nested) and not anp.iscomplexobj([x[0], 2])
        assert anp.iscomplexobj([x[0], 1j]) and anp.iterable([x[0]]) and anp.iterable(x) and not anp.iterable(x[0])
        return anp.sum(x)

    x = np.array([1.0, 2.0])
    assert grad(f)(x).tolist() == [1.0, 1.0]
    assert vmap(f)(x[None]).tolist() == [jit(f)(x)] == [3.0]
