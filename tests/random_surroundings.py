"""Random programs with surroundings: what they read around them and in objects changes between the calls.

A program is the text of a module with a function ``f`` of an array and of some containers. It runs twice, in namespaces
of its own: as it is, and with ``jit``. Between the calls both get the same changes. Results, their types, what the
calls left behind and errors have to be the same in each call.

``python -m tests.random_programs --mode surroundings --count 1000``
"""

from __future__ import annotations

import random
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff_trace import extend, grad, jit, tree_leaves, value_and_grad
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.jitted import JitWarning

__all__ = ["READS", "check_number", "run_surroundings"]

SETUP = """
import array, collections, contextvars, functools, itertools, os, random, types
import numpy as np
"""

# What a program reads: what stands above it, an expression in the array x, and what changes between calls.
Read = tuple[str, str, str]

NUMBERS: list[Read] = [
    ("a{i} = 0.5", "x * a{i}", "a{i} = a{i} + 0.25"),
    ("n{i} = 2", "x[:n{i}].sum() + x", "n{i} = 1 + (n{i} + 1) % 3"),
    ("n{i} = 3", "sum(x * j for j in range(n{i}))", "n{i} = n{i} % 4 + 1"),
    ("s{i} = 'sin'", "(np.sin(x) if s{i} == 'sin' else np.cos(x))", "s{i} = 'cos' if s{i} == 'sin' else 'sin'"),
    ("c{i} = {{'lr': 0.1, 'step': 0}}", "x * c{i}['lr']", "c{i}['step'] += 1"),
    ("c{i} = {{'lr': 0.1, 'step': 0}}", "x * c{i}['lr']", "c{i}['lr'] *= 0.5"),
    ("c{i} = {{'a': 1.0}}", "x * sum(c{i}.values())", "c{i}['b' * len(c{i})] = 0.5"),
    ("l{i} = [1.0, 2.0]", "x * l{i}[-1]", "l{i}.append(l{i}[-1] * 0.5)"),
    ("l{i} = [1.0]", "x * len(l{i})", "l{i}.append(0.0)"),
    ("a{i} = np.float32(0.5)", "x * a{i}", "a{i} = np.float32(a{i} + 1)"),
    ("def g{i}(y, k=2.0): return y * k", "g{i}(x)", "g{i}.__defaults__ = (g{i}.__defaults__[0] + 1,)"),
]

ARRAYS: list[Read] = [
    ("w{i} = np.arange(4.0)", "x * w{i}", "w{i}[1] += 1"),
    ("w{i} = np.arange(4.0)", "x * w{i}", "w{i} = w{i} + 1"),
    ("w{i} = np.arange(4.0)", "x * float(w{i}[2])", "w{i}[2] += 1"),
    ("w{i} = np.array([1, 2, 3])", "x[: w{i}.item(0)].sum() + x", "w{i}[0] = w{i}[0] % 3 + 1"),
    ("w{i} = np.ones(5000)", "x * np.sum(np.log(w{i}))", "w{i}[4321] += 1"),
    ("w{i} = np.ones(5000)", "x * np.dot(w{i}, w{i}) / 5000", "w{i}[17] += 1"),
    ("w{i} = np.ones(5000)", "x * w{i}[:4]", "w{i}[3] += 1"),
    ("w{i} = np.ones((50, 100))", "np.sum(w{i} @ np.ones(100)) * x", "w{i}[49, 99] -= 2"),
    ("w{i} = np.ones(5000)", "x * (2.0 if w{i}[100] > 1 else 3.0)", "w{i}[100] += 1"),
    ("w{i} = np.array([2, 2])", "np.reshape(x, w{i}).sum(axis=0).sum() * x", "w{i}[:] = [4, 1] if w{i}[0] == 2 else 2"),
    ("w{i} = np.array([True, False, True, True])", "np.where(w{i}, x, -x)", "w{i}[1] = not w{i}[1]"),
]

INDICES: list[Read] = [
    ("", "x[np.int64(1)] * x", ""),
    ("", "sum(x * j for j in np.arange(3))", ""),
    ("", "np.transpose(np.reshape(x, (2, 2)), np.array([1, 0])).ravel()", ""),
    ("k{i} = np.int64(1)", "x[k{i}] * x", "k{i} = (k{i} + 1) % 4"),
    ("k{i} = np.array([0, 2])", "np.sum(x[k{i}]) + x", "k{i}[0] = (k{i}[0] + 1) % 4"),
    ("", "x[int(np.argmax(x))] + x", ""),
    ("", "np.roll(x, np.int8(1)) * np.arange(4, dtype=np.uint8)", ""),
]

