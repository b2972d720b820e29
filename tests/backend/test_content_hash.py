"""What a result is made with is told apart by what is in it."""

from pathlib import Path

from backend.content_hash import hash_of_conductor, hash_of_folder


def test_code_and_data_count_but_caches_and_hidden_files_do_not(tmp_path: Path) -> None:
    for name in ("a.py", "sub/b.toml", "sub/c.npz", "left/d.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    first = hash_of_folder(tmp_path)
    without = hash_of_folder(tmp_path, without=frozenset({"left"}))
    assert without != first
    for name in ("__pycache__/a.pyc", ".mypy_cache/a.py", "notes.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert hash_of_folder(tmp_path) == first
    (tmp_path / "left" / "d.py").write_text("other")
    assert hash_of_folder(tmp_path) != first
    assert hash_of_folder(tmp_path, without=frozenset({"left"})) == without
    (tmp_path / "sub" / "c.npz").rename(tmp_path / "sub" / "e.npz")
    assert hash_of_folder(tmp_path, without=frozenset({"left"})) != without


def test_each_conductor_has_a_hash_and_the_default_one_has_a_name() -> None:
    assert hash_of_conductor(None) == hash_of_conductor("viktor") != hash_of_conductor("aiko")
