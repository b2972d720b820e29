"""What begins with a photo, a scene or its videos: `subject`, `likeness`, `render`, `compare`."""

from pathlib import Path
from typing import Annotated

import typer

from backend.command_options import (
    PHOTO_HELP,
    Background,
    LandmarksFile,
    Overlays,
    Person,
    RenderEngine,
    Wear,
    read_size,
)
from backend.options import LikenessFormat
from backend.terminal import faults_in_one_sentence, shown_progress, tell_result, warn
from blender_addon.engines import Quality, engine_of
from blender_addon.exports.formats import ExportFormat
from blender_addon.overlays import chosen_overlays
from retarget.errors import ConductorError


def subject_command(
    photo: Annotated[Path, typer.Argument(help="Photo of a person from the front.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The .subject file to write.")],
    dress: Wear = "auto",
    person: Person = None,
    landmarks: LandmarksFile = None,
    preview: Annotated[
        Path | None, typer.Option(help="Also draw landmarks, fit, parts and poses (.png, .jpg).")
    ] = None,
    save_landmarks: Annotated[
        Path | None, typer.Option(help="Also write the landmarks (JSON), to correct and give back.")
    ] = None,
) -> None:
    """Make the person of a photo once, to look them over and to give in place of the photo."""
    with faults_in_one_sentence():
        from backend.folders import check_outputs
        from backend.subject_request import SubjectRequest, make_subject

        request = SubjectRequest(photo=photo, landmarks=landmarks, dress=dress, person=person)
        others = [path for path in (preview, save_landmarks) if path is not None]
        check_outputs(output, *others)
        with shown_progress() as progress:
            made = make_subject(
                request, output, preview=preview, landmarks_out=save_landmarks, progress=progress
            )
        tell_result(made.warnings, (output, *others))


def likeness_command(
    scene: Annotated[Path, typer.Argument(help="A .blend scene made by conduct, edited or not.")],
    photo: Annotated[Path, typer.Option(help=PHOTO_HELP)],
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="The .mp4, .mov or .webm to write, or a folder for PNG files."
        ),
    ],
    dress: Wear = "auto",
    person: Person = None,
    landmarks: LandmarksFile = None,
    background: Background = "photo",
    likeness_format: Annotated[
        LikenessFormat | None,
        typer.Option(help="What the ending of the output says, if not given."),
    ] = None,
    size: Annotated[
        str | None, typer.Option(help="Width x height; the scene's size if not given.")
    ] = None,
    overlay: Overlays = "",
) -> None:
    """Make the video of the person in the photo from a scene as it is now."""
    with faults_in_one_sentence():
        from backend.scene_videos import likeness_of_scene
        from backend.subject_request import SubjectRequest

        who = SubjectRequest(photo=photo, landmarks=landmarks, dress=dress, person=person)
        with shown_progress() as progress:
            warnings = likeness_of_scene(
                scene,
                who,
                output,
                background=background,
                format_name=likeness_format,
                size=None if size is None else read_size(size),
                overlays=chosen_overlays(overlay),
                progress=progress,
            )
        tell_result(warnings, [output])


def render_command(
    scene: Annotated[Path, typer.Argument(help="A .blend scene made by conduct, edited or not.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The .mp4 to write.")],
    quality: Annotated[
        Quality | None,
        typer.Option(
            case_sensitive=False,
            help="draft, preview or final; what the scene is set to if not given.",
        ),
    ] = None,
    engine: RenderEngine = None,
    size: Annotated[
        str | None, typer.Option(help="Width x height; the scene's size if not given.")
    ] = None,
    overlay: Overlays = "",
) -> None:
    """Make the video of the animation from a scene as it is now."""
    with faults_in_one_sentence():
        from backend.scene_videos import animation_of_scene

        with shown_progress() as progress:
            warnings = animation_of_scene(
                scene,
                output,
                engine=engine_of(quality, engine),
                tell=warn,
                size=None if size is None else read_size(size),
                overlays=chosen_overlays(overlay),
                progress=progress,
            )
        tell_result(warnings, [output])


def export_command(
    scene: Annotated[Path, typer.Argument(help="A .blend scene made by conduct, edited or not.")],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            help="The .bvh, .fbx, .glb, .gltf, .usd, .usda or .usdc to write; the music comes "
            "beside it as .wav.",
        ),
    ],
    export_format: Annotated[
        ExportFormat | None,
        typer.Option("--format", help="What the ending of the output says, if not given."),
    ] = None,
    fps: Annotated[
        float | None,
        typer.Option(
            help="Poses a second; the scene's if not given. FBX and glTF take a whole number."
        ),
    ] = None,
    armature: Annotated[
        str | None, typer.Option(help="Which armature conducts, where the scene has several.")
    ] = None,
    mesh: Annotated[bool, typer.Option(help="With what follows the skeleton, or it alone.")] = True,
    sound: Annotated[bool, typer.Option(help="With the music beside it.")] = True,
) -> None:
    """Bake the animation of a scene as it is now for other programs: BVH, FBX, glTF, USD."""
    with faults_in_one_sentence():
        from backend.scene_exports import export_of_scene

        with shown_progress() as progress:
            written, warnings = export_of_scene(
                scene,
                output,
                format_name=export_format,
                fps=fps,
                armature=armature,
                mesh=mesh,
                sound=sound,
                progress=progress,
            )
        tell_result(warnings, written)


def compare_command(
    folder: Annotated[Path, typer.Argument(help="A folder that conduct has filled.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The .mp4 to write; compare.mp4 in the folder."),
    ] = None,
) -> None:
    """Put skeleton, avatar and likeness of a finished folder side by side in one video."""
    with faults_in_one_sentence():
        from backend.compare import compare_folder

        out = output or folder / "compare.mp4"
        if out.suffix.lower() != ".mp4":
            raise ConductorError(f"{out.name} does not end like a video; let it end in .mp4.")
        with shown_progress() as progress:
            warnings = compare_folder(folder, out, progress)
        tell_result(warnings, [out])
