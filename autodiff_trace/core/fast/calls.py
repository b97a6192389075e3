"""From a call to a trace, for plain calls of arrays by position: in the place of ``primitives.wrap_function``, which
asks :func:`~..primitives.dispatch` about each call.

A call is looked at once, where it is made. Gain: see ``python -m benchmarks --only chain``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

from ..array_ops import array_ops
from ..other_operands import call_with_others
from ..primitives import dispatch, with_rules
from ..shape_errors import name_shapes
from ..tracebacks import hide_frames
from ..tracer import box_classes, find_top_trace, passed_types, watched_types
from ..traits import Traits

__all__ = ["wrap_function"]


def wrap_function(fun: Callable, traits: Traits) -> Callable:
    """The primitive of ``fun``, of which ``traits`` are declared."""

    @functools.wraps(fun, updated=())
    def call(*args, **kwargs):
        try:
            # The scan stands here and not in dispatch(), which costs a second scan and a call (0.2 of 1.0 µs).
            top = None
            has_sequence = False
            for arg in args:
                kind = type(arg)
                if kind not in passed_types:
                    if kind in box_classes:
                        trace = arg._trace
                        if trace is not top and (top is None or trace.level > top.level):
                            top = trace
                    elif kind not in watched_types:
                        return call_with_others(call, args, kwargs)
                    elif find_top_trace(arg) is None:
                        has_sequence = True  # shapes, axes, indices: as a rule no reason to leave this path
                    else:
                        return dispatch(call, args, kwargs)
            if kwargs:
                return dispatch(call, args, kwargs)
            if top is None:
                return fun(*args)
            if has_sequence and call.sequence_handler is not None:
                return dispatch(call, args, kwargs)
            count = len(args)
            if not traits.differentiable and count <= traits.most_args:
                return top.process_nondifferentiable(call, args, kwargs)
            if count == 1:
                ans = top.process_one(call, arg, 0, (arg._value,))
            elif count > traits.most_args:
                return dispatch(call, args, kwargs)
            else:
                ans = top.process(call, args, kwargs)
            if traits.makes_view and type(ans) in box_classes and type(args[0]) in box_classes:
                array_ops.note_view(ans, args[0], call, args[1:], kwargs)
            elif traits.is_users:
                array_ops.note_shared(call.__name__, ans, args, refuses_plain=True)
            return ans
        except Exception as error:
            name_shapes(error, call, args)
            hide_frames(error)
            raise

    return with_rules(call, fun, traits)
