"""Functions that join arrays and take them apart."""

import numpy as np
import pytest
from table import complex_rows, row, table_test

from autodiff_trace import grad, jvp, vjp
from autodiff_trace import numpy as anp
from autodiff_trace.testing import check_grads

rng = np.random.default_rng(0)


def normal(*shape):
    return rng.normal(size=shape)


def complex_normal(*shape):
    return normal(*shape) + 1j * normal(*shape)


MASKS = np.lib.NumpyVersion(np.__version__) >= "2.2.0"  # where to insert, as a mask: taken for integers before

# How many zeros there are depends on the values, which differ within a batch; finite differences would vary the zeros.
TRIMMED = ("batched", "derivatives", "float32")

# NumPy finds an array that speaks its protocol in a list, but not in a list within that list, nor behind an index.
DEEPER = ("plain numpy",)

JOINED = [
    row("concatenate", [normal(2, 3), normal(1, 3)]),
    row("concatenate", (normal(2, 3), normal(2, 1)), -1),
    row("concatenate", [normal(2, 3), normal(4, 2)], axis=None),
    row("concatenate", [normal(0, 3), normal(1, 3), normal(1, 3)[:, ::-1]]),
    row("concatenate", [normal(2), complex_normal(3)]),
    row("concatenate", [normal(2), normal(3)], dtype=np.complex128),
    row("concatenate", normal(2, 3)),
    row("concatenate", [normal(2), [1.0, 2.0]]),
    row("concat", [normal(2), normal(3)], axis=-1),
    row("stack", [normal(2, 3), normal(2, 3)]),
    row("stack", [normal(2, 3), normal(2, 3)], -1),
    row("stack", (normal(2, 3), complex_normal(2, 3)), axis=1),
    row("stack", [np.float64(1.0), 2.0, np.float64(3.0)]),
    row("stack", normal(2, 3), axis=1),
    row("stack", [normal(2), normal(2)], dtype=np.complex128),
    row("hstack", [normal(2, 3), normal(2, 1)]),
    row("hstack", [normal(2), np.float64(1.0), 3.0]),
    row("hstack", normal(2, 3)),
    row("hstack", [normal(2), normal(3)], dtype=np.complex128, casting="safe"),
    row("vstack", [normal(3), normal(2, 3)]),
    row("vstack", [np.float64(1.0), np.float64(2.0)]),
    row("vstack", [normal(3), normal(2, 3)], dtype=np.complex128),
    row("dstack", [normal(2, 3), normal(2, 3, 2)]),
    row("dstack", (normal(3), normal(3))),
    row("column_stack", [normal(3), normal(3, 2), normal(3)]),
    row("column_stack", [np.float64(1.0), np.float64(2.0)]),
    row("block", [[normal(2, 2), normal(2, 1)], [normal(1, 2), normal(1, 1)]], skip=DEEPER),
    row("block", [normal(2), np.float64(1.0), 3.0]),
    row("block", [[normal(2)], [normal(2)]]),
    row("block", [[[normal(1, 2, 3)]], [[normal(1, 2, 3)]]]),
    row("block", [normal(2, 3), normal(2, 1)]),
    row("block", normal(2)),
    row("append", normal(2, 3), normal(2)),
    row("append", normal(2, 3), normal(1, 3), axis=0),
    row("append", np.float64(1.0), [2.0, 3.0]),
    # Lists of numbers, some of them traced: NumPy sees none of these in a list within the list.
    *[
        row(name, [[np.float64(1.0), 2.0], [3, np.float64(4.0)]], skip=DEEPER)
        for name in ("concatenate", "stack", "hstack", "vstack", "dstack", "column_stack", "block")
    ],
    row("concatenate", [normal(2), [1, np.float64(3.0), 2.0]]),
    row("concatenate", [[np.float64(1.0), 2], (3.0,)], dtype=np.complex128, skip=DEEPER),
    row("vstack", [normal(3), [1.0, 2.0, 3.0], (np.float64(1.0), 2, 3)]),
    row("hstack", [1.0, np.float64(3.0), normal(2), 2]),
    row("column_stack", [normal(2), [1, np.float64(3.0)]]),
]

INSERTED = [
    row("insert", normal(4), 1, np.float64(2.0)),
    row("insert", normal(4), -1, normal(3)),
    row("insert", normal(4), 4, 1.0),
    row("insert", normal(2, 3), 1, normal(2), axis=1),
    row("insert", normal(2, 3), 1, normal(3), axis=0),
    row("insert", normal(2, 3), [1], normal(2, 1), axis=1),
    row("insert", normal(2, 3), [1], normal(2, 4), axis=-1),
    row("insert", normal(2, 3), 1, normal(4, 3), axis=0),
    row("insert", normal(4), [3, 0, 3], normal(3)),
    row("insert", normal(4), [0, 2], np.float64(1.0)),
    row("insert", normal(2, 3), [2, 0], normal(2, 2), axis=1),
    row("insert", normal(2, 3), [2, 0], normal(3), axis=0),
    row("insert", normal(4), slice(0, 3, 2), normal(2)),
    row("insert", normal(4), slice(1, 2), normal(3)),
    *[row("insert", normal(4), np.array([True, False, True, False]), normal(2))] * MASKS,
    row("insert", normal(4), [], 1.0),
    row("insert", normal(2, 2), 1, np.float64(2.0)),
    row("delete", normal(4), 1),
    row("delete", normal(2, 3), -1, axis=1),
    row("delete", normal(2, 3), [0, 2, 2], axis=-1),
    row("delete", normal(2, 3), slice(None, None, 2)),
    row("delete", normal(4), np.array([True, False, True, False])),
    row("delete", normal(3), []),
]

