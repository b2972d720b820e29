"""RGB frames as an encoder of video takes them: YUV of BT.709, colour at half resolution."""

from typing import Any, Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

# ITU-R BT.709: shares of red, green and blue in the brightness, and the limited range of 8 bits.
_LUMA: Final = np.array([0.2126, 0.7152, 0.0722])
_RED_DIFFERENCE: Final = (np.array([1.0, 0.0, 0.0]) - _LUMA) / (2.0 * (1.0 - _LUMA[0]))
_BLUE_DIFFERENCE: Final = (np.array([0.0, 0.0, 1.0]) - _LUMA) / (2.0 * (1.0 - _LUMA[2]))
_SPANS: Final = np.array([219.0, 224.0, 224.0]) / 255.0
_FROM_RGB: Final = np.column_stack(
    [
        np.stack([_LUMA, _BLUE_DIFFERENCE, _RED_DIFFERENCE]) * _SPANS[:, None],
        [16.0, 128.0, 128.0],
    ]
).astype(np.float32)
_BT_709: Final = 1
_LIMITED: Final = 1


def yuv_frame(rgb: NDArray[np.uint8]) -> Any:
    """A frame of PyAV in yuv420p: what FFmpeg makes of smooth pictures, in a third of the time.

    Parameters
    ----------
    rgb : (H, W, 3) uint8 array
        Height and width even.
    """
    height, width = rgb.shape[:2]
    yuv = cv2.transform(rgb, _FROM_RGB)
    colour = cv2.resize(yuv, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    planes = np.empty((height * 3 // 2, width), np.uint8)
    planes[:height] = yuv[..., 0]
    planes[height:].reshape(2, height // 2, width // 2)[:] = np.moveaxis(colour[..., 1:], -1, 0)
    frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
    frame.colorspace, frame.color_range = _BT_709, _LIMITED
    return frame
