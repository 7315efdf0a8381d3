"""The account of a bulk fit: what it holds, that it is honest, and that its lines can be pasted."""

from __future__ import annotations

import datetime as dt
import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from detente.cli.rate_tables import rate_line, yaml_of
from detente.crisisfile import loads
from detente.errors import TableError
from detente.ledger.dyads import DyadDays
from detente.ledger.excitation import Cause, fit_excitation
from detente.ledger.one_day_ahead import Span, compare, forecast_dyads
from detente.ledger.rate_account import account_rates, last_days

FIRST = dt.date(2020, 1, 1)


def record(
    days: int = 300, seed: int = 2, times: float = 4.0, half_life: float = 4.0, rest: float = 0.05
) -> DyadDays:
    """Events that call forth events, of four actors; none from D to A."""
    rng = np.random.default_rng(seed)
    base = np.full((4, 4), rest)
    base[np.arange(4), np.arange(4)] = 0
    base[3, 0] = 0
    keep, faded, counts = 0.5 ** (1 / half_life), np.zeros((4, 4)), np.zeros((4, 4, days))
    for t in range(days):
        counts[:, :, t] = rng.poisson(base * np.minimum(6.0, 1 + (times - 1) * faded))
        faded = keep * (faded + (counts[:, :, t] > 0))
    return DyadDays(tuple("ABCD"), FIRST, {"any": counts, "other": (counts > 1).astype(float)})


DATA = record()


@pytest.fixture(scope="module")
def account():
    return account_rates(DATA, tests=[last_days(DATA)])


def test_has_a_row_for_every_kind_and_dyad(account):
    table = account.table()
    assert table.height == 2 * 12
    assert table["events"].sum() == sum(array.sum() for array in DATA.counts.values())
    silent = table.filter(actor="D", recipient="A", kind="any").row(0, named=True)
    assert (silent["events"], silent["rate"], silent["rate_spread"]) == (0, 0.0, None)


def test_is_plain_data(account):
    data = json.loads(json.dumps(account.as_dict(), allow_nan=False))
    assert {row["kind"] for row in data["excitations"]} == {"any", "other"}
    assert len(data["forecasts"][0]["scores"]) == 4
    assert data["terms"][0].keys() == {"kind", "term", "coefficient", "error"}


def test_finds_the_excitation_and_keeps_only_what_is_informed(account):
    (any_kind, _) = account.kinds
    assert any_kind.excitation is not None
    (own,) = any_kind.excitation.excitations
    assert own.cause.direction == "own"
    low, high = own.range_of_times(3.9)
    assert low < 4.0 < high
    reverse = next(found for found in any_kind.tried if found.cause.direction == "reverse")
    assert not reverse.informed or reverse.times < 1.5


def test_scores_are_those_of_the_forecasts(account):
    part = account.scored[0]
    found = forecast_dyads(DATA, ["any", "other"], tune=part.tune, test=part.test)
    assert part.scores == {kind: compare(each) for kind, each in found.items()}
    for log, brier in part.scores.values():
        assert (log.score, brier.score) == ("log", "brier")
        assert log.by_day.mean == pytest.approx(log.ours - log.weighted_mean)
        assert log.by_day.n_clusters == 30
        assert log.by_dyad.n_clusters == 12


def test_without_blend_the_regression_stands_alone():
    scored = account_rates(DATA, ["any"], tests=[last_days(DATA)], blend=False).scored[0]
    assert scored.weight == 1.0
    assert list(scored.scores) == ["any"]


def test_progress_is_told_to_the_end():
    steps = []
    account_rates(DATA, ["any"], tests=[last_days(DATA)], progress=lambda done, of: steps.append((done, of)))
    assert steps == [(1, 3), (2, 3), (3, 3)]


def test_a_kind_without_events():
    data = DyadDays(
        DATA.actors, FIRST, {"any": DATA.counts["any"], "never": np.zeros_like(DATA.counts["any"])}
    )
    (never,) = account_rates(data, ["never"]).kinds
    assert (never.tried, never.excitation, never.regression) == ((), None, None)
    assert {rate.rate for rate in never.dyads} == {0.0}
    assert "no event between these actors" in yaml_of(never, at_most=6.0, source="x", top=3)


