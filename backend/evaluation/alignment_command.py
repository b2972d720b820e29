"""`virtual-conductor evaluate alignment`."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from backend.evaluation.figure_table import figure_table
from backend.evaluation.figures_file import write_figures
from backend.folders import check_outputs
from backend.terminal import faults_in_one_sentence

if TYPE_CHECKING:
    from backend.evaluation.alignment import Row


def alignment_command(
    scores: Annotated[list[Path], typer.Argument(help="Score files, and folders of them.")],
    soundfont: Annotated[
        Path | None, typer.Option(help="What they are played with (.sf2, .sf3).")
    ] = None,
    timing: Annotated[
        Path | None,
        typer.Option(help="Folder of beat times of real recordings (.beats), for the tempo."),
    ] = None,
    works: Annotated[int, typer.Option(help="At most so many scores, spread.", min=1)] = 16,
    seed: Annotated[int, typer.Option(help="Another seed, other performances.")] = 1,
    keep: Annotated[
        Path | None, typer.Option(help="Folder to keep the recordings in, for the next time.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Also write the figures as .json.")
    ] = None,
) -> None:
    """Scores found in recordings of them: beats and bars right after lead-ins, cuts, other keys."""
    with faults_in_one_sentence():
        # Imported here because every verb's help passes by.
        import numpy as np

        from backend.corpus.plan import find_scores
        from backend.corpus.synthesis import default_soundfont
        from backend.evaluation.alignment import evaluate_alignment
        from backend.evaluation.alignment_cases import cases

        check_outputs(output)
        found = find_scores(scores)
        chosen = np.unique(np.linspace(0, len(found) - 1, min(works, len(found))).astype(int))
        with tempfile.TemporaryDirectory(prefix="virtual-conductor-") as temporary:
            folder = keep or Path(temporary)
            made = cases(
                [found[i] for i in chosen],
                folder,
                soundfont=soundfont or default_soundfont(),
                timing=timing,
                seed=seed,
            )
            rows = evaluate_alignment(made, _tell)
        Console().print(_table(rows))
        write_figures(output, [_told(row) for row in rows])


def _tell(row: "Row") -> None:
    Console(stderr=True).print(f"{row.case.score.stem}, {row.case.kind}", highlight=False)


def _table(rows: "list[Row]") -> Table:
    table = figure_table(
        ["score", "what is done"],
        ["in 70 ms", "in 30 ms", "too many", "bars", "late, ms", "heard, s"],
    )
    for row in rows:
        late = f"{1000.0 * row.agreement.late_s:+.0f}"
        cells = (*_means([row]), late, f"{row.heard_s:.0f}")
        table.add_row(row.case.score.stem[:32], row.case.kind, *cells)
    table.add_section()
    for kind in dict.fromkeys(row.case.kind for row in rows):
        some = [row for row in rows if row.case.kind == kind]
        table.add_row(f"mean of {len(some)}", kind, *_means(some), "", "")
    table.add_section()
    table.add_row(f"mean of {len(rows)}", "all", *_means(rows), "", "")
    return table


def _means(rows: "list[Row]") -> list[str]:
    """Of beats near, beats too many and bars right."""
    import numpy as np

    found = [it.agreement for it in rows]
    means = np.mean([(*it.near, it.extra, it.bars) for it in found], axis=0)
    return [f"{it:.3f}" for it in means]


def _told(row: "Row") -> dict[str, Any]:
    return {
        "score": row.case.score.name,
        "kind": row.case.kind,
        **vars(row.agreement),
        "heard_s": row.heard_s,
        "notes": row.aligned.notes,
        "truth": row.case.about,
    }
