"""Read paths: what the code of a function reads of its variables, taken from its instructions.

A path begins at a global variable, a variable of a function around, a parameter or an imported module, and goes on
through attributes and constant keys:

    self.cfg["lr"] * x    [a path from the parameter self through .cfg and ["lr"]]

What is done with the value at its end is not followed: it may be read as a whole (``escapes``), unless the code only
writes to the place or compares it with None. An instruction that is not known here ends a path in the same way, so
that other versions of Python watch more, never less.
"""

from __future__ import annotations

import dis
import functools
import re
import types
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from .names import codes_in

__all__ = ["Path", "reads_in"]

GLOBAL, FREE, PARAMETER, IMPORT = "global", "free", "parameter", "import"

NAMED = "the name "
"""What ``called_with`` of ``getattr`` and its like begins with, if the name of the attribute is known."""

SKIPPED = {"CACHE", "EXTENDED_ARG", "PUSH_NULL", "NOP", "PRECALL", "RESUME", "NOT_TAKEN"}

GLOBALS = {"LOAD_GLOBAL", "LOAD_NAME"}

CELLS = {"LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"}

STORES = {"STORE_FAST", "STORE_DEREF", "DELETE_FAST", "DELETE_DEREF", "STORE_NAME"}

FORMATS = {"FORMAT_VALUE", "FORMAT_SIMPLE", "FORMAT_WITH_SPEC"}

FAST = re.compile("(LOAD|STORE)_FAST(?:_BORROW|_CHECK)?")


class Path(NamedTuple):
    """``root`` is a kind of variable and its name, or the name and level of a module; ``steps`` are ``(".", name)`` and
    ``("[", key)``. ``escapes``: whether the value may be read as a whole. ``called_with``: what it is called with, as
    far as that matters for generators: "nothing", a path, or "" for anything else; ``getattr`` with a name.
    """

    root: tuple[str, Any]
    steps: tuple[tuple[str, Any], ...] = ()
    escapes: bool = True
    called_with: Any = ""


class Reads(NamedTuple):
    """What a code reads: paths, all names of attributes and globals, whether it makes texts of objects, and whether it
    takes them apart in a way that is not followed."""

    paths: tuple[Path, ...]
    names: frozenset[str]
    formats: bool
    matches: bool


class Step(NamedTuple):
    name: str
    value: Any


@functools.lru_cache(1024)
def reads_in(code: types.CodeType) -> Reads:
    """What a function and the functions inside it read."""
    codes = codes_in(code)
    steps = [step for each in codes for step in steps_of(each)]
    stores = Counter(step.value for step in steps if step.name in STORES)
    roots = {name: Path((FREE, name)) for name in code.co_freevars}
    roots.update((name, Path((PARAMETER, name))) for name in parameters_of(code))
    paths: dict[Path, None] = {}
    scan(code, roots, stores, paths)
    constants = [constant for each in codes for constant in each.co_consts]
    matched = [name for constant in constants if type(constant) is tuple for name in constant if type(name) is str]
    names = frozenset(matched).union(*[each.co_names for each in codes])
    formats = any(step.name in FORMATS for step in steps) or any(
        type(constant) is str and "%" in constant for constant in constants)
    return Reads(tuple(paths), names, formats, any(step.name == "MATCH_CLASS" for step in steps))


@functools.lru_cache(64)
def steps_of(code: types.CodeType) -> tuple[Step, ...]:
    return tuple(generate_steps(code))


def generate_steps(code: types.CodeType) -> Iterator[Step]:
    """The instructions under the names that Python 3.10 to 3.14 share."""
    for instruction in dis.get_instructions(code):
        name, value = instruction.opname, instruction.argval
        if name in SKIPPED:
            continue
        if "_FAST" in name and name != "LOAD_FAST_AND_CLEAR":
            kinds = FAST.findall(name)
            values = value if isinstance(value, tuple) else (value,)
            if len(kinds) == len(values):
                yield from [Step(f"{kind}_FAST", each) for kind, each in zip(kinds, values)]
                continue
        if name == "LOAD_METHOD":
            name = "LOAD_ATTR"
        elif name == "LOAD_SMALL_INT":
            name = "LOAD_CONST"
        elif name == "BINARY_OP" and instruction.argrepr == "[]":
            name = "BINARY_SUBSCR"
        elif name == "DUP_TOP" or name == "COPY" and instruction.arg == 1:
            name = "COPY_TOP"
        elif name == "CALL_FUNCTION" or name == "CALL_METHOD":
            name = "CALL"
        yield Step(name, value)


def parameters_of(code: types.CodeType) -> tuple[str, ...]:
    count = code.co_argcount + code.co_kwonlyargcount
    return code.co_varnames[:count]


def scan(code: types.CodeType, roots: dict[str, Path], stores: Counter, paths: dict[Path, None]) -> None:
    """Add what ``code`` reads to ``paths``; ``roots`` are the variables of it and around it whose paths are known."""
    steps = steps_of(code)
    aliases = find_aliases(code, steps, roots, stores)
    roots = {**roots, **aliases}
    if "__class__" in code.co_freevars and code.co_varnames[:1] and code.co_varnames[0] in roots:
        paths[roots[code.co_varnames[0]]] = None  # super() reads it unseen
    position = 0
    while position < len(steps):
        path, after = read_path(code, steps, position, roots)
        if path is not None and not (
                after < len(steps) and steps[after].name in STORES and aliases.get(steps[after].value) == path):
            paths[path] = None
        position = after
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            scan(inner, {name: root for name, root in roots.items() if name in inner.co_freevars}, stores, paths)


