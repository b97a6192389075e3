"""autograd's core on the package's traces: rules in curried form, containers, types and nodes of one's own."""

import threading
import warnings

import numpy as onp
import pytest

from autodiff_trace import autograd_compat as autograd
from autodiff_trace import vmap
from autodiff_trace.autograd_compat import core, extend, grad, hessian, jacobian, make_jvp, make_vjp, tracer
from autodiff_trace.autograd_compat import numpy as np
from autodiff_trace.autograd_compat.extend import (
    Box, SparseObject, VSpace, def_linear, defjvp, defjvp_argnum, defvjp, defvjp_argnum, defvjp_argnums, primitive,
    register_notrace, vspace,
)

x2 = onp.array([1.0, 2.0])


# Rules


def test_a_rule_is_made_when_its_call_is_recorded():
    state = []

    @primitive
    def solve(x):
        state[:] = [2.0 * x]
        return onp.sum(x * x)

    def maker(ans, x):
        (seen,) = state
        return lambda g: g * seen

    defvjp(solve, maker)
    assert grad(lambda x: solve(x) + solve(3.0 * x))(x2) == pytest.approx(20.0 * x2)


def test_rules_of_several_arguments_in_each_form():
    one, each, all_at_once = [primitive(lambda x, y, scale=1.0: x * y * scale) for _ in range(3)]
    defvjp(
        one, lambda ans, x, y, scale=1.0: lambda g: g * y * scale, lambda ans, x, y, scale=1.0: lambda g: g * x * scale)
    defvjp_argnum(each, lambda i, ans, args, kwargs: lambda g: g * args[1 - i] * kwargs.get("scale", 1.0))
    defvjp_argnums(all_at_once, lambda argnums, ans, args, kwargs: (
        lambda g: [g * args[1 - i] * kwargs.get("scale", 1.0) for i in argnums]))
    for product in one, each, all_at_once:
        assert grad(product, (0, 1))(3.0, 5.0, scale=2.0) == (10.0, 6.0)
        assert grad(lambda x, f=product: f(x, x))(3.0) == 6.0
        assert grad(grad(lambda x, f=product: f(x, f(x, x))))(3.0) == 18.0
        assert hessian(lambda x, f=product: np.sum(f(x, f(x, x))))(x2) == pytest.approx(onp.diag(6.0 * x2))


def test_rules_that_say_zero_or_nothing():
    f = primitive(lambda x, y: x * y)
    defvjp(f, None, lambda ans, x, y: lambda g: g * x, argnums=(1, 0))
    assert grad(f, 1)(2.0, 3.0) == 0.0
    only_second = primitive(lambda x, y: x * y)
    defvjp(only_second, lambda ans, x, y: lambda g: g * x, argnums=(1,))
    assert grad(only_second, 1)(2.0, 3.0) == 2.0
    with pytest.raises(NotImplementedError, match=r"argnums \(0,\)"):
        grad(only_second)(2.0, 3.0)
    with pytest.raises(NotImplementedError, match="not defined"):
        grad(primitive(lambda x: x))(1.0)


def test_rules_of_forward_mode():
    double, product = primitive(lambda x: 2.0 * x), primitive(lambda x, y: x * y)
    defjvp(double, "same")
    assert make_jvp(double)(3.0)(5.0) == (6.0, 10.0)
    def_linear(product)
    assert make_jvp(lambda x: product(x, x))(3.0)(1.0) == (9.0, 6.0)
    defjvp_argnum(product, lambda i, t, ans, args, kwargs: 7.0 * t)
    assert make_jvp(lambda x: product(x, 3.0 * x))(3.0)(1.0) == (27.0, 28.0)


def test_forward_mode_follows_from_rules_of_reverse_mode():
    cube = primitive(lambda x: x**3)
    defvjp(cube, lambda ans, x: lambda g: g * 3.0 * x * x)
    assert make_jvp(cube)(2.0)(1.0) == (8.0, 12.0)
    assert autograd.deriv(autograd.deriv(cube))(2.0) == 12.0


@pytest.mark.parametrize("rows", [2, 6])
def test_rules_may_hand_their_cotangent_to_what_knows_arrays_only(rows):
    matrix = onp.arange(2.0 * rows).reshape(rows, 2)
    multiply = primitive(lambda x: matrix @ x)

    def maker(ans, x):
        def vjp(g):
            assert type(g) is onp.ndarray
            return matrix.T @ g

        return vjp

    defvjp(multiply, maker)
    assert (jacobian(multiply)(x2) == matrix).all()


