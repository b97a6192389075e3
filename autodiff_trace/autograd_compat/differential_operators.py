"""Gradients, Jacobians, products with them: autograd's operators, with ``argnum``, on the package's derivatives."""

from __future__ import annotations

import inspect
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ..core.pytree import tree_leaves
from ..numpy import wrapped as anp
from ..transforms import checkpoint as native_checkpoint
from . import core
from .jacobians import jacobian_at
from .recording import Recording, push
from .vspaces import vspace
from .wrap_util import unary_to_nary, wraps

__all__ = [
    "checkpoint", "deriv", "elementwise_grad", "grad", "grad_and_aux", "grad_named", "hessian",
    "hessian_tensor_product", "hessian_vector_product", "holomorphic_grad", "jacobian", "make_ggnvp", "make_hvp",
    "make_jvp", "make_jvp_reversemode", "make_vjp", "multigrad_dict", "tensor_jacobian_product", "unary_to_nary",
    "value_and_grad", "vector_jacobian_product", "vspace",
]

_make_vjp, _make_jvp = core.make_vjp, core.make_jvp
make_vjp = unary_to_nary(_make_vjp)
make_jvp = unary_to_nary(_make_jvp)


def record_scalar(name: str, fun: Callable, x: Any) -> Recording:
    """``fun(x)`` recorded; TypeError unless it is one real number."""
    recording = Recording(fun, x, is_reused=False)
    if not recording.has_one_real_number():
        raise TypeError(
            f"{name} only applies to real scalar-output functions. Try jacobian, elementwise_grad or holomorphic_grad."
        )
    return recording


@unary_to_nary
def grad(fun: Callable, x: Any) -> Any:
    """
    Returns a function which gives the gradient of a function that returns one real number, with respect to argument
    number ``argnum``: of the type of that argument.

    >>> float(grad(lambda x, y: x * y**2, 1)(3.0, 5.0))
    30.0
    """
    return record_scalar("Grad", fun, x).pull_ones()


@unary_to_nary
def value_and_grad(fun: Callable, x: Any) -> tuple[Any, Any]:
    """The value of a function that returns one real number, and its gradient."""
    recording = record_scalar("value_and_grad", fun, x)
    ans = recording.output()
    return ans, recording.pull_ones()


@unary_to_nary
def elementwise_grad(fun: Callable, x: Any) -> Any:
    """The sum of the rows of the Jacobian: its diagonal, of a function that works element by element."""
    recording = Recording(fun, x, is_reused=False)
    if any(map(anp.iscomplexobj, recording.values)):
        raise TypeError("Elementwise_grad only applies to real-output functions.")
    return recording.pull_ones()


@unary_to_nary
def deriv(fun: Callable, x: Any) -> Any:
    """The tangent of ``fun`` along ones: the derivative of a function of a number, in forward mode."""
    return push(fun, x, vspace(x).ones())[1]


@unary_to_nary
def jacobian(fun: Callable, x: Any) -> Any:
    """The Jacobian of a function of an array: of shape (out…, in…)."""
    return jacobian_at(fun, x)


@unary_to_nary
def holomorphic_grad(fun: Callable, x: Any) -> Any:
    """The complex derivative of a holomorphic function."""
    if not vspace(x).iscomplex:
        warnings.warn("Input to holomorphic_grad is not complex", stacklevel=3)
    return grad(lambda x: anp.real(fun(x)))(x)


def grad_named(fun: Callable, argname: str) -> Callable:
    """The gradient with respect to the argument of that name, which is passed by position."""
    return grad(fun, inspect.getfullargspec(fun).args.index(argname))


@unary_to_nary
def hessian(fun: Callable, x: Any) -> Any:
    """The second derivatives, of shape (out…, in…, in…)."""
    return jacobian(jacobian(fun))(x)


@unary_to_nary
def make_hvp(fun: Callable, x: Any) -> tuple[Callable, Any]:
    """The function that multiplies a vector with the Hessian at ``x``, and the gradient there."""
    return _make_vjp(grad(fun), x)


def hessian_tensor_product(fun: Callable, argnum: int = 0) -> Callable:
    """A function of ``(*args, tensor)``: the Hessian of ``fun`` at ``args``, multiplied with the tensor."""
    gradient = grad(fun, argnum)

    def dot_with_gradient(*args, **kwargs):
        *args, tensor = args
        return anp.tensordot(gradient(*args, **kwargs), tensor, anp.ndim(tensor))

    return grad(dot_with_gradient, argnum)


hessian_vector_product = hessian_tensor_product


def tensor_jacobian_product(fun: Callable, argnum: int = 0) -> Callable:
    """A function of ``(*args, tensor)``: the tensor multiplied with the Jacobian of ``fun`` at ``args``."""

    def dot_with_value(*args, **kwargs):
        *args, tensor = args
        return anp.tensordot(tensor, fun(*args, **kwargs), anp.ndim(tensor))

    return jacobian(dot_with_value, argnum)


vector_jacobian_product = tensor_jacobian_product


@unary_to_nary
def make_jvp_reversemode(fun: Callable, x: Any) -> Callable:
    """The function that multiplies the Jacobian at ``x`` with a tangent, made of two reverse passes: the pullback of
    the pullback, which is linear."""
    vjp, y = _make_vjp(fun, x)
    return _make_vjp(vjp, vspace(y).zeros())[0]


def half_square(x: Any) -> Any:
    return 0.5 * anp.sum(x**2, axis=-1)


def make_ggnvp(f: Callable, g: Callable = half_square, f_argnum: int = 0) -> Callable:
    """The function of the arguments of ``f`` that gives the product of a vector with the generalized Gauss-Newton
    matrix JᵀHJ: J of ``f``, H the Hessian of ``g`` at its value."""

    @unary_to_nary
    def of_one_argument(f, x):
        pull, f_x = _make_vjp(f, x)
        multiply_hessian, gradient = _make_vjp(grad(g), f_x)
        push_forward, _ = _make_vjp(pull, vspace(gradient).zeros())
        return lambda v: pull(multiply_hessian(push_forward(v)))

    return of_one_argument(f, f_argnum)


@unary_to_nary
def grad_and_aux(fun: Callable, x: Any) -> tuple[Any, Any]:
    """The gradient of the first of two outputs, and the second one as it is."""
    recording = Recording(lambda x: tuple(fun(x)), x, is_reused=False)
    ans, aux = recording.output()
    return recording.pull_ones(len(tree_leaves(ans))), aux


def multigrad_dict(fun: Callable) -> Callable:
    """The gradients with respect to all arguments: an OrderedDict by their names."""
    signature = inspect.signature(fun)

    def gradfun(*args, **kwargs):
        call = signature.bind(*args, **kwargs)
        call.apply_defaults()

        def of_arguments(arguments):
            bound = inspect.BoundArguments(signature, arguments)
            return fun(*bound.args, **bound.kwargs)

        return OrderedDict(grad(of_arguments)(dict(call.arguments)))

    return gradfun


def checkpoint(fun: Callable) -> Callable:
    """``fun``, whose intermediate values are computed again in the backward pass, and not kept."""
    return wraps(fun)(native_checkpoint(fun))
