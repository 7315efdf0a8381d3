"""The table of causal links of Iran 2024: every name and path exists, every direct sign holds.

`links.csv` says of each link what is changed and what it acts on. Here the cause is changed in the state that
the replay leaves on the as-of date, with every parameter at its median, and everything else equal: the
intensity, odds, flow or target moves in the stated direction, or it does not move where the sign is 0.
"""

import copy
import csv
import re
from importlib import resources

import numpy as np
import pytest

from detente.analysis.roads import cut
from detente.catalog import load
from detente.crisisfile.reading import read_file
from detente.engine.reference import replay_reference
from detente.engine.reference_values import World
from detente.engine.sampling import draw_parameters, with_unit_rates
from detente.expressions import parse
from detente.model import Clock

FOLDER = resources.files("detente.catalog") / "iran_2024"
CRISIS = load("iran_2024")
MOMENTS = CRISIS.moments
LINKS = list(csv.DictReader((FOLDER / "links.csv").read_text(encoding="utf-8").splitlines()))
FILE = read_file(FOLDER / "crisis.yaml").data
MECHANISMS = [f"M{n}" for n in range(1, 19)]
COLUMNS = [
    *("id", "mechanism", "cause", "intervention", "acts_on", "sign"),
    *("condition", "where", "questions", "lag", "roads", "remark"),
]
HAPPENINGS = {*MOMENTS, *(f"{name}.{o.name}" for name, m in MOMENTS.items() for o in m.outcomes)}
COUPLING = {
    "M2": "M1 M4 M5 M7 M8 M9 M12",
    "M3": "M1 M2 M5 M8 M9",
    "M4": "M1 M5 M9 M15",
    "M6": "M1 M4 M5 M7",
    "M7": "M2 M5 M6",
    "M9": "M1 M2 M7 M8 M12",
    "M10": "M4 M6",
    "M13": "M1 M5 M6 M8",
    "M14": "M8 M9 M12",
    "M15": "M1 M2 M4 M5",
}
"""The filled cells of the coupling table; all the rest of it is empty."""


def ids(links):
    return [link["id"] for link in links]


@pytest.fixture(scope="module")
def medians():
    """One value of every parameter; counted rates at 1 per day, which no ratio notices."""
    parameters = tuple(CRISIS.parameters.values())
    drawn = with_unit_rates(parameters, draw_parameters(parameters, 1, 201))
    return {name: float(np.median(values)) for name, values in drawn.items()}


@pytest.fixture(scope="module")
def replayed(medians):
    return replay_reference(CRISIS, medians, seed=1, draw=0).end


@pytest.fixture
def world(medians, replayed):
    return World(CRISIS, medians, copy.deepcopy(replayed))


# ── changing the state ───────────────────────────────────────────────────────────────────────────


def happen(state, name, t):
    """A happening is counted and remembered; what else it does is left out."""
    assert name in HAPPENINGS, name
    state.counts[name] = state.counts.get(name, 0) + 1
    state.lasts[name] = t
    for memory in CRISIS.memories.values():
        counted = dict(memory.counts)
        if name in counted:
            state.memories[memory.name] += counted[name].value


def number(values, name, change):
    """Apply '+10', '-10' or '×1.3'."""
    size = float(change[1:])
    values[name] += {"+": size, "-": -size}.get(change[0], values[name] * (size - 1.0))


def stage(state, name, value):
    state.stages[name] = float(CRISIS.stages[name].values.index(value))


def intervene(state, words, t):
    """Carry out an intervention of the table; the time after it."""
    kind, name, *rest = words.split()
    match kind:
        case "stock":
            number(state.stocks, name, rest[0])
        case "memory":
            number(state.memories, name, rest[0])
        case "stage":
            stage(state, name, rest[0])
        case "happening":
            happen(state, name, t)
        case "time":
            t += float(name)
            state.at = t
        case _:
            raise AssertionError(f"unknown intervention '{words}'")
    return t


def make_true(world, condition, t):
    """Change the state as little as possible so that a condition of the table holds."""
    for part in condition.split(" and ") if condition else ():
        if world.holds(parse(part), t):
            continue
        name, sign, value = re.fullmatch(r"(\S+) (==|[<>]=?) (\S+)", part).groups()
        state = world.state
        if sign == "==":
            stage(state, name, value)
        elif name.startswith("since("):
            state.lasts[name[6:-1]] = t - (2.0 * float(value) if sign == ">" else 0.5 * float(value))
        else:
            values = state.stocks if name in state.stocks else state.memories
            values[name] = float(value) * (0.8 if "<" in sign else 1.2) + (0.0 if "<" in sign else 1.0)
        assert world.holds(parse(part), t), part


