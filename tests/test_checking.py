"""Warnings about crises that load: each oddity is named at its place, and sound crises are left in peace."""

import numpy as np
import pytest

from detente import loads
from detente.checking import check, check_ticks, evidence_shares, excitation, resting_on_judgement
from detente.checking.findings import line_of
from detente.checking.reachability import bounds, can_hold, reachable
from detente.crisisfile import resolve_text
from detente.expressions import parse

HEAD = """\
crisis: case
as_of: 2024-11-30
horizon: 100 d
stocks: {heat: {start: {value: 10, reference: true, because: scale}, lower: 0, upper: 100}}
stages: {mood: {values: [calm, tense, war]}}
"""


def findings(text: str) -> list:
    return list(check(resolve_text(HEAD + text)))


def said(text: str, kind: str = "warning") -> str:
    return "\n".join(str(finding) for finding in findings(text) if finding.kind == kind)


ODD = {
    "guard on a value that is never reached": (
        "actions: {strike: {rate: 1 per 30 d, only_while: mood == war}}",
        ["strike", "can never happen", "mood == war"],
    ),
    "guard beyond the bounds of a stock": (
        "actions: {strike: {rate: 1 per 30 d, only_while: heat > 200}}",
        ["strike", "can never happen", "heat > 200"],
    ),
    "guard that contradicts itself": (
        "actions:\n"
        "  calm_down: {rate: 1 per 30 d, effects: [{stage: mood, becomes: tense}]}\n"
        "  strike: {rate: 1 per 30 d, only_while: mood == calm and mood == tense}",
        ["strike", "can never happen"],
    ),
    "rate of zero": ("actions: {strike: {rate: 0 per day}}", ["strike", "its rate is 0"]),
    "moment that nothing raises": (
        "moments: {note: {}}",
        ["note", "nothing that can happen brings it about"],
    ),
    "timer that nothing starts": ("timers: {bell: {delay: 3 d}}", ["bell", "starts it"]),
    "timer started only by what cannot happen": (
        "timers: {bell: {delay: 3 d}}\nmoments: {note: {effects: [{start: bell}]}}",
        ["bell", "starts it"],
    ),
    "factor that never applies": (
        "actions: {strike: {rate: 1 per 30 d, factors: [{while: mood == war, times: ×2}]}}",
        ["strike", "never applies", "mood == war"],
    ),
    "outcome that never applies": (
        "actions: {strike: {rate: 1 per 30 d, outcomes: {a: {share: 50 %, while: mood == war}, b: {}}}}",
        ["strike.a", "can never hold"],
    ),
    "stage set twice": (
        "actions: {strike: {rate: 1 per 30 d, effects: [{stage: mood, becomes: tense}, {stage: mood, becomes: war}]}}",
        ["strike", "more than once", "tense and war"],
    ),
    "question that cannot come true": (
        "moments: {note: {}}\nquestions: {Q: {text: '?', yes_if: first note, closes: 2025-01-31}}",
        ["questions.Q", "can never come true"],
    ),
    "question about a stage that cannot be": (
        "questions: {Q: {text: '?', yes_if: first mood becomes war, closes: 2025-01-31}}",
        ["questions.Q", "can never come true"],
    ),
    "number without evidence": (
        "actions: {strike: {rate: {value: 1 per 30 d, spread: ×2}}}",
        ["actions.strike.rate", "no evidence", "source"],
    ),
    "excitation above one": (
        "actions: {strike: {rate: 1 per 10 d, factors: [{memory: strike, half_life: 20 d, times: ×9, at_most: 50}]}}",
        ["strike", "brings about", "at_most"],
    ),
    "most numbers judged": (
        "actions: {strike: {rate: 1 per 30 d, source: judgement, because: guess}}",
        ["numbers", "1 judgement alone"],
    ),
}


@pytest.mark.parametrize("case", ODD, ids=lambda name: name.replace(" ", "_"))
def test_oddity_is_named(case):
    text, words = ODD[case]
    report = said(text)
    for word in words:
        assert word in report


