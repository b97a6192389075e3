"""What a call of a jitted function leaves outside: what the function leaves, once, and no traced value in it."""

import collections
import dataclasses
import functools
import textwrap
import types
import warnings

import numpy as np
import pytest

from autodiff_trace import jit
from autodiff_trace.core.tracer import box_classes

STORED = {  # what stands outside, and what the function does to it
    "key": ("d = {}", "d[n] = 1"),
    "key in a tuple": ("d = {}", "d[n, 2] = x"),
    "key of a counter": ("d = collections.Counter()", "d[n] += 1"),
    "key of a defaultdict": ("d = collections.defaultdict(int)", "d[n] += 1"),
    "key of a dict in a list": ("d = []", "d.append({n: x})"),
    "memo": ("d = {}", "d[n] = d[n] if n in d else n * 2.0"),
    "item of a tuple": ("d = {}", "d['a'] = (n, [x, (n, x)])"),
    "item of a list": ("d = collections.defaultdict(list)", "d['a'].append(x)"),
    "set": ("d = set()", "d.add(n)"),
    "frozenset": ("d = []", "d.append(frozenset([n]))"),
    "deque": ("d = collections.deque()", "d.append(x)"),
    "dict": ("d = []", "d.append({'x': x, 'n': n})"),
    "global variable": ("d = 0", "global d; d = {'x': (x, n)}"),
    "attribute": ("d = types.SimpleNamespace()", "d.a = (x, [n])"),
    "slot": ("class O:\n    __slots__ = ('a',)\nd = O()", "d.a = (x, n)"),
    "new object": ("class O:\n    def __init__(self, x): self.x = x\nd = []", "d.append(O(x))"),
    "new named tuple": ("T = collections.namedtuple('T', 'x n')\nd = []", "d.append(T(x, n))"),
    "new dataclass": ("@dataclasses.dataclass\nclass T:\n    x: object\nd = []", "d.append(T(x))"),
    "closure": ("d = []", "d.append(lambda: x * 2)"),
    "partial": ("d = []", "d.append(functools.partial(max, n))"),
    "array of objects": ("d = np.empty((2, 2), object)", "d[1, 0] = n"),
    "error that is kept": ("d = []", "d.append(ValueError(x, n))"),
    "attribute of a class": ("class d: pass", "d.a = x"),
    "attribute of a class, by a method": (
        "class d:\n    @classmethod\n    def put(cls, x): cls.last = x\n", "d.put(x)"),
    "attribute of a class, by an object": (
        "class d:\n    def put(self, x): self.__class__.last = x\nobject = d()", "object.put(x)"),
    "attribute of a metaclass": ("class d(type): pass\nclass e(metaclass=d): pass", "d.a = x"),
    "__setattr__": ("d = {}\nclass O:\n    def __setattr__(self, k, v): d[k] = v\no = O()", "o.a = x"),
    "error after it": ("d = []", "d.append((x, n))\n    if n > 3: raise ValueError('large')"),
    "argument": ("d = {}", "d['s'] = s; s['new'] = [n]"),
}


def make(setup, statement, with_array):
    variables = {"np": np, "collections": collections, "dataclasses": dataclasses, "types": types,
                 "functools": functools, "__name__": "__main__", "__builtins__": __builtins__}
    source = f"{setup}\nW = np.ones(2)\ndef f(x, n, s):\n    {statement}\n    return x * n{' * W' * with_array}\n"
    exec(textwrap.dedent(source), variables)
    return variables


