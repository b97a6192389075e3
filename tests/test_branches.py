"""cond, switch and while_loop: what Python's if and while compute, and the same of each example under vmap."""

import numpy as np
import pytest

from autodiff_trace import (
    NonFiniteError, TracedValueError, checkpoint, cond, debug_nans, fori_loop, grad, hessian, jacfwd, jit, jvp, scan,
    switch, value_and_grad, vmap, while_loop,
)
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

X = np.array([0.5, 1.3, 2.0, 7.0])
W = np.array([0.7, -0.4])


def newton(a):
    return while_loop(lambda x: anp.abs(x * x - a) > 1e-10, lambda x: 0.5 * (x + a / x), a + 0.5)


def collatz_like(x):
    """Carries of several kinds; examples end at other turns."""
    def go(carry):
        return carry["x"] < 20.0

    def step(carry):
        return {"x": carry["x"] * 1.5 + anp.sum(carry["v"] ** 2), "v": carry["v"] * 0.9, "n": carry["n"] + 1}

    end = while_loop(go, step, {"x": x, "v": anp.stack([x, 0.1 * x]), "n": 0})
    return end["x"] * anp.sin(end["v"][0]) + end["n"]


def by_python(x):
    v, n = anp.stack([x, 0.1 * x]), 0
    while x < 20.0:
        x, v, n = x * 1.5 + anp.sum(v**2), v * 0.9, n + 1
    return x * anp.sin(v[0]) + n


def kinked(x):
    return cond(x > 1.0, lambda x, w: anp.log(x) * w, lambda x, w: x**2 + w, x, W[0])


def kinked_by_python(x):
    return anp.log(x) * W[0] if x > 1.0 else x**2 + W[0]


def switched(x):
    """Of an index that depends on what is mapped."""
    return switch(anp.astype(anp.floor(x), int), [anp.sin, lambda x: x * x, lambda x: anp.exp(-x)], x)


def switched_by_python(x):
    return [anp.sin, lambda x: x * x, lambda x: anp.exp(-x)][min(max(int(x), 0), 2)](x)


