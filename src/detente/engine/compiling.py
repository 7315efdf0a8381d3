"""Crisis → arrays: the frozen classes of `detente.model` become the records of `engine.tables`.

Everything is numbered in the order of names, never of the file.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from detente.engine import tables as tb
from detente.engine.program import Assembler, Names, Program, Reads
from detente.engine.streams import name_key
from detente.engine.watching import Watch, watches_of
from detente.expressions import Binary, Call, Expression, Name, Number, walk
from detente.model import Clock, Crisis, Effect, Factor, Moment, Raised, Schedule, Stock, Timer, Trigger

NO_PROGRAM = Program(-1, -1, -1)
READING = "reading."
"""Prefix of the moments that set a stock to a start value with a date of its own."""


@dataclass(frozen=True)
class Compiled:
    """A crisis as arrays, with the names that lead back from them.

    `starts` gives each state row its start expression; `hoisted` each per-draw row its expression. `row_names` names
    every state row, those of stocks, stages and memories (`state_rows`) as the file does.
    """

    crisis: Crisis
    tables: tb.Tables
    tick: float
    n_rows: int
    n_state_rows: int
    hoisted: tuple[tuple[int, Expression], ...]
    starts: tuple[tuple[int, Expression], ...]
    state_rows: Mapping[str, int]
    row_names: tuple[str, ...]
    happenings: tuple[str, ...]
    count_rows: tuple[int, ...]
    clocks: tuple[str, ...]
    clock_bases: tuple[Expression, ...]
    moments: tuple[str, ...]
    timers: tuple[str, ...]
    triggers: tuple[str, ...]
    stocks: tuple[str, ...]
    watches: tuple[Watch, ...]
    outcome_index: Mapping[str, int]
    memory_half_lives: tuple[Expression, ...]


def compile_crisis(crisis: Crisis, *, tick: float = 1.0, firsts: tuple[str, ...] = ()) -> Compiled:
    """Assemble every program of a crisis for ticks of `tick` days; the first times of `firsts` are watched as well.

    Raises
    ------
    ModelError
        If an expression stands where the engine cannot evaluate it.
    """
    return _Compiler(crisis, tick, firsts).compiled()


class _Compiler:
    def __init__(self, crisis: Crisis, tick: float, firsts: tuple[str, ...]) -> None:
        self.crisis = crisis
        self.tick = tick
        self.moments = {**crisis.moments, **_readings(crisis)}
        self.moment_names = tuple(sorted(self.moments))
        self.moment_number = {name: number for number, name in enumerate(self.moment_names)}
        self.clock_names = self._moments_caused_by(Clock)
        self.timer_names = self._moments_caused_by(Timer)
        self.timer_number = {name: number for number, name in enumerate(self.timer_names)}
        self.trigger_names = self._moments_caused_by(Trigger)
        self.memory_names = tuple(sorted(crisis.memories))
        self.stock_names = tuple(sorted(crisis.stocks))
        self.outcome_names = tuple(
            f"{name}.{outcome.name}"
            for name in self.moment_names
            for outcome in sorted(self.moments[name].outcomes, key=lambda o: o.name)
        )
        self.happening_names = self.moment_names + self.outcome_names
        self.happening_number = {name: number for number, name in enumerate(self.happening_names)}
        self.watches = watches_of(crisis, firsts)
        self.links: list[int] = []
        self._lay_rows()
        self.assembler = Assembler(self.names, self.n_laid)
        self.readers: dict[str, dict[int, list[int]]] = {
            kind: defaultdict(list) for kind in ("steady", "clock", "trigger", "watch")
        }
        self.effect_records: list[tuple[float, ...]] = []
        self.feed_records: list[tuple[int, ...]] = []

    def _moments_caused_by(self, cause: type) -> tuple[str, ...]:
        return tuple(name for name in self.moment_names if isinstance(self.moments[name].cause, cause))

    # ── rows ────────────────────────────────────────────────────────────────────────────────────

    def _lay_rows(self) -> None:
        crisis = self.crisis
        numbered = iter(range(10**9))
        rows = {name: next(numbered) for name in self.stock_names}
        rows |= {name: next(numbered) for name in sorted(crisis.stages)}
        rows |= {name: next(numbered) for name in self.memory_names}
        self.counts = {name: next(numbered) for name in self.happening_names}
        asked = {
            str(node.argument)
            for node in self._nodes()
            if isinstance(node, Call) and node.function == "since"
        }
        self.lasts = {name: next(numbered) for name in self.happening_names if name in asked}
        self.timer_rows = [tuple(next(numbered) for _ in range(4)) for _ in self.timer_names]
        self.n_state_rows = next(numbered)
        self.clock_row = {name: self.n_state_rows + k for k, name in enumerate(self.clock_names)}
        self.n_laid = self.n_state_rows + len(self.clock_names)
        constants = {
            name: parameter.distribution.numbers[0]
            for name, parameter in crisis.parameters.items()
            if parameter.distribution.kind == "fixed"
        }
        self.names = Names(
            constants=constants,
            uncertain=frozenset(set(crisis.parameters) - set(constants)),
            rows=rows,
            memories={name: number for number, name in enumerate(self.memory_names)},
            stages={name: stage.values for name, stage in crisis.stages.items()},
            counts=self.counts,
            lasts=self.lasts,
            calendar=crisis.calendar,
            origin=float(crisis.as_of.toordinal()),
            flowing=frozenset(
                name
                for name, stock in crisis.stocks.items()
                if stock.flow is not None or stock.follows is not None or stock.noise is not None
            ),
        )

    def _nodes(self) -> Iterable[Expression]:
        for expression in _expressions(self.crisis, self.moments.values(), self.watches):
            yield from walk(expression)

    # ── assembling ──────────────────────────────────────────────────────────────────────────────

    def compiled(self) -> Compiled:
        ranges: list[int] = []
        clocks = self._clocks(ranges)
        flows = self._flows(ranges)
        triggers = self._triggers(ranges)
        watches = self._watches(ranges)
        moments = self._moments()
        outcomes = self._outcomes(moments)
        happenings = self._happenings()
        timers = self._timers()
        memories, half_lives = self._memories()
        assembler = self.assembler
        tables = tb.Tables(
            code=np.array(
                [(k[0], *i) for i, k in zip(assembler.code, assembler.immediate, strict=True)], tb.CODE
            ),
            clamps=np.array([k[1:] for k in assembler.immediate], tb.CLAMP),
            rows=self._row_records(),
            links=np.array(self.links or [0], np.int64),
            clocks=clocks,
            moments=np.array(moments, tb.MOMENT),
            happenings=happenings,
            feeds=np.array(self.feed_records, tb.FEED),
            outcomes=np.array(outcomes, tb.OUTCOME),
            effects=np.array(self.effect_records, tb.EFFECT),
            flows=flows,
            timers=timers,
            triggers=triggers,
            watches=watches,
            memories=memories,
            fast_memories=np.arange(len(memories), dtype=np.int64),
            ranges=np.array(ranges, np.int64),
        )
        return Compiled(
            crisis=self.crisis,
            tables=tables,
            tick=self.tick,
            n_rows=assembler.next_row,
            n_state_rows=self.n_state_rows,
            hoisted=tuple((row, expression) for expression, row in assembler.hoisted.items()),
            starts=self._starts(),
            state_rows=self.names.rows,
            row_names=self._row_names(),
            happenings=self.happening_names,
            count_rows=tuple(self.counts[name] for name in self.happening_names),
            clocks=self.clock_names,
            clock_bases=tuple(_clock(self.moments[name]).rate for name in self.clock_names),
            moments=self.moment_names,
            timers=self.timer_names,
            triggers=self.trigger_names,
            stocks=self.stock_names,
            watches=self.watches,
            outcome_index={name: number for number, name in enumerate(self.outcome_names)},
            memory_half_lives=half_lives,
        )

    def _note_reader(self, kind: str, number: int, reads: Reads) -> None:
        memory_rows = {self.names.rows[self.memory_names[m]] for m in reads.memories}
        for row in reads.rows | memory_rows:
            self.readers[kind][row].append(number)

    def _optional(self, expression: Expression | None) -> Program:
        return NO_PROGRAM if expression is None else self.assembler.program(expression)[0]

    def _clocks(self, ranges: list[int]) -> tb.Records:
        """Steady parts first, then all moving parts in one range of code, which serves a whole tick."""
        records = []
        moving: list[Callable[[], tuple[Program, Reads]]] = []
        steady: list[Program] = []
        for number, name in enumerate(self.clock_names):
            moment = self.moments[name]
            clock = _clock(moment)
            product = self.assembler.product(
                clock.rate, clock.factors, moment.guard, into=self.clock_row[name]
            )
            self._note_reader("steady", number, product.steady_reads)
            steady.append(product.steady)
            moving.append(product.moving)
        ranges.append(len(self.assembler.code))
        for number, name in enumerate(self.clock_names):
            program, reads = moving[number]()
            self._note_reader("clock", number, reads)
            row, key = self.clock_row[name], name_key(f"clock:{name}")
            span = steady[number].start, steady[number].end
            records.append((*span, program.start, program.end, row, self.moment_number[name], key))
        ranges.append(len(self.assembler.code))
        return np.array(records, tb.CLOCK)

    def _flows(self, ranges: list[int]) -> tb.Records:
        records = []
        ranges.append(len(self.assembler.code))
        for number, name in enumerate(self.stock_names):
            stock = self.crisis.stocks[name]
            if stock.flow is None and stock.follows is None and stock.noise is None:
                continue
            kind, flow_row, noise_row = self._flow_programs(stock)
            bounds = stock.lower, stock.upper
            key = name_key(f"noise:{name}")
            records.append((kind, self.names.rows[name], flow_row, noise_row, number, *bounds, key))
        ranges.append(len(self.assembler.code))
        return np.array(records, tb.FLOW)

    def _flow_programs(self, stock: Stock) -> tuple[int, int, int]:
        """Rows that hold, each tick, the change per tick (or the gap share) and the noise per tick."""
        noise_row = -1
        if stock.noise is not None:
            per_tick = Binary("*", Number(math.sqrt(self.tick)), stock.noise)
            noise_row = self._dedicated(per_tick, stock.noise_factors)
        if stock.follows is not None:
            over = stock.over or Number(1.0)
            share = Binary("-", Number(1.0), Call("exp", Binary("/", Number(-self.tick), over)))
            gap = Binary("*", share, Binary("-", stock.follows, Name(stock.name)))
            return tb.LINEAR, self._dedicated(gap, stock.flow_factors), noise_row
        per_tick = Binary("*", Number(self.tick), stock.flow or Number(0.0))
        kind = tb.LOG_SCALE if stock.scale == "log" else tb.LINEAR
        return kind, self._dedicated(per_tick, stock.flow_factors), noise_row

    def _dedicated(self, amount: Expression, factors: tuple[Factor, ...]) -> int:
        """A row that no later program overwrites."""
        if not factors and self.assembler.is_per_draw(amount):
            return self.assembler.per_draw(amount)
        return self.assembler.scaled(amount, factors, into=self.assembler.new_row())[0].row

    def _triggers(self, ranges: list[int]) -> tb.Records:
        """Those that can become true by flowing first, in one range of code; condition and rearming side by side."""
        moving = {
            name: any(map(self.assembler.moves, _conditions(self.moments[name])))
            for name in self.trigger_names
        }
        built: dict[str, tuple[Program, Program]] = {}
        number = {name: index for index, name in enumerate(self.trigger_names)}
        ranges.append(len(self.assembler.code))
        for name in sorted(self.trigger_names, key=lambda n: not moving[n]):
            if not moving[name] and len(ranges) % 2:
                ranges.append(len(self.assembler.code))
            programs = []
            for condition in _conditions(self.moments[name]):
                program, reads = self.assembler.program(condition, into=self.assembler.new_row())
                self._note_reader("trigger", number[name], reads)
                programs.append(program)
            built[name] = programs[0], programs[1] if len(programs) > 1 else NO_PROGRAM
        if len(ranges) % 2:
            ranges.append(len(self.assembler.code))
        records = [
            (*built[name][0], *built[name][1], self.moment_number[name], int(moving[name]))
            for name in self.trigger_names
        ]
        return np.array(records, tb.TRIGGER)

    def _watches(self, ranges: list[int]) -> tb.Records:
        """Conditions that can come true by flowing first, in one range of code."""
        kinds = {"first": tb.FIRST, "becomes": tb.BECOMES, "ever": tb.EVER, "at": tb.AT}
        moving = {w: w.kind == "ever" and self.assembler.moves(_condition(w)) for w in self.watches}
        built: dict[Watch, Program] = {}
        number = {watch: index for index, watch in enumerate(self.watches)}
        ranges.append(len(self.assembler.code))
        for watch in sorted(self.watches, key=lambda w: not moving[w]):
            if not moving[watch] and len(ranges) % 2:
                ranges.append(len(self.assembler.code))
            if watch.kind == "first":
                continue
            built[watch], reads = self.assembler.program(_condition(watch), into=self.assembler.new_row())
            if watch.kind in ("ever", "becomes"):
                self._note_reader("watch", number[watch], reads)
        if len(ranges) % 2:
            ranges.append(len(self.assembler.code))
        records = [
            (kinds[watch.kind], *built.get(watch, NO_PROGRAM), int(moving[watch]), watch.opens, watch.closes)
            for watch in self.watches
        ]
        return np.array(records, tb.WATCH)

    # ── moments and what they do ────────────────────────────────────────────────────────────────

    def _raised(self) -> set[str]:
        """The moments that some effect raises."""
        own = [effect for moment in self.moments.values() for effect in moment.effects]
        outcomes = [outcome for moment in self.moments.values() for outcome in moment.outcomes]
        effects = [*own, *(effect for outcome in outcomes for effect in outcome.effects)]
        return {effect.target for effect in effects if effect.does == "raise"}

    def _moments(self) -> list[tuple[int, ...]]:
        records: list[tuple[int, ...]] = []
        raised = self._raised()
        for name in self.moment_names:
            moment = self.moments[name]
            by_itself = isinstance(moment.cause, Clock) and name not in raised  # then its intensity is 0
            guard = NO_PROGRAM if by_itself else self._optional(moment.guard)
            start, end = self._effects(name, moment.effects)
            dated = int(isinstance(moment.cause, Schedule))
            records.append((*guard, start, end, 0, 0, dated))
        return records

    def _outcomes(self, moments: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
        records: list[tuple[int, ...]] = []
        for number, name in enumerate(self.moment_names):
            first = len(records)
            declared = [outcome.share for outcome in self.moments[name].outcomes if outcome.share is not None]
            for outcome in sorted(self.moments[name].outcomes, key=lambda o: o.name):
                full = f"{name}.{outcome.name}"
                share = outcome.share if outcome.share is not None else _remainder(declared)
                weight, _ = self.assembler.weight(share, outcome.factors, outcome.guard)
                effects = self._effects(full, outcome.effects)
                happening = self.happening_number[full]
                records.append((*weight, happening, *effects, name_key(f"outcome:{full}")))
            moments[number] = (*moments[number][:5], first, len(records), moments[number][7])
        return records

    def _effects(self, happening: str, effects: tuple[Effect, ...]) -> tuple[int, int]:
        start = len(self.effect_records)
        for index, effect in enumerate(effects):
            self.effect_records.append(self._effect(effect, happening, index))
        return start, len(self.effect_records)

    def _effect(self, effect: Effect, happening: str, index: int) -> tuple[float, ...]:
        lower, upper, value, memory, stock = -math.inf, math.inf, 0.0, -1, -1
        amount = NO_PROGRAM
        if effect.amount is not None:
            amount = self.assembler.scaled(effect.amount, effect.factors)[0]
        match effect.on, effect.does:
            case "stock", does:
                kind = {"add": tb.ADD_STOCK, "set": tb.SET_STOCK, "times": tb.TIMES_STOCK}[does]
                declared = self.crisis.stocks[effect.target]
                target, lower, upper = self.names.rows[effect.target], declared.lower, declared.upper
                stock = self.stock_names.index(effect.target)
            case "memory", _:
                kind, target = tb.ADD_MEMORY, self.names.rows[effect.target]
                memory = self.memory_names.index(effect.target)
            case "stage", _:
                kind, target = tb.SET_STAGE, self.names.rows[effect.target]
                value = float(self.crisis.stages[effect.target].values.index(effect.value))
            case "timer", does:
                kind = tb.START_TIMER if does == "start" else tb.STOP_TIMER
                target = self.timer_number[effect.target]
            case _:
                kind, target = tb.RAISE, self.moment_number[effect.target]
        return (
            kind, target, memory, *self._optional(effect.condition), *amount, *self._optional(effect.varies),
            stock, self.counts[happening], lower, upper, value, name_key(f"effect:{happening}.{index}"),
        )  # fmt: skip

    def _happenings(self) -> tb.Records:
        records = []
        feeders: dict[str, list[tuple[int, Expression]]] = defaultdict(list)
        for number, name in enumerate(self.memory_names):
            for happening, amount in self.crisis.memories[name].counts:
                feeders[happening].append((number, amount))
        for name in self.happening_names:
            feed_start = len(self.feed_records)
            for memory, amount in feeders[name]:
                row = self.names.rows[self.memory_names[memory]]
                self.feed_records.append((memory, row, *self.assembler.program(amount)[0]))
            watching = [
                number
                for number, watch in enumerate(self.watches)
                if watch.kind == "first" and watch.what == name
            ]
            start = self._link(watching)
            last = self.lasts.get(name, -1)
            feeds = feed_start, len(self.feed_records)
            records.append((self.counts[name], last, *feeds, start, start + len(watching)))
        return np.array(records, tb.HAPPENING)

    def _timers(self) -> tb.Records:
        records = []
        for number, name in enumerate(self.timer_names):
            timer = self.moments[name].cause
            assert isinstance(timer, Timer)
            delay = self.assembler.program(timer.delay)[0]
            flags = int(timer.whole_days), int(timer.again == "keep"), int(timer.varies is not None)
            rows = self.timer_rows[number]
            key = name_key(f"timer:{name}")
            records.append(
                (self.moment_number[name], *flags, *delay, *self._optional(timer.varies), *rows, key)
            )
        return np.array(records, tb.TIMER)

    def _memories(self) -> tuple[tb.Records, tuple[Expression, ...]]:
        records, half_lives = [], []
        for name in self.memory_names:
            half_life = self.crisis.memories[name].half_life
            rate: Expression = Binary("/", Number(math.log(2.0)), half_life)
            fades: tuple[Expression, ...] = tuple(
                Call("exp", Binary("*", Number(-span), rate)) for span in (self.tick / 2.0, self.tick)
            )
            rows = [self.assembler.per_draw(expression) for expression in (rate, *fades)]
            records.append((self.names.rows[name], *rows, self.tick / 2.0))
            half_lives.append(half_life)
        return np.array(records, tb.MEMORY_ROWS), tuple(half_lives)

    # ── closing ─────────────────────────────────────────────────────────────────────────────────

    def _link(self, numbers: list[int]) -> int:
        self.links.extend(numbers)
        return len(self.links) - len(numbers)

    def _row_records(self) -> tb.Records:
        records = []
        for row in range(self.n_state_rows):
            spans: list[int] = []
            for kind in ("steady", "clock", "trigger", "watch"):
                readers = self.readers[kind].get(row, [])
                start = self._link(readers)
                spans += [start, start + len(readers)]
            records.append(tuple(spans))
        return np.array(records, tb.ROW)

    def _row_names(self) -> tuple[str, ...]:
        timers = [f"timer {name} {place}" for name in self.timer_names for place in range(4)]
        counts, lasts = (f"count {name}" for name in self.counts), (f"last {name}" for name in self.lasts)
        return *self.names.rows, *counts, *lasts, *timers

    def _starts(self) -> tuple[tuple[int, Expression], ...]:
        crisis, rows = self.crisis, self.names.rows
        starts = [(rows[name], crisis.stocks[name].start) for name in self.stock_names]
        starts += [(rows[name], stage.start) for name, stage in crisis.stages.items()]
        starts += [(rows[name], crisis.memories[name].start or Number(0.0)) for name in self.memory_names]
        starts += [(row, Number(-1e9)) for row in self.lasts.values()]
        starts += [(rows_of[1], Number(math.inf)) for rows_of in self.timer_rows]
        return tuple(starts)


def _clock(moment: Moment) -> Clock:
    assert isinstance(moment.cause, Clock)
    return moment.cause


def _condition(watch: Watch) -> Expression:
    assert not isinstance(watch.what, str)
    return watch.what


def _conditions(moment: Moment) -> list[Expression]:
    """The condition of a trigger and, if it has one of its own, that of its rearming."""
    assert isinstance(moment.cause, Trigger)
    return [part for part in (moment.cause.when, moment.cause.rearm) if part is not None]


def _remainder(declared: list[Expression]) -> Expression:
    """What the declared shares leave of 1."""
    rest: Expression = Number(1.0)
    for share in declared:
        rest = Binary("-", rest, share)
    return rest


def _readings(crisis: Crisis) -> dict[str, Moment]:
    """A dated moment for every stock whose start value has a day of its own inside the record."""
    readings = {}
    for name, stock in crisis.stocks.items():
        if stock.starts is not None and crisis.record_from < stock.starts <= 0.0:
            effect = Effect("stock", name, "set", amount=stock.start)
            readings[READING + name] = Moment(READING + name, Schedule((stock.starts,)), effects=(effect,))
    return readings


def _expressions(crisis: Crisis, moments: Iterable[Moment], watches: Iterable[Watch]) -> Iterable[Expression]:
    """Every expression in which ``since`` may stand."""
    for stock in crisis.stocks.values():
        yield from _present(stock.flow, stock.follows, stock.noise)
        yield from _of_factors((*stock.flow_factors, *stock.noise_factors))
    for moment in moments:
        yield from _present(moment.guard)
        match moment.cause:
            case Clock(rate, factors):
                yield rate
                yield from _of_factors(factors)
            case Timer(delay, varies):
                yield from _present(delay, varies)
            case Trigger(when, rearm):
                yield from _present(when, rearm)
            case Schedule() | Raised():
                pass
        yield from _of_effects(moment.effects)
        for outcome in moment.outcomes:
            yield from _present(outcome.share, outcome.guard)
            yield from _of_factors(outcome.factors)
            yield from _of_effects(outcome.effects)
    for watch in watches:
        if not isinstance(watch.what, str):
            yield watch.what


def _present(*expressions: Expression | None) -> Iterable[Expression]:
    return (expression for expression in expressions if expression is not None)


def _of_effects(effects: Iterable[Effect]) -> Iterable[Expression]:
    for effect in effects:
        yield from _present(effect.amount, effect.condition, effect.varies)
        yield from _of_factors(effect.factors)


def _of_factors(factors: Iterable[Factor]) -> Iterable[Expression]:
    for factor in factors:
        for field in ("times", "of", "start", "unit", "condition", "at_least", "at_most"):
            yield from _present(getattr(factor, field))
