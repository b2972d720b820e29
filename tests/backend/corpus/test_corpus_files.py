"""The corpus on disk: plan, recording, rendering, reading, counting."""

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
from rich.console import Console
from small_scores import quartet
from typer.testing import CliRunner

from backend.audio.rates import SAMPLE_RATE
from backend.cli import app
from backend.corpus.augment import Recording, coded, record
from backend.corpus.clip import ClipOptions
from backend.corpus.conduct import checksum, conduct_corpus, sampled_style
from backend.corpus.dataset import ConductingDataset
from backend.corpus.plan import find_scores, split_of, splits_of, work_of
from backend.corpus.render import render_corpus
from backend.corpus.stats import corpus_stats, show_stats
from backend.corpus.synthesis import default_soundfont
from retarget.errors import Cancelled, ConductorError

needs_fluidsynth = pytest.mark.skipif(
    shutil.which("fluidsynth") is None
    or not Path("/usr/share/sounds/sf2/FluidR3_GM.sf2").is_file(),
    reason="needs the Debian packages fluidsynth and fluid-soundfont-gm",
)


def options(**values: object) -> ClipOptions:
    given = {
        "clip_s": 20.0,
        "seed": 3,
        "soundfonts": (default_soundfont(),),
        "alignments": None,
        "motion": False,
        "keep_audio": False,
    }
    return ClipOptions(**(given | values))  # type: ignore[arg-type]


def plain_recording(**values: object) -> Recording:
    given = {
        "cents": 0.0,
        "reverb_s": 0.5,
        "wet": 0.0,
        "tilt_db": 0.0,
        "top_hz": SAMPLE_RATE / 2,
        "bottom_hz": 1.0,
        "ratio": 1.0,
        "noise": "none",
        "snr_db": 40.0,
        "codec": "none",
        "kbps": 0,
        "level_db": -1.0,
    }
    return Recording(**(given | values))  # type: ignore[arg-type]


def bursts(seconds: float = 6.0) -> tuple[np.ndarray, np.ndarray]:
    """Short bursts of noise in silence, and where they begin, in samples."""
    rng = np.random.default_rng(0)
    sound = np.zeros(int(seconds * SAMPLE_RATE), np.float32)
    starts = np.arange(3000, len(sound) - 3000, 9000)
    for start in starts:
        sound[start : start + 600] = 0.3 * rng.standard_normal(600)
    return sound, starts


def delay(sound: np.ndarray, changed: np.ndarray) -> int:
    """How many samples later the second sound is."""
    count = min(len(sound), len(changed))
    a, b = (
        np.abs(np.fft.rfft(0)) * 0 if x is None else np.abs(x[:count]) for x in (sound, changed)
    )
    size = 2 * count
    correlation = np.fft.irfft(np.conj(np.fft.rfft(a, size)) * np.fft.rfft(b, size))
    return int((np.argmax(correlation) + count) % size - count)


def test_movements_are_of_one_work_and_a_quartet_is_one() -> None:
    assert work_of(Path("Beethoven_Op.125_3.mxl")) == "Beethoven_Op.125"
    assert work_of(Path("Bruckner_WAB.105_3a_Scherzo.mxl")) == "Bruckner_WAB.105"
    assert work_of(Path("Wolf,_Hugo__Serenade__sq8812200.mxl")) == "Wolf,_Hugo__Serenade"
    assert work_of(Path("Somebody_Op.1.mxl")) == "Somebody_Op.1"


def test_a_work_of_several_files_lies_in_one_split() -> None:
    scores = [Path(f"Composer__Work_{i}__sq{n}.mxl") for i in range(20) for n in range(100, 104)]
    splits = splits_of(scores)
    for i in range(20):
        assert len({splits[score] for score in scores if f"Work_{i}_" in score.name}) == 1
    assert len(set(splits.values())) > 1


def test_works_are_split_by_their_names_alone_in_about_80_10_10() -> None:
    counts = Counter(split_of(f"Composer_Op.{i}") for i in range(2000))
    assert 0.77 < counts["train"] / 2000 < 0.83
    assert 0.08 < counts["val"] / 2000 < 0.12


