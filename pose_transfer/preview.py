"""A sheet to look a character over before a video is made of it."""

from dataclasses import replace
from itertools import islice
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget.body.model import load_body
from retarget.progress import Progress, no_progress
from retarget.rotation import Array

from .backdrop import studio
from .check import own_pose, returned_db
from .coverage import CoverageRenderer
from .deform import vertex_normals
from .guides import HELD, POSES, far_poses
from .labels import LABELS
from .landmark_drawing import draw_landmarks
from .landmarks import Landmarks
from .likeness import likeness_frames
from .sitting import Sitting

Image = NDArray[np.uint8]

# Places for the photo above and for the poses below.
_CELL: Final = (432, 576)
_POSE_CELL: Final = (432, 432)
_GAP, _CAPTION = 12, 34
_PAPER, _INK = (247, 246, 243), (52, 50, 47)
# Air around the person, as a share of their height.
_AIR: Final = 0.06
_BODY_TINT: Final = np.array([96.0, 170.0, 214.0])
# In the order of LABELS; the person's left is orange, their right blue, as in the landmarks.
_TINTS: Final = np.array(
    [
        [128, 128, 128],
        [126, 190, 128],
        [232, 214, 110],
        [244, 172, 96],
        [104, 164, 236],
        [214, 96, 48],
        [44, 92, 190],
    ],
    np.float32,
)


