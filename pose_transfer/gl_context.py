"""An OpenGL context without a window: the GPU where there is one, Mesa's llvmpipe otherwise."""

import sys
from abc import ABC, abstractmethod
from typing import Self

import moderngl

from retarget.errors import ConductorError


def off_screen_context() -> moderngl.Context:
    """A context of this thread's own; `release` it in the same thread.

    A process that has made one must not fork and make another in the child: Mesa hangs there.
    Start children with "spawn".

    Raises
    ------
    ConductorError
        If this machine has no OpenGL 3.3.
    """
    try:
        if sys.platform.startswith("linux"):
            # Its stubs give settings the type of all settings together.
            return moderngl.create_context(
                require=330,
                standalone=True,
                backend="egl",  # type: ignore[arg-type]
            )
        return moderngl.create_context(require=330, standalone=True)
    except Exception as error:  # moderngl and glcontext raise nothing more special
        raise ConductorError(
            "The person cannot be drawn because this machine has no OpenGL; install it (on Debian "
            "and Ubuntu: apt install libegl1 libgl1-mesa-dri)."
        ) from error


class OffScreen(ABC):
    """What draws in a context of its own; `with` releases it, in the thread that made it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *fault: object) -> None:
        self.release()

    @abstractmethod
    def release(self) -> None:
        """Give the context back; nothing is drawn any more."""
