"""Reading and writing crises: folders, files, texts; resolving a machine form changes nothing."""

import datetime as dt
import math

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detente.crisisfile import dump, dumps, json_schema, load, loads, resolve, resolve_text
from detente.crisisfile.reading import read
from detente.crisisfile.writing import write
from detente.errors import CrisisFileError
from detente.expressions import At, Before, Binary, Call, Ever, First, Month, Name, Number, Unary
from detente.model import (
    Actor,
    Claim,
    Clock,
    Coding,
    Crisis,
    Distribution,
    Effect,
    Event,
    Evidence,
    Faction,
    Factor,
    Memory,
    Moment,
    Outcome,
    Parameter,
    Question,
    Raised,
    Recorded,
    Schedule,
    Source,
    Stage,
    Stock,
    Timer,
    Trigger,
)

HEAD = "crisis: ferry_row\nas_of: 2024-11-30\nhorizon: 30 d\n"

# ── crises by chance: everything that the machine form can say ───────────────────────────────────

floats = st.one_of(
    st.sampled_from([0.0, 1.0, -3.0, 0.1, 1 / 3, 1e-12, 1e15, 1e300]),
    st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: x + 0.0),
)
texts = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zl", "Zp", "Cn")), max_size=12).filter(
    lambda text: not set(text) & {"\ufeff", "\ufffe", "\uffff"}
)
days = st.floats(-300, -0.01) | st.integers(-300, -1).map(float)

PARAMETERS, STOCKS, MEMORIES = ("p", "a.rate"), ("rial", "x.y"), ("unrest",)
STAGES = {"mood": ("calm", "tense"), "p2.stage": ("no", "yes", "NO")}
MOMENTS = ("strike", "raid", "board", "panic", "denial")
OUTCOMES = ("loud", "quiet")
HAPPENINGS = (*MOMENTS, "strike.loud", "strike.quiet")

constants = st.one_of(floats.map(Number), st.sampled_from(PARAMETERS).map(Name))
stage_tests = st.sampled_from(sorted(STAGES)).flatmap(
    lambda stage: st.builds(
        Binary, st.sampled_from(["==", "!="]), st.just(Name(stage)), st.sampled_from(STAGES[stage]).map(Name)
    )
)
numbers = st.recursive(
    st.one_of(
        constants,
        st.sampled_from((*STOCKS, *MEMORIES)).map(Name),
        st.just(Month()),
        st.builds(Call, st.sampled_from(["since", "count"]), st.sampled_from(HAPPENINGS).map(Name)),
        st.just(Call("until", Name("vote"))),
    ),
    lambda below: st.one_of(
        st.builds(Binary, st.sampled_from(["+", "-", "*", "/", "^", "min", "max"]), below, below),
        st.builds(Call, st.sampled_from(["exp", "log", "sqrt", "abs"]), below),
        st.builds(Unary, st.just("-"), below.filter(lambda node: not isinstance(node, Number))),
    ),
    max_leaves=5,
)
conditions = st.recursive(
    st.one_of(
        stage_tests,
        st.builds(Binary, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), numbers, numbers),
        st.builds(Call, st.just("happened"), st.sampled_from(HAPPENINGS).map(Name)),
    ),
    lambda below: st.one_of(
        st.builds(Binary, st.sampled_from(["and", "or"]), below, below),
        st.builds(Unary, st.just("not"), below),
    ),
    max_leaves=4,
)
firsts = st.one_of(
    st.sampled_from(HAPPENINGS).map(First),
    st.sampled_from(sorted(STAGES)).flatmap(
        lambda stage: st.builds(First, st.just(stage), st.sampled_from(STAGES[stage]))
    ),
)
asked = st.recursive(
    st.one_of(
        firsts,
        st.builds(Before, firsts, firsts),
        st.builds(Ever, conditions),
        st.builds(
            At, conditions, st.sampled_from([None, dt.datetime(2025, 1, 20), dt.datetime(2025, 1, 20, 5)])
        ),
    ),
    lambda below: st.one_of(
        st.builds(Binary, st.sampled_from(["and", "or"]), below, below),
        st.builds(Unary, st.just("not"), below),
    ),
    max_leaves=3,
)


