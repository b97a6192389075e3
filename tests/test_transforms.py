"""Gradients and products with the Jacobian: arguments, results and mistakes."""

import dataclasses
import functools
import inspect
import pickle
import warnings
from collections import OrderedDict, namedtuple

import numpy as np
import pytest

from autodiff_trace import (
    elementwise_grad, grad, grad_and_aux, holomorphic_grad, jvp, register_pytree, stop_gradient, to_numpy,
    value_and_grad, vjp,
)
from autodiff_trace import numpy as anp
from autodiff_trace.core.pytree import registry

TRANSFORMATIONS = [grad, value_and_grad, elementwise_grad]


def f(x, y=2.0):
    """x² y"""
    return x * x * y


@grad
def slope(x):
    return x**3


class Model:
    def __init__(self, scale):
        self.scale = scale

    def loss(self, x):
        return self.scale * x * x

    @functools.partial(grad, argnums=1)
    def slope(self, x):
        return self.scale * x * x

    @staticmethod
    @grad
    def static_slope(x):
        return x * x

    def __call__(self, x):
        return self.loss(x)


# Which arguments


@pytest.mark.parametrize(
    "argnums, expected",
    [
        (0, 24.0), (1, 9.0), (-1, 9.0), (-2, 24.0), (np.int64(1), 9.0), ((0,), (24.0,)), ((0, 1), (24.0, 9.0)),
        ([1, 0], (9.0, 24.0)), ((0, -1), (24.0, 9.0)), ((), ()),
    ],
    ids=repr,
)
def test_argnums(argnums, expected):
    assert grad(f, argnums)(3.0, 4.0) == expected
    assert value_and_grad(f, argnums)(3.0, 4.0) == (36.0, expected)
    assert elementwise_grad(f, argnums)(3.0, 4.0) == expected


@pytest.mark.parametrize(
    "argnums, message",
    [
        (2, r"argnums=2, but the call has 2 positional arguments \(and s by name, for argnames\)\."),
        (-3, "argnums=-3, but the call has 2"),
        ((0, 5), r"argnums=\(0, 5\), but the call has 2"),
        ("x", "argnums='x', but positions are integers; names go into argnames"),
        (1.0, "argnums=1.0, but positions are integers"),
        (True, "argnums=True, but positions are integers"),
        ((0, 0), r"\(0, 0\) selects an argument twice"),
        ((0, -2), r"\(0, -2\) selects an argument twice"),
    ],
)
@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
def test_argnums_that_do_not_fit(transformation, argnums, message):
    with pytest.raises(TypeError, match=f"^{transformation.__name__}: {message}"):
        transformation(lambda x, y, s: x * y, argnums)(3.0, 4.0, s="")


def test_call_without_arguments():
    with pytest.raises(TypeError, match="grad: argnums=0, but the call has 0 positional arguments"):
        grad(f)()
    with pytest.raises(TypeError, match="one positional argument"):
        grad(f, argnums=1)(1.0)


def test_argnames():
    assert grad(f, argnames="y")(3.0, 4.0) == 9.0
    assert grad(f, argnames="y")(3.0, y=4.0) == 9.0
    assert grad(f, argnames="x")(x=3.0, y=4.0) == 24.0
    assert grad(f, argnames=("y", "x"))(3.0, y=4.0) == {"y": 9.0, "x": 24.0}
    assert grad(f, argnames=["x"])(3.0) == {"x": 12.0}
    assert value_and_grad(f, argnames=("x",))(3.0) == (18.0, {"x": 12.0})
    assert grad(lambda x, *, s: x * s, argnames="s")(3.0, s=2.0) == 3.0
    assert grad(lambda **weights: weights["a"] * 2, argnames="a")(a=3.0) == 2.0
    assert grad(lambda x, /: x * x, argnames="x")(3.0) == 6.0


