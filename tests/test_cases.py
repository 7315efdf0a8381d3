"""The folder of cases: every broken file is refused for its reason, every valid one resolves to its twin."""

from pathlib import Path

import pytest

from detente.crisisfile import dumps, load, loads
from detente.errors import CrisisFileError

CASES = Path(__file__).parent / "cases"
INVALID = sorted((CASES / "invalid").glob("*.yaml"))
VALID = sorted(path for path in (CASES / "valid").glob("*.yaml") if not path.name.endswith(".resolved.yaml"))


def name_of(path):
    return path.stem


def test_there_are_enough_cases():
    assert len(INVALID) >= 150
    assert len(VALID) >= 20


@pytest.mark.parametrize("path", INVALID, ids=name_of)
def test_a_broken_file_is_refused_for_its_reason(path):
    with pytest.raises(CrisisFileError) as caught:
        load(path)
    said = str(caught.value)
    for words in path.with_suffix(".txt").read_text(encoding="utf-8").splitlines():
        assert words in said
    assert path.name in said


@pytest.mark.parametrize("path", INVALID, ids=name_of)
def test_every_fault_says_where_and_what_to_do(path):
    with pytest.raises(CrisisFileError) as caught:
        load(path)
    for fault in caught.value.faults:
        assert fault.message
        assert fault.hint
        assert not fault.message.endswith(".")


def test_every_broken_file_has_its_words():
    without = [path.name for path in INVALID if not path.with_suffix(".txt").read_text().strip()]
    assert without == []


@pytest.mark.parametrize("path", VALID, ids=name_of)
def test_a_valid_file_resolves_to_its_twin(path):
    twin = path.with_suffix(".resolved.yaml").read_text(encoding="utf-8")
    assert dumps(load(path)) == twin


@pytest.mark.parametrize("path", VALID, ids=name_of)
def test_resolving_a_twin_changes_nothing(path):
    twin = path.with_suffix(".resolved.yaml").read_text(encoding="utf-8")
    assert loads(twin) == load(path)
    assert dumps(loads(twin)) == twin


@pytest.mark.parametrize("path", VALID, ids=name_of)
def test_a_twin_has_primitives_only(path):
    sections = {
        line.split(":")[0]
        for line in path.with_suffix(".resolved.yaml").read_text(encoding="utf-8").splitlines()
        if line and line[0] not in " #"
    }
    head = {"crisis", "form", "title", "description", "as_of", "horizon", "record_from", "holding"}
    state = {"actors", "calendar", "parameters", "stocks", "stages", "memories"}
    causes = {"clocks", "timers", "occasions", "triggers", "moments"}
    assert sections <= head | state | causes | {"questions", "record", "sources", "claims", "events"}
