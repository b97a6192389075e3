"""einsum in every form of call."""

import numpy as np
import pytest
from table import row, table_test

from autodiff_trace import grad, jacobian, jit, jvp, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


def cnormal(*shape):
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


ROWS = [
    # two operands, explicit and implicit output
    row("einsum", "ij,jk->ik", normal(2, 3), normal(3, 4)),
    row("einsum", "ij,jk->ki", normal(2, 3), cnormal(3, 4)),
    row("einsum", "ij,jk", normal(2, 3), normal(3, 4)),
    row("einsum", "i,i", normal(3), normal(3)),
    row("einsum", " i , j -> j i ", normal(2), normal(3)),
    row("einsum", "ij,ij->ij", normal(2, 3), normal(2, 3)),
    row("einsum", "ij,kl->", normal(2, 3), normal(2, 2)),  # summed within each operand alone
    row("einsum", "ij,ik->k", normal(2, 3), normal(2, 4)),
    row("einsum", ",i", np.float64(2.0), normal(3)),
    row("einsum", "ij,jk", normal(2, 0), normal(0, 3)),
    row("einsum", "ij,jk", normal(2, 2), [[1.0, 2.0], [3.0, 4.0]]),
    row("einsum", "ij,jk->ik", normal(3, 2).T, normal(4, 3).T),
    # one operand
    row("einsum", "i->", normal(0)),
    row("einsum", "ij->", normal(2, 3)),
    row("einsum", "ij->j", normal(2, 3)),
    row("einsum", "ij->ji", normal(2, 3)),
    row("einsum", "ba", cnormal(2, 3)),
    row("einsum", "ii", normal(3, 3)),
    row("einsum", "ii->i", normal(3, 3)),
    row("einsum", "iii", normal(2, 2, 2)),
    row("einsum", "iji->ij", normal(2, 3, 2)),
    row("einsum", "iij->j", normal(2, 2, 3)),
    row("einsum", "...ii->...", normal(2, 3, 3)),
    # repeated subscripts beside another operand
    row("einsum", "ii,i->i", normal(3, 3), normal(3)),
    row("einsum", "iij,j->i", normal(2, 2, 3), normal(3)),
    row("einsum", "iij,kk->j", normal(2, 2, 3), normal(2, 2)),
    # ellipsis
    row("einsum", "...->...", normal(2, 3)),
    row("einsum", "i...->...", normal(2, 3)),
    row("einsum", "...i,...i", normal(2, 3), normal(3)),
    row("einsum", "i...,...j", normal(2, 3), normal(3, 2)),
    row("einsum", "...ij,...jk->...ik", normal(5, 1, 2, 3), normal(4, 3, 2)),
    row("einsum", "...,...", normal(1, 3), normal(2, 1)),
    row("einsum", "i...,ij->j...", normal(2), normal(2, 3)),
    # axes of size 1 that are broadcast
    row("einsum", "i,i", normal(2), normal(1)),
    row("einsum", "i,i->i", normal(1), normal(3)),
    row("einsum", "ij,ij->i", normal(2, 1), normal(1, 3)),
    row("einsum", "ij,i->", normal(2, 3), normal(1)),
    row("einsum", "ii,i->i", normal(1, 1), normal(3)),
    # three and more operands, and paths
    row("einsum", "ij,jk,kl->il", normal(2, 3), normal(3, 2), normal(2, 3)),
    row("einsum", "ij,jk,kl->il", normal(2, 3), normal(3, 2), normal(2, 3), optimize=True),
    row("einsum", "ij,kj,l->i", normal(2, 3), normal(2, 3), normal(2), optimize="optimal"),
    row("einsum", "ij,jk,kk->ik", normal(2, 3), normal(3, 2), normal(2, 2), optimize=["einsum_path", (1, 2), (0, 1)]),
    row("einsum", "a,ab,abc->abc", normal(2), normal(2, 2), normal(2, 2, 2), optimize=("greedy", 1000)),
    row("einsum", "i,i,i->", normal(2), normal(1), normal(2), optimize=True),
    # keywords
    row("einsum", "ij,j", normal(2, 3), normal(3), dtype=np.complex128),
    row("einsum", "ij->j", normal(2, 3), casting="no"),
    # subscripts as lists
    row("einsum", normal(2, 3), [0, 1], normal(3, 4), [1, 2]),
    row("einsum", normal(2, 3), [0, 1], normal(3, 4), [1, 2], [2, 0]),
    row("einsum", normal(2, 3), [30, 1], normal(3, 4), [1, 2]),
    row("einsum", normal(2, 2, 3), [0, 0, ...]),
    row("einsum", normal(2, 3), [0, ...], normal(2, 4), [0, 5], [..., 5]),
]

test_einsum = table_test(ROWS)


