"""The libraries that are compared with, those of them that are installed."""

from __future__ import annotations

import os
from functools import partial
from importlib import import_module

import numpy

from .c_compiler import CPP_COMPILERS, find_compiler
from .casadi_peer import CASADI
from .library import ByHand, Eager, Jit, Library, Native, leaves, map_leaves
from .numba_peer import Numba
from .pytensor_peer import PyTensor
from .scratch import scratch_folder
from .workload import LIBRARIES

__all__ = ["find_libraries", "why_missing"]


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
    compiles = True

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


class TorchCompile(Torch):
    """PyTorch, compiled by Inductor, which needs a C++ compiler: derivatives by ``torch.func``, in one graph; of long
    loops each turn, and the tape.

    Nothing is kept from an earlier run, nor from an earlier workload: sizes are constants, as in the other columns.
    """

    name, title, like = "torch-compile", "PyTorch compiled", "torch"
    compiles = True

    def missing(self):
        return super().missing() or ("" if find_compiler("CXX", *CPP_COMPILERS) else "no C++ compiler")

    def start(self, threads):
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = scratch_folder("inductor")
        super().start(threads)
        config = import_module("torch._inductor.config")
        self.turns = import_module(".programs.torch_losses", __package__).TURNS
        # Nor do other processes wait for work while others are timed.
        config.force_disable_caches, config.compile_threads = True, 1

    def prepare(self, workload, inputs):
        self.torch._dynamo.reset()
        if workload.name not in self.turns:
            return super().prepare(workload, inputs)
        loss, turn = self.turns[workload.name]
        loss = partial(loss, self.compile(partial(turn, self.torch)), self.torch)
        return Torch.bind(self, Torch.gradient(self, loss, workload), inputs)

    def compile(self, function):
        return self.torch.compile(function, dynamic=False, fullgraph=True)

    def bind(self, function, inputs):
        return super().bind(self.compile(function), inputs)

    def gradient(self, f, workload):
        return self.grad(f)

    def step(self, f, workload):
        gradient = self.torch.func.grad_and_value(f)

        def step(x, *rest):
            grads, value = gradient(x, *rest)
            return value, [W - workload.lr * G for W, G in zip(x, grads)]

        return step


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


EVERY: tuple[Library, ...] = (
    ByHand(), Eager(), Jit(), Native(), Autograd(), Jax(), Torch(), TorchCompile(), MyGrad(), *CASADI, PyTensor(),
    Numba(),
)


def find_libraries() -> dict[str, Library]:
    """Those that can take part, in the order of the columns."""
    every = {library.name: library for library in EVERY}
    return {name: every[name] for name in LIBRARIES if not every[name].missing()}


def why_missing() -> dict[str, str]:
    """The others, and why."""
    return {library.name: library.missing() for library in EVERY if library.missing()}
