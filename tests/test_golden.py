"""The forecasts of the bundled crises, future by future: a change of numbers is a decision, never an accident.

Where a change is meant, write the files anew with ``python tests/golden.py`` and put old and new answers into
CHANGELOG.md.
"""

import importlib.util
import json
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("golden", Path(__file__).with_name("golden.py"))
golden = importlib.util.module_from_spec(spec)
spec.loader.exec_module(golden)


@pytest.mark.parametrize("crisis", golden.CRISES)
def test_the_forecast_is_the_pinned_one(crisis):
    known = json.loads(golden.path_of(crisis).read_text(encoding="utf-8"))
    assert golden.pinned(crisis) == known


def test_threads_do_not_change_it():
    assert golden.pinned("cuba_1962", threads=1) == golden.pinned("cuba_1962", threads=3)
