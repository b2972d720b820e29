"""Which bones move with which, and which one carries the whole body."""

from dataclasses import replace

from .rig import RigMap, RigRest


def follows(rig: RigRest, rig_map: RigMap, bone: str) -> int:
    """Index of the bone that `bone` moves with, −1 for none."""
    leader = rig_map.parents.get(bone)
    if leader is not None:
        return rig.index[leader]
    return int(rig.parents[rig.index[bone]])


def ancestors(rig: RigRest, rig_map: RigMap, bone: str) -> list[str]:
    """The bones that a bone moves with, the nearest first."""
    found: list[str] = []
    while len(found) < len(rig.bones):
        parent = follows(rig, rig_map, bone)
        if parent < 0:
            break
        bone = rig.bones[parent]
        found.append(bone)
    return found


def with_carrier(rig: RigRest, rig_map: RigMap) -> RigMap:
    """The map with a bone that carries the whole body as the first of the hips' bones.

    On some rigs spine or legs hang from a bone above the hips' own, side by side with it: then that
    one has to move and turn as the hips do. Where there is none the map stays as it is.
    """
    hips = rig_map.strands["hips"][0]
    carried = [
        rig_map.strands[joint][0][0]
        for joint in ("spine", "chest", "neck", "thigh.L", "thigh.R")
        if joint in rig_map.strands
    ]
    shared = [hips[0], *ancestors(rig, rig_map, hips[0])]
    for bone in carried:
        above = set(ancestors(rig, rig_map, bone))
        kept = [name for name in shared if name in above]
        # A part with a root of its own cannot be carried with the rest.
        shared = kept or shared
    if not shared or shared[0] in hips or shared[0] in rig_map.bones:
        return rig_map
    strands = rig_map.strands | {"hips": ((shared[0], *hips), *rig_map.strands["hips"][1:])}
    return replace(rig_map, strands=strands)
