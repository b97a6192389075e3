"""The library of own functions in this process: each is compiled once, when a region first calls it."""

from __future__ import annotations

import re
import threading

from .engine import Module, compile_text
from .symbols import resolve
from .vector_math import library

__all__ = ["addresses_in"]

CALLED = re.compile(r'^declare [^@]*@"(own\.[^"]+)"', re.M)

lock = threading.Lock()
modules: dict[str, Module] = {}
"""By the names of functions; they stay as long as the process, as regions may."""


def addresses_in(text: str) -> dict[str, int]:
    """The addresses of the own functions that a text declares."""
    found = {}
    for name in CALLED.findall(text):
        with lock:
            if name not in modules:
                source = library(name)
                modules[name] = compile_text(source, resolve(source), [name])
            found[name] = modules[name].address(name)
    return found
