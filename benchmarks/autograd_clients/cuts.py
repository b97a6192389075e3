"""The examples of autograd, and what is cut short in each, so that it takes a second instead of minutes."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["EXAMPLES", "Example"]


class Example(NamedTuple):
    """Pieces of the text of an example and what takes their place, and what of its numbers is to be the same."""

    edits: dict[str, str]
    tolerance: float = 1e-6
    until: str = ""
    """What is printed from here on is not compared."""
    note: str = ""
    """Why the numbers are not compared more closely."""


FEW_STEPS = {'method="CG"': 'method="CG", options={"maxiter": 5}'}

CURVES = {"rs.multivariate_normal(pred_mean, pred_cov, size=10)": "pred_mean + rs.randn(10, len(pred_mean))"}
"""The samples that are drawn have a covariance which is singular: each rounding gives others."""

EXAMPLES: dict[str, Example] = {
    "bayesian_neural_net": Example({"num_iters=1000": "num_iters=30"}),
    "bayesian_optimization": Example({"num_iters=20": "num_iters=3", "num_tries=15": "num_tries=4", **FEW_STEPS}),
    "black_box_svi": Example({"num_iters=2000": "num_iters=50"}),
    "convnet": Example({"num_epochs = 50": "num_epochs = 1", "batch_size = 256": "batch_size = 128",
                        "npr.RandomState()": "npr.RandomState(0)"}),
    "deep_gaussian_process": Example({**FEW_STEPS, **CURVES}),
    "define_gradient": Example({}),
    "dot_graph": Example({}),
    "fixed_points": Example({}),
    "fluidsim/fluidsim": Example({"simulation_timesteps = 100": "simulation_timesteps = 5",
                                  '"maxiter": 25': '"maxiter": 2'}),
    "fluidsim/wing": Example({"simulation_timesteps = 20": "simulation_timesteps = 2",
                              '"maxiter": 50': '"maxiter": 1'}),
    "gaussian_process": Example({**FEW_STEPS, **CURVES}),
    "generative_adversarial_net": Example({"num_epochs = 50": "num_epochs = 4"}),
    "gmm": Example({'method="Newton-CG"': 'method="Newton-CG", options={"maxiter": 3}'}),
    "gplvm": Example(FEW_STEPS),
    "hmm_em": Example({"max_lines=60": "max_lines=10", "while different(x0, x1):": "for _ in range(2):"}),
    "ica": Example(FEW_STEPS),
    "logistic_regression": Example({}),
    "lstm": Example({"num_iters=1000": "num_iters=5", "for t in range(20)": "for t in range(2)"}),
    "mixture_variational_inference": Example({"num_iters=2000": "num_iters=20"}),
    "natural_gradient_black_box_svi": Example({"num_iters = 200": "num_iters = 10"}),
    "negative_binomial_maxlike": Example({}),
    "neural_net": Example({"num_epochs = 5": "num_epochs = 10"}),
    "neural_net_regression": Example({"num_iters=1000": "num_iters=100"}),
    "ode_net": Example(
        {"num_iters=1000": "num_iters=2"}, tolerance=1e-2,
        note="derivatives are as exact as the solver's tolerance, and Adam's first steps have their signs alone"),
    "print_trace": Example(
        {}, until="F = ", note="lists the calls of a backward pass, which are others; those before are the same"),
    "rkhs": Example({}),
    "rnn": Example({"num_iters=1000": "num_iters=10", "for t in range(20)": "for t in range(2)"}),
    "rosenbrock": Example({}),
    "sinusoid": Example({}),
    "tanh": Example({}),
    "variational_autoencoder": Example({"num_epochs = 15": "num_epochs = 4"}),
}
"""By the paths of the examples."""
