"""The public functions of ``scipy.sparse`` as primitives. Rules are written with these names."""

import scipy.sparse

from ..namespace import wrap_module

wrap_module(scipy.sparse, globals(), """
    eye eye_array get_index_dtype identity load_npz rand random random_array safely_cast_index_arrays save_npz
""")
