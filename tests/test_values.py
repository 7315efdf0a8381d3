import datetime as dt
import math
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from detente.crisisfile.quantities import DAYS, in_engine_units, read_quantity
from detente.crisisfile.values import Value, ValueFault, parse_duration, parse_value
from detente.expressions import parse
from detente.model import NINETY_PERCENT as Z90

KINDS = ("number", "ratio", "rate", "flow", "duration", "share")
AS_OF = dt.date(2024, 11, 30)
WINDOW = {"from": "2023-10-01", "to": "2024-11-30"}


def known(raw, kind):
    return parse_value(raw, kind, clock="strike", origin=AS_OF).distribution


def refusal(raw, kind):
    with pytest.raises(ValueFault) as caught:
        parse_value(raw, kind, clock="strike", origin=AS_OF)
    return f"{caught.value.message}\n{caught.value.hint}"


class TestFixed:
    @pytest.mark.parametrize(
        ("raw", "kind", "number"),
        [
            ("182.3", "number", 182.3),
            (182.3, "number", 182.3),
            ("-15", "number", -15.0),
            ("−15", "number", -15.0),
            (-15, "number", -15.0),
            ("3e5", "number", 300_000.0),
            ("15 %", "number", 0.15),
            ("15%", "share", 0.15),
            (0.8, "share", 0.8),
            ("100 %", "share", 1.0),
            (0, "share", 0.0),
            ("×3", "ratio", 3.0),
            ("× 3", "ratio", 3.0),
            ("x3", "ratio", 3.0),
            (3, "ratio", 3.0),
            ("30 %", "ratio", 0.3),
            ("30 d", "duration", 30.0),
            ("30d", "duration", 30.0),
            ("12 h", "duration", 0.5),
            ("2 weeks", "duration", 14.0),
            ("1 day", "duration", 1.0),
            ("90 minutes", "duration", 0.0625),
            ("3 months", "duration", 91.3125),
            ("1 year", "duration", 365.25),
            (0, "duration", 0.0),
            ("2 per year", "rate", 2 / 365.25),
            ("0.25 per day", "rate", 0.25),
            ("3 per month", "rate", 3 / 30.4375),
            ("1 per 30 d", "rate", 1 / 30),
            ("12 per hour", "rate", 288.0),
            (0, "rate", 0.0),
            ("10 % per year", "rate", 0.1 / 365.25),
            ("30 % within 14 d", "rate", -math.log(0.7) / 14),
            ("0.3 within 2 weeks", "rate", -math.log(0.7) / 14),
            ("0 % within 14 d", "rate", 0.0),
            ("0.25 per day", "flow", 0.25),
            ("0.25 kg per day", "flow", 0.25),
            ("-3 per month", "flow", -3 / 30.4375),
            ("0.1 % per day", "flow", 0.001),
            ("5 rial/USD per day", "flow", 5.0),
            (0, "flow", 0.0),
        ],
    )
    def test_in_the_units_of_the_engine(self, raw, kind, number):
        value = parse_value(raw, kind)
        assert value.distribution.kind == "fixed"
        assert value.fixed == pytest.approx(number, rel=1e-15)
        assert value.expression is None

    @pytest.mark.parametrize(
        ("raw", "kind", "unit"),
        [
            ("3", "number", ""),
            ("×3", "ratio", ""),
            ("80 %", "share", ""),
            ("2 weeks", "duration", "day"),
            ("2 per year", "rate", "1/day"),
            ("2 per year", "flow", "1/day"),
            ("2 kg per year", "flow", "kg/day"),
            ("2 kg per year ±×2", "flow", "kg/day"),
            ("between 1 and 2 kg per year (90 %)", "flow", "kg/day"),
            ("0.1 * x", "flow", "1/day"),
        ],
    )
    def test_unit(self, raw, kind, unit):
        assert parse_value(raw, kind).unit == unit


