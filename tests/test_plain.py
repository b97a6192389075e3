"""The plain pieces of the core, in the place of those that are written out for speed (``core/fast``): both agree."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import autodiff_trace

TABLES = """
    test_elementwise test_reductions test_selecting test_joining test_shapes test_contractions test_taylor test_vmap
    test_selections test_assignment
""".split()

SOME = "exp or power or arctan2 or maximum or where or divide or hypot"
"""Rows of the elementwise table that are run each time."""

FAST_ALONE = "memory or large or linear or jit or copies or aliasing"
"""Tests of what the fast pieces are there for: time and memory; and of programs, which are replayed by these."""


@pytest.mark.parametrize("table, some", [
    ("test_elementwise", SOME), *(pytest.param(table, "test", marks=pytest.mark.slow) for table in TABLES),
])
def test_tables_with_the_plain_pieces(table, some):
    chosen = f"({some}) and not ({FAST_ALONE})"
    run_plain("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"{table}.py", "-k", chosen)


def test_the_plain_pieces_run():
    found = run_plain("-c", PROGRAM)
    assert found == run(dict(os.environ), "-c", PROGRAM)


PROGRAM = """
import numpy as np
from autodiff_trace import grad, hessian, jvp, vmap, numpy as anp

def f(x):
    y = anp.where(x > 1.0, anp.sqrt(x - 1.0), x * 2.0)
    z = anp.zeros(3)
    z[1] = y[0]
    return anp.sum(anp.concatenate([y, z @ anp.outer(y, x)]) ** 2, keepdims=False) + anp.max(x) + y[1]

x = np.array([0.5, 1.0, 2.5])
for found in grad(f)(x), hessian(f)(x), jvp(f, (x,), (x,)), vmap(grad(f))(np.stack([x, x])):
    print(repr(found))
work = np.ones(3)
def g(x):
    total = 0.0
    for i in range(3):
        work[:] = i
        total = total + anp.sum(x * work)
    return total
print(grad(g)(x))
"""


def run_plain(*arguments):
    return run({**os.environ, "AUTODIFF_TRACE_PLAIN": "1"}, *arguments)


def run(environment, *arguments):
    root = Path(autodiff_trace.__file__).parent.parent
    environment["PYTHONPATH"] = str(root)
    done = subprocess.run([sys.executable, *arguments], cwd=Path(__file__).parent, env=environment,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout
