"""Score files to notes: pitches, ties, ornaments, repeats, movements, dynamics."""

from pathlib import Path

import mido
import numpy as np
import pytest
from small_scores import (
    articulation,
    attributes,
    barline,
    dynamic,
    grace,
    note,
    read,
    rest,
    tempo,
    wedge,
    words,
    write_score,
)

from backend.score.movements import read_score
from backend.score.notes import Touch
from retarget.errors import ConductorError


def test_notes_have_their_places_lengths_and_pitches(tmp_path: Path) -> None:
    notes = read(
        tmp_path,
        attributes() + note("C", 1) + note("E", 1, chord=True) + rest(1) + note("F", 2, alter=1),
        note("B", 4, octave=3),
    ).notes
    np.testing.assert_allclose(notes.onset, [0, 0, 2, 4])
    np.testing.assert_allclose(notes.duration, [1, 1, 2, 4])
    assert notes.pitch.tolist() == [60, 64, 66, 59]


def test_transposing_instruments_are_read_as_they_sound(tmp_path: Path) -> None:
    movement = read(tmp_path, attributes(transpose=-2) + note("C", 4), name="Bb Clarinet 1")
    assert movement.notes.pitch.tolist() == [58]
    assert movement.instruments[0].programs[0] == 71


def test_tied_notes_are_one_even_over_the_barline(tmp_path: Path) -> None:
    notes = read(
        tmp_path,
        attributes() + rest(2) + note("C", 2, tie=("start",)),
        note("C", 1, tie=("stop", "start")) + note("C", 1, tie=("stop",)) + note("C", 2),
    ).notes
    np.testing.assert_allclose(notes.onset, [2, 6])
    np.testing.assert_allclose(notes.duration, [4, 2])


def test_a_tremolo_is_repeated_notes(tmp_path: Path) -> None:
    mark = '<ornaments><tremolo type="single">2</tremolo></ornaments>'
    notes = read(tmp_path, attributes() + note("C", 1, notations=mark) + rest(3)).notes
    np.testing.assert_allclose(notes.onset, [0, 0.25, 0.5, 0.75])


def test_a_tremolo_of_two_notes_takes_them_in_turn(tmp_path: Path) -> None:
    def mark(kind: str) -> str:
        return f'<ornaments><tremolo type="{kind}">1</tremolo></ornaments>'

    notes = read(
        tmp_path,
        attributes()
        + note("C", 1, notations=mark("start"), kind="half")
        + note("G", 1, notations=mark("stop"), kind="half")
        + rest(2),
    ).notes
    np.testing.assert_allclose(notes.onset, [0, 0.5, 1, 1.5])
    assert notes.pitch.tolist() == [60, 67, 60, 67]


def test_grace_notes_take_no_time_and_know_their_order(tmp_path: Path) -> None:
    notes = read(tmp_path, attributes() + grace("D") + grace("E") + note("F", 4)).notes
    np.testing.assert_allclose(notes.onset, [0, 0, 0])
    assert notes.grace.tolist() == [2, 1, 0]


def test_articulations_slurs_and_plucking_are_kept(tmp_path: Path) -> None:
    notes = read(
        tmp_path,
        attributes()
        + note(notations=articulation("staccato"))
        + note(notations='<slur type="start"/>')
        + note(notations='<slur type="stop"/>')
        + words("pizz.")
        + note(notations=articulation("accent")),
        words("arco") + note(quarters=4),
    ).notes
    assert [Touch(t) for t in notes.touch.tolist()] == [
        Touch.STACCATO,
        Touch.LEGATO,
        Touch.NONE,
        Touch.ACCENT | Touch.PLUCKED,
        Touch.NONE,
    ]


def test_dynamics_hold_and_hairpins_lead_to_the_next(tmp_path: Path) -> None:
    velocity = read(
        tmp_path,
        attributes() + dynamic("p") + note() + note() + wedge("crescendo") + note() + note(),
        note() + note() + wedge("stop") + dynamic("ff") + note() + note(),
    ).notes.velocity
    assert velocity[0] == velocity[1] == velocity[2]
    assert (np.diff(velocity[2:7]) > 0).all()
    assert velocity[6] == velocity[7] > velocity[0] + 40


