"""SciPy's own sparse matrices beside traced arrays: ``A @ x``, ``x @ A``, ``A.dot(x)``, ``A * x``, ``A + x``.

SciPy's operators ask NumPy whether the other operand is an array, and give way to it where it is none. A box says so,
where it is asked there; Python then calls the operator of the box, and that one the operator of a ``SparseArray``.
"""

from __future__ import annotations

import operator

import scipy.sparse

from ...numpy import wrapped as anp
from ...numpy.giving_way import gives_way_in
from ...numpy.array_kinds import operands_of_others
from .arrays import SparseArray, as_sparse

__all__: list[str] = []

OPERATORS = {
    anp.matmul: operator.matmul, anp.multiply: operator.mul, anp.add: operator.add, anp.subtract: operator.sub,
    anp.divide: operator.truediv,
}


def operate(prim, x, y):
    """``x ∘ y`` of a box and a sparse array; NotImplemented if that is no operator of sparse arrays."""
    function = OPERATORS.get(prim)
    if function is None:
        return NotImplemented
    if scipy.sparse.issparse(x) or isinstance(x, SparseArray):
        return function(as_sparse(x), y)
    y = as_sparse(y)
    reflected = {
        anp.matmul: y.__rmatmul__, anp.multiply: y.__rmul__, anp.add: y.__radd__, anp.subtract: y.__rsub__,
    }.get(prim)
    return NotImplemented if reflected is None else reflected(x)


METHODS = {
    **dict.fromkeys(("__matmul__", "__rmatmul__", "__mul__", "__rmul__", "__truediv__", "__rtruediv__"), True),
    **dict.fromkeys(
        ("_matmul_dispatch", "_rmatmul_dispatch", "multiply", "_multiply_2d_with_broadcasting", "_divide", "dot"),
        False,
    ),
}
"""SciPy's operators, and what these call to ask whether an operand is an array."""


def methods_that_give_way():
    for kind in {base for each in CLASSES for base in each.__mro__}:
        for name, is_operator in METHODS.items():
            code = getattr(vars(kind).get(name), "__code__", None)
            if code is not None:
                yield code, is_operator


CLASSES = [
    value for name, value in vars(scipy.sparse).items()
    if isinstance(value, type) and name.endswith(("_array", "_matrix"))
]
gives_way_in.update(methods_that_give_way())
operands_of_others.update(dict.fromkeys([*CLASSES, SparseArray], operate))
