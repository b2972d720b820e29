"""People who were never there: photos and gesturing videos of them, with the whole truth.

For the measures of the likeness. Everybody is a folder of its own:

    photo.png        832 × 1024
    photo_parts.png  which part each pixel is, twice as large; colours below
    photo.npz        the truth of the photo: a guide of one frame (`retarget.guide.Guide`)
    frames/000001.png …, parts/000001.png …, guide.npz
                     the same of the video, 416 × 512; its first frame has the photo's pose
    person.json      frame rate, what the person is, joints and points of the face in pixels

Parts are `retarget.character.PARTS`; part k has the colour whose channels are the bits of k + 1
(red 1, green 2, blue 4), and black is nobody.
"""

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import bpy
import numpy as np

from retarget import rotation, skeleton
from retarget.atomic import atomic_path
from retarget.character import PARTS
from retarget.errors import ConductorError
from retarget.guide import Guide
from retarget.progress import Progress, no_progress, part
from retarget.rotation import Array

from ..guide_export import export_guide
from ..render import render_frames, render_still
from ..stage.looks import setup_render
from ..stage.materials import Colour
from .places import LIGHTS, WALLS, build_set
from .pose import POSES, BodyPose, gesture, set_pose, solve_pose
from .wear import COLOURS, HAIRS, PATTERNS, SKINS, WEARS, Build, Wear, create_person

PHOTO_SIZE: Final = (832, 1024)
VIDEO_SIZE: Final = (416, 512)
FPS: Final = 16
FINENESS: Final = 2
"""How many pixels of a part picture lie along one of the picture's."""

_PHOTO_SAMPLES, _VIDEO_SAMPLES = 4, 3
_TABLE: Final = Path(__file__).with_name("people.toml")
# Where BlazePose sees the corners of the mouth, in the head joint's frame (`skeleton.FACE_POINTS`).
_MOUTH: Final = {"mouth.L": (0.024, -0.082, 0.028), "mouth.R": (-0.024, -0.082, 0.028)}
_PART_OF: Final = {
    **dict.fromkeys(("hips", "spine", "chest"), "trunk"),
    **dict.fromkeys(("neck", "head"), "head"),
    **dict.fromkeys(("thigh", "shin", "foot"), "legs"),
    "clavicle": "trunk",
    "upper_arm": "arm",
    "forearm": "arm",
}


@dataclass(frozen=True)
class Person:
    """Everything one person is drawn from."""

    name: str
    wear: Wear
    build: Build
    pose: BodyPose
    turn: float
    wall: str
    wall_colour: Colour
    light: str
    shows: str
    lens: float


def render_people(
    folder: Path,
    *,
    count: int,
    seed: int,
    frames: int = 24,
    progress: Progress = no_progress,
) -> None:
    """Render people to folders below `folder`; those that are there whole are left alone.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    count : int
        How many, at least 1; the table's people come first, then all again, drawn anew.
    seed : int
        Of everything the table leaves open.
    frames : int
        Length of each video; 0 renders the photos alone.

    Raises
    ------
    ConductorError
        If the numbers are out of range or a file cannot be written.
    """
    if count < 1 or frames < 0:
        raise ConductorError("Give at least one person, and no less than 0 frames.")
    for k, person in enumerate(_people(count, seed)):
        step = part(progress, k / count, (k + 1) / count)
        _render_person(folder / person.name, person, frames, seed + k, step)
    progress(1.0, "rendering people")


def _people(count: int, seed: int) -> Iterator[Person]:
    table = list(tomllib.loads(_TABLE.read_text(encoding="utf-8")).items())
    for k in range(count):
        name, row = table[k % len(table)]
        generator = np.random.default_rng((seed, k))
        yield _drawn(f"{k + 1:02d}_{name}", row, generator)


