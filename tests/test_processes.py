"""A pool of processes: rows as without it, errors with their row, nothing left behind."""

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from fresh_process import ROOT

from autodiff_trace import grad, jit, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.processes import ProcessPool, WorkerError
from benchmarks import processes

X = np.random.default_rng(0).normal(size=(10, 3))
W = np.random.default_rng(1).normal(size=(3, 3))
SHARED = Path("/dev/shm")


def loss(w, x):
    return anp.sum(anp.tanh(w @ x) ** 2)


def tree_of(row):
    return {"row": row["x"] * 2.0, "sum": (row["x"].sum() + row["k"], 1.0)}


def describe_array(array, k):
    return np.array([array[0], array.flags.writeable, float(os.environ["OMP_NUM_THREADS"]), k])


def write(array, k):
    array[0] = k
    return k


def fails(x):
    if x >= 3.0:
        raise ValueError(f"no value at {x}")
    return x


class Awkward(Exception):
    def __init__(self, one, two):
        super().__init__(one)


def fails_awkwardly(x):
    raise Awkward(1, 2)


def of_several_forms(x):
    return x if x < 5.0 else (x, x)


def returns_function(x):
    return lambda: x


def ends(x):
    os._exit(3)


class Unloadable:
    def __reduce__(self):
        return fails, (7.0,)


def blocks():
    return {path.name for path in SHARED.glob("psm_*")} if SHARED.exists() else set()


def is_left(before):
    """Whether blocks are there that were not: those of other programs on this machine go within seconds, and so do
    those that an error's traceback holds."""
    for _ in range(50):
        if blocks() <= before:
            return False
        gc.collect()
        time.sleep(0.1)
    return True


@pytest.fixture(scope="module")
def pool():
    before = blocks()
    with ProcessPool(2) as pool:
        yield pool
    assert not is_left(before)
    assert not multiprocessing.active_children()


# A jitted function goes over to machine code where llvmlite is there, whose tanh may differ in the last place.
@pytest.mark.parametrize("f, tolerance", [(grad(loss), 0.0), (jit(grad(loss)), 1e-14)])
def test_rows_are_mapped_as_vmap_maps_them(pool, f, tolerance):
    for _ in range(3):
        np.testing.assert_allclose(
            pool.map(f, W, X, in_axes=(None, 0)), np.stack([grad(loss)(W, x) for x in X]), rtol=0.0, atol=tolerance)
    np.testing.assert_allclose(pool.map(f, W, X.T, in_axes=(None, 1)), vmap(grad(loss), in_axes=(None, 0))(W, X))


def test_containers_go_in_and_out(pool):
    result = pool.map(tree_of, {"x": X, "k": np.arange(10)})
    np.testing.assert_array_equal(result["row"], 2.0 * X)
    np.testing.assert_array_equal(result["sum"][0], X.sum(1) + np.arange(10))
    np.testing.assert_array_equal(result["sum"][1], np.ones(10))
    one = pool.map(tree_of, {"x": X, "k": 1.0}, in_axes=({"x": 0, "k": None},))
    np.testing.assert_array_equal(one["sum"][0], X.sum(1) + 1.0)


def test_a_large_array_is_shared_and_cannot_be_written(pool):
    large = np.full(20_000, 7.0)
    for array in (large, large.reshape(200, 100).T.reshape(-1, order="F"), pool.share(large)):
        np.testing.assert_array_equal(
            pool.map(describe_array, array, np.arange(3.0), in_axes=(None, 0)), [[7.0, 0.0, 1.0, k] for k in range(3)])
    with pytest.raises(ValueError, match="read-only"):
        pool.map(write, large, np.arange(3.0), in_axes=(None, 0))


def test_a_shared_array_may_change_between_calls(pool):
    shared = pool.share(np.zeros((4, 20_000)))
    shared[2] = 1.0
    np.testing.assert_array_equal(pool.map(np.sum, shared), [0.0, 0.0, 20_000.0, 0.0])
    shared[0] = 2.0
    np.testing.assert_array_equal(pool.map(np.sum, shared), [40_000.0, 0.0, 20_000.0, 0.0])


def test_an_array_of_fortrans_order_stays_one(pool):
    table = np.asfortranarray(np.arange(40_000.0).reshape(200, 200))
    np.testing.assert_array_equal(pool.map(np.sum, table), table.sum(1))


def test_an_error_comes_back_with_its_row_and_the_pool_goes_on(pool):
    with pytest.raises(ValueError, match=r"no value at 3\.0") as error:
        pool.map(fails, np.arange(10.0))
    assert error.value.row == 3
    if sys.version_info >= (3, 11):
        assert "For row 3" in error.value.__notes__[0] and "in fails" in error.value.__notes__[0]
    np.testing.assert_array_equal(pool.map(fails, np.arange(3.0)), np.arange(3.0))


