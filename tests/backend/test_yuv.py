import av
import cv2
import numpy as np
import pytest

from backend.yuv import yuv_frame


@pytest.mark.parametrize("size", [(96, 64), (350, 222), (18, 16)])
def test_a_frame_is_what_ffmpeg_makes_of_it(size):
    width, height = size
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    rgb = cv2.GaussianBlur(noise, (0, 0), 3.0)
    whole = av.VideoFrame.from_ndarray(rgb, format="rgb24")
    meant = whole.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
    made = yuv_frame(rgb)
    assert (made.width, made.height, made.format.name) == (width, height, "yuv420p")
    assert (made.colorspace, made.color_range) == (meant.colorspace, meant.color_range)
    off = np.abs(made.to_ndarray().astype(int) - meant.to_ndarray())
    assert off.max() <= 1
    assert off.mean() < 0.2


def test_colours_are_those_of_the_standard():
    for rgb, yuv in (((255, 255, 255), (235, 128, 128)), ((255, 0, 0), (63, 102, 240))):
        planes = yuv_frame(np.full((4, 8, 3), rgb, np.uint8)).to_ndarray()
        assert (planes[:4] == yuv[0]).all()
        assert (planes[4:5] == yuv[1]).all()
        assert (planes[5:6] == yuv[2]).all()
