"""Brings all that follows from the numbers of the Iran crisis up to date: ``python docs/crises/iran_2024.py``.

Pages, pictures, and the parts of the crisis' README between marks. Takes some ten minutes; parts alone:
``python docs/crises/iran_2024.py answers past pictures judgements links review``.
"""

from __future__ import annotations

import csv
import re
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import iran_2024_judgements
import iran_2024_links
import iran_2024_past
import iran_2024_pictures
import iran_2024_review
from iran_2024_pages import between, paragraph, table
from iran_2024_series import mean_pace, steps

from detente import forecast, load, simulate
from detente.analysis.grouping import kind_of_evidence
from detente.analysis.links import LINKS_FILE, read_links
from detente.catalog import find_crisis
from detente.forecasting.answers import Answer
from detente.model import Crisis

README = find_crisis("iran_2024") / "README.md"
FIRST = Path(__file__).with_name("iran_2024_first.csv")
"""The answers of the first version, before it was settled with the second [%]."""
SEED, TRAJECTORIES, FAR = 7, 40_000, 15.0


def evidence(crisis: Crisis) -> list[str]:
    """What the numbers of the crisis rest on."""
    kinds = Counter(
        kind_of_evidence(each) for each in crisis.parameters.values() if not each.evidence.reference
    )
    total, judged = kinds.total(), kinds["judgement"]
    return paragraph(
        f"Of {len(crisis.parameters):,} numbers {len(crisis.parameters) - total} are rules or definitions. Of the"
        f" other {total:,}, {kinds['source']} have a source that gives the number, {kinds['source, size judged']}"
        " a source that supports the link and its sign while nobody has measured its size, and"
        f" {judged} ({100 * judged / total:.0f} %) rest on judgement alone, each with its reason."
    )


def link_rows() -> list[str]:
    """How many rows the table of links has."""
    coupling, rest = set[str](), set[str]()
    links = read_links(find_crisis("iran_2024") / LINKS_FILE)
    for each in links:
        (coupling if each.id.startswith("K ") else rest).add(each.id)
    n = sum(each.id in rest for each in links)
    return paragraph(
        f"**The links one by one.** `links.csv` holds {n} rows for the {len({re.sub('[a-z]$', '', i) for i in rest})}"
        " links of the eighteen mechanisms (a link with two sides, or with steps, has several rows) and"
        f" {len(links) - n} for the {len({i.split()[1] for i in coupling})} filled cells of their coupling: cause,"
        " how the cause is set, on what it acts, sign, condition, place in the file, questions, lag. The direct sign"
        " of every row is tested at the as-of state, exactly and with all else equal."
    )


def drift() -> list[str]:
    """The dollar of the two versions from March to November 2024, replayed."""
    paces = []
    for review in (False, True):
        crisis = load("iran_2024", review=review)
        futures = simulate(crisis, trajectories=800, seed=SEED, paths=("rial", "heu60")).paths
        assert futures is not None
        found = steps(crisis, futures, seed=SEED, draws=2000)
        paces.append(mean_pace([step for step in found if step.first.stock == "rial"]))
    (recorded, settled), (_, second) = paces
    return paragraph(
        f"Replayed from March to November 2024 the dollar rises by {second:.2f} % a day in the second version and by"
        f" {settled:.2f} in the settled one, where {recorded:.2f} was recorded."
    )


def answers(settled: Mapping[str, Answer], second: Mapping[str, Answer]) -> list[str]:
    """First, settled and second version."""
    with FIRST.open(encoding="utf-8", newline="") as file:
        first = {row["question"]: row for row in csv.DictReader(file)}
    rows = [
        (
            name,
            f"{float(first[name]['answer']):.1f} ({first[name]['low']}–{first[name]['high']})",
            _with_range(each),
            _with_range(second[name]),
            f"{100 * (_probability(second[name]) - _probability(each)):+.1f}".replace("-", "−"),
        )
        for name, each in settled.items()
    ]
    return table("| first | **settled** | second | second less settled", rows, numeric=(1, 2, 3, 4))


def classes(settled: Mapping[str, Answer]) -> list[str]:
    """Every answer beside its reference class."""
    with (find_crisis("iran_2024") / "base_rates.csv").open(encoding="utf-8", newline="") as file:
        rates = list(csv.DictReader(file))
    rows = []
    for row in rates:
        base, model = 100 * float(row["probability"]), 100 * _probability(settled[row["question"]])
        far = abs(model - base) > FAR
        if far and not row["why_apart"]:
            raise ValueError(f"{row['question']}: {base:.0f} and {model:.0f} %, and no sentence says why")
        count = f"{row['count']} in {row['of']}" if row["count"] else "–"
        why = row["why_apart"] if far else ""
        rows.append((row["question"], row["reference_class"], count, f"{base:.1f} %", f"{model:.1f} %", why))
    head = "question | reference class | count | base rate | model | where they differ by more than 15 points"
    return table(head, rows, numeric=(3, 4))


def _probability(answer: Answer) -> float:
    assert answer.probability is not None
    return answer.probability


def _with_range(answer: Answer) -> str:
    assert answer.low is not None
    assert answer.high is not None
    return f"{100 * _probability(answer):.1f} ({100 * answer.low:.0f}–{100 * answer.high:.0f})"


def write_answers() -> dict[str, list[str]]:
    """The parts of the README that follow from forecasts alone."""
    crisis = load("iran_2024")
    settled, second = (
        forecast(each, trajectories=TRAJECTORIES, seed=SEED).answers
        for each in (crisis, load("iran_2024", review=True))
    )
    return {
        "evidence": evidence(crisis),
        "rows of links": link_rows(),
        "answers": answers(settled, second),
        "reference classes": classes(settled),
    }


def write_past() -> dict[str, list[str]]:
    """The page that holds the crisis against its record, and what the README says of it."""
    return {"past": iran_2024_past.write(), "drift": drift()}


def write_pictures() -> dict[str, list[str]]:
    """The pictures."""
    iran_2024_pictures.main()
    return {}


def write_links() -> dict[str, list[str]]:
    """The page of the links, and its line in the README."""
    return {"links": iran_2024_links.write()}


def write_review() -> dict[str, list[str]]:
    """The page that says which numbers make the differences to the second version."""
    iran_2024_review.write()
    return {}


PARTS: Mapping[str, Callable[[], dict[str, list[str]]]] = {
    "answers": write_answers,
    "past": write_past,
    "pictures": write_pictures,
    "judgements": lambda: {"judgements": iran_2024_judgements.write()},
    "links": write_links,
    "review": write_review,
}


def main(parts: list[str]) -> None:
    """Write the parts, one after the other."""
    for name in parts or PARTS:
        for block, lines in PARTS[name]().items():
            README.write_text(between(README.read_text(encoding="utf-8"), block, lines), encoding="utf-8")
        sys.stdout.write(f"{name}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
