"""``scipy.optimize.minimize``, traced: each method, bounds, constraints, containers, what is refused."""

import io
import types
import warnings

import numpy as np
import pytest

import scipy_table  # noqa: F401  skips the module without SciPy
import scipy.optimize

from autodiff_trace import (
    TracedValueError, checkpoint, grad, hessian, jacfwd, jacobian, jacrev, jit, jvp, to_numpy, vmap,
)
from autodiff_trace import numpy as anp
from autodiff_trace.scipy import optimize
from solution_modes import compare_modes, newton_written_out

METHODS = """
    Nelder-Mead Powell CG BFGS Newton-CG L-BFGS-B TNC COBYLA COBYQA SLSQP trust-constr dogleg trust-ncg trust-exact
    trust-krylov
""".split()
SCIPY = np.lib.NumpyVersion(scipy.__version__)


def skip_what_is_missing(method, kind=""):
    if method == "COBYQA" and SCIPY < "1.14.0" or method == "COBYLA" and kind == "eq" and SCIPY < "1.16.0":
        pytest.skip(f"{method} {kind} is not in this SciPy")


Q = np.array([[3.0, 1.0, 0.5], [1.0, 2.0, 0.2], [0.5, 0.2, 1.0]])
P = np.array([0.5, 2.0, -1.0])


def quartic(x, a):
    return anp.sum((x - a) ** 2) + anp.sum(x**4)


def exact_quartic(a):
    return newton_written_out(lambda x: 2 * (x - a) + 4 * x**3, np.ones(2))


@pytest.mark.parametrize("method", METHODS)
def test_each_method(method):
    skip_what_is_missing(method)
    a = np.array([1.0, 2.0])
    slopes = jacobian(exact_quartic)(a)

    def solve(a):
        return optimize.minimize(quartic, np.ones(2), (a,), method=method)

    assert solve(a).success
    np.testing.assert_allclose(solve(a).x, exact_quartic(a), atol=1e-3)
    np.testing.assert_allclose(jacrev(lambda a: solve(a).x)(a), slopes, atol=1e-9)
    np.testing.assert_allclose(grad(lambda a: solve(a).fun)(a), 2 * (a - exact_quartic(a)), atol=1e-9)


def test_plain_calls_have_scipys_result_from_exact_derivatives():
    found = optimize.minimize(optimize.rosen, np.array([1.3, 0.7]))
    expected = scipy.optimize.minimize(scipy.optimize.rosen, np.array([1.3, 0.7]), jac=scipy.optimize.rosen_der)
    assert type(found) is type(expected) and found.keys() == expected.keys()
    assert found.nfev == expected.nfev and type(found.success) is bool
    np.testing.assert_allclose(found.x, expected.x, rtol=1e-9)


def test_every_mode():
    def solve(a):
        return optimize.minimize(quartic, np.ones(2), (a,)).x

    def closed_over(a):
        return optimize.minimize(lambda x: quartic(x, a), np.ones(2)).x

    a = np.array([1.0, 2.0])
    compare_modes(solve, exact_quartic, a, 1e-8, order=2)
    compare_modes(closed_over, exact_quartic, a, 1e-8, order=2)
    compare_modes(lambda a: optimize.minimize(quartic, np.ones(2), (a,)).fun,
                  lambda a: quartic(exact_quartic(a), a), a, 1e-8, order=2)
    np.testing.assert_allclose(jacrev(checkpoint(closed_over))(a), jacobian(exact_quartic)(a), atol=1e-9)


def test_start_has_no_derivative():
    found = vmap(lambda x0: optimize.minimize(lambda x: anp.sum((x**2 - 1) ** 2), x0).x)(np.array([[2.0], [-2.0]]))
    np.testing.assert_allclose(found, [[1.0], [-1.0]], atol=1e-5)
    assert grad(lambda x0: optimize.minimize(lambda x: anp.sum((x - 1) ** 2), x0).x[0])(np.zeros(1)) == 0


def bounded(p, **options):
    bounds = [(0, None), (None, p[0]), (-1, 1)]
    return optimize.minimize(lambda x: 0.5 * x @ Q @ x - p @ x + 0.1 * anp.sum(x**4), np.zeros(3), bounds=bounds,
                             **options)


def exact_bounded(p):
    """With the second unknown at its upper bound."""
    def residual(x):
        full = anp.stack([x[0], p[0], x[1]])
        return (Q @ full - p + 0.4 * full**3)[np.array([0, 2])]

    x = newton_written_out(residual, np.zeros(2))
    return anp.stack([x[0], p[0], x[1]])


