"""The corpus: many clips from many scores, on all cores, to be broken off and gone on with."""

import json
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Final

import numpy as np

from backend.corpus.balance import balanced
from backend.corpus.clip import ClipOptions, make_clip
from backend.corpus.picture import draw_clip
from backend.corpus.plan import PlannedClip, find_scores, plan_clips
from backend.corpus.soundfonts import require_general_midi
from backend.corpus.survey import survey
from backend.corpus.synthesis import fluidsynth
from backend.corpus.workers import one_thread_each
from retarget.atomic import atomic_path, require_folder
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress, part

MANIFEST: Final = "manifest.json"
SURVEY: Final = "survey.json"
SAMPLE: Final = "sample.png"
_CLIPS_IN_TASK: Final = 6
_SURVEY_SHARE: Final = 0.1
_PHASE: Final = "playing the scores"
_WAITING_TASKS: Final = 4
_NOTED: Final = ("work", "score", "movement", "take", "seed", "sha256")
_stop: Event | None = None


@dataclass(frozen=True)
class Rendered:
    """What a run left: clips in the corpus, their hours, and scores that were skipped."""

    clips: int
    hours: float
    skipped: dict[str, str]


def render_corpus(
    places: Sequence[Path],
    corpus: Path,
    options: ClipOptions,
    *,
    hours: float,
    workers: int,
    progress: Progress = no_progress,
) -> Rendered:
    """Make the clips that are not there yet.

    Parameters
    ----------
    places : sequence of Path
        Score files and folders of them.
    corpus : Path
        Folder to write: `train|val|test/<n>/` and `manifest.json`.
    options : ClipOptions
        What is made of every clip.
    hours : float
        Sound in all; clips that are there count.
    workers : int
        Processes, each on one core.
    progress : Progress
        May raise `Cancelled`; clips that are done stay.

    Raises
    ------
    ConductorError
        If there are no scores that can be played, FluidSynth or the folder around the corpus is
        missing, or a soundfont lacks instruments. A broken score is skipped and named in the
        manifest.
    """
    require_folder(corpus)
    fluidsynth()
    for soundfont in (*options.soundfonts, *options.held_out_soundfonts):
        require_general_midi(soundfont)
    scores = find_scores(places)
    corpus.mkdir(exist_ok=True)
    movements, skipped = survey(
        scores, corpus / SURVEY, workers, part(progress, 0.0, _SURVEY_SHARE)
    )
    if not movements:
        _write_manifest(corpus, options, skipped)
        raise ConductorError(
            "No score here is long enough and whole; give others. " + next(iter(skipped.values()))
        )
    progress = part(progress, _SURVEY_SHARE, 1.0)
    clips = plan_clips(movements, balanced(movements), options.clip_s, hours)
    missing = [clip for clip in clips if not (corpus / clip.folder / "meta.json").is_file()]
    for unfinished in corpus.glob("*/.*.part"):
        shutil.rmtree(unfinished, ignore_errors=True)
    tasks = _tasks(missing, options.seed)
    done = len(clips) - len(missing)
    progress(done / len(clips), _PHASE)
    context = one_thread_each()
    stop = context.Event()
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=_listen_for, initargs=(stop,)
    ) as pool:
        running: set[Future[tuple[int, dict[str, str]]]] = set()
        try:
            while tasks or running:
                while tasks and len(running) < workers + _WAITING_TASKS:
                    running.add(pool.submit(_make_clips, tasks.pop(), options, corpus))
                finished, running = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    count, faults = future.result()
                    done += count
                    skipped |= faults
                progress(done / len(clips), _PHASE)
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            _write_manifest(corpus, options, skipped)
            raise
    return _write_manifest(corpus, options, skipped)


def _tasks(clips: Sequence[PlannedClip], seed: int) -> list[list[PlannedClip]]:
    """Clips of one score together, since reading it takes longest; the order is shuffled."""
    by_score: dict[Path, list[PlannedClip]] = {}
    for clip in clips:
        by_score.setdefault(clip.score, []).append(clip)
    tasks = [
        group[i : i + _CLIPS_IN_TASK]
        for group in by_score.values()
        for i in range(0, len(group), _CLIPS_IN_TASK)
    ]
    order = np.random.default_rng(seed).permutation(len(tasks))
    return [tasks[i] for i in order]


def _listen_for(stop: Event) -> None:
    """Let a worker know how it hears that the run is broken off."""
    global _stop
    _stop = stop


def _make_clips(
    clips: Sequence[PlannedClip], options: ClipOptions, corpus: Path
) -> tuple[int, dict[str, str]]:
    """Make some clips of one score in a worker; clips tried, and faults by score."""
    faults: dict[str, str] = {}
    for clip in clips:
        if _stop is not None and _stop.is_set():
            break
        try:
            make_clip(clip, options, corpus)
        except ConductorError as error:
            faults[clip.score.name] = str(error)
    return len(clips), faults


def complete_clips(corpus: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Folders of complete clips and what their `meta.json` says, by split and number."""
    for split in ("train", "val", "test"):
        folders = (corpus / split).glob("[0-9]*")
        for folder in sorted(folders, key=lambda path: (len(path.name), path.name)):
            meta = folder / "meta.json"
            if meta.is_file():
                yield folder, json.loads(meta.read_text(encoding="utf-8"))


def _write_manifest(corpus: Path, options: ClipOptions, skipped: dict[str, str]) -> Rendered:
    clips = {str(folder.relative_to(corpus)): meta for folder, meta in complete_clips(corpus)}
    manifest = {
        "seed": options.seed,
        "clip_s": options.clip_s,
        "soundfonts": [font.name for font in options.soundfonts],
        "held_out_soundfonts": [font.name for font in options.held_out_soundfonts],
        "hours": round(sum(meta["duration_s"] for meta in clips.values()) / 3600.0, 4),
        "skipped": dict(sorted(skipped.items())),
        "clips": {name: {key: meta[key] for key in _NOTED} for name, meta in clips.items()},
    }
    with atomic_path(corpus / MANIFEST) as temporary:
        temporary.write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    first = next(iter(clips), None)
    if first is not None:
        draw_clip(corpus / first, corpus / SAMPLE)
    return Rendered(len(clips), manifest["hours"], skipped)
