"""Blender's module can be loaded once per process: these tests run their scripts in children."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).resolve().parents[2]

# Blender's module can hang while it is torn down, after a fault above all.
_ENDING = """
import os, shutil, sys, traceback

def _end(code):
    sys.stdout.flush()
    sys.stderr.flush()
    if "bpy" in sys.modules and sys.modules["bpy"].app.tempdir:
        shutil.rmtree(sys.modules["bpy"].app.tempdir, ignore_errors=True)
    os._exit(code)

sys.excepthook = lambda *fault: (traceback.print_exception(*fault), _end(1))
"""


@pytest.fixture(scope="session")
def run_in_blender() -> Callable[..., Any]:
    """Run a script in a child with bpy; returns what it assigned to `answer` (JSON)."""
    return _runner(sys.executable)


@pytest.fixture(scope="module", params=["4.5", "5.0"])
def run_in_each_blender(request: pytest.FixtureRequest) -> Callable[..., Any]:
    """The same in Blender 4.5 LTS and, where VC_BPY5_PYTHON or .venv-bpy5 has it, in 5.0."""
    if request.param == "4.5":
        return _runner(sys.executable)
    python = os.environ.get("VC_BPY5_PYTHON") or _ROOT / ".venv-bpy5" / "bin" / "python"
    if not Path(python).is_file():
        pytest.skip("Blender 5 is not installed; VC_BPY5_PYTHON may name a Python with bpy 5.0")
    return _runner(python)


def _runner(python: str | Path) -> Callable[..., Any]:
    def run(script: str, **variables: Any) -> Any:
        lines = [
            _ENDING,
            "import json",
            *(f"{name} = json.loads({json.dumps(json.dumps(v))})" for name, v in variables.items()),
            "import bpy",
            "bpy.ops.wm.read_factory_settings(use_empty=True)",
            "scene = bpy.context.scene",
            script,
            "print('\\nANSWER ' + json.dumps(answer))",
            "_end(0)",
        ]
        done = subprocess.run(
            [python, "-c", "\n".join(lines)],
            capture_output=True,
            text=True,
            cwd=_ROOT,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            timeout=240,
        )
        answers = [line for line in done.stdout.splitlines() if line.startswith("ANSWER ")]
        assert answers, done.stdout[-2000:] + done.stderr[-4000:]
        return json.loads(answers[-1][len("ANSWER ") :])

    return run
