import dataclasses

import numpy as np
import pytest

from retarget import rotation, skeleton
from retarget.errors import ConductorError
from retarget.guide import Guide
from retarget.motion import Motion


def still(frames: int) -> Motion:
    identity = rotation.identity((frames, len(skeleton.NAMES)))
    return Motion(30.0, identity, skeleton.REST[:1].repeat(frames, 0))


def swinging(frames: int = 60, fps: float = 30.0) -> Motion:
    """Arms that swing and a body that sways."""
    t = np.arange(frames) / fps
    rotations = rotation.identity((frames, len(skeleton.NAMES)))
    for name, axis in (("upper_arm.R", [0, 1, 0]), ("forearm.R", [0, 0, 1]), ("chest", [1, 0, 0])):
        angle = 0.6 * np.sin(2 * np.pi * t + len(name))
        rotations[:, skeleton.INDEX[name]] = rotation.from_axis_angle(np.array(axis), angle)
    root = skeleton.REST[0] + 0.02 * np.stack([np.sin(t), t * 0, t * 0], axis=-1)
    return Motion(
        fps,
        rotations,
        root,
        beats=np.array([0.5, 1.0, 1.5]),
        beat_numbers=np.array([1, 2, 3]),
        style={"size": 0.5},
        source={"music": "x.ogg"},
    )


def test_the_rest_pose_is_the_skeleton_itself():
    motion = Motion(
        30.0, rotation.identity((2, len(skeleton.NAMES))), skeleton.REST[:1].repeat(2, 0)
    )
    assert np.allclose(motion.joints_3d(), skeleton.REST)


def test_bones_keep_their_length():
    joints = swinging().joints_3d()
    for joint, parent in enumerate(skeleton.PARENTS):
        if parent >= 0:
            lengths = np.linalg.norm(joints[:, joint] - joints[:, parent], axis=-1)
            rest = np.linalg.norm(skeleton.REST[joint] - skeleton.REST[parent])
            assert np.allclose(lengths, rest)


def test_every_parent_stands_before_its_children_and_sides_mirror():
    assert all(parent < joint for joint, parent in enumerate(skeleton.PARENTS))
    for name in skeleton.NAMES:
        if name.startswith("baton"):
            continue
        other = skeleton.REST[skeleton.INDEX[skeleton.mirror_name(name)]]
        assert np.allclose(other * [-1, 1, 1], skeleton.REST[skeleton.INDEX[name]])


def test_the_flat_view_has_the_published_normalisation():
    still = Motion(
        30.0, rotation.identity((3, len(skeleton.NAMES))), skeleton.REST[:1].repeat(3, 0)
    )
    flat = still.joints_2d()
    assert flat.shape == (3, 13, 2)
    assert np.isclose(flat[0, 5, 0] - flat[0, 6, 0], 0.2)  # left shoulder on the viewer's right
    assert np.allclose(flat[0, 11:].mean(axis=0), [0.5, 0.75])
    assert (flat[0, 0, 1] < flat[0, 11:, 1]).all()  # the nose is above the hips, y down


def test_a_saved_motion_loads_as_it_was(tmp_path):
    motion = swinging()
    motion.save(tmp_path / "m.npz")
    again = Motion.load(tmp_path / "m.npz")
    assert np.allclose(again.joints_3d(), motion.joints_3d(), atol=1e-5)
    assert np.array_equal(again.beats, motion.beats)
    assert np.array_equal(again.beat_numbers, motion.beat_numbers)
    assert (again.style, again.source, again.fps) == (motion.style, motion.source, motion.fps)


def test_the_file_carries_what_other_programs_need(tmp_path):
    swinging().save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz", allow_pickle=False) as arrays:
        assert arrays["joints_3d"].shape == (60, len(skeleton.NAMES), 3)
        assert arrays["joints_2d"].shape == (60, 13, 2)
        assert arrays["joints_3d"].dtype == np.float32
        assert [str(n) for n in arrays["names"]] == list(skeleton.NAMES)


def test_the_same_motion_gives_the_same_bytes(tmp_path):
    for name in ("a.npz", "b.npz"):
        swinging().save(tmp_path / name)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_resampling_keeps_the_time_of_every_pose():
    motion = swinging(fps=30.0)
    fine = motion.resample(60.0)
    assert len(fine) == 120
    assert np.allclose(fine.joints_3d()[::2], motion.joints_3d(), atol=1e-9)


