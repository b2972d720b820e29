"""The drawn person: the photo at rest, smooth outlines, true depth, light, shadow and baton."""

import hashlib
import os
import subprocess
import sys
import threading
import tracemalloc
from dataclasses import replace
from pathlib import Path

import cv2
import moderngl
import numpy as np
import pytest
from capsule_person import (
    NAMES,
    capsule_person,
    photo_camera,
    take_of,
    texture_picture,
    turned_bones,
)
from numpy.typing import NDArray

from pose_transfer.atlas import resample_atlas
from pose_transfer.drawing import Painter, Take, draw_frames
from pose_transfer.lighting import GAIN_LIMITS, ContactShadow
from pose_transfer.pieces import Bones, Piece, assemble
from pose_transfer.skin import Skin
from pose_transfer.staging import Stage, seen_faces
from retarget.camera import Camera
from retarget.character import PARTS, PATCH, Character
from retarget.errors import ConductorError

SIZE = (180, 240)
REST = turned_bones({})
# The left forearm across the belly, well in front of it.
ACROSS = turned_bones(
    {"upper_arm.L": ((1.0, 0.0, 0.0), -0.7), "forearm.L": ((0.3, -1.0, 0.0), -1.35)}
)


@pytest.fixture(scope="module")
def noisy() -> Character:
    return capsule_person(SIZE)


@pytest.fixture(scope="module")
def grey() -> Character:
    return capsule_person(SIZE, np.full((SIZE[1], SIZE[0], 3), 110, np.uint8))


def draw(character: Character, poses: list[NDArray], *, baton: bool = False) -> list[NDArray]:
    take = take_of(character, poses, baton)
    with Painter(character, SIZE) as painter:
        return [painter.draw(take, frame) for frame in range(len(take))]


def psnr(a: NDArray, b: NDArray) -> float:
    error = ((a.astype(float) - b.astype(float)) ** 2).mean()
    return float(10.0 * np.log10(255.0**2 / max(error, 1e-12)))


def held(ends: NDArray, character: Character) -> Take:
    """The person at rest with a baton between given places (T, 2, 3)."""
    return replace(take_of(character, [REST] * len(ends)), baton=ends.astype(np.float32))


def test_at_rest_the_photo_comes_back(noisy: Character) -> None:
    (frame,) = draw(noisy, [REST])
    inside = frame[..., 3] == 255
    assert inside.mean() > 0.15
    assert psnr(frame[inside][:, :3], texture_picture(SIZE)[inside]) > 60.0


def test_the_picture_lies_where_scale_and_shift_say(noisy: Character) -> None:
    scale, shift = 1.7, np.array([-20.0, 13.0])
    take = take_of(noisy, [REST])
    with Painter(noisy, (300, 420), scale=scale, shift=shift) as painter:
        alpha = painter.draw(take, 0)[..., 3] / 255.0
    seen = noisy.camera.to_pixels(noisy.vertices)[:, :2] * scale + shift
    # Soft edges: where a profile rises through one half is where the outline is.
    for axis, profile in ((0, alpha.max(axis=0)), (1, alpha.max(axis=1))):
        over = np.flatnonzero(profile > 0.5)
        assert over[0] == pytest.approx(seen[:, axis].min(), abs=0.8)
        assert over[-1] == pytest.approx(seen[:, axis].max(), abs=0.8)


def test_outlines_are_as_smooth_as_sixteen_samples_a_pixel_and_no_wider(grey: Character) -> None:
    turns = [turned_bones({"hips": ((0.0, 0.0, 1.0), angle)}) for angle in (0.2, 0.5, 0.8)]
    take = take_of(grey, [REST, ACROSS, *turns])
    fine = (4 * SIZE[0], 4 * SIZE[1])
    with (
        Painter(grey, SIZE) as painter,
        Painter(grey, fine, scale=4.0, shift=(1.5, 1.5)) as sampled,
    ):
        for frame in range(5):
            alpha = painter.draw(take, frame)[..., 3] / 255.0
            truth = cv2.resize(sampled.draw(take, frame)[..., 3] / 255.0, SIZE, None, 0, 0, 3)
            assert abs(alpha.sum() / truth.sum() - 1.0) < 0.001
            assert np.sqrt(((alpha - truth) ** 2).mean()) < 0.006
            assert abs(alpha - truth).max() < 0.35