def test_size_one_is_broadcast():
    np.testing.assert_array_equal(grad(lambda x: np.einsum("i,i", x, [2.0]))(np.ones(2)), [2.0, 2.0])
    np.testing.assert_array_equal(grad(lambda y: np.einsum("i,i", np.ones(2), y))(np.ones(1)), [2.0])


def test_trace():
    np.testing.assert_array_equal(grad(lambda x: np.einsum("ii", x))(normal(3, 3)), np.eye(3))


def test_same_operand_twice():
    check_grads(lambda x: anp.einsum("ij,kj,jj->ik", x, x, x), normal(3, 3))


def test_operands_in_lists():
    gradient = grad(lambda x: anp.einsum("i,i", [x, 1.0], [2.0, x]))(3.0)
    assert gradient == 3.0


def test_backwards_one_einsum_an_operand(monkeypatch):
    from autodiff_trace.numpy.rules import einsum as module

    calls = []
    real = np.einsum
    _, pull = vjp(lambda x, y: anp.einsum("bij,bjk->bik", x, y), normal(5, 2, 3), normal(5, 3, 4))
    monkeypatch.setattr(module.np, "einsum", lambda *args, **kwargs: calls.append(args[0]) or real(*args, **kwargs))
    pull(np.ones((5, 2, 4)))
    assert calls == ["bik,bjk->bij", "bij,bik->bjk"]


def test_dtype_and_casting():
    x = normal(2, 3)
    ans, pull = vjp(lambda x: np.einsum("ij->i", x, dtype=np.float32, casting="same_kind"), x)
    assert ans.dtype == np.float32 and pull(ans)[0].dtype == np.float64
    with pytest.raises(TypeError, match="cannot cast"):
        grad(lambda x: np.einsum("ij->", x, dtype=np.float32))(x)


def test_out_is_a_traced_buffer():
    def f(x):
        buffer = anp.zeros(2)
        np.einsum("ij->i", x, out=buffer)
        return (buffer**2).sum()

    x = normal(2, 3)
    np.testing.assert_allclose(grad(f)(x), np.repeat(2 * x.sum(1)[:, None], 3, 1))


def test_writing_through_a_diagonal_reaches_the_matrix():
    def f(x):
        matrix = x * 1.0
        np.einsum("ii->i", matrix)[...] = x[0]
        return (matrix**2).sum()

    x = normal(2, 2)
    expected = 2 * x * (1 - np.eye(2))
    expected[0] += 2 * x[0]
    np.testing.assert_allclose(grad(f)(x), expected)


def test_wrong_subscripts():
    with pytest.raises(ValueError, match="names 1 operands"):
        grad(lambda x: anp.einsum("i", x, x))(normal(2))
    with pytest.raises(ValueError, match="does not fit"):
        grad(lambda x: anp.einsum("ijk->", x))(normal(2, 2))


@pytest.mark.parametrize("subscripts", ["ij,j->i", "ii,i->", "...j,j", "ij,k->kji"])
def test_a_batch_is_one_more_letter(subscripts):
    xs, y = normal(4, 3, 3), normal(3)
    found = vmap(lambda x: anp.einsum(subscripts, x, y))(xs)
    np.testing.assert_allclose(found, [np.einsum(subscripts, x, y) for x in xs])


def test_jacobian_of_a_diagonal():
    found = jacobian(lambda x: anp.einsum("ii->i", x))(normal(2, 2))
    np.testing.assert_array_equal(found, [[[1, 0], [0, 0]], [[0, 0], [0, 1]]])


def test_einsum_path_reads_shapes():
    a, b, c = np.ones((2, 3)), np.ones((3, 40)), np.ones((40, 5))
    expected = np.einsum_path("ij,jk,kl->il", a, b, c, optimize="optimal")
    seen = []

    def f(a, b):
        seen.append(np.einsum_path("ij,jk,kl->il", a, b, c, optimize="optimal"))
        seen.append(anp.einsum_path(a, [0, 1], b, [1, 2], c, [2, 3], [0, 3], optimize="optimal"))
        return anp.sum(anp.einsum("ij,jk,kl->il", a, b, c, optimize=seen[-1][0]))

    grad(f)(a, b)
    jvp(f, (a, b), (a, b))
    vmap(f)(np.ones((7, 2, 3)), np.ones((7, 3, 40)))
    compiled = jit(f)
    assert compiled(a, b) == compiled(a, b) == 2 * 3 * 40 * 5
    assert {str(path) for path, _ in seen} == {str(expected[0])} and len({text for _, text in seen[::2]}) == 1
    assert seen[0][1] == expected[1]
    assert anp.einsum_path("i,i", [1.0, 2.0], [3.0, 4.0])[0] == ["einsum_path", (0, 1)]
    grad(lambda x: seen.append(anp.einsum_path("i,i", [x, 2.0], [3.0, x])) or x)(1.0)
    assert seen[-1][0] == ["einsum_path", (0, 1)]
