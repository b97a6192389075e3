"""Random programs for eager mode: derivatives against plain NumPy, forward against reverse, batches against loops.

A program is the text of a function of ``x``. Run with ``np`` for NumPy and ``x`` a plain array it is its own reference,
by finite differences; run with the traced namespace it is what is tested. Real NumPy is called ``numpy`` in both.

``python tests/random_programs.py --mode eager --classes buffers,views --count 1000``
"""

from __future__ import annotations

import random
import threading
import time
import warnings
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff_trace import (
    TracedValueError, checkpoint, grad, jacfwd, jacobian, jacrev, jvp, linearize, scan, tree_leaves, tree_map, vjp,
    vmap,
)
from autodiff_trace import numpy as anp
from random_eager_templates import CLASSES
from random_transforms import direction, total_of

__all__ = ["NAMES", "check_number", "run_eager"]

NAMES = [*CLASSES, "general"]
"""The classes of programs, by which they are switched on."""

SIZE = 4


def text_of(name: str, rng: random.Random) -> str:
    """A program of the class ``name``: a template with its fields filled, fields of fields as well."""
    templates, fields = CLASSES[name]
    text = rng.choice(templates)
    while "{" in text:
        start = text.rindex("{")
        end = text.index("}", start)
        text = text[:start] + rng.choice(fields[text[start + 1:end]]) + text[end + 1:]
    lines = text.strip("\n").split("\n")
    indent = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(["def f(x):", *["    " + line[indent:] for line in lines], ""])


def function_of(text: str, traced: bool, mask: np.ndarray | None = None) -> Callable:
    """The program as a function. ``taken(x)`` is the mask of a selection, ``inner(x)`` what its branch works on: ``x``
    itself, in the reference with harmless numbers in the place of those that are not taken."""
    names: dict[str, Any] = {"numpy": np, "np": anp if traced else np}
    if mask is None:
        names |= {"taken": lambda x: x > 0, "inner": lambda x: x}
    else:
        names |= {"taken": lambda x: mask, "inner": lambda x: np.where(mask, x, 1.0)}
    names |= {"checkpoint": checkpoint, "scan": scan} if traced else {"checkpoint": lambda f: f, "scan": plain_scan}
    exec(text, names)
    return names["f"]


def plain_scan(f: Callable, carry: Any, xs: Any) -> tuple:
    ys = []
    for x in xs:
        carry, y = f(carry, x)
        ys.append(y)
    return carry, np.array(ys)


def make_input(name: str, rng: random.Random) -> np.ndarray:
    x = np.array([rng.choice([-1, 1]) * rng.uniform(0.3, 1.7) for _ in range(SIZE)])
    if name == "selections":
        x[[rng.random() < 0.4 for _ in x]] = 0.0
    return x


def differences(f: Callable, x: np.ndarray, h: float = 1e-3) -> np.ndarray:
    """The Jacobian by differences of fourth order; the last axis is that of x."""

    def at(k, e):
        return np.array(f(x + k * h * e))

    return np.stack([(8 * (at(1, e) - at(-1, e)) - (at(2, e) - at(-2, e))) / (12 * h) for e in np.eye(x.size)], axis=-1)


def check(name: str, text: str, x: np.ndarray, rng: random.Random) -> str:
    """What is wrong with a program; "" if nothing is, "skipped" where NumPy itself refuses it, "refused" where the
    library says that it does not know how."""
    mask = x > 0 if name == "selections" else None
    try:
        expected = np.array(function_of(text, False)(x.copy()))
        slopes = differences(function_of(text, False, mask), x)
        again = differences(function_of(text, False, mask), x, 5e-4)
    except Exception:
        return "skipped"
    if not is_near(again, slopes, 1e-7):
        return "skipped"  # differences cannot tell
    f = function_of(text, True)
    tests = {"value": lambda: (f(x.copy()), expected), "vjp": lambda: by_vjp(f, x, expected, slopes),
             "jvp": lambda: (jvp(f, (x.copy(),), (x + 2,))[1], slopes @ (x + 2))}
    tests["jacobian"] = lambda: (rng.choice([jacobian, jacrev, jacfwd])(f)(x.copy()), slopes)
    if name in ("changed", "buffers"):
        tests["changed after the call"] = lambda: by_late_pullback(f, x, expected, slopes)
        tests["linearize"] = lambda: by_linearize(f, x, slopes)
    if "random" not in text:  # a draw is the same for all elements of a batch
        tests["vmap"] = lambda: by_vmap(text, f, x)
    if name == "threads":
        tests["threads"] = lambda: by_threads(f, x, expected, slopes)
    for mode, run in tests.items():
        try:
            found, right = run()
        except TracedValueError:
            return "refused"
        except Exception as error:
            return f"{mode}: {type(error).__name__}: {' '.join(str(error).split())[:160]}"
        if np.shape(found) != np.shape(right):
            return f"{mode}: shape {np.shape(found)} instead of {np.shape(right)}"
        tolerance = 1e-10 if mode in ("value", "vmap") else 1e-6
        if not is_near(found, right, tolerance):
            return f"{mode}: wrong: {np.round(found, 4).tolist()} instead of {np.round(right, 4).tolist()}"[:300]
    return ""


