"""Back ends: what the compiler asks of them."""

import numpy as np

from autodiff_trace import jit
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.backends.numpy_source.back_end import NumpySource
from autodiff_trace.compiler.ir.loop import all_steps
from autodiff_trace.compiler.ir.node import operands
from autodiff_trace.compiler.pipeline import PASSES, compile_program

X = np.linspace(0.1, 1.0, 12).reshape(3, 4)


class OfSines(NumpySource):
    """Takes programs that call nothing but sines and cosines."""

    def __init__(self):
        self.seen = []

    def accepts(self, program):
        self.seen.append(program)
        return all(step.function in (np.sin, np.cos) for step in program.steps)

    def compile(self, *args):
        compiled = super().compile(*args)
        compiled.states.append("mine")
        return compiled


def compiled_by(function, *back_ends):
    g = jit(function).graph(X)
    return compile_program(g.program, g.structure, PASSES, "f", back_ends)


def test_the_first_that_accepts_a_program_compiles_it():
    own = OfSines()
    assert compiled_by(lambda x: anp.sin(anp.cos(x)), own, NumpySource()).states == ["mine"]
    executable = compiled_by(lambda x: {"a": anp.sin(x) * 2}, own, NumpySource())
    assert executable.states == []
    np.testing.assert_array_equal(executable.run([X])["a"], np.sin(X) * 2)
    assert len(own.seen) == 2


def test_they_are_told_all_specs_and_no_values():
    own = OfSines()

    def function(x):
        for i in range(3):
            x = anp.tanh(x @ x.T[:, i:i + 1] * x) + anp.sum(x, axis=0)
        return x if anp.sum(x) > 0 else -x

    compiled_by(function, own, NumpySource())
    steps = list(all_steps(own.seen[0]))
    assert all(node.spec is not None for step in steps for node in (step, *operands(step)))
    arrays = [step.spec for step in steps if step.spec.is_array]
    assert arrays and all(len(spec.strides) == len(spec.shape) and spec.dtype == float for spec in arrays)
