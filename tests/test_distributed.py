"""Training over shards on a cluster of two processes: numbers, the order of sums, lost workers, errors."""

import functools
import os
import pickle
import signal
import sys
import threading
import time
import types

import numpy as np
import pytest

pytest.importorskip("distributed", reason="data-parallel training wants dask.distributed")

import cloudpickle  # noqa: E402
import dask  # noqa: E402
import dask.array as da  # noqa: E402
from distributed import Client, LocalCluster  # noqa: E402

import autodiff_trace  # noqa: E402
from autodiff_trace import distributed, grad, hessian, jit, optim, tree_leaves, value_and_grad  # noqa: E402
from autodiff_trace import numpy as anp  # noqa: E402
from autodiff_trace.distributed.programs import Batch  # noqa: E402
from autodiff_trace.distributed.sums import Part, Sum, join, merge  # noqa: E402

CUTS = [0, 30, 75, 75, 180, 200]
PARAMS = {"w": np.array([0.1, -0.2, 0.3]), "b": (0.5,)}


def data():
    random = np.random.default_rng(0)
    X = random.normal(size=(200, 3))
    return X, (X[:, 0] + random.normal(size=200) > 0).astype(float)


def cut(i):
    X, y = data()
    return X[CUTS[i] : CUTS[i + 1]], y[CUTS[i] : CUTS[i + 1]]


def loss(params, X, y):
    z = X @ params["w"] + params["b"][0]
    return anp.mean(anp.logaddexp(0.0, z) - y * z)


def total(params, X, y):
    return len(y) * loss(params, X, y)


def slow_loss(params, X, y):
    time.sleep(0.1)
    return loss(params, X, y)


def fails_of_105_rows(params, X, y):
    if len(y) == 105:
        raise FileNotFoundError("no file of this shard")
    return loss(params, X, y)


def penalty(params):
    return 0.1 * anp.sum(params["w"] ** 2)


SHARDS = [cut(i) for i in range(5)]
FUNCTIONS = [functools.partial(cut, i) for i in range(5)]


@pytest.fixture(scope="module")
def client():
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", memory_limit=0) as cluster:
        with Client(cluster) as client:
            yield client


@pytest.fixture
def lone_client():
    """Of a cluster of one worker, in this process."""
    with dask.config.set({"distributed.comm.timeouts.connect": "0.5s"}):
        with LocalCluster(n_workers=1, processes=False, threads_per_worker=1, dashboard_address=":0") as cluster:
            with Client(cluster, timeout=2) as client:
                yield client


def bits(answer):
    return [np.asarray(leaf).tobytes() for leaf in tree_leaves(answer)]


def check(answer, expected, rtol=1e-12):
    for one, two in zip(tree_leaves(answer), tree_leaves(expected), strict=True):
        np.testing.assert_allclose(one, two, rtol=rtol, atol=1e-15)


def kinds_of_shards():
    X, y = data()
    rows = (30, 45, 105, 20)
    blocks = da.from_array(X, chunks=(rows, (2, 1))), da.from_array(y, chunks=(rows,))
    return {
        "arrays": SHARDS, "functions": FUNCTIONS, "blocks": blocks, "delayed": [dask.delayed(f)() for f in FUNCTIONS],
        "mixed": [SHARDS[0], FUNCTIONS[1], dask.delayed(FUNCTIONS[2])(), *SHARDS[3:]],
    }


@pytest.mark.parametrize("kind", ["arrays", "functions", "blocks", "delayed", "mixed"])
def test_mean_over_rows_of_shards_of_each_kind(client, kind):
    with distributed.value_and_grad(loss, client, kinds_of_shards()[kind], reduction="mean", penalty=penalty) as step:
        answers = [step(PARAMS) for _ in range(3)]
    check(answers[0], value_and_grad(lambda p: loss(p, *data()) + penalty(p))(PARAMS))
    assert bits(answers[0]) == bits(answers[1]) == bits(answers[2])
    assert type(answers[0][1]["b"]) is tuple and step.last.rows == 200


