"""Regions: which steps are run together, in what order, and that results, errors and memory stay what they are."""

import itertools
import warnings

import numpy as np
import pytest

from autodiff_trace import grad, jit, scan, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.backends.native.partition import find_regions
from autodiff_trace.compiler.backends.numpy_source import calls
from autodiff_trace.compiler.ir.node import operands
from autodiff_trace.compiler.ir.region import Region
from autodiff_trace.compiler.pass_names import PASSES
from autodiff_trace.compiler.pipeline import prepare

from native_stand_in import StandIn, install

X = np.linspace(0.1, 1.2, 12).reshape(3, 4)
Y = X[::-1] + 0.5


@pytest.fixture(params=[False, True], ids=["", "refusing"])
def native(request, monkeypatch):
    install(monkeypatch)
    StandIn.refuses = request.param


def parted(function, *args, worth=lambda region: True):
    """The program of a function with regions, with the stand-in's steps native."""
    program = prepare(jit(function).graph(*args).program, PASSES)
    return find_regions(program, StandIn("own").accepts, worth)


def regions(program):
    return [step.function.program for step in program.steps if type(step.function) is Region]


def inverse(x):
    return anp.linalg.inv(x)  # no step of a region


def interleaved(x):
    a, b = anp.sin(x), inverse(x)
    c, d = anp.cos(a), inverse(b)
    return anp.tanh(c * d) + inverse(b + 1.0)


COUNTS = {
    "one": (lambda x: anp.sin(x) * anp.cos(x), 1),
    "before and after": (lambda x: anp.exp(inverse(anp.sin(x))), 2),
    "independent": (lambda x: anp.sin(x) + inverse(x), 1),  # NumPy's step comes first
    "interleaved": (interleaved, 2),
    "a guard inside": (lambda x: anp.sin(x) if anp.sum(x) > 0 else x, 1),
    "another use by Python": (lambda x: anp.sin(x * float(anp.sum(x))), 2),
    "draws": (lambda x: anp.sin(x) * anp.random.normal(size=(3, 3)) + anp.cos(x), 1),
    "nothing": (inverse, 0),
}
SQUARE = X[:, :3] + np.eye(3)


@pytest.mark.parametrize("name", COUNTS)
def test_regions_are_few(name):
    function, count = COUNTS[name]
    assert len(regions(parted(function, SQUARE))) == count


@pytest.mark.parametrize("name", COUNTS)
def test_operands_stand_before_their_use_and_guards_in_their_order(name):
    function, _ = COUNTS[name]
    program = parted(function, SQUARE)
    for each in (program, *regions(program)):
        known = set(each.inputs)
        for step in each.steps:
            assert all(operand.kind == "constant" or operand in known for operand in operands(step)), step
            known.add(step)
        assert all(output in known or output.kind == "constant" for output in each.outputs)
    guards = [step.out for each in program.steps
              for step in (each.function.program.steps if type(each.function) is Region else [each])
              if step.kind == "guard"]
    assert guards == sorted(guards)


def test_no_step_overtakes_a_guard():
    def function(x):
        if float(x[0, 0]) < 5:
            return anp.log(x) * 2
        return x

    program = parted(function, SQUARE)
    kinds = ["guard" if step.kind == "guard" else "region" for step in program.steps
             if step.kind == "guard" or type(step.function) is Region]
    assert kinds[-1] == "region" and "log" in [step.name for step in regions(program)[-1].steps]
    assert kinds.index("guard") < len(kinds) - 1


def test_views_are_made_where_they_are_read():
    def function(x):
        a = anp.sin(x)
        return inverse(a[:, :3]), a.T, anp.exp(a.T * 2)

    program = parted(function, np.vstack([X, X[:1] ** 2])[:3])
    (region,) = regions(program)
    assert [output.name for output in region.outputs] == ["sin", "exp"]  # of which NumPy makes the views
    assert sum(step.function in calls.VIEWS for step in program.steps) >= 2


