"""Adversarial-perceptual training of the generator (Eq. 2 of the paper).

L_G = λ_mse · MSE + λ_per · ‖E_m(G(x)) − E_m(y)‖² + λ_adv · D(G(x)): of poses and of where they take
the joints, through the motion encoder of AMCNet, and through a discriminator trained beside it.

Music, beats and style leave much of a motion open. For the first two losses a posterior encoder
tells the generator, through its latent, which of the right motions is meant, and λ_kl · KL holds
that latent near its prior, which is drawn from in use. Half of the motions that the discriminator
sees are of the prior; they are also held near the true ones, loosely, or the latent would tell the
style and not the style itself.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from backend.conducting.learned.conditioning import latest_conditioning
from backend.corpus.dataset import MOTION_FPS
from backend.models.amcnet import AmcNet, load_amcnet
from backend.models.discriminator import SEEN_JOINTS, Discriminator, discriminator_loss
from backend.models.generator import Generator, GeneratorConfig, split_pose
from backend.models.kinematics import forward_kinematics, joints_2d
from backend.models.latent import interpolated, kl_divergence, sample_prior
from backend.models.posterior import PosteriorEncoder, reparameterised
from backend.training.config import Positive, TrainingConfig, Weight
from backend.training.generator_data import (
    MotionBatch,
    Performance,
    pose_statistics,
    read_performances,
    sample_motion_batch,
)
from backend.training.optimisation import Optimisation
from backend.training.run import (
    batches,
    begin_run,
    load_initial_weights,
    load_state,
    logged,
    save_ema,
    save_state,
    set_seed,
    write_summary,
)
from retarget.progress import Progress, no_progress

_VALIDATION_BATCHES: Final = 4
_VALIDATION_SEED: Final = 12345
# A decimetre off costs as much as a pose off by its standard deviation.
_METRES: Final = 10.0
_SPEED_WEIGHT, _ACCELERATION_WEIGHT = 0.1, 0.005


@dataclass(frozen=True)
class GeneratorTrainingConfig(TrainingConfig):
    """Settings of the generator's training beside those of every training.

    Parameters
    ----------
    amcnet : str
        Checkpoint of the AMCNet whose music encoder is taken over and whose motion encoder
        compares; without one the perceptual loss must be 0.
    mse, perceptual, adversarial, kl : float
        Weights of the losses; at 0 a loss is left out.
    prior_mse : float
        Weight of the MSE of motions whose latent is drawn from its prior.
    discriminator_steps : int
        Steps of the discriminator for each of the generator's.
    """

    amcnet: str = ""
    mse: Weight = 1.0
    perceptual: Weight = 0.3
    adversarial: Weight = 0.02
    kl: Weight = 0.01
    prior_mse: Weight = 0.1
    discriminator_steps: Positive = 1


def train_generator(config: GeneratorTrainingConfig, progress: Progress = no_progress) -> Path:
    """Train, or go on training; returns the checkpoint.

    Raises
    ------
    ConductorError
        If the corpus has no motion, or the AMCNet or `config.init_checkpoint` cannot be loaded.
    Cancelled
        From `progress`; the run goes on from its last save when it is started again.
    """
    performances = read_performances(Path(config.data), config.train_split, config.seconds)
    held_out = read_performances(Path(config.data), config.val_split, config.seconds)
    state, checkpoint = begin_run(config, "generator")
    amcnet = load_amcnet(Path(config.amcnet)) if config.amcnet else AmcNet().eval()
    amcnet = amcnet.to(config.torch_device).requires_grad_(False)
    generator = _new_generator(amcnet, performances)
    load_initial_weights(generator, "generator", config, state)
    losses = _Losses(amcnet, config)
    vae = Optimisation(_ConditionalVae(generator).to(config.torch_device), config)
    discriminator = Optimisation(
        Discriminator().to(config.torch_device), config, updates=config.discriminator_steps
    )
    parts: dict[str, Optimisation[Any]] = {"vae": vae, "discriminator": discriminator}
    step = load_state(state, config, parts)
    began, first = time.monotonic(), step

    def sample_batch(rng: np.random.Generator) -> MotionBatch:
        return sample_motion_batch(performances, config.batch_size, config.seconds, rng)

    with logged(config, step) as log:
        for batch in batches(sample_batch, config, step):
            progress(step / config.steps, "training")
            set_seed(config, step)
            vae.network.train()
            values = _step(vae, discriminator, losses, batch.to(config.torch_device))
            step += 1
            if step % 20 == 0:
                log(step, {f"train/{n}": float(v) for n, v in values.items()})
            if step % config.save_every == 0 or step == config.steps:
                figures = _validate(vae.ema, discriminator.network, losses, held_out)
                log(step, {f"val/{n}": v for n, v in figures.items()})
                save_state(state, config, step, parts)
                save_ema(checkpoint, "generator", vae.ema.generator, config, step)
    hours = sum(one.frames for one in performances) / MOTION_FPS / 3600.0
    write_summary(config, step, time.monotonic() - began if step > first else 0.0, hours)
    progress(1.0, "trained")
    return checkpoint


def _new_generator(amcnet: AmcNet, performances: list[Performance]) -> Generator:
    """A generator that hears as AMCNet does and whose poses lie about the mean."""
    network = Generator(GeneratorConfig(latest_conditioning(), music=amcnet.config))
    network.music.load_state_dict(amcnet.music.state_dict())
    network.mean, network.std = pose_statistics(performances)
    return network


class _ConditionalVae(nn.Module):
    """The generator and its posterior encoder, which learn as one."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.generator = generator
        self.posterior = PosteriorEncoder(generator.config.conditioning.channels)

    def forward(self, batch: MotionBatch) -> tuple[Tensor, Tensor]:
        """The latent (B, T, LATENT_DIM) of the poses of a batch, and its divergence."""
        poses = (batch.poses - self.generator.mean) / self.generator.std
        mean, log_variance = self.posterior(poses, batch.conditioning)
        latent = interpolated(reparameterised(mean, log_variance), batch.poses.shape[1])
        return latent, kl_divergence(mean, log_variance)


