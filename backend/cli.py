"""The `virtual-conductor` command: thin, each verb calls one function."""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend import __version__
from backend.command_options import (
    PHOTO_HELP,
    Background,
    LandmarksFile,
    Overlays,
    Person,
    Photo,
    Size,
    Wear,
    takes_beats_request,
    takes_motion_request,
)
from backend.corpus.commands import corpus_app
from backend.evaluation.commands import evaluate_app
from backend.options import LikenessFormat, check_size
from backend.terminal import (
    INTERRUPTED,
    USER_ERROR,
    console,
    fail,
    faults_in_one_sentence,
    shown_progress,
    warn,
)
from backend.training.commands import train_app
from blender_addon.backend_python import leave_note
from blender_addon.engines import Engine, Quality, engine_of
from blender_addon.overlays import chosen_overlays
from blender_addon.staging import CameraName, StageName, Staging
from retarget.errors import ConductorError

if TYPE_CHECKING:
    from backend.beats_request import BeatsRequest
    from backend.motion_request import MotionRequest

app = typer.Typer(
    name="virtual-conductor",
    help="Music and one photo in; an editable 3D conductor and a video of that person out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

app.add_typer(corpus_app)
app.add_typer(train_app)
app.add_typer(evaluate_app)

# Every fault of a command line is one; typer exports only this kind of them.
_UsageError: Any = typer.BadParameter.__base__


@app.command("conduct")
@takes_motion_request
def conduct_command(
    request: "MotionRequest",
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")],
    size: Size = "960x540",
    quality: Annotated[
        Quality | None,
        typer.Option(
            case_sensitive=False,
            help="draft (the usual one): plain and fast; preview: lit, for a graphics card; "
            "final: finest and slowest.",
        ),
    ] = None,
    engine: Annotated[
        Engine | None,
        typer.Option(
            case_sensitive=False, help="The render engine by name, in place of a quality."
        ),
    ] = None,
    avatar: Annotated[
        str | None,
        typer.Option(
            help="Who conducts in the scene: viktor, aiko, ruth or marcus; a .blend file with your "
            "own rigged avatar, a .subject file, or the word photo: the person of the photo."
        ),
    ] = None,
    stage: Annotated[
        StageName | None,
        typer.Option(
            case_sensitive=False,
            help="hall (the usual one), rehearsal or studio: the set and its light; a .blend file "
            "with a camera gets none if not given.",
        ),
    ] = None,
    camera: Annotated[
        CameraName | None,
        typer.Option(
            case_sensitive=False,
            help="front (the usual one), three-quarter, hall or hands; an avatar's .blend file "
            "with a camera keeps its own if not given.",
        ),
    ] = None,
    camera_move: Annotated[
        bool, typer.Option("--camera-move", help="Move the camera slowly, from phrase to phrase.")
    ] = False,
    photo: Photo = None,
    dress: Wear = "auto",
    person: Person = None,
    landmarks: LandmarksFile = None,
    background: Background = "photo",
    likeness_format: Annotated[
        LikenessFormat,
        typer.Option(help="mp4; prores, vp9 or png (a folder) may be transparent."),
    ] = "mp4",
    no_likeness: Annotated[
        bool, typer.Option("--no-likeness", help="Leave out the video of the photo.")
    ] = False,
    overlay: Overlays = "",
    compare: Annotated[
        bool,
        typer.Option(
            "--compare", help="Also put skeleton, avatar and likeness side by side in one video."
        ),
    ] = False,
) -> None:
    """Make the motion, the Blender scene, its video, and the video of the person in the photo."""
    from backend.pipeline import Extras, Look, conduct_everything
    from backend.scenes import SceneOptions
    from backend.subject_request import SubjectRequest
    from backend.unused_options import unused_without_likeness
    from retarget.conductor_asset import chosen_avatar

    who = None
    meant = _meant_for_photo(dress, person, landmarks, background, likeness_format)
    if photo is not None:
        who = SubjectRequest(photo=photo, landmarks=landmarks, dress=dress, person=person)
    elif given := next((name for name, is_given in meant.items() if is_given), None):
        raise ConductorError(f"{given} is about the person of a photo; give --photo too.")
    if avatar is not None and avatar.lower() == "photo":
        avatar = "photo"
    if no_likeness:
        meant = {"--photo": photo is not None} | meant
        for sentence in unused_without_likeness(meant, avatar_is_photo=avatar == "photo"):
            warn(sentence)
    chosen = avatar if avatar in (None, "photo") else chosen_avatar(avatar)
    extras = Extras(chosen_overlays(overlay), compare)
    renderer = engine_of(quality, engine) or "workbench"
    staging = Staging(stage, camera, camera_move)
    scene = SceneOptions(read_size(size), renderer, chosen, staging)
    with shown_progress() as progress:
        report = conduct_everything(
            request,
            output,
            person=who,
            likeness=None if no_likeness else Look(background, likeness_format),
            scene=scene,
            tell=warn,
            extras=extras,
            progress=progress,
        )
    for sentence in report.warnings:
        warn(sentence)
    for path in report.files:
        typer.echo(path)


@app.command("motion")
@takes_motion_request
def motion_command(
    request: "MotionRequest",
    output: Annotated[Path, typer.Option("--output", "-o", help="A .npz, .bvh or .csv file.")],
    save_beats: Annotated[
        Path | None, typer.Option(help="Also write the beat table, to edit and give back.")
    ] = None,
) -> None:
    """Make the motion alone: keyframes for other programs.

    Beside .bvh and .csv, which hold the body, the face is written as NAME.face.csv.
    """
    from backend.cache_folder import user_cache
    from backend.folders import check_outputs
    from backend.motion_request import make_motion
    from retarget.formats import write_bvh, write_csv, write_face_csv
    from retarget.motion import Motion

    writers: dict[str, Any] = {
        ".npz": Motion.save,
        ".bvh": write_bvh,
        ".csv": write_csv,
    }
    writer = writers.get(output.suffix.lower())
    if writer is None:
        raise ConductorError(
            f"{output.name} has no known ending; name the output .npz, .bvh or .csv."
        )
    check_outputs(output, save_beats)
    with shown_progress() as progress:
        made = make_motion(request, progress, user_cache())
        writer(made.motion, output)
        if save_beats is not None:
            made.grid.save(save_beats)
        written = [output]
        if output.suffix.lower() != ".npz" and made.motion.face_names:
            written.append(output.with_suffix(".face.csv"))
            write_face_csv(made.motion, written[-1])
    for sentence in made.warnings:
        warn(sentence)
    for path in written:
        typer.echo(path)


@app.command("beats")
@takes_beats_request
def beats_command(
    request: "BeatsRequest",
    output: Annotated[Path, typer.Option("--output", "-o", help="The beat table to write (.txt).")],
    clicks: Annotated[
        Path | None,
        typer.Option(help="Also write the music with a click on each beat (.wav, .flac, .ogg)."),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="Also draw onsets, beats, bars and tempo (.png).")
    ] = None,
) -> None:
    """Find the beats alone, to be checked by ear and by eye, edited and given back with --beats."""
    from backend.beat_check.check import check_beats
    from backend.cache_folder import user_cache

    with shown_progress() as progress:
        summary, warnings = check_beats(
            request, output, clicks=clicks, picture=picture, progress=progress, kept=user_cache()
        )
    console.print(summary, markup=False, soft_wrap=True)
    for sentence in warnings:
        warn(sentence)
    for path in (output, clicks, picture):
        if path is not None:
            typer.echo(path)