def test_a_backdrop_shows_through_exactly_what_alpha_leaves(noisy: Character) -> None:
    backdrop = texture_picture(SIZE, seed=5)
    take = take_of(noisy, [ACROSS], baton=True)
    with Painter(noisy, SIZE) as free, Painter(noisy, SIZE, backdrop=backdrop) as painter:
        cut, over = free.draw(take, 0).astype(float), painter.draw(take, 0)
    alpha = cut[..., 3:] / 255.0
    assert abs(cut[..., :3] * alpha + backdrop * (1.0 - alpha) - over).max() <= 3.0
    assert np.array_equal(over[cut[..., 3] == 0], backdrop[cut[..., 3] == 0])


def fringed_card(fade: float, gap: float = 0.0) -> tuple[Character, NDArray]:
    """A flat card whose border fades to nothing, and its picture with that matte.

    The matte rises over `fade` pixels, of which the fringe takes the first 8; it lies `gap` metres
    behind.
    """
    camera = photo_camera(SIZE)
    # The solid part ends a little before a pixel on one side and a little after one on the other.
    steps = np.array([0.0, 8.7, 20.0, 50.0, 80.0, 91.9, 100.0])
    x, y = np.meshgrid(steps + 40.0, steps + 60.0)
    flat = np.stack([x, y], axis=-1).reshape(-1, 2)
    depth = np.full((len(flat), 1), 4.9)
    vertices = camera.to_world(np.concatenate([flat, depth], axis=-1))
    faces, fringe = [], []
    for row in range(6):
        for column in range(6):
            a = row * 7 + column
            faces += [(a, a + 7, a + 8), (a, a + 8, a + 1)]
            fringe += [row in (0, 5) or column in (0, 5)] * 2
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]]
    inside = np.minimum(np.minimum(columns - 40, 140 - columns), np.minimum(rows - 60, 160 - rows))
    alpha = np.clip(inside / fade, 0.0, 1.0) * 255.0
    picture = np.dstack([texture_picture(SIZE), alpha.astype(np.uint8)])
    weights = {"chest": np.ones(len(flat))}
    index = np.array(faces)
    behind = camera.to_world(np.concatenate([flat, depth + gap], axis=-1))
    pieces = [
        Piece(places, index[kind], flat[index[kind]], picture, weights, "trunk", soft)
        for places, kind, soft in (
            (vertices, ~np.array(fringe), False),
            (behind, np.array(fringe), True),
        )
    ]
    bones = Bones(
        ("chest",), np.array([-1], np.int16), np.zeros((1, 3)), np.ones((1, 3)), np.eye(4)[:1]
    )
    return assemble(pieces, bones, camera), picture


def test_a_fringe_is_blended_by_the_mattes_alpha_and_not_twice() -> None:
    character, picture = fringed_card(fade=14.0)
    still = np.concatenate([np.eye(3), np.zeros((3, 1))], axis=1)[None]
    (frame,) = draw(character, [still])
    fringe = picture[..., 3] < 8.0 / 14.0 * 255.0
    assert abs(frame[..., 3].astype(int) - picture[..., 3])[fringe].max() <= 4
    seen = picture[..., 3] > 60
    assert abs(frame[..., :3].astype(int) - picture[..., :3])[seen].max() <= 6


def test_nothing_shines_through_between_a_fringe_and_what_it_grows_from() -> None:
    character, picture = fringed_card(fade=8.0, gap=0.01)
    still = np.concatenate([np.eye(3), np.zeros((3, 1))], axis=1)[None]
    (frame,) = draw(character, [still])
    assert (frame[..., 3].astype(int) - picture[..., 3]).min() >= -6


def test_an_arm_in_front_hides_the_trunk_and_one_behind_is_hidden() -> None:
    character = capsule_person(SIZE, np.full((SIZE[1], SIZE[0], 3), 110, np.uint8))
    # Only the left arm and hand are red.
    left = np.isin(character.parts, [PARTS.index("arm.L"), PARTS.index("hand.L")])
    red = left[character.faces].all(axis=1)
    texture = np.full((32, 64, 4), (60, 60, 60, 255), np.uint8)
    texture[:, 32:] = (250, 20, 20, 255)
    uv = np.zeros_like(character.uv)
    uv[...] = np.where(red, 0.9, 0.1)[:, None, None]
    character = replace(character, texture=texture, uv=uv.astype(np.float32))
    behind = turned_bones(
        {"upper_arm.L": ((1.0, 0.0, 0.0), 0.7), "forearm.L": ((0.3, 1.0, 0.0), 1.35)}
    )
    front, back = draw(character, [ACROSS, behind])
    trunk = (slice(66, 88), slice(85, 110))
    assert (front[trunk][..., 0] > 150).sum() > 40
    assert (back[trunk][..., 0] > 150).sum() == 0


