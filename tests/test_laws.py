"""Laws that hold for every function, on functions made at random: ⟨u, J v⟩ = ⟨Jᵀ u, v⟩ and its kin."""

import numpy as np
import pytest

from autodiff_trace import grad, jvp, tree_flatten, tree_map, tree_unflatten, vjp
from autodiff_trace import numpy as anp

hypothesis = pytest.importorskip("hypothesis", reason="Hypothesis makes the examples: pip install hypothesis")
from hypothesis import given, settings  # noqa: E402 (what is needed to skip comes first)
from hypothesis import strategies as st  # noqa: E402
from hypothesis.extra import numpy as hnp  # noqa: E402

derandomized = settings(derandomize=True, database=None, deadline=None, max_examples=50)


@st.composite
def broadcast_shapes(draw):
    return draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3)).input_shapes


@st.composite
def programs(draw):
    """A function of two arrays that broadcast, as a list of steps, and their shapes."""
    shapes = draw(broadcast_shapes())
    shape = np.broadcast_shapes(*shapes)
    steps = [draw(st.sampled_from(JOINS))]
    for _ in range(draw(st.integers(1, 4))):
        step, shape = draw(st.sampled_from(STEPS))(draw, shape)
        steps.append(step)
    return shapes, steps


JOINS = [
    anp.add, anp.multiply, anp.maximum, anp.hypot, lambda x, y: x - y, lambda x, y: x / (2.0 + y * y),
    lambda x, y: anp.where(x > y, x, y * y), lambda x, y: anp.arctan2(x, 3.0 + y),
]
UNARY = [
    anp.sin, anp.tanh, anp.abs, lambda x: anp.exp(-x * x), lambda x: x * x, lambda x: 1.5 - x,
    lambda x: anp.sqrt(2.0 + x * x),
]


def elementwise_step(draw, shape):
    return draw(st.sampled_from(UNARY)), shape


def axis_step(draw, shape):
    """A reduction or a cumulative sum along some axes."""
    if not shape:
        return anp.sum, ()
    axes = draw(hnp.valid_tuple_axes(len(shape), min_size=1))
    keepdims = draw(st.booleans())
    names = ["sum", "mean", "cumsum", "max", "prod", "std"] if all(shape) else ["sum", "prod", "cumsum"]
    name = draw(st.sampled_from(names))
    function = getattr(anp, name)
    if name == "cumsum":
        return lambda x: function(x, axis=axes[0]), shape
    if name == "max":
        axes = axes[:1]
    result = np.empty(shape).sum(axis=axes, keepdims=keepdims).shape
    return lambda x: function(x, axis=axes, keepdims=keepdims), result


def index_step(draw, shape):
    """Slices, integers, new axes, an ellipsis, or arrays of integers that may repeat."""
    if shape and all(shape) and draw(st.booleans()):
        index = draw(hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=3)))
    else:
        index = draw(hnp.basic_indices(shape, allow_newaxis=True))
    return lambda x: x[index], np.empty(shape)[index].shape


def shape_step(draw, shape):
    order = draw(st.permutations(range(len(shape))))
    if draw(st.booleans()):
        return lambda x: anp.transpose(x, order), tuple(shape[i] for i in order)
    result = tuple(draw(st.integers(1, 2)) if size == 1 else size for size in shape)
    if len(shape) < 4:
        result = (*draw(hnp.array_shapes(min_dims=0, max_dims=1, min_side=0, max_side=2)), *result)
    return lambda x: anp.broadcast_to(x, result), result


STEPS = [elementwise_step, axis_step, index_step, shape_step]


def run(steps, x, y):
    z = steps[0](x, y)
    for step in steps[1:]:
        z = step(z)
    return z


def random_arrays(shapes, seed):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in shapes]


def pair(u, v):
    return sum(float(np.sum(a * b)) for a, b in zip(tree_flatten(u)[0], tree_flatten(v)[0], strict=True))


