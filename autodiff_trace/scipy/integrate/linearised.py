"""Linearised steps of Runge–Kutta methods: what a change of states and slopes does to all that follows, and back.

One step of size h, linearised at its stages, is δX_j = δy + h Σ A_jl δK_l, δK_j = J_j δX_j + r_j and
δy⁺ = δy + h Σ b_j δK_j, where J_j = ∂f/∂y at stage j and r_j is the change of f by all else. All steps are eliminated
at once, (I − h A ∘ J) δK = J δy + r; what is left is a product of small matrices for each step. Changes have one more
axis, the last: several are pushed, or pulled, side by side.
"""

from __future__ import annotations

import numpy as np

from ...core.forward import defjvp_all
from ...core.primitives import primitive
from ...core.reverse import defvjp_all
from ...core.traits import declare
from ...numpy import wrapped as anp

__all__ = ["pull_steps", "push_steps", "stage_states"]


MOST_BYTES = 1 << 26
"""Of the matrices of steps that are eliminated at once."""


MANY = 24
"""Equations from which on the matrices of the steps take longer than what they save."""


def stages_solved(J, rhs, h, A, is_explicit):
    """K of K_j − h J_j Σ A_jl K_l = rhs_j, for all steps: ``rhs`` is (steps, stages, n, columns)."""
    if not is_explicit:
        return eliminated(J, rhs, h, A, False)
    K = np.array(rhs)
    for j in range(1, rhs.shape[1]):
        if A[j, :j].any():
            K[:, j] += J[:, j] @ (h[:, None, None] * np.einsum("ilnc,l->inc", K[:, :j], A[j, :j]))
    return K


def stages_solved_transposed(J, rhs, h, A, is_explicit):
    """K of K_l − h Σ_j A_jl J_jᵀ K_j = rhs_l."""
    if not is_explicit:
        return eliminated(J, rhs, h, A, True)
    K = np.array(rhs)
    JT = np.swapaxes(J, 2, 3)
    pulled = np.empty_like(K)
    for j in range(rhs.shape[1] - 1, -1, -1):
        if A[j + 1 :, j].any():
            K[:, j] += h[:, None, None] * np.einsum("ilnc,l->inc", pulled[:, j + 1 :], A[j + 1 :, j])
        pulled[:, j] = JT[:, j] @ K[:, j]
    return K


