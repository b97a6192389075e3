"""Gradients of recurrences as loops, for Numba: forward, and backward over what was kept."""

from __future__ import annotations

from math import cos, exp, sin, tanh

import numpy as np

from ..workloads.pendulum import DAMPING, H
from .numba_compiler import compiled

__all__ = ["LOOPS"]


@compiled
def matmul(a, b):
    """Small matrices: a call of BLAS would take longer."""
    ans = np.zeros((a.shape[0], b.shape[1]))
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            for j in range(b.shape[1]):
                ans[i, j] += a[i, k] * b[k, j]
    return ans


def pendulum(torques, angle, speed):
    """The adjoint of each step, with the slopes of the four accelerations kept from the way forward."""
    n = len(torques)
    slopes, g_torques = np.empty((n, 4)), np.empty(n)
    for i in range(n):
        torque = torques[i]
        a1 = torque - DAMPING * speed - 9.81 * sin(angle)
        v2, x2 = speed + 0.5 * H * a1, angle + 0.5 * H * speed
        a2 = torque - DAMPING * v2 - 9.81 * sin(x2)
        v3, x3 = speed + 0.5 * H * a2, angle + 0.5 * H * v2
        a3 = torque - DAMPING * v3 - 9.81 * sin(x3)
        v4, x4 = speed + H * a3, angle + H * v3
        a4 = torque - DAMPING * v4 - 9.81 * sin(x4)
        slopes[i, 0], slopes[i, 1] = -9.81 * cos(angle), -9.81 * cos(x2)
        slopes[i, 2], slopes[i, 3] = -9.81 * cos(x3), -9.81 * cos(x4)
        angle += H / 6 * (speed + 2.0 * (v2 + v3) + v4)
        speed += H / 6 * (a1 + 2.0 * (a2 + a3) + a4)
    g_angle, g_speed = -10.0 * sin(angle), 2.0 * speed
    for i in range(n - 1, -1, -1):
        g_a4 = H / 6 * g_speed
        g_x4, g_v4 = slopes[i, 3] * g_a4, H / 6 * g_angle - DAMPING * g_a4
        g_a3 = H / 3 * g_speed + H * g_v4
        g_x3, g_v3 = slopes[i, 2] * g_a3, H / 3 * g_angle + H * g_x4 - DAMPING * g_a3
        g_a2 = H / 3 * g_speed + 0.5 * H * g_v3
        g_x2, g_v2 = slopes[i, 1] * g_a2, H / 3 * g_angle + 0.5 * H * g_x3 - DAMPING * g_a2
        g_a1 = H / 6 * g_speed + 0.5 * H * g_v2
        g_torques[i] = H * torques[i] + g_a1 + g_a2 + g_a3 + g_a4
        g_speed += H / 6 * g_angle + 0.5 * H * g_x2 - DAMPING * g_a1 + g_v2 + g_v3 + g_v4
        g_angle += slopes[i, 0] * g_a1 + g_x2 + g_x3 + g_x4
    return g_torques


def lstm(params, state, sequence):
    """As ``lstm.gradient_by_hand``, an element at a time; kept: input, hidden, cell, four gates, tanh of the cell."""
    main, extra = params
    layers, n = main.shape[0], main.shape[2]
    turns = len(sequence) - 1
    kept, p, last = np.empty((turns, layers, 8, n)), np.empty((turns, n)), np.empty((turns, n))
    state = state.copy()
    for t in range(turns):
        for k in range(n):
            x = sequence[t, k] * extra[0, k]
            for i in range(layers):
                hidden, cell = state[i, 0, k], state[i, 1, k]
                forget = 1.0 / (1.0 + exp(-(x * main[i, 0, k] + main[i, 4, k])))
                enter = 1.0 / (1.0 + exp(-(hidden * main[i, 1, k] + main[i, 5, k])))
                leave = 1.0 / (1.0 + exp(-(x * main[i, 2, k] + main[i, 6, k])))
                change = tanh(hidden * main[i, 3, k] + main[i, 7, k])
                following = cell * forget + enter * change
                squashed = tanh(following)
                kept[t, i, 0, k], kept[t, i, 1, k], kept[t, i, 2, k], kept[t, i, 3, k] = x, hidden, cell, forget
                kept[t, i, 4, k], kept[t, i, 5, k], kept[t, i, 6, k] = enter, leave, change
                kept[t, i, 7, k] = squashed
                x = leave * squashed
                state[i, 0, k], state[i, 1, k] = x, following
            last[t, k] = x
            p[t, k] = exp(x * extra[1, k] + extra[2, k])
        p[t] /= 2.0 + p[t].sum()
    scale = -1.0 / (turns * n)
    g_main, g_extra, g_state = np.zeros_like(main), np.zeros_like(extra), np.zeros_like(state)
    for t in range(turns - 1, -1, -1):
        total = sequence[t + 1].sum()
        for k in range(n):
            g_y = scale * (sequence[t + 1, k] - total * p[t, k])
            g_extra[1, k] += g_y * last[t, k]
            g_extra[2, k] += g_y
            g_x = g_y * extra[1, k]
            for i in range(layers - 1, -1, -1):
                x, hidden, cell, forget = kept[t, i, 0, k], kept[t, i, 1, k], kept[t, i, 2, k], kept[t, i, 3, k]
                enter, leave, change = kept[t, i, 4, k], kept[t, i, 5, k], kept[t, i, 6, k]
                squashed = kept[t, i, 7, k]
                g_hidden = g_x + g_state[i, 0, k]
                g_cell = g_state[i, 1, k] + g_hidden * leave * (1.0 - squashed * squashed)
                g_forget = g_cell * cell * forget * (1.0 - forget)
                g_leave = g_hidden * squashed * leave * (1.0 - leave)
                g_enter = g_cell * change * enter * (1.0 - enter)
                g_change = g_cell * enter * (1.0 - change * change)
                g_main[i, 0, k] += g_forget * x
                g_main[i, 1, k] += g_enter * hidden
                g_main[i, 2, k] += g_leave * x
                g_main[i, 3, k] += g_change * hidden
                g_main[i, 4, k] += g_forget
                g_main[i, 5, k] += g_enter
                g_main[i, 6, k] += g_leave
                g_main[i, 7, k] += g_change
                g_state[i, 0, k] = g_enter * main[i, 1, k] + g_change * main[i, 3, k]
                g_state[i, 1, k] = g_cell * forget
                g_x = g_forget * main[i, 0, k] + g_leave * main[i, 2, k]
            g_extra[0, k] += g_x * sequence[t, k]
    return g_main, g_extra


