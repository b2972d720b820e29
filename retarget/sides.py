"""Whether a map has left and right the right way round: toes, knees and elbows know the front."""

from typing import Final

import numpy as np

from . import rotation
from .bone_ends import nothing
from .errors import ConductorError
from .rig import RigMap, RigRest
from .rotation import Array
from .upright import joint_head

_SIDES: Final = ("L", "R")
# A toe tells the front if it lies so far ahead of the ankle beside how far below it.
_AHEAD: Final = 0.5
# A knee or elbow does if it is bent by more than this, as a share of the limb.
_BENT: Final = 0.03
# And this much of the bend is forward or backward.
_BACK: Final = 0.7


def check_sides(rig: RigRest, rig_map: RigMap, turns: dict[str, Array]) -> None:
    """Refuse a map whose left and right are exchanged.

    Where all signs of what is in front point backward, what was taken for left is right.

    Parameters
    ----------
    rig : RigRest
        Turned to the canonical axes, its tails where the bones really end.
    rig_map : RigMap
        Its bones by joint.
    turns : dict
        Bone to its rotation (4,) from rest to the T-pose.

    Raises
    ------
    ConductorError
        If they are.
    """
    lefts = [
        joint_head(rig, rig_map, f"{stem}.L") - joint_head(rig, rig_map, f"{stem}.R")
        for stem in ("upper_arm", "thigh")
        if f"{stem}.L" in rig_map.strands and f"{stem}.R" in rig_map.strands
    ]
    if len(lefts) == 2 and lefts[0] @ lefts[1] < -0.5 * np.prod(np.linalg.norm(lefts, axis=-1)):
        raise ConductorError(
            f"The arms and the legs of '{rig.name}' have left and right the other way round; "
            "exchange the sides of one of them in the map."
        )
    feet, bends = _toes(rig, rig_map, turns), _bends(rig, rig_map, turns)
    signs = feet + bends
    if len(signs) >= 2 and max(signs) < 0.0:
        raise ConductorError(
            f"Left and right of '{rig.name}' are exchanged: its feet, knees or elbows point "
            "backward; exchange the sides in the map."
        )


def _toes(rig: RigRest, rig_map: RigMap, turns: dict[str, Array]) -> list[float]:
    signs = []
    for side in _SIDES:
        for strand in rig_map.strands.get(f"foot.{side}", ()):
            last = rig.index[strand[-1]]
            children = np.flatnonzero(rig.parents == last)
            # Before the foot itself was laid along anything.
            leg = rig_map.strands.get(f"shin.{side}", (strand,))[0][-1]
            for end in (rig.tails[last], *rig.heads[children]):
                way = rotation.rotate(turns[leg], end - rig.heads[rig.index[strand[0]]])
                if abs(way[1]) > max(_AHEAD * abs(way[2]), nothing(rig)):
                    signs.append(-float(np.sign(way[1])))
    return signs


def _bends(rig: RigRest, rig_map: RigMap, turns: dict[str, Array]) -> list[float]:
    """Knees bend with the knee ahead, elbows of arms that go out to the side with it behind."""
    signs = []
    for side in _SIDES:
        for limb, ahead in (
            (("thigh", "shin", "foot"), -1.0),
            (("upper_arm", "forearm", "hand"), 1.0),
        ):
            joints = [f"{stem}.{side}" for stem in limb]
            if not all(joint in rig_map.strands for joint in joints):
                continue
            start, middle, end = (joint_head(rig, rig_map, joint) for joint in joints)
            span = end - start
            if np.linalg.norm(span) < nothing(rig):
                continue
            off = (middle - start) - span * ((middle - start) @ span) / (span @ span)
            off = rotation.rotate(turns[rig_map.strands[joints[0]][0][-1]], off)
            if abs(off[1]) > max(_BENT * np.linalg.norm(span), _BACK * np.linalg.norm(off)):
                signs.append(ahead * float(np.sign(off[1])))
    return signs
