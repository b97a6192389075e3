"""Rewriting rules: each is applied to a program made from its own pattern, and keeps the values that this computes."""

import itertools

import numpy as np
import pytest

from autodiff_trace.compiler import PASSES
from autodiff_trace.compiler.backends.numpy_source import calls
from autodiff_trace.compiler.ir.node import Node, Program, literal, nodes_in, substitute
from autodiff_trace.compiler.ir.spec import spec_of
from autodiff_trace.compiler.rewrite import exact, finite, quicker_calls
from autodiff_trace.compiler.rewrite.driver import Table, rewrite
from autodiff_trace.compiler.rewrite.patterns import Call, Pattern, Term, head, reduced

TRUSTING = (finite.UNMASKED, finite.DIAGONALS)
QUICKER = (quicker_calls.SHORT_AXES, quicker_calls.SHORT_ROWS, quicker_calls.SMALL_SUMS)
TABLES = (exact.EXACT, *TRUSTING, *QUICKER)
RULES = {rule.name: rule for table in TABLES for rule in table.rules}

AWKWARD = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.5, -2.0, 5e-324, 1.7e308, -3e-310, 0.1, 7.0]
FACTORS = [(2.0, 3.0), (-4.0, -0.5), (0.3, 2.0), (2.0, 0.3), (0.5, 0.25), (2, 3), (2.0**30, 1e300), (np.inf, 2.0),
           (np.array(2.0), np.array(-3.0)), (np.float32(-2), np.float32(3)), (np.array(2, np.float32), 5.0), (True, 2)]


def operand(shape, dtype, seed=0):
    """Awkward numbers of this dtype; of shape None a number."""
    count = int(np.prod(shape or ()))
    values = np.resize(np.roll(AWKWARD, 5 * seed), count)
    with np.errstate(all="ignore"):
        if np.dtype(dtype).kind in "iu":
            values = np.resize([0, 1, -1, 127, -128, 7], count)
        elif np.dtype(dtype).kind == "c":
            values = values + 1j * np.roll(values, 1)
        x = values.astype(dtype).reshape(shape or ())
    return x[()] if shape is None else x


class Example:
    """The program of a formula, or of a call of a function, with these operands by their names. Arrays and scalars are
    inputs, but for ``constants``; a formula stands for its own steps."""

    def __init__(self, pattern, operands, constants=()):
        self.steps, self.values = [], {}
        self.operands = {
            name: substitute(value, lambda each: self.node(each, name in constants)) for name, value in operands.items()
        }
        answer = self.build(pattern)
        self.program = Program(list(self.values), self.steps, [answer])

    def node(self, value, is_constant):
        if not isinstance(value, np.ndarray if is_constant else (np.ndarray, np.generic, float)):
            return value
        if is_constant:
            return literal(value)
        node = Node(None, (), {}, spec_of(value), "x", "input")
        self.values[node] = value
        return node

    def build(self, pattern):
        if isinstance(pattern, Term):
            found = self.operands.get(pattern.name)
            return self.build(found) if isinstance(found, Pattern) else found
        if not isinstance(pattern, Call):
            return float(pattern.number)
        args = tuple(map(self.build, pattern.operands))
        function = pattern.functions[0 if any(each.spec.is_array for each in nodes_in(args)) else -1]
        self.steps.append(Node(function, args, {}, None, "step"))
        self.steps[-1].spec = spec_of(self.run(self.steps)[self.steps[-1]])
        return self.steps[-1]

    def run(self, steps):
        """What the steps give."""
        values = dict(self.values)

        def value(arg):
            return arg if type(arg) is not Node else arg.value if arg.kind == "constant" else values[arg]

        with np.errstate(all="ignore"):
            for step in steps:
                values[step] = step.function(*substitute(step.args, value))
        return values

    def rewritten(self, rule):
        """What the program gives, what the rewritten one does, and whether that is another."""
        before = self.run(self.steps)[self.program.outputs[0]]
        program = rewrite(self.program, Table("", rule))
        answer = program.outputs[0]
        values = self.run(program.steps)
        return before, values[answer] if answer in values else answer.value, program is not self.program


