"""``python -m benchmarks.accuracy [functions]``: own vector functions of the native back end beside NumPy's: the worst
error in units of the last place (ulp) of each range, and the time an element, in one interleaved run.

References: long doubles for float64, which must be wider; doubles for float32.
"""

import argparse
import time

import numpy as np

from autodiff_trace.compiler.backends.native import vector_math

from .native_functions import own


def uniform(low, high):
    return lambda rng, n: rng.uniform(low, high, n)


def magnitudes(low, high, signed=True):
    """Numbers whose logarithms are uniform."""

    def draw(rng, n):
        values = np.exp(rng.uniform(np.log(low), np.log(high), n))
        return values * rng.choice([-1.0, 1.0], n) if signed else values

    return draw


def around(center, low=1e-17, high=0.3, sides=(-1.0, 1.0)):
    return lambda rng, n: center + rng.choice(sides, n) * magnitudes(low, high, False)(rng, n)


def quarter_turns(largest):
    return lambda rng, n: rng.integers(-largest, largest, n) * (np.pi / 2)


def whole(low, high):
    return lambda rng, n: rng.integers(low, high, n).astype(float)


TURNS = [uniform(-4, 4), uniform(-2e3, 2e3), uniform(-4e9, 4e9), magnitudes(1e-310, 1e300)]
TURNS += [quarter_turns(2000), quarter_turns(2**30)]
EVERYWHERE = magnitudes(5e-324, 1.7e308)
POSITIVE = magnitudes(5e-324, 1.7e308, False)
LOGARITHMS = [uniform(0.5, 1.5), around(1.0), POSITIVE]
INSIDE = [uniform(-1, 1), magnitudes(1e-310, 1)]
INSIDE += [around(1.0, high=0.5, sides=(-1.0,)), around(-1.0, high=0.5, sides=(1.0,))]

#: ufunc -> what arguments are drawn from: of two operands, pairs.
RANGES = {
    "exp": [uniform(-2, 2), uniform(-746, 710), magnitudes(1e-310, 1)],
    "exp2": [uniform(-2, 2), uniform(-1075, 1024), magnitudes(1e-310, 1)],
    "expm1": [uniform(-2, 2), uniform(-60, 710), magnitudes(1e-310, 1)],
    "log": LOGARITHMS, "log2": LOGARITHMS, "log10": LOGARITHMS,
    "log1p": [uniform(-0.9, 1), magnitudes(1e-310, 0.9), magnitudes(1e-3, 1.7e308, False), around(-1.0, sides=(1.0,))],
    "sin": TURNS, "cos": TURNS, "tan": TURNS,
    "tanh": [uniform(-1, 1), uniform(-25, 25), magnitudes(1e-310, 1)],
    "sinh": [uniform(-1, 1), uniform(-711, 711), magnitudes(1e-310, 1)],
    "cosh": [uniform(-1, 1), uniform(-711, 711)],
    "arctan": [uniform(-1, 1), uniform(-10, 10), EVERYWHERE],
    "arcsin": INSIDE, "arccos": INSIDE, "arctanh": INSIDE,
    "arcsinh": [uniform(-1, 1), uniform(-20, 20), EVERYWHERE],
    "arccosh": [uniform(1, 20), around(1.0, sides=(1.0,)), magnitudes(1, 1.7e308, False)],
    "cbrt": [uniform(-2, 2), EVERYWHERE],
    "power": [
        (uniform(0.5, 2), uniform(-500, 500)), (magnitudes(1e-100, 1e100, False), uniform(-3, 3)),
        (uniform(0.99, 1.01), uniform(-6e4, 6e4)), (uniform(0, 10), uniform(-10, 10)), (uniform(-10, 10), whole(-9, 9)),
        (POSITIVE, magnitudes(1e-3, 1e3)),
    ],
    "arctan2": [(uniform(-1, 1), uniform(-1, 1)), (magnitudes(1e-150, 1e150), magnitudes(1e-150, 1e150))],
    "hypot": [(uniform(-1, 1), uniform(-1, 1)), (EVERYWHERE, EVERYWHERE)],
    "logaddexp": [(uniform(-1, 1), uniform(-1, 1)), (uniform(-50, 50), uniform(-50, 50))],
}  # fmt: skip


