"""The box of arrays: operators, methods and NumPy's protocols, all of which call wrapped functions."""

from __future__ import annotations

import operator
import sys

import numpy as np

from ..core.asking import why_not_stored
from ..core.errors import TracedValueError, caller_line
from ..core.fast.ownership import writing
from ..core.foreign import FOREIGN
from ..core.shape_errors import name_shapes
from ..core.tracebacks import hide_frames
from ..core.unary import call_on
from ..core.recording import RecordingTrace
from ..core.tracer import Box, fixed_types, is_box, register_box
from ..core.unknown_names import add_missing
from . import moving
from . import wrapped as anp
from .attributes import conjugate, resize, set_imag, set_real, set_shape, view
from .giving_way import gives_way
from .layouts import is_number, layout
from .namespace import wrapped_functions
from .operators import binary_operator, comparison, forward_method, python_value
from .plain_arrays import plain_array, plain_parameter
from .rules.shapes import full_shape
from .ufunc_methods import call_ufunc_method
from .writable_box import WritableBox

__all__ = ["ArrayBox"]


class ArrayBox(WritableBox):
    """A traced array or number: what a function sees while it is being differentiated, batched or recorded."""

    __slots__ = ("_view_of", "_views", "_copies_left", "_made")
    __array_priority__ = 1000.0
    __pandas_priority__ = 10_000  # pandas leaves its operators to what has a higher one
    __hash__ = Box.__hash__

    __add__, __radd__, __iadd__ = binary_operator(anp.add)
    __sub__, __rsub__, __isub__ = binary_operator(anp.subtract)
    __mul__, __rmul__, __imul__ = binary_operator(anp.multiply)
    __truediv__, __rtruediv__, __itruediv__ = binary_operator(anp.divide)
    __floordiv__, __rfloordiv__, __ifloordiv__ = binary_operator(anp.floor_divide)
    __mod__, __rmod__, __imod__ = binary_operator(anp.remainder)
    __matmul__, __rmatmul__, __imatmul__ = binary_operator(anp.matmul)
    __pow__, __rpow__, __ipow__ = binary_operator(anp.power)
    __and__, __rand__, __iand__ = binary_operator(anp.bitwise_and)
    __or__, __ror__, __ior__ = binary_operator(anp.bitwise_or)
    __xor__, __rxor__, __ixor__ = binary_operator(anp.bitwise_xor)
    __lshift__, __rlshift__, __ilshift__ = binary_operator(anp.left_shift)
    __rshift__, __rrshift__, __irshift__ = binary_operator(anp.right_shift)

    __eq__ = comparison(anp.equal)
    __ne__ = comparison(anp.not_equal)
    __lt__ = comparison(anp.less)
    __le__ = comparison(anp.less_equal)
    __gt__ = comparison(anp.greater)
    __ge__ = comparison(anp.greater_equal)
    __divmod__ = comparison(anp.divmod)

    def __rdivmod__(self, other):
        return anp.divmod(other, self)

    def __neg__(self):
        return anp.negative(self)

    def __pos__(self):
        return anp.positive(self)

    def __abs__(self):
        return anp.absolute(self)

    def __invert__(self):
        return anp.invert(self)

    # Python asks for a plain value: the trace decides.
    __bool__ = python_value(bool)
    __complex__ = python_value(complex)
    __float__ = python_value(float)
    __index__ = python_value(operator.index)
    __int__ = python_value(int)

    def __round__(self, ndigits=None):
        return int(anp.round(self)) if ndigits is None else anp.round(self, ndigits)

    def __format__(self, spec):
        def format(value):
            return value.__format__(spec)

        try:
            return self._trace.python_value(self, format)
        except Exception as error:
            hide_frames(error)
            raise

    def __str__(self):
        return self._trace.text(self)

    def __repr__(self):
        value = self._value
        return f"ArrayBox({(value._value if is_box(value) and value._trace is FOREIGN else value)!r})"

    # Metadata

    # (What metadata(self) does, written out: rules ask at each step of a backward pass that is traced.)
    shape = property(lambda self: self._trace.metadata(self).shape, set_shape)
    dtype = property(lambda self: self._trace.metadata(self).dtype)
    ndim = property(lambda self: self._trace.metadata(self).ndim)
    size = property(lambda self: self._trace.metadata(self).size)
    itemsize = property(lambda self: self.dtype.itemsize)
    nbytes = property(lambda self: self.size * self.itemsize)

    def __len__(self):
        if not self.shape:
            raise TypeError("len() of a 0-dimensional array")
        return self.shape[0]

    # Items

    def __getitem__(self, index):
        try:
            return call_on(anp.getitem, self, index) if type(index) is int else anp.getitem(self, index)
        except Exception as error:
            hide_frames(error)
            raise

    def __iter__(self):
        if not self.shape:
            raise TypeError("iteration over a 0-dimensional array")
        return (self[i] for i in range(len(self)))

    def __contains__(self, value):
        return bool(anp.any(anp.equal(self, value)))

    # Methods whose signature is not that of the function

    T = property(lambda self: moving.transpose(self, tuple(range(self.ndim))[::-1]))
    mT = property(lambda self: anp.swapaxes(self, -1, -2))
    device = property(lambda self: getattr(self._trace.metadata(self), "device", "cpu"))  # NumPy's know no other
    real = property(lambda self: anp.real(self), set_real)
    imag = property(lambda self: anp.imag(self), set_imag)
    strides = property(lambda self: layout(self).strides)
    flags = property(lambda self: layout(self).flags)
    conj = conjugate = conjugate
    resize = resize
    view = view

    def reshape(self, *shape, order="C"):
        shape = shape[0] if len(shape) == 1 else shape
        if order != "C":
            return anp.reshape(self, shape, order)
        return moving.reshape(self, full_shape(self, shape))

    def transpose(self, *axes):
        return anp.transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def copy(self, order="C"):
        return self if is_number(self) else anp.copy(self, order)  # of a number a number

    def flatten(self, order="C"):
        return anp.copy(anp.ravel(self, order))

    def item(self, *index):
        if not index and self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        place = index[0] if len(index) == 1 else index or 0
        return self[place] if isinstance(place, tuple) else self.reshape(-1)[place]

    def tolist(self):
        return [row.tolist() if row.ndim else row for row in self] if self.ndim else self

    def compress(self, condition, axis=None, out=None):
        return anp.compress(condition, self, axis, out)

    def put(self, indices, values, mode="raise"):
        anp.put(self, indices, values, mode)

    def fill(self, value):
        self[...] = value

    def partition(self, kth, axis=-1, **kwargs):
        with writing:
            self.replace(anp.partition(self, kth, axis=axis, **kwargs))

    def sort(self, axis=-1, *args, **kwargs):
        with writing:
            self.replace(anp.sort(self, axis, *args, **kwargs))

    def __copy__(self):
        return self if is_number(self) else anp.copy(self)

    def __deepcopy__(self, memo):
        return self.__copy__()

    def __reduce_ex__(self, protocol):
        if self._node is None or isinstance(self._trace, RecordingTrace):  # no derivative is dropped
            return np.asarray(self)[() if is_number(self) else ...].__reduce_ex__(protocol)
        raise TracedValueError(
            f"a traced value cannot be pickled ({caller_line()}): what comes back, in another process too, would be a "
            "constant. Pickle the plain value, to_numpy(x), if no derivative is needed; copy.deepcopy(x) gives a copy."
        )

    # NumPy's protocols

    def __array_namespace__(self, *, api_version=None):
        np.empty(0).__array_namespace__(api_version=api_version)  # raises for versions that NumPy does not know
        return sys.modules[__package__]

    def to_device(self, device, /, *, stream=None):
        np.empty(0).to_device(device, stream=stream)  # raises for devices that NumPy does not know
        return self

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        try:
            return call_ufunc_method(ufunc, method, inputs, kwargs)
        except Exception as error:
            name_shapes(error, ufunc, inputs)
            hide_frames(error)
            raise

    def __array_function__(self, function, types, args, kwargs):
        try:
            wrapped = wrapped_functions.get(function)
            if wrapped is None:
                raise TracedValueError(
                    f"numpy.{function.__name__} cannot be traced ({caller_line()}): it has no form that follows "
                    "derivatives. Take the plain value with to_numpy(x) if none is needed."
                )
            return wrapped(*args, **kwargs)
        except Exception as error:
            name_shapes(error, wrapped, args)
            hide_frames(error)
            raise

    def __array__(self, dtype=None, copy=None):
        try:
            if gives_way(sys._getframe(1)):
                return np.empty((), object)
            return plain_array(self, dtype)
        except Exception as error:
            hide_frames(error)
            raise


    _as_parameter_ = property(plain_parameter)


for _name in dir(np.ndarray):  # the methods whose signature is that of the function
    if hasattr(anp, _name) and not hasattr(ArrayBox, _name):
        setattr(ArrayBox, _name, forward_method(getattr(anp, _name)))


def store(out, x):
    """``x``, written into ``out`` if that is given: an array or, as NumPy gives it to a protocol, a tuple with one."""
    if out is None:
        return x
    if isinstance(out, tuple):
        (out,) = out
    if not is_box(out):
        if not is_box(x):  # a mask, say, in which no trace is interested
            np.copyto(out, x, casting="same_kind")
            return out
        raise TracedValueError(why_not_stored(caller_line()))
    with writing:
        return out.replace(anp.broadcast_to(x, out.shape) if np.shape(x) != out.shape else x)


NUMBERS = {np.dtype(code).type for code in np.typecodes["All"] if code not in "OSUVMm"}
fixed_types.update(NUMBERS, {type(np.dtype(number)) for number in NUMBERS})
register_box(ArrayBox, np.ndarray, *NUMBERS)
for _kind, _scalar in ((bool, np.bool_), (int, np.int64), (float, np.float64), (complex, np.complex128)):
    register_box(ArrayBox, _kind, convert=_scalar)
add_missing(ArrayBox, "x")
