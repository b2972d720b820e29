"""Our mel bands are librosa's, bit for bit."""

import librosa
import numpy as np
import pytest

from backend.audio.mel_bands import mel_filters, mel_frequencies


@pytest.mark.parametrize(("rate", "n_fft", "count"), [(22050, 2048, 128), (8000, 512, 40)])
def test_filters_are_those_of_librosa(rate: int, n_fft: int, count: int) -> None:
    theirs = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=count)
    assert np.array_equal(mel_filters(rate, n_fft, count), theirs)


@pytest.mark.parametrize("highest", [900.0, 11025.0])
def test_frequencies_are_those_of_librosa(highest: float) -> None:
    theirs = librosa.mel_frequencies(n_mels=30, fmin=0.0, fmax=highest)
    assert np.allclose(mel_frequencies(30, highest), theirs, rtol=1e-15)
