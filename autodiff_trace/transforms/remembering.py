"""Functions of the user's as they were when a solver was called: they run again, in derivatives and in replays.

    [solve(lambda x: x - p[i]) for i in range(3)]

Each of these functions reads ``i``, which is 2 when derivatives are taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..captured_state.reruns import Rerun
from ..core.errors import TracedValueError, caller_line
from ..core.recording import RecordingTrace
from ..core.tracer import running_traces

__all__ = ["Remembered"]


class Remembered(Rerun):
    """``functions`` of a call of the solver ``name``, with the variables that they read.

    A recorded program reads arrays when it runs, and draws random numbers anew: of replays variables alone are
    remembered. The trace that records is told of the arrays: a function that writes into them has no program.
    """

    def __init__(self, functions: Sequence[Callable], name: str) -> None:
        super().__init__(list, functions, name)
        self.place = caller_line()
        self.recorders = [trace for trace in running_traces() if isinstance(trace, RecordingTrace)]
        self.arrays_read_anew = self.captured.arrays if self.recorders else []
        for trace in self.recorders:
            for array in self.arrays_read_anew:
                trace.note_read(array)

    def functions_of_then(self) -> list:
        """The functions, or where something that they read has changed, copies that read what was there.

        Raises TracedValueError where that cannot be copied.
        """
        if self.recorders and self.recorders[0].has_ended:
            self.recorders, self.arrays, self.kept, self.generators = [], [], [], []
        return self.roots_of_then()

    def refuse(self, what: str) -> None:
        raise TracedValueError(
            f"{self.name} ({self.place}): the derivative needs its function once more ({caller_line()}), but {what} "
            "that it reads has been changed since the call. Pass it as an argument, or a copy of it."
        ) from None
