"""What all trainings share: their settings, a step, the moving average, saves and the log.

Deterministic by seed on one machine, and resumable: the state of a run lies in its folder, and a
run that was stopped goes on from there as if nothing had happened.
"""

import copy
import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Final, Generic, Literal, Protocol, Self, TypeVar

import numpy as np
import torch
from pydantic import Field, TypeAdapter, ValidationError
from torch import Tensor, nn

from backend.models.checkpoint import load_checkpoint, restore, save_checkpoint
from backend.toml_file import read_toml
from backend.training.log import TrainingLog
from backend.training.ranks import average_gradients, gpu, rank
from retarget.atomic import atomic_path
from retarget.errors import ConductorError
from retarget.progress import Progress, no_progress

_STATE: Final = "state.pt"

Count = Annotated[int, Field(strict=True, ge=0)]
Positive = Annotated[int, Field(strict=True, ge=1)]
Weight = Annotated[float, Field(strict=True, ge=0.0, allow_inf_nan=False)]
Above0 = Annotated[float, Field(strict=True, gt=0.0, allow_inf_nan=False)]

Batch = TypeVar("Batch")
Network = TypeVar("Network", bound=nn.Module)
Taught = TypeVar("Taught", bound=nn.Module, contravariant=True)


@dataclass(frozen=True)
class Training:
    """What `virtual-conductor train NETWORK --config FILE` reads, a flat TOML table.

    Parameters
    ----------
    data : str
        Folder of the corpus, with train/, val/ and test/.
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
    learned, held_out : str
        The splits that are learned from and looked at; several are joined by a plus ("train+val").
    start : str
        A checkpoint whose weights a new run begins with; its corpus must have had the same split.
    """

    data: str
    out: str
    steps: Positive = 4000
    batch: Positive = 8
    seconds: Above0 = 45.0
    rate: Above0 = 2e-3
    warmup: Count = 200
    decay: Weight = 0.01
    average: Annotated[Weight, Field(lt=1.0)] = 0.998
    seed: Count = 0
    threads: Count = 0
    device: Literal["cpu", "cuda", "auto"] = "auto"
    save_every: Positive = 250
    learned: str = "train"
    held_out: str = "val"
    start: str = ""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a TOML file.

        Raises
        ------
        ConductorError
            If it cannot be read, sets something unknown, or sets something to what it cannot be.
        """
        table = read_toml(path)
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
        try:
            return TypeAdapter(cls).validate_python(table)
        except ValidationError as error:
            first = error.errors()[0]
            reason = first["msg"].replace("Input", "it", 1)
            raise ConductorError(
                f"{path.name} sets {first['loc'][0]} to {first['input']!r}; {reason}."
            ) from None

    @property
    def torch_device(self) -> torch.device:
        """Where the run computes."""
        if self.device == "cuda" or (self.device == "auto" and torch.cuda.is_available()):
            return gpu()
        return torch.device("cpu" if self.device == "auto" else self.device)


class Problem(Protocol, Generic[Taught, Batch]):
    """What a network is to learn, and from what."""

    @property
    def kind(self) -> str:
        """Name of the network in checkpoints."""
        ...

    @property
    def hours(self) -> float:
        """Hours of music it learns from."""
        ...

    def draw(self, rng: np.random.Generator) -> Batch:
        """A batch."""
        ...

    def losses(self, network: Taught, batch: Batch) -> dict[str, Tensor]:
        """Losses by name; "total" is the one to lower."""
        ...

    def validate(self, network: Taught) -> dict[str, float]:
        """Figures on held-out works, on the same ones every time."""
        ...


def train(
    config: Training,
    make: Callable[[], Network],
    problem: Problem[Network, Batch],
    progress: Progress = no_progress,
) -> Path:
    """Train, or go on training; returns the checkpoint, `<kind>.safetensors` in the run's folder.

    Parameters
    ----------
    config : Training
    make : callable
        Makes the network anew; it has a `config`, a dataclass of its shape.
    problem : Problem

    Raises
    ------
    ConductorError
        If `config.start` cannot be loaded.
    Cancelled
        From `progress`; the run goes on from its last save when it is started again.
    """
    state, checkpoint = begin(config, problem.kind)
    network = make()
    take_start(network, problem.kind, config, state)
    learner = Learner(network.to(config.torch_device), config)
    step = load_state(state, config, {problem.kind: learner})
    began, first = time.monotonic(), step
    with logged(config, step) as log:
        for batch in draws(problem.draw, config, step):
            progress(step / config.steps, "training")
            set_seed(config, step)
            learner.network.train()
            losses = problem.losses(learner.network, batch)
            learner.learn(losses["total"], step)
            step += 1
            if step % 20 == 0:
                log(step, {f"train/{n}": float(v.detach()) for n, v in losses.items()})
            if step % config.save_every == 0 or step == config.steps:
                learner.averaged.eval()
                with torch.inference_mode():
                    values = problem.validate(learner.averaged)
                log(step, {f"val/{n}": v for n, v in values.items()})
                save_state(state, step, {problem.kind: learner})
                save_averaged(checkpoint, problem.kind, learner.averaged, config, step)
    write_summary(config, step, time.monotonic() - began if step > first else 0.0, problem.hours)
    progress(1.0, "trained")
    return checkpoint


def begin(config: Training, kind: str) -> tuple[Path, Path]:
    """Set the seed and the threads and make the run's folder; its state and its checkpoint."""
    out = Path(config.out)
    out.mkdir(parents=True, exist_ok=True)
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    return out / _STATE, out / f"{kind}.safetensors"


