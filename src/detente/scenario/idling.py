"""In which futures a scenario changes nothing.

To forbid what would not have happened changes nothing: a future in which none of the happenings that a scenario
forbids (or that end the commitments it holds) occurs is the same with and without the scenario, to the last bit,
because every draw belongs to the name of what it is for. Other changes can be felt in every future.
"""

from __future__ import annotations

from detente.model import Crisis
from detente.scenario.changes import Scenario
from detente.scenario.commitments import enders
from detente.scenario.workshop import Workshop


def only_forbids(scenario: Scenario, crisis: Crisis) -> dict[str, float] | None:
    """The moments without which a scenario changes nothing, and until when [day]; None where it does more than forbid.

    A clock that is allowed again has used up nothing in the meantime: until the end of that epoch it can still differ.

    Parameters
    ----------
    scenario : Scenario
        That can be applied to the crisis.
    crisis : Crisis
        Before it is applied.

    Examples
    --------
    >>> from detente import load
    >>> from detente.scenario import Change
    >>> cuba = load("cuba_1962")
    >>> only_forbids(Scenario("calm", changes=(Change("forbid", "us_strikes_cuba"),)), cuba)
    {'us_strikes_cuba': inf}
    >>> only_forbids(Scenario("more", changes=(Change("rate", "us_strikes_cuba", "times", 2),)), cuba)
    """
    work = Workshop(scenario, crisis)
    found: dict[str, float] = {}
    for change in scenario.changes:
        window = work.window(change)
        if change.word not in ("forbid", "hold") or window is None:
            return None
        forbids = change.word == "forbid"
        for name in (_moment_of(change.target, crisis),) if forbids else enders(crisis, change.target):
            found[name] = max(window[1], found.get(name, 0.0))
    return dict(sorted(found.items()))


def _moment_of(happening: str, crisis: Crisis) -> str:
    """The moment that a happening is, or whose outcome it is: its other outcomes take the place of a forbidden one."""
    return happening if happening in crisis.moments else happening.rpartition(".")[0]
