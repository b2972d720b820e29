"""Motions on rigs in Blender itself, 4.5 LTS and 5.0: what the user gets, read back."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from retarget import rotation, skeleton

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parents[1]
sys.path.insert(0, str(_ROOT / "tests" / "retarget"))

from sample_motions import planted_motion  # noqa: E402 - found through the line above

RIGS = (
    *("avatar", "conductor", "turned", "mixamo"),
    *("basic_metarig", "full_metarig", "generated_metarig"),
)
_AIMS = {"upper_arm": "forearm", "forearm": "hand"}
_TRUNK_AND_LEGS = ("hips", "spine", "chest", "head", "clavicle.L", "clavicle.R", "foot.L", "foot.R")


def _second_blender() -> Path:
    named = os.environ.get("VC_BPY5_PYTHON")
    return Path(named) if named else _ROOT / ".venv-bpy5" / "bin" / "python"


@pytest.fixture(scope="module")
def play(tmp_path_factory):
    """Play all the scenes in one Blender, once; gives what they told."""

    @cache
    def run(version):
        python = Path(sys.executable) if version == "4.5" else _second_blender()
        if not python.is_file():
            return None
        folder = tmp_path_factory.mktemp("scenes")
        done = subprocess.run(
            [python, str(_HERE / "retarget_scenes.py"), str(folder)],
            capture_output=True,
            text=True,
            cwd=folder,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join([str(_ROOT), str(_ROOT / "tests" / "retarget")]),
                "BLENDER_USER_RESOURCES": str(folder / "blender"),
                "OMP_NUM_THREADS": "1",
            },
            timeout=240,
        )
        told = folder / "answers.json"
        assert told.is_file(), done.stdout[-2000:] + done.stderr[-4000:]
        return folder, json.loads(told.read_text())

    return run


@pytest.fixture(scope="module", params=["4.5", "5.0"])
def blender(request, play):
    """Everything the scenes told, in one Blender."""
    played = play(request.param)
    if played is None:
        pytest.skip("Blender 5 is not installed; VC_BPY5_PYTHON may name a Python with bpy 5.0")
    folder, answers = played
    assert answers["version"][0] == int(request.param[0])

    def answer(scene):
        assert not isinstance(answers[scene], str), answers[scene]
        return answers[scene]

    return SimpleNamespace(answer=answer, folder=folder)


@pytest.fixture(scope="module", params=RIGS)
def posed(request, blender):
    """A rig's evaluated pose, all in world space, with the motion it plays."""
    told = blender.answer(request.param)
    with np.load(blender.folder / f"{request.param}.npz") as data:
        world = data["world"]
        index = {str(name): i for i, name in enumerate(data["bones"])}
        matrices = world @ data["posed"]
        rest = world @ data["rest"]
        lengths = data["lengths"]
    size = np.linalg.norm(world[:3, 0])
    motion = planted_motion(60, seed=7)
    positions, turns = motion.world()

    def bone(joint, place=0, strand=0):
        return index[told["strands"][joint][strand][place]]

    # The way the rig stands, from its rest pose alone: left, back, up.
    heads = {j: rest[bone(j), :3, 3] for j in ("hips", "head", "upper_arm.L", "upper_arm.R")}
    left = rotation.normalize(heads["upper_arm.L"] - heads["upper_arm.R"])
    up = heads["head"] - heads["hips"]
    up = rotation.normalize(up - left * (left @ up))
    stand = np.stack([left, np.cross(up, left), up], axis=-1)
    if "metarig" in request.param or request.param == "conductor":
        # These lean a little in their own axes, which are the world's here.
        stand = np.round(stand)
    return SimpleNamespace(
        told=told,
        matrices=matrices,
        heads=matrices[..., :3, 3],
        rest=rest,
        lengths=lengths * size,
        bone=bone,
        count=lambda joint: len(told["strands"][joint]),
        stand=stand,
        positions=positions,
        turns=turns,
    )


def _degrees(a, b):
    a, b = rotation.normalize(a), rotation.normalize(b)
    return np.degrees(2 * np.arcsin(np.clip(0.5 * np.linalg.norm(a - b, axis=-1), 0, 1)))


def test_arms_point_within_a_degree_of_the_motion(posed):
    for side in "LR":
        for stem, aim in _AIMS.items():
            start, end = f"{stem}.{side}", f"{aim}.{side}"
            ours = posed.heads[:, posed.bone(end)] - posed.heads[:, posed.bone(start)]
            there = posed.positions[:, skeleton.INDEX[end]]
            theirs = (there - posed.positions[:, skeleton.INDEX[start]]) @ posed.stand.T
            assert _degrees(ours, theirs).max() < 1.0, start


