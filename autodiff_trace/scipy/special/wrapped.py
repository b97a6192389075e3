"""The public functions of ``scipy.special`` as primitives. Rules are written with these names."""

import scipy.special

from ...core.traits import declare
from ...numpy.namespace import underlying
from ..namespace import wrap_module

wrap_module(scipy.special, globals())

INFINITE_AT_1 = """
    btdtrib chndtridf chndtrinc chndtrix ellipk erfinv fdtri fdtridfd gammaincinv gdtria gdtrix hyp2f1 logit nbdtrik
    nbdtrin ncfdtri ncfdtridfd ncfdtridfn ncfdtrinc nctdtridf nctdtrinc nctdtrit ndtri nrdtrimn nrdtrisd pdtri pdtrik
    stdtrit zetac
""".split()

declare(*[underlying(getattr(scipy.special, name)) for name in INFINITE_AT_1], finite_at=0.5)
declare(underlying(scipy.special.ndtri_exp), finite_at=-1)
