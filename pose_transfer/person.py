"""The pieces of a photographed person: trunk and legs, arms, hands, drawn from the photo."""

from dataclasses import replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from retarget import rotation
from retarget.body.model import BONES, INDEX, PARENTS, alignment
from retarget.rotation import Array

from .bare_arms import even_skin
from .complete import complete
from .coverage import CoverageRenderer
from .fit import SHOULDERS_M, BodyFit
from .flat_pieces import fringe_piece, patch_piece
from .hand_pose import held_at
from .labels import ARM_L, ARM_R, BACKGROUND, HAND_L, HAND_R, HEAD, TRUNK, vertex_labels
from .limb_uv import limb_uv
from .neck import into_head
from .part_colours import known_pixels, main_colours
from .person_hands import arm_above_wrist, hand_piece, past_wrist, wrist_of_arm
from .person_parts import PersonParts, close_to, face_labels, kept_faces, part_numbers
from .pieces import Bones, Piece
from .t_pose import TPose

_BATON: Final = np.array([-0.41, 0.0, 0.0])
_HAND_OF: Final = {ARM_L: HAND_L, ARM_R: HAND_R}
# Reach of the neck below the head, in shoulder breadths.
_NECK: Final = 0.25


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
    kept = kept_faces(body)
    of_face = face_labels(of_vertex, body.faces)
    height, width = labels.labels.shape
    with CoverageRenderer((width, height)) as renderer:
        seen = renderer.draw(points, body.faces[kept])
        shown = np.where(seen.inside, of_face[kept][seen.face], BACKGROUND)
        pieces: list[Piece] = []
        hands = []
        t_pose = TPose(parts)
        returned = np.zeros((height, width), bool)
        # The mesh's own edge is soft, so the last pixels are not all its own.
        whole = ~close_to(~seen.inside, 2.5)
        breadth = parts.fit.camera.focal * SHOULDERS_M / float(np.median(points[:, 2]))
        neck = close_to(labels.labels == HEAD, _NECK * breadth)
        for part in (TRUNK, ARM_L, ARM_R):
            own = kept & (of_face == part)
            side = {ARM_L: "L", ARM_R: "R"}.get(part)
            if side is not None:
                past = past_wrist(body, side)
                limb = kept & np.isin(of_face, (part, _HAND_OF[part]))
                own = limb & (past[body.faces].min(axis=1) < 0.0)
            cover = renderer.draw(points, body.faces[own])
            known = known_pixels(parts, part, shown)
            returned |= known & (shown == part) & whole
            wanted = cv2.dilate(cover.inside.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
            # Under the chin the neck goes on, rare as its colour may be.
            source = main_colours(parts.foreground, known) | (known & neck)
            picture = complete(parts.foreground, known, wanted, source)
            if side is not None:
                picture = even_skin(parts, part, picture, cover, body.faces[own])
            uv = points[:, :2] if part == TRUNK else limb_uv(parts, points, part)
            piece = _piece(parts, own, uv, picture, part)
            if side is not None:
                piece = arm_above_wrist(piece, past[np.unique(body.faces[own])])
                wrist = wrist_of_arm(body, own, past, uv, picture, parts.tone)
                hands.append(hand_piece(parts, t_pose, limb, past, side, wrist))
            made = [piece]
            if part == TRUNK:
                made = [into_head(piece, parts.fit, body, own, kept)]
                made += fringe_piece(parts, cover, points, picture)
            among = np.unique(body.faces[own])
            pieces += [replace(one, t_pose=t_pose.of(one.vertices, among)) for one in made]
    pieces += hands
    pieces += patch_piece(parts, kept, of_face, points, seen, returned)
    return pieces


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
        part=part_numbers(body, used, part),
    )
