"""Selections: what they did not take has derivative exactly 0 behind any function; elsewhere 0 · ∞ is NaN."""

import numpy as np
import pytest

from autodiff_trace import (
    checkpoint, custom_jvp, derivatives, fori_loop, grad, hessian, hvp, jacfwd, jit, jvp, scan, vmap,
)
from autodiff_trace import nn, numpy as anp
from autodiff_trace.numpy.selections import restrict

POINT = np.array([[2.0, 0.0, 3.0], [0.0, 0.5, 4.0], [0.0, 0.0, 5.0]])
TAKEN = POINT > 0

# Each is singular, or no number, at 0, and smooth elsewhere.
SINGULAR = {
    "sqrt": anp.sqrt,
    "log": anp.log,
    "x log x": lambda x: x * anp.log(x),
    "reciprocal": lambda x: 1 / x,
    "quotient": lambda x: (x + 1) / x,
    "by a constant": lambda x: x * np.where(TAKEN, 2.0, np.inf) / np.where(TAKEN, 3.0, 0.0),
    "power": lambda x: x**0.5,
    "traced power": lambda x: (x * x) ** (x - 1.0),
    "cbrt": anp.cbrt,
    "arccos": lambda x: anp.arccos(1 - x / 10),
    "arctan2": lambda x: anp.arctan2(x - 0.0, x * 0.5),
    "overflow": lambda x: anp.exp(np.where(TAKEN, 1.0, 1000.0) * (x + 0.75)),
    "chain": lambda x: anp.log(anp.sqrt(x)) * anp.sqrt(x),
    "moved": lambda x: anp.reshape(anp.log(anp.roll(anp.sqrt(x).T, 1).reshape(9)[::-1]), (3, 3))[::-1, ::-1]
    .reshape(9)[np.argsort(np.roll(np.arange(9).reshape(3, 3).T, 1).ravel())].reshape(3, 3),
    "joined": lambda x: anp.log(anp.concatenate([anp.sqrt(x[:1]), anp.sqrt(x[1:])])),
    "cast": lambda x: anp.log(anp.astype(anp.sqrt(x), np.float64)),
    "complex": lambda x: anp.real(anp.sqrt(x * (1 + 0j))) + 0.0,
    "written": lambda x: write(anp.sqrt(x)),
}


def write(y):
    z = anp.zeros((3, 3))
    z[0] = y[0]
    z[1:] = y[1:]
    return anp.sqrt(z)


# Each takes the elements in TAKEN from a function of an array, and none of the others.
SELECTIONS = {
    "where": lambda f, x: anp.where(x > 0, f(x), 0.0),
    "where, the other way": lambda f, x: anp.where(x == 0, 1.0, f(x)),
    "where, a constant mask": lambda f, x: anp.where(TAKEN, f(x), -1.0),
    "where twice": lambda f, x: anp.where(x > 0, anp.where(x > -1, f(x), 2.0), 0.0),
    "select": lambda f, x: anp.select([x == 0, x > 0], [np.ones((3, 3)), f(x)]),
    "choose": lambda f, x: anp.choose(TAKEN.astype(int), [np.ones((3, 3)), f(x)]),
    "mask": lambda f, x: f(x)[TAKEN],
    "traced mask": lambda f, x: f(x)[x > 0],
    "places": lambda f, x: f(x)[np.nonzero(TAKEN)],
    "one by one": lambda f, x: anp.array([y[i, j] for y in [f(x)] for i, j in zip(*np.nonzero(TAKEN))]),
    "extract": lambda f, x: anp.extract(TAKEN, f(x)),
    "compress": lambda f, x: anp.compress(TAKEN.ravel(), f(x)),
    "take": lambda f, x: anp.take(f(x), np.flatnonzero(TAKEN)),
    "delete": lambda f, x: anp.delete(f(x), np.flatnonzero(~TAKEN)),
    "sum where": lambda f, x: anp.sum(f(x), axis=1, where=TAKEN),
    "written over": lambda f, x: overwrite(f(x)),
    "putmask": lambda f, x: put_mask(f(x)),
}


