"""debug_nans, debug_trace and profile: what they find, in each mode; and that they leave nothing behind."""

import asyncio
import contextvars
import io
import os
import pickle
import sys
import threading
import warnings

import numpy as np
import pytest

from autodiff_trace import (
    NonFiniteError, checkpoint, custom_jvp, custom_vjp, debug_nans, debug_trace, fori_loop, grad, hessian,
    jacobian, jet, jit, jvp, linearize, profile, value_and_grad, vjp, vmap,
)
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.jitted import Jitted
from autodiff_trace.core import backward
from autodiff_trace.core.tracer import Trace
from autodiff_trace.debugging import watchers, watching
from tests.fresh_process import run_python

IS_PLAIN = os.environ.get("AUTODIFF_TRACE_PLAIN") == "1"

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

BAD = np.array([1.0, 0.0, 4.0])


def log_sum(x):
    return anp.sum(anp.log(x))


def root_sum(x):
    return anp.sum(anp.sqrt(x))


def muted(x):
    with np.errstate(all="ignore"):
        y = anp.log(x)
    return anp.sum(anp.where(x > 0, y, 0))


@custom_vjp
def halved(x):
    return x / 2


halved.defvjp(lambda x: (x / 2, x), lambda x, g: (g / np.zeros_like(x),))


@custom_vjp
def plain_log(x):
    return np.log(x)


plain_log.defvjp(lambda x: (plain_log(x), x), lambda x, g: (g,))


@custom_jvp
def steep(x):
    return x * 2


steep.defjvp(lambda primals, tangents: (steep(primals[0]), tangents[0] / np.zeros_like(tangents[0])))


def written(x):
    y = anp.zeros(3)
    for i in range(3):
        y[i] = anp.sqrt(x[i])
    return anp.sum(y)


