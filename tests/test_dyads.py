"""Dyads × days: what is counted, what a memory holds, and that nothing of the day or later leaks in."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.errors import TableError
from detente.ledger.dyads import DyadDays, WeightedMean, climatology, dyad_days, memory, memory_weight, spans
from detente.ledger.history import History, Terms

MONDAY = dt.date(2018, 1, 1)

checked = settings(derandomize=True, deadline=None, max_examples=100, database=None)


def events(*rows: tuple[str, str, int, str, int], **extra: Any) -> pl.DataFrame:
    frame = pl.DataFrame(rows, ["actor", "recipient", "day", "cameo", "quadclass_icews"], orient="row")
    days = (pl.lit(MONDAY) + pl.duration(days=pl.col("day"))).cast(pl.Date).alias("occurred_at")
    return frame.with_columns(days, *(pl.lit(value).alias(name) for name, value in extra.items()))


THREE = events(
    ("A", "B", 0, "190", 4), ("A", "B", 0, "036", 1), ("B", "A", 2, "112", 3), ("A", "A", 1, "190", 4),
    ("A", "X", 1, "190", 4), ("B", "C", 3, "070", 2),
)  # fmt: skip


def record(
    days: int = 40, actors: int = 4, seed: int = 1, kinds: tuple[str, ...] = ("any", "military")
) -> DyadDays:
    rng = np.random.default_rng(seed)
    counts = {kind: rng.poisson(0.4, (actors, actors, days)).astype(float) for kind in kinds}
    for array in counts.values():
        array[np.arange(actors), np.arange(actors)] = 0
    return DyadDays(tuple("ABCDEFGH"[:actors]), MONDAY, counts)


# --- counting -----------------------------------------------------------------------------------------------


def test_events_are_counted_by_dyad_day_and_kind() -> None:
    data = dyad_days(THREE, ["A", "B", "C"])
    assert (data.n_days, data.first_day) == (4, MONDAY)
    assert data.dyads == (("A", "B"), ("A", "C"), ("B", "A"), ("B", "C"), ("C", "A"), ("C", "B"))
    total = {kind: array.sum() for kind, array in data.counts.items()}
    assert total == {
        "any": 4,
        "verbal_cooperation": 1,
        "material_cooperation": 1,
        "verbal_conflict": 1,
        "material_conflict": 1,
        "military": 1,
    }
    assert data.of("any")[0, 1].tolist() == [2, 0, 0, 0]
    assert data.happened("any")[0].tolist() == [1, 0, 0, 0]
    assert data.flat(data.of("any"))[2].tolist() == [0, 0, 1, 0]


def test_span_is_what_is_asked_for() -> None:
    data = dyad_days(
        THREE, ["A", "B"], first_day=MONDAY + dt.timedelta(days=1), last_day=MONDAY + dt.timedelta(days=9)
    )
    assert data.n_days == 9
    assert data.of("any").sum() == 1
    assert data.weekdays()[:3].tolist() == [1, 2, 3]
    assert data.number(MONDAY + dt.timedelta(days=3)) == 2
    with pytest.raises(TableError, match="2019-01-01 lies outside the record, which runs from 2018-01-02"):
        data.number(dt.date(2019, 1, 1))


def test_rows_without_a_day_or_a_direction_are_left_out() -> None:
    assert (
        dyad_days(THREE.with_columns(precision=pl.lit("day"), directed=pl.lit(True)), ["A", "B"])
        .of("any")
        .sum()
        == 3
    )
    battles = THREE.with_columns(directed=pl.col("cameo") != "112")
    assert dyad_days(battles, ["A", "B"]).of("any").sum() == 2
    weekly = THREE.with_columns(
        precision=pl.when(pl.col("cameo") == "112").then(pl.lit("week")).otherwise(pl.lit("day"))
    )
    assert dyad_days(weekly, ["A", "B"]).of("any").sum() == 2


def test_a_table_on_disk_is_read_like_one_in_memory(tmp_path: Path) -> None:
    THREE.write_parquet(tmp_path / "events.parquet")
    there, here = dyad_days(tmp_path / "events.parquet", ["A", "B"]), dyad_days(THREE, ["A", "B"])
    np.testing.assert_array_equal(there.of("any"), here.of("any"))


@pytest.mark.parametrize(
    ("actors", "options", "words"),
    [
        (["A", "B", "Z"], {}, "no event between these actors names Z."),
        (["A"], {}, "name at least two, each once"),
        (["A", "A"], {}, "name at least two, each once"),
        (["A", "B"], {"kinds": ["war"]}, "there is no kind 'war'. Known: any, verbal_cooperation"),
        (["A", "B"], {"last_day": dt.date(2017, 1, 1)}, "the span from 2018-01-01 to 2017-01-01 is empty"),
    ],
)
def test_wrong_requests_are_explained(actors: list[str], options: dict[str, Any], words: str) -> None:
    with pytest.raises(TableError) as problem:
        dyad_days(THREE, actors, **options)
    assert words in str(problem.value)


def test_a_table_without_its_columns_is_explained() -> None:
    with pytest.raises(TableError, match=r"no column quadclass_icews\. Was it written by an import"):
        dyad_days(THREE.drop("quadclass_icews"), ["A", "B"])
    with pytest.raises(TableError, match=r"there is no kind 'military'\. Kinds here: any"):
        dyad_days(THREE, ["A", "B"], kinds=["any"]).of("military")


# --- memories -----------------------------------------------------------------------------------------------


@checked
@given(
    daily=st.lists(st.integers(0, 5), min_size=1, max_size=30),
    half_life=st.sampled_from([0.5, 1.0, 3.0, 30.0]),
)
def test_memory_is_the_fading_sum_of_earlier_days(daily: list[int], half_life: float) -> None:
    x = np.array(daily, dtype=float)
    faded = memory(x, half_life)
    for t in range(x.size):
        direct = sum(x[s] * 2 ** (-(t - 1 - s) / half_life) for s in range(t))
        assert faded[t] == pytest.approx(direct, rel=1e-12, abs=1e-12)
    np.testing.assert_allclose(
        memory(np.ones(x.size), half_life), memory_weight(half_life, x.size), rtol=1e-12
    )


def test_memory_needs_a_half_life() -> None:
    with pytest.raises(TableError, match="half_life: 0 is not above zero days"):
        memory(np.ones(3), 0.0)


def test_weighted_mean_of_a_steady_record_is_its_share() -> None:
    happened = np.tile([[1.0], [0.0]], (1, 500))
    forecast = WeightedMean(3.0, 10.0).forecast(happened)
    assert forecast[0, -1] == pytest.approx(1.0, abs=0.01)
    assert forecast[1, -1] == pytest.approx(0.0, abs=0.01)
    assert forecast[:, 0].tolist() == [0.5, 0.5], "on the first day nothing is known"
    assert np.all((forecast >= 0) & (forecast <= 1))


def test_climatology_is_shrunk_to_the_mean_of_all() -> None:
    happened = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert climatology(happened)[:, 1].tolist() == [(1 + 2 * 0.5) / 3, (0 + 2 * 0.5) / 3]


@checked
@given(days=st.integers(1, 50), largest=st.integers(1, 60))
def test_spans_cover_every_day_once(days: int, largest: int) -> None:
    found = spans(days, largest)
    assert [day for a, b in found for day in range(a, b)] == list(range(days))
    assert all(b - a <= largest for a, b in found)


# --- terms --------------------------------------------------------------------------------------------------


def test_terms_have_names_and_are_the_same_in_any_blocks() -> None:
    history = History(record(), "military", Terms())
    whole = history.block(0, 40)
    assert whole.shape == (12, 40, len(history.names))
    assert len(set(history.names)) == len(history.names)
    parts = np.concatenate([history.block(a, b) for a, b in spans(40, 7)], axis=1)
    np.testing.assert_allclose(parts, whole, rtol=1e-12)


@checked
@given(day=st.integers(1, 38), seed=st.integers(0, 10_000))
def test_terms_of_a_day_know_nothing_of_that_day_or_later(day: int, seed: int) -> None:
    data = record()
    rng = np.random.default_rng(seed)
    changed = {kind: array.copy() for kind, array in data.counts.items()}
    for array in changed.values():
        array[:, :, day:] = rng.poisson(3.0, array[:, :, day:].shape)
    other = DyadDays(data.actors, data.first_day, changed)
    terms = Terms()
    before = History(data, "any", terms).block(0, day + 1)
    after = History(other, "any", terms).block(0, day + 1)
    np.testing.assert_array_equal(before, after)


def test_terms_mean_what_they_say() -> None:
    data = record(days=12)
    terms = Terms(own=(2,), reverse=(2,), others=("any",), other=(3,), activity=(3,), triads=(5,))
    history = History(data, "military", terms)
    block = {name: history.block(0, 12)[:, :, k] for k, name in enumerate(history.names)}

    def mean(kind: str, h: float) -> np.ndarray:
        return memory(np.log1p(data.of(kind)), h) / (memory_weight(h, 12) + 1)

    own, daily = mean("military", 2), mean("military", 3)
    for k, (i, j) in enumerate(data.pairs):
        np.testing.assert_allclose(block["own 2 d"][k], np.log(own[i, j] + 0.02))
        np.testing.assert_allclose(block["reverse 2 d"][k], np.log(own[j, i] + 0.02))
        np.testing.assert_allclose(block["reverse any 3 d"][k], np.log(mean("any", 3)[j, i] + 0.02))
        np.testing.assert_allclose(
            block["all to recipient 3 d"][k], np.log(daily[:, j].sum(axis=0) / 3 + 0.02)
        )
        np.testing.assert_allclose(block["actor to all 3 d"][k], np.log(daily[i].sum(axis=0) / 3 + 0.02))
        slow = mean("military", 5)
        paths = sum(slow[i, third] * slow[third, j] for third in range(4)) / 2
        np.testing.assert_allclose(block["two steps 5 d"][k], np.log(paths + 0.02**2))
        both = sum(slow[third, i] * slow[third, j] for third in range(4)) / 2
        np.testing.assert_allclose(block["third to both 5 d"][k], np.log(both + 0.02**2))
    assert block["Tuesday"][0].tolist() == [0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]


def test_offset_must_be_positive() -> None:
    with pytest.raises(TableError, match="offset: 0 is not above zero"):
        History(record(), "any", Terms(offset=0))
