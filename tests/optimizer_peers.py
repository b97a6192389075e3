"""Prints what PyTorch and optax compute, for the tables of tests/test_optim_numbers.py. Neither is needed by the tests.

    python tests/optimizer_peers.py        in an environment with torch and optax; printed by torch 2.13.0, optax 0.2.8
"""

import numpy as np

STEPS = 6
START = [0.5, -1.2, 2.0]


def gradient(p):
    """Of p₀⁴/4 − p₁³/3 + p₂²/8 + p₀p₁: what an optimiser is handed at p."""
    return np.array([p[0] ** 3 + p[1], -p[1] ** 2 + p[0], p[2] / 4])


def run_torch(torch, make, make_schedule=None, clip=None):
    p = torch.nn.Parameter(torch.tensor(START, dtype=torch.float64))
    optimizer = make([p])
    schedule = make_schedule and make_schedule(optimizer)
    for _ in range(STEPS):
        p.grad = torch.tensor(gradient(p.detach().numpy()))
        if clip is not None:
            clip([p])
        optimizer.step()
        if schedule:
            schedule.step()
    return p.detach().numpy()


def run_optax(optax, optimizer):
    p = np.array(START)
    state = optimizer.init(p)
    for _ in range(STEPS):
        updates, state = optimizer.update(gradient(p), state, p)
        p = np.asarray(optax.apply_updates(p, updates))
    return p


def by_torch(torch):
    o = torch.optim
    s = o.lr_scheduler
    return {
        "sgd": run_torch(torch, lambda p: o.SGD(p, 0.1)),
        "momentum": run_torch(torch, lambda p: o.SGD(p, 0.1, momentum=0.9)),
        "nesterov": run_torch(torch, lambda p: o.SGD(p, 0.1, momentum=0.9, nesterov=True)),
        "weight decay": run_torch(torch, lambda p: o.SGD(p, 0.1, momentum=0.9, weight_decay=0.2)),
        "adam": run_torch(torch, lambda p: o.Adam(p, 0.1)),
        "adam, options": run_torch(torch, lambda p: o.Adam(p, 0.1, betas=(0.7, 0.95), eps=1e-2)),
        "adamw": run_torch(torch, lambda p: o.AdamW(p, 0.1, weight_decay=0.3)),
        "rmsprop": run_torch(torch, lambda p: o.RMSprop(p, 0.1)),
        "rmsprop, options": run_torch(
            torch, lambda p: o.RMSprop(p, 0.1, alpha=0.8, eps=1e-2, momentum=0.5, centered=True)),
        "adagrad": run_torch(torch, lambda p: o.Adagrad(p, 0.3)),
        "adagrad, options": run_torch(
            torch, lambda p: o.Adagrad(p, 0.3, lr_decay=0.1, initial_accumulator_value=0.5, eps=1e-2)),
        "clip by value": run_torch(
            torch, lambda p: o.SGD(p, 0.1), clip=lambda ps: torch.nn.utils.clip_grad_value_(ps, 0.4)),
        "cosine": run_torch(
            torch, lambda p: o.SGD(p, 0.1), lambda opt: s.CosineAnnealingLR(opt, STEPS, eta_min=0.01)),
        "exponential": run_torch(torch, lambda p: o.SGD(p, 0.1), lambda opt: s.ExponentialLR(opt, 0.7)),
        "piecewise": run_torch(torch, lambda p: o.SGD(p, 0.1), lambda opt: s.MultiStepLR(opt, [2, 4], 0.5)),
        "linear": run_torch(torch, lambda p: o.SGD(p, 0.1), lambda opt: s.LinearLR(opt, 1.0, 0.2, 4)),
    }


def by_optax(o):
    return {
        "sgd": run_optax(o, o.sgd(0.1)),
        "momentum": run_optax(o, o.sgd(0.1, momentum=0.9)),
        "nesterov": run_optax(o, o.sgd(0.1, momentum=0.9, nesterov=True)),
        "adam": run_optax(o, o.adam(0.1)),
        "adam, options": run_optax(o, o.adam(0.1, b1=0.7, b2=0.95, eps=1e-2)),
        "adamw": run_optax(o, o.adamw(0.1, weight_decay=0.3)),
        "rmsprop": run_optax(o, o.rmsprop(0.1, decay=0.99, eps_in_sqrt=False)),
        "clip by norm": run_optax(o, o.chain(o.clip_by_global_norm(0.5), o.sgd(0.1))),
        "clip by norm, adam": run_optax(o, o.chain(o.clip_by_global_norm(0.5), o.adam(0.1))),
        "clip by value": run_optax(o, o.chain(o.clip(0.4), o.sgd(0.1))),
        "weight decay": run_optax(o, o.chain(o.add_decayed_weights(0.2), o.sgd(0.1, momentum=0.9))),
        "scheduled direction": run_optax(
            o, o.chain(o.scale_by_adam(), o.scale_by_schedule(o.linear_schedule(1.0, 0.2, 4)), o.scale(-0.1))),
        "warm-up": run_optax(o, o.sgd(o.warmup_cosine_decay_schedule(0.01, 0.1, 2, 6, 0.02))),
    }


def schedules(o):
    rows = {
        "constant": o.constant_schedule(0.3),
        "linear": o.linear_schedule(1.0, 0.2, 4, 2),
        "cosine": o.cosine_decay_schedule(1.0, 6, 0.25),
        "warmup_cosine": o.warmup_cosine_decay_schedule(0.1, 1.0, 3, 8, 0.05),
        "exponential": o.exponential_decay(1.0, 3, 0.5),
        "staircase": o.exponential_decay(1.0, 3, 0.5, staircase=True),
        "piecewise_constant": o.piecewise_constant_schedule(1.0, {3: 0.5, 5: 0.1}),
    }
    return {name: np.array([float(schedule(count)) for count in range(10)]) for name, schedule in rows.items()}


def show(name, rows):
    print(f"{name} = {{")
    for key, values in rows.items():
        print(f'    "{key}": [{", ".join(f"{x:.12g}" for x in values)}],')
    print("}")


def main():
    import jax
    import optax
    import torch

    jax.config.update("jax_enable_x64", True)
    print(f"# torch {torch.__version__}, optax {optax.__version__}")
    show("TORCH", by_torch(torch))
    show("OPTAX", by_optax(optax))
    show("SCHEDULES", schedules(optax))


if __name__ == "__main__":
    main()
