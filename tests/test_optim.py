"""Optimisers next to hand-written loops."""

import copy
import pickle
from typing import NamedTuple

import numpy as np
import pytest

from autodiff_trace import TracedValueError, fori_loop, grad, jacobian, jit, jvp, optim, tree_leaves, tree_map, vmap
from autodiff_trace import numpy as anp

OPTIMIZERS = {
    "sgd": lambda rate: optim.sgd(rate),
    "momentum": lambda rate: optim.sgd(rate, momentum=0.9),
    "adam": lambda rate: optim.adam(rate),
}


def by_hand(name, p, rate, steps):
    """The formulas, in place, for the loss Σ p⁴."""
    p = p.copy()
    v, m, s = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p)
    for i in range(1, steps + 1):
        g = 4 * p**3
        if name == "sgd":
            p -= rate * g
        elif name == "momentum":
            v = 0.9 * v + g
            p -= rate * v
        else:
            m = 0.9 * m + 0.1 * g
            s = 0.999 * s + 0.001 * g**2
            p -= rate * (m / (1 - 0.9**i)) / (np.sqrt(s / (1 - 0.999**i)) + 1e-8)
    return p


def run(optimizer, loss, params, steps):
    state = optimizer.init(params)
    for _ in range(steps):
        params, state = optimizer.update(grad(loss)(params), state, params)
    return params


class Params(NamedTuple):
    w: object
    rest: object


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("dtype, tolerance", [(np.float64, 1e-12), (np.float32, 1e-5)])
def test_steps_are_those_of_the_formulas(name, dtype, tolerance):
    start = np.array([[0.5, -0.4], [0.3, 1.0]], dtype)
    found = run(OPTIMIZERS[name](0.05), lambda p: anp.sum(p**4), start, 10)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, by_hand(name, start, 0.05, 10), rtol=tolerance)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_pytrees_with_leaves_that_are_no_numbers(name):
    start = np.array([0.5, -0.4])
    params = Params(start, {"scalar": 0.5, "text": "relu", "none": None, "flag": True, "mask": np.array([True, False])})
    found = run(OPTIMIZERS[name](0.05), lambda p: anp.sum(p.w**4) + p.rest["scalar"] ** 4, params, 5)
    np.testing.assert_allclose(found.w, by_hand(name, start, 0.05, 5))
    np.testing.assert_allclose(found.rest.pop("scalar"), by_hand(name, start, 0.05, 5)[0])
    assert found.rest.pop("mask").tolist() == [True, False] and found.rest.pop("flag") is True
    assert found.rest == {"text": "relu", "none": None}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_parameters_without_a_gradient_rest(name):
    """Also when they have moved before, and momentum is left."""
    optimizer = OPTIMIZERS[name](0.1)
    params = {"moving": np.ones(2), "frozen": np.ones(2)}
    state = optimizer.init(params)
    params, state = optimizer.update({"moving": np.ones(2), "frozen": np.ones(2)}, state, params)
    before = params
    params, state = optimizer.update({"moving": np.ones(2), "frozen": None}, state, params)
    assert params["frozen"].tolist() == before["frozen"].tolist()
    assert params["moving"].tolist() != before["moving"].tolist()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_nothing_is_modified_in_place(name):
    optimizer = OPTIMIZERS[name](0.1)
    params, grads = {"w": np.ones(3), "b": 1.0}, {"w": np.full(3, 2.0), "b": 2.0}
    params, state = optimizer.update(grads, optimizer.init(params), params)
    given = params, grads, state
    kept = copy.deepcopy(given)
    for leaf in tree_leaves(given):
        if isinstance(leaf, np.ndarray):
            leaf.flags.writeable = False
    first, _ = optimizer.update(grads, state, params)
    second, _ = optimizer.update(grads, state, params)
    tree_map(np.testing.assert_array_equal, given, kept)
    tree_map(np.testing.assert_array_equal, first, second)
    assert not np.shares_memory(first["w"], params["w"])


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("rate", [0.1, np.float64(0.1), np.array(0.1)], ids=["float", "float64", "array"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.complex64])
def test_precision_is_kept(name, rate, dtype):
    params = {"w": np.ones(2, dtype), "s": dtype(1.0)}
    found = run(OPTIMIZERS[name](rate), lambda p: anp.sum(anp.abs(p["w"]) ** 2) + anp.abs(p["s"]) ** 2, params, 2)
    assert found["w"].dtype == dtype and found["s"].dtype == dtype


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_integers_are_taken_as_float64(name):
    params = {"w": np.array([1, 2]), "s": 1}
    found = run(OPTIMIZERS[name](0.01), lambda p: anp.sum(p["w"] ** 4) + p["s"] ** 4, params, 3)
    np.testing.assert_allclose(found["w"], by_hand(name, np.array([1.0, 2.0]), 0.01, 3))
    np.testing.assert_allclose(found["s"], by_hand(name, np.array([1.0]), 0.01, 3)[0])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_complex_parameters_go_downhill(name):
    def loss(z):
        return anp.sum(anp.abs(z - (1 + 2j)) ** 2)

    start = np.array([3 - 1j, 0j])
    assert loss(run(OPTIMIZERS[name](0.01), loss, start, 20)) < loss(start)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_derivative_with_respect_to_the_learning_rate(name):
    """An update is differentiable: meta-learning."""

    def loss_after(rate):
        return anp.sum(run(OPTIMIZERS[name](rate), lambda p: anp.sum(p**4), np.array([0.5, 1.0]), 3) ** 2)

    h = 1e-6
    numerical = (loss_after(0.02 + h) - loss_after(0.02 - h)) / (2 * h)
    np.testing.assert_allclose(grad(loss_after)(0.02), numerical, rtol=1e-6)


