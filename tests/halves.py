"""Every other test runs in a second process, forked when the tests are collected; the first one reports of all."""

from __future__ import annotations

import os
import pickle
import signal
import tempfile
import traceback

__all__ = ["apply_to", "run"]

MANY = 2000
"""Fewer tests are run one after the other, in their order."""


def apply_to(session) -> bool:
    """Whether there are many tests and two processors, and no option wants to see one test at a time."""
    option = session.config.option
    if option.usepdb or option.capture == "no" or option.collectonly or option.maxfail or not hasattr(os, "fork"):
        return False
    if session.testsfailed:  # to collect: pytest says so
        return False
    return len(session.items) > MANY and (os.cpu_count() or 1) > 1


def run(session) -> bool:
    """Run the tests of a session, and report of all."""
    config = session.config
    with tempfile.NamedTemporaryFile() as file:
        child = os.fork()
        if not child:
            run_silently(session, session.items[1::2], file.name)
        status = None
        try:
            run_items(session, session.items[::2])
            status = os.waitpid(child, 0)[1]
        finally:
            if status is None:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
        if status:
            raise RuntimeError(f"the second process of the tests ended with status {status}: {file.read().decode()}")
        for data in pickle.load(file):
            report = config.hook.pytest_report_from_serializable(config=config, data=data)
            config.hook.pytest_runtest_logreport(report=report)
    return True


def run_items(session, items) -> None:
    for item, following in zip(items, [*items[1:], None]):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def run_silently(session, items, path) -> None:
    """What the second process does: it writes reports in place of lines, and does not return."""
    status = 1
    try:
        plugins = session.config.pluginmanager
        capture = plugins.getplugin("capturemanager")  # into files of its own; what it does not capture goes nowhere
        capture.stop_global_capturing()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        capture.start_global_capturing()
        reports = Reports(session.config)
        plugins.register(reports, "reports of the second process")
        run_items(session, items)
        with open(path, "wb") as file:
            pickle.dump(reports.all, file)
        status = 0
    except BaseException:
        with open(path, "w") as file:
            traceback.print_exc(file=file)
    finally:
        os._exit(status)


class Reports:
    """Keeps the reports of tests."""

    def __init__(self, config) -> None:
        self.config = config
        self.all: list = []

    def pytest_runtest_logreport(self, report) -> None:
        self.all.append(self.config.hook.pytest_report_to_serializable(config=self.config, report=report))
