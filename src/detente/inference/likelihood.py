r"""The log posterior density of the fitted numbers given one replay, with exact derivatives.

Clocks make a Poisson process in cells of constant intensity, choices a conditional logit:

.. math:: \sum_e \log \lambda(t_e) - \sum_i \lambda_i\,\Delta_i + \sum_c \log p_c + \log \text{prior}

Where only the week or month of an event is known, λ(t_e) is its mean over that time. A clock whose rate is counted
has Jeffreys' prior on its expected count Λ, half of log Λ: given all else the rate is then Gamma(count + ½) over
its exposure, as where it is not fitted. The numbers that never meet in one clock or choice are independent given
the replay, so the density is taken apart into targets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from detente.inference.design import ChoiceDesign, ClockDesign, Design, Rows, Term
from detente.inference.priors import Logarithm, Prior, logarithm, to_value
from detente.ledger.newton import Point

Floats = NDArray[np.float64]

_CEILING = 300.0
"""A log intensity above this is held there: its density is 0 in every way that counts."""


@dataclass(frozen=True)
class Target:
    """A density of p numbers that belong together: their places among all fitted, priors, and what they explain."""

    numbers: tuple[int, ...]
    priors: tuple[Prior, ...]
    clocks: tuple[ClockDesign, ...]
    choices: tuple[ChoiceDesign, ...]

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return len(self.numbers)

    @property
    def n_events(self) -> int:
        """How many events and choices it explains."""
        return sum(len(clock.events) for clock in self.clocks) + len(self.choices)

    def log_prior(self, points: Floats) -> Floats:
        """Log prior density at points of shape (S, p), shape (S,)."""
        total = np.zeros(len(points))
        for j, prior in enumerate(self.priors):
            total += prior.log_density(points[:, j])
        return total

    def log_likelihood(self, points: Floats) -> Floats:
        """Log likelihood at points of shape (S, p), shape (S,); −infinity where what happened could not."""
        logs = self._logarithms(points)
        total = np.zeros(len(points))
        for clock in self.clocks:
            total += _clock_value(clock, logs)
        for choice in self.choices:
            total += _choice_value(choice, logs, self._values(points))
        return np.where(np.isnan(total), -np.inf, total)

    def log_density(self, points: Floats) -> Floats:
        """Log posterior density at points of shape (S, p), up to a constant, shape (S,)."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self.log_prior(points) + self.log_likelihood(points)

    def look(self, at: Floats) -> Point:
        """Log posterior density at one point of shape (p,), its gradient, and its negative Hessian."""
        with np.errstate(over="ignore", invalid="ignore"):
            return self._look(at)

    def _look(self, at: Floats) -> Point:
        points = at[None]
        logs = [Logarithm(*(part[0] for part in log)) for log in self._logarithms(points)]
        gradient, hessian = np.zeros(self.size), np.zeros((self.size, self.size))
        for j, prior in enumerate(self.priors):
            first, second = prior.slopes(at[j])
            gradient[j] += first
            hessian[j, j] -= second
        for clock in self.clocks:
            _add_clock(clock, logs, gradient, hessian)
        for choice in self.choices:
            _add_choice(choice, logs, self.priors, at, gradient, hessian)
        return Point(float(self.log_density(points)[0]), gradient, hessian)

    def _logarithms(self, points: Floats) -> list[Logarithm]:
        return [logarithm(prior.scale, points[:, j]) for j, prior in enumerate(self.priors)]

    def _values(self, points: Floats) -> list[Floats]:
        return [to_value(prior.scale, points[:, j]) for j, prior in enumerate(self.priors)]


def targets_of(design: Design, priors: Sequence[Prior]) -> tuple[Target, ...]:
    """Take the density of one replay apart into targets that are independent; every number is in one."""
    moved = [prior.moved(design.shifts.get(number, 0.0)) if number in design.shifts else prior
             for number, prior in enumerate(priors)]  # fmt: skip
    groups = _groups(
        len(priors), [*map(_numbers_of_clock, design.clocks), *map(_numbers_of_choice, design.choices)]
    )
    return tuple(_target(design, group, moved) for group in groups)


def _groups(n: int, meeting: Iterable[Iterable[int]]) -> list[tuple[int, ...]]:
    """Numbers 0 … n − 1 in groups: those that meet are in one."""
    group = {number: {number} for number in range(n)}
    for together in meeting:
        joined = set().union(*(group[number] for number in together))
        for number in joined:
            group[number] = joined
    return sorted({tuple(sorted(members)) for members in group.values()})


def _numbers_of_clock(clock: ClockDesign) -> set[int]:
    return {term.number for term in clock.cells.terms}


