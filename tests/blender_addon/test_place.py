"""Files that belong together come to their place together."""

import subprocess
import sys
from pathlib import Path

# Ctrl-C just as the first of the files is given its name.
_PLACE = """
import os, signal, sys
from pathlib import Path
from blender_addon.exports.place import place_together

def interrupt(event, _):
    if event == "os.rename" and not interrupted:
        interrupted.append(True)
        os.kill(os.getpid(), signal.SIGINT)

interrupted = []
sys.addaudithook(interrupt)
try:
    place_together(Path(sys.argv[1]), [Path("a.fbx"), Path("a.wav")], Path(sys.argv[2]))
except KeyboardInterrupt:
    print("interrupted")
"""


def test_a_stop_while_files_are_placed_leaves_all_of_them_or_none(tmp_path: Path) -> None:
    scratch, target = tmp_path / "scratch", tmp_path / "target"
    scratch.mkdir()
    target.mkdir()
    for name in ("a.fbx", "a.wav"):
        (scratch / name).write_text(name)
    done = subprocess.run(
        [sys.executable, "-c", _PLACE, scratch, target],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "interrupted\n", done.stderr
    assert sorted(path.name for path in target.iterdir()) == ["a.fbx", "a.wav"]