class TestSpread:
    @pytest.mark.parametrize(
        ("raw", "kind", "low", "high"),
        [
            ("between 20 and 60 (90 %)", "number", 20, 60),
            ("between 20 and 60 (90%)", "number", 20, 60),
            ("between 2 and 5 per year (90 %)", "rate", 2 / 365.25, 5 / 365.25),
            ("between 10 % and 30 % within 14 d (90 %)", "rate", -math.log(0.9) / 14, -math.log(0.7) / 14),
            ("between 10 d and 2 months (90 %)", "duration", 10, 60.875),
            ("between 10 and 30 d (90 %)", "duration", 10, 30),
            ("between ×2 and ×4 (90 %)", "ratio", 2, 4),
            ("3 ±×2", "number", 1.5, 6),
            ("3 ± ×2", "number", 1.5, 6),
            ("3 +/-×2", "number", 1.5, 6),
            ("×3 ±×2", "ratio", 1.5, 6),
            ("30 d ±×1.5", "duration", 20, 45),
            ("30 % within 14 d ±×2", "rate", -math.log(0.7) / 28, -math.log(0.7) / 7),
            ({"value": "2 per year", "spread": "×2"}, "rate", 1 / 365.25, 4 / 365.25),
            ({"value": "2 per year", "spread": "±×2"}, "rate", 1 / 365.25, 4 / 365.25),
            ({"value": 3, "spread": "×2"}, "number", 1.5, 6),
        ],
    )
    def test_lognormal_holds_90_percent(self, raw, kind, low, high):
        distribution = known(raw, kind)
        assert distribution.kind == "lognormal"
        median, factor = distribution.numbers
        law = stats.lognorm(s=math.log(factor) / Z90, scale=median)
        assert law.ppf([0.05, 0.95]) == pytest.approx([low, high])

    @pytest.mark.parametrize(
        ("raw", "kind", "low", "high"),
        [
            ("between -20 and 60 (90 %)", "number", -20, 60),
            ("between 0 and 60 d (90 %)", "duration", 0, 60),
            ("50 ± 10", "number", 40, 60),
            ("50 +/- 10", "number", 40, 60),
            ("-15 ± 5", "number", -20, -10),
            ("30 d ± 10", "duration", 20, 40),
            ("30 ± 10 d", "duration", 20, 40),
            ("2 weeks ± 3 d", "duration", 11, 17),
            ("5 ± 1 kg per day", "flow", 4, 6),
            ("30 % ± 10 %", "share", 0.2, 0.4),
            ({"value": "30 %", "spread": "± 10"}, "share", 0.2, 0.4),
            ({"value": 50, "spread": "± 10"}, "number", 40, 60),
            ({"value": "30 d", "spread": "±10 d"}, "duration", 20, 40),
        ],
    )
    def test_normal_holds_90_percent(self, raw, kind, low, high):
        distribution = known(raw, kind)
        assert distribution.kind == "normal"
        assert stats.norm(*distribution.numbers).ppf([0.05, 0.95]) == pytest.approx([low, high])

    def test_normal_numbers_as_in_the_manual(self):
        assert known("50 ± 10", "number").numbers == pytest.approx((50, 10 / 1.645), rel=1e-4)

    @pytest.mark.parametrize(
        ("kind", "lower", "upper"), [("number", -math.inf, math.inf), ("duration", 0, math.inf)]
    )
    def test_normals_are_clamped_to_the_range_of_the_kind(self, kind, lower, upper):
        distribution = known("3 ± 2 d" if kind == "duration" else "3 ± 2", kind)
        assert (distribution.lower, distribution.upper) == (lower, upper)

    def test_shares_are_clamped_to_1(self):
        assert (known("80 % ± 30 %", "share").lower, known("80 % ± 30 %", "share").upper) == (0, 1)
        assert known("80 % ±×2", "share").upper == 1

    def test_shares_between(self):
        distribution = known("between 20 and 60 % (90 %)", "share")
        assert (distribution.kind, distribution.numbers) == ("logitnormal", (0.2, 0.6))

    @pytest.mark.parametrize(
        "raw", ["counted 2 of 3", "2 of 3", {"value": "counted 2 of 3"}, {"counted": "2 of 3"}]
    )
    def test_counted_shares(self, raw):
        distribution = known(raw, "share")
        assert (distribution.kind, distribution.numbers) == ("beta", (2.5, 1.5))

    def test_none_counted(self):
        assert known("counted 0 of 14", "share").numbers == (0.5, 14.5)

    def test_a_negative_number_with_a_factor_keeps_its_sign(self):
        assert known("-15 ±×1.5", "number").numbers == (-15, 1.5)


