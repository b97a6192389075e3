"""Primitives as autograd has them: rules in curried form, containers among arguments and answers.

A rule ``maker(ans, *args)`` is called when the call is recorded, as autograd does: what it computes there, or reads
from variables, is of that time. It gives the function from the cotangent of the answer to that of the argument. The
primitive itself is one of :mod:`autodiff_trace.core.primitives`, so that every transformation knows it.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

from ..core.cotangents import DeferredCotangent
from ..core.fast.snapshots import check_and_call
from ..core.primitives import primitive as native_primitive
from ..core.recording import RecordingTrace
from ..core.tracer import box_classes, boxers, fixed_types
from .containers import holds_box, is_container, map_container, pick, put_back, take_out
from .vspaces import SparseObject, VSpace, dense, vspace

__all__ = ["Rules", "primitive", "public_form", "rules_of"]


class Rules:
    """The rules of a primitive, in autograd's form.

    ``vjpmaker(argnums, ans, args, kwargs)`` gives the function from a cotangent to the cotangents of the arguments;
    ``vjp_argnums`` are the positions that have a rule, None where all have; ``natives`` the primitives that have them.
    """

    def __init__(self, fun: Callable) -> None:
        self.fun = fun
        self.vjpmaker: Callable | None = None
        self.jvpmaker: Callable | None = None
        self.vjp_argnums: set[int] | None = None
        self.natives: list[Callable] = []
        self.before: list[tuple] = []

    def be_constant(self) -> None:
        """From now on derivatives take the answers for constants."""
        for native in self.natives:
            native.traits.differentiable = False

    def set_jvp(self, jvpmaker: Callable) -> None:
        """Give the rule of forward mode, ``jvpmaker(argnums, tangents, ans, args, kwargs)``."""
        self.jvpmaker = jvpmaker
        for native in self.natives:
            native.jvp_all = functools.partial(push_leaves, jvpmaker) if native.takes_forms else jvpmaker

    def forget(self) -> None:
        """Have no rules."""
        self.vjpmaker = self.jvpmaker = None
        for native in self.natives:
            native.jvp_all = None

    def restore(self) -> None:
        """Give a native function its own rules back."""
        for native, (vjps, find_missing, facts) in self.before:
            native.vjps.update(vjps)
            native.vjps.find_missing = find_missing
            native.jvp_all, native.traits.differentiable = facts
            del native.rules

    def check(self, argnums: Sequence) -> None:
        """Raise NotImplementedError where there is no rule."""
        known = self.vjp_argnums
        missing = argnums if self.vjpmaker is None else [i for i in argnums if known is not None and i not in known]
        if missing:
            name = getattr(self.fun, "__name__", self.fun)
            raise NotImplementedError(
                f"VJP of {name} wrt argnums {tuple(missing)} not defined: give it with defvjp({name}, …, argnums=…)."
            )

    def pull(self, argnums: tuple, ans: Any, args: Sequence, kwargs: dict) -> Callable[[Any], list]:
        """The function from the cotangent of the answer to a list of cotangents."""
        vjp = self.vjpmaker(argnums, ans, tuple(args), kwargs)
        return lambda g: list(vjp(g))


class Curried:
    """The rule of one call, as the native backward pass calls it, for an argument or a tuple of them."""

    def __init__(self, rules: Rules, argument: Any) -> None:
        self.rules = rules
        self.argument = argument
        self.argnums = argument if type(argument) is tuple else (argument,)
        self.check(rules)

    def check(self, rules):
        rules.check(self.argnums)

    def __call__(self, g: Any, ans: Any, *args: Any, **kwargs: Any) -> Any:
        return self.bind(ans, args, kwargs)(g, ans)

    def bind(self, ans: Any, args: Sequence, kwargs: dict) -> Callable[[Any, Any], Any]:
        """The same with the rules' makers called now."""
        return self.bound(self.rules.pull(self.argnums, ans, args, kwargs))

    def bound(self, pull):
        is_single = type(self.argument) is not tuple

        def rule(g, ans, *args, **kwargs):
            cotangents = pull_rows(pull, g)
            return cotangents[0] if is_single else cotangents

        return rule


