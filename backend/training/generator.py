"""Adversarial-perceptual training of the generator (Eq. 2 of the paper).

L_G = λ_mse · MSE + λ_per · ‖E_m(G(x)) − E_m(y)‖² + λ_adv · D(G(x)): of poses and of where they take
the joints, through the motion encoder of AMCNet, and through a critic that is trained beside it.

Music, beats and style leave much of a motion open. For the first two losses a recogniser tells the
generator, through its noise, which of the right motions is meant, and λ_div · KL holds that noise
near what is drawn in use. Half of the motions that the critic sees are of drawn noise; they are
also held near the true ones, loosely, or the noise would tell the style and not the style itself.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from backend.corpus.dataset import MOTION_FPS
from backend.models.amcnet import AmcNet, load_amcnet
from backend.models.critic import SEEN, Critic, critic_loss
from backend.models.generator import Generator, GeneratorConfig, split_pose
from backend.models.kinematics import forward_kinematics, joints_2d
from backend.models.noise import divergence, draw_noise, lines
from backend.models.recogniser import Recogniser, sampled
from backend.training.generator_data import (
    Performance,
    Stretches,
    draw_stretches,
    pose_statistics,
    read_performances,
)
from backend.training.run import (
    Learner,
    Positive,
    Training,
    Weight,
    begin,
    draws,
    load_state,
    logged,
    save_averaged,
    save_state,
    set_seed,
    take_start,
    write_summary,
)
from retarget.progress import Progress, no_progress

_VALIDATION_BATCHES: Final = 4
_VALIDATION_SEED: Final = 12345
# A decimetre off costs as much as a pose off by its standard deviation.
_METRES: Final = 10.0
_SPEED_WEIGHT, _ACCELERATION_WEIGHT = 0.1, 0.005


@dataclass(frozen=True)
class GeneratorTraining(Training):
    """Settings of the generator's training beside those of every training.

    Parameters
    ----------
    amcnet : str
        Checkpoint of the AMCNet whose music encoder is taken over and whose motion encoder
        compares; without one the perceptual loss must be 0.
    mse, perceptual, adversarial, divergence : float
        Weights of the losses; at 0 a loss is left out.
    drawn : float
        Weight of the MSE of motions of drawn noise.
    critic_steps : int
        Steps of the critic for each of the generator's.
    """

    amcnet: str = ""
    mse: Weight = 1.0
    perceptual: Weight = 0.3
    adversarial: Weight = 0.02
    divergence: Weight = 0.01
    drawn: Weight = 0.1
    critic_steps: Positive = 1


def train_generator(config: GeneratorTraining, progress: Progress = no_progress) -> Path:
    """Train, or go on training; returns the checkpoint.

    Raises
    ------
    ConductorError
        If the corpus has no motion, or the AMCNet or `config.start` cannot be loaded.
    Cancelled
        From `progress`; the run goes on from its last save when it is started again.
    """
    performances = read_performances(Path(config.data), config.learned, config.seconds)
    held_out = read_performances(Path(config.data), config.held_out, config.seconds)
    state, checkpoint = begin(config, "generator")
    amcnet = load_amcnet(Path(config.amcnet)) if config.amcnet else AmcNet().eval()
    amcnet = amcnet.to(config.torch_device).requires_grad_(False)
    made = _begin(amcnet, performances)
    take_start(made, "generator", config, state)
    losses = _Losses(amcnet, config)
    told = Learner(_Told(made).to(config.torch_device), config)
    critic = Learner(Critic().to(config.torch_device), config)
    learners: dict[str, Learner[_Told] | Learner[Critic]] = {"told": told, "critic": critic}
    step = load_state(state, config, learners)
    began, first = time.monotonic(), step

    def draw(rng: np.random.Generator) -> Stretches:
        return draw_stretches(performances, config.batch, config.seconds, rng)

    with logged(config, step) as log:
        for batch in draws(draw, config, step):
            progress(step / config.steps, "training")
            set_seed(config, step)
            told.network.train()
            values = _step(told, critic, losses, batch.to(config.torch_device), step)
            step += 1
            if step % 20 == 0:
                log(step, {f"train/{n}": float(v) for n, v in values.items()})
            if step % config.save_every == 0 or step == config.steps:
                figures = _validate(told.averaged, critic.network, losses, held_out)
                log(step, {f"val/{n}": v for n, v in figures.items()})
                save_state(state, step, learners)
                save_averaged(checkpoint, "generator", told.averaged.generator, config, step)
    hours = sum(one.frames for one in performances) / MOTION_FPS / 3600.0
    write_summary(config, step, time.monotonic() - began if step > first else 0.0, hours)
    progress(1.0, "trained")
    return checkpoint


def _begin(amcnet: AmcNet, performances: list[Performance]) -> Generator:
    """A generator that hears as AMCNet does and whose poses lie about the mean."""
    network = Generator(GeneratorConfig(music=amcnet.config))
    network.music.load_state_dict(amcnet.music.state_dict())
    network.mean, network.spread = pose_statistics(performances)
    return network


class _Told(nn.Module):
    """The generator and the recogniser, which learn as one."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator, self.recogniser = generator, Recogniser()

    def forward(self, batch: Stretches) -> tuple[Tensor, Tensor]:
        """The noise (B, T, NOISE) that stands for the poses of a batch, and its divergence."""
        poses = (batch.poses - self.generator.mean) / self.generator.spread
        mean, log_variance = self.recogniser(poses, batch.conditions)
        noise = lines(sampled(mean, log_variance), batch.poses.shape[1])
        return noise, divergence(mean, log_variance)


