"""What ``jit`` watches, what it takes as constant, what makes it run eagerly: the table in ``docs/surroundings.md``."""

import os
import re
import types
import warnings
from pathlib import Path

import numpy as np
import pytest

from autodiff_trace import grad, jit
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.jitted import JitWarning

DOCUMENT = Path(__file__).parent.parent / "docs" / "surroundings.md"

IMPORTS = """
import abc, array, collections, contextvars, dataclasses, datetime, decimal, enum, fractions, functools, io, itertools
import logging, operator, os, pathlib, random, threading, time, types, weakref
from typing import NamedTuple
import numpy as np
from autodiff_trace import jit
"""

MODEL = """
class Model:
    def __init__(self):
        self.w, self.lam, self.step, self.log, self.cfg = 1.0, 0.5, 0, [], {"lr": 1.0, "step": 0}
    def loss(self, x):
        return x * self.lam + self.cfg["lr"]
    @property
    def scale(self):
        return self.lam * 2
    @classmethod
    def kind(cls):
        return cls.factor
    factor = 2.0
m = Model()
"""

# Row of the table: (what stands above the function, what it returns, what changes before every third call).
WATCHED = {
    "global variable": ("k = 1.0", "x * k", "k += 1"),
    "global that comes later": ("def h(x):\n    try:\n        return x * k\n    except NameError:\n"
                                "        return x", "h(x)",
                                "k = 2.0"),
    "variable of a function around": ("def make():\n    k = [1.0]\n    def up(): k[0] += 1\n"
                                      "    return lambda x: x * k[0], up\n"
                                      "h, up = make()", "h(x)", "up()"),
    "keyword default": ("def h(x, *, k=1.0): return x * k", "h(x)", "h.__kwdefaults__['k'] += 1"),
    "keywords of a partial": ("def h(x, k): return x * k\np = functools.partial(h, k=1.0)", "p(x)",
                              "p.keywords['k'] += 1"),
    "array of objects": ("a = np.empty(2, object); a[0] = {'k': 1.0}", "x * a[0]['k']", "a[0]['k'] += 1"),
    "mask of an array": ("r = np.ma.masked_array([1.0, 2.0], [False, False])", "x * float(r.sum())",
                         "r.mask[0] = not r.mask[0]"),
    "form of an array": ("w = np.arange(6.0)", "x * w.shape[0]",
                         "w = w.view(); w.shape = (2, 3) if w.ndim == 1 else (6,)"),
    "dtype of an array": ("w = np.arange(6.0)", "x * w.sum()", "w.dtype = np.int64 if w.dtype == float else float"),
    "name and text of a function": ("def h(x):\n    'a'\n    return x", "h(x) * len(h.__name__ + h.__doc__)",
                                    "h.__name__ += 'b'"),
    "attribute of a function": ("def h(x): return x * getattr(h, 'k') * h.q\nh.k = h.q = 1.0", "h(x)",
                                "h.q += 1; h.k += 1"),
    "class that is registered": ("class B(abc.ABC): pass\nclass A: pass\na = A()",
                                 "x * (2 if isinstance(a, B) else 1)", "B.register(A)"),
    "subclasses": ("class A: pass\nkept = []", "x * len(A.__subclasses__())", "kept.append(type('C', (A,), {}))"),
    "variable of a module of others": ("module = types.ModuleType('numpy.of_a_test'); module.k = 1.0",
                                       "x * module.k", "module.k += 1"),
    "singledispatch": ("k = 1.0\n@functools.singledispatch\ndef h(a, x): return x\n@h.register\n"
                       "def _(a: int, x): return x * k", "h(1, x)", "k += 1"),
    "__getattr__ of a module": ("mod = types.ModuleType('mod'); mod.c = {'k': 1.0}\n"
                                "mod.__getattr__ = lambda name: mod.c[name]", "x * mod.k", "mod.c['k'] += 1"),
    "default": ("def h(x, c={'a': 1.0}): return x * c['a']", "h(x)", "h.__defaults__[0]['a'] += 1"),
    "helper that is replaced": ("h = abs", "h(x)", "h = np.sin if h is abs else abs"),
    "variable of a helper": ("k = 1.0\ndef h(x): return x * k", "h(x)", "k += 1"),
    "variable of a module of yours": ("mod = types.ModuleType('mod'); mod.k = 1.0", "x * mod.k", "mod.k += 1"),
    "attribute": (MODEL, "m.loss(x)", "m.lam += 1"),
    "attribute, private": ("class P:\n    __slots__ = ('__v',)\n    def __init__(self): self.__v = 1.0\n"
                           "    def get(self): return self.__v\n    def up(self): self.__v += 1\np = P()",
                           "x * p.get()", "p.up()"),
    "attribute of a dict": ("class D(dict): pass\nd = D(a=1.0); d.k = 1.0", "x * d.k * d['a']",
        "d.k += 1; d['a'] += 1"),
    "attribute of a class": (MODEL, "x * m.factor * m.kind()", "Model.factor += 1"),
    "attribute behind getattr": (MODEL, "x * getattr(m, 'l' + 'am')", "m.lam += 1"),
    "attribute behind vars": (MODEL, "x * vars(m)['lam']", "m.lam += 1"),
    "attribute behind match": ("class M:\n    __match_args__ = ('k',)\nm = M(); m.k = 1.0\ndef h(o, x):\n    match o:\n"
                               "        case M(k): return x * k", "h(m, x)", "m.k += 1"),
    "attribute that is missing": ("class M: pass\nm = M()\ndef h(o, x):\n    try:\n        return x * o.k\n"
                                  "    except AttributeError:\n        return x", "h(m, x)", "m.k = 2.0"),
    "property of a metaclass": ("class M(type):\n    @property\n    def k(cls): return c\nc = 1.0\n"
                                "class A(metaclass=M): pass", "x * A.k", "c += 1"),
    "property": (MODEL, "x * m.scale", "m.lam += 1"),
    "method": (MODEL, "m.loss(x)", "Model.loss = (lambda k: lambda self, x: x * k)(m.step); m.step += 1"),
    "method of a base class": ("class A:\n    def h(self, x): return x * self.k\nclass B(A):\n"
                               "    def h(self, x): return super().h(x)\nb = B(); b.k = 1.0", "b.h(x)", "b.k += 1"),
    "method of an argument": ("class T(NamedTuple):\n    a: float\n    def h(self, x): return x * self.a * k\n"
                              "k = 1.0\nARGUMENT = T(2.0)", "argument.h(x)", "k += 1"),
    "special method": ("class M:\n    k = 1.0\n    def __float__(self): return self.k\nm = M()",
                       "x * float(m)", "m.k += 1"),
    "text of an object": ("class M:\n    k = 1.0\n    def __str__(self): return str(self.k)\nm = M()",
        "x * float(f'{m}')",
                          "m.k += 1"),
    "item of a dict": ("c = {'lr': 1.0, 'step': 0}", "x * c['lr']", "c['lr'] += 1"),
    "items of a list": ("c = [1.0]", "sum(x * k for k in c)", "c.append(2.0)"),
    "other containers": ("c = collections.deque([1.0, 2.0]); s = {1}", "x * c[0] * len(s)",
        "c.rotate(1); s.add(len(s) + 1)"),
    "object with __wrapped__": ("class W:\n    __wrapped__ = len\n    def __init__(self): self.k = 1.0\n"
                                "    def __call__(self, x): return x * self.k\nw = W()", "w(x)", "w.k += 1"),
    "partial": ("def h(c, x): return x * c['a']\np = functools.partial(h, {'a': 1.0})", "p(x)", "p.args[0]['a'] += 1"),
    "np.vectorize": ("k = [1.0]\nv = np.vectorize(lambda y: y * k[0])", "x * v(2.0)", "k[0] += 1"),
    "static argument": ("class S:\n    def __init__(self, k): self.k = k\n    def __eq__(self, other): return True\n"
                        "    def __hash__(self): return 1\nARGUMENT = S(1.0)", "x * argument.k",
                        "ARGUMENT = S(ARGUMENT.k + 1)"),
    "static argument, types": ("class S:\n    def __init__(self, k): self.k = k\n"
                               "    def __eq__(self, other): return self.k == other.k\n"
                               "    def __hash__(self): return 1\n"
                               "ARGUMENT = S(1)", "x * len(repr(argument.k))",
                               "ARGUMENT = S(1.0 if type(ARGUMENT.k) is int else 1)"),
    "array": ("w = np.ones(3)", "x * w", "w[0] += 1"),
}

