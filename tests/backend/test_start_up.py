"""What takes long to import is imported by what uses it alone."""

import json
import os
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np

HEAVY = (
    *("bpy", "cv2", "librosa", "matplotlib", "mediapipe", "numba", "pandas", "sklearn"),
    *("scipy.interpolate", "scipy.signal", "scipy.stats"),
)

CONDUCT = """
import json, sys
from pathlib import Path
from backend.cli import app
try:
    app(["motion", sys.argv[1], "-o", sys.argv[2]], standalone_mode=False)
finally:
    print(json.dumps(list(sys.modules)))
"""


def test_making_a_motion_imports_nothing_heavy_but_torch(tmp_path: Path) -> None:
    t = np.arange(3 * 22_050) / 22_050
    tone = 0.5 * np.sin(2.0 * np.pi * 330.0 * t) * np.exp(-8.0 * (t % 0.5))
    with wave.open(str(tmp_path / "tone.wav"), "wb") as file:
        file.setparams((1, 2, 22_050, 0, "NONE", ""))
        file.writeframes((32_767 * tone).astype("<i2").tobytes())
    told = subprocess.run(
        [sys.executable, "-c", CONDUCT, tmp_path / "tone.wav", tmp_path / "m.npz"],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path)},
    ).stdout
    modules = json.loads(told.splitlines()[-1])
    assert "torch" in modules
    assert [name for name in HEAVY if name in modules] == []
    assert (tmp_path / "m.npz").is_file()


COLLECTIONS = """
import atexit, gc, sys
from backend.cli import main
atexit.register(lambda: print(sum(one["collections"] for one in gc.get_stats())))
sys.argv[1:] = ["motion", "nothing.wav", "-o", "m.npz"]
main()
"""


def test_unused_objects_are_seldom_looked_for_while_torch_is_imported(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", COLLECTIONS],
        capture_output=True,
        text=True,
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)},
        cwd=tmp_path,
    )
    assert ended.returncode == 2, ended.stderr
    # Some four hundred by Python's usual threshold; what is imported before `main` has a share.
    assert int(ended.stdout.splitlines()[-1]) < 200
