"""Kernel: an own vector function, a function of the module that calls it, beside NumPy's own loop for what it leaves.

The fast path computes the ordinary arguments. A vector with a lane that is not ordinary (NaN, infinity, a result that
overflows …) leaves the hot path: NumPy's inner loop computes it, so that special values and floating-point flags are
NumPy's; the ordinary lanes among them are computed as ever, since a result must not depend on what stands beside it.
Special lanes of float32 go through the loop of float64, whose result is rounded: it is closer, and the rounding raises
the flags of overflow and underflow.
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
        check: ``check(builder, *operands)`` -> where lanes are not ordinary, without raising flags; or a pair of that
            and of what is computed on the way, which the core is then given in place of the operands. None: all are.
        core: ``core(builder, *operands)`` -> the results of ordinary lanes.
        safe: for each operand a number that is ordinary.
        rest: the kernel that does vectors with a lane that is not ordinary here, and has the same results where it is.
    """

    name: str
    ufuncs: tuple[np.ufunc, ...]
    check: Callable[..., str | tuple[str, tuple]] | None
    core: Callable[..., tuple[str, ...]]
    safe: tuple[float, ...] = (1.0,)
    rest: Kernel | None = None

    def __call__(self, builder: Builder, *operands: str) -> tuple[str, ...]:
        """Emits a call, or the code itself if the builder wants it. Returns the results."""
        if builder.inline:
            return self.written_out(builder, *operands)
        return self.call(builder, *operands)

    def call(self, builder, *operands, attributes=""):
        arguments = [(builder.type, operand) for operand in operands]
        return call(builder, len(self.ufuncs), f'@"{self.function(builder)}"', arguments, attributes)

    def function(self, builder):
        """The name of the function, which is declared, or defined if it is not yet."""
        name = f"own.{self.name}.{builder.suffix}"
        if builder.shared:
            parameters = ", ".join([builder.type] * len(self.safe))
            builder.declares.add(f'declare {result_type(builder, len(self.ufuncs))} @"{name}"({parameters})')
        elif name not in builder.functions:
            builder.functions[name] = ""  # what it leaves to NumPy is given the function itself
            operands, body = [f"%x{i}" for i in range(len(self.safe))], builder.inner()
            returns(body, self.written_out(body, *operands))
            builder.functions[name] = definition(body, name, len(self.ufuncs), [(body.type, x) for x in operands])
        return name

    def written_out(self, builder, *operands):
        """The check, and a branch to either path."""
        if self.check is None:
            return self.core(builder, *operands)
        ordinary, special, end = [builder.label(name) for name in ("ordinary", "special", "end")]
        mask = self.check(builder, *operands)
        mask, carried = (mask, operands) if isinstance(mask, str) else mask
        builder.branch(builder.any(mask), special, ordinary)
        builder.start(special)
        if self.rest is None:
            rest = self.leave(builder, mask, *operands)
        else:
            rest = self.rest.call(builder, *operands, attributes=" cold")
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
        """Special lanes to NumPy's loops: by one function, which the kernels of a module share."""
        form = builder.format
        lanes = builder.emit(f"sext {builder.bool_type} {mask} to {builder.int_type}")
        arguments = [(builder.type, operand) for operand in operands]
        arguments += [(builder.int_type, lanes)]
        arguments += [(form.name, builder.number(value)) for value in self.safe]
        arguments += [("ptr", f'@"{self.function(builder)}"')]
        for ufunc in self.ufuncs:
            signature = "d" * len(self.safe) + "->d"
            loop, data = f'@"loop.{ufunc.__name__}.{signature}"', f'@"data.{ufunc.__name__}.{signature}"'
            builder.declares |= {f"declare void {loop}(ptr, ptr, ptr, ptr)", f"{data} = external global i8"}
            arguments += [("ptr", loop), ("ptr", data)]
        function = special(builder, len(self.safe), len(self.ufuncs))
        return call(builder, len(self.ufuncs), f'@"{function}"', arguments, " cold")


ALL_FLAGS = 63
"""All floating-point flags there are, and maybe more."""


