"""The Blender extension. Importing it needs no bpy; registering it does."""

from typing import Any

_cli_commands: list[Any] = []


def register() -> None:
    """Add settings, operators, panels and the headless command to Blender."""
    import bpy

    from . import commands, properties, rig_view

    for cls in _classes():
        bpy.utils.register_class(cls)
    bpy.types.Scene.virtual_conductor = bpy.props.PointerProperty(type=properties.ConductorSettings)
    bpy.types.WindowManager.virtual_conductor_rig = bpy.props.PointerProperty(
        type=rig_view.RigTable
    )
    _cli_commands.append(bpy.utils.register_cli_command("virtual_conductor", commands.run))


def unregister() -> None:
    """Take everything back, in reverse."""
    import bpy

    from . import gallery, rig_view
    from .task import session

    if session.task is not None:
        session.task.cancel()
        session.task = None
    gallery.forget_pictures()
    rig_view.forget_views()
    while _cli_commands:
        bpy.utils.unregister_cli_command(_cli_commands.pop())
    del bpy.types.WindowManager.virtual_conductor_rig
    del bpy.types.Scene.virtual_conductor
    for cls in reversed(_classes()):
        bpy.utils.unregister_class(cls)


def _classes() -> tuple[Any, ...]:
    from . import operators, panel, preferences, properties

    return (
        properties.ConductorSettings,
        preferences.ConductorPreferences,
        preferences.CheckOperator,
        *operators.CLASSES,
        *panel.CLASSES,
    )
