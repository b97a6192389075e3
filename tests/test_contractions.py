"""Products that sum over an axis."""

import numpy as np
import pytest
from table import Row, row, table_test

from autodiff_trace import grad, jvp, vjp, vmap
from autodiff_trace import numpy as anp

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


def cnormal(*shape):
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


MATVEC = [
    row("matvec", normal(2, 3), normal(3)),
    row("matvec", normal(5, 2, 3), normal(3)),
    row("matvec", cnormal(2, 3), normal(4, 1, 3)),
    row("matvec", normal(3, 2, 4), normal(4, 3), axes=[(1, 0), 1, 0]),
    row("vecmat", normal(3), normal(3, 2)),
    row("vecmat", cnormal(4, 3), cnormal(3, 2)),
    row("vecmat", normal(1, 3), normal(5, 3, 2)),
]
MATVEC = [each for each in MATVEC if hasattr(np, each.name)]  # since NumPy 2.2

ROWS = [
    row("dot", normal(3, 4), normal(4, 2)),
    row("dot", normal(4), normal(4)),
    row("dot", np.float64(2.0), normal(3)),
    row("dot", normal(2, 3), np.float64(2.0)),
    row("dot", 2.0, normal(3)),
    row("dot", normal(3), [1.0, 2.0, 3.0]),
    row("dot", normal(2, 3), normal(3)),
    row("dot", normal(3), normal(3, 2)),
    row("dot", normal(2, 3, 4), normal(4)),
    row("dot", normal(4), normal(2, 4, 3)),
    row("dot", normal(2, 3, 4), normal(4, 5)),
    row("dot", normal(3, 4), normal(2, 4, 3)),
    row("dot", normal(2, 3, 4), normal(5, 4, 2)),
    row("dot", cnormal(2, 3), normal(3, 2)),
    row("dot", normal(2, 0), normal(0, 3)),
    row("inner", normal(3), normal(3)),
    row("inner", np.float64(2.0), normal(2, 3)),
    row("inner", normal(2, 3), normal(4, 3)),
    row("inner", normal(2, 3), [1.0, 2.0, 3.0]),
    row("inner", normal(2, 1, 3), cnormal(2, 4, 3)),
    row("matmul", normal(3, 4), normal(4, 2)),
    row("matmul", normal(3, 4), normal(4)),
    row("matmul", normal(4), normal(4, 2)),
    row("matmul", normal(4), normal(4)),
    row("matmul", normal(2, 3, 4), normal(4, 2)),
    row("matmul", normal(2, 3, 4), normal(4)),
    row("matmul", normal(3, 4), normal(2, 4, 2)),
    row("matmul", normal(4), normal(5, 4, 2)),
    row("matmul", normal(5, 2, 4), normal(4)),
    row("matmul", normal(5, 1, 2, 4), normal(3, 4, 2)),
    row("matmul", normal(4, 3).T, normal(2, 4).T),
    row("matmul", normal(2, 3, 0), normal(0, 2)),
    row("matmul", normal(0, 3), normal(3, 2)),
    row("matmul", cnormal(2, 3), cnormal(3)),
    row("matmul", normal(2, 2), [[1.0, 2.0], [3.0, 4.0]]),
    row("matmul", [[1.0, 2.0], [3.0, 4.0]], normal(2)),
    row("matmul", normal(3, 2, 4), normal(4, 2, 5), axes=[(0, 2), (0, 2), (2, 0)]),
    Row("matmul", (normal(2, 3), normal(3, 2)), {"dtype": np.complex128, "order": "F", "subok": False}),
    row("outer", normal(2), normal(3)),
    row("outer", normal(2, 2), cnormal(3)),
    row("outer", np.float64(2.0), [1.0, 2.0]),
    row("tensordot", normal(2, 3, 4), normal(3, 4, 5)),
    row("tensordot", normal(2, 3), normal(4, 5), axes=0),
    row("tensordot", normal(2, 3), normal(3, 5), axes=1),
    row("tensordot", normal(2, 3, 4), normal(4, 5, 3), axes=([1, -1], [2, 0])),
    row("tensordot", normal(3, 4), normal(4, 3), axes=((1, 0), (0, 1))),
    row("tensordot", normal(3, 4), cnormal(5, 3), axes=(0, 1)),
    row("tensordot", normal(0, 2), normal(2, 3), axes=1),
    row("vdot", cnormal(3), cnormal(3)),
    row("vdot", normal(2, 3), normal(6)),
    row("vdot", normal(3), cnormal(3)),
    row("vecdot", normal(3), normal(3)),
    row("vecdot", cnormal(2, 3), cnormal(2, 3)),
    row("vecdot", normal(5, 1, 3), normal(4, 3)),
    row("vecdot", normal(3, 2), normal(3, 2), axis=0),
    row("vecdot", normal(2, 3, 2), normal(3, 2), axis=-2, keepdims=True),
    row("vecdot", normal(3, 2), normal(2, 3), axes=[0, 1]),
    *MATVEC,
]
test_contractions = table_test(ROWS)