class TestMappings:
    def test_evidence_is_left_to_others(self):
        raw = {"value": "2 per year", "source": ["S14"], "because": "x", "reference": True}
        assert parse_value(raw, "rate") == parse_value("2 per year", "rate")

    def test_counted_rate(self):
        distribution = known({"counted": 2, **WINDOW, "source": ["E027"]}, "rate")
        assert (distribution.kind, distribution.numbers, distribution.clock) == ("counted", (2.0,), "strike")
        assert (distribution.start, distribution.end) == (-427.0, 0.0)

    def test_windows_with_a_time_of_day(self):
        distribution = known({"counted": 0, "from": "2024-11-29T12:00", "to": "2024-11-30T06:00"}, "rate")
        assert (distribution.start, distribution.end) == (-1.5, -0.75)

    @pytest.mark.parametrize(
        ("raw", "numbers"),
        [
            ({"mean_rate": "2 per year", "spread": "×2"}, (2 / 365.25, 2.0)),
            ({"mean_rate": "2 per year ±×3"}, (2 / 365.25, 3.0)),
            ({"mean_rate": "2 per year"}, (2 / 365.25, 1.0)),
            ({"mean_rate": "between 1 and 4 per year (90 %)"}, (2 / 365.25, 2.0)),
        ],
    )
    def test_mean_rate(self, raw, numbers):
        distribution = known(raw | WINDOW, "rate")
        assert (distribution.kind, distribution.clock) == ("mean_rate", "strike")
        assert distribution.numbers == pytest.approx(numbers)
        assert (distribution.start, distribution.end) == (-427.0, 0.0)

    def test_varies_is_a_factor(self):
        value = parse_value({"value": "30 d", "spread": "×1.3", "varies": "×1.8"}, "duration")
        assert value.distribution.numbers == (30.0, 1.3)
        assert (value.varies.kind, value.varies.numbers) == ("fixed", (1.8,))

    @pytest.mark.parametrize("raw", ["×1.8 ±×1.2", {"value": "×1.8", "spread": "×1.2"}])
    def test_varies_with_spread(self, raw):
        varies = parse_value({"value": -15, "varies": raw}, "number").varies
        assert (varies.kind, varies.numbers, varies.lower) == ("lognormal", (1.8, 1.2), 1.0)

    def test_varies_beside_an_expression(self):
        value = parse_value({"value": "0.1 * exports", "varies": "×2"}, "number")
        assert str(value.expression) == "(0.1 * exports)"
        assert value.varies.numbers == (2.0,)

    def test_on(self):
        assert parse_value({"value": 182.3, "on": "2024-10-26"}, "number").on == dt.datetime(2024, 10, 26)
        assert parse_value({"value": 182.3, "on": "2024-10-26T04:00"}, "number").on == dt.datetime(
            2024, 10, 26, 4
        )


class TestExpressions:
    @pytest.mark.parametrize(
        "text", ["0.1 * exports", "truce.active", "10 + 0.3 * threat", "since(strike)", "2 / year", "d2"]
    )
    @pytest.mark.parametrize("kind", KINDS)
    def test_of_the_state(self, text, kind):
        value = parse_value(text, kind)
        assert value.expression == parse(text)
        assert value.distribution is None

    def test_a_number_in_parentheses_is_a_number(self):
        assert parse_value("(3)", "number").fixed == 3.0
        assert "without a unit of time" in refusal("(3)", "rate")


ONE_OF_EACH = ["a number is", "a factor is", "a rate is", "a flow is", "a duration is", "a share "]


