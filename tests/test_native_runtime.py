"""The native runtime on units written by hand: what it takes and gives, errors, threads, checks, disk."""

import gc
import itertools
import os
import subprocess
import sys
import threading
import tracemalloc

import numpy as np
import pytest

pytest.importorskip("llvmlite", reason="llvmlite is not installed: there are no native programs")

from autodiff_trace import num_threads, set_num_threads  # noqa: E402
from autodiff_trace.compiler.backends.native import engine, handling, layouts, object_cache, symbols  # noqa: E402
from autodiff_trace.compiler.backends.native.bounds import OutOfBounds  # noqa: E402
from autodiff_trace.compiler.backends.native.code import (  # noqa: E402
    At, Call, Code, Expect, Flags, Mover, Repeat, UfuncCall,
)
from autodiff_trace.compiler.backends.native.region import compile_region  # noqa: E402
from autodiff_trace.compiler.dispatch.background import background  # noqa: E402
from autodiff_trace.compiler.backends.native.text_facts import facts_of  # noqa: E402
from autodiff_trace.compiler.ir.spec import spec_of  # noqa: E402

if engine.available():
    pytest.skip(engine.available(), allow_module_level=True)

WAYS = ["", "plain", "after", "before"]

# o[i] = 2 x[i] + y[i]; o = the 16 bytes of x
UNITS = """
define void @axpy(ptr %frame, i64 %start, i64 %stop) {
entry:
  %x = load ptr, ptr %frame
  %yp = getelementptr ptr, ptr %frame, i64 1
  %y = load ptr, ptr %yp
  %op = getelementptr ptr, ptr %frame, i64 2
  %o = load ptr, ptr %op
  br label %loop
loop:
  %i = phi i64 [%start, %entry], [%i2, %loop]
  %xq = getelementptr double, ptr %x, i64 %i
  %xv = load double, ptr %xq, align 8
  %yq = getelementptr double, ptr %y, i64 %i
  %yv = load double, ptr %yq, align 8
  %m = fmul double %xv, 2.0
  %s = fadd double %m, %yv
  %oq = getelementptr double, ptr %o, i64 %i
  store double %s, ptr %oq, align 8
  %i2 = add i64 %i, 1
  %c = icmp slt i64 %i2, %stop
  br i1 %c, label %loop, label %end
end:
  ret void
}
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
define void @copy16(ptr %frame, i64 %start, i64 %stop) {
  %x = load ptr, ptr %frame
  %op = getelementptr ptr, ptr %frame, i64 1
  %o = load ptr, ptr %op
  call void @llvm.memcpy.p0.p0.i64(ptr %o, ptr %x, i64 16, i1 false)
  ret void
}
declare void @"loop.less.dd->?"(ptr, ptr, ptr, ptr)
@"data.less.dd->?" = external global i8
define internal void @inner(ptr %args, ptr %n, ptr %steps) {
  call void @"loop.less.dd->?"(ptr %args, ptr %n, ptr %steps, ptr @"data.less.dd->?")
  ret void
}
define void @less(ptr %frame, i64 %start, i64 %stop) {
  %n = alloca i64
  %steps = alloca [3 x i64]
  %s1 = getelementptr i64, ptr %steps, i64 1
  %s2 = getelementptr i64, ptr %steps, i64 2
  store i64 %stop, ptr %n
  store i64 8, ptr %steps
  store i64 8, ptr %s1
  store i64 1, ptr %s2
  call void @inner(ptr %frame, ptr %n, ptr %steps)
  ret void
}
"""


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTODIFF_TRACE_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("AUTODIFF_TRACE_NATIVE_DEBUG", raising=False)
        yield


def make(records, inputs, outputs, way="", constants=(), scratch=0, slots=0):
    """A region of these records, with inputs and outputs like these values."""
    bases = 1 + len(inputs) + len(outputs) + len(constants) + slots
    specs = [list(map(spec_of, values)) for values in (inputs, outputs)]
    return compile_region(Code(UNITS, records, *specs, list(constants), scratch, bases), way)


def axpy(*operands, stop=4, start=0, parallel=0):
    return Call("axpy", tuple(operands), start, stop, parallel)


def binary(name, *operands, n=4):
    return UfuncCall(name, "dd->d", tuple(operands), (n,), (8, 8, 8))


X, Y = np.arange(4.0), np.full(4, 0.5)