def test_adam_options():
    params, state = np.array([1.0]), None
    optimizer = optim.adam(0.1, b1=0.5, b2=0.9, eps=1.0)
    state = optimizer.init(params)
    assert state.count == 0
    params, state = optimizer.update(np.array([2.0]), state, params)
    assert state.count == 1 and state.mean == 1.0
    np.testing.assert_allclose(state.square, 0.4)
    np.testing.assert_allclose(params, 1 - 0.1 * 2 / (2 + 1))


def test_structures_that_differ():
    optimizer = optim.sgd(0.1)
    with pytest.raises(ValueError, match="structures differ"):
        optimizer.update({"a": 1.0}, optimizer.init({"b": 1.0}), {"b": 1.0})


# Transformations, chains, schedules

P = {"w": np.ones((2, 3)), "b": [np.zeros(3), 1.0]}
G = {"w": np.full((2, 3), 2.0), "b": [np.ones(3), 3.0]}
ALL = {
    "sgd": optim.sgd(0.1),
    "nesterov": optim.sgd(0.1, 0.9, nesterov=True),
    "scheduled": optim.sgd(optim.exponential(0.3, 0.5)),
    "adam": optim.adam(optim.piecewise_constant(0.1, {2: 0.5})),
    "adamw": optim.adamw(0.05),
    "rmsprop": optim.rmsprop(0.01, momentum=0.5, centered=True),
    "adagrad": optim.adagrad(0.1, lr_decay=0.1, initial=0.1),
    "chain": optim.chain(
        optim.clip_by_norm(0.3), optim.add_decayed_weights(1e-2), optim.adam(optim.warmup_cosine(0.1, 3, 8))),
    "clipped": optim.chain(
        optim.clip_by_value(0.1), optim.scale(2.0), optim.scale_by_schedule(optim.linear(1.0, 0.1, 5)),
        optim.scale_by_momentum(0.5), optim.sgd(0.1)),
}
X = np.random.default_rng(0).normal(size=(20, 3))
NETS = [{"W": np.random.default_rng(i).normal(size=(3, 4)), "v": np.random.default_rng(-~i).normal(size=4),
         "b": np.float64(0.5)} for i in range(3)]


def fit(p):
    return anp.mean((anp.tanh(X.astype(p["W"].dtype) @ p["W"]) @ p["v"] + p["b"] - 1) ** 2)


