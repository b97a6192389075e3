"""What users of autograd, JAX and PyTorch write from habit: an error that names our way, and a way that exists."""

import functools
import importlib
import importlib.util
import inspect
import re
import sys
import traceback

import numpy as np
import pytest

import autodiff_trace
from autodiff_trace import (
    custom_jvp, custom_vjp, data, extend, grad, hvp, jacobian, jit, jvp, linearize, nn, optim, testing,
)
from autodiff_trace import numpy as anp
from autodiff_trace import vjp, vmap
from autodiff_trace.core.habits import HABITS

X = np.array([1.0, 2.0])
ROWS = [(library, place, name, way) for library, places in HABITS.items() for place, habits in places.items()
        for name, way in habits.items()]


def rows(condition):
    """The rows of the table whose place is like that, as parameters of a test."""
    return [pytest.param(place, name, way, id=f"{library}: {place} {name}")
            for library, place, name, way in ROWS if condition(place)]


def f(x):
    return anp.sum(x**2)


def double(x):
    return 2.0 * x


# Keywords

OF_A_FUNCTION = """
    checkpoint custom_jvp custom_vjp deriv elementwise_grad grad grad_and_aux hessian holomorphic_grad hvp jacfwd
    jacobian jacrev jit make_ggnvp value_and_grad value_grad_and_hvp vmap
""".split()
CALLS = {
    **{name: (getattr(autodiff_trace, name), f) for name in OF_A_FUNCTION},
    "custom_linear_solve": (autodiff_trace.custom_linear_solve, double, X),
    "custom_root": (autodiff_trace.custom_root, double, 1.0),
    "derivatives": (autodiff_trace.derivatives, f, 2),
    "detect_sparsity": (autodiff_trace.detect_sparsity, double, X),
    "fori_loop": (autodiff_trace.fori_loop, 0, 3, lambda i, c: c, 1.0),
    "jet": (autodiff_trace.jet, f, (X,), ((X,),)),
    "jvp": (jvp, f, (X,), (X,)),
    "linearize": (linearize, f, X),
    "scan": (autodiff_trace.scan, lambda c, x: (c, x), 0.0, X),
    "tree_map": (autodiff_trace.tree_map, double, [1.0]),
    "vjp": (vjp, f, X),
    "check_grads": (testing.check_grads, f, X),
    "adam": (optim.adam, 0.1),
    "sgd": (optim.sgd, 0.1),
    **{name: (getattr(optim, name), 0.1) for name in (
        "adagrad", "adamw", "add_decayed_weights", "clip_by_norm", "clip_by_value", "constant", "rmsprop", "scale",
        "scale_by_adam", "scale_by_momentum", "scale_by_schedule")},
    "chain": (optim.chain, optim.sgd(0.1)),
    "cosine": (optim.cosine, 0.1, 5),
    "exponential": (optim.exponential, 0.1, 0.5),
    "lbfgs": (optim.lbfgs, f),
    "linear": (optim.linear, 0.1, 0.0, 5),
    "minimize": (optim.minimize, f, X),
    "piecewise_constant": (optim.piecewise_constant, 0.1, {2: 0.5}),
    "warmup_cosine": (optim.warmup_cosine, 0.1, 2, 5),
    "cond": (autodiff_trace.cond, True, double, double, 1.0),
    "switch": (autodiff_trace.switch, 0, [double], 1.0),
    "while_loop": (autodiff_trace.while_loop, lambda c: False, double, 1.0),
    "ravel_pytree": (autodiff_trace.ravel_pytree, X),
    "tree_map_with_path": (autodiff_trace.tree_map_with_path, lambda path, x: x, [1.0]),
    "tree_reduce": (autodiff_trace.tree_reduce, lambda a, b: a + b, [1.0]),
    "minibatches": (data.minibatches, X, 1),
    "dropout": (nn.dropout, X, 0.5, np.random.default_rng(0)),
    **{name: (getattr(nn, name), X) for name in ("softmax", "log_softmax", "logsumexp")},
    "softmax_cross_entropy": (nn.softmax_cross_entropy, X, 0),
    "attention": (nn.attention, *[np.ones((2, 2))] * 3),
    "layer_norm": (nn.layer_norm, X),
    "batch_norm": (nn.batch_norm, np.ones((2, 2)), np.ones(2), np.ones(2)),
    "conv1d": (nn.conv1d, np.ones((1, 1, 2)), np.ones((1, 1, 2))),
    "conv2d": (nn.conv2d, np.ones((1, 1, 2, 2)), np.ones((1, 1, 2, 2))),
    "custom_vjp.defvjp": (custom_vjp(f).defvjp, f, f),
    "custom_jvp.defjvp": (custom_jvp(f).defjvp, f),
}