def draw_preview(sitting: Sitting, progress: Progress = no_progress) -> Image:
    """Landmarks, body, parts and the photo returned above; the person in four far poses below.

    Parameters
    ----------
    sitting : Sitting
        Who was made, and how.
    progress : Progress
        Hears [0, 1].

    Returns
    -------
    (H, W, 3) uint8 array
        RGB.
    """
    photo = _on_plain(sitting.photo.rgb, sitting.photo.alpha)
    window = _window(sitting.matte)
    above = {
        "Landmarks": _with_landmarks(photo, sitting.landmarks, window),
        "Body": _cut(_with_body(photo, sitting), window),
        "Parts": _cut(_with_parts(photo, sitting), window),
    }
    progress(0.2, "drawing the preview")
    returned = own_pose(sitting.character, replace(sitting.photo, rgb=photo))
    above[f"Own pose, {_likeness_of(returned, photo, sitting)}"] = _cut(returned, window)
    progress(0.4, "drawing the preview")
    frames = likeness_frames(far_poses(), sitting.character, size=_POSE_CELL)
    below = dict(zip(POSES, islice(frames, HELD // 2, None, HELD), strict=True))
    progress(1.0, "drawing the preview")
    return np.concatenate([_row(above, _CELL), _row(below, _POSE_CELL)])


def _likeness_of(returned: Image, photo: Image, sitting: Sitting) -> str:
    """How near the photo the person in their own pose is, in words."""
    if sitting.character.dress != "photo":
        return "in concert dress"
    return f"{returned_db(returned, photo, sitting.matte):.0f} dB from the photo"


def _on_plain(rgb: Image, alpha: NDArray[np.float32] | None) -> Image:
    """A cut-out on the studio's wall; a photo as it is."""
    if alpha is None:
        return rgb
    wall = studio((rgb.shape[1], rgb.shape[0])).astype(np.float32)
    mixed = wall + (rgb - wall) * alpha[..., None]
    return np.clip(mixed + 0.5, 0.0, 255.0).astype(np.uint8)


def _with_body(photo: Image, sitting: Sitting) -> Image:
    """The fitted body over the photo, and the outline its mesh was brought to."""
    body, camera = load_body(), sitting.fit.camera
    with CoverageRenderer(camera.size) as renderer:
        cover = renderer.draw(camera.to_pixels(sitting.fit.vertices), body.faces)
        outline = renderer.draw(camera.to_pixels(sitting.vertices), body.faces)
    normals = vertex_normals(sitting.fit.vertices, body.faces)[body.faces].mean(axis=1)
    towards = normals @ np.array([0.25, -0.85, 0.45])
    light = np.clip(0.35 + 0.75 * towards, 0.2, 1.15)[np.maximum(cover.face, 0)]
    tinted = 0.4 * photo + 0.6 * light[..., None] * _BODY_TINT
    grey = photo * 0.75 + 0.25 * 255.0
    picture = np.where(cover.inside[..., None], tinted, grey)
    picture = np.clip(picture, 0.0, 255.0).astype(np.uint8)
    rims, _ = cv2.findContours(
        outline.inside.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    width = max(1, round(max(camera.size) / 600))
    cv2.drawContours(picture, rims, -1, (216, 74, 60), width, cv2.LINE_AA)
    return picture


def _with_parts(photo: Image, sitting: Sitting) -> Image:
    """The photo tinted by what each pixel belongs to, the rest pale."""
    labels = sitting.labels.labels
    grey = photo.mean(axis=2, keepdims=True)
    tinted = 0.45 * grey + 0.55 * _TINTS[np.minimum(labels, len(LABELS) - 1)]
    picture = np.where((labels > 0)[..., None], tinted, 0.35 * grey + 0.65 * 255.0)
    return np.clip(picture, 0.0, 255.0).astype(np.uint8)


def _with_landmarks(photo: Image, landmarks: Landmarks, window: tuple[int, int, int, int]) -> Image:
    """Landmarks drawn at the size of the sheet, where their lines are thin."""
    cut = _cut(photo, window)
    scale, corner = cut.shape[1] / (window[2] - window[0]), np.array(window[:2])

    def moved(points: Array) -> Array:
        at = points.copy()
        at[..., :2] = (at[..., :2] - corner + 0.5) * scale - 0.5
        return at

    return draw_landmarks(
        cut,
        replace(
            landmarks,
            points={key: moved(point) for key, point in landmarks.points.items()},
            hands={side: moved(hand) for side, hand in landmarks.hands.items()},
            face=None if landmarks.face is None else moved(landmarks.face),
        ),
    )


def _window(matte: NDArray[np.float32]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of what is shown of the photo, in the shape of a cell."""
    rows = np.flatnonzero((matte > 0.5).any(axis=1))
    columns = np.flatnonzero((matte > 0.5).any(axis=0))
    size = np.array(matte.shape[::-1])
    low = np.array([columns[0], rows[0]], dtype=np.float64)
    high = np.array([columns[-1] + 1, rows[-1] + 1], dtype=np.float64)
    air = _AIR * (high[1] - low[1])
    middle, wanted = (low + high) / 2, high - low + 2.0 * air
    wanted = np.array(_CELL) * (wanted / np.array(_CELL)).max()
    wanted = np.minimum(wanted, size)
    start = np.clip(middle - wanted / 2, 0.0, size - wanted)
    left, top, right, bottom = np.round(np.concatenate([start, start + wanted])).astype(int)
    return int(left), int(top), int(right), int(bottom)


def _cut(picture: Image, window: tuple[int, int, int, int]) -> Image:
    """The window of a picture, as large as fits into a cell."""
    left, top, right, bottom = window
    scale = min(_CELL[0] / (right - left), _CELL[1] / (bottom - top))
    size = max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale))
    how = cv2.INTER_AREA if scale < 1.0 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture[top:bottom, left:right], size, interpolation=how))


def _row(cells: dict[str, Image], place: tuple[int, int]) -> Image:
    """Cells side by side in places of one size, each under its caption."""
    step = place[0] + _GAP
    row = np.full((place[1] + _CAPTION + _GAP, len(cells) * step + _GAP, 3), _PAPER, np.uint8)
    for i, (title, cell) in enumerate(cells.items()):
        x = _GAP + i * step
        at = (x, _CAPTION - 11)
        cv2.putText(row, title, at, cv2.FONT_HERSHEY_DUPLEX, 0.6, _INK, 1, cv2.LINE_AA)
        high, wide = cell.shape[:2]
        left, top = x + (place[0] - wide) // 2, _CAPTION + (place[1] - high) // 2
        row[top : top + high, left : left + wide] = cell
    return row
