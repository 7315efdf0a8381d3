"""The parts of a crisis in short words: numbers with their spread, causes, factors, effects."""

from __future__ import annotations

import re
from collections.abc import Iterator

from detente.crisisfile.writing import number_text
from detente.dates import date_at
from detente.expressions import Expression
from detente.model import (
    Clock,
    Crisis,
    Distribution,
    Effect,
    Factor,
    Moment,
    Outcome,
    Parameter,
    Schedule,
    Stock,
    Timer,
    Trigger,
)

_NAME = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*")
_SIGMAS = 1.645
_YEAR = 365.25
DATES_SHOWN = 3


def bare(text: str) -> str:
    """An expression without the brackets around the whole of it.

    Examples
    --------
    >>> bare("((a > 1) and (b == c))"), bare("(a) or (b)")
    ('(a > 1) and (b == c)', '(a) or (b)')
    """
    while text.startswith("(") and text.endswith(")"):
        depth = 0
        for place, character in enumerate(text):
            depth += (character == "(") - (character == ")")
            if depth == 0 and place < len(text) - 1:
                return text
        text = text[1:-1]
    return text


def short(number: float) -> str:
    """A number with at most four digits that count.

    Examples
    --------
    >>> short(703000.0), short(0.123456), short(-15.0)
    ('703000', '0.1235', '-15')
    """
    return number_text(float(f"{number:.4g}"))


def number(parameter: Parameter, crisis: Crisis) -> str:
    """A parameter in words, with its 90 % spread; rates per year or per day.

    Examples
    --------
    >>> import datetime as dt
    >>> calm = Crisis("calm", "Calm", dt.date(2024, 11, 30), 30.0)
    >>> number(Parameter("a", Distribution("lognormal", (2 / 365.25, 3.0)), "1/day"), calm)
    '2 per year ±×3'
    >>> number(Parameter("b", Distribution("normal", (50.0, 10 / 1.645))), calm)
    '50 ± 10'
    """
    known = parameter.distribution
    scale, unit = _scale(known, parameter.unit)
    values = [short(scale * value) for value in known.numbers]
    match known.kind:
        case "fixed":
            return f"{values[0]}{unit}"
        case "lognormal":
            return f"{values[0]}{unit} ±×{short(known.numbers[1])}"
        case "normal":
            return f"{values[0]} ± {short(_SIGMAS * scale * known.numbers[1])}{unit}"
        case "beta":
            return f"{100 * known.numbers[0] / sum(known.numbers):.0f} % (Beta {', '.join(values)})"
        case "bernoulli":
            return f"yes in {100 * known.numbers[0]:.0f} % of draws"
        case "counted":
            return f"counted {short(known.numbers[0])}, {_window(known, crisis)}"
        case "mean_rate":
            return f"on average {values[0]}{unit} ±×{short(known.numbers[1])}, {_window(known, crisis)}"
        case "gamma":
            return f"{values[1]}{unit} (gamma, shape {short(known.numbers[0])})"
    return f"between {values[0]} and {values[-1]}{unit}"


def expression(node: Expression | None, crisis: Crisis) -> str:
    """An expression with the parameters in it put into words; empty for none."""
    if node is None:
        return ""

    def in_words(found: re.Match[str]) -> str:
        parameter = crisis.parameters.get(found[0])
        return number(parameter, crisis) if parameter else found[0]

    return _NAME.sub(in_words, bare(str(node)))


def cause(moment: Moment, crisis: Crisis) -> str:
    """What makes a moment happen."""
    match moment.cause:
        case Clock(rate, _):
            return expression(rate, crisis)
        case Timer(delay, varies, whole_days, _):
            chance = f", by chance ×{expression(varies, crisis)} either way" if varies is not None else ""
            return f"{expression(delay, crisis)} {'whole ' * whole_days}days after its start{chance}"
        case Schedule(times, _):
            return _dates(times, crisis)
        case Trigger(when, _):
            return f"when {bare(str(when))}"
    return "when raised"


def factor(part: Factor, crisis: Crisis) -> str:
    """One factor: its size, and when or of what."""
    size = f"×{expression(part.times, crisis)}  " if part.times is not None else ""
    bounds = {"at least": part.at_least, "at most": part.at_most}
    told = [f"{name} {expression(bound, crisis)}" for name, bound in bounds.items() if bound is not None]
    limits = f"  ({', '.join(told)})" if told else ""
    return f"{size}{part.label}{limits}"


def effect(part: Effect, crisis: Crisis) -> str:
    """One effect."""
    match part.on, part.does:
        case "stage", _:
            done = f"{part.target} becomes {part.value}"
        case "timer" | "moment", _:
            done = f"{part.does}s {part.target}" if part.does != "stop" else f"stops {part.target}"
        case _, "add":
            amount = expression(part.amount, crisis)
            done = f"{part.target} {amount if amount.startswith('-') else '+' + amount}"
        case _, "times":
            done = f"{part.target} ×{expression(part.amount, crisis)}"
        case _:
            done = f"{part.target} = {expression(part.amount, crisis)}"
    return done if part.condition is None else f"{done}, while {bare(str(part.condition))}"


def outcome(part: Outcome, crisis: Crisis) -> str:
    """One outcome: its share and what it does."""
    share = "the rest" if part.share is None else expression(part.share, crisis)
    effects = "; ".join(effect(each, crisis) for each in part.effects)
    guard = f", while {bare(str(part.guard))}" if part.guard is not None else ""
    return f"{part.name}: {share}{guard}{f' → {effects}' if effects else ''}"


def movement(stock: Stock, crisis: Crisis) -> Iterator[str]:
    """How a stock moves by itself."""
    if stock.flow is not None:
        yield f"flows {expression(stock.flow, crisis)}"
    if stock.follows is not None:
        yield f"follows {expression(stock.follows, crisis)} over {expression(stock.over, crisis)} days"
    if stock.noise is not None:
        yield f"noise {expression(stock.noise, crisis)}"


def _scale(known: Distribution, unit: str) -> tuple[float, str]:
    """Factor and unit in which a rate is told: per day if it is a tenth or more of one, else per year."""
    if unit != "1/day":
        return 1.0, ""
    return (1.0, " per day") if known.numbers[0] >= 0.1 else (_YEAR, " per year")


def _window(known: Distribution, crisis: Crisis) -> str:
    first, last = (date_at(crisis.as_of, time).date() for time in (known.start, known.end - 1.0))
    return f"{first} to {last}"


def _dates(times: tuple[float, ...], crisis: Crisis) -> str:
    """The dates to come, the first few of them by name."""
    coming = sorted(time for time in times if time > 0.0)
    shown = [f"{date_at(crisis.as_of, time):%Y-%m-%d %H:%M}".removesuffix(" 00:00") for time in coming]
    if not shown:
        return f"no more dates ({len(times)} are past)"
    more = f" and {len(shown) - DATES_SHOWN} more" if len(shown) > DATES_SHOWN else ""
    return f"on {', '.join(shown[:DATES_SHOWN])}{more}"
