"""The process, defined: one trajectory at a time, in plain Python, straight over the classes of `model`.

`kernel.py` computes the same fast; ``tests/test_engine.py`` holds the two together, happening by happening,
on the same random numbers (`streams`). Slow on purpose: nothing here is arranged for speed.

One tick, from t0 to t1
    1. Every clock gets its intensity, read at the middle of the tick. At the beginning of an epoch it also
       gets a fresh residual: a unit exponential, which its intensity uses up as time goes by.
    2. On to the first of: a residual used up, a timer, something planned. It happens, with all that it raises
       and triggers. Clocks that read what changed get a new intensity, read at the middle of what is left of
       the tick; and on to the next. A clock that reads a memory which halves within four ticks and is alive
       is read again after every quarter of the half-life.
    3. At t1 the memories have faded and the stocks flow, all from the values before; then the instant t1.

One instant
    Timers · dates · occasions · what is recorded (or: one clock) · triggers in rounds, and the timers without
    delay that they start · watches. Within a kind by name. Guards, conditions and amounts are read at the
    exact time.

The condition of a trigger or a watch is looked at when a jump has changed something that it reads, when its
window opens and, where it reads what flows, fades or is time itself, at the end of every tick.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

from detente.engine.arithmetic import exp, log, normal_quantile
from detente.engine.reference_agenda import (
    RECORDED,
    Entry,
    Observer,
    readings,
    recorded,
    replay_span,
    scheduled,
    unrecorded,
)
from detente.engine.reference_values import TIME, State, World, declared_state, reads
from detente.engine.streams import (
    DRAW_SALT,
    exponential_plain,
    lane_plain,
    name_key,
    noise_plain,
    uniform_plain,
    word_plain,
)
from detente.engine.watching import Watch, watches_of
from detente.errors import RunawayError
from detente.expressions import Binary, Expression, Number
from detente.model import (
    NINETY_PERCENT,
    Clock,
    Crisis,
    Effect,
    Moment,
    Outcome,
    Schedule,
    Stock,
    Timer,
    Trigger,
)

MAX_AT_ONCE, MAX_ROUNDS = 1000, 64
ALIVE = 1e-3
"""A memory above this, as of the beginning of the tick, is alive."""
_key = cache(name_key)


@dataclass(frozen=True)
class ReferenceTrajectory:
    """One trajectory: every happening and its time [day], the number each watch took, what it ended with.

    `state` gives stocks, stages (index of the value) and memories by name; `end` is all there is to go on
    with; `exposures` are, after a replay, the integrals of intensities that counted rates are divided by.
    """

    log: list[tuple[float, str]]
    registers: dict[Watch, float]
    state: dict[str, float]
    end: State
    exposures: dict[str, float]
    runaway: bool


def simulate_reference(
    crisis: Crisis,
    values: Mapping[str, float],
    *,
    seed: int,
    number: int,
    start: State | None = None,
    tick: float = 1.0,
    epoch: float = 7.0,
    horizon: float | None = None,
    budget: float = math.inf,
    observer: Observer | None = None,
) -> ReferenceTrajectory:
    """Simulate trajectory `number` from the as-of date to the horizon [day].

    `values` is one draw of the parameters, `start` what its replay left; None starts as declared.
    """
    horizon = crisis.horizon if horizon is None else horizon
    state = declared_state(crisis, values, 0.0) if start is None else copy.deepcopy(start)
    looks = [(watch.closes, watch) for watch in watches_of(crisis) if watch.kind == "at"]
    looks += [(max(watch.opens, 0.0), watch) for watch in watches_of(crisis) if watch.kind == "ever"]
    run = _Run(crisis, World(crisis, values, state), lane_plain(seed, number), tick, epoch, budget)
    run.observer = observer or run.observer
    run.agenda = sorted(scheduled(crisis.moments, 0.0, horizon), key=Entry.order)
    run.looks = sorted((look for look in looks if 0.0 <= look[0] <= horizon), key=lambda look: look[0])
    run.draw_pending()
    return run.through(0.0, math.ceil(horizon / tick - 1e-9))


def replay_reference(
    crisis: Crisis,
    values: Mapping[str, float],
    *,
    seed: int,
    draw: int,
    tick: float = 1.0,
    epoch: float = 7.0,
    until: float = 0.0,
    pause: bool = False,
    paused: State | None = None,
    observer: Observer | None = None,
) -> ReferenceTrajectory:
    """Push the record of a crisis through its primitives, for one draw of the parameters.

    `counted` and `mean_rate` parameters in `values` must be 1 per day. The replay ends at `until` [day], the end of
    a tick, as at an as-of date: timers and dates of that instant are left to the future. With `pause` it stops
    before anything of that instant; from such an end, `paused`, another call goes on as if it had not stopped.
    """
    world = World(crisis, values, declared_state(crisis, values, -float(math.ceil(-crisis.record_from))))
    if paused is not None:
        world.state = copy.deepcopy(paused)
    begin, n_ticks = replay_span(crisis, tick, until, None if paused is None else paused.at)
    lane = lane_plain((seed + DRAW_SALT) & ((1 << 64) - 1), draw)
    run = _Run(crisis, world, lane, tick, epoch, replay=True, ends=until, observer=observer or Observer())
    dated = readings(crisis)
    run.moments |= dated
    entries = [*scheduled(dated, -math.inf, until), *recorded(crisis), *unrecorded(crisis, until)]
    due = (entry for entry in entries if entry.time <= until and (paused is None or entry.time >= begin))
    run.agenda = sorted(due, key=Entry.order)
    return run.through(begin, n_ticks, pause=pause)


# ── one trajectory ───────────────────────────────────────────────────────────────────────────────


class _OverBudgetError(Exception):
    """The trajectory met its budget of firings."""


@dataclass
class _Run:
    """One trajectory in the making."""

    crisis: Crisis
    world: World
    lane: int
    tick: float
    epoch: float
    budget: float = math.inf
    replay: bool = False
    ends: float = 0.0
    observer: Observer = field(default_factory=Observer)
    agenda: list[Entry] = field(default_factory=list)
    looks: list[tuple[float, Watch]] = field(default_factory=list)
    epoch_now: int = -1
    residual: dict[str, float] = field(default_factory=dict)
    redraws: dict[str, int] = field(default_factory=dict)
    intensity: dict[str, float] = field(default_factory=dict)
    until: dict[str, float] = field(default_factory=dict)
    readings: dict[str, tuple[float, float]] = field(default_factory=dict)
    changed: set[str | Watch] = field(default_factory=set)
    fired: set[str] = field(default_factory=set)
    chain: list[str] = field(default_factory=list)
    firings: int = 0
    log: list[tuple[float, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        crisis, self.state = self.crisis, self.world.state
        self.moments = {name: crisis.moments[name] for name in sorted(crisis.moments)}
        self.clocks = {n: m.cause for n, m in self.moments.items() if isinstance(m.cause, Clock)}
        self.triggers = {n: m.cause for n, m in self.moments.items() if isinstance(m.cause, Trigger)}
        self.registers = dict.fromkeys(watches_of(crisis), math.inf)
        self.reads = dict(self._what_is_read())
        self.flowing = [n for n, s in crisis.stocks.items() if s.flow or s.follows or s.noise]
        self.moving = self._readers_of(TIME, *crisis.memories, *self.flowing)
        counted = (p for p in crisis.parameters.values() if p.distribution.kind in ("counted", "mean_rate"))
        self.windows = {p.name: p.distribution for p in counted}
        self.exposures = dict.fromkeys(self.windows, 0.0)

    def _what_is_read(self) -> Iterator[tuple[str | Watch, set[str]]]:
        for name, clock in self.clocks.items():
            yield name, reads([clock.rate, self.moments[name].guard], clock.factors)
        for name, trigger in self.triggers.items():
            yield name, reads([trigger.when, trigger.rearm])
        for watch in self.registers:
            if watch.kind in ("ever", "becomes"):
                yield watch, reads([_asked(watch)])

    def _readers_of(self, *names: str) -> set[str | Watch]:
        """The clocks, triggers and watches that read one of some names."""
        return {reader for reader, read in self.reads.items() if not read.isdisjoint(names)}

    def through(self, begin: float, n_ticks: int, *, pause: bool = False) -> ReferenceTrajectory:
        """Go through all ticks from `begin`; with `pause` without the instant at the end."""
        if not self.state.armed:
            true = {name: self.world.holds(each.when, begin) for name, each in self.triggers.items()}
            self.state.armed = {name: not true[name] for name in true}
        try:
            if n_ticks or not pause:
                self._end_tick(begin)
            for k in range(n_ticks):
                self._go_through_tick(begin + k * self.tick, begin + (k + 1) * self.tick)
                if k + 1 < n_ticks or not pause:
                    self._end_tick(begin + (k + 1) * self.tick)
        except _OverBudgetError:
            pass
        final = self.state.stocks | self.state.stages | self.state.memories
        runaway = self.firings > self.budget
        return ReferenceTrajectory(self.log, self.registers, final, self.state, self.exposures, runaway)

    def _word(self, key: str, a: int, b: int = 0) -> int:
        return word_plain(self.lane, _key(key), a, b)

    def _chance(self, span: float, word: int) -> float:
        """A lognormal of median 1 whose 90 % range is a factor `span` either way."""
        return float(exp(normal_quantile(uniform_plain(word)) * log(span) / NINETY_PERCENT))

    # ── a tick ──────────────────────────────────────────────────────────────────────────────────

    def _go_through_tick(self, t0: float, t1: float) -> None:
        self._renew_residuals(t0)
        self.until = dict.fromkeys(self.clocks, t1)
        self._read_intensities(self.clocks, t0)
        now = t0
        self.readings.clear()
        pause = self._plan_readings(t0, t1)
        self._look(t0)
        while True:
            due, clock = self._first_due(now)
            planned = min(self._next_strike(), self._next_planned())
            t = min(due, pause, planned)
            if t >= t1:
                break
            self._use_up(now, t)
            now = t
            if t == planned:
                self._strike_timers(t)
                self._keep_agenda(t)
            elif t == due:
                self.redraws[clock] += 1
                self._draw_residual(clock)
                self._fire(clock, None, t)
            self._finish_instant(t)
            pause = self._plan_readings(t, t1)
            self._look(t)
        self._use_up(now, t1)
        self._fade(t1)
        self._flow(t0, t1)

    def _end_tick(self, t: float) -> None:
        """The instant at the end of a tick, or at the beginning of a run."""
        self.until = dict.fromkeys(self.clocks, t + self.tick)
        self._strike_timers(t)
        self._keep_agenda(t)
        self.changed |= self.moving & self.triggers.keys()
        self._finish_instant(t)
        self.changed |= {watch for watch in self.registers if watch.kind == "ever" and watch in self.moving}
        self._look(t)

    def _renew_residuals(self, t0: float) -> None:
        epoch = math.floor((t0 + self.world.origin) / self.epoch)
        if epoch != self.epoch_now:
            self.epoch_now, self.redraws = epoch, dict.fromkeys(self.clocks, 0)
            for name in self.clocks:
                self._draw_residual(name)

    def _draw_residual(self, clock: str) -> None:
        word = self._word(f"clock:{clock}", self.epoch_now, self.redraws[clock])
        self.residual[clock] = exponential_plain(word)

    def _read_intensities(self, clocks: Iterable[str | Watch], t: float) -> None:
        for name in self.clocks.keys() & clocks:
            clock, guard = self.clocks[name], self.moments[name].guard
            middle = 0.5 * (t + self.until[name])
            self.intensity[name] = self.world.weight(clock.rate, clock.factors, guard, middle)
            self.observer.read(name, self.world, t, middle)

    def _plan_readings(self, t: float, t1: float) -> float:
        """Until when each intensity may stand, and the next time at which a fast memory is to be read."""
        self.until = dict.fromkeys(self.clocks, t1)
        for name, half_life in self.world.half_lives.items():
            value = self.state.memories[name]
            due, seen = self.readings.pop(name, (-math.inf, 0.0))
            if half_life < 4.0 * self.tick and value > ALIVE:
                readers = self._readers_of(name) & self.clocks.keys()
                if due <= t or seen != value:
                    due = t + half_life / 4.0
                    self.changed |= readers
                self.readings[name] = due, value
                self.until |= {each: min(self.until[each], due) for each in self.clocks if each in readers}
        return min((due for due, _ in self.readings.values()), default=math.inf)

    def _first_due(self, now: float) -> tuple[float, str]:
        """The clock whose residual is used up first, and when; none in a replay."""
        running = () if self.replay else (name for name in self.clocks if self.intensity[name] > 0.0)
        dues = ((now + self.residual[name] / self.intensity[name], name) for name in running)
        return min(dues, default=(math.inf, ""))

    def _use_up(self, t: float, until: float) -> None:
        """Let all clocks run from t to `until`; in a replay, measure the exposures."""
        for name in self.clocks:
            self.residual[name] -= self.intensity[name] * (until - t)
        for name, window in self.windows.items() if self.replay else ():
            span = min(until, window.end) - max(t, window.start)
            self.exposures[name] += self.intensity[window.clock] * max(span, 0.0)

    def _fade(self, t1: float) -> None:
        for name in self.state.memories:
            self.state.memories[name] *= self.world.fading(name, t1 - self.state.at)
        self.state.at = t1

    def _flow(self, t0: float, t1: float) -> None:
        number = math.floor((t0 + self.world.origin) / self.tick + 0.5)
        stocks = [self.crisis.stocks[name] for name in self.flowing]
        changes = [self._change(stock, t1, number) for stock in stocks]
        for stock, change in zip(stocks, changes, strict=True):
            value = self.state.stocks[stock.name]
            on_log = stock.scale == "log" and stock.follows is None
            moved = value * exp(change) if on_log else value + change
            self.state.stocks[stock.name] = min(max(moved, stock.lower), stock.upper)

    def _change(self, stock: Stock, t1: float, number: int) -> float:
        """What one tick adds to a stock, or to its logarithm."""
        world, h, change = self.world, self.tick, 0.0
        if stock.follows is not None:
            share = 1.0 - exp(-h / world.value(stock.over or Number(1.0), t1))
            gap = Binary("-", stock.follows, Number(self.state.stocks[stock.name]))
            change = share * world.scaled(gap, stock.flow_factors, t1)
        elif stock.flow is not None:
            change = h * world.scaled(stock.flow, stock.flow_factors, t1)
        if stock.noise is not None:
            size = math.sqrt(h) * world.scaled(stock.noise, stock.noise_factors, t1)
            change += size * noise_plain(self._word(f"noise:{stock.name}", number))
        return change

    # ── an instant ──────────────────────────────────────────────────────────────────────────────

    def _next_strike(self) -> float:
        return min(self.state.strikes.values(), default=math.inf)

    def _next_planned(self) -> float:
        times = [entry.time for entry in self.agenda[:1]] + [time for time, _ in self.looks[:1]]
        return min(times, default=math.inf)

    def _strike_timers(self, t: float) -> None:
        """Fire every timer that is due; what strikes at the end of a replay is left to the future."""
        while self._next_strike() <= t and not (self.replay and t >= self.ends):
            name = min(name for name, strike in self.state.strikes.items() if strike <= t)
            del self.state.strikes[name]
            self._fire_itself(name, t)

    def _keep_agenda(self, t: float) -> None:
        """Fire what is planned for now; what is recorded happened, whatever its guard says."""
        while self.agenda and self.agenda[0].time <= t:
            entry = self.agenda.pop(0)
            if entry.rank == RECORDED or self._may(entry.moment, t):
                self.observer.meet(entry, self.world)
                if entry.rank == RECORDED:
                    self._stop_timer(entry.moment)
                self._fire(entry.moment, entry.outcome, t)

    def _finish_instant(self, t: float) -> None:
        """Triggers, and timers without delay that were started, until nothing more is due."""
        self._settle(t)
        while self._next_strike() <= t and not (self.replay and t >= self.ends):
            self._strike_timers(t)
            self._settle(t)
        self.fired.clear()
        self.chain.clear()

    def _settle(self, t: float) -> None:
        """Rounds of triggers: collect what became true, fire it, test again; each once per instant."""
        rounds = 0
        while looked_at := sorted(name for name in self.triggers if name in self.changed):
            self.changed.difference_update(looked_at)
            became_true = [name for name in looked_at if self._becomes_true(name, t)]
            for name in became_true:
                self.state.armed[name] = False
                self.fired.add(name)
                self._fire_itself(name, t)
            rounds += bool(became_true)
            if rounds == MAX_ROUNDS:
                raise RunawayError(f"more than {MAX_ROUNDS} rounds of triggers: {' → '.join(self.chain)}")

    def _becomes_true(self, name: str, t: float) -> bool:
        trigger, armed = self.triggers[name], self.state.armed
        true = self.world.holds(trigger.when, t)
        if not armed[name]:
            armed[name] = not true if trigger.rearm is None else self.world.holds(trigger.rearm, t)
            return False
        if true and name in self.fired:
            armed[name] = False
        return true and armed[name]

    def _look(self, t: float) -> None:
        """Watches that may have come true; clocks whose input changed; values asked for now."""
        self.changed |= {watch for time, watch in self.looks if time <= t and watch.kind == "ever"}
        for watch in self.registers:
            opened = watch.opens < t or (watch.kind == "ever" and watch.opens == t)
            waits = opened and t <= watch.closes and self.registers[watch] == math.inf
            if waits and watch in self.changed and self.world.holds(_asked(watch), t):
                self.registers[watch] = t
        self._read_intensities(self.changed, t)
        self.changed.clear()
        while self.looks and self.looks[0][0] <= t:
            _, watch = self.looks.pop(0)
            if watch.kind == "at":
                self.registers[watch] = self.world.value(_asked(watch), t)

    # ── happenings and effects ──────────────────────────────────────────────────────────────────

    def _may(self, name: str, t: float) -> bool:
        return self.world.holds(self.moments[name].guard, t)

    def _fire_itself(self, name: str, t: float) -> None:
        """Fire a timer or trigger, if it may. In a replay a choice is fired by its record only."""
        if not (self.replay and self.moments[name].outcomes) and self._may(name, t):
            self._fire(name, None, t)

    def _fire(self, name: str, outcome: str | None, t: float) -> None:
        """Fire a moment and all it raises, depth first, each effect seeing the previous ones."""
        under_way = [self._course(name, outcome, t)]
        while under_way:
            raised = next(under_way[-1], None)
            if raised is None:
                under_way.pop()
            elif self._may(raised, t):
                under_way.append(self._course(raised, "" if self.replay else None, t))

    def _course(self, name: str, outcome: str | None, t: float) -> Iterator[str]:
        """A moment, its effects, its outcome and the outcome's effects; yields what they raise."""
        self.chain.append(name)
        self.firings += 1
        if len(self.chain) > MAX_AT_ONCE:
            raise RunawayError(f"more than {MAX_AT_ONCE} firings at one instant: {self.chain[-12:]}")
        if self.firings > self.budget:
            raise _OverBudgetError
        moment = self.moments[name]
        self._happen(name, t)
        yield from self._apply(moment.effects, name, t)
        chosen = self._choose(moment, t) if outcome is None else outcome
        if chosen:
            self.observer.choose(moment, chosen, self.world, t)
        for each in moment.outcomes:
            if each.name == chosen:
                self._happen(f"{name}.{chosen}", t)
                yield from self._apply(each.effects, f"{name}.{chosen}", t)

    def _happen(self, happening: str, t: float) -> None:
        """Count a happening, note when, feed memories, tell the watches, write the log."""
        self.state.counts[happening] = self.state.counts.get(happening, 0) + 1
        self.state.lasts[happening] = t
        self.changed |= self._readers_of(happening)
        for name in sorted(self.crisis.memories):
            for counted, amount in self.crisis.memories[name].counts:
                if counted == happening:
                    self._add_to_memory(name, self.world.value(amount, t), t)
        for watch in self.registers:
            if watch.what == happening and watch.opens < t <= watch.closes:
                self.registers[watch] = min(self.registers[watch], t)
        self.log.append((t, happening))

    def _choose(self, moment: Moment, t: float) -> str:
        """The outcome of a moment: the first to arrive in a race of exponentials; "" if none can."""
        dated = isinstance(moment.cause, Schedule)
        a, b = (math.floor(t + self.world.origin), 1) if dated else (self.state.counts[moment.name], 0)
        arrivals = []
        for outcome in moment.outcomes:
            share = remainder(moment.outcomes) if outcome.share is None else outcome.share
            weight = self.world.weight(share, outcome.factors, outcome.guard, t)
            if weight > 0.0:
                word = self._word(f"outcome:{moment.name}.{outcome.name}", a, b)
                arrivals.append((exponential_plain(word) / weight, outcome.name))
        return min(arrivals, default=(math.inf, ""))[1]

    def _apply(self, effects: Iterable[Effect], happening: str, t: float) -> Iterator[str]:
        """Apply effects in written order; yields the moments that they raise."""
        for index, effect in enumerate(effects):
            if not self.world.holds(effect.condition, t):
                continue
            match effect.on, effect.does:
                case "moment", _:
                    yield effect.target
                case "timer", "start":
                    self._start_timer(effect.target, t)
                case "timer", _:
                    self._stop_timer(effect.target)
                case "stage", _:
                    value = float(self.crisis.stages[effect.target].values.index(effect.value))
                    self._set(self.state.stages, effect.target, value)
                case "memory", _:
                    self._add_to_memory(effect.target, self._amount(effect, happening, index, t), t)
                case _:
                    self._change_stock(effect, self._amount(effect, happening, index, t))

    def _amount(self, effect: Effect, happening: str, index: int, t: float) -> float:
        """The amount of an effect; in a replay without its chance."""
        amount = self.world.scaled(effect.amount or Number(0.0), effect.factors, t)
        if effect.varies is not None and not self.replay:
            word = self._word(f"effect:{happening}.{index}", self.state.counts[happening])
            amount *= self._chance(self.world.value(effect.varies, t), word)
        return amount

    def _change_stock(self, effect: Effect, amount: float) -> None:
        stock, value = self.crisis.stocks[effect.target], self.state.stocks[effect.target]
        changed = {"add": value + amount, "times": value * amount, "set": amount}[effect.does]
        self._set(self.state.stocks, effect.target, min(max(changed, stock.lower), stock.upper))

    def _set(self, values: dict[str, float], name: str, value: float) -> None:
        if values[name] != value:
            values[name] = value
            self.changed |= self._readers_of(name)

    def _add_to_memory(self, name: str, amount: float, t: float) -> None:
        self.state.memories[name] += amount / self.world.fading(name, t - self.state.at)
        self.changed |= self._readers_of(name)

    # ── timers ──────────────────────────────────────────────────────────────────────────────────

    def _start_timer(self, name: str, t: float) -> None:
        """Start a timer anew, or keep the pending strike. In a replay a delay with chance is only noted."""
        timer, state = _timer(self.moments[name]), self.state
        if timer.again == "keep" and (name in state.strikes or name in state.undrawn):
            return
        self._stop_timer(name)
        state.started[name] = state.started.get(name, 0) + 1
        delay = self.world.value(timer.delay, t)
        if timer.varies is not None:
            span = self.world.value(timer.varies, t)
            if self.replay:
                state.undrawn[name] = (t, delay, span)
                return
            delay *= self._chance(span, self._word(f"timer:{name}", state.started[name]))
        state.strikes[name] = _runs_from(timer, t) + max(delay, 0.0)

    def _stop_timer(self, name: str) -> None:
        self.state.strikes.pop(name, None)
        self.state.undrawn.pop(name, None)

    def draw_pending(self) -> None:
        """Draw the delays that were pending at the as-of date, given that they have not struck yet."""
        for name, (since, median, span) in self.state.undrawn.items():
            elapsed, median = -_runs_from(_timer(self.moments[name]), since), max(median, 1e-9)
            sigma = log(max(span, 1.0 + 1e-12)) / NINETY_PERCENT
            longer = 0.5 * math.erfc(log(elapsed / median) / sigma / math.sqrt(2.0))
            u = uniform_plain(self._word(f"timer:{name}", 0, 1))
            delay = median * exp(-sigma * normal_quantile((1.0 - u) * longer))
            self.state.strikes[name] = max(float(delay) - elapsed, 0.0)
        self.state.undrawn.clear()


def _asked(watch: Watch) -> Expression:
    assert not isinstance(watch.what, str)
    return watch.what


def _timer(moment: Moment) -> Timer:
    assert isinstance(moment.cause, Timer)
    return moment.cause


def _runs_from(timer: Timer, t: float) -> float:
    """When a delay begins to run; that of a legal clock with the day after."""
    return math.floor(t) + 1.0 if timer.whole_days else t


def remainder(outcomes: Iterable[Outcome]) -> Expression:
    """What the declared shares leave of 1."""
    rest: Expression = Number(1.0)
    for outcome in outcomes:
        if outcome.share is not None:
            rest = Binary("-", rest, outcome.share)
    return rest
