"""Backward passes that go without masks first: what they find is what masks give."""

import numpy as np
import pytest

from autodiff_trace import checkpoint, extend, grad, jacobian, numpy as anp, vmap
from autodiff_trace.core.fast import passing
from autodiff_trace.core.fast.donation import LEAST

X = np.array([0.0, 0.5, 2.0])


@extend.primitive
def without_nan(x):
    return x * 1.0


@extend.primitive
def never_nan(x):
    return x * 1.0


def clean(g, ans, x):
    return anp.nan_to_num(anp.sum(g)) * anp.ones_like(x)


def refuse(g, ans, x):
    assert extend.is_box(g) or np.all(np.isfinite(g)), "a cotangent that is not finite"
    return g


extend.defvjp(without_nan, clean)
extend.defvjp(never_nan, refuse)


def reads(x):
    """Items of a computed array, read on both sides of a selection: pieces add up in one cotangent."""
    y = x * 2.0
    taken = y[1] + anp.sum(anp.where(y > 1.0, anp.log(y), 0.0))
    return taken + y[2] * y[1] + y[0]


FUNCTIONS = {
    "a branch": lambda x: anp.sum(anp.where(x > 0, x * anp.log(x), 0.0)),
    "both branches": lambda x: anp.sum(anp.where(x > 0, anp.log(x), anp.sqrt(x + 1.0) * x)),
    "a chain": lambda x: anp.sum(anp.maximum(anp.where(x > 0.1, anp.sqrt(x), x), 0.2) ** 2),
    "a rule that removes NaN": lambda x: anp.sum(anp.where(x > 0, anp.log(without_nan(x)), 0.0)),
    "a rule that refuses NaN": lambda x: anp.sum(anp.where(x > 0, anp.log(never_nan(x)), 0.0)),
    "items": reads,
    "items of nothing": lambda x: anp.log(x)[1] + anp.sqrt(x)[2] * anp.sqrt(x)[1],
    "a product of matrices": lambda x: anp.sum(anp.outer(X, X) @ anp.where(x > 1.0, anp.sqrt(x), x)),
    "a checkpoint": lambda x: anp.sum(anp.where(x > 0, checkpoint(lambda y: anp.log(y) * anp.sqrt(y))(x), 0.0)),
    "several outputs": lambda x: anp.sum(anp.where(x > 0.1, anp.modf(x * 1.25)[0] * anp.sqrt(x), 0.0)),
    "a write": lambda x: anp.sum(written(anp.sqrt(x) * x)),
}


def written(y):
    y[0] = 1.0
    return anp.where(y > 0.2, anp.log(y), y)


def of_gradient(function):
    return lambda x: anp.sum(grad(function)(x) ** 2)


TRANSFORMATIONS = {
    "grad": grad,
    "jacobian": jacobian,
    "grad of grad": lambda f: grad(of_gradient(f)),
    "vmap of grad": lambda f: lambda x: vmap(grad(f))(np.stack([x, x[::-1], x + 0.25])),
}


def unmasked_or_not(monkeypatch):
    """A list that gets, for each pass that meets a mask, whether it did without."""
    did_without = []
    pull = passing.pull_without_masks

    def noted(*args):
        found = pull(*args)
        did_without.append(found is not None)
        return found

    monkeypatch.setattr(passing, "pull_without_masks", noted)
    return did_without


@pytest.mark.parametrize("transformation", TRANSFORMATIONS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_found_without_masks_is_what_masks_give(name, transformation, monkeypatch):
    function = TRANSFORMATIONS[transformation](FUNCTIONS[name])
    with np.errstate(all="ignore"):
        found = function(X), function(X + 0.25)
        monkeypatch.setattr(passing, "pull_without_masks", lambda *args: None)
        expected = function(X), function(X + 0.25)
    np.testing.assert_allclose(found, expected, rtol=1e-14)  # sums may be added up in another order


def test_what_is_finite_goes_without_masks(monkeypatch):
    did_without = unmasked_or_not(monkeypatch)
    with np.errstate(all="ignore"):
        grad(lambda x: anp.sum(anp.where(x > 1.0, anp.sin(x), x * x)))(X)
        grad(FUNCTIONS["a branch"])(X)
    assert did_without == [True, False]


def test_large_arrays_go_with_masks(monkeypatch):
    """The pass without masks keeps the graph until its end."""
    did_without = unmasked_or_not(monkeypatch)
    x = np.linspace(1.0, 2.0, LEAST // 8)
    gradient = grad(lambda x: anp.maximum(anp.sum(anp.sin(x)) * 2.0, anp.sum(x) * 0.5))  # large from the sums on
    np.testing.assert_allclose(gradient(x), 2 * np.cos(x))
    grad(lambda x: anp.sum(anp.sqrt(anp.where(x > 1.5, x, x * x))))(x)
    assert did_without == [False, False]


def test_a_rule_that_raises_does_so_once_masks_are_there():
    with np.errstate(all="ignore"), pytest.raises(AssertionError, match="not finite"):
        grad(lambda x: anp.sum(anp.where(x > 0.1, anp.sqrt(never_nan(x * 0.0)), x)))(X)
