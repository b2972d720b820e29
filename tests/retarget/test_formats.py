"""BVH and CSV, read back by independent means."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from sample_motions import planted_motion

from retarget import rotation, skeleton
from retarget.bvh import BvhSkeleton, write_skeleton
from retarget.errors import ConductorError
from retarget.formats import write_bvh, write_csv, write_face_csv

_TURNS = {
    "X": lambda c, s: [[1, 0, 0], [0, c, -s], [0, s, c]],
    "Y": lambda c, s: [[c, 0, s], [0, 1, 0], [-s, 0, c]],
    "Z": lambda c, s: [[c, -s, 0], [s, c, 0], [0, 0, 1]],
}


@pytest.fixture(scope="module")
def motion():
    names = ("jawOpen", "eyeBlinkLeft")
    face = np.random.default_rng(2).random((40, 2))
    return replace(planted_motion(40, seed=2), face_names=names, face=face)


def _read_bvh(path):
    """Joint positions by name (T, 3) in BVH's axes, End Sites as "<joint> end", frame time."""
    lines = [line.split() for line in path.read_text().splitlines()]
    start = lines.index(["MOTION"])
    stack, joints, name = [], [], ""
    for words in lines[1:start]:
        if words[0] in ("ROOT", "JOINT"):
            name = words[1]
        elif words[0] == "End":
            name = f"{stack[-1]} end"
        elif words[0] == "{":
            joints.append([name, stack[-1] if stack else None, None, []])
            stack.append(name)
        elif words[0] == "}":
            stack.pop()
        elif words[0] == "OFFSET":
            joints[-1][2] = np.array(words[1:], dtype=float)
        elif words[0] == "CHANNELS":
            joints[-1][3] = words[2:]
            assert len(words) == 2 + int(words[1])
    count = int(lines[start + 1][1])
    frames = np.array(lines[start + 3 :], dtype=float)
    assert frames.shape == (count, sum(len(j[3]) for j in joints))
    placed, turned, column = {}, {}, 0
    for name, parent, offset, channels in joints:
        local = np.tile(np.eye(3), (count, 1, 1))
        shift = np.zeros((count, 3))
        for channel in channels:
            values = frames[:, column]
            column += 1
            axis = channel[0]
            if channel.endswith("position"):
                shift[:, "XYZ".index(axis)] = values
                continue
            radians = np.radians(values)
            turn = np.array(
                [_TURNS[axis](c, s) for c, s in zip(np.cos(radians), np.sin(radians), strict=True)]
            )
            local = local @ turn
        if parent is None:
            placed[name], turned[name] = offset + shift, local
        else:
            placed[name] = placed[parent] + turned[parent] @ offset
            turned[name] = turned[parent] @ local
    return placed, float(lines[start + 2][2])


def test_a_bvh_holds_every_joint_in_its_place(motion, tmp_path):
    write_bvh(motion, tmp_path / "a.bvh")
    placed, frame_time = _read_bvh(tmp_path / "a.bvh")
    positions = motion.joints_3d()
    for j, name in enumerate(skeleton.NAMES):
        x, y, z = placed[name].T
        assert np.stack([x, -z, y], axis=-1) == pytest.approx(positions[:, j], abs=1e-5)
    assert frame_time == pytest.approx(1 / 30, abs=1e-8)


def test_every_limb_of_a_bvh_ends_in_an_end_site(motion, tmp_path):
    write_bvh(motion, tmp_path / "a.bvh")
    placed, _ = _read_bvh(tmp_path / "a.bvh")
    parents = set(skeleton.PARENTS)
    ends = {name for j, name in enumerate(skeleton.NAMES) if j not in parents}
    assert {name[:-4] for name in placed if name.endswith(" end")} == ends


