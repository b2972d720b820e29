"""Flat pieces of the photo beside and over the mesh: the trunk's fringe, and the arms' patch."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from retarget.body.model import BONES, FINGERS, INDEX
from retarget.rotation import Array

from .coverage import Coverage
from .fit import SHOULDERS_M
from .labels import ARM_L, ARM_R, BACKGROUND, HAND_L, HAND_R, HEAD, TRUNK, vertex_labels
from .person_parts import PersonParts, close_to, face_labels, kept_faces, part_numbers
from .pieces import Piece

# Cells of the flat pieces, in shoulder breadths.
_CELL: Final = 1 / 70
# So near to an arm the trunk ends with its mesh, shares of the shoulder breadth.
_LIMB_GAP: Final = 0.18
# A patch covers what was mended around its limb too.
_PATCH_GAP: Final = 0.2
_PATCH_AHEAD_M, _NOWHERE_M = 0.012, 1e3


def fringe_piece(
    parts: PersonParts, cover: Coverage, points: Array, picture: NDArray[np.uint8]
) -> list[Piece]:
    """What the photo shows of the trunk beyond its mesh: soft edges, skirts, tails of a coat.

    Flat, at the depth of the nearest of the mesh's outline and moving with it. Beside the arms
    there is next to none: when they move away it would hang on as a flag.
    """
    labels, matte, fit = parts.labels.labels, parts.matte, parts.fit
    breadth = fit.camera.focal * SHOULDERS_M / float(np.median(points[:, 2]))
    near = (labels == TRUNK) | (
        (labels == BACKGROUND) & (matte > 0.02) & close_to(labels == TRUNK, 6)
    )
    limbs = np.isin(labels, (ARM_L, ARM_R, HAND_L, HAND_R))
    near &= ~close_to(limbs, _LIMB_GAP * breadth) | close_to(cover.inside, 1.5)
    core = cv2.erode(cover.inside.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    wanted = near & ~core
    if not wanted.any():
        return []
    pixels, faces = _grid_over(wanted, max(3, round(_CELL * breadth)))
    of_face = face_labels(vertex_labels(parts.body), parts.body.faces)
    used = np.unique(parts.body.faces[(of_face == TRUNK) & kept_faces(parts.body)])
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
            part=part_numbers(parts.body, nearest, TRUNK),
            fringe=True,
        )
    ]


def patch_piece(
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
    breadth = parts.fit.camera.focal * SHOULDERS_M / float(np.median(points[:, 2]))
    limbs = np.isin(labels, (ARM_L, ARM_R, HAND_L, HAND_R))
    wanted = close_to(limbs, _PATCH_GAP * breadth) | ~returned
    wanted &= (matte > 0.02) & ~(close_to(labels == HEAD, 2.0) & ~limbs)
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
            part=part_numbers(body, nearest, TRUNK),
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