def test_arms_cast_a_soft_shadow_on_what_is_close_behind_and_on_nothing_else(
    grey: Character,
) -> None:
    rest, across = draw(grey, [REST, ACROSS])
    solid = (rest[..., 3] == 255) & (across[..., 3] == 255)
    below = np.zeros_like(solid)
    below[88:102, 84:106] = True
    shade = across[..., 0].astype(int) - rest[..., 0]
    assert shade[solid & below].min() < -5
    assert shade[solid & below].min() > -0.3 * 110
    legs = np.zeros_like(solid)
    legs[185:] = True
    assert abs(shade[solid & legs]).max() <= 1


def test_the_photos_own_shadow_is_not_added_again(grey: Character) -> None:
    # A photo with the arm across the belly: what it shades there is on the texture already.
    skin = Skin(grey.vertices, grey.vertices, grey.weight_bones, grey.weights, len(NAMES))
    crossed = replace(grey, vertices=np.ascontiguousarray(skin.move(ACROSS)[0].T))
    (frame,) = draw(crossed, [REST])
    assert np.ptp(frame[frame[..., 3] == 255][:, 0]) <= 3


def test_shadow_needs_an_arm_in_front_and_near() -> None:
    grid = np.stack(np.meshgrid(np.linspace(-0.2, 0.2, 30), np.linspace(-0.2, 0.2, 30)), -1)
    flat = grid.reshape(-1, 2).astype(np.float32) * 400.0
    parts = np.repeat([PARTS.index("arm.L"), PARTS.index("trunk")], len(flat))
    areas = np.full(len(parts), 2.0 * 0.4**2 / 900, np.float32)
    world = np.zeros((len(parts), 3))
    shadow = ContactShadow(parts, areas, world, {})
    x, y = np.concatenate([flat[:, 0]] * 2), np.concatenate([flat[:, 1]] * 2)
    darkest = {}
    for gap in (-0.1, 0.0, 0.08, 0.2, 0.5):
        depth = np.repeat(np.array([3.0, 3.0 + gap], np.float32), len(flat))
        cast = shadow.cast(x, y, depth, 400.0)
        assert cast[: len(flat)].max() == 0.0
        darkest[gap] = float(cast.max())
    rooted = ContactShadow(parts, areas, world, {"L": np.zeros(3)})
    depth = np.repeat(np.array([3.0, 3.08], np.float32), len(flat))
    assert rooted.cast(x, y, depth, 400.0).max() == 0.0
    assert darkest[-0.1] == darkest[0.0] == darkest[0.5] == 0.0
    assert 0.3 >= darkest[0.08] > 0.2 > darkest[0.2] > 0.05


def test_turning_from_the_light_darkens_and_nothing_gets_brighter_than_the_photo(
    grey: Character,
) -> None:
    up, down = (turned_bones({"forearm.L": ((1.0, 0.0, 0.0), angle)}) for angle in (-2.4, 0.9))
    from_above = replace(grey, light=np.array([0.0, 0.5, 0.0]))
    (turned,) = draw(from_above, [down])
    levels = turned[turned[..., 3] == 255][:, 0].astype(float)
    assert levels.max() <= 111
    assert levels.min() >= 110 * GAIN_LIMITS[0] * 0.7 - 1
    from_below = replace(grey, light=np.array([0.0, -0.5, 0.0]))
    means = [
        float(frame[frame[..., 3] == 255][:, 0].mean())
        for character in (from_above, from_below)
        for frame in draw(character, [up, down])
    ]
    assert means[0] > means[1]
    assert means[3] > means[2]


