import csv
import datetime as dt
import io
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detente.crisisfile.columns import COLUMNS
from detente.crisisfile.tables import MAX_TABLE_FAULTS, Tables, parse_tables, read_tables
from detente.errors import CrisisFileError

SOURCES = (
    "id,title,publisher,date,kind,reliability,note\n"
    "S01,Report,IAEA,2024-11-19,primary document,A,read in full\n"
)
CLAIMS = (
    "id,asserted_by,about,content,source,status,credibility\n"
    "C01,two officials,the envoy,They met for an hour,S01,disputed,3\n"
)
EVENTS = (
    "id,date,precision,actor,recipient,cameo,plover,title,confidence,sources,claims,happening,location\n"
    "E001,2006-08-14,day,ISRMIL;LBNREBHEZ,LBNREBHEZ; ISRMIL,0871,RETREAT,Ceasefire,high,S01,C01,-,LBN\n"
    '\nE002,2024-10-26T03:30,day,ISRMIL,IRNMIL,,,"Strikes,\nin three waves",high,,,'
    "israel_strikes_iran.acknowledged,IRN\n"
)
WHOLE = {"sources.csv": SOURCES, "claims.csv": CLAIMS, "events.csv": EVENTS}


def faults_of(file, text, **others):
    with pytest.raises(CrisisFileError) as caught:
        parse_tables(WHOLE | others | {file: text})
    return caught.value.faults


def only_fault(file, old, new):
    """The one fault of the file itself; references to an id that is gone are faults of other files."""
    assert old in WHOLE[file]
    (fault,) = (fault for fault in faults_of(file, WHOLE[file].replace(old, new, 1)) if fault.file == file)
    assert fault.hint
    return fault


class TestReading:
    TABLES = parse_tables(WHOLE)

    def test_sources(self):
        source = self.TABLES.sources["S01"]
        assert (source.title, source.publisher, source.date, source.reliability) == (
            "Report",
            "IAEA",
            "2024-11-19",
            "A",
        )
        assert source.extra == {"note": "read in full"}

    def test_claims(self):
        claim = self.TABLES.claims["C01"]
        assert (claim.asserted_by, claim.content, claim.about) == (
            "two officials",
            "They met for an hour",
            "the envoy",
        )
        assert (claim.source, claim.status, claim.credibility) == (("S01",), "disputed", "3")

    def test_events(self):
        event = self.TABLES.events["E001"]
        assert (event.date, event.precision) == (dt.datetime(2006, 8, 14), "day")
        assert (event.actor, event.recipient) == (("ISRMIL", "LBNREBHEZ"), ("LBNREBHEZ", "ISRMIL"))
        assert (event.cameo, event.happening, event.line) == ("0871", "-", 2)
        assert (event.sources, event.claims, event.extra) == (("S01",), ("C01",), {"location": "LBN"})

    def test_lines_count_blank_lines_and_lines_within_cells(self):
        assert self.TABLES.events["E002"].line == 4
        more = EVENTS + "E003,2024-10-27,day,A,B,19,,Title,high,,,,\n"
        assert parse_tables(WHOLE | {"events.csv": more}).events["E003"].line == 6

    def test_times_of_day(self):
        assert self.TABLES.events["E002"].date == dt.datetime(2024, 10, 26, 3, 30)

    def test_happening_and_location_may_be_left_out(self):
        rows = [line.rsplit(",", 2)[0] for line in EVENTS.splitlines()[:2]]
        event = parse_tables(WHOLE | {"events.csv": "\n".join(rows)}).events["E001"]
        assert (event.happening, event.extra) == ("", {})

    def test_the_order_of_columns_does_not_matter(self):
        text = "kind,id,reliability,date,publisher,title\nk,S01,B,2024,p,t"
        assert parse_tables({"sources.csv": text}).sources["S01"].title == "t"

    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_spreadsheets_may_add_a_byte_order_mark(self, end, tmp_path):
        (tmp_path / "sources.csv").write_bytes(b"\xef\xbb\xbf" + SOURCES.replace("\n", end).encode())
        assert list(read_tables(tmp_path).sources) == ["S01"]

    def test_absent_tables_are_empty(self, tmp_path):
        assert read_tables(tmp_path) == Tables({}, {}, {})

    @pytest.mark.parametrize("date", ["2024-10-26", "2024-10", "2024", ""])
    def test_dates_of_sources_may_be_coarse(self, date):
        assert parse_tables({"sources.csv": SOURCES.replace("2024-11-19", date)}).sources["S01"].date == date

    @pytest.mark.parametrize("code", ["", "NA", "01", "19", "20", "195", "0871", "1823"])
    def test_cameo_codes(self, code):
        assert parse_tables(WHOLE | {"events.csv": EVENTS.replace("0871", code)}).events["E001"].cameo == code

    @pytest.mark.parametrize("folder", sorted((Path(__file__).parents[1] / "src/detente/catalog").glob("*/")))
    def test_the_catalog(self, folder):
        tables = read_tables(folder)
        for table in (tables.sources, tables.claims, tables.events):
            assert all(name == row.id for name, row in table.items())


