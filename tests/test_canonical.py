"""Canonical calls: NumPy's spelling of a call is bound once, and primitives see one form of it."""

import inspect
import pickle

import numpy as np
import pytest

from autodiff_trace import grad, jit, jvp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.core.errors import TracedValueError
from autodiff_trace.core.reverse import trace_vjp
from autodiff_trace.core.unary import unary
from autodiff_trace.core.traits import declare
from autodiff_trace.numpy.batching import first_mapped
from autodiff_trace.numpy.canonical import axes_of, axis_of, bind

NAMES = """
    all amax amin any argmax argmin argpartition argsort average count_nonzero cumprod cumsum max mean median min nanmax
    nanmean nanmin nanprod nanstd nansum nanvar partition percentile prod ptp quantile sort std sum var fft.fft fft.fft2
    fft.fftn fft.fftshift fft.hfft fft.ifft fft.ihfft fft.irfft fft.irfftn fft.rfft linalg.norm linalg.vector_norm
""".split()


def find(module, name):
    for part in name.split("."):
        module = getattr(module, part)
    return module


@pytest.mark.parametrize("name", NAMES)
def test_public_functions_look_like_numpys(name):
    ours, numpys = find(anp, name), find(np, name)
    assert inspect.signature(ours) == inspect.signature(numpys)
    assert ours.__name__ == numpys.__name__ and ours.__doc__ == numpys.__doc__ and ours.__module__ != numpys.__module__
    assert pickle.loads(pickle.dumps(ours)) is ours


X = np.random.default_rng(0).normal(size=(2, 3, 4))
MASK = X > -0.5
NONE = np.zeros(X.shape, bool)
OTHERS = {
    "float32": X.astype(np.float32), "float16": X.astype(np.float16), "complex": X + 1j * X[::-1], "vector": X[0, 0],
    "number": np.float64(2.0), "empty": np.zeros((0, 3)), "fortran": np.asfortranarray(X), "backwards": X[::-1, :, ::2],
    "0-d": np.array(2.0),
}
CALLS = {
    "sum": [{"dtype": np.float32}, {"dtype": "i1"}, {"dtype": complex}, {"initial": 2}, {"where": MASK},
            {"where": MASK[:, :, :1]}, {"where": MASK, "initial": 0.5, "axis": (-1, 0), "keepdims": True}],
    "prod": [{"initial": 0.5, "axis": 1}, {"where": MASK, "dtype": np.float32}],
    "mean": [{"dtype": np.float32}, {"dtype": int}, {"where": MASK, "axis": 0}, {"where": MASK, "keepdims": True}],
    "max": [{"initial": 0.3}, {"where": MASK, "initial": -0.2, "axis": 1}, {"where": NONE, "initial": 0.1}],
    "amin": [{"initial": 0.3, "axis": (0, 2)}, {"where": MASK, "initial": 9.0, "keepdims": True}],
    "var": [{"ddof": 1}, {"correction": 2, "axis": 0}, {"where": MASK, "axis": 1}, {"dtype": complex},
            {"mean": np.zeros((1, 3, 4)), "axis": 0}, {"mean": np.ones((1, 1, 1)), "where": MASK, "ddof": 1}],
    "std": [{"ddof": 1, "axis": (0, 1)}, {"where": MASK, "axis": -1, "keepdims": True}, {"dtype": np.float32}],
    "any": [{"where": MASK, "axis": 0}], "all": [{"where": MASK, "keepdims": True}], "count_nonzero": [{}],
    "argmax": [{"keepdims": True}, {"axis": 1, "keepdims": True}], "argmin": [{}],
    "cumsum": [{"axis": 1, "dtype": "i1"}], "cumprod": [{"axis": -1, "dtype": np.float32}],
    "sort": [{"axis": 1, "kind": "stable"}], "argsort": [{"axis": None}], "ptp": [{"axis": 0, "keepdims": True}],
    "nansum": [{"where": MASK, "axis": 0}], "nanvar": [{"ddof": 1, "axis": 1}], "nanmean": [{"axis": 1}],
}
ALIKE = [{}, {"axis": 0}, {"axis": -1}, {"axis": None}, {"axis": 5}, {"axis": [0]}, {"axis": 1.0}]


