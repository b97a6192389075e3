"""Minibatches and the bar of a loop."""

import importlib
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest

import autodiff_trace
from autodiff_trace import data, grad, tree_leaves, vmap
from autodiff_trace import numpy as anp

X, Y = np.arange(20.0).reshape(10, 2), np.arange(10)


def test_batches_in_order_are_views():
    batches = data.minibatches((X, Y), 4)
    assert len(batches) == 3 and [len(y) for _, y in batches] == [4, 4, 2]
    for _ in range(2):
        rows = list(batches)
        assert all(np.shares_memory(x, X) and np.shares_memory(y, Y) for x, y in rows)
        np.testing.assert_array_equal(np.concatenate([x for x, _ in rows]), X)
    assert [len(y) for _, y in data.minibatches((X, Y), 4, drop_last=True)] == [4, 4]
    assert [len(x) for x in data.minibatches(X, 100)] == [10]
    assert len(data.minibatches(X[:0], 4)) == 0 and list(data.minibatches(X[:0], 4)) == []


def test_shuffled_batches():
    epochs = [[tuple(y) for _, y in data.minibatches((X, Y), 3, rng=np.random.default_rng(1))] for _ in range(2)]
    assert epochs[0] == epochs[1] and sorted(sum(epochs[0], ())) == list(range(10))
    batches = data.minibatches({"x": X, "y": [Y]}, np.int64(3), rng=np.random.default_rng(1), drop_last=True)
    first, second = list(batches), list(batches)
    assert len(first) == len(batches) == 3
    assert [tuple(batch["y"][0]) for batch in first] == epochs[0][:3]
    assert [tuple(batch["y"][0]) for batch in second] != epochs[0][:3]
    for batch in first + second:
        np.testing.assert_array_equal(batch["x"][:, 0], 2 * batch["y"][0])


def test_batches_of_other_arrays(tmp_path):
    stored = np.memmap(tmp_path / "rows", dtype=float, mode="w+", shape=(10, 2))
    stored[:] = X
    masked, names = np.ma.masked_array(X, X > 5), np.array(list("abcdefghij"))
    for rows, part, name in data.minibatches((stored, masked, names), 4, rng=np.random.default_rng(0)):
        assert len(rows) == len(part) == len(name) and (part.mask == (rows > 5)).all()
    sparse = pytest.importorskip("scipy.sparse", reason="of a sparse matrix rows are taken, too")
    matrix = sparse.csr_array(X)
    np.testing.assert_array_equal(np.concatenate([each.toarray() for each in data.minibatches(matrix, 4)]), X)


def test_batches_of_deep_containers():
    deep = np.arange(3)
    for _ in range(2000):
        deep = [deep]
    assert tree_leaves(next(iter(data.minibatches(deep, 2))))[0].tolist() == [0, 1]
    deep.append(deep)
    with pytest.raises(ValueError, match="contains itself"):
        data.minibatches(deep, 2)


def test_batches_of_traced_arrays():
    def last(x):
        return anp.sum([batch for batch in data.minibatches(x, 4)][-1] ** 2)

    np.testing.assert_array_equal(grad(last)(X), np.where(Y[:, None] >= 8, 2 * X, 0))
    np.testing.assert_array_equal(vmap(last)(np.stack([X, -X])), [last(X)] * 2)


@pytest.mark.parametrize("error, message, call", [
    (ValueError, "the arrays have 10, 9 rows .*, not as many each", lambda: data.minibatches((X, Y[:9]), 2)),
    (ValueError, "minibatches: there are no arrays", lambda: data.minibatches((), 2)),
    (ValueError, "batch_size is an integer, at least 1", lambda: data.minibatches(X, 0)),
    (ValueError, "batch_size is an integer, at least 1", lambda: data.minibatches(X, 2.5)),
    (ValueError, "of 10 rows there is no batch of 11 .*drop_last=False", lambda: data.minibatches(
        X, 11, drop_last=True)),
    (TypeError, r"minibatches: rng is .*not 3 .*default_rng\(3\) once", lambda: data.minibatches(X, 2, rng=3)),
    (TypeError, r"a float is no array with rows .*numpy.array\(x\)", lambda: data.minibatches([1.0, 2.0], 2)),
    (TypeError, "a ndarray is no array with rows", lambda: data.minibatches(np.array(1.0), 2)),
])
def test_what_has_no_batches(error, message, call):
    with pytest.raises(error, match=message):
        call()


def test_data_frames_say_what_to_write():
    pandas = pytest.importorskip("pandas", reason="the error is about data frames")
    for frame in (pandas.DataFrame(X), pandas.Series(Y)):
        with pytest.raises(TypeError, match=r"are taken by labels .*Write x.to_numpy\(\)"):
            data.minibatches((X, frame), 2)
    assert len(data.minibatches(pandas.DataFrame(X).to_numpy(), 5)) == 2


class Terminal:
    """A stream that says it is one."""

    def __init__(self):
        self.text = ""

    def isatty(self):
        return True

    def write(self, text):
        self.text += text

    def flush(self):
        pass


@pytest.mark.parametrize("items, total, shown", [
    ([1, 2, 3], None, "summing [..............................] 0/3"), (iter([1, 2, 3]), None, "summing 0"),
    (iter([1, 2, 3]), 3, "/3")])
def test_a_bar_is_drawn_and_wiped(items, total, shown, monkeypatch):
    stream = Terminal()
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    with closing(data.progress(items, "summing", total=total)) as bar:
        assert sum(bar) == 6
    assert shown in stream.text and stream.text.endswith("\r")


def test_no_bar_in_a_pipe(capsys):
    assert list(data.progress([1, 2, 3])) == [1, 2, 3] and capsys.readouterr() == ("", "")


def test_tqdm_draws_the_bar(monkeypatch):
    pytest.importorskip("tqdm", reason="it is tqdm's bar")
    stream = Terminal()
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", stream)
    assert sum(data.progress([1, 2, 3], "summing")) == 6
    assert "summing" in stream.text and "/3" in stream.text


def test_modules_are_attributes_of_the_package():
    names = ["data", "extend", "nn", "optim", "processes", "testing"]
    code = f"import autodiff_trace as at; [getattr(at, name) for name in {names}]"
    subprocess.run([sys.executable, "-c", code], check=True)
    for name in names:
        assert getattr(autodiff_trace, name) is importlib.import_module(f"autodiff_trace.{name}")
