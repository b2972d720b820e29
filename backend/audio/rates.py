"""The rates and sizes of all analysis."""

from typing import Final

SAMPLE_RATE: Final = 22_050
"""Rate all analysis runs at, Hz."""

HOP: Final = 245
"""Samples from one feature frame to the next; 22,050 / 245 is 90 Hz exactly."""

FEATURE_RATE: Final = SAMPLE_RATE / HOP
"""Feature frames per second (the paper's 90 Hz)."""

N_MELS: Final = 128
N_MFCC: Final = 20
