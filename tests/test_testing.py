"""Tests of the tester: a wrong rule must be caught, and named by mode and argument."""

import dataclasses
import re

import numpy as np
import pytest

from autodiff_trace import extend, grad, stop_gradient
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads, check_jvp, check_vjp, numerical_jvp

X = np.array([0.5, -1.2, 2.0])


def make(function, vjp=None, jvp=None, name="f"):
    """A primitive with these rules, each given as a list with one for each argument."""
    prim = extend.primitive(function)
    prim.__name__ = name
    if vjp is not None:
        extend.defvjp(prim, *vjp)
    if jvp is not None:
        extend.defjvp(prim, *jvp)
    return prim


def product(vjp=None, jvp=None):
    """x y², with right rules where none are given."""
    return make(
        lambda x, y: x * y * y,
        vjp or [lambda g, ans, x, y: g * y * y, lambda g, ans, x, y: g * 2 * x * y],
        jvp or [lambda t, ans, x, y: t * y * y, lambda t, ans, x, y: t * 2 * x * y],
    )


@extend.primitive
def halfway(x):
    """The identity, with a right VJP and a wrong JVP."""
    return x * 1.0


extend.defvjp(halfway, lambda g, ans, x: g)
extend.defjvp(halfway, lambda t, ans, x: 2 * t)


def catch(message, fun, *args, **options):
    with pytest.raises(AssertionError, match=f"^{re.escape(message)}"):
        check_grads(fun, *args, **options)


def test_right_rules_pass():
    check_grads(product(), X, X, order=3)
    check_grads(anp.sin, 0.5)
    check_grads(lambda x, name, n: anp.sin(x) * n, X, "text", 3)


def test_wrong_vjp():
    wrong = product(vjp=[lambda g, ans, x, y: g * y * y, lambda g, ans, x, y: g * 3 * x * y])
    catch("VJP of f, argument 1: ", wrong, X, X)
    catch("VJP of f, argument 1: ", wrong, X, X, modes=("rev",), order=1)
    catch("VJP of cube, argument 0: ", make(lambda x: x**3, [lambda g, ans, x: g * x * x], name="cube"), X)
    check_grads(wrong, X, X, modes=("fwd",), order=1)  # its JVP is right
    with pytest.raises(AssertionError):
        check_vjp(wrong, X, X)
    check_jvp(wrong, X, X)


def test_wrong_jvp_beside_a_right_vjp():
    wrong = product(jvp=[lambda t, ans, x, y: t * y * y, lambda t, ans, x, y: t * x * y])
    catch("JVP of f, argument 1: ", wrong, X, X)
    catch("JVP of f, argument 1: ", wrong, X, X, modes=("fwd",), order=1)
    check_grads(wrong, X, X, modes=("rev",), order=2)
    check_vjp(wrong, X, X)
    with pytest.raises(AssertionError):
        check_jvp(wrong, X, X)


def test_rules_that_go_wrong_at_second_order():
    stopped = product(vjp=[lambda g, ans, x, y: g * y * y, lambda g, ans, x, y: g * 2 * x * stop_gradient(y)])
    check_grads(stopped, X, X, order=1)
    catch("VJP of VJP of f, argument 1: ", stopped, X, X)
    stopped = product(jvp=[lambda t, ans, x, y: t * y * y, lambda t, ans, x, y: t * 2 * stop_gradient(x) * y])
    check_grads(stopped, X, X, order=1)
    catch("VJP of JVP of f, argument 0: ", stopped, X, X)
    catch("JVP of JVP of f, argument 0: ", stopped, X, X, modes=("fwd",))


def test_rule_that_is_wrong_in_forward_over_reverse_mode_alone():
    wrong = product(vjp=[lambda g, ans, x, y: g * y * y, lambda g, ans, x, y: g * 2 * x * halfway(y)])
    check_grads(wrong, X, X, order=1)
    check_grads(wrong, X, X, modes=("rev",), order=2)
    catch("JVP of VJP of f, argument 1: ", wrong, X, X)


def test_rule_that_goes_wrong_at_third_order():
    cube = make(lambda x: x**3, [lambda g, ans, x: g * 3 * halfsquare(x)])
    check_grads(cube, X, order=2, modes=("rev",))
    catch("VJP of VJP of VJP of f, argument 0: ", cube, X, order=3, modes=("rev",))


@extend.primitive
def halfsquare(x):
    """x², whose derivative is right and a constant."""
    return x * x


extend.defvjp(halfsquare, lambda g, ans, x: g * 2 * stop_gradient(x))


def test_wrong_dtype():
    single = X.astype(np.float32)
    upcasting = product(vjp=[lambda g, ans, x, y: g * y * y * np.ones(3), lambda g, ans, x, y: g * 2 * x * y])
    catch("VJP of f, argument 0: float64[3], but should be float32[3]", upcasting, single, single)
    upcasting = product(jvp=[lambda t, ans, x, y: t * y * y, lambda t, ans, x, y: t * 2 * x * y * np.ones(3)])
    catch("JVP of f, argument 1: float64[3], but should be float32[3]", upcasting, single, single)
    check_grads(upcasting, X, X)


