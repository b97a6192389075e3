"""Habits from autograd, JAX and PyTorch: names that are not here, and what to write instead. Data alone.

By library, by place, by name. A place is a module of this package, a function with ``()`` (its keywords; ``()`` alone:
those of all), ``x.method()`` (those of the methods of arrays), ``x`` (attributes of traced arrays), ``jit(f)`` (those
of compiled functions) or ``rules``. ``tests/test_habits.py`` tries each.
"""

from __future__ import annotations

from .habit_rows import OURS, same
from .network_habits import NETWORKS_OF_JAX, NETWORKS_OF_TORCH
from .training_habits import OPTAX, TORCH_OPTIM

__all__ = ["HABITS"]

COMPAT = "; autograd_compat.{} is as in autograd"

AUTOGRAD = {
    "()": {
        "argnum": "Write argnums=, a position or a tuple of positions: grad(f, argnums=1)",
        "argname": "Write argnames=, a name or a list of names: grad(f, argnames=\"x\")",
    },
    "defvjp()": {"argnum": "Write extend.defvjp(f, rule, argnums=(1,))"},
    "defjvp()": {"argnum": "Write extend.defjvp(f, rule, argnums=(1,))"},
    "make_ggnvp()": {"f_argnum": "Write make_ggnvp(f, loss, argnum=0)", "g": "Write make_ggnvp(f, loss)"},
    **{f"{name}()": same(
        "num_iters step_size callback mass", "Write learning_rate=, and a loop; autograd_compat.misc.optimizers has it"
    ) for name in ("adam", "sgd")},
    "rules": {
        "curried": (
            "A rule is one function, rule(g, ans, *args), of the cotangent first: instead of lambda ans, x: lambda g: "
            "g * x write lambda g, ans, x: g * x. autograd_compat.extend takes curried rules"
        ),
        "same": "Write extend.linear(f, transpose): a linear function is its own tangent",
    },
    OURS: {
        **same("make_vjp", f"Write output, pullback = vjp(f, x){COMPAT}"),
        **same("make_jvp", f"Write output, tangent = jvp(f, (x,), (v,)){COMPAT}"),
        "make_jvp_reversemode": "Write output, push = linearize(f, x)",
        **same("make_hvp hessian_vector_product hessian_tensor_product", f"Write hvp(f)(x, v){COMPAT}"),
        **same("tensor_jacobian_product vector_jacobian_product", f"Write vjp(f, x)[1](v)[0]{COMPAT}"),
        "jacobian_vector_product": "Write jvp(f, (x,), (v,))[1]",
        "multigrad": "Write grad(f, argnums=(0, 1))",
        **same("multigrad_dict", f"Write grad(f, argnames=[\"a\", \"b\"]), which gives a dict{COMPAT}"),
        **same("grad_named", f"Write grad(f, argnames=\"x\"){COMPAT}"),
        **same("primitive notrace_primitive defvjp defjvp Box", "Write extend.{}"),
        "def_linear": "Write extend.linear(f, transpose)",
        "getval": "Write to_numpy(x)",
        "isbox": "Write extend.is_box(x)",
        **same("flatten flatten_func", "Write leaves, structure = tree_flatten(tree)"),
        **same("adam sgd rmsprop", "Write optim.adam(0.001) or optim.sgd(0.1), of autodiff_trace.optim"),
        **same("check_grads test_util", "Write testing.check_grads(f, x), of autodiff_trace.testing"),
        "fixed_point": "Write custom_root(lambda x: f(x) - x, x0)",
        **same("tracer util misc builtins differential_operators wrap_util", "Write autograd_compat.{}"),
    },
    f"{OURS}.extend": {
        "def_linear": "Write extend.linear(f, transpose), or extend.multilinear(f, transpose, transpose)",
        "defvjp_argnum": "Write extend.defvjp(f, rule, argnums=(1,)), or extend.defvjp_all(f, rule)",
        "defvjp_argnums": "Write extend.defvjp_all(f, rule), with rule(argnums, g, ans, args, kwargs)",
        **same(
            "defjvp_argnum defjvp_argnums",
            "Write extend.defjvp_all(f, rule), with rule(argnums, tangents, ans, args, kwargs)",
        ),
        **same("defgrad defgrads", "Write extend.defvjp(f, rule), with rule(g, ans, *args)"),
        **same("defvjp_is_zero defgrad_is_zero", "Write extend.defvjp(f, None)"),
        **same(
            "register_notrace nograd_functions",
            "Decorate the function with extend.notrace_primitive or extend.nondifferentiable",
        ),
        **same(
            "vspace VSpace",
            "Write extend.register_pytree for a container, extend.register_array_type for a type of array",
        ),
        "SparseObject": "A rule returns arrays; reading items costs what is read without it",
        **same("Node VJPNode JVPNode new_box trace", "Write extend.defvjp(f, rule): rules know no trace"),
        "getval": "Write to_numpy(x), of autodiff_trace",
        "isbox": "Write extend.is_box(x)",
    },
    f"{OURS}.numpy": same("numpy_boxes numpy_vjps numpy_jvps numpy_vspaces", "Write autograd_compat.numpy.{}"),
    "x": {"value": "Write to_numpy(x)"},
}