PROGRAMS = {
    "newton": (newton, anp.sqrt), "loop": (collatz_like, by_python), "cond": (kinked, kinked_by_python),
    "switch": (switched, switched_by_python),
}
MODES = {
    "value": lambda f: f,
    "grad": grad,
    "jacfwd": jacfwd,
    "second": lambda f: grad(grad(f)),
    "forward over reverse": lambda f: lambda x: jvp(grad(f), (x,), (1.0,))[1],
    "checkpoint": lambda f: grad(checkpoint(f)),
    "jit": lambda f: jit(f),
    "jit of grad": lambda f: jit(grad(f)),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_one_value(name, mode):
    ours, python = map(MODES[mode], PROGRAMS[name])
    for x in (*X, X[0]):
        np.testing.assert_allclose(ours(x), python(x), rtol=1e-7, atol=1e-8)


BATCHED = {
    "vmap": lambda f: vmap(f),
    "vmap of grad": lambda f: vmap(grad(f)),
    "vmap of jacfwd": lambda f: vmap(jacfwd(f)),
    "vmap of second": lambda f: vmap(grad(grad(f))),
    "grad of vmap": lambda f: grad(lambda x: anp.sum(anp.sin(vmap(f)(x)))),
    "jvp of vmap": lambda f: lambda x: jvp(vmap(f), (x,), (x,))[1],
    "hessian of vmap": lambda f: hessian(lambda x: anp.sum(vmap(f)(x))),
    "vmap of vmap": lambda f: lambda x: vmap(vmap(f))(anp.reshape(x, (2, 2))),
    "jit of vmap": lambda f: jit(vmap(f)),
    "jit of vmap of grad": lambda f: jit(vmap(grad(f))),
    "grad of checkpoint of vmap": lambda f: grad(lambda x: anp.sum(checkpoint(vmap(f))(x))),
    "vmap of jit": lambda f: vmap(jit(f)),
}


def looped(f):
    return lambda x: anp.stack([f(each) for each in x])


def expected_of(mode, f):
    """The same with a Python loop in the place of vmap."""
    return {
        "vmap": looped(f), "vmap of grad": looped(grad(f)), "vmap of jacfwd": looped(grad(f)),
        "vmap of second": looped(grad(grad(f))),
        "grad of vmap": grad(lambda x: anp.sum(anp.sin(looped(f)(x)))),
        "jvp of vmap": lambda x: jvp(looped(f), (x,), (x,))[1],
        "hessian of vmap": hessian(lambda x: anp.sum(looped(f)(x))),
        "vmap of vmap": lambda x: np.reshape(looped(f)(x), (2, 2)), "jit of vmap": looped(f),
        "jit of vmap of grad": looped(grad(f)), "grad of checkpoint of vmap": looped(grad(f)), "vmap of jit": looped(f),
    }[mode]


@pytest.mark.parametrize("mode", BATCHED)
@pytest.mark.parametrize("name", PROGRAMS)
def test_batches(name, mode):
    ours, python = PROGRAMS[name]
    found = BATCHED[mode](ours)
    for x in (X, X[::-1] * 1.1):
        np.testing.assert_allclose(found(x), expected_of(mode, python)(x), rtol=1e-7, atol=1e-8)


def test_under_jit_the_number_of_turns_is_that_of_each_call():
    turns = jit(lambda x, most: while_loop(
        lambda c: (c[0] < most) & (c[1] < 50.0), lambda c: (c[0] + 1, c[1] * 2.0), (0, x)))
    for x in (1.0, 3.0, 1.0, 60.0, 0.1):
        for most in (3, 100, 3):
            n, value = 0, x
            while n < most and value < 50.0:
                n, value = n + 1, value * 2.0
            assert turns(x, most) == (n, value)


def test_a_condition_that_becomes_mapped_later():
    def f(x):
        return while_loop(
            lambda c: c[0] < 3 if isinstance(c[0], int) and c[0] < 3 else c[1] < 30.0,
            lambda c: (c[0] + 1, c[1] * 2.0), (0, x))

    n, value = vmap(f)(np.array([1.0, 2.0, 100.0]))
    assert n.tolist() == [5, 4, 3] and value.tolist() == [32.0, 32.0, 800.0]


def test_what_has_ended_is_not_disturbed():
    """The body overflows, or is not a number, at the last carry of others."""
    def f(x):
        return while_loop(lambda y: y > 1.0, lambda y: anp.sqrt(y - 0.5), x)

    x = np.array([0.2, 3.0, 10.0])
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(vmap(f)(x), [f(each) for each in x])
        np.testing.assert_allclose(vmap(grad(f))(x), [grad(f)(each) for each in x])
        np.testing.assert_allclose(grad(lambda x: anp.sum(vmap(f)(x)))(x), [grad(f)(each) for each in x])


def test_derivatives_of_what_is_closed_over():
    def f(w, x):
        return while_loop(lambda y: y < 5.0, lambda y: y * (1.0 + w * w), x)

    check_grads(f, 0.7, 1.1, order=2, modes=("rev", "fwd", "batch"))
    expected = sum(grad(f)(0.7, x) for x in X)
    np.testing.assert_allclose(grad(lambda w: anp.sum(vmap(lambda x: f(w, x))(X)))(0.7), expected)
    np.testing.assert_allclose(
        grad(lambda w: anp.sum(vmap(lambda x: cond(x > 1.0, lambda: w * w, lambda: w))(X)))(0.7), 3 * 1.4 + 1)


def test_writes_stay_within():
    given = np.arange(3.0)

    def write(c):
        c[0] += 1.0
        return c

    def run(x):
        return while_loop(lambda c: c[0] < 2.5, write, x), cond(x[0] < 1.0, write, lambda c: c, x)

    for each in (run, jit(run), lambda x: vmap(run)(np.stack([x, x + 2.0]))):
        each(given)
    assert given.tolist() == [0.0, 1.0, 2.0]
    loop, branch = vmap(run)(np.stack([given, given + 2.0]))
    assert loop[:, 0].tolist() == [3.0, 3.0] and branch[:, 0].tolist() == [1.0, 2.0]


def test_kinds_are_kept():
    x = np.array([1.0, 3.0], np.float32)
    assert vmap(lambda x: while_loop(lambda y: y < 10, lambda y: y * 2, x))(x).dtype == np.float32
    assert vmap(lambda x: cond(x < 2, lambda x: x * 2, lambda x: x, x))(x).dtype == np.float32
    assert while_loop(lambda n: n < 5, lambda n: n + 2, 0) == 6
    assert while_loop(lambda c: False, lambda c: 1 / 0, {"a": 1, "b": None}) == {"a": 1, "b": None}
    assert while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, c[1]), (0, "text")) == (3, "text")
    assert cond(True, lambda: "yes", lambda: "no") == "yes"
    assert cond(np.bool_(False), lambda x: x, lambda x: {"other": x}, 2.0) == {"other": 2.0}
    assert [switch(i, [abs, float], -3) for i in (-5, 0, 1, 9)] == [3, 3, -3.0, -3.0]
    assert switch(np.int32(1), [abs, float], -3) == -3.0


def test_inside_other_loops():
    def f(x):
        total = fori_loop(0, 3, lambda i, c: c + while_loop(lambda y: y < 3.0, lambda y: y * 2.0, c), x)
        return scan(lambda c, w: (cond(c > w, lambda c: c * 0.5, lambda c: c * w, c), c), total, X)[0]

    check_grads(f, 0.7, modes=("rev", "fwd", "batch"))
    np.testing.assert_allclose(vmap(value_and_grad(f))(X), np.transpose([value_and_grad(f)(x) for x in X]))


def turn(c):
    return c


