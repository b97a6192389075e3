"""The libraries that are compared with, those of them that are installed."""

from __future__ import annotations

from functools import partial
from importlib import import_module

import numpy

from .library import ByHand, Eager, Jit, Library, leaves, map_leaves
from .workload import LIBRARIES

__all__ = ["find_libraries"]


class Autograd(Library):
    """HIPS autograd."""

    name, title, package = "autograd", "autograd", "autograd"

    def start(self, threads):
        self.autograd, self.np = import_module("autograd"), import_module("autograd.numpy")
        self.grad, self.value_and_grad = self.autograd.elementwise_grad, self.autograd.value_and_grad

    def hessian(self, f, workload):
        return self.autograd.hessian(f)

    def hvp(self, f, workload):
        return lambda x, v, *rest: self.autograd.make_hvp(f)(x, *rest)[0](v)

    def jacobian(self, f, workload):
        return self.autograd.jacobian(f)

    def per_example(self, f, workload):
        gradient = self.grad(f)

        def loop(x, *rest):
            grads = [gradient(x, *example) for example in zip(*rest)]
            if isinstance(x, (list, tuple)):
                return [numpy.stack(column) for column in zip(*grads)]
            return numpy.stack(grads)

        return loop


class Jax(Library):
    """JAX, compiled, in double precision. Its arrays lie on its device beforehand; every call is waited for."""

    name, title, package = "jax", "JAX jit", "jax"

    def start(self, threads):
        self.jax = import_module("jax")
        self.jax.config.update("jax_enable_x64", True)
        self.jax.config.update("jax_platforms", "cpu")
        self.np = import_module("jax.numpy")

    def bind(self, function, inputs):
        compiled, arrays = self.jax.jit(function), self.jax.device_put(inputs)
        return lambda: self.jax.block_until_ready(compiled(*arrays))

    def grad(self, f):
        return self.jax.grad(lambda x, *rest: self.np.sum(f(x, *rest)))

    def value_and_grad(self, f):
        return self.jax.value_and_grad(f)

    def hessian(self, f, workload):
        return self.jax.hessian(f)

    def hvp(self, f, workload):
        return lambda x, v, *rest: self.jax.jvp(lambda x: self.grad(f)(x, *rest), (x,), (v,))[1]

    def jacobian(self, f, workload):
        return self.jax.jacobian(f)

    def per_example(self, f, workload):
        return lambda x, *rest: self.jax.vmap(self.grad(f), in_axes=(None,) + (0,) * len(rest))(x, *rest)


class Torch(Library):
    """PyTorch, eager: gradients by its tape, higher derivatives by ``torch.func``."""

    name, title, package = "torch", "PyTorch", "torch"

    def start(self, threads):
        self.np = self.torch = import_module("torch")
        self.torch.set_num_threads(threads)

    def bind(self, function, inputs):
        return partial(function, *map_leaves(self.tensor, inputs))

    def tensor(self, leaf):
        return self.torch.tensor(leaf, dtype=self.torch.float64 if isinstance(leaf, float) else None)

    def gradient(self, f, workload):
        def gradient(x, *rest):
            ans = f(x, *rest)
            grads = self.torch.autograd.grad(ans.sum() if ans.ndim else ans, leaves(x))
            return grads if isinstance(x, (list, tuple)) else grads[0]

        return self.on_tape(gradient)

    def step(self, f, workload):
        def step(x, *rest):
            value = f(x, *rest)
            grads = self.torch.autograd.grad(value, x)
            with self.torch.no_grad():
                return value.detach(), [W - workload.lr * G for W, G in zip(x, grads)]

        return self.on_tape(step)

    def on_tape(self, function):
        def call(x, *rest):
            for tensor in leaves(x):
                tensor.requires_grad_()
            return function(x, *rest)

        return call

    def grad(self, f):
        return self.torch.func.grad(lambda x, *rest: f(x, *rest).sum())

    def hessian(self, f, workload):
        return self.torch.func.hessian(f)

    def hvp(self, f, workload):
        return lambda x, v, *rest: self.torch.func.jvp(lambda x: self.grad(f)(x, *rest), (x,), (v,))[1]

    def jacobian(self, f, workload):
        return self.torch.func.jacrev(f)

    def per_example(self, f, workload):
        return lambda x, *rest: self.torch.func.vmap(self.grad(f), in_dims=(None,) + (0,) * len(rest))(x, *rest)


class MyGrad(Library):
    """MyGrad: first derivatives only."""

    name, title, package = "mygrad", "MyGrad", "mygrad"
    nested = taylor = None

    def start(self, threads):
        self.np = import_module("mygrad")

    def value_and_grad(self, f):
        def value_and_grad(x, *rest):
            tensors = map_leaves(self.np.tensor, x)
            ans = f(tensors, *rest)
            ans.backward()
            return ans.data, map_leaves(lambda tensor: tensor.grad, tensors)

        return value_and_grad

    def grad(self, f):
        value_and_grad = self.value_and_grad(f)
        return lambda x, *rest: value_and_grad(x, *rest)[1]


def find_libraries() -> dict[str, Library]:
    """Those that are installed, in the order of the columns."""
    every = {library.name: library for library in (ByHand(), Eager(), Jit(), Autograd(), Jax(), Torch(), MyGrad())}
    return {name: every[name] for name in LIBRARIES if every[name].installed()}
