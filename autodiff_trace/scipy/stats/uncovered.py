"""Distributions of SciPy without a traced form: as they are for plain values, and refused by name for traced ones."""

from __future__ import annotations

from typing import Any

from ...core.errors import MissingRuleError, caller_line
from ...core.tracebacks import border
from ...core.tracer import find_top_trace

__all__ = ["Uncovered"]


class Uncovered:
    """SciPy's distribution; a call with a traced value says that there is no derivative."""

    def __init__(self, name: str, plain: Any) -> None:
        self.name, self.plain = name, plain
        self.__doc__ = plain.__doc__

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(self.plain, name)
        return self.guarded(f"{self.name}.{name}", value) if callable(value) else value

    @border
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.guarded(self.name, self.plain)(*args, **kwargs)

    def guarded(self, name: str, function: Any) -> Any:
        def call(*args, **kwargs):
            if find_top_trace((*args, *kwargs.values())) is not None:
                raise MissingRuleError(
                    f"scipy.stats.{name} has no derivative here ({caller_line()}): the distribution has no traced "
                    "form. Write its density with autodiff_trace.numpy and autodiff_trace.scipy.special, or take plain "
                    "values with to_numpy(x)."
                )
            return function(*args, **kwargs)

        return call

    def __repr__(self) -> str:
        return f"<scipy.stats.{self.name}>"
