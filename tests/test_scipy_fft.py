"""The transforms of ``scipy.fft``: against SciPy's own matrices, and in every mode."""

from __future__ import annotations

from scipy_table import scipy_row, traced

import numpy as np
import pytest
import scipy.fft

from autodiff_trace import grad, vjp
from autodiff_trace import numpy as anp
from table import complex_rows, table_test

rng = np.random.default_rng(0)
x, matrix, cube = rng.normal(size=6), rng.normal(size=(3, 4)), rng.normal(size=(2, 3, 4))

ROWS = [
    *[scipy_row(f"fft.{name}", x) for name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")],
    scipy_row("fft.fft", matrix, n=5, axis=0, norm="ortho", workers=2),
    scipy_row("fft.rfft", matrix, n=3, norm="forward", overwrite_x=True),
    scipy_row("fft.irfft", matrix, n=7),
    *[scipy_row(f"fft.{name}", matrix) for name in ("fft2", "ifft2", "rfft2", "irfft2", "hfft2", "ihfft2")],
    *[scipy_row(f"fft.{name}", cube) for name in ("fftn", "ifftn", "rfftn", "irfftn", "hfftn", "ihfftn")],
    scipy_row("fft.hfftn", cube, s=(4, 5), axes=(0, 2), norm="ortho"),
    scipy_row("fft.ihfftn", cube, s=(4, 5), axes=(0, 2)),
    scipy_row("fft.fftn", cube, s=4, axes=1),
    scipy_row("fft.fftshift", matrix), scipy_row("fft.ifftshift", x, axes=0),
]
COSINE_ROWS = [
    *[scipy_row(f"fft.{name}", x) for name in ("dct", "idct", "dst", "idst")],
    scipy_row("fft.dct", matrix, type=3, n=5, axis=0, norm="ortho"),
    scipy_row("fft.idst", matrix, type=3, n=3, norm="forward"),
    *[scipy_row(f"fft.{name}", cube) for name in ("dctn", "idctn", "dstn", "idstn")],
    scipy_row("fft.dctn", cube, type=3, s=(3, 5), axes=(0, -1), norm="ortho", orthogonalize=False),
    scipy_row("fft.idctn", cube, type=1, axes=(1, 2), norm="ortho"),
    # FFTLog computes in float64
    scipy_row("fft.fht", matrix, dln=0.1, mu=0.5, offset=0.2, bias=0.3, skip=("float32",)),
    scipy_row("fft.ifht", x, dln=0.1, mu=0.5, skip=("float32",)),
]

REAL_INPUT = "rfft", "ihfft", "fht"
test_transforms = table_test([*ROWS, *[
    each for each in complex_rows(ROWS) if not each.name.removeprefix("fft.").startswith(REAL_INPUT)
]])
test_cosine_transforms = table_test([*COSINE_ROWS, *[
    each for each in complex_rows(COSINE_ROWS) if "fht" not in each.name
]])


@pytest.mark.parametrize("name", ["dct", "idct", "dst", "idst"])
def test_transposes_of_all_types(name):
    """What pulls back is the transpose of SciPy's own matrix, whatever the type, the norm and the length are."""
    for kind in (1, 2, 3, 4):
        for length in (1, 2, 3, 6):
            for n in (None, 2, 5):
                for norm in (None, "ortho", "forward"):
                    for orthogonalize in (None, True, False):
                        if "dct" in name and kind == 1 and min(length, n or length) < 2:
                            continue
                        keywords = {"type": kind, "n": n, "norm": norm, "orthogonalize": orthogonalize}
                        matrix = getattr(scipy.fft, name)(np.eye(length), **keywords)
                        _, pull = vjp(lambda x: getattr(traced.fft, name)(x, **keywords), np.ones(length))
                        pulled = np.array([pull(row)[0] for row in np.eye(matrix.shape[1])]).T
                        np.testing.assert_allclose(pulled, matrix, rtol=1e-12, atol=1e-13, err_msg=str(keywords))


def test_float32_spectra_are_complex64():
    assert vjp(traced.fft.fft, np.ones(4, np.float32))[0].dtype == np.complex64
    assert grad(lambda x: anp.sum(traced.fft.dct(x) ** 2))(np.ones(4, np.float32)).dtype == np.float32


def test_what_is_refused():
    with pytest.raises(TypeError, match="mu= has to be a plain value"):
        grad(lambda mu: traced.fft.fht(np.ones(4), 0.1, mu)[0])(0.5)
    with pytest.raises(TypeError, match="plan="):
        grad(lambda x: traced.fft.fft(x, plan=object()).real.sum())(np.ones(4))


def test_plain_functions_stand_as_they_are():
    assert traced.fft.next_fast_len is scipy.fft.next_fast_len
    np.testing.assert_array_equal(traced.fft.rfftfreq(5, 0.5), scipy.fft.rfftfreq(5, 0.5))
