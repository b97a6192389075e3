"""solve_ivp: derivatives in everything that the solution depends on, of all methods, events, dense output, programs."""

import scipy_table  # noqa: F401  (skips without SciPy)

import numpy as np
import pytest
import scipy.integrate
import scipy.special

from autodiff_trace import grad, hessian, jacfwd, jacobian, jit, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.core.errors import TracedValueError
from autodiff_trace.scipy.integrate import solve_ivp
from autodiff_trace.testing import check_grads

TIGHT = {"rtol": 1e-11, "atol": 1e-11}
Y0 = np.array([1.0, 0.2])
TIMES = np.array([0.0, 0.3, 1.5])


def pendulum(t, y, p):
    return anp.array([y[1], -p * anp.sin(y[0]) - 0.1 * y[1] * t])


def predators(t, y, p):
    return anp.array([p[0] * y[0] - p[1] * y[0] * y[1], -p[2] * y[1] + p[3] * y[0] * y[1]])


RATES = np.array([1.5, 1.0, 3.0, 1.0])
ANIMALS = np.array([10.0, 5.0])


def differences(f, x, h=1e-5):
    """Of fourth order, with relative steps."""
    columns = []
    for e in np.diag(h * np.maximum(1.0, np.abs(x))):
        columns.append((8 * (f(x + e) - f(x - e)) - (f(x + 2 * e) - f(x - 2 * e))) / (12 * np.max(e)))
    return np.moveaxis(np.array(columns), 0, -1)


def options(method):
    return {"method": method, **({"rtol": 1e-9, "atol": 1e-9} if method in ("Radau", "BDF") else TIGHT)}


@pytest.mark.parametrize("method", ["DOP853", "LSODA", "Radau"])
def test_everything_has_derivatives(method):
    given = options(method)

    def ends(t, y, p):
        return y[0] - 0.3 * p

    ends.terminal = True

    def parameters(p, y0):
        return solve_ivp(pendulum, (0.0, 1.5), y0, args=(p,), t_eval=TIMES, **given).y

    def closed(p, y0):
        return solve_ivp(lambda t, y: pendulum(t, y, p), (0.0, 1.5), y0, t_eval=TIMES, **given).y

    def span(t0, t1):
        return solve_ivp(pendulum, (t0, t1), Y0, args=(2.0,), **given).y[:, -1]

    def times(t):
        return solve_ivp(pendulum, (0.0, 2.0), Y0, args=(2.0,), t_eval=t, **given).y

    def event(p, y0):
        result = solve_ivp(pendulum, (0.0, 2.0), y0, args=(p,), events=lambda t, y, p: y[0] - 0.3 * p, **given)
        return result.t_events[0], result.y_events[0]

    def terminal(p, y0):
        result = solve_ivp(pendulum, (0.0, 2.0), y0, args=(p,), events=[ends], **given)
        return result.y[:, -1], result.t[-1]

    def dense(p, t):
        sol = solve_ivp(pendulum, (0.0, 2.0), Y0, args=(p,), dense_output=True, **given).sol
        return sol(t), sol(t[0])

    check_grads(parameters, 2.0, Y0, tolerance=1e-5, order=1 if method == "Radau" else 2)
    check_grads(event, 2.0, Y0, tolerance=1e-5, order=2 if method == "DOP853" else 1)
    if method == "Radau":
        return  # it takes long, and what follows is as for LSODA
    check_grads(closed, 2.0, Y0, tolerance=1e-5, order=1)
    check_grads(span, 0.1, 1.5, tolerance=1e-5)
    check_grads(lambda p, t: span(t, p), 0.1, 1.5, tolerance=1e-5, order=1)
    check_grads(times, np.array([0.1, 0.5, 1.5]), tolerance=1e-5)
    check_grads(terminal, 2.0, Y0, tolerance=1e-5, order=2 if method == "DOP853" else 1)
    check_grads(dense, 2.0, np.array([0.3, 1.7, 0.9]), tolerance=1e-5, order=1)


