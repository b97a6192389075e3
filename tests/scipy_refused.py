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

# special

REFUSED["special"] = by_name({
    "zeros, which are constants": """
        ai_zeros bei_zeros beip_zeros ber_zeros berp_zeros bi_zeros erf_zeros fresnel_zeros fresnelc_zeros
        fresnels_zeros
        jn_zeros jnjnp_zeros jnp_zeros jnyn_zeros kei_zeros keip_zeros kelvin_zeros ker_zeros kerp_zeros y0_zeros
        y1_zeros y1p_zeros yn_zeros ynp_zeros
    """,
    "of whole numbers": "bernoulli euler factorial2 factorialk stirling2",
    "objects for a polynomial: take eval_legendre and its kin": """
        chebyc chebys chebyt chebyu gegenbauer genlaguerre hermite hermitenorm jacobi laguerre legendre sh_chebyt
        sh_chebyu sh_jacobi sh_legendre
    """,
    "nodes and weights, which are constants": """
        c_roots cg_roots h_roots he_roots j_roots js_roots l_roots la_roots p_roots ps_roots roots_chebyc roots_chebys
        roots_chebyt roots_chebyu roots_gegenbauer roots_genlaguerre roots_hermite roots_hermitenorm roots_jacobi
        roots_laguerre roots_legendre roots_sh_chebyt roots_sh_chebyu roots_sh_jacobi roots_sh_legendre s_roots t_roots
        ts_roots u_roots us_roots
    """,
    "all orders at once: take the function of one order": """
        assoc_legendre_p_all legendre_p_all lmbda lqmn lqn pbdn_seq pbdv_seq pbvv_seq sph_harm_y_all sph_legendre_p_all
    """,
    "coefficients of Fourier series": "mathieu_even_coef mathieu_odd_coef",
    "spheroidal and ellipsoidal functions": """
        ellip_harm ellip_harm_2 ellip_normal obl_ang1 obl_ang1_cv obl_cv obl_cv_seq obl_rad1 obl_rad1_cv obl_rad2
        obl_rad2_cv pro_ang1 pro_ang1_cv pro_cv pro_cv_seq pro_rad1 pro_rad1_cv pro_rad2 pro_rad2_cv
    """,
    "settings": "geterr seterr",
})
AS_THEY_ARE["special"] = by_name({"a context for warnings": "errstate"})

# stats

REFUSED["stats"] = by_name({
    "Tests of hypotheses: their p-values are computed of plain samples": """
        alexandergovern anderson anderson_ksamp ansari barnard_exact bartlett binomtest boschloo_exact brunnermunzel
        bws_test chi2_contingency chisquare combine_pvalues cramervonmises cramervonmises_2samp dunnett
        epps_singleton_2samp f_oneway false_discovery_control fisher_exact fligner friedmanchisquare goodness_of_fit
        jarque_bera kruskal ks_1samp ks_2samp kstest kurtosistest levene logrank mannwhitneyu median_test
        monte_carlo_test mood multiscale_graphcorr normaltest page_trend_test permutation_test poisson_means_test power
        power_divergence quantile_test ranksums shapiro skewtest ttest_1samp ttest_ind ttest_ind_from_stats ttest_rel
        tukey_hsd wilcoxon
    """,
    "Of ranks, which change in steps": """
        chatterjeexi kendalltau rankdata siegelslopes somersd spearmanr spearmanrho theilslopes tiecorrect weightedtau
        percentileofscore
    """,
    "Of counts, bins and selections, which change in steps": """
        binned_statistic binned_statistic_2d binned_statistic_dd cumfreq ecdf mode relfreq scoreatpercentile sigmaclip
        tmax tmean tmin trim1 trim_mean trimboth tsem tstd tvar
    """,
    "Descriptive statistics without a definition here: write them with `anp`, or take `linalg` and `optimize`": """
        bayes_mvs bootstrap boxcox boxcox_llf boxcox_normmax boxcox_normplot circmean circstd circvar describe
        differential_entropy directional_stats energy_distance expectile fit gstd gzscore iqr kstat kstatvar linregress
        lmoment median_abs_deviation mvsdist obrientransform pearsonr pointbiserialr ppcc_max ppcc_plot probplot
        quantile sobol_indices wasserstein_distance wasserstein_distance_nd yeojohnson yeojohnson_llf yeojohnson_normmax
        yeojohnson_normplot
    """,
    "Of random variables as objects": "abs exp log make_distribution order_statistic truncate",
    "A distribution whose methods take plain numbers alone": "dirichlet_multinomial",
})
AS_THEY_ARE["stats"] = by_name({
    "random variables as objects, of plain parameters": "Binomial Logistic Mixture Normal Uniform",
    "classes of which distributions are made": "rv_continuous rv_discrete rv_histogram",
    "what functions take": "BootstrapMethod CensoredData Covariance MonteCarloMethod PermutationMethod",
})

