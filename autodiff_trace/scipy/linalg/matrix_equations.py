"""Rules of matrix equations: Sylvester's, Lyapunov's, Stein's, Riccati's.

The derivative of a solution solves a linear equation of the same kind: Sylvester's for the solution of Sylvester's,
Lyapunov's with the closed loop for that of Riccati's. The cotangent solves it with transposed coefficients.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg

from ...core.forward import defjvp_all
from ...core.primitives import primitive
from ...core.reverse import defvjp_all
from ...core.traits import ALL, declare
from ...numpy import linalg as np_linalg
from ...numpy import wrapped as anp
from ...numpy.batching import batch_aligned
from ...numpy.broadcasting import broadcast_tangent, unbroadcast
from ...numpy.definers import define
from ...numpy.rules.matrices import adjoint, transposed
from .operands import array, over_stacks

__all__ = ["hermitian_part", "lyapunov", "stein", "sylvester"]


def equation_rules(prim, pull, push, constant):
    """Rules of the solution X of an equation: ``pull(g, ans, *args)`` gives the cotangents of all arguments, as
    functions, and ``push(t, ans, *args)`` the tangent from tangents of all, None for 0. No rule reads the number
    ``constant`` of the arguments, in which the equation is linear."""

    def vjp(argnums, g, ans, args, kwargs):
        cotangents = pull(g, ans, *args)
        return [unbroadcast(cotangents[argnum](), args[argnum]) for argnum in argnums]

    def jvp(argnums, tangents, ans, args, kwargs):
        given = dict(zip(argnums, tangents))
        return broadcast_tangent(push([given.get(i) for i in range(len(args))], ans, *args), ans)

    defvjp_all(prim, vjp)
    defjvp_all(prim, jvp)
    declare(prim, batching=batch_aligned, owns_memory=True, unread={ALL: (constant,)})


def total(*terms):
    """The sum of the terms that are there."""
    terms = [each for each in terms if each is not None]
    return sum(terms[1:], terms[0])


# sylvester: A X + X B = Q, so dX solves it for dQ − dA X − X dB


@primitive
@over_stacks(3)
def sylvester(a, b, q, is_strict):
    """The solution; where it is not unique what SciPy makes of it, or NaN if ``is_strict``, as derivatives are."""
    x = scipy.linalg.solve_sylvester(a, b, q)
    if is_strict and is_amplified(x, a, b, q):
        return np.full_like(x, np.nan)
    return x


def is_amplified(x, a, b, q):
    """Whether a solution is so large that the equation is singular, but for rounding."""
    size = np.abs(a).max(initial=0) + np.abs(b).max(initial=0)
    eps = np.finfo(x.dtype).eps
    largest = np.abs(q).max(initial=0)
    return largest > 0 and (size == 0 or np.abs(x).max(initial=0) * size * (len(a) + len(b)) * eps > largest)


def sylvester_pull(g, ans, a, b, q, is_strict):
    gq = sylvester(transposed(a), transposed(b), g, True)
    return lambda: -(gq @ transposed(ans)), lambda: -(transposed(ans) @ gq), lambda: gq


def sylvester_push(tangents, ans, a, b, q, is_strict):
    ta, tb, tq, _ = tangents
    return sylvester(a, b, total(tq, None if ta is None else -(ta @ ans), None if tb is None else -(ans @ tb)), True)


equation_rules(sylvester, sylvester_pull, sylvester_push, 2)


@define(scipy.linalg.solve_sylvester)
def solve_sylvester(a, b, q):
    return sylvester(array(a), array(b), array(q), False)


# lyapunov: A X + X Aᴴ = Q, which is Sylvester's


def lyapunov(a, q, is_strict=True):
    return sylvester(a, adjoint(a), q, is_strict)


@define(scipy.linalg.solve_continuous_lyapunov)
def solve_continuous_lyapunov(a, q):
    return lyapunov(array(a), array(q), False)


# stein: A X Aᴴ − X + Q = 0, so dX solves it for dQ + dA X Aᴴ + A X dAᴴ


@primitive
@over_stacks(2)
def stein(a, q):
    return scipy.linalg.solve_discrete_lyapunov(a, q)


def stein_pull(g, ans, a, q):
    gq = stein(transposed(a), g)
    ga = lambda: gq @ anp.conjugate(a) @ transposed(ans) + adjoint(gq) @ anp.conjugate(a @ ans)  # noqa: E731
    return ga, lambda: gq


def stein_push(tangents, ans, a, q):
    ta, tq = tangents
    if ta is None:
        return stein(a, tq)
    return stein(a, total(tq, ta @ ans @ adjoint(a) + a @ ans @ adjoint(ta)))


equation_rules(stein, stein_pull, stein_push, 1)


@define(scipy.linalg.solve_discrete_lyapunov)
def solve_discrete_lyapunov(a, q, method=None):
    return stein(array(a), array(q))


# Riccati's equations, of Hermitian Q and R. With the gain K and the closed loop C = A − B K the solution changes by dX
# with Cᴴ dX + dX C + F = 0, or Cᴴ dX C − dX + F = 0, where F = dQ + Kᴴ dR K + Wᴴ Y + Yᴴ W, W = dA − dB K, and Y is
# X, or X C: K minimises the cost, so dK has no part in it (J. Willems, "Least squares stationary optimal control and
# the algebraic Riccati equation", 1971; T. Kao and G. Hennequin, "Automatic differentiation of Sylvester, Lyapunov,
# and algebraic Riccati equations", 2020). Of Q and R the Hermitian part is followed.


@primitive
@over_stacks(4)
def continuous_riccati(a, b, q, r):
    return scipy.linalg.solve_continuous_are(a, b, q, r)


@primitive
@over_stacks(4)
def discrete_riccati(a, b, q, r):
    return scipy.linalg.solve_discrete_are(a, b, q, r)


def continuous_loop(x, a, b, r):
    """K, C and Y."""
    gain = np_linalg.solve(r, adjoint(b) @ x)
    return gain, a - b @ gain, x


def discrete_loop(x, a, b, r):
    weighted = adjoint(b) @ x
    gain = np_linalg.solve(r + weighted @ b, weighted @ a)
    closed = a - b @ gain
    return gain, closed, x @ closed


def hermitian_part(x):
    """Half of A + Aᴴ."""
    return (x + adjoint(x)) / 2


def riccati_rules(prim, loop, solve):
    """``solve(c, f)`` is the X with c X + X cᴴ + f = 0, or c X cᴴ − X + f = 0."""

    def pull(g, ans, a, b, q, r):
        gain, closed, y = loop(ans, a, b, r)
        gf = hermitian_part(solve(anp.conjugate(closed), g))
        gw = 2 * (anp.conjugate(y) @ gf)
        return (
            lambda: gw, lambda: -(gw @ transposed(gain)), lambda: gf,
            lambda: anp.conjugate(gain) @ gf @ transposed(gain),
        )

    def push(tangents, ans, a, b, q, r):
        ta, tb, tq, tr = tangents
        gain, closed, y = loop(ans, a, b, r)
        parts = [
            None if tq is None else hermitian_part(tq),
            None if tr is None else adjoint(gain) @ hermitian_part(tr) @ gain,
        ]
        if ta is not None or tb is not None:
            w = adjoint(y) @ total(ta, None if tb is None else -(tb @ gain))
            parts.append(w + adjoint(w))
        return solve(adjoint(closed), total(*parts))

    equation_rules(prim, pull, push, 2)


riccati_rules(continuous_riccati, continuous_loop, lambda c, f: lyapunov(c, -f))
riccati_rules(discrete_riccati, discrete_loop, stein)


# With E and S: the coordinates E x make E the identity, the input u + R⁻¹ Sᴴ x makes S zero.


def coordinates(prim, a, b, q, r, e, s):
    a, b, q, r = map(array, (a, b, q, r))
    if s is not None:
        feedback = np_linalg.solve(r, adjoint(array(s)))
        q = q - hermitian_part(array(s) @ feedback)
        a = a - b @ feedback
    if e is None:
        return prim(a, b, q, r)
    inverse = np_linalg.inv(array(e))
    return prim(a @ inverse, b, hermitian_part(adjoint(inverse) @ q @ inverse), r)


@define(scipy.linalg.solve_continuous_are)
def solve_continuous_are(a, b, q, r, e, s, **hints):
    return coordinates(continuous_riccati, a, b, q, r, e, s)


@define(scipy.linalg.solve_discrete_are)
def solve_discrete_are(a, b, q, r, e, s, **hints):
    return coordinates(discrete_riccati, a, b, q, r, e, s)