def rnn(params, xs):
    """The products by BLAS, the rest in place."""
    Wx, Wh, b = params
    turns, batch, width = xs.shape
    states = np.zeros((turns + 1, batch, width))
    for t in range(turns):
        z = np.dot(xs[t], Wx) + np.dot(states[t], Wh)
        for i in range(batch):
            for j in range(width):
                states[t + 1, i, j] = tanh(z[i, j] + b[j])
    Gx, Gh, gb = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    g = 2.0 * states[turns]
    for t in range(turns - 1, -1, -1):
        for i in range(batch):
            for j in range(width):
                g[i, j] *= 1.0 - states[t + 1, i, j] ** 2
                gb[j] += g[i, j]
        Gx += np.dot(xs[t].T, g)
        Gh += np.dot(states[t].T, g)
        g = np.dot(g, Wh.T)
    return Gx, Gh, gb


def kalman(params, observations, mean, covariance):
    """The filter, and its adjoint from the last step to the first, as ``kalman.gradient_by_hand``."""
    F, H, log_q, log_r = params
    n, m, turns = F.shape[0], H.shape[0], len(observations)
    means, covariances = np.empty((turns, 2, n, 1)), np.empty((turns, 2, n, n))
    HPs, inverses = np.empty((turns, m, n)), np.empty((turns, m, m))
    es, Gs = np.empty((turns, m, 1)), np.empty((turns, m, n))
    x, P = mean.copy().reshape(n, 1), covariance.copy()
    for t in range(turns):
        means[t, 0], covariances[t, 0] = x, P
        x, P = matmul(F, x), matmul(matmul(F, P), F.T)
        for i in range(n):
            P[i, i] += exp(log_q[i])
        means[t, 1], covariances[t, 1] = x, P
        HP = matmul(H, P)
        S, v = matmul(HP, H.T), observations[t].copy().reshape(m, 1) - matmul(H, x)
        for i in range(m):
            S[i, i] += exp(log_r[i])
        HPs[t], inverses[t] = HP, np.linalg.inv(S)
        es[t], Gs[t] = matmul(inverses[t], v), matmul(inverses[t], HP)
        x, P = x + matmul(Gs[t].T, v), P - matmul(HP.T, Gs[t])
    g_F, g_H, g_q, g_r = np.zeros_like(F), np.zeros_like(H), np.zeros(n), np.zeros(m)
    g_x, g_P = np.zeros((n, 1)), np.zeros((n, n))
    for t in range(turns - 1, -1, -1):
        x, P, HP, e, G = means[t, 1], covariances[t, 1], HPs[t], es[t], Gs[t]
        Gg = matmul(G, g_x)
        g_S = 0.5 * (inverses[t] - matmul(e, e.T)) - matmul(Gg, e.T) + matmul(matmul(G, g_P), G.T)
        g_HP = matmul(e, g_x.T) - matmul(G, g_P + g_P.T) + matmul(g_S, H)
        g_v = e + Gg
        g_H += matmul(g_S.T, HP) + matmul(g_HP, P.T) - matmul(g_v, x.T)
        g_x = g_x - matmul(H.T, g_v)
        g_P = g_P + matmul(H.T, g_HP)
        for i in range(m):
            g_r[i] += g_S[i, i]
        for i in range(n):
            g_q[i] += g_P[i, i]
        g_F += matmul(g_x, means[t, 0].T) + matmul(matmul(g_P + g_P.T, F), covariances[t, 0])
        g_x, g_P = matmul(F.T, g_x), matmul(matmul(F.T, g_P), F)
    return g_F, g_H, g_q * np.exp(log_q), g_r * np.exp(log_r)


LOOPS = {"pendulum": pendulum, "lstm": lstm, "rnn": rnn, "kalman": kalman}
