"""``jit`` is safe: no shared memory, arguments untouched, variables watched; errors, random numbers, threads."""

import collections
import copy
import gc
import random
import threading
import traceback
import types
import warnings

import numpy as np
import pytest
from jit_checks import assert_same, check_calls, expect_warnings

from autodiff_trace import extend
from autodiff_trace import grad, jit, tree_leaves, tree_map, value_and_grad
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.backends.numpy_source.arena import Arena, arena
from autodiff_trace.compiler.dispatch.limits import MOST_STATES

X = np.array([1.0, 2.0, 3.0])
OUTSIDE = np.ones(3)
SCALE = 2.0


# Memory

RETURNS = {
    "argument": lambda x: x,
    "argument twice": lambda x: (x, x),
    "equal results": lambda x: (x + 1, x + 1),
    "nothing done": lambda x: (x + 0, x * 1, x - 0, +x),
    "views of the argument": lambda x: (x[1:], x.T, x.ravel(), x.reshape(3, 1), anp.squeeze(x[None]), anp.real(x)),
    "copies of the argument": lambda x: (x.copy(), x.astype(float), anp.array(x), anp.concatenate([x])),
    "asarray": lambda x: anp.asarray(x),
    "outside": lambda x: (OUTSIDE, x * OUTSIDE, OUTSIDE[1:]),
    "constant": lambda x: np.arange(3.0),
    "buffer": lambda x: (x, anp.zeros(3) + 1),
    "filled buffer": lambda x: fill_buffer(x),
    "views of a result": lambda x: (lambda y: (y, y[1:], y[::-1]))(x * 2),
    "broadcast": lambda x: anp.broadcast_to(x, (2, 3)) * 1,
    "selected": lambda x: (anp.where(x > 0, x, x), anp.maximum(x, x)),
    "sums over one": lambda x: anp.sum(x[None], axis=0),
    "gradient that is constant": grad(lambda x: anp.sum(x)),
    "gradients that are equal": lambda x: grad(lambda x, y: anp.sum(x + y), argnums=(0, 1))(x, x),
    "gradients that are the other's value": lambda x: grad(lambda x, y: anp.sum(x * y), argnums=(0, 1))(x, x),
    "ones like": lambda x: (anp.ones_like(x), anp.zeros_like(x)),
    "through buffers": lambda x: [anp.sin(x) * 2 + i for i in range(4)],
}


def fill_buffer(x):
    buffer = anp.zeros(3)
    for i in range(3):
        buffer[i] = x[i] * 2
    return buffer


@pytest.mark.parametrize("function", RETURNS.values(), ids=RETURNS)
def test_results_share_memory_only_as_eager_ones_do(function):
    compiled = jit(function)
    for _ in range(3):
        x = X.copy()
        expected, actual = function(x), compiled(x)
        assert_same(actual, expected)
        arrays, eager_arrays = tree_leaves(actual), tree_leaves(expected)
        for i, (array, eager) in enumerate(zip(arrays, eager_arrays)):
            assert np.may_share_memory(array, x) <= np.may_share_memory(eager, x)
            assert np.may_share_memory(array, OUTSIDE) <= np.may_share_memory(eager, OUTSIDE)
            assert array.flags.writeable == eager.flags.writeable
            for other, eager_other in zip(arrays[:i], eager_arrays):
                assert np.may_share_memory(array, other) <= np.may_share_memory(eager, eager_other)
        for array in arrays:
            if not np.may_share_memory(array, OUTSIDE):
                array[...] = 99.0  # spoils what it shares memory with


def test_results_of_later_calls_leave_earlier_ones_alone():
    compiled = jit(lambda x: (anp.sin(x) * x + 1, anp.cumsum(x * 2)))
    arguments = [np.arange(4000.0) + i for i in range(4)]
    results = [compiled(x) for x in arguments]
    for result, x in zip(results, arguments):
        assert_same(result, (np.sin(x) * x + 1, np.cumsum(x * 2)))


