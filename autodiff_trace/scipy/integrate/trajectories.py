"""What SciPy's solvers have done: the steps that they took, with the states at the stages, for ``flows``.

Explicit Runge–Kutta methods are recorded: times, states and slopes of each accepted step, so that the derivative is
that of the very numbers that SciPy has computed (the *discrete* one). Of other methods there are the interpolants of
the steps. Along these the linearised equation is solved, and its adjoint with it, by collocation on the same steps (the
derivative that is called *adjoint*).
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.integrate import BDF, DOP853, LSODA, RK23, RK45, Radau

from .butcher import Tableau, explicit_tableau, radau_tableau
from .flows import Grid, Rows

__all__ = [
    "METHODS", "Collocated", "Recorded", "as_real", "interpolated", "is_explicit", "recording",
]

METHODS = {"RK23": RK23, "RK45": RK45, "DOP853": DOP853, "Radau": Radau, "BDF": BDF, "LSODA": LSODA}

FEW = 8
"""Equations up to which the collocation has 5 stages, and order 9, which is more accurate than the solvers' steps are,
also over two of these; of more equations it has 3, and order 5, for the matrices of all stages of a step are
eliminated."""


def is_explicit(method: type) -> bool:
    return issubclass(method, (RK23, RK45, DOP853))


class Step(NamedTuple):
    start: float
    end: float
    y: np.ndarray
    K: np.ndarray


@functools.cache
def recording(method: type) -> type:
    """The class of an explicit method that appends its steps to ``record``."""

    class Recording(method):
        def __init__(self, *args, record, **options):
            self.record = record
            super().__init__(*args, **options)

        def _step_impl(self):
            start, y = self.t, self.y
            outcome = super()._step_impl()
            if outcome[0]:
                self.record.append(Step(start, self.t, y, self.K.copy()))
            return outcome

        def _dense_output_impl(self):
            sol = super()._dense_output_impl()
            if hasattr(self, "K_extended"):  # slopes for the interpolant alone
                self.record[-1] = self.record[-1]._replace(K=self.K_extended.copy())
            return sol

    Recording.__name__ = method.__name__
    return Recording


def as_real(y: np.ndarray) -> np.ndarray:
    """Complex states (…, n) as real ones (…, 2n)."""
    return np.concatenate([y.real, y.imag], axis=-1) if np.iscomplexobj(y) else y


class Recorded:
    """The steps of an explicit method."""

    def __init__(self, method: type, record: Sequence[Step]) -> None:
        self.tableau = explicit_tableau(method)
        self.starts = np.array([step.start for step in record])
        self.h = np.array([step.end for step in record]) - self.starts
        self.y = np.array([step.y for step in record])
        self.record = record
        self.stages = method.n_stages

    def grid(self, tableau: Tableau) -> Grid:
        stages = len(tableau.b)
        K = np.zeros((len(self.h), stages, self.y.shape[1]), self.y.dtype)
        reached = np.zeros((len(self.h), stages), bool)
        for i, step in enumerate(self.record):
            count = min(stages, len(step.K))
            K[i, :count] = step.K[:count]
            reached[i, :count] = True
        # Where SciPy needed no interpolant its further stages are nowhere read: any state will do.
        states = self.y[:, None] + reached[:, :, None] * (self.h[:, None, None] * (tableau.A @ K))
        times = self.starts[:, None] + self.h[:, None] * (reached * tableau.c)
        return Grid(self.h, times, as_real(states), tableau)

    def ask(self, T: np.ndarray, values: np.ndarray) -> tuple[Grid, Rows]:
        """The grid, and the states ``values`` at the times ``T`` on it."""
        ends = np.array([self.starts[0], *[step.end for step in self.record]])
        sign = -1.0 if self.h[0] < 0 else 1.0
        numbers = np.searchsorted(sign * ends, sign * T)
        if np.array_equal(ends[np.minimum(numbers, len(self.h))], T):
            return self.grid(self.tableau.first(self.stages)), Rows(as_real(values), numbers, None)
        steps = np.clip(numbers - 1, 0, len(self.h) - 1)
        weights = self.tableau.weights((T - self.starts[steps]) / self.h[steps])
        return self.grid(self.tableau), Rows(as_real(values), steps, weights)


class Collocated:
    """The steps of any method, of which ``states_at(times)`` gives the states at sorted times (m,), as (m, n)."""

    def __init__(self, ends: Sequence[float], states_at: Callable) -> None:
        self.ends = np.asarray(ends, float)
        self.states_at = states_at
        self.sign = -1.0 if self.ends[-1] < self.ends[0] else 1.0

    def ask(self, T: np.ndarray, values: np.ndarray) -> tuple[Grid, Rows]:
        """The grid, on which the times ``T`` are ends of steps, and the states ``values`` at these."""
        if np.any(self.sign * T < self.sign * self.ends[0]):
            raise ValueError("solve_ivp: the solution has no derivative at times before the start of the integration")
        is_small = as_real(values).shape[1] <= FEW
        ends = [self.ends[:-1:2], self.ends[-1:]] if is_small else [self.ends]  # two steps of the solver are one here
        points = self.sign * np.unique(self.sign * np.concatenate([*ends, T]))
        starts, h = points[:-1], np.diff(points)
        tableau = radau_tableau(5 if is_small else 3)
        times = starts[:, None] + h[:, None] * tableau.c
        times[:, -1] = points[1:]
        states = self.states_at(times.reshape(-1))
        numbers = np.searchsorted(self.sign * points, self.sign * T)
        grid = Grid(h, times, as_real(states).reshape(*times.shape, -1), tableau)
        return grid, Rows(as_real(values), numbers, None)


def interpolated(ends: Sequence[float], interpolants: Sequence[Callable], T: np.ndarray) -> np.ndarray:
    """States by SciPy's interpolants of steps, each asked once."""
    sign = -1.0 if ends[-1] < ends[0] else 1.0
    pieces = np.searchsorted(sign * np.asarray(ends), sign * T, side="left") - 1
    pieces = np.clip(pieces, 0, len(interpolants) - 1)
    cuts = np.flatnonzero(np.diff(pieces)) + 1
    groups = np.split(T, cuts)
    return np.concatenate([interpolants[i](t).T for i, t in zip(pieces[[0, *cuts]], groups)])
