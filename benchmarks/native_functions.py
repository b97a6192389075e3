"""Own vector functions of the native back end as functions on arrays, for tests and for the table of accuracy."""

import ctypes

import numpy as np

from autodiff_trace.compiler.backends.native import vector_math
from autodiff_trace.compiler.backends.native.builder import Builder
from autodiff_trace.compiler.backends.native.symbols import address_of

LANES = {"float64": 8, "float32": 16}
engines = []  # machine code lives as long as its engine


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
ALL_FLAGS = sum(FLAGS)


def raised(call, before=0):
    """The floating-point errors that are up after a call, before which some are put up: of C's fetestexcept, on x86."""
    library = ctypes.CDLL(None)
    library.feclearexcept(ALL_FLAGS)
    library.feraiseexcept(before)
    call()
    found = library.fetestexcept(ALL_FLAGS)
    return {name for flag, name in FLAGS.items() if found & flag}


def compile_function(emit, inputs=1, outputs=1, dtype="float64", width=None, features=None, inline=False):
    """``f(*arrays) -> array`` (or a tuple of arrays; with ``flags``, those up before, the set of those up after), with
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

    def call(*arrays, flags=None):
        arrays = [np.ascontiguousarray(array, dtype) for array in np.broadcast_arrays(*arrays)]
        shape, n = arrays[0].shape, arrays[0].size
        whole = -(-n // width) * width
        arrays = [np.concatenate([array.ravel(), np.ones(whole - n, dtype)]) for array in arrays]
        results = [np.empty(whole, dtype) for _ in range(outputs)]
        addresses = [array.ctypes.data for array in (*arrays, *results)]
        if flags is not None:
            return raised(lambda: run(*addresses, whole), flags)
        run(*addresses, whole)
        results = [result[:n].reshape(shape) for result in results]
        return results[0] if outputs == 1 else tuple(results)

    call.run, call.text = run, text
    return call


def own(ufunc, dtype="float64", **options):
    """The own function in the place of a ufunc."""
    return compile_function(vector_math.FUNCTIONS[ufunc], inputs=ufunc.nin, dtype=dtype, **options)
