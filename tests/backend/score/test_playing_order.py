"""The order in which written bars are played."""

from fractions import Fraction

import pytest

from backend.score.playing_order import MOST_PLAYED, movements, playing_order
from backend.score.written_bar import Bar
from retarget.errors import ConductorError


def bars(text: str, meters: dict[int, tuple[int, int]] | None = None) -> list[Bar]:
    """Bars of a short text, one a word: its number and its signs.

    "[" repeat from here, "]" repeat, "|" final barline, "(1" ending begins, ")" ending stops,
    "F" fine, "C" da capo, "S" segno, "D" dal segno, "T" to coda, "K" coda, "R" trio.
    """
    signs = {"F": "fine", "C": "dacapo", "S": "segno", "D": "dalsegno", "T": "tocoda", "K": "coda"}
    signs["R"] = "trio"
    found = []
    for place, word in enumerate(text.split()):
        bar = Bar(length=Fraction(4), number=int(word[0]))
        bar.repeat_from = "[" in word
        bar.repeat_times = 2 if "]" in word else 0
        bar.final = "|" in word
        bar.ending_stops = ")" in word
        if "(" in word:
            bar.ending = frozenset({int(word.partition("(")[2][0])})
        bar.marks = {name for sign, name in signs.items() if sign in word}
        bar.meter = (meters or {}).get(place, (4, 4))
        found.append(bar)
    return found


def places(text: str, meters: dict[int, tuple[int, int]] | None = None) -> list[int]:
    """Places of the bars played, from 1."""
    return [i + 1 for i in playing_order(bars(text, meters))]


def test_what_follows_a_da_capo_al_fine_is_played() -> None:
    assert places("1F 2C 3 4|") == [1, 2, 1, 3, 4]


def test_a_da_capo_goes_back_to_its_own_movement_where_bars_are_counted_anew() -> None:
    assert places("1 2] 1 2F] 3C 1 2") == [1, 2, 1, 2, 3, 4, 3, 4, 5, 3, 4, 6, 7]
    assert movements(bars("1 2] 1 2F] 3C 1 2")) == [range(2), range(2, 5), range(5, 7)]


def test_a_pickup_numbered_zero_begins_a_movement() -> None:
    assert movements(bars("0 1 2 0 1 2")) == [range(3), range(3, 6)]


def test_a_minuet_that_ends_in_a_final_barline_is_played_again_and_its_trio_is_not() -> None:
    assert places("1 2| 3 4C") == [1, 2, 3, 4, 1, 2]
    assert places("1 2F| 3 4C 5") == [1, 2, 3, 4, 1, 2, 5]
    assert movements(bars("1 2| 3 4C")) == [range(4)]


def test_a_da_capo_does_not_lead_into_a_movement_of_another_meter() -> None:
    meters = {0: (3, 4), 1: (3, 4)}
    assert places("1 2| 3 4C", meters) == [1, 2, 3, 4, 3, 4]


def test_a_minuet_with_two_trios_is_played_three_times() -> None:
    assert places("1 2F 3C 4C 5") == [1, 2, 3, 1, 2, 4, 1, 2, 5]


def test_a_second_piece_with_its_own_fine_goes_back_to_its_own_beginning() -> None:
    assert places("1F 2C 3F 4C") == [1, 2, 1, 3, 4, 3]


def test_a_final_barline_in_the_middle_does_not_hide_the_segno_or_the_coda() -> None:
    assert places("1 2S 3F| 4D 5") == [1, 2, 3, 4, 2, 3, 5]
    assert places("1S 2T 3D| 4K 5") == [1, 2, 3, 1, 2, 4, 5]


def test_without_a_final_barline_before_it_a_trio_is_as_long_as_its_da_capo() -> None:
    # No fine anywhere: all of it is played again.
    assert places("1 2 3C 4") == [1, 2, 3, 1, 2, 3, 4]


def test_a_minuet_without_a_fine_ends_where_its_trio_begins() -> None:
    assert places("1 2] 3R 4C 5") == [1, 2, 1, 2, 3, 4, 1, 2, 5]


def test_each_dal_segno_has_the_coda_that_follows_it() -> None:
    assert places("1 2ST 3D 4K 5D 6K 7") == [1, 2, 3, 2, 4, 5, 2, 6, 7]


def test_the_first_of_two_coda_signs_is_where_one_leaves() -> None:
    assert places("1 2K 3C 4K") == [1, 2, 3, 1, 2, 4]


def test_after_a_second_ending_of_one_bar_a_section_is_repeated() -> None:
    assert places("1[ 2(1)] 3(2) 4[ 5] 6") == [1, 2, 1, 3, 4, 5, 4, 5, 6]
    assert places("1[ 2(1)] 3(2) 4 5] 6") == [1, 2, 1, 3, 4, 5, 4, 5, 6]


def test_an_ending_left_open_is_one_bar_long() -> None:
    assert places("1 2(1)] 3(2 4 5] 6") == [1, 2, 1, 3, 4, 5, 4, 5, 6]


def test_a_repeat_after_the_last_ending_does_not_skip_it() -> None:
    assert places("1 2(1)] 3(2)] 4") == [1, 2, 1, 3, 4]


def test_an_ending_that_no_repeat_leads_to_is_played() -> None:
    assert places("1 2(2) 3") == [1, 2, 3]
    assert places("1 2(1) 3(2) 4") == [1, 2, 3, 4]


def test_the_fine_is_in_the_last_ending() -> None:
    assert places("1 2(1)] 3(2F) 4C 5") == [1, 2, 1, 3, 4, 1, 3, 5]


def test_endless_repeats_are_refused() -> None:
    endless = bars("1 2]")
    endless[1].repeat_times = MOST_PLAYED
    with pytest.raises(ConductorError, match="longer than"):
        playing_order(endless)
