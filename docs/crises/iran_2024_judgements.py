"""Writes iran_2024_judgements.md: what the judged numbers of the Iran crisis do to its answers.

Run ``python docs/crises/iran_2024.py`` after a change of the crisis; this page alone takes some minutes.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from iran_2024_pages import counted, paragraph, percent, table

from detente import load, simulate
from detente.analysis.grouping import kind_of_evidence, uncertain_numbers
from detente.analysis.mattering import Sensitivity, sensitivity_of
from detente.analysis.swings import Swing, swings_of
from detente.engine.sampling import quantile
from detente.model import Crisis

PAGE = Path(__file__).with_suffix(".md")
SEED, TRAJECTORIES, SWUNG = 7, 40_000, 10_000
WORTH_TRYING, LARGE = 0.08, 0.15
"""Expected swings from which a number is tried in paired runs, and from which it is told."""
NEAR_EVEN = 0.10
"""An answer this near to one half is crossed by nearly anything."""

KINDS = {"judgement": "judgement", "source, size judged": "size judged", "source": "source"}


def kind(number: str, crisis: Crisis) -> str:
    """The evidence of a number in a word or two."""
    return KINDS[kind_of_evidence(crisis.parameters[number])]


def candidates(found: Mapping[str, Sensitivity]) -> list[str]:
    """Numbers that stand out for a question and are expected to move it far, or across one half."""
    names = {
        each.name
        for study in found.values()
        for each in study.standing_out
        if each.low is not None and each.high is not None
        if abs(each.high - each.low) >= WORTH_TRYING or (each.low < 0.5) != (each.high < 0.5)
    }
    return sorted(names)


def telling(swings: Sequence[Swing]) -> list[Swing]:
    """The swings that turn an answer or move it far, the largest first."""
    large = [each for each in swings if abs(each.difference) > LARGE or each.crosses]
    return sorted(large, key=lambda each: -abs(each.difference))


def influence_lines(crisis: Crisis, found: Mapping[str, Sensitivity]) -> list[str]:
    """For each question what its spread follows, and how much of that was judged."""
    lines = ["", "## What the answers lean on"]
    lines += paragraph(
        f"{TRAJECTORIES:,} futures, {TRAJECTORIES // 8:,} draws, seed {SEED}. *Share*: of the variance of the"
        " probability over draws that the number explains alone, chance taken out. Shown are the numbers whose share"
        " is above what the largest of as many irrelevant numbers reaches in nine studies of ten, at most six for a"
        " question. *From, to*: probability expected at the 5 % and at the 95 % quantile of the number."
    )
    rows = []
    for question, study in found.items():
        asked = percent(None if study.found is None else study.found.probability)
        for k, each in enumerate(study.standing_out[:6]):
            rows.append(
                (
                    question if k == 0 else "",
                    asked if k == 0 else "",
                    f"`{each.name}`",
                    kind(each.name, crisis),
                    percent(each.index),
                    f"{percent(each.low)} → {percent(each.high)}",
                )
            )
        if study.reason:
            rows.append((question, asked, study.reason, "", "", ""))
    return lines + table("question | answer | number | evidence | share | from, to", rows, numeric=(1, 4))


def silent_lines(crisis: Crisis, found: Mapping[str, Sensitivity]) -> list[str]:
    """How many numbers stand out for some question, by evidence."""
    everything = Counter(kind(name, crisis) for name in uncertain_numbers(crisis))
    heard = {each.name for study in found.values() for each in study.standing_out}
    counted = Counter(kind(name, crisis) for name in heard)
    lines = ["", "## Numbers that matter for none"]
    lines += paragraph(
        "A number that stands out for no question may still matter a little, or together with others; it is not to be"
        " told from an irrelevant one with these draws."
    )
    rows: list[tuple[str, ...]] = [
        (word, f"{everything[word]}", f"{counted[word]}", f"{everything[word] - counted[word]}")
        for word in KINDS.values()
    ]
    rows.append(
        ("all", *(f"{n}" for n in (everything.total(), counted.total(), (everything - counted).total())))
    )
    head = "evidence | numbers with a spread | stand out for a question | for none"
    return lines + table(head, rows, numeric=(1, 2, 3))


def swing_rows(crisis: Crisis, swings: Sequence[Swing]) -> list[tuple[str, ...]]:
    """One row per swing."""
    return [
        (
            each.question,
            f"`{each.number}`",
            kind(each.number, crisis),
            _ends(each.number, crisis),
            f"{percent(each.low)} → {percent(each.high)}",
            f"{100 * each.error:.1f}",
            "yes" if each.crosses else "",
        )
        for each in swings
    ]


SWING_HEAD = "question | number | evidence | 5 %, 95 % | answer | ± points | across 50 %"


def swing_lines(crisis: Crisis, tried: Sequence[str], swings: Sequence[Swing]) -> list[str]:
    """The single numbers that turn an answer."""
    lines = ["", "## Single numbers that would turn an answer"]
    judged = sum(kind(name, crisis) != "source" for name in tried)
    lines += paragraph(
        f"Each number alone is set to its 5 % and to its 95 % quantile, all others vary as before; both ends on the"
        f" same random numbers ({SWUNG:,} futures each, seed {SEED}). {len(tried)} numbers were tried, {judged} of"
        f" them judged: those that stand out above with an expected swing of {100 * WORTH_TRYING:.0f} points or across"
        f" 50 %. Shown: more than {100 * LARGE:.0f} points, or across 50 %."
    )
    return lines + table(SWING_HEAD, swing_rows(crisis, telling(swings)), numeric=(5,))


def _ends(number: str, crisis: Crisis) -> str:
    """The 5 % and 95 % quantiles of a number; those of a counted rate depend on its exposure."""
    distribution = crisis.parameters[number].distribution
    if distribution.kind in ("counted", "mean_rate"):
        return "counted"
    low, high = quantile(distribution, np.array([0.05, 0.95]))
    return f"{low:.3g}, {high:.3g}"


def summary(crisis: Crisis, found: Mapping[str, Sensitivity], swings: Sequence[Swing]) -> list[str]:
    """What the README of the crisis says of all this."""
    judged = [each for each in telling(swings) if kind(each.number, crisis) != "source"]
    large = [each for each in judged if abs(each.difference) > LARGE]
    answers = {name: study.found.probability for name, study in found.items() if study.found is not None}
    even = [name for name, p in answers.items() if abs(p - 0.5) < NEAR_EVEN]
    crossings = Counter(each.question for each in judged if each.crosses and each.question in even)
    names = [name for name in uncertain_numbers(crisis) if kind(name, crisis) != "source"]
    heard = {each.name for study in found.values() for each in study.standing_out}
    lines = paragraph(
        f"Of {len(names)} judged numbers with a spread {sum(name in heard for name in names)} stand out for some"
        " question, the"
        " others for none. Moved alone from its 5 % to its 95 % quantile, each of these judged numbers moves an answer"
        f" by more than {100 * LARGE:.0f} points:"
    )
    lines += table(SWING_HEAD, swing_rows(crisis, large), numeric=(5,))
    measured = [
        each
        for each in telling(swings)
        if kind(each.number, crisis) == "source" and abs(each.difference) > LARGE
    ]
    turned = ", ".join(f"{q} ({n})" for q, n in sorted(crossings.items()))
    lines += paragraph(
        f"{', '.join(even)} stand within ten points of one half and are crossed by smaller ones: {turned or 'none'}"
        f" (judged numbers that do). {len(measured)} more swings of that size belong to counted or measured numbers,"
        " which few cases leave wide:"
        f" {', '.join(sorted({each.question for each in measured}))}."
    )
    return lines


def write() -> list[str]:
    """Write the page; the lines for the README."""
    crisis = load("iran_2024")
    found = sensitivity_of(simulate(crisis, trajectories=TRAJECTORIES, seed=SEED))
    tried = candidates(found)
    swings = swings_of(crisis, tried, trajectories=SWUNG, seed=SEED, progress=counted("numbers"))
    lines = [
        "<!-- Written by docs/crises/iran_2024_judgements.py; edits here are lost. -->",
        "",
        "# What the judgements of the Iran crisis do",
        *swing_lines(crisis, tried, swings),
        *influence_lines(crisis, found),
        *silent_lines(crisis, found),
        "",
    ]
    PAGE.write_text("\n".join(lines), encoding="utf-8")
    return summary(crisis, found, swings)


if __name__ == "__main__":
    sys.stdout.write("\n".join(write()) + "\n")