def take_start(network: nn.Module, kind: str, config: Training, state: Path) -> None:
    """Give the network of a new run the weights it is to begin with, if any.

    Raises
    ------
    ConductorError
        If `config.start` cannot be loaded.
    """
    if config.start and not state.is_file():
        start = Path(config.start)
        restore(network, load_checkpoint(start, kind)[1], start)


@contextmanager
def logged(config: Training, step: int) -> Iterator[Callable[[int, Mapping[str, float]], None]]:
    """What writes figures of a step to the run's log; for the first process alone."""
    if rank() > 0:
        yield lambda step, values: None
        return
    with TrainingLog(Path(config.out), step) as log:
        yield log.write


def set_seed(config: Training, step: int) -> None:
    """Let what is random in a step of this process depend on nothing else."""
    torch.manual_seed(config.seed * 1_000_003 + step + 500_009 * rank())


def draws(
    draw: Callable[[np.random.Generator], Batch], config: Training, first: int
) -> Iterator[Batch]:
    """The batches of steps `first` to the last; the next is drawn while one is learned from.

    Each step of each process draws from a stream of its own, so that a resumed run sees the same
    data.
    """
    others = [rank()] if rank() else []

    def at(step: int) -> Batch:
        return draw(np.random.default_rng([config.seed, step, *others]))

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(at, first)
        for step in range(first, config.steps):
            batch = waiting.result()
            if step + 1 < config.steps:
                waiting = pool.submit(at, step + 1)
            yield batch


class Learner(Generic[Network]):
    """A network, its optimiser and the moving average of its weights."""

    def __init__(self, network: Network, config: Training) -> None:
        self.network, self.config = network, config
        self.averaged = copy.deepcopy(network)
        self._optimiser = torch.optim.AdamW(
            network.parameters(), lr=config.rate, weight_decay=config.decay
        )

    def learn(self, loss: Tensor, step: int) -> None:
        """One step down the gradient of a loss."""
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate(step)
        self._optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        average_gradients(self.network)
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self._optimiser.step()
        self._average(step)

    def state(self) -> dict[str, Any]:
        """All that is needed to go on."""
        return {
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimiser": self._optimiser.state_dict(),
        }

    def take_up(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self._optimiser.load_state_dict(state["optimiser"])

    def _rate(self, step: int) -> float:
        config = self.config
        if step < config.warmup:
            return config.rate * (step + 1) / config.warmup
        share = (step - config.warmup) / max(config.steps - config.warmup, 1)
        return config.rate * (0.01 + 0.99 * 0.5 * (1.0 + float(np.cos(np.pi * share))))

    @torch.no_grad()
    def _average(self, step: int) -> None:
        # Early weights are worth little: the average starts short and grows.
        decay = min(self.config.average, (1.0 + step) / (10.0 + step))
        state = self.network.state_dict()
        for name, kept in self.averaged.state_dict().items():
            if kept.is_floating_point():
                kept.lerp_(state[name], 1.0 - decay)
            else:
                kept.copy_(state[name])


def save_state(path: Path, step: int, learners: Mapping[str, Learner[Any]]) -> None:
    """Write all that a run needs to go on after `step`."""
    if rank() > 0:
        return
    with atomic_path(path) as temporary:
        torch.save({"step": step} | {n: one.state() for n, one in learners.items()}, temporary)


def load_state(path: Path, config: Training, learners: Mapping[str, Learner[Any]]) -> int:
    """Let learners go on from what `save_state` wrote, if it did; returns its step, or 0."""
    if not path.is_file():
        return 0
    state = torch.load(path, map_location=config.torch_device, weights_only=True)
    for name, learner in learners.items():
        learner.take_up(state[name])
    return int(state["step"])


def save_averaged(path: Path, kind: str, network: nn.Module, config: Training, step: int) -> None:
    """Write an averaged network, which has a `config`, as a checkpoint."""
    if rank() > 0:
        return
    shape: Any = network.config
    about = f"train {kind}, seed {config.seed}, step {step} of {config.steps}"
    save_checkpoint(path, kind, asdict(shape), network.state_dict(), about)


def write_summary(config: Training, steps: int, seconds: float, hours: float) -> None:
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
