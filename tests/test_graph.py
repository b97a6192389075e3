"""The graph of a function: listed, drawn, counted, run again, differentiated, saved."""

import pickle
import re
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from autodiff_trace import (
    TracedValueError, custom_vjp, extend, grad, graph, jit, jvp, nn, value_and_grad, vmap,
)
from autodiff_trace import numpy as anp

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(5, 4)), RANDOM.normal(size=5)
PARAMS = {"W": RANDOM.normal(size=(4, 3)), "b": np.zeros(3)}


def loss(params, x, y):
    hidden = anp.tanh(x @ params["W"] + params["b"])
    if anp.sum(hidden) > -100:
        hidden = 2 * hidden
    return anp.mean((anp.sum(hidden, axis=1) - y) ** 2)


def assert_close(found, expected):
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-12, atol=1e-14)


# What it shows


def test_print():
    text = str(graph(loss, PARAMS, X, Y))
    lines = text.splitlines()
    assert lines[0] == "def loss(params_W, params_b, x, y):"
    assert "    #     x: float64[5,4]" in lines
    assert any("x.dot(params_W" in line and line.endswith("  # float64[5,3]") for line in lines)
    guards = [line for line in lines if line.startswith("    if not v")]
    assert len(guards) == 1 and guards[0].endswith("# guard: sum(tanh(…)) > -100 was True")
    assert lines[-1].startswith("    return v") and lines[-1].endswith("  # float64[]")
    columns = {line.index("  # ") for line in lines if "  # " in line and not line.startswith("    #")}
    assert len(columns) == 1
    compile(text, "graph", "exec")  # a program still


@pytest.mark.parametrize("passes", [None, ()])
def test_each_assignment_has_its_type(passes):
    f = grad(loss) if passes is None else jit(grad(loss), passes=passes)
    for line in str(graph(f, PARAMS, X, Y)).splitlines():
        if " = " in line and "#" not in line[:5]:
            assert line.rstrip().endswith("]"), line


INDICES = {
    "x[::-1]": lambda x: x[::-1], "x[3:0:-1]": lambda x: x[3:0:-1], "x[1:]": lambda x: x[1:],
    "x[...]": lambda x: x[...], "x[None, ::2]": lambda x: x[None, ::2], "x[[0, 2]]": lambda x: x[[0, 2]],
    "x[()]": lambda x: x[()], "x[int64[2]]": lambda x: x[np.array([0, 1])],
}


@pytest.mark.parametrize("text", INDICES)
def test_items_as_one_writes_them(text):
    f = INDICES[text]
    assert graph(lambda x: 1.0 if anp.all(f(x) < 9) else 0.0, np.arange(5.0)).guards == [f"all({text} < 9) was True"]


def test_source_is_what_runs():
    g = jit(loss).graph(PARAMS, X, Y)
    assert g.source.splitlines()[0] == str(g).splitlines()[0]
    assert [line.split("  # ")[0].rstrip() for line in str(g).splitlines() if not line.startswith("    #")] == (
        g.source.splitlines()
    )


def test_constants_and_buffers_are_listed():
    small, large = np.array([1.0, 2.0, 3.0]), np.ones(50)
    text = str(graph(lambda x: anp.sin(x * small + 1.0).sum() * large, np.zeros(3)))
    assert "float64[3] = [1., 2., 3.]" in text and ": float64[50]\n" in text
    assert "# buffers:\n    #     b0: float64[3]" in text


def test_steps_on_blocks():
    x = np.linspace(0.0, 1.0, 1 << 18)
    g = graph(lambda x: anp.sum(anp.sin(x) * anp.exp(-x * x)), x)
    text = str(g)
    assert re.search(r"^def blocks_1\(.*\): +# \d+ blocks of \d+ rows, side by side", text)
    assert re.search(r"= sin\(.*\) +# float64\[\d+\]$", text, flags=re.MULTILINE)
    assert text.rstrip().endswith("  # float64[]")
    for line in text.splitlines():
        if re.match(r" +v\d+ = ", line):
            assert re.search(r"  # float64\[\d*\]$", line), line
    assert g.counts.steps > 4 and 0 < g.counts.buffer_bytes < x.nbytes
    np.testing.assert_allclose(pickle.loads(pickle.dumps(g))(2 * x), np.sum(np.sin(2 * x) * np.exp(-4 * x * x)))