def special(builder, inputs, outputs):
    """The name of the function for vectors with special lanes: NumPy's loops compute a copy of all lanes, and the
    kernel the ordinary ones."""
    name = f"own.special.{inputs}.{outputs}.{builder.suffix}"
    kinds = [*[builder.type] * inputs, builder.int_type, *[builder.format.name] * inputs, *["ptr"] * (1 + 2 * outputs)]
    if builder.shared:
        builder.declares.add(f'declare {result_type(builder, outputs)} @"{name}"({", ".join(kinds)})')
    if builder.shared or name in builder.functions:
        return name
    body = builder.inner()
    wide = body.of_format("float64")
    operands, numbers = [f"%x{i}" for i in range(inputs)], [f"%safe{i}" for i in range(inputs)]
    mask = body.int_compare("ne", "%lanes", body.int_const(0))
    safe = [body.select(mask, body.splat(number), x) for number, x in zip(numbers, operands)]
    results = call(body, outputs, "%kernel", [(body.type, x) for x in safe])
    buffers = [body.emit(f"alloca {wide.type}, align 64") for _ in (*operands, "result")]
    for operand, buffer in zip(operands, buffers):
        value = operand if body.format is wide.format else wide.convert(operand, body)
        body.lines.append(f"  store {wide.type} {value}, ptr {buffer}, align 64")
    loops = [(f"%loop{i}", f"%data{i}") for i in range(outputs)]
    chosen = []
    body.declares |= {f"declare i32 @{each}(i32)" for each in ("fetestexcept", "feraiseexcept")}
    raised = body.emit(f"call i32 @fetestexcept(i32 {ALL_FLAGS})")  # some of NumPy's loops clear the flags
    for (loop, data), result in zip(loops, results):
        call_loop(wide, loop, data, buffers)
        theirs = body.emit(f"load {wide.type}, ptr {buffers[-1]}, align 64")
        theirs = theirs if body.format is wide.format else body.convert(theirs, wide)
        chosen.append(body.select(mask, theirs, result))
    body.emit(f"call i32 @feraiseexcept(i32 {raised})")
    returns(body, chosen)
    names = [*operands, "%lanes", *numbers, "%kernel", *(pointer for loop in loops for pointer in loop)]
    builder.functions[name] = definition(body, name, outputs, [*zip(kinds, names)], "noinline cold nounwind")
    return name


def result_type(builder, outputs):
    return f"{{{', '.join([builder.type] * outputs)}}}" if outputs > 1 else builder.type


def definition(body, name, outputs, parameters, attributes="nounwind"):
    """The text of a function with this body."""
    parameters = ", ".join(f"{type} {operand}" for type, operand in parameters)
    text = "\n".join(body.lines)
    return f'define internal {result_type(body, outputs)} @"{name}"({parameters}) {attributes} {{\n{text}\n}}\n'


def call(builder, outputs, function, arguments, attributes=""):
    """A call of a function with one or more results."""
    kind = result_type(builder, outputs)
    arguments = ", ".join(f"{type} {argument}" for type, argument in arguments)
    result = builder.emit(f"call {kind} {function}({arguments}){attributes}")
    if outputs == 1:
        return (result,)
    return tuple([builder.emit(f"extractvalue {kind} {result}, {i}") for i in range(outputs)])


def returns(builder, results):
    """The instructions that return the results."""
    kind, value = result_type(builder, len(results)), results[0]
    if len(results) > 1:
        value = "poison"
        for i, result in enumerate(results):
            value = builder.emit(f"insertvalue {kind} {value}, {builder.type} {result}, {i}")
    builder.lines.append(f"  ret {kind} {value}")


def call_loop(builder, loop, data, buffers):
    """A call of NumPy's inner loop on the lanes in buffers: pointers to the operands and to the result, how many, the
    steps, and the loop's own data."""
    pointers = builder.emit(f"alloca [{len(buffers)} x ptr]")
    steps = builder.emit(f"alloca [{len(buffers)} x i64]")
    length = builder.emit("alloca i64")
    for i, buffer in enumerate(buffers):
        place = builder.emit(f"getelementptr ptr, ptr {pointers}, i64 {i}")
        builder.lines.append(f"  store ptr {buffer}, ptr {place}")
        place = builder.emit(f"getelementptr i64, ptr {steps}, i64 {i}")
        builder.lines.append(f"  store i64 {builder.format.bits // 8}, ptr {place}")
    builder.lines.append(f"  store i64 {builder.width}, ptr {length}")
    builder.lines.append(f"  call void {loop}(ptr {pointers}, ptr {length}, ptr {steps}, ptr {data})")
