"""The public functions of ``scipy.linalg`` as primitives. Rules are written with these names."""

import scipy.linalg

from ..namespace import wrap_module

wrap_module(scipy.linalg, globals(), """
    clarkson_woodruff_transform dft find_best_blas_type get_blas_funcs get_lapack_funcs hadamard helmert hilbert
    invhilbert invpascal pascal test
""")
