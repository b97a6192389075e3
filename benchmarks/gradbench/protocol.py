"""The suite's protocol: a JSON message a line on stdin, an answer a line on stdout.

The suite's command takes ``python -m benchmarks.gradbench --protocol`` as its tool. Its messages are of the kinds
start, define (of a module: an eval), evaluate (of a function of a module) and analysis; each has an id, which the
answer repeats. Every line is answered, whatever goes wrong with it.
"""

from __future__ import annotations

import contextlib
import json
import sys
import traceback
from collections.abc import Callable
from typing import Any, TextIO

import autodiff_trace

from .evals import EVALS
from .evaluation import Compile, run_function

__all__ = ["answer", "serve"]

TOOL = "autodiff_trace"


def serve(lines: TextIO, answers: TextIO, compile: Compile) -> None:
    """Answer each line until the input ends. What else is printed meanwhile goes to stderr."""
    with contextlib.redirect_stdout(sys.stderr):
        for line in lines:
            if line.strip():
                print(encoded(line, compile), file=answers, flush=True)


def encoded(line: str, compile: Compile) -> str:
    """The answer to a line, as a line."""
    identity = None
    try:
        message = json.loads(line)
        if not isinstance(message, dict):
            raise TypeError(f"a message is a JSON object, not {line.strip()[:80]}")
        identity = message.get("id")
        # JSON has neither NaN nor infinity: with one of them, the answer is that error.
        return json.dumps({"id": identity, **answer(message, compile)}, allow_nan=False)
    except Exception:  # an error of any kind is an answer, too
        return json.dumps({"id": identity, **failure(traceback.format_exc())})


def answer(message: dict[str, Any], compile: Compile) -> dict[str, Any]:
    """What a message is answered with, beside its id; an unknown kind with nothing."""
    handle = HANDLERS.get(message.get("kind"))
    return handle(message, compile) if handle else {}


def start(message, compile) -> dict[str, Any]:
    return {"tool": TOOL, "config": {"version": autodiff_trace.__version__}}


def define(message, compile) -> dict[str, Any]:
    name = message["module"]
    return {"success": True} if name in EVALS else failure(f"unknown module {name!r}")


def evaluate(message, compile) -> dict[str, Any]:
    name, function = message["module"], message["function"]
    if name not in EVALS:
        return failure(f"unknown module {name!r}")
    functions = EVALS[name].functions
    if function not in functions:
        return failure(f"unknown function {function!r} of module {name!r}")
    run = run_function(functions[function], message["input"], compile)
    timings = [("prepare", run.preparation), *(("evaluate", nanoseconds) for nanoseconds in run.evaluations)]
    return {"success": True, "output": run.output,
            "timings": [{"name": name, "nanoseconds": nanoseconds} for name, nanoseconds in timings]}


def failure(error: str) -> dict[str, Any]:
    return {"success": False, "error": error}


HANDLERS: dict[Any, Callable[[dict[str, Any], Compile], dict[str, Any]]] = {
    "start": start, "define": define, "evaluate": evaluate,
}