TAKEN_APART = [
    row("split", normal(6), 3),
    row("split", normal(2, 4), 2, axis=-1),
    row("split", normal(6), [1, 4, 4]),
    row("split", normal(6), (2, 9)),
    row("split", normal(6), [4, 2]),
    row("split", normal(0), 2),
    row("array_split", normal(7), 3),
    row("array_split", normal(2, 3), 2, 1),
    row("array_split", normal(2), 3),
    row("hsplit", normal(2, 4), 2),
    row("hsplit", normal(4), [1]),
    row("vsplit", normal(4, 2), 2),
    row("dsplit", normal(2, 1, 4), [3]),
    *[row("unstack", normal(3, 2), axis=axis) for axis in (0, -1) if hasattr(np, "unstack")],
    row("trim_zeros", np.array([0.0, 1.0, 0.0, 2.0, 0.0, 0.0]), skip=TRIMMED),
    row("trim_zeros", np.array([0.0, 1.0, 2.0, 0.0]), "f", skip=TRIMMED),
    row("trim_zeros", np.array([0.0, 1.0, 2.0, 0.0]), trim="B", skip=TRIMMED),
    row("trim_zeros", np.zeros(3), skip=TRIMMED),
    row("trim_zeros", normal(3), skip=TRIMMED[:1]),
]

test_joined = table_test(JOINED)
test_inserted = table_test(INSERTED)
test_taken_apart = table_test(TAKEN_APART)
test_complex = table_test(complex_rows(JOINED + INSERTED + TAKEN_APART))


@pytest.mark.parametrize("join", [anp.concatenate, np.hstack, anp.vstack])
def test_one_array_as_the_sequence_of_its_rows(join):
    x = normal(2, 3)
    weights = normal(2, 3)
    g = grad(lambda x: anp.sum(anp.ravel(join(x * x)) * anp.ravel(weights)))(x)
    np.testing.assert_allclose(g, 2 * x * weights)


def test_traced_values_in_nested_lists():
    def f(x, y):
        return anp.concatenate([[x, 1.0, y], [x * y]]), anp.vstack([[x, y], [1.0, x]]), anp.append([x, y], [[y], [x]])

    check_grads(f, 2.0, 3.0)
    np.testing.assert_array_equal(vjp(f, 2.0, 3.0)[0][0], [2.0, 1.0, 3.0, 6.0])


@pytest.mark.parametrize("join", [anp.concatenate, anp.hstack, anp.stack])
def test_joining_into_integers_lets_no_derivative_through(join):
    x = np.array([1.5, 2.5])

    def f(x):
        return anp.sum(join([np.ones(2), x], dtype=int, casting="unsafe") * 2.5)

    np.testing.assert_array_equal(grad(f)(x), [0.0, 0.0])
    assert jvp(f, (x,), (x,))[1] == 0.0


@pytest.mark.parametrize("join", [anp.concatenate, anp.stack, anp.block, anp.column_stack])
def test_each_array_gets_the_dtype_of_its_own(join):
    x, y = np.ones(2, np.float32), np.ones(2, np.float64)
    gx, gy = grad(lambda x, y: anp.sum(join([x, y])), argnums=(0, 1))(x, y)
    assert (gx.dtype, gy.dtype) == (np.float32, np.float64)


def test_out_of_a_join():
    def f(x):
        out = anp.zeros(4)
        anp.concatenate([x, x * x], out=out)
        np.stack([x * out[:2], x], out=anp.reshape(out, (2, 2)))
        return out

    check_grads(f, normal(2))


def test_shapes_that_do_not_fit_are_named():
    x = normal(2, 3)
    with pytest.raises(ValueError, match="equal division"):
        grad(lambda x: anp.sum(anp.split(x, 2, axis=1)[0]))(x)
    with pytest.raises(ValueError, match="dsplit only works on arrays of 3 or more dimensions"):
        grad(lambda x: anp.sum(anp.dsplit(x, 2)[0]))(x)
    with pytest.raises(ValueError, match="nested to different depths"):
        grad(lambda x: anp.sum(anp.block([[x], x])))(x)
    with pytest.raises(TypeError, match="only lists"):
        grad(lambda x: anp.sum(anp.block((x, x))))(x)
    with pytest.raises(ValueError):
        grad(lambda x: anp.sum(anp.concatenate([x, x[:, 1:]])))(x)
    with pytest.raises(ValueError, match="unexpected character"):
        grad(lambda x: anp.sum(anp.trim_zeros(x[0], "x")))(x)


def test_trim_zeros_reads_the_values_of_now():
    def f(x):
        return anp.sum(anp.trim_zeros(x) ** 2)

    np.testing.assert_array_equal(grad(f)(np.array([0.0, 1.0, 0.0, 2.0, 0.0])), [0.0, 2.0, 0.0, 4.0, 0.0])


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.2.0", reason="several dimensions: since NumPy 2.2")
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 1)])
def test_trim_zeros_of_several_dimensions(axis):
    x = np.zeros((3, 4))
    x[1, 1:3] = [2.0, 3.0]
    np.testing.assert_array_equal(vjp(lambda x: anp.trim_zeros(x, axis=axis), x)[0], np.trim_zeros(x, axis=axis))
    np.testing.assert_array_equal(grad(lambda x: anp.sum(anp.trim_zeros(x, axis=1) ** 2))(x), 2 * x)


def test_parts_write_through():
    def f(x):
        y = x * 1.0
        first, _ = anp.split(y, 2)
        first *= 3.0
        return anp.sum(y)

    np.testing.assert_array_equal(grad(f)(np.ones(4)), [3.0, 3.0, 1.0, 1.0])