def maybe(strategy):
    return st.none() | strategy


@st.composite
def factors(draw):
    shape = draw(st.sampled_from(["while", "each", "each_log", "memory", "proportional"]))
    return Factor(
        shape=shape,
        label=draw(texts),
        times=None if shape == "proportional" else draw(numbers),
        of=None if shape == "while" else draw(numbers),
        start=draw(maybe(numbers)),
        unit=draw(maybe(numbers)),
        condition=draw(conditions if shape == "while" else maybe(conditions)),
        at_least=draw(maybe(numbers)),
        at_most=draw(maybe(numbers)),
    )


@st.composite
def effects(draw):
    condition = draw(maybe(conditions))
    on = draw(st.sampled_from(["stock", "memory", "stage", "timer", "moment"]))
    if on == "stage":
        stage = draw(st.sampled_from(sorted(STAGES)))
        return Effect(on, stage, "set", value=draw(st.sampled_from(STAGES[stage])), condition=condition)
    if on == "timer":
        return Effect(on, "raid", draw(st.sampled_from(["start", "stop"])), condition=condition)
    if on == "moment":
        return Effect(on, draw(st.sampled_from(MOMENTS)), "raise", condition=condition)
    return Effect(
        on,
        draw(st.sampled_from(STOCKS if on == "stock" else MEMORIES)),
        draw(st.sampled_from(["add", "set", "times"])) if on == "stock" else "add",
        draw(numbers),
        condition=condition,
        factors=tuple(draw(st.lists(factors(), max_size=1))),
        varies=draw(maybe(constants)),
    )


some_effects = st.lists(effects(), max_size=2).map(tuple)
some_factors = st.lists(factors(), max_size=2).map(tuple)
codings = st.builds(
    Coding,
    actor=st.sampled_from([(), ("IRN",)]),
    recipient=st.sampled_from([(), ("IRN",)]),
    cameo=st.sampled_from(["", "0871", "195"]),
    plover=st.sampled_from(["", "RETREAT"]),
    complete_from=maybe(days),
)
CAUSES = {
    "strike": st.builds(Clock, numbers, some_factors),
    "raid": st.builds(Timer, numbers, maybe(numbers), st.booleans(), st.sampled_from(["restart", "keep"])),
    "board": st.builds(
        Schedule,
        st.lists(days, max_size=3, unique=True).map(lambda times: tuple(sorted(times))),
        st.sampled_from(["date", "occasion"]),
    ),
    "panic": st.builds(Trigger, conditions, maybe(conditions)),
    "denial": st.just(Raised()),
}


@st.composite
def moments(draw, name):
    shares = draw(st.sampled_from([(0.25, None), (0.25, 0.75), (None, 0.5)]))
    ways = tuple(
        Outcome(
            each,
            None if share is None else Number(share),
            draw(maybe(conditions)),
            draw(some_factors),
            draw(some_effects),
            draw(texts),
        )
        for each, share in zip(OUTCOMES, shares, strict=True)
    )
    return Moment(
        name,
        draw(CAUSES[name]),
        guard=draw(maybe(conditions)),
        effects=draw(some_effects),
        outcomes=ways if name == "strike" else (),
        title=draw(texts),
        main=draw(st.booleans()),
        coding=draw(codings),
    )


evidences = st.builds(
    Evidence,
    st.sampled_from([(), ("S1",), ("S1", "C1")]),
    st.sampled_from(["", "a report: 3 of 5, # not 6"]),
    st.booleans(),
)
distributions = st.one_of(
    st.builds(Distribution, st.sampled_from(["fixed", "bernoulli"]), st.tuples(floats)),
    st.builds(Distribution, st.sampled_from(["normal", "uniform", "beta"]), st.tuples(floats, floats)),
    st.builds(
        Distribution,
        st.just("counted"),
        st.tuples(floats),
        st.just("strike"),
        st.floats(-300, -200),
        st.floats(-100, 0),
        st.sampled_from([-math.inf, 0.0]),
        st.sampled_from([math.inf, 1.0]),
    ),
)


