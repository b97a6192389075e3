"""The entry: what Python calls for each region, in LLVM's language (see assembly.py): a builtin whose ``self`` is an
array, the region's descriptor. It takes the inputs apart, makes the results, and runs the records.

It answers None for inputs of another kind than the region's, and where NumPy's program has to run instead.
"""

from __future__ import annotations

from .assembly import expand
from .inputs_text import INPUTS
from .layouts import LAYOUT
from .outputs_text import OUTPUTS
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
declare i64 @PyLong_AsLongLong(ptr)
declare ptr @PyTuple_New(i64)
declare ptr @PyErr_Occurred()
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare i32 @PyContextVar_Get(ptr, ptr, ptr)
declare ptr @PyObject_VectorcallDict(ptr, ptr, i64, ptr)
declare ptr @PyArray_NewFromDescr(ptr, ptr, i32, ptr, ptr, ptr, i32, ptr)
declare ptr @PyArray_Scalar(ptr, ptr, ptr)
declare i8 @PyArray_EquivTypes(ptr, ptr)
"""

ENTRY = """
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

; What a function of Python's answers to an argument. PyObject_CallOneArg is in no library before Python 3.11.
define internal ptr @call(ptr %function, ptr %argument) {
entry:
  %arguments = alloca ptr
  store ptr %argument, ptr %arguments
  %answer = call ptr @PyObject_VectorcallDict(ptr %function, ptr %arguments, i64 1, ptr null)
  ret ptr %answer
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
  ; The handling is that of last time, as a rule.
  %value = alloca ptr
  %table = get ptr %descriptor[HANDLING]
  %variable = get ptr %table[0]
  %known = icmp ne ptr %variable, null
  if %known:
    %got = call i32 @PyContextVar_Get(ptr %variable, ptr null, ptr %value)
    %lost = icmp ne i32 %got, 0
    if %lost:
      ret i64 -1
    end
    %now = load ptr, ptr %value
    call void @Py_DecRef(ptr %now)
    %latest = get ptr %table[1]
    %same = icmp eq ptr %now, %latest
    if %same:
      %mask = get i64 %table[2]
      %shown = and i64 %raised, %mask
      %any = icmp ne i64 %shown, 0
      %is = zext i1 %any to i64
      ret i64 %is
    end
  end
  %function = get ptr %descriptor[IS_VISIBLE]
  %number = call ptr @PyLong_FromLongLong(i64 %raised)
  %none = icmp eq ptr %number, null
  if %none:
    ret i64 -1
  end
  %answer = call ptr @call(ptr %function, ptr %number)
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
  %launch = get ptr %descriptor[LAUNCH]
  %many = icmp ne ptr %launch, null
  if %many:
    %address = ptrtoint ptr %state to i64
    %number = call ptr @PyLong_FromLongLong(i64 %address)
    %none = icmp eq ptr %number, null
    if %none:
      ret i64 -1
    end
    %answer = call ptr @call(ptr %launch, ptr %number)
    call void @Py_DecRef(ptr %number)
    %failed = icmp eq ptr %answer, null
    if %failed:
      ret i64 -1
    end
    call void @Py_DecRef(ptr %answer)
    %end = get i64 %state[STATUS]
    ret i64 %end
  end
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
  ; Under Python's lock: nobody else takes the state.
  %first_free = get ptr %descriptor[FREE]
  %has = icmp ne ptr %first_free, null
  br i1 %has, label %reuse, label %grow
reuse:
  %rest = get ptr %first_free[NEXT]
  put ptr %rest %descriptor[FREE]
  br label %begun
grow:
  %maker = get ptr %descriptor[NEW_STATE]
  %made = call ptr @call(ptr %maker, ptr @_Py_NoneStruct)
  %unmade = icmp eq ptr %made, null
  br i1 %unmade, label %error, label %grown
grown:
  %address = call i64 @PyLong_AsLongLong(ptr %made)
  call void @Py_DecRef(ptr %made)
  %new = inttoptr i64 %address to ptr
  br label %begun
begun:
  %waiting = phi ptr [%first_free, %reuse], [%new, %grown]
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
  br i1 %ok, label %done, label %stopped
done:
  ; SciPy's loops set errors, where scipy.special.seterr says so, and go on.
  %set = call ptr @PyErr_Occurred()
  %unset = icmp eq ptr %set, null
  br i1 %unset, label %flags, label %failing
failing:
  call void @drop(ptr %results, i64 %outputs)
  br label %error
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
    return DECLARATIONS + expand(INPUTS + OUTPUTS + ENTRY, {**NAMES, **LAYOUT})
