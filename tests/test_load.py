"""What holds under load: many threads, tasks and processes, long chains, wide and deep containers, many calls.

No test asserts a time: what has to be linear is compared with itself at another size, in steps that Python takes.
"""

from __future__ import annotations

import asyncio
import gc
import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import load_jobs
import numpy as np
import pytest
from fresh_process import ROOT, run_python
from load_jobs import X, loss

from autodiff_trace import (
    checkpoint, custom_vjp, fori_loop, grad, graph, hessian, jit, jvp, optim, scan, tree_flatten, tree_leaves, tree_map,
    tree_unflatten, value_and_grad, vmap,
)
from autodiff_trace import numpy as anp

ROWS = np.stack([X, X + 1.0, X + 2.0])


def nested(x, a):
    return grad(lambda z: anp.sum(grad(loss)(z, a) ** 2))(x)


CALLS = {
    "nested grad": (nested, X),
    "jit": (jit(nested), X),
    "vmap": (vmap(nested, in_axes=(0, None)), ROWS),
    "jit of vmap": (jit(vmap(grad(loss), in_axes=(0, None))), ROWS),
}


def expected_results(workers):
    """One by one, before there are threads; of another transformation, where that is traced anew each time."""
    plain = {"jit": nested, "jit of vmap": lambda rows, a: np.stack([grad(loss)(row, a) for row in rows])}
    return {(name, a): plain.get(name, function)(x, float(a))
            for name, (function, x) in CALLS.items() for a in range(workers)}


# Threads, tasks and processes


