"""Is it the person? Zero motion against the photo, self-transfer against the video.

Zero motion: a photo's likeness in the photo's own pose should be the photo. Self-transfer: the
first frame of a video is the photo and every frame's own pose the drive, so that the video itself
is the truth (Siarohin et al. 2019, "self-reconstruction"). Copying the photo is the floor.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from backend.evaluation import likeness_body
from backend.evaluation.contact_sheet import contact_sheet
from backend.evaluation.likeness_measures import (
    align_face,
    compare_faces,
    flicker,
    gmsd,
    landmark_error,
    ms_ssim,
    psnr,
    silhouette_iou,
    ssim,
)
from backend.evaluation.likeness_sets import (
    Clip,
    Frame,
    Person,
    hands_of,
    known,
    look_at,
    read_clip,
    read_matte,
)
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress

REGIONS: Final = ("whole", "person", "hands", "face")
"""Where pictures are compared; all but the first where the truth has them."""

JOINTS: Final = ("upper_arm", "forearm", "hand")
"""Whose landmarks are compared, with the nose."""

SECONDS: Final = 4.0
"""How much of a video is compared unless told otherwise."""

BODY: Final = "the body"
COPY: Final = "copy of the photo"
"""Name of the floor."""

INSIDE: Final = 0.95
"""Above this matte a pixel is the person's alone, without their soft edge."""

_SHOWN: Final = 12
_MEASURES: Final = {"PSNR": psnr, "SSIM": ssim, "MS-SSIM": ms_ssim, "GMSD": gmsd}


@dataclass(frozen=True)
class Drawn:
    """One frame of a likeness.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        The picture.
    parts : (H, W) uint8 array, or None
        0 is nobody, k + 1 is `retarget.character.PARTS[k]`; None if the method knows no parts.
    """

    rgb: Frame
    parts: NDArray[np.uint8] | None = None


class Transfer(Protocol):
    """Draws the person of a clip's first frame in the pose of each of its frames."""

    def __call__(self, clip: Clip, /) -> Sequence[Drawn]:
        """As many frames as the clip has, each of its size."""


@dataclass(frozen=True)
class Returned:
    """A photo and its likeness in the photo's own pose.

    Parameters
    ----------
    photo, likeness : (H, W, 3) uint8 arrays
    matte : (H, W) array
        The person in [0, 1], as the method sees it.
    """

    photo: Frame
    likeness: Frame
    matte: NDArray


ZeroMotion = Callable[[Path], Returned]
"""Reads a photo and draws its person in the photo's own pose."""


@dataclass(frozen=True)
class Method:
    """A way to make likenesses; what it cannot do is None."""

    name: str
    transfer: Transfer | None = None
    zero_motion: ZeroMotion | None = None


@dataclass(frozen=True)
class Row:
    """Figures of one method on one photo or clip; `fault` says in one sentence why there are none.

    Parameters
    ----------
    method, name : str
    values : dict of str to float
        "PSNR person" and the like; NaN where there was nothing to measure.
    fault : str
    sheet : (H, W, 3) uint8 array, or None
        What it looks like.
    """

    method: str
    name: str
    values: dict[str, float] = field(default_factory=dict)
    fault: str = ""
    sheet: Frame | None = None


@dataclass(frozen=True)
class LikenessReport:
    """Zero motion and self-transfer, one row for each method and photo or clip."""

    zero_motion: list[Row]
    transfer: list[Row]


def copy_photo(clip: Clip) -> Sequence[Drawn]:
    """The floor: the first frame all the time."""
    parts = None if clip.truth is None else clip.truth.parts[0]
    return [Drawn(clip.frames[0], parts)] * len(clip.frames)


def methods() -> tuple[Method, ...]:
    """What is compared; the copy comes first."""
    return (Method(COPY, transfer=copy_photo), Method(BODY, transfer_body, still_body))


