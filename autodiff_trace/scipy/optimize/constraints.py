"""Constraints of ``minimize``: each kind of SciPy's as a block of rows, and as SciPy takes it, with exact Jacobians."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import scipy.optimize
import scipy.sparse

from ...numpy import wrapped as anp
from ...transforms.gradient import grad
from ...transforms.jacobians import jacobian
from .calls import with_remedy

__all__ = ["Block", "blocks_of", "limits_of"]

REMEDY = (
    'a constraint has been run for its Jacobian: where it cannot be traced, give jac= as a function, or jac="3-point" '
    'for SciPy\'s finite differences, in a dict "2-point"'
)


class Block(NamedTuple):
    """One constraint: ``given`` as the user has given it; ``fun`` its function, None where it is linear."""

    given: Any
    fun: Callable | None

    @property
    def data(self) -> tuple:
        """What of it may be traced."""
        given = self.given
        if isinstance(given, dict):
            return (tuple(given.get("args", ())),)
        if self.fun is None:
            return given.A.toarray() if scipy.sparse.issparse(given.A) else given.A, given.lb, given.ub
        return given.lb, given.ub

    def rows(self, fun: Callable, data: tuple, x: Any) -> Any:
        """The vector of its values. ``x`` is the vector of unknowns for a linear one, else what the user calls x."""
        if self.fun is None:
            return data[0] @ x
        return anp.reshape(fun(x, *(data[0] if isinstance(self.given, dict) else ())), (-1,))

    def limits(self, data: tuple, count: int) -> tuple[Any, Any]:
        if isinstance(self.given, dict):
            upper = 0.0 if self.given["type"].lower() == "eq" else np.inf
            return np.zeros(count), np.full(count, upper)
        return tuple([anp.broadcast_to(each, (count,)) for each in data[-2:]])

    def for_scipy(
        self, values: Callable, outward: Callable, of_vector: Callable, data: tuple, has_hessian: bool
    ) -> Any:
        """As SciPy takes it, with plain ``data``. ``values`` is its function of a vector, ``of_vector`` makes such of
        others; what ``outward`` makes of a function can be called by SciPy."""
        given = self.given
        if self.fun is None:
            linear = scipy.optimize.LinearConstraint(given.A if scipy.sparse.issparse(given.A) else data[0], *data[1:])
            linear.keep_feasible = given.keep_feasible
            return linear

        plain = outward(values)
        if isinstance(given, dict):
            jac = given.get("jac")
            if jac == "2-point":
                return {"type": given["type"], "fun": plain}
            if jac is not None:
                own = of_vector(jac)
                return {"type": given["type"], "fun": plain, "jac": outward(lambda x: own(x, *data[0]))}
            slopes = outward(with_remedy(jacobian(values), REMEDY))
            if not has_hessian:
                return {"type": given["type"], "fun": plain, "jac": slopes}
            upper = 0.0 if given["type"].lower() == "eq" else np.inf
            return scipy.optimize.NonlinearConstraint(plain, 0.0, upper, slopes, outward(curvature_of(values)))
        jac, hess = given.jac, given.hess
        if jac == "2-point":  # SciPy's default, which nobody wants to keep
            jac = outward(with_remedy(jacobian(values), REMEDY))
            if has_hessian and isinstance(hess, scipy.optimize.BFGS):
                hess = outward(curvature_of(values))
        elif callable(jac):
            jac = outward(of_vector(jac))
        return scipy.optimize.NonlinearConstraint(
            plain, *data, jac=jac, hess=hess, keep_feasible=given.keep_feasible,
            finite_diff_rel_step=given.finite_diff_rel_step,
            finite_diff_jac_sparsity=given.finite_diff_jac_sparsity,
        )


def curvature_of(values: Callable) -> Callable:
    """(x, v) ↦ the Hessian of vᵀ values(x)."""
    return jacobian(grad(lambda x, v: anp.sum(values(x) * v)))


def blocks_of(constraints: Any) -> list[Block]:
    kinds = dict, scipy.optimize.LinearConstraint, scipy.optimize.NonlinearConstraint
    blocks = []
    for each in [constraints] if isinstance(constraints, kinds) else list(constraints):
        if not isinstance(each, kinds):
            raise TypeError(
                f"minimize: a constraint is {type(each).__name__}; it is a dict, a LinearConstraint or a "
                "NonlinearConstraint."
            )
        if isinstance(each, dict) and str(each.get("type")).lower() not in ("eq", "ineq"):
            raise ValueError(f"minimize: a constraint has type {each.get('type')!r}; it is 'eq' or 'ineq'.")
        fun = each["fun"] if isinstance(each, dict) else getattr(each, "fun", None)
        blocks.append(Block(each, fun))
    return blocks


def limits_of(blocks: Sequence[Block], data: Sequence[tuple], counts: Sequence[int]) -> tuple[Any, Any]:
    pairs = [block.limits(each, count) for block, each, count in zip(blocks, data, counts)]
    return tuple([anp.concatenate([anp.astype(x, np.float64) for x in side]) for side in zip(*pairs)])