def other_value(state, name, value):
    """The value to compare a stage with: what it has, or the first where that is the one to be set."""
    values = CRISIS.stages[name].values
    held = values[int(state.stages[name])]
    return held if held != value else next(each for each in values if each != value)


# ── what a link acts on ──────────────────────────────────────────────────────────────────────────


def weight(world, kind, name, t):
    """The intensity of a clock, the weight of an outcome, the flow, noise or target of a stock."""
    if kind == "clock":
        moment = MOMENTS[name]
        assert isinstance(moment.cause, Clock)
        return world.weight(moment.cause.rate, moment.cause.factors, moment.guard, t)
    if kind == "outcome":
        parent, _, short = name.rpartition(".")
        outcome = next(o for o in MOMENTS[parent].outcomes if o.name == short)
        return world.weight(outcome.share or parse("1"), outcome.factors, outcome.guard, t)
    stock = CRISIS.stocks[name]
    match kind:
        case "flow":
            return world.scaled(stock.flow, stock.flow_factors, t)
        case "noise":
            return world.scaled(stock.noise, stock.noise_factors, t)
        case "target":
            return world.value(stock.follows, t)
    raise AssertionError(f"unknown '{kind}'")


def effects_of(happening):
    """The effects of a moment or of one of its outcomes."""
    if happening in MOMENTS:
        return MOMENTS[happening].effects
    parent, _, short = happening.rpartition(".")
    return next(o for o in MOMENTS[parent].outcomes if o.name == short).effects


def reached(happening, world, t):
    """Everything that a happening raises or starts, through delays and chances."""
    found, todo = set(), [happening]
    while todo:
        name = todo.pop()
        if name in found:
            continue
        found.add(name)
        effects = list(effects_of(name))
        if ".effects." in name:
            effects += [effect for outcome in MOMENTS[name].outcomes for effect in outcome.effects]
        todo += [e.target for e in effects if e.does in ("raise", "start") and world.holds(e.condition, t)]
    return found - {happening}


def stock_changes(happening, stock, world, t):
    """Change of a stock by each effect of a happening whose condition holds."""
    held = world.state.stocks[stock]
    for effect in effects_of(happening):
        if (effect.on, effect.target) == ("stock", stock) and world.holds(effect.condition, t):
            amount = world.scaled(effect.amount, effect.factors, t)
            yield {"add": amount, "times": (amount - 1.0) * held, "set": amount - held}[effect.does]


def size(happening, stock, world, t):
    return abs(sum(stock_changes(happening, stock, world, t)))


def compared(link, world, t):
    """Value of what a link acts on without and with the cause, everything else equal."""
    kind, name, *rest = link["acts_on"].split()
    cause, *words = link["intervention"].split()
    if cause == "stage" and words[0] not in link["condition"]:
        stage(world.state, words[0], other_value(world.state, *words))
    changed = World(CRISIS, world.parameters, copy.deepcopy(world.state))
    later = t
    if cause == "compare":
        happen(world.state, words[1], t)
        happen(changed.state, words[0], t)
    else:
        later = intervene(changed.state, link["intervention"], t)
    if kind == "size":
        return size(name, rest[1], world, t), size(name, rest[1], changed, later)
    return weight(world, kind, name, t), weight(changed, kind, name, later)


def has_part(node, key):
    if isinstance(node, list):
        return key.isdecimal() and int(key) < len(node)
    return isinstance(node, dict) and key in node


# ── tests ────────────────────────────────────────────────────────────────────────────────────────


def test_has_its_columns_and_each_id_once():
    assert list(LINKS[0]) == COLUMNS
    assert len({*ids(LINKS)}) == len(LINKS)
    assert all(link["sign"] in {"+", "-", "0"} and link["cause"] and link["where"] for link in LINKS)


def test_covers_all_mechanisms_and_the_coupling_table():
    assert {re.match(r"M\d+", name)[0] for name in ids(LINKS) if name[0] == "M"} == {*MECHANISMS}
    cells = {f"{row}>{column}" for row, columns in COUPLING.items() for column in columns.split()}
    assert {name.split()[1] for name in ids(LINKS) if name[0] == "K"} == cells
    assert all(link["mechanism"] in MECHANISMS for link in LINKS)