def test_the_baton_goes_from_hand_to_tip(grey: Character) -> None:
    ends = np.array([[[-0.45, -0.4, 1.0], [-0.55, -0.4, 1.35]]])
    with Painter(grey, SIZE) as painter:
        frame = painter.draw(held(ends, grey), 0)
        bare = painter.draw(take_of(grey, [REST]), 0)
    way = grey.camera.to_pixels(np.linspace(ends[0, 0], ends[0, 1], 30))[3:-1, :2]
    covered = cv2.remap(
        frame[..., 3], way[:, 0].astype(np.float32), way[:, 1].astype(np.float32), 1
    )
    assert covered.min() > 120
    added = (frame[..., 3].astype(int) - bare[..., 3]).sum() / 255.0
    assert 35.0 < added < 120.0
    tip = np.round(grey.camera.to_pixels(ends[0, 1])[:2]).astype(int)
    assert frame[: tip[1] - 1, : tip[0] + 20, 3].max() == 0


@pytest.mark.parametrize("wall", [(250, 250, 250), (236, 220, 192), (128, 128, 128), (10, 10, 10)])
def test_the_baton_is_seen_before_every_wall(grey: Character, wall: tuple[int, int, int]) -> None:
    size = (4 * SIZE[0], 4 * SIZE[1])
    backdrop = np.full((size[1], size[0], 3), wall, np.uint8)
    for lean in (-0.3, 0.0, 0.3):
        ends = np.array([[[-0.45, -0.4, 1.0], [-0.45 + lean, -0.4, 1.35]]])
        with Painter(grey, size, scale=4.0, shift=(1.5, 1.5), backdrop=backdrop) as painter:
            frame = painter.draw(held(ends, grey), 0)
        middle = 4.0 * grey.camera.to_pixels(ends[0].mean(axis=0))[:2] + 1.5
        x, y = np.round(middle).astype(int)
        across = frame[y, x - 6 : x + 7].astype(int) - wall
        assert abs(across).max() > 45


def test_the_body_hides_a_baton_behind_it(grey: Character) -> None:
    hidden = np.array([[[-0.1, 0.4, 1.1], [0.1, 0.4, 1.3]]])
    with Painter(grey, SIZE) as painter:
        with_baton = painter.draw(held(hidden, grey), 0)
        assert np.array_equal(with_baton, painter.draw(take_of(grey, [REST]), 0))
        seen = painter.draw(held(hidden - [0.0, 0.8, 0.0], grey), 0)
    assert (seen[..., 0].astype(int) - with_baton[..., 0]).max() > 60


def test_a_swung_baton_is_smeared_evenly_and_stays_visible(grey: Character) -> None:
    angle = np.array([-0.4, 0.0, 0.4])
    grip = np.array([-0.5, -0.4, 1.0])
    tips = grip + 0.38 * np.stack([-np.sin(angle), 0 * angle, np.cos(angle)], axis=-1)
    ends = np.stack([np.tile(grip, (3, 1)), tips], axis=1)
    with Painter(grey, SIZE) as painter:
        swung = painter.draw(held(ends, grey), 1)[..., 3]
        still = painter.draw(held(ends[[1, 1, 1]], grey), 1)[..., 3]
    near_tip = grey.camera.to_pixels(grip + 0.9 * (tips[1] - grip))[:2]
    x, y = np.round(near_tip).astype(int)
    row = swung[y, x - 12 : x + 13].astype(int)
    rest = still[y, x - 12 : x + 13].astype(int)
    assert (row > 20).sum() > (rest > 20).sum()
    assert 40 < row.max() < rest.max()
    assert row.sum() > 0.9 * rest.sum()
    # One band, without steps of single positions: it rises once and falls once.
    steps = np.diff(row)
    slopes = np.sign(steps[np.abs(steps) > 6])
    assert (np.diff(slopes) != 0).sum() == 1


def test_seams_and_drawn_in_outlines_leave_no_cracks(grey: Character) -> None:
    turns = [turned_bones({"hips": ((0.0, 0.0, 1.0), angle)}) for angle in (0.3, 1.1, 2.9)]
    take = take_of(grey, turns)
    fine = (4 * SIZE[0], 4 * SIZE[1])
    with (
        Painter(grey, SIZE) as painter,
        Painter(grey, fine, scale=4.0, shift=(1.5, 1.5)) as sampled,
    ):
        for frame in range(3):
            truth = cv2.resize(sampled.draw(take, frame)[..., 3], SIZE, None, 0, 0, 3)
            deep = cv2.erode((truth == 255).astype(np.uint8), np.ones((3, 3))).astype(bool)
            assert deep.sum() > 3000
            assert (painter.draw(take, frame)[..., 3][deep] == 255).all()


