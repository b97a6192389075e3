"""ba: bundle adjustment, the residuals of cameras that see points, and their sparse Jacobian (ADBench's).

A camera is (rotation vector, centre, focal length, principal point, two coefficients of radial distortion). A residual
is the weight times the distance from the feature in the image, in two coordinates, and 1 − weight². One camera, one
point, one weight and one feature are repeated to the sizes of the suite's files; observation i is of camera i mod n and
point i mod m. The numbers are those of the suite's file, if it is in the folder of data, otherwise random ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from autodiff_trace import jacobian
from autodiff_trace import numpy as anp
from autodiff_trace.demo.cli import UserError

from .evaluation import SEED, Case, Eval, Function

__all__ = ["EVAL", "make_case", "read_case", "residuals"]

CAMERA, POINT = 11, 3
"""Numbers of a camera and of a point."""

SIZES = (
    (49, 7776, 31843), (21, 11315, 36455), (161, 48126, 182072), (372, 47423, 204472), (257, 65132, 225911),
    (539, 65220, 277273), (93, 61203, 287451), (88, 64298, 383937), (810, 88814, 393775), (1197, 126327, 563734),
    (1723, 156502, 678718), (253, 163691, 899155), (245, 198739, 1091386), (356, 226730, 1255268),
)
"""Cameras, points and observations of the suite's files 1 to 14."""

SENT = 2 * (CAMERA + POINT + 1)
"""So many first numbers of the sparse matrix are sent, and the last one, since all observations are alike."""


def residuals(params, sizes, features, np=anp):
    """``params`` has the cameras, the points and the weights, one after the other."""
    return observe(params[columns(*sizes)], features, np)


def observe(seen, features, np=anp):
    """``seen`` has the numbers of the camera, of the point and the weight, of each observation: 15 rows."""
    camera, point, weight = seen[:CAMERA], seen[CAMERA:-1], seen[-1]
    x, y, z = rotate(camera[:3], point - camera[3:6], np)
    across, up = x / z, y / z
    square = across**2 + up**2
    scale = camera[6] * (1.0 + camera[9] * square + camera[10] * square**2)
    image = np.stack([across * scale + camera[7], up * scale + camera[8]])
    return np.concatenate([(weight * (image - features)).T.ravel(), 1.0 - weight**2])


def rotate(rotation, v, np):
    """The vectors in the columns of ``v`` turned about the columns of ``rotation``, by their lengths (Rodrigues)."""
    angle = np.sqrt(np.sum(rotation**2, axis=0))
    axis = rotation / angle
    cosine, sine = np.cos(angle), np.sin(angle)
    across = (axis[1] * v[2] - axis[2] * v[1], axis[2] * v[0] - axis[0] * v[2], axis[0] * v[1] - axis[1] * v[0])
    along = np.sum(axis * v, axis=0) * (1.0 - cosine)
    return [v[i] * cosine + across[i] * sine + axis[i] * along for i in range(3)]


def columns(n: int, m: int, p: int) -> np.ndarray:
    """Where in the parameters the 15 numbers of each observation stand, of shape (15, p)."""
    i = np.arange(p)
    camera, point = np.arange(CAMERA)[:, None], CAMERA * n + np.arange(POINT)[:, None]
    return np.concatenate([camera + i % n * CAMERA, point + i % m * POINT, [CAMERA * n + POINT * m + i]])


def pattern(places: np.ndarray) -> np.ndarray:
    """Rows and columns of the entries of the Jacobian, row by row, if observation i reads ``places[:, i]``."""
    width, p = places.shape
    rows = np.append(np.repeat(np.arange(2 * p), width), np.arange(2 * p, 3 * p))
    return np.stack([rows, np.append(places.T.repeat(2, axis=0), places[-1])], axis=1)


def arguments(input) -> tuple:
    n, m, p = sizes = tuple(int(input[name]) for name in "nmp")
    camera, point = (np.asarray(input[name], dtype=float) for name in ("cam", "x"))
    params = np.concatenate([np.tile(camera, n), np.tile(point, m), np.full(p, float(input["w"]))])
    return params, sizes, np.tile(np.asarray(input["feat"], dtype=float)[:, None], p)


def objective(input, compile):
    params, sizes, features = arguments(input)
    function = compile(lambda params, features: residuals(params, sizes, features))
    return lambda: function(params, features)