MISTAKES = {
    "structure": (lambda x: while_loop(lambda c: x < 9, lambda c: (c, c), x), TypeError, r"returned the carry tuple"),
    "shape": (lambda x: while_loop(lambda c: True, lambda c: anp.stack([c, c]), x), TypeError,
              r"leaf 0 is float64\[2\], but in init it is float64\[\]"),
    "dtype": (lambda x: while_loop(lambda c: c < 5, lambda c: c * x, 1), TypeError, r"float64\[\], but .* int64\[\]"),
    "order": (lambda x: while_loop(x, turn, turn), TypeError, "cond_fun is .*while_loop\\(cond_fun, body_fun, init"),
    "no truth": (lambda x: while_loop(turn, turn, x), TypeError, "what turn returned is a float64, not a truth value"),
    "none": (lambda x: while_loop(lambda c: None, turn, x), TypeError, "returned is None, not a truth value"),
    "array": (lambda x: while_loop(lambda c: c < 5, turn, anp.stack([x, x])), ValueError, r"shape \(2,\).*anp.any"),
    "pred": (lambda x: cond(x, turn, turn, x), TypeError, "cond: pred is a float64, not a truth value such as x > 0"),
    "values": (lambda x: cond(x > 0, x, -x), TypeError, r"true_fun is .*not a function.*anp.where\(pred, x, y\)"),
    "index": (lambda x: switch(x, [turn], x), TypeError, "switch: index is .*not one integer"),
    "branches": (lambda x: switch(0, [], x), TypeError, "branches is a list of functions"),
    "one branch": (lambda x: switch(0, turn, x), TypeError, "branches is a list of functions"),
}


IN = {"plain": lambda f: f, "grad": grad, "vmap": lambda f: lambda x: vmap(f)(np.array([x]))}


@pytest.mark.parametrize("mode", IN)
@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name, mode):
    call, error, text = MISTAKES[name]
    with pytest.raises(error, match=text):
        IN[mode](call)(2.0)


def test_numbers_of_other_examples_are_not_warned_of():
    def root_or_power(x):
        return cond(x > 0, lambda: anp.log(x), lambda: anp.exp(-x) / (x - 1))

    def falling(x):
        return while_loop(lambda y: y > 0.5, lambda y: anp.log(y), x)

    x = np.array([2.0, 0.0, 1.0, -1.0])
    for f in (root_or_power, falling):
        for g in (f, grad(f)):
            np.testing.assert_allclose(vmap(g)(x), [g(each) for each in x])
            np.testing.assert_allclose(jit(vmap(g))(x), [g(each) for each in x])
    with debug_nans():
        with pytest.raises(NonFiniteError, match="log gave NaN"):
            vmap(lambda x: cond(x < 3, lambda: anp.log(x), lambda: x))(x)


@pytest.mark.parametrize("f", [
    lambda x: while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, c[1]), (0, x))[1],
    lambda x: fori_loop(0, 3, lambda i, c: c, x), lambda x: cond(True, anp.positive, anp.sin, x),
    lambda x: cond(True, lambda y: y, anp.sin, x), lambda x: switch(0, [lambda y: y], x),
])
def test_what_is_passed_through_is_a_copy(f):
    compiled = jit(f)
    for each in (f, compiled, compiled):
        x = np.ones(3)
        each(x)[:] = 5.0
        assert x.tolist() == [1.0] * 3


def test_mistakes_under_vmap():
    with pytest.raises(TypeError, match=r"cond: f and g return different structures: a tuple of 2, but a leaf"):
        def f(x):
            return x, x

        def g(x):
            return x

        vmap(lambda x: cond(x > 1, f, g, x))(X)
    with pytest.raises(TypeError, match=r"returns float64\[\] at \['a'\], but .* returns int64\[\]"):
        vmap(lambda x: cond(x > 1, lambda x: {"a": x}, lambda x: {"a": 1}, x))(X)
    with pytest.raises(TracedValueError, match="anp.where"):
        vmap(lambda x: x if x > 1 else -x)(X)


def test_writes_into_what_is_around_them():
    """Of one value they are Python's; of a batch they would be done for all examples."""
    def branching(x):
        buffer = anp.zeros(2)

        def first(y):
            buffer[0] = y
            return y

        def second(y):
            buffer[1] = y
            return -y

        cond(x > 1.5, first, second, x)
        return buffer

    def looping(x):
        buffer = anp.zeros(1)

        def body(c):
            buffer[0] = buffer[0] + 1.0
            return c * 2.0

        while_loop(lambda c: c < 4.0, body, x)
        return buffer

    assert branching(2.0).tolist() == [2.0, 0.0] and looping(1.0).tolist() == [2.0]
    assert grad(lambda x: anp.sum(branching(x)))(2.0) == 1.0
    with pytest.raises(TracedValueError, match="cond: first writes into an array from around it .*test_branches"):
        vmap(branching)(X)
    with pytest.raises(TracedValueError, match="while_loop: body writes .* part of the carry, and return it"):
        vmap(looping)(X)