def overwrite(y):
    y[~TAKEN] = 7.0
    return y


def put_mask(y):
    np.putmask(y, ~TAKEN, 7.0)
    return y


@pytest.fixture(autouse=True)
def without_warnings():
    with np.errstate(all="ignore"):
        yield


def expected_slopes(f):
    """The derivative of ``f`` where it is smooth, by differences; 0 elsewhere."""
    h = 1e-6
    slope = (f(POINT + h) - f(POINT - h)) / (2 * h)
    return np.where(TAKEN, slope, 0.0)


@pytest.mark.parametrize("selection", SELECTIONS)
@pytest.mark.parametrize("function", SINGULAR)
def test_what_was_not_taken_sends_back_an_exact_zero(function, selection):
    f, select = SINGULAR[function], SELECTIONS[selection]
    compiled = (list(SINGULAR).index(function) + list(SELECTIONS).index(selection)) % 2 == 0  # or else more derivatives

    def total(x):
        return anp.sum(select(f, x))

    slopes = expected_slopes(f)
    gradient = grad(total)(POINT)
    np.testing.assert_allclose(gradient, slopes, rtol=1e-6, atol=1e-8)
    assert (gradient[~TAKEN] == 0).all()
    direction = np.arange(1.0, 10.0).reshape(3, 3)
    np.testing.assert_allclose(jvp(total, (POINT,), (direction,))[1], np.sum(gradient * direction), rtol=1e-12)
    if compiled:
        jitted = jit(grad(total))
        for point in (POINT, POINT, POINT + 1.0 * TAKEN):
            slopes = gradient if point is POINT else grad(total)(point)
            np.testing.assert_allclose(jitted(point), slopes, rtol=1e-12)
        return
    np.testing.assert_allclose(
        derivatives(lambda t: total(POINT + t * direction), 1)(0.0)[1], np.sum(gradient * direction), rtol=1e-12
    )
    product = hvp(total)(POINT, direction)
    assert (product[~TAKEN] == 0).all() and np.isfinite(product).all()
    if "traced mask" not in selection and function != "by a constant":
        np.testing.assert_allclose(vmap(grad(total))(np.stack([POINT, POINT])), [gradient] * 2, rtol=1e-12)