@pytest.mark.parametrize("method", ["L-BFGS-B", "TNC", "SLSQP", "trust-constr", "Nelder-Mead", "Powell", "COBYQA"])
def test_bounds_hold_some_unknowns(method):
    skip_what_is_missing(method)
    np.testing.assert_allclose(jacrev(lambda p: bounded(p, method=method).x)(P), jacobian(exact_bounded)(P), atol=1e-8)


def test_bounds_in_every_mode():
    compare_modes(lambda p: bounded(p).x, exact_bounded, P, 1e-8, order=2)

    def value(p):
        x = exact_bounded(p)
        return 0.5 * x @ Q @ x - p @ x + 0.1 * anp.sum(x**4)

    compare_modes(lambda p: bounded(p).fun, value, P, 1e-8)


def test_kinds_of_bounds():
    for bounds in (scipy.optimize.Bounds([0, 0], [0.5, 2]), [(0, 0.5), (0, 2)], [(0.0, 0.5), (None, None)]):
        found = optimize.minimize(optimize.rosen, np.zeros(2), bounds=bounds)
        np.testing.assert_allclose(found.x, [0.5, 0.25], atol=1e-5)

    def limited(b):
        tree = optimize.minimize(lambda p: optimize.rosen(p["a"]), {"a": np.zeros(2)},
                                 bounds=({"a": np.zeros(2)}, {"a": anp.stack([b, 2.0])})).x
        return tree["a"]

    compare_modes(limited, lambda b: anp.stack([b, b * b]), np.float64(0.5), 1e-7)
    with pytest.raises(ValueError, match="there are 1 for 2 unknowns"):
        optimize.minimize(optimize.rosen, np.zeros(2), bounds=[(0, 1)])


def constrained(kind, p, method):
    """|x − p|² on the plane Σ x = p₀, in whatever way that is said, and with a constraint that does not matter."""
    ones = np.ones((1, 3))
    slack = {"type": "ineq", "fun": lambda x: 100 - x @ x}
    constraints = {
        "eq": [slack, {"type": "eq", "fun": lambda x, a: anp.sum(x) - a, "args": (p[0],)}],
        "ineq": [{"type": "ineq", "fun": lambda x: p[0] - anp.sum(x)}, slack],
        "linear": scipy.optimize.LinearConstraint(ones * p[1] / p[1], -np.inf, p[0]),
        "nonlinear": scipy.optimize.NonlinearConstraint(
            lambda x: anp.stack([anp.sum(x), x[0]]), np.array([-np.inf, -np.inf]), anp.stack([p[0], 50.0])),
    }[kind]
    return optimize.minimize(lambda x: anp.sum((x - p) ** 2), np.zeros(3), constraints=constraints, method=method)


def exact_constrained(p):
    return p + (p[0] - anp.sum(p)) / 3


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr", "COBYLA", "COBYQA"])
@pytest.mark.parametrize("kind", ["eq", "ineq", "linear", "nonlinear"])
def test_constraints(kind, method):
    skip_what_is_missing(method, kind)
    p = np.array([0.5, 2.0, -1.0])
    np.testing.assert_allclose(jacrev(lambda p: constrained(kind, p, method).x)(p), jacobian(exact_constrained)(p),
                               atol=1e-8)
    np.testing.assert_allclose(grad(lambda p: constrained(kind, p, method).fun)(p),
                               grad(lambda p: anp.sum((exact_constrained(p) - p) ** 2))(p), atol=1e-8)


@pytest.mark.parametrize("kind", ["eq", "nonlinear"])
def test_constraints_in_every_mode(kind):
    compare_modes(lambda p: constrained(kind, p, "SLSQP").x ** 2, lambda p: exact_constrained(p) ** 2, P, 1e-8)


def test_curved_constraint():
    """The point of the circle |x|² = r that is farthest in the direction p."""
    def solve(p):
        circle = {"type": "ineq", "fun": lambda x: p[0] - x @ x}
        return optimize.minimize(lambda x: -x @ p[1:], np.ones(2) * 0.1, constraints=circle).x

    compare_modes(solve, lambda p: p[1:] * anp.sqrt(p[0] / (p[1:] @ p[1:])), np.array([2.0, 1.0, 3.0]), 1e-8, order=2)


