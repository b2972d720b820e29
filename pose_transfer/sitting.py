"""A photo to a character: the person found, the body fitted, its parts drawn from the photo."""

import os
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.body.model import INDEX, load_body
from retarget.character import Character
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress
from retarget.rotation import Array

from .background import clean_background
from .check import check, check_head
from .coverage import CoverageRenderer
from .deform import fit_outline, grow_to_matte
from .dressing import concert_dress
from .evidence import gather_evidence
from .fit import BodyFit, fit_body
from .head import build_head
from .labels import HEAD, PartLabels, label_parts, vertex_labels
from .landmarks import Detection, Landmarks, detect_person
from .matte import cut_out, foreground_colours
from .person import person_bones, person_pieces
from .person_parts import PersonParts
from .photo import Photo, read_photo
from .photo_light import find_light
from .pieces import Piece, assemble
from .skinwork import skin_tone

_SEEN: Final = 0.5
# The point between the ears, from the base of the skull, metres at rest.
_BETWEEN_EARS: Final = np.array([0.0, 0.01, 0.045])


@dataclass(frozen=True)
class Sitting:
    """A character, and what was found on the way from the photo to it.

    Parameters
    ----------
    photo : Photo
        As it was worked on.
    landmarks : Landmarks
        Of the person.
    matte : (H, W) float32 array
        The person, [0, 1].
    labels : PartLabels
        What every pixel belongs to.
    fit : BodyFit
        The body in the photo's pose.
    vertices : (V, 3) array
        The body's, brought to the photo's outline.
    character : Character
        Who was made of it.
    """

    photo: Photo
    landmarks: Landmarks
    matte: NDArray[np.float32]
    labels: PartLabels
    fit: BodyFit
    vertices: Array
    character: Character


def character_from_photo(
    photo: str | os.PathLike[str] | Photo,
    *,
    person: int | None = None,
    landmarks: Landmarks | None = None,
    dress: str = "auto",
    progress: Progress = no_progress,
) -> Character:
    """Find the person of a photo and make a character of them; arguments and errors as in `sit`."""
    return sit(photo, person=person, landmarks=landmarks, dress=dress, progress=progress).character