@st.composite
def stocks(draw, name):
    lower = draw(st.sampled_from([0.5, 1.0]))
    relaxes = draw(st.booleans())
    flows, noisy = draw(st.booleans()), draw(st.booleans())
    return Stock(
        name,
        draw(
            st.sampled_from(
                [
                    Number(2.0),
                    Name("p"),
                    Binary("*", Name("p"), Number(2.0)),
                    Binary("<", Name("p"), Number(2.0)),
                ]
            )
        ),
        unit=draw(texts),
        title=draw(texts),
        lower=lower,
        upper=draw(st.sampled_from([math.inf, 1e8])),
        scale=draw(st.sampled_from(["linear", "log"])),
        flow=draw(numbers) if flows else None,
        flow_factors=draw(some_factors) if flows else (),
        follows=draw(numbers) if relaxes else None,
        over=draw(numbers) if relaxes else None,
        noise=draw(numbers) if noisy else None,
        noise_factors=draw(some_factors) if noisy else (),
        starts=draw(maybe(days)),
    )


@st.composite
def questions(draw):
    return Question(
        "Q1",
        draw(texts),
        draw(asked),
        closes=draw(st.floats(50, 60)),
        opens=draw(st.floats(0, 40)),
        given=draw(maybe(asked)),
        criterion=draw(texts),
        evidence=draw(evidences),
    )


@st.composite
def ledgers(draw):
    event = Event(
        "E1",
        dt.datetime(2024, 2, 3, 4, 5),
        "day",
        ("A",),
        (),
        "0871",
        "",
        draw(texts),
        sources=("S1",),
        line=draw(st.integers(0, 9)),
    )
    return {
        "sources": {"S1": Source("S1", draw(texts), extra={"archive": draw(texts)})},
        "claims": {"C1": Claim("C1", draw(texts), draw(texts), source=("S1",))},
        "events": {"E1": event},
    }


@st.composite
def crises(draw):
    known = Parameter("p", Distribution("fixed", (1.5,)), draw(texts), draw(evidences))
    rate = Parameter("a.rate", draw(distributions), draw(texts), draw(evidences))
    lines = st.builds(Recorded, days, st.just("strike"), st.sampled_from(["", "loud"]), st.just("E1"))
    return Crisis(
        name="ferry_row",
        title=draw(texts),
        as_of=dt.date(2024, 11, 30),
        horizon=draw(st.floats(1, 500)),
        record_from=draw(st.sampled_from([0.0, -301.0])),
        description=draw(texts),
        actors={"IRN": Actor("IRN", draw(texts), ("IRN", "NO"), (Faction("hard", draw(texts)),))},
        parameters={"a.rate": rate, "p": known},
        stocks={name: draw(stocks(name)) for name in STOCKS},
        stages={
            name: Stage(name, values, draw(st.sampled_from([Number(1.0), Name("p")])), draw(texts))
            for name, values in sorted(STAGES.items())
        },
        memories={
            "unrest": Memory(
                "unrest", draw(constants), (("strike.loud", draw(numbers)),), draw(maybe(constants))
            )
        },
        moments={name: draw(moments(name)) for name in sorted(MOMENTS)},
        questions={"Q1": draw(questions())},
        record=tuple(sorted(draw(st.lists(lines, max_size=2)))),
        calendar={"vote": draw(st.floats(-10, 100))},
        **draw(ledgers()),
    )


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(crises())
def test_a_machine_form_resolves_to_itself(crisis):
    text = dumps(crisis)
    again = loads(text)
    assert again == crisis
    assert dumps(again) == text


@settings(max_examples=300, deadline=None)
@given(
    st.recursive(
        texts | floats | st.booleans(),
        lambda below: st.lists(below, max_size=4) | st.dictionaries(texts.filter(bool), below, max_size=4),
        max_leaves=20,
    )
)
def test_what_is_written_is_read_back(data):
    assert read(write({"a": data})).data == {"a": data}


# ── where crises come from ───────────────────────────────────────────────────────────────────────