@pytest.mark.parametrize(
    ("closes", "opens", "words"),
    [
        ("2024-11-20", "2024-11-01", "closes before the as-of date"),
        ("2026-12-31", "2024-11-30", "after the horizon"),
    ],
)
def test_windows_of_questions_are_errors(closes, opens, words):
    text = (
        "actions: {strike: {rate: 1 per 30 d}}\n"
        f"questions: {{Q: {{text: '?', yes_if: first strike, opens: {opens}, closes: {closes}}}}}"
    )
    assert words in said(text, "error")


def test_sound_crisis_gets_no_warning():
    text = (
        "actions:\n"
        "  strike: {rate: {value: 1 per 30 d, spread: ×2}, source: [S1], only_while: mood == calm,"
        " effects: [{stage: mood, becomes: tense}]}\n"
        "  relax: {rate: 1 per 10 d, source: [S1], only_while: mood == tense,"
        " effects: [{stage: mood, becomes: calm}]}\n"
        "sources: {S1: {title: A book}}\n"
        "questions: {Q: {text: '?', yes_if: first strike, closes: 2025-01-31}}"
    )
    assert not said(text)
    assert not said(text, "error")


def test_findings_name_the_line():
    (finding,) = [
        f for f in findings("actions:\n  strike:\n    rate: 0 per day\n") if "rate is 0" in f.message
    ]
    assert finding.line == 7


def test_reachability_follows_chains_of_causes():
    crisis = loads(
        HEAD
        + "actions: {strike: {rate: 1 per 30 d, effects: [{start: bell}]}}\n"
        + "timers: {bell: {delay: 3 d, effects: [{raise: note}]}}\n"
        + "moments: {note: {effects: [{stage: mood, becomes: war}]}}\n"
        + "triggers: {alarm: {when: mood == war}}"
    )
    found = reachable(crisis)
    assert {"strike", "bell", "note", "alarm"} <= found.moments
    assert found.values["mood"] == {"calm", "war"}


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("heat", 0, 100),
        ("2 * heat - 10", -10, 190),
        ("heat > 100", 0, 0),
        ("heat >= 0", 1, 1),
        ("not heat >= 0", 0, 0),
        ("mood == calm", 1, 1),
        ("mood != war", 1, 1),
        ("heat > 5 or heat > 200", 0, 1),
        ("heat > 5 and heat > 200", 0, 0),
    ],
)
def test_bounds_of_expressions(text, low, high):
    crisis = loads(HEAD)
    found = reachable(crisis)
    assert bounds(parse(text), crisis, found) == (low, high)
    assert can_hold(parse(text), crisis, found) == (high > 0)


def test_excitation_of_one_clock_is_the_branching_ratio():
    """ρ = rate·(times − 1)·half-life/ln 2 for a clock that remembers itself: 0.05·(3 − 1)·7/ln 2 = 1.0099."""
    crisis = loads(
        HEAD
        + "actions: {strike: {rate: 0.05 per day,"
        + " factors: [{memory: strike, half_life: 7 d, times: ×3, at_most: 10}]}}"
    )
    assert excitation(crisis).radius == pytest.approx(0.05 * 2 * 7 / np.log(2.0))


def test_excitation_counts_what_is_raised_and_how_often():
    """Two clocks that excite one another through an outcome of 40 %: ρ² = (0.05·4·10/ln 2)²·0.4."""
    crisis = loads(
        HEAD
        + "actions:\n"
        + "  a: {rate: 0.05 per day, factors: [{memory: b, half_life: 10 d, times: ×5, at_most: 9}],"
        + " outcomes: {seen: {share: 40 %}, unseen: {}}}\n"
        + "  b: {rate: 0.05 per day, factors: [{memory: a.seen, half_life: 10 d, times: ×5, at_most: 9}]}"
    )
    one = 0.05 * 4 * 10 / np.log(2.0)
    assert excitation(crisis).radius == pytest.approx(one * np.sqrt(0.4))


