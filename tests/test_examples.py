"""The examples run, on their small problem, and give what is known of their results."""

from __future__ import annotations

import io
import re
import runpy
import sys
from importlib.util import find_spec

import numpy as np
import pytest

from tests.conftest import ROOT

FOLDER = ROOT / "examples"
EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))


def gp_regression(result):
    assert 0.1 < result["noise"] < 0.3 and result["error"] < 0.2
    assert all(abs(slope) < 1e-4 for slope in result["slopes"].values())  # an optimum


def gmm_density(result):
    assert result["test"] > result["single"] + 1.0
    assert 0.95 < result["mass"] < 1.001


def vae_digits(result):
    assert result["after"] < result["independent"] < result["before"]


def neural_ode(result):
    assert result["last"] < 0.1 * result["first"]


def hmc(result):
    assert 0.8 < result["rate"] < 1.0 and result["r_hat"] < 1.05
    np.testing.assert_allclose(result["mean"], result["mode"], atol=0.15)
    np.testing.assert_allclose(result["deviation"], result["laplace"], rtol=0.2)


def optimal_control(result):
    stale, updated, best = result["costs"]
    assert abs(result["angle"] - np.pi) < 0.05 and result["torque"] < 1.0  # less than the weight of the pendulum
    assert best <= updated < best + 0.01 * (stale - best)


def kalman_smoothing(result):
    # Durbin and Koopman, 2001, section 2.10.
    np.testing.assert_allclose([result["irregular"], result["level"]], [15099.0, 1469.1], rtol=1e-3)
    np.testing.assert_allclose(result["mean"][-1], 798.4, atol=0.1)  # what the filter ends with


def survival_mle(result):
    # As survreg in R has them for these data (Venables and Ripley, Modern Applied Statistics with S, 2002, chapter 13).
    np.testing.assert_allclose(result["params"], [2.248, 1.267, -0.312], atol=1e-3)
    np.testing.assert_allclose(result["log_likelihood"], -106.6, atol=0.05)


def fluid_control(result):
    assert result["after"] < 0.5 * result["before"]
    assert result["divergence"] < 1e-10


def image_deconvolution(result):
    assert result["measured"] < result["wiener"] < result["restored"]


def implicit_layer(result):
    assert result["difference"] < 1e-8
    assert result["losses"][-1] < 0.5 * result["losses"][0] and result["accuracy"] > 0.8


def pde_constrained_fit(result):
    assert result["difference"] < 1e-8
    assert result["residual"] < 1.5 and result["error"] < 0.2


def portfolio_slsqp(result):
    weights = result["weights"]
    assert abs(weights.sum() - 1.0) < 1e-6 and weights.min() > -1e-9
    np.testing.assert_allclose(result["slope"], result["differences"], rtol=1e-3)
    np.testing.assert_allclose(result["sensitivity"].sum(axis=0), 0.0, atol=1e-4)  # the weights go on adding to one


def quantile_regression(result):
    np.testing.assert_allclose(result["below"], [0.1, 0.5, 0.9], atol=0.03)
    assert result["error"] < 0.2


def rnn_text(result):
    assert result["bits"][-1] < 0.5 * result["bits"][0] and result["sample"]


CHECKS = {check.__name__: check for check in [
    gp_regression, gmm_density, vae_digits, neural_ode, hmc, optimal_control, kalman_smoothing, survival_mle,
    fluid_control, image_deconvolution, implicit_layer, pde_constrained_fit, portfolio_slsqp, quantile_regression,
    rnn_text,
]}
"""What is known of the result of each example's ``main(quick=True)``."""


def load(name, monkeypatch):
    """The names that an example defines, as ``python examples/NAME.py`` finds its neighbours."""
    path = FOLDER / f"{name}.py"
    if re.search(r"^(from|import) .*\bscipy\b", path.read_text(encoding="utf-8"), re.MULTILINE):
        pytest.importorskip("scipy", reason=f"the example {name} needs SciPy")
    monkeypatch.syspath_prepend(str(FOLDER))
    return runpy.run_path(str(path))


def test_every_example_has_a_check():
    assert set(EXAMPLES) <= set(CHECKS)


@pytest.mark.parametrize("name", EXAMPLES)
def test_example(name, monkeypatch, capsys, tmp_path):
    file = tmp_path / "picture.png" if find_spec("matplotlib") else None
    result = load(name, monkeypatch)["main"](quick=True, plot=file)
    CHECKS[name](result)
    assert 2 <= len(capsys.readouterr().out.splitlines()) <= 6, "an example says what it found, in a few lines"
    assert file is None or file.stat().st_size > 1000


def run_with(arguments, monkeypatch):
    """What ``main`` is called with by these arguments of the command line."""
    monkeypatch.syspath_prepend(str(FOLDER))
    common = runpy.run_path(str(FOLDER / "_common.py"))
    monkeypatch.setattr(sys, "argv", ["example.py", *arguments])
    calls = []

    def main(quick, plot):
        print("1 ± 0")
        calls.append((quick, plot))

    common["run"](main)
    return calls


def test_command_line(monkeypatch, capsys):
    assert run_with(["--quick"], monkeypatch) == [(True, None)]
    assert run_with([], monkeypatch) == [(False, None)]


def test_command_line_with_a_picture(monkeypatch, capsys, tmp_path):
    pytest.importorskip("matplotlib")
    assert run_with(["--plot", str(tmp_path / "a.svg")], monkeypatch) == [(False, str(tmp_path / "a.svg"))]
    for path in tmp_path, tmp_path / "none" / "a.png", tmp_path / "a.odd":
        with pytest.raises(SystemExit):
            run_with(["--plot", str(path)], monkeypatch)
        assert capsys.readouterr().err.startswith(f"example.py: error: --plot {path}: ")


def test_command_line_where_stdout_is_ascii(monkeypatch):
    file = io.TextIOWrapper(io.BytesIO(), "ascii")
    monkeypatch.setattr(sys, "stdout", file)
    run_with([], monkeypatch)
    assert file.errors == "strict" and file.buffer.getvalue().split() == [b"1", rb"\xb1", b"0"]
