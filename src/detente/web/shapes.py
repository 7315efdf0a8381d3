"""What may come over the wire, checked by the same rules as files; what is wrong is told in the same words."""

from __future__ import annotations

import datetime as dt
import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from detente.errors import CrisisFileError, DetenteError
from detente.scenario import Change, Scenario, loads_scenario

Text = Annotated[str, StringConstraints(max_length=2_000)]
Scalar = Text | bool | int | float
Cell = Scalar | Annotated[list[Text], Field(max_length=20)] | dict[Text, Scalar]
"""A value of a change: a number or text; a number with its spread; the sources of a line."""


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class WhatIf(_Form):
    """Changes to try, each a line as in a scenario file: ``{"forbid": "strike", "until": "2025-03-01"}``."""

    changes: list[dict[Text, Cell]] = Field(max_length=200)
    title: Text = ""

    def scenario(self) -> Scenario:
        """The scenario; its name follows from its changes alone, so that equal requests are one run.

        Raises
        ------
        CrisisFileError
            With every fault, as for a scenario file.
        """
        return loads_scenario(self.yaml(), "changes")

    def yaml(self) -> str:
        """The same as a scenario file (JSON is YAML)."""
        whole = {"scenario": "what_if", "title": self.title, "changes": self.changes}
        return json.dumps(whole, ensure_ascii=False, indent=1)


class Tried(_Form):
    """Changes to look at beside the baseline; none for the baseline alone."""

    changes: list[dict[Text, Cell]] = Field(default=[], max_length=200)

    def whatif(self) -> WhatIf:
        """The same as a what-if."""
        return WhatIf(changes=self.changes)


class Asked(_Form):
    """A question of the crisis, by its id."""

    question: Annotated[str, StringConstraints(max_length=80)]


class Addition(_Form):
    """Rows to add to the ledger: text by column; `by` is who adds them, and is kept with the time."""

    sources: list[dict[Text, Text]] = Field(default=[], max_length=20)
    claims: list[dict[Text, Text]] = Field(default=[], max_length=20)
    events: list[dict[Text, Text]] = Field(default=[], max_length=20)
    by: Annotated[str, StringConstraints(max_length=80, pattern=r"^[^\r\n;]*$")] = ""

    def marked(self, now: dt.datetime) -> Addition:
        """The same rows, each with who adds it and when."""
        mark = {"recorded_at": f"{now:%Y-%m-%dT%H:%M:%SZ}", "recorded_by": self.by.strip()}
        tables = ([{**row, **mark} for row in rows] for rows in (self.sources, self.claims, self.events))
        sources, claims, events = tables
        return Addition(sources=sources, claims=claims, events=events)


class Login(_Form):
    """The token that `detente serve` printed."""

    token: Annotated[str, StringConstraints(max_length=200)]


def scenario_lines(scenario: Scenario) -> dict[str, Any]:
    r"""A scenario with its changes as the lines of its file, each as `WhatIf` takes it.

    Examples
    --------
    >>> scenario_lines(loads_scenario("scenario: calm\nchanges:\n  - {forbid: strike, until: 2025-03-01}"))["changes"]
    [{'forbid': 'strike', 'until': '2025-03-01'}]
    """
    return {
        "name": scenario.name,
        "title": scenario.title or scenario.name,
        "because": scenario.evidence.because,
        "source": list(scenario.evidence.source),
        "changes": [_line(change) for change in scenario.changes],
    }


def _line(change: Change) -> dict[str, Any]:
    line: dict[str, Any] = {change.word: change.target}
    if change.how:
        line[change.how] = change.value
    dates = {"at": change.at, "from": change.since, "until": change.until, "to": change.to}
    line |= {word: date for word, date in dates.items() if date}
    evidence = change.evidence
    line |= {"source": list(evidence.source)} if evidence.source else {}
    return line | ({"because": evidence.because} if evidence.because else {})


def errors_of(problem: DetenteError) -> list[dict[str, Any]]:
    """An error as the command line's ``--json`` shows it."""
    if isinstance(problem, CrisisFileError):
        return [fault.as_dict() for fault in problem.faults]
    return [{"file": "", "line": 0, "path": "", "message": str(problem), "hint": ""}]