def test_sum_weights_and_futures(client):
    shards = distributed.place(client, client.scatter(SHARDS, hash=False))
    check(distributed.value_and_grad(total, client, shards)(PARAMS), value_and_grad(total)(PARAMS, *data()))
    weights = [1.0, 0.0, 7.0, 2.0, 0.5]
    expected = value_and_grad(
        lambda p: sum(w * loss(p, *shard) for w, shard in zip(weights, SHARDS) if len(shard[1])))(PARAMS)
    check(distributed.value_and_grad(loss, client, shards, weights=weights)(PARAMS), expected)
    mean = distributed.value_and_grad(loss, client, shards, weights=weights, reduction="mean", backend=None)
    check(mean(PARAMS)[0], expected[0] / 3.5)
    assert sorted(sum(shards.workers().values(), [])) == [0, 1, 2, 3, 4]


def test_one_worker_gives_the_same_bits(client, lone_client):
    def run(client):
        step = distributed.value_and_grad(jit(loss), client, SHARDS, reduction="mean")
        trained = distributed.train(
            loss, PARAMS, client, SHARDS, optimizer=optim.adam(0.1), steps=4, batch_size=8, seed=3)
        return bits(step(PARAMS)), bits(trained.params), bits(trained.values)

    assert run(client) == run(lone_client)


def test_single_precision_and_one_argument(client):
    shards = [{"x": np.float32([1.0, 2.0]), "scale": 2.0}, {"x": np.float32([3.0]), "scale": 3.0}]
    step = distributed.value_and_grad(lambda p, shard: anp.sum(p * shard["scale"] * shard["x"]), client, shards)
    value, gradient = step(np.float32(2.0))
    assert (value, gradient) == (30.0, 15.0) and value.dtype == gradient.dtype == np.float32
    mean = distributed.value_and_grad(
        lambda p, shard: anp.mean(p * shard["x"]), client, shards, reduction="mean")(np.float32(2.0))
    assert mean == (4.0, 2.0) and mean[0].dtype == mean[1].dtype == np.float32


def test_many_parameters_are_scattered(client, monkeypatch):
    monkeypatch.setattr("autodiff_trace.distributed.steps.IN_GRAPH", 100)
    monkeypatch.setattr("autodiff_trace.distributed.steps.FAN", 2)
    with distributed.value_and_grad(loss, client, FUNCTIONS, reduction="mean") as step:
        answer = step(PARAMS)
        step.steps.groups = [group._replace(numbers=[i]) for i in range(5) for group in step.steps.groups[:1]]
        assert bits(step(PARAMS)) == bits(answer)  # five tasks, and sums of two and of four of them


def test_shards_that_are_made_in_each_step(client):
    shards = distributed.place(client, FUNCTIONS, keep=False)
    step = distributed.value_and_grad(loss, client, shards, reduction="mean")
    check(step(PARAMS), value_and_grad(loss)(PARAMS, *data()))
    with pytest.raises(TypeError, match="keep=False makes shards anew"):
        distributed.place(client, SHARDS, keep=False)


def test_minimize(client):
    pytest.importorskip("scipy", reason="minimize runs SciPy's methods")
    told = []
    result = distributed.minimize(
        loss, PARAMS, client, SHARDS, reduction="mean", penalty=penalty, callback=told.append, tol=1e-10)
    slope = value_and_grad(lambda p: loss(p, *data()) + penalty(p))(result.x)[1]
    assert result.success and max(np.max(np.abs(leaf)) for leaf in tree_leaves(slope)) < 1e-5
    assert [each.step for each in told] == list(range(1, result.nit + 1)) and told[-1].value == result.fun
    assert bits(told[-1].params) == bits(result.x)
    for method in ("BFGS", "TNC", "SLSQP"):
        stopped = distributed.minimize(
            loss, PARAMS, client, SHARDS, method=method, reduction="mean", callback=lambda progress: progress.step == 2)
        assert stopped.nit <= 2 and stopped.x["w"].shape == (3,)
    with pytest.raises(ValueError, match="method has to be one of"):
        distributed.minimize(loss, PARAMS, client, SHARDS, method="Newton-CG")


