"""``np.asarray(x)`` of an array is that array, with ``jit`` as well: what is written to it, what is returned."""

import warnings

import numpy as np
import pytest

import autodiff_trace.numpy as anp
from autodiff_trace import jit
from autodiff_trace.compiler import JitWarning

ARRAYS = {
    "vector": lambda k: np.arange(6.0) + k,
    "rows": lambda k: np.arange(6.0).reshape(2, 3) + k,
    "columns": lambda k: np.asfortranarray(np.arange(6.0).reshape(2, 3) + k),
    "integers": lambda k: np.arange(6) + k,
    "no dimension": lambda k: np.array(2.0 + k),
}

MAKERS = {
    "asarray": np.asarray,
    "asarray, dtype": lambda x: np.asarray(x, float),
    "asarray, order": lambda x: np.asarray(x, order="F"),
    "asanyarray": np.asanyarray,
    "ascontiguousarray": np.ascontiguousarray,
    "asfortranarray": np.asfortranarray,
    "require": lambda x: np.require(x, float, "C"),
    "asarray_chkfinite": np.asarray_chkfinite,
    "array": np.array,
    "array, no copy": lambda x: np.array(x, copy=None),
    "as_strided": np.lib.stride_tricks.as_strided,
    "anp.asarray": lambda x: anp.asarray(x, order="F"),
    "astype": lambda x: x.astype(float, order="F", copy=False),
    "astype by position": lambda x: x.astype(x.dtype, "C", copy=False),
    "atleast_2d": np.atleast_2d,
    "moveaxis": lambda x: np.moveaxis(x, 0, 0) if x.ndim else x,
    "ravel": np.ravel,
    "imag": lambda x: x.imag,
}


def scaled(make, x):
    return x * (2.0 if make(x) is x else 3.0)


def shared(make, x):
    return x * (2.0 if np.shares_memory(make(x), x) else 3.0)


def written(make, x):
    y = make(x * 1)
    y[...] = y + 5
    return y * 1


def written_behind(make, x):
    z = x * 2
    y = make(z)
    y += 1
    return z * 1


def written_before(make, x):
    z = x * 2
    y = make(z)
    z[...] = 7
    return y * 1


def taken_back(make, x):
    """Writes that leave no trace behind."""
    y = make(z := x * 2)
    y += 1
    ans = z * 1
    y -= 1
    return ans


PROGRAMS = [scaled, shared, written, written_behind, written_before, taken_back]


@pytest.mark.filterwarnings("ignore::autodiff_trace.compiler.JitWarning")
@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("maker", [name for name in MAKERS if name != "imag"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_values(program, maker, kind):
    def run(x):
        return program(MAKERS[maker], x)

    jitted = jit(run)
    for k in (0, 0, 1, 1):
        x = ARRAYS[kind](k)
        try:
            expected = run(x.copy("K"))
        except (TypeError, ValueError) as error:
            with pytest.raises(type(error)):
                jitted(x)
        else:
            np.testing.assert_array_equal(jitted(x), expected)
    assert jitted.cache_info().failures == 0


@pytest.mark.filterwarnings("ignore::autodiff_trace.compiler.JitWarning")
@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("maker", MAKERS)
def test_outputs(maker, kind):
    make = MAKERS[maker]

    def run(x):
        return x, make(x), make(x), make(x * 2)

    jitted = jit(run)
    for k in (0, 0, 1, 1):
        x = ARRAYS[kind](k)
        found, expected = jitted(x), run(x)
        for i in range(4):
            np.testing.assert_array_equal(found[i], expected[i])
            assert (found[i] is x) == (expected[i] is x)
            for j in range(i):
                assert np.shares_memory(found[i], found[j]) == np.shares_memory(expected[i], expected[j])


OUTSIDE = np.arange(6.0)


def test_arrays_outside():
    jitted = jit(lambda x: (np.asarray(OUTSIDE), x * (2 if np.asarray(OUTSIDE) is OUTSIDE else 3)))
    for _ in range(3):
        array, doubled = jitted(np.ones(6))
        assert array is OUTSIDE and doubled[0] == 2


def test_writes_to_arrays_outside():
    weights = np.arange(3.0)

    def step(x):
        w = np.asarray(weights)
        w += 1
        return x * np.log(weights).sum()

    jitted = jit(step)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", JitWarning)
        for k in range(3):
            weights[:] = np.arange(3.0) + k
            expected = np.log(weights + 1).sum()
            np.testing.assert_array_equal(jitted(np.ones(3)), expected)


def test_what_only_reads_is_compiled():
    one_hot = jit(lambda x, labels: anp.sum(x * np.eye(3)[labels]))
    x, labels = np.arange(6.0).reshape(2, 3), np.array([0, 2])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for k in range(4):
            assert one_hot(x + k, labels) == np.sum((x + k) * np.eye(3)[labels])
    assert one_hot.cache_info().hits == 3


def test_the_warning_says_what_to_write():
    def first(x):
        y = np.asarray(x)
        y[0] = 1.0
        return x[0] * 2

    jitted = jit(first)
    with pytest.warns(JitWarning, match=r"write anp.asarray\(x\)"):
        assert jitted(np.arange(3.0)) == 2.0
    x = np.arange(3.0)
    assert jitted(x) == 2.0
    assert x[0] == 0.0  # jit writes to no argument


def made_writable(y):
    a = np.asarray(y)
    a.setflags(write=True)
    a[0] = 7.0


def made_writable_by_flags(y):
    a = np.asarray(y)
    a.flags.writeable = True
    a[0] = 7.0


def reshaped_in_place(y):
    np.asarray(y).shape = 3, 1


def read_as_integers(y):
    np.asarray(y).dtype = np.int64


def required_writable(y):
    np.require(y, float, "W")[0] = 3.0


def asked_first(y):
    if np.asarray(y).flags.writeable:
        y[0] = 5.0


CHANGES = [made_writable, made_writable_by_flags, reshaped_in_place, read_as_integers, required_writable, asked_first]


@pytest.mark.filterwarnings("ignore::autodiff_trace.compiler.JitWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("change", CHANGES)
def test_changes_of_form_and_flags(change):
    def run(x):
        y = x * 1.0
        change(y)
        return y * 1

    jitted = jit(run)
    for k in range(3):
        found, expected = jitted(np.arange(3.0) + k), run(np.arange(3.0) + k)
        assert found.dtype == expected.dtype and found.shape == expected.shape
        np.testing.assert_array_equal(found, expected)


@pytest.mark.filterwarnings("ignore::autodiff_trace.compiler.JitWarning")
def test_arrays_that_are_kept_outside_are_those_of_the_caller():
    kept = []
    outside = np.ones(3)

    def run(x):
        kept.append((np.asarray(x), np.asarray(outside), np.asarray(x * 2)))
        return x * outside

    jitted = jit(run)
    for turn in range(3):
        x = np.arange(3.0) + turn
        jitted(x)
        first, second, third = kept[-1]
        assert first is x and second is outside and third.flags.writeable
