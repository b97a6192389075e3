"""How much lies on the disk for a library: its distribution and those it requires, each with all its files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import autodiff_trace

from .peers import find_libraries

__all__ = ["installed_size", "installed_sizes", "required"]


def installed_sizes(names: Sequence[str]) -> dict[str, int]:
    """Bytes for each library of those names, of what its column needs in Python."""
    libraries = find_libraries()
    return {name: installed_size((libraries[name].package, *libraries[name].needs)) for name in names}


def installed_size(names: Sequence[str]) -> int:
    """Bytes of the distributions of those names with all that they require.

    This library counts with the files of its package, wherever it lies: it need not be installed.
    """
    own = Path(autodiff_trace.__file__).parent
    parts = required(["numpy" if name == own.name else name for name in names])
    files = sum(path.stat().st_size for path in own.rglob("*.py")) if own.name in names else 0
    return files + sum(size(part) for part in parts.values())


def required(names: Sequence[str]) -> dict[str, Distribution]:
    """The distributions of those names and, again and again, those they require, by name; without extras.

    A requirement for another system or another Python is one that is not installed here.
    """
    found: dict[str, Distribution] = {}
    waiting = list(names)
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue
        for line in found[name].requires or ():
            requirement, _, marker = line.partition(";")
            if "extra" not in marker:
                waiting.append(re.match(r"[\w.-]+", requirement.strip())[0])
    return found


def size(part: Distribution) -> int:
    """Bytes of the files, compiled modules not counted: those come with use."""
    return sum(path.stat().st_size for path in map(Path, map(part.locate_file, part.files or ()))
               if path.suffix != ".pyc" and path.is_file())
