"""The pieces of a photographed person: trunk and legs, arms, hands, drawn from the photo."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from retarget import rotation
from retarget.body.model import BONES, INDEX, PARENTS, Body, alignment
from retarget.character import PARTS
from retarget.rotation import Array

from .complete import complete
from .coverage import Coverage, CoverageRenderer
from .deform import vertex_normals
from .fit import BodyFit
from .labels import ARM_L, ARM_R, BACKGROUND, HAND_L, HAND_R, HEAD, TRUNK, PartLabels, vertex_labels
from .pieces import Bones, Piece
from .skinwork import hand_picture

# From this angle off the camera on, a limb's surface takes colours from its seen side, mirrored.
_SEEN_ANGLE: Final = np.radians(80.0)
# Where the upper arm meets the trunk both share the photo, within this distance of the joint.
_SHOULDER_M: Final = 0.13
_BATON_HEAD: Final = np.array([-0.07, -0.03, -0.025])
_BATON_TIP: Final = np.array([-0.48, -0.03, -0.025])
_RIM_PX: Final = 1
_FRINGE_STEP: Final = 3
# How far an arm's soft edge may reach beyond its mesh, shares of the shoulder breadth.
_ARM_FRINGE: Final = 0.03


@dataclass(frozen=True)
class PersonParts:
    """What the pieces are made from.

    Parameters
    ----------
    foreground : (H, W, 3) uint8 array
        The person's own colours.
    matte : (H, W) float32 array
        The person in [0, 1].
    labels : PartLabels
        What each pixel shows.
    fit : BodyFit
        Camera and bones.
    vertices : (V, 3) array
        The body with the photo's outline, in the photo's pose.
    body : Body
        Faces and weights.
    tone : (3,) array
        The person's skin, RGB.
    """

    foreground: NDArray[np.uint8]
    matte: NDArray[np.float32]
    labels: PartLabels
    fit: BodyFit
    vertices: Array
    body: Body
    tone: Array


def person_bones(fit: BodyFit) -> Bones:
    """The character's bones in the photo's pose."""
    turns = rotation.multiply(rotation.from_matrix(fit.rotations), alignment(fit.shape))
    tails = fit.positions + (
        fit.rotations @ (fit.shape.tails - fit.shape.heads)[..., None]
    )[..., 0]
    hand = INDEX["hand.R"]
    baton = [
        fit.positions[hand] + rotation.rotate(turns[hand], offset)
        for offset in (_BATON_HEAD, _BATON_TIP)
    ]
    return Bones(
        names=(*BONES, "baton"),
        parents=np.array([*PARENTS, hand], np.int16),
        heads=np.concatenate([fit.positions, baton[:1]]),
        tails=np.concatenate([tails, baton[1:]]),
        turns=np.concatenate([turns, turns[hand][None]]),
    )


def person_pieces(parts: PersonParts) -> list[Piece]:
    """Trunk with legs and neck, both arms, both hands, and their soft edges."""
    body, labels = parts.body, parts.labels
    points = parts.fit.camera.to_pixels(parts.vertices)
    of_vertex = vertex_labels(body)
    kept = _kept_faces(body)
    of_face = _face_labels(of_vertex, body.faces)
    height, width = labels.labels.shape
    with CoverageRenderer((width, height)) as renderer:
        seen = renderer.draw(points, body.faces[kept])
        shown = np.where(seen.inside, of_face[kept][seen.face], BACKGROUND)
        pieces = []
        for part in (TRUNK, ARM_L, ARM_R):
            own = kept & (of_face == part)
            cover = renderer.draw(points, body.faces[own])
            known = _known(parts, part, shown)
            wanted = cv2.dilate(cover.inside.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
            picture = complete(parts.foreground, known, wanted)
            uv = points[:, :2] if part == TRUNK else _limb_uv(parts, points, part)
            pieces.append(_piece(parts, own, uv, picture, part))
            pieces += _fringe(parts, part, cover, points, picture)
    pieces += _hands(parts, kept, of_face)
    return pieces


def _kept_faces(body: Body) -> NDArray[np.bool_]:
    """Faces of the body that are drawn: the head comes from the photo's relief."""
    head = body.weights[:, INDEX["head"]]
    return ~(head[body.faces] > 0.9).any(axis=1)


def _face_labels(of_vertex: NDArray[np.int64], faces: NDArray) -> NDArray[np.int64]:
    corners = of_vertex[faces]
    label = np.where(corners[:, 1] == corners[:, 2], corners[:, 1], corners[:, 0])
    return np.where(label == HEAD, TRUNK, label)


