"""`python -m backend.conductors check MOTION [NAME ...]`: does skin come through the clothes?"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.conductor_asset import CONDUCTORS, AssetMesh, ConductorAsset
from retarget.errors import ConductorError
from retarget.motion import Motion

from .posing import bone_weights, posed, poses
from .tailor.crossings import DEPTH_M, Posed, edges_of, sticking_out

_STEP: Final = 10
_SKIN: Final = "skin"
_CLOTH: Final = ("cloth", "satin")


@dataclass(frozen=True)
class Found:
    """What came through the clothes of one conductor.

    Parameters
    ----------
    frames : (N,) int array
        Frames of the motion that were looked at.
    vertices : (N,) int array
        How many vertices of the skin stick out there, further than `DEPTH_M`.
    """

    frames: NDArray[np.int64]
    vertices: NDArray[np.int64]

    def line(self, title: str) -> str:
        """A sentence for people."""
        bad = np.flatnonzero(self.vertices)
        if not len(bad):
            return f"{title}: no skin through cloth in {len(self.frames)} frames."
        worst = int(self.vertices.argmax())
        return (
            f"{title}: skin through cloth in {len(bad)} of {len(self.frames)} frames, at most "
            f"{self.vertices[worst]} vertices, in frame {self.frames[worst]}."
        )


def skin_through_cloth(asset: ConductorAsset, motion: Motion, step: int = _STEP) -> Found:
    """Count skin that comes through cloth in every `step`-th frame of a motion.

    The conductor is posed as Blender poses it: linear blending, twist bones, corrective shapes.
    """
    body, clothes = (_mesh(asset, name) for name in ("Body", "Clothes"))
    skin, cloth = _faces(asset, body, (_SKIN,)), _faces(asset, clothes, _CLOTH)
    weights = [bone_weights(mesh, len(asset.bones)) for mesh in (body, clothes)]
    edges = [edges_of(faces) for faces in (skin, cloth)]
    frames = np.arange(0, len(motion), step)
    counts = [
        sticking_out(
            Posed("Skin", posed(body, weights[0], pose), edges[0], skin),
            Posed("Clothes", posed(clothes, weights[1], pose), edges[1], cloth),
        )
        for pose in poses(asset, motion)[::step]
    ]
    return Found(frames, np.array(counts, dtype=np.int64))


def check(words: Sequence[str], folder: Path) -> int:
    """Print what comes through; 1 if anything does, 2 if there is nothing to look at."""
    parser = argparse.ArgumentParser(prog="python -m backend.conductors check", description=__doc__)
    parser.add_argument("motion", type=Path, metavar="MOTION", help="a Motion file (.npz)")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(CONDUCTORS)}; or all")
    parser.add_argument("--step", type=int, default=_STEP, help="look at every so manieth frame")
    arguments = parser.parse_args(words)
    unknown = [name for name in arguments.names if name not in CONDUCTORS]
    if unknown:
        print(
            f"There is no conductor {', '.join(unknown)}; choose {', '.join(CONDUCTORS)}.",
            file=sys.stderr,
        )
        return 2
    try:
        motion = Motion.load(arguments.motion)
        assets = {
            name: ConductorAsset.load(folder / f"{name}.npz")
            for name in arguments.names or CONDUCTORS
        }
    except ConductorError as error:
        print(error, file=sys.stderr)
        return 2
    step = max(arguments.step, 1)
    print(
        f"Skin more than {DEPTH_M * 1e3:.0f} mm through cloth, looking at one in {step} of "
        f"{len(motion)} frames:"
    )
    clean = True
    for asset in assets.values():
        found = skin_through_cloth(asset, motion, step)
        clean &= not found.vertices.any()
        print(f"  {found.line(asset.title)}", flush=True)
    return 0 if clean else 1


def _mesh(asset: ConductorAsset, name: str) -> AssetMesh:
    return next(mesh for mesh in asset.meshes if mesh.name == name)


def _faces(asset: ConductorAsset, mesh: AssetMesh, kinds: Sequence[str]) -> NDArray[np.int64]:
    wanted = [i for i, surface in enumerate(mesh.surfaces) if asset.surfaces[surface].kind in kinds]
    return mesh.faces[np.isin(mesh.material, wanted)]
