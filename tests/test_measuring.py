"""Measured values beside a crisis: read, and refused with every fault."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from detente import load
from detente.catalog import find_crisis
from detente.cli.app import app
from detente.crisisfile.measuring import Measured, read_measured
from detente.errors import CrisisFileError

HEAD = "stock,date,value,source,precision,remark\n"


def read(folder: Path, text: str) -> dict[str, tuple[Measured, ...]]:
    (folder / "observed.csv").write_text(text, encoding="utf-8")
    return read_measured(folder, load("cuba_1962"))


def test_by_stock_and_day(tmp_path: Path) -> None:
    source = next(iter(load("cuba_1962").sources))
    rows = "sites,1962-10-20,4,S,day,\nalert,1962-10-21,3,S,,DEFCON\nsites,1962-10-18,2,S,day,late\n"
    found = read(tmp_path, HEAD + rows.replace(",S,", f",{source},"))
    assert [row.value for row in found["sites"]] == [2.0, 4.0]
    assert found["alert"] == (Measured("alert", dt.date(1962, 10, 21), 3.0, source, "", "DEFCON"),)


def test_no_table_is_nothing(tmp_path: Path) -> None:
    assert read_measured(tmp_path, load("cuba_1962")) == {}


def test_the_as_of_date_is_the_last_day(tmp_path: Path) -> None:
    source = next(iter(load("cuba_1962").sources))
    assert read(tmp_path, f"{HEAD}sites,1962-10-22,4,{source},,\n")["sites"][0].date == dt.date(1962, 10, 22)
    with pytest.raises(CrisisFileError, match="Nothing later than 1962-10-22 may be known") as caught:
        read(tmp_path, f"{HEAD}sites,1962-10-23,4,{source},,\nsites,1962-11-01,4,{source},,\n")
    assert [fault.line for fault in caught.value.faults] == [2, 3]


def test_every_fault_at_once(tmp_path: Path) -> None:
    with pytest.raises(CrisisFileError) as caught:
        read(tmp_path, HEAD + "sits,1962-13-20,many,S99,,\nalert,1962-10-20,inf,S99,,\n")
    told = str(caught.value)
    for words in (
        "there is no stock 'sits'",
        "Did you mean 'sites'?",
        "there is no source 'S99'",
        "'many' is not a number",
        "'inf' is not a number",
        "6 faults in observed.csv",
        "line 2  date",
        "line 3  value",
        "'1962-13-20' is not a day",
    ):
        assert words in told
    assert len(caught.value.faults) == 6


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("sites,1962-10-20,4,{s},day,late, and doubtful", "there are 7 cells, but 6 columns"),
        ("sites,1962-10-20,4", "there are 3 cells, but 6 columns"),
        ('sites,1962-10-20,4,{s},day,"late', "this is not a CSV record"),
        ("sites,1962-10-20,4,{s},day," + "x" * 200_000, "this is not a CSV record"),
        ("sites,1962-10-20\0,4,{s},day,", "there is a control character"),
        ("sites,1962-W42-6,4,{s},day,", "'1962-W42-6' is not a day"),
        ("sites,1962-10-20T12:00,4,{s},day,", "'1962-10-20T12:00' is not a day"),
        ("sites,1962-10-20 12:00,4,{s},day,", "'1962-10-20 12:00' is not a day"),
        ("sites,1962-10-23,4,{s},day,", "the measurement of 1962-10-23 is later than the as-of date"),
        ("sites,1962-10-20,1_000,{s},day,", "'1_000' is not a number"),
        ("sites,1962-10-20,1e999,{s},day,", "'1e999' is not a number"),
        ("sites,1962-10-20,,{s},day,", "'' is not a number"),
    ],
)
def test_what_is_no_measurement(tmp_path: Path, row: str, words: str) -> None:
    """Nothing is taken for something else: neither a cut remark nor a week for a day."""
    source = next(iter(load("cuba_1962").sources))
    with pytest.raises(CrisisFileError) as caught:
        read(tmp_path, HEAD + row.format(s=source) + "\n")
    assert words in str(caught.value)
    assert caught.value.faults[0].line == 2


def test_as_a_spreadsheet_saves_it(tmp_path: Path) -> None:
    source = next(iter(load("cuba_1962").sources))
    found = read(tmp_path, f'\ufeff{HEAD}sites,1962-10-20,4.5,{source},,"late, and doubtful"\n')
    assert found["sites"][0].remark == "late, and doubtful"


def test_a_column_stands_twice(tmp_path: Path) -> None:
    with pytest.raises(CrisisFileError, match="the column 'stock' stands twice"):
        read(tmp_path, "stock,stock,date,value,source\n")


def test_check_tells_its_faults(tmp_path: Path) -> None:
    crisis = tmp_path / "cuba_1962"
    shutil.copytree(find_crisis("cuba_1962"), crisis)
    (crisis / "observed.csv").write_text(HEAD + "sits,1962-10-20,4,S99,,\n", encoding="utf-8")
    done = CliRunner().invoke(app, ["check", str(crisis)])
    assert done.exit_code == 1
    assert "2 faults in observed.csv" in done.output


def test_columns_that_are_missing(tmp_path: Path) -> None:
    with pytest.raises(CrisisFileError, match="the column 'source' is missing"):
        read(tmp_path, "stock,date,value\nsites,1962-10-20,4\n")


def test_the_measurements_of_iran_are_read() -> None:
    found = read_measured(find_crisis("iran_2024"), load("iran_2024"))
    assert set(found) == {"rial", "heu60", "exports"}
    assert sum(map(len, found.values())) == 26
    assert all(row.date <= dt.date(2024, 11, 30) for rows in found.values() for row in rows)
