"""A character drawn as its bones move: OpenGL off screen, frame by frame."""

import queue
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import cv2
import moderngl
import numpy as np
from numpy.typing import NDArray

from retarget.character import Character
from retarget.rotation import Array

from .baton_stick import Shaft
from .gl_context import OffScreen, off_screen_context
from .lighting import KEY
from .staging import Stage, Staged
from .take import Take

__all__ = ["Painter", "Take", "draw_frames"]

Frame = NDArray[np.uint8]

_SHADERS: Final = Path(__file__).parent / "shaders"
# Light maple stands out from dark suits, and its side away from the light from white walls.
_WOOD_RGB: Final = (236, 220, 192)
_SHADE_RGB: Final = (92, 70, 48)
# Frames drawn ahead of whoever takes them: enough to even out slow ones.
_AHEAD: Final = 4


class Painter(OffScreen):
    """Draws frames of one character over one backdrop; use it in a `with` block, in one thread.

    Parameters
    ----------
    character : Character
        Who is drawn.
    size : (int, int)
        Width and height of the picture.
    scale : float
        Picture pixels per pixel of the take's camera.
    shift : (2,) array
        Picture pixel = scale · camera pixel + shift, both counted from the middle of the first
        pixel. (`Guide.to_pixels` counts from its corner: half a pixel more.)
    backdrop : (H, W, 3) uint8 array, optional
        What stands behind; without it frames are (H, W, 4), straight alpha.
    take : Take, optional
        All that will be drawn: the texture is brought to its resolution, and what it never shows
        is left out.

    Raises
    ------
    ConductorError
        If this machine has no OpenGL.
    """

    def __init__(
        self,
        character: Character,
        size: tuple[int, int],
        *,
        scale: float = 1.0,
        shift: Array | tuple[float, float] = (0.0, 0.0),
        backdrop: Frame | None = None,
        take: Take | None = None,
    ) -> None:
        self._size = size
        self._backdrop = backdrop
        self._stage = Stage(character, size, scale, np.asarray(shift, float), take)
        self._context = off_screen_context()
        with self._context:
            self._make()

    def release(self) -> None:
        self._context.release()

    def draw(self, take: Take, frame: int) -> Frame:
        """Frame `frame`: (H, W, 3) uint8 over the backdrop, or (H, W, 4) with straight alpha."""
        staged = self._stage.set(take, frame)
        with self._context:
            self._submit(staged)
            return self._collect(staged)

    def frames(self, take: Take) -> Iterator[Frame]:
        """All frames in order; one is set up while the one before is rasterised."""
        waiting: Staged | None = None
        for frame in range(len(take)):
            staged = self._stage.set(take, frame)
            with self._context:
                done = None if waiting is None else self._collect(waiting)
                self._submit(staged)
            waiting = staged
            if done is not None:
                yield done
        if waiting is not None:
            with self._context:
                done = self._collect(waiting)
            yield done

    def _make(self) -> None:
        context, (width, height) = self._context, self._size
        person, shaft = (
            context.program(
                (_SHADERS / f"{name}_vertex.glsl").read_text(),
                (_SHADERS / f"{name}_fragment.glsl").read_text(),
            )
            for name in ("person", "shaft")
        )
        shaft["wood"] = tuple(value / 255.0 for value in _WOOD_RGB)
        shaft["shade"] = tuple(value / 255.0 for value in _SHADE_RGB)
        shaft["light"] = tuple(KEY[:2] * [1.0, -1.0] / np.linalg.norm(KEY[:2]))
        self._person, self._shaft = person, shaft
        texture = _within(self._stage.texture, int(context.info["GL_MAX_TEXTURE_SIZE"]))
        self._skin = context.texture((texture.shape[1], texture.shape[0]), 4, texture.tobytes())
        self._skin.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._skin.repeat_x = self._skin.repeat_y = False
        self._solid_index = context.buffer(self._stage.solid_index.tobytes())
        self._blend_index = context.buffer(reserve=4, dynamic=True)
        self._vertices = context.buffer(reserve=4, dynamic=True)
        self._solids: moderngl.VertexArray | None = None
        self._blended: moderngl.VertexArray | None = None
        self._line_place = context.buffer(reserve=32, dynamic=True)
        self._line = context.vertex_array(self._shaft, [(self._line_place, "2f", "place")])
        self._target = context.framebuffer(
            [context.renderbuffer((width, height), 4)], context.depth_renderbuffer((width, height))
        )
        self._plate = None
        if self._backdrop is not None:
            opaque = np.full((height, width, 1), 255, np.uint8)
            plate = context.texture(
                (width, height), 4, np.concatenate([self._backdrop, opaque], axis=-1).tobytes()
            )
            self._plate = context.framebuffer([plate])
        # Colour and opacity add up differently; the stubs know of one pair only.
        context.blend_func = (  # type: ignore[assignment]
            moderngl.SRC_ALPHA,
            moderngl.ONE_MINUS_SRC_ALPHA,
            moderngl.ONE,
            moderngl.ONE_MINUS_SRC_ALPHA,
        )
        context.depth_func = "<="
        # The picture is drawn upside down, because rows are read bottom first.
        context.front_face = "cw"

    def _load(self, staged: Staged) -> None:
        """Vertices and indices of the frame to the GPU; buffers only ever grow."""
        grown = False
        for buffer, array in (
            (self._vertices, staged.vertices),
            (self._blend_index, staged.blend_index),
        ):
            if buffer.size < array.nbytes:
                buffer.orphan(2 * array.nbytes)
                grown = True
            if array.nbytes:
                buffer.write(array)
        if grown or self._solids is None:
            layout = [(self._vertices, "4f 2f 2f", "place", "uv", "look")]
            for old in (self._solids, self._blended):
                if old is not None:
                    old.release()
            self._solids = self._context.vertex_array(self._person, layout, self._solid_index)
            self._blended = self._context.vertex_array(self._person, layout, self._blend_index)

    def _submit(self, staged: Staged) -> None:
        if staged.box is None:
            return
        self._load(staged)
        assert self._solids is not None
        assert self._blended is not None
        context, target = self._context, self._target
        target.use()
        target.scissor = staged.box
        target.depth_mask = True
        target.clear(0.0, 0.0, 0.0, 0.0, depth=1.0, viewport=staged.box)
        if self._plate is not None:
            context.copy_framebuffer(target, self._plate)
            target.use()
        self._skin.use()
        closed, solid = self._stage.closed * 3, len(self._stage.solid_index) * 3
        if closed:
            context.enable_only(moderngl.DEPTH_TEST | moderngl.CULL_FACE)
            self._solids.render(vertices=closed)
        if solid > closed:
            context.enable_only(moderngl.DEPTH_TEST)
            self._solids.render(vertices=solid - closed, first=closed)
        context.enable_only(moderngl.DEPTH_TEST | moderngl.BLEND)
        target.depth_mask = False
        count, far = len(staged.blend_index) * 3, staged.behind_shaft * 3
        if far:
            self._blended.render(vertices=far)
        if staged.shaft is not None:
            self._draw_shaft(staged.shaft)
        if count > far:
            self._blended.render(vertices=count - far, first=far)

    def _draw_shaft(self, shaft: Shaft) -> None:
        self._shaft["start"] = tuple(shaft.start)
        self._shaft["ends"] = [tuple(end) for end in shaft.ends]
        self._shaft["thickness"] = tuple(shaft.thickness)
        self._shaft["depth"] = tuple(shaft.depth)
        corners = (shaft.hull() + 0.5) / np.array(self._size) * 2.0 - 1.0
        self._line_place.write(corners.astype(np.float32).tobytes())
        self._line.render(moderngl.TRIANGLE_STRIP)

    def _collect(self, staged: Staged) -> Frame:
        """What was drawn; waits for it."""
        width, height = self._size
        channels = 4 if self._backdrop is None else 3
        if self._backdrop is None:
            picture = np.zeros((height, width, channels), np.uint8)
        else:
            picture = self._backdrop.copy()
        if staged.box is None:
            return picture
        x, y, wide, high = staged.box
        data = self._target.read(viewport=staged.box, components=4, alignment=1)
        drawn = np.frombuffer(data, np.uint8).reshape(high, wide, 4)
        # Rows come bottom first, and the picture was drawn upside down for that.
        place = picture[y : y + high, x : x + wide]
        if self._backdrop is None:
            place[:] = _straight(drawn)
        else:
            # Many times as fast as NumPy's copy of three bytes out of four.
            cv2.cvtColor(drawn, cv2.COLOR_RGBA2RGB, dst=place)
        return picture


