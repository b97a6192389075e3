"""The graph of a function: what it does for one kind of arguments, to be read, drawn, saved and run again."""

from __future__ import annotations

import functools
import os
from collections import Counter
from collections.abc import Sequence
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np

from ...core.pytree import Structure, tree_unflatten
from ...core.tracer import find_top_trace
from ..dispatch.native_programs import compile_now, find_native
from ..pipeline import compile_program, optimize, optimize_natively, prepare
from ..selection import AUTO, Selection
from .boxes import boxes_of, shortened
from .drawing import to_dot
from .picture import draw
from .interpreter import evaluate, guard_error
from ..dispatch.signature import Form, reveal
from ..record.guards import Miss
from ..ir.memory import Memory
from ..ir.kernel import Kernel
from .listing import guard_text, listing, native_listing
from ..ir.node import Node, Program, operands
from ..ir.spec import spec_of
from ..backends.numpy_source.executable import Executable
from ..backends.numpy_source.spelling import printable
from .serialization import pack, reference, unpack

__all__ = ["Counts", "Graph"]


class Counts(NamedTuple):
    """How much a graph does.

    Attributes:
        operations: how often each operation stands in it, by its name.
        intermediate_bytes: the memory of the values that are neither arguments nor results; views take none.
        steps: how many steps the passes leave.
        buffers, buffer_bytes: the memory that the compiled program holds for intermediate values. For those that it
            computes block by block each thread has some; they are counted once.
    """

    operations: dict[str, int]
    intermediate_bytes: int
    steps: int
    buffers: int
    buffer_bytes: int