CLASSES = """
class Model{i}:
    def __init__(self):
        self.w, self.lam, self.step, self.history = np.ones(4), 0.5, 0, []
    def loss(self, x):
        return x * self.lam
    def predict(self, x):
        return self.loss(x) @ self.w + x
    def __call__(self, x):
        return x * self.scale
    @property
    def scale(self):
        return self.lam * 2
m{i} = Model{i}()
"""

OBJECTS: list[Read] = [
    (CLASSES, "m{i}.loss(x)", "m{i}.w = m{i}.w - 0.1; m{i}.step += 1; m{i}.history.append(1)"),
    (CLASSES, "m{i}.loss(x)", "m{i}.lam *= 0.5"),
    (CLASSES, "m{i}.predict(x)", "m{i}.w = m{i}.w - 0.1"),
    (CLASSES, "m{i}.predict(x)", "m{i}.w[2] += 1"),
    (CLASSES, "m{i}(x)", "m{i}.lam += 1"),
    (CLASSES, "m{i}(x)", "Model{i}.scale = property(lambda self: self.step + 1.0); m{i}.step += 1"),
    (CLASSES, "getattr(m{i}, 'la' + 'm') * x", "m{i}.lam += 1"),
    (CLASSES, "vars(m{i})['lam'] * x", "m{i}.lam += 1"),
    ("class S{i}:\n    __slots__ = ('_S{i}__v', 'u')\ns{i} = S{i}(); s{i}.u = 1.0", "x * s{i}.u", "s{i}.u += 1"),
    ("class P{i}:\n    def __init__(self): self.__v = 1.0\n    def get(self): return self.__v\n"
     "    def up(self): self.__v += 1\np{i} = P{i}()", "x * p{i}.get()", "p{i}.up()"),
    ("class D{i}(dict): pass\nd{i} = D{i}(); d{i}.k = 1.0", "x * d{i}.k", "d{i}.k += 1"),
    ("T{i} = collections.namedtuple('T{i}', 'a b')\nt{i} = T{i}(1.0, [2.0])", "x * t{i}.b[0]", "t{i}.b[0] += 1"),
    ("o{i} = types.SimpleNamespace(a=1.0)", "x * o{i}.a", "o{i}.a += 1"),
    ("class G{i}:\n    def __getattr__(self, name): return G{i}.value\nG{i}.value = 1.0\ng{i} = G{i}()",
     "x * g{i}.anything", "G{i}.value += 1"),
]

UNKNOWN: list[Read] = [
    ("it{i} = itertools.count(1)", "x * next(it{i})", ""),
    ("it{i} = iter([0.5, 1.5, 2.5, 3.5] * 9)", "x * next(it{i})", ""),
    ("def gen{i}():\n    k = 1.0\n    while True:\n        yield k\n        k += 1\nit{i} = gen{i}()",
     "x * next(it{i})", ""),
    ("u{i} = collections.UserDict(a=1.0)", "x * u{i}['a']", "u{i}['a'] += 1"),
    ("u{i} = collections.ChainMap({{'a': 1.0}})", "x * u{i}['a']", "u{i}['a'] += 1"),
    ("u{i} = contextvars.ContextVar('u', default=1.0)", "x * u{i}.get()", "u{i}.set(u{i}.get() + 1)"),
    ("os.environ['RANDOM_PROGRAM'] = '1'", "x * float(os.environ['RANDOM_PROGRAM'])",
     "os.environ['RANDOM_PROGRAM'] = str(RUN)"),
    ("u{i} = array.array('d', [1.0, 2.0])", "x * u{i}[1]", "u{i}[1] += 1"),
    ("u{i} = bytearray(b'abc')", "x * u{i}[0]", "u{i}[0] += 1"),
    ("u{i} = collections.deque([1.0, 2.0])", "x * u{i}[0]", "u{i}.rotate(1); u{i}[0] += 1"),
    ("u{i} = collections.OrderedDict(a=1.0)", "x * u{i}['a']", "u{i}['a'] += 1"),
    ("u{i} = [1.0]\n@functools.lru_cache\ndef h{i}(): return u{i}[0]",
     "x * h{i}()", "u{i}[0] += 1; h{i}.cache_clear()"),
    ("u{i} = [1.0]\nv{i} = np.vectorize(lambda k: k * u{i}[0])", "x * v{i}(2.0)", "u{i}[0] += 1"),
    ("r{i} = np.random.default_rng(0)", "x * r{i}.normal()", ""),
    ("random.seed(0)", "x * random.random()", ""),
    ("u{i} = functools.partial(lambda k, y: y * k[0], [1.0])", "u{i}(x)", "u{i}.args[0][0] += 1"),
    ("k{i} = [0]\ndef count{i}():\n    k{i}[0] += 1\n    return k{i}[0]", "x * count{i}()", ""),
]

