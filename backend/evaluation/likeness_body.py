"""The likeness under test: zero motion, and self-transfer through a video."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from backend.evaluation.likeness_sets import Clip
from pose_transfer.coverage import CoverageRenderer
from pose_transfer.drawing import Painter, Take
from pose_transfer.drive import drive
from pose_transfer.follow import follow
from pose_transfer.guides import guide_of
from pose_transfer.photo import Photo
from pose_transfer.sitting import Sitting, sit
from pose_transfer.watch import watch
from retarget.character import SOLID, Character

Frame = NDArray[np.uint8]


def still(path: Path) -> tuple[Frame, Frame, NDArray[np.float32]]:
    """A photo, its likeness when nothing moves, and the person's matte."""
    sitting = sit(path, dress="photo")
    character = sitting.character
    take = drive(character, guide_of(character))
    # The photo shows no baton.
    take.baton[:] = np.nan
    return sitting.photo.rgb, draw(sitting, take)[0], sitting.matte


def transfer(clip: Clip) -> tuple[list[Frame], list[NDArray[np.uint8]]]:
    """The person of a clip's first frame in the pose of each frame, and the parts drawn there."""
    first = Photo(clip.frames[0], None, clip.name)
    sitting = sit(first, dress="photo")
    seen = watch(clip.frames, sitting.landmarks)
    take = follow(sitting, clip.frames, seen, clip.fps)
    return draw(sitting, take), _parts(sitting.character, take)


def draw(sitting: Sitting, take: Take) -> list[Frame]:
    """All frames of a take over the photo without its person, in the photo's own framing."""
    character = sitting.character
    backdrop = sitting.photo.rgb if character.backdrop is None else character.backdrop
    with Painter(character, character.camera.size, backdrop=backdrop) as painter:
        return list(painter.frames(take))


def _parts(character: Character, take: Take) -> list[NDArray[np.uint8]]:
    """Which part is drawn at each pixel, as `Drawn.parts`."""
    solid = character.faces[character.kinds == SOLID]
    of_face = character.parts[solid[:, 0]]
    index, weights = character.weight_bones, character.weights.astype(np.float64)
    drawn = []
    with CoverageRenderer(take.size) as renderer:
        for matrices in take.matrices.astype(np.float64):
            blended = np.einsum("vk,vkij->vij", weights, matrices[index])
            places = np.einsum("vij,vj->vi", blended[:, :, :3], character.vertices)
            cover = renderer.draw(character.camera.to_pixels(places + blended[:, :, 3]), solid)
            named = np.where(cover.inside, of_face[cover.face] + 1, 0)
            drawn.append(named.astype(np.uint8))
    return drawn