def test_hands_point_within_a_degree_of_the_motion(posed):
    for side in "LR":
        j = skeleton.INDEX[f"hand.{side}"]
        ours = posed.matrices[:, posed.bone(f"hand.{side}"), :3, 1]
        rest = skeleton.TAILS[j] - skeleton.REST[j]
        theirs = rotation.rotate(posed.turns[:, j], rest) @ posed.stand.T
        assert _degrees(ours, theirs).max() < 1.0


def test_hands_with_fingers_roll_as_in_the_motion(posed):
    if "index.L" not in posed.told["strands"]:
        pytest.skip("without fingers the roll of the hand is the modeller's")
    for side in "LR":
        hand = skeleton.INDEX[f"hand.{side}"]
        axis = rotation.normalize(skeleton.TAILS[hand] - skeleton.REST[hand])
        axis = rotation.rotate(posed.turns[:, hand], axis) @ posed.stand.T
        index, fingers = f"index.{side}", f"fingers.{side}"
        bones = [posed.bone(fingers, strand=k) for k in range(posed.count(fingers))]
        knuckles = posed.heads[:, bones]
        ours = posed.heads[:, posed.bone(index)] - knuckles.mean(axis=1)
        theirs = posed.positions[:, skeleton.INDEX[index]]
        theirs = (theirs - posed.positions[:, skeleton.INDEX[fingers]]) @ posed.stand.T
        across = [v - axis * np.sum(v * axis, -1, keepdims=True) for v in (ours, theirs)]
        assert _degrees(*across).max() < 1.0


def test_trunk_and_feet_turn_from_their_rest_as_in_the_motion(posed):
    for joint in _TRUNK_AND_LEGS:
        j = skeleton.INDEX[joint]
        i = posed.bone(joint, -1)
        rest = posed.rest[i, :3, 1]
        theirs = rotation.rotate(posed.turns[:, j], posed.stand.T @ rest) @ posed.stand.T
        # The spine leans by up to two degrees so that the neck is carried where ours is.
        limit = 2.3 if joint == "spine" else 1.0
        assert _degrees(posed.matrices[:, i, :3, 1], theirs).max() < limit, joint


def test_feet_stay_where_they_stand(posed):
    for side in "LR":
        heads = posed.heads[:, posed.bone(f"foot.{side}")]
        height = np.linalg.norm(posed.rest[posed.bone("head"), :3, 3] - heads[0])
        assert np.ptp(heads, axis=0).max() < 0.002 * height


def test_only_mapped_bones_are_keyed_and_in_their_own_rotation_modes(posed):
    mapped = {b for strands in posed.told["strands"].values() for s in strands for b in s}
    keyed = {path.split('"')[1] for path in posed.told["curve_paths"]}
    assert keyed == mapped | set(posed.told["switches"])
    assert posed.told["same_modes"]


def test_there_are_few_keys(posed):
    assert posed.told["keys"] * 4 < posed.told["dense"]


def test_the_bones_that_are_seen_follow_the_controls_of_a_generated_rig(blender):
    told = blender.answer("generated_metarig")
    with np.load(blender.folder / "generated_metarig.npz") as data:
        index = {str(name): i for i, name in enumerate(data["bones"])}
        posed = data["posed"]
    for joint in ("upper_arm.L", "forearm.R", "hand.R", "head", "foot.L"):
        control = told["strands"][joint][0][-1]
        seen = {"head": "spine.006"}.get(joint, joint)
        ours = posed[:, index[control], :3, 1]
        assert _degrees(ours, posed[:, index[f"DEF-{seen}"], :3, 1]).max() < 0.01, joint


def test_a_new_action_is_in_use_and_former_ones_stay(blender):
    told = blender.answer("action")
    assert told["first"] != told["second"]
    assert told["in_use"] == told["second"]
    assert told["slot"] == "OBMaestro"
    assert told["actions"] == {told["first"]: True, told["second"]: False, "Mine": True}


def test_blenders_own_curves_stay_within_the_stated_tolerance(blender):
    told = blender.answer("action")
    assert told["worst"] <= np.radians(0.25) + 1e-5
    assert told["jump"] <= 0.0


def test_keys_land_on_whole_frames_at_the_right_times(blender):
    told = blender.answer("action")
    assert told["whole"]
    # Three seconds at 30 fps from frame 101 on, in a scene of 24 fps.
    assert told["dense_frames"] == 72
    assert told["range"] == [101, 172]


def test_every_beat_has_a_key_with_aligned_handles(blender):
    told = blender.answer("action")
    assert set(told["beat_frames"]) <= set(told["arm_frames"])
    assert told["arm_handles"] == ["ALIGNED"]


def test_curves_are_grouped_by_bone(blender):
    told = blender.answer("action")
    assert told["groups"]
    assert told["group_of_arm"] == "upper_arm.R"