def test_wrong_shape():
    unsummed = product(vjp=[lambda g, ans, x, y: g * y * y, lambda g, ans, x, y: g * 2 * x * y])
    with pytest.raises(TypeError, match=r"a rule of f .* a cotangent of shape \(3,\) for argument 1 of shape \(\)"):
        check_grads(unsummed, X, 2.0)
    narrow = product(jvp=[lambda t, ans, x, y: t * y * y, lambda t, ans, x, y: anp.sum(t * 2 * x * y)])
    with pytest.raises(TypeError, match=r"a rule of f .* a tangent of shape \(\) for an answer of shape \(3,\)"):
        check_grads(narrow, X, X)


def test_argument_number_of_what_is_in_a_container():
    wrong = product(vjp=[lambda g, ans, x, y: g * y * y, lambda g, ans, x, y: g * 3 * x * y])

    def fun(n, p):
        return {"value": wrong(p["x"], p["y"]), "name": "text"}

    catch("VJP of fun, argument 1: ", fun, 3, {"x": X, "y": X, "name": "text"})


def test_name_of_the_function():
    wrong = make(lambda x: x * x, [lambda g, ans, x: g * x])
    catch("VJP of mine, argument 0: ", wrong, X, name="mine")
    catch("VJP of <lambda>, argument 0: ", lambda x: wrong(x), X)


@dataclasses.dataclass
class Layer:
    w: object
    name: str = "layer"


def test_containers():
    def fun(p, rest):
        return {"a": (p.w * rest[0], p.name), "b": [anp.sum(rest[1]["c"]), None, 3]}

    check_grads(fun, Layer(X), [2.0, {"c": X}, None, "text", True])


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.complex64])
def test_low_precision(dtype):
    check_grads(lambda x: x * x * 0.5, X.astype(dtype), order=1)
    wrong = make(lambda x: x * x, [lambda g, ans, x: g * 2.5 * x])
    catch("VJP of f, argument 0: ", wrong, X.astype(dtype), order=1)


def test_tolerance_and_step():
    slightly = make(lambda x: x * x, [lambda g, ans, x: g * 2.00002 * x])
    catch("VJP of f, argument 0: ", slightly, X)
    check_grads(slightly, X, tolerance=1e-3)
    check_grads(lambda x: anp.sin(1000 * x), 0.3, step=1e-6, order=1, tolerance=1e-4)


def test_complex_functions():
    z = X + 1j * X[::-1]
    check_grads(lambda z: anp.exp(z) * z, z)
    check_grads(lambda z: anp.real(z * anp.conj(z)), z)
    check_grads(lambda x: x * (1 + 2j), X)
    unconjugated = make(np.conj, [lambda g, ans, x: g])
    catch("VJP of f, argument 0: ", unconjugated, z)
    # Right for real x, wrong for complex: |x|² has not the derivative 2x.
    square = make(lambda x: np.real(x * np.conj(x)), [lambda g, ans, x: g * 2 * x])
    check_grads(square, X)
    catch("VJP of f, argument 0: ", square, z)


def test_not_a_number_is_an_error():
    catch("VJP of f, argument 0: nan", make(lambda x: x * x, [lambda g, ans, x: g * np.nan]), 1.0)


def test_functions_that_do_not_depend_on_their_arguments():
    for fun in (lambda x: 3.0, lambda x: np.ones(2), lambda x: (x, 3.0), lambda x: 3, lambda x: None):
        check_grads(fun, X)


def test_sizes_zero_and_one():
    check_grads(lambda x: x * x, np.zeros((0, 2)))
    check_grads(lambda x: anp.sum(x * x), np.ones((1, 1)))


def test_arguments_are_not_modified():
    x = X.copy()
    x.flags.writeable = False
    check_grads(lambda x: anp.sin(x), x)


def test_mistakes():
    with pytest.raises(ValueError, match=r"unknown modes \['reverse'\]; there are 'rev'"):
        check_grads(anp.sin, 0.5, modes=("reverse",))
    with pytest.raises(ValueError, match="no argument of sin is a floating-point number"):
        check_grads(anp.sin, 3)


def test_the_same_directions_each_time():
    seen = []

    def fun(x):
        seen.append(np.array(x) if type(x) is np.ndarray else None)
        return x * x

    check_grads(fun, X)
    first = seen.copy()
    seen.clear()
    check_grads(fun, X)
    np.testing.assert_equal(seen, first)


def test_numerical_derivative():
    (found,) = numerical_jvp(lambda x, y: [np.sin(x) * y], [np.float64(0.5), X], [np.float64(1.0), np.zeros(3)])
    np.testing.assert_allclose(found, np.cos(0.5) * X, rtol=1e-10)
    assert grad(anp.sin)(0.5) == np.cos(0.5)


