"""What nodes keep is what their rules read: of every row of the tables, by poisoning it."""

import importlib.util
import weakref

import numpy as np
import pytest

from autodiff_trace import extend, grad, nn, vjp
from autodiff_trace import numpy as anp
from autodiff_trace.core.fast import nodes, processing, residuals
from autodiff_trace.core.array_ops import array_ops
from autodiff_trace.core.cotangents import DeferredCotangent
from autodiff_trace.core.fast.donation import Overwriting
from autodiff_trace.core.reverse import trace_vjp
from autodiff_trace.numpy.broadcasting import outline
from compiled import of_inexact
from coverage_document import load_rows

Y = np.linspace(0.2, 0.9, 12).reshape(3, 4)


READ_AT_TIES = {(name, i, 1 - i) for name in ("fmax", "fmin", "maximum", "minimum") for i in (0, 1)}
READ_AT_TIES |= {("heaviside", 1, 0), ("heaviside", (0, 1), 0)}


def all_rows():
    libraries = ["numpy", "scipy"] if importlib.util.find_spec("scipy") else ["numpy"]
    # Functions of SciPy without a derivative have rows of their values alone.
    rows = {
        (library, str(row)): row for library in libraries for row in load_rows(library)
        if library == "numpy" or "derivatives" not in row.skip
    }
    return list(rows.values())


def nodes_of(row):
    """The nodes of a row's graphs, where all arguments are followed and where one of them is."""
    function, varied = of_inexact(row.traced, row.args)
    inputs = [np.asarray(x)[()] for x in varied]
    found = {}
    for followed in [range(len(inputs)), *([i] for i in range(len(inputs)) if len(inputs) > 1)]:

        def f(*boxes):
            values = dict(zip(followed, boxes))
            return leaves(function(*[values.get(i, x) for i, x in enumerate(inputs)]))

        todo = [end for end in trace_vjp(f, [inputs[i] for i in followed])[1] if end is not None]
        while todo:
            node = todo.pop()
            if type(node) is list:
                todo += [each for each in node if each is not None]
            elif node[0] not in found:
                found[node[0]] = node
                if node[2] is not None:
                    todo.append(node[2])
    return [node for node in found.values() if node[1] is not None]


def followed_by(node):
    """The arguments that a node follows, as the table of rules has them."""
    for argument, rule in node[6].vjps.items():
        if rule is node[1]:
            return argument
    return "all" if type(node[2]) is list else "one"


def leaves(x):
    return [leaf for each in x for leaf in leaves(each)] if isinstance(x, (tuple, list)) else [x]


def cotangents(node, ans, args):
    """What the rules of a node give for some cotangent, as a list of arrays."""
    _, rules, parents, _, _, kwargs, _ = node
    gs = [random_like(output) for output in (ans if isinstance(ans, (tuple, list)) else [ans])]
    g = tuple(gs) if isinstance(ans, (tuple, list)) else gs[0]
    if isinstance(rules, Overwriting):
        rules = rules.bind(False, g)
    results = [rule(g, ans, *args, **kwargs) for rule in (rules if type(rules) is tuple else (rules,))]
    return [plain for result in results for plain in settled(result)]


def settled(x):
    if isinstance(x, DeferredCotangent):
        x = x.settle()
    return [each for item in x for each in settled(item)] if isinstance(x, (tuple, list)) else [] if x is None else [x]


def random_like(x):
    rng = np.random.default_rng(0)
    x = np.zeros(getattr(x, "shape", ()), getattr(x, "dtype", type(x)))  # (of Python's numbers too)
    return (rng.uniform(0.5, 1.5, x.shape) + 1j * (x.dtype.kind == "c") * rng.uniform(0.5, 1.5, x.shape)).astype(
        x.dtype if x.dtype.kind in "fc" else float
    )[()]


def poisoned(x):
    is_array = type(x) is np.ndarray and x.dtype.kind in "fc" and x.ndim and x.size
    return np.full(x.shape, -np.nan, x.dtype) if is_array else x


