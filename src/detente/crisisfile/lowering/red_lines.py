"""Red lines: one open account, a window, an answer, and what it does to credibility.

For a red line ``X``::

    stage    X              quiet open answered expired shelved
    moments  X.crossed      raised by a crossing: opens the account, or restarts its window
             X.answered     raised by a response while the account is open
             X.expired      the end of the window
             X.shelved      raised by `shelved_by`
"""

from __future__ import annotations

from detente.crisisfile.lowering.builder import Builder, Draft
from detente.crisisfile.lowering.moments import becomes, is_at, raises, starts, stops
from detente.crisisfile.lowering.numbers import number, number_and_chance
from detente.crisisfile.lowering.pieces import Effects
from detente.crisisfile.reading import Path
from detente.crisisfile.schema.rich import CredibilityForm, RedLineForm
from detente.crisisfile.schema.whole import CrisisForm
from detente.expressions import Number
from detente.model import Cause, Effect, Factor, Raised, Timer

STAGES = ("quiet", "open", "answered", "expired", "shelved")


def lower_red_lines(build: Builder, form: CrisisForm) -> None:
    """All red lines."""
    for name, line in sorted(form.red_lines.items()):
        _red_line(build, name, line, ("red_lines", name))


def _red_line(build: Builder, name: str, form: RedLineForm, path: Path) -> None:
    if form.owner is not None:
        build.refer(form.owner, (*path, "owner"), "actor")
    build.add_stage(name, STAGES, path, start=Number(0.0), title=form.title)
    crossed = Draft(f"{name}.crossed", Raised(), effects=[becomes(name, "open"), starts(f"{name}.expired")])
    build.add_moment(crossed, (*path, "crossing"))
    delay, varies = number_and_chance(build, form.window, (*path, "window"), "duration")
    _close(build, name, "answered", Raised(), form.credibility, path)
    _close(build, name, "expired", Timer(delay, varies), form.credibility, path)
    _close(build, name, "shelved", Raised(), form.credibility, path)
    _connect(build, name, form, path)


def _close(
    build: Builder, name: str, how: str, cause: Cause, credibility: CredibilityForm | None, path: Path
) -> None:
    """The moment that closes the account in one of the three ways."""
    does: Effects = (becomes(name, how), stops(f"{name}.expired"), *_cost(build, how, credibility, path))
    build.add_moment(Draft(f"{name}.{how}", cause, is_at(name, "open"), list(does)), path)


def _cost(build: Builder, how: str, credibility: CredibilityForm | None, path: Path) -> Effects:
    raw = getattr(credibility, how, None)
    if credibility is None or raw is None:
        return ()
    place = (*path, "credibility", how)
    build.refer(credibility.stock, (*path, "credibility", "stock"), "stock")
    amount, varies = number_and_chance(build, raw, place, "number")
    return (Effect("stock", credibility.stock, "add", amount, varies=varies),)


def _connect(build: Builder, name: str, form: RedLineForm, path: Path) -> None:
    for i, happening in enumerate(form.crossing):
        build.hook(happening, (*path, "crossing", i), raises(f"{name}.crossed"))
    for i, happening in enumerate(form.shelved_by):
        build.hook(happening, (*path, "shelved_by", i), raises(f"{name}.shelved"))
    for happening, raw in sorted(form.responses.items()):
        place = (*path, "responses", happening)
        times = number(build, raw, place, "ratio")
        factor = Factor("while", f"{name} is open", times, condition=is_at(name, "open"))
        build.bind(happening, factor, place)
        build.hook(happening, place, raises(f"{name}.answered"))