def _drawn(name: str, row: dict[str, Any], generator: np.random.Generator) -> Person:
    """A row of the table, what it leaves open drawn."""

    def pick(key: str, choices: Any) -> Any:
        choice = list(choices)[int(generator.integers(len(choices)))]
        return row.get(key, choice)

    wear = pick("wear", WEARS)
    hair = pick("hair", ("swept", "short"))
    colour = COLOURS[pick("colour", COLOURS)]
    second = COLOURS[pick("second", ("cream", "wine", "navy", "white", "charcoal"))]
    clothes = Wear(
        kind=wear,
        hair=hair,
        pattern=row.get("pattern", "plain"),
        colour=colour,
        second=second,
        trousers=COLOURS[pick("trousers", ("charcoal", "navy", "sand", "forest", "grey"))],
        skin=SKINS[int(generator.integers(len(SKINS)))],
        hair_colour=HAIRS[pick("hair_colour", ("black", "brown", "chestnut", "blond"))],
    )
    assert clothes.pattern in PATTERNS
    build = Build(**row["build"]) if "build" in row else Build(
        height=float(generator.uniform(0.94, 1.06)), breadth=float(generator.uniform(0.92, 1.10))
    )  # fmt: skip
    pose = POSES[row["pose"]]
    pose = replace(
        pose,
        stoop=float(np.radians(row.get("stoop", 0.0))),
        turn=float(generator.uniform(-0.10, 0.10)),
        nod=float(generator.uniform(-0.02, 0.06)),
    )
    return Person(
        name=name,
        wear=clothes,
        build=build,
        pose=pose,
        turn=float(np.radians(row.get("turn", generator.uniform(-6.0, 6.0)))),
        wall=pick("wall", WALLS),
        wall_colour=COLOURS[pick("wall_colour", ("sky", "sand", "grey", "cream", "forest"))],
        light=pick("light", LIGHTS),
        shows=row.get("shows", "whole"),
        lens=float(generator.uniform(50.0, 80.0)),
    )


def _render_person(
    folder: Path, person: Person, frames: int, seed: int, progress: Progress
) -> None:
    done = folder / "person.json"
    if done.is_file() and json.loads(done.read_text(encoding="utf-8"))["frames"] == frames:
        return
    progress(0.0, "rendering people")
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)
    scene = bpy.context.scene
    armature = create_person(scene, person.wear, person.build)
    armature.rotation_euler = (0.0, 0.0, person.turn)
    build_set(
        scene,
        wall=person.wall,
        colour=person.wall_colour,
        light=person.light,
        shows=person.shows,
        height=person.build.height,
        size=PHOTO_SIZE,
        lens=person.lens,
        seated=person.pose.seated,
    )
    generator = np.random.default_rng((seed, 1))
    poses = gesture(person.pose, max(frames, 1), generator)
    _animate(scene, armature, poses, person.build)
    _colour_parts(armature)
    folder.mkdir(parents=True, exist_ok=True)
    scene.frame_set(1)
    _prepare(scene, PHOTO_SIZE, _PHOTO_SAMPLES)
    render_still(scene, folder / "photo.png")
    with _parts_only(scene, armature, PHOTO_SIZE):
        render_still(scene, folder / "photo_parts.png")
    progress(0.3, "rendering people")
    points = {"photo": _truth(scene, armature, person, folder / "photo.npz", PHOTO_SIZE, 1)}
    if frames:
        _prepare(scene, VIDEO_SIZE, _VIDEO_SAMPLES)
        render_frames(
            scene,
            folder / "frames",
            numbers=range(1, frames + 1),
            progress=part(progress, 0.3, 0.8),
        )
        with _parts_only(scene, armature, VIDEO_SIZE):
            render_frames(
                scene,
                folder / "parts",
                numbers=range(1, frames + 1),
                progress=part(progress, 0.8, 1.0),
            )
        points["video"] = _truth(scene, armature, person, folder / "guide.npz", VIDEO_SIZE, frames)
    about = {
        "name": person.name,
        "frames": frames,
        "fps": FPS,
        "wear": person.wear.kind,
        "parts": list(PARTS),
        "points": points,
    }
    with atomic_path(done) as temporary:
        temporary.write_text(json.dumps(about) + "\n", encoding="utf-8")


def _animate(scene: Any, armature: Any, poses: list[BodyPose], build: Build) -> None:
    """One pose a frame, from frame 1."""
    scene.render.fps, scene.render.fps_base = FPS, 1.0
    scene.frame_start, scene.frame_end = 1, len(poses)
    bones = armature.data.bones
    heads = {bone.name: np.array(bone.head_local) for bone in bones}
    tails = {bone.name: np.array(bone.tail_local) for bone in bones}
    for frame, pose in enumerate(poses, start=1):
        set_pose(armature, *solve_pose(pose, heads, tails, build.reshape))
        for bone in armature.pose.bones:
            bone.keyframe_insert("rotation_quaternion", frame=frame)
            if bone.parent is None:
                bone.keyframe_insert("location", frame=frame)