def call(name, **keywords):
    function, *args = CALLS[name]
    return function(*args, **keywords)


@pytest.mark.parametrize("name", CALLS)
def test_a_keyword_that_nobody_knows_is_the_error_of_python(name):
    with pytest.raises(TypeError) as caught:
        call(name, nonsense=1)
    assert str(caught.value) == f"{name}() got an unexpected keyword argument 'nonsense'"


@pytest.mark.parametrize(("place", "keyword", "way"), rows(lambda place: place == "()"))
def test_a_keyword_of_habit_names_our_way_in_every_transformation(place, keyword, way):
    for name, (function, *_) in CALLS.items():
        if keyword in inspect.signature(function).parameters:
            continue
        expected = [of[f"{name}()"][keyword] for of in HABITS.values() if keyword in of.get(f"{name}()", ())] or [way]
        with pytest.raises(TypeError, match=rf"^{re.escape(name)}\(\) got an unexpected .*{keyword}") as caught:
            call(name, **{keyword: 0})
        assert str(caught.value).endswith(f"'s. {expected[0]}.")


@pytest.mark.parametrize(("place", "keyword", "way"), rows(lambda place: re.fullmatch(r"\w+\(\)", place)))
def test_a_keyword_of_one_function(place, keyword, way):
    name = place.removesuffix("()")
    function = getattr(extend, name, None)
    with pytest.raises(TypeError, match=re.escape(way)):
        if function is None:
            call(name, **{keyword: 0})
        else:
            function(extend.primitive(double), lambda g, ans, x: g, **{keyword: 0})


def test_decorators_refuse_them_where_they_stand():
    with pytest.raises(TypeError, match="static_argnames="):
        jit(static_argnums=0)


# Names of modules


@pytest.mark.parametrize(("place", "name", "way"), rows(lambda place: place.startswith("autodiff_trace")))
def test_a_name_that_a_module_does_not_have(place, name, way):
    module = importlib.import_module(place)
    if module is anp and hasattr(np, name):
        pytest.skip(f"NumPy {np.__version__} has it")
    assert not hasattr(module, name)
    with pytest.raises(AttributeError) as caught:
        getattr(module, name)
    assert str(caught.value).startswith(f"module {place!r} has no attribute {name!r}, which is ")
    assert way in str(caught.value)
    with pytest.raises(ImportError) as caught:
        exec(f"from {place} import {name}")
    assert str(caught.value).startswith(f"cannot import name {name!r} from {place!r}, which is ")
    assert way in str(caught.value)
    with pytest.raises(ImportError, match=re.escape(way)):
        exec(f"from {place} import {name} as other")


MISSING_MODULES = [
    "misc", "misc.optimizers", "test_util", "builtins", "tracer", "util", "wrap_util", "differential_operators",
    "numpy.numpy_boxes", "lax", "tree_util", "random", "autograd",
]


@pytest.mark.parametrize("name", MISSING_MODULES)
def test_a_module_that_is_not_here(name):
    full = f"autodiff_trace.{name}"
    missing = ".".join(full.split(".")[:3 if name.startswith("numpy") else 2])
    for statement in (f"import {full}", f"from {full} import x"):
        with pytest.raises(ModuleNotFoundError) as caught:
            exec(statement)
        assert str(caught.value).startswith(f"No module named {missing!r}, which is ")
        assert caught.value.name == missing
    with pytest.raises(ModuleNotFoundError, match="^No module named 'autodiff_trace.nonsense'$"):
        importlib.import_module("autodiff_trace.nonsense")
    assert importlib.util.find_spec("autodiff_trace.nonsense") is None


MODULES = [autodiff_trace, anp, data, extend, nn, nn.init, optim, testing]


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_a_name_that_nobody_knows(module):
    assert getattr(module, "nonsense", None) is None
    with pytest.raises(AttributeError, match=rf"^module '{module.__name__}' has no attribute 'nonsense'$"):
        module.nonsense  # noqa: B018
    with pytest.raises(ImportError, match=rf"^cannot import name 'nonsense' from '{module.__name__}'$"):
        exec(f"from {module.__name__} import nonsense")


@pytest.mark.skipif(np.lib.NumpyVersion(np.__version__) < "2.0.0", reason="NumPy 1 has it")
def test_of_what_numpy_has_removed_it_says_what_there_is():
    with pytest.raises(AttributeError, match="float64"):
        anp.float_  # noqa: B018
    with pytest.raises(ImportError, match="float64"):
        from autodiff_trace.numpy import float_  # noqa: F401


