"""The order in which written bars are played."""

import re
from fractions import Fraction

import pytest

from backend.score.movement_bounds import movements
from backend.score.playing_order import MOST_PLAYED, playing_order
from backend.score.signs import ending_numbers
from backend.score.written_bar import Bar
from retarget.errors import ConductorError

SIGNS = {
    "F": "fine",
    "C": "dacapo",
    "S": "segno",
    "D": "dalsegno",
    "T": "tocoda",
    "K": "coda",
    "R": "trio",
    "M": "title",
    "f": "alfine",
    "k": "alcoda",
    "s": "alsegno",
    "r": "withrepeats",
}


def bars(text: str, meters: dict[int, tuple[int, int]] | None = None) -> list[Bar]:
    """Bars of a short text, one a word: its number, X for none, and its signs.

    "[" repeat from here, "]" repeat, "]4" played four times, "|" final barline, "(1" ending
    begins, ")" ending stops, "~" a pickup, "#" another key, and the letters of `SIGNS`.
    """
    found = []
    for place, word in enumerate(text.split()):
        number = re.match(r"\d+", word)
        bar = Bar(length=Fraction(1 if "~" in word else 4))
        bar.number = int(number[0]) if number else None
        bar.repeat_from = "[" in word
        times = re.search(r"\](\d?)", word)
        bar.repeat_times = int(times[1] or 2) if times else 0
        bar.final = "|" in word
        bar.new_key = "#" in word
        bar.ending_stops = ")" in word
        ending = re.search(r"\(([\d,-]+)", word)
        if ending:
            bar.ending = ending_numbers(ending[1])
        bar.marks = {name for sign, name in SIGNS.items() if sign in word}
        bar.meter = (meters or {}).get(place, (4, 4))
        found.append(bar)
    return found


def places(text: str, meters: dict[int, tuple[int, int]] | None = None) -> list[int]:
    """Places of the bars played, from 1."""
    return [i + 1 for i in playing_order(bars(text, meters))]


def doubts(text: str) -> str:
    return " ".join(playing_order(bars(text)).doubts)


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


@pytest.mark.parametrize(
    ("score", "order"),
    [
        ("1 2| 1R 2C", [1, 2, 3, 4, 1, 2]),
        ("1 2F| 1R 2C 1", [1, 2, 3, 4, 1, 2, 5]),
        ("1F 2 3| 1R 2C| 1", [1, 2, 3, 4, 5, 1, 6]),
        ("1 2| 3~ 3R 4C", [1, 2, 3, 4, 5, 1, 2]),
        ("1 2| 3R 4| 5C", [1, 2, 3, 4, 5, 1, 2]),
        ("1 2| 1R 2C| 1R 2C|", [1, 2, 3, 4, 1, 2, 5, 6, 1, 2]),
        ("1 2] X~ 3R 4C", [1, 2, 1, 2, 3, 4, 5, 1, 2]),
    ],
)
def test_a_trio_is_told_by_its_heading_however_its_bars_are_counted(
    score: str, order: list[int]
) -> None:
    assert places(score) == order


def test_a_trio_may_be_in_another_meter_than_its_minuet() -> None:
    meters = {0: (3, 4), 1: (3, 4), 2: (2, 4), 3: (2, 4)}
    assert places("1 2| 3R 4C", meters) == [1, 2, 3, 4, 1, 2]


@pytest.mark.parametrize(
    ("score", "order"),
    [
        ("1 2| 3 4 5R 6C", [1, 2, 3, 4, 5, 6, 3, 4]),
        ("1 2| 3M 4 5 6C", [1, 2, 3, 4, 5, 6, 3, 4, 5, 6]),
        ("1 2| 3 4 5R 6C 7 8 9R 10C", [1, 2, 3, 4, 5, 6, 3, 4, 7, 8, 9, 10, 7, 8]),
        ("1 2| 3 4| 5R 6C| 7", [1, 2, 3, 4, 5, 6, 3, 4, 7]),
    ],
)
def test_a_da_capo_leads_to_its_minuet_and_not_to_the_movement_before(
    score: str, order: list[int]
) -> None:
    assert places(score) == order


@pytest.mark.parametrize(
    ("score", "order"),
    [
        ("1 2T| 3 4C| 1K 2", [1, 2, 3, 4, 1, 2, 5, 6]),
        ("1 2T| 1R 2C| 1K 2| 1 2", [1, 2, 3, 4, 1, 2, 5, 6, 7, 8]),
        ("1 2| 3R 4C| 5K 6", [1, 2, 3, 4, 1, 2, 5, 6]),
        ("1 2T 3| 4R 5C| 6K 7", [1, 2, 3, 4, 5, 1, 2, 6, 7]),
    ],
)
def test_a_coda_that_is_counted_anew_or_follows_a_final_barline_is_found(
    score: str, order: list[int]
) -> None:
    assert places(score) == order


