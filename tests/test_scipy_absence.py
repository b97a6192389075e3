"""Without SciPy the package works, and says how to get SciPy where its traced form is asked for."""

from __future__ import annotations

import pytest

from fresh_process import run_python

HIDE_SCIPY = "import sys; sys.modules['scipy'] = None\n"
OLD_SCIPY = """
import importlib.machinery, sys, types
scipy = sys.modules["scipy"] = types.ModuleType("scipy")
scipy.__spec__ = importlib.machinery.ModuleSpec("scipy", None)
scipy.__version__ = "1.12.0rc1"
"""


STATEMENTS = [
    "import autodiff_trace.scipy", "from autodiff_trace import scipy", "import autodiff_trace; autodiff_trace.scipy",
    "import autodiff_trace.scipy.special", "import autodiff_trace; hasattr(autodiff_trace, 'scipy')",
]


def test_without_scipy_one_line_says_how_to_get_it():
    *lines, gradient = run_python(HIDE_SCIPY + f"""
for statement in {STATEMENTS + STATEMENTS[::-1]}:
    try:
        exec(statement, {{}})
    except ModuleNotFoundError as error:
        print(error.name, error)
from autodiff_trace import grad
print(grad(lambda x: x * x)(3.0))
""")
    message = "autodiff_trace.scipy needs SciPy, which is not installed: pip install 'autodiff_trace[scipy]'"
    assert lines == [f"scipy {message}"] * 2 * len(STATEMENTS) and gradient == "6.0"


def test_an_old_scipy_is_named():
    (message,) = run_python(OLD_SCIPY + """
try:
    import autodiff_trace.scipy
except ImportError as error:
    print(error)
""")
    assert message.startswith("autodiff_trace.scipy needs SciPy 1.13 or later, and 1.12.0rc1 is installed: pip install")


def test_the_package_does_not_import_scipy():
    lines = run_python("""
import sys
import autodiff_trace as at
from autodiff_trace import extend, nn, numpy as anp, optim, testing
at.jit(at.grad(lambda x: anp.sum(anp.tanh(x))))(anp.ones(3))
print([name for name in sys.modules if name.partition(".")[0] == "scipy"])
""")
    assert lines == ["[]"]


def test_modules_are_loaded_when_they_are_asked_for():
    pytest.importorskip("scipy", reason="there is nothing to load without SciPy")
    lines = run_python("""
import sys
from autodiff_trace import scipy
loaded = lambda: sorted({name.split(".")[2] for name in sys.modules if name.startswith("autodiff_trace.scipy.")})
print("special" in loaded(), "stats" in loaded(), "scipy.stats" in sys.modules)
scipy.special.gammaln(3.0)
print("special" in loaded(), "stats" in loaded(), "scipy.stats" in sys.modules)
print(scipy.__version__ == sys.modules["scipy"].__version__, "special" in dir(scipy))
try:
    scipy.no_such_module
except AttributeError as error:
    print(error)
""")
    assert lines == [
        "False False False", "True False False", "True True",
        "module 'autodiff_trace.scipy' has no attribute 'no_such_module'",
    ]
