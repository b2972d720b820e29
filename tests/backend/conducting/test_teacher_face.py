"""The face: gaze, blinks, breath, brows and expression."""

import dataclasses
from functools import cache

import numpy as np
import pytest
from scipy.signal import find_peaks
from teacher_scenes import make_grid, perform, steady

from backend.audio.features import analyse_file
from backend.audio.rates import FEATURE_RATE
from backend.conducting.rules.cues import CUE_DRAWS, Cue, find_cues
from backend.conducting.rules.dynamics import Dynamics
from backend.conducting.rules.expression import BOUNDS
from backend.conducting.rules.face import add_face
from backend.conducting.rules.plan import Plan, make_plan
from backend.demo import demo_file
from backend.grid.beat_grid import BeatGrid
from backend.score.beats import beats_from_score
from backend.style import Style
from retarget import rotation, skeleton
from retarget.face import ACTIONS
from retarget.motion import Motion
from retarget.rotation import Array

FPS = 60.0
GRID = steady(84, 4, 120)
LENGTH_S = float(GRID.times[-1]) + 6.0
BEAT_S = 60.0 / 84


def level(*corners: tuple[float, float], seconds: float = LENGTH_S) -> Array:
    """Loudness at 90 Hz through (second, loudness) corners."""
    times, values = zip(*corners, strict=True)
    return np.interp(np.arange(int(seconds * FEATURE_RATE)) / FEATURE_RATE, times, values)


def entries() -> Array:
    """Silence into which somebody enters, every 16 beats."""
    at = np.arange(int(LENGTH_S * FEATURE_RATE)) / FEATURE_RATE
    beats = (at - GRID.times[0]) / BEAT_S
    return np.where((beats + 0.1) % 16.0 < 9.0, 0.6, 0.05)


def still(seconds: float, fps: float = FPS) -> Motion:
    """Somebody who does not move."""
    count = round(seconds * fps)
    turns = rotation.identity((count, len(skeleton.NAMES)))
    return Motion(fps, turns, skeleton.REST[:1].repeat(count, 0))


def with_face(
    loudness: Array,
    *,
    face: float = 1.0,
    seed: int = 0,
    grid: BeatGrid = GRID,
    motion: Motion | None = None,
) -> Motion:
    seconds = len(loudness) / FEATURE_RATE
    return add_face(
        motion or still(seconds),
        grid,
        duration=seconds,
        loudness=loudness,
        style=Style(face=face),
        seed=seed,
    )


def action(motion: Motion, name: str) -> Array:
    return motion.face[:, motion.face_names.index(name)]


def at(motion: Motion, seconds: Array | float) -> Array:
    return np.round(np.asarray(seconds) * motion.fps).astype(int)


def performance(loudness: Array, seed: int = 0) -> tuple[Plan, list[Cue]]:
    dynamics = Dynamics.of(loudness)
    plan = make_plan(GRID, len(loudness) / FEATURE_RATE, dynamics, Style())
    return plan, find_cues(plan, dynamics, np.random.default_rng([seed, CUE_DRAWS]))


@cache
def medium() -> Motion:
    return with_face(np.full(int(LENGTH_S * FEATURE_RATE), 0.5))


def test_eyes_blink_twelve_to_twenty_times_a_minute() -> None:
    for seed in range(4):
        motion = with_face(np.full(int(LENGTH_S * FEATURE_RATE), 0.5), seed=seed)
        shut = action(motion, "eyeBlinkLeft") > 0.5
        blinks = np.count_nonzero(np.diff(shut.astype(int)) == 1)
        assert 12.0 <= blinks / motion.duration * 60.0 <= 20.0


@pytest.mark.parametrize("bpm", [60, 132, 184])
def test_eyes_are_open_on_every_beat(bpm: int) -> None:
    grid = steady(bpm, 4, 160)
    motion = with_face(np.full(int(grid.times[-1] * FEATURE_RATE), 0.5), grid=grid)
    frames = at(motion, grid.times)
    for side in ("Left", "Right"):
        closed = action(motion, f"eyeBlink{side}")
        assert closed.max() > 0.9
        assert closed[frames[frames < len(motion)]].max() < 0.5


def test_a_lid_falls_faster_than_it_rises() -> None:
    closed = action(medium(), "eyeBlinkLeft")
    speed = np.diff(closed) * FPS
    assert speed.max() > 1.4 * -speed.min()
    shut = np.flatnonzero(np.diff((closed > 0.02).astype(int)))
    lengths = np.diff(shut)[::2] / FPS
    assert (lengths > 0.2).all()
    assert (lengths < 0.34).all()


