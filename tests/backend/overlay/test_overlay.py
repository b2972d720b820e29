"""What is drawn over a video lies where it belongs, at its time, over any background."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from overlay_guides import BEATS, FPS, beating

from backend.overlay.beats import BeatCounter, Layout
from backend.overlay.colours import DARK, LEFT, MIDDLE, RIGHT
from backend.overlay.count import COUNT_IN, count_beats, with_count_in
from backend.overlay.draw import overlaid
from backend.overlay.ink import Ink, unit_of
from backend.overlay.scene import scene_overlay
from backend.overlay.seen import seen_in_scene
from blender_addon.overlays import OverlayName, chosen_overlays
from retarget import skeleton
from retarget.errors import ConductorError
from retarget.guide import Guide

SIZE = (640, 360)


def drawn(
    guide: Guide,
    *names: OverlayName,
    ground: Sequence[int] = (90, 90, 90),
    beats: list[list[float]] = BEATS,
) -> list[np.ndarray]:
    width, height = guide.size
    frame = np.full((height, width, len(ground)), ground, np.uint8)
    return list(overlaid([frame] * len(guide), names, seen_in_scene(guide), count_beats(beats)))


def pixel(guide: Guide, frame: int, joint: str) -> np.ndarray:
    """Where the guide itself sees a joint."""
    i = skeleton.INDEX[joint]
    return guide.to_pixels(guide.positions[:, i : i + 1])[frame, 0, :2]


def read_number(frame: np.ndarray) -> int:
    """The number in the counter: which digit, drawn in its place, is most like it."""
    layout = Layout(SIZE, unit_of(SIZE), (0.0, 1.0), 100.0)
    (x, y), half = layout.number, 12
    box = np.s_[round(y) - half : round(y) + half, round(x) - half : round(x) + half]
    found = frame[box].astype(float).mean(axis=2)
    found -= found.mean()
    likeness = []
    for number in range(1, 10):
        size, colour, ground = (28, DARK, RIGHT) if number == 1 else (23, MIDDLE, DARK)
        blank = np.full_like(frame, ground)
        Ink(blank).text(layout.number, str(number), size, colour)
        digit = blank[box].astype(float).mean(axis=2)
        digit -= digit.mean()
        likeness.append((found * digit).sum() / np.sqrt((found**2).sum() * (digit**2).sum()))
    assert max(likeness) > 0.8
    return 1 + int(np.argmax(likeness))


def test_the_counter_shows_each_beat_from_its_own_frame_to_the_next():
    frames = drawn(beating(), "beats")
    for time, number in BEATS:
        at = round(time * FPS)
        assert [read_number(frames[i]) for i in (at, at + 6, at + 11)] == [number] * 3


def test_a_bar_is_counted_in_as_far_as_the_video_shows_it():
    beats = [[time + 0.5, number] for time, number in BEATS]
    frames = drawn(beating(), "beats", beats=beats)
    assert (frames[0][300:350, 20:70] != 90).any(), "the first frame shows it"
    assert [read_number(frames[i]) for i in (0, 11, 12, 23, 24)] == [2, 2, 3, 3, 4]
    # Less than half of the first three is left, so nothing is shown until the first beat.
    late = drawn(beating(), "beats", beats=[[time - 0.3, number] for time, number in BEATS])
    assert (late[3] == 90).all()
    assert read_number(late[5]) == 4


def test_a_count_in_goes_on_into_the_first_beat():
    four = with_count_in(count_beats([[4.0, 1], [4.5, 2], [5.0, 3], [5.5, 4], [6.0, 1]]))
    assert four.numbers[:5].tolist() == [1, 2, 3, 4, 1]
    assert four.times[:5].tolist() == [2.0, 2.5, 3.0, 3.5, 4.0]
    assert four.bars[:5].tolist() == [COUNT_IN] * 4 + [1]
    upbeat = with_count_in(count_beats([[4.0, 3], [5.0, 1], [6.0, 2], [7.0, 3], [8.0, 1]]))
    assert upbeat.numbers[:4].tolist() == [1, 2, 3, 1]
    assert upbeat.bars[:4].tolist() == [COUNT_IN, COUNT_IN, 0, 1]
    assert len(with_count_in(count_beats([]))) == 0


@pytest.mark.parametrize("joint", ["baton_tip", "head"])
def test_the_counter_takes_a_corner_that_the_conductor_does_not_come_to(joint):
    guide = beating()
    corner = np.array([-1.75, 0.0, 0.32])
    i = skeleton.INDEX[joint]
    guide.positions[:60, i] += corner - guide.positions[:60, i]
    x, y = pixel(guide, 30, joint)
    left, top, right, bottom = Layout(SIZE, unit_of(SIZE), (0.0, 1.0), 100.0).plate
    assert left < x < right
    assert top < y < bottom
    counter = BeatCounter(seen_in_scene(guide), count_beats(BEATS))
    assert counter.layout.corner == (1.0, 1.0)
    assert BeatCounter(seen_in_scene(beating()), count_beats(BEATS)).layout.corner == (0.0, 1.0)


def test_bars_are_counted_from_the_first_downbeat():
    count = count_beats([[0.0, 3], [1.0, 1], [2.0, 2], [3.0, 3], [4.0, 1], [5.0, 2]])
    assert count.bars.tolist() == [0, 1, 1, 1, 2, 2]
    assert count.meters.tolist() == [3] * 6
    assert [count.at(t, 10.0) for t in (-0.2, 0.94, 0.96, 9.0)] == [-1, 0, 1, 5]
    changed = count_beats([[0, 1], [1, 2], [2, 1], [3, 2], [4, 3], [5, 1], [6, 2]])
    assert changed.meters.tolist() == [2, 2, 3, 3, 3, 3, 3]


def test_a_scene_that_begins_in_the_middle_counts_on(tmp_path):
    beats = [[time - 1.5, number] for time, number in BEATS]
    frames = drawn(beating(40), "beats", beats=beats)
    assert [read_number(frames[i]) for i in (0, 11, 12, 24)] == [2, 2, 3, 4]


@pytest.mark.parametrize("drift", [0.0, 0.6])
def test_the_trace_goes_through_the_places_of_the_baton_s_tip(drift):
    guide = beating(drift=drift)
    # Whoever walks aside does not cross their own trace.
    guide.positions[..., 0] += np.linspace(-1.0, 1.0, len(guide))[:, None]
    now = 60
    frame = drawn(guide, "trace", beats=[])[now]
    ink = np.maximum(frame[..., 0].astype(float) - frame[..., 2], 0.0)
    tip = guide.positions[:, skeleton.INDEX["baton_tip"]]
    # Beyond the dot at the tip.
    for before in range(5, 15):
        # The camera of now sees where the tip was then.
        there = np.tile(tip[now - before], (len(guide), 1))[:, None]
        place = guide.to_pixels(there)[now, 0, :2]
        path = guide.to_pixels(np.tile(tip[None], (len(guide), 1, 1)))[now, :, :2]
        along = path[now - before + 1] - path[now - before - 1]
        across = np.array([-along[1], along[0]]) / np.hypot(*along)
        # The middle of the line, across it.
        steps = np.linspace(-5.0, 5.0, 101)
        at = np.floor(place + steps[:, None] * across).astype(int)
        middle = np.average(steps, weights=ink[at[:, 1], at[:, 0]])
        assert abs(middle) < 0.5


def test_the_trace_thins_out_and_is_gone_after_a_bar():
    guide = beating()
    guide.positions[..., 0] += np.linspace(-1.0, 1.0, len(guide))[:, None]
    plain = [np.zeros((360, 640, 3), np.uint8)] * len(guide)
    count = count_beats([[time, 1] for time in (0.0, 1.0, 2.0, 3.0)])
    frame = list(overlaid(plain, ["trace"], seen_in_scene(guide), count))[70]

    def light(age: int) -> int:
        x, y = pixel(guide, 70 - age, "baton_tip").astype(int)
        return int(frame[y - 5 : y + 6, x - 5 : x + 6].sum())

    assert light(5) > 1.3 * light(12) > 1.3 * 1.3 * light(20) > 0
    assert light(30) == 0


def test_the_trace_ends_at_the_tip_and_has_a_dot_where_each_beat_fell():
    guide = beating()
    guide.positions[..., 0] += np.linspace(-1.0, 1.0, len(guide))[:, None]
    frame = drawn(guide, "trace")[66]
    x, y = pixel(guide, 66, "baton_tip").astype(int)
    assert np.abs(frame[y, x].astype(int) - MIDDLE).max() < 12
    # The beat at 2.5 s is no downbeat, so its dot is light with an orange rim.
    x, y = pixel(guide, 60, "baton_tip")
    rim = np.array([(np.cos(a), np.sin(a)) for a in np.linspace(0.0, 2.0 * np.pi, 40)])
    inside, outside = ((np.array([x, y]) + r * rim).astype(int) for r in (4.8, 6.3))
    assert np.median(frame[inside[:, 1], inside[:, 0], 2]) > 200
    assert np.median(frame[outside[:, 1], outside[:, 0], 2]) < 110


@pytest.mark.parametrize("covered", ["head", "hand.L", "hand.R"])
def test_the_trace_keeps_clear_of_the_face_and_the_hands(covered):
    guide = beating()
    seen = seen_in_scene(guide)
    if covered == "head":
        place = (seen.points["chin"] + seen.points["crown"]) / 2.0
        reach = np.hypot(*(seen.pixel(60, "crown") - seen.pixel(60, "chin"))) / 2.0
    else:
        tip = seen.points[f"fingers.{covered[-1]} 3"]
        place = (seen.points[covered] + tip) / 2.0
        reach = np.hypot(*(seen.pixel(60, covered) - seen.to_pixels(60, tip[60:61])[0])) / 2.0
    x, y = seen.to_pixels(60, place[60:61])[0]
    # The baton's tip goes to and fro across it, wide enough to be seen on both sides.
    aside = 0.4 * np.cos(np.arange(len(guide)) / 3.0)
    guide.positions[:, skeleton.INDEX["baton_tip"]] = place[60] + np.outer(aside, [1.0, 0.0, 0.0])
    frame = drawn(guide, "trace", beats=[])[60].astype(int)
    rows, columns = np.mgrid[:360, :640] + 0.5
    orange = frame[..., 0] - frame[..., 2] > 60
    away = np.hypot(columns - x, rows - y)
    assert not orange[away < 0.8 * reach].any()
    assert orange[(away > 1.6 * reach) & (columns < x)].any()
    assert orange[(away > 1.6 * reach) & (columns > x)].any()


def test_left_and_right_have_their_colours():
    guide = beating()
    frame = drawn(guide, "skeleton")[30]
    for side, colour in (("L", LEFT), ("R", RIGHT)):
        for stem in ("upper_arm", "forearm", "hand", "thigh"):
            x, y = pixel(guide, 30, f"{stem}.{side}").astype(int)
            assert np.abs(frame[y, x].astype(int) - colour).max() <= 2
    for joint in ("spine", "chest"):
        x, y = pixel(guide, 30, joint).astype(int)
        assert np.abs(frame[y, x].astype(int) - MIDDLE).max() <= 2
    x, y = pixel(guide, 30, "baton_tip").astype(int)
    assert np.abs(frame[y, x].astype(int) - RIGHT).max() <= 2
    grip, tip = (pixel(guide, 30, name) for name in ("baton", "baton_tip"))
    x, y = (0.5 * grip + 0.5 * tip).astype(int)
    assert (
        np.abs(frame[y - 1 : y + 2, x - 1 : x + 2].astype(int) - MIDDLE).min(axis=(0, 1)).max() < 9
    )


@pytest.mark.parametrize("size", [(64, 64), (66, 640), (1280, 90), (361, 203)])
@pytest.mark.parametrize("channels", [3, 4])
def test_any_size_is_drawn_upon_and_what_is_given_stays_as_it_is(size, channels):
    guide = beating(30, size)
    given = np.full((size[1], size[0], channels), 77, np.uint8)
    seen, count = seen_in_scene(guide), count_beats(BEATS)
    frames = list(overlaid([given] * 30, ("trace", "beats", "skeleton"), seen, count))
    assert (given == 77).all()
    assert frames[20].shape == given.shape
    assert (frames[20] != given).any()


def test_transparent_frames_get_opaque_ink_and_stay_clear_elsewhere():
    frame = drawn(beating(), "skeleton", ground=(200, 10, 10, 0))[30]
    x, y = pixel(beating(), 30, "hand.L").astype(int)
    assert frame[y, x, 3] == 255
    assert np.abs(frame[y, x, :3].astype(int) - LEFT).max() <= 2
    assert (frame[2, 2] == [200, 10, 10, 0]).all()


@pytest.mark.parametrize("ground", [(255, 255, 255), (0, 0, 0), (255, 160, 60), (70, 190, 255)])
def test_lines_stand_out_from_any_ground(ground):
    guide = beating()
    frame = drawn(guide, "skeleton", "trace", ground=ground)[30].astype(int)
    for name in ("hand.L", "hand.R", "spine"):
        x, y = pixel(guide, 30, name).astype(int)
        around = frame[y - 8 : y + 9, x - 8 : x + 9]
        light = around @ [0.2126, 0.7152, 0.0722]
        assert np.ptp(light) > 60


def test_the_same_video_has_the_same_pixels_on_any_number_of_threads():
    names: tuple[OverlayName, ...] = ("beats", "skeleton", "trace")
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        one = drawn(beating(40), *names)
        cv2.setNumThreads(4)
        four = drawn(beating(40), *names)
    finally:
        cv2.setNumThreads(threads)
    assert np.array_equal(one, four)


def test_points_behind_the_camera_are_left_out():
    guide = beating(20)
    guide.view[:, 2, 3] += 2.25
    frames = drawn(guide, "skeleton", "trace")
    assert len(frames) == 20


def test_the_overlays_of_a_scene_follow_its_guide_and_its_beats(tmp_path: Path):
    guide = beating()
    guide.save(tmp_path / "guide.npz")
    overlay = scene_overlay(("trace", "beats"), tmp_path / "guide.npz", {"beats": BEATS})
    assert overlay is not None
    assert overlay.mark.split()[0] == "beats+trace"
    ground = [np.full((360, 640, 3), 90, np.uint8)] * len(guide)
    assert read_number(list(overlay.over(ground))[24]) == 1
    assert scene_overlay((), tmp_path / "guide.npz", {"beats": BEATS}) is None


def test_overlays_are_chosen_by_name():
    assert chosen_overlays("") == ()
    assert chosen_overlays("trace, beats,trace") == ("beats", "trace")
    for wrong in ("bones", "beats,", "beats;trace"):
        with pytest.raises(ConductorError, match="choose beats, skeleton or trace"):
            chosen_overlays(wrong)