def test_repr_and_nodes():
    g = graph(loss, PARAMS, X, Y)
    assert repr(g) == "<Graph of loss: 4 inputs, 10 operations, 1 guards>"
    names = [node.name for node in g.nodes]
    assert names[:6] == ["x", "params_W", "matmul", "params_b", "add", "tanh"]
    np.testing.assert_array_equal(g.nodes[2].value, X @ PARAMS["W"])
    places = {id(node): i for i, node in enumerate(g.nodes)}
    for i, node in enumerate(g.nodes):
        assert all(places[id(arg)] < i for arg in node.args if id(arg) in places)
    assert g.guards == ["sum(tanh(…)) > -100 was True"]


def test_unused_steps_are_no_nodes():
    def f(x, y):
        anp.sin(x)
        return 2 * x

    g = graph(f, 1.0, 2.0)
    assert [node.name for node in g.nodes] == ["x", "multiply"]
    assert [node.name for node in g.inputs] == ["x", "y"]


def test_counts():
    counts = graph(lambda x: anp.sum(anp.sin(x.reshape(10, 10)) * x.T[0] * 2.0), np.ones((100, 10))[:10]).counts
    assert counts.operations == {"reshape": 1, "sin": 1, "transpose": 1, "getitem": 1, "multiply": 2, "sum": 1}
    assert counts.intermediate_bytes == 3 * 800
    assert counts.steps > 0 and counts.buffer_bytes == 800 * counts.buffers
    without = graph(jit(loss, passes=()), PARAMS, X, Y).counts
    assert without.buffers == 0 and without.steps >= graph(loss, PARAMS, X, Y).counts.steps


# Drawings


def test_dot():
    text = graph(lambda x: x if x > 0 else -x, 2.0).to_dot()
    assert text.splitlines() == [
        'digraph "function" {',
        '    node [shape=box, fontname="monospace"];',
        '    n0 [label="x\\nfloat", shape=ellipse, style=bold];',
        '    n1 [label="greater\\nbool"];',
        "    n0 -> n1;",
        '    n2 [label="bool\\nwas True", shape=diamond];',
        "    n1 -> n2;",
        "}",
    ]


def test_dot_escapes():
    less = extend.primitive(lambda x: x)
    less.__name__ = 'a<"b"'
    assert 'a<\\"b\\"' in graph(less, 1.0).to_dot()


# Running it again


def test_other_values():
    g = graph(loss, PARAMS, X, Y)
    other = {"W": PARAMS["W"] + 1, "b": PARAMS["b"] - 1}
    np.testing.assert_allclose(g(other, 2 * X, Y), loss(other, 2 * X, Y), rtol=1e-14)
    h = jit(value_and_grad(loss)).graph(PARAMS, X, Y)
    assert_close(h(other, X, Y)[1], grad(loss)(other, X, Y))


def test_other_strides():
    g = graph(lambda x: anp.sin(x.reshape(-1)) * 2.0, np.ones((3, 3)))
    x = np.arange(9.0).reshape(3, 3)
    np.testing.assert_allclose(g(x.T), 2 * np.sin(x.T.reshape(-1)))
    np.testing.assert_allclose(g(np.broadcast_to(2.0, (3, 3))), np.full(9, 2 * np.sin(2.0)))


def test_derivatives_and_batches():
    g = graph(lambda x, w: anp.sum(anp.sin(x) * w), Y, Y)
    expected = np.cos(X[:, :1] * np.ones(5)) * Y
    np.testing.assert_allclose(vmap(grad(g), in_axes=(0, None))(X[:, :1] * np.ones(5), Y), expected)
    np.testing.assert_allclose(jvp(g, (Y, Y), (Y, 0 * Y))[1], np.sum(np.cos(Y) * Y * Y))
    np.testing.assert_allclose(jit(grad(g))(Y, Y), np.cos(Y) * Y)
    assert_close(grad(graph(loss, PARAMS, X, Y))(PARAMS, 2 * X, Y), grad(loss)(PARAMS, 2 * X, Y))
    assert grad(grad(graph(lambda x: x**3, 1.0)))(2.0) == 12.0


