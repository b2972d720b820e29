"""A fitted body in any pose, and what a detector would say of it."""

import numpy as np
from numpy.typing import NDArray

from pose_transfer.fit import BodyFit, fit_body, pose_unknowns, posed
from pose_transfer.landmarks import Landmarks
from retarget.body.model import INDEX, load_body

SIZE = (416, 512)
# Landmarks that are the head of a bone of another name.
_NAMES = {"index": "index.01", "little": "pinky.01", "thumb": "thumb.02"}
_STEMS = ("upper_arm", "forearm", "hand", "thigh", "shin", "foot", *_NAMES)
_HEAD = {
    "nose": (0.0, -0.13, 0.03),
    "eye.L": (0.03, -0.10, 0.07),
    "eye.R": (-0.03, -0.10, 0.07),
    "ear.L": (0.07, 0.0, 0.05),
    "ear.R": (-0.07, 0.0, 0.05),
}


def standing_person() -> BodyFit:
    """Somebody who stands with hanging arms, as fitted to the mean body's own joints."""
    body = load_body()
    depth = 4.0
    seen = {name: at - body.heads[0] for name, at in zip(INDEX, body.heads, strict=True)}
    focal = 2.2 * max(SIZE)
    middle = (np.array(SIZE) - 1.0) / 2.0

    def pixels(at: NDArray) -> NDArray:
        return middle + np.array([at[0], -at[2]]) * focal / (depth + at[1])

    eyes = {"eye.L": body.eyes[0], "eye.R": body.eyes[1], "nose": body.vertices[294]}
    points = {name: pixels(at - body.heads[0]) for name, at in eyes.items()}
    points |= {f"ear.{s}": points[f"eye.{s}"] for s in "LR"}
    world = {name: np.zeros(3) for name in points}
    for stem in _STEMS:
        for side in "LR":
            at = seen[f"{_NAMES.get(stem, stem)}.{side}"]
            points[f"{stem}.{side}"], world[f"{stem}.{side}"] = pixels(at), at
    return fit_body(Landmarks(points, dict.fromkeys(points, 1.0), world), SIZE)


def turned(fit: BodyFit, **turns: tuple[float, float, float]) -> NDArray:
    """Unknowns (N,) of the person with some bones turned further; "forearm_L" is "forearm.L"."""
    places, _ = pose_unknowns()
    unknowns = fit.unknowns.copy()
    for name, turn in turns.items():
        key = name if name in places else f"{name[:-2]}.{name[-1]}"
        unknowns[places[key]] += turn
    return unknowns


def landmarks_of(
    fit: BodyFit, unknowns: NDArray, off: dict[str, tuple[float, float]] | None = None
) -> Landmarks:
    """Landmarks of the person in a pose, some of them `off` by so many pixels."""
    positions, rotations = (values[0] for values in posed(fit, unknowns[None]))
    world = {
        name: positions[INDEX["head"]] + rotations[INDEX["head"]] @ np.array(at)
        for name, at in _HEAD.items()
    }
    for stem in _STEMS:
        for side in "LR":
            world[f"{stem}.{side}"] = positions[INDEX[f"{_NAMES.get(stem, stem)}.{side}"]]
    points = {name: fit.camera.to_pixels(at)[:2] for name, at in world.items()}
    for name, by in (off or {}).items():
        points[name] = points[name] + np.array(by)
    hips = positions[0]
    return Landmarks(
        points, dict.fromkeys(points, 1.0), {name: at - hips for name, at in world.items()}
    )


def joint_pixels(fit: BodyFit, unknowns: NDArray) -> dict[str, NDArray]:
    """Where the joints are in the picture."""
    pixels = fit.camera.to_pixels(posed(fit, unknowns[None])[0][0])
    return {name: pixels[i, :2] for name, i in INDEX.items()}
