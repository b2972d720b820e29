import numpy as np
import pytest

from pose_transfer.frame import (
    Box,
    check_size,
    default_size,
    frame_person,
    frame_stage,
    reach_box,
)
from retarget.errors import ConductorError

SHAPES = {"wide": (1280, 720), "square": (720, 720), "tall": (720, 1280)}
PHOTO = (1000, 1500)
# A whole figure of 1200 pixels, and a half body cut by the photo's lower edge.
WHOLE = Box(300.0, 200.0, 700.0, 1400.0)
HALF = Box(250.0, 400.0, 750.0, 1499.0)
REACH = Box(150.0, 100.0, 880.0, 900.0)


def inside(framing, box):
    """Corners of the box in the picture, and whether they are within it."""
    corners = framing.to_picture([[box.left, box.top], [box.right, box.bottom]])
    return bool((corners >= 0.0).all() and (corners <= np.array(framing.size) - 1.0).all())


@pytest.mark.parametrize("size", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("cut", [None, 1480.0], ids=["whole", "half"])
def test_head_hands_and_baton_stay_inside_in_every_shape(size, cut):
    body = WHOLE if cut is None else HALF
    framing = frame_person(body, REACH, PHOTO, size, cut=cut)
    assert framing.size == size
    assert inside(framing, REACH)
    assert framing.to_picture([500.0, body.top])[1] >= 0.0


def test_a_wide_picture_is_filled_from_the_reach_to_the_thighs():
    framing = frame_person(WHOLE, REACH, PHOTO, SHAPES["wide"])
    top = framing.to_picture([0.0, REACH.top])[1]
    assert 0.0 <= top < 0.05 * 720
    hips, knees = framing.to_picture([[500.0, 788.0], [500.0, 1090.0]])[:, 1]
    assert hips < 720 < knees


def test_a_square_picture_ends_at_the_thighs_unless_the_arms_need_more():
    hips, knees, soles = 788.0, 1090.0, 1400.0
    narrow = Box(150.0, 100.0, 850.0, 800.0)
    close = frame_person(WHOLE, narrow, PHOTO, SHAPES["square"], hips=hips)
    lowest = [close.to_picture([0.0, y])[1] for y in (hips, knees)]
    assert lowest[0] < 720 < lowest[1]
    wide = frame_person(WHOLE, Box(-400.0, 100.0, 1400.0, 800.0), (3000, 1500), SHAPES["square"])
    assert wide.to_picture([0.0, soles])[1] < 720


def test_a_tall_picture_shows_the_whole_figure():
    framing = frame_person(WHOLE, REACH, PHOTO, SHAPES["tall"])
    head, soles = framing.to_picture([[500.0, WHOLE.top], [500.0, WHOLE.bottom]])[:, 1]
    assert 0.0 < head < soles < 1280
    assert soles - head > 0.6 * 1280


@pytest.mark.parametrize("size", SHAPES.values(), ids=SHAPES)
def test_what_lies_below_a_cut_body_is_never_shown(size):
    cut = 1470.0
    low = Box(150.0, 100.0, 880.0, 1460.0)
    framing = frame_person(HALF, low, PHOTO, size, cut=cut)
    assert framing.to_picture([0.0, cut])[1] >= size[1] - 0.5 - 1e-6


def test_known_hips_decide_where_a_half_body_ends():
    size = SHAPES["wide"]
    framing = frame_person(HALF, REACH, PHOTO, size, hips=1000.0, cut=1490.0)
    assert framing.to_picture([0.0, 1000.0])[1] < 720 < framing.to_picture([0.0, 1400.0])[1]


def test_the_picture_stays_on_the_photo_where_the_reach_allows_it():
    aside = Box(40.0, 200.0, 240.0, 1400.0)
    framing = frame_person(aside, Box(5.0, 150.0, 300.0, 800.0), (3000, 1500), SHAPES["wide"])
    left = framing.to_picture([-0.5, 0.0])[0]
    assert -0.05 * 1280 < left + 0.5 < 0.05 * 1280


def test_photo_edges_become_picture_edges():
    framing = frame_stage((960, 540), (1920, 1080), Box(300.0, 60.0, 600.0, 500.0))
    assert np.allclose(framing.to_picture([-0.5, -0.5]), [-0.5, -0.5])
    assert np.allclose(framing.to_picture([959.5, 539.5]), [1919.5, 1079.5])


def test_hands_near_the_edge_of_the_stage_do_not_make_it_end_inside_the_picture():
    framing = frame_stage((960, 540), (960, 540), Box(4.0, 20.0, 955.0, 500.0))
    assert np.allclose(
        framing.to_picture([[-0.5, -0.5], [959.5, 539.5]]), [[-0.5] * 2, [959.5, 539.5]]
    )


def test_the_reach_leaves_out_the_rarest_places_of_the_tip_and_none_of_the_hands():
    generator = np.random.default_rng(0)
    tip = generator.uniform(100.0, 200.0, (1000, 2))
    tip[:3] = [[900.0, 150.0], [150.0, -500.0], [-400.0, 150.0]]
    wrists = np.array([[120.0, 150.0], [260.0, 40.0]])
    box = reach_box(wrists, tip)
    low, high = np.array([box.left, box.top]), np.array([box.right, box.bottom])
    assert ((tip >= low) & (tip <= high)).all(axis=1).mean() >= 0.99
    assert box.left > 90.0
    assert (box.right, box.top) == (260.0, 40.0)


@pytest.mark.parametrize("size", SHAPES.values(), ids=SHAPES)
@pytest.mark.parametrize("cut", [None, 470.0], ids=["whole", "half"])
def test_on_stage_the_reach_is_inside_and_the_cut_is_not(size, cut):
    reach = Box(380.0, 60.0, 640.0, 330.0)
    framing = frame_stage((960, 540), size, reach, cut=cut)
    assert inside(framing, reach)
    if cut is not None:
        assert framing.to_picture([0.0, cut])[1] >= size[1] - 0.5 - 1e-6


def test_sizes_are_even_and_bounded():
    assert check_size((641, 361)) == (640, 360)
    with pytest.raises(ConductorError, match="5000x400"):
        check_size((5000, 400))
    assert default_size((3000, 2000)) == (1280, 852)
    assert default_size((300, 400)) == (540, 720)
