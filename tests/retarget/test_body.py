"""The body: its shape space, bones and weights, posing and skinning."""

import numpy as np
import pytest

from retarget import rotation
from retarget.body.kinematics import (
    STRETCHES,
    bone_matrices,
    pose_bones,
    skin,
    stretched_heads,
)
from retarget.body.model import BONES, FINGERS, INDEX, PARENTS, Body, alignment, load_body
from retarget.t_pose import knuckle_twist


@pytest.fixture(scope="module")
def body() -> Body:
    return load_body()


def test_weights_add_up_and_bones_have_parents_before_them(body: Body) -> None:
    np.testing.assert_allclose(body.weights.sum(axis=1), 1.0, atol=1e-9)
    assert (body.weights >= 0.0).all()
    assert all(parent < bone for bone, parent in enumerate(PARENTS))
    assert body.weights.shape == (len(body.vertices), len(BONES))


def test_the_mesh_is_closed_but_for_its_openings_and_faces_outward(body: Body) -> None:
    corners = body.vertices[body.faces]
    volume = (
        np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6.0
    )
    # A person of seventy kilograms has about as many litres.
    assert 0.045 < volume < 0.11


def test_a_person_stands_on_the_ground_facing_the_camera_left_to_the_right(body: Body) -> None:
    assert abs(body.vertices[:, 2].min()) < 0.02
    assert body.heads[INDEX["hand.L"], 0] > 0.3 > -0.3 > body.heads[INDEX["hand.R"], 0]
    assert body.eyes[:, 1].max() < body.heads[INDEX["head"], 1]


@pytest.mark.parametrize("component", range(4))
def test_shapes_are_bodies_of_other_builds(body: Body, component: int) -> None:
    betas = np.zeros(body.components)
    betas[component] = 1.5
    shape = body.shape(betas)
    assert np.isfinite(shape.vertices).all()
    assert np.abs(shape.vertices - body.vertices).max() > 0.01
    assert 1.1 < np.ptp(shape.vertices[:, 2]) < 2.3


def test_unposed_by_its_alignment_the_body_stands_in_the_t_pose(body: Body) -> None:
    shape = body.shape(np.zeros(body.components))
    back = rotation.conjugate(alignment(shape))
    for side, out in (("L", 1.0), ("R", -1.0)):
        for stem in ("upper_arm", "forearm", "hand", "middle.02"):
            bone = INDEX[f"{stem}.{side}"]
            along = rotation.normalize(shape.tails[bone] - shape.heads[bone])
            np.testing.assert_allclose(
                rotation.rotate(back[bone], along), [out, 0.0, 0.0], atol=0.09, err_msg=stem
            )
        knuckles = shape.heads[INDEX[f"index.01.{side}"]] - shape.heads[INDEX[f"pinky.01.{side}"]]
        forward = rotation.rotate(back[INDEX[f"hand.{side}"]], rotation.normalize(knuckles))
        assert forward[1] < -0.9, "palms down, index in front"


def test_the_bodys_hands_lie_in_the_t_pose_as_any_rigs_do(body: Body) -> None:
    shape = body.shape(np.zeros(body.components))
    back = rotation.conjugate(alignment(shape))
    for side in ("L", "R"):
        index, *others = (shape.heads[INDEX[f"{finger}.01.{side}"]] for finger in FINGERS[1:])
        knuckles = rotation.rotate(back[INDEX[f"hand.{side}"]], index - np.mean(others, axis=0))
        assert abs(knuckle_twist(side, knuckles)) < 1e-9


def test_the_rest_pose_gives_the_body_back(body: Body) -> None:
    count = len(BONES)
    local = np.broadcast_to(np.eye(3), (count, 3, 3))
    positions, turns = pose_bones(body.heads, local, body.heads[0])
    np.testing.assert_allclose(positions, body.heads, atol=1e-12)
    matrices = bone_matrices(turns, body.heads, positions)
    np.testing.assert_allclose(
        skin(body.vertices, body.weights, matrices), body.vertices, atol=1e-9
    )


def test_a_bent_elbow_moves_the_hand_and_nothing_above(body: Body) -> None:
    local = np.tile(np.eye(3), (len(BONES), 1, 1))
    elbow = INDEX["forearm.L"]
    local[elbow] = rotation.to_matrix(
        rotation.from_axis_angle(np.array([0.0, 1.0, 0.0]), np.asarray(1.0))
    )
    positions, _ = pose_bones(body.heads, local, body.heads[0])
    moved = np.linalg.norm(positions - body.heads, axis=1) > 1e-9
    assert moved[INDEX["hand.L"]]
    assert moved[INDEX["pinky.03.L"]]
    assert not moved[[INDEX["upper_arm.L"], elbow, INDEX["hand.R"], INDEX["head"]]].any()


def test_stretches_change_what_they_are_called_after(body: Body) -> None:
    logs = np.zeros(len(STRETCHES))
    logs[[name for name, _ in STRETCHES].index("forearm")] = np.log(1.2)
    heads = stretched_heads(body.heads, logs)

    def length(heads: np.ndarray, bone: str) -> float:
        return float(np.linalg.norm(heads[INDEX[bone]] - heads[PARENTS[INDEX[bone]]]))

    assert length(heads, "hand.L") == pytest.approx(1.2 * length(body.heads, "hand.L"))
    assert length(heads, "forearm.L") == pytest.approx(length(body.heads, "forearm.L"))
