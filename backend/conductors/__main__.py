"""Bake the conductors: `python -m backend.conductors [NAME ...] [--out DIR]`.

`python -m backend.conductors check MOTION [NAME ...]` counts where their skin comes through cloth.

Needs the packages of the extra "bake" (`pip install -c constraints.txt -e '.[bake]'`).
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from backend.blender_sessions import Blender
from retarget.atomic import atomic_path

from .bake import bake_conductor
from .check import check
from .recipes import recipes

FOLDER: Final = Path(__file__).parents[2] / "blender_addon" / "conductors"


def main(words: Sequence[str] | None = None) -> int:
    """Bake those that are named, or all; `words` are the command's if not given."""
    words = sys.argv[1:] if words is None else words
    if words and words[0] == "check":
        return check(words[1:], FOLDER)
    known = recipes()
    parser = argparse.ArgumentParser(prog="python -m backend.conductors", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(known)}; else all")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the assets")
    arguments = parser.parse_args(words)
    names = list(dict.fromkeys(arguments.names or known))
    unknown = [name for name in names if name not in known]
    if unknown:
        print(
            f"There is no conductor {', '.join(unknown)}; choose {', '.join(known)}.",
            file=sys.stderr,
        )
        return 2
    arguments.out.mkdir(parents=True, exist_ok=True)
    for i, name in enumerate(names, start=1):
        print(f"{i} of {len(names)}: {name}", flush=True)
        asset = bake_conductor(name, known[name])
        with atomic_path(arguments.out / f"{name}.npz") as temporary:
            asset.save(temporary)
        with Blender(renderers=1) as blender:
            blender.do(
                *("thumbnail", "--asset", str(arguments.out / f"{name}.npz")),
                *("--out", str(arguments.out / f"{name}.png")),
                name="the picture",
            )
        size = (arguments.out / f"{name}.npz").stat().st_size
        vertices = sum(len(mesh.vertices) for mesh in asset.meshes)
        print(f"  {vertices} vertices, {size / 1e6:.2f} MB", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
