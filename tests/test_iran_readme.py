"""What the README of the Iran crisis says of its answers is what the crisis says now.

Where a change of the crisis is meant, run ``python docs/crises/iran_2024.py``.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from detente import forecast, load

SCRIPTS = Path(__file__).parents[1] / "docs" / "crises"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("iran_2024")


def test_what_was_counted_is_current(script: ModuleType) -> None:
    text, crisis = script.README.read_text(encoding="utf-8"), load("iran_2024")
    assert script.between(text, "evidence", script.evidence(crisis)) == text
    assert script.between(text, "rows of links", script.link_rows()) == text


def test_answers_and_classes_are_current(script: ModuleType) -> None:
    """The column of the second version is left out: it takes as long again."""
    text = script.README.read_text(encoding="utf-8")
    settled = forecast(load("iran_2024"), trajectories=script.TRAJECTORIES, seed=script.SEED).answers
    assert script.between(text, "reference classes", script.classes(settled)) == text
    column = [line.split(" | ")[1:3] for line in script.answers(settled, settled) if line.startswith("| H")]
    assert len(column) == sum(name.startswith("H") for name in settled)
    for first, answer in column:
        assert f" | {first} | {answer} | " in text


def test_every_part_has_its_marks(script: ModuleType) -> None:
    text = script.README.read_text(encoding="utf-8")
    for block in ("evidence", "rows of links", "past", "drift", "links", "judgements", "answers"):
        assert script.between(text, block, []) != text


def test_a_part_without_marks_is_refused(script: ModuleType) -> None:
    with pytest.raises(ValueError, match="the marks of 'weather' are missing"):
        script.between("no marks", "weather", [])