def test_python_numbers_keep_their_weak_dtype():
    def f(x, a):
        return x * (a * a)

    g = graph(f, np.ones(3, np.float32), 2.0)
    assert g(np.ones(3, np.float32), 3.0).dtype == np.float32
    assert g(np.ones(6, np.float32)[::2], 3.0).dtype == np.float32


def test_static_arguments():
    def f(x, n, mode="sin"):
        return sum(getattr(anp, mode)(x) for _ in range(n))

    compiled = jit(f, static_argnames=("n", "mode"))
    g = compiled.graph(1.0, 3, mode="cos")
    assert len(g.inputs) == 1
    np.testing.assert_allclose(g(0.0, 3, mode="cos"), 3.0)
    with pytest.raises(TypeError, match="traced with 3, where it now gets 4"):
        g(0.0, 4, mode="cos")
    with pytest.raises(TypeError, match="traced with 'cos', where it now gets 'sin'"):
        g(0.0, 3, mode="sin")


def test_keyword_arguments_in_any_order():
    g = graph(lambda x, a, b: x * a - b, 1.0, a=2.0, b=3.0)
    assert g(1.0, b=5.0, a=4.0) == -1.0


def test_closed_over_arrays_are_read_live():
    w = np.ones(3)
    g = graph(lambda x: anp.sum(w * x), np.ones(3))
    w[:] = 2.0
    assert g(np.ones(3)) == 6.0


def test_draws_are_new():
    g = graph(lambda x: x + anp.random.normal(size=3), np.zeros(3))
    assert np.all(g(np.zeros(3)) != g(np.zeros(3)))
    assert np.all(g(np.zeros(6)[::2]) != g(np.zeros(6)[::2]))
    assert grad(g)(np.zeros(3)).tolist() == [1, 1, 1]


def test_error_handling_of_numpy_is_that_of_the_trace():
    def f(x):
        with np.errstate(divide="ignore"):
            return anp.log(x)

    g = graph(f, np.ones(2))
    for x in np.zeros(2), np.zeros(4)[::2]:
        assert np.all(g(x) == -np.inf)


