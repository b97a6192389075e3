"""What is declared of functions is true: each claim on the calls of all tables, and on operands of its own."""

import functools
import itertools
import math
import operator

import numpy as np
import pytest

from autodiff_trace import extend, grad, nn
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.backends.numpy_source import calls, short_rows
from autodiff_trace.compiler.ir import loop
from autodiff_trace.core import traits as core_traits
from autodiff_trace.core.forward import push_plain
from autodiff_trace.core.traits import UNKNOWN, declare, traits_of
from autodiff_trace.numpy import linalg, wrapped
from autodiff_trace.numpy.broadcasting import ShapeOnly
from autodiff_trace.numpy.rules import determinants, elementwise, factorizations, lengths, special_functions, windows
from autodiff_trace.nn import activations, attending, correlating, deviations, divergences, gelus, normalising
from autodiff_trace.nn import windows as nn_windows
from autodiff_trace.numpy.selections import beside, ones_beside, restrict
from test_residuals import all_rows, nodes_of

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(2, 3, 4))
POSITIVE = np.abs(X) + 0.5
MASK = X > 0
SHARES = POSITIVE[:, :3] / 8
IMAGES, KERNELS = RANDOM.normal(size=(2, 4, 5, 6)), RANDOM.normal(size=(2, 2, 3, 2))
SPANS = (2, 1), ((1, 0), (0, 1)), (1, 2), 2
PLACES = np.array([[0, 1], [1, 1], [0, 0]], np.uint8)
SYMMETRIC = np.diag([2.0, 3.0, 4.0]) + 0.1
AWKWARD = np.array([0.0, -0.0, 1.0, -1.0, 0.5, 1e308, -1e308, 1e-310, np.inf, -np.inf, np.nan])

