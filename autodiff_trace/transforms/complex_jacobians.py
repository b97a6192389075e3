"""What a Jacobian means where numbers are complex: one meaning, however its rows or columns are computed.

For a real input x it is ∂f/∂x, complex where the output is. For a complex input z and a real output it is
∂f/∂Re z − i ∂f/∂Im z, the rows being gradients. For a complex input and a complex output it is df/dz, which exists if f
is holomorphic; if it is not, two complex numbers would be needed for each entry, and that is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..core.recording import is_recording
from ..core.tracer import is_box
from ..numpy import wrapped as anp

__all__ = [
    "check_holomorphic", "is_complex", "probe", "pull_rows", "push_columns", "real_block", "turned",
]


def is_complex(x: Any) -> bool:
    return anp.iscomplexobj(x)


def pull_rows(pull: Callable, cotangents: Sequence, outputs: Sequence, inputs: Sequence) -> list:
    """The rows that ``pull``, from lists of cotangents of ``outputs`` to those of ``inputs``, computes.

    A cotangent of a real input is real, the real part of g·∂f/∂x; −i g for g gives the imaginary part.
    """
    rows = pull(*cotangents)
    if all(map(is_complex, inputs)) or not any(map(is_complex, outputs)):
        return rows
    parts = pull(*[-1j * g if is_complex(y) else None for g, y in zip(cotangents, outputs)])
    return [row if is_complex(x) else row + 1j * part for row, part, x in zip(rows, parts, inputs)]


def push_columns(push: Callable, tangents: Sequence) -> list:
    """The columns that ``push``, from tangents to the outputs and their tangents, computes.

    A tangent of a real output is real, the slope along Re z; a step along i gives the slope along Im z.
    """
    outputs, columns = push(*tangents)
    if not any(t is not None and is_complex(t) for t in tangents) or all(map(is_complex, outputs)):
        return columns
    _, parts = push(*turned(tangents))
    return [column if is_complex(y) else column - 1j * part for column, part, y in zip(columns, parts, outputs)]


def turned(tangents: Sequence) -> list:
    """The same step of complex values along i, and none of real ones."""
    return [1j * t if t is not None and is_complex(t) else None for t in tangents]


def real_block(block: Any, output: Any, x: Any) -> Any:
    """``block``, real if ``output`` and ``x`` are: others that were computed with it may have made it complex."""
    return block if is_complex(output) or is_complex(x) else anp.real(block)


def probe(x: Any) -> np.ndarray:
    """Numbers of size about 1 of the shape of ``x``, in which no Jacobian cancels by chance."""
    return (1.5 + np.sin(1.0 + np.arange(np.size(x)))).reshape(np.shape(x)).astype(x.dtype)


def check_holomorphic(name: str, found: Any, expected: Any, size: Any, value: Any) -> None:
    """Raise TypeError unless the derivative along i, ``found``, is i times that along 1, as ``expected`` says.

    ``size`` is that of the terms which ``expected`` is the sum of. ``value`` is that of the function: where its
    derivative cancels to zero, as that of sin² + cos² does, there is the rounding of numbers of that size.
    """
    eps = float(np.finfo(expected.dtype).eps)
    wrong = anp.any(anp.abs(found - expected) > eps**0.5 * size + 1000.0 * eps * anp.abs(value))
    while is_box(wrong) and not is_recording((wrong._trace,)):  # of that each run is checked
        wrong = wrong._value
    if anp.any(wrong):
        raise TypeError(
            f"{name}: the output is complex, but no holomorphic function of a complex argument, so that no complex "
            "matrix is its derivative. Differentiate with respect to the real and the imaginary part: "
            f"{name}(lambda x, y: f(x + 1j * y), argnums=(0, 1))."
        )