def test_steps_wait_for_the_region_that_reads_them():
    def function(x):
        a = anp.cos(x) * 3  # for the second region alone
        b = anp.sum(anp.sin(x) * 2, axis=0)  # it takes less than what it is made of
        return anp.exp(inverse(anp.tanh(x))) * a + b

    first, second = regions(parted(function, SQUARE))
    assert sorted(output.name for output in first.outputs) == ["sum", "tanh"]
    assert "cos" in [step.name for step in second.steps]


def test_poor_regions_stay_with_numpy():
    assert not regions(parted(lambda x: anp.exp(inverse(x)), SQUARE, worth=lambda region: len(region.steps) > 1))


def aliases(function, *args):
    """Which results and arguments share memory, and which are one object."""
    results = [*function(*args), *args]
    return [(i, j, one is other, np.shares_memory(one, other))
            for (i, one), (j, other) in itertools.combinations(enumerate(results), 2)
            if isinstance(one, np.ndarray) and isinstance(other, np.ndarray)]


SHARING = {
    "an argument": lambda x, y: (x, anp.sin(x) * y),
    "the same twice": lambda x, y: (a := anp.sin(x) * y, a),
    "a view of it": lambda x, y: (a := anp.sin(x) * y, a.T, a[1:], a.reshape(-1)),
    "a view alone": lambda x, y: ((anp.sin(x) * y).T, anp.cos(y)),
    "a view of an argument": lambda x, y: (x.T, x[0], anp.sin(x) * y),
    "reversed": lambda x, y: ((anp.sin(x) * y)[::-1, ::-1].reshape(-1), anp.cos(x)),
    "equal": lambda x, y: (anp.sin(x) * y, anp.sin(x) * y),
    "of a loop": lambda x, y: (scan(lambda c, t: (anp.sin(c) * t, c + t), x, anp.stack([y] * 20))),
    "carried on as it is": lambda x, y: scan(lambda c, t: ((c[0], c[1] * t), c[1]), (x, y), anp.arange(1.0, 21.0))[0],
}


@pytest.mark.parametrize("name", SHARING)
def test_results_share_memory_as_with_numpy(name, native):
    function = SHARING[name]
    with_numpy, natively = jit(function, backend="numpy"), jit(function, backend="native")
    for _ in range(4):
        x, y = X + 0.0, Y + 0.0
        for one, other in zip(with_numpy(x, y), natively(x, y)):
            np.testing.assert_allclose(one, other, rtol=1e-14)
        assert aliases(with_numpy, x, y) == aliases(natively, x, y)


CLOSED = X + 0.0

FUNCTIONS = {
    "closed over": lambda x: anp.sin(x) * CLOSED,
    "guards": lambda x: anp.sin(x) * 2 if anp.max(x) < 1.3 else anp.cos(x) * x,
    "containers": lambda x: {"a": anp.sin(x) * x, "b": [anp.cos(x), (x * 2,)]},
    "numbers": lambda x: anp.sum(anp.sin(x) * 2),
    "none": lambda x: None,
    "assigned": lambda x: assigned(x),
    "gradient": grad(lambda x: anp.sum(anp.where(x > 0.5, anp.log(x), x**2) * CLOSED)),
    "mapped": vmap(lambda x: anp.sum(anp.tanh(x)) * x),
    "products": lambda x: (anp.tanh(x @ x.T) * 2) @ x,
    "masks": lambda x: (anp.sin(x) * 2)[x > 0.5],
    "errors ignored": lambda x: quiet_log(x),
}


def assigned(x):
    y = anp.zeros(12)
    y[3:6] = anp.sin(x[0, :3])
    y[0] = y[4] * 2
    return y, y[2:5]