@pytest.fixture
def all_sizes(monkeypatch):
    """Nodes of small arrays keep as little as those of large ones."""
    monkeypatch.setattr(nodes, "LARGE", -1)
    monkeypatch.setattr(processing, "LARGE", -1)
    monkeypatch.setattr(residuals, "LARGE", -1)
    monkeypatch.setattr(array_ops, "shape_only", lambda x: outline(x) if type(x) is np.ndarray else x)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nodes_keep_what_their_rules_read(all_sizes):
    """Nothing that is claimed to be unread is read; and all that is kept is read, in one row at least, of NumPy's
    functions. (Of SciPy's some keep more, and some crash where they are given NaN.)"""
    kept, read = set(), set()
    for each in all_rows():
        for node in nodes_of(each):
            _, _, _, ans, args, _, prim = node
            expected = cotangents(node, ans, args)  # raises where a rule reads what it claims not to
            if not expected or each.library != "numpy":
                continue
            for place, value in (("ans", ans), *enumerate(args)):
                poison = poisoned(value)
                if poison is value:
                    continue
                case = prim.__name__, followed_by(node), place
                kept.add(case)
                changed = [*args]
                if place != "ans":
                    changed[place] = poison
                try:
                    found = cotangents(node, poison if place == "ans" else ans, changed)
                except Exception:
                    found = None
                if found is None or len(found) < len(expected) or not all(map(same, found, expected)):
                    read.add(case)
    assert sorted(map(str, kept - read - READ_AT_TIES)) == []


def same(x, y):
    return np.array_equal(x, y, equal_nan=True)


# The same of what is no row


NN = {
    "relu": (nn.relu, Y), "sigmoid": (nn.sigmoid, Y), "logsumexp": (lambda x: nn.logsumexp(x, axis=1), Y),
    "softmax": (nn.softmax, Y), "log_softmax": (nn.log_softmax, Y),
    "cross_entropy": (lambda x: nn.cross_entropy(x, np.array([0, 1, 3])), Y),
}


@pytest.mark.parametrize("name", [name for name in NN if hasattr(nn, name)])
def test_functions_for_neural_networks(name, all_sizes):
    f, x = NN[name]
    with_stand_ins = grad(lambda x: anp.sum(f(x) ** 2))(x)  # a rule that reads what it claims not to raises
    nodes.LARGE = processing.LARGE = 10**9
    np.testing.assert_allclose(with_stand_ins, grad(lambda x: anp.sum(f(x) ** 2))(x), rtol=1e-14)


# What is alive between the passes


def alive_after(f, *args):
    """How many of the arrays that ``watch`` saw in ``f`` the pullback keeps."""
    references = []

    @extend.primitive
    def watch(x):
        result = x + 0.0
        references.append(weakref.ref(result))
        return result

    extend.defvjp(watch, lambda g, ans, x: g)
    watch.traits.unread[0] = (0, "ans")
    value, pull = vjp(lambda *args: f(watch, *args), *args)
    del value
    alive = sum(reference() is not None for reference in references)
    assert pull is not None
    return alive


def test_a_deep_net_keeps_one_activation_a_layer():
    layers, width = 50, 40
    ws = [np.eye(width) * 0.9 for _ in range(layers)]

    def loss(watch, x):
        for w in ws:
            x = watch(anp.tanh(watch(watch(x) @ w)))
        return anp.sum(x * x)

    assert alive_after(loss, np.ones((30, width))) <= layers + 2  # PyTorch keeps 52; there were 103


@pytest.mark.parametrize("count, f", [
    (1, lambda watch, x: anp.sum(anp.concatenate([watch(x), watch(x)]) ** 2)),  # the sequence itself is not kept
    (0, lambda watch, x: anp.sum(anp.stack([watch(x), watch(x), watch(x)]))),
    (0, lambda watch, x: anp.sum(watch(watch(x)[3:])[:5])),
    (0, lambda watch, x: anp.sum(watch(x)[0]) + watch(x)[1, 2:3][0]),
    (0, lambda watch, x: watch(x)[0].sum() + watch(x).mean()),
    (1, lambda watch, x: anp.sum(anp.einsum("ij->ji", watch(x)) @ watch(x))),
])
def test_what_linear_functions_keep(count, f):
    assert alive_after(f, np.linspace(1.0, 2.0, 3600).reshape(60, 60)) <= 2 * count