@pytest.mark.parametrize("method", ["RK23", "RK45", "DOP853", "LSODA", "BDF", "Radau"])
@pytest.mark.parametrize("dense_output", [False, True])
def test_values_are_those_of_scipy(method, dense_output):
    for t_eval in (None, np.linspace(0.0, 2.0, 7)):
        given = {"method": method, "t_eval": t_eval, "dense_output": dense_output, "events": lambda t, y, p: y[0] - 3.0}
        expected = scipy.integrate.solve_ivp(predators, (0.0, 2.0), ANIMALS, args=(RATES,), **given)
        results = []

        def f(p):
            results.append(solve_ivp(predators, (0.0, 2.0), ANIMALS, args=(p,), **given))
            return results[-1].y[0, -1]

        assert grad(f)(RATES).shape == (4,)
        for name in ("nfev", "njev", "nlu", "status", "message", "success"):
            assert results[0][name] == expected[name]
        np.testing.assert_array_equal(results[0].t, expected.t)
        np.testing.assert_array_equal(results[0].y._value, expected.y)
        np.testing.assert_array_equal(results[0].y_events[0]._value, expected.y_events[0])
        assert (results[0].sol is None) == (not dense_output)


@pytest.mark.parametrize("gradient", [None, "adjoint"])
@pytest.mark.parametrize("method", ["RK23", "RK45", "DOP853"])
def test_lotka_volterra_fit(method, gradient):
    times = np.linspace(0.3, 3.0, 10)
    tight = {"method": "DOP853", "rtol": 1e-13, "atol": 1e-13}
    data = scipy.integrate.solve_ivp(predators, (0.0, 3.0), ANIMALS, t_eval=times, args=(RATES,), **tight).y

    def loss(p, solve=solve_ivp, **given):
        y = solve(predators, (0.0, 3.0), ANIMALS, t_eval=times, args=(p,), **given).y
        return anp.sum((anp.log(y) - np.log(data)) ** 2)

    start = np.array([1.2, 0.8, 2.5, 1.3])
    expected = differences(lambda p: loss(p, scipy.integrate.solve_ivp, **tight), start)
    tolerance = {"RK23": 1e-7, "RK45": 1e-9, "DOP853": 1e-9}[method]
    found = grad(loss)(start, method=method, gradient=gradient, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(found, expected, rtol=2e-5 if method == "RK23" else 1e-6)


def test_the_discrete_derivative_is_that_of_the_numbers():
    # With steps of a given size the solution is a smooth function, computed crudely here.
    given = {"method": "RK45", "rtol": 1e10, "atol": 1e10, "first_step": 0.25, "max_step": 0.25, "t_eval": [0.6, 1.0]}

    def f(p):
        return solve_ivp(predators, (0.0, 1.0), ANIMALS / 10, args=(p,), **given).y

    np.testing.assert_allclose(jacobian(f)(RATES), differences(f, RATES), rtol=1e-9)
    assert np.abs(f(RATES) - solve_ivp(predators, (0.0, 1.0), ANIMALS / 10, args=(RATES,), t_eval=[0.6, 1.0], **TIGHT).y
                  ).max() > 1e-6


def test_bouncing_ball():
    # A fall from h takes √(2h/g); the speed at the ground is √(2gh).
    def ground(t, y):
        return y[0]

    ground.terminal, ground.direction = True, -1

    def fall(h, g):
        result = solve_ivp(lambda t, y: [y[1], -g], (0.0, 10.0), [h, 0.0], events=ground, **TIGHT)
        assert result.status == 1
        return anp.array([result.t_events[0][0], result.y[1, -1], result.t[-1]])

    h, g = 2.0, 9.81
    t, v = np.sqrt(2 * h / g), np.sqrt(2 * g * h)
    by_h, by_g = jacobian(fall, argnums=(0, 1))(h, g)
    np.testing.assert_allclose(by_h, [t / (2 * h), -v / (2 * h), t / (2 * h)], rtol=1e-10)
    np.testing.assert_allclose(by_g, [-t / (2 * g), -v / (2 * g), -t / (2 * g)], rtol=1e-10)
    np.testing.assert_allclose(hessian(lambda h: fall(h, g)[0])(h), -t / (4 * h * h), rtol=1e-9)
    np.testing.assert_allclose(jit(grad(lambda h: fall(h, g)[1]))(h), -v / (2 * h), rtol=1e-10)
    heights = np.array([1.0, 2.0])
    np.testing.assert_allclose(vmap(grad(lambda h: fall(h, g)[0]))(heights), np.sqrt(2 / g / heights) / 2, rtol=1e-10)

    def three_bounces(restitution):
        y, total = anp.array([h, 0.0]), 0.0
        for _ in range(3):
            result = solve_ivp(lambda t, y: [y[1], -g], (0.0, 10.0), y, events=ground, **TIGHT)
            total = total + result.t[-1]
            y = anp.array([1e-12, -restitution * result.y[1, -1]])
        return total

    # t (1 + 2r + 2r²)
    np.testing.assert_allclose(grad(three_bounces)(0.8), t * (2 + 4 * 0.8), rtol=1e-6)


def test_period_of_a_pendulum():
    # T = 4 K(sin²(a/2)) for the amplitude a: the quarter of it is where the angle is zero.
    def period(a):
        result = solve_ivp(
            lambda t, y: [y[1], -anp.sin(y[0])], (0.0, 5.0), [a, 0.0], "DOP853", events=lambda t, y: y[0], **TIGHT)
        return 4 * result.t_events[0][0]

    def exact(a):
        return 4 * scipy.special.ellipk(np.sin(a / 2) ** 2)

    a = 1.2
    np.testing.assert_allclose(period(a), exact(a), rtol=1e-10)
    np.testing.assert_allclose(grad(period)(a), differences(lambda x: exact(x[0]), np.array([a]))[0], rtol=1e-8)


def stiff_reference(f, jac, in_parameters, T, y0, p):
    """The end of the solution and its derivatives in p and y0, by the sensitivity equations."""
    n, count = len(y0), len(p) + len(y0)

    def both(t, z):
        y, S = z[:n], z[n:].reshape(n, count)
        source = np.hstack([in_parameters(y), np.zeros((n, n))])
        return np.concatenate([f(t, y, p), (jac(y) @ S + source).ravel()])

    start = np.concatenate([y0, np.hstack([np.zeros((n, len(p))), np.eye(n)]).ravel()])
    end = scipy.integrate.solve_ivp(both, (0, T), start, method="LSODA", rtol=1e-12, atol=1e-15).y[:, -1]
    return end[n:].reshape(n, count)


def robertson(t, y, p):
    slow, middle, fast = p[0] * y[0], p[1] * y[1] * y[2], p[2] * y[1] ** 2
    return anp.array([-slow + middle, slow - middle - fast, fast])


@pytest.mark.parametrize("method", ["BDF", "LSODA"])
def test_robertson(method):
    p, y0 = np.array([0.04, 1e4, 3e7]), np.array([1.0, 0.0, 0.0])
    expected = stiff_reference(
        robertson,
        lambda y: np.array([
            [-p[0], p[1] * y[2], p[1] * y[1]],
            [p[0], -p[1] * y[2] - 2 * p[2] * y[1], -p[1] * y[1]],
            [0.0, 2 * p[2] * y[1], 0.0],
        ]),
        lambda y: np.array([[-y[0], y[1] * y[2], 0.0], [y[0], -y[1] * y[2], -y[1] ** 2], [0.0, 0.0, y[1] ** 2]]),
        100.0, y0, p,
    )

    def end(p, y0):
        return solve_ivp(robertson, (0.0, 100.0), y0, method=method, args=(p,), rtol=1e-8, atol=1e-12).y[:, -1]

    found = np.hstack(jacobian(end, argnums=(0, 1))(p, y0))
    bound = 1e-6 * np.abs(expected) + 1e-9 * np.abs(expected).max(axis=0)
    np.testing.assert_array_less(np.abs(found - expected), bound)


@pytest.mark.parametrize("method", ["LSODA", "Radau"])
def test_relaxation_oscillation(method):
    p, y0 = np.array([1000.0, 1.0]), np.array([2.0, 0.0])

    def f(t, y, p):
        return anp.array([y[1], p[0] * (1 - y[0] ** 2) * y[1] - p[1] * y[0]])

    # By the sensitivity equations, with Radau at a tolerance of 1e-13: the solution has jumped once.
    expected = [
        [-2.43193073e-03, 2.43230691e00, -2.43268279e00, -8.10894355e-04],
        [-1.15032844e-05, 1.15048207e-02, -9.88456720e-03, -3.29485610e-06],
    ]

    def end(p, y0):
        return solve_ivp(f, (0.0, 1500.0), y0, method=method, args=(p,), rtol=1e-8, atol=1e-10).y[:, -1]

    found = np.hstack(jacobian(end, argnums=(0, 1))(p, y0))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_branches():
    # y' = −p y, from t = 1/2 on with 1 added
    def f(t, y, p):
        return -p * y if t < 0.5 else -p * y + 1

    def end(p, **given):
        return anp.sum(solve_ivp(f, (0.0, 1.0), [1.0, 2.0], args=(p,), max_step=0.1, **TIGHT, **given).y[:, -1])

    r = np.exp(-0.5)
    for method in ("RK45", "LSODA"):
        np.testing.assert_allclose(grad(end)(1.0, method=method), -3 * r * r + 2 * (1.5 * r - 1), rtol=1e-6)


def test_many_equations():
    n = 50
    x = np.linspace(0.0, 1.0, n)
    start = np.sin(np.pi * x)

    def heat(t, u, k):
        inner = k * (u[2:] - 2 * u[1:-1] + u[:-2]) * (n - 1) ** 2 - u[1:-1] ** 3
        return anp.concatenate([np.zeros(1), inner, np.zeros(1)])

    def loss(k, u, **given):
        return anp.sum(solve_ivp(heat, (0.0, 0.02), u, args=(k,), t_eval=[0.011, 0.02], **given).y ** 2)

    by_k, by_u = grad(loss, argnums=(0, 1))(0.1, start, rtol=1e-8, atol=1e-8)
    other = grad(loss, argnums=(0, 1))(0.1, start, method="BDF", rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(by_k, other[0], rtol=1e-6)
    np.testing.assert_allclose(by_u, other[1], rtol=1e-4, atol=1e-5)  # (explicit steps damp less)
    np.testing.assert_allclose(jacfwd(loss)(0.1, start, rtol=1e-8, atol=1e-8), by_k, rtol=1e-10)
    np.testing.assert_allclose(by_k, differences(lambda k: loss(k[0], start, **TIGHT), np.array([0.1]))[0], rtol=1e-6)
    many = grad(loss)(0.1, start, max_step=1e-4, rtol=1e-8, atol=1e-8)  # compiled
    np.testing.assert_allclose(many, by_k, rtol=1e-6)


def test_complex_states():
    def f(t, y, w):
        return 1j * w * y * anp.abs(y) + 0.1 * anp.conj(y)

    def loss(w, y0, **given):
        return anp.abs(solve_ivp(f, (0.0, 1.0), y0, args=(w,), **given).y[0, -1] - 1)

    y0 = np.array([1.0 + 0.5j])
    for method in ("RK45", "BDF"):
        given = {"method": method, "rtol": 1e-9, "atol": 1e-10}
        by_w, by_y = grad(loss, argnums=(0, 1))(1.3, y0, **given)
        h, tight = 1e-5, {"method": "DOP853", **TIGHT}
        slope = [(loss(1.3, y0 + d, **tight) - loss(1.3, y0 - d, **tight)) / (2 * h) for d in (h, 1j * h)]
        np.testing.assert_allclose(by_y, [slope[0] - 1j * slope[1]], rtol=1e-6)
        np.testing.assert_allclose(by_w, (loss(1.3 + h, y0, **tight) - loss(1.3 - h, y0, **tight)) / (2 * h), rtol=1e-6)
    np.testing.assert_allclose(hessian(loss)(1.3, y0, **TIGHT), -0.43692088, rtol=1e-6)


def decay(p, **given):
    return solve_ivp(lambda t, y: -p * y, (0.0, 1.0), [1.0, 2.0], **{"t_eval": [0.5, 1.0], **TIGHT, **given}).y[0, -1]


def test_transformations_compose():
    p = np.array([0.7, 1.3])
    expected = np.exp(-p)
    np.testing.assert_allclose(vmap(decay)(p), expected)
    np.testing.assert_allclose(vmap(grad(decay))(p), -expected)
    np.testing.assert_allclose(grad(lambda p: anp.sum(vmap(decay)(p)))(p), -expected)
    np.testing.assert_allclose(hessian(decay)(0.7), expected[0])
    np.testing.assert_allclose(jacfwd(grad(decay))(0.7), expected[0])
    np.testing.assert_allclose(grad(jacfwd(decay))(0.7), expected[0])
    np.testing.assert_allclose(grad(grad(grad(decay)))(0.7), -expected[0])
    compiled, gradient = jit(decay), jit(grad(decay))
    for x, value in zip(p, expected):
        np.testing.assert_allclose(compiled(x), value)
        np.testing.assert_allclose(grad(compiled)(x), -value)
        np.testing.assert_allclose(gradient(x), -value)
    np.testing.assert_allclose(jit(hessian(decay))(0.7), expected[0])


def test_recorded_programs_see_other_numbers_of_steps():
    f = jit(grad(lambda p: decay(p, t_eval=None, method="DOP853")))
    for p in (0.7, 20.0, 0.7, 3.0):
        np.testing.assert_allclose(f(p), -np.exp(-p), rtol=1e-7, atol=1e-12)


def test_parameters_in_containers_and_objects():
    class Model:
        def __init__(self, p):
            self.weights = {"rate": p}

        def field(self, t, y):
            return -self.weights["rate"] * y

    given = {"rtol": 1e-10, "atol": 1e-10}
    found = grad(lambda p: solve_ivp(Model(p).field, (0, 1), [1.0], **given).y[0, -1])(0.7)
    np.testing.assert_allclose(found, -np.exp(-0.7), rtol=1e-8)

    def f(tree):
        return solve_ivp(lambda t, y, q: -q["rates"][0] * y, (0, 1), tree["y0"], args=(tree,), **given).y[0, -1]

    tree = {"rates": [0.7, 2.0], "y0": np.ones(1, np.float32)}
    found = grad(f)(tree)
    np.testing.assert_allclose(found["rates"], [-np.exp(-0.7), 0.0], rtol=1e-8)
    assert found["y0"].dtype == np.float32


def test_options_of_scipy():
    def jac(t, y, p):
        return anp.array([[-p]])

    given = {"rtol": 1e-9, "atol": 1e-9}
    for method in ("Radau", "BDF", "LSODA"):
        found = grad(lambda p: solve_ivp(
            lambda t, y, p: -p * y, (0, 1), [1.0], method, args=(p,), jac=jac, **given).y[0, -1])(1.0)
        np.testing.assert_allclose(found, -np.exp(-1), rtol=1e-6)
    found = grad(lambda p: solve_ivp(
        lambda t, y: -p * y, (0, 1), [1.0], "Radau", vectorized=True, **given).y[0, -1])(1.0)
    np.testing.assert_allclose(found, -np.exp(-1), rtol=1e-6)
    back = grad(lambda p: solve_ivp(lambda t, y: -p * y, (1, 0), [1.0], **given).y[0, -1])(1.0)
    np.testing.assert_allclose(back, np.exp(1), rtol=1e-6)
    np.testing.assert_array_equal(jacobian(lambda t: solve_ivp(lambda t, y: -y, (0, t), [1.0]).y)(0.0), [[0.0, -1.0]])


def test_no_event():
    def f(p):
        result = solve_ivp(lambda t, y: -p * y, (0, 1), [1.0], events=lambda t, y: y[0] + 1, rtol=1e-9, atol=1e-9)
        assert result.t_events[0].shape == (0,)
        return result.y[0, -1]

    np.testing.assert_allclose(grad(f)(1.0), -np.exp(-1), rtol=1e-7)


def test_failures_have_no_derivative():
    def blow_up(p):
        return solve_ivp(lambda t, y: p * y**2, (0.0, 3.0), [1.0])

    assert grad(lambda p: p * blow_up(p).status)(1.0) == -1.0
    with pytest.raises(RuntimeError, match="solve_ivp has failed .*test_scipy_solve_ivp.py.* Required step size"):
        grad(lambda p: blow_up(p).y[0, -1])(1.0)
    with pytest.raises(RuntimeError, match="solve_ivp has failed"):
        jacfwd(lambda p: blow_up(p).y[0, -1])(1.0)


def test_errors():
    with pytest.raises(TracedValueError, match="no derivative with respect to rtol"):
        grad(lambda p: decay(1.0, rtol=p))(1e-4)
    with pytest.raises(ValueError, match="gradient='discrete' is for explicit"):
        grad(lambda p: decay(p, method="BDF", gradient="discrete"))(1.0)
    with pytest.raises(ValueError, match="gradient='exact' is none of"):
        decay(1.0, gradient="exact")
    with pytest.raises(ValueError, match="method"):
        grad(lambda p: decay(p, method="Euler"))(1.0)
    with pytest.raises(ValueError, match="results of different lengths"):
        vmap(lambda p: decay(p, t_eval=None))(np.array([1.0, 30.0]))
