"""Templates of random programs for eager mode: for each class its programs, and what may stand for their fields."""

from __future__ import annotations

__all__ = ["CLASSES"]


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


COMMON = {
    "c": lines("0.5\n-1.5\n2.0\n0.25\n3.0"),
    "k": lines("2\n3\n5"),
    "smooth": lines("""
        np.sin(x)
        x * x
        np.tanh(x) * x
        np.exp(-x * x)
        x * {c} + 1
        np.cumsum(x)
        x[::-1] * x
        np.outer(x, x) @ x
    """),
    "end": lines("""
        return np.sum(t)
        return t
        return np.tanh(t) * {c}
        return np.sum(t * t)
    """),
}

BUFFERS = ["""
w = numpy.{start}
t = 0.0
for k in range({k}):
    {change}
    t = t + {use} * (k + 1)
{after}
{end}
""", """
base = numpy.zeros((3, 4)) + 1.0
w = base[1]
t = {use}
base[...] = {c}
t = t + {use} * {smooth}
base.fill(0.0)
{end}
""", """
index = numpy.array([0, 2, 1, 3])
mask = numpy.array([True, False, True, True])
t = 0.0
for k in range({k}):
    {flags}
    t = t + {pick}
index[:] = 0
mask[:] = False
{end}
""", """
w = numpy.ones(4)
t = {smooth} * w
numpy.multiply(w, {c}, out=w)
t = t * w + {use}
w.sort()
w[:] = w[::-1] * {c}
t = t + x * w
w -= 1.0
{end}
"""]
BUFFER_FIELDS = COMMON | {
    "start": lines("zeros(4)\nones(4)\nlinspace(0.5, 2.0, 4)\nfull(4, 1.5)"),
    "change": lines("""
        w[:] = 0.0; w[k % 4] = 1.0
        w *= {c}
        w[k % 4] += {c}
        w[:] = numpy.arange(4.0) * (k + 1)
        w += numpy.sin(w + k)
        numpy.negative(w, out=w)
        w[::2] = k + 0.5
        w.fill(k + 1.0)
    """),
    "use": lines("""
        np.sum(x * w)
        x * w
        x / (w * w + 1.0)
        np.dot(x, w)
        w @ x
        x ** 2 * w + w
        (x * x + 1.0) ** w
        (w * w + 0.5) ** x
        np.where(w > 0.7, x * w, -x)
        np.outer(x, w) @ x
        np.maximum(x * w, w - 5.0)
        np.einsum("i,i->", x, w)
        np.convolve(x, w)[:4]
        np.sin(x + w)
        np.hypot(x, w + 3.0)
    """),
    "after": lines("w[:] = 7.0\nw *= 0.0\npass\nw.sort()"),
    "flags": lines("index[:] = numpy.roll(index, 1)\nmask[k % 4] ^= True\nindex[0] = k % 4; mask[:] = True"),
    "pick": lines("""
        np.sum(x[index] * numpy.arange(4.0))
        x[index] * x
        np.sum(x[mask] ** 2)
        np.where(mask, x, -x) * x
        np.take(x, index) * {c}
        np.sum(np.cumsum(x)[mask])
        np.select([mask], [x * x], 0.0)
    """),
}

