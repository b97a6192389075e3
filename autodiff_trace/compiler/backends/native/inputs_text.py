"""How the entry takes inputs apart, in LLVM's language (see assembly.py): arrays of one layout, and numbers."""

from __future__ import annotations

__all__ = ["INPUTS"]

INPUTS = """
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