def test_training_by_minibatches(client):
    def by_hand(params, steps):
        values = []
        for step in range(steps):
            parts = []
            for i, (_, y) in enumerate(SHARDS):
                if len(y):
                    value, gradient = value_and_grad(loss)(params, *drawn(step, i))
                    parts.append((len(y) / 200 * value, len(y) / 200 * gradient["w"], len(y) / 200 * gradient["b"][0]))
            value, w, b = map(sum, zip(*parts))
            values.append(value)
            params = {"w": params["w"] - 0.5 * w, "b": (params["b"][0] - 0.5 * b,)}
        return params, values

    told = []
    settings = dict(optimizer=optim.sgd(0.5), batch_size=25, seed=5)
    whole = distributed.train(loss, PARAMS, client, SHARDS, steps=6, callback=told.append, **settings)
    check((whole.params, list(whole.values)), by_hand(PARAMS, 6), rtol=1e-10)
    assert [each.step for each in told] == [1, 2, 3, 4, 5, 6] and told[0].rows == 95
    first = distributed.train(loss, PARAMS, client, SHARDS, steps=9, callback=lambda each: each.step == 2, **settings)
    rest = distributed.train(
        loss, first.params, client, SHARDS, steps=4, state=first.state, first_step=2, **settings)
    assert bits(rest.params) == bits(whole.params)
    summed = distributed.train(total, PARAMS, client, SHARDS, reduction="sum", steps=1, batch_size=25, seed=5)
    expected = sum(loss(PARAMS, *drawn(0, i)) * len(SHARDS[i][1]) for i in (0, 1, 3, 4))
    assert summed.values[0] == pytest.approx(expected)


def test_rows_with_labels_are_drawn_by_their_place():
    pandas = pytest.importorskip("pandas", reason="rows with labels want pandas")
    labels, X = [3, 0, 1, 4, 2], np.arange(25.0).reshape(5, 5)
    plain, series, frame = Batch(2, seed=0, step=0).draw(
        (X, pandas.Series(X[:, 0], labels), pandas.DataFrame(X, labels)), 5, 0)
    np.testing.assert_array_equal(series.to_numpy(), plain[:, 0])
    np.testing.assert_array_equal(frame.to_numpy(), plain)


def drawn(step, i):
    """The minibatch of 25 rows of shard i for the seed 5."""
    X, y = SHARDS[i]
    draw = np.random.default_rng((5, step, i)).choice(len(y), min(25, len(y)), replace=False, shuffle=False)
    return X[np.sort(draw)], y[np.sort(draw)]


def test_an_error_of_the_loss_comes_back_with_its_shard(client):
    step = distributed.value_and_grad(fails_of_105_rows, client, SHARDS, retries=1)
    with pytest.raises(FileNotFoundError, match="no file of this shard") as caught:
        step(PARAMS)
    assert "shard 3 of 5, on worker tcp://" in caught.value.__notes__[0]
    with pytest.raises(ZeroDivisionError) as caught:
        distributed.place(client, [FUNCTIONS[0], lambda: 1 / 0])
    assert "makes shard 1" in caught.value.__notes__[0]


def test_a_step_that_takes_too_long(client, tmp_path):
    path = tmp_path / "reached.pickle"
    with pytest.raises(distributed.DistributedError, match="took longer than 0.05 seconds, with 2 workers") as caught:
        distributed.train(
            slow_loss, PARAMS, client, FUNCTIONS, backend=None, timeout=0.05, checkpoint=path, first_step=7)
    assert caught.value.params is PARAMS and caught.value.step == 7 and caught.value.path == str(path)
    saved = pickle.loads(path.read_bytes())
    assert bits(saved["params"]) == bits(PARAMS) and saved["step"] == 7 and saved["state"] is None


def test_mistakes_are_told(client):
    for shards, text in [((1, 2), "give a list with one entry a shard"), ([], "shards is empty"),
                         ((da.ones(4, chunks=2), np.ones(4)), "has to be a Dask array with rows"),
                         ((da.ones(4, chunks=2), da.ones(5, chunks=2)), "4 and 5 rows")]:
        with pytest.raises((TypeError, ValueError), match=text):
            distributed.place(client, shards)
    placed = distributed.place(client, SHARDS[:2])
    for settings, text in [(dict(reduction="max"), "'sum' or 'mean'"), (dict(weights=[1.0]), "1 weights for 2 shards"),
                           (dict(backend="auto"), "would change last bits")]:
        with pytest.raises(ValueError, match=text):
            distributed.value_and_grad(loss, client, placed, **settings)
    lock = threading.Lock()
    with pytest.raises(TypeError, match="the loss cannot be sent to workers.*does not pickle"):
        distributed.value_and_grad(lambda p, X, y: lock and loss(p, X, y), client, placed)
    with pytest.raises(TypeError, match="client has to be"):
        distributed.place(None, SHARDS)
    with pytest.raises(TypeError, match=r"has to return a number, but returned an array of shape \(30,\)"):
        distributed.value_and_grad(lambda p, X, y: X @ p["w"], client, SHARDS[:1])(PARAMS)
    with pytest.raises(ValueError, match="none of the shards has rows"):
        distributed.value_and_grad(loss, client, [SHARDS[2]])(PARAMS)
    placed.release()
    with pytest.raises(ValueError, match="have been released"):
        placed.workers()