BOUNDS = {
    "maximum": (lambda x: anp.maximum(anp.log(x), -1.0), [0.0, 1.0, 2.0], [0.0, 1.0, 0.5]),
    "minimum": (lambda x: anp.minimum(1 / x, 4.0), [0.0, 1.0, 2.0], [0.0, -1.0, -0.25]),
    "clip": (lambda x: anp.clip(anp.log(x), -1.0, 0.5), [0.0, 1.0, 2.0], [0.0, 1.0, 0.0]),
    "fmax": (lambda x: anp.fmax(anp.log(x), -1.0), [0.0, 1.0, 2.0], [0.0, 1.0, 0.5]),
    "relu": (lambda x: nn.relu(anp.log(x)), [0.0, 2.0, 4.0], [0.0, 0.5, 0.25]),
    "max": (lambda x: anp.max(anp.log(x)), [0.0, 1.0, 2.0], [0.0, 0.0, 0.5]),
    "sort": (lambda x: anp.sort(anp.log(x))[1:], [1.0, 0.0, 2.0], [1.0, 0.0, 0.5]),
    "median": (lambda x: anp.median(anp.log(x)), [1.0, 0.0, 2.0], [1.0, 0.0, 0.0]),
    "root of a maximum": (lambda x: anp.sqrt(anp.maximum(x, 0.0)), [-1.0, 1.0, 4.0], [0.0, 0.5, 0.25]),
    "root of a clip": (lambda x: anp.sqrt(anp.clip(x, 0.0, 4.0)), [-1.0, 1.0, 5.0], [0.0, 0.5, 0.0]),
    "root of where": (lambda x: anp.sqrt(anp.where(x > 0, x, 0.0)), [-1.0, 1.0, 4.0], [0.0, 0.5, 0.25]),
    "root of a buffer": (lambda x: write_first(x), [4.0, 1.0, 2.0], [0.25, 0.0, 0.0]),
    "root of a padded array": (lambda x: anp.sqrt(anp.pad(x, 1)), [4.0, 1.0, 1.0], [0.25, 0.5, 0.5]),
    "diagonal": (lambda x: anp.diag(anp.log(anp.diag(x) + anp.outer(x * 0, x * 0)), 0), [4.0, 1.0, 2.0], None),
    "triangle": (
        lambda x: anp.triu(anp.sqrt(anp.outer(x, [1.0, 1.0, 1.0]) - [[3.0, 0, 0], [1.0, 0.5, 0], [2, 2, 1]]), 1),
        [3.0, 1.0, 2.0], None,
    ),
    "einsum": (lambda x: anp.einsum("ii->i", anp.log(anp.diag(x) + 0 * np.ones((3, 3)))), [4.0, 1.0, 2.0], None),
    "nansum": (lambda x: anp.nansum(anp.log(x)), [-1.0, 1.0, 2.0], [0.0, 1.0, 0.5]),
    "a number": (lambda x: anp.where(x[0] > 0, anp.sum(anp.log(x)), 0.0), [0.0, 1.0, 2.0], [0.0, 0.0, 0.0]),
    "a branch of matrices": (
        lambda x: anp.where(x[0] > 0, anp.sum(anp.linalg.inv(anp.outer(x, x) + np.eye(3)) @ anp.log(x)), x[1]),
        [0.0, 1.0, 2.0], [0.0, 1.0, 0.0],
    ),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds_and_their_kin(name):
    f, point, expected = BOUNDS[name]
    point = np.array(point)
    gradient = grad(lambda x: anp.sum(f(x)))(point)
    if expected is not None:
        np.testing.assert_allclose(gradient, expected, rtol=1e-12)
    assert np.isfinite(gradient).all()
    for i, unit in enumerate(np.eye(3)):
        np.testing.assert_allclose(jvp(lambda x: anp.sum(f(x)), (point,), (unit,))[1], gradient[i], atol=1e-12)
    compiled = jit(grad(lambda x: anp.sum(f(x))))
    for _ in range(3):
        np.testing.assert_array_equal(compiled(point), gradient)
    if name not in ("nansum",):
        np.testing.assert_allclose(vmap(grad(lambda x: anp.sum(f(x))))(np.stack([point])), [gradient])
    assert np.isfinite(hvp(lambda x: anp.sum(f(x)))(point, np.ones(3))).all()


def write_first(x):
    y = anp.zeros(3)
    y[0] = x[0]
    return anp.sqrt(y)


SMOOTH_OF_SINGULAR = {
    "sqrt": lambda x: anp.sqrt(x) ** 2,
    "cbrt": lambda x: anp.cbrt(x) ** 3,
    "log": lambda x: anp.exp(anp.log(x)),
    "reciprocal": lambda x: 1 / (1 / x),
    "cosh": lambda x: anp.cosh(anp.sqrt(x)),
}


@pytest.mark.parametrize("name", SMOOTH_OF_SINGULAR)
def test_zero_times_infinity_is_nan_in_all_modes(name):
    f = SMOOTH_OF_SINGULAR[name]
    assert np.isnan(grad(f)(0.0)) and np.isnan(jvp(f, (0.0,), (1.0,))[1]) and np.isnan(derivatives(f, 1)(0.0)[1])
    assert np.isnan(jit(grad(f))(0.0)) and np.isnan(vmap(grad(f))(np.zeros(2))).all()


def test_a_branch_of_which_nothing_was_taken_is_not_visited():
    from autodiff_trace import custom_vjp

    visits = []
    probe = custom_vjp(lambda x: x * 1.0)
    probe.defvjp(lambda x: (x * 1.0, None), lambda residuals, g: (visits.append(1), (g,))[1])
    grad(lambda x: anp.sum(anp.where(x > 5.0, probe(x), x)))(POINT + 10.0)
    assert len(visits) == 1
    grad(lambda x: anp.sum(anp.where(x < 5.0, probe(x), x)))(POINT + 10.0)
    assert len(visits) == 1


def test_masks_outside_that_change_between_runs_of_a_compiled_function():
    mask = np.array([True, True, True])
    compiled = jit(grad(lambda x: anp.sum(anp.where(mask, anp.sqrt(x) ** 2, 0.0))))
    x = np.array([0.0, 1.0, 2.0])
    assert np.isnan(compiled(x)[0]) and np.isnan(compiled(x)[0])
    mask[0] = False
    for _ in range(2):
        np.testing.assert_allclose(compiled(x), [0.0, 1.0, 1.0])
    mask[:] = False
    np.testing.assert_array_equal(compiled(x), np.zeros(3))


def test_long_chains_of_masks_take_no_recursion():
    def f(x):
        y = anp.zeros(3)
        for i in range(5000):
            y[i % 3] = x[i % 3]
        return anp.sum(anp.sqrt(y)[:2])

    np.testing.assert_allclose(grad(f)(np.array([4.0, 1.0, 0.0])), [0.25, 0.5, 0.0])
    assert jvp(f, (np.array([4.0, 1.0, 0.0]),), (np.ones(3),))[1] == 0.75


def test_dtypes_are_kept():
    x = np.array([0.0, 4.0], np.float32)
    gradient = grad(lambda x: anp.sum(anp.where(x > 0, anp.log(anp.sqrt(x)), 0)))(x)
    assert gradient.dtype == np.float32
    np.testing.assert_allclose(gradient, [0, 0.125])


def test_batches_inside_and_around_derivatives():
    def f(x):
        return anp.sum(anp.where(x > 0, x**1.5 * anp.log(x + (x == 0)), 0.0))

    x = np.array([[0.0, 1.0, 4.0], [2.0, 0.0, 3.0]])
    second = np.stack([np.diag(hvp(f)(row, np.ones(3))) for row in x])
    for nested in (
        vmap(lambda row: grad(lambda y: anp.sum(grad(f)(y)))(row))(x), grad(lambda x: anp.sum(vmap(grad(f))(x)))(x),
        vmap(lambda row: jvp(grad(f), (row,), (np.ones(3),))[1])(x),
    ):
        np.testing.assert_allclose(nested, np.stack([np.diag(each) for each in second]), rtol=1e-12)
        assert np.isfinite(nested).all()


# Steps: functions that are run again in the backward pass, and those with a JVP of their own


@custom_jvp
def log_with_jvp(x):
    return anp.log(x)


log_with_jvp.defjvp(lambda primals, tangents: (anp.log(*primals), tangents[0] / primals[0]))

STEPS = {
    "checkpoint": checkpoint(anp.log),
    "two outputs": lambda x: checkpoint(lambda y: (anp.log(y), anp.sqrt(y)))(x)[1],
    "nested": checkpoint(lambda x: checkpoint(anp.log)(x) * x),
    "selected inside": lambda x: checkpoint(lambda y: anp.where(POINT[0] > 0, y, 0.0))(anp.log(x)),
    "scan": lambda x: scan(lambda carry, y: (carry, anp.sqrt(y)), 0.0, x)[1],
    "fori_loop": lambda x: fori_loop(0, 3, lambda i, y: anp.sqrt(y), x),
    "custom_jvp": log_with_jvp,
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS.keys())
def test_steps_keep_what_is_selected_apart(step):
    def f(x):
        return anp.sum(anp.where(POINT[0] > 0, step(x * 1.0), 0.0))

    x, safe = POINT[0], anp.where(POINT[0] > 0, POINT[0], 1.0)
    for mode in (
        grad, lambda f: jit(grad(f)), lambda f: lambda x: vmap(grad(f))(x[None])[0], hvp_along_ones,
        lambda f: grad(lambda x: jvp(f, (x,), (np.ones(3),))[1]), lambda f: grad(lambda x: anp.sum(vmap(f)(x[None]))),
    ):
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(mode(f)(x), mode(f)(safe))


def hvp_along_ones(f):
    return lambda x: hvp(f)(x, np.ones(3))


def test_masks_moved_to_the_largest_elements_are_found_after_the_trace_has_ended():
    def f(x):
        y = anp.max(anp.log(x).reshape(3, 1), axis=1)
        return anp.sum(anp.where(POINT[0] > 0, y, 0.0))

    with np.errstate(all="ignore"):
        np.testing.assert_allclose(hessian(f)(POINT[0]), np.diag([-1 / 4, 0, -1 / 9]))
        np.testing.assert_allclose(grad(lambda x: jvp(f, (x,), (np.ones(3),))[1])(POINT[0]), [-1 / 4, 0, -1 / 9])


@pytest.mark.parametrize("reduce", [anp.prod, anp.var, anp.std, anp.mean], ids=lambda reduce: reduce.__name__)
def test_where_of_reductions_selects(reduce):
    def f(x):
        return reduce(anp.log(x) - 3.0, where=POINT[0] > 0)

    x, safe = POINT[0], anp.where(POINT[0] > 0, POINT[0], 1.0)
    for mode in (grad, lambda f: jit(grad(f)), vmap_grad, hvp_along_ones, jacfwd):
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(mode(f)(x), mode(f)(safe))


def vmap_grad(f):
    return lambda x: vmap(grad(f))(x[None])[0]


def test_long_chains_of_reads():
    def f(x):
        y = anp.sqrt(x)
        for _ in range(2000):
            y = y[::-1]
        return anp.sum(y[1:])

    with np.errstate(all="ignore"):
        np.testing.assert_allclose(grad(f)(np.array([0.0, 4.0])), [0.0, 0.25])
        np.testing.assert_allclose(vmap_grad(f)(np.array([0.0, 4.0])), [0.0, 0.25])


def test_masks_of_mixed_elements_in_nested_batches():
    def f(t):
        matrix = anp.exp(t[0]) * np.ones((2, 2))
        matrix[np.diag_indices(2)] += anp.exp(t[1])
        return anp.sum((matrix @ np.eye(2)) ** 2)

    def push(t):
        return jvp(f, (t,), (np.ones(2),))[1]

    x = np.linspace(0.0, 1.0, 12).reshape(2, 3, 2)
    wanted = [[grad(push)(t) for t in row] for row in x]
    np.testing.assert_allclose(vmap(grad(lambda x: anp.sum(vmap(push)(x))))(x), wanted)


def test_restrict_of_what_is_the_same_for_all_masks_has_an_answer_for_each():
    masks = np.array([[True, False, True], [False, False, True]])
    for x in (np.array([1.0, 2.0, 3.0]), np.array([np.nan, np.inf, 3.0]), np.array([[np.inf, 1.0, np.nan]] * 2)):
        mapped = vmap(lambda mask: restrict(x, mask))(masks)
        np.testing.assert_array_equal(mapped, [restrict(x, mask) for mask in masks])
        nested = vmap(vmap(lambda mask: restrict(x, mask)))(masks[None])
        np.testing.assert_array_equal(nested, mapped[None])


def test_a_mask_takes_away_what_is_not_finite_alone():
    found = restrict(np.array([np.nan, -0.0, np.inf, -0.0, 2.0]), np.array([False, False, True, True, True]))
    np.testing.assert_array_equal(found, [0.0, 0.0, np.inf, 0.0, 2.0])
    np.testing.assert_array_equal(np.signbit(found), [False, True, False, True, False])
