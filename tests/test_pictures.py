"""Pictures of graphs: what is in them, where it stands, and that nothing lies on anything else."""

import pickle
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from autodiff_trace import checkpoint, custom_root, extend, grad, graph, hessian, jit, scan, value_and_grad, vjp, vmap
from autodiff_trace import numpy as anp
from picture_of_a_step import PARAMS, PICTURE, X, Y, loss, mlp_step

SVG = "{http://www.w3.org/2000/svg}"


def loop(x):
    for _ in range(50):
        x = x + 0.1 * anp.sin(x)
    return anp.sum(x)


def scanned(x, us):
    return anp.sum(scan(lambda c, u: (anp.tanh(c + u), c**2), x, us)[1])


def guarded(x):
    return anp.sum(2 * x / anp.max(x)) if anp.sum(x) > 0 else anp.sum(x)


def training(w, x):
    for _ in range(9):
        w = w - 0.1 * grad(lambda w: anp.sum(anp.tanh(x @ w) ** 2))(w)
    return w


def of_many(xs):
    total = 0.0
    for x in xs:
        total = total + anp.sin(x) * 2.0
    return total


def rosenbrock(x):
    return anp.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


GRAPHS = {
    "number": lambda: graph(lambda x: anp.sin(x) * x + 2.0, 2.0),
    "nothing": lambda: graph(lambda: 1.0),
    "constant alone": lambda: graph(lambda x: np.ones(3), 1.0),
    "argument alone": lambda: graph(lambda x: x, 1.0),
    "step": lambda: graph(mlp_step, PARAMS, X, Y),
    "loss": lambda: jit(grad(loss)).graph(PARAMS, X, Y),
    "loop": lambda: graph(loop, np.ones(3)),
    "gradient of a loop": lambda: graph(grad(loop), np.ones(3)),
    "scan": lambda: graph(grad(scanned), np.ones(3), np.ones((50, 3))),
    "hessian": lambda: graph(hessian(rosenbrock), np.ones(4)),
    "guard": lambda: graph(grad(guarded), np.arange(3.0)),
    "training": lambda: graph(training, PARAMS["W1"], X),
    "many inputs": lambda: graph(of_many, list(np.ones((30, 2)))),
    "twice": lambda: graph(grad(grad(lambda x: anp.tanh(x) * x**2)), 0.3),
    "batched": lambda: graph(vmap(grad(lambda x: anp.sum(anp.sin(x)))), X),
    "checkpoint": lambda: graph(grad(checkpoint(lambda x: anp.sum(anp.sin(x) ** 2))), np.ones(3)),
    "draws": lambda: graph(lambda x: x + anp.random.normal(size=3), np.zeros(3)),
    "root": lambda: graph(lambda a: custom_root(lambda x: x**2 - a, 1.0, lambda f, x: 2.0**0.5), 2.0),
    "axes": lambda: graph(lambda x: anp.sum(anp.broadcast_to(x, (1,) * 20 + (3,))), np.ones(3)),
    "native": lambda: jit(value_and_grad(loss), backend="native").graph(PARAMS, X, Y),
}


def boxes_in(picture):
    """The class of each box, its place, and its texts."""
    found = []
    for group in ElementTree.fromstring(picture).iter(f"{SVG}g"):
        box = group.find(f"{SVG}rect[@class='box']")
        place = [float(box.get(name)) for name in ("x", "y", "width", "height")]
        found.append((group.get("class"), place, [text.text for text in group.findall(f"{SVG}text")]))
    return found


def kinds_in(picture):
    return {" ".join(texts): kind for kind, _, texts in boxes_in(picture)}


def corners(path):
    """The end points of the pieces of a path."""
    x, y, found = 0.0, 0.0, []
    for command, numbers in re.findall(r"([MLVCQ])([^MLVCQ]*)", path):
        values = [float(number) for number in numbers.split()]
        x, y = (x, values[0]) if command == "V" else values[-2:]
        found.append((x, y))
    return found


@pytest.mark.parametrize("name", GRAPHS)
def test_nothing_lies_on_anything(name):
    g = GRAPHS[name]()
    picture = g._repr_svg_()
    root = ElementTree.fromstring(picture)
    width, height = float(root.get("width")), float(root.get("height"))
    boxes = [place for _, place, _ in boxes_in(picture)]
    for i, (x, y, wide, high) in enumerate(boxes):
        assert x >= 0 and y >= 60 and x + wide <= width and y + high <= height
        for left, top, other_wide, other_high in boxes[:i]:
            apart = max(left - x - wide, x - left - other_wide, top - y - high, y - top - other_high)
            assert apart >= 8, name
    for line in root.iter(f"{SVG}path"):
        if "edge" in line.get("class", ""):
            points = corners(line.get("d"))
            for (x, y), (to_x, to_y) in zip(points, points[1:]):
                if x == to_x or y == to_y:  # straight: it passes no box
                    for left, top, wide, high in boxes:
                        is_beside = max(x, to_x) <= left + 0.2 or min(x, to_x) >= left + wide - 0.2
                        assert is_beside or max(y, to_y) <= top + 0.2 or min(y, to_y) >= top + high - 0.2, name
    assert picture == GRAPHS[name]().to_svg()  # the same each time
    assert pickle.loads(pickle.dumps(g)).to_svg() == picture if name not in ("checkpoint", "root") else True