def train(optimizer, p, steps, compile=lambda step: step):
    step = compile(lambda p, state: optimizer.update(grad(fit)(p), state, p))
    state = optimizer.init(p)
    for _ in range(steps):
        p, state = step(p, state)
    return p, state, step


def same(one, other, rtol=1e-9):
    for x, y in zip(tree_leaves(one), tree_leaves(other), strict=True):
        if x is not None or y is not None:
            np.testing.assert_allclose(x, y, rtol=rtol, atol=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_in_every_mode(name):
    optimizer = ALL[name]
    expected, state, _ = train(optimizer, NETS[0], 5)
    compiled, compiled_state, step = train(optimizer, NETS[0], 5, jit)
    same(expected, compiled)
    same(state, compiled_state)
    assert step.cache_info().traces == 1
    together = tree_map(lambda *nets: np.stack(nets), *NETS)
    state = tree_map(lambda *leaves: leaves[0] if leaves[0] is None else np.stack(leaves),
                     *[optimizer.init(net) for net in NETS])
    step = jit(vmap(lambda p, state: optimizer.update(grad(fit)(p), state, p)))
    if any(leaf is not None for leaf in tree_leaves(state)):
        for _ in range(3):
            together, state = step(together, state)
    else:
        together = vmap(lambda p: train(optimizer, p, 3)[0])(together)
    for i, net in enumerate(NETS):
        same(tree_map(lambda leaf: leaf[i], together), train(optimizer, net, 3)[0])  # noqa: B023


@pytest.mark.parametrize("compile", [lambda step: step, jit], ids=["eager", "jit"])
@pytest.mark.parametrize("name", ALL)
def test_single_precision_stays(name, compile):
    start = tree_map(lambda leaf: leaf.astype(np.float32), NETS[0])
    p, state, _ = train(ALL[name], start, 4, compile)
    assert {leaf.dtype for leaf in tree_leaves(p)} == {np.dtype(np.float32)}
    kinds = {leaf.dtype for leaf in tree_leaves(state) if isinstance(leaf, (np.ndarray, np.floating))}
    assert kinds <= {np.dtype(np.float32)}
    same(p, train(ALL[name], NETS[0], 4)[0], 2e-3)


@pytest.mark.parametrize("name", ALL)
def test_pickles(name):
    optimizer = pickle.loads(pickle.dumps(ALL[name]))
    assert optimizer == ALL[name]
    _, state, _ = train(optimizer, NETS[0], 2)
    again = pickle.loads(pickle.dumps(state))
    assert type(again) is type(state)
    same(state, again)
    same(optimizer.update(NETS[1], again, NETS[0]), ALL[name].update(NETS[1], state, NETS[0]))


HYPER = {
    "momentum": lambda r: optim.sgd(r, momentum=5 * r, nesterov=True),
    "adam b1": lambda r: optim.adam(0.05, b1=r),
    "decay": lambda r: optim.adamw(0.05, weight_decay=r),
    "rmsprop": lambda r: optim.rmsprop(r, decay=0.5 + r),
    "adagrad": lambda r: optim.adagrad(r, initial=r),
    "clip": lambda r: optim.chain(optim.clip_by_norm(r), optim.sgd(0.1)),
    "clip by value": lambda r: optim.chain(optim.clip_by_value(r), optim.sgd(0.1)),
    "weights": lambda r: optim.chain(optim.add_decayed_weights(r), optim.sgd(0.1)),
    "cosine": lambda r: optim.adam(optim.cosine(r, 5)),
    "exponential": lambda r: optim.sgd(optim.exponential(0.3, r)),
    "warm-up": lambda r: optim.sgd(optim.warmup_cosine(r, 2, 6)),
    "piecewise": lambda r: optim.sgd(optim.piecewise_constant(0.3, {2: r})),
    "own": lambda r: optim.sgd(lambda count: r / (1 + count)),
}


@pytest.mark.parametrize("name", HYPER)
def test_hypergradients(name):
    def after(r):
        return fit(train(HYPER[name](r), NETS[0], 3)[0])

    h, r = 1e-6, 0.07
    expected = (after(r + h) - after(r - h)) / (2 * h)
    slope = jit(grad(after))
    slope(0.03)
    np.testing.assert_allclose([grad(after)(r), jvp(after, (r,), (1.0,))[1], slope(r)], expected, rtol=1e-4)
    np.testing.assert_allclose(vmap(after)(np.array([0.03, r])), [after(0.03), after(r)])


def test_hypergradients_where_nothing_moves():
    """The root of Adam has no derivative at zero, where gradients of units that are off are."""
    def after(r):
        p, optimizer = np.array([-1.0, 1.0]), optim.adam(r)
        state = optimizer.init(p)
        for _ in range(3):
            p, state = optimizer.update(grad(lambda p: anp.sum(anp.maximum(p, 0.0)))(p), state, p)
        return anp.sum(p)

    np.testing.assert_allclose([grad(after)(0.1), jvp(after, (0.1,), (1.0,))[1]], -3.0, rtol=1e-6)


def test_what_a_schedule_reads_is_seen_by_jit():
    settings = {"rate": 0.5}

    class Schedule:
        rate = 0.5

        def __call__(self, count):
            return self.rate / (count + 1)

    schedule = Schedule()
    chain = optim.chain(optim.scale_by_schedule(schedule), optim.sgd(schedule))
    for optimizer in (optim.sgd(lambda count: settings["rate"]), optim.adam(schedule), chain):
        step = jit(lambda p, state: optimizer.update(2.0 * p, state, p))  # noqa: B023
        p = expected = np.array([1.0, 2.0])
        state = own = optimizer.init(p)
        for k in range(4):
            settings["rate"] = schedule.rate = 0.5 / (k + 1)
            p, state = step(p, state)
            expected, own = optimizer.update(2.0 * expected, own, expected)
            np.testing.assert_allclose(p, expected, rtol=1e-12)


def test_a_training_as_one_loop():
    optimizer = optim.adam(optim.cosine(0.1, 20))

    def trained(p):
        def turn(i, carry):
            p, state = carry
            return optimizer.update(grad(lambda p: anp.sum((p - 1) ** 4))(p), state, p)

        return fori_loop(0, 20, turn, (p, optimizer.init(p)))[0]

    p, state = (start := np.array([3.0, -1.0])), optimizer.init(np.zeros(2))
    for _ in range(20):
        p, state = optimizer.update(4 * (p - 1) ** 3, state, p)
    np.testing.assert_allclose([trained(start), jit(trained)(start)], [p, p])


def test_clipping():
    grads = {"a": np.array([3.0, 0.0]), "n": None, "z": 4j}
    clipped, _ = optim.clip_by_norm(1.0).update(grads, None)
    np.testing.assert_allclose([*clipped["a"], clipped["z"]], [0.6, 0.0, 0.8j])
    assert clipped["n"] is None and optim.global_norm(grads) == 5.0
    same(optim.clip_by_norm(6.0).update(grads, None)[0], grads)
    large = np.full(3, 1e30, np.float32)
    np.testing.assert_allclose(optim.clip_by_norm(1.0).update(large, None)[0], 3**-0.5, rtol=1e-6)
    assert np.isnan(optim.clip_by_norm(1.0).update(np.array([np.nan, 1.0]), None)[0]).all()
    assert optim.clip_by_norm(1.0).update(np.zeros(2), None)[0].tolist() == [0.0, 0.0]
    with pytest.raises(TypeError, match="clip_by_value: a gradient is complex.*clip_by_norm"):
        optim.clip_by_value(1.0).update(1j, None)


@pytest.mark.parametrize("name", [*OPTIMIZERS, "rmsprop", "adagrad"])
@pytest.mark.parametrize("mode", [lambda f: f, jit, vmap], ids=["plain", "jit", "vmap"])
def test_small_gradients_in_half_precision(name, mode):
    optimizer = (OPTIMIZERS.get(name) or getattr(optim, name))(0.1)
    g, p = np.array([[0.0, 1e-4]]), np.ones((1, 2))
    found, expected = [
        mode(lambda g, p: optimizer.update(g, optimizer.init(p), p)[0])(g.astype(dtype), p.astype(dtype))
        for dtype in (np.float16, np.float64)]
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_schedules_of_unsigned_counts():
    for schedule in (optim.linear(1.0, 0.5, 4, begin=3), optim.warmup_cosine(0.1, 3, 9)):
        assert [float(schedule(np.uint8(n))) for n in range(9)] == [float(schedule(n)) for n in range(9)]


def test_the_norm_of_nothing_has_the_derivative_zero():
    assert grad(optim.global_norm)({"w": np.zeros(2), "b": 0.0})["w"].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(grad(optim.global_norm)(np.array([3.0, 4.0])), [0.6, 0.8])


def test_weights_decay_where_a_mask_says_so():
    for mask in ({"w": True, "b": [False, True]}, lambda p: tree_map(lambda leaf: np.ndim(leaf) != 1, p)):
        g, _ = optim.add_decayed_weights(0.5, mask).update(G, None, P)
        assert g["w"].tolist() == [[2.5] * 3] * 2 and g["b"][0].tolist() == [1.0] * 3 and g["b"][1] == 3.5
    optimizer = optim.chain(optim.add_decayed_weights(0.5), optim.sgd(1.0))
    assert optimizer.update(0j, optimizer.init(2j), 2j)[0] == 1j  # towards zero, also of complex parameters
    with pytest.raises(ValueError, match="the structures differ: mask and params"):
        optim.add_decayed_weights(0.5, {"w": True}).update(G, None, P)
    with pytest.raises(TypeError, match=r"mask has 1\.0 at \['b'\]\[1\]"):
        optim.add_decayed_weights(0.5, {"w": True, "b": [True, 1.0]}).update(G, None, P)


STATE = optim.adam().init(P)
ORDER = r"The order is update\(grads, state, params\)"
UPDATES = {
    "swapped": (lambda: optim.adam().update(STATE, G, P), TypeError, f"adam: the state is a dict, but .*{ORDER}"),
    "stateless": (lambda: optim.sgd().update(P, G, P), TypeError, f"sgd: the state is a dict, but .* None, .*{ORDER}"),
    "no params": (lambda: optim.adam().update(G, STATE), TypeError, "needs the parameters, too"),
    "keys": (lambda: optim.adam().update({"w": G["w"]}, STATE, P), ValueError, "structures differ.*the keys 'w', 'b'"),
    "order": (lambda: optim.adam().update(dict(b=G["b"], w=G["w"]), STATE, P), ValueError, "another order: 'w', 'b'"),
    "nested": (lambda: optim.adam().update({**G, "b": (0, 0)}, STATE, P), ValueError, r"at \['b'\] a list of 2, but"),
    "with value": (lambda: optim.adam().update((1.0, G), STATE, P), ValueError, "'b', but a tuple of 2"),
    "shape": (lambda: optim.adam().update({**G, "w": np.ones((3, 2))}, STATE, P), ValueError,
              r"adam: the gradient at \['w'\] has shape \(3, 2\), but the parameter has shape \(2, 3\)"),
    "text": (lambda: optim.sgd().update("a", None, "a"), TypeError, "a gradient of str, which is no number"),
    "other state": (lambda: optim.adam().update(G, optim.adam().init(1.0), P), ValueError, "of other parameters.*mean"),
    "other shape": (lambda: optim.adam().update(np.ones(3), optim.adam().init(np.ones(1)), np.ones(3)), ValueError,
                    r"state.mean has shape \(1,\), but the gradient has shape \(3,\)"),
    "constant before": (lambda: optim.sgd(abs, 0.9).update(1.0, optim.sgd(0.1, 0.9).init(1.0), 1.0), TypeError,
                        "the state has counted no steps"),
    "chain": (lambda: optim.chain(optim.adam()).update(G, STATE, P), TypeError, "no tuple of 1 states"),
    "rate": (lambda: optim.sgd(lambda n: -0.1).update(1.0, optim.sgd(abs).init(1.0), 1.0), ValueError,
             "schedule .* gives -0.1 after 0 steps; a rate is a number of at least 0"),
    "complex": (lambda: optim.sgd().update(np.ones(1) * 1j, None, np.ones(1)), TypeError, "complex, but .* is real"),
    "no params for lbfgs": (lambda: optim.lbfgs(abs).update(1.0, optim.lbfgs(abs).init(1.0)), TypeError,
                            "lbfgs: update needs the parameters, too"),
    "mapped lbfgs": (lambda: vmap(lambda p: optim.lbfgs(abs).update(p, optim.lbfgs(abs).init(p), p))(np.ones(2)),
                     TracedValueError, "lbfgs: a step cannot be mapped by vmap .*test_optim.* Map minimize"),
    "schedule": (lambda: optim.sgd(lambda n: None).update(1.0, optim.sgd(lambda n: None).init(1.0), 1.0), TypeError,
                 "schedule .* has to return one real number, got None"),
}


@pytest.mark.parametrize("name", UPDATES)
def test_mistakes_of_updates(name):
    call, error, text = UPDATES[name]
    with pytest.raises(error, match=text):
        call()


HYPERPARAMETERS = {
    "negative": (lambda: optim.adam(-1), ValueError, "adam: learning_rate has to be a number of at least 0.*got -1"),
    "nan": (lambda: optim.sgd(float("nan")), ValueError, "got nan"),
    "params": (lambda: optim.adam(P), TypeError, r"got a dict; parameters go to init\(params\) and update"),
    "array": (lambda: optim.adam(np.ones(3)), TypeError, r"got an array of shape \(3,\)"),
    "text": (lambda: optim.adam("x"), TypeError, "got 'x'"),
    "b1": (lambda: optim.adam(b1=1.0), ValueError, "adam: b1 has to be a number from 0 up to, not including, 1, got 1"),
    "b2": (lambda: optim.adamw(b2=1.5), ValueError, "adamw: b2 has .*got 1.5"),
    "nesterov": (lambda: optim.sgd(nesterov=True), ValueError, "nesterov=True needs a momentum"),
    "empty": (lambda: optim.chain(), TypeError, "there is nothing to chain"),
    "order": (lambda: optim.chain(optim.adam(), optim.scale(2.0)), TypeError, "step 0 is an optimiser.*the last one"),
    "list": (lambda: optim.chain([optim.scale(2.0), optim.adam()]), TypeError, r"step 0 is a list; write chain\(\*"),
    "key": (lambda: optim.piecewise_constant(0.1, {1: 0.5, "a": 0.1}), TypeError, "a key of factors has .* got 'a'"),
    "not called": (lambda: optim.chain(optim.scale, optim.adam()), TypeError, "step 0 is <function scale.*a Gradient"),
    "limit": (lambda: optim.clip_by_norm(-1), ValueError, "clip_by_norm: limit has to be"),
    "steps": (lambda: optim.cosine(0.1, 0), ValueError, "steps has to be a whole number of at least 1, got 0"),
    "fraction": (lambda: optim.cosine(0.1, 2.5), TypeError, "steps has to be a whole number of steps, got a float"),
    "warm-up": (lambda: optim.warmup_cosine(0.1, 10, 5), ValueError, "steps has to be .* at least 11, got 5"),
    "factors": (lambda: optim.piecewise_constant(0.1, [1]), TypeError, "a dict from steps to factors"),
    "function": (lambda: optim.lbfgs(3.0), TypeError, r"lbfgs\(f\)"),
    "arguments": (lambda: optim.minimize(P, abs), TypeError, r"minimize\(f, params\)"),
    "vector": (lambda: optim.minimize(abs, np.ones(2)), TypeError, r"returns an array of shape \(2,\), not one real"),
    "not finite": (lambda: optim.minimize(lambda x: x * np.inf, 1.0), ValueError, "the function is inf at the param"),
}


@pytest.mark.parametrize("name", HYPERPARAMETERS)
def test_mistakes_of_hyperparameters(name):
    call, error, text = HYPERPARAMETERS[name]
    with pytest.raises(error, match=text):
        call()


# L-BFGS


def rosenbrock(x):
    return anp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


@pytest.mark.parametrize(("size", "most"), [(2, 60), (10, 130)])
def test_minimize(size, most):
    """With about as many evaluations as SciPy's L-BFGS-B: 46 and 96."""
    start = np.where(np.arange(size) % 2, 1.0, -1.2)
    result = optim.minimize(rosenbrock, start, tol=1e-8)
    assert result.success and result.nit < result.nfev <= most and result.message == "the gradient is small"
    np.testing.assert_allclose(result.x, 1.0, atol=1e-7)
    np.testing.assert_allclose(result.jac, grad(rosenbrock)(result.x))
    assert result.fun == rosenbrock(result.x) and start[0] == -1.2


def test_minimize_containers_and_other_numbers():
    result = optim.minimize(
        lambda p: anp.sum((p["w"] - 3.0) ** 4) + (p["n"] - 1) ** 2, {"w": np.zeros(2), "n": 5, "t": "x", "none": None})
    np.testing.assert_allclose([*result.x["w"], result.x["n"]], [3, 3, 1], atol=0.01)
    assert result.x["t"] == "x" and result.jac["t"] is None
    z = optim.minimize(lambda z: anp.sum(anp.abs(z - (1 + 2j)) ** 2), np.zeros(2, complex)).x
    np.testing.assert_allclose(z, 1 + 2j, atol=1e-6)
    x = optim.minimize(lambda x: anp.sum((x - 3.0) ** 2), np.zeros(2, np.float32), tol=1e-4).x
    assert x.dtype == np.float32 and abs(x - 3.0).max() < 1e-3
    assert optim.minimize(lambda x: anp.sum(x**2), np.zeros(0)).success


def test_minimize_that_does_not_succeed():
    few = optim.minimize(rosenbrock, np.array([-1.2, 1.0]), maxiter=3)
    assert not few.success and few.nit == 3 and few.message == "maxiter=3 steps have been made"
    kink = optim.minimize(anp.abs, 3.0)
    assert not kink.success and "no lower value is found" in kink.message and abs(kink.x) < 1e-6
    with pytest.raises(RuntimeError, match="minimize: maxiter=3 .* no minimum yet. Raise maxiter or tol"):
        grad(lambda c: anp.sum(optim.minimize(lambda x: rosenbrock(x * c), np.array([-1.2, 1.0]), maxiter=3).x))(1.0)


def test_success_within_transformations_is_that_of_the_gradient():
    def falling(c):
        return optim.minimize(lambda x: -c * x, 2.0)

    def to_kink(c):
        return optim.minimize(lambda x: anp.abs(x - c) + 0.1 * x**2, 2.0)

    assert not jit(falling)(0.3).success and not to_kink(0.3).success
    assert vmap(to_kink)(np.array([0.3, 7.0])).success.tolist() == [False, True]
    assert vmap(falling)(np.array([0.3, 0.0])).success.tolist() == [False, True]


def test_what_is_found_has_memory_of_its_own():
    start = np.full(2, 3.0)
    optimizer = optim.lbfgs(f := lambda p: anp.sum((p - 3.0) ** 2))
    for found in (optim.minimize(f, start).x, optimizer.update(np.zeros(2), optimizer.init(start), start)[0]):
        found[0] = 9.0
    direction, state = (momentum := optim.scale_by_momentum()).update(start, momentum.init(start))
    direction[0] = 9.0
    assert start.tolist() == state.velocity.tolist() == [3.0, 3.0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_centered_rmsprop_where_gradients_do_not_vary(dtype):
    """The mean of the squares is no less than the square of the mean, but for rounding."""
    optimizer = optim.rmsprop(0.0, decay=0.9, centered=True)
    p, g = np.ones(3, dtype), np.array([0.1, 0.7, 123.3], dtype)
    state = optimizer.init(p)
    for _ in range(500):
        p, state = optimizer.update(g, state, p)
        assert np.isfinite(p).all()


def test_the_derivative_of_a_minimum():
    def lowest(c):
        return optim.minimize(lambda x: anp.sum((x - c) ** 2 + x**4), np.ones(2))

    c = np.array([3.0, 1.0])
    expected = np.diag(2 / (2 + 12 * lowest(c).x ** 2))
    np.testing.assert_allclose(jacobian(lambda c: lowest(c).x)(c), expected, rtol=1e-5)
    np.testing.assert_allclose(jit(jacobian(lambda c: lowest(c).x))(c), expected, rtol=1e-5)
    np.testing.assert_allclose(grad(lambda c: lowest(c).fun)(c), 2 * (c - lowest(c).x), rtol=1e-5)
    rows = np.stack([c, 2 * c])
    np.testing.assert_allclose(vmap(lambda c: lowest(c).x)(rows), [lowest(row).x for row in rows], rtol=1e-6)
    compiled = jit(lambda c: lowest(c).x)
    np.testing.assert_allclose([compiled(row) for row in rows], [lowest(row).x for row in rows], rtol=1e-6)


def test_functions_that_write_into_their_argument():
    def lowest(c):
        def f(x):
            x *= 2.0
            x -= c
            return anp.sum(x**2)

        return optim.minimize(f, np.ones(2))

    np.testing.assert_allclose([lowest(3.0).x, jit(lambda c: lowest(c).x)(3.0)], 1.5)
    np.testing.assert_allclose(jacobian(lambda c: lowest(c).x)(3.0), 0.5)
    np.testing.assert_allclose(vmap(lambda c: lowest(c).x)(np.array([3.0, 5.0])), [[1.5, 1.5], [2.5, 2.5]])

    def doubling(x):
        x *= 2.0
        return anp.sum(x**2)

    optimizer, p = optim.lbfgs(doubling), np.ones(2)
    optimizer.update(grad(doubling)(p), optimizer.init(p), p)
    assert p.tolist() == [1.0, 1.0]


def test_minima_within_minima_and_beside_text():
    def inner(x, a):
        return optim.minimize(lambda p: (p["y"] - a * x) ** 2 + p["y"] ** 2, {"y": 0.0, "name": "y"}).x["y"]

    def outer(a):
        return optim.minimize(lambda x: (x - inner(x, a)) ** 2 + (x - 1) ** 2, 0.0).x

    np.testing.assert_allclose([outer(1.0), grad(outer)(1.0)], [0.8, 0.32], rtol=1e-5)


def test_steps_of_lbfgs_are_differentiable():
    def after(c):
        optimizer, x = optim.lbfgs(f := lambda x: anp.sum((x - c) ** 4 + x**2)), np.ones(2)
        state = optimizer.init(x)
        for _ in range(4):
            x, state = optimizer.update(grad(f)(x), state, x)
        return anp.sum(x)

    np.testing.assert_allclose(grad(after)(2.0), (after(2 + 1e-6) - after(2 - 1e-6)) / 2e-6, rtol=1e-6)


def test_single_steps_of_lbfgs():
    optimizer = optim.lbfgs(rosenbrock)
    p, state = np.array([-1.2, 1.0]), optimizer.init(None)
    step = jit(lambda p, state: optimizer.update(grad(rosenbrock)(p), state, p))
    q, compiled = p, state
    for k in range(50):
        p, state = optimizer.update(grad(rosenbrock)(p), state, p)
        if k < 3:
            q, compiled = step(q, compiled)
            np.testing.assert_allclose(p, q)
    np.testing.assert_allclose(p, 1.0, atol=1e-6)
    assert len(state.steps) == 10
    with pytest.raises(ValueError, match="2 numbers instead of 3"):
        optimizer.update(np.ones(3), state, np.ones(3))
    with pytest.raises(TypeError, match="lbfgs: the state is a ndarray"):
        optimizer.update(p, p, state)
