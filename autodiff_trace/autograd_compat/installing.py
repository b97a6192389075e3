"""``import autograd`` made to find the modules of this package. Knows no module of it but by name.

>>> from autodiff_trace import autograd_compat
>>> autograd_compat.install()
>>> import autograd
>>> autograd is autograd_compat
True
>>> autograd_compat.uninstall()

A module is imported when it is asked for, and is one object under both names. What has been imported from autograd
before ``install`` keeps what it has, and what is imported in between keeps this library after ``uninstall``.
"""

from __future__ import annotations

import importlib.abc
import importlib.util
import sys
import threading
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

from ..core.tracer import Box

__all__ = ["install", "is_installed", "uninstall"]

ALIAS = "autograd"
PACKAGE = __package__

BOX_MODULES = {"ArrayBox": f"{ALIAS}.numpy.numpy_boxes"}
"""Where autograd has its classes of box, but for those of ``autograd.tracer``."""

lock = threading.RLock()
set_aside: dict[str, ModuleType] = {}
"""The modules of the real autograd that were loaded at ``install``."""

box_modules: dict[type, str] = {}
"""Where the classes of box say that they are from, while they say ``autograd``."""


def is_alias(name: str) -> bool:
    return name == ALIAS or name.startswith(f"{ALIAS}.")


def target_name(alias: str) -> str:
    """The name here of the module that is asked for as ``alias``."""
    return PACKAGE + alias.removeprefix(ALIAS)


class AliasSpec(ModuleSpec):
    """What is known of a module under its other name. Its parent is that of the module, whose own spec it takes the
    place of for a moment: a relative import that is run in it meanwhile, by another thread, finds nothing amiss."""

    @property
    def parent(self) -> str:
        name = target_name(self.name)
        return name if self.submodule_search_locations is not None else name.rpartition(".")[0]


class AliasLoader(importlib.abc.InspectLoader):
    """Gives the module that is there under its own name, as it is."""

    def __init__(self, spec: ModuleSpec) -> None:
        self.target = spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(self.target.name)
        self.own_spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self.own_spec
        # Importing a module sets its name in the package, which has a function there (``misc.flatten``): those modules
        # are imported with it, as they are in autograd.
        for name, loaded in list(sys.modules.items()):
            parent, _, child = name.rpartition(".")
            if parent == self.target.name and getattr(module, child, loaded) is not loaded:
                sys.modules[ALIAS + name.removeprefix(PACKAGE)] = loaded

    def get_source(self, fullname: str) -> str | None:
        return self.target.loader.get_source(self.target.name)

    def is_package(self, fullname: str) -> bool:
        return self.target.submodule_search_locations is not None


class AliasFinder(importlib.abc.MetaPathFinder):
    """Finds ``autograd`` and what is in it here. What is not here is nowhere: the path of the package is no other."""

    def put_first(self) -> None:
        """Stand before the finders that have come in front since, such as pytest's, which makes a module of its own of
        ``autograd.test_util``. The old place stays, for an import that another thread has halfway done."""
        if sys.meta_path[0] is not self:
            sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not is_alias(fullname):
            return None
        self.put_first()
        found = importlib.util.find_spec(target_name(fullname))
        if found is None:
            return None
        spec = AliasSpec(fullname, AliasLoader(found), origin=found.origin)
        spec.submodule_search_locations = found.submodule_search_locations
        return spec


finder = AliasFinder()


def is_installed() -> bool:
    """Whether ``import autograd`` finds this package."""
    return finder in sys.meta_path


def install(as_autograd: bool = False) -> None:
    """Make ``import autograd``, and of every module in it, give the modules of ``autodiff_trace.autograd_compat``.

    The real autograd need not be there; where it has been imported already, its modules are set aside. Calling it again
    changes nothing but ``as_autograd``. A new process has to call it, too, unless it was forked or started by
    ``python -m autodiff_trace.autograd_compat``: put it at the top of a script whose processes are spawned.

    Args:
        as_autograd: let the classes of traced values say that they are from a module of autograd, for programs that
            ask ``type(x).__module__.split(".")[0] == "autograd"``.
    """
    with lock:
        if not is_installed():
            set_aside.update(take_aliases())
        finder.put_first()
        name_boxes(as_autograd)


def uninstall() -> None:
    """Undo ``install``: ``import autograd`` finds the real one again, or none. Without ``install`` it does nothing."""
    with lock:
        if is_installed():
            sys.meta_path[:] = [each for each in sys.meta_path if each is not finder]
            take_aliases()
            sys.modules.update(set_aside)
            set_aside.clear()
            name_boxes(False)


def take_aliases() -> dict[str, ModuleType]:
    """The loaded modules of autograd, which are loaded no longer."""
    return {name: sys.modules.pop(name) for name in list(sys.modules) if is_alias(name)}


def name_boxes(as_autograd: bool) -> None:
    """Set or put back the modules that the classes of box name as theirs."""
    while box_modules:
        box_class, name = box_modules.popitem()
        box_class.__module__ = name
    if as_autograd:
        for box_class in native_boxes():
            box_modules[box_class] = box_class.__module__
            box_class.__module__ = BOX_MODULES.get(box_class.__name__, f"{ALIAS}.tracer")


def native_boxes() -> list[type]:
    """The classes of box of this library: those of its users have modules of their own."""
    found = [Box]
    for box_class in found:
        found += [each for each in box_class.__subclasses__() if each not in found]
    return [each for each in found if each.__module__.partition(".")[0] == PACKAGE.partition(".")[0]]
