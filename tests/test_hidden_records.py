"""``jit`` and variables that are named tuples or dataclasses, which are replaced by others like them, and slots that
get other values: hidden inputs."""

import types
import warnings

import numpy as np
import pytest

from autodiff_trace import jit
from autodiff_trace.compiler.jitted import JitWarning

IMPORTS = """
import dataclasses
from typing import NamedTuple
import numpy as np
from autodiff_trace import grad, jit
from autodiff_trace import numpy as anp
"""

TUPLE = """
class S(NamedTuple):
    w: object
    lr: float
    name: str = "a"
    def loss(self, x): return anp.sum(self.w * x) * self.lr
def change(s, **new): return s._replace(**new)
s = S(np.ones(3), 0.5)
"""

CLASS = """
@dataclasses.dataclass
class S:
    w: object
    lr: float
    name: str = "a"
    k = 2.0
    def loss(self, x): return anp.sum(self.w * x) * self.lr
    @property
    def rate(self): return self.lr * S.k
change = dataclasses.replace
s = S(np.ones(3), 0.5)
"""

FROZEN = CLASS.replace("dataclass\n", "dataclass(frozen=True)\n")

SLOTS = CLASS.replace("dataclass\n", "dataclass(slots=True)\n")

RECORDS = [TUPLE, CLASS, FROZEN, SLOTS]

STEP = "s = change(s, w=s.w * 0.9)"

# What stands above the function, what it returns, what changes between calls.
QUICK = {
    "array": ("", "anp.sum(s.w * x) * s.lr", STEP),
    "number": ("", "anp.sum(s.w * x) * s.lr", "s = change(s, lr=s.lr * 0.9)"),
    "both": ("", "anp.sum(s.w * x) * s.lr", "s = change(s, w=s.w * 0.9, lr=s.lr * 0.9)"),
    "method": ("", "s.loss(x)", STEP),
    "derivative": ("g = grad(lambda x: s.loss(x))", "g(x)", STEP),
    "function that reads it": ("def h(s, x): return s.w * x + len(s.name)", "h(s, x)", STEP),
    "attribute": ("class M: pass\nm = M(); m.s = s", "m.s.loss(x)", "m.s = change(m.s, w=m.s.w * 0.9)"),
    "item": ("d = {'s': s}", "d['s'].loss(x)", "d['s'] = change(d['s'], w=d['s'].w * 0.9)"),
    "inside another": ("t = change(s, w=2.0, lr=s)", "anp.sum(t.lr.w * x)",
                       "t = change(t, lr=change(t.lr, w=t.lr.w * 0.9))"),
    "list inside": ("s = change(s, w=[np.ones(3), 2.0])", "s.w[0] * x * s.w[1]",
                    "s = change(s, w=[s.w[0] * 0.9, s.w[1] + 1.0])"),
    "plain NumPy": ("", "x * np.log(s.w).sum()", STEP),
}

# Others by whose names the same objects are known, and changes of form: these must be noticed.
NOTICED = {
    "another name": ("t = s", "s.loss(x) + t.loss(x)", STEP),
    "array by another name": ("W = s.w", "s.w * x + W", "s = change(s, w=s.w * 0.9); W = W + 1"),
    "array that is written": ("W = s.w", "s.w * x + W", STEP + "; s.w[0] += 1; W[0] += 1"),
    "bound method": ("h = s.loss", "s.loss(x) + h(x)", STEP),
    "bound method alone": ("h = s.loss", "h(x)", STEP),
    "in a list as well": ("l = [s]", "s.loss(x) + l[0].loss(x)", STEP),
    "default": ("def h(x, s=s): return s.loss(x)", "h(x) + s.loss(x)", STEP),
    "text": ("", "x * len(s.name)", "s = change(s, name=s.name + 'a')"),
    "text or None": ("", "x if s.name is None else x * 2", "s = change(s, name=None if s.name else 'a')"),
    "number or array": ("", "x * s.lr", "s = change(s, lr=np.ones(3) if type(s.lr) is float else 1.0)"),
    "shape": ("", "x * s.w.size", "s = change(s, w=np.ones(s.w.size + 1))"),
    "method that is replaced": ("k = [1]", "s.loss(x)",
                                STEP + "; k[0] += 1; S.loss = (lambda k: lambda self, x: x * k)(k[0])"),
    "taken apart": ("def h(s): return [*s] if isinstance(s, tuple) else dataclasses.astuple(s)", "x * h(s)[0]", STEP),
    "replaced by the function": ("", "change(s, lr=3.0).loss(x)", STEP),
    "what is in it is written": ("", "s.loss(x)", STEP + "; s.w[0] += 1"),
}