@dataclass(frozen=True)
class _Posed:
    """Poses (B, T, VALUES), and where they take the joints: positions and world rotations."""

    poses: Tensor
    positions: Tensor
    world: Tensor

    @classmethod
    def of(cls, poses: Tensor) -> "_Posed":
        return cls(poses, *forward_kinematics(*split_pose(poses)))

    def __getitem__(self, which: slice) -> "_Posed":
        return _Posed(self.poses[which], self.positions[which], self.world[which])


class _Losses:
    """Eq. 2, and what it is made of."""

    def __init__(self, amcnet: AmcNet, config: GeneratorTraining) -> None:
        self.config, self._encode = config, amcnet.motion

    def of(self, made: _Posed, true: _Posed, spread: Tensor) -> dict[str, Tensor]:
        """MSE and, if it has a weight, perceptual loss."""
        losses = {"mse": self.mse(made, true, spread)}
        if self.config.perceptual > 0.0:
            mine = self._encode(joints_2d(made.positions, made.world))
            theirs = self._encode(joints_2d(true.positions, true.world))
            losses["perceptual"] = mse_loss(mine, theirs)
        return losses

    def mse(self, made: _Posed, true: _Posed, spread: Tensor) -> Tensor:
        """Of poses in units of their spread, and of places, speeds and accelerations of joints."""
        # The legs follow from the hips and planted feet.
        off = (made.positions - true.positions)[:, :, list(SEEN)] * _METRES
        speed = torch.diff(off, dim=1) * (MOTION_FPS * _SPEED_WEIGHT)
        acceleration = torch.diff(off, n=2, dim=1) * (MOTION_FPS**2 * _ACCELERATION_WEIGHT)
        poses = (made.poses - true.poses) / spread
        return torch.stack([(x**2).mean() for x in (poses, off, speed, acceleration)]).sum()


def _step(
    told: Learner[_Told], critic: Learner[Critic], losses: _Losses, batch: Stretches, step: int
) -> dict[str, Tensor]:
    """One step of both; what it cost."""
    config, generator = losses.config, told.network.generator
    noise, far = told.network(batch)
    count = len(noise)
    free = max(count // 2, 1)
    made = _Posed.of(
        generator(
            torch.cat([batch.mel, batch.mel[:free]]),
            torch.cat([batch.conditions, batch.conditions[:free]]),
            torch.cat([noise, _drawn(batch)[:free]]),
        )
    )
    recognised, drawn, true = made[:count], made[count:], _Posed.of(batch.poses)
    values = losses.of(recognised, true, generator.spread)
    loose = losses.mse(drawn, true[:free], generator.spread)
    total = config.mse * values["mse"] + config.drawn * loose + config.divergence * far
    if config.perceptual > 0.0:
        total = total + config.perceptual * values["perceptual"]
    values["divergence"] = far
    if config.adversarial > 0.0:
        judged = torch.cat([drawn.positions, recognised.positions[free:]])
        for _ in range(config.critic_steps):
            loss, distance = critic_loss(critic.network, true.positions, judged)
            critic.learn(loss, step)
        values["wasserstein"] = distance
        total = total + config.adversarial * critic.network(judged).mean()
    told.learn(total, step)
    return {name: value.detach() for name, value in values.items()} | {"total": total.detach()}


@torch.no_grad()
def _validate(
    told: _Told, critic: Critic, losses: _Losses, held_out: list[Performance]
) -> dict[str, float]:
    """Losses over stretches of held-out works, the same ones every time.

    All but "mse drawn" and the Wasserstein distance are of motions whose noise was recognised.
    """
    config, generator = losses.config, told.generator
    told.eval()
    rng = np.random.default_rng(_VALIDATION_SEED)
    torch.manual_seed(_VALIDATION_SEED)
    sums: dict[str, list[float]] = {}
    for _ in range(_VALIDATION_BATCHES):
        batch = draw_stretches(held_out, config.batch, config.seconds, rng)
        batch = batch.to(config.torch_device)
        noise, far = told(batch)
        recognised, drawn = (
            _Posed.of(generator(batch.mel, batch.conditions, n)) for n in (noise, _drawn(batch))
        )
        true = _Posed.of(batch.poses)
        values = losses.of(recognised, true, generator.spread)
        loose = losses.mse(drawn, true, generator.spread)
        values |= {"divergence": far, "mse drawn": loose}
        if config.adversarial > 0.0:
            distance = critic(drawn.positions).mean() - critic(true.positions).mean()
            values["wasserstein"] = distance
        for name, value in values.items():
            sums.setdefault(name, []).append(float(value))
    return {name: float(np.mean(values)) for name, values in sums.items()}


def _drawn(batch: Stretches) -> Tensor:
    """Noise for every stretch, as in use."""
    size, count = batch.poses.shape[:2]
    source = torch.Generator().manual_seed(int(torch.randint(2**31, (1,))))
    noise = torch.stack([draw_noise(count, source) for _ in range(size)])
    return noise.to(batch.mel.device)
