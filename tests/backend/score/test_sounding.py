"""When the notes of a score sound: rests, cues and graces do not, ties and repeats count."""

from pathlib import Path

import mido
import pytest

from backend.score.beats import beats_from_score
from backend.score.score_beats import Sounding

METER = (
    "<attributes><divisions>24</divisions>"
    "<time><beats>4</beats><beat-type>4</beat-type></time></attributes>"
    '<sound tempo="60"/>'
)
PITCH = "<pitch><step>C</step><octave>4</octave></pitch>"
REST = "<note><rest/><duration>24</duration></note>"
BAR_REST = '<note><rest measure="yes"/><duration>96</duration></note>'


def note(
    quarters: float, sound: str = PITCH, before: str = "", attributes: str = "", ties: str = ""
) -> str:
    tied = "".join(f'<tie type="{kind}"/>' for kind in ties.split())
    duration = f"<duration>{round(quarters * 24)}</duration>"
    return f"<note{attributes}>{before}{sound}{duration}{tied}</note>"


def sounding(folder: Path, *parts: list[str]) -> Sounding | None:
    """Of bars of 4/4 at one quarter note a second."""
    text = "".join(
        f"<part id='P{i}'>" + "".join(f"<measure>{bar}</measure>" for bar in bars) + "</part>"
        for i, bars in enumerate([METER + bars[0], *bars[1:]] for bars in parts)
    )
    path = folder / "a.musicxml"
    path.write_text(f"<score-partwise>{text}</score-partwise>")
    return beats_from_score(path).sounding


def test_rests_at_both_ends_do_not_sound(tmp_path: Path) -> None:
    bars = [BAR_REST, REST + note(1) + note(1) + REST, REST * 4, BAR_REST]
    assert sounding(tmp_path, bars) == Sounding(5.0, 6.0, 7.0)
    assert sounding(tmp_path, bars, [note(2) + REST * 2, *[BAR_REST] * 3]) == Sounding(0, 6, 7)


@pytest.mark.parametrize("kind", ["<cue/>", "<grace/>"])
def test_cue_and_grace_notes_do_not_sound(tmp_path: Path, kind: str) -> None:
    small = note(1, before=kind)
    if "grace" in kind:
        small = small.replace("<duration>24</duration>", "") + REST
    assert sounding(tmp_path, [small * 4, REST + note(3), small * 4]) == Sounding(5.0, 5.0, 8.0)


@pytest.mark.parametrize(
    ("sound", "attributes"),
    [
        (PITCH, ' print-object="no"'),
        ("<unpitched><display-step>E</display-step></unpitched>", ""),
    ],
)
def test_hidden_notes_and_drums_sound(tmp_path: Path, sound: str, attributes: str) -> None:
    bars = [REST * 3 + note(1, sound, attributes=attributes), BAR_REST]
    assert sounding(tmp_path, bars) == Sounding(3.0, 3.0, 4.0)


def test_a_hidden_rest_is_a_rest(tmp_path: Path) -> None:
    hidden = note(4, "<rest/>", attributes=' print-object="no"')
    assert sounding(tmp_path, [hidden, note(4)]) == Sounding(4.0, 4.0, 8.0)
    assert sounding(tmp_path, [hidden, BAR_REST]) is None


def test_a_tied_note_begins_once_and_sounds_to_its_end(tmp_path: Path) -> None:
    bars = [REST * 2 + note(2, ties="start"), note(4, ties="stop start"), note(1, ties="stop")]
    bars[2] += REST * 3
    assert sounding(tmp_path, bars) == Sounding(2.0, 2.0, 9.0)


def test_notes_of_a_chord_sound_together_and_a_second_voice_counts(tmp_path: Path) -> None:
    back = "<backup><duration>96</duration></backup>"
    bar = REST + note(3) + note(3, before="<chord/>") + back + REST * 3 + note(1)
    assert sounding(tmp_path, [bar, BAR_REST]) == Sounding(1.0, 3.0, 4.0)


def test_it_is_told_as_the_bars_are_played(tmp_path: Path) -> None:
    back = '<barline><repeat direction="backward"/></barline>'
    first = '<barline><ending type="start" number="1"/></barline>'
    second = '<barline><ending type="start" number="2"/></barline>'
    bars = [BAR_REST, note(4), first + BAR_REST + back, second + note(2) + REST * 2]
    # The bars 1 2 3, 1 2 4.
    assert sounding(tmp_path, bars) == Sounding(4.0, 20.0, 22.0)
    fine = [BAR_REST, note(2) + REST * 2 + '<sound fine="yes"/>', note(4) + '<sound dacapo="yes"/>']
    assert sounding(tmp_path, fine) == Sounding(4.0, 16.0, 18.0)


def test_of_midi_it_is_the_first_and_the_last_note(tmp_path: Path) -> None:
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=1_000_000)])
    track.append(mido.Message("note_on", note=60, time=6 * 480))
    track.append(mido.Message("note_on", note=64, time=480))
    track.append(mido.Message("note_off", note=64, time=480))
    track.append(mido.Message("note_off", note=60, time=480))
    track.append(mido.MetaMessage("marker", text="end", time=8 * 480))
    file.tracks.append(track)
    file.save(tmp_path / "a.mid")
    found = beats_from_score(tmp_path / "a.mid").sounding
    assert found == Sounding(pytest.approx(6.0), pytest.approx(7.0), pytest.approx(9.0))
