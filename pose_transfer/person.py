"""The pieces of a photographed person: trunk and legs, arms, hands, drawn from the photo."""

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from retarget import rotation
from retarget.body.kinematics import bone_matrices, skin
from retarget.body.model import BONES, FINGERS, INDEX, PARENTS, Body, alignment
from retarget.character import PARTS
from retarget.rotation import Array

from .complete import complete
from .coverage import Coverage, CoverageRenderer
from .deform import vertex_normals
from .fit import BodyFit, stretch_matrices
from .hand_pose import held_at
from .labels import ARM_L, ARM_R, BACKGROUND, HAND_L, HAND_R, HEAD, TRUNK, PartLabels, vertex_labels
from .person_hands import arm_above_wrist, hand_piece, past_wrist, wrist_of_arm
from .pieces import Bones, Piece

# Between these angles off the camera a limb's surface begins to take the colours of its seen side,
# mirrored; of that side not the last rim, which the room lights or darkens.
_SEEN, _UNSEEN = np.radians(72.0), np.radians(100.0)
_RIM: Final = 0.88
# A limb shorter than this in the picture, metres, points at the camera.
_SHORT_SHARE: Final = 0.07
# Where the upper arm meets the trunk both share the photo, so near to the joint, metres; further
# off only where the body says so too.
_JOINT_M, _SHOULDER_M = 0.10, 0.16
_BATON: Final = np.array([-0.41, 0.0, 0.0])
# How far the shadow of an arm that lies on the trunk reaches, in shoulder breadths, and how much
# darker than around it cloth in that shadow is, 8-bit levels of Lab.
_SHADE: Final = 0.04
_SHADOW_LEVELS, _SHADOW_REACH = 14.0, 0.11
# Colours so near to the person's skin (weighted Lab) are skin; an arm that shows more of it than
# this share is bare. Colours this much rarer than a limb's commonest do not carry on.
_LIKE_SKIN, _BARE, _RARE = 22.0, 0.2, 0.06
_HAND_OF: Final = {ARM_L: HAND_L, ARM_R: HAND_R}
# Cells of the flat pieces, in shoulder breadths.
_CELL: Final = 1 / 70
# So near to an arm the trunk ends with its mesh, shares of the shoulder breadth.
_LIMB_GAP: Final = 0.18
# Reach of the neck below the head.
_NECK: Final = 0.25
# A patch covers what was mended around its limb too.
_PATCH_GAP: Final = 0.2
_PATCH_AHEAD_M, _NOWHERE_M = 0.012, 1e3
_BREADTH_M: Final = 0.345


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
    tails = fit.positions + (fit.rotations @ (fit.shape.tails - fit.shape.heads)[..., None])[..., 0]
    hand = INDEX["hand.R"]
    palm = float(np.linalg.norm(fit.positions[INDEX["middle.01.R"]] - fit.positions[hand]))
    held = held_at(fit.positions[hand], turns[hand], palm)
    return Bones(
        names=(*BONES, "baton"),
        parents=np.array([*PARENTS, hand], np.int16),
        heads=np.concatenate([fit.positions, held[None]]),
        tails=np.concatenate([tails, (held + rotation.rotate(turns[hand], _BATON))[None]]),
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
        pieces: list[Piece] = []
        hands = []
        t_pose = _TPose(parts)
        returned = np.zeros((height, width), bool)
        # The mesh's own edge is soft, so the last pixels are not all its own.
        whole = ~_close(~seen.inside, 2.5)
        breadth = parts.fit.camera.focal * _BREADTH_M / float(np.median(points[:, 2]))
        neck = _close(labels.labels == HEAD, _NECK * breadth)
        for part in (TRUNK, ARM_L, ARM_R):
            own = kept & (of_face == part)
            side = {ARM_L: "L", ARM_R: "R"}.get(part)
            if side is not None:
                past = past_wrist(body, side)
                limb = kept & np.isin(of_face, (part, _HAND_OF[part]))
                own = limb & (past[body.faces].min(axis=1) < 0.0)
            cover = renderer.draw(points, body.faces[own])
            known = _known(parts, part, shown)
            returned |= known & (shown == part) & whole
            wanted = cv2.dilate(cover.inside.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
            # Under the chin the neck goes on, rare as its colour may be.
            source = _main_colours(parts.foreground, known) | (known & neck)
            picture = complete(parts.foreground, known, wanted, source)
            uv = points[:, :2] if part == TRUNK else _limb_uv(parts, points, part)
            piece = _piece(parts, own, uv, picture, part)
            if side is not None:
                piece = arm_above_wrist(piece, past[np.unique(body.faces[own])])
                wrist = wrist_of_arm(body, own, past, uv, picture, parts.tone)
                hands.append(
                    hand_piece(parts.fit, body, parts.vertices, parts.tone, limb, past, side, wrist)
                )
            made = [piece]
            if part == TRUNK:
                made += _fringe(parts, cover, points, picture)
            among = np.unique(body.faces[own])
            pieces += [replace(one, t_pose=t_pose.of(one.vertices, among)) for one in made]
    pieces += hands
    pieces += _patches(parts, kept, of_face, points, seen, returned)
    return pieces


class _TPose:
    """The body in the T-pose, with the clothes that the photo gave it."""

    def __init__(self, parts: PersonParts) -> None:
        fit, body = parts.fit, parts.body
        back = rotation.to_matrix(rotation.conjugate(alignment(fit.shape)))
        heads = np.zeros_like(fit.heads)
        for bone, parent in enumerate(PARENTS):
            if parent >= 0:
                heads[bone] = heads[parent] + back[parent] @ (fit.heads[bone] - fit.heads[parent])
        linear = back @ stretch_matrices(fit.shape, fit.heads)
        matrices = bone_matrices(linear, fit.shape.heads, heads)
        # From the photo's pose each bone turns back to rest, and on to the T-pose.
        turns = back @ np.swapaxes(fit.rotations, 1, 2)
        self._turns = np.einsum("vb,bij->vij", body.weights, turns)
        self._posed = parts.vertices
        worn = np.einsum("vij,vj->vi", self._turns, parts.vertices - fit.vertices)
        self._vertices = skin(fit.shape.vertices, body.weights, matrices) + worn

    def of(self, places: Array, among: NDArray[np.int64]) -> Array:
        """Where places (N, 3) on or near some of the body's vertices go, (N, 3)."""
        nearest = among[cKDTree(self._posed[among]).query(places)[1]]
        away = places - self._posed[nearest]
        return self._vertices[nearest] + np.einsum("nij,nj->ni", self._turns[nearest], away)


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
        away = np.hypot(columns - at[0], rows - at[1]) * at[2] / fit.camera.focal
        shared = (away < _JOINT_M) | ((away < _SHOULDER_M) & (shown == part))
        known |= shared & np.isin(labels, (TRUNK, arm))
    solid = known & (parts.matte > 0.6)
    # The last pixel before another part holds a mixture of both; beside arms and hands lies
    # their shadow too, which must not stay when they go.
    breadth = fit.camera.focal * _BREADTH_M / float(fit.camera.to_pixels(fit.positions[0])[2])
    limbs = np.isin(labels, (ARM_L, ARM_R, HAND_L, HAND_R)) & ~known
    others = _close(~known & (labels != BACKGROUND), 1.5)
    inner = solid & ~others & ~_close(limbs, max(1.5, _SHADE * breadth))
    if part == TRUNK:
        inner &= ~_shaded(parts.foreground, inner, limbs, breadth)
    else:
        inner &= ~_stray_skin(parts, inner)
    return inner if inner.any() else solid


def _main_colours(rgb: NDArray[np.uint8], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of a part's pixels those that carry on where it is hidden: not cuffs, watches or ties."""
    lab = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)
    bins = np.minimum(lab[known] // 16, 15).astype(int)
    flat = np.ravel_multi_index((bins[:, 0], bins[:, 1], bins[:, 2]), (16,) * 3)
    counts = ndimage.gaussian_filter(
        np.bincount(flat, minlength=16**3).reshape((16,) * 3).astype(float), 0.8
    ).ravel()
    share = counts[flat] / max(counts.max(), 1e-9)
    out = known.copy()
    out[known] = share > _RARE
    return out


def _shaded(
    rgb: NDArray[np.uint8], known: NDArray[np.bool_], limbs: NDArray[np.bool_], breadth: float
) -> NDArray[np.bool_]:
    """Where hands and arms darken the cloth beside them, and slivers between fingers."""
    near = _close(limbs, _SHADOW_REACH * breadth)
    light = cv2.cvtColor(rgb, cv2.COLOR_RGB2Lab)[..., 0].astype(np.float32)
    weight = known.astype(np.float32)
    sigma = 0.12 * breadth
    mean = cv2.GaussianBlur(light * weight, (0, 0), sigma) / np.maximum(
        cv2.GaussianBlur(weight, (0, 0), sigma), 1e-3
    )
    size = 2 * max(1, round(0.03 * breadth)) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    slivers = known & (cv2.morphologyEx(known.astype(np.uint8), cv2.MORPH_OPEN, disc) == 0)
    return near & ((light < mean - _SHADOW_LEVELS) | slivers)


def _stray_skin(parts: PersonParts, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels of a hand that lies on a long sleeve."""
    lab = cv2.cvtColor(parts.foreground, cv2.COLOR_RGB2Lab).astype(np.float32)
    tone = np.clip(parts.tone + 0.5, 0, 255).astype(np.uint8).reshape(1, 1, 3)
    skin = cv2.cvtColor(tone, cv2.COLOR_RGB2Lab)[0, 0].astype(np.float32)
    alike = known & (np.linalg.norm((lab - skin) * [0.4, 1.2, 1.2], axis=-1) < _LIKE_SKIN)
    if np.count_nonzero(alike) > _BARE * np.count_nonzero(known):
        return np.zeros(known.shape, bool)
    return cv2.dilate(alike.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0


def _limb_uv(parts: PersonParts, points: Array, part: int) -> Array:
    """Places (V, 2) in the photo where an arm's vertices take their colours.

    Seen surface lies where it is seen. What is turned away takes the colours of the same side of
    the limb, mirrored at its outline and running back to its middle, so that nothing is smeared
    and both sides meet at the back.
    """
    body, fit = parts.body, parts.fit
    side = "L" if part == ARM_L else "R"
    bones = [INDEX[f"{stem}.{side}"] for stem in ("upper_arm", "forearm", "hand")]
    line = fit.positions[bones]
    flat = fit.camera.to_pixels(line)[:, :2]
    uv = points[:, :2].copy()
    shares = body.weights[:, bones[:2]]
    own = np.flatnonzero(shares.sum(axis=1) > 0.02)
    lower = shares[own, 1] / shares[own].sum(axis=1)
    normals = vertex_normals(parts.vertices, body.faces)[own]
    away = fit.camera.position - parts.vertices[own]
    mirrored = np.zeros((len(own), 2))
    turned = np.zeros(len(own))
    for bone, share in ((0, 1.0 - lower), (1, lower)):
        axis = rotation.normalize(line[bone + 1] - line[bone])
        way = flat[bone + 1] - flat[bone]
        length = float(np.linalg.norm(way))
        if length < _SHORT_SHARE * fit.camera.focal / float(points[own, 2].mean()):
            # The limb points at the camera: there is no outline to mirror at.
            mirrored += share[:, None] * uv[own]
            continue
        along, across = way / length, np.array([-way[1], way[0]]) / length
        view = _across(away, axis)
        sideways = np.cross(axis, view)
        # The same side in space as in the picture.
        sideways *= np.sign(sideways[:, 0] * across[0] - sideways[:, 2] * across[1])[:, None]
        out = _across(normals, axis)
        angle = np.arctan2(np.einsum("ij,ij->i", out, sideways), np.einsum("ij,ij->i", out, view))
        place = points[own, :2] - flat[bone]
        t, lateral = place @ along, place @ across
        left, right = _half_widths(t / length, lateral, share > 0.5)
        share_of_width = np.sin(_SEEN) * (np.pi - np.abs(angle)) / (np.pi - _SEEN)
        reach = np.where(angle > 0.0, left, -right) * np.minimum(share_of_width, _RIM)
        mirrored += share[:, None] * (flat[bone] + t[:, None] * along + reach[:, None] * across)
        turned += share * _smooth(np.abs(angle), _SEEN, _UNSEEN) * _smooth(t / length, -0.05, 0.2)
    uv[own] += turned[:, None] * (mirrored - uv[own])
    return uv


def _across(vectors: Array, axis: Array) -> Array:
    """Unit parts (N, 3) of vectors across an axis (3,)."""
    flat = vectors - axis * (vectors @ axis)[:, None]
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-9)


def _smooth(value: Array, start: float, end: float) -> Array:
    t = np.clip((value - start) / (end - start), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _half_widths(t: Array, lateral: Array, own: NDArray[np.bool_]) -> tuple[Array, Array]:
    """How far the limb reaches to both sides at each vertex' place along it."""
    bins = np.clip((t * 24).astype(int) + 6, 0, 39)
    out = []
    for sign in (1.0, -1.0):
        reach = np.zeros(40)
        np.maximum.at(reach, bins[own], sign * lateral[own])
        seen = np.flatnonzero(reach > 0.0)
        if len(seen):
            reach = np.interp(np.arange(40), seen, reach[seen])
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
    parts: PersonParts, cover: Coverage, points: Array, picture: NDArray[np.uint8]
) -> list[Piece]:
    """What the photo shows of the trunk beyond its mesh: soft edges, skirts, tails of a coat.

    Flat, at the depth of the nearest of the mesh's outline and moving with it. Beside the arms
    there is next to none: when they move away it would hang on as a flag.
    """
    labels, matte, fit = parts.labels.labels, parts.matte, parts.fit
    breadth = fit.camera.focal * _BREADTH_M / float(np.median(points[:, 2]))
    near = (labels == TRUNK) | (
        (labels == BACKGROUND) & (matte > 0.02) & _close(labels == TRUNK, 6)
    )
    limbs = np.isin(labels, (ARM_L, ARM_R, HAND_L, HAND_R))
    near &= ~_close(limbs, _LIMB_GAP * breadth) | _close(cover.inside, 1.5)
    core = cv2.erode(cover.inside.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    wanted = near & ~core
    if not wanted.any():
        return []
    pixels, faces = _grid_over(wanted, max(3, round(_CELL * breadth)))
    of_face = _face_labels(vertex_labels(parts.body), parts.body.faces)
    used = np.unique(parts.body.faces[(of_face == TRUNK) & _kept_faces(parts.body)])
    nearest = _nearest_vertices(pixels, points, used, cover)
    depth = points[nearest, 2] + 0.004
    alpha = np.where(near | (cover.inside & (labels == TRUNK)), matte, 0.0)
    rgba = np.dstack([picture, np.clip(alpha * 255.0 + 0.5, 0, 255).astype(np.uint8)])
    return [
        Piece(
            vertices=fit.camera.to_world(np.column_stack([pixels, depth])),
            faces=faces,
            uv=pixels[faces],
            picture=rgba,
            weights={b: parts.body.weights[nearest, i] for i, b in enumerate(BONES)},
            part=_part_numbers(parts.body, nearest, TRUNK),
            fringe=True,
        )
    ]


def _patches(
    parts: PersonParts,
    kept: NDArray[np.bool_],
    of_face: NDArray[np.int64],
    points: Array,
    seen: Coverage,
    returned: NDArray[np.bool_],
) -> list[Piece]:
    """The photo's own arms and hands over the mesh, as long as they are where the photo has them.

    They hang on the nearest vertex of an arm, and so does what else of the photo the mesh does not
    return: it must go when the arm goes.
    """
    labels, matte, body = parts.labels.labels, parts.matte, parts.body
    breadth = parts.fit.camera.focal * _BREADTH_M / float(np.median(points[:, 2]))
    limbs = np.isin(labels, (ARM_L, ARM_R, HAND_L, HAND_R))
    wanted = _close(limbs, _PATCH_GAP * breadth) | ~returned
    wanted &= (matte > 0.02) & ~(_close(labels == HEAD, 2.0) & ~limbs)
    arms = np.isin(of_face, (ARM_L, ARM_R, HAND_L, HAND_R)) & kept
    if not (wanted & limbs).any():
        return []
    step = max(3, round(_CELL * breadth))
    pixels, faces = _grid_over(wanted, step)
    used = np.unique(body.faces[arms])
    nearest = used[cKDTree(points[used, :2]).query(pixels)[1]]
    depth = np.where(seen.inside, seen.depth, _NOWHERE_M).astype(np.float32)
    # Between its corners no face of the mesh comes through either.
    front = cv2.erode(depth, np.ones((2 * step + 3, 2 * step + 3), np.uint8))
    at = np.clip(np.round(pixels).astype(int), 0, np.array(labels.shape[::-1]) - 1)
    before = front[at[:, 1], at[:, 0]]
    before = np.where(before < _NOWHERE_M, before, points[nearest, 2]) - _PATCH_AHEAD_M
    alpha = np.where(wanted, matte, 0.0)
    return [
        Piece(
            vertices=parts.fit.camera.to_world(np.column_stack([pixels, before])),
            faces=faces,
            uv=pixels[faces],
            picture=np.dstack(
                [parts.foreground, np.clip(alpha * 255.0 + 0.5, 0, 255).astype(np.uint8)]
            ),
            weights=_limb_weights(body.weights[nearest]),
            part=_part_numbers(body, nearest, TRUNK),
            patch=True,
        )
    ]


def _limb_weights(table: Array) -> dict[str, Array]:
    """Weights by bone of a table (N, B): the fingers' go to their hands, the trunk's to the arm.

    A patch must notice when its limb moves, also where it grows out of the trunk.
    """
    weights: dict[str, Array] = {}
    arms = {
        side: sum(table[:, INDEX[f"{stem}.{side}"]] for stem in ("upper_arm", "forearm", "hand"))
        for side in "LR"
    }
    for i, bone in enumerate(BONES):
        stem, *_, side = bone.split(".") if "." in bone else (bone, "")
        if stem in FINGERS or stem in ("upper_arm", "forearm", "hand"):
            name = f"hand.{side}" if stem in FINGERS else bone
            weights[name] = weights.get(name, 0.0) + table[:, i]
            continue
        for arm, other in (("L", "R"), ("R", "L")):
            name = f"upper_arm.{arm}"
            weights[name] = weights.get(name, 0.0) + table[:, i] * (arms[arm] >= arms[other])
    return weights


def _close(mask: NDArray[np.bool_], reach: float) -> NDArray[np.bool_]:
    """Pixels within `reach` of a mask."""
    return cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) < reach


def _grid_over(wanted: NDArray[np.bool_], step: int) -> tuple[Array, NDArray]:
    """Corners (N, 2) and triangles (F, 3) of the cells of a pixel grid that hold wanted pixels."""
    height, width = wanted.shape
    rows, columns = -(-height // step), -(-width // step)
    cells = np.zeros((rows * step, columns * step), np.uint8)
    cells[:height, :width] = cv2.dilate(wanted.astype(np.uint8), np.ones((3, 3), np.uint8))
    blocks = cells.reshape(rows, step, columns, step)
    row, column = np.nonzero(blocks.any(axis=(1, 3)))
    quad = np.stack([row, column], -1)[:, None] + np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    number = np.full((rows + 1, columns + 1), -1)
    number[quad[..., 0], quad[..., 1]] = 0
    at_row, at_column = np.nonzero(number == 0)
    number[at_row, at_column] = np.arange(len(at_row))
    corners = number[quad[..., 0], quad[..., 1]]
    faces = np.concatenate([corners[:, [0, 1, 2]], corners[:, [0, 2, 3]]])
    # The last cells end with the picture.
    pixels = np.stack([at_column, at_row], -1).astype(np.float64) * step
    return np.minimum(pixels, [width - 0.5, height - 0.5]), faces


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
