"""Traits: what is declared of one function, in one record that all modes and the compiler read. Knows no array library.

A record stands with each primitive, as ``prim.traits``. What computes the same function in other forms (``np.add``,
``operator.add``) is found in it by :func:`traits_of`. Facts are declared in the module of the function's rules, in any
order; ``tests/test_traits.py`` checks each of them on random operands.
"""

from __future__ import annotations

import dataclasses
import itertools
import sys
from collections.abc import Callable, Sequence
from typing import Any

__all__ = [
    "ALL", "ANSWER", "ARGUMENTS", "Traits", "UNKNOWN", "declare", "declares", "several_of", "table", "traits_of",
]

ANSWER = "ans"
ARGUMENTS = "args"
ALL = "all"
"""In the place of an argument: what is said of those that have no entry of their own."""


@dataclasses.dataclass(slots=True, eq=False, repr=False)
class Traits:
    """What is known of a function. A fact that is not declared is not known to hold, and nothing relies on it."""

    fun: Callable | None = None
    """The function itself."""
    fast_fun: Callable | None = None
    """A quicker form of it, for arguments of which at least one is an array or a NumPy scalar."""

    # Calls
    is_users: bool = False
    """It is neither NumPy's nor this library's, so that nothing is known but what its rules say."""
    indexes: bool = False
    """The second argument is an index into the first: integers in it may be out of bounds."""
    sequence_args: tuple[int, ...] = ()
    """Positions of arguments that are sequences of arrays; elsewhere a list of traced values is made an array."""
    most_args: int = sys.maxsize
    """How many arguments can be given by position before ``out_name``, which the primitive gets as a keyword alone."""
    out_name: str = "out"
    protocol_form: Callable | None = None
    """What computes it by NumPy's protocols alone, where the function itself looks into memory."""

    # Mathematics
    differentiable: bool = True
    """False: piecewise constant, so that derivatives skip it."""
    elementwise: bool = False
    """Operands are broadcast, and each element of the answer, which is one array, depends on those at its place."""
    linear_in: tuple = ()
    """Arguments, by position, in which it is linear together: its derivative in them does not depend on them (between
    steps, if it has some)."""
    multilinear_in: tuple = ()
    """Arguments in each of which it is linear, as a product is."""
    moves_elements: bool = False
    """Each element of the answer is one of the arguments', or a sum of some with weights above zero, so that its own
    rules say where the elements of a mask go."""
    moves_from: tuple[int, ...] = ()
    """Operands, or sequences of them, of which each element of the answer is one, or zero: what it makes of numbers
    says which."""
    by_matrix: bool = False
    """Each matrix of a stack, the one argument, has an answer of its own."""
    takes_selected: bool = False
    """Its rule takes selected cotangents as they are."""
    commutative: bool = False
    """The two operands can change places, to the last digit."""
    associative: bool = False
    """A reduction by it may take the elements in any order (but for rounding)."""
    differs_by_choice: bool = False
    """Of what is piecewise constant: it may differ for another choice of vectors (``core/choices``)."""
    shaped_by_values: bool = False
    """The shape or the dtype of the answer depends on values, not on parameters such as axes alone."""

    # What its rules read (``core/fast/residuals``)
    unread: dict[Any, tuple] = dataclasses.field(default_factory=dict)
    """From the argument that is followed, or a tuple of several, to that of which its rule reads no values."""
    answer_tells: bool = False
    """A small array for an answer says that there is little to forget."""

    # Rules of further modes
    batching: Callable | None = None
    """Its batching rule (``core/batching``)."""
    series: Callable | None = None
    """Its series rule (``core/taylor``)."""
    sparsity: Callable | None = None
    """Its rule of which elements depend on which (``numpy/sparsity``)."""

    # Memory
    makes_view: bool = False
    """The answer may lie in the memory of the first argument, and in that of no other."""
    passes_on: bool = False
    """The answer may be the very first argument: shape and dtype decide, unless an order in memory is asked for."""
    may_give_first: bool = False
    """The answer is the very first argument for some values of it."""
    owns_memory: bool = False
    """The answer never lies in the memory of an argument."""
    writes_first: bool = False
    """It is a write into the first argument, or a copy of that."""
    buffer_position: int | None = None
    """Where compiled programs give it an array to write its answer into."""

    # Values
    harmless: bool = False
    """It raises for no values (it may warn), but for those that ``raises_on`` names."""
    raises_on: str = ""
    """Kinds of answers with which it raises all the same: "n" for Python's numbers, "i" and "u" for integers."""
    shows_nan: bool = False
    """The answer is NaN wherever what it gets is, or leaves that out altogether."""
    finite_at: float = 1
    """An argument at which a ufunc is finite."""

    # Compiled programs
    float_form: Callable | None = None
    """What computes it on Python's floats (and raises an error where NumPy gives an infinity or NaN of finite ones)."""
    hides: tuple[int, ...] = ()
    """Operands that may be infinite or NaN although what ``float_form`` gives is finite."""
    takes_truths: bool = False
    """Where NumPy's answer is a truth value, that of ``float_form`` is one, too."""
    cost: float = 0.2
    """Nanoseconds for an element that is in cache, more or less (measured on one processor)."""


