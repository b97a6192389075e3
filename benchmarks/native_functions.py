"""Own vector functions of the native back end as functions on arrays, for tests and for the table of accuracy."""

import ctypes

import numpy as np

from autodiff_trace.compiler.backends.native import vector_math
from autodiff_trace.compiler.backends.native.builder import Builder

LANES = {"float64": 8, "float32": 16}
engines = []  # machine code lives as long as its engine


class Loop(ctypes.Structure):
    """The beginning of a ufunc object."""

    _fields_ = [
        ("head", ctypes.c_ssize_t * 2), ("counts", ctypes.c_int * 4), ("functions", ctypes.POINTER(ctypes.c_void_p)),
        ("data", ctypes.POINTER(ctypes.c_void_p)), ("ntypes", ctypes.c_int * 2), ("name", ctypes.c_char_p),
    ]  # fmt: skip


nothing = ctypes.create_string_buffer(16)


def address_of(symbol):
    """The address of ``loop.sin.d->d`` or of ``data.sin.d->d``."""
    kind, name, signature = symbol.split(".")
    ufunc = getattr(np, name)
    loop = Loop.from_address(id(ufunc))
    index = ufunc.types.index(signature)
    address = (loop.functions if kind == "loop" else loop.data)[index]
    return address or ctypes.addressof(nothing)


def module_text(emit, inputs, outputs, dtype, width, inline=False):
    """A module with ``void run(ptr x, ptr y, …, ptr result, i64 n)`` for n a multiple of the width."""
    b = Builder(width, dtype, inline=inline)
    b.block = "loop"
    pointers = [f"%p{i}" for i in range(inputs + outputs)]
    places = [b.emit(f"getelementptr {b.format.name}, ptr {pointer}, i64 %i") for pointer in pointers]
    align = b.format.bits // 8
    values = [b.emit(f"load {b.type}, ptr {place}, align {align}") for place in places[:inputs]]
    results = emit(b, *values)
    for value, place in zip([results] if isinstance(results, str) else results, places[inputs:]):
        b.lines.append(f"  store {b.type} {value}, ptr {place}, align {align}")
    body = "\n".join(b.lines)
    return "\n".join(
        [
            *sorted(b.declares),
            *b.functions.values(),
            f"define void @run({', '.join(f'ptr {pointer}' for pointer in pointers)}, i64 %n) {{",
            "  %some = icmp sgt i64 %n, 0",
            "  br i1 %some, label %loop, label %end",
            "loop:",
            f"  %i = phi i64 [0, %0], [%next, %{b.block}]",
            body,
            f"  %next = add i64 %i, {width}",
            "  %more = icmp slt i64 %next, %n",
            "  br i1 %more, label %loop, label %end",
            "end:",
            "  ret void",
            "}",
        ]
    )


def host_features():
    import llvmlite.binding as llvm

    return llvm.get_host_cpu_features()


FLAGS = {1: "invalid value", 4: "divide by zero", 8: "overflow", 16: "underflow"}  # of x86 processors


def raised(call):
    """The floating-point errors that a call raises: of C's ``fetestexcept``, on x86."""
    library = ctypes.CDLL(None)
    library.feclearexcept(61)
    call()
    found = library.fetestexcept(61)
    return {name for flag, name in FLAGS.items() if found & flag}


def compile_function(emit, inputs=1, outputs=1, dtype="float64", width=None, features=None, inline=False):
    """``f(*arrays) -> array`` (or a tuple of arrays; with ``flags=True`` the set of floating-point errors), with
    ``f.run(*addresses, n)`` on multiples of the width."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    width = width or LANES[dtype]
    text = module_text(emit, inputs, outputs, dtype, width, inline)
    module = llvm.parse_assembly(text)
    module.verify()
    for value in (*module.functions, *module.global_variables):
        if value.is_declaration and not value.name.startswith("llvm."):
            llvm.add_symbol(value.name, address_of(value.name))
    features = host_features().flatten() + (features or ",-prefer-256-bit")
    target = llvm.Target.from_default_triple()
    machine = target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=2, jit=True)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    engines.append((engine, module))
    address = engine.get_function_address("run")
    run = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * (inputs + outputs), ctypes.c_ssize_t)(address)

    def call(*arrays, flags=False):
        arrays = [np.ascontiguousarray(array, dtype) for array in np.broadcast_arrays(*arrays)]
        shape, n = arrays[0].shape, arrays[0].size
        whole = -(-n // width) * width
        arrays = [np.concatenate([array.ravel(), np.ones(whole - n, dtype)]) for array in arrays]
        results = [np.empty(whole, dtype) for _ in range(outputs)]
        addresses = [array.ctypes.data for array in (*arrays, *results)]
        if flags:
            return raised(lambda: run(*addresses, whole))
        run(*addresses, whole)
        results = [result[:n].reshape(shape) for result in results]
        return results[0] if outputs == 1 else tuple(results)

    call.run, call.text = run, text
    return call


def own(ufunc, dtype="float64", **options):
    """The own function in the place of a ufunc."""
    return compile_function(vector_math.FUNCTIONS[ufunc], inputs=ufunc.nin, dtype=dtype, **options)
