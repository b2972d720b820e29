"""Files that were damaged on the way: read, or refused in one sentence, soon and in little room."""

from pathlib import Path

from fuzz_campaign import campaign, make_input, table, write_valid
from fuzz_inputs import READERS

SEED = 20
INPUTS = 3000
BUDGET_S = 75.0


def test_every_reader_reads_its_valid_inputs(tmp_path: Path) -> None:
    write_valid(tmp_path)
    for reader in READERS:
        files = list((tmp_path / reader.name).iterdir())
        assert files
        for file in files:
            reader.read(file)


def test_a_seed_gives_the_same_inputs(tmp_path: Path) -> None:
    write_valid(tmp_path)
    first, again = ([make_input(1, i, tmp_path) for i in range(40)] for _ in range(2))
    assert first == again
    assert first != [make_input(2, i, tmp_path) for i in range(40)]


def test_a_damaged_file_is_read_or_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "valid").mkdir()
    write_valid(tmp_path / "valid")
    outcomes = list(campaign(SEED, iter(range(INPUTS)), tmp_path, BUDGET_S))
    faults = [outcome for outcome in outcomes if outcome.is_fault]
    assert not faults, "\n\n".join([table(outcomes), *(str(fault) for fault in faults[:5])])
    assert {outcome.reader for outcome in outcomes} == {reader.name for reader in READERS}
    assert {outcome.kind for outcome in outcomes} == {"read", "refused"}
