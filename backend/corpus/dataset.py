"""Clips from disk: ConductorMotion100's layout, and ours, which adds beats to it.

`<corpus>/<split>/<n>/` holds `mel.npy` (90 Hz × 128, dB) and mostly `motion.npy` (30 Hz × 13 × 2,
float). Ours has `beats.txt` and `meta.json` beside them, and where asked for `motion.npz` and
`audio.flac`.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from backend.audio.analysis import Analysis
from backend.audio.features import analyse_file, analysis_from_mel
from backend.audio.rates import FEATURE_RATE, N_MELS
from backend.grid.beat_grid import BeatGrid
from retarget.errors import ConductorError
from retarget.motion import Motion
from retarget.npz import FAULTS

MOTION_FPS: Final = 30.0
CONDUCTED: Final = "conducted.txt"
"""What is conducted of a clip, where that differs from its beats."""
_JOINTS: Final = 13


@dataclass(frozen=True)
class Clip:
    """A clip's folder. Its arrays are read when they are asked for."""

    folder: Path

    @property
    def has_beats(self) -> bool:
        """Whether its beats are known."""
        return (self.folder / "beats.txt").is_file()

    @property
    def has_motion(self) -> bool:
        """Whether it has a conductor's motion."""
        return (self.folder / "motion.npy").is_file()

    @property
    def kind(self) -> str:
        """orchestra, quartet, drums (either with a drum set), or unknown."""
        return str(self.meta().get("kind", "unknown"))

    def meta(self) -> dict[str, Any]:
        """What `meta.json` says; empty in the published layout."""
        path = self.folder / "meta.json"
        if not path.is_file():
            return {}
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise ConductorError(f"{path} is damaged; render the clip again.") from error
        return values if isinstance(values, dict) else {}

    def mel(self) -> NDArray:
        """Mel spectrogram, (N, 128) in dB at 90 Hz, read only, straight from disk."""
        return self._array("mel.npy", (N_MELS,))

    def motion(self) -> NDArray:
        """Joints in the picture, (T, 13, 2) at 30 Hz."""
        return self._array("motion.npy", (_JOINTS, 2))

    def performance(self) -> Motion:
        """The conductor on the canonical skeleton; only corpora of ours have it."""
        return Motion.load(self.folder / "motion.npz")

    def beats(self) -> BeatGrid:
        """The beats of the music, at the level that is conducted."""
        return BeatGrid.load(self.folder / "beats.txt")

    def conducted(self) -> BeatGrid:
        """The beats in the bars that its motion conducts, some in other ones than the music's."""
        path = self.folder / CONDUCTED
        return BeatGrid.load(path) if path.is_file() else self.beats()

    def analysis(self) -> Analysis:
        """Features of its sound if that was kept, otherwise what its mel spectrogram tells."""
        sound = self.folder / "audio.flac"
        if sound.is_file():
            return analyse_file(sound)
        return analysis_from_mel(self.mel())

    @property
    def duration(self) -> float:
        """Seconds."""
        return len(self.mel()) / FEATURE_RATE

    def _array(self, name: str, shape: tuple[int, ...]) -> NDArray:
        path = self.folder / name
        try:
            array: NDArray = np.lib.format.open_memmap(path, mode="r")  # type: ignore[no-untyped-call]
        except FileNotFoundError as error:
            raise ConductorError(f"{path} is not there; render the clip again.") from error
        except FAULTS as error:
            raise ConductorError(f"{path} is damaged; render the clip again.") from error
        if array.shape[1:] != shape or array.dtype.kind != "f" or not len(array):
            raise ConductorError(
                f"{path} holds {array.dtype} of shape {array.shape}, not floats of shape "
                f"(N, {', '.join(map(str, shape))}); choose a folder in ConductorMotion100's "
                "layout."
            )
        return array


class ConductingDataset:
    """The clips of one split of a corpus, in the order of their numbers.

    Parameters
    ----------
    corpus : Path
        Folder with train/, val/ and test/.
    split : str
        One of them.

    Raises
    ------
    ConductorError
        If there is no such folder.
    """

    def __init__(self, corpus: Path, split: str) -> None:
        folder = corpus / split
        if not folder.is_dir():
            raise ConductorError(
                f"{corpus} has no folder '{split}'; choose a folder in ConductorMotion100's layout."
            )
        # Names with a dot are clips that are being written.
        found = [p for p in folder.iterdir() if p.name[0] != "." and (p / "mel.npy").is_file()]
        found.sort(key=lambda path: (len(path.name), path.name))
        self.clips: list[Clip] = [Clip(path) for path in found]

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, index: int) -> Clip:
        return self.clips[index]
