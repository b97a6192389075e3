"""Transformations of jitted functions: compiled, and with the results of those of the function itself."""

import copy
import pickle
import threading

import numpy as np
import pytest

from autodiff_trace import (
    checkpoint, custom_vjp, deriv, extend, grad, hessian, jacobian, jit, jvp, numpy as anp, stop_gradient,
    value_and_grad, vjp, vmap,
)

X = np.array([0.3, -0.7, 1.2, 0.4])
A = np.linspace(-1.0, 2.0, 12).reshape(4, 3)
W = np.linspace(0.5, 1.5, 4)


@custom_vjp
def doubled(x):
    return x * x


doubled.defvjp(lambda x: (doubled(x), x), lambda x, g: (3 * g * x,))
user_exp = extend.primitive(np.exp)
extend.defvjp(user_exp, lambda g, ans, x: g * ans)


def filled(x):
    y = anp.zeros(4)
    for i in range(4):
        y[i] = x[i] * x[-1 - i]
    return anp.sum(y * y)


def written(x):
    x[0] = x[1] * 3
    return anp.sum(x**2)


def catching(x):
    try:
        if x[0] > 0:
            raise ValueError
        return anp.sum(x)
    except ValueError:
        return anp.sum(x**4)


def raising(x):
    if x[0] > 0:
        raise KeyError("mine")
    return anp.sum(x**3)


FUNCTIONS = {  # of one array of four numbers
    "square": lambda x: anp.sum(x * x),
    "elements": lambda x: anp.sin(x) * x**3,
    "matrix": lambda x: anp.tanh(x @ A),
    "filled": filled,
    "written": written,
    "catching": catching,
    "raising": raising,
    "closed over": lambda x: anp.sum(W * anp.exp(x * W) * np.sum(np.log(W))),
    "where": lambda x: anp.sum(anp.where(x > 0, anp.sqrt(x), 0.0)),
    "branch": lambda x: anp.sum(x**2) if x[0] > 0 else anp.sum(x**3),
    "masked": lambda x: anp.sum(x[x > 0] ** 3),
    "float": lambda x: anp.sum(x) * float(x[1]),
    "custom": lambda x: anp.sum(doubled(x) * x),
    "primitive": lambda x: anp.sum(user_exp(x) * x),
    "checkpoint": lambda x: anp.sum(checkpoint(lambda y: anp.exp(anp.sin(y)))(x) * x),
    "stopped": lambda x: anp.sum(x * stop_gradient(x)),
    "solve": lambda x: anp.linalg.solve(anp.eye(4) * 3 + anp.outer(x, x), x),
    "eigh": lambda x: anp.linalg.eigh(anp.outer(x, x) + anp.eye(4))[0] ** 2,
    "inner grad": lambda x: anp.sum(grad(lambda y: anp.sum(y**3))(x) * x),
    "inner jit": lambda x: jit(lambda y: y * anp.sin(y))(x),
    "complex": lambda x: anp.abs(anp.fft.fft(x + 0.1)) ** 2,
    "float32": lambda x: anp.sum(anp.astype(x, np.float32) ** 2),
    "integer": lambda x: anp.argmax(x),
    "constant": lambda x: 3.0,
    "nothing": lambda x: None,
    "random": lambda x: anp.sum(x * anp.random.normal(size=4) * x),
    "unseen random": lambda x: anp.sum(x * np.random.normal(size=4) * x),
}

MODES = {
    "grad": grad,
    "value_and_grad": value_and_grad,
    "jacobian": jacobian,
    "hessian": hessian,
    "vmap": lambda f: lambda x: vmap(f)(np.outer([1.0, 0.5, 2.0], x)),
    "grad of grad": lambda f: grad(lambda x: anp.sum(grad(f)(x) ** 2)),
    "vmap of grad": lambda f: lambda x: vmap(grad(f))(np.outer([1.0, 0.5, 2.0], x)),
    "vjp": lambda f: lambda x: vjp(f, x)[1](1.0),
    "jvp": lambda f: lambda x: jvp(f, (x,), (W,)),
    "inside": lambda f: grad(lambda x: anp.sum(f(anp.sin(x) * 2) ** 2) + anp.sum(x)),
    "outer jit": lambda f: jit(grad(lambda x: anp.sum(f(x) * 2))),
}

OTHERS = [X.astype(np.float32), np.array([np.nan, 1.0, np.inf, -2.0]), np.zeros(4), np.arange(4)]


def outcome(run):
    np.random.seed(0)
    with np.errstate(all="ignore"):
        try:
            return run()
        except Exception as error:
            return type(error), str(error)[:40]


def assert_alike(got, wanted):
    if isinstance(wanted, (tuple, list)) and not (wanted and isinstance(wanted[0], type)):
        assert type(got) is type(wanted) and len(got) == len(wanted)
        for x, y in zip(got, wanted):
            assert_alike(x, y)
    elif isinstance(wanted, (np.ndarray, np.generic)):
        assert type(got) is type(wanted) and got.shape == wanted.shape and got.dtype == wanted.dtype
        tolerance = 2e-5 if wanted.dtype == np.float32 else 1e-10
        if wanted.dtype == object:
            assert got.tolist() == wanted.tolist()
        else:
            np.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance)
    else:
        assert got == wanted


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_transformations_are_those_of_the_function(name, mode):
    jitted = jit(FUNCTIONS[name])
    turn = (list(FUNCTIONS).index(name) + list(MODES).index(mode)) % len(OTHERS)
    for x in (X, -X, X, OTHERS[turn]):
        wanted = outcome(lambda: MODES[mode](FUNCTIONS[name])(x.copy()))
        assert_alike(outcome(lambda: MODES[mode](jitted)(x.copy())), wanted)
    assert jitted.cache_info().failures == 0