# Traced arrays

MODES = {
    "grad": lambda see: grad(lambda x: (see(x), anp.sum(x))[1])(X),
    "jvp": lambda see: jvp(lambda x: (see(x), x)[1], (X,), (X,)),
    "vmap": lambda see: vmap(lambda x: (see(x), x)[1])(np.stack([X, X])),
    "nested": lambda see: grad(lambda x: anp.sum(grad(lambda y: (see(y), anp.sum(y * y))[1])(x)))(X),
}


@pytest.mark.parametrize("mode", MODES)
def test_attributes_of_traced_arrays(mode):
    seen = []

    def see(x):
        for _, place, name, way in ROWS:
            if place == "x":
                assert not hasattr(x, name)
                assert getattr(x, name, None) is None
                with pytest.raises(AttributeError, match=rf"object has no attribute '{name}', which") as caught:
                    getattr(x, name)
                assert way in str(caught.value)
                with pytest.raises(AttributeError, match=rf"object has no attribute '{name}', which"):
                    setattr(x, name, None)
                seen.append(name)

    MODES[mode](see)
    assert "at" in seen and "detach" in seen


def test_attributes_of_optimisers():
    optimizer = optim.adam(0.1)
    for name, way in HABITS["PyTorch"]["optimizer"].items():
        assert not hasattr(optimizer, name)
        with pytest.raises(AttributeError, match=re.escape(way)):
            getattr(optimizer, name)
    assert "step" not in dir(optimizer) and "update" in dir(optimizer)


@pytest.mark.parametrize("mode", [jit, lambda g: jit(grad(lambda x: anp.sum(g(x))))], ids=["jit", "jit of grad"])
@pytest.mark.parametrize(("run", "way"), [
    (lambda x: x.at[0].set(1.0), r"x\[i\] = v"), (lambda x: x.detach(), r"stop_gradient\(x\)"),
    (lambda x: x.sum(dim=0), "axis="), (lambda x: x.view(-1), r"x\.reshape"),
])
def test_under_jit(mode, run, way):
    with pytest.raises((AttributeError, TypeError)) as caught:
        mode(run)(X)
    shown = "".join(traceback.format_exception(caught.value))  # last what the function itself raises, of a plain array
    assert re.search(way, shown)


def test_no_guesses_are_added():
    for see in (lambda x: x.detach(), lambda x: autodiff_trace.make_vjp, lambda x: anp.cat):
        with pytest.raises(AttributeError) as caught:
            grad(see)(X)
        assert "Did you mean" not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(AttributeError) as caught:
        grad(lambda x: x.transpos)(X)
    if sys.version_info >= (3, 12):  # before, only what prints an uncaught error adds it
        assert "Did you mean: 'transpose'" in "".join(traceback.format_exception(caught.value))
    assert grad(lambda x: ("detach" in dir(x) or "sum" not in dir(x) or anp.sum(x)))(X).tolist() == [1.0, 1.0]


def test_an_attribute_that_nobody_knows():
    with pytest.raises(AttributeError, match="^'ArrayBox' object has no attribute 'nonsense'$"):
        grad(lambda x: x.nonsense)(X)


def test_numbers_of_python_are_what_they_are_under_jit():
    @jit
    def half(x):
        assert not hasattr(x, "detach") and "detach" not in dir(x)
        return x / 2

    assert half(3.0) == 1.5


@pytest.mark.parametrize(("place", "keyword", "way"), rows(lambda place: place == "x.method()"))
def test_keywords_of_methods(place, keyword, way):
    for method in ("sum", "mean", "std", "squeeze"):
        with pytest.raises(TypeError, match=rf"{method}\(\) got an unexpected keyword argument '{keyword}'.*{way}"):
            grad(lambda x: getattr(x, method)(**{keyword: 0}))(X)  # noqa: B023


def test_a_keyword_of_a_method_that_nobody_knows():
    with pytest.raises(TypeError, match=r"^sum\(\) got an unexpected keyword argument 'nonsense'$"):
        grad(lambda x: x.sum(nonsense=0))(X)


@pytest.mark.parametrize("shape", [(-1,), (2, 1), ((2, 1),)])
def test_view_takes_no_shape(shape):
    with pytest.raises(TypeError, match=r"x\.reshape\(shape\)"):
        grad(lambda x: x.view(*shape).sum())(X)


