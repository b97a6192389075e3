"""What a user of PyTorch does with loops: compiled as a whole they take minutes, so each turn is compiled."""

from __future__ import annotations

from collections.abc import Callable

from ..workloads import kalman, lstm, pendulum

__all__ = ["TURNS"]


def pendulum_cost(turn, torch, torques, angle, speed):
    for torque in torques.unbind():
        angle, speed = turn(angle, speed, torque)
    return pendulum.final_cost(torch, torques, angle, speed)


def lstm_turn(torch, main, extra, state, now, following):
    return lstm.time_step(torch, lambda torch, x: torch.sigmoid(x), main, extra, state, now, following)


def lstm_loss(turn, torch, params, state, sequence):
    main, extra = params
    state, total = [tuple(layer.unbind()) for layer in state.unbind()], 0.0
    characters = sequence.unbind()
    for now, following in zip(characters, characters[1:]):
        state, part = turn(main, extra, state, now, following)
        total = total + part
    return -total / ((len(characters) - 1) * sequence.shape[1])


def kalman_loss(turn, torch, params, observations, mean, covariance):
    F, H, log_q, log_r = params
    Q, R, total = torch.diag(torch.exp(log_q)), torch.diag(torch.exp(log_r)), 0.0
    for y in observations.unbind():
        mean, covariance, surprise = turn(F, H, Q, R, mean, covariance, y)
        total = total + surprise
    return total


TURNS: dict[str, tuple[Callable, Callable]] = {
    "pendulum": (pendulum_cost, pendulum.rk4), "lstm": (lstm_loss, lstm_turn),
    "kalman": (kalman_loss, kalman.filter_step),
}
"""By the name of the workload: the loss, given a compiled turn; and the turn, given the module ``torch``."""
