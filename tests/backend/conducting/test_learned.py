"""The learned conductor's motion, from a generator that has learned nothing but a stance."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from backend.audio.analysis import Analysis
from backend.audio.features import analyse_file, analysis_from_mel
from backend.audio.rates import FEATURE_RATE
from backend.beats.hear import hear_beats
from backend.cli import app
from backend.conducting.learned.conditioning import latest_conditioning
from backend.conducting.learned.conductor import conduct_learned
from backend.corpus.conduct import conduct_clip
from backend.demo import demo_file
from backend.evaluation.motion import bodily
from backend.grid.beat_grid import BeatGrid
from backend.models.amcnet import AmcConfig, AmcNet
from backend.models.checkpoint import save_checkpoint
from backend.models.generator import Generator, GeneratorConfig
from backend.models.kinematics import to_6d
from backend.score.beats import beats_from_score
from backend.style import Style
from retarget import rotation, skeleton
from retarget.errors import ConductorError
from retarget.motion import Motion

AMC = AmcConfig(front_channels=2, channels=8, features=4, dilations=(1, 2))
SMALL = GeneratorConfig(latest_conditioning(), music=AMC, channels=16, dilations=(1, 2, 4))
SECONDS = 20.0
TIMES = 1.0 + np.arange(24) * 0.7
GRID = BeatGrid(TIMES, np.arange(24) % 4 + 1, np.full(24, 4), ("4/4",) * 24, np.ones(24))


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    mel = np.full((int(SECONDS * FEATURE_RATE), 128), -70.0, np.float32)
    for time in TIMES:
        at = int(time * FEATURE_RATE)
        mel[at : at + 12, 30:90] = -6.0 * np.arange(12)[: len(mel) - at, None]
    return analysis_from_mel(mel)


@pytest.fixture(scope="module")
def conducted(tmp_path_factory: pytest.TempPathFactory, analysis: Analysis) -> Path:
    """A clip of a corpus that the teacher conducts."""
    folder = tmp_path_factory.mktemp("learned") / "test" / "0"
    for number in ("0", "1"):
        clip = folder.with_name(number)
        clip.mkdir(parents=True)
        GRID.save(clip / "beats.txt")
        np.save(clip / "mel.npy", analysis.mel.astype(np.float16))
        conduct_clip(clip, GRID, analysis, 0, int(number))
    return folder


@pytest.fixture(scope="module")
def checkpoint(conducted: Path) -> Path:
    torch.manual_seed(0)
    network = Generator(SMALL)
    motion = Motion.load(conducted / "motion.npz")
    six = to_6d(torch.from_numpy(rotation.to_matrix(motion.rotations))).flatten(1).numpy()
    network.mean = torch.from_numpy(np.hstack([six, motion.root]).mean(axis=0)).float()
    network.std = torch.full_like(network.mean, 0.05)
    path = conducted.parent.parent / "g.safetensors"
    save_checkpoint(path, "generator", asdict(SMALL), network.state_dict(), "a test")
    return path


def conduct(analysis: Analysis, checkpoint: Path, seed: int = 0, fps: float = 30.0) -> Motion:
    return conduct_learned(GRID, analysis, style=Style(), seed=seed, fps=fps, checkpoint=checkpoint)


@pytest.mark.parametrize("fps", [24.0, 30.0, 60.0])
def test_it_lasts_as_long_as_the_music_at_any_rate(
    fps: float, analysis: Analysis, checkpoint: Path
) -> None:
    motion = conduct(analysis, checkpoint, fps=fps)
    assert len(motion) == round(analysis.duration * fps)
    np.testing.assert_allclose(np.linalg.norm(motion.rotations, axis=2), 1.0, atol=1e-9)
    at_30 = conduct(analysis, checkpoint)
    seconds = 7.0
    np.testing.assert_allclose(
        motion.joints_3d()[round(seconds * fps)],
        at_30.joints_3d()[round(seconds * 30.0)],
        atol=2e-3,
    )


def test_the_same_seed_gives_the_same_motion_and_another_seed_another(
    analysis: Analysis, checkpoint: Path
) -> None:
    first, again, other = (conduct(analysis, checkpoint, seed) for seed in (0, 0, 1))
    assert np.array_equal(first.rotations, again.rotations)
    assert not np.array_equal(first.rotations, other.rotations)


def test_chunks_do_not_show(analysis: Analysis, checkpoint: Path, monkeypatch) -> None:
    whole = conduct(analysis, checkpoint)
    monkeypatch.setattr("backend.conducting.learned.conductor._CHUNK_FRAMES", 50)
    pieces = conduct(analysis, checkpoint)
    np.testing.assert_allclose(whole.joints_3d(), pieces.joints_3d(), atol=1e-5)


def test_the_body_keeps_to_what_bodies_can_do(analysis: Analysis, checkpoint: Path) -> None:
    body = bodily(conduct(analysis, checkpoint))
    assert body.limits == 0.0
    assert body.bones < 1e-9
    assert body.feet < 1e-6


def test_the_weight_goes_from_leg_to_leg(analysis: Analysis, checkpoint: Path) -> None:
    """As the teacher's does, whatever the network has learned."""
    motion = conduct(analysis, checkpoint)
    assert np.ptp(motion.root[:, 0]) > 0.025
    joints = motion.joints_3d()
    rises = (
        joints[:, skeleton.INDEX["thigh.L"], 2] - joints[:, skeleton.INDEX["thigh.R"], 2]
    ) * np.sign(motion.root[:, 0])
    assert np.median(rises) > 0.003