@pytest.mark.parametrize("way", WAYS)
class TestRecords:
    def test_a_unit_is_run_on_arrays(self, way):
        region = make([axpy(At(1), At(2), At(3))], [X, Y], [X], way)
        answer = region(X, Y)
        assert type(answer) is np.ndarray and answer.flags.owndata is (way == "")
        assert np.array_equal(answer, 2 * X + Y)
        assert answer is not region(X, Y)

    def test_units_go_through_scratch_memory_and_constants(self, way):
        constant = np.array([3.0, 1, 4, 1])
        records = [axpy(At(1), At(3), At(0, 64)), axpy(At(0, 64), At(1), At(2))]
        assert np.array_equal(make(records, [X], [X], way, [constant], 128)(X), 2 * (2 * X + constant) + X)

    def test_a_loop_moves_its_bases(self, way):
        x = np.arange(12.0).reshape(4, 3)
        steps = (Mover(4, At(1), 24), Mover(5, At(3), 24))
        region = make([Repeat(4, (axpy(At(4), At(2), At(5), stop=3),), steps)], [x, Y[:3]], [x], way, slots=2)
        assert np.array_equal(region(x, Y[:3]), 2 * x + Y[:3])

    def test_loops_are_nested_and_may_go_backwards(self, way):
        x = np.arange(24.0).reshape(2, 4, 3)
        inner = Repeat(4, (axpy(At(6), At(2), At(7), stop=3),), (Mover(6, At(4, 72), -24), Mover(7, At(5), 24)))
        outer = Repeat(2, (inner,), (Mover(4, At(1), 96), Mover(5, At(3), 96)))
        assert np.array_equal(make([outer], [x, Y[:3]], [x], way, slots=4)(x, Y[:3]), 2 * x[:, ::-1] + Y[:3])

    def test_loops_without_turns_do_nothing(self, way):
        empty = (Repeat(0, (axpy(At(9), At(1), At(2)),), ()), axpy(At(1), At(1), At(2), stop=0))
        region = make([axpy(At(1), At(1), At(2)), *empty], [X], [X], way)
        assert np.array_equal(region(X), 3 * X)

    def test_products_are_numpys_own(self, way):
        a, b = np.random.default_rng(0).standard_normal((2, 3, 4)), np.random.default_rng(1).standard_normal((4, 5))
        out = np.empty((2, 3, 5))
        whole = UfuncCall(
            "matmul", "dd->d", (At(1), At(2), At(3)), (2, 3, 4, 5), (96, 0, 120, *a.strides[1:], *b.strides, 40, 8))
        one = UfuncCall(
            "matmul", "dd->d", (At(1), At(2), At(3)), (1, 3, 4, 5), (0, 0, 0, *a.strides[1:], *b.strides, 40, 8),
            (2,), ((96,), (0,), (120,)))
        for record in (whole, one):
            assert np.array_equal(make([record], [a, b], [out], way)(a, b), a @ b)

    def test_systems_are_solved_by_numpys_loop(self, way):
        a, b = np.array([[3.0, 1], [1, 2]]), np.array([[9.0], [8]])
        record = UfuncCall(
            "umath_linalg.solve", "dd->d", (At(1), At(2), At(3)), (1, 2, 1), (0, 0, 0, 16, 8, 8, 8, 8, 8))
        assert np.array_equal(make([record], [a, b], [b], way)(a, b), np.linalg.solve(a, b))

    def test_outer_dimensions_have_steps_of_their_own(self, way):
        x = np.random.default_rng(0).standard_normal((3, 4, 5, 6))[::-1, :, ::2, ::-1]
        y = np.empty((4, 3, 3, 6)).transpose(1, 0, 2, 3)
        record = UfuncCall(
            "sin", "d->d", (At(1), At(2)), (6,), (x.strides[3], y.strides[3]), x.shape[:3],
            (x.strides[:3], y.strides[:3]))
        answer = make([record], [x], [y], way)(x)
        assert answer.strides == y.strides and np.array_equal(answer, np.sin(x))

    def test_a_guard_stops(self, way):
        records = [Expect(At(2), True), axpy(At(1), At(1), At(3))]
        region = make(records, [X, np.True_], [X], way)
        assert np.array_equal(region(X, np.True_), 3 * X)
        assert region(X, np.False_) is None
        region = make([Repeat(2, (Flags(frozenset(), frozenset(), (Expect(At(1), False),)),), ())], [True], [], way)
        assert region(False) == () and region(True) is None

    @pytest.mark.parametrize("shape, strides", [
        ((), ()), ((3,), (8,)), ((2, 3), (24, 8)), ((2, 3), (8, 16)), ((2, 3, 4), (96, 8, 24)),
        ((2, 3, 4), (32, 64, 8)), ((0, 3), (24, 8)), ((1, 3), (24, 8)), ((3, 1), (8, 8)), ((2, 0, 3), (24, 24, 8)),
    ])  # fmt: skip
    def test_results_have_the_layout_asked_for(self, shape, strides, way):
        out = np.ndarray(shape, float, np.zeros(24), strides=strides)
        answer = make([], [], [out], way)()
        assert (answer.shape, answer.dtype) == (shape, np.dtype(float))
        assert answer.strides == strides or not out.size  # NumPy has zeros there
        assert answer.flags.writeable and answer.flags.aligned

    def test_several_results(self, way):
        records = [axpy(At(1), At(1), At(2)), Call("copy16", (At(1), At(3)), 0, 1), axpy(At(1), At(2), At(4))]
        answer = make(records, [X], [X, 1.5, X], way)(X)
        assert type(answer) is tuple
        assert np.array_equal(answer[0], 3 * X) and answer[1] == 0.0 and np.array_equal(answer[2], 5 * X)
        assert make([], [], [], way)() == ()


