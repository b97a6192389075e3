"""``autograd.scipy.integrate``: all functions of SciPy's module, ``odeint`` among them, with derivatives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...scipy import integrate as native
from ...transforms.products import vjp

__all__ = native.__all__

globals().update({name: getattr(native, name) for name in native.__all__})


def grad_odeint(yt: Any, func: Callable, y0: Any, t: Any, func_args: Any, **kwargs: Any) -> Callable:
    """The rule of ``odeint``, of all arguments at once: a function of the cotangent."""
    pull = vjp(lambda *args: native.odeint(func, *args, **kwargs), y0, t, func_args)[1]
    return lambda g: (None, *pull(g))


def argnums_unpack(all_vjp_builder: Callable) -> Callable:
    """From a rule of all arguments at once to one for ``defvjp_argnums``."""

    def build(argnums, ans, args, kwargs):
        pull = all_vjp_builder(ans, *args, **kwargs)

        def chosen(g):
            cotangents = pull(g)
            return [cotangents[argnum] for argnum in argnums]

        return chosen

    return build
