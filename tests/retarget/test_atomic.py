import errno
import os

import pytest

from retarget.atomic import atomic_path, write_error
from retarget.errors import ConductorError


def test_a_finished_file_takes_its_name_and_no_other_is_left(tmp_path):
    with atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_text("new")
        assert not (tmp_path / "a.txt").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_path(tmp_path / "a.txt") as temporary:
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_a_missing_folder_and_a_folder_as_file_are_named(tmp_path):
    with pytest.raises(ConductorError, match="does not exist"), atomic_path(tmp_path / "no" / "a"):
        pass
    with pytest.raises(ConductorError, match="is a folder"), atomic_path(tmp_path):
        pass


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "disk is full"), (errno.EACCES, "no permission"), (errno.EIO, "could not")],
)
def test_the_reason_of_a_failed_write_is_said_in_words(tmp_path, number, words):
    assert words in str(write_error(OSError(number, os.strerror(number)), tmp_path / "x.mp4"))