NUMBERS = [
    1.5, -0.0, float("inf"), 3, -(2**63), 2**63 - 1, True, False, 2 - 3j, np.float32(2.5), np.float64(-1.5),
    np.int8(-3), np.uint16(7), np.int64(-9), np.uint64(2**64 - 1), np.longlong(5), np.bool_(True), np.complex64(1 - 2j),
    np.complex128(1 + 2j), np.float16(0.25),
]  # fmt: skip


@pytest.mark.parametrize("way", ["", "plain", "after"])
@pytest.mark.parametrize("value", NUMBERS, ids=lambda value: f"{type(value).__name__}-{value}")
def test_numbers_go_in_and_come_out(value, way):
    region = make([Call("copy16", (At(1), At(2)), 0, 1)], [value], [value], way)
    answer = region(value)
    assert type(answer) is type(value) and repr(answer) == repr(value)
    others = [each for each in [*NUMBERS, None, "1", X, np.array(1.5)] if type(each) is not type(value)]
    assert all(region(other) is None for other in others)


class Sub(np.ndarray):
    pass


class Float(float):
    pass


WRONG = {
    "dtype": X.astype(np.float32), "complex": X.astype(complex), "int": X.astype(int), "length": np.ones(5),
    "stride": np.ones(8)[::2], "backwards": X[::-1], "axes": X.reshape(4, 1), "0-d": np.array(1.0),
    "subclass": X.view(Sub), "list": [1.0, 2, 3, 4], "None": None, "swapped": X.astype(">f8"), "a number": 1.0,
    "unaligned": np.zeros(33, np.int8)[1:].view(float),
}  # fmt: skip


@pytest.mark.parametrize("way", ["", "plain"])
@pytest.mark.parametrize("value", WRONG.values(), ids=WRONG)
def test_other_arrays_are_not_taken(value, way):
    region = make([axpy(At(1), At(2), At(3))], [X, Y], [X], way)
    assert region(value, Y) is None and region(X, value) is None
    assert region(X, Y) is not None


@pytest.mark.parametrize("way", ["", "plain"])
def test_other_numbers_are_not_taken(way):
    for like, wrong in [(1, 2**63), (1, -(2**63) - 1), (1, True), (1.5, Float(1)), (True, 1), (1.5, np.float64(1))]:
        assert make([], [like], [], way)(wrong) is None
    region = make([], [X, 1.5], [], way)
    assert region(X) is None and region() is None and region(X, 1.5, 2) is None and region(X, 1.5) == ()


@pytest.mark.parametrize("way", ["", "plain"])
def test_strides_of_axes_that_do_not_move_are_of_no_account(way):
    like = np.ones((1, 4))
    other = np.ones((3, 8))[::3, :4]
    assert other.strides != like.strides
    assert make([], [like], [], way)(other) == ()
    assert make([], [np.ones((0, 4))], [], way)(np.ones((8, 4))[8:, ::-1]) == ()


@pytest.mark.parametrize("way", ["", "plain"])
def test_equal_dtypes_are_taken(way):
    named = np.dtype(float, metadata={"unit": "m"})
    assert named is not X.dtype
    assert make([axpy(At(1), At(1), At(2))], [X], [X], way)(X.astype(named)) is not None


def test_what_cannot_be_had_is_refused():
    gaps = np.ones(8)[::2]
    for inputs, outputs in [([X], [gaps]), ([X], [X[::-1]]), ([X.astype(">f8")], []), ([np.ones(2, np.longdouble)], []),
                            ([(1.0,)], []), ([], ["a"]), ([np.array([None])], [])]:  # fmt: skip
        with pytest.raises(TypeError, match="Native code has no"):
            make([], inputs, outputs)
    with pytest.raises(RuntimeError):
        compile_region(Code("define void @u(ptr %x) {\n ret i64 0\n}\n", [Call("u", (), 0, 1)], [], [], [], 0, 1))
    with pytest.raises(LookupError, match="no_such_function"):
        compile_region(Code("declare void @no_such_function()\ndefine void @u() {\n ret void\n}\n",
                            [Call("u", (), 0, 1)], [], [], [], 0, 1))  # fmt: skip


BIG, SMALL, ZERO, ONE, HUGE = (np.full(4, value) for value in (1e200, 1e-200, 0.0, 1.0, np.inf))
ERRORS = {"over": ("multiply", BIG, BIG), "under": ("multiply", SMALL, SMALL), "divide": ("divide", ONE, ZERO),
          "invalid": ("subtract", HUGE, HUGE)}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", ERRORS)
