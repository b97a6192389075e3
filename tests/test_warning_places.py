"""Floating-point warnings stand at the user's line, and filters of the user's module hold, as for plain NumPy code."""

import sys
import types
import warnings

import numpy as np
import pytest

from autodiff_trace import checkpoint, grad, hessian, jit, jvp, linearize, value_and_grad, vjp, vmap
from autodiff_trace import numpy as anp
from autodiff_trace.core.warning_places import point_warnings
from tests.fresh_process import run_python

X = np.zeros(2)


def here() -> int:
    return sys._getframe(1).f_lineno


def model(x):
    y = anp.log(x)
    return anp.sum(y)


LINE = model.__code__.co_firstlineno + 1
compiled, compiled_gradient = jit(model, backend="numpy"), jit(value_and_grad(model), backend="numpy")

CALLS = {
    "plain": lambda: model(X),
    "grad": lambda: grad(model)(X),
    "grad of grad": lambda: hessian(model)(X),
    "vmap": lambda: vmap(model)(np.zeros((3, 2))),
    "jvp": lambda: jvp(model, (X,), (X,)),
    "vjp": lambda: vjp(model, X),
    "linearize": lambda: linearize(model, X),
    "checkpoint": lambda: checkpoint(model)(X),
    "jit, the first call": lambda: jit(model)(X),
    "grad of jit, the first call": lambda: grad(jit(model))(X),
}


def places_of(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    assert all(each.category is RuntimeWarning for each in caught)
    return {(each.filename, each.lineno) for each in caught}, caught


@pytest.mark.parametrize("name", CALLS)
def test_a_warning_stands_at_the_users_line(name):
    found, caught = places_of(CALLS[name])
    assert found == {(__file__, LINE)}
    assert str(caught[0].message) == "divide by zero encountered in log"


def test_backward_passes_and_programs_warn_at_the_line_that_calls_them():
    def quotient(x):
        return anp.sum(x / 1e-300 / 1e-300)

    with np.errstate(all="ignore"):
        compiled(np.ones(2)), compiled_gradient(np.ones(2)), compiled_gradient(np.ones(2))
        _, pullback = vjp(quotient, np.ones(2))
    for call in (lambda: pullback(1.0), lambda: compiled(X), lambda: compiled_gradient(X)):
        assert places_of(call)[0] == {(__file__, call.__code__.co_firstlineno)}


def test_errors_point_as_warnings_do_not():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeWarning, match="divide by zero encountered in log"):
            grad(model)(X)
    with pytest.warns(RuntimeWarning, match="divide by zero encountered in log") as caught:
        grad(model)(X)
    assert len(caught) == 1


def test_what_the_user_sets_keeps_its_meaning():
    def ignoring(x):
        with np.errstate(divide="ignore"):
            return anp.sum(anp.log(x))

    def raising(x):
        with np.errstate(divide="raise"):
            return anp.sum(anp.log(x))

    said = []

    def calling(x):
        with np.errstate(divide="call", call=lambda kind, flag: said.append(kind)):
            return anp.sum(anp.log(x))

    assert places_of(lambda: grad(ignoring)(X))[0] == places_of(lambda: grad(calling)(X))[0] == set()
    assert said == ["divide by zero"]
    with pytest.raises(FloatingPointError):
        grad(raising)(X)
    assert np.geterr()["divide"] == "warn"


PROGRAM = """
{what}

def f(x):
    y = {np}.log(x)
    z = {np}.log(x * 0)
    return {np}.sum(y + z)

def g(x):
    for _ in range(2):
        t = {np}.log(x)
    return {np}.sum(t)
"""
FILTERS = [
    [], [("default", {})], [("always", {})], [("module", {})], [("once", {})], [("ignore", {})], [("error", {})],
    [("ignore", {"module": "user"})], [("error", {"module": "user"})], [("always", {"module": "user"})],
    [("default", {"module": "other"}), ("ignore", {"module": "user"})],
    [("ignore", {"message": "divide by zero"})], [("always", {"category": RuntimeWarning}), ("ignore", {"lineno": 5})],
    [("ignore", {"category": DeprecationWarning})],
]


def outcomes(traced, filters):
    """The lines of which a module warns, with these filters, and the errors."""
    user = types.ModuleType("user")
    what = "from autodiff_trace import numpy as anp" if traced else "import numpy as np"
    source = PROGRAM.format(what=what, np="anp" if traced else "np")
    exec(compile(source, "user.py", "exec"), vars(user))
    errors = 0
    with warnings.catch_warnings(record=True) as caught:
        warnings.resetwarnings()
        for action, options in filters:
            warnings.filterwarnings(action, **options)
        for function in (user.f, user.g, user.f):
            try:
                vmap(function)(X[None]) if traced else function(X)
            except RuntimeWarning:
                errors += 1
    return [each.lineno for each in caught], errors


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_filters_do_as_for_plain_numpy(filters):
    assert outcomes(True, filters) == outcomes(False, filters)


def test_nothing_is_done_twice_and_other_warnings_are_as_they_were():
    show = warnings._showwarnmsg
    point_warnings()
    assert warnings._showwarnmsg is show
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn("mine", stacklevel=1)
        line = here() - 1
        np.log(X)
    assert [(each.filename, each.lineno) for each in caught] == [(__file__, line), (__file__, line + 2)]


def test_in_a_process_of_its_own():
    program = """
import sys, numpy as np
from autodiff_trace import grad, numpy as anp
sys.stderr = sys.stdout
def f(x):
    return anp.log(x)
for _ in range(3):
    grad(f)(0.0)
"""
    lines = [line for line in run_python(program) if not line.startswith(" ")]  # (Python 3.13 shows the code as well)
    assert lines == ["<string>:6: RuntimeWarning: divide by zero encountered in log"]