def test_no_scores_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConductorError, match="no scores"):
        find_scores([tmp_path])
    with pytest.raises(ConductorError, match="does not exist"):
        find_scores([tmp_path / "nowhere"])


@pytest.mark.parametrize(
    "changes",
    [
        {"wet": 0.5, "reverb_s": 2.0},
        {"top_hz": 3000.0, "bottom_hz": 200.0},
        {"tilt_db": 3.0},
        {"ratio": 4.0},
        {"noise": "pink", "snr_db": 20.0},
        {"noise": "hiss", "snr_db": 20.0},
        {"noise": "white", "snr_db": 20.0},
        {"noise": "crackle", "snr_db": 35.0},
        {"codec": "mp3", "kbps": 48},
        {"codec": "opus", "kbps": 24},
    ],
)
def test_a_recording_changes_the_sound_and_not_its_time(changes: dict[str, object]) -> None:
    sound, _ = bursts()
    recorded = record(sound, plain_recording(**changes), np.random.default_rng(1))
    assert len(recorded) == len(sound)
    assert np.abs(recorded).max() <= 1.0
    assert abs(delay(sound, recorded)) <= 0.002 * SAMPLE_RATE
    assert not np.allclose(
        recorded / np.abs(recorded).max(), sound / np.abs(sound).max(), atol=1e-3
    )


def test_a_sharp_recording_runs_faster_by_its_cents() -> None:
    sound, starts = bursts()
    recording = plain_recording(cents=50.0)
    recorded = record(sound, recording, np.random.default_rng(1))
    assert recording.speed == pytest.approx(2 ** (50 / 1200))
    last = int(starts[-1] / recording.speed)
    assert len(recorded) == pytest.approx(len(sound) / recording.speed, abs=2)
    assert np.abs(recorded[last - 200 : last - 40]).max() < 0.05
    assert np.abs(recorded[last : last + 200]).max() > 0.2


def test_coding_loses_something() -> None:
    sound, _ = bursts(2.0)
    assert np.abs(coded(sound, "mp3", 32) - sound).max() > 0.01


@needs_fluidsynth
def test_a_corpus_is_rendered_whole_with_beats_on_the_onsets(tmp_path: Path) -> None:
    quartet(tmp_path / "Somebody_Op.1_1.musicxml")
    (tmp_path / "Somebody_Op.2_1.musicxml").write_text("no score" * 3000)
    corpus = tmp_path / "corpus"
    rendered = render_corpus(
        [tmp_path], corpus, options(keep_audio=True, motion=True), hours=0.02, workers=1
    )
    assert set(rendered.skipped) == {"Somebody_Op.2_1.musicxml"}
    manifest = json.loads((corpus / "manifest.json").read_text())
    assert manifest["skipped"].keys() == rendered.skipped.keys()
    split = split_of("Somebody_Op.1")
    dataset = ConductingDataset(corpus, split)
    assert len(dataset) == rendered.clips == len(manifest["clips"]) > 0
    clip = dataset[0]
    assert clip.kind in ("quartet", "piano", "solo")
    assert clip.has_beats
    mel, motion, grid = clip.mel(), clip.motion(), clip.beats()
    assert mel.shape[1] == 128
    assert -80.0 <= mel.min() < mel.max() == 0.0
    assert len(motion) == pytest.approx(clip.duration * 30, abs=1.5)
    assert set(grid.meters) == {"4/4"}
    sound, rate = soundfile.read(clip.folder / "audio.flac")
    assert rate == SAMPLE_RATE
    assert len(sound) / rate == pytest.approx(clip.meta()["duration_s"], abs=1e-3)
    assert (corpus / "sample.png").is_file()
    assert not list(corpus.glob("*/.*"))

    # Rendered again, nothing is made anew.
    before = {p: p.stat().st_mtime_ns for p in corpus.glob("*/*/mel.npy")}
    render_corpus([tmp_path], corpus, options(), hours=0.02, workers=1)
    assert {p: p.stat().st_mtime_ns for p in corpus.glob("*/*/mel.npy")} == before

    stats = corpus_stats(corpus)
    assert stats.hours == pytest.approx(rendered.hours, abs=1e-3)
    assert list(stats.meter) == ["4/4"]
    console = Console(record=True, width=100)
    show_stats(stats, console)
    assert "4/4 in 4" in console.export_text()


