"""What outfits share: measures, weights, shoes, pieces, and which skin they cover."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from retarget.rotation import Array

from ..curves import smoothstep
from ..parts import Material, Piece
from .bodice import above_neck
from .coat import Coat
from .form import SIDES, Form, Surface, body_surface
from .mesh import Sheet, borders, links, sheet_surface
from .shoes import build_shoe
from .weights import from_body, spread, tidy

BLACK_LEATHER: Final = Material("Black leather", "leather", (0.07, 0.068, 0.07), 0.25)
_SOLES: Final = Material("Soles", "leather", (0.04, 0.037, 0.035), 0.7)
_MARGIN_M: Final = 0.025
_PULL_M: Final = 0.085
_LIFT_M: Final = 0.15
"""How far from the armhole the arm, and the shoulder, still move a stiff coat."""


def piece(name: str, sheet: Sheet, weights: Array, *materials: Material) -> Piece:
    """A piece of a sheet with its weights."""
    return Piece(
        name, sheet.vertices, sheet.faces, tidy(weights), materials, sheet.material, uv=sheet.uv
    )


def row_heights(form: Form, low: float, step: float) -> Array:
    """Rows from a hem to under the armholes, metres."""
    high = form.armpits[0][2] - 0.035 * form.scale
    return np.linspace(low, high, max(4, round((high - low) / (step * form.scale))))


def body_without_hands(form: Form) -> Surface:
    """What cloth must stay out of."""
    return body_surface(form, (form.figure.part == 0) & (form.hand < 0.5))


def top_weights(form: Form, top: Coat, steps: int = 5, still: bool = True) -> Array:
    """Weights (V, B) of a top: the trunk's from the trunk, each sleeve's from its arm.

    Parameters
    ----------
    steps : int
        How far they are smoothed.
    still : bool
        Whether the neck stays calm when the shoulders rise, as stiff cloth does; else it goes
        with the skin.
    """
    v = top.sheet.vertices
    skin = (form.figure.part == 0) & (form.hand < 0.9) & (form.share("head") < 0.5)
    out = from_body(form, v, skin & (form.share("shin", "foot") < 0.1))
    x = form.figure.vertices[:, 0]
    for sign, loops in zip((1.0, -1.0), top.sleeves, strict=True):
        ids = loops[3:].ravel()
        out[ids] = from_body(form, v[ids], skin & (form.arm > 0.3) & (x * sign > 0))
    even = spread(out, top.sheet.faces, steps)
    gap, _ = cKDTree(v[top.grid[-1]]).query(v)
    near = smoothstep(-gap, -0.075 * form.scale, 0.0)[:, None]
    if still:
        return spread(_stiffened(form, top, even, near[:, 0]), top.sheet.faces, 2)
    return near * spread(out, top.sheet.faces, 1) + (1.0 - near) * even


def neck_weights(form: Form, vertices: Array) -> Array:
    """Weights (P, B) of what stands around the neck."""
    neck = (form.share("neck", "chest", "head") > 0.9) & (form.share("head") < 0.6)
    return from_body(form, vertices, neck)


def below_collar(form: Form, rise: float) -> NDArray[np.bool_]:
    """The trunk's skin (V,) up to a height over the neck's root, metres.

    It lies below a collar, whatever else is worn.
    """
    trunk = (form.figure.part == 0) & (form.arm < 0.5) & (form.share("head") < 0.5)
    return trunk & (above_neck(form, form.figure.vertices) < rise)


def _stiffened(form: Form, top: Coat, bones: Array, near: Array) -> Array:
    """A tailored front goes with the chest: arms and shoulders pull only at what is next to them.

    Parameters
    ----------
    near : (V,) array
        How near to the neck, 0 to 1.
    """
    holes = np.concatenate([loops[0] for loops in top.sleeves])
    gap, _ = cKDTree(top.sheet.vertices[holes]).query(top.sheet.vertices)
    sleeve = np.zeros(len(bones), dtype=bool)
    sleeve[np.concatenate([loops.ravel() for loops in top.sleeves])] = True
    out, chest = bones.copy(), form.figure.bone("chest")
    arm = np.where(sleeve, 1.0, smoothstep(-gap, -_PULL_M * form.scale, 0.0))
    shoulder = np.where(sleeve, 1.0, smoothstep(-gap, -_LIFT_M * form.scale, 0.0))
    shoulder = np.minimum(shoulder, 1.0 - 0.9 * near)
    for i, bone in enumerate(form.figure.bones):
        stem = bone.split(".")[0]
        if stem in ("clavicle", "upper_arm", "upper_arm_twist"):
            lost = bones[:, i] * (1.0 - (shoulder if stem == "clavicle" else arm))
            out[:, i] -= lost
            out[:, chest] += lost
    return out


def arm_joints(form: Form) -> Array:
    """(2, 3, 3): shoulder, elbow, wrist of either arm."""
    stems = ("upper_arm", "forearm", "hand")
    return np.array([[form.head(f"{stem}.{side}") for stem in stems] for side in SIDES])


def shoes(form: Form, leather: Material = BLACK_LEATHER) -> list[Piece]:
    """A pair of shoes."""
    out = []
    for side, label in zip(SIDES, ("left", "right"), strict=True):
        sheet = build_shoe(form, side)
        skin = (form.figure.part == 0) & (form.share(f"foot.{side}", f"shin.{side}") > 0.9)
        weights = from_body(form, sheet.vertices, skin)
        out.append(piece(f"Shoe {label}", sheet, weights, leather, _SOLES))
    return out


def edge_points(sheet: Sheet, above: float) -> Array:
    """(P, 3): a sheet's border above a height."""
    rim = sheet.vertices[np.unique(borders(sheet.faces))]
    return rim[rim[:, 2] > above]