@pytest.mark.parametrize(
    "fun, options, message",
    [
        (f, {"argnames": "z"}, "argnames has 'z', but the arguments are x, y"),
        (f, {"argnames": "y"}, "argument 'y' was not passed: give it a value"),
        (f, {"argnames": ("x", "x")}, r"\('x', 'x'\) selects an argument twice"),
        (f, {"argnames": "x", "argnums": 1}, "argnums=1 and argnames='x'; give one of the two"),
        (lambda *xs: xs[0], {"argnames": "xs"}, "argument 'xs' was not passed"),
        (lambda *xs, s=1.0: xs[0] * s, {"argnames": "s"}, "argument 's' was not passed"),
        (max, {"argnames": "x"}, "does not tell the names of its arguments"),
    ],
)
def test_argnames_that_do_not_fit(fun, options, message):
    with pytest.raises(TypeError, match=f"^grad: .*{message}"):
        grad(fun, **options)(3.0)


def test_other_arguments_pass_through():
    def fun(x, mask, name, *rest, flag, **keywords):
        assert mask.dtype == bool and type(mask) is np.ndarray
        assert (name, rest, flag, keywords) == ("text", (None, {"a": 1}), True, {"k": 3})
        return anp.sum(x[mask])

    gradient = grad(fun)(np.ones(3), np.array([True, False, True]), "text", None, {"a": 1}, flag=True, k=3)
    assert gradient.tolist() == [1, 0, 1]


# Auxiliary output


def test_auxiliary_output():
    def fun(x):
        return x * x, {"traced": [x * 3, "text"], "none": None, "array": np.arange(2), "flag": True}

    for x in (2.0, np.float32(2.0)):
        (value, _), gradient = value_and_grad(fun, has_aux=True)(x)
        assert value == 4.0 and gradient == 4.0
        for gradient, aux in (grad(fun, has_aux=True)(x), grad_and_aux(fun)(x)):
            assert gradient == 4.0 and gradient.dtype == np.result_type(x)
            assert aux["traced"] == [6.0, "text"] and type(aux["traced"][0]) in (np.float32, np.float64)
            assert aux["none"] is None and aux["flag"] is True and aux["array"].tolist() == [0, 1]
        value, pullback, aux = vjp(fun, x, has_aux=True)
        assert value == 4.0 and pullback(1.0) == (4.0,) and aux["traced"] == [6.0, "text"]
        value, tangent, aux = jvp(fun, (x,), (1.0,), has_aux=True)
        assert value == 4.0 and tangent == 4.0 and aux["traced"] == [6.0, "text"]


def test_auxiliary_output_takes_part_in_outer_derivatives():
    def outer(x):
        gradient, aux = grad(lambda y: (y * y, x * y), has_aux=True)(x)
        return gradient * aux  # 2x · x²

    assert grad(outer)(3.0) == 54.0
    assert jvp(outer, (3.0,), (1.0,))[1] == 54.0


AUX_CALLS = {
    "grad": lambda fun, x: grad(fun, has_aux=True)(x),
    "value_and_grad": lambda fun, x: value_and_grad(fun, has_aux=True)(x),
    "grad_and_aux": lambda fun, x: grad_and_aux(fun)(x),
    "vjp": lambda fun, x: vjp(fun, x, has_aux=True),
    "jvp": lambda fun, x: jvp(fun, (x,), (x,), has_aux=True),
}


@pytest.mark.parametrize("name", AUX_CALLS)
@pytest.mark.parametrize(
    "fun, found",
    [
        (lambda x: x, "an array of dtype float64"), (lambda x: (x, 1, 2), "a tuple of ndarray"),
        (lambda x: [x, 1], "a list of ndarray"), (lambda x: None, "None"), (lambda x: 1, "an int"),
    ],
)
def test_auxiliary_output_that_is_missing(name, fun, found):
    message = rf"^{name}: has_aux=True, but the function returned {found}, not \(value, aux\)"
    with pytest.raises(TypeError, match=message):
        AUX_CALLS[name](fun, np.ones(2))


# Containers

Pair = namedtuple("Pair", "x y")


@dataclasses.dataclass
class Layer:
    weights: object
    bias: object
    name: str = "layer"


