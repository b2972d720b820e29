"""From a photo to its character: read, kept as a `.subject` file, shown on a preview."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
from pydantic import BaseModel

from backend.options import SubjectOptions
from retarget.atomic import atomic_path
from retarget.character import Character
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress, part

if TYPE_CHECKING:
    from pose_transfer.photo import Photo
    from pose_transfer.sitting import Sitting

SUBJECT: Final = ".subject"
"""Ending of the file a character is kept in."""

_PREVIEWS: Final = (".png", ".jpg", ".jpeg", ".webp")


class SubjectRequest(SubjectOptions):
    """Who conducts.

    Parameters
    ----------
    photo : Path
        Picture of the person, or a `.subject` file made of one.
    landmarks : Path, optional
        Corrected landmarks of the photo (JSON).
    """

    photo: Path
    landmarks: Path | None = None

    @property
    def is_made(self) -> bool:
        """Whether `photo` is a character already."""
        return self.photo.suffix.lower() == SUBJECT


class SubjectResult(BaseModel):
    """What the user should know of a character."""

    warnings: Sequence[str] = ()


def read_subject(request: SubjectRequest, progress: Progress = no_progress) -> Character:
    """The character of a photo, or the one in a `.subject` file.

    Raises
    ------
    ConductorError
        If the photo shows nobody who could conduct, a file cannot be read, or a character that is
        made already is asked to be another.
    Cancelled
        If the progress callback asked to stop.
    """
    if not request.is_made:
        return _sit(request, progress).character
    character = Character.load(request.photo)
    name = request.photo.name
    if request.person is not None or request.landmarks is not None:
        raise ConductorError(
            f"The person in {name} was chosen when it was made; give the photo to choose again."
        )
    if request.dress not in ("auto", character.dress):
        raise ConductorError(
            f"The person in {name} was made with --dress {character.dress}; give the photo to "
            "choose again."
        )
    return character


def make_subject(
    request: SubjectRequest,
    out: Path,
    *,
    preview: Path | None = None,
    landmarks_out: Path | None = None,
    progress: Progress = no_progress,
) -> SubjectResult:
    """Read a photo and keep its character.

    Parameters
    ----------
    request : SubjectRequest
        Who conducts.
    out : Path
        The `.subject` file.
    preview : Path, optional
        Picture that shows landmarks, fit, parts, and the person in some poses.
    landmarks_out : Path, optional
        JSON of the landmarks, to be corrected and given back.

    Raises
    ------
    ConductorError
        As `read_subject`, or if a name has no ending that is known, or a file cannot be written.
    Cancelled
        If the progress callback asked to stop; nothing is written then.
    """
    if out.suffix.lower() != SUBJECT:
        raise ConductorError(f"{out.name} is no subject's name; let it end in {SUBJECT}.")
    if preview is not None and preview.suffix.lower() not in _PREVIEWS:
        raise ConductorError(
            f"{preview.name} is no picture's name; let it end in {', '.join(_PREVIEWS)}."
        )
    if request.is_made:
        raise ConductorError(f"{request.photo.name} is a subject already; give a photo.")
    sitting = _sit(request, part(progress, 0.0, 0.9 if preview else 1.0))
    if preview is not None:
        # Imported here because a preview is rarely asked for.
        from pose_transfer.preview import draw_preview

        sheet = draw_preview(sitting, part(progress, 0.9, 1.0, "drawing the preview"))
        with atomic_path(preview) as temporary:
            cv2.imwrite(str(temporary), sheet[..., ::-1])
    if landmarks_out is not None:
        from pose_transfer.landmark_file import save_landmarks

        with atomic_path(landmarks_out) as temporary:
            save_landmarks(temporary, sitting.landmarks, _size(sitting.photo))
    sitting.character.save(out)
    return SubjectResult(warnings=sitting.character.warnings)


def _sit(request: SubjectRequest, progress: Progress) -> "Sitting":
    # Imported here because whoever has a photo read by another process needs none of it.
    from pose_transfer.landmark_file import load_landmarks
    from pose_transfer.photo import read_photo
    from pose_transfer.sitting import sit

    photo = read_photo(request.photo)
    given = None
    if request.landmarks is not None:
        given = load_landmarks(request.landmarks, _size(photo))
    return sit(
        photo,
        person=request.person,
        landmarks=given,
        dress=request.dress,
        progress=progress,
    )


def _size(photo: "Photo") -> tuple[int, int]:
    """Width and height in pixels."""
    height, width = photo.rgb.shape[:2]
    return width, height
