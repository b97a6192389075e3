"""The LSTM objective of ADBench: cells without mixing, gates elementwise; how well a text's next character is told."""

from __future__ import annotations

from functools import partial

import numpy as np

from autodiff_trace import nn

from ..workload import Target, Workload

__all__ = ["WORKLOADS", "gradient_by_hand", "loss", "make_instance"]


def make_instance(layers: int = 2, characters: int = 14, length: int = 100):
    """Parameters (weights and biases of four gates a layer, of input and output), the state, one-hot characters."""
    random = np.random.default_rng(0)
    params = 0.3 * random.normal(size=(layers, 8, characters)), 0.3 * random.normal(size=(3, characters))
    state = 0.3 * random.normal(size=(layers, 2, characters))
    return params, state, np.eye(characters)[random.integers(0, characters, length)]


def sigmoid(np, x):
    return 1.0 / (1.0 + np.exp(-x))


def own_sigmoid(np, x):
    return nn.sigmoid(x)


def jax_sigmoid(np, x):
    import jax

    return jax.nn.sigmoid(x)


def cell_step(np, sigmoid, weights, hidden, cell, x):
    """Gates 0 and 2 see the input, gates 1 and 3 the hidden state; rows 4 to 7 are their biases."""
    forget = sigmoid(np, x * weights[0] + weights[4])
    enter = sigmoid(np, hidden * weights[1] + weights[5])
    leave = sigmoid(np, x * weights[2] + weights[6])
    change = np.tanh(hidden * weights[3] + weights[7])
    cell = cell * forget + enter * change
    return leave * np.tanh(cell), cell


def time_step(np, sigmoid, layers, extra, state, now, following):
    """The new state, and the log-likelihood of the character that follows."""
    x, new_state = now * extra[0], []
    for weights, (hidden, cell) in zip(layers, state):
        x, cell = cell_step(np, sigmoid, weights, hidden, cell, x)
        new_state.append((x, cell))
    y = x * extra[1] + extra[2]
    return new_state, np.sum(following * (y - np.log(2.0 + np.sum(np.exp(y)))))


def loss(np, params, state, sequence, sigmoid=sigmoid):
    main, extra = params
    # Taken apart once: a row read in every step would be a traced operation in every step.
    layers = [[main[i, j] for j in range(8)] for i in range(len(main))]
    extra = [extra[0], extra[1], extra[2]]
    state = [(state[i, 0], state[i, 1]) for i in range(len(main))]
    total = 0.0
    for t in range(len(sequence) - 1):
        state, part = time_step(np, sigmoid, layers, extra, state, sequence[t], sequence[t + 1])
        total = total + part
    return -total / ((len(sequence) - 1) * sequence.shape[1])


def jax_loss(np, params, state, sequence):
    """The same as a loop that XLA compiles once: unrolled, it compiles for minutes."""
    from jax import lax

    main, extra = params
    start = [(state[i, 0], state[i, 1]) for i in range(len(main))]
    _, parts = lax.scan(lambda state, pair: time_step(np, jax_sigmoid, main, extra, state, *pair), start,
                        (sequence[:-1], sequence[1:]))
    return -np.sum(parts) / ((len(sequence) - 1) * sequence.shape[1])


own_loss = partial(loss, sigmoid=own_sigmoid)


def torch_loss(torch, params, state, sequence):
    main, extra = params
    layers, (scale_in, scale_out, shift_out) = [layer.unbind() for layer in main.unbind()], extra.unbind()
    state = [tuple(part.unbind()) for part in state.unbind()]
    characters = sequence.unbind()
    total = 0.0
    for now, following in zip(characters, characters[1:]):
        x = now * scale_in
        for i, (weights, (hidden, cell)) in enumerate(zip(layers, state)):
            forget = torch.sigmoid(torch.addcmul(weights[4], x, weights[0]))
            enter = torch.sigmoid(torch.addcmul(weights[5], hidden, weights[1]))
            leave = torch.sigmoid(torch.addcmul(weights[6], x, weights[2]))
            change = torch.tanh(torch.addcmul(weights[7], hidden, weights[3]))
            cell = cell * forget + enter * change
            x = leave * torch.tanh(cell)
            state[i] = x, cell
        y = torch.addcmul(shift_out, x, scale_out)
        total = total + following.dot(y - torch.log(2.0 + y.exp().sum()))
    return -total / ((len(sequence) - 1) * sequence.shape[1])


def gradient_by_hand(params, state, sequence):
    """Backpropagation through time; the two pairs of gates are computed as arrays of two rows."""
    main, extra = params
    state, steps, scale = state.copy(), [], -1.0 / ((len(sequence) - 1) * sequence.shape[1])
    for t in range(len(sequence) - 1):
        x, kept = sequence[t] * extra[0], []
        for i, weights in enumerate(main):
            hidden, cell = state[i]
            from_input = 1.0 / (1.0 + np.exp(-(x * weights[0:4:2] + weights[4:8:2])))
            enter = 1.0 / (1.0 + np.exp(-(hidden * weights[1] + weights[5])))
            change = np.tanh(hidden * weights[3] + weights[7])
            new_cell = cell * from_input[0] + enter * change
            squashed = np.tanh(new_cell)
            kept.append((x, hidden.copy(), cell.copy(), from_input, enter, change, squashed))
            x = from_input[1] * squashed
            state[i] = x, new_cell
        e = np.exp(x * extra[1] + extra[2])
        steps.append((x, e / (2.0 + e.sum()), kept))
    g_main, g_extra, g_state = np.zeros_like(main), np.zeros_like(extra), np.zeros_like(state)
    while steps:
        x, p, kept = steps.pop()
        following = sequence[len(steps) + 1]
        g_y = scale * (following - following.sum() * p)
        g_extra[1] += g_y * x
        g_extra[2] += g_y
        g_x = g_y * extra[1]
        for i in range(len(main) - 1, -1, -1):
            x, hidden, cell, from_input, enter, change, squashed = kept[i]
            forget, leave = from_input
            g_hidden = g_x + g_state[i, 0]
            g_cell = g_state[i, 1] + g_hidden * leave * (1.0 - squashed * squashed)
            g_input = np.stack([g_cell * cell, g_hidden * squashed]) * from_input * (1.0 - from_input)
            g_enter = g_cell * change * enter * (1.0 - enter)
            g_change = g_cell * enter * (1.0 - change * change)
            g_main[i, 0:4:2] += g_input * x
            g_main[i, 4:8:2] += g_input
            g_main[i, 1] += g_enter * hidden
            g_main[i, 3] += g_change * hidden
            g_main[i, 5] += g_enter
            g_main[i, 7] += g_change
            g_state[i] = g_enter * main[i, 1] + g_change * main[i, 3], g_cell * forget
            g_x = g_input[0] * main[i, 0] + g_input[1] * main[i, 2]
        g_extra[0] += g_x * sequence[len(steps)]
    return g_main, g_extra


WORKLOADS = (
    Workload(
        "lstm", "LSTM of ADBench, 2 layers, 14 characters, 100 steps", "overhead", make_instance, loss,
        by_hand=gradient_by_hand,
        losses={"eager": own_loss, "jit": own_loss, "jax": jax_loss, "torch": torch_loss},
        targets=(Target("jax", 2, "native"),),
    ),
)