VIEWS = ["""
y = {smooth}
z = {view}
z[...] = {value}
t = y * x + np.sum(z)
{end}
""", """
y = {smooth}
z = {view}
y[{index}] = {scalar}
t = y * x + np.sum(z * z)
{end}
""", """
y = {smooth}
z = {view}
z *= {c}
y[{index}] += {scalar}
z += {scalar}
t = y * x + np.sum(z * z)
{end}
""", """
y = np.zeros(4)
z = {view}
u = z[..., ::-1]
y[:] = x
u[...] = u * {c} + {scalar}
y[{index}] *= {scalar}
t = y * x + np.sum(z * u)
{end}
"""]
VIEW_FIELDS = COMMON | {
    "view": lines("""
        y[:]
        y[1:]
        y[::-1]
        y[::2]
        y.reshape(2, 2)
        y.reshape(2, 2).T
        y.reshape(2, 2)[:, 0]
        y.ravel()
        y.flatten()
        y.T
        y[None]
        y[[0, 1]]
        np.squeeze(y[None])
        np.squeeze(y)
        np.ravel(y)
        np.asarray(y)
        np.array(y)
        y.real
        np.real(y)
        np.conj(y)
        y.astype(float, copy=False)
        y.astype(float)
        np.flip(y)
        np.moveaxis(y.reshape(2, 2), 0, 1)
        np.swapaxes(y.reshape(2, 2), 0, 1)
        np.rot90(y.reshape(2, 2))
        np.expand_dims(y, 0)
        np.split(y, 2)[1]
        np.atleast_1d(y)
        np.atleast_2d(y)
        np.ascontiguousarray(y)
        np.ascontiguousarray(y.reshape(2, 2).T)
        np.asfortranarray(y.reshape(2, 2))
        y.reshape(2, 2).ravel("F")
        y.reshape(2, 2).T.ravel("K")
        y.copy()
        np.require(y)
        np.transpose(y)
    """),
    "value": lines("{scalar}\nz * {c} + {scalar}\nz * z\n2.0"),
    "scalar": lines("{c}\nx[0]\nx[1] * x[2]\nnp.sum(x)\nnp.tanh(x[-1])"),
    "index": lines("0\n-1\n1:\n::2\n[0, 2]\n..."),
}

MAPPED = ["""
s = {first}
out = []
for i in range(4):
    s {op} {step}
    out.append(s)
t = np.array(out)
{end}
""", """
a = {item}
b = a
b {op} {step0}
t = x * a + b
{end}
""", """
s = {first}
kept = s
for i in range({k}):
    s {op} {step0}
    if i == 1:
        kept = s
t = x * kept + s
{end}
"""]
MAPPED_FIELDS = COMMON | {
    "first": lines("0.0\n1.0\nx[0]\nnp.sum(x)\nx[1] * 2.0\nnumpy.float64(0.5)"),
    "item": lines("x[0]\nnp.sum(x)\nnp.max(x)\nx[1] * x[2]\nx[-1] + 0.0"),
    "op": lines("+=\n*=\n-=\n/="),
    "step": lines("x[i]\nx[i] * x[0]\nnp.sin(x[i]) + 2.0\n{c}"),
    "step0": lines("{c}\nx[0]\nx[1] * x[2]\nnp.sum(x * x)"),
}

SELECTIONS = ["""
t = {select}
{end}
""", """
t = {select} * {smooth} + {select}
{end}
""", """
y = {smooth} * 0.0 + x
t = {select}
{end}
"""]
SELECTION_FIELDS = COMMON | {
    "select": lines("""
        np.where(taken(x), {singular}, {other})
        np.where(~taken(x), {other}, {singular})
        np.select([taken(x)], [{singular}], {c})
        np.where(taken(x), np.where(taken(x), {singular}, 0.0), {other})
        np.where(taken(x)[:, None], np.outer({singular}, np.ones(4)), 0.0) @ x
        np.sum(({singular})[taken(x)])
        np.sum(np.compress(taken(x), {singular}))
        np.choose(taken(x).astype(int), [{other}, {singular}])
    """),
    "singular": lines("""
        np.sqrt(inner(x))
        np.log(inner(x))
        1.0 / inner(x)
        inner(x) * np.log(inner(x))
        inner(x) ** 0.5
        inner(x) ** -1.0
        np.sin(inner(x)) / inner(x)
        np.log(np.sqrt(inner(x))) * x
        np.sqrt(np.log1p(inner(x)))
        np.cbrt(inner(x)) * np.log(inner(x))
        np.exp(-1.0 / inner(x))
        np.arctan(1.0 / inner(x))
        np.tanh(np.log(inner(x)) * {c})
        np.divide({c}, inner(x))
        np.cumsum(np.sqrt(np.abs(x) + 1.0)) * np.sqrt(inner(x))
    """),
    "other": lines("0.0\n{c}\nx * {c}\nx * x\nnp.sin(x)"),
}

