"""Source distributions of other projects, fetched from the package index into a folder of the user's."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

__all__ = ["AUTOGRAD", "Unavailable", "fetch"]

AUTOGRAD = "autograd==1.9.1"

SECONDS = 300


class Unavailable(Exception):
    """What is asked for cannot be had here; the message says why."""


def fetch(requirement: str, folder: Path) -> Path:
    """The unpacked source distribution of ``name==version`` in ``folder``, downloaded unless it is there already."""
    name, _, version = requirement.partition("==")
    unpacked = folder / f"{name}-{version}"
    if not unpacked.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        archive = download(requirement, folder)
        with tarfile.open(archive) as file:
            file.extractall(folder, filter="data")
    if not unpacked.is_dir():
        raise Unavailable(f"{requirement}: its archive has no folder {unpacked.name}")
    return unpacked


def download(requirement: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--no-binary", ":all:", "--dest", str(folder), requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{requirement}: not downloaded within {SECONDS} s") from None
    name, _, version = requirement.partition("==")
    archives = sorted(folder.glob(f"{name.replace('-', '?')}-{version}.tar.gz"))
    if done.returncode or not archives:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise Unavailable(f"{requirement}: {errors[-1] if errors else 'pip found no source distribution'}")
    return archives[0]