def _known(parts: PersonParts, part: int, shown: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Pixels whose colours are the part's own."""
    labels, fit = parts.labels.labels, parts.fit
    known = labels == part
    sides = {"L": ARM_L, "R": ARM_R}
    for side, arm in sides.items():
        if part not in (TRUNK, arm):
            continue
        # Sleeve and trunk are one cloth at the shoulder, wherever the border was drawn.
        at = fit.camera.to_pixels(fit.positions[INDEX[f"upper_arm.{side}"]])
        rows, columns = np.indices(labels.shape)
        near = np.hypot(columns - at[0], rows - at[1]) < _SHOULDER_M * fit.camera.focal / at[2]
        known |= near & np.isin(labels, (TRUNK, arm)) & (shown == part)
    solid = known & (parts.matte > 0.6)
    # The last pixel before another part holds a mixture of both.
    others = cv2.dilate(
        (~known & (labels != BACKGROUND)).astype(np.uint8),
        np.ones((2 * _RIM_PX + 1, 2 * _RIM_PX + 1), np.uint8),
    )
    inner = solid & (others == 0)
    return inner if inner.any() else solid


def _limb_uv(parts: PersonParts, points: Array, part: int) -> Array:
    """Places (V, 2) in the photo where an arm's vertices take their colours.

    Seen surface lies where it is seen. What is turned away takes the colours of the same side of
    the limb, mirrored at its outline and running back to its middle, so that nothing is smeared.
    """
    body, fit = parts.body, parts.fit
    side = "L" if part == ARM_L else "R"
    bones = [INDEX[f"{stem}.{side}"] for stem in ("upper_arm", "forearm", "hand")]
    line = fit.positions[bones]
    flat = fit.camera.to_pixels(line)
    uv = points[:, :2].copy()
    own = np.flatnonzero(body.weights[:, bones[:2]].sum(axis=1) > 0.02)
    share = body.weights[own][:, bones[1]] / body.weights[own][:, bones[:2]].sum(axis=1)
    normals = vertex_normals(parts.vertices, body.faces)[own]
    away = fit.camera.position - parts.vertices[own]
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    for bone in range(2):
        mine = (share >= 0.5) if bone == 1 else (share < 0.5)
        rows = own[mine]
        start, end = line[bone], line[bone + 1]
        axis = (end - start) / np.linalg.norm(end - start)
        along_flat = flat[bone + 1, :2] - flat[bone, :2]
        length = np.linalg.norm(along_flat)
        if length < 4.0:
            continue
        e = np.array([-along_flat[1], along_flat[0]]) / length
        n = normals[mine] - axis * (normals[mine] @ axis)[:, None]
        n /= np.maximum(np.linalg.norm(n, axis=1, keepdims=True), 1e-9)
        view = away[mine] - axis * (away[mine] @ axis)[:, None]
        view /= np.maximum(np.linalg.norm(view, axis=1, keepdims=True), 1e-9)
        angle = np.arccos(np.clip(np.einsum("ij,ij->i", n, view), -1.0, 1.0))
        place = points[rows, :2] - flat[bone, :2]
        t = place @ along_flat / length
        lateral = place @ e
        width = _half_widths(t / length, lateral)
        turned = angle > _SEEN_ANGLE
        f = np.sin(_SEEN_ANGLE) * (np.pi - angle) / (np.pi - _SEEN_ANGLE)
        wanted = np.sign(lateral) * np.where(lateral > 0.0, width[0], width[1]) * f
        ratio = np.where(turned, wanted, lateral)
        uv[rows] = flat[bone, :2] + t[:, None] * along_flat / length + ratio[:, None] * e
    return uv


def _half_widths(t: Array, lateral: Array) -> tuple[Array, Array]:
    """How far the limb reaches to both sides at each vertex' place along it."""
    bins = np.clip((t * 24).astype(int) + 6, 0, 39)
    out = []
    for sign in (1.0, -1.0):
        reach = np.zeros(40)
        np.maximum.at(reach, bins, sign * lateral)
        reach = np.convolve(np.pad(reach, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
        out.append(reach[bins])
    return out[0], out[1]


def _piece(
    parts: PersonParts,
    faces: NDArray[np.bool_],
    uv: Array,
    picture: NDArray[np.uint8],
    part: int,
) -> Piece:
    body = parts.body
    used, local = np.unique(body.faces[faces], return_inverse=True)
    local = local.reshape(-1, 3)
    height, width = picture.shape[:2]
    corners = np.clip(uv[body.faces[faces]], 0.0, [width - 1.0, height - 1.0])
    return Piece(
        vertices=parts.vertices[used],
        faces=local,
        uv=corners,
        picture=np.dstack([picture, np.full((height, width), 255, np.uint8)]),
        weights={bone: body.weights[used, i] for i, bone in enumerate(BONES)},
        part=_part_numbers(body, used, part),
    )


def _part_numbers(body: Body, used: NDArray[np.int64], part: int) -> NDArray:
    names = {ARM_L: "arm.L", ARM_R: "arm.R", HAND_L: "hand.L", HAND_R: "hand.R"}
    if part in names:
        return np.full(len(used), PARTS.index(names[part]))
    legs = sum(
        body.weights[used, INDEX[f"{stem}.{side}"]]
        for stem in ("thigh", "shin", "foot")
        for side in "LR"
    )
    return np.where(legs > 0.5, PARTS.index("legs"), PARTS.index("trunk"))


def _fringe(
    parts: PersonParts, part: int, cover: Coverage, points: Array, picture: NDArray[np.uint8]
) -> list[Piece]:
    """What the photo shows of a part beyond its mesh: soft edges, skirts, tails of a coat.

    Flat, at the depth of the nearest of the mesh's outline and moving with it.
    """
    labels, matte, fit = parts.labels.labels, parts.matte, parts.fit
    near = (labels == part) | ((labels == BACKGROUND) & (matte > 0.02))
    distance = cv2.distanceTransform((labels != part).astype(np.uint8), cv2.DIST_L2, 5)
    near &= distance < 6.0
    core = cv2.erode(cover.inside.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    if part != TRUNK:
        breadth = fit.camera.focal * 0.345 / float(np.median(points[:, 2]))
        beyond = cv2.distanceTransform((~cover.inside).astype(np.uint8), cv2.DIST_L2, 5)
        near &= beyond < max(_ARM_FRINGE * breadth, 2.0)
    wanted = near & ~core
    if not wanted.any():
        return []
    step = _FRINGE_STEP
    height, width = labels.shape
    cells = cv2.dilate(wanted.astype(np.uint8), np.ones((3, 3), np.uint8))
    rows, columns = (height - 1) // step, (width - 1) // step
    blocks = cells[: rows * step, : columns * step].reshape(rows, step, columns, step)
    r, c = np.nonzero(blocks.any(axis=(1, 3)))
    number = np.full((rows + 1, columns + 1), -1)
    quad = np.stack([r, c], -1)[:, None] + np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    number[quad[..., 0], quad[..., 1]] = 0
    gr, gc = np.nonzero(number == 0)
    number[gr, gc] = np.arange(len(gr))
    corners = number[quad[..., 0], quad[..., 1]]
    faces = np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]])
    pixels = np.stack([gc, gr], -1).astype(np.float64) * step
    of_face = _face_labels(vertex_labels(parts.body), parts.body.faces)
    used = np.unique(parts.body.faces[(of_face == part) & _kept_faces(parts.body)])
    nearest = _nearest_vertices(pixels, points, used, cover)
    depth = points[nearest, 2] + 0.004
    alpha = np.where(near | cover.inside, matte, 0.0)
    alpha = np.where((labels != part) & (labels != BACKGROUND), 0.0, alpha)
    rgba = np.dstack([picture, np.clip(alpha * 255.0 + 0.5, 0, 255).astype(np.uint8)])
    return [
        Piece(
            vertices=fit.camera.to_world(np.column_stack([pixels, depth])),
            faces=faces,
            uv=pixels[faces],
            picture=rgba,
            weights={b: parts.body.weights[nearest, i] for i, b in enumerate(BONES)},
            part=_part_numbers(parts.body, nearest, part),
            fringe=True,
        )
    ]


def _nearest_vertices(
    pixels: Array, points: Array, used: NDArray[np.int64], cover: Coverage
) -> NDArray[np.int64]:
    """For places outside a part's cover the vertex of it that lies nearest in the picture."""
    depth = cv2.distanceTransform(cover.inside.astype(np.uint8), cv2.DIST_L2, 5)
    height, width = depth.shape
    at = np.clip(np.round(points[used, :2]).astype(int), 0, [width - 1, height - 1])
    rim = used[depth[at[:, 1], at[:, 0]] < 6.0]
    rim = rim if len(rim) else used
    return rim[cKDTree(points[rim, :2]).query(pixels)[1]]


def _hands(
    parts: PersonParts, kept: NDArray[np.bool_], of_face: NDArray[np.int64]
) -> list[Piece]:
    pieces = []
    for label, side in ((HAND_L, "L"), (HAND_R, "R")):
        own = kept & (of_face == label)
        picture, uv = hand_picture(
            parts.tone, parts.body, parts.vertices, parts.body.faces[own], side
        )
        used, local = np.unique(parts.body.faces[own], return_inverse=True)
        pieces.append(
            Piece(
                vertices=parts.vertices[used],
                faces=local.reshape(-1, 3),
                uv=uv,
                picture=np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)]),
                weights={b: parts.body.weights[used, i] for i, b in enumerate(BONES)},
                part=f"hand.{side}",
            )
        )
    return pieces

