"""Which bones an export takes of a rig with controls."""

import numpy as np

from blender_addon.exports.bones import below, choose_bones, hips_of
from retarget.rig import RigMap, RigRest

# Name to parent, head and whether it deforms: controls and mechanism as generated rigs have them.
BONES = {
    "root": (None, (0, 0, 0), False),
    "torso": ("root", (0, 0, 1), False),
    "ORG-spine": ("torso", (0, 0, 1.1), False),
    "DEF-spine": ("root", (0, 0, 1.1), True),
    "chest": ("torso", (0, 0, 1.3), False),
    "ORG-arm.L": ("chest", (0.2, 0, 1.3), False),
    "DEF-chest": ("DEF-spine", (0, 0, 1.3), True),
    "DEF-arm.L": ("ORG-arm.L", (0.2, 0, 1.3), True),
    "arm_fk.L": ("chest", (0.2, 0, 1.3), False),
    "DEF-leg.L": ("ORG-spine", (0.1, 0, 1), True),
    "DEF-leg.R": ("ORG-spine", (-0.1, 0, 1), True),
}
MAP = RigMap(
    family="names",
    label="names",
    strands={
        "hips": (("torso",),),
        "chest": (("chest",),),
        "upper_arm.L": (("arm_fk.L",),),
        "thigh.L": (("DEF-leg.L",),),
        "thigh.R": (("DEF-leg.R",),),
    },
)


def rig(deform: bool = True) -> tuple[RigRest, np.ndarray]:
    names = tuple(BONES)
    matrices = np.tile(np.eye(4), (len(names), 1, 1))
    matrices[:, :3, 3] = [head for _, head, _ in BONES.values()]
    parents = [names.index(parent) if parent else -1 for parent, _, _ in BONES.values()]
    rest = RigRest(
        name="Rig",
        bones=names,
        parents=np.array(parents),
        matrices=matrices,
        tails=matrices[:, :3, 3] + [0, 0.1, 0],
        connected=np.zeros(len(names), bool),
        inherit_rotation=np.ones(len(names), bool),
    )
    return rest, np.array([bends and deform for _, _, bends in BONES.values()])


def parents_of(bones):
    return {
        name: bones.names[parent] if parent >= 0 else None
        for name, parent in zip(bones.names, bones.parents, strict=True)
    }


def test_bones_that_deform_hang_on_what_moves_their_controls() -> None:
    bones = choose_bones(*rig(), MAP)
    assert parents_of(bones) == {
        "DEF-spine": None,
        "DEF-chest": "DEF-spine",
        "DEF-arm.L": "DEF-chest",
        "DEF-leg.L": "DEF-spine",
        "DEF-leg.R": "DEF-spine",
    }
    assert bones.names[bones.of("arm_fk.L")] == "DEF-arm.L"


def test_the_hips_are_what_legs_and_chest_hang_on() -> None:
    bones = choose_bones(*rig(), MAP)
    assert bones.names[hips_of(bones, MAP)] == "DEF-spine"
    assert bones.names[hips_of(bones, None)] == "DEF-spine"


def test_mapped_bones_are_taken_of_a_rig_where_nothing_deforms() -> None:
    bones = choose_bones(*rig(deform=False), MAP)
    assert set(bones.names) >= {"torso", "chest", "arm_fk.L", "DEF-leg.L"}
    assert parents_of(bones)["arm_fk.L"] == "chest"
    assert "ORG-arm.L" not in bones.names


def test_below_gives_a_bone_and_what_hangs_on_it() -> None:
    assert below(np.array([-1, 0, 1, 0, 3]), 3).tolist() == [3, 4]
