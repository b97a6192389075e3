"""Matrix products: networks, regression, a Gaussian mixture."""

from __future__ import annotations

from functools import partial

import numpy as np

from autodiff_trace import nn
from autodiff_trace.demo.network import init_params, numpy_step
from autodiff_trace.demo.network import loss as network_loss

from ..workload import Target, Workload

__all__ = ["WORKLOADS"]

STEPS, WIDTH, BATCH = 50, 64, 16
LR = 0.2


# A recurrent network


def rnn(np, params, xs):
    """The sum of squares of the last state of h ← tanh(x Wx + h Wh + b)."""
    Wx, Wh, b = params
    h = np.zeros_like(xs[0])
    for i in range(STEPS):
        h = np.tanh(xs[i] @ Wx + h @ Wh + b)
    return np.sum(h**2)


def rnn_by_hand(params, xs):
    Wx, Wh, b = params
    states = [np.zeros_like(xs[0])]
    for x in xs:
        states.append(np.tanh(x @ Wx + states[-1] @ Wh + b))
    Gx, Gh, gb = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    g = 2 * states[-1]
    for i in reversed(range(STEPS)):
        g = g * (1 - states[i + 1] ** 2)
        Gx += xs[i].T @ g
        Gh += states[i].T @ g
        gb += g.sum(axis=0)
        g = g @ Wh.T
    return Gx, Gh, gb


def rnn_inputs():
    random = np.random.default_rng(0)
    params = (random.normal(size=(WIDTH, WIDTH)) / 8, random.normal(size=(WIDTH, WIDTH)) / 8, random.normal(size=WIDTH))
    return params, random.normal(size=(STEPS, BATCH, WIDTH))


# A step of the main job


def cross_entropy(np, params, X, labels):
    """The loss of network.py, for libraries that bring no softmax."""
    W1, W2 = params
    Z = np.maximum(X @ W1, 0) @ W2
    Z = Z - np.max(Z, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(Z), axis=1)) - Z[np.arange(len(labels)), labels])


def jax_cross_entropy(np, params, X, labels):
    import jax

    W1, W2 = params
    log_p = jax.nn.log_softmax(jax.nn.relu(X @ W1) @ W2)
    return -np.mean(np.take_along_axis(log_p, labels[:, None], axis=1))


def torch_cross_entropy(torch, params, X, labels):
    W1, W2 = params
    return torch.nn.functional.cross_entropy(torch.relu(X @ W1) @ W2, labels)


def mygrad_cross_entropy(mygrad, params, X, labels):
    from mygrad.nnet import relu, softmax_crossentropy

    W1, W2 = params
    return softmax_crossentropy(relu(X @ W1) @ W2, labels)


def our_cross_entropy(np, params, X, labels):
    return network_loss(params, X, labels)


def mnist_inputs():
    random = np.random.default_rng(0)
    images, labels = random.random((100, 784), dtype=np.float32), random.integers(0, 10, 100)
    return init_params(784, 100, 10, seed=0, dtype="float32"), images, labels


# Logistic regression


def logistic(np, w, X, y):
    """The mean of log(1 + exp(−y X w)), with y = ±1."""
    return np.mean(np.log1p(np.exp(-y * (X @ w))))


def logistic_by_hand(w, X, y):
    slopes = -y / (1.0 + np.exp(y * (X @ w))) / len(y)
    return slopes @ X


def logistic_inputs():
    random = np.random.default_rng(0)
    return random.normal(size=100) / 10, random.normal(size=(100_000, 100)), random.choice([-1.0, 1.0], 100_000)


# A Gaussian mixture with full covariances


def gmm(np, params, X, lower, eye, logsumexp=None):
    """Log-likelihood of points X under K Gaussians; Q[k] is a triangular root of the inverse covariance.

    Q has exp(logs) on its diagonal, so that log det Q is sum(logs).
    """
    logsumexp = logsumexp or partial(plain_logsumexp, np)
    alphas, means, logs, entries = params
    Q = entries * lower + np.exp(logs)[:, :, None] * eye
    whitened = (X - means[:, None, :]) @ Q
    scores = (alphas + np.sum(logs, axis=1))[:, None] - 0.5 * np.sum(whitened**2, axis=2)
    return np.sum(logsumexp(scores, 0)) - len(X) * logsumexp(alphas, 0)