class TestCells:
    @pytest.mark.parametrize(
        ("file", "old", "new", "line", "column", "words"),
        [
            ("claims.csv", "C01", "1", 2, "id", "'1' is not an id"),
            ("sources.csv", ",A,", ",G,", 2, "reliability", "'G' is not allowed"),
            ("sources.csv", "2024-11-19", "2024-13", 2, "date", "'2024-13' is not a date"),
            ("sources.csv", "2024-11-19", "19.11.2024", 2, "date", "'19.11.2024' is not a date"),
            ("sources.csv", "Report", "", 2, "title", "the cell is empty"),
            ("claims.csv", "disputed", "doubted", 2, "status", "'doubted' is not allowed"),
            ("claims.csv", ",3\n", ",7\n", 2, "credibility", "'7' is not allowed"),
            ("claims.csv", "two officials", " ", 2, "asserted_by", "the cell is empty"),
            ("claims.csv", "S01", "S02", 2, "source", "there is no 'S02' in sources.csv"),
            ("events.csv", "2006-08-14", "2006-02-30", 2, "date", "'2006-02-30' is not a date"),
            ("events.csv", "2006-08-14", "14/08/2006", 2, "date", "'14/08/2006' is not a date"),
            ("events.csv", "2006-08-14", "", 2, "date", "'' is not a date"),
            ("events.csv", "day", "days", 2, "precision", "'days' is not allowed"),
            ("events.csv", "0871", "871", 2, "cameo", "'871' has lost its leading zero"),
            ("events.csv", "0871", "57", 2, "cameo", "'57' has lost its leading zero"),
            ("events.csv", "0871", "08710", 2, "cameo", "'08710' is not a CAMEO code"),
            ("events.csv", "0871", "ASSAULT", 2, "cameo", "'ASSAULT' is not a CAMEO code"),
            ("events.csv", "0871", "087.1", 2, "cameo", "'087.1' is not a CAMEO code"),
            ("events.csv", "S01", "S01;S99", 2, "sources", "there is no 'S99' in sources.csv"),
            ("events.csv", "C01", "C02", 2, "claims", "there is no 'C02' in claims.csv"),
            ("events.csv", "E002", "E 2", 4, "id", "'E 2' is not an id"),
        ],
    )
    def test_refused(self, file, old, new, line, column, words):
        fault = only_fault(file, old, new)
        assert (fault.line, fault.path) == (line, column)
        assert words in fault.message

    @pytest.mark.parametrize(
        ("file", "old", "new", "words"),
        [
            ("sources.csv", ",A,", ",a,", "Did you mean 'A'? Allowed: A, B, C, D, E, F, or empty."),
            ("claims.csv", "disputed", "dispute", "Did you mean 'disputed'?"),
            ("claims.csv", "S01", "S1", "Did you mean 'S01'?"),
            ("events.csv", "0871", "871", "Write 0871"),
            ("events.csv", "2006-08-14", "14/08/2006", "2024-10-26"),
        ],
    )
    def test_remedies(self, file, old, new, words):
        assert words in only_fault(file, old, new).hint


class TestTable:
    def test_duplicate_id(self):
        (fault,) = faults_of("sources.csv", SOURCES + "S01,Other,,,,,\n")
        assert (fault.line, fault.path) == (3, "id")
        assert "the id 'S01' stands on line 2 of sources.csv already" in fault.message

    def test_ids_are_unique_among_all_tables(self):
        (fault,) = faults_of("events.csv", EVENTS.replace("E001", "S01"))
        assert (fault.file, fault.line) == ("events.csv", 2)
        assert "on line 2 of sources.csv already" in fault.message

    def test_the_word_judgement_is_no_id(self):
        assert "not an id" in only_fault("events.csv", "E001", "judgement").message

    @pytest.mark.parametrize("row", ["S02,Report,IAEA", "S02,Report,IAEA,2024,k,A,note,too,many"])
    def test_wrong_number_of_cells(self, row):
        (fault,) = faults_of("sources.csv", SOURCES + row)
        assert fault.line == 3
        assert f"there are {row.count(',') + 1} cells, but 7 columns" in fault.message

    def test_missing_column(self):
        fault = only_fault("sources.csv", "publisher", "printer")
        assert (fault.line, fault.path) == (1, "publisher")
        assert "the column 'publisher' is missing" in fault.message

    def test_misspelt_column(self):
        assert "Is it the column 'credibilty'?" in only_fault("claims.csv", "credibility", "credibilty").hint

    def test_column_twice(self):
        assert "the column 'kind' stands twice" in only_fault("sources.csv", "note", "kind").message

    def test_semicolons_between_columns(self):
        (fault,) = faults_of("sources.csv", SOURCES.replace(",", ";"))
        assert "separated by semicolons" in fault.message
        assert "commas" in fault.hint

    @pytest.mark.parametrize("text", ["", "\n\n", "\ufeff"])
    def test_empty(self, text):
        (fault,) = faults_of("sources.csv", text)
        assert fault.message == "the table is empty"
        assert "id,title,publisher" in fault.hint

    @pytest.mark.parametrize("bad", ["\x00", "\x1b", "\u2028"])
    def test_control_characters(self, bad):
        (fault,) = faults_of("sources.csv", SOURCES.replace("IAEA", f"IA{bad}EA"))
        assert fault.line == 2
        assert f"U+{ord(bad):04X}" in fault.message

    @pytest.mark.parametrize("row", ['S02,"Report', 'S02,"Rep"ort",,,,,', 'S02,"' + "x" * 200_000 + '",,,,,'])
    def test_not_csv(self, row):
        (fault,) = faults_of("sources.csv", SOURCES + row)
        assert fault.line == 3
        assert "not a CSV record" in fault.message

    def test_not_utf_8(self, tmp_path):
        (tmp_path / "sources.csv").write_bytes(SOURCES.replace("IAEA", "Æ").encode("latin-1"))
        with pytest.raises(CrisisFileError, match="0xc6 is not UTF-8"):
            read_tables(tmp_path)

    def test_too_large(self, tmp_path):
        (tmp_path / "events.csv").write_bytes(b"x" * 10_000_001)
        with pytest.raises(CrisisFileError, match="too large"):
            read_tables(tmp_path)

    def test_a_folder_in_place_of_a_table(self, tmp_path):
        (tmp_path / "events.csv").mkdir()
        with pytest.raises(CrisisFileError, match="no file"):
            read_tables(tmp_path)

    def test_too_many_faults_end_the_reading(self):
        assert len(faults_of("sources.csv", SOURCES + ",,,,,,\n" * 5000)) <= 2 * MAX_TABLE_FAULTS


