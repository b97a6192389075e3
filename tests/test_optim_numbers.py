"""Optimisers, transformations and schedules next to published ones: numbers printed by tests/optimizer_peers.py."""

import numpy as np
import pytest

from autodiff_trace import jit, optim
from optimizer_peers import START, STEPS, gradient

# torch 2.13.0, optax 0.2.8
TORCH = {
    "sgd": [0.896514471742, -0.959623350354, 1.71813660205],
    "momentum": [1.17617091845, -0.755631648887, 1.18075396729],
    "nesterov": [1.03404223418, -0.938222026725, 1.03943028674],
    "weight decay": [1.0203637015, -0.520773270417, 0.623638245392],
    "adam": [1.0350235045, -0.755678129293, 1.40513174114],
    "adam, options": [0.994275475167, -0.820297941668, 1.42424987417],
    "adamw": [0.916825526061, -0.635493315146, 1.11829456036],
    "rmsprop": [0.969242895279, -0.96937455943, 0.05516919328],
    "rmsprop, options": [0.963437511772, -1.04804342193, 0.36550552916],
    "adagrad": [0.987890148179, -0.98299734985, 1.03791320749],
    "adagrad, options": [0.963075657186, -0.954458970206, 1.39876567716],
    "clip by value": [0.74, -0.97, 1.76],
    "cosine": [0.804140086746, -0.990425958437, 1.81933712385],
    "exponential": [0.755696650052, -1.01468981166, 1.85708048199],
    "piecewise": [0.790224053793, -0.996660258113, 1.83091304505],
    "linear": [0.772214362672, -1.00592494467, 1.84492312129],
}
OPTAX = {
    "sgd": [0.896514471742, -0.959623350354, 1.71813660205],
    "momentum": [1.17617091845, -0.755631648887, 1.18075396729],
    "nesterov": [1.03404223418, -0.938222026725, 1.03943028674],
    "adam": [1.0350235045, -0.755678129293, 1.40513174114],
    "adam, options": [0.994275475167, -0.820297941668, 1.42424987417],
    "adamw": [0.916825526061, -0.635493315146, 1.11829456036],
    "rmsprop": [0.969242895279, -0.96937455943, 0.05516919328],
    "clip by norm": [0.720924796406, -1.0380770287, 1.88003055646],
    "clip by norm, adam": [1.05544962341, -0.790846573269, 1.40146228079],
    "clip by value": [0.74, -0.97, 1.76],
    "weight decay": [1.0203637015, -0.520773270417, 0.623638245392],
    "scheduled direction": [0.811641577243, -0.906608329724, 1.68105433158],
    "warm-up": [0.788204156527, -0.998748681311, 1.83324640608],
}
SCHEDULES = {
    "constant": [0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3],
    "linear": [1, 1, 1, 0.8, 0.6, 0.4, 0.2, 0.2, 0.2, 0.2],
    "cosine": [1, 0.949759526419, 0.8125, 0.625, 0.4375, 0.300240473581, 0.25, 0.25, 0.25, 0.25],
    "warmup_cosine": [0.1, 0.4, 0.7, 1, 0.909283072328, 0.671783072328, 0.378216927672, 0.140716927672, 0.05, 0.05],
    "exponential": [1, 0.793700525984, 0.629960524947, 0.5, 0.396850262992, 0.314980262474, 0.25, 0.198425131496,
        0.157490131237, 0.125],
    "staircase": [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125],
    "piecewise_constant": [1, 1, 1, 0.5, 0.5, 0.05, 0.05, 0.05, 0.05, 0.05],
}

OPTIMIZERS = {
    "sgd": optim.sgd(0.1),
    "momentum": optim.sgd(0.1, momentum=0.9),
    "nesterov": optim.sgd(0.1, momentum=0.9, nesterov=True),
    "weight decay": optim.chain(optim.add_decayed_weights(0.2), optim.sgd(0.1, momentum=0.9)),
    "adam": optim.adam(0.1),
    "adam, options": optim.adam(0.1, b1=0.7, b2=0.95, eps=1e-2),
    "adamw": optim.adamw(0.1, weight_decay=0.3),
    "rmsprop": optim.rmsprop(0.1),
    "rmsprop, options": optim.rmsprop(0.1, decay=0.8, eps=1e-2, momentum=0.5, centered=True),
    "adagrad": optim.adagrad(0.3),
    "adagrad, options": optim.adagrad(0.3, lr_decay=0.1, initial=0.5, eps=1e-2),
    "clip by value": optim.chain(optim.clip_by_value(0.4), optim.sgd(0.1)),
    "clip by norm": optim.chain(optim.clip_by_norm(0.5), optim.sgd(0.1)),
    "clip by norm, adam": optim.chain(optim.clip_by_norm(0.5), optim.adam(0.1)),
    "scheduled direction": optim.chain(
        optim.scale_by_adam(), optim.scale_by_schedule(optim.linear(1.0, 0.2, 4)), optim.sgd(0.1)),
    "cosine": optim.sgd(optim.cosine(0.1, STEPS, end=0.01)),
    "exponential": optim.sgd(optim.exponential(0.1, 0.7)),
    "piecewise": optim.sgd(optim.piecewise_constant(0.1, {2: 0.5, 4: 0.5})),
    "linear": optim.sgd(optim.linear(0.1, 0.02, 4)),
    "warm-up": optim.sgd(optim.warmup_cosine(0.1, 2, 6, start=0.01, end=0.02)),
}
OURS = {
    "constant": optim.constant(0.3),
    "linear": optim.linear(1.0, 0.2, 4, begin=2),
    "cosine": optim.cosine(1.0, 6, end=0.25),
    "warmup_cosine": optim.warmup_cosine(1.0, 3, 8, start=0.1, end=0.05),
    "exponential": optim.exponential(1.0, 0.5, steps=3),
    "staircase": optim.exponential(1.0, 0.5, steps=3, staircase=True),
    "piecewise_constant": optim.piecewise_constant(1.0, {5: 0.1, 3: 0.5}),
}

SINGLE = "scheduled direction", "warm-up"
"""Of optax, which computes these schedules in single precision."""


def run(optimizer, update):
    p, state = np.array(START), optimizer.init(np.array(START))
    for _ in range(STEPS):
        p, state = update(gradient(p), state, p)
    return p


@pytest.mark.parametrize("compile", [lambda f: f, jit], ids=["eager", "jit"])
@pytest.mark.parametrize("library", [TORCH, OPTAX], ids=["PyTorch", "optax"])
def test_steps(library, compile):
    for name, expected in library.items():
        found = run(OPTIMIZERS[name], compile(OPTIMIZERS[name].update))
        np.testing.assert_allclose(found, expected, rtol=1e-8 if name in SINGLE else 3e-11, err_msg=name)


def test_each_optimizer_has_numbers():
    assert {*TORCH, *OPTAX} == set(OPTIMIZERS)


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules(name):
    schedule = OURS[name]
    compiled = jit(lambda count: schedule(count) * 1.0)
    for count, expected in enumerate(SCHEDULES[name]):
        for each in (count, np.int64(count), np.array(count)):
            np.testing.assert_allclose(schedule(each), expected, rtol=1e-11)
        np.testing.assert_allclose(compiled(count), expected, rtol=1e-11)
    assert compiled.cache_info().traces == 1