def is_near(found: Any, right: Any, tolerance: float) -> bool:
    return np.allclose(found, right, rtol=tolerance, atol=tolerance * (1 + np.max(np.abs(right), initial=0.0)))


def check_general(rng: random.Random, number: int) -> tuple[str, str]:
    """A program of those for ``jit``: whether both modes find the same slope in one direction; and its text."""
    from random_programs import function_of, make_values, pack, random_program, source  # it imports this module's user

    program = random_program(rng)
    f = total_of(function_of(program, anp, tuple(make_values(program.closed, number + 10))))
    first, *rest = pack(program, make_values(program.inputs, number))
    step = tree_map(direction, first)
    try:
        f(first, *rest)
    except Exception:  # NumPy refuses it
        return "skipped", source(program)
    try:
        pushed = jvp(lambda x: f(x, *rest), (first,), (step,))[1]
        gradient = grad(f)(first, *rest)
    except TracedValueError:
        return "refused", source(program)
    except Exception as error:
        what = f"{type(error).__name__}: {' '.join(str(error).split())[:160]}"
        if isinstance(error.__cause__, TracedValueError):  # NumPy's, where a plain array cannot hold a traced value
            what = "refused"
        return ("skipped" if isinstance(error, TypeError) else what), source(program)
    terms = [np.asarray(g * t) for g, t in zip(tree_leaves(gradient), tree_leaves(step)) if g is not None]
    size = sum([float(np.sum(np.abs(each))) for each in terms])
    pulled = sum([float(np.sum(each)) for each in terms])
    tolerance = 1e-3 if "float32" in repr(program) else 1e-8
    if not np.isfinite(size) or np.abs(pulled - pushed) <= tolerance * (1 + size):
        return "", source(program)
    return f"forward mode gives {pushed}, reverse mode {pulled}", source(program)


def cotangent(expected: np.ndarray) -> Any:
    g = np.cos(np.arange(expected.size)).reshape(expected.shape)
    return (g * (1 - 0.5j) if expected.dtype.kind == "c" else g)[()]


def transposed(expected: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    return np.real(np.tensordot(cotangent(expected), slopes, expected.ndim))


def by_vjp(f, x, expected, slopes):
    output, pull = vjp(f, x.copy())
    return pull(cotangent(expected))[0], transposed(expected, slopes)


def by_vmap(text, f, x):
    batch = np.stack([x, x[::-1]])
    return vmap(f)(batch), np.array([function_of(text, False)(each.copy()) for each in batch])


def by_late_pullback(f, x, expected, slopes):
    """The pullback is asked after the argument, the output and the first result have been written to."""
    argument = x.copy()
    output, pull = vjp(f, argument)
    argument[:] = 77.0
    if isinstance(output, np.ndarray) and output.flags.writeable:
        output[...] = 77.0
    first = pull(cotangent(expected))[0]
    first[...] = 77.0
    return pull(cotangent(expected))[0], transposed(expected, slopes)


def by_linearize(f, x, slopes):
    argument = x.copy()
    output, push = linearize(f, argument)
    argument[:] = 77.0
    if isinstance(output, np.ndarray) and output.flags.writeable:
        output[...] = 77.0
    return push(x + 2), slopes @ (x + 2)


def by_threads(f, x, expected, slopes):
    results: list = [None] * 4

    def work(i):
        results[i] = by_vjp(f, x, expected, slopes)[0]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if any(result is None for result in results):
        raise RuntimeError("a thread failed")
    return np.array(results), np.array([transposed(expected, slopes)] * 4)


def check_number(name: str, rng: random.Random, number: int) -> tuple[str, str]:
    """What is wrong with a program of the class ``name``, as ``check`` says it, and its text."""
    if name == "general":
        return check_general(rng, number)
    text = text_of(name, rng)
    return check(name, text, make_input(name, rng), rng), text


def run_eager(count: int, seed: int, classes: list[str], most: int) -> bool:
    """Check ``count`` programs; prints the first of each kind of failure. Whether all are right."""
    counts: Counter = Counter()
    kinds: Counter = Counter()
    start = time.perf_counter()
    for number in range(seed, seed + count):
        rng = random.Random(number)
        name = rng.choice(classes)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            problem, text = check_number(name, rng, number)
        fails = problem not in ("", "skipped", "refused")
        counts[name, "failed" if fails else problem or "right"] += 1
        if fails:
            kind = f"{name}: {problem[:60]}"
            kinds[kind] += 1
            if kinds[kind] == 1 and len(kinds) <= most:
                print(f"--- program {number}, {name}\n{problem}\n{text}", flush=True)
    print(f"{time.perf_counter() - start:.0f} s")
    for name in classes:
        print(f"{name:12}", *[f"{counts[name, what]} {what}," for what in ("right", "failed", "refused", "skipped")])
    return not kinds
