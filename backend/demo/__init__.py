"""The bundled demo: a theme in the public domain, its rendering, and a sample photo."""

from importlib.resources import files
from pathlib import Path


def demo_file(name: str) -> Path:
    """Path of a bundled file: "ode_to_joy.ogg", "ode_to_joy.mid" or "photo.png"."""
    return Path(str(files(__package__).joinpath(name)))
