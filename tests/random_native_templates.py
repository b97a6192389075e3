"""Templates of the statements of random programs for the native back end: all dtypes, shapes and kinds of steps.

Fields: ``x``, ``y``, ``z`` any variable, ``w`` one with some dimensions, ``v`` with one, ``m`` with two, ``i`` of
integers or truths, ``f`` of floating-point numbers; ``o`` one that may be written to; ``u1`` … ``i2`` names of ufuncs;
``c`` a number; ``d`` a dtype; ``axis``, ``axes``, ``index``, ``shape`` of the first of these in the line.
"""

from __future__ import annotations

from random_templates import templates

__all__ = ["AXES", "KINDS", "NAMES", "NUMBERS"]

NAMES = {
    "u1": "negative positive absolute fabs sign sqrt square cbrt reciprocal exp exp2 expm1 log log2 log10 log1p sin cos"
          " tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh floor ceil trunc rint isnan isinf isfinite"
          " signbit logical_not conjugate deg2rad real imag spacing".split(),
    "e1": "negative absolute sqrt square exp log sin cos tanh floor rint sign isnan logical_not conjugate".split(),
    "u2": "add subtract multiply divide floor_divide remainder fmod power float_power maximum minimum fmax fmin hypot"
          " arctan2 copysign logaddexp logaddexp2 heaviside less less_equal greater greater_equal equal not_equal"
          " logical_and logical_or logical_xor nextafter".split(),
    "e2": "add subtract multiply divide maximum minimum less equal".split(),
    "i1": "invert negative absolute square sign logical_not".split(),
    "i2": "bitwise_and bitwise_or bitwise_xor left_shift right_shift gcd lcm add subtract multiply floor_divide"
          " remainder maximum power".split(),
    "r": "sum sum max min prod any all mean".split(),
    "d": "bool int8 uint8 int16 uint16 int32 uint32 int64 uint64 float32 float64 complex64 complex128".split(),
}
NUMBERS = (
    "0 1 -1 2 3 0.5 -1.5 0.1 -0.0 1e300 1e-310 1e-40 np.inf -np.inf np.nan True 100 2.0 1.0 np.float32(1.5)"
    " np.float64(0.3) np.int8(3) np.int64(-2) np.uint8(200) 1j (1-2j)").split()
AXES = "None 0 -1 (0,) (0,-1) (-1,0) 1 (0,1) (1,2) ()".split()

