"""Every public name says what it does, with an example that is run (by --doctest-modules)."""

import doctest
import inspect
import types

import pytest

import autodiff_trace
from autodiff_trace import data, extend, nn, optim, testing

MODULES = [autodiff_trace, data, extend, nn, nn.init, optim, testing]
NAMES = [
    pytest.param(getattr(module, name), id=f"{module.__name__}.{name}")
    for module in MODULES
    for name in module.__all__
    if not isinstance(getattr(module, name), types.ModuleType)
]
# Met rather than called; and register_array_type wants an array library that need not be installed.
WITHOUT_EXAMPLE = {
    "ArrayBox", "Box", "EndedTraceError", "MissingRuleError", "MutationError", "NonFiniteError", "TracedValueError",
    "register_array_type",
}


@pytest.mark.parametrize("thing", NAMES)
def test_docstring(thing):
    text = inspect.getdoc(thing)
    assert text and text[0] not in " \n" and text.split("\n")[0].rstrip()[-1] in ".:", "a summary line is missing"
    if thing.__name__ not in WITHOUT_EXAMPLE:
        assert doctest.DocTestParser().get_examples(text), "an example is missing"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_all_is_sorted_and_true(module):
    assert list(module.__all__) == sorted(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)
    assert module.__doc__