@pytest.mark.parametrize("function, text", [
    (fails_awkwardly, "raised what cannot be pickled"),
    (returns_function, "returned what cannot be pickled"),
    (of_several_forms, "the function returned"),
    (lambda x: x, "'<lambda>' does not travel to other processes .* Define the function at the top of a module"),
    (Unloadable(), r"a process cannot load the function or its arguments: ValueError: no value at 7\.0"),
])
def test_what_does_not_travel_is_one_clear_error(pool, function, text):
    with pytest.raises(TypeError, match=text):
        pool.map(function, np.arange(10.0))
    np.testing.assert_array_equal(pool.map(fails, np.arange(3.0)), np.arange(3.0))


def test_arguments_that_do_not_fit(pool):
    with pytest.raises(ValueError, match="in_axes has 2 entries for 1 arguments"):
        pool.map(fails, X, in_axes=(0, None))
    with pytest.raises(TypeError, match=r"ProcessPool\.map: no argument is mapped"):
        pool.map(fails, 1.0)
    with pytest.raises(ValueError, match=r"ProcessPool\.map: the mapped axes have different sizes"):
        pool.map(loss, X, X[:3])
    with pytest.raises(ValueError, match="there are no rows"):
        pool.map(fails, X[:0])
    with pytest.raises(TypeError, match=r"traces end at the process.*pool\.map\(grad\(f\), x\)"):
        grad(lambda x: pool.map(fails, x).sum())(np.arange(2.0))
    with pytest.raises(ValueError, match="processes=0"):
        ProcessPool(0)


def test_a_process_that_ends_is_one_clear_error():
    before, environment, others = blocks(), dict(os.environ), multiprocessing.active_children()
    pool = ProcessPool(1)
    assert dict(os.environ) == environment
    shared = pool.share(np.ones(20_000))
    with pytest.raises(WorkerError, match=r"exit code 3\), and the pool is closed"):
        pool.map(ends, np.arange(3.0))
    with pytest.raises(WorkerError, match="the pool is closed"):
        pool.map(fails, np.arange(3.0))
    pool.close()
    assert shared.sum() == 20_000.0  # who still has it can read it
    assert not is_left(before) and set(multiprocessing.active_children()) == set(others)


def test_a_script_without_a_main_guard_is_told(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "from autodiff_trace.processes import ProcessPool, WorkerError\n"
        "try:\n    ProcessPool(1)\nexcept WorkerError as error:\n    print(error)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=environment)
    assert 'the script lacks `if __name__ == "__main__":`' in done.stdout


INTERRUPTED = """
import numpy as np, os, signal, time
from autodiff_trace.processes import ProcessPool

def wait(row):
    open(f"running{int(row)}", "w").close()
    time.sleep(60.0)

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what runs in its background
    pool = ProcessPool(2)
    shared = pool.share(np.ones(20_000))
    try:
        print(*[process.pid for process in pool.workers.values()], flush=True)
        pool.map(wait, np.arange(4))
    except KeyboardInterrupt:
        print(len(pool.workers), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the signal is POSIX's")
def test_ctrl_c_ends_the_processes(tmp_path):
    before = blocks()
    script = tmp_path / "script.py"
    script.write_text(INTERRUPTED)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    running = subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment, cwd=tmp_path)
    numbers = [int(number) for number in running.stdout.readline().split()]
    while not (tmp_path / "running0").exists():
        time.sleep(0.01)
    running.send_signal(signal.SIGINT)
    try:
        rest, _ = running.communicate(timeout=30)
    finally:
        running.kill()
    assert rest == "0\n" and running.returncode == 0 and len(numbers) == 2
    for number in numbers:
        with pytest.raises(ProcessLookupError):
            os.kill(number, 0)
    assert not is_left(before)


def test_the_benchmark_at_a_tiny_size(capsys):
    processes.main(["--rows", "2", "--megabytes", "0.2", "--rounds", "1"])
    assert capsys.readouterr().out.count("\n") == 9


def test_the_recipe_runs(tmp_path):
    page = (ROOT / "docs" / "processes.md").read_text(encoding="utf-8")
    for number, block in enumerate(part.partition("```")[0] for part in page.split("```python\n")[1:]):
        (tmp_path / f"example{number}.py").write_text(block, encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, tmp_path / f"example{number}.py"], capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        assert "True" in done.stdout
