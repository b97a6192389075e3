"""``jit`` and variables that are reached by ways that few programs go: each of their changes is seen."""

import types
import warnings

import numpy as np
import pytest

from autodiff_trace import jit
from autodiff_trace.compiler.jitted import JitWarning

IMPORTS = "import functools, sys, types, pathlib\nimport numpy as np\nmod = types.ModuleType('mod')\n"

# Row: (what stands above the function, what it returns, what changes between calls).
REACHED = {
    "keyword default": ("def h(x, *, k=1.0): return x * k", "h(x)", "h.__kwdefaults__['k'] += 1"),
    "keyword of a partial": ("def g(x, k): return x * k\nh = functools.partial(g, k=1.0)", "h(x)",
                             "h.keywords['k'] += 1"),
    "__getattr__ of a module": ("c = {'k': 1.0}\nmod.__getattr__ = lambda name: c[name]", "x * mod.k", "c['k'] += 1"),
    "module that is handed on": ("mod.k = 1.0", "x * getattr(mod, 'k')", "mod.k += 1"),
    "module in sys.modules": ("sys.modules['a_module_of_mine'] = mod; mod.k = 1.0",
                              "x * sys.modules['a_module_of_mine'].k", "mod.k += 1"),
    "dict in an array": ("a = np.array([1.0, {'k': 1.0}], dtype=object)", "x * a[1]['k']", "a[1]['k'] += 1"),
    "list in an array": ("a = np.array([None, [1.0]], dtype=object)", "x * sum(a[1])", "a[1].append(1.0)"),
    "mask": ("a = np.ma.array([1.0, 2.0, 4.0], mask=[0, 1, 0])", "x * a.sum()", "a.mask[2] ^= True"),
    "class before that of super": (
        "class A:\n    def g(self, x): return x\nclass M(A): pass\nclass B(M):\n    def g(self, x):\n"
        "        return super().g(x) + 1\nb = B(); n = [1]", "b.g(x)",
        "n[0] += 1; M.g = (lambda k: lambda self, x: x * k)(n[0])"),
    "singledispatch": ("k = 1.0\n@functools.singledispatch\ndef g(o, x): return x\n@g.register\n"
                       "def _(o: int, x): return x * k", "g(1, x)", "k += 1"),
    "singledispatch, registered later": ("n = [1]\n@functools.singledispatch\ndef g(o, x): return x", "g(1, x)",
                                         "n[0] += 1; g.register(int)((lambda k: lambda o, x: x * k)(n[0]))"),
    "mapping proxy": ("d = {'k': 1.0}\np = types.MappingProxyType(d)", "x * p['k']", "d['k'] += 1"),
    "special method of a metaclass": (
        "class M(type):\n    k = 1.0\n    def __call__(cls):\n        made = super().__call__()\n        made.q = M.k\n"
        "        return made\nclass A(metaclass=M): pass", "x * A().q", "M.k += 1"),
}


@pytest.mark.parametrize("row", REACHED)
def test_changes_are_seen(row):
    setup, result, change = REACHED[row]
    module = types.ModuleType("a_module_of_mine_too")
    exec(f"{IMPORTS}{setup}\ndef f(x): return {result}", vars(module))
    compiled = jit(module.f)
    x = np.array([0.5, -1.5, 2.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(12):
            np.testing.assert_array_equal(compiled(x), module.f(x))
            exec(change, vars(module))


@pytest.mark.parametrize("read, write", [
    ("np.load(name)", "np.save(name, value)"),
    ("float(pathlib.Path(name).read_text())", "open(name, 'w').write(str(value))"),
    ("float(path.read_text())", "open(name, 'w').write(str(value))"),
])
def test_files_are_read_in_each_call(tmp_path, read, write):
    variables = {"__name__": "a_module_of_mine_too", "name": str(tmp_path / "file.npy"), "path": tmp_path / "file.npy"}
    exec(f"{IMPORTS}def f(x): return x * {read}", variables)
    compiled = jit(variables["f"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for value in (1.0, 2.0, 3.0):
            exec(write, variables, {"value": value})
            assert compiled(2.0) == 2.0 * value


def test_arrays_that_are_compared_and_always_change_are_given_up():
    class Model:
        w = np.ones(3)

    compiled = jit(lambda x: x * Model.w)
    with pytest.warns(JitWarning, match="written into again and again"):
        for _ in range(50):
            np.testing.assert_array_equal(compiled(2.0), 2.0 * Model.w)
            Model.w += 1
    assert compiled.cache_info().eager > 0
