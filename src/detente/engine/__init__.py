"""The engine: a crisis compiled to arrays, simulated exactly in its jumps and tick by tick in its flows.

Read `reference.py` first: it is the plain definition of the process that `kernel.py` computes fast.
"""

from detente.engine.ensemble import Ensemble, EventLog, Settings
from detente.engine.simulating import simulate

__all__ = ["Ensemble", "EventLog", "Settings", "simulate"]
