"""Functions that select elements, that write them in place, and that call a function of the user's on parts."""

import numpy as np
import pytest
from table import complex_rows, row, table_test

from autodiff_trace import grad, hessian, jvp, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.core.errors import TracedValueError
from autodiff_trace.core.tracer import is_box
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)
MASK = np.array([True, False, True])


def normal(*shape):
    return rng.normal(size=shape)


def complex_normal(*shape):
    return normal(*shape) + 1j * normal(*shape)


SELECTED = [
    row("where", MASK, normal(3), normal(3)),
    row("where", MASK, np.float64(2.0), normal(2, 3)),
    row("where", MASK, normal(2, 1), 0.0),
    row("where", True, normal(3), np.float64(1.0)),
    row("where", np.array([[True], [False]]), normal(3), normal(3)),
    row("where", MASK, complex_normal(3), normal(3)),
    row("where", np.zeros(0, bool), normal(1), np.float64(1.0)),
    row("take", normal(3), [0, 2, 2, -1]),
    row("take", normal(2, 3), 1),
    row("take", normal(2, 3), np.array([[0, 1], [1, 1]]), axis=1),
    row("take", normal(2, 3), [[4], [5]]),
    row("take", normal(2, 3), [True, False], axis=-1),
    row("take", normal(2, 3), [5, -7], axis=-1, mode="wrap"),
    row("take", normal(2, 3), [5, -7], 0, mode="clip"),
    row("take", np.float64(2.0), [0, 0]),
    row("take", normal(2, 3), np.zeros(0, int), axis=0),
    row("take", np.zeros((0, 0)), [0, 0, -1], axis=1),
    row("take", np.zeros((0, 2, 3)), np.array([[7], [0]]), axis=1),
    row("take", np.zeros((3, 0)), 1, axis=0),
    row("take_along_axis", normal(2, 3), np.array([[0, 0, 2, 1], [2, 2, 2, 0]]), axis=1),
    row("take_along_axis", normal(2, 3), np.array([[1, 0, 1]]), 0),
    row("take_along_axis", normal(2, 3, 2), np.array([[[1], [0]]]), axis=-2),
    row("take_along_axis", normal(2, 3), np.array([5, 0, 0]), axis=None),
    row("choose", np.array([0, 1, 1]), [normal(3), normal(3)]),
    row("choose", np.array([[0], [1]]), [normal(3), np.float64(2.0)]),
    row("choose", np.array([0, 5, -1]), (normal(3), normal(3)), mode="wrap"),
    row("choose", np.array([0, 5, -1]), normal(2, 3), mode="clip"),
    row("choose", 1, [normal(2), normal(2)]),
    row("compress", MASK, normal(3)),
    row("compress", [False, True], normal(2, 3), axis=1),
    row("compress", [0, 1, 0, 1], normal(2, 3)),
    row("extract", MASK, normal(3)),
    row("extract", [[True, False], [True, True]], normal(2, 2)),
    row("select", [MASK, np.array([True, True, False])], [normal(3), normal(3)]),
    row("select", [MASK, ~MASK[:, None]], [normal(3), np.float64(2.0)], 1.5),
    row("select", [MASK], [normal(3)], np.float64(2.0)),
    row("select", [MASK], [3.0], default=normal(3)),
    row("select", [np.True_, np.False_], [np.float64(1.0), np.float64(2.0)]),
    row("piecewise", normal(4), [np.array([True, False, False, True])], [np.sin]),
    row("piecewise", normal(4), [np.array([True, False, False, True])], [np.sin, lambda x: x * x]),
    row("piecewise", normal(3), MASK, [lambda x, a, b=1.0: a * x + b, 2.5], 3.0, b=0.5),
    row("piecewise", normal(3), [MASK, ~MASK], [1.0, np.exp]),
    row("piecewise", np.float64(0.5), [True], [np.exp]),
    row("piecewise", normal(2, 3), [np.array([[True] * 3, [False] * 3])], [np.exp]),
]

APPLIED = [
    row("apply_along_axis", np.sum, 0, normal(2, 3)),
    row("apply_along_axis", lambda x: x[:2] * x[0], -1, normal(2, 3)),
    row("apply_along_axis", lambda x, y, k=1.0: np.outer(x, x) * y * k, 1, normal(2, 3, 2), np.float64(2.0), k=3.0),
    row("apply_along_axis", lambda x: x * x, 0, normal(3)),
    row("apply_over_axes", np.sum, normal(2, 3, 4), [0, 2]),
    row("apply_over_axes", lambda x, axis: np.max(x, axis, keepdims=True), normal(2, 3), (-1,)),
    row("apply_over_axes", np.sum, normal(2, 3), 1),
]