def quiet_log(x):
    with np.errstate(divide="ignore"):
        return anp.log(x - x[0, 0]) + anp.exp(x)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_results_are_those_of_numpy(name, native):
    function = FUNCTIONS[name]
    natively = jit(function, backend="native")
    for x in (X, X, X * 1.01, X * 1.2, X):
        want, got = jit(function, backend="numpy")(x), natively(x)
        assert repr(got) == repr(want)
    assert natively.cache_info().failures == 0 and natively.cache_info().eager == 0
    if name not in ("none", "masks"):
        assert sum(region.runs for region in StandIn.regions)


def test_arrays_outside_are_read_anew(native):
    table = np.ones(4)
    function = jit(lambda x: anp.sin(x) * table + 1, backend="native")
    function(X)
    for value in (2.0, 3.0):
        table[:] = value
        np.testing.assert_array_equal(function(X), np.sin(X) * value + 1)


def test_warnings_are_those_of_the_function(native):
    function = jit(lambda x: anp.log(x) * 2 + x, backend="native")
    function(X), function(X)
    for handling, seen in (("warn", 1), ("ignore", 0), ("raise", FloatingPointError)):
        with warnings.catch_warnings(record=True) as caught, np.errstate(divide=handling):
            warnings.simplefilter("always")
            if handling == "raise":
                with pytest.raises(seen):
                    function(X * 0)
            else:
                assert (function(X * 0) == -np.inf).all()
                assert len(caught) == seen
    np.testing.assert_array_equal(function(X), np.log(X) * 2 + X)


def test_a_guard_that_does_not_hold_goes_to_the_other_program(native):
    function = jit(lambda x: anp.sin(x) * 2 if anp.sum(x) > 0 else anp.cos(x) * 3, backend="native")
    for sign in (1, -1, 1, -1, -1, 1):
        x = X * sign
        np.testing.assert_array_equal(function(x), np.sin(x) * 2 if sign > 0 else np.cos(x) * 3)
    assert function.cache_info().traces == 2


def test_states_are_written(native):
    class Counter:
        total = 0.0

        def step(self, x):
            self.total = self.total + anp.sum(anp.sin(x) * x)
            return anp.cos(x) * 2

    counter, plain = Counter(), Counter()
    step = jit(counter.step, backend="native")
    for i in range(8):
        np.testing.assert_array_equal(step(X + i), plain.step(X + i))
        assert float(counter.total) == pytest.approx(float(plain.total), rel=1e-14)


def test_arrays_in_another_layout_are_copied(native):
    # Of roll NumPy says that it keeps the layout of what it is given, which another step may give.
    def function(x):
        return anp.exp(anp.roll(anp.linalg.inv(x).T, 1, 0)) * 2

    natively = jit(function, backend="native")
    for _ in range(3):
        np.testing.assert_allclose(natively(SQUARE), function(SQUARE), rtol=1e-13)


def test_arguments_that_are_unaligned_or_of_another_byte_order(native):
    natively = jit(lambda x: anp.exp(x) * 2, backend="native")
    unaligned = np.zeros(25, np.uint8)[1:].view(float)
    for x in (unaligned + 0.5, unaligned, np.linspace(0, 1, 3).astype(">f8"), unaligned):
        for _ in range(3):
            np.testing.assert_array_equal(natively(x), np.exp(x) * 2)


def test_the_graph_says_what_runs_where(native):
    g = jit(lambda x: inverse(anp.sin(x) * 2), backend="native").graph(SQUARE)
    text = str(g)
    assert "def region_1(x):" in text and "# native\n" in text and "native region 1: float64[3,3]" in text
    assert "loops of" in g.native
    np.testing.assert_array_equal(g(SQUARE), inverse(np.sin(SQUARE) * 2))
    assert jit(lambda x: x * 2 + 1, backend="numpy").graph(X).native == ""


def test_a_program_that_is_one_region_calls_it_alone(native):
    function = jit(lambda x, y: anp.sin(x) * y + CLOSED, backend="native")
    function(X, Y), function(X, Y)
    executable = function.cache.latest[1].versions[0].tree.latest.executable
    assert type(executable).__name__ == "WholeRegion" and executable.code is None  # no source was ever compiled