def test_a_file_alone_is_a_crisis(tmp_path):
    path = tmp_path / "ferry.yaml"
    path.write_text(HEAD)
    assert load(path) == load(str(path)) == loads(HEAD)
    assert load(path).name == "ferry_row"


def write_folder(folder, crisis, **tables):
    (folder / "crisis.yaml").write_text(crisis)
    for name, text in tables.items():
        (folder / f"{name}.csv").write_text(text)


SOURCES = "id,title,publisher,date,kind,reliability\nS1,A report,Office,2024,report,A\n"
EVENTS = (
    "id,date,precision,actor,recipient,cameo,plover,title,confidence,sources,claims,happening\n"
    "E1,2024-06-01,day,SUD,NOR,,,Seized,high,S1,,seizure\n"
    "E2,2024-07-01,day,SUD,NOR,,,Seized?,high,S1,,\n"
)
SEIZURE = "record_from: 2024-01-01\nclocks: {seizure: {rate: {value: 2 per year, source: [S1, E1]}}}\n"


def test_a_folder_is_a_crisis_with_its_tables(tmp_path):
    write_folder(tmp_path, HEAD + SEIZURE, sources=SOURCES, events=EVENTS)
    crisis = load(tmp_path)
    assert crisis.record == (Recorded(-182.5, "seizure", "", "E1"),)
    assert crisis.parameters["clocks.seizure.rate"].evidence == Evidence(("S1", "E1"))
    assert loads(dumps(crisis)) == crisis


def test_faults_of_tables_and_file_come_together(tmp_path):
    events = EVENTS.replace("2024-07-01", "July").replace("E1,2024", "E1,2024")
    write_folder(tmp_path, HEAD.replace("as_of", "asof") + SEIZURE, sources=SOURCES, events=events)
    with pytest.raises(CrisisFileError) as caught:
        load(tmp_path)
    assert {fault.file for fault in caught.value.faults} == {"crisis.yaml", "events.csv"}


def test_evidence_is_not_judged_while_its_tables_are_broken(tmp_path):
    write_folder(tmp_path, HEAD + SEIZURE, sources=SOURCES, events=EVENTS.replace("2024-07-01", "July"))
    with pytest.raises(CrisisFileError) as caught:
        load(tmp_path)
    assert {fault.file for fault in caught.value.faults} == {"events.csv"}


def test_faults_of_events_name_their_line(tmp_path):
    write_folder(tmp_path, HEAD + SEIZURE, sources=SOURCES, events=EVENTS.replace(",seizure", ",siezure"))
    with pytest.raises(CrisisFileError) as caught:
        load(tmp_path)
    (fault,) = caught.value.faults
    assert (fault.file, fault.line, fault.path) == ("events.csv", 2, "E1.happening")
    assert "Did you mean 'seizure'?" in fault.hint


def test_a_section_and_a_table_of_one_name_are_refused(tmp_path):
    write_folder(tmp_path, HEAD + SEIZURE + "sources: {S1: {title: x}}\n", sources=SOURCES, events=EVENTS)
    with pytest.raises(CrisisFileError, match="a section `sources` and a table"):
        load(tmp_path)


WITHIN = """\
claims: {C1: {asserted_by: SUD, content: Nothing was seized, source: S1}}
events: {E1: {date: 2024-06-01, title: Seized, sources: [S1], claims: [C1], happening: seizure}}
"""


def test_sections_of_the_file_may_cite_the_tables_beside_it(tmp_path):
    write_folder(tmp_path, HEAD + SEIZURE + WITHIN, sources=SOURCES)
    crisis = load(tmp_path)
    assert crisis.events["E1"].sources == crisis.claims["C1"].source == ("S1",)
    assert crisis.record == (Recorded(-182.5, "seizure", "", "E1"),)
    assert loads(dumps(crisis)) == crisis


def test_what_sections_cite_must_stand_in_the_tables(tmp_path):
    cited = WITHIN.replace("source: S1", "source: S2").replace("sources: [S1]", "sources: [S3]")
    write_folder(tmp_path, HEAD + SEIZURE + cited, sources=SOURCES)
    with pytest.raises(CrisisFileError) as caught:
        load(tmp_path)
    faults = {(fault.path, fault.message, fault.hint.endswith("Known: S1.")) for fault in caught.value.faults}
    assert faults == {
        ("claims.C1.source", "there is no 'S2'", True),
        ("events.E1.sources", "there is no 'S3'", True),
    }