def test_a_refrain_is_found_before_the_verses_between() -> None:
    assert places("1S 2F| 3 4| 5 6D") == [1, 2, 3, 4, 5, 6, 1, 2]
    assert places("1 2F| 3 4| 5 6C") == [1, 2, 3, 4, 5, 6, 1, 2]


@pytest.mark.parametrize(
    ("score", "order"),
    [
        ("1[ 2 0~ 3]", [1, 2, 3, 4, 1, 2, 3, 4]),
        ("1 2] 0~ 3 4]", [1, 2, 1, 2, 3, 4, 5, 3, 4, 5]),
        ("1[ 2 X~ 3 4]", [1, 2, 3, 4, 5, 1, 2, 3, 4, 5]),
        ("1[ 2 1 2]", [1, 2, 3, 4, 1, 2, 3, 4]),
        ("1F 2 0~ 3C", [1, 2, 3, 4, 1]),
    ],
)
def test_an_upbeat_within_a_movement_begins_no_new_one(score: str, order: list[int]) -> None:
    assert places(score) == order
    assert len(movements(bars(score))) == 1


def test_an_upbeat_without_a_number_belongs_to_the_movement_it_leads_into() -> None:
    assert movements(bars("1 2 3] X~ 1 2 3")) == [range(3), range(3, 7)]
    assert movements(bars("1 2 3| X~ 1 2 3")) == [range(3), range(3, 7)]


@pytest.mark.parametrize(
    ("score", "order"),
    [
        ("1[ 2(1)] 3 4] 5", [1, 2, 1, 3, 4, 3, 4, 5]),
        ("1[ 2(1-3)]4 3(4) 4", [1, 2, 1, 2, 1, 2, 1, 3, 4]),
        ("1[ 2(1,2)]3 3(3) 4", [1, 2, 1, 2, 1, 3, 4]),
        ("1[ 2(1,3)]4 3(2,4)]4 4", [1, 2, 1, 3, 1, 2, 1, 3, 4]),
        ("1[ 2(1 3(1)] 4(2) 5", [1, 2, 3, 1, 4, 5]),
        ("1[ 2(1) 3(1)] 4(2) 5", [1, 2, 3, 1, 4, 5]),
        ("1[ 2(1,2)]3 3(2) 4", [1, 2, 1, 2, 1, 3, 4]),
        ("1[ 2(1)] 3(2)[ 4] 5", [1, 2, 1, 3, 4, 3, 4, 5]),
        ("1[ 2(1F)] 3(2)[ 4] 5C 6", [1, 2, 1, 3, 4, 3, 4, 5, 1, 2, 6]),
        ("1[ 2(1T)] 3(2) 4C 5K", [1, 2, 1, 3, 4, 1, 2, 5]),
    ],
)
def test_endings(score: str, order: list[int]) -> None:
    assert places(score) == order
    assert not doubts(score)


def test_a_refrain_with_an_ending_for_each_verse_and_a_last_one_is_played_three_times() -> None:
    refrain = "1[ 2(1) 3(2) 4(3 5F 6(1)] 7(2)]"
    assert places(refrain) == [1, 2, 6, 1, 3, 7, 1, 4, 5]
    assert places(f"{refrain} 8") == [1, 2, 6, 1, 3, 7, 1, 4, 5, 8]
    assert not doubts(f"{refrain} 8")


def test_an_ending_that_no_pass_reaches_is_said() -> None:
    assert places("1[ 2(1)] 3(3) 4") == [1, 2, 1, 4]
    assert "The ending for pass 3 at bar 3 is left out" in doubts("1[ 2(1)] 3(3) 4")


@pytest.mark.parametrize(
    ("score", "order"),
    [
        ("1[ 2[ 3] 4] 5", [1, 2, 3, 2, 3, 4, 1, 2, 3, 2, 3, 4, 5]),
        ("1[ 2[ 3] 4[ 5] 6] 7", [1, 2, 3, 2, 3, 4, 5, 4, 5, 6] * 2 + [7]),
        ("1[ 2[ 3] 4(1)] 5(2) 6", [1, 2, 3, 2, 3, 4, 1, 2, 3, 2, 3, 5, 6]),
        ("1[ 2 3[ 4] 5", [1, 2, 3, 4, 3, 4, 5]),
    ],
)
def test_a_repeat_within_a_repeat_is_played_each_time(score: str, order: list[int]) -> None:
    assert places(score) == order


