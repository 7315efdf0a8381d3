"""What drives the answers, and which numbers and sources they lean on."""

from __future__ import annotations

import math
from collections.abc import Sequence

from detente.analysis.drivers import Driver, explain
from detente.analysis.mattering import Sensitivity, sensitivity_of
from detente.analysis.readings import Mark
from detente.engine import Ensemble
from detente.forecasting import Forecast
from detente.layout import Column
from detente.plots.drivers import contributions
from detente.report.parts import Cell, Picture, Section, Table, picture

_FACTORS = (Column("Factor", flexible=True), Column("Times", right=True), Column("Moved by", flexible=True))
_LEANINGS = (
    Column("Question"),
    Column("Leans on", flexible=True),
    Column("Share", right=True),
    Column("±", right=True),
    Column("90 % range", right=True),
    Column("if it were known", right=True),
)
MOST_FACTORS = 6
MOST_LEANINGS = 3


def questions_of_interest(found: Forecast, most: int = 4) -> tuple[str, ...]:
    """The answered questions that are least settled: those nearest to even.

    Examples
    --------
    >>> from detente import forecast, load
    >>> len(questions_of_interest(forecast(load("cuba_1962"), trajectories=400, seed=1), most=2))
    2
    """
    open_ = [answer for answer in found.answers.values() if answer.probability is not None]
    ranked = sorted(open_, key=lambda answer: (abs((answer.probability or 0.0) - 0.5), answer.id))
    return tuple(sorted(answer.id for answer in ranked[:most]))


def drivers_section(logged: Ensemble, questions: Sequence[str]) -> Section:
    """For each question the happening behind most of its answers, and what raises or lowers its rate.

    `logged` is an ensemble simulated with its event log.
    """
    tables: list[Table] = []
    pictures: list[Picture] = []
    for question in questions:
        for driver in explain(logged, question).drivers[:1]:
            tables.append(_factors(question, driver))
            if driver.kind == "rate" and not math.isnan(driver.intensity):
                alt = f"Factors of {driver.title}: " + "; ".join(
                    f"{each.label} times {each.value:.2f}" for each in driver.strongest[:MOST_FACTORS]
                )
                pictures.append(picture(contributions(driver), f"{question}: {driver.title}", alt))
    text = (
        "For the questions nearest to even: the happening behind most of their answers, and the factors on its rate or"
        " odds, as they stood in the futures that could still decide it. They multiply to its intensity."
    )
    return Section("drivers", "What drives the answers", (text,), tuple(tables), tuple(pictures))


def _factors(question: str, driver: Driver) -> Table:
    rows = tuple(
        (each.label, f"×{each.value:.2f}", ", ".join(map(_moved, each.marks[:2])))
        for each in driver.strongest[:MOST_FACTORS]
    )
    title = f"{question}: {driver.title}, behind {driver.share:.0%} of the answers"
    return Table(_FACTORS, rows or (("no factor at work", "", ""),), title=title)


def _moved(mark: Mark) -> str:
    return f"{mark.happening} ({mark.date:%d %b %Y})"


def leanings_section(ensemble: Ensemble, questions: Sequence[str]) -> Section:
    """Which numbers, and which sources, the answers lean on most."""
    numbers = sensitivity_of(ensemble, questions, by="number")
    sources = sensitivity_of(ensemble, questions, by="source")
    refused = [f"{name}: {each.reason}" for name, each in numbers.items() if not each.leanings]
    text = [
        "Share of the spread over draws that a number, or all numbers that name a source, explain; only those that"
        " stand out from what irrelevant numbers would show. The last column is the 90 % range that would be expected"
        " to remain if it were known.",
        *refused,
    ]
    return Section(
        "leanings",
        "What the answers lean on",
        tuple(text),
        (
            Table(_LEANINGS, _rows(numbers), title="By number"),
            Table(_LEANINGS, _rows(sources), title="By source"),
        ),
    )


def _rows(found: dict[str, Sensitivity]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(
        (
            name,
            f"{each.name} {each.title}".strip() if each.title != each.name else each.name,
            f"{each.index:.0%}",
            f"{each.error:.0%}",
            _range(study.found.low, study.found.high) if study.found else "",
            _range(each.worth.low, each.worth.high),
        )
        for name, study in found.items()
        for each in study.standing_out[:MOST_LEANINGS]
    )


def _range(low: float, high: float) -> str:
    if math.isnan(low) or math.isnan(high):
        return "—"
    return f"{100 * low:.0f}–{100 * high:.0f} %"
