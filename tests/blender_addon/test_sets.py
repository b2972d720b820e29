"""Orchestra, audience and music stand of the sets, as shapes."""

import numpy as np
import pytest

from blender_addon.stage.cameras import SHOTS
from blender_addon.stage.sets.hues import Hue
from blender_addon.stage.sets.instruments import INSTRUMENTS
from blender_addon.stage.sets.orchestra import empty_seats, orchestra, seating
from blender_addon.stage.sets.podium import FLOOR_Z, conductors_stand
from blender_addon.stage.sets.stalls import FLOOR, ROWS, stalls

_LEG_HALF = 0.14


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_players_reach_their_instruments_with_arms_of_a_person(name: str) -> None:
    playing = INSTRUMENTS[name]()
    for shoulder, elbow, wrist in (playing.left, playing.right):
        lengths = np.linalg.norm(np.diff([shoulder, elbow, wrist], axis=0), axis=1)
        assert lengths.min() > 0.18
        assert lengths.max() < 0.44
        faces = playing.instrument.vertices[playing.instrument.faces].mean(axis=1)
        points = np.concatenate([playing.instrument.vertices, faces])
        # Long faces have few points: from a hand's breadth on it is held.
        assert np.linalg.norm(points - wrist, axis=1).min() < 0.24


def test_nobody_of_the_orchestra_sits_in_another_and_all_instruments_are_there() -> None:
    sections = seating()
    assert {section.instrument for section, _, _ in sections} == set(INSTRUMENTS)
    players = np.concatenate([places for _, places, _ in sections])
    assert len(players) > 75
    apart = np.linalg.norm((players[:, None] - players)[..., :3], axis=-1)
    assert apart[~np.eye(len(players), dtype=bool)].min() > 0.6
    shape = orchestra(lambda places: np.ones(len(places), dtype=bool))
    for hue in (Hue.BRASS, Hue.COPPER, Hue.GILT, Hue.VARNISH, Hue.PAPER, Hue.GREY_HAIR):
        assert (shape.hue == hue).sum() > 20
    assert shape.vertices[:, 2].min() > FLOOR_Z - 0.02
    assert shape.vertices[:, 1].min() > -9.9


def test_only_players_that_hide_nothing_are_there() -> None:
    def left(places: np.ndarray) -> np.ndarray:
        return places[:, 0] > 1.0

    for shape in (orchestra(left), empty_seats(left)):
        assert len(shape.faces)
        assert shape.vertices[:, 0].min() > -0.3


def test_the_audience_sits_before_the_stage_and_the_aisles_are_free() -> None:
    shape = stalls(1.39)
    away = np.hypot(*shape.vertices[:, :2].T)
    assert ROWS[0] - 0.6 < away.min() < away.max() < ROWS[1] + 0.4
    assert shape.vertices[:, 2].min() > FLOOR
    heads = shape.vertices[shape.faces[np.isin(shape.hue, (Hue.SKIN, Hue.DEEP_SKIN))]].mean(axis=1)
    angle = np.arctan2(heads[:, 0], heads[:, 1])
    assert len(heads) > 500
    middle = np.abs(np.abs(angle) - 0.56) * np.hypot(*heads[:, :2].T)
    assert middle.min() > 0.2


@pytest.mark.parametrize("camera", ["front", "three-quarter"])
def test_the_music_stand_stands_before_no_leg(camera: str) -> None:
    x, y, _ = SHOTS[camera].direction
    stand = conductors_stand(float(np.arctan2(-y, -x)))
    across = np.array([-y, x]) / np.hypot(x, y)
    desk = stand.vertices[stand.vertices[:, 2] > 0.4]
    assert np.abs(desk[:, :2] @ across).min() > _LEG_HALF
    # And before the conductor, whose hands turn the pages.
    assert desk[:, 1].mean() < -0.4