def assert_same_bits(found, expected):
    assert type(found) is type(expected)
    found, expected = np.asarray(found), np.asarray(expected)
    assert (found.shape, found.dtype) == (expected.shape, expected.dtype)
    for one, other in ((found.real, expected.real), (found.imag, expected.imag)):
        np.testing.assert_array_equal(one, other)
        if one.dtype.kind == "f":
            numbers = ~np.isnan(other)  # NaNs have no sign that counts
            np.testing.assert_array_equal(np.signbit(one)[numbers], np.signbit(other)[numbers])


# Formulas of arithmetic, of operands of all kinds

ARITHMETIC = [name for name, rule in RULES.items() if rule.pattern.real]
SHAPES = [((12,), (12,)), ((), (3,)), ((2, 1), (3,)), ((2, 3), (3,)), (None, None), (None, (5,)), ((0, 2), (2,))]
DTYPES = [(np.float64, np.float64), (np.float32, np.float32), (np.float32, np.float64), (np.float16, np.float32),
          (np.int8, np.int8), (np.uint8, np.float64), (np.int64, np.float64), (complex, complex), (float, complex)]


@pytest.mark.parametrize("name", ARITHMETIC)
def test_formulas_keep_every_bit(name):
    fired = 0
    # Any two of a shape, dtypes and factors meet, any three of them in a third of all cases.
    cases = itertools.product(enumerate(SHAPES), enumerate(DTYPES), enumerate(FACTORS))
    for shapes, dtypes, (c, d) in [[each for _, each in case] for case in cases if sum(i for i, _ in case) % 3 == 0]:
        x, y = (operand(shape, dtype, seed) for seed, (shape, dtype) in enumerate(zip(shapes, dtypes)))
        for s in (c, exact.c * exact.y):
            example = Example(RULES[name].pattern, {"x": x, "y": y, "c": c, "d": d, "s": s}, constants="cds")
            expected, found, has_fired = example.rewritten(RULES[name])
            assert_same_bits(found, expected)
            fired += has_fired
    assert fired, "the rule applies to nothing"


# The others, of their own examples

V, M = np.array([1.5, -0.0, 3.0]), np.array([[1.0, -2.0, 0.0], [0.5, -0.0, 4.0]])
POOLED = np.linspace(-1.0, 2.0, 40 * 8 * 2 * 7 * 3 * 6).reshape(40, 8, 2, 7, 3, 6)
STACK = np.linspace(-1.0, 2.0, 2 * 500 * 20).reshape(2, 500, 20)
HIGH, POINTS = np.linspace(-1.0, 2.0, 30_000).reshape(10_000, 3), np.linspace(0.5, 2.0, 10_030).reshape(1003, 10)
g, x, y, shape, axes = map(Term, ("g", "x", "y", "shape", "axes"))
fill = head(calls.fill)