OWN_CALLS = [
    (calls.copy, X), (calls.fill, X[0], (3, 4)), (calls.like, X), (calls.select, MASK, X, Y), (calls.keep, X, MASK),
    (calls.logaddexp, X, Y), (calls.sum_axis, X, "ab->a"), (calls.sum_rows, X, (0,), (4,)), (calls.reshape, X, (4, 3)),
    (calls.transpose, X, (1, 0)), (calls.roll, X, (((slice(1, 3),), (slice(0, 2),)), ((0,), (2,)))),
    (calls.cast, X, np.dtype(np.float32)), (calls.after, X, Y), (calls.assign, X, 0, Y[0]), (calls.getitem, X, 1),
    (calls.empty, (3, 4), np.dtype(float), (0, 1)), (calls.scatter, [X], [(slice(None),)], (3, 4), (), ("write",)),
    (calls.sin_cos, X, np.empty_like(X)), (calls.ADD_REDUCE, X, 0), (calls.MAXIMUM_REDUCE, X, 0),
    (calls.MINIMUM_REDUCE, X, 0), (calls.check_labels, np.array([0, 1]), 2), (loop.result, [X, Y], 0),
    (loop.turn_of, [X, Y], 1), (loop.turn_of, [X, Y], slice(0, 2)), (loop.sum_turns, [X, Y]),
    (loop.read_each, X, (0, 1)),
    (loop.read_floats, X[0], (0, 1)), *[(tiled, X, Y[:1].copy()) for tiled in short_rows.TILED.values()],
    (np.array, X), (np.zeros_like, X), (np.ones_like, X), (np.full_like, X, 2.0), (np.float64, 0.5),
    (beside.fun, MASK, X), (ones_beside.fun, X),
    (determinants.inverse.fun, SYMMETRIC), (factorizations.lower_factor.fun, SYMMETRIC),
    (factorizations.lower_inverse.fun, np.tril(SYMMETRIC)), (factorizations.factor_cotangent.fun, SYMMETRIC, SYMMETRIC),
    (restrict.fun, X, MASK), (nn.sigmoid.fun, X), (nn.relu.fun, X), (elementwise.inverted.fun, X, Y),
    (lengths.unit.fun, X, POSITIVE), (special_functions.bessel_i.fun, X, 1),
    (special_functions.sinc_derivative.fun, X, 1), (windows.sliding_window_view.fun, X[0], 2),
    *[(function.fun, X) for function in (
        nn.hard_tanh, nn.log_sigmoid, nn.relu6, nn.silu, nn.softplus, gelus.exact_gelu, gelus.normal_cdf,
        gelus.tanh_gelu)],
    (gelus.cdf_again.fun, X, X), (activations.rectify.fun, X, 0.1), (activations.exponential_unit.fun, X, 1.5, 2.0),
    (deviations.huber_of.fun, X, 0.5), (divergences.logit_losses.fun, X, POSITIVE / 8),
    (divergences.divergences.fun, X, POSITIVE / 8),
    (divergences.probability_losses.fun, SHARES, SHARES.T), (divergences.share_over.fun, X, POSITIVE),
    (divergences.log_odds.fun, SHARES), (normalising.normalised.fun, X, (1,), 0.1),
    (normalising.inverse_deviation.fun, X, (1,), True, 0.1), (correlating.correlate.fun, IMAGES, KERNELS, *SPANS),
    (correlating.correlate_back.fun, IMAGES[:, :2, :2, :5], KERNELS, (5, 6), *SPANS),
    (correlating.correlate_kernels.fun, IMAGES, IMAGES[:, :2, :2, :5], (3, 2), *SPANS),
    (nn_windows.sum_windows.fun, X, (2,), (1,)), (nn_windows.spread_windows.fun, X, (5,), (2,), (1,)),
    (nn_windows.max_of_windows.fun, X, (2,), (2,)), (nn_windows.take_places.fun, X, PLACES, (2,), (2,)),
    (nn_windows.put_places.fun, X[:, :2], PLACES, (4,), (2,), (2,)),
    (nn_windows.places_of.fun, X[:, :2], X, (2,), (2,)),
    (attending.checked_numbers.fun, PLACES, 2, "f", "numbers", "rows"),
    (windows.sum_windows.fun, Y.T, (6,), (3,), (0,)),
    *[(function, X) for function in (np.all, np.any, np.argmax, np.argmin, np.argsort)],
    *[(function, 2, 3) for function in (operator.and_, operator.or_, operator.xor)], (operator.invert, 2),
    (operator.pos, 2.0), (wrapped.set_item.fun, X, 0, Y[0]), (wrapped.write_item.fun, X, 0, Y[0]),
    (operator.floordiv, X, POSITIVE), (operator.mod, X, POSITIVE),
]


@functools.cache
def calls_by_function():
    """The calls of the tables of all tests, at most five of each function: (function, its primitive, args, kwargs)."""
    found = {}
    for row in all_rows():
        for node in nodes_of(row):
            prim, args = node[6], node[4]
            is_whole = args and not any(isinstance(arg, ShapeOnly) for arg in args)
            if hasattr(prim, "vjps") and is_whole:
                found.setdefault(prim.fun, {}).setdefault(repr((args, node[5])), (prim, list(args), dict(node[5])))
    for function, *args in OWN_CALLS:
        found.setdefault(function, {})[repr(args)] = None, args, {}
    for ufunc, prim in wrapped.wrapped_functions.items():
        if ".scipy." in prim.__module__:
            continue  # some of SciPy's take numbers of a kind alone, and crash with others
        if isinstance(ufunc, np.ufunc) and ufunc.signature is None and hasattr(prim, "traits") and ufunc not in found:
            for operand in (POSITIVE, np.array([1, 2, 3]), np.array(["2020-01-01"], "M8[D]")):
                try:
                    ufunc(*[operand] * ufunc.nin)
                except TypeError:
                    continue
                found[ufunc] = {"": (prim, [operand] * ufunc.nin, {})}
                break
    return {function: list(each.values())[:5] for function, each in found.items()}


