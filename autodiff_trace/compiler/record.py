"""The record trace: every primitive that meets an input is listed, with the value it had; so is Python's use of values.

It is the outermost trace, so that the calls of derivative rules and batching rules are recorded like any others.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.tracer import Trace, box_classes, boxers
from ..numpy.array_box import ArrayBox
from ..numpy.parameters import plain_parameters
from .guards import signature
from .node import Node, substitute

__all__ = ["NotReplayable", "RecordTrace", "check_constants"]

PLAIN_NUMBERS = (bool, int, float, complex)

SHAPED_BY_VALUES = frozenset("""
    argwhere bincount compress eig eigvals extract flatnonzero lstsq nonzero polydiv real_if_close roots trim_zeros unique
    unique_all unique_counts unique_inverse unique_values
""".split())
"""Functions whose results have a shape or a dtype that depends on values; so have ``where(mask)`` and ``x[mask]``."""


class NotReplayable(Exception):
    """The function does what no replay can repeat; the message says what, and what to do."""


class RecordTrace(Trace):
    """Runs a function on its values and lists the steps.

    A box's node is None for what does not depend on inputs until it is an operand: then it becomes a constant.
    """

    guards_values = True

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Node] = []
        self.constants: dict[int, Node] = {}
        self.contents: dict[int, tuple[Any, Any]] = {}
        self.errstate = np.geterr()
        self.raised: BaseException | None = None
        self.draws = False

    def input(self, value: Any, name: str) -> Any:
        """Box an input. Python's numbers stay what they are: they take the dtype of the arrays that they meet."""
        return ArrayBox(value, self, Node(None, (), {}, value, name, "input"))

    def process(self, prim, args, kwargs):
        args, kwargs = plain_parameters(prim, args, kwargs, to_tuple)
        sequences = False
        values = []
        for arg in args:
            sequences = sequences or type(arg) is list or type(arg) is tuple
            values.append(substitute(arg, self.value_of))
        node_args = tuple([substitute(arg, self.node_of) for arg in args])
        node_kwargs = {name: substitute(arg, self.node_of) for name, arg in kwargs.items()} if kwargs else {}
        # The operator, where it was one or might have been: of Python's numbers it makes Python's numbers.
        function = prim.fun if kwargs or sequences else prim.fast_fun
        try:
            ans = function(*values, **{name: substitute(arg, self.value_of) for name, arg in kwargs.items()})
        except Exception as error:
            self.raised = error
            raise
        errstate = np.geterr()
        difference = None
        if errstate != self.errstate:
            difference = {kind: how for kind, how in errstate.items() if how != self.errstate[kind]}
        node = Node(prim, node_args, node_kwargs, ans, prim.__name__, "call", difference)
        self.steps.append(node)
        return self.box(ans, node, is_shaped_by_values(prim.__name__, values))

    process_general = process

    def box(self, ans: Any, node: Node, guarded: bool = False) -> Any:
        """The answer of a step; ``guarded``: other runs have to give one of the same shape and dtype."""
        if isinstance(ans, (tuple, list)):
            items = []
            for i, item in enumerate(ans):
                each = Node(operator.getitem, (node, i), {}, item, "output")
                self.steps.append(each)
                items.append(self.box(item, each, guarded))
            return type(ans)(*items) if hasattr(ans, "_fields") else type(ans)(items)
        if type(ans) not in boxers:
            raise NotReplayable(f"{node.name} returned a {type(ans).__name__}, which is no number or array")
        if guarded:
            self.steps.append(Node(signature, (node,), {}, signature(ans), "signature", "guard"))
        return ArrayBox(ans, self, node)

    def value_of(self, arg: Any) -> Any:
        if type(arg) in box_classes:
            if arg._trace is not self:
                raise NotReplayable("it reads a traced value that it was not given as an argument; pass it as one")
            return arg._value
        return arg

    def node_of(self, arg: Any) -> Any:
        kind = type(arg)
        if kind in box_classes:
            if arg._node is None:
                arg._node = Node(None, (), {}, arg._value, "made", "constant")
            return arg._node
        return self.constant(arg) if kind is np.ndarray else arg

    def constant(self, array: np.ndarray) -> Node:
        """The node of a plain array. It is read when the program runs, by reference."""
        node = self.constants.get(id(array))
        if node is None:
            node = self.constants[id(array)] = Node(None, (), {}, array, "array", "constant")
            self.contents[id(array)] = array, fingerprint(array)
        elif fingerprint(array) != self.contents[id(array)][1]:
            raise NotReplayable("it writes into a plain array that it also computes with; make it with anp.zeros(...)")
        return node

    def python_value(self, box, use):
        result = use(box._value)
        if box._node is not None and box._node.kind != "constant":
            self.steps.append(Node(use, (box._node,), {}, result, getattr(use, "__name__", "use"), "guard"))
        return result

    def text(self, box):
        return self.python_value(box, str)

    def plain(self, box):
        return self.python_value(box, plain_value)

    def metadata(self, box):
        value = box._value
        return value if type(value) not in PLAIN_NUMBERS else boxers_of_numbers[type(value)](value)

    def draw(self, function: Callable, args: tuple, kwargs: dict) -> Any:
        """Call a function of ``numpy.random``, which is called anew in each run."""
        ans = function(*args, **kwargs)
        if ans is not None and type(ans) not in boxers:
            if args and args[0] is not None or kwargs:
                return ans  # a generator with a seed: the same in each run
            raise NotReplayable(f"random.{function.__name__}() makes a generator with a seed of its own; pass it as an "
                                "argument")
        self.draws = True
        node = Node(function, tuple([substitute(arg, self.node_of) for arg in args]), kwargs, ans, function.__name__,
                    "effect")
        self.steps.append(node)
        return ans if ans is None else ArrayBox(ans, self, node)


def is_shaped_by_values(name: str, args: list) -> bool:
    """Whether a call of the function with this name has a result whose shape or dtype depends on values."""
    if name == "getitem":
        index = args[1] if type(args[1]) is tuple else args[1:]
        return any(getattr(getattr(part, "dtype", None), "kind", None) == "b" for part in index)
    return name in SHAPED_BY_VALUES or name == "where" and len(args) == 1


def to_tuple(array: np.ndarray) -> tuple:
    return tuple(array.tolist())


def check_constants(contents: dict[int, tuple[Any, Any]]) -> None:
    """Raise NotReplayable if a traced function has written into an array after it computed with it."""
    for array, before in contents.values():
        if fingerprint(array) != before:
            raise NotReplayable("it writes into a plain array that it computes with; make it with anp.zeros(...)")


def plain_value(x: Any) -> Any:
    """``x``: the use that Python makes of a value when :func:`to_numpy` hands it over."""
    return x


boxers_of_numbers = {bool: np.bool_, int: np.int64, float: np.float64, complex: np.complex128}


def fingerprint(array: np.ndarray) -> Any:
    """What changes when the contents of an array do."""
    return hash(array.tobytes())