def outcome(function):
    try:
        return function()
    except Exception as error:
        return error


def assert_alike(found, expected):
    if isinstance(expected, Exception):
        assert isinstance(found, type(expected)) or isinstance(expected, type(found))
        return
    assert not isinstance(found, Exception), found
    assert np.shape(found) == np.shape(expected) and np.asarray(found).dtype == np.asarray(expected).dtype
    single = np.asarray(expected).dtype.char in "efF"
    np.testing.assert_allclose(found, expected, rtol=2e-3 if single else 1e-12, atol=1e-3 if single else 1e-14)


def check(name, x, kwargs):
    with np.errstate(all="ignore"):
        expected = outcome(lambda: getattr(np, name)(x, **kwargs))
        traced = outcome(lambda: jvp(lambda x: getattr(anp, name)(x, **kwargs), (x,), (np.ones_like(x),))[0])
        assert_alike(traced, expected)
        assert_alike(outcome(lambda: getattr(anp, name)(x, **kwargs)), expected)
        assert_alike(outcome(lambda: jit(lambda x: getattr(anp, name)(x, **kwargs))(x)), expected)
        batch = np.stack([x, x])
        mapped = outcome(lambda: vmap(lambda x: getattr(anp, name)(x, **kwargs))(batch))
        assert_alike(mapped if isinstance(mapped, Exception) else mapped[1], expected)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CALLS)
def test_values_of_all_parameters(name):
    for kwargs in [*CALLS[name], *ALIKE]:
        check(name, X, kwargs)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("other", OTHERS)
def test_values_of_other_arrays(name, other):
    if other == "complex" and name in ("argmax", "argmin", "nanmean", "nanvar"):
        return
    for kwargs in ALIKE[:4]:
        check(name, OTHERS[other], kwargs)


def nodes_of(function, x):
    _, (node,), _ = trace_vjp(lambda x: [function(x)], [x])
    return node


@pytest.mark.parametrize("call", [
    lambda x: anp.sum(x, axis=-1), lambda x: anp.sum(x, 2), lambda x: x.sum(axis=(-1,)),
    lambda x: np.sum(x, axis=np.int64(2)), lambda x: np.add.reduce(x, axis=2),
])
def test_primitives_see_one_form(call):
    node = nodes_of(call, X)
    assert node[4][1:] == ((2,), False) and node[5] == {} and node[6].__name__ == "sum"


def test_masks_that_are_no_masks_are_refused():
    for call in (lambda x: anp.sum(x, where=X), lambda x: anp.mean(x, where=np.ones((2, 2, 3, 4), bool))):
        with pytest.raises((TypeError, ValueError)):
            grad(call)(X)


def test_what_was_masked_gets_exactly_zero():
    x = np.where(MASK, X, np.nan)
    for name in ("sum", "mean", "prod", "var", "std"):
        slope = grad(lambda x: getattr(anp, name)(x, where=MASK))(x)
        assert not slope[~MASK].any() and np.isfinite(slope).all()


def test_the_initial_value_is_one_more_element():
    x = np.array([[1.0, 3.0, 3.0], [2.0, 0.0, 1.0]])
    slope, initial = grad(lambda x, i: anp.sum(anp.max(x, axis=1, initial=i)), argnums=(0, 1))(x, 3.0)
    np.testing.assert_allclose(slope, [[0, 1 / 3, 1 / 3], [0, 0, 0]])
    np.testing.assert_allclose(initial, 1 / 3 + 1)


def test_axes():
    assert axes_of(X, None) == (0, 1, 2) and axes_of(X, (-1, 0)) == (0, 2) and axes_of(np.float64(1.0), 0) == ()
    assert axis_of(X, -1) == 2
    for axis in (3, (0, 0), (0, -3)):
        with pytest.raises(ValueError):
            axes_of(X, axis)


