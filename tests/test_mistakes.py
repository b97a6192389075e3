"""What users are told of their mistakes, word for word, and that nothing is left behind: ``mistakes/*.txt``."""

import importlib.util
import sys
import traceback

import mistakes
import pytest

from autodiff_trace import grad
from autodiff_trace.core.errors import is_own_file
from autodiff_trace.core.tracer import trace_stack

PATHS = sorted(mistakes.FOLDER.glob("*.txt"))
ROWS = [pytest.param(row, id=f"{path.stem}: {row.title}") for path in PATHS for row in mistakes.read(path)]


def test_there_are_many():
    titles = [row.id for row in ROWS]
    assert len(set(titles)) == len(titles) >= 240


@pytest.mark.parametrize("row", ROWS)
def test_the_text_of_a_mistake(row):
    for library in mistakes.needed(row.program):
        if importlib.util.find_spec(library) is None:
            pytest.skip(f"{library} is not installed")
    error = mistakes.run(row.program)
    assert (type(error).__name__, mistakes.said(error)) == (row.kind, row.text)
    files = [frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)][1:]
    assert mistakes.FILE in files
    if sys.version_info >= (3, 11):
        assert not any(map(is_own_file, files))
    assert trace_stack.get() == () and grad(lambda x: x * x)(3.0) == 6.0
