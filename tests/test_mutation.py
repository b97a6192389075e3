"""Arrays that are changed while a derivative still needs them.

Each situation computes with ``hold(w)`` and then writes into ``w``. With ``hold`` a copy nothing can go wrong: that is
what is expected where ``hold`` hands over ``w`` itself.
"""

import os
import subprocess
import sys

import numpy as np
import pytest

from autodiff_trace import MutationError, check_mutation, checkpoint, custom_vjp, fori_loop, grad, hessian, hvp
from autodiff_trace import jacfwd, jacobian, jacrev, jit, jvp, linearize, scan, stop_gradient, to_numpy, vjp, vmap
from autodiff_trace import numpy as anp

X = np.array([1.2, 2.1, 3.3])


def same(x):
    return x


def work_buffer(x, hold):
    w = np.zeros(3)
    total = 0.0
    for k in range(3):
        w[:] = 0
        w[k] = 1.0
        total = total + anp.sum(x * hold(w)) * (k + 1)
    return total


def used_with(use, change=None, start=lambda: np.array([0.5, 1.5, 2.5])):
    """Use an array, change it, use it again, change it again."""

    def situation(x, hold):
        w = start()
        total = anp.sum(use(x, hold(w)) * 1.3)
        for _ in range(2):
            if change is None:
                w[...] = w[..., ::-1] * 2 + 1 if w.ndim else w + 1
            else:
                change(w)
            total = total + anp.sum(use(x, hold(w)) ** 2)
        return total

    return situation


def roll(w):
    w[...] = np.roll(w, 1)


def matrix():
    return np.arange(1.0, 10.0).reshape(3, 3) + 5 * np.eye(3)


def hold_slices(x, w):
    return x[slice(0, 2), None] * w[:2]


def sorted_in_place(x, hold):
    w = np.array([3.0, 1.0, 2.0])
    y = x * hold(w)
    w.sort()
    return anp.sum(y * hold(w))


def cache_decays(x, hold):
    cache = np.ones(3)
    total = 0.0
    for _ in range(3):
        total = total + anp.sum(anp.exp(x / hold(cache)))
        cache *= 0.5
    return total


def out_argument(x, hold):
    tmp = np.empty(3)
    total = 0.0
    for k in range(3):
        np.multiply([1.0, 2.0, 3.0], k + 1, out=tmp)
        total = total + anp.sum(x * hold(tmp)) ** 2
    return total


def rows_of_a_table(x, hold):
    table = np.eye(3)
    total = 0.0
    for k in range(3):
        total = total + anp.sum(x * hold(table[k])) ** 2
        table[k] = 7.0
    return total


def base_of_a_view(x, hold):
    base = np.arange(1.0, 7.0)
    y = anp.sum(x * hold(base[::2])) ** 2
    base[:] = 0
    return y


def view_of_a_base(x, hold):
    base = np.arange(1.0, 4.0)
    y = anp.sum(x * hold(base)) ** 2
    base[1:][:] = 9
    return y


def mask_from_a_comparison(x, hold):
    mask = x > 2.0
    y = anp.sum(x[hold(mask)] ** 2) + anp.sum(anp.where(hold(mask), x**3, 0.0))
    mask[:] = ~mask
    return y


def index_list(x, hold):
    index = [0, 1]
    y = anp.sum(x[index if hold is same else list(index)] ** 2)
    index[0] = 2
    return y


def number_list(x, hold):
    numbers = [1.0, 2.0, 3.0]
    y = anp.sum(anp.multiply(x, numbers if hold is same else list(numbers)) ** 2)
    numbers[0] = 100.0
    return y


def list_of_arrays(x, hold):
    w = np.array([1.0, 2.0, 3.0])
    y = anp.sum(anp.concatenate([x, hold(w)]) ** 2) + anp.sum(anp.stack([x * x, hold(w)]) ** 2)
    w[:] = 0
    return y


def stopped(x, hold):
    y = anp.exp(x)
    s = stop_gradient(y)
    total = anp.sum(y * hold(s))
    s[:] = 0
    return total


def plain_value(x, hold):
    y = anp.exp(x)
    to_numpy(y)[:] = 0
    to_numpy(x)[:] = 0
    return anp.sum(y * x)


def box_of_outside(x, hold):
    """The inner derivative needs what a traced value of the outer function was."""
    y = x * 2.0
    z = y if hold is same else y + 0.0

    def inner(u):
        total = anp.sum(u * u * z)
        y[...] = 0.0
        return total

    return anp.sum(grad(inner)(x) ** 2)


