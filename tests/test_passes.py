"""The passes that leave out steps, and those that say where values lie: what each does, and what it must not do."""

import numpy as np
import pytest
from pass_checks import assert_replays, count, describe, lowered, small_blocks, source

from autodiff_trace import compiler, grad, jacobian, jit, nn, value_and_grad, vjp
from autodiff_trace import numpy as anp
from autodiff_trace.compiler import PASSES
from autodiff_trace.compiler.pipeline import optimize, prepare
from autodiff_trace.compiler.ir.node import Node, operands, rebuild
from autodiff_trace.compiler.rewrite.driver import rewrite
from autodiff_trace.compiler.rewrite.exact import EXACT
from autodiff_trace.compiler.schedule.buffers import assign_buffers
from autodiff_trace.compiler.rewrite.cse import merger
from autodiff_trace.compiler.rewrite.constant_folding import fold
from autodiff_trace.compiler.rewrite.dce import remove_dead_code
from autodiff_trace.compiler.analysis.liveness import find_last_uses, find_roots
from autodiff_trace.compiler.rewrite import quicker_calls
from autodiff_trace.compiler.rewrite.quicker_calls import SHORT_AXES, SMALL_SUMS, sines
from autodiff_trace.compiler.backends.numpy_source.short_rows import TILED

X = np.array([[1.0, -2.0, 3.0], [0.5, 4.0, -0.25]])
V = np.array([1.0, 2.0, -3.0])
STACKS = np.arange(18.0).reshape(2, 3, 3) / 7, np.arange(18.0)[::-1].reshape(2, 3, 3) / 5


def network(x, v):
    """A bit of everything: what each pass finds something to do in."""
    unused = anp.exp(x)[0] * 2
    y = anp.where(x > 0, anp.sqrt(anp.where(x > 0, x, 1.0)), 0.0) * 1.0
    z = (x * x + x * x) - (-y) + anp.sum(y, axis=0) + v
    z[0] = anp.sin(v[0]) * v[1] / 3.0 + v[2] - 0.5 * v[1]
    if z[0, 0] > 100:
        return unused
    return anp.sum(anp.tanh(z) @ z.T, axis=1), anp.negative(-z), anp.zeros_like(x)


def pulled(x, v):
    outputs, pullback = vjp(network, x, v)
    return pullback(outputs)


@pytest.mark.parametrize("function", [network, pulled])
@pytest.mark.parametrize("passes", [(), PASSES])
def test_a_recorded_program_is_not_changed(passes, function):
    program = jit(function).graph(X, V).program
    before = describe(program)
    optimize(prepare(program, passes), passes)
    assert describe(program) == before


@pytest.mark.parametrize("function", [network, pulled])
@pytest.mark.parametrize("passes", [(), PASSES, *[(name,) for name in PASSES],
                                    *[tuple(each for each in PASSES if each != name) for name in PASSES]])
def test_each_pass_alone_and_all_but_one(passes, function):
    assert_replays(function, (X, V), (X * 1.5, V - 0.5), passes=passes)


def test_names_of_passes():
    assert PASSES is compiler.PASSES
    assert jit(network, passes="fusion").passes == ("fusion",)
    for passes in [("typo",), "typo", ["algebra", "typo"]]:
        with pytest.raises(TypeError, match="no pass 'typo'; there are 'constants', 'algebra'"):
            jit(network, passes=passes)


# Constants


def test_what_does_not_depend_on_inputs_is_computed_once():
    program = lowered(lambda x: x * anp.sqrt(anp.ones_like(x) + 3), V)
    assert count(program) == {"ones_like": 1, "add": 1, "sqrt": 1, "multiply": 1}
    assert count(rebuild(program, fold)) == {"multiply": 1}


def test_arrays_outside_are_read_in_each_run():
    outside = np.array([1.0, 2.0, 3.0])
    compiled = jit(lambda x: anp.exp(x * 0 + outside) + x)
    compiled(V)
    outside[:] = 5.0
    np.testing.assert_array_equal(compiled(V), np.exp(outside) + V)


def test_constants_that_nodes_keep_no_elements_of():
    z = np.ones(4096)
    assert_replays(lambda x: x + anp.exp(1j * anp.ones_like(x)), (z,))


def test_constants_that_numpy_warns_of_are_computed_in_each_run():
    with np.errstate(divide="ignore"):
        program = lowered(lambda x: x + anp.log(anp.zeros_like(x) * 2), V)
    assert count(rebuild(program, fold)) == {"log": 1, "add": 1}


def test_constants_that_are_tuples():
    compiled = jit(lambda x: anp.linalg.eigh(anp.ones_like(x) + np.eye(2))[0] + x[0])
    for x in [np.eye(2), 2 * np.eye(2)]:
        np.testing.assert_allclose(compiled(x), [1.0, 3.0] + x[0])


# Algebra

