"""Rules in curried form, bound to the calls that they were recorded for.

``maker(ans, *args)`` is called when the call is recorded, as autograd does: what it computes there, or reads from
variables, is of that time. It gives the function from the cotangent of the answer to that of the argument.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.fast.donation import ALONE, getrefcount
from ..core.fast.snapshots import check_and_call
from ..core.forward import transpose_vjp
from ..core.tracer import box_classes
from ..numpy.shared_results import own_result
from .containers import Place, is_container, map_container, pick, put_back
from .cotangents import pull_rows, push_rows
from .vspaces import VSpace, dense, ready, vspace

__all__ = ["Curried", "CurriedOverLeaves", "Rules", "bind_rules", "use_rules"]


class Rules:
    """The rules of a primitive, in autograd's form.

    ``vjpmaker(argnums, ans, args, kwargs)`` gives the function from a cotangent to the cotangents of the arguments;
    ``vjpmakers`` are those of single arguments, ``maker(ans, *args, **kwargs)``, by position, None where there is one
    for all; ``natives`` the primitives that have them; ``original``, of a function of the package, one that keeps its
    own.
    """

    def __init__(self, fun: Callable) -> None:
        self.fun = fun
        self.vjpmaker: Callable | None = None
        self.jvpmaker: Callable | None = None
        self.vjpmakers: dict[int, Callable] | None = None
        self.natives: list[Callable] = []
        self.undo: list[Callable] = []
        self.original: Callable | None = None

    def be_constant(self) -> None:
        """From now on derivatives take the answers for constants."""
        for native in self.natives:
            native.traits.differentiable = False

    def set_vjp(self, vjpmaker: Callable, vjpmakers: dict[int, Callable] | None = None) -> None:
        """Give the rules of reverse mode."""
        self.vjpmaker, self.vjpmakers = vjpmaker, vjpmakers
        for native in self.natives:
            native.vjps.clear()

    def set_jvp(self, jvpmaker: Callable) -> None:
        """Give the rule of forward mode, ``jvpmaker(argnums, tangents, ans, args, kwargs)``."""
        self.jvpmaker = jvpmaker
        for native in self.natives:
            maker = functools.partial(push_leaves, jvpmaker) if native.takes_forms else jvpmaker
            native.jvp_all = functools.partial(push_rows, maker)

    def forget(self) -> None:
        """Have no rules."""
        self.vjpmaker = self.vjpmakers = self.jvpmaker = None
        for native in self.natives:
            native.vjps.clear()
            native.jvp_all = None

    def restore(self) -> None:
        """Give a native function its own rules back."""
        for undo in self.undo:
            undo()

    def check(self, argnums: Sequence) -> None:
        """Raise NotImplementedError where there is no rule."""
        known = self.vjpmakers
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
        self.vjpmaker = rules.vjpmakers.get(argument) if rules.vjpmakers else None
        self.check(rules)

    def check(self, rules):
        rules.check(self.argnums)

    def __call__(self, g: Any, ans: Any, *args: Any, **kwargs: Any) -> Any:
        return self.bind(ans, args, kwargs)(g, ans)

    def bind(self, ans: Any, args: Sequence, kwargs: dict) -> Callable[[Any, Any], Any]:
        """The same with the rules' makers called now."""
        if self.vjpmaker is not None:  # of one argument, as a rule (1 µs)
            return bound_to_one(self.vjpmaker(ans, *args, **kwargs))
        return self.bound(self.rules.pull(self.argnums, ans, args, kwargs))

    def bound(self, pull):
        is_single = type(self.argument) is not tuple

        def rule(g, ans, *args, **kwargs):
            cotangents = pull_rows(pull, g)
            return cotangents[0] if is_single else cotangents

        return rule


