"""What ``rates`` prints: rates, excitations, scores, and lines to paste into a crisis file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from detente.errors import DetenteError
from detente.layout import Column, grid

if TYPE_CHECKING:
    from rich.table import Table

    from detente.ledger.excitation import Excitation
    from detente.ledger.rate_account import DyadRate, KindRates, RateAccount, Scored

NOTHING = "–"
ONE_DAY = 1.0
DAYS_PER_YEAR = 365.25


def rates_shown(account: RateAccount, *, source: str, top: int, terms: bool) -> Iterator[str | Table]:
    """The parts of the account in the order in which they are read."""
    yield (
        f"{len(account.actors)} actors, {len(account.kinds[0].dyads):,} dyads,"
        f" {account.first_day} to {account.last_day}"
        "\n\nRates. Events: coded rows. Days: days with one. Per day: mean of events, and its"
        "\nstandard error (bursts allowed for). At rest: rate of days with an event, with"
        "\nno excitation left; and the factor of its 90 % range."
    )
    for each in account.kinds:
        yield f"\n{each.kind}"
        yield _rate_table(each, top)
    yield (
        "\nExcitations: the rate after one event of the kind, by the actor itself (own) or back from"
        "\nthe recipient (reverse), and how it fades; 90 % ranges."
    )
    yield _excitation_table(account)
    yield from _remarks(account)
    for part in account.scored:
        yield _scored_head(part)
        yield _score_table(part)
    if terms:
        yield "\nTerms: coefficients of the log odds of a day with an event (standardised history, shrunk)."
        yield _term_table(account)
    yield "\nTo paste into a crisis file; the source must stand in sources.csv.\n"
    yield "\n\n".join(
        yaml_of(each, at_most=account.at_most, source=source, top=top) for each in account.kinds
    )


def write_rates(account: RateAccount, out: Path) -> None:
    """The table of rates as CSV, whole or not at all.

    Raises
    ------
    DetenteError
        If the file cannot be written; what was there before is unchanged.
    """
    part = out.with_name(f".{out.name}.part")
    try:
        account.table().write_csv(part)
        part.replace(out)
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise DetenteError(f"cannot write {out}: {problem.strerror or problem}.") from problem


# ── tables ───────────────────────────────────────────────────────────────────────────────────────


def busiest(each: KindRates, top: int) -> Sequence[DyadRate]:
    """The dyads with the most events of a kind, those without any left out."""
    some = [rate for rate in each.dyads if rate.mean.count]
    return sorted(some, key=lambda rate: (-rate.mean.count, rate.mean.actor, rate.mean.recipient))[:top]


def _rate_table(each: KindRates, top: int) -> Table:
    columns = (
        Column("Dyad", flexible=True),
        Column("Events", right=True),
        Column("Days", right=True),
        Column("Per day", right=True),
        Column("±", right=True),
        Column("At rest", right=True),
        Column("90 %", right=True),
    )
    rows = (
        (
            f"{rate.mean.actor} → {rate.mean.recipient}",
            f"{rate.mean.count:,}",
            f"{rate.days:,}",
            f"{rate.mean.rate:.3g}",
            f"{rate.mean.error:.2g}" if math.isfinite(rate.mean.error) else NOTHING,
            f"{rate.rate:.3g}",
            _factor(rate.spread),
        )
        for rate in busiest(each, top)
    )
    return grid(columns, rows)


def _excitation_table(account: RateAccount) -> Table:
    columns = (
        Column("Kind", flexible=True),
        Column("By events"),
        Column("Times", right=True),
        Column("90 %", right=True),
        Column("Half-life", right=True),
        Column("90 %", right=True),
    )
    rows = [_excitation_row(each.kind, found) for each in account.kinds for found in each.tried]
    return grid(columns, rows)


def _excitation_row(kind: str, found: Excitation) -> list[str]:
    cause = found.cause.direction
    if not found.informed:
        return [kind, cause, "not informed", "", "", ""]
    (low, high), (shorter, longer) = found.range_of_times(), found.range_of_half_life()
    mark = "*" if found.half_life < ONE_DAY else ""
    return [
        kind,
        cause,
        f"×{found.times:.2f}",
        f"{low:.2f}–{high:.2f}",
        f"{mark}{found.half_life:.2g} d",
        f"{shorter:.2g}–{longer:.2g}",
    ]


def _remarks(account: RateAccount) -> Iterator[str]:
    tried = [found for each in account.kinds for found in each.tried]
    if any(not found.informed for found in tried):
        yield (
            "Not informed: the record does not tell the factor from 1, or not its half-life; it is"
            "\nleft out. Dyads are pooled: with more --actors more can be told."
        )
    if any(found.informed and found.half_life < ONE_DAY for found in tried):
        yield (
            "* Below a day: daily counts only show that the effect is gone after a day or two."
            "\nDo not read the factor and its half-life apart."
        )


def _scored_head(part: Scored) -> str:
    return (
        f"\nForecasts one day ahead, {part.test.first} to {part.test.last}, everything chosen on"
        f"\n{part.tune.first} to {part.tune.last} or before; weight of the regression {part.weight:g}."
        "\nMean scores, the lower the better, and the difference to the tuned weighted mean"
        "\nwith its standard errors by day and by dyad."
    )


def _score_table(part: Scored) -> Table:
    columns = (
        Column("Kind", flexible=True),
        Column("Yes", right=True),
        Column("Score"),
        Column("Forecast", right=True),
        Column("W. mean", right=True),
        Column("Diff.", right=True),
        Column("± day", right=True),
        Column("± dyad", right=True),
    )
    rows = [
        (
            kind if found.score == "log" else "",
            f"{100 * part.shares[kind]:.2g} %" if found.score == "log" else "",
            "log" if found.score == "log" else "Brier",
            f"{found.ours:.5f}",
            f"{found.weighted_mean:.5f}",
            f"{found.by_day.mean:+.5f}",
            f"{found.by_day.error:.5f}",
            f"{found.by_dyad.error:.5f}",
        )
        for kind, both in part.scores.items()
        for found in both
    ]
    return grid(columns, rows)


def _term_table(account: RateAccount) -> Table:
    columns = (
        Column("Kind", flexible=True),
        Column("Term"),
        Column("Coefficient", right=True),
        Column("±", right=True),
    )
    rows = (
        (each.kind, name, f"{value:+.3f}", f"{error:.3f}")
        for each in account.kinds
        if each.regression is not None
        for name, value, error in zip(
            each.regression.names, each.regression.coefficients, each.regression.errors, strict=True
        )
    )
    return grid(columns, rows)


# ── lines to paste ───────────────────────────────────────────────────────────────────────────────


def yaml_of(each: KindRates, *, at_most: float, source: str, top: int) -> str:
    """A rate for each of the busiest dyads, and the factors of all, as YAML.

    The names of memories are to be filled in: they are names of actions, which event data do not know.
    """
    lines = [f"# {each.kind}"]
    if each.excitation is not None:
        lines.append("factors:")
        lines += [f"  - {_factor_line(found, at_most, source)}" for found in each.excitation.excitations]
    for rate in busiest(each, top):
        lines.append(f"# {rate.mean.actor} → {rate.mean.recipient}, days with an event: {rate.days}")
        lines.append(f"rate: {rate_line(rate, source)}")
    if not busiest(each, top):
        lines.append("# no event between these actors")
    return "\n".join(lines)


def rate_line(rate: DyadRate, source: str) -> str:
    """A rate with its spread and source, as the language writes it."""
    daily = rate.rate * DAYS_PER_YEAR > 20
    value = f"{rate.rate:.2g} per day" if daily else f"{rate.rate * DAYS_PER_YEAR:.2g} per year"
    return f"{{value: {value}, spread: {_factor(rate.spread)}, source: [{source}]}}"


def _factor_line(found: Excitation, at_most: float, source: str) -> str:
    low, high = found.range_of_times()
    shorter, longer = found.range_of_half_life()
    whose = "this_action" if found.cause.direction == "own" else "action_of_the_recipient"
    return (
        f"{{memory: {whose}, half_life: {{value: {found.half_life:.2g} d, spread: {_half(shorter, longer)}}},"
        f" times: {{value: ×{found.times:.2f}, spread: {_half(low, high)}}}, at_most: {at_most:g}, source: [{source}]}}"
    )


def _half(low: float, high: float) -> str:
    """A range as the factor either way of its middle."""
    return _factor(math.sqrt(high / low))


def _factor(value: float) -> str:
    if not math.isfinite(value):
        return NOTHING
    return f"×{max(value, 1.01):.2f}" if value < 1.995 else f"×{value:.1f}"
