"""Fluid control: the velocities that make a square of ink flow into a disc.

The flow is a "stable fluid" on a periodic grid: velocity and ink are carried backwards along the velocity with bilinear
interpolation, and the velocity is projected onto fields without divergence in Fourier space, in each step. The gradient
with respect to the initial velocity goes back through the whole simulation, and L-BFGS uses it.

Source: Stam, "Stable fluids", SIGGRAPH 1999.
"""

import numpy as np
from _common import picture, run

from autodiff_trace import jit, optim


def advect(field, vx, vy):
    """What was upstream one step ago."""
    rows, columns = np.indices(field.shape)
    x, y = rows - vx, columns - vy
    left, low = np.floor(x), np.floor(y)
    fx, fy = x - left, y - low
    i, j = left.astype(int) % field.shape[0], low.astype(int) % field.shape[1]
    ii, jj = (i + 1) % field.shape[0], (j + 1) % field.shape[1]
    return ((1 - fx) * ((1 - fy) * field[i, j] + fy * field[i, jj])
            + fx * ((1 - fy) * field[ii, j] + fy * field[ii, jj]))


def waves(n):
    """Wave numbers along both axes, and which waves are kept: the highest has no direction."""
    k = np.fft.fftfreq(n) * n
    return k[:, None], k, (np.abs(k[:, None]) < n / 2) & (np.abs(k) < n / 2)


def project(vx, vy):
    """The part without divergence: what is along the wave vector is taken away."""
    kx, ky, kept = waves(len(vx))
    fx, fy = np.fft.fft2(vx) * kept, np.fft.fft2(vy) * kept
    along = (kx * fx + ky * fy) / np.maximum(kx**2 + ky**2, 1.0)
    return np.fft.ifft2(fx - kx * along).real, np.fft.ifft2(fy - ky * along).real


def simulate(velocity, ink, steps):
    vx, vy = project(velocity[0], velocity[1])
    for _ in range(steps):
        vx, vy = project(advect(vx, vx, vy), advect(vy, vx, vy))
        ink = advect(ink, vx, vy)
    return ink, (vx, vy)


def main(quick=False, plot=None):
    n, steps, iterations = (16, 4, 12) if quick else (32, 12, 60)
    x, y = (np.indices((n, n)) + 0.5) / n - 0.5
    ink = ((np.abs(x) < 0.22) & (np.abs(y) < 0.22)).astype(float)
    disc = 1 / (1 + np.exp(n * (np.hypot(x, y - 0.1) - 0.25)))

    @jit
    def loss(velocity):
        return np.mean((simulate(velocity, ink, steps)[0] - disc) ** 2) + 1e-5 * np.mean(velocity**2)

    start = np.zeros((2, n, n))
    result = optim.minimize(loss, start, maxiter=iterations)
    final, (vx, vy) = simulate(result.x, ink, steps)
    kx, ky, _ = waves(n)
    divergence = float(np.max(np.abs(np.fft.ifft2(kx * np.fft.fft2(vx) + ky * np.fft.fft2(vy)))))
    print(f"{steps} steps on {n}x{n} cells, {start.size} unknowns, {result.nit} iterations, {result.nfev} gradients")
    print(f"mean squared distance to the disc: {float(loss(start)):.5f} at rest, {float(result.fun):.5f} optimised")
    print(f"largest divergence of the last velocity: {divergence:.1e}")
    if plot:
        with picture(plot, "Ink, carried by a flow found by its gradient", (7.2, 2.9), ncols=3) as axes:
            for axis, title, image in zip(axes, ("ink at first", "after the flow", "wanted"), (ink, final, disc)):
                axis.imshow(image, cmap="Blues", vmin=0, vmax=1)
                axis.set(title=title, xticks=[], yticks=[])
    return {"before": float(loss(start)), "after": float(result.fun), "divergence": divergence}


if __name__ == "__main__":
    run(main)