def test_arguments_are_not_written_to():
    def assign(x):
        x[0] = 9.0
        x += 1
        return x * 2

    compiled = jit(assign)
    for _ in range(3):
        x = X.copy()
        assert_same(compiled(x), np.array([20.0, 6.0, 8.0]))
        assert_same(x, X)
    for function in (lambda x: x + 1, lambda x: anp.sin(anp.exp(x)) * x, grad(lambda x: anp.sum(x**2))):
        x = X.copy()
        x.flags.writeable = False
        assert_same(jit(function)(x), function(x))


def test_arguments_are_not_written_to_without_programs_either():
    def assign(x):
        x[0] = float(x[1]) * 2
        return x

    compiled = jit(assign)
    with expect_warnings("Python saw new values"):
        for i in range(40):
            x = X + i
            assert_same(compiled(x), assign(x.copy()))
            assert_same(x, X + i)


def test_arguments_are_not_written_to_after_an_error():
    def assign(x, n):
        x[0] = 9.0
        return x.sum() if n == 0 else x.tobytes() if n == 1 else anp.linalg.inv(x[:1, None] * 0)

    compiled = jit(assign, static_argnames="n")
    x = X.copy()
    with expect_warnings("tobytes"):
        compiled(x, 1)
    for _ in range(2):
        with pytest.raises(np.linalg.LinAlgError):
            compiled(x, 2)
        compiled(x, 0)
    assert_same(x, X)


def test_views_and_item_assignment():
    def function(x):
        y = x * 2
        view = y[1:]
        view[0] = 7.0
        y[2] += view[0]
        rows = anp.zeros((2, 3))
        rows[0] = y
        rows[1, ::2] = x[0]
        return y, rows

    check_calls(function, X, X + 1)
    check_calls(grad(lambda x: anp.sum(function(x)[1] ** 2)), X, X + 1)


# Variables outside


def test_closed_over_numbers_and_rebinding():
    scale = 2.0
    array = X

    def function(x):
        return x * scale + array

    compiled = jit(function)
    assert_same(compiled(1.0), function(1.0))
    scale = 3.0
    assert_same(compiled(1.0), function(1.0))
    array = X + 1
    assert_same(compiled(1.0), function(1.0))
    array = X.astype(np.float32)
    assert_same(compiled(1.0), function(1.0))
    traces = compiled.cache_info().traces
    scale, array = 3.0, array
    assert_same(compiled(1.0), function(1.0))
    assert compiled.cache_info().traces == traces == 4


def test_globals(monkeypatch):
    compiled = jit(lambda x: x * SCALE)
    assert compiled(1.0) == 2.0
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    assert compiled(1.0) == 3.0
    monkeypatch.setitem(globals(), "SCALE", 3)
    assert type(compiled(1)) is int


def test_globals_that_come_later():
    namespace = {"__name__": "__main__"}
    exec("def f(x):\n    return abs(x) * LATER if x > 0 else x\n", namespace)
    compiled = jit(namespace["f"])
    assert compiled(-1.0) == -1.0
    namespace["LATER"] = 2.0
    assert compiled(1.0) == 2.0
    namespace["LATER"] = 3.0
    assert compiled(1.0) == 3.0
    namespace["abs"] = lambda x: -x
    assert compiled(1.0) == -3.0


def test_helpers_and_their_variables():
    offset = [1.0]

    def helper(x, extra=[10.0]):  # noqa: B006
        return x + offset[0] + extra[0]

    compiled = jit(lambda x: helper(x) * 2)
    assert compiled(0.0) == 22.0
    offset[0] = 2.0
    assert compiled(0.0) == 24.0
    helper.__defaults__[0][0] = 0.0
    assert compiled(0.0) == 4.0
    helper.__defaults__ = ([5.0],)
    assert compiled(0.0) == 14.0
    helper = lambda x: -x  # noqa: E731, F841
    assert compiled(1.0) == -2.0


