"""A figure into a file: the form by its suffix, the same bytes for the same figure, whole or not at all."""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from detente.errors import DetenteError
from detente.placing import put_file

FORMATS: Mapping[str, Mapping[str, str | None]] = {
    "svg": {"Date": None, "Creator": "detente"},
    "png": {"Software": "detente"},
    "pdf": {"CreationDate": None, "Creator": "detente", "Producer": "detente"},
}
"""Forms of pictures, and what is written into their records: nothing that changes from one run to the next."""

_SETTINGS: dict[Any, Any] = {"svg.hashsalt": "detente", "svg.fonttype": "none"}
"""Names inside an SVG do not depend on chance; its text stays text, to be searched and read aloud."""

_one_at_a_time = threading.Lock()


class PictureError(DetenteError):
    """A picture that cannot be written as asked."""


def picture_format(path: Path | str) -> str:
    """The form of a picture by the suffix of its path; ask before long work.

    Raises
    ------
    PictureError
        If it is none of svg, png, pdf.

    Examples
    --------
    >>> picture_format("dyads.svg"), picture_format("Dyads.PNG")
    ('svg', 'png')
    """
    suffix = Path(path).suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        what = f"not as '{suffix}'" if suffix else "and this name has none"
        raise PictureError(
            f"{Path(path).name}: pictures are written as {', '.join(FORMATS)}, by their suffix, {what}."
            f" Write {Path(path).stem}.svg."
        )
    return suffix


def save(figure: Figure, path: Path | str) -> Path:
    """Write a figure as SVG, PNG or PDF.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        From any function of `detente.plots`.
    path : Path or str
        File to write, replaced whole if it exists; its suffix decides the form.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    PictureError
        If the suffix is unknown, or the file cannot be written; what was there before is then unchanged.

    Examples
    --------
    >>> import tempfile
    >>> from detente.plots.style import new_figure
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(new_figure(), f"{folder}/picture.svg").name
    'picture.svg'
    """
    target, data = Path(path), drawn(figure, picture_format(path))
    part: Path | None = None
    try:
        put_file(target, data)
    except OSError as problem:
        if part is not None:
            part.unlink(missing_ok=True)
        raise PictureError(f"cannot write {target}: {problem.strerror or problem}.") from problem
    return target


def drawn(figure: Figure, form: str) -> bytes:
    """The bytes of a figure as 'svg', 'png' or 'pdf'.

    Examples
    --------
    >>> from detente.plots.style import new_figure
    >>> drawn(new_figure(), "png")[1:4], drawn(new_figure(), "svg") == drawn(new_figure(), "svg")
    (b'PNG', True)
    """
    buffer = io.BytesIO()
    with _one_at_a_time, mpl.rc_context(_SETTINGS):
        figure.savefig(buffer, format=form, metadata=dict(FORMATS[form]))
    return buffer.getvalue()
