"""Tests of how deep arms are made."""

import numpy as np
import pytest

from pose_transfer.arm_depth import as_deep_as_wide
from pose_transfer.deform import vertex_normals
from pose_transfer.sitting import Sitting
from retarget.body.model import INDEX, load_body
from retarget.rotation import Array


def depth_and_width(vertices: Array, sitting: Sitting, stem: str) -> tuple[float, float]:
    """Extents about the middle of a bone, metres: in depth, and across the picture."""
    body, fit = load_body(), sitting.fit
    end = {"upper_arm": "forearm", "forearm": "hand"}[stem]
    start, stop = fit.positions[[INDEX[f"{stem}.L"], INDEX[f"{end}.L"]]]
    way = (stop - start) / np.linalg.norm(stop - start)
    along = (fit.vertices - start) @ way / np.linalg.norm(stop - start)
    rows = (body.weights[:, INDEX[f"{stem}.L"]] > 0.9) & (np.abs(along - 0.5) < 0.1)
    across = np.cross(way, [0.0, 1.0, 0.0])
    across /= np.linalg.norm(across)
    places = vertices[rows]
    return float(np.ptp(places @ np.cross(way, across))), float(np.ptp(places @ across))


@pytest.mark.parametrize("stem", ["upper_arm", "forearm"])
def test_an_arm_swollen_in_depth_alone_gets_its_own_depth_back(sitting: Sitting, stem: str) -> None:
    body, bare = load_body(), sitting.fit.vertices
    arm = body.weights[:, [INDEX["upper_arm.L"], INDEX["forearm.L"]]].sum(axis=1) > 0.99
    normals = vertex_normals(bare, body.faces)
    swollen = bare + 0.04 * np.where(arm, 1.0, 0.0)[:, None] * normals * [0.0, 1.0, 0.0]
    own, before = (depth_and_width(v, sitting, stem) for v in (bare, swollen))
    after = depth_and_width(as_deep_as_wide(swollen, sitting.fit, body), sitting, stem)
    assert before[0] > own[0] + 0.03
    assert after[0] < own[0] + 0.4 * (before[0] - own[0])
    assert after[1] == pytest.approx(before[1], abs=0.002)


def test_a_body_that_is_not_swollen_stays(sitting: Sitting) -> None:
    bare = sitting.fit.vertices
    np.testing.assert_allclose(as_deep_as_wide(bare, sitting.fit, load_body()), bare, atol=1e-9)