def test_containers_outside():
    for container, change in [
        ([1.0, 2.0], lambda c: c.append(3.0)), ([1.0, 2.0], lambda c: c.__setitem__(0, 5.0)),
        ({1.0: 2.0}, lambda c: c.update({3.0: 4.0})), ({1.0}, lambda c: c.add(2.0)),
        (collections.deque([1.0]), lambda c: c.append(2.0)), ({1.0: 0}, lambda c: (c.clear(), c.update({2.0: 0}))),
        ([[1.0]], lambda c: c[0].append(2.0)), (({"a": [1.0]},), lambda c: c[0]["a"].append(1.0)),
    ]:
        def function(x, container=container):
            return x * sum(map(float, str(container).count("1") * [1.0])) + len(str(container))

        compiled = jit(function)
        assert compiled(2.0) == function(2.0)
        change(container)
        assert compiled(2.0) == function(2.0), container


class Base:
    factor = 1.0


class Holder(Base):
    def __init__(self):
        self.config = types.SimpleNamespace(z=2.0)
        self._shift = 3.0

    @property
    def shift(self):
        return self._shift * self.factor

    def method(self, x):
        return x * self.factor * self.config.z + self.shift


class Slotted:
    __slots__ = ("value",)


def test_attributes(monkeypatch):
    holder, slotted = Holder(), Slotted()
    slotted.value = 1.0
    function = lambda x: holder.method(x) * slotted.value  # noqa: E731
    compiled = jit(function)
    changes = [
        lambda: setattr(holder.config, "z", 5.0), lambda: setattr(holder, "_shift", 0.5),
        lambda: monkeypatch.setattr(Base, "factor", 7.0), lambda: setattr(holder, "factor", 2.0),
        lambda: setattr(slotted, "value", 2.0), lambda: delattr(holder, "factor"),
        lambda: monkeypatch.setattr(Holder, "method", lambda self, x: x),
    ]
    assert compiled(1.0) == function(1.0)
    for change in changes:
        change()
        assert compiled(1.0) == function(1.0)


def test_arrays_outside_are_read_when_the_program_runs():
    array = X.copy()
    compiled = jit(lambda x: x * array)
    for _ in range(4):
        assert_same(compiled(2.0), 2 * array)
        array += 1
    assert compiled.cache_info().traces == 1


@pytest.mark.parametrize("function", [
    lambda x, a: x * a[0], lambda x, a: x * a.sum(), lambda x, a: x * (a * 2), lambda x, a: x * np.sin(a),
    lambda x, a: [x * item for item in a], lambda x, a: x + (a * 2)[1:] * a[:2],
])
def test_what_plain_numpy_computes_from_arrays_outside_is_noticed(function):
    array = X.copy()
    compiled = jit(lambda x: function(x, array))
    for change in (0.0, 1.0, 1.0):
        array[1:] += change
        array[0] -= change
        assert_same(compiled(2.0), function(2.0, array))
        assert_same(compiled(3.0), function(3.0, array))
    large = np.arange(10000.0)
    compiled = jit(lambda x: x * large.sum())
    assert compiled(1.0) == large.sum()
    large *= 2
    assert compiled(1.0) == large.sum()


def test_variables_that_change_all_the_time():
    """Numbers are inputs from then on (test_jit_outside); what is no number is not."""
    power = "a"

    def function(x):
        return x * len(power)

    compiled = jit(function)
    with expect_warnings("variables outside it change often"):
        for i in range(MOST_STATES + 5):
            power = "a" * i
            assert compiled(1.0) == i


def test_function_that_changes_what_is_outside():
    """Traced values do not stay in lists, dicts, attributes and variables, and the changes are made in each call."""
    log, holder, counter, total = [], Holder(), np.zeros(1), 0.0

    def append(x):
        log.append(x * 2)
        return x

    def set_attribute(x):
        holder.last = x
        holder.count = getattr(holder, "count", 0) + 1
        return x

    def count(x):
        counter[0] += 1
        return x

    def add(x):
        nonlocal total
        total = total + x
        return x

    for function in (append, set_attribute, count, add):
        compiled = jit(function)
        is_compiled = function in (set_attribute, add)
        with expect_warnings("changes variables outside it", count=0 if is_compiled else 1):
            for i in range(20):
                assert compiled(float(i)) == i
        assert (compiled.cache_info().hits > 10) == is_compiled
    assert log == [2.0 * i for i in range(20)] and {type(item) for item in log} == {float}
    assert (holder.count, holder.last, type(holder.last)) == (20, 19.0, float)
    assert counter[0] == 20 and total == 190.0 and type(total) is float