class Graph:
    """What a function did with the arguments for which it was traced.

    ``print(graph)`` shows the compiled program with shapes and dtypes; a notebook draws it. Called with other arguments
    of the same shapes and dtypes it runs that program; it can be differentiated and batched like the function, and
    pickled. A graph has no branches: arguments for which Python would see another value than when it was traced
    (``if x > 0``) raise ValueError, others than those traced TypeError.

    >>> from autodiff_trace import grad, graph, numpy as anp
    >>> g = graph(lambda x: anp.sin(x) * x, 2.0)
    >>> [node.name for node in g.nodes]
    ['x', 'sin', 'multiply']
    >>> g
    <Graph of function: 1 inputs, 2 operations, 0 guards>
    >>> float(g(0.0)), float(grad(g)(0.0))
    (0.0, 0.0)
    """

    def __init__(
        self, program: Program, form: Form, structure: Structure, passes: Sequence[str], name: str,
        selection: Selection = AUTO, paths: Sequence[str] = (), backward: Sequence[range] = (),
    ) -> None:
        self.program = program
        self.form = form
        self.structure = structure
        self.passes = tuple(passes)
        self.selection = selection
        self.paths = tuple(paths)
        self.backward = tuple(backward)
        self.__name__ = name

    @property
    def inputs(self) -> list[Node]:
        """The nodes of the arguments."""
        return self.program.inputs

    @functools.cached_property
    def nodes(self) -> list[Node]:
        """Arguments, constants and steps on which the result depends, each before its first use.

        A node has a ``name``, the ``value`` that it had, and the ``function`` and ``args`` that gave it.
        """
        return live_nodes(self.program)

    @property
    def guards(self) -> list[str]:
        """What Python saw of values, in ``if``, ``int(x)``, an index: with other values there the graph does not hold.

        >>> from autodiff_trace import graph
        >>> graph(lambda x: x if x > 0 else -x, 2.0).guards
        ['x > 0 was True']
        """
        return [guard_text(step) for step in self.program.steps if step.kind == "guard"]

    @functools.cached_property
    def compiled(self) -> tuple[Executable, Program, Memory]:
        """What runs the program, what the passes make of the recorded one for that, and where it writes."""
        if self.selection.backend == "native":
            found = compile_now(self.program, self.structure, self.passes, self.__name__, self.selection)
            if found is not None:
                return found
        executable = compile_program(self.program, self.structure, self.passes, self.__name__)
        return executable, *optimize(prepare(self.program, self.passes), self.passes)[:2]

    @property
    def executable(self) -> Executable:
        """The compiled program."""
        return self.compiled[0]

    @property
    def placed(self) -> tuple[Program, Memory]:
        """The program that is compiled, and where it writes."""
        return self.compiled[1:]

    @property
    def native(self) -> str:
        """The regions that run as machine code, with their loops, as text; empty if there are none.

        With ``backend="auto"`` those that come of the program in the background; else those of the program itself.

        >>> from autodiff_trace import jit
        >>> jit(lambda x: x * x + x, backend="numpy").graph(2.0).native
        ''
        """
        back_end = find_native(self.selection)
        if back_end is None:
            return ""
        found = optimize_natively(self.program, self.passes, back_end)
        return native_listing(found[0], back_end.describe) if found else ""

    @property
    def optimized(self) -> Program:
        return self.placed[0]

    @property
    def source(self) -> str:
        """The compiled program, as Python text."""
        return self.executable.source.text

    @property
    def counts(self) -> Counts:
        """How many operations there are, and how much memory they take.

        >>> from autodiff_trace import graph
        >>> graph(lambda x: x * x + x, 2.0).counts.operations
        {'multiply': 1, 'add': 1}
        """
        calls = [node for node in self.nodes if node.kind in ("call", "effect")]
        results = {id(output) for output in self.program.outputs}
        size = sum(own_bytes(node) for node in calls if id(node) not in results)
        names = dict(Counter(node.name for node in calls))
        kernels = [step.function for step in self.optimized.steps if type(step.function) is Kernel]
        steps = len(self.optimized.steps) + sum(len(kernel.steps) - 1 for kernel in kernels)
        buffers = [*self.executable.buffers, *(buffer for kernel in kernels for buffer in kernel.memory.buffers)]
        return Counts(names, size, steps, len(buffers), sum(buffer.nbytes for buffer in buffers))

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        leaves = self.form.match(args, kwargs, self.inputs, self.__name__)
        if not all(map(is_alike, leaves, self.inputs)) or find_top_trace(leaves) is not None:
            return tree_unflatten(self.structure, evaluate(self.program, leaves, self.__name__))
        result = self.executable.run(leaves)
        if type(result) is Miss:
            guards = [step for step in self.program.steps if step.kind == "guard"]
            raise guard_error(guards[result.guard], result.seen, self.__name__)
        return result

    def to_dot(self) -> str:
        r"""The graph in the language of Graphviz.

        >>> from autodiff_trace import graph
        >>> print(graph(lambda x: x * x, 2.0).to_dot())
        digraph "function" {
            node [shape=box, fontname="monospace"];
            n0 [label="x\nfloat", shape=ellipse];
            n1 [label="multiply\nfloat", style=bold];
            n0 -> n1;
            n0 -> n1;
        }
        """
        return to_dot(self.__name__, self.nodes, self.program.outputs)

    def to_svg(self, *, expand: bool = False, limit: int = 200) -> str:
        """The graph as a picture: what the function does in one colour, its backward passes in another.

        Arguments:
            expand: write loops out, turn by turn; without it those that are long are one box each.
            limit: the most boxes; of more the first are shown, and a note says so.

        >>> from autodiff_trace import grad, graph
        >>> graph(grad(lambda x: x**2), 2.0).to_svg().startswith("<svg xmlns=")
        True
        """
        if isinstance(limit, bool) or not isinstance(limit, Integral):
            raise TypeError(f"to_svg: limit is {limit!r}; it must be a whole number of boxes.")
        if limit < 1:
            raise ValueError(f"to_svg: limit is {limit}; it must be 1 or more boxes.")
        return draw(self.title, boxes_of(self, expand, int(limit)), int(limit))

    def save_svg(self, path: str | os.PathLike[str], *, expand: bool = False, limit: int = 200) -> None:
        """Write the picture that :meth:`to_svg` gives into a file, for a browser or a page."""
        picture = self.to_svg(expand=expand, limit=limit)
        with open(path, "w", encoding="utf-8") as file:
            file.write(picture)

    @property
    def title(self) -> str:
        """The function, and how much the graph holds."""
        operations = sum(node.kind in ("call", "effect") for node in self.nodes)
        counts = (len(self.inputs), "input"), (operations, "operation"), (len(self.guards), "guard")
        texts = [f"{n} {what}{'s' * (n != 1)}" for n, what in counts if n or what != "guard"]
        return f"{shortened(printable(self.__name__), 80)}: {', '.join(texts)}"

    def _repr_svg_(self) -> str:
        return self.to_svg()

    def __str__(self) -> str:
        return listing(*self.placed, self.executable, self.guards)

    def __repr__(self) -> str:
        steps = sum(node.kind in ("call", "effect") for node in self.nodes)
        return f"<Graph of {self.__name__}: {len(self.inputs)} inputs, {steps} operations, {len(self.guards)} guards>"

    def __getstate__(self) -> dict:
        for static in filter(callable, map(reveal, self.form.statics)):
            reference(static, repr(static), self.__name__)
        state = {name: value for name, value in vars(self).items() if name not in ("nodes", "compiled")}
        return {**state, "program": pack(self.program, self.__name__)}

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state, program=unpack(state["program"]))


def live_nodes(program: Program) -> list[Node]:
    """What outputs, guards and effects depend on, in the order of execution; inputs and constants before first use."""
    needed = {id(output) for output in program.outputs}
    steps = []
    for step in reversed(program.steps):
        if id(step) in needed or step.kind != "call":
            steps.append(step)
            needed.update(map(id, operands(step)))
    order: dict[Node, None] = {}
    for step in reversed(steps):
        order.update(dict.fromkeys(operands(step)))
        order[step] = None
    order.update(dict.fromkeys(output for output in program.outputs if type(output) is Node))
    return list(order)


def is_alike(leaf: Any, node: Node) -> bool:
    """Whether an argument is as the compiled program takes for granted: of the same type, laid out in the same way."""
    spec = spec_of(leaf)
    return spec.kind is node.spec.kind and spec.strides == node.spec.strides


def own_bytes(node: Node) -> int:
    """The memory of a node's value."""
    value = node.value
    arrays = [operand.value for operand in operands(node) if operand.spec.is_array]
    if type(value) is np.ndarray and any(np.may_share_memory(value, array) for array in arrays):
        return 0
    return getattr(value, "nbytes", 0)
