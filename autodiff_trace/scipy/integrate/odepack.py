"""``odeint``: LSODA of ODEPACK solves, and what it returns has derivatives."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate

from ...core.errors import TracedValueError, caller_line
from ...core.pytree import tree_flatten
from ...core.tracer import is_box, running_traces, to_value
from ...numpy import wrapped as anp
from ...numpy.canonical import as_array
from ...transforms.custom_rules import apply_rule
from .fields import Field
from .flows import flow
from .moving_times import advance
from .problems import Problem
from .solutions import failed
from .trajectories import Collocated
from .whole_steps import call_whole

__all__ = ["odeint"]


def odeint(
    func: Callable, y0: Any, t: Any, args: Any = (), Dfun: Callable | None = None, col_deriv: Any = 0,
    full_output: Any = 0, *more: Any, tfirst: Any = False, **options: Any,
) -> Any:
    """SciPy's ``odeint``, whose result has derivatives in ``y0``, ``t``, ``args`` (containers too), and in what
    ``func`` closes over.

    All arguments are SciPy's. The derivative is that of the differential equation along the solution, by collocation on
    steps as LSODA has taken them; ``infodict`` is plain. Where the integration has failed, asking for the derivative is
    an error.

    >>> from autodiff_trace import grad
    >>> round(float(grad(lambda rate: odeint(lambda y, t: -rate * y, 1.0, [0.0, 1.0])[1, 0])(1.0)), 6)
    -0.367879
    """
    names = "ml mu rtol atol tcrit h0 hmax hmin ixpr mxstep mxhnil mxordn mxords printmessg tfirst".split()
    if len(more) > len(names):
        raise TypeError(f"odeint() takes {7 + len(names)} arguments, and {7 + len(more)} were given")
    options |= dict(zip(names, more))
    tfirst = options.pop("tfirst", tfirst)
    args = args if isinstance(args, tuple) else (args,)
    leaves, structure = tree_flatten((y0, t, args))
    options |= {"col_deriv": col_deriv, "tfirst": tfirst}
    if not running_traces() and not any(map(is_box, leaves)):
        return scipy.integrate.odeint(func, y0, t, args, Dfun=Dfun, full_output=full_output, **options)
    for name, value in options.items():
        if any(map(is_box, tree_flatten(value)[0])):
            raise TracedValueError(
                f"odeint has no derivative with respect to {name} ({caller_line()}): take the plain value with "
                "to_numpy(x)."
            )
    problem = OdeintProblem(func, Dfun, tfirst, options, leaves, structure)
    y, info = problem.closure.attempt(problem.solve)
    return (y, info) if full_output else y


class OdeintProblem(Problem):
    """One call of ``odeint``."""

    def __init__(self, func, Dfun, tfirst, options, leaves, structure):
        self.tfirst, self.options = tfirst, options
        super().__init__("odeint", [func, Dfun] if Dfun is not None else [func], leaves, structure)
        y0, t, args = self.arguments(self.values())
        self.discover(as_array(t)[0], anp.reshape(as_array(y0), (-1,)), *args)

    def adapted(self, which):
        return self.functions[which] if self.tfirst else time_first(self.functions[which])

    def solve(self):
        values = self.values()
        info = None

        def fun(*values):
            nonlocal info
            (_, info), _ = self.run(values)
            return [self.states(values)]

        if values:
            return call_whole("odeint", fun, values)[0], info
        y0, t, args = self.arguments(())
        func, Dfun = [*self.functions, None][:2]
        return scipy.integrate.odeint(func, y0, t, args, Dfun=Dfun, full_output=True, **self.options)

    def states(self, values):
        (y, info), steps = self.run(values)
        y0, t, args = self.arguments(values)
        y0 = anp.reshape(as_array(y0), (-1,))
        y0 = anp.astype(y0, float) if is_box(y0) else np.asarray(y0, float)
        field = Field(self.closure, 0, args)
        parameters = [*field.own, *self.hidden_of(values)]
        if has_failed(info):
            return apply_rule(failed("odeint", info["message"], y), [y0, *parameters])[0]
        t = as_array(t)
        start = y0
        if is_box(t):
            T = np.asarray(to_value(t), float)
            start = advance(field, t[:1], T[:1], y0[None], parameters)[0]
        rows = anp.broadcast_to(start, y.shape) if steps is None else flow(field, *steps, start, parameters)
        if is_box(t):
            rows = advance(field, T, t, rows, parameters)
        return anp.concatenate([y0[None], rows[1:]])

    def run_scipy(self, arguments, plain_form):
        y0, t, args = arguments
        is_first = self.tfirst
        func, *more = map(plain_form, self.functions)
        options = {**self.options, "Dfun": more[0]} if more else self.options
        seen: list = []
        note = seen.append

        def recorded(first, second, *more):
            note(first if is_first else second)
            return func(first, second, *more)

        y, info = result = scipy.integrate.odeint(recorded, y0, t, args, full_output=True, **options)
        t = np.asarray(t, float)
        if has_failed(info) or t[0] == t[-1]:
            return result, None

        def states_at(T):
            with warnings.catch_warnings():  # of the same problem once more
                warnings.simplefilter("ignore")
                return scipy.integrate.odeint(func, y0, np.concatenate([t[:1], T]), args, **options)[1:]

        # LSODA evaluates f at the ends of its steps, and of those that it tries in vain.
        ends = np.unique(np.clip(seen, min(t[0], t[-1]), max(t[0], t[-1])))
        ends = ends[:: -1 if t[-1] < t[0] else 1]
        return result, Collocated(ends, states_at).ask(t, y)


def has_failed(info):
    return not any(words in info["message"] for words in ("successful", "Nothing was done"))


def time_first(fun):
    return lambda t, y, *args: fun(y, t, *args)