def test_what_sections_cite_is_not_judged_while_the_tables_are_broken(tmp_path):
    write_folder(tmp_path, HEAD + SEIZURE + WITHIN, sources=SOURCES.replace("publisher", "office"))
    with pytest.raises(CrisisFileError) as caught:
        load(tmp_path)
    assert {fault.file for fault in caught.value.faults} == {"sources.csv"}


def test_a_folder_without_a_crisis_says_so(tmp_path):
    with pytest.raises(CrisisFileError, match="there is no file"):
        load(tmp_path)


def test_what_resolve_tells_besides(tmp_path):
    crisis = HEAD + SEIZURE + "stocks: {anger: {start: 20}}\n"
    write_folder(tmp_path, crisis, sources=SOURCES, events=EVENTS)
    resolution = resolve(tmp_path)
    assert resolution.unsupported == ("stocks.anger.start",)
    assert resolution.unmatched == ("E2",)
    assert resolution.tree.line(("stocks", "anger")) == 6


def test_dump_writes_what_dumps_says(tmp_path):
    crisis = loads(HEAD)
    dump(crisis, tmp_path / "resolved.yaml")
    assert (tmp_path / "resolved.yaml").read_text() == dumps(crisis)
    assert load(tmp_path / "resolved.yaml") == crisis


def test_the_order_of_a_file_means_nothing():
    parts = [
        "clocks:\n  b: {rate: 1 per year, effects: [{raise: m}]}\n  a: {rate: 2 per year}\n",
        "moments: {m: {}}\n",
        "commitments: {t: {binds: {a: 2, b: 3}, begins_on: [m], lasts: 3 d}}\n",
        "red_lines: {r: {crossing: [b], window: 3 d}}\n",
    ]
    turned = [
        part.replace("  b: {rate: 1 per year, effects: [{raise: m}]}\n  a: {rate: 2 per year}\n",
                     "  a: {rate: 2 per year}\n  b: {rate: 1 per year, effects: [{raise: m}]}\n")
        .replace("a: 2, b: 3", "b: 3, a: 2")
        for part in reversed(parts)
    ]  # fmt: skip
    assert loads(HEAD + "".join(parts)) == loads(HEAD + "".join(turned))


# ── head ─────────────────────────────────────────────────────────────────────────────────────────


def test_the_horizon_is_the_last_closing_date():
    questions = "questions:\n  Q{}: {{text: a, yes_if: ever (month > 3), closes: {}}}\n"
    text = HEAD.replace("horizon: 30 d\n", "") + questions.format(1, "2024-12-31")
    assert loads(text).horizon == 31.0
    assert loads(text.replace("2024-12-31", "2024-12-31T12:00")).horizon == 30.5


def test_a_date_at_the_end_of_the_calendar_is_a_fault():
    question = "questions: {Q1: {text: a, yes_if: ever (month > 3), closes: 9999-12-31}}\n"
    with pytest.raises(CrisisFileError, match="'9999-12-31' is not a date"):
        loads(HEAD + question)


def test_without_record_from_nothing_is_replayed():
    text = HEAD + "moments: {m: {}}\nevents: {E1: {date: 2024-06-01, happening: m}}\n"
    assert loads(text).record == ()
    assert loads(text + "record_from: 2024-06-01\n").record == (Recorded(-182.5, "m", "", "E1"),)


def test_the_json_schema_names_every_section():
    schema = json_schema()
    assert {"actions", "commitments", "stocks", "questions"} <= set(schema["properties"])
    assert "while" in schema["$defs"]["FactorForm"]["properties"]
    for form in schema["$defs"].values():
        for name, field in form.get("properties", {}).items():
            assert field.get("description"), name


def test_resolve_text_is_loads_and_more():
    assert resolve_text(HEAD).crisis == loads(HEAD)
