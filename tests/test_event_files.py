"""Tables of coded events as they lie around: every form that is read, every fault that is told."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import polars as pl
import pytest

from detente.errors import TableError
from detente.ledger.reading import NEEDED, read_events

ROWS = "src,tgt,date,cameo,dataset\nIRN,ISR,2018-05-10,190,a\nISR,IRN,2018-05-11,036,b\n"

PLAIN = "src,tgt,date,cameo\nIRN,ISR,2018-05-10,190\n"


def facts(folder: Path) -> Path:
    folder.mkdir()
    (folder / "relations.csv").write_text("id,name,cameo\n0,Fight,190\n1,Negotiate,036\n")
    entities = 'id,name\n0,"Iran"\n1,"Citizen (Japan)"\n2,"Nowhere Man"\n'
    (folder / "entities.csv.gz").write_bytes(gzip.compress(entities.encode()))
    pl.DataFrame({"s": [0, 1], "r": [0, 1], "o": [1, 2], "day": [0, 31]}).write_parquet(
        folder / "events.parquet"
    )
    return folder


def test_a_csv_file_under_other_names(tmp_path: Path) -> None:
    path = tmp_path / "events.csv.gz"
    path.write_bytes(gzip.compress(ROWS.encode()))
    found = read_events(path, dataset="b").collect()
    assert set(NEEDED) <= set(found.columns)
    row = found.row(0, named=True)
    assert (row["actor"], row["recipient"], row["occurred_at"]) == ("ISR", "IRN", dt.date(2018, 5, 11))
    assert (row["cameo"], row["quadclass_icews"], row["goldstein"]) == ("036", 1, 4.0)


def test_a_folder_of_facts(tmp_path: Path) -> None:
    found = read_events(facts(tmp_path / "facts"), day_zero=dt.date(2018, 1, 1)).collect()
    assert found.select("actor", "recipient", "occurred_at", "quadclass_icews").rows() == [
        ("IRN", "Japan", dt.date(2018, 1, 1), 4),
        ("Japan", "Nowhere Man", dt.date(2018, 2, 1), 1),
    ]


@pytest.mark.parametrize(
    ("name", "text", "options", "words"),
    [
        ("none.csv", None, {}, "there is no such file.*detente import"),
        ("events.txt", "x", {}, r"not a table of events.*\.parquet"),
        ("events.parquet", "not parquet", {}, "not a Parquet file that can be read"),
        ("events.csv", ROWS, {}, "it holds 2 data sets. Choose one of a, b"),
        ("events.csv", ROWS, {"dataset": "c"}, "there is no data set 'c' in it"),
        ("events.csv", ROWS.replace("cameo", "code"), {}, "no column cameo. The file has: code"),
        ("events.csv", ROWS.replace("2018-05-11", "11.5.2018"), {}, "line 3: '11.5.2018' is no date"),
        ("events.csv", ROWS.replace("036", "36"), {}, "line 3: .*'036': the leading zero was lost"),
        ("events.csv", PLAIN, {"dataset": "a"}, "no column dataset"),
    ],
)  # fmt: skip
def test_faults(tmp_path: Path, name: str, text: str | None, options: dict[str, str], words: str) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(TableError, match=words):
        read_events(tmp_path / name, **options)


def test_a_table_of_something_else(tmp_path: Path) -> None:
    pl.DataFrame({"actor": ["A"]}).write_parquet(tmp_path / "x.parquet")
    with pytest.raises(TableError, match="no column recipient, occurred_at"):
        read_events(tmp_path / "x.parquet")


def test_faults_of_a_folder(tmp_path: Path) -> None:
    folder = facts(tmp_path / "facts")
    with pytest.raises(TableError, match=r"Say which day is 0.*--day-zero"):
        read_events(folder)
    (folder / "relations.csv").unlink()
    with pytest.raises(TableError, match=r"there is no relations\.csv"):
        read_events(folder, day_zero=dt.date(2018, 1, 1))
