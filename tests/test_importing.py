"""Import of event data: every trap of every data set, every row accounted for, none lost."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import os
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.errors import DetenteError, TableError
from detente.ledger.coding import goldstein
from detente.ledger.columns import EVENT_COLUMNS
from detente.ledger.dyads import dyad_days
from detente.ledger.importers import DATASETS, acled, gdelt, icews, polecat, ucdp
from detente.ledger.importing import import_events
from detente.ledger.reporting import EventFileError, ImportReport

SHARED = Path(os.environ.get("DETENTE_SHARED", Path(__file__).parents[2] / "shared"))
SAMPLES = SHARED / "data" / "samples"
real = pytest.mark.skipif(not SAMPLES.exists(), reason="the shared folder with real event data is not here")

checked = settings(derandomize=True, deadline=None, max_examples=60, database=None)


# --- small files in the form of each data set ---------------------------------------------------------------

GDELT_ROW = {
    "GLOBALEVENTID": "1", "SQLDATE": "20241026", "Actor1Code": "ISRMIL", "Actor1Name": "ISRAEL",
    "Actor2Code": "IRN", "Actor2Name": "IRAN", "IsRootEvent": "1", "EventCode": "195", "QuadClass": "4",
    "GoldsteinScale": "-10", "NumMentions": "7", "ActionGeo_FullName": "Tehran",
    "ActionGeo_CountryCode": "IR", "ActionGeo_Lat": "35.7", "ActionGeo_Long": "51.4", "DATEADDED": "20241026",
    "SOURCEURL": "https://a.org/1",
}  # fmt: skip
ICEWS_ROW = {
    "Event ID": "1", "Event Date": "2018-06-01", "Source Name": "Iran", "Source Country": "Iran",
    "CAMEO Code": "036", "Intensity": "4", "Target Name": "Foreign Affairs (France)",
    "Target Country": "France", "Publisher": "News", "Country": "Iran",
    "Latitude": "35.7", "Longitude": "51.4",
}  # fmt: skip
POLECAT_ROW = {
    "Event ID": "e1", "Event Date": "2023-01-02", "Event Type": "COERCE", "Event Mode": "arrest",
    "Intensity": "-7", "Contexts": "legal;human_rights", "Actor Name": "Iran", "Actor Country": "IRN",
    "Recipient Name": "None", "Recipient Country": "FRA", "Source": "News", "Publication Date": "2023-01-03",
}  # fmt: skip
ACLED_ROW = {
    "event_id_cnty": "LBN1", "event_date": "2024-11-26", "time_precision": "1",
    "event_type": "Explosions/Remote violence", "sub_event_type": "Air/drone strike",
    "actor1": "Military Forces of Israel (2022-)", "actor2": "Hezbollah", "country": "Lebanon",
    "location": "Beirut", "latitude": "33.9", "longitude": "35.5", "source": "Wire", "notes": "one line",
    "fatalities": "3", "timestamp": "1732700000",
}  # fmt: skip
UCDP_ROW = {
    "id": "10", "code_status": "Clear", "type_of_violence": "1", "side_a": "Government of Israel",
    "side_b": "Hezbollah", "number_of_sources": "2", "date_prec": "1",
    "date_start": "2024-11-26 00:00:00.000", "date_end": "2024-11-26 00:00:00.000", "best": "4", "high": "6",
    "low": "4", "country": "Lebanon", "latitude": "33.9", "longitude": "35.5", "gwnoa": "666", "gwnob": "",
}  # fmt: skip

Row = Mapping[str, str]


def tab_text(columns: Iterable[str], rows: Iterable[Row], *, header: bool) -> str:
    names = list(columns)
    lines = ["\t".join(names)] if header else []
    lines += ["\t".join(row.get(name, "") for name in names) for row in rows]
    return "".join(f"{line}\n" for line in lines)


def csv_text(columns: Iterable[str], rows: Iterable[Row], delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns), restval="", delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def text_of(dataset: str, rows: Iterable[Row]) -> str:
    if dataset == "gdelt":
        return tab_text(gdelt.COLUMNS_2, rows, header=False)
    if dataset == "icews":
        return tab_text(icews.COLUMNS, rows, header=True)
    if dataset == "polecat":
        return tab_text(polecat.COLUMNS, rows, header=True)
    return csv_text(acled.COLUMNS if dataset == "acled" else ucdp.COLUMNS, rows)


SAMPLE_ROW = {
    "gdelt": GDELT_ROW,
    "icews": ICEWS_ROW,
    "polecat": POLECAT_ROW,
    "acled": ACLED_ROW,
    "ucdp": UCDP_ROW,
}


def imported(
    tmp_path: Path, dataset: str, text: str | bytes, **options: Any
) -> tuple[pl.DataFrame, ImportReport]:
    file = tmp_path / "events.txt"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    report = import_events(dataset, [file], tmp_path / "out.parquet", **options)
    assert_accounted(report)
    return pl.read_parquet(tmp_path / "out.parquet"), report


def assert_accounted(report: ImportReport) -> None:
    left, refused = sum(report.left_out.values()), sum(report.refused.values())
    assert report.read == report.kept + report.merged + report.repeated + left + refused


def faults_of(tmp_path: Path, dataset: str, text: str | bytes, **options: Any) -> EventFileError:
    out = tmp_path / "out.parquet"
    with pytest.raises(EventFileError) as problem:
        imported(tmp_path, dataset, text, **options)
    assert not out.exists(), "a faulty import writes nothing"
    assert not list(tmp_path.glob(".out.parquet*")), "and leaves nothing behind"
    return problem.value


# --- all data sets ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dataset", list(DATASETS))
def test_one_row_of_each(tmp_path: Path, dataset: str) -> None:
    events, report = imported(tmp_path, dataset, text_of(dataset, [SAMPLE_ROW[dataset]]))
    assert dict(events.schema) == EVENT_COLUMNS
    assert (report.read, report.kept) == (1, 1)
    row = events.row(0, named=True)
    assert row["dataset"] == dataset
    assert row["n_reports"] == 1
    assert row["file"] == "events.txt"
    assert row["line"] == (1 if dataset == "gdelt" else 2)
    assert row["quadclass_icews"] in (1, 4)


@pytest.mark.parametrize("dataset", list(DATASETS))
def test_columns_are_those_of_the_published_schema(dataset: str) -> None:
    schema = {"gdelt": "gdelt2_events", "ucdp": "ucdp_ged"}.get(dataset, f"{dataset}_events")
    path = SHARED / "data" / "schemas" / f"{schema}.csv"
    if not path.exists():
        pytest.skip("the shared folder with the schemas is not here")
    with path.open(encoding="utf-8") as file:
        assert DATASETS[dataset][-1].columns == tuple(row["column"] for row in csv.DictReader(file))


@pytest.mark.parametrize("dataset", list(DATASETS))
def test_compressed_files_read_like_plain_ones(tmp_path: Path, dataset: str) -> None:
    plain = text_of(dataset, [SAMPLE_ROW[dataset]]).encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("20241026.export.CSV", plain)
    first, _ = imported(tmp_path, dataset, plain)
    for data in (gzip.compress(plain), packed.getvalue(), plain.rstrip(b"\n"), plain.replace(b"\n", b"\r\n")):
        again, _ = imported(tmp_path, dataset, data)
        assert again.equals(first)


@checked
@given(
    kinds=st.lists(st.sampled_from(["good", "twin", "date", "code", "short", "blank", "other"]), max_size=40),
    block=st.integers(300, 5000),
)
def test_every_row_is_accounted_for_whatever_the_block(
    tmp_path_factory: pytest.TempPathFactory, kinds: list[str], block: int
) -> None:
    rows = {
        "good": ICEWS_ROW,
        "twin": ICEWS_ROW,
        "date": ICEWS_ROW | {"Event Date": "1 June"},
        "code": ICEWS_ROW | {"CAMEO Code": "13y"},
        "other": ICEWS_ROW | {"Source Name": "Japan", "Source Country": "Japan"},
    }
    lines = [tab_text(icews.COLUMNS, [], header=True)]
    for i, kind in enumerate(kinds):
        if kind == "blank":
            lines.append("\n")
        elif kind == "short":
            lines.append("1\t2018-06-01\n")
        else:
            row = dict(rows[kind], **{"Event ID": "twin" if kind == "twin" else str(i)})
            if kind == "good":
                row["Target Name"] = f"Actor {i} (France)"
            lines.append(tab_text(icews.COLUMNS, [row], header=False))
    folder = tmp_path_factory.mktemp("import")
    options: dict[str, Any] = {"actors": ["IRN", "FRA"], "max_refused": 1.0}
    small, report = imported(folder, "icews", "".join(lines), block_bytes=block, **options)
    large, same = imported(folder, "icews", "".join(lines), **options)
    assert small.equals(large)
    n = {kind: kinds.count(kind) for kind in {*kinds, *rows, "short", "blank"}}
    assert report.read == len(kinds) - n["blank"] == same.read
    assert report.kept == n["good"] + (n["twin"] > 0)
    assert report.repeated == max(0, n["twin"] - 1)
    assert report.left_out.get("other actors", 0) == n["other"]
    wanted = {"date": n["date"], "code": n["code"], "fields": n["short"]}
    assert report.refused == {reason: count for reason, count in sorted(wanted.items()) if count}


def test_lines_of_refused_rows_are_named(tmp_path: Path) -> None:
    rows = [ICEWS_ROW | {"Event ID": str(i)} for i in range(50)]
    rows[30] = rows[30] | {"CAMEO Code": "13y"}
    _, report = imported(tmp_path, "icews", text_of("icews", rows))
    assert report.refused == {"code": 1}
    assert report.examples["code"] == (("events.txt", 32, "13y"),)
    assert "refused: no CAMEO code" in str(report)
    assert "events.txt, line 32: 13y" in str(report)
    assert report.as_dict()["refused"] == {"code": 1}


def test_filters_of_time_and_actors(tmp_path: Path) -> None:
    rows = [
        ICEWS_ROW | {"Event ID": str(i), "Event Date": f"2018-06-{day:02d}", "Source Name": name}
        for i, (day, name) in enumerate(
            [(1, "Iran"), (2, "Iran"), (3, "Iran"), (4, "Iran"), (2, "Japan"), (2, "")]
        )
    ]
    text = text_of("icews", [row | {"Source Country": ""} for row in rows])
    span = {"since": dt.date(2018, 6, 2), "until": dt.date(2018, 6, 3)}
    events, report = imported(tmp_path, "icews", text, **span)
    assert (report.kept, report.left_out) == (
        4,
        {"after the last day asked for": 1, "before the first day asked for": 1},
    )
    assert events["occurred_at"].to_list() == [dt.date(2018, 6, 2)] * 3 + [dt.date(2018, 6, 3)]
    _, both = imported(tmp_path, "icews", text, actors=["IRN", "FRA"], **span)
    assert (both.kept, both.left_out["other actors"], both.left_out["doer or recipient not named"]) == (
        2,
        1,
        1,
    )
    _, one = imported(tmp_path, "icews", text, actors=["IRN"], ends="one", **span)
    assert one.kept == 2
    _, france = imported(tmp_path, "icews", text, actors=["FRA"], ends="one", **span)
    assert france.kept == 4


def test_output_is_ordered_by_day_and_the_same_every_time(tmp_path: Path) -> None:
    days = [9, 3, 7, 1, 3]
    rows = [
        ICEWS_ROW | {"Event ID": str(i), "Event Date": f"2018-0{1 + i % 3}-{day:02d}", "Source Name": f"A{i}"}
        for i, day in enumerate(days)
    ]
    first, _ = imported(tmp_path, "icews", text_of("icews", rows))
    again, _ = imported(tmp_path, "icews", text_of("icews", rows), block_bytes=400)
    assert first.equals(again)
    assert first["occurred_at"].is_sorted()


def test_no_rows_give_an_empty_table(tmp_path: Path) -> None:
    events, report = imported(tmp_path, "icews", text_of("icews", []))
    assert (events.height, report.read) == (0, 0)
    assert dict(events.schema) == EVENT_COLUMNS


# --- merging ------------------------------------------------------------------------------------------------


def test_reports_of_one_event_are_merged_into_the_row_known_first(tmp_path: Path) -> None:
    rows = [
        GDELT_ROW | {"GLOBALEVENTID": "1", "DATEADDED": "20241028", "NumMentions": "2", "SOURCEURL": "late"},
        GDELT_ROW | {"GLOBALEVENTID": "2", "DATEADDED": "20241026", "NumMentions": "3", "SOURCEURL": "early"},
        GDELT_ROW | {"GLOBALEVENTID": "3", "DATEADDED": "", "NumMentions": "", "SOURCEURL": "undated"},
        GDELT_ROW | {"GLOBALEVENTID": "2", "DATEADDED": "20241026", "NumMentions": "3", "SOURCEURL": "again"},
        GDELT_ROW | {"GLOBALEVENTID": "4", "EventCode": "194"},
        GDELT_ROW | {"GLOBALEVENTID": "5", "SQLDATE": "20241025"},
    ]
    events, report = imported(tmp_path, "gdelt", text_of("gdelt", rows))
    assert (report.read, report.kept, report.merged, report.repeated) == (6, 3, 2, 1)
    strike = events.filter(pl.col("cameo") == "195", pl.col("occurred_at") == dt.date(2024, 10, 26)).row(
        0, named=True
    )
    assert (strike["publisher"], strike["event_id"]) == ("early", "2")
    assert (strike["n_reports"], strike["n_mentions"]) == (3, 5)
    assert strike["known_at"] == dt.datetime(2024, 10, 26)


def test_rows_without_a_name_are_never_merged(tmp_path: Path) -> None:
    rows = [GDELT_ROW | {"GLOBALEVENTID": str(i), "Actor2Code": "", "Actor2Name": ""} for i in range(3)]
    events, report = imported(tmp_path, "gdelt", text_of("gdelt", rows))
    assert (report.kept, report.merged) == (3, 0)
    assert events["recipient_name"].null_count() == 3


def test_merging_looks_at_the_delivered_names_not_at_the_actor(tmp_path: Path) -> None:
    """Two ministries of one state did two things, though both count as that state."""
    rows = [
        GDELT_ROW | {"GLOBALEVENTID": str(i), "Actor1Code": code}
        for i, code in enumerate(["ISRMIL", "ISRGOV"])
    ]
    events, report = imported(tmp_path, "gdelt", text_of("gdelt", rows), actors=["ISR", "IRN"])
    assert (report.kept, events["actor"].to_list()) == (2, ["ISR", "ISR"])


def test_large_months_are_merged_day_by_day(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        GDELT_ROW | {"GLOBALEVENTID": str(i), "SQLDATE": f"202410{1 + i % 28:02d}", "Actor1Code": f"A{i % 7}"}
        for i in range(300)
    ]
    whole, _ = imported(tmp_path, "gdelt", text_of("gdelt", rows))
    monkeypatch.setattr("detente.ledger.merging.LARGEST_BUCKET", 10)
    parts, _ = imported(tmp_path, "gdelt", text_of("gdelt", rows))
    assert parts.equals(whole)


# --- GDELT --------------------------------------------------------------------------------------------------


def test_gdelt_with_57_58_and_61_columns(tmp_path: Path) -> None:
    for columns in (gdelt.COLUMNS_1[:-1], gdelt.COLUMNS_1, gdelt.COLUMNS_2):
        events, _ = imported(tmp_path, "gdelt", tab_text(columns, [GDELT_ROW], header=False))
        row = events.row(0, named=True)
        assert (row["place"], row["country"], row["latitude"]) == ("Tehran", "IR", 35.7)
        assert row["publisher"] == (None if len(columns) == 57 else "https://a.org/1")
        assert row["known_at"] == dt.datetime(2024, 10, 26)
        assert (row["actor"], row["recipient"], row["actor_name"]) == ("ISR", "IRN", "ISRMIL")
        assert (row["quadclass"], row["goldstein"], row["status"]) == (4, -10.0, "lead")


def test_gdelt_2_knows_the_quarter_of_an_hour(tmp_path: Path) -> None:
    events, _ = imported(tmp_path, "gdelt", text_of("gdelt", [GDELT_ROW | {"DATEADDED": "20241026021500"}]))
    assert events["known_at"][0] == dt.datetime(2024, 10, 26, 2, 15)


def test_gdelt_counts_09_as_material_cooperation(tmp_path: Path) -> None:
    events, _ = imported(tmp_path, "gdelt", text_of("gdelt", [GDELT_ROW | {"EventCode": "090"}]))
    assert (events["quadclass"][0], events["quadclass_icews"][0]) == (2, 3)


def test_gdelt_of_another_width_is_refused(tmp_path: Path) -> None:
    problem = faults_of(tmp_path, "gdelt", tab_text(gdelt.COLUMNS_2[:16], [GDELT_ROW], header=False))
    assert "the first row has 16 fields, but gdelt has 58 or 61" in str(problem)
    assert problem.faults[0].line == 1


def test_gdelt_re_exported_with_a_header(tmp_path: Path) -> None:
    text = csv_text(
        ["", *gdelt.COLUMNS_1], [GDELT_ROW | {"": "0", "Actor2Name": 'IRAN, "state"', "Actor1Name": "NA"}]
    )
    renamed = text.replace("SQLDATE", "Day").replace("EventCode", "Event_Code")
    problem = faults_of(tmp_path, "gdelt", renamed)
    events, _ = imported(tmp_path, "gdelt", text)
    assert events.height == 1
    assert "gdelt needs the columns 'SQLDATE', 'EventCode' (is it 'Event_Code'?)." in str(problem)
    assert "columns={'name in the file': 'name above'}" in str(problem)
    again, _ = imported(tmp_path, "gdelt", renamed, columns={"Day": "SQLDATE", "Event_Code": "EventCode"})
    assert again.equals(events)


def test_lost_zeros_are_refused_and_can_be_restored(tmp_path: Path) -> None:
    codes = ["036", "046", "010", "020", "0871", "190", "112"]
    rows = [
        GDELT_ROW | {"GLOBALEVENTID": str(i), "EventCode": code.lstrip("0")} for i, code in enumerate(codes)
    ]
    problem = faults_of(tmp_path, "gdelt", text_of("gdelt", rows))
    assert "5 of 7 rows have a CAMEO code without its leading zero; the first is '36'" in str(problem)
    assert "restore_zeros=True (--restore-zeros)" in str(problem)
    assert problem.faults[0].line == 1
    events, _ = imported(tmp_path, "gdelt", text_of("gdelt", rows), restore_zeros=True)
    assert sorted(events["cameo"]) == sorted(codes)
    assert sorted(events["event_type"]) == sorted(code.lstrip("0") for code in codes), "kept as delivered"


# --- ICEWS --------------------------------------------------------------------------------------------------


def test_icews_quotes_are_literal(tmp_path: Path) -> None:
    rows = [
        ICEWS_ROW | {"Event ID": "1", "Source Name": 'The "Party" of "God'},
        ICEWS_ROW | {"Event ID": "2", "Source Name": '"Quoted"'},
    ]
    events, _ = imported(tmp_path, "icews", text_of("icews", rows))
    assert sorted(events["actor_name"]) == ['"Quoted"', 'The "Party" of "God']


def test_icews_ids_are_unique_only_with_their_date(tmp_path: Path) -> None:
    rows = [ICEWS_ROW, ICEWS_ROW | {"Event Date": "2013-01-05"}, ICEWS_ROW]
    _, report = imported(tmp_path, "icews", text_of("icews", rows))
    assert (report.kept, report.repeated) == (2, 1)


def test_icews_month_first_dates(tmp_path: Path) -> None:
    events, _ = imported(tmp_path, "icews", text_of("icews", [ICEWS_ROW | {"Event Date": "3/4/2017"}]))
    assert events["occurred_at"][0] == dt.date(2017, 3, 4)


def test_another_date_form_is_refused_and_can_be_given(tmp_path: Path) -> None:
    text = text_of("icews", [ICEWS_ROW | {"Event Date": "27.10.2018"}])
    problem = faults_of(tmp_path, "icews", text)
    assert "1 of 1 rows have no date of the form 2024-11-30 or 11/30/2024; the first is '27.10.2018'" in str(
        problem
    )
    assert "date_format='%d.%m.%Y'" in str(problem)
    assert problem.faults[0].line == 2
    events, _ = imported(tmp_path, "icews", text, date_format="%d.%m.%Y")
    assert events["occurred_at"][0] == dt.date(2018, 10, 27)


def test_icews_values_and_quad_classes(tmp_path: Path) -> None:
    events, _ = imported(
        tmp_path, "icews", text_of("icews", [ICEWS_ROW | {"CAMEO Code": "145", "Intensity": "-7.5"}])
    )
    row = events.row(0, named=True)
    assert (row["quadclass"], row["quadclass_icews"], row["plover"], row["mode"]) == (3, 4, "PROTEST", "riot")
    assert (row["actor"], row["recipient"], row["goldstein"]) == ("IRN", "FRA", -7.5)


def test_wrong_columns_are_named(tmp_path: Path) -> None:
    text = text_of("icews", [ICEWS_ROW]).replace("CAMEO Code", "CameoCode")
    problem = faults_of(tmp_path, "icews", text)
    assert "icews needs the column 'CAMEO Code' (is it 'CameoCode'?)." in str(problem)
    twice = text_of("icews", [ICEWS_ROW]).replace("Event Text", "CAMEO Code")
    assert "column CAMEO Code stands in the header twice" in str(faults_of(tmp_path, "icews", twice))


def test_optional_columns_may_be_absent(tmp_path: Path) -> None:
    text = tab_text(
        ["Event Date", "Event ID", "CAMEO Code", "Intensity", "Source Name", "Target Name"],
        [ICEWS_ROW],
        header=True,
    )
    events, _ = imported(tmp_path, "icews", text)
    assert (events["actor"][0], events["publisher"][0]) == ("IRN", None)


# --- POLECAT ------------------------------------------------------------------------------------------------


def test_polecat_imposes_its_columns_and_reads_latin_1(tmp_path: Path) -> None:
    body = tab_text(polecat.COLUMNS, [POLECAT_ROW | {"Placename": "Orléans"}], header=False)
    text = ("Event ID\tWrong\tHeader\n" + body).encode("latin-1")
    events, _ = imported(tmp_path, "polecat", text)
    row = events.row(0, named=True)
    assert row["place"] == "Orléans"
    assert (row["plover"], row["mode"], row["quadclass"], row["cameo"]) == ("COERCE", "arrest", 4, None)
    assert (row["recipient_name"], row["recipient"]) == ("FRA", "FRA"), "None is nobody; the country remains"
    assert row["known_at"] == dt.datetime(2023, 1, 3)


def test_polecat_of_an_unknown_type_is_refused(tmp_path: Path) -> None:
    problem = faults_of(tmp_path, "polecat", text_of("polecat", [POLECAT_ROW | {"Event Type": "HUG"}]))
    assert "no event type of the data set; the first is 'HUG'" in str(problem)
    commas = csv_text(polecat.COLUMNS, [POLECAT_ROW])
    assert "the first line has no tab, which separates fields in polecat" in str(
        faults_of(tmp_path, "polecat", commas)
    )


# --- ACLED --------------------------------------------------------------------------------------------------


def test_acled_notes_run_over_lines(tmp_path: Path) -> None:
    rows = [
        ACLED_ROW | {"event_id_cnty": "A", "notes": 'first\nsecond, with "quotes"\n\nthird'},
        ACLED_ROW | {"event_id_cnty": "B"},
        ACLED_ROW | {"event_id_cnty": "C", "event_date": "never"},
    ]
    for block in (1 << 20, 64):
        events, report = imported(tmp_path, "acled", text_of("acled", rows), block_bytes=block, max_refused=1)
        assert dict(zip(events["event_id"], events["line"], strict=True)) == {"A": 2, "B": 6}
        assert report.examples["date"] == (("events.txt", 7, "never"),)


@pytest.mark.parametrize("form", ["2024-11-26", "26 November 2024", "26-November-2024"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_acled_dates_and_delimiters(tmp_path: Path, form: str, delimiter: str) -> None:
    text = csv_text(["data_id", *reversed(acled.COLUMNS)], [ACLED_ROW | {"event_date": form}], delimiter)
    events, _ = imported(tmp_path, "acled", text)
    row = events.row(0, named=True)
    assert row["occurred_at"] == dt.date(2024, 11, 26)
    assert (row["actor"], row["recipient"], row["directed"]) == ("ISR", "HEZ", True)
    assert (row["plover"], row["mode"], row["goldstein"], row["fatalities"]) == ("ASSAULT", "aerial", -9.5, 3)


def test_acled_corrections_replace_what_they_correct(tmp_path: Path) -> None:
    """The latest edition counts, though it has another year, stands first, or is not asked for any more."""
    rows = [
        ACLED_ROW
        | {"event_id_cnty": "A", "event_date": "2023-12-31", "fatalities": "9", "timestamp": "1800000000"},
        ACLED_ROW | {"event_id_cnty": "A", "fatalities": "3"},
        ACLED_ROW | {"event_id_cnty": "B"},
    ]
    events, report = imported(tmp_path, "acled", text_of("acled", rows), block_bytes=200)
    assert (report.kept, report.repeated) == (2, 1)
    assert events.filter(pl.col("event_id") == "A")["fatalities"].to_list() == [9]
    later, report = imported(tmp_path, "acled", text_of("acled", rows), since=dt.date(2024, 1, 1))
    assert later["event_id"].to_list() == ["B"], "A was moved out of the span, so its old edition is gone too"
    assert (report.kept, report.repeated, sum(report.left_out.values())) == (1, 1, 1)


@pytest.mark.parametrize(
    ("precision", "name", "first", "last"),
    [("1", "day", 26, 26), ("2", "week", 26, 32), ("3", "month", 1, 30)],
)
def test_acled_precision_is_kept(tmp_path: Path, precision: str, name: str, first: int, last: int) -> None:
    events, _ = imported(tmp_path, "acled", text_of("acled", [ACLED_ROW | {"time_precision": precision}]))
    row = events.row(0, named=True)
    november = dt.date(2024, 10, 31)
    assert row["precision"] == name
    assert (row["occurred_at"] - november).days == first
    assert (row["occurred_until"] - november).days == last


def test_acled_battles_have_no_direction(tmp_path: Path) -> None:
    battle = ACLED_ROW | {"event_type": "Battles", "sub_event_type": "Armed clash"}
    strange = ACLED_ROW | {"event_id_cnty": "S", "sub_event_type": "Pillow fight"}
    events, report = imported(tmp_path, "acled", text_of("acled", [battle, strange]), max_refused=1)
    assert events["directed"].to_list() == [False]
    assert report.refused == {"type": 1}


def test_a_quote_that_never_closes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detente.ledger.streams.LONGEST_RECORD", 1000)
    good = text_of("acled", [ACLED_ROW])
    text = good + good.split("\n", 1)[1].replace("one line", '"one line') * 1 + "x,y\n" * 5000
    problem = faults_of(tmp_path, "acled", text, block_bytes=1000)
    assert "a quote that opens in the record of line 3 is never closed" in str(problem)


# --- UCDP ---------------------------------------------------------------------------------------------------


def test_ucdp_spans_and_whole_numbers(tmp_path: Path) -> None:
    rows = [
        UCDP_ROW | {"id": "1.0", "date_prec": "3.0", "date_end": "2024-12-01 00:00:00.000", "best": "4.0"},
        UCDP_ROW | {"id": "2", "date_start": "2024-11-26", "date_end": "2024-11-26", "type_of_violence": "3"},
    ]
    events, _ = imported(tmp_path, "ucdp", text_of("ucdp", rows))
    first, second = events.sort("event_id").iter_rows(named=True)
    assert (first["event_id"], first["precision"], first["fatalities"]) == ("1", "week", 4)
    assert (first["occurred_at"], first["occurred_until"]) == (dt.date(2024, 11, 26), dt.date(2024, 12, 1))
    assert (first["directed"], second["directed"]) == (False, True)
    assert (first["actor"], first["recipient"], first["status"]) == ("ISR", "HEZ", "Clear")
    since, _ = imported(tmp_path, "ucdp", text_of("ucdp", rows), since=dt.date(2024, 11, 30))
    assert since["event_id"].to_list() == ["1"], "it may have happened on a day asked for"


def test_ucdp_final_file_replaces_the_candidate(tmp_path: Path) -> None:
    candidate, final = tmp_path / "candidate.csv", tmp_path / "final.csv"
    candidate.write_text(text_of("ucdp", [UCDP_ROW | {"code_status": "Check deaths", "best": "40"}]))
    final.write_text(text_of("ucdp", [UCDP_ROW]))
    report = import_events("ucdp", [candidate, final], tmp_path / "out.parquet")
    events = pl.read_parquet(tmp_path / "out.parquet")
    assert (report.kept, report.repeated) == (1, 1)
    assert (events["status"][0], events["fatalities"][0], events["file"][0]) == ("Clear", 4, "final.csv")


def test_ucdp_end_before_start_is_refused(tmp_path: Path) -> None:
    problem = faults_of(tmp_path, "ucdp", text_of("ucdp", [UCDP_ROW | {"date_end": "2024-11-20"}]))
    assert "no date of the form" in str(problem)


# --- broken files -------------------------------------------------------------------------------------------


def test_truncated_gzip_is_named_and_can_be_read_in_part(tmp_path: Path) -> None:
    rows = [ICEWS_ROW | {"Event ID": str(i), "Source Name": f"Actor {i * 7919}"} for i in range(4000)]
    packed = gzip.compress(text_of("icews", rows).encode())
    cut = packed[: len(packed) // 2]
    problem = faults_of(tmp_path, "icews", cut)
    assert "the compressed file breaks off before its end." in str(problem)
    assert "download it again" in str(problem)
    line = problem.faults[0].line
    assert 100 < line < 4001
    assert f"would import the {line - 1:,} readable rows" in str(problem)
    events, report = imported(tmp_path, "icews", cut, partial=True)
    assert report.kept == events.height == line - 1
    assert report.faults == problem.faults
    assert "breaks off" in str(report)


def test_damaged_archives_are_named(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(os.urandom(3000) + text_of("icews", [ICEWS_ROW] * 500).encode()))
    packed[60:80] = b"\xff" * 20
    assert faults_of(tmp_path, "icews", bytes(packed)).faults
    two = io.BytesIO()
    with zipfile.ZipFile(two, "w") as archive:
        archive.writestr("a.csv", "x")
        archive.writestr("b.csv", "y")
    assert "the zip archive holds 2 files (a.csv, b.csv)" in str(faults_of(tmp_path, "gdelt", two.getvalue()))
    assert "the zip archive is broken" in str(faults_of(tmp_path, "gdelt", two.getvalue()[:60]))
    assert "the file is empty" in str(faults_of(tmp_path, "icews", ""))


def test_faults_of_all_files_come_together(tmp_path: Path) -> None:
    good, wrong, dates = tmp_path / "good.tab", tmp_path / "wrong.tab", tmp_path / "dates.tab"
    good.write_text(text_of("icews", [ICEWS_ROW]))
    wrong.write_text("a\tb\n1\t2\n")
    dates.write_text(text_of("icews", [ICEWS_ROW | {"Event Date": "yesterday"}]))
    files = [good, wrong, dates, tmp_path / "absent.tab"]
    with pytest.raises(EventFileError) as problem:
        import_events("icews", files, tmp_path / "out.parquet")
    assert {fault.file for fault in problem.value.faults} == {"wrong.tab", "dates.tab", "absent.tab"}
    assert "cannot be read: No such file" in str(problem.value)
    report = import_events("icews", files, tmp_path / "out.parquet", partial=True)
    assert (report.kept, len(report.faults)) == (1, 3)
    assert_accounted(report)


def test_a_file_that_is_likely_misread_is_passed_over_even_in_part(tmp_path: Path) -> None:
    """Day-first dates: those up to the twelfth would be read as month-first, so none of the file is taken."""
    rows = [ICEWS_ROW | {"Event ID": str(d), "Event Date": f"{d}/6/2018"} for d in range(1, 29)]
    _, report = imported(tmp_path, "icews", text_of("icews", rows), partial=True)
    assert (report.read, report.kept, len(report.faults)) == (0, 0, 1)
    assert "16 of 28 rows have no date of the form" in str(report)
    events, _ = imported(tmp_path, "icews", text_of("icews", rows), date_format="%d/%m/%Y")
    assert events["occurred_at"].dt.month().unique().to_list() == [6]


def test_few_refused_rows_do_not_stop_an_import(tmp_path: Path) -> None:
    rows = [ICEWS_ROW | {"Event ID": str(i), "Source Name": f"A{i}"} for i in range(100)]
    rows[7] = rows[7] | {"Event Date": ""}
    _, report = imported(tmp_path, "icews", text_of("icews", rows))
    assert (report.kept, report.refused) == (99, {"date": 1})
    with pytest.raises(EventFileError, match="1 of 100 rows have no date"):
        imported(tmp_path, "icews", text_of("icews", rows), max_refused=0.0)


# --- atomic -------------------------------------------------------------------------------------------------


def test_a_failing_import_leaves_what_was_there(tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    imported(tmp_path, "icews", text_of("icews", [ICEWS_ROW]))
    before = out.read_bytes()
    with pytest.raises(EventFileError):
        imported(tmp_path, "icews", "a\tb\n")
    assert out.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.txt", "out.parquet"]


def test_a_crash_while_writing_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out.parquet"
    imported(tmp_path, "icews", text_of("icews", [ICEWS_ROW]))
    before = out.read_bytes()

    def full_disk(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(DetenteError, match=r"No space left on device. What was there before is unchanged"):
        imported(tmp_path, "icews", text_of("icews", [ICEWS_ROW | {"Event ID": "2"}]))
    assert out.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["events.txt", "out.parquet"]


def test_two_writers_at_once_leave_one_whole_table(tmp_path: Path) -> None:
    """The second starts and ends while the first is reading; the first then puts its own table in place."""
    other = tmp_path / "other.txt"
    other.write_text(text_of("icews", [ICEWS_ROW | {"Event ID": "other"}]))
    original = DATASETS["icews"][0].events
    ran = []

    def events(rows: pl.LazyFrame, request: Any) -> pl.LazyFrame:
        if not ran:
            ran.append(1)
            import_events("icews", [other], tmp_path / "out.parquet")
        return original(rows, request)

    with pytest.MonkeyPatch.context() as patch:
        changed = DATASETS["icews"][0].__class__(**{**DATASETS["icews"][0].__dict__, "events": events})
        patch.setitem(DATASETS, "icews", (changed,))
        table, _ = imported(tmp_path, "icews", text_of("icews", [ICEWS_ROW]))
    assert table["event_id"].to_list() == ["1"]


# --- what is asked wrongly ----------------------------------------------------------------------------------


def test_wrong_requests_are_explained(tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    with pytest.raises(
        TableError, match=r"there is no data set 'phoenix'\. Known: acled, gdelt, icews, polecat, ucdp"
    ):
        import_events("phoenix", ["x"], out)
    with pytest.raises(TableError, match="files: none given"):
        import_events("icews", [], out)
    with pytest.raises(TableError, match=r"there is no actor 'IRNA'. Did you mean 'IRN'\?"):
        import_events("icews", ["x"], out, actors=["IRNA"])
    with pytest.raises(TableError, match="Make the folder first"):
        import_events("icews", ["x"], tmp_path / "nowhere" / "out.parquet")


# --- real rows ----------------------------------------------------------------------------------------------


@real
def test_real_icews_rows(tmp_path: Path) -> None:
    report = import_events("icews", [SAMPLES / "icews_events_2018-06-01_02.tab.gz"], tmp_path / "o.parquet")
    events = pl.read_parquet(tmp_path / "o.parquet")
    assert (report.read, report.kept, report.merged, dict(report.refused)) == (3705, 2734, 971, {})
    assert_accounted(report)
    assert events["n_reports"].sum() == 3705
    assert all(goldstein(code) == value for code, value in events.select("cameo", "goldstein").iter_rows())
    key = ["occurred_at", "actor_name", "recipient_name", "cameo"]
    assert events.select(key).is_unique().all()
    between = events.filter(pl.col("actor") == "USA", pl.col("recipient") == "CHN")
    data = dyad_days(tmp_path / "o.parquet", ["USA", "CHN", "RUS"])
    assert data.of("any")[0, 1].sum() == between.height > 0


@real
def test_real_gdelt_1_rows(tmp_path: Path) -> None:
    file = SAMPLES / "gdelt1_georgia_2012-08.csv.gz"
    report = import_events("gdelt", [file], tmp_path / "o.parquet")
    assert (report.read, dict(report.refused)) == (1255, {})
    assert_accounted(report)
    raw = pl.read_csv(file, infer_schema_length=0)
    joined = pl.read_parquet(tmp_path / "o.parquet").join(raw, left_on="event_id", right_on="GLOBALEVENTID")
    assert joined.height == report.kept
    assert joined.select((pl.col("quadclass") == pl.col("QuadClass").cast(pl.Int8)).all()).item()
    assert joined.select((pl.col("goldstein") == pl.col("GoldsteinScale").cast(float)).all()).item()


@real
def test_real_gdelt_2_rows_re_exported_under_other_names(tmp_path: Path) -> None:
    file = SAMPLES / "gdelt2_2020-11-13.csv.gz"
    with pytest.raises(EventFileError, match="'GLOBALEVENTID'"):
        import_events("gdelt", [file], tmp_path / "o.parquet")
    names = {
        "Global_Event_ID": "GLOBALEVENTID", "Day": "SQLDATE", "Actor_1_Country_Code": "Actor1Code",
        "Actor_1_Name": "Actor1Name", "Actor_1_Known_Group_Code": "Actor1KnownGroupCode",
        "Actor_2_Country_Code": "Actor2Code", "Actor_2_Name": "Actor2Name",
        "Actor_2_Know_Group_Code": "Actor2KnownGroupCode", "Is_Root_Event": "IsRootEvent",
        "Event_Code": "EventCode", "Goldstein_Scale": "GoldsteinScale", "Num_Mentions": "NumMentions",
        "Date_Added": "DATEADDED", "Source_URL": "SOURCEURL",
    }  # fmt: skip
    report = import_events("gdelt", [file], tmp_path / "o.parquet", columns=names)
    assert (report.read, dict(report.refused)) == (2824, {})
    events = pl.read_parquet(tmp_path / "o.parquet")
    assert events["known_at"].null_count() == 0
    assert events["cameo"].str.len_chars().min() == 3


@real
def test_real_ucdp_rows(tmp_path: Path) -> None:
    report = import_events("ucdp", [SAMPLES / "ucdp_ged_sample_1000.csv.gz"], tmp_path / "o.parquet")
    events = pl.read_parquet(tmp_path / "o.parquet")
    assert (report.read, report.kept) == (1000, 1000)
    assert (events["occurred_until"] >= events["occurred_at"]).all()
    raw = pl.read_csv(SAMPLES / "ucdp_ged_sample_1000.csv.gz", infer_schema_length=0)
    assert events["fatalities"].sum() == raw["best"].cast(float).sum()
