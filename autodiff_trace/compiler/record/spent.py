"""Spent boxes: what is left of a recording that has ended."""

from __future__ import annotations

from typing import Any

from ...core.tracer import Trace, box_classes, spent_constant
from ..ir.node import substitute

__all__ = ["SpentRecordTrace", "take_off"]


class SpentRecordTrace(Trace):
    """What a record trace becomes. Its boxes are the plain values: a table of the function's (``functools.cache``) may
    hold some."""

    has_ended = True

    def process(self, prim, args, kwargs):
        return prim(*[substitute(arg, take_off) for arg in args], **{k: take_off(arg) for k, arg in kwargs.items()})

    process_general = process

    def python_value(self, box, use):
        return use(box._value)

    def hash(self, box):
        return hash(box._value)


def take_off(arg: Any) -> Any:
    """The plain value of a box whose trace has ended, if it is one."""
    arg = spent_constant(arg) if type(arg) in box_classes else arg
    return arg._value if type(arg) in box_classes and type(arg._trace) is SpentRecordTrace else arg
