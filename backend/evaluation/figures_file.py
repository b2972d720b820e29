"""Figures as a file."""

import json
from pathlib import Path
from typing import Any

from retarget.atomic import atomic_path


def write_figures(output: Path | None, content: Any) -> None:
    """Write figures as JSON, if there is a file for them.

    Parameters
    ----------
    output : Path, optional
    content
        What JSON takes.
    """
    if output is not None:
        with atomic_path(output) as temporary:
            temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
