"""The steps of a story, and how they are put into words."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal

from detente.analysis.readings import Mark

Why = Literal["clock", "date", "raised", "timer", "trigger", "flow", "record"]
"""A clock ran out · a date came · raised · a delay ended · a condition came true · … by flowing · set going before."""

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Pressure:
    """One factor at that moment: how it is named, its value, and what moved it last."""

    label: str
    value: float
    mark: Mark | None


@dataclass(frozen=True)
class Reasons:
    """Why something came about.

    `cause` and `caused_on` name what raised it, started its delay or made its condition true; empty for a clock or
    a date. For a clock `rate` [1/day] is its intensity just before, `base` that with every factor at 1, and
    `pressures` the factors, strongest first; `others` counts those that are not listed.
    """

    why: Why
    cause: str = ""
    cause_title: str = ""
    caused_on: dt.date | None = None
    rate: float | None = None
    base: float | None = None
    pressures: tuple[Pressure, ...] = ()
    others: int = 0


@dataclass(frozen=True)
class Turn:
    """One step of a story.

    `outcome` is how it turned out, with `chance`, the probability that this outcome had just before (None without
    a choice). `decisive` marks what answered the question that the story is told for.
    """

    time: float
    date: dt.date
    happening: str
    title: str
    reasons: Reasons
    outcome: str = ""
    outcome_title: str = ""
    chance: float | None = None
    decisive: bool = False


@dataclass(frozen=True)
class Story:
    """One future: its number, the question it is told for (or none), its turns in order of time."""

    crisis: str
    title: str
    seed: int
    trajectory: int
    question: str
    turns: tuple[Turn, ...]
    n_happenings: int

    def as_dict(self) -> dict[str, Any]:
        """The story as plain data, ready for JSON; dates as text."""
        return {
            "crisis": self.crisis,
            "title": self.title,
            "seed": self.seed,
            "trajectory": self.trajectory,
            "question": self.question,
            "happenings": self.n_happenings,
            "turns": [{**_plain(turn), "text": sentence(turn)} for turn in self.turns],
        }

    def __str__(self) -> str:
        return "\n".join(sentence(turn) for turn in self.turns)


# ── in words ─────────────────────────────────────────────────────────────────────────────────────


def sentence(turn: Turn) -> str:
    """One turn in words: date, what happened and how it turned out, and why.

    Examples
    --------
    >>> pressures = (Pressure("memory of raid", 2.1, Mark("raid", "A raids B", dt.date(2025, 1, 3))),)
    >>> reasons = Reasons("clock", rate=0.0042, base=0.002, pressures=pressures)
    >>> turn = Turn(42.5, dt.date(2025, 1, 12), "reply", "B replies", reasons, "open", "openly", 0.7)
    >>> what, why = sentence(turn).split(". ", 1)
    >>> print(what)
    12 Jan 2025 – B replies: openly (70 %)
    >>> print(why)
    Its rate stood at 0.0042 per day: base 0.002, ×2.1 memory of raid (A raids B, 3 Jan 2025).
    """
    what = turn.title
    if turn.outcome:
        chance = "" if turn.chance is None else f" ({_percent(turn.chance)})"
        what += f": {turn.outcome_title}{chance}"
    return f"{day(turn.date)} – {what}. {because(turn.reasons)}"


def because(reasons: Reasons) -> str:
    """Why a turn came about, as one sentence."""
    cause = reasons.cause_title + (f", {day(reasons.caused_on)}" if reasons.caused_on else "")
    match reasons.why:
        case "date":
            return "Its date had come."
        case "raised":
            return f"It follows at once from: {cause}."
        case "timer":
            return f"The delay ended that began with: {cause}."
        case "trigger":
            return f"Its condition came true through: {cause}."
        case "flow":
            return "Its condition came true as quantities moved."
        case "record":
            return "It was under way at the as-of date."
    if reasons.rate is None:
        return "Its clock ran out."
    parts = [f"base {reasons.base:.2g}", *map(_pressure, reasons.pressures)]
    if reasons.others:
        parts.append(f"and {reasons.others} smaller factor{'s' * (reasons.others > 1)}")
    return f"Its rate stood at {reasons.rate:.2g} per day: {', '.join(parts)}."


def _pressure(pressure: Pressure) -> str:
    mark = pressure.mark
    moved = f" ({mark.title}, {day(mark.date)})" if mark else ""
    return f"{times_text(pressure.value)} {pressure.label}{moved}"


def times_text(value: float) -> str:
    """A factor as ``×2.1``, with two decimals between a tenth and ten.

    Examples
    --------
    >>> times_text(1.03), times_text(0.8), times_text(12.31), times_text(0.0312)
    ('×1.03', '×0.8', '×12', '×0.031')
    """
    return f"×{round(value, 2):g}" if 0.1 <= value < 10.0 else f"×{value:.2g}"


def day(date: dt.date) -> str:
    """A date as ``12 Jan 2025``, in English whatever the locale."""
    return f"{date.day} {MONTHS[date.month - 1]} {date.year}"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %" if share < 0.995 else f"{100 * share:.4g} %"


def _plain(turn: Turn) -> dict[str, Any]:
    def of(value: Any) -> Any:
        if hasattr(value, "__dataclass_fields__"):
            return {name: of(each) for name, each in vars(value).items()}
        if isinstance(value, tuple):
            return [of(each) for each in value]
        return value.isoformat() if isinstance(value, dt.date) else value

    return of(turn)  # type: ignore[no-any-return]
