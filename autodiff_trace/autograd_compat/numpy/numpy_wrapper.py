"""``autograd.numpy.numpy_wrapper``: NumPy's names, of which the functions are the native ones, and autograd's own."""

from __future__ import annotations

import builtins as python
import functools
import warnings
from importlib import import_module

import numpy as np

from ... import numpy as native
from ...core.tracer import find_top_trace, is_box, metadata as shown
from .. import builtins as builtins
from ..tracer import notrace_primitive, primitive, trace_primitives_map
from .native_forms import (
    NOTHING, form_of, note_primitive, notrace_functions as notrace_functions, wrap_intdtype as wrap_intdtype,
)

numpy_version = np.__version__


def wrap_namespace(old, new):
    """Put the traced form of each function of the namespace ``old``, a dict, into the dict ``new``.

    Of NumPy's and SciPy's functions these are the native ones; types and numbers stay as they are.

    >>> space = {}
    >>> wrap_namespace({"exp": np.exp, "pi": np.pi, "double": lambda x: 2 * x, "version": "1"}, space)
    >>> list(space), space["exp"] is native.exp
    (['exp', 'pi', 'double'], True)
    """
    forms = {}  # names of one function keep one form
    for name, value in [*old.items()]:
        if not (name.startswith("__") and name.endswith("__")):
            if id(value) not in forms:
                forms[id(value)] = form_of(value, primitive)
            form = forms[id(value)]
            if form is not NOTHING:
                new[name] = form
            if hasattr(form, "_is_autograd_primitive"):
                trace_primitives_map[value] = form


wrap_namespace(vars(np), globals())
_primitive_mean, _primitive_std, _primitive_var = native.mean, native.std, native.var
_astype = native.astype


def of_any_iterable(join):
    """A function that joins the arrays of a list or tuple, and here of any iterable: values of a dict, a ``map``."""

    @functools.wraps(join, updated=())
    def join_arrays(arrays, *args, **kwargs):
        if not (python.isinstance(arrays, (python.list, python.tuple, np.ndarray)) or is_box(arrays)):
            arrays = [*arrays]
        return join(arrays, *args, **kwargs)

    return join_arrays


concatenate, stack, hstack, vstack, column_stack = map(
    of_any_iterable, (native.concatenate, native.stack, native.hstack, native.vstack, native.column_stack))
row_stack = vstack  # which NumPy warns of


def array(A, dtype=None, *args, **kwargs):
    """``np.array``; of traced values with ``dtype=object``, too: the array is then one of numbers."""
    if dtype is not None and np.dtype(dtype) == python.object and find_top_trace((A,)) is not None:
        dtype = None
    return native.array(A, dtype, *args, **kwargs)


def concatenate_args(axis, *args):
    """``concatenate`` with the arrays one by one."""
    return native.concatenate(args, axis)


def array_from_args(array_args, array_kwargs, *args):
    """``array`` of a list whose items are given one by one, behind its further arguments."""
    return native.array(args, *array_args, **array_kwargs)


def _array_from_scalar_or_array(array_args, array_kwargs, scalar):
    return native.array(scalar, *array_args, **array_kwargs)


def wrap_if_boxes_inside(raw_array, slow_op_name=None):
    """A traced array in the place of an array of objects that are boxes; other arrays as they are."""
    if raw_array.dtype != python.object:
        return raw_array
    if slow_op_name:
        warnings.warn(f"{slow_op_name} of traced values is slow; np.concatenate is quicker.", stacklevel=2)
    return native.array([*raw_array.flat]).reshape(raw_array.shape)


def holds_array(x):
    """Whether ``x``, or an item of a list or tuple, is NumPy's or traced."""
    if isinstance(x, (python.list, python.tuple)):
        return python.any(holds_array(item) for item in x)
    return is_box(x) or isinstance(x, (np.ndarray, np.generic))


def where(condition, x=np._NoValue, y=np._NoValue):
    """``np.where``; of Python's lists and numbers alone it makes a list or a number of Python's."""
    if x is y is np._NoValue:
        return native.where(condition)
    if x is np._NoValue or y is np._NoValue:
        raise ValueError("where takes both x and y, or neither.")
    ans = native.where(condition, x, y)
    return ans if python.type(condition) is np.ndarray or holds_array((condition, x, y)) else ans.tolist()


class Concatenator:
    """What is called by brackets: ``r_[x, y]``."""

    def __getitem__(self, key):
        return self.concatenator[key]


r_class = type("r_class", (Concatenator,), {"concatenator": native.r_})
c_class = type("c_class", (Concatenator,), {"concatenator": native.c_})
r_, c_ = r_class(), c_class()


def make_diagonal(D, offset=0, axis1=0, axis2=1):
    """Arrays with ``D`` on the diagonal of their last two axes, as ``offset=0, axis1=-1, axis2=-2`` has to say."""
    if (offset, axis1, axis2) != (0, -1, -2):
        raise NotImplementedError("make_diagonal: only offset=0, axis1=-1, axis2=-2.")
    D = native.asarray(D)
    return native.where(np.eye(D.shape[-1], dtype=np.bool_), D[..., None, :], 0.0)


def metadata(A):
    """The shape, the number of dimensions and the dtype of ``A``, and whether it is complex."""
    A = shown(A)
    if python.isinstance(A, (np.ndarray, np.generic)):  # 0.5 instead of 5 µs
        return A.shape, A.ndim, A.dtype, A.dtype.kind == "c"
    return native.shape(A), native.ndim(A), native.result_type(A), native.iscomplexobj(A)


for _function in (concatenate_args, array_from_args, _array_from_scalar_or_array, make_diagonal):
    note_primitive(_function, _function)


@notrace_primitive
def parse_einsum_input(*args):
    """The input and output subscripts of a call of ``einsum``, in full, and its operands."""
    module = import_module("numpy._core.einsumfunc" if hasattr(np, "_core") else "numpy.core.einsumfunc")
    return module._parse_einsum_input(args)
