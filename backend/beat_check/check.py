"""The beats of music as a table, and what helps to check them: clicks and a picture."""

from collections.abc import Sequence
from pathlib import Path

from backend.beat_check.clicks import check_clicks, write_clicks
from backend.beat_check.summary import beat_summary
from backend.beats_request import BeatsRequest, find_beats
from backend.cache_folder import CacheFolder
from backend.folders import check_outputs
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress, part


def check_beats(
    request: BeatsRequest,
    table: Path,
    *,
    clicks: Path | None = None,
    picture: Path | None = None,
    progress: Progress = no_progress,
    kept: CacheFolder | None = None,
) -> tuple[str, Sequence[str]]:
    """Find beats, and write them.

    Parameters
    ----------
    request : BeatsRequest
    table : Path
        Gets the beat table, in the time of the whole music.
    clicks : Path, optional
        Gets the stretch of music with a click on each beat (.wav, .flac, .ogg).
    picture : Path, optional
        Gets a drawing of onsets, beats, bars, tempo and confidence (.png).
    progress : Progress
        Told the share that is done; may raise `Cancelled`.
    kept : CacheFolder, optional
        As in `find_beats`.

    Returns
    -------
    summary, warnings
        What was found in one line, and what the user should know of it.

    Raises
    ------
    ConductorError
        If a file cannot be read or written, or an option makes no sense.
    """
    _check_outputs(request, table, clicks, picture)
    found = find_beats(request, part(progress, 0.0, 0.8 if clicks else 0.95), kept)
    if clicks is not None:
        write_clicks(
            request.music,
            found.grid,
            clicks,
            start=request.start,
            duration=request.duration,
            track=request.audio_track,
            progress=part(progress, 0.8, 0.95),
        )
    if picture is not None:
        # Imported here because matplotlib takes a second.
        from backend.beat_check.picture import draw_beats

        progress(0.95, "drawing the beats")
        draw_beats(
            found.analysis,
            found.grid,
            picture,
            start=request.start,
            parted=found.parted,
            bars=found.bars,
        )
    found.grid.shifted(request.start).save(table)
    progress(1.0, "done")
    return beat_summary(found.grid), found.warnings


def _check_outputs(
    request: BeatsRequest, table: Path, clicks: Path | None, picture: Path | None
) -> None:
    """Refuse, before the work begins, what cannot be written or would overwrite what is read."""
    if clicks is not None:
        check_clicks(clicks)
    if picture is not None and picture.suffix.lower() != ".png":
        raise ConductorError(f"{picture.name} does not end like a picture; let it end in .png.")
    check_outputs(table, clicks, picture)
    for output in (table, clicks, picture):
        for given in (request.music, request.score):
            if output is not None and given is not None and _same(output, given):
                raise ConductorError(
                    f"{output.name} is what the beats are found in; choose another name."
                )


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)
