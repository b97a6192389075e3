"""The entry: what Python calls for each region, in LLVM's language (see assembly.py): a builtin whose ``self`` is an
array, the region's descriptor. It takes the inputs apart, makes the results, and runs the records.

It answers None for inputs of another kind than the region's, and where NumPy's program has to run instead.
"""

from __future__ import annotations

from .assembly import expand
from .layouts import LAYOUT
from .words import NAMES

__all__ = ["entry_text"]

DECLARATIONS = """
@_Py_NoneStruct = external global i8
@_Py_TrueStruct = external global i8
@_Py_FalseStruct = external global i8
@PyArray_Type = external global i8
@PyLong_Type = external global i8
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyFloat_FromDouble(double)
declare ptr @PyComplex_FromDoubles(double, double)
declare ptr @PyLong_FromLongLong(i64)
declare i64 @PyLong_AsLongLongAndOverflow(ptr, ptr)
declare ptr @PyTuple_New(i64)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare ptr @PyObject_CallOneArg(ptr, ptr)
declare ptr @PyArray_NewFromDescr(ptr, ptr, i32, ptr, ptr, ptr, i32, ptr)
declare ptr @PyArray_Scalar(ptr, ptr, ptr)
declare i8 @PyArray_EquivTypes(ptr, ptr)
"""

INPUTS_TEXT = """
; Whether an object is an array of this kind. words: kind, length, dtype, number of axes, then for each its length, its
; stride, and a mask of the bits of the stride that count
define internal i1 @is_array(ptr %object, ptr %r) alwaysinline {
entry:
  %type = field ptr %object.OBJECT_TYPE
  %exact = icmp eq ptr %type, @PyArray_Type
  if %exact:
    %dtype = field ptr %object.ARRAY_DTYPE
    %ndim32 = field i32 %object.ARRAY_NDIM
    %flags = field i32 %object.ARRAY_FLAGS
    %shape = field ptr %object.ARRAY_SHAPE
    %strides = field ptr %object.ARRAY_STRIDES
    %want = get ptr %r[2]
    %wanted = get i64 %r[3]
    %ndim = sext i32 %ndim32 to i64
    %axes = icmp eq i64 %ndim, %wanted
    %bit = and i32 %flags, ALIGNED
    %aligned = icmp ne i32 %bit, 0
    %both = and i1 %axes, %aligned
    if %both:
      %same = icmp eq ptr %dtype, %want
      if %same:
        br label %sizes
      end
      %equal8 = call i8 @PyArray_EquivTypes(ptr %dtype, ptr %want)
      %equal = icmp ne i8 %equal8, 0
      if %equal:
        br label %sizes
      end
    end
  end
  ret i1 false
sizes:
  for %k < %wanted:
    %k3 = mul i64 %k, 3
    %axis = at %r[%k3]
    %n = get i64 %shape[%k]
    %n1 = get i64 %axis[4]
    %s = get i64 %strides[%k]
    %s1 = get i64 %axis[5]
    %mask = get i64 %axis[6]
    %dn = xor i64 %n, %n1
    %ds = xor i64 %s, %s1
    %dm = and i64 %ds, %mask
    %d = or i64 %dn, %dm
    %different = icmp ne i64 %d, 0
    if %different:
      ret i1 false
    end
  end
  ret i1 true
}

; Put the inputs, or their addresses, where the records look for them: whether they are of the kinds expected.
define internal i1 @take(ptr %descriptor, ptr %args, i64 %count, ptr %cells) {
entry:
  %place = alloca ptr
  %overflow = alloca i32
  %inputs = get ptr %descriptor[INPUT_RECORDS]
  store ptr %inputs, ptr %place
  for %i < %count:
    %r = load ptr, ptr %place
    %object = get ptr %args[%i]
    %kind = get i64 %r[0]
    %length = get i64 %r[1]
    %after = at %r[%length]
    store ptr %after, ptr %place
    %base = add i64 %i, 1
    switch i64 %kind, label %no [
      i64 ARRAY, label %array
      i64 BYTES, label %bytes
      i64 INT, label %int
      i64 BOOL, label %bool
    ]
  array:
    %is = call i1 @is_array(ptr %object, ptr %r)
    %data = field ptr %object.ARRAY_DATA
    put ptr %data %cells[%base]
    br i1 %is, label %done, label %no
  bytes:
    %type = field ptr %object.OBJECT_TYPE
    %want = get ptr %r[2]
    %wide = get i64 %r[3]
    %bslot = get ptr %cells[%base]
    %exact = icmp eq ptr %type, %want
    br i1 %exact, label %value, label %no
  value:
    %low = field i64 %object.NUMBER_VALUE
    put i64 %low %bslot[0]
    %two = icmp ne i64 %wide, 0
    if %two:
      %from = byte %object.NUMBER_VALUE
      %high = get i64 %from[1]
      put i64 %high %bslot[1]
    end
    br label %done
  int:
    %itype = field ptr %object.OBJECT_TYPE
    %iexact = icmp eq ptr %itype, @PyLong_Type
    %islot = get ptr %cells[%base]
    br i1 %iexact, label %integer, label %no
  integer:
    %number = call i64 @PyLong_AsLongLongAndOverflow(ptr %object, ptr %overflow)
    put i64 %number %islot[0]
    %far = load i32, ptr %overflow
    %fits = icmp eq i32 %far, 0
    br i1 %fits, label %done, label %no
  bool:
    %true = icmp eq ptr %object, @_Py_TrueStruct
    %false = icmp eq ptr %object, @_Py_FalseStruct
    %truth = zext i1 %true to i64
    %tslot = get ptr %cells[%base]
    put i64 %truth %tslot[0]
    %either = or i1 %true, %false
    br i1 %either, label %done, label %no
  no:
    ret i1 false
  done:
  end
  ret i1 true
}
"""

