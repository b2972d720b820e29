"""Networks as files: safetensors with the shape of the network and where it came from."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, TypeVar

from safetensors import SafetensorError
from safetensors.torch import load, save_file
from torch import Tensor, nn

from retarget.atomic import atomic_path
from retarget.errors import ConductorError

FORMAT: Final = "virtual-conductor/2"

_ANY_FORMAT: Final = FORMAT.partition("/")[0] + "/"

Config = TypeVar("Config")
Network = TypeVar("Network", bound=nn.Module)


def shipped(name: str) -> Path:
    """Where a checkpoint that comes with the program lies."""
    return Path(str(files(__package__).joinpath("weights", f"{name}.safetensors")))


def save_checkpoint(
    path: Path, kind: str, config: Mapping[str, Any], tensors: Mapping[str, Tensor], about: str
) -> None:
    """Write a network, atomically.

    Parameters
    ----------
    path : Path
        A .safetensors file.
    kind : str
        Which network it is ("beats").
    config : mapping
        Its shape, as JSON values.
    tensors : mapping of str to tensor
        Its state.
    about : str
        Where it came from: data, command, seed.
    """
    metadata = {
        "format": FORMAT,
        "kind": kind,
        "config": json.dumps(dict(config)),
        "about": about,
    }
    with atomic_path(path) as temporary:
        save_file(
            {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()},
            str(temporary),
            metadata=metadata,
        )


def load_checkpoint(path: Path, kind: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Shape and state of a network.

    Raises
    ------
    ConductorError
        If the file is missing, damaged, or holds another network.
    """
    if not path.is_file():
        raise ConductorError(f"The checkpoint {path} is not there; install the program again.")
    try:
        # Not by `safe_open`: it gives out Ctrl-C in the midst of a tensor as a ValueError.
        content = path.read_bytes()
        tensors = load(content)
        metadata = _metadata(content)
        config = json.loads(metadata.get("config", "null"))
    except (SafetensorError, OSError, ValueError) as error:
        raise ConductorError(
            f"The checkpoint {path} is damaged; install the program again."
        ) from error
    written = metadata.get("format", "")
    if written != FORMAT and written.startswith(_ANY_FORMAT):
        raise ConductorError(
            f"The checkpoint {path} is of another version of the program; install that version, or "
            "train anew."
        )
    if written != FORMAT or metadata.get("kind") != kind or config is None:
        raise ConductorError(f"{path} is no checkpoint for {kind}; choose another.")
    return config, tensors


def _metadata(content: bytes) -> dict[str, str]:
    """What a safetensors file that `load` has read says of itself: its header is JSON."""
    length = int.from_bytes(content[:8], "little")
    header: dict[str, dict[str, str]] = json.loads(content[8 : 8 + length])
    return header.get("__metadata__", {})


def restore(network: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Put a state into a network.

    Raises
    ------
    ConductorError
        If it does not fit.
    """
    try:
        network.load_state_dict(dict(tensors))
    except RuntimeError as error:
        raise ConductorError(
            f"The checkpoint {path} does not fit this version of the program; install it again."
        ) from error


def load_for_use(path: Path, kind: str, build: Callable[[dict[str, Any]], Network]) -> Network:
    """The network of a checkpoint, for use, not training.

    Parameters
    ----------
    path : Path
    kind : str
        Which network it is to be.
    build : callable
        Makes the network from its shape as JSON values.

    Raises
    ------
    ConductorError
        If the file is missing, damaged, or holds another network or shape.
    """
    table, tensors = load_checkpoint(path, kind)
    network = build(table)
    restore(network, tensors, path)
    return network.eval()


@contextmanager
def or_else(way: str) -> Iterator[None]:
    """Let a fault of a checkpoint also say which option does without.

    Raises
    ------
    ConductorError
        What was raised inside, with that sentence.
    """
    try:
        yield
    except ConductorError as error:
        raise ConductorError(f"{error} Or use {way}, which needs none.") from error


def shape_of(cls: type[Config], table: Mapping[str, Any], what: str) -> Config:
    """The shape of a network from JSON values, as `dataclasses.asdict` makes them.

    Parameters
    ----------
    cls : type
        A dataclass whose lists are tuples.
    table : mapping
    what : str
        What the user calls the network, for the message.

    Raises
    ------
    ConductorError
        If a name is unknown or one is missing.
    """
    names = {field.name for field in fields(cls)}  # type: ignore[arg-type]  # any dataclass
    if not isinstance(table, Mapping) or set(table) != names:
        raise ConductorError(
            f"The {what} has another shape than this version of the program knows; install it "
            "again."
        )
    return cls(**{n: tuple(v) if isinstance(v, list) else v for n, v in table.items()})