EXAMPLES = {
    "fill": [
        ({"g": V, "y": M, "shape": (2, 3)}, head(np.multiply)(fill(g, shape), y)),
        ({"g": np.float64(-2.0), "y": V, "shape": (3,)}, head(np.subtract)(y, head(np.broadcast_to)(g, shape))),
        ({"g": np.full(3, 0.5), "x": M}, head(np.add)(g, x)),
        ({"g": 2.0, "y": np.full((2, 3), 3.0), "shape": (2, 3)}, head(np.power)(fill(g, shape), y)),
    ],
    "plus": [{"x": V}, {"x": np.arange(3)}, {"x": V * 1j}, {"x": np.float32(2.0)}],
    "mask of all": [{"x": V, "mask": np.ones(V.shape, bool)}, {"x": np.float32(np.inf), "mask": True}],
    "cast": [{"x": V, "anything": V.dtype}, {"x": np.float32(2.0), "anything": np.dtype(np.float32)}],
    "reshape": [{"x": M, "shape": (2, 3)}, {"x": M.T, "shape": (3, 2)}],
    "reshape again": [{"x": M, "anything": (6,), "shape": (3, 2)}, {"x": M.T, "anything": (6,), "shape": (3, 2)}],
    "transpose": [{"x": M, "axes": (0, 1)}],
    "transpose again": [{"x": POOLED, "axes": (1, 0, 2, 5, 3, 4), "outer": (2, 3, 1, 0, 5, 4)}],
    "whole scatter": [{"pieces": [V], "indices": [(None, ...)], "shape": (1, 3), "zeros": (), "ways": ("write",)}],
    "item of a number": [{"x": np.float64(2.0), "anything": ()}],
    "mask": [{"x": M, "mask": M != 0}, {"x": np.float32(2.0), "mask": np.True_}],
    "sigmoid": [{"x": M}, {"x": V.astype(np.float32)}],
    "identity times a matrix": [{"eye": np.eye(2), "matrix": M}],
    "diagonal times a matrix": [{"eye": np.eye(2), "d": V[:2], "matrix": M}],
    "sum of negatives": [
        {"x": STACK, "axis": 1}, {"x": STACK, "axis": (0, 2)}, {"x": STACK * 0.0, "axis": None},
        {"x": STACK * -0.0, "axis": 1}, {"x": np.where(STACK > 1, np.inf, STACK), "axis": 0},
    ],
    "reduction over few places": [
        ({"x": POOLED, "axis": (2, 4)}, reduced(x, calls.MAXIMUM_REDUCE)), {"x": POOLED > 0.5, "axis": 4},
        ({"x": POOLED, "axis": -2}, reduced(x, calls.MINIMUM_REDUCE)),
    ],
    "sum over a short axis": [{"x": HIGH.reshape(-1, 5, 3), "axis": 1}, {"x": HIGH, "axis": (-1,)}],
    "arithmetic of short rows": [
        ({"x": POINTS, "y": POINTS[0]}, x - y), ({"x": POINTS[:1], "y": POINTS}, head(np.divide)(x, y)),
    ],
    "sum of many rows": [{"x": HIGH, "axis": 0}, {"x": HIGH.reshape(10, 1000, 3), "axis": (0, 1)}],
    "small sum": [{"x": V, "axis": None}, {"x": M, "axis": 0}, {"x": M, "axis": -1}],
}
EXACT = [*[rule.name for rule in exact.EXACT.rules], "arithmetic of short rows", "reduction over few places"]
CASES = [(name, *(case if type(case) is tuple else (case, None))) for name, cases in EXAMPLES.items() for case in cases]


def test_each_rule_is_tested():
    assert {*EXAMPLES, *ARITHMETIC} == {*RULES} and len(RULES) == sum([len(table.rules) for table in TABLES])
    assert {table.compiler_pass for table in TABLES} <= {*PASSES}


@pytest.mark.parametrize("name, operands, formula", CASES, ids=[case[0] for case in CASES])
def test_rules_keep_the_values_of_their_examples(name, operands, formula):
    for keepdims in (False, True):
        constants = [each for each, value in operands.items() if each == "eye" or is_uniform(value)]
        formula = formula or RULES[name].pattern
        example = Example(formula, {"none": None, "keepdims": keepdims, **operands}, constants)
        expected, found, has_fired = example.rewritten(RULES[name])
        assert has_fired, "the rule does not apply"
        if name in EXACT:
            assert_same_bits(found, expected)
        else:
            assert type(found) is type(expected) and found.dtype == expected.dtype
            np.testing.assert_allclose(found, expected, rtol=1e-6 if found.dtype == np.float32 else 1e-12, atol=1e-10)


def is_uniform(value):
    return isinstance(value, np.ndarray) and value.ndim > 0 and np.all(value == value.flat[0])


@pytest.mark.parametrize("name", [rule.name for table in QUICKER for rule in table.rules])
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_what_is_quicker_shows_what_is_not_finite(name, bad):
    for operands, formula in [case[1:] for case in CASES if case[0] == name]:
        x = operands["x"].copy()
        x.flat[[1, -1]] = bad
        example = Example(formula or RULES[name].pattern, {"none": None, "keepdims": False, **operands, "x": x})
        expected, found, _ = example.rewritten(RULES[name])
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-10)


@pytest.mark.parametrize("name", ["identity times a matrix", "diagonal times a matrix"])
@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_what_trusts_checks(name, bad):
    for operands, formula in [case[1:] for case in CASES if case[0] == name]:
        operands = {key: value.copy() if isinstance(value, np.ndarray) else value for key, value in operands.items()}
        operands["matrix"].flat[1] = bad
        example = Example(formula or RULES[name].pattern, {"none": None, "keepdims": False, **operands}, ["eye"])
        with pytest.raises(FloatingPointError, match="not all is finite"):
            example.rewritten(RULES[name])