test_selected = table_test(SELECTED)
test_applied = table_test(APPLIED)
test_complex = table_test(complex_rows(SELECTED + APPLIED))


# where


def test_where_with_scalar_branches_has_scalar_gradients():
    mask = np.array([True, False, True])
    g = grad(lambda s: anp.sum(anp.where(mask, s, 0.0)))(2.0)
    assert g == 2.0 and np.shape(g) == ()
    g = grad(lambda s: anp.sum(anp.where(mask, np.ones((2, 1)), s)))(2.0)
    assert g == 2.0 and np.shape(g) == ()


def test_where_of_a_condition_alone_gives_plain_indices():
    x = np.array([0.0, 2.0, 3.0])
    for where in (anp.where, np.where):
        np.testing.assert_array_equal(grad(lambda x: anp.sum(x[where(x)] ** 2))(x), 2 * x)
        np.testing.assert_array_equal(jvp(lambda x: x[where(x > 2.5)[0]], (x,), (x,))[1], [3.0])


@pytest.mark.filterwarnings("ignore:invalid value", "ignore:overflow")
def test_branch_not_taken_adds_nothing():
    assert grad(lambda x: anp.where(x >= 0, x, anp.sqrt(-x)))(1.0) == 1.0
    assert grad(lambda x: anp.where(x <= 0, anp.exp(x), 1 + x))(1000.0) == 1.0
    assert grad(lambda x: anp.select([x >= 0], [x], anp.sqrt(-x)))(1.0) == 1.0
    assert grad(lambda x: np.select([x <= 0, x > 0], [anp.exp(x), 1 + x]))(1000.0) == 1.0
    g = grad(lambda x: anp.sum(anp.piecewise(x, [x > 0, x <= 0], [anp.log, lambda x: x])))(np.array([0.0, 2.0]))
    np.testing.assert_array_equal(g, [1.0, 0.5])


# Selection


def test_repeated_indices_add_up():
    x = normal(3)
    for read in (lambda x: anp.take(x, [0, 0, 2]), lambda x: x.take([0, 0, 2]), lambda x: x[np.array([0, 0, 2])]):
        np.testing.assert_array_equal(grad(lambda x: anp.sum(read(x)))(x), [2.0, 0.0, 1.0])
    np.testing.assert_array_equal(hessian(lambda x: anp.sum(anp.take(x, [0, 0, 2]) ** 2))(x), np.diag([4.0, 0.0, 2.0]))


def test_selection_writes_into_out():
    x = normal(2, 3)
    for function in (
        lambda x, out: anp.take(x, [0, 2], axis=1, out=out),
        lambda x, out: np.compress([True, False, True], x, 1, out),
        lambda x, out: anp.choose(np.array([0, 1]), [x[:, :2], x[:, 1:]], out=out),
        lambda x, out: anp.trace(anp.broadcast_to(x[:, None, None], (2, 2, 2, 3))[..., :2], out=out),
    ):
        def f(x):
            out = anp.zeros((2, 2))
            function(x * x, out)
            return out

        check_grads(f, x)
    with pytest.raises(TracedValueError, match="out="):
        grad(lambda x: anp.sum(anp.take(x, [0, 1], out=np.zeros(2))))(x)


def test_methods_of_selection():
    x = normal(2, 3)
    check_grads(lambda x: x.compress([True, False, True], axis=1), x)
    check_grads(lambda x: x.take([1, 1], axis=1, mode="clip"), x)
    check_grads(lambda x: x.diagonal(1) * x.trace(offset=-1), x)
    check_grads(lambda x: x.repeat(2, axis=0).squeeze().swapaxes(0, 1).flatten(), x)


