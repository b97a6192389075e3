"""Products with second derivatives, and linear maps: one pass that gives several things at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..core.pytree import tree_map
from .function import Transformed
from .gradient import grad, value_and_grad
from .products import jvp, vjp

__all__ = ["deriv", "hvp", "linearize", "make_ggnvp", "value_grad_and_hvp"]


def along(fun: Callable, args: tuple, argnum: int, v: Any) -> tuple[Callable, tuple, tuple]:
    """``fun`` as a function of argument ``argnum`` alone, its primal and the tangent ``v``, as ``jvp`` takes them."""

    def of_one(x):
        return fun(*args[:argnum], x, *args[argnum + 1 :])

    return of_one, (args[argnum],), (v,)


def apply_deriv(fun, options, args, kwargs):
    argnum = options["argnum"]
    ones = tree_map(lambda x: 1.0 if not hasattr(x, "shape") else x * 0 + 1, args[argnum])
    return jvp(*along(lambda *a: fun(*a, **kwargs), args, argnum, ones))[1]


def deriv(fun: Callable, argnum: int = 0) -> Callable:
    """The derivative of a function of a number, in forward mode: an array-valued ``fun`` gives an array.

    Of an array argument each element is moved at once, so that for an elementwise function it is the derivative there.

    >>> from autodiff_trace import numpy as anp
    >>> deriv(lambda t: anp.array([t, t * t]))(3.0)
    array([1., 6.])
    """
    return Transformed("deriv", apply_deriv, fun, argnum=argnum)


def apply_hvp(fun, options, args, kwargs):
    argnum = options["argnum"]
    *args, v = args
    gradient = grad(fun, argnum)
    return jvp(*along(lambda *a: gradient(*a, **kwargs), tuple(args), argnum, v))[1]


def hvp(fun: Callable, argnum: int = 0) -> Callable:
    """The function ``(*args, v) ↦ H v``: the Hessian of ``fun`` times a vector, without forming the Hessian.

    ``v`` is like argument ``argnum``, and so is the result. Forward over reverse mode: about three gradients' work.

    >>> import numpy as np
    >>> hvp(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([4., 2.])
    """
    return Transformed("hvp", apply_hvp, fun, argnum=argnum)


def apply_value_grad_and_hvp(fun, options, args, kwargs):
    argnum = options["argnum"]
    *args, v = args
    both = value_and_grad(fun, argnum)
    (value, gradient), (_, product) = jvp(*along(lambda *a: both(*a, **kwargs), tuple(args), argnum, v))
    return value, gradient, product


def value_grad_and_hvp(fun: Callable, argnum: int = 0) -> Callable:
    """The function ``(*args, v) ↦ (value, gradient, H v)``, all from one pass.

    >>> value, gradient, product = value_grad_and_hvp(lambda x: x**3)(2.0, 1.0)
    >>> float(value), float(gradient), float(product)
    (8.0, 12.0, 12.0)
    """
    return Transformed("value_grad_and_hvp", apply_value_grad_and_hvp, fun, argnum=argnum)


def linearize(fun: Callable, *primals: Any) -> tuple[Any, Callable]:
    """Evaluate ``fun`` and return the linear map that pushes tangents forward from there.

    Returns ``(output, push)``; ``push(*tangents)`` is the tangent of the output. ``fun`` runs once: each push walks the
    recorded graph (J t is the pullback of the pullback), so many tangents at one point are cheap.

    >>> output, push = linearize(lambda x, y: x * y, 3.0, 4.0)
    >>> float(output), float(push(1.0, 0.0)), float(push(0.0, 1.0))
    (12.0, 4.0, 3.0)
    """
    output, pullback = vjp(fun, *primals)
    zero = tree_map(lambda x: x * 0.0, output)
    _, push = vjp(pullback, zero)
    return output, lambda *tangents: push(tangents)[0]


def make_ggnvp(fun: Callable, loss: Callable | None = None, argnum: int = 0) -> Callable[..., Callable[[Any], Any]]:
    """The function ``(*args) ↦ (v ↦ Jᵀ H J v)``: products with the generalised Gauss-Newton matrix.

    Arguments:
        fun: the model, from arguments to outputs; J is its Jacobian in argument ``argnum``.
        loss: from outputs to a number; H is its Hessian. By default half the sum of squares, for which H is 1.

    N. Schraudolph, "Fast curvature matrix-vector products for second-order gradient descent", 2002.

    >>> import numpy as np
    >>> make_ggnvp(lambda x: x * np.array([1.0, 2.0]))(np.ones(2))(np.ones(2))
    array([1., 4.])
    """

    def ggnvp_at(*args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        model, primals, _ = along(lambda *a: fun(*a, **kwargs), args, argnum, None)
        output, pullback = vjp(model, *primals)

        def ggnvp(v: Any) -> Any:
            _, jv = jvp(model, primals, (v,))
            hjv = jv if loss is None else jvp(grad(loss), (output,), (jv,))[1]
            return pullback(hjv)[0]

        return ggnvp

    return ggnvp_at
