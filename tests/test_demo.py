"""The demo runs from what is installed alone: from a zip file of the package, in an empty folder, in the C locale."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import autodiff_trace
from tests.conftest import ROOT

PACKAGE = Path(autodiff_trace.__file__).parent


def installed_files():
    """The files that setup.cfg puts into a wheel."""
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    patterns = [(name, pattern) for name, patterns in config["options.package_data"].items()
                for pattern in patterns.split()]
    data = (path for name, pattern in patterns for path in PACKAGE.parent.joinpath(*name.split(".")).glob(pattern))
    return [*PACKAGE.rglob("*.py"), *data]


def run_demo(zipped, folder, *options, **environment):
    environment = {**os.environ, "PYTHONPATH": str(zipped), **environment}
    command = [sys.executable, "-m", "autodiff_trace.demo", *options]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8")


def test_from_a_zip_file_in_an_empty_folder(tmp_path):
    with zipfile.ZipFile(tmp_path / "package.zip", "w") as file:
        for path in installed_files():
            file.write(path, path.relative_to(PACKAGE.parent))
    folder = tmp_path / "empty"
    folder.mkdir()
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = run_demo(tmp_path / "package.zip", folder, "--epochs", "2", **locale)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[1] for line in done.stdout.splitlines()[1:]] == ["0", "1"]
    assert list(folder.iterdir()) == []


def test_help_shows_the_defaults_that_say_something():
    done = run_demo(ROOT, ROOT, "--help")
    text = " ".join(done.stdout.split())
    assert text.startswith("usage: python -m autodiff_trace.demo")
    assert "learning rate (default: 0.2)" in text and "None" not in text and "False" not in text
