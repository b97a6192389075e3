"""Loops are rolled: what they give is what the program gives without, and what differs from turn to turn stays."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from compiled import assert_like

from autodiff_trace import grad, jit, tree_leaves, tree_map, vjp
from autodiff_trace import numpy as anp
from autodiff_trace.compiler import PASSES
from autodiff_trace.compiler.pipeline import prepare
from autodiff_trace.compiler.ir.loop import Loop, all_steps
from autodiff_trace.compiler.ir.node import Node, Program
from autodiff_trace.compiler.rolling import rolling, wide_calls



@pytest.fixture(autouse=True)
def short_programs_too(monkeypatch):
    monkeypatch.setattr(rolling, "PYTHON_LOOPS", rolling.PYTHON_LOOPS._replace(fewest=200))
    monkeypatch.setattr(wide_calls, "MANY_STEPS", 100)


UNROLLED = tuple(name for name in PASSES if name != "loops")
FORCES = np.sin(np.arange(60.0))
X = np.linspace(-1.0, 1.0, 6)
P = np.array([9.8, 0.1])
random = np.random.default_rng(0)
WEIGHTS = random.normal(size=(5, 5)) / 3, random.normal(size=(5, 3)), random.normal(size=5), random.normal(size=(60, 3))


def chain(x):
    for _ in range(150):
        x = anp.sin(x) * 0.9
    return x


def count_up(x):
    for i in range(150):
        x = x * 0.99 + i
    return x


def two_turns_before(x):
    before, now = x, x * 0.5
    for _ in range(150):
        before, now = now, anp.cos(now) + 0.3 * before
    return now - before


def three_turns_before(x):
    a, b, c = x, x * 0.5, x * 0.25
    for _ in range(150):
        a, b, c = b, c, anp.cos(a) + 0.3 * b
    return c - a + b


def slope(y, p):
    return anp.array([y[1], -p[0] * anp.sin(y[0]) - p[1] * y[1]])


def runge_kutta(p, slope=slope, y=(1.0, 0.0), turns=25):
    y, h = anp.array(y), 0.01
    for _ in range(turns):
        k1 = slope(y, p)
        k2 = slope(y + h / 2 * k1, p)
        k3 = slope(y + h / 2 * k2, p)
        k4 = slope(y + h * k3, p)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return anp.sum(y * y)


def driven(forces):
    """Scalars alone; each turn reads an item."""
    angle, speed = 0.1, 0.0
    for i in range(len(forces)):
        force = forces[i] - 0.1 * speed - 9.81 * anp.sin(angle)
        middle = speed + 0.005 * force
        angle, speed = angle + 0.01 * middle, speed + 0.01 * (force - 9.81 * anp.sin(angle + 0.005 * middle))
    return 10.0 * (1.0 + anp.cos(angle)) + speed**2 + 0.005 * anp.sum(forces**2)


def backwards(xs):
    total = 0.0
    for i in range(len(xs) - 1, -1, -2):
        total = anp.tanh(total * 0.7 + xs[i] * xs[i - 1]) + anp.exp(-total) / (1 + xs[i] ** 2)
    return total


def rows(xs):
    y = anp.ones(3)
    for i in range(len(xs) - 1):
        y = anp.tanh(y * xs[i] + xs[i + 1]) - y * 0.5 * xs[i, 0]
    return y


def windows(x):
    y = x[:4]
    for i in range(55):
        y = anp.tanh(y * x[i:i + 4]) + 0.1 * y / (1 + y * y)
    return y


def network(w, u, b, xs):
    hidden = anp.zeros(5)
    loss = 0.0
    for i in range(len(xs)):
        hidden = anp.tanh(w @ hidden + u @ xs[i] + b)
        loss = loss + anp.sum(hidden * hidden)
    return loss


def all_states(x):
    states = []
    for _ in range(60):
        x = anp.sin(x) * 0.9 + anp.cos(x) * 0.1
        states.append(x)
    return states


def views_of_states(x):
    y = x.reshape(2, 3)
    states = []
    for _ in range(60):
        states.append(y[0])
        y = anp.sin(y) * 0.9 + y[::-1] * anp.cos(y)
    return anp.stack(states), y.T


def written_small(x):
    for i in range(100):
        x = x.copy()
        x[i % 3] = anp.sin(x[1] * x[2]) + 0.5 * x[0]
    return x


def buffer_filled(x):
    y = anp.zeros(200)
    y[0] = x
    for i in range(199):
        y[i + 1] = anp.sin(y[i]) * 0.9 + 0.1
    return y


def growing(x):
    for _ in range(60):
        x = anp.concatenate([anp.sin(x), x[:1]]) * 0.9
    return x


def unchanged(x):
    y = x
    for _ in range(150):
        y, x = anp.sin(x) * y, x * 1.0
    return y, x


def under_error_state(x):
    for _ in range(120):
        with np.errstate(divide="ignore"):
            x = anp.log(anp.abs(x)) * 0.5
        x = x + 1.5
    return x


def selecting(x):
    for _ in range(60):
        x = anp.where(x > 0, anp.sqrt(anp.where(x > 0, x, 1.0)), 0.0) * 0.9 - 0.05 * x
    return x


def complex_numbers(z):
    for _ in range(60):
        z = z * z * 0.5 + anp.conj(z) * 0.3 + 0.1j
    return anp.abs(z)


def integers(n):
    for _ in range(120):
        n = (n * 5 + 3) % 1001
    return n


def guarded(x):
    for _ in range(60):
        x = anp.sin(x) * 0.9 + 0.1 if anp.sum(x) > -100 else x * x
    return x


def guarded_rows(xs):
    y = xs[0]
    for i in range(60):
        y = anp.sin(y * xs[i]) * 0.9 + 0.1 if anp.sum(y) > -100 and xs[i, 0] != 77.0 else y * y
    return y


def nested(x):
    for _ in range(12):
        for _ in range(12):
            x = anp.sin(x) * 0.9
        x = anp.cos(x) + x
    return x


def nothing_kept(x):
    y = x
    for _ in range(100):
        y = anp.sin(y) * 0.9
    return x * 2


def list_of_parameters(xs):
    y = xs[0]
    for x in xs:
        y = anp.sin(y * x) + anp.cos(y) * 0.5 - y * x
    return y


def gradient(function):
    def of(*args):
        outputs, pull = vjp(function, *args)
        return pull(tree_map(anp.ones_like, outputs))

    return of


def product_with_hessian(p):
    gradient = grad(lambda p: runge_kutta(p, turns=10))
    return grad(lambda p: anp.sum(gradient(p) * anp.array([1.0, -2.0])))(p)


CASES = {
    "chain": (chain, (X,), 1), "chain of floats": (chain, (0.3,), 1), "float32": (chain, (np.float32(0.3) * X,), 1),
    "counting": (count_up, (X,), 1), "counting floats": (count_up, (0.5,), 1),
    "two turns before": (two_turns_before, (X,), 1), "three turns before": (three_turns_before, (0.4,), 1),
    "Runge-Kutta": (runge_kutta, (P,), 1), "its gradient": (gradient(runge_kutta), (P,), 2),
    "Hessian-vector": (product_with_hessian, (P,), None),
    "driven": (driven, (FORCES,), 1), "its pullback": (gradient(driven), (FORCES,), 2),
    "backwards": (backwards, (np.sin(np.arange(80.0)),), 1),
    "backwards pulled": (gradient(backwards), (np.sin(np.arange(80.0)),), 2),
    "rows": (rows, (WEIGHTS[3],), 1), "windows": (windows, (np.linspace(0, 1, 60),), 1),
    "network": (network, WEIGHTS, 0), "its gradients": (gradient(network), WEIGHTS, 0),
    "all states": (all_states, (X,), 1), "all states of floats": (all_states, (0.3,), 1),
    "views of states": (views_of_states, (X,), None), "written": (written_small, (X,), None),
    "buffer": (buffer_filled, (0.3,), 0), "growing": (growing, (X,), 0), "unchanged": (unchanged, (X,), 1),
    "unchanged floats": (unchanged, (0.7,), 1), "error state": (under_error_state, (X + 3,), 1),
    "selecting": (selecting, (X,), None), "selecting pulled": (gradient(selecting), (X,), None),
    "complex": (complex_numbers, (X + 0.5j * X[::-1],), 1),
    "complex number": (complex_numbers, (0.3 + 0.2j,), 1),
    "integers": (integers, (np.arange(5),), 1), "integer": (integers, (7,), 1),
    "guarded": (guarded, (X,), 1), "guarded pulled": (gradient(guarded), (X,), None),
    "guarded rows": (guarded_rows, (WEIGHTS[3],), 1),
    "guarded float": (guarded, (0.3,), 1),
    "nested": (nested, (X,), None), "nothing kept": (nothing_kept, (X,), 0),
    "list": (list_of_parameters, ([*np.linspace(0, 1, 60)],), 1),
    "list of arrays": (list_of_parameters, ([*np.linspace(0, 1, 120).reshape(60, 2)],), None),
}


def loops_in(function, *args):
    program = prepare(jit(function).graph(*args).program, PASSES)
    return [step.function for step in program.steps if type(step.function) is Loop]


def varied(arg):
    return arg * 3 if type(arg) is int or getattr(arg, "dtype", None) == np.int64 else arg * type(arg)(0.75) if \
        isinstance(arg, (float, complex)) else (arg * 0.75).astype(arg.dtype)


@pytest.mark.parametrize("name", CASES)
def test_a_rolled_program_gives_what_the_same_gives_without_loops(name):
    function, args, loops = CASES[name]
    rolled, plain = jit(function), jit(function, passes=UNROLLED)
    others = tree_map(varied, args)
    with np.errstate(all="ignore"):
        for values in (args, others, args):
            found, again, expected = rolled(*values), plain(*values), function(*values)
            assert list(map(type, tree_leaves(found))) == list(map(type, tree_leaves(again)))
            assert_like(tree_map(np.asarray, found), tree_map(np.asarray, expected))
            for one, other in zip(tree_leaves(found), tree_leaves(again)):
                np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)
    info = rolled.cache_info()
    assert info.failures == 0 and info.eager == 0 and info.traces <= 2
    assert loops is None or len(loops_in(function, *args)) == loops


OTHER_PASSES = [("loops",), *[(name, "loops") for name in PASSES if name != "loops"],
                *[tuple(each for each in PASSES if each != name) for name in PASSES]]
WITH_OTHER_PASSES = ["chain of floats", "its gradient", "its pullback", "unchanged", "selecting pulled"]


@pytest.mark.parametrize("number", range(len(OTHER_PASSES)))
def test_with_other_passes(number):
    """Each choice of passes on one of the programs, which differ from one choice to the next."""
    name, passes = WITH_OTHER_PASSES[number % len(WITH_OTHER_PASSES)], OTHER_PASSES[number]
    function, args, _ = CASES[name]
    compiled = jit(function, passes=passes)
    for values in (args, tree_map(varied, args)):
        assert_like(tree_map(np.asarray, compiled(*values)), tree_map(np.asarray, function(*values)))
    assert compiled.cache_info().failures == 0


def test_the_program_grows_with_the_body_and_not_with_the_turns():
    short, long = (jit(grad(lambda p, turns=turns: runge_kutta(p, turns=turns))).graph(P) for turns in (30, 90))
    assert len(long.program.steps) > 2.5 * len(short.program.steps)
    assert len(list(all_steps(long.optimized))) == len(list(all_steps(short.optimized)))


def test_what_is_the_same_in_all_turns_is_computed_once():
    def function(x, w):
        for _ in range(100):
            x = anp.sin(x) * anp.exp(w)[0] + w[1]
        return x

    (loop,) = loops_in(function, 0.3, X)
    assert not {"exp", "getitem"} & {step.name for step in loop.body.steps}


def test_results_share_no_memory():
    compiled = jit(unchanged)
    compiled(X)
    y, x = compiled(X)
    assert not np.shares_memory(x, X) and not np.shares_memory(x, y)
    states = jit(all_states)
    states(X)
    first, second = states(X), states(X)
    assert len({id(each) for each in first}) == len(first)
    assert not any(np.shares_memory(a, b) for a, b in zip(first, second))
    assert not any(np.shares_memory(a, b) for a, b in zip(first, first[1:]))


def test_results_share_the_memory_that_they_share_without_jit():
    def function(xs, w):
        states = []
        for i in range(60):
            y = anp.sin(xs[i]) + w
            z = anp.exp(w)
            states += [y, z] if i % 2 else [z, xs[i]]
            last = xs[i]
        return states, last

    args = WEIGHTS[3], X[:3]
    compiled = jit(function, passes=("loops", "common", "dead code", "buffers"))
    for _ in range(3):
        states, last = compiled(*args)
        assert np.shares_memory(last, args[0])
        assert not any(np.shares_memory(states[i], states[j]) for i in range(120) for j in range(i) if i - j < 9)
        assert [np.shares_memory(each, args[0]) for each in states] == [i % 4 == 1 for i in range(120)]


def test_numbers_of_turns_that_differ_in_the_sign_of_a_zero():
    """It says on which side of a branch cut they lie."""

    def function(z, numbers):
        total = 0.0
        for i in range(120):
            total = total * 0.9 + anp.sqrt(z * numbers[i == 5 or i % 7 == 0])
        return total

    for numbers in ((complex(-1.0, -0.0), complex(-1.0, 0.0)), (np.complex64(-1 - 0j), np.complex64(complex(-1, 0.0)))):
        compiled = jit(lambda z, numbers=numbers: function(z, numbers))
        for z in (np.ones(2), np.arange(1.0, 3.0), np.ones(2)):
            np.testing.assert_allclose(compiled(z), function(z, numbers), rtol=1e-12)


def test_a_loop_of_which_nothing_is_left():
    def function(x):
        y = x
        for _ in range(100):
            y = anp.reshape(anp.reshape(x, (2, 3)), (6,))
        return y

    assert_like(jit(function)(X), X)


def test_guards_in_turns():
    """Each turn has an outcome of its own, and programs that part in the middle of a loop are all kept."""

    def function(x, limits):
        for i in range(80):
            x = anp.sin(x) * 0.9 + 0.1
            if x > limits[i]:
                x = x * 0.5
        return x

    limits = np.full(80, 10.0)
    assert len(loops_in(function, 0.3, limits)) == 1
    compiled = jit(function)
    for place in (None, 40, 0, 79, 41, None, 40, 79, 0, None):
        varied = limits.copy()
        if place is not None:
            varied[place] = -10.0
        for x in (0.3, 0.4):
            assert compiled(x, varied) == pytest.approx(function(x, varied), rel=1e-14)
    info = compiled.cache_info()
    assert info.traces == info.programs == 5 and info.hits == 15 and info.failures == 0


@pytest.mark.parametrize("use, values", [
    (lambda x, a: 1.0 / a * x if a != 0.0 else x, (4.0, 2.0, 0.0, 3.0, 0.0)),
    (lambda x, a: anp.log(a) * x if a[0] > 0 else x, (*(np.full(2, k) for k in (4.0, 2.0, -1.0, 3.0, 0.0)),)),
    (lambda x, a: anp.linalg.cholesky(a) @ x if a[0, 0] > 0 else x, (*(np.eye(2) * k for k in (4, 2, -1, 3, 0)),)),
])
def test_what_is_the_same_in_all_turns_and_may_fail_waits_for_the_guards_before_it(use, values):
    def function(x, a):
        for _ in range(100):
            x = x * 0.5 + use(x, a)
        return x

    x = np.ones(2) if isinstance(values[0], np.ndarray) else 1.5
    (loop,) = loops_in(lambda x, a: function(anp.sin(x), a), x, values[0])
    assert not {"divide", "truediv", "log", "cholesky"} & {step.name for step in loop.body.steps}
    compiled = jit(function)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for a in values:
            np.testing.assert_allclose(compiled(x, a), function(x, a), rtol=1e-12)
    info = compiled.cache_info()
    assert (info.traces, info.hits, info.failures) == (2, 3, 0)


def test_what_is_not_finite_is_computed_without_trust():
    compiled = jit(lambda x: driven(x))
    forces = np.sin(np.arange(60.0))
    compiled(forces)
    for place in (0, 30, 59):
        for bad in (np.inf, np.nan):
            wrong = forces.copy()
            wrong[place] = bad
            with np.errstate(all="ignore"):
                np.testing.assert_array_equal(compiled(wrong), driven(wrong))
    assert compiled.cache_info().failures == 0


def test_calls_in_several_threads_share_nothing():
    function = grad(runge_kutta)
    compiled = jit(function)
    points = [P * factor for factor in (1.0, 1.1, 1.2, 1.3)]
    expected = [function(p) for p in points]
    compiled(P)
    with ThreadPoolExecutor(4) as pool:
        for _ in range(20):
            for found, right in zip(pool.map(compiled, points), expected):
                np.testing.assert_allclose(found, right, rtol=1e-12)


def test_a_division_by_zero_in_a_turn_raises():
    def function(x):
        y = 0.0
        for i in range(200):
            y = y + 1 / (x - i)
        return y

    assert len(loops_in(function, 0.5)) == 1
    compiled = jit(function)
    assert compiled(0.5) == function(0.5) and compiled(0.25) == function(0.25)
    with pytest.raises(ZeroDivisionError):
        compiled(57.0)


def test_a_loop_on_a_program_built_by_hand():
    x = Node(None, (), {}, 1.0, "x", "input")
    steps = []
    last = x
    for i in range(400):
        last = Node(anp.sin if i % 2 else anp.cos, (last,), {}, np.float64(0.5), "f")
        steps.append(last)
    rolled = rolling.roll(Program([x], steps, [last]))
    assert sum(type(step.function) is Loop for step in rolled.steps) == 1 and len(rolled.steps) < 60
    assert rolling.roll(Program([x], steps[:100], [steps[99]])).steps == steps[:100]