class TestRefusals:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize(
        "raw", [True, None, [1], "", "  ", b"3", {}, {"value": None}, {"value": {"value": 3}}]
    )
    def test_no_number_at_all(self, raw, kind):
        text = refusal(raw, kind)
        assert "expected, but this is" in text or "`value` is missing" in text
        assert "is written" in text

    @pytest.mark.parametrize(
        ("raw", "kind", "words"),
        [
            # the wrong kind
            (30, "duration", ["a duration is expected", "30 without a unit of time", "30 d"]),
            (2, "rate", ["a rate is expected", "2 without a unit of time", "2 per year"]),
            ("0.25", "flow", ["a flow is expected", "without a unit of time", "0.25 per day"]),
            ("30 d", "rate", ["a rate is expected", "a duration, 30 d"]),
            ("30 d", "share", ["a share is expected", "a duration, 30 d", "80 %"]),
            ("2 per year", "duration", ["a duration is expected", "a rate"]),
            ("2 per year", "number", ["a number is expected", "a rate"]),
            ("30 % within 14 d", "share", ["a share is expected", "a chance within a time"]),
            ("30 % within 14 d", "flow", ["a flow is expected", "a chance within a time"]),
            ("5 kg", "number", ["a quantity in 'kg'"]),
            ("2 kg per year", "rate", ["a rate counts happenings", "'kg'"]),
            ("×3", "number", ["a number is expected", "a factor"]),
            ("×3", "share", ["a share is expected", "a factor"]),
            ("×3 per year", "rate", ["a rate is expected"]),
            ("counted 2 of 3", "rate", ["a rate is expected", "a share"]),
            ("2024-11-30", "number", ["a number is expected", "a date"]),
            ("first strike", "number", ["a proposition of a question"]),
            ("truce.active at close", "share", ["a proposition of a question"]),
            # neither a number nor an expression
            ("1,000", "number", ["neither a number nor an expression", "0.1 * exports"]),
            ("about 3", "number", ["neither a number nor an expression"]),
            ("counted 2", "rate", ["neither a number nor an expression", "{counted: 2"]),
            ("2 per fortnight", "rate", ["no unit of time 'fortnight'", "week"]),
            ("2 per yaer", "rate", ["no unit of time 'yaer'", "Did you mean 'year'?"]),
            ("3 lightyears", "duration", ["no unit of time 'lightyears'"]),
            ("2 per 0 d", "rate", ["not positive"]),
            ("x" * 3000, "number", ["neither a number nor an expression", "at most 2000"]),
            # out of range
            (-1, "ratio", ["a factor is 0 or more", "-1"]),
            ("-2 per year", "rate", ["a rate is 0 or more"]),
            ("-3 d", "duration", ["a duration is 0 or more", "-3"]),
            (1.2, "share", ["between 0 and 1", "1.2", "80 %"]),
            ("120 %", "share", ["between 0 and 1", "1.2"]),
            ("-5 %", "share", ["between 0 and 1"]),
            ("100 % within 14 d", "rate", ["no rate", "below 100 %"]),
            (math.nan, "number", ["not finite"]),
            (math.inf, "duration", ["not finite"]),
            ("1e999", "number", ["not finite"]),
            ("1e300 years", "duration", ["not finite"]),
            (10**400, "number", ["too large"]),
            # ranges and spreads
            ("between 20 and 60", "number", ["which range", "(90 %)"]),
            ("between 20 and 60 (80 %)", "number", ["which range", "(90 %)"]),
            ("between 60 and 20 (90 %)", "number", ["from 60 to 20 is empty", "smaller number comes first"]),
            ("between 20 and 20 (90 %)", "number", ["is empty"]),
            ("between a and b (90 %)", "number", ["'b' is not a number"]),
            ("between 0 and 50 % (90 %)", "share", ["touches 0 or 1", "counted 0 of 14"]),
            ("3 ±×1", "number", ["the factor of `spread` is above 1", "×2"]),
            ("3 ±×0.5", "number", ["the factor of `spread` is above 1"]),
            ("0 ±×2", "number", ["not 0", "± 10"]),
            ("50 ± 0", "number", ["a spread is more than 0"]),
            ("50 ± -10", "number", ["a spread is more than 0"]),
            ("50 ± 10 %", "number", ["is in %", "50 ± 5"]),
            ("30 d ± 10 %", "duration", ["is in %"]),
            ("30 ± 10 %", "share", ["is in %", "30 % ± 10 %"]),
            ("30 % within 14 d ± 10 %", "rate", ["by a factor", "±×2"]),
            ("± 10", "number", ["not a number"]),
            ("50 ±", "number", ["not a number with its spread"]),
            ("counted 5 of 3", "share", ["is not a share", "counted 2 of 3"]),
            ("counted 0 of 0", "share", ["is not a share"]),
            ("counted 1 of 99999999999", "share", ["is not a share"]),
        ],
    )
    def test_texts(self, raw, kind, words):
        text = refusal(raw, kind)
        assert [word for word in words if word not in text] == []

    @pytest.mark.parametrize(
        ("raw", "kind", "words"),
        [
            ({"value": 3, "spraed": "×2"}, "number", ["no key 'spraed'", "Did you mean 'spread'?", "varies"]),
            ({"valeu": 3}, "number", ["no key 'valeu'", "Did you mean 'value'?"]),
            ({"source": ["S1"]}, "rate", ["`value` is missing", "2 per year"]),
            ({"value": 3, "spread": 2}, "number", ["`spread` is '2', without × or ±"]),
            ({"value": 3, "spread": "2"}, "number", ["'2' is not a spread", "×2"]),
            ({"value": 3, "spread": "wide"}, "number", ["'wide' is not a spread"]),
            ({"value": "a * b", "spread": "×2"}, "number", ["`spread` stands beside an expression"]),
            ({"value": "3 ±×2", "spread": "×2"}, "number", ["has its spread already"]),
            ({"value": "counted 2 of 3", "spread": "×2"}, "share", ["has its spread already"]),
            ({"value": "30 d", "varies": "×1"}, "duration", ["the factor of `varies` is above 1"]),
            ({"value": "30 d", "varies": "± 3"}, "duration", ["`varies` is a factor", "×1.8"]),
            ({"value": "30 d", "varies": "a * b"}, "duration", ["`varies` is a factor above 1"]),
            (
                {"value": "2 per year", "varies": "×2"},
                "rate",
                ["`varies` has no meaning for a rate", "`spread`"],
            ),
            ({"value": "80 %", "varies": "×2"}, "share", ["`varies` has no meaning for a share"]),
            ({"value": 3, "on": "26.10.2024"}, "number", ["`on` is '26.10.2024'", "2024-10-26"]),
            ({"value": 3, "on": 2024}, "number", ["`on` is '2024'"]),
            ({"value": "3 d", "on": "2024-10-26"}, "duration", ["`on` has no meaning for a duration"]),
            ({"counted": 2}, "rate", ["`from` is missing", "{counted: 2"]),
            ({"counted": 2, "from": "2023-10-01"}, "rate", ["`to` is missing"]),
            ({"counted": 2, "from": "2024-10-01", "to": "2023-10-01"}, "rate", ["comes after `to`"]),
            (
                {"counted": 2, "from": "2023-10-01", "to": "2024-12-01"},
                "rate",
                ["comes after the as-of date", "2024-11-30"],
            ),
            ({"counted": 2, "from": "soon", "to": "2024-11-30"}, "rate", ["`from` is 'soon'"]),
            ({"counted": -1, **WINDOW}, "rate", ["`counted` is '-1'", "not a count"]),
            ({"counted": 1.5, **WINDOW}, "rate", ["`counted` is '1.5'"]),
            ({"counted": True, **WINDOW}, "rate", ["`counted` is true"]),
            ({"counted": 10**7, **WINDOW}, "rate", ["not a count"]),
            ({"counted": 2, **WINDOW}, "share", ["a share is expected", "a counted rate"]),
            (
                {"counted": 2, **WINDOW, "spread": "×2"},
                "rate",
                ["no key 'spread'", "Allowed beside `counted`: from, to"],
            ),
            ({"mean_rate": "2 per year", **WINDOW}, "number", ["a number is expected", "a mean rate"]),
            ({"mean_rate": 0, **WINDOW}, "rate", ["a rate above 0"]),
            ({"mean_rate": "2 ± 1 per year", **WINDOW}, "rate", ["with a spread by a factor"]),
            ({"mean_rate": "a * b", **WINDOW}, "rate", ["a rate above 0"]),
        ],
    )
    def test_mappings(self, raw, kind, words):
        text = refusal(raw, kind)
        assert [word for word in words if word not in text] == []

    def test_a_rate_from_the_record_needs_the_as_of_date(self):
        with pytest.raises(ValueFault, match="not possible here"):
            parse_value({"counted": 2, **WINDOW}, "rate")


