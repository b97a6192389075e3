"""Kernel: an own vector function, as a function of the module that calls it, beside NumPy's own loop for what it leaves.

The fast path computes the ordinary arguments. A vector with a lane that is not ordinary (NaN, infinity, a result that
overflows …) goes to a function of its own, off the hot path: NumPy's inner loop computes it, so that special values and
floating-point flags are NumPy's; the ordinary lanes among them are computed as ever, since a result must not depend on
what stands beside it. Special lanes of float32 go through the loop of float64, whose result is rounded: it is closer,
and the rounding raises the flags of overflow and underflow.
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
        check: ``check(builder, *operands)`` -> where lanes are not ordinary, without raising flags; or a pair of that and
            of what is computed on the way, which the core is then given in place of the operands.
        core: ``core(builder, *operands)`` -> the results of ordinary lanes.
        safe: for each operand a number that is ordinary.
        rest: the kernel that does vectors with a lane that is not ordinary here, and has the same results where it is.
    """

    name: str
    ufuncs: tuple[np.ufunc, ...]
    check: Callable[..., str | tuple[str, tuple]]
    core: Callable[..., tuple[str, ...]]
    safe: tuple[float, ...] = (1.0,)
    rest: Kernel | None = None

    def __call__(self, builder: Builder, *operands: str) -> tuple[str, ...]:
        """Emits a call, or the code itself if the builder wants it. Returns the results."""
        if builder.inline:
            return self.written_out(builder, *operands)
        return self.call(builder, self.function(builder), *[(builder.type, operand) for operand in operands])

    def function(self, builder):
        """The name of the function, which is defined if it is not yet."""
        name = f"own.{self.name}.{builder.suffix}"
        if name not in builder.functions:
            builder.functions[name] = ""  # it and what it leaves to NumPy call each other
            builder.functions[name] = self.definition(builder, name)
        return name

    def call(self, builder, function, *operands):
        kind = self.result_type(builder)
        arguments = ", ".join(f"{type} {operand}" for type, operand in operands)
        result = builder.emit(f'call {kind} @"{function}"({arguments})')
        if len(self.ufuncs) == 1:
            return (result,)
        return tuple([builder.emit(f"extractvalue {kind} {result}, {i}") for i in range(len(self.ufuncs))])

    def result_type(self, builder):
        types = ", ".join([builder.type] * len(self.ufuncs))
        return f"{{{types}}}" if len(self.ufuncs) > 1 else types

    def written_out(self, builder, *operands):
        ordinary, special, end = [builder.label(name) for name in ("ordinary", "special", "end")]
        mask = self.check(builder, *operands)
        mask, carried = (mask, operands) if isinstance(mask, str) else mask
        builder.branch(builder.any(mask), special, ordinary)
        builder.start(special)
        rest = self.leave(builder, mask, *operands)
        builder.lines.append(f"  br label %{end}")
        builder.start(ordinary)
        results = self.core(builder, *carried)
        builder.lines.append(f"  br label %{end}")
        builder.start(end)
        return tuple([
            builder.emit(f"phi {builder.type} [{result}, %{ordinary}], [{other}, %{special}]")
            for result, other in zip(results, rest)
        ])

    def leave(self, builder, mask, *operands):
        """What is not ordinary: to the next kernel, or to NumPy."""
        operands = [(builder.type, operand) for operand in operands]
        if self.rest is not None:
            return self.rest.call(builder, self.rest.function(builder), *operands)
        lanes = builder.emit(f"sext {builder.bool_type} {mask} to {builder.int_type}")
        function = self.function(builder) + ".special"
        return self.call(builder, function, *operands, (builder.int_type, lanes))

    def operands(self):
        return [f"%x{i}" for i in range(len(self.safe))]

    def definition(self, builder, function):
        """The function, and the one off the hot path that calls NumPy."""
        operands, body = self.operands(), builder.inner()
        returns(body, self.result_type(builder), self.written_out(body, *operands))
        text = self.definition_text(body, function, [(body.type, operand) for operand in operands])
        return text if self.rest is not None else text + self.special_definition(builder, function)

    def definition_text(self, body, function, parameters, attributes="nounwind"):
        parameters = ", ".join(f"{type} {operand}" for type, operand in parameters)
        text = "\n".join(body.lines)
        return f'define internal {self.result_type(body)} @"{function}"({parameters}) {attributes} {{\n{text}\n}}\n'

    def special_definition(self, builder, function):
        """NumPy's loops on a copy of the lanes, and the kernel itself for the ordinary lanes."""
        kind, operands = self.result_type(builder), self.operands()
        body = builder.inner()
        mask = body.int_compare("ne", "%lanes", body.int_const(0))
        safe = [body.select(mask, body.const(value), x) for value, x in zip(self.safe, operands)]
        ordinary = self(body, *safe)
        wide = body.of_format("float64")
        buffers = [body.emit(f"alloca {wide.type}, align 64") for _ in (*operands, "result")]
        for operand, buffer in zip(operands, buffers):
            value = operand if body.format is wide.format else wide.convert(operand, body)
            body.lines.append(f"  store {wide.type} {value}, ptr {buffer}, align 64")
        results = []
        for ufunc, result in zip(self.ufuncs, ordinary):
            call_loop(wide, ufunc, buffers)
            theirs = body.emit(f"load {wide.type}, ptr {buffers[-1]}, align 64")
            theirs = theirs if body.format is wide.format else body.convert(theirs, wide)
            results.append(body.select(mask, theirs, result))
        returns(body, kind, results)
        parameters = [*((body.type, operand) for operand in operands), (body.int_type, "%lanes")]
        return self.definition_text(body, f"{function}.special", parameters, "noinline cold nounwind")


def returns(builder, kind, results):
    """The instructions that return the results."""
    value = results[0]
    if len(results) > 1:
        value = "poison"
        for i, result in enumerate(results):
            value = builder.emit(f"insertvalue {kind} {value}, {builder.type} {result}, {i}")
    builder.lines.append(f"  ret {kind} {value}")


def call_loop(builder, ufunc, buffers):
    """A call of NumPy's inner loop on the lanes in buffers: pointers to the operands and to the result, how many, the
    steps, and the loop's own data."""
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
    builder.lines.append(f"  store i64 {builder.width}, ptr {length}")
    builder.lines.append(f"  call void {loop}(ptr {pointers}, ptr {length}, ptr {steps}, ptr {data})")
