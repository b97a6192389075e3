"""The evals of GradBench, the public suite of automatic differentiation (github.com/gradbench/gradbench).

Names, sizes, generators, objectives and tolerances are the suite's, the code is this project's: what a user of this
library would write. An eval is a module; ``evaluation`` says what it consists of.
"""
