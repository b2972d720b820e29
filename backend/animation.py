"""The animation's video: frames rendered by several Blenders, encoded as they come."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from backend.blender_sessions import Blender, BlenderSession
from backend.folders import make_folder
from backend.scenes import SceneOptions, size_text
from backend.video import Footage, encode, video_comment
from blender_addon.pace import Pace
from retarget.errors import Cancelled, ConductorError
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
    scene: SceneOptions,
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
    scene : SceneOptions
        Engine and size.
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
    folder = out.with_name(f".{out.stem}.frames")
    _start_frames(folder, stamp)
    arguments = ["--scene", str(blend), "--out", str(folder), "--for-video"]
    arguments += ["--engine", scene.engine, "--size", size_text(scene.size)]
    with _Rendering(blender, arguments, range(first, last + 1), folder) as rendering:
        encode(
            Footage(
                (_read_frame(folder, n, scene.size) for n in rendering.frames(progress)),
                fps=float(info["fps"]),
                size=scene.size,
                count=last - first + 1,
                audio=None if music is None else music.path,
                audio_start=0.0 if music is None else music.start,
                audio_track=None if music is None else music.track,
                comment=stamp,
            ),
            out,
        )
    shutil.rmtree(folder, ignore_errors=True)


class _Rendering:
    """Frames being rendered, each session every so-manieth one, so that they come in order."""

    def __init__(
        self, blender: Blender, arguments: list[str], numbers: range, folder: Path
    ) -> None:
        self._blender = blender
        self._numbers = numbers
        sessions = list(zip(blender.sessions, numbers, strict=False))
        self._shares = [numbers[k :: len(sessions)] for k in range(len(sessions))]
        self._done = [0] * len(sessions)
        # What an earlier try left is passed over, and says nothing of the time it takes.
        self._there = {n for n in numbers if any(folder.glob(f"{n:06d}.*"))}
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

    def _is_done(self, index: int) -> bool:
        return self._done[index % len(self._done)] > index // len(self._done)

    def _follow(self, which: int, session: BlenderSession, arguments: list[str]) -> None:
        share = self._shares[which]

        def report(fraction: float, _phase: str, /) -> None:
            with self._changed:
                if self._faults:
                    raise Cancelled
                done = round(fraction * len(share))
                for number in share[self._done[which] : done]:
                    if number not in self._there:
                        self._pace.frame()
                self._done[which] = max(self._done[which], done)
                self._changed.notify_all()

        span = ["--start", str(share[0]), "--end", str(share[-1]), "--step", str(share.step)]
        try:
            session.do("frames", *arguments, *span, name="rendering", progress=report)
        except BaseException as fault:
            with self._changed:
                self._faults.append(fault)
                self._changed.notify_all()


def _start_frames(frames: Path, stamp: str) -> None:
    """Keep frames of an earlier try only if they show the same scene in the same way."""
    note = frames / "stamp.txt"
    if not note.is_file() or note.read_text(encoding="utf-8") != stamp:
        shutil.rmtree(frames, ignore_errors=True)
        make_folder(frames)
        note.write_text(stamp, encoding="utf-8")


def _read_frame(frames: Path, number: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A rendered frame at the video's size, (H, W, 3) RGB."""
    path = next(frames.glob(f"{number:06d}.*"))
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if pixels is None:
        raise ConductorError(f"The rendered frame {path} cannot be read; delete it and try again.")
    if pixels.shape[1::-1] != size:
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), np.uint8)
