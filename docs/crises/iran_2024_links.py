"""Writes iran_2024_links.md: what every causal link of the Iran crisis does to the questions.

Run ``python docs/crises/iran_2024_links.py`` after a change of the crisis (some minutes).
"""

from __future__ import annotations

import sys
import textwrap
from collections import Counter
from itertools import groupby
from pathlib import Path

from detente.analysis.links import LINKS_FILE, Link, TotalEffect, read_links, total_effects
from detente.catalog import find_crisis, load
from detente.engine.sampling import quantile
from detente.model import Crisis

TRAJECTORIES, SEED = 12_000, 1
PAGE = Path(__file__).with_suffix(".md")

METHOD = (
    "`links.csv` beside the crisis lists its causal links. That each acts in the stated direction on what it acts"
    " on directly is tested, exactly (`tests/test_iran_links.py`). Here every cause is set at the beginning of the"
    " futures, on the same random numbers as the baseline, and the paired difference of the expected questions is"
    " measured ({n} futures each, seed {seed}; p-values corrected for all pairs, Holm, 5 %). Where a link has a"
    " condition, it is made true in both. *Direct* is the median of the number that the link is in the file, where it"
    " is a single one."
)
FOUND = (
    "{pairs} pairs of link and question, of {links} rows: {agree} move as expected, {flat} show no effect that stands"
    " out, {opposite} move the other way; {either} were expected to move either way. An effect that is not seen is not"
    " a fault: a cause that already stands where it is set, or a road of several unlikely steps, moves little. What is"
    " known of the reasons where a pair moves the other way stands in the README of the crisis."
)


def direct(link: Link, crisis: Crisis) -> str:
    """The number that the link is in the file: its median, as a factor or an amount."""
    import numpy as np

    for ending in ("", ".times", ".add", ".set", ".value", ".flow", ".rate", ".share"):
        parameter = crisis.parameters.get(link.where + ending)
        if parameter is not None and parameter.distribution.kind not in ("counted", "mean_rate"):
            middle = float(quantile(parameter.distribution, np.array([0.5]))[0])
            return f"{'×' if ending in ('', '.times') and link.where.endswith(('times', ending)) else ''}{middle:.3g}"
    return ""


def rows(effects: tuple[TotalEffect, ...], crisis: Crisis) -> list[str]:
    """One table per mechanism."""
    lines: list[str] = []
    for mechanism, group in groupby(effects, key=lambda each: each.link.mechanism):
        lines += [
            "",
            f"## {mechanism}",
            "",
            "| link | cause, as it was set | direct | question | expected | effect, points | verdict |",
        ]
        lines.append("|---|---|---:|---|---|---:|---|")
        for each in group:
            link = each.link
            when = f" (if {link.condition})" if link.condition else ""
            effect = (
                "no future flips" if each.same else f"{100 * each.difference:+.2f} ± {100 * each.error:.2f}"
            )
            lines.append(
                f"| {link.id} | {link.cause}{when}: `{link.intervention}` | {direct(link, crisis)} | {each.question} |"
                f" {each.expected} | {effect} | {each.verdict} |"
            )
    return lines


def main() -> None:
    """Measure and write."""
    crisis = load("iran_2024")
    links = read_links(find_crisis("iran_2024") / LINKS_FILE)
    effects, left = total_effects(
        crisis, links, trajectories=TRAJECTORIES, seed=SEED,
        progress=lambda done, of: sys.stderr.write(f"\r{done} of {of}") and None,
    )  # fmt: skip
    verdicts = Counter(each.verdict for each in effects)
    lines = [
        "<!-- Written by docs/crises/iran_2024_links.py; edits here are lost. -->",
        "",
        "# What each link of the Iran crisis does to the questions",
        "",
        *textwrap.wrap(METHOD.format(n=f"{TRAJECTORIES:,}", seed=SEED), 160),
        "",
        *textwrap.wrap(
            FOUND.format(
                pairs=len(effects),
                links=len({each.link.id for each in effects}),
                agree=verdicts["as expected"],
                flat=verdicts["no effect seen"],
                opposite=verdicts["opposite"],
                either=verdicts["either"],
            ),
            160,
        ),
        *rows(effects, crisis),
    ]
    if left:
        lines += ["", "## Not tried", "", "| link | cause | why |", "|---|---|---|"]
        lines += [f"| {link.id} | {link.cause}: `{link.intervention}` | {why} |" for link, why in left]
    silent = [link.id for link in links if not link.questions]
    lines += [
        "",
        f"{len(silent)} rows name no question, such as those of the coupling table: {', '.join(silent[:12])} …",
        "",
    ]
    PAGE.write_text("\n".join(lines), encoding="utf-8")
    sys.stdout.write(f"\n{PAGE.name}: {dict(verdicts)}, not tried {len(left)}\n")


if __name__ == "__main__":
    main()