class TestErrors:
    def region(self, kind, way, *wrap):
        name, x, y = ERRORS[kind]
        record = binary(name, At(1), At(2), At(3))
        return make([Flags(*wrap, (record,))] if wrap else [record], [x, y], [x], way), x, y

    @pytest.mark.parametrize("how", ["ignore", "warn", "raise", "print", "log", "call"])
    def test_what_the_caller_sees_is_left_to_numpy(self, kind, way, how):
        region, x, y = self.region(kind, way)
        with np.errstate(all="ignore"):
            expected = getattr(np, ERRORS[kind][0])(x, y)
            assert np.array_equal(region(x, y), expected, equal_nan=True)
            with np.errstate(**{kind: how}):
                answer = region(x, y)
            assert answer is None if how != "ignore" else np.array_equal(answer, expected, equal_nan=True)
            assert np.array_equal(region(x, y), expected, equal_nan=True)
        with np.errstate(all="warn", **{kind: "ignore"}):
            assert np.array_equal(region(x, y), expected, equal_nan=True)
            assert np.array_equal(region(ONE, ONE), getattr(np, ERRORS[kind][0])(ONE, ONE))

    def test_by_default_all_are_seen_but_underflow(self, kind, way):
        region, x, y = self.region(kind, way)
        assert (region(x, y) is None) is (kind != "under")

    def test_errors_are_dropped_where_the_function_says_so(self, kind, way):
        region, x, y = self.region(kind, way, frozenset([kind]), frozenset())
        with np.errstate(all="raise"):
            assert region(x, y) is not None
        others = frozenset(ERRORS) - {kind}
        region, x, y = self.region(kind, way, others, frozenset())
        with np.errstate(all="raise"):
            assert region(x, y) is None

    def test_errors_are_seen_where_the_function_says_so(self, kind, way):
        region, x, y = self.region(kind, way, frozenset(), frozenset([kind]))
        with np.errstate(all="ignore"):
            assert region(x, y) is None
            assert region(ONE, ONE) is not None

    def test_errors_outside_are_the_callers(self, kind, way):
        name, x, y = ERRORS[kind]
        for first in (True, False):
            quiet = Flags(frozenset(ERRORS), frozenset(), (binary("multiply", At(1), At(1), At(0)),))
            loud = binary(name, At(1), At(2), At(3))
            region = make([loud, quiet] if first else [quiet, loud], [x, y], [x], way, scratch=64)
            with np.errstate(all="raise"):
                assert region(x, y) is None and region(ONE, ONE) is not None

    def test_loops_that_clear_flags_leave_those_of_others(self, kind, way):
        name, x, y = ERRORS[kind]
        compare = [
            UfuncCall("less", "dd->?", (At(1), At(2), At(0)), (4,), (8, 8, 1)),
            UfuncCall("less", "dd->?", (At(1), At(2), At(0)), (1,), (8, 8, 1), (4,), ((8,), (8,), (1,))),
            Call("less", (At(1), At(2), At(0)), 0, 4),
        ]
        for record in compare:
            region = make([binary(name, At(1), At(2), At(3)), record], [x, y], [x], way, scratch=64)
            with np.errstate(all="raise"):
                assert region(x, y) is None and region(ONE, ONE) is not None


def test_flags_of_the_processor_are_as_before():
    code = "declare i32 @fetestexcept(i32)\ndeclare i32 @feclearexcept(i32)\n"
    for name in ("fetestexcept", "feclearexcept"):
        code += f"""
define void @u_{name}(ptr %frame, i64 %start, i64 %stop) {{
  %o = load ptr, ptr %frame
  %now = call i32 @{name}(i32 29)
  %wide = zext i32 %now to i64
  store i64 %wide, ptr %o
  ret void
}}
"""
    asks = compile_region(Code(code, [Call("u_fetestexcept", (At(1),), 0, 1)], [], [spec_of(1)], [], 0, 2))
    assert asks() == 0
    region = make([binary("divide", At(1), At(2), At(3))], [X, Y], [X])
    with np.errstate(all="ignore"):
        for _ in range(3):
            assert region(ONE, ZERO) is not None
            assert asks() == 0


def test_handling_is_that_of_the_thread():
    region, answers = make([binary("divide", At(1), At(2), At(3))], [X, Y], [X]), []

    def ask():
        answers.append(region(ONE, ZERO))

    with np.errstate(divide="ignore"):
        assert region(ONE, ZERO) is not None
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        assert region(ONE, ZERO) is not None
    assert answers == [None]
    assert handling.variable is not None or np.lib.NumpyVersion(np.__version__) < "2.0.0"


def test_calls_leave_no_memory():
    numbers = [1.5, 2**40, True, np.float32(1)]
    region = make([axpy(At(1), At(2), At(3))], [X, Y, *numbers], [X, *numbers, 2j])
    objects = [X, Y, X.dtype, None, True, region, *numbers]
    arguments = [(X, Y, *numbers), (X, Y[:3], *numbers), (X, Y, *numbers[:3], None), (X,)]
    for each in arguments:
        region(*each)
    gc.collect()
    counts = [sys.getrefcount(each) for each in objects]
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(25_000):
            for each in arguments:
                region(*each)
        with np.errstate(all="ignore"):
            for _ in range(1000):
                region(HUGE, -HUGE, *numbers)
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 10_000
    assert max(abs(sys.getrefcount(each) - count) for each, count in zip(objects, counts)) < 10


