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
            [sys.executable, "-c", "\n".join(lines)],
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
