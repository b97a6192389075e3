"""What a run has measured, as a JSON file: versions, machine, and every sample."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from autodiff_trace.demo.cli import UserError

from .library import Library
from .suite import Measurement, Row

__all__ = ["check_writable", "describe_machine", "read_record", "write_record"]

FORMAT = 1


def describe_machine(
    libraries: Mapping[str, Library], threads: int, missing: Mapping[str, str] = {}
) -> dict[str, object]:
    """Versions of all that takes part, where it runs, and why others take no part."""
    return {
        "python": platform.python_version(),
        "libraries": {library.package: library.version() for library in libraries.values()},
        "missing": dict(missing),
        "processor": processor_name(),
        "processors": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "threads": threads,
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
    }


def processor_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def check_writable(path: str, option: str) -> None:
    """Raise UserError if ``path`` could not be written: before the run, not after it."""
    target = Path(path)
    if not target.parent.is_dir():
        raise UserError(f"{option} {path}: no such folder: {target.parent}")
    if target.is_dir() or not os.access(target if target.exists() else target.parent, os.W_OK):
        raise UserError(f"{option} {path}: cannot be written")


def write_record(
    path: str, machine: Mapping[str, object], rows: Sequence[Row], costs: Mapping[str, Mapping[str, float]] = {}
) -> None:
    content = {"format": FORMAT, "machine": machine, "workloads": [asdict(row) for row in rows], "costs": costs}
    Path(path).write_text(json.dumps(content) + "\n", encoding="utf-8")


def read_record(path: str) -> list[Row]:
    """The rows of a file that ``write_record`` has written."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise UserError(f"{path}: not JSON: {error}") from error
    try:
        if content["format"] != FORMAT:
            raise UserError(f"{path}: format {content['format']}, expected {FORMAT}")
        return [read_row(row) for row in content["workloads"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: not a record of python -m benchmarks") from error


def read_row(row: dict) -> Row:
    results = {name: Measurement(**result) for name, result in row["results"].items()}
    return Row(**{**row, "results": results})
