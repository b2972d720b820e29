"""The button that exports the animation for other programs."""

import json
import tempfile
from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from retarget.atomic import require_folder
from retarget.progress import Progress, part

from .. import backend_python
from ..chosen_armature import find_armature
from ..exports.formats import ENDINGS, FORMAT_WORDS, export_path
from ..exports.place import place_together
from ..preferences import preferences_python
from ..process import run_module, run_verb
from ..task import FixableError, session
from ..working import Work, Working

_BY_ENDING = "ENDING"
# Further files are counted, not named, when told of.
_NAMED = 2


class ExportOperator(Working):
    """Write the conducted animation, baked, for other programs, in a Blender of its own"""

    bl_idname = "virtual_conductor.export"
    bl_label = "Export"
    title = "Exporting"

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: StringProperty(default=";".join(f"*{one}" for one in ENDINGS), options={"HIDDEN"})
    format: EnumProperty(
        name="Format",
        items=[
            (_BY_ENDING, "By Its Ending", "What the ending of the file's name says"),
            *((name, label, words) for name, (label, words) in FORMAT_WORDS.items()),
        ],
        default=_BY_ENDING,
    )
    mesh: BoolProperty(
        name="Meshes", description="With what follows the skeleton; BVH has none", default=True
    )
    sound: BoolProperty(
        name="Music", description="With the music beside it, as a WAV file", default=True
    )
    _browsing = False

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Ask for a file, or begin where one is given."""
        if self.filepath or bpy.app.background:
            return super().invoke(context, event)
        blend = Path(bpy.data.filepath or "conducting.blend")
        self.filepath = str(blend.with_suffix(".fbx"))
        self._browsing = True
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, _context: Any) -> bool:
        """Have the name end as the chosen format does."""
        path = Path(self.filepath)
        if self.format in (_BY_ENDING, ENDINGS.get(path.suffix.lower())):
            return False
        bare = path.with_suffix("") if path.suffix.lower() in ENDINGS else path
        self.filepath = str(export_path(bare, self.format))
        return True

    def execute(self, context: Any) -> set[str]:
        """Begin what the file browser asks for, or do it all."""
        if not self._browsing:
            return super().execute(context)
        # The file browser ends an operator that it has called, so another goes on.
        bpy.ops.virtual_conductor.export(
            "INVOKE_DEFAULT",
            filepath=self.filepath,
            format=self.format,
            mesh=self.mesh,
            sound=self.sound,
        )
        return {"FINISHED"}

    def prepare(self, context: Any) -> Work:
        """Copy the file as it is, unsaved edits and all, for a process of its own."""
        chosen = None if self.format == _BY_ENDING else self.format
        out = export_path(Path(bpy.path.abspath(self.filepath)), chosen)
        require_folder(out)
        arguments = ["export", "--armature", find_armature(context.scene).name]
        arguments += [] if self.mesh else ["--no-mesh"]
        arguments += [] if self.sound else ["--no-sound"]
        python = _python()
        if python is not None:
            arguments += ["--python", str(python)]
        scratch = tempfile.TemporaryDirectory(prefix="virtual-conductor-")
        folder = Path(scratch.name)
        blend, made = folder / "scene.blend", folder / "made"
        made.mkdir()
        bpy.ops.wm.save_as_mainfile(
            filepath=str(blend), copy=True, relative_remap=True, check_existing=False
        )
        arguments += ["--scene", str(blend), "--out", str(made / out.name)]
        blender = Path(bpy.app.binary_path) if bpy.app.binary_path else None

        def work(progress: Progress) -> dict[str, Any]:
            exporting = part(progress, 0.0, 0.99)
            with scratch:
                if blender is not None:
                    told = run_verb(blender, arguments, exporting)
                else:
                    # Blender as a module of Python has no program to start.
                    module, options = "blender_addon.commands", [*arguments, "--parent-pipe"]
                    told = run_module(python or backend_python.find(), module, options, exporting)
                result: dict[str, Any] = json.loads(told)
                place_together(made, [Path(file) for file in result["files"]], out.parent)
            return result | {"out": str(out)}

        return work

    def finish(self, _context: Any, _scene: Any, result: Any) -> str:
        """Tell what was written."""
        session.notes = tuple(result["notes"])
        beside = [Path(file).name for file in result["files"][1:]]
        which = f"{len(beside)} files" if len(beside) > _NAMED else " and ".join(beside)
        return f"The file is {result['out']}" + (f", with {which} beside it" if beside else "")

    def cancel(self, context: Any) -> None:
        """End the work, unless no file was chosen for it."""
        if not self._browsing:
            super().cancel(context)


def _python() -> Path | None:
    """The Python of Virtual Conductor, or None: all but the music is exported without it."""
    try:
        return backend_python.find(preferences_python())
    except FixableError:
        return None
