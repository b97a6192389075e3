"""custom_vjp and custom_jvp: functions with their own derivative, in every composition."""

import functools
import pickle

import numpy as np
import pytest

from autodiff_trace import (
    MutationError, TracedValueError, checkpoint, custom_jvp, custom_vjp, grad, hessian, hvp, jacobian, jvp, scan, vjp,
    vmap,
)
from autodiff_trace import numpy as anp
from autodiff_trace.compiler import graph
from autodiff_trace.testing import check_grads
from autodiff_trace.transforms.taylor import derivatives

X = np.linspace(0.3, 1.1, 3)
W = np.array([0.7, -0.4, 1.2])


def product(x, w):
    return anp.sin(x) * w


@custom_vjp
def by_vjp(x, w):
    """sin(x) w"""
    return anp.sin(x) * w


@custom_vjp
def by_vjps(x, w):
    return anp.sin(x) * w


@custom_jvp
def by_jvp(x, w):
    return anp.sin(x) * w


@custom_jvp
def by_jvps(x, w):
    return anp.sin(x) * w


@custom_vjp
def opaque(x, w):
    """Computed by what cannot be traced."""
    return np.sin(np.array(x.tolist()).reshape(np.shape(x))) * w


def fwd(x, w):
    return by_vjp(x, w), (anp.cos(x), anp.sin(x), w)


def bwd(residuals, g):
    cos, sin, w = residuals
    return g * cos * w, g * sin


by_vjp.defvjp(fwd, bwd)
by_vjps.defvjps(lambda g, ans, x, w: g * anp.cos(x) * w, lambda g, ans, x, w: g * anp.sin(x))
by_jvps.defjvps(lambda t, ans, x, w: t * anp.cos(x) * w, lambda t, ans, x, w: t * anp.sin(x))


@by_jvp.defjvp
def push(primals, tangents):
    x, w = primals
    return by_jvp(x, w), tangents[0] * anp.cos(x) * w + anp.sin(x) * tangents[1]


KINDS = [by_vjp, by_vjps, by_jvp, by_jvps]
ids = [kind.__name__ for kind in KINDS]


@pytest.mark.parametrize("f", KINDS, ids=ids)
def test_all_modes_to_third_order(f):
    f.check(X, W, order=2, modes=("rev", "fwd", "batch"))
    f.check(0.4, 0.7, order=3)
    check_grads(checkpoint(lambda x, w: f(x, w) * x), X, W, modes=("rev", "fwd", "batch"))


def loss(f):
    return lambda x, w: anp.sum(f(x, w) ** 2)


COMPOSITIONS = {
    "grad": lambda s: grad(s, (0, 1))(X, W),
    "hessian": lambda s: hessian(s, (0, 1))(X, W),
    "hvp": lambda s: hvp(lambda w: s(X * w, w))(W, X),
    "grad of jvp": lambda s: grad(lambda w: jvp(lambda x: s(x, w), (X,), (w,))[1])(W),
    "grad of grad, closure": lambda s: grad(lambda w: anp.sum(grad(lambda x: s(x, w))(X) ** 2))(W),
    "vmap": lambda s: vmap(s, (0, None))(np.stack([X, 2 * X]), W),
    "vmap of grad": lambda s: vmap(grad(s, (0, 1)), (0, None))(np.stack([X, 2 * X]), W),
    "grad of vmap": lambda s: grad(lambda w: anp.sum(vmap(s, (0, None))(np.stack([X, 2 * X]), w) ** 2))(W),
    "hessian of vmap": lambda s: hessian(lambda w: anp.sum(vmap(s, (0, None))(np.stack([X, 2 * X]), w) ** 2))(W),
    "jvp of vmap": lambda s: jvp(lambda w: vmap(s, (0, None))(np.stack([X, 2 * X]), w), (W,), (X,))[1],
    "grad of vmap of grad": lambda s: grad(lambda w: anp.sum(vmap(grad(s), (0, None))(np.stack([X, W]), w) ** 2))(W),
    "grad of vmap of vmap": lambda s: grad(
        lambda w: anp.sum(vmap(vmap(s, (0, None)), (None, 0))(np.stack([X, 2 * X]), anp.stack([w, 2 * w])) ** 2)
    )(W),
    "checkpoint": lambda s: hessian(checkpoint(s), (0, 1))(X, W),
    "scan": lambda s: hessian(lambda w: scan(lambda c, x: (c * 0.9 + s(x, w), None), 0.0, np.stack([X, W]))[0])(W),
    "derivatives": lambda s: derivatives(lambda t: s(X * t, W), 3)(0.9),
}


