"""Total effects of causal links: read, set, measured on paired futures."""

import pytest

from detente.analysis.links import read_links, total_effects
from detente.catalog import find_crisis
from detente.crisisfile import loads
from detente.errors import CrisisFileError

CRISIS = """\
crisis: small
as_of: 2024-11-30
horizon: 60 d
source: judgement
because: test
stocks:
  fear: {start: 20, lower: 0, upper: 100}
stages:
  mood: {values: [calm, hot], start: calm}
actions:
  strike:
    rate: 0.01 per day
    factors:
      - {each: 10 points of fear, times: ×1.5, from: 20, at_most: 10}
      - {while: mood == hot, times: ×0.2}
questions:
  Q: {text: Will it?, yes_if: first strike, closes: 2025-01-15}
"""
HEAD = "id,mechanism,cause,intervention,acts_on,sign,condition,where,questions,lag,roads,remark\n"


@pytest.fixture
def table(tmp_path):
    def write(rows):
        path = tmp_path / "links.csv"
        path.write_text(HEAD + rows, encoding="utf-8")
        return read_links(path)

    return write


def test_signs_come_out(table):
    """Effects of ×2.25 and ×0.2 on a rate of 0.01 over 45 days: 20 and more standard errors at 4,000 futures."""
    links = table(
        "L1,M1,fear,stock fear +20,clock strike,+,,w,Q+,,,\n"
        "L2,M1,mood,stage mood hot,clock strike,-,,w,Q-,,,\n"
        "L3,M1,mood the wrong way,stage mood hot,clock strike,-,,w,Q+,,,\n"
        "L4,M1,nothing,stock fear +0,clock strike,-,,w,Q-,,,\n"
        "L6,M1,a mood that stands already,stage mood calm,clock strike,+,,w,Q+,,,\n"
        "L5,M1,fear in a hot mood,stock fear +20,clock strike,+,mood == hot,w,Q+,,,\n"
    )
    effects, left = total_effects(loads(CRISIS), links, trajectories=4000, seed=1)
    assert left == ()
    verdicts = {each.link.id: each.verdict for each in effects}
    assert verdicts == {
        "L1": "as expected", "L2": "as expected", "L3": "opposite", "L4": "no effect seen",
        "L5": "as expected", "L6": "as expected",
    }  # fmt: skip
    sizes = {each.link.id: each.difference for each in effects}
    assert 0.0 < sizes["L5"] < sizes["L1"]
    assert next(each for each in effects if each.link.id == "L4").same
    assert sizes["L6"] == pytest.approx(-sizes["L2"])


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("L1,M1,x,stock moon +1,c,+,,w,Q+,,,", "no stock 'moon'"),
        ("L1,M1,x,time +30,c,+,,w,Q+,,,", "none of the causes that can be set"),
        ("L1,M1,x,time +30 doomsday,c,+,,w,Q+,,,", "no date of the calendar or happening 'doomsday'"),
        ("L1,M1,x,happening strike.loud,c,+,,w,Q+,,,", "no happening 'strike.loud'"),
        ("L1,M1,x,stage mood grim,c,+,,w,Q+,,,", "no value of 'mood' 'grim'"),
        ("L1,M1,x,memory hope +1,c,+,,w,Q+,,,", "no memory 'hope'"),
    ],
)
def test_what_cannot_be_tried_is_told(table, row, words):
    effects, left = total_effects(loads(CRISIS), table(row + "\n"), trajectories=80, seed=1)
    assert effects == ()
    assert words in left[0][1]


def test_faults_of_the_table(tmp_path):
    with pytest.raises(CrisisFileError, match="there is no file"):
        read_links(tmp_path / "links.csv")
    (tmp_path / "links.csv").write_text("id,cause\nL1,x\n")
    with pytest.raises(CrisisFileError, match="the column 'intervention' is missing"):
        read_links(tmp_path / "links.csv")


def test_the_links_of_iran_are_read():
    links = read_links(find_crisis("iran_2024") / "links.csv")
    assert {link.mechanism.split(">")[0] for link in links} >= {f"M{n}" for n in range(1, 19)}
    assert sum(bool(link.questions) for link in links) > 100


def test_an_effect_that_is_not_seen_has_a_resolution_and_a_reason(table):
    links = table(
        "L1,M1,x,stock fear +0.01,clock strike,+,,w,Q+,,\nL2,M1,x,stock unread +5,clock strike,+,,w,Q+,,,\n"
    )
    effects, _ = total_effects(
        loads(CRISIS.replace("stages:", "  unread: {start: 0}\nstages:")), links, trajectories=4000, seed=1
    )
    small, unread = effects
    assert (small.why, unread.why) == ("small", "changes no future")
    assert small.resolution == pytest.approx((2.241403 + 0.841621) * small.error, rel=1e-5)
    assert 0.0 < small.acted <= small.acted_after < 1.0