def test_the_first_and_the_last_picture_have_open_eyes() -> None:
    for seed in range(12):
        motion = with_face(np.full(int(9.0 * FEATURE_RATE), 0.5), seed=seed)
        assert action(motion, "eyeBlinkLeft").max() > 0.5
        assert action(motion, "eyeBlinkLeft")[[0, -1]].max() == 0.0
        assert action(motion, "eyeBlinkRight")[[0, -1]].max() == 0.0


def test_eyes_go_to_the_side_of_a_cue_before_it() -> None:
    """The left eye looks out to the conductor's left, the right eye in."""
    for seed in range(3):
        motion = with_face(entries(), seed=seed)
        _, cues = performance(entries(), seed)
        assert len(cues) >= 5
        for cue in cues:
            frame = at(motion, cue.time - 0.5 * cue.interval)
            near, far = ("Left", "Right") if cue.yaw > 0.0 else ("Right", "Left")
            assert action(motion, f"eyeLookOut{near}")[frame] > 0.4
            assert action(motion, f"eyeLookIn{far}")[frame] > 0.4
            assert action(motion, f"eyeLookOut{far}")[frame] == 0.0
            assert action(motion, f"eyeLookIn{near}")[frame] == 0.0


def test_with_a_moving_head_eyes_and_head_together_look_at_who_enters() -> None:
    loudness = entries()
    body = perform(GRID, duration=LENGTH_S, loudness=loudness, style=Style(sway=0.6), fps=FPS)
    motion = with_face(loudness, motion=body)
    head = rotation.rotate(body.world()[1][:, skeleton.INDEX["head"]], np.array([0.0, -1.0, 0.0]))
    yaw = np.arctan2(head[:, 0], -head[:, 1])
    eyes = np.radians(28.0) * (action(motion, "eyeLookOutLeft") - action(motion, "eyeLookInLeft"))
    for cue in performance(loudness)[1]:
        frame = at(motion, cue.time - 0.4 * cue.interval)
        assert yaw[frame] + eyes[frame] == pytest.approx(cue.yaw, abs=0.06)


def test_a_head_that_is_turned_already_says_on_which_side_they_sit() -> None:
    loudness = entries()
    motion = still(LENGTH_S)
    for yaw in (0.4, -0.4):
        motion.rotations[:, skeleton.INDEX["head"]] = rotation.from_axis_angle(
            np.array([0.0, 0.0, 1.0]), yaw
        )
        faced = with_face(loudness, motion=motion)
        eyes = action(faced, "eyeLookOutLeft") - action(faced, "eyeLookInLeft")
        for cue in performance(loudness)[1]:
            # Nobody looks to the left with a head that is turned to the right.
            frame = at(faced, cue.time - 0.5 * cue.interval)
            assert abs(eyes[frame] * np.radians(28.0)) < 0.28


def test_eyes_leap_and_then_hold_while_the_head_moves() -> None:
    turns = 0.15 * np.sin(2.0 * np.pi * np.arange(round(LENGTH_S * FPS)) / FPS / 3.0)
    body = still(LENGTH_S)
    body.rotations[:, skeleton.INDEX["head"]] = rotation.from_axis_angle(
        np.array([0.0, 0.0, 1.0]), turns
    )
    motion = with_face(np.full(int(LENGTH_S * FEATURE_RATE), 0.5), motion=body)
    eyes = np.radians(28.0) * (action(motion, "eyeLookOutLeft") - action(motion, "eyeLookInLeft"))
    speed = np.abs(np.diff(turns + eyes)) * FPS
    # Most of the time the gaze rests, and it is never half way for long.
    assert np.mean(speed < 0.03) > 0.8
    moving = np.flatnonzero(np.diff(np.r_[0, speed > 0.5, 0].astype(int)))
    assert np.diff(moving)[::2].max() / FPS <= 0.1


def test_both_eyes_meet_near_what_is_looked_at() -> None:
    motion = medium()
    left = action(motion, "eyeLookOutLeft") - action(motion, "eyeLookInLeft")
    right = action(motion, "eyeLookInRight") - action(motion, "eyeLookOutRight")
    inward = np.radians(28.0) * (right - left)
    # Never apart, and never crossed nearer than the stand.
    assert inward.min() > 0.0
    assert inward.max() < 0.1


def test_in_calm_music_the_eyes_go_to_the_score_now_and_then() -> None:
    motion = with_face(np.full(int(LENGTH_S * FEATURE_RATE), 0.2))
    down = action(motion, "eyeLookDownLeft") > 0.5
    looks = np.flatnonzero(np.diff(np.r_[0, down, 0].astype(int)))
    assert 4 <= len(looks) // 2 <= 25
    assert np.mean(down) < 0.2