def test_a_region_that_is_let_go_leaves_no_memory():
    def turn():
        region = make([axpy(At(1), At(2), At(0)), axpy(At(1), At(0), At(3))], [X, Y], [X], scratch=1 << 20)
        region(X, Y)

    turn()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(20):
            turn()
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 1 << 19
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("way", ["", "plain"])
def test_calls_at_the_same_time_have_memory_of_their_own(way):
    n = 50_000
    records = [axpy(At(1), At(2), At(0), stop=n)] + 20 * [axpy(At(0), At(2), At(0), stop=n)]
    records += [axpy(At(0), At(1), At(3), stop=n)]
    x = np.random.default_rng(0).standard_normal((4, n)) * 1e-3
    region = make(records, [x[0], x[1]], [x[0]], way, scratch=8 * n)
    expected, wrong = [region(x[k], x[k - 1]) for k in range(4)], []

    def work(k):
        for _ in range(30):
            if not np.array_equal(region(x[k], x[k - 1]), expected[k]):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_others_run_during_long_calls():
    n = 1 << 14
    region = make([Repeat(20_000, (axpy(At(1), At(1), At(2), stop=n),), ())], [np.ones(n)], [np.ones(n)])
    x, ticks, over = np.ones(n), [], threading.Event()

    def tick():
        while not over.wait(0.001):
            ticks.append(1)

    thread = threading.Thread(target=tick)
    thread.start()
    region(x)
    during = len(ticks)
    over.set()
    thread.join()
    assert during > 5


@pytest.fixture
def threads_restored():
    before = num_threads()
    yield
    set_num_threads(before)


@pytest.mark.parametrize("way", ["", "plain"])
def test_threads_share_long_ranges(threads_restored, way):
    n = 300_001
    x, y = np.random.default_rng(0).standard_normal((2, n))
    long = dict(stop=n, parallel=16)
    loop = Repeat(5, (axpy(At(0), At(2), At(0), **long), axpy(At(0), At(1), At(0), stop=3)), ())
    region = make([axpy(At(1), At(2), At(0), **long), loop, axpy(At(0), At(1), At(3), **long)], [x, y], [x], way,
                  scratch=8 * n)  # fmt: skip
    answers = []
    for threads in (1, 2, 3, 5):
        set_num_threads(threads)
        answers += [region(x, y) for _ in range(3)]
    assert all(np.array_equal(answer, answers[0]) for answer in answers)
    t = 2 * x + y
    for _ in range(5):
        t = 2 * t + y
        t[:3] = 2 * t[:3] + x[:3]
    assert np.array_equal(answers[0], 2 * t + x)