def transfer_body(clip: Clip) -> Sequence[Drawn]:
    """The person of the first frame as a body, in the pose that is seen in each frame."""
    pictures, parts = likeness_body.transfer(clip)
    return [Drawn(*drawn) for drawn in zip(pictures, parts, strict=True)]


def still_body(photo: Path) -> Returned:
    """The body in the photo's own pose."""
    return Returned(*likeness_body.still(photo))


def evaluate_likeness(
    photos: Sequence[Path],
    clips: Sequence[Path],
    compared: Sequence[Method],
    *,
    seconds: float = SECONDS,
    progress: Progress = no_progress,
) -> LikenessReport:
    """Measure every method on every photo and clip.

    Parameters
    ----------
    photos, clips : sequences of Path
        As `likeness_sets.find_sets` gives them.
    compared : sequence of Method
    seconds : float
        How much of each clip.
    """
    total, done = len(photos) + len(clips), 0
    zero: list[Row] = []
    moved: list[Row] = []
    for photo in photos:
        progress(done / total, "comparing photos")
        zero += [_returned(m.name, m.zero_motion, photo) for m in compared if m.zero_motion]
        done += 1
    for path in clips:
        progress(done / total, "comparing videos")
        clip = read_clip(path, seconds)
        seen = [look_at(frame) for frame in clip.frames]
        moved += [_transferred(m.name, m.transfer, clip, seen) for m in compared if m.transfer]
        done += 1
    progress(1.0, "comparing videos")
    return LikenessReport(zero, moved)