def claimed(trait):
    """A parametrization over the calls of functions of which ``trait`` is declared."""

    def decorate(check):
        def test():
            count = 0
            for function, found in calls_by_function().items():
                for prim, args, kwargs in found:
                    traits = traits_of(function)
                    if getattr(traits, trait):
                        name = getattr(function, "__name__", function)
                        with np.errstate(all="ignore"):
                            try:
                                check(traits, function, prim, args, kwargs)
                            except AssertionError as error:
                                raise AssertionError(f"{trait} is not true of {name}{tuple(args)}, {kwargs}") from error
                        count += 1
            assert count

        return test

    return decorate


def is_float(x):
    return isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in "fc"


def copied(args):
    return [arg.copy() if isinstance(arg, (np.ndarray, np.generic)) else arg for arg in args]


def is_array(x):
    return isinstance(x, np.ndarray)


def assert_close(x, y):
    if isinstance(x, (tuple, list)):
        for pair in zip(x, y, strict=True):
            assert_close(*pair)
    else:
        assert np.shape(x) == np.shape(y)
        np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-9)


@claimed("elementwise")
def test_elementwise(traits, function, prim, args, kwargs):
    ans = function(*copied(args), **kwargs)
    assert isinstance(ans, (np.ndarray, np.generic, float))
    if function in (calls.like, calls.fill) or not np.shape(ans) or not ans.size:
        return
    operands = [i for i, arg in enumerate(args) if isinstance(arg, (np.ndarray, np.generic))]
    assert np.shape(ans) == np.broadcast_shapes(*[np.shape(args[i]) for i in operands])
    for place in list(np.ndindex(ans.shape))[:4]:
        index = tuple(slice(i, i + 1) for i in place)
        parts = copied(args)
        for i in operands:
            parts[i] = np.broadcast_to(args[i], ans.shape)[index].copy()
        np.testing.assert_allclose(function(*parts, **kwargs), ans[index], rtol=1e-12)


def pushed(prim, followed, tangents, args, kwargs):
    argument, node = (followed[0], tangents[0]) if len(followed) == 1 else (tuple(followed), tangents)
    t = push_plain(prim, argument, node, prim(*args, **kwargs), args, kwargs)
    several = isinstance(t, (tuple, list))
    ts = [0 if each is None else getattr(each, "value", each) for each in (t if several else [t])]
    return ts if several else ts[0]


def random_like(x):
    if isinstance(x, (list, tuple)):
        return [random_like(each) for each in x]
    value = RANDOM.normal(size=np.shape(x)) + (1j * RANDOM.normal(size=np.shape(x)) if np.iscomplexobj(x) else 0)
    return np.asarray(value, np.asarray(x).dtype)[()]


@claimed("linear_in")
def test_linear_in(traits, function, prim, args, kwargs):
    followed = [i for i in traits.linear_in if isinstance(i, int) and i < len(args) and is_float(args[i])]
    if not followed or prim is None or function is wrapped.write_item.fun:  # which writes into its arguments
        return
    tangents = [random_like(args[i]) for i in followed]
    other = copied(args)
    for i in followed:
        other[i] = args[i] + 1e-3 * random_like(args[i])
    assert_close(pushed(prim, followed, tangents, args, kwargs), pushed(prim, followed, tangents, other, kwargs))


@claimed("multilinear_in")
def test_multilinear_in(traits, function, prim, args, kwargs):
    for i in traits.multilinear_in:
        if is_float(args[i]):
            step = random_like(args[i])
            moved, alone = copied(args), copied(args)
            moved[i], alone[i] = args[i] + step, step
            assert_close(function(*moved, **kwargs) - function(*args, **kwargs), function(*alone, **kwargs))


@claimed("moves_elements")
def test_moves_elements(traits, function, prim, args, kwargs):
    """Each element of the answer grows, if at all, with those of the arguments."""
    if prim is None or not is_float(args[0]):
        return
    t = pushed(prim, [0], [np.abs(random_like(args[0].real)).astype(args[0].real.dtype)], copied(args), kwargs)
    assert np.all(np.real(t) >= -1e-12)