FOUND = {  # call, operation, mode
    "a value": (lambda: grad(log_sum)(BAD), "log", "value"),
    "of a rule, a value": (lambda: grad(plain_log)(BAD), "plain_log", "value"),
    "of a rule, a tangent": (lambda: jvp(steep, (BAD,), (BAD + 1,)), "steep", "tangent"),
    "NaN": (lambda: grad(log_sum)(-BAD), "log", "value"),
    "a slope": (lambda: grad(root_sum)(BAD), "sqrt", "backward"),
    "slopes of both": (lambda: value_and_grad(lambda x, y: anp.sum(x**y), (0, 1))(BAD, 0.5), "power", "backward"),
    "float32": (lambda: grad(root_sum)(BAD.astype(np.float32)), "sqrt", "backward"),
    "complex": (lambda: grad(lambda z: anp.abs(anp.log(z)))(0j), "log", "value"),
    "a tangent": (lambda: jvp(root_sum, (BAD,), (BAD + 1,)), "sqrt", "tangent"),
    "a series": (lambda: jet(anp.sqrt, (0.0,), ([1.0, 0.0],)), "sqrt", "tangent"),
    "a batch": (lambda: vmap(anp.log)(BAD), "log", "value"),
    "slopes of a batch": (lambda: vmap(grad(anp.sqrt))(BAD), "sqrt", "backward"),
    "a second derivative": (lambda: hessian(lambda x: anp.sum(x**1.5))(BAD), "power", ""),
    "a second slope": (lambda: grad(grad(lambda x: x**1.5))(0.0), "power", "backward"),
    "rows": (lambda: jacobian(anp.sqrt)(BAD), "sqrt", "backward"),
    "a pullback": (lambda: vjp(anp.sqrt, BAD)[1](BAD), "sqrt", "backward"),
    "a linear map": (lambda: linearize(anp.sqrt, BAD)[1](BAD), "sqrt", "backward"),
    "a tangent that a selection does not take": (
        lambda: jvp(lambda x: anp.where(x > 0, anp.sqrt(x), 0), (BAD,), (BAD,)), "sqrt", "tangent"),
    "a compiled value": (lambda: jit(lambda x, scale: {"a": anp.log(x["x"]) * scale})({"x": BAD}, 2.0), "log", "value"),
    "a compiled number": (lambda: jit(lambda x: 1 / anp.sin(x))(0.0), "divide", "value"),
    "jit": (lambda: jit(grad(root_sum))(BAD), "sqrt", "backward"),
    "grad of jit": (lambda: grad(jit(root_sum))(BAD), "sqrt", "backward"),
    "what is computed again": (lambda: grad(checkpoint(root_sum))(BAD), "sqrt", "backward"),
    "a loop": (lambda: grad(lambda x: fori_loop(0, 2, lambda i, c: anp.sqrt(c * 0), x))(1.0), "sqrt", "backward"),
    "a rule of one's own": (lambda: grad(lambda x: anp.sum(halved(x)))(BAD), "halved", "backward"),
    "items": (lambda: grad(written)(BAD), "sqrt", "backward"),
    "inf − inf": (lambda: grad(lambda x: anp.sum(anp.where(x > 0, np.inf, x) - np.inf))(BAD), "subtract", "value"),
    "a sum that is too large": (lambda: grad(lambda x: anp.sum(x * 1e308))(np.full(9, 0.9)), "sum", "value"),
    "a matrix": (lambda: grad(lambda x: anp.sum(x @ x))(np.full((2, 2), 1e200)), "matmul", "value"),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_is_found(name):
    call, operation, mode = FOUND[name]
    with pytest.raises(NonFiniteError) as caught, debug_nans():
        call()
    error = caught.value
    assert operation in error.primitive.split(",")[0]
    assert error.mode == mode or not mode
    assert error.filename == __file__ and error.lineno > 0
    assert f"{__file__}, line {error.lineno}: " in str(error) and "gave" in str(error)
    assert isinstance(error, FloatingPointError) and pickle.loads(pickle.dumps(error)).lineno == error.lineno
    call()  # without alarm, and as it was


PASSED = {
    "finite": lambda: grad(log_sum)(np.ones(3)),
    "infinite padding": lambda: grad(lambda x: anp.sum(anp.exp(anp.where(x > 0, x, -np.inf))))(BAD),
    "an infinite argument": lambda: grad(lambda x: anp.sum(anp.tanh(x) * 2))(np.array([np.inf, 1])),
    "what is NaN already": lambda: grad(lambda x: anp.sum(anp.sin(x) * x))(np.array([np.nan, 1])),
    "a constant": lambda: grad(lambda x: anp.sum(x * np.nan))(BAD),
    "a type": lambda: grad(lambda x: anp.sum(anp.astype(x, np.float32) * np.inf))(BAD + 1),
    "a start": lambda: grad(lambda x: anp.max(x, initial=-np.inf))(BAD),
    "a row without an element": lambda: grad(lambda x: anp.max(anp.where(x > 9, x, -np.inf)))(BAD),
    "a selection in the backward pass": lambda: grad(lambda x: anp.sum(anp.where(x > 0, anp.sqrt(x), 0)))(BAD),
    "a selection under vmap": lambda: vmap(grad(lambda x: anp.where(x > 0, anp.sqrt(x), 0)))(BAD),
    "a selection in a second derivative": lambda: hessian(lambda x: anp.sum(anp.where(x > 0, anp.sqrt(x), 0)))(BAD),
    "what is ignored": lambda: grad(muted)(BAD),
    "what is ignored, compiled": lambda: jit(grad(muted))(BAD),
    "second derivatives of what is ignored": lambda: hessian(muted)(BAD),
    "a compiled function of a whole number": lambda: jit(lambda n, x: x * n)(2, 3.0),
    "an empty array": lambda: grad(log_sum)(np.zeros(0)),
    "integers": lambda: vmap(lambda i: i * 2)(np.arange(3)),
    "a norm at an infinite order": lambda: grad(lambda x: anp.linalg.norm(x, np.inf))(BAD),
    "an array that is not filled": lambda: grad(lambda x: anp.sum(anp.empty_like(x) * 0 + x))(BAD),
}


@pytest.mark.parametrize("name", PASSED)
@pytest.mark.parametrize("handling", ["warn", "ignore"])
def test_what_passes(name, handling):
    with np.errstate(all=handling), debug_nans():
        PASSED[name]()


def test_what_the_message_says():
    def model(x, w):
        y = x @ w
        return anp.sum(anp.log(y))  # here

    with pytest.raises(NonFiniteError) as caught, debug_nans():
        grad(model)(np.eye(2, 3), np.array([2.0, 0.0, 1.0]))
    lines = str(caught.value).splitlines()
    assert lines[0].startswith(f"log gave infinity in 1 of 2 elements, first at [1] ({__file__}, line ")
    assert lines[0].endswith(": return anp.sum(anp.log(y))  # here)")
    assert lines[1:3] == ["    x: float64[2] from 0 to 2", "    gave: float64[2] from 0.693147 to 0.693147, 1 infinite"]
    assert lines[3].startswith("All that it got was finite.")


def test_the_line_in_a_backward_pass_is_that_of_the_forward_call():
    def model(x):
        y = anp.sqrt(x)
        return y * y

    line = model.__code__.co_firstlineno + 1
    for function in (grad(model), grad(grad(model)), vmap(grad(model)), jit(grad(model))):
        with pytest.raises(NonFiniteError) as caught, debug_nans():
            function(np.zeros(2) if isinstance(function, type(vmap(model))) and "vmap" in repr(function) else 0.0)
        assert caught.value.lineno == line


def test_where_warnings_are_errors_the_error_says_more():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for function, x in ((log_sum, BAD), (lambda x: x * 1e200 * 1e200, 1e-300)):
            with pytest.raises(NonFiniteError), debug_nans():
                grad(function)(x)
        with pytest.raises(RuntimeWarning), debug_nans(infs=False):
            grad(log_sum)(BAD)
    grad(log_sum)(np.ones(3))


def test_infinities_may_be_left_out():
    with debug_nans(infs=False):
        assert grad(anp.exp)(1000.0) == np.inf
        with pytest.raises(NonFiniteError):
            grad(lambda x: anp.exp(x) - anp.exp(x))(1000.0)


def test_blocks_nest():
    with debug_nans():
        with debug_nans(False):
            grad(log_sum)(BAD)
            with debug_nans(), pytest.raises(NonFiniteError):
                grad(log_sum)(BAD)
        with pytest.raises(NonFiniteError):
            grad(log_sum)(BAD)
    grad(log_sum)(BAD)


def test_a_block_within_the_function_watches_what_follows():
    def model(x):
        y = anp.log(x)
        with debug_nans():
            return anp.sum(anp.sqrt(y * 0 - 1))

    with pytest.raises(NonFiniteError) as caught:
        grad(model)(1.0)
    assert caught.value.primitive == "sqrt"
    with pytest.raises(NonFiniteError):
        jit(grad(model))(1.0)


@pytest.mark.filterwarnings("ignore::autodiff_trace.compiler.JitWarning")
def test_a_compiled_function_treats_its_arguments_as_it_always_does():
    def step(x, y, state, n):
        state["count"] += 1
        state["last"] = x
        x[0] = 7.0
        n[0] = 5
        return x is y, x + y, anp.sum(n)

    outcomes = []
    for watched in (False, True):
        x, n, state = np.arange(3.0), np.arange(3), {"count": 0}
        with debug_nans(watched):
            same, total, count = jit(step, backend="numpy")(x, x, state, n)
        outcomes.append((same, repr(total), count, repr(x), repr(n), repr(state)))
    assert outcomes[0] == outcomes[1]


def test_a_decorator():
    @debug_nans()
    def step(x):
        return grad(log_sum)(x)

    with pytest.raises(NonFiniteError):
        step(BAD)
    with pytest.raises(NonFiniteError):
        step(BAD)


def test_other_threads_and_tasks_are_not_watched():
    outcomes = []

    def work():
        outcomes.append(np.isinf(grad(root_sum)(BAD)).any())

    async def watched(started, done):
        with debug_nans():
            started.set()
            await done.wait()
            with pytest.raises(NonFiniteError):
                grad(root_sum)(BAD)

    async def other(started, done):
        await started.wait()
        work()
        done.set()

    async def both():
        started, done = asyncio.Event(), asyncio.Event()
        await asyncio.gather(watched(started, done), other(started, done))

    asyncio.run(both())
    with debug_nans():
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        contextvars.Context().run(work)
    assert outcomes == [True] * 3


def test_nothing_is_left_behind():
    before = Trace.run, backward.backward_pass, Jitted.__call__
    for fails in (False, True):
        with debug_nans(), debug_trace(io.StringIO()):
            assert backward.backward_pass is not before[1]
            try:
                grad(root_sum if fails else log_sum)(BAD * fails + 1 - fails)
            except NonFiniteError:
                assert fails
        assert (Trace.run, backward.backward_pass, Jitted.__call__) == before
    assert watching.count == 0 and not watching.originals and not watchers.is_inside.get()
    assert watchers.within.get() is None


def test_a_graph_that_was_recorded_before_or_is_used_afterwards():
    with debug_nans():
        _, later = vjp(root_sum, BAD)
    assert np.isinf(later(1.0)[0]).any()
    _, pullback = vjp(root_sum, BAD)
    with pytest.raises(NonFiniteError, match="a line that is not known"), debug_nans():
        pullback(1.0)


def test_results_are_those_without_watching():
    rng = np.random.default_rng(0)
    w, x = rng.normal(size=(30, 40)), rng.normal(size=(500, 30))

    def loss(w):
        h = anp.maximum(x @ w, 0)
        y = anp.concatenate([h, anp.sort(h, axis=1)[:, :3]], axis=1)
        y[0] = 2 * y[1]
        return anp.mean(y**2) + anp.linalg.slogdet(w @ w.T)[1]

    for function in (grad(loss), value_and_grad(loss), grad(lambda w: anp.sum(grad(loss)(w) ** 2))):
        with debug_nans(), debug_trace(io.StringIO()):
            found = function(w)
        for a, b in zip(np.broadcast_arrays(*np.atleast_1d(found[0], found[1])), np.broadcast_arrays(
                *np.atleast_1d(*function(w)[:2]))):
            np.testing.assert_array_equal(a, b)


ENVIRONMENT = """
import threading, numpy as np
from autodiff_trace import grad, debug_nans, numpy as anp
outcomes = []
def work(f=anp.exp, x=1000.0):
    try:
        grad(f)(x)
    except FloatingPointError:
        outcomes.append("raised")
    else:
        outcomes.append("passed")
np.seterr(all="ignore")
work(anp.log, -1.0)
work()
thread = threading.Thread(target=work); thread.start(); thread.join()
with debug_nans(False):
    work(anp.log, -1.0)
print(*outcomes)
"""


@pytest.mark.parametrize("said, expected", [
    ("1", "raised raised raised passed"), ("nan", "raised passed passed passed"), ("0", "passed passed passed passed"),
    ("yes", None),
])
def test_the_environment(said, expected):
    if expected is None:
        with pytest.raises(AssertionError, match="AUTODIFF_TRACE_DEBUG_NANS='yes' in the environment; it is 1, nan"):
            run_python(ENVIRONMENT, AUTODIFF_TRACE_DEBUG_NANS=said)
    else:
        assert run_python(ENVIRONMENT, AUTODIFF_TRACE_DEBUG_NANS=said) == [expected]


@pytest.mark.parametrize("wrong, message", [
    (lambda: debug_nans(log_sum), r"debug_nans: enabled=<function log_sum.*with debug_nans\(\): f\(x\)"),
    (lambda: debug_nans(infs=1), "debug_nans: infs=1, but it is True or False"),
    (lambda: debug_trace(log_sum), r"debug_trace: the stream is <function log_sum.*no write\(\)"),
    (lambda: profile(1.0), r"profile: expected a function, got 1.0. Write profile\(f, x\)"),
    (lambda: profile(log_sum, BAD, argnums=3), "profile: argnums=3, but the call has one positional argument"),
    (lambda: profile(lambda: 1.0), "profile: argnums=0, but the call has 0 positional arguments"),
    (lambda: profile(lambda x: (x, 1), 1.0), "profile: the function returned a tuple of float64"),
])
def test_what_is_refused(wrong, message):
    with pytest.raises(TypeError, match=message):
        wrong()


# debug_trace


def printed(call):
    stream = io.StringIO()
    with debug_trace(stream):
        call()
    return [line.partition("  ")[2] for line in stream.getvalue().splitlines()]


TRACES = {
    "grad": (lambda: grad(lambda x: anp.sum(x * 2.0))(np.ones(2)), [
        "reverse  multiply(float64[2], 2.0) -> float64[2]", "reverse  sum(float64[2], (0,), False) -> float64",
        "backward  sum: float64 -> float64[2]", "backward  multiply: float64[2] -> float64[2]"]),
    "jvp": (lambda: jvp(anp.sin, (np.float32(1),), (np.float32(1),)), ["forward  sin(float32) -> float32"]),
    "vmap": (lambda: vmap(lambda x: x * x)(np.ones((3, 2))), ["vmap  multiply(float64[2], float64[2]) -> float64[2]"]),
    "custom": (lambda: grad(plain_log)(2.0), [
        "reverse  plain_log(float64) -> float64", "backward  plain_log: (float64,) -> float64"]),
    "jet": (lambda: jet(anp.sin, (1.0,), ([1.0],)), ["series  sin(float64) -> float64"]),
    "jit": (lambda: jit(anp.sin)(1.0), ["value  sin(float64) -> float64"]),
    "jit of grad": (lambda: jit(grad(anp.sin))(1.0), [
        "reverse  sin(float64) -> float64", "backward  sin: float64 -> float64"]),
    "two levels": (lambda: jvp(grad(anp.sin), (1.0,), (1.0,)), [
        "forward 1  sin(float64) -> float64", "reverse 2  sin(float64) -> float64", "forward  cos(float64) -> float64",
        "backward  sin: float64 -> float64"]),
    "a comparison, several outputs": (
        lambda: grad(lambda x: anp.sum(anp.linalg.qr(x)[1]) * (x > 0).all())(np.eye(2)), None),
    "plain": (lambda: anp.sin(1.0), []),
}


@pytest.mark.parametrize("name", TRACES)
def test_what_is_printed(name):
    call, expected = TRACES[name]
    lines = printed(call)
    if expected is None:
        assert any(" greater(float64[2,2], 0) -> bool[2,2]" in line for line in lines)
        assert any("  tall_qr(float64[2,2]) -> (float64[2,2], float64[2,2])" in line for line in lines)
    else:
        assert [line for line in lines if "ones_like" not in line and "multiply(float64, float64)" not in line
                or "vmap" in line] == expected


def test_lines_are_the_users_and_go_to_stderr(capsys):
    with debug_trace():
        grad(anp.sin)(1.0)
    said = capsys.readouterr().err.splitlines()
    line = sys._getframe().f_lineno - 2
    assert len(said) == 2 and all(f"test_debugging.py:{line}  " in each for each in said)


# profile


@pytest.mark.skipif(IS_PLAIN, reason="plain nodes keep all that they are given, and copies")
def test_costs_are_counted_by_line():
    def loss(w, x):
        h = anp.tanh(x @ w)
        with np.errstate(all="ignore"):
            return anp.sum(h * h)

    w, x = np.ones((30, 100)), np.ones((20, 30))  # 24,000 bytes, and 16,000 for the product
    costs = profile(loss, w, x)
    first = loss.__code__.co_firstlineno
    assert [(line.lineno - first, line.calls, line.allocated, line.kept) for line in costs.lines] == [
        (1, 2, 3 * 16_000 + 24_000, 16_000), (3, 2, 4 * 16_000, 0)]
    assert all(line.filename == __file__ and line.forward > 0 and line.backward > 0 for line in costs.lines)
    assert costs.lines[0].source == "h = anp.tanh(x @ w)"
    total = sum(line.forward + line.backward for line in costs.lines) + sum(costs.elsewhere)
    assert total == pytest.approx(costs.seconds)
    value, gradient = value_and_grad(loss)(w, x)
    assert costs.value == value and np.array_equal(costs.gradient, gradient)
    rows = str(costs).splitlines()
    assert rows[0].split() == ["line", "calls", "forward", "backward", "allocated", "kept"]
    assert rows[1].endswith("h = anp.tanh(x @ w)") and rows[-2].startswith("elsewhere") and rows[-1].split()[1] == "4"


def tower(x):
    return anp.sum(anp.tanh(anp.tanh(x)))


def test_profiles_of_what_is_nested_compiled_and_constant():
    inner = grad(lambda x: anp.sum(anp.sin(x)))
    assert sum(line.calls for line in profile(lambda x: anp.sum(inner(x) * x), BAD).lines) > 3
    assert profile(jit(root_sum), np.ones(3)).lines[0].calls == 2
    assert len(profile(lambda x, y: x["a"] * y, {"a": 2.0}, 3.0, argnums=(0, 1)).lines) == 1
    assert "sum" in str(profile(lambda x: 1.0, 2.0))
    x = np.ones(10_000)
    kept, kept_again = [sum(line.kept for line in profile(f, x).lines) for f in (tower, checkpoint(tower))]
    assert (kept, kept_again) == (160_000, 0) or IS_PLAIN
    lines = profile(lambda x: anp.sum(anp.linalg.qr(x)[0] + anp.linalg.eigh(x)[1]), np.diag([1.0, 2.0])).lines
    assert {line.filename for line in lines} == {__file__}
    assert profile(lambda x, k=1: x * k, 2.0, k=3).gradient == 3
    assert profile(lambda x: (x * x, x), 2.0, has_aux=True).gradient == 4
