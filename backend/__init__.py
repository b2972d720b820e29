"""Music to conducting: audio, beats, motion, server and the `virtual-conductor` command."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("virtual-conductor")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"