def test_errors_on_other_threads_are_seen(threads_restored):
    n = 300_000
    x = np.ones(n)
    loud = axpy(At(1), At(2), At(3), stop=n, parallel=8)
    quiet = Flags(frozenset(["over"]), frozenset(), (loud,))
    for threads in (1, 2, 4):
        set_num_threads(threads)
        for place in (0, n // 2, n - 1):
            y = x.copy()
            y[place] = 1.7e308
            assert make([loud, loud], [x, x], [x])(y, x) is None
            assert make([quiet, quiet], [x, x], [x])(y, x)[place] == np.inf
        assert make([loud], [x, x], [x])(x, x)[3] == 3.0


def sine(*operands, n=4):
    return UfuncCall("sin", "d->d", operands, (n,), (8, 8))


SHORT = UfuncCall("matmul", "dd->d", (At(1), At(1), At(2)), (1, 2, 2, 3), (0, 0, 0, 16, 8, 24, 8, 24, 8))
BEYOND = {
    "scratch": (sine(At(0, 104), At(2)),), "after": (sine(At(1, 8), At(2)),), "before": (sine(At(1, -8), At(2)),),
    "constant": (sine(At(3), At(2)),), "length": (sine(At(1), At(2), n=5),), "product": (SHORT,),
    "unit": (axpy(At(1, -8), At(1), At(2)),), "guard": (Expect(At(0, 128), True),),
    "loop": (Repeat(5, (sine(At(4), At(2), n=1),), (Mover(4, At(1), 8),)),),
    "inner loop": (Repeat(2, (Repeat(2, (sine(At(5), At(2), n=1),), (Mover(5, At(4), 16),)),),
                          (Mover(4, At(1, 8), 8),)),),
    "back": (Repeat(2, (Flags(frozenset(), frozenset(), (sine(At(4), At(2), n=1),)),), (Mover(4, At(1), -8),)),),
    "outer": (UfuncCall("sin", "d->d", (At(1), At(2)), (2,), (8, 8), (2,), ((24,), (16,))),),
}  # fmt: skip


@pytest.mark.parametrize("records", BEYOND.values(), ids=BEYOND)
def test_records_that_reach_too_far_are_found_when_built_and_when_checked(records, monkeypatch):
    with pytest.raises(OutOfBounds, match="reaches"):
        make(records, [X], [X], "", [X[:3]], 128, 2)
    monkeypatch.setattr("autodiff_trace.compiler.backends.native.region.check_bounds", lambda code: None)
    with pytest.raises(OutOfBounds, match="reaches"):
        make(records, [X], [X], "after", [X[:3]], 128, 2)(X)


def test_records_that_reach_to_the_end_are_not():
    inner = Repeat(2, (sine(At(5), At(2), n=1),), (Mover(5, At(4), 16),))
    within = [
        sine(At(0, 96), At(2)), sine(At(1, 8), At(2, 8), n=3), sine(At(3), At(2), n=3), Expect(At(0, 127), True),
        Repeat(2, (inner,), (Mover(4, At(1), 8),)), Repeat(0, (sine(At(9), At(9)),), ()), sine(At(9), At(9), n=0),
    ]  # fmt: skip
    make(within, [X], [X], "", [X[:3]], 128, 2)
    with pytest.raises(OutOfBounds, match="nowhere"):
        make([sine(At(9), At(2))], [X], [X])


def run_script(body, **environment):
    """What a process with these lines gives: its exit status and what it printed."""
    head = "import sys; sys.path.insert(0, 'tests')\nfrom test_native_runtime import *\n"
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    done = subprocess.run(
        [sys.executable, "-c", head + body], capture_output=True, text=True, cwd=root, timeout=300,
        env={**os.environ, "PYTHONPATH": root, **environment})  # fmt: skip
    return done.returncode, done.stdout, done.stderr


def test_regions_are_there_to_the_end_of_the_process():
    code, out, error = run_script("""
import atexit
n = 300_000
long = make([axpy(At(1), At(1), At(2), stop=n, parallel=8)], [np.ones(n)], [np.ones(n)])
region = make([axpy(At(1), At(2), At(3))], [X, Y], [X])
set_num_threads(2)
atexit.register(lambda: print(region(X, Y)[1], long(np.ones(n))[5], flush=True))
long(np.ones(n))
class Last:
    def __init__(self): self.region, self.x, self.long, self.n, self.say = region, X, long, np.ones(n), os.write
    def __del__(self): self.say(1, b"%f %f" % (self.region(self.x, self.x)[1], self.long(self.n)[5]))
last = Last()
""")
    assert (code, out) == (0, "2.5 3.0\n3.000000 3.000000"), error


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_regions_run_in_a_child_of_a_fork():
    code, out, error = run_script("""
import itertools
import os
n = 300_000
long = make([axpy(At(1), At(1), At(2), stop=n, parallel=8)], [np.ones(n)], [np.ones(n)])
set_num_threads(2)
long(np.ones(n))
child = os.fork()
region = make([axpy(At(1), At(2), At(3))], [X, Y], [X])
fine = (region(X, Y) == 2 * X + Y).all() and (long(np.ones(n)) == 3).all()
if child == 0:
    os._exit(0 if fine else 3)
print(os.waitpid(child, 0)[1], fine)
""")
    assert (code, out) == (0, "0 True\n"), error


OPERATIONS = {"add": 2, "multiply": 2, "maximum": 2, "sin": 1, "negative": 1, "less": 2}


def random_records(rng, places, slots, depth=0):
    """Records on arrays of rows of 6. ``places``: of bases how many rows are there, and whether they are written."""
    records = []
    for _ in range(rng.integers(1, 5)):
        choice = rng.integers(0, 10)
        if choice < 3 and depth < 3 and slots:
            turns = int(rng.integers(1, 4))
            movers, inner = [], dict(places)
            for base, (rows, written) in list(places.items()):
                if slots and rng.integers(2) and rows > turns:
                    slot, back = slots.pop(), bool(rng.integers(2))
                    movers.append(Mover(slot, At(base, 48 * (turns - 1) * back), -48 if back else 48))
                    inner[slot] = rows - turns + 1, written
            records.append(Repeat(turns, tuple(random_records(rng, inner, slots, depth + 1)), tuple(movers)))
        elif choice < 4 and depth < 3:
            kinds = [kind for kind in ERRORS if rng.integers(2)]
            records.append(Flags(frozenset(kinds), frozenset(), tuple(random_records(rng, places, slots, depth + 1))))
        else:
            name = str(rng.choice(list(OPERATIONS)))
            many = OPERATIONS[name]
            result = [base for base, (_, written) in places.items() if written]
            signature = "d" * many + "->" + ("?" if name == "less" else "d")
            operands, steps = [], []
            outer = int(rng.integers(0, 3))
            for k in range(many + 1):
                base = int(rng.choice(result if k == many else list(places)))
                step = 48 * bool(places[base][0] >= outer and (k == many or rng.integers(2)))
                operands.append(At(base, 0))
                steps.append((step,) if outer else ())
            core, dims = (8,) * many + (1 if name == "less" else 8,), (outer,) if outer else ()
            records.append(UfuncCall(name, signature, tuple(operands), (6,), core, dims, tuple(steps)))
    return records


@pytest.mark.parametrize("seed", range(60))
def test_random_records_give_what_they_give_one_by_one(seed):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((2, 8, 6))
    start = [UfuncCall("add", "dd->d", (At(1), At(2), At(base)), (48,), (8, 8, 8)) for base in (0, 3, 4)]
    records = start + random_records(rng, {base: (8, base not in (1, 2)) for base in range(5)}, list(range(6, 40)))
    answers = []
    with np.errstate(all="ignore" if seed % 2 else "raise"):
        for way in WAYS:
            region = compile_region(Code(UNITS, records, [spec_of(x)] * 2, [spec_of(x)] * 2, [], 384, 40), way)
            answers += [region(x, y), region(x, y)]
    for answer in answers[1:]:
        assert (answer is None) is (answers[0] is None)
        if answer is not None:
            assert [each.tobytes() for each in answer] == [each.tobytes() for each in answers[0]]


@pytest.mark.skipif(sys.platform != "linux", reason="pages are protected in this way on Linux")
@pytest.mark.parametrize("side, call", [
    ("after", "start=0, stop=5"), ("before", "start=-1, stop=4"), ("after", None),
])
def test_a_unit_that_reaches_too_far_ends_the_process(side, call):
    record = f"axpy(At(1), At(2), At(3), {call})" if call else "axpy(At(1), At(2), At(1))"  # the last writes an input
    code, out, _ = run_script(f"print(make([{record}], [X, Y], [X], {side!r})(X, Y), 'alive', flush=True)")
    assert code < 0 and "alive" not in out


def test_the_environment_asks_for_checks():
    body = "print(compile_region(Code('', [], [], [])).__module__)"
    code, out, error = run_script(body, AUTODIFF_TRACE_NATIVE_DEBUG="1")
    assert (code, out.strip()) == (0, "autodiff_trace.compiler.backends.native.plain"), error


DISK = """
from autodiff_trace.compiler.backends.native import engine, runtime
engine.compile_object, real = None if FOUND else engine.compile_object, engine.compile_object
region = make([axpy(At(1), At(2), At(3))], [X, Y], [X])
print(region(X, Y).tolist() == (2 * X + Y).tolist(), runtime.runtime().from_disk)
"""


def test_a_second_process_compiles_nothing(tmp_path):
    where = {"AUTODIFF_TRACE_CACHE": str(tmp_path / "new" / "folder")}
    assert run_script(DISK.replace("FOUND", "False"), **where)[:2] == (0, "True False\n")
    assert run_script(DISK.replace("FOUND", "True"), **where)[:2] == (0, "True True\n")
    files = list((tmp_path / "new" / "folder").iterdir())
    assert len(files) == 2 and all(file.suffix == ".object" for file in files)


@pytest.mark.parametrize("harm", ["empty", "cut", "changed", "other", "valid but no object"])
def test_objects_that_are_spoilt_are_not_there(tmp_path, monkeypatch, harm):
    monkeypatch.setenv("AUTODIFF_TRACE_CACHE", str(tmp_path))
    make([axpy(At(1), At(2), At(3))], [X, Y], [X])
    (file,) = tmp_path.glob("*.object")
    content = file.read_bytes()
    if harm == "valid but no object":
        text, identity = UNITS, engine.identity()
        object_cache.keep(text, identity, b"no machine code at all")
        assert object_cache.find(text, identity) == b"no machine code at all"
    else:
        file.write_bytes({"empty": b"", "cut": content[:-9], "changed": content[:-9] + b"\0" + content[-8:][:8],
                          "other": b"something else"}[harm])  # fmt: skip
        file.write_bytes(file.read_bytes()[:-1] + b"\7" if harm == "changed" else file.read_bytes())
    assert np.array_equal(make([axpy(At(1), At(2), At(3))], [X, Y], [X])(X, Y), 2 * X + Y)
    assert file.read_bytes() == content


def test_two_processes_may_write_at_once(tmp_path):
    body = "from concurrent.futures import ThreadPoolExecutor as Pool\n" + DISK.replace("FOUND", "False") + """
for number in range(30):
    text = UNITS + f"define i64 @own() {{ ret i64 {number} }}"
    compile_region(Code(text, [axpy(At(1), At(2), At(3))], [spec_of(X)] * 2, [spec_of(X)], [], 0, 4))(X, Y)
"""
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(run_script(body, AUTODIFF_TRACE_CACHE=str(tmp_path))))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(code == 0 and out.startswith("True") for code, out, _ in answers), answers
    assert len(list(tmp_path.glob("*.object"))) == 32 and not list(tmp_path.glob("*.tmp"))


