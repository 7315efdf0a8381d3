"""The three debates in Tehran: how long they take, what moves them, what they move."""

from dataclasses import replace

import numpy as np
import pytest

from detente.catalog import load
from detente.engine import simulate
from detente.engine.intensities import as_of_state
from detente.expressions import Binary, Name, Number

CRISIS = load("iran_2024")
OPENERS = [
    "USA.president.inauguration",
    "max_pressure",
    "europe_sanctions",
    "board_june_november.censure",
    "snapback.notify",
    "us_talks.break_off",
    "lebanon_truce_agreed",
]


@pytest.fixture(scope="module")
def run():
    return simulate(
        CRISIS, trajectories=2400, seed=1, log=True, final=("IRN.doctrine", "IRN.ruling", "IRN.leader")
    )


def times(run, happening):
    """Trajectory and time of every occurrence, as one number that sorts: 10,000 days per trajectory."""
    chosen = run.log.happening == run.log.names.index(happening)
    return np.sort(run.log.trajectory[chosen] * 1e4 + run.log.time[chosen])


def lags(run, opener, decided):
    """Days from each occurrence of one happening to the next of another in the same future."""
    start, end = times(run, opener), np.append(times(run, decided), np.inf)
    lag = end[np.searchsorted(end, start)] - start
    return lag[lag < 1000.0]


def shifted(faction, times):
    """The crisis with another weight of a camp, from the start of the record on."""
    stock = CRISIS.stocks[f"IRN.{faction}"]
    start, follows = (Binary("*", each, Number(times)) for each in (stock.start, stock.follows))
    return replace(CRISIS, stocks={**CRISIS.stocks, stock.name: replace(stock, start=start, follows=follows)})


def position(crisis, deliberation):
    return as_of_state(crisis, seed=1, n_draws=50).value(Name(deliberation)).mean()


def odds(crisis, deliberation, outcome):
    """Share of the debates of 200 days that end so."""
    counts = simulate(crisis, trajectories=2400, seed=1, horizon=200.0).counts
    return counts[f"{deliberation}.decided.{outcome}"] / counts[f"{deliberation}.decided"]


class TestLags:
    """Dossier: attack to vow 5 days, vote to reversal 8 or 9, vote to signal 8, leak to denials 2 and 4."""

    def test_from_a_strike_to_what_is_said_about_the_reply(self, run):
        assert 5.0 <= np.median(lags(run, "israel_strikes_iran", "IRN.reply.decided")) <= 9.0

    @pytest.mark.parametrize("opener", OPENERS)
    def test_from_an_opener_to_the_line_towards_the_west(self, run, opener):
        found = lags(run, opener, "IRN.opening.decided")
        assert len(found) > 100
        assert 7.5 <= np.median(found) <= 9.5

    def test_from_all_openers_together(self, run):
        found = np.concatenate([lags(run, opener, "IRN.opening.decided") for opener in OPENERS])
        assert 8.0 <= np.median(found) <= 9.0

    def test_from_a_leak_to_the_denial(self, run):
        assert 2.0 <= np.median(lags(run, "contact_leak", "contact_denied")) <= 4.0

    def test_a_shock_reopens_what_was_settled(self, run):
        decided = run.log.trajectory[run.log.happening == run.log.names.index("IRN.opening.decided")]
        assert np.mean(np.bincount(decided, minlength=run.n_trajectories) >= 3) > 0.9


class TestWeights:
    @pytest.mark.parametrize(
        ("deliberation", "outcome", "up", "down"),
        [
            ("IRN.reply", "vow", "hardline", "pragmatist"),
            ("IRN.opening", "seek", "pragmatist", "hardline"),
            ("IRN.opening", "harden", "hardline", "pragmatist"),
        ],
    )
    def test_a_camp_that_gains_moves_position_and_odds(self, deliberation, outcome, up, down):
        gained, lost = shifted(up, 1.4), shifted(down, 1.4)
        sign = -1.0 if outcome == "harden" else 1.0
        held = position(CRISIS, deliberation)
        assert sign * (position(gained, deliberation) - held) > 1.5
        assert sign * (position(lost, deliberation) - held) < -1.5
        plain = odds(CRISIS, deliberation, outcome)
        assert odds(gained, deliberation, outcome) > plain + 0.01
        assert odds(lost, deliberation, outcome) < plain - 0.01


class TestRecord:
    def test_what_was_decided_shapes_the_day_of_the_forecast(self):
        state = as_of_state(CRISIS, seed=1, n_draws=20)
        stands = {
            name: {CRISIS.stages[name].values[int(value)] for value in state.value(Name(name))}
            for name in ("IRN.stance", "IRN.line", "IRN.ruling", "IRN.reply.debate", "IRN.opening.debate")
        }
        assert stands == {
            "IRN.stance": {"postponed"},
            "IRN.line": {"seeking"},
            "IRN.ruling": {"stands"},
            "IRN.reply.debate": {"closed"},
            "IRN.opening.debate": {"open"},
        }

    def test_decisions_are_told_by_name(self, run):
        told = {run.log.names[i] for i in np.unique(run.log.happening)}
        for deliberation, ways in {
            "IRN.reply": ("vow", "postpone", "shelve"),
            "IRN.opening": ("seek", "wait", "harden"),
            "IRN.doctrine": ("revise", "keep"),
        }.items():
            assert {f"{deliberation}.decided", *(f"{deliberation}.decided.{way}" for way in ways)} <= told

    def test_a_decision_to_seek_is_signalled_at_once(self, run):
        assert lags(run, "IRN.opening.decided.seek", "iran_signals_readiness").max() < 1e-6


class TestBarrier:
    def test_holds_as_long_as_the_ruling_and_its_author(self, run):
        stands = (run.final["IRN.ruling"] == 0.0) & (run.final["IRN.leader"] == 0.0)
        assert run.final["IRN.doctrine"][stands].max() <= 25.0 + 1e-9
        assert 0.5 < stands.mean() < 1.0

    def test_what_has_built_up_behind_it_comes_through(self, run):
        lifted = run.final["IRN.ruling"] == 1.0
        succeeded = ~lifted & (run.final["IRN.leader"] == 1.0)
        doctrine = run.final["IRN.doctrine"]
        assert np.median(doctrine[lifted]) > np.median(doctrine[succeeded]) > 25.5


def test_the_line_moves_talks_and_offers():
    """What follows the first decision of the line, by what it was."""
    run = simulate(CRISIS, trajectories=6000, seed=2, horizon=62.0, log=True)

    def first(happening):
        found = np.full(run.n_trajectories, np.inf)
        chosen = run.log.happening == run.log.names.index(happening)
        np.minimum.at(found, run.log.trajectory[chosen], run.log.time[chosen])
        return found

    decided = first("IRN.opening.decided")
    for happening, least in (("e3_iran_talks.confirmed", 0.05), ("iran_offers_cap", 0.03)):
        share = {}
        for way in ("seek", "harden"):
            came = first(f"IRN.opening.decided.{way}")
            share[way] = np.isfinite(first(happening))[np.isfinite(came) & (came == decided)].mean()
        assert share["seek"] > share["harden"] + least