def test_out_of_a_product_is_a_traced_buffer():
    def f(x):
        buffer = anp.zeros((2, 2))
        np.matmul(x, x, out=buffer)
        other = anp.zeros((2, 2))
        anp.outer(x[0], x[1], out=other)
        return (buffer * other).sum()

    x = normal(2, 2)
    expected = grad(lambda x: ((x @ x) * anp.outer(x[0], x[1])).sum())(x)
    np.testing.assert_allclose(grad(f)(x), expected)


def irfft_of_sum(x, y, *arguments):
    return anp.fft.irfft(x + y, *arguments)


@pytest.mark.parametrize(
    "function, arguments", [(anp.dot, ()), (anp.matmul, ()), (anp.outer, ()), (irfft_of_sum, (None, -1, None))]
)
def test_out_by_position(function, arguments):
    x = normal(3)
    shape = np.shape(function(x, x, *arguments))

    def f(x):
        buffer = anp.zeros(shape)
        function(x, 2 * x, *arguments, buffer)
        return (buffer**2).sum()

    expected = lambda x: (function(x, 2 * x) ** 2).sum()  # noqa: E731
    np.testing.assert_allclose(grad(f)(x), grad(expected)(x))
    np.testing.assert_allclose(jvp(f, (x,), (x,))[1], jvp(expected, (x,), (x,))[1])
    with pytest.raises(TypeError, match="out= is a plain array"):
        jvp(lambda x: function(x, x, *arguments, np.zeros(shape)), (x,), (x,))


def test_matmul_keywords_are_honoured_or_refused():
    x = np.float64([[1.0, 2.0], [3.0, 4.0]])
    ans, _ = vjp(lambda x: np.matmul(x, x, dtype=np.float32), x)
    assert ans.dtype == np.float32
    with pytest.raises(TypeError, match="cannot cast"):
        grad(lambda x: np.matmul(x, x, dtype=np.int64).sum())(x)
    with pytest.raises(TypeError, match="signature="):
        grad(lambda x: np.matmul(x, x, signature="ff->f").sum())(x)
    with pytest.raises(TypeError, match="axis="):
        grad(lambda x: np.matmul(x, x, keepdims=True).sum())(x)


def test_one_matrix_for_a_stack_is_one_product_backwards():
    """The cotangent of y in (stack @ y) is summed by the product itself, not in a stack of matrices."""
    x, y = normal(64, 8, 4).astype(np.float32), normal(4, 3).astype(np.float32)
    g = grad(lambda y: (x @ y).sum())(y)
    assert g.dtype == np.float32
    np.testing.assert_allclose(g, np.repeat(x.sum((0, 1))[:, None], 3, 1), rtol=1e-4)


@pytest.mark.parametrize("mapped", [(0, None), (None, 0), (0, 0)])
@pytest.mark.parametrize("axes", [1, ([0, 2], [1, 0]), 0])
def test_tensordot_of_batches(axes, mapped):
    xs, ys = normal(3, 2, 2, 2), normal(3, 2, 2)
    args = [each if axis == 0 else each[0] for each, axis in zip((xs, ys), mapped)]
    found = vmap(lambda x, y: anp.tensordot(x, y, axes), in_axes=mapped)(*args)
    for i in range(3):
        x, y = (each[i if axis == 0 else 0] for each, axis in zip((xs, ys), mapped))
        np.testing.assert_allclose(found[i], np.tensordot(x, y, axes))
