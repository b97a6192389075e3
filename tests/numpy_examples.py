"""NumPy's own examples: the statements in a docstring, run on plain arrays and on traced ones.

    x = np.array([1.5, 2.0])          becomes          x = keep(np.array(keep([1.5, 2.0])))
    np.sum(x, axis=0)                                  np.sum(keep(x), axis=keep(0))

``keep(value)`` gives plain numbers as they are. In a traced run it ties each floating-point number to ``t`` at 0, with
the value as it is and the derivative of ``value * (1 + t)``: so the same statements run in every mode.
"""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autodiff_trace import extend, to_numpy, tree_leaves
from autodiff_trace import numpy as anp
from autodiff_trace.core.tracer import is_box

__all__ = ["Statement", "find_statements", "run_plain", "run_traced"]

LONGEST = 100
"""Items up to which numbers in a list are traced one by one."""


class Statement(NamedTuple):
    source: str
    code: Any
    is_expression: bool
    reads: set[str]
    writes: set[str]


# Examples


class Keeping(ast.NodeTransformer):
    """Puts ``keep(...)`` around the arguments of calls and around what is assigned."""

    def visit_Call(self, node):
        self.generic_visit(node)
        node.args = [arg if isinstance(arg, ast.Starred) else kept(arg) for arg in node.args]
        for keyword in node.keywords:
            keyword.value = kept(keyword.value) if keyword.arg else keyword.value
        return node

    def visit_Assign(self, node):
        self.generic_visit(node)
        node.value = kept(node.value)
        return node


def kept(expression):
    return ast.copy_location(ast.Call(ast.Name("keep", ast.Load()), [expression], []), expression)


def find_statements(doc: str) -> list[Statement]:
    """The statements of the examples in a docstring, but for those that import NumPy or draw."""
    statements = []
    for example in doctest.DocTestParser().get_examples(doc or ""):
        if "plt." in example.source or "matplotlib" in example.source:
            continue
        with contextlib.suppress(SyntaxError):
            statements += [to_statement(node) for node in ast.parse(example.source).body if not imports_numpy(node)]
    return statements


def imports_numpy(node):
    return isinstance(node, ast.Import) and node.names[0].name == "numpy"


def to_statement(node):
    source = ast.unparse(node)
    names = [each for each in ast.walk(node) if isinstance(each, ast.Name)]
    reads = {each.id for each in names if isinstance(each.ctx, ast.Load)} - {"np"}
    writes = {each.id for each in names if isinstance(each.ctx, ast.Store)}
    targets = [each for target in getattr(node, "targets", ()) for each in ast.walk(target)]
    writes |= {each.id for each in targets if isinstance(each, ast.Name)}  # also those of a[0] and a.real
    node = ast.fix_missing_locations(Keeping().visit(node))
    if isinstance(node, ast.Expr):
        return Statement(source, compile(ast.Expression(node.value), "example", "eval"), True, reads, writes)
    return Statement(source, compile(ast.Module([node], []), "example", "exec"), False, reads, writes)


# Runs


def tie(t, value):
    return value.copy() if isinstance(value, np.ndarray) else value


tie = extend.primitive(tie)
extend.defvjp(tie, lambda g, ans, t, value: anp.real(anp.sum(g * value)), None)
extend.defjvp(tie, lambda t, ans, _, value: anp.astype(t, value.dtype) * value, None)


class Keeper:
    """``keep`` of a run: ``t`` is None in a plain one. ``as_floats``: numbers in arrays and lists become floats."""

    def __init__(self, t: Any, as_floats: bool) -> None:
        self.t = t
        self.as_floats = as_floats

    def __call__(self, value: Any) -> Any:
        kind = type(value)
        if kind is np.ndarray or isinstance(value, np.inexact):
            if self.as_floats and kind is np.ndarray and value.dtype.kind in "iu":
                value = value.astype(np.float64)
            return tie(self.t, value) if self.t is not None and value.dtype.kind in "fc" else value
        if is_box(value) and self.as_floats and value.ndim and value.dtype.kind in "iu":
            return anp.astype(value, np.float64)
        if (kind is list or kind is tuple and any(map(is_number, value))) and len(value) <= LONGEST:
            return kind([self.keep_item(item) for item in value])
        return value

    def keep_item(self, item):
        if type(item) is int and self.as_floats or type(item) is float:
            return float(item) if self.t is None else tie(self.t, np.float64(item))
        return self(item)


def is_number(item):
    """Whether a tuple that holds ``item`` is no shape."""
    return isinstance(item, (list, tuple, np.ndarray, float)) or is_box(item)


class Seeded:
    """``np.random``, with the same numbers in every run."""

    def __getattr__(self, name):
        return getattr(np.random, name)

    def default_rng(self, seed=0):
        return np.random.default_rng(seed)


class Namespace:
    """``np`` of the examples."""

    def __init__(self, module: Any) -> None:
        self.module = module
        self.random = Seeded()

    def __getattr__(self, name):
        return getattr(self.module, name)


def run(statements: list[Statement], module: Any, keep: Callable, skip: set[int], traced: list) -> list:
    """What each statement gives: its value, None if it is no expression, or the exception it raises. Floating-point
    results that are traced are added to ``traced``."""
    names = {"np": Namespace(module), "numpy": Namespace(module), "keep": keep}
    np.random.seed(0)
    results: list[Any] = []
    for i, statement in enumerate(statements):
        if i in skip:
            results.append(None)
            continue
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                result = eval(statement.code, names)
            results.append(to_plain(result) if statement.is_expression else None)
            traced += [x for x in tree_leaves(result) if is_box(x) and x.dtype.kind in "fc"]
        except Exception as error:
            results.append(error)
    return results


def run_plain(statements: list[Statement], as_floats: bool) -> list:
    return run(statements, np, Keeper(None, as_floats), set(), [])


def run_traced(transform: Callable, statements: list[Statement], as_floats: bool, skip: set[int]) -> tuple[list, Any]:
    """The same on values that ``transform(function)`` traces, and what that returns. The function is called with the
    traced 0, and returns all results."""
    results: list[Any] = []

    def function(t):
        traced = [t]
        results.extend(run(statements, anp, Keeper(t, as_floats), skip, traced))
        return traced

    derivative = transform(function)
    return results, derivative


def to_plain(result: Any) -> Any:
    """A copy of a result without boxes; of a mapped one its only element."""
    if is_box(result):
        value = np.array(to_numpy(result))
        return value[0] if value.shape != result.shape else value
    if isinstance(result, (list, tuple)):
        return [to_plain(item) for item in result]
    return result.copy() if type(result) is np.ndarray else result
