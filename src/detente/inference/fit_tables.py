"""A posterior as tables for a terminal, and as HTML."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

from detente.inference.fit_result import FitResult
from detente.inference.predicted import Plausibility
from detente.inference.verdicts import ParameterFit
from detente.layout import Column, grid, html_table

if TYPE_CHECKING:
    from rich.console import Group, RenderableType

NOTHING = "—"
YEAR = 365.25

FITS = (
    Column("Number", flexible=True),
    Column("Prior", right=True),
    Column("Posterior", right=True),
    Column("Spread", right=True),
    Column("Events", right=True),
    Column("Learned"),
)
FITS_LEGEND = (
    "Prior and posterior: median ±×f, which means that 90 % lie within a factor f either way (±×2: from half to"
    " twice); else median and 90 % range; rates per year. A counted rate has no prior but Jeffreys': its events count"
    " once, in the fit. Spread: of the posterior over that of the prior; 1 says that nothing was learned. Events: that"
    " bear upon it; of a factor while it weighed less than usual + more, of a share other outcomes + this one."
    " Learned: spread 0.8 or less, and 3 events on each side or 5 actions that share the number. Else not informed by"
    " the record."
)
SAMPLING = (
    Column("Number", flexible=True),
    Column("k̂", right=True),
    Column("Sampled by"),
    Column("sd within", right=True),
    Column("sd between", right=True),
)
SAMPLING_LEGEND = (
    "k̂: shape of the importance weights, largest over the replays; below 0.7 they are trusted, else chains were run."
    " Standard deviations on the log (share: log-odds) within replays and between them."
)
CLOCKS = (
    Column("Record", flexible=True),
    Column("Happened", right=True),
    Column("Expected", right=True),
    Column("PIT", right=True),
)
CLOCKS_LEGEND = (
    "Expected: median and 90 % range under the fit. PIT: where in that the count lies, from 0 to 1."
)
EVENTS = (
    Column("Event", flexible=True),
    Column("Record", flexible=True),
    Column("Increment", right=True),
    Column("Share", right=True),
    Column("Bits", right=True),
)
EVENTS_LEGEND = (
    "Increment: rescaled time since the event before, exponential with mean 1 under the fit. Share: of its intensity"
    " among the complete records just before. Bits: surprise, −log2 of that share."
)
CELLS = (
    Column("Left out", flexible=True),
    Column("Record", flexible=True),
    Column("Happened", right=True),
    Column("Predicted", right=True),
)


def rendered(posterior: FitResult) -> Group:
    """Header, tables and notes for a terminal."""
    from rich.console import Group
    from rich.text import Text

    title, *rest = header(posterior)
    parts: list[RenderableType] = [Text(title, style="bold"), *map(Text, rest)]
    for columns, rows, legend in tables(posterior):
        if rows:
            parts += [Text(""), grid(columns, rows)]
        if rows and legend:
            parts.append(Text(legend, style="dim"))
    parts += [Text(""), *map(Text, summary(posterior))]
    parts += [Text(f"Note: {note}", style="dim") for note in notes(posterior)]
    return Group(*parts)


def header(posterior: FitResult) -> Iterator[str]:
    """What was fitted, and how."""
    record = posterior.provenance
    yield f"Fit of {record.crisis} to its record"
    ledgers = f" over {posterior.ledgers} ledgers" if posterior.ledgers > 1 else ""
    yield (
        f"{posterior.n_draws:,} joint draws of {len(posterior.parameters)} parameters, {len(posterior.fits)} of them"
        f" fitted; {posterior.paths} replays{ledgers}, seed {record.seed}"
    )
    yield f"Digest of the crisis {record.digest[:16]}, of the draws {posterior.digest[:16]}"


def tables(posterior: FitResult) -> Iterator[tuple[tuple[Column, ...], list[tuple[str, ...]], str]]:
    """Columns, rows and legend of every table."""
    yield FITS, [fit_row(each) for each in posterior.fits], FITS_LEGEND
    yield SAMPLING, [sampling_row(each) for each in posterior.fits], SAMPLING_LEGEND
    clocks: list[tuple[str, ...]] = [
        (
            each.clock,
            str(each.observed),
            f"{each.expected:.2g} ({each.low:.2g}–{each.high:.2g})",
            f"{each.pit:.2f}",
        )
        for each in posterior.residuals.clocks
    ]
    yield CLOCKS, clocks, CLOCKS_LEGEND
    events: list[tuple[str, ...]] = [
        (each.event, each.clock, f"{each.increment:.2f}", f"{each.share:.2%}", f"{each.bits:.1f}")
        for each in posterior.residuals.events
    ]
    yield EVENTS, events, EVENTS_LEGEND
    if posterior.check is not None:
        yield CELLS, list(cell_rows(posterior.check, posterior)), ""


def fit_row(each: ParameterFit) -> tuple[str, ...]:
    """The cells of `FITS` for one number."""
    scale = YEAR if each.kind == "rate" else 1.0
    events = f"{each.events}" if each.sides is None else f"{each.sides[0]} + {each.sides[1]}"
    if each.pooled:
        events += ", pooled"
    return (
        short(each.name),
        spread_text(each.prior_low, each.prior_median, each.prior_high, scale, share=each.kind == "share"),
        spread_text(each.low, each.median, each.high, scale, share=each.kind == "share"),
        f"{each.contraction:.2f}",
        events,
        "yes" if each.verdict == "learned" else "not informed",
    )


def short(name: str) -> str:
    """A parameter without the section of the file that it stands in, and without the word that its place implies.

    Examples
    --------
    >>> short("actions.strike.factors.1.times"), short("calm")
    ('strike.factors.1', 'calm')
    """
    section, _, rest = name.partition(".")
    return (rest or section).removesuffix(".times")


def spread_text(
    low: float | None, median: float | None, high: float | None, scale: float, *, share: bool = False
) -> str:
    """A median with its 90 % range, as a factor where that is about the same either way.

    Examples
    --------
    >>> spread_text(1.0, 2.0, 4.0, 1.0), spread_text(None, None, None, 1.0)
    ('2 ±×2', '—')
    >>> spread_text(0.001, 0.1, 0.3, 1.0, share=True)
    '10 % (0.1–30)'
    """
    if low is None or median is None or high is None:
        return NOTHING
    if share:
        return f"{100 * median:.2g} % ({100 * low:.2g}–{100 * high:.2g})"
    if low > 0.0 and abs(math.log(high / median) - math.log(median / low)) < 0.1 * math.log(high / low):
        return f"{scale * median:.2g} ±×{math.sqrt(high / low):.2g}"
    return f"{scale * median:.2g} ({scale * low:.2g}–{scale * high:.2g})"


def sampling_row(each: ParameterFit) -> tuple[str, ...]:
    """The cells of `SAMPLING` for one number."""
    how = "importance" if each.r_hat is None else f"chains, r_hat {each.r_hat:.3f}, ess {each.ess:.0f}"
    return (
        short(each.name),
        f"{each.k_hat:.2f}",
        how,
        f"{math.sqrt(each.within):.2f}",
        f"{math.sqrt(each.between):.2f}",
    )


def cell_rows(check: Plausibility, posterior: FitResult) -> Iterator[tuple[str, ...]]:
    """The cells of `CELLS`."""
    as_of = posterior.provenance.settings.get("as_of")
    origin = dt.date.fromisoformat(str(as_of))
    for each in check.cells:
        first, last = (origin + dt.timedelta(days=int(end)) for end in (each.begins, each.ends))
        yield (
            f"{first + dt.timedelta(days=1)} – {last}",
            each.clock,
            str(each.observed),
            f"{each.mean:.2g} ({each.low:.2g}–{each.high:.2g})",
        )


def summary(posterior: FitResult) -> Iterator[str]:
    """What the fit comes to, in sentences."""
    learned = len(posterior.learned())
    if posterior.fits:
        yield f"{learned} of {len(posterior.fits)} fitted numbers are informed by the record."
        yield f"Weights leave an effective {posterior.effective_paths:.1f} of {posterior.paths} replays."
    if posterior.residuals.p_rescaling is not None:
        yield (
            f"Time rescaling: {len(posterior.residuals.events)} increments, p = {posterior.residuals.p_rescaling:.2f}"
            " against an exponential (mild: the fit has seen these events)."
        )
    check = posterior.check
    if check is not None:
        verdict = "plausible" if check.plausible else "NOT plausible"
        yield (
            f"Predictive check over {len(check.cells)} counts that the fits had not seen: {verdict}."
            f" p = {check.p_chi2:.2f} (Σz²), {check.p_ks:.2f} (Kolmogorov–Smirnov); skill {check.skill:+.2f} against a"
            " Poisson of the same mean (−0.10 or better)."
        )


def notes(posterior: FitResult) -> Iterator[str]:
    """Notes of the fit, what was left, and what could not be predicted."""
    yield from posterior.notes
    for name, reason in posterior.left.items():
        yield f"{name} is not fitted: {reason}."
    if posterior.check is not None:
        yield from (f"Not predicted: {each}" for each in posterior.check.skipped)


def html(posterior: FitResult) -> str:
    """The posterior as escaped HTML, for notebooks."""
    title, *rest = header(posterior)
    parts = [f"<p><b>{escape(title)}</b><br>{'<br>'.join(map(escape, rest))}</p>"]
    for columns, rows, legend in tables(posterior):
        if rows:
            parts.append(html_table(columns, rows))
        if rows and legend:
            parts.append(f"<p><small>{escape(legend)}</small></p>")
    parts += [f"<p>{escape(line)}</p>" for line in summary(posterior)]
    parts += [f"<p><small>{escape(note)}</small></p>" for note in notes(posterior)]
    return f"<div>{''.join(parts)}</div>"