@pytest.mark.parametrize("f", KINDS, ids=ids)
@pytest.mark.parametrize("name", COMPOSITIONS)
def test_compositions(name, f):
    expected, found = COMPOSITIONS[name](loss(product)), COMPOSITIONS[name](loss(f))
    for a, b in zip(np.atleast_1d(found), np.atleast_1d(expected)):
        np.testing.assert_allclose(np.asarray(a, float), np.asarray(b, float), rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("define", ["vjp", "jvp"])
def test_the_rule_is_used_at_all_orders_and_below_batches(define):
    """A rule that is wrong on purpose shows where it is used."""
    if define == "vjp":
        f = custom_vjp(lambda x: anp.sin(x))
        f.defvjps(lambda g, ans, x: g * 10.0 * x)
    else:
        f = custom_jvp(lambda x: anp.sin(x))
        f.defjvps(lambda t, ans, x: t * 10.0 * x)
    assert f(0.0) == 0.0 and grad(f)(2.0) == 20.0 and grad(grad(f))(2.0) == 10.0
    assert jvp(f, (2.0,), (1.0,))[1] == 20.0 and jvp(grad(f), (2.0,), (1.0,))[1] == 10.0
    assert grad(lambda x: jvp(f, (x,), (1.0,))[1])(2.0) == 10.0
    np.testing.assert_allclose(vmap(grad(f))(X), 10 * X)
    np.testing.assert_allclose(grad(lambda x: anp.sum(vmap(f)(x)))(X), 10 * X)
    np.testing.assert_allclose(jvp(vmap(f), (X,), (W,))[1], 10 * X * W)
    np.testing.assert_allclose(grad(checkpoint(f))(2.0), 20.0)
    g = graph(lambda x: f(x) * 2.0, 1.0)
    np.testing.assert_allclose([g(0.5), grad(g)(2.0)], [2 * np.sin(0.5), 40.0])
    np.testing.assert_allclose(derivatives(f, 2)(2.0)[1:], [20.0, 10.0])


def test_a_function_that_cannot_be_traced():
    opaque.defvjps(lambda g, ans, x, w: g * anp.cos(x) * w, lambda g, ans, x, w: g * ans / w)
    check_grads(opaque, X, W, order=2)
    np.testing.assert_allclose(hessian(loss(opaque), (0, 1))(X, W), hessian(loss(product), (0, 1))(X, W))


def test_fixed_point():
    """Implicit differentiation, of a solver that takes a function: x = f(a, x)."""

    @functools.partial(custom_vjp, nondiff_argnums=(0,))
    def solve(f, a, x0):
        x = x0
        for _ in range(100):
            x = f(a, x)
        return x

    def solve_fwd(f, a, x0):
        x = solve(f, a, x0)
        return x, (a, x)

    def solve_bwd(f, residuals, g):
        a, x = residuals
        _, pull_x = vjp(lambda x: f(a, x), x)
        total = g
        for _ in range(100):
            total = g + pull_x(total)[0]
        return vjp(lambda a: f(a, x), a)[1](total)[0], None

    solve.defvjp(solve_fwd, solve_bwd)

    def newton(a, x):
        return 0.5 * (x + a["value"] / x)

    def root(a):
        return solve(newton, {"value": a}, 1.0)

    np.testing.assert_allclose(root(2.0), 2**0.5)
    np.testing.assert_allclose(grad(root)(2.0), 0.5 / 2**0.5)
    np.testing.assert_allclose(grad(grad(root))(2.0), -0.25 * 2**-1.5)
    np.testing.assert_allclose(vmap(grad(root))(np.array([1.0, 2.0])), [0.5, 0.5 / 2**0.5])
    np.testing.assert_allclose(jvp(root, (2.0,), (1.0,))[1], 0.5 / 2**0.5)


def make_general(kind):
    """Containers, a string, a callable, None, defaults, *args and keyword-only arguments, in one signature."""

    def general(p, mode, apply, *rest, power=2, label=None):
        assert mode == "m" and rest == (None, 3.0) and label == "l"
        return {"y": apply(p["a"]) ** power * p["b"][0], "n": 7, "label": label}

    f = kind(general)
    if kind is custom_vjp:

        def fwd(p, mode, apply, *rest, power, label):
            return f(p, mode, apply, *rest, power=power, label=label), (p, apply, power)

        def bwd(residuals, g):
            (p, apply, power), gy = residuals, g["y"]
            ga = gy * power * apply(p["a"]) ** (power - 1) * anp.cos(p["a"]) * p["b"][0]
            return {"a": ga, "b": [anp.sum(gy * apply(p["a"]) ** power), None]}, None, None, None, None

        f.defvjp(fwd, bwd)
    else:

        def jvp(primals, tangents, *, power, label):
            (p, mode, apply, *rest), (t, *others) = primals, tangents
            assert others[:3] == [None, None, None]
            ans = f(p, mode, apply, *rest, power=power, label=label)
            y = apply(p["a"]) ** power
            ty = power * apply(p["a"]) ** (power - 1) * anp.cos(p["a"]) * p["b"][0] * t["a"] + y * t["b"][0]
            return ans, {"y": ty, "n": None, "label": None}

        f.defjvp(jvp)
    return general, f


@pytest.mark.parametrize("kind", [custom_vjp, custom_jvp])
def test_containers_keywords_and_values_without_derivative(kind):
    general, f = make_general(kind)

    def loss(f):
        def inner(a, b):
            out = f({"a": a, "b": [b, 5]}, "m", anp.sin, None, 3.0, label="l")
            assert out["n"] == 7 and out["label"] == "l"
            return anp.sum(out["y"] ** 2)

        return inner

    np.testing.assert_allclose(grad(loss(f))(X, 0.7), grad(loss(general))(X, 0.7))
    check_grads(loss(f), X, 0.7, modes=("rev", "fwd", "batch"))


def test_keyword_arguments_are_passed_by_position():
    @custom_vjp
    def power(x, n=2, *, scale=1.0):
        return scale * x**n

    power.defvjp(
        lambda x, n, *, scale: (power(x, n, scale=scale), (x, n, scale)),
        lambda res, g: (g * res[2] * res[1] * res[0] ** (res[1] - 1), None),
    )
    assert grad(power)(3.0) == 6.0
    assert grad(lambda x: power(n=3, x=x))(3.0) == 27.0
    assert grad(lambda x: power(x, scale=5.0))(3.0) == 30.0
    assert grad(power, argnames="x")(x=3.0) == 6.0


def test_several_outputs():
    @custom_vjp
    def both(x):
        return anp.sin(x), {"cos": anp.cos(x)}

    both.defvjp(lambda x: (both(x), x), lambda x, g: (g[0] * anp.cos(x) - g[1]["cos"] * anp.sin(x),))
    both.check(X, modes=("rev", "fwd", "batch"))
    np.testing.assert_allclose(grad(lambda x: anp.sum(both(x)[1]["cos"]))(X), -np.sin(X))


def test_clipped_gradient():
    """A rule that is meant to differ: JAX's example."""

    @functools.partial(custom_vjp, nondiff_argnums=(0, 1))
    def clip_gradient(lo, hi, x):
        return x

    clip_gradient.defvjp(lambda lo, hi, x: (x, None), lambda lo, hi, _, g: (anp.clip(g, lo, hi),))
    assert grad(lambda x: 100.0 * clip_gradient(-1.0, 1.0, x))(2.0) == 1.0
    assert jacobian(lambda x: 0.5 * clip_gradient(-1.0, 1.0, x))(2.0) == 0.5
    with pytest.raises(AssertionError, match=r"clip_gradient\(x\), argument 0"):
        clip_gradient.check(-0.1, 0.1, 2.0)


def test_outer_traced_values_may_be_closed_over():
    def inner(w):
        @custom_vjp
        def f(x):
            return anp.sin(x) * w

        f.defvjp(lambda x: (f(x), x), lambda x, g: (g * anp.cos(x) * w,))
        return grad(f)(0.5) * w

    np.testing.assert_allclose(grad(inner)(3.0), 2 * 3 * np.cos(0.5))
    np.testing.assert_allclose(vmap(inner)(X), X**2 * np.cos(0.5))


@pytest.mark.parametrize("transform", ["grad", "jvp", "vmap"])
def test_values_of_the_same_trace_may_not(transform):
    def outer(w):
        f = custom_vjp(lambda x: anp.sin(x) * w)
        f.defvjp(lambda x: (anp.sin(x) * w, x), lambda x, g: (g * anp.cos(x) * 2.0,))
        return f(w * 1.0)

    calls = {
        "grad": lambda: grad(outer)(3.0),
        "jvp": lambda: jvp(outer, (3.0,), (1.0,)),
        "vmap": lambda: grad(lambda w: anp.sum(vmap(outer)(w)))(X),
    }
    with pytest.raises(TracedValueError, match="closes over a traced value.*Pass it as an argument"):
        calls[transform]()
    # Where no derivative passes through the rule, it is not needed.
    np.testing.assert_allclose(grad(lambda w: anp.sum(vmap(lambda v: outer(v) * w)(X)))(1.0), np.sum(np.sin(X) * X))


def test_closed_over_inside_checkpoint_and_scan():
    def total(w):
        f = custom_vjp(lambda x, v: anp.sin(x) * v)
        f.defvjps(lambda g, ans, x, v: g * anp.cos(x) * v, lambda g, ans, x, v: g * anp.sin(x))
        a = checkpoint(lambda x: f(x * w, w))(0.5)
        return a + scan(lambda c, x: (c + f(x, w) * c, f(w, x)), 1.0, X)[0]

    def plain(w):
        c = 1.0
        for x in X:
            c = c + anp.sin(x) * w * c
        return anp.sin(0.5 * w) * w + c

    np.testing.assert_allclose(grad(total)(0.7), grad(plain)(0.7))
    np.testing.assert_allclose(grad(grad(total))(0.7), grad(grad(plain))(0.7))
    np.testing.assert_allclose(hvp(total)(0.7, 1.0), hvp(plain)(0.7, 1.0))


def bad(rule):
    f = custom_vjp(lambda x, w: anp.sum(x) * w)
    f.fun.__name__ = f.__name__ = "f"
    f.defvjp(lambda x, w: (f(x, w), None), lambda _, g: rule(g))
    return f


MISTAKES = {
    "no tuple": (lambda g: g, "the rule gave .*not a tuple with one cotangent for each of 2 arguments: 'x', 'w'"),
    "too few": (lambda g: (g,), "the rule gave 1 cotangents"),
    "shape": (lambda g: (g, g), r"cotangent of argument 'x' is of shape \(\), but should be of shape \(3,\)"),
    "structure": (lambda g: ([g], g), r"cotangent of argument 'x' is list\(0: \*\), but should be \*"),
    "complex": (lambda g: (None, 1j * g), "cotangent of argument 'w' is complex"),
    "string": (lambda g: (None, "g"), "cotangent of argument 'w' is a str"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes_in_cotangents(name):
    rule, message = MISTAKES[name]
    with pytest.raises(TypeError, match="custom_vjp: f: .*" + message):
        grad(bad(rule), (0, 1))(X, 2.0)


def test_other_mistakes():
    f = custom_vjp(lambda x: x)
    f.__name__ = "f"
    assert f(2.0) == 2.0
    with pytest.raises(TypeError, match=r"custom_vjp: f has no rule yet; give it one with f.defvjp\(fwd, bwd\)"):
        grad(f)(1.0)
    f.defvjp(lambda x: x, lambda res, g: (g,))
    with pytest.raises(TypeError, match=r"custom_vjp: f: fwd returned .*not \(output, residuals\)"):
        grad(f)(1.0)
    f = custom_jvp(lambda x: x)
    f.__name__ = "f"
    f.defjvp(lambda primals, tangents: (primals[0], tangents))
    with pytest.raises(TypeError, match=r"custom_jvp: f: the tangent of the output is tuple.*but should be \*"):
        grad(f)(1.0)
    f.defjvp(lambda primals, tangents: (primals[0], anp.sum(tangents[0])))
    with pytest.raises(TypeError, match=r"custom_jvp: f: the tangent of the output is of shape \(\).*\(3,\)"):
        jvp(f, (X,), (X,))
    with pytest.raises(ValueError, match="positions count from 0"):
        custom_vjp(product, nondiff_argnums=-1)
    with pytest.raises(TypeError, match=r"custom_vjp\(f\)\(x\)"):
        custom_vjp(3.0)


def test_check_finds_a_wrong_rule():
    f = custom_vjp(product)
    f.defvjps(lambda g, ans, x, w: g * anp.cos(x) * w, lambda g, ans, x, w: g * anp.cos(x))
    with pytest.raises(AssertionError, match=r"VJP of product\(x, w\), argument 1"):
        f.check(X, W)


def test_none_is_zero_and_dtypes_are_kept():
    f = custom_vjp(lambda x, w: x * w)
    f.defvjp(lambda x, w: (f(x, w), w), lambda w, g: (g * w, None))
    assert grad(f, (0, 1))(2.0, 3.0) == (3.0, 0.0)
    x = X.astype(np.float32)
    gradient = grad(lambda x: anp.sum(f(x, np.float64(3.0))))(x)
    assert gradient.dtype == np.float32


def test_complex_values():
    f = custom_vjp(lambda z: anp.abs(z) ** 2)
    f.defvjps(lambda g, ans, z: 2 * g * anp.conj(z))
    f.check(np.array([1.0 + 2.0j, 0.5 - 1.0j]))


def test_what_it_is():
    assert by_vjp.__name__ == "by_vjp" and by_vjp.__doc__ == "sin(x) w" and repr(by_vjp) == "custom_vjp(by_vjp)"
    assert repr(custom_jvp(product, nondiff_argnums=1)) == "custom_jvp(product, nondiff_argnums=(1,))"
    for f in KINDS:
        assert pickle.loads(pickle.dumps(f)) is f
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(grad(f)))(0.3, 2.0), grad(f)(0.3, 2.0))


def test_methods():
    class Layer:
        def __init__(self, w):
            self.w = w

        @custom_vjp
        def apply(self, x):
            return self.w * x

    Layer.apply.defvjp(lambda self, x: (self.w * x, self), lambda self, g: (None, g * self.w * 10))
    assert grad(Layer(3.0).apply)(2.0) == 30.0


# Rules that write into what they are given


@custom_vjp
def cut_backward(x):
    return 2.0 * x


def cut_rule(residuals, g):
    g[0] = 0.0
    g *= 2.0
    return (g,)


cut_backward.defvjp(lambda x: (2.0 * x, None), cut_rule)


@custom_jvp
def cut_forward(x):
    return 2.0 * x


@cut_forward.defjvp
def cut_tangent(primals, tangents):
    (t,) = tangents
    t[0] = 0.0
    t *= 2.0
    return 2.0 * primals[0], t


@pytest.mark.parametrize("n", (3, 3000))
def test_cotangents_and_tangents_are_the_rules_own(n):
    x, expected = np.ones(n), np.full(n, 3.0)
    expected[0] = 1.0
    np.testing.assert_array_equal(grad(lambda x: anp.sum(cut_backward(x) + x))(x), expected)
    np.testing.assert_array_equal(vmap(grad(lambda x: cut_backward(x) + x))(np.ones((2, n)))[1], expected)
    g = np.ones(n)
    pull = vjp(lambda x: cut_backward(x) + x, x)[1]
    np.testing.assert_array_equal([pull(g)[0], pull(g)[0]], [expected, expected])
    np.testing.assert_array_equal(jvp(lambda x: cut_forward(x) + x, (x,), (g,))[1], expected)
    np.testing.assert_array_equal(grad(lambda x: anp.sum(cut_forward(x * 1.0) + x))(x), expected)
    np.testing.assert_array_equal(g, 1.0)


def test_rules_that_change_their_arguments():
    """What others keep of an argument would be wrong."""

    @custom_vjp
    def by_vjp(x):
        return 2.0 * x

    @custom_jvp
    def by_jvp(x):
        return 2.0 * x

    def fwd(x):
        x[0] = 5.0
        return 2.0 * x, None

    by_vjp.defvjp(fwd, lambda residuals, g: (2.0 * g,))
    by_jvp.defjvp(lambda primals, tangents: (fwd(*primals)[0], 2.0 * tangents[0]))
    for rule in (by_vjp, by_jvp):
        def f(x, rule=rule):
            y = x * 1.0
            return anp.sum(y * y + rule(y))

        for call in (grad(f), vmap(grad(f)), lambda x: jvp(f, (x,), (x,))):
            with pytest.raises(MutationError, match="or in a custom rule"):
                call(np.ones((2, 3)))