class TestDurations:
    def test_plain(self):
        assert parse_duration(" 396 d ") == 396.0

    @pytest.mark.parametrize(
        "text", ["", "30", "×3", "2 per year", "x d", "30 parsecs", None, 30, "-1 d", "9" * 5000 + " d"]
    )
    def test_refused(self, text):
        with pytest.raises(ValueFault):
            parse_duration(text)


def close(value, *numbers):
    return value.distribution.numbers == pytest.approx(numbers, rel=1e-9)


positive = st.floats(1e-6, 1e6)
units = st.sampled_from(sorted(DAYS))
pieces = st.sampled_from(
    [
        "3",
        "0.5",
        "-2",
        "1e3",
        " ",
        "%",
        "per",
        "within",
        "year",
        "d",
        "kg",
        "×",
        "x",
        "±",
        "+/-",
        "between",
        "and",
        "(90 %)",
        "counted",
        "of",
        "exports",
        "*",
        "+",
        "(",
        ")",
        "first",
        "at",
        "close",
        "2024-11-30",
        "1e999",
        ",",
        "−",
        "²",
        "٣",
    ]
)
junk = st.recursive(
    st.text(max_size=12)
    | st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.lists(pieces, max_size=8).map(" ".join),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["value", "spread", "varies", "on", "counted", "mean_rate", "from", "to", "source", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)


class TestProperties:
    @given(st.floats(-1e300, 1e300))
    def test_numbers_come_back(self, number):
        assert parse_value(repr(number), "number").fixed == number
        assert parse_value(number, "number").fixed == number

    @given(positive, units)
    def test_durations_and_rates_are_inverse(self, number, unit):
        duration = parse_value(f"{number!r} {unit}s", "duration").fixed
        rate = parse_value(f"1 per {number!r} {unit}", "rate").fixed
        assert duration * rate == pytest.approx(1.0)

    @given(positive, st.floats(1.001, 1e3))
    def test_a_factor_and_its_quantiles_say_the_same(self, median, factor):
        by_factor = parse_value(f"{median!r} ±×{factor!r}", "number")
        by_range = parse_value(f"between {median / factor!r} and {median * factor!r} (90 %)", "number")
        assert close(by_factor, *by_range.distribution.numbers)
        assert by_factor == parse_value({"value": median, "spread": f"×{factor!r}"}, "number")

    @given(st.floats(0.001, 0.999), st.floats(0.1, 1e4))
    def test_a_chance_within_a_time_is_kept(self, share, days):
        hazard = parse_value(f"{share!r} within {days!r} d", "rate").fixed
        assert -math.expm1(-hazard * days) == pytest.approx(share)

    @given(st.integers(0, 1000), st.integers(0, 1000))
    def test_counted_shares_have_the_mean_of_jeffreys(self, yes, no):
        if yes + no:
            a, b = parse_value(f"counted {yes} of {yes + no}", "share").distribution.numbers
            assert a / (a + b) == pytest.approx((yes + 0.5) / (yes + no + 1))

    @settings(max_examples=1500, deadline=2000)
    @given(junk, st.sampled_from(KINDS))
    def test_anything_is_a_value_or_refused(self, raw, kind):
        try:
            value = parse_value(raw, kind, clock="strike", origin=AS_OF)
        except ValueFault:
            return
        assert isinstance(value, Value)
        assert (value.distribution is None) != (value.expression is None)
        if value.distribution:
            assert all(math.isfinite(number) for number in value.distribution.numbers)

    @given(st.text(max_size=40))
    def test_any_text_is_a_quantity_or_not(self, text):
        with suppress(ValueFault):
            quantity = read_quantity(text)
            if quantity is not None:
                in_engine_units(quantity, "number")

    @pytest.mark.parametrize(
        "text",
        [
            "between " * 500,
            "±" * 1000,
            "1 " * 1000,
            "between 1 and " * 14 + "2",
            "1" * 199,
            "between " + "1 and " * 31,
            "1 per " * 33,
            "counted " + "1" * 150 + " of 3",
            "1.e" * 60,
            " " * 2000 + "1",
        ],
    )
    def test_no_text_takes_long(self, text):
        start = time.perf_counter()
        for kind in KINDS:
            with suppress(ValueFault):
                parse_value(text, kind)
        assert time.perf_counter() - start < 1.0
