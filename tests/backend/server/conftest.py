from collections.abc import Iterator
from pathlib import Path

import pytest
from queue_process import QueueProcess


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[QueueProcess]:
    """A server that is not started yet, on a state folder of its own."""
    process = QueueProcess(tmp_path / "state")
    yield process
    process.clean_up()


@pytest.fixture(scope="module")
def _shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QueueProcess]:
    process = QueueProcess(tmp_path_factory.mktemp("shared") / "state").start()
    yield process
    process.clean_up()


@pytest.fixture
def running(_shared: QueueProcess) -> Iterator[QueueProcess]:
    """A server that is ready and has no jobs; one process for all tests of a file."""
    yield _shared
    client = _shared.client
    for job in client.jobs():
        client.delete(job.id)


@pytest.fixture
def music(tmp_path: Path) -> Path:
    """A small file that passes for music."""
    path = tmp_path / "my song.wav"
    path.write_bytes(bytes(range(256)) * 400)
    return path