OUTPUTS_TEXT = """
; Make the arrays among the results: how many outputs were dealt with (fewer than there are: an error is set).
; words: kind, length, dtype, number of axes, 1 if strides are given, flags, lengths, strides
define internal i64 @prepare(ptr %descriptor, i64 %count, ptr %cells, i64 %first, ptr %results) {
entry:
  %place = alloca ptr
  %outputs = get ptr %descriptor[OUTPUT_RECORDS]
  store ptr %outputs, ptr %place
  for %i < %count:
    %r = load ptr, ptr %place
    %kind = get i64 %r[0]
    %length = get i64 %r[1]
    %after = at %r[%length]
    store ptr %after, ptr %place
    put ptr null %results[%i]
    %array = icmp eq i64 %kind, ARRAY
    if %array:
      %dtype = get ptr %r[2]
      %ndim = get i64 %r[3]
      %given = get i64 %r[4]
      %flags = get i64 %r[5]
      %shape = at %r[6]
      %behind = add i64 %ndim, 6
      %there = at %r[%behind]
      %has = icmp ne i64 %given, 0
      %strides = select i1 %has, ptr %there, ptr null
      %ndim32 = trunc i64 %ndim to i32
      %flags32 = trunc i64 %flags to i32
      call void @Py_IncRef(ptr %dtype)
      %new = call ptr @PyArray_NewFromDescr(ptr @PyArray_Type, ptr %dtype, i32 %ndim32,
        ptr %shape, ptr %strides, ptr null, i32 %flags32, ptr null)
      %failed = icmp eq ptr %new, null
      if %failed:
        ret i64 %i
      end
      put ptr %new %results[%i]
      %data = field ptr %new.ARRAY_DATA
      %base = add i64 %first, %i
      put ptr %data %cells[%base]
    end
  end
  ret i64 %count
}

; Make the numbers among the results: whether all went well.
define internal i1 @number(ptr %descriptor, i64 %count, ptr %cells, i64 %first, ptr %results) {
entry:
  %place = alloca ptr
  %outputs = get ptr %descriptor[OUTPUT_RECORDS]
  store ptr %outputs, ptr %place
  for %i < %count:
    %r = load ptr, ptr %place
    %kind = get i64 %r[0]
    %length = get i64 %r[1]
    %after = at %r[%length]
    store ptr %after, ptr %place
    %base = add i64 %first, %i
    %slot = get ptr %cells[%base]
    switch i64 %kind, label %done [
      i64 FLOAT, label %float
      i64 INT, label %int
      i64 BOOL, label %bool
      i64 COMPLEX, label %complex
      i64 SCALAR, label %scalar
    ]
  float:
    %x = get double %slot[0]
    %xo = call ptr @PyFloat_FromDouble(double %x)
    put ptr %xo %results[%i]
    br label %check
  int:
    %n = get i64 %slot[0]
    %no = call ptr @PyLong_FromLongLong(i64 %n)
    put ptr %no %results[%i]
    br label %check
  bool:
    %byte = load i8, ptr %slot
    %set = icmp ne i8 %byte, 0
    %bo = select i1 %set, ptr @_Py_TrueStruct, ptr @_Py_FalseStruct
    call void @Py_IncRef(ptr %bo)
    put ptr %bo %results[%i]
    br label %done
  complex:
    %re = get double %slot[0]
    %im = get double %slot[1]
    %co = call ptr @PyComplex_FromDoubles(double %re, double %im)
    put ptr %co %results[%i]
    br label %check
  scalar:
    %dtype = get ptr %r[2]
    %so = call ptr @PyArray_Scalar(ptr %slot, ptr %dtype, ptr null)
    put ptr %so %results[%i]
    br label %check
  check:
    %made = get ptr %results[%i]
    %good = icmp ne ptr %made, null
    br i1 %good, label %done, label %bad
  bad:
    ret i1 false
  done:
  end
  ret i1 true
}
"""

