"""Small valid inputs of every reader, and how each is read."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
from PIL import Image

from backend.audio.decode import load_audio, probe
from backend.demo import demo_file
from backend.grid.beat_grid import BeatGrid
from backend.score.beats import beats_from_score
from backend.score.movements import read_score
from backend.style import load_style
from backend.toml_file import read_toml
from pose_transfer.landmark_file import load_landmarks, save_landmarks
from pose_transfer.landmarks import Landmarks
from pose_transfer.photo import read_photo
from pose_transfer.pose_landmarks import POINTS
from retarget import rotation, skeleton
from retarget.camera import Camera
from retarget.character import Character
from retarget.guide import Guide
from retarget.motion import Motion

_SIZE: Final = (160, 140)
_MEASURES: Final = 8


@dataclass(frozen=True)
class Reader:
    """A way in for files.

    Parameters
    ----------
    name : str
        For the table.
    write : callable
        Writes the valid inputs into a folder.
    read : callable
        Reads one, and raises `AssertionError` where what was read cannot be used.
    """

    name: str
    write: Callable[[Path], None]
    read: Callable[[Path], object]


def _musicxml() -> bytes:
    note = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>{}</duration></note>\n"
    bars = []
    for number in range(1, _MEASURES + 1):
        head = ""
        if number == 1:
            head = (
                "<attributes><divisions>2</divisions><key><fifths>1</fifths></key>\n"
                "<time><beats>4</beats><beat-type>4</beat-type></time></attributes>\n"
                "<direction><direction-type><metronome><beat-unit>quarter</beat-unit>\n"
                "<per-minute>96</per-minute></metronome></direction-type></direction>\n"
                '<barline location="left"><repeat direction="forward"/></barline>\n'
            )
        if number == 5:
            head = (
                "<attributes><time><beats>6</beats><beat-type>8</beat-type></time></attributes>\n"
                '<direction><sound tempo="120" dynamics="80"/></direction>\n'
            )
        notes = note.format(2) * 4 if number < 5 else note.format(3) * 2
        tail = ""
        if number == 4:
            tail = '<barline location="right"><repeat direction="backward" times="2"/></barline>\n'
        if number == _MEASURES:
            tail = '<direction><sound dacapo="yes"/></direction>\n'
        bars.append(f'<measure number="{number}">\n{head}{notes}{tail}</measure>\n')
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<score-partwise version="3.1"><part-list>\n'
        '<score-part id="P1"><part-name>Violin</part-name></score-part></part-list>\n'
        f'<part id="P1">\n{"".join(bars)}</part></score-partwise>\n'
    ).encode()


def _write_scores(folder: Path) -> None:
    (folder / "score.musicxml").write_bytes(_musicxml())
    with zipfile.ZipFile(folder / "score.mxl", "w", zipfile.ZIP_DEFLATED) as archive:
        rootfile = '<rootfile full-path="score.xml"/>'
        archive.writestr(
            "META-INF/container.xml", f"<container><rootfiles>{rootfile}</rootfiles></container>"
        )
        archive.writestr("score.xml", _musicxml())


def _write_midi(folder: Path) -> None:
    (folder / "score.mid").write_bytes(demo_file("ode_to_joy.mid").read_bytes())


def _read_score(path: Path) -> None:
    grid = beats_from_score(path).grid
    assert np.isfinite(grid.times).all()
    read_score(path)


def _write_motion(folder: Path) -> None:
    turns = rotation.identity((4, len(skeleton.NAMES)))
    root = skeleton.REST[:1].repeat(4, 0)
    beats, numbers = np.array([0.5, 1.0]), np.array([1, 2])
    motion = Motion(30.0, turns, root, beats, numbers, {"size": 0.5}, {"music": "a.ogg"})
    motion.save(folder / "motion.npz")
    face = np.linspace(0.0, 1.0, 8).reshape(4, 2)
    replace(motion, face_names=("jawOpen", "browInnerUp"), face=face).save(folder / "face.npz")


def _read_motion(path: Path) -> None:
    motion = Motion.load(path)
    assert np.isfinite(motion.joints_3d()).all()
    other = motion.resample(24.0)
    assert np.isfinite(other.rotations).all()
    assert motion.face.shape == (
        (len(motion), len(motion.face_names)) if motion.face_names else (0, 0)
    )
    assert ((motion.face >= 0.0) & (motion.face <= 1.0)).all()


def _write_guide(folder: Path) -> None:
    joints = skeleton.REST[None].repeat(3, 0)
    turns = rotation.identity((3, len(skeleton.NAMES)))
    view = np.eye(4)
    view[:3] = [[1, 0, 0, 0], [0, 0, 1, -1], [0, -1, 0, -4]]
    lens = np.array([[2.0, 0, 0, 0], [0, 3.0, 0, 0], [0, 0, -1.0, -0.2], [0, 0, -1, 0]])
    eyes = (view[None].repeat(3, 0), lens[None].repeat(3, 0))
    Guide(24.0, (96, 64), joints, turns, skeleton.REST, *eyes).save(folder / "guide.npz")


def _write_subject(folder: Path) -> None:
    bones = ("hips", "chest", "neck", "head", "hand.L", "hand.R")
    places = np.array([skeleton.REST[skeleton.INDEX[bone]] for bone in bones])
    corners = np.array([[0, 0, 1], [0.1, 0, 1], [0, 0, 1.2]], np.float32)
    Character(
        vertices=corners,
        t_pose=corners,
        faces=np.array([[0, 1, 2]], np.int32),
        kinds=np.zeros(1, np.uint8),
        parts=np.zeros(3, np.uint8),
        uv=np.zeros((1, 3, 2), np.float32),
        texture=np.full((8, 8, 4), 200, np.uint8),
        weight_bones=np.zeros((3, 2), np.int16),
        weights=np.array([[1, 0]] * 3, np.float32),
        bones=bones,
        parents=np.array([-1, 0, 1, 2, 1, 1], np.int16),
        heads=places,
        tails=places + 0.1,
        turns=rotation.identity((len(bones),)),
        camera=Camera(500.0, np.array([80.0, 70.0]), _SIZE, np.array([0.0, -3.0, 1.0])),
        backdrop=np.full((140, 160, 3), 90, np.uint8),
        dress="photo",
        warnings=("a warning",),
    ).save(folder / "me.subject")


def _write_beats(folder: Path) -> None:
    lines = [f"{0.5 * k:.3f}\t{k % 4 + 1}\t4\t4/4\t0.9" for k in range(12)]
    (folder / "beats.txt").write_text("\n".join(["time\tbeat", *lines]) + "\n")


def _read_beats(path: Path) -> None:
    grid = BeatGrid.load(path)
    assert np.isfinite(60.0 / np.diff(grid.times)).all()
    assert np.isfinite(grid.confidence).all()


def _write_style(folder: Path) -> None:
    (folder / "style.toml").write_text("size = 0.7\nlead = 0.1\nsway = 0.25\n")


def _write_toml(folder: Path) -> None:
    (folder / "training.toml").write_text('data = "d"\nsteps = 10\nrate = 2e-3\n[more]\na = [1]\n')


def _write_landmarks(folder: Path) -> None:
    points = {name: np.array([40.0 + 2.0 * i, 50.0 + i]) for i, name in enumerate(POINTS)}
    seen = dict.fromkeys(POINTS, 0.9)
    world = dict.fromkeys(POINTS, np.array([0.1, 0.2, 0.3]))
    hands = {"L": np.full((21, 3), 60.0)}
    save_landmarks(folder / "marks.json", Landmarks(points, seen, world, hands), _SIZE)


def _write_photos(folder: Path) -> None:
    ramp = np.linspace(0, 255, 160)[None, :, None] * np.ones((140, 1, 3))
    ramp[..., 1] = np.linspace(20, 200, 140)[:, None]
    photo = Image.fromarray(ramp.astype(np.uint8))
    for suffix in ("png", "jpg", "webp", "bmp", "avif"):
        photo.save(folder / f"photo.{suffix}")
    photo.save(folder / "photo.tif", compression="tiff_lzw")
    alpha = photo.copy()
    alpha.putalpha(Image.fromarray((ramp[..., 0] > 100).astype(np.uint8) * 255))
    alpha.save(folder / "cut_out.png")
    Image.fromarray(ramp[..., 0].astype(np.float32)).save(folder / "grey_float.tif")
    Image.fromarray(ramp[..., 0].astype(np.int32)).save(folder / "grey_whole.tif")
    Image.fromarray((ramp[..., 0] * 257).astype(np.uint16)).save(folder / "grey_deep.png")


def _write_sounds(folder: Path) -> None:
    tone = 0.3 * np.sin(np.arange(22_050) * 0.05)
    for suffix in ("wav", "flac", "ogg", "mp3", "aiff"):
        written = io.BytesIO()
        soundfile.write(written, np.stack([tone, tone], 1), 22_050, format=suffix.upper())
        (folder / f"tone.{suffix}").write_bytes(written.getvalue())


def _read_sound(path: Path) -> None:
    probe(path)
    assert np.isfinite(load_audio(path)).all()


READERS: Final = (
    Reader("MusicXML", _write_scores, _read_score),
    Reader("MIDI", _write_midi, _read_score),
    Reader("motion", _write_motion, _read_motion),
    Reader("guide", _write_guide, Guide.load),
    Reader("subject", _write_subject, Character.load),
    Reader("beat table", _write_beats, _read_beats),
    Reader("style", _write_style, load_style),
    Reader("TOML", _write_toml, read_toml),
    Reader("landmarks", _write_landmarks, lambda path: load_landmarks(path, _SIZE)),
    Reader("photo", _write_photos, read_photo),
    Reader("sound", _write_sounds, _read_sound),
)
"""All readers of files that a user gives, but Blender's own."""
