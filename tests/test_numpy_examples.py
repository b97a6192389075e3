"""NumPy's own examples of every function that is traced, run on traced values, give what they give on plain ones."""

import numpy as np
import pytest
from coverage_document import MODULES, public_functions
from numpy_examples import find_statements, run_plain, run_traced

from autodiff_trace import jvp, vjp, vmap
from autodiff_trace.numpy.namespace import PASSED_ON

pytestmark = pytest.mark.skipif(
    not np.__version__.startswith("2.4."), reason="the reasons below are for the examples of NumPy 2.4"
)

def pull_back(function):
    """The slope of a sum of all results, each with weights of its own."""
    with np.errstate(all="ignore"):
        outputs, pullback = vjp(function, 0.0)
        return pullback([weights(x) for x in outputs])


def push_forward(function):
    with np.errstate(all="ignore"):
        _, tangents = jvp(function, (0.0,), (1.0,))
        return sum(np.sum((weights(t) * t).real) for t in tangents)


def weights(x):
    return np.cos(np.arange(x.size)).reshape(x.shape).astype(x.dtype)[()]


MODES = {"reverse": pull_back, "forward": push_forward, "batched": lambda function: vmap(function)(np.zeros(1))}

MEMORY = "about memory, of which traced values have none"
MATRIX = "matrices and masked arrays are classes of their own, which hold plain arrays"
POLYNOMIAL = "poly1d holds plain arrays"
STRUCTURED = "structured arrays hold no single numbers"
VIEWS = "views: what shares memory is tested with them"
PLACES = "as floats, places are no indices"
PLAIN_OUT = "a plain array as out= cannot hold a batch"
BRANCH = "Python branches on a value, of which a batch has many"

SLOW = [
    "1000000", "512 * 512", "'ijk,ilm", "for iteration in", "timeit", "linalg.multi_dot: 10000", "linalg.slogdet: 500",
]
"""Parts of statements that take long."""

# Part of a statement, or a function and then part of a statement, and why it cannot run on traced values. What uses its
# results is left out with it.
CANNOT = {
    ".base": MEMORY, ".flags": MEMORY, "as_strided": MEMORY, "id(": MEMORY, "isfortran(": MEMORY,
    "shares_memory(": MEMORY, "may_share_memory(": MEMORY, "asarray: is a": MEMORY, "asanyarray: is a": MEMORY,
    "empty_like(": MEMORY,
    "np.ma.": MATRIX, "np.matrix": MATRIX, "poly1d": POLYNOMIAL,
    "recarray": STRUCTURED, "dtype=dtype": STRUCTURED, "'<i4')": STRUCTURED, "np.dtype([": STRUCTURED,
    ".flat[": VIEWS, ".imag =": VIEWS, ".real =": VIEWS, ".view(": VIEWS, "order='K'": VIEWS, "order='A'": VIEWS,
    "dtype=object": "arrays of objects hold no traced values",
    "== [eps": "NumPy's own operator does not see traced values in a list",
    "assert not np.all(a == b)": "overwrite_input is a permission, of which no use is made",
    "get_printoptions": "pytest sets them",
    "pad_with": "a function that writes into a plain array",
    "linalg.inv: [2, 4, 6]": "a singular matrix, of which rounding is left",
}
CANNOT_BATCHED = {
    "'auto'": "each element of the batch has a number of bins of its own",
    "assert": BRANCH, "min(LA": BRANCH, "np.piecewise(": BRANCH, "sorted": BRANCH, "np.trim_zeros(": BRANCH,
    "np.poly(P)": "real or complex depends on the values",
    "all: out=o": PLAIN_OUT, "any: out=o": PLAIN_OUT, "isfinite: (x, y)": PLAIN_OUT,
    "isinf: (x, y)": PLAIN_OUT, "isneginf: (x, y)": PLAIN_OUT, "isposinf: (x, y)": PLAIN_OUT,
    "np.fill_diagonal(np.fl": VIEWS,
}
CANNOT_AS_FLOATS = {
    "put: np.put": PLACES, "repeat: [1, 2]": PLACES, "take: indices": PLACES, "take: [[0, 1]": PLACES,
    "lexsort: testing": PLACES,
}


