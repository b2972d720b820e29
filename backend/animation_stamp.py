"""What an animation's video shows, as one digest: what has it already is not rendered anew."""

import hashlib
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from backend.content_hash import hash_of_conductor, hash_of_scenes
from backend.motion_request import MotionRequest
from backend.scenes import SceneOptions
from blender_addon.gltf_files import files_beside


def stamp_of(
    motion: Path, request: MotionRequest, scene: SceneOptions, own: dict[str, Any] | None
) -> str:
    """The digest of an animation that `conduct` makes.

    Parameters
    ----------
    motion : Path
        The motion file.
    request : MotionRequest
        The music and its stretch.
    scene : SceneOptions
        How the scene is made and seen.
    own : dict, optional
        What `check_avatar` says of the user's own scene.
    """
    digest = hashlib.sha256(motion.read_bytes())
    with request.music.open("rb") as music:
        digest.update(hashlib.file_digest(music, "sha256").digest())
    digest.update(repr((request.start, request.duration, request.audio_track)).encode())
    if isinstance(scene.avatar, Path):
        for file in (scene.avatar, *files_beside(scene.avatar)):
            digest.update(file.read_bytes() if file.is_file() else b"")
    else:
        digest.update(hash_of_conductor(scene.avatar).encode())
    if scene.rig_map is not None:
        digest.update(scene.rig_map.read_bytes())
    for used in own["files"] if own else ():
        state = Path(used).stat()
        digest.update(repr((used, state.st_size, state.st_mtime_ns)).encode())
    seen = replace(scene, avatar=None, rig_map=None)
    digest.update(repr((seen, hash_of_scenes(), version("bpy"))).encode())
    return digest.hexdigest()