ENTRY_TEXT = """
define internal void @drop(ptr %results, i64 %count) {
entry:
  for %i < %count:
    %object = get ptr %results[%i]
    %is = icmp ne ptr %object, null
    if %is:
      call void @Py_DecRef(ptr %object)
    end
  end
  ret void
}

; Whether the caller's handling of floating-point errors lets them be seen: 1, 0, or -1 for an error.
define internal i64 @visible(ptr %descriptor, ptr %state) {
entry:
  %seen = get i64 %state[SEEN]
  %must = icmp ne i64 %seen, 0
  if %must:
    ret i64 1
  end
  %raised = get i64 %state[RAISED]
  %function = get ptr %descriptor[IS_VISIBLE]
  %number = call ptr @PyLong_FromLongLong(i64 %raised)
  %none = icmp eq ptr %number, null
  if %none:
    ret i64 -1
  end
  %answer = call ptr @PyObject_CallOneArg(ptr %function, ptr %number)
  call void @Py_DecRef(ptr %number)
  %failed = icmp eq ptr %answer, null
  if %failed:
    ret i64 -1
  end
  call void @Py_DecRef(ptr %answer)
  %yes = icmp eq ptr %answer, @_Py_TrueStruct
  %one = zext i1 %yes to i64
  ret i64 %one
}

; Run the records of a state: as run, with Python's lock let go where that pays. -1: an error is set.
define internal i64 @work(ptr %descriptor, ptr %state) {
entry:
  %program = get ptr %descriptor[PROGRAM]
  %unlocked = get i64 %descriptor[UNLOCKED]
  %long = icmp ne i64 %unlocked, 0
  if %long:
    %thread = call ptr @PyEval_SaveThread()
    %slow = call i64 @run(ptr %program, ptr %state)
    call void @PyEval_RestoreThread(ptr %thread)
    ret i64 %slow
  end
  %quick = call i64 @run(ptr %program, ptr %state)
  ret i64 %quick
}

define ptr @entry(ptr %self, ptr %args, i64 %given) {
entry:
  %descriptor = field ptr %self.ARRAY_DATA
  %inputs = get i64 %descriptor[INPUTS]
  %outputs = get i64 %descriptor[OUTPUTS]
  %first = add i64 %inputs, 1
  %count = icmp eq i64 %inputs, %given
  br i1 %count, label %begin, label %none
begin:
  %waiting = get ptr %descriptor[FREE]
  %has = icmp ne ptr %waiting, null
  br i1 %has, label %begun, label %grow
grow:
  %maker = get ptr %descriptor[NEW_STATE]
  %made = call ptr @PyObject_CallOneArg(ptr %maker, ptr @_Py_NoneStruct)
  %unmade = icmp eq ptr %made, null
  br i1 %unmade, label %error, label %grown
grown:
  call void @Py_DecRef(ptr %made)
  br label %begin
begun:
  ; Under Python's lock: nobody else takes it.
  %rest = get ptr %waiting[NEXT]
  put ptr %rest %descriptor[FREE]
  %cells = at %waiting[CELLS]
  %results = get ptr %waiting[RESULTS]
  %fits = call i1 @take(ptr %descriptor, ptr %args, i64 %inputs, ptr %cells)
  br i1 %fits, label %prepare, label %refuse
prepare:
  %ready = call i64 @prepare(ptr %descriptor, i64 %outputs, ptr %cells, i64 %first, ptr %results)
  %all = icmp eq i64 %ready, %outputs
  if %all:
    br label %work
  end
  call void @drop(ptr %results, i64 %ready)
  call void @give_back(ptr %descriptor, ptr %waiting)
  ret ptr null
work:
  %status = call i64 @work(ptr %descriptor, ptr %waiting)
  %ok = icmp eq i64 %status, 0
  br i1 %ok, label %flags, label %stopped
stopped:
  call void @drop(ptr %results, i64 %outputs)
  %wrong = icmp slt i64 %status, 0
  br i1 %wrong, label %error, label %refuse
flags:
  %raised = get i64 %waiting[RAISED]
  %seen = get i64 %waiting[SEEN]
  %any = or i64 %raised, %seen
  %quiet = icmp eq i64 %any, 0
  br i1 %quiet, label %finish, label %look
look:
  %shown = call i64 @visible(ptr %descriptor, ptr %waiting)
  %hidden = icmp eq i64 %shown, 0
  br i1 %hidden, label %finish, label %discard
discard:
  call void @drop(ptr %results, i64 %outputs)
  %broken = icmp slt i64 %shown, 0
  if %broken:
    call void @give_back(ptr %descriptor, ptr %waiting)
    ret ptr null
  end
  br label %refuse
finish:
  %fine = call i1 @number(ptr %descriptor, i64 %outputs, ptr %cells, i64 %first, ptr %results)
  br i1 %fine, label %give, label %unfit
unfit:
  call void @drop(ptr %results, i64 %outputs)
  call void @give_back(ptr %descriptor, ptr %waiting)
  ret ptr null
give:
  %one = icmp eq i64 %outputs, 1
  if %one:
    %only = get ptr %results[0]
    call void @give_back(ptr %descriptor, ptr %waiting)
    ret ptr %only
  end
  %tuple = call ptr @PyTuple_New(i64 %outputs)
  %untied = icmp eq ptr %tuple, null
  br i1 %untied, label %unfit, label %tie
tie:
  %items = byte %tuple.TUPLE_ITEMS
  for %k < %outputs:
    %item = get ptr %results[%k]
    put ptr %item %items[%k]
  end
  call void @give_back(ptr %descriptor, ptr %waiting)
  ret ptr %tuple
refuse:
  call void @give_back(ptr %descriptor, ptr %waiting)
  br label %none
none:
  call void @Py_IncRef(ptr @_Py_NoneStruct)
  ret ptr @_Py_NoneStruct
error:
  ; The state is not given back: what went wrong may have left others at work in it.
  ret ptr null
}

define internal void @give_back(ptr %descriptor, ptr %state) alwaysinline {
entry:
  %others = get ptr %descriptor[FREE]
  put ptr %others %state[NEXT]
  put ptr %state %descriptor[FREE]
  ret void
}
"""


def entry_text() -> str:
    """The text, which calls `run`."""
    return DECLARATIONS + expand(INPUTS_TEXT + OUTPUTS_TEXT + ENTRY_TEXT, {**NAMES, **LAYOUT})
