"""When concert dress takes the place of the photo's clothes, and what is said of it."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from pose_transfer.check import HeadQuality, Quality, check, check_head
from pose_transfer.dressing import concert_dress
from pose_transfer.face_mesh import CHIN, EARS, face_width
from pose_transfer.photo import Photo
from pose_transfer.pieces import Piece
from pose_transfer.sitting import Sitting, sit
from retarget.body.model import INDEX
from retarget.character import PARTS, SOLID

GOOD = Quality(42.0, 45.0, 0.002, (0.18, 0.36), 0.0)


@pytest.fixture(scope="module")
def headshot(sitting: Sitting) -> Sitting:
    """The bundled photo cut off below the shoulders."""
    rgb = sitting.photo.rgb
    points = sitting.landmarks.points
    x = float(points["nose"][0])
    shoulders = float(points["upper_arm.L"][1])
    low = int(shoulders + 0.35 * (points["upper_arm.L"][0] - points["upper_arm.R"][0]))
    left, right = int(x - 0.75 * low), int(x + 0.75 * low)
    return sit(Photo(np.ascontiguousarray(rgb[:low, left:right]), None, "headshot.png"))


def test_a_photo_with_arms_keeps_its_clothes(sitting: Sitting) -> None:
    assert sitting.character.dress == "photo"


def test_a_headshot_wears_a_tailcoat_and_says_so(headshot: Sitting) -> None:
    assert headshot.character.dress == "concert"
    assert any("tailcoat" in warning for warning in headshot.character.warnings)
    parts = set(headshot.character.parts)
    assert {PARTS.index(name) for name in ("trunk", "head", "arm.L", "hand.R", "legs")} <= parts


def test_the_head_over_the_tailcoat_is_where_the_photo_has_it(headshot: Sitting) -> None:
    character = headshot.character
    own = character.parts == PARTS.index("head")
    seen = character.camera.to_pixels(character.vertices[own])[:, :2]
    face = headshot.landmarks.face
    assert face is not None
    low, high = seen.min(axis=0), seen.max(axis=0)
    assert (low < face[:, :2].min(axis=0)).all()
    assert (high > face[:, :2].max(axis=0) - 3.0).all()


def test_the_neck_stands_below_a_head_that_leans(sitting: Sitting) -> None:
    rgb = sitting.photo.rgb
    x, y = sitting.landmarks.points["nose"]
    turn = cv2.getRotationMatrix2D((float(x), float(y)), 25.0, 1.0)
    turned = cv2.warpAffine(rgb, turn, rgb.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
    made = sit(Photo(turned, None, "leaning.png"), dress="concert")
    face, character = made.landmarks.face, made.character
    assert face is not None
    of_head = character.weight_bones == character.bone("head")
    share = np.where(of_head, character.weights, 0.0).sum(axis=1)
    neck = (character.parts == PARTS.index("trunk")) & (share > 0.3)
    seen = character.camera.to_pixels(character.vertices)[:, :2]
    assert neck.any()
    # Where the neck ends, well above the chin, it is within the face.
    top = neck & (seen[:, 1] < face[CHIN, 1] - 0.2 * face_width(face))
    middle = face[list(EARS), 0].mean()
    assert top.any()
    assert np.abs(seen[top, 0] - middle).max() < 0.55 * face_width(face)


def test_a_gown_is_worn_where_it_is_asked_for(headshot: Sitting) -> None:
    gown = sit(headshot.photo, landmarks=headshot.landmarks, dress="gown").character
    assert gown.dress == "gown"
    assert len(gown.vertices) != len(headshot.character.vertices)
    assert not any("tailcoat" in warning for warning in gown.warnings)


def test_the_check_finds_the_bundled_photo_good(sitting: Sitting) -> None:
    quality = check(
        sitting.character, sitting.photo, sitting.matte, sitting.labels, sitting.landmarks
    )
    assert quality.fault() is None
    assert quality.returned_db > 36.0
    assert quality.face_db > 40.0


def test_the_check_finds_torn_clothes(sitting: Sitting) -> None:
    character = sitting.character
    middle = character.vertices[character.faces].mean(axis=1)
    front = (character.kinds == SOLID) & (
        character.parts[character.faces[:, 0]] == PARTS.index("trunk")
    )
    chest = character.heads[character.bone("chest")]
    hole = front & (np.abs(middle - chest)[:, [0, 2]].max(axis=1) < 0.07)
    torn = check(
        character.only(~hole), sitting.photo, sitting.matte, sitting.labels, sitting.landmarks
    )
    assert torn.holes > 0.015
    assert torn.fault() is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"returned_db": 20.0}, "rebuilt"),
        ({"holes": 0.2}, "tear"),
        ({"hand_areas": (0.2, 1.6)}, "hands"),
        ({"left_behind": 0.8}, "background"),
    ],
)
def test_each_fault_has_its_words(change: dict, words: str) -> None:
    assert GOOD.fault() is None
    assert words in str(replace(GOOD, **change).fault())


def test_clothes_that_cannot_be_completed_are_kept_with_a_warning(headshot: Sitting) -> None:
    kept = sit(headshot.photo, landmarks=headshot.landmarks, dress="photo").character
    assert kept.dress == "photo"
    assert any("--dress concert" in warning for warning in kept.warnings)


def test_a_chin_in_the_collar_is_found(headshot: Sitting) -> None:
    face, character = headshot.landmarks.face, headshot.character
    assert face is not None
    good = check_head(character, headshot.photo, headshot.matte, face)
    assert good.fault() is None
    assert good.covered < 0.01
    raised = character.vertices.copy()
    raised[character.parts != PARTS.index("head")] += [0.0, -0.03, 0.05]
    sunk = check_head(replace(character, vertices=raised), headshot.photo, headshot.matte, face)
    assert sunk.covered > 0.05
    assert "cover" in str(sunk.fault())


def test_each_fault_of_a_head_on_concert_dress_has_its_words() -> None:
    good = HeadQuality(face_db=50.0, covered=0.0, roll=0.1)
    assert good.fault() is None
    assert "rebuilt" in str(replace(good, face_db=20.0).fault())
    assert "askew" in str(replace(good, roll=-0.5).fault())


def test_a_relief_pulled_forward_at_the_chin_keeps_the_neck_behind_the_face(
    sitting: Sitting,
) -> None:
    face, fit = sitting.landmarks.face, sitting.fit
    assert face is not None
    depth = float(fit.camera.to_pixels(fit.positions[INDEX["head"]])[2])
    metres = depth / fit.camera.focal

    def neck(pull_m: float) -> np.ndarray:
        near = np.linalg.norm(face[:, :2] - face[CHIN, :2], axis=1) < 0.25 * face_width(face)
        deep = depth + metres * face[:, 2] - pull_m * near
        head = Piece(
            vertices=fit.camera.to_world(np.column_stack([face[:, :2], deep])),
            faces=np.array([[0, 1, 2]]),
            uv=np.zeros((1, 3, 2)),
            picture=np.zeros((2, 2, 4), np.uint8),
            weights={"head": np.ones(len(face))},
            part="head",
        )
        tone = np.array([200.0, 160.0, 140.0])
        _, bones = concert_dress("concert", head, face, sitting.photo.rgb, fit, tone)
        return bones.heads[bones.names.index("neck")]

    assert neck(0.0)[1] - neck(0.08)[1] < 0.04
