"""The light of each stage: a key that models the face, a fill, rims that part it from the dark."""

from dataclasses import dataclass
from typing import Any, Final

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ..staging import StageName
from .cameras import look_along
from .materials import Colour, linear
from .place import Place

Point = tuple[float, float, float]
_FACE: Final = np.array([0.0, -0.05, 1.40])


@dataclass(frozen=True)
class Lamp:
    """An area light that looks at the conductor's face.

    Parameters
    ----------
    name : str
        Of the object.
    where : (3,) tuple
        Canonical metres.
    size : float
        Side of its square, metres.
    watts : float
        For a conductor of the usual size.
    colour : (r, g, b)
        Linear.
    aim : (3,) tuple, optional
        What it looks at instead, canonical metres.
    """

    name: str
    where: Point
    size: float
    watts: float
    colour: Colour
    aim: Point | None = None


@dataclass(frozen=True)
class Mood:
    """The lamps and the light from all round."""

    lamps: tuple[Lamp, ...]
    world: Colour
    """sRGB."""
    strength: float


MOODS: Final[dict[StageName, Mood]] = {
    "hall": Mood(
        (
            Lamp("Key", (-2.2, -2.8, 3.3), 1.1, 72.0, (1.0, 0.90, 0.76)),
            Lamp("Fill", (2.8, -2.8, 1.7), 2.4, 17.0, (1.0, 0.92, 0.84)),
            Lamp("Rim", (1.5, 2.2, 3.5), 0.7, 200.0, (1.0, 0.88, 0.70)),
            Lamp("Rim 2", (-1.9, 1.9, 2.9), 0.7, 120.0, (0.80, 0.88, 1.0)),
            Lamp("Stage Light", (0.0, -4.5, 6.5), 5.0, 620.0, (1.0, 0.88, 0.72), (0.0, -4.6, 0.0)),
        ),
        (0.30, 0.25, 0.23),
        0.35,
    ),
    "rehearsal": Mood(
        (
            Lamp("Key", (-3.4, -2.0, 2.8), 1.8, 112.0, (0.92, 0.96, 1.0)),
            Lamp("Fill", (3.0, -2.8, 2.0), 2.8, 36.0, (1.0, 0.93, 0.84)),
            Lamp("Rim", (-2.4, 2.4, 3.0), 1.0, 130.0, (0.95, 0.98, 1.0)),
            Lamp("Room", (0.0, -1.5, 4.3), 4.0, 120.0, (1.0, 0.96, 0.90), (0.0, -1.5, 0.0)),
        ),
        (0.62, 0.64, 0.66),
        0.38,
    ),
    "studio": Mood(
        (
            Lamp("Key", (-2.2, -2.7, 3.1), 1.4, 92.0, (1.0, 0.95, 0.89)),
            Lamp("Fill", (2.9, -2.6, 1.8), 2.6, 32.0, (0.88, 0.93, 1.0)),
            Lamp("Rim", (1.6, 2.1, 3.2), 0.8, 160.0, (0.92, 0.96, 1.0)),
            Lamp("Rim 2", (-1.9, 2.0, 2.6), 0.8, 90.0, (1.0, 0.95, 0.88)),
        ),
        (0.50, 0.52, 0.55),
        0.38,
    ),
}


def add_lights(collection: Any, stage: StageName, place: Place) -> tuple[Any, ...]:
    """Light a stage for the conductor's place and size; returns the lights."""
    return tuple(_add_lamp(collection, lamp, place) for lamp in MOODS[stage].lamps)


def create_world(name: str, stage: StageName) -> Any:
    """A world with a stage's dim light from all round."""
    mood = MOODS[stage]
    world = bpy.data.worlds.new(name)
    colour = linear(mood.world)
    world.color = colour[:3]
    world.use_nodes = True
    background = next(n for n in world.node_tree.nodes if n.type == "BACKGROUND")
    background.inputs["Color"].default_value = colour
    background.inputs["Strength"].default_value = mood.strength
    return world


def _add_lamp(collection: Any, lamp: Lamp, place: Place) -> Any:
    data = bpy.data.lights.new(lamp.name, "AREA")
    # Light falls with the square of the distance.
    data.size, data.energy = lamp.size * place.scale, lamp.watts * place.scale**2
    data.color = lamp.colour
    light = bpy.data.objects.new(lamp.name, data)
    collection.objects.link(light)
    where = np.array(lamp.where)
    aim = _FACE if lamp.aim is None else np.array(lamp.aim)
    away = where - aim
    # One that looks straight down has no level.
    turn = look_along(away + np.array([0.0, 1e-3, 0.0]))
    light.matrix_world = Matrix.LocRotScale(
        Vector(place.world(where)), Matrix(place.turn @ turn).to_quaternion(), None
    )
    return light