ELEMENTWISE = templates("""
    np.{u1}({x})
    np.{u1}({x})
    np.{e1}({x})
    np.{u2}({x}, {y})
    np.{e2}({x}, {y})
    np.{e2}({x}, {c})
    np.{u2}({c}, {x})
    np.{i1}({i})
    np.{i2}({i}, {i})
    {x} + {y}
    {x} * {y}
    {x} - {y}
    {x} / {y}
    {x} * {c}
    {c} - {x}
    {x} + {c}
    {x} ** 2
    {x} ** {c}
    {x} // {c}
    {x} % {y}
    -{x}
    ~{i}
    {i} & {i}
    {i} << 1
    {x} > {c}
    {x} == {y}
    np.where({x} > {c}, {x}, {y})
    np.where({i}, {x}, {y})
    np.where({x} > {y}, {c}, {x})
    np.where({x}, {x}, {c})
    np.clip({x}, {c}, {c})
    {x}.astype({d!r})
    np.astype({w}, np.{d})
    np.exp(-{f} * {f})
    np.nan_to_num({x})
    np.zeros_like({x})
    np.full_like({x}, 3)
    {f} - np.mean({f})
    np.sin({f}) * np.cos({f}) + {c}
    np.log(np.abs({f}) + 1) / ({f} * {f} + 2)
""")
REDUCTIONS = templates("""
    np.{r}({x})
    np.{r}({w}, axis={axes})
    np.{r}({w}, axis={axes}, keepdims=True)
    np.{r}({w}, axis={axis})
    np.sum({w} * {y}, axis={axes})
    np.sum({w} > {c}, axis={axes})
    np.sum({w}, axis={axes}, dtype=np.{d})
    np.max(np.abs({w}), axis={axes})
    np.min({w} + {y}, axis={axes}, keepdims=True)
    np.count_nonzero({w}, axis={axes})
    np.var({w}, axis={axes})
    np.std({f}, axis={axes}, ddof=1)
    np.cumsum({w}, axis={axis})
    np.cumprod({w}, axis={axis})
    np.argmax({w}, axis={axis})
    np.argmin({w})
    np.linalg.norm({f})
    np.linalg.norm({w}, axis={axis})
    np.sum(np.exp({f}), axis={axes})
    np.sum({x} * {x}) + np.sum({y})
    np.max({w}, axis={axes}, initial=0)
    np.sum({w}, axis={axes}, where={w} > 0)
    np.any({x} > {y})
""")
PRODUCTS = templates("""
    {w} @ {w}
    {w} @ {w}.T
    {w}.T @ {w}
    {m} @ {m}.T
    {m} @ {m}[0]
    np.dot({w}, {w})
    np.dot({x}, {y})
    np.vdot({v}, {v})
    np.outer({v}, {v})
    np.inner({v}, {v})
    np.matmul({w}, {w})
    np.tensordot({m}, {m}, ([0], [0]))
    np.einsum("ij,kj->ik", {m}, {m})
    np.einsum("ii", {m})
    np.linalg.solve({m} @ {m}.T + 3 * np.eye(len({m})), {m})
    np.linalg.det({m} @ {m}.T)
""")
MOVES = templates("""
    {w}.T
    {w}[{index}]
    {w}[{index}]
    {w}[{index}] * {c}
    {w}[..., ::2]
    {w}[::-1]
    {w}.ravel()
    {w}.T.ravel()
    np.reshape({w}, {shape})
    np.reshape({w}.T, {shape})
    np.reshape({w}, {shape}, order="F")
    np.transpose({w})
    np.swapaxes({w}, 0, {axis})
    np.moveaxis({w}, 0, {axis})
    np.expand_dims({x}, 0)
    {x}[..., None]
    np.squeeze({w})
    np.broadcast_to({x}, (2, *np.shape({x})))
    np.flip({w}, {axis})
    np.roll({w}, 1, {axis})
    np.roll({w}, {c})
    np.repeat({w}, 2, {axis})
    np.tile({w}, 2)
    np.pad({w}, 1)
    np.pad({w}, 1, mode="edge")
    np.diff({w}, axis={axis})
    np.diagonal({m})
    np.diag({v})
    np.tril({m})
    np.trace({m})
    np.atleast_2d({x})
    np.concatenate([{w}, {w}])
    np.concatenate([{w}, {w}], axis={axis})
    np.concatenate([{w}, {w}], axis=None)
    np.stack([{x}, {x}])
    np.stack([{x}, {y}], axis=-1)
    np.array([{x}, {x}])
    np.array([np.sum({x}), {c}, np.max({y})])
    np.hstack([{w}, {w}])
    np.split({w}, [1])[1]
    np.take({w}, [0, -1, 0], axis={axis})
    {w}[[0, -1, 0]]
    {w}[np.array([True] * len({w}))]
    {w}[..., [-1, 0]]
    np.sort({w}, axis={axis})
    {x}.copy()
    np.asfortranarray({w})
    np.ascontiguousarray({w}.T)
    {x}.real
    {x}.imag
    {x}
""")
WRITES = templates("""
    {t} = {w}.copy(); {t}[{index}] = {c}
    {t} = {w}.copy(); {t}[{index}] = {y}
    {t} = {w}.copy(); {t}[{index}] += {y}
    {t} = {w} * 1; {t}[{index}] *= {c}
    {t} = {w}.copy(); {t}[{t} > {c}] = 0
    {t} = {w}.copy(); {t} += {y}
    {t} = {w} + {y}; {t} *= {c}; {t} -= {y}
    {t} = {w}.copy(); view = {t}[1:]; view += {c}
    {t} = {w}.copy(); view = {t}.T; view[0] = {y}
    {t} = {w} + 0; row = {t}[0]; {t}[0] = {t}[-1]; {t}[-1] = row + 1
    {t} = {w}.copy(); {t}[1:] = {t}[:-1]
    {t} = {w}.copy(); {t}[::-1] += {t}
    {t} = np.zeros(np.shape({x})); {t}[...] = {x}
    {t} = np.zeros_like({w}); {t}[0] = {w}[-1]
    {t} = np.zeros((2, *np.shape({x}))); {t}[0] = {x}; {t}[1] = {y}
    {t} = np.empty({w}.shape); {t}[:] = {c}; {t}[{index}] += {y}
    {o} += {y}
    {o}[{index}] = {y}
    {o}[...] = {c}
""")
LOOPS = templates("""
    scan(lambda c, e: (c * 0.5 + e, c), {y}, {w})[0]
    scan(lambda c, e: (np.tanh(c * 0.5 + e), c + e), {f}, {w})[1]
    scan(lambda c, e: ((c[0] + e, c[1] * 0.5 + c[0]), (e * c[1], c[0])), ({f}, {f}), {w})[1][0]
    scan(lambda c, e: ((c[1], c[0] + e), c[0]), ({f}, {f}), {w})[0][1]
    scan(lambda c, e: (np.maximum(c, e), np.sum(c * e)), {y}, {w}, reverse=True)[1]
    scan(lambda c, _: (c * 0.5 + np.sum({y}), c[..., ::-1]), {w}, length=4)[1]
    scan(lambda c, e: (np.where(c > e, c, e * {c}), None), {y}, {w})[0]
    scan(lambda c, e: (c + 1, c * e), 0, {w})[1]
    fori_loop(0, 5, lambda i, c: c * 0.5 + i, {f})
    fori_loop(1, 4, lambda i, c: np.sin(c) + {y}, {f})
    fori_loop(0, 3, lambda i, c: np.concatenate([c[1:], c[:1]]) + 1, {w})
    fori_loop(0, 3, lambda i, c: np.matmul(c, c.T) * 0.1 if np.ndim(c) == 2 else c, {m})
    sum([np.tanh({x} * (0.5 + i)) for i in range(5)])
    sum([np.cos({x} * i) * {y} for i in range(5)])
    (h := {f}, [h := np.tanh(h * 0.5 + 0.1 * i) for i in range(6)])[1][-1]
    np.stack([row * 0.5 + {c} for row in {w}])
    sum(e * e for e in {w})
    (h := {v}, [h := np.sin(h) * {v} for i in range(5)])[1]
""")
CONDITIONS = templates("""
    {x} if np.sum({x}) > {c} else -{x}
    np.sum({y}) if np.any({x} > 0) else np.max({y}) * 2
    {w}[int(np.argmax({v}))]
    {x} * (2 if np.all({y} == {y}) else 3)
    {x} * float(np.max({y}))
    max(np.sum({x}), np.sum({y}))
""")

KINDS = {  # with their weights
    "elementwise": (ELEMENTWISE, 14), "reductions": (REDUCTIONS, 6), "products": (PRODUCTS, 2), "moves": (MOVES, 6),
    "writes": (WRITES, 2), "loops": (LOOPS, 1.5), "conditions": (CONDITIONS, 0.6),
}
