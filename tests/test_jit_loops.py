"""scan and fori_loop under jit: one step with a body that is recorded once, in every mode; else turn by turn."""

import time
import tracemalloc

import numpy as np
import pytest

from autodiff_trace import (
    EndedTraceError, TracedValueError, checkpoint, custom_vjp, fori_loop, grad, hessian, hvp, jacobian, jit, jvp, scan,
    stop_gradient, tree_leaves, value_and_grad, vmap,
)
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.record import loop_cotangents, scans
from autodiff_trace.transforms import loops

random = np.random.default_rng(0)
N = 24
W = random.normal(size=(4, 4)) * 0.4
XS = random.normal(size=(N, 4))
TIMES = np.linspace(0.0, 1.0, N)


@pytest.fixture
def recorded(monkeypatch):
    """Which loops have become steps, in the order of the calls under jit."""
    found = []

    def recorder(*args):
        outputs = scans.record_scan(*args)
        found.append(outputs is not None)
        return outputs

    monkeypatch.setattr(loops, "recorders", [recorder])
    return found


def network(w, xs):
    def step(c, x):
        c = anp.tanh(w @ c + x)
        return c, anp.sum(c**2)

    c, ys = scan(step, np.zeros(4), xs)
    return anp.sum(ys) + anp.sum(c)


def tree(w):
    def step(c, x):
        c = {"a": anp.tanh(c["a"] @ w + x), "n": c["n"] + 1}
        return c, (c["a"][0], None, c["n"])

    c, ys = scan(step, {"a": np.zeros(4), "n": 0}, XS, reverse=True)
    assert ys[1] is None
    return anp.sum(ys[0] * ys[2]) + anp.sum(c["a"])


def nested(w):
    def outer(c, x):
        d = scan(lambda d, y: (anp.tanh(w @ d + y * x), None), c, XS[:20])[0]
        return d * 0.9, anp.sum(d)

    return anp.sum(scan(outer, np.ones(4), XS[:20])[1])


def pendulum(theta, turns=200):
    def step(_, state):
        angle, speed = state
        return angle + 1e-2 * speed, speed - 1e-2 * anp.sin(angle)

    return fori_loop(0, turns, step, (theta, 0.0))[0]


def counting(x):
    return fori_loop(3, N, lambda i, c: c * 0.99 + i * x, x)


def reading_items(x):
    return fori_loop(0, N, lambda i, c: c * 0.99 + x[i] * i, 0.0)


def selecting(x):
    return anp.sum(scan(lambda c, t: (anp.where(c > 0.3, anp.sin(c * x + t), c + t), c), 1.0, TIMES)[1])


def selecting_before_infinite_slopes(x):
    return scan(lambda c, t: (anp.where(t < 0.5, anp.sqrt(c * t) * x, c), c * x), 1.0, TIMES)[0] * x


def window(xs):
    def step(c, x):
        c[1:] = c[:-1] * 1.0
        c[0] = x * x
        return c, c

    return anp.sum(scan(step, np.zeros(3), xs)[1] ** 2)


def descend(rate):
    def step(x, _):
        value, g = value_and_grad(lambda x: anp.sum((x - 1.0) ** 4))(x)
        return x - rate * g, value

    return anp.sum(scan(step, np.linspace(0, 0.9, 3), length=N)[1])


def passed_on(x):
    """What is carried changes its place; an output is what was carried; a sum; the same in all turns."""
    (a, b, total), ys = scan(lambda c, t: ((c[1], c[0] * x, c[2] + t * c[0]), (c[0], x, t)), (x, 2.0 * x, 0.0), TIMES)
    return a + b * total + anp.sum(ys[0] * ys[1] * ys[2])


def matrices(w):
    return anp.sum(scan(lambda c, x: ((c @ w).T, anp.linalg.det(c)), anp.eye(4), length=N)[0])


@custom_vjp
def odd_sine(x):
    return anp.sin(x)


