"""Floating-point flags, in LLVM's language (see assembly.py): bits of a register of the processor, which stay set once
an operation has raised them. (The C library's functions for them take 160 ns a call, these 5.)"""

from __future__ import annotations

from .assembly import expand
from .engine import machine
from .words import NAMES

__all__ = ["flags_text"]

FLAGS_X86 = """
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)
define internal i64 @register_read() alwaysinline {
entry:
  %cell = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %cell)
  %now = load i32, ptr %cell
  %wide = zext i32 %now to i64
  ret i64 %wide
}
define internal void @register_write(i64 %value) alwaysinline {
entry:
  %cell = alloca i32
  %narrow = trunc i64 %value to i32
  store i32 %narrow, ptr %cell
  call void @llvm.x86.sse.ldmxcsr(ptr %cell)
  ret void
}
"""

# The C library raises overflow and underflow in the old floating-point unit, which has a register of its own, with the
# bits in the same places: they are moved from there.
OLD_UNIT = """
define internal i64 @old_flags_take() alwaysinline {
entry:
  %now = call i16 asm sideeffect "fnstsw $0", "={ax}"()
  %wide = zext i16 %now to i64
  %raised = and i64 %wide, ALL_FLAGS
  %none = icmp eq i64 %raised, 0
  if %none:
    ret i64 0
  end
  call void asm sideeffect "fnclex", ""()
  ret i64 %raised
}
"""

NO_OLD_UNIT = """
define internal i64 @old_flags_take() alwaysinline {
entry:
  ret i64 0
}
"""

FLAGS_ARM = """
!0 = !{!"fpsr"}
declare i64 @llvm.read_volatile_register.i64(metadata)
declare void @llvm.write_register.i64(metadata, i64)
define internal i64 @register_read() alwaysinline {
  %now = call i64 @llvm.read_volatile_register.i64(metadata !0)
  ret i64 %now
}
define internal void @register_write(i64 %value) alwaysinline {
  call void @llvm.write_register.i64(metadata !0, i64 %value)
  ret void
}
"""

FLAGS = """
define internal i64 @flags_take() {
entry:
  %now = call i64 @register_read()
  %kept = and i64 %now, NO_FLAGS
  call void @register_write(i64 %kept)
  %raised = and i64 %now, ALL_FLAGS
  %old = call i64 @old_flags_take()
  %both = or i64 %raised, %old
  ret i64 %both
}
; Those of the old unit are forgotten: they are noted by who asks.
define internal i64 @flags_read() {
entry:
  %now = call i64 @register_read()
  %raised = and i64 %now, ALL_FLAGS
  %old = call i64 @old_flags_take()
  %both = or i64 %raised, %old
  ret i64 %both
}
; Raise those again that are no longer raised. (To write the register takes longer than to read it.)
define internal void @flags_keep(i64 %before) {
entry:
  %now = call i64 @register_read()
  %kept = and i64 %before, %now
  %all = icmp eq i64 %kept, %before
  if %all:
    ret void
  end
  call void @flags_add(i64 %before)
  ret void
}
define internal void @flags_add(i64 %flags) {
entry:
  %now = call i64 @register_read()
  %more = or i64 %now, %flags
  call void @register_write(i64 %more)
  ret void
}
"""


def flags_text() -> str:
    """The text."""
    names = {**NAMES, "NO_FLAGS": ~(63 if machine() == "x86_64" else 31)}
    register, old = (FLAGS_X86, OLD_UNIT) if machine() == "x86_64" else (FLAGS_ARM, NO_OLD_UNIT)
    return register + expand(old + FLAGS, names)
