"""A pendulum swung up with little torque and little effort: optimal control by direct shooting.

min over u of ½ h Σ u² + ρ |y(T) − (π, 0)|², θ″ = u − sin θ − 0.1 θ′ (Betts, Practical Methods for Optimal Control and
Estimation Using Nonlinear Programming, 2010, section 3.3); the gradient goes back through the steps of the dynamics.
A neighbouring problem's controls then come from the first solution by its derivative in the damping.
"""

import numpy as np
from _common import picture, run

from autodiff_trace import grad, hessian, jacobian, jit, optim, scan
from autodiff_trace import numpy as anp

HORIZON, WEIGHT = 10.0, 20.0


def dynamics(y, u, damping):
    angle, velocity = y
    return anp.stack([velocity, u - anp.sin(angle) - damping * velocity])


def rollout(controls, damping):
    """The states after each control, by Heun's method from rest at the bottom."""
    h = HORIZON / len(controls)

    def step(y, u):
        k = dynamics(y, u, damping)
        y = y + 0.5 * h * (k + dynamics(y + h * k, u, damping))
        return y, y

    return scan(step, np.zeros(2), controls)[1]


def cost(controls, damping):
    miss = rollout(controls, damping)[-1] - np.array([np.pi, 0.0])
    return 0.5 * HORIZON / len(controls) * controls @ controls + WEIGHT * miss @ miss


def main(quick=False, plot=None):
    count, damping = 30 if quick else 200, 0.1
    # A push that changes with the free swing; zero torque is a stationary point of its own, by symmetry.
    start = 0.5 * np.sin(HORIZON * np.arange(count) / count)
    fit = optim.minimize(jit(lambda u: cost(u, damping)), start, tol=1e-3 if quick else 1e-6)
    angle, velocity = rollout(fit.x, damping)[-1]
    print(f"cost {float(cost(start, damping)):.2f} at first, {float(fit.fun):.4f} at the optimum ({fit.nit} steps)")
    print(f"final angle {angle / np.pi:.4f} pi, velocity {velocity:.4f}, largest torque {np.abs(fit.x).max():.3f}")

    # The implicit function theorem: du/dc = −(∂²J/∂u²)⁻¹ ∂²J/∂u∂c.
    curvature = hessian(lambda u: cost(u, damping))(fit.x)
    mixed = jacobian(lambda c: grad(cost)(fit.x, c))(damping)
    new, moved = damping + 0.01, -0.01 * np.linalg.solve(curvature, mixed)
    stale, updated = float(cost(fit.x, new)), float(cost(fit.x + moved, new))
    best = float(optim.minimize(jit(lambda u: cost(u, new)), fit.x + moved).fun)
    print(f"damping {new:.2f}: cost {stale:.4f} with the old torque, {updated:.4f} corrected, {best:.4f} optimal")
    if plot:
        time = HORIZON * np.arange(1, count + 1) / count
        with picture(plot, "A pendulum swung up with little torque", nrows=2, sharex=True) as (above, below):
            above.plot(time, rollout(fit.x, damping)[:, 0] / np.pi)
            above.set_ylabel("angle / π")
            below.step(time, fit.x)
            below.set(ylabel="torque", xlabel="time")
    return {"angle": float(angle), "torque": float(np.abs(fit.x).max()), "costs": (stale, updated, best)}


if __name__ == "__main__":
    run(main)
