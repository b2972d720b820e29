"""Checkpoints: what is saved comes back, and what is no checkpoint is named."""

import signal
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from backend.beats.hear import load_bar_net
from backend.beats.listen import listen, load_beat_net
from backend.models.bar_net import BarNet, BarNetConfig
from backend.models.beat_net import SLOW, BeatNet, BeatNetConfig
from backend.models.checkpoint import FORMAT, load_checkpoint, save_checkpoint
from retarget.errors import ConductorError

SMALL = BeatNetConfig(
    front_channels=4,
    channels=8,
    dilations=(1, 2),
    slow_channels=16,
    slow_dilations=(1, 2, 4),
    groups=2,
    lags=6,
)


def save(path: Path, kind: str = "beats") -> BeatNet:
    torch.manual_seed(0)
    network = BeatNet(SMALL).eval()
    save_checkpoint(path, kind, asdict(SMALL), network.state_dict(), "a test")
    return network


def test_a_network_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    network = save(tmp_path / "n.safetensors")
    again = load_beat_net(tmp_path / "n.safetensors")
    mel = torch.rand(1, 400, 128) * -80.0
    with torch.inference_mode():
        assert torch.equal(network(mel).beat, again(mel).beat)


def test_chunks_of_a_long_piece_do_not_show(tmp_path: Path, monkeypatch) -> None:
    network = save(tmp_path / "n.safetensors")
    mel = (torch.rand(6003, 128) * -80.0).numpy()
    whole = listen(network, mel)
    monkeypatch.setattr("backend.beats.listen._LOCAL_FRAMES", 160)
    monkeypatch.setattr("backend.beats.listen._WIDE_FRAMES", 320)
    pieces = listen(network, mel)
    assert abs(whole.beat - pieces.beat).max() < 1e-6
    assert abs(whole.tempo - pieces.tempo).max() < 1e-6
    assert len(whole.beat) == len(whole.tempo) * SLOW >= 3001


def test_broken_missing_and_foreign_checkpoints_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConductorError, match=r"not there.*--beats-model onset"):
        load_beat_net(tmp_path / "none.safetensors")
    path = tmp_path / "n.safetensors"
    save(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ConductorError, match="damaged"):
        load_beat_net(path)
    save(path)
    content = path.read_bytes()
    path.write_bytes(content.replace(FORMAT.encode(), b"virtual-conductor/1"))
    with pytest.raises(ConductorError, match="another version of the program"):
        load_beat_net(path)
    save(tmp_path / "other.safetensors", kind="amcnet")
    with pytest.raises(ConductorError, match="no checkpoint for beats"):
        load_beat_net(tmp_path / "other.safetensors")
    with pytest.raises(ConductorError, match=r"no checkpoint for bars.*--beats-model onset"):
        load_bar_net(tmp_path / "other.safetensors")


def test_a_bar_network_for_other_bars_is_refused(tmp_path: Path) -> None:
    config = BarNetConfig(states=7, members=1, channels=8, dilations=(1,))
    path = tmp_path / "bars.safetensors"
    save_checkpoint(path, "bars", asdict(config), BarNet(config).state_dict(), "a test")
    with pytest.raises(ConductorError, match=r"other bars.*--beats-model onset"):
        load_bar_net(path)


@pytest.mark.parametrize("change", [{"groups": None}, {"strings": 4}])
def test_a_shape_that_lacks_a_name_or_has_another_is_refused(change: dict[str, int | None]) -> None:
    table = {n: v for n, v in (asdict(SMALL) | change).items() if v is not None}
    with pytest.raises(ConductorError, match="beat network has another shape"):
        BeatNetConfig.of(table)
    assert BeatNetConfig.of(asdict(SMALL)) == SMALL


class _Stop(BaseException):
    """What Ctrl-C raises, but for the test alone."""


def test_a_stop_while_it_is_read_is_a_stop_and_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "n.safetensors"
    tensors = {f"t{k}": torch.zeros(50) for k in range(300)}
    save_checkpoint(path, "beats", asdict(SMALL), tensors, "a test")

    def stop(*_: object) -> None:
        raise _Stop

    before = signal.signal(signal.SIGALRM, stop)
    try:
        for k in range(600):
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-4 + (k % 100) * 2e-5)
                load_checkpoint(path, "beats")
                signal.setitimer(signal.ITIMER_REAL, 0)
            except _Stop:
                pass
    finally:
        signal.signal(signal.SIGALRM, before)
