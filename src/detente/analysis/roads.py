"""Why a link does what it does to a question: a road cut in both crises, and the number of the link alone.

The pair of `detente.analysis.links` measures all roads that a cause takes. Here a road is cut, in the crisis without
the cause and in the one with it: a number that makes the road is neutral (a factor of 1, an amount of 0), or a
happening on it is forbidden. And the link is taken out alone, while the cause stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from detente.analysis.comparing import compare_ensembles
from detente.analysis.differences import Difference
from detente.analysis.links import Link
from detente.engine import simulate
from detente.errors import ModelError
from detente.model import Crisis
from detente.scenario import Change, Scenario, apply

NEUTRAL: Mapping[str, str] = {"times": "1", "add": "0"}
"""The value at which a number does nothing, by the last part of its path."""


def cut(crisis: Crisis, roads: Iterable[str]) -> Crisis:
    """The crisis without some roads.

    Parameters
    ----------
    crisis : Crisis
    roads : iterable of str
        Each the path of a number, ending in ``.times`` or ``.add``, or the name of a happening.

    Raises
    ------
    ModelError
        If the crisis has no such number or happening, or no neutral value of the number is known.

    Examples
    --------
    >>> from detente import load
    >>> crisis = load("cuba_1962")
    >>> cut(crisis, ["us_strikes_cuba"]).moments["us_strikes_cuba"].guard is None
    False
    """
    changes = tuple(_cutting(road, crisis) for road in roads)
    return apply(Scenario("cut", changes=changes), crisis) if changes else crisis


def _cutting(road: str, crisis: Crisis) -> Change:
    if road in set(crisis.happenings()):
        return Change("forbid", road)
    neutral = NEUTRAL.get(road.rpartition(".")[2])
    if road in crisis.parameters and neutral is not None:
        return Change("number", road, "set", neutral)
    raise ModelError(
        f"there is no happening '{road}', and no number of that path that ends in .times or .add"
    )


def number_of(link: Link, crisis: Crisis) -> str:
    """The path of the number that a link is in the file; empty where it is not a single factor or amount."""
    paths = (f"{link.where}.{ending}" for ending in NEUTRAL)
    return next((path for path in paths if path in crisis.parameters), "")


def alone(
    crisis: Crisis, link: Link, *, trajectories: int = 20_000, seed: int = 1, threads: int | None = None
) -> dict[str, Difference]:
    """What the number of a link does to its questions: the crisis as it is, less that in which the number is neutral.

    Nothing is set: the cause of the link comes or does not come as it does in the crisis. So the sign is that of the
    link where its cause comes at all, whatever else the cause does.

    Parameters
    ----------
    crisis : Crisis
    link : Link
    trajectories, seed, threads
        As in `detente.simulate`, for each ensemble.

    Returns
    -------
    dict of str to Difference
        By question; empty where the link is not a single factor or amount (`number_of`).
    """
    number = number_of(link, crisis)
    if not number:
        return {}
    run = partial(simulate, trajectories=trajectories, seed=seed, threads=threads)
    questions = [crisis.questions[name] for name, _ in link.questions if name in crisis.questions]
    found = compare_ensembles(run(cut(crisis, [number])), run(crisis), Scenario("link"), questions)
    return dict(found.differences)
