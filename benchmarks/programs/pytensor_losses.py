"""The losses in PyTensor's expressions: loops are ``scan``, which is compiled once."""

from __future__ import annotations

from ..workload import Workload
from ..workloads import kalman, lstm, pendulum

__all__ = ["find_loss"]


def long_chain(np, x, rounds=1000):
    """The same; written out it is deeper than Python's stack."""
    import pytensor

    states = pytensor.scan(lambda x: np.sin(1.01 * x) + 0.1, outputs_info=[x], n_steps=rounds, return_updates=False)
    return states[-1]


def rosenbrock_loop(np, x):
    """The same sum; item by item it would be compiled for minutes."""
    import pytensor

    parts = pytensor.scan(lambda now, following: 100 * (following - now**2) ** 2 + (1 - now) ** 2,
                          sequences=[x[:-1], x[1:]], return_updates=False)
    return np.sum(parts)


def rnn(np, params, xs):
    import pytensor

    Wx, Wh, b = params
    states = pytensor.scan(lambda x, h, *params: np.tanh(x @ Wx + h @ Wh + b), sequences=[xs],
                           outputs_info=[np.zeros_like(xs[0])], non_sequences=list(params), return_updates=False)
    return np.sum(states[-1] ** 2)


def pendulum_cost(np, torques, angle, speed):
    import pytensor

    angles, speeds = pytensor.scan(lambda torque, angle, speed: list(pendulum.rk4(np, angle, speed, torque)),
                                   sequences=[torques], outputs_info=[angle, speed], return_updates=False)
    return pendulum.final_cost(np, torques, angles[-1], speeds[-1])


def lstm_loss(np, params, state, sequence):
    import pytensor

    main, extra = params
    layers = main.type.shape[0]

    def step(now, following, *arguments):
        state, (main, extra) = arguments[:-2], arguments[-2:]
        pairs = list(zip(state[::2], state[1::2]))
        new, part = lstm.time_step(np, lambda np, x: np.sigmoid(x), [main[i] for i in range(layers)], extra, pairs,
                                   now, following)
        return [*(x for pair in new for x in pair), part]

    start = [state[i, j] for i in range(layers) for j in range(2)]
    *_, parts = pytensor.scan(step, sequences=[sequence[:-1], sequence[1:]], outputs_info=[*start, None],
                              non_sequences=[main, extra], return_updates=False)
    return -np.sum(parts) / ((sequence.type.shape[0] - 1) * sequence.type.shape[1])


def kalman_loss(np, params, observations, mean, covariance):
    import pytensor

    F, H, log_q, log_r = params
    Q, R = np.diag(np.exp(log_q)), np.diag(np.exp(log_r))
    _, _, parts = pytensor.scan(
        lambda y, mean, covariance, *params: list(kalman.filter_step(np, *params, mean, covariance, y)),
        sequences=[observations], outputs_info=[mean, covariance, None], non_sequences=[F, H, Q, R],
        return_updates=False)
    return np.sum(parts)


COMMON = {
    "chain-scalar", "chain-scalar-10", "chain-vector", "chain-vector-10",
    "tanh-mlp", "quadratic-map", "two-products", "diffusion", "hessian", "hvp", "jacobian", "nested-6", "taylor-6",
    "logistic", "triad", "memory-chain", "norms-rows", "norms-columns",
    "log-sum-exp", *(f"size-1e{k}" for k in range(8)),
}
"""Their losses are written in names that PyTensor shares with NumPy."""

OWN = {"chain-scalar-1000": long_chain, "chain-vector-1000": long_chain, "rosenbrock-loop": rosenbrock_loop,
       "rnn": rnn, "pendulum": pendulum_cost, "lstm": lstm_loss, "kalman": kalman_loss}


def find_loss(workload: Workload):
    return OWN.get(workload.name, workload.loss if workload.name in COMMON else None)