def test_many_unknowns_need_no_matrix(monkeypatch):
    n = 12
    monkeypatch.setattr(optimize.calls, "MOST_DENSE", 10)
    ends = np.linspace(1, 2, n)

    def energy(x, s):
        return anp.sum((x - s * ends) ** 2) + anp.sum((x[1:] - x[:-1]) ** 2) + 0.1 * anp.sum(x**4)

    def solve(s):
        return optimize.minimize(lambda x: energy(x, s), np.zeros(n), method="L-BFGS-B").x

    def exact(s):
        return newton_written_out(grad(lambda x: energy(x, s)), np.ones(n), 6)

    slope = grad(lambda s: anp.sum(exact(s)))
    total = lambda s: anp.sum(solve(s))  # noqa: E731
    for f in (grad(total), jit(grad(total)), lambda s: jvp(total, (s,), (1.0,))[1]):
        np.testing.assert_allclose(f(1.0), slope(1.0), rtol=1e-9)
    np.testing.assert_allclose(grad(grad(total))(1.0), grad(slope)(1.0), rtol=1e-7)

    def bounded(s):
        return optimize.minimize(energy, np.zeros(n), (s,), bounds=[(None, 1.2)] * n)

    by_products = jacobian(lambda s: bounded(s).x)(1.0), grad(lambda s: bounded(s).fun)(1.0)
    monkeypatch.setattr(optimize.calls, "MOST_DENSE", 1000)
    np.testing.assert_allclose(by_products[0], jacobian(lambda s: bounded(s).x)(1.0), rtol=1e-8)
    np.testing.assert_allclose(by_products[1], grad(lambda s: bounded(s).fun)(1.0), rtol=1e-8)


def test_unknowns_of_different_sizes():
    sizes = np.array([1e6, 1e-6])

    def solve(a):
        return optimize.minimize(lambda x: anp.sum(anp.cosh(x / sizes - a)), 0.9 * sizes, method="Nelder-Mead",
                                 options={"xatol": 1e-8, "fatol": 1e-8}).x

    np.testing.assert_allclose(jacobian(lambda a: solve(a) ** 2 / sizes**2)(np.array([1.0, 2.0])), np.diag([2, 4]),
                               rtol=1e-9, atol=1e-9)


def test_data_in_single_precision():
    x = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    y = np.ones(50, np.float32)

    def fit(penalty):
        def loss(w):
            assert w["w"].dtype == np.float32
            return anp.sum((x @ w["w"] - y) ** 2) + penalty * anp.sum(w["w"] ** 2)

        return optimize.minimize(loss, {"w": np.zeros(3, np.float32)}).x["w"]

    def ridge(penalty):
        a = x.astype(float)
        return anp.linalg.solve(a.T @ a + penalty * np.eye(3), a.T @ y)

    found = jacobian(fit)(np.float32(1))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, jacobian(ridge)(1.0), rtol=1e-4, atol=1e-6)


def test_a_callback_that_changes_what_the_function_reads():
    state = {}

    def solve(a, jit):
        state["scale"] = 1.0

        def callback(xk):
            state["scale"] = 3.0

        return optimize.minimize(lambda x: anp.sum((x - a * state["scale"]) ** 2 + 0.1 * x**4), np.zeros(2),
                                 callback=callback, jit=jit).x

    for f in (solve, lambda a, jit: vmap(lambda a: solve(a, jit))(a * np.ones(1))[0]):
        np.testing.assert_array_equal(f(1.0, True), f(1.0, False))


def test_containers_of_unknowns():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 3)), rng.normal(size=20)

    def solve(penalty):
        def loss(w):
            assert np.shape(w["slopes"]) == (3, 1) and np.shape(w["level"]) == ()
            return anp.mean((x @ w["slopes"][:, 0] + w["level"] - y) ** 2) + penalty * anp.sum(w["slopes"] ** 2)

        return optimize.minimize(loss, {"slopes": np.zeros((3, 1)), "level": 0.0})

    def ridge(penalty):
        centred = x - x.mean(axis=0)
        return anp.linalg.solve(centred.T @ centred / 20 + penalty * np.eye(3), centred.T @ (y - y.mean()) / 20)

    compare_modes(lambda penalty: solve(penalty).x["slopes"][:, 0], ridge, np.float64(0.1), 1e-7)
    assert set(solve(0.1).jac) == {"slopes", "level"}