@app.command("subject")
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
        for sentence in made.warnings:
            warn(sentence)
        for path in (output, *others):
            typer.echo(path)


@app.command("likeness")
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
        for sentence in warnings:
            warn(sentence)
        typer.echo(output)


@app.command("render")
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
    engine: Annotated[
        Engine | None,
        typer.Option(
            case_sensitive=False, help="The render engine by name, in place of a quality."
        ),
    ] = None,
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
        for sentence in warnings:
            warn(sentence)
        typer.echo(output)


@app.command("compare")
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
        for sentence in warnings:
            warn(sentence)
        typer.echo(out)


@app.command("serve")
def serve_command(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    state: Annotated[
        Path | None, typer.Option(help="Folder of the queue; the user's own if not given.")
    ] = None,
    idle: Annotated[
        float, typer.Option(help="End after this many seconds without work or visitors.")
    ] = 600.0,
    stop: Annotated[bool, typer.Option("--stop", help="Stop the running server.")] = False,
    status: Annotated[bool, typer.Option("--status", help="Say whether one runs.")] = False,
) -> None:
    """Run the local server the Blender panel talks to."""
    with faults_in_one_sentence():
        import backend.server.run as run

        if stop and status:
            raise ConductorError("--stop and --status are two commands; give one of the two.")
        if stop:
            run.stop(state)
        elif status:
            run.status(state)
        else:
            raise typer.Exit(run.serve(port=port, state=state, idle_timeout_s=idle))


@app.command("doctor")
def doctor_command() -> None:
    """Check every part and say how to mend what is missing."""
    with faults_in_one_sentence():
        from backend.doctor import examine, show

        findings = examine()
        show(findings, console)
        if not all(finding.ok for finding in findings):
            raise typer.Exit(1)


def _meant_for_photo(
    dress: str, person: int | None, landmarks: Path | None, background: str, likeness_format: str
) -> dict[str, bool]:
    """The options that say something of the person of a photo, and whether each was given."""
    return {
        "--person": person is not None,
        "--dress": dress != "auto",
        "--landmarks": landmarks is not None,
        "--background": background != "photo",
        "--likeness-format": likeness_format != "mp4",
    }


def read_size(text: str) -> tuple[int, int]:
    """Read "960x540".

    Raises
    ------
    ConductorError
        If it is no size, odd, or out of range.
    """
    match = re.fullmatch(r"\s*(\d+)\s*[x×X]\s*(\d+)\s*", text)
    if match is None:
        raise ConductorError(f"'{text}' is not a size; write it like 960x540.")
    size = int(match[1]), int(match[2])
    check_size(size)
    return size


def _version(value: bool) -> None:
    if value:
        typer.echo(f"virtual-conductor {__version__}")
        raise typer.Exit


@app.callback()
def common(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Music and one photo in; an editable 3D conductor and a video of that person out."""
    leave_note()


def main() -> None:
    """Entry point of the `virtual-conductor` command."""
    try:
        sys.exit(app(standalone_mode=False))
    except _UsageError as error:
        words = error.format_message().replace("Value error, ", "").rstrip(".")
        if not words:
            # The help has been printed instead.
            sys.exit(USER_ERROR)
        fail(f"{words}; see --help.")
    except typer.Abort:
        sys.exit(INTERRUPTED)