def _numbers_of_choice(choice: ChoiceDesign) -> set[int]:
    shares = {share for share in (*choice.shares, *choice.taken) if share >= 0}
    return shares | {term.number for term in choice.odds.terms}


def _target(design: Design, group: tuple[int, ...], priors: Sequence[Prior]) -> Target:
    place = {number: j for j, number in enumerate(group)}
    clocks = (clock for clock in design.clocks if _numbers_of_clock(clock) & place.keys())
    choices = (choice for choice in design.choices if _numbers_of_choice(choice) & place.keys())
    return Target(
        numbers=group,
        priors=tuple(priors[number] for number in group),
        clocks=tuple(
            replace(clock, cells=_placed(clock.cells, place), moments=_placed(clock.moments, place))
            for clock in clocks
        ),
        choices=tuple(_placed_choice(choice, place) for choice in choices),
    )


def _placed(rows: Rows, place: Mapping[int, int]) -> Rows:
    return Rows(rows.offset, tuple(replace(term, number=place[term.number]) for term in rows.terms))


def _placed_choice(choice: ChoiceDesign, place: Mapping[int, int]) -> ChoiceDesign:
    return replace(
        choice,
        odds=_placed(choice.odds, place),
        shares=tuple(place.get(share, share) for share in choice.shares),
        taken=tuple(place[share] for share in choice.taken),
    )


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────


def log_intensities(rows: Rows, logs: Sequence[Logarithm]) -> Floats:
    """Logs of the intensities of all rows, shape (S, n)."""
    n_points = len(logs[0].value) if logs else 1
    eta = np.broadcast_to(rows.offset, (n_points, len(rows))).copy()
    for term in rows.terms:
        eta += _term_value(term, logs[term.number].value[:, None])
    return np.minimum(eta, _CEILING)


def _term_value(term: Term, log_times: Floats) -> Floats:
    """Log of a factor at x, with its `times` given by the logarithm; broadcast (S, 1) by (n,)."""
    if term.memory:
        value = 1.0 + np.expm1(np.minimum(log_times, 700.0)) * term.x
        with np.errstate(divide="ignore"):
            value = np.log(np.maximum(value, 0.0))
    else:
        value = log_times * term.x
    if term.low <= 0.0 and np.isinf(term.high):
        return value
    clamped: Floats = np.where(
        term.x == 0.0, 0.0, np.clip(value, _log_bound(term.low), _log_bound(term.high))
    )
    return clamped


def _log_bound(bound: float) -> float:
    return float(np.log(bound)) if bound > 0.0 else -np.inf


def _slopes(rows: Rows, logs: Sequence[Logarithm], size: int) -> tuple[Floats, Floats]:
    """First derivatives of the log intensities, shape (n, p), and the second of each by its own number, (n, p)."""
    first, second = np.zeros((len(rows), size)), np.zeros((len(rows), size))
    for term in rows.terms:
        log = logs[term.number]
        a, b = _term_slopes(term, float(log.value))
        first[:, term.number] += a * log.first
        second[:, term.number] += b * log.first**2 + a * log.second
    return first, second


def _term_slopes(term: Term, log_times: float) -> tuple[Floats, Floats]:
    """Derivatives of a term by the log of its `times`; 0 where a bound holds it."""
    if term.memory:
        times = np.exp(min(log_times, 700.0))
        size = np.maximum(1.0 + (times - 1.0) * term.x, 1e-300)
        first = times * term.x / size
        second = first * (1.0 - term.x) / size
    else:
        first, second = term.x, np.zeros_like(term.x)
    value = _term_value(replace(term, low=0.0, high=np.inf), np.array(log_times))
    free = (value > _log_bound(term.low)) & (value < _log_bound(term.high)) | (term.x == 0.0)
    return np.where(free, first, 0.0), np.where(free, second, 0.0)


# ── clocks ───────────────────────────────────────────────────────────────────────────────────────


def _clock_value(clock: ClockDesign, logs: Sequence[Logarithm]) -> Floats:
    """Log likelihood of a Poisson process, with Jeffreys' prior where it is counted, shape (S,)."""
    expected = np.exp(log_intensities(clock.cells, logs)) @ clock.days
    value: Floats = _event_values(clock, logs).sum(axis=1) - expected
    return value + 0.5 * np.log(np.maximum(expected, 1e-300)) if clock.counted else value