def test_a_bvh_survives_a_quarter_turn_about_x(tmp_path):
    from retarget import rotation
    from retarget.motion import Motion

    rotations = rotation.identity((2, len(skeleton.NAMES)))
    arm = skeleton.INDEX["upper_arm.R"]
    rotations[1, arm] = rotation.from_rotation_vector([np.pi / 2, 0, 0])
    rotations[1, arm + 1] = rotation.from_rotation_vector([0.3, 0.2, 0.1])
    motion = Motion(30.0, rotations, np.repeat(skeleton.REST[:1], 2, axis=0))
    write_bvh(motion, tmp_path / "a.bvh")
    placed, _ = _read_bvh(tmp_path / "a.bvh")
    x, y, z = placed["baton_tip"].T
    expected = motion.joints_3d()[:, skeleton.INDEX["baton_tip"]]
    assert np.stack([x, -z, y], axis=-1) == pytest.approx(expected, abs=1e-5)


def test_a_csv_holds_the_times_and_positions(motion, tmp_path):
    write_csv(motion, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:4] == ["time", "hips.x", "hips.y", "hips.z"]
    assert float(rows[-1]["time"]) == pytest.approx(39 / 30, abs=1e-6)
    tip = [[float(row[f"baton_tip.{axis}"]) for axis in "xyz"] for row in rows]
    expected = motion.joints_3d()[:, skeleton.INDEX["baton_tip"]]
    assert np.array(tip) == pytest.approx(expected, abs=1e-6)


def test_a_csv_of_the_face_holds_frames_times_and_actions(motion, tmp_path):
    write_face_csv(motion, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["frame", "time", "jawOpen", "eyeBlinkLeft"]
    assert [row["frame"] for row in rows] == [str(i) for i in range(40)]
    assert float(rows[-1]["time"]) == pytest.approx(39 / 30, abs=1e-6)
    values = [[float(row[name]) for name in motion.face_names] for row in rows]
    assert np.array(values) == pytest.approx(motion.face, abs=1e-6)
    with pytest.raises(ConductorError, match="no face"):
        write_face_csv(replace(motion, face_names=(), face=np.zeros((0, 0))), tmp_path / "b.csv")
    assert not (tmp_path / "b.csv").exists()


@pytest.mark.parametrize("write", [write_bvh, write_csv, write_face_csv])
def test_the_same_motion_gives_the_same_bytes(write, motion, tmp_path):
    for name in ("a", "b"):
        write(motion, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("write", [write_bvh, write_csv, write_face_csv])
def test_long_motions_are_written_in_pieces_without_a_seam(write, motion, tmp_path, monkeypatch):
    write(motion, tmp_path / "whole")
    monkeypatch.setattr("retarget.formats._CHUNK", 7)
    monkeypatch.setattr("retarget.bvh._CHUNK", 7)
    write(motion, tmp_path / "pieces")
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "pieces").read_bytes()


@pytest.mark.parametrize("write", [write_bvh, write_csv, write_face_csv])
def test_a_missing_folder_is_said_in_one_sentence(write, motion, tmp_path):
    with pytest.raises(ConductorError, match="does not exist"):
        write(motion, tmp_path / "nowhere" / "a.bvh")


def test_a_joint_whose_distance_changes_has_it_in_channels_of_its_own(tmp_path):
    heads = np.array([[0.1, 0.0, 1.0], [0.1, 0.0, 1.4]])
    tails = np.array([[0.1, 0.0, 1.4], [0.1, 0.0, 1.7]])
    bones = BvhSkeleton(("hips", "spine"), np.array([-1, 0]), heads, tails, frozenset({1}))
    root = np.array([[0.1, 0.2, 1.0], [0.1, 0.0, 1.1], [0.0, 0.0, 1.0]])
    apart = np.array([[0.0, 0.0, 0.4], [0.0, 0.1, 0.5], [0.0, 0.0, 0.6]])
    rotations = rotation.identity((3, 2))
    write_skeleton(tmp_path / "m.bvh", bones, 30_000 / 1001, rotations, {0: root, 1: apart})
    lines = (tmp_path / "m.bvh").read_text().splitlines()
    assert sum("CHANNELS 6 Xposition" in line for line in lines) == 2
    rows = np.array([line.split() for line in lines[-3:]], dtype=float)
    np.testing.assert_allclose(rows[:, 6:9], apart[:, [0, 2, 1]] * [1, 1, -1], atol=1e-6)
    # Two milliseconds in five minutes are allowed.
    assert float(lines[-4].split()[-1]) * 9000 == pytest.approx(300.3, abs=1e-4)
