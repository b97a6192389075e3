"""Habits of PyTorch's and optax's optimisers: names that are not here, and what to write instead. Data alone."""

from __future__ import annotations

from .habit_rows import OURS, same

__all__ = ["OPTAX", "TORCH_OPTIM"]

DECAY = "Write optim.chain(optim.add_decayed_weights(weight_decay), optimizer)"


OPTAX = {
    f"{OURS}.optim": {
        **same("apply_updates incremental_update", "Leave it out: the update of an optimiser gives new parameters"),
        **same("clip_by_global_norm adaptive_grad_clip", "Write optim.clip_by_norm(limit)"),
        "clip": "Write optim.clip_by_value(limit)",
        "trace": "Write optim.scale_by_momentum(momentum)",
        **same("scale_by_learning_rate", "Write optim.sgd(learning_rate), as the last one of a chain"),
        "constant_schedule": "Write optim.constant(value)",
        **same("linear_schedule polynomial_schedule", "Write optim.linear(start, end, steps)"),
        **same("cosine_decay_schedule", "Write optim.cosine(start, steps, end)"),
        "warmup_cosine_decay_schedule": "Write optim.warmup_cosine(peak, warmup_steps, steps, start, end)",
        "exponential_decay": "Write optim.exponential(start, factor, steps)",
        "piecewise_constant_schedule": "Write optim.piecewise_constant(start, {1000: 0.1})",
    },
}

TORCH_OPTIM = {
    "adam()": {"lr": "Write learning_rate=", "betas": "Write b1= and b2=", "weight_decay": "Write optim.adamw(rate)"},
    "adamw()": {"lr": "Write learning_rate=", "betas": "Write b1= and b2="},
    "rmsprop()": {"lr": "Write learning_rate=", "alpha": "Write decay=", "weight_decay": DECAY},
    "adagrad()": {"lr": "Write learning_rate=", "initial_accumulator_value": "Write initial=", "weight_decay": DECAY},
    "sgd()": {"lr": "Write learning_rate=", "weight_decay": DECAY},
    "optimizer": {
        "step": "Write params, state = optimizer.update(grads, state, params), with state = optimizer.init(params)",
        "zero_grad": "Leave it out: gradients are returned, and not stored",
        **same("state_dict load_state_dict", "Keep the state, a container of arrays, which update takes and gives"),
        "param_groups": "Write optim.chain, of which transformations take a mask=, and a schedule as rate",
    },
    f"{OURS}.optim": {
        **{name: f"Write optim.{name.lower()}(0.001), which gives new parameters and changes none"
           for name in ("Adam", "AdamW", "SGD", "RMSprop", "Adagrad")},
        "LBFGS": "Write optim.minimize(f, params), or optim.lbfgs(f) for single steps",
        "lr_scheduler": "Write a schedule in the place of the rate: optim.adam(optim.cosine(0.001, steps))",
        **same("CosineAnnealingLR OneCycleLR", "Write optim.cosine(start, steps) or optim.warmup_cosine(…)"),
        "ExponentialLR": "Write optim.exponential(start, factor)",
        **same("StepLR MultiStepLR", "Write optim.piecewise_constant(start, {1000: 0.1})"),
        **same("clip_grad_norm_ clip_grad_value_", "Write optim.chain(optim.clip_by_norm(1.0), optim.adam(0.001))"),
    },
}