# These are not read: changes must cost nothing, besides being right.
UNREAD = {
    "attributes that are not named": (MODEL, "m.loss(x)", "m.w += 1; m.step += 1; m.log.append(1); m.cfg['step'] += 1"),
    "attributes of what is handed on": (MODEL + "def h(o, x): return x * o.lam", "h(m, x)",
        "m.step += 1; m.log.append(1)"),
    "keys that are not named": ("c = {'lr': 1.0, 'step': 0}\ndef h(x):\n    d = c\n    return x * d['lr']", "h(x)",
                                "c['step'] += 1"),
    "unknown things that are not read": (MODEL + "m.lock = threading.Lock(); m.logger = logging.getLogger('q')\n"
                                         "m.batches = iter([1, 2, 3])", "m.loss(x)", "m.batches = iter([m.batches])"),
}

CONSTANT = {
    "modules, functions, classes": ("", "np.sin(x) * len((1, 2)) * float(1)", ""),
    "text, numbers, None, ranges": ("r, s, n = range(3), 'text', None", "x * sum(r) * len(s) * (n is None)",
        "s += 'a'"),
    "dtypes, ufuncs": ("d, u = np.dtype(float), np.exp", "u(x.astype(d))", ""),
    "members of an Enum": ("class E(enum.Enum):\n    A = 1\n    B = 2\ne = E.A", "x * e.value if e is E.A else x",
                           "e = E.B if e is E.A else E.A"),
    "fractions, paths, dates": ("q, p, d = fractions.Fraction(1, 3), pathlib.Path('a'), datetime.date(2020, 1, 2)",
                                "x * float(q) * len(p.name) * d.day", "q += 1"),
    "compiled expressions": ("import re\nr = re.compile('a+')", "x * len(r.findall('aba'))", ""),
}

