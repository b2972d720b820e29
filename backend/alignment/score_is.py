"""Whose times those of a score are; apart, because the server needs it without the rest."""

from typing import Literal

ScoreIs = Literal["auto", "aligned", "exact"]
"""Whether the score's own times are those of the recording, or are to be found."""
