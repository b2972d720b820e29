"""The neck drawn together inside the head."""

import numpy as np
import pytest
from posed_person import standing_person

from pose_transfer.concert import concert_pieces
from pose_transfer.labels import TRUNK, vertex_labels
from pose_transfer.neck import closed, into_head, top_opening
from pose_transfer.person_parts import face_labels, kept_faces
from pose_transfer.pieces import Piece
from retarget.body.model import INDEX, load_body


def test_the_neck_is_closed_inside_the_head() -> None:
    body, fit = load_body(), standing_person()
    kept = kept_faces(body)
    own = kept & (face_labels(vertex_labels(body), body.faces) == TRUNK)
    used, local = np.unique(body.faces[own], return_inverse=True)
    local = local.reshape(-1, 3)
    trunk = Piece(
        vertices=fit.vertices[used],
        faces=local,
        uv=fit.camera.to_pixels(fit.vertices[used])[:, :2][local],
        picture=np.zeros((8, 8, 4), np.uint8),
        weights={"neck": np.ones(len(used))},
        part="trunk",
    )
    whole = into_head(trunk, fit, body, own, kept)
    added = whole.faces[len(trunk.faces) :]
    assert len(whole.uv) == len(whole.faces)
    # The new faces meet the old ones along every edge of the opening, turned the same way out.
    edges = {(int(a), int(b)) for a, b in added[:, :2]}
    own_edges = {(int(face[i]), int(face[(i + 1) % 3])) for face in trunk.faces for i in range(3)}
    assert len(edges) > 10
    assert all((b, a) in own_edges and (a, b) not in own_edges for a, b in edges)
    apex = whole.vertices[-1]
    head = INDEX["head"]
    crown = fit.vertices[body.weights[:, head] > 0.9, 2].max()
    assert fit.positions[head][2] < apex[2] < crown
    assert whole.weights["neck"][-1] == 1.0


@pytest.mark.parametrize("dress", ["tailcoat", "gown"])
def test_the_neck_of_a_concert_dress_is_closed_at_its_top_alone(dress) -> None:
    (_, neck, *_), _ = concert_pieces(dress, 0.23, np.array([200.0, 150.0, 130.0]))
    starts, ends = top_opening(neck)
    top = neck.vertices[:, 2].max()
    assert neck.vertices[starts, 2].min() > top - 0.01
    way = [sorted(map(tuple, np.round(neck.vertices[ends_of], 6))) for ends_of in (starts, ends)]
    assert way[0] == way[1], "it goes round"
    apex = np.array([0.0, 0.0, top + 0.1])
    whole = closed(neck, starts, ends, apex)
    assert not len(top_opening(whole)[0])
    assert len(whole.uv) == len(whole.faces) == len(neck.faces) + len(starts)
    assert np.array_equal(whole.vertices[-1], apex)
    assert all(len(share) == len(whole.vertices) for share in whole.weights.values())
