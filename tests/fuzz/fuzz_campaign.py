"""Damaged inputs to every reader, from a seed: each is read, or refused in one sentence.

    python tests/fuzz/fuzz_campaign.py --inputs 10000 --out out/fuzz

Input i of a seed is the same on every machine. Inputs are read one by one in a child process, which
is ended if one takes too long and started anew. What was done is noted line by line in the output
folder, so that a stopped campaign goes on; inputs that show a fault are kept there.
"""

import argparse
import json
import random
import resource
import select
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Final

from fuzz_damage import damage
from fuzz_inputs import READERS

from retarget.errors import ConductorError

LONGEST_S: Final = 10.0
MOST_MB: Final = 2048
# What a child may take at the very most, so that a fault does not take the machine with it.
_HARD_LIMIT: Final = 4 << 30
_LONGEST_SENTENCE: Final = 600
_READY: Final = "ready"


@dataclass(frozen=True)
class Outcome:
    """What became of one input.

    Parameters
    ----------
    index : int
        Its number.
    reader : str
        Name of the reader.
    kind : str
        "read" or "refused", which are right; "traceback", "hang", "memory" or "died".
    seconds : float
        How long it took.
    peak_mb : float
        Most memory the child had had by then.
    text : str
        The sentence, or the end of the traceback.
    """

    index: int
    reader: str
    kind: str
    seconds: float = 0.0
    peak_mb: float = 0.0
    text: str = ""

    @property
    def is_fault(self) -> bool:
        """Whether it is none of the two right ends."""
        return self.kind not in ("read", "refused")


def make_input(seed: int, index: int, valid: Path) -> tuple[str, bytes]:
    """Name and content of an input; `valid` holds the undamaged ones, a folder for each reader."""
    rng = random.Random(f"{seed}/{index}")
    files = sorted((valid / READERS[index % len(READERS)].name).iterdir())
    file = rng.choice(files)
    return file.name, damage(file.read_bytes(), rng)


def write_valid(folder: Path) -> None:
    """The undamaged inputs of all readers."""
    for reader in READERS:
        (folder / reader.name).mkdir()
        reader.write(folder / reader.name)


def campaign(
    seed: int, indices: Iterator[int], scratch: Path, budget_s: float = float("inf")
) -> Iterator[Outcome]:
    """Outcomes of inputs, until they or the seconds are used up."""
    end = time.monotonic() + budget_s
    child: _Child | None = None
    try:
        for index in indices:
            if time.monotonic() > end:
                return
            child = child or _Child(seed, scratch)
            outcome = child.read(index)
            if outcome.is_fault:
                child.stop()
                child = None
            yield outcome
    finally:
        if child is not None:
            child.stop()


class _Child:
    """A process that reads inputs when it is told their numbers."""

    def __init__(self, seed: int, scratch: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, "--child", str(scratch), "--seed", str(seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._line(60.0)

    def read(self, index: int) -> Outcome:
        """Have an input read."""
        assert self._process.stdin is not None
        began = time.monotonic()
        reader = READERS[index % len(READERS)].name
        self._process.stdin.write(f"{index}\n")
        self._process.stdin.flush()
        line = self._line(LONGEST_S)
        seconds = time.monotonic() - began
        if line:
            return Outcome(**json.loads(line))
        died = self._process.poll() is not None or seconds < LONGEST_S
        return Outcome(index, reader, "died" if died else "hang", seconds)

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()

    def _line(self, seconds: float) -> str:
        """Its next line; empty if none comes."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], seconds)
        return self._process.stdout.readline() if ready else ""


def table(outcomes: list[Outcome]) -> str:
    """Rows of readers, columns of ends."""
    kinds = ("read", "refused", "traceback", "hang", "memory", "died")
    rows = [f"{'reader':<12}{'inputs':>8}" + "".join(f"{kind:>11}" for kind in kinds)]
    rows[0] += f"{'slowest s':>11}"
    for name in (*(reader.name for reader in READERS), "all"):
        own = [o for o in outcomes if name in (o.reader, "all")]
        counts = "".join(f"{sum(o.kind == kind for o in own):>11}" for kind in kinds)
        slowest = max((o.seconds for o in own), default=0.0)
        rows.append(f"{name:<12}{len(own):>8}{counts}{slowest:>11.2f}")
    peak = max((o.peak_mb for o in outcomes), default=0.0)
    return "\n".join([*rows, f"most memory {peak:.0f} MB"])


def _serve(seed: int, scratch: Path, said: IO[str]) -> None:
    """The child's loop."""
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (_HARD_LIMIT, _HARD_LIMIT))
    print(_READY, file=said, flush=True)
    for line in sys.stdin:
        outcome = _read(seed, int(line), scratch)
        print(json.dumps(asdict(outcome)), file=said, flush=True)


def _read(seed: int, index: int, scratch: Path) -> Outcome:
    reader = READERS[index % len(READERS)]
    name, content = make_input(seed, index, scratch / "valid")
    path = scratch / name
    path.write_bytes(content)
    began = time.monotonic()
    try:
        reader.read(path)
        kind, text = "read", ""
    except ConductorError as error:
        kind, text = "refused", str(error)
        if "\n" in text or not text.endswith(".") or len(text) > _LONGEST_SENTENCE:
            kind = "traceback"
    except BaseException:
        kind, text = "traceback", traceback.format_exc()[-1500:]
    seconds = time.monotonic() - began
    path.unlink()
    peak = _peak_mb()
    if peak > MOST_MB:
        kind = "memory"
    return Outcome(index, reader.name, kind, round(seconds, 3), round(peak), text)


def _peak_mb() -> float:
    """Most memory that this process has had.

    Linux counts into `ru_maxrss` what the parent had when it started the process; the status file
    does not.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def _run(seed: int, inputs: int, out: Path) -> int:
    out.mkdir(parents=True, exist_ok=True)
    notes = out / f"seed_{seed}.jsonl"
    done: list[Outcome] = []
    if notes.is_file():
        for line in notes.read_text(encoding="utf-8").splitlines():
            # Blank, or left half written by a campaign that was killed.
            with suppress(ValueError):
                done.append(Outcome(**json.loads(line)))
    rest = iter(sorted(set(range(inputs)) - {outcome.index for outcome in done}))
    with tempfile.TemporaryDirectory() as folder, notes.open("a", encoding="utf-8") as file:
        # Closes a line that a killed campaign left open.
        file.write("\n")
        scratch = Path(folder)
        (scratch / "valid").mkdir()
        write_valid(scratch / "valid")
        for outcome in campaign(seed, rest, scratch):
            done.append(outcome)
            file.write(json.dumps(asdict(outcome)) + "\n")
            file.flush()
            if outcome.is_fault:
                name, content = make_input(seed, outcome.index, scratch / "valid")
                (out / f"{seed}_{outcome.index}_{name}").write_bytes(content)
                print(f"{outcome.kind}: {outcome.reader}, input {outcome.index}, {name}")
                print(outcome.text)
            if len(done) % 500 == 0:
                print(f"{len(done)} of {inputs}", flush=True)
    print(table(done))
    return 1 if any(outcome.is_fault for outcome in done) else 0


def main() -> int:
    """The command; 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--inputs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out/fuzz"))
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child is not None:
        said, sys.stdout = sys.stdout, sys.stderr
        _serve(options.seed, options.child, said)
        return 0
    return _run(options.seed, options.inputs, options.out)


if __name__ == "__main__":
    sys.exit(main())
