"""A workload: one derivative of one function at one point, and what it should cost. Knows no library and no clock.

A module of ``benchmarks/workloads`` lists its workloads in ``WORKLOADS``. Most need no more than a ``loss`` written
against NumPy's names, which all libraries share:

>>> import numpy
>>> def loss(np, x, scale):
...     return np.sum(np.sin(scale * x))
>>> def by_hand(x, scale):
...     return scale * numpy.cos(scale * x)
>>> Workload("sine", "Gradient of sin at 10 points", "overhead", lambda: (numpy.linspace(0.0, 1.0, 10), 2.0), loss,
...          by_hand=by_hand, targets=(Target("torch", 15), Target("autograd", 1, subject="eager"))).kind
'gradient'
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

__all__ = ["KINDS", "LIBRARIES", "Target", "Workload"]

LIBRARIES = (
    "numpy", "eager", "jit", "native", "autograd", "jax", "torch", "torch-compile", "mygrad",
    "casadi-sx", "casadi-mx", "casadi-sx-c", "casadi-mx-c", "pytensor", "numba",
)
"""The columns: ``numpy`` is NumPy by hand; ``eager``, ``jit`` and ``native`` are this library, the latter two compiled
for NumPy and to machine code; ``jax`` is ``jax.jit`` with x64; ``-c`` is what CasADi writes in C; ``numba`` is loops
by hand."""

KINDS = {
    "gradient": "of the sum of loss(np, x, *rest) in x, an array or a list or tuple of arrays",
    "step": "the loss, and x - lr * gradient for each array of the list or tuple x",
    "hessian": "of loss(np, x, *rest) in the array x",
    "hvp": "the Hessian times v; the inputs are (x, v, *rest), and loss is called without v",
    "jacobian": "of the array loss(np, x, *rest) in the array x",
    "nested": "the derivative of order `order` in x of a function that is elementwise in x, by nested gradients",
    "taylor": "the same, by truncated series where the library has them",
    "per_example": "the gradient in x for each entry along the first axis of all arrays in rest; loss sees one entry",
    "value": "loss(np, x, *rest) itself",
}
"""What is computed from ``inputs() == (x, *rest)``. The result is an array or a list or tuple of arrays."""


@dataclass(frozen=True)
class Target:
    """``subject`` is to be at least ``factor`` times as fast as ``library``, or at most ``more`` seconds slower.

    A factor below 1 allows a slower subject: ``Target("numpy", 1 / 1.1)`` is at most 1.1 times the time of NumPy by
    hand.
    """

    library: str
    factor: float = 1.0
    subject: str = "jit"
    more: float | None = None


@dataclass(frozen=True)
class Workload:
    """One row of the table.

    Args:
        name: short, unique, for ``--only``; lower case with dashes.
        title: says it to a reader, with the sizes.
        family: what it is dominated by: "overhead" (arrays below 1,000 elements), "dense" (matrix products),
            "elementwise" (large arrays), "structured" …
        inputs: makes ``(x, *rest)``, from a seed, in NumPy: arrays, numbers, or lists and tuples of them. What decides
            shapes or loop counts belongs into ``loss`` instead, by closure or ``functools.partial``.
        loss: ``loss(np, *inputs)``, with ``np`` each library's own module; called by eager, jit, autograd, jax, torch
            and mygrad, unless ``losses`` has another for it.
        kind: one of ``KINDS``.
        order: of "nested" and "taylor".
        lr: of "step".
        by_hand: the result, ``by_hand(*inputs)``, as an expert writes it in plain NumPy.
        losses: for some libraries another ``loss``, where NumPy's names do not fit (it gets the module ``torch``,
            ``mygrad``, ``jax.numpy`` … too), or None: takes no part.
        calls: for some libraries the whole computation: ``calls[library](*inputs)``, given NumPy's inputs, returns a
            function of no argument that is timed and returns the result. Other names than those of ``LIBRARIES`` are
            timed beside them, for ``targets`` to refer to.
        rtol: relative tolerance of the results; also the absolute one, times the largest entry of an array.
        targets: what is asked of the library here.
        size: the number that is varied in a family of workloads for cost against size.
    """

    name: str
    title: str
    family: str
    inputs: Callable[[], tuple]
    loss: Callable
    kind: str = "gradient"
    order: int = 1
    lr: float = 0.0
    by_hand: Callable | None = None
    losses: Mapping[str, Callable | None] = field(default_factory=dict)
    calls: Mapping[str, Callable[..., Callable[[], object]]] = field(default_factory=dict)
    rtol: float = 1e-9
    targets: tuple[Target, ...] = ()
    size: float | None = None

    def __post_init__(self) -> None:
        assert self.kind in KINDS, self.kind

    def loss_for(self, library: str, like: str = "") -> Callable | None:
        """The loss that ``library`` is to use: its own, or else that of the library ``like``; None: takes no part."""
        return self.losses.get(library, self.losses.get(like, self.loss))
