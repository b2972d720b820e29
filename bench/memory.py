"""The most memory that a process has had."""

import resource
import sys
from pathlib import Path


def peak_mb() -> float:
    """Most memory of this process, megabytes.

    Linux counts into `ru_maxrss` what the parent had when it started the process; the status file
    does not.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1e3
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3