def test_they_are_kept_and_counted_by_the_function():
    jitted = jit(lambda x: anp.sum(x**3))
    slope = grad(jitted)

    def run():
        slope(X), grad(jitted)(X), vmap(jitted)(A), hessian(jitted)(X), value_and_grad(jitted)(X), grad(slope)(X)

    run()
    before = jitted.cache_info()
    run()
    after = jitted.cache_info()
    assert (after.traces, after.eager, after.programs) == (before.traces, 0, before.programs)
    assert after.hits == before.hits + 6
    jitted.clear_cache()
    assert jitted.cache_info()[:5] == (0, 0, 0, 0, 0)
    assert_alike(slope(X), 3 * X**2)
    assert jitted.cache_info().traces == 1


def test_other_options_are_other_programs():
    jitted = jit(lambda x, y: anp.sum(x * y**2))
    for _ in range(2):
        assert_alike(grad(jitted)(X, W), W**2)
        assert_alike(grad(jitted, 1)(X, W), 2 * X * W)
        assert_alike(grad(jitted, (0, 1))(X, W), (W**2, 2 * X * W))
        assert_alike(grad(jitted, [1])(X, W), grad(jitted.fun, [1])(X, W))
        assert_alike(grad(jitted, argnames="y")(X, y=W), 2 * X * W)
        assert_alike(vmap(jitted, in_axes=(0, None))(X, 2.0), 4 * X)


def test_aux_methods_and_static_arguments():
    fun = lambda x: (anp.sum(anp.sin(x)), {"n": 3, "s": anp.cos(x)})  # noqa: E731
    jitted = jit(fun)
    named = jit(lambda x, n: anp.sum(x**n), static_argnames="n")

    class Model:
        rate = 2.0
        loss = jit(lambda self, x: anp.sum(x**2) * self.rate)

    model = Model()
    for rate in (1.0, 2.0, 3.0, 1.0):
        slope, aux = grad(jitted, has_aux=True)(X)
        assert_alike(slope, np.cos(X))
        assert aux["n"] == 3 and aux["s"].tolist() == np.cos(X).tolist()
        assert_alike(grad(named)(X, 3), 3 * X**2)
        assert_alike(grad(named)(X, n=2), 2 * X)
        model.rate = rate
        assert_alike(grad(model.loss)(X), 2 * rate * X)


def test_what_is_outside_may_change():
    state = {"scale": 1.0}
    weights = np.ones(5000)
    jitted = jit(lambda x: anp.sum(x * np.sum(np.log(weights)) * state["scale"]))
    for i in range(1, 7):
        state["scale"] += 1.0
        weights[i] = i
        wanted = np.sum(np.log(weights)) * state["scale"]
        for got in (grad(jitted)(2.0), deriv(jitted)(2.0), grad(lambda x: jitted(x))(2.0)):
            np.testing.assert_allclose(got, wanted)


@pytest.mark.filterwarnings("ignore")
def test_what_the_function_changes_is_changed_as_often():
    def run(wrap):
        calls, numbers = [0], iter(range(100))

        def fun(x, counts):
            calls[0] += 1
            counts["n"] += 1
            return anp.sum(x) * calls[0] * counts["n"] * next(numbers)

        wrapped, counts = wrap(fun), {"n": 0}
        return [(grad(wrapped)(2.0, counts), calls[0], counts["n"]) for _ in range(12)]

    assert_alike(run(jit), run(lambda fun: fun))


def test_functions_inside_a_function_that_is_differentiated():
    def outer(x, wrap):
        inner = wrap(lambda y: anp.sum(y * x * anp.sin(x)))
        return inner(x * 2) + inner(x) + anp.sum(grad(inner)(x))

    for _ in range(3):
        assert_alike(grad(lambda x: outer(x, jit))(X), grad(lambda x: outer(x, lambda f: f))(X))


def test_a_program_does_not_see_the_traces_around_it():
    fun = value_and_grad(lambda x: anp.sum(anp.linalg.eigh(anp.outer(x, x) + anp.eye(4))[0] ** 2))
    jitted = jit(fun)
    for _ in range(4):
        assert_alike(grad(lambda t: t * jitted(X)[0])(2.0), grad(lambda t: t * fun(X)[0])(2.0))
    assert jitted.cache_info().failures == 0 and jitted.cache_info().hits == 3


def cubes(x):
    return anp.sum(x**3)


def test_copies_and_pickles():
    for copied in (copy.deepcopy(grad(jit(cubes))), pickle.loads(pickle.dumps(grad(jit(cubes))))):
        for _ in range(2):
            assert_alike(copied(X), 3 * X**2)


def test_threads():
    jitted = jit(lambda x, w: anp.sum(anp.tanh(x * w) @ A))
    wrong = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for _ in range(60):
            x, w = rng.normal(size=4), rng.normal(size=4)
            if not np.allclose(grad(jitted)(x, w), grad(jitted.fun)(x, w), rtol=1e-10):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
