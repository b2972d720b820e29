"""Training of the beat network: one loop from the corpus to a checkpoint.

Deterministic by seed on one machine, and resumable: the state of a run lies in its folder, and a
run that was stopped goes on from there as if nothing had happened.
"""

import json
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn

from backend.corpus.dataset import ConductingDataset
from backend.models.beat_net import BeatNet, BeatNetConfig
from backend.models.checkpoint import load_checkpoint, restore, save_checkpoint
from backend.training.beat_data import HeardClip, draw_batch, read_clips
from backend.training.beat_targets import BeatTargets, beat_loss
from backend.training.log import TrainingLog
from retarget.atomic import atomic_path
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress

_STATE: Final = "state.pt"
_CHECKPOINT: Final = "beats.safetensors"


@dataclass(frozen=True)
class BeatTraining:
    """What `virtual-conductor train beats --config FILE` reads, a flat TOML table.

    Parameters
    ----------
    data : str
        Folder of the corpus, with train/ and val/.
    out : str
        Folder of the run.
    steps, batch : int
        Steps, and stretches in each.
    seconds : float
        Length of a stretch.
    rate : float
        Highest learning rate; it warms up and then falls along a cosine.
    warmup : int
        Steps.
    decay : float
        Weight decay.
    average : float
        Decay of the moving average of the weights, which is what is kept.
    seed : int
    threads : int
        Of torch on the CPU; 0 leaves it to torch.
    device : str
        "cpu", "cuda" or "auto".
    save_every : int
        Steps between looks at the validation works and saves.
    start : str
        A checkpoint whose weights a new run begins with; its corpus must have had the same split.
    """

    data: str
    out: str
    steps: int = 4000
    batch: int = 8
    seconds: float = 45.0
    rate: float = 2e-3
    warmup: int = 200
    decay: float = 0.01
    average: float = 0.998
    seed: int = 0
    threads: int = 0
    device: str = "auto"
    save_every: int = 250
    start: str = ""

    @classmethod
    def load(cls, path: Path) -> "BeatTraining":
        """Read a TOML file.

        Raises
        ------
        ConductorError
            If it cannot be read or sets something unknown.
        """
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise ConductorError(f"The file {path} does not exist; check the path.") from None
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConductorError(f"{path.name} is not a TOML file: {error}.") from error
        known = {field.name: field.type for field in fields(cls)}
        unknown = sorted(set(table) - set(known))
        if unknown:
            raise ConductorError(
                f"{path.name} sets {', '.join(unknown)}, which is unknown; it may set "
                f"{', '.join(known)}."
            )
        for needed in ("data", "out"):
            if needed not in table:
                raise ConductorError(f"{path.name} lacks '{needed}'; add it.")
        return cls(**table)


def train_beats(config: BeatTraining, progress: Progress = no_progress) -> Path:
    """Train, or go on training; returns the checkpoint.

    Raises
    ------
    ConductorError
        If the corpus has no clips with beats.
    Cancelled
        From `progress`; the run goes on from its last save when it is started again.
    """
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    if config.threads:
        torch.set_num_threads(config.threads)
    device = torch.device(_device(config.device))
    train = _clips(config.data, "train")
    held_out = _clips(config.data, "val")
    torch.manual_seed(config.seed)
    network = BeatNet()
    if config.start and not (out / _STATE).is_file():
        start = Path(config.start)
        restore(network, load_checkpoint(start, "beats")[1], start)
    network = network.to(device)
    run = _Run(network, config)
    run.restore(out / _STATE, device)
    began, first = time.monotonic(), run.step
    with TrainingLog(out, run.step) as log:
        for mel, targets in _batches(train, config, run.step):
            progress(run.step / config.steps, "training")
            torch.manual_seed(config.seed * 1_000_003 + run.step)
            losses = run.learn(mel.to(device), _moved(targets, device))
            run.step += 1
            if run.step % 20 == 0:
                log.write(run.step, {f"train/{n}": v for n, v in losses.items()})
            if run.step % config.save_every == 0 or run.step == config.steps:
                values = validate(run.averaged, held_out, config)
                log.write(run.step, {f"val/{n}": v for n, v in values.items()})
                run.save(out / _STATE)
                _save_weights(out / _CHECKPOINT, run.averaged, config, run.step)
    summary = {
        "config": asdict(config),
        "steps": run.step,
        "seconds": round(time.monotonic() - began, 1) if run.step > first else 0.0,
        "train_hours": round(sum(len(c.mel) for c in train) / 90.0 / 3600.0, 2),
    }
    with atomic_path(out / "summary.json") as temporary:
        temporary.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    progress(1.0, "trained")
    return out / _CHECKPOINT