JAX = {
    "()": {
        "allow_int": "Leave it out: integers are taken as float64",
        **same("reduce_axes spmd_axis_name axis_name", "Leave it out: sum outside of vmap(f)"),
        "holomorphic": "Write holomorphic_grad(f); jacobian(f) and deriv(f) give df/dz of a complex z unasked",
        "static_argnums": "Write static_argnames=, the names: jit(f, static_argnames=\"n\")",
        **same("donate_argnums donate_argnames", "Leave it out: programs write into arrays of their own only"),
        **same("device in_shardings out_shardings", "Leave it out: programs run on the CPU"),
        **same("inline keep_unused abstracted_axes compiler_options", "Leave it out: jit(f) does without"),
        **same("unroll _split_transpose", "Leave it out: jit(f) decides how a loop is run"),
        **same("policy prevent_cse concrete", "Leave it out: checkpoint(f) keeps inputs and outputs alone"),
        "nondiff_argnames": "Write nondiff_argnums=, the positions",
        "is_leaf": "Leave it out: what register_pytree does not know is a leaf",
        **same("symbolic_zeros optimize_remat", "Leave it out: None is the zero of cotangents"),
    },
    "vmap()": {"axis_size": "Hand over an argument with as many rows, or repeat what the function gives"},
    "checkpoint()": {"static_argnums": "Leave it out: arguments that hold no numbers are passed on as they are"},
    OURS: {
        **same("pmap pjit shard_map xmap", "Write vmap(f)"),
        "jnp": "Write anp, which is autodiff_trace.numpy",
        "lax": (
            "Write scan, fori_loop, while_loop, cond, switch, custom_root, custom_linear_solve, stop_gradient; other "
            "functions of lax are those of NumPy, anp.where(c, x, y)"
        ),
        "select": "Write Python's if, cond(pred, true_fun, false_fun, *operands), or anp.where(c, x, y) under vmap",
        "associative_scan": "Write scan(f, init, xs)",
        "dynamic_slice": "Write x[i : i + n]",
        "dynamic_update_slice": "Write x[i : i + n] = v",
        **same("psum pmean all_gather", "Leave it out: sum outside of vmap(f)"),
        **same("random PRNGKey", "Write numpy.random.default_rng(0), or under jit anp.random"),
        **same("tree tree_util", "Write tree_map(f, tree), tree_flatten(tree), tree_leaves(tree)"),
        "tree_transpose": "Write tree_flatten(tree) and tree_unflatten(structure, leaves)",
        **same("register_pytree_node register_pytree_node_class register_dataclass", "Write register_pytree"),
        "flatten_util": "Write vector, unravel = ravel_pytree(tree)",
        "remat": "Write checkpoint(f)",
        **same("value_and_jacfwd value_and_jacrev", "Write jacobian(f, has_aux=True), where f returns (y, y)"),
        "linear_transpose": "Write vjp(f, x)[1]",
        **same("make_jaxpr eval_shape xla_computation", "Write graph(f, x)"),
        **same("custom_gradient custom_derivatives", "Write custom_vjp(f) or custom_jvp(f)"),
        **same("pure_callback io_callback", "Write extend.primitive(f)"),
        **same("closure_convert named_call named_scope", "Leave it out: functions may close over anything"),
        **same("block_until_ready device_put device_get", "Leave it out: arrays are NumPy's, and are there at once"),
        **same("devices local_devices device_count local_device_count", "Leave it out: programs run on the CPU"),
        "disable_jit": "Call the function without jit(f)",
        "Array": "Write numpy.ndarray; inside a function extend.ArrayBox",
        **same("debug experimental config", "Leave it out: Python's print works, and numbers are float64"),
    },
    **OPTAX,
    f"{OURS}.numpy": same("DeviceArray Array", "Write anp.ndarray"),
    f"{OURS}.extend": {"Primitive": "Write extend.primitive(f)"},
    **NETWORKS_OF_JAX,
    "x": {
        "at": "Write x[i] = v or x[i] += v: assignment to items works, on a copy of the argument",
        "block_until_ready": "Leave it out: arrays are there at once",
        **same("aval sharding weak_type", "Write x.shape and x.dtype"),
        **same("devices addressable_shards addressable_data copy_to_host_async", "Leave it out: arrays are NumPy's"),
    },
    "jit(f)": {
        **same("lower eval_shape", "Write jit(f).graph(x), the program"),
        "clear_caches": "Write jit(f).clear_cache()",
    },
}