@pytest.mark.parametrize("calls", [40, pytest.param(2000, marks=pytest.mark.slow)])
def test_sixteen_threads(calls):
    workers = 16
    expected, faults, start = expected_results(workers), [], threading.Barrier(workers)

    def work(a):
        start.wait()
        try:
            for i in range(calls):
                name = list(CALLS)[(i + a) % len(CALLS)]
                function, x = CALLS[name]
                np.testing.assert_allclose(function(x, float(a)), expected[name, a], rtol=1e-11)
        except BaseException as error:
            faults.append((a, name, error))

    threads = [threading.Thread(target=work, args=(a,)) for a in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_tasks():
    expected = expected_results(4)

    async def work(i):
        for name, (function, x) in CALLS.items():
            await asyncio.sleep(0)
            np.testing.assert_allclose(function(x, float(i % 4)), expected[name, i % 4], rtol=1e-11)

    async def main():
        await asyncio.gather(*map(work, range(50)))

    asyncio.run(main())


def test_tasks_within_a_traced_function():
    def f(x):
        async def part(k):
            await asyncio.sleep(0)
            return x * k * grad(lambda y: y * x)(1.0)

        async def parts():
            return sum(await asyncio.gather(*map(part, range(5))))

        return asyncio.run(parts())

    assert grad(f)(3.0) == 2 * 3.0 * 10


def test_tasks_that_trace_do_not_see_each_other():
    async def slope(a):
        seen = []

        def f(x):
            seen.append(x)
            return x**a

        first = grad(f)(2.0)
        await asyncio.sleep(0)
        return first, grad(f)(2.0), len(seen)

    async def main():
        return await asyncio.gather(*map(slope, range(1, 20)))

    for a, (first, second, count) in enumerate(asyncio.run(main()), start=1):
        assert first == second == a * 2.0 ** (a - 1) and count == 2


def can_be_pickled(thing):
    try:
        return bool(pickle.dumps(thing))
    except (AttributeError, pickle.PicklingError):
        return False


def test_a_pool_of_processes():
    adam = load_jobs.adam
    jobs = [
        (load_jobs.call, grad(loss), X), (load_jobs.call, load_jobs.slope, X), (load_jobs.call, jit(grad(loss)), X),
        (load_jobs.call, vmap(grad(loss)), ROWS), (load_jobs.call, graph(loss, X), X),
    ]
    if can_be_pickled(adam):
        jobs.append((load_jobs.take_step, adam, X, adam.init(X)))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        results = [future.result() for future in [pool.submit(*job) for job in jobs]]
    for (function, *args), result in zip(jobs, results):
        for one, other in zip(tree_leaves(result), tree_leaves(function(*args)), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12)


@pytest.mark.parametrize("function, x", [
    (grad(loss), X), (jit(loss), X), (load_jobs.slope, X), (vmap(jit(grad(loss))), ROWS), (graph(loss, X), X),
], ids=["grad", "jit", "decorated", "vmap", "graph"])
def test_copies_that_pickle_makes(function, x):
    copy = pickle.loads(pickle.dumps(function))
    for one, other in zip(tree_leaves(copy(x)), tree_leaves(function(x)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


# Size


@pytest.mark.parametrize("length", [10**5, pytest.param(10**6, marks=pytest.mark.slow)])
def test_a_long_chain(length):
    def chain(x):
        for _ in range(length // 2):
            x = x * 0.999999
            x = x + 1e-7
        return x

    slope = 0.999999 ** (length // 2)
    assert grad(chain)(1.0) == pytest.approx(slope, rel=1e-9)
    assert jvp(chain, (1.0,), (1.0,))[1] == pytest.approx(slope, rel=1e-9)


@pytest.mark.parametrize("width", [10**4, pytest.param(10**5, marks=pytest.mark.slow)])
def test_a_wide_fan(width):
    assert grad(lambda x: sum([x * float(i) for i in range(width)]))(1.0) == width * (width - 1) / 2
    items = grad(lambda x: sum([x[i] * float(i) for i in range(width)]))(np.ones(width))
    assert np.array_equal(items, np.arange(float(width)))


def test_fifty_nested_grads():
    def power(x, depth):
        return x if depth == 0 else x * grad(lambda y: y * power(x, depth - 1))(x)

    # Each level is x times the level below, seen as a constant by the grad around it.
    assert power(1.25, 50) == pytest.approx(1.25**51)
    f = anp.exp
    for _ in range(8):
        f = grad(f)
    assert f(0.5) == pytest.approx(np.exp(0.5))
    f = lambda x: 3.0 * x  # noqa: E731
    for _ in range(50):
        f = grad(f)
    assert f(2.0) == 0.0


def count_calls(function):
    """How many functions Python calls, its own and those in C."""
    count = 0

    def look(frame, event, arg):
        nonlocal count
        count += event in ("call", "c_call")

    function()  # what the first call sets up
    sys.setprofile(look)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


def first_and_last(tree):
    leaves = tree if isinstance(tree, list) else list(tree.values())
    return anp.sum(leaves[0] * leaves[-1])


TREES = {
    "list of floats": lambda n: [float(i) for i in range(n)],
    "dict of arrays": lambda n: {f"w{i}": np.full(2, float(i)) for i in range(n)},
}
JITTED = jit(grad(first_and_last))
TRANSFORMED = {
    "map": lambda tree: tree_map(abs, tree),
    "grad": grad(first_and_last),
    "jit": JITTED,
    "vmap": lambda tree: vmap(first_and_last)(tree_map(lambda x: np.zeros(3) + np.sum(x), tree)),
}


@pytest.mark.parametrize("kind", TREES)
@pytest.mark.parametrize("name", TRANSFORMED)
def test_wide_containers_take_linear_time(name, kind):
    small, large = TREES[kind](100), TREES[kind](400)
    few, many = (count_calls(lambda tree=tree: TRANSFORMED[name](tree)) for tree in (small, large))
    assert many < 4.2 * few


def test_a_container_of_leaves_alone_is_taken_apart_at_once():
    tree = {"a": [float(i) for i in range(1000)], "b": tuple(range(1000))}
    assert count_calls(lambda: tree_unflatten(*reversed(tree_flatten(tree)))) < 150


def test_containers_of_a_hundred_thousand_leaves():
    tree = [float(i) for i in range(10**5)]
    gradient = grad(first_and_last)(tree)
    assert (gradient[0], gradient[-1], sum(gradient[1:-1])) == (99999.0, 0.0, 0.0)
    assert {type(each) for each in gradient} == {np.float64}


def nest(depth, leaf):
    for _ in range(depth):
        leaf = [leaf]
    return leaf


def innermost(tree):
    while isinstance(tree, list):
        tree = tree[0]
    return tree


def square_inside(tree):
    return innermost(tree) ** 2


@pytest.mark.parametrize("run", [
    lambda tree, like: grad(square_inside)(tree), lambda tree, like: jit(grad(square_inside))(tree),
    lambda tree, like: grad(checkpoint(square_inside))(tree), lambda tree, like: tree_map(lambda x: 2 * x, tree),
    lambda tree, like: value_and_grad(square_inside)(tree)[1],
    lambda tree, like: optim.sgd(1.0).update(tree, optim.sgd(1.0).init(tree), tree_map(lambda x: 3 * x, tree))[0],
], ids=["grad", "jit", "checkpoint", "map", "value_and_grad", "optim"])
def test_a_thousand_levels(run):
    tree = nest(1000, 3.0)
    assert innermost(run(tree, tree)) == 6.0


def test_a_thousand_levels_of_a_batch():
    tree = nest(1000, np.arange(3.0))
    assert np.array_equal(vmap(square_inside)(tree), [0.0, 1.0, 4.0])
    assert np.array_equal(vmap(square_inside, in_axes=(nest(1000, 0),))(tree), [0.0, 1.0, 4.0])
    assert np.array_equal(innermost(vmap(lambda x: x, out_axes=nest(1000, 0))(tree)), np.arange(3.0))


# Memory


@custom_vjp
def squares(x):
    return anp.sum(x * x)


squares.defvjp(lambda x: (squares(x), x), lambda x, g: (2 * x * g,))


def assign(x):
    y = anp.zeros(5)
    y[:2] = x[:2]
    y[2:] = x[2:] * 2
    return anp.sum(y**2)


def refused(x):
    try:
        return grad(lambda x: float(x))(x)
    except TypeError as error:
        return error.args


JITTED_LOSS = jit(grad(loss), backend="numpy")
GRADIENTS = {
    "grad": lambda: grad(loss)(X),
    "scalar": lambda: grad(lambda x: x * x + anp.sin(x))(2.0),
    "container": lambda: value_and_grad(lambda t: loss(t["a"]) * t["b"][0])({"a": X, "b": [1.0, 2.0]}),
    "nested": lambda: nested(X, 1.5),
    "jvp": lambda: jvp(loss, (X,), (X,)),
    "hessian": lambda: hessian(loss)(X),
    "vmap": lambda: vmap(grad(loss))(ROWS),
    "assignment": lambda: grad(assign)(X),
    "views": lambda: grad(lambda x: anp.sum(x[:4].reshape(2, 2).T @ x[1:3]))(X),
    "checkpoint": lambda: grad(checkpoint(loss))(X),
    "scan": lambda: grad(lambda x: scan(lambda c, t: (c * x[0] + t, c), 1.0, x)[0])(X),
    "fori_loop": lambda: grad(lambda x: fori_loop(0, 3, lambda i, c: c * x, 1.0))(1.1),
    "custom": lambda: grad(squares)(X),
    "jit": lambda: JITTED_LOSS(X),
    "graph": lambda: graph(loss, X),
    "error": lambda: refused(X),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_nothing_waits_for_the_garbage_collector(name, small_heap):
    run = GRADIENTS[name]
    for _ in range(20):
        run()
    gc.collect()
    was_on = gc.isenabled()
    gc.disable()
    try:
        for _ in range(5):
            run()
        unreachable = gc.collect()
    finally:
        if was_on:
            gc.enable()
    assert unreachable == 0


@pytest.mark.parametrize("count", [1000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_memory_stays_flat_without_the_garbage_collector(count, small_heap):
    def run(times):
        for _ in range(times):
            grad(loss)(X)
            JITTED_LOSS(X)

    run(200)
    gc.collect()
    gc.disable()
    try:
        run(200)  # fills the lists of free objects again
        before = sys.getallocatedblocks()
        run(count)
        grown = sys.getallocatedblocks() - before
    finally:
        gc.enable()
    assert grown < 0.1 * count


def test_a_net_of_fifty_layers_keeps_one_array_a_layer():
    lines = run_python("""if True:
        import tracemalloc
        import numpy as np
        from autodiff_trace import grad, jit, nn
        random = np.random.default_rng(0)
        weights = [random.normal(size=(32, 32)) / 6 for _ in range(50)]
        x = random.normal(size=(600, 32))
        for activation in np.tanh, nn.relu:
            def loss(weights, x):
                for W in weights:
                    x = activation(x @ W)
                return np.mean(x * x)
            compiled = jit(grad(loss), backend="numpy")
            for run in grad(loss), compiled, compiled:
                tracemalloc.start()
                run(weights, x)
                print(activation.__name__, tracemalloc.get_traced_memory()[1] / x.nbytes)
                tracemalloc.stop()
    """, OMP_NUM_THREADS="1")
    assert len(lines) == 6 and all(float(line.split()[1]) < 72 for line in lines), lines  # of two a layer: 100


# Import


def test_import_loads_no_compiler_and_little_else():
    lines = run_python("""if True:
        import sys
        import numpy
        before = set(sys.modules)
        import autodiff_trace
        loaded = sorted(set(sys.modules) - before)
        print(*[name for name in loaded if not name.startswith("autodiff_trace")])
        print(*[name for name in loaded if name.startswith(("autodiff_trace.compiler.record", "autodiff_trace.testing",
                                                            "autodiff_trace.captured_state"))])
        print(len([name for name in loaded if name.startswith("autodiff_trace")]))
        from autodiff_trace import compiler, graph, jit
        print(jit(lambda x: x + 1.0)(1.0), graph(lambda x: x * 2.0, 3.0)(2.0))
        from typing import get_type_hints
        print(get_type_hints(graph)["return"] is compiler.Graph, get_type_hints(jit)["backend"] is str)
        print(compiler.graph is graph, compiler.Graph.__name__, compiler.JitWarning.__name__, "Graph" in dir(compiler))
        print({"optim", "nn", "debugging", "debug_nans", *autodiff_trace.__all__} <= {*dir(autodiff_trace)},
              "autodiff_trace.optim" in sys.modules)
        print(autodiff_trace.optim.__name__, autodiff_trace.testing.__name__)
    """)
    others, absent, count, results, hints, names, listed, modules = lines
    assert not set(others.split()) & {"argparse", "pathlib", "fractions", "decimal", "ipaddress", "html"}
    assert absent == "" and int(count) < 210
    assert results == "2.0 4.0" and hints == "True True" and names == "True Graph JitWarning True"
    assert modules == "autodiff_trace.optim autodiff_trace.testing" and listed == "True False"


def test_sixteen_threads_load_the_compiler_at_once():
    assert run_python("""if True:
        import threading
        import numpy as np
        from autodiff_trace import checkpoint, grad, graph, jit
        start, results = threading.Barrier(16), []
        def work(i):
            start.wait()
            with np.errstate(all="raise"):
                square = (jit(lambda x: x * x), graph(lambda x: x * x, 1.0), checkpoint(lambda x: x * x))[i % 3]
                results.append(grad(lambda x: square(x))(float(i)) if i % 3 != 1 else 2 * square(float(i)) / max(i, 1))
        threads = [threading.Thread(target=work, args=(i,)) for i in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        print(sorted(map(float, results)))
    """) == [str([2.0 * i for i in range(16)])]


SURROUNDINGS = {
    "without assertions": (["-O"], {}),
    "warnings are errors": (["-W", "error"], {}),
    "the C locale": ([], {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
}


PROGRAM = """if True:
    import numpy as np
    from autodiff_trace import checkpoint, fori_loop, grad, graph, jit, jvp, nn, optim, vmap
    def loss(x):
        return np.sum(np.tanh(x) * x)
    x = np.linspace(-1.0, 1.0, 5)
    slope = grad(loss)(x)
    step = optim.adam(0.1)
    for other in (jit(grad(loss)), grad(checkpoint(loss)), grad(lambda x: jvp(loss, (x,), (x,))[0])):
        assert np.allclose(other(x), slope) or exit("wrong")
    assert np.allclose(vmap(grad(loss))(np.stack([x, x])), slope) or exit("wrong")
    print(np.allclose(graph(grad(loss), x)(x), slope), grad(lambda x: fori_loop(0, 3, lambda i, y: y * x, 1.0))(2.0))
    step.update(slope, step.init(x), x)
    try:
        grad(lambda x: float(x))(1.0)
    except TypeError as error:
        print(str(error).isascii(), len(str(error)) > 20)
    print(graph(lambda x: x * 2.0, 1.0))
"""


@pytest.mark.parametrize("flags, environment", SURROUNDINGS.values(), ids=SURROUNDINGS)
def test_surroundings(flags, environment):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run([sys.executable, *flags, "-c", PROGRAM], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == "True 12.0" and len(done.stdout.splitlines()) > 3
