"""What the names of parameters and functions of NumPy tell of types, for ``type_stubs.py``."""

from __future__ import annotations

OPERANDS = frozenset("""
    a b x y x1 x2 A arr ar1 ar2 m v xp fp array array1 array2 values ary element elements test_elements condition p q
    arrays seq_of_zeros c u object
""".split()) - {"arrays", "object"}
"""Parameters that take an array or what makes one. (Others take any container of them.)"""

PARAMETERS = {
    "axis": "Axis", "dtype": "DType", "keepdims": "Flag", "rowvar": "Flag", "order": "Value",
}
"""Other parameters of NumPy's functions, by name."""

CREATED = frozenset("""
    arange eye identity indices hamming hanning blackman bartlett tri fftfreq rfftfreq fromfunction fromiter
""".split())
"""Functions of NumPy that stand here as they are, but whose results are typed as those of ours."""

NUMBERS = frozenset("""
    all amax amin any argmax argmin average choose clip compress copy corrcoef count_nonzero cov cumulative_prod
    diagonal digitize dot einsum extract fix imag inner interp angle conj conjugate i0 isclose iscomplex isreal
    isneginf isposinf kron max mean median min nan_to_num nanargmax nanargmin nanmax nanmean nanmedian nanmin
    nanpercentile nanprod nanquantile nanstd nansum nanvar percentile polyval prod ptp quantile real real_if_close
    round around searchsorted select sinc squeeze std sum take tensordot trace trapezoid trapz unwrap var vdot cond
    det matrix_norm matrix_rank multi_dot norm vector_norm cross outer tensorsolve vecdot matmul
""".split())
"""Functions whose result may be a number."""

RESULTS = {
    "allclose": "Truth", "array_equal": "Truth", "array_equiv": "Truth", "iscomplexobj": "Truth",
    "isrealobj": "Truth", "isscalar": "Truth", "isfortran": "Truth", "may_share_memory": "Truth",
    "shares_memory": "Truth", "issubdtype": "Truth", "can_cast": "Truth", "iterable": "Truth",
    "ndim": "Whole", "shape": "Shape", "size": "Number", "result_type": "DTypeOf", "promote_types": "DTypeOf",
    "min_scalar_type": "DTypeOf", "common_type": "Anything", "typename": "Text",
    "broadcast_arrays": "Arrays", "meshgrid": "Arrays", "nonzero": "Arrays", "unravel_index": "Tree",
    "atleast_1d": "Tree", "atleast_2d": "Tree", "atleast_3d": "Tree", "gradient": "Tree",
    "split": "ListOfArrays", "array_split": "ListOfArrays", "hsplit": "ListOfArrays", "vsplit": "ListOfArrays",
    "dsplit": "ListOfArrays", "unstack": "Arrays", "diag_indices": "Arrays", "diag_indices_from": "Arrays",
    "tril_indices": "Arrays", "triu_indices": "Arrays", "tril_indices_from": "Arrays", "triu_indices_from": "Arrays",
    "ix_": "Arrays", "einsum_path": "Tree", "vectorize": "Anything",
    "polyfit": "Tree", "polydiv": "Arrays", "unique": "Tree", "unique_all": "Tree", "unique_counts": "Tree",
    "unique_inverse": "Tree", "histogram": "Arrays", "histogram2d": "Arrays", "histogramdd": "Tree",
    "qr": "Tree", "eig": "Tree", "eigh": "Tree", "svd": "Tree", "slogdet": "Tree", "lstsq": "Tree",
    "apply_over_axes": "Array", "apply_along_axis": "Array", "intersect1d": "Tree", "average": "Tree",
    "save": "Nothing", "savez": "Nothing", "fill_diagonal": "Nothing", "put": "Nothing", "putmask": "Nothing",
    "place": "Nothing", "copyto": "Nothing", "put_along_axis": "Nothing", "piecewise": "Number",
    "linspace": "Tree", "register_array_type": "Anything", "isnat": "Array",
}
"""Results that are no arrays, or more than one."""

WHOLE_MODULES = {
    "numpy": "fft linalg random", "autograd_compat.numpy": "fft linalg random", "scipy.signal": "windows",
    "scipy.sparse": "linalg", "scipy.spatial": "distance",
}
"""Modules below others, which have stubs of their own."""

OWN_NAMES = {
    "numpy": "register_array_type char ctypeslib dtypes emath exceptions lib ma polynomial rec strings testing typing",
}
"""Names besides those that the module of NumPy lists."""
