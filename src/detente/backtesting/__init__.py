"""Backtests: forecasts as of past dates, scored on what followed.

::

    learning    rates and excitations of dyads from the days before a date
    dyads       a crisis built from event data alone
    baselines   the tuned exponentially weighted mean, for windows
    loop        the as-of dates, one after another, kept as they are finished
    events      backtest of the crisis of dyads
    crises      backtest of any crisis: rewind, fit, forecast, score
    results     what a backtest found
"""

from detente.backtesting.crises import backtest
from detente.backtesting.dyads import dyads_crisis
from detente.backtesting.events import backtest_events
from detente.backtesting.results import Backtest

__all__ = ["Backtest", "backtest", "backtest_events", "dyads_crisis"]