def plain_logsumexp(np, x, axis):
    top = np.max(x, axis=axis, keepdims=True)
    return np.log(np.sum(np.exp(x - top), axis=axis)) + top.sum(axis=axis)


def gmm_with(find_logsumexp):
    """The loss with the library's own logsumexp."""
    return lambda np, *args: gmm(np, *args, logsumexp=find_logsumexp(np))


def jax_logsumexp(np):
    from jax.scipy.special import logsumexp

    return logsumexp


def autograd_logsumexp(np):
    from autograd.scipy.special import logsumexp

    return logsumexp


def gmm_by_hand(params, X, lower, eye):
    alphas, means, logs, entries = params
    diagonal = np.exp(logs)
    Q = entries * lower + diagonal[:, :, None] * eye
    centred = X - means[:, None, :]
    whitened = centred @ Q
    scores = (alphas + logs.sum(axis=1))[:, None] - 0.5 * np.einsum("kni,kni->kn", whitened, whitened)
    scores -= scores.max(axis=0)
    P = np.exp(scores, out=scores)
    P /= P.sum(axis=0)
    weights = P.sum(axis=1)
    prior = np.exp(alphas - alphas.max())
    prior /= prior.sum()
    whitened *= -P[:, :, None]
    GQ = np.swapaxes(centred, 1, 2) @ whitened
    g_logs = weights[:, None] + np.einsum("kii->ki", GQ) * diagonal
    # The gradient in the means is −Σ over points of `whitened` Qᵀ; the sum comes first, it is shorter.
    g_means = -np.einsum("ki,kji->kj", whitened.sum(axis=1), Q)
    return weights - len(X) * prior, g_means, g_logs, GQ * lower


def gmm_inputs(N=1000, D=10, K=25):
    random = np.random.default_rng(0)
    params = (random.normal(size=K), random.normal(size=(K, D)), random.normal(size=(K, D)) / 5,
              random.normal(size=(K, D, D)) / 5)
    return params, random.normal(size=(N, D)), np.tri(D, k=-1), np.eye(D)


WORKLOADS = (
    Workload(
        "rnn", "RNN, 50 steps, 64 wide, batch 16", "dense", rnn_inputs, rnn, by_hand=rnn_by_hand,
        losses={"mygrad": None}, targets=(Target("jax"), Target("jax", 1.3, "native")),
    ),
    Workload(
        "mnist-step", "MNIST step 784-100-10, batch 100, float32", "dense", mnist_inputs, cross_entropy, kind="step",
        lr=LR, by_hand=lambda params, X, labels: numpy_step(params, X, labels, LR), rtol=1e-4,
        losses={"eager": our_cross_entropy, "jit": our_cross_entropy, "jax": jax_cross_entropy,
                "torch": torch_cross_entropy, "mygrad": mygrad_cross_entropy},
        targets=(Target("jax"), Target("torch"), Target("numpy", 1 / 1.1), Target("numpy", 1 / 1.5, "eager")),
    ),
    Workload(
        "gmm", "GMM log-likelihood N = 1000, D = 10, K = 25, full covariances", "dense", gmm_inputs, gmm,
        by_hand=gmm_by_hand, targets=(Target("jax", 1 / 1.5),),
        losses={"eager": gmm_with(lambda np: nn.logsumexp), "jit": gmm_with(lambda np: nn.logsumexp),
                "autograd": gmm_with(autograd_logsumexp), "jax": gmm_with(jax_logsumexp),
                "torch": gmm_with(lambda torch: torch.logsumexp)},
    ),
    Workload(
        "logistic", "Logistic regression 100,000 × 100", "dense", logistic_inputs, logistic, by_hand=logistic_by_hand,
        targets=(Target("jax"), Target("torch", 1 / 1.1)),
    ),
)