def eliminated(J, rhs, h, A, is_transposed):
    """The same by the matrices I − h A ∘ J of all stages of a step."""
    _, stages, n, columns = rhs.shape
    size = stages * n
    K = np.empty((len(h), size, columns))
    chunk = max(1, MOST_BYTES // (8 * size * size))
    for i in range(0, len(h), chunk):
        part = slice(i, i + chunk)
        system = systems(J[part], h[part], A)
        right = rhs[part].reshape(-1, size, columns)
        K[part] = np.linalg.solve(np.swapaxes(system, 1, 2) if is_transposed else system, right)
    return K.reshape(rhs.shape)


def systems(J, h, A):
    """I − h A ∘ J of (steps, stages n, stages n)."""
    steps, stages, n, _ = J.shape
    system = -h[:, None, None, None, None] * A[None, :, None, :, None] * J[:, :, :, None, :]
    system = system.reshape(steps, stages * n, stages * n)
    system[:, np.arange(stages * n), np.arange(stages * n)] += 1
    return system


def linear_map(W, h, b):
    """∂y⁺/∂y of (steps, n, n) from ∂K/∂y of (steps, stages, n, n)."""
    M = h[:, None, None] * np.einsum("ijnc,j->inc", W, b)
    M[:, np.arange(M.shape[-1]), np.arange(M.shape[-1])] += 1
    return M


@primitive
def push_steps(J, r, d0, h, A, b, is_explicit):
    """Changes (steps + 1, n, columns) of the states and (steps, stages, n, columns) of the slopes, from those of the
    slopes for other reasons, ``r``, and of the initial state, ``d0``."""
    n = J.shape[-1]
    solved = stages_solved(J, np.concatenate([J, r], axis=3), h, A, is_explicit)
    W, q = solved[..., :n], solved[..., n:]
    M = linear_map(W, h, b)
    added = h[:, None, None] * np.einsum("ijnc,j->inc", q, b)
    S = np.empty((len(h) + 1, *d0.shape), np.result_type(J, r, d0))
    S[0] = d = d0
    for i, (step, more) in enumerate(zip(M, added)):
        S[i + 1] = d = step @ d + more
    return S, W @ S[:-1, None] + q


@primitive
def pull_steps(J, gS, gK, h, A, b, is_explicit):
    """The transpose of :func:`push_steps`: cotangents of ``r`` and ``d0``."""
    if J.shape[-1] > MANY and not is_explicit:
        return pulled_one_by_one(J, gS, gK, h, A, b)
    # The slopes are wanted of what comes from the state after the step, whatever that is, and of what is known.
    n = J.shape[-1]
    units = np.broadcast_to(h[:, None, None, None] * b[:, None, None] * np.eye(n), J.shape)
    K = stages_solved_transposed(J, np.concatenate([units, gK], axis=3), h, A, is_explicit)
    pulled = np.sum(np.swapaxes(J, 2, 3) @ K, axis=1)
    MT = pulled[..., :n] + np.eye(n)
    direct = gS[:-1] + pulled[..., n:]
    after = np.empty(direct.shape)
    g = gS[-1]
    for place, M, more in zip(after[::-1], MT[::-1], direct[::-1]):
        place[:] = g
        g = M.dot(g) + more
    return K[..., :n] @ after[:, None] + K[..., n:], g


def pulled_one_by_one(J, gS, gK, h, A, b):
    """The same, step by step, without the matrices of the steps."""
    K = np.empty(np.broadcast_shapes(gK.shape, (*J.shape[:3], gS.shape[-1])))
    g = gS[-1]
    for i in range(len(h) - 1, -1, -1):
        right = gK[i] + h[i] * b[:, None, None] * g
        system = systems(J[i : i + 1], h[i : i + 1], A)[0]
        K[i] = np.linalg.solve(system.T, right.reshape(len(system), -1)).reshape(right.shape)
        g = g + gS[i] + np.sum(np.swapaxes(J[i], 1, 2) @ K[i], axis=0)
    return K, g


def stage_states(S, K, h, A):
    """δX_j = δy + h Σ A_jl δK_l."""
    steps, stages, *shape = K.shape
    combined = anp.matmul(A, anp.reshape(K, (steps, stages, -1)))
    return S[:-1, None] + h[:, None, None, None] * anp.reshape(combined, (steps, len(A), *shape))


# The rules. The answer for other Jacobians follows from dK = G (dJ X + dr), where G is the elimination of the stages.


def push_vjp(argnums, gs, ans, args, kwargs):
    J, _, _, *method = args
    gr, g0 = pull_steps(J, gs[0], gs[1], *method)
    found = {0: lambda: outer(gr, stage_states(*ans, *method[:2])), 1: lambda: gr, 2: lambda: g0}
    return [found[i]() for i in argnums]


def push_jvp(argnums, tangents, ans, args, kwargs):
    J, _, _, *method = args
    tJ, tr, t0 = spread(argnums, tangents, args)
    if 0 in argnums:
        tr = tr + anp.matmul(tJ, stage_states(*ans, *method[:2]))
    return push_steps(J, tr, t0, *method)


def pull_vjp(argnums, gs, ans, args, kwargs):
    J, _, _, *method = args
    S, K = push_steps(J, gs[0], gs[1], *method)
    found = {0: lambda: outer(ans[0], stage_states(S, K, *method[:2])), 1: lambda: S, 2: lambda: K}
    return [found[i]() for i in argnums]


def pull_jvp(argnums, tangents, ans, args, kwargs):
    J, gS, _, *method = args
    tJ, tS, tK = spread(argnums, tangents, args)
    if 0 in argnums:
        h, A = method[:2]
        u = anp.matmul(anp.swapaxes(tJ, 2, 3), ans[0])  # what reaches the states of the stages
        tS = tS + anp.concatenate([anp.sum(u, axis=1), anp.zeros_like(gS[-1:])])
        steps, stages, *shape = u.shape
        combined = anp.matmul(A.T, anp.reshape(u, (steps, stages, -1)))
        tK = tK + h[:, None, None, None] * anp.reshape(combined, (steps, stages, *shape))
    return pull_steps(J, tS, tK, *method)


def outer(g, x):
    """Σ g xᵀ over the columns."""
    return anp.matmul(g, anp.swapaxes(x, 2, 3))


def spread(argnums, values, likes):
    """Values for the first three arguments, zeros where there is none."""
    given = dict(zip(argnums, values))
    return [given[i] if given.get(i) is not None else anp.zeros_like(likes[i]) for i in range(3)]


def batch_columns(batch, prim, args, kwargs):
    """Elements of a batch are columns, where they share the Jacobians."""
    if batch.mapped[0] or any(batch.mapped[3:]):
        return NotImplemented
    J, first, second, *method = args
    columns = [
        anp.moveaxis(x, 0, -1) if mapped else anp.broadcast_to(x[..., None], (*x.shape, batch.size))
        for x, mapped in zip((first, second), batch.mapped[1:3])
    ]
    outputs = prim(J, *[anp.reshape(x, (*x.shape[:-2], -1)) for x in columns], *method)
    return tuple([anp.moveaxis(anp.reshape(x, (*x.shape[:-1], -1, batch.size)), -1, 0) for x in outputs])


for prim, vjp, jvp in [(push_steps, push_vjp, push_jvp), (pull_steps, pull_vjp, pull_jvp)]:
    defvjp_all(prim, vjp)
    defjvp_all(prim, jvp)
    declare(prim, owns_memory=True, batching=batch_columns)
