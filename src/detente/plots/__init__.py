"""Pictures: the only place that draws.

Every function takes plain results and returns a `matplotlib.figure.Figure`; nothing is shown, no state is
shared, and no window is opened. `save` writes a figure as SVG, PNG or PDF, the same bytes for the same figure.

::

    style       the size, colours and letters that all pictures share
    saving      a figure into a file
    dyads       who did what to whom: a map of actors × recipients, and dyads in time
    timeline    events of a crisis on a lane per actor
    ahead       from the record into the futures, a row per listed action
    sensitivities  what a probability leans on
    drivers     an intensity taken apart over time
"""

from detente.plots.saving import PictureError, picture_format, save
from detente.plots.style import PALETTE, new_figure, tidy

__all__ = ["PALETTE", "PictureError", "new_figure", "picture_format", "save", "tidy"]
