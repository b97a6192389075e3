"""Float forms: which functions compute on Python's floats what NumPy's compute."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

import numpy as np

from .. import calls

__all__ = ["FLOAT_CALLS", "FLOAT_FUNCTIONS"]

FLOAT_CALLS: dict[Callable, Callable] = {
    operator.add: operator.add, operator.sub: operator.sub, operator.mul: operator.mul,
    operator.truediv: operator.truediv, operator.neg: operator.neg, operator.abs: operator.abs,
    operator.lt: operator.lt, operator.le: operator.le, operator.gt: operator.gt, operator.ge: operator.ge,
    operator.eq: operator.eq, operator.ne: operator.ne, operator.pow: math.pow,
    np.add: operator.add, np.subtract: operator.sub, np.multiply: operator.mul, np.divide: operator.truediv,
    np.negative: operator.neg, np.absolute: operator.abs, np.power: math.pow,
    np.sin: math.sin, np.cos: math.cos, np.tan: math.tan, np.arcsin: math.asin, np.arccos: math.acos,
    np.arctan: math.atan, np.arctan2: math.atan2, np.sinh: math.sinh, np.cosh: math.cosh, np.tanh: math.tanh,
    np.arcsinh: math.asinh, np.arccosh: math.acosh, np.arctanh: math.atanh, np.exp: math.exp, np.expm1: math.expm1,
    np.log: math.log, np.log1p: math.log1p, np.log2: math.log2, np.log10: math.log10, np.sqrt: math.sqrt,
    np.hypot: math.hypot, np.float64: float, calls.select: calls.select_float,
}
"""What computes on Python's floats what these compute on NumPy's."""

FLOAT_FUNCTIONS = frozenset(FLOAT_CALLS.values())