@pytest.mark.parametrize(
    ("span", "options", "words"),
    [
        (Span(FIRST + dt.timedelta(days=290), FIRST + dt.timedelta(days=400)), {}, "outside the record"),
        (Span(FIRST + dt.timedelta(days=290), FIRST + dt.timedelta(days=290)), {}, "fewer than two days"),
        (last_days(DATA), {"tune_days": 0}, "tune_days: 0 is not above zero"),
    ],
)
def test_faults(span, options, words):
    with pytest.raises(TableError, match=words):
        account_rates(DATA, ["any"], tests=[span], **options)


def test_a_short_record_has_no_last_days():
    assert last_days(record(days=100)) is None


def test_errors_of_base_rates_are_those_of_repeated_records():
    """The log base rate of the first dyad in 25 records under a known law, in errors that the fits claim.

    A right program fails with probability 1e-4 for the mean and 2e-4 for the standard deviation, if its
    estimates are normal; 0.3 is left for the bias that the module states.
    """
    z = []
    for seed in range(25):
        data = record(seed=100 + seed, days=500, times=3.0, half_life=3.0)
        fit = fit_excitation(data, "any", causes=[Cause("any")], at_most=6.0)
        z.append(np.log(fit.base_rates[0] / 0.05) / fit.base_errors[0])
    limit = stats.norm.isf(5e-5) / math.sqrt(25)
    assert -limit < np.mean(z) < 0.3 + limit
    low, high = np.sqrt(stats.chi2.ppf([1e-4, 1 - 1e-4], 24) / 24)
    assert low < np.std(z, ddof=1) < high


def test_a_ceiling_leaves_the_errors_alone():
    """Near the ceiling second differences of the likelihood tell nothing; the errors are there all the same."""
    for seed in (113, 114, 129):
        data = record(seed=seed, days=500, times=3.0, half_life=3.0)
        (found,) = fit_excitation(data, "any", causes=[Cause("any")], at_most=6.0).excitations
        assert found.informed
        assert 0 < found.log_times_error < 1


class TestPaste:
    def crisis(self, lines: str) -> str:
        return (
            "crisis: pasted\ntitle: Pasted\nas_of: 2024-11-30\n"
            "actors: {A: {title: A}, B: {title: B}}\n"
            "actions:\n"
            f"  this_action:\n    actor: A\n    recipient: B\n{lines}"
            "  action_of_the_recipient:\n    actor: B\n    recipient: A\n"
            "    rate: {value: 1 per year, source: judgement, because: test}\n"
            "questions:\n"
            "  Q1: {text: Does it?, yes_if: first this_action, closes: 2025-01-30}\n"
        )

    def test_lines_are_a_crisis(self, account):
        (any_kind, _) = account.kinds
        text = yaml_of(any_kind, at_most=6.0, source="judgement", top=1)
        body = "".join(
            f"    {line}\n"
            for line in text.replace("[judgement]", "judgement, because: bulk fit").splitlines()
        )
        crisis = loads(self.crisis(body))
        best = max(any_kind.dyads, key=lambda each: each.mean.count)
        found = crisis.parameters["actions.this_action.rate"].distribution
        assert found.kind == "lognormal"
        assert found.numbers[0] == pytest.approx(best.rate, rel=0.06)
        assert found.numbers[1] == pytest.approx(best.spread, rel=0.06)

    @pytest.mark.parametrize("rate", [3.0, 0.2, 0.06, 0.004, 1e-5])
    def test_units(self, account, rate):
        line = rate_line(replace(account.kinds[0].dyads[0], rate=rate), "S1").replace(
            "[S1]", "judgement, because: x"
        )
        found = loads(self.crisis(f"    rate: {line}\n")).parameters["actions.this_action.rate"].distribution
        assert found.numbers[0] == pytest.approx(rate, rel=0.06)