@pytest.mark.parametrize("copies", [1, 4])
def test_a_jacobian_calls_its_function_once(copies):
    calls = []

    def f(x):
        calls.append(copies)
        return np.concatenate([x * onp.random.randn(2), np.sin(x), x[0] * x] * copies)

    onp.random.seed(0)
    block = jacobian(f)(x2)
    onp.random.seed(0)
    factors = onp.random.randn(2)
    expected = onp.vstack([onp.diag(factors), onp.diag(onp.cos(x2)), [[2.0, 0.0], [2.0, 1.0]]])
    assert block == pytest.approx(onp.vstack([expected] * copies)) and calls == [copies]
    assert autograd.hessian(lambda x: x**2 * x[0])(x2).shape == (2, 2, 2)


def test_rules_of_functions_that_exist_and_their_own_again():
    rule = core.primitive_vjps[np.sinc]
    for name, at in ("sign", 0.5), ("round", 0.5), ("sinc", 0.5), ("std", x2):
        fun = getattr(np, name)
        before = grad(fun)(at) if name in ("sinc", "std") else 0.0
        taken = core.primitive_vjps.pop(fun, None)
        defvjp(fun, lambda ans, x: lambda g: 7.0 * g + 0.0 * x)
        assert grad(fun)(at) == pytest.approx(7.0 + 0.0 * onp.asarray(at))
        assert jacobian(lambda x, f=fun: np.array([f(x)] * 5))(at).ravel() == pytest.approx(7.0)
        if taken is not None:
            core.primitive_vjps[fun] = taken
            assert name == "sign" or grad(fun)(at) == pytest.approx(before)
        else:
            fun.rules.restore()
    assert rule((0,), np.sinc(0.3), (0.3,), {})(1.0)[0] == pytest.approx(grad(np.sinc)(0.3))
    with pytest.raises(KeyError):
        core.primitive_vjps[np.floor]
    defvjp(len, lambda ans, x: lambda g: [5.0 * g])  # no trace sees it: it is kept for who looks for it
    assert core.primitive_vjps[len]((0,), 1, ([2.0],), {})(1.0) == [[5.0]]


def test_a_primitive_that_nodes_do_not_see():
    step = primitive(lambda x: x * 2.0)
    defvjp(step, lambda ans, x: lambda g: 2.0 * g)
    register_notrace(extend.VJPNode, step)
    assert grad(lambda x: x * step(x))(3.0) == 6.0


def test_deprecated_ways_to_give_rules():
    f = autograd.primitive(lambda x, y: x * y)
    with pytest.warns(UserWarning, match="deprecated"):
        f.defvjp(lambda g, ans, vs, gvs, x, y: g * y)
    with pytest.warns(UserWarning, match="deprecated"):
        f.defvjp_is_zero((1,))
    assert grad(f)(2.0, 3.0) == 3.0
    with pytest.warns(UserWarning, match="deprecated"):
        f.defgrad(lambda ans, x, y: lambda g: 10.0 * g)
    assert grad(f)(2.0, 3.0) == 10.0


# Containers and types of one's own


@primitive
def mix(parts):
    return {"s": parts["a"] + parts["b"][0], "t": (parts["b"][1] * 2.0, "text")}


defvjp(mix, lambda ans, parts: lambda g: {"a": g["s"], "b": [g["s"], 2.0 * g["t"][0]]})


def mixed(parts):
    out = mix(parts)
    assert out["t"][1] == "text"
    return out["s"] ** 2 + out["t"][0] ** 3


def test_primitives_take_and_give_containers():
    assert grad(mixed)({"a": 1.0, "b": [2.0, 3.0]}) == {"a": 6.0, "b": [6.0, 216.0]}
    of_one = lambda x: mixed({"a": x, "b": [x, x]})  # noqa: E731
    assert grad(of_one)(1.5) == pytest.approx(8 * 1.5 + 24 * 1.5**2)
    assert grad(grad(of_one))(1.5) == pytest.approx(8 + 48 * 1.5)
    assert vmap(grad(of_one))(x2) == pytest.approx(8 * x2 + 24 * x2**2)
    assert grad(lambda x: mixed({"a": x, "b": [0.0, 0.0]}))(1.5) == 3.0


