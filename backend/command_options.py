"""Options that several verbs of the command share, each told once."""

import functools
import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from backend.options import Dress, HearingOptions, MotionOptions, check_size
from backend.terminal import faults_in_one_sentence, warn
from blender_addon.engines import Engine
from retarget.errors import ConductorError

if TYPE_CHECKING:
    from backend.beats_request import BeatsRequest

PHOTO_HELP: Final = "Photo of a person from the front, or a .subject file made of one."
Photo = Annotated[Path | None, typer.Option(help=PHOTO_HELP)]
Wear = Annotated[
    Dress,
    typer.Option(
        help="photo: as photographed; concert: a tailcoat; gown: a black gown; auto: a tailcoat "
        "where the photo's own clothes cannot be completed."
    ),
]
Person = Annotated[
    int | None, typer.Option(help="Which of several people, counted from the left: 1, 2, …")
]
LandmarksFile = Annotated[
    Path | None, typer.Option(help="Corrected landmarks of the photo (subject --save-landmarks).")
]
Background = Annotated[
    str,
    typer.Option(
        help="Behind the person: photo, blur, stage, studio, alpha (transparent), a colour like "
        "#334455, or a picture file."
    ),
]
Overlays = Annotated[
    str,
    typer.Option(
        "--overlay",
        help="Draw over the video: beats (bar and beat), skeleton or trace (the baton's path), "
        "or several of them: beats,trace.",
    ),
]
Size = Annotated[
    str | None,
    typer.Option(
        help="Width x height in pixels, both even; if not given, those of your own avatar's scene, "
        "else 960x540."
    ),
]
RigMapFile = Annotated[
    Path | None,
    typer.Option(
        "--rig-map",
        help="Which bones of your own avatar play which joints: a preset of the panel, or what rig "
        "--output writes; if not given, what the avatar's file says, else they are detected.",
    ),
]
RenderEngine = Annotated[
    Engine | None,
    typer.Option(case_sensitive=False, help="The render engine by name, in place of a quality."),
]

_MUSIC: Final = typer.Argument(help="Sound file (wav, flac, ogg, mp3, m4a, …) or video with sound.")
_FILES: Final = {
    "score": "MIDI or MusicXML file of the piece: its beats and bars are found in the music.",
    "beats": "An edited beat table (beats.txt of an earlier run).",
}
# The help of the fields of `HearingOptions` and `MotionOptions` that are options; their types and
# defaults are there.
_HEARING: Final = {
    "score_is": "Whether the score's times are the recording's: exact; aligned: they are to be "
    "found, which is refused where the music is not the score's, or is too short to tell; auto: "
    "exact where they agree throughout, else found, and heard where the score is not played.",
    "meter": "auto, or a meter like 2/4, 3/4, 4/4, 6/8, or 2+3/8 with its groups.",
    "tempo": "About this many beats per minute.",
    "beats_model": "Who listens for the beats: the trained network, or onsets alone.",
    "beat_level": "double or half as many beats as were found; auto: as they were.",
    "first_downbeat": "A bar begins with the beat nearest to this second of the music.",
    "shift_bars": "All bars begin this many beats later; -1: a beat earlier.",
    "start": "Begin at this second of the music.",
    "duration": "Take this many seconds of it.",
    "audio_track": "Which of the music file's sound tracks: 1, 2, …; its default if not given.",
}
_MOTION: Final = {
    **_HEARING,
    "model": "Who conducts: the trained network, or its teacher.",
    "seed": "Another seed, another performance.",
    "style": "neutral, legato, staccato, marcato, grand, chamber, or a TOML file with values.",
    "fps": "Frames per second; if not given, those of your own avatar's scene, else 30.",
    "face": "Whether the face plays too: looks, blinks, breath and expression.",
}


def takes_motion_request(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a motion; it is called with the `MotionRequest` they make.

    What goes wrong in it ends the program in one sentence.

    Parameters
    ----------
    command : callable
        Its first parameter is the request; the others are its own options.

    Returns
    -------
    callable
        With the signature that typer reads: music, what the command needs, the options of a motion,
        the rest of the command's own.
    """

    def request(values: dict[str, Any]) -> "BeatsRequest":
        # Imported here so that --help answers at once.
        from backend.motion_request import MotionRequest

        return MotionRequest(**values)

    return _takes_request(command, request, MotionOptions, _MOTION)


def takes_beats_request(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of hearing, and a `BeatsRequest`; as `takes_motion_request`."""

    def request(values: dict[str, Any]) -> "BeatsRequest":
        from backend.beats_request import BeatsRequest

        return BeatsRequest(**values)

    return _takes_request(command, request, HearingOptions, _HEARING)


def _takes_request(
    command: Callable[..., None],
    make: Callable[[dict[str, Any]], "BeatsRequest"],
    options: type[HearingOptions],
    helps: dict[str, str],
) -> Callable[..., None]:
    own = list(inspect.signature(command).parameters.values())[1:]
    needed = [one for one in own if one.default is one.empty]
    others = [one for one in own if one.default is not one.empty]
    music = _parameter("music", Annotated[Path, _MUSIC])
    parameters = [music, *needed, *_request_parameters(options, helps), *others]

    @functools.wraps(command)
    def run(**values: Any) -> None:
        with faults_in_one_sentence():
            from backend.unused_options import unused_beside_beats

            own_values = {one.name: values.pop(one.name) for one in own}
            request = make(values)
            for sentence in unused_beside_beats(request):
                warn(sentence)
            command(request, **own_values)

    told: Any = run
    told.__signature__ = inspect.Signature(
        [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in parameters]
    )
    told.__annotations__ = {one.name: one.annotation for one in parameters}
    return run


def _request_parameters(
    options: type[HearingOptions], helps: dict[str, str]
) -> list[inspect.Parameter]:
    files = [
        _parameter(name, Annotated[Path | None, typer.Option(help=words)], None)
        for name, words in _FILES.items()
    ]
    fields = options.model_fields
    return files + [
        _parameter(
            name,
            Annotated[fields[name].annotation, typer.Option(help=words)],
            fields[name].default,
        )
        for name, words in helps.items()
    ]


def _parameter(
    name: str, annotation: Any, default: Any = inspect.Parameter.empty
) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(name, kind, default=default, annotation=annotation)


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
