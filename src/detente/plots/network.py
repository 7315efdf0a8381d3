"""Who acts on whom: the actors of a crisis as a ring, their actions as arrows."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from detente.model import Crisis, Moment
from detente.plots.style import INK, LETTERS, MUTED, PALETTE, new_figure, remark, title

CONFLICT = ("10", "11", "12", "13", "14", "15", "16", "17", "18", "19", "20")
"""CAMEO roots of conflict."""


def actor_network(crisis: Crisis, expected: Mapping[str, float]) -> Figure:
    """Two rings side by side: actions of the record, and actions expected within the horizon.

    Parameters
    ----------
    crisis : Crisis
    expected : mapping of str to float
        Mean number of times per future by action, as in ``Ensemble.counts``.

    Returns
    -------
    matplotlib.figure.Figure
        An arrow per dyad, its width by how often; orange and broken for conflict, blue for cooperation.

    Examples
    --------
    >>> from detente import load, simulate
    >>> crisis = load("cuba_1962")
    >>> found = simulate(crisis, trajectories=400, seed=1)
    >>> [axes.get_title(loc="left")[:6] for axes in actor_network(crisis, found.counts).axes]
    ['In the', 'In the']
    """
    recorded: dict[str, float] = defaultdict(float)
    for item in crisis.record:
        recorded[item.moment] += 1.0
    figure = new_figure(900, 470)
    actors = sorted({end for _, _, ends in _actions(crisis) for pair in ends for end in pair})
    for place, (text, counts) in enumerate(
        (("In the record, replayed", recorded), ("In the futures, mean per future", expected))
    ):
        axes = figure.add_subplot(1, 2, place + 1)
        title(axes, text)
        _ring(axes, crisis, actors, counts)
    remark(figure, "Width: how often. Orange, broken: conflict (CAMEO 10–20). Blue: cooperation (01–09).")
    return figure


def _actions(crisis: Crisis) -> Iterator[tuple[str, Moment, list[tuple[str, str]]]]:
    """Every coded action with its dyads."""
    for name, moment in crisis.moments.items():
        coding = moment.coding
        dyads = [(a, b) for a in coding.actor for b in coding.recipient if a != b]
        if coding.cameo and dyads:
            yield name, moment, dyads


def _ring(axes: Axes, crisis: Crisis, actors: list[str], counts: Mapping[str, float]) -> None:
    angle = {actor: math.tau * k / max(1, len(actors)) for k, actor in enumerate(actors)}
    place = {actor: (math.cos(a), math.sin(a)) for actor, a in angle.items()}
    weights: dict[tuple[str, str, bool], float] = defaultdict(float)
    for name, moment, dyads in _actions(crisis):
        for dyad in dyads:
            weights[(*dyad, moment.coding.cameo[:2] in CONFLICT)] += counts.get(name, 0.0)
    for (actor, recipient, conflict), weight in sorted(weights.items()):
        if weight > 0.02:
            axes.add_patch(_arrow(place[actor], place[recipient], weight, conflict=conflict))
    for actor, (x, y) in place.items():
        axes.plot([x], [y], "o", color="white", markeredgecolor=MUTED, markersize=22)
        axes.annotate(actor, (x, y), ha="center", va="center", fontsize=LETTERS - 2, color=INK)
    axes.set_xlim(-1.25, 1.25)
    axes.set_ylim(-1.25, 1.25)
    axes.set_aspect("equal")
    axes.set_axis_off()


def _arrow(
    start: tuple[float, float], end: tuple[float, float], weight: float, *, conflict: bool
) -> FancyArrowPatch:
    return FancyArrowPatch(
        start,
        end,
        connectionstyle=f"arc3,rad={0.16 if conflict else 0.28}",
        arrowstyle="-|>",
        mutation_scale=9,
        shrinkA=12,
        shrinkB=12,
        linewidth=min(6.0, 0.6 + 1.3 * math.log1p(weight)),
        linestyle=(0, (4, 2)) if conflict else "solid",
        color=PALETTE[1] if conflict else PALETTE[0],
        alpha=0.8,
    )