ARGUMENTS: list[Read] = [
    ("", "bump(d, 'n') * x", ""),
    ("", "x * d['n']", ""),
    ("", "x * len(l)", ""),
    ("", "push(l, 1.0) * x", ""),
    ("", "put(d, 'seen', x) * 1.0", ""),
]

NAMES: list[Read] = [
    ("def q(y): return y * 2\nq.__name__ = 'class'\nq{i} = q", "q{i}(x)", ""),
    ("p{i} = named(lambda y: y * 3, 'None')", "p{i}(x)", ""),
    ("p{i} = named(lambda y: y * 3, '\\ufb01'); o{i} = named(lambda y: y * 5, 'fi')", "p{i}(x) - o{i}(x)", ""),
    ("p{i} = named(lambda y, **o: y * len(o), 'b0')", "p{i}(x, **{{\"a=print('INJECTED'), b\": 1}})", ""),
    ("c{i} = {{'a b; import os': 1.0, \"x'\": 2.0}}", "x * c{i}[\"x'\"]", "c{i}[\"x'\"] += 1"),
]

PLAIN: list[Read] = [
    ("", expression, "")
    for expression in (
        "np.where(x > 0, x, 0.0)", "np.maximum(x, 0.0)", "np.arctan2(x, -1.0)", "1.0 / x", "np.copysign(1.0, x)",
        "np.sqrt(x)", "x * 0.0", "np.clip(x, -1.0, 1.0)", "np.exp(x) / np.sum(np.exp(x))", "np.log(np.abs(x))",
        "-x + 0.0", "np.cumsum(x)", "(x if x[0] > 0 else -x)", "np.sort(x)", "np.sign(x) * x", "x ** 2 - x * x",
        "np.isnan(x) * 1.0", "np.sum(x) * x",
    )
]

READS: dict[str, list[Read]] = {
    "numbers": NUMBERS, "arrays": ARRAYS, "indices": INDICES, "objects": OBJECTS, "unknown": UNKNOWN,
    "arguments": ARGUMENTS, "names": NAMES, "plain": PLAIN,
}

ENDS = ["t", "np.sum(t)", "(t, np.sum(t))", "{'a': t, 'b': [np.sum(t), 1.5]}", "(t, t)", "t[0]", "[t, None, 'text']"]
SPECIALS = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e300, 1.0, 1.0]


def bump(d: dict, key: str) -> Any:
    d[key] += 1
    return d[key]


def push(values: list, value: float) -> int:
    values.append(value)
    return len(values)


def put(d: dict, key: str, x: Any) -> Any:
    d[key] = float(d["n"])
    return x


def named(fun: Callable, name: str) -> Callable:
    fun.__name__ = name
    prim = extend.primitive(fun)
    extend.defvjp(prim, lambda g, ans, x, **options: g * 3.0)
    return prim


class Twin:
    """One of the two runs of a program."""

    def __init__(self, program: dict, transform: Callable | None) -> None:
        self.names = {"__name__": "random_program", "bump": bump, "push": push, "put": put, "named": named, "RUN": 0}
        exec(program["text"], self.names)
        self.f = self.names["f"] if transform is None else transform(self.names["f"])
        self.counts, self.values = {"n": 1}, [0.5]

    def call(self, x: np.ndarray) -> Any:
        try:
            return self.f(x.copy(), self.counts, self.values)
        except Exception as error:
            return type(error)

    def change(self, text: str) -> None:
        exec(text, self.names)


def total(f: Callable) -> Callable:
    return lambda x, *rest: sum(anp.sum(leaf) for leaf in tree_leaves(f(x, *rest)) if hasattr(leaf, "shape"))


TRANSFORMS: dict[str, tuple[Callable, Callable]] = {
    "none": (lambda f: f, jit),
    "grad": (lambda f: grad(total(f)), lambda f: jit(grad(total(f)))),
    "inside": (lambda f: value_and_grad(total(f)), lambda f: value_and_grad(total(jit(f)))),
}