def test_repeats_after_a_da_capo_are_played_where_the_words_ask_for_them() -> None:
    assert places("1 2]F 3[ 4]C 5") == [1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 5]
    assert places("1 2]F 3[ 4]Cr 5") == [1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 5]
    assert places("1 2(1)] 3(2F) 4Cr 5") == [1, 2, 1, 3, 4, 1, 2, 1, 3, 5]


def test_a_da_capo_to_the_segno_ends_there() -> None:
    assert places("1 2S 3 4Cs 5K") == [1, 2, 3, 4, 1, 2, 5]


def test_of_several_segnos_and_codas_those_of_the_same_name_are_meant() -> None:
    named = bars("1S 2F 3S 4D 5")
    named[0].marks.add("segno=refrain")
    named[2].marks.add("segno=verse")
    named[3].marks.add("dalsegno=refrain")
    assert list(playing_order(named)) == [0, 1, 2, 3, 0, 1, 4]
    named = bars("1T 2C 3K 4K")
    named[0].marks.add("tocoda=b")
    named[3].marks.add("coda=b")
    assert list(playing_order(named)) == [0, 1, 0, 3]


@pytest.mark.parametrize(
    ("score", "said"),
    [
        ("1 2 3D 4", "Bar 3 asks for a dal segno, but the score has no segno before it"),
        ("1 2 3DC 4", "Bar 3 asks for a dal segno, but the score has no segno before it"),
        ("1 2T 3C 4", "Bar 3 asks for a da capo, but the score has no coda after it"),
        ("1S 2T 3Dk 4", "no coda after it"),
        ("1 2 3Ck 4 5K", "no sign at which to leave for the coda"),
        ("1 2 3Cf 4", "no fine"),
        ("1F 2S 3Df 4", "no fine"),
        ("1 2 3Cs 4", "no segno before it"),
    ],
)
def test_a_jump_whose_target_is_missing_is_said_and_not_followed(score: str, said: str) -> None:
    assert said in doubts(score)
    assert len(playing_order(bars(score)).doubts) == 1
    assert places(score) == list(range(1, len(score.split()) + 1))


def test_a_coda_right_after_its_jump_needs_no_sign_to_leave_at() -> None:
    assert places("1 2 3Ck 4K 5") == [1, 2, 3, 1, 2, 3, 4, 5]
    assert not doubts("1 2 3Ck 4K 5")


@pytest.mark.parametrize(
    ("score", "order"),
    [
        # Dal segno and repeats.
        ("1[ 2S 3F] 4D 5", [1, 2, 3, 1, 2, 3, 4, 2, 3, 5]),
        ("1[ 2S 3] 4D 5", [1, 2, 3, 1, 2, 3, 4, 2, 3, 4, 5]),
        ("1S 2[ 3(1)] 4(2D) 5", [1, 2, 3, 2, 4, 1, 2, 4, 5]),
        ("1[ 2S 3F 4(1)] 5(2) 6D", [1, 2, 3, 4, 1, 2, 3, 5, 6, 2, 3]),
        ("1S 2D 3F| 4", [1, 2, 1, 2, 3, 4]),
        ("1S 2F 3D 1S 2F 3D", [1, 2, 3, 1, 2, 4, 5, 6, 4, 5]),
        ("1S 2F| 1R 2D|", [1, 2, 3, 4, 1, 2]),
        ("1T 2S 3D 4K", [1, 2, 3, 2, 3, 4]),
        # Da capo and repeats.
        ("1 2] 3[ 4F]C 5", [1, 2, 1, 2, 3, 4, 3, 4, 1, 2, 3, 4, 5]),
        ("1 2] 3R 4]C", [1, 2, 1, 2, 3, 4, 3, 4, 1, 2]),
        ("1F 2C 3 4] 5", [1, 2, 1, 3, 4, 3, 4, 5]),
        ("1 2(1)] 3(2) 4C|", [1, 2, 1, 3, 4, 1, 3, 4]),
        ("1 2FC 3", [1, 2, 1, 2, 3]),
        ("1 2] 3T 4C 5K", [1, 2, 1, 2, 3, 4, 1, 2, 3, 5]),
        # Several codas, several trios, several minuets.
        ("1S 2T 3D 4K 5 6S 7T 8D 9K", [1, 2, 3, 1, 2, 4, 5, 6, 7, 8, 6, 7, 9]),
        ("1 2T 3R 4C 5R 6C 7K", [1, 2, 3, 4, 1, 2, 5, 6, 1, 2, 7]),
        ("1 2F 3R 4C 5R 6C", [1, 2, 3, 4, 1, 2, 5, 6, 1, 2]),
        ("1 2 3R 4C 5R 6C", [1, 2, 3, 4, 1, 2, 5, 6, 1, 2]),
        ("1 2| 1R 2C| 1M 2| 1R 2C|", [1, 2, 3, 4, 1, 2, 5, 6, 7, 8, 5, 6]),
        ("1 2| 1R 2C| 1 2| 1R 2C|", [1, 2, 3, 4, 1, 2, 5, 6, 7, 8, 5, 6]),
        ("1 2| 3 4C| 5 6| 7 8C|", [1, 2, 3, 4, 1, 2, 5, 6, 7, 8, 5, 6]),
        ("1 2F| 3 4C| 5 6| 7 8C|", [1, 2, 3, 4, 1, 2, 5, 6, 7, 8, 5, 6]),
        ("1 2 3R 4C 5 6 7R 8C", [1, 2, 3, 4, 1, 2, 5, 6, 7, 8, 5, 6]),
        # Repeats without a sign where they begin.
        ("0~ 1 2] 3 4]", [1, 2, 3, 1, 2, 3, 4, 5, 4, 5]),
        ("1 2| 3 4] 5|", [1, 2, 3, 4, 3, 4, 5]),
        ("1] 2] 1] 2] 1] 2]", [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]),
        ("1| 2]| 3| 4]|", [1, 2, 2, 3, 4, 4]),
        ("1 2] 1 2]", [1, 2, 1, 2, 3, 4, 3, 4]),
        ("1[ 2 3", [1, 2, 3]),
        # Endings.
        ("1[ 2(1)] 3(2)] 4(3) 5", [1, 2, 1, 3, 1, 4, 5]),
        ("1[ 2(1 3)] 4(2 5) 6[ 7(1)] 8(2)", [1, 2, 3, 1, 4, 5, 6, 7, 6, 8]),
        ("1[ 2(1) 3] 4(2) 5", [1, 2, 3, 1, 4, 5]),
        ("1[ 2(1) 3] 4 5", [1, 2, 3, 1, 3, 4, 5]),
        ("1[ 2(1)] 3(2)] 4] 5", [1, 2, 1, 3, 4, 4, 5]),
    ],
)
def test_odd_but_valid_orders(score: str, order: list[int]) -> None:
    assert places(score) == order
    assert not doubts(score)