def test_without_dask(monkeypatch):
    for name in [each for each in sys.modules if each.startswith("autodiff_trace.distributed")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delattr(autodiff_trace, "distributed")
    with pytest.raises(ImportError, match=r"needs dask.distributed.*pip install 'autodiff_trace\[dask\]'"):
        from autodiff_trace import distributed as missing  # noqa: F401


def test_a_scheduler_that_goes_away(lone_client, tmp_path):
    path = tmp_path / "reached.pickle"
    steps = []

    def close(progress):
        steps.append(progress)
        if progress.step == 2:
            threading.Timer(0.15, lone_client.cluster.sync, [lone_client.cluster.scheduler.close]).start()

    with pytest.raises(distributed.DistributedError, match="connection to the scheduler .* is lost") as caught:
        distributed.train(slow_loss, PARAMS, lone_client, SHARDS, backend=None, callback=close, checkpoint=path)
    assert caught.value.step == len(steps) and bits(caught.value.params) == bits(steps[-1].params)
    assert bits(pickle.loads(path.read_bytes())["params"]) == bits(caught.value.params)
    with pytest.raises(distributed.DistributedError, match="connection to the scheduler"):
        distributed.place(lone_client, SHARDS)


@pytest.mark.parametrize("wrap", [jit, jit(backend="numpy"), grad, hessian, lambda f: jit(grad(f))])
def test_functions_of_a_script_travel(wrap, monkeypatch):
    script = types.ModuleType("__main__")
    script.wrap = wrap
    monkeypatch.setitem(sys.modules, "__main__", script)
    exec("import numpy as np\n@wrap\ndef f(x, n=3):\n    return np.sum(x**n)", vars(script))
    script.f.__module__ = "__main__"
    x = np.arange(3.0)
    answers = [script.f(x), script.f(x)]
    made = [len(cloudpickle.dumps(each)) for each in (script.f, wrap(lambda x: x))]
    payload = cloudpickle.dumps((script.f, grad(script.f)))
    del script.f
    f, slope = pickle.loads(payload)
    np.testing.assert_array_equal(f(x), answers[0])
    assert slope(x).shape == x.shape and max(made) < 3000  # no programs
    if hasattr(f, "cache_info"):
        assert f.cache_info().hits == 0


def test_sums_are_those_of_one_tree():
    random = np.random.default_rng(1)
    for count in (1, 2, 3, 5, 8, 13):
        one = [Sum(x, [x, None], 1.0, 1) if x > -1 else None for x in random.normal(size=count).tolist()]
        expected = merge({(0, i): part for i, part in enumerate(one)}, count)
        assert len(expected) == 1
        for _ in range(10):
            owner = random.integers(3, size=count)
            parts = [Part(merge({(0, i): one[i] for i in np.flatnonzero(owner == w)}, count), []) for w in range(3)]
            assert join(parts, count).sums == expected


def test_data_that_is_lost_for_good(client):
    shards = distributed.place(client, client.scatter(SHARDS[:2], hash=False, workers=list(client.nthreads())[:1]))
    step = distributed.value_and_grad(loss, client, shards)
    client.cancel(shards.futures)
    with pytest.raises(distributed.DistributedError, match=r"shard 0 of 2 is lost.* given as a future \(cancelled\)"):
        step(PARAMS)


def test_a_lost_worker_changes_no_bit(client):
    shards = distributed.place(client, [SHARDS[0], FUNCTIONS[1], SHARDS[2], SHARDS[3], FUNCTIONS[4]])
    step = distributed.value_and_grad(slow_loss, client, shards, reduction="mean", backend=None)
    compiled = distributed.value_and_grad(loss, client, shards, reduction="mean")
    expected = bits(step(PARAMS)), bits(compiled(PARAMS))
    lost = next(iter(shards.workers()))
    kill = getattr(signal, "SIGKILL", signal.SIGTERM)
    timer = threading.Timer(0.05, os.kill, (client.run(os.getpid, workers=[lost])[lost], kill))
    timer.start()
    assert bits(step(PARAMS)) == expected[0] and lost not in step.last.busy
    assert bits(compiled(PARAMS)) == expected[1]
    timer.join()
