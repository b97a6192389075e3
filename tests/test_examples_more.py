"""More examples run, on their small problem, and give what is known of their results."""

from __future__ import annotations

import runpy

import numpy as np
import pytest

from tests.conftest import ROOT

FOLDER = ROOT / "examples"


def fluid_control(result):
    assert result["after"] < 0.25 * result["before"]
    assert result["divergence"] < 1e-12


def quantile_regression(result):
    np.testing.assert_allclose(result["below"], [0.1, 0.5, 0.9], atol=0.02)
    assert result["error"] < 0.1


def implicit_layer(result):
    assert result["difference"] < 1e-9
    assert result["losses"][-1] < 0.5 * result["losses"][0]
    assert result["accuracy"] > 0.85


def image_deconvolution(result):
    assert result["measured"] + 2 < result["wiener"] < result["restored"] - 3


def portfolio_slsqp(result):
    weights, sensitivity = result["weights"], result["sensitivity"]
    assert np.isclose(weights.sum(), 1) and np.all((-1e-9 < weights) & (weights < 0.4 + 1e-9))
    assert np.isclose(result["slope"], result["differences"], rtol=1e-3)
    np.testing.assert_allclose(sensitivity.sum(axis=0), 0, atol=1e-8)  # the weights still sum to one


def rnn_text(result):
    assert np.mean(result["bits"][-5:]) < 0.5 * result["bits"][0]
    assert result["sample"].startswith("the w") and len(result["sample"]) == 75


def pde_constrained_fit(result):
    assert result["difference"] < 1e-10
    assert 0.5 < result["residual"] < 1.1
    assert result["error"] < 0.1


CHECKS = {
    check.__name__: check
    for check in (fluid_control, quantile_regression, implicit_layer, image_deconvolution, portfolio_slsqp, rnn_text,
                  pde_constrained_fit)
}
"""What is known of the result of each example's ``main(quick=True)``."""


def load(name, monkeypatch):
    """The names that an example defines, as ``python examples/NAME.py`` finds its neighbours."""
    path = FOLDER / f"{name}.py"
    if "autodiff_trace.scipy" in path.read_text(encoding="utf-8"):
        pytest.importorskip("scipy", reason=f"the example {name} needs SciPy")
    monkeypatch.syspath_prepend(str(FOLDER))
    return runpy.run_path(str(path))


@pytest.mark.parametrize("name", CHECKS)
def test_example(name, monkeypatch, capsys):
    CHECKS[name](load(name, monkeypatch)["main"](quick=True))
    assert 2 <= len(capsys.readouterr().out.splitlines()) <= 6, "an example says what it found, in a few lines"


@pytest.mark.parametrize("name", CHECKS)
def test_picture(name, monkeypatch, tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    load(name, monkeypatch)["main"](quick=True, plot=tmp_path / "picture.png")
    assert (tmp_path / "picture.png").stat().st_size > 1000
