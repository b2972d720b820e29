"""A .blend file from elsewhere is read, never run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

SCRIPT = """
from pathlib import Path
from blender_addon.blend_file import open_scene
text = bpy.data.texts.new("startup.py")
text.write(f"open({marker!r}, 'w').close()")
text.use_module = True
bpy.ops.wm.save_as_mainfile(filepath=avatar)
bpy.context.preferences.filepaths.use_scripts_auto_execute = True
open_scene(Path(avatar))
answer = ["startup.py" in bpy.data.texts, Path(marker).exists()]
"""


def test_text_block_in_an_avatar_does_not_run_whatever_the_users_settings(
    run_in_blender: Callable[..., Any], tmp_path: Path
) -> None:
    avatar, marker = str(tmp_path / "avatar.blend"), str(tmp_path / "it ran")
    assert run_in_blender(SCRIPT, avatar=avatar, marker=marker) == [True, False]
