"""How the entry makes results, in LLVM's language (see assembly.py): new arrays, and numbers."""

from __future__ import annotations

__all__ = ["OUTPUTS"]

OUTPUTS = """
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
