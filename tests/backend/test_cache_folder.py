"""What is kept saves time alone: it is never needed, and never wrong."""

import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from backend.cache_folder import CacheFolder, Form, user_cache
from retarget.errors import Cancelled

NUMBERS = Form[np.ndarray](lambda value: {"value": value}, lambda arrays: arrays["value"])


class Maker:
    """Makes numbers, and counts how often."""

    def __init__(self, count: int = 10) -> None:
        self.value, self.times = np.arange(count, dtype=np.float64), 0

    def __call__(self) -> np.ndarray:
        self.times += 1
        return self.value


def entries(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_value_is_made_once(tmp_path: Path) -> None:
    cache, maker = CacheFolder(tmp_path / "kept"), Maker()
    for _ in range(3):
        np.testing.assert_array_equal(cache.kept("a", NUMBERS, maker), maker.value)
    assert maker.times == 1
    cache.kept("b", NUMBERS, maker)
    assert maker.times == 2
    assert entries(tmp_path / "kept") == ["a.npz", "b.npz"]
    assert (tmp_path / "kept").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", [b"", b"PK", b"rubbish" * 99, "half", "other", "flipped"])
def test_a_damaged_entry_is_made_anew_and_replaced(tmp_path: Path, damage: bytes | str) -> None:
    cache, maker = CacheFolder(tmp_path), Maker(1000)
    cache.kept("a", NUMBERS, maker)
    path = tmp_path / "a.npz"
    whole = path.read_bytes()
    if damage == "half":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "flipped":
        path.write_bytes(whole[:4000] + bytes([whole[4000] ^ 1]) + whole[4001:])
    elif damage == "other":
        np.savez(path, another=np.zeros(3))
    else:
        path.write_bytes(damage)
    np.testing.assert_array_equal(cache.kept("a", NUMBERS, maker), maker.value)
    assert maker.times == 2
    assert path.read_bytes()[:4000] == whole[:4000]
    cache.kept("a", NUMBERS, maker)
    assert maker.times == 2


def test_an_entry_with_pickled_objects_is_not_read(tmp_path: Path) -> None:
    cache, maker = CacheFolder(tmp_path), Maker()
    np.savez(tmp_path / "a.npz", value=np.array([print, None], dtype=object))
    np.testing.assert_array_equal(cache.kept("a", NUMBERS, maker), maker.value)


def test_what_was_not_used_for_longest_goes_when_it_is_full(tmp_path: Path) -> None:
    cache = CacheFolder(tmp_path, max_bytes=30_000)
    maker = Maker(1000)
    for age, name in ((300, "old"), (200, "used"), (100, "new")):
        cache.kept(name, NUMBERS, maker)
        past = time.time() - age
        os.utime(tmp_path / f"{name}.npz", (past, past))
    cache.kept("used", NUMBERS, maker)
    assert maker.times == 3
    cache.kept("newest", NUMBERS, maker)
    assert entries(tmp_path) == ["new.npz", "newest.npz", "used.npz"]
    cache.kept("much", NUMBERS, Maker(2000))
    assert "much.npz" not in entries(tmp_path)


def test_what_a_killed_process_left_goes(tmp_path: Path) -> None:
    cache = CacheFolder(tmp_path)
    for name, age in ((".x.1a2b.part.npz", 7200.0), (".y.1a2b.part.npz", 10.0)):
        (tmp_path / name).write_bytes(b"begun")
        past = time.time() - age
        os.utime(tmp_path / name, (past, past))
    cache.kept("a", NUMBERS, Maker())
    assert entries(tmp_path) == [".y.1a2b.part.npz", "a.npz"]


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    cache, maker = CacheFolder(tmp_path / "file" / "kept"), Maker()
    for _ in range(2):
        np.testing.assert_array_equal(cache.kept("a", NUMBERS, maker), maker.value)
    assert maker.times == 2


def test_a_full_disk_costs_nothing_but_time(tmp_path: Path, monkeypatch) -> None:
    cache, maker = CacheFolder(tmp_path), Maker()
    monkeypatch.setattr("backend.cache_folder._LEFT_FREE", 1 << 62)
    np.testing.assert_array_equal(cache.kept("a", NUMBERS, maker), maker.value)
    assert entries(tmp_path) == []


def test_stopping_while_a_value_is_made_keeps_nothing(tmp_path: Path) -> None:
    def stop() -> np.ndarray:
        raise Cancelled

    with pytest.raises(Cancelled):
        CacheFolder(tmp_path / "kept").kept("a", NUMBERS, stop)
    assert not (tmp_path / "kept").exists()


def _keep(folder: Path, seed: int) -> bool:
    cache, maker = CacheFolder(folder, max_bytes=200_000), Maker(3000)
    order = np.random.default_rng(seed).integers(0, 12, 60)
    return all(np.array_equal(cache.kept(str(key), NUMBERS, maker), maker.value) for key in order)


def test_two_processes_at_once_disturb_each_other_not(tmp_path: Path) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert all(pool.map(_keep, [tmp_path] * 2, [1, 2]))
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 230_000
    assert all(name.endswith(".npz") and not name.startswith(".") for name in entries(tmp_path))


def test_the_user_s_own_lies_where_the_system_says(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache().folder == tmp_path / "virtual-conductor" / "heard"