def bound_to_one(pull: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    def rule(g, ans, *args, **kwargs):
        if type(g) is not np.ndarray:
            return pull_rows(lambda g: [pull(g)], g)[0]
        cotangent = pull(g.copy())
        if type(cotangent) is not np.ndarray:
            return ready(cotangent)
        is_alone = getrefcount(cotangent) == ALONE
        return cotangent if is_alone and cotangent.base is None else own_result(cotangent, is_alone, ())

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
    call_ts = [put_tangents(form.call[0][i], tangents) for i in followed]
    answers = [ans] if form.has_one_answer else ans
    call_ans = put_back(form.answer, answers)
    picked: dict[int, Any] = {}
    pick(form.answer, jvpmaker(followed, call_ts, call_ans, call_args, call_kwargs), picked)
    pushed = [dense(picked[i]) if i in picked else vspace(answer).zeros() for i, answer in enumerate(answers)]
    return pushed[0] if form.has_one_answer else pushed


def put_tangents(form: Any, tangents: Sequence) -> Any:
    """``form`` with tangents in the places, and zeros in those of other numbers."""
    if type(form) is Place:
        return tangents[form.i]
    if is_container(type(form)):
        return map_container(lambda item: put_tangents(item, tangents), form)
    return vspace(form).zeros() if type(form) in VSpace.mappings else form


# Binding


def use_rules(native: Callable, rules: Rules, kind: type[Curried]) -> None:
    """Let a native primitive have ``rules``; until one of reverse mode is given those of the original."""

    def find_vjp(argument):
        if rules.original is not None and rules.vjpmaker is None:
            return rules.original.vjps[argument]
        rule = native.vjps[argument] = kind(rules, argument)
        return rule

    native.vjps.clear()
    native.vjps.find_missing = find_vjp
    native.jvps.clear()
    native.jvps.find_missing = lambda argument: transpose_vjp(native.vjps[argument])
    native.rules = rules
    native.takes_forms = kind is CurriedOverLeaves
    rules.natives.append(native)


def bind_rules(ans: Any, native: Callable) -> Any:
    """``ans``, the answer of a primitive, with the rules of its nodes bound to the call, in all traces that saw it."""
    calls: dict[int, Any] = {}
    for box in ans if type(ans) is tuple else (ans,):
        bind_output(box, native, calls)
    return ans


def bind_output(box: Any, native: Callable, calls: dict[int, Any]) -> None:
    """The same for one output: ``calls`` has the bound nodes of calls with several, by their indices."""
    if type(box) not in box_classes:
        return
    level = box._trace.level
    if type(box._value) in box_classes:
        box._value = below(box._value, level)
        bind_output(box._value, native, calls)
    node = box._node
    if type(node) is not tuple or len(node) != 7 or node[6] is not native:
        return
    if isinstance(rule_under_checks(node[1]), Curried):
        box._node = bind_node(node, level)
    elif type(node[2]) is tuple:  # one of several outputs: its parent is the node of the call
        call = node[2]
        if call[0] not in calls:
            calls[call[0]] = bind_node(call, level)
        box._node = (*node[:2], calls[call[0]], *node[3:])


def rule_under_checks(rule: Any) -> Any:
    return rule.args[0] if isinstance(rule, functools.partial) and rule.func is check_and_call else rule


def below(value: Any, level: float) -> Any:
    """An answer in a trace of that level, without boxes of that trace in it, which it has where the function reads
    traced variables besides its arguments: of these a rule knows nothing."""
    if type(value) is tuple:
        return tuple([below(item, level) for item in value])
    while type(value) in box_classes and value._trace.level >= level:
        value = value._value
    return value


def bind_node(node: tuple, level: float) -> tuple:
    """A node whose rule has been bound to its arguments, which it keeps no more."""
    index, rule, parent, ans, args, kwargs, prim = node
    ans = below(ans, level)
    bound = rule_under_checks(rule).bind(ans, args, kwargs)
    if isinstance(rule, functools.partial):
        bound = functools.partial(check_and_call, bound, *rule.args[1:])
    return index, bound, parent, ans, (), {}, prim