def covered_skin(
    form: Form, sheets: list[Sheet], edges: Array, collar: float = _MARGIN_M
) -> NDArray[np.bool_]:
    """Skin (V,) that is never seen: below the sheets, or legs, with a margin inside each hem.

    Parameters
    ----------
    sheets : list of Sheet
        Outer sides of what covers trunk and arms.
    edges : (P, 3) array
        Points of the edges that skin is seen at.
    collar : float
        The margin inside a collar, metres: shoulders that rise push the skin there out of one that
        stands close to the neck.
    """
    figure = form.figure
    surfaces = [sheet_surface(sheet) for sheet in sheets]
    cloth = Surface(
        np.concatenate([s.points for s in surfaces]), np.concatenate([s.normals for s in surfaces])
    )
    distance, at = cloth.tree.query(figure.vertices, k=12)
    offset = cloth.points[at] - figure.vertices[:, None]
    outward = np.einsum("pkc,pkc->pk", offset, cloth.normals[at])
    agrees = np.einsum("pc,pkc->pk", form.normals, cloth.normals[at]) > 0.2
    beside = np.sqrt(np.maximum(distance**2 - outward**2, 0.0))
    over = (outward > -0.002) & (outward < 0.1) & (beside < 0.014 * form.scale) & agrees
    hidden = over.any(axis=1) | (form.share("thigh", "shin", "foot") > 0.5)
    hidden &= figure.part == 0
    near = links(figure.faces, len(figure.vertices))
    shown = np.flatnonzero(~hidden)
    _, label = connected_components(near[shown][:, shown], directed=False)
    ends = (form.share("head") > 0.5) | (form.share("hand", "middle") > 0.7)
    seen = shown[np.isin(label, np.unique(label[ends[shown]]))]
    gap, _ = cKDTree(np.concatenate([figure.vertices[seen], edges])).query(figure.vertices)
    # Collars stand around the neck: whatever way the head turns, one looks into them.
    neck = form.share("head", "neck") > 0.12
    forearm = form.share("forearm", "forearm_twist", "wrist_twist") > 0.1
    margin = np.where(forearm | (form.hand > 0.1), _MARGIN_M, collar)
    return (gap > margin) & (figure.part == 0) & ~neck