@pytest.mark.parametrize(("place", "name", "way"), rows(lambda place: place == "jit(f)"))
def test_attributes_of_compiled_functions(place, name, way):
    assert not hasattr(jit(f), name)
    with pytest.raises(AttributeError, match=re.escape(way)):
        getattr(jit(f), name)


# Arguments where they do not belong


@pytest.mark.parametrize("name", ["jacobian", "jacrev", "jacfwd", "hessian"])
@pytest.mark.parametrize("x", [X, (X, X), 1.0], ids=["array", "arrays", "number"])
def test_arguments_beside_the_function(name, x):
    with pytest.raises(TypeError, match=rf"{name}\(f\)\(x\)"):
        getattr(autodiff_trace, name)(f, x)


@pytest.mark.parametrize("name", ["jacobian", "hessian"])
def test_arguments_beside_the_function_and_a_pattern(name):
    with pytest.raises(TypeError, match=rf"{name}\(f\)\(x\)"):
        getattr(autodiff_trace, name)(f, X, sparsity="detect")


def test_the_arguments_of_a_check_stand_beside_the_function():
    with pytest.raises(ValueError, match=r"check_grads\(f, x\)"):
        testing.check_grads(f, modes=["rev"])(X)


def test_the_vector_beside_the_function():
    with pytest.raises(TypeError, match=r"hvp\(f\)\(x, v\)"):
        hvp(f, X, X)


# Rules


def def_rule(y, x):
    def pull(g):
        return g * x
    return pull


def helped_rule(ans, x):
    return kept(lambda g: g * x)


def kept(function):
    return function


CURRIED = {
    "lambda": lambda ans, x: lambda g: g * x,
    "other names": lambda y, a: lambda g: g * a,
    "any arguments": lambda y, *args: lambda g: g * args[0],
    "any arguments, answer": lambda ans, *args, **kwargs: lambda g: g,
    "nothing closed over": lambda y, *args: lambda g: g,
    "def": def_rule,
    "by a helper": helped_rule,
    "default": lambda y, x, n=1: lambda g: g * x,
}


@pytest.mark.parametrize("rule", CURRIED.values(), ids=CURRIED)
@pytest.mark.parametrize("define", [
    lambda rule: extend.defvjp(extend.primitive(double), rule),
    lambda rule: extend.defvjp(extend.primitive(double), None, rule, argnums=(1, 0)),
    lambda rule: extend.defjvp(extend.primitive(double), rule),
    lambda rule: extend.defvjp(anp.sin, rule),
    lambda rule: custom_vjp(double).defvjps(rule),
    lambda rule: custom_jvp(double).defjvps(rule),
], ids=["defvjp", "argnums", "defjvp", "of NumPy", "defvjps", "defjvps"])
def test_curried_rules(define, rule):
    with pytest.raises(TypeError, match="curried, as in autograd.*rule\\(g, ans, \\*args\\).*autograd_compat"):
        define(rule)
    assert float(grad(anp.sin)(0.0)) == 1.0


def test_the_rule_same():
    with pytest.raises(TypeError, match="extend.linear"):
        extend.defjvp(extend.primitive(double), "same")


def test_rules_that_take_too_little_or_are_none():
    prim = extend.primitive(lambda x, y, n=1: x * y * n)
    with pytest.raises(TypeError, match="takes 3 arguments, but gets 4 or more"):
        extend.defvjp(prim, lambda g, ans, x: g)
    with pytest.raises(TypeError, match="not a function"):
        extend.defvjp(prim, 1.0)
    for not_primitive in (np.sin, double):
        with pytest.raises(TypeError, match="extend.primitive"):
            extend.defvjp(not_primitive, lambda g, ans, x: g)
        with pytest.raises(TypeError, match="extend.primitive"):
            extend.defjvp_all(not_primitive, lambda argnums, tangents, ans, args, kwargs: 0)


def rule_with_idle_helper(g, ans, x, n):
    g = 3.0 * g

    def helper():
        return x
    return g


