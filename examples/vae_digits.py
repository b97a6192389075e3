"""A variational autoencoder of the 8×8 digits, trained on the evidence lower bound with reparametrised noise.

Kingma and Welling, Auto-Encoding Variational Bayes (2014), equation 10: log p(x) ≥ E[log p(x | z)] − KL(q ‖ p), with
z = μ + σε and KL = ½ Σ (μ² + σ² − 1 − log σ²); pixels are Bernoulli with the grey value as their mean.
"""

import numpy as np
from _common import picture, run

from autodiff_trace import data, jit, nn, optim, value_and_grad
from autodiff_trace import numpy as anp
from autodiff_trace.demo.datasets import load_digits

HIDDEN, LATENT = 64, 2


def dense(random, inputs, outputs):
    return {"W": random.normal(size=(inputs, outputs)) / np.sqrt(inputs), "b": np.zeros(outputs)}


def initial(random):
    sizes = {"encode": (64, HIDDEN), "code": (HIDDEN, 2 * LATENT), "decode": (LATENT, HIDDEN), "pixels": (HIDDEN, 64)}
    return {name: dense(random, *size) for name, size in sizes.items()}


def affine(layer, x):
    return x @ layer["W"] + layer["b"]


def encoder(params, x):
    """Mean and log of the variance of z for each image."""
    code = affine(params["code"], nn.relu(affine(params["encode"], x)))
    return code[:, :LATENT], code[:, LATENT:]


def decoder(params, z):
    """The logits of the pixels."""
    return affine(params["pixels"], nn.relu(affine(params["decode"], z)))


def negative_bound(params, x, noise):
    mean, log_variance = encoder(params, x)
    logits = decoder(params, mean + anp.exp(0.5 * log_variance) * noise)
    reconstruction = anp.sum(nn.softplus(logits) - x * logits, axis=1)
    divergence = 0.5 * anp.sum(mean**2 + anp.exp(log_variance) - 1.0 - log_variance, axis=1)
    return anp.mean(reconstruction + divergence)


def main(quick=False, plot=None):
    random, digits = np.random.default_rng(0), load_digits(seed=0, dtype="float64")
    params, optimizer = initial(random), optim.adam(0.005)
    state = optimizer.init(params)

    @jit
    def step(params, state, x, noise):
        loss, grads = value_and_grad(negative_bound)(params, x, noise)
        return optimizer.update(grads, state, params), loss

    test_noise = random.normal(size=(len(digits.test_images), LATENT))
    before = float(negative_bound(params, digits.test_images, test_noise))
    batches = data.minibatches(digits.train_images, 50, rng=random)
    for _ in range(4 if quick else 60):
        for x in batches:
            (params, state), _ = step(params, state, x, random.normal(size=(len(x), LATENT)))
    after = float(negative_bound(params, digits.test_images, test_noise))
    x, grey = digits.test_images, digits.train_images.mean(axis=0).clip(1e-3, 1.0 - 1e-3)
    independent = -float(np.mean(np.sum(x * np.log(grey) + (1.0 - x) * np.log(1.0 - grey), axis=1)))
    print(f"bound on -log p of a test image: {before:.2f} nats before training, {after:.2f} after")
    print(f"independent pixels reach {independent:.2f}")
    if plot:
        z = np.stack(np.meshgrid(*2 * [np.linspace(-2.0, 2.0, 15)]), axis=-1).reshape(-1, LATENT)
        images = np.pad(nn.sigmoid(decoder(params, z)).reshape(15, 15, 8, 8), ((0, 0), (0, 0), (1, 1), (1, 1)))
        with picture(plot, "Digits decoded from a grid", (5.0, 5.2), subplot_kw={"xticks": [], "yticks": []}) as axes:
            axes.imshow(images.transpose(0, 2, 1, 3).reshape(150, 150), cmap="gray_r")
    return {"before": before, "after": after, "independent": independent}


if __name__ == "__main__":
    run(main)