def test_tables_that_are_filled_once():
    table = {}

    def function(x):
        if "ones" not in table:
            table["ones"] = anp.zeros(3) + 1
        return x * table["ones"]

    compiled = check_calls(function, 1.0, 2.0, 3.0)
    assert type(table["ones"]) is np.ndarray
    assert compiled.cache_info().programs == 1


def test_plain_arrays_that_are_written_while_they_are_used():
    def function(x):
        scratch = np.zeros(3)
        result = 0.0
        for i in range(3):
            scratch[:] = i
            result = result + x * scratch
        return result

    compiled = jit(function)
    with expect_warnings("writes into a plain array"):
        for _ in range(2):
            assert_same(compiled(X), function(X))


def test_what_cannot_be_watched_is_run_eagerly():
    many = list(range(100_000))
    compiled = jit(lambda x: x * many[3])
    with expect_warnings("too many variables"):
        assert (compiled(1.0), compiled(2.0)) == (3.0, 6.0)


def test_watching_costs_little_and_stays_out_of_packages():
    compiled = jit(lambda x: anp.sin(x) * SCALE + np.cos(x) * pytest.approx(1.0).expected)
    compiled(1.0)
    (entry,) = compiled.cache.entries.values()
    (version,) = entry.versions
    assert version.captured.count < 20


# Errors

FAILING = {
    "singular": (anp.linalg.inv, np.eye(2), np.zeros((2, 2))),
    "index": (lambda x: x[int(x[0])], np.zeros(2), np.full(2, 7.0)),
    "division": (lambda x: 1 / x, 1.0, 0.0),
    "overflow": (lambda x: 2.0**x, 1.0, 1e5),
    "cholesky": (anp.linalg.cholesky, np.eye(2), -np.eye(2)),
    "own": (lambda x: x if x > 0 else [][0], 1.0, -1.0),
    "key": (lambda x: {1: 2.0}[x], 1, 2),
    "own message": (lambda x: raise_error(ValueError("bad", x)) if x > 1 else x, 1.0, 2.5),
    "warning": (lambda x: anp.log(x) * 2, np.ones(2), np.zeros(2)),
    "gradient": (value_and_grad(lambda x: anp.sum(anp.log(x))), np.ones(2), np.zeros(2)),
}


def raise_error(error):
    raise error


def outcome_of(function, x):
    try:
        return function(x)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("case", FAILING)
def test_errors_are_those_of_the_function(case):
    function, good, bad = FAILING[case]
    for order in ((good, bad, good, bad, good), (bad, good, bad, good)):
        compiled = jit(function)
        for x in order:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                actual, expected = outcome_of(compiled, x), outcome_of(function, x)
            assert_same(actual, expected)


def test_traceback_shows_the_emitted_line(monkeypatch):
    monkeypatch.setenv("AUTODIFF_TRACE_TRACEBACK", "full")
    compiled = jit(lambda x: anp.linalg.solve(x, X[:2]))
    compiled(np.eye(2))
    with pytest.raises(np.linalg.LinAlgError) as caught:
        compiled(np.zeros((2, 2)))
    text = "".join(traceback.format_exception(caught.value))
    assert 'File "<autodiff_trace jit function' in text and "= solve(" in text and __file__ in text


