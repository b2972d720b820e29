"""Decoding: every format in time, every fault one sentence."""

import wave
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from backend.audio.cut_short import ends_early
from backend.audio.decode import load_audio, probe, stream_audio
from backend.audio.missing import loss_sentences, lost_stretches, seconds_missing
from retarget.errors import Cancelled, ConductorError

RATE = 22_050
SECONDS = 6.0


def melody(rate: int, seconds: float = SECONDS) -> np.ndarray:
    """Short tones at irregular times: the same sound at any rate, sharp to correlate."""
    rng = np.random.default_rng(0)
    t = np.arange(int(rate * seconds)) / rate
    sound = np.zeros(len(t))
    for _ in range(40):
        tone = np.sin(2 * np.pi * rng.uniform(80, 3000) * t + rng.uniform(0, 6))
        sound += tone * np.exp(-(((t - rng.uniform(0, seconds)) / 0.1) ** 2))
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32)


def write(
    path: Path,
    sound: np.ndarray,
    rate: int,
    codec: str,
    layout: str = "stereo",
    picture: bool = False,
    late: float = 0.0,
    longer: float = 0.0,
) -> Path:
    """Encode samples (C, n); with pictures that begin `late` seconds earlier if asked.

    The pictures end `longer` seconds after the sound.
    """
    with av.open(str(path), "w") as container:
        video: Any = None
        if picture:
            video = container.add_stream("libx264", rate=25)
            video.width = video.height = 64
            video.pix_fmt = "yuv420p"
        voice: Any = container.add_stream(codec, rate=rate, layout=layout)
        if picture:
            for i in range(int((sound.shape[1] / rate + longer) * 25)):
                image = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
                image.pts, image.time_base = i, Fraction(1, 25)
                container.mux(video.encode(image))
            container.mux(video.encode(None))
        resampler = av.AudioResampler(format=voice.format.name, layout=layout, rate=rate)
        for i in range(0, sound.shape[1], 4096):
            block = np.ascontiguousarray(sound[:, i : i + 4096])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
            frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
            frame.pts = i + round(late * rate)
            for part in resampler.resample(frame):
                container.mux(voice.encode(part))
        for part in resampler.resample(None):
            container.mux(voice.encode(part))
        container.mux(voice.encode(None))
    return path


def varying_mp3(path: Path, sound: np.ndarray, *, xing: bool) -> Path:
    """Encode samples (2, n) at 44.1 kHz in a varying bit rate."""
    with av.open(str(path), "w", options={"write_xing": str(int(xing))}) as container:
        varying = {"flags": "+qscale", "global_quality": str(2 * 118)}
        voice: Any = container.add_stream("libmp3lame", 44_100, varying, layout="stereo")
        frame = av.AudioFrame.from_ndarray(sound, format="fltp", layout="stereo")
        frame.sample_rate, frame.time_base, frame.pts = 44_100, Fraction(1, 44_100), 0
        container.mux(voice.encode(frame))
        container.mux(voice.encode(None))
    return path


def shift_ms(sound: np.ndarray, reference: np.ndarray) -> float:
    """By how much `sound` comes later than `reference`, to a quarter of a sample."""
    n, up = 2 * max(len(sound), len(reference)), 4
    cross = np.fft.rfft(sound, n) * np.conj(np.fft.rfft(reference, n))
    curve = np.fft.irfft(np.concatenate([cross, np.zeros((up - 1) * len(cross))]))
    lag = int(curve.argmax())
    return 1000 * (lag if lag < len(curve) / 2 else lag - len(curve)) / up / RATE


FORMATS = [
    ("a.wav", "pcm_s16le", 44_100, False),
    ("deep.wav", "pcm_s24le", 192_000, False),
    ("narrow.wav", "pcm_u8", 8_000, False),
    ("a.flac", "flac", 48_000, False),
    ("a.opus", "libopus", 48_000, False),
    ("a.mp3", "libmp3lame", 44_100, False),
    ("a.m4a", "aac", 44_100, False),
    ("film.mp4", "aac", 48_000, True),
    ("film.mov", "pcm_s16le", 44_100, True),
    ("film.mkv", "aac", 48_000, True),
]


