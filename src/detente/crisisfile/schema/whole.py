"""The whole file: head, sections, questions, tables."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from detente.crisisfile.schema.base import (
    Evidenced,
    Form,
    Instant,
    Many,
    Names,
    Probability,
    Ratio,
    Section,
    Value,
)
from detente.crisisfile.schema.primitives import PrimitiveSections
from detente.crisisfile.schema.rich import RichSections


class QuestionForm(Evidenced):
    """A dated proposition."""

    text: str = Field(description="The question in words.")
    yes_if: str = Field(description="When the answer is yes.")
    closes: Instant = Field(description="Last day, to its end; or a time of day.")
    opens: Instant | None = Field(
        None, description="The window begins at the end of this day; default: as_of."
    )
    given: str | None = Field(None, description="Condition without which the question is void.")
    criterion: str = Field("", description="Exactly what counts.")


class HoldingForm(Form):
    """How claims in conflict are weighed; what is left out keeps its default."""

    prior: Probability | None = Field(
        None, description="Probability of an event before any claim; default 0.5."
    )
    credibility: Section[Ratio] = Field(
        {}, description='Likelihood ratio of a claim by its grade, in quotes: `{"1": 20, "2": 4}`.'
    )
    reliability: Section[Probability] = Field(
        {}, description="Part of the log ratio that is kept, by the grade of the source: `{A: 1, B: 0.8}`."
    )
    status: Section[Ratio] = Field(
        {}, description="Part of the log ratio that is kept, by the status of the claim: `{disputed: 0.5}`."
    )
    repeated: Probability | None = Field(
        None, description="Part that a further claim of one chain of sources keeps; default 0."
    )


class SourceForm(Form):
    """A document, in a file without tables; other keys are kept."""

    model_config = ConfigDict(extra="allow")

    title: str = Field("", description="Title of the document.")
    publisher: str = Field("", description="Who published it.")
    date: str = Field("", description="When.")
    kind: str = Field("", description="Report, article, treaty …")
    reliability: str = Field("", description="Admiralty grade A–F.")
    supersedes: str = Field("", description="Id of the source that this one corrects.")


class ClaimForm(Form):
    """What someone asserts, in a file without tables; other keys are kept."""

    model_config = ConfigDict(extra="allow")

    asserted_by: str = Field("", description="Who asserts it.")
    content: str = Field("", description="What is asserted.")
    about: str = Field("", description="What it is about.")
    source: Names = Field((), description="Ids of sources.")
    status: str = Field("asserted", description="Asserted, corroborated, denied or disputed.")
    credibility: str = Field("", description="Admiralty grade 1–6.")
    known_at: str = Field(
        "", description="From when it was known: a day, to its end, or an instant; default: from its sources."
    )
    supersedes: str = Field("", description="Id of the claim that this one corrects.")


class EventForm(Form):
    """What is held to have happened, in a file without tables; other keys are kept."""

    model_config = ConfigDict(extra="allow")

    date: str = Field(description="When: a date, or a date with time.")
    precision: str = Field(
        "day", description="How exactly the date is known: day, week, month, approx, period."
    )
    actor: Names = Field((), description="Codes of who did it.")
    recipient: Names = Field((), description="Codes of those to whom it was done.")
    cameo: str = Field("", description="CAMEO code, in quotes.")
    plover: str = Field("", description="PLOVER category.")
    title: str = Field("", description="The event in words.")
    confidence: str = Field("", description="How sure it is.")
    happening: str = Field("", description="The happening that it fires; `-` for none.")
    sources: Names = Field((), description="Ids of sources.")
    claims: Names = Field((), description="Ids of claims that tell of it.")
    contested_by: Names = Field((), description="Ids of claims that deny it.")
    held: Probability | None = Field(
        None,
        description="Probability that it happened, 0 to 1; default: from its claims, where they conflict.",
    )
    known_at: str = Field(
        "",
        description="From when it was known: a day, to its end, or an instant; default: the end of its date.",
    )
    supersedes: str = Field("", description="Id of the event that this one corrects.")
    line: int = Field(0, description="Machine form: its line in the table.")


class RecordedForm(Form):
    """Machine form: a recorded happening to replay."""

    time: Instant = Field(description="When.")
    moment: str = Field(description="The moment that fires.")
    outcome: str = Field("", description="How it turned out.")
    event: str = Field("", description="Id of the event.")
    held: Probability = Field(1.0, description="Probability that it happened, 0 to 1.")


class CrisisForm(PrimitiveSections, RichSections):
    """A crisis file."""

    crisis: str = Field(description="Name of the crisis, an identifier.")
    title: str = Field("", description="The crisis in words.")
    description: str = Field("", description="What is modelled, in a paragraph.")
    form: Literal["human", "machine"] = Field("human", description="`machine` marks a resolved file.")
    as_of: str = Field(description="The simulation starts at the end of this day.")
    horizon: Value | None = Field(None, description="How far to simulate; default: the last closing date.")
    record_from: Instant | None = Field(None, description="Where replay begins; default: as_of (no replay).")
    questions: Section[QuestionForm] = Field({}, description="What is asked.")
    holding: HoldingForm | None = Field(None, description="How claims in conflict are weighed.")
    sources: Section[SourceForm] = Field({}, description="Documents; usually sources.csv.")
    claims: Section[ClaimForm] = Field({}, description="Claims; usually claims.csv.")
    events: Section[EventForm] = Field({}, description="Events; usually events.csv.")
    record: Many[RecordedForm] | None = Field(None, description="Machine form: what to replay.")


def json_schema() -> dict[str, Any]:
    """The JSON Schema of crisis files, for editors."""
    schema = CrisisForm.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
