"""The fit: what may be fitted, arrays and derivatives, verdicts, folders, the engine under a posterior, the command."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import detente
from detente.checking import check
from detente.checking.counted_twice import counted_twice
from detente.cli.app import app
from detente.crisisfile import loads, resolve_text
from detente.engine.sampling import draw_parameters, quantile
from detente.engine.tracing import Trace, trace
from detente.errors import ForecastError, ModelError
from detente.inference import Posterior, check_plausibility, fit
from detente.inference import conditional as conditional_module
from detente.inference.conditional import conditional, laplace, systematic
from detente.inference.design import Design, design_of
from detente.inference.evidence import learnable_of
from detente.inference.fitting import Replays, designs_for, replay_for_fit
from detente.inference.likelihood import Target, log_intensities, targets_of
from detente.inference.predicted import hold_against
from detente.inference.priors import Prior, logarithm, prior_of, to_coordinate, to_value
from detente.inference.reach import touched
from detente.model import Crisis, Distribution, Event, Recorded

RICH = """
crisis: rich
as_of: 2024-12-31
record_from: 2024-10-01
horizon: 60 d
actors: {A: {title: A}, B: {title: B}}
parameters:
  quick: {value: 4, spread: ×1.5, unit: d}
  calm: {value: 0.7, spread: ×1.4}
  elsewhere: {value: 2, spread: ×2}
stocks:
  tension: {start: {value: 10, spread: ×2}, lower: 0, upper: 100, flow: -0.5 per day}
  other: {start: {value: 1, spread: ×2}, lower: 0, upper: 100}
stages: {mood: {values: [calm_mood, tense]}}
actions:
  strike:
    actor: A
    recipient: B
    rate: {value: 10 per year, spread: ×3}
    complete_from: 2024-10-01
    factors:
      - {while: mood == tense, times: {value: 2, spread: ×2}}
      - {each: 10 of tension, from: 10, times: {value: 1.4, spread: ×1.5}, at_least: 0.5, at_most: 3}
      - {memory: reply, half_life: quick, times: {value: 3, spread: ×2}, at_most: 6}
    effects: [{stock: tension, add: {value: 8, spread: ×1.5}}, {stage: mood, becomes: tense}]
    outcomes:
      hard:
        share: {value: 20 %, spread: ×2}
        factors: [{each: 10 of tension, from: 10, times: {value: 1.2, spread: ×1.5}}]
      odd: {share: {value: 10 %, spread: ×2}}
      soft: {}
  reply:
    actor: B
    recipient: A
    rate: {counted: 3, from: 2024-10-01, to: 2024-12-31}
    complete_from: 2024-10-01
    factors:
      - {each: doubling of tension, from: 10, times: {value: 1.3, spread: ×2}}
  quiet:
    actor: B
    rate: {value: 3 per year, spread: ×2}
    factors: [{while: other > 5, times: elsewhere}]