def test_rule_of_all_arguments_that_is_wrong_for_several():
    """It may mix up what belongs to which."""
    wrong = extend.primitive(lambda x, y: x * y)
    wrong.__name__ = "f"
    extend.defvjp_all(wrong, lambda argnums, g, ans, args, kwargs: [g * args[1 - argnums[0]] for _ in argnums])
    catch("VJP of f, all arguments at once: ", wrong, X, X[::-1], modes=("rev",))
    wrong = extend.primitive(lambda x, y: x * y)
    wrong.__name__ = "f"
    extend.defvjp_all(wrong, lambda argnums, g, ans, args, kwargs: [g * args[1 - i] for i in argnums])
    extend.defjvp_all(wrong, lambda argnums, ts, ans, args, kwargs: ts[0] * args[1 - argnums[0]])
    catch("JVP of f, all arguments at once: ", wrong, X, X[::-1])


def scaled(factor, slope, jvp_slope, dtype):
    """factor · x², with these rules; right ones are 2."""
    def rule(slope):
        return lambda g, ans, x: g * (dtype(factor) * dtype(slope) * x)

    return make(lambda x: x * x * dtype(factor), [rule(slope)], [rule(jvp_slope)])


@pytest.mark.parametrize("dtype, factor", [
    (np.float64, 1e-3), (np.float64, 1e-6), (np.float64, 1e-12), (np.float64, 1e6), (np.float64, 1e100),
    (np.float32, 1.0), (np.float32, 1e-4), (np.float32, 1e-8), (np.float32, 1e6), (np.float16, 1e-2),
])
def test_wrong_slopes_of_any_size(dtype, factor):
    x = X.astype(dtype)
    check_grads(scaled(factor, 2.0, 2.0, dtype), x, order=1)
    catch("VJP of f, argument 0: ", scaled(factor, 2.6, 2.0, dtype), x, order=1)
    catch("JVP of f, argument 0: ", scaled(factor, 2.0, 2.6, dtype), x, order=1)


def test_a_small_wrong_slope_beside_large_right_ones():
    w = np.array([1.0, 1e-4, 1e-7])
    wrong = w * [1.0, 1.0, 1.3]
    check_grads(make(lambda x: w * x, [lambda g, ans, x: g * w]), X)
    catch("VJP of f, argument 0: ", make(lambda x: w * x, [lambda g, ans, x: g * wrong]), X)
    catch("JVP of f, argument 0: ",
          make(lambda x: w * x, [lambda g, ans, x: g * w], [lambda t, ans, x: t * wrong]), X)


@pytest.mark.parametrize("dtype, offset, factor", [
    (np.float32, 1.0, 1e-2), (np.float32, 100.0, 0.1), (np.float64, 1e6, 1e-3),
])
def test_slopes_beside_a_large_constant(dtype, offset, factor):
    """The constant takes digits from the differences: a longer step gives them back."""
    def curve(slope):
        return make(lambda x: dtype(offset) + dtype(factor) * np.sin(x),
                    [lambda g, ans, x: g * (dtype(slope * factor) * anp.cos(x))])

    check_grads(curve(1.0), X.astype(dtype))
    catch("VJP of f, argument 0: ", curve(1.3), X.astype(dtype), order=1)


def test_rounding_of_a_rule_is_no_fault():
    check_grads(lambda x: anp.sin(x) ** 2 + anp.cos(x) ** 2, X)
    check_grads(lambda x: x / x + 1e5 * x - x * 1e5, X.astype(np.float32), order=1)
    check_grads(lambda x: anp.linalg.det(anp.outer(x, x)), X)
    check_grads(lambda x: anp.exp(20 * x), X)


@pytest.mark.parametrize("mode", ["rev", "fwd"])
@pytest.mark.parametrize(
    ("dtype", "size", "scale"),
    [(np.float32, 1e8, 3.0), (np.float32, 1e-8, 3.0), (np.float32, 1e8, 1e-12), (np.float64, 1e-8, 1e-12),
     (np.float64, 1e12, 1.0), (np.complex64, 1e8, 1.0), (np.complex128, 1e-8, 1e-12)],
)
def test_wrong_rules_are_caught_whatever_the_size_of_the_argument(dtype, size, scale, mode):
    x = (np.array([0.5, 1.2, -0.7]) * size).astype(dtype)

    def square(factor):
        rule = [lambda g, ans, x: anp.astype(g * x * (2 * scale * factor), x.dtype)]
        return make(lambda x: (scale * x * x).astype(x.dtype), rule, rule)

    check_grads(square(1.0), x, modes=(mode,), order=1)
    for factor in (1.3, -1.0, 0.0, np.array([1.0, 1.0, 1.3])):
        with pytest.raises(AssertionError, match="finite differences"):
            check_grads(square(factor), x, modes=(mode,), order=1)


def test_a_rule_that_is_wrong_at_one_of_many_elements_is_caught_in_single_precision():
    factor = np.ones(200, np.float32)
    factor[-1] = 1.3
    prim = make(lambda x: np.sin(x), [lambda g, ans, x: g * anp.cos(x) * factor])
    x = np.linspace(-1, 1, 200, dtype=np.float32)
    with pytest.raises(AssertionError, match="finite differences"):
        check_grads(prim, x, modes=("rev",), order=1)


def test_no_false_alarm_where_the_step_is_rounded():
    check_grads(anp.sin, np.array([5e-7, 1.2, -7e3], np.float32))