def find_examples():
    seen = set()
    for title, (module, _) in MODULES.items():
        for name, function in public_functions(module).items():
            original = getattr(function, "__name__", name)
            if {name, original} & PASSED_ON or id(function) in seen:
                continue
            seen.add(id(function))
            name = f"{title}.{name}".removeprefix("numpy.")
            if ">>> " in (function.__doc__ or ""):
                yield name, function.__doc__


def cannot(name, statements, fails, reasons):
    """The statements that are left out: ``reasons`` has them, they fail on plain values, or need the result of such."""
    skipped, lost = set(), set()
    for i, statement in enumerate(statements):
        if statement.reads & lost or any(applies(part, name, statement.source) for part in reasons):
            skipped.add(i)
            lost |= statement.writes or statement.reads  # an expression may write into its arguments
        elif i in fails:
            skipped.add(i)
        else:
            lost -= statement.writes
    return skipped


def applies(part, name, source):
    function, colon, rest = part.partition(": ")
    return function == name and rest in source if colon else part in source


def difference(found, expected):
    """What tells two results apart, if anything does."""
    if isinstance(found, Exception):
        return f"{type(found).__name__}: {found}"
    if isinstance(expected, dict):
        found, expected = list(found.values()), list(expected.values())
    if isinstance(expected, (list, tuple)):
        if len(found) != len(expected):
            return f"{len(found)} instead of {len(expected)} items"
        return next(filter(None, map(difference, found, expected)), None)
    if not isinstance(expected, (bool, int, float, complex, np.generic, np.ndarray)):
        return None
    found, expected = np.asarray(found), np.asarray(expected)
    if found.dtype != expected.dtype or found.shape != expected.shape:
        return f"{found.dtype}{found.shape} instead of {expected.dtype}{expected.shape}"
    if expected.dtype.kind in "biufc" and not np.allclose(found, expected, rtol=1e-10, atol=1e-12, equal_nan=True):
        return f"{found} instead of {expected}"
    return None


def kinds(results):
    """The dtypes of what the statements give."""
    return [str(each.dtype) if hasattr(each, "dtype") else type(each) for each in results]


def problems(name, statements):
    first_kinds = None
    for as_floats in (False, True):
        expected = run_plain(statements, as_floats)
        fails = {i for i, result in enumerate(expected) if isinstance(result, Exception)}
        if as_floats and kinds(expected) == first_kinds:
            return  # it has no integers
        first_kinds = kinds(expected)
        slopes: dict[str, float] = {}
        for mode, transform in MODES.items():
            reasons = [*CANNOT, *(CANNOT_BATCHED if mode == "batched" else ())]
            reasons += CANNOT_AS_FLOATS if as_floats else ()
            skip = cannot(name, statements, fails, reasons)
            found, slopes[mode] = run_traced(transform, statements, as_floats, skip)
            for i, statement in enumerate(statements):
                if i not in skip:
                    wrong = difference(found[i], expected[i])
                    if wrong is not None:
                        yield f"{statement.source}  ({mode}{', as floats' * as_floats}): {wrong}"
        backward, forward = slopes["reverse"], slopes["forward"]
        if np.isfinite(backward) and np.isfinite(forward) and not np.isclose(backward, forward, rtol=1e-9, atol=1e-9):
            yield f"the slopes of the whole are {backward} backward and {forward} forward"


@pytest.mark.parametrize("name, doc", [pytest.param(*each, id=each[0]) for each in find_examples()])
def test_example(name, doc):
    statements = find_statements(doc)
    slow = cannot(name, statements, set(), SLOW)
    found = list(problems(name, [each for i, each in enumerate(statements) if i not in slow]))
    assert not found, "\n".join(found)
