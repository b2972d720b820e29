"""The results of the rig matrix as a table of rigs and Blender's versions.

`python rig_matrix_table.py [--write PAGE] FILE ...` prints the table of files that `rig_matrix.py`
wrote, or puts it into a Markdown page, between the lines that mark its place. It ends with 1 if a
rig is over a limit.
"""

import argparse
import json
from pathlib import Path
from typing import Any, Final

BEGIN: Final = "<!-- The table is written by scripts/rigs.sh. -->"
END: Final = "<!-- The table ends here. -->"

_POINTS: Final = ("arms", "hands")
_WRONG: Final = ("outside", "strays", "cancelled")


def main() -> int:
    """Print or write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path, metavar="PAGE")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    options = parser.parse_args()
    told = [json.loads(path.read_text(encoding="utf-8")) for path in options.files]
    lines = table(told)
    if options.write is None:
        print("\n".join(lines))
    else:
        page = options.write.read_text(encoding="utf-8")
        before, _, rest = page.partition(BEGIN)
        _, _, after = rest.partition(END)
        text = "\n".join([BEGIN, "", *lines, "", END])
        options.write.write_text(before + text + after, encoding="utf-8")
    return int(any(_cell(rig).startswith("**") for one in told for rig in one["rigs"].values()))


def table(told: list[dict[str, Any]]) -> list[str]:
    """Lines of Markdown: a row a rig, a column a version."""
    names = list(dict.fromkeys(name for one in told for name in one["rigs"]))
    versions = [one["version"] for one in told]
    lines = [
        f"| rig | found as | {' | '.join(versions)} |",
        f"|---|---|{'---|' * len(versions)}",
    ]
    for name in names:
        rigs = [one["rigs"].get(name) for one in told]
        families = {rig["family"] for rig in rigs if isinstance(rig, dict)}
        cells = ["" if rig is None else _cell(rig) for rig in rigs]
        lines.append(f"| {name} | {', '.join(sorted(families))} | {' | '.join(cells)} |")
    return lines


def _cell(rig: Any) -> str:
    if isinstance(rig, str):
        return f"**{rig.strip().splitlines()[-1]}**"
    measures = rig["measures"]
    points = max(measures[name] for name in _POINTS if name in measures)
    told = [f"{points:.1f}°"]
    told += [f"{measures['roll']:.1f}°" if "roll" in measures else "–"]
    told += [f"{1000.0 * measures['wrists']:.0f} mm" if "wrists" in measures else "–"]
    wrong = [*rig["faults"], *(name for name in _WRONG if rig[name])]
    text = " · ".join(told)
    return f"**{text} ({', '.join(wrong)})**" if wrong else text


if __name__ == "__main__":
    raise SystemExit(main())
