"""Features agree with librosa's own functions; silence, shortness and chunks are no matter."""

from pathlib import Path

import librosa
import numpy as np
import pytest
import soundfile

from backend.audio.features import analyse, analyse_file
from backend.audio.loudness import k_weighting, momentary_lufs, relative_loudness
from backend.audio.rates import FEATURE_RATE, HOP, SAMPLE_RATE
from retarget.errors import Cancelled

FIELDS = ("mel", "mfcc", "centroid", "bandwidth", "onset", "tempo", "pulse", "loudness")


def music(seconds: float = 20.0, seed: int = 0) -> np.ndarray:
    """Chords and a noisy drum that slow down and swell."""
    rng = np.random.default_rng(seed)
    count = int(seconds * SAMPLE_RATE)
    sound = 0.001 * rng.standard_normal(count)
    at, period = 0.2, 0.45
    while at < seconds - 0.1:
        first = int(at * SAMPLE_RATE)
        t = np.arange(min(int(0.6 * SAMPLE_RATE), count - first)) / SAMPLE_RATE
        loud = 0.1 + 0.3 * at / seconds
        for pitch in rng.choice([220, 262, 330, 392, 440, 523], 3, replace=False):
            sound[first : first + len(t)] += (
                loud / 3 * np.sin(2 * np.pi * pitch * t) * np.exp(-4 * t)
            )
        sound[first : first + len(t)] += 0.1 * rng.standard_normal(len(t)) * np.exp(-40 * t)
        at += period
        period *= 1.005
    return sound.astype(np.float32)


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return music()


@pytest.fixture(scope="module")
def peer(sound: np.ndarray) -> dict[str, np.ndarray]:
    rate = {"sr": SAMPLE_RATE, "hop_length": HOP}
    onset = librosa.onset.onset_strength(y=sound, **rate)
    mel = librosa.feature.melspectrogram(y=sound, n_fft=2048, **rate)
    return {
        "mel": librosa.power_to_db(mel, ref=np.max).T,
        "mfcc": librosa.feature.mfcc(y=sound, n_fft=2048, **rate).T,
        "centroid": librosa.feature.spectral_centroid(y=sound, **rate)[0],
        "bandwidth": librosa.feature.spectral_bandwidth(y=sound, **rate)[0],
        "onset": onset,
        "tempo": librosa.feature.tempo(onset_envelope=onset, aggregate=None, **rate),
        "pulse": librosa.beat.plp(onset_envelope=onset, **rate),
    }


# dB, cepstral units (of hundreds), Hz, Hz, dB, share of the scale.
@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("mel", 0.01),
        ("mfcc", 0.01),
        ("centroid", 0.05),
        ("bandwidth", 0.05),
        ("onset", 0.001),
        ("pulse", 0.001),
    ],
)
def test_agrees_with_librosa(
    sound: np.ndarray, peer: dict[str, np.ndarray], name: str, tolerance: float
) -> None:
    ours = getattr(analyse(sound), name)
    assert ours.dtype == np.float32
    assert ours.shape == peer[name].shape
    np.testing.assert_allclose(ours, peer[name], atol=tolerance, rtol=0)


def test_tempo_agrees_with_librosa_but_for_ties(
    sound: np.ndarray, peer: dict[str, np.ndarray]
) -> None:
    same = np.isclose(analyse(sound).tempo, peer["tempo"], rtol=1e-4)
    assert same.mean() >= 0.99


def test_the_chunk_size_does_not_show(sound: np.ndarray) -> None:
    whole, parts = analyse(sound, chunk=100_000), analyse(sound, chunk=61)
    for name in FIELDS:
        np.testing.assert_allclose(
            getattr(parts, name), getattr(whole, name), atol=2e-3, err_msg=name
        )


def test_silence_is_finite_and_zero() -> None:
    silence = analyse(np.zeros(5 * SAMPLE_RATE, np.float32))
    for name in ("centroid", "bandwidth", "onset", "tempo", "pulse", "loudness"):
        assert not getattr(silence, name).any(), name
    assert (silence.mel == -80.0).all()
    assert np.isfinite(silence.mfcc).all()


@pytest.mark.parametrize("count", [0, 1, 200, 22_050])
def test_the_shortest_sounds_have_features(count: int) -> None:
    short = analyse(music(1.0)[:count])
    for name in FIELDS:
        assert len(getattr(short, name)) == 1 + count // HOP
        assert np.isfinite(getattr(short, name)).all()
    assert short.duration == count / SAMPLE_RATE


def test_onsets_stand_where_the_sound_begins() -> None:
    sound = np.zeros(4 * SAMPLE_RATE, np.float32)
    sound[2 * SAMPLE_RATE :][:600] = np.random.default_rng(0).standard_normal(600)
    assert np.argmax(analyse(sound).onset) / FEATURE_RATE == pytest.approx(2.0, abs=0.025)


def test_analyse_file_reads_the_asked_stretch(tmp_path: Path, sound: np.ndarray) -> None:
    soundfile.write(tmp_path / "a.wav", sound, SAMPLE_RATE, subtype="FLOAT")
    part = analyse_file(tmp_path / "a.wav", start=4.0, duration=3.0)
    assert part.duration == pytest.approx(3.0)
    direct = analyse(sound[4 * SAMPLE_RATE : 7 * SAMPLE_RATE])
    np.testing.assert_allclose(part.mfcc, direct.mfcc, atol=0.01)


def test_progress_can_cancel_every_phase(sound: np.ndarray) -> None:
    told: list[tuple[float, str]] = []
    analyse(sound, lambda fraction, phase: told.append((fraction, phase)))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1.0)
    for limit in (0.1, 0.7, 0.95):

        def stop(fraction: float, phase: str, /, limit: float = limit) -> None:
            if fraction > limit:
                raise Cancelled

        with pytest.raises(Cancelled):
            analyse(sound, stop)


def test_loudness_reads_the_standards_reference_tone() -> None:
    # BS.1770: a sine of 997 Hz at full scale in one channel reads −3.01 LUFS.
    tone = 0.5 * k_weighting(997.0)
    assert momentary_lufs(np.full(900, tone))[450] == pytest.approx(-3.01, abs=0.02)


def test_loudness_of_an_even_piece_is_steady_and_medium() -> None:
    noise = 0.05 * np.random.default_rng(0).standard_normal(10 * SAMPLE_RATE)
    loudness = analyse(noise.astype(np.float32)).loudness[90:-90]
    assert loudness.min() >= 0.5
    assert loudness.max() <= 0.7


def test_loudness_follows_a_crescendo_and_rests_are_silent() -> None:
    seconds = np.arange(30 * 90) / 90
    power = 10.0 ** (-5.0 + 3.5 * seconds / 30)
    power[1000:1300] = 0.0
    loudness = relative_loudness(power)
    assert loudness.min() >= 0.0
    assert loudness.max() <= 1.0
    assert loudness[100] < 0.1
    assert loudness[-100] > 0.9
    assert (loudness[1060:1240] == 0.0).all()
    assert (np.diff(loudness[1400:-90]) >= 0).all()