def test_a_da_capo_finds_its_movement_where_no_barline_ends_the_one_before() -> None:
    first = " ".join(map(str, range(1, 21)))
    own = [21, 22, 23, 24]
    # By its heading; by its meter with a pickup or a repeat sign.
    assert places(f"{first} 21M 22F 23R 24C 25")[20:] == [*own, 21, 22, 25]
    meters = dict.fromkeys(range(20, 24), (3, 4))
    for begin in ("21~", "21["):
        assert places(f"{first} {begin} 22F 23R 24C 25", meters)[20:] == [*own, 21, 22, 25]
    # Without them it is the middle of a movement; and a few bars are an introduction.
    assert places(f"{first} 21 22F 23R 24C 25", meters)[24:] == [*range(1, 23), 25]
    assert places("1 2M 3F 4C") == [1, 2, 3, 4, 1, 2, 3]


def test_a_jump_written_a_bar_early_is_followed_at_the_end_of_its_section() -> None:
    meters = dict.fromkeys(range(5), (3, 4))
    assert places("1~ 2F 3~ 4C 5~ 6~ 7", meters) == [1, 2, 3, 4, 5, 1, 2, 6, 7]
    assert places("1 2F 3[ 4C 5] 6") == [1, 2, 3, 4, 5, 3, 4, 5, 1, 2, 6]


def test_of_four_repeated_sections_without_signs_two_are_the_minuet() -> None:
    played = [1, 2, 1, 2, 3, 4, 3, 4, 5, 5, 6, 6]
    assert places("1 2] 3 4] 5] 6]C 7") == [*played, 1, 2, 3, 4, 7]
    assert places("1] 2(1)] 3(2) 4] 5(1)] 6(2C)") == [1, 1, 2, 3, 4, 4, 5, 6, 1, 3]
    assert places("1] 2] 3]C") == [1, 1, 2, 2, 3, 3, 1, 2, 3]


def test_a_minuet_without_signs_ends_where_a_repeated_section_is_followed_by_another_key() -> None:
    three = dict.fromkeys(range(6), (3, 4))
    played = [1, 2, 1, 2, 3, 4, 3, 4, 5, 6, 5, 6]
    assert places("1 2] 3 4] 5# 6]C 7", three) == [*played, 1, 2, 3, 4, 7]
    # Two changes, none, or no dance: it is not known, and all is played again.
    for score, meters in (
        ("1 2] 3# 4] 5# 6]C 7", three),
        ("1 2] 3 4] 5 6]C 7", three),
        ("1 2] 3 4] 5# 6]C 7", {}),
    ):
        assert places(score, meters) == [*played, *range(1, 8)]
