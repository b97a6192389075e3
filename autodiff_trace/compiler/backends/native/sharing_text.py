"""Sharing: how threads work on the range of one record, in LLVM's language (see assembly.py).

One thread runs the records. Where a range is long it offers the chunks of it: others, who wait for that, and itself
take them, one after another, until none is left; nobody is needed, so that threads may come late or never. A *ticket*
says which chunk is next: the number of the offer in its high half, that of the chunk in its low half. Who takes a chunk
adds one, if the ticket is still what it was: then the offer still stands, and stands until this chunk is done.
"""

from __future__ import annotations

import sys

from .engine import machine

__all__ = ["SHARING", "system_text"]

X86_PAUSE = """
declare void @llvm.x86.sse2.pause()
define internal void @pause() alwaysinline {
  call void @llvm.x86.sse2.pause()
  ret void
}
"""

ARM_PAUSE = """
declare void @llvm.aarch64.hint(i32)
define internal void @pause() alwaysinline {
  call void @llvm.aarch64.hint(i32 1) ; YIELD
  ret void
}
"""

YIELD = """
declare i32 @{name}()
define internal void @yield() {{
  %ignored = call i32 @{name}()
  ret void
}}
"""

SHARING = """
; Do one chunk, if there is one; false: there is none now.
define internal i1 @take_chunk(ptr %state) {
entry:
  %ticket = at %state[TICKET]
  %now = load atomic i64, ptr %ticket acquire, align 8
  %number = and i64 %now, 4294967295
  %count_at = at %state[JOB_COUNT]
  %count = load atomic i64, ptr %count_at monotonic, align 8
  %left = icmp ult i64 %number, %count
  br i1 %left, label %try, label %none
none:
  ret i1 false
try:
  %next = add i64 %now, 1
  %swap = cmpxchg ptr %ticket, i64 %now, i64 %next acq_rel monotonic, align 8
  %mine = extractvalue { i64, i1 } %swap, 1
  br i1 %mine, label %work, label %again
again:
  ret i1 true
work:
  %unit = get ptr %state[JOB_UNIT]
  %frame = get ptr %state[JOB_FRAME]
  %start = get i64 %state[JOB_START]
  %stop = get i64 %state[JOB_STOP]
  %chunk = get i64 %state[JOB_CHUNK]
  %way = mul i64 %number, %chunk
  %from = add i64 %start, %way
  %far = add i64 %from, %chunk
  %last = icmp slt i64 %far, %stop
  %to = select i1 %last, i64 %far, i64 %stop
  %before = call i64 @flags_take()
  call void %unit(ptr %frame, i64 %from, i64 %to)
  %raised = call i64 @flags_take()
  call void @flags_add(i64 %before)
  %flags = at %state[JOB_FLAGS]
  %past = atomicrmw or ptr %flags, i64 %raised monotonic, align 8
  %done = at %state[JOB_DONE]
  %before_me = atomicrmw add ptr %done, i64 1 release, align 8
  ret i1 true
}

; Offer the range of a record, and work on it until all is done.
define internal void @share(ptr %r, ptr %state, ptr %frame) {
entry:
  %spins = alloca i64
  %unit = get ptr %r[2]
  %start = get i64 %r[3]
  %stop = get i64 %r[4]
  %least = get i64 %r[6]
  %threads = get i64 %state[THREADS]
  %alone = icmp slt i64 %threads, 2
  br i1 %alone, label %whole, label %divide
whole:
  call void %unit(ptr %frame, i64 %start, i64 %stop)
  ret void
divide:
  ; Four chunks a thread, of a whole number of the least.
  %span = sub i64 %stop, %start
  %many = mul i64 %threads, 4
  %parts = mul i64 %many, %least
  %span1 = add i64 %span, %parts
  %span2 = sub i64 %span1, 1
  %times = udiv i64 %span2, %parts
  %chunk = mul i64 %times, %least
  %up = add i64 %span, %chunk
  %up1 = sub i64 %up, 1
  %count = udiv i64 %up1, %chunk
  ; Close the last offer, so that nobody takes a chunk while the next one is written.
  %ticket = at %state[TICKET]
  %old = load atomic i64, ptr %ticket monotonic, align 8
  %number = lshr i64 %old, 32
  %number1 = add i64 %number, 1
  %open = shl i64 %number1, 32
  %closed = or i64 %open, 4294967295
  store atomic i64 %closed, ptr %ticket seq_cst, align 8
  fence seq_cst
  put ptr %unit %state[JOB_UNIT]
  put i64 %start %state[JOB_START]
  put i64 %stop %state[JOB_STOP]
  put i64 %chunk %state[JOB_CHUNK]
  put ptr %frame %state[JOB_FRAME]
  put i64 0 %state[JOB_FLAGS]
  %done_at = at %state[JOB_DONE]
  store atomic i64 0, ptr %done_at monotonic, align 8
  %count_at = at %state[JOB_COUNT]
  store atomic i64 %count, ptr %count_at monotonic, align 8
  store atomic i64 %open, ptr %ticket release, align 8
  br label %work
work:
  %more = call i1 @take_chunk(ptr %state)
  br i1 %more, label %work, label %begin
begin:
  store i64 0, ptr %spins
  br label %wait
wait:
  %done = load atomic i64, ptr %done_at acquire, align 8
  %all = icmp eq i64 %done, %count
  br i1 %all, label %end, label %spin
spin:
  call void @linger(ptr %spins)
  br label %wait
end:
  %flags = get i64 %state[JOB_FLAGS]
  call void @flags_add(i64 %flags)
  ret void
}

; Pause; after a while, let the processor have other work.
define internal void @linger(ptr %spins) {
entry:
  %count = load i64, ptr %spins
  %count1 = add i64 %count, 1
  store i64 %count1, ptr %spins
  call void @pause()
  %long = icmp ugt i64 %count, 1000
  br i1 %long, label %rest, label %end
rest:
  call void @yield()
  br label %end
end:
  ret void
}

; Work on what the thread that runs the records of this state offers, until it has finished.
define void @assist(ptr %state) {
entry:
  %spins = alloca i64
  %register = call i64 @register_read()
  br label %fresh
fresh:
  store i64 0, ptr %spins
  br label %look
look:
  %worked = call i1 @take_chunk(ptr %state)
  br i1 %worked, label %fresh, label %idle
idle:
  %finished_at = at %state[FINISHED]
  %finished = load atomic i64, ptr %finished_at acquire, align 8
  %over = icmp ne i64 %finished, 0
  br i1 %over, label %end, label %wait
wait:
  call void @linger(ptr %spins)
  br label %look
end:
  call void @register_write(i64 %register)
  ret void
}
"""


def system_text() -> str:
    """What depends on the processor and the operating system."""
    name = "SwitchToThread" if sys.platform == "win32" else "sched_yield"
    return (X86_PAUSE if machine() == "x86_64" else ARM_PAUSE) + YIELD.format(name=name)