def test_a_binder_gives_what_a_definition_names():
    seen = []

    def definition(keepdims, a, unknown):
        seen.append((keepdims, unknown))
        return a * 2.0

    bound = bind(np.sum, definition)
    assert bound(np.ones(3)) == 3.0 and not seen  # a plain call is NumPy's
    assert grad(lambda x: bound(x, keepdims=True)[0])(np.ones(3)).tolist() == [2.0, 0.0, 0.0] and seen == [(True, None)]
    with pytest.raises(TracedValueError, match=r"sum: axis= is not there .*test_canonical"):
        grad(lambda x: bound(x, axis=0))(np.ones(3))
    with pytest.raises(TypeError, match="unexpected keyword argument 'axes'"):
        bound(np.ones(3), axes=0)


def test_unary_primitives():
    @unary
    def scaled(x, factor, shift=0.0):
        return x * factor + shift

    declare(scaled, batching=first_mapped(scaled))
    scaled.vjps[0] = lambda g, ans, x, factor, shift=0.0: g * factor
    assert scaled.params == ("factor", "shift")
    assert grad(lambda x: scaled(x, 3.0, 1.0))(2.0) == 3.0
    np.testing.assert_array_equal(vmap(lambda x: scaled(x, 3.0))(np.arange(3.0)), [0.0, 3.0, 6.0])


def test_binders_know_all_operands():
    """A call is traced whichever operand is, by place, by name, in a sequence or behind an asterisk."""
    x, y = np.array([0.5, 1.5]), np.arange(3.0)
    calls = {
        "second": lambda z: anp.interp(x, y, z), "by name": lambda z: anp.interp(x=x, fp=z, xp=y),
        "in a list": lambda z: anp.concatenate([x, z]), "in a tuple": lambda z: anp.stack(arrays=(y, z), axis=-1),
        "behind an asterisk": lambda z: anp.meshgrid(x, z)[1], "of einsum": lambda z: anp.einsum("i,j", x, z),
        "optional": lambda z: anp.clip(y, None, a_max=z), "further": lambda z: anp.pad(x, 1, constant_values=z[0]),
        "index": lambda z: anp.take(y, anp.argsort(z)) * z[0], "weights": lambda z: anp.average(y, weights=z + 1.0),
    }
    z = np.array([0.3, 0.7, 0.2])
    for name, call in calls.items():
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(jvp(call, (z,), (z,))[0], call(z), err_msg=name)
            np.testing.assert_allclose(jit(call)(z), call(z), err_msg=name)
            np.testing.assert_allclose(vmap(call)(np.stack([z, z]))[1], call(z), err_msg=name)


@pytest.mark.parametrize("axis", [np.int64(1), np.array(1), -1, (1,), [1], np.array([1])])
def test_axes_of_all_kinds(axis):
    for call in (
        lambda x: anp.flip(x, axis), lambda x: anp.roll(x, 1, axis), lambda x: anp.moveaxis(x, axis, 0),
        lambda x: anp.moveaxis(x, source=axis, destination=0),
    ):
        expected = outcome(lambda: call(X))
        assert_alike(outcome(lambda: jvp(call, (X,), (X,))[0]), expected)
        assert_alike(outcome(lambda: jit(call)(X)), expected)


def test_parameters_that_a_definition_lacks_are_refused():
    with pytest.raises(TracedValueError, match=r"asarray: like= is not there for traced values \(.*test_canonical"):
        grad(lambda x: anp.sum(anp.asarray(x, like=np.ones(2))))(np.ones(2))
    with pytest.raises(TypeError, match="unexpected keyword argument 'sources'"):
        grad(lambda x: anp.moveaxis(x, sources=0, destination=1))(X)


def test_parameters_have_any_names():
    def plain(function, definition, given=1, traced=2, boxes=3, whole=4, n=5, refuse=6, watched=7, **find_top_trace):
        return (function, definition, given, traced, boxes, whole, n, refuse, watched, find_top_trace)

    def of_traced(function, definition, given, traced, boxes, whole, n, refuse, watched, **find_top_trace):
        return function * given * whole * n

    both = bind(plain, of_traced)
    assert both(1, 2, whole=np.int64(9), type=3) == (1, 2, 1, 2, 3, 9, 5, 6, 7, {"type": 3})
    assert grad(lambda x: both(x, 2, 3, whole=7, n=np.int64(2)))(1.5) == 42
    assert grad(lambda x: both(2, x, given=x))(1.5) == 40
