"""What factions arrive at in the engine is what the array functions of `detente.bargaining` say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.bargaining import adjust, compromise, leader_veto, weighted_median
from detente.crisisfile import dumps, loads
from detente.engine import simulate
from detente.engine.intensities import as_of_state
from detente.engine.reference import simulate_reference
from detente.engine.sampling import draw_parameters, evaluate
from detente.errors import CrisisFileError
from detente.expressions import Name

HEAD = "crisis: ferry_row\nas_of: 2024-11-30\nhorizon: 10 d\n"
RULES = {"compromise": compromise, "median": weighted_median}


def deliberating(positions, influences, saliences, *, more="", rest="", adjusts="10 d"):
    """A crisis in which the factions a, b, c … deliberate about `reply`."""
    names = "abcdefgh"[: len(positions)]
    influence = ", ".join(f"{n}: {{influence: {i}}}" for n, i in zip(names, influences, strict=True))
    stand = ", ".join(
        f"{n}: {{position: {p}, salience: {s}}}" for n, p, s in zip(names, positions, saliences, strict=True)
    )
    return loads(
        f"{HEAD}actors: {{NOR: {{factions: {{{influence}}}}}}}\n{rest}"
        f"deliberations: {{reply: {{actor: NOR, factions: {{{stand}}}, adjusts: {adjusts}{more}}}}}\n"
    )


def start_of(crisis):
    """What the factions arrive at with the influence of the start."""
    return float(evaluate(crisis.stocks["reply"].start, {}, 1)[0])


factions = st.lists(
    st.tuples(
        st.one_of(st.sampled_from([0, 20, 50, 90, 100]), st.floats(0, 100).map(lambda x: round(x, 3))),
        st.sampled_from([0.1, 0.2, 0.3, 0.5, 1, 2]),
        st.sampled_from([0.1, 0.5, 0.8, 1]),
    ),
    min_size=1,
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(factions, st.sampled_from(sorted(RULES)))
def test_a_rule_is_that_of_arrays(group, rule):
    columns = tuple(zip(*group, strict=True))
    crisis = deliberating(*columns, more=f", rule: {rule}")
    assert start_of(crisis) == pytest.approx(float(RULES[rule](*columns)), abs=1e-12)
    assert loads(dumps(crisis)) == crisis


@settings(max_examples=100, deadline=None)
@given(
    factions, st.sampled_from(sorted(RULES)), st.sampled_from(["concede", "block"]), *[st.integers(0, 20)] * 2
)
def test_a_veto_is_that_of_arrays(group, rule, kind, leader, status_quo):
    columns = tuple(zip(*group, strict=True))
    leader, status_quo = 4.9 * leader + 0.0625, 5.0 * status_quo
    veto = f"{{position: {leader}, status_quo: {status_quo}, kind: {kind}}}"
    crisis = deliberating(*columns, more=f", rule: {rule}, veto: {veto}")
    choice = RULES[rule](*columns)
    expected = float(leader_veto(choice, ideal=leader, status_quo=status_quo, rule=kind))
    assert start_of(crisis) == pytest.approx(expected, abs=1e-12)


def test_half_the_weight_goes_to_the_lower_position():
    assert start_of(deliberating([80, 30], [0.3, 0.3], [1, 1], more=", rule: median")) == 30.0
    tie_by_rounding = deliberating(
        [10, 20, 30, 90], [0.1, 0.2, 0.3, 0.6], [1, 1, 1, 1], more=", rule: median"
    )
    assert start_of(tie_by_rounding) == 30.0


UNCERTAIN = ["50 ± 40", "between 10 and 90 (90 %)", "45 ± 30", 40]
INFLUENCE = ["0.4 ±×2", "0.3", "0.5 ±×1.5", "0.2"]
SALIENCE = [0.9, "60 % ± 20 %", 1, 0.5]


def uncertain(**more):
    return deliberating(UNCERTAIN, INFLUENCE, SALIENCE, **more)


def table_of(parameters):
    """Positions, influences and saliences of the uncertain factions, each of shape (draws, 4)."""
    n = len(next(iter(parameters.values())))

    def column(place, *certain):
        names = [place.format(each) for each in "abcd"]
        known = [parameters.get(name, np.full(n, value)) for name, value in zip(names, certain, strict=True)]
        return np.column_stack(known)

    stand = "deliberations.reply.factions.{}."
    return (
        column(stand + "position", 0, 0, 0, 40),
        column("actors.NOR.factions.{}.influence", 0, 0.3, 0, 0.2),
        column(stand + "salience", 0.9, 0, 1, 0.5),
    )


@pytest.mark.parametrize("rule", sorted(RULES))
@pytest.mark.parametrize("kind", ["", "concede", "block"])
def test_positions_may_be_uncertain_whatever_their_order(rule, kind):
    veto = f", veto: {{by: b, status_quo: 50, kind: {kind}}}" if kind else ""
    state = as_of_state(uncertain(more=f", rule: {rule}{veto}"), seed=5, n_draws=500)
    position, influence, salience = table_of(state.parameters)
    assert len(np.unique(np.argsort(position, axis=1), axis=0)) == 24
    expected = RULES[rule](position, influence, salience)
    if kind:
        expected = leader_veto(expected, ideal=position[:, 1], status_quo=50.0, rule=kind)
    assert np.allclose(state.value(Name("reply")), expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("tick", [1.0, 0.5, 0.25])
@pytest.mark.parametrize("rule", sorted(RULES))
@pytest.mark.parametrize("kind", ["concede", "block"])
def test_the_way_there_does_not_depend_on_the_tick(rule, kind, tick):
    more = f", rule: {rule}, start: 0, veto: {{position: 35, status_quo: 55, kind: {kind}}}"
    run = simulate(uncertain(more=more), trajectories=300, replicates=1, seed=5, tick=tick, final=("reply",))
    table = table_of(draw_parameters(run.crisis.parameters.values(), 5, 300))
    target = leader_veto(RULES[rule](*table), ideal=35.0, status_quo=55.0, rule=kind)
    assert np.allclose(run.final["reply"], adjust(0.0, target, elapsed=10, inertia=10), rtol=0, atol=1e-10)


def test_positions_stay_on_the_scale():
    state = as_of_state(deliberating(["95 ± 20", "k"], [1, 1], [1, 1], rest=K), seed=5, n_draws=500)
    first = state.parameters["deliberations.reply.factions.a.position"]
    assert (first.max(), first.min() > 50.0) == (100.0, True)
    second = np.clip(state.parameters["k"], 0.0, 100.0)
    assert np.allclose(state.value(Name("reply")), (first + second) / 2, rtol=0, atol=1e-12)


K = "parameters: {k: {value: 5 ± 20}}\n"
SHOCK = "occasions: {shock: {dates: [2024-12-06], effects: [{stock: NOR.a, times: 8}]}}\n"


@pytest.mark.parametrize("tick", [1.0, 0.5, 0.25])
@pytest.mark.parametrize("rule", sorted(RULES))
def test_a_shock_to_influence_turns_the_way(rule, tick):
    crisis = deliberating(
        [90, 60, 20], [0.2, 0.3, 0.4], [1, 0.8, 0.6], more=f", rule: {rule}, start: 50", rest=SHOCK
    )
    before = RULES[rule]([90, 60, 20], [0.2, 0.3, 0.4], [1, 0.8, 0.6])
    after = RULES[rule]([90, 60, 20], [1.6, 0.3, 0.4], [1, 0.8, 0.6])
    halfway = adjust(50.0, before, elapsed=5, inertia=10)
    run = simulate(crisis, trajectories=4, seed=1, tick=tick, final=("reply",))
    assert np.allclose(run.final["reply"], adjust(halfway, after, elapsed=5, inertia=10), rtol=0, atol=1e-10)


def test_kernel_and_plain_definition_agree():
    more = ", rule: median, start: 10, veto: {by: c, status_quo: 45, kind: block}"
    run = simulate(uncertain(more=more), trajectories=40, replicates=1, seed=9, final=("reply",))
    draws = draw_parameters(run.crisis.parameters.values(), 9, 40)
    plain = [
        simulate_reference(run.crisis, {name: values[i] for name, values in draws.items()}, seed=9, number=i)
        for i in range(40)
    ]
    assert run.final["reply"] == pytest.approx([each.state["reply"] for each in plain], rel=1e-12)


def test_an_influence_that_relaxes_is_clamped_by_its_bounds():
    factor = "{each: 10 of anger, from: 0, times: 2, at_least: 0.5, at_most: 3}"
    crisis = loads(
        f"{HEAD}stocks: {{anger: {{start: 90}}}}\n"
        f"actors: {{NOR: {{factions: {{a: {{influence: 0.4, over: 1 d, factors: [{factor}]}}}}}}}}\n"
    )
    run = simulate(crisis, trajectories=4, seed=1, final=("NOR.a",))
    assert np.allclose(run.final["NOR.a"], adjust(0.4, 1.2, elapsed=10, inertia=1), rtol=0, atol=1e-12)


def test_too_many_factions_are_refused():
    names = [f"f{i}" for i in range(60)]
    influence = ", ".join(f"{name}: {{influence: 1}}" for name in names)
    stand = ", ".join(f"{name}: {{position: 1 ± 1}}" for name in names)
    text = (
        f"{HEAD}actors: {{NOR: {{factions: {{{influence}}}}}}}\n"
        f"deliberations: {{reply: {{actor: NOR, factions: {{{stand}}}, adjusts: 3 d, rule: RULE}}}}\n"
    )
    assert loads(text.replace("RULE", "compromise"))
    with pytest.raises(CrisisFileError, match="60 factions are too many for one expression"):
        loads(text.replace("RULE", "median"))