class Pair:
    def __init__(self, a, b):
        self.a, self.b = a, b


class PairBox(Box):
    __slots__ = ()

    def scaled(self, c):
        return scale(self, c)


class PairVSpace(VSpace):
    size = 2

    def zeros(self):
        return Pair(0.0, 0.0)

    def ones(self):
        return Pair(1.0, 1.0)

    def _add(self, x, y):
        return Pair(x.a + y.a, x.b + y.b)

    _mut_add = _add


PairBox.register(Pair)
PairVSpace.register(Pair)
scale, total = primitive(lambda v, c: Pair(v.a * c, v.b * c)), primitive(lambda v: v.a + v.b)
defvjp(scale, lambda ans, v, c: lambda g: Pair(g.a * c, g.b * c), lambda ans, v, c: lambda g: g.a * v.a + g.b * v.b)
defvjp(total, lambda ans, v: lambda g: Pair(g, g))


def test_values_of_a_type_of_ones_own():
    g = grad(lambda v: total(v.scaled(2.0)) + total(v.scaled(5.0)) * total(v))(Pair(1.0, 2.0))
    assert (g.a, g.b) == (32.0, 32.0)
    assert grad(lambda c: total(scale(Pair(1.0, 2.0), c)))(3.0) == 3.0
    assert vspace(Pair(1.0, 2.0)).zeros().a == 0.0
    with pytest.raises(TypeError, match="vector space"):
        vspace(object())


def test_sparse_objects():
    take = primitive(lambda A, i: A[i])

    @primitive
    def untake(x, i, vs):
        def mut_add(A):
            A[i] += x
            return A

        return SparseObject(vs, mut_add)

    defvjp(take, lambda ans, A, i: lambda g: untake(g, i, vspace(A)))
    defvjp(untake, lambda ans, x, i, vs: lambda g: take(g, i))
    A = onp.arange(3.0)
    assert (grad(lambda A: take(A, 1) ** 3 + take(A, 2))(A) == [0.0, 3.0, 1.0]).all()
    assert (hessian(lambda A: take(A, 1) ** 3)(A) == onp.diag([0.0, 6.0, 0.0])).all()


# Operators


