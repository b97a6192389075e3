"""Swing a pendulum up: the gradient of a trajectory's cost with respect to the torques, integrated by RK4."""

from __future__ import annotations

import numpy as np

from ..workload import Target, Workload

__all__ = ["WORKLOADS", "cost", "gradient_by_hand", "make_instance"]

H = 0.01
DAMPING = 0.1


def make_instance(steps: int = 500):
    """The torques, and the start."""
    return np.random.default_rng(0).normal(size=steps), 0.1, 0.0


def acceleration(np, angle, speed, torque):
    return torque - DAMPING * speed - 9.81 * np.sin(angle)


def rk4(np, angle, speed, torque):
    """One step; in each stage an angle's slope is the speed, a speed's slope the acceleration."""
    a1 = acceleration(np, angle, speed, torque)
    v2 = speed + 0.5 * H * a1
    a2 = acceleration(np, angle + 0.5 * H * speed, v2, torque)
    v3 = speed + 0.5 * H * a2
    a3 = acceleration(np, angle + 0.5 * H * v2, v3, torque)
    v4 = speed + H * a3
    a4 = acceleration(np, angle + H * v3, v4, torque)
    return angle + H / 6 * (speed + 2.0 * (v2 + v3) + v4), speed + H / 6 * (a1 + 2.0 * (a2 + a3) + a4)


def final_cost(np, torques, angle, speed):
    """How far from standing upright and still, and the effort."""
    return 10.0 * (1.0 + np.cos(angle)) + speed**2 + 0.5 * H * np.sum(torques**2)


def cost(np, torques, angle, speed):
    for i in range(len(torques)):
        angle, speed = rk4(np, angle, speed, torques[i])
    return final_cost(np, torques, angle, speed)


def jax_cost(np, torques, angle, speed):
    """The same as a loop that XLA compiles once."""
    from jax import lax

    start = np.asarray(angle, torques.dtype), np.asarray(speed, torques.dtype)
    (angle, speed), _ = lax.scan(lambda state, torque: (rk4(np, *state, torque), None), start, torques)
    return final_cost(np, torques, angle, speed)


def torch_cost(torch, torques, angle, speed):
    for torque in torques.unbind():
        angle, speed = rk4(torch, angle, speed, torque)
    return final_cost(torch, torques, angle, speed)


def gradient_by_hand(torques, angle, speed):
    """The adjoint of each step, with the slopes of the four accelerations kept from the way forward."""
    slopes = []
    for torque in torques:
        a1 = acceleration(np, angle, speed, torque)
        v2, x2 = speed + 0.5 * H * a1, angle + 0.5 * H * speed
        a2 = acceleration(np, x2, v2, torque)
        v3, x3 = speed + 0.5 * H * a2, angle + 0.5 * H * v2
        a3 = acceleration(np, x3, v3, torque)
        v4, x4 = speed + H * a3, angle + H * v3
        a4 = acceleration(np, x4, v4, torque)
        slopes.append(-9.81 * np.cos(np.array([angle, x2, x3, x4])))
        angle += H / 6 * (speed + 2.0 * (v2 + v3) + v4)
        speed += H / 6 * (a1 + 2.0 * (a2 + a3) + a4)
    g_angle, g_speed = -10.0 * np.sin(angle), 2.0 * speed
    g_torques = H * torques
    for i in range(len(torques) - 1, -1, -1):
        s1, s2, s3, s4 = slopes[i]
        # Cotangents of a stage's acceleration, position and speed, from the last stage to the first.
        g_a4 = H / 6 * g_speed
        g_x4, g_v4 = s4 * g_a4, H / 6 * g_angle - DAMPING * g_a4
        g_a3 = H / 3 * g_speed + H * g_v4
        g_x3, g_v3 = s3 * g_a3, H / 3 * g_angle + H * g_x4 - DAMPING * g_a3
        g_a2 = H / 3 * g_speed + 0.5 * H * g_v3
        g_x2, g_v2 = s2 * g_a2, H / 3 * g_angle + 0.5 * H * g_x3 - DAMPING * g_a2
        g_a1 = H / 6 * g_speed + 0.5 * H * g_v2
        g_torques[i] += g_a1 + g_a2 + g_a3 + g_a4
        g_speed += H / 6 * g_angle + 0.5 * H * g_x2 - DAMPING * g_a1 + g_v2 + g_v3 + g_v4
        g_angle += s1 * g_a1 + g_x2 + g_x3 + g_x4
    return g_torques


WORKLOADS = (
    Workload(
        "pendulum", "Pendulum trajectory optimisation, RK4, 500 steps", "overhead", make_instance, cost,
        by_hand=gradient_by_hand, losses={"jax": jax_cost, "torch": torch_cost},
        targets=(Target("jax", 5, "native"),),
    ),
)
