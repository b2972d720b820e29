"""The person of the bundled photo."""

import pytest

from backend.demo import demo_file
from pose_transfer.sitting import Sitting, sit


@pytest.fixture(scope="session")
def sitting() -> Sitting:
    """The bundled photo's person and how they were made, once for all tests."""
    return sit(demo_file("photo.png"))
