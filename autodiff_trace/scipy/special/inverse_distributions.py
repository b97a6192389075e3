"""Rules of the inverses of distribution functions: their derivatives follow from those of the functions.

SciPy's inverse of F in an argument has the value p of F in the place of it: ``stdtrit(df, p)`` solves
``stdtr(df, t) = p`` for t. With y for the answer, ∂y/∂p = 1 / F_y and ∂y/∂x = −F_x / F_y.

Where there is no such y, SciPy gives an end of the interval in which it looks for it: that does not move.
"""

from __future__ import annotations

import scipy.special

from ...numpy import wrapped as anp
from ...numpy.error_states import quiet
from . import wrapped as special
from .families import partial, quiet_elementwise, slopes_of


SMALLEST, LARGEST = 1e-100, 1e100
"""The ends of what SciPy looks at."""


def inverse(name, function, place, fixed=()):
    """Give ``special.name`` the rules of the inverse of ``function`` in its argument ``place``; in the
    arguments ``fixed``, which are counts, nothing changes."""

    def slope(i):
        @quiet
        def derivative(ans, *args):
            solved = (*args[:place], ans, *args[place + 1 :])
            steepness = partial(function, place, solved)
            slope = 1 / steepness if i == place else -partial(function, i, solved) / steepness
            size = anp.absolute(ans)
            is_end = anp.logical_or(anp.less_equal(size, SMALLEST), anp.greater_equal(size, LARGEST))
            rest = anp.absolute(function(*solved) - args[place])
            is_fixed = anp.logical_not(anp.less_equal(rest, 1e-6 * anp.absolute(args[place])))
            if i != place:
                is_fixed = anp.logical_or(is_fixed, anp.isnan(slope))
            return anp.where(anp.logical_and(is_end, is_fixed), 0, slope)

        return None if i in fixed else derivative

    if hasattr(special, name):
        wrapped = getattr(special, name)
        quiet_elementwise(wrapped, *[slope(i) for i in range(wrapped.fun.nin)])


def binomial(k, n, p):
    """``bdtr`` between whole numbers."""
    return special.betainc(n - k, k + 1, 1 - p)


def negative_binomial(k, n, p):
    return special.betainc(n, k + 1, p)


inverse("bdtrik", binomial, 0)
inverse("bdtrin", binomial, 1)
inverse("btdtria", special.betainc, 0)
inverse("btdtrib", special.betainc, 1)
inverse("chdtriv", special.chdtr, 0)
inverse("chndtrix", special.chndtr, 0)
inverse("chndtridf", special.chndtr, 1)
inverse("chndtrinc", special.chndtr, 2)
inverse("fdtri", special.fdtr, 2)
inverse("fdtridfd", special.fdtr, 1)
inverse("gdtria", special.gdtr, 0)
inverse("gdtrib", special.gdtr, 1)
inverse("gdtrix", special.gdtr, 2)
inverse("kolmogi", special.kolmogorov, 0)
inverse("nbdtrik", negative_binomial, 0)
inverse("nbdtrin", negative_binomial, 1)
inverse("ncfdtri", special.ncfdtr, 3)
inverse("ncfdtridfd", special.ncfdtr, 1)
inverse("ncfdtridfn", special.ncfdtr, 0)
inverse("ncfdtrinc", special.ncfdtr, 2)
inverse("nctdtridf", special.nctdtr, 0)
inverse("nctdtrinc", special.nctdtr, 1)
inverse("nctdtrit", special.nctdtr, 2)
inverse("pdtrik", lambda k, m: special.gammaincc(k + 1, m), 0)
inverse("smirnovi", special.smirnov, 1, fixed=(0,))
inverse("stdtridf", special.stdtr, 0)
inverse("stdtrit", special.stdtr, 1)


@slopes_of(scipy.special.nrdtrimn)
def nrdtrimn(p, std, x):
    return x - std * special.ndtri(p)


@slopes_of(scipy.special.nrdtrisd)
def nrdtrisd(mn, p, x):
    return (x - mn) / special.ndtri(p)