def test_what_grad_refuses():
    for fun, x in (lambda x: x, x2), (lambda x: 1j * x, 1.0), (lambda x: x > 0, 1.0), (lambda x: 3, 1.0):
        with pytest.raises(TypeError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            grad(fun)(x)
    for x in 1, "text", None, {"a": 1}:
        with pytest.raises(TypeError, match="Can't differentiate"):
            grad(lambda x: 1.0)(x)
    with pytest.raises(AssertionError):
        grad(lambda x: x, 1.0)


def test_a_function_that_does_not_depend_on_its_argument():
    with pytest.warns(UserWarning, match="independent of input"):
        assert (grad(lambda x: 1.0)(x2) == onp.zeros(2)).all()
    with pytest.warns(UserWarning, match="independent of input"):
        assert make_jvp(lambda x: 1.0)(3.0)(1.0) == (1.0, 0.0)


def test_products():
    f = lambda x: np.sum(x**3)  # noqa: E731
    v = onp.array([5.0, 7.0])
    assert autograd.hessian_vector_product(f)(x2, v) == pytest.approx(6.0 * x2 * v)
    assert autograd.tensor_jacobian_product(lambda x: x**2)(x2, v) == pytest.approx(2.0 * x2 * v)
    hvp, gradient = autograd.make_hvp(f)(x2)
    assert gradient == pytest.approx(3.0 * x2**2) and hvp(v) == pytest.approx(6.0 * x2 * v)
    push = autograd.differential_operators.make_jvp_reversemode(lambda x: x**2)(x2)
    assert push(v) == pytest.approx(2.0 * x2 * v)
    assert autograd.make_ggnvp(lambda x: x**2)(x2)(v) == pytest.approx(4.0 * x2**2 * v)


def test_gradients_by_name_and_of_all_arguments():
    f = lambda x, y=2.0, *more, z=1.0: x * y * z + sum(more)  # noqa: E731
    assert autograd.grad_named(f, "y")(3.0, 5.0) == 3.0
    assert autograd.multigrad_dict(f)(3.0, 5.0, 1.0, z=2.0) == {"x": 10.0, "y": 6.0, "more": (1.0,), "z": 15.0}
    gradient, aux = autograd.grad_and_aux(lambda x: (np.sum(x**2), {"half": x / 2.0, "name": "text"}))(x2)
    assert (gradient == 2.0 * x2).all() and (aux["half"] == x2 / 2.0).all() and aux["name"] == "text"
    value, gradient = autograd.value_and_grad(lambda x: np.sum(x) * 2.0)(x2)
    assert (value, list(gradient)) == (6.0, [2.0, 2.0])


def test_pullbacks_are_used_again_and_own_their_memory():
    vjp, ans = make_vjp(lambda x: x * 1.0)(x2)
    first, second = vjp(onp.ones(2)), vjp(onp.ones(2))
    first += 100.0
    ans += 100.0
    assert (second == 1.0).all() and (vjp(onp.ones(2)) == 1.0).all() and (x2 == [1.0, 2.0]).all()
    assert (make_vjp(lambda x: np.sin(x))(x2)[0](1.0) == onp.cos(x2)).all()  # a number for each of them


def test_threads():
    results = {}

    def work(i):
        results[i] = grad(lambda x: mixed({"a": x, "b": [x, i * x]}))(1.0)

    threads = [threading.Thread(target=work, args=(float(i),)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == pytest.approx({i: 8.0 + 24.0 * i**3 for i in map(float, range(8))})


# Traces of one's own


class Counter(tracer.Node):
    def __init__(self, value, fun, args, kwargs, parent_argnums, parents):
        self.seen = {name for parent in parents for name in parent.seen} | {fun.__name__}

    def initialize_root(self):
        self.seen = set()


def test_nodes_of_ones_own():
    value, node = tracer.trace(Counter.new_root(), lambda x: np.sum(np.array([x, np.sin(x)]) ** 2), 1.0)
    assert value == pytest.approx(1.0 + onp.sin(1.0) ** 2)
    assert {"sin", "power", "sum"} <= node.seen
    assert grad(lambda x: tracer.trace(Counter.new_root(), lambda y: x * y * y, x)[0])(3.0) == 27.0
    with pytest.warns(UserWarning, match="independent"):
        assert tracer.trace(Counter.new_root(), lambda x: 5.0, 1.0) == (5.0, None)


def test_graphs_that_a_client_walks():
    b = tracer.new_box(onp.array([1.0, 2.0, 3.0]), 0, core.VJPNode.new_root())
    out = np.sum(b**2) * b[0]
    assert core.backward_pass(1.0, out._node) == pytest.approx([16.0, 4.0, 6.0])
    with tracer.trace_stack.new_trace() as t:
        both = tracer.new_box((2.0, x2), t, core.VJPNode.new_root())
        end = (lambda a, b: np.sum(b) * a)(*both)
        assert tracer.isbox(end) and end._trace == both._trace and tracer.getval(end) == 6.0
    first, second = core.backward_pass(1.0, end._node)
    assert first == 3.0 and (second == 2.0).all()
    start = core.JVPNode.new_root(1.0)
    assert tracer.trace(start, lambda x: x**3 * mixed({"a": x, "b": [0.0, 0.0]}), 2.0)[1].g == 80.0
    with pytest.raises(TypeError, match="Can't differentiate"):
        tracer.new_box("text", 0, core.VJPNode.new_root())


def test_the_package_has_it_when_it_is_asked_for():
    import autodiff_trace

    assert autodiff_trace.autograd_compat is autograd


def test_classes_as_functions_that_no_trace_sees():
    """``type``, of which some Pythons say more than a function can have."""
    class Meta(type):
        __type_params__ = property(lambda cls: None)

    class Shape(tuple, metaclass=Meta):
        pass

    shape = autograd.tracer.notrace_primitive(Shape)
    assert shape([2, 3]) == (2, 3) and shape.__name__ == "Shape"


def test_builtins():
    seen = []

    def f(params):
        seen.append((autograd.isinstance(params, autograd.dict), isinstance(params, autograd.builtins.DictBox)))
        seen.append((autograd.type(params["w"]), autograd.isinstance(params["w"], onp.ndarray)))
        pair = autograd.tuple([params["w"], 1.0])
        seen.append((isinstance(pair, tuple), isinstance(pair, tracer.SequenceBox), tracer.getval(pair)[1]))
        return np.sum(pair[0]) * pair[1]

    assert (grad(f)({"w": x2})["w"] == 1.0).all()
    assert seen == [(True, True), (onp.ndarray, True), (True, True, 1.0)]
    space = vspace({"a": x2, "b": [1.0, (2.0, 3j)]})
    assert space.size == 6 and len(list(space.standard_basis())) == 6
    assert space.zeros()["b"][1] == (0.0, 0j)
    x, y = space.randn(), space.ones()
    assert space.inner_prod(space.add(x, y), y) == pytest.approx(space.inner_prod(x, y) + space.inner_prod(y, y))
    assert space == vspace(space.scalar_mul(x, 2.0))


def test_jacobians_of_primitives_that_give_tuples_call_rules_with_arrays():
    both = primitive(lambda x: (x[0] * x[1], onp.sin(x[2])))

    def pull(ans, x):
        return lambda g: onp.array([float(g[0]) * x[1], float(g[0]) * x[0], float(g[1]) * onp.cos(x[2])])

    defvjp(both, pull)
    x = onp.array([0.5, 2.0, 0.3])
    found = jacobian(lambda x: np.stack([*both(x), *both(2.0 * x)]))(x)
    expected = [[2.0, 0.5, 0.0], [0.0, 0.0, onp.cos(0.3)], [8.0, 2.0, 0.0], [0.0, 0.0, 2.0 * onp.cos(0.6)]]
    onp.testing.assert_allclose(found, expected, atol=1e-15)


def test_joins_take_any_iterable():
    params = {"a": onp.array([1.0, 2.0]), "b": onp.array([3.0, 4.0])}

    def f(params):
        return np.sum(np.stack(params.values())[1] ** 2) + np.sum(np.concatenate(map(np.sin, params.values())))

    found = grad(f)(params)
    onp.testing.assert_allclose(found["a"], onp.cos(params["a"]))
    onp.testing.assert_allclose(found["b"], 2.0 * params["b"] + onp.cos(params["b"]))


def test_a_primitive_that_reads_traced_variables_has_the_derivative_of_its_arguments_alone():
    def f(x):
        scaled = primitive(lambda y: y * x)
        both = primitive(lambda y: (y * x, y + x))
        defvjp(scaled, lambda ans, y: lambda g: g * core.getval(x))
        defvjp(both, lambda ans, y: lambda g: g[0] * core.getval(x) + g[1])
        return scaled(2.0 * x) + both(x)[0]

    assert f(3.0) == 27.0
    assert grad(f)(3.0) == 9.0


def test_values_of_an_inner_gradient_keep_what_an_outer_one_follows():
    @primitive
    def run(x, tape):
        return core.getval(x) ** 2

    def pull(ans, x, tape):  # as PennyLane does: the tape holds what was traced, of which one box is taken off
        def pull_back(g):
            found = g * 2.0 * tape[0]
            return found._value if isinstance(found, tracer.Box) else found

        return pull_back

    defvjp(run, pull, argnums=[0])
    assert grad(grad(lambda x: run(x, (x,))))(3.0) == 2.0


def test_a_jacobian_of_a_constant_warns():
    with pytest.warns(UserWarning, match="independent"):
        assert not jacobian(lambda x: onp.ones(2))(x2).any()


def test_operands_that_numpy_reads_as_arrays():
    class Matrix:
        def __array__(self, dtype=None, copy=None):
            return onp.array([[1.0, 2.0], [3.0, 4.0]])

    found = grad(lambda x: np.sum(np.matmul(x, Matrix()) ** 2))(onp.ones((1, 2)))
    onp.testing.assert_allclose(found, [[2.0 * 4.0 + 4.0 * 6.0, 6.0 * 4.0 + 8.0 * 6.0]])


def test_none_is_the_cotangent_of_what_does_not_count():
    vjp, (ans, aux) = core.make_vjp(lambda x: (np.sum(x**2), {"norm": x[0] * 3.0, "name": "text"}), x2)
    assert ans == 5.0 and aux == {"norm": 3.0, "name": "text"}
    assert (vjp((1.0, None)) == 2.0 * x2).all()
    assert (vjp((None, {"norm": 1.0, "name": None})) == [3.0, 0.0]).all()
