"""``jit``: run a function once, and from then on replay what it did as a straight list of NumPy calls.

The compiler itself is loaded by the first call of these functions: it is more than half of the package.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from ..core.tracebacks import border
from ..core.transformed import check_function
from ..core.unknown_names import unknown_keyword
from .pass_names import PASSES
from .selection import check_selection

if TYPE_CHECKING:
    from .. import compiler
else:  # its Graph is loaded when it is asked for, by typing.get_type_hints
    compiler = sys.modules[__package__]

__all__ = ["graph", "jit"]


@border
def jit(
    fun: Callable | None = None, static_argnames: str | Sequence[str] = (), passes: Sequence[str] = PASSES,
    constant: str | Sequence[str] = (), backend: str = "auto", math: str = "own",
    **unknown: NoReturn,
) -> Any:
    """``fun``, compiled: run once, and from then on replayed as a straight list of NumPy calls.

    Arguments:
        fun: any function of numbers, arrays and containers of them, also a method; what ``grad``, ``vmap`` … return.
        static_argnames: names of arguments that are no numbers to compute with (a count of layers, a mode): they are
            passed on as they are, and each value has programs of its own. Text, None, truth values and objects are
            static without being named.
        passes: the names of the optimisations, all of ``autodiff_trace.compiler.PASSES`` unless told otherwise; leave
            some out to find which is at fault. TypeError for a name that is none of them.
        constant: variables outside ``fun`` that do not change, or whose changes do not matter, as warnings name them:
            ``"table"``, ``"self.logger"``, ``'cfg["names"]'``, with all that is reached through them.
        backend: what runs the programs. ``"numpy"``: NumPy. ``"native"``: machine code, made by llvmlite (``pip install
            autodiff_trace[native]``) in the first call, for all that it can do as NumPy does; the rest is NumPy's, and
            so is all of it where there is no llvmlite, as a :class:`JitWarning` says once. ``"auto"``: NumPy, and if
            llvmlite is there machine code from some later call on, which is made in the background after the second
            call with such arguments; or what ``AUTODIFF_TRACE_BACKEND`` in the environment says. ValueError for others.
        math: whose functions machine code calls for ``exp``, ``sin`` …: ``"own"``, which differ by a unit in the last
            place or two, or ``"numpy"``, NumPy's, to the last bit and slower.

    Returns a function with the signature and the results of ``fun``; it can be differentiated, batched, jitted and
    pickled, and has ``graph``, ``cache_info`` and ``clear_cache``. ``@jit`` and ``@jit(static_argnames=...)`` decorate.

    >>> from autodiff_trace import grad, jit, numpy as anp
    >>> slope = jit(grad(lambda x: anp.sum(x**2)))
    >>> slope(anp.array([1.0, 2.0])), slope(anp.array([3.0, 4.0]))
    (array([2., 4.]), array([6., 8.]))
    >>> slope.cache_info().traces, slope.cache_info().hits
    (1, 1)

    **Programs are kept** for each structure, shape, strides and dtype of the arguments (128 of them), and for each path
    that Python took: what Python saw of a value, in ``if``, ``while``, ``int(x)``, ``items[i]``, ``f"{x}"``, is
    compared in each run, and where it is another the function is traced anew along the new path. So are shapes that
    depend on values: ``x[x > 0]``. After 32 paths such calls run the function itself, and a :class:`JitWarning` says
    so, once: ``math.sin(x)`` shows Python each value, ``anp.sin(x)`` none. So does a function whose arguments are new
    call after call (32 kinds of them, and one more for each eight hits), or that raises an error each time it is
    traced.

    >>> @jit(static_argnames="count")
    ... def root(x, count):
    ...     y = x
    ...     for _ in range(count):
    ...         y = (y + x / y) / 2
    ...     return y if y >= 0 else None
    >>> round(root(2.0, count=5), 9), root(-2.0, count=5)
    (1.414213562, None)

    **Results, errors and warnings** are those of ``fun``, of the same types, and share no memory that those of ``fun``
    do not. An error shows the line of the program, and before it that of the function. Of an operation whose result is
    not used the warning may be missing. Assignment to items of an argument works on a copy, as in ``grad``.

    **Variables outside** that the code of ``fun`` reads, closed over, global, attributes, items, also of helpers and
    methods, may be changed: programs read arrays when they run; other variables are compared in each run (10 to 30 ns
    each), and the function is traced anew, or after 8 states runs as it is, with a warning that names them. What it
    does not name costs nothing: ``self.step += 1`` beside a method that reads ``self.lam``. What nobody can watch (an
    iterator, a clock, ``os.environ``, an object of an installed package) makes it run as it is, with a warning that
    says which: pass it as an argument, or vouch for it with ``constant``. ``docs/surroundings.md`` is the list. A
    number that changes twice, and an array or a container of arrays that is replaced by another of the same form, is
    from then on read anew in each run, like an argument. What ``fun`` computes from arrays outside alone is a constant
    as long as they hold what they hold: they are compared as a whole, which takes 0.1 µs for 1 KB and 30 µs for 1 MB.

    **Side effects** (printing) happen when ``fun`` is traced, not when it is replayed. A function that changes
    variables that are watched or containers among its arguments, catches errors of what it computes, returns objects
    of its own, or draws from a generator, runs as it is, with the warning. ``anp.random`` is replayed: its numbers are
    drawn anew, and are the same as without ``jit``.
    """
    if unknown:
        raise unknown_keyword("jit", unknown)
    if fun is None:
        check_selection(backend, math)
        return functools.partial(
            jit, static_argnames=static_argnames, passes=passes, constant=constant, backend=backend, math=math)
    names = static_argnames if isinstance(static_argnames, (tuple, list)) else (static_argnames,)
    passes = (passes,) if isinstance(passes, str) else tuple(passes)
    unknown = [name for name in passes if name not in PASSES]
    if unknown:
        raise TypeError(f"jit: there is no pass {unknown[0]!r}; there are {', '.join(map(repr, PASSES))}.")
    constants = (constant,) if isinstance(constant, str) else tuple(constant)
    if not all(isinstance(each, str) for each in constants):
        raise TypeError(f"jit: constant={constant!r}; give the names of variables, as warnings have them.")
    from .jitted import Jitted

    return Jitted(fun, tuple(names), passes, constants, check_selection(backend, math))


@border
def graph(fun: Callable, /, *args: Any, **kwargs: Any) -> compiler.Graph:
    """Run ``fun`` once on these arguments and return what it did: ``jit(fun).graph(*args, **kwargs)``.

    Raises TracedValueError for a function that no replay can repeat.

    >>> g = graph(lambda x, y: x * y + x, 2.0, 3.0)
    >>> [node.name for node in g.nodes], [node.value for node in g.nodes]
    (['x', 'y', 'multiply', 'add'], [2.0, 3.0, 6.0, 8.0])
    >>> g(4.0, 5.0)
    24.0
    """
    from .jitted import Jitted

    check_function("graph", fun, "graph(f, x), not graph(f(x))")
    return (fun if isinstance(fun, Jitted) else jit(fun)).graph(*args, **kwargs)
