"""What begins with an avatar's file: `virtual-conductor rig`."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend.command_options import RigMapFile
from backend.terminal import console, faults_in_one_sentence, tell_result

if TYPE_CHECKING:
    from backend.blender_sessions import Blender
    from backend.scenes import SceneOptions
    from retarget.errors import ConductorError


def rig_command(
    avatar: Annotated[
        Path, typer.Argument(help="A .blend, .fbx, .glb, .gltf or .vrm file with a rigged avatar.")
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="Also write which bones play which joints (.toml), to change "
            "and give back with --rig-map.",
        ),
    ] = None,
    armature: Annotated[
        str | None, typer.Option(help="Which of several armatures in the file.")
    ] = None,
    rig_map: RigMapFile = None,
) -> None:
    """Show which bones of an avatar play which joints, how sure that is, and what is odd."""
    with faults_in_one_sentence():
        from backend.blender_sessions import Blender
        from backend.folders import check_outputs
        from backend.scenes import SceneOptions, check_avatar
        from retarget.atomic import atomic_path
        from retarget.errors import ConductorError

        scene = SceneOptions(
            avatar=avatar, armature=armature, rig_map=rig_map, mute_constraints=True
        )
        if not scene.is_own:
            raise ConductorError(
                f"{avatar.name} is a person of a photo, whose bones are known; give the file of "
                "an avatar of your own."
            )
        if output is not None and output.suffix.lower() != ".toml":
            raise ConductorError(
                f"{output.name} does not end like a bone map; let it end in .toml."
            )
        check_outputs(output)
        with Blender() as blender:
            try:
                report = check_avatar(blender, scene)
            except ConductorError as fault:
                # A map of one's own is not written over.
                if output is None or rig_map is not None or output.exists():
                    raise
                raise _with_template(blender, scene, output, fault) from fault
        assert report is not None
        _show(report)
        if output is not None:
            with atomic_path(output) as part:
                part.write_text(report["map"], encoding="utf-8")
        tell_result(report["doubts"], () if output is None else (output,))


def _with_template(
    blender: "Blender", scene: "SceneOptions", output: Path, fault: "ConductorError"
) -> "ConductorError":
    """The fault itself, or where the bones are what cannot be told, with a map to fill in."""
    from backend.scenes import map_template
    from retarget.atomic import atomic_path
    from retarget.errors import ConductorError

    text = None
    with suppress(ConductorError):
        text = map_template(blender, scene)
    if text is None:
        return fault
    with atomic_path(output) as part:
        part.write_text(text, encoding="utf-8")
    return ConductorError(
        f"{fault} {output.name} is written for that, with all joints and bones: fill it in and "
        "give it with --rig-map."
    )


def _show(report: dict[str, Any]) -> None:
    """Print the joints and their bones as a table."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from retarget.joint_words import joint_words

    table = Table(
        title=Text(f"{report['armature']}: {report['label']}"), title_justify="left", box=box.SIMPLE
    )
    table.add_column("Joint")
    table.add_column("Bones", overflow="fold")
    table.add_column("Sure", justify="right")
    for joint, played in report["joints"].items():
        bones = "\n".join(", ".join(row) for row in played["bones"])
        table.add_row(joint_words(joint), Text(bones), f"{played['sure']:.0%}")
    # The table is the result, which goes to standard output.
    Console(highlight=False).print(table)
    if report["left_out"]:
        words = ", ".join(map(joint_words, report["left_out"]))
        console.print(f"Left out: {words}", markup=False, soft_wrap=True)
