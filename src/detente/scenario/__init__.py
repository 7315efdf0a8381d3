"""Scenarios: named, dated, sourced sets of changes to a crisis, to be compared with the baseline.

A scenario changes the future only: what is recorded, and how it is replayed, stays. ::

    changes       what can be changed, as frozen classes
    reading       a scenario from a small YAML file
    phrases       a scenario from words of the command line
    applying      scenario and crisis → crisis, in the machine form
    happenings    … forbid, force
    commitments   … hold, end
    amounts       … stocks, stages, rates, numbers, influence
    dates         … bring forward, put off
    workshop      the crisis while it is being changed
    rewriting     expressions with parts replaced
"""

from detente.scenario.applying import apply
from detente.scenario.changes import Change, Scenario
from detente.scenario.phrases import from_phrases
from detente.scenario.reading import find_scenario, list_scenarios, load_scenario, loads_scenario

__all__ = [
    "Change",
    "Scenario",
    "apply",
    "find_scenario",
    "from_phrases",
    "list_scenarios",
    "load_scenario",
    "loads_scenario",
]