def describe(value, seen=()):
    """The types and values in a structure, as text."""
    kind = type(value)
    if kind in box_classes:
        return "TRACED"
    inner = (*seen, id(value))
    if id(value) in seen:
        return "again"
    if kind is np.ndarray and value.dtype != object:
        return f"{value.dtype}{value.tolist()}"
    if kind is np.ndarray:
        value = value.tolist()
    if isinstance(value, dict):
        parts = [(describe(k, inner), describe(v, inner)) for k, v in value.items()]
    elif isinstance(value, (list, tuple, set, frozenset, collections.deque)):
        parts = [describe(each, inner) for each in value]
    elif isinstance(value, BaseException):
        parts = describe(value.args, inner)
    elif kind is functools.partial:
        parts = describe((value.args, value.keywords), inner)
    elif kind is types.FunctionType:
        parts = [describe(cell.cell_contents, inner) for cell in value.__closure__ or ()]
    elif isinstance(value, type):
        parts = {k: describe(v, inner) for k, v in vars(value).items() if not k.startswith("__")}
    elif hasattr(value, "__dict__"):
        parts = describe(vars(value), inner)
    elif hasattr(kind, "__slots__"):
        parts = [describe(getattr(value, name), inner) for name in kind.__slots__]
    else:
        parts = repr(value)
    return f"{kind.__name__}({parts})"


def outcome(function, *args):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return describe(function(*args))
        except Exception as error:
            return describe(error)


@pytest.mark.parametrize("with_array", (False, True))
@pytest.mark.parametrize("name", STORED)
def test_no_traced_value_is_left_outside(name, with_array):
    plain, traced = make(*STORED[name], with_array), make(*STORED[name], with_array)
    compiled = jit(traced["f"])
    given, expected = {"k": 1}, {"k": 1}
    for turn in range(5):
        x, n = np.array([turn, np.nan]), float(turn)
        assert outcome(compiled, x, n, given) == outcome(plain["f"], x, n, expected)
        assert describe(traced["d"]) == describe(plain["d"])
        assert describe(given) == describe(expected)


COUNTED = {  # what is changed before something that cannot be traced
    "global variable": ("d = 0", "global d; d += 1"),
    "list": ("d = []", "d.append(1)"),
    "list that is changed": ("d = [3, 2, 1]", "d.pop(); d.insert(0, len(d))"),
    "dict": ("d = {'n': 0}", "d['n'] += 1"),
    "new key": ("d = {}", "d[len(d)] = 1"),
    "counter": ("d = collections.Counter()", "d['n'] += 1"),
    "set": ("d = set()", "d.add(len(d))"),
    "deque": ("d = collections.deque([1, 2])", "d.append(d.popleft() + 1)"),
    "attribute": ("d = types.SimpleNamespace(n=0)", "d.n += 1"),
    "attribute of the class": ("class O:\n    n = 0\nd = O()", "d.n += 1"),
    "attribute of a class": ("class d:\n    n = 0", "d.n += 1"),
    "slot": ("class O:\n    __slots__ = ('n',)\nd = O()\nd.n = 0", "d.n += 1"),
    "array of a class": ("class O:\n    m = np.ones((3, 2))\nd = [O.m]", "O.m *= 2"),
    "strided array of a class": ("class O:\n    m = np.ones((2, 6))[:, ::2]\nd = [O.m]", "O.m += 1"),
    "array of a class, its form": (
        "class O:\n    m = np.arange(4)\nd = [O.m]", "O.m += 1; O.m.shape = (2, 2) if O.m.ndim == 1 else (4,)"),
    "array of objects": ("class O:\n    m = np.array([1, None])\nd = O.m", "O.m[0] += 1"),
    "method": ("class O:\n    n = 0\n    def up(self):\n        self.n += 1\nd = O()", "d.up()"),
    "closure": (
        "def make():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n    return up\nd = make()", "d()"),
}
NOT_TRACED = ("return object.__new__(type('O', (), {}))", "return n.hex()", "return x.tobytes()", "return {n}",
              "return x.setflags()")


@pytest.mark.parametrize("end", NOT_TRACED)
@pytest.mark.parametrize("name", COUNTED)
def test_what_is_run_twice_counts_once(name, end):
    setup, statement = COUNTED[name]
    plain, traced = (make(setup, f"{statement}\n    {end}", True) for _ in range(2))
    compiled = jit(traced["f"])
    for turn in range(3):
        args = np.ones(2) * turn, float(turn), {}
        assert outcome(compiled, *args).partition("(")[0] == outcome(plain["f"], *args).partition("(")[0]
        assert describe(traced["d"]) == describe(plain["d"])
