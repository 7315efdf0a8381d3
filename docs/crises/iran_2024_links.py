"""Writes iran_2024_links.md: what every causal link of the Iran crisis does to the questions.

Run ``python docs/crises/iran_2024.py links`` after a change of the crisis (some minutes).
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from iran_2024_pages import paragraph, table

from detente.analysis.differences import Difference
from detente.analysis.links import LINKS_FILE, RARE, Link, TotalEffect, read_links, total_effects
from detente.analysis.roads import alone, cut
from detente.catalog import find_crisis, load
from detente.engine.sampling import quantile
from detente.model import Crisis

TRAJECTORIES, SEED = 12_000, 1
PAGE = Path(__file__).with_suffix(".md")
HEAD = "link | cause, as it was set | direct | question | expected | effect, points | verdict"
TRACED = "link | question | expected | effect | roads cut in both | effect without them | the number alone | reason"


@dataclass(frozen=True)
class Trace:
    """An effect with its roads cut, and what the number of its link does alone; None where there is neither."""

    effect: TotalEffect
    again: TotalEffect | None
    alone: Difference | None

    @property
    def row(self) -> tuple[str, ...]:
        """As a row of the table."""
        link = self.effect.link
        roads = ", ".join(f"`{road}`" for road in link.roads)
        found = (points(each) if each else "" for each in (self.again, self.alone))
        return (
            link.id, self.effect.question, signed(self.effect.expected), points(self.effect), roads, *found,
            link.remark,
        )  # fmt: skip

    @property
    def said(self) -> str:
        """As a sentence, without the name of the link: several links may share a cause and its roads."""
        roads = " and ".join(f"`{road}`" for road in self.effect.link.roads)
        again = f"; without {roads} {points(self.again)}" if self.again else ""
        number = f"; its number alone {points(self.alone)}" if self.alone else ""
        reason = self.effect.link.remark or "the reason was not traced"
        return f"on {self.effect.question} ({points(self.effect)}): {reason}{again}{number}."


def signed(text: str) -> str:
    """With a minus sign."""
    return text.replace("-", "−")


def points(each: TotalEffect | Difference) -> str:
    """A difference of probabilities and its error, in points."""
    if each.same or each.difference is None:
        return "no future flips"
    return signed(f"{100 * each.difference:+.2f} ± {100 * (each.error or 0.0):.2f}")


def traces(effects: Sequence[TotalEffect], crisis: Crisis) -> list[Trace]:
    """Of the effects the other way, and of those not seen whose roads are known."""
    found = []
    for each in effects:
        if each.verdict != "opposite" and not (each.verdict == "no effect seen" and each.link.roads):
            continue
        run = {"trajectories": TRAJECTORIES, "seed": SEED}
        again, _ = (
            total_effects(cut(crisis, each.link.roads), [each.link], **run) if each.link.roads else ((), ())
        )
        found.append(
            Trace(
                each,
                next((other for other in again if other.question == each.question), None),
                alone(crisis, each.link, **run).get(each.question),
            )
        )
    return found


def direct(link: Link, crisis: Crisis) -> str:
    """The number that the link is in the file: its median, as a factor or an amount."""
    for ending in ("", ".times", ".add", ".set", ".value", ".flow", ".rate", ".share"):
        parameter = crisis.parameters.get(link.where + ending)
        if parameter is not None and parameter.distribution.kind not in ("counted", "mean_rate"):
            middle = float(quantile(parameter.distribution, np.array([0.5]))[0])
            times = ending in ("", ".times") and link.where.endswith(("times", ending))
            return f"{'×' if times else ''}{middle:.3g}"
    return ""


def row(each: TotalEffect, crisis: Crisis) -> tuple[str, ...]:
    """One effect."""
    link = each.link
    when = f" (if {link.condition})" if link.condition else ""
    return (
        link.id,
        f"{link.cause}{when}: `{link.intervention}`",
        direct(link, crisis),
        each.question,
        signed(each.expected),
        points(each),
        verdict(each),
    )


def verdict(each: TotalEffect) -> str:
    """The verdict; of an effect that is not seen how large it may be."""
    if each.verdict == "opposite":
        return "**opposite**, see the end"
    if each.verdict != "no effect seen":
        return each.verdict
    if each.why == "changes no future":
        return "not seen: no future changes"
    below = f"not seen: below {100 * each.resolution:.2f}, {100 * each.parted:.0f} % of the futures change"
    if each.same:
        below = "not seen: no answer flips"
    if each.why == "rare step":
        shares = f"{100 * each.acted:.1f} → {100 * each.acted_after:.1f} %"
        return f"{below}; `{each.link.acts_on.split()[1]}` is rare ({shares})"
    return below


def method(effects: Sequence[TotalEffect]) -> list[str]:
    """What was done."""
    lines = paragraph(
        "`links.csv` beside the crisis lists its causal links. That each acts in the stated direction on what it acts"
        " on directly is tested, exactly and with all else equal (`tests/test_iran_links.py`), links with a"
        " conditional sign on both sides of the condition. Here two crises that differ by the cause are simulated on"
        " the same random numbers, and the paired difference of the expected questions is measured"
        f" ({TRAJECTORIES:,} futures each, seed {SEED}; p-values corrected for all pairs, Holm, 5 %)."
    )
    lines += paragraph(
        "A condition is made true in both crises at the beginning: a stage or stock is set, and what must have happened"
        " lately happens. What the past or a date decides is waited for: in each future the cause is set on the first"
        " day on which the condition holds. A happening is made to happen past its guard, with all its effects; an"
        " outcome happens with its action, so that the effect is that of both. A stage that has the value of the"
        " cause already has its first other value in the crisis without. `time +60 NAME` brings a date 60 days nearer"
        " for all that counts to it, or puts a happening 60 days further back; `compare A B` sets A against B."
    )
    lines += paragraph(
        "*Direct* is the median of the number that the link is in the file, where it is a single one. *Not seen: below*"
        " says which size would have been seen in four studies of five; where what the link acts on happens in fewer"
        f" than {100 * RARE:.0f} % of the futures before the question closes, without the cause and with it, these"
        " shares are told. A future changes if an answer or the first date of a listed action does."
    )
    return lines + paragraph(found(effects))


def found(effects: Sequence[TotalEffect]) -> str:
    """How the pairs came out."""
    n = Counter(each.verdict for each in effects)
    flat = [each for each in effects if each.verdict == "no effect seen"]
    why = Counter(each.why for each in flat)
    wrong = ", ".join(sorted({each.link.id for each in effects if each.verdict == "opposite"}))
    largest = 100 * max((each.resolution for each in flat if not each.same), default=0.0)
    kinds = {"changes no future": "change no future at all", "rare step": "act on what rarely happens"}
    told = ", ".join(f"{why[kind]} {words}" for kind, words in kinds.items() if why[kind])
    return (
        f"{len(effects)} pairs of link and question, of {len({each.link.id for each in effects})} rows:"
        f" {n['as expected']} move as expected, {n['either']} could go either way, {n['opposite']} go the other way"
        f"{f' ({wrong})' if wrong else ''}, {n['no effect seen']} show nothing that stands out."
        f" Of these {told + ', and ' if told else ''}{why['small']} are too small for this number of futures: an effect"
        f" of {largest:.1f} points would have been seen in four studies of five."
    )


def tracing() -> list[str]:
    """What was done with the effects the other way."""
    return ["", "## Traced", *paragraph(
        "Effects the other way, and some that are not seen. *Without them*: the pair again, with a road cut in both"
        " crises (`links.csv`, `roads`): a factor at ×1, an amount at 0, or a happening forbidden. *The number alone*:"
        " the crisis as it is, less that in which the number of the link is neutral; nothing else is set. Of a"
        " `time` cause this is the presence of what the cause ends, so that for M13 the sign turns."
    )]  # fmt: skip


def write() -> list[str]:
    """Write the page; the lines for the README."""
    crisis = load("iran_2024")
    links = read_links(find_crisis("iran_2024") / LINKS_FILE)
    effects, left = total_effects(
        crisis, links, trajectories=TRAJECTORIES, seed=SEED,
        progress=lambda done, of: sys.stderr.write(f"\r{done} of {of}") and None,
    )  # fmt: skip
    lines = [
        "<!-- Written by docs/crises/iran_2024_links.py; edits here are lost. -->",
        "",
        "# What each link of the Iran crisis does to the questions",
        *method(effects),
    ]
    for mechanism, group in groupby(effects, key=lambda each: each.link.mechanism):
        lines += ["", f"## {mechanism}", *table(HEAD, (row(each, crisis) for each in group), numeric=(2, 5))]
    traced = traces(effects, crisis)
    lines += [*tracing(), *table(TRACED, (each.row for each in traced), numeric=(3, 5, 6))]
    if left:
        lines += ["", "## Not tried"]
        lines += table(
            "link | cause | why",
            [(link.id, f"{link.cause}: `{link.intervention}`", why) for link, why in left],
        )
    silent = [link for link in links if not link.questions]
    lines += paragraph(f"{len(silent)} rows name no question that they could move in time.")
    PAGE.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return paragraph(
        "*The links by all roads* ([table](../../../../docs/crises/iran_2024_links.md)):"
        f" {found(effects)} {_told(traced)}{f' {len(left)} rows could not be tried.' if left else ''}"
    )


def _told(traced: Sequence[Trace]) -> str:
    told: dict[str, list[str]] = {}
    for each in traced:
        if each.effect.verdict == "opposite":
            told.setdefault(each.said, []).append(each.effect.link.id)
    return " ".join(f"{', '.join(names)} {said}" for said, names in told.items())


if __name__ == "__main__":
    sys.stdout.write("\n".join(write()) + "\n")