@claimed("by_matrix")
def test_by_matrix(traits, function, prim, args, kwargs):
    stack = np.stack([np.eye(3) + 0.1 * RANDOM.normal(size=(3, 3)) for _ in range(2)])
    together = function(stack)
    for i, matrix in enumerate(stack):
        alone = function(matrix)
        several = isinstance(alone, tuple)
        assert_close([x[i] for x in together] if several else together[i], list(alone) if several else alone)


@claimed("makes_view")
def test_makes_view(traits, function, prim, args, kwargs):
    arrays = copied(args)
    ans = function(*arrays, **kwargs)
    assert not any(np.may_share_memory(ans, arg) for arg in arrays[1:] if is_array(arg) and is_array(ans))


@claimed("may_give_first")
def test_may_give_first(traits, function, prim, args, kwargs):
    arrays = copied(args)
    ans = function(*arrays, **kwargs)
    assert ans is arrays[0] or not any(np.may_share_memory(ans, arg) for arg in arrays if is_array(arg))


@claimed("owns_memory")
def test_owns_memory(traits, function, prim, args, kwargs):
    arrays = copied(args)
    answers = function(*arrays, **kwargs)
    for ans in answers if isinstance(answers, tuple) else (answers,):
        operands = itertools.chain(*[arg if isinstance(arg, (list, tuple)) else (arg,) for arg in arrays])
        assert not any(np.may_share_memory(ans, arg) for arg in operands if is_array(arg) and is_array(ans))


@claimed("buffer_position")
def test_buffer_position(traits, function, prim, args, kwargs):
    if function in calls.REDUCTIONS:
        args = (*args, None)
    if kwargs or len(args) != traits.buffer_position:
        return
    expected = function(*copied(args))
    if isinstance(expected, np.ndarray):
        out = np.empty_like(expected)
        assert function(*copied(args), out) is out
        if function not in (calls.like, calls.empty):
            np.testing.assert_allclose(out, expected, rtol=1e-15)


def spoiled(args, value):
    """The arguments, with ``value`` in one floating-point element of each in turn."""
    for i, arg in enumerate(args):
        if is_float(arg) and arg.size and is_array(arg):
            new = copied(args)
            new[i].flat[RANDOM.integers(arg.size)] = value
            yield new


@claimed("shows_nan")
def test_shows_nan(traits, function, prim, args, kwargs):
    before = function(*copied(args), **kwargs)
    for new in spoiled(args, np.nan):
        after = function(*new, **kwargs)
        changed = ~np.isclose(after, before, rtol=1e-6, atol=1e-9)
        assert np.all(np.isnan(np.asarray(after)[changed]))


@claimed("harmless")
def test_harmless(traits, function, prim, args, kwargs):
    if prim is not None and ".scipy." in prim.__module__:
        return  # of numbers like 1e308 some of SciPy's never come back
    for value in AWKWARD:
        for new in spoiled(args, value):
            function(*new, **kwargs)


@claimed("commutative")
def test_commutative(traits, function, prim, args, kwargs):
    x, y = args
    np.testing.assert_array_equal(function(x, y), function(y, x))


@claimed("indexes")
def test_indexes(traits, function, prim, args, kwargs):
    x, _, *rest = copied(args)
    with pytest.raises(IndexError):
        function(x, np.array([x.size + 1]), *rest)


@claimed("associative")
def test_associative(traits, function, prim, args, kwargs):
    x, y = copied(args)
    assert_close(function(function(x, y), y), function(x, function(y, y)))


@claimed("writes_first")
def test_writes_first(traits, function, prim, args, kwargs):
    x, index, value = copied(args)
    expected = x.copy()
    expected[index] = value
    np.testing.assert_array_equal(function(x, index, value), expected)


RECORDS = {id(traits): traits for traits in core_traits.table.values()}.values()
FLOAT_FORMS = [traits for traits in RECORDS if traits.float_form and traits.float_form is not traits.fun]


