"""The log-likelihood of a linear state-space model, by the Kalman filter.

xₜ = F xₜ₋₁ + N(0, Q), yₜ = H xₜ + N(0, R), with Q and R diagonal and given by logarithms.
"""

from __future__ import annotations

import numpy as np

from ..workload import Target, Workload

__all__ = ["WORKLOADS", "gradient_by_hand", "loss", "make_instance"]


def make_instance(states: int = 4, outputs: int = 2, steps: int = 100):
    """(F, H, log Q, log R), the observations, the first mean and covariance."""
    random = np.random.default_rng(0)
    params = (
        0.8 * np.eye(states) + 0.05 * random.normal(size=(states, states)),
        random.normal(size=(outputs, states)),
        np.full(states, -1.0),
        np.full(outputs, -0.5),
    )
    return params, random.normal(size=(steps, outputs)), np.zeros(states), np.eye(states)


def filter_step(np, F, H, Q, R, mean, covariance, y):
    """The new mean and covariance, and −log p(y | what was seen before) up to a constant."""
    mean, covariance = F @ mean, F @ covariance @ F.T + Q
    v = y - H @ mean
    HP = H @ covariance
    S = HP @ H.T + R
    e, G = np.linalg.solve(S, v), np.linalg.solve(S, HP)
    return mean + v @ G, covariance - HP.T @ G, 0.5 * (np.linalg.slogdet(S)[1] + v @ e)


def loss(np, params, observations, mean, covariance):
    F, H, log_q, log_r = params
    Q, R = np.diag(np.exp(log_q)), np.diag(np.exp(log_r))
    total = 0.0
    for y in observations:
        mean, covariance, surprise = filter_step(np, F, H, Q, R, mean, covariance, y)
        total = total + surprise
    return total


def jax_loss(np, params, observations, mean, covariance):
    """The same as a loop that XLA compiles once."""
    from jax import lax

    F, H, log_q, log_r = params
    Q, R = np.diag(np.exp(log_q)), np.diag(np.exp(log_r))

    def step(state, y):
        *state, surprise = filter_step(np, F, H, Q, R, *state, y)
        return tuple(state), surprise

    return np.sum(lax.scan(step, (mean, covariance), observations)[1])


def gradient_by_hand(params, observations, mean, covariance):
    """The filter, and its adjoint from the last step to the first; G = S⁻¹HP, e = S⁻¹v."""
    F, H, log_q, log_r = params
    Q, R = np.diag(np.exp(log_q)), np.diag(np.exp(log_r))
    steps = []
    for y in observations:
        before = mean, covariance
        mean, covariance = F @ mean, F @ covariance @ F.T + Q
        v, HP = y - H @ mean, H @ covariance
        S_inverse = np.linalg.inv(HP @ H.T + R)
        e, G = S_inverse @ v, S_inverse @ HP
        steps.append((before, mean, covariance, HP, S_inverse, e, G))
        mean, covariance = mean + v @ G, covariance - HP.T @ G
    g_F, g_H, g_Q, g_R = np.zeros_like(F), np.zeros_like(H), np.zeros_like(Q), np.zeros_like(R)
    g_mean, g_covariance = np.zeros_like(mean), np.zeros_like(covariance)
    while steps:
        (last_mean, last_covariance), mean, covariance, HP, S_inverse, e, G = steps.pop()
        Gg = G @ g_mean
        g_S = 0.5 * (S_inverse - np.outer(e, e)) - np.outer(Gg, e) + G @ g_covariance @ G.T
        g_HP = np.outer(e, g_mean) - G @ (g_covariance + g_covariance.T) + g_S @ H
        g_v = e + Gg
        g_R += g_S
        g_H += g_S.T @ HP + g_HP @ covariance.T - np.outer(g_v, mean)
        g_mean = g_mean - H.T @ g_v
        g_covariance = g_covariance + H.T @ g_HP
        g_Q += g_covariance
        g_F += np.outer(g_mean, last_mean) + (g_covariance + g_covariance.T) @ F @ last_covariance
        g_mean, g_covariance = F.T @ g_mean, F.T @ g_covariance @ F
    return g_F, g_H, np.diagonal(g_Q) * np.exp(log_q), np.diagonal(g_R) * np.exp(log_r)


WORKLOADS = (
    Workload(
        "kalman", "Kalman filter log-likelihood, 4 states, 100 steps", "overhead", make_instance, loss,
        by_hand=gradient_by_hand, losses={"jax": jax_loss, "mygrad": None},
        targets=(Target("jax", 1.5, "native"),),
    ),
)
