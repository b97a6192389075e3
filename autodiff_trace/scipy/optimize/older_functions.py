"""SciPy's older names of its solvers: plain calls go to SciPy; where something traced is at hand they name the newer.

They would run on traced values as far as it goes, and differentiate the steps of the method, or drop the derivative.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import scipy.optimize

from ...core.errors import TracedValueError, caller_line
from ...core.pytree import tree_leaves
from ...core.tracebacks import border
from ...core.tracer import is_box, running_traces

NEWER = {
    "minimize": "fmin fmin_bfgs fmin_cg fmin_cobyla fmin_l_bfgs_b fmin_ncg fmin_powell fmin_slsqp fmin_tnc",
    "minimize_scalar": "bracket brent fminbound golden",
    "least_squares": "leastsq",
    "root": "anderson broyden1 broyden2 diagbroyden excitingmixing linearmixing newton_krylov",
    "minimize (line_search chooses a step, which jumps)": "line_search",
    "autodiff_trace.grad": "approx_fprime check_grad",
}

__all__ = [name for names in NEWER.values() for name in names.split() if hasattr(scipy.optimize, name)]


def plain_only(function: Callable, newer: str) -> Callable:
    """``function``, that refuses traced values, among its arguments or from functions that it is given."""
    def refuse():
        raise TracedValueError(
            f"{function.__name__} is not there for traced values ({caller_line()}). Use {newer}, or take plain values "
            "with to_numpy(x)."
        )

    def checked(fun: Callable) -> Callable:
        @functools.wraps(fun)
        def call(*args: Any, **kwargs: Any) -> Any:
            answer = fun(*args, **kwargs)
            return refuse() if any(map(is_box, tree_leaves(answer))) else answer

        return call

    @border
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not running_traces():
            return function(*args, **kwargs)
        if any(map(is_box, tree_leaves((args, kwargs)))):
            refuse()
        args = [checked(arg) if callable(arg) else arg for arg in args]
        return function(*args, **{name: checked(arg) if callable(arg) else arg for name, arg in kwargs.items()})

    return call


globals().update({
    name: plain_only(getattr(scipy.optimize, name), newer) for newer, names in NEWER.items() for name in names.split()
    if name in __all__
})