def _event_values(clock: ClockDesign, logs: Sequence[Logarithm]) -> Floats:
    """Log of the (mean) intensity at each event, shape (S, events)."""
    eta = log_intensities(clock.moments, logs)
    if len(clock.events) == eta.shape[1]:
        return eta
    mean = np.empty((len(eta), len(clock.events)))
    for event in range(len(clock.events)):
        rows = clock.of_event == event
        mean[:, event] = special.logsumexp(eta[:, rows], axis=1, b=clock.parts[rows])
    return mean


def _add_clock(clock: ClockDesign, logs: Sequence[Logarithm], gradient: Floats, hessian: Floats) -> None:
    """Add the derivatives of a clock's log likelihood; to `hessian` with the sign turned."""
    size = len(gradient)
    single = [Logarithm(*(np.reshape(part, 1) for part in log)) for log in logs]
    first, second = _slopes(clock.cells, logs, size)
    expected = np.exp(log_intensities(clock.cells, single)[0]) * clock.days
    slope, curvature = expected @ first, (first * expected[:, None]).T @ first + np.diag(expected @ second)
    gradient -= slope
    hessian += curvature
    if clock.counted:
        total = max(float(expected.sum()), 1e-300)
        gradient += 0.5 * slope / total
        hessian -= 0.5 * (curvature / total - np.outer(slope, slope) / total**2)
    first, second = _slopes(clock.moments, logs, size)
    share = _shares_of_events(clock, single)
    mean = np.zeros((len(clock.events), size))
    np.add.at(mean, clock.of_event, share[:, None] * first)
    gradient += mean.sum(axis=0)
    hessian -= (first * share[:, None]).T @ first + np.diag(share @ second) - mean.T @ mean


def _shares_of_events(clock: ClockDesign, single: Sequence[Logarithm]) -> Floats:
    """Share of every row in the mean intensity of its event."""
    eta = log_intensities(clock.moments, single)[0]
    values = _event_values(clock, single)[0]
    shares: Floats = clock.parts * np.exp(eta - values[clock.of_event]) if len(eta) else np.zeros(0)
    return shares


# ── choices ──────────────────────────────────────────────────────────────────────────────────────


def _log_odds(choice: ChoiceDesign, logs: Sequence[Logarithm], values: Sequence[Floats]) -> Floats:
    """Logs of the odds of the outcomes, shape (S, K)."""
    eta = log_intensities(choice.odds, logs)
    for k, share in enumerate(choice.shares):
        if share >= 0:
            eta[:, k] += logs[share].value
        elif share == -2:
            left = choice.rest - np.sum([values[j] for j in choice.taken], axis=0)
            with np.errstate(divide="ignore"):
                eta[:, k] += np.log(np.maximum(left, 0.0))
    return eta


def _choice_value(choice: ChoiceDesign, logs: Sequence[Logarithm], values: Sequence[Floats]) -> Floats:
    eta = _log_odds(choice, logs, values)
    value: Floats = eta[:, choice.chosen] - special.logsumexp(eta, axis=1)
    return value


def _add_choice(
    choice: ChoiceDesign,
    logs: Sequence[Logarithm],
    priors: Sequence[Prior],
    at: Floats,
    gradient: Floats,
    hessian: Floats,
) -> None:
    """Add the derivatives of the log probability of a choice; to `hessian` with the sign turned."""
    size, n = len(at), len(choice.outcomes)
    single = [Logarithm(*(np.reshape(part, 1) for part in log)) for log in logs]
    values = [to_value(prior.scale, at[j : j + 1]) for j, prior in enumerate(priors)]
    first, own = _slopes(choice.odds, logs, size)
    second = np.zeros((n, size, size))
    second[:, range(size), range(size)] = own
    for k, share in enumerate(choice.shares):
        if share >= 0:
            first[k, share] += logs[share].first
            second[k, share, share] += logs[share].second
        elif share == -2:
            _add_remainder(choice, logs, values, first[k], second[k])
    p = special.softmax(_log_odds(choice, single, values)[0])
    mean = p @ first
    gradient += first[choice.chosen] - mean
    spread = (first * p[:, None]).T @ first - np.outer(mean, mean)
    hessian += spread + np.tensordot(p, second, 1) - second[choice.chosen]


def _add_remainder(
    choice: ChoiceDesign, logs: Sequence[Logarithm], values: Sequence[Floats], first: Floats, second: Floats
) -> None:
    """Derivatives of log(rest − Σ shares); none where nothing is left."""
    left = choice.rest - sum(float(values[j][0]) for j in choice.taken)
    if left <= 0.0:
        return
    slope = np.zeros(len(first))
    for j in choice.taken:
        share, log = float(values[j][0]), logs[j]
        slope[j] = -share * log.first / left
        second[j, j] -= share * (log.first**2 + log.second) / left
    first += slope
    second -= np.outer(slope, slope)
