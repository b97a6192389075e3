"""A plugin of pytest: each test draws the same random numbers on both libraries."""

from __future__ import annotations

import random
import zlib

import numpy as np
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    seed = zlib.crc32(item.nodeid.encode())
    random.seed(seed)
    np.random.seed(seed)