COMPLEX = ["""
z = {complex}
t = {of_z}
{end}
""", """
z = {complex}
z = {of_z} * z
t = {real}
{end}
""", """
z = np.zeros(4, dtype=complex)
z[:] = {complex}
z[0] *= 1j
t = z * x
{end}
""", """
z = np.zeros(4, dtype=complex)
z[:] = {complex}
z.imag[1] = x[2]
t = {of_z}
{end}
"""]
COMPLEX_FIELDS = COMMON | {
    "complex": lines("""
        x * (1 + 2j)
        np.exp(1j * x)
        np.fft.fft(x)
        np.fft.ifft(x * x)
        x + 1j * {smooth}
        np.sqrt(x + 2j)
        np.fft.ifft(np.fft.fft(x) * np.fft.fft(x[::-1]))
    """),
    "of_z": lines("z\nz * z\nnp.conj(z) * z\nnp.exp(z * 0.3)\nz / (3 + z * 0.1)\nnp.cumsum(z)\nz[::-1] * x"),
    "real": lines("np.abs(z) ** 2\nnp.real(z)\nz.imag * x\nnp.angle(z + 9)\nnp.real(np.conj(z) * z)\nnp.abs(z + 9)"),
}

CHANGED = ["""
t = {smooth}
t = t * {smooth}
{end}
""", """
return x
""", """
return x[::-1]
""", """
y = {smooth}
t = y / (2.0 + y * y) + np.exp(x)
{end}
""", """
t = np.concatenate([x, {smooth}])
return t.reshape(2, 4)
"""]

RERUNS = ["""
w = numpy.ones(4)
held = [1.0]
t = x
for k in range({k}):
    {before}
    t = checkpoint(lambda v: {body})(t)
held[0] = 9.0
w[:] = 9.0
k = 9
{end}
""", """
w = numpy.ones(4)
held = [1.0]
k = 2
t = scan(lambda v, i: ({body}, v), x, numpy.arange(5.0))[1]
held[0] = 9.0
w[:] = 9.0
k = 9
{end}
""", """
rng = numpy.random.default_rng(0)
numpy.random.seed(1)
t = x
for k in range({k}):
    t = checkpoint(lambda v: checkpoint(lambda u: {draw})(v) * rng.uniform(0.5, 1.5))(t)
{end}
"""]
RERUN_FIELDS = COMMON | {
    "before": lines("held[0] = k + 1.0\nw[k % 4] = {c}\nheld = [k + 0.5]\nw = w * {c}\npass"),
    "body": lines("np.tanh(v) * held[0]\nnp.sin(v * w) + k\nv * w * held[0]\nnp.tanh(v + k) * x\nv / (k + 1.0) + w"),
    "draw": lines("np.sin(u * rng.normal(size=4))\nu * numpy.random.uniform()\nnp.tanh(u) + rng.normal()"),
}

THREADS = ["""
import threading
y = {smooth}
def work(i):
    for k in range(20):
        y[i] = x[i] * (k - 18.5) + x[0]
def run():
    workers = [__import__("contextvars").copy_context() for _ in range(4)]
    workers = [threading.Thread(target=c.run, args=(work, i)) for i, c in enumerate(workers)]
    [each.start() for each in workers]
    [each.join() for each in workers]
run()
t = y * x
{end}
""", """
t = {smooth} * x
y = np.zeros(4)
y[:] = t
y[1] *= x[2]
t = y
{end}
"""]

CLASSES = {
    "buffers": (BUFFERS, BUFFER_FIELDS),
    "views": (VIEWS, VIEW_FIELDS),
    "mapped": (MAPPED, MAPPED_FIELDS),
    "selections": (SELECTIONS, SELECTION_FIELDS),
    "complex": (COMPLEX, COMPLEX_FIELDS),
    "changed": (CHANGED, COMMON),
    "reruns": (RERUNS, RERUN_FIELDS),
    "threads": (THREADS, COMMON),
}
