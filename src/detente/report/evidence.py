"""What the numbers rest on: sources with their grades, claims with their standing, and judgement."""

from __future__ import annotations

from collections import Counter

from detente.checking import evidence_shares, resting_on_judgement
from detente.layout import Column
from detente.model import Crisis
from detente.report.parts import Section, Table

_SOURCES = (
    Column(""),
    Column("Source", flexible=True),
    Column("Publisher", flexible=True),
    Column("Date"),
    Column("Grade"),
    Column("Numbers", right=True),
)
_CLAIMS = (
    Column(""),
    Column("Asserted by", flexible=True),
    Column("Content", flexible=True),
    Column("Standing"),
    Column("Grade"),
    Column("Numbers", right=True),
)
_JUDGED = (Column("Number", flexible=True), Column("Reason", flexible=True))
GRADES = (
    "Sources carry Admiralty grades of reliability, A (completely reliable) to F (cannot be judged);"
    " claims grades of credibility, 1 (confirmed) to 6 (cannot be judged)."
)


def evidence_section(crisis: Crisis) -> Section:
    """The sources and claims that numbers rest on, the most used first."""
    used = Counter(name for p in crisis.parameters.values() for name in p.evidence.source)
    sources = sorted(
        (source for source in crisis.sources.values() if used[source.id]),
        key=lambda source: (-used[source.id], source.id),
    )
    claims = sorted(
        (claim for claim in crisis.claims.values() if used[claim.id]),
        key=lambda claim: (-used[claim.id], claim.id),
    )
    unused = len(crisis.sources) - len(sources)
    return Section(
        "evidence",
        "Evidence",
        (
            GRADES,
            f"{len(sources)} sources and {len(claims)} claims carry numbers; {unused} further sources stand behind"
            " events or text only.",
        ),
        (
            Table(
                _SOURCES,
                tuple((s.id, s.title, s.publisher, s.date, s.reliability, str(used[s.id])) for s in sources),
            ),
            Table(
                _CLAIMS,
                tuple(
                    (c.id, c.asserted_by, c.content, c.status, c.credibility, str(used[c.id])) for c in claims
                ),
                "Claims are what somebody asserts; that they stand here says nothing about their truth.",
            ),
        ),
    )


def judgement_section(crisis: Crisis) -> Section:
    """What rests on judgement alone."""
    shares = evidence_shares(crisis)
    judged = [p for p in crisis.parameters.values() if p.evidence.is_judgement and not p.evidence.reference]
    resting = resting_on_judgement(crisis)
    text = [
        f"Of {shares.total - shares.reference} estimates, {shares.sourced} name a source, a claim or an event, and"
        f" {shares.judged} ({shares.judged_share:.0%}) are judgements with a stated reason. A named source supports the"
        " link and its direction more often than its size."
    ]
    if resting:
        text.append(f"Every base number behind these questions is a judgement: {', '.join(resting)}.")
    rows = tuple((p.name, p.evidence.because) for p in judged)
    return Section("judgement", "What rests on judgement", tuple(text), (Table(_JUDGED, rows),))
