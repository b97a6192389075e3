"""A call that meets a derivative trace, by position and without boxes in sequences: in the place of
``DerivativeTrace.process_general``.

Arguments are looked at once, a call with one box not in a loop, and boxes are made without a call of ``__init__``.
Gain: see ``python -m benchmarks --only chain``.
"""

from __future__ import annotations

from ..array_ops import LARGE, large_types
from ..derivative import new_object
from ..reverse import next_index
from ..tracer import NO_KEYWORDS, box_classes, boxers, fixed_types, snapshot
from .donation import overwritable
from .nodes import keep_other, make_lasting_node, make_node

__all__ = ["process", "process_one", "record_one"]


def process(self, prim, args, kwargs):
    # Half the cost of an operation is here. Whether a lower trace has to see the call is read off the values, so
    # the innermost call goes straight to NumPy (saves a second scan, 0.15 of 1.0 µs).
    function = prim.traits.fast_fun
    values = []
    followed = []
    nodes = []
    make_node = self.make_node
    own = None
    argnum = 0
    for arg in args:
        if type(arg) in box_classes:
            if arg._trace is self:
                own = arg
                node = arg._node
                if node is not None:
                    followed.append(argnum)
                    nodes.append(node)
                arg = arg._value
                if type(arg) in box_classes:
                    function = prim
            else:
                arg = snapshot(arg)
                function = prim
                make_node = self.make_lasting_node
        elif type(arg) not in fixed_types:
            # (Indices and shapes do not change.)
            if type(arg) is not tuple or not fixed_types.issuperset(map(type, arg)):
                make_node = self.make_lasting_node
        values.append(arg)
        argnum += 1
    if kwargs:
        ans = function(*values, **kwargs)
        make_node = self.make_lasting_node
    else:
        ans = function(*values)
    if len(followed) == 1:
        node = make_node(prim, followed[0], nodes[0], ans, values, kwargs)
    else:
        node = make_node(prim, tuple(followed), nodes, ans, values, kwargs) if followed else None
    if type(ans) is type(own._value):  # then so is its box, made without a call of __init__ (0.05 µs)
        new = new_object(type(own))
        new._value = ans
        new._trace = self
        new._node = node
        return new
    try:
        return boxers[type(ans)](ans, self, node)
    except KeyError:
        return self.box_outputs(ans, node, prim)


def process_one(self, prim, box, argnum, values, is_beside=False):
    function = prim if type(values[argnum]) in box_classes else prim.traits.fast_fun
    ans = function(*values)
    node = box._node
    if node is not None:
        node = self.make_node(prim, argnum, node, ans, values, NO_KEYWORDS)
    try:
        return boxers[type(ans)](ans, self, node)
    except KeyError:
        return self.box_outputs(ans, node, prim)


def record_one(self, prim, box, argnum, values, is_beside=False):
    # process_one() with make_node() written out (0.1 of 0.85 µs).
    kind = type(values[argnum])
    traits = prim.traits
    ans = (prim if kind in box_classes else traits.fast_fun)(*values)
    node = box._node
    if node is not None:
        rule = prim.vjps[argnum]
        kept = keep_other(prim, argnum, values) if is_beside else values
        if kept is None:
            node = make_lasting_node(prim, argnum, node, ans, values, NO_KEYWORDS)
        elif (
            traits.unread
            and (not traits.answer_tells or ans.nbytes > LARGE if type(ans) in large_types
                 else not traits.elementwise)
            # (Of a small array that is no view there is nothing to forget, if the answer is small, too.)
            and (
                kind not in overwritable or (value := values[argnum]).nbytes > LARGE or value.base is not None
                or getattr(ans, "nbytes", LARGE + 1) > LARGE
            )
        ):
            node = make_node(prim, argnum, node, ans, kept, NO_KEYWORDS)
        else:
            node = next_index(), rule, node, ans, kept, NO_KEYWORDS, prim
    if type(ans) is kind:  # then so is its box, made without a call of __init__ (0.05 µs)
        new = new_object(type(box))
        new._value = ans
        new._trace = self
        new._node = node
        return new
    try:
        return boxers[type(ans)](ans, self, node)
    except KeyError:
        return self.box_outputs(ans, node, prim)
