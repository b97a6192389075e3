"""Back ends: what the compiler asks of them."""

import numpy as np
import pytest

from autodiff_trace import jit
from autodiff_trace import numpy as anp
from autodiff_trace.compiler.ir.loop import all_steps
from autodiff_trace.compiler.ir.node import operands
from autodiff_trace.compiler.pass_names import PASSES
from autodiff_trace.compiler.pipeline import compile_natively

X = np.linspace(0.1, 1.0, 12).reshape(3, 4)


class OfSines:
    """Takes steps that are sines and cosines, and runs them one by one."""

    def __init__(self, functions=(np.sin, np.cos)):
        self.functions, self.regions = functions, []

    def accepts(self, step):
        return step.function in self.functions

    def compile(self, program):
        self.regions.append(program)

        def region(*inputs):
            values = dict(zip(program.inputs, inputs))
            for step in program.steps:
                values[step] = step.function(*[values[each] for each in step.args])
            return values[program.outputs[0]]

        return region

    def describe(self, program):
        return ""


def compiled_by(back_end, function):
    g = jit(function, backend="numpy").graph(X)
    return compile_natively(g.program, g.structure, PASSES, "f", back_end)


def test_a_back_end_compiles_the_steps_that_it_takes_and_numpy_the_others():
    own = OfSines()
    executable, program, _ = compiled_by(own, lambda x: {"a": anp.sin(anp.cos(x)) @ x.T})
    assert [[step.function for step in region.steps] for region in own.regions] == [[np.cos, np.sin]]
    assert {np.sin, np.cos}.isdisjoint([step.function for step in program.steps])
    np.testing.assert_array_equal(executable.run([X])["a"], np.sin(np.cos(X)) @ X.T)


def test_there_is_no_program_without_a_region():
    assert compiled_by(OfSines(functions=()), lambda x: anp.sin(anp.cos(x))) is None


@pytest.mark.parametrize("last", [np.sin, np.tanh])
def test_they_are_told_all_specs(last):
    own = OfSines()

    def function(x):
        for i in range(3):
            x = anp.sin(anp.cos(x @ x.T[:, i:i + 1] * x)) + anp.sum(x, axis=0)
        return last(x) if anp.sum(x) > 0 else -x

    compiled_by(own, function)
    steps = [step for region in own.regions for step in all_steps(region)]
    assert all(node.spec is not None for step in steps for node in (step, *operands(step)))
    arrays = [step.spec for step in steps if step.spec.is_array]
    assert arrays and all(len(spec.strides) == len(spec.shape) and spec.dtype == float for spec in arrays)