def test_functions_as_scipy_takes_them():
    def value_and_slope(x, a):
        return anp.sum((x - a) ** 2), 2 * (x - a)

    def first(a, **options):
        return optimize.minimize(lambda x, a: anp.sum((x - a) ** 2), np.zeros(2), a, **options).x[0]

    assert grad(lambda a: optimize.minimize(value_and_slope, np.zeros(2), a, jac=True).x[0])(2.0) == pytest.approx(1)
    for jac in ("2-point", lambda x, a: 2 * (x - to_numpy(a))):
        assert grad(first)(2.0, jac=jac) == pytest.approx(1)
    rosen, slope, matrix = scipy.optimize.rosen, scipy.optimize.rosen_der, scipy.optimize.rosen_hess
    given = optimize.minimize(rosen, np.zeros(2), method="trust-exact", jac=slope, hess=matrix)
    np.testing.assert_allclose(given.x, 1, atol=1e-5)
    product = scipy.optimize.rosen_hess_prod
    given = optimize.minimize(optimize.rosen, np.zeros(2), method="trust-ncg", hessp=product)
    np.testing.assert_allclose(given.x, 1, atol=1e-3)
    assert optimize.minimize(lambda x: (x - 1) ** 2, 0).x == pytest.approx(1)  # SciPy takes an array of one element
    assert optimize.minimize(lambda x: anp.sum((x - 1) ** 2), np.zeros((2, 1))).x.shape == (2, 1)


def test_functions_that_write_into_their_argument_or_print(capsys):
    def loss(x, a):
        print("evaluated")
        x -= a
        return anp.sum(x**2)

    found = optimize.minimize(loss, np.zeros(2), 1.0)
    np.testing.assert_allclose(found.x, 1)
    assert capsys.readouterr().out.count("evaluated") == found.nfev
    np.testing.assert_allclose(jacrev(lambda a: optimize.minimize(loss, np.zeros(2), (a,)).x)(1.0), 1)


def test_compiled_and_not():
    x = np.random.default_rng(1).normal(size=(50, 4))
    solve = [
        optimize.minimize(lambda w: anp.sum(anp.cosh(x @ w - 1)), np.zeros(4), jit=jit).x for jit in (None, True, False)
    ]
    np.testing.assert_allclose(solve[0], solve[1], atol=1e-6)
    np.testing.assert_allclose(solve[0], solve[2], atol=1e-6)


def test_what_is_read_outside_may_change():
    scale = {"a": 1.0}

    def loss(x):
        return anp.sum((x - scale["a"]) ** 2)

    for scale["a"] in (1.0, 2.0, 3.0, 4.0):
        np.testing.assert_allclose(optimize.minimize(loss, np.zeros(2), jit=True).x, scale["a"])


def test_solutions_within_solutions():
    def inner(a):
        return optimize.minimize(lambda y: (y[0] - a) ** 2 + 0.1 * y[0] ** 4, np.ones(1)).x[0]

    def outer(b):
        return optimize.minimize(lambda a: (inner(a[0]) - b) ** 2, np.array([0.5])).x[0]

    np.testing.assert_allclose(grad(outer)(1.0), 1.6, atol=1e-6)  # y = b for a = b + 0.2 b³


def test_branches_on_success():
    def solve(a):
        found = optimize.minimize(lambda x: optimize.rosen(x - a + 1), np.zeros(2), options={"maxiter": 25})
        return found.x[0] if found.success else a * 7

    assert optimize.minimize(lambda x: optimize.rosen(x - 19), np.zeros(2), options={"maxiter": 25}).success is False
    fast = jit(solve)
    for a in (1.0, 20.0, 1.1, 21.0):
        np.testing.assert_allclose(fast(a), solve(a))
    np.testing.assert_allclose(grad(solve)(1.0), 1, atol=1e-9)
    assert grad(solve)(20.0) == 7


def test_whole_results_go_through_transformations():
    def solve(a):
        return optimize.minimize(lambda x: anp.sum((x - a) ** 2), np.zeros(2))

    batch = vmap(solve)(np.arange(3.0))
    np.testing.assert_allclose(batch.x[:, 0], [0, 1, 2])
    assert batch.success.all() and "batch" in batch.message
    fast = jit(solve)
    assert fast(1.0).message == fast(2.0).message == solve(2.0).message
    np.testing.assert_allclose(jvp(solve, (1.0,), (1.0,))[1].x, 1)


def test_callbacks():
    seen = []
    optimize.minimize(optimize.rosen, np.zeros(2), callback=lambda xk: seen.append(xk.copy()))
    assert len(seen) > 5

    def with_result(intermediate_result):
        seen.append(intermediate_result.x["a"].shape)
        raise StopIteration

    found = optimize.minimize(lambda p: optimize.rosen(p["a"]), {"a": np.zeros(2)}, callback=with_result)
    assert seen[-1] == (2,) and not found.success
    optimize.minimize(
        optimize.rosen, np.zeros(2), method="trust-constr", callback=lambda xk, state: seen.append(state.nit))
    assert isinstance(seen[-1], int)


