"""The subject and likeness kinds through the real queue: photo in, subject out, subject in."""

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from backend.demo import demo_file
from blender_addon.client import Server
from blender_addon.server_connection import RefusedError
from pose_transfer.guides import guide_of
from retarget.character import Character
from retarget.errors import ConductorError


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server as the panel starts it."""
    running = Server.start(sys.executable, tmp_path_factory.mktemp("likeness") / "state")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def subject(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled photo's person, made by a subject job."""
    folder = tmp_path_factory.mktemp("subject")
    job_id = server.submit("subject", {"dress": "photo"}, {"photo": _small_photo(folder)})
    job = server.wait(job_id)
    assert list(job.results) == ["me.subject", "preview.png", "landmarks.json"]
    for name in job.results:
        server.download(job_id, folder / name, name)
    return folder / "me.subject"


@pytest.fixture(scope="module")
def guide(subject: Path) -> Path:
    """Three frames in which the person stands as in the photo."""
    path = subject.with_name("guide.npz")
    guide_of(Character.load(subject), frames=3).save(path)
    return path


def _small_photo(folder: Path) -> Path:
    photo = cv2.imread(str(demo_file("photo.png")))
    path = folder / "anna.png"
    cv2.imwrite(str(path), cv2.resize(photo, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    return path


def test_a_subject_job_gives_a_person_a_preview_and_landmarks(subject: Path) -> None:
    character = Character.load(subject)
    assert character.dress == "photo"
    assert character.camera.size == (512, 640)
    assert cv2.imread(str(subject.with_name("preview.png"))).shape[1] > 1000
    assert '"upper_arm.L"' in subject.with_name("landmarks.json").read_text()


def test_a_subject_and_a_picture_behind_become_a_video(
    server: Server, subject: Path, guide: Path, tmp_path: Path
) -> None:
    wall = tmp_path / "wall.png"
    cv2.imwrite(str(wall), np.full((90, 160, 3), (40, 180, 90), np.uint8))
    job_id = server.submit(
        "likeness",
        {"size": [160, 90]},
        {"guide": guide, "photo": subject, "background": wall},
    )
    assert list(server.wait(job_id).results) == ["likeness.mp4"]
    server.download(job_id, tmp_path / "v.mp4")
    with av.open(str(tmp_path / "v.mp4")) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) == 3
    assert np.abs(frames[0][4, 4].astype(int) - [90, 180, 40]).max() < 12


def test_transparent_frames_come_as_pictures_in_one_file(
    server: Server, subject: Path, guide: Path, tmp_path: Path
) -> None:
    job_id = server.submit(
        "likeness",
        {"size": [90, 160], "background": "alpha", "format": "png"},
        {"guide": guide, "photo": subject},
    )
    assert list(server.wait(job_id).results) == ["likeness.zip"]
    server.download(job_id, tmp_path / "v.zip")
    with zipfile.ZipFile(tmp_path / "v.zip") as packed:
        assert packed.namelist() == [f"frame_{i:06d}.png" for i in (1, 2, 3)]
        data = np.frombuffer(packed.read("frame_000001.png"), np.uint8)
    alpha = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)[..., 3]
    assert alpha.min() == 0
    assert alpha.max() == 255


@pytest.mark.parametrize(
    ("params", "photo", "words"),
    [
        ({"background": "alpha"}, "me.subject", "An .mp4 cannot hold a transparent background"),
        ({"person": 0}, "me.subject", "person"),
        ({}, "me.gif", r"me\.gif does not fit as photo"),
    ],
)
def test_what_cannot_be_is_refused_at_once(
    server: Server, guide: Path, tmp_path: Path, params: dict[str, object], photo: str, words: str
) -> None:
    (tmp_path / photo).write_bytes(b"anything")
    with pytest.raises(RefusedError, match=words) as refusal:
        server.submit("likeness", params, {"guide": guide, "photo": tmp_path / photo})
    assert str(refusal.value).count(". ") == 0


def test_a_damaged_subject_is_told_by_its_own_name(
    server: Server, guide: Path, tmp_path: Path
) -> None:
    (tmp_path / "anna.subject").write_bytes(b"not a person")
    job_id = server.submit("likeness", {}, {"guide": guide, "photo": tmp_path / "anna.subject"})
    with pytest.raises(ConductorError, match=r"anna\.subject"):
        server.wait(job_id)
