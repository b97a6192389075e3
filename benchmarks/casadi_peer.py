"""CasADi: scalar expressions (SX) or matrix expressions (MX), run by its own machines or as C that it writes."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from itertools import count
from pathlib import Path

import numpy

from .c_compiler import C_COMPILERS, build_library, find_compiler
from .library import Library
from .scratch import scratch_folder

__all__ = ["CASADI"]

LONG = 1_000_000
"""Characters of C from which on the compiler, which takes more than linear time, is to optimise less."""

SERIAL_NUMBER = count()


class CasADi(Library):
    """CasADi's functions, called on arrays that stay where they are (``Function.buffer``), as its manual advises.

    Each input is a vector, taken apart again by the expression: arrays lie in it column by column, as CasADi wants.
    """

    package = "casadi"
    compiles = True

    def __init__(self, symbols: str, in_c: bool) -> None:
        self.symbols, self.in_c = symbols, in_c
        self.name = f"casadi-{symbols.lower()}{'-c' if in_c else ''}"
        self.title = f"CasADi {symbols}{' in C' if in_c else ''}"

    def missing(self):
        return super().missing() or ("" if not self.in_c or find_compiler("CC", *C_COMPILERS) else "no C compiler")

    def start(self, threads):
        self.casadi = import_module("casadi")
        self.losses = import_module(".programs.casadi_losses", __package__)
        self.type = getattr(self.casadi, self.symbols)
        self.np = self.losses.Names(self.casadi, self.type)

    def prepare(self, workload, inputs):
        loss = self.losses.find_loss(workload, self.symbols)
        if loss is None:
            return None
        x = inputs[0]
        if self.symbols == "SX" and workload.name in self.losses.ELEMENTWISE and numpy.size(x) > 1:
            # One scalar's expression, in a loop over the elements.
            function = self.derive(loss, workload, (0.5,) * len(inputs)).map(len(x))
        else:
            function = self.derive(loss, workload, inputs)
        if self.in_c:
            function = self.compile(function)
        like = numpy.empty(function.size_out(0)) if workload.kind in ("hessian", "jacobian") else x
        return Call(function, [pack(leaf) for leaf in inputs], partial(unpack, like=like))

    def derive(self, loss, workload, inputs):
        """The function of the packed inputs whose result is that of the workload, packed."""
        ca, kind = self.casadi, workload.kind
        symbols = [self.type.sym(f"x{i}", pack(leaf).size) for i, leaf in enumerate(inputs)]
        arguments = [self.take_apart(symbol, leaf) for symbol, leaf in zip(symbols, inputs)]
        x = symbols[0]
        if kind == "hvp":
            slope = ca.gradient(self.np.sum(loss(self.np, arguments[0], *arguments[2:])), x)
            result = ca.jtimes(slope, x, symbols[1], True)
        else:
            result = loss(self.np, *arguments)
            if kind == "hessian":
                result = ca.hessian(result, x)[0]
            elif kind == "jacobian":
                result = ca.jacobian(result, x)
            elif kind != "value":
                for _ in range(workload.order):
                    result = ca.gradient(self.np.sum(result), x)
        return ca.Function(f"f{next(SERIAL_NUMBER)}", symbols, [ca.densify(result)])

    def take_apart(self, vector, leaf):
        """Matrices and columns of CasADi in lists, as the arrays in ``leaf``; of three axes: a list of matrices."""
        ca = self.casadi
        if isinstance(leaf, (list, tuple)) or numpy.ndim(leaf) == 3:
            ends = numpy.cumsum([pack(part).size for part in leaf])
            return [self.take_apart(vector[int(end) - pack(part).size : int(end)], part)
                    for end, part in zip(ends, leaf)]
        return ca.reshape(vector, *numpy.shape(leaf)) if numpy.ndim(leaf) == 2 else vector

    def compile(self, function):
        ca = self.casadi
        name, folder = function.name(), Path(scratch_folder("casadi"))
        generator = ca.CodeGenerator(f"{name}.c")
        generator.add(function)
        generator.generate(f"{folder}/")
        level = "-O3" if (folder / f"{name}.c").stat().st_size < LONG else "-O1"
        return ca.external(name, str(build_library(folder / f"{name}.c", level)))


class Call:
    """A function of packed inputs, on arrays of its own: what a user does who calls it often."""

    def __init__(self, function, inputs, unpack) -> None:
        # All of it is to live as long as `evaluate`, which knows addresses alone.
        self.buffer, self.evaluate = function.buffer()
        self.function, self.inputs = function, inputs
        self.result = numpy.zeros(function.nnz_out(0))
        for i, array in enumerate(inputs):
            self.buffer.set_arg(i, memoryview(array))
        self.buffer.set_res(0, memoryview(self.result))
        self.answer = unpack(self.result)

    def __call__(self):
        self.evaluate()
        return self.answer


def pack(leaf) -> numpy.ndarray:
    """All numbers in a vector, matrices column by column."""
    if isinstance(leaf, (list, tuple)):
        return numpy.concatenate([pack(part) for part in leaf])
    array = numpy.asarray(leaf, dtype=float)
    return (numpy.swapaxes(array, -1, -2) if array.ndim > 1 else array).flatten()


def unpack(vector, like):
    """The inverse: arrays, views of ``vector``, in a list or tuple as in ``like``."""
    if isinstance(like, (list, tuple)):
        ends = numpy.cumsum([pack(part).size for part in like])
        return [unpack(vector[end - pack(part).size : end], part) for end, part in zip(ends, like)]
    shape = numpy.shape(like)
    if len(shape) < 2:
        return vector.reshape(shape)
    return numpy.swapaxes(vector.reshape(*shape[:-2], shape[-1], shape[-2]), -1, -2)


CASADI = tuple(CasADi(symbols, in_c) for in_c in (False, True) for symbols in ("SX", "MX"))
