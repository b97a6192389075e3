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
from autodiff_trace import jacfwd, jacrev, jit, jvp, linearize, scan, stop_gradient, to_numpy, vjp, vmap
from autodiff_trace import numpy as anp

pytestmark = pytest.mark.filterwarnings("ignore::autodiff_trace.compiler.jitted.JitWarning")

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


LEFT_OUT = {
    ("mask", "vmap"), ("mask from a comparison", "vmap"),  # boolean masks of mapped arrays have no fixed shape
    ("traced value of outside", "grad of checkpoint"),  # writes what it closes over
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_small_arrays_are_kept_by_copy(name):
    situation = SITUATIONS[name]

    def expected(x):
        return situation(x, np.copy)

    def found(x):
        return situation(x, same)

    for mode, transform in MODES.items():
        if (name, mode) not in LEFT_OUT:
            x = X.copy()
            np.testing.assert_allclose(transform(found)(x), transform(expected)(X), rtol=1e-12, err_msg=mode)
            np.testing.assert_array_equal(x, X, err_msg=mode)


# What is read when the backward pass comes: after the function has returned


def test_inputs_and_outputs_of_vjp_may_be_changed():
    for n in (3, 2000):
        x, w = np.linspace(1.0, 2.0, n), np.ones(n)
        (y, z), pullback = vjp(lambda x, w: (anp.exp(x) * w, x * x), x.copy(), w.copy())
        expected = pullback((np.ones(n), np.ones(n)))
        a, b = x.copy(), w.copy()
        (y, z), pullback, aux = vjp(lambda x, w: ((anp.exp(x) * w, x * x), [x, anp.exp(x)]), a, b, has_aux=True)
        g = np.ones(n)
        first = pullback((g, g))
        for array in (a, b, y, z, *aux, g, *first):
            array[...] = -5.0
        second = pullback((np.ones(n), np.ones(n)))
        np.testing.assert_allclose(second, expected)


def test_inputs_and_outputs_of_linearize_may_be_changed():
    for n in (3, 2000):
        x = np.linspace(1.0, 2.0, n)
        y, push = linearize(lambda x: anp.exp(x) * x, x)
        expected = push(np.ones(n)).copy()
        t = np.ones(n)
        pushed = push(t)
        for array in (x, y, t, pushed):
            array[...] = 0.0
        np.testing.assert_allclose(push(np.ones(n)), expected)


@pytest.mark.parametrize("n", [3, 2000])
def test_to_numpy_does_not_reach_the_array_of_the_caller(n):
    def f(x):
        to_numpy(x)[:] = 0
        y = anp.exp(x)
        to_numpy(y)[:] = 0
        to_numpy({"a": [y]})["a"][0][:] = 0
        return anp.sum(y)

    x = np.ones(n)
    for gradient in (grad(f), jacfwd(f), jit(grad(f)), lambda x: vjp(f, x)[1](1.0)[0]):
        np.testing.assert_allclose(gradient(x), np.exp(np.ones(n)))
        np.testing.assert_array_equal(x, np.ones(n))
    vmap(f)(x[None])
    np.testing.assert_array_equal(x, np.ones(n))


@pytest.mark.parametrize("transformation", [grad, jacrev, jacfwd, hessian, lambda f: lambda x: vjp(f, x)])
@pytest.mark.parametrize("n", [3, 600])
def test_a_function_that_writes_into_what_it_is_differentiated_at(transformation, n):
    x = np.ones(n)

    def f(z):
        y = anp.sum(z * z)
        x[:] = 2.0
        return y + anp.sum(z)

    with pytest.raises(MutationError, match="by another name than that of its parameter"):
        transformation(f)(x)


def test_arguments_of_checkpoint_may_be_changed():
    def f(x, w, index):
        return anp.sum(anp.sin(x[index] * w))

    def total(x, copy):
        w, index = np.ones(3), np.array([0, 1, 2])
        result = 0.0
        for k in range(3):
            w[:] = k + 1.0
            index[:] = np.roll(index, 1)
            y = x * 1.0
            result = result + checkpoint(f)(y, copy(w), copy(index))
            y[:] = 0.0
        return result

    expected = grad(lambda x: total(x, np.copy))(X)
    for gradient in (grad, lambda f: jit(grad(f)), lambda f: lambda x: vjp(f, x)[1](1.0)[0]):
        np.testing.assert_allclose(gradient(lambda x: total(x, same))(X), expected)


def test_what_scan_reads_may_be_changed():
    def total(x, copy):
        xs, start = np.arange(9.0), np.zeros(3)
        carry, _ = scan(lambda c, k: (anp.sin(c * x + k * x), c), copy(start), copy(xs))
        xs[:] = 0.0
        start[:] = 5.0
        return anp.sum(carry)

    expected = grad(lambda x: total(x, np.copy))(X)
    np.testing.assert_allclose(grad(lambda x: total(x, same))(X), expected)
    large = np.ones((3000, 3))

    def of_large(x):
        carry, _ = scan(lambda c, k: (c * anp.sum(k * x), None), 1.0, large)
        large[:] = 0.0
        return carry

    np.testing.assert_allclose(grad(of_large)(X / X.sum()), np.full(3, 3000.0))
    assert np.shape(grad(lambda x: fori_loop(0, 3, lambda i, c: c * anp.sum(x), 1.0))(X)) == (3,)


def test_residuals_of_a_custom_rule_may_be_changed():
    buffer = np.zeros(3)

    @custom_vjp
    def f(x):
        return anp.sum(x**2)

    def fwd(x):
        buffer[:] = 2 * to_numpy(x)
        return anp.sum(x**2), buffer

    f.defvjp(fwd, lambda residuals, g: (g * residuals,))
    np.testing.assert_allclose(grad(lambda x: f(x) + f(x * 3.0))(X), 2 * X + 18 * X)


# Large arrays are not copied: they are looked at

LARGE = 600  # elements of 8 bytes: more than a page


LARGE_SITUATIONS = {
    "operand of *": (lambda x, w: x * w, np.ones),
    "divisor": (lambda x, w: x / w, np.ones),
    "@": (lambda x, w: x @ w, np.ones),
    "matrix @": (lambda x, w: w @ x, lambda n: np.ones((5, n))),
    "@ transposed": (lambda x, w: x @ w.T, lambda n: np.ones((5, n))),
    "strided": (lambda x, w: x * w, lambda n: np.ones(3 * n)[::3]),
    "strided matrix": (lambda x, w: w @ x, lambda n: np.ones((5, 2 * n))[:, ::2]),
    "Fortran order": (lambda x, w: w @ x, lambda n: np.ones((5, n), order="F")),
    "exponent": (lambda x, w: x**w, lambda n: np.full(n, 2.0)),
    "index": (lambda x, w: x[w], np.arange),
    "mask": (lambda x, w: anp.where(w, x, -x), lambda n: np.arange(9 * n) % 2 == 0),
    "einsum": (lambda x, w: anp.einsum("i,i->i", x, w), np.ones),
    "keyword": (lambda x, w: anp.average(x, weights=w), np.ones),
}


@pytest.mark.parametrize("name", LARGE_SITUATIONS)
def test_a_change_of_a_large_array_is_an_error(name):
    use, start = LARGE_SITUATIONS[name]

    def f(x, copy=False):
        w = start(LARGE)
        x = anp.repeat(x, 9) if w.size == 9 * LARGE else x
        y = anp.sum(use(x, w.copy() if copy else w) ** 2)
        w[...] = 0
        return y

    x = np.linspace(1.0, 2.0, LARGE)
    with pytest.raises(MutationError, match=r"shape .* dtype .*argument .* of .*test_mutation.py, line .*copy\(\)"):
        grad(f)(x)
    with check_mutation("off"):
        grad(f)(x)
    assert grad(f)(x, copy=True).shape == x.shape
    assert jacfwd(f)(x).shape == x.shape  # forward mode reads it at once


def test_large_arrays_that_no_rule_reads_may_be_changed():
    def f(x, hold):
        w = np.ones(LARGE)
        parts = [x + hold(w), hold(w) - x, anp.concatenate([x * x, hold(w)]), anp.stack([x * x, hold(w)])]
        parts += [anp.hypot(x, 1.0) + hold(w), anp.remainder(x, hold(w)), anp.array([x * x, hold(w)])]
        parts.append(anp.where(x > 1.5, x * x, hold(w)))
        w[:] = 3.0
        return sum(anp.sum(part**2) for part in parts)

    x = np.linspace(1.1, 1.9, LARGE)
    np.testing.assert_allclose(grad(lambda x: f(x, same))(x), grad(lambda x: f(x, np.copy))(x))


def test_levels_of_check_mutation():
    w = np.ones(10000)

    def f(x):
        y = anp.sum(x * w)
        w[3] += 1.0  # none of the elements that are compared
        return y

    x = np.ones(10000)
    grad(f)(x)
    with check_mutation("full"):
        with pytest.raises(MutationError):
            grad(f)(x)
        with check_mutation("off"):
            grad(f)(x)
        with pytest.raises(MutationError):
            grad(f)(x)
    grad(f)(x)
    with pytest.raises(ValueError, match="'never'"), check_mutation("never"):
        pass


def test_each_column_of_a_matrix_is_looked_at():
    for shape in ((64, 64), (1024, 32), (100, 100)):
        for column in range(shape[1]):
            w = np.zeros(shape)

            def f(x):
                y = anp.sum(x * w)
                w[:, column] = 1.0
                w[:, (column + shape[1] // 2) % shape[1]] = 1.0
                return y

            if shape[1] <= 64:
                with pytest.raises(MutationError):
                    grad(f)(np.ones(shape))


@pytest.mark.parametrize("level, fails", [("off", False), ("sample", True), ("full", True), ("", True)])
def test_the_environment_gives_the_level(level, fails):
    code = """
import numpy as np
from autodiff_trace import grad, numpy as anp
w = np.ones(1000)
def f(x):
    y = anp.sum(x * w)
    w[:] = 0
    return y
grad(f)(np.ones(1000))
"""
    environment = {**os.environ, "AUTODIFF_TRACE_CHECK_MUTATION": level}
    if not level:
        del environment["AUTODIFF_TRACE_CHECK_MUTATION"]
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert ("MutationError" in run.stderr) == fails and (run.returncode != 0) == fails, run.stderr


def test_an_unknown_level_in_the_environment_is_an_error():
    environment = {**os.environ, "AUTODIFF_TRACE_CHECK_MUTATION": "always"}
    command = [sys.executable, "-c", "import autodiff_trace"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert "AUTODIFF_TRACE_CHECK_MUTATION is 'always'" in run.stderr


# jit: a program stands for the function in all runs, or there is none


@pytest.mark.parametrize("size", [3, 600, 20000])
def test_a_work_buffer_in_a_jitted_function(size):
    w = np.zeros(size)

    def f(x):
        total = 0.0
        for k in range(3):
            w[:] = 0
            w[k] = 1.0
            total = total + anp.sum(x * w) * (k + 1)
        w[:] = 0
        w[0] = 1.0  # as it was when it was first used
        return total

    x = np.linspace(1.0, 2.0, size)
    expected = x[0] + 2 * x[1] + 3 * x[2]
    g = jit(f)
    for _ in range(3):
        np.testing.assert_allclose(g(x), expected)
        w[:] = 7.0


def test_jitted_functions_that_share_a_work_buffer():
    w = np.zeros(3)

    def use(k):
        def f(x):
            w[:] = 0
            w[k] = 1.0
            return anp.sum(x * x * w)

        return f

    for transformation in (lambda f: f, grad):
        functions = [jit(transformation(use(k))) for k in range(3)]
        for _ in range(3):
            for k, f in enumerate(functions):
                w[:] = 0
                np.testing.assert_allclose(f(X), transformation(use(k))(X))


def test_a_counter_in_a_jitted_function_counts_once():
    count = np.zeros(1)

    def f(x):
        count[:] += 1
        y = x * count
        count[:] += 1
        return anp.sum(y + x * count)

    g = jit(f)
    for k in range(3):
        np.testing.assert_allclose(g(X), np.sum(X * (2 * k + 1) + X * (2 * k + 2)))
    assert count[0] == 6


def test_a_program_reads_the_array_itself_and_not_the_copy_of_a_derivative():
    w = np.ones(3)
    g = jit(grad(lambda x: anp.sum(x * x * w)))
    for k in range(4):
        w[:] = k
        np.testing.assert_allclose(g(X), 2 * k * X)
    assert g.cache_info().traces == 1


def changed_after(f):
    """A checkpoint of ``f(x, w)`` that closes over ``w``, which is changed after the call."""

    def total(x):
        w = np.array([2, 0, 1])
        y = checkpoint(lambda x: f(x, w))(x)
        w[:] = w[::-1].copy()
        return y

    return total


@pytest.mark.parametrize(
    "f",
    [
        lambda x, w: anp.sum(anp.sin(x * w)),
        lambda x, w: anp.sum(x[w] ** [1, 2, 3]),
        lambda x, w: anp.sum(x[w, None] ** 2 * x),
        lambda x, w: anp.sum(anp.take(x, indices=w) * x**2),
        lambda x, w: anp.sum(anp.concatenate([x, w]) ** 2),
        lambda x, w: scan(lambda c, k: (c * anp.sum(x * w) * k, None), 1.0, np.arange(1.0, 5.0))[0],
    ],
)
def test_arrays_that_a_checkpoint_closes_over(f):
    def mapped(f):
        return lambda x: vmap(grad(f))(x[None])

    for gradient in (grad, jacrev, hessian, mapped, lambda f: lambda x: vjp(f, x)[1](1.0)):
        np.testing.assert_allclose(gradient(changed_after(f))(X), gradient(lambda x: f(x, np.array([2, 0, 1])))(X))


def test_a_buffer_that_a_checkpoint_fills_itself():
    w = np.zeros(3)

    def f(x, k):
        w[:] = 0
        w[k] = 1.0
        inner = np.ones(3)
        y = anp.sum(anp.sin(x * w) * inner)
        inner *= 3.0
        return y * anp.sum(x * inner)

    def total(x, transformation=same):
        return sum(transformation(f)(x, k) for k in range(3))

    for gradient in (grad, hessian, lambda f: lambda x: vjp(f, x)[1](1.0)[0]):
        np.testing.assert_allclose(gradient(lambda x: total(x, checkpoint))(X), gradient(total)(X))


@pytest.mark.parametrize("size", [3, 2000])
@pytest.mark.parametrize("transform", [grad, lambda f: jit(grad(f)), lambda f: grad(jit(f))])
def test_an_object_that_numpy_reads_as_an_array(size, transform):
    class Table:
        def __init__(self):
            self.values = np.full(size, 2.0)

        def __array__(self, dtype=None, copy=None):
            return self.values

    def f(x, write):
        table = Table()
        y = anp.sum(anp.multiply(x, table))
        if write:
            table.values[:] = 9.0
        return y

    assert np.array_equal(transform(lambda x: f(x, False))(np.ones(size)), np.full(size, 2.0))
    with pytest.raises(MutationError, match="argument 1 of multiply"):
        transform(lambda x: f(x, True))(np.ones(size))
