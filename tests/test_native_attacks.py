"""Native programs under attack: what people do to programs while they run."""

import signal
import subprocess
import sys

import pytest

pytest.importorskip("llvmlite", reason="the native back end needs llvmlite")

INTERRUPTED = """
import signal
import numpy as np
from autodiff_trace import jit, set_num_threads
from autodiff_trace import numpy as anp

signal.signal(signal.SIGALRM, signal.default_int_handler)
set_num_threads(2)
f = jit(lambda x: x * 2 + anp.sin(x) * anp.exp(x), backend="native")
x = np.linspace(0, 1, 1_000_000)
f(x)
expected = f(x)


def run_on():  # by itself: CPython 3.11 may raise at the end of a loop as if no try were around it
    while True:
        f(x)


for delay in (0.0001, 0.0005, 0.001, 0.002, 0.003) * 8:
    signal.setitimer(signal.ITIMER_REAL, delay)
    try:
        run_on()
    except KeyboardInterrupt:
        assert np.array_equal(f(x), expected)
print("done")
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no timers that send signals")
def test_interrupted_runs_on_several_threads_end():
    ran = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=60)
    assert ran.stdout == "done\n", ran.stderr
