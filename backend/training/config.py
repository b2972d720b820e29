"""The settings that all trainings share, as TOML files hold them."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Literal, Self

import torch
from pydantic import Field, TypeAdapter, ValidationError

from backend.toml_file import read_toml
from backend.training.ranks import local_gpu
from retarget.errors import ConductorError

Count = Annotated[int, Field(strict=True, ge=0)]
Positive = Annotated[int, Field(strict=True, ge=1)]
Weight = Annotated[float, Field(strict=True, ge=0.0, allow_inf_nan=False)]
Above0 = Annotated[float, Field(strict=True, gt=0.0, allow_inf_nan=False)]


@dataclass(frozen=True)
class TrainingConfig:
    """What `virtual-conductor train NETWORK --config FILE` reads, a flat TOML table.

    Parameters
    ----------
    data : str
        Folder of the corpus, with train/, val/ and test/.
    out : str
        Folder of the run.
    steps, batch_size : int
        Steps, and stretches in each.
    seconds : float
        Length of a stretch.
    learning_rate : float
        The highest; it warms up and then falls along a cosine to a hundredth.
    warmup_steps : int
    weight_decay : float
    ema_decay : float
        Of the exponential moving average of the weights, which is what is kept.
    seed : int
    threads : int
        Of torch on the CPU; 0 leaves it to torch.
    device : str
        "cpu", "cuda" or "auto".
    save_every : int
        Steps between validations and saves.
    train_split, val_split : str
        The splits of the corpus; several are joined by a plus ("train+val").
    init_checkpoint : str
        A checkpoint whose weights a new run begins with; its corpus must have had the same split.
    """

    data: str
    out: str
    steps: Positive = 4000
    batch_size: Positive = 8
    seconds: Above0 = 45.0
    learning_rate: Above0 = 2e-3
    warmup_steps: Count = 200
    weight_decay: Weight = 0.01
    ema_decay: Annotated[Weight, Field(lt=1.0)] = 0.998
    seed: Count = 0
    threads: Count = 0
    device: Literal["cpu", "cuda", "auto"] = "auto"
    save_every: Positive = 250
    train_split: str = "train"
    val_split: str = "val"
    init_checkpoint: str = ""

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
            return local_gpu()
        return torch.device("cpu" if self.device == "auto" else self.device)
