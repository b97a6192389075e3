"""What functions read, along paths from their variables, on each version of Python."""

import pytest

from autodiff_trace.captured_state.read_paths import reads_in

SOURCE = """
class Base: pass
class Model(Base):
    def f(self, x, cfg):
        {}
"""


def read(statement):
    names = {}
    exec(SOURCE.format(statement), names)
    found = set()
    for path in reads_in(names["Model"].f.__code__).paths:
        steps = "".join(f".{name}" if sign == "." else f"[{name!r}]" for sign, name in path.steps)
        root = path.root[1] if isinstance(path.root[1], str) else path.root[1][0]
        found.add(root + steps + ("" if path.escapes else "|"))
    return found - {"x", "__class__", "time", "os", "os.path"}  # what some versions load besides


@pytest.mark.parametrize("statement, expected", [
    ("self.lam * x", {"self.lam"}),
    ("return self.cfg['lr'] * x[0]", {"self.cfg['lr']", "x[0]"}),
    ("self.w = x", {"self.w|"}),
    ("cfg['step'] = x", {"cfg['step']|"}),
    ("del self.w, cfg['step']", {"self.w|", "cfg['step']|"}),
    ("self.opt.rate.a(x)", {"self.opt.rate.a"}),
    ("self.n += 1", {"self.n"}),
    ("c = self.cfg; d = c['a']; return d.b", {"self.cfg['a'].b"}),
    ("c = self.cfg; c = cfg; return c['a']", {"self.cfg", "cfg"}),
    ("return lambda: self.lam", {"self.lam"}),
    ("return [self.lam for i in x]", {"self.lam"}),
    ("c = self.cfg\n        def g(): return c['a']\n        return g()", {"self.cfg['a']"}),
    ("g(self)", {"g", "self"}),
    ("return super().f(x)", {"self", "super"}),
    ("return self.a if self.cb is None else self.b", {"self.a", "self.b", "self.cb|"}),
    ("from time import time as now; return now()", {"time.time"}),
    ("import os.path as p; return p.sep", {"os.path.sep"}),
    ("global G; G = 3", {"G|"}),
])
def test_paths(statement, expected):
    assert read(statement) == expected


def test_names_of_attributes():
    names = {}
    exec(SOURCE.format("x.a.b; getattr(x, 'c')"), names)
    (getattr_path,) = [path for path in reads_in(names["Model"].f.__code__).paths if path.root[1] == "getattr"]
    assert getattr_path.called_with == "the name c"
    assert {"a", "b"} <= reads_in(names["Model"].f.__code__).names
