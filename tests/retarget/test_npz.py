"""Archives from strangers: every fault is one sentence, and costs neither memory nor time."""

import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from retarget import rotation, skeleton
from retarget.errors import ConductorError
from retarget.guide import Guide
from retarget.motion import Motion
from retarget.npz import MAX_BYTES, load_npz

LAYOUT = {"count": "i0", "name": "U0", "values": "f2"}
GOOD = {"count": np.array(3), "name": np.array("three"), "values": np.ones((3, 2))}


def refusal(path: Path) -> str:
    with pytest.raises(ConductorError) as fault:
        load_npz(path, "table", LAYOUT)
    assert str(fault.value).count(".") <= 2
    return str(fault.value)


def entry(path: Path, name: str, content: bytes) -> None:
    """An archive of one member."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}.npy", content)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("count", np.array("3")),
        ("count", np.array([3, 3])),
        ("count", np.array(3.5)),
        ("name", np.array(3)),
        ("name", np.array(["three", "four"])),
        ("values", np.array(1.0)),
        ("values", np.array([["1", "2"]])),
        ("values", np.ones((3, 2), complex)),
    ],
)
def test_text_for_numbers_and_wrong_axes_are_refused(
    tmp_path: Path, key: str, value: np.ndarray
) -> None:
    np.savez(tmp_path / "a.npz", **{**GOOD, key: value})
    assert "damaged" in refusal(tmp_path / "a.npz")


def test_a_good_archive_is_read_as_it_was(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "a.npz", **GOOD)
    read = load_npz(tmp_path / "a.npz", "table", LAYOUT)
    assert int(read["count"]) == 3
    assert str(read["name"]) == "three"
    np.testing.assert_array_equal(read["values"], GOOD["values"])


def test_every_damaged_byte_is_refused_or_read(tmp_path: Path) -> None:
    whole = io.BytesIO()
    np.savez_compressed(whole, **GOOD)
    damaged = tmp_path / "a.npz"
    refused = 0
    for place in range(len(whole.getvalue())):
        data = bytearray(whole.getvalue())
        data[place] ^= 0x55
        damaged.write_bytes(data)
        try:
            load_npz(damaged, "table", LAYOUT)
        except ConductorError:
            refused += 1
    assert refused > 200


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (500000000000,), }",
        "{'descr': '<U0', 'fortran_order': False, 'shape': (500000000000,), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -1), }",
        "{'descr': " + "[" * 4000,
        "{'descr': '<f8'",
    ],
)
def test_a_header_that_lies_costs_no_memory(tmp_path: Path, header: str) -> None:
    written = header.encode() + b"\n"
    content = b"\x93NUMPY\x01\x00" + len(written).to_bytes(2, "little") + written + bytes(8)
    entry(tmp_path / "a.npz", "values", content)
    tracemalloc.start()
    assert "damaged" in refusal(tmp_path / "a.npz")
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_what_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with (
        zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("values.npy", "w", force_zip64=True) as file,
    ):
        for _ in range((MAX_BYTES >> 24) + 1):
            file.write(bytes(1 << 24))
    tracemalloc.start()
    assert "MB" in refusal(tmp_path / "a.npz")
    assert tracemalloc.get_traced_memory()[1] < 20_000_000
    tracemalloc.stop()


def test_deep_json_in_a_motion_is_no_fault(tmp_path: Path) -> None:
    still = Motion(30.0, rotation.identity((2, len(skeleton.NAMES))), np.zeros((2, 3)))
    still.save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as file:
        arrays = dict(file)
    for text in ("[" * 100_000, '{"a":' * 100_000, "1" * 5000, json.dumps([1])):
        np.savez(tmp_path / "m.npz", **(arrays | {"style": np.array(text)}))
        assert Motion.load(tmp_path / "m.npz").style == {}


def _nothing(arrays: dict[str, np.ndarray]) -> None:
    arrays["rotations"] = np.zeros_like(arrays["rotations"])


def _far(arrays: dict[str, np.ndarray]) -> None:
    arrays["root"] = np.full_like(arrays["root"], 1e30)


def _backwards(arrays: dict[str, np.ndarray]) -> None:
    arrays["beats"], arrays["beat_numbers"] = np.array([1.0, 0.5]), np.array([1, 2])


@pytest.mark.parametrize("spoil", [_nothing, _far, _backwards])
def test_a_motion_that_would_give_no_numbers_is_refused(
    tmp_path: Path, spoil: Callable[[dict[str, np.ndarray]], None]
) -> None:
    still = Motion(30.0, rotation.identity((2, len(skeleton.NAMES))), np.zeros((2, 3)))
    still.save(tmp_path / "m.npz")
    with np.load(tmp_path / "m.npz") as file:
        arrays = dict(file)
    spoil(arrays)
    np.savez(tmp_path / "m.npz", **arrays)
    with pytest.raises(ConductorError, match="damaged"):
        Motion.load(tmp_path / "m.npz")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("positions", 0.0),
        ("positions", 1e30),
        ("rest", 0.0),
        ("rotations", 0.0),
        ("view", 0.0),
        ("projection", 0.0),
        ("fps", 0.0),
        ("fps", np.nan),
        ("size", 0),
        ("size", -960),
    ],
)
def test_a_guide_without_a_body_a_camera_or_a_picture_is_refused(
    tmp_path: Path, key: str, value: float
) -> None:
    joints = skeleton.REST[None].repeat(3, 0)
    turns = rotation.identity((3, len(skeleton.NAMES)))
    eye = np.eye(4)[None].repeat(3, 0)
    Guide(24.0, (64, 64), joints, turns, skeleton.REST, eye, eye).save(tmp_path / "g.npz")
    Guide.load(tmp_path / "g.npz")
    with np.load(tmp_path / "g.npz") as file:
        arrays = dict(file)
    arrays[key] = np.full_like(arrays[key], value)
    np.savez(tmp_path / "g.npz", **arrays)
    with pytest.raises(ConductorError, match=f"damaged .{key}"):
        Guide.load(tmp_path / "g.npz")