@dataclasses.dataclass(frozen=True)
class Frozen:
    x: object
    y: object


CONTAINERS = [
    ({"x": 2.0, "y": 3.0}, lambda p: p["x"] ** 2 * p["y"], {"x": 12.0, "y": 4.0}),
    ([2.0, 3.0], lambda p: p[0] ** 2 * p[1], [12.0, 4.0]),
    ((2.0, 3.0), lambda p: p[0] ** 2 * p[1], (12.0, 4.0)),
    (Pair(2.0, 3.0), lambda p: p.x**2 * p.y, Pair(12.0, 4.0)),
    (Layer(2.0, 3.0), lambda p: p.weights**2 * p.bias, Layer(12.0, 4.0, None)),
    (Frozen(2.0, 3.0), lambda p: p.x**2 * p.y, Frozen(12.0, 4.0)),
    (OrderedDict(x=2.0, y=3.0), lambda p: p["x"] ** 2 * p["y"], OrderedDict(x=12.0, y=4.0)),
    ({"l": [Pair(2.0, (3.0,))]}, lambda p: p["l"][0].x ** 2 * p["l"][0].y[0], {"l": [Pair(12.0, (4.0,))]}),
    ([2.0, None, "text", True, 3], lambda p: p[0] ** 2 * p[4], [12.0, None, None, None, 4.0]),
    ([2.0, 3.0, []], lambda p: p[0] ** 2, [4.0, 0.0, []]),
]


@pytest.mark.parametrize("p, fun, expected", CONTAINERS, ids=lambda x: type(x).__name__)
def test_containers(p, fun, expected):
    def checked(q):
        assert type(q) is type(p)
        return fun(q)

    gradient = grad(checked)(p)
    assert gradient == expected and type(gradient) is type(p)
    assert vjp(checked, p)[1](1.0) == (expected,)
    assert grad(checked, (0,))(p) == (expected,)


def test_second_derivative_through_containers():
    def fun(p):
        return p["x"] ** 3 * p["y"]

    p = {"x": 2.0, "y": 3.0}
    assert grad(lambda q: grad(fun)(q)["x"])(p) == {"x": 36.0, "y": 12.0}
    assert jvp(grad(fun), (p,), ({"x": 1.0, "y": 0.0},))[1] == {"x": 36.0, "y": 12.0}


def test_registered_container():
    class Vector:
        def __init__(self, *items):
            self.items = items

    register_pytree(Vector, lambda v: (v.items, None), lambda _, items: Vector(*items))
    try:
        assert grad(lambda v: v.items[0] * v.items[1])(Vector(2.0, 3.0)).items == (3.0, 2.0)
    finally:
        del registry[Vector]


@pytest.mark.parametrize("empty", [[], {}, ()], ids=repr)
def test_empty_containers(empty):
    assert grad(lambda p, x: x)(empty, 1.0) == empty
    assert grad(lambda p, x: x * x, (0, 1))(empty, 1.0) == (empty, 2.0)


# Shapes and dtypes

INPUTS = [
    2.0, np.float64(2.0), np.float32(2.0), np.float16(2.0), np.longdouble(2.0), np.array(2.0),
    np.array(2.0, np.float32), np.full(3, 2.0), np.full((2, 1), 2.0, np.float32), np.zeros(0),
    np.zeros((0, 3), np.float16),
    np.full((3, 4), 2.0)[::2, ::-1], np.asfortranarray(np.full((2, 3), 2.0)),
    2.0 + 0j, np.complex64(2.0), np.full(2, 2.0, np.complex128),
]


@pytest.mark.parametrize("x", INPUTS, ids=lambda x: f"{type(x).__name__}-{np.result_type(x)}-{np.shape(x)}")
def test_gradient_has_the_shape_and_dtype_of_its_argument(x):
    def fun(x):
        return anp.sum(anp.real(x * x))

    for gradient in (grad(fun)(x), vjp(fun, x)[1](1.0)[0], grad(lambda p: fun(p[0]))([x])[0], grad(lambda x: 1.0)(x)):
        assert gradient.shape == np.shape(x) and gradient.dtype == np.result_type(x)
    np.testing.assert_array_equal(grad(fun)(x), 2 * np.asarray(x))
    output, tangent = jvp(fun, (x,), (np.ones_like(x),))
    assert tangent.dtype == output.dtype and tangent.shape == output.shape


