"""Templates of the statements that random programs are made of.

Fields: ``x`` and ``y`` any variable, ``s`` one without and ``v`` with one dimension, ``w`` one with some, ``o`` one
that may be written to; ``a`` an array around the function; of the first of these in the line an ``axis``, a ``shape``,
an ``index``; ``c`` a number, ``k`` a small integer, ``t`` the new variable.
"""

from __future__ import annotations

__all__ = ["CONDITIONS", "CONSTANTS", "KINDS", "LOOPS", "UPDATES"]


def templates(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


ELEMENTWISE = templates("""
    np.sin({x})
    np.tanh({x})
    np.exp(-{x} * {x})
    np.sqrt(np.abs({x}) + 1)
    np.log1p(np.abs({x}))
    np.square({x})
    np.negative({x})
    -{x}
    -(-{x})
    abs({x})
    {x} + {c}
    {c} * {x}
    {x} / 3
    {c} - {x}
    {x} * 1
    {x} + 0
    {x} ** 2
    {x} ** 3
    np.abs({x} + 3.5) ** 0.5
    np.power(np.abs({x}) + 0.5, 1.5)
    2.0 ** np.tanh({x})
    1 / (2 + {x} * {x})
    np.maximum({x}, {c})
    np.minimum({c}, {x})
    np.clip({x}, -0.5, 0.75)
    np.where({x} > {c}, {x}, 0.1 * {x})
    np.where(np.isfinite({x}), {x}, 0)
    ({x} > 0) * {x}
    {x} > {c}
    np.sign({x})
    np.floor({x})
    {x} % 1.5
    {x} // 0.5
    np.logaddexp({x}, 0.0)
    np.expm1(-np.abs({x}))
    np.float32(1.5) * {x}
    {x} - np.mean({x})
    np.exp({x} - np.max({x})) / np.sum(np.exp({x} - np.max({x})))
    np.zeros_like({x})
    np.ones_like({x}) * {c}
    np.full(np.shape({x}), {c})
    np.astype({w}, np.float32)
    {w}.astype(np.float32)
    {w}.astype(np.float64)
    {w}.astype(int)
    {w}.copy()
    {x}
""")
JOINS = templates("""
    {x} + {y}
    {x} - {y}
    {x} * {y}
    {x} * {x} + {y}
    {x} / (1 + {y} * {y})
    {x} * {y} - {y} * {x}
    np.maximum({x}, {y})
    np.minimum({x}, {y})
    np.hypot({x}, {y})
    np.arctan2({x}, 2 + np.abs({y}))
    np.where({x} > {y}, {x}, {y})
    np.where({y} > 0, {x}, {y})
    np.logaddexp({x}, {y})
    np.multiply({x}, {y}) + np.multiply({x}, {y})
    {x} ** 2 * {y} + {x} ** 2
    {x} @ {y}
    {x} @ {y}.T
    np.dot({x}, {y})
    np.outer({v}, {y})
    np.tensordot({x}, {y}, 1)
    np.einsum("...i,...i->...", {x}, {y})
    np.linalg.norm({x} - {y})
    np.concatenate([{w}, {y}])
    np.concatenate([{w}, {y}], axis={axis})
    np.stack([{x}, {y}])
    np.array([np.sum({x}), np.max({y}), {c}])
    np.vstack([{x}, {y}])
""")
REDUCTIONS = templates("""
    np.sum({x})
    np.sum({x} * {y})
    np.mean({x})
    {w}.sum()
    {w}.mean(axis={axis})
    np.sum({w}, axis={axis})
    np.sum({w}, axis={axis}, keepdims=True)
    np.sum({w}, axis=({axis},))
    np.mean({w}, axis={axis}, keepdims=True)
    np.max({w}, axis={axis})
    np.min({w}, axis={axis}, keepdims=True)
    np.max({x})
    np.prod(np.tanh({x}))
    np.std({w}, axis={axis})
    np.var({x})
    np.cumsum({w}, axis={axis})
    np.linalg.norm({w})
    np.log(np.sum(np.exp({x})))
    np.log(np.sum(np.exp({w}), axis={axis}))
    np.argmax({w}, axis={axis})
    np.any({x} > {c})
    np.sum({x} > 0)
    np.sort({w}, axis={axis})
    np.sum({x} * {x} - {y})
    np.trace({x})
    sum(e * e for e in {w})
""")
CLOSED = templates("""
    {x} + {a}
    {a} * {x}
    {x} * {x} - {a}
    {x} @ {a}
    np.dot({a}, {x})
    np.maximum({x}, {a})
    np.where({x} > 0, {a}, {x})
    np.where({a} > 0, {x}, 0.5)
    np.sum({x} * {a})
    np.concatenate([{w}, {a}])
    np.array({a}) * {x}
    {a}.T @ {x}
""")
SHAPES = templates("""
    {w}.T
    {x}.ravel()
    np.reshape({w}, {shape})
    {w}.reshape(-1)
    np.transpose({w})
    np.swapaxes({w}, 0, {axis})
    {w}[None]
    {x}[..., None]
    np.expand_dims({x}, {k})
    np.squeeze({w})
    np.broadcast_to({w}, (2, *{w}.shape))
    np.flip({w}, {axis})
    np.roll({w}, {k}, {axis})
    np.repeat({w}, 2, {axis})
    np.tile({w}, 2)
    np.pad({w}, 1)
    np.diff({w}, axis={axis})
    np.diagonal({w})
    np.tril({w})
    np.atleast_2d({x})
    np.split({w}, [1])[1]
""")
INDEXING = templates("""
    {w}[{index}]
    {w}[{index}]
    {w}[{k}]
    {w}[-1]
    {w}[1:]
    {w}[::-1]
    {w}[..., ::2]
    {w}[..., 0]
    {w}[[0, -1]]
    {w}[..., [-1, 0, 0]]
    np.take({w}, [0, 0, -1], axis={axis})
    {v}[np.argmax({v})]
    {v}[np.argsort({v})]
    {w}[np.abs({w}) > 100]
""")
PYTHON = templates("""
    {w}.shape[0] * {x}
    len({w}) + {x}
    {x} if np.sum({x}) > {c} else -{x}
    max(np.sum({x}), np.sum({y}))
    sorted([np.sum({x}), np.mean({y})])[0]
    {w}[int(np.abs(np.sum({w})) * 3) % len({w})]
    {v}[int(np.argmin({v})):]
    {x} * (1 + int(np.floor(np.sum({y}))) % 3)
    np.sum(np.sin({w}[{w} > {c}]))
    np.mean(np.append({w}[{w} > {c}], 1.0))
    sum([e for e in {v} if e > {c}], start=0.0)
""")
SERIES = templates("""
    sum([np.tanh({x} * (0.5 + i)) for i in range(5)])
    sum([np.sqrt(np.exp(np.sin({x} + 0.1 * i))) * (i + 1) for i in range(6)])
    sum([np.cos({x} * i) * np.tanh({y} + i) for i in range(5)])
    sum([np.sqrt(y) for y in [np.exp(u) for u in [{x} * (i - 2.5) for i in range(5)]]])
    sum([z * y for z, y in [(np.cos(y), np.sin(y)) for y in [np.tanh(u) for u in [{x} * (i + 1) for i in range(5)]]]])
    sum([np.exp(-u * u) for u in [{x} * (i - 2.0) for i in range(5)]]) + sum([{x} / (i + 2) for i in range(5)])
    sum([np.outer(np.sin({v} + i), np.cos({v} * i)) for i in range(5)])
    sum([np.outer(u, 1 - u * u) for u in [np.tanh(0.3 * i * {v}) for i in range(6)]])
    sum([np.tanh(row * {c}) * row for row in np.stack([{v} * i for i in range(6)])])
    sum([row @ np.outer({v}, {v}) for row in np.stack([np.sin({v} + i) for i in range(5)])])
    np.stack([np.tanh(np.outer({v}, {v}) @ row) for row in np.stack([np.cos({v} * i) for i in range(5)])])
    (h := {x}, [h := np.tanh(h * {c} + 0.1 * i) for i in range(6)])[1][-1]
    sum((h := {v}, [h := np.tanh(0.5 * h * {v} + 0.1 * i) for i in range(6)])[1])
    (h := {v}, [h := np.tanh(np.outer({v}, {v}) @ h * 0.3 + {v} * i) for i in range(6)])[1][-1]
    np.array([u @ u for u in (h := {v}, [h := np.sin(h) * {v} for i in range(5)])[1]])
""")
NUMBERS = templates("""
    float(np.sum({x}))
    round(float(np.mean({x})), 3)
    {x} * float(np.max({y}))
    np.float64({s})
    float(f"{{np.sum({x}):.2f}}")
""")
WRITES = templates("""
    {t} = {w}.copy(); {t}[{index}] = {c}
    {t} = {w}.copy(); {t}[{index}] = {y}
    {t} = {w}.copy(); {t}[{index}] += {y}
    {t} = {w}.copy(); {t}[{t} > {c}] = 0
    {t} = {w}.copy(); {t} += {y}
    {t} = {w}.copy(); {t} *= {c}; {t} -= np.tanh({y})
    {t} = {w}.copy(); view = {t}[1:]; view += {c}
    {t} = {w}.copy(); view = {t}.T; view[0] = np.tanh({y})
    {t} = {w}.copy(); view = {t}.T.reshape(-1); view[0] = np.sum({y}); {t}[-1] += {c}
    {t} = {w}.copy(); view = {t}.ravel(order="K"); view *= {c}
    {t} = {w}.copy(); view = {t}.T.ravel(order="A"); view[-1] = np.tanh(np.sum({y}))
    {t} = {w}.copy(); view = np.flip({t}); {t} *= {c}; {t} = {t} + view
    {t} = {w}.copy(); {t}.flatten()[0] = {c}; {t}.real[-1] = {c}
    {t} = {w}.copy(); {t}.flat[0] = {c}; {t}.T.flat[-1] = {c}
    {t} = {w} + 0.0; row = {t}[0]; {t}[0] = {t}[-1]; {t}[-1] = np.tanh(row)
    {t} = np.zeros(np.shape({x})); {t}[...] = {x}
    {t} = {x}; {t} = np.zeros({shape}); {t}[...] = np.sum({x})
    {t} = np.zeros_like({w}); {t}[0] = {w}[-1]
    {t} = np.empty({w}.shape); {t}[:] = {c}; {t}[{index}] += {y}
    {o} += np.tanh({y})
    {o}[{k}] = np.tanh({y})
    {o}[...] = {c}
    {o} *= {c}
""")
CONDITIONS = templates("""
    np.sum({x}) > {c}
    np.max({x}) >= np.sum({y})
    np.any({x} > {c})
    np.all({x} < {c})
    {s} > {c}
    not {s} < {c}
    np.linalg.norm({x}) > 1.5 and np.min({x}) < {c}
    int(np.abs(np.sum({x})) * 4) % 2
    np.argmax({w}) == 0
    {w}.size > 3
    bool(np.mean({x}) < {c}) or np.sum({y}) > 0
""")
UPDATES = templates("""
    0.5 * {t} + np.sin({x})
    {t} * 0.5 - {x}
    np.tanh({t} + {x})
    {t} + 0.25 * {x}
""")
LOOPS = templates("""
    for i in range(3):
    for i in range({w}.shape[0]):
    for i in range(int(np.abs(np.sum({x}))) % 4):
    for e in {w}:
    for i, e in enumerate({w}):
    while np.sum({t} * {t}) > 0.3 and n_{t} < 5:
    while n_{t} < 2 or n_{t} < 6 and np.max(np.abs({t})) > {c}:
""")

KINDS = {  # with their weights
    "elementwise": (ELEMENTWISE, 9), "joins": (JOINS, 6), "reductions": (REDUCTIONS, 4), "shapes": (SHAPES, 2),
    "indexing": (INDEXING, 3), "writes": (WRITES, 2), "closed": (CLOSED, 2), "python": (PYTHON, 1),
    "series": (SERIES, 1),
    "numbers": (NUMBERS, 0.4),
}
CONSTANTS = ["0.5", "-1.5", "2", "0.25", "1.0", "-1", "0", "0.1"]
