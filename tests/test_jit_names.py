"""Names that a user's program chooses are no source: any text may be one, at every place where there are names."""

import collections
import dataclasses
import pickle
import types
import unicodedata
from xml.etree import ElementTree

import numpy as np
import pytest
from jit_checks import assert_same

from autodiff_trace import extend, grad, graph, jit
from autodiff_trace import numpy as anp

X = np.array([1.0, 2.0, 3.0])

HOSTILE = [
    "a=print('INJECTED'), b", "x):\n    print('INJECTED')\ndef f(x", "'''", '"', "\\", "\n", "\r", "\x00", "\x0c",
    "\u2028", "", " ", "a-b", "1", "class", "None", "True", "print", "match", "__debug__", "__builtins__", "__import__",
    "b0", "c3", "c0", "v1", "s0", "x0", "y1", "w0", "p0", "i", "start", "stop", "seen", "Miss", "outcome", "abs",
    "slice", "unflatten", "before", "function", "input", "blocks_1", "ndarray", "args", "self", "add", "sin", "getitem",
    "where", "unique", "ﬁ", "fi", "é", "λ", "ｘ", "x", "\udc80", "a" * 10_000,
]
PLAIN = [name for name in HOSTILE if "\udc80" not in name]  # parts of names of functions are encoded by Python itself

FIELDS = [unicodedata.normalize("NFKC", name) for name in HOSTILE]  # as Python takes them


class Odd:
    """A key that is no string."""

    def __str__(self):
        raise KeyError("no text")

    __repr__ = __format__ = __str__


def named(name, function=None):
    """A function, of its own, with this name."""
    function = function or (lambda x: anp.sin(x) * 2 + X)
    new = types.FunctionType(function.__code__, function.__globals__, "f", function.__defaults__, function.__closure__)
    new.__name__ = new.__qualname__ = name
    return new


def check(function, *args):
    """It is compiled, and gives what it gives; so does its gradient, and its graph, which can be shown and saved."""
    compiled, expected = jit(function), function(*args)
    for _ in range(2):
        assert_same(compiled(*args), expected)
    assert compiled.cache_info()[:3] == (1, 1, 0)
    shown = compiled.graph(*args)
    compile(shown.source, "source", "exec")
    assert len(str(shown).splitlines()) < 100
    ElementTree.fromstring(shown._repr_svg_())
    assert all(line.strip() for line in shown.to_dot().splitlines())
    assert_same(shown(*args), function(*args))
    return shown


@pytest.fixture(autouse=True)
def nothing_is_run(capsys):
    yield
    assert "INJECTED" not in capsys.readouterr().out


@pytest.mark.parametrize("name", PLAIN)
def test_names_of_functions(name):
    shown = check(named(name), X)
    again = pickle.loads(pickle.dumps(shown))
    assert_same(again(X), shown(X))
    check(grad(named(name, lambda x: anp.sum(anp.sin(x)))), X)


@pytest.mark.parametrize("name", PLAIN)
def test_names_of_primitives(name):
    double = extend.primitive(named(name, lambda x: np.asarray(x) * 2.0))
    triple = extend.primitive(named(name, lambda x: np.asarray(x) * 3.0))
    extend.defvjp(double, lambda g, ans, x: g * 2)
    extend.defvjp(triple, lambda g, ans, x: g * 3)
    check(lambda x: double(x) + triple(anp.sin(x)), X)
    check(grad(lambda x: anp.sum(double(x) * triple(x))), X)
    check(lambda x: double(x)[0] if double(x)[1] > 0 else x, X)


def test_primitives_whose_names_python_takes_for_each_other():
    for pair in (("ﬁ", "fi"), ("ｘ", "x"), ("K", "\u212a")):
        first, second = [extend.primitive(named(name, f)) for name, f in zip(pair, (np_double, np_triple))]
        check(lambda x, first=first, second=second: (first(x), second(x)), X)


def np_double(x):
    return x * 2.0


def np_triple(x):
    return x * 3.0


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_keywords(name):
    p = extend.primitive(lambda x, **options: x * sum(options.values()))
    extend.defvjp(p, lambda g, ans, x, **options: g * sum(options.values()))
    if name != "x":
        check(lambda x: p(x, **{name: 2.0}), X)
        check(grad(lambda x: anp.sum(p(x, **{name: 2.0}))), X)
    q = extend.primitive(lambda *args, **options: args[0] * sum(options.values()))
    check(lambda x: q(x, **{name: x[0]}), X)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_arguments(name):
    compiled = jit(lambda **options: anp.sin(options[name]) * 2 + options["other"])
    for _ in range(3):
        assert_same(compiled(**{name: X, "other": 1.0}), np.sin(X) * 2 + 1.0)
    assert compiled.cache_info()[:3] == (2, 1, 0)
    shown = compiled.graph(**{name: X, "other": 1.0})
    compile(shown.source, "source", "exec")
    assert f"{shown}{shown._repr_svg_()}{shown.to_dot()}"


@pytest.mark.parametrize("name", [*HOSTILE, 3, -1, 2.5, None, (1, "a"), frozenset("a"), b"x", Odd()])
def test_keys_of_dicts(name):
    shown = check(lambda tree: {name: tree[name] * 2, "other": [tree["other"]]}, {name: X, "other": 1.0})
    if not isinstance(name, Odd):
        assert_same(pickle.loads(pickle.dumps(shown))({name: X, "other": 1.0})[name], X * 2)
    check(lambda tree: grad(lambda tree: anp.sum(tree[name] ** 2))(tree), {name: X})


@pytest.mark.parametrize("name", [name for name in FIELDS if name.isidentifier() and not name.startswith("__")])
def test_names_of_parameters_and_fields(name):
    if name in ("class", "None", "True"):
        return
    function = eval(f"lambda {name}: other({name}) * 2", {"other": anp.sin})
    check(function, X)
    pair = collections.namedtuple("pair", [name, "second"])
    check(lambda tree: tree._replace(second=tree[0] * 2), pair(X, 1.0))
    made = dataclasses.make_dataclass("made", [name])
    check(lambda tree: getattr(tree, name) * 2, made(X))


def test_names_that_are_no_text():
    class Function:
        def __init__(self, name):
            self.__name__ = name

        def __call__(self, x):
            return anp.sin(x) * 2

    class Text(str):
        def isidentifier(self):
            raise KeyError("not this")

    for name in (None, 3, b"x", ["a"], Text("x"), Text("b0")):
        check(Function(name), X)


def test_text_and_numbers_in_calls():
    p = extend.primitive(lambda x, what: x * len(str(what)) if not isinstance(what, int) else x * (what % 7))
    for what in (*HOSTILE, 2**63, -(2**63), 10**4000, -1, True, b"'", Ellipsis, np.dtype([("a=1", float)])):
        check(lambda x, what=what: p(x, what), X)


def test_dtypes():
    plain = np.dtype("f8", metadata={"a=print('INJECTED')": 1})
    check(lambda x: anp.asarray(x, dtype=plain) * 2, X)
    check(lambda x: x.astype(plain) * 2, X)


def test_many_names_are_alike():
    """Names that are not readable, or alike, take no longer to be told apart than others."""
    p = [extend.primitive(named("same", np_double)) for _ in range(300)]
    check_many = jit(lambda xs: [f(x) for f, x in zip(p, xs)])
    xs = {"é" * (i + 1): X for i in range(300)}
    for _ in range(2):
        assert_same(check_many(list(xs.values())), [X * 2] * 300)
    g = graph(lambda tree: sum(tree.values()), xs)
    compile(g.source, "source", "exec")
