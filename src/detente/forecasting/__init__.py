"""Forecasts: the questions of a crisis answered over an ensemble of its futures."""

from detente.forecasting.answers import Answer, Curve
from detente.forecasting.outlooks import Outlook
from detente.forecasting.result import Forecast, forecast, forecast_of, memory_for

__all__ = ["Answer", "Curve", "Forecast", "Outlook", "forecast", "forecast_of", "memory_for"]