@needs_fluidsynth
def test_motion_is_added_to_clips_that_have_none(tmp_path: Path) -> None:
    quartet(tmp_path / "Somebody_Op.1_1.musicxml")
    corpus = tmp_path / "corpus"
    rendered = render_corpus([tmp_path], corpus, options(), hours=0.02, workers=1)
    clip = ConductingDataset(corpus, split_of("Somebody_Op.1"))[0]
    assert not clip.has_motion
    assert conduct_corpus(corpus, 1) == rendered.clips
    assert conduct_corpus(corpus, 1) == 0
    motion = clip.performance()
    np.testing.assert_allclose(motion.joints_2d(), clip.motion(), atol=1e-5)
    np.testing.assert_allclose(motion.beats, clip.beats().times, atol=1e-6)
    name = str(clip.folder.relative_to(corpus))
    noted = json.loads((corpus / "manifest.json").read_text())["clips"][name]["sha256"]
    assert noted == clip.meta()["sha256"]
    assert noted["motion.npy"] == checksum(clip.folder / "motion.npy")
    with pytest.raises(ConductorError, match="is no corpus"):
        conduct_corpus(tmp_path / "none", 1)


def test_styles_are_drawn_around_the_presets_and_differ() -> None:
    drawn = [sampled_style(np.random.default_rng(seed)) for seed in range(12)]
    assert len({name for name, _ in drawn}) > 2
    assert len({style.size for _, style in drawn}) == 12
    assert all(0.0 <= style.lead <= 0.2 for _, style in drawn)


@needs_fluidsynth
def test_the_sound_begins_where_the_beats_say(tmp_path: Path) -> None:
    """Staccato chords on a dry recording: their rise lies within 15 ms of the beats on average."""
    from backend.corpus.clock import play_freely
    from backend.corpus.performance import perform
    from backend.corpus.synthesis import Hall, synthesise
    from backend.score.movements import read_score

    (movement,) = read_score(quartet(tmp_path / "score.musicxml", 16))
    lags = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        clock, factor = play_freely(movement, rng)
        beats = clock.onset(movement.places(movement.beats(factor)))
        played = perform(movement, clock, -0.5, 20.0, orchestral=seed % 2 == 0, rng=rng)
        hall = Hall(reverb=False, chorus=False, gain=0.3)
        sound = synthesise(played, 20.5, default_soundfont(), hall)
        hop, size = 55, 512
        frames = np.lib.stride_tricks.sliding_window_view(sound, size)[::hop]
        spectrum = np.abs(np.fft.rfft(frames * np.hanning(size)))
        flux = np.maximum(np.diff(np.log1p(1000 * spectrum / spectrum.max()), axis=0), 0).mean(1)
        at = (np.arange(len(flux)) + 0.5) * hop / SAMPLE_RATE + size / 2 / SAMPLE_RATE
        shifts = np.arange(-0.1, 0.1, 0.002)
        heard = beats[(beats > 1.0) & (beats < 19.0)] + 0.5
        match = [np.interp(heard + shift, at, flux).mean() for shift in shifts]
        lags.append(shifts[int(np.argmax(match))])
    assert abs(np.mean(lags)) < 0.015


@needs_fluidsynth
def test_the_same_seed_gives_the_same_clips(tmp_path: Path) -> None:
    quartet(tmp_path / "Somebody_Op.1_1.musicxml")
    sums = []
    for name in ("a", "b"):
        render_corpus([tmp_path], tmp_path / name, options(), hours=0.006, workers=1)
        manifest = json.loads((tmp_path / name / "manifest.json").read_text())
        sums.append({clip: values["sha256"] for clip, values in manifest["clips"].items()})
        shutil.rmtree(tmp_path / name)
    assert sums[0] == sums[1]


