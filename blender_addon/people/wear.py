"""Bodies, clothes and hair of people who are photographed: variations on the avatar."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import bpy
import numpy as np

from retarget.rotation import Array

from ..garments.figure import Weights, arm, leg, leg_weights, trunk_weights
from ..garments.sdf import chain, mirrored, spline, subtract, union
from ..garments.surface import Surface, hem, moved, polygonize, split
from ..garments.tailoring import coat_field
from ..stage.materials import Colour, create_material, linear
from ..stage.noise import ripples, smoothstep
from ..stage.rigging import edit_mode
from .avatar import create_avatar
from .head import ORIGIN, skull_field
from .mesh import Part, create_mesh
from .wardrobe import Look, shade

COLOURS: Final[dict[str, Colour]] = {
    "black": (0.06, 0.06, 0.07),
    "charcoal": (0.20, 0.20, 0.22),
    "navy": (0.10, 0.14, 0.28),
    "wine": (0.36, 0.08, 0.13),
    "forest": (0.11, 0.27, 0.19),
    "mustard": (0.75, 0.56, 0.16),
    "sky": (0.45, 0.63, 0.80),
    "rose": (0.80, 0.52, 0.54),
    "sand": (0.72, 0.64, 0.52),
    "cream": (0.90, 0.86, 0.77),
    "white": (0.93, 0.93, 0.92),
    "grey": (0.60, 0.60, 0.61),
}
SKINS: Final[tuple[Colour, ...]] = (
    (0.88, 0.71, 0.62),
    (0.86, 0.67, 0.56),
    (0.78, 0.57, 0.44),
    (0.62, 0.43, 0.31),
    (0.44, 0.29, 0.21),
    (0.31, 0.20, 0.15),
)
HAIRS: Final[dict[str, Colour]] = {
    "black": (0.10, 0.09, 0.09),
    "brown": (0.28, 0.19, 0.13),
    "chestnut": (0.42, 0.24, 0.14),
    "blond": (0.70, 0.56, 0.36),
    "grey": (0.70, 0.70, 0.70),
}
PATTERNS: Final = ("plain", "stripes", "plaid")
WEARS: Final = ("tailcoat", "pullover", "coat", "skirt", "tee")

_SLEEVE_END: Final = 0.345
_CLOTH: Final = "cloth"
"""Mesh attribute: along and around the cloth, metres."""


@dataclass(frozen=True)
class Build:
    """How a body differs from the avatar's: factors, and the belly's depth in metres."""

    height: float = 1.0
    breadth: float = 1.0
    belly: float = 0.0
    head: float = 1.0

    def reshape(self, points: Array) -> Array:
        """Points (N, 3) of the avatar's rest pose to this body's; smooth, without folds."""
        x, y, z = points.T
        out = np.abs(x)
        wide = self.breadth - 1.0
        # Arms are carried outward by the trunk and grow thicker about their own axis.
        is_arm = smoothstep(out, 0.13, 0.22) * smoothstep(z, 1.24, 1.32)
        thick = 1.0 + 0.75 * wide * smoothstep(out, 0.80, 0.62)
        above = smoothstep(z, 1.40, 1.53)
        trunk_x = x * (1.0 + wide * (1.0 - 0.75 * above))
        trunk_y = y * (1.0 + 0.8 * wide * (1.0 - 0.8 * above))
        swell = np.exp(-(((z - 1.08) / 0.14) ** 2))
        front = np.where(y < 0.0, smoothstep(-y, -0.02, 0.09), 0.0)
        trunk_y = trunk_y - self.belly * swell * (0.25 + 0.75 * front) * (y < 0.05)
        trunk_x = trunk_x * (1.0 + 1.2 * self.belly * swell)
        arm_x = x + np.sign(x) * 0.17 * wide
        shaped = np.stack(
            [
                trunk_x * (1.0 - is_arm) + arm_x * is_arm,
                trunk_y * (1.0 - is_arm) + y * thick * is_arm,
                z * (1.0 - is_arm) + (1.42 + (z - 1.42) * thick) * is_arm,
            ],
            axis=1,
        )
        crown = smoothstep(z, 1.50, 1.60)[:, None]
        return shaped + crown * (shaped - ORIGIN) * (self.head - 1.0)


@dataclass(frozen=True)
class Wear:
    """What somebody wears and looks like.

    Parameters
    ----------
    kind : str
        Of WEARS.
    hair : str
        "swept", "short" or "long".
    pattern : str
        Of PATTERNS, on what is worn above.
    colour, second, trousers, skin, hair_colour : (r, g, b)
        `second` is the pattern's other colour.
    """

    kind: str
    hair: str
    pattern: str
    colour: Colour
    second: Colour
    trousers: Colour
    skin: Colour
    hair_colour: Colour


def create_person(scene: Any, wear: Wear, build: Build) -> Any:
    """An armature with its meshes, as `avatar.create_avatar` makes one, but a person of its own."""
    look = Look(
        dress="tailcoat" if wear.kind == "tailcoat" else "pullover",
        hair="short" if wear.hair == "short" else "swept",
        skin=wear.skin,
        lips=_lips(wear.skin),
        hair_colour=wear.hair_colour,
        outer=wear.colour,
        trousers=wear.trousers,
        shoes=shade(wear.trousers, 0.5),
    )
    armature = create_avatar(scene, look)
    collection = armature.users_collection[0]
    meshes = {child.name: child for child in armature.children}
    for name in _REPLACED.get(wear.kind, ()):
        bpy.data.objects.remove(meshes.pop(name))
    for part in _extra_parts(wear):
        meshes[part.name] = create_mesh(part, armature, collection)
    for name in ("Pullover", "Coat", "Overcoat", "Tee", "Blouse"):
        if name in meshes:
            _lay_pattern(meshes[name], wear)
    for mesh in meshes.values():
        places = np.empty(len(mesh.data.vertices) * 3, np.float32)
        mesh.data.vertices.foreach_get("co", places)
        shaped = build.reshape(places.reshape(-1, 3).astype(float))
        mesh.data.vertices.foreach_set("co", shaped.astype(np.float32).ravel())
        mesh.data.update()
    with edit_mode(scene, armature):
        bones = armature.data.edit_bones
        ends = np.array([[bone.head, bone.tail] for bone in bones], dtype=float)
        ends = build.reshape(ends.reshape(-1, 3)).reshape(-1, 2, 3)
        for bone, (start, end) in zip(bones, ends, strict=True):
            bone.head, bone.tail = start, end
    armature.scale = (build.height,) * 3
    return armature


_REPLACED: Final = {
    "coat": ("Pullover", "Shirt"),
    "tee": ("Pullover", "Shirt", "Collar"),
    "skirt": ("Pullover", "Shirt", "Collar", "Trousers"),
}


def _extra_parts(wear: Wear) -> Iterator[Part]:
    cloth = partial(create_material, roughness=0.9, specular=0.12, sheen=0.15)
    bare = create_material("Bare skin", wear.skin, roughness=0.5, specular=0.35, subsurface=0.12)
    if wear.hair == "long":
        locks = create_material("Long hair", wear.hair_colour, roughness=0.45, specular=0.4)
        yield Part("Long hair", _curtain(), (locks,), _hair_weights)
    if wear.kind == "coat":
        yield Part("Overcoat", _overcoat(), (cloth("Overcoat", wear.colour),), _coat_weights)
    if wear.kind in ("tee", "skirt"):
        name = "Tee" if wear.kind == "tee" else "Blouse"
        yield Part(name, _tee(), (cloth(name, wear.colour),), trunk_weights)
        yield Part("Arms", _bare_arms(), (bare,), trunk_weights)
    if wear.kind == "skirt":
        yield Part("Skirt", _skirt(), (cloth("Skirt", wear.trousers),), _skirt_weights)
        yield Part("Legs", _bare_legs(), (bare,), leg_weights)


def _overcoat() -> Surface:
    """A closed coat down to the knees, wider below."""

    def field(p: Array) -> Array:
        below = np.maximum(1.02 - p[:, 2], 0.0)
        d = coat_field(p) - 0.008 - 0.055 * below
        # One front laps over the other.
        return d - 0.004 * smoothstep(p[:, 0], 0.012, 0.022) * smoothstep(p[:, 1], 0.02, -0.02)

    low, high = np.array([-0.72, -0.22, 0.50]), np.array([0.72, 0.22, 1.535])
    whole = polygonize(field, low, high, 0.0125)

    def below(p: Array) -> Array:
        return np.where(np.abs(p[:, 0]) < 0.34, p[:, 2] - 0.54, 1.0)

    return _cut(whole, below, _sleeves_to(0.693), _neck)


def _tee() -> Surface:
    """Close-fitting, with a round neck and short sleeves."""

    def field(p: Array) -> Array:
        return coat_field(p) + 0.004 - 0.004 * smoothstep(np.abs(p[:, 0]), 0.24, _SLEEVE_END)

    low, high = np.array([-0.37, -0.16, 0.88]), np.array([0.37, 0.17, 1.535])
    whole = polygonize(field, low, high, 0.0125)

    def below(p: Array) -> Array:
        return np.where(np.abs(p[:, 0]) < 0.3, p[:, 2] - 0.905, 1.0)

    return _cut(whole, below, _sleeves_to(_SLEEVE_END), _neck)


def _bare_arms() -> Surface:
    def field(p: Array) -> Array:
        x = np.abs(p[:, 0])
        # From the shirt's ease down to the wrist that the hand begins with.
        ease = spline(
            x, (0.2, 0.36, 0.47, 0.56, 0.66, 0.70), (-5e-3, -4e-3, -3e-3, -3e-3, -8e-3, -9e-3)
        )
        return arm(p, ease)

    whole = polygonize(field, np.array([-0.71, -0.1, 1.33]), np.array([0.71, 0.1, 1.50]), 0.0105)
    return _cut(whole, lambda p: np.abs(p[:, 0]) - 0.24, _sleeves_to(0.700))


def _skirt() -> Surface:
    def field(p: Array) -> Array:
        z = p[:, 2]
        knots = (0.55, 0.75, 0.90, 1.00, 1.06)
        a = spline(z, knots, (0.285, 0.245, 0.200, 0.172, 0.160))
        b = spline(z, knots, (0.225, 0.190, 0.155, 0.125, 0.115))
        turn = np.arctan2(p[:, 1], p[:, 0])
        pleats = 0.010 * np.sin(14.0 * turn) * smoothstep(z, 0.98, 0.58)
        return (np.hypot(p[:, 0] / a, p[:, 1] / b) - 1.0) * b - pleats

    low, high = np.array([-0.33, -0.27, 0.52]), np.array([0.33, 0.27, 1.06])
    whole = polygonize(field, low, high, 0.0125)
    return _cut(whole, lambda p: p[:, 2] - 0.56, lambda p: 1.035 - p[:, 2])


def _bare_legs() -> Surface:
    def field(p: Array) -> Array:
        z = p[:, 2]
        return leg(p) + spline(
            z, (0.04, 0.10, 0.30, 0.50, 0.80), (0.016, 0.016, 0.006, 0.012, 0.010)
        )

    low, high = np.array([-0.20, -0.12, 0.04]), np.array([0.20, 0.12, 0.86])
    return _cut(polygonize(field, low, high, 0.0125), lambda p: p[:, 2] - 0.055)


def _curtain() -> Surface:
    """Hair that falls over the shoulders and the back; in front it leaves the face free."""

    def field(p: Array) -> Array:
        q = mirrored(p)
        side = chain(
            q,
            (
                (0.050, 0.020, 0.165),
                (0.082, 0.030, 0.070),
                (0.090, 0.028, -0.06),
                (0.098, -0.010, -0.17),
            ),
            (0.034, 0.030, 0.030, 0.020),
            0.03,
        )
        back = chain(
            q,
            ((0.0, 0.085, 0.120), (0.020, 0.092, 0.0), (0.030, 0.100, -0.18)),
            (0.050, 0.060, 0.042),
            0.03,
        )
        d = union(union(side, back, 0.05), skull_field(q) - 0.009, 0.02)
        around = np.arctan2(p[:, 0], p[:, 1] - 0.03)
        d -= 0.0016 * np.sin(44.0 * around + 14.0 * p[:, 2] + 0.6 * ripples(p, 0.2, 3))
        # The face, from the hairline down, and a little of each temple.
        face = chain(q, ((0.0, -0.105, 0.085), (0.0, -0.115, -0.10)), (0.078, 0.070), 0.02)
        return subtract(d, face, 0.012)

    low, high = np.array([-0.15, -0.12, -0.23]), np.array([0.15, 0.17, 0.23])
    return moved(polygonize(field, low, high, 0.0062), ORIGIN)


def _hair_weights(p: Array) -> Weights:
    """Long hair follows the head, and its ends the chest they lie on."""
    head = smoothstep(p[:, 2], 1.40, 1.56)
    return {"head": head, "chest": 1.0 - head}


def _coat_weights(p: Array) -> Weights:
    """As the trunk, however wide the coat is below the arms."""
    reach = np.where(p[:, 2] < 1.25, 0.14, np.inf)
    return trunk_weights(np.stack([np.clip(p[:, 0], -reach, reach), p[:, 1], p[:, 2]], axis=1))


def _skirt_weights(p: Array) -> Weights:
    shares = leg_weights(p)
    loose = 0.35 * smoothstep(p[:, 2], 0.95, 0.60)
    thighs = {f"thigh.{side}": loose * smoothstep(sign * p[:, 0], -0.15, 0.15)
              for side, sign in (("L", 1.0), ("R", -1.0))}  # fmt: skip
    return {name: np.zeros(len(p)) for name in shares} | thighs | {"hips": 1.0 - loose}


def _cut(surface: Surface, *regions: Callable[[Array], Array]) -> Surface:
    """What is left outside all regions, with thick edges."""
    for region in regions:
        _, surface = split(surface, region)
    return hem(surface, 0.005)


def _sleeves_to(end: float) -> Callable[[Array], Array]:
    return lambda p: end - np.abs(p[:, 0])


def _neck(p: Array) -> Array:
    around = np.hypot(p[:, 0] / 0.078, (p[:, 1] - 0.008) / 0.080) - 1.0
    return np.maximum(0.07 * around, 1.42 - p[:, 2])


def _lips(skin: Colour) -> Colour:
    return (skin[0] * 0.88, skin[1] * 0.72, skin[2] * 0.74)


def _lay_pattern(thing: Any, wear: Wear) -> None:
    """Colour the cloth by where it lies in the rest pose."""
    if wear.pattern == "plain":
        return
    mesh = thing.data
    places = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", places)
    x, y, z = places.reshape(-1, 3).T
    sleeve = np.abs(x) > 0.19
    along = np.where(sleeve, 1.42 - (np.abs(x) - 0.19), z)
    across = np.where(sleeve, y, x)
    attribute = mesh.attributes.new(_CLOTH, "FLOAT_VECTOR", "POINT")
    attribute.data.foreach_set(
        "vector", np.stack([along, across, np.zeros_like(x)], axis=1).astype(np.float32).ravel()
    )
    material = mesh.materials[0]
    tree = material.node_tree
    shader = next(n for n in tree.nodes if n.type == "BSDF_PRINCIPLED")
    source = tree.nodes.new("ShaderNodeAttribute")
    source.attribute_name = _CLOTH
    parts = tree.nodes.new("ShaderNodeSeparateXYZ")
    tree.links.new(source.outputs["Vector"], parts.inputs[0])
    bands = [_bands(tree, parts.outputs[0], 0.075, 0.42)]
    if wear.pattern == "plaid":
        bands.append(_bands(tree, parts.outputs[1], 0.075, 0.42))
        thin = _bands(tree, parts.outputs[1], 0.0375, 0.12)
    mixed: Any = None
    for k, band in enumerate([*bands, *([thin] if wear.pattern == "plaid" else [])]):
        mix = tree.nodes.new("ShaderNodeMixRGB")
        weight = tree.nodes.new("ShaderNodeMath")
        weight.operation = "MULTIPLY"
        weight.inputs[1].default_value = 1.0 if wear.pattern == "stripes" else 0.55
        tree.links.new(band, weight.inputs[0])
        tree.links.new(weight.outputs[0], mix.inputs["Fac"])
        if mixed is None:
            mix.inputs["Color1"].default_value = linear(wear.colour)
        else:
            tree.links.new(mixed, mix.inputs["Color1"])
        second = wear.second if k < 2 else shade(wear.second, 0.5)
        mix.inputs["Color2"].default_value = linear(second)
        mixed = mix.outputs["Color"]
    tree.links.new(mixed, shader.inputs["Base Color"])


def _bands(tree: Any, coordinate: Any, period: float, share: float) -> Any:
    """1 on a share of every period of a coordinate, 0 elsewhere."""
    wrapped = tree.nodes.new("ShaderNodeMath")
    wrapped.operation = "FLOORED_MODULO"
    wrapped.inputs[1].default_value = period
    tree.links.new(coordinate, wrapped.inputs[0])
    less = tree.nodes.new("ShaderNodeMath")
    less.operation = "LESS_THAN"
    less.inputs[1].default_value = period * share
    tree.links.new(wrapped.outputs[0], less.inputs[0])
    return less.outputs[0]