def test_error_handling_of_numpy():
    compiled = jit(lambda x: anp.log(x) + 1)
    assert_same(compiled(X), np.log(X) + 1)
    for _ in range(2):
        with np.errstate(all="raise"), pytest.raises(FloatingPointError):
            compiled(X * 0)
        with pytest.warns(RuntimeWarning):
            compiled(X * 0)
        with np.errstate(all="ignore"):
            assert_same(compiled(X * 0), np.full(3, -np.inf))

    def quiet(x):
        with np.errstate(divide="ignore"):
            return anp.log(x)

    check_calls(quiet, X * 0, X)
    with np.errstate(all="raise"):
        check_calls(quiet, X * 0, X)


def test_errors_that_the_function_catches():
    def factor(x):
        try:
            return anp.linalg.cholesky(x)
        except np.linalg.LinAlgError:
            return x * 0

    def number(x):
        try:
            return int(x) * 1.0
        except ValueError:
            return -1.0

    for calls in ((np.eye(2), -np.eye(2)), (-np.eye(2), np.eye(2))):
        check_calls(factor, *calls)
    for calls in ((1.0, float("nan")), (float("nan"), 1.0)):
        check_calls(number, *calls)
    compiled = jit(factor)
    with expect_warnings("catches errors"):
        for _ in range(12):
            assert_same(compiled(-np.eye(2)), np.eye(2) * 0)


def test_what_traced_values_cannot_do_is_no_error():
    compiled = jit(lambda x: x * len(x.tobytes()))
    with expect_warnings("tobytes"):
        assert (compiled(X).tolist(), compiled(2 * X).tolist()) == ((24 * X).tolist(), (48 * X).tolist())


# Random numbers

DRAWS = {
    "normal": lambda x: x * anp.random.normal(size=3),
    "two": lambda x: x * anp.random.rand() + anp.random.rand(),
    "branch": lambda x: x * anp.random.rand() if anp.random.rand() < 0.5 else -x * anp.random.normal(),
    "loop": lambda x: sum(anp.random.rand() for _ in range(anp.random.randint(1, 4))) * x,
    "permutation": lambda x: anp.random.permutation(4) * x,
    "choice": lambda x: (anp.random.choice(5, size=2) * x, anp.random.choice(5) * x, anp.random.choice(X) * x),
    "index": lambda x: X[anp.random.randint(0, 3)] * x,
    "traced parameters": lambda x: anp.random.normal(loc=x, scale=anp.abs(x) + 1),
    "size": lambda x: anp.random.uniform(size=int(anp.random.randint(1, 4))) * x,
    "gradient": grad(lambda x: anp.sum((x * anp.random.normal(size=3)) ** 2)),
    "own generator": lambda x: x * anp.random.default_rng(3).normal(),
    "seeded inside": lambda x: (anp.random.seed(5), x * anp.random.rand())[1],
}
HIDDEN_DRAWS = {
    "plain": lambda x: x * np.random.normal(),
    "module random": lambda x: x * random.random(),
    "both": lambda x: x * anp.random.rand() * np.random.rand(),
    "shuffle": lambda x: (lambda a: (anp.random.shuffle(a), a * x)[1])(np.arange(4)),
}


def draw_often(function):
    np.random.seed(0)
    random.seed(0)
    results = [function(1.5) for _ in range(8)]
    return results, np.random.rand(), random.random()


@pytest.mark.parametrize("draw", DRAWS)
def test_random_numbers_are_drawn_anew(draw):
    compiled = jit(DRAWS[draw])
    assert_same(draw_often(compiled), draw_often(DRAWS[draw]))
    assert compiled.cache_info().hits > 0


@pytest.mark.parametrize("draw", HIDDEN_DRAWS)
def test_random_numbers_that_the_trace_does_not_see(draw):
    compiled = jit(HIDDEN_DRAWS[draw])
    with expect_warnings("random"):
        assert_same(draw_often(compiled), draw_often(HIDDEN_DRAWS[draw]))


@pytest.mark.parametrize("make", [np.random.default_rng, np.random.RandomState, random.Random])
def test_generators(make):
    generator = make(0)
    draw = "random" if hasattr(generator, "random") else "rand"
    closed_over = jit(lambda x: x * getattr(generator, draw)())
    passed = jit(lambda x, generator: x * getattr(generator, draw)())
    for function in (closed_over, lambda x: passed(x, generator)):
        with expect_warnings("random numbers"):
            results = [function(2.0) for _ in range(4)]
        generator = make(0)
        assert results == [2.0 * getattr(generator, draw)() for _ in range(4)]
        generator = make(0)


