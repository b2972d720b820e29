"""What all tests share: they keep nothing in the user's own cache, and find nothing there."""

import os
from collections.abc import Iterator

import platformdirs
import pytest


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        # Matplotlib would look over all fonts anew.
        fonts = os.environ.get("MPLCONFIGDIR", str(platformdirs.user_cache_path("matplotlib")))
        patch.setenv("MPLCONFIGDIR", fonts)
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield
