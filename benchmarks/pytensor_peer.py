"""PyTensor: expressions compiled by whichever back end it takes by itself (Numba, where that is installed)."""

from __future__ import annotations

import os
from importlib import import_module

import numpy

from .library import Library, leaves, map_leaves
from .scratch import scratch_folder

__all__ = ["PyTensor"]


class PyTensor(Library):
    """PyTensor. Nothing is kept from an earlier run."""

    name, title, package = "pytensor", "PyTensor", "pytensor"
    compiles = True

    def start(self, threads):
        flags = os.environ.get("PYTENSOR_FLAGS")
        os.environ["PYTENSOR_FLAGS"] = ",".join(filter(None, (flags, f"base_compiledir={scratch_folder('pytensor')}")))
        self.pytensor, self.np = import_module("pytensor"), import_module("pytensor.tensor")
        self.losses = import_module(".programs.pytensor_losses", __package__)

    def prepare(self, workload, inputs):
        loss = self.losses.find_loss(workload)
        if loss is None:
            return None
        symbols = map_leaves(self.symbol, inputs)
        function = self.pytensor.function(
            leaves(symbols), self.derive(loss, workload, symbols), on_unused_input="ignore")
        function.trust_input = True
        arrays = [numpy.asarray(leaf) for leaf in leaves(inputs)]
        return lambda: function(*arrays)

    def symbol(self, leaf):
        array = numpy.asarray(leaf)
        return self.np.tensor(dtype=array.dtype, shape=array.shape)

    def derive(self, loss, workload, inputs):
        (x, *rest), kind = inputs, workload.kind
        if kind == "hvp":
            v, *rest = rest
            slope = self.pytensor.grad(loss(self.np, x, *rest), x)
            return self.pytensor.grad(self.np.sum(slope * v), x)
        ans = loss(self.np, x, *rest)
        if kind == "value":
            return ans
        if kind in ("hessian", "jacobian"):
            return getattr(self.pytensor.gradient, kind)(ans, x)
        for _ in range(workload.order):
            ans = self.pytensor.grad(self.np.sum(ans), leaves(x))
            ans = ans if isinstance(x, (list, tuple)) else ans[0]
        return ans
