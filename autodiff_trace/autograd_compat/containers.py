"""Values inside lists, tuples and dicts: taken out of arguments and answers, and put back.

>>> form, values = take_out({"a": 1.0, "b": [2.0, "text"]}, lambda x: type(x) is float)
>>> values, put_back(form, [10.0, 20.0])
([1.0, 2.0], {'a': 10.0, 'b': [20.0, 'text']})
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from ..core.tracer import box_classes, fixed_types

__all__ = ["Form", "Place", "holds_box", "is_box", "is_container", "map_container", "pick", "put_back", "take_out"]


class Place:
    """Stands for value number ``i`` in a form."""

    __slots__ = ("i",)

    def __init__(self, i: int) -> None:
        self.i = i


def is_container(kind: type) -> bool:
    """Whether values of this type are containers to autograd."""
    return kind is list or kind is tuple or kind is dict or issubclass(kind, (list, tuple, dict))


def map_container(fun: Callable[[Any], Any], x: Any) -> Any:
    """The container of ``fun`` of each item."""
    kind = type(x)
    if isinstance(x, dict):
        items = {name: fun(item) for name, item in x.items()}
        return items if kind is dict else kind(items)
    items = [fun(item) for item in x]
    if kind is list:
        return items
    return kind(*items) if hasattr(kind, "_fields") else kind(items)


def take_out(x: Any, is_wanted: Callable[[Any], bool]) -> tuple[Any, list]:
    """``x`` with places in it, and the values that were there."""
    values: list = []

    def form_of(x):
        if is_wanted(x):
            values.append(x)
            return Place(len(values) - 1)
        kind = type(x)
        if kind is tuple or kind is list:
            items = [form_of(item) for item in x]
            return items if kind is list else tuple(items)
        if kind in fixed_types:
            return x
        if kind is dict and not x:
            return {}
        return map_container(form_of, x) if is_container(kind) else x

    return form_of(x), values


def put_back(form: Any, values: Sequence) -> Any:
    """``form`` with values in the places."""
    kind = type(form)
    if kind is Place:
        return values[form.i]
    if kind is tuple or kind is list:  # as a rule: written out (2 µs a call)
        items = [values[item.i] if type(item) is Place else put_back(item, values) for item in form]
        return items if kind is list else tuple(items)
    if kind in fixed_types:
        return form
    if kind is dict and not form:
        return {}
    return map_container(lambda item: put_back(item, values), form) if is_container(type(form)) else form


def pick(form: Any, x: Any, picked: dict[int, Any]) -> None:
    """Put what ``x``, which is like ``form``, has in the places into ``picked``: it may have less."""
    if type(form) is Place:
        picked[form.i] = x
    elif x is not None and is_container(type(form)):
        keys: Iterable = form.keys() & x.keys() if isinstance(form, dict) else range(min(len(form), len(x)))
        for key in keys:
            pick(form[key], x[key], picked)


def holds_box(x: Any) -> bool:
    """Whether ``x`` is a container with traced values in it, at any depth."""
    kind = type(x)
    if kind in fixed_types or not is_container(kind):
        return False
    return any(type(item) in box_classes or holds_box(item) for item in (x.values() if isinstance(x, dict) else x))


def is_box(x: Any) -> bool:
    return type(x) in box_classes


class Form:
    """A call with containers: where its traced values are, and after it where the numbers of its answer are.

    ``computed`` has the answer, if that is known already. Containers at positions without a rule, where ``known`` says
    which have one, stay as they are.
    """

    def __init__(self, args: tuple, kwargs: dict, computed: list, known: Collection[int] | None) -> None:
        kept = {i: arg for i, arg in enumerate(args) if known is not None and i not in known and not is_box(arg)}
        taken = [None if i in kept else arg for i, arg in enumerate(args)]
        (forms, keywords), self.boxes = take_out((taken, kwargs), is_box)
        self.call = tuple([kept.get(i, form) for i, form in enumerate(forms)]), keywords
        self.computed = computed
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
