"""Which functions of SciPy other libraries have: found once, by their names, in the releases that stand here.

autograd: what stands in ``autograd.scipy`` and has a VJP, or is defined by such; JAX: what stands in ``jax.scipy``;
torch: what stands under SciPy's name in ``torch.special``, ``torch.linalg`` and ``torch.fft``. That a name is there
does not say that its derivative is, in each argument.
"""

__all__ = ["PEERS"]

PEERS = {
    "autograd 1.9.1": {
        "special": """
            beta betainc betaln digamma erf erfc erfcinv erfinv expit gamma gammainc gammaincc gammaln gammasgn i0
            i1 iv ive j0 j1 jn logit logsumexp multigammaln polygamma psi rgamma y0 y1 yn
        """,
        "stats": """
            beta.cdf beta.logpdf beta.pdf chi2.cdf chi2.logpdf chi2.pdf dirichlet.logpdf dirichlet.pdf gamma.cdf
            gamma.logpdf gamma.pdf multivariate_normal.entropy multivariate_normal.logpdf multivariate_normal.pdf
            norm.cdf norm.logcdf norm.logpdf norm.logsf norm.pdf norm.sf poisson.cdf poisson.logpmf poisson.pmf
            t.cdf t.logcdf t.logpdf t.pdf
        """,
        "linalg": """
            solve_banded solve_sylvester solve_triangular sqrtm
        """,
        "integrate": """
            odeint
        """,
        "signal": """
            convolve
        """,
    },
    "JAX 0.10.2": {
        "special": """
            bernoulli beta betainc betaln boxcox boxcox1p comb dawsn digamma entr erf erfc erfcx erfinv exp1 expi
            expit expn factorial fresnel gamma gammainc gammaincc gammaln gammasgn hyp1f1 hyp2f1 i0 i0e i1 i1e
            kl_div log_ndtr log_softmax loggamma logit logsumexp multigammaln ndtr ndtri owens_t poch polygamma
            rel_entr sici softmax spence sph_harm_y wofz xlog1py xlogy zeta
        """,
        "stats": """
            bernoulli.cdf bernoulli.logpmf bernoulli.pmf bernoulli.ppf beta.cdf beta.logcdf beta.logpdf beta.logsf
            beta.pdf beta.sf betabinom.logpmf betabinom.pmf binom.logpmf binom.pmf cauchy.cdf cauchy.isf
            cauchy.logcdf cauchy.logpdf cauchy.logsf cauchy.pdf cauchy.ppf cauchy.sf chi2.cdf chi2.logcdf
            chi2.logpdf chi2.logsf chi2.pdf chi2.sf dirichlet.logpdf dirichlet.pdf expon.cdf expon.logcdf
            expon.logpdf expon.logsf expon.pdf expon.ppf expon.sf gamma.cdf gamma.logcdf gamma.logpdf gamma.logsf
            gamma.pdf gamma.sf gaussian_kde gennorm.cdf gennorm.logpdf gennorm.pdf geom.logpmf geom.pmf gumbel_l.cdf
            gumbel_l.logcdf gumbel_l.logpdf gumbel_l.logsf gumbel_l.pdf gumbel_l.ppf gumbel_l.sf gumbel_r.cdf
            gumbel_r.logcdf gumbel_r.logpdf gumbel_r.logsf gumbel_r.pdf gumbel_r.ppf gumbel_r.sf laplace.cdf
            laplace.logpdf laplace.pdf logistic.cdf logistic.isf logistic.logpdf logistic.pdf logistic.ppf
            logistic.sf mode multinomial.logpmf multinomial.pmf multivariate_normal.logpdf multivariate_normal.pdf
            nbinom.logpmf nbinom.pmf norm.cdf norm.isf norm.logcdf norm.logpdf norm.logsf norm.pdf norm.ppf norm.sf
            pareto.cdf pareto.logcdf pareto.logpdf pareto.logsf pareto.pdf pareto.ppf pareto.sf poisson.cdf
            poisson.entropy poisson.logpmf poisson.pmf rankdata sem t.logpdf t.pdf truncnorm.cdf truncnorm.logcdf
            truncnorm.logpdf truncnorm.logsf truncnorm.pdf truncnorm.sf uniform.cdf uniform.logpdf uniform.pdf
            uniform.ppf vonmises.logpdf vonmises.pdf wrapcauchy.logpdf wrapcauchy.pdf
        """,
        "linalg": """
            block_diag cho_factor cho_solve cholesky circulant companion convolution_matrix det dft eigh
            eigh_tridiagonal expm expm_frechet fiedler fiedler_companion funm hadamard hankel helmert hessenberg
            hilbert inv invhilbert invpascal leslie lu lu_factor lu_solve pascal polar qr qr_multiply rsf2csf schur
            solve solve_sylvester solve_triangular sqrtm svd toeplitz
        """,
        "integrate": """
            trapezoid
        """,
        "optimize": """
            minimize
        """,
        "interpolate": """
            RegularGridInterpolator
        """,
        "signal": """
            convolve convolve2d correlate correlate2d csd detrend fftconvolve istft stft welch
        """,
        "ndimage": """
            map_coordinates
        """,
        "fft": """
            dct dctn idct idctn
        """,
        "sparse.linalg": """
            bicgstab cg gmres
        """,
    },
    "torch 2.13.0": {
        "special": """
            digamma entr erf erfc erfcx erfinv expit gammainc gammaincc gammaln i0 i0e i1 i1e log_ndtr log_softmax
            logit logsumexp multigammaln ndtr ndtri polygamma psi softmax xlog1py xlogy zeta
        """,
        "linalg": """
            cholesky det eig eigh eigvals eigvalsh inv lstsq lu lu_factor lu_solve norm pinv qr solve
            solve_triangular svd svdvals
        """,
        "fft": """
            fft fft2 fftn fftshift hfft hfft2 hfftn ifft ifft2 ifftn ifftshift ihfft ihfft2 ihfftn irfft irfft2
            irfftn rfft rfft2 rfftn
        """,
    },
}
"""The functions of each library, by the module of SciPy: names of functions, and of methods of distributions."""
