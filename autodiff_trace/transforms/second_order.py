"""Products with second derivatives, and linear maps: one pass that gives several things at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from ..core.forward import trace_jvp
from ..core.pytree import tree_flatten, tree_map, tree_unflatten
from ..numpy import wrapped as anp
from .border import Selection, select_arguments
from .complex_jacobians import check_holomorphic, is_complex, push_columns, turned
from .flat_function import FlatFunction, fill_zeros, of_its_library
from ..core.tracebacks import border
from ..core.transformed import Transformed
from ..core.unknown_names import unknown_keyword
from .gradient import differentiate, grad
from .ownership import detach
from .products import jvp, make_pullback, match_leaf, vjp

__all__ = ["deriv", "hvp", "linearize", "make_ggnvp", "value_grad_and_hvp"]


@border
def deriv(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    *,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    **unknown: NoReturn,
) -> Callable:
    """The derivative of a function of a number, in forward mode: an array-valued ``fun`` gives an array.

    Arguments are those of :func:`grad`; the result is like the output of ``fun``, a tuple or dict of such for several
    arguments. Of an array argument all elements are moved at once, so that for an elementwise function it is the
    derivative at each. With complex numbers it means what it does for :func:`jacobian`.

    >>> from autodiff_trace import numpy as anp
    >>> deriv(lambda t: anp.array([t, t * t]))(3.0)
    array([1., 6.])
    """
    if unknown:
        raise unknown_keyword("deriv", unknown)
    return Transformed("deriv", apply_deriv, fun, argnums=argnums, argnames=argnames, has_aux=has_aux)


def apply_deriv(fun, options, args, kwargs):
    flat = FlatFunction.of_call("deriv", fun, options, args, kwargs)
    selection, inputs = flat.selection, flat.inputs
    owners = [k for k, child in enumerate(selection.structure.children) for _ in range(child.count)]
    columns = []
    for k in range(len(selection.keys)):
        ones = [anp.ones_like(x) if owners[i] == k else None for i, x in zip(selection.numeric, inputs)]
        slopes = push_columns(flat.push, ones)
        if any(t is not None and is_complex(t) for t in ones) and any(map(is_complex, flat.outputs)):
            for t, slope, output in zip(flat.push(*turned(ones))[1], slopes, flat.outputs):
                if is_complex(output):
                    check_holomorphic("deriv", t, 1j * slope, anp.abs(slope), output)
        columns.append(flat.output(detach(slopes, args, kwargs)))
    result = columns[0] if selection.single else dict(zip(selection.named, columns)) or tuple(columns)
    return flat.with_aux(result)


@border
def hvp(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    *vectors: NoReturn,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    **unknown: NoReturn,
) -> Callable:
    """The function ``(*args, v) ↦ H v``: the Hessian of ``fun`` times a vector, without forming the Hessian.

    Arguments are those of :func:`grad`. ``v``, the last positional argument, is like the gradient (a tuple for several
    ``argnums``, a dict for several ``argnames``), and so is the result; with ``has_aux`` it is ``(H v, aux)``. Forward
    over reverse mode: about three gradients' work.

    >>> import numpy as np
    >>> hvp(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([4., 2.])
    """
    if unknown:
        raise unknown_keyword("hvp", unknown)
    if vectors:
        raise TypeError("hvp: the arguments and the vector go to what it returns: hvp(f)(x, v).")
    return Transformed("hvp", apply_hvp, fun, argnums=argnums, argnames=argnames, has_aux=has_aux)


def apply_hvp(fun, options, args, kwargs):
    _, aux, _, product = push_gradient("hvp", fun, args, kwargs, **options)
    return (product, aux) if options["has_aux"] else product


@border
def value_grad_and_hvp(
    fun: Callable,
    argnums: int | Sequence[int] = 0,
    *,
    argnames: str | Sequence[str] | None = None,
    has_aux: bool = False,
    **unknown: NoReturn,
) -> Callable:
    """The function ``(*args, v) ↦ (value, gradient, H v)``, all from one pass.

    Arguments are those of :func:`hvp`; with ``has_aux`` the result is ``((value, aux), gradient, H v)``.

    >>> value, gradient, product = value_grad_and_hvp(lambda x: x**3)(2.0, 1.0)
    >>> float(value), float(gradient), float(product)
    (8.0, 12.0, 12.0)
    """
    if unknown:
        raise unknown_keyword("value_grad_and_hvp", unknown)
    return Transformed(
        "value_grad_and_hvp", apply_value_grad_and_hvp, fun, argnums=argnums, argnames=argnames, has_aux=has_aux
    )


def apply_value_grad_and_hvp(fun, options, args, kwargs):
    value, aux, gradient, product = push_gradient("value_grad_and_hvp", fun, args, kwargs, **options)
    return ((value, aux) if options["has_aux"] else value), gradient, product


def push_gradient(name, fun, args, kwargs, argnums, argnames, has_aux):
    """Push the last of ``args`` through the gradient: value, auxiliary output, gradient and product."""
    if len(args) < 2:
        raise TypeError(f"{name}: the vector is the last positional argument: {name}(f)(x, v).")
    *args, v = args
    selection = select_arguments(name, fun, tuple(args), kwargs, argnums, argnames)
    aux_structure = None

    def traced(*values):
        nonlocal aux_structure
        value, aux, gradient = selection.call(
            lambda *a, **k: differentiate(name, fun, a, k, argnums, argnames, has_aux), values
        )
        leaves, _ = tree_flatten(as_selected(selection, gradient))
        aux_leaves, aux_structure = tree_flatten(aux)
        return [*(leaves[i] for i in selection.numeric), value, *aux_leaves]

    leaves, structure = tree_flatten(as_selected(selection, v))
    if structure != selection.structure:
        raise TypeError(f"{name}: the vector has the structure {structure}, but the arguments {selection.structure}.")
    tangents = [match_leaf(name, "vector", leaves[i], x) for i, x in zip(selection.numeric, selection.inputs)]
    values, pushed = trace_jvp(traced, selection.inputs, list(map(of_its_library, selection.inputs, tangents)))
    count = len(selection.inputs)
    results = detach([*values, *fill_zeros(values[:count], pushed)], args, kwargs, v)
    gradient, (value, *aux), product = results[:count], results[count : len(values)], results[len(values) :]
    return value, tree_unflatten(aux_structure, aux), selection.result(gradient), selection.result(product)


def as_selected(selection: Selection, tree: Any) -> tuple:
    """What is like a gradient, as the tuple of trees that the selection holds."""
    if selection.single:
        return (tree,)
    return tuple(tree[name] for name in selection.named) if selection.named else tuple(tree)


@border
def linearize(fun: Callable, *primals: Any, **unknown: NoReturn) -> tuple[Any, Callable]:
    """Evaluate ``fun`` and return the linear map that pushes tangents forward from there.

    Returns ``(output, push)``; ``push(*tangents)`` is the tangent of the output. ``fun`` runs once: each push walks the
    recorded graph (J t is the pullback of the pullback), so many tangents at one point are cheap. As for :func:`jvp`
    the tangent of a complex value is complex: how it changes when the arguments take a step along ``tangents``.

    >>> output, push = linearize(lambda x, y: x * y, 3.0, 4.0)
    >>> float(output), float(push(1.0, 0.0)), float(push(0.0, 1.0))
    (12.0, 4.0, 3.0)
    """
    if unknown:
        raise unknown_keyword("linearize", unknown)
    output, pullback = make_pullback("linearize", "cotangent", fun, primals)
    zero = tree_map(anp.zeros_like, output)
    _, push = make_pullback("linearize", "tangent", pullback, (zero,))
    return output, border(lambda *tangents: push(tangents)[0])


@border
def make_ggnvp(
    fun: Callable, loss: Callable | None = None, argnum: int = 0, **unknown: NoReturn
) -> Callable[..., Callable[[Any], Any]]:
    """The function ``(*args) ↦ (v ↦ Jᵀ H J v)``: products with the generalised Gauss-Newton matrix.

    Arguments:
        fun: the model, from arguments to outputs; J is its Jacobian in argument ``argnum``.
        loss: from outputs to a number; H is its Hessian. By default half the sum of squares of absolute values, for
            which H is 1.

    N. Schraudolph, "Fast curvature matrix-vector products for second-order gradient descent", 2002.

    >>> import numpy as np
    >>> make_ggnvp(lambda x: x * np.array([1.0, 2.0]))(np.ones(2))(np.ones(2))
    array([1., 4.])
    """
    if unknown:
        raise unknown_keyword("make_ggnvp", unknown)
    return Transformed("make_ggnvp", apply_ggnvp, fun, loss=loss, argnum=argnum)


def apply_ggnvp(fun, options, args, kwargs):
    argnum, loss = options["argnum"], options["loss"]

    def model(x):
        return fun(*args[:argnum], x, *args[argnum + 1 :], **kwargs)

    output, pullback = vjp(model, args[argnum])

    def ggnvp(v: Any) -> Any:
        _, jv = jvp(model, (args[argnum],), (v,))
        hjv = tree_map(anp.conj, jv) if loss is None else jvp(grad(loss), (output,), (jv,))[1]
        return pullback(hjv)[0]

    return ggnvp