@needs_fluidsynth
def test_held_out_clips_have_a_soundfont_of_their_own(tmp_path: Path) -> None:
    names = {
        split: next(f"Nobody_Op.{i}" for i in range(99) if split_of(f"Nobody_Op.{i}") == split)
        for split in ("train", "val", "test")
    }
    for name in names.values():
        quartet(tmp_path / f"{name}_1.musicxml")
    other = tmp_path / "other.sf2"
    other.symlink_to(default_soundfont())
    given = options(held_out_soundfonts=(other,))
    render_corpus([tmp_path], tmp_path / "c", given, hours=0.06, workers=1)
    fonts = {
        split: {clip.meta()["soundfont"] for clip in ConductingDataset(tmp_path / "c", split).clips}
        for split in names
    }
    ours = {default_soundfont().name}
    assert fonts == {"train": ours, "val": {other.name}, "test": {other.name}}


@needs_fluidsynth
def test_rubato_of_recordings_is_taken_where_it_is_given(tmp_path: Path) -> None:
    quartet(tmp_path / "Somebody_Op.1_1.musicxml", 60)
    given = tmp_path / "timing"
    given.mkdir()
    times = np.cumsum(0.5 + 0.1 * np.sin(np.arange(80) / 3.0))
    (given / "waltz.beats").write_text(
        "".join(f"{t:.3f}\t{i % 3 + 1}\n" for i, t in enumerate(times))
    )
    corpus = tmp_path / "corpus"
    render_corpus([tmp_path], corpus, options(beat_times=given), hours=0.05, workers=1)
    clips = ConductingDataset(corpus, split_of("Somebody_Op.1")).clips
    uneven: dict[str, list[float]] = {}
    for clip in clips:
        pace = np.log(np.diff(clip.beats().times))
        uneven.setdefault(clip.meta()["tempo_from"], []).append(float(np.abs(np.diff(pace)).mean()))
    assert len(uneven) == 2
    assert np.mean(uneven["the marks, with a recording's rubato"]) > 2.0 * np.mean(
        uneven["the marks"]
    )


@needs_fluidsynth
def test_a_run_that_is_broken_off_leaves_whole_clips_only(tmp_path: Path) -> None:
    quartet(tmp_path / "Somebody_Op.1_1.musicxml")

    def stop(fraction: float, phase: str) -> None:
        if phase == "playing the scores" and fraction > 0.2:
            raise Cancelled

    with pytest.raises(Cancelled):
        render_corpus([tmp_path], tmp_path / "c", options(), hours=0.04, workers=1, progress=stop)
    assert not list((tmp_path / "c").glob("*/.*"))
    assert (tmp_path / "c" / "manifest.json").is_file()


def test_the_published_layout_is_read_without_beats(tmp_path: Path) -> None:
    for number in (2, 10):
        folder = tmp_path / "train" / str(number)
        folder.mkdir(parents=True)
        np.save(folder / "mel.npy", np.full((900, 128), -30.0, np.float32))
        np.save(folder / "motion.npy", np.zeros((300, 13, 2)))
    dataset = ConductingDataset(tmp_path, "train")
    assert [clip.folder.name for clip in dataset.clips] == ["2", "10"]
    assert not dataset[0].has_beats
    assert dataset[0].kind == "unknown"
    assert dataset[0].motion().shape == (300, 13, 2)
    assert dataset[0].duration == pytest.approx(10.0)
    assert len(dataset[0].analysis().onset) == 900


def test_arrays_of_a_wrong_shape_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "val" / "0"
    folder.mkdir(parents=True)
    np.save(folder / "mel.npy", np.zeros((900, 80), np.float32))
    with pytest.raises(ConductorError, match=r"\(900, 80\)"):
        ConductingDataset(tmp_path, "val")[0].mel()
    with pytest.raises(ConductorError, match="no folder 'test'"):
        ConductingDataset(tmp_path, "test")


def test_clips_that_are_being_written_are_no_clips(tmp_path: Path) -> None:
    folder = tmp_path / "train" / ".7.abcd.part"
    folder.mkdir(parents=True)
    np.save(folder / "mel.npy", np.zeros((900, 128), np.float32))
    assert len(ConductingDataset(tmp_path, "train")) == 0


def test_stats_of_an_empty_folder_name_what_to_do(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["corpus", "stats", str(tmp_path)])
    assert result.exit_code == 2
    assert "render a corpus there first" in " ".join(result.output.split())