def summarise(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Method to measure to the median over its rows, with counts and the worst cases.

    "rows" and "faults" count; "least PSNR person" and "least PSNR inside matte" are the worst
    row's, and "least gain whole" and "least gain person" are how many dB of PSNR a method is above
    the copy where that is least.
    """
    summary: dict[str, dict[str, float]] = {}
    floor = {row.name: row.values for row in rows if row.method == COPY and not row.fault}
    for method in dict.fromkeys(row.method for row in rows):
        own = [row for row in rows if row.method == method]
        good = [row.values for row in own if not row.fault]
        names = dict.fromkeys(name for values in good for name in values)
        columns = {name: np.array([v.get(name, np.nan) for v in good]) for name in names}
        figures = {name: _median(column) for name, column in columns.items()}
        for name in ("PSNR person", "PSNR inside matte"):
            if name in columns and not np.isnan(columns[name]).all():
                figures[f"least {name}"] = float(np.nanmin(columns[name]))
        if method != COPY and floor:
            for region in ("whole", "person"):
                measure = f"PSNR {region}"
                gains = [
                    row.values[measure] - floor[row.name][measure]
                    for row in own
                    if not row.fault and row.name in floor
                ]
                figures[f"least gain {region}"] = min(gains, default=float("nan"))
        counts = {"rows": float(len(own)), "faults": float(len(own) - len(good))}
        summary[method] = counts | figures
    return summary


def compare_clip(clip: Clip, drawn: Sequence[Drawn], seen: Sequence[Person]) -> dict[str, float]:
    """All figures of one self-transfer, and over how many "frames".

    The first frame, which is the photo, does not count.

    Parameters
    ----------
    clip : Clip
    drawn : sequence of Drawn
        One for each frame.
    seen : sequence of Person
        What the detector finds in each frame of the clip.

    Raises
    ------
    ConductorError
        If there are not as many frames, or of another size.
    """
    sizes = {one.rgb.shape for one in drawn} | {frame.shape for frame in clip.frames}
    if len(drawn) != len(clip.frames) or len(sizes) != 1:
        raise ConductorError(
            f"{len(drawn)} frames came back for {len(clip.frames)} of {clip.name}, or of another "
            "size; a transfer must keep both."
        )
    found = _look_at_all([one.rgb for one in drawn])
    truths = [known(clip, i) or seen[i] for i in range(len(clip.frames))]
    columns: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        columns.setdefault(name, []).append(value)

    for i in range(1, len(clip.frames)):
        truth, rgb, parts = truths[i], drawn[i].rgb, drawn[i].parts
        masks = {"whole": None, "person": truth.person, "hands": truth.hands, "face": truth.face}
        for measure, function in _MEASURES.items():
            for region in REGIONS:
                note(f"{measure} {region}", function(clip.frames[i], rgb, masks[region]))
        outline = found[i].person if parts is None else parts > 0
        note("silhouette IoU", silhouette_iou(truth.person > 0.5, outline))
        if clip.truth is not None and parts is not None:
            hands = hands_of(clip.truth.parts[i])
            note("hands IoU", silhouette_iou(hands, hands_of(parts)))
        for name, value in _compare_points(clip.frames[i], seen[i], rgb, found[i]).items():
            note(name, value)
    figures = {name: _mean(values) for name, values in columns.items()}
    people = [truth.person for truth in truths[1:]]
    figures["flicker"] = flicker(clip.frames[1:], [one.rgb for one in drawn[1:]], people)
    figures["frames"] = float(len(clip.frames) - 1)
    return figures


def _compare_points(frame: Frame, seen: Person, rgb: Frame, found: Person) -> dict[str, float]:
    """Landmarks and aligned faces, both as the same detector sees them."""
    if seen.landmarks is None:
        return {}
    if found.landmarks is None:
        # Nobody to be found where somebody is: as wrong as it gets, but not a distance.
        return {"person found": 0.0}
    names = ["nose", *(f"{joint}.{side}" for joint in JOINTS for side in "LR")]
    faces = [align_face(frame, seen.landmarks), align_face(rgb, found.landmarks)]
    face_psnr, face_ssim = compare_faces(*faces)
    return {
        "person found": 1.0,
        "landmark error": landmark_error(seen.landmarks, found.landmarks, names),
        "PSNR aligned face": face_psnr,
        "SSIM aligned face": face_ssim,
    }


def _look_at_all(pictures: Sequence[Frame]) -> list[Person]:
    """As `look_at`, but the same picture is looked at once."""
    looked: dict[int, Person] = {}
    for picture in pictures:
        if id(picture) not in looked:
            looked[id(picture)] = look_at(picture)
    return [looked[id(picture)] for picture in pictures]


def _transferred(method: str, transfer: Transfer, clip: Clip, seen: Sequence[Person]) -> Row:
    try:
        drawn = transfer(clip)
        values = compare_clip(clip, drawn, seen)
    except ConductorError as error:
        return Row(method, clip.name, fault=str(error))
    shown = np.linspace(0, len(drawn) - 1, min(_SHOWN, len(drawn))).astype(int).tolist()
    frames = [clip.frames[i] for i in shown] + [drawn[i].rgb for i in shown]
    labels = [f"{i + 1}" for i in shown] + [f"{i + 1} {method}" for i in shown]
    return Row(method, clip.name, values, sheet=contact_sheet(frames, len(shown), labels))


def _returned(method: str, zero_motion: ZeroMotion, photo: Path) -> Row:
    name = photo.parent.name if photo.stem == "photo" else photo.stem
    try:
        made = zero_motion(photo)
    except ConductorError as error:
        return Row(method, name, fault=str(error))
    matte = read_matte(photo)
    if matte is None or matte.shape != made.photo.shape[:2]:
        matte = made.matte
    values = {
        f"{measure} person": function(made.photo, made.likeness, matte)
        for measure, function in _MEASURES.items()
    }
    values["PSNR inside matte"] = psnr(made.photo, made.likeness, matte > INSIDE)
    sheet = contact_sheet([made.photo, made.likeness], 2, ["photo", method], side=360)
    return Row(method, name, values, sheet=sheet)


def _mean(values: Sequence[float]) -> float:
    return _reduced(np.nanmean, values)


def _median(values: Sequence[float] | NDArray) -> float:
    return _reduced(np.nanmedian, values)


def _reduced(reduce: Callable[[NDArray], float], values: Sequence[float] | NDArray) -> float:
    finite = np.asarray(values, dtype=np.float64)
    return float("nan") if np.isnan(finite).all() else float(reduce(finite))
