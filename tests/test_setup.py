"""The set-up script, as far as it goes without changing anything."""

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "setup.sh"


def set_up(tools: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it where there is a shell, but nothing of what it looks for."""
    for name in ("bash", "dirname"):
        (tools / name).symlink_to(str(shutil.which(name)))
    return subprocess.run(
        [tools / "bash", SCRIPT],
        env={"PATH": str(tools), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("other", [None, "python3", "python3.12"])
def test_without_its_python_it_says_how_to_get_it(tmp_path: Path, other: str | None) -> None:
    if other is not None:
        (tmp_path / other).symlink_to(str(shutil.which("false")))
    ran = set_up(tmp_path)
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert ran.stderr.startswith("Error: Python 3.11 was not found")
    assert len(ran.stderr.splitlines()) == 1
    assert "uv" in ran.stderr
    assert "set PYTHON" in ran.stderr


def test_a_python_of_another_version_is_refused(tmp_path: Path) -> None:
    wrong = str(shutil.which("false"))
    ran = set_up(tmp_path, PYTHON=wrong)
    assert ran.returncode == 2
    assert ran.stderr == f"Error: PYTHON is {wrong}, which is no Python 3.11; set it to one.\n"