def find_aliases(code: types.CodeType, steps: tuple[Step, ...], roots: dict[str, Path], stores: Counter) -> dict:
    """Local variables that are assigned once, the value of a path."""
    known = dict(roots)
    aliases: dict[str, Path] = {}
    position = 0
    while position < len(steps):
        path, after = read_path(code, steps, position, known)
        if path is not None and after < len(steps) and steps[after].name in ("STORE_FAST", "STORE_DEREF"):
            name = steps[after].value
            local = name in code.co_varnames or name in code.co_cellvars
            if local and stores[name] == 1 and name not in parameters_of(code):
                aliases[name] = known[name] = path
        position = after
    return aliases


def read_path(
    code: types.CodeType, steps: tuple[Step, ...], start: int, roots: dict, is_argument: bool = False,
) -> tuple[Path | None, int]:
    """The path that begins with an instruction, and where it ends; None if none does."""
    path = root_of(code, steps, start, roots)
    if path is None:
        return None, start + 1
    if not path.escapes:
        return path, start + 1
    root, taken, *_ = path
    taken = list(taken)
    at = start + 1
    escapes, called_with = True, ""
    while at < len(steps):
        name, value = steps[at]
        following = steps[at + 1].name if at + 1 < len(steps) else ""
        if name == "LOAD_ATTR":
            taken.append((".", value))
            at += 1
        elif name == "LOAD_CONST" and following in ("BINARY_SUBSCR", "STORE_SUBSCR", "DELETE_SUBSCR") and is_key(value):
            taken.append(("[", value))
            at += 2
            if following != "BINARY_SUBSCR":
                escapes = False
                break
        elif name == "COPY_TOP" and following == "LOAD_ATTR":  # self.n += 1
            at += 1
        elif name == "STORE_ATTR" or name == "DELETE_ATTR":
            taken.append((".", value))
            at += 1
            escapes = False
            break
        else:
            is_none = name == "LOAD_CONST" and value is None
            escapes = not (name == "POP_TOP" or name.startswith("POP_JUMP") and "NONE" in name or
                           is_none and following == "IS_OP")
            if name == "CALL" and value == 0 or is_none and following in ("CALL", "CALL_FUNCTION"):
                called_with = "nothing"
            elif name == "LOAD_CONST":
                called_with = "a constant"
            elif not is_argument:
                argument, after = read_path(code, steps, at, roots, True)
                called_with = argument or ""
                takes_name = not taken and root[1] in ("getattr", "hasattr", "setattr", "delattr")
                if takes_name and (argument or name.startswith("LOAD_")) and is_second_argument(steps, after):
                    called_with = NAMED + steps[after].value
            break
    return Path(root, tuple(taken), escapes, called_with), at


def is_second_argument(steps: tuple[Step, ...], at: int) -> bool:
    """Whether an instruction loads a text that is the second argument of a call: of ``getattr(m, "w", 0.0)``, not of
    ``getattr(m, "w" + name)``. What follows may compute a third."""
    if at >= len(steps) or steps[at].name != "LOAD_CONST" or type(steps[at].value) is not str:
        return False
    above = 0  # how many values lie above it on the stack
    for name, value in steps[at + 1:]:
        if name == "CALL" and value >= above:
            return value == above + 2
        if name == "CALL":
            above -= value
        elif name.startswith("LOAD_") and name != "LOAD_ATTR":
            above += 1
        elif name.startswith("BINARY_") and name != "BINARY_SLICE" and above > 1:
            above -= 1
        elif above == 0 or name != "LOAD_ATTR" and not name.startswith("UNARY_"):
            return False
    return False


def root_of(code: types.CodeType, steps: tuple[Step, ...], at: int, roots: dict) -> Path | None:
    """The path of a variable that an instruction puts on the stack."""
    name, value = steps[at]
    if name in GLOBALS:
        return Path((GLOBAL, value))
    if name == "STORE_GLOBAL" or name == "DELETE_GLOBAL":
        return Path((GLOBAL, value), (), False)
    if name in CELLS or name == "LOAD_FAST" and value not in code.co_cellvars:
        return roots.get(value)
    if name == "IMPORT_NAME":
        wanted, level = imported_by(steps, at)
        return Path((IMPORT, (value if wanted or level else value.partition(".")[0], level)))
    if name == "IMPORT_FROM":
        before = next(i for i in range(at, -1, -1) if steps[i].name == "IMPORT_NAME")
        module = steps[before].value
        wanted, level = imported_by(steps, before)
        if wanted:
            return Path((IMPORT, (module, level)), ((".", value),))
        parts = module.split(".")  # import a.b.c as d
        return Path((IMPORT, (".".join(parts[:parts.index(value) + 1]), level)))
    return None


def imported_by(steps: tuple[Step, ...], at: int) -> tuple[Any, int]:
    """The names that an import statement takes from a module, and its level."""
    names, level = steps[at - 1].value, steps[at - 2].value
    return names, level if type(level) is int else 0


def is_key(value: Any) -> bool:
    return type(value) in (str, int, bool, float, bytes, type(None)) or type(value) is tuple and all(map(is_key, value))