def test_selection_refusals():
    x = normal(3)
    with pytest.raises(IndexError):
        grad(lambda x: anp.sum(anp.take(x, [3])))(x)
    with pytest.raises(ValueError, match="clipmode"):
        grad(lambda x: anp.sum(anp.take(x, [3], mode="reflect")))(x)
    with pytest.raises(ValueError, match="invalid entry in choice array"):
        grad(lambda x: anp.sum(anp.choose([0, -1, 1], [x, x])))(x)
    with pytest.raises(TypeError, match="condlist"):
        grad(lambda x: anp.sum(anp.select([np.ones(3)], [x])))(x)
    with pytest.raises(ValueError, match="same length"):
        grad(lambda x: anp.sum(anp.select([MASK], [x, x])))(x)
    with pytest.raises(ValueError, match="condition"):
        grad(lambda x: anp.sum(anp.piecewise(x, [MASK], [anp.sin] * 3)))(x)


# Writing in place


def written(write):
    """The function that writes with ``write(x, v)`` into a copy of ``x`` and returns the copy."""

    def function(x, v):
        copy = anp.zeros(x.shape)
        copy[...] = x
        assert write(copy, v) is None
        return copy

    return function


def test_writing():
    x = normal(4, 3)
    for anp_or_np in (anp, np):
        for values, write in [
            (normal(2), lambda x, v: anp_or_np.put(x, [1, -1], v)),
            (normal(2), lambda x, v: anp_or_np.put(x, [[1, 30], [-40, 4]], v, mode="wrap")),
            (normal(5), lambda x, v: anp_or_np.put(x, [1, 30], v, mode="clip")),
            (np.float64(2.0), lambda x, v: anp_or_np.put(x, 5, v)),
            (normal(2), lambda x, v: anp.put(x, [1, 5], [v[1], 2.0] if is_box(v) else np.array([v[1], 2.0]))),
            (normal(2), lambda x, v: anp.place(x, x > 0, [v[1], 2.0] if is_box(v) else np.array([v[1], 2.0]))),
            (normal(2), lambda x, v: anp_or_np.place(x, x > 0, v)),
            (normal(2, 1), lambda x, v: anp_or_np.putmask(x, x > 0, v)),
            (normal(3), lambda x, v: anp_or_np.copyto(x, v)),
            (normal(4, 1), lambda x, v: anp_or_np.copyto(x, v, where=[True, False, True])),
            (np.float64(2.0), lambda x, v: anp_or_np.fill_diagonal(x, v)),
            (normal(2), lambda x, v: anp_or_np.fill_diagonal(x, v, wrap=True)),
            (normal(4, 1), lambda x, v: anp_or_np.put_along_axis(x, np.array([[0], [2], [1], [1]]), v, axis=1)),
            (np.float64(2.0), lambda x, v: anp_or_np.put_along_axis(x, np.array([[0, 2, 3]]), v, 0)),
            (normal(3), lambda x, v: anp_or_np.put_along_axis(x, np.array([5, 7, 2]), v, None)),
        ]:
            check_grads(written(write), x, values)
            expected = x.copy()
            write(expected, values)
            np.testing.assert_array_equal(vjp(written(write), x, values)[0], expected)


def test_writing_twice_in_one_place_keeps_the_last():
    def f(v):
        x = anp.zeros(3)
        anp.put(x, [1, 1, 0], v)
        return anp.sum(x)

    np.testing.assert_array_equal(grad(f)(np.ones(3)), [0.0, 1.0, 1.0])


def test_fill_diagonal_as_numpy_does_it():
    for shape in ((3, 3), (2, 4), (7, 3), (1, 1), (2, 2, 2), (3, 3, 3, 3)):
        for wrap in (False, True):
            expected = np.zeros(shape)
            np.fill_diagonal(expected, 2.0, wrap)
            found = vjp(written(lambda x, v: anp.fill_diagonal(x, v, wrap)), np.zeros(shape), 2.0)[0]
            np.testing.assert_array_equal(found, expected)


def test_writing_into_a_view():
    def f(x):
        y = x * 1.0
        anp.fill_diagonal(y[1:], 0.0)
        anp.put(y[0], [0], 7.0)
        return anp.sum(y)

    np.testing.assert_array_equal(grad(f)(np.ones((3, 2))), [[0, 1], [0, 1], [1, 0]])


