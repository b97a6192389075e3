"""Text by a recurrent network: learns a few lines letter by letter, then continues them.

h' = tanh(W h + U x + b) reads one letter at a time, and a softmax of V h' + c predicts the next. ``scan`` carries h
along the text, so that the compiled step is a loop, forward and backward, whatever the length.

Source: Elman, "Finding structure in time", Cognitive Science 1990.
"""

import numpy as np
from _common import picture, run

from autodiff_trace import jit, nn, optim, scan, value_and_grad

TEXT = """the wheel turns and the water falls, and the stone below the water turns as well.
the wind comes over the hill at night, and the mill on the hill turns in the wind until the light.
the miller sleeps when the mill is still, and the mill is still when the wind sleeps.
"""
LETTERS = sorted(set(TEXT))


def numbers(text):
    return np.array([LETTERS.index(letter) for letter in text])


def step(params, h, letter):
    h = np.tanh(h @ params["W"] + params["U"][letter] + params["b"])
    return h, h @ params["V"] + params["c"]


def loss(params, batch):
    """The mean cross entropy of the next letter, in nats; a row of ``batch`` is a piece of the text."""
    h = np.zeros((len(batch), len(params["b"])))
    _, logits = scan(lambda h, letters: step(params, h, letters), h, batch[:, :-1].T)
    return nn.softmax_cross_entropy(logits.reshape(-1, len(LETTERS)), batch[:, 1:].T.reshape(-1))


def continued(params, start, length, random, temperature=0.3):
    h = np.zeros(len(params["b"]))
    for letter in numbers(start):
        h, logits = step(params, h, letter)
    for _ in range(length):
        letter = random.choice(len(LETTERS), p=nn.softmax(logits / temperature))
        start += LETTERS[letter]
        h, logits = step(params, h, letter)
    return start


def main(quick=False, plot=None):
    random = np.random.default_rng(0)
    size, length, steps = (24, 16, 60) if quick else (64, 32, 600)
    kinds = len(LETTERS)
    params = {"W": nn.init.orthogonal(random, (size, size)), "U": random.normal(size=(kinds, size)) / 2,
              "b": np.zeros(size), "V": nn.init.glorot_normal(random, (size, kinds)), "c": np.zeros(kinds)}
    optimizer = optim.chain(optim.clip_by_norm(1.0), optim.adam(0.01))
    state, bits = optimizer.init(params), []
    text = numbers(TEXT)

    @jit
    def train(params, state, batch):
        value, grads = value_and_grad(loss)(params, batch)
        return value, *optimizer.update(grads, state, params)

    for _ in range(steps):
        places = random.integers(len(text) - length, size=(16, 1)) + np.arange(length + 1)
        value, params, state = train(params, state, text[places])
        bits.append(float(value / np.log(2)))
    print(f"{len(TEXT)} letters of {kinds} kinds; {np.log2(kinds):.2f} bits a letter if nothing is known")
    print(f"{bits[0]:.2f} bits a letter in the first step, {np.mean(bits[-10:]):.2f} after {steps} steps")
    sample = continued(params, "the w", 70, random)
    print("it writes:", repr(sample))
    if plot:
        with picture(plot, "A recurrent network learns a text") as axis:
            axis.semilogy(bits)
            axis.set(xlabel="step", ylabel="bits a letter", yticks=(at := [0.1, 0.2, 0.5, 1, 2, 5]), yticklabels=at)
    return {"bits": bits, "sample": sample}


if __name__ == "__main__":
    run(main)
