"""ht: hand tracking, the distances of a posed hand's mesh from measured points (Taylor et al. 2014, as in ADBench).

θ has a global rotation (as a vector), a translation, and for each of five fingers two angles of its first bone and one
of each of the next two. Each bone turns its frame in that of its parent; the mesh follows by linear blend skinning. In
the complicated variant a point belongs to a place u in a triangle of the mesh, and the Jacobian has two columns for the
point's own u before those of θ. The models and points are read from the folder of data.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from autodiff_trace import jacfwd
from autodiff_trace import numpy as anp
from autodiff_trace.demo.cli import UserError

from .evaluation import Case, Eval, Function, Skipped

__all__ = ["EVAL", "distances", "read_case"]

FINGERS, FIRST_ANGLE = 5, 6
SMALL_ROTATION = 1e-4
"""A shorter rotation vector is taken as none."""

INSTANCES = range(1, 13)
SEPARATOR = ":"


def distances(theta, us, model, points, correspondences, np=anp):
    """Of shape (points, 3); ``us`` of shape (points, 2), or empty if points belong to vertices."""
    vertices = pose(theta, model, np)
    if len(us) == 0:
        return points - vertices[correspondences]
    corners = model["triangles"][correspondences].T
    u, v = us[:, :1], us[:, 1:]
    return points - (u * vertices[corners[0]] + v * vertices[corners[1]] + (1.0 - u - v) * vertices[corners[2]])


def pose(theta, model, np):
    """The vertices of the mesh, of shape (vertices, 3)."""
    frames = []
    for parent, frame in zip(model["parents"], model["base_relatives"] @ bone_rotations(theta, model, np)):
        frames.append(frame if parent == -1 else frames[parent] @ frame)
    moves = (np.stack(frames) @ model["inverse_base_absolutes"])[:, :3]
    blended = (model["weights"] @ moves.reshape(-1, 12)).reshape(-1, 3, 4)
    vertices = np.sum(blended * model["base_positions"][:, None], axis=2)
    if model["is_mirrored"]:
        vertices = vertices * np.array([-1.0, 1.0, 1.0])
    return vertices @ rotation_matrix(theta[:3], np).T + theta[3:6]


def bone_rotations(theta, model, np):
    """Of each bone: about x by its first angle, then about z by its second one, as 4×4 matrices."""
    angles = np.concatenate([theta, np.zeros(1)])[bone_angles(len(model["parents"]), len(theta))]
    (cx, cz), (sx, sz) = np.cos(angles), np.sin(angles)
    zero, one = np.zeros(len(cx)), np.ones(len(cx))
    rows = (cz, -sz * cx, sz * sx, zero), (sz, cz * cx, -cz * sx, zero), (zero, sx, cx, zero), (zero, zero, zero, one)
    return np.stack([np.stack(row, axis=1) for row in rows], axis=1)


def bone_angles(bones: int, none: int):
    """Where in θ the two angles of each bone stand, and ``none`` for those that are zero.

    Bones are a wrist and a forearm, or the like, and four for each finger, of which the last one does not move.
    """
    index = np.full((2, bones), none)
    for finger in range(FINGERS):
        bone, angle = 2 + 4 * finger, FIRST_ANGLE + 4 * finger
        index[0, bone : bone + 3] = angle, angle + 2, angle + 3
        index[1, bone] = angle + 1
    return index


def rotation_matrix(vector, np):
    length = np.sqrt(np.sum(vector**2))
    if abs(length) < SMALL_ROTATION:
        return np.eye(3)
    x, y, z = axis = vector / length
    sine, cosine = np.sin(length), np.cos(length)
    turn = np.stack([0.0 * x, -z, y, z, 0.0 * x, -x, -y, x, 0.0 * x]).reshape(3, 3)
    return cosine * np.eye(3) + sine * turn + (1.0 - cosine) * axis[:, None] * axis


def arguments(input) -> tuple:
    data = input["data"]
    given = data["model"]
    model = {name: np.array(given[name], dtype=float)
             for name in ("base_relatives", "inverse_base_absolutes", "base_positions", "weights")}
    model |= {"parents": [int(parent) for parent in given["parents"]], "is_mirrored": bool(given["is_mirrored"]),
              "triangles": np.array(given["triangles"], dtype=int)}
    theta, us = np.array(input["theta"], dtype=float), np.array(input["us"], dtype=float)
    return theta, us.reshape(-1, 2), model, np.array(data["points"], dtype=float), np.array(data["correspondences"])


def objective(input, compile):
    theta, us, *data = arguments(input)
    function = compile(lambda theta, us: distances(theta, us, *data))
    return lambda: function(theta, us)


def jacobian(input, compile):
    theta, us, *data = arguments(input)
    # No row depends on two points, so that one step of all their u gives the columns of each.
    shared = np.zeros(2 if len(us) else 0)

    def f(params):
        return distances(params[len(shared) :], us + params[:2] if len(us) else us, *data).ravel()

    params, function = np.concatenate([shared, theta]), compile(jacfwd(f))
    return lambda: function(params)


def expected_objective(input) -> list:
    return distances(*arguments(input), np).ravel().tolist()


def expected_jacobian(input) -> list:
    """By complex steps, which are exact to rounding."""
    theta, us, *data = arguments(input)
    columns = []
    for step in 1e-30j * np.eye(2 if len(us) else 0, 2):
        columns.append(distances(theta, us + step, *data, np))
    for step in 1e-30j * np.eye(len(theta)):
        columns.append(distances(theta + step, us, *data, np))
    return (np.stack([column.ravel() for column in columns], axis=1).imag / 1e-30).tolist()


def read_case(file: Path, complicated: bool) -> Case:
    """A file of points beside the folder of their model; as in ADBench."""
    try:
        lines = [line.split() for line in file.read_text().splitlines()]
        count, parameters = map(int, lines[0][:2])
        measured, lines = lines[1 : count + 1], lines[count + 1 :]
        us, lines = (lines[:count], lines[count:]) if complicated else ([], lines)
        data = {"model": read_model(file.parent / "model"), "correspondences": [int(line[0]) for line in measured],
                "points": [[float(x) for x in line[1:4]] for line in measured]}
        theta = [float(line[0]) for line in lines[:parameters]]
        return Case(file.stem, {"theta": theta, "data": data, "us": [[float(u) for u in line] for line in us]})
    except (OSError, ValueError, IndexError) as error:
        raise UserError(f"{file}: not an instance of ht: {error}") from error


def read_model(folder: Path) -> dict:
    """Bones: name, parent, two 4×4 matrices. Vertices: a position, and from the ninth field on a number of weights."""
    bones = [line.split(SEPARATOR) for line in (folder / "bones.txt").read_text().splitlines()]
    vertices = [line.split(SEPARATOR) for line in (folder / "vertices.txt").read_text().splitlines()]
    matrices = np.array([[float(x) for x in bone[2:34]] for bone in bones]).reshape(-1, 2, 4, 4)
    weights = np.zeros((len(vertices), len(bones)))
    for row, vertex in zip(weights, vertices):
        pairs = vertex[9 : 9 + 2 * int(vertex[8])]
        row[[int(bone) for bone in pairs[::2]]] = [float(weight) for weight in pairs[1::2]]
    positions = [[*map(float, vertex[:3]), 1.0] for vertex in vertices]
    triangles = np.loadtxt(folder / "triangles.txt", int, delimiter=SEPARATOR, ndmin=2)
    return {"bone_count": len(bones), "bone_names": [bone[0] for bone in bones],
            "parents": [int(bone[1]) for bone in bones], "base_relatives": matrices[:, 0],
            "inverse_base_absolutes": matrices[:, 1], "base_positions": positions, "weights": weights,
            "triangles": triangles, "is_mirrored": False}


def cases(data: Path | None) -> Iterator[Case]:
    variant = "complicated_big"
    folder = data and next((path for path in (data / part / variant for part in ("ht", "hand")) if path.is_dir()), None)
    if folder is None:
        raise Skipped(f"its models and points are files of ADBench; give the folder that has ht/{variant} with --data")
    for number in INSTANCES:
        for file in sorted(folder.glob(f"hand{number}_*.txt")):
            yield read_case(file, complicated=True)


EVAL = Eval("ht", {
    "objective": Function(objective, lambda result: result.ravel().tolist(), expected_objective),
    "jacobian": Function(jacobian, np.ndarray.tolist, expected_jacobian),
}, cases)
