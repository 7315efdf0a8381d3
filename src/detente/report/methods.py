"""How the numbers were made, so that they can be made again."""

from __future__ import annotations

from detente.forecasting import Forecast
from detente.layout import Column
from detente.report.parts import Section, Table

_RECORD = (Column("What"), Column("Value", flexible=True))

PROCESS = (
    "Every action is a clock: its rate is a base rate multiplied by what presses on it, and it fires when the rate,"
    " added up over time, has used up a random amount. What happens moves stocks, breaks commitments and speeds up or"
    " slows other clocks. The record of what has happened was replayed up to the as-of date; then the futures were"
    " simulated.",
    "Numbers that are not known were drawn anew for each of the draws, and each draw was followed into several futures:"
    " so chance and ignorance are told apart. The Monte Carlo error falls with more futures; the 90 % range over draws"
    " only with better knowledge. Neither covers what the model leaves out.",
)


def methods_section(found: Forecast) -> Section:
    """The process in short, and the record of the run."""
    made = found.provenance
    settings = ", ".join(f"{name} {value}" for name, value in made.settings.items())
    versions = ", ".join(f"{name} {version}" for name, version in made.versions.items())
    rows = (
        ("Crisis", made.crisis),
        ("As of", found.ensemble.crisis.as_of.isoformat()),
        ("Digest of the crisis", made.digest),
        ("Seed", str(made.seed)),
        ("Settings", settings),
        ("Versions", versions),
        ("Made at", made.made_at),
    )
    return Section("methods", "How it was made", (*PROCESS, *found.notes), (Table(_RECORD, rows),))
