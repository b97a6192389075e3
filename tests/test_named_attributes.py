"""Attributes that a function asks for by name: by names that it computes, and ones that are not there yet."""

import importlib
import sys
import types

import numpy as np
import pytest

from autodiff_trace import checkpoint, grad, jit, vjp


class Weights:
    def __init__(self):
        self._q = 2.0

    def get(self, name):
        return getattr(self, "_" + name)

    def first(self, x):
        return x**2


READS = {
    "sum": lambda m, x, k="q": x**2 * getattr(m, "_" + k),
    "f-string": lambda m, x, k="q": x**2 * getattr(m, f"_{k}"),
    "percent": lambda m, x, k="q": x**2 * getattr(m, "_%s" % k),  # noqa: UP031
    "join": lambda m, x, k="q": x**2 * getattr(m, "".join(["_", k])),
    "slice": lambda m, x, k="q": x**2 * getattr(m, "x_q"[1:]),
    "default": lambda m, x, k="q": x**2 * getattr(m, "_" + k, 1.0),
    "inside": lambda m, x, k="q": x**2 * m.get(k),
    "object": lambda m, x, k="q": x**2 * object.__getattribute__(m, "_" + k),
    "method": lambda m, x, k="q": x**2 * m.__getattribute__("_" + k),
    "format": lambda m, x, k="q": x**2 * float("{0._q}".format(m)),  # noqa: UP030, UP032
    "format_map": lambda m, x, k="q": x**2 * float("{m._q}".format_map({"m": m})),
    "locals": lambda m, x, k="q": x**2 * float("{m._q}".format(**locals())),
    "constant": lambda m, x, k="q": x**2 * getattr(m, "_q"),  # noqa: B009
    "computed default": lambda m, x, k="q": x**2 * getattr(m, "_q", -float(x.size) + x.size * 2.0),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_jit_notices_what_is_read_by_a_computed_name(read):
    model, x = Weights(), np.array([1.0, 2.0])
    run, slope = jit(lambda x: read(model, x)), jit(grad(lambda x: read(model, x)))
    for q in (2.0, 2.0, 5.0, 7.0):
        model._q = q
        np.testing.assert_array_equal(run(x), x**2 * q)
        np.testing.assert_array_equal(slope(x), 2 * x * q)


class Wrapping:
    def __init__(self):
        self.__dict__["_count"] = 0.0

    def __setattr__(self, name, value):
        object.__setattr__(self, "_" + name, value)

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self, "_" + name)

    def __call__(self, x):
        self.count = self.count + 1.0
        return x * self.count


def test_jit_makes_changes_by_computed_names_in_each_call():
    model = Wrapping()
    run = jit(model)
    assert [float(run(2.0)) for _ in range(4)] == [2.0, 4.0, 6.0, 8.0]
    assert model.count == 4.0


def reads_missing(kind):
    """Functions of an object that may lack an attribute, with what gives it one."""
    m = kind()

    def caught(x):
        try:
            return x**2 * m.scale
        except AttributeError:
            return x**2

    def by_default(x):
        return x**2 * getattr(m, "scale", 1.0)

    def method(x):
        return m.first(x)

    return m, {"caught": caught, "default": by_default, "method": method}


@pytest.mark.parametrize("name", ["caught", "default", "method"])
def test_checkpoint_runs_again_without_what_was_added(name):
    m, functions = reads_missing(type("Fresh", (Weights,), {}))
    x = np.array([1.0, 2.0])
    pull = vjp(checkpoint(functions[name]), x)[1]
    m.scale, m.first = 5.0, lambda x: x**3
    np.testing.assert_array_equal(pull(np.ones(2))[0], 2 * x)
    assert m.scale == 5.0 and "first" in vars(m)


@pytest.mark.parametrize("name", ["caught", "default"])
@pytest.mark.parametrize("level", [None, 0, 1])
def test_jit_notices_an_attribute_that_object_or_class_gets(name, level):
    kind = type("Fresh", (type("Base", (Weights,), {}),), {})
    m, functions = reads_missing(kind)
    x = np.array([1.0, 2.0])
    run = jit(functions[name])
    for _ in range(2):
        np.testing.assert_array_equal(run(x), x**2)
    owner = m if level is None else kind.__mro__[level]
    owner.scale = 5.0
    np.testing.assert_array_equal(run(x), 5 * x**2)


def test_jit_notices_what_is_read_of_the_dict_of_a_class():
    class Owner:
        scale = 2.0

    run = jit(lambda x: x * Owner.__dict__["scale"])
    for scale in (2.0, 2.0, 5.0):
        Owner.scale = scale
        assert float(run(3.0)) == 3.0 * scale


@pytest.mark.parametrize("load", [importlib.import_module, __import__])
def test_jit_notices_what_is_read_of_a_module_that_is_loaded_by_name(load, monkeypatch):
    module = types.ModuleType("module_of_a_test")
    module.scale = 1.0
    monkeypatch.setitem(sys.modules, module.__name__, module)
    run = jit(lambda x: x * load("module_of_a_test").scale)
    with pytest.warns(Warning, match="runs without jit"):
        run(3.0)
    for scale in (2.0, 2.0, 5.0):
        module.scale = scale
        assert float(run(3.0)) == 3.0 * scale
