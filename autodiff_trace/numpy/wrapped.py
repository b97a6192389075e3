"""NumPy's public functions as primitives, and a few of our own. Rules and boxes are written with these names.

``from autodiff_trace.numpy import wrapped as anp`` inside the package; users import ``autodiff_trace.numpy``.
"""

from __future__ import annotations

import functools
import operator

import numpy as np

from ..core.primitives import primitive
from ..core.tracer import is_box
from ..core.traits import declare
from .namespace import wrap_namespace, wrapped_functions

wrap_namespace(np, globals(), "autodiff_trace.numpy")


@primitive
def where(condition, /, *branches):
    """``np.where``; where NumPy makes an array of dimension 0, a scalar."""
    return np.where(condition, *branches)[()] if branches else np.where(condition)


wrapped_functions[np.where] = where


def result_type(*arrays_and_dtypes):
    """``np.result_type``. Of a traced value only the dtype is read, or that it is a number of Python's."""
    return np.result_type(*[
        x if not is_box(x) else x.__class__() if is_python_number(x) else x.dtype for x in arrays_and_dtypes])


def is_python_number(x):
    """Whether NumPy takes a value for a number of Python's, which leaves float32 float32. ``jit`` traces some."""
    return x.__class__ in (int, float, complex)


wrapped_functions[np.result_type] = result_type

getitem = primitive(operator.getitem, makes_view=True)
"""``x[index]``."""
getitem.__module__ = __name__


@functools.partial(primitive, makes_view=True)
def astype(x, dtype, order="K", casting="unsafe", subok=True, copy=True):
    """Cast an array to ``dtype``; into integers and booleans no derivative flows."""
    x = x if hasattr(x, "astype") else np.asarray(x)  # NumPy's scalars stay scalars
    return x.astype(dtype, order, casting, subok, copy)


if hasattr(np, "astype"):  # since NumPy 2.1
    wrapped_functions[np.astype] = astype


def copy_to_write(x):
    if type(x) is np.ndarray:
        return x.copy("K")
    return np.array(x) if isinstance(x, np.generic) else x.copy()  # what is computed of an array () is a number


@primitive
def set_item(x, index, value):
    """A copy of ``x``, which lies in memory as ``x`` does, with ``x[index] = value``."""
    result = copy_to_write(x)
    result[index] = value
    return result


@primitive
def write_item(x, index, value):
    """The same in the memory of ``x``, which the caller owns."""
    x[index] = value
    return x


@primitive
def add_at(x, index, value):
    """A copy of ``x`` with ``value`` added at ``index``, each time an element is named: ``np.add.at``."""
    result = copy_to_write(x)
    np.add.at(result, index, value)
    return result


declare(getitem, set_item, write_item, add_at, sequence_args=(1,), indexes=True)
declare(set_item, write_item, writes_first=True)