def test_a_sforzato_accents_its_note_alone(tmp_path: Path) -> None:
    notes = read(tmp_path, attributes() + dynamic("p") + note() + dynamic("sf") + note() + rest(2))
    assert [bool(t & int(Touch.ACCENT)) for t in notes.notes.touch] == [False, True]
    assert np.ptp(notes.notes.velocity) == 0


def test_repeats_are_played_out(tmp_path: Path) -> None:
    movement = read(
        tmp_path,
        attributes() + note("C", 4),
        note("D", 4) + barline(repeat="backward"),
        note("E", 4),
    )
    np.testing.assert_allclose(movement.notes.onset, [0, 4, 8, 12, 16])
    assert movement.notes.pitch.tolist() == [60, 62, 60, 62, 64]
    np.testing.assert_allclose(movement.places(movement.beats())[:4], [0, 1, 2, 3])


def test_a_final_barline_ends_a_movement_and_its_repeats(tmp_path: Path) -> None:
    path = write_score(
        tmp_path / "quartet.musicxml",
        {
            "Violin": [
                attributes() + tempo(60) + note("C", 4),
                note("D", 4) + barline("light-heavy"),
                attributes(3, 4) + tempo(90) + note("E", 3),
                note("F", 3) + barline(repeat="backward"),
                note("G", 3) + barline("light-heavy"),
            ]
        },
    )
    first, second = read_score(path)
    assert first.notes.pitch.tolist() == [60, 62]
    assert second.notes.pitch.tolist() == [64, 65, 64, 65, 67]
    assert second.length == 15
    assert second.duration == pytest.approx(10.0)
    assert set(second.beats().meters) == {"3/4"}


def test_a_tempo_word_without_a_number_means_its_usual_tempo(tmp_path: Path) -> None:
    slow = read(tmp_path, attributes() + words("Adagio molto") + note("C", 4), note("C", 4))
    fast = read(tmp_path, attributes() + words("Presto") + note("C", 4), note("C", 4))
    assert slow.tempo.bpm[0] < 60 < 160 < fast.tempo.bpm[0]


def test_words_that_change_the_tempo_are_found(tmp_path: Path) -> None:
    movement = read(
        tmp_path, attributes() + words("poco rit.") + note("C", 4), words("a tempo") + note("C", 4)
    )
    assert movement.turns == ((0.0, "slower"), (4.0, "back"))


def test_unpitched_drums_get_keys_of_the_kit(tmp_path: Path) -> None:
    hit = (
        "<note><unpitched><display-step>C</display-step></unpitched><duration>96</duration>"
        '<instrument id="P0-I1"/></note>'
    )
    path = tmp_path / "drum.musicxml"
    path.write_text(
        '<score-partwise><part-list><score-part id="P0"><part-name>Cymbals</part-name>'
        '<midi-instrument id="P0-I1"><midi-unpitched>50</midi-unpitched></midi-instrument>'
        f'</score-part></part-list><part id="P0"><measure>{attributes()}{hit}</measure></part>'
        "</score-partwise>"
    )
    (movement,) = read_score(path)
    assert movement.notes.pitch.tolist() == [49]
    assert movement.instruments[0].kind == "kit"


def test_a_midi_file_is_a_movement(tmp_path: Path) -> None:
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack([mido.MetaMessage("track_name", name="Solo")])
    track.append(mido.MetaMessage("time_signature", numerator=3, denominator=4))
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(90)))
    track.append(mido.Message("program_change", program=73))
    for key in (60, 62, 64, 65, 67, 69):
        track.append(mido.Message("note_on", note=key, velocity=80))
        track.append(mido.Message("note_off", note=key, time=480))
    file.tracks.append(track)
    file.save(str(tmp_path / "tune.mid"))
    (movement,) = read_score(tmp_path / "tune.mid")
    assert movement.parts == ("Solo",)
    assert movement.instruments[0].programs == (73,)
    np.testing.assert_allclose(movement.notes.onset, np.arange(6))
    assert movement.beats().numbers.tolist() == [1, 2, 3, 1, 2, 3]


@pytest.mark.parametrize("content", [b"no score", b"<score-partwise>", b"PK\x03\x04broken", b""])
def test_a_broken_score_is_named_in_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.mxl"
    path.write_bytes(content)
    with pytest.raises(ConductorError, match=r"broken\.mxl"):
        read_score(path)
