"""Imported by Python as it starts, where ``__main__`` has put this folder on its path: ``autograd`` is found here.

Nothing else is imported until a program asks for autograd, and the ``sitecustomize`` that this one hides is run.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))


class StartupFinder:
    """Installs the aliases when ``autograd`` is first asked for."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "autograd":
            return None
        sys.meta_path.remove(self)
        if importlib.util.find_spec("autodiff_trace") is None:
            sys.path.append(ROOT)
        installing = importlib.import_module("autodiff_trace.autograd_compat.installing")
        installing.install(as_autograd=os.environ.get("AUTODIFF_TRACE_AS_AUTOGRAD") == "1")
        return importlib.util.find_spec(fullname)


def start() -> None:
    sys.meta_path.insert(0, StartupFinder())
    sys.path[:] = [folder for folder in sys.path if folder != HERE]
    own = sys.modules.pop("sitecustomize")
    if importlib.util.find_spec("sitecustomize") is None:
        sys.modules["sitecustomize"] = own
    else:
        importlib.import_module("sitecustomize")


if __name__ == "sitecustomize":
    start()
