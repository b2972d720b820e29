"""The whole command, music file to motion file: seconds, busy machines, processor time, memory.

`python -m bench.motion [--json] [--minutes M] [--repeat N] [--against FOLDER]
[--beats-model learned|onset] [--model learned|teacher]` synthesises an mp3 (31 minutes if nothing
is said) and runs `virtual-conductor motion` on it as a process of its own, start and saving
included, with nothing kept of earlier runs. Everything is done N times (2) in turn, and the least
counts. It tells

- `seconds`, `cpu_s`, `peak_mb`: of the command on the machine as it is; `peak_quarter_mb` for a
  quarter of the music, as memory should grow with the result alone;
- `floor_s`: decoding alone, without start, as PyAV does it frame by frame, to mono samples at the
  rate of the analysis; `idle_ratio` is the command against it. `reading_s` and `reading_ratio` are
  the same with this program's own decoding, on one thread;
- `busy_ratio_1`, `busy_ratio_2`: the command beside one and two processes that do nothing but spin,
  against the command without them;
- `startup_ratio`: the command on 17 seconds of music against `import torch`;
- `phases_s`: where the time goes, by what the command shows;
- with `--against`, the folder of another build (a checkout or an export, run with its own
  `.venv/bin/python` if it has one): `against_cpu_s`, that build's processor time with one thread,
  and `cpu_ratio`, this one's against it.
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from backend.options import BeatsModel, Conductor

_ROOT: Final = Path(__file__).parents[1]
_SHORT_S: Final = 17.0


@dataclass(frozen=True)
class Used:
    """What a process used: seconds by the clock, seconds of processor time, most memory in MB."""

    seconds: float
    cpu_s: float
    peak_mb: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--minutes", type=float, default=31.0)
    parser.add_argument("--repeat", type=int, default=2)
    parser.add_argument("--against", type=Path)
    parser.add_argument("--beats-model", default="learned", choices=get_args(BeatsModel))
    parser.add_argument("--model", default="learned", choices=get_args(Conductor))
    options = parser.parse_args()
    models = {"beats_model": options.beats_model, "model": options.model}
    result = measure(options.minutes, models, options.repeat, options.against)
    if options.json:
        print(json.dumps(result))
        return
    print(
        f"{result['minutes']:.0f} minutes of mp3 to a motion file: {result['seconds']:.1f} s",
        end="",
    )
    print(
        f", {result['cpu_s']:.1f} s of processor time, peak memory {result['peak_mb']} MB", end=""
    )
    print(f" ({result['peak_quarter_mb']} MB for a quarter)")
    for name, seconds in result["phases_s"].items():
        print(f"  {name:<22} {seconds:7.2f} s")
    print(
        f"decoding alone {result['floor_s']:.2f} s: the command takes {result['idle_ratio']:.2f} ×"
    )
    print(f"our own decoding {result['reading_s']:.2f} s: {result['reading_ratio']:.2f} ×")
    print(f"beside one spinning process {result['busy_ratio_1']:.2f} ×", end=", ")
    print(f"beside two {result['busy_ratio_2']:.2f} × of that")
    print(f"17 seconds of music: {result['startup_ratio']:.2f} × importing torch")
    if options.against:
        print(f"the other build, with one thread: {result['against_cpu_s']:.1f} s", end="")
        print(f" of processor time; this one takes {result['cpu_ratio']:.2f} ×")


def measure(
    minutes: float, models: Mapping[str, str], repeat: int = 2, against: Path | None = None
) -> dict[str, Any]:
    """Run everything in turn; see the file's first lines for what comes back."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pieces = {"whole": 60.0 * minutes, "quarter": 15.0 * minutes, "short": _SHORT_S}
        for piece, seconds in pieces.items():
            _apart(_write, folder / f"{piece}.mp3", seconds)
        whole, quarter, short = (folder / f"{piece}.mp3" for piece in pieces)
        commands: dict[str, Callable[[], Used]] = {
            "idle": lambda: _command(folder, whole, models),
            "short": lambda: _command(folder, short, models),
            "torch": lambda: _used([sys.executable, "-c", "import torch"]),
            "floor": lambda: _alone(_decode, whole),
            "reading": lambda: _alone(_read, whole),
            "busy_1": lambda: _beside(1, folder, whole, models),
            "busy_2": lambda: _beside(2, folder, whole, models),
        }
        if against is not None:
            one = {"OMP_NUM_THREADS": "1"}
            commands["against"] = lambda: _command(folder, whole, models, against.resolve(), one)
        runs = [{name: work() for name, work in commands.items()} for _ in range(repeat)]
        least = {name: min(run[name].seconds for run in runs) for name in commands}
        cpu = {name: min(run[name].cpu_s for run in runs) for name in commands}
        spent = _apart(_phases, whole, folder / "out.npz", dict(models))
        peak_quarter = _command(folder, quarter, models).peak_mb
    result = {
        "minutes": minutes,
        **models,
        "seconds": round(least["idle"], 2),
        "cpu_s": round(cpu["idle"], 2),
        "peak_mb": round(max(run["idle"].peak_mb for run in runs)),
        "peak_quarter_mb": round(peak_quarter),
        "floor_s": round(least["floor"], 2),
        "idle_ratio": round(least["idle"] / least["floor"], 2),
        "reading_s": round(least["reading"], 2),
        "reading_ratio": round(least["idle"] / least["reading"], 2),
        "busy_ratio_1": round(least["busy_1"] / least["idle"], 2),
        "busy_ratio_2": round(least["busy_2"] / least["idle"], 2),
        "startup_ratio": round(least["short"] / least["torch"], 2),
        "phases_s": {name: round(value, 2) for name, value in spent.items()},
    }
    if against is not None:
        result["against_cpu_s"] = round(cpu["against"], 2)
        result["cpu_ratio"] = round(cpu["idle"] / cpu["against"], 2)
    return result


