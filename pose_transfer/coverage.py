"""What a mesh covers in a picture: the nearest face and its depth at every pixel (OpenGL)."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from retarget.rotation import Array

from .gl_context import OffScreen, off_screen_context

_VERTEX: Final = """
#version 330
uniform vec2 size;
uniform vec2 range;
in vec3 point;
out float depth;
void main() {
    vec2 at = (point.xy + 0.5) / size * 2.0 - 1.0;
    float near = (point.z - range.x) / (range.y - range.x) * 2.0 - 1.0;
    depth = point.z;
    gl_Position = vec4(at, near, 1.0);
}
"""
_FRAGMENT: Final = """
#version 330
in float depth;
layout(location = 0) out vec2 colour;
void main() { colour = vec2(float(gl_PrimitiveID) + 1.0, depth); }
"""


@dataclass(frozen=True)
class Coverage:
    """Nearest faces.

    Parameters
    ----------
    face : (H, W) int32 array
        Place of the nearest face, −1 where there is none.
    depth : (H, W) float32 array
        Its depth, 0 where there is none.
    """

    face: NDArray[np.int32]
    depth: NDArray[np.float32]

    @property
    def inside(self) -> NDArray[np.bool_]:
        """Where there is a face, (H, W)."""
        return self.face >= 0


class CoverageRenderer(OffScreen):
    """Draws coverage of one picture size; close it, or use it as a context manager."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._context = off_screen_context()
        self._size = size
        self._program = self._context.program(vertex_shader=_VERTEX, fragment_shader=_FRAGMENT)
        self._target = self._context.framebuffer(
            color_attachments=[self._context.texture(size, 2, dtype="f4")],
            depth_attachment=self._context.depth_renderbuffer(size),
        )

    def release(self) -> None:
        self._context.release()

    def draw(self, points: Array, faces: NDArray) -> Coverage:
        """Coverage of faces (F, 3) with corners at `points` (V, 3): x, y in pixels and depth."""
        # Somebody else may have drawn in a context of their own meanwhile.
        with self._context:
            values = self._read(points, faces)
        face = np.round(values[..., 0]).astype(np.int32) - 1
        return Coverage(face, values[..., 1].copy())

    def _read(self, points: Array, faces: NDArray) -> NDArray[np.float32]:
        context = self._context
        buffer = context.buffer(np.ascontiguousarray(points, np.float32).tobytes())
        index = context.buffer(np.ascontiguousarray(faces, np.int32).tobytes())
        array = context.vertex_array(self._program, [(buffer, "3f", "point")], index_buffer=index)
        self._target.use()
        context.enable(context.DEPTH_TEST)
        self._target.clear(0.0, 0.0, 0.0, 0.0, depth=1.0)
        self._program["size"] = tuple(float(n) for n in self._size)
        low, high = float(points[:, 2].min()), float(points[:, 2].max())
        self._program["range"] = (low - 0.01, high + 0.01)
        array.render()
        raw = np.frombuffer(self._target.read(components=2, dtype="f4"), np.float32)
        # Rows come in the order of y, which grows downward here as in pictures.
        values = raw.reshape(self._size[1], self._size[0], 2)
        for thing in (array, buffer, index):
            thing.release()
        return values
