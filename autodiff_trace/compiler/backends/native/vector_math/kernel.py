"""Kernel: an own vector function, as a function of the module that calls it, beside NumPy's own loop for what it leaves.

The fast path computes the ordinary arguments. A vector with a lane that is not ordinary (NaN, infinity, a result that
overflows …) goes to a function of its own, off the hot path: NumPy's inner loop computes it, so that special values and
floating-point flags are NumPy's; the ordinary lanes among them are computed as ever, since a result must not depend on
what stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..builder import Builder

__all__ = ["Kernel"]


@dataclass(frozen=True)
class Kernel:
    """An own vector function.

    Attributes:
        name: of the function, in ``own.<name>.<format>``.
        ufuncs: for each result the ufunc whose loop computes special lanes.
        special: ``special(builder, *operands)`` -> where lanes are not ordinary; it raises no flags.
        core: ``core(builder, *operands)`` -> the results of ordinary lanes.
        safe: for each operand a number that is ordinary.
    """

    name: str
    ufuncs: tuple[np.ufunc, ...]
    special: Callable[..., str]
    core: Callable[..., tuple[str, ...]]
    safe: tuple[float, ...] = (1.0,)

    def __call__(self, builder: Builder, *operands: str) -> tuple[str, ...]:
        """Emits a call. Returns the results."""
        function = f"own.{self.name}.{builder.suffix}"
        if function not in builder.functions:
            builder.functions[function] = ""  # its two parts call each other
            builder.functions[function] = self.definition(builder, function)
        arguments = ", ".join(f"{builder.type} {operand}" for operand in operands)
        result = builder.emit(f'call {self.result_type(builder)} @"{function}"({arguments})')
        return self.unpack(builder, result)

    def result_type(self, builder):
        types = ", ".join([builder.type] * len(self.ufuncs))
        return f"{{{types}}}" if len(self.ufuncs) > 1 else types

    def unpack(self, builder, result):
        if len(self.ufuncs) == 1:
            return (result,)
        kind = self.result_type(builder)
        return tuple([builder.emit(f"extractvalue {kind} {result}, {i}") for i in range(len(self.ufuncs))])

    def returns(self, builder, results):
        """The instructions that return the results."""
        kind = self.result_type(builder)
        if len(results) == 1:
            builder.lines.append(f"  ret {kind} {results[0]}")
            return
        value = "poison"
        for i, result in enumerate(results):
            value = builder.emit(f"insertvalue {kind} {value}, {builder.type} {result}, {i}")
        builder.lines.append(f"  ret {kind} {value}")

    def definition(self, builder, function):
        kind = self.result_type(builder)
        operands = [f"%x{i}" for i in range(len(self.safe))]
        parameters = ", ".join(f"{builder.type} {operand}" for operand in operands)
        body = builder.inner()
        somewhere = body.any(self.special(body, *operands))
        body.lines += [f"  br i1 {somewhere}, label %special, label %ordinary", "ordinary:"]
        self.returns(body, self.core(body, *operands))
        text = "\n".join(body.lines)
        return (
            f'define internal {kind} @"{function}"({parameters}) nounwind {{\n{text}\n'
            f'special:\n  %rest = call {kind} @"{function}.special"({parameters})\n  ret {kind} %rest\n}}\n'
            f"{self.special_definition(builder, function, operands, parameters)}"
        )

    def special_definition(self, builder, function, operands, parameters):
        """NumPy's loops on a copy of the lanes, and the kernel itself for the ordinary lanes."""
        body = builder.inner()
        mask = self.special(body, *operands)
        safe = [body.select(mask, body.const(value), x) for value, x in zip(self.safe, operands)]
        ordinary = self(body, *safe)
        buffers = [body.emit(f"alloca {body.type}, align 64") for _ in (*operands, "result")]
        for operand, buffer in zip(operands, buffers):
            body.lines.append(f"  store {body.type} {operand}, ptr {buffer}, align 64")
        results = []
        for ufunc, result in zip(self.ufuncs, ordinary):
            call_loop(body, ufunc, buffers, body.width)
            theirs = body.emit(f"load {body.type}, ptr {buffers[-1]}, align 64")
            results.append(body.select(mask, theirs, result))
        self.returns(body, results)
        text = "\n".join(body.lines)
        kind = self.result_type(builder)
        return f'define internal {kind} @"{function}.special"({parameters}) noinline cold nounwind {{\n{text}\n}}\n'


def call_loop(builder, ufunc, buffers, count):
    """A call of NumPy's inner loop on ``count`` numbers that lie one after another: pointers to the operands and to the
    result, how many, the steps, and the loop's own data."""
    letter, size = builder.format.letter, builder.format.bits // 8
    signature = f"{letter * (len(buffers) - 1)}->{letter}"
    loop, data = f'@"loop.{ufunc.__name__}.{signature}"', f'@"data.{ufunc.__name__}.{signature}"'
    builder.declares |= {f"declare void {loop}(ptr, ptr, ptr, ptr)", f"{data} = external global i8"}
    pointers = builder.emit(f"alloca [{len(buffers)} x ptr]")
    steps = builder.emit(f"alloca [{len(buffers)} x i64]")
    length = builder.emit("alloca i64")
    for i, buffer in enumerate(buffers):
        place = builder.emit(f"getelementptr ptr, ptr {pointers}, i64 {i}")
        builder.lines.append(f"  store ptr {buffer}, ptr {place}")
        place = builder.emit(f"getelementptr i64, ptr {steps}, i64 {i}")
        builder.lines.append(f"  store i64 {size}, ptr {place}")
    builder.lines.append(f"  store i64 {count}, ptr {length}")
    builder.lines.append(f"  call void {loop}(ptr {pointers}, ptr {length}, ptr {steps}, ptr {data})")