def _prepare(scene: Any, size: tuple[int, int], samples: int) -> None:
    setup_render(scene, engine="cycles", size=size)
    scene.cycles.samples = samples
    scene.cycles.use_adaptive_sampling = False


def _colour_parts(armature: Any) -> None:
    """Give every face the colour of its part, as a colour attribute."""
    for thing in armature.children:
        mesh = thing.data
        groups = [_part_of(group.name) for group in thing.vertex_groups]
        shares = np.zeros((len(mesh.vertices), len(PARTS)))
        for i, vertex in enumerate(mesh.vertices):
            for group in vertex.groups:
                shares[i, groups[group.group]] += group.weight
        sizes = np.empty(len(mesh.polygons), np.int32)
        mesh.polygons.foreach_get("loop_total", sizes)
        corners = np.empty(len(mesh.loops), np.int32)
        mesh.loops.foreach_get("vertex_index", corners)
        starts = np.r_[0, np.cumsum(sizes)[:-1]]
        number = np.add.reduceat(shares[corners], starts, axis=0).argmax(axis=1) + 1
        bits = (number[:, None] >> np.arange(3)) & 1
        colours = np.concatenate([bits, np.ones((len(bits), 1))], axis=1)
        layer = mesh.color_attributes.new("part", "BYTE_COLOR", "CORNER")
        layer.data.foreach_set(
            "color", np.repeat(colours, sizes, axis=0).astype(np.float32).ravel()
        )
        mesh.color_attributes.active_color = layer


def _part_of(bone: str) -> int:
    stem, _, side = bone.partition(".")
    name = _PART_OF.get(stem, "hand")
    return PARTS.index(f"{name}.{side[-1]}" if name in ("arm", "hand") else name)


@contextmanager
def _parts_only(scene: Any, armature: Any, size: tuple[int, int]) -> Iterator[None]:
    """Workbench shows the parts' flat colours on black, everything else hidden."""
    setup_render(scene, engine="workbench", size=(FINENESS * size[0], FINENESS * size[1]))
    display, shading = scene.display, scene.display.shading
    display.render_aa = "OFF"
    shading.light, shading.color_type = "FLAT", "VERTEX"
    shading.background_type, shading.background_color = "VIEWPORT", (0.0, 0.0, 0.0)
    scene.render.dither_intensity = 0.0
    world, scene.world = scene.world, None
    hidden = [o for o in scene.objects if o.type == "MESH" and o.parent is not armature]
    for thing in hidden:
        thing.hide_render = True
    try:
        yield
    finally:
        scene.world = world
        for thing in hidden:
            thing.hide_render = False


def _truth(
    scene: Any, armature: Any, person: Person, path: Path, size: tuple[int, int], frames: int
) -> dict[str, list[list[float]]]:
    """Write the guide; returns joints and points of the face in pixels, from pixel middles."""
    scene.render.resolution_x, scene.render.resolution_y = size
    scene.frame_end = frames
    guide = export_guide(scene, armature)
    guide.save(path)
    places = {name: guide.positions[:, j] for j, name in enumerate(skeleton.NAMES)}
    head = skeleton.INDEX["head"]
    scale = person.build.height * person.build.head
    for name, offset in {**skeleton.FACE_POINTS, **_MOUTH}.items():
        away = rotation.rotate(guide.rotations[:, head], np.asarray(offset) * scale)
        places[name] = guide.positions[:, head] + away
    shown = {name: at for name, at in places.items() if not name.startswith("baton")}
    pixels = _to_pixels(guide, np.stack(list(shown.values()), axis=1))
    return {name: np.round(pixels[:, k], 2).tolist() for k, name in enumerate(shown)}


def _to_pixels(guide: Guide, points: Array) -> Array:
    # Guides count from the picture's edge, photos from the middle of the first pixel.
    return guide.to_pixels(points)[..., :2] - 0.5
