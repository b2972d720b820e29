"""What the drawing hands to OpenGL: a character's mesh skinned, lit and outlined for one frame."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.character import PARTS, PATCH, SOLID, Character
from retarget.rotation import Array

from .atlas import resample_atlas
from .baton_stick import Shaft, cork, find_shaft, handle_matrix, handle_mesh
from .culling import shown_faces
from .lighting import GAIN_LIMITS, USUAL_LIGHT, ContactShadow, light_on
from .outline import Outline, facing, find_outline
from .skin import Skin
from .surface import Surface
from .take import Take

Floats = NDArray[np.float32]

# Around the person, pixels: the soft band of the outline and what rounding takes.
_MARGIN_PX: Final = 3
# Vertices nearer to the camera than this are not in the picture.
_NEAR_M: Final = 0.05
# Opacity that says "the texture's own", and, down to one less, a share of it.
_BY_TEXTURE: Final = -1.0
# Corners of the two faces of a soft band.
_BAND: Final = np.array([0, 1, 2, 1, 3, 2], np.uint32)
# Turns against the chest, radians, between which a patch of the photo fades away.
_FADES, _FADED = np.radians(3.0), np.radians(9.0)
# Frames looked at together.
_STRETCH: Final = 256


@dataclass(frozen=True)
class Staged:
    """One frame, ready to be drawn.

    Parameters
    ----------
    box : (int, int, int, int), or None
        x, y, width and height of what can change in the picture; None if nothing is in it.
    vertices : (N, 8) float32 array
        Clip space, texture place, gain, opacity (negative: the texture's).
    blend_index : (M, 3) uint32 array
        Faces to blend, far ones first.
    behind_shaft : int
        How many of them come before the baton's shaft.
    shaft : Shaft, optional
        Of the baton.
    """

    box: tuple[int, int, int, int] | None
    vertices: Floats
    blend_index: NDArray[np.uint32]
    behind_shaft: int
    shaft: Shaft | None


class Stage:
    """A character and its baton's handle, prepared for a picture; parameters as for `Painter`.

    Attributes
    ----------
    texture : (h, w, 4) uint8 array
        Of character and handle.
    solid_index : (S, 3) uint32 array
        Solid faces, of the vertices of `Staged`.
    closed : int
        How many of them, the first ones, are never seen from inside.
    """

    def __init__(
        self,
        character: Character,
        size: tuple[int, int],
        scale: float,
        shift: Array,
        take: Take | None,
    ) -> None:
        self._size, self._scale, self._shift = size, scale, shift
        uv = character.uv * np.array([1.0, -1.0]) + np.array([0.0, 1.0])
        texture = character.texture
        if take is not None:
            density = take.pixels_per_metre(character) * scale
            texture, uv = resample_atlas(texture, uv, character.faces, character.vertices, density)
        handle, handle_faces, handle_uv = handle_mesh()
        self.texture, uv, handle_uv = _join_textures(texture, uv, cork(), handle_uv)
        count, bones = len(character.vertices), len(character.bones)
        vertices = np.concatenate([character.vertices, handle])
        fringe = np.concatenate([character.kinds != SOLID, np.zeros(len(handle_faces), bool)])
        surface = Surface.build(
            vertices,
            np.concatenate([character.faces, handle_faces + count]),
            np.concatenate([uv, handle_uv]),
            fringe,
            (self.texture.shape[1], self.texture.shape[0]),
        )
        most = character.weights.shape[1]
        own = np.zeros((len(handle), most), np.float32)
        own[:, 0] = 1.0
        weight_bones = np.concatenate(
            [character.weight_bones, np.full(own.shape, bones, character.weight_bones.dtype)]
        )
        weights = np.concatenate([character.weights, own])
        at = surface.sources
        normals, areas = surface.normals(vertices[at]), surface.areas(vertices[at])
        if take is not None:
            shown = shown_faces(
                surface, vertices[at], weight_bones[at], weights[at], character.bones, take,
                self._to_picture(take.size),
            )  # fmt: skip
            surface, rows = surface.only(shown)
            normals, areas, at = normals[rows], areas[rows], at[rows]
        self._surface = surface
        self.closed = surface.closed
        self.solid_index = surface.corners.T[: surface.solids].astype(np.uint32)
        self._fringe_index = surface.corners.T[surface.solids :].astype(np.uint32)
        vertices, weight_bones, weights = vertices[at], weight_bones[at], weights[at]
        self._skin = Skin(vertices.astype(np.float32), normals, weight_bones, weights, bones + 1)
        self._is_handle = at >= count
        # The handle casts and receives no shadow; neither does what is no part of the lists.
        parts = np.concatenate([character.parts, np.full(len(handle), len(PARTS))])
        shoulders = {
            side: character.heads[character.bone(f"upper_arm.{side}")]
            for side in "LR"
            if f"upper_arm.{side}" in character.bones
        }
        self._shadow = ContactShadow(parts[at], areas, vertices, shoulders)
        self._vertices = np.zeros((len(surface.sources), 8), np.float32)
        self._vertices[:, 4:6] = surface.uv
        self._vertices[:, 7] = 1.0
        self._vertices[self._fringe_index, 7] = _BY_TEXTURE
        self._light = USUAL_LIGHT if character.light is None else character.light
        self._chest = character.bone("chest")
        is_patch = np.zeros(count + len(handle), bool)
        is_patch[character.faces[character.kinds == PATCH]] = True
        self._patched = np.flatnonzero(is_patch[at])
        self._patch_bones = weight_bones[self._patched]
        self._patch_shares = weights[self._patched]
        self._remember_photo(character)

    def set(self, take: Take, frame: int) -> Staged:
        """Everything that OpenGL needs to draw frame `frame`."""
        view = take.view[frame]
        to_clip = self._to_picture(take.size) @ take.projection[frame] @ view
        places, normals = self._move(take, frame)
        clip = _project(to_clip.astype(np.float32), places)
        usable = clip[3] > _NEAR_M
        flat = clip[:3] / np.where(usable, clip[3], 1.0)
        for axis, side in enumerate(self._size):
            flat[axis] = (flat[axis] + 1.0) * np.float32(0.5 * side) - np.float32(0.5)
        x, y, _ = flat
        per_metre = self._pixels_per_metre(take, frame)
        shaft = find_shaft(_around(take.baton, frame), to_clip, self._size, per_metre)
        box = self._box(x, y, usable, shaft)
        if box is None:
            return Staged(None, self._vertices, np.zeros((0, 3), np.uint32), 0, None)
        self._vertices[self._patched, 7] = _BY_TEXTURE - 1.0 + self._patches(take.matrices[frame])
        gain = self._gain(view, normals, x, y, clip[3], per_metre)
        outline = find_outline(self._surface, x, y, facing(self._surface, x, y, usable))
        vertices = self._fill(clip, outline, gain)
        index, behind = self._blend_faces(flat, outline, shaft)
        return Staged(box, vertices, index, behind, shaft)

    def _move(self, take: Take, frame: int) -> tuple[Floats, Floats]:
        handle = handle_matrix(take.baton[frame, 0], take.baton[frame, 1])
        return self._skin.move(np.concatenate([take.matrices[frame], handle[None]]))

    def _patches(self, matrices: Floats) -> Floats:
        """Share of its opacity that each vertex of a patch keeps, (N,)."""
        angle = turned_from_chest(matrices, self._chest)
        mean = (angle[self._patch_bones] * self._patch_shares).sum(axis=1)
        t = np.clip((mean - _FADES) / (_FADED - _FADES), 0.0, 1.0)
        return (1.0 - t * t * (3.0 - 2.0 * t)).astype(np.float32)

    def _to_picture(self, size: tuple[int, int]) -> Array:
        """Clip space of the take's camera to that of the picture, whose row 0 is at −1."""
        change = np.eye(4)
        for axis, sign in ((0, 1.0), (1, -1.0)):
            whole, own = self._size[axis], size[axis]
            change[axis, axis] = sign * self._scale * own / whole
            middle = self._scale * (0.5 * own - 0.5) + self._shift[axis]
            change[axis, 3] = 2.0 * (middle + 0.5) / whole - 1.0
        return change

    def _pixels_per_metre(self, take: Take, frame: int) -> float:
        """Picture pixels per metre at a depth of one metre."""
        return float(0.5 * take.size[1] * take.projection[frame, 1, 1] * self._scale)

    def _gain(
        self,
        view: Array,
        normals: Floats,
        x: Floats,
        y: Floats,
        depth: Floats,
        per_metre: float,
    ) -> Floats:
        """What becomes of the texture's values at each vertex, (N,)."""
        light = light_on(normals, self._light, view[:3, :3]) / self._still_light
        shadow = self._shadow.cast(x, y, depth, per_metre / float(np.mean(depth)))
        # What the photo shows already is not added again, and never taken away.
        shadow = np.maximum(shadow - self._still_shadow, 0.0)
        return np.clip(light, *GAIN_LIMITS) * (1.0 - shadow)

    def _fill(self, clip: Floats, outline: Outline, gain: Floats) -> Floats:
        """Vertices of the mesh and, four for each edge of the outline, of its soft band (M, 8)."""
        count, edges = len(self._vertices), outline.ends.shape[1]
        vertices = np.empty((count + 4 * edges, 8), np.float32)
        mesh = vertices[:count]
        mesh[:] = self._vertices
        mesh[:, :4] = clip.T
        mesh[:, 6] = gain
        per_pixel = np.array([2.0 / self._size[0], 2.0 / self._size[1]], np.float32)
        for moved in (outline.drawn_in, outline.tucked):
            rows = moved.vertices
            mesh[rows, :2] = clip[:2, rows].T
            mesh[rows, :2] += moved.offsets.T * per_pixel * mesh[rows, 3:4]
            mesh[rows, 4:6] = moved.uv
        bands = vertices[count:].reshape(edges, 4, 8)
        for end in range(2):
            bands[:, end] = bands[:, 2 + end] = mesh[outline.ends[end]]
            bands[:, 2 + end, :2] += outline.outwards[:, end].T * per_pixel * bands[:, end, 3:4]
        bands[:, :2, 7], bands[:, 2:, 7] = 1.0, 0.0
        return vertices

    def _blend_faces(
        self, flat: Floats, outline: Outline, shaft: Shaft | None
    ) -> tuple[NDArray[np.uint32], int]:
        """Faces to blend (M, 3), far ones first, and how many come before the baton's shaft.

        `flat` (3, N): x and y in pixels, depth.
        """
        count = len(self._vertices)
        bands = np.arange(count, count + 4 * outline.ends.shape[1], 4, np.uint32)
        fringe = self._surface.corners[:, self._surface.solids :]
        index = self._fringe_index
        if len(self._patched):
            shown = np.flatnonzero((self._vertices[:, 7] > _BY_TEXTURE - 1.0)[fringe].any(axis=0))
            fringe, index = fringe[:, shown], index[shown]
        a, b, c = fringe
        tails, heads = outline.ends
        index = np.concatenate([index, (bands[:, None] + _BAND).reshape(-1, 3)])
        middle = np.stack(
            [
                np.concatenate(
                    [
                        (axis[a] + axis[b] + axis[c]) / np.float32(3.0),
                        np.repeat((axis[tails] + axis[heads]) * np.float32(0.5), 2),
                    ]
                )
                for axis in flat
            ]
        )
        order = _far_first(middle[2])
        index, middle = index[order], middle[:, order]
        if shaft is None:
            return index, len(index)
        behind = middle[2] > shaft.depth_at(middle[:2].T)
        return np.concatenate([index[behind], index[~behind]]), int(behind.sum())

    def _box(
        self, x: Floats, y: Floats, usable: NDArray, shaft: Shaft | None
    ) -> tuple[int, int, int, int] | None:
        seen = usable if shaft is not None else usable & ~self._is_handle
        if not seen.any():
            return None
        x, y = x[seen], y[seen]
        ends = np.array([[x.min(), y.min()], [x.max(), y.max()]])
        if shaft is not None:
            ends = np.concatenate([ends, shaft.hull()])
        low = np.floor(np.maximum(ends.min(axis=0) - _MARGIN_PX, 0.0)).astype(int)
        high = np.ceil(np.minimum(ends.max(axis=0) + _MARGIN_PX + 1.0, self._size)).astype(int)
        if (low >= high).any():
            return None
        return int(low[0]), int(low[1]), int(high[0] - low[0]), int(high[1] - low[1])

    def _remember_photo(self, character: Character) -> None:
        """Light and shadow of the bind pose, seen by the photo's camera."""
        camera = character.camera
        still = np.zeros((1, len(character.bones), 3, 4), np.float32)
        still[..., :3] = np.eye(3)
        take = Take(
            matrices=still,
            baton=np.full((1, 2, 3), np.nan),
            view=camera.view[None],
            projection=camera.projection[None],
            size=camera.size,
        )
        places, normals = self._move(take, 0)
        clip = _project((camera.projection @ camera.view).astype(np.float32), places)
        x = (clip[0] / clip[3] + 1.0) * np.float32(0.5 * camera.size[0]) - np.float32(0.5)
        y = (1.0 - clip[1] / clip[3]) * np.float32(0.5 * camera.size[1]) - np.float32(0.5)
        front = facing(self._surface, x, y, clip[3] > _NEAR_M)
        unseen = np.ones(len(x), bool)
        unseen[self._surface.corners[:, front]] = False
        # What the photo does not see is painted after what it sees, as if in a mirror.
        shown = camera.view[:3, :3].astype(np.float32) @ normals
        shown[2, unseen] = np.abs(shown[2, unseen])
        self._still_light = np.where(self._is_handle, np.float32(1.0), light_on(shown, self._light))
        per_metre = camera.focal / float(np.mean(clip[3]))
        self._still_shadow = self._shadow.cast(x, y, clip[3], per_metre)


def turned_from_chest(matrices: Floats, chest: int) -> Array:
    """How far each bone has turned against the chest since the bind pose, (…, B) radians.

    Parameters
    ----------
    matrices : (…, B, 3, 4) array
        Bind pose to world.
    chest : int
        The chest's place among the bones.
    """
    linear = matrices[..., :3].astype(np.float64)
    linear = linear / np.cbrt(np.abs(np.linalg.det(linear)))[..., None, None]
    trace = np.einsum("...ij,...bij->...b", linear[..., chest, :, :], linear)
    return np.arccos(np.clip((trace - 1.0) / 2.0, -1.0, 1.0))


def seen_faces(character: Character, take: Take) -> NDArray[np.bool_]:
    """All faces (F,) but those of patches that have faded in every frame of the take."""
    patch = character.kinds == PATCH
    vertices, places = np.unique(character.faces[patch], return_inverse=True)
    if not len(vertices):
        return ~patch
    shares = np.zeros((len(vertices), len(character.bones)))
    rows = np.arange(len(vertices))[:, None]
    np.add.at(shares, (rows, character.weight_bones[vertices]), character.weights[vertices])
    seen = np.zeros(len(vertices), bool)
    # In stretches, so that long music needs no more memory than short.
    for start in range(0, len(take), _STRETCH):
        stretch = take.matrices[start : start + _STRETCH]
        angle = turned_from_chest(stretch, character.bone("chest"))
        seen |= (shares @ angle.T < _FADED).any(axis=1)
    out = ~patch
    out[patch] = seen[places.reshape(-1, 3)].any(axis=1)
    return out


def _project(matrix: Floats, places: Floats) -> Floats:
    """Homogeneous points (4, N) of places (3, N) under (4, 4)."""
    return matrix[:, :3] @ places + matrix[:, 3:]


def _far_first(depth: Floats) -> NDArray:
    """Order (M,) of depths, falling."""
    nearest, farthest = float(depth.min(initial=0.0)), float(depth.max(initial=0.0))
    # Sixteen bits tell hairs apart and are sorted in a tenth of the time.
    steps = (farthest - depth) * np.float32(65535.0 / max(farthest - nearest, 1e-9))
    return np.argsort(steps.astype(np.uint16), kind="stable")


def _around(baton: NDArray, frame: int) -> Array:
    """The baton in the frame before, this and the next (3, 2, 3); at the ends it goes on evenly."""
    last = len(baton) - 1
    now = baton[frame].astype(np.float64)
    before = baton[max(frame - 1, 0)] if frame > 0 else 2.0 * now - baton[min(1, last)]
    after = baton[frame + 1] if frame < last else 2.0 * now - before
    return np.stack([before, now, after])


def _join_textures(
    texture: NDArray[np.uint8], uv: NDArray, patch: NDArray[np.uint8], patch_uv: NDArray
) -> tuple[NDArray[np.uint8], NDArray, NDArray]:
    """A patch below a texture, and the corners of both in the whole."""
    height, width = texture.shape[:2]
    deep, wide = patch.shape[:2]
    # One row of each edge again, so that filtering takes nothing of the neighbour.
    whole = np.zeros((height + deep + 2, max(width, wide), 4), np.uint8)
    whole[:height, :width] = texture
    whole[height, :width] = texture[-1]
    whole[height + 1 : height + 1 + deep, :wide] = patch
    whole[-1, :wide] = patch[-1]
    size = np.array([whole.shape[1], whole.shape[0]])
    own = uv * np.array([width, height]) / size
    # Half a texel in at every side.
    patch_own = (patch_uv * (np.array([wide, deep]) - 2.0) + [1.0, height + 2.0]) / size
    return whole, own, patch_own
