"""Qualities and the engines that render them."""

import pytest

from blender_addon.engines import ENGINES, QUALITIES, QUALITY_WORDS, engine_of, quality_of
from retarget.errors import ConductorError


def test_every_quality_is_rendered_by_an_engine_of_its_own() -> None:
    engines = [engine_of(quality) for quality in QUALITIES]
    assert engines == ["workbench", "eevee", "cycles"]
    assert tuple(engines) == ENGINES
    assert [quality_of(engine) for engine in ENGINES] == list(QUALITIES)
    assert tuple(QUALITY_WORDS) == QUALITIES


def test_an_engine_may_be_named_beside_its_own_quality_alone() -> None:
    assert engine_of(None, "cycles") == "cycles"
    assert engine_of("final", "cycles") == "cycles"
    assert engine_of(None) is None
    with pytest.raises(ConductorError, match="--quality draft is rendered by workbench, not by"):
        engine_of("draft", "cycles")