def test_texts_fit_into_their_boxes():
    for _, (_, _, wide, high), texts in boxes_in(graph(mlp_step, PARAMS, X, Y).to_svg()):
        assert all(6.6 * len(text) + 8 <= wide for text in texts) and 14 * len(texts) <= high


def test_parts_of_a_step():
    kinds = kinds_in(graph(mlp_step, PARAMS, X, Y).to_svg())
    assert kinds["params['W1'] float64[4,8]"] == "input"
    assert kinds["x @ params['W1'] float64[16,8]  7%"] == "function"
    assert kinds["ones_like(…) float64[]"] == kinds["params['W2'].T float64[1,8]"] == "backward"
    assert kinds["params['b2'] - … float64[1] → result[0]['b2']"] == kinds["0.1 * … float64[1]"] == "function"
    assert kinds["mean(…) float64[] → result[1]"] == "function"


def pulled(x):
    value, pull = vjp(lambda x: anp.exp(x), x)
    return pull(anp.cos(value))[0]


PARTS = {  # what the function does, and what its backward passes do
    "grad": (grad(lambda x: anp.sum(anp.exp(x))), "exp(x) sum(…)", "ones_like(…) …[()] fill(…, [3]) … * …"),
    "vjp": (pulled, "exp(x) cos(…)", "… * …"),
    "value alone": (lambda x: anp.exp(x), "exp(x)", ""),
}


@pytest.mark.parametrize("name", PARTS)
def test_parts(name):
    function, own, backward = PARTS[name]
    boxes = boxes_in(graph(function, np.ones(3)).to_svg())
    for kind, expected in ("function", own), ("backward", backward):
        assert " ".join([texts[0] for each, _, texts in boxes
                         if each == kind]) == expected


def test_a_backward_pass_that_fails_leaves_no_mark():
    def failing(x):
        extend.defvjp(odd, lambda g, ans, x: 1 / 0)
        try:
            grad(odd)(x)
        except ZeroDivisionError:
            return anp.sin(x)

    odd = extend.primitive(lambda x: x * 1.0)
    kinds = kinds_in(graph(failing, 2.0).to_svg())
    assert [kind for text, kind in kinds.items() if text.startswith("sin(x)")] == ["function"]


def test_loops_are_one_box():
    g = graph(grad(loop), np.ones(3))
    (first, _, texts), (last, _, others) = [box for box in boxes_in(g.to_svg()) if "×" in box[2][0]]
    assert (first, last) == ("function", "backward")
    assert texts == ["50 × these 3:  49%", "  sin(…)", "  0.1 * …", "  … + …"]
    assert others[0].startswith("50 × these 4:") and others[-1] == "→ result"
    expanded = boxes_in(g.to_svg(expand=True, limit=1000))
    assert sum(texts[0] == "sin(…)" for _, _, texts in expanded) == 49  # and that of the argument
    assert len(expanded) >= len(g.nodes)


def test_a_training_loop_has_both_parts_in_each_turn():
    kinds = kinds_in(GRAPHS["training"]().to_svg())
    assert [kind for text, kind in kinds.items() if "9 × these 16" in text and "← ones_like(…)" in text] == ["mixed"]


def test_many_inputs_of_a_loop_are_one_box():
    texts = [texts for kind, _, texts in boxes_in(GRAPHS["many inputs"]().to_svg()) if kind == "input"]
    assert ["29 inputs:", "xs[1]", "…", "xs[29]"] in texts and len(texts) < 4


def test_constants():
    small, large = np.array([1.0, 2.0]), np.ones(50)
    texts = list(kinds_in(graph(lambda x: anp.sum(x * small) * large + 3.0, np.ones(2)).to_svg()))
    assert "[1., 2.] float64[2]" in texts and "constant float64[50]" in texts
    assert any(text.startswith("… + 3.0 ") for text in texts)  # a number stands where it is used
    one, other = kinds_in(graph(lambda x: x * np.float64(2.0) * np.float32(0.5), 1.0).to_svg()).keys() - {"x float"}
    assert {one[:7], other[:7]} == {"x * 2.0", "… * np."}


def test_plain_results():
    texts = list(kinds_in(graph(lambda x: {"a": x, "b": [2.0, "<i>", None]}, 1.0).to_svg()))
    assert texts == ["x float → result['a']", "2.0 float → result['b'][0]", "'<i>' str → result['b'][1]",
                     "None NoneType → result['b'][2]"]