def assert_transposed(fun, primals, seed):
    """⟨u, J v⟩ = ⟨Jᵀ u, v⟩"""
    tangents = random_arrays([np.shape(x) for x in primals], seed + 1)
    output, pushed = jvp(fun, primals, tangents)
    (cotangent,) = random_arrays([np.shape(output)], seed + 2)
    same, pullback = vjp(fun, *primals)
    np.testing.assert_array_equal(same, output)
    pulled = pullback(cotangent)
    for g, x in zip(pulled, primals):
        assert np.shape(g) == np.shape(x) and g.dtype == np.float64
    scale = 1 + float(np.sum(np.abs(cotangent * pushed)))
    np.testing.assert_allclose(pair(pulled, tangents), pair(cotangent, pushed), rtol=1e-9, atol=1e-11 * scale)


@derandomized
@given(programs(), st.integers(0, 2**20))
def test_reverse_is_the_transpose_of_forward(program, seed):
    shapes, steps = program
    assert_transposed(lambda x, y: run(steps, x, y), random_arrays(shapes, seed), seed)


@derandomized
@given(programs(), st.integers(0, 2**20))
def test_the_same_of_the_gradient(program, seed):
    shapes, steps = program
    x, y = random_arrays(shapes, seed)
    assert_transposed(grad(lambda x: anp.sum(anp.sin(run(steps, x, y)))), [x], seed)


@derandomized
@given(programs(), st.integers(0, 2**20))
def test_hessian_is_symmetric(program, seed):
    """⟨u, H v⟩ = ⟨v, H u⟩, with forward over reverse mode and reverse over forward mode."""
    shapes, steps = program
    x, y = random_arrays(shapes, seed)
    u, v = random_arrays([shapes[0]] * 2, seed + 1)

    def fun(x):
        return anp.sum(anp.sin(run(steps, x, y)))

    products = [
        pair(u, jvp(grad(fun), (x,), (v,))[1]),
        pair(v, jvp(grad(fun), (x,), (u,))[1]),
        pair(u, grad(lambda x: jvp(fun, (x,), (v,))[1])(x)),
        float(grad(lambda x: anp.sum(grad(fun)(x) * v))(x).ravel() @ np.ravel(u)),
    ]
    np.testing.assert_allclose(products[1:], products[0], rtol=1e-8, atol=1e-9 * (1 + abs(products[0])))


@derandomized
@given(programs(), st.integers(0, 2**20))
def test_derivatives_do_not_change_what_they_are_given(program, seed):
    shapes, steps = program
    x, y = random_arrays(shapes, seed)
    before = x.copy(), y.copy()
    for array in (x, y):
        array.flags.writeable = False
    plain = run(steps, x, y)
    output, pullback = vjp(lambda x, y: run(steps, x, y), x, y)
    np.testing.assert_allclose(output, plain, rtol=1e-14)
    g = np.ones(np.shape(output))
    g.flags.writeable = False
    first, second = pullback(g), pullback(g)
    tree_map(np.testing.assert_array_equal, first, second)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])


leaves = st.one_of(st.none(), st.booleans(), st.floats(-1, 1), st.text(max_size=3))
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.tuples(inner, inner), st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)


@derandomized
@given(trees)
def test_flatten_and_back(tree):
    flat, structure = tree_flatten(tree)
    assert tree_unflatten(structure, flat) == tree
    assert tree_map(lambda leaf: leaf, tree) == tree


@derandomized
@given(trees)
def test_gradient_of_the_sum_of_a_tree(tree):
    """One for each number in it, None for every other leaf."""

    expected = tree_map(lambda leaf: 1.0 if type(leaf) is float else None, tree)

    def total(trees):
        return sum(leaf for leaf in tree_flatten(trees)[0] if not isinstance(leaf, (bool, str, type(None))))

    assert grad(total)((0.5, tree)) == (1.0, expected)
