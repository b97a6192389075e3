"""Integrals as functions of their limits and of parameters of the integrand, with derivatives of every order.

∂/∂b is the integrand there, ∂/∂a its negative; the derivative in the parameters is the integral of the derivative,
computed to the tolerance of the integral itself. An *integrand* is a function ``f(x, parameters)`` of one point; what
is made of one, its directional derivative, is an integrand again.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.integrate import IntegrationWarning

from ...core.forward import trace_jvp
from ...core.reverse import trace_vjp
from ...core.selections import settle
from ...core.tracer import to_value
from ...numpy import wrapped as anp
from ...transforms.custom_rules import apply_rule
from .fields import at_points
from .gauss_kronrod import Domain, integrated
from .whole_steps import call_whole, pull_back, replaced, with_zeros

__all__ = ["Integral"]


def pushed(f: Callable, followed: Sequence[int]) -> Callable:
    """The derivative of an integrand in the direction of tangents of the parameters ``followed``, which come as further
    parameters."""
    count = len(followed)

    def derivative(x, parameters):
        values, tangents = parameters[:-count], parameters[-count:]
        (ans,), (t,) = trace_jvp(
            lambda *own: [f(x, replaced(values, followed, own))], [values[i] for i in followed], tangents)
        return with_zeros(t, ans)

    return derivative


def paired(f: Callable) -> Callable:
    """Σ g f, where ``g`` is the last parameter."""
    return lambda x, parameters: anp.sum(anp.real(f(x, parameters[:-1]) * parameters[-1]))


def gradient_at(f: Callable, wrt: Sequence[int]) -> Callable:
    """The derivatives of a real integrand in the parameters ``wrt``."""

    def gradient(x, parameters):
        _, ends, inputs = trace_vjp(
            lambda *own: [f(x, replaced(parameters, wrt, own))], [parameters[i] for i in wrt])
        found = pull_back(ends, [np.float64(1.0)], inputs)
        return [with_zeros(g, parameters[i]) for g, i in zip(found, wrt)]

    return gradient


def boundary(f: Callable, end: Any, parameters: Sequence) -> Any:
    """An integrand at a limit of the integral; zero at infinity, where it has to vanish."""
    return f(end, parameters) if np.isfinite(to_value(end)) else None


def times(x: Any, factor: Any) -> Any:
    return None if x is None else x * factor


def added(terms: Sequence) -> Any:
    given = [term for term in terms if term is not None]
    return sum(given[1:], given[0]) if given else None


class Integral(NamedTuple):
    """∫ f. Leaves are the limits and the parameters; ``value`` is what SciPy has found, of a derivative None."""

    name: str
    f: Callable
    domain: Domain
    value: Any = None

    def fun(self, *leaves):
        return [self.value] if self.value is not None else call_whole(self.name, self.plain, leaves)

    def plain(self, a, b, *parameters):
        shape = []

        def evaluate(X):
            Y = at_points(lambda x: self.f(x, parameters), X)
            shape[:] = Y.shape[1:]
            return np.asarray(Y).reshape(len(X), -1)

        return [compute(self.name, evaluate, self.domain).reshape(shape)[()]]

    def forward(self, leaves: list, tangents: list) -> tuple[list, list]:
        outputs = apply_rule(self, leaves)
        a, b, *parameters = leaves
        ta, tb, *given = map(settle, tangents)
        followed = [i for i, t in enumerate(given) if t is not None]
        terms = []
        if followed:
            rule = self._replace(f=pushed(self.f, followed), value=None)
            terms += apply_rule(rule, [*leaves, *[given[i] for i in followed]])
        if tb is not None:
            terms.append(times(boundary(self.f, b, parameters), tb))
        if ta is not None:
            terms.append(times(boundary(self.f, a, parameters), -ta))
        return outputs, [added(terms)]

    def reverse(self, leaves: list, followed: Sequence[int]) -> tuple[list, Callable[[list], list]]:
        a, b, *parameters = leaves
        own = [i - 2 for i in followed if i > 1]
        f = paired(self.f)

        def pull(gs):
            more = [*parameters, gs[0]]
            found = {}
            if own:
                rule = Gradient(f"the derivative of {self.name}", f, self.domain, own)
                found.update(zip([i + 2 for i in own], apply_rule(rule, [a, b, *more])))
            if 0 in followed:
                found[0] = times(boundary(f, a, more), -1.0)
            if 1 in followed:
                found[1] = boundary(f, b, more)
            return [found.get(i) for i in followed]

        return apply_rule(self, leaves), pull


class Gradient(NamedTuple):
    """∫ ∂f/∂p for the parameters ``wrt``, of a real integrand."""

    name: str
    f: Callable
    domain: Domain
    wrt: Sequence[int]

    def fun(self, *leaves):
        return call_whole(self.name, self.plain, leaves)  # which takes the elements of a batch one by one

    def plain(self, a, b, *parameters):
        likes = [np.asarray(parameters[i]) for i in self.wrt]
        sizes = [like.size for like in likes]

        def evaluate(X):
            # Each point has parameters of its own, so that it has a gradient of its own.
            copies = [np.broadcast_to(like, (len(X), *like.shape)) for like in likes]
            total = trace_vjp(
                lambda *own: [at_points(
                    lambda x, *mine: self.f(x, replaced(parameters, self.wrt, mine)), X, *own)], copies)
            found = pull_back(total[1], [np.ones(len(X))], total[2])
            return np.concatenate([
                np.zeros((len(X), size)) if g is None else np.asarray(g).reshape(len(X), size)
                for g, size in zip(found, sizes)
            ], axis=1)

        parts = np.split(compute(self.name, evaluate, self.domain), np.cumsum(sizes)[:-1])
        parts = [part if np.iscomplexobj(like) else part.real for part, like in zip(parts, likes)]
        return [part.reshape(like.shape).astype(like.dtype)[()] for part, like in zip(parts, likes)]

    def forward(self, leaves: list, tangents: list) -> tuple[list, list]:
        outputs = apply_rule(self, leaves)
        a, b, *parameters = leaves
        ta, tb, *given = map(settle, tangents)
        followed = [i for i, t in enumerate(given) if t is not None]
        terms: list = [[] for _ in outputs]
        parts = []
        if followed:
            rule = self._replace(f=pushed(self.f, followed))
            parts.append(apply_rule(rule, [*leaves, *[given[i] for i in followed]]))
        for end, t in ((b, tb), (a, times(ta, -1.0))):
            at_end = t is not None and boundary(gradient_at(self.f, self.wrt), end, parameters)
            if at_end:
                parts.append([x * t for x in at_end])
        for part in parts:
            for term, x in zip(terms, part):
                term.append(x)
        return outputs, list(map(added, terms))

    def reverse(self, leaves: list, followed: Sequence[int]) -> tuple[list, Callable[[list], list]]:
        a, b, *parameters = leaves
        outputs = apply_rule(self, leaves)
        own = [i - 2 for i in followed if i > 1]
        f = pushed(self.f, self.wrt)

        def pull(gs):
            more = [*parameters, *map(with_zeros, gs, outputs)]
            found = {}
            if own:
                rule = self._replace(f=f, wrt=own)
                found.update(zip([i + 2 for i in own], apply_rule(rule, [a, b, *more])))
            if 0 in followed:
                found[0] = times(boundary(f, a, more), -1.0)
            if 1 in followed:
                found[1] = boundary(f, b, more)
            return [found.get(i) for i in followed]

        return outputs, pull


def compute(name, evaluate, domain):
    value, is_done = integrated(evaluate, domain)
    if not is_done and np.all(np.isfinite(value)):
        warnings.warn(f"{name}: the integral may be less accurate than asked for", IntegrationWarning, stacklevel=2)
    return value
