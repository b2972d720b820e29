"""FBX, glTF and USD by Blender's own exporters, from a scene that holds what is exported alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import bpy

from retarget.errors import ConductorError

from .formats import FORMAT_WORDS, ExportFormat

_ADDONS: Final = {"fbx": "io_scene_fbx", "gltf": "io_scene_gltf2"}
TEXTURES: Final = "textures"
"""Folder beside the file for pictures that are not inside of it."""

UNITS_IN_A_METRE: Final[dict[ExportFormat, float]] = {"fbx": 100.0}
"""FBX counts in centimetres; written in them, no other program finds a scale on any bone."""


def enable_exporter(format_name: ExportFormat) -> None:
    """Have Blender's exporter ready, should the user have switched it off.

    Raises
    ------
    ConductorError
        If this Blender has none.
    """
    import addon_utils

    label = FORMAT_WORDS[format_name][0]
    if format_name == "usd" and not bpy.app.build_options.usd:
        raise ConductorError(
            f"This Blender was built without {label}; choose another format, or take the Blender "
            "of blender.org."
        )
    addon = _ADDONS.get(format_name)
    if addon is not None and addon_utils.enable(addon) is None:
        raise ConductorError(
            f"This Blender has no exporter for {label}; enable its add-on {addon} in the "
            "preferences, or choose another format."
        )


def write_scene(path: Path, format_name: ExportFormat, played: Callable[[], None]) -> None:
    """Write the scene of the window to a file.

    Parameters
    ----------
    path : Path
        In a folder of its own: glTF and USD put pictures beside it.
    format_name : {"fbx", "gltf", "usd"}
    played : callable
        Called for every frame that the exporter reads.

    Raises
    ------
    ConductorError
        If Blender cannot write it.
    """
    with _heard(played):
        try:
            _WRITERS[format_name](path)
        except RuntimeError as error:
            raise ConductorError(
                f"Blender could not export {path.name}: {' '.join(str(error).split())}"
            ) from error
    if not path.is_file():
        raise ConductorError(
            f"Blender could not export {path.name}; look for free disk space and try again."
        )


def _write_fbx(path: Path) -> None:
    bpy.ops.export_scene.fbx(
        filepath=str(path),
        check_existing=False,
        object_types={"ARMATURE", "MESH"},
        add_leaf_bones=False,
        use_armature_deform_only=False,
        mesh_smooth_type="OFF",
        bake_anim=True,
        bake_anim_use_all_bones=True,
        bake_anim_use_nla_strips=False,
        bake_anim_use_all_actions=False,
        bake_anim_force_startend_keying=True,
        # Dropping keys would be an error of its own.
        bake_anim_simplify_factor=0.0,
        path_mode="COPY",
        embed_textures=True,
    )


def _write_gltf(path: Path) -> None:
    binary = path.suffix.lower() == ".glb"
    bpy.ops.export_scene.gltf(
        filepath=str(path),
        check_existing=False,
        export_format="GLB" if binary else "GLTF_SEPARATE",
        export_texture_dir="" if binary else TEXTURES,
        use_active_scene=True,
        export_cameras=False,
        export_lights=False,
        export_yup=True,
        export_skins=True,
        # Four influences a vertex would bend some wrists by a centimetre.
        export_all_influences=True,
        export_morph=True,
        export_morph_normal=False,
        export_animations=True,
        export_animation_mode="ACTIVE_ACTIONS",
        export_frame_range=True,
        export_force_sampling=True,
        export_optimize_animation_size=False,
    )


def _write_usd(path: Path) -> None:
    bpy.ops.wm.usd_export(
        filepath=str(path),
        check_existing=False,
        export_animation=True,
        export_armatures=True,
        export_shapekeys=True,
        only_deform_bones=False,
        export_materials=True,
        export_textures_mode="NEW",
        relative_paths=True,
        evaluation_mode="VIEWPORT",
    )


_WRITERS: Final[dict[str, Callable[[Path], None]]] = {
    "fbx": _write_fbx,
    "gltf": _write_gltf,
    "usd": _write_usd,
}


@contextmanager
def _heard(played: Callable[[], None]) -> Iterator[None]:
    def frame(*_: Any) -> None:
        played()

    bpy.app.handlers.frame_change_post.append(frame)
    try:
        yield
    finally:
        bpy.app.handlers.frame_change_post.remove(frame)
