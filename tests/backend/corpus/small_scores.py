"""Tiny MusicXML scores, built bar by bar."""

from pathlib import Path

from backend.score.movement import Movement
from backend.score.movements import read_score

DIVISIONS = 24


def note(
    step: str = "C",
    quarters: float = 1.0,
    *,
    octave: int = 4,
    alter: int = 0,
    chord: bool = False,
    tie: tuple[str, ...] = (),
    notations: str = "",
    kind: str = "quarter",
) -> str:
    marks = "".join(f'<tie type="{t}"/>' for t in tie)
    altered = f"<alter>{alter}</alter>" if alter else ""
    return (
        f"<note>{'<chord/>' if chord else ''}"
        f"<pitch><step>{step}</step>{altered}<octave>{octave}</octave></pitch>"
        f"<duration>{round(quarters * DIVISIONS)}</duration>{marks}<type>{kind}</type>"
        f"<notations>{notations}</notations></note>"
    )


def grace(step: str = "D") -> str:
    return f"<note><grace/><pitch><step>{step}</step><octave>4</octave></pitch></note>"


def rest(quarters: float = 1.0) -> str:
    return f"<note><rest/><duration>{round(quarters * DIVISIONS)}</duration></note>"


def articulation(name: str) -> str:
    return f"<articulations><{name}/></articulations>"


def dynamic(name: str) -> str:
    return _direction(f"<dynamics><{name}/></dynamics>")


def wedge(kind: str) -> str:
    return _direction(f'<wedge type="{kind}"/>')


def words(text: str) -> str:
    return _direction(f"<words>{text}</words>")


def tempo(qpm: float) -> str:
    return f'<sound tempo="{qpm}"/>'


def attributes(beats: int = 4, unit: int = 4, transpose: int = 0) -> str:
    shift = f"<transpose><chromatic>{transpose}</chromatic></transpose>" if transpose else ""
    return (
        f"<attributes><divisions>{DIVISIONS}</divisions><time><beats>{beats}</beats>"
        f"<beat-type>{unit}</beat-type></time>{shift}</attributes>"
    )


def barline(style: str = "", repeat: str = "") -> str:
    inner = f"<bar-style>{style}</bar-style>" if style else ""
    inner += f'<repeat direction="{repeat}"/>' if repeat else ""
    return f"<barline>{inner}</barline>"


def scale(bars: int, qpm: float = 100.0) -> list[str]:
    """Bars of four quarter notes up and down, forte."""
    steps = "CDEFGFED"
    first = attributes() + tempo(qpm) + dynamic("f")
    return [
        (first if i == 0 else "") + "".join(note(steps[(4 * i + k) % 8]) for k in range(4))
        for i in range(bars)
    ]


def write_score(path: Path, parts: dict[str, list[str]]) -> Path:
    listed = "".join(
        f'<score-part id="P{i}"><part-name>{name}</part-name></score-part>'
        for i, name in enumerate(parts)
    )
    music = "".join(
        f'<part id="P{i}">'
        + "".join(f'<measure number="{j + 1}">{bar}</measure>' for j, bar in enumerate(bars))
        + "</part>"
        for i, bars in enumerate(parts.values())
    )
    path.write_text(
        f'<?xml version="1.0"?><score-partwise version="4.0"><part-list>{listed}</part-list>'
        f"{music}</score-partwise>",
        encoding="utf-8",
    )
    return path


def quartet(path: Path, bars: int = 24, qpm: float = 100.0) -> Path:
    names = ("Violin 1", "Violin 2", "Viola", "Violoncello")
    return write_score(path, {name: scale(bars, qpm) for name in names})


def read(folder: Path, *bars: str, name: str = "Violin") -> Movement:
    """The only movement of a score with one part."""
    (movement,) = read_score(write_score(folder / "score.musicxml", {name: list(bars)}))
    return movement


def _direction(inner: str) -> str:
    return f"<direction><direction-type>{inner}</direction-type></direction>"