def exists(path):
    """Whether a dotted path leads to a part of crisis.yaml; names may hold dots themselves."""
    node, rest = FILE, path.split(".")
    while rest:
        taken = [n for n in range(len(rest), 0, -1) if has_part(node, ".".join(rest[:n]))]
        if not taken:
            return False
        key = ".".join(rest[: taken[0]])
        node, rest = node[int(key)] if isinstance(node, list) else node[key], rest[taken[0] :]
    return True


def test_every_path_exists():
    assert [link["id"] for link in LINKS if not exists(link["where"])] == []
    assert not exists("actions.israel_strikes_iran.factors.99")


def test_every_road_can_be_cut():
    roads = [road for link in LINKS for road in link["roads"].split(";") if road]
    assert roads
    cut(CRISIS, roads)


BOTH_SIDES = [
    ("M4.5", "M4.5b"),
    ("M5.3b", "M5.3c"),
    ("M5.5a", "M5.5b"),
    ("M6.6a", "M6.6c"),
    ("M10.3a", "M10.3c"),
    ("M11.3a", "M11.3b"),
    ("M11.4a", "M11.4b"),
    ("M13.4", "M13.4b"),
    ("M15.2b", "M15.2d"),
    ("M17.1b", "M17.1e"),
    ("K M2>M5 up", "K M2>M5 down"),
    ("K M7>M5 up", "K M7>M5 down"),
    ("K M15>M5 up", "K M15>M5 down"),
]
"""Links of section E whose sign or effect depends on a condition: a row for either side, each tested below. It has
another sign, or raises something else (a threat brings talks about, and breaks them off)."""


@pytest.mark.parametrize(("one", "other"), BOTH_SIDES)
def test_both_sides_of_a_condition_are_rows(one, other):
    by_id = {link["id"]: link for link in LINKS}
    acting = [(by_id[name]["acts_on"], by_id[name]["sign"]) for name in (one, other)]
    assert acting[0] != acting[1]


def test_every_question_exists():
    for link in LINKS:
        for answer in filter(None, link["questions"].split(";")):
            name, _ = re.fullmatch(r"([HS]\d+) ?([+\-±0])", answer).groups()
            assert name in CRISIS.questions, link["id"]


EFFECTS = ("stock", "stage", "happening", "effect")


@pytest.mark.parametrize(
    "link",
    [link for link in LINKS if link["acts_on"].split()[0] not in EFFECTS],
    ids=lambda link: link["id"],
)
def test_direct_sign(link, world):
    make_true(world, link["condition"], 0.0)
    before, after = compared(link, world, 0.0)
    assert max(before, after) > 0.0, "neither is possible"
    expected = {"+": after > before, "-": after < before, "0": after == before}
    assert expected[link["sign"]], (before, after)


@pytest.mark.parametrize(
    "link", [link for link in LINKS if link["acts_on"].split()[0] in EFFECTS], ids=lambda link: link["id"]
)
def test_sign_of_effect(link, world):
    make_true(world, link["condition"], 0.0)
    cause, happening = link["intervention"].split()
    assert cause == "happening"
    kind, name, *rest = link["acts_on"].split()
    if kind == "happening":
        assert name in reached(happening, world, 0.0)
        assert link["sign"] == "+"
    elif kind == "stage":
        found = [e for e in effects_of(happening) if (e.on, e.target, e.value) == ("stage", name, rest[0])]
        assert found
        assert link["sign"] == "+"
        assert world.holds(found[0].condition, 0.0)
    else:
        changes = [*stock_changes(happening, rest[0] if kind == "effect" else name, world, 0.0)]
        change = min(changes) if kind == "effect" else sum(changes)
        assert change > 0.0 if link["sign"] == "+" else change < 0.0, changes


def test_a_leak_with_a_name_starts_no_denial(world):
    assert "contact_denied" not in reached("contact_leak.named", world, 0.0)


def test_a_denial_counts_less_against_a_strong_outlet_than_half(world):
    stage(world.state, "leak_outlet", "strong")
    strong = size("contact_denied", "contact_belief", world, 0.0)
    stage(world.state, "leak_outlet", "weak")
    assert strong < 0.5 * size("contact_denied", "contact_belief", world, 0.0)


def test_no_step_of_a_notified_snapback_reads_the_cover_of_partners():
    """Section D3: the vote is on continuing, so that a veto brings the measures back."""
    for name in ("snapback.vote", "snapback.reimpose"):
        moment = MOMENTS[name]
        said = str(moment.cause) + str(moment.guard) + str([(o.share, o.factors) for o in moment.outcomes])
        assert "IRN.east" not in said
        assert "board_support" not in said
