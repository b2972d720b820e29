"""Recorded sound from clean sound: rooms, tone, compression, noise, tuning, lossy coding.

Nothing here moves the music in time, but for the tuning, which is told.
"""

import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import scipy.fft
import scipy.signal
import soxr
from numpy.typing import NDArray

from backend.audio.decode import load_audio
from backend.audio.rates import SAMPLE_RATE

Samples = NDArray[np.float32]

# FFmpeg's encoder, the file's suffix, and the encoder's fastest setting.
_CODECS: Final = {"mp3": ("libmp3lame", ".mp3", "9"), "opus": ("libopus", ".ogg", "0")}
_NOISES: Final = ("pink", "white", "hiss", "crackle")
_CRACKLES_PER_S: Final = 12.0


@dataclass(frozen=True)
class Recording:
    """How a performance was recorded.

    Parameters
    ----------
    cents : float
        Tuning, and with it the speed.
    reverb_s, wet : float
        Time in which the room's sound falls by 60 dB, and its level against the direct sound.
    tilt_db : float
        Decibels per octave about 1 kHz.
    top_hz, bottom_hz : float
        Limits of the band.
    ratio : float
        Compression above the mean level.
    noise : str
        Kind of noise, or none.
    snr_db : float
        Music against noise.
    codec : str
        Lossy coding, or none.
    kbps : int
        Its rate.
    level_db : float
        Peak against full scale.
    """

    cents: float
    reverb_s: float
    wet: float
    tilt_db: float
    top_hz: float
    bottom_hz: float
    ratio: float
    noise: str
    snr_db: float
    codec: str
    kbps: int
    level_db: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Recording":
        """A likely recording: some dry and clean, some old and far away."""
        codec = str(rng.choice(["none", "mp3", "opus"], p=[0.75, 0.13, 0.12]))
        noise = str(rng.choice(_NOISES)) if rng.random() < 0.6 else "none"
        # A crackle's level is in its peaks.
        least_snr = 32.0 if noise == "crackle" else 15.0
        rates = {"none": [0], "mp3": [32, 48, 64, 96], "opus": [16, 24, 32, 48]}[codec]
        return cls(
            cents=float(rng.uniform(-50.0, 50.0)) if rng.random() < 0.7 else 0.0,
            reverb_s=float(np.exp(rng.uniform(np.log(0.3), np.log(2.5)))),
            wet=float(rng.uniform(0.05, 0.6)) if rng.random() < 0.85 else 0.0,
            tilt_db=float(rng.normal(0.0, 1.5)),
            top_hz=float(rng.uniform(3000.0, 10000.0)) if rng.random() < 0.35 else 11025.0,
            bottom_hz=float(rng.uniform(20.0, 250.0)) if rng.random() < 0.4 else 10.0,
            ratio=float(rng.uniform(1.2, 4.0)) if rng.random() < 0.4 else 1.0,
            noise=noise,
            snr_db=float(rng.uniform(least_snr, 50.0)),
            codec=codec,
            kbps=int(rng.choice(rates)),
            level_db=float(rng.uniform(-20.0, -0.5)),
        )

    @property
    def speed(self) -> float:
        """How much faster than played the recording runs."""
        return float(2.0 ** (self.cents / 1200.0))

    def as_dict(self) -> dict[str, Any]:
        """Plain values, rounded, for `meta.json`."""
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(self).items()}


def record(samples: Samples, recording: Recording, rng: np.random.Generator) -> Samples:
    """Record a performance, (S,) at 22,050 Hz to (S / speed,) at the same rate."""
    sound = samples
    if recording.cents:
        sound = soxr.resample(sound, SAMPLE_RATE * recording.speed, SAMPLE_RATE, quality="MQ")
    sound = _room_and_tone(sound, recording, rng)
    if recording.ratio > 1.0:
        sound = _compressed(sound, recording.ratio)
    if recording.noise != "none":
        sound = _noisy(sound, recording, rng)
    peak = float(np.abs(sound).max())
    sound = sound * (10.0 ** (recording.level_db / 20.0) / max(peak, 1e-6))
    if recording.codec != "none":
        sound = coded(sound, recording.codec, recording.kbps)
    return np.clip(sound, -1.0, 1.0).astype(np.float32)


