"""What begins with music: `virtual-conductor conduct`, `motion` and `beats`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backend.command_options import (
    Background,
    LandmarksFile,
    Overlays,
    Person,
    Photo,
    RenderEngine,
    RigMapFile,
    Size,
    Wear,
    read_size,
    takes_beats_request,
    takes_motion_request,
)
from backend.options import LikenessFormat
from backend.terminal import console, shown_progress, tell_result, warn
from blender_addon.engines import Quality, engine_of
from blender_addon.outputs import Output
from blender_addon.overlays import chosen_overlays
from blender_addon.staging import CameraName, StageName, Staging
from retarget.errors import ConductorError

if TYPE_CHECKING:
    from backend.beats_request import BeatsRequest
    from backend.motion_request import MotionRequest


@takes_motion_request
def conduct_command(
    request: "MotionRequest",
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")],
    size: Size = None,
    quality: Annotated[
        Quality | None,
        typer.Option(
            case_sensitive=False,
            help="draft (the usual one): plain and fast; preview: lit, for a graphics card; "
            "final: finest and slowest. Your own avatar's scene is rendered as it is set up if not "
            "given.",
        ),
    ] = None,
    engine: RenderEngine = None,
    avatar: Annotated[
        str | None,
        typer.Option(
            help="Who conducts in the scene: viktor, aiko, ruth or marcus; a .blend, .fbx, .glb, "
            ".gltf or .vrm file with your own rigged avatar, a .subject file, or the word photo: "
            "the person of the photo."
        ),
    ] = None,
    no_baton: Annotated[
        bool, typer.Option("--no-baton", help="Leave the conductor's right hand empty.")
    ] = False,
    armature: Annotated[
        str | None, typer.Option(help="Which of several armatures in the avatar's file conducts.")
    ] = None,
    rig_map: RigMapFile = None,
    rig_output: Annotated[
        Output | None,
        typer.Option(
            case_sensitive=False,
            help="What of arms and legs of your own avatar is keyed: fk: the bones; ik: targets "
            "and poles of inverse kinematics; auto (the usual one): targets where they lead.",
        ),
    ] = None,
    mute_constraints: Annotated[
        bool,
        typer.Option(
            "--mute-constraints",
            help="Mute constraints of your own avatar that would turn bones away from the motion.",
        ),
    ] = False,
    set_range: Annotated[
        bool,
        typer.Option(
            "--set-range",
            help="Give your own avatar's scene the frame rate and range of the performance, "
            "instead of only previewing its frames.",
        ),
    ] = False,
    stage: Annotated[
        StageName | None,
        typer.Option(
            case_sensitive=False,
            help="hall (the usual one), rehearsal or studio: the set and its light; an avatar's "
            "file with a camera gets none if not given.",
        ),
    ] = None,
    camera: Annotated[
        CameraName | None,
        typer.Option(
            case_sensitive=False,
            help="front (the usual one), three-quarter, hall or hands; an avatar's file with a "
            "camera keeps its own if not given.",
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
    scene = SceneOptions(
        size=None if size is None else read_size(size),
        engine=engine_of(quality, engine),
        avatar=chosen,
        armature=armature,
        rig_map=rig_map,
        rig_output=rig_output,
        mute_constraints=mute_constraints,
        set_range=set_range,
        staging=Staging(stage, camera, camera_move),
        baton=not no_baton,
    )
    meant = {
        "--armature": armature is not None,
        "--rig-map": rig_map is not None,
        "--rig-output": rig_output is not None,
        "--mute-constraints": mute_constraints,
        "--set-range": set_range,
    }
    if not scene.is_own and (given := next((one for one in meant if meant[one]), None)):
        raise ConductorError(f"{given} is about an avatar's own file; give --avatar FILE too.")
    told: list[str] = []

    def tell(sentence: str) -> None:
        told.append(sentence)
        warn(sentence)

    with shown_progress() as progress:
        report = conduct_everything(
            request,
            output,
            person=who,
            likeness=None if no_likeness else Look(background, likeness_format),
            scene=scene,
            tell=tell,
            extras=extras,
            progress=progress,
        )
    tell_result([one for one in report.warnings if one not in told], report.files)


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
    tell_result(made.warnings, written)


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
    tell_result(warnings, [path for path in (output, clicks, picture) if path is not None])


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
