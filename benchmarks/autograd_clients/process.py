"""A process that runs one example each time it is told to, on one of the libraries, and says how long it took.

``python -m benchmarks.autograd_clients.process LIBRARY FOLDER EXAMPLE RESULTS`` reads lines from its input: after each
it runs the example, and writes a line of JSON. Of the first run it saves the numbers in RESULTS: those that are
printed, drawn, and left in the variables of the module.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import sys
import time
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import numpy as np

from .cuts import EXAMPLES
from .headless import stand_ins

NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*(?:e[-+]?\d+)?|\.\d+(?:e[-+]?\d+)?|nan|inf)(?![\w.])", re.IGNORECASE)

ARRAY = re.compile(r"(?:np\.float64|array)\(([^()\[\]]*)\)")
"""A number of NumPy, or an array of no axes: one is taken for the other, and compared as a number."""

ADDRESS = re.compile(r"(?<![\d.])\d{12,}")
"""What ``id`` gives, which is another number in each process."""


def load(folder: Path, name: str) -> CodeType:
    """The example, with its pieces cut out."""
    path = folder / f"{name}.py"
    text = path.read_text(encoding="utf-8")
    for old, new in EXAMPLES[name].edits.items():
        if old not in text:
            raise ValueError(f"{path} has no {old!r}")
        text = text.replace(old, new)
    return compile(text, str(path), "exec")


def forget_examples(folder: Path) -> None:
    """Each run imports the other examples anew, since they keep generators of random numbers."""
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None) or "").startswith(str(folder)):
            del sys.modules[name]


def run_example(code: CodeType, path: Path) -> tuple[float, str, dict[str, Any]]:
    """The seconds that an example takes, what it prints, and its variables."""
    module = ModuleType("__main__")
    module.__file__ = str(path)
    sys.modules["__main__"] = module
    np.random.seed(0)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), np.errstate(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        start = time.perf_counter()
        exec(code, vars(module))
        seconds = time.perf_counter() - start
    return seconds, printed.getvalue(), vars(module)


def find_arrays(value: Any) -> Iterator[np.ndarray]:
    """The numbers in arrays and containers."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from find_arrays(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from find_arrays(item)
    elif isinstance(value, (int, float, complex, np.ndarray, np.number)):
        array = np.asarray(value)
        if array.dtype.kind in "iufc":
            yield array.copy()


def numbers_of(printed: str, drawn: list[np.ndarray], variables: dict[str, Any]) -> dict[str, np.ndarray]:
    """All that is to be compared, under names."""
    printed = ARRAY.sub(r"\1", ADDRESS.sub("address", printed))
    text = " ".join(NUMBER.sub("#", printed).split())
    found = {"text": np.array(text), "printed": np.array([float(each) for each in NUMBER.findall(printed)])}
    for i, array in enumerate(drawn):
        found[f"drawn {i}"] = array
    for name, value in variables.items():
        for i, array in enumerate(find_arrays(value)) if not name.startswith("_") else ():
            found[f"variable {name} {i}"] = array
    return found


def main() -> None:
    library, folder, name, results = sys.argv[1], Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
    drawn: list[np.ndarray] = []
    sys.modules.update(stand_ins(lambda value: drawn.extend(find_arrays(value))))
    if library == "ours":
        from autodiff_trace import autograd_compat

        autograd_compat.install()
    os.system = lambda command: 0
    path = folder / f"{name}.py"
    sys.path.insert(0, str(path.parent))
    code = load(folder, name)
    answers, sys.stdout = sys.stdout, sys.stderr
    for _ in sys.stdin:
        forget_examples(folder)
        drawn.clear()
        try:
            seconds, printed, variables = run_example(code, path)
            answer = {"seconds": seconds}
            if not results.exists():
                if EXAMPLES[name].until:
                    printed = printed.partition(EXAMPLES[name].until)[0]
                np.savez(results, **numbers_of(printed, drawn, variables))
        except Exception:
            answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