"""

HAPPENED = (
    (-80.5, "strike", "soft"),
    (-75.5, "reply", ""),
    (-60.25, "strike", "hard"),
    (-40.5, "reply", ""),
    (-39.0, "strike", "soft"),
    (-10.5, "reply", ""),
)


@cache
def rich() -> Crisis:
    record = (Recorded(t, moment, outcome, f"R{k}") for k, (t, moment, outcome) in enumerate(HAPPENED))
    return dataclasses.replace(loads(RICH), record=tuple(sorted(record)))


@cache
def rich_design() -> Design:
    crisis = rich()
    drawn = draw_parameters(crisis.parameters.values(), 1, 1)
    values = {name: float(value[0]) for name, value in drawn.items()}
    values["actions.reply.rate"] = 1.0
    return design_of(trace(crisis, values), learnable_of(crisis))


def rich_targets() -> tuple[Target, ...]:
    return targets_of(rich_design(), [each.prior for each in learnable_of(rich()).fitted])


@cache
def rich_fit() -> Posterior:
    return fit(rich(), paths=6, draws=600, seed=3)


class TestPriors:
    @pytest.mark.parametrize(
        "distribution",
        [
            Distribution("lognormal", (3.0, 2.0)),
            Distribution("logitnormal", (0.1, 0.6)),
            Distribution("normal", (5.0, 1.0)),
            Distribution("gamma", (2.5, 4.0)),
        ],
        ids=lambda d: d.kind,
    )
    def test_the_density_is_that_of_the_engines_draws(self, distribution):
        """Its integral is 1, and its mean and spread are those of the quantiles that the engine draws by."""
        prior = prior_of(distribution)
        eta = np.linspace(prior.centre - 12 * prior.spread, prior.centre + 12 * prior.spread, 200_001)
        density = np.exp(prior.log_density(eta))
        step = eta[1] - eta[0]
        assert density.sum() * step == pytest.approx(1.0, abs=1e-4)
        values = to_coordinate(prior.scale, quantile(distribution, (np.arange(100_000) + 0.5) / 100_000))
        assert (density * eta).sum() * step == pytest.approx(values.mean(), abs=2e-3 * prior.spread)
        assert prior.centre == pytest.approx(values.mean(), abs=2e-3 * prior.spread)
        assert prior.spread == pytest.approx(values.std(), rel=0.01)

    @given(eta=st.floats(-3, 3), kind=st.sampled_from(["normal", "gamma", "jeffreys"]))
    def test_slopes_are_those_of_the_density(self, eta, kind):
        prior = Prior(kind, "log", 1.3, 0.7, 0.0, 1.0)
        at, h = np.array(eta), 1e-5
        first, second = prior.slopes(at)
        assert first == pytest.approx(
            (prior.log_density(at + h) - prior.log_density(at - h)) / (2 * h), abs=1e-6
        )
        assert second == pytest.approx(
            (prior.slopes(at + h)[0] - prior.slopes(at - h)[0]) / (2 * h), abs=1e-6
        )

    @given(eta=st.floats(0.05, 4), scale=st.sampled_from(["log", "logit", "identity"]))
    def test_logarithms_and_coordinates(self, eta, scale):
        at, h = np.array(eta), 1e-5
        assert to_coordinate(scale, to_value(scale, at)) == pytest.approx(eta, rel=1e-6)
        log = logarithm(scale, at)
        assert np.exp(log.value) == pytest.approx(to_value(scale, at))
        assert log.first == pytest.approx(
            (logarithm(scale, at + h).value - logarithm(scale, at - h).value) / (2 * h), abs=1e-5
        )
        assert log.second == pytest.approx(
            (logarithm(scale, at + h).first - logarithm(scale, at - h).first) / (2 * h), abs=1e-5 * 1e3
        )

    def test_a_number_that_stands_for_itself_is_above_zero(self):
        assert logarithm("identity", np.array([-1.0])).value == -np.inf

    def test_a_prior_that_its_bounds_cut_is_not_fitted(self):
        assert prior_of(Distribution("lognormal", (0.5, 3.0), upper=1.0)) is None
        assert prior_of(Distribution("lognormal", (0.1, 1.5), upper=1.0)) is not None


class TestEvidence:
    def test_what_is_fitted(self):
        assert set(learnable_of(rich()).names) == {
            "actions.strike.rate",
            "actions.strike.factors.0.times",
            "actions.strike.factors.1.times",
            "actions.strike.factors.2.times",
            "actions.strike.outcomes.hard.share",
            "actions.strike.outcomes.hard.factors.0.times",
            "actions.strike.outcomes.odd.share",
            "actions.reply.rate",
            "actions.reply.factors.0.times",
        }

    def test_a_prior_that_cites_the_record_is_left(self):
        crisis = rich()
        rate = crisis.parameters["actions.strike.rate"]
        cited = dataclasses.replace(rate, evidence=dataclasses.replace(rate.evidence, source=("R0", "S1")))
        crisis = dataclasses.replace(crisis, parameters=dict(crisis.parameters) | {rate.name: cited})
        found = learnable_of(crisis)
        assert rate.name not in found.names
        assert "R0 of the same record" in found.left[rate.name]
        assert list(counted_twice(crisis)) == [(rate.name, ("R0",))]

    def test_a_number_that_also_moves_the_state_is_left(self):
        text = RICH.replace("times: {value: 1.3, spread: ×2}", "times: calm").replace(
            "flow: -0.5 per day", "flow: -0.5 * calm"
        )
        found = learnable_of(loads(text))
        assert "moves the state" in found.left["calm"]

    def test_a_count_over_more_than_the_record_is_left(self):
        text = RICH.replace("complete_from: 2024-10-01\n    factors:\n      - {each: doubling", (
            "complete_from: 2024-11-01\n    factors:\n      - {each: doubling"
        ))  # fmt: skip
        assert "not complete" in learnable_of(loads(text)).left["actions.reply.rate"]

    def test_a_counted_share_is_left(self):
        found = learnable_of(loads(RICH.replace("share: {value: 10 %, spread: ×2}", "share: counted 1 of 9")))
        assert "it is counted" in found.left["actions.strike.outcomes.odd.share"]

    def test_numbers_shared_by_five_actions_are_pooled(self):
        actions = "".join(
            f"  a{k}: {{actor: A, rate: 3 per year, complete_from: 2024-10-01,"
            f" factors: [{{while: mood == tense, times: calm}}]}}\n"
            for k in range(5)
        )
        found = learnable_of(loads(RICH + actions))
        (calm,) = (each for each in found.fitted if each.name == "calm")
        assert calm.pooled

    def test_what_the_replay_does_not_depend_on_is_not_named(self):
        crisis = rich()
        names = set(touched(crisis, learnable_of(crisis)))
        assert {"quick", "stocks.tension.start", "actions.strike.effects.0.add"} <= names
        assert names.isdisjoint({"elsewhere", "stocks.other.start", "actions.quiet.rate", "calm"})

    def test_moving_what_is_not_named_moves_no_design(self):
        """Of Iran: all parameters outside `touched` may change at once, and nothing in the evidence does."""
        crisis, names = iran_free()
        before, values, _ = iran_design()
        moved = values | {name: values[name] * 1.3 for name in names}
        after = design_of(trace(crisis, moved), learnable_of(crisis))
        assert len(names) > 40
        for a, b in zip(before.clocks, after.clocks, strict=True):
            assert np.array_equal(a.cells.offset, b.cells.offset)
            assert np.array_equal(a.days, b.days)
            assert all(np.array_equal(x.x, y.x) for x, y in zip(a.cells.terms, b.cells.terms, strict=True))
        for a, b in zip(before.choices, after.choices, strict=True):
            assert np.array_equal(a.odds.offset, b.odds.offset)
            assert a.rest == b.rest


TWICE = """
crisis: twice
as_of: 2024-12-31
record_from: 2024-10-01
horizon: 60 d
actors: {A: {title: A}}
actions:
  strike:
    actor: A
    complete_from: 2024-10-01
    rate: RATE
