"""How long a render will take, in words."""

import pytest

from blender_addon.pace import Pace, about


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_time_is_said_after_three_measured_frames_and_then_shrinks() -> None:
    clock = Clock()
    pace = Pace(416, clock=clock)
    said = []
    # The first frame makes the shaders and tells nothing.
    for seconds in (30.0, 0.5, 0.5, 0.5, *[0.5] * 196):
        clock.now += seconds
        pace.frame()
        said.append(pace.phase)
    assert said[:3] == [f"rendering 416 frames, timing the first 4, {n} done" for n in (1, 2, 3)]
    assert said[3] == "rendering 416 frames, about 3 minutes left"
    assert said[-1] == "rendering 416 frames, about 2 minutes left"


def test_few_frames_are_not_timed() -> None:
    pace = Pace(4, clock=Clock())
    assert pace.phase == "rendering 4 frames"
    pace.frame()
    assert pace.phase == "rendering 4 frames"


def test_several_processes_warm_up_each() -> None:
    clock = Clock()
    pace = Pace(20, warm_up=2, clock=clock)
    for seconds in (20.0, 20.0, 1.0, 1.0, 1.0):
        assert pace.seconds_left is None
        clock.now += seconds
        pace.frame()
    assert pace.seconds_left == pytest.approx(15.0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.3, "about 5 seconds"),
        (42.0, "about 40 seconds"),
        (60.0, "about a minute"),
        (190.0, "about 3 minutes"),
        (89 * 60.0, "about 89 minutes"),
        (9000.0, "about 2.5 hours"),
        (7300.0, "about 2 hours"),
    ],
)
def test_times_are_said_as_one_says_them(seconds: float, words: str) -> None:
    assert about(seconds) == words
