"""Seeded damage to files: bytes, numbers in text, members of archives, arrays."""

import io
import random
import re
import zipfile
from collections.abc import Callable
from typing import Final

import numpy as np

_NUMBER: Final = re.compile(rb"-?\d+(\.\d+)?")
# What people and programs write where a small number is meant.
_NUMBERS: Final = (
    *(b"0", b"-1", b"-0", b"1/0", b"1/3", b"nan", b"inf", b"1e308", b"5e-324", b"1e-5000000"),
    *(b"1000000000", b"2147483648", b"99999999999999999999", b"1" + b"0" * 400, b"1" * 5000),
    *(b"", b'"text"', b"\xff\xfe", b"[" * 5000, b"{" * 5000, b"0x10", b"64", b"1/64", b"true"),
)
_WORDS: Final = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def damage(data: bytes, rng: random.Random) -> bytes:
    """The same file with one to three faults; which, the generator decides."""
    for _ in range(rng.choice((1, 1, 2, 3))):
        kinds: list[Callable[[bytes, random.Random], bytes]] = [_bytes, _bytes]
        if data.startswith(b"PK"):
            kinds += [_member] * 6
        elif _is_text(data):
            kinds += [_number] * 3 + [_lines] * 2
        data = rng.choice(kinds)(data, rng)
    return data


def _is_text(data: bytes) -> bool:
    return b"\0" not in data[:200] and data[:200].isascii()


def _bytes(data: bytes, rng: random.Random) -> bytes:
    """Flipped, lost, repeated or overwritten bytes; more often near the beginning."""
    if not data:
        return bytes(rng.randrange(256) for _ in range(rng.randrange(40)))
    changed = bytearray(data)
    reach = len(data) if rng.random() < 0.5 else min(len(data), 200)
    place = rng.randrange(reach)
    kind = rng.randrange(6)
    if kind == 0:
        for _ in range(rng.choice((1, 2, 8))):
            changed[rng.randrange(reach)] ^= 1 << rng.randrange(8)
    elif kind == 1:
        del changed[place:]
    elif kind == 2:
        del changed[place : place + rng.randrange(1, 100)]
    elif kind == 3:
        changed[place:place] = changed[place : place + 100] * rng.choice((1, 3, 200))
    elif kind == 4:
        word = rng.choice(_WORDS).to_bytes(4, rng.choice(("big", "little")))
        changed[place : place + 4] = word
    else:
        changed[place:place] = rng.randbytes(rng.randrange(1, 20))
    return bytes(changed)


def _number(data: bytes, rng: random.Random) -> bytes:
    """Another value where a number stands."""
    found = list(_NUMBER.finditer(data))
    if not found:
        return _bytes(data, rng)
    number = rng.choice(found)
    return data[: number.start()] + rng.choice(_NUMBERS) + data[number.end() :]


def _lines(data: bytes, rng: random.Random) -> bytes:
    """Lines lost, repeated or exchanged."""
    lines = data.split(b"\n")
    first, second = (rng.randrange(len(lines)) for _ in range(2))
    kind = rng.randrange(4)
    if kind == 0:
        del lines[first]
    elif kind == 1:
        lines[first:first] = [lines[second]] * rng.choice((1, 2, 2000))
    elif kind == 2:
        lines[first], lines[second] = lines[second], lines[first]
    else:
        del lines[min(first, second) : max(first, second)]
    return b"\n".join(lines)


def _member(data: bytes, rng: random.Random) -> bytes:
    """An archive packed anew, with one member damaged, lost or exchanged with another."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {info.filename: archive.read(info) for info in archive.infolist()}
    except Exception:  # Damaged before: whatever it raises.
        return _bytes(data, rng)
    if not members:
        return _bytes(data, rng)
    first, second = (rng.choice(list(members)) for _ in range(2))
    kind = rng.randrange(6)
    if kind == 0:
        del members[first]
    elif kind == 1:
        members[first] = members[second]
    elif first.endswith(".npy") and kind > 2:
        members[first] = _array(members[first], rng)
    elif _is_text(members[first]):
        members[first] = rng.choice((_number, _lines, _bytes))(members[first], rng)
    else:
        members[first] = _bytes(members[first], rng)
    packed = io.BytesIO()
    method = rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED, zipfile.ZIP_BZIP2))
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def _array(data: bytes, rng: random.Random) -> bytes:
    """An array of another kind, shape or with other values in its place."""
    try:
        array = np.lib.format.read_array(io.BytesIO(data), allow_pickle=False)
    except Exception:  # Damaged before: whatever it raises.
        return _bytes(data, rng)
    value = rng.choice((0, 1, -1, 255, 2**31 - 1, np.nan, np.inf, 1e30, 5e-324))
    kind = rng.randrange(7)
    if kind == 0:
        array = np.array(rng.choice(("", "text", "[" * 5000, "1e5", "é" * 100)))
    elif kind == 1:
        array = array.ravel()[0] if array.size else np.zeros((2, 2))
    elif kind == 2:
        array = np.repeat(array[None], 3, 0)
    elif kind == 3:
        array = array[:0] if array.ndim else np.zeros(0)
    elif kind == 4 and array.dtype.kind in "iuf":
        array = np.full(array.shape, value)
    elif kind == 5 and array.dtype.kind in "iuf" and array.size:
        array = array.astype(np.float64)
        array.flat[rng.randrange(array.size)] = value
    else:
        array = array[..., :-1] if array.ndim else array.astype("U")
    written = io.BytesIO()
    np.lib.format.write_array(written, np.asarray(array), allow_pickle=False)
    return written.getvalue()