FUNCTIONS_OF_TENSORS = """
    abs acos amax amin arccos arcsin arctan asin atan bincount ceil cos cosh cov deg2rad diag exp exp2 expm1 isfinite
    isinf isnan log log10 log1p log2 logical_not median nanmean nansum negative reciprocal sign sin sinh sqrt square tan
    tanh tril triu unique vstack
""".split()

FUNCTIONS_OF_TWO_TENSORS = """
    arctan2 atan2 bitwise_and cross divide equal fmod greater hypot isclose kron less logical_and logical_or logaddexp
    matmul maximum minimum multiply outer power subtract vdot
""".split()

TORCH = {
    "()": {
        "in_dims": "Write in_axes=",
        "out_dims": "Write out_axes=",
        "randomness": "Leave it out: a generator draws for the batch as for one element",
        **same("create_graph retain_graph", "Leave it out: derivatives nest, as in grad(grad(f))"),
        **same("vectorize strategy outer_jacobian_strategy", "Leave it out: write jacrev(f) or jacfwd(f) for a mode"),
        "use_reentrant": "Leave it out",
        **same("fullgraph dynamic mode", "Leave it out: jit(f) follows Python's branches"),
    },
    "vmap()": {"chunk_size": "Leave it out, and call vmap(f) for parts of the batch"},
    "check_grads()": {**same("atol rtol", "Write tolerance="), "eps": "Write step="},
    "x.view()": {"shape": "Write x.reshape(shape)"},
    "x.method()": {
        "dim": "Write axis=",
        "keepdim": "Write keepdims=",
        "unbiased": "Write ddof=",
    },
    OURS: {
        **same("linalg fft", "Write anp.{}, of autodiff_trace.numpy"),
        **same("no_grad inference_mode", "Write stop_gradient(x) for what derivatives are not to follow"),
        **same("enable_grad set_grad_enabled is_grad_enabled", "Leave it out: grad(f)(x) follows f(x)"),
        **same("tensor as_tensor from_numpy", "Write anp.array(x)"),
        **same("Tensor FloatTensor", "Write numpy.ndarray; inside a function extend.ArrayBox"),
        **same(
            "zeros ones eye arange linspace empty full stack where concatenate einsum exp log sin cos tanh sqrt",
            "Write anp.{}, of autodiff_trace.numpy",
        ),
        "cat": "Write anp.concatenate([x, y])",
        **same("float16 float32 float64 int32 int64 complex64 complex128", "Write anp.{}"),
        "func": "Its functions stand here: grad, vjp, jvp, vmap, jacrev, jacfwd, hessian, linearize",
        **same("autograd functional", "Write grad(f)(x), vjp(f, x), jvp(f, (x,), (v,)), jacobian(f)(x), hvp(f)(x, v)"),
        "Function": "Write custom_vjp(f), or extend.primitive(f) and extend.defvjp(f, rule)",
        "vhp": "Write hvp(f)(x, v)",
        **same("Parameter Module Variable", "Hand the parameters over as an argument: grad(loss)(parameters, x)"),
        "functional_call": "Call f(parameters, x)",
        "compile": "Write jit(f)",
        "manual_seed": "Write numpy.random.default_rng(0)",
        **same("autocast amp set_default_dtype", "Write x.astype(\"float32\"), of which gradients have the type"),
        "save": "Write numpy.savez(file, **parameters): parameters are arrays",
        "is_tensor": "Write extend.is_box(x)",
        **same("cuda device backends", "Leave it out: programs run on the CPU"),
    },
    f"{OURS}.numpy": {
        "cat": "Write anp.concatenate([x, y])",
        **same("tensor as_tensor", "Write anp.array(x)"),
        "clamp": "Write anp.clip(x, low, high)",
        "unsqueeze": "Write anp.expand_dims(x, axis)",
        "permute": "Write anp.transpose(x, axes)",
        **same("sigmoid relu softmax log_softmax", "Write nn.{}(x), of autodiff_trace.nn"),
        **same("mm bmm mv", "Write x @ y"),
        "masked_fill": "Write anp.where(mask, value, x)",
        "masked_select": "Write x[mask]",
        **same("index_select gather", "Write anp.take(x, i, axis=0) or anp.take_along_axis(x, i, axis=0)"),
        **same("scatter scatter_add index_add", "Write x[i] = v, or anp.add.at(x, i, v)"),
        **same("chunk unbind", "Write anp.split(x, n)"),
        "repeat_interleave": "Write anp.repeat(x, n, axis)",
        **same("rand randn randint", "Write rng = numpy.random.default_rng(0), and draw from rng"),
    },
    f"{OURS}.testing": same("gradcheck gradgradcheck", "Write testing.check_grads(f, x)"),
    **TORCH_OPTIM,
    **NETWORKS_OF_TORCH,
    "x": {
        **same("detach detach_", "Write stop_gradient(x)"),
        "backward": "Write grad(f)(x), where f computes this value, or vjp(f, x)",
        **same("requires_grad requires_grad_ retain_grad is_leaf", "Leave it out: write grad(f, argnums=0)"),
        **same("grad grad_fn", "Write grad(f)(x): gradients are returned, not stored"),
        "register_hook": "Write custom_vjp(f) for the step whose cotangent is to change",
        **same("numpy data cpu", "Write to_numpy(x), of which no derivative is taken"),
        **same("cuda to", "Leave it out: arrays are on the CPU; x.astype(dtype) casts"),
        **same("float double half int long bool type type_as", "Write x.astype(dtype)"),
        "clone": "Write x.copy()",
        "contiguous": "Leave it out, or write anp.ascontiguousarray(x)",
        "unsqueeze": "Write anp.expand_dims(x, axis), or x[:, None]",
        "permute": "Write x.transpose(axes)",
        **same("expand expand_as", "Write anp.broadcast_to(x, shape)"),
        **same("view_as reshape_as", "Write x.reshape(y.shape)"),
        **same("numel nelement", "Write x.size"),
        "dim": "Write x.ndim",
        "element_size": "Write x.itemsize",
        "stride": "Write x.strides",
        "t": "Write x.T",
        **same("mm bmm mv", "Write x @ y"),
        **same("add sub mul div", "Write it as an operator, x + y"),
        **{"pow": "Write x ** n", "neg": "Write -x", "H": "Write x.conj().T"},
        **same("add_ sub_ mul_ div_ pow_", "Write x += y, or x[...] = y"),
        **same("zero_ copy_ fill_", "Write x[...] = y"),
        **same("clamp clip_ clamp_", "Write x.clip(low, high)"),
        **same("masked_fill masked_fill_", "Write anp.where(mask, value, x)"),
        "masked_select": "Write x[mask]",
        **same("index_select gather", "Write anp.take(x, i, axis=0) or anp.take_along_axis(x, i, axis=0)"),
        **same("scatter scatter_ scatter_add scatter_add_ index_add", "Write x[i] = v, or anp.add.at(x, i, v)"),
        **same("chunk split unbind", "Write anp.split(x, n)"),
        **same("norm det inv pinv slogdet", "Write anp.linalg.{}(x)"),
        **same("new_zeros new_ones new_full", "Write anp.zeros(shape)"),
        **same("sigmoid relu softmax log_softmax logsumexp", "Write nn.{}(x), of autodiff_trace.nn"),
        "is_cuda": "Leave it out: arrays are on the CPU",
        **{name: f"Write anp.{name}(x)" for name in FUNCTIONS_OF_TENSORS},
        **{name: f"Write anp.{name}(x, y)" for name in FUNCTIONS_OF_TWO_TENSORS},
        **{f: f"Write anp.{f}(x, {y})" for f, y in (("flip", "axis"), ("quantile", "q"), ("tile", "n"), ("roll", "n"))},
        "where": "Write anp.where(mask, x, y)",
        "tensordot": "Write anp.tensordot(x, y, 1)",
    },
}

NUMPY_1 = {
    f"{OURS}.numpy": {
        "product": "Write anp.prod(x)",
        "cumproduct": "Write anp.cumprod(x)",
        "in1d": "Write anp.isin(x, values)",
        "trapz": "Write anp.trapezoid(y, x)",
        "msort": "Write anp.sort(x, axis=0)",
        "asscalar": "Write x.item()",
        "bool8": "Write anp.bool_",
    },
}

HABITS = {"autograd": AUTOGRAD, "JAX": JAX, "PyTorch": TORCH, "NumPy 1": NUMPY_1}
"""The way by library, place and name."""