sources: {S1: {title: A paper}}
events:
  E1: {date: 2024-11-03, happening: strike}
"""


class TestCheck:
    def test_a_prior_that_cites_the_record_is_an_error(self):
        text = TWICE.replace("RATE", "{value: 3 per year, spread: ×3, source: [E1]}")
        (found,) = (each for each in check(resolve_text(text)) if each.kind == "error")
        assert found.path == "actions.strike.rate"
        assert "cites E1 of the complete record" in found.message
        assert "counted:" in found.hint

    @pytest.mark.parametrize(
        "rate",
        [
            "{counted: 1, from: 2024-10-01, to: 2024-12-31, source: [E1]}",
            "{value: 3 per year, spread: ×3, source: [S1]}",
        ],
        ids=["counted", "elsewhere"],
    )
    def test_what_counts_once_is_not(self, rate):
        assert not [each for each in check(resolve_text(TWICE.replace("RATE", rate))) if each.kind == "error"]


@cache
def iran_free() -> tuple[Crisis, list[str]]:
    crisis = detente.load("iran_2024")
    kept = set(touched(crisis, learnable_of(crisis)))
    spread = {
        name
        for name, each in crisis.parameters.items()
        if each.distribution.kind not in ("fixed", "bernoulli")
    }
    return crisis, sorted(spread - kept)


@cache
def iran_design() -> tuple[Design, dict[str, float], Trace]:
    crisis, _ = iran_free()
    drawn = draw_parameters(crisis.parameters.values(), 2, 1)
    values = {name: float(value[0]) for name, value in drawn.items()}
    for name, each in crisis.parameters.items():
        if each.distribution.kind == "counted":
            values[name] = 1.0
    traced = trace(crisis, values)
    return design_of(traced, learnable_of(crisis)), values, traced


class TestDesign:
    def test_at_the_drawn_values_it_is_the_trace(self):
        """Rows rebuilt from offsets and terms give the intensities that the replay itself read."""
        design, values, traced = iran_design()
        evidence = learnable_of(traced.crisis)
        logs = [
            logarithm(
                each.prior.scale, np.atleast_1d(to_coordinate(each.prior.scale, np.array(values[each.name])))
            )
            for each in evidence.fitted
        ]
        for clock in design.clocks:
            rate = np.exp(log_intensities(clock.cells, logs)[0])
            cells = traced.clocks[clock.clock]
            expected = cells.integral(evidence.since[clock.clock])
            assert rate @ clock.days == pytest.approx(expected, rel=1e-10)
            for event, eta in zip(clock.events, log_intensities(clock.moments, logs)[0], strict=True):
                (firing,) = (each for each in traced.firings if each.event == event)
                assert np.exp(eta) == pytest.approx(firing.intensity, rel=1e-9)

    def test_a_month_is_the_mean_over_its_days(self):
        crisis = rich()
        event = Event("R1", dt.datetime(2024, 10, 16), "month", (), (), "", "", "A reply")
        crisis = dataclasses.replace(crisis, events={"R1": event})
        values = {
            name: float(draw_parameters([each], 1, 1)[name][0]) for name, each in crisis.parameters.items()
        }
        design = design_of(trace(crisis, values), learnable_of(crisis))
        (reply,) = (each for each in design.clocks if each.clock == "reply")
        rows = reply.of_event == 0
        assert rows.sum() > 1
        assert reply.parts[rows].sum() == pytest.approx(1.0)
        (target,) = (t for t in targets_of(design, [f.prior for f in learnable_of(crisis).fitted]) if reply.clock in
                     [c.clock for c in t.clocks])  # fmt: skip
        check_derivatives(target, np.array([0.1] * target.size))

    def test_a_period_that_is_left_out_counts_nothing(self):
        crisis = rich()
        values = {
            name: float(draw_parameters([each], 1, 1)[name][0]) for name, each in crisis.parameters.items()
        }
        traced = trace(crisis, values)
        whole = design_of(traced, learnable_of(crisis))
        part = design_of(traced, learnable_of(crisis), without=[(-50.0, -20.0)])
        for a, b in zip(whole.clocks, part.clocks, strict=True):
            assert a.days.sum() - b.days.sum() == pytest.approx(30.0)
        assert [len(each.events) for each in part.clocks] == [2, 2]
        assert len(whole.choices) - len(part.choices) == 1


def check_derivatives(target: Target, at: np.ndarray) -> None:
    here, h = target.look(at), 1e-5
    for j, unit in enumerate(np.eye(target.size)):
        up, down = at + h * unit, at - h * unit
        slope = (target.log_density(up[None])[0] - target.log_density(down[None])[0]) / (2 * h)
        assert here.gradient[j] == pytest.approx(slope, rel=1e-4, abs=1e-5)
        bend = (target.look(up).gradient - target.look(down).gradient) / (2 * h)
        assert -here.hessian[j] == pytest.approx(bend, rel=1e-4, abs=1e-4)


class TestLikelihood:
    @settings(max_examples=30, deadline=None)
    @given(data=st.data())
    def test_derivatives_are_those_of_finite_differences(self, data):
        """Clocks with every shape of factor, a memory, Jeffreys' prior, shares and odds, anywhere near the prior.

        Where a bound of a factor is met within a step, the derivative jumps; a hair off it does not.
        """
        for target in rich_targets():
            away = data.draw(st.lists(st.floats(-1.5, 1.5), min_size=target.size, max_size=target.size))
            centre = np.nan_to_num([prior.centre for prior in target.priors], nan=-3.0)
            at = centre + np.array(away) * 0.4 + 1.2345e-3
            if np.isfinite(target.log_density(at[None])[0]) and not near_a_kink(target, at):
                check_derivatives(target, at)

    def test_numbers_that_never_meet_are_apart(self):
        groups = [target.numbers for target in rich_targets()]
        assert sorted(number for group in groups for number in group) == list(range(9))
        assert sorted(len(group) for group in groups) == [2, 3, 4]

    def test_what_is_left_of_the_shares_may_be_nothing(self):
        (target,) = (each for each in rich_targets() if each.choices)
        place = list(target.choices[0].taken)
        at = np.zeros(target.size)
        at[place] = np.log(0.9)
        assert target.log_density(at[None])[0] == -np.inf


def near_a_kink(target: Target, at: np.ndarray) -> bool:
    for clock in target.clocks:
        for rows in (clock.cells, clock.moments):
            for term in rows.terms:
                if np.isfinite(term.high):
                    value = np.exp(at[term.number] * term.x)
                    if term.memory:
                        value = 1.0 + np.expm1(at[term.number]) * term.x
                    gap = np.minimum(np.abs(value - term.high), np.abs(value - max(term.low, 1e-9)))
                    if np.any(gap < 1e-3):
                        return True
    return False


class TestConditional:
    def test_systematic_draws_are_in_proportion(self):
        found = systematic(np.array([0.1, 0.2, 0.7]), 1000, np.random.default_rng(1))
        assert np.bincount(found).tolist() == [100, 200, 700]

    def test_the_maximum_has_no_slope(self):
        for target in rich_targets():
            top = laplace(target)
            assert np.abs(target.look(top.at).gradient).max() < 1e-3 or near_a_kink(target, top.at)

    def test_chains_take_over_where_weights_fail(self, monkeypatch):
        """With k̂ of 0.7 out of reach the ensemble sampler runs, and finds the same mean."""
        (target,) = (each for each in rich_targets() if each.size == 2)
        weighed = conditional(target, 4000, np.random.default_rng(1))
        monkeypatch.setattr(conditional_module, "K_HAT", -10.0)
        chained = conditional(target, 4000, np.random.default_rng(1))
        assert (weighed.method, chained.method) == ("importance", "mcmc")
        assert chained.r_hat < 1.05
        assert chained.ess > 300
        assert np.abs(chained.mean() - weighed.mean()).max() < 0.1
        assert chained.variance() == pytest.approx(weighed.variance(), rel=0.2)


class TestFit:
    def test_draws_go_together(self):
        found = rich_fit()
        assert found.n_draws == 600
        assert {len(values) for values in found.parameters.values()} == {600}
        assert set(found.parameters) == set(touched(rich(), learnable_of(rich())))

    def test_the_same_seed_gives_the_same_draws(self):
        assert fit(rich(), paths=6, draws=600, seed=3).digest == rich_fit().digest
        assert fit(rich(), paths=6, draws=600, seed=4).digest != rich_fit().digest

    def test_three_events_on_each_side_are_needed(self):
        found = {each.name: each for each in rich_fit().fits}
        factor = found["actions.strike.factors.0.times"]
        assert factor.sides is not None
        assert min(factor.sides) < 3
        assert factor.verdict == "not informed by the record"
        rate = found["actions.reply.rate"]
        assert (rate.prior_median, rate.events) == (None, 3)

    def test_a_rate_with_many_events_is_learned(self):
        crisis = rich()
        many = tuple(Recorded(-88.0 + 2.0 * k, "reply", "", f"M{k}") for k in range(40))
        found = fit(dataclasses.replace(crisis, record=many), paths=2, draws=200, seed=1)
        assert "actions.reply.rate" in found.learned()
        assert next(each for each in found.fits if each.name == "actions.reply.rate").contraction < 0.2

    def test_since_leaves_out_what_was_before(self):
        found = {each.name: each for each in fit(rich(), paths=2, draws=200, seed=1, since=-50.0).fits}
        assert found["actions.reply.rate"].events == 2

    def test_an_event_that_no_replay_allows_is_left_out_and_named(self):
        crisis = loads(RICH.replace("    rate: {value: 10 per year, spread: ×3}", (
            "    only_while: other > 50\n    rate: {value: 10 per year, spread: ×3}"
        )))  # fmt: skip
        record = (Recorded(-50.5, "strike", "soft", "X1"), Recorded(-40.5, "reply", "", "X2"))
        found = fit(dataclasses.replace(crisis, record=record), paths=2, draws=200, seed=1)
        assert any("X1" in note and "impossible" in note for note in found.notes)

    def test_a_counted_rate_that_was_never_possible_is_refused(self):
        crisis = loads(RICH.replace("rate: {counted: 3,", "only_while: tension < -1\n    rate: {counted: 3,"))
        with pytest.raises((ForecastError, ModelError), match="never possible"):
            fit(crisis, paths=2, draws=200, seed=1)

    def test_nothing_to_fit_is_said(self):
        found = fit(detente.load("cuba_1962"))
        assert found.parameters == {}
        assert "declares a complete record" in str(found)

    def test_designs_of_ledgers_are_told_apart(self):
        doubtful = Recorded(-30.5, "reply", "", "D", 0.4)
        crisis = dataclasses.replace(rich(), record=tuple(sorted((*rich().record, doubtful))))
        replays = replay_for_fit(crisis, paths=16, seed=2)
        assert isinstance(replays, Replays)
        assert sum(replays.shares.values()) == pytest.approx(1.0)
        designs, _ = designs_for(replays)
        counts = {
            (ledger, len(c.events)) for ledger, design in designs for c in design.clocks if c.clock == "reply"
        }
        assert {count for _, count in counts} == {3, 4}
        assert len(counts) == 2

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ({"paths": 1}, "paths: it must be 2 or more, but is 1"),
            ({"draws": 5}, "draws: it must be 100 or more"),
            ({"since": -1000.0}, "since: it must be a day of the record"),
            ({"reporting": {"nobody": 0.5}}, "there is no action 'nobody'"),
            ({"reporting": {"strike": 0.0}}, "above 0 and up to 1"),
        ],
        ids=str,
    )
    def test_wrong_arguments(self, arguments, words):
        with pytest.raises(ForecastError, match=words):
            fit(rich(), **arguments)

    def test_only_a_crisis_is_fitted(self):
        with pytest.raises(ForecastError, match="must be a Crisis"):
            fit("iran_2024")


class TestFolder:
    def test_what_is_saved_is_read_again(self, tmp_path):
        place = rich_fit().save(tmp_path / "rich.posterior")
        again = Posterior.load(place)
        assert again.digest == rich_fit().digest
        assert again.fits == rich_fit().fits
        assert again.residuals == rich_fit().residuals
        assert again.provenance == rich_fit().provenance
        again.refuse_other(rich())
        rich_fit().save(place)

    def test_a_changed_crisis_is_refused_unless_forced(self):
        other = dataclasses.replace(rich(), title="Another")
        with pytest.raises(ForecastError, match="another state of the crisis") as problem:
            rich_fit().refuse_other(other)
        assert "--force" in str(problem.value)
        rich_fit().refuse_other(other, force=True)
        with pytest.raises(ForecastError, match="which 'cuba_1962' does not have"):
            rich_fit().refuse_other(detente.load("cuba_1962"), force=True)

    def test_changed_draws_are_refused(self, tmp_path):
        place = rich_fit().save(tmp_path / "p")
        (place / "draws.parquet").write_bytes(b"not what it was")
        with pytest.raises(ForecastError, match="its digest differs"):
            Posterior.load(place)

    def test_no_posterior_and_foreign_folders(self, tmp_path):
        with pytest.raises(ForecastError, match="there is no posterior"):
            Posterior.load(tmp_path / "nothing")
        (tmp_path / "notes.txt").write_text("mine")
        with pytest.raises(ForecastError, match=r"`detente fit` has not written, such as 'notes\.txt'"):
            rich_fit().save(tmp_path)
        assert (tmp_path / "notes.txt").read_text() == "mine"

    def test_a_manifest_of_another_make(self, tmp_path):
        place = rich_fit().save(tmp_path / "p")
        manifest = json.loads((place / "manifest.json").read_text())
        del manifest["residuals"]
        (place / "manifest.json").write_text(json.dumps(manifest))
        with pytest.raises(ForecastError, match="not one that this version wrote"):
            Posterior.load(place)


class TestEngine:
    def test_the_priors_own_draws_give_the_same_futures(self):
        crisis = detente.load("cuba_1962")
        drawn = detente.simulate(crisis, trajectories=256, seed=5)
        again = detente.simulate(crisis, trajectories=256, seed=5, posterior=drawn.parameters)
        assert all(np.array_equal(drawn.registers[w], again.registers[w]) for w in drawn.registers)

    def test_draw_d_takes_row_d_modulo_n(self):
        rows = {"actions.strike.rate": np.array([0.01, 0.02, 0.03])}
        found = detente.simulate(rich(), trajectories=64, replicates=8, seed=1, posterior=rows)
        assert found.parameters["actions.strike.rate"].tolist() == [
            0.01,
            0.02,
            0.03,
            0.01,
            0.02,
            0.03,
            0.01,
            0.02,
        ]
        plain = detente.simulate(rich(), trajectories=64, replicates=8, seed=1)
        name = "stocks.tension.start"
        assert found.parameters[name].tolist() == plain.parameters[name].tolist()

    def test_a_counted_rate_is_final(self):
        rows = {"actions.reply.rate": np.array([0.5])}
        found = detente.simulate(rich(), trajectories=8, seed=1, posterior=rows)
        assert set(found.parameters["actions.reply.rate"]) == {0.5}

    def test_a_forecast_records_the_digest(self):
        found = detente.forecast(rich(), trajectories=80, seed=1, posterior=rich_fit().parameters)
        assert found.provenance.settings["posterior"] == rich_fit().digest
        assert "posterior" not in detente.forecast(rich(), trajectories=80, seed=1).provenance.settings

    @pytest.mark.parametrize(
        ("rows", "words"),
        [
            ({"nobody": np.ones(2)}, "'nobody', which is no parameter"),
            ({"quick": np.ones(2), "calm": np.ones(3)}, "one array of the same length"),
            ({"quick": np.array([1.0, np.nan])}, "no finite number"),
        ],
        ids=["unknown", "lengths", "nan"],
    )
    def test_a_broken_posterior_is_refused(self, rows, words):
        with pytest.raises(ModelError, match=words):
            detente.simulate(rich(), trajectories=8, seed=1, posterior=rows)


class TestPlausibility:
    def test_a_law_of_its_own_passes_and_a_padded_one_does_not(self):
        rng = np.random.default_rng(1)
        cells = tuple(("c", float(k), float(k + 1), int(n)) for k, n in enumerate(rng.poisson(3.0, 60)))
        assert hold_against(cells, rng.poisson(3.0, (60, 2000)).astype(float)).plausible
        padded = hold_against(cells, rng.poisson(rng.gamma(1.2, 2.5, (60, 2000))).astype(float))
        assert not padded.plausible
        assert not hold_against(cells, rng.poisson(6.0, (60, 2000)).astype(float)).plausible

    def test_periods_are_predicted_from_the_others(self):
        found = check_plausibility(rich(), periods=3, trajectories=400, paths=4, seed=1)
        assert {cell.clock for cell in found.cells} == {"strike", "reply"}
        assert len(found.cells) == 6
        assert sum(cell.observed for cell in found.cells) == 6
        assert 0.0 <= found.p_ks <= 1.0

    def test_nothing_fitted_has_nothing_to_check(self):
        assert check_plausibility(detente.load("cuba_1962")) is None


class TestCommand:
    def run(self, *arguments):
        return CliRunner().invoke(app, [str(each) for each in arguments])

    def test_fit_writes_what_run_takes(self, tmp_path):
        file = tmp_path / "rich.yaml"
        file.write_text(detente.dumps(rich()), encoding="utf-8")
        out = tmp_path / "rich.posterior"
        options = ("--paths", 2, "--draws", 200, "--processes", 1, "--quiet")
        done = self.run("fit", file, "--out", out, *options)
        assert done.exit_code == 0, done.output
        assert "not informed" in done.stdout
        assert "from half to" in done.stdout
        ran = self.run(
            "run", file, "--posterior", out, "--trajectories", 80, "--seed", 1, "--json", "--quiet"
        )
        assert ran.exit_code == 0, ran.output
        assert json.loads(ran.stdout)["provenance"]["settings"]["posterior"] == Posterior.load(out).digest

    def test_json_holds_everything(self, tmp_path):
        done = self.run("fit", "cuba_1962", "--out", tmp_path / "c", "--json", "--quiet")
        data = json.loads(done.stdout)
        assert (data["ok"], data["fits"], data["draws"]) == (True, [], 0)

    def test_a_wrong_day_and_a_foreign_folder(self, tmp_path):
        assert self.run("fit", "cuba_1962", "--since", "yesterday").exit_code == 2
        (tmp_path / "mine.txt").write_text("")
        done = self.run("fit", "cuba_1962", "--out", tmp_path, "--quiet")
        assert done.exit_code == 1
        assert "mine.txt" in done.stderr
