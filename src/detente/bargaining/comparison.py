"""All rules side by side on one table of actors, and how much each faction's influence matters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from detente.bargaining.arguments import Factions, FloatArray, check_factions, check_options
from detente.bargaining.election import condorcet_election
from detente.bargaining.expected_utility import expected_utility_rounds
from detente.bargaining.simple_rules import influence_effects, leader_veto, mean_of, median_of
from detente.bargaining.spatial import spatial_model
from detente.bargaining.spread import PredictiveSpread, predictive_spread
from detente.bargaining.tables import ActorTable
from detente.errors import TableError

N_OPTIONS = 21
"""Size of the even grid on which the election is held unless options are given."""

ROUNDS = 5
"""Rounds of the expected-utility model, as in the accuracy table of the manual."""

TURNS = 15
"""Most turns of the spatial model, as in the accuracy table of the manual."""

RECORD_ERRORS: dict[str, float] = {
    "compromise": 23.1,
    "weighted_median": 28.3,
    "election_markov_uniform": 23.2,
    "election_markov_incentive": 23.2,
    "election_conditional": 25.1,
    "spatial_model": 23.7,
    "expected_utility_code_mean": 25.6,
    "expected_utility_code_median": 29.0,
    "expected_utility_printed_mean": 30.3,
    "expected_utility_printed_median": 31.2,
}
"""Mean absolute error of each rule, as run here, on 353 decisions of the European Union (DEU III, 0-100)."""


@dataclass(frozen=True)
class RuleOutcome:
    """What one rule says.

    `outcome` is on the scale of the table. `record_error` is the rule's mean absolute error on 353
    decisions of the European Union, in hundredths of the scale, None where it was not measured; saying the
    middle of the scale scores 28.0. `note` names the variant in words.
    """

    rule: str
    outcome: float
    record_error: float | None
    note: str


@dataclass(frozen=True)
class FactionEffect:
    """How much one faction's influence matters.

    `share` is its part of the weight, in [0, 1]. `slope` is the shift of the compromise per unit of log
    influence, so a shock of one per cent moves it by a hundredth of that. `doubled` and `removed` are the
    shifts of the compromise if its influence were doubled or nil, `median_doubled` and `median_removed`
    those of the weighted median; None if nobody else has weight.
    """

    actor: str
    position: float
    share: float
    slope: float
    doubled: float
    removed: float | None
    median_doubled: float
    median_removed: float | None


@dataclass(frozen=True)
class Comparison:
    """All rules on one table, ready to be printed or drawn.

    `rules` starts with the default. `spread` is the predictive distribution around the compromise,
    `interval` its central 80 %. `options` and `election` are the grid and the distribution of the
    uniform Markov election on it. `median_margin` is the share of the weight, in [0, ½], that would have to
    cross over to tip the weighted median; near zero the median is not to be trusted. `factions` are in the
    order of the table.
    """

    table: ActorTable
    rules: tuple[RuleOutcome, ...]
    spread: PredictiveSpread
    interval: tuple[float, float]
    options: FloatArray
    election: FloatArray
    median_margin: float
    factions: tuple[FactionEffect, ...]

    def as_dict(self) -> dict[str, object]:
        """The findings as plain data, for JSON; the table itself is left out."""
        return {
            "rules": [asdict(rule) for rule in self.rules],
            "spread": {"center": float(self.spread.center), "deviation": float(self.spread.deviation)},
            "interval": list(self.interval),
            "options": self.options.tolist(),
            "election": self.election.tolist(),
            "median_margin": self.median_margin,
            "factions": [asdict(faction) for faction in self.factions],
        }


def compare_rules(table: ActorTable, *, options: ArrayLike | None = None) -> Comparison:
    r"""Run every rule on one table of actors.

    The compromise stands first and is the default; the leader's veto appears if the table names a leader
    and a status quo; actors without weight are left out of the models that cannot take them.

    Parameters
    ----------
    table : ActorTable
        As read from a file.
    options : array_like, shape (m,), rising, optional
        Options of the election; by default an even grid of 21 over the scale.

    Returns
    -------
    Comparison

    Raises
    ------
    TableError
        If an option lies off the scale, or the table was not made by `read_actor_table` and breaks its
        ranges.

    Examples
    --------
    >>> from detente.bargaining import parse_actor_table
    >>> table = parse_actor_table("actor,position,influence,salience\nA,20,2,1\nB,80,1,1\nC,50,1,0.5\n")
    >>> found = compare_rules(table)
    >>> [(rule.rule, round(rule.outcome, 1)) for rule in found.rules[:2]]
    [('compromise', 41.4), ('weighted_median', 20.0)]
    >>> [round(faction.share, 2) for faction in found.factions]
    [0.57, 0.29, 0.14]
    """
    group = check_factions(table.position, table.influence, table.salience)
    grid = _grid(table, options)
    spread = predictive_spread(*group, lower=table.lower, upper=table.upper)
    low, high = spread.interval(0.8)
    return Comparison(
        table=table,
        rules=tuple(_rules(table, group, grid)),
        spread=spread,
        interval=(float(low), float(high)),
        options=grid,
        election=_election(table, grid, "markov_uniform"),
        median_margin=_median_margin(group),
        factions=_effects(table, group),
    )


def _grid(table: ActorTable, options: ArrayLike | None) -> FloatArray:
    if options is None:
        return np.linspace(table.lower, table.upper, N_OPTIONS)
    grid = check_options(options)
    if grid[0] < table.lower or grid[-1] > table.upper:
        raise TableError(f"options: they must lie on the declared scale, {table.lower:g} to {table.upper:g}.")
    return grid


def _rules(table: ActorTable, group: Factions, grid: FloatArray) -> Iterator[RuleOutcome]:
    """All rules, the default first and the historical models last."""
    mean, median = float(mean_of(group)), float(median_of(group))
    yield _found("compromise", mean, "mean weighted by influence and salience; the default")
    yield _found("weighted_median", median, "where a body would vote; jumps")
    yield from _vetoes(table, mean, median)
    for rule in ("markov_uniform", "markov_incentive", "conditional"):
        outcome = float(_election(table, grid, rule) @ grid)
        yield _found(f"election_{rule}", outcome, f"mean of the election on {grid.size} options")
    yield from _historical(table, group)


def _found(rule: str, outcome: float, note: str) -> RuleOutcome:
    return RuleOutcome(rule, outcome, RECORD_ERRORS.get(rule), note)


def _vetoes(table: ActorTable, mean: float, median: float) -> Iterator[RuleOutcome]:
    if table.leader is None or table.status_quo is None:
        return
    ideal = float(table.position[table.actors.index(table.leader)])
    for name, choice in (("compromise", mean), ("weighted_median", median)):
        for veto, words in (("concede", "gives way as far as tolerable"), ("block", "keeps the status quo")):
            outcome = float(leader_veto(choice, ideal=ideal, status_quo=table.status_quo, rule=veto))  # type: ignore[arg-type]
            yield _found(f"{name}_{veto}", outcome, f"{table.leader} {words}")


def _historical(table: ActorTable, group: Factions) -> Iterator[RuleOutcome]:
    turns = _spatial(table, group)
    yield _found("spatial_model", turns, f"KTAB, weighted mean after at most {TURNS} turns")
    for variant in ("code", "printed"):
        # Compulsion is left out of the code, as its port does.
        played = expected_utility_rounds(
            *group,
            variant=variant,
            rounds=ROUNDS,
            compulsion=variant == "printed",
        )
        basis = "in the code" if variant == "code" else "printed"
        note = f"expected utility as {basis}, round {ROUNDS}; historical"
        yield _found(f"expected_utility_{variant}_mean", float(played.mean[-1]), f"{note}, mean")
        yield _found(f"expected_utility_{variant}_median", float(played.median[-1]), f"{note}, median")


def _spatial(table: ActorTable, group: Factions) -> float:
    """Weighted mean of the positions after bargaining among those who have a say."""
    keep = group.weight > 0
    if keep.sum() < 2:
        return float(mean_of(group))
    x, c, s = (array[keep] for array in group)
    played = spatial_model(x, c, s, lower=table.lower, upper=table.upper, max_turns=TURNS)
    return float(mean_of(Factions(played.positions[-1, :, 0], c, s)))


def _election(table: ActorTable, grid: FloatArray, rule: str) -> FloatArray:
    return condorcet_election(
        table.position,
        table.influence,
        table.salience,
        options=grid,
        lower=table.lower,
        upper=table.upper,
        rule=rule,  # type: ignore[arg-type]
    )


def _median_margin(group: Factions) -> float:
    """Share of the weight between half and the nearer edge of the block of weight at the median."""
    weight, median = group.weight, median_of(group)
    total = weight.sum()
    below = weight[group.position < median].sum() / total
    reached = weight[group.position <= median].sum() / total
    return float(max(min(reached - 0.5, 0.5 - below), 0.0))


def _effects(table: ActorTable, group: Factions) -> tuple[FactionEffect, ...]:
    """Each faction's share and slope, and the two outcomes with its influence doubled and without it."""
    n = len(table.actors)
    mean, median = mean_of(group), median_of(group)
    share = group.weight / group.weight.sum()
    slope = group.influence * influence_effects(*group)
    # One draw per faction: its influence doubled (row i) or nil.
    doubled = check_factions(group.position, group.influence * (1 + np.eye(n)), group.salience)
    alone = share >= 1.0
    without = Factions(*(np.broadcast_to(a, (n, n)) for a in group))
    nil = without._replace(influence=group.influence * (1 - np.eye(n)) + np.where(alone, 1.0, 0.0)[:, None])
    return tuple(
        FactionEffect(
            actor=table.actors[i],
            position=float(group.position[i]),
            share=float(share[i]),
            slope=float(slope[i]),
            doubled=float(mean_of(doubled)[i] - mean),
            removed=None if alone[i] else float(mean_of(nil)[i] - mean),
            median_doubled=float(median_of(doubled)[i] - median),
            median_removed=None if alone[i] else float(median_of(nil)[i] - median),
        )
        for i in range(n)
    )