def test_frames_come_in_order_and_are_those_drawn_one_by_one(noisy: Character) -> None:
    poses = [turned_bones({"forearm.R": ((1.0, 0.0, 0.0), -0.2 * i)}) for i in range(7)]
    take = take_of(noisy, poses, baton=True)
    backdrop = texture_picture(SIZE, seed=2)
    with Painter(noisy, SIZE, backdrop=backdrop) as painter:
        single = [painter.draw(take, frame) for frame in (5, 0, 3)]
    together = list(draw_frames(noisy, take, SIZE, backdrop=backdrop))
    assert len(together) == 7
    for frame, drawn in zip((5, 0, 3), single, strict=True):
        assert np.array_equal(together[frame], drawn)


def digest() -> str:
    character = capsule_person(SIZE)
    take = take_of(character, [REST, ACROSS, REST], baton=True)
    frames = list(draw_frames(character, take, SIZE, backdrop=texture_picture(SIZE, seed=2)))
    return hashlib.sha256(np.stack(frames).tobytes()).hexdigest()


def test_the_number_of_threads_changes_no_byte() -> None:
    here = digest()
    code = "import test_drawing; print(test_drawing.digest())"
    for threads in ("1", "3"):
        environment = os.environ | {"LP_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        ran = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            check=True,
        )
        assert ran.stdout.strip() == here


def test_who_stops_taking_frames_leaves_no_thread_behind(noisy: Character) -> None:
    frames = draw_frames(noisy, take_of(noisy, [REST] * 40), SIZE)
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert all(thread.name != "drawing" for thread in threading.enumerate())


