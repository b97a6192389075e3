"""The record trace: every primitive that meets an input is listed, with the value it had; so is Python's use of values.

It is the outermost trace, so that the calls of derivative rules and batching rules are recorded like any others.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ...core.foreign import array_types
from ...core.recording import RecordingTrace
from ...core.tracer import box_classes, boxers, trace_stack
from ...numpy.parameters import plain_parameters
from ...captured_state.names import has
from ...captured_state.random_states import frozen, numpy_state
from .boxes import PLAIN_NUMBERS, RecordBox, boxers_of_numbers, number_boxes
from ...numpy.error_states import error_state
from .guards import gives_itself, is_shaped_by_values, signature
from .live_arrays import LiveArrays
from .exported_arrays import ExportedArrays
from .captured_folding import Sources, find_sources, is_foldable, is_live_view
from ..ir.node import LIVE, Node, literal, substitute
from ..ir.spec import Spec, spec_of
from .refusals import DRAWS, MixedTraces, NotReplayable, unrecorded
from .spent import SpentRecordTrace, take_off

__all__ = ["RecordTrace"]


class RecordTrace(RecordingTrace):
    """Runs a function on its values and lists the steps.

    A box's node is None for what does not depend on inputs until it is an operand: then it becomes a constant.
    """

    def __init__(self, keeps_values: bool = False, folds: bool = True) -> None:
        super().__init__()
        self.keeps_values = keeps_values
        self.folds = folds
        self.outside: dict[Node, Sources] = {}  # what depends on arrays outside alone, and on which
        self.compared: Sources = {}  # those that other runs have to find as they are
        self.guards = 0
        self.examples: dict[Spec, np.ndarray] = {}
        self.arrays = LiveArrays()
        self.exported = ExportedArrays()
        self.made: list[Node] = []  # other constants
        self.errstate = np.geterr()
        self.error_state = error_state()
        self.raised: BaseException | None = None
        self.draws = False
        self.numpy_state = numpy_state()

    def input(self, value: Any, name: str) -> Any:
        """Box an input. Python's numbers stay what they are: they take the dtype of the arrays that they meet."""
        return self.box(value, Node(None, (), {}, value, name, "input"))

    def hidden(self, array: np.ndarray) -> Any:
        """Box an array outside, which programs read when they run."""
        array = array.view(np.ndarray) if type(array) is not np.ndarray else array
        node = self.arrays.node(array, boxed=True)
        if node.name == LIVE:
            self.outside[node] = {id(array): array}
        return RecordBox(array, self, node)

    def process(self, prim, args, kwargs):
        args, kwargs = plain_parameters(prim, args, kwargs)
        values = []
        operands = []
        is_operator = not kwargs
        has_dtype = False
        for arg in args:
            kind = type(arg)
            # As a rule it is a box of this trace or a number: written out (0.8 of 3.2 µs).
            if kind in box_classes and arg._trace is self:
                operands.append(arg._node or self.node_of(arg))
                arg = arg._value
                has_dtype = has_dtype or type(arg) not in PLAIN_NUMBERS
                values.append(arg)
            elif kind in PLAIN_NUMBERS:
                operands.append(arg)
                values.append(arg)
            else:
                is_operator = is_operator and kind is not list and kind is not tuple
                values.append(substitute(arg, self.value_of))
                operands.append(substitute(arg, self.node_of))
                has_dtype = has_dtype or has(values[-1], "dtype")
        function = prim.traits.fast_fun if is_operator and has_dtype else prim.fun
        keywords = {}
        if kwargs:
            keywords = {name: substitute(arg, self.value_of) for name, arg in kwargs.items()}
            kwargs = {name: substitute(arg, self.node_of) for name, arg in kwargs.items()}
        try:
            ans = function(*values, **keywords)
        except Exception as error:
            self.raised = error
            raise
        if values and ans is values[0] and gives_itself(prim, args, kwargs, self) and trace_stack.get()[-1] is self:
            return args[0]
        difference = None
        if error_state() is not self.error_state:
            difference = {kind: how for kind, how in np.geterr().items() if how != self.errstate[kind]} or None
        sources = find_sources(read := (*operands, *kwargs.values()), self.outside) if self.outside else None
        if sources and is_live_view(ans, read):
            return self.live(ans, sources)
        if sources and self.folds and is_foldable(prim, ans, sources):
            self.compared.update(sources)
            return self.fold(ans)
        given = ans if self.keeps_values else spec_of(ans)
        node = Node(prim, tuple(operands), kwargs, given, prim.__name__, "call", difference)
        self.steps.append(node)
        if sources:
            self.outside[node] = sources
        return self.box(ans, node, is_shaped_by_values(prim, values))

    process_general = process

    def known(self, ans: Any) -> Any:
        """What a step notes of what it gave: its spec, and for a person to look at the value itself."""
        return ans if self.keeps_values else spec_of(ans)

    def live(self, view: np.ndarray, sources: Sources) -> Any:
        """Box a view of an array outside: a program has it ready, with the memory of the array."""
        node = Node(None, (), {}, view, LIVE, "constant")
        self.outside[node] = sources
        return RecordBox(view, self, node)

    def fold(self, ans: Any) -> Any:
        """Box what was computed from arrays outside alone as a constant."""
        if type(ans) not in boxers:
            items = [self.fold(item) for item in ans]
            return type(ans)(*items) if hasattr(ans, "_fields") else type(ans)(items)
        node = literal(ans)
        self.made.append(node)
        return self.box(ans, node)

    def box(self, ans: Any, node: Node, guarded: bool = False) -> Any:
        """The answer of a step; ``guarded``: other runs have to give one of the same shape and dtype."""
        if type(ans) not in boxers:
            if isinstance(ans, (tuple, list)):
                return self.box_items(ans, node, guarded)
            raise NotReplayable(f"{node.name} returned a {type(ans).__name__}, which is no number or array")
        if guarded:
            self.guard(signature, node, signature(ans))
        return number_boxes.get(type(ans), RecordBox)(ans, self, node)

    def box_items(self, ans: Any, node: Node, guarded: bool) -> Any:
        """Box the items of a tuple or list, the answer of a step."""
        items = []
        for i, item in enumerate(ans):
            each = Node(operator.getitem, (node, i), {}, self.known(item), "output")
            self.steps.append(each)
            items.append(self.box(item, each, guarded))
        return type(ans)(*items) if hasattr(ans, "_fields") else type(ans)(items)

    def compute(self, use: Callable, name: str, *args: Any) -> Any:
        """``use`` of Python's numbers, one of Python's operators."""
        try:
            ans = use(*map(self.value_of, args))
        except Exception as error:
            self.raised = error
            raise
        node = Node(use, tuple(map(self.node_of, args)), {}, self.known(ans), name)
        self.steps.append(node)
        if self.outside and (sources := find_sources(node.args, self.outside)):
            self.outside[node] = sources
        return self.box(ans, node, use is operator.pow)  # 2 ** 3 is an int, 2 ** -1 a float, (-2.0) ** 0.5 complex

    def value_of(self, arg: Any) -> Any:
        arg = take_off(arg)
        if type(arg) in box_classes:
            if arg._trace is not self:
                raise MixedTraces("it reads a traced value that it was not given as an argument; pass it as one")
            return arg._value
        if type(arg) is slice:
            return slice(*[end if end is None else operator.index(end) for end in (arg.start, arg.stop, arg.step)])
        return arg

    def node_of(self, arg: Any) -> Any:
        arg = take_off(arg)
        kind = type(arg)
        if kind in box_classes:
            if arg._node is None:
                arg._node = literal(arg._value)
                self.made.append(arg._node)
            return arg._node
        if issubclass(kind, np.ndarray):
            return self.arrays.node(arg)
        if kind is bytearray or kind is memoryview or kind in array_types:
            raise unrecorded(kind)
        return arg

    def note_read(self, array: np.ndarray) -> None:
        self.arrays.node(array)

    def note_copy(self, copy: np.ndarray, array: np.ndarray) -> None:
        """A derivative keeps ``copy`` of the plain ``array`` that a step has read: other runs read the array itself."""
        self.arrays.note_copy(copy, array)

    def python_value(self, box, use):
        try:
            result = use(box._value)
        except Exception as error:
            if type(error) is not TypeError:  # that comes from shape and dtype: NumPy has asked for an index, say
                self.raised = error
            raise
        node = box._node
        if node in self.outside and type(result) is np.ndarray:
            self.compared.update(self.outside[node])  # its elements go on unseen
        elif node is not None and (node.kind != "constant" or node in self.outside):
            self.guard(use, node, result)
        return result

    def guard(self, use: Callable, node: Node, seen: Any) -> None:
        """Let other runs stop where ``use`` of a value gives something else."""
        step = Node(use, (node,), {}, seen, getattr(use, "__name__", "use"), "guard", None, self.guards)
        self.guards += 1
        self.steps.append(step)

    def compare_memory(self, function: Callable, a: Any, b: Any, root: Any, other: Any) -> bool:
        """``function``, as ``np.shares_memory``, of what may be views of two inputs, or of an array outside."""
        for each in (root, other):
            if type(each._node) is not Node or each._node.kind != "input" and each._node.name != LIVE:
                return False
        ans = function(a._value, b._value)
        node = Node(function, (a._node, b._node), {}, self.known(ans), function.__name__)
        self.steps.append(node)
        self.guard(bool, node, ans)
        return ans

    def text(self, box):
        return self.python_value(box, str)

    def plain(self, box):
        return self.python_value(box, plain_value)

    def hash(self, box):
        return self.python_value(box, hash)

    def end(self) -> None:
        self.__class__ = SpentRecordTrace

    def metadata(self, box):
        value = box._value
        return value if type(value) not in PLAIN_NUMBERS else boxers_of_numbers[type(value)](value)

    def draw(self, function: Callable, args: tuple, kwargs: dict) -> Any:
        """Call a function of ``numpy.random``, which is called anew in each run."""
        if frozen(numpy_state()) != frozen(self.numpy_state):
            raise NotReplayable(DRAWS)
        if function.__name__ == "shuffle":
            raise NotReplayable("random.shuffle(x) changes x in place; write random.permutation(x)")
        values = [self.value_of(arg) for arg in args]
        try:
            ans = function(*values, **{name: self.value_of(arg) for name, arg in kwargs.items()})
        except Exception as error:
            self.raised = error
            raise
        self.numpy_state = numpy_state()
        if ans is not None and type(ans) not in boxers:
            if type(ans) is np.random.Generator and (args and args[0] is not None or kwargs):
                return ans  # with a seed: the same in each run
            raise NotReplayable(f"random.{function.__name__}() gives a {type(ans).__name__}, another one in each call; "
                                "call it outside")
        self.draws = True
        node_kwargs = {name: self.node_of(arg) for name, arg in kwargs.items()}
        node_args = tuple([self.node_of(arg) for arg in args])
        node = Node(function, node_args, node_kwargs, self.known(ans), function.__name__, "effect")
        self.steps.append(node)
        traced = any(type(arg) in box_classes for arg in (*args, *kwargs.values()))
        return ans if ans is None else self.box(ans, node, traced)


def plain_value(x: Any) -> Any:
    """``x``: the use that Python makes of a value when :func:`to_numpy` hands it over."""
    return x