def test_the_folder_may_be_nowhere(tmp_path, monkeypatch):
    file = tmp_path / "a file"
    file.write_text("")
    for where in ("0", "off", "OFF", str(file), str(file / "below"), "/proc/nothing"):
        monkeypatch.setenv("AUTODIFF_TRACE_CACHE", where)
        assert np.array_equal(make([axpy(At(1), At(2), At(3))], [X, Y], [X])(X, Y), 2 * X + Y)
        assert object_cache.find(UNITS, engine.identity()) is None
    assert os.listdir(tmp_path) == ["a file"]
    monkeypatch.delenv("AUTODIFF_TRACE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if sys.platform == "linux":
        assert object_cache.folder() == tmp_path / "autodiff_trace"


def test_what_was_not_used_for_longest_goes_first(tmp_path, monkeypatch):
    background.wait()  # what other tests have left to be compiled is kept where they want it
    monkeypatch.setenv("AUTODIFF_TRACE_CACHE", str(tmp_path))
    monkeypatch.setattr(object_cache, "LIMIT", 10_000)
    monkeypatch.setattr(object_cache, "kept", itertools.count(1))  # so that none of what follows tidies by itself
    for number in range(12):
        object_cache.keep(str(number), (), bytes(1000))
        os.utime(object_cache.file_of(str(number), ()), (number, number))
    object_cache.find("0", ())
    object_cache.tidy(tmp_path)
    left = [number for number in range(12) if object_cache.find(str(number), ()) is not None]
    assert left[0] == 0 and left[-1] == 11 and 2 not in left and 6 <= len(left) <= 8


def test_what_the_text_tells_of_units():
    mutual = "define double @{}(double %x) {{\n %y = call double @{}(double %x)\n ret double %y\n}}\n"
    facts = facts_of(UNITS + mutual.format("a", "b") + mutual.format("b", "a"))
    assert [name for name, each in facts.items() if each.runs_loops] == ["inner", "less"]
    assert facts["less"].cost > 5 > facts["axpy"].cost > 0.5 and {"a", "b", "copy16"} < set(facts)


def test_layouts_are_as_expected():
    assert layouts.is_expected()


def test_a_layout_that_differs_is_noticed(monkeypatch):
    monkeypatch.setattr(layouts, "is_expected", lambda: False)
    region = make([axpy(At(1), At(2), At(3))], [X, Y], [X])
    assert region.__module__.endswith("plain") and np.array_equal(region(X, Y), 2 * X + Y)


ALL_UFUNCS = sorted(name for name, value in vars(np).items() if isinstance(value, np.ufunc) and value.__name__ == name)


@pytest.mark.parametrize("name", ALL_UFUNCS)
def test_loops_by_pointer_give_what_the_ufunc_gives(name):
    """Elements are compared in their bytes, for each combination of dtypes."""
    ufunc, rng = getattr(np, name), np.random.default_rng(0)
    if ufunc.signature is not None:
        return
    n = 19
    for signature in ufunc.types:
        try:
            symbols.ufunc_loop(name, signature)
        except LookupError:
            assert name == "power" or not set(signature) <= {*symbols.PLAIN, "-", ">"}
            continue
        given, made = ([np.dtype(each) for each in part] for part in signature.split("->"))
        inputs = [(rng.standard_normal(n) * 3 + (1j if each.kind == "c" else 0)).astype(each, copy=False) if each.kind
                  in "fc" else rng.integers(1, 5, n).astype(each) for each in given]  # fmt: skip
        with np.errstate(all="ignore"):
            expected = ufunc(*inputs, signature=signature, casting="unsafe")
            outputs = [np.empty(n, each) for each in made]
            operands = tuple(map(At, range(1, 1 + ufunc.nargs)))
            steps = tuple(each.itemsize for each in given + made)
            answer = make([UfuncCall(name, signature, operands, (n,), steps)], inputs, outputs)(*inputs)
        for one, other in zip(*[each if type(each) is tuple else (each,) for each in (answer, expected)]):
            assert one.tobytes() == other.tobytes(), signature


def test_ufuncs_that_cannot_be_had():
    for name, signature in [("sin", "O->O"), ("power", "ll->l"), ("add", "Mm->M"), ("sin", "i->d"), ("no_such", "d->d"),
                            ("sin", "g->g"), ("umath_linalg.no", "d->d"), ("pi", "d->d")]:  # fmt: skip
        with pytest.raises(LookupError):
            symbols.ufunc_loop(name, signature)
    assert symbols.ufunc_loop("power", "dd->d") != symbols.ufunc_loop("power", "ff->f")


@pytest.mark.parametrize("change, said", [
    ({"sys.byteorder": "big"}, "first byte last"), ({"platform.machine": lambda: "riscv64"}, "riscv64"),
    ({"struct.calcsize": lambda _: 4}, "32 bits"), ({"sysconfig.get_config_var": lambda name: 1}, "free-threaded"),
    ({"OLDEST": (99,)}, "too old"),
])  # fmt: skip
def test_where_there_are_no_native_programs(change, said, monkeypatch):
    for name, value in change.items():
        monkeypatch.setattr(f"{engine.__name__}.{name}", value)
    for cached in (engine.available, engine.loaded):
        monkeypatch.setattr(engine, cached.__name__, cached.__wrapped__)
    monkeypatch.setattr(engine, "load", engine.loaded)
    assert said in engine.available()


def test_without_llvmlite_it_says_so():
    body = "import sys; sys.modules['llvmlite'] = None\nfrom autodiff_trace.compiler.backends.native import engine\n"
    body += "print(engine.available())"
    done = subprocess.run([sys.executable, "-c", body], capture_output=True, text=True)
    assert "pip install autodiff_trace[native]" in done.stdout, done.stderr
