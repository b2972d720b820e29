"""A command in two processes that learn as one."""

import subprocess
import sys


def torchrun(*arguments: str) -> None:
    """Run it to its end, which must be a good one."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
