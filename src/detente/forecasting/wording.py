"""Probabilities and dates in words short enough for a table; never more digits than the error allows."""

from __future__ import annotations

import datetime as dt
import math

from detente.forecasting.answers import Answer
from detente.forecasting.outlooks import Outlook

NOTHING = "—"

LEGEND = (
    "± is the Monte Carlo error: it shrinks with more futures. The 90 % range is over draws of the"
    " parameters: it shrinks only with knowledge. (In brackets: no spread over draws was detectable; it lies"
    " within.)"
)


def decimals_for(size: float) -> int:
    """Decimals of a percentage that show a probability of this `size` with one or two digits.

    Examples
    --------
    >>> decimals_for(0.012), decimals_for(0.004), decimals_for(0.0007)
    (0, 1, 2)
    """
    return min(4, max(0, -math.floor(math.log10(100.0 * size)))) if size > 0.0 else 0


def probability_text(found: Answer | Outlook) -> str:
    """The probability, or its bound where every future gave the same answer.

    Examples
    --------
    >>> import datetime as dt
    >>> closes = dt.date(2025, 1, 1)
    >>> probability_text(Answer("Q", "", closes, 0.1234, mc_error=0.004))
    '12.3 %'
    >>> probability_text(Answer("Q", "", closes, 0.0, mc_error=0.0024, same="no"))
    '< 0.24 %'
    """
    if found.probability is None:
        return NOTHING
    error = found.mc_error
    if found.same and error is not None:
        bound = f"{100 * error if found.same == 'no' else 100 * (1 - error):.4g}"
        return f"{'<' if found.same == 'no' else '>'} {bound} %"
    decimals = decimals_for(0.02 if error is None else error)
    return f"{100 * found.probability:.{decimals}f} %"


def error_text(found: Answer | Outlook) -> str:
    """The Monte Carlo error in percentage points; nothing beside a bound.

    Examples
    --------
    >>> import datetime as dt
    >>> error_text(Answer("Q", "", dt.date(2025, 1, 1), 0.1234, mc_error=0.004))
    '0.4'
    """
    if found.probability is None or found.mc_error is None or found.same:
        return NOTHING
    return f"{100 * found.mc_error:.{decimals_for(found.mc_error)}f}"


def range_text(found: Answer | Outlook) -> str:
    """The 90 % range over draws, in brackets where no spread was detectable.

    Examples
    --------
    >>> import datetime as dt
    >>> range_text(Answer("Q", "", dt.date(2025, 1, 1), 0.12, low=0.051, high=0.23, spread_detectable=True))
    '5–23 %'
    """
    if found.probability is None or found.low is None or found.high is None or found.same:
        return NOTHING
    decimals = decimals_for((found.high - found.low) / 10)
    text = f"{100 * found.low:.{decimals}f}–{100 * found.high:.{decimals}f} %"
    return text if found.spread_detectable else f"({text})"


def dates_text(found: Outlook) -> str:
    """The months between which 90 % of the first dates lie."""
    if found.earliest is None or found.latest is None:
        return NOTHING
    return f"{found.earliest:%b %y}–{found.latest:%b %y}"


def month_text(found: Outlook) -> str:
    """The month that holds most first dates."""
    if not found.likeliest_month:
        return NOTHING
    return f"{dt.date.fromisoformat(found.likeliest_month + '-01'):%b %y}"