def test_the_mouth_breathes_in_on_the_upbeat_before_the_first_beat() -> None:
    grid = make_grid(np.r_[4.0 + BEAT_S * np.arange(16), 22.0 + BEAT_S * np.arange(16)], 4)
    # Silence before both entries.
    loudness = level(
        (0, 0.02), (3.9, 0.02), (4, 0.5), (14, 0.5), (16, 0.02), (21.9, 0.02), (22, 0.5)
    )
    motion = with_face(loudness[: 40 * 90], grid=grid)
    jaw, nose = action(motion, "jawOpen"), action(motion, "noseSneerLeft")
    brows = action(motion, "browOuterUpLeft")
    for first in (grid.times[0], grid.times[16]):
        upbeat = slice(at(motion, first - BEAT_S), at(motion, first))
        before = at(motion, first - 1.3 * BEAT_S)
        assert 0.12 < jaw[upbeat].max() <= 0.25
        assert jaw[upbeat].max() > 2.0 * jaw[before] + 0.05
        assert nose[upbeat].max() > nose[before] + 0.1
        assert brows[upbeat].max() > brows[before] + 0.15
        assert jaw[at(motion, first)] < 0.4 * jaw[upbeat].max()


def test_brows_rise_at_a_cue() -> None:
    motion = with_face(entries())
    for cue in performance(entries())[1]:
        frame = at(motion, cue.time - 0.3 * cue.interval)
        assert action(motion, "browOuterUpLeft")[frame] > 0.4
        assert action(motion, "eyeWideLeft")[frame] > 0.15


def test_loud_and_soft_show_and_a_crescendo_grows() -> None:
    motion = with_face(level((0, 0.15), (25, 0.15), (45, 0.95), (70, 0.95), (90, 0.15)))
    soft, rising, loud = (
        slice(at(motion, a), at(motion, b)) for a, b in ((8, 22), (28, 44), (46, 68))
    )

    def mean(name: str, part: slice) -> float:
        return float(action(motion, name)[part].mean())

    for name in ("browDownLeft", "eyeSquintRight", "mouthPressLeft", "noseSneerRight"):
        assert mean(name, loud) > 0.05
        assert mean(name, loud) > 4.0 * mean(name, soft)
    for name in ("browInnerUp", "mouthSmileLeft"):
        assert mean(name, soft) > 0.05
        assert mean(name, soft) > 2.0 * mean(name, loud)
    tension = action(motion, "browDownLeft")[rising]
    thirds = [part.mean() for part in np.array_split(tension, 3)]
    assert thirds == sorted(thirds)


def test_the_slider_bounds_every_action() -> None:
    loudness = entries() + level((0, 0.0), (40, 0.0), (60, 0.35), (LENGTH_S, 0.35))
    free = {name for name in ACTIONS if name.startswith(("eyeBlink", "eyeLook"))}
    looks = []
    for slider in (0.0, 0.5, 1.0):
        motion = with_face(np.minimum(loudness, 1.0), face=slider)
        assert motion.face.min() >= 0.0
        assert motion.face.max() <= 1.0
        for name in set(ACTIONS) - free:
            bound = BOUNDS[name.removesuffix("Left").removesuffix("Right")]
            assert action(motion, name).max() <= slider * bound
        looks.append(action(motion, "eyeLookOutLeft").max())
        assert action(motion, "eyeBlinkLeft").max() > 0.9
    assert 0.0 < looks[0] < 0.6 * looks[2]
    assert looks[0] < looks[1] < looks[2]


def test_what_the_face_shows_moves_smoothly_and_the_sides_differ_a_little() -> None:
    motion = with_face(entries())
    shown = [name for name in ACTIONS if not name.startswith("eye")]
    values = np.stack([action(motion, name) for name in shown], axis=1)
    assert np.abs(np.diff(values, axis=0)).max() * FPS < 4.0
    # No jitter: whatever turns does not turn again within a tenth of a second.
    for column in values.T:
        turns = [find_peaks(sign * column, prominence=0.01)[0] for sign in (1.0, -1.0)]
        assert np.all(np.diff(np.sort(np.concatenate(turns))) > 0.1 * FPS)
    for name in ("noseSneer", "mouthSmile", "browOuterUp"):
        left, right = action(motion, f"{name}Left"), action(motion, f"{name}Right")
        assert 0.0 < np.abs(left - right).max() < 0.12


@pytest.mark.parametrize(("loudness", "share"), [(0.2, 0.12), (0.5, 0.12), (0.98, 0.2)])
def test_the_mouth_is_closed_but_for_moments(loudness: float, share: float) -> None:
    music = np.full(int(LENGTH_S * FEATURE_RATE), loudness)
    for seed in range(4):
        jaw = action(with_face(music, face=Style().face, seed=seed), "jawOpen")
        assert np.mean(jaw > 0.03) < share
        # Closed is closed: nothing stands ajar.
        assert np.mean(jaw < 0.002) > 1.0 - 1.3 * share


