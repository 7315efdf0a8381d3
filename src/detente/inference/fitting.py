"""From a crisis to the posterior of what its record informs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from detente.crisisfile import dumps
from detente.engine.tracing import Progress, Trace, trace_draws
from detente.errors import ForecastError
from detente.inference.design import Design, Span, design_of
from detente.inference.evidence import Learnable, learnable_of
from detente.inference.ledgers import Ledger, disputed, paths_per_ledger, sample_ledgers
from detente.inference.mixing import Mixture, fit_paths, mix
from detente.inference.posterior import Posterior
from detente.inference.reach import touched
from detente.inference.residuals import residuals_of
from detente.inference.verdicts import judge
from detente.model import Clock, Crisis
from detente.provenance import digest_of_text, record_provenance

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Replays:
    """The record of a crisis, replayed: `traces` with the number of their ledger each."""

    crisis: Crisis
    evidence: Learnable
    ledgers: tuple[Ledger, ...]
    traces: tuple[tuple[int, Trace], ...]

    @property
    def shares(self) -> dict[int, float]:
        """Share of every ledger, by its number."""
        return {number: ledger.share for number, ledger in enumerate(self.ledgers)}


def fit(
    crisis: Crisis,
    *,
    paths: int = 50,
    draws: int = 2000,
    seed: int = 0,
    processes: int | None = None,
    progress: Progress | None = None,
    since: float | None = None,
    reporting: Mapping[str, float] | None = None,
    replays: Replays | None = None,
) -> Posterior:
    """Fit rates, factors and shares to the record of a crisis.

    What is fitted, and why the rest is not, says `detente.inference.evidence`. The record is replayed under `paths`
    draws of the parameters that are not fitted; given each replay the posterior is sampled, and the samples are
    mixed by the evidence of each replay.

    Parameters
    ----------
    crisis : Crisis
    paths : int, >= 2
        Replays. Where events are disputed, distinct ledgers share them, with at least 8 each.
    draws : int, >= 100
        Joint draws of the posterior.
    seed : int, >= 0
        The same seed gives the same numbers on any number of processes.
    processes : int, optional
        Processes that replay; by default this one does it all. With more than one, a script of one's own must
        guard its main part by ``if __name__ == "__main__":``.
    progress : callable, optional
        Called with the number of finished steps and of all.
    since : float, optional
        Only what happened after this day counts [day, model time]; the replay begins where the record does.
    reporting : mapping of str to float in (0, 1], optional
        By action the probability that an occurrence is in the record; by default 1.
    replays : Replays, optional
        What `replay_for_fit` gave for the same crisis, paths, seed and since; made here if left out.

    Returns
    -------
    Posterior

    Raises
    ------
    ForecastError
        If an argument is out of range, or every replay rules out all that the record holds.
    ModelError
        If the record cannot be replayed.

    Examples
    --------
    >>> from detente.catalog import load
    >>> fit(load("cuba_1962"), paths=2, draws=100).parameters
    {}
    """
    _check(crisis, paths, draws, seed, since, reporting or {})
    replays = replays or replay_for_fit(
        crisis, paths=paths, seed=seed, processes=processes, progress=_first_half(progress), since=since
    )
    designs, ignored = designs_for(replays, reporting=reporting)
    mixture = mixture_of(
        replays, designs, draws=draws, seed=seed, progress=_second_half(progress, len(designs))
    )
    return Posterior(
        parameters=mixture.values(touched(crisis, replays.evidence)) if replays.evidence.fitted else {},
        fits=judge(crisis, mixture),
        left=replays.evidence.left,
        residuals=residuals_of(mixture, seed),
        paths=len(replays.traces),
        effective_paths=mixture.effective_paths,
        ledgers=len(replays.ledgers),
        notes=tuple(_notes(replays, mixture, ignored)),
        provenance=record_provenance(
            crisis.name,
            digest_of_text(dumps(crisis)),
            seed=seed,
            settings={
                "as_of": crisis.as_of.isoformat(),
                "paths": paths,
                "draws": draws,
                "since": since,
                **{f"reporting.{name}": share for name, share in sorted((reporting or {}).items())},
            },
        ),
    )


def replay_for_fit(
    crisis: Crisis,
    *,
    paths: int,
    seed: int,
    processes: int | None = None,
    progress: Progress | None = None,
    since: float | None = None,
) -> Replays:
    """Replay the record under draws of the parameters, for every sampled ledger; nothing where nothing is fitted."""
    evidence = learnable_of(crisis, -math.inf if since is None else since)
    if not evidence.fitted:
        return Replays(crisis, evidence, (), ())
    ledgers = sample_ledgers(crisis, seed)
    clocks = [name for name in evidence.since if isinstance(crisis.moments[name].cause, Clock)]
    counts = paths_per_ledger(ledgers, paths)
    traces: list[tuple[int, Trace]] = []
    for number, (ledger, count) in enumerate(zip(ledgers, counts, strict=True)):
        done, total = len(traces), sum(counts)
        ahead = None if progress is None else _from(progress, done, total)
        found = trace_draws(ledger.crisis, seed, count, clocks=clocks, processes=processes, progress=ahead)
        traces += [(number, traced) for traced in found]
    return Replays(crisis, evidence, ledgers, tuple(traces))


def designs_for(
    replays: Replays,
    *,
    without: Sequence[Span] = (),
    reporting: Mapping[str, float] | None = None,
) -> tuple[list[tuple[int, Design]], frozenset[str]]:
    """Designs of all replays, and the events that are left out because no replay allows them.

    Where only some replays rule an event out, those replays are dropped: their evidence is 0.
    """
    evidence = replays.evidence
    found = [
        (number, design_of(traced, evidence, without=without, reporting=reporting))
        for number, traced in replays.traces
    ]
    ignored: set[str] = set()
    while found and all(design.impossible for _, design in found):
        ignored |= _most_often_impossible([design for _, design in found])
        found = [
            (
                number,
                design_of(traced, evidence, without=without, reporting=reporting, ignored=frozenset(ignored)),
            )
            for number, traced in replays.traces
        ]
    kept = [(number, design) for number, design in found if not design.impossible]
    return kept, frozenset(ignored)


def _most_often_impossible(designs: Sequence[Design]) -> set[str]:
    """The events that most replays rule out."""
    counts: dict[str, int] = {}
    for design in designs:
        for event in design.impossible:
            counts[event] = counts.get(event, 0) + 1
    most = max(counts.values())
    return {event for event, count in counts.items() if count == most}


def mixture_of(
    replays: Replays,
    designs: Sequence[tuple[int, Design]],
    *,
    draws: int,
    seed: int,
    progress: Callable[[], None] | None = None,
) -> Mixture:
    """Fit all designs and mix them; ledgers that no replay allows lose their share to the others."""
    evidence = replays.evidence
    _refuse_unexposed(evidence, designs)
    fits = fit_paths(designs, evidence, seed, progress=progress)
    left = {number: replays.shares[number] for number in {fitted.ledger for fitted in fits}}
    total = sum(left.values())
    return mix(fits, evidence, {number: share / total for number, share in left.items()}, draws, seed)


def _refuse_unexposed(evidence: Learnable, designs: Sequence[tuple[int, Design]]) -> None:
    """Refuse a rate without a prior of its own whose clock was never possible.

    Raises
    ------
    ForecastError
        With the first such rate.
    """
    for number, each in enumerate(evidence.fitted):
        if each.prior.family == "jeffreys" and not all(_exposed(design, number) for _, design in designs):
            raise ForecastError(
                f"{each.name}: '{each.uses[0].moment}' was never possible in the days that count, so its record says"
                " nothing of this rate, and nothing else does. Let `since` begin earlier, or give the rate a value"
                " with a spread."
            )


def _exposed(design: Design, number: int) -> bool:
    """Whether a clock in which a number stands was possible at all."""
    mine = (clock for clock in design.clocks if any(term.number == number for term in clock.cells.terms))
    return any(clock.days.sum() > 0.0 for clock in mine)


def _notes(replays: Replays, mixture: Mixture, ignored: frozenset[str]) -> list[str]:
    found = []
    if not replays.evidence.fitted:
        found.append(
            "Nothing was fitted: no action with a spread in its rate or factors declares a complete record"
            " (complete_from). All parameters keep their priors."
        )
        return found
    if ignored:
        found.append(
            f"Left out, since the crisis holds them impossible when they happened: {', '.join(sorted(ignored))}."
        )
    if mixture.effective_paths < 5.0:
        found.append(
            f"The weights leave an effective {mixture.effective_paths:.1f} of {len(mixture.fits)} replays: ask for more"
            " paths."
        )
    doubtful = disputed(replays.crisis)
    if doubtful:
        found.append(
            f"{len(doubtful)} disputed events: {len(replays.ledgers)} distinct ledgers were sampled by how far each"
            " event is held, fitted and pooled."
        )
    return found


def _check(
    crisis: Crisis, paths: int, draws: int, seed: int, since: float | None, reporting: Mapping[str, float]
) -> None:
    if not isinstance(crisis, Crisis):
        raise ForecastError(
            f"crisis: it must be a Crisis, but is {type(crisis).__name__}. Read one with detente.load(…)."
        )
    for name, value, least in (("paths", paths, 2), ("draws", draws, 100), ("seed", seed, 0)):
        if value < least:
            raise ForecastError(f"{name}: it must be {least} or more, but is {value}.")
    if since is not None and not crisis.record_from <= since < 0.0:
        raise ForecastError(
            f"since: it must be a day of the record, from {crisis.record_from:g} up to 0, but is {since:g}."
        )
    for name, share in reporting.items():
        if name not in crisis.moments:
            raise ForecastError(f"reporting: there is no action '{name}'.")
        if not 0.0 < share <= 1.0:
            raise ForecastError(f"reporting of '{name}': it must lie above 0 and up to 1, but is {share:g}.")


def _from(progress: Progress, done: int, total: int) -> Progress:
    return lambda finished, _: progress(done + finished, total)


def _first_half(progress: Progress | None) -> Progress | None:
    """Replays are the first of two steps per path."""
    return None if progress is None else lambda done, of: progress(done, 2 * of)


def _second_half(progress: Progress | None, n: int) -> Callable[[], None] | None:
    if progress is None:
        return None
    done = n

    def step() -> None:
        nonlocal done
        done += 1
        progress(done, 2 * n)

    return step


__all__ = ["Replays", "designs_for", "fit", "mixture_of", "replay_for_fit"]