class TestAllAtOnce:
    def test_faults_of_all_tables(self):
        broken = {
            "sources.csv": SOURCES.replace(",A,", ",G,"),
            "claims.csv": CLAIMS.replace("S01", "S02").replace("disputed", "doubted"),
            "events.csv": EVENTS.replace("0871", "871").replace("2006", "06"),
        }
        with pytest.raises(CrisisFileError) as caught:
            parse_tables(broken)
        found = [(fault.file, fault.path) for fault in caught.value.faults]
        assert found == [
            ("claims.csv", "source"),
            ("claims.csv", "status"),
            ("events.csv", "cameo"),
            ("events.csv", "date"),
            ("sources.csv", "reliability"),
        ]

    def test_a_table_that_cannot_be_read_makes_no_noise_elsewhere(self, tmp_path):
        for file, text in WHOLE.items():
            (tmp_path / file).write_text(text, encoding="utf-8")
        (tmp_path / "sources.csv").write_bytes(b"\xff")
        with pytest.raises(CrisisFileError) as caught:
            read_tables(tmp_path)
        assert [fault.file for fault in caught.value.faults] == ["sources.csv"]
        assert len(faults_of("sources.csv", "id;title")) == 1
        assert len(faults_of("sources.csv", SOURCES.replace("\nS01", '\n"S01'))) == 1

    def test_a_faulty_row_can_still_be_referred_to(self):
        assert len(faults_of("sources.csv", SOURCES.replace(",A,", ",G,"))) == 1


cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=12).map(
    str.strip
)


class TestProperties:
    @given(st.lists(st.tuples(cells.filter(bool), cells, cells), max_size=6))
    def test_what_is_written_is_read_back(self, rows):
        rows = [row for row in rows if not any(set("\ufeff\ufffe\uffff") & set(cell) for cell in row)]
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow([*COLUMNS["sources.csv"], "note"])
        for number, (title, publisher, note) in enumerate(rows):
            writer.writerow([f"S{number}", title, publisher, "", "", "", note])
        read = parse_tables({"sources.csv": out.getvalue()}).sources.values()
        assert [(source.title, source.publisher, source.extra["note"]) for source in read] == rows

    @settings(max_examples=300, deadline=2000)
    @given(
        st.sampled_from(sorted(COLUMNS)),
        st.booleans(),
        st.text(max_size=100)
        | st.lists(
            st.sampled_from(["S01", ",", '"', "\n", ";", "2024-11-30", "day", "E", "'", "\r", "\x00"]),
            max_size=40,
        ).map("".join),
    )
    def test_any_text_is_read_or_refused(self, file, with_header, text):
        header = ",".join(COLUMNS[file]) + "\n" if with_header else ""
        faults = ()
        try:
            parse_tables({file: header + text})
        except CrisisFileError as problem:
            faults = problem.faults
        assert all(fault.message and fault.hint and fault.line >= 1 for fault in faults)

    def test_ten_thousand_events_are_read_quickly(self):
        head, row = EVENTS.splitlines()[:2]
        text = "\n".join([head, *(row.replace("E001", f"E{number}") for number in range(10_000))])
        start = time.perf_counter()
        assert len(parse_tables(WHOLE | {"events.csv": text}).events) == 10_000
        assert time.perf_counter() - start < 5.0
