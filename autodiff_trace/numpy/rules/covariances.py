"""Covariances and correlations, by the products they are made of."""

from __future__ import annotations

import numpy as np

from ...core.primitives import nondifferentiable
from .. import wrapped as anp
from ..canonical import as_array
from ..definers import define


@define(np.cov)
def cov(m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, *, dtype=None):
    if ddof is not None and ddof != int(ddof):
        raise ValueError("ddof must be integer")
    variables = rows_of_variables(m, rowvar, dtype)
    if variables.shape[0] == 0:
        return np.zeros((0, 0))
    if y is not None:
        variables = anp.concatenate([variables, rows_of_variables(y, rowvar, dtype, beside=True)], axis=0)
    weights = observation_weights(fweights, aweights, variables.shape[1])
    ddof = (0 if bias else 1) if ddof is None else ddof
    if weights is None:
        mean = anp.mean(variables, axis=1, keepdims=True)
        degrees = variables.shape[1] - ddof
    else:
        total = anp.sum(weights)
        mean = anp.sum(variables * weights, axis=1, keepdims=True) / total
        if ddof == 0:
            degrees = total
        elif aweights is None:
            degrees = total - ddof
        else:
            degrees = total - ddof * anp.sum(weights * as_array(aweights)) / total
    centred = variables - mean
    weighted = centred if weights is None else centred * weights
    return anp.squeeze(anp.dot(weighted, anp.conjugate(centred).T) / anp.maximum(degrees, 0))


def rows_of_variables(x, rowvar, dtype, beside=False):
    """``x`` as a matrix with a row for each variable and a column for each observation."""
    x = as_array(x)
    if x.ndim > 2:
        raise ValueError(f"{'y' if beside else 'm'} has more than 2 dimensions")
    x = anp.astype(x, dtype or np.result_type(x.dtype, np.float64))
    if x.ndim < 2:
        return anp.reshape(x, (1, -1))
    return x if rowvar or (beside and x.shape[0] == 1) else x.T


def observation_weights(fweights, aweights, count):
    """The weights of the observations, or None: how often each was made, times how much it counts."""
    weights = None
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is None:
            continue
        given = as_array(given)
        if given.shape != (count,):
            raise RuntimeError(f"{name} has shape {given.shape}, but there are {count} observations")
        check_weights(name, given)
        weights = given if weights is None else weights * given
    return weights


@nondifferentiable
def check_weights(name, weights):
    """A primitive, so that it sees plain values in every mode."""
    if np.any(weights < 0):
        raise ValueError(f"{name} cannot be negative")
    if name == "fweights" and np.any(weights != np.round(weights)):
        raise TypeError("fweights must be integer")
    return weights


@define(np.corrcoef)
def corrcoef(x, y=None, rowvar=True, *, dtype=None):
    covariance = anp.cov(x, y, rowvar, dtype=dtype)
    if covariance.ndim == 0:
        return covariance / covariance
    deviations = anp.sqrt(anp.real(anp.diagonal(covariance)))
    return within_one(covariance / deviations[:, None] / deviations)


def within_one(x):
    """``x``, of which rounding has made no part larger than 1."""
    if anp.iscomplexobj(x):
        return within_one(anp.real(x)) + 1j * within_one(anp.imag(x))
    return anp.clip(x, -1, 1)
