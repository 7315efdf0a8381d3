"""The tutorial's file loads at every step, and gives the answers that the page prints."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from detente import forecast, loads

PAGE = Path(__file__).parent.parent / "docs" / "tutorial" / "README.md"
BLOCK = re.compile(r"^```(yaml|answers)\n(.*?)^```", re.MULTILINE | re.DOTALL)
TOLERANCE = 0.02
"""Printed with two decimals; the seed is fixed, so this only allows for the rounding of borderline answers."""


def _merge(old, new):
    """What an editor does who follows the page: mappings grow, everything else is replaced."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return old | {key: _merge(old.get(key), value) for key, value in new.items()}


def _steps():
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 2)
    file: dict = {}
    for kind, text in BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if kind == "yaml":
            file = _merge(file, yaml.load(re.sub(r"(\d{4}-\d{2}-\d{2}(T\d{2}:\d{2})?)", r'"\1"', text)))
        else:
            yield file, dict(line.split() for line in text.split("\n") if line)


STEPS = list(_steps())


def _dump(file) -> str:
    from io import StringIO

    out = StringIO()
    YAML(typ="safe", pure=True).dump(file, out)
    return out.getvalue()


@pytest.mark.parametrize("number", range(len(STEPS)))
def test_step_gives_the_answers_on_the_page(number):
    file, printed = STEPS[number]
    result = forecast(loads(_dump(file)), seed=1)
    found = {answer.id: answer.probability for answer in result.answers.values()}
    assert found.keys() == printed.keys()
    for name, value in printed.items():
        assert found[name] == pytest.approx(float(value), abs=TOLERANCE), name


def test_every_step_was_found():
    assert len(STEPS) == 7