def sparse_jacobian(input, compile):
    """By the numbers that each observation reads, three of whose rows depend on no other observation's: three passes.

    In the parameters themselves observations share cameras and points, so that it takes as many passes as columns.
    """
    params, sizes, features = arguments(input)
    places = columns(*sizes)
    entries = pattern(places)
    differentiated = jacobian(observe, sparsity=pattern(np.arange(places.size).reshape(places.shape)))
    function = compile(lambda params, features: differentiated(params[places], features)[1])
    return lambda: (entries, function(params, features))


def objective_output(result) -> dict:
    count = len(result) // 3
    return {"reproj_error": {"elements": result[:2].tolist(), "repeated": count},
            "w_err": {"element": float(result[-1]), "repeated": count}}


def jacobian_output(result) -> dict:
    indices, values = result
    rows, columns = indices.T
    # The suite's rows are where each row starts among the entries.
    starts = np.searchsorted(rows, np.arange(rows[-1] + 2))
    return {name: [*numbers[:SENT].tolist(), numbers[-1].item()]
            for name, numbers in (("rows", starts), ("cols", columns), ("vals", values))}


def one_observation(input) -> tuple:
    """What the residuals of one observation are a function of, and that function."""
    params, _, features = arguments({**input, "n": 1, "m": 1, "p": 1})
    return params, lambda params: residuals(params, (1, 1, 1), features, np)


def expected_objective(input) -> dict:
    params, f = one_observation(input)
    result, p = f(params), int(input["p"])
    return objective_output(np.concatenate([np.tile(result[:2], p), np.full(p, result[2])]))


def expected_jacobian(input) -> dict:
    """By complex steps, which are exact to rounding, for one observation; all are alike."""
    params, f = one_observation(input)
    slopes = np.array([f(params + 1e-30j * direction).imag for direction in np.eye(len(params))]).T / 1e-30
    n, m, p = (int(input[name]) for name in "nmp")
    first = [*range(CAMERA), *range(CAMERA * n, CAMERA * n + POINT), CAMERA * n + POINT * m]
    starts = [len(first) * row for row in range(SENT)]
    starts = [min(start, 2 * p * len(first) + max(0, row - 2 * p)) for row, start in enumerate(starts)]
    return {"rows": [*starts, (2 * len(first) + 1) * p], "cols": [*first, *first, CAMERA * n + POINT * m + p - 1],
            "vals": [*slopes[0].tolist(), *slopes[1].tolist(), float(slopes[2, -1])]}


def make_case(number: int, sizes: tuple[int, int, int]) -> Case:
    """A file of the suite, with random numbers: a camera that looks at a point before it."""
    random = np.random.default_rng(SEED)
    camera = random.random(CAMERA)
    camera[:6] -= 0.5
    point = np.array([0.0, 0.0, 3.0]) + random.random(POINT)
    input = dict(zip("nmp", sizes), cam=camera, x=point, w=random.random(), feat=random.random(2))
    return Case(name(number, sizes), input)


def name(number: int, sizes: tuple[int, int, int]) -> str:
    n, m, p = sizes
    return f"ba{number}_n{n}_m{m}_p{p}"


def read_case(file: Path) -> Case:
    """Five lines: the three sizes, the camera, the point, the weight, the feature."""
    try:
        sizes, camera, point, weight, feature = (line.split() for line in file.read_text().splitlines()[:5])
        n, m, p = map(int, sizes)
        input = {"n": n, "m": m, "p": p, "cam": [float(c) for c in camera], "x": [float(c) for c in point],
                 "w": float(weight[0]), "feat": [float(c) for c in feature]}
    except (OSError, ValueError, IndexError) as error:
        raise UserError(f"{file}: not an instance of ba: {error}") from error
    return Case(file.stem, input)


def cases(data: Path | None) -> Iterator[Case]:
    for number, sizes in enumerate(SIZES, start=1):
        file = data and data / "ba" / f"{name(number, sizes)}.txt"
        yield read_case(file) if file and file.is_file() else make_case(number, sizes)


EVAL = Eval("ba", {
    "objective": Function(objective, objective_output, expected_objective),
    "jacobian": Function(sparse_jacobian, jacobian_output, expected_jacobian),
}, cases, note="without the suite's files (--data), its cameras and points are random ones")
