"""How much of a crisis rests on sources, and how much on judgement."""

from __future__ import annotations

from dataclasses import dataclass

from detente.model import Crisis


@dataclass(frozen=True)
class EvidenceShares:
    """How many numbers of a crisis name a source, are a judgement, or are a definition or a rule."""

    sourced: int
    judged: int
    defined: int

    @property
    def estimated(self) -> int:
        """Number of all numbers that are estimates."""
        return self.sourced + self.judged

    def sentence(self) -> str:
        """The shares in words.

        Examples
        --------
        >>> EvidenceShares(sourced=3, judged=1, defined=2).sentence()
        '3 of 4 estimated numbers (75 %) name a source; 1 is judgement. 2 more are definitions or rules.'
        """
        if not self.estimated + self.defined:
            return "The crisis holds no numbers."
        share = f" ({self.sourced / self.estimated:.0%})".replace("%", " %") if self.estimated else ""
        are = "is" if self.judged == 1 else "are"
        more = f" {self.defined} more are definitions or rules." if self.defined else ""
        return (
            f"{self.sourced} of {self.estimated} estimated numbers{share} name a source; "
            f"{self.judged} {are} judgement.{more}"
        )


def evidence_shares(crisis: Crisis) -> EvidenceShares:
    """Count the numbers of a crisis by what they rest on.

    Examples
    --------
    >>> import datetime as dt
    >>> evidence_shares(Crisis("calm", "Calm", dt.date(2024, 11, 30), 30.0)).sentence()
    'The crisis holds no numbers.'
    """
    evidence = [parameter.evidence for parameter in crisis.parameters.values()]
    estimated = [each for each in evidence if not each.reference]
    judged = sum(each.is_judgement for each in estimated)
    return EvidenceShares(len(estimated) - judged, judged, len(evidence) - len(estimated))
