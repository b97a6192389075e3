"""``python -m benchmarks.tanh``: six nested gradients agree with the closed form, and make a picture."""

import pytest

from benchmarks import tanh


def test_the_table(capsys):
    assert tanh.main([]) == 0
    _, _, header, *rows = capsys.readouterr().out.splitlines()
    assert header.count("|") == 5 and len(rows) == 7
    for order, row in enumerate(rows):
        number, largest, _, error = [float(cell) for cell in row.strip("|").split("|")]
        assert number == order and float(error) <= 1e-13 * max(10.0, largest)


def test_the_picture(tmp_path):
    pytest.importorskip("matplotlib", reason="the picture is drawn by matplotlib")
    assert tanh.main(["--plot", str(tmp_path / "tanh.png")]) == 0
    assert (tmp_path / "tanh.png").read_bytes()[1:4] == b"PNG"


def test_a_file_that_cannot_be_written(capsys):
    pytest.importorskip("matplotlib", reason="the name is checked by what draws")
    assert tanh.main(["--plot", "no/such/folder.png"]) == 2
    assert "no such folder" in capsys.readouterr().err