def test_names_of_inputs():
    def f(state, *rest, scale=1.0):
        return state["pos"][0] * rest[0] * scale + state["vel"]

    texts = list(kinds_in(graph(f, {"pos": (np.ones(2), 1.0), "vel": 2.0}, 3.0, scale=2.0).to_svg()))
    for name in "state['pos'][0] float64[2]", "state['vel'] float", "scale float":
        assert name in texts


def test_a_large_graph():
    def f(x):
        for i in range(400):
            x = anp.sin(x) * i if i * i % 7 < 3 else anp.cos(x)
        return x

    g = graph(f, 1.0)
    picture = g.to_svg(expand=True)
    assert len(boxes_in(picture)) == 200 and f"The first 200 of {len(g.nodes)} boxes" in picture
    assert float(ElementTree.fromstring(picture).get("height")) < 2000
    assert len(boxes_in(g.to_svg(expand=True, limit=3))) == 3


HOSTILE = ["<script>alert(1)</script>", "a & b", "]]>", "line\nline", "\x00\x1b", '"', "界" * 60]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names(name):
    odd = extend.primitive(lambda x: x * 1.0)
    odd.__name__ = name

    def f(tree):
        return {name: odd(tree[name])}

    f.__name__ = name
    picture = graph(f, {name: 1.0}).to_svg()
    assert {each.tag for each in ElementTree.fromstring(picture).iter()} == {
        f"{SVG}{tag}" for tag in ("svg", "title", "path", "text", "g", "rect")}
    assert picture == graph(f, {name: 1.0}).to_svg()


def test_loops_in_loops():
    texts = [texts for _, _, texts in boxes_in(GRAPHS["scan"]().to_svg()) if "these 34" in texts[0]][0]
    assert [text.strip() for text in texts[1:7]] == ["us[…:…]", "8 × these 4:", "…[…]", "… + …", "tanh(…)", "… ** 2"]


def alternating(x):
    for i in range(40):
        x = anp.sin(x) * (0.5 if i % 2 else 3.0)
    return x


def of_layers(layers, x):
    for layer in layers:
        x = layer["W"] @ x + 1.0
    return x


def doubled_and_pulled(x, g):
    value, pull = vjp(lambda x: [x := x * 2.0 for _ in range(30)][-1], x)
    return value, *pull(g)


TURNS = {  # the lines of the boxes of loops: what differs between turns is no line of them
    "constants": (alternating, (1.0,), ["40 × these 2: 100% sin(…) … * … → result"]),
    "items": (of_layers, ([{"W": np.eye(3)}] * 20, np.ones(3)), [
        "20 × these 2: 100% layers[…]['W'] @ … … + 1.0 → result"]),
    "two passes": (doubled_and_pulled, (1.0, 1.0), [
        "30 × these 1: 48% … * 2.0 → result[0]", "30 × these 1: 48% … * 2.0 → result[1]"]),
}


@pytest.mark.parametrize("name", TURNS)
def test_turns(name):
    function, args, expected = TURNS[name]
    texts = [" ".join(" ".join(texts).split()) for _, _, texts in boxes_in(graph(function, *args).to_svg())]
    assert [text for text in texts if "× these" in text] == expected


def test_long_texts():
    def f(x):
        return anp.sin(x)

    f.__name__ = "f" * 300
    g = graph(f, 1.0)
    for picture in g.to_svg(), g.to_svg(limit=1):
        root = ElementTree.fromstring(picture)
        assert float(root.get("width")) < 1000
        for text in root.findall(f"{SVG}text"):  # of the head
            size = float(text.get("font-size", 11))
            assert float(text.get("x")) + 0.6 * size * len(text.text) <= float(root.get("width"))


def test_the_picture_of_the_documents():
    assert PICTURE.read_text(encoding="utf-8") == graph(mlp_step, PARAMS, X, Y).to_svg(), (
        "run python tests/picture_of_a_step.py")


def test_saved(tmp_path):
    g = graph(mlp_step, PARAMS, X, Y)
    g.save_svg(tmp_path / "step.svg")
    assert (tmp_path / "step.svg").read_text(encoding="utf-8") == g.to_svg()
    g.save_svg(str(tmp_path / "three.svg"), limit=3)
    assert "The first 3 of" in (tmp_path / "three.svg").read_text(encoding="utf-8")


def test_mistakes():
    g = graph(lambda x: x * 2.0, 1.0)
    for limit in 0, -1:
        with pytest.raises(ValueError, match=f"to_svg: limit is {limit}; it must be 1 or more boxes."):
            g.to_svg(limit=limit)
    for limit in "many", 2.0, True, None:
        with pytest.raises(TypeError, match=f"to_svg: limit is {limit!r}; it must be a whole number of boxes."):
            g.to_svg(limit=limit)
    with pytest.raises(TypeError, match=r"graph: expected a function, got 2.0. Write graph\(f, x\), not graph"):
        graph(2.0)
    with pytest.raises(OSError):
        g.save_svg("no/such/folder/x.svg")