def _room_and_tone(sound: Samples, recording: Recording, rng: np.random.Generator) -> Samples:
    """Reverberation, tilt and band limits in one convolution; none of them delays the sound."""
    room = np.zeros(1)
    room[0] = 1.0
    if recording.wet > 0.0:
        count = int(recording.reverb_s * SAMPLE_RATE)
        decay = 10.0 ** (-3.0 * np.arange(count) / count)
        tail = rng.standard_normal(count) * decay
        tail[: int(rng.uniform(0.002, 0.02) * SAMPLE_RATE)] = 0.0
        tail *= recording.wet / np.sqrt(np.square(tail).sum())
        room = tail
        room[0] = 1.0
    size = scipy.fft.next_fast_len(len(sound) + len(room) + SAMPLE_RATE // 4, real=True)
    frequencies = np.maximum(np.fft.rfftfreq(size, 1.0 / SAMPLE_RATE), 1.0)
    tone = 10.0 ** (recording.tilt_db / 20.0 * np.clip(np.log2(frequencies / 1000.0), -4.0, 3.5))
    if recording.top_hz < SAMPLE_RATE / 2:
        tone /= np.sqrt(1.0 + (frequencies / recording.top_hz) ** 12)
    tone /= np.sqrt(1.0 + (recording.bottom_hz / frequencies) ** 4)
    spectrum = scipy.fft.rfft(sound, size)
    spectrum *= (scipy.fft.rfft(room, size) * tone).astype(spectrum.dtype)
    return np.asarray(scipy.fft.irfft(spectrum, size)[: len(sound)], np.float32)


def _compressed(sound: Samples, ratio: float) -> Samples:
    """Level above the mean, heard over a fifth of a second, divided by `ratio` in decibels."""
    hop = SAMPLE_RATE // 50
    blocks = np.pad(sound, (0, -len(sound) % hop)).reshape(-1, hop)
    level = scipy.signal.lfilter([0.1], [1.0, -0.9], np.square(blocks).mean(axis=1))
    level = np.sqrt(np.maximum(level, 1e-10))
    threshold = np.sqrt(np.square(sound).mean()) + 1e-6
    gain = np.minimum((level / threshold) ** (1.0 / ratio - 1.0), 4.0)
    at = (np.arange(len(gain)) + 0.5) * hop
    return (sound * np.interp(np.arange(len(sound)), at, gain)).astype(np.float32)


def _noisy(sound: Samples, recording: Recording, rng: np.random.Generator) -> Samples:
    count = len(sound)
    if recording.noise == "crackle":
        noise = np.zeros(count, np.float32)
        clicks = rng.integers(0, count, rng.poisson(_CRACKLES_PER_S * count / SAMPLE_RATE))
        noise[clicks] = rng.standard_normal(len(clicks)) * rng.exponential(1.0, len(clicks))
        noise = scipy.signal.lfilter([1.0], [1.0, -0.6], noise)
    else:
        noise = rng.standard_normal(count, dtype=np.float32)
        if recording.noise == "pink":
            # Kellet's economy filter: within a decibel of pink from 20 Hz on.
            noise = (
                scipy.signal.lfilter([0.0990460], [1.0, -0.99765], noise)
                + scipy.signal.lfilter([0.2965164], [1.0, -0.96300], noise)
                + scipy.signal.lfilter([1.0526913], [1.0, -0.57000], noise)
                + 0.1848 * noise
            )
        elif recording.noise == "hiss":
            noise = np.diff(noise, prepend=np.float32(0.0))
    power = np.sqrt(np.square(sound).mean() / max(np.square(noise).mean(), 1e-12))
    return (sound + noise * power * 10.0 ** (-recording.snr_db / 20.0)).astype(np.float32)


def coded(sound: Samples, codec: str, kbps: int) -> Samples:
    """Through a lossy codec and back, in time."""
    name, suffix, fastest = _CODECS[codec]
    rate = 48_000 if codec == "opus" else SAMPLE_RATE
    given = soxr.resample(sound, SAMPLE_RATE, rate, quality="MQ") if rate != SAMPLE_RATE else sound
    with tempfile.TemporaryDirectory(prefix="virtual-conductor-") as folder:
        path = Path(folder) / f"clip{suffix}"
        with av.open(str(path), "w") as container:
            stream: Any = container.add_stream(name, rate=rate, layout="mono")
            stream.bit_rate = 1000 * kbps
            stream.options = {"compression_level": fastest}
            pcm = np.round(np.clip(given, -1.0, 1.0) * 32767.0).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(pcm[None], format="s16", layout="mono")
            frame.sample_rate = rate
            for part in (frame, None):
                for packet in stream.encode(part):
                    container.mux(packet)
        back = load_audio(path)
    out = np.zeros(len(sound), np.float32)
    out[: min(len(out), len(back))] = back[: len(out)]
    return out
