"""Writes iran_2024_review.md: which numbers make the two parameterisations of the Iran crisis differ.

Run ``python docs/crises/iran_2024.py review`` after a change of the crisis; takes some minutes.
"""

from __future__ import annotations

from pathlib import Path

from iran_2024_pages import counted, paragraph, percent, table

from detente import load
from detente.analysis.reviews import Reviewed, review

PAGE = Path(__file__).with_suffix(".md")
SEED, TRAJECTORIES, AT_LEAST, MOVES, MOST, LEAST = 7, 4000, 0.065, 0.025, 8, 0.01


def number_rows(found: Reviewed) -> list[tuple[str, ...]]:
    """For every question that is traced the numbers that move it most."""
    rows = []
    for question in found.apart:
        telling = [each for each in found.numbers if each.question == question and abs(each.effect) >= LEAST]
        for k, each in enumerate(telling[:MOST]):
            values = (each.effect, each.forth, each.back)
            told = (f"{100 * value:+.1f}".replace("-", "−") for value in values)
            rows.append((question if k == 0 else "", f"`{each.name}`", *told))
    return rows


def write() -> None:
    """Write the page."""
    found = review(
        load("iran_2024"), load("iran_2024", review=True), at_least=AT_LEAST, moves=MOVES,
        trajectories=TRAJECTORIES, seed=SEED,
        progress=counted("runs"),
    )  # fmt: skip
    differences = found.compared.differences
    lines = [
        "<!-- Written by docs/crises/iran_2024_review.py; edits here are lost. -->",
        "",
        "# Two parameterisations of the Iran crisis",
    ]
    lines += paragraph(
        f"{len(found.differing)} of {len(found.crisis.parameters):,} numbers differ. {TRAJECTORIES:,} futures of each"
        f" version on the same random numbers, seed {SEED}; differences in percentage points with their paired standard"
        " error."
    )
    rows = [
        (
            name,
            percent(each.baseline, 1),
            percent(each.scenario, 1),
            f"{100 * (each.difference or 0.0):+.1f} ± {100 * (each.error or 0.0):.1f}".replace("-", "−"),
        )
        for name, each in differences.items()
    ]
    lines += table("| settled | second | difference", rows, numeric=(1, 2, 3))
    lines += ["", "## Numbers that make the differences"]
    lines += paragraph(
        f"Answers that differ by more than {100 * AT_LEAST:.1f} points; numbers that alone move one by"
        f" {100 * LEAST:.0f} or more, at most {MOST}. *Forth*: the second version's number in the settled one. *Back*:"
        " the same by taking it from the second. *Effect*: their mean. Many small numbers together make the rest."
    )
    lines += [*table("| number | effect | forth | back", number_rows(found), numeric=(2, 3, 4)), ""]
    PAGE.write_text("\n".join(lines), encoding="utf-8")


if __name__ == "__main__":
    write()