def _batches(
    clips: list[HeardClip], config: BeatTraining, first: int
) -> Iterator[tuple[Tensor, BeatTargets]]:
    """The batches of steps `first` to the last; the next is drawn while one is learned from.

    Each step draws from a stream of its own, so that a resumed run sees the same data.
    """

    def draw(step: int) -> tuple[Tensor, BeatTargets]:
        rng = np.random.default_rng([config.seed, step])
        return draw_batch(clips, config.batch, config.seconds, rng)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(draw, first)
        for step in range(first, config.steps):
            batch = waiting.result()
            if step + 1 < config.steps:
                waiting = pool.submit(draw, step + 1)
            yield batch


@torch.inference_mode()
def validate(network: nn.Module, clips: list[HeardClip], config: BeatTraining) -> dict[str, float]:
    """Mean losses over stretches of held-out works, the same ones every time."""
    network.eval()
    device = next(network.parameters()).device
    rng = np.random.default_rng(12345)
    sums: dict[str, list[float]] = {}
    for _ in range(6):
        mel, targets = draw_batch(clips, config.batch, config.seconds, rng)
        losses = beat_loss(network(mel.to(device)), _moved(targets, device))
        for name, value in losses.items():
            sums.setdefault(name, []).append(float(value))
    return {name: float(np.mean(values)) for name, values in sums.items()}


class _Run:
    """Network, optimiser, moving average and step of a run."""

    def __init__(self, network: BeatNet, config: BeatTraining) -> None:
        self.network, self.config, self.step = network, config, 0
        self.optimiser = torch.optim.AdamW(
            network.parameters(), lr=config.rate, weight_decay=config.decay
        )
        self.averaged = BeatNet(network.config).to(next(network.parameters()).device)
        self.averaged.load_state_dict(network.state_dict())

    def learn(self, mel: Tensor, targets: BeatTargets) -> dict[str, float]:
        """One step; returns its losses."""
        self.network.train()
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate()
        losses = beat_loss(self.network(mel), targets)
        self.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(losses["total"])
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self._average()
        return {name: float(value.detach()) for name, value in losses.items()}

    def _rate(self) -> float:
        config = self.config
        if self.step < config.warmup:
            return config.rate * (self.step + 1) / config.warmup
        share = (self.step - config.warmup) / max(config.steps - config.warmup, 1)
        return config.rate * (0.01 + 0.99 * 0.5 * (1.0 + float(np.cos(np.pi * share))))

    @torch.no_grad()
    def _average(self) -> None:
        # Early weights are worth little: the average starts short and grows.
        decay = min(self.config.average, (1.0 + self.step) / (10.0 + self.step))
        state = self.network.state_dict()
        for name, kept in self.averaged.state_dict().items():
            if kept.is_floating_point():
                kept.lerp_(state[name], 1.0 - decay)
            else:
                kept.copy_(state[name])

    def save(self, path: Path) -> None:
        with atomic_path(path) as temporary:
            torch.save(
                {
                    "step": self.step,
                    "network": self.network.state_dict(),
                    "averaged": self.averaged.state_dict(),
                    "optimiser": self.optimiser.state_dict(),
                },
                temporary,
            )

    def restore(self, path: Path, device: torch.device) -> None:
        if not path.is_file():
            return
        state = torch.load(path, map_location=device, weights_only=True)
        self.step = int(state["step"])
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimiser.load_state_dict(state["optimiser"])


def _clips(data: str, split: str) -> list[HeardClip]:
    clips = read_clips(ConductingDataset(Path(data), split).clips)
    if not clips:
        raise ConductorError(
            f"{data} has no clips with beats in '{split}'; render a corpus there first."
        )
    return clips


def _moved(targets: BeatTargets, device: torch.device) -> BeatTargets:
    return BeatTargets(*(getattr(targets, f.name).to(device) for f in fields(targets)))


def _device(name: str) -> str:
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return name


def _save_weights(path: Path, network: BeatNet, config: BeatTraining, step: int) -> None:
    about = f"train beats, seed {config.seed}, step {step} of {config.steps}"
    shape: BeatNetConfig = network.config
    save_checkpoint(path, "beats", asdict(shape), network.state_dict(), about)
