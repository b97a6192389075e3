"""The compilers that the benchmarks compare with: what each is given computes what NumPy by hand computes."""

from __future__ import annotations

import ctypes
import time

import numpy as np
import pytest

from benchmarks.c_compiler import C_COMPILERS, CPP_COMPILERS, build_library, find_compiler
from benchmarks.casadi_peer import pack, unpack
from benchmarks.comparison import bandwidth_table, best_table, first_call_table
from benchmarks.installed_size import installed_size, required
from benchmarks.library import Native
from benchmarks.limit import TooLong, limited
from benchmarks.page import results_page
from benchmarks.peers import EVERY, find_libraries, why_missing
from benchmarks.programs import casadi_losses, numba_loops, pytensor_losses
from benchmarks.programs.numba_compiler import prange
from benchmarks.suite import OK, TOO_LONG, Measurement, Row, agrees, measure, to_arrays
from benchmarks.targets import best_targets
from benchmarks.workload import LIBRARIES, Workload
from benchmarks.workloads import ALL

BY_NAME = {workload.name: workload for workload in ALL}

def started(name):
    library = find_libraries().get(name)
    if library is None:
        pytest.skip(f"{name}: {why_missing()[name]}")
    library.start(1)
    return library


def check(library, workload):
    inputs = workload.inputs()
    run = library.prepare(workload, inputs)
    expected = to_arrays(workload.by_hand(*inputs))
    assert agrees(to_arrays(run()), expected, workload.rtol)
    assert agrees(to_arrays(run()), expected, workload.rtol)


@pytest.mark.filterwarnings("ignore")  # peers may warn of what they like
@pytest.mark.parametrize("name", ["native", "torch-compile", "casadi-sx", "casadi-mx", "casadi-sx-c", "casadi-mx-c",
                                  "pytensor", "numba"])
def test_compilers_agree(name):
    check(started(name), BY_NAME["size-1e3"])


CASADI_ROWS = [
    ("casadi-sx", ["rosenbrock-loop", "hessian", "nested-6", "kalman", "lstm", "pendulum"]),
    ("casadi-mx", ["rosenbrock-loop", "hessian", "nested-6", "kalman", "lstm", "pendulum", "hvp", "rnn", "tanh-mlp"]),
]


@pytest.mark.parametrize("name, chosen", [(name, chosen) for name, rows in CASADI_ROWS for chosen in rows])
def test_casadi(name, chosen):
    check(started(name), BY_NAME[chosen])


SHORT = ["chain-scalar-10", "chain-vector", "rosenbrock-loop", "hessian", "nested-6", "pendulum", "size-1e3"]
LONG_IN_PYTHON = ["norms-rows", "norms-columns", "log-sum-exp", "hvp", "diffusion"]
LONG_WITH_NUMBA = ["kalman", "lstm"]
"""To compile. The others are like one of these, or take long in both; each run of the benchmarks checks all."""


@pytest.mark.parametrize("name", SHORT + LONG_IN_PYTHON + LONG_WITH_NUMBA)
def test_loops_by_hand(name):
    if name in (LONG_IN_PYTHON if prange is range else LONG_WITH_NUMBA):
        pytest.skip("takes seconds without Numba" if prange is range else "takes seconds with Numba")
    workload = BY_NAME[name]
    inputs = workload.inputs()
    found = to_arrays(numba_loops.find(name)(*inputs))
    assert agrees(found, to_arrays(workload.by_hand(*inputs)), workload.rtol)


def test_peers_programs_are_for_workloads():
    known = {*BY_NAME, "memory-chain"}
    assert casadi_losses.ELEMENTWISE | casadi_losses.COMMON | set(casadi_losses.OWN) <= known
    assert pytensor_losses.COMMON | set(pytensor_losses.OWN) <= known
    assert {*numba_loops.LOOPS, *numba_loops.SLOPES} <= known


def test_every_library_is_there_or_it_is_said_why():
    assert {library.name for library in EVERY} == set(LIBRARIES) == {*find_libraries(), *why_missing()}
    assert not {*find_libraries()} & {*why_missing()}
    assert all(why_missing().values())


def test_native_uses_the_losses_of_jit():
    workload = Workload("w", "", "", lambda: (1.0,), len, losses={"jit": max, "torch-compile": None, "torch": min})
    assert workload.loss_for("native", Native.like) is max
    assert workload.loss_for("torch-compile", "torch") is None
    assert workload.loss_for("jax") is len


def test_packed_arrays_come_back():
    random = np.random.default_rng(0)
    tree = [random.normal(size=3), (random.normal(size=(2, 3)), random.normal(size=(4, 2, 3))), 0.5]
    assert agrees(to_arrays(unpack(pack(tree), tree)), to_arrays(tree), 0.0)
    np.testing.assert_array_equal(pack(tree[1][0]), tree[1][0].ravel(order="F"))


