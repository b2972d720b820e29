"""The beat network over a piece: the same bytes on any number of cores."""

from dataclasses import fields

import numpy as np
import pytest
import torch
from beat_sounds import accompaniment, steady

from backend.audio.features import analyse
from backend.beats.decode import Heard
from backend.beats.listen import listen, load_beat_net
from backend.models.checkpoint import shipped


def test_what_is_heard_has_the_same_bytes_on_any_number_of_cores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("backend.beats.listen._LOCAL_FRAMES", 320)
    monkeypatch.setattr("backend.beats.listen._WIDE_FRAMES", 640)
    mel = analyse(accompaniment(steady(112, 50), 4, 28.0)).mel
    network = load_beat_net(shipped("beats"))
    threads = torch.get_num_threads()
    try:
        heard = []
        for count in (1, 2, 3):
            monkeypatch.setattr("backend.audio.threads.cores", lambda count=count: count)
            torch.set_num_threads(count)
            heard.append(listen(network, mel))
    finally:
        torch.set_num_threads(threads)
    for other in heard[1:]:
        for field in fields(Heard):
            assert np.array_equal(getattr(other, field.name), getattr(heard[0], field.name))
