"""Arrays of other libraries where programs write into arrays, mix libraries, and register classes of their own."""

from __future__ import annotations

import numpy as np
import pytest

from autodiff_trace import grad, hvp, jacobian, jvp, register_array_type, scan, value_and_grad, vjp, numpy as anp

from foreign_array import ForeignArray, add_at, to_numpy

register_array_type(ForeignArray, forms={np.add.at: add_at})


def foreign(*items):
    return ForeignArray(np.array(items))


@pytest.fixture
def x():
    return foreign(1.0, 2.0, 3.0)


def same(found, expected):
    assert type(found) is ForeignArray
    np.testing.assert_allclose(to_numpy(found), expected, rtol=1e-12)


# Writing


def test_a_pullback_has_its_own_copy_of_arguments_and_results(x):
    output, pull = vjp(anp.exp, x)
    expected = np.exp([1.0, 2.0, 3.0])
    x[0] = output[0] = 100.0
    same(pull(foreign(1.0, 1.0, 1.0))[0], expected)
    _, pull = vjp(lambda x: anp.sum(x**2), x := foreign(1.0, 2.0, 3.0))
    x[0] = 100.0
    same(pull(1.0)[0], [2.0, 4.0, 6.0])


def test_a_work_buffer_is_filled_again_and_again(x):
    w = foreign(0.0, 0.0, 0.0)

    def f(x):
        total = 0.0
        for k in range(3):
            w[k] = 1.0
            total = total + anp.sum(x * w)
        return total

    same(grad(f)(x), [3.0, 2.0, 1.0])


def test_a_mask_may_change_after_it_was_used(x):
    mask = x > 1.5

    def f(x):
        y = x[mask]
        mask[0] = True
        return anp.sum(y**2)

    same(grad(f)(x), [0.0, 4.0, 6.0])


def test_a_constant_result_is_a_copy(x):
    value, _ = value_and_grad(lambda y: x)(2.0)
    value[0] = 9.0
    same(x, [1.0, 2.0, 3.0])


def test_what_is_written_through_views_arrives():
    def f(x):
        d, t = anp.diagonal(x), x.ravel()
        t[0] = 9.0
        r = x[::-1]
        r[0] *= 2
        return anp.sum(d * 2) + anp.sum(x * x)

    value, gradient = value_and_grad(f)(ForeignArray(np.array([[1.0, 2.0], [3.0, 4.0]])))
    same(value, 219.0)
    same(gradient, [[0.0, 4.0], [24.0, 36.0]])


# What rules and transformations make for themselves


def test_the_tangent_of_a_product_with_the_hessian_is_of_the_library(x):
    same(hvp(lambda x: anp.sum(anp.array([x[0], x[1] * 2, x[2]]) ** 2))(x, x), [2.0, 16.0, 6.0])
    same(hvp(lambda x: anp.sum(anp.polyval(x, 0.5)))(x, x), np.zeros(3))


def test_the_colours_of_a_sparse_jacobian(x):
    indices, values = jacobian(lambda x: x[1:] ** 2 - x[:-1], sparsity="detect")(x)
    assert indices.tolist() == [[0, 0], [0, 1], [1, 1], [1, 2]]
    same(values, [-1.0, 4.0, -1.0, 6.0])


def test_scan_of_plain_arrays(x):
    carry, ys = scan(lambda c, x: (c + x, c * x), x[0], x)
    same(carry, 7.0)
    same(ys, [1.0, 4.0, 12.0])


# Libraries are not mixed


@pytest.mark.parametrize("f", [
    lambda x, n: anp.stack([x, n]), lambda x, n: anp.concatenate([x, n]), lambda x, n: anp.array([x, n]),
    lambda x, n: x * n,
], ids="stack concatenate array multiply".split())
def test_an_array_of_numpys_is_not_handed_over(f, x):
    with pytest.raises(TypeError, match="Unsupported type <class 'numpy.ndarray'>"):
        grad(lambda x: anp.sum(f(x, np.array([1.0, 2.0, 4.0]))))(x)


def test_tangents_and_cotangents_are_of_the_library(x):
    message = "an array of dtype float64, but belongs to a ForeignArray of dtype float64, of another library"
    with pytest.raises(TypeError, match=f"jvp: a tangent is {message}"):
        jvp(anp.sin, (x,), (np.ones(3),))
    with pytest.raises(TypeError, match=f"vjp: a cotangent is {message}"):
        vjp(anp.sin, x)[1](np.ones(3))
    with pytest.raises(TypeError, match=f"hvp: a vector is {message}"):
        hvp(lambda x: anp.sum(x**3))(x, np.ones(3))


@pytest.mark.parametrize("array", [np.array([True]), np.array(["a"]), np.array([1.0], object)], ids=repr)
def test_no_values_are_asked_for_where_there_are_no_numbers(array):
    with pytest.raises(TypeError, match=f"grad: argument 0 is a ForeignArray of dtype {array.dtype}"):
        grad(lambda x: anp.sum(x))(ForeignArray(array))


# Registering


class Derived(ForeignArray):
    pass


def test_a_subclass_is_registered_by_itself(x):
    with pytest.raises(TypeError, match=r"argument 0 is a Derived; .*, register_array_type\(type\(x\)\) once"):
        grad(lambda x: anp.sum(x * x))(Derived(np.ones(2)))
    with pytest.raises(TypeError, match="multiply: an operand is a Derived .*only a base class is registered"):
        grad(lambda x: anp.sum(x * Derived(np.ones(3))))(x)


@pytest.mark.parametrize("kind", [np.ndarray, np.matrix, np.float64, np.ones(3)], ids=repr)
def test_numpys_own_classes_are_not_registered(kind):
    with pytest.raises(TypeError, match="is no class of another library's arrays"):
        register_array_type(kind)
    assert grad(lambda x: anp.sum(x * x))(np.ones(2)).tolist() == [2.0, 2.0]


def test_forms_are_functions():
    with pytest.raises(TypeError, match="forms has functions for functions"):
        register_array_type(Derived, forms={"sin": 1})


# sparse


def test_sparse_arrays_beside_numpys():
    sparse = pytest.importorskip("sparse", reason="sparse is not installed")
    dense = np.eye(3)[[0, 0, 1]] * 2
    weights, matrix = np.array([1.0, 2.0, 3.0]), sparse.COO(dense)
    gradient = grad(lambda w: anp.sum((matrix * w) ** 2))(weights)  # as the argument is, and no sparse array
    assert type(gradient) is np.ndarray
    np.testing.assert_allclose(gradient, grad(lambda w: anp.sum((dense * w) ** 2))(weights))
    for f in (anp.mean, anp.max):
        np.testing.assert_allclose(grad(f)(matrix).todense(), grad(f)(dense))


# xarray


def test_a_dataset_with_names_in_it_keeps_its_labels():
    xarray = pytest.importorskip("xarray", reason="xarray is not installed")
    rain = xarray.Dataset({"x": ("i", [1.0, 2.0]), "place": ("i", ["a", "b"])}, coords={"i": [10, 20]})
    gradient = grad(lambda rain: (rain.x**2).sum())(rain)
    assert list(gradient.data_vars) == ["x"] and gradient.x.sel(i=20).item() == 4.0
