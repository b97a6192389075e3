"""What of SciPy has no derivative here, and why; and which of its classes are taken as they are."""

from __future__ import annotations

__all__ = ["AS_THEY_ARE", "REFUSED"]


def by_name(groups: dict[str, str]) -> dict[str, str]:
    """From each name to its reason, of names by reason."""
    return {name: reason for reason, names in groups.items() for name in names.split()}


REFUSED: dict[str, dict[str, str]] = {}
"""For each module the functions without a derivative, with the reason."""

AS_THEY_ARE: dict[str, dict[str, str]] = {}
"""For each module the classes and objects that are SciPy's own here, too, with the reason."""

# linalg, sparse, spatial

REFUSED["linalg"] = by_name({
    "a basis is a choice": "null_space orth",
    "the factors are a choice that depends on rounding": "cdf2rdf cossin hessenberg ordqz qz rsf2csf",
    "made by updates, whose signs are their own: take qr": "qr_delete qr_insert qr_update",
    "an estimate": "expm_cond",
    "powers of two, which change in steps": "matrix_balance",
})
REFUSED["sparse"] = by_name({"traced sparse arrays have two dimensions": "expand_dims permute_dims swapaxes"})
REFUSED["sparse.linalg"] = by_name({
    "dense as a rule: take the dense function": "eigs expm funm_multiply_krylov inv",
    "take eigsh": "lobpcg",
    "take the normal equations": "lsmr lsqr",
    "an estimate, or an approximation": "onenormest spilu",
})
REFUSED["spatial.distance"] = by_name({
    "counts what is true and false": "dice hamming jaccard rogerstanimoto russellrao sokalsneath yule",
})
AS_THEY_ARE["sparse"] = by_name({
    "a format for plain numbers": "bsr_array bsr_matrix dia_array dia_matrix dok_array dok_matrix lil_array lil_matrix",
    "a base class": "sparray spmatrix",
})
AS_THEY_ARE["sparse.linalg"] = by_name({"an operator of plain vectors": "LaplacianNd LinearOperator SuperLU"})
AS_THEY_ARE["spatial"] = by_name({
    "made of plain points": """
        ConvexHull Delaunay HalfspaceIntersection KDTree Rectangle SphericalVoronoi Voronoi cKDTree
    """,
})

REFUSED["optimize"] = by_name({
    "The solution is a choice, which stays the same or jumps": "linear_sum_assignment milp quadratic_assignment",
    "Older names of `minimize`": """
        fmin fmin_bfgs fmin_cg fmin_cobyla fmin_l_bfgs_b fmin_ncg fmin_powell fmin_slsqp fmin_tnc line_search
    """,
    "Older names of `minimize_scalar`": "bracket brent fminbound golden",
    "An older name of `least_squares`": "leastsq",
    "Older names of `root`": """
        anderson broyden1 broyden2 diagbroyden excitingmixing linearmixing newton_krylov
    """,
    "Finite differences; `grad` is exact": "approx_fprime check_grad",
})
AS_THEY_ARE["optimize"] = by_name({
    "They say what bounds and constraints are, with traced numbers too": "Bounds LinearConstraint NonlinearConstraint",
    "Approximations of matrices, for the options of methods": """
        BFGS BroydenFirst HessianUpdateStrategy InverseJacobian KrylovJacobian LbfgsInvHessProduct SR1
    """,
    "Results": "OptimizeResult RootResults",
})
