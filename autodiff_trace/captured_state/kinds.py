"""Kinds of variables: what is constant by nature, and what nobody can watch."""

from __future__ import annotations

import collections
import datetime
import numbers
import pathlib
import re
import sys
import types
from typing import Any

import numpy as np

from .names import has, is_users, root_module

__all__ = [
    "OWN_BASES", "READS_OF_PATHS", "is_clear", "is_constant", "is_generator", "unknown_function", "unknown_object",
]

CONSTANTS = (
    types.ModuleType, np.ufunc, np.dtype, re.Pattern, re.Match, range, slice, numbers.Number, datetime.date,
    datetime.time, datetime.timedelta, datetime.tzinfo, pathlib.PurePath, types.CodeType, types.WrapperDescriptorType,
    types.MethodWrapperType, types.MethodDescriptorType, types.ClassMethodDescriptorType, types.GetSetDescriptorType,
    types.MemberDescriptorType, type(Ellipsis), type(NotImplemented), types.GenericAlias, types.UnionType,
)

CONSTANT_PACKAGES = ("typing", "enum", "abc", "decimal", "uuid", "ipaddress", "contextlib", "dataclasses",
                     __name__.partition(".")[0])
"""Packages whose objects do not change. ``contextlib``: those around generators are made anew in each call."""

CLEAR_PACKAGES = (
    "builtins", "numpy", "math", "cmath", "functools", "itertools", "collections", "operator", "_operator", "typing",
    "abc", "enum", "numbers", "random", "fractions", "decimal", "string", "re", "warnings", "contextlib", "logging",
    "time", "datetime", "_collections", "_functools", "_abc", "types", "_random", "bisect", "heapq", "_bisect",
    "_heapq", "textwrap", "threading", "_thread", "os", "posix", "io", "_io", "statistics", "_warnings", "dataclasses",
    "__future__", __name__.partition(".")[0],
)
"""Packages whose functions read no attributes of objects that they are given, but for special methods."""

READ_BY_NAME = {
    "getattr", "hasattr", "vars", "dir", "eval", "exec", "locals", "setattr", "delattr", "attrgetter", "methodcaller",
    "asdict", "astuple", "replace", "fields", "getattr_static", "singledispatch",
}
"""Functions by which attributes are read whose names no code shows."""

UNKNOWN_FUNCTIONS = {
    "time": {
        "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time",
        "process_time_ns", "thread_time", "thread_time_ns", "clock_gettime", "clock_gettime_ns", "localtime", "gmtime",
        "ctime", "asctime", "strftime"},
    "builtins": {"open", "input", "globals", "eval", "exec", "__import__"},
    "importlib": {"import_module", "reload"},
    "io": {"open"}, "_io": {"open"},
    "uuid": {"uuid1", "uuid4"},
    "os": {"getenv", "urandom", "listdir", "scandir", "stat", "getcwd", "times", "getloadavg", "walk", "popen"},
    "posix": {"urandom", "listdir", "scandir", "stat", "getcwd", "times", "getloadavg"},
    "threading": {"current_thread", "get_ident", "active_count", "enumerate"},
    "_thread": {"get_ident"},
    "inspect": {"currentframe", "stack"}, "sys": {"_getframe", "getrefcount", "exc_info", "getrecursionlimit"},
    "numpy": {"load", "loadtxt", "genfromtxt", "fromfile", "memmap", "get_printoptions", "geterr", "geterrcall",
              "getbufsize"},
    "contextvars": {"copy_context"}, "_contextvars": {"copy_context"},
}
"""Functions of Python that give something else from call to call."""

READS_OF_PATHS = {"read_text", "read_bytes", "open", "exists", "is_file", "is_dir", "stat", "iterdir", "glob", "rglob"}
"""Methods of paths whose answers depend on files."""

UNKNOWN_PACKAGES = {"secrets", "socket", "subprocess", "tempfile", "glob", "getpass", "select", "shutil", "urllib",
                    "http", "resource", "tracemalloc", "pickle", "_pickle", "shelve", "sqlite3", "_sqlite3"}

CLOCKS = {"now", "utcnow", "today"}

SEEDED = {"default_rng", "RandomState", "SeedSequence", "PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64", "Random"}
"""What makes a generator of random numbers, from entropy of the system unless it gets a seed."""

OWN_BASES = (
    object, list, dict, tuple, set, frozenset, int, float, complex, str, bytes, collections.deque,
    collections.OrderedDict, collections.defaultdict, collections.Counter, types.SimpleNamespace, np.ndarray,
    BaseException, Exception, type,
)
"""Classes of others whose objects hold nothing besides attributes and items."""


def is_constant(value: Any) -> bool:
    """Whether a value that is none of the user's stays what it is, as long as it is the same object."""
    kind = type(value)
    if isinstance(value, CONSTANTS) or kind is object or isinstance(value, type) or has(kind, "__get__"):
        return True
    package = root_module(kind)
    if package == "numpy" and not has(kind, "__next__") and not isinstance(value, np.ndarray):
        return kind is not np.vectorize and not is_generator(value) and not getattr(value, "__dict__", None)
    return package in CONSTANT_PACKAGES and not has(kind, "__next__")


def is_generator(value: Any) -> bool:
    """Whether it is a generator of random numbers."""
    return root_module(type(value)) in ("numpy", "random") and type(value).__name__ != "SystemRandom" and any(
        has(value, name) for name in ("bit_generator", "get_state", "getstate")
    )


def is_clear(function: Any) -> bool:
    """Whether a function or class reads of objects only what its own code names, and special methods."""
    name = getattr(function, "__name__", "")
    return name not in READ_BY_NAME and (root_module_of(function) in CLEAR_PACKAGES)


def root_module_of(function: Any) -> str:
    module = getattr(function, "__module__", None)
    if not isinstance(module, str):
        owner = getattr(function, "__self__", None)
        module = getattr(owner if isinstance(owner, types.ModuleType) else type(owner), "__name__", "builtins")
    return module.partition(".")[0]


def unknown_function(function: Any, called_with: Any) -> str:
    """What is unknown about what a function of others returns; empty if nothing is. ``called_with``: "nothing", a value
    of which it is known whether it is None, or something else ("")."""
    name = getattr(function, "__name__", "")
    name = name if isinstance(name, str) else ""
    owner = getattr(function, "__self__", None)
    if isinstance(owner, type) and issubclass(owner, datetime.date) and name in CLOCKS:
        return "a clock"
    package = root_module_of(function)
    if name in UNKNOWN_FUNCTIONS.get(package, ()) or package in UNKNOWN_PACKAGES:
        return "a clock" if package == "time" else "a function that gives something else from call to call"
    if name in SEEDED and package in ("numpy", "random") and called_with in ("nothing", ""):
        return "a generator of random numbers without a seed"
    return ""


def unknown_object(value: Any) -> str:
    """What an object is that is none of the user's, not constant, and cannot be watched."""
    kind = type(value)
    if has(kind, "__next__"):
        return f"an iterator ({kind.__name__})"
    module = sys.modules.get(kind.__module__)
    package = str(kind.__module__).partition(".")[0]
    where = "" if package == "builtins" or module is None or is_users(package) else f" of {package}"
    return f"{'an' if kind.__name__[0].lower() in 'aeiou' else 'a'} {kind.__name__}{where}"