def make_program(rng: random.Random, name: str) -> dict:
    """Some reads of the class ``name``, one of another, and what changes between the calls."""
    reads = [rng.choice(READS[name]) for _ in range(rng.randint(1, 2))]
    reads.append(rng.choice(READS[rng.choice(list(READS))]))
    rng.shuffle(reads)
    texts = [[part.format(i=i) for part in read] for i, read in enumerate(reads)]
    lines = [f"    t = t {rng.choice('+-*')} ({expression})" for _, expression, _ in texts]
    text = "\n".join([SETUP, *(setup for setup, _, _ in texts), "def f(x, d, l):", "    t = x * 1.0", *lines,
                      f"    return {rng.choice(ENDS)}", ""])
    changes = [change for _, _, change in texts if change]
    calls = [rng.choice(changes) if changes and rng.random() < 0.6 else "" for _ in range(7)]
    transform = rng.choice(list(TRANSFORMS)) if name != "unknown" else "none"
    return {"text": text, "calls": calls, "transform": transform}


def check(program: dict, rng: random.Random) -> tuple[str, Counter]:
    """What is wrong with a program, "" if nothing is; and how the calls were served."""
    around, compiled = TRANSFORMS[program["transform"]]
    random.seed(0)
    state = random.getstate(), np.random.get_state()
    twins = [Twin(program, around), Twin(program, compiled)]
    x = np.array([rng.choice([-1, 1]) * rng.uniform(0.3, 1.7) for _ in range(4)])
    for number, change in enumerate(program["calls"]):
        if rng.random() < 0.4:
            x = x.copy()
            x[rng.randrange(4)] = rng.choice(SPECIALS)
        answers, left = [], []
        for twin in twins:
            random.setstate(state[0])
            twin.names["RUN"] = number
            if number:
                twin.change(change)
            answers.append(twin.call(x))
            left.append((repr(twin.counts), repr(twin.values)))
        state = random.getstate(), None
        if problem := difference(*answers, has_signs=program["transform"] == "none"):
            return f"call {number}, {program['transform']}: {problem}", Counter()
        if left[0] != left[1]:
            return f"call {number}: left {left[1]} instead of {left[0]}", Counter()
    info = getattr(twins[1].f, "cache_info", None)
    counts = Counter(info()._asdict()) if info else Counter()
    return ("a replay failed" if counts.get("failures") else ""), counts


def difference(right: Any, found: Any, has_signs: bool = True) -> str:
    """How ``found`` differs from ``right``; ``has_signs``: also in the signs of zeros."""
    if isinstance(right, type) or isinstance(found, type):
        return "" if right is found else f"{found} instead of {right}"
    if isinstance(right, (tuple, list)) or isinstance(right, dict):
        if type(right) is not type(found) or len(right) != len(found):
            return f"{found!r} instead of {right!r}"
        pairs = zip(right.values(), found.values()) if isinstance(right, dict) else zip(right, found)
        return next((problem for pair in pairs if (problem := difference(*pair, has_signs))), "")
    if type(right) is not type(found):
        return f"a {type(found).__name__} instead of a {type(right).__name__}"
    if not isinstance(right, (np.ndarray, np.generic, float)):
        return "" if right == found else f"{found!r} instead of {right!r}"
    right, found = np.asarray(right), np.asarray(found)
    if right.dtype != found.dtype or right.shape != found.shape:
        return f"{found.dtype}{found.shape} instead of {right.dtype}{right.shape}"
    scale = np.max(np.abs(right[np.isfinite(right)]), initial=1.0)
    zeros = (right == 0) & (found == 0)
    if has_signs and np.any(np.signbit(right) & zeros != np.signbit(found) & zeros):
        return f"the sign of a zero: {found} instead of {right}"
    is_near = np.allclose(right, found, rtol=1e-9, atol=1e-11 * scale, equal_nan=True)
    return "" if is_near else f"{found} instead of {right}"


def check_number(name: str, rng: random.Random) -> tuple[str, str, Counter]:
    """A program of the class ``name``: what is wrong with it, its text, and how its calls were served."""
    program = make_program(rng, name)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", JitWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        problem, counts = check(program, rng)
    return problem, "\n".join([program["text"], *map(repr, program["calls"])]), counts


def run_surroundings(count: int, seed: int, names: list[str], most: int) -> bool:
    """Check ``count`` programs, print those that fail and a line for each class. Whether none failed."""
    failures = 0
    for name in names:
        counts: Counter = Counter()
        for number in range(seed, seed + count // len(names)):
            problem, text, served = check_number(name, random.Random(number))
            counts += served
            counts["failed" if problem else "right"] += 1
            if problem and counts["failed"] <= most:
                print(f"--- {name}, program {number}: {problem}\n{text}", file=sys.stderr)
        failures += counts["failed"]
        kept = ("right", "failed", "hits", "traces", "eager", "failures")
        print(f"{name:12s}", ", ".join(f"{counts[key]} {key}" for key in kept), flush=True)
    return not failures
