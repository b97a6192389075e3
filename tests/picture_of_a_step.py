"""The picture of one step of training, which the documents show.

``python tests/picture_of_a_step.py`` writes ``docs/pictures/mlp_step.svg``; ``test_pictures.py`` keeps it true.
"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from autodiff_trace import graph, numpy as anp, value_and_grad  # noqa: E402

PICTURE = Path(__file__).parent.parent / "docs" / "pictures" / "mlp_step.svg"
PARAMS = {"W1": np.ones((4, 8)), "b1": np.zeros(8), "W2": np.ones((8, 1)), "b2": np.zeros(1)}
X, Y = np.ones((16, 4)), np.ones((16, 1))


def loss(params, x, y):
    hidden = anp.tanh(x @ params["W1"] + params["b1"])
    return anp.mean((hidden @ params["W2"] + params["b2"] - y) ** 2)


def mlp_step(params, x, y):
    value, slopes = value_and_grad(loss)(params, x, y)
    return {name: params[name] - 0.1 * slopes[name] for name in params}, value


if __name__ == "__main__":
    graph(mlp_step, PARAMS, X, Y).save_svg(PICTURE)