def test_the_action_tells_how_it_was_made(blender):
    properties = blender.answer("action")["properties"]
    assert json.loads(properties["conducting_style"]) == {"size": 0.5}
    assert json.loads(properties["conducting_source"])["music"] == "none.wav"
    assert json.loads(properties["conducting_seed"]) == 1


def test_a_face_is_at_rest_until_a_motion_plays_it(blender):
    told = blender.answer("face")
    assert told["at_rest"] == 0.0
    assert told["worst"] <= told["tolerance"] + 1e-4
    assert told["in_use"]
    assert told["kept"]


def test_bones_that_play_no_joint_are_left_alone(blender):
    assert not blender.answer("action")["stick_keyed"]


def test_a_cancel_at_any_moment_changes_nothing(blender):
    told = blender.answer("failing")
    assert told["unchanged"] == [True] * 8
    assert told["fractions"] == sorted(told["fractions"])
    assert told["fractions"][-1] == 1.0


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("lacking", "lacks the bones forearm.L, hand.L, hand.R"),
        ("uneven", "scaled unevenly"),
        ("mirrored", "negative scale"),
        ("empty", "is not an armature"),
        ("nothing", "choose"),
        ("tweaked", "leave tweak mode"),
    ],
)
def test_what_cannot_be_animated_is_said_and_left_alone(blender, fault, sentence):
    message, unchanged = blender.answer("failing")[fault]
    assert sentence in message
    assert unchanged


def test_the_scene_takes_the_motions_rate_and_range(blender):
    told = blender.answer("timeline")
    for fps, whole, base in told["rates"]:
        assert whole / base == pytest.approx(fps, rel=1e-6)
    assert [24, pytest.approx(1.001)] in [[w, b] for _, w, b in told["rates"]]
    assert told["range"] == [11, 60, 11]


def test_beats_are_marked_and_the_users_markers_stay_whatever_their_names(blender):
    told = blender.answer("timeline")
    assert told["markers"] == [
        [13, "3\u00a0"],
        [31, "Bar 1\u00a0"],
        [40, "Chorus"],
        [46, "2\u00a0"],
        [61, "3"],
        [76, "Bar 2\u00a0"],
        [200, "Bar 3"],
        [250, "2"],
    ]


def test_edited_markers_are_read_back_as_beats(blender):
    times, numbers = blender.answer("timeline")["read"]
    assert times == pytest.approx([0.4, 1.1, 1.5, 2.0, 2.3, 2.5, 3.3, 199 / 30, 8.3])
    assert numbers == [3, 1, 2, 3, 4, 1, 1, 1, 2]


def test_music_is_heard_at_its_time_wherever_the_motion_starts(blender):
    for expected, heard in blender.answer("sound")["heard"]:
        assert heard == pytest.approx(expected, abs=1e-3)


def test_the_music_strip_is_replaced_and_others_stay(blender):
    told = blender.answer("sound")
    assert told["names"] == ["Mine", "Music"]
    assert told["channel"] == 2
    assert told["first_frame"] == 1
    assert told["sync"] == ["AUDIO_SYNC", True]


def test_music_that_cannot_be_heard_changes_nothing(blender):
    told = blender.answer("sound")
    assert "can hear no sound in notes.wav" in told["deaf"]
    assert "is not there" in told["missing"]
    assert told["after_faults"] == ["Mine", "Music"]
    assert told["sounds_after"] == told["sounds"]


def test_the_guide_is_the_motion_on_the_canonical_avatar(blender):
    told = blender.answer("guide")
    assert told["length"] == 40
    assert told["off"] < 0.01
    assert told["rest_off"] < 0.005


def test_the_guides_camera_sees_what_blenders_does(blender):
    told = blender.answer("guide")
    assert told["size"] == [321, 240]
    ours, theirs = told["pixels"]
    assert ours == pytest.approx(theirs, abs=0.01)


def test_the_guide_follows_edits_constraints_and_camera_cuts(blender):
    told = blender.answer("guide")
    assert told["moved"] == pytest.approx([0.5, 0.0, 0.0], abs=1e-5)
    assert told["head_against_neck"] < 1e-9 < told["head_against_neck_before"]
    near, far = told["cut"]
    assert far - near == pytest.approx(6.0, abs=0.05)


def test_exporting_the_guide_leaves_the_scene_as_it_was(blender):
    told = blender.answer("guide")
    assert told["frame"] == 17
    assert told["scenes"] == 1
    assert told["rising"]
    assert told["done"] == 1.0
    assert told["after_cancel"] == [1, 17]
    assert "no camera" in told["blind"]


def test_blenders_importer_reads_our_bvh_to_the_same_joints(blender):
    told = blender.answer("bvh")
    assert told["worst"] < 1e-3
    assert told["bones"] == len(skeleton.NAMES)
