"""The engine: LLVM's language to machine code of this processor, through llvmlite, which is imported here alone.

A text is compiled to an object, which holds no address of this process, so that it can be kept on disk; the object is
linked to the addresses of what it calls.
"""

from __future__ import annotations

import functools
import itertools
import os
import platform
import struct
import sys
import sysconfig
import threading
from collections.abc import Iterable, Mapping
from types import SimpleNamespace
from typing import Any

from . import object_cache

__all__ = ["Module", "available", "compile_text", "identity", "machine"]

OLDEST = (0, 45)  # the first llvmlite with opaque pointers alone and with libraries that can be let go

#: What a compiled object depends on beside its text: raise it when options below change.
REVISION = 1

MACHINES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


def machine() -> str:
    """The kind of processor: ``"x86_64"``, ``"aarch64"``, or ``""`` for one that is not known."""
    return MACHINES.get(platform.machine().lower(), "")


@functools.cache
def available() -> str | None:
    """None if there can be native programs here, else why not."""
    if sys.implementation.name != "cpython":
        return f"native programs need CPython, and this is {sys.implementation.name}"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "there are no native programs for a Python without its lock (free-threaded)"
    if struct.calcsize("P") != 8:
        return "there are no native programs for a Python of 32 bits"
    if sys.byteorder != "little":
        return "there are no native programs for processors that put the first byte last"
    if not machine():
        return f"there are no native programs for the processor {platform.machine()!r}"
    try:
        load()
    except Unusable as error:
        return str(error)
    return None


class Unusable(Exception):
    """Why llvmlite cannot be used."""


lock = threading.Lock()  # of what is loaded once


def load() -> SimpleNamespace:
    """llvmlite, and what is made of it once: the linker and what says for which machine it compiles."""
    with lock:
        return loaded()


@functools.cache
def loaded() -> SimpleNamespace:
    try:
        import llvmlite
        import llvmlite.binding as llvm
    except (ImportError, OSError, RuntimeError) as error:
        raise Unusable(f"llvmlite is not there: pip install autodiff_trace[native] ({error})") from None
    if version_of(llvmlite.__version__) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise Unusable(f"llvmlite {llvmlite.__version__} is too old: at least {oldest} is needed")
    try:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        llvm.initialize_native_asmparser()  # of what is written in assembly within a text
        target = llvm.Target.from_default_triple()
        cpu, features = llvm.get_host_cpu_name(), host_features(llvm)
        machine = target.create_target_machine(cpu=cpu, features=features, opt=2, jit=True)
        linker = llvm.create_lljit_compiler(machine)
    except (RuntimeError, ValueError, AttributeError) as error:
        raise Unusable(f"llvmlite does not work for this processor: {error}") from None
    names = (target.triple, cpu, features, llvmlite.__version__, ".".join(map(str, llvm.llvm_version_info)))
    return SimpleNamespace(llvm=llvm, target=target, cpu=cpu, features=features, linker=linker, identity=names)


def version_of(text: str) -> tuple[int, ...]:
    """The leading numbers of a version.

    >>> version_of("0.50.0rc1")
    (0, 50)
    """
    return tuple([int(part) for part in itertools.takewhile(str.isdigit, text.split("."))])


def host_features(llvm: Any) -> str:
    """What this processor can do. LLVM prefers vectors of half the size on many processors with AVX-512, because their
    clock used to slow down; bodies of loops here are long enough to gain."""
    features = llvm.get_host_cpu_features().flatten()
    return features + ",-prefer-256-bit" if machine() == "x86_64" else features


def identity() -> tuple[str, ...]:
    """What a compiled object depends on beside its text."""
    return (*load().identity, str(REVISION))


@functools.cache
def target_machine() -> Any:
    """The machine compiled for: code generation of level 2. An object may be linked far from what it calls."""
    loaded = load()
    model = "large" if os.name == "nt" else "small"  # there RuntimeDyld has no table of addresses for data far away
    return loaded.target.create_target_machine(
        cpu=loaded.cpu, features=loaded.features, opt=2, reloc="pic", codemodel=model
    )


class Module:
    """Machine code in memory, for as long as this object is there.

    Attributes:
        from_disk: whether nothing had to be compiled.
    """

    __slots__ = ("tracker", "from_disk")

    def __init__(self, tracker: Any, from_disk: bool) -> None:
        self.tracker, self.from_disk = tracker, from_disk

    def address(self, name: str) -> int:
        """Where this function is."""
        return self.tracker[name]


numbers = itertools.count()


def compile_text(
    text: str, symbols: Mapping[str, int], exports: Iterable[str], passes: tuple[str, ...] = ()
) -> Module:
    """Machine code of a text in LLVM's language.

    Args:
        text: the text.
        symbols: addresses of what it declares and does not define.
        exports: the functions whose addresses will be asked for.
        passes: names of LLVM's passes over functions that are to be run first.

    Raises:
        RuntimeError: the text is not right, or something that it calls is nowhere.
    """
    kept = object_cache.find(text, (*identity(), *passes))
    if kept is not None:
        try:
            return Module(link(kept, symbols, exports), True)
        except RuntimeError:  # an object that cannot be linked is as good as none
            pass
    code = compile_object(text, passes)
    object_cache.keep(text, (*identity(), *passes), code)
    return Module(link(code, symbols, exports), False)


def compile_object(text: str, passes: tuple[str, ...] = ()) -> bytes:
    """The object. Other threads run meanwhile."""
    llvm, machine = load().llvm, target_machine()
    module = llvm.parse_assembly(text, llvm.create_context())
    module.verify()
    if passes:
        builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(2))
        manager = llvm.create_new_function_pass_manager()
        for each in passes:
            getattr(manager, f"add_{each}_pass")()
        for function in module.functions:
            if not function.is_declaration:
                manager.run(function, builder)
    return machine.emit_object(module)


def link(code: bytes, symbols: Mapping[str, int], exports: Iterable[str]) -> Any:
    """The object in memory."""
    loaded = load()
    library = loaded.llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
    for name, address in symbols.items():
        library.import_symbol(name, address)
    for name in exports:
        library.export_symbol(name)
    return library.link(loaded.linker, f"autodiff_trace.{next(numbers)}")
