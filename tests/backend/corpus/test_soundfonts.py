"""Soundfonts that lack what is to be played."""

import struct
from pathlib import Path

import pytest

from backend.corpus.soundfonts import require_general_midi
from retarget.errors import ConductorError


def soundfont(path: Path, presets: list[tuple[int, int]]) -> Path:
    """A file with the headers of presets (program, bank) and nothing that sounds."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)

    headers = b"".join(
        struct.pack("<20sHHHIII", b"some", program, bank, 0, 0, 0, 0)
        for program, bank in [*presets, (0, 0)]
    )
    about = chunk(b"LIST", b"INFO" + chunk(b"ifil", b"\2\0\4\0") + chunk(b"INAM", b"odd\0\0"))
    told = chunk(b"LIST", b"pdta" + chunk(b"phdr", headers))
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(about + told)) + b"sfbk" + about + told)
    return path


def test_a_whole_bank_is_taken_and_a_few_may_be_missing(tmp_path: Path) -> None:
    require_general_midi(soundfont(tmp_path / "all.sf2", [(n, 0) for n in range(128)]))
    require_general_midi(soundfont(tmp_path / "most.sf2", [(n, 0) for n in range(122)]))


def test_effects_in_other_banks_are_no_orchestra(tmp_path: Path) -> None:
    effects = soundfont(tmp_path / "effects.sf2", [(n, 8) for n in range(128)])
    with pytest.raises(ConductorError, match=r"effects\.sf2 lacks 128 of General MIDI's 128"):
        require_general_midi(effects)


def test_the_preset_that_ends_the_list_does_not_count(tmp_path: Path) -> None:
    with pytest.raises(ConductorError, match="lacks 9 "):
        require_general_midi(soundfont(tmp_path / "a.sf2", [(n, 0) for n in range(1, 120)]))


@pytest.mark.parametrize("data", [b"", b"RIFF", b"no soundfont at all", b"RIFF\0\0\0\0sfbkLIST"])
def test_other_files_are_refused_in_a_sentence(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.sf2"
    path.write_bytes(data)
    with pytest.raises(ConductorError, match="cannot be read as a soundfont"):
        require_general_midi(path)
    with pytest.raises(ConductorError, match="cannot be read as a soundfont"):
        require_general_midi(tmp_path / "none.sf2")
