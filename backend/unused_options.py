"""Options of a command that others leave nothing to do, each told in one sentence."""

from collections.abc import Mapping, Sequence
from typing import Final

from backend.beats_request import BeatsRequest

_HELP_THE_EAR: Final = ("meter", "tempo", "beats_model")


def unused_beside_beats(request: BeatsRequest) -> list[str]:
    """What a request does not need because its beats are given: no sentence, or one.

    The level of the beats and the places of the bars are changed whoever gives them.
    """
    usual = {name: field.default for name, field in type(request).model_fields.items()}

    def given(*names: str) -> list[str]:
        return [_option(name) for name in names if getattr(request, name) != usual[name]]

    if request.beats is not None:
        unused = given("score", "score_is", *_HELP_THE_EAR)
        return _sentence(unused, "the beats are those of --beats")
    if request.score is None:
        return _sentence(given("score_is"), "there is no --score")
    unused = given(*_HELP_THE_EAR)
    if request.score_is == "exact":
        return _sentence(unused, "the beats are those of --score")
    verb = "is" if len(unused) == 1 else "are"
    only = f"{_listed(unused)} {verb} used only where music and score part ways."
    return [only] if unused else []


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
    verb = "is" if len(options) == 1 else "are"
    return [f"{_listed(options)} {verb} not used, because {reason}."]


def _listed(options: Sequence[str]) -> str:
    """Their names, as in "--a, --b and --c"."""
    *others, last = options or ("",)
    return f"{', '.join(others)} and {last}" if others else last


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
