"""Rigs as other programs make them, and odd ones, in Blender itself: 4.5 LTS and 5.0."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parents[1]
sys.path.insert(0, str(_ROOT / "tests" / "retarget"))

from rig_measures import LIMITS  # noqa: E402 - found through the line above

pytestmark = pytest.mark.timeout(1800)

Told = dict[str, dict[str, Any]]
"""What came of a rig, by its name."""


def _python(version: str) -> Path:
    named = os.environ.get("VC_BPY5_PYTHON")
    second = Path(named) if named else _ROOT / ".venv-bpy5" / "bin" / "python"
    return Path(sys.executable) if version == "4.5" else second


@pytest.fixture(scope="module")
def play(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Let all rigs perform in one Blender, once; gives what came of them, or None."""

    @cache
    def run(version: str) -> dict[str, Any] | None:
        python = _python(version)
        if not python.is_file():
            return None
        folder = tmp_path_factory.mktemp("matrix")
        told = folder / "rigs.json"
        done = subprocess.run(
            [python, str(_HERE / "rig_matrix.py"), str(told)],
            capture_output=True,
            text=True,
            cwd=folder,
            env={
                **os.environ,
                "BLENDER_USER_RESOURCES": str(folder / "blender"),
                "OMP_NUM_THREADS": "1",
            },
            timeout=1500,
        )
        assert told.is_file(), done.stdout[-2000:] + done.stderr[-4000:]
        answers: dict[str, Any] = json.loads(told.read_text(encoding="utf-8"))
        assert answers["version"].startswith(version)
        return answers

    return run


@pytest.fixture(scope="module", params=["4.5", "5.0"])
def rigs(request: pytest.FixtureRequest, play: Any) -> Told:
    """What came of every rig in one Blender."""
    answers = play(request.param)
    if answers is None:
        pytest.skip("Blender 5 is not installed; VC_BPY5_PYTHON may name a Python with bpy 5.0")
    failed = {name: told for name, told in answers["rigs"].items() if isinstance(told, str)}
    assert failed == {}
    found: Told = answers["rigs"]
    return found


def test_rigs_are_found_as_what_they_are(rigs: Told) -> None:
    assert len(rigs) >= 20
    found = {name: told["family"] for name, told in rigs.items()}
    assert found == {name: told["expected"] for name, told in rigs.items()}


@pytest.mark.parametrize("measure", sorted(LIMITS))
def test_rigs_do_what_the_motion_does(rigs: Told, measure: str) -> None:
    told = {
        name: rig["measures"][measure] for name, rig in rigs.items() if measure in rig["measures"]
    }
    assert len(told) >= 20
    assert {name: off for name, off in told.items() if not off <= LIMITS[measure]} == {}


def test_no_bone_is_keyed_that_nobody_plays(rigs: Told) -> None:
    assert {name: told["strays"] for name, told in rigs.items() if told["strays"]} == {}


def test_a_cancel_at_any_moment_leaves_everything_as_it_was(
    rigs: Told,
) -> None:
    changed = {name: told["cancelled"] for name, told in rigs.items()}
    assert {name: places for name, places in changed.items() if places} == {}


def test_nothing_else_is_changed(rigs: Told) -> None:
    assert {name: told["outside"] for name, told in rigs.items() if told["outside"]} == {}
