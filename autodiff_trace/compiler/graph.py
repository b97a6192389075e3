"""The graph of a function: its steps in topological order, to be printed and evaluated again."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..core.pytree import tree_flatten, tree_unflatten
from ..transforms.border import flatten_output, to_input
from .node import Node, operands, substitute
from .record import RecordTrace

__all__ = ["Graph", "graph"]


class Graph:
    """The steps of a function at the arguments for which it was traced.

    ``nodes`` lists inputs and steps in topological order, each with a ``name`` and a ``value``. Called with other
    arguments the graph is evaluated again; it can be differentiated like the function itself.
    """

    def __init__(self, inputs: list, outputs: list, input_structure: Any, output_structure: Any) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.input_structure = input_structure
        self.output_structure = output_structure
        self.nodes = sort_topologically(outputs)

    def __call__(self, *args: Any) -> Any:
        leaves, structure = tree_flatten(args)
        if structure != self.input_structure:
            raise TypeError(f"the graph was traced for arguments {self.input_structure}, but called with {structure}")
        values = {id(node): to_input(leaf) for node, leaf in zip(self.inputs, leaves, strict=True)}

        def value_of(arg):
            if isinstance(arg, Node):
                return arg.value if arg.kind == "constant" else values[id(arg)]
            return arg

        for node in self.nodes:
            if node.function is not None:
                node_args = [substitute(arg, value_of) for arg in node.args]
                node_kwargs = {name: substitute(arg, value_of) for name, arg in node.kwargs.items()}
                values[id(node)] = node.function(*node_args, **node_kwargs)
        return tree_unflatten(self.output_structure, [value_of(output) for output in self.outputs])


    def __str__(self) -> str:
        """A line a node: number, name, the numbers of its operands, value."""
        numbers = {id(node): f"%{i}" for i, node in enumerate(self.nodes)}

        def show(arg):
            if isinstance(arg, Node):
                return numbers[id(arg)]
            if isinstance(arg, (list, tuple)):
                return "[" + ", ".join(map(show, arg)) + "]"
            return repr(arg)

        lines = []
        for node in self.nodes:
            operands = [show(arg) for arg in node.args] + [f"{k}={show(v)}" for k, v in node.kwargs.items()]
            call = f"{node.name}({', '.join(operands)})" if node.function is not None else f"input {node.name}"
            lines.append(f"{numbers[id(node)]} = {call}  # {node.value!r}")
        return "\n".join(lines)


def sort_topologically(outputs: list) -> list[Node]:
    """The nodes that the outputs depend on, each after its operands, in the order of first use."""
    order: list[Node] = []
    seen: set[int] = set()
    stack = [(node, False) for node in reversed(outputs) if isinstance(node, Node)]
    while stack:
        node, operands_done = stack.pop()
        if operands_done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack += [(operand, False) for operand in reversed(list(operands(node)))]
    return order


def graph(fun: Callable, *args: Any) -> Graph:
    """Run ``fun`` once at ``args`` and return its graph.

    The arguments are numbers, arrays, or containers of them. Values that ``fun`` closes over are constants of the
    graph. Raises TracedValueError where Python asks for a value (``if x > 0``): a graph has no branches.

    >>> g = graph(lambda x, y: x * y + x, 2.0, 3.0)
    >>> [node.name for node in g.nodes]
    ['x', 'y', 'multiply', 'add']
    >>> float(g(4.0, 5.0))
    24.0
    """
    leaves, structure = tree_flatten(args)
    names = leaf_names(fun, args)
    trace = RecordTrace()
    boxes = [trace.input(to_input(leaf), name) for leaf, name in zip(leaves, names, strict=True)]
    trace.start()
    try:
        outputs, output_structure = flatten_output("graph", fun(*tree_unflatten(structure, boxes)))
        nodes = [trace.node_of(output) for output in outputs]
    finally:
        trace.end()
    return Graph([box._node for box in boxes], nodes, structure, output_structure)


def leaf_names(fun: Callable, args: tuple) -> list[str]:
    """For each leaf of the arguments the name of its parameter, numbered where there are several leaves."""
    try:
        parameters = list(inspect.signature(fun).parameters)
    except (TypeError, ValueError):
        parameters = []
    parameters += [f"arg{i}" for i in range(len(parameters), len(args))]
    names = []
    for parameter, arg in zip(parameters, args):
        count = len(tree_flatten(arg)[0])
        names += [parameter] if count == 1 else [f"{parameter}[{i}]" for i in range(count)]
    return names