UNKNOWN = {
    "iterator": ("batches = iter([1.0, 2.0, 3.0] * 9)", "x * next(batches)", "batches"),
    "generator": ("def generate():\n    k = 1.0\n    while True:\n        yield k\n        k += 1\ng = generate()",
                  "x * next(g)", "g"),
    "itertools": ("c = itertools.count(1)", "x * next(c)", "c"),
    "generator of random numbers without a seed": ("", "x * np.random.default_rng().normal() * 0",
        "np.random.default_rng"),
    "random.Random()": ("", "x * random.Random().random() * 0", "random.Random"),
    "clock": ("", "x * (time.perf_counter() > 0)", "time.perf_counter"),
    "clock that is imported inside": ("def h(x):\n    from time import time as now\n    return x * (now() > 0)", "h(x)",
                                      "time.time"),
    "today": ("", "x * (datetime.date.today().year > 0)", "datetime.date.today"),
    "handling of errors of NumPy": ("", "x * (np.geterr()['divide'] == 'warn')", "np.geterr"),
    "os.environ": ("", "x * len(os.environ['PATH'])", "os.environ"),
    "ContextVar": ("v = contextvars.ContextVar('v', default=1.0)", "x * v.get()", "v"),
    "UserDict": ("u = collections.UserDict(a=1.0)", "x * u['a']", "u"),
    "ChainMap": ("u = collections.ChainMap({'a': 1.0})", "x * u['a']", "u"),
    "array.array": ("u = array.array('d', [1.0])", "x * u[0]", "u"),
    "bytearray": ("u = bytearray(b'ab')", "x * u[0]", "u"),
    "memoryview": ("u = memoryview(b'ab')", "x * u[0]", "u"),
    "weak reference": ("class M: k = 1.0\nm = M()\nr = weakref.ref(m)", "x * r().k", "r"),
    "lock": ("lock = threading.Lock()\ndef h(x):\n    with lock:\n        return x * 2", "h(x)", "lock"),
    "logger": ("logger = logging.getLogger('q')\ndef h(x):\n    logger.debug('h')\n    return x * 2", "h(x)", "logger"),
    "file": ("file = io.StringIO('1')", "x * len(file.getvalue())", "file"),
    "globals() and eval": ("k = 1.0", "x * eval('k')", "eval"),
    "object with __getattribute__": ("class G:\n    def __getattribute__(self, name): return 1.0\ng = G()",
        "x * g.k", "g"),
    "attribute that is unknown": (MODEL + "m.cfg['batches'] = iter([1.0] * 30)", "x * next(m.cfg['batches'])",
                                  'm.cfg["batches"]'),
}


