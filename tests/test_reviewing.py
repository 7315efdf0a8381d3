"""A second parameterisation: other numbers in the same structure."""

import pytest

from detente.catalog import find_crisis, list_crises, load
from detente.crisisfile.resolving import load_review
from detente.crisisfile.reviewing import read_review
from detente.errors import CrisisFileError

CRISIS = """\
crisis: small
as_of: 2024-11-30
horizon: 30 d
parameters:
  pace: {value: 2, spread: ×1.5, source: judgement, because: shared}
stocks:
  IRN.fear: {start: {value: 20, source: judgement, because: first}, lower: 0, upper: 100}
actions:
  strike:
    rate: {value: 2 per year, spread: ×2, source: judgement, because: first}
    factors:
      - {each: 10 points of IRN.fear, times: ×1.5 ±×1.2, source: judgement, because: first}
questions:
  Q: {text: Will it?, yes_if: first strike, closes: 2024-12-15}
"""


@pytest.fixture
def place(tmp_path):
    (tmp_path / "crisis.yaml").write_text(CRISIS, encoding="utf-8")

    def reviewed(text):
        (tmp_path / "review.yaml").write_text(text, encoding="utf-8")
        return load_review(tmp_path / "crisis.yaml", tmp_path / "review.yaml")

    return reviewed


def test_numbers_take_the_place_of_the_first(place):
    crisis = place(
        "review: small\nmethod: blind\nnumbers:\n"
        '  actions.strike.rate: [1 per year ±×3, "one in the record"]\n'
        '  actions.strike.factors.0.times: [×2 ±×1.4, "more"]\n'
        '  stocks.IRN.fear.start: [30, "higher"]\n'
        '  pace: [3 ±×1.2, "faster"]\n'
    )
    numbers = {name: each.distribution.numbers for name, each in crisis.parameters.items()}
    assert numbers["actions.strike.rate"] == pytest.approx((1 / 365.25, 3.0))
    assert numbers["actions.strike.factors.0.times"] == (2.0, 1.4)
    assert numbers["stocks.IRN.fear.start"] == (30.0,)
    assert numbers["pace"] == (3.0, 1.2)
    assert crisis.parameters["actions.strike.rate"].evidence.because == "one in the record"


def test_what_is_left_out_keeps_its_number(place):
    crisis = place('review: small\nnumbers:\n  pace: [3, "faster"]\n')
    assert crisis.parameters["actions.strike.rate"].distribution.numbers[1] == 2.0


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('  actions.strik.rate: [1 per year, "x"]', "there is no number 'actions.strik.rate'"),
        ("  pace: 3", "not a value with its reason"),
        ("  pace: [3]", "not a value with its reason"),
        ('  actions.strike.rate: [-1 per year, "x"]', "actions.strike.rate"),
        ('  actions.strike.rate: [often, "x"]', "often"),
    ],
)
def test_faults_say_where(place, line, words):
    with pytest.raises(CrisisFileError) as caught:
        place(f"review: small\nnumbers:\n{line}\n")
    assert words in str(caught.value)
    assert "line" in str(caught.value)


def test_unknown_fields_are_refused(tmp_path):
    (tmp_path / "review.yaml").write_text("review: small\nnumber: {}\n", encoding="utf-8")
    with pytest.raises(CrisisFileError, match="no field 'number'"):
        read_review(tmp_path / "review.yaml")


@pytest.mark.parametrize("name", [n for n in list_crises() if (find_crisis(n) / "review.yaml").is_file()])
def test_every_review_of_a_bundled_crisis_fits_it(name):
    first, second = load(name), load(name, review=True)
    assert first.parameters.keys() == second.parameters.keys()
    assert first.moments.keys() == second.moments.keys()


def test_a_crisis_without_a_review_says_so():
    with pytest.raises(CrisisFileError, match=r"no file .*review\.yaml"):
        load("cuba_1962", review=True)
