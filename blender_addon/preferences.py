"""What is set once for this computer: where Virtual Conductor itself is installed."""

import subprocess
from pathlib import Path
from typing import Any, ClassVar

import bpy
from bpy.props import StringProperty

from retarget.errors import ConductorError

from . import backend_python

_ASK_VERSION = "from importlib.metadata import version; print(version('virtual-conductor'))"
_ASK_S = 20.0
_NOT_FOUND = "Not found: choose .venv/bin/python in the folder of Virtual Conductor"


class ConductorPreferences(bpy.types.AddonPreferences):
    """The preferences of the extension."""

    bl_idname = __package__

    python: StringProperty(
        name="Python",
        description="Python in which Virtual Conductor is installed; empty looks for it",
        subtype="FILE_PATH",
    )

    def draw(self, _context: Any) -> None:
        """Show the path and what was found there."""
        layout = self.layout
        column = layout.column()
        column.use_property_split = True
        column.prop(self, "python", text="Virtual Conductor's Python")
        if not self.python:
            found = backend_python.detect()
            row = column.row()
            row.alert = found is None
            row.label(
                text=f"Found at {found}" if found else _NOT_FOUND,
                icon="CHECKMARK" if found else "ERROR",
            )
        column.operator(CheckOperator.bl_idname)


class CheckOperator(bpy.types.Operator):
    """Ask that Python which version of Virtual Conductor it has"""

    bl_idname = "virtual_conductor.check"
    bl_label = "Check"
    bl_options: ClassVar[set[str]] = {"INTERNAL"}

    def execute(self, _context: Any) -> set[str]:
        """Ask and report."""
        try:
            python = backend_python.find(preferences_python())
            version = installed_version(python)
        except ConductorError as fault:
            self.report({"ERROR"}, str(fault))
            return {"CANCELLED"}
        self.report({"INFO"}, f"Virtual Conductor {version} is ready at {python}")
        return {"FINISHED"}


def preferences_python() -> str:
    """The path in the preferences, or "" if it is empty or the extension runs without them."""
    addon = bpy.context.preferences.addons.get(__package__)
    return bpy.path.abspath(addon.preferences.python) if addon else ""


def installed_version(python: Path) -> str:
    """The version of Virtual Conductor in a Python.

    Raises
    ------
    ConductorError
        If it is no Python, or has no Virtual Conductor.
    """
    try:
        done = subprocess.run(
            # Isolated: neither Blender's environment nor the working folder may answer for it.
            [str(python), "-I", "-c", _ASK_VERSION],
            capture_output=True,
            text=True,
            timeout=_ASK_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConductorError(f"{python} is not a Python that runs; choose another.") from error
    if done.returncode != 0:
        raise ConductorError(
            f"{python} has no Virtual Conductor; choose .venv/bin/python in its folder."
        )
    return done.stdout.strip()