SIMPLER = [
    (lambda x, y: x - (-y), {"add": 1}),
    (lambda x, y: x + (-y), {"subtract": 1}),
    (lambda x, y: (-x) + y, {"subtract": 1}),
    (lambda x, y: x + (-x * y), {"multiply": 1, "subtract": 1}),
    (lambda x, y: anp.negative(-x) * y, {"multiply": 1}),
    (lambda x, y: (x * 1) / 1 * y, {"multiply": 1}),
    (lambda x, y: (x - 0.0) * y, {"multiply": 1}),
    (lambda x, y: 2 * (1.3 * x) + y, {"multiply": 1, "add": 1}),
    (lambda x, y: 0.3 * (2 * x) + y, {"multiply": 2, "add": 1}),
    (lambda x, y: 2 * (0.3 * x) + y, {"multiply": 2, "add": 1}),  # 0.3 * 5e-324 is 0.0
    (lambda x, y: x.T.T * y, {"multiply": 1}),
    (lambda x, y: x.reshape(3, 2).reshape(6), {"reshape": 1}),
    (lambda x, y: x.reshape(6).reshape(2, 3) * y, {"multiply": 1}),
    (lambda x, y: x * (y * 0 + 1), {"multiply": 2, "add": 1}),
    (lambda x, y: (x + 0.0) * y, {"add": 1, "multiply": 1}),  # -0.0 + 0.0 is 0.0
    (lambda x, y: (x - (-0.0)) * y, {"subtract": 1, "multiply": 1}),
    (lambda x, y: 0.5 * (0.3 * x) + y, {"multiply": 2, "add": 1}),
]


@pytest.mark.parametrize("function, expected", SIMPLER)
def test_simpler_steps_of_the_same_value(function, expected):
    program = remove_dead_code(rewrite(lowered(function, X, X + 1), EXACT))
    assert count(program) == expected
    assert_replays(function, (X, X + 1), (-X, X * 0.0), passes=("algebra", "dead code"))


INTEGERS = [
    lambda x, u: x - (-u), lambda x, u: x + (-u), lambda x, u: (-u) * x, lambda x, u: (-u) * u,
    lambda x, u: 2 * (100 * u),
]


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64])
@pytest.mark.parametrize("function", INTEGERS)
def test_integers_overflow_as_they_do(function, dtype):
    assert_replays(function, (V, np.array([1, 2, -128]).astype(dtype)))


COMPLEX = [
    lambda z: z * 1.0, lambda z: z / 1, lambda z: 1 * z, lambda z: 2 * (3 * z), lambda z: anp.sqrt(-z * z.conj()),
]


@pytest.mark.parametrize("function", COMPLEX)
def test_complex_arithmetic_stays(function):
    z = np.array([complex(np.inf, 1), complex(-0.0, -0.0), complex(0.0, 2.0), complex(2.0, 0.0)])
    with np.errstate(all="ignore"):
        compiled, expected = jit(function), function(z)
        compiled(z)
        assert compiled(z).tobytes() == expected.tobytes()


@pytest.mark.parametrize("x", [np.float32(3.0), np.array([3.0], np.float32), 3, 3.0, np.array([100], np.int8)])
def test_factors_that_are_joined_keep_the_dtype(x):
    compiled, function = jit(lambda x: 2 * (3 * x)), lambda x: 2 * (3 * x)
    compiled(x)
    assert type(compiled(x)) is type(function(x)) and np.asarray(compiled(x)).dtype == np.asarray(function(x)).dtype
    assert compiled(x) == function(x)


def test_factors_that_are_joined_overflow_no_later():
    for function in [lambda x: 0.1 * (2 * x), lambda x: 2 * (0.1 * x), lambda x: 3 * (2 * x)]:
        assert_replays(function, (np.array([1.5e308, 1e308, 1.0]),))


@pytest.mark.parametrize("function", [
    lambda a, b: anp.sum(a @ b),
    lambda a, b: anp.sum(anp.sum(a @ b, axis=(0, 1)) * V),
    lambda a, b: anp.sum(anp.sum(a @ b, axis=0)),
    lambda a, b: anp.sum(anp.sum(a / b, axis=0) * V),
    lambda a, b: anp.sum(anp.maximum(a, b), axis=(1, 2))[1],
])
def test_products_of_matrices_read_whole_fills(function):
    a, b = STACKS
    assert_replays(grad(function, argnums=(0, 1)), (a, b + 1), (b, a - 9))


def test_a_piece_that_is_all_of_a_result_is_no_part_of_another():
    compiled = jit(lambda x, g: vjp(lambda x: x[None], x)[1](g)[0])
    g = np.ones((1, 3))
    compiled(V, g)
    assert not np.shares_memory(compiled(V, g), g)


# Common subexpressions


def merge_common(program):
    return rewrite(program, EXACT, (), merger())


def test_what_is_equal_is_computed_once():
    def function(x, y):
        return anp.exp(x * y) + anp.exp(y * x) + anp.sum(x, axis=0) - anp.sum(x, axis=1)[0]

    merged = count(merge_common(lowered(function, X, X)))
    assert merged["multiply"] == 1 and merged["exp"] == 1 and merged["reduce"] == 2


