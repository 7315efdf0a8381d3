"""Who acts on whom: the actors of a crisis as a ring, their actions as arrows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from detente.forecasting.network import Dyad, dyads_of, recorded_counts
from detente.model import Crisis
from detente.plots.style import INK, LETTERS, MUTED, PALETTE, new_figure, remark, title

LEAST_DRAWN = 0.02
"""Dyads that act less often are not drawn."""


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
    recorded, expected_dyads = dyads_of(crisis, recorded_counts(crisis)), dyads_of(crisis, expected)
    figure = new_figure(900, 470)
    actors = sorted({end for dyad in expected_dyads for end in (dyad.actor, dyad.recipient)})
    for place, (text, dyads) in enumerate(
        (("In the record, replayed", recorded), ("In the futures, mean per future", expected_dyads))
    ):
        axes = figure.add_subplot(1, 2, place + 1)
        title(axes, text)
        _ring(axes, actors, dyads)
    remark(figure, "Width: how often. Orange, broken: conflict (CAMEO 10–20). Blue: cooperation (01–09).")
    return figure


def _ring(axes: Axes, actors: Sequence[str], dyads: Sequence[Dyad]) -> None:
    angle = {actor: math.tau * k / max(1, len(actors)) for k, actor in enumerate(actors)}
    place = {actor: (math.cos(a), math.sin(a)) for actor, a in angle.items()}
    for dyad in dyads:
        if dyad.count > LEAST_DRAWN:
            axes.add_patch(
                _arrow(place[dyad.actor], place[dyad.recipient], dyad.count, conflict=dyad.conflict)
            )
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