class CurriedOverLeaves(Curried):
    """The same for a call that was taken apart: arguments are its form, and the traced values."""

    def check(self, rules):
        pass  # which arguments they belong to is known when the form is

    def bind(self, ans, args, kwargs):
        form, *leaves = args
        call_args, call_kwargs = put_back(form.call, leaves)
        places = [i - 1 for i in self.argnums]
        argnums = form.argnums_of(places)
        self.rules.check(argnums)
        call_ans = put_back(form.answer, [ans] if form.has_one_answer else ans)
        pull = self.rules.pull(argnums, call_ans, call_args, call_kwargs)
        templates = [form.call[0][i] for i in argnums]

        def pull_leaves(g):
            picked: dict[int, Any] = {}
            cotangents = pull(put_back(form.answer, [g] if form.has_one_answer else g))
            for template, cotangent in zip(templates, cotangents):
                pick(template, cotangent, picked)
            return [ready(picked.get(place)) for place in places]

        return self.bound(pull_leaves)


def push_leaves(jvpmaker: Callable, argnums: Sequence, ts: Sequence, ans: Any, args: Sequence, kwargs: dict) -> Any:
    """The tangents of the numbers of an answer, from those of the traced values among the arguments."""
    form, *leaves = args
    call_args, call_kwargs = put_back(form.call, leaves)
    tangents = [vspace(leaf).zeros() for leaf in leaves]
    for argnum, t in zip(argnums, ts):
        tangents[argnum - 1] = t
    followed = form.argnums_of([argnum - 1 for argnum in argnums])
    call_ts = [put_back(form.call[0][i], tangents) for i in followed]
    call_ans = put_back(form.answer, [ans] if form.has_one_answer else ans)
    picked: dict[int, Any] = {}
    pick(form.answer, jvpmaker(followed, call_ts, call_ans, call_args, call_kwargs), picked)
    pushed = [dense(picked.get(i)) for i in range(len(picked))]
    return pushed[0] if form.has_one_answer else pushed


