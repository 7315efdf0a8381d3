"""What the README of the Iran crisis says of its answers is what the crisis says now.

Where a change of the crisis is meant, run ``python docs/crises/iran_2024.py``.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import pytest

SCRIPTS = Path(__file__).parents[1] / "docs" / "crises"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    return importlib.import_module("iran_2024")


def test_answers_classes_evidence_and_rows_are_current(script: ModuleType) -> None:
    text = script.README.read_text(encoding="utf-8")
    for block, lines in script.write_answers().items():
        assert script.between(text, block, lines) == text, f"the part '{block}' is not current"


def test_every_part_has_its_marks(script: ModuleType) -> None:
    text = script.README.read_text(encoding="utf-8")
    for block in ("evidence", "rows of links", "past", "drift", "links", "judgements", "answers"):
        assert script.between(text, block, []) != text


def test_a_part_without_marks_is_refused(script: ModuleType) -> None:
    with pytest.raises(ValueError, match="the marks of 'weather' are missing"):
        script.between("no marks", "weather", [])
