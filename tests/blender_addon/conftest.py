import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# The real server with test kinds lives beside the server's own tests.
sys.path.insert(0, str(Path(__file__).parents[1] / "backend" / "server"))

from queue_process import QueueProcess


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[QueueProcess]:
    """A server that is not started yet, on a state folder of its own."""
    process = QueueProcess(tmp_path / "state")
    yield process
    process.clean_up()
