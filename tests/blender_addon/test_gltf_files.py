"""What a glTF file needs beside it."""

import json
import struct

import pytest

from blender_addon.gltf_files import files_beside
from retarget.errors import ConductorError

_CONTENT = {
    "asset": {"version": "2.0"},
    "buffers": [{"uri": "body.bin", "byteLength": 4}, {"uri": "data:;base64,AAAA"}],
    "images": [{"uri": "the%20skin.png"}, {"bufferView": 0}, {"uri": "the%20skin.png"}],
}


def _binary(content):
    chunk = json.dumps(content).encode()
    chunk += b" " * (-len(chunk) % 4)
    size = len(chunk)
    return struct.pack("<4sIII4s", b"glTF", 2, size + 28, size, b"JSON") + chunk + bytes(8)


@pytest.mark.parametrize("ending", [".gltf", ".GLB", ".vrm"])
def test_buffers_and_pictures_are_told_by_their_names(tmp_path, ending):
    path = tmp_path / f"me{ending}"
    path.write_bytes(json.dumps(_CONTENT).encode() if ending == ".gltf" else _binary(_CONTENT))
    assert files_beside(path) == (tmp_path / "body.bin", tmp_path / "the skin.png")


def test_other_files_need_nothing(tmp_path):
    assert files_beside(tmp_path / "me.fbx") == ()


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b"glTF\x02", b'{"images": [3]}'])
def test_a_file_that_is_none_is_told_in_a_sentence(tmp_path, content):
    path = tmp_path / "me.gltf"
    path.write_bytes(content)
    with pytest.raises(ConductorError, match=r"me\.gltf is damaged or no GLTF file"):
        files_beside(path)
