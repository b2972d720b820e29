"""What the command says while it works."""

import pytest

from backend.terminal import progress_lines


def test_without_a_terminal_lines_go_on_at_phases_tenths_and_ten_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = 0.0
    report = progress_lines(lambda: now)
    report(0.0, "starting")
    report(0.0, "hearing")
    for percent in range(20, 46):
        report(percent / 100, "drawing")
    for second in range(1, 26):
        now = float(second)
        report(0.45 + second / 1000, "drawing")
    now = 100.0
    report(0.49, "drawing")
    assert capsys.readouterr().err.split("\n") == [
        "  0% hearing",
        " 20% drawing",
        " 30% drawing",
        " 40% drawing",
        " 46% drawing",
        " 47% drawing",
        " 49% drawing",
        "",
    ]