SITUATIONS = {
    "work buffer": work_buffer,
    "operand of *": used_with(lambda x, w: x * w),
    "left of *": used_with(lambda x, w: w * x),
    "anp.multiply": used_with(anp.multiply),
    "np.multiply": used_with(lambda x, w: np.multiply(w, x)),
    "divisor": used_with(lambda x, w: x / w),
    "dividend": used_with(lambda x, w: w / x),
    "exponent": used_with(lambda x, w: x**w),
    "base": used_with(lambda x, w: w**x),
    "0-d exponent": used_with(lambda x, w: x**w, start=lambda: np.array(2.0)),
    "0-d factor": used_with(lambda x, w: x * w, start=lambda: np.array(2.0)),
    "maximum": used_with(anp.maximum),
    "arctan2": used_with(anp.arctan2),
    "logaddexp": used_with(anp.logaddexp),
    "remainder": used_with(lambda x, w: anp.remainder(w, x)),
    "@": used_with(lambda x, w: x @ w),
    "matrix @": used_with(lambda x, w: w @ x, start=matrix),
    "@ matrix": used_with(lambda x, w: x @ w, start=matrix),
    "transposed": used_with(lambda x, w: w.T @ x, start=matrix),
    "Fortran order": used_with(lambda x, w: w @ x, start=lambda: np.asfortranarray(matrix())),
    "einsum": used_with(lambda x, w: anp.einsum("ij,j->i", w, x), start=matrix),
    "tensordot": used_with(lambda x, w: anp.tensordot(w, x, 1), start=matrix),
    "outer": used_with(anp.outer),
    "convolve": used_with(anp.convolve),
    "solve": used_with(lambda x, w: anp.linalg.solve(w, x), start=matrix),
    "average": used_with(lambda x, w: anp.average(x, weights=w)),
    "interp": used_with(lambda x, w: anp.interp(x, np.arange(5.0), w), start=lambda: np.arange(5.0) ** 2),
    "float32": used_with(lambda x, w: x * w, start=lambda: np.ones(3, np.float32)),
    "broadcast": used_with(lambda x, w: x[:, None] * w, start=matrix),
    "slices": used_with(hold_slices),
    "index array": used_with(lambda x, w: x[w], roll, lambda: np.array([0, 2, 1, 0])),
    "pair of index arrays": used_with(
        lambda x, w: anp.outer(x, x)[w, w[::-1]], roll, lambda: np.array([0, 2, 1, 0])
    ),
    "take": used_with(anp.take, roll, lambda: np.array([0, 2, 1, 0])),
    "take_along_axis": used_with(lambda x, w: anp.take_along_axis(x, w, 0), roll, lambda: np.array([0, 2])),
    "mask": used_with(lambda x, w: x[w], roll, lambda: np.array([True, False, False])),
    "where": used_with(lambda x, w: anp.where(w, x, -x), roll, lambda: np.array([True, False, False])),
    "where= of a sum": used_with(lambda x, w: anp.sum(x * x, where=w), roll, lambda: np.array([True, False, False])),
    "memoryview": lambda x, hold: used_with(lambda x, w: anp.multiply(x, memoryview(w)))(x, hold),
    "sorted in place": sorted_in_place,
    "cache": cache_decays,
    "out=": out_argument,
    "rows": rows_of_a_table,
    "base of a view": base_of_a_view,
    "view of a base": view_of_a_base,
    "mask from a comparison": mask_from_a_comparison,
    "index list": index_list,
    "list": number_list,
    "list of arrays": list_of_arrays,
    "stop_gradient": stopped,
    "to_numpy": plain_value,
    "traced value of outside": box_of_outside,
}

MODES = {
    "grad": grad,
    "vjp": lambda f: lambda x: vjp(f, x)[1](1.0)[0],
    "linearize": lambda f: lambda x: np.array([linearize(f, x)[1](row) for row in np.eye(3)]),
    "jvp": lambda f: lambda x: np.array([jvp(f, (x,), (row,))[1] for row in np.eye(3)]),
    "jacfwd": jacfwd,
    "jacrev": jacrev,
    "grad of checkpoint": lambda f: grad(checkpoint(f)),
    "hessian": hessian,
    "hvp": lambda f: lambda x: hvp(f)(x, X),
    "grad of grad": lambda f: grad(lambda x: anp.sum(grad(f)(x) * X)),
    "vmap": lambda f: lambda x: vmap(grad(f))(np.stack([x, x]))[1],
    "jit": lambda f: lambda x: run_twice(jit(grad(f)), x),
    "grad of jit": lambda f: grad(jit(f)),
    "jit of the function": jit,
}


def run_twice(f, x):
    first = f(x)
    np.testing.assert_allclose(f(x), first)
    return first


@pytest.mark.filterwarnings("ignore::autodiff_trace.compiler.jitted.JitWarning")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", SITUATIONS)
def test_small_arrays_are_kept_by_copy(name, mode):
    situation = SITUATIONS[name]
    if mode == "vmap" and name in ("mask", "mask from a comparison"):
        pytest.skip("boolean masks of mapped arrays have no fixed shape")
    if mode in ("grad of checkpoint",) and name == "traced value of outside":
        pytest.skip("writes what it closes over")

    def expected(x):
        return situation(x, np.copy)

    def found(x):
        return situation(x, same)

    x = X.copy()
    np.testing.assert_allclose(MODES[mode](found)(x), MODES[mode](expected)(X), rtol=1e-12)
    np.testing.assert_array_equal(x, X)