@pytest.mark.parametrize("x", [3, np.int32(3), np.arange(3), np.arange(3, dtype=np.uint8), 10**30], ids=repr)
def test_integers_are_taken_as_float64(x):
    def fun(x):
        assert x.dtype == np.float64
        return anp.sum(x**2 / 2)

    np.testing.assert_array_equal(grad(fun)(x), np.asarray(x, np.float64))
    assert grad(fun)(x).dtype == np.float64
    assert jvp(fun, (x,), (x,))[1] == np.sum(np.asarray(x, np.float64) ** 2)
    assert vjp(fun, x)[1](1)[0].dtype == np.float64


def test_gradient_of_a_sum_of_the_output():
    x = np.array([1.0, 2.0])
    assert grad(lambda x: x * x)(x).tolist() == [2, 4]
    assert grad(grad(lambda x: x**3))(x).tolist() == [6, 12]
    assert elementwise_grad(elementwise_grad(anp.tanh))(np.zeros((2, 2))).tolist() == [[0, 0], [0, 0]]


class Named(np.ndarray):
    """A subclass that computes as arrays do."""


def test_subclasses_of_arrays():
    x = np.arange(3.0).view(Named)
    gradient = grad(lambda x: anp.sum(x * x))(x)
    assert type(gradient) is np.ndarray and gradient.tolist() == [0, 2, 4]
    assert type(jvp(lambda x: x, (x,), (x,))[1]) is np.ndarray


