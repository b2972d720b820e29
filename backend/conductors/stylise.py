"""What makes a face a character's: larger eyes, and the mood that it has at rest."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from retarget.rotation import Array

from .eyes import eyeball
from .paint import smooth
from .parts import Figure, Shape

# From the middle of an eye, in its radii: all within grows as the eye does, nothing beyond.
_EYE_REACH: Final = (1.15, 3.4)


def in_mood(figure: Figure, mood: Mapping[str, float]) -> Figure:
    """The figure with some of its facial actions, each [0, 1], in its face at rest."""
    vertices = figure.vertices.copy()
    for action, share in mood.items():
        shape = figure.shapes[action]
        vertices[shape.vertices] += share * shape.offsets
    return replace(figure, vertices=vertices)


def large_eyed(figure: Figure, growth: float) -> Figure:
    """The figure with eyes `growth` times as large, the face about them made room."""
    vertices = figure.vertices.copy()
    local: Array = np.ones(len(vertices))
    for ball in (eyeball(figure, "L"), eyeball(figure, "R")):
        away = figure.vertices - ball.centre
        distance = np.linalg.norm(away, axis=1) / ball.radius
        share = 1.0 + (growth - 1.0) * smooth(_EYE_REACH[1], _EYE_REACH[0], distance)
        vertices += (share - 1.0)[:, None] * away
        local *= share
    shapes = {
        name: Shape(shape.vertices, local[shape.vertices, None] * shape.offsets)
        for name, shape in figure.shapes.items()
    }
    return replace(figure, vertices=vertices, shapes=shapes)