@pytest.mark.parametrize("traits", FLOAT_FORMS, ids=lambda traits: traits.fun.__name__)
def test_float_forms(traits):
    count = traits.fun.__code__.co_argcount if hasattr(traits.fun, "__code__") else getattr(traits.fun, "nin", 1)
    points = [float(x) for x in AWKWARD] + RANDOM.normal(size=6).tolist() + [1.5, 3.0]
    firsts = [True, False] if traits.fun is calls.select else points
    with np.errstate(all="ignore"):
        for args in itertools.product(firsts, *[points] * (count - 1)):
            expected = traits.fun(*[arg if isinstance(arg, bool) else np.float64(arg) for arg in args])
            try:
                found = traits.float_form(*args)
            except (ValueError, OverflowError, ZeroDivisionError):
                assert not np.isfinite(expected)
                continue
            hidden = [i for i, arg in enumerate(args) if not math.isfinite(arg)]
            if isinstance(found, complex):
                assert np.isnan(expected)
            elif not hidden:
                np.testing.assert_allclose(float(found), float(expected), rtol=1e-14, equal_nan=True)
            elif not set(hidden) <= set(traits.hides):
                assert not math.isfinite(found)
    if traits.takes_truths:
        truths = [np.True_] * count
        assert type(traits.float_form(*map(bool, truths))) is bool and type(traits.fun(*truths)) is np.bool_


@claimed("finite_at")
def test_finite_at(traits, function, prim, args, kwargs):
    if isinstance(function, np.ufunc) and traits.elementwise and all(map(is_float, args)):
        assert np.isfinite(function(*[float(traits.finite_at)] * function.nin))


def test_piecewise_constant_functions_have_no_slope():
    x = np.array([0.3, 1.2, 2.7])
    for ufunc, prim in wrapped.wrapped_functions.items():
        is_known = hasattr(prim, "traits") and isinstance(ufunc, np.ufunc) and "d->d" in ufunc.types
        if is_known and not prim.traits.differentiable and ufunc is not np.spacing:
            np.testing.assert_array_equal(ufunc(x), ufunc(x + 1e-9))


# How facts are declared


def test_a_function_is_known_by_each_of_its_forms():
    add = traits_of(np.add)
    assert add is traits_of(anp.add) is traits_of(operator.add) and add.commutative and add.fast_fun is operator.add
    assert traits_of(anp.exp).elementwise and traits_of(math.exp).float_form is math.exp is anp.exp.traits.float_form
    assert not traits_of(math.exp).harmless and traits_of(np.exp).harmless
    assert traits_of(np.linalg.solve) is linalg.solve.traits


def test_of_others_nothing_is_known():
    class NotHashable:
        __hash__ = None
        traits = "mine"

    assert traits_of(NotHashable()) is traits_of(len) is UNKNOWN
    mine = extend.primitive(np.add)  # has facts of its own
    assert mine.traits.is_users is False and mine.traits is not anp.add.traits
    assert traits_of(extend.primitive(lambda x: x).fun) is UNKNOWN


def test_the_order_of_declarations_does_not_matter():
    first, last = (extend.primitive(lambda x: 2 * x) for _ in range(2))
    declare(first, linear_in=(0,))
    extend.defvjp(first, lambda g, ans, x: 2 * g)
    extend.defvjp(last, lambda g, ans, x: 2 * g)
    declare(last, linear_in=(0,))
    assert first.traits.unread == last.traits.unread == {0: (0, "ans")}
    assert first.traits.linear_in == last.traits.linear_in == (0,)


def test_another_rule_takes_back_what_the_first_one_read():
    prim = extend.primitive(lambda x: 2.0 * x)
    extend.linear(prim, lambda g, ans, x: 2 * g)
    extend.defvjp(prim, lambda g, ans, x: g * x)  # reads x
    assert not prim.traits.unread and not prim.traits.linear_in
    x = np.linspace(0.0, 1.0, 2000)
    np.testing.assert_array_equal(grad(lambda x: anp.sum(prim(x)))(x), x)


def test_facts_have_names():
    with pytest.raises(AttributeError):
        declare(anp.exp, elementwize=True)
