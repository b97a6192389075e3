"""A native back end of Python's: it takes what NumPy's would, and runs regions step by step. Where a floating-point
error would be seen, or a guard does not hold, it gives None, as the native one does; with ``refuses`` now and then."""

from __future__ import annotations

import numpy as np

from autodiff_trace.compiler.backends.native import back_end
from autodiff_trace.compiler.backends.numpy_source import calls
from autodiff_trace.compiler.dispatch import native_programs
from autodiff_trace.compiler.ir.evaluation import plain_form, with_errstate
from autodiff_trace.compiler.ir.loop import Loop, all_steps, stack_turns, sum_turns, turn_of
from autodiff_trace.compiler.ir.memory import Buffer
from autodiff_trace.compiler.ir.node import Node, substitute
from autodiff_trace.core.traits import traits_of

MOVES = {*calls.VIEWS, *calls.REDUCTIONS, calls.select, calls.copy, calls.fill, calls.cast, np.where, np.broadcast_to}
LISTS = {stack_turns, sum_turns, turn_of}
VALUES = (np.ndarray, np.generic, bool, int, float, complex)


class StandIn(back_end.Native):
    """Counts what it compiles, and how often that runs."""

    regions: list = []
    refuses = False

    def accepts(self, step):
        function = step.function
        if step.kind == "guard":
            return True
        if type(function) is Loop:
            return not any(each.kind != "call" for each in all_steps(function.body))
        if function.__hash__ is None or step.kwargs:
            return False
        is_ufunc = isinstance(function, np.ufunc) and function.nout == 1
        return is_ufunc or function in MOVES or function in LISTS or traits_of(function).float_form is function

    def compile(self, program):
        region = StandInRegion(program)
        StandIn.regions.append(region)
        return region

    def describe(self, program):
        return f"loops of {len(program.steps)} steps"


class StandInRegion:
    """What the native back end makes of a region."""

    def __init__(self, program):
        self.program = program
        self.runs = self.refusals = 0

    def __call__(self, *args):
        self.runs += 1
        try:
            with np.errstate(all="raise", under="ignore"):
                outputs = self.run(args)
        except (ArithmeticError, ValueError, IndexError):
            outputs = None
        if outputs is None or StandIn.refuses and self.runs % 3 == 0:
            self.refusals += 1
            return None
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def run(self, args):
        values = dict(zip(self.program.inputs, args, strict=True))
        if not all(map(fits, self.program.inputs, args)):
            return None

        def value_of(arg):
            if type(arg) is not Node:
                return arg
            return values[arg] if arg in values else arg.value

        for step in self.program.steps:
            given = [substitute(arg, value_of) for arg in step.args]
            if step.kind == "guard":
                if bool(*given) is not step.value:
                    return None
                continue
            values[step] = with_errstate(plain_form(step), step.errstate)(*given)
        outputs = [value_of(output) for output in self.program.outputs]
        return [laid_out(node.spec, value) for node, value in zip(self.program.outputs, outputs)]


def fits(node, value):
    """Whether an argument is laid out as it was said to be; in all else it has to be as its spec says."""
    check(node.spec, value)
    return not node.spec.is_array or value.strides == node.spec.strides


def check(spec, value):
    assert type(value) is spec.kind and isinstance(value, VALUES), (spec, value)
    if spec.is_array:
        assert value.shape == spec.shape and value.dtype == spec.dtype, (spec, value)


def laid_out(spec, value):
    """A new array, with the strides of the spec."""
    check(spec, value)
    if not spec.is_array:
        return value
    axes = tuple(sorted(range(spec.ndim), key=lambda i: -abs(spec.strides[i])))
    new = Buffer(spec.shape, spec.dtype, axes).make()
    new[...] = value
    return new


def install(monkeypatch):
    """Let it stand in for the native back end."""
    monkeypatch.setattr(back_end, "Native", StandIn)
    monkeypatch.setattr(back_end, "is_installed", lambda: True)
    monkeypatch.setattr(back_end, "why_unavailable", lambda: None)
    monkeypatch.setattr(StandIn, "regions", [])
    monkeypatch.setattr(StandIn, "refuses", False)
    monkeypatch.setattr(native_programs, "said", set())