def test_progress(capsys, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tqdm", None)
    stream = io.StringIO()
    found = optimize.minimize(optimize.rosen, np.zeros(2), callback=optimize.progress(stream))
    lines = stream.getvalue().splitlines()
    assert lines[0].startswith("iteration 1: fun = ") and lines[-1].startswith(f"iteration {found.nit}: ")
    optimize.minimize(optimize.rosen, np.zeros(2), progress=True)
    assert f"iteration {found.nit}: fun" in capsys.readouterr().err


def test_progress_by_tqdm(monkeypatch):
    class Bar:
        def __init__(self, unit):
            self.count, self.is_closed, self.text = 0, False, ""
            bars.append(self)

        def set_postfix_str(self, text, refresh):
            self.text = text

        def update(self):
            assert not self.is_closed
            self.count += 1

        def close(self):
            self.is_closed = True

    bars = []
    monkeypatch.setitem(__import__("sys").modules, "tqdm", types.SimpleNamespace(tqdm=Bar))
    line = optimize.progress()
    assert not bars  # none before there is something to show
    found = [optimize.minimize(optimize.rosen, np.zeros(2), callback=line) for _ in range(2)]
    assert [bar.count for bar in bars] == [each.nit for each in found]
    assert bars[0].text == f"fun = {found[0].fun:.8g}"
    solve = jit(lambda a: optimize.minimize(lambda x: anp.sum((x - a) ** 4), np.zeros(2), progress=True).x)
    for _ in range(3):
        solve(1.0)
    assert len(bars) == 5 and all(bar.is_closed and bar.count for bar in bars)


REFUSED = {
    "singular": lambda a: optimize.minimize(lambda x: (x[0] + x[1] - a) ** 2, np.zeros(2)).x[0],
    "has not converged": lambda a: optimize.minimize(
        lambda x: optimize.rosen(x * a), np.zeros(2), options={"maxiter": 1}).x[0],
    "unknown 0 is met, but does not hold": lambda a: optimize.minimize(
        lambda x: (x[0] - a + 1) ** 2, np.ones(1), bounds=[(0, 3)]).x[0],
    "does not settle": lambda a: optimize.minimize(lambda x: anp.sum((x - a) ** 4), np.ones(2) * 0.9).x[0],
    "equations do not hold": lambda a: optimize.minimize(
        lambda x: anp.sum(anp.abs(x - a)) + 0.3 * x[0], np.zeros(1), method="nelder-mead").fun,
    "numbers in 'hess_inv'": lambda a: anp.sum(optimize.minimize(lambda x: anp.sum((x - a) ** 2), np.ones(2)).hess_inv),
    "'hess_inv' of its result is no array": lambda a: optimize.minimize(
        lambda x: anp.sum((x - a) ** 2), np.ones(2), method="L-BFGS-B").hess_inv,
}


@pytest.mark.parametrize("reason", list(REFUSED))
def test_refused_derivatives(reason):
    with pytest.raises(TracedValueError, match=rf"^minimize: (?s:.*){reason}"):
        grad(REFUSED[reason])(1.0)
    if "array" not in reason:
        to_numpy(REFUSED[reason](1.0))  # the value is there


def test_flat_minima_have_a_value_with_a_slope():
    def value(a):
        return optimize.minimize(lambda x: (x[0] + x[1] - a) ** 2 + a**2, np.zeros(2)).fun

    assert grad(value)(1.3) == pytest.approx(2.6)
    with pytest.raises(TracedValueError, match="singular"):
        hessian(value)(1.3)


def test_functions_that_cannot_be_traced():
    def loss(x):
        return float(x[0]) ** 2

    with pytest.raises(TracedValueError, match=r'(?s)drop its derivative .*jac="2-point"'):
        optimize.minimize(loss, np.ones(1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert abs(optimize.minimize(loss, np.ones(1), jac="2-point").x[0]) < 1e-6
        assert abs(optimize.minimize(loss, np.ones(1), method="nelder-mead").x[0]) < 1e-6
    with pytest.raises(TypeError, match="array of shape"):
        optimize.minimize(lambda x: x, np.zeros(2))


def test_single_precision_arguments():
    def solve(a):
        return optimize.minimize(lambda x: anp.sum((x - a) ** 2), np.zeros(2)).x

    assert jacrev(solve)(np.float32(1.0)).dtype == np.float32
    assert jacfwd(solve)(np.float32(1.0)).dtype == np.float64  # as the solution