def programs(setup, expression):
    """The function twice, in namespaces of its own."""
    for _ in range(2):
        names = {"__name__": "program_of_a_user"}
        exec(IMPORTS + setup + f"\ndef f(x, argument=None): return {expression}", names)
        yield names


def run(setup, expression, change, **options):
    """Whether all of 12 calls are as without ``jit``; the warnings; and the compiled function."""
    plain, names = programs(setup, expression)
    compiled = jit(names["f"], **options)
    x = np.array([1.0, 2.0, 3.0])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for i in range(12):
            results = []
            for variables, function in ((plain, plain["f"]), (names, compiled)):
                if i % 3 == 2:
                    exec(change, variables)
                results.append(function(x, *[variables[name] for name in ("ARGUMENT",) if name in variables]))
            expected, actual = results
            assert type(actual) is type(expected) and np.array_equal(actual, expected), (i, actual, expected)
    return [str(each.message) for each in caught if each.category is JitWarning], compiled.cache_info()


@pytest.mark.parametrize("row", WATCHED)
def test_watched(row):
    messages, info = run(*WATCHED[row])
    assert not messages and info.hits >= 6 and info.eager == 0, (messages, info)


@pytest.mark.parametrize("row", UNREAD)
def test_unread(row):
    messages, info = run(*UNREAD[row])
    assert not messages and (info.hits, info.traces) == (11, 1)


@pytest.mark.parametrize("row", CONSTANT)
def test_constant(row):
    messages, info = run(*CONSTANT[row])
    assert not messages and info.hits >= 7


@pytest.mark.parametrize("row", UNKNOWN)
def test_unknown(row):
    setup, expression, place = UNKNOWN[row]
    (message,), info = run(setup, expression, "")
    assert f"it reads {place}, " in message and f"constant=({place!r},)" in message, message
    assert (info.hits, info.traces, info.eager) == (0, 0, 12)


def test_environment_is_read_in_each_call(monkeypatch):
    compiled = jit(lambda x: x * float(os.environ["OF_A_TEST"]))
    with pytest.warns(JitWarning, match="os.environ"):
        for value in (1.0, 2.0, 3.0):
            monkeypatch.setenv("OF_A_TEST", str(value))
            assert compiled(1.0) == value


@pytest.mark.parametrize("row", ["lock", "logger", "UserDict", "attribute that is unknown", "os.environ"])
def test_what_the_user_vouches_for(row):
    setup, expression, place = UNKNOWN[row]
    setup = setup.replace("iter([1.0] * 30)", "itertools.repeat(1.0)")
    messages, info = run(setup, expression, "", constant=place)
    assert not messages and info.hits == 11
    messages, info = run(setup, expression, "", constant=(place.replace('"', "'"), "other"))
    assert not messages and info.hits == 11


@pytest.mark.parametrize("constant, factor", [("table.k", 2.0), ('table.c["a"]', 3.0), ("table", 1.0), ("other", 6.0)])
def test_what_is_vouched_for_is_not_watched(constant, factor):
    table = types.SimpleNamespace(k=1.0, c={"a": 1.0})
    compiled = jit(lambda x: x * table.k * table.c["a"], constant=constant)
    assert compiled(1.0) == 1.0
    if constant in ("table.k", "other", "table"):
        table.c["a"] = 2.0 if constant != "other" else 3.0
    if constant != "table.k":
        table.k = 3.0 if constant != "other" else 2.0
    assert compiled(1.0) == factor


