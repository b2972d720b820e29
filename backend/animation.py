"""The animation's video: frames rendered by several Blenders, encoded as they come."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from backend.blender_sessions import Blender, BlenderSession
from backend.frame_files import FrameFiles
from backend.scenes import size_text
from backend.video import Footage, encode, video_comment
from blender_addon.engines import Engine
from blender_addon.pace import Pace
from retarget.errors import Cancelled
from retarget.progress import Progress, no_progress

_POLL_S: Final = 0.2


@dataclass(frozen=True)
class Music:
    """The sound of a video.

    Parameters
    ----------
    path : Path
        The file.
    start : float
        Second of the file at the first frame.
    track : int, optional
        Which of its sound tracks, from 1 on.
    """

    path: Path
    start: float = 0.0
    track: int | None = None


def render_animation(
    blender: Blender,
    blend: Path,
    out: Path,
    *,
    info: dict[str, Any],
    size: tuple[int, int],
    engine: Engine | None,
    music: Music | None,
    stamp: str,
    progress: Progress = no_progress,
) -> None:
    """Render every frame of a scene, in all of the sessions, and write the video.

    Parameters
    ----------
    blend : Path
        The scene.
    out : Path
        The .mp4 to write.
    info : dict
        What `blender_addon.scene.describe` says of the scene.
    size : (int, int)
        Width and height in pixels, even.
    engine : {"workbench", "eevee", "cycles"}, optional
        Who renders it; None is the scene's own engine with its own settings.
    music : Music, optional
        The sound.
    stamp : str
        What the video shows: frames of an earlier try with the same stamp are kept, and so is a
        finished video.
    progress : Progress
        Its phase says how long it will take, from three measured frames on.

    Raises
    ------
    ConductorError, Cancelled
        Frames that are done stay. The sessions have ended.
    """
    if video_comment(out) == stamp:
        progress(1.0, "the animation is there")
        return
    first, last = int(info["frame_start"]), int(info["frame_end"])
    files = FrameFiles(out.with_name(f".{out.stem}.frames"), stamp, size)
    arguments = ["--scene", str(blend), "--out", str(files.folder), "--for-video"]
    arguments += ["--size", size_text(size)]
    if engine is not None:
        arguments += ["--engine", engine]
    with _Rendering(blender, arguments, range(first, last + 1), files) as rendering:
        frames = (files.read(number) for number in rendering.frames(progress))
        encode(
            Footage(
                frames,
                fps=float(info["fps"]),
                size=size,
                count=last - first + 1,
                audio=None if music is None else music.path,
                audio_start=0.0 if music is None else music.start,
                audio_track=None if music is None else music.track,
                comment=stamp,
            ),
            out,
        )
    files.remove()


class _Rendering:
    """Frames being rendered, each session every so-manieth one, so that they come in order."""

    def __init__(
        self, blender: Blender, arguments: list[str], numbers: range, files: FrameFiles
    ) -> None:
        self._blender = blender
        self._files = files
        self._numbers = numbers
        sessions = list(zip(blender.sessions, numbers, strict=False))
        self._shares = [numbers[k :: len(sessions)] for k in range(len(sessions))]
        self._done = [0] * len(sessions)
        # What an earlier try left is passed over, and says nothing of the time it takes.
        self._there = {number for number in numbers if files.has(number)}
        self._pace = Pace(len(numbers) - len(self._there), warm_up=len(sessions))
        self._faults: list[BaseException] = []
        self._changed = threading.Condition()
        self._threads = [
            threading.Thread(target=self._follow, args=(k, session, arguments), daemon=True)
            for k, (session, _) in enumerate(sessions)
        ]

    def __enter__(self) -> "_Rendering":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, _kind: object, fault: BaseException | None, _at: object) -> None:
        if fault is not None:
            with self._changed:
                self._faults.append(fault)
            self._blender.stop()
        for thread in self._threads:
            thread.join()

    def frames(self, progress: Progress) -> Iterator[int]:
        """The numbers of the frames, each once it is there.

        Raises
        ------
        Exception
            What ended a session.
        Cancelled
            From `progress`, which is also asked while there is nothing new.
        """
        for index, number in enumerate(self._numbers):
            while True:
                with self._changed:
                    if not self._is_done(index):
                        self._changed.wait(timeout=_POLL_S)
                    if self._faults:
                        raise self._faults[0]
                    done, phase = self._is_done(index), self._pace.phase
                progress(index / len(self._numbers), phase)
                if done:
                    break
            yield number
        progress(1.0, self._pace.phase)

    def _wait_for_plate(self) -> None:
        """The first session makes it before its frames; the others' need it too."""
        while not self._files.plate.is_file():
            with self._changed:
                if self._faults:
                    raise Cancelled
                self._changed.wait(timeout=_POLL_S)

    def _is_done(self, index: int) -> bool:
        return self._done[index % len(self._done)] > index // len(self._done)

    def _follow(self, which: int, session: BlenderSession, arguments: list[str]) -> None:
        share = self._shares[which]

        def report(fraction: float, _phase: str, /) -> None:
            for number in share[self._done[which] : round(fraction * len(share))]:
                if not self._files.has(number):
                    self._wait_for_plate()
                    self._files.complete(number)
                with self._changed:
                    if number not in self._there:
                        self._pace.frame()
                    self._done[which] += 1
                    self._changed.notify_all()
            if self._faults:
                raise Cancelled

        span = ["--start", str(share[0]), "--end", str(share[-1]), "--step", str(share.step)]
        if which == 0:
            span += ["--plate", str(self._files.plate)]
        try:
            session.do("frames", *arguments, *span, name="rendering", progress=report)
        except BaseException as fault:
            with self._changed:
                self._faults.append(fault)
                self._changed.notify_all()
