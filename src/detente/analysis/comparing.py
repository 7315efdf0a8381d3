"""What if: a crisis and scenarios of it, simulated on the same random numbers and compared question by question."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from detente.analysis import comparison_tables
from detente.analysis.differences import Compared, Difference
from detente.analysis.pairing import PairedEstimate, paired_estimate, paired_ratio
from detente.analysis.parting import Parting, part_in_events, part_in_registers, parting_of
from detente.crisisfile import dumps
from detente.crisisfile.suggest import did_you_mean
from detente.engine import Ensemble, Settings, simulate
from detente.engine.ensemble import Progress
from detente.engine.simulating import simulate_again
from detente.engine.watching import answer, main_watch
from detente.errors import CrisisFileError, Fault, ForecastError
from detente.forecasting.answers import LEAST_GIVEN, Answer, answer_question
from detente.forecasting.remarks import refuse_runaway, usable
from detente.layout import plain_text
from detente.model import Crisis, Question
from detente.provenance import Provenance, digest_of_text, record_provenance
from detente.scenario import Scenario, apply
from detente.scenario.idling import only_forbids

if TYPE_CHECKING:
    import polars as pl
    from rich.console import Group

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """A crisis as things stand and under scenarios, on the same seed; it shows itself as tables.

    Attributes
    ----------
    crisis : Crisis
        The baseline.
    answers : mapping of str to Answer
        Of the baseline, by question.
    scenarios : mapping of str to Compared
        By name of the scenario, in the order asked for; after an interruption those that were reached.
    settings : Settings
        Of every ensemble.
    interrupted : bool
        Whether less was simulated than was asked for.
    provenance : Provenance
        How it was made.
    """

    crisis: Crisis
    answers: Mapping[str, Answer]
    scenarios: Mapping[str, Compared]
    settings: Settings
    interrupted: bool
    provenance: Provenance

    def __getitem__(self, scenario: str) -> Compared:
        if scenario not in self.scenarios:
            known = ", ".join(self.scenarios) or "none"
            raise ForecastError(f"there is no scenario '{scenario}' in the comparison. Scenarios: {known}.")
        return self.scenarios[scenario]

    def to_polars(self) -> pl.DataFrame:
        """One row per scenario and question; the columns are the fields of `Difference`."""
        return comparison_tables.to_polars(self.scenarios.values())

    def as_dict(self) -> dict[str, Any]:
        """The whole comparison as plain data, ready for JSON; dates as text, probabilities in [0, 1]."""
        return comparison_tables.as_dict(self._shown())

    def __rich__(self) -> Group:
        return comparison_tables.rendered(self._shown())

    def _shown(self) -> comparison_tables.Shown:
        return comparison_tables.Shown(
            self.crisis, self.settings, self.scenarios, self.interrupted, self.provenance.as_dict()
        )

    def __str__(self) -> str:
        return plain_text(self)

    __repr__ = __str__


def compare(
    crisis: Crisis,
    scenarios: Scenario | Iterable[Scenario],
    *,
    questions: Iterable[str] | None = None,
    trajectories: int = 10_000,
    replicates: int = 8,
    seed: int | None = None,
    horizon: float | None = None,
    threads: int | None = None,
    tick: float = 1.0,
    events: bool = False,
    progress: Progress | None = None,
) -> Comparison:
    """Simulate a crisis as it stands and under scenarios on the same random numbers, and compare the answers.

    Parameters
    ----------
    crisis : Crisis
    scenarios : Scenario or iterable of Scenario
        With names that differ.
    questions : iterable of str, optional
        Which questions; all by default.
    trajectories, replicates, seed, horizon, threads, tick
        As in `detente.forecast`, for each ensemble.
    events : bool
        Compare the event logs, to know when futures part at all; by default they part when an answer or the first
        date of a listed action differs. About doubles the time.
    progress : callable, optional
        Called with the numbers of finished and of all futures, those of all ensembles together.

    Returns
    -------
    Comparison
        On Ctrl-C, of the scenarios and futures that were finished until then.

    Raises
    ------
    CrisisFileError
        If a scenario does not fit the crisis, with every fault.
    ForecastError
        If a question does not exist, or two scenarios share a name.
    ModelError
        If the crisis cannot be run, or more than 1 % of the futures of an ensemble run away.
    KeyboardInterrupt
        If it was interrupted before one draw of the baseline was finished.

    Examples
    --------
    >>> from detente import load
    >>> from detente.scenario import Change, Scenario
    >>> calm = Scenario("calm", changes=(Change("forbid", "us_strikes_cuba"),))
    >>> found = compare(load("cuba_1962"), calm, trajectories=800, seed=1)
    >>> found["calm"]["Q1"].n
    800
    """
    run = crisis if horizon is None else dataclasses.replace(crisis, horizon=float(horizon))
    wanted = (scenarios,) if isinstance(scenarios, Scenario) else tuple(scenarios)
    asked = questions_of(run, questions)
    changed = _applied(wanted, run)
    settings: dict[str, Any] = {"trajectories": trajectories, "replicates": replicates, "seed": seed}
    settings |= {"threads": threads, "tick": tick}
    count = _Count(progress, 1 + len(wanted))
    idle = [None if events else only_forbids(each, run) for each in wanted]
    firsts = tuple(sorted({name for names in idle for name in names or ()}))
    keep: dict[str, Any] = {"log": events, "firsts": firsts, "past": True}
    baseline = usable(simulate(run, progress=count.of_run(0), **keep, **settings))
    found: dict[str, Compared] = {}
    interrupted = baseline.interrupted
    for k, (scenario, crisis_after, forbidden) in enumerate(zip(wanted, changed, idle, strict=True), 1):
        if interrupted:
            break
        again = None if forbidden is None else felt_futures(baseline, forbidden)
        after = simulate_again(crisis_after, baseline, again, log=events, progress=count.of_run(k))
        interrupted = after.interrupted
        if after.finished:
            refuse_runaway(after)
            found[scenario.name] = compare_ensembles(baseline, after, scenario, asked)
    return Comparison(
        crisis=run,
        answers={question.name: answer_question(question, baseline) for question in asked},
        scenarios=found,
        settings=baseline.settings,
        interrupted=interrupted,
        provenance=_provenance(crisis, baseline, changed),
    )


def felt_futures(baseline: Ensemble, forbidden: Mapping[str, float]) -> Bools:
    """Futures in which something happens while a scenario forbids it: all others stay as they are.

    What a clock used up before it was forbidden no more counts until the end of that epoch.
    """
    felt = baseline.runaway.copy()
    for name, until in forbidden.items():
        first = baseline.registers[main_watch(name, baseline.crisis)]
        felt |= np.isfinite(first) & (first <= until + baseline.settings.epoch)
    return felt


def compare_ensembles(
    baseline: Ensemble, after: Ensemble, scenario: Scenario, questions: Iterable[Question]
) -> Compared:
    """Compare two ensembles of the same seed and settings, over the draws that both have."""
    pair = _Pair(baseline, after)
    return Compared(
        scenario=scenario,
        differences={question.name: pair.difference(question) for question in questions},
        parting=pair.parting(),
        draws=pair.draws,
        runaway=int(pair.runaway.sum()),
    )


def questions_of(crisis: Crisis, names: Iterable[str] | None) -> tuple[Question, ...]:
    """Some questions of a crisis, by name; all of them where none is named.

    Raises
    ------
    ForecastError
        If there is none of a name.
    """
    if names is None:
        return tuple(crisis.questions.values())
    names = tuple(names)
    unknown = [name for name in names if name not in crisis.questions]
    if unknown:
        hint = did_you_mean(unknown[0], crisis.questions)
        known = ", ".join(crisis.questions) or "none"
        raise ForecastError(
            f"there is no question '{unknown[0]}'. {hint} Questions: {known}.".replace("  ", " ")
        )
    return tuple(crisis.questions[name] for name in names)


def _applied(scenarios: tuple[Scenario, ...], crisis: Crisis) -> list[Crisis]:
    """The crisis under each scenario; the faults of all of them at once."""
    names = [scenario.name for scenario in scenarios]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ForecastError(f"two scenarios are named '{twice}'. Give one of them another name.")
    faults: list[Fault] = []
    changed = []
    for scenario in scenarios:
        try:
            changed.append(apply(scenario, crisis))
        except CrisisFileError as problem:
            faults.extend(problem.faults)
    if faults:
        raise CrisisFileError(faults)
    return changed


class _Count:
    """Progress of several runs as that of one."""

    def __init__(self, progress: Progress | None, runs: int) -> None:
        self.progress = progress
        self.runs = runs

    def of_run(self, number: int) -> Progress | None:
        """What one of the runs calls."""
        if self.progress is None:
            return None
        whole = self.progress

        def tell(done: int, of: int) -> None:
            whole(number * of + done, self.runs * of)

        return tell


def _provenance(crisis: Crisis, baseline: Ensemble, changed: list[Crisis]) -> Provenance:
    settings = baseline.settings
    digest = digest_of_text("\n".join(dumps(each) for each in (crisis, *changed)))
    ran: dict[str, int | float] = {
        "draws": settings.n_draws,
        "replicates": settings.n_replicates,
        "horizon": settings.horizon,
        "tick": settings.tick,
        "epoch": settings.epoch,
        "scenarios": len(changed),
    }
    return record_provenance(crisis.name, digest, seed=settings.seed, settings=ran)


class _Pair:
    """Two ensembles side by side, over the draws that both have."""

    def __init__(self, before: Ensemble, after: Ensemble) -> None:
        self.before, self.after = before, after
        self.draws = min(before.finished, after.finished)
        self.replicates = before.settings.n_replicates
        self.n = self.draws * self.replicates
        self.runaway = before.runaway[: self.n] | after.runaway[: self.n]

    def parting(self) -> Parting:
        before, after = self.before, self.after
        if before.log is not None and after.log is not None:
            return parting_of(part_in_events(before.log, after.log, self.n), "events")
        return parting_of(part_in_registers(before.registers, after.registers, self.n), "registers")

    def difference(self, question: Question) -> Difference:
        """The difference in one question."""
        begun = Difference(question.name, question.text, None, None)
        refused = answer_question(question, self.before).reason
        if refused:
            return dataclasses.replace(begun, reason=refused)
        (yes, held), (yes_after, held_after) = (self._asked(e, question) for e in (self.before, self.after))
        both = held & held_after
        if min(held.sum(), held_after.sum()) < LEAST_GIVEN and question.given is not None:
            few = min(int(held.sum()), int(held_after.sum()))
            reason = f"its condition holds in {few} of {self.n:,} futures; {LEAST_GIVEN} are needed"
            return dataclasses.replace(begun, reason=reason)
        found = self._estimate(yes, held, yes_after, held_after)
        flips = both & (yes != yes_after)
        return dataclasses.replace(
            begun,
            baseline=_mean(self._halved(self.before, yes), held),
            scenario=_mean(self._halved(self.after, yes_after), held_after),
            **_fields(found),
            n=int(both.sum()),
            to_yes=int((flips & yes_after).sum()),
            to_no=int((flips & yes).sum()),
            widened=self._widened(yes, held, yes_after, held_after),
        )

    def _asked(self, ensemble: Ensemble, question: Question) -> tuple[Bools, Bools]:
        """Where the answer is yes, and where the question arises; runaway futures stay in the denominator."""
        registers, crisis = ensemble.registers, ensemble.crisis
        asked = ensemble.crisis.questions[question.name]
        yes = answer(asked.yes_if, asked, crisis, registers)[: self.n]
        if asked.given is None:
            return yes, np.ones(self.n, np.bool_)
        held = answer(asked.given, asked, crisis, registers)[: self.n] | ensemble.runaway[: self.n]
        return yes & held, held

    def _halved(self, ensemble: Ensemble, yes: Bools) -> NDArray[np.float64]:
        """A runaway future counts as half a yes."""
        return np.where(ensemble.runaway[: self.n], 0.5, yes)

    def _estimate(self, yes: Bools, held: Bools, yes_after: Bools, held_after: Bools) -> PairedEstimate:
        one, other = self._halved(self.before, yes), self._halved(self.after, yes_after)
        if held.all() and held_after.all():
            return paired_estimate(one.reshape(self.draws, -1), other.reshape(self.draws, -1))
        same = bool((one == other).all() and (held == held_after).all())
        counts = (self._per_draw(each) for each in (one * held, held, other * held_after, held_after))
        return paired_ratio(*counts, same=same)

    def _per_draw(self, values: NDArray[Any]) -> NDArray[np.float64]:
        sums: NDArray[np.float64] = values.reshape(self.draws, -1).sum(axis=1, dtype=np.float64)
        return sums

    def _widened(
        self, yes: Bools, held: Bools, yes_after: Bools, held_after: Bools
    ) -> tuple[float, float] | None:
        if not self.runaway.any():
            return None
        one, other = self.before.runaway[: self.n], self.after.runaway[: self.n]
        least = _mean(yes_after & ~other, held_after) - _mean(yes | one, held)
        most = _mean(yes_after | other, held_after) - _mean(yes & ~one, held)
        return least, most


def _mean(yes: NDArray[Any], held: Bools) -> float:
    return float((yes * held).sum() / held.sum())


def _fields(found: PairedEstimate) -> dict[str, Any]:
    numbers = {"difference": found.difference, "error": found.error, "low": found.low, "high": found.high}
    known: dict[str, Any] = {name: None if math.isnan(value) else value for name, value in numbers.items()}
    finite = math.isfinite(found.variance_ratio)
    return known | {
        "spread_detectable": found.spread_detectable,
        "same": found.same,
        "variance_ratio": found.variance_ratio if finite else None,
        "p_value": found.p_value,
    }
