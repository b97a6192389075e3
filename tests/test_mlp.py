"""The main job as a user runs it: its table, its reference results, its errors."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
import re
import select
import signal
import struct
import subprocess
import sys

import numpy as np
import pytest

from autodiff_trace import value_and_grad
from autodiff_trace.demo.network import init_params, loss, numpy_step
from autodiff_trace.demo.training import HEADER
from benchmarks.mlp import main
from tests.conftest import ROOT

REFERENCE = {
    0: "0.19770 0.06010 0.19683 0.05850",
    1: "0.14165 0.04313 0.14988 0.04490",
    2: "0.11250 0.03378 0.12793 0.03920",
    9: "0.04814 0.01398 0.09123 0.02780",
    19: "0.02257 0.00548 0.08338 0.02470",
}
"""Rows of the two-layer network on MNIST; the same step by hand in NumPy gives them too."""

REFERENCE_OPTIONS = "--hidden 100 --batch 100 --lr 0.2 --seed 0 --dtype float64".split()


def run_mlp(*options):
    """The command in this process, since most of the time of a process of its own goes into its start."""
    return run_here(main, options)


def run_here(main, options):
    """What ``main(options)`` writes and returns, as the same command in a process of its own would."""
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            status = main([*map(str, options)])
        except SystemExit as exit:
            status = exit.code
    return subprocess.CompletedProcess(options, status, output.getvalue(), errors.getvalue())


def run_command(module, *options):
    command = [sys.executable, "-m", module, *map(str, options)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")


def read_table(text):
    """The rows of a table, as lists of strings."""
    header, *rows = text.splitlines()
    assert header == HEADER
    for row in rows:
        assert [i for i, c in enumerate(row) if c == "|"] == [i for i, c in enumerate(header) if c == "|"]
    return [row.replace("|", " ").split() for row in rows]


def check_error(result, *words):
    """Exit status 2 and one line on stderr that has ``words`` in it."""
    assert result.returncode == 2, result.stderr
    assert len(result.stderr.splitlines()) == 1, result.stderr
    assert "Traceback" not in result.stderr
    for word in words:
        assert str(word) in result.stderr


# Results


def test_digits_by_default():
    result = run_command("benchmarks.mlp")
    rows = read_table(result.stdout)
    assert (result.returncode, result.stderr) == (0, "")
    assert [int(row[0]) for row in rows] == list(range(20))
    assert all(re.fullmatch(r"\d+\.\d{5}", number) for row in rows for number in row[1:])
    assert float(rows[-1][4]) < 0.03


def test_same_seed_same_table():
    def table(seed):
        return run_mlp("--epochs", 1, "--seed", seed).stdout

    assert table(3) == table(3) != table(4)


@pytest.mark.parametrize("options", [("--dtype", "float32"), ("--momentum", 0.9, "--lr", 0.05), ("--batch", 64),
                                     ("--hidden", 30)], ids=str)
def test_other_options_also_learn(options):
    result = run_mlp("--epochs", 10, *options)
    assert result.stderr == ""
    assert float(read_table(result.stdout)[-1][4]) < 0.05


@pytest.mark.parametrize("options", [(), ("--momentum", 0.9, "--lr", 0.05), ("--dtype", "float32")], ids=str)
def test_engines_give_the_same_table(options):
    tables = {engine: run_mlp("--epochs", 2, "--engine", engine, *options) for engine in ("jit", "eager", "numpy")}
    assert {result.stderr for result in tables.values()} == {""}
    rows = {engine: read_table(result.stdout) for engine, result in tables.items()}
    assert len(rows["jit"]) == 2
    assert rows["jit"] == rows["eager"] == rows["numpy"]


def test_mnist_reference(mnist_folder):
    result = run_mlp("--data", mnist_folder, "--epochs", 1, *REFERENCE_OPTIONS)
    assert result.stderr == ""
    assert read_table(result.stdout) == [["0", *REFERENCE[0].split()]]


@pytest.mark.slow
def test_mnist_reference_all_epochs(mnist_folder):
    rows = read_table(run_mlp("--data", mnist_folder, "--epochs", 20, *REFERENCE_OPTIONS).stdout)
    assert len(rows) == 20
    for epoch, numbers in REFERENCE.items():
        assert rows[epoch] == [str(epoch), *numbers.split()]


@pytest.mark.parametrize("dtype, rtol", [("float32", 1e-4), ("float64", 1e-12)])
def test_step_by_hand_is_the_same(dtype, rtol):
    random = np.random.default_rng(0)
    params = init_params(pixels=20, hidden=8, classes=10, seed=1, dtype=dtype)
    images, labels = random.random((15, 20)).astype(dtype), random.integers(0, 10, 15)
    value, grads = value_and_grad(loss)(params, images, labels)
    value_by_hand, updated = numpy_step(params, images, labels, lr=0.5)
    np.testing.assert_allclose(value, value_by_hand, rtol=rtol)
    for W, G, W_by_hand in zip(params, grads, updated):
        assert G.dtype == W.dtype == W_by_hand.dtype == dtype
        np.testing.assert_allclose(W - 0.5 * G, W_by_hand, rtol=rtol, atol=rtol)


# Errors


@pytest.mark.parametrize("options", [
    ("--batch", "-5"), ("--batch", "0"), ("--batch", "ten"), ("--epochs", "0"), ("--epochs", "1.5"), ("--hidden", "-1"),
    ("--hidden", "100000000000000000000"), ("--lr", "-0.1"), ("--lr", "nan"), ("--lr", "x"), ("--seed", "-1"),
    ("--seed", "4294967296"), ("--momentum", "1"), ("--momentum", "-0.5"), ("--dtype", "float16"),
    ("--engine", "fortran"), ("--nonsense", "1"),
], ids=" ".join)
def test_bad_option(options):
    check_error(run_mlp(*options), options[0])


def test_option_without_value():
    check_error(run_mlp("--lr"), "--lr")


def test_divergence():
    check_error(run_command("benchmarks.mlp", "--lr", 1e200), "diverged", "--lr")


@pytest.mark.parametrize("path, words", [
    ("curves.nonsense", [".png"]), ("curves", [".png"]), ("missing/curves.png", ["no such folder"]),
    ("folder.png", ["cannot be written"]),
])
def test_bad_plot(tmp_path, path, words):
    pytest.importorskip("matplotlib")
    (tmp_path / "folder.png").mkdir()
    check_error(run_mlp("--epochs", 1, "--plot", tmp_path / path), path, *words)


def test_plot_without_matplotlib(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"] or ["matplotlib"]:
        monkeypatch.setitem(sys.modules, name, None)  # its import fails, as that of a package that is not installed
    check_error(run_mlp("--plot", tmp_path / "x.png"), "matplotlib", "pip install")


def test_plot(tmp_path):
    pytest.importorskip("matplotlib")
    file = tmp_path / "curves.png"
    result = run_mlp("--epochs", 2, "--plot", file)
    assert len(read_table(result.stdout)) == 2
    assert file.read_bytes().startswith(b"\x89PNG")


def test_full_disk():
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full")
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "benchmarks.mlp", "--epochs", "1"]
        check_error(subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True))


# Interruption and terminals


UNDER_SIGINT = """
import runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # it may be ignored where the tests run in the background
sys.argv = sys.argv[1:]
runpy.run_module("benchmarks.mlp", run_name="__main__")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGINT for child processes")
@pytest.mark.parametrize("number, status, word", [
    (signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated"),
])
def test_interrupt(number, status, word, tmp_path):
    command = [sys.executable, "-c", UNDER_SIGINT, "mlp", "--epochs", "100000"]
    plot = tmp_path / "curves.png"
    if importlib.util.find_spec("matplotlib"):
        command += ["--plot", str(plot)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline() for _ in range(3)]
        process.send_signal(number)
        rest, errors = process.communicate(timeout=60)
    assert process.returncode == status
    assert errors.splitlines() == [f"python -m benchmarks.mlp: {word}"]
    assert len(read_table("".join(lines) + rest)) >= 2
    assert plot.exists() == ("--plot" in command)


def test_reader_that_leaves():
    command = [sys.executable, "-m", "benchmarks.mlp", "--epochs", "100000"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 1


@pytest.mark.parametrize("tqdm", ["without tqdm", "with tqdm"])
def test_progress_bar_on_a_terminal(tmp_path, tqdm):
    pty = pytest.importorskip("pty")
    if tqdm == "with tqdm":
        pytest.importorskip("tqdm")
    else:
        (tmp_path / "tqdm.py").write_text("raise ImportError")
    output = run_on_terminal(pty, {**os.environ, "PYTHONPATH": str(tmp_path)})
    bars = [line for line in re.split(r"[\r\n]+", output) if line.startswith("epoch 0")]
    assert bars and all("144" in bar for bar in bars)
    assert re.search(r"\| +0 \|", output)


def run_on_terminal(pty, environment):
    """What the main job writes on a terminal in two epochs."""
    import fcntl
    import termios

    main_end, child_end = pty.openpty()
    fcntl.ioctl(child_end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    command = [sys.executable, "-m", "benchmarks.mlp", "--epochs", "2", "--batch", "10"]
    output = b""
    with subprocess.Popen(command, cwd=ROOT, stdout=child_end, stderr=child_end, env=environment) as process:
        os.close(child_end)
        while select.select([main_end], [], [], 60)[0]:
            try:
                chunk = os.read(main_end, 65536)
            except OSError:  # Linux reports the end of a terminal as an error
                break
            if not chunk:
                break
            output += chunk
    os.close(main_end)
    assert process.returncode == 0
    return output.decode()
