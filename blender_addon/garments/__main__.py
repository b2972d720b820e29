"""`python -m blender_addon.garments`: write the dress that `pose_transfer.concert` puts on.

The asset is made of the built-in conductor's fields and meshes and of nothing else; the same
sources give the same bytes. Needs NumPy alone.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from retarget.atomic import atomic_path
from retarget.npz import save_npz

from . import light, parts
from .pack import LIGHT_RANGE, VERTEX_STEP, pack
from .skeleton import bind_bones

VERSION = 1


def build() -> dict[str, NDArray[Any]]:
    """All arrays of the asset."""
    names, parents, heads, tails, turns = bind_bones()
    arrays: dict[str, NDArray[Any]] = {
        "version": np.array(VERSION),
        "materials": np.array(parts.MATERIALS),
        "lamps": np.array(light.LAMPS),
        "steps": np.array([VERTEX_STEP, LIGHT_RANGE]),
        "bones": np.array(names),
        "parents": np.array(parents, np.int16),
        "heads": heads,
        "tails": tails,
        "turns": turns,
    }
    hands = parts.hands()
    for dress in ("tailcoat", "gown"):
        clothes, neck = parts.clothes(dress), parts.neck(dress)
        together = [*clothes, *neck, *hands]
        for kind, members in (("clothes", clothes), ("neck", neck)):
            packed = pack(members, kind, names, together)
            arrays |= {f"{dress}.{kind}.{key}": array for key, array in packed.items()}
    return arrays


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = Path(__file__).resolve().parents[2] / "pose_transfer" / "garments.npz"
    parser.add_argument("output", nargs="?", type=Path, default=default)
    output = parser.parse_args().output
    with atomic_path(output) as temporary:
        save_npz(temporary, build())


if __name__ == "__main__":
    main()