def test_a_climax_opens_the_mouth_a_little_now_and_then() -> None:
    music = np.full(int(LENGTH_S * FEATURE_RATE), 0.98)
    after_the_entry = slice(at(medium(), GRID.times[1]), at(medium(), GRID.times[-2]))
    highest = [
        action(with_face(music, seed=seed), "jawOpen")[after_the_entry].max() for seed in range(4)
    ]
    assert 0.08 < max(highest) < 0.22


def test_a_calm_face_has_a_hint_of_a_smile_and_knits_no_brows() -> None:
    for seed in range(4):
        music = np.full(int(LENGTH_S * FEATURE_RATE), 0.4)
        motion = with_face(music, face=Style().face, seed=seed)
        smile = action(motion, "mouthSmileLeft")[: at(motion, GRID.times[-1])]
        assert smile.min() > 0.04
        assert smile.max() < 0.16
        assert action(motion, "browDownLeft").max() == 0.0


def test_inner_brows_never_rise_alone() -> None:
    loudness = entries() + level((0, 0.0), (40, 0.0), (60, 0.35), (LENGTH_S, 0.35))
    for seed in range(3):
        motion = with_face(np.minimum(loudness, 1.0), face=Style().face, seed=seed)
        inner = action(motion, "browInnerUp")
        assert inner.max() > 0.2
        for side in ("Left", "Right"):
            assert (action(motion, f"browOuterUp{side}") > 0.75 * inner - 1e-9).all()


def test_over_the_demo_the_face_is_awake_and_neither_slack_nor_worried() -> None:
    grid = beats_from_score(demo_file("ode_to_joy.mid")).grid
    analysis = analyse_file(demo_file("ode_to_joy.ogg"))
    for seed in range(4):
        motion = add_face(
            still(analysis.duration),
            grid,
            duration=analysis.duration,
            loudness=analysis.loudness,
            style=Style(),
            seed=seed,
        )
        assert np.mean(action(motion, "jawOpen") > 0.03) < 0.12
        assert action(motion, "jawOpen").max() > 0.05
        assert 0.005 < action(motion, "browDownLeft").mean() < 0.08
        assert action(motion, "mouthSmileLeft").mean() > 0.04


def test_nobody_grins_for_ever() -> None:
    seconds = 240.0
    motion = with_face(np.full(int(seconds * FEATURE_RATE), 0.2), grid=steady(60, 4, 230))
    smile = action(motion, "mouthSmileLeft")[: at(motion, 230.0)]
    assert smile.max() > 0.1
    assert np.mean(smile < 0.1) > 0.15


def test_the_body_is_the_same_and_so_is_the_face_of_a_seed() -> None:
    loudness = entries()
    body = perform(GRID, duration=LENGTH_S, loudness=loudness)
    one, same = (with_face(loudness, motion=body) for _ in range(2))
    assert np.array_equal(one.rotations, body.rotations)
    assert np.array_equal(one.root, body.root)
    assert np.array_equal(one.face, same.face)
    other = with_face(np.full(int(LENGTH_S * FEATURE_RATE), 0.5), seed=1)
    assert not np.array_equal(medium().face, other.face)
    assert one.face_names == ACTIONS


def test_what_the_face_does_does_not_depend_on_the_frame_rate() -> None:
    loudness = entries()
    slow, fast = (with_face(loudness, motion=still(LENGTH_S, fps)) for fps in (30.0, 60.0))
    count = min(len(slow), (len(fast) + 1) // 2)
    assert np.allclose(slow.face[:count], fast.face[: 2 * count : 2], atol=1e-9)


def test_without_beats_there_are_blinks_and_looks() -> None:
    nothing = GRID.excerpt(0.0, 1.0)
    assert len(nothing) == 0
    motion = with_face(np.full(20 * 90, 0.3), grid=nothing)
    assert action(motion, "eyeBlinkLeft").max() > 0.9
    assert np.ptp(action(motion, "eyeLookOutLeft")) > 0.05
    assert action(motion, "jawOpen").max() == 0.0


def test_one_frame_has_a_face_too() -> None:
    motion = with_face(np.full(9, 0.3), motion=dataclasses.replace(still(1.0), fps=10.0))
    assert np.isfinite(motion.face).all()
    single = with_face(np.full(9, 0.3), motion=still(1.0 / FPS))
    assert single.face.shape == (1, len(ACTIONS))