class OwnCotangent(DeferredCotangent):
    """A cotangent of a type of the user's own, added as its vector space says."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def plus(self, g):
        other = g.value if type(g) is OwnCotangent else g
        return OwnCotangent(vspace(other).add(self.value, other))

    def settle(self):
        return self.value


def ready(g: Any) -> Any:
    """A cotangent as the native backward pass adds it."""
    kind = type(g)
    if kind in box_classes:
        return g
    if kind is SparseObject:
        return dense(g)
    return OwnCotangent(g) if kind in VSpace.mappings and is_own_type(kind) else g


def is_own_type(kind: type) -> bool:
    """Whether values of this type are neither arrays, nor numbers, nor containers."""
    return not is_container(kind) and not hasattr(kind, "__array__") and kind not in fixed_types


def pull_rows(pull: Callable[[Any], list], g: Any) -> list:
    """``pull(g)``; of a batch of cotangents one by one, since a rule may hand its own to what knows arrays only."""
    if type(g) in box_classes and not g._trace.holds_values and not isinstance(g._trace, RecordingTrace):
        return list(native_primitive(lambda g: tuple(map(ready, pull(g))))(g))
    return list(map(ready, pull(g)))


# The primitive


class Form:
    """A call with containers: where its traced values are, and after it where the numbers of its answer are."""

    def __init__(self, args: tuple, kwargs: dict) -> None:
        self.call, self.boxes = take_out((args, kwargs), is_box)
        self.answer: Any = None
        self.has_one_answer = False

    def argnums_of(self, places: Sequence[int]) -> tuple[int, ...]:
        """The arguments that have values at these places; a keyword has no rule in autograd."""
        wanted = set(places)
        argnums = []
        for i, form in enumerate(self.call[0]):
            inside: dict[int, Any] = {}
            pick(form, form, inside)
            if not wanted.isdisjoint(inside):
                argnums.append(i)
                wanted -= set(inside)
        if wanted:
            raise NotImplementedError("a traced keyword argument has no rule: hand it over by position.")
        return tuple(argnums)


def is_box(x: Any) -> bool:
    return type(x) in box_classes


def is_number(x: Any) -> bool:
    return type(x) in boxers


class NotANumber(Exception):
    """The answer of a primitive is no number or array: it is taken apart."""


def primitive(f_raw: Callable) -> Callable:
    """A function that traces see as one step, with rules of :func:`defvjp` and :func:`defjvp`.

    It may take and give lists, tuples and dicts, and values of types that are registered with ``Box`` and ``VSpace``.

    >>> from autodiff_trace.autograd_compat import grad
    >>> from autodiff_trace.autograd_compat.extend import defvjp
    >>> total = primitive(lambda parts: {"sum": parts["a"] + parts["b"]})
    >>> defvjp(total, lambda ans, parts: lambda g: {"a": g["sum"], "b": g["sum"]})
    >>> grad(lambda x: total({"a": x, "b": 3.0 * x})["sum"])(1.0)
    np.float64(4.0)
    """

    @functools.wraps(f_raw, updated=())
    def compute(*args, **kwargs):
        ans = dense(f_raw(*args, **kwargs))
        if type(ans) not in boxers:
            raise NotANumber
        return ans

    @functools.wraps(f_raw, updated=())
    def compute_over_leaves(form, *leaves):
        args, kwargs = put_back(form.call, leaves)
        form.answer, numbers = take_out(dense_items(f_raw(*args, **kwargs)), is_number)
        form.has_one_answer = is_place(form.answer)
        if not numbers:
            raise TypeError(f"Can't differentiate w.r.t. type {type(put_back(form.answer, ()))}: the answer of "
                            f"{getattr(f_raw, '__name__', f_raw)} has no floating-point number in it.")
        return numbers[0] if form.has_one_answer else tuple(numbers)

    simple = native_primitive(compute)
    over_leaves = native_primitive(compute_over_leaves)

    @functools.wraps(f_raw, updated=())
    def f_wrapped(*args, **kwargs):
        is_traced = is_apart = False
        for arg in (*args, *kwargs.values()) if kwargs else args:
            kind = type(arg)
            if kind in box_classes:
                is_traced = True
            elif kind not in fixed_types and is_container(kind) and holds_box(arg):
                is_apart = True
        if not is_traced and not is_apart:
            return f_raw(*args, **kwargs)
        if not is_apart and not f_wrapped.gives_containers:
            try:
                return bind_rules(simple(*args, **kwargs), simple)
            except NotANumber:
                f_wrapped.gives_containers = True
        if kwargs and any(type(arg) in box_classes or holds_box(arg) for arg in kwargs.values()):
            args, kwargs = by_position(f_raw, args, kwargs)
        form = Form(args, kwargs)
        ans = bind_rules(over_leaves(form, *form.boxes), over_leaves)
        return put_back(form.answer, [ans] if form.has_one_answer else ans)

    rules = Rules(f_wrapped)
    f_wrapped.fun = f_raw
    f_wrapped._is_autograd_primitive = True
    f_wrapped.gives_containers = False
    f_wrapped.rules = rules
    use_rules(simple, rules, Curried)
    use_rules(over_leaves, rules, CurriedOverLeaves)
    return f_wrapped


def is_place(form: Any) -> bool:
    return not is_container(type(form))


def dense_items(x: Any) -> Any:
    return map_container(dense_items, x) if is_container(type(x)) else dense(x)


def by_position(fun: Callable, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
    """A call with as many arguments by position as ``fun`` takes."""
    try:
        call = inspect.signature(fun).bind(*args, **kwargs)
    except (TypeError, ValueError):  # the function says it itself, or does not tell its parameters
        return args, kwargs
    call.apply_defaults()
    return call.args, call.kwargs


def use_rules(native: Callable, rules: Rules, kind: type[Curried]) -> None:
    """Let a native primitive have ``rules``."""
    before = dict(native.vjps), native.vjps.find_missing, (native.jvp_all, native.traits.differentiable)
    rules.before.append((native, before))
    native.vjps.clear()
    native.vjps.find_missing = functools.partial(kind, rules)
    native.rules = rules
    native.takes_forms = kind is CurriedOverLeaves
    rules.natives.append(native)


def bind_rules(ans: Any, native: Callable) -> Any:
    """``ans``, the answer of a primitive, with the rules of its nodes bound to the call, in all traces that saw it."""
    outputs = ans if type(ans) is tuple else (ans,)
    if not outputs or type(outputs[0]) not in box_classes:
        return ans
    bind_rules(tuple([box._value if type(box) in box_classes else box for box in outputs]), native)
    bound: dict[int, Any] = {}
    for box in outputs:
        node = box._node if type(box) in box_classes else None
        if type(node) is not tuple or len(node) != 7 or node[6] is not native:
            continue
        if isinstance(rule_under_checks(node[1]), Curried):
            box._node = bind_node(node)
        elif type(node[2]) is tuple:  # one of several outputs: its parent is the node of the call
            parent = bound.setdefault(node[2][0], None) or bind_node(node[2])
            bound[node[2][0]] = parent
            box._node = (*node[:2], parent, *node[3:])
    return ans


def rule_under_checks(rule: Any) -> Any:
    return rule.args[0] if isinstance(rule, functools.partial) and rule.func is check_and_call else rule


def bind_node(node: tuple) -> tuple:
    """A node whose rule has been bound to its arguments, which it keeps no more."""
    index, rule, parent, ans, args, kwargs, prim = node
    bound = rule_under_checks(rule).bind(ans, args, kwargs)
    if isinstance(rule, functools.partial):
        bound = functools.partial(check_and_call, bound, *rule.args[1:])
    return index, bound, parent, ans, (), {}, prim


# Rules of functions that exist


def public_form(native: Callable) -> Callable:
    """The primitive that clients know, of the native one that traces see."""
    rules = getattr(native, "rules", None)
    return rules.fun if type(rules) is Rules and native is rules.natives[0] else native


def rules_of(fun: Callable) -> Rules:
    """The rules of ``fun``, to be changed: of a primitive of this package, or of a native function, which from now on
    has these.

    Raises NotImplementedError for a function that is neither.
    """
    rules = getattr(fun, "rules", None)
    if type(rules) is Rules:
        return rules
    if hasattr(fun, "vjps"):
        rules = Rules(fun)
        use_rules(fun, rules, Curried)
        fun.overwriting.clear()
        fun.traits.unread.clear()
        fun.traits.linear_in = fun.traits.multilinear_in = ()
        fun.traits.differentiable = True
        return rules
    if hasattr(fun, "fun") and has_definition(fun):
        return replace_definition(fun)
    name = getattr(fun, "__name__", fun)
    raise NotImplementedError(f"{name} is no primitive: give the rules to primitive({name}), and call that.")


def has_definition(fun: Callable) -> bool:
    """Whether a native function hands traced calls to its definition by other functions."""
    return "_definition" in fun.__globals__ or "definition" in fun.__code__.co_freevars


def replace_definition(fun: Callable) -> Rules:
    """Let a function that is defined by others, with ``numpy.canonical.bind`` or ``composite``, be a primitive."""
    replacement = primitive(fun.fun)
    if "definition" in fun.__code__.co_freevars:
        fun.__closure__[fun.__code__.co_freevars.index("definition")].cell_contents = replacement
    else:
        fun.__globals__["_replacement"] = replacement
        fun.__defaults__ = fun.__kwdefaults__ = None
        fun.__code__ = call_replacement.__code__
    fun.rules = replacement.rules
    return replacement.rules


def call_replacement(*args, **kwargs):
    return _replacement(*args, **kwargs)  # noqa: F821, of the globals of the function that it replaces
