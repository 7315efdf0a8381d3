"""The rich words of the human form: each is lowered to primitives."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from detente.crisisfile.schema.base import Evidenced, Form, Instant, Many, Names, Section, Value
from detente.crisisfile.schema.pieces import EffectForm, FactorForm, MomentForm, OutcomeForm


class FactionForm(Evidenced):
    """A part of an actor; its influence is a stock."""

    title: str = Field("", description="The faction in words.")
    influence: Value | None = Field(None, description="Influence at the start, between 0.01 and 100.")
    factors: Many[FactorForm] = Field(
        (), description="Pressures on what the influence relaxes to; need `over`."
    )
    follows: Value | None = Field(
        None, description="Expression that the influence relaxes to; default its start."
    )
    over: Value | None = Field(None, description="Time constant of `follows` and `factors`, a duration.")

    @model_validator(mode="after")
    def _relaxes_over_a_time(self) -> FactionForm:
        if (self.follows is not None or self.factors) and self.over is None:
            raise ValueError(
                "`follows` and `factors` of an influence need a time|Add `over:`, such as `over: 60 d`."
            )
        if self.influence is None and (self.follows is not None or self.over is not None):
            raise ValueError("the faction has no influence that could change|Add `influence:`, such as 0.4.")
        return self


class ActorForm(Evidenced):
    """A party to the crisis."""

    title: str = Field("", description="The actor in words.")
    cameo: Names = Field((), description="CAMEO codes of the actor and its organs.")
    factions: Section[FactionForm] = Field({}, description="Its factions.")


class ActionForm(MomentForm):
    """Something that an actor may do to a recipient."""

    rate: Value = Field(description="How often, at the reference of all factors: a rate.")
    factors: Many[FactorForm] = Field((), description="Rate ratios.")


class BreachForm(Evidenced):
    """What firing a bound action leaves behind."""

    half_life: Value = Field(description="Half-life of the memory of breaches, a duration.")
    effects: Many[EffectForm] = Field((), description="What a breach changes.")


class DeclaredOverForm(Evidenced):
    """How a commitment is declared over."""

    rate: Value | None = Field(None, description="The rate at which it is declared over while active.")
    only_while: str | None = Field(None, description="Guard.")
    factors: Many[FactorForm] = Field((), description="Rate ratios.")
    effects: Many[EffectForm] = Field((), description="What the declaration changes.")
    title: str = Field("", description="The declaration in words.")


class DeadlineOutcomeForm(OutcomeForm):
    """How a deadline turns out; an outcome with `lasts` extends the commitment."""

    lasts: Value | None = Field(None, description="Length of the extension, a duration; may have `varies`.")


class CommitmentForm(Evidenced):
    """A promise that binds actions until it ends."""

    title: str = Field("", description="The commitment in words.")
    kind: str = Field("", description="Truce, treaty, pledge: for readers.")
    parties: Names = Field((), description="Who has promised.")
    begins: Instant | None = Field(None, description="When it begins.")
    begins_on: Names = Field((), description="Happenings that begin it, each anew.")
    lasts: Value | None = Field(None, description="Full days after the day on which it begins.")
    last_day: str | None = Field(None, description="Its last day; the deadline is the end of it.")
    binds: Section[Value] = Field(
        {}, description="Ratio on each bound action while the commitment is active."
    )
    breach: BreachForm | None = Field(
        None, description="What a bound action fired while it is active leaves behind."
    )
    declared_over: DeclaredOverForm | None = Field(None, description="How it is declared over.")
    deadline: Section[DeadlineOutcomeForm] = Field({}, description="Outcomes of the deadline.")
    ended_by: Names = Field((), description="Happenings that end it as `declared_over`.")
    on_end: Many[EffectForm] = Field((), description="Effects of `declared_over` and of a lapse.")

    @model_validator(mode="after")
    def _has_one_deadline(self) -> CommitmentForm:
        if self.begins is not None and self.begins_on:
            raise ValueError(
                "a commitment begins at a date or by happenings|Leave out `begins` or `begins_on`."
            )
        if self.lasts is not None and self.last_day is not None:
            raise ValueError("a commitment has `lasts` or `last_day`, not both|Leave one of them out.")
        dated = self.lasts is not None or self.last_day is not None
        if self.deadline and not dated:
            raise ValueError("the deadline has no date|Add `lasts:` or `last_day:`.")
        return self


class StepOutcomeForm(OutcomeForm):
    """How a step turns out; it may lead to a stage of its own."""

    to: str | None = Field(None, description="The stage that this outcome leads to.")


class StepForm(MomentForm):
    """One step of a procedure; it has one cause."""

    from_: Names = Field(alias="from", description="The stage, or stages, from which the step is possible.")
    to: str | None = Field(None, description="The stage that it leads to.")
    rate: Value | None = Field(None, description="Cause: a clock with this rate.")
    factors: Many[FactorForm] = Field((), description="Rate ratios; need `rate`.")
    after: Value | None = Field(None, description="Cause: a timer that starts on entering `from`.")
    varies: Value | None = Field(None, description="Chance in the delay; needs `after`.")
    whole_days: bool = Field(False, description="A legal clock of full days; needs `after`.")
    at: Names = Field((), description="Cause: dates, or names of the calendar.")
    on: Names = Field((), description="Cause: happenings.")
    when: str | None = Field(None, description="Cause: a condition that becomes true.")
    outcomes: Section[StepOutcomeForm] = Field(  # type: ignore[assignment]
        {}, description="The ways the step may turn out."
    )

    @model_validator(mode="after")
    def _has_one_cause(self) -> StepForm:
        causes = [
            name for name in ("rate", "after", "at", "on", "when") if getattr(self, name) not in (None, ())
        ]
        if len(causes) > 1:
            raise ValueError(
                f"a step has one cause, but this one has `{causes[0]}` and `{causes[1]}`|Split it in two."
            )
        if self.factors and causes != ["rate"]:
            raise ValueError("`factors` act on a rate|Add `rate:` or put the factors on the outcomes.")
        if (self.varies is not None or self.whole_days) and causes != ["after"]:
            raise ValueError("`varies` and `whole_days` belong to `after`|Add `after:` or leave them out.")
        if self.to is None and all(outcome.to is None for outcome in self.outcomes.values()):
            raise ValueError("the step leads nowhere|Add `to:` here or on its outcomes.")
        return self


class ProcedureForm(Evidenced):
    """Stages, and the steps that lead from one to another."""

    title: str = Field("", description="The procedure in words.")
    stages: Names = Field(description="Its stages.")
    start: str | None = Field(None, description="The stage it starts in; default: the first.")
    steps: Section[StepForm] = Field({}, description="The steps.")


class OfficeForm(Evidenced):
    """An office, who may hold it, and how it changes hands."""

    title: str = Field("", description="The office in words.")
    holders: Names = Field(description="Who may hold it.")
    start: str | None = Field(None, description="Who holds it at the start; default: the first.")
    steps: Section[StepForm] = Field({}, description="How it changes hands.")


class CredibilityForm(Evidenced):
    """What an answer, its absence or its shelving does to credibility."""

    stock: str = Field(description="The stock of credibility.")
    answered: Value | None = Field(None, description="What an answer adds.")
    expired: Value | None = Field(None, description="What letting the window pass adds.")
    shelved: Value | None = Field(None, description="What shelving the answer adds.")


class RedLineForm(Evidenced):
    """A line, what crosses it, and the answer that is threatened."""

    title: str = Field("", description="The red line in words.")
    owner: str | None = Field(None, description="Whose line it is.")
    crossing: Names = Field(description="Happenings that cross it.")
    window: Value = Field(description="How long an answer is expected, a duration; may have `varies`.")
    responses: Section[Value] = Field({}, description="Ratio on each answer while the account is open.")
    shelved_by: Names = Field((), description="Happenings that shelve the answer.")
    credibility: CredibilityForm | None = Field(None, description="What each ending does to credibility.")


class PositionForm(Evidenced):
    """Where a faction stands on an issue."""

    position: Value = Field(description="From 0 to 100.")
    salience: Value = Field(1.0, description="How much it cares, from 0 to 1.")


class VetoForm(Evidenced):
    """A leader who accepts what is no further away than the status quo."""

    position: Value | None = Field(None, description="Where the leader stands, from 0 to 100.")
    by: str | None = Field(None, description="The faction whose position the leader has.")
    status_quo: Value = Field(description="What stays if the leader refuses, from 0 to 100.")
    kind: Literal["concede", "block"] = Field(
        "concede",
        description="Beyond what is accepted: `concede` stops at its edge, `block` keeps the status quo.",
    )

    @model_validator(mode="after")
    def _has_one_position(self) -> VetoForm:
        if (self.position is None) == (self.by is None):
            raise ValueError("a veto needs one position|Write `position:`, or `by:` and a faction.")
        return self


class DeliberationForm(Evidenced):
    """Factions of one actor settling a position on an issue."""

    actor: str = Field(description="Whose factions deliberate.")
    title: str = Field("", description="What 0 and 100 mean.")
    factions: Section[PositionForm] = Field(description="Where each faction stands.")
    rule: Literal["compromise", "median"] = Field(
        "compromise", description="What the factions arrive at: their weighted mean, or weighted median."
    )
    veto: VetoForm | None = Field(None, description="A leader who may refuse it.")
    start: Value | None = Field(
        None, description="Position at the start; default: what the factions arrive at."
    )
    adjusts: Value = Field(
        description="Inertia: time constant of the approach to what they arrive at, a duration."
    )
    opened_by: Names = Field((), description="Happenings that open the debate.")
    takes: Value | None = Field(None, description="How long the debate takes, a duration; may have `varies`.")
    outcomes: Section[OutcomeForm] = Field({}, description="What may be decided.")


class HiddenForm(Evidenced):
    """A fact that nobody outside has seen: yes or no, drawn once per draw."""

    title: str = Field("", description="The fact in words.")
    prior: Value = Field(description="Probability before the claims.")
    likelihood_ratios: Section[Value] = Field(
        {}, description="How much likelier each claim is if the fact holds."
    )


class RichSections(Form):
    """The rich sections of a file."""

    actors: Section[ActorForm] = Field({}, description="The parties.")
    actions: Section[ActionForm] = Field({}, description="What they may do.")
    commitments: Section[CommitmentForm] = Field({}, description="What they have promised.")
    procedures: Section[ProcedureForm] = Field({}, description="Stages with legal clocks.")
    offices: Section[OfficeForm] = Field({}, description="Who holds which office.")
    red_lines: Section[RedLineForm] = Field({}, description="Lines, crossings and threatened answers.")
    deliberations: Section[DeliberationForm] = Field({}, description="What factions are settling.")
    hidden: Section[HiddenForm] = Field({}, description="Facts that nobody outside has seen.")
    calendar: Section[Instant] = Field({}, description="Names for dates.")