def _command(
    folder: Path,
    music: Path,
    models: Mapping[str, str],
    build: Path = _ROOT,
    settings: Mapping[str, str] | None = None,
) -> Used:
    """The command of a build on a piece, which finds nothing kept of earlier runs."""
    own = build / ".venv" / "bin" / "python"
    python = str(own) if own.exists() else sys.executable
    options = [f"--{name.replace('_', '-')}={value}" for name, value in models.items()]
    with tempfile.TemporaryDirectory(dir=folder) as cache:
        return _used(
            [
                python,
                "-m",
                "backend",
                "motion",
                str(music),
                "-o",
                str(folder / "out.npz"),
                *options,
            ],
            build,
            {"XDG_CACHE_HOME": cache, **(settings or {})},
        )


def _beside(spinning: int, folder: Path, music: Path, models: Mapping[str, str]) -> Used:
    with _spinning(spinning):
        return _command(folder, music, models)


def _alone(decode: Callable[[Path], float], music: Path) -> Used:
    """Decoding alone, without starting Python and importing."""
    seconds = _apart(decode, music)
    return Used(seconds, seconds, 0.0)


def _write(path: Path, seconds: float) -> None:
    # Imported here, like all that is heavy, so that this process stays small beside the others.
    from bench.features import write_piece

    write_piece(path, seconds)


def _decode(music: Path) -> float:
    import av

    from backend.audio.rates import SAMPLE_RATE

    began = time.perf_counter()
    with av.open(str(music)) as container:
        mono = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE)
        for frame in container.decode(audio=0):
            for block in mono.resample(frame):
                block.to_ndarray()
    return time.perf_counter() - began


def _read(music: Path) -> float:
    from backend.audio.decode import load_audio

    began = time.perf_counter()
    load_audio(music)
    return time.perf_counter() - began


def _phases(music: Path, output: Path, models: dict[str, Any]) -> dict[str, float]:
    """Seconds of each phase that the command shows, with loading and saving."""
    spent: dict[str, float] = {}
    last_name, last_time = "starting", time.perf_counter()

    def report(_fraction: float, phase: str, /) -> None:
        nonlocal last_name, last_time
        now = time.perf_counter()
        spent[last_name] = spent.get(last_name, 0.0) + now - last_time
        last_name, last_time = phase, now

    from backend.motion_request import MotionRequest, make_motion

    made = make_motion(MotionRequest(music=music, **models), report)
    report(1.0, "saving")
    made.motion.save(output)
    report(1.0, "done")
    return spent


def _apart(work: Callable[..., Any], *given: Any) -> Any:
    """Work in a process of its own, which nothing before has warmed up."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, given)


@contextmanager
def _spinning(count: int) -> Iterator[None]:
    """Processes that keep a core busy each, as far as there are cores."""
    context = multiprocessing.get_context("spawn")
    began = [context.Event() for _ in range(count)]
    processes = [context.Process(target=_spin, args=(one,), daemon=True) for one in began]
    for process in processes:
        process.start()
    try:
        for one in began:
            one.wait()
        yield
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _spin(began: Any) -> None:
    began.set()
    while True:
        pass


def _used(
    command: Sequence[str], folder: Path = _ROOT, settings: Mapping[str, str] | None = None
) -> Used:
    """What a command uses from its start to its end."""
    with tempfile.TemporaryFile() as told:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=os.environ | (settings or {}), stdout=told, stderr=told
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            told.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{told.read().decode()}")
    peak = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return Used(seconds, usage.ru_utime + usage.ru_stime, peak)


if __name__ == "__main__":
    main()
