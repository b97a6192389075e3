"""The interpreter: native code that runs records one after another, in LLVM's language (see assembly.py)."""

from __future__ import annotations

from .assembly import expand
from .flags_text import flags_text
from .sharing_text import SHARING, system_text
from .words import NAMES

__all__ = ["interpreter_text"]

INTERPRETER = """
; The addresses of operands, given as pairs of a base and an offset, into a frame.
define internal void @point(ptr %cells, ptr %pairs, i64 %n, ptr %frame) alwaysinline {
entry:
  for %k < %n:
    %twice = mul i64 %k, 2
    %pair = at %pairs[%twice]
    %base = get i64 %pair[0]
    %offset = get i64 %pair[1]
    %from = get ptr %cells[%base]
    %address = byte %from.%offset
    put ptr %address %frame[%k]
  end
  ret void
}

; Run the records; 0, or 1 if a guard failed.
define i64 @interpret(ptr %records, ptr %state) {
entry:
  %place = alloca ptr
  %cells = at %state[CELLS]
  %frame = get ptr %state[FRAME]
  store ptr %records, ptr %place
  br label %next
next:
  %r = load ptr, ptr %place
  %kind = get i64 %r[0]
  %length = get i64 %r[1]
  %after = at %r[%length]
  store ptr %after, ptr %place
  switch i64 %kind, label %stop [
    i64 CALL, label %call
    i64 UFUNC, label %ufunc
    i64 UFUNC_MANY, label %many
    i64 REPEAT, label %repeat
    i64 AGAIN, label %again
    i64 FLAGS_BEGIN, label %begin
    i64 FLAGS_END, label %finish
    i64 EXPECT, label %expect
    i64 SHARED, label %shared
    i64 NOTE, label %note
    i64 RENEW, label %renew
  ]

stop:
  ret i64 0

; unit, start, stop, number of operands, operands
call:
  %unit = get ptr %r[2]
  %start = get i64 %r[3]
  %end = get i64 %r[4]
  %n = get i64 %r[5]
  %pairs = at %r[6]
  call void @point(ptr %cells, ptr %pairs, i64 %n, ptr %frame)
  call void %unit(ptr %frame, i64 %start, i64 %end)
  br label %next

; loop, data, number of operands, words from here to the core dimensions, and to their steps, operands
ufunc:
  %loop = get ptr %r[2]
  %data = get ptr %r[3]
  %nu = get i64 %r[4]
  %core_at = get i64 %r[5]
  %steps_at = get i64 %r[6]
  %upairs = at %r[7]
  %core = at %r[%core_at]
  %steps = at %r[%steps_at]
  call void @point(ptr %cells, ptr %upairs, i64 %nu, ptr %frame)
  %flags_before = call i64 @flags_read()
  call void %loop(ptr %frame, ptr %core, ptr %steps, ptr %data)
  call void @flags_keep(i64 %flags_before)
  br label %next

; as ufunc, then: cell of where the operands are, cell of the indices, number of outer dimensions, words to them (each:
; its length, then the steps of the operands), operands
many:
  %mloop = get ptr %r[2]
  %mdata = get ptr %r[3]
  %nm = get i64 %r[4]
  %mcore_at = get i64 %r[5]
  %msteps_at = get i64 %r[6]
  %where_cell = get i64 %r[7]
  %index_cell = get i64 %r[8]
  %axes = get i64 %r[9]
  %axes_at = get i64 %r[10]
  %mpairs = at %r[11]
  %mcore = at %r[%mcore_at]
  %msteps = at %r[%msteps_at]
  %lengths = at %r[%axes_at]
  %where = at %cells[%where_cell]
  %index = at %cells[%index_cell]
  %row = add i64 %nm, 1
  call void @point(ptr %cells, ptr %mpairs, i64 %nm, ptr %where)
  for %z < %axes:
    put i64 0 %index[%z]
  end
  br label %here
here:
  for %c < %nm:
    %p = get ptr %where[%c]
    put ptr %p %frame[%c]
  end
  call void %mloop(ptr %frame, ptr %mcore, ptr %msteps, ptr %mdata)
  for %back < %axes:
    %last = sub i64 %axes, 1
    %axis = sub i64 %last, %back
    %axis_at = mul i64 %axis, %row
    %this = at %lengths[%axis_at]
    %size = get i64 %this[0]
    %stride = at %this[1]
    %i = get i64 %index[%axis]
    %i1 = add i64 %i, 1
    %on = icmp slt i64 %i1, %size
    if %on:
      put i64 %i1 %index[%axis]
      for %m < %nm:
        %old = get ptr %where[%m]
        %step = get i64 %stride[%m]
        %new = byte %old.%step
        put ptr %new %where[%m]
      end
      br label %here
    end
    put i64 0 %index[%axis]
    for %w < %nm:
      %wold = get ptr %where[%w]
      %wstep = get i64 %stride[%w]
      %way = mul i64 %wstep, %i
      %minus = sub i64 0, %way
      %wnew = byte %wold.%minus
      put ptr %wnew %where[%w]
    end
  end
  br label %next

; cell of the counter, turns, number of movers, movers: slot, base, offset
repeat:
  %counter = get i64 %r[2]
  %turns = get i64 %r[3]
  %nr = get i64 %r[4]
  put i64 %turns %cells[%counter]
  for %j < %nr:
    %j3 = mul i64 %j, 3
    %mover = at %r[%j3]
    %slot = get i64 %mover[5]
    %source = get i64 %mover[6]
    %shift = get i64 %mover[7]
    %first = get ptr %cells[%source]
    %moved = byte %first.%shift
    put ptr %moved %cells[%slot]
  end
  br label %next

; cell of the counter, words back to the body, number of movers, movers: slot, stride
again:
  %acounter = get i64 %r[2]
  %left = get i64 %cells[%acounter]
  %left1 = sub i64 %left, 1
  put i64 %left1 %cells[%acounter]
  %over = icmp eq i64 %left1, 0
  br i1 %over, label %next, label %turn
turn:
  %words = get i64 %r[3]
  %na = get i64 %r[4]
  %body = at %r[%words]
  store ptr %body, ptr %place
  for %q < %na:
    %q2 = mul i64 %q, 2
    %amover = at %r[%q2]
    %aslot = get i64 %amover[5]
    %astride = get i64 %amover[6]
    %apast = get ptr %cells[%aslot]
    %anew = byte %apast.%astride
    put ptr %anew %cells[%aslot]
  end
  br label %next

; cell: the flags that are raised now are noted there
note:
  %noted = call i64 @flags_read()
  %ncell = get i64 %r[2]
  put i64 %noted %cells[%ncell]
  br label %next

; that cell: those are raised again that were cleared since, as many of NumPy's loops do at their end
renew:
  %rcell = get i64 %r[2]
  %past_flags = get i64 %cells[%rcell]
  call void @flags_keep(i64 %past_flags)
  br label %next

; cell where the flags that were raised before wait
begin:
  %before = call i64 @flags_take()
  %bcell = get i64 %r[2]
  put i64 %before %cells[%bcell]
  br label %next

; that cell, the flags that are not dropped, those that are seen whatever the caller's handling is
finish:
  %fcell = get i64 %r[2]
  %keep = get i64 %r[3]
  %must = get i64 %r[4]
  %mine = call i64 @flags_take()
  %remain = and i64 %mine, %keep
  %shown = and i64 %remain, %must
  %seen = get i64 %state[SEEN]
  %seen1 = or i64 %seen, %shown
  put i64 %seen1 %state[SEEN]
  %waited = get i64 %cells[%fcell]
  %free = xor i64 %must, -1
  %subject = and i64 %remain, %free
  %all = or i64 %waited, %subject
  call void @flags_add(i64 %all)
  br label %next

; base, offset, 0 or 1
expect:
  %ebase = get i64 %r[2]
  %eoffset = get i64 %r[3]
  %want = get i64 %r[4]
  %efrom = get ptr %cells[%ebase]
  %truth = field i8 %efrom.%eoffset
  %yes = icmp ne i8 %truth, 0
  %is = zext i1 %yes to i64
  %fine = icmp eq i64 %is, %want
  br i1 %fine, label %next, label %failed
failed:
  ret i64 1

; unit, start, stop, number of operands, how many elements a thread takes at least, operands
shared:
  %sn = get i64 %r[5]
  %spairs = at %r[7]
  call void @point(ptr %cells, ptr %spairs, i64 %sn, ptr %frame)
  call void @share(ptr %r, ptr %state, ptr %frame)
  br label %next
}

; As interpret, with the floating-point flags that were raised left in the state and the processor's as they were.
define i64 @run(ptr %records, ptr %state) {
entry:
  %register = call i64 @register_read()
  %none = call i64 @flags_take()
  put i64 0 %state[SEEN]
  %status = call i64 @interpret(ptr %records, ptr %state)
  %raised = call i64 @flags_take()
  put i64 %raised %state[RAISED]
  call void @register_write(i64 %register)
  ret i64 %status
}
"""


def interpreter_text() -> str:
    """The text."""
    return flags_text() + system_text() + expand(SHARING + INTERPRETER, NAMES)