def test_without_opengl_the_error_names_what_to_install(
    noisy: Character, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(**_: object) -> None:
        raise Exception("eglInitialize failed")

    monkeypatch.setattr(moderngl, "create_context", nothing)
    with pytest.raises(ConductorError, match="apt install libegl1 libgl1-mesa-dri"):
        next(draw_frames(noisy, take_of(noisy, [REST]), SIZE))


def test_a_person_out_of_the_picture_or_behind_the_camera_leaves_the_backdrop(
    noisy: Character,
) -> None:
    backdrop = texture_picture(SIZE, seed=3)
    take = take_of(noisy, [REST, REST, REST], baton=True)
    view = take.view.copy()
    view[0, 0, 3] += 30.0
    view[1, 2, 3] += 20.0
    view[2, 2, 3] += 4.9
    with Painter(noisy, SIZE, backdrop=backdrop) as painter:
        frames = [painter.draw(replace(take, view=view), frame) for frame in range(3)]
    assert np.array_equal(frames[0], backdrop)
    assert np.array_equal(frames[1], backdrop)
    assert frames[2].shape == backdrop.shape


def test_a_patch_shows_if_its_limb_is_as_in_the_photo_in_any_frame_of_a_long_take(
    grey: Character,
) -> None:
    arm = np.isin(grey.parts[grey.faces[:, 0]], [PARTS.index("arm.L"), PARTS.index("hand.L")])
    patched = replace(grey, kinds=np.where(arm, PATCH, grey.kinds))
    moved = take_of(patched, [ACROSS] * 2000)
    tracemalloc.start()
    seen = seen_faces(patched, moved)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen[~arm].all()
    assert not seen[arm].any()
    assert seen_faces(patched, take_of(patched, [*[ACROSS] * 2000, REST])).all()
    short = replace(moved, matrices=moved.matrices[:500])
    tracemalloc.start()
    seen_faces(patched, short)
    assert peak < 1.5 * tracemalloc.get_traced_memory()[1], "memory grows with the take"
    tracemalloc.stop()


def solids(character: Character, take: Take | None, *, down: float = 0.0) -> int:
    return len(Stage(character, SIZE, 1.0, np.array([0.0, down]), take).solid_index)


@pytest.mark.parametrize("down", [0.0, 90.0])
def test_leaving_out_what_a_take_never_shows_changes_no_picture(
    noisy: Character, down: float
) -> None:
    turned = [turned_bones({"hips": ((0.0, 0.0, 1.0), angle)}) for angle in (-0.6, 0.4)]
    take = take_of(noisy, [REST, ACROSS, *turned], baton=True)
    assert solids(noisy, take, down=down) < 0.85 * solids(noisy, None)
    with (
        Painter(noisy, SIZE, shift=(0.0, down)) as whole,
        Painter(noisy, SIZE, shift=(0.0, down), take=take) as painter,
    ):
        for frame in range(len(take)):
            error = painter.draw(take, frame).astype(int) - whole.draw(take, frame)
            assert abs(error).max() <= 3


def test_who_turns_round_or_is_seen_from_all_sides_is_whole(noisy: Character) -> None:
    round_ = [turned_bones({"hips": ((0.0, 0.0, 1.0), angle)}) for angle in range(7)]
    take = take_of(noisy, round_)
    assert solids(noisy, take) == solids(noisy, None)
    still = take_of(noisy, [REST] * 700)
    view = still.view.copy()
    # Long after the first frames the camera goes round to the back.
    view[650] = view[650] @ np.diag([-1.0, -1.0, 1.0, 1.0])
    assert solids(noisy, replace(still, view=view)) > solids(noisy, still)


def test_below_the_picture_nothing_is_drawn(noisy: Character) -> None:
    take = take_of(noisy, [REST, ACROSS])
    assert solids(noisy, take, down=100.0) < solids(noisy, take) - 100


def test_skinning_is_the_weighted_sum_of_the_bones() -> None:
    rng = np.random.default_rng(0)
    vertices = rng.normal(size=(50, 3)).astype(np.float32)
    bones = rng.integers(0, 5, (50, 4)).astype(np.int16)
    weights = rng.dirichlet(np.ones(4), 50).astype(np.float32)
    weights[:, 3] = 0.0
    matrices = rng.normal(size=(5, 3, 4)).astype(np.float32)
    places, normals = Skin(vertices, vertices, bones, weights, 5).move(matrices)
    blended = np.einsum("vk,vkij->vij", weights, matrices[bones])
    moved = np.einsum("vij,vj->vi", blended[..., :3], vertices)
    assert np.allclose(places.T, moved + blended[..., 3], atol=1e-4)
    unit = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    assert np.allclose(normals.T, unit, atol=1e-3)


def two_charts(texels: int) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """A red and a blue square metre, their charts close together in one texture."""
    texture = np.zeros((texels + 6, 2 * texels + 9, 4), np.uint8)
    texture[:, : texels + 5] = (255, 0, 0, 255)
    texture[:, texels + 5 :] = (0, 0, 255, 255)
    square = np.array([[0.0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]])
    vertices = np.concatenate([square, square + np.array([2.0, 0, 0])])
    faces = np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    corner = square[:, [0, 2]] * texels + 3.0
    uv = np.concatenate([corner, corner + np.array([texels + 4.0, 0.0])])[faces]
    return texture, uv / np.array(texture.shape[1::-1]), faces, vertices


@pytest.mark.parametrize("texels", [30, 300, 1000])
def test_a_texture_fits_the_picture_and_charts_never_mix(texels: int) -> None:
    texture, uv, faces, vertices = two_charts(texels)
    fitted, places = resample_atlas(texture, uv, faces, vertices, 100.0)
    pixels = places * np.array(fitted.shape[1::-1])
    side = np.linalg.norm(pixels[:, 1] - pixels[:, 0], axis=-1)[[0, 2]]
    wanted = 90.0 if texels == 30 else 150.0
    assert side == pytest.approx([wanted, wanted], rel=0.05)
    for face, colour in ((0, (255, 0, 0)), (3, (0, 0, 255))):
        low = np.floor(pixels[face].min(axis=0) - 1.0).astype(int)
        high = np.ceil(pixels[face].max(axis=0) + 1.0).astype(int)
        chart = fitted[low[1] : high[1], low[0] : high[0], :3]
        assert (chart == colour).all()


def test_a_texture_that_fits_already_stays_as_it_is() -> None:
    texture, uv, faces, vertices = two_charts(120)
    same, places = resample_atlas(texture, uv, faces, vertices, 100.0)
    assert same is texture
    assert places is uv


def test_pixels_per_metre_of_a_take_are_those_where_the_person_stands(noisy: Character) -> None:
    camera: Camera = noisy.camera
    truth = camera.focal / -camera.position[1]
    assert take_of(noisy, [REST]).pixels_per_metre(noisy) == pytest.approx(truth, rel=0.03)
    assert len(NAMES) == len(noisy.bones)