UNKNOWN = Traits()
"""Of functions of which nothing is declared."""

table: dict[Callable, Traits] = {}


def traits_of(function: Any) -> Traits:
    """What is declared of a primitive, of the function under it, or of another form of that."""
    try:
        found = table.get(function)
        if found is not None:
            return found
        found = getattr(function, "traits", None)
    except TypeError:  # it cannot be hashed
        return UNKNOWN
    return found if type(found) is Traits else UNKNOWN


def declare(
    *functions: Callable[..., Any], reads: str | None = None, unread: dict[Any, Any] | None = None, **facts: Any
) -> None:
    """Declare facts, by the names of the fields of :class:`Traits`, of primitives or of plain functions.

    ``reads``: what the rules read alone, ``"ans"`` (``exp``) or ``"args"`` (``sin``). Those of ``linear_in`` read
    shapes, those of ``multilinear_in`` the other argument; ``unread`` says what differs from that.

    >>> import math
    >>> declare(math.gcd, math.lcm, commutative=True)
    >>> traits_of(math.gcd).commutative
    True
    """
    linear = [i for i in facts.get("linear_in", ()) if isinstance(i, int)]
    factors = facts.get("multilinear_in", ())
    unread = {
        **READS[reads], **dict.fromkeys([*linear, *several_of(linear)], (*linear, ANSWER)),
        **{i: (i, ANSWER) for i in factors}, **dict.fromkeys(several_of(factors), (ANSWER,)), **(unread or {}),
    }
    for function in functions:
        traits = traits_of(function)
        if traits is UNKNOWN:
            traits = table[function] = Traits(function, function)
        traits.unread.update(unread)
        for name, fact in facts.items():
            setattr(traits, name, fact)
            if name == "fast_fun":
                table[fact] = traits
            elif name == "float_form":  # it raises errors of its own, so it has a record of its own
                table.setdefault(fact, Traits(fact, fact, float_form=fact))


def several_of(arguments: Sequence[int]) -> list[tuple]:
    """The ways to take two or more of the arguments."""
    return [each for count in range(2, len(arguments) + 1) for each in itertools.combinations(arguments, count)]


READS: dict[Any, dict] = {
    None: {},
    ANSWER: {0: (0,)},
    ARGUMENTS: {0: (ANSWER,), 1: (ANSWER,), (0, 1): (ANSWER,)},
}
"""What rules do not read, by what they read."""


def declares(**facts: Any) -> Callable[[Callable], Callable]:
    """Decorate a function of which ``facts`` hold."""

    def decorate(function):
        declare(function, **facts)
        return function

    return decorate