def sit(
    photo: str | os.PathLike[str] | Photo,
    *,
    person: int | None = None,
    landmarks: Landmarks | None = None,
    dress: str = "auto",
    progress: Progress = no_progress,
) -> Sitting:
    """Find the person of a photo, make a character of them, and keep what was found on the way.

    Parameters
    ----------
    photo : path or Photo
        The picture.
    person : int, optional
        Which of several people, counted from the left.
    landmarks : Landmarks, optional
        Corrected ones, in place of those that would be found.
    dress : str
        "photo", "concert" (a tailcoat), "gown", or "auto": concert dress where the photo's own
        clothes and arms cannot be completed.
    progress : Progress
        Hears [0, 1].

    Raises
    ------
    ConductorError
        If the file is no usable image, or shows nobody who could conduct; one sentence says why.
    """
    picture = photo if isinstance(photo, Photo) else read_photo(photo)
    progress(0.0, "finding the person")
    detection, matte, picture = _find(picture, person, landmarks)
    found, warnings = detection.landmarks, detection.warnings
    if found.face is None:
        raise ConductorError(
            f"The face of the person in {picture.name} cannot be seen well enough; give a photo "
            "taken from the front."
        )
    rows = np.flatnonzero((matte > 0.5).any(axis=1))
    if rows.size == 0:
        raise ConductorError(f"{picture.name} is transparent where the person is; mend its mask.")
    tall = float(np.ptp(rows)) + 1.0
    foreground = foreground_colours(picture.rgb, matte, tall)
    progress(0.35, "fitting the body")
    size = picture.rgb.shape[1], picture.rgb.shape[0]
    body, fit = load_body(), fit_body(found, size)
    stout = grow_to_matte(fit, body, matte)
    labels = label_parts(picture.rgb, matte, found, fit, body, stout)
    progress(0.5, "fitting the clothes")
    vertices = fit_outline(fit, body, labels, stout)
    progress(0.65, "completing what the photo hides")
    face = found.face
    tone = skin_tone(foreground, labels, face)
    light = find_light(foreground, matte, labels, face, fit, vertices, body)
    parts = PersonParts(foreground, matte, labels, fit, vertices, body, tone, light)
    head = _head(parts, face)
    progress(0.8, "removing the person from the background")
    backdrop = None
    if picture.alpha is None:
        backdrop = clean_background(picture.rgb, matte, tall, ankles=_ankles(found))

    def dressed(kind: str) -> Character:
        if kind == "photo":
            pieces, bones = [*person_pieces(parts), head], person_bones(fit)
            return assemble(
                pieces, bones, fit.camera, backdrop=backdrop, dress=kind, light=parts.light
            )
        pieces, bones = concert_dress(kind, head, face, foreground, fit, parts.tone)
        return assemble(pieces, bones, fit.camera, backdrop=backdrop, dress=kind)

    own_clothes = dress in ("auto", "photo")
    reason = None
    if own_clothes:
        others = detection.others
        reason = gather_evidence(picture.rgb, matte, face, others, labels, fit, body).fault()
    another = "concert" if dress == "auto" else dress
    character = dressed("photo" if own_clothes and reason is None else another)
    progress(0.92, "looking at the result")
    if character.dress == "photo" and reason is None:
        reason = check(character, picture, matte, labels, found).fault()
        if reason is not None and another != "photo":
            character = dressed(another)
    if reason is not None:
        warnings += (_remark(reason, character.dress),)
    if character.dress != "photo":
        poor = check_head(character, picture, matte, face).fault()
        warnings += () if poor is None else (poor,)
    character = replace(character, warnings=warnings)
    progress(1.0, "looking at the result")
    return Sitting(picture, found, matte, labels, fit, vertices, character)


def _find(
    picture: Photo, person: int | None, landmarks: Landmarks | None
) -> tuple[Detection, NDArray[np.float32], Photo]:
    """The person, their matte, and the photo with clean colours along a cut-out's edge."""
    detection = detect_person(picture.on_plain_ground(), picture.name, person=person)
    if landmarks is not None:
        detection = replace(detection, landmarks=landmarks)
    rgb, matte = cut_out(picture, detection)
    return detection, matte, replace(picture, rgb=rgb)


def _remark(reason: str, worn: str) -> str:
    """What is said of clothes that cannot be completed well."""
    if worn == "photo":
        return f"{reason}; with --dress concert it looks better."
    return (
        f"{reason}, so a tailcoat takes the place of the photo's clothes; with --dress photo they "
        "are kept."
    )


def _ankles(found: Landmarks) -> float | None:
    """Height (y) of the lower ankle; None where the feet are not seen."""
    feet = [f"foot.{side}" for side in "LR"]
    if min(found.visibility[foot] for foot in feet) < _SEEN:
        return None
    return float(max(found.points[foot][1] for foot in feet))


def _head(parts: PersonParts, face: Array) -> Piece:
    fit, body = parts.fit, parts.body
    height, width = parts.matte.shape
    faces = body.faces[(vertex_labels(body)[body.faces] != HEAD).any(axis=1)]
    with CoverageRenderer((width, height)) as renderer:
        cover = renderer.draw(fit.camera.to_pixels(parts.vertices), faces)
    behind = np.where(cover.inside, cover.depth.astype(np.float64), np.inf)
    return build_head(
        parts.foreground,
        parts.matte,
        parts.labels.mask(HEAD),
        face,
        fit.camera,
        _head_depth(fit),
        behind,
    )


def _head_depth(fit: BodyFit) -> float:
    """Distance of the point between the ears along the camera's axis, metres."""
    head = INDEX["head"]
    between = fit.positions[head] + fit.rotations[head] @ _BETWEEN_EARS
    return float(fit.camera.to_pixels(between)[2])