def test_subclasses_that_compute_otherwise_are_refused():
    """Their products are not those of their elements, and a mask would be lost."""
    with pytest.raises(TypeError, match="argument 0 is a MaskedArray; differentiate with respect to numbers or arrays"):
        grad(anp.sum)(np.ma.masked_array([1.0, 2.0], [False, True]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        matrix = np.matrix([[1.0]])
    with pytest.raises(TypeError, match="argument 0 is a matrix"):
        grad(anp.sum)(matrix)


CONSTANTS = [
    lambda x: 3.0, lambda x: 3, lambda x: True, lambda x: np.ones(2), lambda x: np.float32(1.0), lambda x: x > 0,
    lambda x: anp.floor(x), lambda x: anp.astype(x, int), lambda x: stop_gradient(x), lambda x: anp.zeros(3),
    lambda x: anp.sum(x * 0.0), lambda x: to_numpy(x), lambda x: x.shape[0] * 1.0, lambda x: anp.argmax(x),
]


@pytest.mark.parametrize("fun", CONSTANTS)
def test_output_that_does_not_depend_on_the_input(fun):
    """Zeros, and no warning (warnings are errors here)."""
    x = np.array([1.5, 2.5], np.float32)
    value, gradient = value_and_grad(fun)(x)
    assert gradient.dtype == np.float32 and gradient.tolist() == [0, 0]
    assert not hasattr(value, "_trace")
    output, pullback = vjp(fun, x)
    (gradient,) = pullback(np.ones(np.shape(output)))
    assert gradient.dtype == np.float32 and gradient.tolist() == [0, 0]
    output, tangent = jvp(fun, (x,), (x,))
    assert np.shape(tangent) == np.shape(output) and not np.any(tangent)


def test_gradients_share_no_memory():
    """Whoever scales one gradient in place must not scale another, nor the cotangent that was passed in."""
    x, y = np.ones((2, 2)), np.ones((2, 2))
    gradients = grad(lambda x, y, z: anp.sum(x + y.T + z.reshape(2, 2)), (0, 1, 2))(x, y, np.ones(4))
    for gradient in gradients:
        gradient *= 2
    assert all((gradient == 2).all() for gradient in gradients)
    g = np.ones(2)
    for gradient in vjp(lambda x, y: x + y, np.ones(2), np.ones(2))[1](g):
        gradient *= 2
        assert gradient.tolist() == [2, 2]
    assert g.tolist() == [1, 1]
    gradient = grad(lambda x: anp.broadcast_to(x, (3, 2)))(np.ones(2))
    gradient += 1


# Mistakes


@pytest.mark.parametrize(
    "x, found",
    [
        (True, "a bool"), (np.True_, "a bool"), (np.ones(2, bool), "an array of dtype bool"), ("text", "a str"),
        (None, "None"), (["a", "b"], "a list of str"), ({"k": "v"}, "a dict of str"), ((None,), "a tuple of NoneType"),
        (np.array(["a"]), "an array of dtype <U1"), (np.array([1.0], object), "an array of dtype object"),
        ({1.0}, "a set"), (Model(1.0), "a Model"), (np.zeros(1, [("a", float)]), "an array of dtype"),
        (np.datetime64("2020-01-01"), "a datetime64"),
    ],
    ids=repr,
)
def test_argument_without_numbers(x, found):
    message = rf"{found}.*; differentiate with respect to numbers or arrays(, x\S+)?\.$"
    for transformation in TRANSFORMATIONS:
        with pytest.raises(TypeError, match=f"^{transformation.__name__}: argument 1 is {message}"):
            transformation(lambda x, y: x, argnums=1)(1.0, x)
    with pytest.raises(TypeError, match=f"^grad: argument 'y' is {message}"):
        grad(lambda x, y: x, argnames="y")(1.0, y=x)
    with pytest.raises(TypeError, match=f"^vjp: argument 0 is {message}"):
        vjp(lambda x: x, x)
    with pytest.raises(TypeError, match=f"^jvp: argument 0 is {message}"):
        jvp(lambda x: x, (x,), (x,))


@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
@pytest.mark.parametrize(
    "output, found",
    [
        (None, "None"), ((1.0, 2.0), "a tuple of float"), ("text", "a str"), ([1.0], "a list of float"),
        ({"a": 1.0}, "a dict of float"), (np.array(["a"]), "an array of dtype <U1"), (object(), "an object"),
    ],
    ids=repr,
)
def test_output_that_is_no_number(transformation, output, found):
    with pytest.raises(TypeError, match=f"^{transformation.__name__}: the function returned {found}; it must return"):
        transformation(lambda x: output)(1.0)


def test_tuple_output_hints_at_has_aux():
    with pytest.raises(TypeError, match=r"a tuple of float64; .* With has_aux=True it may return \(value, aux\)"):
        grad(lambda x: (x, x))(1.0)


@pytest.mark.parametrize("output", [None, "text", {"a": 1.0, "b": "text"}, np.array(["a"])], ids=repr)
def test_products_of_output_that_is_no_number(output):
    for call in (lambda: vjp(lambda x: output, 1.0), lambda: jvp(lambda x: output, (1.0,), (1.0,))):
        with pytest.raises(TypeError, match="^(vjp|jvp): the function returned (None|a str|an array.*<U1); it must"):
            call()


@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
def test_complex_output(transformation):
    for x in (1.0, 1j, np.ones(2)):
        with pytest.raises(TypeError, match="_?grad: .*complex value.*holomorphic_grad.*real part"):
            transformation(lambda x: x * 1j)(x)


@pytest.mark.parametrize("thing", [3.0, np.ones(2), None, "f"], ids=repr)
def test_transforming_what_is_no_function(thing):
    for transformation in (*TRANSFORMATIONS, grad_and_aux, holomorphic_grad):
        name = transformation.__name__
        with pytest.raises(TypeError, match=rf"^{name}: expected a function.*Write {name}\(f\)\(x\)"):
            transformation(thing)


def test_errors_of_the_function_itself_come_through():
    def fun(x):
        raise KeyError("mine")

    for call in (grad(fun), value_and_grad(fun), lambda x: vjp(fun, x), lambda x: jvp(fun, (x,), (x,))):
        with pytest.raises(KeyError, match="mine"):
            call(1.0)


# Complex numbers


def test_gradient_with_respect_to_complex_numbers():
    """∂f/∂Re − i ∂f/∂Im"""
    np.testing.assert_allclose(grad(lambda z: anp.abs(z) ** 2)(3 + 4j), 6 - 8j)
    np.testing.assert_allclose(grad(lambda z: anp.real(z * (1 + 2j)))(3 + 4j), 1 + 2j)
    np.testing.assert_allclose(grad(lambda z: anp.imag(z))(np.array([3 + 4j])), [-1j])
    np.testing.assert_allclose(grad(lambda x: anp.abs(x + 1j) ** 2)(3.0), 6.0)


def test_holomorphic_gradient():
    np.testing.assert_allclose(holomorphic_grad(lambda z: z**3)(1 + 2j), 3 * (1 + 2j) ** 2)
    np.testing.assert_allclose(holomorphic_grad(holomorphic_grad(anp.exp))(1j), np.exp(1j))
    z = np.array([1 + 2j, 3j], np.complex64)
    gradient = holomorphic_grad(anp.sin)(z)
    assert gradient.dtype == np.complex64
    np.testing.assert_allclose(gradient, np.cos(z), rtol=1e-6)
    assert holomorphic_grad(lambda z: 1.0)(1j) == 0
    assert holomorphic_grad(lambda z, w: z * w, argnums=(0, 1))(1j, 2 + 0j) == (2, 1j)


def test_holomorphic_gradient_of_real_numbers():
    with pytest.raises(TypeError, match=r"^holomorphic_grad: an argument is real.*complex\(x\)"):
        holomorphic_grad(lambda z: z * 1j)(2.0)
    with pytest.raises(TypeError, match="^holomorphic_grad: the function returned a real value.*use grad"):
        holomorphic_grad(anp.abs)(2j)


# Functions as objects


def test_methods():
    model = Model(3.0)
    assert grad(model.loss)(2.0) == 12.0
    assert grad(model)(2.0) == 12.0
    assert model.slope(2.0) == 12.0
    assert Model.slope(model, 2.0) == 12.0
    assert Model.static_slope(2.0) == 4.0 and model.static_slope(2.0) == 4.0
    assert grad(Model.loss, argnums=1)(model, 2.0) == 12.0


def test_method_of_a_dataclass_differentiates_its_fields():
    @dataclasses.dataclass
    class Line:
        slope: float
        offset: float

        @grad
        def gradient(self, x):
            return (self.slope * x + self.offset) ** 2

    assert Line(2.0, 1.0).gradient(3.0) == Line(42.0, 14.0)


def test_name_signature_and_docstring_are_kept():
    for transformation in (*TRANSFORMATIONS, grad_and_aux, holomorphic_grad):
        transformed = transformation(f)
        assert transformed.__name__ == "f" and transformed.__doc__ == "x² y"
        assert transformed.__module__ == __name__
        assert inspect.signature(transformed) == inspect.signature(f)


@pytest.mark.parametrize(
    "transformed, expected",
    [
        (grad(f), "grad(f, argnums=0)"),
        (grad(f, has_aux=True), "grad(f, argnums=0, has_aux=True)"),
        (value_and_grad(f, (0, 1)), "value_and_grad(f, argnums=(0, 1))"),
        (grad(f, argnames="y"), "grad(f, argnames='y')"),
        (grad(grad(f)), "grad(grad(f, argnums=0), argnums=0)"),
        (elementwise_grad(anp.sin), "elementwise_grad(sin, argnums=0)"),
        (grad_and_aux(f), "grad_and_aux(f, argnums=0)"),
        (holomorphic_grad(f), "holomorphic_grad(f, argnums=0)"),
    ],
    ids=str,
)
def test_repr(transformed, expected):
    assert repr(transformed) == expected


def test_repr_of_functions_without_a_name():
    assert repr(grad(functools.partial(f, 1.0))).startswith("grad(functools.partial(")


@pytest.mark.parametrize(
    "transformed",
    [
        grad(f), value_and_grad(f), grad(f, argnames="x"), grad(grad(f)), grad(anp.sin), elementwise_grad(f),
        grad(functools.partial(f, y=3.0)), grad(Model(2.0).loss), grad(Model(2.0)), slope, Model.static_slope,
        functools.partial(Model.slope, Model(2.0)), Model(2.0).slope,
    ],
    ids=str,
)
def test_pickling(transformed):
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        copy = pickle.loads(pickle.dumps(transformed, protocol))
        np.testing.assert_equal(copy(0.5), transformed(0.5))


def test_pickling_of_every_function_of_numpy():
    """Also of ufuncs, which had no qualified name before NumPy 2.2."""
    functions = [value for name, value in vars(anp).items() if inspect.isfunction(value) and not name.startswith("_")]
    assert len(functions) > 300
    for function in functions:
        if function.__module__.startswith("autodiff_trace"):
            assert pickle.loads(pickle.dumps(function)) is function


# Products with the Jacobian


def test_containers_through_products():
    def fun(p, z):
        return {"product": p["x"] * p["y"], "pair": (p["x"] + z, 3.0)}

    p = {"x": 2.0, "y": np.array([3.0, 4.0])}
    output, pullback = vjp(fun, p, 1.0)
    assert output["product"].tolist() == [6, 8] and output["pair"] == (3.0, 3.0)
    for_p, for_z = pullback({"product": np.array([1.0, 10.0]), "pair": (5.0, 7.0)})
    assert for_p["x"] == 48.0 and for_p["y"].tolist() == [2, 20] and for_z == 5.0
    output, tangent = jvp(fun, (p, 1.0), ({"x": 1.0, "y": np.array([0.0, 1.0])}, 5.0))
    assert output["product"].tolist() == [6, 8]
    assert tangent["product"].tolist() == [3, 6] and tangent["pair"] == (6.0, 0.0)


def test_leaves_that_are_no_numbers_in_products():
    p = {"x": 2.0, "name": "text", "none": None}
    assert vjp(lambda p: p["x"] ** 2, p)[1](1.0) == ({"x": 4.0, "name": None, "none": None},)
    assert jvp(lambda p: p["x"] ** 2, (p,), ({"x": 1.0, "name": None, "none": None},))[1] == 4.0


def test_cotangents_and_tangents_take_the_dtype_of_what_they_belong_to():
    x = np.ones(2, np.float32)
    assert vjp(lambda x: x * x, x)[1](np.ones(2))[0].dtype == np.float32
    assert vjp(lambda x: x * x, x)[1](np.ones(2, int))[0].dtype == np.float32
    assert jvp(lambda x: x * x, (x,), (np.ones(2),))[1].dtype == np.float32
    assert jvp(lambda z: z * z, (1j,), (1.0,))[1].dtype == np.complex128


@pytest.mark.parametrize(
    "g, message",
    [
        (np.ones(3), r"a cotangent is of shape \(3,\), but belongs to a value of shape \(2,\)"),
        (1.0, r"a cotangent is of shape \(\), but"),
        ("text", "a cotangent is a str, but"),
        ((np.ones(2),), r"the cotangent has the structure tuple\(0: \*\), but the output \*; \* is a number"),
        (np.ones(2) * 1j, "a cotangent is complex, but belongs to a real value"),
    ],
)
def test_cotangent_that_does_not_fit(g, message):
    _, pullback = vjp(lambda x: x * x, np.ones(2))
    with pytest.raises(TypeError, match=f"^vjp: {message}"):
        pullback(g)


@pytest.mark.parametrize(
    "primals, tangents, message",
    [
        (np.ones(2), np.ones(2), "primals and tangents are tuples"),
        ((1.0, 2.0), (1.0,), r"the tangents have the structure tuple\(0: \*\), but the primals tuple\(0: \*, 1: \*\)"),
        ((np.ones(2),), (np.ones(3),), r"a tangent is of shape \(3,\), but belongs to a value of shape \(2,\)"),
        (({"a": 1.0},), ({"b": 1.0},), r"the tangents have the structure tuple\(0: dict\(b: \*\)\), but"),
        ((1.0,), (1j,), "a tangent is complex, but belongs to a real value"),
        ((1.0,), (None,), "a tangent is None, but"),
    ],
)
def test_tangents_that_do_not_fit(primals, tangents, message):
    with pytest.raises(TypeError, match=f"^jvp: {message}"):
        jvp(lambda *xs: xs[0], primals, tangents)


def test_function_of_no_arguments():
    output, pullback = vjp(lambda: 2.0)
    assert output == 2.0 and pullback(1.0) == ()
    assert jvp(lambda: 2.0, (), ()) == (2.0, 0.0)


# Nesting


def cube(x):
    return x**3


def push(fun):
    return lambda x: jvp(fun, (x,), (np.ones(np.shape(x)),))[1]


def pull(fun):
    return lambda x: vjp(fun, x)[1](np.ones(np.shape(x)))[0]


FIRST = {"grad": grad, "jvp": push, "vjp": pull, "value_and_grad": lambda fun: lambda x: value_and_grad(fun)(x)[1]}


@pytest.mark.parametrize("inner", FIRST)
@pytest.mark.parametrize("outer", FIRST)
def test_second_derivative(outer, inner):
    for x in (2.0, np.float32(2.0), np.array([2.0, 3.0])):
        second = FIRST[outer](FIRST[inner](cube))(x)
        assert second.dtype == np.result_type(x)
        np.testing.assert_allclose(second, 6 * x)


def test_third_derivative_mixes_all_three():
    third = grad(lambda x: jvp(lambda y: vjp(lambda z: z**4, y)[1](1.0)[0], (x,), (1.0,))[1])
    assert third(2.0) == 48.0


def test_pullback_is_itself_differentiable_in_its_cotangent():
    np.testing.assert_allclose(grad(lambda g: vjp(anp.sin, 1.0)[1](g)[0])(2.0), np.cos(1.0))
    np.testing.assert_allclose(grad(lambda t: jvp(anp.sin, (1.0,), (t,))[1])(2.0), np.cos(1.0))


def test_derivative_of_a_closed_over_value():
    assert grad(lambda x: vjp(lambda y: y * y * x, 3.0)[1](1.0)[0])(2.0) == 6.0
    assert grad(lambda x: jvp(lambda y: y * y * x, (3.0,), (1.0,))[1])(2.0) == 6.0
    assert grad(lambda x: grad(lambda y: 0.0)(x) + x)(2.0) == 1.0


# Out of the derivative


def test_stop_gradient():
    assert grad(lambda x: x * stop_gradient(x))(3.0) == 3.0
    assert jvp(lambda x: x * stop_gradient(x), (3.0,), (1.0,))[1] == 3.0
    assert grad(grad(lambda x: x * x * stop_gradient(x)))(3.0) == 6.0
    stopped = grad(lambda p: p["x"] * stop_gradient(p)["x"])({"x": 2.0, "name": "text"})
    assert stopped == {"x": 2.0, "name": None}
    assert stop_gradient({"x": 1, "name": "text", "none": None}) == {"x": 1, "name": "text", "none": None}


def test_to_numpy():
    def fun(x):
        inside = to_numpy({"x": x, "list": [x[0], 1.0], "name": "text"})
        assert type(inside["x"]) is np.ndarray and type(inside["list"][0]) is np.float64
        assert inside["name"] == "text" and inside["list"][1] == 1.0
        return anp.sum(x * inside["x"])

    x = np.array([1.0, 2.0])
    assert grad(fun)(x).tolist() == [1, 2]
    assert grad(lambda x: anp.sum(grad(lambda y: anp.sum(fun(y) * x))(x)))(x).tolist() == [3, 3]
    assert to_numpy(x) is x