def test_it_stands_upright_whatever_stance_the_network_has_learned(
    analysis: Analysis, checkpoint: Path
) -> None:
    motion = conduct(analysis, checkpoint)
    joints = motion.joints_3d()
    for side in "LR":
        hip, knee, ankle = (
            joints[:, skeleton.INDEX[f"{stem}.{side}"]] for stem in ("thigh", "shin", "foot")
        )
        # Over the feet, not behind them, on legs that are all but straight.
        assert 0.01 < np.median(ankle[:, 1] - hip[:, 1]) < 0.06
        upper, lower = rotation.normalize(knee - hip), rotation.normalize(ankle - knee)
        bend = np.degrees(np.arccos(np.clip(np.sum(upper * lower, axis=1), -1.0, 1.0)))
        assert 5.0 < np.percentile(bend, 20) < 16.0


def test_the_left_hand_is_softly_rounded(analysis: Analysis, checkpoint: Path) -> None:
    """What has learned nothing but a stance holds its fingers straight."""
    motion = conduct(analysis, checkpoint)
    for stem, least in (("index", 0.3), ("fingers", 0.45)):
        turns = motion.rotations[:, skeleton.INDEX[f"{stem}.L"]]
        assert rotation.to_rotation_vector(turns)[:, 1].min() > least


def test_a_broken_generator_is_named_with_the_way_around(
    analysis: Analysis, tmp_path: Path
) -> None:
    with pytest.raises(ConductorError, match=r"not there.*--model teacher"):
        conduct(analysis, tmp_path / "none.safetensors")


def test_the_shipped_generator_beats_with_the_right_hand_as_patterns_go() -> None:
    """Two of four goes in to the conductor's left (+X), three out to the right."""
    grid = beats_from_score(demo_file("ode_to_joy.mid")).grid
    analysis = analyse_file(demo_file("ode_to_joy.ogg"))
    motion = conduct_learned(grid, analysis, style=Style(), seed=0, fps=30.0)
    joints = motion.joints_3d()
    right, left = (joints[:, skeleton.INDEX[f"hand.{side}"]] for side in "RL")
    assert right[:, 0].mean() < -0.1 < 0.1 < left[:, 0].mean()

    def travel(hand: np.ndarray) -> float:
        return float(np.linalg.norm(np.diff(hand, axis=0), axis=1).sum())

    assert travel(right) > 1.3 * travel(left)
    frames = np.round(motion.beats * motion.fps).astype(int)
    one, two, three = (right[frames[motion.beat_numbers == n], 0].mean() for n in (1, 2, 3))
    assert three < one - 0.08
    assert two > one + 0.03


def test_the_shipped_generator_s_hands_are_led_as_by_rules() -> None:
    """The left hand lives by the music and the baton never points to the floor."""
    grid = beats_from_score(demo_file("ode_to_joy.mid")).grid
    analysis = analyse_file(demo_file("ode_to_joy.ogg"))
    likeness: dict[float, list[float]] = {0.0: [], 0.4: []}
    for freedom, seed in product(likeness, range(4)):
        style = Style(left_hand=freedom)
        motion = conduct_learned(grid, analysis, style=style, seed=seed, fps=30.0)
        beaten = slice(*np.round(motion.beats[[0, -1]] * 30.0).astype(int))
        joints = motion.joints_3d()[beaten]
        right, left = (joints[:, skeleton.INDEX[f"hand.{side}"], 2] for side in "RL")
        likeness[freedom].append(np.corrcoef(right, left)[0, 1])
        baton = np.diff(joints[:, [skeleton.INDEX["baton"], skeleton.INDEX["baton_tip"]]], axis=1)
        baton = rotation.normalize(baton[:, 0])
        assert np.degrees(np.arcsin(baton[:, 2])).min() > -8.0
    assert np.mean(likeness[0.0]) > 0.6
    assert np.mean(likeness[0.4]) < 0.4


@pytest.mark.parametrize("threads", [1, 3])
def test_the_number_of_threads_changes_no_byte(
    threads: int, analysis: Analysis, restored_threads: None
) -> None:
    heard = hear_beats(analysis).grid
    motion = conduct_learned(heard, analysis, style=Style(), seed=0, fps=30.0)
    torch.set_num_threads(threads)
    again = hear_beats(analysis).grid
    assert np.array_equal(heard.times, again.times)
    assert np.array_equal(heard.confidence, again.confidence)
    made = conduct_learned(again, analysis, style=Style(), seed=0, fps=30.0)
    assert np.array_equal(motion.rotations, made.rotations)
    assert np.array_equal(motion.root, made.root)


@pytest.fixture
def restored_threads() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(threads)


def test_the_table_sets_it_beside_the_teacher_and_floors(
    conducted: Path, checkpoint: Path, tmp_path: Path
) -> None:
    amcnet = tmp_path / "amc.safetensors"
    torch.manual_seed(0)
    save_checkpoint(amcnet, "amcnet", asdict(AMC), AmcNet(AMC).state_dict(), "a test")
    command = ["evaluate", "motion", str(checkpoint), str(conducted.parent.parent)]
    command += ["--amcnet", str(amcnet), "-o"]
    report, page = tmp_path / "motion.json", tmp_path / "motion.html"
    for file in (report, page):
        result = CliRunner().invoke(app, [*command, str(file)])
        assert result.exit_code == 0, result.output
    assert page.read_text().count("<svg") == 2
    assert CliRunner().invoke(app, [*command, str(tmp_path / "motion.pdf")]).exit_code == 2
    rows = {r["conductor"]: r["values"] for r in json.loads(report.read_text())["rows"]}
    assert len(rows) == 7
    assert rows["teacher, true beats"]["beat F"] > 0.97
    assert rows["constant pose"]["beat F, best lag"] == 0.0
    assert rows["teacher, true beats"]["sync error"] < rows["constant pose"]["sync error"]
