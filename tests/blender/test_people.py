"""People for the measures of the likeness: bodies, poses and truth, without rendering."""

import numpy as np
import pytest

_BUILD = """
import numpy as np
from blender_addon.people import people as p
from blender_addon.people.pose import POSES, gesture, set_pose, solve_pose
from blender_addon.people.places import build_set
from blender_addon.people.wear import Build, create_person
table = list(p._people(24, 0))
again = list(p._people(24, 0))
person = table[wanted]
armature = create_person(scene, person.wear, person.build)
"""

_TRUTH = (
    _BUILD
    + """
build_set(scene, wall='plain', colour=person.wall_colour, light='soft', shows='whole',
          height=person.build.height, size=(104, 128), lens=60.0, seated=False)
p._animate(scene, armature, gesture(person.pose, 3, np.random.default_rng(0)), person.build)
p._colour_parts(armature)
from pathlib import Path
points = p._truth(scene, armature, person, Path(folder) / 'guide.npz', (104, 128), 3)
scene.frame_set(1)
wrists = [list(armature.matrix_world @ armature.pose.bones[f'hand.{s}'].head) for s in 'LR']
parts = set()
for thing in armature.children:
    layer = thing.data.color_attributes['part'].data
    colours = np.empty(4 * len(layer), np.float32)
    layer.foreach_get('color', colours)
    parts |= {int(n) for n in np.unique(np.round(colours.reshape(-1, 4)[:, :3]) @ (1, 2, 4))}
answer = dict(points=points, wrists=wrists, parts=sorted(parts), height=person.build.height,
              wrist=person.pose.left.wrist, same=table == again,
              names=[one.name for one in table])
"""
)


@pytest.fixture(scope="module")
def truth(run_in_blender, tmp_path_factory):
    # A person with bare arms and hands on hips.
    return run_in_blender(_TRUTH, wanted=5, folder=str(tmp_path_factory.mktemp("truth")))


def test_the_same_seed_draws_the_same_people_and_each_has_a_name_of_its_own(truth):
    assert truth["same"]
    assert len(set(truth["names"])) == 24


def test_wrists_come_to_lie_where_the_pose_has_them(truth):
    left, right = np.array(truth["wrists"]) / truth["height"]
    assert left[2] == pytest.approx(truth["wrist"][2], abs=0.01)
    # Both hands rest on the hips of a body that is turned to nobody.
    np.testing.assert_allclose(left * (-1, 1, 1), right, atol=1e-4)


def test_points_lie_in_the_picture_and_on_the_right_sides(truth):
    points = {name: np.array(places) for name, places in truth["points"].items()}
    for name in ("nose", "hand.L", "hand.R", "foot.L", "mouth.R"):
        assert points[name].shape == (3, 2)
        assert ((points[name] > 0) & (points[name] < (104, 128))).all()
    # The person's left is on the right of the picture, and the head above the feet.
    assert (points["upper_arm.L"][:, 0] > points["upper_arm.R"][:, 0]).all()
    assert (points["nose"][:, 1] < points["foot.L"][:, 1]).all()


def test_gestures_begin_in_the_pose_and_lift_the_hands(truth):
    wrist = np.array(truth["points"]["hand.L"])
    assert wrist[1:, 1].min() < wrist[0, 1] - 2.0


def test_every_part_has_its_colour_and_nothing_is_nobody(truth):
    assert truth["parts"] == [1, 2, 3, 4, 5, 6, 7]