# Of dataclasses alone.
OF_CLASSES = {
    "property": ("", "x * s.rate", "s = change(s, lr=s.lr + 1.0); S.k += 1"),
    "variable of the class": ("", "x * s.k * s.lr", "s = change(s, lr=s.lr + 1.0); S.k += 1"),
    "own variable": ("", "x * s.k * s.lr", "s = change(s, lr=s.lr + 1.0); s.k = s.lr"),
    "further attribute": ("", "x * getattr(s, 'q', 1.0) * s.lr", "s = change(s, lr=s.lr + 1.0); s.q = s.lr"),
    "both ways": ("", "s.loss(x)", "s.lr += 1; s = change(s, w=s.w + 1)\nif s.lr > 3: s.w *= 2"),
    "counts": ("def h(x):\n    s.lr += 1\n    return s.loss(x)", "h(x)", STEP),
}


OBJECT = """
class A:
    __slots__ = ("__w", "q")
    def __init__(self): self.__w, self.q = np.ones(3), 1.0
    def w(self): return self.__w
    def up(self): self.__w = self.__w * 0.9
class S(A):
    __slots__ = ("lr", "unset", "__weakref__")
    def loss(self, x): return anp.sum(self.w() * x) * self.lr
s = S()
s.lr = 0.5
"""

# Of objects with slots: those that need few traces, and others.
SLOTS_QUICK = {
    "array": ("", "s.loss(x)", "s.up()"),
    "number": ("", "s.loss(x)", "s.lr += 1"),
    "array that is written": ("", "x * np.log(s.w()).sum()", "s.w()[...] += 1"),
    "handed on": ("def h(s, x): return s.w() * x + s.q", "h(s, x)", "s.up()"),
    "list": ("s.q = [np.ones(3)]", "x * s.q[0]", "s.q[0] = s.q[0] * 0.9"),
    "below an attribute": ("class M: pass\nm = M(); m.s = s", "m.s.loss(x)", "m.s.up()"),
    "with attributes": ("class T(S): pass\nt = T(); t.lr = t.k = 1.0", "t.loss(x) + t.k", "t.up(); t.k += 1"),
}
SLOTS_NOTICED = {
    "empty": ("def h(x):\n    try:\n        return x * s.unset\n    except AttributeError:\n        return x", "h(x)",
              "s.unset = 2.0 if not hasattr(s, 'unset') else s.unset + 1"),
    "emptied": ("s.unset = 1.0\ndef h(x): return x * getattr(s, 'unset', 3.0)", "h(x)",
                "if hasattr(s, 'unset'): del s.unset\nelse: s.unset = 2.0"),
    "another name": ("t = s", "s.loss(x) + t.w()", "s.up()"),
    "counts": ("def h(x):\n    s.lr += 1\n    return s.loss(x)", "h(x)", "s.up()"),
    "is trained": ("def h(x):\n    s.q = s.w() * x\n    s.up()\n    return s.loss(x) + s.q", "h(x)", ""),
    "is deleted": ("def h(x):\n    y = s.w() * s.q\n    del s.q\n    return x * y", "h(x)", "s.q = s.lr; s.lr += 1"),
    "property over it": ("class T(S):\n    @property\n    def q(self): return self.lr * 2\n    @q.setter\n"
                         "    def q(self, new): pass\nt = T(); t.lr = 1.0", "t.loss(x) + t.q", "t.up(); t.lr += 1"),
    "class": ("class T(S):\n    __slots__ = ()\n    def w(self): return 3.0", "s.loss(x)",
              "s.__class__ = T if type(s) is S else S"),
}