def test_shares_of_evidence_and_questions_on_judgement():
    crisis = loads(
        HEAD
        + "actions:\n"
        + "  strike: {rate: {value: 1 per 30 d, source: judgement, because: guess}}\n"
        + "  raid: {rate: {value: 1 per 30 d, source: [S1]}, not_within: {value: 2 d, reference: true, source: [S1]}}\n"
        + "sources: {S1: {title: A book}}\n"
        + "questions:\n"
        + "  Q1: {text: '?', yes_if: first strike, closes: 2025-01-31}\n"
        + "  Q2: {text: '?', yes_if: first raid, closes: 2025-01-31}\n"
    )
    shares = evidence_shares(crisis)
    assert (shares.sourced, shares.judged, shares.reference) == (1, 1, 2)
    assert shares.judged_share == pytest.approx(0.5)
    assert resting_on_judgement(crisis) == ("Q1",)


def test_ticks_agree_where_nothing_flows():
    crisis = loads(
        HEAD
        + "actions: {strike: {rate: 1 per 60 d}}\n"
        + "questions: {Q: {text: '?', yes_if: first strike, closes: 2025-01-31}}"
    )
    (difference,) = check_ticks(crisis, trajectories=400)
    assert difference.at_tick == difference.at_half
    assert not difference.is_too_large


def test_a_tick_that_is_too_coarse_is_found():
    """A stock that runs through its range within a tick switches the clock on half a day late."""
    crisis = loads(
        "crisis: case\nas_of: 2024-11-30\nhorizon: 2 d\n"
        "stocks: {heat: {start: 0, lower: 0, upper: 100, flow: 100 per day}}\n"
        "actions: {strike: {rate: 2 per day, only_while: heat >= 40}}\n"
        "questions: {Q: {text: '?', yes_if: first strike, closes: 2024-12-01}}"
    )
    (difference,) = check_ticks(crisis, trajectories=400)
    assert difference.is_too_large


def test_line_of_a_path_with_dots_in_its_names():
    resolution = resolve_text(
        HEAD
        + "offices:\n  USA.president:\n    holders: [a, b]\n    steps:\n"
        + "      change: {from: a, to: b, at: 2025-01-20}\n"
    )
    assert line_of(resolution.tree, "offices.USA.president.steps.change") == 10


class TestUncertainEvents:
    CLAIMS = """
sources: {S1: {reliability: A}, S2: {reliability: C}}
claims:
  C1: {asserted_by: a sailor, content: It was, source: S1, credibility: "2"}
  C2: {asserted_by: the harbour, content: It was not, source: S2, credibility: CREDIBILITY}
events: {E1: {date: 2024-06-01, happening: "-", confidence: disputed, CELLS}}
"""

    def said(self, cells, credibility='"3"'):
        text = self.CLAIMS.replace("CELLS", cells).replace("CREDIBILITY", credibility)
        return "\n".join(str(each) for each in findings(text) if each.path == "events.E1")

    def test_how_far_it_is_held_and_why(self):
        found = self.said("claims: C1, contested_by: C2")
        assert "note" in found
        assert "held with 0.73: C1 (+1.39) for it; C2 (-0.42) against it" in found
        assert "A replay takes it as having happened" in found

    def test_what_a_replay_leaves_out(self):
        assert "A replay leaves it out" in self.said("contested_by: C1")

    def test_what_its_row_states(self):
        assert "held with 0.40: stated in its row" in self.said("held: 0.4")

    def test_a_disputed_event_that_nothing_contests(self):
        assert "its confidence is 'disputed', but no claim contests it" in self.said("claims: C1")

    @pytest.mark.parametrize("held", ["1", "0"])
    def test_certainty_is_not_remarked_on(self, held):
        assert self.said(f"held: {held}") == ""
