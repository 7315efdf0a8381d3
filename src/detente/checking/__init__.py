"""What is lawful but looks wrong: warnings about a crisis that loads, and how well its numbers are supported."""

from detente.checking.contradictions import contradictions
from detente.checking.evidence import EvidenceShares, evidence_shares, resting_on_judgement
from detente.checking.excitation import Excitation, excitation
from detente.checking.findings import Finding, check
from detente.checking.ticks import TickDifference, check_ticks

__all__ = [
    "EvidenceShares",
    "Excitation",
    "Finding",
    "TickDifference",
    "check",
    "check_ticks",
    "contradictions",
    "evidence_shares",
    "excitation",
    "resting_on_judgement",
]
