"""From the bundled photo to frames: the photo returned, far poses, backgrounds, the file."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backend.overlay.seen import seen_in_likeness
from pose_transfer.drawing import Painter
from pose_transfer.drive import drive
from pose_transfer.guides import far_poses, guide_of
from pose_transfer.likeness import likeness_frames
from pose_transfer.preview import draw_preview
from pose_transfer.sitting import Sitting
from retarget import rotation, skeleton
from retarget.character import Character
from retarget.errors import ConductorError

# Inside the matte, dB.
ZERO_MOTION = 38.0
SIZE = (180, 240)


def test_zero_motion_gives_the_photo_back(sitting: Sitting) -> None:
    character, photo = sitting.character, sitting.photo.rgb
    take = drive(character, guide_of(character))
    with Painter(character, character.camera.size, backdrop=character.backdrop) as painter:
        returned = painter.draw(take, 0)
    assert returned.shape == photo.shape
    error = ((returned.astype(np.float64) - photo) ** 2)[sitting.matte > 0.95].mean()
    assert 10.0 * np.log10(255.0**2 / error) > ZERO_MOTION


def test_frames_are_the_same_alone_and_in_order(sitting: Sitting) -> None:
    frames = likeness_frames(far_poses(), sitting.character, size=SIZE)
    every = list(frames)
    assert len(every) == len(frames) == len(far_poses())
    assert every[0].shape == (SIZE[1], SIZE[0], 3)
    assert np.abs(frames[4].astype(int) - every[4]).max() <= 1


def test_the_person_follows_the_avatar_before_a_background_that_stays(sitting: Sitting) -> None:
    guide = far_poses()
    frames = list(likeness_frames(guide, sitting.character, background="#204060", size=SIZE))
    up, wide, crossed, low = (frames[i].astype(int) for i in (1, 4, 7, 10))
    for frame in (up, wide, crossed, low):
        assert (frame[2, 2] == [0x20, 0x40, 0x60]).all()
    above, aside = (np.abs(frame - [0x20, 0x40, 0x60]).max(axis=2) > 40 for frame in (up, wide))
    highest, head = np.flatnonzero(above.any(axis=1)), np.flatnonzero(aside.any(axis=1))
    narrow, widest = np.flatnonzero(above.any(axis=0)), np.flatnonzero(aside.any(axis=0))
    assert highest[0] < head[0] - 10, "raised hands are above the head"
    assert np.ptp(widest) > 1.3 * np.ptp(narrow), "arms held out are wider than arms held up"


def test_an_overlay_finds_the_person_s_hands_in_the_picture(sitting: Sitting) -> None:
    ground = np.array([0x20, 0xC0, 0x20])
    frames = likeness_frames(far_poses(), sitting.character, background="#20c020", size=SIZE)
    seen = seen_in_likeness(frames)
    assert len(seen) == len(frames)
    picture = frames[4].astype(int)
    for side in "LR":
        for name in (f"forearm.{side}", f"hand.{side}", f"fingers.{side}"):
            x, y = seen.pixel(4, name).astype(int)
            assert np.abs(picture[y, x] - ground).max() > 40
    # Arms wide: beyond the left hand there is nothing, and no baton either.
    wrist, tip = seen.pixel(4, "hand.L"), seen.pixel(4, "fingers.L 3")
    x, y = (tip + 0.35 * (tip - wrist)).astype(int)
    assert np.abs(picture[y, x] - ground).max() < 10


def test_hands_lie_where_the_camera_sees_the_avatar_s(sitting: Sitting) -> None:
    guide, character = far_poses(), sitting.character
    take = drive(character, guide)
    names = ("forearm.L", "forearm.R", "hand.L", "hand.R")
    for name in names:
        at = np.append(character.heads[character.bone(name)], 1.0)
        place = take.matrices[:, character.bone(name)].astype(float) @ at
        avatar = guide.positions[:, skeleton.INDEX[name]]
        assert np.abs(place - avatar).max() < 0.01, name


@pytest.mark.parametrize("size", [(320, 180), (200, 200), (180, 320)], ids=["16:9", "1:1", "9:16"])
@pytest.mark.parametrize("dress", ["photo", "concert"])
def test_hands_are_never_cut_and_the_person_fills_the_picture(
    sitting: Sitting, size: tuple[int, int], dress: str
) -> None:
    # What counts as concert dress goes on below the photo.
    character = replace(sitting.character, dress=dress)
    frames = likeness_frames(far_poses(), character, background="alpha", size=size)
    person = np.max([frame[..., 3] for frame in frames], axis=0) > 128
    assert not person[0].any()
    assert not person[:, 0].any()
    assert not person[:, -1].any()
    across = np.flatnonzero(person.any(axis=0))
    down = np.flatnonzero(person.any(axis=1))
    filled = np.ptp(across) / size[0], np.ptp(down) / size[1]
    assert max(filled) > 0.85
    assert down[-1] == size[1] - 1


@pytest.mark.parametrize(("degrees", "told"), [(0, False), (80, False), (100, True), (180, True)])
def test_a_camera_behind_the_person_is_told(sitting: Sitting, degrees: int, told: bool) -> None:
    guide = far_poses()
    around = np.eye(4)
    around[:3, :3] = rotation.to_matrix(
        rotation.from_axis_angle(np.array([0.0, 0.0, 1.0]), np.radians(degrees))
    )
    turned = replace(guide, view=guide.view @ around)
    warnings = likeness_frames(turned, sitting.character, size=SIZE).warnings
    assert any("back" in sentence for sentence in warnings) == told


def test_nothing_stands_behind_a_transparent_likeness(sitting: Sitting) -> None:
    frames = likeness_frames(far_poses(), sitting.character, background="alpha", size=SIZE)
    assert frames.transparent
    alpha = frames[4][..., 3]
    assert alpha.min() == 0
    assert alpha.max() == 255


def test_a_kept_subject_gives_the_same_frames(sitting: Sitting, tmp_path: Path) -> None:
    sitting.character.save(tmp_path / "me.subject")
    kept = Character.load(tmp_path / "me.subject")
    assert sitting.character.light is not None
    np.testing.assert_allclose(kept.light, sitting.character.light, atol=1e-6)
    for guide in (guide_of(kept), far_poses()):
        ours = likeness_frames(guide, sitting.character, size=SIZE)[0]
        theirs = likeness_frames(guide, kept, size=SIZE)[0]
        assert np.abs(ours.astype(int) - theirs).max() <= 1


def test_a_cut_out_is_shown_before_a_studio_wall_with_a_note(sitting: Sitting) -> None:
    character = replace(sitting.character, backdrop=None)
    frames = likeness_frames(guide_of(character), character, size=SIZE)
    assert any("no background" in warning for warning in frames.warnings)
    assert not frames.transparent
    assert frames[0][0].std() < 20.0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"background": "stage"}, "stage"),
        ({"background": "red"}, "background"),
        ({"size": (8, 8)}, "size"),
    ],
)
def test_options_that_make_no_sense_get_one_sentence(
    sitting: Sitting, options: dict, words: str
) -> None:
    with pytest.raises(ConductorError, match=words) as fault:
        likeness_frames(guide_of(sitting.character), sitting.character, **options)
    assert str(fault.value).count(". ") == 0


def test_the_preview_shows_the_photo_and_the_poses(sitting: Sitting) -> None:
    heard: list[float] = []
    sheet = draw_preview(sitting, lambda fraction, _phase, /: heard.append(fraction))
    assert sheet.dtype == np.uint8
    assert sheet.shape[1] > sheet.shape[0] > 800
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    # Eight pictures, no two of them alike.
    cells = [
        sheet[top + 60 : top + 380, left : left + 400].astype(int)
        for top in (34, 656)
        for left in range(20, 4 * 444, 444)
    ]
    for i, cell in enumerate(cells):
        for other in cells[:i]:
            assert np.abs(cell - other).mean() > 1.0
