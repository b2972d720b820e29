"""`python -m backend.server`: what the Blender panel starts."""

import argparse
import sys
from pathlib import Path

from backend.server.run import IDLE_TIMEOUT_S, serve
from backend.terminal import faults_in_one_sentence


def main() -> int:
    """Read the options and serve; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m backend.server")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--state", type=Path, default=None, help="folder of the queue")
    parser.add_argument("--idle", type=float, default=IDLE_TIMEOUT_S, help="seconds to live idle")
    options = parser.parse_args()
    with faults_in_one_sentence():
        return serve(port=options.port, state=options.state, idle_timeout_s=options.idle)


if __name__ == "__main__":
    sys.exit(main())
