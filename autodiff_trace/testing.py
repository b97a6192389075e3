"""Checks of derivatives against finite differences, for rule authors and for the library's own tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from .core.pytree import tree_flatten, tree_unflatten
from .core.tracebacks import border
from .core.unknown_names import unknown_keyword, unknown_name
from .differences import Difference, balance, measure, numerical_jvp, real_dtype, wide
from .transforms.border import to_input
from .transforms.mapping import vmap
from .transforms.products import jvp, vjp

__all__ = ["check_grads", "check_jvp", "check_vjp", "numerical_jvp"]

TOLERANCES = {np.dtype(np.float16): 5e-2, np.dtype(np.float32): 5e-3, np.dtype(np.float64): 1e-6}


@border
def check_grads(
    fun: Callable[..., Any],
    *args: Any,
    modes: Sequence[str] = ("rev", "fwd"),
    order: int = 2,
    tolerance: float | None = None,
    step: float | None = None,
    seed: int = 0,
    name: str | None = None,
    **unknown: NoReturn,
) -> None:
    """Check the derivatives of ``fun`` at ``args`` against finite differences in random directions.

    Arguments:
        fun: a function of numbers, arrays and containers of them, that returns such.
        args: where to check; floating-point leaves are varied, all others are left alone.
        modes: "rev" checks VJPs, "fwd" JVPs; of each, up to ``order``, the derivatives in both modes. "batch" checks
            that ``vmap`` of the function, and of these derivatives, is what a loop computes.
        order: 1 checks first derivatives, 2 also second ones, and so on.
        tolerance: relative, element by element; by default 1e-6 for float64, 5e-3 for float32, 5e-2 for float16. The
            error of the differences themselves is measured and allowed besides.
        step: of the finite differences; by default the best of 1e-3, 8e-3 and 1.25e-4 for float64, and 1e-3 times the
            size of the argument where that is not about 1. The formula is of fourth order.

    Raises AssertionError with the mode and the argument that failed: ``JVP of VJP of solve, argument 1``. Also checked:
    a cotangent has the shape and the dtype of its argument, a tangent those of the output.

    >>> from autodiff_trace import numpy as anp
    >>> check_grads(lambda x, y: anp.sin(x) * y, 0.5, 2.0)
    """
    if unknown:
        raise unknown_keyword("check_grads", unknown)
    if not args:
        raise ValueError("check_grads: there are no arguments. Write check_grads(f, x), not check_grads(f)(x).")
    if wrong := set(modes) - {"rev", "fwd", "batch"}:
        raise ValueError(f"check_grads: unknown modes {sorted(wrong)}; there are 'rev', 'fwd' and 'batch'")
    name = name or getattr(fun, "__name__", repr(fun))
    flat, inputs, numbers = flatten_function(fun, args)
    if not inputs:
        raise ValueError(f"check_grads: no argument of {name} is a floating-point number or array")
    check_flat(flat, inputs, numbers, modes, order, tolerance, step, np.random.default_rng(seed), name)


@border
def check_vjp(fun: Callable[..., Any], *args: Any, **options: Any) -> None:
    """:func:`check_grads` of first-order VJPs alone.

    >>> from autodiff_trace import numpy as anp
    >>> check_vjp(anp.sin, 0.5)
    """
    check_grads(fun, *args, modes=("rev",), order=1, **options)


@border
def check_jvp(fun: Callable[..., Any], *args: Any, **options: Any) -> None:
    """:func:`check_grads` of first-order JVPs alone.

    >>> from autodiff_trace import numpy as anp
    >>> check_jvp(anp.sin, 0.5)
    """
    check_grads(fun, *args, modes=("fwd",), order=1, **options)


def flatten_function(fun: Callable, args: tuple) -> tuple[Callable, list, list[int]]:
    """``fun`` as a function from a list of arrays to a list of arrays, its inputs, and the argument each belongs to."""
    leaves, structure = tree_flatten(args)
    owners = [i for i, arg in enumerate(args) for _ in tree_flatten(arg)[0]]
    varied = [i for i, leaf in enumerate(leaves) if is_inexact(leaf)]

    def flat(*values):
        new = list(leaves)
        for i, value in zip(varied, values, strict=True):
            new[i] = value
        outputs = tree_flatten(fun(*tree_unflatten(structure, new)))[0]
        return [to_input(leaf) for leaf in outputs if is_inexact(leaf)]

    return flat, [to_input(leaves[i]) for i in varied], [owners[i] for i in varied]


def is_inexact(leaf: Any) -> bool:
    """Whether ``leaf`` is a floating-point or complex number or array."""
    return isinstance(leaf, (float, complex)) or getattr(getattr(leaf, "dtype", None), "kind", None) in ("f", "c")


def check_flat(flat, inputs, numbers, modes, order, tolerance, step, rng, path) -> None:
    """Check one order, then the derivatives as functions of the inputs."""
    outputs = flat(*inputs)
    cotangents = [random_like(output, rng) for output in outputs]
    directions = [random_like(x, rng) for x in inputs]
    tol = tolerance or max(TOLERANCES.get(real_dtype(y), 1e-6) for y in [*inputs, *outputs])
    total = [Difference(np.zeros(output.shape), 0.0, np.zeros(output.shape), 0.0) for output in outputs]
    # Each argument alone, and then all at once: rules that share work do less for one argument than for several.
    for i, (x, direction) in enumerate(zip(inputs, directions, strict=True)):
        alone = hold_others(flat, inputs, i)
        expected = measure(alone, x, direction, step, tol)
        check_first(alone, [x], [direction], cotangents, expected, modes, tol, f"{path}, argument {numbers[i]}")
        total = [one.plus(other) for one, other in zip(total, expected)]
    if len(inputs) > 1:
        check_first(
            flat, inputs, directions, cotangents, total, modes, tol * len(inputs), f"{path}, all arguments at once"
        )
    if "batch" in modes:
        check_batched(flat, inputs, rng, path)
        check_batched(lambda *xs: list(vjp(flat, *xs)[1](cotangents)), inputs, rng, f"VJP of {path}")
        check_batched(lambda *xs: jvp(flat, xs, directions)[1], inputs, rng, f"JVP of {path}")
    if order <= 1:
        return
    derivatives = {
        "rev": ("VJP", lambda *xs: list(vjp(flat, *xs)[1](cotangents))),
        "fwd": ("JVP", lambda *xs: jvp(flat, xs, directions)[1]),
    }
    for mode in [mode for mode in modes if mode in derivatives]:
        kind, derivative = derivatives[mode]
        check_flat(derivative, inputs, numbers, modes, order - 1, tolerance, step, rng, f"{kind} of {path}")


def hold_others(flat: Callable, inputs: Sequence, i: int) -> Callable:
    """``flat`` as a function of input ``i`` alone."""
    return lambda x: flat(*inputs[:i], x, *inputs[i + 1 :])


def check_first(flat, inputs, directions, cotangents, expected, modes, tolerance, where) -> None:
    """Check the VJP and the JVP against ``expected``, the derivative in the directions."""
    if "rev" in modes:
        outputs, pullback = vjp(flat, *inputs)
        cotangents = [balance(g, y, each, tolerance) for g, y, each in zip(cotangents, outputs, expected, strict=True)]
        gradients = pullback(cotangents)
        for g, x in zip(gradients, inputs, strict=True):
            check_like(f"VJP of {where}", g, x)
        values = [each.value for each in expected]
        allowed = sum(each.allowed_with(g, tolerance) for g, each in zip(cotangents, expected))
        check_close(f"VJP of {where}", pair(gradients, directions), pair(cotangents, values), allowed)
    if "fwd" in modes:
        outputs, pushed = jvp(flat, inputs, directions)
        for t, output, each in zip(pushed, outputs, expected, strict=True):
            check_like(f"JVP of {where}", t, output)
            check_close(f"JVP of {where}", t, each.value, each.allowed(tolerance))


def check_batched(flat: Callable, inputs: Sequence, rng: np.random.Generator, path: str) -> None:
    """``vmap`` of ``flat`` over two elements gives what two calls give; over the first input alone, too."""
    batches = [np.stack([x, (x + 1e-3 * random_like(x, rng)).astype(x.dtype)]) for x in inputs]
    expected = zip(*(flat(*[batch[i] for batch in batches]) for i in range(2)))
    check_batch(f"batch of {path}", vmap(flat)(*batches), expected)
    if len(inputs) > 1:
        expected = zip(*(flat(batches[0][i], *inputs[1:]) for i in range(2)))
        in_axes = (0, *[None] * (len(inputs) - 1))
        check_batch(f"batch of {path}, argument 0 alone", vmap(flat, in_axes)(batches[0], *inputs[1:]), expected)


def check_batch(where: str, found: Sequence, expected: Any) -> None:
    for batch, elements in zip(found, expected, strict=True):
        stacked = np.stack(elements)
        check_like(where, batch, stacked)
        tolerance = 1e-9 if real_dtype(stacked) == np.dtype(float) else 1e-3
        if not np.allclose(batch, stacked, rtol=tolerance, atol=tolerance / 100, equal_nan=True):
            raise AssertionError(f"{where}: {batch}, but a loop gives {stacked}")


def random_like(x: Any, rng: np.random.Generator) -> Any:
    """A random array of the shape and dtype of ``x``, of size about 1."""
    values = rng.uniform(0.3, 1.0, x.shape) * rng.choice([-1.0, 1.0], x.shape)
    if x.dtype.kind == "c":
        values = values + 1j * rng.uniform(0.3, 1.0, x.shape)
    return np.asarray(values).astype(x.dtype)[()]


def pair(cotangents: Sequence, tangents: Sequence) -> float:
    """The sum of Re(g t): how a cotangent and a tangent pair, also for complex values."""
    return sum(float(np.sum(np.real(np.asarray(g, wide(g)) * t))) for g, t in zip(cotangents, tangents, strict=True))


def check_like(where: str, found: Any, like: Any) -> None:
    if found.shape != like.shape or found.dtype != like.dtype:
        raise AssertionError(f"{where}: {found.dtype}{list(found.shape)}, but should be {like.dtype}{list(like.shape)}")


def check_close(where: str, found: Any, expected: Any, allowed: Any) -> None:
    with np.errstate(invalid="ignore"):
        near = (np.abs(found - expected) <= allowed) | (found == expected)
    if not np.all(near):
        raise AssertionError(f"{where}: {found}, but finite differences give {expected}")


if not TYPE_CHECKING:  # to which it would say that there is every name
    @border
    def __getattr__(name):
        raise unknown_name(__name__, name)
