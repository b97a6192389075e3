"""Image deconvolution: a sharp picture from a blurred and noisy one.

The picture x minimises 0.5 |k * x - y|^2 + s sum sqrt(|grad x|^2 + e^2): how well the blurred x explains the measured
y, and the total variation, rounded at zero, which prefers flat areas with sharp edges. The blur is a product in Fourier
space, and the minimum is found by L-BFGS. Wiener's filter, a linear answer, is there for comparison.

Source: Rudin, Osher and Fatemi, "Nonlinear total variation based noise removal algorithms", Physica D 1992.
"""

import numpy as np
from _common import picture, run

from autodiff_trace import jit, optim


def shapes(n):
    """A disc, a bar and a frame, with brightness from 0 to 1."""
    x, y = (np.indices((n, n)) + 0.5) / n
    image = np.where(np.hypot(x - 0.32, y - 0.34) < 0.2, 0.9, 0.1)
    image = np.where((np.abs(x - 0.72) < 0.06) & (np.abs(y - 0.5) < 0.35), 0.6, image)
    frame = np.maximum(np.abs(x - 0.3), np.abs(y - 0.75))
    return np.where((frame < 0.17) & (frame > 0.1), 1.0, image)


def gaussian_transfer(n, width):
    """The Fourier transform of a Gaussian blur of ``width`` pixels with periodic borders."""
    k = 2 * np.pi * np.fft.fftfreq(n)
    return np.exp(-0.5 * width**2 * (k[:, None] ** 2 + k[: n // 2 + 1] ** 2))


def blur(image, transfer):
    return np.fft.irfft2(np.fft.rfft2(image) * transfer, s=image.shape)


def total_variation(image, rounding=0.01):
    dx, dy = np.roll(image, -1, 0) - image, np.roll(image, -1, 1) - image
    return np.sum(np.sqrt(dx**2 + dy**2 + rounding**2))


def psnr(image, truth):
    return float(-10 * np.log10(np.mean((image - truth) ** 2)))


def main(quick=False, plot=None):
    n, iterations, noise = (32, 60, 0.01) if quick else (128, 300, 0.01)
    truth = shapes(n)
    transfer = gaussian_transfer(n, 1.5 if quick else 2.5)
    measured = blur(truth, transfer) + noise * np.random.default_rng(0).normal(size=truth.shape)

    @jit
    def objective(image):
        return 0.5 * np.sum((blur(image, transfer) - measured) ** 2) + 4e-4 * total_variation(image)

    result = optim.minimize(objective, measured, maxiter=iterations, tol=1e-5)
    wiener = blur(measured, transfer / (transfer**2 + 5e-3))
    scores = {"measured": psnr(measured, truth), "wiener": psnr(wiener, truth), "restored": psnr(result.x, truth)}
    print(f"{n}x{n} pixels, {result.nit} iterations, {result.nfev} gradients")
    print(f"objective: measured picture {float(objective(measured)):.3f}, restored picture {float(result.fun):.3f}")
    print("signal to noise (PSNR): " + ", ".join(f"{name} {score:.1f} dB" for name, score in scores.items()))
    if plot:
        with picture(plot, size=(7.2, 2.2), ncols=4) as axes:
            for axis, title, image in zip(
                axes, ("true", "measured", "Wiener", "total variation"), (truth, measured, wiener, result.x)
            ):
                axis.imshow(image, cmap="gray", vmin=0, vmax=1)
                axis.set(title=title, xticks=[], yticks=[])
    return scores


if __name__ == "__main__":
    run(main)