@pytest.mark.parametrize(("name", "codec", "rate", "picture"), FORMATS)
def test_sound_is_in_time_within_a_millisecond(
    tmp_path: Path, name: str, codec: str, rate: int, picture: bool
) -> None:
    path = write(tmp_path / name, np.tile(melody(rate), (2, 1)), rate, codec, picture=picture)
    reference = melody(RATE)
    sound = load_audio(path)
    assert sound.dtype == np.float32
    assert abs(shift_ms(sound, reference)) < 1.0
    assert abs(len(sound) / RATE - SECONDS) < 0.05
    excerpt = load_audio(path, start=3.3, duration=2.0)
    assert len(excerpt) == 2 * RATE
    begin = round(3.3 * RATE)
    assert abs(shift_ms(excerpt, reference[begin : begin + 2 * RATE])) < 1.0


def test_ogg_vorbis_is_in_time(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.ogg", melody(44_100), 44_100)
    assert abs(shift_ms(load_audio(tmp_path / "a.ogg"), melody(RATE))) < 1.0


@pytest.mark.parametrize("rate", [22_050, 44_100])
def test_ogg_vorbis_stays_in_time_after_every_change_of_block_size(
    tmp_path: Path, rate: int
) -> None:
    """FFmpeg stamps the frame of a change late; silence put in there would delay all the rest."""
    sound = clicks(rate)
    soundfile.write(tmp_path / "a.ogg", sound, rate)
    reference = clicks(RATE)
    heard = load_audio(tmp_path / "a.ogg")
    assert len(heard) == pytest.approx(len(reference), abs=2)
    half = len(reference) // 2
    assert abs(shift_ms(heard[:half], reference[:half])) < 0.5
    assert abs(shift_ms(heard[half:], reference[half:])) < 0.5
    for start in np.arange(3.0, 8.0, 0.37):
        excerpt = load_audio(tmp_path / "a.ogg", start=float(start), duration=1.5)
        begin = round(start * RATE)
        assert abs(shift_ms(excerpt, reference[begin : begin + len(excerpt)])) < 0.5, start


def clicks(rate: int, seconds: float = 10.0) -> np.ndarray:
    """Silence with a click every 0.6 s, a tenth of a second on: encoders change their blocks."""
    sound = np.zeros(round(rate * seconds), np.float32)
    wave = np.sin(2 * np.pi * 1000 * np.arange(rate // 50) / rate)
    for at in np.arange(0.1, seconds - 0.1, 0.6):
        sound[round(at * rate) : round(at * rate) + len(wave)] = 0.8 * wave
    return sound


def test_a_gap_that_stays_is_kept_as_silence(tmp_path: Path) -> None:
    sound = melody(44_100)
    path = tmp_path / "gap.mkv"
    with av.open(str(path), "w") as container:
        voice: Any = container.add_stream("pcm_s16le", rate=44_100, layout="mono")
        half = len(sound) // 2
        for begin, end, late in ((0, half, 0.0), (half, len(sound), 0.75)):
            for i in range(begin, end, 4096):
                block = (sound[None, i : min(i + 4096, end)] * 32_000).astype(np.int16)
                frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
                frame.sample_rate, frame.time_base = 44_100, Fraction(1, 44_100)
                frame.pts = i + round(late * 44_100)
                container.mux(voice.encode(frame))
        container.mux(voice.encode(None))
    heard = load_audio(path)
    assert len(heard) / RATE == pytest.approx(SECONDS + 0.75, abs=0.01)
    late = heard[round(3.9 * RATE) :]
    assert abs(shift_ms(late, melody(RATE)[round(3.15 * RATE) :])) < 1.5


def test_the_default_sound_track_is_taken_and_another_can_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "tracks.mka"
    with av.open(str(path), "w") as container:
        voices: list[Any] = []
        for default in (False, True, False):
            voice: Any = container.add_stream("pcm_s16le", rate=8_000, layout="mono")
            if default:
                voice.disposition = av.stream.Disposition.default
            voices.append(voice)
        for level, voice in zip((1_000, 8_000, 16_000), voices, strict=True):
            block = np.full((1, 8_000), level, np.int16)
            frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = 8_000, Fraction(1, 8_000), 0
            container.mux(voice.encode(frame))
            container.mux(voice.encode(None))

    def level(track: int | None) -> float:
        return float(np.median(load_audio(path, track=track))) * 2**15

    assert level(None) == pytest.approx(8_000, rel=0.01)
    assert [level(track) for track in (1, 2, 3)] == pytest.approx([1_000, 8_000, 16_000], rel=0.01)
    with pytest.raises(ConductorError, match=r"no sound track 4; choose one from 1 to 3\."):
        load_audio(path, track=4)


def test_left_and_right_of_opposite_sign_are_heard(tmp_path: Path) -> None:
    sound = melody(44_100)
    for name, right in (("pure", -sound), ("nearly", -0.98 * sound), ("softer", -0.3 * sound)):
        path = write(tmp_path / f"{name}.wav", np.stack([sound, right]), 44_100, "pcm_s16le")
        heard = load_audio(path, start=1.0)
        assert np.corrcoef(heard, melody(RATE)[RATE:])[0, 1] > 0.99
    path = write(tmp_path / "left.wav", np.stack([0.01 * sound, 0 * sound]), 44_100, "pcm_s16le")
    # One side alone cancels nothing: it stays the mean of both, however soft.
    assert np.abs(load_audio(path)).max() == pytest.approx(0.0025, rel=0.1)


@pytest.mark.parametrize("level", [1.0, 0.1, 0.01])
@pytest.mark.parametrize("share", [0.5, 0.3, 0.1, 0.01])
def test_the_hum_that_opposite_sides_share_is_not_the_music(
    tmp_path: Path, level: float, share: float
) -> None:
    """`share` is the hum's RMS over that of the music."""
    sound = level * melody(44_100)
    hum = share * 2**0.5 * sound.std() * np.sin(2 * np.pi * 50 * np.arange(len(sound)) / 44_100)
    sides = np.stack([sound + hum, hum - sound]).astype(np.float32)
    heard = load_audio(write(tmp_path / "a.wav", sides, 44_100, "pcm_s24le"))
    meant = level * melody(RATE)
    assert np.corrcoef(heard, meant)[0, 1] > 0.85
    assert np.std(heard) == pytest.approx(np.std(meant), rel=0.15)


def test_wide_stereo_stays_the_mean_of_both_sides(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    sides = 0.1 * rng.normal(size=(2, 3 * RATE)).astype(np.float32)
    heard = load_audio(write(tmp_path / "a.wav", sides, RATE, "pcm_s16le"))
    np.testing.assert_allclose(heard, sides.mean(axis=0), atol=1e-4)


def test_a_time_before_the_file_is_silence(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, melody(RATE), RATE)
    heard = load_audio(path, start=-2.5)
    assert not heard[: round(2.5 * RATE)].any()
    assert abs(shift_ms(heard, melody(RATE)) - 2500.0) < 1.0


def test_sound_that_begins_after_the_picture_keeps_its_place(tmp_path: Path) -> None:
    sound = np.tile(melody(44_100), (2, 1))
    path = write(tmp_path / "late.mp4", sound, 44_100, "aac", picture=True, late=0.5)
    assert shift_ms(load_audio(path), melody(RATE)) == pytest.approx(500.0, abs=1.0)


def test_a_full_scale_tone_keeps_its_level_in_mono_and_stereo(tmp_path: Path) -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(44_100) / 44_100).astype(np.float32)
    for layout, channels in (("mono", 1), ("stereo", 2)):
        path = tmp_path / f"{layout}.wav"
        write(path, np.tile(tone, (channels, 1)), 44_100, "pcm_s16le", layout)
        assert np.abs(load_audio(path)[1000:-1000]).max() == pytest.approx(1.0, abs=0.01)


def test_surround_mixes_every_channel_but_the_low_effects(tmp_path: Path) -> None:
    tone = melody(44_100, 1.0)
    heard = []
    for channel in range(6):
        sound = np.zeros((6, len(tone)), np.float32)
        sound[channel] = tone
        path = write(tmp_path / "surround.wav", sound, 44_100, "pcm_s16le", "5.1")
        heard.append(float(np.abs(load_audio(path)).max()))
    effects = heard.pop(3)
    assert effects == 0.0
    assert min(heard) > 0.05
    assert heard[0] == pytest.approx(heard[1], rel=0.01)


def test_unusual_channel_counts_are_averaged(tmp_path: Path) -> None:
    sound = np.tile(melody(44_100, 1.0), (16, 1)).T
    soundfile.write(tmp_path / "many.wav", sound, 44_100)
    assert np.abs(load_audio(tmp_path / "many.wav")).max() == pytest.approx(0.5, abs=0.02)


def test_stereo_blocks_keep_left_and_right(tmp_path: Path) -> None:
    sound = np.stack([melody(44_100), np.zeros(int(44_100 * SECONDS), np.float32)])
    path = write(tmp_path / "left.wav", sound, 44_100, "pcm_s16le")
    blocks = np.hstack(list(stream_audio(path, sample_rate=48_000, channels=2)))
    assert blocks.shape == (2, round(48_000 * SECONDS))
    assert np.abs(blocks[0]).max() > 0.4
    assert np.abs(blocks[1]).max() == 0.0


def test_not_a_number_in_the_file_becomes_silence(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "nan.wav", np.full(RATE, np.nan), RATE, subtype="FLOAT")
    assert not load_audio(tmp_path / "nan.wav").any()


def test_probe_tells_length_rate_and_channels(tmp_path: Path) -> None:
    path = write(tmp_path / "a.flac", np.tile(melody(48_000), (2, 1)), 48_000, "flac")
    info = probe(path)
    assert (info.sample_rate, info.channels) == (48_000, 2)
    assert info.duration == pytest.approx(SECONDS, abs=0.01)


def test_a_truncated_mp3_gives_what_it_has_and_says_what_is_missing(tmp_path: Path) -> None:
    whole = write(tmp_path / "a.mp3", np.tile(melody(44_100), (2, 1)), 44_100, "libmp3lame")
    cut = tmp_path / "cut.mp3"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    sound = load_audio(cut)
    assert 2.0 < len(sound) / RATE < 4.0
    assert abs(shift_ms(sound, melody(RATE)[: len(sound)])) < 1.0
    assert seconds_missing(cut, len(sound) / RATE) == pytest.approx(
        SECONDS - len(sound) / RATE, abs=0.1
    )
    assert seconds_missing(whole, len(load_audio(whole)) / RATE) == 0.0


@pytest.mark.parametrize(
    ("count", "noisy"), [(200, False), (900, False), (10_000, False), (2_000, True)]
)
def test_a_damaged_mp3_stays_in_time_and_its_damage_is_said(
    tmp_path: Path, count: int, noisy: bool
) -> None:
    path = write(tmp_path / "a.mp3", np.tile(melody(44_100), (2, 1)), 44_100, "libmp3lame")
    content = bytearray(path.read_bytes())
    at = len(content) // 2
    noise = np.random.default_rng(5).bytes(count)
    content[at : at + count] = noise if noisy else bytes(count)
    path.write_bytes(content)
    heard, reference = load_audio(path), melody(RATE)
    assert len(heard) == pytest.approx(len(reference), abs=0.02 * RATE)
    assert abs(shift_ms(heard[: 2 * RATE], reference[: 2 * RATE])) < 0.1
    assert abs(shift_ms(heard[4 * RATE :], reference[4 * RATE :])) < 0.1
    if count > 1_000:
        ((begins, lasts),) = lost_stretches(path)
        assert begins == pytest.approx(3.0, abs=0.05)
        assert lasts == pytest.approx(count / 16_000, abs=0.06)
        assert "is damaged at 0:0" in loss_sentences(path, SECONDS)[0]
    assert loss_sentences(path, 1.0, start=4.0, duration=1.0) == []


@pytest.mark.parametrize("count", [600, 4_000])
def test_a_damaged_mp3_of_varying_bit_rate_stays_in_time_by_the_frames_it_counts(
    tmp_path: Path, count: int
) -> None:
    path = varying_mp3(tmp_path / "a.mp3", np.tile(melody(44_100), (2, 1)), xing=True)
    content = bytearray(path.read_bytes())
    at = len(content) // 2
    content[at : at + count] = bytes(count)
    path.write_bytes(content)
    late = load_audio(path)[round(4.5 * RATE) :]
    assert abs(shift_ms(late, melody(RATE)[round(4.5 * RATE) :])) < 0.1


@pytest.mark.parametrize("tag", [b"TAG", b"APETAGEX", b"ID3\x03\0\0\0\x02\x17\x76"])
def test_tags_between_and_after_the_frames_are_no_damage(tmp_path: Path, tag: bytes) -> None:
    one = write(tmp_path / "a.mp3", np.tile(melody(44_100, 3.0), (2, 1)), 44_100, "libmp3lame")
    alone = len(load_audio(one))
    data = one.read_bytes()
    tail = tag + bytes(40_000)
    for cut in (0, 150):
        joined = data[: len(data) - cut] + tail + data + tail
        (tmp_path / "joined.mp3").write_bytes(joined)
        heard = load_audio(tmp_path / "joined.mp3")
        assert abs(len(heard) - 2 * alone) < 0.1 * RATE
        assert lost_stretches(tmp_path / "joined.mp3") == []


def test_whole_files_whose_length_is_a_guess_miss_nothing(tmp_path: Path) -> None:
    """Raw AAC, MP3 of varying bit rate without a header, and a film longer than its sound."""
    loud = melody(44_100)[: 2 * 44_100]
    sound = np.tile(np.concatenate([np.zeros(30 * 44_100, np.float32), loud]), (2, 1))
    raw = write(tmp_path / "a.aac", sound, 44_100, "aac")
    varying_mp3(tmp_path / "a.mp3", sound, xing=False)
    film = write(tmp_path / "a.mkv", sound, 44_100, "aac", picture=True, longer=5.0)
    for path in (raw, tmp_path / "a.mp3", film):
        heard = len(load_audio(path)) / RATE
        assert heard == pytest.approx(32.0, abs=0.2), path.name
        assert seconds_missing(path, heard) == 0.0, path.name
        assert not ends_early(path), path.name


@pytest.mark.parametrize("name", ["a.wav", "a.ogg", "a.m4a", "a.mkv", "a.mp3", "a.flac"])
def test_a_file_that_was_cut_says_so_and_a_whole_one_does_not(tmp_path: Path, name: str) -> None:
    whole, cut = tmp_path / name, tmp_path / f"cut_{name}"
    sound = np.tile(melody(44_100), (2, 1))
    if name == "a.ogg":
        soundfile.write(whole, sound.T, 44_100)
    else:
        codec = {"wav": "pcm_s16le", "flac": "flac", "mp3": "libmp3lame"}.get(name[2:], "aac")
        write(whole, sound, 44_100, codec)
    content = whole.read_bytes()
    if name == "a.m4a":
        # The table of contents first, as in files made for streaming, or nothing could be read.
        with (
            av.open(str(whole)) as read,
            av.open(str(tmp_path / "fast.m4a"), "w", options={"movflags": "+faststart"}) as out,
        ):
            copy = out.add_stream_from_template(read.streams.audio[0])
            for packet in read.demux(audio=0):
                if packet.dts is not None:
                    packet.stream = copy
                    out.mux(packet)
        content = (tmp_path / "fast.m4a").read_bytes()
    cut.write_bytes(content[: len(content) // 2])
    heard = len(load_audio(cut)) / RATE
    assert heard < SECONDS - 1.5
    assert seconds_missing(cut, heard) > 1.0 or ends_early(cut)
    assert not ends_early(whole)
    assert seconds_missing(whole, len(load_audio(whole)) / RATE) == 0.0


def test_faults_are_one_sentence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.mp3").write_text("This is no music.\n" * 500)
    (tmp_path / "empty.wav").write_bytes(b"")
    (tmp_path / "list.mp3").write_text("#EXTM3U\n#EXTINF:10,\na.wav\n")
    write(tmp_path / "a.wav", melody(RATE)[None], RATE, "pcm_s16le", "mono")
    whole = write(tmp_path / "a.m4a", melody(RATE)[None], RATE, "aac", "mono")
    (tmp_path / "cut.m4a").write_bytes(whole.read_bytes()[:5000])
    with av.open(str(tmp_path / "silent.mp4"), "w") as container:
        video = container.add_stream("libx264", rate=25)
        video.width = video.height = 64
        image = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        container.mux(video.encode(image))
        container.mux(video.encode(None))
    expected = {
        "missing.mp3": "does not exist",
        ".": "is a folder",
        "empty.wav": "is empty",
        "text.mp3": "is not a sound or video file",
        "list.mp3": "is not a sound or video file",
        "cut.m4a": "is not a sound or video file",
        "silent.mp4": "holds no sound",
    }
    for name, words in expected.items():
        with pytest.raises(ConductorError, match=words) as fault:
            load_audio(tmp_path / name)
        assert str(fault.value).count(". ") == 0
        assert str(fault.value).endswith(".")
    for name in ("a.wav", "a.m4a"):
        with pytest.raises(ConductorError, match=r"is 6\.0 seconds long"):
            load_audio(tmp_path / name, start=7.0)
    assert capfd.readouterr() == ("", "")


def test_no_permission_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, melody(RATE), RATE)
    path.chmod(0)
    try:
        with path.open("rb"):
            pytest.skip("this user may read everything")
    except PermissionError:
        pass
    with pytest.raises(ConductorError, match="permission"):
        load_audio(path)


def test_a_name_that_looks_like_a_protocol_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "concat:a|50%25 #é.wav"
    soundfile.write(path, melody(RATE, 1.0), RATE)
    assert len(load_audio(path)) == RATE


def test_progress_rises_to_one_and_can_cancel(tmp_path: Path) -> None:
    path = tmp_path / "long.wav"
    soundfile.write(path, np.zeros(60 * 8_000), 8_000)
    told: list[float] = []
    load_audio(path, progress=lambda fraction, phase: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 5

    def stop(fraction: float, phase: str, /) -> None:
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        load_audio(path, progress=stop)


@pytest.mark.parametrize("rate", [1, 1_999, 2**31 - 1])
def test_a_rate_that_no_sound_has_is_refused_before_it_is_resampled(
    tmp_path: Path, rate: int
) -> None:
    with wave.open(str(tmp_path / "slow.wav"), "wb") as file:
        file.setparams((1, 2, 44_100, 0, "NONE", ""))
        file.writeframes(bytes(200_000))
    whole = bytearray((tmp_path / "slow.wav").read_bytes())
    whole[24:28] = rate.to_bytes(4, "little")
    (tmp_path / "slow.wav").write_bytes(whole)
    for read in (probe, load_audio):
        with pytest.raises(ConductorError, match=r"samples a second|not a sound"):
            read(tmp_path / "slow.wav")


def test_more_hours_than_fit_are_refused(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "long.wav"), "wb") as file:
        file.setparams((1, 1, 2_000, 0, "NONE", ""))
        file.writeframes(bytes(2_000 * 3600 * 4 + 100_000))
    with pytest.raises(ConductorError, match="more than 4 hours"):
        load_audio(tmp_path / "long.wav", sample_rate=2_000)
    last = load_audio(tmp_path / "long.wav", start=4 * 3600, duration=10, sample_rate=2_000)
    assert len(last) == 20_000
