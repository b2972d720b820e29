"""What `docs/RIGS.md` says of maps and families."""

import re
from pathlib import Path

import numpy as np

from retarget import skeleton
from retarget.detect import families
from retarget.rig import RigRest
from retarget.rig_map_file import read_rig_map

_PAGE = (Path(__file__).resolve().parents[2] / "docs" / "RIGS.md").read_text(encoding="utf-8")


def test_the_map_that_the_page_shows_is_read(tmp_path):
    example = re.search(r"```toml\n(.*?)```", _PAGE, re.DOTALL)
    assert example is not None
    path = tmp_path / "my_robot.toml"
    path.write_text(example[1], encoding="utf-8")
    bones = tuple(dict.fromkeys(re.findall(r'"(\w+)"', example[1])))
    count = len(bones)
    rig = RigRest(
        name="Robot",
        bones=bones,
        parents=np.full(count, -1),
        matrices=np.tile(np.eye(4), (count, 1, 1)),
        tails=np.zeros((count, 3)),
        connected=np.zeros(count, dtype=bool),
        inherit_rotation=np.ones(count, dtype=bool),
    )
    found = read_rig_map(path, rig)
    assert found.label == "my robot"
    assert len(found.strands["fingers.R"]) == 2
    assert found.parents == {"ArmL": "Torso"}
    assert found.ik["hand.L"].pole == "ElbowPoleL"


def test_the_page_names_every_joint_that_a_map_may_have():
    stems = {name.split(".")[0] for name in skeleton.NAMES} - {"baton_tip"}
    assert {stem for stem in stems if f"`{stem}`" not in _PAGE} == set()


def test_the_page_names_every_family():
    makers = {re.split(r"[ (]", family["label"])[0] for family in families().values()}
    words = makers - {"conductor", "generated", "3ds", "MPFB"}
    assert {word for word in words if word.lower() not in _PAGE.lower()} == set()
