"""How far an event is held, where the claims about it conflict.

An event is contested where its row names claims that deny it (``contested_by``). Then, and only then, its claims
are weighed; an event that nobody contests is held with 1, and one whose row states ``held`` with that.

Weight of a claim [nat], with the parameters of `detente.model.Holding`::

    w = reliability(best grade among its sources) · status · ln credibility(its grade)

Claims of one side that share a source, or are asserted by the same party, make a *chain*. A chain counts once,
with the strongest of its claims (and `repeated` of the rest)::

    ln(held / (1 − held)) = ln(prior / (1 − prior)) + Σ chains for it − Σ chains against it

Both sides are weighed alike. The status of a claim stands for others who are not listed: where a claim of the
same event is about it (its ``about`` names the id), the status is left out and only the listed claim counts. An
event that names no claim of its own is told by its sources, each as an asserted claim without a grade. Claims and
sources that have been superseded count as what took their place. The column ``confidence`` counts nowhere.

The grades are those of AJP-2.1 (NATO, *Allied Joint Doctrine for Intelligence Procedures*), the Admiralty code.
They are ordinal; the numbers behind them are a judgement, so all can be set in the file. Irwin and Mandel,
"Improving information evaluation for intelligence production", *Intelligence and National Security* 34 (2019)
503–525, show what they suffer from: readers differ in what a grade means, "confirmed by other sources" counts
corroboration twice, and 6 and F are no lower end of the scale. Here each independent chain counts once whatever
its grade says, and 6 and F stand between the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from detente.crisisfile.superseding import newest
from detente.model import Claim, Event, Holding, Source

UNGRADED_CLAIM, UNGRADED_SOURCE = "6", "F"
"""What counts where a grade is missing: cannot be judged."""


@dataclass(frozen=True)
class Held:
    """How far an event is held, and why.

    `probability` is in [0, 1]. `supporting` and `contesting` give, for each chain, the claim that counts and what
    the chain takes to or from the log odds [nat]; they are empty where nothing was weighed. `stated` says
    that the probability stands in the event's row.
    """

    probability: float
    supporting: tuple[tuple[str, float], ...] = ()
    contesting: tuple[tuple[str, float], ...] = ()
    stated: bool = False

    @property
    def is_uncertain(self) -> bool:
        """Whether the event may or may not have happened."""
        return 0.0 < self.probability < 1.0

    @property
    def why(self) -> str:
        """The reasons in words."""
        if self.stated:
            return "stated in its row"
        if not self.contesting:
            return "no claim contests it"
        return f"{_listed(self.supporting)} for it; {_listed(self.contesting)} against it"


def hold(
    event: Event,
    claims: Mapping[str, Claim],
    sources: Mapping[str, Source],
    rule: Holding | None = None,
) -> Held:
    """How far an event is held, by its row or by its claims.

    Parameters
    ----------
    event : Event
        The event; its lists may name ids that have been superseded. Ids that are not known count for nothing.
    claims, sources : mapping by id
        All rows that are known, superseded ones included.
    rule : Holding, optional
        The numbers behind the grades; default: those of `Holding`.

    Examples
    --------
    A report of a fairly reliable paper, denied by a source that cannot be judged:

    >>> import datetime as dt
    >>> sources = {"S1": Source("S1", "Report", reliability="B"), "S2": Source("S2", "Denial")}
    >>> claims = {
    ...     "C1": Claim("C1", "officials", "They met", source=("S1",), credibility="2"),
    ...     "C2": Claim("C2", "ministry", "They did not", source=("S2",), credibility="3"),
    ... }
    >>> met = Event("E1", dt.datetime(2024, 11, 11), "day", (), (), "", "", "A meeting", claims=("C1",),
    ...     contested_by=("C2",))
    >>> held = hold(met, claims, sources)
    >>> round(held.probability, 2), held.why
    (0.68, 'C1 (+1.11) for it; C2 (-0.35) against it')
    """
    if event.held is not None:
        return Held(event.held, stated=True)
    if not event.contested_by:
        return Held(1.0)
    scale = _Scale(rule or Holding(), claims, sources)
    against = scale.side(event.contested_by, beside=event.claims)
    told = (
        scale.side(event.claims, beside=event.contested_by) if event.claims else scale.told_by(event.sources)
    )
    against = tuple((id_, -weight) for id_, weight in against)
    log_odds = scale.prior + sum(weight for _, weight in (*told, *against))
    return Held(_logistic(log_odds), told, against)


def _logistic(x: float) -> float:
    return 1.0 / (1.0 + math.exp(-x)) if x >= 0.0 else math.exp(x) / (1.0 + math.exp(x))


def _listed(weights: Iterable[tuple[str, float]]) -> str:
    return ", ".join(f"{id_} ({weight:+.2f})" for id_, weight in weights) or "nothing"


class _Scale:
    """Weighs claims by one rule."""

    def __init__(self, rule: Holding, claims: Mapping[str, Claim], sources: Mapping[str, Source]) -> None:
        self.rule = rule
        self.claims, self.sources = claims, sources
        self.newest = newest(claims) | newest(sources)
        self.prior = math.log(rule.prior / (1.0 - rule.prior))

    def side(self, ids: Iterable[str], beside: Iterable[str]) -> tuple[tuple[str, float], ...]:
        """The chains of the claims of one side: the strongest claim of each, and what the chain weighs."""
        counted = self._counted(ids)
        answered = {self.newest.get(claim.about) for claim in (*counted, *self._counted(beside))}
        weighed = [(claim, self._weight(claim, alone=claim.id not in answered)) for claim in counted]
        return tuple(self._chain(chain) for chain in _chains(weighed, self._origins))

    def told_by(self, ids: Iterable[str]) -> tuple[tuple[str, float], ...]:
        """Sources that tell of an event themselves, each a chain of its own."""
        weight = math.log(self.rule.credibility[UNGRADED_CLAIM]) * self.rule.status["asserted"]
        return tuple((id_, weight * self._trust(id_)) for id_ in self._in_force(ids))

    def _counted(self, ids: Iterable[str]) -> list[Claim]:
        return [self.claims[id_] for id_ in self._in_force(ids)]

    def _in_force(self, ids: Iterable[str]) -> dict[str, None]:
        """The rows that count, each once; ids that are not known are left out."""
        return dict.fromkeys(self.newest[id_] for id_ in ids if id_ in self.newest)

    def _weight(self, claim: Claim, *, alone: bool) -> float:
        ratio = self.rule.credibility[claim.credibility or UNGRADED_CLAIM]
        grades = [self._trust(id_) for id_ in self._in_force(claim.source)]
        trust = max(grades, default=self.rule.reliability[UNGRADED_SOURCE])
        status = self.rule.status.get(claim.status, 1.0) if alone else self.rule.status["asserted"]
        return trust * status * math.log(ratio)

    def _trust(self, source: str) -> float:
        return self.rule.reliability[self.sources[source].reliability or UNGRADED_SOURCE]

    def _origins(self, claim: Claim) -> set[str]:
        return {f"by {claim.asserted_by}", *self._in_force(claim.source)}

    def _chain(self, chain: list[tuple[Claim, float]]) -> tuple[str, float]:
        (strongest, most), *rest = sorted(chain, key=lambda each: -abs(each[1]))
        return strongest.id, most + self.rule.repeated * sum(weight for _, weight in rest)


def _chains(
    weighed: Iterable[tuple[Claim, float]], origins: Callable[[Claim], set[str]]
) -> list[list[tuple[Claim, float]]]:
    """Claims joined where they have an origin in common, directly or through other claims."""
    chains: list[tuple[set[str], list[tuple[Claim, float]]]] = []
    for claim, weight in weighed:
        mine = origins(claim)
        joined = [chain for chain in chains if chain[0] & mine]
        chains = [chain for chain in chains if not chain[0] & mine]
        known = mine.union(*(found for found, _ in joined))
        chains.append((known, [*(each for _, members in joined for each in members), (claim, weight)]))
    return [members for _, members in chains]
