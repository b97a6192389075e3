"""lstm: how well an LSTM with diagonal weights tells the next character of a text (ADBench's, microsoft/ADBench).

The objective and its gradient by hand are those of ``benchmarks.workloads.lstm``, with the loop over time as ``scan``.
The suite's text is read from the folder of data, where it is ``lstm_full.txt`` or ``lstm/lstm_full.txt``; without it
the bits of its characters are random.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from autodiff_trace import grad, nn, scan
from autodiff_trace import numpy as anp

from ..workloads import lstm as workload
from .evaluation import SEED, Case, Eval, Function

__all__ = ["EVAL", "loss", "make_case"]

TEXT = "lstm_full.txt"
BITS = 14
"""Of a character of the suite's text."""


def loss(main, extra, state, sequence):
    """``main`` has shape (layers, 8, bits), ``extra`` (3, bits), ``state`` (layers, 2, bits)."""
    layers, extra = [list(layer) for layer in main], list(extra)

    def step(state, characters):
        return workload.time_step(anp, sigmoid, layers, extra, state, *characters)

    start = [(hidden, cell) for hidden, cell in state]
    _, scores = scan(step, start, (sequence[:-1], sequence[1:]))
    return -anp.sum(scores) / ((len(sequence) - 1) * sequence.shape[1])


def sigmoid(np, x):
    return nn.sigmoid(x)


def arguments(input) -> tuple:
    main, extra, state, sequence = (
        np.array(input[name], dtype=float) for name in ("main_params", "extra_params", "state", "sequence"))
    bits = extra.shape[1]
    return main.reshape(-1, 8, bits), extra, state.reshape(-1, 2, bits), sequence


def objective(input, compile):
    values, function = arguments(input), compile(loss)
    return lambda: function(*values)


def jacobian(input, compile):
    values, function = arguments(input), compile(grad(loss, argnums=(0, 1)))
    return lambda: function(*values)


def jacobian_output(gradients) -> list:
    return np.concatenate([gradient.ravel() for gradient in gradients]).tolist()


def expected_objective(input) -> float:
    main, extra, state, sequence = arguments(input)
    return float(workload.loss(np, (main, extra), state, sequence))


def expected_jacobian(input) -> list:
    main, extra, state, sequence = arguments(input)
    return jacobian_output(workload.gradient_by_hand((main, extra), state, sequence))


def make_case(layers: int, length: int, text: str | None = None) -> Case:
    """As the suite generates it; it does not fix the seed."""
    random = np.random.default_rng(SEED)
    if text is None:
        sequence = random.integers(0, 2, (length, BITS)).astype(float)
    else:
        codes = np.array([ord(character) for character in text[:length]])
        bits = math.ceil(math.log2(codes.max()))
        sequence = (codes[:, None] >> np.arange(bits)[::-1] & 1).astype(float)
    bits = sequence.shape[1]
    state, main, extra = (random.random(shape) for shape in ((2 * layers, bits), (2 * layers, 4 * bits), (3, bits)))
    input = {"main_params": main, "extra_params": extra, "state": state, "sequence": sequence}
    return Case(f"l={layers},c={length}", input)


def cases(data: Path | None) -> Iterator[Case]:
    file = data and next((file for file in (data / TEXT, data / "lstm" / TEXT) if file.is_file()), None)
    text = file.read_text(encoding="utf-8") if file else None
    sizes = [(layers, length) for layers in (2, 4, 6) for length in (1024, 4096, 8192)]
    for layers, length in sorted(sizes, key=lambda size: size[0] * size[1]):
        yield make_case(layers, length, text)


EVAL = Eval("lstm", {
    "objective": Function(objective, float, expected_objective),
    "jacobian": Function(jacobian, jacobian_output, expected_jacobian),
}, cases, note="without the suite's text (--data), its characters are random bits")