@pytest.mark.parametrize("setup, expression, variable, place", [
    ("k = 0.0", "x * k", "k", "k"), (MODEL, "m.loss(x)", "m.lam", "m.lam"),
    (MODEL, "m.loss(x)", "m.cfg['lr']", 'm.cfg["lr"]'), ("c = {'lr': 1.0}", "x * c['lr']", "c['lr']", 'c["lr"]'),
    ("def make():\n    k = [1.0]\n    def h(x): return x * k[0]\n    return h, k\nh, l = make()", "h(x)", "l[0]", "k"),
])
def test_the_warning_names_what_changes(setup, expression, variable, place):
    """Of another type in each call: numbers of one type become inputs."""
    change = f"{variable} = (int if isinstance({variable}, float) else float)({variable} + 1)"
    (names, _) = programs(setup, expression)
    compiled = jit(names["f"])
    with pytest.warns(JitWarning, match=re.escape(f"change often ({place})")):
        for _ in range(12):
            assert compiled(1.0) == names["f"](1.0)
            exec(change, names)


def test_training_in_a_class_is_traced_once():
    class Trainer:
        def __init__(self):
            self.w, self.lam, self.step, self.log = np.ones(3), 0.5, 0, []
            self.slope = jit(grad(self.loss))

        def loss(self, w, x):
            return anp.sum((w * x) ** 2) + self.lam * anp.sum(w * w)

        def fit(self, count):
            for _ in range(count):
                self.w = self.w - 0.01 * self.slope(self.w, np.arange(3.0))
                self.step += 1
                self.log.append(self.step)

    trainer = Trainer()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trainer.fit(50)
    info = trainer.slope.cache_info()
    assert (info.hits, info.traces, info.eager) == (49, 1, 0)
    trainer.lam = 2.0
    slope = trainer.slope(np.ones(3), np.zeros(3))
    assert np.array_equal(slope, np.full(3, 4.0))


def test_constant_is_names():
    with pytest.raises(TypeError, match="names of variables"):
        jit(abs, constant=(len,))


def test_the_warning_names_what_the_function_changes():
    names = next(programs(MODEL + "def h(x):\n    m.log.append(1)\n    return x * len(m.log)", "h(x)"))
    before = len(names["m"].log)
    compiled = jit(names["f"])
    with pytest.warns(JitWarning, match=re.escape("changes variables outside it (m.log)")):
        for _ in range(12):
            compiled(1.0)
    assert len(names["m"].log) == before + 12


def test_each_row_of_the_table_is_tested():
    rows = {kind: re.findall(r"^\| ([^|]+?) \|", part, re.M)[2:] for kind, part in zip(
        ("watched", "unread", "constant", "unknown"), DOCUMENT.read_text(encoding="utf-8").split("\n## ")[1:])}
    assert rows == {"watched": list(WATCHED), "unread": list(UNREAD), "constant": list(CONSTANT),
        "unknown": list(UNKNOWN)}


def test_the_warning_names_what_changes_beside_hidden_inputs():
    setup = "class M: pass\nm = M()\nm.rate = 0.5\nm.c = {'mode': 'a'}\nrate = 2.0\ndef g(x): return x * rate"
    (names, _) = programs(setup, "g(x) * m.rate * len(m.c['mode'])")
    compiled = jit(names["f"])
    with pytest.warns(JitWarning) as caught:
        for _ in range(20):
            assert compiled(1.0) == names["f"](1.0)
            exec("rate += 1\nm.rate += 1\nm.c['mode'] += 'a'", names)
    found = str(caught[0].message).partition("change often (")[2].partition(")")[0].split(", ")
    assert 'm.c["mode"]' in found and {*found} <= {"rate", "m.rate", 'm.c["mode"]'}
