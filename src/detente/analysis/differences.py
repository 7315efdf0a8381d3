"""What the studies find, as plain frozen classes: differences, levers, chosen answers, what moved."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from detente.analysis.parting import Parting
from detente.errors import ForecastError
from detente.forecasting.answers import Answer
from detente.scenario import Scenario

LEVEL = 0.05
"""A lever stands out where its corrected p-value is below this."""

CLEAR = 2.0
"""An answer counts as moved where its difference is more than so many of its errors."""


@dataclass(frozen=True)
class Difference:
    """What a scenario does to the answer of one question.

    Attributes
    ----------
    question, text : str
    baseline, scenario : float in [0, 1], or None
        Probability as things stand, and under the scenario; None where the question is refused (`reason`).
    difference : float or None
        Scenario less baseline.
    error : float or None
        Standard error of the paired difference; where no future flips (`same`) the bound 3/D over D draws. None with
        a single draw.
    low, high : float or None
        90 % range of the difference over draws of the parameters, chance taken out. Where `spread_detectable` is
        False it is the widest that the draws do not rule out. None for a conditional question.
    n : int
        Number of paired futures in which the question was asked in both.
    to_yes, to_no : int
        In how many of them the answer flips to yes, and to no.
    variance_ratio : float or None
        How many times fewer futures the pairing needs than two independent runs; None where no future flips.
    p_value : float in [0, 1]
        Of "no difference", two-sided; 1 where no future flips. Not corrected for the number of questions.
    widened : (float, float) or None
        The difference if runaway futures spoke against it as much as they could, and for it; None without any.
    """

    question: str
    text: str
    baseline: float | None
    scenario: float | None
    difference: float | None = None
    error: float | None = None
    low: float | None = None
    high: float | None = None
    spread_detectable: bool = False
    same: bool = False
    n: int = 0
    to_yes: int = 0
    to_no: int = 0
    variance_ratio: float | None = None
    p_value: float = 1.0
    widened: tuple[float, float] | None = None
    reason: str = ""

    @property
    def flipped(self) -> float:
        """Share of the paired futures whose answer flips, in [0, 1]."""
        return (self.to_yes + self.to_no) / self.n if self.n else 0.0

    def as_dict(self) -> dict[str, Any]:
        """The difference as plain data, ready for JSON."""
        data = dataclasses.asdict(self)
        data["widened"] = None if self.widened is None else list(self.widened)
        return data | {"flipped": self.flipped}


@dataclass(frozen=True)
class Compared:
    """One scenario beside the baseline.

    `differences` by question; `parting` says how many futures differ and when; `draws` are those compared, fewer than
    asked for after an interruption; `runaway` counts the futures that were stopped in either ensemble.
    """

    scenario: Scenario
    differences: Mapping[str, Difference]
    parting: Parting
    draws: int
    runaway: int = 0

    def __getitem__(self, question: str) -> Difference:
        if question not in self.differences:
            known = ", ".join(self.differences) or "none"
            raise ForecastError(f"the question '{question}' was not compared. Compared: {known}.")
        return self.differences[question]


@dataclass(frozen=True)
class Lever:
    """One lever and what it does to the question asked.

    `corrected` is the p-value after Holm's correction for the number of levers.
    """

    scenario: Scenario
    effect: Difference
    corrected: float

    @property
    def stands_out(self) -> bool:
        """Whether the effect is more than chance among so many levers."""
        return self.corrected < LEVEL


@dataclass(frozen=True)
class Chosen:
    """The answer to one question among the futures in which the condition holds.

    `among_all` and `among_chosen` are the answers over all futures and over the chosen ones, each with its errors;
    `difference` is chosen less all, with its standard error `error` (None where one is refused).
    """

    question: str
    text: str
    among_all: Answer
    among_chosen: Answer
    difference: float | None
    error: float | None


@dataclass(frozen=True)
class InputChange:
    """One input that differs: in which `part` of the crisis or run, its name, and what it was and is now."""

    part: str
    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Moved:
    """The answer to one question before and after; `error` is that of the difference, None where unknown.

    Where no future differs (`same`), it is the bound 3/D. `clear` says whether the difference is more than noise:
    above two of its errors.
    """

    question: str
    text: str
    before: float | None
    after: float | None
    difference: float | None = None
    error: float | None = None
    reason: str = ""
    same: bool = False

    @property
    def clear(self) -> bool:
        """Whether the answer moved by more than noise."""
        if self.difference is None or self.error is None:
            return False
        return abs(self.difference) > CLEAR * self.error
