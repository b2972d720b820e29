"""Content hashes of what results are made with: after an upgrade of it they are out of date."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

import blender_addon
import retarget
from retarget.conductor_asset import DEFAULT_CONDUCTOR

_ENDINGS: Final = {".py", ".toml", ".npz", ".glsl"}
_ADDON: Final = Path(blender_addon.__file__).parent
_ASSETS: Final = "conductors"


def hash_of_folder(folder: Path, *, without: frozenset[str] = frozenset()) -> str:
    """SHA-256 of a package's code and data, and of their names in it.

    Parameters
    ----------
    folder : Path
        The package.
    without : set of str
        Folders right below it that do not count. Hidden ones never do.
    """
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.suffix not in _ENDINGS or name.parts[0] in without or not path.is_file():
            continue
        if not any(part.startswith(".") for part in name.parts):
            digest.update(name.as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@cache
def hash_of_scenes() -> str:
    """Of the code that builds, animates and renders scenes; without the built-in conductors."""
    addon = hash_of_folder(_ADDON, without=frozenset({_ASSETS, "garments", "people"}))
    return addon + hash_of_folder(Path(retarget.__file__).parent)


def hash_of_conductor(name: str | None) -> str:
    """Of a built-in conductor's file; None is the default one."""
    file = _ADDON / _ASSETS / f"{name or DEFAULT_CONDUCTOR}.npz"
    return hashlib.sha256(file.read_bytes()).hexdigest()
