"""What jit costs: linear in what is recorded, and bounded by what was asked of it."""

import random

import numpy as np
import pytest

from autodiff_trace import grad, graph, hessian, jit
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.graph.graph import Graph
from autodiff_trace.compiler.ir.node import operands
from autodiff_trace.compiler.backends.numpy_source.executable import Executable
from autodiff_trace.captured_state.random_states import RandomStates, frozen


def running_maximum(x):
    best = anp.zeros(len(x))
    best[0] = x[0]
    for i in range(1, len(x)):
        best[i] = anp.maximum(best[i - 1], x[i])
    return best


def two_before(x):
    out = anp.zeros(len(x))
    out[:2] = x[:2]
    for i in range(2, len(x)):
        out[i] = 0.5 * out[i - 1] + out[i - 2] * x[i]
    return out


def rows(x):
    out = anp.zeros((len(x), 3))
    out[0] = x[0]
    for i in range(1, len(x)):
        out[i] = anp.sin(out[i - 1]) + x[i]
    return out


def backwards(x):
    out = anp.zeros(len(x))
    for i in range(len(x) - 1, -1, -1):
        out[i] = x[i] * (out[i + 1] if i + 1 < len(x) else 1.0)
    return out


def from_argument(x):
    y = x * 1.0
    for i in range(1, len(x)):
        y[i] = y[i] * y[i - 1]
    return y


LOOPS = [running_maximum, two_before, rows, backwards, from_argument]


def elements(g: Graph) -> int:
    """How many numbers the steps of the compiled program read and write, but for those in place."""
    steps = [step for step in g.optimized.steps if step.kind == "call"]
    whole = ("assign", "getitem", "after", "row", "tolist")
    listed = sum(len(operands(step)) for step in g.optimized.steps)
    return listed + sum(step.spec.size for step in steps if step.name not in whole
                        and step.function.__class__.__name__ != "Kernel" and step.name not in ("set_item", "add_at"))


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("loss", [lambda y: anp.sum(y * y), lambda y: anp.sum(y), lambda y: y[len(y) - 1].sum()])
def test_gradients_of_loops_that_fill_a_buffer(loop, loss):
    gradient = grad(lambda x: loss(loop(x)))
    x = np.random.default_rng(0).normal(size=16)
    compiled = jit(gradient)
    for scale in (1.0, 0.5, 1.0):
        np.testing.assert_allclose(compiled(x * scale), gradient(x * scale), rtol=1e-12)
    assert compiled.cache_info().hits == 2
    x[3] = np.inf
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(compiled(x), gradient(x), rtol=1e-12)


@pytest.mark.parametrize("loop", LOOPS)
def test_these_programs_are_linear(loop):
    gradient = grad(lambda x: anp.sum(loop(x) ** 2))
    random_numbers = np.random.default_rng(0)
    small, large = (elements(graph(gradient, random_numbers.normal(size=n))) for n in (16, 64))
    assert large < 6 * small


@pytest.mark.parametrize("loop", LOOPS)
def test_their_hessians(loop):
    second = hessian(lambda x: anp.sum(anp.sin(loop(x))))
    x = np.random.default_rng(0).normal(size=6)
    compiled = jit(second)
    for _ in range(2):
        np.testing.assert_allclose(compiled(x), second(x), rtol=1e-10, atol=1e-12)


def test_long_programs_that_read_shapes_are_right():
    def long(x):
        for _ in range(4000):
            x = anp.sin(x) + 0.5 * anp.ones_like(x)
        return x, anp.zeros_like(x) + 2.0

    x = np.random.default_rng(0).normal(size=800)
    compiled = jit(long)
    for scale in (1, 2):
        for got, expected in zip(compiled(x * scale), long(x * scale)):
            np.testing.assert_allclose(got, expected, rtol=1e-13)


def test_states_of_generators_are_compared_at_once():
    state = random.getstate()
    assert frozen(state) is state
    states = RandomStates([np.random.default_rng(0)])
    assert not states.drawn_from(states.numpy)
    random.random()
    assert states.drawn_from(states.numpy)
    states.restore()
    assert not states.drawn_from(states.numpy)


def count(x, n):
    for _ in range(int(n)):
        x = anp.sin(x) + 1.0
    return anp.sum(x)


def halve(x, n):
    while anp.sum(x * x) > 1.0:
        x = x * 0.8
    return x * n


def bits(x, n):
    n = n * 1.0
    for _ in range(5):
        x = anp.sin(x) if n % 2 < 1 else anp.cos(x)
        n = n // 2
    return x


def draws(x, n):
    y = x + anp.random.normal(size=3)
    for _ in range(int(n)):
        y = anp.sin(y)
    return y


def depends_on_draws(x, n):
    y = anp.random.normal(size=3)
    return x * 2 if anp.sum(y) > 0 else x * 3


PATHS = [count, halve, bits, draws, depends_on_draws]


@pytest.mark.parametrize("function", PATHS)
def test_many_paths_in_random_order(function, monkeypatch):
    compiled = jit(function)
    numbers = random.Random(0)
    x = np.array([0.3, 0.2, 0.1])
    np.random.seed(0)
    runs = []
    run = Executable.run
    monkeypatch.setattr(Executable, "run", lambda self, leaves: runs.append(self) or run(self, leaves))
    for _ in range(200):
        n = float(numbers.randrange(31))
        seed = np.random.get_state()
        got = compiled(x * (1 + n), n)
        after = np.random.get_state()[2]
        np.random.set_state(seed)
        np.testing.assert_allclose(got, function(x * (1 + n), n), rtol=1e-13)
        assert np.random.get_state()[2] == after
    info = compiled.cache_info()
    assert info.eager == 0 and info.programs <= 32 and info.hits == 200 - info.traces
    assert len(runs) <= 200 * 6


def test_programs_of_one_path_ask_nothing():
    compiled = jit(lambda x: x if x > 0 else -x)
    for x in (1.0, 2.0, -1.0, -2.0, -3.0, 1.0):
        assert compiled(x) == abs(x)
    for i in range(20):
        assert compiled(float(i + 1)) == i + 1
    (entry,) = compiled.cache.entries.values()
    assert entry.versions[0].tree.is_plain
