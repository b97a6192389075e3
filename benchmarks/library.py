"""A library that takes part: how it computes what a workload asks for. Here plain NumPy and this library; peers.py has
the others."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec

import autodiff_trace

from .scratch import scratch_folder
from .workload import Workload

__all__ = ["ByHand", "Eager", "Jit", "Library", "Native", "leaves", "map_leaves"]


class Library:
    """A library. A method named after a kind makes, from a loss, the function of ``(x, *rest)`` that computes it.

    Those here are written with the transformations that subclasses have: ``grad`` (of the sum, in the first argument),
    ``value_and_grad``, ``vmap``.
    """

    name = ""
    title = ""
    package = ""
    needs: tuple[str, ...] = ()
    """Distributions beside ``package``, without which there is no such column."""
    like = ""
    """The library whose losses this one uses where it has none of its own."""
    compiles = False
    """Whether the first calls make a program."""

    def missing(self) -> str:
        """Why this library cannot take part; empty if it can."""
        absent = [name for name in (self.package, *self.needs) if find_spec(name) is None]
        return f"{', '.join(absent)} not installed" if absent else ""

    def version(self) -> str:
        return version(self.package)

    def start(self, threads: int) -> None:
        """Load the library, and set it to so many threads and to float64."""

    def prepare(self, workload: Workload, inputs: tuple) -> Callable[[], object] | None:
        """A function of no argument that computes the result; None where the library takes no part."""
        loss, make = workload.loss_for(self.name, self.like), getattr(self, workload.kind, None)
        if loss is None or make is None:
            return None
        return self.bind(make(partial(loss, self.np), workload), inputs)

    def bind(self, function: Callable, inputs: tuple) -> Callable[[], object]:
        return partial(function, *inputs)

    def value(self, f, workload):
        return f

    def gradient(self, f, workload):
        return self.grad(f)

    def step(self, f, workload):
        value_and_grad, lr = self.value_and_grad(f), workload.lr

        def step(x, *rest):
            value, grads = value_and_grad(x, *rest)
            return value, [W - lr * G for W, G in zip(x, grads)]

        return step

    def nested(self, f, workload):
        for _ in range(workload.order):
            f = self.grad(f)
        return f

    def taylor(self, f, workload):
        return self.nested(f, workload)


class ByHand(Library):
    """Plain NumPy, where a workload has a version by hand."""

    name, title, package = "numpy", "NumPy by hand", "numpy"

    def prepare(self, workload, inputs):
        return partial(workload.by_hand, *inputs) if workload.by_hand else None


class Eager(Library):
    """This library, a trace a call."""

    name, title, package = "eager", "eager", "autodiff_trace"
    np = autodiff_trace.numpy
    grad, value_and_grad = staticmethod(autodiff_trace.grad), staticmethod(autodiff_trace.value_and_grad)

    def version(self):
        return autodiff_trace.__version__

    def start(self, threads):
        if hasattr(autodiff_trace, "set_num_threads"):
            autodiff_trace.set_num_threads(threads)

    def hessian(self, f, workload):
        return autodiff_trace.hessian(f)

    def hvp(self, f, workload):
        product = autodiff_trace.hvp(f)
        return lambda x, v, *rest: product(x, *rest, v)

    def jacobian(self, f, workload):
        return autodiff_trace.jacobian(f)

    def taylor(self, f, workload):
        series = autodiff_trace.derivatives(f, workload.order)
        return lambda x: series(x)[-1]

    def per_example(self, f, workload):
        gradient = autodiff_trace.grad(f)
        return lambda x, *rest: autodiff_trace.vmap(gradient, in_axes=(None,) + (0,) * len(rest))(x, *rest)


class Jit(Eager):
    """This library, the trace compiled: a program of NumPy's calls."""

    name, title = "jit", "jit"
    compiles = True
    back_end = "numpy"

    def missing(self):
        return "" if hasattr(autodiff_trace, "jit") else "no jit"

    def bind(self, function, inputs):
        options = {"backend": self.back_end} if has_back_ends() else {}
        return partial(autodiff_trace.jit(function, **options), *inputs)


class Native(Jit):
    """This library, compiled to machine code by llvmlite. Nothing is kept from an earlier run."""

    name, title, needs, like = "native", "jit native", ("llvmlite",), "jit"
    back_end = "native"

    def missing(self):
        return Library.missing(self) or ("" if has_back_ends() else "jit has no other back end")

    def start(self, threads):
        super().start(threads)
        os.environ["AUTODIFF_TRACE_CACHE"] = scratch_folder("native")


def has_back_ends() -> bool:
    return "backend" in inspect.signature(autodiff_trace.jit).parameters


def map_leaves(function: Callable, tree):
    """``tree`` with ``function`` of every array in its lists and tuples."""
    if isinstance(tree, (list, tuple)):
        return type(tree)(map_leaves(function, part) for part in tree)
    return function(tree)


def leaves(tree) -> list:
    """The arrays of lists and tuples in lists and tuples."""
    return [leaf for part in tree for leaf in leaves(part)] if isinstance(tree, (list, tuple)) else [tree]
