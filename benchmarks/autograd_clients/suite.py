"""Autograd's own test suite, run on this library: all tests pass but those that are named here, each for a reason."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

__all__ = ["EXPECTED", "Outcome", "last_line", "read_report", "run_suite", "summarize"]

ROOT = Path(__file__).parents[2]

SECONDS = 1200

EXPECTED: dict[str, str] = {
    "test_fft.test_rfftn_odd_not_implemented": "asks that rfftn of odd length is refused, which has a derivative here",
    "test_graphs.test_assignment_raises_error": "asks that assignment to an item raises, which is recorded here",
}
"""The tests that are not to pass, by their names, and why."""


class Outcome(NamedTuple):
    """What came of a test: ``passed``, ``skipped`` or ``failed``, and why."""

    status: str
    reason: str = ""


def run_suite(sources: Path, real: bool = False, arguments: tuple[str, ...] = ()) -> dict[str, Outcome]:
    """The outcome of each test, on this library, or on the real autograd that is in ``sources``.

    The tests are run in a copy that lies where no real autograd can be imported, and without the options of the
    project, which ask for plugins of pytest.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(sources / "tests", folder / "tests")
        (folder / "pytest.ini").write_text("[pytest]\n")
        report = folder / "report.xml"
        program = ["-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *(arguments or ("tests",))]
        command = [sys.executable, *([] if real else ["-m", "autodiff_trace.autograd_compat"]), *program]
        environment = {**os.environ, "PYTHONPATH": str(sources if real else ROOT), "OPENBLAS_NUM_THREADS": "1"}
        done = subprocess.run(command, cwd=folder, env=environment, timeout=SECONDS, capture_output=True, text=True)
        if not report.exists():
            raise RuntimeError(f"pytest has not run:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")
        return read_report(report.read_text(encoding="utf-8"))


def read_report(text: str) -> dict[str, Outcome]:
    """The outcomes in a report in the XML of JUnit.

    >>> read_report('<testsuites><testsuite><testcase classname="tests.test_core" name="test_add"/></testsuite>'
    ...             '</testsuites>')
    {'test_core.test_add': Outcome(status='passed', reason='')}
    """
    outcomes = {}
    for case in ElementTree.fromstring(text).iter("testcase"):
        name = ".".join(filter(None, [case.get("classname"), case.get("name")])).removeprefix("tests.")
        outcomes[name] = Outcome("passed")
        for part in case:
            if part.tag in ("failure", "error"):
                outcomes[name] = Outcome("failed", part.text or part.get("message") or "")
            elif part.tag == "skipped":
                outcomes[name] = Outcome("skipped", part.get("message") or "")
    return outcomes


def summarize(outcomes: Mapping[str, Outcome], expected: Mapping[str, str] = EXPECTED) -> tuple[list[str], bool]:
    """Lines for people, and whether each test came out as it is to.

    >>> summarize({"test_core.test_add": Outcome("passed"), "test_core.test_old": Outcome("failed", "KeyError")},
    ...           {"test_core.test_old": "asks for what is refused here"})
    (['2 tests: 1 passed, 1 not to pass', 'not to pass: test_core.test_old: asks for what is refused here'], True)
    """
    by_status = {status: [name for name, outcome in outcomes.items() if outcome.status == status]
                 for status in ("passed", "skipped", "failed")}
    known = [name for name in by_status["failed"] if name in expected]
    failed = [name for name in by_status["failed"] if name not in expected]
    passed_after_all = [name for name in by_status["passed"] if name in expected]
    counts = {"passed": by_status["passed"], "skipped": by_status["skipped"], "not to pass": known, "failed": failed}
    lines = [f"{len(outcomes)} tests: " + ", ".join(f"{len(names)} {word}" for word, names in counts.items() if names)]
    lines += [f"not to pass: {name}: {expected[name]}" for name in known]
    lines += sorted({f"skipped: {outcomes[name].reason}" for name in by_status["skipped"]})
    lines += [f"failed: {name}: {last_line(outcomes[name].reason)}" for name in failed]
    lines += [f"passed, but is not to: {name}: {expected[name]}" for name in passed_after_all]
    lines += [f"not there, but is not to pass: {name}" for name in expected if name not in outcomes]
    return lines, not failed and not passed_after_all and all(name in outcomes for name in expected)


def last_line(text: str) -> str:
    """The error in a report of pytest."""
    errors = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    return errors[0] if errors else text.strip().rpartition("\n")[2]