@dataclass(frozen=True)
class _Poses:
    """Poses (B, T, POSE_DIM), and where they take the joints: positions and world rotations."""

    poses: Tensor
    positions: Tensor
    world: Tensor

    @classmethod
    def of(cls, poses: Tensor) -> "_Poses":
        return cls(poses, *forward_kinematics(*split_pose(poses)))

    def __getitem__(self, which: slice) -> "_Poses":
        return _Poses(self.poses[which], self.positions[which], self.world[which])


class _Losses:
    """Eq. 2, and what it is made of."""

    def __init__(self, amcnet: AmcNet, config: GeneratorTrainingConfig) -> None:
        self.config, self._encode = config, amcnet.motion

    def of(self, generated: _Poses, true: _Poses, std: Tensor) -> dict[str, Tensor]:
        """MSE and, if it has a weight, perceptual loss."""
        losses = {"mse": self.mse(generated, true, std)}
        if self.config.perceptual > 0.0:
            mine = self._encode(joints_2d(generated.positions, generated.world))
            theirs = self._encode(joints_2d(true.positions, true.world))
            losses["perceptual"] = mse_loss(mine, theirs)
        return losses

    def mse(self, generated: _Poses, true: _Poses, std: Tensor) -> Tensor:
        """Of standardised poses, and of places, speeds and accelerations of joints."""
        # The legs follow from the hips and planted feet.
        off = (generated.positions - true.positions)[:, :, list(SEEN_JOINTS)] * _METRES
        speed = torch.diff(off, dim=1) * (MOTION_FPS * _SPEED_WEIGHT)
        acceleration = torch.diff(off, n=2, dim=1) * (MOTION_FPS**2 * _ACCELERATION_WEIGHT)
        poses = (generated.poses - true.poses) / std
        return torch.stack([(x**2).mean() for x in (poses, off, speed, acceleration)]).sum()


def _step(
    vae: Optimisation[_ConditionalVae],
    discriminator: Optimisation[Discriminator],
    losses: _Losses,
    batch: MotionBatch,
) -> dict[str, Tensor]:
    """One step of both; what it cost."""
    config, generator = losses.config, vae.network.generator
    latent, kl = vae.network(batch)
    count = len(latent)
    half = max(count // 2, 1)
    generated = _Poses.of(
        generator(
            torch.cat([batch.mel, batch.mel[:half]]),
            torch.cat([batch.conditioning, batch.conditioning[:half]]),
            torch.cat([latent, _prior(batch)[:half]]),
        )
    )
    inferred, drawn, true = generated[:count], generated[count:], _Poses.of(batch.poses)
    values = losses.of(inferred, true, generator.std)
    prior_mse = losses.mse(drawn, true[:half], generator.std)
    total = config.mse * values["mse"] + config.prior_mse * prior_mse + config.kl * kl
    if config.perceptual > 0.0:
        total = total + config.perceptual * values["perceptual"]
    values["kl"] = kl
    if config.adversarial > 0.0:
        seen = torch.cat([drawn.positions, inferred.positions[half:]])
        for _ in range(config.discriminator_steps):
            loss, distance = discriminator_loss(discriminator.network, true.positions, seen)
            discriminator.update(loss)
        values["wasserstein"] = distance
        total = total + config.adversarial * discriminator.network(seen).mean()
    vae.update(total)
    return {name: value.detach() for name, value in values.items()} | {"total": total.detach()}


@torch.no_grad()
def _validate(
    vae: _ConditionalVae,
    discriminator: Discriminator,
    losses: _Losses,
    held_out: list[Performance],
) -> dict[str, float]:
    """Losses over stretches of held-out works, the same ones every time.

    All but "prior mse" and the Wasserstein distance are of motions whose latent was inferred.
    """
    config, generator = losses.config, vae.generator
    vae.eval()
    rng = np.random.default_rng(_VALIDATION_SEED)
    torch.manual_seed(_VALIDATION_SEED)
    sums: dict[str, list[float]] = {}
    for _ in range(_VALIDATION_BATCHES):
        batch = sample_motion_batch(held_out, config.batch_size, config.seconds, rng)
        batch = batch.to(config.torch_device)
        latent, kl = vae(batch)
        inferred, drawn = (
            _Poses.of(generator(batch.mel, batch.conditioning, n)) for n in (latent, _prior(batch))
        )
        true = _Poses.of(batch.poses)
        values = losses.of(inferred, true, generator.std)
        values |= {"kl": kl, "prior mse": losses.mse(drawn, true, generator.std)}
        if config.adversarial > 0.0:
            distance = discriminator(drawn.positions).mean() - discriminator(true.positions).mean()
            values["wasserstein"] = distance
        for name, value in values.items():
            sums.setdefault(name, []).append(float(value))
    return {name: float(np.mean(values)) for name, values in sums.items()}


def _prior(batch: MotionBatch) -> Tensor:
    """The latent of every stretch, drawn as in use."""
    size, count = batch.poses.shape[:2]
    source = torch.Generator().manual_seed(int(torch.randint(2**31, (1,))))
    latent = torch.stack([sample_prior(count, source) for _ in range(size)])
    return latent.to(batch.mel.device)
