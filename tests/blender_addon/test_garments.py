"""The making of concert dress: charts, light and bones."""

import numpy as np

from blender_addon.garments import light
from blender_addon.garments.atlas import rasterise, unwrap
from blender_addon.garments.pack import pack
from blender_addon.garments.parts import Part
from blender_addon.garments.sdf import ellipsoid
from blender_addon.garments.skeleton import bind_bones
from blender_addon.garments.surface import Surface, polygonize
from retarget import skeleton
from retarget.rotation import Array


def _ball(radius: float = 0.1) -> Surface:
    reach = np.full(3, 1.2 * radius)
    return polygonize(lambda p: ellipsoid(p, (0.0, 0.0, 0.0), (radius,) * 3), -reach, reach, 0.01)


def _triangles(surface: Surface) -> Array:
    return np.concatenate([surface.faces[:, :3], surface.faces[:, [0, 2, 3]]])


def test_every_face_has_texels_of_its_own_and_texels_know_their_place() -> None:
    ball = _ball()
    faces = _triangles(ball)
    atlas = unwrap(ball.vertices, faces, np.zeros(len(faces), int), np.full(len(faces), 0.002))
    texels = rasterise(atlas)
    code = texels.rows * atlas.size[0] + texels.columns
    assert len(np.unique(code)) == len(code)
    assert len(np.unique(texels.face)) > 0.99 * len(faces)
    corners = ball.vertices[atlas.source[atlas.faces[texels.face]]]
    place = (corners * texels.shares[..., None]).sum(axis=1)
    np.testing.assert_allclose(np.linalg.norm(place, axis=1), 0.1, atol=0.002)
    # Neighbouring texels of a face are neighbours in space.
    same = (np.diff(texels.face) == 0) & (np.diff(code) == 1)
    step = np.linalg.norm(np.diff(place, axis=0), axis=1)[same]
    assert np.percentile(step, 99) < 0.0045


def test_lamps_light_the_side_they_stand_on_and_things_cast_shadows() -> None:
    ball = _ball()
    points, normals = ball.vertices, ball.normals
    matt, none = np.tile([0.0, 1.0], (len(points), 1)), np.zeros(len(points))
    free = light.bake(points, normals, matt, none, points)
    left = free["left"]
    assert left[points[:, 0] < -0.07].mean() > 4.0 * left[points[:, 0] > 0.07].mean()
    np.testing.assert_allclose(left.max(), 1.0, atol=0.12)
    assert free["sky"][points[:, 2] > 0.09].mean() > free["sky"][points[:, 2] < -0.09].mean()

    u, v = np.meshgrid(np.linspace(-0.3, 0.3, 200), np.linspace(-0.3, 0.3, 200))
    screen = np.stack([u, np.full_like(u, -0.25), v], axis=-1).reshape(-1, 3)
    hidden = light.bake(points, normals, matt, none, np.concatenate([points, screen]))
    facing = points[:, 1] < -0.08
    assert hidden["front"][facing].mean() < 0.05 * free["front"][facing].mean()


def test_packing_is_the_same_every_time() -> None:
    part = Part(_ball(0.03), "wool", lambda p: {"chest": np.ones(len(p))}, 0.004)
    first, second = (pack([part], "clothes", ("chest",), [part]) for _ in range(2))
    assert all((first[key] == second[key]).all() for key in first)


def test_the_bones_are_the_skeletons_with_bent_arms() -> None:
    names, parents, heads, tails, turns = bind_bones()
    assert {"forearm.L", "index.01.L", "pinky.03.R", "thumb.02.L", "baton"} <= set(names)
    assert all(parent < k for k, parent in enumerate(parents))
    for name in ("head", "hips", "clavicle.L", "foot.R"):
        np.testing.assert_allclose(heads[names.index(name)], skeleton.REST[skeleton.INDEX[name]])
    elbow, wrist = heads[names.index("forearm.L")], heads[names.index("hand.L")]
    assert wrist[1] < elbow[1] - 0.15
    mirrored = heads[names.index("hand.R")] * np.array([-1.0, 1.0, 1.0])
    np.testing.assert_allclose(mirrored, wrist, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(turns, axis=1), 1.0)
    assert np.isfinite(tails).all()
