"""The conducted animation of a scene, baked, as a file for other programs."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np

from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress, part
from retarget.rig import RigMap

from ..armature import fit_armature, read_rig
from ..chosen_armature import parts_of
from ..span import played_frames
from ..timeline import frame_rate
from .bones import ExportBones, choose_bones, hips_of
from .bvh import write_take
from .formats import format_of, holds_pictures, sample_rate
from .meshes import doubts_of, has_keys, is_seen, is_skinned
from .pictures import pictures_as_files
from .props import with_props
from .sound import name_sound, write_sound
from .stand_in import StandIn
from .take import read_take, sample_frames
from .writers import UNITS_IN_A_METRE, enable_exporter, write_scene

_READING: Final = 0.2
_BUILDING: Final = 0.35
_WRITTEN: Final = 0.95


@dataclass(frozen=True)
class Exported:
    """What an export has written.

    Parameters
    ----------
    files : tuple of Path
        Relative to the folder of the file that was asked for, which is the first.
    notes : tuple of str
        What the user should know of it.
    """

    files: tuple[Path, ...]
    notes: tuple[str, ...]


def export_scene(
    scene: Any,
    armature: Any,
    out: Path,
    *,
    fps: float | None = None,
    meshes: bool = True,
    sound: bool = True,
    python: Path | None = None,
    progress: Progress = no_progress,
) -> Exported:
    """Bake the conductor over the frames that are played, and write it with its music beside it.

    Time 0 of the file is the first of these frames. The file that is open is used up: its scene
    gets another one beside it, its objects other names.

    Parameters
    ----------
    scene : bpy.types.Scene
        The scene.
    armature : bpy.types.Object
        Its conductor.
    out : Path
        The file, from `export_path`, in a folder in which nothing else is.
    fps : float, optional
        Poses a second; those of the scene if not given.
    meshes : bool
        Whether what hangs on the armature is exported too; BVH has no place for it.
    sound : bool
        Whether the music is written beside it.
    python : Path, optional
        The Python of Virtual Conductor, which reads the music.
    progress : Progress
        Hears [0, 1]. What it raises while Blender's exporter runs is not heard.

    Raises
    ------
    ConductorError
        If the armature or the range cannot be exported, or the file cannot be written.
    Cancelled
        If the progress callback asked to stop.
    """
    kind = format_of(out)
    enable_exporter(kind)
    shown, played = frame_rate(scene), played_frames(scene)
    rate = sample_rate(fps or shown, kind)
    frames = sample_frames(played.start, played.stop - 1, shown, rate)
    rig_map = _map_of(armature)
    bones = _bones_of(armature, rig_map)
    parts = _parts(scene, armature)
    carried = [item for item in parts if not is_skinned(item, armature)]
    take = read_take(
        scene,
        armature,
        bones,
        frames,
        rate,
        objects=carried,
        faces=[item for item in parts if has_keys(item)] if meshes else [],
        progress=part(progress, 0.0, _READING),
    )
    take, props = with_props(take, bones, carried, armature)
    notes = _rate_notes(fps or shown, rate)
    if not take.moves:
        notes.append(
            f"Nothing moves '{armature.name}' from frame {played.start} to {played.stop - 1}, so "
            "the file shows one pose; generate first if that is not meant."
        )
    writing = part(progress, _READING, _WRITTEN)
    if kind == "bvh":
        writing(0.0, "writing the file")
        write_take(out, take, hips_of(bones, rig_map))
    else:
        writing(0.0, "putting the bones together")
        stand_in = StandIn(scene, armature, take, props, UNITS_IN_A_METRE.get(kind, 1.0))
        shown_parts = parts if meshes else []
        notes += [doubt for item in shown_parts for doubt in doubts_of(item, armature)]
        _write_with_meshes(stand_in, shown_parts, out, writing)
        notes += stand_in.lost
    if sound:
        music = out.with_suffix(".wav")
        seconds = len(played) / shown
        lost = write_sound(scene, music, seconds, python, part(progress, _WRITTEN, 1.0))
        notes += [lost] if lost is not None else []
        if out.suffix.lower() == ".usda" and music.is_file():
            name_sound(out, music.name)
    progress(1.0, "done")
    return Exported((Path(out.name), *_beside(out)), tuple(dict.fromkeys(notes)))


def _write_with_meshes(stand_in: StandIn, parts: list[Any], out: Path, progress: Progress) -> None:
    """Have Blender write a scene with what is exported alone."""
    for item in parts:
        progress(_BUILDING, "putting the meshes together")
        stand_in.add(item)
    stand_in.take_names()
    writing = part(progress, _BUILDING, 1.0)
    done = 0

    def played() -> None:
        nonlocal done
        done += 1
        writing(min(done / len(stand_in.take), 1.0), "writing the file")

    with TemporaryDirectory(dir=out.parent) as folder:
        prefix = "" if holds_pictures(out) else f"{out.stem}_"
        pictures_as_files(Path(folder), stand_in.meshes, prefix)
        writing(0.0, "writing the file")
        write_scene(out, format_of(out), played)


def _map_of(armature: Any) -> RigMap | None:
    with suppress(ConductorError):
        return fit_armature(armature).map
    return None


def _bones_of(armature: Any, rig_map: RigMap | None) -> ExportBones:
    rig = read_rig(armature)
    if not rig.bones:
        raise ConductorError(f"The armature '{armature.name}' has no bones to export.")
    deform = np.array([armature.data.bones[name].use_deform for name in rig.bones], bool)
    return choose_bones(rig, deform, rig_map)


def _parts(scene: Any, armature: Any) -> list[Any]:
    """What is seen of the conductor, in an order that does not change."""
    seen = (item for item in parts_of(scene, armature) if item.name in scene.objects)
    return sorted((item for item in seen if is_seen(item)), key=lambda item: str(item.name))


def _rate_notes(fps: float, rate: float) -> list[str]:
    if abs(rate - fps) < 1e-6 * fps:
        return []
    return [
        f"The file has {rate:g} poses a second instead of {fps:.5g}, a rate at which programs "
        "disagree on the time; the motion is as long and as fast as in the scene."
    ]


def _beside(out: Path) -> list[Path]:
    """The other files of its folder, relative to it."""
    files = sorted(path for path in out.parent.rglob("*") if path.is_file())
    return [path.relative_to(out.parent) for path in files if path != out]