MISTAKES = {
    "shape": ((PARAMS, X[:, :3], Y), TypeError, r"argument x was float64\[5,4\] when .* is float64\[5,3\] now"),
    "dtype": ((PARAMS, X, Y.astype(np.float32)), TypeError, r"argument y was float64\[5\] .* is float32\[5\] now"),
    "leaf": (({**PARAMS, "b": 1.0}, X, Y), TypeError, r"argument params_b was float64\[3\] .* is float now"),
    "structure": (({"W": X}, X, Y), TypeError, r"arguments .*W: \*, b: \*.*, but called with .*dict\(W: \*\)"),
    "count": ((PARAMS, X), TypeError, "but called with"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistakes(name):
    args, error, message = MISTAKES[name]
    with pytest.raises(error, match=message):
        graph(loss, PARAMS, X, Y)(*args)


def with_float(x):
    return x * 2.0 if float(x[1]) == 1.0 else x


def with_index(x):
    return x[int(anp.argmax(x))]


def with_mask(x):
    return anp.sum(x[x > 0])


def with_text(x):
    return {f"{x[0]:.0f}": x}


GUARDS = {
    with_float: r"where float\(x\[1\]\) was 1.0, but now it is 5.0: with_float may do something else",
    with_index: r"where int\(argmax\(x\)\) was 2, but now it is 1",
    with_mask: r"where x\[x > 0\] was float64\[2\], but now it is float64\[3\]",
    with_text: r"where x\[0\] was '0', but now it is '1'",
}


@pytest.mark.parametrize("function", GUARDS)
def test_a_graph_has_no_branches(function):
    g = graph(function, np.array([0.0, 1.0, 2.0]))
    g(np.array([0.0, 1.0, 3.0]))
    for x in np.array([1.0, 5.0, 2.0]), np.array([1.0, 0.0, 5.0, 0.0, 2.0, 0.0])[::2]:
        with pytest.raises(ValueError, match=GUARDS[function]):
            g(x)


def test_no_graph():
    generator = np.random.default_rng(0)
    with pytest.raises(TracedValueError, match="function has no graph: it draws random numbers"):
        graph(lambda x: x * generator.normal(), 1.0)
    with pytest.raises(TracedValueError, match="an argument of loss is a traced value"):
        grad(lambda y: graph(loss, PARAMS, X, y)(PARAMS, X, Y))(Y)
    with pytest.raises(TypeError, match="programs cannot handle"):
        graph(lambda x: x, np.array(["a"]))


# Saving


@dataclass
class Line:
    slope: float
    offset: float


def on_line(line, x):
    return {"y": line.slope * x + line.offset, "what": "line"}


def drawing(x):
    return x + anp.random.uniform(size=3)


@extend.primitive
def cube(x):
    return x**3


SAVED = {
    "loss": (loss, (PARAMS, X, Y)),
    "gradient": (grad(loss), (PARAMS, X, Y)),
    "dataclass": (on_line, (Line(2.0, 1.0), X)),
    "index": (with_index, (Y,)),
    "mask": (with_mask, (Y,)),
    "cross entropy": (grad(nn.softmax_cross_entropy), (X, np.array([0, 1, 2, 3, 0]))),
    "linalg": (grad(lambda x: anp.sum(anp.linalg.inv(x))), (X[:4],)),
    "factors": (lambda x: anp.linalg.qr(x)[0] @ anp.zeros_like(x), (X[:4],)),
    "einsum": (lambda x: anp.einsum("ij,ij->i", x, anp.sign(x)), (X,)),
    "unique": (lambda x: anp.unique(x) * 2.0, (X,)),
    "own primitive": (lambda x: cube(x), (X,)),
    "batched": (vmap(lambda x: anp.fft.rfft(x).real), (X,)),
}


@pytest.mark.parametrize("name", SAVED)
def test_saved_and_loaded(name):
    function, args = SAVED[name]
    g = graph(function, *args)
    h = pickle.loads(pickle.dumps(g))
    np.testing.assert_equal(h(*args), g(*args))
    assert str(h) == str(g)
    assert h.counts == g.counts
    np.testing.assert_equal([node.value for node in h.nodes], [node.value for node in g.nodes])


def test_saved_draws_are_new():
    g = pickle.loads(pickle.dumps(graph(drawing, np.zeros(3))))
    assert np.all(g(np.zeros(3)) != g(np.zeros(3)))


def test_a_long_graph_is_saved_without_values():
    def f(x):
        for _ in range(3000):
            x = anp.sin(x)
        return x

    g = graph(f, np.ones(1000))
    saved = pickle.dumps(g)
    assert len(saved) < 300_000
    np.testing.assert_equal(pickle.loads(saved)(np.ones(1000)), g(np.ones(1000)))


def test_loaded_by_another_process(tmp_path):
    (tmp_path / "graph.pickle").write_bytes(pickle.dumps(jit(grad(lambda x: anp.sum(x * anp.sin(x)))).graph(Y)))
    program = "import pickle, sys; print(pickle.load(open(sys.argv[1], 'rb'))(__import__('numpy').zeros(5)).tolist())"
    command = [sys.executable, "-c", program, str(tmp_path / "graph.pickle")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[0.0, 0.0, 0.0, 0.0, 0.0]"


def test_what_cannot_be_saved():
    own = extend.primitive(lambda x: x**3)
    with pytest.raises(pickle.PicklingError, match="the graph of function calls <lambda>, which cannot be pickled"):
        pickle.dumps(graph(lambda x: own(x), 1.0))

    @custom_vjp
    def straight_through(x):
        return anp.round(x)

    straight_through.defvjps(lambda g, ans, x: g)
    with pytest.raises(pickle.PicklingError, match="calls <function .*<lambda> .*, which cannot be pickled"):
        pickle.dumps(graph(lambda x, f: f(x), X, lambda x: 2 * x))
    with pytest.raises(pickle.PicklingError, match="calls straight_through, which cannot be pickled"):
        pickle.dumps(graph(lambda x: straight_through(x), 1.0))
