"""What `evaluate likeness` compares, on a rendered person of a few coloured rectangles."""

import json

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from backend.cli import app
from backend.evaluation import likeness
from backend.evaluation.contact_sheet import contact_sheet
from backend.evaluation.likeness import Drawn, Method, Returned, compare_clip, evaluate_likeness
from backend.evaluation.likeness_page import likeness_page
from backend.evaluation.likeness_sets import Person, find_sets, read_clip, resized
from backend.video import Footage, encode
from retarget import rotation, skeleton
from retarget.character import PARTS
from retarget.errors import ConductorError
from retarget.guide import Guide

WIDTH, HEIGHT, FRAMES = 192, 208, 4
HAND = PARTS.index("hand.L") + 1
TRUNK = PARTS.index("trunk") + 1


def _parts(frame: int) -> np.ndarray:
    parts = np.zeros((HEIGHT, WIDTH), np.uint8)
    parts[60:180, 70:120] = TRUNK
    parts[100 - 12 * frame : 120 - 12 * frame, 130:150] = HAND
    return parts


def _picture(parts: np.ndarray) -> np.ndarray:
    colours = np.random.default_rng(0).integers(40, 220, (8, 3))
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return (colours[parts] + (8 * np.sin(x / 3.0) * np.cos(y / 4.0))[..., None]).astype(np.uint8)


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A folder with one person, as the command `people` writes it."""
    folder = tmp_path_factory.mktemp("people")
    person = folder / "01_square"
    for name in ("frames", "parts"):
        (person / name).mkdir(parents=True)

    def write(path, parts, picture):
        bits = (parts[..., None] >> np.arange(3)) & 1
        fine = np.repeat(np.repeat(255 * bits.astype(np.uint8), 2, 0), 2, 1)
        cv2.imwrite(str(path[0]), picture[..., ::-1])
        cv2.imwrite(str(path[1]), fine[..., ::-1])

    write((person / "photo.png", person / "photo_parts.png"), _parts(0), _picture(_parts(0)))
    for i in range(FRAMES):
        name = f"{i + 1:06d}.png"
        write((person / "frames" / name, person / "parts" / name), _parts(i), _picture(_parts(i)))
    shape = (FRAMES, len(skeleton.NAMES))
    Guide(
        fps=16.0,
        size=(WIDTH, HEIGHT),
        positions=np.tile(skeleton.REST, (FRAMES, 1, 1)),
        rotations=rotation.identity(shape),
        rest=skeleton.REST,
        view=np.tile(np.eye(4), (FRAMES, 1, 1)),
        projection=np.tile(np.eye(4), (FRAMES, 1, 1)),
    ).save(person / "guide.npz")
    points = {name: [[90.0, 40.0]] * FRAMES for name in ("eye.L", "eye.R")}
    points |= {name: [[90.0, 60.0]] * FRAMES for name in ("mouth.L", "mouth.R")}
    about = {"name": "square", "frames": FRAMES, "fps": 16, "points": {"video": points}}
    (person / "person.json").write_text(json.dumps(about))
    return folder


@pytest.fixture(autouse=True)
def nobody_is_looked_for(monkeypatch):
    """The detector is not under test here, and rectangles have no face."""
    nothing = np.zeros((HEIGHT, WIDTH))
    monkeypatch.setattr(likeness, "look_at", lambda _: Person(None, nothing, nothing, nothing))


def _perfect(clip):
    return [Drawn(frame, parts) for frame, parts in zip(clip.frames, clip.truth.parts, strict=True)]


def test_a_rendered_person_is_read_with_its_truth(people):
    photos, clips = find_sets(people)
    assert [path.name for path in photos] == ["photo.png"]
    clip = read_clip(clips[0], 10.0)
    assert len(clip.frames) == FRAMES
    assert clip.truth is not None
    np.testing.assert_array_equal(clip.truth.parts[2], _parts(2))
    np.testing.assert_array_equal(clip.truth.mattes[2] > 0.5, _parts(2) > 0)


def test_only_the_first_seconds_are_read(people):
    assert len(read_clip(people / "01_square", 2.1 / 16.0).frames) == 2


def test_the_truth_itself_is_as_good_as_it_gets(people):
    clip = read_clip(people / "01_square", 10.0)
    seen = [likeness.look_at(frame) for frame in clip.frames]
    figures = compare_clip(clip, _perfect(clip), seen)
    for region in ("whole", "person", "hands", "face"):
        assert figures[f"PSNR {region}"] == 100.0
        assert figures[f"GMSD {region}"] == pytest.approx(0.0)
    assert figures["silhouette IoU"] == figures["hands IoU"] == 1.0
    assert figures["flicker"] == pytest.approx(1.0)


def test_copying_the_photo_misses_the_hands_alone(people):
    clip = read_clip(people / "01_square", 10.0)
    seen = [likeness.look_at(frame) for frame in clip.frames]
    figures = compare_clip(clip, likeness.copy_photo(clip), seen)
    assert figures["hands IoU"] < 0.2
    assert figures["PSNR hands"] < figures["PSNR person"] < 100.0
    assert figures["PSNR face"] == 100.0


def test_a_transfer_that_loses_frames_is_a_fault_of_its_row_alone(people):
    photos, clips = find_sets(people)
    methods = (
        Method("short", transfer=lambda clip: _perfect(clip)[1:]),
        Method("truth", transfer=_perfect),
    )
    report = evaluate_likeness(photos, clips, methods)
    assert "must keep both" in report.transfer[0].fault
    summary = likeness.summarise(report.transfer)
    assert summary["short"]["faults"] == 1.0
    assert summary["truth"]["PSNR person"] == 100.0


def test_the_gain_over_the_copy_is_that_of_the_worst_clip(people):
    def half_way(clip):
        mixed = [(0.5 * f + 0.5 * clip.frames[0]).astype(np.uint8) for f in clip.frames]
        return [Drawn(rgb) for rgb in mixed]

    methods = (*likeness.methods(), Method("half", transfer=half_way))
    rows = evaluate_likeness([], [people / "01_square"], methods).transfer
    gain = likeness.summarise(rows)["half"]["least gain whole"]
    assert gain == pytest.approx(20.0 * np.log10(2.0), abs=0.1)


def test_zero_motion_is_measured_inside_the_known_matte(people):
    def off_by_ten_inside(path):
        photo = _picture(_parts(0))
        changed = np.where((_parts(0) > 0)[..., None], photo + 10, 0).astype(np.uint8)
        return Returned(photo, changed, np.ones((HEIGHT, WIDTH)))

    photos, _ = find_sets(people)
    report = evaluate_likeness(photos, [], (Method("m", zero_motion=off_by_ten_inside),))
    (row,) = report.zero_motion
    assert row.values["PSNR person"] == pytest.approx(20.0 * np.log10(25.5), abs=1e-6)
    assert row.name == "01_square"
    page = likeness_page(report, "a & b")
    assert "data:image/jpeg;base64," in page
    assert "a &amp; b" in page


def test_the_soft_edge_does_not_count_inside_the_matte(tmp_path):
    def wrong_at_the_edge(path):
        photo = np.full((HEIGHT, WIDTH, 3), 100, np.uint8)
        matte = np.zeros((HEIGHT, WIDTH))
        matte[:20], matte[20:24] = 1.0, 0.6
        changed = photo + np.where(matte == 1.0, 2, 40).astype(np.uint8)[..., None]
        return Returned(photo, changed, matte)

    photo = tmp_path / "someone.png"
    (row,) = evaluate_likeness(
        [photo], [], (Method("m", zero_motion=wrong_at_the_edge),)
    ).zero_motion
    inside = row.values["PSNR inside matte"]
    assert inside == pytest.approx(20.0 * np.log10(127.5), abs=1e-6)
    assert row.values["PSNR person"] < inside - 10.0
    assert likeness.summarise([row])["m"]["least PSNR inside matte"] == inside


def test_the_command_writes_figures_that_json_can_hold(people, tmp_path):
    target = tmp_path / "figures.json"
    done = CliRunner().invoke(app, ["evaluate", "likeness", str(people), "-o", str(target)])
    assert done.exit_code == 0, done.output
    copied, body = json.loads(target.read_text())["self-transfer"]
    assert copied["method"] == "copy of the photo"
    assert copied["values"]["PSNR whole"] < 100.0
    # Nobody is in these pictures, and the body says so.
    assert body["method"] == "the body"
    assert body["fault"]


def test_a_folder_without_anything_to_measure_is_a_fault(tmp_path):
    with pytest.raises(ConductorError, match="no photos"):
        find_sets(tmp_path)
    with pytest.raises(ConductorError, match="does not exist"):
        find_sets(tmp_path / "nowhere")


def test_a_damaged_video_is_a_fault(tmp_path):
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"not a video")
    with pytest.raises(ConductorError, match=r"broken\.mp4"):
        read_clip(path, 1.0)


def test_a_video_counts_up_to_its_first_cut(tmp_path):
    person = [_picture(_parts(i)) for i in range(FRAMES)]
    other = [np.full_like(person[0], (20, 60, 200))] * 5
    path = tmp_path / "cut.mp4"
    encode(Footage(person + other, 25.0, (WIDTH, HEIGHT), FRAMES + 5), path)
    clip = read_clip(path, 10.0)
    assert len(clip.frames) == FRAMES
    assert np.abs(clip.frames[-1].astype(int) - person[-1]).mean() < 10.0


def test_large_frames_are_made_smaller_and_even():
    assert resized(np.zeros((1080, 1919, 3), np.uint8)).shape == (288, 512, 3)
    assert resized(np.zeros((100, 80, 3), np.uint8)).shape == (100, 80, 3)


def test_a_contact_sheet_shows_every_picture_in_its_place():
    colours = [(200, 0, 0), (0, 200, 0), (0, 0, 200)]
    frames = [np.full((40, 20, 3), colour, np.uint8) for colour in colours]
    sheet = contact_sheet(frames, 2, ["a", "b", "c"], side=40)
    first, second, third = (
        np.argwhere((sheet == colour).all(axis=2)).min(axis=0) for colour in colours
    )
    assert first[0] == second[0] < third[0]
    assert first[1] == third[1] < second[1]


def test_labels_must_fit_the_pictures():
    with pytest.raises(ConductorError, match="label"):
        contact_sheet([np.zeros((4, 4, 3), np.uint8)], 1, ["a", "b"])