def test_random_numbers_after_an_error():
    def function(x):
        r = anp.random.rand()
        return 1 / (x * 0) if r < 0.5 else r

    compiled = jit(function)
    np.random.seed(1)
    expected = [outcome_of(function, 1.0) for _ in range(10)]
    np.random.seed(1)
    assert [outcome_of(compiled, 1.0) for _ in range(10)] == expected


# Threads


def test_threads():
    def function(x):
        return anp.sum(anp.sin(x) * x + x[0]) * anp.cos(x) if x[0] > 0 else x * 2

    compiled = jit(function)
    failures = []

    def work(seed):
        rng = np.random.default_rng(seed)
        try:
            for _ in range(30):
                x = rng.normal(size=rng.integers(1, 4) * 500)
                np.testing.assert_allclose(compiled(x), function(x), rtol=1e-12)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    info = compiled.cache_info()
    assert (info.keys, info.programs, info.eager) == (3, 6, 0)


def test_recursion_through_the_jitted_function():
    @jit
    def power(x, n):
        return x if n <= 1 else x * power(x, n - 1)

    assert (power(2.0, 5), power(2.0, 3), power(2.0, 5)) == (32.0, 8.0, 32.0)
    assert grad(power)(2.0, 3) == 12.0


def test_copies_of_results_are_not_needed():
    """A result changed in place is not seen by the next call."""
    compiled = jit(lambda x: {"a": x * 2, "b": [anp.zeros(3), x + 1]})
    first = copy.deepcopy(compiled(X))
    tree_map(lambda array: array.fill(7.0), compiled(X))
    tree_map(lambda array: array.fill(7.0), compiled(X))
    assert_same(compiled(X), first)


# Memory that programs hold


def test_arena_is_bounded_and_reported(monkeypatch, small_heap):
    def function(x):
        return anp.sum(anp.exp(anp.sin(x) * x) @ anp.cos(x))

    gc.collect()
    before = arena.held
    compiled = jit(function, backend="numpy")
    x = np.ones((60, 60))
    for _ in range(3):
        assert_same(compiled(x), function(x))
    held = compiled.cache_info().arena_bytes
    assert held > 0 and arena.held - before == held
    compiled.clear_cache()
    gc.collect()
    assert arena.held == before and compiled.cache_info().arena_bytes == 0
    monkeypatch.setattr(Arena, "LIMIT", 0)
    for _ in range(3):
        assert_same(compiled(x), function(x))
    assert compiled.cache_info().arena_bytes == 0


@pytest.mark.parametrize("size", [3, 100_000])
def test_gradients_that_are_alike_are_apart(size):
    compiled = jit(grad(lambda x, y: anp.sum(x + y), (0, 1)))
    x = np.ones(size)
    for _ in range(3):
        gx, gy = compiled(x, x)
        assert not np.shares_memory(gx, gy) and gx.flags.writeable and gy.flags.writeable
        gx[:] = 7.0
        np.testing.assert_array_equal(gy, 1.0)


def test_names_of_keywords_are_no_source(capsys):
    """Any text can be the name of a keyword in ``f(**options)``."""
    name = "a=print('INJECTED'), b"
    p = extend.primitive(lambda x, **options: x * sum(options.values()))
    extend.defvjp(p, lambda g, ans, x, **options: g * sum(options.values()))
    for options in ({name: 2.0}, {"class": 3.0}, {"ﬁ": 1.0, "fi": 4.0}):
        for f in (lambda x, options=options: p(x, **options), grad(lambda x, options=options: p(x, **options))):
            compiled = jit(f)
            for _ in range(3):
                assert compiled(2.5) == f(2.5)
            assert compiled.cache_info().hits == 2
    assert "INJECTED" not in capsys.readouterr().out
