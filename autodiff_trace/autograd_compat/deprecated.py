"""How rules were given before autograd 1.2: by attributes of primitives. Each use warns."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

from .primitives import primitive
from .rules import defvjp
from .vspaces import vspace

__all__ = [
    "deprecated_defgrad", "deprecated_defvjp", "deprecated_defvjp_is_zero", "primitive_with_deprecation_warnings",
]


def warn(name: str) -> None:
    warnings.warn(f"f.{name} is deprecated: write extend.defvjp(f, lambda ans, x: lambda g: ...).", stacklevel=3)


def give(fun: Callable, new: dict[int, Callable | None]) -> None:
    """Add rules to those that a primitive was given in these ways."""
    rules = fun.__dict__.setdefault("deprecated_rules", {})
    rules.update(new)
    defvjp(fun, *rules.values(), argnums=tuple(rules))


def deprecated_defvjp(primitive_fun: Callable) -> Callable:
    """``f.defvjp(rule, argnum=0)``, where ``rule(g, ans, vs, gvs, *args, **kwargs)`` gives the cotangent."""
    def set_rule(vjpmaker, argnum=0):
        warn("defvjp")

        def maker(ans, *args, **kwargs):
            return lambda g: vjpmaker(g, ans, vspace(args[argnum]), vspace(g), *args, **kwargs)

        give(primitive_fun, {argnum: maker})

    return set_rule


def deprecated_defvjp_is_zero(primitive_fun: Callable) -> Callable:
    """``f.defvjp_is_zero(argnums=(0,))``."""
    def set_rules(argnums: Sequence[int] = (0,)):
        warn("defvjp_is_zero")
        give(primitive_fun, dict.fromkeys(argnums))

    return set_rules


def deprecated_defgrad(primitive_fun: Callable) -> Callable:
    """``f.defgrad(maker, argnum=0)``, where ``maker(ans, *args, **kwargs)`` gives the function of the cotangent."""
    def set_rule(gradfun, argnum=0):
        warn("defgrad")
        give(primitive_fun, {argnum: gradfun})

    return set_rule


def primitive_with_deprecation_warnings(f_raw: Callable) -> Callable:
    """A primitive, as ``autograd.extend`` makes it, with the attributes by which rules were given once."""
    f_wrapped = primitive(f_raw)
    f_wrapped.defvjp = deprecated_defvjp(f_wrapped)
    f_wrapped.defvjp_is_zero = deprecated_defvjp_is_zero(f_wrapped)
    f_wrapped.defgrad = deprecated_defgrad(f_wrapped)
    return f_wrapped