def test_compilers_are_found(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert find_compiler("CXX", "no such") is None
    assert find_compiler("CXX", *CPP_COMPILERS) == find_compiler("NO_SUCH_VARIABLE", *CPP_COMPILERS)


def test_what_does_not_compile_is_said(tmp_path):
    if not find_compiler("CC", *C_COMPILERS):
        pytest.skip("no C compiler")
    source = tmp_path / "wrong.c"
    source.write_text("int answer(void) { return missing; }")
    with pytest.raises(RuntimeError, match="missing"):
        build_library(source)
    source.write_text("int answer(void) { return 42; }")
    assert ctypes.CDLL(str(build_library(source, "-O1"))).answer() == 42


# A limit on the first call


def wait_for_ever():
    while True:
        time.sleep(0.01)


def test_limit():
    with pytest.raises(TooLong), limited(0.02) as clock:
        wait_for_ever()
    assert clock.over
    with limited(60.0) as clock:
        pass
    assert not clock.over


def swallow():
    try:
        wait_for_ever()
    except BaseException:
        raise RuntimeError from None


@pytest.mark.parametrize("first_call", [wait_for_ever, swallow])
def test_what_compiles_too_long_is_not_timed(first_call):
    workload = Workload("slow", "", "", lambda: (1.0,), len, calls={"slow": lambda x: first_call,
                                                                   "fast": lambda x: lambda: 1.0})
    complaints = []
    row = measure(workload, {}, 0.0, 1, complaints.append, limit=0.02)
    assert (row.results["slow"].status, row.results["fast"].status, complaints) == (TOO_LONG, OK, [])


# Tables


def row(name, traffic=0, family="elementwise", **samples):
    results = {key: Measurement(OK, 2.0, [value]) for key, value in samples.items()}
    return Row(name, name, family, None, "numpy", results, traffic)


def cells(table):
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]


def test_best_of_the_others():
    rows = [row("a", eager=4.0, native=1.0, jax=2.0, numba=0.5), row("b", eager=4.0, native=1.0, jax=2.0)]
    assert cells(best_table(rows, ["eager", "native", "jax", "numba"])) == [
        ["a", "numba", "500 ms", "8", "2"], ["b", "jax", "2 s", "2", "0.5"]]
    assert best_table(rows, ["eager"]) == best_table(rows, ["jax"]) == ""


def test_first_calls():
    assert cells(first_call_table([row("a", jit=1.0)], ["jit", "jax"])) == [["a", "2 s"]]
    assert first_call_table([row("a", jit=1.0)], ["jax"]) == ""


def test_memory_is_as_fast_as_the_fastest_triad():
    rows = [row("triad", 10**8, "memory", numpy=0.02, jit=0.01), row("large", 10**7, numpy=0.002),
            row("small", 10**3, numpy=1.0), row("dense", 10**8, "dense", numpy=1.0)]
    table = bandwidth_table(rows, ["numpy", "jit", "jax"])
    assert "10.0 GB/s" in table
    assert cells(table) == [["triad", "10 ms", "2", "1"], ["large", "1 ms", "2", "-"]]
    assert bandwidth_table(rows[1:], ["numpy"]) == ""


def test_traffic_is_counted():
    workload = BY_NAME["size-1e3"]
    assert measure(workload, {"numpy": find_libraries()["numpy"]}, 0.0, 1, print).traffic == 16_000


def test_page():
    rows = [row("a", numpy=2.0, jit=1.0)]
    libraries = {name: find_libraries()[name] for name in ("numpy", "jit")}
    page = results_page("a machine", "the command", [], rows, libraries, {"native": "llvmlite not installed"}, {})
    assert page.startswith("# Results of the benchmarks")
    assert "`the command`, a machine" in page and "Without `native`: llvmlite not installed." in page
    assert ["a", "2 s", "**1 s**"] in cells(page)


def test_installed_size():
    assert {"numpy"} <= set(required(["NumPy"]))
    assert required(["no such distribution"]) == {}
    assert installed_size(["autodiff_trace"]) > installed_size(["numpy"]) > 10**6


def test_what_is_asked_beside_the_best_and_the_memory():
    rows = [row("triad", 10**8, "memory", numpy=0.01, native=0.018), row("a", native=1.0, numba=0.6),
            row("b", native=1.0, numpy=2.0, jit=0.1)]
    assert [(name, seen, reached) for name, _, seen, reached in best_targets(rows)] == [
        ("every workload", "on 1 of 3", False), ("every workload", "on 1 of 3", False), ("triad", "1.8 times", True)]
    assert list(best_targets([row("a", jit=1.0, numba=2.0)])) == []