def run(record, setup, result, change, calls=14):
    modules = []
    for _ in range(2):
        module = types.ModuleType("a_module_of_mine")
        exec(f"{IMPORTS}{record}{setup}\ndef f(x): return {result}", vars(module))
        modules.append(module)
    plain, other = modules
    compiled = jit(other.f)
    x = np.array([0.5, -1.5, 2.0])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for i in range(calls):
            expected, actual = plain.f(x), compiled(x)
            np.testing.assert_allclose(actual, expected, rtol=1e-14, err_msg=f"call {i}")
            for module in modules:
                exec(change, vars(module))
    info = compiled.cache_info()
    assert not info.failures
    return info, [str(each.message) for each in caught if each.category is JitWarning]


@pytest.mark.parametrize("record", RECORDS, ids=["tuple", "class", "frozen", "slots"])
@pytest.mark.parametrize("row", QUICK)
def test_records_are_inputs(row, record):
    info, messages = run(record, *QUICK[row])
    assert info.traces <= 3 and not info.eager and not messages, (info, messages)


@pytest.mark.parametrize("record", RECORDS, ids=["tuple", "class", "frozen", "slots"])
@pytest.mark.parametrize("row", NOTICED)
def test_other_names_and_forms_are_noticed(row, record):
    run(record, *NOTICED[row])


@pytest.mark.parametrize("row", OF_CLASSES)
def test_attributes_besides_fields_are_noticed(row):
    run(CLASS, *OF_CLASSES[row])


@pytest.mark.parametrize("row", SLOTS_QUICK)
def test_slots_are_inputs(row):
    info, messages = run(OBJECT, *SLOTS_QUICK[row])
    assert info.traces <= 3 and not info.eager and not messages, (info, messages)


@pytest.mark.parametrize("row", SLOTS_NOTICED)
def test_changes_of_slots_are_noticed(row):
    run(OBJECT, *SLOTS_NOTICED[row])


def test_a_method_keeps_its_record():
    module = types.ModuleType("a_module_of_mine")
    exec(f"{IMPORTS}{CLASS}\nS.both = lambda self, x: self.loss(x) + s.loss(x)", vars(module))
    plain, compiled = module.s.both, jit(module.s.both)
    x = np.array([0.5, -1.5, 2.0])
    for _ in range(8):
        np.testing.assert_allclose(compiled(x), plain(x))
        exec(STEP, vars(module))
        plain.__self__.lr += 1


def test_a_form_that_another_thread_changes():
    """Between the comparison and the run: that call runs the function, and nothing has failed."""
    module = types.ModuleType("a_module_of_mine")
    exec(f"{IMPORTS}{TUPLE}\ndef f(x): return x * s.lr * np.sum(s.w[:2])", vars(module))
    compiled = jit(module.f)
    for w in (2.0, 3.0, 4.0):
        module.s = module.s._replace(w=np.full(3, w))
        assert compiled(1.0) == w
    (version,) = compiled.cache.latest[1].versions
    hidden = version.tree.hidden
    hold = version.captured.hold

    def change_after():
        is_held = hold()
        module.s = module.s._replace(w=np.full(4, 5.0))
        return is_held

    version.captured.hold = change_after
    compiled.cache.latest[1].look_closely()  # a quick call knows the other
    assert compiled(1.0) == 5.0
    assert compiled.cache_info().failures == 0 and hidden.places