def draw_frames(
    character: Character,
    take: Take,
    size: tuple[int, int],
    *,
    scale: float = 1.0,
    shift: Array | tuple[float, float] = (0.0, 0.0),
    backdrop: Frame | None = None,
) -> Iterator[Frame]:
    """All frames of a take in order, drawn in a thread of its own, a few ahead of the consumer.

    Parameters and errors as for `Painter`.
    """
    ready: queue.Queue[Frame | BaseException | None] = queue.Queue(_AHEAD)
    stop = threading.Event()

    def put(item: Frame | BaseException | None) -> None:
        while not stop.is_set():
            with suppress(queue.Full):
                ready.put(item, timeout=0.1)
                return

    def work() -> None:
        try:
            with Painter(
                character,
                size,
                scale=scale,
                shift=shift,
                backdrop=backdrop,
                take=take,
            ) as painter:
                for frame in painter.frames(take):
                    put(frame)
                    if stop.is_set():
                        return
            put(None)
        except BaseException as error:  # handed to the consumer, who raises it
            put(error)

    thread = threading.Thread(target=work, name="drawing", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stop.set()
        thread.join()


def _within(texture: Frame, largest: int) -> Frame:
    """The texture, smaller if it has to be: OpenGL takes one too large without a word."""
    factor = largest / max(texture.shape[:2])
    if factor >= 1.0:
        return texture
    size = [max(1, int(side * factor)) for side in texture.shape[1::-1]]
    return np.asarray(cv2.resize(texture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _straight(premultiplied: Frame) -> Frame:
    """Premultiplied RGBA to straight alpha."""
    alpha = premultiplied[..., 3:].astype(np.uint16)
    colour = premultiplied[..., :3].astype(np.uint16)
    colour = (colour * 255 + alpha // 2) // np.maximum(alpha, 1)
    straight = np.minimum(colour, 255).astype(np.uint8)
    return np.concatenate([straight, premultiplied[..., 3:]], axis=-1)