RULES = {
    "an idle helper": rule_with_idle_helper,
    "plain": lambda g, ans, x, n: 3.0 * g,
    "any": lambda *args: 3.0 * args[0],
    "any keywords": lambda g, ans, x, **kwargs: 3.0 * g,
    "by name": lambda g, ans, x, *, n: 3.0 * g,
    "the cotangent named as the answer is elsewhere": lambda ans, out, x, n: 3.0 * ans,
    "with a helper inside": lambda g, ans, x, n: (lambda h: 3.0 * h)(g),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_rules_that_are_right_stay(rule):
    prim = extend.primitive(lambda x, n: 3.0 * x)
    extend.defvjp(prim, rule, argnums=(0,))
    by_name = rule in (RULES["by name"], RULES["any keywords"])
    run = (lambda x: prim(x, n=2)) if by_name else (lambda x: prim(x, 2))
    assert float(grad(run)(1.0)) == 3.0


# The ways

SCOPE = {
    **{name: getattr(autodiff_trace, name) for name in autodiff_trace.__all__},
    "anp": anp, "data": data, "extend": extend, "nn": nn, "optim": optim, "testing": testing, "numpy": np,
    "x": X, "y": X, "autodiff_trace": autodiff_trace, "optimizer": optim.sgd(0.1),
}
OF_THE_USER = {"f", "rule", "pullback", "push", "loss"}


def resolve(path):
    root, *names = path.split(".")
    if root == "autograd_compat":
        if importlib.util.find_spec("autodiff_trace.autograd_compat") is None:
            return
        value = importlib.import_module("autodiff_trace.autograd_compat")
        for name in names:
            value = getattr(value, name, None) or importlib.import_module(f"{value.__name__}.{name}")
        return
    value = SCOPE[root]
    for name in names:
        value = getattr(value, name)


@pytest.mark.parametrize(("library", "place", "name", "way"), ROWS, ids=[f"{row[1]} {row[2]}" for row in ROWS])
def test_the_way_exists(library, place, name, way):
    assert way[0].isupper() and not way.endswith(".") and "{}" not in way
    called = set(re.findall(r"(?<![\w.])([A-Za-z_]\w*)\(", way)) - OF_THE_USER - {"lambda"}
    dotted = {each.rstrip(".") for each in re.findall(r"(?<![\w.)])[A-Za-z_]\w*\.[\w.]+", way)}
    keywords = set(re.findall(r"(\w+)=(?!=)", way))
    for path in called | dotted:
        if not path.startswith("dx.") and path.split(".")[0] not in OF_THE_USER:
            resolve(path)
    assert keywords <= known_keywords()


@functools.cache
def known_keywords():
    functions = [each[0] for each in CALLS.values()] + [np.sum, np.std, extend.defvjp]
    return {parameter for function in functions for parameter in inspect.signature(function).parameters}


def test_ways_that_give_what_the_habit_gave():
    v = np.array([1.0, 0.0])
    assert float(vjp(f, X)[1](1.0)[0][1]) == 4.0
    np.testing.assert_array_equal(hvp(f)(X, v), 2 * v)
    output, push = linearize(f, X)
    assert (float(output), float(push(v))) == (5.0, 2.0)
    assert sorted(grad(lambda a, b: a * b, argnames=["a", "b"])(a=2.0, b=3.0)) == ["a", "b"]
    assert complex(autodiff_trace.holomorphic_grad(lambda z: z * z)(1 + 1j)) == 2 + 2j
    assert jit(lambda x, n: x * n, static_argnames="n")(2.0, n=3) == 6.0

    def write(x):
        x[0] = 3.0 * x[1]
        x[1] += 1.0
        return anp.sum(x)

    np.testing.assert_array_equal(grad(write)(X), [0.0, 4.0])
    np.testing.assert_array_equal(jacobian(lambda x: anp.add.at(x, [0, 0], x[1]) or x)(X), [[1.0, 2.0], [0.0, 1.0]])
    cube = extend.primitive(lambda x: x**3)
    extend.defvjp(cube, lambda g, ans, x: g * 3 * x**2)
    assert float(grad(cube)(2.0)) == 12.0
    twice = extend.primitive(double)
    extend.linear(twice, lambda g, ans, x: 2.0 * g)
    assert float(grad(twice)(1.0)) == 2.0
    assert float(autodiff_trace.custom_root(lambda x: anp.cos(x) - x, 1.0)) == pytest.approx(0.7390851332151607)


@pytest.mark.parametrize("name", [name for name in HABITS["PyTorch"]["x"] if hasattr(anp, name)])
def test_the_way_of_a_method_has_as_many_arguments_as_the_function_needs(name):
    way = HABITS["PyTorch"]["x"][name]
    called = re.fullmatch(rf"Write anp\.{name}\((.*)\)", way)
    if called:
        x = np.array([1, 2, 3])
        names = {"x": x, "y": x, "mask": x > 1, "axis": 0, "q": 0.5, "n": 3}
        with np.errstate(invalid="ignore"):
            eval(f"anp.{name}({called[1]})", {"anp": anp, **names})
