"""Options of a command that others leave nothing to do, each told in one sentence."""

from collections.abc import Mapping, Sequence

from backend.motion_request import MotionRequest
from backend.options import MotionOptions


def unused_beside_beats(request: MotionRequest) -> list[str]:
    """What a motion does not need because its beats are given: no sentence, or one."""
    source = next((name for name in ("beats", "score") if getattr(request, name) is not None), None)
    if source is None:
        return []
    others = ["meter", "tempo", "beats_model"]
    usual = {name: MotionOptions.model_fields[name].default for name in others}
    unused = [name for name in others if getattr(request, name) != usual[name]]
    if source == "beats" and request.score is not None:
        unused = ["score", *unused]
    options = [f"--{name.replace('_', '-')}" for name in unused]
    return _sentence(options, f"the beats are those of --{source}")


def unused_without_likeness(given: Mapping[str, bool], *, avatar_is_photo: bool) -> list[str]:
    """What --no-likeness leaves nothing to do: no sentence, or one.

    Parameters
    ----------
    given : mapping of str to bool
        Options of photo and likeness, and whether each was given.
    avatar_is_photo : bool
        Whether the person of the photo conducts in the scene, so that the photo is used anyway.
    """
    of_video = ("--background", "--likeness-format")
    unused = [
        name
        for name, is_given in given.items()
        if is_given and (name in of_video or not avatar_is_photo)
    ]
    return _sentence(unused, "--no-likeness leaves the person's video out")


def _sentence(options: Sequence[str], reason: str) -> list[str]:
    if not options:
        return []
    *others, last = options
    names = f"{', '.join(others)} and {last}" if others else last
    return [f"{names} {'are' if others else 'is'} not used, because {reason}."]
