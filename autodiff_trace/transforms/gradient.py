"""Gradients: ``grad`` and its kin, on top of reverse mode."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import numpy as np

from ..core import backward
from ..core.pytree import held_array, tree_flatten, tree_unflatten
from ..core.recording import begin_pass, end_pass
from ..core.reverse import trace_vjp
from ..numpy import wrapped as anp
from .border import as_number, select_arguments, split_aux
from .flat_function import fill_zeros
from ..core.tracebacks import border, hide_frames
from ..core.transformed import Transformed
from ..core.unknown_names import unknown_keyword
from .ownership import detach, own_constant, separate

__all__ = ["elementwise_grad", "grad", "grad_and_aux", "holomorphic_grad", "value_and_grad"]


ONE = np.float64(1)


def differentiate(name, fun, args, kwargs, argnums, argnames, has_aux, holomorphic=False):
    """The value, the auxiliary output (None without ``has_aux``) and the gradient of one call."""
    selection = select_arguments(name, fun, args, kwargs, argnums, argnames)
    aux_structure = None

    def traced(*boxes):
        nonlocal aux_structure
        output = selection.call(fun, boxes)
        if not has_aux:
            return [own_constant(held_array(output))]
        value, aux = split_aux(name, output)
        aux_leaves, aux_structure = tree_flatten(aux)
        return list(map(own_constant, [held_array(value), *aux_leaves]))

    (value, *aux_leaves), (node, *_), input_nodes = trace_vjp(traced, selection.inputs)
    value = check_output(name, value, holomorphic)
    if holomorphic:
        check_holomorphic(name, value, node, selection.inputs)
    is_plain = type(value) is np.float64  # as a rule
    recording = None if is_plain else begin_pass()  # of which the seed is part, too
    try:
        # The ends of the graph are handed over, so that the backward pass can let go of each node as it leaves it.
        seeds = [] if node is None else [(node, ONE if is_plain else anp.ones_like(value)[()])]
        del node, _
        results = fill_zeros(selection.inputs, backward.backward_pass(seeds, input_nodes))
    finally:
        end_pass(recording)
    aux = tree_unflatten(aux_structure, detach(aux_leaves, value, args, kwargs)) if has_aux else None
    return value, aux, selection.result(separate(results))


def check_output(name: str, value: Any, holomorphic: bool) -> Any:
    """``value``, of which there is a gradient; else raise."""
    if type(value) in (np.float64, np.ndarray) and value.dtype.kind == "f":  # as a rule (0.1 instead of 0.8 µs)
        return value
    hint = " With has_aux=True it may return (value, aux)." if isinstance(value, tuple) else ""
    hint = " Is a return missing?" if value is None else hint
    if type(value) in (list, dict):
        hint = " Of several results take jacobian(f), or the gradient of their sum."
    value = as_number(value, f"{name}: the function returned {{}}; it must return a number or an array{{}}.{hint}")
    if not holomorphic and anp.iscomplexobj(value):
        raise TypeError(
            f"{name}: the function returned a complex value. For a holomorphic function use holomorphic_grad; else "
            "take the gradient of a real function of it, such as its real part or its absolute value."
        )
    return value


def check_holomorphic(name: str, value: Any, node: Any, inputs: list) -> None:
    """Raise where a real number stands in for a complex one, so that half of the derivative would be missing."""
    if any(x.dtype.kind != "c" for x in inputs):
        raise TypeError(f"{name}: an argument is real; a complex derivative is taken at complex numbers, complex(x).")
    if node is not None and not anp.iscomplexobj(value):
        raise TypeError(f"{name}: the function returned a real value, so it is not holomorphic; use grad.")


def apply_gradient(name, fun, options, args, kwargs):
    _, aux, gradient = differentiate(name, fun, args, kwargs, **options, holomorphic=name == "holomorphic_grad")
    return (gradient, aux) if options["has_aux"] else gradient


apply_grad, apply_elementwise_grad, apply_holomorphic_grad = [
    functools.partial(apply_gradient, name) for name in ("grad", "elementwise_grad", "holomorphic_grad")]


def grad(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    *,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    **unknown: NoReturn,
) -> Callable:
    """The function that computes the gradient of ``fun``.

    Arguments:
        fun: returns a real number or array. Of an array the gradient of the sum is taken, so that for a function that
            works element by element ``grad(fun)`` does too, and nests: ``grad(grad(fun))``.
        argnums: the positions of the arguments to differentiate with respect to: numbers, arrays, or containers (dict,
            list, tuple, namedtuple, dataclass) of them. Integers are taken as float64.
        argnames: their names instead.
        has_aux: ``fun`` returns ``(value, aux)``; then so does the result, with the gradient for the value.

    Returns a function of the same arguments. Its result is like the argument: of the same shape and dtype, or a
    container of such; a tuple of them if ``argnums`` is a tuple, a dict if ``argnames`` is.

    Of a complex argument z the gradient of a real function is ∂f/∂Re z − i ∂f/∂Im z.

    Raises TypeError if an argument holds no number, or if the result is not a real number or array.

    >>> from autodiff_trace import numpy as anp
    >>> float(grad(anp.sin)(0.0))
    1.0
    >>> float(grad(grad(lambda x: x**3))(2.0))
    12.0
    >>> grad(lambda p: p["a"] * p["b"])({"a": 2.0, "b": 5.0})
    {'a': np.float64(5.0), 'b': np.float64(2.0)}
    """
    try:
        if unknown:
            raise unknown_keyword("grad", unknown)
        return Transformed("grad", apply_grad, fun, argnums=argnums, argnames=argnames, has_aux=has_aux)
    except Exception as error:
        hide_frames(error)
        raise


def apply_value_and_grad(fun, options, args, kwargs):
    value, aux, gradient = differentiate("value_and_grad", fun, args, kwargs, **options)
    (value,) = detach([value], args, kwargs)
    return ((value, aux) if options["has_aux"] else value), gradient


def value_and_grad(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    *,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    **unknown: NoReturn,
) -> Callable:
    """The function that computes the value of ``fun`` and its gradient together: ``(value, gradient)``.

    Arguments and errors are those of :func:`grad`; with ``has_aux`` the result is ``((value, aux), gradient)``.

    >>> value, gradient = value_and_grad(lambda x: x * x)(3.0)
    >>> float(value), float(gradient)
    (9.0, 6.0)
    """
    try:
        if unknown:
            raise unknown_keyword("value_and_grad", unknown)
        options = {"argnums": argnums, "argnames": argnames, "has_aux": has_aux}
        return Transformed("value_and_grad", apply_value_and_grad, fun, **options)
    except Exception as error:
        hide_frames(error)
        raise


def apply_grad_and_aux(fun, options, args, kwargs):
    _, aux, gradient = differentiate("grad_and_aux", fun, args, kwargs, has_aux=True, **options)
    return gradient, aux


@border
def grad_and_aux(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    *,
    argnames: str | Sequence[str] | None = None,
    **unknown: NoReturn,
) -> Callable:
    """``grad(fun, has_aux=True)``: of a function that returns ``(value, aux)`` the pair ``(gradient, aux)``.

    >>> gradient, aux = grad_and_aux(lambda x: (x * x, "done"))(3.0)
    >>> float(gradient), aux
    (6.0, 'done')
    """
    if unknown:
        raise unknown_keyword("grad_and_aux", unknown)
    return Transformed("grad_and_aux", apply_grad_and_aux, fun, argnums=argnums, argnames=argnames)


@border
def elementwise_grad(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    *,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    **unknown: NoReturn,
) -> Callable:
    """The derivative, element by element, of a function that works element by element.

    The same as :func:`grad`, which takes the gradient of the sum; the name says what is meant.

    >>> import numpy as np
    >>> elementwise_grad(lambda x: x * x)(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    if unknown:
        raise unknown_keyword("elementwise_grad", unknown)
    options = {"argnums": argnums, "argnames": argnames, "has_aux": has_aux}
    return Transformed("elementwise_grad", apply_elementwise_grad, fun, **options)


@border
def holomorphic_grad(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    *,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    **unknown: NoReturn,
) -> Callable:
    """The complex derivative df/dz of a holomorphic function of complex numbers.

    Arguments and errors are those of :func:`grad`. TypeError also where an argument or the result is real; beyond
    that it is not checked that the function is holomorphic.

    >>> complex(holomorphic_grad(lambda z: z * z)(1 + 2j))
    (2+4j)
    """
    if unknown:
        raise unknown_keyword("holomorphic_grad", unknown)
    options = {"argnums": argnums, "argnames": argnames, "has_aux": has_aux}
    return Transformed("holomorphic_grad", apply_holomorphic_grad, fun, **options)
