"""What would change the answers: the scenarios of a crisis beside its baseline."""

from __future__ import annotations

from detente.analysis.comparing import Comparison
from detente.analysis.comparison_tables import LEGEND, difference_text, flips_text, range_text
from detente.analysis.differences import Compared
from detente.layout import Column
from detente.report.parts import Section, Table

_DIFFERENCES = (
    Column(""),
    Column("Question", flexible=True),
    Column("As is", right=True),
    Column("If", right=True),
    Column("Difference", right=True),
    Column("90 %", right=True),
    Column("Flips", right=True),
)


def what_if_section(found: Comparison) -> Section:
    """Every scenario with the answers that it moves by more than two standard errors."""
    tables = tuple(_scenario(compared) for compared in found.scenarios.values())
    text = (
        "Each scenario was simulated on the same random numbers as the baseline, so that a future differs only by what"
        " the change does to it. Shown are the answers that differ by more than two standard errors. "
        + LEGEND
    )
    return Section("what-if", "What would change it", (text,), tables)


def _scenario(compared: Compared) -> Table:
    scenario = compared.scenario
    rows = []
    for name, each in compared.differences.items():
        moved = each.difference is not None and each.error is not None and not each.same
        if moved and abs(each.difference or 0.0) > 2.0 * (each.error or 0.0):
            rows.append(
                (
                    name,
                    each.text,
                    f"{each.baseline:.1%}" if each.baseline is not None else "—",
                    f"{each.scenario:.1%}" if each.scenario is not None else "—",
                    difference_text(each, compared.draws),
                    range_text(each),
                    flips_text(each),
                )
            )
    changes = "; ".join(map(str, scenario.changes))
    title, caption = scenario.title or scenario.name, f"Changed: {changes}."
    return Table(
        _DIFFERENCES, tuple(rows) or (("", "no answer moves beyond its error", *[""] * 5),), caption, title
    )
