"""Scenario and crisis → crisis, in the machine form.

What each change adds or alters, with the names that keep the random numbers of everything else as they are:

========================  =====================================================================================
``forbid``                the guard of the moment, or of the outcome, also asks that the switch is off
``force``                 a dated moment raises it, past its guard as a record would, and stops its pending timer
``hold``                  what ends the commitment is closed; a deadline that can only end it waits for the end
``end``                   a dated moment raises its declared end, if it is then active
``stock stage office``    a dated moment sets it
``rate``                  a factor on the clock or outcome, or another base rate or share
``number``                the parameter is another wherever it is read, in the future
``remove``                the influence of the faction counts for next to nothing wherever it is read
``move``                  another date in the schedule, or in what is counted to a date of the calendar
========================  =====================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from detente.crisisfile.suggest import did_you_mean
from detente.errors import CrisisFileError, Fault
from detente.model import Crisis
from detente.scenario.amounts import change_number, change_rate, change_stage, change_stock, remove
from detente.scenario.changes import Change, Scenario
from detente.scenario.commitments import end, hold
from detente.scenario.dates import move
from detente.scenario.happenings import forbid, force
from detente.scenario.workshop import Workshop


def apply(scenario: Scenario, crisis: Crisis) -> Crisis:
    """The crisis under a scenario; the crisis itself if nothing is changed.

    Parameters
    ----------
    scenario : Scenario
        From a file, from the command line, or made in Python.
    crisis : Crisis
        Not altered. Scenarios of different names may be applied one after the other.

    Returns
    -------
    Crisis
        Machine form like any other: it may be dumped, simulated, and compared with the crisis on the same
        seed, trajectory by trajectory.

    Raises
    ------
    CrisisFileError
        With every fault: names the crisis does not have, dates before the as-of date or after the horizon,
        values out of range; each with file, line and path.

    Examples
    --------
    >>> from detente import load
    >>> cuba = load("cuba_1962")
    >>> changed = apply(Scenario("calm", changes=(Change("forbid", "us_strikes_cuba"),)), cuba)
    >>> str(changed.moments["us_strikes_cuba"].guard).endswith("(scenario.calm.1 == off))")
    True
    >>> apply(Scenario("nothing"), cuba) is cuba
    True
    """
    if not scenario.changes:
        return crisis
    workshop = Workshop(scenario, crisis)
    _refuse_second_time(scenario, crisis)
    _check_sources(workshop)
    for n, change in enumerate(scenario.changes, 1):
        _APPLY[change.word](workshop, change, n)
    return workshop.finished()


def _refuse_second_time(scenario: Scenario, crisis: Crisis) -> None:
    prefix = f"scenario.{scenario.name}."
    if any(name.startswith(prefix) for name in (*crisis.stages, *crisis.moments)):
        hint = "Give one of the two another name: random numbers follow from names."
        message = f"a scenario '{scenario.name}' has been applied to this crisis already"
        raise CrisisFileError([Fault(scenario.place.file, scenario.place.line, "scenario", message, hint)])


def _check_sources(workshop: Workshop) -> None:
    """Every source named is one of the crisis' sources, claims or events."""
    scenario, crisis = workshop.scenario, workshop.crisis
    known = {"judgement", *crisis.sources, *crisis.claims, *crisis.events}
    places = [
        (scenario.evidence, scenario.place),
        *((each.evidence, each.place) for each in scenario.changes),
    ]
    for evidence, place in places:
        for source in evidence.source:
            if source not in known:
                hint = f"{did_you_mean(source, known)} Name a source, claim or event, or `judgement`.".strip()
                path = f"{place.path}.source".lstrip(".")
                workshop.faults.append(
                    Fault(place.file, place.line, path, f"there is no source '{source}'", hint)
                )


_APPLY: Mapping[str, Callable[[Workshop, Change, int], None]] = {
    "forbid": forbid,
    "force": force,
    "hold": hold,
    "end": end,
    "stock": change_stock,
    "stage": change_stage,
    "office": change_stage,
    "rate": change_rate,
    "number": change_number,
    "remove": remove,
    "move": move,
}
