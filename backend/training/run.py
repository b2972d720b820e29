"""The loop that all trainings share: batches, steps, validations, saves and the log.

Deterministic by seed on one machine, and resumable: the state of a run lies in its folder, and a
run that was stopped goes on from there as if nothing had happened.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Generic, Protocol, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from backend.models.checkpoint import load_checkpoint, restore, save_checkpoint
from backend.training.config import TrainingConfig
from backend.training.log import TrainingLog
from backend.training.optimisation import Optimisation
from backend.training.ranks import rank
from retarget.atomic import atomic_path
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress

_STATE: Final = "state.pt"
# A run goes on with these alone: its schedule is laid out for them.
_SCHEDULED: Final = ("steps", "warmup_steps", "learning_rate")

Batch = TypeVar("Batch")
Network = TypeVar("Network", bound=nn.Module)
Learned = TypeVar("Learned", bound=nn.Module, contravariant=True)


class Task(Protocol, Generic[Learned, Batch]):
    """What a network is to learn, and from what."""

    @property
    def kind(self) -> str:
        """Name of the network in checkpoints."""
        ...

    @property
    def hours(self) -> float:
        """Hours of music it learns from."""
        ...

    def sample_batch(self, rng: np.random.Generator) -> Batch:
        """A batch."""
        ...

    def losses(self, network: Learned, batch: Batch) -> dict[str, Tensor]:
        """Losses by name; "total" is the one to lower."""
        ...

    def validate(self, network: Learned) -> dict[str, float]:
        """Figures on held-out works, on the same ones every time."""
        ...


def train(
    config: TrainingConfig,
    make: Callable[[], Network],
    task: Task[Network, Batch],
    progress: Progress = no_progress,
) -> Path:
    """Train, or go on training; returns the checkpoint, `<kind>.safetensors` in the run's folder.

    Parameters
    ----------
    config : TrainingConfig
    make : callable
        Makes the network anew; it has a `config`, a dataclass of its shape.
    task : Task

    Raises
    ------
    ConductorError
        If `config.init_checkpoint` cannot be loaded.
    Cancelled
        From `progress`; the run goes on from its last save when it is started again.
    """
    state, checkpoint = begin_run(config, task.kind)
    network = make()
    load_initial_weights(network, task.kind, config, state)
    optimisation = Optimisation(network.to(config.torch_device), config)
    step = load_state(state, config, {task.kind: optimisation})
    began, first = time.monotonic(), step
    with logged(config, step) as log:
        for batch in batches(task.sample_batch, config, step):
            progress(step / config.steps, "training")
            set_seed(config, step)
            optimisation.network.train()
            losses = task.losses(optimisation.network, batch)
            optimisation.update(losses["total"])
            step += 1
            if step % 20 == 0:
                log(step, {f"train/{n}": float(v.detach()) for n, v in losses.items()})
            if step % config.save_every == 0 or step == config.steps:
                optimisation.ema.eval()
                with torch.inference_mode():
                    values = task.validate(optimisation.ema)
                log(step, {f"val/{n}": v for n, v in values.items()})
                save_state(state, config, step, {task.kind: optimisation})
                save_ema(checkpoint, task.kind, optimisation.ema, config, step)
    write_summary(config, step, time.monotonic() - began if step > first else 0.0, task.hours)
    progress(1.0, "trained")
    return checkpoint


def begin_run(config: TrainingConfig, kind: str) -> tuple[Path, Path]:
    """Set the seed and the threads and make the run's folder; its state and its checkpoint."""
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    return out / _STATE, out / f"{kind}.safetensors"


def load_initial_weights(
    network: nn.Module, kind: str, config: TrainingConfig, state: Path
) -> None:
    """Give the network of a new run the weights it is to begin with, if any.

    Raises
    ------
    ConductorError
        If `config.init_checkpoint` cannot be loaded, or holds a network of another shape.
    """
    if config.init_checkpoint and not state.is_file():
        path = Path(config.init_checkpoint)
        shape, weights = load_checkpoint(path, kind)
        made: Any = network.config
        if shape != json.loads(json.dumps(asdict(made))):
            raise ConductorError(
                f"The network in {path} has not the shape that is trained here; begin with another "
                "checkpoint, or with none."
            )
        restore(network, weights, path)


@contextmanager
def logged(
    config: TrainingConfig, step: int
) -> Iterator[Callable[[int, Mapping[str, float]], None]]:
    """What writes figures of a step to the run's log; for the first process alone."""
    if rank() > 0:
        yield lambda step, values: None
        return
    with TrainingLog(Path(config.out), step) as log:
        yield log.write


def set_seed(config: TrainingConfig, step: int) -> None:
    """Let what is random in a step of this process depend on nothing else."""
    torch.manual_seed(config.seed * 1_000_003 + step + 500_009 * rank())


def batches(
    sample_batch: Callable[[np.random.Generator], Batch], config: TrainingConfig, first: int
) -> Iterator[Batch]:
    """The batches of steps `first` to the last; the next is drawn while one is learned from.

    Each step of each process draws from a stream of its own, so that a resumed run sees the same
    data.
    """
    others = [rank()] if rank() else []

    def at(step: int) -> Batch:
        return sample_batch(np.random.default_rng([config.seed, step, *others]))

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(at, first)
        for step in range(first, config.steps):
            batch = waiting.result()
            if step + 1 < config.steps:
                waiting = pool.submit(at, step + 1)
            yield batch


def save_state(
    path: Path, config: TrainingConfig, step: int, parts: Mapping[str, Optimisation[Any]]
) -> None:
    """Write all that a run needs to go on after `step`."""
    if rank() > 0:
        return
    schedule = {name: getattr(config, name) for name in _SCHEDULED}
    state = {"step": step, "schedule": schedule}
    with atomic_path(path) as temporary:
        torch.save(state | {name: one.state_dict() for name, one in parts.items()}, temporary)


def load_state(path: Path, config: TrainingConfig, parts: Mapping[str, Optimisation[Any]]) -> int:
    """Let a run go on from what `save_state` wrote, if it did; returns its step, or 0.

    Raises
    ------
    ConductorError
        If the run was begun with another schedule, or by another version of the program.
    """
    if not path.is_file():
        return 0
    state = torch.load(path, map_location=config.torch_device, weights_only=True)
    schedule = state.get("schedule")
    if schedule is None:
        raise ConductorError(
            f"The run in {path.parent} was begun by another version of the program; begin anew in "
            "another folder, with init_checkpoint set to its checkpoint if you like."
        )
    for name, begun in schedule.items():
        if getattr(config, name) != begun:
            raise ConductorError(
                f"The run in {path.parent} was begun with {name} = {begun}; go on with that, or "
                "begin anew in another folder with init_checkpoint set to its checkpoint."
            )
    for name, one in parts.items():
        one.load_state_dict(state[name])
    return int(state["step"])


def save_ema(path: Path, kind: str, network: nn.Module, config: TrainingConfig, step: int) -> None:
    """Write a network, which has a `config`, as a checkpoint."""
    if rank() > 0:
        return
    shape: Any = network.config
    about = f"train {kind}, seed {config.seed}, step {step} of {config.steps}"
    save_checkpoint(path, kind, asdict(shape), network.state_dict(), about)


def write_summary(config: TrainingConfig, steps: int, seconds: float, hours: float) -> None:
    """Write `summary.json`: the settings, and what the run took."""
    if rank() > 0:
        return
    summary = {
        "config": asdict(config),
        "steps": steps,
        "seconds": round(seconds, 1),
        "train_hours": round(hours, 2),
    }
    with atomic_path(Path(config.out) / "summary.json") as temporary:
        temporary.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