# integrate

REFUSED["integrate"] = by_name({
    "Integrals without a rule: take `quad`, `quad_vec` or `nquad`": "cubature nsum qmc_quad tanhsinh",
    "Weights, of whole numbers": "lebedev_rule newton_cotes",
})
AS_THEY_ARE["integrate"] = by_name({
    "solvers as objects, of plain numbers; take `solve_ivp`": """
        BDF DOP853 DenseOutput LSODA OdeSolution OdeSolver RK23 RK45 Radau complex_ode ode
    """,
})

# interpolate

REFUSED["interpolate"] = by_name({
    "Older names of splines; take `make_interp_spline` and `BSpline`": """
        bisplev bisplrep insert spalde splantider splder splev splint splprep splrep sproot
    """,
    "Knots are chosen, which jump": "generate_knots make_splprep make_splrep",
    "Surfaces without a traced form; take `RegularGridInterpolator` or `RBFInterpolator`": """
        CloughTocher2DInterpolator LSQBivariateSpline LSQSphereBivariateSpline NdBSpline NdPPoly Rbf RectBivariateSpline
        RectSphereBivariateSpline SmoothBivariateSpline SmoothSphereBivariateSpline griddata
    """,
    "Approximations of plain functions": "AAA FloaterHormannInterpolator approximate_taylor_polynomial pade",
})
AS_THEY_ARE["interpolate"] = by_name({
    "a base class": "BivariateSpline", "gone in SciPy 1.14": "interp2d",
})

# signal

REFUSED["signal"] = by_name({
    "Peaks and extrema are places, which jump": """
        peak_prominences peak_widths
    """,
    "Designs of filters without a definition here": """
        band_stop_obj besselap buttord ellipord firls firwin firwin2 firwin_2d gammatone iircomb iirnotch iirpeak
        kaiser_atten kaiser_beta kaiserord minimum_phase remez savgol_coeffs
    """,
    "Linear systems as objects and their responses, of plain numbers; take `lfilter`, `freqz` or `integrate`": """
        abcd_normalize bode cont2discrete dbode dfreqresp dimpulse dlsim dstep findfreqs freqresp impulse
        lsim place_poles step ss2tf ss2zpk tf2ss zpk2ss
    """,
    "Forms of filters without a definition here": """
        bilinear_zpk invres invresz lp2bp lp2bp_zpk lp2bs lp2bs_zpk lp2hp lp2hp_zpk lp2lp lp2lp_zpk normalize
        residue residuez sos2zpk unique_roots
    """,
    "Splines and transforms without a definition here": """
        cspline1d cspline1d_eval cspline2d czt_points envelope gauss_spline lombscargle qspline1d
        qspline1d_eval qspline2d sepfir2d spline_filter sweep_poly symiirorder1 symiirorder2 vectorstrength
    """,
    "Of whole numbers and names": """
        check_COLA check_NOLA closest_STFT_dual_window correlation_lags get_window max_len_seq unit_impulse
    """,
})
AS_THEY_ARE["signal"] = by_name({
    "transforms and systems as objects, of plain numbers": """
        CZT ShortTimeFFT StateSpace TransferFunction ZerosPolesGain ZoomFFT dlti lti
    """,
})
REFUSED["signal.windows"] = by_name({
    "Windows without a shape parameter, or with a plain one": """
        barthann blackmanharris bohman boxcar chebwin cosine dpss flattop get_window hann lanczos nuttall parzen taylor
        triang
    """,
})

# ndimage

REFUSED["ndimage"] = by_name({
    "Of truth values and labels": """
        generate_binary_structure iterate_structure value_indices watershed_ift
    """,
    "Morphology of grey values, without a definition here": """
        black_tophat grey_closing grey_dilation grey_erosion grey_opening morphological_gradient
        morphological_laplace white_tophat
    """,
    "Places and counts, which jump": "extrema",
    "Of functions of the user's": "labeled_comprehension vectorized_filter",
})