@pytest.mark.parametrize("function, name", [
    (lambda x: anp.arctan2(0.0, x) + anp.arctan2(-0.0, x), "arctan2"),
    (lambda x: (x - 2 * x) + (2 * x - x), "subtract"),
    (lambda x: anp.power(x, 3) * anp.power(x, 4), "power"),
])
def test_what_differs_is_not_merged(function, name):
    assert count(merge_common(lowered(function, V)))[name] == 2
    assert_replays(function, (V,), (-V,))


def test_error_handling_tells_steps_apart():
    def function(x):
        with np.errstate(divide="raise"):
            y = anp.log(x)
        with np.errstate(divide="ignore"):
            return y + anp.log(x)

    assert count(merge_common(lowered(function, V**2)))["log"] == 2


def test_copies_are_not_merged():
    compiled = jit(lambda x: (x.copy(), x.copy(), x + x, x + x))
    compiled(V)
    first, second, third, fourth = compiled(V)
    assert not any(np.shares_memory(a, b) for a, b in [(first, second), (third, fourth), (first, V), (second, V)])


# Dead code


def test_what_nothing_needs_is_left_out():
    def function(x):
        anp.exp(x) + anp.sum(x)
        return x * 2

    assert count(remove_dead_code(lowered(function, V))) == {"multiply": 1}


@pytest.mark.parametrize("function, bad", [
    (lambda x: (anp.linalg.inv(x[None] * np.eye(3)), x * 2)[1], np.zeros(3)),
    (lambda x: (anp.linalg.cholesky(x * np.eye(3)), x * 2)[1], -np.ones(3)),
    (lambda x: (x[anp.argmax(x) + anp.argmin(x)], x * 2)[1], np.array([1.0, 0.0, 2.0])),
])
def test_dead_steps_that_may_fail_are_kept(function, bad):
    compiled = jit(function)
    good = np.array([2.0, 1.0, 0.5])
    for _ in range(2):
        np.testing.assert_array_equal(compiled(good), 2 * good)
    with pytest.raises((np.linalg.LinAlgError, IndexError)) as eager:
        function(bad)
    with pytest.raises(eager.type):
        compiled(bad)


def test_dead_writes_that_may_fail_are_kept():
    def function(x):
        y = x * 3
        y[2 * anp.argmax(x)] = 0.0
        return x * 2

    compiled = jit(function)
    for _ in range(2):
        np.testing.assert_array_equal(compiled(V + 5), 2 * V + 10)  # the largest is number 1, the smallest number 2
    for run in (function, compiled):
        with pytest.raises(IndexError):
            run(np.array([0.0, 3.0, 9.0]))


