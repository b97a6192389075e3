"""The losses in CasADi's expressions: all are matrices, a vector is a column; loops are calls of functions."""

from __future__ import annotations

from ..workload import Workload
from ..workloads import lstm, pendulum

__all__ = ["ELEMENTWISE", "Names", "find_loss"]

class Names:
    """What the losses call ``np``: NumPy's names for CasADi's functions, and a loop."""

    def __init__(self, casadi, symbols) -> None:
        self.casadi, self.symbols = casadi, symbols

    def __getattr__(self, name):
        return getattr(self.casadi, name)

    def sum(self, x):
        """Of all elements."""
        return self.casadi.sum1(self.casadi.vec(x)) if hasattr(x, "numel") else x

    def matmul(self, a, b):
        return self.casadi.mtimes(a, b)

    def loop(self, step, state, items, constants):
        """``state, part = step(state, item, constants)`` for each column of ``items``: the state after the last, and
        the sum of the parts. Written out in scalars; with matrices a function of its own, called in turn."""
        ca = self.casadi
        if self.symbols is ca.SX:
            total = 0.0
            for i in range(items.shape[1]):
                state, part = step(state, items[:, i], constants)
                total = total + part
            return state, total
        before, item, shared = (ca.MX.sym(name, x.shape[0]) for name, x in
                                (("state", state), ("item", items), ("shared", constants)))
        turn = ca.Function("turn", [before, item, shared], list(step(before, item, shared)))
        states, parts = turn.mapaccum(items.shape[1])(state, items, ca.repmat(constants, 1, items.shape[1]))
        return states[:, -1], ca.sum2(parts)


# The losses


def rosenbrock_loop(np, x):
    total = 0.0
    for i in range(x.shape[0] - 1):
        total = total + 100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2
    return total


def chain_net(np, weights, x):
    for W in weights:
        x = np.tanh(np.matmul(x, W))
    return np.sum(x**2)


def rnn(np, params, xs):
    Wx, Wh, b = params
    h = np.casadi.DM.zeros(*xs[0].shape)
    for x in xs:
        h = np.tanh(np.matmul(x, Wx) + np.matmul(h, Wh) + np.casadi.repmat(b.T, h.shape[0], 1))
    return np.sum(h**2)


def rosenbrock(np, x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def pendulum_cost(np, torques, angle, speed):
    def step(state, torque, constants):
        return np.vertcat(*pendulum.rk4(np, state[0], state[1], torque)), 0.0 * torque

    final, _ = np.loop(step, np.vertcat(angle, speed), torques.T, 0.0 * angle)
    return pendulum.final_cost(np, torques, final[0], final[1])


def lstm_loss(np, params, state, sequence):
    main, extra = params
    n, count = extra.shape[1], sequence.shape[0] - 1
    constants = np.vertcat(*(np.vec(weights.T) for weights in main), np.vec(extra.T))

    def step(state, pair, constants):
        rows = [constants[i * n : (i + 1) * n] for i in range(8 * len(main) + 3)]
        state = [state[i * n : (i + 1) * n] for i in range(2 * len(main))]
        x, after = pair[:n] * rows[-3], []
        for i in range(len(main)):
            weights = rows[8 * i : 8 * i + 8]
            x, cell = lstm.cell_step(np, lstm.sigmoid, weights, state[2 * i], state[2 * i + 1], x)
            after += [x, cell]
        y = x * rows[-2] + rows[-1]
        return np.vertcat(*after), np.sum(pair[n:] * (y - np.log(2.0 + np.sum(np.exp(y)))))

    start = np.vertcat(*(layer[i, :].T for layer in state for i in (0, 1)))
    _, total = np.loop(step, start, np.vertcat(sequence[:-1, :].T, sequence[1:, :].T), constants)
    return -total / (count * n)


def kalman_loss(np, params, observations, mean, covariance):
    F, H, log_q, log_r = params
    n, m = F.shape[0], H.shape[0]
    constants = np.vertcat(np.vec(F), np.vec(H), np.exp(log_q), np.exp(log_r))

    def step(state, y, constants):
        F, H = np.reshape(constants[: n * n], n, n), np.reshape(constants[n * n : n * (n + m)], m, n)
        Q, R = np.diag(constants[n * (n + m) : n * (n + m) + n]), np.diag(constants[n * (n + m) + n :])
        mean, covariance = F @ state[:n], F @ np.reshape(state[n:], n, n) @ F.T + Q
        v, HP = y - H @ mean, H @ covariance
        S = HP @ H.T + R
        both = np.solve(S, np.horzcat(v, HP))
        e, G = both[:, 0], both[:, 1:]
        surprise = 0.5 * (np.log(np.det(S)) + v.T @ e)
        return np.vertcat(mean + G.T @ v, np.vec(covariance - HP.T @ G)), surprise

    _, total = np.loop(step, np.vertcat(mean, np.vec(covariance)), observations.T, constants)
    return total


ELEMENTWISE = {"chain-vector", "chain-vector-10", "chain-vector-1000", "quadratic-map", "two-products", "nested-6",
               "taylor-6", "triad", *(f"size-1e{k}" for k in range(8))}
"""Their losses are sums of functions of one element, written in NumPy's names that CasADi has too."""

COMMON = {"chain-scalar", "chain-scalar-10", "chain-scalar-1000", "hessian"}
OWN = {"rosenbrock-loop": rosenbrock_loop, "hvp": rosenbrock, "rnn": rnn, "tanh-mlp": chain_net,
       "pendulum": pendulum_cost, "lstm": lstm_loss, "kalman": kalman_loss}
MATRICES_ALONE = {"hvp", "rnn"}
"""So many numbers are not written out in scalars."""


def find_loss(workload: Workload, symbols: str):
    """The loss for expressions in ``symbols``; None where there is none."""
    if symbols == "SX" and workload.name in MATRICES_ALONE:
        return None
    return OWN.get(workload.name, workload.loss if workload.name in ELEMENTWISE | COMMON else None)
