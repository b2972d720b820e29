"""Processes that work on clips side by side."""

import multiprocessing
import os
from multiprocessing.context import SpawnContext
from typing import Final

_THREAD_SETTINGS: Final = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def one_thread_each() -> SpawnContext:
    """What starts processes that compute on one thread each, a core for every one."""
    for name in _THREAD_SETTINGS:
        os.environ[name] = "1"
    return multiprocessing.get_context("spawn")
