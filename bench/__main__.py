"""`python -m bench` runs every benchmark; `python -m bench.NAME [--json]` runs one."""

import subprocess
import sys
from pathlib import Path


def main() -> int:
    """Run each benchmark in a process of its own, so that none warms up another."""
    names = sorted(
        path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_")
    )
    codes = []
    for name in names:
        print(f"== {name}", flush=True)
        codes.append(subprocess.call([sys.executable, "-m", f"bench.{name}", *sys.argv[1:]]))
    return max(codes, default=0)


if __name__ == "__main__":
    raise SystemExit(main())