odd_sine.defvjp(lambda x: (odd_sine(x), x), lambda x, g: (g * 100.0 * x,))


def with_a_rule(x):
    return scan(lambda c, t: (odd_sine(c) * 0.01 * x + t, None), 1.0, TIMES)[0]


def stopped(x):
    return scan(lambda c, t: (stop_gradient(c) * x + t, c), 1.0, TIMES)[0]


def systems(x):
    def step(c, t):
        c = anp.linalg.solve(anp.eye(2) * x + t, c) + anp.array([[0.0, t], [1.0, x]])
        return c, anp.linalg.eigvalsh(c @ c.T)

    return anp.sum(scan(step, anp.eye(2) * x, TIMES)[1])


def gradients_of_batches(w):
    return anp.sum(scan(lambda c, t: (c * 0.1 + vmap(grad(lambda a: anp.sin(a * t)))(w * c), None), w, TIMES)[0])


def at_places_of_the_counter(x):
    """Items at affine places, from the end, in columns, of a product; of an array that is not followed; of floats."""
    rows = anp.outer(TIMES, x)

    def body(i, c):
        c = anp.tanh(c + rows[i] * i + rows[i - 1] + rows[-i] + rows[N - 1 - i, ::-1] + rows.T[:, i])
        c = c + rows[(7 * i) % N]
        return c * XS[i, 0] + rows[i, i % 4] + rows[i // 2, 1:2] + x[0 * i] + rows.T[..., i]

    return anp.sum(fori_loop(1, N, body, x))


def at_carried_places(x):
    return anp.sum(fori_loop(0, N, lambda i, c: (anp.sin(c[0] + x[c[1]]), (3 * c[1] + 1) % 4), (x, 1))[0])


def filling(x):
    def body(i, c):
        c[i] = anp.sin(c[i - 1]) + x[i % 4]
        return c

    return anp.sum(fori_loop(1, N, body, anp.zeros(N)) ** 2)


def filling_what_is_kept(x):
    """Arrays that are written into and kept as outputs, that change places, of which the old one is read."""
    def body(c, i):
        a, b, d = c
        old, first = d * 1.0, a[:2]
        a[i] = b[i - 1] * 0.5 + x[0]
        b[i] = a[i] * x[1]
        d[i] = d[i - 1] * 0.5 + old[i] + anp.sum(first)
        return (b, a, d), (a, first)

    start = anp.concatenate([x] * 10)
    (a, b, d), (ys, firsts) = scan(body, (start, start, start), np.arange(1, 30))
    return anp.sum(a) + anp.sum(b * d) + anp.sum(ys**2) + anp.sum(firsts)


def slopes_before_anything_is_followed(x):
    """√0 of what has no tangent yet; of what nothing reads afterwards."""
    a = fori_loop(0, N, lambda i, c: anp.sqrt(c) + x, np.zeros(4))
    b = fori_loop(0, N, lambda i, c: (c[0] * 0.5 + x, anp.sqrt(c[0] - x * 0)), (np.zeros(4), np.zeros(4)))[1]
    c = fori_loop(0, N, lambda i, c: (c[0] * 0.5 + x, x / (i - N + 1 + c[0] * 0)), (np.zeros(4), np.zeros(4)))[0]
    return anp.sum(a * b * c)


def selecting_of_the_same(x):
    """The root is taken of what is the same in all turns, and not selected at 0."""
    return anp.sum(fori_loop(0, N, lambda i, c: anp.where(x > 0, anp.sqrt(x) * c, c * 0.5), np.ones(4)))


def asking_numpy(x):
    direction = x * np.linspace(0.5, 1, 4).astype(np.asarray(x).dtype)
    return jvp(lambda x: fori_loop(0, N, lambda i, c: c * 0.9 + x[0], 1.5), (x,), (direction,))[1]


START = np.linspace(0.3, 1.2, 4)


def in_each_mode(name, function, x):
    return {
        name: (function, (x,)), f"{name}, pulled": (grad(function), (x,)),
        f"{name}, pushed": (lambda x: jvp(function, (x,), (anp.cos(x),))[1], (x,)),
        f"{name}, batched": (vmap(grad(function)), (np.stack([x, x * 0.5]),)),
        f"{name}, twice": (lambda x: hvp(function)(x, x), (x,)),
    }


ROLLED = {
    **in_each_mode("counter", at_places_of_the_counter, START), **in_each_mode("places", at_carried_places, START),
    **in_each_mode("filling", filling, START), **in_each_mode("filling what is kept", filling_what_is_kept, START),
    **in_each_mode("infinite at first", slopes_before_anything_is_followed, START),
    **in_each_mode("selecting of the same", selecting_of_the_same, np.array([0.0, 1.0, -1.0, 0.5])),
    "asking numpy": (asking_numpy, (START,)),
    "custom rule": (grad(with_a_rule), (0.9,)), "custom rule, batched": (vmap(grad(with_a_rule)), (TIMES[:3] + 0.5,)),
    "stopped": (grad(stopped), (0.9,)), "systems": (systems, (1.9,)), "systems pulled": (grad(systems), (1.9,)),
    "gradients of batches": (gradients_of_batches, (TIMES[:3],)),
    "gradients of batches, pulled": (grad(gradients_of_batches), (TIMES[:3],)),
    "jacobian": (jacobian(lambda x: scan(lambda c, t: (anp.sin(c) * x + t, c), x, TIMES)[1]), (TIMES[:2],)),
    "selecting pushed": (lambda x: jvp(selecting, (x,), (x,))[1], (0.9,)),
    "infinite slopes pushed": (lambda x: jvp(selecting_before_infinite_slopes, (x,), (x,))[1], (0.9,)),
    "network": (network, (W, XS)), "its gradient": (grad(network), (W, XS)),
    "its gradient in xs": (grad(network, 1), (W, XS)),
    "jvp": (lambda w, t: jvp(lambda w: network(w, XS), (w,), (t,))[1], (W, W + 1)),
    "vmap": (vmap(network, (0, None)), (np.stack([W, W + 0.1]), XS)),
    "vmap of xs": (vmap(network, (None, 0)), (W, np.stack([XS, XS + 0.1]))),
    "vmap of grad": (vmap(grad(network), (0, None)), (np.stack([W, W + 0.1]), XS)),
    "grad of vmap": (grad(lambda w: anp.sum(vmap(network, (None, 0))(w, np.stack([XS, XS + 0.1])))), (W,)),
    "hvp": (lambda w, t: hvp(lambda w: network(w, XS))(w, t), (W, W + 1)),
    "grad of grad": (grad(lambda w: anp.sum(grad(network)(w, XS) ** 2)), (W,)),
    "hessian": (hessian(lambda w: network(w, XS)), (W,)),
    "tree": (tree, (W,)), "tree pulled": (grad(tree), (W,)), "tree pushed": (lambda w: jvp(tree, (w,), (w,))[1], (W,)),
    "nested": (nested, (W,)), "nested pulled": (grad(nested), (W,)),
    "nested twice": (lambda w: hvp(nested)(w, w), (W,)),
    "floats": (pendulum, (0.5,)), "floats pulled": (grad(pendulum), (0.5,)),
    "floats twice": (grad(grad(pendulum)), (0.5,)),
    "counting": (counting, (0.3,)), "counting pulled": (grad(counting), (0.3,)),
    "items": (reading_items, (TIMES,)), "items pulled": (grad(reading_items), (TIMES,)),
    "selecting": (selecting, (0.9,)), "selecting pulled": (grad(selecting), (0.9,)),
    "infinite slopes": (grad(selecting_before_infinite_slopes), (0.9,)),
    "writing": (window, (TIMES,)), "writing pulled": (grad(window), (TIMES,)),
    "gradients in turns": (descend, (0.1,)), "gradients in turns, pulled": (grad(descend), (0.1,)),
    "passed on": (passed_on, (0.9,)), "passed on, pulled": (grad(passed_on), (0.9,)),
    "passed on, batched": (vmap(grad(passed_on)), (TIMES[:3] + 0.5,)),
    "matrices": (matrices, (W,)), "matrices pulled": (grad(matrices), (W,)),
    "matrices twice": (lambda w: hvp(matrices)(w, w), (W,)),
    "float32": (grad(network), (W.astype(np.float32), XS.astype(np.float32))),
    "complex": (grad(lambda w: anp.sum(anp.abs(scan(lambda c, x: (c * w + x, c), 1j * w, XS[:, 0])[1]))), (0.9,)),
    "checkpoints of turns": (
        grad(lambda w: anp.sum(scan(checkpoint(lambda c, x: (anp.tanh(w @ c + x), None)), np.zeros(4), XS)[0])), (W,)),
}


@pytest.mark.parametrize("name", ROLLED)
def test_a_loop_is_one_step(name, recorded):
    function, args = ROLLED[name]
    with np.errstate(all="ignore"):
        expected = function(*args)
        recorded.clear()
        compiled = jit(function)
        for _ in range(3):
            for found, right in zip(tree_leaves(compiled(*args)), tree_leaves(expected)):
                assert np.asarray(found).dtype == np.asarray(right).dtype
                rtol = 1e-4 if found.dtype == np.float32 else 1e-9
                np.testing.assert_allclose(found, right, rtol=rtol, atol=rtol)
    assert compiled.cache_info().failures == 0 and compiled.cache_info().eager == 0
    assert recorded and all(recorded)


def of_roots(pick):
    """What ``pick`` takes of the last carry and the outputs of a loop, in which slopes at 0 are infinite."""
    def function(x, times):
        return pick(*scan(lambda c, t: (anp.sqrt(c) * x, (anp.sqrt(t) * c, c[0])), x * np.array([2.0, 0.0]), times))
    return function


PICKED = {
    "an item of the carry": of_roots(lambda c, ys: c[0]),
    "the last row": of_roots(lambda c, ys: ys[0][-1, 0]),
    "rows after the first": of_roots(lambda c, ys: anp.sum(ys[0][1::3, 0]) * ys[1][2]),
    "the carry and one row": of_roots(lambda c, ys: anp.sum(anp.where(c > 0.0, c, 0.0)) + ys[1][3]),
    "rows by a mask": of_roots(lambda c, ys: anp.sum(anp.where(TIMES > 0.2, ys[1] * ys[0][:, 0], 0.0))),
    "nothing of some outputs": of_roots(lambda c, ys: c[0] + anp.sum(ys[1])),
    "the largest": of_roots(lambda c, ys: anp.max(ys[0])),
}


@pytest.mark.parametrize("name", PICKED)
def test_what_is_picked_of_a_loop_leaves_it_a_loop(name, monkeypatch):
    def unrolled(*args):
        raise AssertionError("the loop was taken apart")

    monkeypatch.setattr(loop_cotangents, "pull_unrolled", unrolled)
    slopes = grad(PICKED[name], (0, 1))
    twice, batched = grad(lambda x: slopes(x, TIMES + 0.1)[0]), vmap(slopes, (0, None))
    with np.errstate(all="ignore"):
        for function, args in [(slopes, (0.9, TIMES)), (twice, (0.9,)), (batched, (TIMES[5:8], TIMES))]:
            compiled = jit(function)
            for found, right in zip(tree_leaves(compiled(*args)), tree_leaves(function(*args)), strict=True):
                np.testing.assert_allclose(found, right, rtol=1e-9, atol=1e-12)
            assert compiled.cache_info().failures == compiled.cache_info().eager == 0


count = 0


def branching_on_the_counter(x):
    return fori_loop(0, N, lambda i, c: c * 0.99 if i % 2 else c * x, 1.0)


def branching_on_a_value(x):
    return fori_loop(0, N, lambda i, c: c * 0.99 if c > 0.9 else c * x + 1.0, 1.0)


def counting_outside(x):
    def step(c, _):
        global count
        count += 1
        return c * x * (count - start), None

    start = count
    return scan(step, 1.0, length=20)[0]


def appending(x):
    seen = []

    def step(c, t):
        seen.append(t)
        return c * x + len(seen), seen[0]

    return scan(step, 1.0, TIMES)[0]


def writing_outside(x):
    total = anp.zeros(3)

    def step(c, t):
        total[1] += c
        return c * x + t, None

    return scan(step, 1.0, TIMES)[0] + total[1]


def writing_plain_arrays(x):
    count = np.zeros(1)

    def step(c, t):
        count[0] += 1.0
        return c * x + count[0], None

    return scan(step, 1.0, TIMES)[0]


def iterating(x):
    numbers = iter(range(N))
    return scan(lambda c, t: (c * x + next(numbers), None), 1.0, TIMES)[0]


def caught(x):
    def step(c, t):
        try:
            anp.linalg.inv(c * np.zeros((2, 2)))
        except np.linalg.LinAlgError:
            return c * x, None

    return scan(step, 1.0, TIMES)[0]


def keeping(store, read):
    """A loop whose turns leave something outside."""

    class Holder:
        value = None

    def function(x):
        holder, cell, items, table = Holder(), None, [None], {}

        def step(c, t):
            nonlocal cell
            if store == "cell":
                cell = c * 2
            elif store == "attribute":
                holder.value = c * 2
            elif store == "item":
                items[0] = c * 2
            else:
                table["key"] = c * 2
            return c * x + t, None

        last = scan(step, 1.0, TIMES)[0]
        return last + read(holder, cell, items, table)

    return function


UNROLLED = {
    each.__name__: (each, 0.9) for each in (
        branching_on_the_counter, branching_on_a_value, counting_outside, appending, writing_outside,
        writing_plain_arrays, iterating, caught,
    )
}
UNROLLED["cell"] = keeping("cell", lambda holder, cell, items, table: cell), 0.9
UNROLLED["attribute"] = keeping("attribute", lambda holder, cell, items, table: holder.value), 0.9
UNROLLED["item"] = keeping("item", lambda holder, cell, items, table: items[0]), 0.9
UNROLLED["key"] = keeping("key", lambda holder, cell, items, table: table["key"]), 0.9
UNROLLED["few turns"] = lambda x: scan(lambda c, t: (c * x + t, None), 1.0, TIMES[:3])[0], 0.9
UNROLLED["an array of no axes"] = lambda x: scan(lambda c, t: (c * x[0], c), anp.reshape(x, ()), TIMES)[0], np.ones(1)


@pytest.mark.parametrize("transform", [lambda f: f, grad], ids=["plain", "grad"])
@pytest.mark.parametrize("name", UNROLLED)
def test_turns_that_differ(name, transform):
    function, x = UNROLLED[name]
    function = transform(function)
    compiled = jit(function)
    try:
        expected = function(x)
    except (EndedTraceError, TracedValueError) as error:  # it cannot be computed again
        with pytest.raises(type(error)):
            compiled(x)
        return
    for _ in range(3):
        np.testing.assert_allclose(compiled(x), expected, rtol=1e-12)
    assert compiled.cache_info().failures == 0


def test_a_turn_that_is_recorded_changes_nothing_outside():
    before = count
    compiled = jit(counting_outside)
    compiled(0.9), compiled(0.9)
    assert count == before + 2 * 20


def test_draws_differ_from_turn_to_turn(recorded):
    compiled = jit(lambda x: scan(lambda c, _: (c + anp.random.normal(), c), x, length=N)[1])
    for _ in range(3):
        assert len(set(compiled(0.5))) == N
    assert not any(recorded)


def test_closed_over_values_are_read_anew():
    scale = np.ones(1)
    compiled = jit(grad(lambda x: scan(lambda c, t: (c * x * scale[0] + t, None), 1.0, TIMES)[0]))
    for value in (1.0, 1.0, 0.5, 0.25):
        scale[0] = value
        expected = grad(lambda x: scan(lambda c, t: (c * x * scale[0] + t, None), 1.0, TIMES)[0])(0.9)
        np.testing.assert_allclose(compiled(0.9), expected, rtol=1e-12)


def test_time_does_not_depend_on_the_turns():
    def loss(w, xs):
        return anp.sum(scan(lambda c, x: (anp.tanh(w @ c + x), None), np.zeros(2), xs)[0])

    xs = random.normal(size=(10_000, 2))
    compiled = jit(grad(loss))
    start = time.process_time()
    compiled(W[:2, :2], xs)
    assert time.process_time() - start < 1.5  # 0.1 s; 3 s if each turn is recorded
    np.testing.assert_allclose(compiled(W[:2, :2], xs[:500]), grad(loss)(W[:2, :2], xs[:500]), rtol=1e-9)


def pointing(x):
    return fori_loop(0, len(x), lambda i, c: (anp.tanh(c[0] * 0.5 + x[c[1]]), (c[1] * 3 + 1) % len(x)), (0.0, 0))[0]


def filling_all(x):
    def body(i, c):
        c[i] = anp.tanh(c[i - 1] * 0.5 + x[i])
        return c

    return anp.sum(fori_loop(1, len(x), body, anp.zeros(len(x))))


@pytest.mark.parametrize("loss", [
    lambda x: fori_loop(1, len(x), lambda i, c: anp.tanh(c * 0.5 + x[i] * x[i - 1]), 0.0), pointing, filling_all,
], ids=["counter", "pointer", "filling"])
def test_the_time_of_a_turn_does_not_depend_on_the_length(loss):
    x = random.normal(size=10_000)
    compiled = jit(grad(loss), backend="numpy")
    compiled(x), compiled(x)
    start = time.process_time()
    compiled(x)
    assert time.process_time() - start < 0.15  # at most 0.03 s; 0.2 s and more if each turn touches the whole array
    np.testing.assert_allclose(compiled(x[:500]), grad(loss)(x[:500]), rtol=1e-9, atol=1e-12)


def test_items_outside_are_an_error():
    for places in (lambda i: i + 1, lambda i: -i - 2):
        with pytest.raises(IndexError, match="out of bounds"):
            jit(lambda x: fori_loop(0, N, lambda i, c: c + x[places(i)], 0.0))(TIMES)  # noqa: B023


@pytest.mark.parametrize("most", [0, 10**9])
def test_what_is_not_kept_is_computed_again(most, monkeypatch, recorded):
    monkeypatch.setattr(loop_cotangents, "MOST_BYTES", most)
    for function in (grad(network), grad(lambda w, xs: anp.sum(grad(network)(w, xs) ** 2))):
        compiled, expected = jit(function), function(W, XS)
        for _ in range(2):
            np.testing.assert_allclose(compiled(W, XS), expected, rtol=1e-9)
    assert any(recorded)


def test_large_arrays_in_bounded_memory():
    x = np.linspace(0, 1, 60_000)
    compiled = jit(grad(lambda x: anp.sum(scan(
        lambda c, t: (anp.sin(c) * anp.cos(c * t) + anp.exp(-c) * c, None), x, TIMES)[0])))
    tracemalloc.start()
    try:
        compiled(x), compiled(x)
        assert tracemalloc.get_traced_memory()[1] < 170 * x.nbytes
    finally:
        tracemalloc.stop()