def arguments(name, dtype, n, seed=31337):
    """For each range the arguments, of the dtype."""
    for i, ranges in enumerate(RANGES[name]):
        rng = np.random.default_rng([seed, i])
        with np.errstate(all="ignore"):
            yield [draw(rng, n).astype(dtype) for draw in (ranges if isinstance(ranges, tuple) else (ranges,))]


def reference(ufunc, operands):
    """The results in a wider format."""
    if operands[0].dtype == np.float32:
        return ufunc(*[x.astype(np.float64) for x in operands])
    if np.finfo(np.longdouble).nmant < 63:
        raise RuntimeError("References for float64 need long doubles of 64 bits.")
    return ufunc(*[x.astype(np.longdouble) for x in operands])


def errors(values, exact):
    """In units of the last place of the format; infinite where one is NaN or infinite and the other is not."""
    with np.errstate(all="ignore"):
        nearest = exact.astype(values.dtype)
        unit = np.spacing(np.abs(nearest)).astype(exact.dtype)
        error = (np.abs(values - exact) / unit).astype(float)
        same = (values == nearest) | (np.isnan(values) & np.isnan(nearest))
        wrong = ~(np.isfinite(values) & np.isfinite(nearest)) & ~same
        # Next to overflow the unit is that of the largest number: a result may still be rounded to infinity.
        return np.where(wrong, np.inf, np.where(same & ~np.isfinite(nearest), 0.0, error))


def times(function, ufunc, operands, n=10_000, rounds=30):
    """Nanoseconds an element of both, by turns: medians."""
    operands = [np.ascontiguousarray(x[:n]) for x in operands]
    result = np.empty_like(operands[0])
    addresses = [x.ctypes.data for x in (*operands, result)]
    n = operands[0].size // 16 * 16
    operands, result = [x[:n] for x in operands], result[:n]
    taken = ([], [])
    with np.errstate(all="ignore"):
        for _ in range(rounds):
            start = time.perf_counter()
            for _ in range(5):
                function.run(*addresses, n)
            middle = time.perf_counter()
            for _ in range(5):
                ufunc(*operands, out=result)
            taken[0].append(middle - start)
            taken[1].append(time.perf_counter() - middle)
    return [float(np.median(t)) / 5 / n * 1e9 for t in taken]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    known = [ufunc.__name__ for ufunc in vector_math.FUNCTIONS]
    parser.add_argument("functions", nargs="*", default=known)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--dtypes", nargs="+", default=["float64", "float32"])
    parser.add_argument("--worst", action="store_true", help="print the arguments of the worst error")
    options = parser.parse_args()
    print(f"{'':18}  {'arguments':>22}  {'ulp: own':>8} {'NumPy':>8}  {'ns: own':>8} {'NumPy':>8}")
    for dtype in options.dtypes:
        for name in options.functions:
            ufunc = getattr(np, name)
            function = own(ufunc, dtype)
            for operands in arguments(name, dtype, options.count):
                with np.errstate(all="ignore"):
                    exact = reference(ufunc, operands)
                    mine, theirs = errors(function(*operands), exact), errors(ufunc(*operands), exact)
                own_time, numpy_time = times(function, ufunc, operands)
                x = operands[-1]
                spread = f"{np.min(x):.3g} … {np.max(x):.3g}"
                print(
                    f"{name:9} {dtype:8}  {spread:>22}  {np.max(mine):8.3f} {np.max(theirs):8.3f}"
                    f"  {own_time:8.2f} {numpy_time:8.2f}" + ("  slower" if own_time > 1.03 * numpy_time else ""),
                    *([[float(x[np.argmax(mine)]) for x in operands]] if options.worst else []),
                    flush=True,
                )


if __name__ == "__main__":
    main()