@pytest.mark.parametrize("function, good, bad", [
    (lambda x: (1.0 / x, x + 1)[1], 2.0, 0.0),
    (lambda x: (x**400.0, x + 1)[1], 1.5, 1e10),
    (lambda x: (7 % x, 7 // x, x + 1)[2], 2, 0),
    (lambda x: (2**x, x + 1)[1], np.array([1, 2]), np.array([1, -2])),
])
def test_dead_arithmetic_that_may_fail_is_kept(function, good, bad):
    compiled = jit(function)
    compiled(good)
    for run in (function, compiled):
        with pytest.raises((ArithmeticError, ValueError)):
            run(bad)


def test_guards_keep_their_numbers():
    def function(x):
        anp.exp(x) + 1
        if anp.sum(x) > 0:
            x = x * 2
        if anp.max(x) > 3:
            x = x + 1
        return x

    program = lowered(function, V + 5)
    numbers = [step.out for step in program.steps if step.kind == "guard"]
    kept = [step.out for step in remove_dead_code(program).steps if step.kind == "guard"]
    assert kept == numbers == list(range(len(numbers)))
    compiled = jit(function)
    for x in [V + 5, V / 4 + 0.5, V - 5, V + 5, V - 6, V / 4 + 1]:
        np.testing.assert_array_equal(compiled(x), function(x))
    assert compiled.cache_info().traces == 3


# Buffers


def test_buffers_are_used_again():
    program = lowered(lambda x: anp.exp(anp.sin(anp.cos(anp.tanh(x)))) * 2, V)
    buffers, numbers = assign_buffers(program)
    assert len(buffers) == 1
    assert [numbers.get(step) for step in program.steps] == [0, 0, 0, 0, None]


@pytest.mark.parametrize("function", [
    network, pulled,
    lambda x, v: [x * 2 + anp.roll(x * 3, 1, axis=0) + (x * 4).T.reshape(2, 3), (x * 5)[0]],
    lambda x, v: (lambda y: anp.exp(y)[:, ::-1] * y + anp.sum(y[0]) + y[1])(x * 2),
    lambda x, v: (lambda y: [y[0], anp.exp(y) + anp.sin(y) * 2])(x * v),
])
def test_no_value_is_overwritten_while_it_is_needed(function):
    program = remove_dead_code(lowered(function, X, V))
    numbers = assign_buffers(program).numbers
    roots = find_roots(program)
    last_use = find_last_uses(program, roots)
    holder: dict[int, Node] = {}
    for i, step in enumerate(program.steps):
        for operand in operands(step):
            for root in roots.get(operand, ()):
                assert root not in numbers or holder[numbers[root]] is root, "overwritten"
        if step in numbers:
            before = holder.get(numbers[step])
            assert before is None or last_use.get(before, -1) <= i
            if before is not None and last_use.get(before, -1) == i:
                assert isinstance(step.function, np.ufunc) and before in step.args, "in place, where it is not legal"
            holder[numbers[step]] = step


@pytest.mark.parametrize("function", [
    lambda x: x * 2, lambda x: (x * 2)[0], lambda x: (x * 2).T, lambda x: [x * 2, (x * 2)[1:]],
    lambda x: anp.ravel(x * 2), lambda x: anp.squeeze((x * 2)[None]), lambda x: anp.diagonal(x * 2),
    lambda x: anp.broadcast_to(x * 2, (2, 2, 3)), lambda x: anp.split(x * 2, 3, axis=1), lambda x: anp.real(x * 2),
])
def test_outputs_lie_in_no_buffer(function):
    assert not assign_buffers(lowered(function, X)).buffers
    compiled = jit(function)
    compiled(X)
    first = compiled(X)
    kept = [np.array(each) for each in (first if isinstance(first, list) else [first])]
    compiled(X + 1)
    for each, before in zip(first if isinstance(first, list) else [first], kept):
        np.testing.assert_array_equal(each, before)


@pytest.mark.parametrize("x", [
    np.asfortranarray(X), X[:, ::-1], X.T, np.array(2.0), np.zeros((0, 3)), np.zeros((3, 0)), X[:1], X[:, :1],
    np.broadcast_to(V, (2, 3)), X.astype(np.float32), X.astype(complex), np.arange(6).reshape(2, 3), X > 0,
])
def test_any_layout_and_shape(x):
    def function(x):
        y = anp.where(x > 0, x, 2) * 2
        return anp.reshape(y.T, (-1,)) * 3, anp.sum(anp.exp(y * 0.1) + y, axis=None), anp.reshape(y, (-1,))[::-1] + 1

    assert_replays(function, (x,), (x,))


VIEWS = [
    lambda x: anp.reshape((x * 2).T, (-1,)) * 3, lambda x: (x * 2)[1:].T.reshape(-1) * 3, lambda x: (x * 2)[[1, 0]] * 3,
    lambda x: (x * 2)[([0, 1], [1, 0])] * 3, lambda x: (x * 2)[anp.ones_like(x) > 0] * 3, lambda x: (x * 2)[1] * 3,
    lambda x: (x * 2)[:, None, 1:] * 3, lambda x: (x * 2)[1, 2] * 3, lambda x: (x * 2).T[1] * 3,
]


@pytest.mark.parametrize("function", VIEWS)
@pytest.mark.parametrize("order", "CF")
def test_what_is_made_of_a_buffer_is_made_in_each_run(function, order):
    x = np.array(X, order=order)
    assert_replays(function, (x,), (x + 1,), (x - 1,))


# Emitted programs


def test_parameters_may_have_any_name():
    def function(nan, isfinite, check, exp, v1, b0, i, errstate):
        return anp.arctan(nan * isfinite) * 2 + anp.exp(-isfinite) * check * 3 + exp * v1 * b0 + i - errstate

    args = tuple(np.linspace(1, 2, 8))
    assert_replays(function, args, (*args[:1], np.float64(np.inf), *args[2:]))


def test_thousands_of_floats_are_checked():
    def function(x):
        total = 0.0
        for i in range(len(x)):
            total = total + anp.exp(-x[i])
        return total

    assert_replays(function, (np.linspace(0.0, 1.0, 1500),), (np.linspace(1.0, 2.0, 1500),))


# Sums, sines and cosines


@pytest.mark.parametrize("axis", [None, 0, 1, -1, -2, (0,), (0, 1)])
@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("x", [X, X.T, X.astype(np.float32), X[:, ::-1], V, X[:1], np.zeros((0, 3)), X * 1j])
def test_sums_of_small_arrays(x, axis, keepdims):
    if x.ndim == 1 and axis not in (None, 0, -1, (0,)):
        axis = 0
    function = lambda x: anp.sum(x + 1, axis=axis, keepdims=keepdims) * 2  # noqa: E731
    assert_replays(function, (x,), passes=("sums", "buffers"))


def test_small_sums_are_products():
    program = lowered(lambda x: (anp.sum(x), anp.sum(x, axis=0)), X)
    assert count(rewrite(program, SMALL_SUMS)) == {"reduce": 1, "dot": 1}


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
@pytest.mark.parametrize("keepdims", [False, True])
def test_sums_over_short_axes(axis, keepdims):
    x = np.linspace(0.0, 1.0, 400 * 10 * 3).reshape(400, 10, 3)
    function = lambda x: anp.sum(x * 2, axis=axis, keepdims=keepdims) + 1  # noqa: E731
    assert count(rewrite(lowered(function, x), SHORT_AXES)).get("sum_axis", 0) == (axis != 0)
    assert_replays(function, (x,), (x + 1,), passes=("sums",))


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.4.0", reason="dot of this NumPy tells of no overflow")
def test_sums_that_overflow_are_warned_of():
    compiled = jit(lambda x: (anp.sum(x, axis=0), anp.sum(x[0])))
    compiled(X)
    large = jit(lambda x: anp.sum(x * 1.5, axis=2))
    large(np.ones((40, 100, 3)))
    for bad in [np.full((2, 3), 1e308), np.array([[np.inf, 1.0, -np.inf], [-np.inf, 1.0, 1.0]])]:
        with pytest.raises(RuntimeWarning, match="overflow|invalid value"):
            compiled(bad)
        with pytest.raises(RuntimeWarning, match="(overflow|invalid value) encountered in reduce"):
            large(np.tile(bad, (20, 100, 1)).reshape(40, 100, 3) / 1.5)


@pytest.mark.parametrize("both", [lambda x: (anp.sin(x), anp.cos(x)), lambda x: anp.cos(x) * 2 + anp.sin(x)])
def test_sine_and_cosine_together(both, monkeypatch):
    monkeypatch.setattr(quicker_calls, "is_numpy_slow", lambda: True)
    x = np.linspace(-1000.0, 1000.0, 2**14 + 3)
    special = x.copy()
    special[:8] = [0.0, -0.0, np.pi, -np.pi / 2, 3 * np.pi / 4, 1e-300, 5e5, 1e6]
    program = lowered(both, x)
    assert count(rewrite(program, sines(program)))["sin_cos"] == 1
    others = [(np.append(special[1:], bad),) for bad in (np.nan, np.inf, 1e300)]
    assert_replays(both, (x,), (special,), *others, (x[::-1].copy(),), passes=("sines", "buffers"))


def test_logaddexp():
    x, y = np.linspace(-800.0, 800.0, 24).reshape(2, 12), np.linspace(90.0, -90.0, 12)
    special = np.array([[np.inf, -np.inf, np.nan, 1e308]]), np.array([[np.inf, -np.inf, 1.0, 1e308]])
    assert_replays(anp.logaddexp, (x, y), (x + 1, y), (np.tile(special[0], (2, 3)), np.tile(special[1][0], 3)))
    assert_replays(lambda x, y: vjp(anp.logaddexp, x, y)[1](x), (x, y), (x + 1, y))


def fill_by_items(x):
    out = anp.zeros(len(x))
    for i in range(1, len(x)):
        out[i] = out[i - 1] * 0.9 + x[i]
    return out


def keep_the_old(x):
    y = x * 2
    view, old = y[1:3], y + 1
    y[0] = 5.0
    before = y.copy()
    y[1:] = y[:-1]
    return old, y, before, view


@pytest.mark.parametrize("function", [fill_by_items, keep_the_old])
def test_assignment_in_place(function):
    x = np.linspace(1.0, 2.0, 30)
    assert_replays(function, (x,), (x + 1,))
    copies = [source(function, x, passes=passes).count("copy(") for passes in (PASSES, ("buffers",))]
    assert copies[0] < copies[1]
    if function is fill_by_items:
        assert copies[0] == 1  # of the zeros, which belong to the program


def layers(x):
    total = 0.0
    for _ in range(6):
        x = anp.maximum(anp.tanh(1.1 * x + 0.1), -0.5)
        total = total + anp.sum(anp.sin(x) * x)
    return total


STACK = np.linspace(-1.0, 2.0, 2 * 500 * 20).reshape(2, 500, 20)
MATRIX = np.linspace(-3.0, 1.0, 20 * 20).reshape(20, 20)
SUMS_OF_PRODUCTS = {
    "rows": lambda x, w: anp.sum(x[0] @ (w + w.T), axis=0),
    "columns": lambda x, w: anp.sum(x @ w, axis=-1),
    "rows of a stack": lambda x, w: anp.sum(x @ w, axis=1, keepdims=True),
    "negative": lambda x, w: anp.sum(-(x @ w), axis=1),
    "of columns turned": lambda x, w: anp.sum(w @ anp.swapaxes(x, 1, 2), axis=(2,)),
    "single precision": lambda x, w: anp.sum(anp.astype(x, np.float32) @ anp.astype(w, np.float32), axis=1),
    "gradient of a centre": lambda x, w: grad(lambda c: anp.sum(anp.tanh((x - c[:, None]) @ w)))(x[:, 0]),
    "needed twice": lambda x, w: (anp.sum(x @ w, axis=1), anp.exp(x @ w)),
    "returned": lambda x, w: (lambda y: (anp.sum(y, axis=1), y))(x @ w),
    "of the stack": lambda x, w: anp.sum(x @ w, axis=0),
    "of all": lambda x, w: anp.sum(x @ w),
    "of two axes": lambda x, w: anp.sum(x @ w, axis=(0, 1)),
    "of a vector": lambda x, w: anp.sum(anp.tile(x[0], (20, 1)) @ w[0], axis=0),
    "small": lambda x, w: anp.sum(w @ w, axis=0),
    "complex": lambda x, w: anp.sum(x @ (w * 1j), axis=1),
    "of two precisions": lambda x, w: anp.sum(x @ anp.astype(w, np.float32), axis=1),
    "negative and returned": lambda x, w: (lambda y: (anp.sum(y, axis=1), y))(-x),
    "factors that could overflow": lambda x, w: (2.0 * x) * (-0.5 * x[:, :, :1]),
}


@pytest.mark.parametrize("name", SUMS_OF_PRODUCTS)
def test_sums_of_products(name):
    function = SUMS_OF_PRODUCTS[name]
    assert_replays(function, (STACK, MATRIX), (STACK + 1, -MATRIX), (0 * STACK, MATRIX))
    assert "negative(" not in source(function, STACK, MATRIX) or name == "negative and returned"


SHORT_ROWS = {
    "vector": ((1003, 10), (10,)),
    "one row": ((1003, 10), (1, 10)),
    "stack": ((7, 500, 3), (7, 1, 3)),
    "one row for a stack": ((7, 500, 3), (1, 3)),
    "rows for a stack": ((500, 3), (7, 1, 3)),
    "few rows": ((3000, 2, 5), (3000, 1, 5)),
    "rows that fill no tile": ((2, 2, 2, 1001, 2), (2,)),
    "high columns": ((1200, 2), (2,)),
    "high columns, one row": ((2000, 3), (1, 3)),
    "short columns": ((200, 2), (2,)),
}


@pytest.mark.parametrize("name", SHORT_ROWS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("ufunc", TILED)
def test_short_rows(ufunc, dtype, name):
    x, y = (np.linspace(0.5, 2.0, int(np.prod(shape))).reshape(shape).astype(dtype) for shape in SHORT_ROWS[name])
    for pair in ((x, y), (y, x)):
        before = [each.copy() for each in pair]
        expected = ufunc(*pair)
        for out in (None, np.full_like(expected, np.nan)):
            found = TILED[ufunc](*pair, out)
            assert found.dtype == dtype and (out is None or found is out)
            np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(np.concatenate([each.ravel() for each in pair]),
                                      np.concatenate([each.ravel() for each in before]))
    if name not in ("few rows", "short columns"):
        function = lambda x, y: (anp.tanh(ufunc(y, x)) - y) * 2  # noqa: E731
        assert_replays(function, (x, y), (x + 1, 2 * y))
        assert "tiled" in source(function, x, y)


def test_short_rows_in_blocks_of_rows():
    x, c = np.linspace(-1.0, 1.0, 300_000).reshape(-1, 3), np.array([0.5, 0.0, -2.0])
    function = grad(lambda c: anp.sum(anp.exp(-((x - c) ** 2))))
    assert_replays(function, (c,), (-c,), (np.array([np.inf, 1.0, 2.0]),))
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        jit(lambda x, c: x / c)(x, c)


@pytest.mark.parametrize("x, y", [
    (STACK.reshape(-1, 5), np.ones((4000, 1))),
    (np.asfortranarray(STACK.reshape(-1, 5)), np.ones(5)),
    (STACK.reshape(-1, 5)[::2], np.ones(5)),
    (STACK.reshape(-1, 5), np.ones(5, np.float32)),
    (STACK.reshape(-1, 5) * 1j, np.ones(5)),
    (np.ones((4000, 5), int), np.ones(5, int)),
    (STACK.reshape(-1, 5)[:10], np.ones(5)),
    (STACK.reshape(-1, 50), np.ones(50)),
    (STACK.reshape(-1, 1), np.ones(1)),
    (STACK.ravel(), np.ones(1)),
    (STACK.reshape(-1, 1, 5), np.ones(5)),
    (STACK.reshape(-1, 40, 5), np.ones(5)),
    (np.ones((4000, 1)), np.ones(5)),
    (STACK, STACK + 1),
])
def test_what_is_no_short_rows(x, y):
    program = lowered(lambda x, y: x - y, x, y)
    assert rewrite(program, quicker_calls.SHORT_ROWS) is program
    assert_replays(lambda x, y: x - y, (x, y), (x, 2 * y))


def test_calls_of_one_function_are_stacked():
    x = np.linspace(-1.0, 1.0, 12).reshape(3, 4)
    function = grad(layers)
    assert_replays(function, (x,), (x + 0.1,), (x * 2,))
    alone = tuple(each for each in PASSES if each != "stacks")
    calls_made = [source(function, x, passes=passes).count("cos(") for passes in (PASSES, alone)]
    assert calls_made == [1, 6]
    compiled = jit(function)
    compiled(x)
    first = compiled(x)
    kept = first.copy()
    compiled(x + 1)
    np.testing.assert_array_equal(first, kept)


def test_stacks_stay_on_one_side_of_a_guard():
    def function(x):
        total = 0.0
        for i in range(5):
            x = anp.sin(x * 1.5)
            if x[i] > 0.2:
                total = total + anp.sum(anp.exp(x))
        return total

    x = np.linspace(0.1, 1.0, 5)
    compiled = jit(grad(function))
    for scale in (1.0, 0.5, 1.0, -1.0, 0.5):
        np.testing.assert_allclose(compiled(scale * x), grad(function)(scale * x), rtol=1e-12)


# Signs


@pytest.mark.parametrize("function, negations", [
    (lambda x: anp.exp(-x * x) * -x + 1.0, 1),
    (lambda x: -x * x + -x * 3.0, 1),
    (lambda x: -(x * 3.0) * anp.sin(x), 1),
    (lambda x: x - (-x * x) - (-x * anp.sin(x)), 0),
    (lambda x: -(x * anp.cos(x)) - x * (2.0 * anp.sin(x)), 1),
    (lambda x: -(x * anp.cos(x)) + -(3.0 * x * anp.sin(x)), 1),
    (lambda x: anp.sin(-x) * (-x), 1),  # they are one value
])
def test_signs_move_into_sums_and_constants(function, negations):
    x = np.array([1.0, -2.0, 0.0, np.inf, np.nan])
    assert_replays(function, (x,), (x[::-1].copy(),))
    assert source(function, x[:3]).count("negative(") == negations


@pytest.mark.parametrize("outer", [lambda y: 2.0 * y, lambda y: -y])
def test_products_keep_their_error_handling(outer):
    def function(x):
        with np.errstate(over="raise"):
            y = 3.0 * x
        return outer(y)

    compiled = jit(function)
    for run in (function, compiled, compiled):
        run(V)
    for run in (function, compiled):
        with np.errstate(over="ignore"), pytest.raises(FloatingPointError):
            run(V * 1e308)


def test_signs_of_long_products():
    def function(x):
        y = x
        for _ in range(2000):
            y = y * x
        return -y - x * y

    x = np.array([1.0, -1.0, 0.5])
    assert_replays(function, (x,), (-x,), passes=("algebra", "common"))


def test_constants_full_of_one_number():
    def function(x):
        return x * anp.full(4, 0.5) + x * anp.zeros(4) + x.reshape(2, 2).sum() * np.full(4, 3.0)

    x = np.arange(4.0)
    assert_replays(function, (x,), (-x,))


# Products with diagonal matrices


def test_a_jacobian_begins_without_a_product():
    def function(x, W):
        return jacobian(lambda x: anp.tanh(W @ anp.sin(x)))(x)

    x, W = np.linspace(-1.0, 1.0, 4), np.linspace(-2.0, 2.0, 20).reshape(5, 4)
    assert_replays(function, (x, W), (x + 1, W * 0.5))
    assert source(function, x, W).count(".dot(") == 1
    assert_replays(lambda x: jacobian(lambda x: x)(x) * x, (x,), (x + 1,))
    assert_replays(lambda x, W: jacobian(lambda x: W @ x)(x), (x, W), (x, W + 1))
    assert ".dot(" not in source(lambda x, W: jacobian(lambda x: W @ x)(x), x, W)


# Scattering


@pytest.mark.parametrize("reads", [
    lambda x: (x[1:], x[:-1]),
    lambda x: (x[:2], x[2:]),
    lambda x: (x[1:2],),
    lambda x: (x[3:3], x[1:]),
    lambda x: (x[::2], x[1:]),
    lambda x: (x[::-1], x[:2]),
    lambda x: (x[:, 1], x[:, 1], x[:, 0], x[:, 2]),
    lambda x: (x[..., 1:, 1], x[..., None, 0]),
    lambda x: (x[-1, :], x[0, 1:]),
    lambda x: (x[1:3, 1:3], x[0:2, 0:2], x[1:, :2]),
    lambda x: tuple(x[i : i + 1] for i in range(4)) * 30,
    lambda x: (x[1], x[0, 1], x[:2], x[-1, 2], x[0, 1]),
    lambda x: (x[[0, 0, 3]], x[1:], x[np.array([1, 2]), 1], x[2]),
    lambda x: (x[:, [2, 2]], x[np.array([True, False, True, False])]),
    lambda x: [x[i] for i in [np.array([0, 1, 1])] for _ in range(3)],
    lambda x: (x[:2], x[0:2], x[-4:2], x[0], x[0:1], x[1:3, :2], x[1:3, 0:2]),
])
def test_pieces_are_written_or_added(reads):
    def function(x):
        return grad(lambda x: sum(anp.sum(anp.sin(part * (2.0 + i))) for i, part in enumerate(reads(x))))(x)

    x = np.linspace(-1.0, 2.0, 12).reshape(4, 3)
    assert_replays(function, (x,), (x + 1,), (x * 2,))


# Short axes, masks, views


@pytest.mark.parametrize("axis, keepdims", [((2, 4), False), ((2, 4), True), (4, False), (4, True), ((-2, 2), False)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_reductions_over_few_places(axis, keepdims, dtype):
    def function(x):
        extrema = x.max(axis, keepdims=keepdims), x.min(axis, keepdims=keepdims)
        return *extrema, anp.sum(x > 0.5, axis, keepdims=keepdims)

    x = np.random.default_rng(0).normal(size=(40, 8, 2, 7, 3, 6)).astype(dtype)
    y = x.copy()
    y[3, 2, 1, 1, 0, 2] = np.nan
    y[0, 0] = np.inf
    assert_replays(function, (x,), (y,), (-x,))
    assert "reduce" not in source(function, x)
    assert "reduce" in source(lambda x: x.max(-1), x)  # along what is contiguous


def test_a_mask_is_a_factor():
    def function(x, y):
        return grad(lambda x: anp.sum(anp.where(x > 0, x * y, 0.0)))(x)

    x = np.array([1.0, -2.0, 3.0])
    y = x + 0.0
    assert "select" not in source(function, x, y) and "where" not in source(function, x, y)
    nans = np.array([2.0, np.nan, np.inf])
    assert_replays(function, (x, y), (x, nans), (nans, x), (-x, nans))


@pytest.mark.parametrize("function", [
    lambda x: (anp.sin(x) * 2.0).reshape(400, 10, 10)[:, ::-1],
    lambda x: [(anp.sin(x) * 2.0)[:, i : i + 90] for i in range(10)],
    lambda x: (anp.exp(anp.sin(x) * 2.0)[:, :10], anp.exp(anp.sin(x) * 2.0)[:, :10] * 3.0),
    lambda x: [anp.sum(row, axis=0) for row in ((anp.cos(x) + 1.0).T, (anp.cos(x) + 1.0)[:, None])],
])
def test_views_of_what_is_computed_by_blocks(function, monkeypatch):
    small_blocks(monkeypatch)
    x = np.random.default_rng(0).normal(size=(400, 100))
    assert_replays(function, (x,), (x + 1,))
    assert "blocks_1(" in source(function, x)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_softmax_takes_the_powers_of_its_sum(axis):
    def function(x):
        return value_and_grad(lambda x: anp.sum(nn.logsumexp(x, axis=axis) ** 2))(x)

    x = np.linspace(-3.0, 4.0, 12).reshape(3, 4)
    awkward = np.array([[np.inf, 1.0, -np.inf, 800.0], [0.0, -np.inf, -np.inf, -800.0], [np.nan, 3.0, -np.inf, 0.0]])
    assert_replays(function, (x,), (awkward,), (1000 * x,), (x + 1,))
    assert source(function, x).count(" exp(") == 1


def test_what_cannot_be_written_to_is_not_returned():
    def function(x, y):
        return 1.0 * anp.broadcast_to(x + y, (4, 3)), (1.0 * anp.broadcast_to(y * 2.0, (4, 3)))[:2]

    def gradient(x, y):
        return grad(lambda x: anp.sum(anp.einsum("i,ai->a", x, y)))(x), x

    for compiled, second in ((jit(function), np.ones(3)), (jit(gradient, passes=()), np.ones((2, 1)))):
        for _ in range(3):
            assert all(each.flags.writeable for each in compiled(np.ones(3), second))


def test_powers_of_truth_values():
    assert_replays(lambda x: ((x > 1.0) ** 2, (x > 1.0) ** np.int16(2)), (V,), (-V,))


@pytest.mark.parametrize("function", [
    lambda x: anp.exp(x - anp.where(x[:, :1] == -np.inf, 0.0, nn.logsumexp(x, axis=1)[:, None])),
    lambda x: anp.exp(x - (anp.log(anp.sum(anp.exp(x - x[:1]), axis=1, keepdims=True)) + x[:1])),
    lambda x: anp.exp(x - (anp.log(anp.sum(anp.exp(x), axis=1, keepdims=True)) + 0.0 * x[:, :1])),
])
def test_what_is_nearly_a_softmax(function):
    x = np.linspace(-3.0, 4.0, 12).reshape(3, 4)
    y = x.copy()
    y[:2, 0] = -np.inf
    assert_replays(function, (x,), (y,), (800 * x,), (-800 * x,))


@pytest.mark.parametrize("number", [np.uint8(200), np.int8(-128), np.uint16(3), np.float32(0.1), True, 3, 0.5])
def test_numbers_that_are_no_factors_stay_what_they_are(number):
    def function(x):
        twice = number * (2.0 * x), np.uint8(2) * (number * x), 2 * (number * x)
        return -x * number, -(number * x), -(x * anp.sin(x)) - x * (number * anp.cos(x)), *twice

    assert_replays(function, (V,), (-V,))
    assert_replays(lambda x: (2.0 * x) * (number * anp.sin(x)), (np.linspace(0.0, 1.0, 10_000),))


@pytest.mark.parametrize("axis", [-1, -2, 0, 1, (1,)])
def test_sums_of_products_of_stacks_by_dot(axis):
    x, y = np.linspace(-1.0, 2.0, 2400).reshape(4, 30, 20), np.linspace(2.0, -1.0, 15_000).reshape(30, 20, 25)
    assert_replays(lambda x, y: anp.sum(anp.dot(x, y), axis=axis), (x, y), (2 * x, y))
