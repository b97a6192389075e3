"""Problems whose solution is a choice, that jumps: plain calls go to SciPy, traced ones are refused with the reason."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import scipy.optimize

from ...core.errors import TracedValueError, caller_line
from ...core.tracer import find_top_trace

__all__ = ["linear_sum_assignment", "milp", "quadratic_assignment"]


def refusing(function: Callable, remedy: str) -> Callable:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if find_top_trace((*args, *kwargs.values())) is None:
            return function(*args, **kwargs)
        raise TracedValueError(
            f"{function.__name__} has no derivative: its solution is a choice, which stays the same or jumps "
            f"({caller_line()}). {remedy}"
        )

    return call


INDEX = "Call it on to_numpy(cost), and take the entries that it chooses from the traced cost: that is the derivative."
linear_sum_assignment = refusing(scipy.optimize.linear_sum_assignment, INDEX)
quadratic_assignment = refusing(scipy.optimize.quadratic_assignment, INDEX)
milp = refusing(scipy.optimize.milp, "Call it on to_numpy of its arguments, or relax it to linprog.")