def test_missing_foreign_and_cut_files_are_refused_in_one_sentence(tmp_path):
    with pytest.raises(ConductorError, match="does not exist"):
        Motion.load(tmp_path / "none.npz")
    text = tmp_path / "text.npz"
    text.write_text("no motion")
    with pytest.raises(ConductorError, match="not a motion file"):
        Motion.load(text)
    swinging().save(tmp_path / "m.npz")
    whole = (tmp_path / "m.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ConductorError, match="damaged"):
        Motion.load(tmp_path / "cut.npz")


def test_values_that_are_no_numbers_are_refused(tmp_path):
    motion = swinging()
    root = motion.root.copy()
    root[3] = np.nan
    dataclasses.replace(motion, root=root).save(tmp_path / "nan.npz")
    with pytest.raises(ConductorError, match="not numbers"):
        Motion.load(tmp_path / "nan.npz")


def test_a_guide_survives_its_file_and_projects_to_pixels(tmp_path):
    positions, rotations = swinging(5).world()
    view = np.eye(4)
    view[:3, :3] = [[1, 0, 0], [0, 0, 1], [0, -1, 0]]  # looking along +Y
    view[:3, 3] = [0, -1.0, -4.0]
    projection = np.array([[2.0, 0, 0, 0], [0, 2, 0, 0], [0, 0, -1, -0.2], [0, 0, -1, 0]])
    guide = Guide(
        24.0,
        (640, 640),
        positions,
        rotations,
        skeleton.REST,
        np.repeat(view[None], 5, 0),
        np.repeat(projection[None], 5, 0),
    )
    guide.save(tmp_path / "g.npz")
    again = Guide.load(tmp_path / "g.npz")
    assert np.allclose(again.positions, positions, atol=1e-5)
    pixels = again.to_pixels(np.array([[[0.0, 0.0, 1.0], [0.5, 0.0, 1.5]]]).repeat(5, 0))
    assert np.allclose(pixels[0, 0], [320, 320, 4])
    assert np.allclose(pixels[0, 1], [400, 240, 4])  # left of the conductor is right in the picture


def faced() -> Motion:
    motion = swinging()
    face = np.stack([np.linspace(0.0, 1.0, 60), np.linspace(0.6, 0.0, 60)], axis=1)
    return dataclasses.replace(motion, face_names=("jawOpen", "browInnerUp"), face=face)


def test_a_face_is_saved_and_loaded_and_has_the_same_bytes_again(tmp_path):
    motion = faced()
    motion.save(tmp_path / "a.npz")
    again = Motion.load(tmp_path / "a.npz")
    assert again.face_names == motion.face_names
    assert np.allclose(again.face, motion.face, atol=1e-6)
    motion.save(tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_motion_without_a_face_is_written_as_it_always_was(tmp_path):
    swinging().save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as file:
        assert not [name for name in file.files if "face" in name]
    again = Motion.load(tmp_path / "m.npz")
    assert (again.face_names, again.face.size) == ((), 0)
    assert again.resample(25.0).face.size == 0


def test_the_face_is_resampled_with_the_body():
    motion = faced()
    other = motion.resample(24.0)
    assert other.face.shape == (len(other), 2)
    wanted = np.interp(other.times, motion.times, motion.face[:, 0])
    assert np.allclose(other.face[:, 0], wanted)
    assert other.face_names == motion.face_names


@pytest.mark.parametrize(
    "damage",
    [
        {"face": None},
        {"face_names": None},
        {"face": np.zeros((59, 2), np.float32)},
        {"face": np.full((60, 2), 1.01, np.float32)},
        {"face": np.full((60, 2), np.nan, np.float32)},
        {"face": np.full((60, 2), -0.01, np.float32)},
        {"face_names": np.array(["jawOpen", "jawOpen"])},
        {"face_names": np.array([1, 2])},
    ],
)
def test_a_damaged_face_is_refused_in_one_sentence(tmp_path, damage):
    faced().save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as file:
        arrays = {name: file[name] for name in file.files}
    arrays = {name: array for name, array in (arrays | damage).items() if array is not None}
    np.savez(tmp_path / "d.npz", **arrays)
    with pytest.raises(ConductorError, match=r"damaged \(face\)"):
        Motion.load(tmp_path / "d.npz")
