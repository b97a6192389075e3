"""The problems of practice among the benchmarks, tiny: our gradient, eager and compiled, by hand, by differences."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from autodiff_trace import grad, jit, value_and_grad
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads
from autodiff_trace.demo.cli import UserError
from benchmarks.costs import COSTS, cost_table
from benchmarks.growth import growth_table, slope
from benchmarks.import_time import import_times
from benchmarks.peak_memory import STATUS, peaks
from benchmarks.suite import Measurement, Row
from benchmarks.workloads import (
    convolution, gaussian_mixture, gaussian_process, inference, kalman, lstm, memory, pendulum, sizes, small_matrices,
    spline,
)

KINKS = {"step": 1e-5}
"""For functions that are not smooth everywhere: the step has to stay on one side."""

TINY = {
    "convolution": (convolution, convolution.make_instance(2, 16, (2, 3)), KINKS),
    "gaussian_mixture": (gaussian_mixture, gaussian_mixture.make_instance(3, 2, 7), {}),
    "gaussian_process": (gaussian_process, gaussian_process.make_instance(12), {}),
    "inference": (inference, inference.make_instance(9), {}),
    "kalman": (kalman, kalman.make_instance(3, 2, 4), {}),
    "lstm": (lstm, lstm.make_instance(2, 3, 4), {}),
    "pendulum": (pendulum, pendulum.make_instance(5), {}),
    "small_matrices": (small_matrices, (small_matrices.make_instance(4),), {}),
    "spline": (spline, spline.make_instance(6, 20), KINKS),
    "sizes": (sizes, sizes.WORKLOADS[1].inputs(), {}),
}


@pytest.mark.parametrize("name", TINY)
def test_gradient(name):
    module, (x, *rest), options = TINY[name]
    workload = module.WORKLOADS[0]
    loss = partial(workload.loss_for("eager"), anp)
    compiled, by_hand = jit(grad(loss)), workload.by_hand(x, *rest)
    for gradient in grad(loss), compiled, compiled:  # the second call replays
        assert_close(gradient(x, *rest), by_hand)
    check_grads(lambda x: loss(x, *rest), x, order=1, name=name, **options)


@pytest.mark.parametrize("name", TINY)
def test_loss_is_the_same_in_plain_numpy(name):
    module, inputs, _ = TINY[name]
    loss = module.WORKLOADS[0].loss
    value, _ = value_and_grad(partial(loss, anp))(*inputs)
    np.testing.assert_allclose(value, loss(np, *inputs), rtol=1e-12)


@pytest.mark.parametrize("problem", ["chain", "mlp"])
def test_memory(problem):
    workload = memory.make_workload(problem, 5)
    inputs = workload.inputs()
    assert_close(grad(partial(workload.loss, anp))(*inputs), workload.by_hand(*inputs))


def assert_close(actual, expected):
    if isinstance(expected, (list, tuple)):
        assert len(actual) == len(expected)
        for a, e in zip(actual, expected):
            assert_close(a, e)
    else:
        assert np.shape(actual) == np.shape(expected)
        np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12)


def test_gaussian_mixture_of_one_component():
    """With K = 1 the mixture is a normal distribution, with the factor of its precision matrix."""
    (alphas, means, factors), points, *rest = gaussian_mixture.make_instance(3, 1, 5)
    d0, d1, d2, below10, below20, below21 = factors[0]
    root = np.array([[np.exp(d0), 0, 0], [below10, np.exp(d1), 0], [below20, below21, np.exp(d2)]])
    whitened = (points - means[0]) @ root.T
    log_p = d0 + d1 + d2 - 0.5 * np.sum(whitened**2, axis=1)
    index, gamma, m, constant = rest
    prior = 0.5 * gamma**2 * np.sum(root**2) - m * (d0 + d1 + d2)
    found = gaussian_mixture.log_posterior(np, (alphas, means, factors), points, *rest)
    np.testing.assert_allclose(found, constant + np.sum(log_p) + prior)


def test_gaussian_mixture_from_a_file(tmp_path, monkeypatch):
    (alphas, means, factors), points, *rest = gaussian_mixture.make_instance(3, 2, 4)
    lines = [[3, 2, 4], *([alpha] for alpha in alphas), *means, *factors, *points, [1.0, 0]]
    text = "\n".join(" ".join(map(repr, map(float, line))) for line in lines)
    (tmp_path / "gmm").mkdir()
    file = tmp_path / "gmm" / "gmm_d10_K25.txt"
    file.write_text(text)
    monkeypatch.setenv(gaussian_mixture.FOLDER, str(tmp_path))
    params, *others = gaussian_mixture.inputs()
    for found, expected in zip((*params, *others), (alphas, means, factors, points, *rest)):
        np.testing.assert_array_equal(found, expected)
    file.write_text("3 2 4 1.0")
    with pytest.raises(UserError, match="not a Gaussian-mixture instance"):
        gaussian_mixture.inputs()


def test_import_times():
    times = import_times(["numpy", "eager"], rounds=1)
    assert list(times) == ["numpy", "eager"] and min(times.values()) > 0


@pytest.mark.skipif(not STATUS.exists(), reason="memory is counted on Linux alone")
def test_peak_memory():
    size = 2**18
    for name, peak in peaks("chain", ["numpy", "eager"], threads=1, size=size).items():
        assert 9 <= peak / (8 * size) < 60, name


def test_growth():
    assert slope((10.0, 1.0), (100.0, 100.0)) == pytest.approx(2.0)
    rows = [Row(f"size-{n}", "", "", n, "numpy", {"eager": Measurement("ok", None, [1e-5 + 2e-9 * n])})
            for n in (1, 10**6, 10**7)]
    last_line = growth_table(rows, ["eager", "jit"]).splitlines()[-1]
    assert [cell.strip() for cell in last_line.split("|")[1:-1]] == ["eager", "10 µs", "2 ns", "1.00"]
    assert growth_table(rows[:1], ["eager"]) == ""


def test_cost_table():
    found = {COSTS[1].name: {"eager": 3 * 2**20}, COSTS[0].name: {"numpy": 0.05, "eager": 0.125}}
    lines = [[cell.strip() for cell in line.split("|")[2:-1]]
             for line in cost_table(found, ["numpy", "eager"]).splitlines()]
    assert lines[0] == ["numpy", "eager"] and lines[2:] == [["50 ms", "125 ms"], ["-", "3.0 MiB"]]