def test_a_plain_array_cannot_hold_a_traced_value():
    writes = {
        "copyto": lambda x, v: np.copyto(x, v),
        "fill_diagonal": lambda x, v: anp.fill_diagonal(x, v),
        "place": lambda x, v: anp.place(x, np.eye(2) > 0, v),
        "put": lambda x, v: anp.put(x, [0], v),
        "put_along_axis": lambda x, v: np.put_along_axis(x, np.array([[0, 0]]), v, 0),
        "putmask": lambda x, v: np.putmask(x, np.eye(2) > 0, v),
    }
    for name, write in writes.items():
        plain = np.zeros((2, 2))
        with pytest.raises(TracedValueError, match=f"{name}: a plain array cannot hold"):
            grad(lambda v: (write(plain, v), v)[1])(2.0)
        assert not plain.any()


def test_writing_refusals():
    x = normal(2, 3)
    with pytest.raises(ValueError, match="at least 2-d"):
        vjp(written(lambda x, v: anp.fill_diagonal(x, v)), x[0], 1.0)
    with pytest.raises(ValueError, match="equal length"):
        vjp(written(lambda x, v: anp.fill_diagonal(x, v)), normal(2, 2, 3), 1.0)
    with pytest.raises(ValueError, match="empty array"):
        vjp(written(lambda x, v: anp.place(x, x < 99, [])), x, 1.0)
    with pytest.raises(TypeError, match="Cannot cast"):
        vjp(written(lambda x, v: anp.copyto(x, v * 1j)), x, 1.0)
    with pytest.raises(IndexError):
        vjp(written(lambda x, v: anp.put(x, [6], v)), x, 1.0)


# Functions of the user's


def test_functions_that_close_over_traced_values():
    x = np.array([-1.0, 0.5, 2.0])

    def f(a, b):
        line = anp.piecewise(x, [x < a], [lambda x: a * x, lambda x: b * x * x])
        rows = anp.apply_along_axis(lambda row: row * a, 0, x)
        return line + rows + anp.vectorize(lambda each: each * b)(x) + anp.apply_over_axes(lambda v, i: v * a, x, 0)

    check_grads(f, 1.0, 2.0)


def test_vectorize():
    x, y = normal(2, 1), normal(3)

    def branch(x, y):
        return x * y if x > y else anp.sin(x)

    check_grads(lambda x, y: anp.vectorize(branch)(x, y=y), x, y)
    expected = anp.vectorize(branch)(x, y)
    np.testing.assert_array_equal(vjp(anp.vectorize(branch), x, y)[0], expected)
    check_grads(anp.vectorize(lambda x, y: (x * y, x + y)), x, y)
    check_grads(lambda x: anp.vectorize(lambda x, p, q: p[0] * x + p[1] * q[0], excluded=[1, "q"])(x, x[0] * y, q=y), x)
    assert vjp(anp.vectorize(lambda x: x, otypes=[np.float32]), x)[0].dtype == np.float32
    assert grad(lambda x: anp.vectorize(lambda x: x * x)(x))(3.0) == 6.0

    @anp.vectorize(otypes=[float])
    def square(x):
        return x * x

    np.testing.assert_array_equal(grad(lambda x: anp.sum(square(x)))(x), 2 * x)
    with pytest.raises(TracedValueError, match="signature="):
        grad(lambda x: anp.sum(anp.vectorize(anp.sum, signature="(n)->()")(x)))(x)
    with pytest.raises(ValueError, match="size 0"):
        vjp(anp.vectorize(lambda x: x), normal(0))


def test_apply_along_axis_refuses_nothing_to_apply_to():
    with pytest.raises(ValueError, match="iteration dimensions are 0"):
        grad(lambda x: anp.sum(anp.apply_along_axis(anp.sum, 1, x)))(normal(0, 3))


def test_a_condition_may_be_a_list_with_traced_numbers():
    x = np.array([2.0, 0.0, 3.0])
    assert grad(lambda x: anp.sum(anp.compress([x[0], 0, x[1]], x)))(x).tolist() == [1.0, 0.0, 0.0]


def test_plain_arrays_are_read_and_changed_at_mapped_places():
    a, places = np.arange(6.0).reshape(2, 3), np.array([[0, 2], [1, 1]])
    for f in (
        lambda i: anp.take(a, i, axis=1),
        lambda i: anp.take_along_axis(a, anp.stack([i, i]), axis=1),
        lambda i: anp.insert(a, i, 5.0, axis=1),
        lambda i: anp.insert(a, i[0], np.ones(2), axis=1),
        lambda i: anp.delete(a, i[0], axis=1),
    ):
        np.testing.assert_array_equal(vmap(f)(places), [f(i) for i in places])
